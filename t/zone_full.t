# The zone is full: new jobs are refused with 503, those that are there go on,
# and what gives way are results that were fetched, oldest first and no more of
# them than needed, never others.  Guards against a full zone that stays full,
# that takes results from under those who did not fetch them yet, or that stops
# the very workers who would make room.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $BIG = 100_000;

# jobs of brief are forgotten soon after their end
my $srv = start_nginx(zone => '2m', allow => [qr/aime_api_zone/],
    endpoints => {echo => {},
        brief => {endpoint => 'result_lifetime = ' . patience(3)}},
    server => 'location = /zone { return 200 $aime_zone_used; }');
my $conn = $srv->conn;
my $client = $srv->client(conn => $conn);
my $brief = $srv->client(conn => $conn, endpoint => 'brief');
my $helper = $srv->worker(conn => $conn)->login;
my $worker = $srv->worker(conn => $conn, job_type => 'brief')->login;
my $used = used();

refused();
running_jobs_go_on();
fetched_give_way();
canceled_give_way();
never_fits();
done_testing();


sub refused {
    my @ids = fill($BIG);
    cmp_ok(@ids, '>', 5, 'some jobs fit');
    my $answer = submit($BIG);
    is($answer->status, 503, 'one more does not');
    like($answer->header('Retry-After'), qr/^[1-9]\d*$/, 'Retry-After');
    like($answer->json->{error}[0], qr/no memory left/, 'a message');
    is($brief->submit({prompt => 'x' x $BIG})->status, 503,
        'nor one whose client waits');
    is($brief->progress($ids[-1])->json->{progress}{queue_position},
        scalar @ids, 'the others are there');
    return;
}


# Filled to the last byte with jobs that nobody has taken
sub running_jobs_go_on {
    my @jobs = map { $worker->jobs } 1 .. 2;
    fill($_) for $BIG, 30_000, 10_000, 1000, 1;
    for my $job (@jobs) {
        is($worker->progress($job->{job_id}, 50, {text => 'half'})
            ->json->[0]{cmd}, 'ok', 'a worker may report');
        my $answer = $srv->conn->request(POST => '/worker_job_result',
            $worker->report($job->{job_id}, text => 'y' x 5000));
        is($answer && $answer->json->{cmd}, 'ok', 'and post its result')
            or diag($answer ? $answer->body : 'no answer');
        my $json = $brief->progress($job->{job_id})->json;
        is(length($json->{job_result}{text} // ''), 5000, 'which is fetched');
    }
    drain();
    ok(came_back(), 'memory comes back when they are done');
    return;
}


# Results of echo, which stay, and jobs of brief, which need room
sub fetched_give_way {
    my @ids = map { done('f' x $BIG) } 0 .. 7;
    my @fetched = @ids[4, 2, 5, 1, 6, 3];
    $client->poll_until($_, 'done') for @fetched;
    my @left = @fetched;
    my ($in_order, $at_once) = (1, 0);
    while (my ($id) = fill($BIG, 1)) {
        my @now = grep { is_there($_) } @fetched;
        $in_order &&= "@now" eq "@fetched[@fetched - @now .. $#fetched]";
        $at_once = @left - @now if @left - @now > $at_once;
        @left = @now;
    }
    is(@left, 0, 'fetched results give way to new jobs');
    ok($in_order, 'the one that was fetched first goes first');
    cmp_ok($at_once, '<=', 3, 'and no more of them than are in the way');
    my @others = grep { my $id = $_; !grep { $_ eq $id } @fetched } @ids;
    is_deeply([grep { is_there($_) } @others], \@others,
        'results that nobody has fetched stay');
    return;
}


# One client after the other that thinks better of it: these are in no queue
# and no limit, but stay known
sub canceled_give_way {
    drain();
    my $known = done('f');
    my @ids;
    for (1 .. 4000) {
        my $answer = submit_to($client, 1);
        last if $answer->status != 200;
        push @ids, $answer->json->{job_id};
        $client->cancel($ids[-1]);
    }
    is(@ids, 4000, 'canceled jobs give way to new ones');
    is($client->progress($ids[-1])->json->{job_state}, 'canceled',
        'the last ones are known');
    is($client->progress($ids[0])->status, 404, 'the first ones are not');
    is($client->progress($known)->json->{job_state}, 'done',
        'a result that nobody has fetched stays');
    return;
}


sub never_fits {
    drain();
    my $id = $client->job({prompt => 'x'});
    my ($job) = $helper->jobs;
    my $answer = $helper->result($id, {text => 'y' x 2_000_000});
    is($answer->status, 200, 'a result that can never fit is answered 200');
    $answer = $client->progress($id);
    is($answer->json->{job_state}, 'lapsed', 'its job lapses');
    like("@{$answer->json->{error}}", qr/lapsed! .*memory for its result/,
        'with the reason');
    return;
}


sub drain {
    while (queued()) {
        my ($job) = $worker->jobs;
        $worker->result($job->{job_id}, {});
    }
    return;
}


# Submits jobs until there is no room, or so many; their ids
sub fill {
    my ($size, $count) = @_;
    my @ids;
    while (!$count || @ids < $count) {
        my $answer = submit($size);
        last if $answer->status == 503;
        push @ids, $answer->json->{job_id} // die $answer->body;
    }
    return @ids;
}


sub submit { return submit_to($brief, @_) }

sub submit_to {
    my ($whose, $size) = @_;
    return $whose->submit({prompt => 'x' x $size}, wait_for_result => \0);
}


# A job of echo with that result
sub done {
    my ($text) = @_;
    my $id = $client->job({prompt => 'x'});
    my ($job) = $helper->jobs;
    $helper->result($id, {text => $text});
    return $id;
}


sub is_there {
    my $json = $client->progress($_[0])->json;
    return ($json->{job_state} // '') eq 'done'
        && $json->{job_result}{text} eq 'f' x $BIG;
}


sub queued {
    my $details = $srv->get('/api/endpoints/brief')->json;
    return $details->{max_queue_length} - $details->{free_queue_slots};
}


sub came_back { return wait_until(sub { used() <= $used }) }

sub used { return $srv->get('/zone')->body }
