# Directives that nginx must refuse.  A mistake that is let through would show
# only when the first client comes, as a 404 or a 503 that nobody understands;
# a message without a line leaves people searching.

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
>>> same.toml
[ENDPOINT]
name = "a"
[WORKER]
job_type = "b"
>>> other_key.toml
[ENDPOINT]
name = "c"
[WORKER]
job_type = "a"
auth_key = "another"
>>> empty/other.toml
[ENDPOINT]
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

=== TEST 1: a server file that is not there
--- http_config
aime_api_zone aime 8m;
aime_api_server_config ../html/none.toml;
--- config
location /a { aime_api_endpoint ../html/a.toml; }
--- must_die
--- error_log
none.toml" failed (2: No such file or directory)

=== TEST 2: an endpoint file that is not there
--- config
location /a { aime_api_endpoint ../html/none.toml; }
--- must_die
--- error_log
none.toml" failed (2: No such file or directory)

=== TEST 3: a folder as endpoint file
--- config
location /a { aime_api_endpoint ../html/empty; }
--- must_die
--- error_log
empty" is no file

=== TEST 4: no zone
--- http_config
aime_api_server_config ../html/server.toml;
--- config
location /a { aime_api_endpoint ../html/a.toml; }
--- must_die
--- error_log
no "aime_api_zone" is defined

=== TEST 5: no zone, and only a worker interface
--- http_config

--- config
location /worker { aime_api_worker_interface; }
--- must_die
--- error_log
no "aime_api_zone" is defined

=== TEST 6: two zones
--- http_config
aime_api_zone aime 8m;
aime_api_zone more 8m;
aime_api_server_config ../html/server.toml;
--- config
location /a { aime_api_endpoint ../html/a.toml; }
--- must_die
--- error_log
"aime_api_zone" directive is duplicate

=== TEST 7: a zone that is too small
--- http_config
aime_api_zone aime 64k;
aime_api_server_config ../html/server.toml;
--- config
location /a { aime_api_endpoint ../html/a.toml; }
--- must_die
--- error_log
zone "aime" is too small: 64k

=== TEST 8: a zone of no size
--- http_config
aime_api_zone aime much;
aime_api_server_config ../html/server.toml;
--- config
location /a { aime_api_endpoint ../html/a.toml; }
--- must_die
--- error_log
invalid zone size "much"

=== TEST 9: two server files
--- http_config
aime_api_zone aime 8m;
aime_api_server_config ../html/server.toml;
aime_api_server_config ../html/server.toml;
--- config
location /a { aime_api_endpoint ../html/a.toml; }
--- must_die
--- error_log
"aime_api_server_config" directive is duplicate

=== TEST 10: one name in two files
--- config
location /a { aime_api_endpoint ../html/a.toml; }
location /same { aime_api_endpoint ../html/same.toml; }
--- must_die
--- error_log
same.toml": endpoint "a" is defined in

=== TEST 11: one job type with two keys
--- config
location /a { aime_api_endpoint ../html/a.toml; }
location /c { aime_api_endpoint ../html/other_key.toml; }
--- must_die
--- error_log
job type "a" has another auth_key in

=== TEST 12: a folder without endpoints
--- config
aime_api_endpoints ../html/empty;
--- must_die
--- error_log
no "aime_api_endpoint.cfg" is in

=== TEST 13: a folder that is not there
--- config
aime_api_endpoints ../html/nowhere;
--- must_die
--- error_log
nowhere" failed

=== TEST 14: sessions that expire at once
--- http_config
aime_api_zone aime 8m;
aime_api_server_config ../html/server.toml;
aime_api_session_timeout 0;
--- config
location /a { aime_api_endpoint ../html/a.toml; }
--- must_die
--- error_log
"aime_api_session_timeout" directive must not be 0

=== TEST 15: sessions that expire soon
--- http_config
aime_api_zone aime 8m;
aime_api_server_config ../html/server.toml;
aime_api_session_timeout soon;
--- config
location /a { aime_api_endpoint ../html/a.toml; }
--- must_die
--- error_log
"aime_api_session_timeout" directive invalid value
