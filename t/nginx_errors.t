# Errors that nginx makes, not the module: too long a URI, too many requests, a
# body too large, pages that the administrator has set for all of his sites.
# Guards against an HTML page where a client library parses JSON; an error_page
# of server{} (a 50x.html stands in many a configuration) is enough for that.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $file = 'endpoints/echo/aime_api_endpoint.cfg';
my $srv = start_nginx(
    http => 'limit_req_zone $binary_remote_addr zone=one:64k rate=1r/m;',
    server => <<"CONF");
error_page 400 403 404 405 413 414 500 501 502 503 504 /page.html;
location = /page.html { return 200 "<html>a page</html>"; }
location /plain { deny all; }
location /own {
    aime_api_endpoint $file;
    client_max_body_size 10;
    location /own/denied { aime_api_endpoint $file; deny all; }
}
location /rare { aime_api_endpoint $file; limit_req zone=one; }
location /busy/ { aime_api_info; limit_req zone=one; }
location /closed { aime_api_endpoint $file; return 503; }
CONF

is($srv->get('/plain')->body, '<html>a page</html>', 'a page of the server');
client_routes();
other_routes();
too_many();
long_uri();
done_testing();


sub is_json {
    my ($status, $answer, $what) = @_;
    is($answer->status, $status, "$what: $status");
    is($answer->header('Content-Type'), 'application/json', 'JSON');
    my $json = eval { $answer->json } // {};
    ok($json->{error}, 'with an error') or diag $answer->body;
    is($answer->header('Content-Length'), length $answer->body, 'its length');
    return $json;
}

sub is_client_error {
    my ($status, $answer, $what) = @_;
    is(ref is_json($status, $answer, $what)->{error}, 'ARRAY', 'a list');
    return;
}


sub client_routes {
    is_client_error(404, $srv->get('/own/none'), 'no route');
    is_client_error(404, $srv->get('/echo/none'), 'in a folder of endpoints');
    is_client_error(405, $srv->request(PUT => '/own'), 'a method');
    is_client_error(400, $srv->post('/own', '{'), 'our own error');
    is_client_error(413, $srv->post('/own', 'x' x 11), 'too large');
    is_client_error(413, $srv->post('/own', "b\r\n" . 'x' x 11
        . "\r\n0\r\n\r\n", 'Transfer-Encoding' => 'chunked'), 'in chunks');
    is_client_error(403, $srv->get('/own/denied'), 'denied');
    is_client_error(503, $srv->get('/closed/login'), 'closed');
    return;
}


sub other_routes {
    is_json(404, $srv->get('/api/none'), 'information');
    my $answer = $srv->post('/worker_none', '{}');
    is($answer->header('Content-Type'), 'application/json', 'workers: JSON');
    is((eval { $answer->json } // {})->{cmd}, 'error', 'with cmd');
    return;
}


sub too_many {
    my @answers = map { $srv->get("/rare/login?key=$CLIENT_KEY") } 1, 2;
    is($answers[0]->status, 200, 'the first of many');
    is_client_error(503, $answers[1], 'too many requests');
    is_json(503, $srv->get('/busy/endpoints'), 'information');
    return;
}


# nginx knows no URI then, and so no location
sub long_uri {
    my $long = 'x' x 20000;
    is_client_error(414, $srv->get("/echo?key=$CLIENT_KEY&prompt=$long"),
        'a URI that is too long');
    return;
}
