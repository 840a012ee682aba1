# Counters are those of the jobs, whichever process served them: submissions,
# outcomes, refusals by their reasons, retries, batches, tokens.  Guards against
# counters that are one process's own, and against events that are counted
# twice or not at all.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(false);
use Test::More;
use AimeTest;
use AimeMetrics;

my $srv = start_nginx(min_procs => 2, endpoints => {
    echo => {}, other => {job_type => 'echo', inputs => <<'TOML'},
n = { type = "integer", minimum = 1, required = true }
TOML
    full => {endpoint => 'max_queue_length = 1'},
    off => {endpoint => 'enabled = false'},
    few => {endpoint => 'client_request_limit = 1'},
    limited => {}, hasty => {endpoint => 'max_time_in_queue = 1'},
    silent => {endpoint => 'job_inactivity_timeout = 1'},
    fragile => {endpoint => 'max_attempts = 2'}},
    http => 'limit_req_zone $uri zone=one:1m rate=1r/m;', server => <<"CONF");
$STATUS
location = /limited { limit_req zone=one; limit_req_status 429; }
CONF

outcomes();
spread();
refusals();
retries();
reloaded();
done_testing();


sub finished {
    my ($endpoint, $outcome) = @_;
    return metric($srv, 'jobs_finished_total', endpoint => $endpoint,
        outcome => $outcome);
}


# A request is counted when nginx logs it, which is after its answer
sub rejected {
    my ($endpoint, $reason, $n, $name) = @_;
    my $count;
    wait_until(sub {
        $count = metric($srv, 'jobs_rejected_total', endpoint => $endpoint,
            reason => $reason);
        return $count == $n;
    });
    return is($count, $n, $name // $reason);
}


sub outcomes {
    my $client = $srv->client;
    my $worker = $srv->worker(batch => 4)->login;
    is(metric($srv, 'jobs_submitted_total', endpoint => 'echo'), 0, 'none yet');
    my @ids = map { $client->job({prompt => "p$_"}) } 1 .. 3;
    is(metric($srv, 'queue_jobs', job_type => 'echo', priority => 1), 3,
        'three wait');
    is(scalar $worker->jobs, 3, 'in one batch');
    is(metric($srv, 'jobs_running', job_type => 'echo'), 3, 'three run');
    is(metric($srv, 'queue_jobs', job_type => 'echo', priority => 1), 0,
        'none waits');
    $worker->progress($ids[0], 10, {text => 'a'});
    $worker->progress($ids[0], 20, {text => 'b'});
    $worker->result($ids[0], {text => 'x', prompt_length => 7,
        num_generated_tokens => 1000, error => ''});
    $worker->result($ids[0], {text => 'again'});
    $worker->result($ids[1], {error => 'no memory on GPU'});
    $client->cancel($ids[2]);
    $client->cancel($ids[2]);
    $worker->result($ids[2], {text => 'dropped'});
    my $all = scrape($srv);
    my %want = ('jobs_submitted_total{endpoint="echo"}' => 3,
        (map { ("jobs_finished_total{endpoint=\"echo\",outcome=\"$_\"}" => 1) }
            qw(success error cancelled)),
        'jobs_finished_total{endpoint="echo",outcome="expired"}' => 0,
        'jobs_submitted_total{endpoint="other"}' => 0,
        'tokens_total{endpoint="echo",direction="input"}' => 7,
        'tokens_total{endpoint="echo",direction="output"}' => 1000,
        'batch_jobs_count{job_type="echo"}' => 1,
        'batch_jobs_sum{job_type="echo"}' => 3,
        'batch_jobs_bucket{job_type="echo",le="2.0"}' => 0,
        'batch_jobs_bucket{job_type="echo",le="4.0"}' => 1,
        'job_queue_duration_seconds_count{job_type="echo",priority="1"}' => 3,
        'job_compute_duration_seconds_count{job_type="echo"}' => 2,
        'job_duration_seconds_count{endpoint="echo"}' => 2,
        'job_time_to_first_progress_seconds_count{job_type="echo"}' => 1,
        'jobs_running{job_type="echo"}' => 0,
        'queue_limit_jobs{job_type="echo"}' => 1000);
    is($all->{"aime_$_"}, $want{$_}, $_) for sort keys %want;

    my $id = $srv->client(endpoint => 'hasty')->job({prompt => 'x'});
    ok(wait_until(sub { finished('hasty', 'expired') == 1 }), 'expired');
    my $silent = $srv->worker(job_type => 'silent')->login;
    my @polls = $silent->parked(2);
    $srv->client(endpoint => 'silent')->job({prompt => 'x'});
    ok(wait_until(sub { finished('silent', 'timeout') == 1 }),
        'one that its worker says nothing of, though it polls');
    return;
}


# Each process serves some of it, and each says the same
sub spread {
    my $before = finished('other', 'success');
    my %conns = $srv->conn_to_each;
    my $n = 0;
    for my $from (sort keys %conns) {
        for my $to (sort keys %conns) {
            my $client = $srv->client(endpoint => 'other',
                conn => $conns{$from});
            my $worker = $srv->worker(conn => $conns{$to})->login;
            for (1 .. 10) {
                my $id = $client->job({n => 1});
                $worker->jobs;
                $worker->result($id, {text => 'x'});
                $n++;
            }
        }
    }
    for my $conn (values %conns) {
        my $all = samples($conn->request(GET => '/status')->body);
        is($all->{'aime_jobs_finished_total{endpoint="other",'
            . 'outcome="success"}'}, $before + $n, 'all of them');
        is($all->{'aime_jobs_submitted_total{endpoint="other"}'}, $n,
            'submitted');
        is($all->{'aime_job_duration_seconds_bucket{endpoint="other",'
            . 'le="+Inf"}'}, $n, 'in the histogram');
    }
    return;
}


sub refusals {
    my $client = $srv->client(endpoint => 'other');
    is($client->submit({n => 0})->status, 400, 'a bad input');
    is($srv->post('/other', 'no JSON')->status, 400, 'no JSON');
    is($srv->client(endpoint => 'other', key => 'wrong')->submit({n => 1})
        ->status, 401, 'a wrong key');
    is($srv->get('/other/progress?job_id=x')->status, 404,
        'another route is no submission');
    is($srv->request(DELETE => '/other')->status, 405, 'nor is that');
    rejected('other', 'invalid', 2);
    rejected('other', 'auth', 1);

    my $full = $srv->client(endpoint => 'full');
    $full->job({prompt => 'x'});
    is($full->submit({prompt => 'x'})->status, 503, 'the queue is full');
    rejected('full', 'queue_full', 1);
    is($srv->client(endpoint => 'off')->submit({prompt => 'x'})->status, 503,
        'switched off');
    rejected('off', 'disabled', 1);
    my $few = $srv->client(endpoint => 'few');
    $few->job({prompt => 'x'});
    is($few->submit({prompt => 'x'})->status, 429, 'too many');
    rejected('few', 'quota', 1);
    rejected('few', 'rate', 0, 'which is no rate');
    my $limited = $srv->client(endpoint => 'limited');
    my @status = map { $limited->submit({prompt => 'x'},
        wait_for_result => false)->status } 1 .. 3;
    is("@status", '200 429 429', 'limited by nginx');
    rejected('limited', 'rate', 2);
    is(metric($srv, 'jobs_submitted_total', endpoint => $_), $_ eq 'off'
        ? 0 : 1, "$_: those that came") for qw(full off few);
    return;
}


# A worker that hangs up before it was handed its job; one that is lost
sub retries {
    my $client = $srv->client(endpoint => 'fragile');
    my $worker = $srv->worker(job_type => 'fragile')->login;
    my $id = $client->job({prompt => 'x' x 8_000_000});
    for my $n (1, 2) {
        my $conn = $srv->conn(rcvbuf => 4096);
        $conn->send_request(POST => '/worker_job_request',
            $worker->request_body);
        ok(wait_until(sub {
            metric($srv, 'jobs_running', job_type => 'fragile') == 1
        }), 'handed out');
        $conn->close;
        ok(wait_until(sub {
            metric($srv, 'jobs_running', job_type => 'fragile') == 0
        }), 'and taken back');
    }
    is(metric($srv, 'job_retries_total', job_type => 'fragile',
        reason => 'undelivered'), 1, 'one retry');
    is(finished('fragile', 'worker_lost'), 1, 'and then it is lost');
    return;
}


sub reloaded {
    my $before = scrape($srv);
    ok($srv->reload, 'a reload');
    my $after = scrape($srv);
    my @counters = grep { /_total|_count|_sum|_bucket/ } keys %$before;
    is_deeply({map { ($_ => $after->{$_}) } @counters},
        {map { ($_ => $before->{$_}) } @counters}, 'keeps every counter');
    return;
}
