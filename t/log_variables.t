# One line of the access log tells a job's whole story: state, time in the queue
# and computing time, on the client's line, on the worker's, and on that of a
# client that hung up; and the JSON format of the docs is JSON whatever names
# are in it.  Guards against times that are those of another job, and against a
# job that is gone when its line is written.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(decode_json false);
use Test::More;
use AimeTest;

# the one that docs/monitoring.md gives
my ($FORMAT) = slurp('docs/monitoring.md')
    =~ /^(log_format aime_json .*?;)$/ms or die "no log_format in the docs\n";

my $srv = start_nginx(http => $FORMAT, endpoints => {echo => {},
    hasty => {endpoint => 'max_time_in_queue = 1'}},
    server => 'access_log logs/json.log aime_json;');
my %seen;

waiting();
polling();
ended();
stays_empty();
done_testing();


# The next lines for a path that were not seen before; dies if too few come
sub lines {
    my ($path, $count) = @_;
    my @lines;
    wait_until(sub {
        @lines = grep { $_->{uri} eq $path && !$seen{$_->{request_id}} }
            map { decode_json($_) } split /\n/, slurp($srv->dir
            . '/logs/json.log');
        return @lines >= $count;
    }) or die "no line for $path\n";
    $seen{$_->{request_id}} = 1 for @lines;
    return @lines[0 .. $count - 1];
}


sub around {
    my ($got, $from, $what) = @_;
    return like($got, qr/^\d+\.\d{3}$/, "$what: $got")
        && cmp_ok($got, '>=', $from, 'not too short');
}


# For a time that is measured by the clocks of both
sub pause { my ($seconds) = @_; select undef, undef, undef, $seconds; return }


# Until the one job of a client that was left waiting is in the queue
sub queued {
    wait_until(sub {
        $srv->get('/api/endpoints/echo')->json->{free_queue_slots} == 999;
    }) or die "no job in the queue\n";
    return;
}


sub waiting {
    my $worker = $srv->worker->login;
    my $conn = $srv->conn;
    $srv->client(conn => $conn)->park({prompt => 'x'});
    queued();
    pause(0.3);
    my ($job) = $worker->jobs;
    pause(0.2);
    $worker->result($job->{job_id}, {text => 'x'});
    is($conn->read_response->json->{text}, 'x', 'the answer');
    for (lines('/echo', 1), lines('/worker_job_result', 1)) {
        is($_->{job_id}, $job->{job_id}, "$_->{uri}: its job");
        is($_->{endpoint}, 'echo', 'and endpoint') if $_->{uri} eq '/echo';
        is($_->{worker}, $worker->{name}, 'and worker')
            if $_->{uri} ne '/echo';
        is($_->{job_state}, 'done', 'done');
        around($_->{queue_time}, 0.28, 'in the queue');
        around($_->{compute_time}, 0.18, 'computing');
        is($_->{status}, 200, 'a number is a number');
    }
    return;
}


sub polling {
    my $client = $srv->client;
    my $id = $client->job({prompt => 'x'});
    my ($line) = lines('/echo', 1);
    is($line->{job_state}, 'queued', 'queued');
    is($line->{compute_time}, '', 'not computed yet');
    $client->progress($id);
    ($line) = lines('/echo/progress', 1);
    is("$line->{job_id} $line->{job_state}", "$id queued", 'polled for');
    my $worker = $srv->worker->login;
    $worker->jobs;
    $client->progress($id);
    is((lines('/echo/progress', 1))[0]{job_state}, 'processing', 'running');
    $worker->result($id, {text => 'x'});
    $client->progress($id);
    ($line) = lines('/echo/progress', 1);
    is($line->{job_state}, 'done', 'done');
    my @times = map { $client->progress($id)->json->{job_result}{$_} }
        qw(pending_duration compute_duration);
    cmp_ok(abs($line->{queue_time} - $times[0]), '<', 0.0015,
        'as the result says');
    cmp_ok(abs($line->{compute_time} - $times[1]), '<', 0.0015, 'both');
    return;
}


sub ended {
    my $client = $srv->client;
    my $id = $client->job({prompt => 'x'});
    $client->cancel($id);
    my ($line) = lines('/echo/cancel', 1);
    is("$line->{job_id} $line->{job_state}", "$id canceled", 'canceled');
    my $conn = $srv->conn;
    $srv->client(conn => $conn)->park({prompt => 'x'});
    queued();
    $conn->close;
    ($line) = grep { $_->{status} == 499 } lines('/echo', 2);
    is($line->{job_state}, 'canceled', 'a client that hung up');
    is($srv->client(endpoint => 'hasty')->submit({prompt => 'x'})->status, 504,
        'one that waited too long');
    ($line) = lines('/hasty', 1);
    is($line->{job_state}, 'lapsed', 'lapsed');
    around($line->{queue_time}, 0.9, 'all of it in the queue');
    is($line->{compute_time}, '', 'none computing');
    return;
}


sub stays_empty {
    $srv->get('/api/endpoints');
    my ($line) = lines('/api/endpoints', 1);
    is(join('', @$line{qw(job_id job_state queue_time compute_time)}), '',
        'no job, no values');
    my $worker = $srv->worker(name => "a \"quoted\" \\ name \x{e4}")->login;
    my $id = $worker->running($srv->client);
    $worker->result($id, {text => 'x'});
    my ($named) = grep { $_->{job_id} eq $id } lines('/worker_job_result', 2);
    is($named->{worker}, $worker->{name}, 'strange names');
    return;
}
