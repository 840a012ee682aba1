package AimeStream;

# One client of /stream_progress: reads server-sent events as they come, from a
# connection (AimeHttp) that is its own.

use strict;
use warnings;

use Exporter 'import';
use Mojo::JSON ();
use Time::HiRes qw(time);

our @EXPORT = qw(stream_locations);


# The drop-in set of AimeTest with streams
sub stream_locations {
    my (@more) = @_;
    return <<"CONF";
aime_api_endpoints endpoints;
location ~ ^/worker_ { aime_api_worker_interface; }
location /api/ { aime_api_info; }
location = /zone { return 200 \$aime_zone_used; }
location = /stream_progress {
    aime_api_stream;
    @more
}
CONF
}


# Sends the request (a path, or [path, body] to post) and reads the head:
# {status}, {headers}; what follows if it is no stream is in {body}
sub new {
    my ($class, $conn, $path, %headers) = @_;
    my $self = $class->open($conn, $path, %headers);
    $self->head;
    return $self;
}


# The same without waiting for the head
sub open {
    my ($class, $conn, $path, %headers) = @_;
    my ($method, @request) = ref $path ? (POST => @$path)
        : (GET => $path, undef);
    $conn->send_request($method, @request, %headers);
    return bless { conn => $conn, text => '', comments => 0 }, $class;
}


sub head {
    my ($self, $timeout) = @_;
    my $head = $self->{conn}->read_until(qr/\r\n\r\n/, $timeout)
        or die "no answer\n";
    ($self->{status}) = $head =~ m{\AHTTP/1\.1 (\d+)};
    $self->{headers}{lc $1} = $2 while $head =~ /^([\w-]+):\s*(.*?)\r$/mg;
    my $length = $self->{headers}{'content-length'};
    $self->{body} = $self->{conn}->read_until(qr/\A.{$length}/s) if $length;
    return $self;
}


# The next event: {id}, {data}, {raw}; undef at the end, or when none came.
# Comments are counted.  With {plain} set, the data are not decoded.
sub event {
    my ($self, $timeout) = @_;
    while (1) {
        while ($self->{text} =~ s/\A(.*?)\n\n//s) {
            my $raw = $1;
            if ($raw =~ /\A:/) { $self->{comments}++; next }
            my @lines = split /[\r\n]+/, $raw;
            my %event = (raw => $raw);
            for (@lines) {
                /\A(id|event|data): (.*)\z/ or die "a line: $_\n";
                $event{$1} = $2;
            }
            $event{data} = Mojo::JSON::decode_json($event{data})
                if !$self->{plain};
            return \%event;
        }
        $self->_chunk($timeout) or return;
    }
}


# Reads until an event's member has that value
sub event_with {
    my ($self, $name, $value, $timeout) = @_;
    while (my $event = $self->event($timeout)) {
        return $event if ($event->{data}{$name} // '') eq $value;
    }
    return;
}


# Waits for so many comments in all
sub comments {
    my ($self, $count) = @_;
    while ($self->{comments} < $count) {
        $self->_chunk or return 0;
        $self->{comments}++ while $self->{text} =~ s/\A:[^\n]*\n\n//;
    }
    return 1;
}


# Nothing more comes, and that was told properly
sub ended {
    my ($self) = @_;
    return 0 if length $self->{text};
    return 1 if $self->{last};
    return !$self->_chunk && $self->{last};
}


sub close { return $_[0]{conn}->close }


sub _chunk {
    my ($self, $timeout) = @_;
    return if $self->{last};
    my $conn = $self->{conn};
    my $size = $conn->read_until(qr/\A[0-9a-f]+\r\n/, $timeout) // return;
    my $n = hex($size =~ s/\r\n//r);
    my $data = '';
    while (length $data < $n + 2) {
        my $want = $n + 2 - length $data;
        $want = 30_000 if $want > 30_000;
        $data .= $conn->read_until(qr/\A.{$want}/s, $timeout) // return;
    }
    $self->{last} = 1 if !$n;
    $self->{text} .= substr $data, 0, $n;
    return $n;
}


1;
