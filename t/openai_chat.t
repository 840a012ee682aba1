# A chat completion is a job like any other: its fields become the inputs of the
# model's endpoint, and the worker's outputs the message.  Guards against fields
# that are dropped without a word, zeros that count as absent, texts that change
# on their way, and a usage that is not what the worker counted.

use strict;
use warnings;

use lib 't/lib';
use AimeOpenai;
use Mojo::JSON qw(true false);
use Test::More;
use AimeTest;

my $srv = start_openai();
my $worker = $srv->worker(job_type => 'chat')->login;

plain();
done_testing();


# The job that a request leads to, and the answer to what the worker gives
sub chat {
    my ($body, $outputs) = @_;
    my $conn = ask($srv, 'chat/completions', {model => 'm',
        messages => messages('hi'), %$body});
    my ($job) = $worker->jobs or die 'no job: ' . $conn->read_response->body;
    $worker->result($job->{job_id}, $outputs);
    return ($job, $conn->read_response);
}


sub plain {
    my ($job, $answer) = chat({}, {text => "h\x{e9}llo", prompt_length => 7,
        num_generated_tokens => 3});
    is_deeply($job->{chat_context}, [{role => 'user', content => 'hi'}],
        'the messages');
    is($answer->status, 200, 'answered');
    is($answer->header('Content-Type'), 'application/json', 'as JSON');
    my $json = $answer->json;
    is($json->{object}, 'chat.completion', 'object');
    is($json->{id}, "chatcmpl-$job->{job_id}", 'id');
    is($json->{model}, 'm', 'model');
    cmp_ok($json->{created}, '>', 1e9, 'created');
    is_deeply($json->{choices}, [{index => 0, logprobs => undef,
        finish_reason => 'stop', message => {role => 'assistant',
        content => "h\x{e9}llo", refusal => undef}}], 'the choice');
    is_deeply($json->{usage}, {prompt_tokens => 7, completion_tokens => 3,
        total_tokens => 10}, 'usage');
    return;
}
