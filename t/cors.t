# Browsers on other origins.  Guards against an error without the header (the
# page's script would see "network error" in place of the reason), a preflight
# that is refused for want of credentials, a cache that gives one origin's
# answer to another, and worker routes that are open to scripts.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $cfg = 'endpoints/echo/aime_api_endpoint.cfg';
my $port = AimeNginx::free_port();
my $srv = start_nginx(aime_locations => <<"CONF", http => <<"HTTP");
location /echo { aime_api_endpoint $cfg; }
location /off { aime_api_endpoint $cfg; aime_api_cors off; }
location /one { aime_api_endpoint $cfg; aime_api_cors https://a.example; }
location /small { aime_api_endpoint $cfg; client_max_body_size 10; }
location /api/ { aime_api_info; }
location /worker { aime_api_worker_interface; }
location /plain { return 200 "plain"; }
CONF
server {
    listen 127.0.0.1:$port;
    aime_api_cors https://b.example;
    aime_api_endpoints endpoints;
    location /api/ { aime_api_info; }
    location /any/ { aime_api_info; aime_api_cors *; }
}
HTTP
my @from = (Origin => 'https://a.example');
my @preflight = (@from, 'Access-Control-Request-Method' => 'POST',
    'Access-Control-Request-Headers' => 'authorization, x-more');

default_origin();
errors();
preflight();
one_origin();
off();
inherited();
done_testing();


sub origin_of { return $_[0]->header('Access-Control-Allow-Origin') }


sub default_origin {
    my $worker = $srv->worker(job_type => 'echo')->login;
    my $conn = $srv->client->park({prompt => 'p'});
    my ($job) = $worker->jobs;
    $worker->result($job->{job_id}, {text => 't'});
    my %answer = (waiting => $conn->read_response, login =>
        $srv->get("/echo/login?key=$CLIENT_KEY", undef, @from));
    $answer{$_} = $srv->get($_, undef, @from) for '/api/endpoints',
        '/api/validate_key?key=x', '/api/echo';
    for my $what (sort keys %answer) {
        is($answer{$what}->status, 200, $what);
        is(origin_of($answer{$what}), '*', 'for any origin');
        is($answer{$what}->header('Vary'), undef, 'and so without Vary');
    }
    is(origin_of($srv->get('/plain', undef, @from)), undef,
        'not in locations that are none of ours');
    is(origin_of($srv->post('/worker_login', $worker->login_body, @from)),
        undef, 'nor on worker routes');
    is(origin_of($srv->post('/worker_login', 'x', @from)), undef,
        'even in an error');
    is(origin_of($srv->get('/worker_nothing', undef, @from)), undef,
        'or where there is none');
    return;
}


sub errors {
    my %request = (400 => [POST => '/echo', '{'], 401 => [POST => '/echo',
        '{"key": "x"}'], 404 => [GET => '/echo/none'], 405 => [PUT => '/echo'],
        413 => [POST => '/small', 'x' x 11]);
    for my $status (sort keys %request) {
        my ($method, $path, $body) = @{$request{$status}};
        my $answer = $srv->request($method, $path, $body, @from);
        is($answer->status, $status, "$method $path: $status");
        is(origin_of($answer), '*', 'has the header');
    }
    is(origin_of($srv->get('/api/none', undef, @from)), '*', 'information too');
    return;
}


sub preflight {
    for my $path (qw(/echo /echo/login /echo/progress /echo/cancel
        /api/endpoints /api/validate_key /api/echo)) {
        my $answer = $srv->request(OPTIONS => $path, undef, @preflight);
        like($answer->status, qr/^20[04]$/, "preflight of $path");
        is($answer->body, '', 'no body');
        is(origin_of($answer), '*', 'the origin');
        like($answer->header('Access-Control-Allow-Methods'), qr/\bPOST\b/,
            'the method');
        my $allowed = $answer->header('Access-Control-Allow-Headers');
        like($allowed, qr/\b$_\b/i, "the header $_")
            for qw(authorization x-more);
        ok($answer->header('Access-Control-Max-Age') > 0, 'for a while');
    }
    my $evil = $srv->request(OPTIONS => '/echo', undef, @from,
        'Access-Control-Request-Headers' => 'a"; <b>');
    unlike($evil->header('Access-Control-Allow-Headers'), qr/</,
        'what is no list of headers is not repeated');
    my $worker = $srv->request(OPTIONS => '/worker_login', undef, @preflight);
    is($worker->status, 405, 'worker routes have none');
    is(origin_of($worker), undef, 'at all');
    return;
}


sub one_origin {
    my %request = (200 => [GET => "/one/login?key=$CLIENT_KEY"],
        401 => [POST => '/one', '{"key": "x"}'], 404 => [GET => '/one/none'],
        204 => [OPTIONS => '/one']);
    for my $status (sort keys %request) {
        my ($method, $path, $body) = @{$request{$status}};
        my $answer = $srv->request($method, $path, $body, @preflight);
        is($answer->status, $status, "$method $path: $status");
        is(origin_of($answer), 'https://a.example', 'for that origin');
        like($answer->header('Vary') // '', qr/\bOrigin\b/, 'and with Vary');
    }
    isnt(origin_of($srv->get('/one/login', undef,
        Origin => 'https://evil.example')), 'https://evil.example', 'no other');
    return;
}


sub off {
    my $answer = $srv->get("/off/login?key=$CLIENT_KEY", undef, @from);
    is($answer->status, 200, 'off');
    is(origin_of($answer), undef, 'no header');
    $answer = $srv->request(OPTIONS => '/off', undef, @preflight);
    is($answer->status, 405, 'no preflight');
    is(origin_of($answer), undef, 'without header');
    return;
}


sub inherited {
    my %want = ("/echo/login?key=$CLIENT_KEY" => 'https://b.example',
        '/api/endpoints' => 'https://b.example', '/any/endpoints' => '*');
    for my $path (sort keys %want) {
        my $answer = AimeHttp->new(port => $port)->request(GET => $path);
        is($answer->status, 200, $path);
        is(origin_of($answer), $want{$path}, 'as the server or location says');
    }
    return;
}
