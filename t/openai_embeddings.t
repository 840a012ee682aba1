# Embeddings: vectors in the form that was asked for, one for each input and in
# its order.  Guards against a list of numbers where a client wants base64,
# which the official one takes for bytes without a word, against vectors that
# are not those of the numbers, and against a batch that comes back shorter.

use strict;
use warnings;

use lib 't/lib';
use AimeOpenai;
use MIME::Base64 qw(decode_base64);
use Mojo::JSON qw(encode_json);
use Test::More;
use AimeTest;

my $outputs = "embeddings = {}\nprompt_length = {}\nerror = {}";
my $srv = start_openai(
    endpoints => {
        lists => {inputs => 'texts = {type = "json", required = true}',
            outputs => $outputs},
        sizes => {inputs => "input = {type = \"json\"}\n"
            . 'size = {type = "integer", minimum = 8}', outputs => $outputs},
        single => {inputs => 'text = {type = "string"}',
            outputs => 'embedding = {}'},
    },
    models => "lists = {endpoint = 'lists'}\nsingle = {endpoint = 'single'}\n"
        . "sizes = {endpoint = 'sizes', inputs = {dimensions = 'size'}}");
my %worker = map { $_ => $srv->worker(job_type => $_)->login }
    qw(lists sizes single);

encodings();
inputs();
one_text();
dimensions();
usage();
broken();
refused();
done_testing();


# (job, answer): what a worker gets, and what the client gets of its outputs,
# which may be JSON text
sub embed {
    my ($model, $body, $outputs) = @_;
    my $conn = ask($srv, 'embeddings', {model => $model, %$body});
    my $worker = $worker{$model};
    my ($job) = $worker->jobs or die 'no job: ' . $conn->read_response->body;
    my $report = encode_json($worker->report($job->{job_id}, ref $outputs
        ? %$outputs : ()));
    $report =~ s/\}\z/,$outputs}/ if !ref $outputs;
    $srv->post('/worker_job_result', $report);
    return ($job, $conn->read_response);
}

sub refusal {
    my ($model, $body) = @_;
    return ask($srv, 'embeddings', {model => $model, %$body})->read_response;
}


sub floats { return [unpack 'f<*', decode_base64($_[0])] }


sub encodings {
    my $numbers = '[0.1, -2.5e-3 ,1e10,16777217.00000001,0.30000000000000004]';
    my $vectors = "\"embeddings\":[$numbers,[0,-0.0,3,4,5]],"
        . '"prompt_length":7';
    my $want = [unpack 'f<*', pack 'f<*', 0.1, -2.5e-3, 1e10,
        16777217.00000001, 0.3];
    my (undef, $answer) = embed(lists => {input => ['a', 'b'],
        encoding_format => 'base64'}, $vectors);
    is($answer->status, 200, 'base64');
    my $json = $answer->json;
    is($json->{object}, 'list', 'a list');
    is($json->{model}, 'lists', 'of the model');
    is_deeply($json->{usage}, {prompt_tokens => 7, total_tokens => 7},
        'usage');
    is_deeply([map { [@$_{qw(object index)}] } @{$json->{data}}],
        [['embedding', 0], ['embedding', 1]], 'in order');
    is_deeply(floats($json->{data}[0]{embedding}), $want, 'the floats');
    is($json->{data}[1]{embedding}, 'AAAAAAAAAIAAAEBAAACAQAAAoEA=',
        'to the bit');
    for my $format ({}, {encoding_format => 'float'}) {
        (undef, $answer) = embed(lists => {input => ['a', 'b'], %$format},
            $vectors);
        like($answer->body, qr/"embedding":\Q$numbers\E/,
            'numbers as the worker wrote them');
    }
    return;
}


sub inputs {
    my @cases = (
        ['hello', ['hello']], [['hello'], ['hello']],
        [["a\x{20ac}", '"[]"'], ["a\x{20ac}", '"[]"']],
        [[1, 2, 3], [[1, 2, 3]]], [[[1, 2], [3]], [[1, 2], [3]]],
        ['["json"]', ['["json"]']],
        [[map { "text $_" } 1 .. 2048], [map { "text $_" } 1 .. 2048]],
        [[1 .. 8000], [[1 .. 8000]]],
    );
    for my $case (@cases) {
        my ($input, $want) = @$case;
        my ($job, $answer) = embed(lists => {input => $input},
            {embeddings => [map { [$_] } 1 .. @$want]});
        is_deeply($job->{texts}, $want, 'the inputs as a list');
        is(scalar @{$answer->json->{data}}, @$want, 'a vector for each');
    }
    return;
}


# An endpoint that embeds one text, and gives its vector itself
sub one_text {
    for my $input ('one', ['one']) {
        my ($job, $answer) = embed(single => {input => $input,
            encoding_format => 'base64'}, {embedding => [1, 0.5]});
        is($job->{text}, 'one', 'the text');
        is_deeply(floats($answer->json->{data}[0]{embedding}), [1, 0.5],
            'its vector');
    }
    my $answer = refusal(single => {input => ['one', 'two']});
    is($answer->status, 400, 'two texts are refused');
    like($answer->json->{error}{message}, qr/one text at a time/, 'as that');
    my $long = join ',', (0.125) x 5000;
    (undef, $answer) = embed(single => {input => 'x',
        encoding_format => 'base64'}, "\"embedding\":[$long]");
    is_deeply(floats($answer->json->{data}[0]{embedding}), [(0.125) x 5000],
        'a vector longer than lists may be');
    return;
}


sub dimensions {
    my ($job) = embed(sizes => {input => 'x', dimensions => 256},
        {embeddings => [[1]]});
    is($job->{size}, 256, 'as the endpoint calls them');
    my $answer = refusal(sizes => {input => 'x', dimensions => 1});
    is($answer->status, 400, 'out of its bounds');
    is($answer->json->{error}{param}, 'dimensions', 'told by its field');
    $answer = refusal(lists => {input => 'x', dimensions => 256});
    is($answer->status, 400, 'refused where it cannot be told');
    is($answer->json->{error}{param}, 'dimensions', 'by name');
    return;
}


sub usage {
    my (undef, $answer) = embed(lists => {input => 'x', user => 'me'},
        {embeddings => [[1]]});
    is_deeply($answer->json->{usage}, {prompt_tokens => 0, total_tokens => 0},
        'numbers also where the worker counts none');
    return;
}


sub broken {
    for my $vectors ('[[1],[2]]', '[]', '"no"', '[["a"]]', '[[1e99]]',
        '[[[1]]]', '[{}]', 'null', '[null]', '[[]]', '[[null,1]]')
    {
        my (undef, $answer) = embed(lists => {input => 'x',
            encoding_format => 'base64'}, "\"embeddings\":$vectors");
        is($answer->status, 500, "$vectors is no vector for one input");
        is($answer->header('x-should-retry'), 'false', 'nor next time');
        is($answer->json->{error}{type}, 'server_error', 'an error');
    }
    for my $vectors ('[[]]', '[[null,1]]', '[["x",1]]', '[[[1]]]', '[[true]]') {
        my (undef, $answer) = embed(lists => {input => 'x'},
            "\"embeddings\":$vectors");
        is($answer->status, 500, "$vectors is no vector as floats either");
    }
    my (undef, $answer) = embed(lists => {input => 'x'}, {error => 'no GPU'});
    is($answer->json->{error}{message}, 'no GPU', "the worker's own error");
    return;
}


sub refused {
    for my $input ('', [], [''], ['a', ''], ['a', 1], [['a']], [[]], [1, 'a'],
        [-1], [1.5], {}, 7, [undef], [map { "$_" } 1 .. 2049])
    {
        my $answer = refusal(lists => {input => $input});
        my $text = substr encode_json($input), 0, 20;
        is($answer->status, 400, "refused: $text");
        is($answer->json->{error}{param}, 'input', 'for its input');
    }
    my $answer = refusal('lists', {});
    is($answer->status, 400, 'no input');
    is($answer->json->{error}{code}, 'missing_required_parameter', 'at all');
    for my $format ('hex', 1, '') {
        $answer = refusal(lists => {input => 'x', encoding_format => $format});
        is($answer->status, 400, 'another encoding');
        is($answer->json->{error}{param}, 'encoding_format', 'by name');
    }
    is($srv->get('/v1/embeddings', undef, with_key())->status, 405, 'GET');
    return;
}
