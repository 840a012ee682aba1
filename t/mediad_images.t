# Images in the media daemon: formats, sizes, colour spaces, what stays as it
# is and what is refused.  Guards against pictures that come out with the wrong
# size, colours or rotation: every answer is decoded and looked at.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use JSON::PP ();
use AimeMedia qw(make_media media_info media_pixels);

my $daemon = AimeMedia->start(workers => 1);
my $source = '-f lavfi -i testsrc2=s=%s -frames:v 1';
my %type   = (png => 'png', jpeg => 'mjpeg', webp => 'webp', bmp => 'bmp',
              tiff => 'tiff', gif => 'gif');

untouched();
formats();
sizes();
aspect();
crop();
colors();
transparent();
orientation();
several();
limits();
$daemon->stop;
done_testing();


sub image {
    my ($format, $size) = @_;
    return make_media("$size." . ($format eq 'jpeg' ? 'jpg' : $format),
        sprintf($source, $size) . ($format eq 'tiff' ? ' -pix_fmt rgb24' : ''));
}


sub convert { return $daemon->convert(image => @_) }


sub size_of {
    my ($data) = @_;
    my $info = media_info($data);
    return "$info->{width}x$info->{height}";
}


# How far the pictures are apart, on the average of all components
sub distance {
    my ($one, $other, $format) = @_;
    my @one = unpack 'C*', media_pixels($one, $format // 'rgb24');
    my @other = unpack 'C*', media_pixels($other, $format // 'rgb24');
    return 999 if @one != @other || !@one;
    my $sum = 0;
    $sum += abs($one[$_] - $other[$_]) for 0 .. $#one;
    return $sum / @one;
}


sub untouched {
    for my $format (sort keys %type) {
        my $answer = convert({}, image($format, '64x48'));
        is($answer->{status}, 'UNCHANGED', "$format without rules");
        $answer = convert({size => {min => [64, 48], max => [64, 48],
            align => [32, 16]}, format => {supported => ['png', uc $format]}},
            image($format, '64x48'));
        is($answer->{status}, 'UNCHANGED', "$format that complies");
    }
    return;
}


sub formats {
    for my $from (sort keys %type) {
        for my $to (sort keys %type) {
            next if $from eq $to;
            my $bytes = image($from, '64x48');
            my $answer = convert({format => {supported => ['gif', $to],
                default => $to, auto_convert => JSON::PP::true}}, $bytes);
            next if $from eq 'gif';     # is supported
            is($answer->{status}, 'CONVERTED', "$from to $to")
                or diag($answer->{text}), next;
            is($answer->{type}, "image/$to", 'its type');
            is(media_info($answer->{data})->{codec_name}, $type{$to},
                'its codec');
            my $near = $to eq 'gif' ? 25
                : grep({ /jpeg|webp/ } $from, $to) ? 8 : 2;
            cmp_ok(distance($bytes, $answer->{data}), '<', $near,
                'the same picture');
        }
    }
    my $answer = convert({format => {supported => ['png'],
        auto_convert => JSON::PP::true}}, image('gif', '64x48'));
    cmp_ok(distance(image('gif', '64x48'), $answer->{data}), '<', 0.01,
        'a GIF keeps its colours as a PNG');
    $answer = convert({format => {supported => ['jpeg', 'webp']}},
        image('png', '64x48'));
    is($answer->{text}, 'has the format png, supported: jpeg, webp',
        'not without auto_convert');
    return;
}


sub sizes {
    my @cases = (
        # size, rule, result or text
        ['30x200', {min => [64, 64], max => [128, 128], align => [32, 32]},
            '64x128'],
        ['100x100', {align => [32, 32]}, '96x96'],
        ['20x100', {align => 32}, '32x96'],
        ['100x50', {max => 64, align => [32, 32]}, '64x32'],
        ['100x50', {supported => [[32, 32], [64, 48]]}, '32x32'],
        ['100x50', {supported => [[32, 32], [64, 48]], default => [64, 48]},
            '64x48'],
        ['100x50', {max => [40, 1000]}, '40x50'],
    );
    for my $case (@cases) {
        my ($size, $rule, $expected) = @$case;
        for my $format ('png', 'jpeg') {
            my $answer = convert({size => {%$rule,
                auto_convert => JSON::PP::true}}, image($format, $size));
            is($answer->{status}, 'CONVERTED', "$size $format");
            is(size_of($answer->{data}), $expected, "to $expected");
            is($answer->{type}, "image/$format", 'the format stays');
        }
    }
    my %texts = (
        '30x30' => [{min => [64, 64]},
            'has a size of 30x30, below the minimum of 64x64'],
        '200x30' => [{max => 128, min => 32},
            "has a size of 200x30, below the minimum of 32x32\n"
            . 'has a size of 200x30, above the maximum of 128x128'],
        '100x64' => [{align => 32},
            'has a size of 100x64, not a multiple of 32x32'],
        '64x128' => [{supported => [64, [128, 128]]},
            'has a size of 64x128, supported: 64x64, 128x128'],
    );
    for my $size (sort keys %texts) {
        my ($rule, $text) = @{$texts{$size}};
        my $answer = convert({size => $rule}, image('png', $size));
        is($answer->{text}, $text, "$size is refused");
    }
    my $answer = convert({size => {min => 40, max => 60, align => 64,
        auto_convert => JSON::PP::true}}, image('png', '100x100'));
    is($answer->{status}, 'REFUSED', 'a rule that no size meets');
    return;
}


sub aspect {
    my @cases = (
        ['200x100', {max => 128}, '128x64'],
        ['100x200', {max => 128, align => 8}, '64x128'],
        ['40x20', {min => 32, max => 128, align => 8}, '64x32'],
        ['300x20', {min => 32, max => 128, align => 8}, '128x32'],
        ['1000x1000', {max => [512, 256]}, '256x256'],
    );
    for my $case (@cases) {
        my ($size, $rule, $expected) = @$case;
        my $answer = convert({size => {%$rule, auto_convert => JSON::PP::true,
            keep_aspect_ratio => JSON::PP::true}}, image('png', $size));
        is(size_of($answer->{data}), $expected, "$size keeps its aspect");
    }
    return;
}


# Three stripes, of which only the middle one may be left
sub crop {
    my $stripes = make_media('stripes.png',
        '-f lavfi -i "color=red:s=40x60,format=rgb24,'
        . 'pad=120:60:0:0:lime,drawbox=80:0:40:60:blue:fill" -frames:v 1');
    my $rules = {size => {max => [40, 60], auto_convert => JSON::PP::true},
        resize_method => 'crop'};
    my $answer = convert($rules, $stripes);
    is(size_of($answer->{data}), '40x60', 'cropped');
    my @rgb = unpack 'C*', media_pixels($answer->{data}, 'rgb24');
    my @wrong = grep { $rgb[$_ * 3] > 60 || $rgb[$_ * 3 + 1] < 200
        || $rgb[$_ * 3 + 2] > 60 } 0 .. @rgb / 3 - 1;
    is(scalar @wrong, 0, 'only the centre is left');
    $rules->{resize_method} = 'scale';
    $answer = convert($rules, $stripes);
    @rgb = unpack 'C*', media_pixels($answer->{data}, 'rgb24');
    ok($rgb[0] > 200 && $rgb[-1] > 200 && $rgb[40 * 3 * 30 + 61] > 200,
        'scaled, all of it is there');
    my $gray = make_media('mono.png', '-f lavfi -i color=white:s=64x64 '
        . '-frames:v 1 -pix_fmt monob');
    $rules = {size => {max => [20, 40], auto_convert => JSON::PP::true},
        resize_method => 'crop'};
    is(size_of(convert($rules, $gray)->{data} // ''), '20x40',
        'a crop of eight pixels to the byte');
    return;
}


sub colors {
    my %stored = (
        png  => {rgb => 'rgb24', rgba => 'rgba', gray => 'gray',
                 alpha => 'ya8', monochrome => 'monob', palette => 'pal8'},
        jpeg => {yuv => 'yuvj444p'},
        webp => {yuv => 'yuv420p', rgba => 'argb', rgb => 'argb'},
        bmp  => {bgr => 'bgr24', palette => 'pal8'},
        tiff => {rgb => 'rgb24', rgba => 'rgba', gray => 'gray',
                 palette => 'pal8'},
    );
    my $bytes = image('png', '64x48');
    for my $format (sort keys %stored) {
        for my $color (sort keys %{$stored{$format}}) {
            my %rules = (
                format => {supported => [$format]},
                color_space => {supported => [$color]});
            my $answer = convert({%rules, auto_convert => JSON::PP::true},
                $bytes);
            next if $answer->{status} eq 'UNCHANGED';
            is($answer->{status}, 'CONVERTED', "$format of $color")
                or diag($answer->{text}), next;
            is(media_info($answer->{data})->{pix_fmt},
                $stored{$format}{$color}, 'its pixels');
            is(convert(\%rules, $answer->{data})->{status}, 'UNCHANGED',
                'which the same rules take');
        }
    }
    my $answer = convert({color_space => {supported => ['gray', 'yuv']}},
        $bytes);
    is($answer->{text}, 'has the color space rgb, supported: gray, yuv',
        'the text');
    $answer = convert({color_space => {supported => ['gbr'],
        auto_convert => JSON::PP::true}}, $bytes);
    is($answer->{text}, 'cannot be converted: png stores none of the '
        . 'supported color spaces', 'what no PNG stores');
    $answer = convert({format => {supported => ['jpeg'],
        auto_convert => JSON::PP::true}, color_space => {supported => ['rgb']}},
        $bytes);
    is($answer->{status}, 'REFUSED', 'a JPEG is not rgb');
    $answer = convert({format => {supported => ['jpeg', 'png'],
        auto_convert => JSON::PP::true},
        color_space => {supported => ['rgb']}}, image('tiff', '64x48'));
    is($answer->{type}, 'image/png', 'so it becomes what may be');
    return;
}


sub transparent {
    my $clear = make_media('clear.png', '-f lavfi -i '
        . '"color=black@0:s=32x32,format=rgba" -frames:v 1');
    my $answer = convert({format => {supported => ['jpeg'],
        auto_convert => JSON::PP::true}}, $clear);
    my @rgb = unpack 'C*', media_pixels($answer->{data}, 'rgb24');
    cmp_ok($rgb[0], '>', 250, 'transparent becomes white');
    $answer = convert({size => {max => 16, auto_convert => JSON::PP::true}},
        $clear);
    is(media_info($answer->{data})->{pix_fmt}, 'rgba', 'alpha is kept');
    is((unpack 'C*', media_pixels($answer->{data}, 'rgba'))[3], 0,
        'as it was');
    $answer = convert({format => {supported => ['gif'],
        auto_convert => JSON::PP::true}}, $clear);
    is((unpack 'C*', media_pixels($answer->{data}, 'rgba'))[3], 0,
        'in a GIF, too');
    return;
}


# A JPEG with an EXIF head that turns it; its corners tell which way
sub orientation {
    my $plain = make_media('corner.jpg', '-f lavfi -i "color=black:s=96x64,'
        . 'format=yuvj444p,drawbox=0:0:32:32:white:fill" -frames:v 1');
    my %white = (1 => [0, 0], 2 => [1, 0], 3 => [1, 1], 4 => [0, 1],
                 5 => [0, 0], 6 => [1, 0], 7 => [1, 1], 8 => [0, 1]);
    for my $value (sort keys %white) {
        my $tiff = "MM\0*" . pack('N n nnNnn N', 8, 1, 0x112, 3, 1, $value, 0,
            0);
        my $exif = "Exif\0\0$tiff";
        my $turned = substr($plain, 0, 2) . "\xff\xe1"
            . pack('n', 2 + length $exif) . $exif . substr($plain, 2);
        my $wide = $value < 5;
        my $max = $wide ? [48, 64] : [32, 96];
        my $answer = convert({size => {max => $wide ? [96, 64] : [64, 96]}},
            $turned);
        is($answer->{status}, 'UNCHANGED', "orientation $value, upright size");
        $answer = convert({format => {supported => ['png'],
            auto_convert => JSON::PP::true},
            size => {max => $max, auto_convert => JSON::PP::true}}, $turned);
        is(size_of($answer->{data}), join('x', @$max), 'is turned');
        my @gray = unpack 'C*', media_pixels($answer->{data}, 'gray');
        my ($w, $h) = @$max;
        my @seen = map { my $x = $_ % 2 ? $w - 4 : 3;
            my $y = $_ > 1 ? $h - 4 : 3; $gray[$y * $w + $x] > 128 ? 1 : 0 }
            0 .. 3;
        my @expected = (0) x 4;
        $expected[$white{$value}[0] + 2 * $white{$value}[1]] = 1;
        is_deeply(\@seen, \@expected, 'the right way');
    }
    return;
}


sub several {
    my $answer = convert({size => {min => 64, align => 32},
        format => {supported => ['jpeg']},
        color_space => {supported => ['yuv']}}, image('png', '30x30'));
    is_deeply([sort split /\n/, $answer->{text}], [
        'has a size of 30x30, below the minimum of 64x64',
        'has a size of 30x30, not a multiple of 32x32',
        'has the color space rgb, supported: yuv',
        'has the format png, supported: jpeg'], 'all violations at once');
    $answer = convert({size => {min => 64, auto_convert => JSON::PP::true},
        format => {supported => ['jpeg']}}, image('png', '30x30'));
    is($answer->{text}, 'has the format png, supported: jpeg',
        'what could be converted is no violation');
    return;
}


sub limits {
    my $bytes = image('png', '64x48');
    my $answer = convert({}, $bytes, max_pixels => 64 * 48 - 1);
    is($answer->{text}, 'has 64x48 pixels, more than the maximum of 3071',
        'pixels');
    is(convert({}, $bytes, max_pixels => 64 * 48)->{status}, 'UNCHANGED',
        'as many as may be');
    $answer = convert({}, $bytes, max_size => length($bytes) - 1);
    like($answer->{text}, qr/^has \d+ bytes, more than the maximum of \d+$/,
        'bytes');
    is(convert({}, $bytes, max_size => length $bytes)->{status}, 'UNCHANGED',
        'as many as may be');
    $answer = convert({size => {min => 640, auto_convert => JSON::PP::true}},
        $bytes, max_size => length($bytes) + 100);
    like($answer->{text}, qr/bytes when converted, more than the maximum/,
        'bytes of the result');
    $answer = convert({size => {min => 640, auto_convert => JSON::PP::true}},
        $bytes, max_pixels => 100_000);
    like($answer->{text}, qr/would have 640x640 pixels/, 'its pixels');
    $answer = convert({}, 'RIFFxxxxWAVEfmt ');
    is($answer->{text}, 'is no image of a known format, but wav', 'another kind');
    is(convert({}, '')->{text}, 'is no image of a known format', 'nothing');
    is(convert({}, $bytes, ask => '{}')->{status}, 'FAILED', 'no question');
    is(convert({size => 5}, $bytes)->{status}, 'FAILED', 'no rules');
    return;
}
