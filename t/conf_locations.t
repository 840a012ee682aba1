# Directives in places where they cannot work.  One that is accepted there would
# be without effect, or take the place of another, and nobody would be told.

use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';

$ENV{TEST_NGINX_SERVROOT} ||= server_root();
$ENV{TEST_NGINX_SERVER_PORT} ||= server_port();

my $files = <<'TOML';
>>> server.toml
[WORKERS]
default_auth_key = "secret"
>>> a.toml
[ENDPOINT]
name = "a"
[WORKER]
job_type = "a"
TOML

add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(user_files => $files);
    $block->set_value(http_config => "aime_api_zone aime 8m;\n"
        . 'aime_api_server_config ../html/server.toml;')
        if !defined $block->http_config;
    $block->set_value(error_log => [split(/\n/, $block->error_log),
        qr/ in .*nginx\.conf:\d+$/]);
});

no_long_string();
run_tests();

__DATA__

=== TEST 1: two endpoints in one location
--- config
location /a {
    aime_api_endpoint ../html/a.toml;
    aime_api_endpoint ../html/a.toml;
}
--- must_die
--- error_log
"aime_api_endpoint" directive is duplicate

=== TEST 2: an endpoint and the worker interface in one location
--- config
location /a {
    aime_api_endpoint ../html/a.toml;
    aime_api_worker_interface;
}
--- must_die
--- error_log
"aime_api_worker_interface" directive conflicts with another

=== TEST 3: information and an endpoint in one location
--- config
location /api/ {
    aime_api_info;
    aime_api_endpoint ../html/a.toml;
}
--- must_die
--- error_log
"aime_api_endpoint" directive conflicts with another

=== TEST 4: an endpoint in a regex location
--- config
location ~ ^/a { aime_api_endpoint ../html/a.toml; }
--- must_die
--- error_log
"aime_api_endpoint" directive is not allowed in a location given by a regular

=== TEST 5: information in a regex location
--- config
location ~ ^/api { aime_api_info; }
--- must_die
--- error_log
"aime_api_info" directive is not allowed in a location given by a regular

=== TEST 6: an endpoint outside of a location
--- config
aime_api_endpoint ../html/a.toml;
--- must_die
--- error_log
"aime_api_endpoint" directive is not allowed here

=== TEST 7: an origin that is none
--- config
aime_api_cors example.com;
location /a { aime_api_endpoint ../html/a.toml; }
--- must_die
--- error_log
invalid origin "example.com"

=== TEST 8: an origin with a line break
--- config
aime_api_cors "https://a.example\nX: y";
location /a { aime_api_endpoint ../html/a.toml; }
--- must_die
--- error_log
invalid origin "https://a.example

=== TEST 9: two origins
--- config
aime_api_cors *;
aime_api_cors off;
location /a { aime_api_endpoint ../html/a.toml; }
--- must_die
--- error_log
"aime_api_cors" directive is duplicate

=== TEST 10: streams and an endpoint in one location
--- config
location /a {
    aime_api_stream;
    aime_api_endpoint ../html/a.toml;
}
--- must_die
--- error_log
"aime_api_endpoint" directive conflicts with another

=== TEST 11: streams outside of a location
--- config
aime_api_stream;
--- must_die
--- error_log
"aime_api_stream" directive is not allowed here

=== TEST 12: a time that is none
--- config
location = /stream_progress {
    aime_api_stream;
    aime_api_stream_keepalive often;
}
--- must_die
--- error_log
"aime_api_stream_keepalive" directive invalid value
