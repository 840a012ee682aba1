# Two hundred clients that hang up at once, over HTTP/1.1 and HTTP/2.  Guards
# against GPUs that compute for nobody: what is queued must never reach a
# worker, what runs must be called off at the worker's next report.  And over
# HTTP/2 a client that gives up one request must not lose the others of its
# connection.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $count = on_valgrind() ? 40 : 200;
my $port = AimeNginx::free_port();
my $srv = start_nginx(http => <<"CONF");
server {
    listen 127.0.0.1:$port http2;
    aime_api_endpoints endpoints;
}
CONF
my $worker = $srv->worker(batch => 256, conn => $srv->conn)->login;
my %hang_up = ('HTTP/1.1' => \&crowd, 'HTTP/2' => \&streams);

for my $version (sort keys %hang_up) {
    queued($version);
    running($version);
}
one_of_two();
done_testing();


sub waiting { return 1000 - $srv->get('/api/echo')->json->{free_queue_slots} }

sub wait_for { my ($n) = @_; return wait_until(sub { waiting() == $n }, 20) }


# So many waiting clients; what makes them hang up
sub crowd {
    my $crowd = $srv->crowd($count, sub {
        (POST => '/echo', {key => $CLIENT_KEY, prompt => "c$_[0]"}) });
    return sub { $crowd->close };
}

sub streams {
    my @conns = map { http2(map { "h$_" } 1 .. $count / 2) } 1, 2;
    return sub { $_->close for @conns };
}


# A connection with a request for each of these prompts, on streams 1, 3, 5 …
sub http2 {
    my (@prompts) = @_;
    my $conn = $srv->conn(port => $port);
    my $stream = -1;
    $conn->send_raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . frame(4, 0, 0, '')
        . join '', map { frame(1, 5, $stream += 2, literal(':method' => 'GET',
            ':scheme' => 'http', ':authority' => 'localhost',
            ':path' => "/echo?key=$CLIENT_KEY&prompt=$_")) } @prompts);
    return $conn;
}

sub frame {
    my ($type, $flags, $stream, $payload) = @_;
    return substr(pack('N', length $payload), 1)
        . pack('CCN', $type, $flags, $stream) . $payload;
}

# Header fields that are neither indexed nor compressed
sub literal {
    my $text = '';
    while (my ($name, $value) = splice @_, 0, 2) {
        $text .= pack 'C C/a C/a', 0, $name, $value;
    }
    return $text;
}


sub queued {
    my ($version) = @_;
    my $hang_up = $hang_up{$version}->();
    ok(wait_for($count), "$version: $count clients wait");
    $hang_up->();
    ok(wait_for(0), 'they hang up, and the queue is empty');
    my $id = $srv->client->job({prompt => 'next'});
    is_deeply([map { $_->{job_id} } $worker->jobs], [$id],
        'no worker gets their jobs');
    $worker->result($id, {text => 't'});
    return;
}


sub running {
    my ($version) = @_;
    my $hang_up = $hang_up{$version}->();
    wait_for($count) or die "they do not wait\n";
    my @ids = map { $_->{job_id} } $worker->jobs;
    is(@ids, $count, "$version: a worker has them all");
    is(called_off(@ids), 0, 'and works on them');
    $hang_up->();
    ok(wait_until(sub { called_off(@ids) == $count }, 20),
        'until they hang up: it is told at its next report');
    my %answers = map { $worker->result($_, {text => 't'})->json->{cmd} => 1 }
        @ids;
    is_deeply(\%answers, {ok => 1}, 'its results are accepted and dropped');
    is(called_off(@ids), 0, 'and it is told no more');
    return;
}

# One report on all of them: how many shall not go on
sub called_off {
    my (@ids) = @_;
    return scalar grep { $_->{canceled} } @{$worker->call(
        POST => '/worker_job_progress', [map { $worker->report($_,
        progress => 5, progress_data => undef) } @ids])->json};
}


# The first of two requests on one connection is given up (RST_STREAM, CANCEL)
sub one_of_two {
    my $conn = http2('short', 'long');
    wait_for(2) or die "they do not wait\n";
    $conn->send_raw(frame(3, 0, 1, pack 'N', 8));
    ok(wait_for(1), 'one of two requests is given up');
    my ($job) = $worker->jobs;
    is($job->{prompt}, 'long', 'the other one is taken');
    $worker->result($job->{job_id}, {text => 'for the other'});
    ok($conn->read_until(qr/"for the other"/), 'and answered');
    return;
}
