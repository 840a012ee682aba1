package AimeHttp;

# HTTP/1.1 over one plain socket, with sending and reading apart, so that a
# request can be left waiting; and many such connections read at once.  Names
# of headers are in lower case in what it gives back.

use strict;
use warnings;

use Errno qw(EAGAIN EINTR);
use IO::Poll;
use IO::Socket::INET;
use Mojo::JSON ();
use Socket qw(SOL_SOCKET SO_RCVBUF inet_aton);
use Time::HiRes qw(time);

use AimeNginx qw(patience);


# port, host, close (1: ask the server to close after each answer), rcvbuf
# (bytes of a large answer that are taken before it is read)
sub new {
    my ($class, %opt) = @_;
    my $self = bless { host => '127.0.0.1', in => '', %opt }, $class;
    $self->{socket} = $self->{rcvbuf} ? $self->_narrow
        : IO::Socket::INET->new(PeerAddr => $self->{host},
            PeerPort => $self->{port}, Timeout => patience(10))
        or die "no connection to port $self->{port}: $@\n";
    $self->{socket}->blocking(0);
    return $self;
}


# The size of the buffer counts only when it is set before the connection is
# there
sub _narrow {
    my ($self) = @_;
    my $socket = IO::Socket::INET->new(Proto => 'tcp') or return;
    $socket->setsockopt(SOL_SOCKET, SO_RCVBUF, $self->{rcvbuf}) or return;
    return $socket->connect($self->{port}, inet_aton($self->{host}));
}


sub socket { return $_[0]{socket} }


# The text of a request; a reference as body is sent as JSON
sub request_text {
    my ($self, $method, $path, $body, %headers) = @_;
    my %have = map { lc($_) => 1 } keys %headers;
    if (ref $body) {
        $body = Mojo::JSON::encode_json($body);
        $headers{'Content-Type'} = 'application/json' if !$have{'content-type'};
    }
    $headers{Host} = 'localhost' if !$have{host};
    $headers{Connection} = 'close' if $self->{close} && !$have{connection};
    $headers{'Content-Length'} = length $body
        if defined $body && !$have{'content-length'}
        && !$have{'transfer-encoding'};
    my $head = join '', map { "$_: $headers{$_}\r\n" } sort keys %headers;
    return "$method $path HTTP/1.1\r\n$head\r\n" . ($body // '');
}


sub send_request {
    my ($self, $method, @request) = @_;
    $self->{method} = $method;
    return $self->send_raw($self->request_text($method, @request));
}


# Writes bytes as they are; what the peer no longer takes is dropped (its
# answer may be there to be read nevertheless).
sub send_raw {
    my ($self, $bytes, $timeout) = @_;
    my $end = time + patience($timeout // 30);
    my $at = 0;
    while ($at < length $bytes) {
        my $n = syswrite $self->{socket}, $bytes, 1 << 20, $at;
        if (defined $n) { $at += $n; next }
        next if $!{EINTR};
        last if !$!{EAGAIN};
        die "the peer does not read\n" if time > $end;
        _ready(0.1, POLLOUT, $self);
    }
    return $self;
}


# Waits for the sockets of some connections; those that are ready
sub _ready {
    my ($seconds, $events, @conns) = @_;
    my %by_fd = map { (fileno($_->{socket}) => $_) } @conns;
    my @mask = map { ($_, $events) } keys %by_fd;
    return if IO::Poll::_poll($seconds * 1000, @mask) <= 0;
    my @ready;
    while (my ($fd, $got) = splice @mask, 0, 2) {
        push @ready, $by_fd{$fd} if $got;
    }
    return @ready;
}


# True when there is something to read (or the end of it)
sub readable {
    my ($self, $seconds) = @_;
    return length $self->{in} || _ready($seconds // 0, POLLIN, $self) ? 1 : 0;
}


# Reads what is there
sub _fill {
    my ($self) = @_;
    while (!$self->{eof}) {
        my $n = sysread $self->{socket}, $self->{in}, 1 << 20,
            length $self->{in};
        next if $n || !defined $n && $!{EINTR};
        last if !defined $n && $!{EAGAIN};
        $self->{eof} = 1;
    }
    return;
}


# The next answer, or undef when none came in time (or the peer went away)
sub read_response {
    my ($self, $timeout) = @_;
    my $end = time + patience($timeout // 10);
    while (1) {
        $self->_fill;
        my $response = $self->_parse;
        return $response if $response;
        return if $self->{eof} || time >= $end;
        _ready(0.1, POLLIN, $self);
    }
}


# The text up to the end of a match, for streams; undef when none came in time
sub read_until {
    my ($self, $regex, $timeout) = @_;
    my $end = time + patience($timeout // 10);
    while (1) {
        $self->_fill;
        return substr $self->{in}, 0, $+[0], '' if $self->{in} =~ $regex;
        return if $self->{eof} || time >= $end;
        _ready(0.1, POLLIN, $self);
    }
}


sub request {
    my ($self, @request) = @_;
    return $self->send_request(@request)->read_response($self->{timeout});
}


sub close {
    my ($self) = @_;
    CORE::close $self->{socket} if $self->{socket};
    $self->{eof} = 1;
    return;
}


sub _parse {
    my ($self) = @_;
    my $head = $self->{head} //= $self->_parse_head or return;
    my $body = $self->_take_body($head);
    return if !defined $body;
    $self->{head} = undef;
    return bless { %$head, body => $body }, 'AimeHttp::Response';
}


sub _parse_head {
    my ($self) = @_;
    $self->{in} =~ s/\AHTTP\/1\.1 1\d\d .*?\r\n\r\n//s;
    $self->{in} =~ s/\A(HTTP\/[\d.]+ (\d+).*?)\r\n\r\n//s or return;
    my %head = (raw => $1, status => $2, headers => {});
    my (undef, @lines) = split /\r\n/, $head{raw};
    for (@lines) {
        my ($name, $value) = /^([^:]+):\s*(.*?)\s*$/ or next;
        my $old = $head{headers}{lc $name};
        $head{headers}{lc $name} = defined $old ? "$old, $value" : $value;
    }
    return \%head;
}


sub _take_body {
    my ($self, $head) = @_;
    my $h = $head->{headers};
    return '' if ($self->{method} // '') eq 'HEAD'
        || $head->{status} =~ /^(?:204|304)$/;
    return $self->_take_chunks($head)
        if ($h->{'transfer-encoding'} // '') =~ /chunked/i;
    my $need = $h->{'content-length'};
    return if defined $need ? length $self->{in} < $need : !$self->{eof};
    return substr $self->{in}, 0, $need // length $self->{in}, '';
}


sub _take_chunks {
    my ($self, $head) = @_;
    while ($self->{in} =~ /\A([0-9a-fA-F]+)[^\r\n]*\r\n/) {
        my ($from, $size) = ($+[0], hex $1);
        return if length $self->{in} < $from + $size + 2;
        $head->{chunks} .= substr $self->{in}, $from, $size;
        substr $self->{in}, 0, $from + $size + 2, '';
        return $head->{chunks} if !$size;
    }
    return;
}


package AimeHttp::Response;

# {status}, {headers}{name}, {body}, {raw} (the head as it came)

sub status { return $_[0]{status} }

sub body { return $_[0]{body} }

sub header { return $_[0]{headers}{lc $_[1]} }

sub json { return Mojo::JSON::decode_json($_[0]{body}) }

# of the nginx process that answered
sub pid { return $_[0]{headers}{'x-pid'} }


package AimeHttp::Crowd;

# Many requests waiting at once, each on a connection of its own

use strict;
use warnings;

use IO::Poll;
use Time::HiRes qw(time);


# new(AimeHttp options, n, sub { request number → (method, path, body, …) })
sub new {
    my ($class, $opt, $count, $request) = @_;
    my $self = bless { conns => [], answers => {} }, $class;
    for my $i (0 .. $count - 1) {
        my $conn = AimeHttp->new(%$opt);
        $conn->{number} = $i;
        $conn->send_request($request->($i));
        push @{$self->{conns}}, $conn;
    }
    return $self;
}


sub conn { return $_[0]{conns}[$_[1]] }

# by number; undef for those that still wait
sub answer { return $_[0]{answers}{$_[1]} }

sub answers { my ($self) = @_; return values %{$self->{answers}} }

sub waiting {
    my ($self) = @_;
    return grep { !$self->{answers}{$_->{number}} && !$_->{eof} }
        @{$self->{conns}};
}


# Reads until so many (default: all) have their answer; how many have
sub wait_for {
    my ($self, $count, $timeout) = @_;
    my $end = time + AimeHttp::patience($timeout // 10);
    $count //= @{$self->{conns}};
    while ($self->answers < $count && time < $end) {
        my @waiting = $self->waiting or last;
        for my $conn (AimeHttp::_ready(0.1, POLLIN, @waiting)) {
            my $answer = $conn->read_response(0);
            $self->{answers}{$conn->{number}} = $answer if $answer;
        }
    }
    return scalar $self->answers;
}


sub close {
    my ($self) = @_;
    $_->close for @{$self->{conns}};
    return;
}


1;
