# Media on their way through nginx and the media daemon, a row for each case:
# what a client sends to which parameter, and what the worker receives, decoded
# and looked at, or which errors the client gets.  Guards against media that
# arrive changed though they comply, with rules that nginx and the daemon read
# differently, and against messages that do not say what was wrong.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MIME::Base64 qw(encode_base64 decode_base64);
use Mojo::JSON qw(decode_json);
use Test::More;

BEGIN {
    plan skip_all => 'no ffmpeg'
        if system('command -v ffmpeg ffprobe >/dev/null');
}

use AimeMedia qw(make_media media_info);
use AimeTest;

my $dir = tempdir(CLEANUP => 1);
my %pixels;
my $daemon = AimeMedia->start(workers => 2);

my $srv = start_nginx(procs => 2, min_procs => 2, zone => '128m',
    endpoints => {m => {inputs => <<'TOML'}},
i_any = { type = "image" }
i_jpeg = { type = "image", format = { supported = ["jpeg"], auto_convert = true } }
i_png = { type = "image", format = { supported = ["png"], auto_convert = true } }
i_webp = { type = "image", format = { supported = ["webp"], auto_convert = true } }
i_bmp = { type = "image", format = { supported = ["bmp"], auto_convert = true } }
i_tiff = { type = "image", format = { supported = ["tiff"], auto_convert = true } }
i_gif = { type = "image", format = { supported = ["gif"], auto_convert = true } }
i_format = { type = "image", format = { supported = ["png", "jpg"] } }
i_default = { type = "image", format = { supported = ["png", "bmp"], default = "bmp", auto_convert = true } }
i_gray = { type = "image", color_space = { supported = ["gray"], auto_convert = true } }
i_color = { type = "image", color_space = { supported = ["gray", "yuv"] } }
i_free = { type = "image", size = { minimum = [32, 32], maximum = [96, 64], align = [16, 8], auto_convert = true } }
i_size = { type = "image", size = { minimum = [32, 32], maximum = [96, 64], align = [16, 8] } }
i_keep = { type = "image", size = { maximum = [64, 64], keep_aspect_ratio = true, auto_convert = true } }
i_crop = { type = "image", size = { maximum = [40, 40], auto_convert = true }, resize_method = "crop" }
i_scale = { type = "image", size = { maximum = [40, 40], auto_convert = true }, resize_method = "scale" }
i_fixed = { type = "image", size = { supported = [[64, 64], [32, 32]], default = [32, 32], auto_convert = true } }
i_listed = { type = "image", size = { supported = [[64, 64], [32, 32]] } }
i_all = { type = "image", auto_convert = true, format = { supported = ["jpeg"] }, size = { maximum = [48, 48] } }
i_some = { type = "image", auto_convert = true, format = { supported = ["jpeg"] }, size = { maximum = [48, 48], auto_convert = false } }
i_none = { type = "image", format = { supported = ["jpeg"] }, color_space = { supported = ["yuv"] }, size = { maximum = [48, 48] } }
a_any = { type = "audio" }
a_wav = { type = "audio", format = { supported = ["wav"], auto_convert = true } }
a_mp3 = { type = "audio", format = { supported = ["mp3"], auto_convert = true } }
a_ogg = { type = "audio", format = { supported = ["ogg"], auto_convert = true } }
a_webm = { type = "audio", format = { supported = ["webm"], auto_convert = true } }
a_format = { type = "audio", format = { supported = ["wav", "mp3"] } }
a_rate = { type = "audio", sample_rate = { supported = [16000, 48000], auto_convert = true } }
a_range = { type = "audio", sample_rate = { minimum = 8000, maximum = 22050, auto_convert = true } }
a_mono = { type = "audio", channels = { maximum = 1, auto_convert = true } }
a_depth = { type = "audio", sample_bit_depth = { supported = [16], auto_convert = true } }
a_bits = { type = "audio", audio_bit_rate = { maximum = 64000, auto_convert = true } }
a_cut = { type = "audio", duration = { maximum = 0.5, auto_convert = true } }
a_long = { type = "audio", duration = { minimum = 2 } }
a_none = { type = "audio", format = { supported = ["ogg"] }, sample_rate = { minimum = 48000 }, sample_bit_depth = { supported = [24, 32] }, audio_bit_rate = { maximum = 128000 }, channels = { supported = [1] }, duration = { maximum = 0.5 } }
v_any = { type = "video" }
v_mp4 = { type = "video", format = { supported = ["mp4"], auto_convert = true } }
v_webm = { type = "video", format = { supported = ["webm"], auto_convert = true } }
v_size = { type = "video", size = { maximum = [64, 64], keep_aspect_ratio = true, auto_convert = true } }
v_odd = { type = "video", format = { supported = ["webm"], auto_convert = true }, size = { supported = [[33, 31]], auto_convert = true } }
v_odd_mp4 = { type = "video", size = { supported = [[33, 31]], auto_convert = true } }
v_least = { type = "video", size = { minimum = [97, 65], maximum = [200, 200], auto_convert = true } }
v_cut = { type = "video", duration = { maximum = 1, auto_convert = true }, channels = { supported = [1], auto_convert = true } }
v_none = { type = "video", format = { supported = ["mp4"] }, size = { maximum = [64, 64] }, color_space = { supported = ["rgb"] }, duration = { maximum = 1 }, sample_rate = { supported = [16000] } }
n = { type = "integer", maximum = 10 }

[INPUTS.chat]
type = "chat_context"
support = ["image", "audio", "video"]
image = { size = { maximum = [64, 64], keep_aspect_ratio = true, auto_convert = true } }
audio = { format = { supported = ["wav"], auto_convert = true }, channels = { supported = [1] } }
TOML
    server_toml => server_toml(other => <<'TOML'),
[INPUTS]
audio.format = { allowed = ["wav", "mp3", "ogg", "webm"] }
video.format = { allowed = ["webm", "mp4"] }
TOML
    server => <<"CONF");
client_max_body_size 100m;
aime_api_media unix:$daemon->{socket};
aime_api_media_max_size 48m;
CONF
my $worker = $srv->worker(job_type => 'm')->login;

my $picture = '-f lavfi -i testsrc2=s=%s -frames:v 1 %s';
my $tone = '-f lavfi -i "sine=f=440:r=%s:d=%s" %s';
my $film = '-f lavfi -i testsrc2=s=96x64:r=10:d=2 -f lavfi -i '
    . '"sine=f=440:r=48000:d=2" %s';
my %media = (
    png   => ['png', $picture, '100x50', ''],
    small => ['png', $picture, '32x32', ''],
    tiny  => ['png', $picture, '20x20', ''],
    large => ['png', $picture, '300x200', ''],
    jpeg  => ['jpg', $picture, '100x50', '-q:v 2'],
    webp  => ['webp', $picture, '100x50', '-lossless 1'],
    bmp   => ['bmp', $picture, '100x50', ''],
    tiff  => ['tiff', $picture, '100x50', '-pix_fmt rgb24'],
    gif   => ['gif', $picture, '100x50', ''],
    moves => ['gif', '-f lavfi -i testsrc2=s=%s:r=5:d=2 %s', '100x50', ''],
    wav   => ['wav', $tone, 44100, 1, '-ac 2'],
    wav16 => ['wav', $tone, 16000, 1, ''],
    wav24 => ['wav', $tone, 44100, 1, '-c:a pcm_s24le'],
    mp3   => ['mp3', $tone, 44100, 1, '-b:a 192k -ac 2'],
    ogg   => ['ogg', $tone, 44100, 1, '-c:a libvorbis'],
    opus  => ['webm', $tone, 48000, 1, '-c:a libopus'],
    m4a   => ['mp4', $tone, 44100, 1, '-c:a aac'],
    webm  => ['webm', $film, '-c:v libvpx -b:v 1M -c:a libvorbis -ac 2'],
    mp4   => ['mp4', $film, '-c:v libx264 -pix_fmt yuv420p -c:a aac -ac 2 '
        . '-movflags +faststart'],
);
my %type = (jpg => 'image/jpeg', wav => 'audio/wav', mp3 => 'audio/mp3',
    ogg => 'audio/ogg', webm => 'video/webm', mp4 => 'video/mp4');

# [parameter, medium, 'same' or what the worker gets or "!error|..."]; what it
# gets: type, width, height, pix_fmt of ffmpeg; near: how far its colours may be
# from the source's (of: the filter that makes the source comparable); rate,
# channels, depth, seconds
my @rows = (

    # what complies is as it was sent
    map({ [i_any => $_, 'same'] } qw(png jpeg webp bmp tiff gif moves)),
    map({ [a_any => $_, 'same'] } qw(wav mp3 ogg opus)),
    map({ [v_any => $_, 'same'] } qw(webm mp4)),
    [i_jpeg => 'jpeg', 'same'],
    [i_png => 'png', 'same'],
    [i_format => 'jpeg', 'same'],
    [i_default => 'png', 'same'],
    [i_color => 'jpeg', 'same'],
    [i_free => 'small', 'same'],
    [i_size => 'small', 'same'],
    [i_keep => 'small', 'same'],
    [i_crop => 'small', 'same'],
    [i_fixed => 'small', 'same'],
    [a_rate => 'wav16', 'same'],
    [a_mono => 'wav16', 'same'],
    [a_depth => 'wav', 'same'],
    [a_mp3 => 'mp3', 'same'],
    [v_webm => 'webm', 'same'],
    [v_mp4 => 'mp4', 'same'],

    # formats of images
    [i_jpeg => 'png', {type => 'image/jpeg', width => 100, height => 50,
        near => 6}],
    [i_png => 'jpeg', {type => 'image/png', width => 100, height => 50,
        near => 6}],
    [i_webp => 'bmp', {type => 'image/webp', width => 100, height => 50,
        near => 6}],
    [i_bmp => 'webp', {type => 'image/bmp', width => 100, height => 50,
        near => 2}],
    [i_tiff => 'gif', {type => 'image/tiff', width => 100, height => 50,
        near => 2}],
    [i_gif => 'tiff', {type => 'image/gif', width => 100, height => 50,
        near => 25}],
    [i_png => 'moves', {type => 'image/png', width => 100, height => 50,
        near => 1}],
    [i_default => 'jpeg', {type => 'image/bmp', width => 100, height => 50,
        near => 6}],
    [i_format => 'webp', '!has the format webp, supported: png, jpeg'],
    [i_format => 'moves', '!has the format gif, supported: png, jpeg'],

    # colours
    [i_gray => 'png', {type => 'image/png', width => 100, height => 50,
        pix_fmt => 'gray', near => 6, of => 'format=gray'}],
    [i_color => 'png', '!has the color space rgb, supported: gray, yuv'],

    # sizes
    [i_free => 'png', {type => 'image/png', width => 96, height => 48,
        near => 6}],
    [i_free => 'tiny', {type => 'image/png', width => 32, height => 32,
        near => 8}],
    [i_free => 'large', {type => 'image/png', width => 96, height => 64,
        near => 6}],
    [i_free => 'jpeg', {type => 'image/jpeg', width => 96, height => 48,
        near => 6}],
    [i_size => 'tiny', '!has a size of 20x20, below the minimum of 32x32'
        . '|has a size of 20x20, not a multiple of 16x8'],
    [i_size => 'large', '!has a size of 300x200, above the maximum of 96x64'
        . '|has a size of 300x200, not a multiple of 16x8'],
    [i_keep => 'png', {type => 'image/png', width => 64, height => 32,
        near => 6}],
    [i_keep => 'large', {type => 'image/png', width => 64, height => 43,
        near => 6}],
    [i_crop => 'large', {type => 'image/png', width => 40, height => 40,
        near => 8, of => 'crop=200:200'}],
    [i_scale => 'large', {type => 'image/png', width => 40, height => 40,
        near => 6}],
    [i_fixed => 'png', {type => 'image/png', width => 32, height => 32,
        near => 8}],
    [i_listed => 'png', '!has a size of 100x50, supported: 64x64, 32x32'],
    [i_all => 'png', {type => 'image/jpeg', width => 48, height => 48,
        near => 8}],
    [i_some => 'png', '!has a size of 100x50, above the maximum of 48x48'],
    [i_some => 'small', {type => 'image/jpeg', width => 32, height => 32,
        near => 8}],
    [i_none => 'png', '!has a size of 100x50, above the maximum of 48x48'
        . '|has the color space rgb, supported: yuv'
        . '|has the format png, supported: jpeg'],

    # audio
    [a_wav => 'mp3', {type => 'audio/wav', rate => 44100, channels => 2,
        depth => 16, seconds => 1}],
    [a_wav => 'opus', {type => 'audio/wav', rate => 48000, channels => 1,
        seconds => 1}],
    [a_mp3 => 'wav', {type => 'audio/mp3', rate => 44100, channels => 2,
        seconds => 1}],
    [a_ogg => 'mp3', {type => 'audio/ogg', rate => 44100, channels => 2,
        seconds => 1}],
    [a_webm => 'ogg', {type => 'audio/webm', rate => 48000, channels => 1,
        seconds => 1}],
    [a_format => 'ogg', '!has the format ogg, supported: wav, mp3'],
    [a_rate => 'wav', {type => 'audio/wav', rate => 16000, channels => 2,
        depth => 16, seconds => 1}],
    [a_range => 'wav24', {type => 'audio/wav', rate => 22050, channels => 1,
        depth => 24, seconds => 1}],
    [a_mono => 'wav', {type => 'audio/wav', rate => 44100, channels => 1,
        depth => 16, seconds => 1}],
    [a_mono => 'mp3', {type => 'audio/mp3', rate => 44100, channels => 1,
        seconds => 1}],
    [a_depth => 'wav24', {type => 'audio/wav', rate => 44100, channels => 1,
        depth => 16, seconds => 1}],
    [a_bits => 'mp3', {type => 'audio/mp3', rate => 44100, channels => 2,
        bits => 64000, seconds => 1}],
    [a_cut => 'wav', {type => 'audio/wav', rate => 44100, channels => 2,
        depth => 16, seconds => 0.5}],
    [a_long => 'wav', '!lasts 1 seconds, less than the minimum of 2'],
    [a_none => 'wav', '!has the format wav, supported: ogg'
        . '|has a sample rate of 44100, below the minimum of 48000'
        . '|has a sample bit depth of 16, supported: 24, 32'
        . '|has an audio bit rate of 1411200, above the maximum of 128000'
        . '|has 2 channels, supported: 1'
        . '|lasts 1 seconds, more than the maximum of 0.5'],
    [a_wav => 'm4a', '!has the format mp4, this server allows: wav, mp3, ogg, '
        . 'webm'],

    # video
    [v_mp4 => 'webm', {type => 'video/mp4', width => 96, height => 64,
        near => 8, channels => 2, rate => 48000, seconds => 2}],
    [v_webm => 'mp4', {type => 'video/webm', width => 96, height => 64,
        near => 8, channels => 2, rate => 48000, seconds => 2}],
    [v_size => 'webm', {type => 'video/webm', width => 64, height => 43,
        near => 8, seconds => 2}],
    [v_size => 'mp4', {type => 'video/mp4', width => 64, height => 42,
        near => 8, seconds => 2}],
    [v_odd => 'webm', {type => 'video/webm', width => 33, height => 31,
        near => 16, seconds => 2}],
    [v_odd => 'mp4', {type => 'video/webm', width => 33, height => 31,
        near => 16, seconds => 2}],
    [v_odd_mp4 => 'mp4', '!with a size of 33x31 cannot be stored as mp4'],
    [v_least => 'mp4', {type => 'video/mp4', width => 98, height => 66,
        near => 8, seconds => 2}],
    [v_cut => 'webm', {type => 'video/webm', width => 96, height => 64,
        near => 8, channels => 1, seconds => 1}],
    [v_none => 'webm', '!has the format webm, supported: mp4'
        . '|has the color space yuv, supported: rgb'
        . '|has a size of 96x64, above the maximum of 64x64'
        . '|has a sample rate of 48000, supported: 16000'
        . '|lasts 2 seconds, more than the maximum of 1'],
    [v_any => 'ogg', '!has the format ogg, this server allows: webm, mp4'],
    [i_jpeg => 'wav', '!has the format wav, which is no image'],
);

cmp_ok(scalar @rows, '>=', 40, 'rows enough');
row(@$_) for @rows;
declared();
together();
chat();
damaged();
large();
$daemon->stop;
done_testing();


sub medium {
    my ($name) = @_;
    my ($end, $format, @args) = @{$media{$name}};
    return make_media("$name.$end", sprintf $format, @args);
}


# Its data URL; the kind is the parameter's
sub url {
    my ($name, $kind) = @_;
    my $type = $type{$media{$name}[0]} // "image/$media{$name}[0]";
    $type =~ s{^\w+}{$kind} if $kind;
    return "data:$type;base64," . encode_base64(medium($name), '');
}


# By hand, since encoders escape slashes
sub submit {
    my ($members) = @_;
    return $srv->post('/m',
        qq({"key":"$CLIENT_KEY","wait_for_result":false,$members}));
}


# The worker's job after a submission that should work
sub job {
    my ($answer, $what) = @_;
    is($answer->status, 200, "$what: submitted")
        or diag($answer->body), return;
    my ($job) = $worker->jobs;
    is($job->{job_id}, $answer->json->{job_id}, "$what: the job");
    $worker->result($job->{job_id}, {text => 'x'});
    return $job;
}


sub refused {
    my ($answer, $errors, $what) = @_;
    is($answer->status, 400, "$what: refused") or return;
    # a film's sound lasts a little longer than its pictures do
    my @got = map { s/lasts 2\.0\d+ /lasts 2 /r } @{$answer->json->{error}};
    return is_deeply([sort @got], [sort @$errors], "$what: why");
}


sub row {
    my ($param, $name, $expected) = @_;
    my $what = "$param of $name";
    my $url = url($name, {i => 'image', a => 'audio', v => 'video'}
        ->{substr $param, 0, 1});
    my $answer = submit(qq("$param":"$url"));
    if ($expected =~ s/^!//) {
        return refused($answer,
            [map { "Parameter $param: $_" } split /\|/, $expected], $what);
    }
    my $job = job($answer, $what) or return;
    if ($expected eq 'same') {
        return ok($job->{$param} eq $url, "$what: byte for byte");
    }
    return looks($what, $job->{$param}, medium($name), $expected);
}


# Is the medium of a data URL what is expected, made from that source?
sub looks {
    my ($what, $url, $source, $expected) = @_;
    my ($type, $body) = $url =~ m{^data:([\w/]+);base64,([\w+/]+=*)$}
        or return fail("$what: a data URL");
    my $bytes = decode_base64($body);
    is($type, $expected->{type}, "$what: its type");
    if ($expected->{near}) {
        my $video = media_info($bytes);
        is($video->{$_}, $expected->{$_}, "$what: its $_")
            for grep { $expected->{$_} } qw(width height pix_fmt);
        cmp_ok(distance($source, $bytes, $expected->{of}), '<',
            $expected->{near}, "$what: the same picture");
    }
    return if !$expected->{seconds};
    my $audio = media_info($bytes, 'audio');
    my %got = (rate => $audio->{sample_rate}, channels => $audio->{channels},
        depth => $audio->{bits_per_sample} || $audio->{bits_per_raw_sample});
    is($got{$_}, $expected->{$_}, "$what: its $_")
        for grep { $expected->{$_} } sort keys %got;
    cmp_ok($audio->{bit_rate}, '<=', $expected->{bits}, "$what: its bit rate")
        if $expected->{bits};
    cmp_ok(abs($audio->{seconds} - $expected->{seconds}), '<', 0.12,
        "$what: its duration");
    cmp_ok(abs(pitch($bytes) - 440), '<', 10, "$what: the same tone");
    return;
}


# How far two pictures are apart, on the average of all components of both at
# the same small size
sub distance {
    my ($one, $other, $of) = @_;
    my @one = unpack 'C*', pixels($one, $of ? "$of," : '');
    my @other = unpack 'C*', pixels($other, '');
    return 999 if @one != 16 * 16 * 3 || @one != @other;
    my $sum = 0;
    $sum += abs($one[$_] - $other[$_]) for 0 .. $#one;
    return $sum / @one;
}


sub pixels {
    my ($bytes, $filter) = @_;
    return $pixels{$filter}{$bytes} //= do {
        my $path = spew("$dir/picture", $bytes);
        scalar `ffmpeg -nostdin -v error -i $path -frames:v 1 -vf format=rgb24,${filter}scale=16:16:flags=area,format=rgb24 -f rawvideo -`;
    };
}


# Periods a second, from the zero crossings in the middle of the sound
sub pitch {
    my ($bytes) = @_;
    my $path = spew("$dir/sound", $bytes);
    my @samples = unpack 's<*', `ffmpeg -nostdin -v error -i $path -ac 1 -ar 16000 -f s16le -`;
    return 0 if @samples < 6400;
    my @middle = @samples[1600 .. 6399];
    my $crossings = grep { ($middle[$_ - 1] < 0) != ($middle[$_] < 0) }
        1 .. $#middle;
    return $crossings / 2 / 0.3;
}


# The bytes say what a medium is, and what complies stays with its wrong name
sub declared {
    my $body = encode_base64(medium('png'), '');
    my $url = "data:image/jpeg;base64,$body";
    my $job = job(submit(qq("i_png":"$url")), 'a PNG called JPEG');
    ok($job->{i_png} eq $url, 'a PNG called JPEG is a PNG');
    $job = job(submit(qq("i_jpeg":"$url")), 'and no JPEG');
    looks('and becomes one', $job->{i_jpeg}, medium('png'),
        {type => 'image/jpeg', width => 100, height => 50, near => 6});
    $url = "data:image/png;charset=x;base64,$body";
    $job = job(submit(qq("i_png":"$url")), 'more in the URL');
    ok($job->{i_png} eq $url, 'which is left as it is');
    refused(submit(qq("i_jpeg":"data:audio/wav;base64,$body")),
        ['Parameter i_jpeg: "data:audio/wav;base64,iVBORw0K..." is not of the '
            . 'form data:image/<format>;base64,<body>'], 'called audio');
    return;
}


# Several media and other inputs, their errors in one answer
sub together {
    my $answer = submit(join ',', map { qq("$_->[0]":) . ($_->[1] =~ /^\d+$/
        ? $_->[1] : '"' . url($_->[1]) . '"') } [i_jpeg => 'png'], [n => 7],
        [a_mono => 'wav'], [i_any => 'gif']);
    my $job = job($answer, 'together');
    looks('the image', $job->{i_jpeg}, medium('png'), {type => 'image/jpeg',
        width => 100, height => 50, near => 6});
    looks('the audio', $job->{a_mono}, medium('wav'), {type => 'audio/wav',
        channels => 1, rate => 44100, seconds => 1});
    ok($job->{i_any} eq url('gif'), 'the untouched');
    is($job->{n}, 7, 'the number');
    my ($png, $wav) = (url('png'), url('wav'));
    refused(submit(qq("n":11,"zz":1,"i_format":"$png","i_listed":"$png",)
        . qq("a_long":"$wav","a_mp3":"x")), ['Unknown parameter: zz',
        'Parameter n: 11 is above the maximum of 10',
        'Parameter i_listed: has a size of 100x50, supported: 64x64, 32x32',
        'Parameter a_mp3: "x" is not of the form '
            . 'data:audio/<format>;base64,<body>',
        'Parameter a_long: lasts 1 seconds, less than the minimum of 2'],
        'all of them');
    return;
}


sub chat {
    my %url = map { $_ => url($_) } qw(large small mp3 mp4);
    $url{mp3mono} = 'data:audio/mp3;base64,' . encode_base64(make_media(
        'mono.mp3', sprintf $tone, 44100, 1, ''), '');
    my $chat = qq([{"role":"system","content":"a"},{"role":"user","content":[)
        . qq({"text":"b"},{"image":"$url{large}"},{"audio":"$url{mp3mono}"},)
        . qq({"video":"$url{mp4}"},{"type":"t","image":"$url{small}"}]}]);
    for my $form ($chat, Mojo::JSON::to_json($chat)) {
        my $what = $form eq $chat ? 'a chat' : 'a chat in a string';
        my $job = job(submit(qq("chat":$form)), $what);
        my $parts = $job->{chat}[1]{content};
        looks("$what, its image", $parts->[1]{image}, medium('large'),
            {type => 'image/png', width => 64, height => 43, near => 6});
        looks("$what, its audio", $parts->[2]{audio}, medium('wav'),
            {type => 'audio/wav', rate => 44100, channels => 1, seconds => 1});
        is_deeply([$job->{chat}[0], @$parts[0, 3, 4]],
            [{role => 'system', content => 'a'}, {text => 'b'},
            {video => $url{mp4}}, {type => 't', image => $url{small}}],
            "$what, the rest of it");
    }
    refused(submit(qq("chat":[{"role":"user","content":[{"audio":"$url{mp3}"},)
        . qq({"image":"data:image/png;base64,aGVsbG8="}]}])), [
        'Parameter chat, message 1, part 1: has 2 channels, supported: 1',
        'Parameter chat, message 1, part 2: is no image of a known format'],
        'a chat');
    return;
}


# The first half of a file, a file with a hole, and bytes of no meaning
sub damaged {
    for my $name (qw(png jpeg webp bmp tiff gif)) {
        my $bytes = medium($name);
        my $half = encode_base64(substr($bytes, 0, length($bytes) / 2), '');
        my $answer = submit(qq("i_keep":"data:image/png;base64,$half"));
        my $why = $name eq 'tiff' ? 'its header tells no size'
            : 'its end is missing';
        refused($answer, ["Parameter i_keep: is damaged: $why"],
            "half a $name");
    }
    my $hole = medium('png');
    substr($hole, length($hole) / 2, 40) = "\0" x 40;
    my $answer = submit('"i_keep":"data:image/png;base64,'
        . encode_base64($hole, '') . '"');
    refused($answer, ['Parameter i_keep: is damaged and cannot be decoded'],
        'a hole');
    $answer = submit('"a_mono":"data:audio/wav;base64,'
        . encode_base64(substr(medium('wav'), 0, 30), '') . '"');
    is($answer->status, 400, 'the head of a WAV alone');
    like($answer->json->{error}[0],
        qr/^Parameter a_mono: is damaged/, 'is damaged');
    is(job(submit('"i_keep":"' . url('png') . '"'), 'and then')->{chat}, undef,
        'the daemon goes on');
    return;
}


# 64 MB that are no base64, no medium, too many bytes, or a damaged one
sub large {
    my $n = 64 << 20;
    my $head = substr encode_base64(medium('png'), ''), 0, 400;
    my $is = 'Parameter i_keep: is';
    my $form = '"data:image/png;base64,AAAAAAAA..."';
    my @cases = (
        ['A' x ($n - 1) . '!', "Parameter i_keep: $form is no valid base64 (at "
            . 'byte ' . ($n - 1) . ' of the body)'],
        ["A" x ($n / 2) . '\\n' . 'A' x ($n / 2), "Parameter i_keep: $form is "
            . 'no valid base64 (at byte ' . $n / 2 . ' of the body)'],
        ['A' x $n, "$is no image of a known format"],
        [$head . 'A' x ($n - 400), "$is damaged: its end is missing"],
        [$head . 'A' x ($n - 396),
            'Parameter i_keep: has ' . ($n + 4) / 4 * 3 . ' bytes, more than '
            . 'the maximum of ' . ($n / 4 * 3)],
    );
    for my $case (@cases) {
        my ($body, $error) = @$case;
        refused(submit(qq("i_keep":"data:image/png;base64,$body")), [$error],
            substr $error, 0, 60);
    }
    my %peak = (map({ $_ => 'nginx' } $srv->procs),
        map { $_ => 'the daemon' } $daemon->workers);
    for my $pid (on_asan() ? () : sort keys %peak) {
        cmp_ok(AimeMedia::status_of($pid, 'VmHWM'), '<', 160 << 10,
            "$peak{$pid} had it twice in memory at most");
    }
    return;
}
