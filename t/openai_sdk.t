# OpenAI's own client, as people install it, against this server: what it sends
# is understood, and what it gets is what its types promise.  Guards against all
# that only that client minds, silently or not: vectors that are no base64,
# streams whose records its helpers refuse, errors of the wrong class, retries
# that come too late or not at all.
#
# Needs node and npm; skipped where npm cannot fetch the package.

use strict;
use warnings;

use lib 't/lib';
use AimeOpenai;
use AimeSdk;
use Test::More;
use AimeTest;

my $missing = sdk_install();
plan(skip_all => $missing) if $missing;

my $json = '{type = "json"}';
my $text = '{type = "string"}';
my $limits = 'max_time_in_queue = 120';
my $chat = chat_endpoint(job_type => 'chat', inputs => "tools = $json\n"
    . "tool_choice = $json\nresponse_format = $json\nseed = {type = 'integer'}",
    outputs => "tool_calls = {}\nfinish_reason = {}\n",
    endpoint => 'max_attempts = 1');

my $srv = start_openai(
    endpoints => {
        chat => $chat,
        theirs => {%$chat,
            clients => "authorization_keys = {other = \"$SECOND_KEY\"}"},
        full => {inputs => "chat_context = {type = 'chat_context'}",
            job_type => 'gated-full', endpoint => "$limits\n"
            . 'max_queue_length = 1'},
        limited => {inputs => "chat_context = {type = 'chat_context'}",
            job_type => 'gated-limited', endpoint => $limits,
            clients => 'client_request_limit = 1'},
        agent => {inputs => "chat_context = {type = 'chat_context', "
            . "support = ['tools']}\ntools = $json", outputs => 'text = {}'
            . "\ntool_calls = {}\nreasoning_content = {}\n"
            . "prompt_length = {}\nnum_generated_tokens = {}",
            progress => 'text = {}'},
        embed => {inputs => "input = $json\n"
            . 'dimensions = {type = "integer"}',
            outputs => "embedding = {}\nprompt_length = {}"},
        paint => {inputs => "prompt = $text\nn = {type = 'integer'}\n"
            . "width = {type = 'integer'}\nheight = {type = 'integer'}",
            outputs => 'images = {}', progress => 'progress_images = {}'},
        speak => {inputs => "text = $text\nvoice = $text",
            outputs => 'audio_output = {}'},
        hear => {inputs => "audio_input = {type = 'audio'}\n"
            . "language = $text", outputs => "result = {}\nlanguage = {}\n"
            . "duration = {}\nsegments = {}\nwords = {}"},
    },
    models => join '', map { "'$_->[0]' = {endpoint = '$_->[1]', "
        . "created_at = 1700000000, owned_by = 'tests'}\n" }
        ['chat', 'chat'], ['vendor/chat:8b', 'chat'], ['theirs', 'theirs'],
        ['agent', 'agent'],
        ['full', 'full'], ['limited', 'limited'], ['embed', 'embed'],
        ['paint', 'paint'], ['speak', 'speak'], ['hear', 'hear']);

sdk_workers($srv, chat => \&AimeSdk::chat, agent => \&AimeSdk::agent, embed => \&AimeSdk::embed,
    paint => \&AimeSdk::paint, speak => \&AimeSdk::speak,
    hear => \&AimeSdk::hear, 'gated-full' => \&AimeSdk::chat,
    'gated-limited' => \&AimeSdk::chat);

for my $script (qw(models chat completions responses tools embeddings images audio
    errors))
{
    subtest $script => sub {
        sdk_script($srv, $script, AIME_KEY => $CLIENT_KEY);
    };
}

done_testing();
