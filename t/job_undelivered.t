# A worker that closes its connection before its answer was written.  Guards
# against jobs that are lost on the way: nobody will report on them, and their
# clients would wait until the inactivity timeout.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $srv = start_nginx(zone => '64m');
my $client = $srv->client;
my $big = 'x' x (8 << 20);

closed();
parked_and_closed();
batch();
read_slowly();
done_testing();


# The jobs of an answer, long runs of x in it as their number: to decode them
# takes longer than all else
sub jobs_in {
    my ($answer) = @_;
    (my $body = $answer->body) =~ s/(x{1000,})/length $1/ge;
    return @{Mojo::JSON::decode_json($body)->{job_data}};
}


sub state_of { return $client->progress($_[0])->json->{job_state} }

sub position {
    return $client->progress($_[0])->json->{progress}{queue_position};
}


sub worker_state {
    my ($name) = @_;
    my ($row) = grep { $_->{name} eq $name }
        @{$srv->get('/api/endpoints/echo')->json->{workers}};
    return $row->{state};
}


sub closed {
    my $id = $client->job({prompt => $big});
    my $next = $client->job({prompt => 'next'});
    my $worker = $srv->worker(name => 'c1')->login;
    my $conn = $srv->conn(rcvbuf => 4096);
    $worker->{conn} = $conn;
    $worker->park;
    ok(wait_until(sub { state_of($id) eq 'processing' }), 'it has the job');
    is(position($next), 1, 'the other one is the next');
    $conn->close;
    ok(wait_until(sub { state_of($id) eq 'queued' }), 'back in the queue');
    is(position($id), 1, 'in front');
    is(position($next), 2, 'of the other one');
    ok(wait_until(sub { worker_state('c1') eq 'offline' }),
        'the worker is offline');

    my $second = $srv->worker(name => 'c2')->login;
    my ($job) = jobs_in($second->request_job);
    is($job->{job_id}, $id, 'another worker gets it');
    is($job->{prompt}, length $big, 'whole');
    is($second->result($id, {text => 'done'})->json->{cmd}, 'ok', 'its result');
    is($client->poll_until($id, 'done')->{job_result}{text}, 'done', 'counts');

    delete $worker->{conn};
    is($worker->result($id, {text => 'x'})->json->{cmd}, 'warning',
        'the first one never had it');
    ($job) = $second->jobs;
    is($job->{job_id}, $next, 'then the next');
    $second->result($next, {text => 'x'});
    return;
}


# The same from a parked poll, to another one that is parked
sub parked_and_closed {
    my @workers = map { $srv->worker(name => "p$_")->login } 1, 2;
    my @conns = ($srv->conn(rcvbuf => 4096), $srv->conn);
    for my $i (0, 1) {
        $workers[$i]{conn} = $conns[$i];
        $workers[$i]->park;
        wait_until(sub {
            grep { $_->{name} eq $workers[$i]{name} && $_->{free_slots} }
                @{$srv->get('/api/endpoints/echo')->json->{workers}}
        }) or die "it does not wait\n";
    }
    my $waiting = $client->park({prompt => $big});
    ok(wait_until(sub { worker_state('p1') eq 'processing' }),
        'a parked worker has the job');
    $conns[0]->close;
    my $answer = $conns[1]->read_response(20);
    ok($answer, 'the other one gets it without asking again') or return;
    my ($job) = jobs_in($answer);
    delete $workers[1]{conn};
    $workers[1]->result($job->{job_id}, {text => 'second'});
    is($waiting->read_response->json->{text}, 'second',
        'and the client its result');
    return;
}


# All of them, in their order; but not what was canceled meanwhile
sub batch {
    my @ids = map { $client->job({prompt => "$_$big"}) } 1 .. 3;
    push @ids, $client->job({prompt => 'last'});
    my $worker = $srv->worker(name => 'b1', batch => 3)->login;
    my $conn = $srv->conn(rcvbuf => 4096);
    $worker->{conn} = $conn;
    $worker->park;
    ok(wait_until(sub { state_of($ids[2]) eq 'processing' }), 'three jobs');
    $client->cancel($ids[1]);
    $conn->close;
    ok(wait_until(sub { state_of($ids[0]) eq 'queued' }), 'are back');
    is(state_of($ids[1]), 'canceled', 'but for one that was canceled');
    is_deeply([map { position($_) } @ids], [1, 0, 2, 3], 'in their order');

    my $second = $srv->worker(name => 'b2', batch => 9)->login;
    my @jobs = jobs_in($second->request_job);
    is_deeply([map { $_->{job_id} } @jobs], [@ids[0, 2, 3]], 'for another');
    $second->result($_->{job_id}, {text => 'x'}) for @jobs;
    return;
}


# Who takes its time, but reads on, has the job
sub read_slowly {
    my $id = $client->job({prompt => $big});
    my $worker = $srv->worker(name => 'slow')->login;
    my $conn = $srv->conn(rcvbuf => 4096);
    $worker->{conn} = $conn;
    $worker->park;
    ok(wait_until(sub { state_of($id) eq 'processing' }), 'it has the job');
    my $answer = $conn->read_response(60);
    my ($job) = jobs_in($answer);
    is($job->{prompt}, length $big, 'all of it');
    $conn->close;
    delete $worker->{conn};
    is($worker->progress($id, 1)->json->[0]{cmd}, 'ok', 'it is its own');
    is(state_of($id), 'processing', 'and stays so after a hang-up');
    is($worker->result($id, {text => 'x'})->json->{cmd}, 'ok', 'to the end');
    return;
}
