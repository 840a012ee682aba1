# Requests of every fate, over and over: afterwards as much of the zone is in use
# as before, also when a process was killed in the middle of it.  Guards against
# notes, parked streams and records of attempts that stay for ever.

use strict;
use warnings;

use lib 't/lib';
use AimeOpenai;
use Mojo::JSON qw(true false);
use Test::More;
use AimeTest;

my $ROUNDS = on_valgrind() ? 2 : 8;
my $LONG = "l\x{f6}ng " x 30_000;
my $brief = 'result_lifetime = ' . patience(3);
my $srv = start_openai(min_procs => 2, master => 1, zone => '64m', models =>
    'm = {endpoint = "chat"}' . "\n" . 'grows = {endpoint = "grows", '
    . 'progress_mode = "delta"}', endpoints => {
    chat => chat_endpoint(endpoint => $brief,
        clients => 'client_request_limit = 100'),
    grows => chat_endpoint(endpoint => $brief)});
my @procs = $srv->procs;
my ($worker, $grower) = workers();

my $first = chat();
$worker->result(job(), {text => 't'});
$first->read_response;
my $empty;
ok(wait_until(sub { my $used = used();
    my $same = $used == ($empty // -1); $empty = $used; return $same }), 'at rest');
for my $round (1 .. $ROUNDS) {
    plain($round);
    streams($round);
    responses($round);
    attempts($round);
    refused();
}
ok(wait_until(sub { used() <= $empty }, 20), 'all was given back')
    or diag(used() . " instead of $empty");
killed();
ok(wait_until(sub { used() <= $empty }, 20), 'of a killed process too')
    or diag(used() . " instead of $empty");
done_testing();


sub workers {
    return map { $srv->worker(job_type => $_, name => $_, conn =>
        $srv->conn_to_pid($procs[-1]))->login } qw(chat grows);
}

sub used { return $srv->get('/zone')->body }

sub chat {
    my ($more, $path, %headers) = @_;
    return ask($srv, $path // 'chat/completions', {model => 'm', $path
        ? (input => $LONG) : (messages => messages($LONG)), %{$more // {}}},
        %headers);
}

sub job { my ($by) = @_; return (($by // $worker)->jobs)[0]{job_id} }

sub whole { return $_[0]->read_until(qr/\[DONE\]\n\n|"type":"response\.(?:completed|failed)/) }


sub plain {
    my ($round) = @_;
    my @conns = map { chat() } 1 .. 3;
    $worker->result(job(), {text => $LONG});
    $worker->result(job(), {error => 'no'});
    my $id = job();
    $srv->client(endpoint => 'chat')->cancel($id);
    $worker->result($id, {text => 'late'});
    is_deeply([sort map { $_->read_response->status } @conns],
        [200, 500, 500], "round $round: answered");
    return;
}


sub streams {
    my ($round) = @_;
    my ($done, $gone) = map { chat({stream => true}) } 1, 2;
    my @ids = map { job() } 1, 2;
    for my $id (@ids) {
        $worker->progress($id, $_, {text => substr $LONG, 0, $_ * 9999}) for 1 .. 4;
    }
    $gone->read_until(qr/"content":"l/);
    $gone->close;
    $worker->result($_, {text => $LONG}) for @ids;
    my $text = whole($done);
    like($text, qr/DONE/, "round $round: streamed");
    my $grows = chat({stream => true, model => 'grows'});
    my $id = job($grower);
    $grower->progress($id, $_, {text => $LONG}) for 1 .. 4;
    $grower->result($id, {text => $LONG x 4});
    like(whole($grows), qr/DONE/, 'of what grows too');
    return;
}


sub responses {
    my ($round) = @_;
    my @conns = map { chat({background => true, metadata => {a => $LONG}},
        'responses') } 1 .. 3;
    my @names = map { $_->read_response->json->{id} } @conns;
    $worker->result(job(), {text => $LONG}) for 1, 2;
    is($srv->post("/v1/responses/$_/cancel", undef, with_key())->status, 200,
        'cancelled, if not done') for @names;
    my $resumed = $srv->conn->send_request(GET => "/v1/responses/$names[0]"
        . '?stream=true&starting_after=9', undef, with_key());
    like(whole($resumed), qr/completed|failed/, "round $round: its events");
    my $stream = chat({stream => true, store => true}, 'responses');
    $worker->result(job(), {text => $LONG});
    like(whole($stream), qr/completed/, 'streamed and stored');
    return;
}


sub attempts {
    my ($round) = @_;
    my $attempt = sub { chat({}, undef, 'X-Stainless-Retry-Count' => $_[0]) };
    my ($first, $same) = map { $attempt->(0) } 1, 2;
    my @ids = map { job() } 1, 2;
    my $again = $attempt->(1);
    waiting($srv, sync => 3);
    $first->close;
    $worker->result($_, {text => $LONG}) for @ids;
    is($again->read_response->status, 200, "round $round: an attempt");
    $same->close;
    return;
}


sub refused {
    my $answer = chat({temperature => 5}, 'responses')->read_response;
    is($answer->status, 400, 'refused');
    return;
}


# All that waits in the one that goes
sub killed {
    my @conns = ((map { ask($srv, 'chat/completions', {model => 'm', messages
        => messages($LONG), stream => $_}, conn => $srv->conn_to_pid($procs[0]),
        'X-Stainless-Retry-Count' => 0) } true, false),
        ask($srv, 'responses', {model => 'm', input => $LONG, stream => true,
        background => true}, conn => $srv->conn_to_pid($procs[0])));
    my @ids = map { job() } 1 .. 3;
    $worker->progress($_, 1, {text => $LONG}) for @ids;
    $conns[0]->read_until(qr/"content":"l/);
    ok($srv->kill_proc($procs[0]), 'a process is killed');
    $worker->result($_, {text => $LONG}) for @ids;
    return;
}
