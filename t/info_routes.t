# What the server tells about itself, to anyone: which keys are good, which
# endpoints there are, what each takes and who works for it.  Guards against
# secrets that come out with the description, numbers that lose their form, and
# an endpoint whose name hides a fixed route.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(true false);
use Test::More;
use AimeTest;

my $inputs = <<'TOML';
prompt = { type = "string", required = true }
scale = { type = "float", default = 2.0, minimum = 0.5 }
seed = { type = "integer", default = 9007199254740993 }
TOML
my $srv = start_nginx(endpoints => {
    echo => {inputs => $inputs, endpoint =>
        "category = \"text\"\nmax_queue_length = 7\ndescription = \"An echo\""},
    mine => {clients => 'authorization_keys = {me = "my-secret-key"}'},
    open => {clients => 'authorization = "None"'},
    endpoints => {}, validate_key => {endpoint => 'methods = ["POST"]'},
    bare => "[ENDPOINT]\nname = \"bare\"\n[WORKER]\njob_type = \"bare\"\n"});

validating();
listing();
details();
bare();
workers();
fixed_names();
refusing();
done_testing();


# JSON of an info route; no secret is in it
sub info {
    my ($path, $method, @more) = @_;
    my $answer = $srv->request($method // 'GET', "/api/$path", @more);
    is($answer->status, 200, ($method // 'GET') . " $path");
    is($answer->header('Content-Type'), 'application/json', 'JSON');
    unlike($answer->body, qr/$CLIENT_KEY|$SECOND_KEY|$WORKER_KEY|my-secret/,
        'without secrets');
    return $answer->json;
}


sub validating {
    my %good = (success => true, error => undef);
    my %bad = (success => false, error => 'Key not valid');
    for ([GET => $CLIENT_KEY, \%good], [POST => 'my-secret-key', \%good],
        [POST => $SECOND_KEY, \%good, 'false'], [GET => 'wrong', \%bad],
        [GET => '', \%bad], [POST => $WORKER_KEY, \%bad], [GET => 'null', \%bad]
        ) {
        my ($method, $key, $want, @body) = @$_;
        is_deeply(info("validate_key?key=$key&version=JS", $method, @body),
            $want, 'the key');
    }
    is_deeply(info('validate_key'), \%bad, 'no key at all');
    return;
}


sub listing {
    my @all = sort qw(echo mine open endpoints validate_key bare);
    my @mine = sort qw(mine open);
    for my $method (qw(GET POST)) {
        is_deeply([sort @{info('endpoints', $method)->{endpoints}}], \@all,
            'all of them');
        is_deeply([sort @{info('endpoints?key=my-secret-key', $method)
            ->{endpoints}}], \@mine, 'those that a key is good for');
    }
    is_deeply([sort @{info("endpoints/?key=$CLIENT_KEY")->{endpoints}}],
        [grep { $_ ne 'mine' } @all], 'a slash at the end');
    is_deeply(info('endpoints?key=null'), info('endpoints'), 'null is no key');
    my $answer = $srv->get('/api/endpoints?key=wrong');
    is($answer->status, 401, 'a wrong key');
    is($answer->json->{error}, 'Key not valid', 'a single text');
    return;
}


sub details {
    my $json = info('endpoints/echo');
    is_deeply($json, info('echo'), 'both ways');
    is_deeply($json, info('echo/', 'POST'), 'and POST');
    my %want = (name => 'echo', title => 'Test of echo', version => 1,
        description => 'An echo', http_methods => ['GET', 'POST'],
        category => 'text', max_queue_length => 7, free_queue_slots => 7,
        max_time_in_queue => 3600, num_workers => 0, num_active_workers => 0,
        workers => []);
    is_deeply($json->{$_}, $want{$_}, $_) for sort keys %want;
    is_deeply([sort keys %$json], [sort keys %want, 'parameter_description'],
        'and nothing else');

    my $input = $json->{parameter_description}{input};
    is_deeply([sort keys %$input], [sort qw(prompt scale seed key
        client_session_auth_key wait_for_result)], 'with those that all have');
    is($input->{$_->[0]}{type}, $_->[1], "$_->[0] is a $_->[1]") for
        ['key', 'string'], ['client_session_auth_key', 'string'],
        ['wait_for_result', 'bool'], ['scale', 'float'];
    my $body = $srv->get('/api/echo')->body;
    like($body, qr/"default":2\.0[,}]/, 'a float stays one');
    like($body, qr/"default":9007199254740993[,}]/, 'an integer is exact');
    is($json->{parameter_description}{output}{text}{type}, 'string', 'outputs');
    is($json->{parameter_description}{progress}{OUTPUTS}{text}{type}, 'string',
        'progress');

    $srv->client->job({prompt => 'p'}) for 1, 2;
    is(info('echo')->{free_queue_slots}, 5, 'free_queue_slots');
    is_deeply(info('validate_key')->{success}, false, 'a fixed name');
    return;
}


sub bare {
    my $json = info('bare');
    is($json->{$_}, undef, "no $_") for qw(version category);
    ok(exists $json->{$_}, "but $_ is there") for qw(version category);
    is_deeply($json->{parameter_description}{$_}, {}, "no $_")
        for qw(output progress);
    return;
}


sub workers {
    my $worker = $srv->worker(name => 'gpu-1', batch => 4)->login;
    my $json = info('echo');
    is_deeply($json->{workers}, [{name => 'gpu-1', state => 'waiting',
        max_batch_size => 4, free_slots => 0, gpu_name => 'Test GPU',
        num_gpus => 1, framework => 'none', framework_version => '1',
        pytorch_version => '2', model => {label => 'Test', quantization =>
        'fp16', size => '8B', family => 'Test', type => 'LLM',
        repo_name => 'test/test'}}], 'a worker after its login');
    is($json->{num_workers}, 1, 'num_workers');
    is($json->{num_active_workers}, 1, 'num_active_workers');
    $worker->jobs;
    my ($busy) = @{info('echo')->{workers}};
    is($busy->{state}, 'processing', 'one at work');
    is($busy->{free_slots}, 2, 'offered 4, got 2');
    is_deeply(info('bare')->{workers}, [], 'not on another job type');

    my $old = $srv->worker(name => 'gpu-2', gen => 'A', batch => 3);
    my $conn = $old->park;
    ok(wait_until(sub { info('echo')->{num_workers} == 2 }), 'generation A');
    my ($parked) = grep { $_->{name} eq 'gpu-2' } @{info('echo')->{workers}};
    is($parked->{model}{size}, '8B', 'its model');
    is($parked->{free_slots}, 3, 'what it offers');
    $conn->close;
    ok(wait_until(sub { info('echo')->{num_active_workers} == 1 }), 'gone');
    is(info('echo')->{num_workers}, 2, 'but still known');
    return;
}


sub fixed_names {
    ok(exists info('endpoints')->{endpoints}, 'the fixed route wins');
    is(info('endpoints/endpoints')->{name}, 'endpoints', 'both are reachable');
    is_deeply(info('endpoints/validate_key')->{http_methods}, ['POST'],
        'in full');
    return;
}


sub refusing {
    for my $path (qw(none endpoints/none echo/more endpoints/echo/more), '') {
        my $answer = $srv->get("/api/$path");
        is($answer->status, 404, "/api/$path is not found");
        ok(defined $answer->json->{error}, 'JSON');
    }
    for my $path (qw(endpoints validate_key echo)) {
        my $answer = $srv->request(DELETE => "/api/$path");
        is($answer->status, 405, "DELETE $path");
        is($answer->header('Allow'), 'GET, POST', 'Allow');
        ok(defined $answer->json->{error}, 'JSON');
        my $head = $srv->request(HEAD => "/api/$path");
        is($head->status . $head->body, '200', 'HEAD');
    }
    return;
}
