# Who may watch which job, and how others are told.  Guards against a stream of
# a job that strangers see or learn of, against refusals that browsers take for
# an empty stream and try again for ever, and against a watcher whose going has
# effect on the job.

use strict;
use warnings;

use lib 't/lib';
use AimeStream;
use Test::More;
use AimeTest;

my $NO_JOB = 'Client has no active request with this job id';

my $srv = start_nginx(aime_locations => stream_locations(), http => <<'CONF',
log_format job '$uri endpoint=$aime_endpoint job=$aime_job_id';
access_log logs/job.log job;
CONF
    server => 'location /v2/ { aime_api_stream; }',
    endpoints => {echo => {}, open => {clients => 'authorization = "None"'},
    mine => {clients => "authorization_keys = {me = 'my-secret-key'}"}});
my $client = $srv->client;
my $worker = $srv->worker->login;

refusals();
strangers();
unowned();
methods();
locations();
hang_up();
nginx_errors();
done_testing();


sub ask {
    my ($query, %headers) = @_;
    return $srv->get("/stream_progress?$query", undef, %headers);
}

sub refused {
    my ($answer, $msg, $why) = @_;
    is($answer->status, 200, "refused: $why");
    is($answer->header('Content-Type'), 'application/json', 'no stream');
    my $json = $answer->json;
    is($json->{cmd}, 'error', 'an error');
    is($json->{msg}, $msg, $msg);
    return;
}

# The state in the first event; the stream is closed then
sub shown {
    my ($query, %headers) = @_;
    my $stream = AimeStream->new($srv->conn, "/stream_progress?$query",
        %headers);
    my $event = $stream->event or return;
    $stream->close;
    return $event->{data}{job_state};
}


sub refusals {
    my $id = $client->job({prompt => 'p'});
    my $auth = "key=$CLIENT_KEY";
    refused(ask(''), 'client_session_auth_key missing', 'nothing');
    refused(ask("job_id=$id"), 'client_session_auth_key missing', 'no key');
    refused(ask("job_id=$id&key=null&client_session_auth_key="),
        'client_session_auth_key missing', 'keys that are none');
    refused(ask('client_session_auth_key=x&job_id=y'),
        'client_session_auth_key not authorized', 'a session that is none');
    refused(ask("client_session_auth_key=$id&job_id=$id"),
        'client_session_auth_key not authorized', 'an unknown session');
    refused(ask("job_id=$id&key=wrong"), 'key not authorized', 'a wrong key');
    refused(ask("job_id=$id", Authorization => 'Bearer wrong'),
        'key not authorized', 'a wrong header');
    refused(ask($auth), 'job_id missing', 'no job');
    refused(ask("$auth&job_id="), 'job_id missing', 'an empty one');
    refused(ask("$auth&job_id=$id&job_id=$id"),
        'Argument job_id was given twice', 'two of them');
    for my $no ('x', $id =~ tr/0-9a-f/1-9a-f0/r) {
        refused(ask("$auth&job_id=$no"), "$NO_JOB $no", 'an unknown one');
    }
    refused($srv->post('/stream_progress', '[]'), 'Invalid JSON in the request '
        . 'body: object expected at byte 0', 'a body that is no object');
    is(shown("$auth&job_id=$id"), 'queued', 'the right key');
    is(shown("job_id=$id", Authorization => "Bearer $CLIENT_KEY"), 'queued',
        'in the header');
    $client->cancel($id);
    return;
}


sub strangers {
    my $id = $client->job({prompt => 'p'});
    refused(ask("job_id=$id&key=$SECOND_KEY"), "$NO_JOB $id", 'another key');
    refused(ask("job_id=$id&key=my-secret-key"), "$NO_JOB $id",
        'a key of another endpoint learns no more');
    my $second = $srv->client(key => $SECOND_KEY, user => 'second');
    $second->login;
    refused(ask("job_id=$id&client_session_auth_key=$second->{session}"),
        "$NO_JOB $id", "another key's session");
    my $same = $srv->client;
    $same->login;
    is(shown("job_id=$id&client_session_auth_key=$same->{session}"), 'queued',
        'a session of the same key');
    $client->cancel($id);
    return;
}


sub unowned {
    my $session = $srv->client;
    $session->login;
    my $id = $session->job({prompt => 'p'});
    is(shown("job_id=$id"), 'queued', 'a job of a session needs no key');
    refused(ask("job_id=$id&key=wrong"), 'key not authorized', 'or a good one');
    my $open = $srv->client(endpoint => 'open', key => undef);
    $open->login;
    my $other = $open->job({prompt => 'p'});
    is(shown("job_id=$other"), 'queued', 'nor does one of an open endpoint');
    $session->cancel($id);
    return;
}


sub methods {
    my $id = $client->job({prompt => 'p'});
    my $path = "/stream_progress?job_id=$id&key=$CLIENT_KEY";
    my $conn = $srv->conn;
    my $head = $conn->request(HEAD => $path);
    is($head->status, 200, 'HEAD');
    is($head->header('Content-Type'), 'text/event-stream', 'as GET');
    is($conn->request(HEAD => '/stream_progress')->header('Content-Type'),
        'application/json', 'refused as GET is');
    is($conn->request(GET => '/test/pid')->status, 200, 'and does not wait');
    for my $method (qw(PUT DELETE)) {
        my $answer = $srv->request($method => $path);
        is($answer->status, 405, $method);
        is($answer->header('Allow'), 'GET, POST', 'what is allowed');
        is($answer->json->{cmd}, 'error', 'in its form');
    }
    my $options = $srv->request(OPTIONS => $path);
    is($options->status, 204, 'a preflight');
    is($options->header('Access-Control-Allow-Methods'),
        'GET, HEAD, POST, OPTIONS', 'its methods');
    is($head->header('Access-Control-Allow-Origin'), '*', 'any origin');
    $client->cancel($id);
    is(shown("job_id=$id&key=$CLIENT_KEY", 'Last-Event-ID' => '1'), 'canceled',
        'an id of an earlier event');
    ok(wait_until(sub { slurp($srv->dir . '/logs/job.log')
        =~ m{^/stream_progress endpoint=echo job=$id$}m }), 'it is logged');
    return;
}


sub locations {
    my $id = $client->job({prompt => 'p'});
    for my $path ('/v2/stream_progress', '/v2/stream_progress/') {
        my $stream = AimeStream->new($srv->conn, "$path?job_id=$id"
            . "&key=$CLIENT_KEY");
        ok($stream->event, $path);
        $stream->close;
    }
    my $answer = $srv->get('/v2/other');
    is($answer->status, 404, 'another name');
    is($answer->json->{cmd}, 'error', 'in its form');
    $client->cancel($id);
    return;
}


sub hang_up {
    my $id = $client->job({prompt => 'p'});
    my @streams = map { AimeStream->new($srv->conn, "/stream_progress?"
        . "job_id=$id&key=$CLIENT_KEY") } 1 .. 3;
    $_->event for @streams;
    my $used = $srv->get('/zone')->body;
    $_->close for @streams[0, 1];
    ok(wait_until(sub { $srv->get('/zone')->body < $used }), 'unparked');
    is($client->progress($id)->json->{job_state}, 'queued', 'the job stays');
    $worker->jobs;
    $worker->result($id, {text => 't'});
    ok($streams[2]->event_with(job_state => 'done'), 'and others see its end');
    return;
}


sub nginx_errors {
    my $conn = $srv->conn;
    $conn->send_raw("GET /stream_progress?x HTTP/1.1\r\n\r\n");
    my $answer = $conn->read_response;
    is($answer->status, 400, 'no host');
    is($answer->json->{cmd}, 'error', 'in its form, though without a location');
    return;
}
