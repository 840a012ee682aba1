# Uploads and the media daemon: a sound that breaks a rule of its input is
# converted on its way, or refused by the name of its field.  Guards against an
# upload that is given back while the daemon still reads it.

use strict;
use warnings;

use lib 't/lib';
use AimeMedia qw(make_media media_info);
use AimeOpenai;
use MIME::Base64 qw(decode_base64);
use Test::More;
use AimeTest;

my $daemon = AimeMedia->start(workers => 2);
my $rules = 'sample_rate = {supported = [16000], auto_convert = true}, '
    . 'format = {supported = ["wav"], auto_convert = true}, '
    . 'duration = {maximum = 30}';
my $srv = start_openai(http => "aime_api_media unix:$daemon->{socket};",
    endpoints => { hear => {inputs =>
        "audio_input = {type = 'audio', $rules}\nprompt = {}",
        outputs => 'result = {}'} },
    models => 'hear = {endpoint = "hear"}');
my $worker = $srv->worker(job_type => 'hear')->login;
my $tone = make_media('upload.mp3', '-f lavfi -i sine=440:d=2');
my $wav = make_media('upload.wav', '-f lavfi -i sine=440:d=1 -ar 16000');

for my $round (1 .. 3) {
    my ($job, $answer) = hear($tone, prompt => "text $round");
    my ($type, $base64) = $job->{audio_input} =~ /^data:(.*?);base64,(.*)/s;
    is($type, 'audio/wav', 'an MP3 becomes a WAV');
    my $info = media_info(decode_base64($base64), 'audio');
    is($info->{sample_rate}, 16000, 'of that rate');
    is($job->{prompt}, "text $round", 'with the other fields');
    is($answer->json->{text}, 'a tone', 'answered');
}

my ($job) = hear($wav);
my ($base64) = $job->{audio_input} =~ /base64,(.*)/s;
ok(decode_base64($base64) eq $wav, 'what meets all rules stays as it is');

for my $case (['ID3 and then nothing', qr/audio/],
    [make_media('long.wav', '-f lavfi -i sine=440:d=31 -ar 16000'),
    qr/lasts 31 seconds/])
{
    my ($sound, $reason) = @$case;
    my $answer = upload_sound($sound)->read_response(30);
    is($answer->status, 400, 'refused');
    is($answer->json->{error}{param}, 'file', 'by the field');
    like($answer->json->{error}{message}, $reason, 'with the reason');
}

$daemon->stop;
done_testing();


sub upload_sound {
    my ($sound, @fields) = @_;
    return upload($srv, 'audio/transcriptions', [model => 'hear', @fields,
        file => {filename => 'sound.mp3', body => $sound}]);
}

sub hear {
    my $conn = upload_sound(@_);
    my ($job) = $worker->jobs or die 'no job: ' . $conn->read_response->body;
    $worker->result($job->{job_id}, {result => 'a tone'});
    return ($job, $conn->read_response);
}
