package AimeFuzz;

# Random calls, right ones and wrong ones, of many clients and workers at a
# server with two processes, which are reloaded and killed meanwhile.  After
# each round all must be as it should: each job in one state, whoever is asked;
# the counters add up; nothing in the error log; and when the jobs are gone, as
# much of the zone in use as before.
#
#   fuzz_protocol(seconds => 600, seed => 1);
#
# What is called is determined by the seed, though not what it meets.

use strict;
use warnings;

use Exporter 'import';
use List::Util qw(sum0);
use Mojo::JSON qw(encode_json decode_json true false);
use Test::More;
use Time::HiRes qw(time);
use AimeMetrics;
use AimeTest;

our @EXPORT = qw(fuzz_protocol);

my $CALLS = 500;            # of a round
my $WAITING = 60;           # requests that are left waiting, at most
my @TYPES = qw(echo brief);
my @ENDPOINTS = qw(echo other brief);

# what a server may answer; no 500, no 502
my %STATUS = map { $_ => 1 } qw(200 204 400 401 402 403 404 405 408 409 410 413 414
    415 422 429 431 501 503 504 505);

my ($srv, $session, $chaos, %known, @waiting, @free, %count);

my @CALLS = (
    [12, \&submit], [8, \&submit_waiting], [6, \&progress], [4, \&cancel],
    [10, \&poll], [8, \&result], [5, \&report], [2, \&login],
    [3, \&stream], [3, \&info], [6, \&garbage], [3, \&raw],
    [10, \&hang_up], [10, \&read_one],
);


sub fuzz_protocol {
    my (%opt) = @_;
    my $seed = $opt{seed} || int rand 1e9;
    srand $seed;
    note("seed $seed");
    my $end = time + $opt{seconds};

    start();
    my $empty = used();
    my $rounds = 0;
    # a slow machine gets along with few rounds, and jobs live for a second
    while (time < $end || $rounds < 20 && !worked()) {
        $rounds++;
        my @wrong = round();
        push @wrong, settle($empty);
        push @wrong, $srv->nginx->problems;
        next if !@wrong;
        fail("round $rounds of seed $seed");
        diag($_) for @wrong[0 .. ($#wrong < 20 ? $#wrong : 20)];
        last;
    }
    ok(!grep({ !$_ } Test::More->builder->summary),
        "$rounds rounds of seed $seed");
    note(join "\n", map { "$_: $count{$_}" } sort keys %count);
    ok(worked(), 'some of it was done');
    return;
}

sub worked { return $count{'jobs taken'} && $count{'results that count'} }


sub start {
    my $brief = "max_time_in_queue = 1\njob_inactivity_timeout = 1\n"
        . "result_lifetime = 1\nmax_attempts = 3";
    $srv = start_nginx(min_procs => 2, procs => 2, zone => '32m',
        server => "$STATUS location = /zone { return 200 \$aime_zone_used; }",
        endpoints => {
            echo => {endpoint => $brief, inputs => inputs()},
            other => {endpoint => "$brief\ncancel_on_disconnect = false",
                job_type => 'echo', inputs => inputs()},
            brief => {endpoint => "$brief\nmax_queue_length = 5",
                inputs => inputs(), worker => 'max_batch_delay = 50'}});
    $session = $srv->client(conn => $srv->conn);
    $session->login;

    # workers and what they say of themselves stay
    my @first;
    for my $type (@TYPES) {
        for my $n (1 .. 3) {
            my $worker = worker($type, $n);
            $worker->{conn} = $srv->conn;
            $worker->login;
            my $client = $srv->client(conn => $srv->conn, endpoint => $type);
            my ($id, @late) = $worker->running_in_time($client);
            $worker->progress($id, 1, {text => 'first'});
            $worker->result($id, {text => 'first'});
            $worker->{conn}->close;
            push @first, map { [$client, $_] } $id, @late;
        }
    }
    for (@first) {
        my ($client, $id) = @$_;
        wait_until(sub { $client->progress($id)->status == 404 }, 20)
            or die "the first jobs stay\n";
    }
    return;
}


sub inputs {
    return <<'TOML';
prompt = { type = "string", max_length = 400000 }
n = { type = "integer", minimum = 1, maximum = 100, auto_convert = true }
f = { type = "float" }
b = { type = "bool" }
j = { type = "json" }
s = { type = "selection", supported = ["a", "b"] }
chat = { type = "chat_context" }
image = { type = "image" }
TOML
}


# Calls, and now and then a reload or a process that is killed
sub round {
    my @wrong;
    $chaos = 0;
    for (1 .. $CALLS) {
        if (rand() < 0.006) {
            $chaos = 1;
            my @procs = $srv->procs;
            my ($what, $done) = rand() < 0.5 ? ('reload', $srv->reload)
                : ('kill', $srv->kill_proc($procs[rand @procs]));
            push @wrong, "$what: the processes do not come" if !$done;
            $count{$what}++;
        }
        my $call = weighted();
        push @wrong, eval { $call->(); } // ();
        push @wrong, $@ if $@;
        last if @wrong;
    }
    return @wrong;
}

sub weighted {
    my $n = rand sum0(map { $_->[0] } @CALLS);
    for (@CALLS) {
        return $_->[1] if ($n -= $_->[0]) < 0;
    }
    return $CALLS[0][1];
}


# All go away; then every job that is known ends, and nothing is left
sub settle {
    my ($empty) = @_;
    my @wrong = agreed();
    push @wrong, sums();
    hang_up() while @waiting;
    $_->close for @free;
    @free = ();
    wait_until(sub { !$srv->draining }, 20)
        or push @wrong, 'an old process does not end';
    wait_until(sub { !jobs() }, 20) or push @wrong, jobs() . ' jobs stay';
    push @wrong, sums();
    wait_until(sub { used() == $empty }, 20)
        or push @wrong, used() - $empty . ' bytes more than before';
    %known = ();
    return @wrong;
}


# One state for all who ask at about the same time
sub agreed {
    my %conn = $srv->conn_to_each;
    my @wrong;
    for my $id (keys %known) {
        my %states;
        my $one = wait_until(sub {
            %states = map { (state($conn{$_}, $id) => 1) } keys %conn;
            return keys %states == 1;
        }, 10);
        push @wrong, "job $id: " . join ' and ', keys %states if !$one;
        $count{"job $_"}++ for keys %states;
    }
    $_->close for values %conn;
    return @wrong;
}

sub state {
    my ($conn, $id) = @_;
    my $answer = $conn->request(GET => "/$known{$id}/progress?job_id=$id&key="
        . $CLIENT_KEY) or return 'no answer';
    return $answer->json->{job_state} // 'gone';
}


# What was submitted has ended, waits or runs
sub sums {
    my ($in, $out, $now);
    return if wait_until(sub {
        my $all = scrape($srv);
        $in = total($all, 'jobs_submitted_total');
        $out = total($all, 'jobs_finished_total');
        $now = total($all, 'queue_jobs') + total($all, 'jobs_running');
        return $in == $out + $now;
    }, 10);
    return "$in submitted, $out ended, $now there";
}

sub total {
    my ($all, $name) = @_;
    return sum0(map { $all->{$_} } grep { /^aime_$name\{/ } keys %$all);
}

sub jobs {
    my $all = scrape($srv);
    return total($all, 'queue_jobs') + total($all, 'jobs_running');
}

sub used { return $srv->get('/zone')->body }


# ---- the calls; what they give is wrong

# Over a connection that is kept, or another
sub call {
    my (@request) = @_;
    my $conn = pop(@free) // $srv->conn;
    my $answer = $conn->request(@request);
    return checked($conn, $answer);
}

sub checked {
    my ($conn, $answer, $sent) = @_;
    if (!$answer) {
        $conn->close;
        $count{'no answer'}++;
        return (undef, $chaos || $sent ? () : "no answer, and no accident");
    }
    $count{'status ' . $answer->status}++;
    my $type = $answer->header('Content-Type') // '';
    my @wrong;
    push @wrong, 'status ' . $answer->status . ': ' . $answer->body
        if !$STATUS{$answer->status};
    push @wrong, 'no JSON: ' . $answer->body
        if $type =~ /json/ && !defined eval { decode_json($answer->body) };
    if (($answer->header('Connection') // '') eq 'close') {
        $conn->close;

    } else {
        push @free, $conn;
    }
    return ($answer, @wrong);
}

sub leave {
    my ($kind, @request) = @_;
    hang_up() if @waiting >= $WAITING;
    my $conn = $srv->conn;
    $conn->send_request(@request);
    push @waiting, {kind => $kind, conn => $conn};
    return;
}

sub submit {
    my $endpoint = any(@ENDPOINTS);
    my ($answer, @wrong) = call(POST => "/$endpoint",
        {body(), wait_for_result => false}, headers());
    my $json = $answer && eval { $answer->json };
    $known{$json->{job_id}} = $endpoint
        if ref $json eq 'HASH' && $json->{job_id};
    return $wrong[0];
}

sub submit_waiting {
    return leave('client', POST => '/' . any(@ENDPOINTS), {body()}, headers());
}

sub body {
    return (any({key => $CLIENT_KEY}, {key => $CLIENT_KEY},
        {client_session_auth_key => $session->{session}},
        {key => $SECOND_KEY}, {key => 'none'}, {})->%*,
        rand() < 0.7 ? (prompt => text()) : map { (any(qw(prompt n f b j s chat
            image more)) => value(2)) } 1 .. rand 4);
}

sub headers {
    return (rand() < 0.2 ? ('X-Priority' => any(0 .. 3, -1, 'x')) : (),
        rand() < 0.2 ? ('Idempotency-Key' => int rand 5) : ());
}

sub progress {
    my ($id, $endpoint) = id();
    return (call(GET => "/$endpoint/progress?job_id=$id&key=" . any($CLIENT_KEY,
        $CLIENT_KEY, $SECOND_KEY, '')))[1];
}

sub cancel {
    my ($id, $endpoint) = id();
    return (call(POST => "/$endpoint/cancel", {job_id => $id,
        key => any($CLIENT_KEY, $SECOND_KEY)}))[1];
}

sub login {
    return (call(GET => '/' . any(@ENDPOINTS) . '/login?user=' . any('tester',
        '', 'x' x 300) . '&key=' . any('none', '', '%ff')))[1];
}

sub stream {
    my ($id) = id();
    return leave('stream', GET => "/stream_progress?job_id=$id&key="
        . $CLIENT_KEY);
}

sub info {
    return (call(any(qw(GET GET POST PUT)) => '/' . any('api/endpoints',
        'api/echo', 'api/none', 'status', 'worker_check_server_status', 'echo',
        'api/endpoints/' . 'x' x 2000)))[1];
}

sub worker {
    my ($type, $n) = @_;
    return $srv->worker(job_type => $type, name => "$type-$n", batch => 4);
}

sub any_worker { return worker(any(@TYPES), 1 + int rand 3) }

sub poll {
    my $worker = any_worker();
    leave('worker', POST => '/worker_job_request',
        $worker->request_body(max_job_batch => any(1, 1, 4, 100, -1, 'x')));
    $waiting[-1]{worker} = $worker;
    return;
}

sub report {
    my $worker = any_worker();
    my @reports = map { $worker->report((id())[0], progress => any(1, 50, 101,
        'x'), progress_data => any({text => text()}, {}, undef, [1])) }
        1 .. 1 + rand 3;
    return (call(POST => '/worker_job_progress', \@reports))[1];
}

sub result {
    my $worker = any_worker();
    return (call(POST => '/worker_job_result', $worker->report((id())[0],
        version => '0.9', any({text => text()}, {}, {error => 'no'},
        {text => value(2), more => 1})->%*)))[1];
}

# A body that is none, or another's
sub garbage {
    my $body = encode_json({body(), job_id => (id())[0], auth => 'echo-1',
        auth_key => any('none', 'test'), job_type => any(@TYPES, 'none')});
    substr($body, rand length $body, rand 3) = chr rand 256
        for 1 .. rand 4;
    return (call(POST => '/' . any(@ENDPOINTS, 'worker_job_request',
        'worker_job_progress', 'worker_job_result', 'worker_login',
        'echo/cancel', 'stream_progress'), $body, 'Content-Type' =>
        any('application/json', 'text/plain', 'application/x-www-form-urlencoded',
            'multipart/form-data; boundary=x', '')))[1];
}

# Bytes that are no request, or only a part of one
sub raw {
    my $conn = $srv->conn;
    my $text = $conn->request_text(POST => '/echo', {body()});
    substr($text, rand length $text, rand 9) = join '', map { chr rand 256 }
        1 .. rand 9 if rand() < 0.7;
    $conn->send_raw(substr $text, 0, rand() < 0.3 ? rand length $text : 1e9);
    push @waiting, {kind => 'raw', conn => $conn};
    return;
}

sub hang_up {
    my $gone = splice @waiting, rand @waiting, 1 or return;
    $gone->{conn}->close if $gone;
    return;
}

# An answer that has come, and what a worker makes of its jobs
sub read_one {
    my ($i) = grep { $waiting[$_]{conn}->readable } 0 .. $#waiting;
    return if !defined $i || $waiting[$i]{kind} eq 'stream';
    my $one = splice @waiting, $i, 1;
    my $answer = $one->{conn}->read_response;
    (undef, my @wrong) = checked($one->{conn}, $answer,
        $one->{kind} eq 'raw');
    return $wrong[0] if @wrong || $one->{kind} ne 'worker' || !$answer;
    my $json = $answer->json;
    return if ($json->{cmd} // '') ne 'job' || rand() < 0.2;
    my $data = $json->{job_data};
    for my $job (ref $data eq 'ARRAY' ? @$data : $data) {
        $count{'jobs taken'}++;
        my $worker = rand() < 0.8 ? $one->{worker} : any_worker();
        my ($said, @not) = call(POST => '/worker_job_result', $worker->report(
            $job->{job_id}, version => '0.9', text => text()));
        push @wrong, @not;
        $count{'results that count'}++ if $said && $said->body =~ /"ok"/;
    }
    return $wrong[0];
}


# ---- values

sub any { return $_[rand @_] }

# A job that is known, or none, and its endpoint
sub id {
    my @ids = sort keys %known;
    my $id = rand() < 0.9 && @ids ? $ids[rand @ids] : any('none', '', '0' x 36,
        '00000000-0000-4000-8000-000000000000', 'x' x 500);
    return ($id, rand() < 0.9 && $known{$id} || any(@ENDPOINTS));
}

sub text {
    return any('', 'x', "\x{e4}\x{1f600}\0\n\"\\", 'long ' x 300,
        rand() < 0.3 ? 'l' x 200_000 : 'y');
}

sub value {
    my ($depth) = @_;
    return any(undef, true, false, 0, -1, 1e300, 5, '5', text(), 'a',
        'data:image/png;base64,' . any('', 'QUJD', 'x=y'),
        [{role => 'user', content => 'x'}]) if !$depth || rand() < 0.6;
    return [map { value($depth - 1) } 1 .. rand 4] if rand() < 0.5;
    return {map { (any(qw(a b role content)) => value($depth - 1)) }
        1 .. rand 4};
}


1;
