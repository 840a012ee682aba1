# Gauges of what waits and runs go up with it, and back to 0 when it vanishes:
# clients, streams and workers that hang up, and a process that is killed with
# all of them in it.  Guards against gauges that are counted up and down and
# drift.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(time);
use AimeTest;
use AimeMetrics;

my $srv = start_nginx(min_procs => 2, master => 1, server => $STATUS);

my %NAMES = (sse => ['streams_open', kind => 'sse'],
    longpoll => ['streams_open', kind => 'longpoll'],
    sync => ['streams_open', kind => 'sync'],
    waiting => ['workers', job_type => 'echo', state => 'waiting'],
    offline => ['workers', job_type => 'echo', state => 'offline'],
    slots => ['worker_slots_free', job_type => 'echo'],
    queued => ['queue_jobs', job_type => 'echo', priority => 1],
    running => ['jobs_running', job_type => 'echo'],
    oldest => ['queue_oldest_job_age_seconds', job_type => 'echo']);

hang_up();
killed();
oldest();
done_testing();


sub gauge { return metric($srv, @{$NAMES{$_[0]}}) }


sub become {
    my (%want) = @_;
    my @names = sort keys %want;
    my %is;
    ok(wait_until(sub {
        %is = map { ($_ => gauge($_)) } @names;
        return !grep { $is{$_} != $want{$_} } @names;
    }), join ', ', map { "$_ $want{$_}" } @names) or diag(explain(\%is));
    return;
}


# Waits, streams and polls, on connections of their own to that process
sub crowd_of {
    my ($pid) = @_;
    my $key = $srv->client->{key};
    my @conns = map { $srv->conn_to_pid($pid) } 1 .. 8;
    my $client = $srv->client;
    my $id = $client->job({prompt => 'watched'});
    $srv->client(conn => $conns[$_])->park({prompt => 'x'}) for 0 .. 2;
    $conns[$_]->send_request(GET => "/stream_progress?job_id=$id&key=$key")
        for 3, 4;
    return ($client, $id, @conns);
}


sub hang_up {
    my ($pid) = $srv->procs;
    become(sse => 0, longpoll => 0, sync => 0, waiting => 0, queued => 0);
    my ($client, $id, @conns) = crowd_of($pid);
    become(sse => 2, longpoll => 0, sync => 3, queued => 4);
    $_->close for @conns;
    become(sse => 0, sync => 0, queued => 1);
    $client->cancel($id);
    become(queued => 0, running => 0);

    my @workers = map { $srv->worker(batch => 4)->login } 1 .. 3;
    become(waiting => 3, longpoll => 0, slots => 0);
    my @polls = map { $_->{conn} = $srv->conn; $_->park } @workers;
    become(longpoll => 3, slots => 12);
    $_->close for @polls;
    become(longpoll => 0, slots => 0, waiting => 0, offline => 3);
    return;
}


sub killed {
    my ($dead, $alive) = $srv->procs;
    my $worker = $srv->worker(batch => 2)->login;
    my ($client, $id, @conns) = crowd_of($dead);
    become(sse => 2, sync => 3, queued => 4);
    my ($job) = $worker->jobs;
    become(running => 2, sse => 2, sync => 3, queued => 2);
    ok($srv->kill_proc($dead), 'killed');
    become(sse => 0, sync => 0, longpoll => 0);
    $client->cancel($id);
    become(queued => 0, running => 0);
    my $all = scrape($srv);
    my $ended = 0;
    $ended += $all->{"aime_jobs_finished_total{endpoint=\"echo\",$_}"}
        for map { "outcome=\"$_\"" }
        qw(success error cancelled expired timeout worker_lost);
    is($all->{'aime_jobs_submitted_total{endpoint="echo"}'}, $ended,
        'all that came has ended, and was counted');
    return;
}


# The age of the longest waiting, which is not the next to be taken
sub oldest {
    my $client = $srv->client;
    cmp_ok(gauge('oldest'), '==', 0, 'nothing waits');
    my $first = $client->job({prompt => 'x'});
    my $age;
    ok(wait_until(sub { ($age = gauge('oldest')) > 0.5 }), 'one waits');
    my $before = time;
    my $second = $client->job({prompt => 'x'});
    cmp_ok(gauge('oldest'), '>=', $age, 'a second one makes nobody younger');
    $client->cancel($first);
    $age = gauge('oldest');
    cmp_ok($age, '<=', time - $before + 0.01, 'the first one leaves');
    $client->cancel($second);
    cmp_ok(gauge('oldest'), '==', 0, 'nothing waits');
    return;
}
