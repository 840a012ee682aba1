# Errors as OpenAI's clients know them: their shape, status, type and code, and
# whether to try again.  Guards against HTML, a status that makes a client send a
# job again that has failed for good, and answers that name no request.

use strict;
use warnings;

use lib 't/lib';
use AimeOpenai;
use Mojo::JSON qw(true false);
use Test::More;
use AimeTest;

my $srv = start_openai(models => <<'TOML', locations => <<'CONF', endpoints => {
m = {endpoint = "chat"}
theirs = {endpoint = "second"}
open = {endpoint = "open"}
one = {endpoint = "one"}
short = {endpoint = "short"}
away = {endpoint = "nowhere"}
TOML
location = /closed { return 200; }
location /v1/small/ { aime_api_openai; client_max_body_size 10; }
CONF
    chat => chat_endpoint(endpoint => 'max_queue_length = 1'),
    second => chat_endpoint(clients =>
        "authorization_keys = {second = \"$SECOND_KEY\"}"),
    open => chat_endpoint(clients => 'authorization = "None"'),
    one => chat_endpoint(clients => 'client_request_limit = 2'),
    short => chat_endpoint(endpoint => 'max_time_in_queue = 0.3')});

shapes();
clients();
full();
limits();
failed();
lapsed();
all_open();
done_testing();


sub request {
    my ($body, %headers) = @_;
    return ask($srv, 'chat/completions', {model => 'm',
        messages => messages('hi'), %$body}, %headers);
}


sub is_error {
    my ($answer, $status, $type, $param, $code) = @_;
    is($answer->status, $status, "status $status");
    is($answer->header('Content-Type'), 'application/json', 'JSON');
    my $error = $answer->json->{error};
    is_deeply([sort keys %$error], [qw(code message param type)], 'members');
    is_deeply([@$error{qw(type param code)}], [$type, $param, $code],
        'what they say') or diag($answer->body);
    like($answer->header('x-request-id'), qr/^\w{32}$/, 'has an id');
    like($answer->header('openai-processing-ms'), qr/^\d+$/, 'and a time');
    return $error->{message};
}


sub shapes {
    my $bad = 'invalid_request_error';
    is_error($srv->get('/v1/nothing', undef, with_key()), 404, $bad, undef,
        undef);
    is_error($srv->get('/v1/', undef, with_key()), 404, $bad, undef, undef);
    is_error($srv->get('/v1/chat/completions', undef, with_key()), 405, $bad,
        undef, undef);
    is_error($srv->post('/v1/small/chat/completions', 'x' x 11, with_key()),
        413, $bad, undef, undef);
    is_error(request({model => 'none'})->read_response, 404, $bad, 'model',
        'model_not_found');
    is_error(request({model => 'away'})->read_response, 404, $bad, 'model',
        'model_not_found');
    is_error(request({seed => 1})->read_response, 400, $bad, 'seed',
        'unsupported_parameter');
    is_error(request({max_tokens => 1000})->read_response, 400, $bad,
        'max_tokens', 'invalid_value');
    my $other = $srv->conn;
    $other->send_request(POST => '/v1/chat/completions', '{"model": "m",'
        . '"messages": [{"role": "user", "content": "x"}]}', with_key(),
        'Content-Type' => 'text/plain', 'Content-Length' => 9);
    is_error($other->read_response, 400, $bad, undef, undef);
    return;
}


sub clients {
    my $bad = 'invalid_request_error';
    for my $key ('wrong', 'sk-' . 'x' x 40) {
        my $message = is_error(request({}, with_key($key))->read_response,
            401, $bad, undef, 'invalid_api_key');
        unlike($message, qr/\Q$key/, 'which is not repeated');
    }
    is_error(request({}, Authorization => 'Basic eDp5')->read_response, 401,
        $bad, undef, 'invalid_api_key');
    is_error(request({model => 'none'}, with_key('wrong'))->read_response, 401,
        $bad, undef, 'invalid_api_key');
    is_error(request({model => 'theirs'})->read_response, 403, $bad, undef,
        'permission_denied');
    my $worker = $srv->worker(job_type => 'open')->login;
    for my $key ('sk-anything', $CLIENT_KEY) {
        my $conn = request({model => 'open'}, with_key($key));
        $worker->result(($worker->jobs)[0]{job_id}, {text => 't'});
        is($conn->read_response->status, 200, 'anyone where it is open');
    }
    return;
}


sub full {
    my $first = request({});
    wait_until(sub { $srv->get('/api/endpoints/chat')->json
        ->{free_queue_slots} == 0 });
    my $answer = request({})->read_response;
    like(is_error($answer, 503, 'server_error', undef, undef), qr/queue/,
        'the queue is full');
    like($answer->header('Retry-After'), qr/^\d+$/, 'when to come back');
    is($answer->header('x-should-retry'), undef, 'which it may');
    my $stream = request({stream => true})->read_response;
    is_error($stream, 503, 'server_error', undef, undef);
    $first->close;
    return;
}


sub limits {
    my $worker = $srv->worker(job_type => 'one')->login;
    my @conns = map { request({model => 'one'}) } 1, 2;
    my @jobs = map { $worker->jobs } 1, 2;
    my $answer = request({model => 'one'})->read_response;
    is_error($answer, 429, 'requests', undef, 'rate_limit_exceeded');
    my %rate = map { $_ => $answer->header("x-ratelimit-$_-requests") }
        qw(limit remaining reset);
    like($rate{reset}, qr/^\d+s$/, 'in seconds');
    is_deeply([@rate{qw(limit remaining)}], [2, 0], 'the limit');
    like($answer->header('Retry-After'), qr/^\d+$/, 'when to come back');
    $worker->result($jobs[0]{job_id}, {text => 't'});
    my $first = $conns[0]->read_response;
    is($first->header('x-ratelimit-remaining-requests'), 1, 'one is free');
    $worker->result($jobs[1]{job_id}, {text => 't'});
    is($conns[1]->read_response->header('x-ratelimit-remaining-requests'), 2,
        'both are');
    $answer = request({model => 'one', seed => 1})->read_response;
    is($answer->header('x-ratelimit-limit-requests'), 2, 'on errors too');
    $answer = request({model => 'one'}, with_key('wrong'))->read_response;
    is($answer->header('x-ratelimit-limit-requests'), undef,
        'but not for strangers');
    return;
}


sub failed {
    my $worker = $srv->worker(job_type => 'chat')->login;
    for my $error ('out of memory', ['a', 1]) {
        my $conn = request({});
        my ($job) = $worker->jobs;
        $worker->result($job->{job_id}, {error => $error});
        my $answer = $conn->read_response;
        is(is_error($answer, 500, 'server_error', undef, undef),
            ref $error ? '["a",1]' : $error, 'what the worker said');
        is($answer->header('x-should-retry'), 'false', 'is final');
    }
    my $conn = request({});
    my ($job) = $worker->jobs;
    $worker->result($job->{job_id}, {text => 'fine', error => ''});
    is($conn->read_response->status, 200, 'an empty error is none');
    return;
}


sub lapsed {
    my $answer = request({model => 'short'})->read_response;
    like(is_error($answer, 504, 'server_error', undef, undef),
        qr/No worker took it/, 'lapsed');
    is($answer->header('x-should-retry'), 'false', 'is final');
    return;
}


# Where nobody needs a key, no key is wrong
sub all_open {
    my $free = start_openai(models => 'm = {endpoint = "open"}', endpoints =>
        {open => chat_endpoint(clients => 'authorization = "None"')});
    my $bad = 'invalid_request_error';
    is_error(ask($free, 'chat/completions', {model => 'none', messages =>
        messages('hi')}, with_key('any'))->read_response, 404, $bad, 'model',
        'model_not_found');
    is_error($free->get('/v1/responses/resp_none', undef, with_key('any')),
        404, $bad, undef, undef);
    is($free->get('/v1/models', undef, with_key('any'))->status, 200,
        'models');
    return;
}
