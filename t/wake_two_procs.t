# A job that was submitted in one process reaches a poll parked in another, and
# a result posted in one process a client that waits in another.  Guards against
# wake-ups that only reach requests of the same process (which a test with a
# random connection passes half of the time), and against ones that get lost
# when they come close together.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $ROUNDS = on_asan() ? 20 : 100;

my $srv = start_nginx(min_procs => 2, master => 1);
my @procs = $srv->procs;
my %conn = map { $_ => {
    poll => $srv->conn_to_pid($_), client => $srv->conn_to_pid($_),
    report => $srv->conn_to_pid($_)
} } @procs;

for my $gen (qw(A B)) {
    for my $i (0, 1) {
        one_job($gen, @procs[$i, 1 - $i]);
        many_jobs($gen, @procs[$i, 1 - $i]);
    }
}
longest_waiting_first();
done_testing();


# Everything of the worker is in one process, all of the client in another
sub one_job {
    my ($gen, $here, $there) = @_;
    my $worker = worker_in($there, $gen);
    my $poll = $worker->park;
    waiting_polls(1);
    my $client = $srv->client(conn => $conn{$here}{client});
    my $waiting = $client->park({prompt => "of $gen"});

    my $answer = $poll->read_response or return fail("$gen: no job came");
    is($answer->pid, $there, "$gen: the poll was parked in another process");
    my ($job) = AimeParty::Worker::jobs_of($answer);
    is($job->{prompt}, "of $gen", "$gen: and got the job");
    ok(!$waiting->readable, "$gen: its client waits");

    $worker->progress($job->{job_id}, 50, {text => 'half'});
    ok(!$waiting->readable, "$gen: also after a progress report");

    $worker->{conn} = $conn{$there}{report};
    is($worker->result($job->{job_id}, {text => 'done'})->pid, $there,
        "$gen: the result is posted in the worker's process");
    $answer = $waiting->read_response or return fail("$gen: no result came");
    is($answer->pid, $here, "$gen: the client waited in the other one");
    is($answer->json->{text}, 'done', "$gen: and got the result");
    is($answer->json->{job_id}, $job->{job_id}, "$gen: of its job");
    return;
}


# One after another without a pause, parked anew for each
sub many_jobs {
    my ($gen, $here, $there) = @_;
    my $worker = worker_in($there, $gen);
    my $client = $srv->client(conn => $conn{$here}{client});
    my $good = 0;
    for my $round (1 .. $ROUNDS) {
        my $poll = $worker->park;
        my $waiting = $client->park({prompt => "round $round"});
        my $answer = $poll->read_response or last;
        my ($job) = AimeParty::Worker::jobs_of($answer);
        $worker->result($job->{job_id}, {text => "of $job->{prompt}"});
        $answer = $waiting->read_response or last;
        $good++ if $answer->json->{text} eq "of round $round";
    }
    is($good, $ROUNDS, "$gen: $ROUNDS jobs, one after another");
    return;
}


# Polls of one type in turn, in whatever process they are
sub longest_waiting_first {
    my (@polls, @order);
    for my $i (0 .. 9) {
        my $worker = $srv->worker(gen => 'A', name => "turn-$i",
            conn => $srv->conn_to_pid($procs[$i % 3 % @procs]));
        push @polls, $worker->park;
        waiting_polls($i + 1);
    }
    my $client = $srv->client(conn => $conn{$procs[1]}{client});
    for my $i (0 .. 9) {
        $client->job({prompt => "number $i"});
        my $answer = $polls[$i]->read_response;
        my ($job) = $answer ? AimeParty::Worker::jobs_of($answer) : ();
        push @order, $job ? $job->{prompt} : 'none';
    }
    is_deeply(\@order, [map { "number $_" } 0 .. 9],
        'the poll that waits longest gets the next job');
    return;
}


sub worker_in {
    my ($pid, $gen) = @_;
    return $srv->worker(gen => $gen, name => "worker-$gen-$pid",
        conn => $conn{$pid}{poll})->login;
}


# A worker that parked its poll offers a free slot
sub waiting_polls {
    my ($count) = @_;
    my $polls;
    wait_until(sub {
        my $workers = $srv->get('/api/endpoints/echo')->json->{workers};
        $polls = grep { $_->{free_slots} } @$workers;
        return $polls == $count;
    }) or die "$polls polls are parked, not $count\n";
    return;
}
