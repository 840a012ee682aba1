# When a worker counts as offline.  Guards against clients that are told of
# GPUs which went away long ago, and against a worker that is taken for lost
# while it computes: libraries send nothing then.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $srv = start_nginx(endpoints => {
    echo  => {},
    quick => { worker => 'request_timeout = 1' },
});

hang_up();
silence();
holding();
done_testing();


sub details {
    my ($endpoint) = @_;
    return $srv->get("/api/endpoints/$endpoint")->json;
}


sub state_of {
    my ($endpoint, $name) = @_;
    my ($row) = grep { $_->{name} eq $name } @{details($endpoint)->{workers}};
    return $row ? $row->{state} : 'unknown';
}


sub hang_ups { return scalar(() = $srv->log =~ /prematurely closed/g) }


sub hang_up {
    my $client = $srv->client;
    my $id = $client->job({prompt => 'seed'});
    my @workers = map { $srv->worker(name => "h$_",
        gen => $_ % 2 ? 'A' : 'B') } 0, 1;
    my ($job) = $workers[0]->login->jobs;
    $workers[0]->result($id, {text => 'x'});

    my @polls = map { $_->parked } @workers;
    is(details('echo')->{num_active_workers}, 2, 'both online');
    is(state_of('echo', $_), 'waiting', "$_ waits") for qw(h0 h1);

    # the default request_timeout is a minute, so this is not by silence
    for my $i (0, 1) {
        $polls[$i]->close;
        ok(wait_until(sub { state_of('echo', "h$i") eq 'offline' }),
            "h$i is offline after its hang-up");
        is(details('echo')->{num_active_workers}, 1 - $i, 'one less');
    }
    is(details('echo')->{num_workers}, 2, 'they stay listed');

    $id = $client->job({prompt => 'x'});
    my $progress = $client->progress($id)->json->{progress};
    is($progress->{num_workers_online}, 0, 'the client is told');
    is($progress->{estimate}, -1, 'no estimate without a worker');

    ($job) = $workers[1]->jobs;
    is($job->{job_id}, $id, 'a worker that comes back gets the job');
    is(state_of('echo', 'h1'), 'processing', 'and is online');
    $progress = $client->progress($id)->json->{progress};
    is($progress->{num_workers_online}, 1, 'the client is told');
    ok($progress->{estimate} >= 0, 'there is an estimate again');
    $workers[1]->result($id, {text => 'x'});
    is(state_of('echo', 'h1'), 'waiting', 'it waits again');
    return;
}


# After 2 x request_timeout, but a parked poll or any word is no silence
sub silence {
    my $worker = $srv->worker(name => 's', job_type => 'quick')->login;
    my $talker = $srv->worker(name => 't', job_type => 'quick')->login;
    is(details('quick')->{num_active_workers}, 2, 'online after the login');
    my $id = '00000000-0000-4000-8000-000000000000';
    ok(wait_until(sub {
        $talker->progress($id, 1);
        state_of('quick', 's') eq 'offline';
    }), 'offline after its silence');
    is(state_of('quick', 't'), 'waiting', 'one that was heard is not');
    is(details('quick')->{num_active_workers}, 1, 'and counted');

    ok($worker->check_server_status(auth => 's')->json->{logged_in},
        'one that is offline is logged in still');
    is($worker->request_job->json->{cmd}, 'no_job', 'and may ask for work');
    is(state_of('quick', 's'), 'waiting', 'which makes it online');
    return;
}


sub holding {
    my $client = $srv->client(endpoint => 'quick');
    my $worker = $srv->worker(name => 'busy', job_type => 'quick')->login;
    my $id = $client->job({prompt => 'x'});
    is(($worker->jobs)[0]{job_id}, $id, 'it has the job');

    # another one, that says as little but has no job, shows the time
    my $idle = $srv->worker(name => 'idle', job_type => 'quick')->login;
    ok(wait_until(sub { state_of('quick', 'idle') eq 'offline' }),
        'another one goes offline meanwhile');
    is(state_of('quick', 'busy'), 'processing', 'it is not offline');
    is($client->progress($id)->json->{job_state}, 'processing',
        'and keeps the job');

    # a second poll of its own that hangs up does not make it lose the job;
    # another one follows where it was over before that
    my $before = hang_ups();
    ok(wait_until(sub {
        my $poll = $worker->park(max_job_batch => 3);
        wait_until(sub {
            $poll->readable || grep { $_->{name} eq 'busy'
                && $_->{free_slots} == 3 } @{details('quick')->{workers}}
        });
        $poll->close;
        return wait_until(sub { hang_ups() > $before }, 1);
    }), 'it asks for more, and hangs up');
    is(state_of('quick', 'busy'), 'processing', 'with its job');
    is($worker->result($id, {text => 'x'})->json->{cmd}, 'ok', 'its result');
    is($client->progress($id)->json->{job_state}, 'done', 'done');
    ok(wait_until(sub { state_of('quick', 'busy') eq 'offline' }),
        'then it is silent like any other');
    return;
}
