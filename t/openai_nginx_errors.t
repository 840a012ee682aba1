# Errors that nginx makes, on the routes of OpenAI's API: whether it knows the
# location (413, 401, 403, 429, 503) or refuses the request while it reads its
# head (400, 405, 414, 505). Guards against HTML, and against the form of other
# routes, of which OpenAI's clients show nothing but the status.

use strict;
use warnings;

use lib 't/lib';
use AimeOpenai;
use Mojo::JSON qw(decode_json);
use Test::More;
use AimeTest;

my $port = AimeNginx::free_port();
my $srv = start_openai(
    http => 'limit_req_zone $binary_remote_addr zone=one:64k rate=1r/m;',
    server => 'error_page 400 401 403 404 405 413 414 429 500 502 503 504 505'
        . ' /page.html; location = /page.html { return 200 "<p>"; }'
        . ' location /plain { return 403; }'
        . " listen 127.0.0.1:$port http2;",
    locations => <<'CONF');
location /v1/small/ { aime_api_openai; client_max_body_size 10; }
location /v1/denied/ { aime_api_openai; deny all; }
location /v1/locked/ { aime_api_openai; auth_basic a; auth_basic_user_file off; }
location /v1/rare/ {
    aime_api_openai;
    limit_req zone=one;
    limit_req_status 429;
}
location /v1/busy/ { aime_api_openai; limit_req zone=one; }
location /v1/slow/ { aime_api_openai; client_body_timeout 100ms; }
location /v1/closed/ { aime_api_openai; return 503; }
CONF
my $bad = 'invalid_request_error';

located();
slow();
early();
others();
http2();
done_testing();


sub is_error {
    my ($answer, $status, $type, $code, $what) = @_;
    is($answer->status, $status, "$what: $status");
    is($answer->header('Content-Type'), 'application/json', 'JSON');
    is($answer->header('Content-Length'), length $answer->body, 'its length');
    my $error = (eval { $answer->json } // {})->{error};
    $error = {} if ref $error ne 'HASH';
    is_deeply([sort keys %$error], [qw(code message param type)], 'members')
        or diag($answer->body);
    is_deeply([@$error{qw(type param code)}], [$type, undef, $code], 'of it');
    like($error->{message}, qr/\w/, 'with a message');
    like($answer->header('x-request-id'), qr/^\w{32}$/, 'has an id');
    return;
}


# A request that the libraries would not make
sub raw {
    my ($bytes) = @_;
    my $conn = $srv->conn;
    $conn->send_raw($bytes);
    return $conn->read_response;
}


sub located {
    is($srv->get('/plain')->body, '<p>', 'a page of the server');
    my $large = 'x' x 11;
    is_error($srv->post('/v1/small/chat/completions', $large, with_key()), 413,
        $bad, undef, 'too large');
    is_error($srv->post('/v1/small/chat/completions',
        "b\r\n$large\r\n0\r\n\r\n", with_key(), 'Transfer-Encoding' =>
        'chunked'), 413, $bad, undef, 'too large in chunks');
    is_error($srv->get('/v1/denied/models'), 403, $bad, undef, 'denied');
    is_error($srv->get('/v1/locked/models'), 401, $bad, 'invalid_api_key',
        'no password');
    $srv->get('/v1/rare/models');
    is_error($srv->get('/v1/rare/models'), 429, 'requests',
        'rate_limit_exceeded', 'too many');
    is_error($srv->get('/v1/busy/models'), 503, 'server_error', undef,
        'too many, by default');
    is_error($srv->get('/v1/closed/models'), 503, 'server_error', undef,
        'closed');
    is_error($srv->request(DELETE => '/v1/models'), 405, $bad, undef,
        'a method');
    return;
}


# nginx ends the connection; a client sees that it is lost, and tries again
sub slow {
    my $conn = $srv->conn;
    $conn->send_raw("POST /v1/slow/chat/completions HTTP/1.1\r\nHost: x\r\n"
        . "Authorization: Bearer $CLIENT_KEY\r\nContent-Length: 9\r\n\r\n{");
    is($conn->read_until(qr/./, 60), undef, 'a body that does not come');
    ok($conn->{eof}, 'is the end');
    return;
}


# No location is known then: they are told by the beginning of the URI
sub early {
    my $host = "Host: localhost\r\n";
    my $long = 'x' x 40_000;
    is_error(raw("TRACE /v1/models HTTP/1.1\r\n$host\r\n"), 405, $bad, undef,
        'TRACE');
    is_error(raw("GET /v1/models HTTP/1.1\r\n${host}A: $long\r\n\r\n"), 400,
        $bad, undef, 'a header too long');
    is_error(raw("GET /v1/models HTTP/1.1\r\n\r\n"), 400, $bad, undef,
        'no host');
    is_error(raw("GET /v1/models HTTP/1.1\r\n${host}Content-Length: x\r\n"
        . "\r\n"), 400, $bad, undef, 'a length that is none');
    is_error(raw("POST /v1/models HTTP/1.1\r\n${host}Content-Length: 1\r\n"
        . "Transfer-Encoding: chunked\r\n\r\n"), 400, $bad, undef,
        'two lengths');
    is_error(raw("POST /v1/models HTTP/1.1\r\n${host}Transfer-Encoding: x\r\n"
        . "\r\n"), 501, 'server_error', undef, 'an unknown coding');
    is_error(raw("GET /v1/models HTTP/7.0\r\n$host\r\n"), 505, 'server_error',
        undef, 'a version');
    is_error(raw("GET /v1/$_ HTTP/1.1\r\n$host\r\n"), 414, $bad, undef,
        'a URI too long') for $long, "models?a=$long", "models/$long?a=b";
    is_error(raw("GET http://x/v1/$long HTTP/1.1\r\n$host\r\n"), 414, $bad,
        undef, 'with a host');
    is_error(raw("GET /v1/mod\x01els HTTP/1.1\r\n$host\r\n"), 400, $bad, undef,
        'a URI that is none');
    is_error(raw("GET /v1/../../x HTTP/1.1\r\n$host\r\n"), 400, $bad, undef,
        'one that leaves the root');
    return;
}


# All else keeps its form
sub others {
    my $long = 'x' x 40_000;
    for my $uri ("/chat?prompt=$long", "/v10/$long", "/v/$long", "/$long/v1/x",
        "/?/v1/$long")
    {
        my $answer = raw("GET $uri HTTP/1.1\r\nHost: x\r\n\r\n");
        is($answer->status, 414, substr($uri, 0, 9));
        is(ref $answer->json->{error}, 'ARRAY', 'as clients have it');
    }
    for my $line ("GET\r\n\r\n", "\x16\x03\x01\r\n\r\n", "GET  \r\n\r\n") {
        my $answer = raw($line);
        is($answer->status, 400, 'no request');
        is(ref $answer->json->{error}, 'ARRAY', 'as clients have it');
    }
    my $answer = raw("GET /v1/worker_job_request?a=$long HTTP/1.1\r\n\r\n");
    is($answer->json->{cmd}, 'error', 'workers have theirs');
    return;
}


# The head is in another place there
sub http2 {
    SKIP: {
        skip('needs curl with HTTP/2', 2)
            if `curl --version 2>/dev/null` !~ /^Features:.*\bHTTP2\b/m;
        for my $case (['/v1/../../x', 'HASH'], ['/v/../../x', 'ARRAY']) {
            my ($path, $shape) = @$case;
            open my $out, '-|', qw(curl -s -S --max-time 60 --path-as-is
                --http2-prior-knowledge), "http://127.0.0.1:$port$path"
                or die "curl: $!\n";
            my $json = decode_json(do { local $/; <$out> });
            is(ref $json->{error}, $shape, "HTTP/2: $path");
        }
    }
    return;
}
