# A worker that asks for its next job and never said a word of the one before,
# as after an answer that got lost behind the socket, or a crash of its own.
# Guards against a job that is given out twice, to a worker that may be at work
# on it, and against one that runs for ever, since its worker is well.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

# long enough for reports to come in time
my $some = 'job_inactivity_timeout = ' . patience(3);
my $srv = start_nginx(endpoints => {echo => {}, some => {endpoint => $some},
    brief => {endpoint => 'job_inactivity_timeout = 1'}});

not_again();
more_than_its_batch();
lapses();
lapses_under_a_poll();
again_logged_in();
done_testing();


sub worker {
    my ($type, $name) = @_;
    return $srv->worker(job_type => $type, name => $name)->login;
}

sub state_of {
    my ($type, $name) = @_;
    my ($row) = grep { $_->{name} eq $name }
        @{$srv->get("/api/$type")->json->{workers}};
    return $row->{state};
}

sub first_id { return ($_[0]->jobs)[0]{job_id} }


# It gets the next one, and nobody gets the silent one
sub not_again {
    my $client = $srv->client;
    my $worker = worker('echo', 'W');
    my $other = worker('echo', 'V');
    my @ids = map { $client->job({prompt => $_}) } qw(silent next more);
    is(first_id($worker), $ids[0], 'a job');
    is(first_id($worker), $ids[1], 'asked again: the next one');
    is(first_id($other), $ids[2], 'as another worker has');
    is($client->progress($_)->json->{job_state}, 'processing', 'all run')
        for @ids;
    is(state_of(echo => 'W'), 'processing', 'and so does the worker');
    is($worker->progress($ids[0], 5)->json->[0]{cmd}, 'ok',
        'its word of the first one still counts');
    is($client->progress($ids[0])->json->{progress}{progress}, 5, 'is seen');
    is($worker->result($_, {text => 't'})->json->{cmd}, 'ok',
        'and so do its results') for @ids[1, 0];
    $other->result($ids[2], {text => 't'});
    return;
}


# How many it has at once is its own matter: max_job_batch bounds each answer
sub more_than_its_batch {
    my $client = $srv->client;
    my $worker = worker('echo', 'B');
    my @ids = map { $client->job({prompt => 'p'}) } 1 .. 4;
    is_deeply([map { first_id($worker) } @ids], \@ids, 'four one by one');
    is($worker->result($_, {text => "of $_"})->json->{cmd}, 'ok', 'done')
        for reverse @ids;
    is($client->progress($_)->json->{job_result}{text}, "of $_", 'its own')
        for @ids;
    return;
}


# It reports on the other one all the while: that goes on, the silent one ends
sub lapses {
    my $client = $srv->client(endpoint => 'some');
    my $worker = worker('some', 'L');
    my @ids = map { $client->job({prompt => 'p'}) } 1, 2;
    first_id($worker) for @ids;
    ok(wait_until(sub {
        $worker->progress($ids[1], 1);
        return $client->progress($ids[0])->json->{job_state} ne 'processing';
    }), 'a job of which its worker says nothing ends');
    my $json = $client->progress($ids[0])->json;
    is($json->{job_state}, 'lapsed', 'it lapses');
    like($json->{error}[1], qr/^Its worker reported nothing of it/, 'why');
    is($client->progress($ids[1])->json->{job_state}, 'processing',
        'the other one goes on');
    is($worker->progress($ids[0], 2)->json->[0]{canceled},
        Mojo::JSON::true(), 'a late report: stop');
    is($worker->result($ids[0], {text => 't'})->json->{cmd}, 'warning',
        'a late result is of no use');
    is($worker->result($ids[1], {text => 't'})->json->{cmd}, 'ok', 'the other');
    is(state_of(some => 'L'), 'waiting', 'the worker has none');
    return;
}


# A worker that waits for a job is alive
sub lapses_under_a_poll {
    my $worker = worker('brief', 'P');
    my @polls = $worker->parked(2);
    my $waiting = $srv->client(endpoint => 'brief')->park({prompt => 'p'});
    my (undef, $poll) = AimeParty::Worker::job_of_polls(@polls);
    my $answer = $waiting->read_response;
    is($answer->status, 504, 'the client is told that it lapsed');
    ok(!$poll->readable, 'the worker waits on');
    my $id = $srv->client(endpoint => 'brief')->job({prompt => 'p'});
    my ($job) = AimeParty::Worker::jobs_of($poll->read_response);
    is($job->{job_id}, $id, 'and gets the next one');
    $worker->result($id, {text => 't'});
    return;
}


# Nor does a new login give the job back: it may be that of a second thread
sub again_logged_in {
    my $client = $srv->client;
    my $worker = worker('echo', 'A');
    my $id = $client->job({prompt => 'p'});
    first_id($worker);
    $worker->login;
    is($client->progress($id)->json->{job_state}, 'processing',
        'a new login changes nothing');
    is($worker->result($id, {text => 't'})->json->{cmd}, 'ok', 'its result');
    return;
}
