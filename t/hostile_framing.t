# Requests whose framing is wrong: lengths that lie, chunks that are none, ends
# in the middle, lines that are too long.  Guards against an error page of nginx
# in HTML (libraries parse every answer as JSON), an answer that never comes,
# and a process or memory of the zone that is lost with the connection.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my %PATHS = ('/echo' => 'client', '/echo/progress' => 'client',
    '/worker_job_request' => 'worker', '/worker_job_result' => 'worker',
    '/api/echo' => 'info');

my $srv = start_nginx(level => 'notice', server => <<'CONF');
location = /zone { return 200 $aime_zone_used; }
client_header_buffer_size 1k;
large_client_header_buffers 4 8k;
client_body_timeout 300ms;
CONF
my @procs = sort $srv->procs;
my $used = used();

for my $path (sort keys %PATHS) {
    my %requests = requests($path);
    answered($path, $_, @{$requests{$_}}) for sort keys %requests;
    hangs_up($path);
}

is_deeply([sort $srv->procs], \@procs, 'the processes live');
ok(wait_until(sub { used() == $used }), 'memory of the zone as before')
    or diag(used() - $used . ' bytes more');
done_testing();


# name => [bytes, statuses that are right]
sub requests {
    my ($path) = @_;
    my $head = "POST $path HTTP/1.1\r\nHost: localhost\r\n";
    my $chunked = "${head}Transfer-Encoding: chunked\r\n\r\n";
    my $length = "${head}Content-Length: ";
    return (
        'a negative length' => ["$length-1\r\n\r\n", 400],
        'no length' => ["${length}x\r\n\r\n", 400],
        'an enormous length' => [$length . '9' x 30 . "\r\n\r\n", 400],
        'a length beyond the limit' => ["${length}99999999999\r\n\r\n", 413],
        'two lengths' => ["${length}2\r\nContent-Length: 3\r\n\r\n{}", 400],
        'a length and chunks' => ["${length}2\r\nTransfer-Encoding: chunked"
            . "\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400],
        'another encoding' => ["${head}Transfer-Encoding: gzip\r\n\r\n", 501],
        'a chunk that is none' => ["${chunked}zz\r\n{}\r\n0\r\n\r\n", 400],
        'an enormous chunk' => [$chunked . 'f' x 16 . "\r\n{}", 400, 413],
        'a chunk beyond the limit' => ["${chunked}ffffffff\r\n{}", 413],
        'no end of a chunk' => ["${chunked}2\r\n{}{}\r\n0\r\n\r\n", 400],
        'empty chunks' => ["${chunked}0\r\n\r\n", 400],
        'half a body' => ["${length}100\r\n\r\n{\"key\"", 'none'],
        'half a chunk' => ["${chunked}64\r\n{\"key\"", 'none'],
        'a body of one byte' => ["${length}1\r\n\r\n{", 400],
        'small chunks' => [$chunked . join('', map { "1\r\n$_\r\n" }
            split //, '[' x 500) . "0\r\n\r\n", 400],
        'a long query' => ["POST $path?" . 'a' x 9000 . " HTTP/1.1\r\n"
            . "Host: localhost\r\n\r\n", 414],
        'a long header' => ["${head}X-Long: " . 'a' x 9000 . "\r\n\r\n", 400],
        'many headers' => [$head . join('', map { "X-$_: $_\r\n" } 1 .. 5000)
            . "\r\n", 400],
        'a NUL in the URI' => ["POST $path?\0 HTTP/1.1\r\n\r\n", 400],
        'a NUL in a header' => ["${head}X: \0\r\n\r\n", 400],
        'no host' => ["POST $path HTTP/1.1\r\n\r\n", 400],
        'another method' => ["BREW $path HTTP/1.1\r\nHost: localhost\r\n\r\n",
            405],
    );
}


# A worker is told that its request is too large by 200 and cmd error
sub answered {
    my ($path, $name, $bytes, @right) = @_;
    push @right, 200 if "@right" =~ /413/ && $PATHS{$path} eq 'worker';
    push @right, 200 if $PATHS{$path} eq 'worker' && "@right" =~ /501/;
    push @right, 200 if $path eq '/api/echo' && "@right" eq '400'
        && $name =~ /^(?:empty|small|a body of)/;
    my $conn = $srv->conn->send_raw($bytes);
    my $answer = $conn->read_response;
    $conn->close;
    return is($answer && $answer->body, undef, "$path, $name: closed")
        if "@right" eq 'none';
    return fail("$path, $name: no answer") if !$answer;
    my $status = $answer->status;
    ok((grep { $status == $_ } @right), "$path, $name: status $status");
    my $json = eval { $answer->json };
    ok(ref $json, 'and JSON') or return diag(substr $answer->body, 0, 80);
    ok($json->{cmd} && $json->{msg}, 'in the shape for workers')
        if $PATHS{$path} eq 'worker';
    ok(ref $json->{error} eq 'ARRAY', 'in the shape for clients')
        if $PATHS{$path} eq 'client';
    return;
}


# No answer is wanted then, the connection is closed
sub hangs_up {
    my ($path) = @_;
    my $text = $srv->conn->request_text(POST => $path, '{"key": "x"}');
    for my $cut (10, 30, 60, length($text) - 3) {
        $srv->conn->send_raw(substr $text, 0, $cut)->close;
    }
    return;
}


sub used { return $srv->get('/zone')->body }
