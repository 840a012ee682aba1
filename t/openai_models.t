# The models that a client may use, under whatever names.  Guards against ids
# whose slashes nginx decodes and merges, a created that is no number, and
# models of endpoints that are somebody else's.

use strict;
use warnings;

use lib 't/lib';
use AimeOpenai;
use Mojo::JSON qw(true);
use Test::More;
use AimeTest;

my $srv = start_openai(models => <<'TOML', endpoints => {
"b" = {endpoint = "chat", created_at = "1700000000", owned_by = "me"}
"a/b//c:d e" = {endpoint = "chat", created_at = 1700000001}
"dated" = {endpoint = "chat", created_at = "2024-02-03"}
"away" = {endpoint = "nowhere"}
"theirs" = {endpoint = "second"}
TOML
    chat => chat_endpoint(), second => chat_endpoint(clients =>
        "authorization_keys = {second = \"$SECOND_KEY\"}")});

list();
one();
strangers();
away();
fallback();
done_testing();


sub get { my ($path, @key) = @_; return $srv->get("/v1/$path", undef, with_key(@key)) }


sub list {
    my $answer = get('models');
    is($answer->status, 200, 'listed');
    is($answer->header('Content-Type'), 'application/json', 'as JSON');
    my $json = $answer->json;
    is($json->{object}, 'list', 'a list');
    is_deeply([map { $_->{id} } @{$json->{data}}], ['b', 'a/b//c:d e',
        'dated', 'away'], 'in the order of the file, without others\'');
    is_deeply($json->{data}[0], {id => 'b', object => 'model',
        created => 1700000000, owned_by => 'me', endpoints => ['chat']},
        'a model, with the endpoints behind it');
    like($answer->body, qr/"created":1700000000,/, 'created is a number');
    is_deeply($json->{data}[3]{endpoints}, [], 'none, where none is loaded');
    is($json->{data}[2]{created}, 1706918400, 'also of a date');
    is_deeply([map { $_->{id} } @{get('models', $SECOND_KEY)->json->{data}}],
        ['b', 'a/b//c:d e', 'dated', 'away', 'theirs'], 'the other client');
    is(get('models/')->status, 200, 'with a slash at the end');
    return;
}


sub one {
    is(get('models/b')->json->{id}, 'b', 'one of them');
    is(get('models/a%2Fb%2F%2Fc:d%20e')->json->{id}, 'a/b//c:d e', 'encoded');
    is(get('models/a/b//c%3Ad%20e?x=1')->json->{id}, 'a/b//c:d e', 'or not');
    is(get('models/a%2Fb%2F%2Fc%3Ad%20e/')->json->{id}, 'a/b//c:d e',
        'with a slash at the end');
    is(get('models/%2e%2e%2fb')->status, 404, 'dots are no way up');
    for my $name ('c', 'B', 'theirs', 'a%2Fb', 'b%00', '%') {
        my $answer = get("models/$name");
        is($answer->status, $name =~ m{%(?:00|\z)} ? 400 : 404, "$name: refused");
        next if $name =~ /%/;
        is_deeply($answer->json->{error}, {type => 'invalid_request_error',
            param => 'model', code => 'model_not_found', message =>
            "The model '$name' does not exist, or does not serve such requests"},
            'and says so');
    }
    my $answer = $srv->post('/v1/models', '{}', with_key());
    is($answer->status, 405, 'no POST');
    is($answer->header('Allow'), 'GET', 'but GET');
    ok($answer->json->{error}{message}, 'in this API\'s shape');
    return;
}


sub strangers {
    for my $path ('models', 'models/b') {
        my $answer = $srv->get("/v1/$path");
        is($answer->status, 401, "$path without a key");
        like($answer->json->{error}{message}, qr/API key/, 'says so');
        $answer = get($path, 'sk-wrong');
        is($answer->status, 401, 'with a wrong one');
        is($answer->json->{error}{code}, 'invalid_api_key', 'says so');
    }
    return;
}


sub away {
    my $answer = ask($srv, 'chat/completions', {model => 'away',
        messages => messages('hi')})->read_response;
    is($answer->status, 404, 'an endpoint that is not loaded');
    is($answer->json->{error}{code}, 'model_not_found', 'says so');
    like($srv->log, qr/the endpoint of OPENAI\.MODELS\.away is not loaded/,
        'and was told of at the start');
    return;
}


sub fallback {
    my $ask = sub { return ask($srv, 'chat/completions', {messages =>
        messages('hi'), @_}) };
    is($ask->(model => 'c')->read_response->status, 404, 'no such model');
    my $answer = $ask->()->read_response;
    is($answer->status, 400, 'no model at all');
    is($answer->json->{error}{param}, 'model', 'says so');
    $srv->write_files(server_toml => openai_toml('b = {endpoint = "chat"}',
        'fallback_model = "b"'))->reload;
    my $worker = $srv->worker(job_type => 'chat')->login;
    for my $model ([model => 'c'], []) {
        my $conn = $ask->(@$model);
        my ($job) = $worker->jobs;
        $worker->result($job->{job_id}, {text => 't'});
        is($conn->read_response->json->{model}, 'b', 'the fallback answers');
    }
    is(get('models/c')->status, 404, 'but does not bear that name');
    return;
}
