# A stream outlives silence, a graceful end of its process, and HTTP/2's frames.
# Guards against proxies and clients that give up, and against streams that are
# cut by a reload.

use strict;
use warnings;

use lib 't/lib';
use AimeOpenai;
use AimeStream;
use Mojo::JSON qw(encode_json true);
use Test::More;
use AimeTest;

my $port = AimeNginx::free_port();
my $srv = start_openai(master => 1, http => <<"CONF");
aime_api_stream_keepalive 50ms;
server {
    listen 127.0.0.1:$port http2;
    location /v1/ { aime_api_openai; }
}
CONF
my $worker = $srv->worker(job_type => 'chat')->login;
my %body = (model => 'm', messages => messages('hi'), stream => true);

silence();
reloaded();
http2();
done_testing();


sub silence {
    my $stream = bless {conn => ask($srv, 'chat/completions', {%body}),
        text => '', comments => 0, plain => 1}, 'AimeStream';
    $stream->head;
    ok($stream->event, 'the role');
    ok($stream->comments(3), 'comments while it is queued');
    my ($job) = $worker->jobs;
    my $before = $stream->{comments};
    ok($stream->comments($before + 3), 'and while it runs');
    $worker->result($job->{job_id}, {text => 'a'});
    like($stream->event->{data}, qr/"content":"a"/, 'then the text');
    return;
}


sub reloaded {
    my $conn = ask($srv, 'chat/completions', {%body});
    my ($job) = $worker->jobs;
    my $id = $job->{job_id};
    $worker->progress($id, 1, {text => 'a'});
    $conn->read_until(qr/"content":"a"/);
    $srv->reload;
    $worker = $srv->worker(job_type => 'chat', name => $worker->{name});
    $worker->progress($id, 2, {text => 'ab'});
    ok($conn->read_until(qr/"content":"b"/), 'the old process goes on');
    $worker->result($id, {text => 'abc'});
    ok($conn->read_until(qr/"content":"c".*\[DONE\]/s), 'up to the end');
    return;
}


sub http2 {
    plan(skip_all => 'needs curl with HTTP/2')
        if `curl --version 2>/dev/null` !~ /^Features:.*\bHTTP2\b/m;
    my $pid = open my $out, '-|', 'curl', '-s', '-N', '--max-time', 60,
        '--http2-prior-knowledge', '-H', "Authorization: Bearer $CLIENT_KEY",
        '-d', encode_json(\%body), "http://127.0.0.1:$port/v1/chat/completions"
        or die "curl: $!\n";
    my $line = sub {
        while (my $line = <$out>) { return $line if $line =~ /^data/ }
    };
    like($line->(), qr/"role"/, 'over HTTP/2: the role');
    $worker->login;
    my ($job) = $worker->jobs;
    for my $text ('a', 'ab') {
        $worker->progress($job->{job_id}, 1, {text => $text});
        my $last = substr $text, -1;
        like($line->(), qr/"content":"$last"/, 'each token at once');
    }
    $worker->result($job->{job_id}, {text => 'ab'});
    like($line->(), qr/"finish_reason":"stop"/, 'the end');
    like($line->(), qr/\[DONE\]/, 'DONE');
    close $out;
    return;
}
