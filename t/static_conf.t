# What is said of [STATIC] and [JINJA] at the start, and which of several
# entries counts.  Guards against a demo page that fails without a word, against
# a start that fails for want of one, and against raw templates and style sheets
# that browsers get in place of compiled ones.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my ($second, $third) = map { AimeNginx::free_port() } 1 .. 2;
my $srv = start_nginx(
    start => 0,
    http => "server { listen 127.0.0.1:$second;\n"
        . "location /v3/ { aime_api_endpoint one.toml; } }\n"
        . "server { listen 127.0.0.1:$third; location / { } }\n",
    aime_locations => <<'CONF',
location /v2/ { aime_api_endpoints endpoints; }
location /one { aime_api_endpoint one.toml; }
location /plain/ { root own; }
location ~ \.rx$ { add_header X-Regex yes; }
CONF
    server_toml => server_toml(other => <<'TOML'),
[STATIC]
'/' = { path = 'site' }
'/same' = { file = 'site/one.txt' }
'/none' = { file = 'site/none.txt' }
'/late/' = { path = 'late' }
'/wrong' = { path = 'site/one.txt' }
'noslash' = { path = 'site' }
'/nothing' = { }
'/more' = { file = 'site/one.txt', path = 'site', colour = 1 }
'/secret' = { file = 'x.cfg' }
'/readme' = { file = 'site/readme.md', compile = 'md' }
'/manual' = { file = 'site/manual.md', compile = 'md' }
'/raw.css' = { file = 'site/raw.scss', compile = 'scss' }
'/done.css' = { file = 'site/done.scss', compile = 'scss' }
'/css.css' = { file = 'site/done.css', compile = 'scss' }
'/less.css' = { file = 'site/done.css', compile = 'less' }
'/folder' = { path = 'site', compile = 'md' }
TOML
    endpoints => {a => {other => <<'A'}, b => {other => <<'B'}});
[STATIC]
'/same' = { file = '../../site/two.txt' }
'/twice' = { file = '../../site/two.txt' }
'/v2/b/login' = { file = '../../site/two.txt' }
[JINJA]
'/plain.html' = { file = '../../site/plain.html' }
'/template.html' = { template = '../../site/template.html', title = 'x' }
other = 'x'
A
[STATIC]
'/same' = { file = '../../site/one.txt' }
'/twice' = { file = '../../site/one.txt' }
'/a' = { file = '../../site/one.txt' }
[JINJA.x]
y = 1
B

my $conf = $srv->dir . '/conf';
spew("$conf/one.toml", endpoint_toml('one',
    other => "[STATIC]\n'/one/page' = {path = 'site'}\n"
        . "'/one' = {file = 'site/one.txt'}\n"
        . "'/plain/x' = {file = 'site/two.txt'}\n"));
spew("$conf/site/$_.txt", $_) for qw(one two three);
spew($srv->dir . '/own/plain/y', 'own');
spew("$conf/site/$_->[0]", $_->[1]) for ['plain/y', 'site'], ['a.rx', 'rx'],
    ['readme.md', '# md'],
    ['manual.md', '# md'], ['manual.html', '<h1>md'], ['raw.scss', '$a: 1'],
    ['done.scss', '$b: 2'], ['done.css', 'p {}'], ['plain.html', '<p>{x}'],
    ['template.html', '<p>{{ x }}'], ['index.html', '<p>site'];
$srv->start;

notices();
served();
servers();

# valgrind has no master process, and `nginx -t` frees nothing
if (!on_valgrind()) {
    reload();
    mistakes();
}

done_testing();


sub says {
    my ($level, $file, $name, $text) = @_;
    like($srv->log, qr{\[$level\].*/\Q$file\E":\d+: \Q$name\E[: ].*$text},
        "$name: $text");
    return;
}


sub notices {
    my @server = ('server.toml', 'STATIC.');
    for (['notice', '"noslash"', 'is ignored: .* slash'],
        ['notice', '"/nothing"', 'is ignored: it has neither'],
        ['notice', '"/more".path', 'is ignored'],
        ['notice', '"/more".colour', 'is ignored'],
        ['warn', '"/none"', 'cannot find file "\S+/site/none.txt" \(2: '],
        ['warn', '"/late/"', 'cannot find folder'],
        ['warn', '"/wrong"', 'is no folder'],
        ['warn', '"/secret"', 'is not served: .*\.cfg'],
        ['notice', '"/readme"', 'served as it is: compile it to "readme.html"'],
        ['notice', '"/manual"', 'served is "manual.html" beside it'],
        ['notice', '"/raw.css"', 'is not served: .* compile it to "raw.css"'],
        ['notice', '"/done.css"', 'served is "done.css" beside it'],
        ['notice', '"/css.css".compile', 'is ignored: .* is compiled'],
        ['notice', '"/less.css".compile', 'is ignored: "less" is not known'],
        ['notice', '"/folder".compile', 'is ignored: .* folder']) {
        says($_->[0], 'server.toml', "STATIC.$_->[1]", $_->[2]);
    }
    my $file = 'aime_api_endpoint.cfg';
    says('notice', "a/$file", 'STATIC."/same"', 'that of "\S+server.toml":');
    unlike($srv->log, qr{/b/\S+ STATIC."/same"}, 'the same file: no notice');
    says('notice', "b/$file", 'STATIC."/twice"', "that of \"\\S+a/$file\":");
    says('notice', "a/$file", 'STATIC."/v2/b/login"',
        'is a route of endpoint "b"');
    says('notice', 'one.toml', 'STATIC."/one"', 'a route of endpoint "one"');
    unlike($srv->log, qr{STATIC."/a"}, '"/a" is none of those in /v2/');
    says('notice', "a/$file", 'JINJA."/plain.html"', 'served as it is');
    says('notice', "a/$file", 'JINJA."/template.html"',
        'is not served: .*beforehand.*proxy_pass');
    says('notice', "a/$file", 'JINJA."other"', 'is ignored');
    says('notice', "b/$file", 'JINJA."x"', 'is ignored');
    return;
}


sub served {
    my %want = ('/' => '<p>site', '/three.txt' => 'three', '/same' => 'one',
        '/more' => 'one', '/readme' => '# md', '/manual' => '<h1>md',
        '/done.css' => 'p {}', '/css.css' => 'p {}', '/less.css' => 'p {}',
        '/folder/two.txt' => 'two', '/twice' => 'two', '/a' => 'one',
        '/plain.html' => '<p>{x}', '/one/page/two.txt' => 'two',
        '/plain/x' => 'two');
    is($srv->get($_)->body, $want{$_}, "$_: $want{$_}") for sort keys %want;
    is($srv->get($_)->status, 404, "$_: 404") for qw(/none /late/ /late /wrong
        /wrong/ /wrong/x /secret /nothing /raw.css /site/x /v3);
    is($srv->get('/template.html')->body, '<p>{{ x }}',
        'a folder above serves what it has');
    ok($srv->get($_)->json->{error}, "$_: JSON") for qw(/one /one/x /v2/b/x);
    ok($srv->get('/v2/b/login')->json, 'a route is above an entry');
    is($srv->get('/oneself')->status, 404, 'beside a location');
    is($srv->get('/plain/y')->body, 'own', 'in a location of its own files');
    my $answer = $srv->get('/a.rx');
    is($answer->body, 'rx', 'in a location given by a regular expression');
    is($answer->header('X-Regex'), 'yes', '… with its settings');
    return;
}


sub status_at {
    my ($port, $path) = @_;
    my $conn = AimeHttp->new(port => $port, close => 1);
    return $conn->request(GET => $path)->status;
}


sub servers {
    is(status_at($second, $_->[0]), $_->[1], "another server: $_->[0]")
        for ['/same', 200], ['/plain/x', 200], ['/one/page/two.txt', 200],
        ['/one', 200], ['/v3/x', 404], ['/v2/b', 404], ['/twice', 404];
    is(status_at($third, '/same'), 404, 'a server without the module');
    return;
}


sub reload {
    spew("$conf/site/none.txt", 'there');
    is($srv->get('/none')->body, 'there', 'a file that comes later');
    spew("$conf/site/raw.css", 'raw {}');
    is($srv->get('/raw.css')->body, 'raw {}', '… the folder serves');
    $srv->{server_toml} =~ s{^'/same' .*}{'/new' = {file = 'site/three.txt'}}m;
    $srv->{server_toml} =~ s{^'/' .*}{}m;
    $srv->write_files;
    ok($srv->reload, 'reload');
    is($srv->get('/new')->body, 'three', 'an entry that is new');
    is($srv->get('/same')->body, 'two', 'one that is gone uncovers the next');
    is($srv->get('/raw.css')->body, 'raw {}', 'what was compiled meanwhile');
    is($srv->get('/three.txt')->status, 404, 'one that is gone');
    is($srv->get('/template.html')->status, 404, 'a template is not served');
    return;
}


sub mistakes {
    $srv->allow(qr/\[emerg\]/);
    my $good = $srv->{server_toml};
    for (["'/x' = 'y'", 'STATIC."/x" must be a table'],
        ["'/x' = { file = 1 }", 'STATIC."/x".file must be a string that'],
        ["'/x' = { path = '' }", 'STATIC."/x".path must be a string that'],
        ["'/x' = { file = 'a', compile = true }",
            'STATIC."/x".compile must be a string that']) {
        my ($line, $text) = @$_;
        $srv->write_files(server_toml => "$good$line\n");
        my ($status, $output) = $srv->check_conf;
        is($status, 1, "refused: $line");
        my $number = ($good =~ tr/\n//) + 1;
        like($output, qr{/server\.toml":$number: \Q$text\E}, '… with its line');
    }
    return;
}
