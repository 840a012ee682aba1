# What nobody should send, to every route: always an answer in JSON that says
# no, never a crash, a hang or a leak.  Guards against recursion without an end,
# strings that are cut at a NUL (a key with a tail is not that key), numbers
# that overflow, and answers that are no JSON because they quote what was sent.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(encode_json);
use Test::More;
use AimeTest;

srand 42;

my @CLIENT = qw(/echo /echo/progress /echo/cancel);
my @WORKER = qw(/worker_login /worker_job_request /worker_job_progress
    /worker_job_result /worker_check_server_status);
my @INFO = qw(/echo/login /api/validate_key /api/endpoints /api/endpoints/echo
    /api/echo /api/none /worker_unknown);
my $MANY = on_valgrind() ? 2000 : 100_000;
my $NO_JOB = '00000000-0000-4000-8000-000000000000';

my $srv = start_nginx(level => 'notice',
    server => 'location = /zone { return 200 $aime_zone_used; }',
    endpoints => {echo => {inputs => <<'TOML'}});
prompt = { type = "string", max_length = 100000 }
n = { type = "integer", minimum = 0, maximum = 1000 }
f = { type = "float" }
b = { type = "bool", auto_convert = true }
j = { type = "json" }
s = { type = "selection", supported = ["a", "b"] }
TOML
my $worker = $srv->worker->login;
my @procs = sort $srv->procs;
my $used = used();

my %bodies = (broken(), objects());
for my $path (@CLIENT, @WORKER, @INFO) {
    refused(POST => $path, $_, $bodies{$_}) for sort keys %bodies;
    refused(GET => "$path?$_->[1]", $_->[0]) for queries();
}
refused(POST => '/echo', $_, {inputs()}->{$_}) for sort keys %{{inputs()}};

is_deeply([sort $srv->procs], \@procs, 'the processes live');
ok(wait_until(sub { used() == $used }), 'memory of the zone as before')
    or diag(used() - $used . ' bytes more');
is($srv->client(key => "$CLIENT_KEY\0")->submit({prompt => 'x'})->status, 401,
    'a key with a NUL and a tail');
done_testing();


# A body that is no JSON object, whatever the route
sub broken {
    my $random = join '', map { chr int rand 256 } 1 .. 5000;
    my $valid = encode_json({key => $CLIENT_KEY, auth => 'a', prompt => 'x'});
    return (
        'nothing' => '', 'a NUL' => "\0", 'blanks' => ' ' x 5000,
        map({ my $n = $_; ("random bytes $n" => substr $random, 50 * $n, 50) }
            0 .. 19),
        map({ ("cut at $_" => substr $valid, 0, $_) } 1 .. length($valid) - 1),
        'open arrays' => '[' x $MANY, 'arrays' => '[' x $MANY . ']' x $MANY,
        'open objects' => '{"a":' x $MANY,
        'objects' => '{"a":' x $MANY . '1' . '}' x $MANY,
        'arrays within' => '{"prompt":' . '[' x $MANY . ']' x $MANY . '}',
        'a long number' => '9' x $MANY, 'a string' => '"x"', 'null' => 'null',
        'two objects' => '{}{}', 'a tail' => '{} x', 'no colon' => '{"a" 1}',
        'a control character' => qq({"key": "a\nb"}), 'a BOM' => "\xef\xbb\xbf{}",
        'UTF-16' => "{\0}\0", 'half a surrogate' => '{"key": "\ud800"}',
        'a surrogate' => '{"key": "\udc00\ud800"}', 'no hex' => '{"a": "\u12g4"}',
        'numbers' => '{"a": 01}', 'NaN' => '{"a": NaN}', 'hex' => '{"a": 0x1}',
        map({ (sprintf('not UTF-8: %vd', $_) => qq({"key": "$_"})) } "\xff",
            "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"),
    );
}


# JSON objects of nobody
sub objects {
    my %secret = (key => 'x', auth_key => 'x', client_session_auth_key => 'x',
        auth => 'x', job_type => 'echo', job_id => $NO_JOB);
    my @all = sort keys %secret;
    return (
        'empty' => '{}',
        map({ my $what = $_; map { ("$_ is $what" => qq({"$_": $what})) } @all }
            'null', 'true', '[]', '{}', '1e999999', '-0', '"\u0000"'),
        'many members' => '{' . join(',', map { qq("m$_":$_) } 1 .. 5000) . '}',
        'one name' => '{' . join(',', map { qq("key":"$_") } 1 .. 5000) . '}',
        'a long name' => '{"' . 'n' x $MANY . '":1}',
        'a name with NUL' => qq({"key\\u0000": "$CLIENT_KEY"}),
        'long values' => encode_json({map { $_ => 'v' x $MANY } @all}),
        'long values in UTF-8' => encode_json({map { $_ => "\xe9" x 500 } @all}),
        'keys with a tail' => encode_json({%secret, auth => $worker->{name},
            key => "$CLIENT_KEY\0x", auth_key => "$WORKER_KEY\0x"}),
        'quotes' => encode_json({map { $_ => "\"\\\n\0\x{1f600}" } @all}),
        'parameters' => encode_json({worker_parameters => {%secret}}),
        'strange ones' => encode_json({worker_parameters => [1],
            model_parameters => 'x', %secret}),
    );
}


# Of one who may submit jobs
sub inputs {
    my %inputs = ('n: 1e999999' => '"n": 1e999999', 'f: 1e999999' =>
        '"f": 1e999999', 'n: digits' => '"n": ' . '9' x $MANY,
        'n: fraction' => '"n": 0.' . '3' x $MANY, 'n: minus' => '"n": -1',
        'n: exponent' => '"n": 1e-99999999999999999999', 'n: text' => '"n":"1"',
        'b: text' => '"b": "maybe"', 'j: broken' => '"j": "{"', 'j: deep' =>
        '"j": "' . '[' x 50_000 . ']' x 50_000 . '"', 's: other' => '"s": "c"',
        's: NUL' => '"s": "a\u0000"', 'unknown' => '"n\u0000": 1', 'b: 2' =>
        '"b": 2', 'prompt: long' => '"prompt":"' . 'x' x 100_001 . '"',
        'many' => join(',', map { qq("m\xc3\xa9$_": null) } 1 .. 5000));
    return map { ($_ => qq({"key": "$CLIENT_KEY", $inputs{$_}})) } keys %inputs;
}


sub queries {
    return ['a NUL', 'key=%00&job_id=%00'], ['a tail', "key=$CLIENT_KEY%00x"],
        ['not UTF-8', 'key=%ff%fe&job_id=%c0%80'], ['signs', '=&=&&&=%&%zz&%0'],
        ['many', join '&', map { "m$_=1" } 1 .. 900], ['twice', 'key=x&key=y'],
        ['a long one', 'key=' . 'k' x 7000], ['a key', 'key&job_id&auth=%22'],
        ['more', '&' x 5000], ['quotes', 'job_id=%22%5c%0a%01&key=x%22'];
}


sub refused {
    my ($method, $path, $what, $body) = @_;
    my $name = "$method " . substr($path, 0, 40) . ": $what";
    my $answer = eval { $srv->request($method, $path, $body) }
        or return fail("$name: no answer");
    my $json = eval { $answer->json };
    return pass($name) if ref $json && says_no($path, $answer->status, $json);
    fail($name);
    return diag($answer->status . ' ' . substr $answer->body, 0, 300);
}


sub says_no {
    my ($path, $status, $json) = @_;
    return 1 if $status =~ /^4\d\d$/;
    return if $status != 200;
    $json = $json->[0] // {cmd => 'warning'} if ref $json eq 'ARRAY';
    $path =~ s/\?.*//;
    return ($json->{cmd} // '') =~ /^(?:error|warning)$/
        if grep { $path eq $_ } @WORKER;
    return grep { $path eq $_ } @INFO;
}


sub used { return $srv->get('/zone')->body }
