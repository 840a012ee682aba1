# Video in the media daemon: formats into one another, sizes, turned pictures,
# the sound that goes with them, what is cut and what is refused.  Guards
# against films that come out too short, too fast, upside down or without their
# sound: every answer is decoded, picture by picture, and heard.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Test::More;
use AimeMedia qw(make_media media_info media_pixels spew);

my $daemon = AimeMedia->start(workers => 1);
my $yes    = JSON::PP::true;
my @formats = qw(webm mp4 ogg);
my %codecs = (webm => ['vp8', 'opus'], mp4 => ['h264', 'aac'],
              ogg => ['theora', 'vorbis']);
my %made_by = (webm => '-c:v libvpx -c:a libopus',
    mp4 => '-c:v libx264 -pix_fmt yuv420p -c:a aac',
    ogg => '-c:v libtheora -q:v 8 -c:a libvorbis');
my $picture = 'drawbox=c=white:t=fill:enable=\'lt(t,0.49)\','
    . 'noise=alls=20:allf=t';
my $path = "/tmp/aime-mediad-video-$$.bin";

untouched();
formats();
other_codecs();
sizes();
even_sizes();
crop();
turned();
colors();
sound();
durations();
several();
limits();
streams();
endpoint();
unlink $path;
$daemon->stop;
done_testing();


# A second of 20 pictures, white for half of it, then black, with some noise,
# for two that are the same may become one; its sound is silence, then a tone
sub film {
    my ($format, $size) = @_;
    $size //= '64x48';
    return make_media("film-$size.$format", "-f lavfi -i "
        . "\"color=black:s=$size:r=20:d=1,$picture\" -f lavfi -i "
        . "\"sine=440:d=0.5,adelay=500,volume=4\" $made_by{$format}");
}


sub convert { return $daemon->convert(video => @_) }


sub size_of {
    my ($data) = @_;
    my $info = media_info($data // '');
    return join 'x', map { $info->{$_} // '' } qw(width height);
}


# A letter for each picture: white, black, or something else
sub pictures {
    my ($data) = @_;
    spew($path, $data // '');
    my $gray = `ffmpeg -nostdin -v error -i $path -vf scale=1:1 \\
        -f rawvideo -pix_fmt gray -`;
    return join '', map { $_ > 220 ? 'w' : $_ < 35 ? 'b' : '?' }
        unpack 'C*', $gray;
}


# Seconds until the first loud sample, and of all
sub heard {
    my ($data) = @_;
    spew($path, $data // '');
    my @samples = unpack 's<*', scalar
        `ffmpeg -nostdin -v error -i $path -vn -ac 1 -ar 8000 -f s16le -`;
    my ($first) = grep { abs $samples[$_] > 6000 } 0 .. $#samples;
    return (($first // -8000) / 8000, @samples / 8000);
}


sub untouched {
    for my $format (@formats) {
        is(convert({}, film($format))->{status}, 'UNCHANGED',
            "$format, no rules");
        is(convert({format => {supported => [uc $format]},
            size => {min => [64, 48], max => [64, 48], align => 16},
            color_space => {supported => ['yuv']}, channels => {max => 1},
            sample_rate => {min => 44100, max => 48000},
            duration => {min => 0.9, max => 1.1}}, film($format))->{status},
            'UNCHANGED', "$format that complies");
    }
    return;
}


sub formats {
    for my $from (@formats) {
        for my $to (grep { $_ ne $from } @formats) {
            my $rules = {format => {supported => [$to],
                auto_convert => $yes}};
            my $answer = convert($rules, film($from));
            is($answer->{status}, 'CONVERTED', "$from to $to")
                or diag($answer->{text}), next;
            is($answer->{type}, "video/$to", 'its type');
            my $data = $answer->{data};
            is(media_info($data)->{codec_name}, $codecs{$to}[0], 'its codec');
            is(media_info($data, 'audio')->{codec_name}, $codecs{$to}[1],
                'that of its sound');
            is(size_of($data), '64x48', 'its size');
            is(pictures($data), 'w' x 10 . 'b' x 10, 'its pictures');
            my ($first, $all) = heard($data);
            cmp_ok(abs($first - 0.5), '<', 0.06, 'the sound is where it was');
            cmp_ok(abs($all - 1), '<', 0.08, 'all of it');
            is(convert($rules, $data)->{status}, 'UNCHANGED',
                'which the same rules take');
        }
    }
    is(convert({format => {supported => ['webm']}}, film('mp4'))->{text},
        'has the format mp4, supported: webm', 'not without auto_convert');
    return;
}


# What comes within the same containers
sub other_codecs {
    my %coded = (
        'vp9.webm' => '-c:v libvpx-vp9 -deadline realtime -c:a libvorbis',
        'hevc.mp4' => '-c:v libx265 -x265-params log-level=0 -c:a aac',
        'av1.webm' => '-c:v libaom-av1 -cpu-used 8 -usage realtime '
            . '-c:a libopus',
        'asp.mp4'  => '-c:v mpeg4 -q:v 2 -c:a libmp3lame');
    for my $name (sort keys %coded) {
        my $film = make_media($name, '-f lavfi -i "color=black:s=64x64:r=20:'
            . "d=1,$picture\" -f lavfi -i sine=440:d=1 $coded{$name}");
        is(convert({}, $film)->{status}, 'UNCHANGED', $name);
        my $to = $name =~ /webm/ ? 'mp4' : 'webm';
        my $answer = convert({format => {supported => [$to],
            auto_convert => $yes}}, $film);
        is($answer->{type}, "video/$to", "to $to") or diag($answer->{text});
        is(pictures($answer->{data}), 'w' x 10 . 'b' x 10, 'its pictures');
    }
    return;
}


sub sizes {
    my @cases = (
        # size, rule, result
        ['64x48', {max => [32, 32]}, '32x32'],
        ['64x48', {max => 32, keep_aspect_ratio => $yes}, '32x24'],
        ['64x48', {min => 128, align => 32}, '128x128'],
        ['64x48', {supported => [[32, 32], [80, 60]], default => [80, 60]},
            '80x60'],
    );
    for my $case (@cases) {
        my ($size, $rule, $expected) = @$case;
        my $rules = {size => {%$rule, auto_convert => $yes}};
        for my $format (@formats) {
            my $answer = convert($rules, film($format, $size));
            is(size_of($answer->{data}), $expected, "$format: $expected")
                or diag($answer->{text});
            is($answer->{type}, "video/$format", 'the format stays');
            is(convert($rules, $answer->{data})->{status}, 'UNCHANGED',
                'once is enough');
        }
    }
    is(convert({size => {min => [10, 60], max => [32, 99]}}, film('mp4'))
        ->{text}, "has a size of 64x48, below the minimum of 10x60\n"
        . 'has a size of 64x48, above the maximum of 32x99', 'the texts');
    is(convert({size => {supported => [[32, 32]]}}, film('mp4'))->{text},
        'has a size of 64x48, supported: 32x32', 'of a list');
    return;
}


# H.264 of half the chroma has no odd sizes, VP8 and Theora do
sub even_sizes {
    my $answer = convert({size => {max => [63, 47], auto_convert => $yes}},
        film('mp4'));
    is(size_of($answer->{data}), '62x46', 'one less');
    $answer = convert({size => {max => [63, 47], auto_convert => $yes}},
        film('webm'));
    is(size_of($answer->{data}), '63x47', 'not in a WebM');
    my $rules = {size => {min => [65, 49], max => [67, 50],
        auto_convert => $yes}};
    $answer = convert($rules, film('mp4'));
    is(size_of($answer->{data}), '66x50', 'one more, where one less breaks '
        . 'the rule');
    is(convert($rules, $answer->{data})->{status}, 'UNCHANGED',
        'which it meets now');
    is(convert({size => {supported => [[63, 63]], auto_convert => $yes}},
        film('mp4'))->{text}, 'with a size of 63x63 cannot be stored as mp4',
        'or not at all');
    return;
}


# Three stripes, of which only the middle one may be left
sub crop {
    my $stripes = make_media('stripes.mp4', '-f lavfi -i "color=red:s=48x64:'
        . 'd=0.2,pad=144:64:0:0:lime,drawbox=96:0:48:64:blue:fill" -crf 1 '
        . '-pix_fmt yuv420p');
    my $rules = {size => {max => [48, 64], auto_convert => $yes},
        resize_method => 'crop'};
    my $answer = convert($rules, $stripes);
    is(size_of($answer->{data}), '48x64', 'cropped');
    my @rgb = unpack 'C*', media_pixels($answer->{data}, 'rgb24');
    my @wrong = grep { $rgb[$_ * 3] > 80 || $rgb[$_ * 3 + 1] < 180
        || $rgb[$_ * 3 + 2] > 80 } 0 .. 48 * 64 - 1;
    is(scalar @wrong, 0, 'only the centre is left');
    $rules->{resize_method} = 'scale';
    @rgb = unpack 'C*', media_pixels(convert($rules, $stripes)->{data},
        'rgb24');
    ok($rgb[0] > 180 && $rgb[47 * 3 + 2] > 180, 'scaled, all of it is there');
    return;
}


# As telephones record: stored lying, with a matrix that turns it, here against
# the clock
sub turned {
    my $plain = make_media('corner.mp4', '-f lavfi -i "color=black:s=96x64:'
        . 'd=0.2,drawbox=0:0:32:32:white:fill" -pix_fmt yuv420p');
    spew("$path.mp4", $plain);
    # FFmpeg 6 has an option for what was metadata before
    my $rotates = `ffmpeg -hide_banner -h full` =~ /^-display_rotation\b/m;
    my %white = (90 => [0, 1], 180 => [1, 1], 270 => [1, 0]);
    for my $degrees (sort keys %white) {
        my $film = make_media("turned$degrees.mp4", $rotates
            ? "-display_rotation $degrees -i $path.mp4 -c copy"
            : "-i $path.mp4 -c copy -metadata:s:v rotate=$degrees");
        my ($w, $h) = $degrees == 180 ? (96, 64) : (64, 96);
        is(convert({size => {min => [$w, $h], max => [$w, $h]}}, $film)
            ->{status}, 'UNCHANGED', "turned by $degrees: the upright size");
        my $answer = convert({format => {supported => ['webm'],
            auto_convert => $yes}}, $film);
        is(size_of($answer->{data}), "${w}x$h", 'and so it is converted');
        my @gray = unpack 'C*', media_pixels($answer->{data}, 'gray');
        my @seen = map { my $x = $_ % 2 ? $w - 8 : 8;
            my $y = $_ > 1 ? $h - 8 : 8; $gray[$y * $w + $x] > 128 ? 1 : 0 }
            0 .. 3;
        my @expected = (0) x 4;
        my ($right, $down) = @{$white{$degrees}};
        $expected[$right + 2 * $down] = 1;
        is_deeply(\@seen, \@expected, 'the right way');
    }
    unlink "$path.mp4";
    return;
}


sub colors {
    is(convert({color_space => {supported => ['rgb', 'gbr']}}, film('mp4'))
        ->{text}, 'has the color space yuv, supported: rgb, gbr', 'the text');
    for my $color (qw(rgb gray)) {
        for my $format (@formats) {
            is(convert({color_space => {supported => [$color],
                auto_convert => $yes}}, film($format))->{text}, 'cannot be '
                . "converted: $format stores none of the supported color "
                . 'spaces', "$format of $color");
        }
    }
    my $rgb = make_media('rgb.mp4', '-f lavfi -i testsrc2=s=64x64:d=0.2 '
        . '-c:v libx264rgb');
    my $rules = {color_space => {supported => ['yuv'], auto_convert => $yes}};
    is(convert({color_space => {supported => ['gbr']}}, $rgb)->{status},
        'UNCHANGED', 'an H.264 of RGB');
    my $answer = convert($rules, $rgb);
    is(media_info($answer->{data})->{pix_fmt}, 'yuv420p', 'becomes YUV');
    my @one = unpack 'C*', media_pixels($rgb, 'rgb24');
    my @other = unpack 'C*', media_pixels($answer->{data}, 'rgb24');
    my $sum = 0;
    $sum += abs($one[$_] - ($other[$_] // 255)) for 0 .. $#one;
    cmp_ok($sum / @one, '<', 20, 'and looks the same');
    is(convert($rules, $answer->{data})->{status}, 'UNCHANGED',
        'once is enough');
    return;
}


sub sound {
    my @cases = (
        [{channels => {supported => [2]}}, 'has 1 channels, supported: 2',
            channels => 2],
        [{sample_rate => {supported => [16000]}},
            qr/^has a sample rate of \d+, supported: 16000$/,
            sample_rate => 16000],
    );
    for my $case (@cases) {
        my ($rules, $text, $member, $value) = @$case;
        for my $format (@formats) {
            like(convert($rules, film($format))->{text}, qr/^$text$/,
                "$format: $member");
            my $answer = convert({%$rules, auto_convert => $yes},
                film($format));
            is(media_info($answer->{data}, 'audio')->{$member}, $value,
                "becomes $value");
            is(pictures($answer->{data}), 'w' x 10 . 'b' x 10,
                'the pictures stay');
            is(convert($rules, $answer->{data})->{status}, 'UNCHANGED',
                'which the rule takes');
        }
    }
    my $rules = {audio_bit_rate => {max => 32000, auto_convert => $yes}};
    for my $format ('mp4', 'webm') {
        my $loud = make_media("loud.$format", '-f lavfi -i '
            . 'testsrc2=s=64x48:d=1 '
            . "-f lavfi -i anoisesrc=d=1 $made_by{$format} -b:a 128k");
        like(convert({audio_bit_rate => {max => 32000}}, $loud)->{text},
            qr/^has an audio bit rate of \d+, above the maximum of 32000$/,
            "$format: too many bits for its sound");
        my $answer = convert($rules, $loud);
        is(convert($rules, $answer->{data})->{status}, 'UNCHANGED', 'fewer');
    }
    return;
}


sub durations {
    like(convert({duration => {min => 5, auto_convert => $yes}}, film('ogg'))
        ->{text}, qr/^lasts (1|0[.]99\d) seconds, less than the minimum of 5$/,
        'too short');
    like(convert({duration => {max => 0.5}}, film('mp4'))->{text},
        qr/^lasts 1\S* seconds, more than the maximum of 0.5$/, 'too long');
    my $rules = {duration => {max => 0.7, auto_convert => $yes}};
    for my $format (@formats) {
        my $answer = convert($rules, film($format));
        is($answer->{status}, 'CONVERTED', "$format is cut");
        is(pictures($answer->{data}), 'w' x 10 . 'b' x 4, 'its pictures');
        my ($first, $all) = heard($answer->{data});
        cmp_ok(abs($first - 0.5), '<', 0.06, 'its sound');
        cmp_ok(abs($all - 0.7), '<', 0.08, 'as long as they are');
        is(convert($rules, $answer->{data})->{status}, 'UNCHANGED',
            'once is enough');
    }
    return;
}


sub several {
    my $answer = convert({size => {max => 32},
        format => {supported => ['webm']},
        color_space => {supported => ['rgb']}, duration => {max => 0.2},
        channels => {min => 2}}, film('mp4'));
    is_deeply([map { s/lasts \K\S+/N/r } sort split /\n/, $answer->{text}], [
        'has 1 channels, below the minimum of 2',
        'has a size of 64x48, above the maximum of 32x32',
        'has the color space yuv, supported: rgb',
        'has the format mp4, supported: webm',
        'lasts N seconds, more than the maximum of 0.2'],
        'all violations at once') or diag($answer->{text});
    return;
}


sub limits {
    my $film = film('mp4');
    is(convert({}, $film, max_pixels => 64 * 48 - 1)->{text},
        'has 64x48 pixels, more than the maximum of 3071', 'pixels');
    is(convert({}, $film, max_pixels => 64 * 48)->{status}, 'UNCHANGED',
        'as many as may be');
    is(convert({size => {min => 640, auto_convert => $yes}}, $film,
        max_pixels => 100_000)->{text}, 'would have 640x640 pixels, more than '
        . 'the maximum of 100000', 'pixels of the result');
    for my $format (@formats) {
        is(convert({}, film($format), max_duration => 0.5)->{text},
            'lasts more than the maximum of 0.5 seconds', "$format: duration");
    }
    is(convert({}, $film, max_size => length($film) - 1)->{status}, 'REFUSED',
        'bytes');
    my $fine = make_media('fine.mp4', '-f lavfi -i testsrc2=s=64x48:d=0.4 '
        . '-pix_fmt yuv420p');
    like(convert({size => {min => 640, auto_convert => $yes}}, $fine,
        max_size => length $fine)->{text},
        qr/^has more bytes when converted than the maximum of \d+$/,
        'of the result');
    return;
}


sub streams {
    my $silent = make_media('silent.mp4',
        '-f lavfi -i testsrc2=s=64x64:d=0.5 -pix_fmt yuv420p -an');
    is(convert({channels => {supported => [2]}, sample_rate => {max => 8000}},
        $silent)->{status}, 'UNCHANGED', 'a silent film breaks no rule of '
        . 'sound');
    my $answer = convert({format => {supported => ['webm'],
        auto_convert => $yes}}, $silent);
    is(media_info($answer->{data})->{streams}, 1, 'and stays silent');
    for my $format (@formats) {
        my $sound = make_media("sound.$format", '-f lavfi -i sine=440:d=0.5 '
            . '-vn ' . ($made_by{$format} =~ /(-c:a \w+)/)[0]);
        is(convert({}, $sound)->{text}, 'holds no video', "$format of sound");
    }
    is(convert({}, make_media('sound.mp3', '-f lavfi -i sine=440:d=0.5'))
        ->{text}, 'is no video of a known format, but mp3', 'an MP3');
    spew($path, film('webm'));
    my $piped = `ffmpeg -nostdin -v error -i $path -c copy -f webm - | cat`;
    is(convert({}, $piped)->{status}, 'UNCHANGED',
        'a WebM that was written to a pipe');
    is(convert({}, substr $piped, 0, length($piped) / 2)->{status},
        'UNCHANGED', 'or that the recording of a browser ended');
    is(convert({}, substr film('webm'), 0, length($piped) / 2)->{text},
        'is damaged: a part of it is missing', 'unlike one with a length');
    spew("$path.srt", "1\n00:00:00,000 --> 00:00:00,400\nHello\n");
    my $titled = make_media('titled.mp4', '-f lavfi -i testsrc2=s=64x64:d=0.5 '
        . "-i $path.srt -map 0 -map 1 -c:s mov_text -pix_fmt yuv420p");
    unlink "$path.srt";
    $answer = convert({size => {max => 32, auto_convert => $yes}}, $titled);
    is(media_info($answer->{data})->{streams}, 1, 'subtitles are left out');
    return;
}


# An endpoint as they are
sub endpoint {
    my $rules = {
        format => {supported => ['MP4'], default => 'MP4',
            auto_convert => $yes},
        size => {max => [48, 48], align => [16, 16], keep_aspect_ratio => $yes,
            auto_convert => $yes},
        color_space => {supported => ['YUV'], auto_convert => $yes},
        sample_rate => {supported => [16000], default => 16000,
            auto_convert => $yes},
        channels => {supported => [1], default => 1, auto_convert => $yes},
        duration => {max => 0.8, auto_convert => $yes}};
    for my $format (@formats) {
        my $answer = convert($rules, film($format));
        is($answer->{type}, 'video/mp4', "$format by all the rules")
            or diag($answer->{text});
        is(pictures($answer->{data}), 'w' x 10 . 'b' x 6, 'its pictures');
        is(convert($rules, $answer->{data})->{status}, 'UNCHANGED',
            'once is enough');
    }
    return;
}
