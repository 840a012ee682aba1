# /worker_job_result.  Guards against a library that sends a result for ever
# since it is not answered 200, and against results of workers that never had
# the job.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $srv = start_nginx();
my $client = $srv->client;
my $worker = $srv->worker(name => 'W')->login;

accepted();
refused();
bodies();
done_testing();


sub warning {
    my ($id, $name) = @_;
    return { cmd => 'warning',
        msg => "Job with job id $id not found in worker $name!" };
}


sub refusal {
    my ($text) = @_;
    return { cmd => 'error', success => Mojo::JSON::false(), msg => $text,
        error_msg => $text };
}


sub result {
    my $answer = $worker->result(@_);
    is($answer->status, 200, 'status 200');
    return $answer->json;
}


sub accepted {
    my $id = $worker->running($client);
    is_deeply(result($id, {text => 'first'}), {cmd => 'ok'}, 'accepted');
    my $json = $client->progress($id)->json;
    is($json->{job_state}, 'done', 'done');
    is($json->{job_result}{text}, 'first', 'the client gets it');
    is_deeply(result($id, {text => 'second'}), warning($id, 'W'),
        'a second result');
    is($client->progress($id)->json->{job_result}{text}, 'first',
        'has no effect');

    $id = $worker->running($client);
    is_deeply(result($id, {error => 'out of memory'}), {cmd => 'ok'},
        'a failure is a result');
    $json = $client->progress($id)->json->{job_result};
    is($json->{error}, 'out of memory', 'with its text');
    is($json->{success}, Mojo::JSON::true(), 'and success');

    $id = $worker->running($client);
    is_deeply(result($id, {text => 'x'}, metrics => {tokens => 1}),
        {cmd => 'ok'}, 'metrics are accepted');
    ok(!exists $client->progress($id)->json->{job_result}{metrics},
        'and not for clients');
    return;
}


sub refused {
    my $id = $worker->running($client);
    my $other = $srv->worker(name => 'other')->login;
    is_deeply($other->result($id, {text => 'stolen'})->json,
        warning($id, 'other'), 'the job of another worker');
    is_deeply(result($id, {text => 'x'}, auth_key => 'wrong'),
        refusal('Worker W not authorized on job type echo'), 'wrong key');
    is_deeply(result($id, {text => 'x'}, auth => 'nobody'),
        refusal('Worker nobody not authorized'), 'unknown worker');
    is($client->progress($id)->json->{job_state}, 'processing',
        'the job goes on');
    is_deeply(result($id, {text => 'x'}), {cmd => 'ok'}, 'to its result');

    my $none = '00000000-0000-4000-8000-000000000000';
    is_deeply(result($none), warning($none, 'W'), 'an unknown job');
    is_deeply(result('no id'), warning('no id', 'W'), 'what is no id');
    $id = $client->job({prompt => 'x'});
    is_deeply(result($id), warning($id, 'W'), 'a job nobody has');
    $client->cancel($id);
    is_deeply(result($id), warning($id, 'W'), 'also when it is canceled');
    return;
}


sub bodies {
    for my $body ('', '{', '[]', 'null', '[{"job_id":"x"}]') {
        my $answer = $srv->post('/worker_job_result', $body);
        is($answer->status, 400, "400 for <$body>");
        is(ref eval { $answer->json }, 'HASH', 'with a JSON object');
    }
    is($srv->get('/worker_job_result')->status, 405, 'no GET');
    my $answer = $srv->post('/worker_job_result', 'x' x (33 << 20));
    is($answer->status, 200, 'a result that is too large: status 200');
    like($answer->json->{msg}, qr/larger than/, 'refused with a text');
    return;
}
