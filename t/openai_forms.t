# Uploads whose form is none, or is meant to break what reads it; what a form
# may be by its standard is in t/unit/multipart.c.  Guards against answers that
# are no error of the API, against requests that hang, connections that are read
# out of step afterwards, and uploads that stay in memory while they wait.

use strict;
use warnings;

use lib 't/lib';
use AimeOpenai;
use Test::More;
use AimeTest;

my $srv = start_openai(zone => '128m', procs => 2,
    endpoints => { hear => {inputs => "audio_input = {type = 'audio'}\n"
        . 'prompt = {type = "string"}', outputs => 'result = {}'} },
    models => 'hear = {endpoint = "hear"}');
my $worker = $srv->worker(job_type => 'hear', batch => 100)->login;
my $wav = wav(200);
my @parts = (model => 'hear', file => {filename => 'a.wav', body => $wav});

types();
bodies();
cut();
many();
names();
memory();
done_testing();


# The error of a form that is refused, on a connection that can be used again
sub refused {
    my ($conn, $body, $type, $what) = @_;
    ask($srv, 'audio/transcriptions', $body, conn => $conn,
        'Content-Type' => $type);
    my $answer = $conn->read_response or return fail("no answer: $what");
    is($answer->status, 400, "refused: $what");
    is($answer->json->{error}{type}, 'invalid_request_error', 'as such');
    return $answer->json->{error}{message};
}

sub accepted {
    my ($conn, $what) = @_;
    upload($srv, 'audio/transcriptions', \@parts, conn => $conn);
    my ($job) = $worker->jobs;
    $worker->result($job->{job_id}, {result => 'x'});
    is($conn->read_response->status, 200, $what);
    return;
}


sub types {
    my $conn = $srv->conn;
    my $body = form('xyz', @parts);
    for my $type ('application/json', 'multipart/mixed; boundary=xyz',
        'multipart/form-data', 'multipart/form-data; boundary=',
        'multipart/form-data; boundary="xyz', 'text/plain',
        'multipart/form-data; boundary=xyz; boundary=xyz',
        'multipart/form-data; boundary=' . 'x' x 71,
        "multipart/form-data; boundary=x\x{e4}z")
    {
        refused($conn, $body, $type, $type);
    }
    accepted($conn, 'and none of that matters to the next');
    return;
}


sub bodies {
    my $conn = $srv->conn;
    my $type = 'multipart/form-data; boundary=xyz';
    my $good = form('xyz', @parts);
    my %bodies = (
        'no boundary' => 'hello', 'an end alone' => "--xyz--\r\n",
        'JSON' => '{"model": "hear"}', 'nothing' => '',
        'another boundary' => form('abc', @parts),
        'line feeds alone' => $good =~ s/\r//gr,
        'two dispositions' => $good =~ s/(Content-D.*?\r\n)/$1$1/r,
        'base64' => $good =~
            s/\r\n\r\n/\r\nContent-Transfer-Encoding: base64\r\n\r\n/r,
        'a header without an end' => "--xyz\r\nX: " . 'y' x 2_000_000,
        'headers without an end' => "--xyz\r\n" . "X: y\r\n" x 100_000,
        'parts without an end' => form('xyz', (a => 'b') x 100_000),
        'boundaries that begin alike' => "--xyz\r\n" . "\r\n--xy" x 400_000,
        'line ends' => "\r\n" x 1_000_000, 'dashes' => '-' x 2_000_000,
        'returns' => "--xyz\r\n" . $good . "\r" x 2_000_000,
        'zeros' => "\0" x 1_000_000, 'a zero in a name' => form('xyz',
            "mod\0el" => 'x'), 'no text in a name' => form('xyz', '' => 'x'),
    );
    for my $what (sort keys %bodies) {
        my $message = refused($conn, $bodies{$what}, $type, $what);
        cmp_ok(length $message, '<', 200, 'in a line');
    }
    accepted($conn, 'and the next is read as it is');
    return;
}


# However short it is: no beginning of a form passes for one
sub cut {
    my $conn = $srv->conn;
    my $good = form('xyz', model => 'hear', prompt => 'x',
        file => {filename => 'a', type => 'audio/wav', body => "RIFF\r\n"});
    my $wrong = 0;
    for my $n (0 .. length($good) - 3) {
        ask($srv, 'audio/transcriptions', substr($good, 0, $n), conn => $conn,
            'Content-Type' => 'multipart/form-data; boundary=xyz');
        $wrong++ if $conn->read_response->status != 400;
    }
    is($wrong, 0, 'beginnings of a form');
    return;
}


# As many fields as there may be, which are none of the API's
sub many {
    my @fields = map { ("field_$_" => 'x' x 1000) } 1 .. 62;
    my $answer = upload($srv, 'audio/transcriptions', [@parts, @fields])
        ->read_response;
    is($answer->status, 400, 'many fields');
    is($answer->json->{error}{param}, 'field_1', 'the first of them');
    my @lists = map { ('prompt[]' => "\x01" x 20_000) } 1 .. 62;
    $answer = upload($srv, 'audio/transcriptions', [@parts, @lists])
        ->read_response;
    is($answer->status, 400, 'a long list');
    is($answer->json->{error}{param}, 'prompt', 'where a text is wanted');
    return;
}


# Names that are repeated in an error
sub names {
    for my $name ('x' x 3000, "\x{fc}\x{ff}", '\\\\', 'a[b]', '[]', 'key',
        'client_session_auth_key', 'wait_for_result')
    {
        my $answer = upload($srv, 'audio/transcriptions', [@parts,
            $name => 'x'])->read_response;
        is($answer->status, 400, 'refused: ' . substr $name, 0, 30);
        ok(defined $answer->json->{error}{param}, 'by name, in JSON');
    }
    return;
}


# Uploads of 2 MB that wait for a result; what malloc keeps for the next ones is
# that of a few
sub memory {
    my $body = form('xyz', model => 'hear', file => {filename => 'a.wav',
        body => wav(1_000_000)});
    my $small = form('xyz', @parts);
    my $crowd = sub {
        my ($body, $count) = @_;
        my $waiting = $srv->crowd($count, sub { return (POST =>
            '/v1/audio/transcriptions', $body, with_key(), 'Content-Type' =>
            'multipart/form-data; boundary=xyz') });
        my @jobs;
        while (@jobs < $count) {
            my @more = $worker->jobs or last;
            push @jobs, @more;
        }
        is(@jobs, $count, 'jobs');
        my $used = $srv->rss->{RssAnon};
        $worker->result($_->{job_id}, {result => 'x'}) for @jobs;
        is($waiting->wait_for, $count, 'answers');
        return $used;
    };
    my $before = $crowd->($small, 30);
    my $used = $crowd->($body, 30);
    SKIP: {
        skip 'memory is different there', 1 if on_valgrind() || on_asan();
        cmp_ok($used - $before, '<', 60_000, 'kB more while 80 MB wait');
    }
    return;
}
