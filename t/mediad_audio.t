# Audio in the media daemon: every attribute, formats into one another, what is
# cut and what is refused.  Guards against headers that are believed, sound at
# the wrong pitch, and rules that the result itself would not meet.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Test::More;
use AimeMedia qw(make_media media_info spew slurp);

my $daemon = AimeMedia->start(workers => 1);
my @formats = qw(wav mp3 ogg webm mp4);
my $yes = JSON::PP::true;

untouched();
formats();
rates();
depths();
bit_rates();
channels();
durations();
cuts();
headers();
streams();
endpoint();
$daemon->stop;
done_testing();


# A tone of 440 Hz
sub tone {
    my ($format, $seconds, $more) = @_;
    my $name = "tone$seconds." . (($more // '') =~ tr/a-z0-9//cdr) . ".$format";
    my $quiet = $format eq 'webm' || $format eq 'mp4' ? '-vn' : '';
    return make_media($name, "-f lavfi -i sine=440:d=$seconds $quiet "
        . ($more // ''));
}


sub convert { return $daemon->convert(audio => @_) }


sub info { return media_info($_[0], 'audio') }


# Crossings of zero per second, of the first channel: twice the pitch
sub pitch {
    my ($bytes) = @_;
    my $path = spew("/tmp/aime-mediad-$$.bin", $bytes);
    my @samples = unpack 's<*', scalar
        `ffmpeg -nostdin -v error -i $path -vn -ac 1 -ar 8000 -f s16le -`;
    unlink $path;
    my $n = grep { $samples[$_ - 1] < 0 && $samples[$_] >= 0 } 1 .. $#samples;
    return @samples ? $n * 8000 / @samples : 0;
}


sub untouched {
    for my $format (@formats) {
        my $bytes = tone($format, 1.5);
        is(convert({}, $bytes)->{status}, 'UNCHANGED', "$format, no rules");
        is(convert({format => {supported => [$format]}, channels => {max => 1},
            duration => {min => 1.4, max => 1.6},
            sample_rate => {min => 44100, max => 48000}}, $bytes)->{status},
            'UNCHANGED', "$format that complies");
    }
    return;
}


sub formats {
    for my $from (@formats) {
        for my $to (@formats) {
            next if $from eq $to;
            my $answer = convert({format => {supported => [$to],
                auto_convert => $yes}}, tone($from, 1.5));
            is($answer->{status}, 'CONVERTED', "$from to $to")
                or diag($answer->{text}), next;
            is($answer->{type}, "audio/$to", 'its type');
            my $info = info($answer->{data});
            like($info->{file}, qr/\b$to\b/, 'its container');
            cmp_ok(abs($info->{seconds} - 1.5), '<', 0.12, 'its duration');
            cmp_ok(abs(pitch($answer->{data}) - 440), '<', 25, 'its pitch');
        }
    }
    is(convert({format => {supported => ['wav', 'mp3']}},
        tone('ogg', 1.5))->{text}, 'has the format ogg, supported: wav, mp3',
        'not without auto_convert');
    return;
}


sub rates {
    is(convert({sample_rate => {supported => [16000]}}, tone('wav', 1.5))
        ->{text}, 'has a sample rate of 44100, supported: 16000', 'the text');
    is(convert({sample_rate => {max => 16000}}, tone('wav', 1.5))->{text},
        'has a sample rate of 44100, above the maximum of 16000', 'a bound');
    for my $format (@formats) {
        for my $rate (8000, 16000) {
            my $rules = {sample_rate => {supported => [$rate],
                auto_convert => $yes}};
            my $answer = convert($rules, tone($format, 1.5));
            is($answer->{status}, 'CONVERTED', "$format to $rate")
                or diag($answer->{text}), next;
            is(info($answer->{data})->{sample_rate}, $rate, 'its rate');
            cmp_ok(abs(pitch($answer->{data}) - 440), '<', 25, 'its pitch');
            is(convert($rules, $answer->{data})->{status}, 'UNCHANGED',
                'which the same rules take');
        }
    }
    is(convert({sample_rate => {supported => [12345], auto_convert => $yes}},
        tone('mp3', 1.5))->{text},
        'with a sample rate of 12345 cannot be stored as mp3', 'no such rate');
    return;
}


sub depths {
    for my $depth (8, 16, 24, 32) {
        my $rules = {sample_bit_depth => {supported => [$depth],
            auto_convert => $yes}};
        my $from = tone('wav', 0.5, $depth == 16 ? '-c:a pcm_s24le' : '');
        my $answer = convert($rules, $from);
        is($answer->{status}, 'CONVERTED', "$depth bits");
        is(info($answer->{data})->{bits_per_sample}, $depth, 'as many');
        is(convert($rules, $answer->{data})->{status}, 'UNCHANGED',
            'which the same rules take');
    }
    is(convert({sample_bit_depth => {supported => [24]}}, tone('wav', 1.5))
        ->{text}, 'has a sample bit depth of 16, supported: 24', 'the text');
    is(convert({sample_bit_depth => {supported => [24]}}, tone('mp3', 1.5))
        ->{status}, 'UNCHANGED', 'lossy sound has none');
    is(convert({sample_bit_depth => {supported => [12], auto_convert => $yes}},
        tone('wav', 1.5))->{status}, 'REFUSED', 'none that is stored');
    return;
}


sub bit_rates {
    my $rules = {audio_bit_rate => {max => 64000, auto_convert => $yes}};
    my $answer = convert($rules, tone('mp3', 1.5, '-b:a 192k'));
    is($answer->{status}, 'CONVERTED', 'too many bits');
    cmp_ok(info($answer->{data})->{bit_rate}, '<=', 64000, 'fewer');
    is(convert($rules, $answer->{data})->{status}, 'UNCHANGED', 'that is it');
    like(convert({audio_bit_rate => {max => 64000}},
        tone('mp3', 1.5, '-b:a 192k'))->{text},
        qr/^has an audio bit rate of 19\d{4}, above the maximum of 64000$/,
        'the text');
    is(convert($rules, tone('mp3', 1.5, '-b:a 64k'))->{status}, 'UNCHANGED',
        'the bound itself');
    like(convert($rules, tone('wav', 1.5))->{text},
        qr/^would have an audio bit rate of 705600 as wav/, 'not as a WAV');
    return;
}


sub channels {
    for my $format (@formats) {
        my $answer = convert({channels => {supported => [1],
            auto_convert => $yes}}, tone($format, 0.5, '-ac 2'));
        is($answer->{status}, 'CONVERTED', "$format of two channels");
        is(info($answer->{data})->{channels}, 1, 'has one');
    }
    is(convert({channels => {supported => [1]}}, tone('wav', 0.5, '-ac 2'))
        ->{text}, 'has 2 channels, supported: 1', 'the text');
    my $answer = convert({format => {supported => ['mp3'],
        auto_convert => $yes}}, tone('wav', 0.5, '-ac 6'));
    is(info($answer->{data})->{channels}, 2, 'as many as the format takes');
    is(convert({format => {supported => ['mp3'], auto_convert => $yes},
        channels => {min => 4}}, tone('wav', 0.5, '-ac 6'))->{text},
        'with 6 channels cannot be stored as mp3', 'or none');
    return;
}


sub durations {
    is(convert({duration => {max => 2}}, tone('wav', 3.2))->{text},
        'lasts 3.2 seconds, more than the maximum of 2', 'too long');
    is(convert({duration => {min => 5, auto_convert => $yes}},
        tone('wav', 3.2))->{text},
        'lasts 3.2 seconds, less than the minimum of 5', 'too short');
    is(convert({}, tone('wav', 3.2), max_duration => 3)->{text},
        'lasts more than the maximum of 3 seconds', 'for the server');
    is(convert({duration => {max => 3.2}}, tone('wav', 3.2))->{status},
        'UNCHANGED', 'the bound itself');
    return;
}


sub cuts {
    for my $format (@formats) {
        my $answer = convert({duration => {max => 2, auto_convert => $yes}},
            tone($format, 3.2));
        is($answer->{status}, 'CONVERTED', "$format that is too long");
        is($answer->{type}, "audio/$format", 'the format stays');
        cmp_ok(abs(info($answer->{data})->{seconds} - 2), '<', 0.12,
            'it is cut');
    }
    return;
}


# A WAV whose header claims another length, and another rate of bytes
sub headers {
    my $wav = tone('wav', 3.2);
    substr($wav, index($wav, 'data') + 4, 4) = pack 'V', 1000;
    my $answer = convert({duration => {max => 2}}, $wav);
    is($answer->{status}, 'UNCHANGED', 'what lies beyond the data is none');
    for my $claim (0x7fffffff, 0xffffffff, 0x7ffff000, 0) {
        $wav = tone('wav', 3.2);
        substr($wav, index($wav, 'data') + 4, 4) = pack 'V', $claim;
        my $name = sprintf 'a length of %#x', $claim;
        $answer = convert({duration => {min => 5}}, $wav);
        is($answer->{text}, 'lasts 3.2 seconds, less than the minimum of 5',
            "$name does not count");
        is(convert({duration => {min => 3.2, max => 3.2}}, $wav)->{status},
            'UNCHANGED', 'what is there does');
        $answer = convert({format => {supported => ['mp3'],
            auto_convert => $yes}}, $wav);
        cmp_ok(abs(info($answer->{data})->{seconds} - 3.2), '<', 0.12,
            'and is converted');
    }
    my $path = spew("/tmp/aime-mediad-$$.wav", tone('wav', 1.5));
    my $piped = `ffmpeg -nostdin -v error -i $path -f wav - | cat`;
    unlink $path;
    is(convert({duration => {min => 1.5, max => 1.5}}, $piped)->{status},
        'UNCHANGED', 'one that was written to a pipe');
    $wav = tone('wav', 3.2);
    is(convert({}, substr $wav, 0, length($wav) / 2)->{text},
        'is damaged: a part of it is missing', 'one that was cut is none');
    return;
}


sub streams {
    my $silent = make_media('silent.mp4',
        '-f lavfi -i testsrc2=s=64x64:d=1 -an');
    is(convert({}, $silent)->{text}, 'holds no audio', 'a silent film');
    my $film = make_media('film.mp4', '-f lavfi -i testsrc2=s=64x64:d=1 '
        . '-f lavfi -i sine=440:d=1');
    is(convert({}, $film)->{status}, 'UNCHANGED', 'a film with sound');
    my $answer = convert({sample_rate => {supported => [16000],
        auto_convert => $yes}}, $film);
    is(media_info($answer->{data})->{streams}, 1, 'its sound alone');
    my $cover = make_media('cover.mp3', '-f lavfi -i sine=440:d=1 '
        . '-f lavfi -i color=red:s=300x300:d=1:r=1 -map 0 -map 1 '
        . '-frames:v 1 -c:v png -disposition:v attached_pic -id3v2_version 3');
    is(convert({}, $cover)->{status}, 'UNCHANGED', 'cover art');
    is($daemon->convert(video => {}, $cover)->{status}, 'REFUSED',
        'is no video');
    return;
}


# An endpoint as they are
sub endpoint {
    my $rules = {
        format => {supported => ['MP3'], default => 'MP3',
            auto_convert => $yes},
        sample_rate => {supported => [16000], default => 16000,
            auto_convert => $yes},
        sample_bit_depth => {supported => [16, 32], default => 16,
            auto_convert => $yes},
        audio_bit_rate => {max => 64000, auto_convert => $yes},
        channels => {supported => [1], default => 1, auto_convert => $yes},
        check_conversion => $yes};
    for my $format (@formats) {
        my $answer = convert($rules, tone($format, 1.5, '-ac 2'));
        is($answer->{type}, 'audio/mp3', "$format by all the rules");
        my $info = info($answer->{data} // '');
        is("$info->{sample_rate} $info->{channels}", '16000 1', 'as they say');
        is(convert($rules, $answer->{data})->{status}, 'UNCHANGED',
            'once is enough');
    }
    return;
}
