# The runner itself, on nginx as it is: a runner that lets a failure through
# would make every other file of this folder pass.

use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';

$ENV{TEST_NGINX_SERVROOT} ||= server_root();
$ENV{TEST_NGINX_SERVER_PORT} ||= server_port();

repeat_each(2);
no_long_string();
run_tests();

__DATA__

=== TEST 1: status, body and headers
--- config
location = /hello {
    add_header X-Name value;
    return 200 "hello\n";
}
--- request
GET /hello
--- response_headers
X-Name: value
!X-Other
--- response_headers_like
Server: nginx.*
--- response_body
hello
--- no_error_log
[error]



=== TEST 2: several requests, each with its own expectations
--- config
location = /a { return 200 "a\n"; }
location = /b { return 404 "b\n"; }
--- request eval
["GET /a", "GET /b"]
--- error_code eval
[200, 404]
--- response_body eval
["a\n", "b\n"]



=== TEST 3: a body, more headers and filters
--- config
location = /echo {
    client_body_in_single_buffer on;
    proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/back;
    proxy_set_header X-Length $content_length;
}
location = /back { return 201 "$http_x_length $http_x_more"; }
--- request
POST /echo
{"a": 1}
--- more_headers
X-More: yes
Content-Type: text/plain
--- error_code: 201
--- response_body chomp
8 yes



=== TEST 4: files, and a body that is matched
--- config
location /files/ { alias $TEST_NGINX_SERVROOT/html/sub/; }
--- user_files
>>> sub/one.txt
the first
>>> sub/two.txt
the second
--- request eval
["GET /files/one.txt", "GET /files/two.txt", "HEAD /files/two.txt"]
--- response_body_like eval
[qr/^the first$/, qr/^the second$/, qr/^$/]



=== TEST 5: http_config, a log line, and chunks
--- http_config
map $uri $mapped { default "mapped"; }
ssi on;
--- config
location = /missing.txt { root html; }
location = /ssi.html { root html; ssi_types *; }
--- user_files
>>> ssi.html
<!--# echo var="mapped" -->
--- request eval
["GET /missing.txt", "GET /ssi.html"]
--- error_code eval
[404, 200]
--- response_body_like eval
[qr/404 Not Found/, qr/mapped/]
--- error_log eval
[qr/open\(\) ".*missing\.txt" failed/, "No such file"]
--- timeout: 5



=== TEST 6: a raw request that is none
--- config
location = / { return 200; }
--- raw_request eval
"GET / HTTP/1.1\r\n\r\n"
--- error_code: 400
--- response_body_unlike: hello



=== TEST 7: a configuration that must be refused
--- config
location = /x { return nonsense; }
--- must_die
--- error_log
[emerg]
invalid return code "nonsense"
nginx.conf:



=== TEST 8: an unknown directive of the main block
--- main_config
no_such_directive on;
--- must_die
--- error_log eval
qr/unknown directive "no_such_directive" in .*nginx\.conf:\d+/
