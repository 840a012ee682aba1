# Streams over HTTP/2, as browsers have them behind TLS.  Guards against events
# that stay in frames until more follow, against frames that outlive what they
# show, and against a stream that holds up others of its connection.

use strict;
use warnings;

use lib 't/lib';
use AimeStream;
use Test::More;
use AimeTest;

plan(skip_all => 'needs curl with HTTP/2')
    if `curl --version 2>/dev/null` !~ /^Features:.*\bHTTP2\b/m;

my $port = AimeNginx::free_port();
my $srv = start_nginx(aime_locations => stream_locations(), http => <<"CONF");
server {
    listen 127.0.0.1:$port http2;
    aime_api_endpoints endpoints;
    location = /stream_progress { aime_api_stream; }
}
CONF
my $client = $srv->client;
my $worker = $srv->worker->login;

events();
large();
not_read();
hang_up();
refused();
done_testing();


sub curl {
    my ($id, @args) = @_;
    my $pid = open my $out, '-|', 'curl', '-s', '-N', '-i', '--max-time', 60,
        '--http2-prior-knowledge', @args,
        "http://127.0.0.1:$port/stream_progress?job_id=$id&key=$CLIENT_KEY"
        or die "curl: $!\n";
    binmode $out;
    return ($out, $pid);
}


# The lines of the next event, or of the head
sub lines {
    my ($out) = @_;
    local $/ = "\n";
    my $text = '';
    while (my $line = <$out>) {
        $line =~ s/\r$//;
        last if $line eq "\n";
        $text .= $line;
    }
    return $text;
}


sub events {
    my $id = $client->job({prompt => 'p'});
    my ($out) = curl($id);
    my $head = lines($out);
    like($head, qr{^HTTP/2 200}, 'HTTP/2');
    like($head, qr{^content-type: text/event-stream$}m, 'a stream');
    like(lines($out), qr/"job_state":"queued"/, 'at once');
    $worker->jobs;
    like(lines($out), qr/"job_state":"processing"/, 'taken');
    for (1 .. 50) {
        $worker->progress($id, $_, {text => 't'});
        like(lines($out), qr/"progress":$_,/, "a report: $_");
    }
    $worker->result($id, {text => 'over h2'});
    like(lines($out), qr/"job_state":"done".*"text":"over h2"/, 'done');
    is(lines($out), '', 'the end');
    ok(close $out, 'as it should be');
    return;
}


# More than a window of the protocol holds
sub large {
    my $text = 'y' x 1_000_000;
    my $id = $worker->running($client);
    my ($out) = curl($id);
    lines($out) for 1, 2;
    $worker->result($id, {text => $text});
    my $event = lines($out);
    like($event, qr/"job_state":"done"/, 'a large result');
    is($event =~ tr/y//, length($text), 'the whole of it')
        or diag(length $event);
    ok(close $out, 'and the end');
    return;
}


sub not_read {
    my $id = $worker->running($client);
    my ($out, $pid) = curl($id);
    lines($out) for 1, 2;
    my $used = $srv->get('/zone')->body;
    kill STOP => $pid;
    $worker->progress($id, $_, {text => 'z' x 50_000}) for 1 .. 200;
    my $more = $srv->get('/zone')->body - $used;
    cmp_ok($more, '<', 4 * 65536, "two payloads in the zone: $more bytes");
    kill CONT => $pid;
    my ($events, $event) = (0);
    do { $event = lines($out); $events++ }
        while length $event && $event !~ /"progress":200,/;
    like($event, qr/"progress":200,/, "the newest, after $events");
    $worker->result($id, {text => 't'});
    like(lines($out), qr/"job_state":"done"/, 'and the last');
    close $out;
    return;
}


sub hang_up {
    my $id = $worker->running($client);
    my ($out, $pid) = curl($id);
    lines($out) for 1, 2;
    my $used = $srv->get('/zone')->body;
    kill KILL => $pid;
    close $out;
    ok(wait_until(sub { $srv->get('/zone')->body < $used }), 'unparked');
    is($client->progress($id)->json->{job_state}, 'processing',
        'the job goes on');
    $worker->result($id, {text => 't'});
    return;
}


sub refused {
    my ($out) = curl('x');
    like(lines($out), qr{^content-type: application/json$}m, 'refused');
    like(lines($out), qr/"cmd":"error"/, 'in JSON');
    close $out;
    return;
}
