# /worker_login and the registry that it fills.  Guards against a worker that
# is listed twice after it came back, or under two job types after it moved;
# and against refusals that only one generation of libraries understands.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $srv = start_nginx(endpoints => { echo => {}, other => {
    worker => 'auth_key = "another-worker-key"' . "\nrequest_timeout = 2.5",
} });

login();
again();
moving();
refusals();
bodies();
done_testing();


sub details {
    my ($endpoint) = @_;
    return $srv->get("/api/endpoints/$endpoint")->json;
}


sub login {
    my $worker = $srv->worker(name => 'W', batch => 4);
    my $answer = $worker->call(POST => '/worker_login', $worker->login_body);
    is($answer->status, 200, 'login');
    is($answer->header('Content-Type'), 'application/json', 'is JSON');
    my $json = $answer->json;
    ok($json->{success}, 'accepted');
    is($json->{request_timeout}, 60, 'the default request_timeout');
    ok(length $json->{api_server_version}, 'names the server');

    my $list = details('echo');
    is($list->{num_workers}, 1, 'one worker');
    is($list->{num_active_workers}, 1, 'active');
    is_deeply($list->{workers}, [{
        name => 'W', state => 'waiting', max_batch_size => 4, free_slots => 0,
        gpu_name => 'Test GPU', num_gpus => 1, framework => 'none',
        framework_version => '1', pytorch_version => '2',
        model => { label => 'Test', quantization => 'fp16', size => '8B',
            family => 'Test', type => 'LLM', repo_name => 'test/test' }
    }], 'as it says of itself');
    return;
}


sub again {
    my $worker = $srv->worker(name => 'W', batch => 8);
    $worker->login(gpu_name => "Neu \"\x{e4}\"", num_gpus => 2);
    my $list = details('echo');
    is(@{$list->{workers}}, 1, 'still one after another login');
    my $row = $list->{workers}[0];
    is($row->{gpu_name}, "Neu \"\x{e4}\"", 'its parameters are updated');
    is($row->{num_gpus}, 2, 'all of them');
    is($row->{max_batch_size}, 8, 'and its batch size');

    my $body = $worker->login_body;
    delete $body->{model_parameters};
    delete @{$body->{worker_parameters}}{qw(gpu_name max_batch_size)};
    ok($worker->call(POST => '/worker_login', $body)->json->{success},
        'a login that says little');
    $row = details('echo')->{workers}[0];
    is($row->{gpu_name}, undef, 'null where it said nothing');
    is($row->{model}{label}, 'Unknown', 'Unknown for a model');
    return;
}


# To a job type with another key and request_timeout, and what that means
sub moving {
    my $worker = $srv->worker(name => 'W', key => 'another-worker-key',
        job_type => 'other');
    my $json = $worker->call(POST => '/worker_login', $worker->login_body)
        ->json;
    ok($json->{success}, 'moved to another job type');
    is($json->{request_timeout}, 2.5, 'with its request_timeout');
    is(details('echo')->{num_workers}, 0, 'it left the old one');
    is(details('echo')->{num_active_workers}, 0, 'also as an active one');
    is(details('other')->{num_workers}, 1, 'it is in the new one');

    my $client = $srv->client(endpoint => 'other');
    my $old = $srv->client->job({prompt => 'old'});
    my $new = $client->job({prompt => 'new'});
    my ($job) = $worker->jobs;
    is($job->{job_id}, $new, 'it gets the jobs of the new one');
    $srv->client->cancel($old);
    return;
}


sub refused {
    my ($json, $text, $name) = @_;
    is_deeply($json, { cmd => 'error', success => Mojo::JSON::false(),
        msg => $text, error_msg => $text }, $name);
    return;
}


sub refusals {
    my $login = sub {
        my $answer = $srv->post('/worker_login',
            $srv->worker(name => 'X')->login_body(@_));
        is($answer->status, 200, 'a refusal has status 200');
        return $answer->json;
    };
    my $wrong = 'Worker not authorized on job type echo';
    refused($login->(auth_key => 'wrong'), $wrong, 'wrong key');
    refused($login->(auth_key => $AimeTest::WORKER_KEY . 'x'), $wrong,
        'key with a tail');
    refused($login->(auth_key => ''), $wrong, 'empty key');
    refused($login->(auth_key => undef), $wrong, 'no key');
    refused($login->(auth_key => 'another-worker-key'), $wrong,
        'key of another job type');
    refused($login->(job_type => 'no "such" one'),
        'Unknown job_type: no "such" one', 'unknown job type');
    is_deeply([map { $_->{name} } @{details('echo')->{workers}}], [],
        'none of them is listed');

    my $none = $srv->post('/worker_login', {});
    is($none->status, 200, 'no parameters');
    is($none->json->{cmd}, 'error', 'are refused');
    is($login->(auth => 'n' x 300)->{cmd}, 'error', 'so is a huge name');
    return;
}


sub bodies {
    for my $body ('', '{', '[]', 'null', '"x"', '{"a":1} x') {
        my $answer = $srv->post('/worker_login', $body);
        is($answer->status, 400, "400 for <$body>");
        is(ref eval { $answer->json }, 'HASH', 'with a JSON object');
    }
    my $answer = $srv->get('/worker_login');
    is($answer->status, 405, 'GET is not allowed');
    is($answer->header('Allow'), 'POST', 'but POST');
    is($answer->json->{cmd}, 'error', 'in the shape of the route');
    return;
}
