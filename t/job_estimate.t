# What a polling client is told of its place and of the time to go.  Guards
# against a mean that starts from zero (the first jobs would all be done in no
# time), and against times below zero.

use strict;
use warnings;

use lib 't/lib';
use List::Util qw(max);
use Test::More;
use Time::HiRes qw(time);
use AimeTest;

my $srv = start_nginx();
my $client = $srv->client;
my $worker = $srv->worker(name => 'W', batch => 1)->login;

my $mean = unknown();
seeded();
queued();
none_online();
done_testing();


sub progress_of { return $client->progress($_[0])->json->{progress} }

sub computed {
    my ($id) = @_;
    return $client->progress($id)->json->{job_result}{compute_duration};
}

# A job that the worker has, and times between which it took it
sub taken {
    my $id = $client->job({prompt => 'x'});
    my $before = time;
    $worker->jobs;
    return ($id, $before, time);
}

# Gives the estimate if it is what is left of so much time, which began to run
# between two moments, and nothing if it is not
sub left {
    my ($whole, $id, $before, $after) = @_;
    my $asked = time;
    my $estimate = progress_of($id)->{estimate};
    my $least = max(0, $whole - (time - $before)) - 0.01;
    my $most = max(0, $whole - ($asked - $after)) + 0.01;
    return $estimate if $least <= $estimate && $estimate <= $most;
    diag "$estimate is not from $least to $most";
    return;
}


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
    return computed($id);
}


# The first job's time is the mean, and a quick one moves it by a twentieth
sub seeded {
    my @long = taken();
    my ($estimate, $wrong);
    ok(wait_until(sub {
        $estimate = left($mean, @long);
        return ($wrong = !defined $estimate) || $estimate == 0;
    }, $mean + 10), 'comes to an end');
    ok(!$wrong, 'the first job is the mean, and of that less and less');
    cmp_ok(progress_of($long[0])->{estimate}, '==', 0, 'zero, and stays there');

    my @quick = taken();
    for ($long[0], $quick[0]) {
        $client->cancel($_);
        $worker->result($_, {text => 'x'});
    }
    @quick = taken();
    ok(defined left($mean, @quick), 'a canceled job does not count');
    for my $what ('a quick job moves the mean little', 'and so does another') {
        $worker->result($quick[0], {text => 'quick'});
        $mean += (computed($quick[0]) - $mean) / 20;
        @quick = taken();
        ok(defined left($mean, @quick), $what);
    }
    $client->cancel($quick[0]);
    $worker->result($quick[0], {text => 'x'});
    return;
}


sub queued {
    my $before = time;
    my @ids = map { $client->job({prompt => "p$_"}) } 1 .. 5;
    my @between = ($before, time);
    for my $place (1 .. 5) {
        ok(defined left($mean * ($place + 1), $ids[$place - 1], @between),
            "the later, the longer: place $place");
    }

    my $second = $srv->worker(name => 'second')->login;
    is(progress_of($ids[4])->{num_workers_online}, 2, 'another worker comes');
    ok(defined left($mean * 6 / 2, $ids[4], @between), 'and halves the time');

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
