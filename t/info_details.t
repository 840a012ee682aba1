# What the server tells of an endpoint, to anyone: its limits, what it takes,
# and who works for it.  Guards against secrets that come out with the
# description, and against numbers that lose their form between TOML and JSON.

use strict;
use warnings;

use lib 't/lib';
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
    bare => "[ENDPOINT]\nname = \"bare\"\n[WORKER]\njob_type = \"bare\"\n"});

details();
bare();
workers();
done_testing();


# JSON of an info route; no secret is in it
sub info {
    my ($path, $method, @more) = @_;
    my $answer = $srv->request($method // 'GET', "/api/$path", @more);
    is($answer->status, 200, ($method // 'GET') . " $path");
    is($answer->header('Content-Type'), 'application/json', 'JSON');
    unlike($answer->body, qr/$CLIENT_KEY|$SECOND_KEY|$WORKER_KEY/,
        'without secrets');
    return $answer->json;
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
