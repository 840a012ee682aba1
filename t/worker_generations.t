# Workers of both generations on one queue.  Guards against an answer in the
# shape of the other generation: the oldest workers break on an array where
# they expect the job, all others on the job where they expect an array.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $srv = start_nginx(endpoints => { echo => {}, bare => {
    inputs => '', outputs => 'text = { type = "string" }', progress => '' } });
my $client = $srv->client;
my $worker_a = $srv->worker(name => 'A-one', gen => 'A');
my $worker_b = $srv->worker(name => 'B-one')->login;

both_at_once();
oldest();
without_batch();
answer();
empty_descriptions();
done_testing();


sub free_slots {
    my ($name) = @_;
    my ($row) = grep { $_->{name} eq $name }
        @{$srv->get('/api/endpoints/echo')->json->{workers}};
    return $row ? $row->{free_slots} : 0;
}


sub both_at_once {
    my $poll_a = $worker_a->park;
    ok(wait_until(sub { free_slots('A-one') }), 'A waits');
    my $poll_b = $worker_b->park;
    ok(wait_until(sub { free_slots('B-one') }), 'B waits');
    my @waiting = map { $client->park({prompt => "p$_"}) } 1, 2;

    my %job;
    for ([$worker_a, $poll_a], [$worker_b, $poll_b]) {
        my ($worker, $poll) = @$_;
        my $answer = $poll->read_response;
        is($answer->status, 200, "$worker->{name} has an answer");
        my ($job, @more) = AimeParty::Worker::jobs_of($answer);
        is(@more, 0, 'one job');
        $job{$job->{job_id}}++;
        is($worker->result($job->{job_id}, {text => "from $worker->{name}"})
            ->json->{cmd}, 'ok', 'its result is accepted');
    }
    is(keys %job, 2, 'two jobs, one each');
    my @texts = sort map { $_->read_response->json->{text} } @waiting;
    is_deeply(\@texts, ['from A-one', 'from B-one'], 'both clients served');

    my %model = map { $_->{name} => $_->{model} }
        @{$srv->get('/api/endpoints/echo')->json->{workers}};
    is_deeply($model{'A-one'}, $model{'B-one'},
        'what A says with each request is what B says once');
    return;
}


# A without max_job_batch
sub oldest {
    my $id = $client->job({prompt => 'single'});
    $client->job({prompt => 'next'});
    my $body = $worker_a->request_body;
    delete $body->{max_job_batch};
    my $json = $srv->post('/worker_job_request', $body)->json;
    is(ref $json->{job_data}, 'HASH', 'the oldest workers get one object');
    is($json->{job_data}{job_id}, $id, 'the oldest job');
    is($json->{job_data}{prompt}, 'single', 'with its inputs');
    return;
}


sub without_batch {
    my $body = $worker_b->request_body;
    delete $body->{max_job_batch};
    my $json = $srv->post('/worker_job_request', $body)->json;
    is(ref $json->{job_data}, 'ARRAY', 'B without it gets an array');
    is(@{$json->{job_data}}, 1, 'of one');

    $client->job({prompt => 'null'});
    $json = $srv->post('/worker_job_request',
        $worker_a->request_body(max_job_batch => 1))->json;
    is(ref $json->{job_data}, 'ARRAY', 'A with a batch of one: an array');
    return;
}


sub answer {
    my $id = $client->job({prompt => 'x'});
    my $json = $worker_b->request_job->json;
    is($json->{cmd}, 'job', 'cmd');
    is($json->{endpoint_name}, 'echo', 'endpoint_name');
    ok(length $json->{api_server_version}, 'api_server_version');
    is_deeply($json->{progress_descriptions},
        $json->{progress_output_descriptions}, 'both names for progress');
    is_deeply($json->{output_descriptions},
        $json->{final_output_descriptions}, 'both names for outputs');
    is_deeply([sort keys %{$json->{final_output_descriptions}}],
        ['error', 'text'], 'the outputs');
    is($json->{input_descriptions}{prompt}{type}, 'string', 'the inputs');
    ok(!exists $json->{wait_for_result}, 'no wait_for_result at the top');
    is_deeply([sort keys %{$json->{job_data}[0]}], [qw(job_id prompt
        start_time start_time_compute wait_for_result)],
        'a job has no secrets');
    return;
}


# The libraries iterate over them
sub empty_descriptions {
    $srv->client(endpoint => 'bare')->job;
    my $worker = $srv->worker(job_type => 'bare')->login;
    my $json = $worker->request_job->json;
    is_deeply($json->{$_}, {}, "$_ is {}")
        for qw(progress_output_descriptions progress_descriptions);
    is(ref $json->{input_descriptions}, 'HASH', 'input_descriptions too');
    return;
}
