package AimeMedia;

# The media daemon under test, a client of its protocol, and media to feed it.
#
#   my $daemon = AimeMedia->start(workers => 1);
#   my $answer = $daemon->convert(image => {size => {max => 64}}, $bytes);
#   is($answer->{status}, 'REFUSED');
#   my $png = make_media('a.png', '-f lavfi -i testsrc2=s=64x64 -frames:v 1');
#   is(media_info($png)->{width}, 64);
#
# The daemon is build/aime-mediad next to MODULE.  What it logs is checked when
# it stops: no sanitizer report, no worker that died unless the test says so.

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter ();
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use IO::Socket::UNIX;
use JSON::PP;
use MIME::Base64 qw(encode_base64 decode_base64);
use POSIX qw(WNOHANG _exit);
use Test::More ();
use Time::HiRes qw(time sleep);

use AimeNginx qw(wait_until patience on_asan slurp spew);

our @ISA = 'Exporter';
our @EXPORT_OK = qw(make_media media_info media_pixels wait_until patience
    on_asan slurp spew);

my $ROOT    = dirname(dirname(dirname(abs_path(__FILE__))));
my $OWNER   = $$;
my @STATUS  = qw(UNCHANGED CONVERTED REFUSED FAILED);
my $MAGIC   = 0x444d4941;
my $dir     = tempdir(CLEANUP => 1);
my (%made, @live);


# Who makes media needs ffmpeg, or is skipped
sub import {
    my ($class, @names) = @_;
    Test::More::plan(skip_all => 'needs ffmpeg and ffprobe')
        if grep({ /^(?:make_)?media/ } @names)
        && system('{ command -v ffmpeg && command -v ffprobe; } >/dev/null');
    return $class->export_to_level(1, $class, @names);
}


sub binary {
    my $module = $ENV{MODULE} || "$ROOT/build/-";
    my $path = dirname($module) . '/aime-mediad';
    return -x $path ? $path : undef;
}


# workers, args (further ones), deaths => 1 if workers may die, socket (path),
# closed (descriptors that it is started without)
sub start {
    my ($class, %opt) = @_;
    my $n = ++$made{daemons};
    my $self = bless {workers => 2, args => [], closed => [],
        socket => "$dir/mediad-$n.sock", log => "$dir/mediad-$n.log",
        %opt, owner => $$}, $class;
    my $binary = binary() or Test::More::BAIL_OUT('no build/aime-mediad');
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        open STDERR, '>', $self->{log} or _exit(127);
        $ENV{ASAN_OPTIONS} = 'detect_leaks=0:abort_on_error=0';
        POSIX::close($_) for @{$self->{closed}};
        exec $binary, '-s', $self->{socket}, '-n', $self->{workers},
            @{$self->{args}} or _exit(127);
    }
    $self->{pid} = $pid;
    push @live, $self;
    wait_until(sub { -S $self->{socket}
        && $self->workers == $self->{workers} })
        or die "aime-mediad did not start: " . $self->log_text;
    return $self;
}


sub log_text {
    my ($self) = @_;
    return -e $self->{log} ? slurp($self->{log}) : '';
}


# The processes of the workers that run
sub workers {
    my ($self) = @_;
    my $path = "/proc/$self->{pid}/task/$self->{pid}/children";
    return grep { alive($_) } split ' ', -e $path ? slurp($path) : '';
}


sub alive {
    my ($pid) = @_;
    open my $in, '<', "/proc/$pid/stat" or return 0;
    return (<$in> // '') !~ /\) Z /;
}


# Field of /proc/PID/status, without its unit
sub status_of {
    my ($pid, $field) = @_;
    open my $in, '<', "/proc/$pid/status" or return undef;
    while (my $line = <$in>) {
        return $1 if $line =~ /^\Q$field\E:\s+(\S+)/;
    }
    return undef;
}


sub stop {
    my ($self, $signal) = @_;
    return if !$self->{pid};
    CORE::kill($signal // 'TERM', $self->{pid});
    my $ended = wait_until(sub { waitpid($self->{pid}, WNOHANG) != 0 }, 20);
    my $status = $?;
    if (!$ended) { CORE::kill('KILL', $self->{pid}); waitpid $self->{pid}, 0 }
    $self->{pid} = 0;
    my $text = $self->log_text;
    Test::More::ok($ended && $status == 0, 'the daemon ends when told to')
        or Test::More::diag($text);
    Test::More::ok(!-e $self->{socket}, 'and takes its socket away');
    my @bad = grep { /Sanitizer|runtime error/
        || (!$self->{deaths} && /was ended by|exited with/) } split /\n/, $text;
    Test::More::is_deeply(\@bad, [], 'nothing bad in its log')
        or Test::More::diag($text);
    return $self;
}


# What no supervisor survives; the processes that were its workers
sub kill {
    my ($self) = @_;
    my @workers = $self->workers;
    CORE::kill('KILL', $self->{pid});
    waitpid $self->{pid}, 0;
    $self->{pid} = 0;
    return @workers;
}


END {
    if ($$ == $OWNER) {
        my $status = $?;
        CORE::kill('KILL', grep { $_ } map { $_->{pid} } @live);
        waitpid $_, 0 for grep { $_ } map { $_->{pid} } @live;
        $? = $status;
    }
}


# A connection that has read the greeting
sub connect {
    my ($self) = @_;
    my $sock = IO::Socket::UNIX->new(Peer => $self->{socket})
        or die "connect: $!\n";
    my $greeting = '';
    while (length $greeting < 8) {
        sysread($sock, $greeting, 8 - length $greeting, length $greeting)
            or die "no greeting\n";
    }
    die "greeting: $greeting\n" if $greeting ne "AIMEMD1\n";
    return $sock;
}


sub request {
    my ($kind, $rules, $body, %limit) = @_;
    my $ask = $limit{ask} // JSON::PP->new->canonical->encode({
        kind => $kind, rules => $rules, max_pixels => 50e6,
        max_duration => 600, max_size => 50e6, %limit});
    return pack('LLQ', $MAGIC, length $ask, length $body) . $ask . $body;
}


# {status, text | data and type, time}; status CLOSED: closed without answer
sub convert {
    my ($self, $kind, $rules, $media, %limit) = @_;
    my $base64 = delete $limit{base64} // encode_base64($media, '');
    my $sock = $self->connect;
    my $start = time;
    my $answer = answer($sock, request($kind, $rules, $base64, %limit));
    $answer->{time} = time - $start;
    return $answer;
}


sub answer {
    my ($sock, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my $at = 0;
    while ($at < length $bytes) {
        my $n = syswrite($sock, $bytes, 1 << 20, $at) // last;
        $at += $n;
    }
    my $got = '';
    while (sysread($sock, $got, 1 << 20, length $got)) { }
    return {status => 'CLOSED', text => $got} if length $got < 16;
    my ($magic, $status, $len) = unpack 'LLQ', $got;
    my $rest = substr $got, 16;
    die "not an answer\n" if $magic != $MAGIC || length $rest != $len;
    my %answer = (status => $STATUS[$status] // "status $status");
    if ($answer{status} eq 'CONVERTED') {
        my $url = JSON::PP->new->allow_nonref->decode($rest);
        @answer{qw(type body)} = $url =~ m{^data:([\w/]+);base64,(.*)$}s
            or die "not a data URL\n";
        $answer{data} = decode_base64(delete $answer{body});
    } else {
        $answer{text} = $rest;
    }
    return \%answer;
}


# Bytes of a file that ffmpeg makes, once for each name and arguments
sub make_media {
    my ($name, $args) = @_;
    return $made{"$name $args"} //= do {
        my $path = "$dir/$name";
        system("ffmpeg -y -nostdin -v error $args $path") == 0
            or die "ffmpeg cannot make $name\n";
        slurp($path);
    };
}


# What ffprobe says of the first stream of that type, video without one; of the
# file: format, duration
sub media_info {
    my ($bytes, $type) = @_;
    if (($made{asked} // '') ne ($bytes // '')) {
        my $path = spew("$dir/info.bin", $bytes);
        my $json = `ffprobe -v quiet -show_streams -show_format -of json $path`;
        @made{qw(asked info)} = ($bytes, JSON::PP->new->decode($json || '{}'));
    }
    my $info = $made{info} // {};
    my ($stream) = grep { $_->{codec_type} eq ($type // 'video') }
        @{$info->{streams} // []};
    return {%{$stream // {}}, file => $info->{format}{format_name},
        seconds => $info->{format}{duration}, streams =>
        scalar @{$info->{streams} // []}};
}


# The bytes of the first picture in that pixel format
sub media_pixels {
    my ($bytes, $format) = @_;
    my $path = spew("$dir/pixels.bin", $bytes);
    return scalar `ffmpeg -nostdin -v error -noautorotate -i $path \\
        -frames:v 1 -f rawvideo -pix_fmt $format -`;
}


1;
