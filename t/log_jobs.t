# aime_api_job_log: one line for each job that has ended, however it ended and
# whether or not any request had to do with that; through nginx's access log,
# with formats, conditions and buffers.  Guards against lines that are missing,
# written twice, or of a job that is still there, and against variables of
# requests that do not exist.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(decode_json);
use Test::More;
use AimeTest;
use AimeMetrics;

my @names = qw(job_id endpoint job_type job_state job_outcome job_reason
    job_user job_priority job_attempts worker queue_time compute_time
    total_time input_bytes result_bytes);
my $format = join ',', map { "\"$_\":\"\$aime_$_\"" } @names;

# whatever variables of a request somebody may put into such a format
my $others = join ' ', map { "\$$_" } qw(remote_addr remote_user request status
    host server_name uri request_uri args http_user_agent http_referer
    cookie_x arg_x body_bytes_sent bytes_sent request_time request_length
    connection connection_requests server_addr server_port scheme
    binary_remote_addr upstream_addr upstream_response_time ssl_protocol
    request_id pipe msec time_iso8601 time_local realpath_root document_root
    request_filename is_args content_type content_length limit_rate hostname
    pid proxy_protocol_addr tcpinfo_rtt sent_http_content_type request_body
    request_completion request_method server_protocol http2 https);

my $srv = start_nginx(min_procs => 2, master => 1, server => $STATUS,
    http => <<"CONF", endpoints => {
log_format job escape=json '{$format}';
log_format others escape=json '\$aime_job_id $others';
log_format id '\$aime_job_id';
map \$aime_job_outcome \$failed { default 1; success 0; }
aime_api_job_log logs/jobs.log job;
aime_api_job_log logs/failed.log id if=\$failed;
aime_api_job_log logs/others.log others;
aime_api_job_log logs/buffered.log id buffer=32k flush=10m;
CONF
    echo => {clients => 'priority = 3'}, hasty => {endpoint =>
        'max_time_in_queue = 1'}});

my %expected;

each_end();
conditions();
buffered();
mistakes();
done_testing();


sub file { my ($name) = @_; return slurp($srv->dir . "/logs/$name.log") }


# Those of a file, when there are so many
sub lines {
    my ($name, $count) = @_;
    my @lines;
    wait_until(sub {
        @lines = split /\n/, file($name);
        return @lines >= $count;
    });
    return @lines;
}


# The line of a job, when it is there
sub line_of {
    my ($id) = @_;
    my @lines;
    wait_until(sub {
        @lines = grep { $_->{job_id} eq $id }
            map { decode_json($_) } split /\n/, file('jobs');
        return @lines > 0;
    });
    is(scalar @lines, 1, 'one line');
    return $lines[0] // {};
}


sub check {
    my ($id, %want) = @_;
    my $line = line_of($id);
    is_deeply({map { ($_ => $line->{$_}) } keys %want}, \%want,
        "$want{job_outcome}, $want{job_reason}");
    $expected{$id} = $want{job_outcome};
    return $line;
}


sub each_end {
    my $client = $srv->client;
    my $worker = $srv->worker->login;
    my $good = $worker->running($client);
    unlike(file('jobs'), qr/$good/, 'none while it runs');
    $worker->result($good, {text => 'x'});
    my $line = check($good, job_outcome => 'success', job_reason => '',
        job_state => 'done', endpoint => 'echo', job_type => 'echo',
        job_user => 'tester', job_priority => 3, job_attempts => 1,
        worker => $worker->{name});
    like($line->{$_}, qr/^\d+\.\d{3}$/, $_)
        for qw(queue_time compute_time total_time);
    cmp_ok($line->{$_}, '>', 0, $_) for qw(input_bytes result_bytes);
    my $bad = $worker->running($client);
    $worker->result($bad, {error => 'x'});
    check($bad, job_outcome => 'error', job_reason => '');
    my $canceled = $client->job({prompt => 'x'});
    $client->cancel($canceled) for 1, 2;
    check($canceled, job_outcome => 'cancelled', job_reason => 'client',
        job_state => 'canceled', worker => '', compute_time => '');
    my $expired = $srv->client(endpoint => 'hasty')->job({prompt => 'x'});
    check($expired, job_outcome => 'expired', job_reason => 'queue_timeout',
        job_state => 'lapsed');
    my ($pid, $other) = $srv->procs;
    my $conn = $srv->conn_to_pid($pid);
    $srv->client(endpoint => 'echo', conn => $conn)->park({prompt => 'x'});
    my ($hung) = $worker->jobs;
    ok($srv->kill_proc($pid), 'a process is killed, and its client cut off');
    check($hung->{job_id}, job_outcome => 'cancelled', job_reason => 'hangup',
        worker => $worker->{name});
    $worker->result($hung->{job_id}, {});
    return;
}


sub conditions {
    my @failed = sort grep { $expected{$_} ne 'success' } keys %expected;
    is_deeply([sort(lines('failed', scalar @failed))], \@failed, 'if=');
    my @others = lines('others', scalar keys %expected);
    is(scalar @others, scalar keys %expected, 'variables of no request');
    is_deeply([sort map { (split)[0] } @others], [sort keys %expected],
        'are of no harm');
    return;
}


sub buffered {
    my $before = file('buffered');
    my $client = $srv->client;
    my @ids = map { $client->job({prompt => 'x'}) } 1 .. 100;
    $client->cancel($_) for @ids;
    $expected{$_} = 'cancelled' for @ids;
    ok($srv->reload, 'a reload');
    ok(wait_until(sub { !$srv->draining }), 'the old processes leave');
    is($before, '', 'nothing was written before');
    my %lines;
    $lines{$_}++ for split /\n/, file('buffered');
    is_deeply({map { ($_ => $lines{$_}) } @ids}, {map { ($_ => 1) } @ids},
        'and every job is there, once');
    my $all = scrape($srv);
    my $ended = 0;
    $ended += $all->{$_} for grep { /^aime_jobs_finished_total/ } keys %$all;
    is($ended, scalar keys %expected, 'as many as were counted');
    return;
}


sub mistakes {
    my $bad = start_nginx(start => 0, allow => [qr{\[emerg\]}]);
    for (['aime_api_job_log logs/x.log nothing;', qr/unknown log format/],
        ['aime_api_job_log logs/$host.log;', qr/variables in the name/],
        ['aime_api_job_log logs/x.log combined buffer=0;',
            qr/invalid buffer size/],
        ['aime_api_job_log;', qr/number of arguments/]) {
        my ($conf, $want) = @$_;
        $bad->write_files(http => $conf);
        my ($status, $said) = $bad->check_conf;
        isnt($status, 0, 'refused');
        like($said, $want, $conf);
    }
    return;
}
