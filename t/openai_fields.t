# Every field of a chat request: it is an input of the endpoint, or it asks for
# nothing, or it is refused by name.  Guards against fields that are dropped
# without a word, a temperature of 0 that counts as absent, and strings that an
# input takes for JSON.

use strict;
use warnings;

use lib 't/lib';
use AimeOpenai;
use Mojo::JSON qw(true false);
use Test::More;
use AimeTest;

my @json = qw(stop tools tool_choice response_format logit_bias);
my $srv = start_openai(models => <<'TOML', endpoints => {
bare = {endpoint = "chat"}
full = {endpoint = "full", inputs = {seed = "random_seed", verbosity = "text_length"}}
old = {endpoint = "chat", legacy_context_format = true}
kind = {endpoint = "chat", default_system_prompt = "be \"kind\""}
raw = {endpoint = "raw", default_system_prompt = "sys", inputs = {top_k = ""}}
rough = {endpoint = "rough"}
few = {endpoint = "few"}
tooled = {endpoint = "tooled"}
TOML
    chat => chat_endpoint(),
    tooled => {inputs => 'chat_context = {type = "chat_context", '
        . 'support = ["text", "tools"]}', outputs => 'text = {}'},
    few => chat_endpoint(inputs => 'tools = {type = "json"}'),
    rough => {inputs => "prompt = {type = \"string\"}\n", outputs => 'text = {}'},
    full => chat_endpoint(inputs => join("\n",
        (map { "$_ = {type = \"json\"}" } @json), 'n = {type = "integer"}',
        'random_seed = {type = "integer"}', 'top_logprobs = {type = "integer"}',
        (map { "$_ = {type = \"float\"}" } qw(presence_penalty
        frequency_penalty)), (map { "$_ = {type = \"bool\"}" } qw(logprobs parallel_tool_calls)),
        (map { "$_ = {type = \"string\"}" } qw(reasoning_effort user
        reasoning_summary)), 'text_length = {type = "json"}'),
        outputs => "tool_calls = {}\nfinish_reason = {}\nlogprobs = {}\n"
        . "reasoning_content = {}\nrefusal = {}\ncached_tokens = {}\n"
        . 'reasoning_tokens = {}'),
    raw => {inputs => "messages = {type = \"json\"}\n"
        . 'top_k = {type = "integer"}', outputs => 'text = {}'}});
my %worker = map { $_ => $srv->worker(job_type => $_)->login }
    qw(chat few full raw rough tooled);

mapped();
tokens();
neutral();
options();
nested();
unsupported();
wrong();
conversations();
raw_messages();
tools();
tiers();
completions();
results();
done_testing();


sub request {
    my ($body, %opt) = @_;
    return ask($srv, $opt{path} // 'chat/completions', {model => 'bare',
        $opt{path} ? () : (messages => messages('hi')), %$body});
}


# The job of a request that is served, and the answer
sub job {
    my ($by, $body, %opt) = @_;
    my $conn = request($body, %opt);
    my ($job) = $worker{$by}->jobs or return diag('no job: '
        . $conn->read_response->body);
    $worker{$by}->result($job->{job_id}, $opt{outputs} // {text => 't'});
    my $answer = $conn->read_response;
    is($answer->status, 200, 'served') or diag($answer->body);
    return wantarray ? ($job, $answer->json) : $job;
}


sub refused {
    my ($body, $param, $code, %opt) = @_;
    my $answer = request($body, %opt)->read_response;
    is($answer->status, 400, "$param: refused");
    my $error = $answer->json->{error};
    is_deeply([@$error{qw(type param code)}], ['invalid_request_error',
        $param, $code], 'and why') or diag($answer->body);
    return $error->{message};
}


sub mapped {
    my $tool = {type => 'function', function => {name => 'f'}};
    my %same = (temperature => 0, top_p => 0, top_k => 5, n => 3,
        stop => ['a', 'b'], presence_penalty => -1.5, frequency_penalty => 0,
        logit_bias => {50256 => -100}, logprobs => true, top_logprobs => 0,
        tools => [$tool], tool_choice => 'required', user => 'u',
        parallel_tool_calls => false, reasoning_effort => 'low',
        response_format => {type => 'json_object'});
    my $job = job('full', {model => 'full', %same, seed => 0, max_tokens => 7});
    is_deeply($job->{$_}, $same{$_}, "$_ as it was given") for sort keys %same;
    is($job->{random_seed}, 0, 'seed, under another name');
    is($job->{max_gen_tokens}, 7, 'max_tokens, by default');
    ok(!exists $job->{seed} && !exists $job->{max_tokens}, 'only there');
    $job = job('full', {model => 'full', stop => 'END', tool_choice =>
        $tool});
    is_deeply($job->{stop}, ['END'], 'one stop is a list of one');
    is_deeply($job->{tool_choice}, $tool, 'a choice may be an object');
    $job = job('chat', {temperature => 0, top_k => 3, seed => undef,
        temperature => 0});
    is($job->{temperature}, 0, 'temperature 0 is a value');
    is($job->{top_k}, 3, 'a field that only the endpoint knows');
    ok(!exists $job->{top_p}, 'what was not given is not there');
    return;
}


sub tokens {
    is(job('chat', {max_tokens => 5, max_completion_tokens => 6})
        ->{max_gen_tokens}, 6, 'max_completion_tokens wins');
    for my $number ('5.0', '0.5e1') {
        my $conn = ask($srv, 'chat/completions', qq({"model": "bare",
            "messages": [{"role": "user", "content": "x"}],
            "max_tokens": $number}));
        my ($job) = $worker{chat}->jobs;
        is($job->{max_gen_tokens}, 5, "$number is an integer");
        $worker{chat}->result($job->{job_id}, {text => 't'});
        is($conn->read_response->status, 200, 'and served');
    }
    my $twice = ask($srv, 'chat/completions', '{"model": "bare", "max_tokens": 5,'
        . '"messages": [{"role": "user", "content": "x"}], "max_tokens": 7}');
    my ($last) = $worker{chat}->jobs;
    is($last->{max_gen_tokens}, 7, 'a repeated member counts with its last value');
    $worker{chat}->result($last->{job_id}, {text => 't'});
    is($twice->read_response->status, 200, 'and is served, too');
    refused({max_tokens => $_}, 'max_tokens', 'invalid_value')
        for 0, -1, 'many', 1.5;
    like(refused({max_tokens => 101}, 'max_tokens', 'invalid_value'),
        qr/above the maximum of 100/, 'what the endpoint says');
    refused({max_tokens => 5, max_gen_tokens => 6}, 'max_gen_tokens',
        'invalid_value');
    refused({chat_context => []}, 'chat_context', 'invalid_value');
    refused({max_completion_tokens => 101}, 'max_completion_tokens',
        'invalid_value');
    refused({model => 'raw', max_completion_tokens => 5},
        'max_completion_tokens', 'unsupported_parameter');
    return;
}


sub neutral {
    my %body = (temperature => 1, top_p => 1.0, n => 1, stop => [],
        presence_penalty => 0, frequency_penalty => 0.0, logprobs => false,
        tools => [], tool_choice => 'auto', parallel_tool_calls => true,
        response_format => {type => 'text'}, store => false, logit_bias => {},
        user => 'someone', metadata => {a => 'b'}, service_tier => 'auto',
        safety_identifier => 's', prompt_cache_key => 'k', seed => undef,
        modalities => ['text'], stream => false, stream_options => undef,
        prompt_cache_options => {ttl => '1h'}, top_logprobs => 0,
        verbosity => 'medium', function_call => 'none');
    my $job = job('raw', {model => 'raw', %body});
    is_deeply([sort grep { !/^start_time/ } keys %$job],
        [qw(job_id messages wait_for_result)], 'nothing of these');
    return;
}


# Members of stream_options, and what needs tools to mean anything
sub options {
    for my $case ([{include_usage => 'yes'}, 'include_usage', 'invalid_type'],
        [{include_obfuscation => true}, 'include_obfuscation'],
        [{include_obfuscation => 1}, 'include_obfuscation'],
        [{include_usage => true, often => false}, 'often'])
    {
        my ($value, $member, $code) = @$case;
        refused({stream => true, stream_options => $value},
            "stream_options.$member", $code // 'unsupported_parameter');
    }
    my $conn = request({stream => true, stream_options => {include_usage =>
        undef, include_obfuscation => false}});
    my ($job) = $worker{chat}->jobs;
    $worker{chat}->result($job->{job_id}, {text => 't'});
    like($conn->read_until(qr/DONE/), qr/"finish_reason":"stop"}]}/,
        'none that ask for nothing');
    job('chat', {parallel_tool_calls => $_}) for true, false;
    refused({parallel_tool_calls => 'no'}, 'parallel_tool_calls',
        'invalid_type');
    my $tool = {type => 'function', function => {name => 'f'}};
    job('few', {model => 'few', tools => [$tool], parallel_tool_calls =>
        true});
    refused({model => 'few', tools => [$tool], parallel_tool_calls => false},
        'parallel_tool_calls', 'unsupported_parameter');
    return;
}


# The objects of responses, whose members are fields of chats
sub nested {
    my %path = (path => 'responses');
    my %full = (model => 'full', input => 'x');
    my $job = job('full', {%full, reasoning => {effort => 'low', summary =>
        'detailed', context => 'auto', mode => 'standard'}, text =>
        {verbosity => 'low', format => {type => 'text'}}, max_tool_calls => 3,
        truncation => 'disabled', include => ['reasoning.encrypted_content',
        'computer_call_output.output.image_url']}, %path);
    is($job->{reasoning_effort}, 'low', 'reasoning.effort');
    is($job->{reasoning_summary}, 'detailed', 'reasoning.summary');
    is($job->{text_length}, 'low', 'text.verbosity, under another name');
    is(job('full', {model => 'full', verbosity => 'high'})->{text_length},
        'high', 'and that of chats');
    $job = job('chat', {input => 'x', reasoning => {summary => 'auto', effort =>
        undef}, text => {verbosity => 'medium'}, include => []}, %path);
    ok(!exists $job->{$_}, "no $_") for qw(reasoning text include);
    for my $case ([reasoning => {summary => 'concise'}], [reasoning =>
        {summary => 5}], [reasoning => {context => 'all_turns'}], [reasoning =>
        {mode => 'pro'}], [reasoning => {effort => 'none'}], [reasoning =>
        {generate_summary => 'auto'}], [text => {verbosity => 'low'}], [text =>
        {whatever => 1}], [text => {"a\"\x{e4}" => 1}])
    {
        my ($name, $value) = @$case;
        refused({input => 'x', $name => $value}, "$name." . (keys %$value)[0],
            'unsupported_parameter', %path);
    }
    refused({input => 'x', include => $_}, 'include', 'unsupported_parameter',
        %path) for ['message.output_text.logprobs'], [5],
        ['reasoning.encrypted_content', 'x'];
    refused({input => 'x', include => 'x'}, 'include', 'invalid_type', %path);
    refused({input => 'x', $_ => 'auto'}, $_, 'unsupported_parameter', %path)
        for qw(truncation context_management background_options);
    return;
}


sub unsupported {
    my %body = (seed => 1, n => 2, stop => 'x', presence_penalty => 0.1,
        logprobs => true, tools => [{}], tool_choice => 'required',
        response_format => {type => 'json_object'}, store => true,
        logit_bias => {1 => 1}, modalities => ['audio'], audio => {},
        functions => [{}], reasoning_effort => 'low', prediction => {},
        web_search_options => {}, verbosity => 'low', moderation => {},
        function_call => {name => 'f'}, max_tool_calls => 1, whatever => 0, key => 'k', wait_for_result =>
        false, client_session_auth_key => 'x');
    for my $name (sort keys %body) {
        like(refused({$name => $body{$name}}, $name, 'unsupported_parameter'),
            qr/^Unsupported parameter: '$name'/, 'in words');
    }
    refused({model => 'raw', top_k => 1}, 'top_k', 'unsupported_parameter');
    return;
}


sub wrong {
    refused({stream => 'yes'}, 'stream', 'invalid_type');
    refused({model => 'full', n => $_}, 'n', 'invalid_value') for 0, 129, 'x';
    refused({stream_options => {}}, 'stream_options', 'invalid_value');
    refused({stream => true, stream_options => 5}, 'stream_options',
        'invalid_type');
    refused({temperature => 3}, 'temperature', 'invalid_value');
    refused({temperature => 'hot'}, 'temperature', 'invalid_value');
    refused({model => 5}, 'model', 'invalid_type');
    refused({messages => undef}, 'messages', 'missing_required_parameter');
    refused({messages => $_}, 'messages', 'invalid_value') for [], {}, 'x';
    refused({messages => [5]}, 'messages[0]', 'invalid_value');
    refused({messages => [{role => 'user', content => 'x'}, {role => 'tool',
        tool_call_id => 'c', content => 'x'}]}, 'messages[1].role',
        'invalid_value');
    refused({messages => [{role => 'assistant', content => undef, tool_calls =>
        [{id => 'c'}]}]}, 'messages[0].tool_calls', 'invalid_value');
    refused({messages => [{role => 'assistant', content => 'x', $_ => {}}]},
        "messages[0].$_", 'invalid_value') for qw(audio function_call);
    refused({messages => [{role => 'user', content => $_}]},
        'messages[0].content', 'invalid_value') for 5, [5],
        [{type => 'file', file => {}}], [{type => 'text'}],
        [{type => 'image_url', image_url => {}}],
        [{type => 'input_audio', input_audio => {data => 'QQ=='}}];
    my $many = {map { $_ => 1 } 1 .. 5000};
    refused({stream => true, stream_options => $many}, 'stream_options',
        'invalid_value');
    refused({messages => [{role => 'user', content => [$many]}]},
        'messages[0].content', 'invalid_value');
    refused({messages => [{role => 'user', content => [{type => 'image_url',
        image_url => $many}]}]}, 'messages[0].content', 'invalid_value');
    refused({prompt => [1 .. 5000]}, 'prompt', 'invalid_value',
        path => 'completions');
    for my $body ('', '[]', '{', '"x"') {
        my $answer = ask($srv, 'chat/completions', $body)->read_response;
        is($answer->status, 400, "body $body: refused");
        is($answer->json->{error}{type}, 'invalid_request_error', 'its type');
    }
    return;
}


sub conversations {
    my @talk = ({role => 'developer', content => 'd'}, {role => 'user',
        content => [{type => 'text', text => "a\n\"b\""}], name => 'ann'},
        {role => 'assistant', content => 'x', refusal => undef,
        tool_calls => []}, {role => 'assistant'}, {role =>
        'assistant', content => undef, refusal => 'no', audio => undef},
        {role => 'user', content => 'last'});
    my @want = ({role => 'system', content => 'd'}, {role => 'user',
        content => [{text => "a\n\"b\""}], name => 'ann'}, {role =>
        'assistant', content => 'x'}, {role => 'assistant', content => ''},
        {role => 'assistant', content => 'no'},
        {role => 'user', content => 'last'});
    my $job = job('chat', {messages => \@talk});
    is_deeply($job->{chat_context}, \@want, 'messages');
    $job = job('chat', {model => 'old', messages => \@talk});
    is_deeply($job->{chat_context}, [@want[0 .. 4]], 'all but the last');
    is($job->{prompt_input}, 'last', 'which is a text of its own');
    $job = job('chat', {model => 'old'});
    ok(!exists $job->{chat_context}, 'no messages but the last');
    for ([[], ''], [[{type => 'text', text => 'x'}], 'x'],
        [[map { {type => 'text', text => $_} } 'a"', '', 'b'], 'a"b'])
    {
        $job = job('chat', {model => 'old', messages => [{role => 'user',
            content => $_->[0]}]});
        is($job->{prompt_input}, $_->[1], 'its parts are one text');
    }
    refused({model => 'old', messages => [{role => 'user', content =>
        [{type => 'image_url', image_url => {url => 'x'}}]}]},
        'messages[0].content', 'invalid_value');
    refused({model => 'old', messages => [{role => 'zzz', content => 'x'}]},
        'messages[0].role', 'invalid_value');
    refused({model => 'old', messages => [{role => 'assistant',
        content => undef, tool_calls => [{id => 'c'}]}]},
        'messages[0].tool_calls', 'invalid_value');
    $job = job('chat', {model => 'kind'});
    is_deeply($job->{chat_context}, [{role => 'system', content =>
        'be "kind"'}, {role => 'user', content => 'hi'}], 'a system prompt');
    $job = job('chat', {model => 'kind', messages => \@talk});
    is_deeply($job->{chat_context}, \@want, 'where there is none');
    like(refused({messages => [{role => 'user', content => [{type =>
        'image_url', image_url => {url => 'data:image/png;base64,QQ=='}}]}]},
        'messages', 'invalid_value'), qr/image/, 'media that are not for it');
    return;
}


# An input that takes any JSON gets OpenAI's own form, tools included
sub raw_messages {
    my @talk = ({role => 'user', content => 'x'}, {role => 'assistant',
        content => undef, tool_calls => [{id => 'c', type => 'function',
        function => {name => 'f', arguments => '{}'}}]}, {role => 'tool',
        tool_call_id => 'c', content => '5'});
    is_deeply(job('raw', {model => 'raw', messages => \@talk})->{messages},
        [{role => 'system', content => 'sys'}, @talk], 'with a system prompt');
    unshift @talk, {role => 'developer', content => 'd'};
    is_deeply(job('raw', {model => 'raw', messages => \@talk})->{messages},
        \@talk, 'or as they are');
    return;
}


# A chat context that supports tools has them as they are
sub tools {
    my $calls = [{id => 'c', type => 'function', function => {name => 'f',
        arguments => '{"a": 1}'}}];
    my @talk = ({role => 'user', content => 'x'}, {role => 'assistant',
        content => undef, tool_calls => $calls}, {role => 'tool',
        tool_call_id => 'c', content => '5'});
    my @want = ($talk[0], {%{$talk[1]}, content => ''}, $talk[2]);
    is_deeply(job('tooled', {model => 'tooled', messages => \@talk})
        ->{chat_context}, \@want, 'calls and answers');
    my $native = $srv->client(endpoint => 'tooled')->submit({chat_context =>
        \@want}, wait_for_result => false);
    is($native->status, 200, 'on the native route too');
    my ($job) = $worker{tooled}->jobs;
    $worker{tooled}->result($job->{job_id}, {text => 't'});
    is($srv->client(endpoint => 'chat')->submit({chat_context => \@want},
        wait_for_result => false)->status, 400, 'but not where none are');
    refused({model => 'tooled', messages => [{role => 'function', content =>
        'x'}]}, 'messages[0].role', 'invalid_value');
    return;
}


sub tiers {
    my @conns = map { request({service_tier => $_, messages => messages($_)}) }
        qw(flex auto);
    wait_until(sub { $srv->get('/api/endpoints/chat')->json
        ->{free_queue_slots} == 998 });
    my @jobs = map { $worker{chat}->jobs } 1 .. 2;
    is_deeply([map { $_->{chat_context}[0]{content} } @jobs],
        [qw(auto flex)], 'flex waits for others');
    $worker{chat}->result($_->{job_id}, {text => 't'}) for @jobs;
    is($_->read_response->status, 200, 'served') for @conns;
    return;
}


sub completions {
    my ($job, $json) = job('chat', {prompt => 'once', max_tokens => 5},
        path => 'completions', outputs => {text => ' upon',
        num_generated_tokens => 1, prompt_length => 2});
    is($job->{prompt_input}, 'once', 'the prompt');
    is($json->{object}, 'text_completion', 'object');
    is($json->{id}, "cmpl-$job->{job_id}", 'id');
    is_deeply($json->{choices}, [{index => 0, text => ' upon', logprobs =>
        undef, finish_reason => 'stop'}], 'choices');
    is($json->{usage}{total_tokens}, 3, 'usage');
    is(job('chat', {prompt => ['once']}, path => 'completions')
        ->{prompt_input}, 'once', 'in a list');
    $job = job('raw', {model => 'raw', prompt => "a\"b"}, path => 'completions');
    is_deeply($job->{messages}, [{role => 'system', content => 'sys'},
        {role => 'user', content => "a\"b"}], 'as the only message of a chat');
    is(job('rough', {model => 'rough', prompt => 'p'}, path => 'completions')
        ->{prompt}, 'p', 'an endpoint without chats');
    refused({prompt => $_}, 'prompt', 'invalid_value', path => 'completions')
        for 5, ['a', 'b'], [1, 2];
    refused({}, 'prompt', 'missing_required_parameter', path => 'completions');
    my $answer = request({model => 'rough'})->read_response;
    is($answer->status, 404, 'which cannot chat');
    is($answer->json->{error}{code}, 'model_not_found', 'says so');
    my $conn = request({prompt => 'x', stream => true}, path => 'completions');
    my ($streamed) = $worker{chat}->jobs;
    my $head = $conn->read_until(qr/\r\n\r\n/);
    like($head, qr/event-stream/, 'streamed');
    $worker{chat}->progress($streamed->{job_id}, 1, {text => 'a'});
    like($conn->read_until(qr/\n\n/), qr/"choices":\[\{"index":0,"text":"a","logprobs":null,"finish_reason":null\}\]\}/, 'a chunk');
    $worker{chat}->result($streamed->{job_id}, {text => 'ab'});
    like($conn->read_until(qr/DONE\]\n\n/), qr/"text":"b".*"text":"","logprobs":null,"finish_reason":"stop".*\n\ndata: \[DONE\]/s, 'and the end');
    return;
}


sub results {
    my $choice = sub {
        my ($outputs, $body) = @_;
        my (undef, $json) = job('full', {model => 'full', %{$body // {}}},
            outputs => $outputs);
        return ($json->{choices}[0], $json);
    };
    for my $case ([stop => 'stop'], [length => 'length'], [tool_call =>
        'tool_calls'], [max_tokens => 'length'], ['' => 'stop'], [eos => 'stop'],
        [content_filter => 'content_filter'], [5 => 'stop'])
    {
        my ($said, $want) = @$case;
        is(($choice->({text => 't', finish_reason => $said}))[0]
            {finish_reason}, $want, "finish_reason '$said'");
    }
    my ($c) = $choice->({text => '', tool_calls => [{name => 'f', arguments =>
        {a => 1}}]});
    is($c->{finish_reason}, 'tool_calls', 'by the tool calls');
    is($c->{message}{content}, undef, 'no content');
    like($c->{message}{tool_calls}[0]{id}, qr/^call_/, 'an id for the call');
    is_deeply($c->{message}{tool_calls}[0]{function}, {name => 'f',
        arguments => '{"a":1}'}, 'its arguments are a string');
    ($c, my $json) = $choice->({text => 't', reasoning_content => 'hm',
        refusal => 'no', logprobs => {content => []}, prompt_length => 5,
        num_generated_tokens => 6, cached_tokens => 2, reasoning_tokens => 3,
        current_context_length => 99}, {max_tokens => 6});
    is($c->{finish_reason}, 'length', 'by the number of tokens');
    is($c->{message}{reasoning_content}, 'hm', 'reasoning');
    is($c->{message}{refusal}, 'no', 'refusal');
    is_deeply($c->{logprobs}, {content => []}, 'logprobs');
    is_deeply($json->{usage}, {prompt_tokens => 5, completion_tokens => 6,
        total_tokens => 11, prompt_tokens_details => {cached_tokens => 2},
        completion_tokens_details => {reasoning_tokens => 3}}, 'usage');
    ($c, $json) = $choice->({text => 't'});
    is($json->{usage}, undef, 'no usage where the worker counts nothing');
    (undef, $json) = $choice->({text => ['a', 'b'], finish_reason =>
        ['stop', 'length'], tool_calls => [[], [{name => 'g'}]]}, {n => 2});
    is_deeply([map { [$_->{index}, $_->{message}{content},
        $_->{finish_reason}] } @{$json->{choices}}], [[0, 'a', 'stop'],
        [1, 'b', 'length']], 'two choices');
    is($json->{choices}[1]{message}{tool_calls}[0]{function}{name}, 'g',
        'each with its own calls');
    ($c) = $choice->({text => {odd => 1}});
    is($c->{message}{content}, '', 'what is no text is none');
    return;
}
