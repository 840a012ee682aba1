# What a polling client is told of its place and of the time to go.  Guards
# against a mean that starts from zero (the first jobs would all be done in no
# time), and against times below zero.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(time);
use AimeTest;

my $srv = start_nginx();
my $client = $srv->client;
my $worker = $srv->worker(name => 'W', batch => 1)->login;

unknown();
my $mean = seeded();
queued();
none_online();
done_testing();


sub progress_of { return $client->progress($_[0])->json->{progress} }


sub unknown {
    my $id = $client->job({prompt => 'x'});
    my $progress = progress_of($id);
    is($progress->{estimate}, -1, 'unknown before any job is done');
    is($progress->{num_workers_online}, 1, 'though a worker is there');
    is($progress->{queue_position}, 1, 'the next one');
    is($progress->{progress}, 0, 'no progress');
    is_deeply($progress->{progress_data}, {}, 'no data');
    is($progress->{job_id}, $id, 'job_id');
    $worker->jobs;
    $progress = progress_of($id);
    is($progress->{estimate}, -1, 'unknown while the first one runs');
    is($progress->{queue_position}, 0, 'which is in no queue');

    # something to measure: until the server's clock has seen half a second
    my $start = time;
    wait_until(sub { progress_of($id); time - $start > 0.5 });
    $worker->result($id, {text => 'x'});
    return;
}


# The first job's time is the mean, and a quick one moves it by a twentieth
sub seeded {
    my $id = $client->job({prompt => 'x'});
    $worker->jobs;
    my $first = progress_of($id)->{estimate};
    ok($first > 0.3, 'the first job is the mean') or diag $first;
    my $next;
    ok(wait_until(sub { ($next = progress_of($id)->{estimate}) < $first }),
        'less and less');
    ok($next >= 0, 'but not below zero');
    ok(wait_until(sub { progress_of($id)->{estimate} == 0 }),
        'zero when it takes longer than that');
    cmp_ok(progress_of($id)->{estimate}, '==', 0, 'and stays there');

    $client->cancel($id);
    $worker->result($id, {text => 'x'});
    $id = $client->job({prompt => 'x'});
    $worker->jobs;
    ok(progress_of($id)->{estimate} > $first - 0.1,
        'a canceled job does not count');
    my $result = $worker->result($id, {text => 'quick'});
    $id = $client->job({prompt => 'x'});
    $worker->jobs;
    my $mean = progress_of($id)->{estimate};
    ok($mean > 0.8 * $first, 'a quick job moves the mean little') or diag $mean;
    $worker->result($id, {text => 'x'});
    return $mean;
}


sub queued {
    my @ids = map { $client->job({prompt => "p$_"}) } 1 .. 5;
    my @estimates = map { progress_of($_)->{estimate} } @ids;
    my @sorted = sort { $a <=> $b } @estimates;
    is_deeply(\@estimates, \@sorted, 'the later, the longer');
    ok($estimates[0] > 0.5 * $mean, 'the next one: two means at most');
    ok($estimates[4] > 2 * $mean, 'the fifth: some more');

    my $second = $srv->worker(name => 'second')->login;
    my $progress = progress_of($ids[4]);
    is($progress->{num_workers_online}, 2, 'another worker comes');
    ok($progress->{estimate} < 0.7 * $estimates[4], 'and halves the time');

    $client->cancel($ids[1]);
    is(progress_of($ids[4])->{queue_position}, 4, 'one less in front');
    my ($job) = $second->jobs;
    is(progress_of($ids[4])->{queue_position}, 3, 'and another');
    is($client->progress($ids[1])->json->{progress}{queue_position}, 0,
        'a canceled job is in no queue');
    $client->cancel($_) for @ids;
    return;
}


sub none_online {
    my $other = $srv->worker(name => $_) for qw(W second);
    for my $name (qw(W second)) {
        my $poll = $srv->worker(name => $name)->park;
        wait_until(sub {
            grep { $_->{name} eq $name && $_->{free_slots} }
                @{$srv->get('/api/endpoints/echo')->json->{workers}}
        });
        $poll->close;
    }
    my $id = $client->job({prompt => 'x'});
    ok(wait_until(sub { progress_of($id)->{num_workers_online} == 0 }),
        'the workers hang up');
    is(progress_of($id)->{estimate}, -1, 'unknown without a worker');
    return;
}
