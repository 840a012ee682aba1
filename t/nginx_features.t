# What else nginx does with a request of ours: conditional requests, blocks of
# if and limit_except, mirrors, log formats with the body, bodies that nobody
# reads.  Guards against an answer that nginx takes back (and a job that is
# lost with it), and against a body that is taken for the next request.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $srv = start_nginx(
    endpoints => {echo => {}},
    http => <<'CONF',
log_format bodies '$uri "$request_body"';
CONF
    server => <<'CONF',
access_log logs/bodies.log bodies;
location = /mirror { internal; return 204; }
location /api/inner {
    aime_api_info;
    if ($http_x_debug) { set $debug 1; }
    limit_except GET POST { deny all; }
}
CONF
);
my $conn = $srv->conn;
my $client = $srv->client(conn => $conn);
my $worker = $srv->worker(conn => $srv->conn)->login;

unread_body($_) for qw(PUT OPTIONS);
conditional($_) for ['If-None-Match', '*'], ['If-Match', '"x"'],
    ['If-Unmodified-Since', 'Thu, 01 Jan 1970 00:00:00 GMT'];
blocks();
body_in_the_log();
forged_name();
twice();
done_testing();


sub unread_body {
    my ($method) = @_;
    my $inner = "GET /api/endpoints HTTP/1.1\r\nHost: localhost\r\n\r\n";
    my $raw = $srv->conn->send_raw("$method /echo HTTP/1.1\r\n"
        . "Host: localhost\r\nContent-Length: " . length($inner)
        . "\r\n\r\n${inner}GET /echo/login HTTP/1.1\r\nHost: localhost\r\n"
        . "Connection: close\r\n\r\n");
    my $first = $raw->read_response;
    like($first->status, qr/^(?:405|204)$/, "$method: the answer");
    my $next = $raw->read_response;
    is($next->json->{error}, 'Key not valid', 'the next is the next request');
    return;
}


sub conditional {
    my ($name, $value) = @{$_[0]};
    my $id = $client->job({prompt => $name});
    my $answer = $worker->{conn}->request(POST => '/worker_job_request',
        $worker->request_body, $name => $value);
    is($answer->status, 200, "$name: a job request");
    is($answer->json->{job_data}[0]{job_id}, $id, 'has its job');
    $worker->result($id, {text => 't'});
    $answer = $conn->request(GET => "/echo/progress?job_id=$id&key=$CLIENT_KEY",
        undef, $name => $value);
    is($answer->status, 200, 'a client that polls');
    is($answer->json->{job_result}{text}, 't', 'has its result');
    return;
}


sub blocks {
    my @debug = ('X-Debug' => 1);
    is($conn->request(GET => '/api/inner/endpoints', undef, @debug)->status,
        200, 'a block of if is part of its location');
    my $answer = $conn->request(PUT => '/api/inner/endpoints', {});
    is($answer->status, 403, 'limit_except denies');
    ok($answer->json->{error}, 'in JSON');
    return;
}


# The first bytes come with the headers, the others later
sub body_in_the_log {
    my $pad = 'p' x 20_000;
    my $body = qq({"key":"$CLIENT_KEY","wait_for_result":false,)
        . qq("prompt":"$pad"});
    my $raw = $srv->conn->send_raw("POST /echo HTTP/1.1\r\nHost: localhost\r\n"
        . 'Content-Length: ' . length($body) . "\r\n\r\n"
        . substr $body, 0, 30);
    $srv->get('/api/endpoints');
    $raw->send_raw(substr $body, 30);
    my $id = $raw->read_response->json->{job_id};
    ok($id, 'a body in two parts');
    my ($job) = $worker->jobs;
    is($job->{prompt}, $pad, 'reaches the worker');
    $worker->result($id, {});
    my $log = $srv->dir . '/logs/bodies.log';
    my $wanted = $body =~ s/"/\\x22/gr;
    wait_until(sub { slurp($log) =~ /\Q$wanted\E/ }, 5);
    like(slurp($log), qr/^\/echo "\Q$wanted\E"$/m, 'and $request_body whole');
    return;
}


sub forged_name {
    $conn->request(POST => '/worker_job_request',
        {auth => "x\n[forged] line", auth_key => 'k', max_job_batch => 1});
    $conn->request(POST => '/worker_job_result',
        {auth => "y\n[forged] line", auth_key => 'k', job_id => 'i'});
    unlike($srv->log, qr/^\[forged\] line/m,
        'a name puts no line into the log');
    return;
}


sub twice {
    for my $path ("/echo/progress?job_id=a&job_id=b&key=$CLIENT_KEY",
        "/echo/login?key=$CLIENT_KEY&key=x")
    {
        my $answer = $conn->request(GET => $path);
        is($answer->status, 400, 'an argument given twice');
        like($answer->json->{error}[0], qr/given twice/, 'is said so');
    }
    return;
}
