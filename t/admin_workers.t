# An administrator disables, drains and enables workers and endpoints, and logs
# out sessions.  A disabled worker gets no job, not even the one that its parked
# poll waits for, and does not keep others from getting it.  Guards against a
# wake-up that a disabled worker takes along.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;
use AimeAdmin;
use AimeMetrics;

my $srv = start_nginx(min_procs => 2, level => 'info',
    server_toml => admin_toml(), server => "$ADMIN\n$STATUS",
    endpoints => {echo => {}, off => {endpoint => 'enabled = false'}});

disabling();
draining();
unknown();
endpoints();
sessions();
done_testing();


sub order {
    my ($order, $worker) = @_;
    return admin_post($srv, "workers/$order", {job_type => 'echo',
        name => ref $worker ? $worker->{name} : $worker});
}


sub state_of {
    my ($worker) = @_;
    my ($known) = grep { $_->{name} eq $worker->{name} }
        @{$srv->get('/api/endpoints/echo')->json->{workers}};
    return $known->{state};
}


sub disabling {
    my ($off, $on) = map { $srv->worker->login } 1, 2;
    my $client = $srv->client;
    $off->{conn} = $srv->conn;
    my $first = $off->park;
    ok(wait_until(sub { metric($srv, 'streams_open', kind => 'longpoll') == 1 }),
        'it waits longest');
    is(order('disable', $off)->status, 200, 'disabled');
    is(state_of($off), 'disabled', 'as its state says');
    ok(wait_until(sub { metric($srv, 'streams_open', kind => 'longpoll') == 0 }),
        'its poll gives up its place');
    is(metric($srv, 'worker_slots_free', job_type => 'echo'), 0,
        'and offers nothing');
    $on->{conn} = $srv->conn;
    my $second = $on->park;
    for my $n (1 .. 3) {
        my $id = $client->job({prompt => "job $n"});
        my ($job) = AimeParty::Worker::jobs_of($second->read_response);
        is($job->{job_id}, $id, 'the other one gets each job');
        $on->result($id, {text => 'x'});
        $second = $on->park;
    }
    ok(!$first->readable, 'the disabled one has no answer yet');
    $second->close;
    delete $on->{conn};
    ok(wait_until(sub { state_of($on) eq 'offline' }), 'the other one leaves');
    my $id = $client->job({prompt => 'alone'});
    ok(!$first->readable(1.5), 'it does not even get one that nobody wants');
    is(metric($srv, 'queue_jobs', job_type => 'echo', priority => 1), 1,
        'which waits');
    ok($srv->reload, 'a reload');
    is(state_of($off), 'disabled', 'keeps it so');
    my $answer = $first->read_response;
    is($answer->json->{cmd}, 'no_job', 'its poll is over then');
    $off->{conn} = $srv->conn;
    $first = $off->park;
    $off->{conn} = undef;
    $off->login;
    is(state_of($off), 'disabled', 'nor does a login change that');
    is(order('enable', $off)->status, 200, 'enabled');
    my ($job) = AimeParty::Worker::jobs_of($first->read_response);
    is($job->{job_id}, $id, 'it gets the job');
    $off->result($id, {text => 'x'});
    is($client->progress($id)->json->{job_state}, 'done', 'and does it');
    is(state_of($off), 'waiting', 'waiting');
    return;
}


sub draining {
    my $worker = $srv->worker->login;
    my $client = $srv->client;
    my $id = $worker->running($client);
    order('drain', $worker);
    is(state_of($worker), 'processing', 'at work until it is done');
    my ($known) = grep { $_->{name} eq $worker->{name} }
        @{admin_get($srv, 'workers?job_type=echo')->json->{workers}};
    ok($known->{draining}, 'which the administrator sees');
    $worker->result($id, {text => 'x'});
    is($client->progress($id)->json->{job_state}, 'done', 'its job is done');
    is(state_of($worker), 'disabled', 'and then it is disabled');
    $id = $worker->{srv}->client->job({prompt => 'x'});
    $worker->{conn} = $srv->conn;
    my $poll = $worker->park;
    ok(!$poll->readable(0.5), 'without a new job');
    order('enable', $worker);
    is((AimeParty::Worker::jobs_of($poll->read_response))[0]{job_id}, $id,
        'until it is enabled');
    $worker->result($id, {text => 'x'});
    return;
}


sub unknown {
    for my $order (qw(enable disable drain)) {
        is(order($order, 'nobody')->status, 404, "$order: no such worker");
        is(admin_post($srv, "workers/$order", {name => 'x'})->status, 400,
            'no job type');
        is(admin_post($srv, "workers/$order", {name => 'x', job_type => 'x'})
            ->status, 404, 'no such job type');
    }
    for my $what (qw(enable disable)) {
        is(admin_post($srv, "endpoints/$what", {name => 'x'})->status, 404,
            "$what: no such endpoint");
        is(admin_post($srv, "endpoints/$what")->status, 400, 'no name');
    }
    is(admin_get($srv, 'workers?job_type=x')->status, 404,
        'no such job type');
    return;
}


sub endpoints {
    my $client = $srv->client;
    my $id = $client->job({prompt => 'before'});
    is(admin_post($srv, 'endpoints/disable', {name => 'echo'})->status, 200,
        'disabled');
    for my $when ('', 'after a reload') {
        my $answer = $client->submit({prompt => 'x'});
        is($answer->status, 503, "no new jobs $when");
        like($answer->body, qr/Endpoint disabled!/, 'it says so');
        ok($answer->header('Retry-After'), 'Retry-After');
        ok($srv->reload, 'a reload') if !$when;
    }
    my ($echo) = grep { $_->{name} eq 'echo' }
        @{admin_get($srv, 'endpoints')->json->{endpoints}};
    ok(!$echo->{enabled} && $echo->{disabled_by_admin}, 'as it is listed');
    is(metric($srv, 'jobs_rejected_total', endpoint => 'echo',
        reason => 'disabled'), 2, 'as it is counted');
    my $worker = $srv->worker->login;
    is(($worker->jobs)[0]{job_id}, $id, 'what waits is done');
    $worker->result($id, {text => 'x'});
    is(admin_post($srv, 'endpoints/enable', {name => 'echo'})->status, 200,
        'enabled');
    $client->cancel($client->job({prompt => 'x'}));
    is(admin_post($srv, 'endpoints/enable', {name => 'off'})->status, 409,
        'what its file disables stays so');
    return;
}


sub sessions {
    my ($one, $two, $other) = map { $srv->client } 1 .. 3;
    $other->{$_->[0]} = $_->[1] for ['key', $SECOND_KEY], ['user', 'second'];
    $_->login for $one, $two, $other;
    my $answer = admin_get($srv, 'sessions');
    unlike($answer->body, qr/$one->{session}|$other->{session}/,
        'their keys are secret');
    my $list = $answer->json;
    is($list->{total}, 3, 'three sessions');
    is(admin_get($srv, 'sessions?user=tester')->json->{total}, 2,
        'two of a user');
    my ($his) = grep { $_->{user} eq 'second' } @{$list->{sessions}};
    is(admin_post($srv, 'sessions/logout', {session => $his->{session}})
        ->json->{logged_out}, 1, 'one is logged out');
    is($other->submit({prompt => 'x'})->status, 401, 'and has to log in again');
    is(admin_post($srv, 'sessions/logout', {session => $his->{session}})
        ->status, 404, 'once');
    is(admin_post($srv, 'sessions/logout', $_)->status, 400, 'not by mistake')
        for {}, {all => Mojo::JSON::false()}, {all => 'yes'}, {session => 'x'};
    is(admin_get($srv, 'sessions')->json->{total}, 2, 'the others are there');
    is(admin_post($srv, 'sessions/logout', {user => 'nobody'})
        ->json->{logged_out}, 0, 'none of nobody');
    is(admin_post($srv, 'sessions/logout', {user => "tester"})
        ->json->{logged_out}, 2, 'all of a user');
    $one->login;
    is(admin_post($srv, 'sessions/logout', {all => Mojo::JSON::true()})
        ->json->{logged_out}, 1, 'all');
    is(admin_get($srv, 'sessions')->json->{total}, 0, 'none is left');
    my $log = $srv->log;
    like($log, qr/administrator "operator" $_/, $_)
        for qr/disabled worker "worker-/, qr/drains worker "worker-/,
        qr/enabled worker "worker-/, qr/disabled endpoint "echo"/,
        qr/enabled endpoint "echo"/, qr/logged out a session/,
        qr/logged out all sessions of user "tester"/,
        qr/logged out all sessions ?,/;
    return;
}
