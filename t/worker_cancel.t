# How a worker hears that it should stop.  Guards against a worker that is
# told once only (its library may drop one answer), that is told of a job it
# has finished (the library breaks), or that never learns of it since its
# reports do not name it.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $srv = start_nginx();
my $client = $srv->client;
my $worker = $srv->worker(name => 'W', batch => 8)->login;
my $ok = { cmd => 'ok', success => Mojo::JSON::true() };

canceled();
waiting_client();
nameless_canceled();
nameless_finished();
done_testing();


sub stop {
    my ($id) = @_;
    return { %$ok, job_id => $id, canceled => Mojo::JSON::true() };
}


sub warning {
    my ($id) = @_;
    return { cmd => 'warning', success => Mojo::JSON::false(),
        msg => "Job with job id $id not found in worker W!" };
}


sub canceled {
    my ($id, $other) = map { $worker->running($client) } 1 .. 2;
    is_deeply($worker->progress($id, 1)->json, [$ok], 'no job_id before');
    is($client->cancel($id)->json->{job_state}, 'canceled', 'canceled');
    is_deeply($worker->progress($id, 2, {text => 'x'})->json, [stop($id)],
        'the worker is told') for 1 .. 3;
    is_deeply($srv->post('/worker_job_progress', [map {
        $worker->report($_, progress => 3) } $id, $other])->json,
        [stop($id), $ok], 'of that job only');
    is($client->progress($id)->json->{job_state}, 'canceled', 'it stays so');

    is_deeply($worker->result($id, {text => 'late'})->json, {cmd => 'ok'},
        'its result is accepted');
    is_deeply($worker->progress($id, 4)->json, [warning($id)],
        'and never told again');
    is_deeply($worker->result($id, {text => 'late'})->json, {cmd => 'warning',
        msg => warning($id)->{msg}}, 'the result is accepted once');
    my $answer = $client->progress($id);
    is($answer->status, 410, 'and dropped: the client sees 410');
    is($answer->json->{job_state}, 'canceled', 'canceled');
    ok(!exists $answer->json->{job_result}, 'and no result');
    is($worker->result($other, {text => 'ok'})->json->{cmd}, 'ok',
        'the other job goes on');
    return;
}


sub waiting_client {
    my $waiting = $client->park({prompt => 'x'});
    my ($job) = $worker->jobs;
    is_deeply($worker->progress($job->{job_id}, 1)->json, [$ok], 'it waits');
    $waiting->close;
    ok(wait_until(sub {
        $worker->progress($job->{job_id}, 2)->json->[0]{canceled}
    }), 'a client that hung up stops the worker too');
    return;
}


# No auth in the reports: the job's own worker is meant
sub nameless {
    my (@ids) = @_;
    return $srv->post('/worker_job_progress', [map { { job_id => $_,
        auth_key => $WORKER_KEY, progress => 5 } } @ids])->json;
}


sub nameless_canceled {
    my ($id, $other) = map { $worker->running($client) } 1 .. 2;
    $client->cancel($id);
    is_deeply(nameless($id, $other), [stop($id), $ok],
        'a worker that does not name itself is told');
    return;
}


# The result may be faster than the last report
sub nameless_finished {
    my ($id, $other) = map { $worker->running($client) } 1 .. 2;
    $worker->result($id, {text => 'x'});
    my $json = nameless($id, $other);
    is(ref $json, 'ARRAY', 'its late report on a finished job is no refusal')
        or diag explain $json;
    is_deeply([map { $_->{cmd} } ref $json eq 'ARRAY' ? @$json : $json],
        ['warning', 'ok'], 'and does not harm the others');
    return;
}
