# The items of a response's input, as a worker gets them: messages, calls of
# functions and what these gave.  Guards against calls that do not come back to
# their message, answers to calls that nobody made, forms of parts that a chat
# does not know, and mistakes that are told of another item.

use strict;
use warnings;

use lib 't/lib';
use AimeOpenai;
use Mojo::JSON qw(decode_json true false);
use Test::More;
use AimeTest;

my $srv = start_openai(models => <<'TOML', endpoints => {
m = {endpoint = "agent"}
raw = {endpoint = "raw"}
kind = {endpoint = "raw", default_system_prompt = "be kind"}
plain = {endpoint = "plain"}
old = {endpoint = "agent", legacy_context_format = true}
TOML
    agent => {inputs => "prompt_input = {type = \"string\"}\n"
        . 'chat_context = {type = "chat_context", support = ["tools", '
        . '"image"], format = ["png"]}', outputs => "text = {}\n"
        . "tool_calls = {}\nreasoning_content = {}"},
    raw => {inputs => 'messages = {type = "json"}', outputs => 'text = {}'},
    plain => {inputs => 'chat_context = {type = "chat_context"}',
        outputs => 'text = {}'}});
my %worker = map { $_ => $srv->worker(job_type => $_)->login }
    qw(agent raw plain);
my $PNG = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ'
    . 'AAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

loop();
streamed();
grouped();
parts();
raw();
hostile();
unsupported();
long();
done_testing();


sub create {
    my ($input, %more) = @_;
    return ask($srv, 'responses', {model => 'm', input => $input, %more});
}


# What its worker gets of these items
sub job {
    my ($input, %more) = @_;
    my $conn = create($input, %more);
    my $type = ($more{model} // '') =~ /raw|kind/ ? 'raw' : 'agent';
    my ($job) = $worker{$type}->jobs;
    $worker{$type}->result($job->{job_id}, {text => 't'});
    my $answer = $conn->read_response;
    is($answer->status, 200, 'served') or diag($answer->body);
    return $job->{chat_context} // $job->{messages};
}


sub called {
    my ($id, %more) = @_;
    return {type => 'function_call', call_id => $id, name => 'f',
        arguments => "{\"x\": \"$id\"}", %more};
}


sub gave {
    my ($id, $output, %more) = @_;
    return {type => 'function_call_output', call_id => $id,
        output => $output, %more};
}


sub tool_call {
    my ($id) = @_;
    return {id => $id, type => 'function', function => {name => 'f',
        arguments => "{\"x\": \"$id\"}"}};
}


# The output of a response goes back as it came
sub loop {
    my @talk = ({role => 'user', content => 'how is it?'});
    my @answers = ({text => 'I look.', reasoning_content => 'hm',
        tool_calls => [map { tool_call($_) } qw(a b)]}, {text => '',
        tool_calls => [{name => 'f', arguments => {x => 1}}]},
        {text => 'warm'});
    my ($own, $said);
    for my $outputs (@answers) {
        my $conn = create(\@talk);
        my ($job) = $worker{agent}->jobs;
        $said = $job->{chat_context};
        $worker{agent}->result($job->{job_id}, $outputs);
        my $json = $conn->read_response->json;
        is($json->{status}, 'completed', 'a turn');
        push @talk, @{$json->{output}};
        for my $call (grep { $_->{type} eq 'function_call' }
            @{$json->{output}})
        {
            push @talk, gave($call->{call_id}, "20 $call->{call_id}");
            $own = $call->{call_id};
        }
    }
    is_deeply($said, [{role => 'user', content => 'how is it?'},
        {role => 'assistant', content => [{text => 'I look.'}], tool_calls =>
        [map { tool_call($_) } qw(a b)]},
        (map { {role => 'tool', content => "20 $_", tool_call_id => $_} }
        qw(a b)), {role => 'assistant', content => '', tool_calls => [{id =>
        $own, type => 'function', function => {name => 'f',
        arguments => '{"x":1}'}}]}, {role => 'tool', content => "20 $own",
        tool_call_id => $own}], 'messages of a chat');
    is($talk[-1]{content}[0]{text}, 'warm', 'and its end');
    return;
}


sub streamed {
    my $conn = create([{role => 'user', content => 'x'}, called('c'),
        gave('c', '5')], stream => true);
    my ($job) = $worker{agent}->jobs;
    is_deeply($job->{chat_context}[2], {role => 'tool', content => '5',
        tool_call_id => 'c'}, 'in a stream');
    $worker{agent}->result($job->{job_id}, {text => 'five'});
    like($conn->read_until(qr/response\.completed.*?\n\n/s),
        qr/"type":"response.output_text.delta".*"delta":"five"/, 'text');
    return;
}


# Calls belong to the assistant's message in front of them
sub grouped {
    my $thought = {type => 'reasoning', id => 'rs_1', summary => [],
        encrypted_content => 'x', content => [{type => 'reasoning_text',
        text => 'hm'}]};
    my %done = (id => 'fc_1', status => 'completed', parsed_arguments => {});
    is_deeply(job([{role => 'user', content => 'q'}, $thought, called('a',
        %done), $thought, called('b'), gave('b', 'B', id => 'o', status =>
        'completed'), gave('a', 'A'), {type => 'message', role => 'assistant',
        content => 'c', id => 'msg_1', status => 'completed'}, $thought,
        called('a'), called('a'), gave('a', ''), {role => 'assistant', content
        => 'one', type => undef}, {role => 'assistant', content => 'two'},
        {role => 'developer', content => 'd', name => 'n'}]),
        [{role => 'user', content => 'q'},
        {role => 'assistant', content => '', tool_calls => [map { tool_call($_)
        } qw(a b)]}, {role => 'tool', content => 'B', tool_call_id => 'b'},
        {role => 'tool', content => 'A', tool_call_id => 'a'},
        {role => 'assistant', content => 'c', tool_calls => [map {
        tool_call($_) } qw(a a)]}, {role => 'tool', content => '',
        tool_call_id => 'a'}, (map { {role => 'assistant', content => $_} }
        qw(one two)), {role => 'system', content => 'd', name => 'n'}],
        'calls and reasoning');
    is_deeply(job([called('a')], instructions => 'sys')->[0], {role => 'system',
        content => 'sys'}, 'instructions in front');
    my $escaped = decode_json('["\u0063\u00e4ll", "c\u00e4ll"]');
    is_deeply(job([map({ called($_) } $escaped->[0]), gave($escaped->[1],
        'x')])->[1]{tool_call_id}, $escaped->[1], 'ids by what they say');
    is(scalar(job('{"role":"user"}')->[0]{content}), '{"role":"user"}',
        'a text is no list');
    return;
}


sub parts {
    is_deeply(job([{role => 'user', content => [{type => 'input_text', text =>
        't'}, {type => 'input_image', image_url => $PNG, detail => 'low'}]},
        called('c'), gave('c', [{type => 'input_text', text => 'a'},
        {type => 'input_image', image_url => $PNG, file_id => undef}])]),
        [{role => 'user', content => [{text => 't'}, {image => $PNG}]},
        {role => 'assistant', content => '', tool_calls => [tool_call('c')]},
        {role => 'tool', tool_call_id => 'c', content => [{text => 'a'},
        {image => $PNG}]}], 'parts of a chat context');
    return;
}


# An input that takes any JSON gets the form of chats, and no other
sub raw {
    my @items = ({role => 'user', content => [{type => 'input_text', text =>
        't'}, {type => 'input_image', image_url => 'https://x/y', detail =>
        'high'}, {type => 'input_file', file_data => 'data:x', filename =>
        'f.pdf'}, {type => 'input_audio', input_audio => {data => 'QQ==',
        format => 'wav'}}]}, {type => 'message', id => 'm', role =>
        'assistant', status => 'completed', content => [{type => 'output_text',
        text => 'o', annotations => []}, {type => 'refusal', refusal =>
        'no'}]}, called('c'), gave('c', '5'));
    my @want = ({role => 'user', content => [{type => 'text', text => 't'},
        {type => 'image_url', image_url => {url => 'https://x/y', detail =>
        'high'}}, {type => 'file', file => {file_data => 'data:x', filename =>
        'f.pdf'}}, {type => 'input_audio', input_audio => {data => 'QQ==',
        format => 'wav'}}]}, {role => 'assistant', content => [{type => 'text',
        text => 'o'}, {type => 'refusal', refusal => 'no'}], tool_calls =>
        [tool_call('c')]}, {role => 'tool', tool_call_id => 'c', content =>
        '5'});
    is_deeply(job(\@items, model => 'raw'), \@want, 'any JSON');
    is_deeply(job(\@items, model => 'kind'), [{role => 'system', content =>
        'be kind'}, @want], 'with a system prompt');
    is_deeply(job([called('c')], model => 'raw'), [{role => 'assistant',
        content => undef, tool_calls => [tool_call('c')]}], 'no content');
    return;
}


sub refused {
    my ($input, $param, $text, %more) = @_;
    my $answer = create($input, %more)->read_response;
    is($answer->status, 400, "$param: refused");
    my $error = $answer->json->{error};
    is_deeply([@$error{qw(type param code)}], ['invalid_request_error',
        $param, 'invalid_value'], 'and why') or diag($answer->body);
    like($error->{message}, $text, 'in words');
    return;
}


sub hostile {
    my $user = {role => 'user', content => 'q'};
    my $many = {map { $_ => 1 } 1 .. 5000};
    refused([$user, $_], 'input[1]', qr/must be an object/) for 5, 'x', [],
        undef;
    refused([$user, $many], 'input[1]', qr/too many/);
    refused([$user, {type => $_, call_id => 'c', output => 'x'}],
        'input[1].type', qr/must be one of/) for 5, '', 'item_reference',
        'custom_tool_call', 'web_search_call', 'function _call',
        'computer_call_output', 'function_call_output ', {}, [1];
    refused([{role => $_, content => 'x'}], 'input[0].role', qr/one of/)
        for 'tool', 'function', 5, 'us er', undef;
    refused([{%$user, tool_calls => [tool_call('c')]}], 'input[0].tool_calls',
        qr/'function_call'/);
    refused([{role => 'user', content => $_}], 'input[0].content',
        qr/string or a list/) for 5, {}, undef;
    refused([{type => 'message'}], 'input[0].role', qr/one of/);
    for my $name (qw(call_id name arguments)) {
        refused([$user, called('c', $name => $_)], "input[1].$name",
            qr/a string/) for 5, undef, {}, ['c'];
    }
    refused([called('a'), gave($_, 'x')], 'input[1].call_id', qr/of no/)
        for 'b', '', 'a ', 'A', "a\0";
    refused([gave('a', 'x'), called('a')], 'input[0].call_id', qr/of no/);
    refused([called('a'), gave('a', 'x', call_id => $_)], 'input[1].call_id',
        qr/a string/) for 5, undef;
    refused([called('a'), gave('a', $_)], 'input[1].output',
        qr/string or a list/) for 5, undef, {}, true;
    refused([called('a'), gave('a', [$_])], 'input[1].output', qr/part/)
        for 5, [], {}, {type => 'x'}, {type => 'input_text'}, $many,
        {type => 'input_text', text => 5}, {type => 'input_image', file_id =>
        'f'}, {type => 'input_image', image_url => {}}, {type => 'text'},
        {type => 'input_file', file_data => 'x'};
    refused([called('a'), gave('a', [1 .. 5000])], 'input[1].output',
        qr/too many/);
    refused([map { $user } 1 .. 5000], 'input', qr/too many/);
    refused($_, 'input', qr/at least one/) for [], [{type => 'reasoning'}];

    # what the messages are checked for is told of their items
    refused([{type => 'reasoning'}, $user, called('a'), called('b'),
        gave('a', 'x'), {role => 'user', content => [{type => 'image_url',
        image_url => 5}]}], 'input[5].content', qr/lacks/);
    refused([called('a'), called('b'), gave('b', 'x')], 'input[2].role',
        qr/must not be 'tool'/, model => 'old');
    return;
}


# A chat context without tools has no place for them
sub unsupported {
    for my $item (called('a'), gave('a', 'x')) {
        refused([{role => 'user', content => 'q'}, $item], 'input[1].type',
            qr/not supported with this model/, model => 'plain');
    }
    my $conn = create([{type => 'reasoning'}, {role => 'user', content => 'q'}],
        model => 'plain');
    my ($job) = $worker{plain}->jobs;
    $worker{plain}->result($job->{job_id}, {text => 't'});
    is($conn->read_response->status, 200, 'reasoning has one: none');
    my $answer = create('x', previous_response_id => 'resp_1')->read_response;
    is($answer->json->{error}{param}, 'previous_response_id', 'nor is there '
        . 'any but what is sent');
    return;
}


# As many as there may be, of those that grow most
sub long {
    my @items = map { (called("c$_"), gave("c$_", [map { {type => 'input_image',
        image_url => ''} } 1 .. 20])) } 1 .. 2000;
    my $got = job(\@items, model => 'raw');
    is(scalar @$got, 4000, 'a long talk');
    is($got->[-1]{tool_call_id}, 'c2000', 'in order');
    is_deeply($got->[-1]{content}[19], {type => 'image_url', image_url =>
        {url => ''}}, 'to the end');
    is_deeply($got->[2]{tool_calls}, [tool_call('c2')], 'each on its own');
    return;
}
