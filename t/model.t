# Floors 1 and 2 against a model of them: random steps of several processes on
# one zone (t/model), some of which are killed, and each answer, each count, each
# wake-up and the whole zone compared after each step.  The real code runs in
# the real nginx, with time standing still but for what a step says.  Guards
# against two events that are right by themselves and wrong together.  And what
# chance does not bring: the zone as a killed process leaves it (cases.c).
#
# AIME_SEED: the seed to begin with, AIME_STEPS: steps of each.

use strict;
use warnings;

use lib 't/lib';
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Test::More;
use AimeNginx qw(module_path on_valgrind on_asan);

my $module = module_path() or plan skip_all => 'the module is not built';
my $build = dirname($module);
my $tree = "$build/nginx-src/src";
plan skip_all => 'there is no source tree of nginx' if !-d $tree;
plan skip_all => 'it is no server' if on_valgrind() || on_asan();

my $dir = tempdir(CLEANUP => 1);
chmod 0755, $dir;
my $seed = $ENV{AIME_SEED} || int rand 1e9;
my $steps = $ENV{AIME_STEPS} || 10000;

my @includes = map { "-I$_" } "$build/objs", 'src', 't/model',
    map { "$tree/$_" } qw(core event event/modules os/unix);
my $cc = $ENV{CC} || 'gcc';
$cc .= ' --coverage -dumpdir ' . "$ENV{AIME_COVERAGE}/model-"
    if $ENV{AIME_COVERAGE};
my $output = `$cc -g -O1 -fPIC -shared -Wall -Wextra -Werror \\
    -Wno-unused-parameter @includes -o $dir/model.so t/model/*.c \\
    src/ngx_aime_*.c 2>&1`;
is($output, '', 'it is built') or BAIL_OUT('no model');

for my $run (1 .. 5) {
    my ($said) = run($seed, $steps);
    ok($said && $output !~ /\[(?:alert|emerg)\]/, $said // "seed $seed")
        or diag($output);
    note(join "\n", grep { /^#/ } split /\n/, $output);
    $seed++;
}

my @cases = run('cases', 0);
ok(@cases && $output !~ /^not ok/m, 'cases') or diag($output);
ok(1, $_) for @cases;
is(() = $output =~ /\[alert\].*is damaged/g, 1, 'damage is told of once');
done_testing();


# What it says is good; all that nginx says is in $output
sub run {
    my ($what, $count) = @_;
    open my $conf, '>', "$dir/nginx.conf" or die "$dir: $!\n";
    print $conf "load_module $dir/model.so;\npid $dir/pid;\n"
        . "error_log stderr info;\naime_model $what $count;\n"
        . "events { }\n";
    close $conf;

    # nginx takes the variable of that name for inherited sockets
    my $nginx = $ENV{NGINX} || 'nginx';
    local $ENV{NGINX};
    delete $ENV{NGINX};
    $output = `\Q$nginx\E -t -c $dir/nginx.conf 2>&1`;
    return $output =~ /^ok - (.*)/mg;
}
