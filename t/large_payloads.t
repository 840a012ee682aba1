# A prompt and a result of 16 MB each go through unharmed, without a temporary
# file, and others are answered while they are on their way.  Guards against
# bodies that are joined wrongly where chunks of the zone end, against nginx's
# habit of writing large bodies to disk, and against a process that is held up
# by a slow peer.

use strict;
use warnings;

use lib 't/lib';
use Digest::SHA qw(sha256_hex);
use Test::More;
use AimeTest;

my $SIZE = (on_valgrind() ? 2 : 16) * 1024 * 1024;

my $srv = start_nginx(zone => '96m',
    server => 'location = /zone { return 200 $aime_zone_used; }');
my ($pid) = $srv->procs;
my $worker = $srv->worker(conn => $srv->conn_to_pid($pid))->login;
my $used = used();

for my $size ($SIZE, $SIZE - 65536, $SIZE + 1) {
    through($size);
    ok(wait_until(sub { used() == $used }), 'memory of the zone comes back');
}

unlike($srv->log, qr/buffered to a temporary file/, 'no body on disk');
done_testing();


sub through {
    my ($size) = @_;
    my ($prompt, $result) = (random_text($size), random_text($size));
    my $client = $srv->conn_to_pid($pid);

    send_slowly('a prompt', $client, '/echo',
        qq({"key": "$CLIENT_KEY", "prompt": "$prompt"}));
    my $answer = receive_slowly('a job', $worker->park);
    my ($got) = $answer->body =~ /"prompt":"([^"]*)"/;
    is(sha256_hex($got), sha256_hex($prompt), "$size bytes of a prompt");
    my ($id) = $answer->body =~ /"job_id":"([^"]+)"/;

    my $post = $srv->conn_to_pid($pid);
    send_slowly('a result', $post, '/worker_job_result', qq({"job_id": "$id",
        "auth": "$worker->{name}", "auth_key": "$WORKER_KEY",
        "job_type": "echo", "text": "$result"}));
    is($post->read_response->json->{cmd}, 'ok', 'the result is accepted');

    $answer = receive_slowly('an answer', $client);
    ($got) = $answer->body =~ /"text":"([^"]*)"/;
    is(sha256_hex($got), sha256_hex($result), "$size bytes of a result");
    return;
}


# No byte like its neighbours, with escapes and UTF-8 at every offset
sub random_text {
    my ($size) = @_;
    open my $random, '<', '/dev/urandom' or die "random: $!\n";
    read $random, my $bytes, $size / 2;
    my $text = unpack 'H*', $bytes;
    my $special = "\\n\\u00e9\xc3\xa9\\\\";
    substr $text, 99_991 * $_, length $special, $special
        for 0 .. $size / 99_991 - 1;
    $text .= 'x' while length $text < $size;
    return $text;
}


# With another request to that process when half of it is there
sub send_slowly {
    my ($what, $conn, $path, $body) = @_;
    my $text = $conn->request_text(POST => $path, $body);
    my $half = length($text) / 2;
    $conn->send_raw(substr $text, 0, $half);
    others_answered("while $what is being sent");
    $conn->send_raw(substr $text, $half);
    return;
}


# With another request when it has been waiting to be read
sub receive_slowly {
    my ($what, $conn) = @_;
    wait_until(sub { $conn->readable }, 30) or die "$what does not come\n";
    others_answered("while $what is not read");
    return $conn->read_response(30) // die "$what is cut\n";
}


sub others_answered {
    my ($when) = @_;
    my $conn = $srv->conn_to_pid($pid);
    my $answer = $conn->request(GET => '/api/endpoints');
    is($answer && $answer->status, 200, "others are answered $when");
    is($answer && $answer->pid, $pid, 'by the same process');
    my @files = map { glob "$_/*" } glob $srv->dir . '/tmp/*';
    push @files, grep { m{/tmp/\w+/\d} } map { readlink($_) // () }
        glob "/proc/$pid/fd/*";
    is("@files", '', 'no temporary file');
    $conn->close;
    return;
}


sub used { return $srv->get('/zone')->body }
