package AimeExample;

# A worker out of examples/, or another one, that serves a server under test (AimeTest):
#
#   my $worker = AimeExample->start($srv, 'chat_worker.py', '--pace', 0);
#
# It has the test's worker key.  env => {...} first gives it more environment.

use strict;
use warnings;

use Exporter 'import';
use Mojo::JSON qw(decode_json);
use POSIX ();
use Test::More ();
use AimeNginx qw(reaped);
use AimeStream;
use AimeTest;

our @EXPORT_OK = qw(chunks content);

my $OWNER = $$;
my $count = 0;
my @live;


# Skips the test where examples cannot run
sub need {
    Test::More::plan(skip_all => 'no python3')
        if system('command -v python3 >/dev/null');
    return;
}


# Returns when it has logged in, or dies with what it said
sub start {
    my ($class, @what) = @_;
    my $self = $class->launch(@what);
    $self->says(qr/ serves /) or die "it does not serve: " . $self->said;
    return $self;
}


# The same without waiting for that
sub launch {
    my ($class, $srv, $program, @arguments) = @_;
    my %env = (AIME_AUTH_KEY => $WORKER_KEY,
        ref $arguments[0] ? %{shift @arguments} : ());
    my $self = bless { out => $srv->dir . '/logs/example.' . ++$count },
        $class;
    $self->{pid} = fork // die "fork: $!\n";
    if (!$self->{pid}) {
        @ENV{keys %env} = values %env;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', $self->{out};
        open STDERR, '>&', \*STDOUT;
        $program = "examples/$program" if $program !~ m{/};
        exec 'python3', $program, '--server', $srv->url, @arguments
            or POSIX::_exit(127);
    }
    push @live, $self;
    return $self;
}


sub said { return slurp($_[0]{out}) }


# Waits until it has said that; false if it ended or never does
sub says {
    my ($self, $what) = @_;
    wait_until(sub { $self->said =~ $what || $self->gone }, 20);
    return $self->said =~ $what;
}


# Whether it ended; its exit status is in {status}
sub gone {
    my ($self) = @_;
    return 0 if !reaped($self);
    @live = grep { $_ != $self } @live;
    return 1;
}


# SIGTERM; whether it ended by itself
sub stop {
    my ($self) = @_;
    return 1 if $self->gone;
    kill TERM => $self->{pid};
    return wait_until(sub { $self->gone }, 10);
}


# Of a stream at /v1 that was asked for on that connection: its chunks, and
# whether it ended as it should
sub chunks {
    my ($conn) = @_;
    my $stream = bless { conn => $conn, text => '', comments => 0, plain => 1 },
        'AimeStream';
    $stream->head;
    my @chunks;
    while (my $event = $stream->event(20)) {
        return (\@chunks, $stream->ended) if $event->{data} eq '[DONE]';
        push @chunks, decode_json($event->{data});
    }
    return (\@chunks, 0);
}


# What they say
sub content {
    my (@chunks) = @_;
    return join '', map { $_->{choices}[0]{delta}{content} // '' } @chunks;
}


END {
    my $status = $?;
    if ($$ == $OWNER) {
        Test::More::diag('an example worker said: ' . $_->said)
            for Test::More->builder->is_passing ? () : @live;
        kill KILL => $_->{pid} for @live;
        waitpid $_->{pid}, 0 for @live;
    }
    $? = $status;
}


1;
