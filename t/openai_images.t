# Images: the pictures of a result in the answer itself, as base64 or as data
# URLs.  Guards against a size that never reaches the worker, against base64
# that a client cannot decode, and against a worker that breaks the answer.

use strict;
use warnings;

use lib 't/lib';
use AimeOpenai;
use AimeStream;
use MIME::Base64 qw(encode_base64);
use Mojo::JSON qw(decode_json encode_json false true);
use Test::More;
use AimeTest;

my $outputs = 'images = {type = "image_list"}' . "\nrevised_prompt = {}\n"
    . 'error = {}';
my $sides = join "\n", 'prompt = {type = "string", required = true}',
    map { "$_ = {type = 'integer', maximum = 2048, align = 8}" }
    qw(width height);
my $srv = start_openai(
    endpoints => {
        paint => {inputs => "$sides\nn = {type = 'integer', maximum = 4}\n"
            . 'quality = {type = "string"}', outputs => $outputs},
        plain => {inputs => 'prompt = {type = "string"}',
            outputs => 'image = {}'},
        shows => {inputs => 'prompt = {}', outputs => $outputs,
            progress => 'progress_images = {}'},
        words => {inputs => "prompt = {}\nresolution = {}",
            outputs => 'images = {}'},
    },
    models => "paint = {endpoint = 'paint'}\nplain = {endpoint = 'plain'}\n"
        . "shows = {endpoint = 'shows'}\n"
        . "words = {endpoint = 'words', inputs = {size = 'resolution'}}");
my %worker = map { $_ => $srv->worker(job_type => $_)->login }
    qw(paint plain shows words);
my $png = "\x89PNG\r\n\x1a\n" . join '', map { chr } 0 .. 255;
my $base64 = encode_base64($png, '');

fields();
forms();
sizes();
neutral();
broken();
streams();
large();
done_testing();


sub paint {
    my ($model, $body, $outputs) = @_;
    my $conn = ask($srv, 'images/generations', {model => $model,
        prompt => 'a cat', %$body});
    my ($job) = $worker{$model}->jobs
        or die 'no job: ' . $conn->read_response->body;
    $worker{$model}->result($job->{job_id}, $outputs);
    return ($job, $conn->read_response);
}

sub refusal {
    my ($model, $body) = @_;
    my $answer = ask($srv, 'images/generations', {model => $model,
        prompt => 'a cat', %$body})->read_response;
    return ($answer->status, $answer->json->{error}{param});
}


sub fields {
    my ($job, $answer) = paint(paint => {n => 2, size => '1024x768',
        quality => 'hd', user => 'me'}, {revised_prompt => "a \"c\x{e4}t\"",
        images => ["data:image/png;base64,$base64", $base64]});
    is_deeply({map { $_ => $job->{$_} } qw(prompt n width height quality)},
        {prompt => 'a cat', n => 2, width => 1024, height => 768,
        quality => 'hd'}, 'inputs');
    is($answer->status, 200, 'answered');
    my $json = $answer->json;
    cmp_ok($json->{created}, '>', 1e9, 'created');
    my $one = {b64_json => $base64, revised_prompt => "a \"c\x{e4}t\""};
    is_deeply($json->{data}, [$one, $one], 'base64 alone');
    return;
}


sub forms {
    my $jpeg = encode_base64("\xff\xd8\xff\xe0 and so on", '');
    my (undef, $answer) = paint(plain => {response_format => 'url'},
        {image => "data:image/png;base64,$base64"});
    is_deeply($answer->json->{data}, [{url => "data:image/png;base64,$base64"}],
        'a data URL');
    (undef, $answer) = paint(plain => {response_format => 'url'},
        {image => $jpeg});
    is_deeply($answer->json->{data}, [{url => "data:image/jpeg;base64,$jpeg"}],
        'of what it is');
    (undef, $answer) = paint(plain => {response_format => 'b64_json'},
        {image => "data:image/png;base64,$base64"});
    is_deeply($answer->json->{data}, [{b64_json => $base64}], 'asked for');
    is_deeply([refusal(plain => {response_format => 'gif'})],
        [400, 'response_format'], 'another form');
    return;
}


sub sizes {
    my ($job) = paint(words => {size => '1x2'}, {images => [$base64]});
    is($job->{resolution}, '1x2', 'for an input of its own as it is');
    for my $size ('auto', undef) {
        ($job) = paint(paint => {size => $size}, {images => [$base64]});
        ok(!exists $job->{width} && !exists $job->{height}, 'left to it');
    }
    for my $size ('1024', 'x', '8x', 'x8', '8x8x8', '0x8', '-8x8', '8 x8',
        '99999x8', '', 'AUTO', '8x999999999999999999999', 1024)
    {
        is_deeply([refusal(paint => {size => $size})], [400, 'size'],
            "no size: '$size'");
    }
    is_deeply([refusal(paint => {size => '4096x8'})], [400, 'size'],
        'beyond the bounds of the input');
    is_deeply([refusal(plain => {size => '256x256'})], [400, 'size'],
        'refused where it cannot be told');
    return;
}


# What asks for nothing, and what cannot be had
sub neutral {
    my ($job, $answer) = paint(plain => {n => 1, size => 'auto',
        quality => 'auto', background => 'auto', moderation => 'low',
        output_format => 'png', output_compression => 100,
        partial_images => 0, stream => false}, {image => $base64});
    is($answer->status, 200, 'as it would be anyway');
    for my $case ([n => 2], [quality => 'high'], [background => 'transparent'],
        [output_format => 'webp'], [style => 'vivid'], [input_fidelity => 1])
    {
        is_deeply([refusal(plain => {@$case})], [400, $case->[0]],
            "refused: $case->[0]");
    }
    is_deeply([refusal(paint => {n => 5})], [400, 'n'], 'too many');
    is_deeply([refusal(paint => {prompt => undef})], [400, 'prompt'],
        'no prompt');
    return;
}


sub broken {
    for my $images ('https://example.org/a.png', 'data:image/png;base64,', '',
        'QQ==", "x": "', 'Q', {}, 7, [7], [undef], [$base64, "\n"])
    {
        my (undef, $answer) = paint(paint => {}, {images => $images});
        is($answer->status, 500, 'no image: ' . substr encode_json([$images]),
            0, 40);
        is($answer->header('x-should-retry'), 'false', 'not again');
    }
    my (undef, $answer) = paint(paint => {}, {error => 'no GPU'});
    is($answer->json->{error}{message}, 'no GPU', "the worker's own error");
    (undef, $answer) = paint(paint => {}, {});
    is($answer->status, 500, 'nothing at all');
    (undef, $answer) = paint(paint => {}, {images => []});
    is($answer->status, 500, 'a list of none, as in a stream');
    return;
}


# Previews while the worker works, as many as were asked for, and the pictures
sub streams {
    my $start = sub {
        my $conn = ask($srv, 'images/generations', {model => 'shows',
            prompt => 'x', stream => true, @_});
        my $stream = bless {conn => $conn, text => '', comments => 0,
            plain => 1}, 'AimeStream';
        $stream->head;
        my ($job) = $worker{shows}->jobs;
        return ($stream, $job->{job_id});
    };
    my %facts = (size => 'auto', quality => 'auto', background => 'auto',
        output_format => 'png');
    my ($stream, $id) = $start->(partial_images => 2);
    for my $i (0, 1) {
        my $preview = encode_base64("\x89PNG\r\n\x1a\n$i", '');
        $worker{shows}->progress($id, 10 * $i, {progress_images =>
            ["data:image/png;base64,$preview"]});
        my $event = picture($stream);
        delete $event->{created_at};
        is_deeply($event, {type => 'image_generation.partial_image',
            b64_json => $preview, partial_image_index => $i, %facts},
            'a preview');
    }
    $worker{shows}->progress($id, 30, {progress_images => [$base64]});
    $worker{shows}->result($id, {images => [$base64, $base64]});
    for (1, 2) {
        my $event = picture($stream);
        cmp_ok(delete $event->{created_at}, '>', 1e9, 'created');
        is(delete($event->{usage})->{total_tokens}, 0, 'usage');
        is_deeply($event, {type => 'image_generation.completed',
            b64_json => $base64, %facts}, 'a picture, after no more previews');
    }
    is(picture($stream), undef, 'and the end');
    ($stream, $id) = $start->();
    $worker{shows}->progress($id, $_, {progress_images => $_}) for [$base64],
        'no base64', [], {};
    $worker{shows}->result($id, {images => $base64});
    is(picture($stream)->{type}, 'image_generation.completed',
        'no previews unless they are asked for');
    ($stream, $id) = $start->(partial_images => 3);
    $worker{shows}->progress($id, $_, {progress_images => $_})
        for 'no base64', [], {}, [7];
    $worker{shows}->result($id, {images => 'no base64'});
    is(picture($stream)->{error}{message}, 'The model gave no images',
        'and no previews that are none');
    is_deeply([refusal(shows => {partial_images => $_->[0],
        stream => $_->[1]})], [400, 'partial_images'], "not $_->[0]")
        for [4, true], [-1, true], [1, false];
    return;
}

sub picture {
    my ($stream) = @_;
    my $event = $stream->event or return;
    my $data = decode_json($event->{data});
    die "not its type: $event->{event}\n"
        if $data->{type} && $event->{event} ne $data->{type};
    return $data;
}


# Slashes that are escaped, as some encoders do; more than any buffer holds
sub large {
    my $big = encode_base64(pack('C*', map { $_ * 7 % 251 } 1 .. 30000) x 100,
        '');
    my $report = encode_json($worker{paint}->report('(id)',
        images => ["data:image/png;base64,$big"]));
    $report =~ s{(?<!\\)/}{\\/}g;
    my $conn = ask($srv, 'images/generations', {model => 'paint',
        prompt => 'x'});
    my ($job) = $worker{paint}->jobs;
    $report =~ s/\(id\)/$job->{job_id}/;
    $srv->post('/worker_job_result', $report);
    ok($conn->read_response->json->{data}[0]{b64_json} eq $big,
        'four megabytes, escaped');
    return;
}
