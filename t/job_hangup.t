# Clients that hang up while they wait.  Guards against GPUs that compute for
# nobody, and against a job that is canceled though its endpoint says that it
# shall go on.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $srv = start_nginx(endpoints => {
    echo => {},
    keep => { endpoint => 'cancel_on_disconnect = false' },
});

queued();
running();
in_line();
kept();
many();
done_testing();


sub free_slots {
    my ($endpoint) = @_;
    return $srv->get("/api/endpoints/$endpoint")->json->{free_queue_slots};
}


# A waiting client whose job is in the queue
sub park {
    my ($client, $prompt) = @_;
    my $before = free_slots($client->{endpoint});
    my $conn = $client->park({prompt => $prompt});
    wait_until(sub { free_slots($client->{endpoint}) < $before })
        or die "not queued\n";
    return $conn;
}


sub queued {
    my $client = $srv->client;
    park($client, 'nobody waits for it')->close;
    ok(wait_until(sub { free_slots('echo') == 1000 }), 'it leaves the queue');
    my $worker = $srv->worker(batch => 8)->login;
    my $id = $client->job({prompt => 'next'});
    is_deeply([map { $_->{job_id} } $worker->jobs], [$id],
        'no worker gets it');
    $worker->result($id, {text => 'x'});
    return;
}


sub running {
    my $client = $srv->client;
    my $worker = $srv->worker->login;
    my $conn = $client->park({prompt => 'x'});
    my ($job) = $worker->jobs;
    my $id = $job->{job_id};
    is($client->progress($id)->json->{job_state}, 'processing', 'it runs');
    $conn->close;
    ok(wait_until(sub {
        ($client->progress($id)->json->{job_state} // '') eq 'canceled'
    }), 'canceled when its client hangs up');
    is($client->progress($id)->status, 410, 'others see that');
    is($worker->progress($id, 1)->json->[0]{canceled}, Mojo::JSON::true(),
        'the worker is told');
    is($worker->result($id, {text => 'x'})->json->{cmd}, 'ok',
        'its result is accepted');
    is($client->progress($id)->json->{job_state}, 'canceled', 'and dropped');
    is($worker->result($id, {text => 'x'})->json->{cmd}, 'warning', 'once');
    return;
}


# One that hangs up in the middle of the queue; the others keep their order
sub in_line {
    my $client = $srv->client;
    my @conns = map { park($client, "p$_") } 0 .. 4;
    $conns[2]->close;
    ok(wait_until(sub { free_slots('echo') == 996 }), 'four of five wait');
    my $worker = $srv->worker(batch => 8)->login;
    my @jobs = $worker->jobs;
    is_deeply([map { $_->{prompt} } @jobs], [qw(p0 p1 p3 p4)], 'these');
    $worker->result($_->{job_id}, {text => "for $_->{prompt}"}) for @jobs;
    is($conns[$_]->read_response->json->{text}, "for p$_", "p$_ is answered")
        for 0, 1, 3, 4;
    return;
}


sub hang_ups { return scalar(() = $srv->log =~ /prematurely closed/g) }


sub kept {
    my $client = $srv->client(endpoint => 'keep');
    my $worker = $srv->worker(job_type => 'keep', batch => 2)->login;
    my $before = hang_ups();
    my ($one, $two) = map { park($client, $_) } qw(queued running);
    $one->close;
    ok(wait_until(sub { hang_ups() > $before }), 'a client hangs up');
    is(free_slots('keep'), 998, 'its job stays in the queue');
    my @jobs = $worker->jobs;
    is_deeply([map { $_->{prompt} } @jobs], [qw(queued running)], 'is taken');
    $two->close;
    ok(wait_until(sub { hang_ups() > $before + 1 }), 'another one hangs up');
    for (@jobs) {
        my $id = $_->{job_id};
        is_deeply($worker->progress($id, 5)->json, [{ cmd => 'ok',
            success => Mojo::JSON::true() }], 'the worker goes on');
        is($worker->result($id, {text => 'kept'})->json->{cmd}, 'ok', 'done');
        is($client->progress($id)->json->{job_result}{text}, 'kept',
            'and can be fetched');
    }
    return;
}


# Every other one of a crowd, in all processes, while a worker serves it
sub many {
    my $crowd = $srv->crowd(60, sub {
        (POST => '/echo', {key => $CLIENT_KEY, prompt => "c$_[0]"})
    });
    ok(wait_until(sub { free_slots('echo') == 940 }), 'sixty wait');
    $crowd->conn(2 * $_)->close for 0 .. 29;
    ok(wait_until(sub { free_slots('echo') == 970 }), 'thirty hang up');
    my $worker = $srv->worker(batch => 7)->login;
    my %got;
    while (free_slots('echo') < 1000) {
        for my $job ($worker->jobs) {
            $got{$job->{prompt}}++;
            $worker->result($job->{job_id}, {text => $job->{prompt}});
        }
    }
    is($crowd->wait_for(30), 30, 'thirty are answered');
    is_deeply([sort keys %got], [sort map { 'c' . (2 * $_ + 1) } 0 .. 29],
        'and no other job was done');
    is_deeply([grep { $crowd->answer($_)->json->{text} ne "c$_" }
        map { 2 * $_ + 1 } 0 .. 29], [], 'each with its own');
    return;
}
