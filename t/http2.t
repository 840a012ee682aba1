# The client routes over HTTP/2, as behind TLS.  Guards against what only
# HTTP/1.1 has: a header buffer, a connection of one request, a body that has a
# length.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(decode_json encode_json false);
use Test::More;
use AimeTest;

plan(skip_all => 'needs curl with HTTP/2')
    if `curl --version 2>/dev/null` !~ /^Features:.*\bHTTP2\b/m;

my $port = AimeNginx::free_port();
my $srv = start_nginx(http => <<"CONF");
server {
    listen 127.0.0.1:$port http2;
    aime_api_endpoints endpoints;
    location ~ ^/worker_ { aime_api_worker_interface; }
}
CONF
my $worker = $srv->worker(job_type => 'echo')->login;

simple();
waiting();
empty_body();
errors();
hang_up();
by_worker();
done_testing();


# Starts curl; the handle to read from.  A body is read from a file; with
# length => 0 it is sent without its length
sub curl {
    my ($path, $body, %opt) = @_;
    my @body = ();
    if (defined $body) {
        my $file = spew($srv->dir . '/body', ref $body ? encode_json($body)
            : $body);
        @body = $opt{length} // 1 ? ('--data-binary', "\@$file")
            : ('-X', $opt{method} // 'POST', '-T', '-');
        open STDIN, '<', $file or die "$file: $!\n";
    }
    my $pid = open my $out, '-|', 'curl', '-s', '-S', '--max-time', 60,
        '--http2-prior-knowledge', '-w', '\n%{http_version} %{http_code}',
        @body, @{$opt{args} // []}, "http://127.0.0.1:$port$path"
        or die "curl: $!\n";
    return wantarray ? ($out, $pid) : $out;
}

# What it got: (status, JSON)
sub answer {
    my ($out) = @_;
    local $/;
    my ($body, $version, $status) = <$out> =~ /\A(.*)\n(\S+) (\d+)\z/s
        or return (0, {});
    close $out;
    is($version, 2, 'HTTP/2');
    return ($status, length $body ? decode_json($body) : {});
}

sub asked { return answer(scalar curl(@_)) }


sub simple {
    my ($status, $json) = asked("/echo/login?user=tester&key=$CLIENT_KEY");
    is($status, 200, 'login');
    my $session = $json->{client_session_auth_key};
    my $query = "/echo?client_session_auth_key=$session&prompt=p";
    ($status, $json) = asked("$query&wait_for_result=false");
    is($status, 200, 'submitted');
    my ($job) = $worker->jobs;
    is($job->{job_id}, $json->{job_id}, 'the job');
    $worker->result($job->{job_id}, {text => 'over h2'});
    ($status, $json) = asked("/echo/progress?job_id=$job->{job_id}");
    is($json->{job_result}{text}, 'over h2', 'polled');
    return;
}


# Bodies of any size, with and without their length
sub waiting {
    for my $size (1, 1000, 100_000, 1_000_000) {
        for my $length (1, 0) {
            my $prompt = 'x' x $size;
            my $out = curl('/echo', {key => $CLIENT_KEY, prompt => $prompt},
                length => $length);
            my ($job) = $worker->jobs;
            ok($job->{prompt} eq $prompt, "a body of $size"
                . ($length ? '' : ' without length'));
            $worker->result($job->{job_id}, {text => 'y' x $size});
            my ($status, $json) = answer($out);
            is($status, 200, 'answered');
            ok($json->{text} eq 'y' x $size, 'as much comes back');
        }
    }
    return;
}


# A GET whose body turns out to be empty
sub empty_body {
    my $out = curl("/echo?key=$CLIENT_KEY&prompt=p", '', length => 0,
        method => 'GET');
    my ($job) = $worker->jobs;
    $worker->result($job->{job_id}, {text => 't'});
    my ($status, $json) = answer($out);
    is($status, 200, 'a GET with an empty body');
    is($json->{text}, 't', 'waits as any other');
    return;
}


# No 413: curl drops an answer that comes before it has sent its body
sub errors {
    my %request = (401 => ['/echo', {key => 'wrong'}], 404 => ['/echo/none'],
        400 => ['/echo', '{'],
        405 => ['/echo', undef, args => ['-X', 'PUT']]);
    for my $want (sort keys %request) {
        my ($status, $json) = asked(@{$request{$want}});
        is($status, $want, "status $want");
        is(ref $json->{error}, 'ARRAY', 'in JSON');
    }
    return;
}


sub hang_up {
    my ($out, $pid) = curl('/echo', {key => $CLIENT_KEY, prompt => 'p'});
    my ($job) = $worker->jobs;
    kill KILL => $pid;
    close $out;
    ok(wait_until(sub {
        $worker->progress($job->{job_id}, 1, {})->json->[0]{canceled} }),
        'a client that hangs up cancels its job');
    $worker->result($job->{job_id}, {text => 't'});
    return;
}


sub by_worker {
    my ($status, $json) = asked('/worker_login', $worker->login_body);
    is($json->{success}, 1, 'worker login');
    my $out = curl('/worker_job_request', $worker->request_body);
    my $id = $srv->client->job({prompt => 'p'});
    ($status, $json) = answer($out);
    is($json->{job_data}[0]{job_id}, $id, 'a worker that waits');
    is((asked('/worker_job_result', $worker->report($id, text => 't')))[1]{cmd},
        'ok', 'and its result');
    return;
}
