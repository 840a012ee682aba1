# Speech: the bytes of a sound, and what they are.  Guards against base64 that
# is sent as it is, against a type that is not the sound's, and against requests
# that are refused for fields that every client has to send.

use strict;
use warnings;

use lib 't/lib';
use AimeOpenai;
use MIME::Base64 qw(encode_base64);
use Mojo::JSON qw(decode_json encode_json);
use Test::More;
use AimeTest;

my $srv = start_openai(
    endpoints => {
        speak => {inputs => "text = {type = 'string', max_length = 100}\n"
            . "voice = {type = 'selection', supported = ['ann', 'bob']}\n"
            . "audio_format = {type = 'string'}\n"
            . 'speed = {type = "float", minimum = 0.25}',
            outputs => "audio_output = {type = 'audio'}\nerror = {}"},
        plain => {inputs => 'text = {}', outputs => 'audio_output = {}'},
    },
    models => "speak = {endpoint = 'speak', "
        . "inputs = {response_format = 'audio_format'}}\n"
        . "plain = {endpoint = 'plain'}");
my %worker = map { $_ => $srv->worker(job_type => $_)->login } qw(speak plain);
my $wav = wav(800);

fields();
wishes();
types();
events();
broken();
refused();
large();
done_testing();


sub speak {
    my ($model, $body, $audio) = @_;
    my $conn = ask($srv, 'audio/speech', {model => $model, input => 'hello',
        voice => 'ann', %$body});
    my ($job) = $worker{$model}->jobs
        or die 'no job: ' . $conn->read_response->body;
    $worker{$model}->result($job->{job_id}, {audio_output => $audio});
    return ($job, $conn->read_response);
}

sub refusal {
    my ($model, $body) = @_;
    my $answer = ask($srv, 'audio/speech', {model => $model, input => 'hello',
        voice => 'ann', %$body})->read_response;
    return ($answer->status, $answer->json->{error}{param});
}

sub url { return "data:audio/$_[0];base64," . encode_base64($_[1], '') }


sub fields {
    my ($job, $answer) = speak(speak => {voice => 'bob', speed => 1.5,
        response_format => 'wav', input => "h\x{e9}llo"}, url(wav => $wav));
    is_deeply({map { $_ => $job->{$_} } qw(text voice audio_format speed)},
        {text => "h\x{e9}llo", voice => 'bob', audio_format => 'wav',
        speed => 1.5}, 'inputs');
    is($answer->status, 200, 'answered');
    is($answer->header('Content-Type'), 'audio/wav', 'as sound');
    is($answer->header('Content-Length'), length $wav, 'of that length');
    ok($answer->body eq $wav, 'and those bytes');
    return;
}


# What every client sends, to a model that has no choice
sub wishes {
    my (undef, $answer) = speak(plain => {voice => 'x', speed => 1,
        response_format => 'mp3', stream_format => 'audio'},
        url(wav => $wav));
    is($answer->status, 200, 'wishes');
    is($answer->header('Content-Type'), 'audio/wav', 'and what became of them');
    return;
}


sub types {
    my %known = ('audio/mpeg' => "ID3\x04\0\0", 'audio/ogg' => "OggS\0\x02",
        'audio/wav' => $wav, 'audio/webm' =>
        "\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm",
        'audio/mp4' => "\0\0\0\x20ftypM4A ");
    for my $type (sort keys %known) {
        for my $said (url('x-other', $known{$type}),
            encode_base64($known{$type}, ''))
        {
            my (undef, $answer) = speak(plain => {}, $said);
            is($answer->header('Content-Type'), $type, 'by its bytes');
        }
    }
    my (undef, $answer) = speak(plain => {}, url(flac => 'fLaC'));
    is($answer->header('Content-Type'), 'audio/flac', 'as it says');
    for my $said (encode_base64('what', ''), 'data:video/x;base64,QUJD') {
        (undef, $answer) = speak(plain => {}, $said);
        is($answer->header('Content-Type'), 'application/octet-stream',
            'not known');
    }
    (undef, $answer) = speak(plain => {}, 'QQ==');
    is($answer->body, 'A', 'a single byte');
    return;
}


sub events {
    my (undef, $answer) = speak(speak => {stream_format => 'sse'},
        url(wav => $wav));
    is($answer->header('Content-Type'), 'text/event-stream', 'events');
    my @events = map { decode_json($_) } $answer->body =~ /^data: (.*)$/mg;
    is_deeply([map { $_->{type} } @events],
        ['speech.audio.delta', 'speech.audio.done'], 'their types');
    is($events[0]{audio}, encode_base64($wav, ''), 'the sound');
    is_deeply([$answer->body =~ /^event: (.*)$/mg],
        [map { $_->{type} } @events], 'and names');
    like($answer->body, qr/\n\n\z/, 'the last one ended');
    return;
}


sub broken {
    for my $audio ('', 'data:audio/wav;base64,', 'Q', 'QQ==x', [$wav], {}, 7,
        undef, "QQ\r\nX-Header: 1", url("wav\r\nX-Header: 1", $wav))
    {
        my (undef, $answer) = speak(speak => {}, $audio);
        is($answer->status, 500, 'no audio');
        is($answer->header('x-should-retry'), 'false', 'not again');
        is($answer->header('X-Header'), undef, 'and no header');
    }
    return;
}


sub refused {
    is_deeply([refusal(speak => {input => undef})], [400, 'input'], 'no text');
    is_deeply([refusal(speak => {input => 'x' x 101})], [400, 'input'],
        'too much');
    is_deeply([refusal(speak => {voice => 'eve'})], [400, 'voice'],
        'another voice');
    is_deeply([refusal(speak => {speed => 0.1})], [400, 'speed'], 'too slow');
    is_deeply([refusal(plain => {speed => 2})], [400, 'speed'],
        'a speed that cannot be told');
    is_deeply([refusal(plain => {instructions => 'sing'})],
        [400, 'instructions'], 'nor can that');
    is_deeply([refusal(plain => {stream_format => 'x'})],
        [400, 'stream_format'], 'another stream');
    return;
}


sub large {
    my $long = wav(2_000_000);
    my (undef, $answer) = speak(plain => {}, url(wav => $long));
    ok($answer->body eq $long, 'four megabytes');
    return;
}
