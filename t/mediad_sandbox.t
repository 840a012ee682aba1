# The sandbox of the media daemon's workers: what they may not do, whom they run
# as, what they have open, what they may use.  Guards against a filter that is
# not loaded, a descriptor that is inherited, and privileges that stay; the
# workers are looked at from outside, at rest and in the middle of a request.

use strict;
use warnings;

use lib 't/lib';
use IO::Socket::UNIX;
use JSON::PP ();
use POSIX qw(_exit);
use Test::More;
use AimeMedia qw(make_media wait_until on_asan slurp);

my $binary = AimeMedia::binary() or plan(skip_all => 'no build/aime-mediad');
$ENV{ASAN_OPTIONS} = 'detect_leaks=0';
my $MEMORY = 64;                        # megabytes

attempts();
users();
my $daemon = AimeMedia->start(workers => 2, args => ['-M', "${MEMORY}m"]);
my ($idle, $busy) = processes();
is_deeply([sort $daemon->workers], [sort $idle, $busy->{pid}],
    'one at rest, one at work');
for my $case ([$idle, 'at rest'], [$busy->{pid}, 'at work']) {
    identity(@$case);
    descriptors(@$case);
    limits(@$case);
}
close $busy->{sock};
memory();
$daemon->stop;
file_size();
closed_descriptors();
done_testing();


# The daemon's own tries to break out
sub attempts {
    my $text = `$binary --check-sandbox 2>&1`;
    is($?, 0, '--check-sandbox succeeds') or diag($text);
    my @lines = split /\n/, $text;
    my @names = ('open /etc/passwd for reading',
        'open /tmp/aime-mediad-check for writing', 'open / to list it',
        'unlink a file', 'socket', 'connect', 'execve', 'fork',
        'kill the parent', 'ptrace', 'mmap PROT_EXEC', 'mprotect PROT_EXEC',
        'setuid 0');
    for my $name (@names) {
        my @said = grep { s/^\Q$name\E: // } @{[@lines]};
        like("@said", qr/^refused [(](killed|Operation not permitted)[)]$/,
            "refused: $name");
    }
    is(scalar @lines, scalar @names, 'and nothing else is said')
        or diag($text);
    ok(!-e '/tmp/aime-mediad-check', 'no file is left');
    return;
}


sub users {
    my $text = `$binary --check-sandbox -u root 2>&1`;
    ok($? != 0, 'workers are not root');
    like($text, $> == 0 ? qr/workers do not run as root/
        : qr/only root can become another user/, 'and it says so');
    $text = `$binary --check-sandbox -u no-such-user 2>&1`;
    like($text, qr/-u: "no-such-user" is not valid/, 'nor nobody at all');
    return;
}


# A worker that waits for connections, and one that waits for the rest of a
# request, with its connection
sub processes {
    my $sock = $daemon->connect;
    my $request = AimeMedia::request('image', {}, 'AAAA' x 100_000);
    syswrite $sock, substr $request, 0, 1000;
    my @workers = $daemon->workers;
    my $pid = wait_until(sub {

        # one that has just started still has its supervisor's descriptors
        my %fds = map { $_ => scalar descriptors_of($_) } @workers;
        my ($rest, $work) = sort { $fds{$a} <=> $fds{$b} } @workers;
        $fds{$rest} == 4 && $fds{$work} == 5 ? $work : 0 })
        or die "no worker took the connection\n";
    return ((grep { $_ != $pid } @workers), {pid => $pid, sock => $sock});
}


# What its descriptors are: (number => target, …); in scalar context how many
sub descriptors_of {
    my ($pid) = @_;
    opendir my $dir, "/proc/$pid/fd" or return;
    my %fds = map { $_ => readlink("/proc/$pid/fd/$_") // '' }
        grep { !/^\./ } readdir $dir;
    return wantarray ? %fds : scalar keys %fds;
}


sub identity {
    my ($pid, $what) = @_;
    my $status = slurp("/proc/$pid/status");
    my %field = $status =~ /^(\w+):[ \t]*(.*?)[ \t]*$/mg;
    is($field{Seccomp}, 2, "$what: a filter of system calls");
    is($field{NoNewPrivs}, 1, 'no new privileges');
    for my $id (qw(Uid Gid)) {
        my @ids = split ' ', $field{$id};
        is(scalar(grep { $_ == 0 } @ids), 0, "$id: not root, in any way");
        is(scalar(grep { $_ == $ids[0] } @ids), 4,
            'and no other to go back to');
    }
    is($field{Groups}, '', 'no further groups') if $> == 0;
    is($field{$_} =~ tr/0//cdr, $field{$_}, "$_: none")
        for qw(CapInh CapPrm CapEff CapAmb);
    return;
}


sub descriptors {
    my ($pid, $what) = @_;
    SKIP: {
        my %fds = descriptors_of($pid);
        skip 'only root sees descriptors', 3 if !%fds;
        is_deeply([@fds{0, 1}], ['/dev/null', '/dev/null'],
            "$what: reads and writes nothing");
        is($fds{2}, $daemon->{log}, 'but the log');
        delete @fds{0 .. 2};
        is_deeply([grep { !/^socket:/ } values %fds], [],
            'beyond that only sockets');
        is(scalar keys %fds, $what eq 'at work' ? 2 : 1, 'as many as it needs');
    }
    return;
}


sub limits_of {
    my ($pid) = @_;
    return slurp("/proc/$pid/limits") =~ /^Max (.+?)\s{2,}(\w+)\s/mg;
}


sub limits {
    my ($pid, $what) = @_;
    my %limit = limits_of($pid);
    cmp_ok($limit{'open files'}, '<=', 16, "$what: few descriptors");
    is($limit{$_}, 0, "no $_") for 'core file size', 'processes',
        'msgqueue size', 'locked memory';
    return if on_asan();        # which maps terabytes

    # what was mapped before is not charged
    my $mapped = AimeMedia::status_of($pid, 'VmSize') * 1024;
    cmp_ok($limit{'address space'}, '<=', ($MEMORY << 20) + $mapped,
        'address space');
    cmp_ok($limit{'address space'}, '>=', $MEMORY << 20, 'what was given');
    return;
}


# Where the log is no file, no file may grow
sub file_size {
    my $socket = "/tmp/aime-mediad-sandbox-$$.sock";
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        open STDERR, '>', '/dev/null' or _exit(127);
        exec $binary, '-s', $socket, '-n', 1 or _exit(127);
    }
    my $worker = wait_until(sub {
        my $path = "/proc/$pid/task/$pid/children";
        my ($child) = split ' ', -e $path ? slurp($path) : '';
        return $child && (AimeMedia::status_of($child, 'Seccomp') // 0) == 2
            && $child });
    my %limit = limits_of($worker);
    is($limit{'file size'}, 0, 'no file can be written');
    kill 'TERM', $pid;
    waitpid $pid, 0;
    is($?, 0, 'its daemon ends');
    return;
}


# A picture that does not fit is the picture's bad luck
sub memory {
    my $large = make_media('large.png',
        '-f lavfi -i color=red:s=7000x7000 -frames:v 1');
    my @before = sort $daemon->workers;
    SKIP: {
        skip 'memory is not limited under a sanitizer', 2 if on_asan();
        my $answer = $daemon->convert(image => {size => {max => 64,
            auto_convert => JSON::PP::true}}, $large);
        is($answer->{status}, 'FAILED', 'more memory than there is');
        like($answer->{text}, qr/memory/, 'and says so');
    }
    my $small = make_media('small.png',
        '-f lavfi -i color=red:s=70x70 -frames:v 1');
    is($daemon->convert(image => {}, $small)->{status}, 'UNCHANGED',
        'the next one') for 1 .. 4;
    is_deeply([sort $daemon->workers], \@before, 'by the same workers');
    return;
}


# Whoever starts it without them: its socket must not come to lie in their place
sub closed_descriptors {
    my $picture = make_media('tiny.png',
        '-f lavfi -i color=red:s=7x7 -frames:v 1');
    for my $closed ([0], [2], [0 .. 2]) {
        my $bare = AimeMedia->start(workers => 1, closed => $closed);
        is($bare->convert(image => {}, $picture)->{status}, 'UNCHANGED',
            "started without @$closed");
        $bare->stop;
    }
    return;
}
