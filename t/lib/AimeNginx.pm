package AimeNginx;

# One nginx under test: starts it in a folder of its own, finds its processes,
# stops it, and reads its error log.  Shared by Test::Nginx::Socket and
# AimeTest; knows nothing of the module.
#
# Environment: NGINX (binary), MODULE (.so to load), AIME_TEST_PROCS (worker
# processes, default 2), AIME_STATIC=1 (the binary has the module in it),
# AIME_VALGRIND=1, AIME_ASAN=1, AIME_KEEP=1 (leave the folders of the servers
# where they are).

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter 'import';
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use POSIX qw(WNOHANG _exit);
use Time::HiRes qw(time);

our @EXPORT_OK = qw(wait_until patience reaped free_port module_path
    default_procs on_valgrind on_asan spew slurp);

# What must never stand in an error log, or in a sanitizer's or valgrind's
my $BAD = qr/ \[(?:alert|emerg|crit)\] | ERROR:\ \w+Sanitizer
            | runtime\ error: | ^==\d+==\ +\S /x;

my $ROOT  = dirname(dirname(dirname(abs_path(__FILE__))));
my $OWNER = $$;
my (@live, @dirs);                  # every nginx that runs, every folder


sub on_valgrind { return $ENV{AIME_VALGRIND} ? 1 : 0 }

sub on_asan { return $ENV{AIME_ASAN} ? 1 : 0 }


# seconds to wait for something that should take that long at most
sub patience {
    my ($seconds) = @_;
    return $seconds * (on_valgrind() ? 10 : on_asan() ? 3 : 1);
}


# Calls a function until it gives a true value, and returns that; false when
# the time is over.
sub wait_until {
    my ($see, $timeout) = @_;
    my $end = time + patience($timeout // 10);
    while (1) {
        my $seen = $see->();
        return $seen if $seen || time > $end;
        select undef, undef, undef, 0.005;
    }
}


# Below the range that the kernel gives to connections
my %given;

sub free_port {
    for (1 .. 1000) {
        my $port = 12000 + int rand 20000;
        next if $given{$port}++;
        my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
            LocalPort => $port, Listen => 1) or next;
        return $port;
    }
    die "no free port\n";
}


sub default_procs {
    return on_valgrind() ? 1 : $ENV{AIME_TEST_PROCS} || 2;
}


# The .so to load, or undef where none was built
sub module_path {
    my $path = $ENV{MODULE} || "$ROOT/build/ngx_http_aime_api_module.so";
    return -e $path ? $path : undef;
}


sub spew {
    my ($path, $text) = @_;
    make_path(dirname($path));
    open my $out, '>', $path or die "$path: $!\n";
    print $out $text;
    close $out or die "$path: $!\n";
    return $path;
}


sub slurp {
    my ($path) = @_;
    open my $in, '<', $path or return '';
    local $/;
    return scalar(<$in>) // '';
}


# procs (worker processes), master (1; 0 for master_process off), port (what
# port() gives), level (of the error log), allow (regexes of log lines that
# are no problem), wrap (a command that becomes nginx)
sub new {
    my ($class, %opt) = @_;
    my $self = bless {
        procs => default_procs(), master => 1, level => 'info', allow => [],
        wrap => [], dir => tempdir('aime-XXXXXXXX', TMPDIR => 1), %opt
    }, $class;
    @$self{qw(procs master)} = (1, 0) if on_valgrind();
    push @dirs, $self->{dir};
    make_path(map { "$self->{dir}/$_" } qw(conf html logs tmp));
    chmod 0755, $self->{dir};
    $self->{port} //= free_port();
    return $self;
}


sub dir { return $_[0]{dir} }

sub port { return $_[0]{port} }

sub pid { return $_[0]{pid} }

sub log { return slurp("$_[0]{dir}/logs/error.log") }

sub log_size { return -s "$_[0]{dir}/logs/error.log" || 0 }


# The first lines of a nginx.conf; the rest goes below
sub preamble {
    my ($self, @modules) = @_;
    my ($hard) = slurp('/proc/self/limits') =~ /^Max open files\s+\S+\s+(\d+)/m;
    my @lines = ('daemon off', "worker_processes $self->{procs}",
        'master_process ' . ($self->{master} ? 'on' : 'off'),
        "error_log logs/error.log $self->{level}", 'pid logs/nginx.pid');
    push @lines, 'user root' if $> == 0;
    push @lines, 'worker_rlimit_nofile ' . ($hard < 16384 ? $hard : 16384)
        if $hard;
    push @lines, map { "load_module $_" } @modules if !$ENV{AIME_STATIC};
    return join '', map { "$_;\n" } @lines;
}


# The first lines of its http block
sub http_preamble {
    my ($self) = @_;
    return join '', "access_log logs/access.log;\n",
        map { "${_}_temp_path tmp/$_;\n" }
        qw(client_body proxy fastcgi uwsgi scgi);
}


sub write_conf {
    my ($self, $text) = @_;
    return spew("$self->{dir}/conf/nginx.conf", $text);
}


sub command {
    my ($self, @arguments) = @_;
    my ($binary) = grep { length && -x }
        $ENV{NGINX} // '', $ENV{TEST_NGINX_BINARY} // '',
        map { "$_/nginx" } split(/:/, $ENV{PATH}), '/usr/sbin',
        '/usr/local/sbin';
    die "no nginx found, set NGINX\n" if !$binary;
    my $dir = $self->{dir};
    my @wrap = !on_valgrind() ? () : (qw(valgrind -q --error-exitcode=99
        --leak-check=full --show-leak-kinds=definite
        --errors-for-leak-kinds=definite
        --gen-suppressions=all), "--log-file=$dir/logs/valgrind.%p",
        "--suppressions=$ROOT/t/valgrind.supp");
    return (@wrap, @{$self->{wrap}}, $binary, '-p', "$dir/", '-c',
        'conf/nginx.conf', '-e', 'logs/error.log', @arguments);
}


sub _sanitizer_env {
    my ($self) = @_;
    my $cc = $ENV{CC} || 'cc';
    my @libs = map { abs_path($_) } map { split /\n/, `$cc -print-file-name=$_` }
        qw(libasan.so libubsan.so);
    my $to = "log_path=$self->{dir}/logs/san";
    return (LD_PRELOAD => "@libs",
        ASAN_OPTIONS => "detect_leaks=0:detect_odr_violation=0:$to",
        UBSAN_OPTIONS => "print_stacktrace=1:$to");
}


sub _spawn {
    my ($self, @command) = @_;
    my %env = (%ENV, on_asan() ? $self->_sanitizer_env : ());
    delete $env{NGINX};             # to nginx it names inherited sockets
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    %ENV = %env;
    open STDIN, '<', '/dev/null';
    open STDOUT, '>>', "$self->{dir}/logs/output";
    open STDERR, '>&', \*STDOUT;
    exec {$command[0]} @command or _exit(127);
}


# `nginx -t`: (exit status, what it printed)
sub check_conf {
    my ($self) = @_;
    my $before = length $self->output;
    waitpid $self->_spawn($self->command('-t')), 0;
    return ($? >> 8, substr $self->output, $before);
}


sub output { return slurp("$_[0]{dir}/logs/output") }


# Starts and waits until every process serves.  False when nginx gave up by
# itself (its complaints are in output), dies when it hangs.
sub start {
    my ($self) = @_;
    $self->{pid} = $self->_spawn($self->command);
    push @live, $self;
    wait_until(sub { $self->_gone || $self->_is_up }, 20)
        or die "nginx did not come up\n" . $self->tail;
    return $self->{pid} ? 1 : 0;
}


sub _is_up {
    my ($self) = @_;
    return $self->procs == $self->{procs} if $self->{master};
    # written when all the sockets are open, not only the first of them
    return slurp("$self->{dir}/logs/nginx.pid") =~ /^$self->{pid}$/m;
}


# True when the first process is no more
sub _gone {
    my ($self) = @_;
    return 0 if !reaped($self);
    @live = grep { $_ != $self } @live;
    return 1;
}


# True when the process of an object, its {pid}, has ended, or there is none;
# the exit status is then in {status}
sub reaped {
    my ($self) = @_;
    return 1 if !$self->{pid};
    return 0 if waitpid($self->{pid}, WNOHANG) == 0;
    $self->{status} = $?;
    $self->{pid} = undef;
    return 1;
}


sub _children {
    my ($pid) = @_;
    my @children = split ' ', slurp("/proc/$pid/task/$pid/children");
    return @children if -e "/proc/$pid/task/$pid/children";
    return grep { (slurp("/proc/$_/stat") =~ /\) \S (\d+)/)[0] == $pid }
        map { m{(\d+)$} } glob '/proc/[0-9]*';
}


sub _titled {
    my ($self, $title) = @_;
    return grep { slurp("/proc/$_/cmdline") =~ /^nginx: \Q$title\E[\0 ]*$/ }
        _children($self->{pid});
}


# Pids of the processes that serve, and of those that only finish their work
sub procs {
    my ($self) = @_;
    return if !$self->{pid};
    return $self->{master} ? $self->_titled('worker process') : $self->{pid};
}

sub draining {
    my ($self) = @_;
    return if !$self->{pid};
    return $self->_titled('worker process is shutting down');
}


# HUP, until all the processes are new ones.  False when nginx refused.
sub reload {
    my ($self, %opt) = @_;
    my %old = map { $_ => 1 } $self->procs;
    $self->{procs} = $opt{procs} if $opt{procs};
    my $from = $self->log_size;
    kill HUP => $self->{pid};
    my $end = wait_until(sub {
        my @now = $self->procs;
        return 'new' if @now == $self->{procs} && !grep { $old{$_} } @now;
        return 'refused' if substr($self->log, $from) =~ /\[emerg\]/;
    }, 20) or die "nginx did not reload\n" . $self->tail;
    return $end eq 'new';
}


# Kills one process on purpose and waits until its successor serves
sub kill_proc {
    my ($self, $pid, $signal) = @_;
    push @{$self->{allow}}, qr/process $pid exited on signal/,
        qr/shared memory zone .* was locked by $pid$/;
    kill $signal // 'KILL', $pid;
    return wait_until(sub {
        my @now = $self->procs;
        return @now == $self->{procs} && !grep { $_ == $pid } @now;
    }, 10);
}


# Graceful; a server that still has waiting requests after that many seconds
# is terminated, and 0 is returned
sub stop {
    my ($self, $seconds) = @_;
    return 1 if $self->_gone;
    kill QUIT => $self->{pid};
    return 1 if wait_until(sub { $self->_gone }, $seconds // 10);
    kill TERM => $self->{pid};
    wait_until(sub { $self->_gone }, 5) or $self->kill;
    return 0;
}


# All of its processes, at once
sub kill {
    my ($self) = @_;
    return if $self->_gone;
    kill KILL => $self->{pid}, _children($self->{pid});
    wait_until(sub { $self->_gone }, 5);
    return;
}


# The lines of its logs that must not be there
sub problems {
    my ($self) = @_;
    my @lines = map { split /\n/, slurp($_) } "$self->{dir}/logs/error.log",
        glob "$self->{dir}/logs/{san,valgrind}.*";
    my @bad = grep { my $line = $_;
        $line =~ $BAD && !grep { $line =~ $_ } @{$self->{allow}} } @lines;
    push @bad, 'valgrind: exit status 99' if ($self->{status} // 0) == 99 << 8;
    return @bad;
}


# The end of its logs, for a failure's message
sub tail {
    my ($self, $lines) = @_;
    my @lines = grep { !/\[debug\]/ } split /\n/, $self->log;
    splice @lines, 0, -($lines // 40) if @lines > ($lines // 40);
    push @lines, map { split /\n/, slurp($_) } "$self->{dir}/logs/output",
        glob "$self->{dir}/logs/{san,valgrind}.*";
    return join '', map { "  log: $_\n" } @lines;
}


# Nothing that was started may stay behind, whatever ends the test
for my $signal (qw(INT TERM HUP)) {
    $SIG{$signal} = sub { exit 130 };
}

$SIG{PIPE} = 'IGNORE';

END {
    my $status = $?;
    if ($$ == $OWNER) {
        $_->kill for @live;
        remove_tree(@dirs) if !$ENV{AIME_KEEP};
    }
    $? = $status;
}


1;
