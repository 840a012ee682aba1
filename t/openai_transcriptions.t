# Transcriptions: an upload that becomes an audio input, and what becomes of it
# in each format.  Guards against sounds that change on their way, against texts
# of a form that are taken for JSON, and against subtitles that a text breaks.

use strict;
use warnings;

use lib 't/lib';
use AimeOpenai;
use AimeStream;
use MIME::Base64 qw(encode_base64);
use Mojo::JSON qw(decode_json);
use Test::More;
use AimeTest;

my $srv = start_openai(
    endpoints => {
        hear => {inputs => <<'IN', outputs => <<'OUT'},
audio_input = {type = "audio", required = true}
language = {type = "string", max_length = 5}
prompt = {type = "string"}
hints = {type = "json"}
temperature = {type = "float", maximum = 1}
timestamp_granularities = {type = "json"}
IN
result = {type = "string"}
language = {}
duration = {}
segments = {}
words = {}
error = {}
OUT
        plain => {inputs => 'audio_input = {type = "audio"}',
            outputs => "text = {}\nprompt_length = {}\n"
                . 'num_generated_tokens = {}'},
        grows => {inputs => 'audio_input = {type = "audio"}', outputs =>
            "result = {}\nduration = {}", progress => 'result = {}'},
        picky => {inputs => 'audio_input = {type = "audio", '
            . 'format = {supported = ["mp3"]}}', outputs => 'result = {}'},
    },
    models => "hear = {endpoint = 'hear'}\nplain = {endpoint = 'plain'}\n"
        . "picky = {endpoint = 'picky'}\ngrows = {endpoint = 'grows'}\n"
        . "hints = {endpoint = 'hear', inputs = {prompt = 'hints'}}");
my %worker = map { $_ => $srv->worker(job_type => $_)->login } qw(hear plain grows);
my $wav = wav(800);
my $file = {filename => 'a.wav', type => 'audio/wav', body => $wav};
my $result = {result => "gr\x{fc}\x{df} dich", language => 'german',
    duration => 3725.5, segments => [
        {id => 0, start => 0, end => 1.2345, text => " gr\x{fc}\x{df}",
            tokens => [1, 2]},
        {id => 1, start => 1.2345, end => 3725.5, text =>
            " di\nch\n\n1 --> 2 ---> 3"}],
    words => [{word => "gr\x{fc}\x{df}", start => 0, end => 1}]};

fields();
json();
verbose();
texts();
usage();
granularities();
streams();
kinds();
neutral();
refused();
broken();
large();
done_testing();


sub hear {
    my ($model, $parts, $outputs) = @_;
    my $conn = upload($srv, 'audio/transcriptions', [model => $model,
        file => $file, @$parts]);
    my $worker = $worker{$model eq 'hints' ? 'hear' : $model};
    my ($job) = $worker->jobs or die 'no job: ' . $conn->read_response->body;
    $worker->result($job->{job_id}, $outputs // $result);
    return ($job, $conn->read_response);
}

sub refusal {
    my ($model, $parts, $without_file) = @_;
    my $answer = upload($srv, 'audio/transcriptions', [model => $model,
        ($without_file ? () : (file => $file)), @$parts])->read_response;
    return ($answer->status, $answer->json->{error}{param});
}

sub data_url { return "data:audio/$_[0];base64," . encode_base64($_[1], '') }

sub utf8 { my ($text) = @_; utf8::encode($text); return $text }


# Texts stay texts, whatever they look like, and numbers are those of the input
sub fields {
    my ($job) = hear(hear => [language => 'de', temperature => '0.25',
        prompt => utf8("42, \"\x{20ac}\" \\ null")]);
    is($job->{audio_input}, data_url(wav => $wav), 'the sound');
    is($job->{language}, 'de', 'a text');
    is($job->{prompt}, "42, \"\x{20ac}\" \\ null", 'with all its characters');
    cmp_ok($job->{temperature}, '==', 0.25, 'a number');
    for my $prompt ('["a"]', '{', '"', '7', 'null', '') {
        ($job) = hear(hear => [prompt => $prompt]);
        is($job->{prompt}, $prompt, "for a string: '$prompt'");
        next if !length $prompt;
        ($job) = hear(hints => [prompt => $prompt]);
        is($job->{hints}, $prompt, 'and for JSON');
    }
    return;
}


sub json {
    for my $format ([], [response_format => 'json']) {
        my (undef, $answer) = hear(hear => $format);
        is($answer->status, 200, 'answered');
        is($answer->header('Content-Type'), 'application/json', 'as JSON');
        is_deeply($answer->json, {text => "gr\x{fc}\x{df} dich",
            usage => {type => 'duration', seconds => 3725.5}}, 'the text');
    }
    return;
}


sub verbose {
    my (undef, $answer) = hear(hear => [response_format => 'verbose_json']);
    is_deeply($answer->json, {task => 'transcribe', text =>
        "gr\x{fc}\x{df} dich", usage => {type => 'duration',
        seconds => 3725.5}, map { $_ => $result->{$_} }
        qw(language duration segments words)}, 'all of it');
    (undef, $answer) = hear(plain => [response_format => 'verbose_json'],
        {text => 'x'});
    is_deeply($answer->json, {task => 'transcribe', text => 'x',
        language => undef, duration => undef}, 'all there is');
    return;
}


sub texts {
    my (undef, $answer) = hear(hear => [response_format => 'text']);
    is($answer->header('Content-Type'), 'text/plain; charset=utf-8', 'text');
    is($answer->body, utf8("gr\x{fc}\x{df} dich\n"), 'as it is');
    (undef, $answer) = hear(hear => [response_format => 'srt']);
    is($answer->body, utf8(<<"SRT"), 'SubRip');
1
00:00:00,000 --> 00:00:01,235
gr\x{fc}\x{df}

2
00:00:01,235 --> 01:02:05,500
di ch  1 --  2 ---  3

SRT
    is($answer->header('Content-Type'), 'text/plain; charset=utf-8',
        'its type');
    (undef, $answer) = hear(hear => [response_format => 'vtt']);
    is($answer->body, utf8(<<"VTT"), 'WebVTT');
WEBVTT

00:00:00.000 --> 00:00:01.235
gr\x{fc}\x{df}

00:00:01.235 --> 01:02:05.500
di ch  1 --  2 ---  3

VTT
    is($answer->header('Content-Type'), 'text/plain; charset=utf-8', 'its type');
    (undef, $answer) = hear(hear => [response_format => 'vtt'],
        {segments => [{start => -1, end => 1e300, text => ''}]});
    is($answer->body, "WEBVTT\n\n00:00:00.000 --> 99:59:59.999\n\n\n",
        'times out of bounds');
    return;
}


sub usage {
    my (undef, $answer) = hear(plain => [], {text => 'x', prompt_length => 9,
        num_generated_tokens => 4});
    is_deeply($answer->json->{usage}, {type => 'tokens', input_tokens => 9,
        output_tokens => 4, total_tokens => 13}, 'tokens');
    (undef, $answer) = hear(plain => [], {text => 'x'});
    is_deeply($answer->json, {text => 'x'}, 'none');
    return;
}


sub granularities {
    my ($job) = hear(hear => ['timestamp_granularities[]' => 'word',
        language => 'de', 'timestamp_granularities[]' => 'segment']);
    is_deeply($job->{timestamp_granularities}, ['word', 'segment'],
        'a list of the form');
    is_deeply([refusal(hear => ['timestamp_granularities[]' => 'letter'])],
        [400, 'timestamp_granularities[]'], 'another');
    is_deeply([refusal(plain => ['timestamp_granularities[]' => 'word'])],
        [400, 'timestamp_granularities[]'], 'which the model does not give');
    is_deeply([refusal(hear => [timestamp_granularities => 'word'])],
        [400, 'timestamp_granularities[]'], 'no list');
    return;
}


# A text that grows, of an endpoint that tells of it
sub streams {
    my @events;
    my $conn = upload($srv, 'audio/transcriptions', [model => 'grows',
        file => $file, stream => 'true']);
    my $stream = bless {conn => $conn, text => '', comments => 0,
        plain => 1}, 'AimeStream';
    $stream->head;
    like($stream->{headers}{'content-type'}, qr{^text/event-stream}, 'events');
    my ($job) = $worker{grows}->jobs;
    my $next = sub { return decode_json($stream->event->{data}) };
    $worker{grows}->progress($job->{job_id}, 1, {result => "gr\x{fc}\x{df}"});
    is_deeply($next->(), {type => 'transcript.text.delta',
        delta => "gr\x{fc}\x{df}"}, 'its beginning, while it is worked on');
    $worker{grows}->result($job->{job_id}, {result => "gr\x{fc}\x{df} dich",
        duration => 2});
    is_deeply($next->(), {type => 'transcript.text.delta', delta => ' dich'},
        'the rest');
    is_deeply($next->(), {type => 'transcript.text.done',
        text => "gr\x{fc}\x{df} dich", usage => {type => 'duration',
        seconds => 2}}, 'all of it');
    is($stream->event, undef, 'and the end');
    $stream = bless {conn => upload($srv, 'audio/transcriptions', [model =>
        'grows', file => $file, stream => 'true']), text => '', comments => 0,
        plain => 1}, 'AimeStream';
    $stream->head;
    ($job) = $worker{grows}->jobs;
    $worker{grows}->result($job->{job_id}, {duration => 2});
    like($next->()->{error}{message}, qr/no transcription/, 'no text');
    is_deeply([refusal(grows => [stream => 'true', response_format => 'srt'])],
        [400, 'response_format'], 'no subtitles');
    return;
}


# By the bytes first, then by the name, then by the type
sub kinds {
    for my $case (
        ['mp3', 'x.wav', 'audio/wav', "ID3\x04\0\0"],
        ['webm', '', '', "\x1a\x45\xdf\xa3\x42\x82\x84webm"],
        ['flac', 'x.FLAC', 'application/octet-stream', 'fLaC'],
        ['flac', 'blob', 'audio/flac', 'fLaC'], ['m4a', 'a.b.m4a', '', 'abc'],
        ['opus', undef, 'audio/opus', "\0"])
    {
        my ($format, $filename, $type, $body) = @$case;
        my $conn = upload($srv, 'audio/transcriptions', [file => {
            filename => $filename, type => $type, body => $body},
            model => 'plain']);
        my ($job) = $worker{plain}->jobs
            or die 'no job: ' . $conn->read_response->body;
        is($job->{audio_input}, data_url($format, $body), $format);
        $worker{plain}->result($job->{job_id}, {text => 'x'});
        is($conn->read_response->status, 200, 'heard');
    }
    for my $case (['x.txt', 'text/plain', 'hello'], ['flac', '', 'x'],
        ['x.png', '', "\x89PNG\r\n\x1a\n"], ['x.wav', 'audio/wav', ''],
        ['x.wav', 'image/png', "GIF89a\x01\0"], [undef, undef, 'abc'])
    {
        my ($filename, $type, $body) = @$case;
        is_deeply([refusal(plain => [file => {filename => $filename,
            type => $type, body => $body}], 1)], [400, 'file'], 'no sound');
    }
    my $answer = upload($srv, 'audio/transcriptions', [model => 'picky',
        file => $file])->read_response;
    is($answer->status, 503, 'a rule of the input needs the media daemon');
    return;
}


sub neutral {
    for my $zero ('0', '0.0', '0.00') {
        my (undef, $answer) = hear(plain => [temperature => $zero,
            stream => 'false', chunking_strategy => 'auto', user => 'me'],
            {text => 'x'});
        is($answer->status, 200, "nothing asked for by $zero");
    }
    for my $case ([temperature => '0.5'], [temperature => 'x'],
        [temperature => ''], [temperature => '0x'], [temperature => '-0.5'],
        [language => 'de'], [prompt => 'x'], ['include[]' => 'logprobs'])
    {
        my ($name) = $case->[0] =~ /(\w+)/;
        is_deeply([refusal(plain => $case)], [400, $name],
            "refused: @$case");
    }
    return;
}


sub refused {
    is_deeply([refusal(plain => [], 1)], [400, 'file'], 'no file');
    is_deeply([refusal(plain => [file => $file])], [400, 'file'],
        'two of them');
    is_deeply([refusal(plain => [user => 'a', user => 'b'])], [400, 'user'],
        'a field twice');
    is_deeply([refusal(plain => [response_format => $_])],
        [400, 'response_format'], "no $_ here")
        for qw(srv vtt srt diarized_json), '';
    is_deeply([refusal(hear => [language => 'too long'])], [400, 'language'],
        'too long a text');
    is_deeply([refusal(hear => [temperature => $_])], [400, 'temperature'],
        "no such temperature: $_") for 2, 'warm', 'NaN';
    is_deeply([refusal(hear => [prompt => "\xff"])], [400, 'prompt'],
        'no UTF-8');
    is_deeply([refusal(plain => [stream => $_])], [400, 'stream'],
        "stream: $_") for qw(1 yes);
    is_deeply([refusal(nobody => [])], [404, 'model'], 'no such model');
    my $answer = upload($srv, 'audio/transcriptions', [model => 'plain',
        file => $file], Authorization => 'Bearer no')->read_response;
    is($answer->status, 401, 'no such key');
    return;
}


sub broken {
    for my $case (['json', {}], ['json', {result => 7}], ['text', {}],
        ['text', {result => []}], ['srt', {}], ['vtt', {segments => 'x'}],
        ['vtt', {segments => [7]}], ['vtt', {segments => [{}]}],
        ['srt', {segments => [{start => '0', end => 1, text => 'x'}]}],
        ['srt', {segments => [{start => 0, end => 1, text => 1}]}])
    {
        my ($format, $outputs) = @$case;
        my (undef, $answer) = hear(hear => [response_format => $format],
            $outputs);
        is($answer->status, 500, "no $format");
        is($answer->header('x-should-retry'), 'false', 'not again');
    }
    my (undef, $answer) = hear(hear => [], {error => 'no GPU'});
    is($answer->json->{error}{message}, 'no GPU', "the worker's own error");
    return;
}


# Larger than any buffer; and again over a connection that brought one before
sub large {
    my $long = wav(2_000_000);
    my $conn = $srv->conn;
    for my $chunked (0, 1) {
        my $body = form('xyz', model => 'plain', file => {filename => 'a.wav',
            body => $long});
        $body = join '', map { sprintf "%x\r\n%s\r\n", length, $_ }
            unpack('(a70000)*', $body), '' if $chunked;
        ask($srv, 'audio/transcriptions', $body, conn => $conn,
            'Content-Type' => 'multipart/form-data; boundary=xyz',
            $chunked ? ('Transfer-Encoding' => 'chunked') : ());
        my ($job) = $worker{plain}->jobs;
        ok($job->{audio_input} eq data_url(wav => $long), 'four megabytes');
        $worker{plain}->result($job->{job_id}, {text => 'long'});
        is($conn->read_response->json->{text}, 'long', 'and their text');
    }
    return;
}
