# examples/run.sh, which is what a new user starts first: it must bring a picture
# through nginx with the configuration in conf/, and back through the media
# daemon, have a text continued and a question answered, and leave nothing
# behind.
# Guards against an example that rots while the tests' own configuration works.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeNginx qw(free_port module_path wait_until on_valgrind on_asan slurp);
use File::Temp qw(tempdir);

plan skip_all => 'too slow for valgrind' if on_valgrind();
plan skip_all => 'starts nginx by itself' if on_asan();
plan skip_all => 'the module is not built' if !module_path();
plan skip_all => "no $_" for grep { system("command -v $_ >/dev/null") }
    qw(python3 curl);

my $dir = tempdir(CLEANUP => 1);
chmod 0755, $dir;       # nginx's processes must get at the daemon's socket
my $port = free_port();
my %env = (MODULE => module_path(), AIME_PORT => $port, AIME_RUN_ONCE => 1,
    TMPDIR => $dir);

my $pid = fork // die "fork: $!\n";
if (!$pid) {
    setpgrp;
    @ENV{keys %env} = values %env;
    $ENV{NGINX} ||= 'nginx';
    open STDIN, '<', '/dev/null';
    open STDOUT, '>', "$dir/output";
    open STDERR, '>&', \*STDOUT;
    exec 'examples/run.sh' or die "examples/run.sh: $!\n";
}

# its processes are a group of their own, so that none can stay behind
END { kill KILL => -$pid if $pid }

my $status;
ok(wait_until(sub { waitpid($pid, 1) and $status = $?, 1 }, 60), 'it ends');
my $output = slurp("$dir/output");
is($status, 0, 'well');
like($output, qr/^Result: .*\.png, (\d{4,}) bytes$/m, 'a picture came through');
like($output, qr/^512 x 384 pixels, \d{4,} bytes$/m,
    'and went back through the media daemon');
like($output, qr/^num_generated_tokens: [1-9]/m, 'a text was continued');
like($output, qr/"content":"\S.*"usage":/, 'a question answered at /v1');
is_deeply([glob "$dir/aime-run.*"], [], 'its folder is gone');
my $gone = wait_until(sub { !kill 0, -$pid });
ok($gone, 'and so are its processes');
$pid = 0 if $gone;
diag($output) if !Test::More->builder->is_passing;
done_testing();
