# examples/openai_bridge_worker.py in a loop: a job of one endpoint becomes a
# request to /v1 of the same server, which becomes a job of another endpoint.
# Guards against inputs, texts, counts and errors that are lost on the way, a
# cancel that does not reach the upstream, and a bridge without an upstream that
# takes jobs all the same.

use strict;
use warnings;

use lib 't/lib';
use AimeExample qw(chunks content);
use AimeNginx qw(free_port);
use AimeOpenai;
use Mojo::JSON qw(true);
use Test::More;
use AimeTest;

AimeExample::need();

my $more = <<'TOML';
n = { type = "integer", minimum = 1 }
tools = { type = "json" }
TOML
my $out = join '', map { "$_ = {}\n" } qw(reasoning_content tool_calls);

my $srv = start_openai(
    models => join('', map { "$_ = { endpoint = \"$_\" }\n" }
        qw(words inner outer off llm_inner llm_outer)),
    locations => 'location = /stream_progress { aime_api_stream; }',
    endpoints => {
        words => chat_file('words'), inner => chat_file('inner'),
        llm_inner => documented('llm_inner'),
        llm_outer => documented('llm_outer'),
        off => chat_file('off') =~ s/^version = 1$/enabled = false/mr,
        outer => chat_file('outer', 'frequency_penalty = { type = "float" }'),
    });
my $text = spew($srv->dir . '/text', join '', map { "$_\n\n" }
    'Čaj ☕ pijí žáci 🎓 a čaj ☕ mají rádi učitelé 🦉 v každé škole 🏫.',
    'Žáci 🎓 pijí kávu ☕ a učitelé 🦉 mají rádi žáky 🎓 a čaj 🫖 a školu 🏫.');
my $outer = $srv->client(endpoint => 'outer');

loop();
cancels();
tls();
inputs();
outputs();
tools();
errors();
keys_refused();
away();
done_testing();


# The example's endpoint under another name, with more inputs
sub chat_file {
    my ($name, $inputs) = @_;
    my $toml = slurp('conf/endpoints/chat/aime_api_endpoint.cfg');
    $inputs = $more . ($inputs // q()) . "\n";
    for ($toml) {
        s/^(name|job_type) = "chat"/$1 = "$name"/mg;
        s/^(?=\[PROGRESS\]$)/$inputs/m or die 'no [PROGRESS]';
        s/^(chat_context = .*?) }$/$1, support = ["image", "audio"] }/m
            or die 'no chat_context';
        s/^(?=\[OUTPUTS\]$)/$out/m or die 'no [OUTPUTS]';
        $_ .= $out;
    }
    return $toml;
}


# The endpoint that docs/workers.md shows, under another name
sub documented {
    my ($name) = @_;
    my ($toml) = slurp('docs/workers.md') =~ /^```toml\n(.*?)^```$/ms
        or die "no endpoint in docs/workers.md\n";
    return $toml =~ s/^(name|job_type) = "llm"/$1 = "$name"/mgr;
}


sub bridge {
    my ($model, @arguments) = @_;
    my %env = (OPENAI_API_KEY => $CLIENT_KEY,
        ref $arguments[0] ? %{shift @arguments} : ());
    return AimeExample->start($srv, 'openai_bridge_worker.py', \%env,
        '--job-type', 'outer', '--upstream', $srv->url('/v1'),
        '--model', $model, @arguments);
}


sub completion {
    my ($model, %fields) = @_;
    my $conn = ask($srv, 'chat/completions', { model => $model,
        messages => messages('Čaj'), seed => 3, temperature => 1.5,
        %fields });
    return $conn if $fields{stream};
    return $conn->read_response->json;
}


# What comes through the bridge is what the model says
sub loop {
    my $worker = AimeExample->start($srv, 'chat_worker.py', '--job-type',
        'words', '--text', $text, '--pace', 200);
    my $bridge = bridge('words');
    my $there = completion('words');
    my $here = completion('outer');
    my $said = $there->{choices}[0]{message}{content};
    like($said, qr/ \S+ /, 'an answer');
    is_deeply($here->{choices}, $there->{choices}, 'the same by the bridge');
    is_deeply($here->{usage}, $there->{usage}, 'and as many tokens');

    my ($chunks, $ended) = chunks(completion('outer', stream => true,
        stream_options => { include_usage => true }));
    is(content(@$chunks), $said, 'the same as a stream');
    ok($ended, 'which ends well');
    cmp_ok((grep { content($_) ne '' } @$chunks), '>=', 5, 'in pieces');
    is_deeply($chunks->[-1]{usage}, $there->{usage}, 'with the usage');

    my $json = $outer->submit({ prompt_input => 'Čaj', seed => 3,
        max_gen_tokens => 4 })->json;
    is($json->{num_generated_tokens}, 4, 'a prompt is completed');
    is($json->{finish_reason}, 'length', 'up to the limit');
    $json = $outer->submit({ chat_context => messages('Čaj'), seed => 3,
        temperature => 1.5, stop => [substr $said, 20, 5] })->json;
    is($json->{text}, substr($said, 0, index $said, substr $said, 20, 5),
        'or up to a stop text');

    my @same = map { completion('outer', stream => true,
        seed => $_) } 1 .. 8;
    my @texts = map { content(@{(chunks($_))[0]}) } @same;
    is_deeply(\@texts, [map { completion('words', seed => $_)
        ->{choices}[0]{message}{content} } 1 .. 8], 'eight at once');
    $bridge->stop;
    unlike($bridge->said . $worker->said, qr/\Q$CLIENT_KEY\E|Čaj/,
        'no key and no prompt was told');
    $worker->stop;
    return;
}


# A client that goes takes the whole chain with it
sub cancels {
    my $worker = AimeExample->start($srv, 'chat_worker.py', '--job-type',
        'words', '--text', $text, '--pace', 1 / 60);
    my $bridge = bridge('words');
    my $conn = completion('outer', stream => true);
    ok($conn->read_until(qr/"content":"[^"]/), 'a first token came');
    $conn->close;
    ok($bridge->says(qr/ canceled /), 'the bridge heard that its client left');
    ok($worker->says(qr/ canceled /), 'and the worker behind it, too');

    my $id = $outer->job({ chat_context => messages('Čaj') });
    $outer->poll_until($id, 'processing');
    $conn = completion('outer', stream => true);
    $conn->read_until(qr/"content":"[^"]/);
    ok($bridge->stop, 'a bridge stops in the middle');
    like($conn->read_until(qr/\[DONE\]|error.*\n\n/), qr/worker was stopped/,
        'and says so to who waits');
    $worker->stop;
    return;
}


# The same over TLS, where a reading thread is woken in another way
sub tls {
    my $dir = $srv->dir;
    my $port = free_port();
    if (system("openssl req -x509 -newkey rsa:2048 -nodes -days 2"
        . " -subj /CN=localhost -addext subjectAltName=DNS:localhost"
        . " -keyout $dir/tls.key -out $dir/tls.crt >/dev/null 2>&1"))
    {
        note('openssl makes no certificate: TLS is not tested');
        return;
    }
    my $front = start_nginx(aime => 0, http => <<"CONF");
server {
    listen 127.0.0.1:$port ssl;
    ssl_certificate $dir/tls.crt;
    ssl_certificate_key $dir/tls.key;
    location / {
        proxy_pass http://127.0.0.1:@{[$srv->port]};
        proxy_http_version 1.1;
        proxy_buffering off;
    }
}
CONF
    my $worker = AimeExample->start($srv, 'chat_worker.py', '--job-type',
        'words', '--text', $text, '--pace', 1 / 60);
    my $bridge = bridge('words', { SSL_CERT_FILE => "$dir/tls.crt" },
        '--upstream', "https://localhost:$port/v1");
    my $conn = completion('outer', stream => true);
    ok($conn->read_until(qr/"content":"[^"]/), 'a first token over TLS');
    $conn->close;
    ok($bridge->says(qr/ canceled /), 'its client left');
    ok($worker->says(qr/ canceled /), 'as the worker behind it hears');
    $bridge->stop;

    $bridge = AimeExample->launch($srv, 'openai_bridge_worker.py',
        '--upstream', "https://localhost:$port/v1");
    ok($bridge->says(qr/is away \(SSLCertVerificationError\)/),
        'a certificate that nobody vouches for');
    $bridge->stop;
    $worker->stop;
    return;
}


# A job through the bridge: as the worker behind it gets it
sub through {
    my ($inputs, $outputs, @reports) = @_;
    my $worker = $srv->worker(job_type => 'inner')->login;
    my $conn = $outer->park($inputs);
    my ($job) = $worker->jobs or die "no job\n";
    $worker->progress($job->{job_id}, 1, $_) for @reports;
    $worker->result($job->{job_id}, $outputs);
    return ($job, $conn->read_response->json);
}


sub inputs {
    my $bridge = bridge('inner', '--map', 'frequency_penalty=', '--set',
        'top_k=3');
    my $image = 'data:image/png;base64,iVBORw0KGgo=';
    my $audio = 'data:audio/wav;base64,UklGRgAAAABXQVZF';
    my @context = (
        { role => 'system', content => 'Be brief.' },
        { role => 'user', content => [
            { text => 'What is this?' }, { image => $image },
            { audio => $audio } ] });
    my ($job) = through({ chat_context => \@context, seed => 5, top_p => 0,
        temperature => 0, max_gen_tokens => 7, stop => ['a', 'b'],
        top_k => 9, frequency_penalty => 1, prompt_input => 'Well?',
        tools => [{ type => 'function', function => { name => 'f' } }] },
        { text => '' });
    is_deeply($job->{chat_context},
        [@context, { role => 'user', content => 'Well?' }],
        'messages, media, and the prompt behind them');
    is_deeply([@$job{qw(seed top_p temperature max_gen_tokens)}], [5, 0, 0, 7],
        'numbers, zeros too');
    is_deeply($job->{stop}, ['a', 'b'], 'stop texts');
    is($job->{top_k}, 3, 'what --set says');
    is_deeply($job->{tools},
        [{ type => 'function', function => { name => 'f' } }], 'tools');

    ($job) = through({ prompt_input => 'Go on' }, { text => '' });
    is($job->{prompt_input}, 'Go on', 'a prompt alone is completed');
    $bridge->stop;

    $bridge = bridge('inner', '--chat-only', '--set', 'top_k=null');
    ($job) = through({ prompt_input => 'Go on', top_k => 2 }, { text => '' });
    is_deeply($job->{chat_context}, messages('Go on'), '--chat-only');
    is($job->{top_k}, 40, 'what --set says is null is not sent');
    $bridge->stop;
    return;
}


sub outputs {
    my $bridge = bridge('inner');
    my %chat = (chat_context => messages('x'), max_gen_tokens => 50);
    my $calls = [map { call("call_$_", "f$_", "{\"a\": $_}") } 1, 2];
    my (undef, $json) = through(\%chat, { text => '', tool_calls => $calls,
        reasoning_content => 'Hm 🤔.', finish_reason => 'tool_calls',
        prompt_length => 12, num_generated_tokens => 34 });
    is_deeply($json->{tool_calls}, $calls, 'tool calls');
    is($json->{reasoning_content}, 'Hm 🤔.', 'reasoning');
    is_deeply([@$json{qw(finish_reason prompt_length num_generated_tokens)}],
        ['tool_calls', 12, 34], 'why it ended, and counts');

    (undef, $json) = through(\%chat, { text => 'a 🎓 b' },
        map { { text => $_ } } 'a', 'a 🎓', 'a 🎓 b');
    is($json->{text}, 'a 🎓 b', 'a text in pieces');
    (undef, $json) = through({ %chat, n => 2 }, { text => ['one', 'two'] });
    is_deeply($json->{text}, ['one', 'two'], 'two choices');
    $bridge->stop;
    return;
}


# All the way by OpenAI's API: what a client says is what the worker gets, and
# the other way round
sub tools {
    my %said = (
        messages => [ { role => 'user', content => 'Weather?' },
            { role => 'assistant', content => undef, tool_calls => [
                call('call_0', 'where', '{}')] },
            { role => 'tool', tool_call_id => 'call_0', content => 'Paris' } ],
        tools => [{ type => 'function', function => { name => 'weather',
            parameters => { type => 'object' } } }],
        tool_choice => 'auto',
        response_format => { type => 'json_object' },
        frequency_penalty => 0.5, presence_penalty => -0.5, max_tokens => 9,
        reasoning_effort => 'low', stop => ['a', 'b']);
    my $bridge = bridge('llm_inner', '--job-type', 'llm_outer');
    my $worker = $srv->worker(job_type => 'llm_inner')->login;
    my $conn = ask($srv, 'chat/completions', { model => 'llm_outer', %said,
        stream => true });
    my ($job) = $worker->jobs or die "no job\n";
    is_deeply($job->{$_}, $said{$_}, $_) for sort keys %said;
    my $call = call('call_1', 'weather', '{"city": "Paris"}');
    $worker->result($job->{job_id}, { text => '', tool_calls => [$call],
        finish_reason => 'tool_calls' });
    my ($chunks) = chunks($conn);
    my ($delta) = map { $_->{choices}[0]{delta}{tool_calls} // () } @$chunks;
    is_deeply($delta, [{ %$call, index => 0 }], 'a call in the stream');
    is($chunks->[-1]{choices}[0]{finish_reason}, 'tool_calls', 'as the reason');

    $conn = ask($srv, 'completions', { model => 'llm_outer', prompt => 'x' });
    ($job) = $worker->jobs;
    is($job->{prompt}, 'x', 'a prompt');
    $worker->result($job->{job_id}, { text => 'y' });
    is($conn->read_response->json->{choices}[0]{text}, 'y', 'is completed');
    $bridge->stop;
    return;
}


sub call {
    my ($id, $name, $arguments) = @_;
    return { id => $id, type => 'function', function => { name => $name,
        arguments => $arguments } };
}


sub errors {
    my $bridge = bridge('inner');
    my $json = $outer->submit({ chat_context => messages('x'),
        frequency_penalty => 1 })->json;
    like($json->{error}, qr/answered 400: .*frequency_penalty/,
        'a refusal of the upstream is the error of the job');
    (undef, $json) = through({ chat_context => messages('x') },
        { error => 'out of memory' });
    like($json->{error}, qr/out of memory/, 'a failure before it began');
    (undef, $json) = through({ chat_context => messages('x') },
        { error => 'out of memory' }, { text => 'so far' });
    like($json->{error}, qr/out of memory/, 'and in the middle');
    $bridge->stop;

    $bridge = bridge('nothing');
    $json = $outer->submit({ chat_context => messages('x') })->json;
    like($json->{error}, qr/answered 404: .*nothing/, 'no such model');
    $bridge->stop;

    $bridge = bridge('off', '--patience', 0);
    $json = $outer->submit({ chat_context => messages('x') })->json;
    like($json->{error}, qr/answered 503: .*disabled/, 'not now');
    $bridge->stop;
    return;
}


sub keys_refused {
    my $file = spew($srv->dir . '/key', "not-the-$CLIENT_KEY\n");
    my $bridge = bridge('inner', '--key-file', $file);
    my $json = $outer->submit({ chat_context => messages('x') })->json;
    like($json->{error}, qr/refused the API key/, 'a wrong key');
    unlike($json->{error} . $bridge->said, qr/\Q$CLIENT_KEY\E/,
        'is not told to anybody');
    $bridge->stop;

    $file = spew($srv->dir . '/key', "two\nlines");
    $bridge = AimeExample->launch($srv, 'openai_bridge_worker.py', '--upstream',
        $srv->url('/v1'), '--key-file', $file);
    ok(wait_until(sub { $bridge->gone }), 'a key that none can be');
    unlike($bridge->said, qr/two/, 'neither');
    return;
}


# It takes no jobs that it could only fail
sub away {
    my $up = start_openai(start => 0);
    my $worker;
    my $bridge = AimeExample->launch($srv, 'openai_bridge_worker.py',
        { OPENAI_API_KEY => $CLIENT_KEY }, '--job-type', 'outer',
        '--upstream', $up->url('/v1'));
    ok($bridge->says(qr/upstream is away/), 'there is no upstream');
    my %chat = (chat_context => messages('x'), max_gen_tokens => 50);
    my $id = $outer->job(\%chat);
    is($outer->progress($id)->json->{job_state}, 'queued', 'so jobs wait');

    $up->start;
    ok($bridge->says(qr/model is "m"/), 'it comes, with a model');
    $worker = $up->worker(job_type => 'chat')->login;
    my ($job) = $worker->jobs;
    $worker->result($job->{job_id}, { text => 'ok' });
    is($outer->poll_until($id, 'done')->{job_result}{text}, 'ok',
        'then the job is done');

    $up->stop;
    $id = $outer->job(\%chat);
    $outer->poll_until($id, 'processing');
    $up->start;
    ($job) = $worker->login->jobs;
    $worker->result($job->{job_id}, { text => 'at last' });
    is($outer->poll_until($id, 'done')->{job_result}{text}, 'at last',
        'a job that meets that it is gone waits for it');
    $bridge->stop;

    $bridge = AimeExample->start($srv, 'openai_bridge_worker.py',
        { OPENAI_API_KEY => $CLIENT_KEY }, '--job-type', 'outer',
        '--upstream', $up->url('/v1'), '--patience', 0);
    $up->stop;
    like($outer->submit(\%chat)->json->{error}, qr/cannot be reached/,
        'but not for ever');
    $bridge->stop;
    return;
}
