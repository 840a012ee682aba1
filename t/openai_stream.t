# Streams of text: a token that a worker reports is on its client's wire at
# once, from whatever process.  Guards against streams that repeat or lose text,
# that cut characters in two, that end twice or not at all, and against a job
# that goes on for a client who has gone.

use strict;
use warnings;

use lib 't/lib';
use AimeOpenai;
use AimeStream;
use Encode qw(encode);
use Mojo::JSON qw(true false);
use Test::More;
use AimeTest;

# no memory of the server's is 0 because nothing was there before
local $ENV{MALLOC_PERTURB_} = 1;

my $srv = start_openai(models => <<'TOML', endpoints => {
m = {endpoint = "chat"}
many = {endpoint = "many"}
grows = {endpoint = "grows", progress_mode = "delta"}
TOML
    chat => chat_endpoint(outputs => "reasoning_content = {}\n"
        . "tool_calls = {}\nfinish_reason = {}\nrefusal = {}\n",
        progress => "reasoning_content = {}\n"),
    grows => chat_endpoint(outputs => "reasoning_content = {}\n",
        progress => "reasoning_content = {}\nnumber = {}\nstage = {}\n"),
    many => chat_endpoint(inputs => 'n = {type = "integer"}',
        outputs => "tool_calls = {}\n")});
my @procs = $srv->procs;
my $worker = $srv->worker(job_type => 'chat',
    conn => $srv->conn_to_pid($procs[-1]))->login;

tokens();
usage();
revised();
reasoning_and_tools();
choices();
failures();
hang_up();
slow();
increments();
done_testing();


sub watch {
    my ($more, %opt) = @_;
    my $conn = ask($srv, $opt{path} // 'chat/completions', {model => 'm',
        messages => messages('hi'), stream => true, %{$more // {}}},
        conn => $srv->conn_to_pid($procs[0]));
    my $stream = bless {conn => $conn, text => '', comments => 0,
        plain => 1}, 'AimeStream';
    $stream->head;
    return $stream;
}


sub chunk {
    my ($stream) = @_;
    my $event = $stream->event or return;
    return $event->{data} if $event->{data} eq '[DONE]';
    return Mojo::JSON::decode_json($event->{data});
}


sub delta { return chunk(@_)->{choices}[0]{delta} }


sub job { my ($by) = @_; my ($job) = ($by // $worker)->jobs; return $job->{job_id} }


sub tokens {
    my $stream = watch();
    is($stream->{status}, 200, 'status');
    is($stream->{headers}{'content-type'}, 'text/event-stream', 'its type');
    my $first = chunk($stream);
    is_deeply($first->{choices}, [{index => 0, logprobs => undef,
        finish_reason => undef, delta => {role => 'assistant',
        content => ''}}], 'the role, at once');
    is($first->{object}, 'chat.completion.chunk', 'object');
    ok(!exists $first->{usage}, 'no usage where none was asked for');
    my $id = job();
    is($first->{id}, "chatcmpl-$id", 'id');
    my $text = '';
    for my $token ('Gr', "\x{fc}", "\x{df}e \"you\"\n", "\x{1f600}") {
        $text .= $token;
        $worker->progress($id, 1, {text => $text});
        my $chunk = chunk($stream);
        is_deeply($chunk->{choices}[0], {index => 0, logprobs => undef,
            finish_reason => undef, delta => {content => $token}}, 'a token');
        is($chunk->{id}, $first->{id}, 'under the same id');
    }
    $worker->result($id, {text => "$text!", num_generated_tokens => 5});
    is_deeply(delta($stream), {content => '!'}, 'what the result adds');
    my $last = chunk($stream);
    is_deeply($last->{choices}, [{index => 0, logprobs => undef,
        finish_reason => 'stop', delta => {}}], 'the end of the choice');
    is(chunk($stream), '[DONE]', 'DONE');
    ok($stream->ended, 'and the stream ends');
    my $again = $stream->{conn}->request(GET => '/test/pid');
    is($again && $again->status, 200, 'but not the connection');
    return;
}


sub usage {
    my $stream = watch({stream_options => {include_usage => true},
        max_tokens => 2});
    my $chunk = chunk($stream);
    ok(exists $chunk->{usage} && !defined $chunk->{usage}, 'usage: null');
    $worker->result(job(), {text => 'a b', num_generated_tokens => 2,
        prompt_length => 4});
    is_deeply(delta($stream), {content => 'a b'}, 'all at once');
    is(chunk($stream)->{choices}[0]{finish_reason}, 'length', 'the limit');
    $chunk = chunk($stream);
    is_deeply($chunk->{choices}, [], 'no choices in the last chunk');
    is_deeply($chunk->{usage}, {prompt_tokens => 4, completion_tokens => 2,
        total_tokens => 6}, 'but the usage');
    is(chunk($stream), '[DONE]', 'DONE');
    return;
}


# Half a character is U+FFFD, or a lone surrogate, until its other tokens come
sub revised {
    my $stream = watch();
    chunk($stream);
    my $id = job();
    for my $step (["a\x{fffd}", 'a'], ["a\x{fffd}\x{fffd}", undef],
        ["a\x{20ac}", "\x{20ac}"], ["a\x{20ac}b\x{fffd}", 'b']) {
        $worker->progress($id, 1, {text => $step->[0]});
        is_deeply(delta($stream), {content => $step->[1]}, 'whole characters')
            if defined $step->[1];
    }
    my %report = %{$worker->report($id)};
    my $who = join ', ', map { qq("$_": "$report{$_}") } sort keys %report;
    $worker->call(POST => '/worker_job_progress',
        qq({$who, "progress": 2, "progress_data": )
        . qq({"text": "a\\u20acb\\ud83d"}}));
    $worker->progress($id, 1, {text => "a\x{20ac}b\x{1f600}"});
    is_deeply(delta($stream), {content => "\x{1f600}"}, 'of a pair');
    $worker->result($id, {text => "a\x{20ac}b\x{1f600}\x{fffd}"});
    is_deeply(delta($stream), {content => "\x{fffd}"}, 'final is final');
    is(chunk($stream)->{choices}[0]{finish_reason}, 'stop', 'end');
    return;
}


sub reasoning_and_tools {
    my $stream = watch();
    chunk($stream);
    my $id = job();
    $worker->progress($id, 1, {reasoning_content => 'hm'});
    is_deeply(delta($stream), {reasoning_content => 'hm'}, 'reasoning');
    $worker->progress($id, 1, {reasoning_content => 'hm.', text => 'so'});
    is_deeply(delta($stream), {reasoning_content => '.', content => 'so'},
        'and content');
    $worker->result($id, {text => 'so', reasoning_content => 'hm.',
        tool_calls => [{function => {name => 'f', arguments => {a => 1}}},
        {id => 'x', type => 'function', function => {name => 'g',
        arguments => '{}'}}]});
    is_deeply(delta($stream), {tool_calls => [{index => 0, id =>
        "call_$id-0-0", type => 'function', function => {name => 'f',
        arguments => '{"a":1}'}}, {index => 1, id => 'x', type => 'function',
        function => {name => 'g', arguments => '{}'}}]}, 'tool calls');
    is(chunk($stream)->{choices}[0]{finish_reason}, 'tool_calls', 'end');
    is(chunk($stream), '[DONE]', 'DONE');
    $stream = watch();
    chunk($stream);
    $worker->result(job(), {text => undef, refusal => 'No.'});
    is_deeply(delta($stream), {refusal => 'No.'}, 'a refusal');
    is(chunk($stream)->{choices}[0]{finish_reason}, 'stop', 'and its end');
    is(chunk($stream), '[DONE]', 'DONE once more');
    return;
}


sub choices {
    my $many = $srv->worker(job_type => 'many')->login;
    my $stream = watch({model => 'many', n => 2});
    is(chunk($stream)->{choices}[0]{index}, $_, "role of $_") for 0, 1;
    my $id = job($many);
    $many->progress($id, 1, {text => ['a', '']});
    is_deeply(chunk($stream)->{choices}[0]{delta}, {content => 'a'}, 'first');
    $many->progress($id, 1, {text => ['a', 'b']});
    my $choice = chunk($stream)->{choices}[0];
    is_deeply([@$choice{qw(index delta)}], [1, {content => 'b'}], 'second');
    $many->result($id, {text => ['aa', 'bb']});
    my @ends;
    while (ref(my $chunk = chunk($stream))) {
        my ($c) = @{$chunk->{choices}};
        push @ends, [$c->{index}, $c->{finish_reason} // $c->{delta}{content}];
    }
    is_deeply([sort { "@$a" cmp "@$b" } @ends], [[0, 'a'], [0, 'stop'],
        [1, 'b'], [1, 'stop']], 'each choice ends once');
    my $conn = ask($srv, 'chat/completions', {model => 'many', n => 2,
        messages => messages('hi')});
    $many->result(job($many), {tool_calls => [map { [{function => {name => $_,
        arguments => '{}'}}] } qw(f g)]});
    is_deeply([map { $_->{message}{tool_calls}[0]{function}{name} }
        @{$conn->read_response->json->{choices}}], [qw(f g)],
        'choices that are but calls, without a stream');
    return;
}


sub failures {
    my $stream = watch();
    chunk($stream);
    my $id = job();
    $worker->progress($id, 1, {text => 'so far'});
    chunk($stream);
    $worker->result($id, {error => 'out of memory'});
    is_deeply(chunk($stream), {error => {message => 'out of memory',
        type => 'server_error', param => undef, code => undef}}, 'the error');
    ok($stream->ended, 'ends the stream');

    $stream = watch();
    chunk($stream);
    $id = job();
    
    $srv->client(endpoint => 'chat')->cancel($id);
    like(chunk($stream)->{error}{message}, qr/canceled/, 'canceled');
    ok($stream->ended, 'ends it too');
    $worker->result($id, {text => 'late'});
    return;
}


sub hang_up {
    my $stream = watch();
    chunk($stream);
    my $id = job();
    $worker->progress($id, 1, {text => 'a'});
    chunk($stream);
    $stream->close;
    ok(AimeTest::wait_until(sub {
        return $worker->progress($id, 1, {text => 'aa'})->json->[0]{canceled};
    }), 'the worker is told that the client has gone');
    $worker->result($id, {text => 'late'});
    $stream = watch();
    chunk($stream);
    $stream->close;
    ok(AimeTest::wait_until(sub { $srv->get('/api/endpoints/chat')->json
        ->{free_queue_slots} == 1000 }), 'a queued job is gone with him');
    return;
}


# Who reads late gets all of it, in fewer pieces
sub slow {
    my $stream = watch();
    chunk($stream);
    my $id = job();
    my $text = '';
    for my $n (1 .. 200) {
        $text .= encode('UTF-8', chr(0x4e00 + $n)) x 400;
        $worker->progress($id, $n, {text => Encode::decode('UTF-8', $text)});
    }
    $worker->result($id, {text => Encode::decode('UTF-8', $text)});
    my $got = '';
    while (ref(my $chunk = chunk($stream))) {
        $got .= $chunk->{choices}[0]{delta}{content} // '';
    }
    is(encode('UTF-8', $got), $text, 'the whole text');
    return;
}


# A worker that tells only what is new: nothing of it is lost, whoever looks when
sub increments {
    my @by = map { $srv->worker(job_type => 'grows', name => 'grower', conn =>
        $srv->conn_to_pid($_)) } $procs[0], $procs[-1];
    $by[0]->login;
    my $client = $srv->client(endpoint => 'grows');
    my $stream = watch({model => 'grows'});
    chunk($stream);
    my $id = job($by[0]);
    $by[0]->progress($id, 1, {reasoning_content => 'h'});
    is_deeply(delta($stream), {reasoning_content => 'h'}, 'reasoning');
    $by[1]->progress($id, 2, {reasoning_content => 'm', text => 'a',
        number => 1, stage => 'one'});
    is_deeply(delta($stream), {reasoning_content => 'm', content => 'a'},
        'adds to it');
    $by[0]->progress($id, 3, {number => 2, stage => 'two'});
    is_deeply($client->progress($id)->json->{progress}{progress_data},
        {reasoning_content => 'hm', text => 'a', number => 2, stage => 'two'},
        'who polls sees the whole of what grows');
    my %report = %{$by[0]->report($id)};
    my $who = join ', ', map { qq("$_": "$report{$_}") } sort keys %report;
    my @pieces = map { "x$_ " } 1 .. 100;
    $by[0]->call(POST => '/worker_job_progress', '[' . join(',', map {
        qq({$who, "progress": 4, "progress_data": {"text": "$_"}})
        } @pieces, '\\ud83d', '\\ude00') . ']');
    my $want = join('', @pieces) . "\x{1f600}";
    my $got = '';
    $got .= delta($stream)->{content} while length $got < length $want;
    is($got, $want, 'many at once, and the two halves of a pair');
    my $poll = $client->progress($id)->json->{progress};
    is($poll->{progress_data}{text}, "a$want", 'all of it');
    my @conns = map { my $conn = $srv->conn_to_pid($procs[$_ % @procs]);
        $conn->send_request(POST => '/worker_job_progress',
        qq({$who, "progress": 5, "progress_data": {"text": "$_;"}}));
        $conn } 1 .. 20;
    $_->read_response for @conns;
    $got = '';
    $got .= delta($stream)->{content} while ($got =~ tr/;//) < 20;
    is_deeply([sort { $a <=> $b } split /;/, $got], [1 .. 20],
        'reports at the same time: none takes another\'s place');
    $by[0]->result($id, {text => "a$want$got.", reasoning_content => 'hm'});
    is_deeply(delta($stream), {content => '.'}, 'the result is the whole');
    is(chunk($stream)->{choices}[0]{finish_reason}, 'stop', 'end');
    return;
}
