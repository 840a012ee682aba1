# Each refusal of the client routes: its status, and exactly the JSON that goes
# with it.  Client libraries parse every answer and look for the texts; one HTML
# page, or an error that is no list, breaks them.  And a client must learn of
# all its mistakes at once.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(true false);
use Test::More;
use AimeTest;

my $inputs = <<'TOML';
prompt = { type = "string", required = true, max_length = 40 }
n = { type = "integer", minimum = 0, maximum = 10 }
mode = { type = "selection", supported = ["fast", "slow"] }
TOML
my $srv = start_nginx(endpoints => {
    echo => {inputs => $inputs}, other => {clients =>
        'authorization_keys = {me = "my-key"}'},
    bare => "[ENDPOINT]\nname = \"bare\"\n[WORKER]\njob_type = \"echo\"\n",
    image => {inputs => 'picture = {type = "image"}'}},
    server => <<'CONF');
location /small {
    aime_api_endpoint endpoints/echo/aime_api_endpoint.cfg;
    client_max_body_size 100;
}
location /denied {
    aime_api_endpoint endpoints/echo/aime_api_endpoint.cfg;
    deny all;
}
CONF
my %key = (key => $CLIENT_KEY);

credentials();
json();
parameters();
nginx_errors();
not_yet();
done_testing();


# That request gives that status and exactly this JSON
sub gives {
    my ($status, $errors, @request) = @_;
    my $answer = $srv->request(@request);
    my $what = "$request[0] $request[1]";
    is($answer->status, $status, "$what: $status") or diag $answer->body;
    is($answer->header('Content-Type'), 'application/json', 'JSON');
    my ($endpoint) = $request[1] =~ m{^/(\w+)};
    is_deeply($answer->json, {success => false, error => $errors,
        ep_version => $endpoint eq 'bare' ? undef : 1}, "$what: exactly");
    return $answer;
}


sub credentials {
    my @session = ('API Key missing and client session authentication key not '
        . 'registered in API Server', 'Client session authentication key not '
        . 'registered in API Server');
    for my $route ('', '/progress', '/cancel') {
        my %job = $route ? (job_id => 'x') : (prompt => 'p');
        gives(401, ['Key not valid'], POST => "/echo$route",
            {key => 'wrong', %job});
        gives(401, \@session, POST => "/echo$route",
            {client_session_auth_key => 'wrong', %job});
        gives(403, ['Client not authorized for endpoint echo!'],
            POST => "/echo$route", {key => 'my-key', %job});
    }
    gives(401, \@session, GET => '/echo?prompt=p&key=');
    gives(401, \@session, POST => '/bare', {});
    gives(401, ['Key not valid'], POST => '/echo', {key => 5, prompt => 'p'});
    return;
}


sub json {
    my $text = 'Invalid JSON in the request body: ';
    my %body = ('{"a": tru}' => 'invalid literal at byte 9',
        '{"a": 1' => 'unexpected end of text at byte 7',
        '{"a": 1} x' => 'unexpected text after the value at byte 9',
        "{\"a\": \"\xff\"}" => 'invalid UTF-8 at byte 7',
        'a=b' => 'object expected at byte 0', '[{}]' => 'object expected at '
        . 'byte 0', 'false' => 'object expected at byte 0');
    for my $body (sort keys %body) {
        gives(400, ["$text$body{$body}"], POST => '/echo', $body);
    }
    gives(400, ["$text$body{'[{}]'}"], POST => '/echo/progress', '[{}]');
    gives(400, ['The request has no body, a JSON object is expected'],
        POST => '/echo', @$_) for [], [''];
    return;
}


sub parameters {
    my @errors = @{$srv->post('/echo', {%key, n => 11, mode => 'quick',
        first => 1, second => undef})->json->{error}};
    is(@errors, 4, 'all the violations at once') or diag explain \@errors;
    is((grep { /prompt.* is required/ } @errors), 1, 'one that is missing');
    is((grep { /n: 11 .*maximum of 10/ } @errors), 1, 'one out of range');
    is((grep { /mode: "quick" / } @errors), 1, 'one that is not supported');
    is((grep { /: first, second$/ } @errors), 1, 'and those that are unknown');

    gives(400, ['Unknown parameter: first'], POST => '/echo',
        {%key, prompt => 'p', first => undef});
    gives(400, ['Unknown parameter: first'],
        GET => "/echo?key=$CLIENT_KEY&prompt=p&first");
    my $long = $srv->post('/echo', {%key, prompt => 'x' x 500})->json;
    like($long->{error}[0], qr/^Parameter prompt: "x{1,30}\.\.\." is longer/,
        'the value is cut');
    gives(400, ['No job_id given'], POST => '/echo/progress', {%key});
    gives(400, ['No job_id given'], GET => "/echo/progress?key=$CLIENT_KEY");
    gives(400, ['No job_id given'], POST => '/echo/cancel', {%key});
    return;
}


sub nginx_errors {
    gives(404, ['Not found'], GET => '/echo/nothing');
    gives(404, ['Not found'], POST => '/echo/login/more', '{}');
    gives(404, ['Not found'], GET => '/smaller');
    gives(403, ['Access denied'], POST => '/denied', {%key});
    my $large = ['The request body is larger than 100 bytes'];
    gives(413, $large, POST => '/small', 'x' x 101);
    gives(413, $large, POST => '/small', "c8\r\n" . 'x' x 200 . "\r\n0\r\n\r\n",
        'Transfer-Encoding' => 'chunked');
    gives(400, [$srv->post('/small', 'x' x 100)->json->{error}[0]],
        POST => '/small', 'x' x 100);
    return;
}


sub not_yet {
    gives(501, ['Parameter picture: type image is not supported yet'],
        POST => '/image', {%key, picture => 'data:image/png;base64,AAAA'});
    return;
}
