package AimeChaos;

# Runs bench/chaos as a test: it starts nginx by itself, with MODULE, NGINX and
# AIME_ASAN from the environment, and tells what was not as it must be.

use strict;
use warnings;

use Exporter 'import';
use File::Temp qw(tempdir);
use Test::More;
use AimeNginx qw(module_path wait_until on_valgrind slurp);

our @EXPORT = qw(chaos);

my $OWNER = $$;
my $pid;


# its processes are a group of their own, so that none can stay behind
END {
    my $status = $?;
    kill KILL => -$pid if $pid && $$ == $OWNER;
    $? = $status;
}


sub chaos {
    my (@arguments) = @_;
    plan skip_all => 'too slow for valgrind' if on_valgrind();
    plan skip_all => 'the module is not built' if !module_path();
    plan skip_all => 'no python3' if system('command -v python3 >/dev/null');

    my $dir = tempdir(CLEANUP => 1);
    $pid = fork // die "fork: $!\n";
    if (!$pid) {
        setpgrp;
        @ENV{qw(MODULE TMPDIR)} = (module_path(), $dir);
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$dir/output";
        open STDERR, '>&', \*STDOUT;
        exec 'bench/chaos', @arguments or die "bench/chaos: $!\n";
    }

    my $status;
    ok(wait_until(sub { waitpid($pid, 1) and $status = $?, 1 }, 120),
        'it ends');
    my $output = slurp("$dir/output");
    my $passed = is($status, 0, "bench/chaos @arguments");
    my $gone = wait_until(sub { !kill 0, -$pid });
    ok($gone, 'its processes are gone');
    $pid = 0 if $gone;
    $passed ? note($output) : diag($output);
    return;
}


1;
