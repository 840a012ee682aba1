# The same job, however it is sent: GET or POST, whatever the content type,
# whole or in pieces.  Guards against a form that is taken apart as such (`curl
# -d` calls any body one), against values of a query that stay strings, and
# against a body that is read only as far as the first packet.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(encode_json false);
use Test::More;
use AimeTest;

my $text = '{type = "string"}';
my $srv = start_nginx(endpoints => {
    echo => {inputs => "prompt = $text\nn = {type = \"integer\"}\n"
        . "on = {type = \"bool\"}\nlist = {type = \"json\"}\nempty = $text"},
    other => {job_type => 'echo'}});
my $worker = $srv->worker->login;

as_get();
as_post();
in_pieces();
pipelined();
done_testing();


# Takes the job that a request sent to us, and answers it
sub work {
    my ($outputs) = @_;
    my ($job) = $worker->jobs or die "no job\n";
    is($worker->result($job->{job_id}, $outputs)->json->{cmd}, 'ok', 'result');
    return $job;
}


sub as_get {
    my %query = (key => $CLIENT_KEY, prompt => 'a%20b%2Bc%26d+e', n => 7,
        on => 'true', list => '[1,2]', empty => '');
    my $conn = $srv->conn->send_request(GET => '/echo?'
        . join '&', map { "$_=$query{$_}" } sort keys %query);
    my $job = work({text => 'got'});
    is($job->{prompt}, 'a b+c&d e', 'an argument, unescaped');
    is($job->{n}, 7, 'a number');
    is_deeply($job->{list}, [1, 2], 'JSON');
    is($job->{empty}, '', 'an empty value is a value');
    ok(ref $job->{on} && $job->{on}, 'a bool');
    is($conn->read_response->json->{text}, 'got', 'GET waits too');

    my $answer = $srv->get("/echo?key=$CLIENT_KEY&prompt=p"
        . '&wait_for_result=false')->json;
    is(work({})->{job_id}, $answer->{job_id}, 'wait_for_result=false');
    my $twice = $srv->get("/echo?key=$CLIENT_KEY&prompt=a&prompt=b");
    is($twice->status, 400, 'an argument given twice');
    return;
}


sub as_post {
    my $body = qq({"key":"$CLIENT_KEY","wait_for_result":false,"prompt":"x",)
        . qq( "prompt":"\\u00e4\\n" }\n);
    for my $path ('/echo', '/echo/', '/other') {
        for my $type ('application/x-www-form-urlencoded', 'text/plain',
            'multipart/form-data; boundary=x', 'application/json', undef) {
            my $answer = $srv->post($path, $body,
                $type ? ('Content-Type' => $type) : ());
            is($answer->status, 200, $path . ' as ' . ($type // 'nothing'));
            is(work({})->{prompt}, "\xe4\n", 'a repeated member: the last');
        }
    }
    return;
}


sub in_pieces {
    my $prompt = join ' ', 1 .. 20000;
    my $body = encode_json({key => $CLIENT_KEY,
        prompt => $prompt, wait_for_result => false});
    my @parts = (substr($body, 0, 1), substr($body, 1, 99999), substr($body,
        100000));
    my $head = "POST /echo HTTP/1.1\r\nHost: x\r\n";
    my %way = ('Content-Length: ' . length $body => sub { $_[0] },
        'Transfer-Encoding: chunked' => sub {
            sprintf "%x\r\n%s\r\n", length $_[0], $_[0] });
    for my $name (sort keys %way) {
        my $conn = $srv->conn->send_raw("$head$name\r\n\r\n");
        for my $part (@parts) {
            ok(!$conn->readable(0.02), 'no answer to a part');
            $conn->send_raw($way{$name}->($part));
        }
        $conn->send_raw("0\r\n\r\n") if $name =~ /chunked/;
        is($conn->read_response->status, 200, "in pieces, $name");
        ok(work({})->{prompt} eq $prompt, 'and whole');
    }
    return;
}


# What lies behind a body is not touched when the body is put together
sub pipelined {
    my $prompt = join ' ', 1 .. 200;
    my $body = encode_json({key => $CLIENT_KEY, prompt => $prompt,
        wait_for_result => false});
    my $head = "POST /echo HTTP/1.1\r\nHost: x\r\n";
    my $next = "GET /api/echo?key=$CLIENT_KEY HTTP/1.1\r\nHost: x\r\n\r\n";
    for my $cuts (0, 1, 2) {
        my @parts = unpack 'a150' x $cuts . 'a*', $body;
        my $chunks = join '', map { sprintf "%x\r\n%s\r\n", length, $_ }
            @parts;
        my $conn = $srv->conn->send_raw("${head}Transfer-Encoding: chunked\r\n"
            . "\r\n${chunks}0\r\n\r\n$next");
        is($conn->read_response->status, 200, 'in ' . @parts . ' chunks');
        is(work({})->{prompt}, $prompt, 'and whole');
        my $answer = $conn->read_response;
        is($answer && $answer->status, 200, 'the request behind it');
    }
    return;
}
