# Media and requests that are broken or malicious: files that were cut, headers
# that promise more than there is, references to other files, noise, requests
# that break the rules of the protocol.  Guards against a daemon that believes a
# length, follows a path, waits for ever, or dies: each case gets a clear
# answer, and the same workers serve good media afterwards, with little memory.

use strict;
use warnings;

use lib 't/lib';
use Compress::Zlib qw(crc32 deflateInit Z_OK);
use JSON::PP ();
use Socket qw(SHUT_WR);
use Test::More;
use AimeMedia qw(make_media wait_until patience on_asan spew slurp);

my $yes    = JSON::PP::true;
my $MAGIC  = 0x444d4941;
my %film   = (webm => '-c:v libvpx -c:a libopus',
    mp4 => '-c:v libx264 -pix_fmt yuv420p -c:a aac',
    ogg => '-c:v libtheora -c:a libvorbis');
my $dir    = "/tmp/aime-mediad-hostile-$$";
mkdir $dir;
srand 4711;

# waits while the rest goes on
my $patient = AimeMedia->start(workers => 1);
my @silent = map { $patient->connect } 1;
syswrite $silent[0], substr AimeMedia::request('image', {}, 'AAAA'), 0, 20;

my $daemon = AimeMedia->start(workers => 2);
my @workers = sort $daemon->workers;

cut();
bombs();
animation();
references();
playlists();
noise();
flipped();
base64();
frames();
questions();
unharmed();
$daemon->stop;
overtime();
silence();
system 'rm', '-rf', $dir;
done_testing();


sub image {
    my ($format) = @_;
    return make_media("hostile.$format", '-f lavfi -i testsrc2=s=200x150:d=1 '
        . '-frames:v 1' . ($format eq 'tiff' ? ' -pix_fmt rgb24' : ''));
}


sub sound {
    my ($format) = @_;
    return make_media("hostile-sound.$format", '-f lavfi -i sine=440:d=3 -vn '
        . (($film{$format} // '') =~ /(-c:a \w+)/ ? $1 : ''));
}


sub film {
    my ($format) = @_;
    return make_media("hostile-film.$format", '-f lavfi -i '
        . 'testsrc2=s=96x64:d=2 -f lavfi -i sine=440:d=2 ' . $film{$format});
}


# [name, kind, bytes] of good media of all formats
sub good {
    return map({ ["image/$_", 'image', image($_)] }
            qw(jpeg png webp bmp tiff gif)),
        map({ ["audio/$_", 'audio', sound($_)] } qw(wav mp3 ogg webm mp4)),
        map({ ["video/$_", 'video', film($_)] } qw(ogg webm mp4));
}


# As things were before: the same processes, which can do their work
sub unharmed {
    my ($after) = @_;
    my $answer = $daemon->convert(image => {format => {supported => ['jpeg'],
        auto_convert => $yes}}, image('png'));
    is($answer->{type}, 'image/jpeg', 'good media are converted'
        . ($after ? " after $after" : '')) or diag($answer->{text});
    is_deeply([sort $daemon->workers], \@workers, 'by the same workers');
    return if on_asan();
    cmp_ok(AimeMedia::status_of($_, 'VmHWM'), '<', 300_000,
        'which never used much memory') for @workers;
    return;
}


sub refused {
    my ($answer, $text, $what) = @_;
    is($answer->{status}, 'REFUSED', $what) or diag($answer->{text});
    like($answer->{text} // '', $text, 'with the reason');
    cmp_ok($answer->{time} // 0, '<', patience(60), 'in the end');
    return;
}


# Only MP3, which has no length anywhere, and what was never all there may end
# where they end; what is claimed beyond that does not count
sub cut {
    my $text = qr/^is damaged|^is no \w+ of a known format$|^holds no \w+/;
    for my $good (good()) {
        my ($name, $kind, $bytes) = @$good;
        my $all = length $bytes;
        my @lengths = (1, 5, 12, 30, 70, map { int($all * $_ / 100) }
            20, 50, 75, 95);
        push @lengths, $all - 1 if $name ne 'image/tiff';
        for my $len (@lengths) {
            my $answer = $daemon->convert($kind => {duration => {min => 2.9}},
                substr $bytes, 0, $len);
            next if $name eq 'audio/mp3' && $len > 95 * $all / 100;
            my $shorter = $name eq 'audio/mp3'
                ? qr/^lasts [0-2][.]\d+ seconds, less than/ : $text;
            my $ok = $answer->{status} eq 'REFUSED'
                && $answer->{text} =~ /$text|$shorter/;
            ok($ok, "$name, $len of $all bytes")
                or diag("$answer->{status} " . ($answer->{text} // ''));
        }
    }
    unharmed('files that were cut');
    return;
}


sub chunk {
    my ($type, $data) = @_;
    return pack('N', length $data) . $type . $data
        . pack('N', crc32($type . $data));
}


# A PNG of zeros: of that size, and with as many rows of it as data
sub png {
    my ($width, $height, $depth, $rows) = @_;
    my ($deflate, $status) = deflateInit(-Level => 9);
    my $row = "\0" x (1 + int(($width * $depth + 7) / 8));
    my $data = '';
    $data .= ($deflate->deflate($row))[0] for 1 .. $rows;
    $data .= ($deflate->flush)[0];
    return "\x89PNG\r\n\x1a\n"
        . chunk('IHDR', pack 'NNCCCCC', $width, $height, $depth, 0, 0, 0, 0)
        . chunk('IDAT', $data) . chunk('IEND', '');
}


sub bombs {
    my $png = png(30_000, 30_000, 1, 30_000);
    cmp_ok(length $png, '<', 200_000, 'a PNG of a few kilobytes');
    refused($daemon->convert(image => {}, $png),
        qr/^has 30000x30000 pixels, more than the maximum of 50000000$/,
        'and of many pixels');
    refused($daemon->convert(image => {size => {max => 64,
        auto_convert => $yes}}, $png, max_pixels => 1e18),
        qr/^has 30000x30000 pixels, more than the maximum of \d+$/,
        'whatever the request allows');
    refused($daemon->convert(image => {size => {max => 64,
        auto_convert => $yes}}, png(5000, 5000, 1, 3)), qr/^is damaged/,
        'a PNG of three rows that promises more');

    # headers alone
    my $gif = image('gif');
    substr $gif, 6, 4, pack 'vv', 65535, 65535;
    my $bmp = image('bmp');
    substr $bmp, 18, 8, pack 'VV', 0x7fffffff, 0x7fffffff;
    my $jpeg = image('jpeg');
    my $at = index $jpeg, "\xff\xc0";
    substr $jpeg, $at + 5, 4, pack 'nn', 65535, 65535;
    my $webp = "RIFF" . pack('V', 30) . 'WEBPVP8X' . pack('VV', 10, 0)
        . "\xff\xff\x3f\xff\xff\x3f" . 'VP8 ' . pack('V', 0);
    my $tiff = "II*\0" . pack('Vv', 8, 2) . pack('vvVV', 256, 4, 1, 0x7fffffff)
        . pack('vvVV', 257, 4, 1, 0x7fffffff) . pack('V', 0);
    my %many = (gif => $gif, bmp => $bmp, jpeg => $jpeg, webp => $webp,
        tiff => $tiff);
    for my $format (sort keys %many) {
        refused($daemon->convert(image => {}, $many{$format}),
            qr/^has \d+x\d+ pixels, more than the maximum of 50000000$/,
            "$format with a header of many pixels");
    }

    # a film whose track promises one size and whose stream has another
    my $large = make_media('large.mp4', '-f lavfi -i color=red:s=2000x2000:'
        . 'd=0.1 -pix_fmt yuv420p');
    my $size = pack 'nn', 2000, 2000;
    $large =~ s/\Q$size\E/pack 'nn', 64, 64/e or die "no size\n";
    refused($daemon->convert(video => {}, $large, max_pixels => 100_000),
        qr/^has 2000x2000 pixels, more than the maximum of 100000$|^is damaged/,
        'a film that is larger than it says');
    unharmed('bombs');
    return;
}


# Only the first picture is looked at
sub animation {
    my $head = 'GIF89a' . pack('vvCCC', 100, 100, 0x80, 0, 0)
        . "\0\0\0\xff\xff\xff";
    my $picture = "\x21\xf9\x04\x04\x0a\0\0\0\x2c"
        . pack('vvvvC', 0, 0, 1, 1, 0) . "\x02\x02\x44\x01\0";
    my $gif = $head . $picture x 100_000 . "\x3b";
    for my $rules ({}, {format => {supported => ['png'],
        auto_convert => $yes}}, {size => {max => 50, auto_convert => $yes}})
    {
        my $answer = $daemon->convert(image => $rules, $gif);
        like($answer->{status}, qr/^(UNCHANGED|CONVERTED)$/,
            'a GIF of 100000 pictures') or diag($answer->{text});
        cmp_ok($answer->{time}, '<', patience(60), 'has an end');
        cmp_ok(length($answer->{data} // ''), '<', 10_000, 'is one picture');
    }
    unharmed('an animation');
    return;
}


# The boxes of an MP4, with the data references replaced
sub refer {
    my ($boxes, $dref) = @_;
    my $text = '';
    while (length $boxes >= 8) {
        my ($len, $type) = unpack 'Na4', $boxes;
        my $box = substr $boxes, 8, $len - 8;
        $boxes = substr $boxes, $len;
        $box = $type eq 'dref' ? pack('NN', 0, 1) . $dref
            : $type =~ /^(moov|trak|mdia|minf|dinf)$/ ? refer($box, $dref)
            : $box;
        $text .= pack('Na4', 8 + length $box, $type) . $box;
    }
    return $text;
}


# A data reference as a Macintosh alias, the one form that has a path
sub alias {
    my ($path) = @_;
    my ($file) = $path =~ m{([^/]+)$};
    my $alias = "\0" x 10 . "\0" . "\0" x 27 . "\0" x 12
        . chr(length $file) . pack('a63', $file) . "\0" x 16
        . pack('nn', 1, 1) . "\0" x 16
        . pack('nn', 2, length $path) . $path . ("\0" x (length($path) % 2))
        . pack('nn', 0xffff, 0);
    return pack('Na4N', 12 + length $alias, 'alis', 0) . $alias;
}


sub references {
    my $film = film('mp4');
    my $other = spew("$dir/other.mp4", $film);
    my $alias = refer($film, alias($other));

    # it is what it is meant to be: who may, follows it
    spew("$dir/alias.mp4", $alias =~ s/mdat.{5000}/"mdat" . "\0" x 5000/esr);
    my @seen = grep { /^0,/ } split /\n/, scalar `ffmpeg -nostdin -v quiet \\
        -enable_drefs 1 -use_absolute_path 1 -i $dir/alias.mp4 -f framemd5 -`;
    cmp_ok(scalar @seen, '>', 10, 'an MP4 whose pictures are in another file');
    refused($daemon->convert(video => {}, slurp("$dir/alias.mp4")),
        qr/^holds no \w+ that can be decoded$/, 'leads nowhere');
    refused($daemon->convert(audio => {format => {supported => ['wav'],
        auto_convert => $yes}}, refer(sound('mp4'), alias($other))),
        qr/^holds no \w+ that can be decoded$/, 'nor does its sound');
    for my $url ("file://$other", 'http://127.0.0.1:9/x', "$other\0") {
        my $box = "\0\0\0\0$url\0";
        my $answer = $daemon->convert(video => {}, refer($film,
            pack('Na4', 8 + length $box, 'url ') . $box));
        like($answer->{status}, qr/^(UNCHANGED|REFUSED)$/, 'nor a URL');
    }
    my $url = "\0\0\0\0http://127.0.0.1:9/x\0";
    $film = refer($film, pack('Na4', 8 + length $url, 'url ') . $url);
    my $answer = $daemon->convert(video => {format => {supported => ['webm'],
        auto_convert => $yes}}, $film);
    like($answer->{status}, qr/^(CONVERTED|REFUSED)$/, 'when converted');
    unharmed('references');
    return;
}


sub playlists {
    my $path = spew("$dir/secret.ts", 'secret');
    my %lists = (
        HLS => "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://$path\n"
            . "#EXT-X-ENDLIST\n",
        concat => "ffconcat version 1.0\nfile '$path'\n",
        DASH => "<?xml version='1.0'?><MPD><BaseURL>file://$path</BaseURL>"
            . '</MPD>',
        SVG => "<svg xmlns='http://www.w3.org/2000/svg'><image "
            . "href='file://$path'/></svg>",
        SDP => "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
        MVG => "push graphic-context\nimage over 0,0 0,0 '$path'\n");
    for my $name (sort keys %lists) {
        for my $kind (qw(image audio video)) {
            refused($daemon->convert($kind => {}, $lists{$name}),
                qr/^is no $kind of a known format$/, "$name as $kind");
        }
        refused($daemon->convert(audio => {}, "ID3\4\0\0\0\0\0\0$lists{$name}"),
            qr/^is damaged/, "$name behind the head of an MP3");
    }
    return;
}


sub random { return join '', map { chr int rand 256 } 1 .. $_[0] }


# The beginning of good media, then noise; some formats hold just that
sub noise {
    for my $good (good()) {
        my ($name, $kind, $bytes) = @$good;
        my %seen;
        for my $round (1 .. 8) {
            my $head = substr $bytes, 0, (12, 40, 100, 400)[$round % 4];
            my $answer = $daemon->convert($kind => $round % 2 ? {}
                : {size => {max => 32, auto_convert => $yes},
                channels => {supported => [2], auto_convert => $yes}},
                $head . random(500 * $round));
            my $ok = $answer->{status} eq 'REFUSED' ? $answer->{text}
                =~ /^(is|holds|has|cannot|lasts|would|changes|takes|with) / :
                $answer->{status} =~ /^(UNCHANGED|CONVERTED)$/;
            $seen{$answer->{status}}++;
            ok($ok && $answer->{time} < patience(60), "$name: noise $round")
                or diag("$answer->{status} " . ($answer->{text} // ''));
        }
        ok($seen{REFUSED}, 'is refused') if $name !~ /bmp|wav/;
    }
    unharmed('noise');
    return;
}


# Good media in which some bytes are not what they were
sub flipped {
    for my $good (good()) {
        my ($name, $kind, $bytes) = @$good;
        my @bad;
        for my $round (1 .. 15) {
            my $copy = $bytes;
            substr $copy, int rand($round % 2 ? 400 : length $copy), 1,
                random(1) for 1 .. 4;
            my $answer = $daemon->convert($kind => {size => {max => 32,
                auto_convert => $yes}, channels => {supported => [2],
                auto_convert => $yes}}, $copy);
            push @bad, "$answer->{status} " . ($answer->{text} // '')
                if $answer->{status} !~ /^(UNCHANGED|CONVERTED|REFUSED)$/
                    || $answer->{time} > patience(60);
        }
        is_deeply(\@bad, [], "$name with bytes changed");
    }
    unharmed('changed bytes');
    return;
}


sub base64 {
    my %texts = ('AAAA*AAA' => 4, 'A' => qr/[01]/, 'AAA=AAAA' => 4,
        "AAAA\nAAAA" => 4, 'AAAA' x 1000 . "\0" . 'AAA' => 4000,
        '=' => 0);
    for my $text (sort keys %texts) {
        my $answer = $daemon->convert(image => {}, undef, base64 => $text);
        refused($answer, qr/^is no valid base64, at byte $texts{$text}\b/,
            'base64 that is none');
    }
    return;
}


# What is sent, its other direction then closed
sub raw {
    my ($bytes) = @_;
    my $sock = $daemon->connect;
    local $SIG{PIPE} = 'IGNORE';
    syswrite $sock, $bytes;
    shutdown $sock, SHUT_WR;
    return AimeMedia::answer($sock, '');
}


sub frames {
    my $ask = JSON::PP->new->encode({kind => 'image', rules => {},
        max_size => 1000});
    my $request = AimeMedia::request('image', {}, 'AAAA');
    my %closed = (
        'nothing' => '',
        'half a head' => substr($request, 0, 9),
        'another magic' => pack('LLQ', 5, 10, 10) . 'x' x 20,
        'HTTP' => "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        'a question of 4 gigabytes' => pack('LLQ', $MAGIC, 0xffffffff, 0),
        'a question longer than may be' =>
            pack('LLQ', $MAGIC, 65537, 0) . ' ' x 65537,
        'half a question' => substr($request, 0, 30),
        'half a body' => substr($request, 0, -2));
    for my $name (sort keys %closed) {
        is(raw($closed{$name})->{status}, 'CLOSED', "closed: $name");
    }
    for my $len (1001 * 4, 1 << 40, ~0) {
        my $answer = raw(pack('LLQ', $MAGIC, length $ask, $len) . $ask
            . 'AAAA');
        is($answer->{status}, 'REFUSED', "a body of $len bytes");
        like($answer->{text},
            qr/^has \d+ bytes, more than the maximum of 1000$/,
            'is not waited for');
    }
    if (!on_asan()) {
        $ask = '{"kind": "image", "rules": {}}';
        my $answer = raw(pack('LLQ', $MAGIC, length $ask, 2_700_000_000)
            . $ask);
        is($answer->{text}, 'no memory for 2700000000 bytes of media',
            'nor is there memory for what no request bounds');
    }
    unharmed('frames');
    return;
}


sub questions {
    my @bad = ('', '{', 'null', '[]', '5', '"image"', '{"kind": 5}',
        '{"kind": "image"}', '{"kind": "smell", "rules": {}}',
        '{"kind": "image", "rules": 5}', '{"rules": {}}',
        '{"kind": "image", "rules": {"size": {"max": "x"}}}',
        '{"kind": "image", "rules": {"size": {"max": 1e999}}}',
        '{"kind": "image", "rules": {"size": {"min": [1, 2, 3]}}}',
        '{"kind": "image", "rules": {"format": {"supported": ["exe"]}}}',
        "{\"kind\": \"ima\0ge\", \"rules\": {}}",
        "{\"kind\": \"\xff\xfe\", \"rules\": {}}",
        '[' x 60_000, '{"kind":' x 8000, "\0" x 1000);
    for my $ask (@bad) {
        my $answer = $daemon->convert(image => {}, image('png'), ask => $ask);
        is($answer->{status}, 'FAILED', 'a question: '
            . (substr($ask, 0, 60) =~ s/[^ -~]/./gr)) or diag($answer->{text});
        ok(length $answer->{text}, 'and it says so');
    }
    for my $limit ('-5', '1e400', '"5"', 'null', '[]') {
        my $answer = $daemon->convert(image => {}, image('png'), ask =>
            '{"kind": "image", "rules": {}, "max_pixels": ' . $limit
            . ', "max_size": ' . $limit . ', "max_duration": ' . $limit . '}');
        is($answer->{status}, 'UNCHANGED', "a limit of $limit is none")
            or diag($answer->{text});
    }
    unharmed('questions');
    return;
}


# CPU time that is used up between two pictures, and within one
sub overtime {
    my $quick = AimeMedia->start(workers => 1, args => ['-t', 1], deaths => 1);
    my $long = make_media('long.mp4', '-f lavfi -i testsrc2=s=640x360:r=30:'
        . 'd=30 -preset ultrafast -pix_fmt yuv420p');
    my $answer = $quick->convert(video => {format => {supported => ['webm'],
        auto_convert => $yes}}, $long);
    refused($answer, qr/^takes more than 1 seconds to convert$/,
        'a film that takes too long');
    my ($worker) = $quick->workers;

    # easy to read, and three seconds of one call to write as a WebP
    my $large = make_media('large.png', '-f lavfi -i mandelbrot=s=3000x2000 '
        . '-frames:v 1');
    $answer = $quick->convert(image => {format => {supported => ['webp'],
        auto_convert => $yes}}, $large);
    refused($answer, qr/^takes more than 1 seconds to convert$/,
        'a picture that takes too long');
    ok(wait_until(sub { $quick->convert(image => {}, image('png'))->{status}
        eq 'UNCHANGED' }), 'then the next');
    ok(wait_until(sub { my @now = $quick->workers;
        @now == 1 && $now[0] != $worker }), 'by another worker');
    $quick->stop;
    return;
}


# A client that stops in the middle holds a worker for some seconds at most
sub silence {
    my $answer = $patient->convert(image => {}, image('png'));
    is($answer->{status}, 'UNCHANGED', 'after one who says no more');
    is(sysread($silent[0], my $rest, 100), 0, 'whose connection was closed');
    $patient->stop;
    return;
}
