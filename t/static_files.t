# Files and folders that [STATIC] of server and endpoint files names.  Guards
# against three traps: a folder that gives away what lies beside it, or the keys
# that lie in it; pages that do not load since their type, or a slash, is wrong;
# and a page that takes a route from the protocol.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $srv = start_nginx(
    start => 0,
    http => "types { text/html html; text/css css; }\n"
        . "open_file_cache max=100;\n",
    server => "location /links/ { disable_symlinks on; }\n"
        . "location /closed/ { deny all; }\n"
        . "location /own/ { return 200 own; }\n"
        . "location /page/ { error_page 404 /none.html; }\n"
        . "location ~ ^/(?:demo|pictures)/.*\\.(?:html|txt)\$ {\n"
        . "    if (\$arg_if) { break; }\n}\n",
    server_toml => server_toml(other => <<'TOML'),
[STATIC]
'/hello.txt' = { file = './static/hello.txt' }
'/demo' = { file = 'static/demo.html' }
'/demo/' = { path = 'static' }
'/demo/deep' = { path = 'other' }
'/all' = { path = '.' }
'/links' = { path = 'static' }
'/closed' = { path = 'static' }
'/own' = { path = 'static' }
'/page' = { path = 'static' }
'/none.html' = { file = 'static/none.html' }
'/api/docs' = { path = 'static' }
'/api/endpoints' = { file = 'static/hello.txt' }
'/echo/progress' = { file = 'static/hello.txt' }
TOML
    endpoints => {echo => {other => <<'TOML'}, text => {}});
[STATIC]
'/echo' = { path = './page' }
'/echo/page/' = { path = './page' }
'/echo-style.css' = { file = '../../static/demo.css' }
TOML

my $conf = $srv->dir . '/conf';
my $text = join '', map { "line $_ of hello\n" } 1 .. 20;
spew("$conf/static/$_->[0]", $_->[1]) for ['hello.txt', $text],
    ['demo.html', '<p>demo'], ['demo.css', 'p { margin: 0 }'], ['empty', ''],
    ['index.html', '<p>index'], ['sub/index.html', '<p>sub'],
    ['no/index.html/x', ''], ['.htpasswd', 'hash'], ['.git/config', 'url'],
    ['old.cfg~', 'key'], ['a.CFG', 'key'], ['a b', 'space'], ['a%2fb', 'odd'];
my $large = join '', map { "$_\n" } 1 .. 400_000;
spew("$conf/static/large", $large);
spew("$conf/static/none.html", '<p>none');
spew("$conf/other/name.html", '<p>other');
spew("$conf/endpoints/echo/page/index.html", '<p>echo');
spew("$conf/keys.txt", 'keys of others');
spew("$conf/$_", 'a copy with keys') for qw(server.toml~ Server.toml.bak);
symlink '../keys.txt', "$conf/static/link.txt" or die "symlink: $!\n";
symlink '../server.toml', "$conf/static/linked" or die "symlink: $!\n";
link "$conf/endpoints/text/aime_api_endpoint.cfg", "$conf/static/hard"
    or die "link: $!\n";
$srv->start;

files();
folders();
conditions();
methods();
hostile();
secrets();
symlinks();
routes();
locations();
done_testing();


sub gives {
    my ($path, $body, $type, $name) = @_;
    my $answer = $srv->get($path);
    is($answer->status, 200, "$path: 200") or return;
    is($answer->body, $body, "$path: the file") if defined $body;
    is($answer->header('Content-Type'), $type, "$path: $type") if $type;
    return $answer;
}

sub refused {
    my ($path, $status) = @_;
    my $answer = $srv->get($path);
    like($answer->status, qr/^(?:$status)$/, "$path: $status");
    unlike($answer->body, qr/key|hash|url|AUTH|\[STATIC\]/, '… without it');
    return $answer;
}


sub files {
    gives('/hello.txt', $text, 'text/plain');
    gives('/hello.txt?x=1', $text, 'text/plain');
    gives('/hello.txt/', $text, 'text/plain');
    gives('/demo', '<p>demo', 'text/html');
    gives('/echo-style.css', 'p { margin: 0 }', 'text/css');
    refused('/hello.txt/more', 404);
    refused('/hello.txtx', 404);
    unlike($srv->get('/hello.txtx')->body, qr/"error"/, "nginx's own 404");
    return;
}


sub folders {
    gives('/demo/', '<p>index', 'text/html');
    gives('/demo/hello.txt', $text, 'text/plain');
    gives('/demo/empty', '', 'text/plain');
    ok($srv->get('/demo/large')->body eq $large, 'a large file');
    gives('/demo/a%20b', 'space');
    gives('/demo/a%252fb', 'odd');
    gives('/demo/sub/', '<p>sub', 'text/html');
    gives('/demo/deep/name.html', '<p>other', 'text/html');
    refused('/demo/deep/hello.txt', 404);
    refused('/demo/deeper', 404);
    refused($_, 404) for qw(/demo/none /demo/none/ /demo/hello.txt/
        /demo/no/ /demo/hello.txt/x), '/demo/' . 'x' x 300;
    my $answer = refused('/demo/sub?a=1&b=%20', 301);
    is($answer->header('Location'), 'http://localhost:' . $srv->port
        . '/demo/sub/?a=1&b=%20', 'a folder has a slash at its end');
    is($srv->get('/all/static')->header('Location'), 'http://localhost:'
        . $srv->port . '/all/static/', 'without arguments, too');
    is($srv->get('/links')->header('Location'), 'http://localhost:'
        . $srv->port . '/links/', 'also where it is the entry');
    return;
}


sub conditions {
    my $answer = gives('/demo/hello.txt');
    my ($tag, $date) = map { $answer->header($_) } qw(ETag Last-Modified);
    ok($tag && $date, 'ETag and Last-Modified');
    my @path = (GET => '/demo/hello.txt', undef);
    is($srv->request(@path, 'If-None-Match' => $tag)->status, 304,
        'If-None-Match');
    is($srv->request(@path, 'If-None-Match' => '"other"')->status, 200,
        '… of another');
    is($srv->request(@path, 'If-Modified-Since' => $date)->status, 304,
        'If-Modified-Since');
    is($srv->request(@path, 'If-Match' => '"other"')->status, 412, 'If-Match');
    my $part = $srv->request(@path, Range => 'bytes=5-10');
    is($part->status, 206, 'Range');
    is($part->body, substr($text, 5, 6), '… those bytes');
    is($part->header('Content-Range'), 'bytes 5-10/' . length $text, '… named');
    is($srv->request(@path, Range => 'bytes=9999-')->status, 416, '… beyond');
    my $head = $srv->request(HEAD => '/demo/hello.txt');
    is($head->status, 200, 'HEAD');
    is($head->header('Content-Length'), length $text, '… its length');
    is($head->header('ETag'), $tag, '… its tag');
    is($head->body, '', '… no body');
    return;
}


sub methods {
    my $conn = $srv->conn;
    for my $method (qw(POST PUT DELETE OPTIONS)) {
        my $answer = $conn->request($method => '/demo/hello.txt', 'body');
        is($answer->status, 405, "$method: 405");
        is($answer->header('Allow'), 'GET, HEAD', '… with Allow');
    }
    my $answer = $conn->request(GET => '/demo/hello.txt', 'x' x 70_000);
    is($answer->body, $text, 'a body is no matter');
    is($conn->request(GET => '/demo')->body, '<p>demo',
        'the connection goes on');
    return;
}


sub hostile {
    refused($_, '400|403|404') for qw(
        /demo/../keys.txt /demo/%2e%2e/keys.txt /demo/..%2fkeys.txt
        /demo/.%2e/keys.txt /demo/sub/../../keys.txt /demo/..%5ckeys.txt
        /demo/%252e%252e/keys.txt /demo/%c0%ae%c0%ae/keys.txt
        /demo/..;/keys.txt /demo/../../../../../../etc/passwd
        /demo/hello.txt%00.html /demo/%00 /demo%00/hello.txt
        /demo/.htpasswd /demo/.git/config /demo/%2ehtpasswd /demo/sub/./../.git
        /demo/old.cfg~ /demo/a.CFG /demo/a%2ecfg);
    gives('/demo/sub/../hello.txt', $text);
    gives('/demo/./hello.txt', $text);
    gives('//demo//hello.txt', $text);
    return;
}


# The keys are in conf/, and /all is conf/
sub secrets {
    gives('/all/keys.txt', 'keys of others');
    refused($_, 404) for qw(/all/server.toml /all/SERVER.TOML
        /all/static/../server.toml /all/endpoints/echo/aime_api_endpoint.cfg
        /demo/linked /demo/hard /all/server.toml~ /all/Server.toml.bak);
    return;
}


sub symlinks {
    gives('/demo/link.txt', 'keys of others');
    refused('/links/link.txt', 403);
    gives('/links/hello.txt', $text);
    return;
}


sub routes {
    my $client = $srv->client(endpoint => 'echo');
    my $worker = $srv->worker(job_type => 'echo')->login;
    my $id = $client->job({prompt => 'p'});
    ok($id, 'an endpoint is above the folder of the same URI');
    is($client->progress($id)->json->{job_state}, 'queued',
        'its routes are above files');
    my $answer = $srv->get('/echo/other');
    is($answer->status, 404, 'below it: no folder of its own URI');
    ok($answer->json->{error}, '… but JSON');
    gives('/echo/page/', '<p>echo', 'text/html');
    is($srv->get('/echo/page/none')->status, 404, 'a file missing below it');
    is(ref $srv->get('/api/endpoints')->json, 'HASH', 'information routes');
    gives('/api/docs/hello.txt', $text);
    ok($srv->get('/api/none')->json->{error}, '… the others are JSON');
    return;
}


sub locations {
    refused('/closed/hello.txt', 403);
    is($srv->get('/own/hello.txt')->body, 'own', 'what a location does itself');
    my $answer = $srv->get('/page/more');
    is($answer->status, 404, 'error_page: the status stays');
    is($answer->body, '<p>none', '… and its page is a file, too');
    ok($srv->get('/echo/more')->json->{error}, '… not for routes');
    gives('/demo/hello.txt?if=1', $text, 'text/plain');
    return;
}
