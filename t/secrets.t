# What a client or worker proves itself with stands in no error log and in no
# answer to somebody else, wherever it was sent and whatever went wrong.
# Guards against the request line that nginx quotes with each of its own
# messages, most of all those that it writes before our handler has seen the
# request: body too large, access denied, too many requests.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(false);
use Test::More;
use AimeTest;

my $file = 'endpoints/echo/aime_api_endpoint.cfg';
my $srv = start_nginx(endpoints => {echo => {}, other => {}},
    http => "limit_req_zone \$binary_remote_addr zone=one:64k rate=1r/m;",
    server => <<"CONF");
location /small { aime_api_endpoint $file; client_max_body_size 10; }
location /denied { aime_api_endpoint $file; deny all; }
location /rare { aime_api_endpoint $file; limit_req zone=one; }
location /hasty { aime_api_endpoint $file; client_body_timeout 50ms; }
location /silent/ { aime_api_info; deny all; }
CONF
my $wrong = 'a-wrong-but-secret-key';
my $session = $srv->client->login->json->{client_session_auth_key};
my @secrets = ($CLIENT_KEY, $SECOND_KEY, $WORKER_KEY, $session, $wrong);
my $seen = 0;

accepted();
refused();
by_nginx();
broken_off();
workers();
answers();
done_testing();


# Since the last time that message came, and nothing secret with it or else
sub logged {
    my ($message, $why) = @_;
    ok(wait_until(sub { substr($srv->log, $seen) =~ $message }),
        "the log has $message") if $message;
    my $log = substr $srv->log, $seen;
    $seen += length $log;
    for my $secret (@secrets) {
        my ($line) = grep { /\Q$secret\E/ } split /\n/, $log;
        is($line, undef, "no secret in the error log: $why");
    }
    return;
}


sub accepted {
    my $id = $srv->client->job({prompt => 'p'});
    $srv->get("/echo?key=$CLIENT_KEY&prompt=p&wait_for_result=false");
    $srv->get("/echo/progress?job_id=$id&key=$CLIENT_KEY");
    $srv->get("/echo/progress?job_id=$id&client_session_auth_key=$session");
    $srv->get("/api/validate_key?key=$_") for @secrets;
    $srv->post('/echo', {prompt => 'p', wait_for_result => false},
        Authorization => "Bearer $CLIENT_KEY");
    logged(undef, 'accepted requests');
    return;
}


sub refused {
    for my $query ("key=$wrong", "prompt=p&key=$wrong", "x&key=$wrong&y=1",
        "client_session_auth_key=$wrong", "k%65y=$wrong", "key=$wrong#x") {
        $srv->get("/$_?$query") for qw(echo echo/login echo/progress echo/none
            api/endpoints api/none none worker_login worker_none);
        $srv->post("/echo?$query", '{');
        $srv->request(PUT => "/echo?$query");
        $srv->request(OPTIONS => "/echo?$query");
    }
    $srv->post('/echo', "{\"key\": \"$wrong\", \"prompt\": ");
    $srv->post('/echo', {key => $wrong, prompt => 5});
    $srv->post('/echo', {}, Authorization => "Bearer $wrong");
    logged(undef, 'refused requests');
    return;
}


# Errors of nginx, with a message each
sub by_nginx {
    my $query = "user=x&key=$CLIENT_KEY&client_session_auth_key=$session"
        . "&k%65y=$CLIENT_KEY";
    is($srv->post("/small/login?$query", 'x' x 11)->status, 413, 'too large');
    logged(qr/too large body/, 'a body that is too large');
    is($srv->post("/small/login?$query", "b\r\n" . 'x' x 11 . "\r\n0\r\n\r\n",
        'Transfer-Encoding' => 'chunked')->status, 413, 'in chunks');
    logged(qr/too large chunked body/, 'in chunks');
    is($srv->get("/denied?$query")->status, 403, 'denied');
    logged(qr/forbidden by rule/, 'access denied');
    is($srv->get("/silent/endpoints?$query")->status, 403, 'information');
    logged(undef, 'access denied to information');
    my @status = map { $srv->get("/rare/login?$query")->status } 1 .. 3;
    is_deeply(\@status, [400, 503, 503], 'too many requests');
    logged(qr/limiting requests/, 'too many requests');
    return;
}


sub broken_off {
    my $head = "POST /%s?key=$CLIENT_KEY HTTP/1.1\r\nHost: x\r\n"
        . "Authorization: Bearer $SECOND_KEY\r\nContent-Length: 99\r\n\r\n";
    $srv->conn->send_raw(sprintf($head, 'echo') . '{"key": "')->close;
    logged(qr/prematurely closed connection/, 'a client that hangs up');
    my $conn = $srv->conn->send_raw(sprintf($head, 'hasty') . '{');
    $conn->read_response;
    ok($conn->{eof}, 'timed out');
    logged(undef, 'a client that is too slow');

    my $waits = $srv->client(endpoint => 'other')->park({prompt => 'p'});
    $srv->conn->send_request(GET => "/other?prompt=p&key=$CLIENT_KEY");
    $waits->close;
    logged(qr/closed connection/, 'one that waited');
    return;
}


sub workers {
    my $worker = $srv->worker(job_type => 'other', key => $wrong);
    for my $route (qw(login job_request job_progress job_result
        check_server_status)) {
        $worker->call(POST => "/worker_$route?auth_key=$wrong",
            {%{$worker->login_body}, %{$worker->request_body}});
    }
    logged(undef, 'workers');
    return;
}


# Nobody is told another's secrets
sub answers {
    my $worker = $srv->worker(job_type => 'echo')->login;
    my $id = $srv->client->job({prompt => 'mine'});
    my @texts = map { $srv->get("/$_")->body } 'api/endpoints', 'api/echo',
        'api/other', "echo/progress?job_id=$id&key=$SECOND_KEY";
    my $job = $worker->request_job(max_job_batch => 32)->body;
    like($job, qr/"prompt":"mine"/, 'the job');
    push @texts, $job, $worker->result($id, {text => 't'})->body,
        $worker->progress($id, 1, {})->body, $srv->client->progress($id)->body;
    for my $text (@texts) {
        is((grep { index($text, $_) >= 0 } @secrets), 0, 'no secret in an '
            . 'answer') or diag $text;
    }
    return;
}
