# The Responses API: a response is a job, in the background or not, that can be
# asked for, cancelled, and taken up in the middle of its stream.  Guards against
# events that are out of order, that a resumed stream repeats or leaves out, and
# against responses that others can see.

use strict;
use warnings;

use lib 't/lib';
use AimeOpenai;
use AimeStream;
use Mojo::JSON qw(decode_json true false);
use Test::More;
use AimeTest;

my $srv = start_openai(models => <<'TOML', endpoints => {chat => chat_endpoint(
m = {endpoint = "chat"}
other = {endpoint = "other"}
TOML

    inputs => "tools = {type = \"json\"}\ntool_choice = {type = \"json\"}\n"
        . "response_format = {type = \"json\"}\nn = {type = \"integer\"}\n"
        . "logprobs = {type = \"bool\"}\ntop_logprobs = {type = \"integer\"}",
    outputs => "tool_calls = {}\nreasoning_content = {}\nlogprobs = {}\n"
        . "finish_reason = {}\n"),
    other => chat_endpoint(inputs => 'tools = {type = "json"}')});
my $worker = $srv->worker(job_type => 'chat')->login;
my $null = undef;

plain();
background();
cancel();
failures();
events();
tools();
resume();
shorter();
strangers();
refused();
done_testing();


sub create { my ($more) = @_; return ask($srv, 'responses', {model => 'm', input => 'hi', %{$more // {}}}) }

sub get { my ($id, @key) = @_; return $srv->get("/v1/responses/$id", undef, with_key(@key)) }

sub job { my ($job) = $worker->jobs; return $job }


sub watch {
    my ($conn) = @_;
    my $stream = bless {conn => $conn, text => '', comments => 0}, 'AimeStream';
    return $stream->head;
}


# Events up to the end, or count of them: [type, data]
sub events_of {
    my ($stream, $count) = @_;
    my @events;
    while (!defined $count || @events < $count) {
        my ($record) = $stream->{text} =~ s/\A(.*?)\n\n//s ? $1 : undef;
        if (!defined $record) { $stream->_chunk or last; next }
        next if $record =~ /\A:/;
        $record =~ /\Aevent: (\S+)\ndata: (.*)\z/ or die "a record: $record\n";
        my ($type, $data) = ($1, decode_json($2));
        $data->{type} eq $type or die "type $type\n";
        push @events, [$type =~ s/^response\.//r, $data];
    }
    return @events;
}


sub plain {
    my $conn = create({instructions => 'be kind', max_output_tokens => 9,
        metadata => {a => 'b'}, temperature => 0, stream => false});
    my $job = job();
    is_deeply($job->{chat_context}, [{role => 'system', content => 'be kind'},
        {role => 'user', content => 'hi'}], 'the input');
    is($job->{max_gen_tokens}, 9, 'max_output_tokens');
    is($job->{temperature}, 0, 'temperature 0');
    $worker->result($job->{job_id}, {text => "h\x{f6}", prompt_length => 3,
        num_generated_tokens => 2});
    my $json = $conn->read_response->json;
    is_deeply($json, {id => "resp_$job->{job_id}", object => 'response',
        created_at => $json->{created_at}, status => 'completed',
        error => $null, incomplete_details => $null, model => 'm',
        background => false, instructions => 'be kind',
        max_output_tokens => 9, metadata => {a => 'b'},
        parallel_tool_calls => true, previous_response_id => $null,
        reasoning => {effort => $null, summary => $null},
        service_tier => 'auto', store => false, temperature => 0,
        text => {format => {type => 'text'}}, tool_choice => 'auto',
        tools => [], top_p => 1, truncation => 'disabled',
        user => $null, output => [{type => 'message', role => 'assistant',
        id => "msg_$job->{job_id}-0", status => 'completed', content =>
        [{type => 'output_text', text => "h\x{f6}", annotations => [],
        logprobs => []}]}], usage => {input_tokens => 3, output_tokens => 2,
        total_tokens => 5, input_tokens_details => {cached_tokens => 0},
        output_tokens_details => {reasoning_tokens => 0}}}, 'the object');
    is(get($json->{id})->status, 404, 'which is not kept');

    $conn = create({store => true, max_output_tokens => 2, input => [
        {role => 'developer', content => 'd'}, {type => 'message',
        role => 'user', content => [{type => 'input_text', text => 't'}]}]});
    $job = job();
    is_deeply($job->{chat_context}, [{role => 'system', content => 'd'},
        {role => 'user', content => [{text => 't'}]}], 'a list of messages');
    $worker->result($job->{job_id}, {text => 'x', num_generated_tokens => 2});
    $json = $conn->read_response->json;
    is($json->{status}, 'incomplete', 'cut by its limit');
    is_deeply($json->{incomplete_details}, {reason => 'max_output_tokens'},
        'and says so');
    is($json->{output}[0]{status}, 'incomplete', 'in its item too');
    is_deeply(get($json->{id})->json, $json, 'kept, and the same later');

    my $stream = watch(create({stream => true}));
    $worker->result(job()->{job_id}, {text => 'x', finish_reason =>
        'content_filter'});
    my $last = (events_of($stream))[-1];
    is($last->[0], 'incomplete', 'filtered');
    is_deeply($last->[1]{response}{incomplete_details}, {reason =>
        'content_filter'}, 'and says so too');

    $stream = watch(create({stream => true}));
    $worker->result(job()->{job_id}, {text => 'x', finish_reason => 'length',
        reasoning_content => 'hm', tool_calls => [map { {name => $_,
        arguments => {}} } qw(f g)]});
    my @done = grep { $_->[0] eq 'output_item.done' } events_of($stream);
    is_deeply([map { $_->[1]{item}{status} } @done], ['completed',
        'completed', 'completed', 'incomplete'], 'only the last item is cut');
    return;
}


sub background {
    my $json = create({background => true})->read_response->json;
    is($json->{status}, 'queued', 'queued');
    is_deeply([@$json{qw(background output usage)}], [true, [], $null],
        'in the background');
    my $id = $json->{id};
    is(get($id)->json->{status}, 'queued', 'still');
    my $job = job();
    is("resp_$job->{job_id}", $id, 'its job');
    is(get($id)->json->{status}, 'in_progress', 'taken');
    $worker->progress($job->{job_id}, 1, {text => 'a'});
    is(get($id)->json->{status}, 'in_progress', 'still');
    $worker->result($job->{job_id}, {text => 'ab'});
    for (1, 2) {
        my $answer = get($id);
        is($answer->json->{status}, 'completed', 'completed');
        is($answer->json->{output}[0]{content}[0]{text}, 'ab', 'the text');
    }
    return;
}


sub cancel {
    my $id = create({background => true})->read_response->json->{id};
    my $job = job();
    for (1, 2) {
        my $answer = $srv->post("/v1/responses/$id/cancel", undef, with_key());
        is($answer->status, 200, 'cancelled');
        is($answer->json->{status}, 'cancelled', 'says so');
    }
    ok($worker->progress($job->{job_id}, 1, {})->json->[0]{canceled},
        'its worker is told');
    $worker->result($job->{job_id}, {text => 'late'});
    is(get($id)->json->{status}, 'cancelled', 'for good');
    is(get("$id/cancel")->status, 405, 'not by GET');
    is($srv->post("/v1/responses/$id", undef, with_key())->status, 405,
        'nor is there POST without');
    return;
}


sub failures {
    my $id = create({background => true})->read_response->json->{id};
    $worker->result(job()->{job_id}, {error => 'no more'});
    my $json = get($id)->json;
    is($json->{status}, 'failed', 'failed');
    is_deeply($json->{error}, {code => 'server_error', message => 'no more'},
        'why');
    my $stream = watch(create({stream => true}));
    $worker->result(job()->{job_id}, {error => 'no more'});
    my @events = events_of($stream);
    is($events[-1][0], 'failed', 'in a stream too');
    is($events[-1][1]{response}{error}{message}, 'no more', 'why');
    return;
}


sub events {
    my $stream = watch(create({stream => true}));
    my @first = events_of($stream, 2);
    is_deeply([map { $_->[0] } @first], ['created', 'queued'], 'at once');
    my $id = job()->{job_id};
    is_deeply([map { $_->[0] } events_of($stream, 1)], ['in_progress'],
        'taken');
    $worker->progress($id, 1, {text => "a\x{e4}"});
    my @opened = events_of($stream, 3);
    is_deeply([map { $_->[0] } @opened], ['output_item.added',
        'content_part.added', 'output_text.delta'], 'the text begins');
    $worker->progress($id, 1, {text => "a\x{e4}b"});
    my ($delta) = events_of($stream, 1);
    is_deeply($delta, ['output_text.delta', {type =>
        'response.output_text.delta', sequence_number => 8, item_id =>
        "msg_$id-0", output_index => 0, content_index => 0, logprobs => [],
        delta => 'b'}], 'goes on');
    $worker->result($id, {text => "a\x{e4}b!", num_generated_tokens => 3,
        prompt_length => 1});
    my @last = events_of($stream);
    is_deeply([map { $_->[0] } @last], ['output_text.delta',
        'output_text.done', 'content_part.done', 'output_item.done',
        'completed'], 'ends');
    is($last[1][1]{text}, "a\x{e4}b!", 'the whole text');
    is($last[3][1]{item}{content}[0]{text}, "a\x{e4}b!", 'in the item');
    is($last[4][1]{response}{usage}{total_tokens}, 4, 'usage');
    my @numbers = map { $_->[1]{sequence_number} } @first, @opened, $delta,
        @last;
    is_deeply(\@numbers, [sort { $a <=> $b } @numbers], 'numbers rise');
    my %seen;
    ok(!(grep { $seen{$_}++ } @numbers), 'none twice');
    return;
}


sub tools {
    my $function = {type => 'function', name => 'f', parameters => {}};
    my $stream = watch(create({stream => true, tools => [$function],
        tool_choice => {type => 'function', name => 'f'}, text => {format =>
        {type => 'json_schema', name => 's', schema => {}}}}));
    my $job = job();
    is_deeply($job->{tools}, [{type => 'function', function => $function}],
        'tools as chats have them');
    is($job->{tool_choice}{function}{name}, 'f', 'the choice too');
    is($job->{response_format}{json_schema}{name}, 's', 'and the format');
    my $id = $job->{job_id};
    $worker->result($id, {text => '', reasoning_content => 'hm', tool_calls =>
        [{id => 'c', function => {name => 'f', arguments => '{"a":1}'}}]});
    my @events = events_of($stream);
    is_deeply([grep { !/^(?:queued|in_progress|created)$/ }
        map { $_->[0] } @events], ['output_item.added', 'output_item.done',
        'output_item.added', 'function_call_arguments.delta',
        'function_call_arguments.done', 'output_item.done', 'completed'],
        'events of reasoning and a call');
    my $answer = create({model => 'other', tools => [$function],
        tool_choice => 'auto', background => true})->read_response;
    is($answer->json->{status}, 'queued', 'auto need not be told');
    my $output = $events[-1][1]{response}{output};
    is_deeply($output, [{type => 'reasoning', id => "rs_$id-0",
        summary => [], status => 'completed', content => [{type =>
        'reasoning_text', text => 'hm'}]}, {type => 'function_call',
        id => "fc_$id-1", call_id => 'c', name => 'f', status => 'completed',
        arguments => '{"a":1}'}], 'the output');
    return;
}


# From every event on, the rest is what the first reader was sent
sub resume {
    my $stream = watch(create({stream => true, background => true}));
    my @all = events_of($stream, 2);
    my $resp = $all[0][1]{response}{id};
    is($all[0][1]{response}{status}, 'queued', 'in the background');
    my $id = job()->{job_id};
    for my $text ('a', 'ab', "ab\x{20ac}") {
        $worker->progress($id, 1, {text => $text});
        push @all, events_of($stream, @all == 2 ? 4 : 1);
    }
    $stream->close;
    my $live = watch($srv->conn->send_request(GET => "/v1/responses/$resp"
        . '?stream=true&starting_after=6', undef, with_key()));
    is_deeply([events_of($live, 1)], [$all[-1]], 'taken up while it runs');
    ok(!$worker->progress($id, 1, {text => "ab\x{20ac}c"})->json->[0]{canceled},
        'its client may go');
    $worker->result($id, {text => "ab\x{20ac}cd"});
    my @rest = events_of($live);
    is(join('', map { $_->[1]{delta} // '' } @rest), 'cd', 'up to the end');
    push @all, @rest;
    for my $n (map { $_->[1]{sequence_number} } @all) {
        my @got = events_of(watch($srv->conn->send_request(GET =>
            "/v1/responses/$resp?stream=true&starting_after=$n", undef,
            with_key())));
        my @want = grep { $_->[1]{sequence_number} > $n } @all;
        is(join('', map { $_->[1]{delta} // '' } @got),
            join('', map { $_->[1]{delta} // '' } @want), "text after $n");
        is($got[-1] ? $got[-1][0] : '', @want ? 'completed' : '',
            'and the end');
        ok(!(grep { $_->[1]{sequence_number} <= $n } @got), 'nothing again');
    }
    my @got = events_of(watch($srv->conn->send_request(GET =>
        "/v1/responses/$resp?stream=true", undef, with_key())));
    is_deeply($got[0], $all[0], 'or from the beginning');
    is($srv->get("/v1/responses/$resp?stream=true&starting_after=x", undef,
        with_key())->status, 400, 'by a number');
    is(get("$resp?stream=false")->json->{status}, 'completed', 'or no stream');
    my $answer = get("$resp?stream=1");
    is($answer->status, 400, 'what is neither');
    is($answer->json->{error}{param}, 'stream', 'is named');
    return;
}


# A result has less text than its progress had: who comes back with a number
# from the text on is told the same items, by the same numbers, up to the end
sub shorter {
    my %results = ('a text' => {text => 'hello'}, 'no text' => {text => '',
        tool_calls => [{id => 'c', name => 'f', arguments => {}}]},
        'a filter' => {text => '', finish_reason => 'content_filter'});
    for my $name (sort keys %results) {
        my $stream = watch(create({stream => true, background => true}));
        my @all = events_of($stream, 2);
        my $resp = $all[0][1]{response}{id};
        my $id = job()->{job_id};
        for my $text ('hello', 'hello world') {
            $worker->progress($id, 1, {text => $text});
            push @all, events_of($stream, @all == 2 ? 4 : 1);
        }
        my $text = $all[-1][1]{sequence_number};
        $worker->result($id, $results{$name});
        push @all, events_of($stream);
        my $output = $all[-1][1]{response}{output};
        is($output->[0]{id}, "msg_$id-0", "$name: the message that was told");
        is_deeply([map { $_->[1]{item} } grep { $_->[0] eq 'output_item.done' }
            @all], $output, 'and all else');
        for my $n (3 .. $text + 9, grep { $_ > $text }
            map { $_->[1]{sequence_number} } @all)
        {
            my @got = events_of(watch($srv->conn->send_request(GET =>
                "/v1/responses/$resp?stream=true&starting_after=$n", undef,
                with_key())));
            my @want = grep { $_->[1]{sequence_number} > $n
                && $_->[1]{sequence_number} > $text } @all;
            shift @got while @got > @want;
            is_deeply(\@got, \@want, "$name: after $n");
        }
        for my $n (0 .. 2) {
            my @got = events_of(watch($srv->conn->send_request(GET =>
                "/v1/responses/$resp?stream=true&starting_after=$n", undef,
                with_key())));
            is($got[-1][0], $all[-1][0], "$name: the end after $n");
        }
    }
    return;
}


sub strangers {
    my $id = create({background => true})->read_response->json->{id};
    is(get($id, $SECOND_KEY)->status, 404, 'not for another key');
    is(get($id, 'wrong')->status, 401, 'nor for a wrong one');
    is($srv->get("/v1/responses/$id")->status, 401, 'nor for none');
    is($srv->post("/v1/responses/$id/cancel", undef, with_key($SECOND_KEY))
        ->status, 404, 'who cannot cancel it either');
    $worker->result(job()->{job_id}, {text => 't'});
    for my $name ('resp_x', 'x', "x$id", $id =~ s/resp_//r, "$id/items",
        'resp_00000000-0000-4000-8000-000000000000')
    {
        is(get($name)->status, 404, "$name is none");
    }
    my $chat = ask($srv, 'chat/completions', {model => 'm',
        messages => messages('hi')});
    my $other = job()->{job_id};
    is(get("resp_$other")->status, 404, 'a chat is no response');
    $worker->result($other, {text => 't'});
    return;
}


sub refused {
    my $many = {map { $_ => 1 } 1 .. 5000};
    for my $case ([previous_response_id => 'resp_1'], [include => ['x']],
        [truncation => 'auto'], [conversation => 'c'], [input => 5],
        [input => []], [instructions => 5], [background => 'yes'],
        [reasoning => {effort => 'low'}], [prompt => {id => 'p'}],
        [text => $many], [text => {format => $many}], [text => {format => 5}],
        [reasoning => $many], [tools => [map { {} } 1 .. 5000]],
        [tools => 'x'], [tools => {}], [tools => [5]], [tools => [{}]],
        [tools => [{type => 'web_search'}]], [n => 1], [n => 2],
        [messages => messages('hi')], [prompt => 'p'], [max_tokens => 5],
        [max_completion_tokens => 5], [response_format => {type => 'text'}],
        [logprobs => true], [logprobs => false], [top_logprobs => 3])
    {
        my ($name, $value) = @$case;
        my $answer = create({$name => $value})->read_response;
        is($answer->status, 400, "$name: refused");
        like($answer->json->{error}{param}, qr/^$name/, 'names it');
    }
    for my $choice ('required', {type => 'function', name => 'f'}) {
        my $answer = create({tool_choice => $choice})->read_response;
        is($answer->json->{error}{param}, 'tool_choice', 'nothing to choose');
    }
    my $conn = create({top_logprobs => 0, map { $_ => $null } qw(n messages
        max_tokens logprobs)});
    $worker->result(job()->{job_id}, {text => 't'});
    is($conn->read_response->status, 200, 'what asks for nothing is not');
    my $answer = ask($srv, 'responses', {model => 'm'})->read_response;
    is($answer->json->{error}{param}, 'input', 'no input');
    return;
}
