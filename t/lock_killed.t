# Processes die at any instruction while they hold the zone's lock, again and
# again, under the load of 200 clients and 50 workers (bench/chaos lock): who
# comes next repairs what they left half done, and no job is lost, is there
# twice, or stays in the zone.  Guards against a step of a job's life that is
# neither undone nor done when it is cut in two.
#
# It takes a module that is built for that (NGX_AIME_DEBUG), which also checks
# the zone as a whole every now and then.

use strict;
use warnings;

use lib 't/lib';
use Cwd ();
use File::Spec;
use Test::More;
use AimeNginx qw(on_asan on_valgrind);
use AimeChaos;

plan(skip_all => 'steps through the code by itself')
    if on_valgrind() || on_asan();
plan(skip_all => 'the trap flag is one of x86') if `uname -m` !~ /x86_64/;

# one who repairs lives on, and leaves what gcov has counted
my ($build, $cc_opt, $ld_opt) = ('build/debug', '-g -O2', '');
($build, $cc_opt, $ld_opt) = (File::Spec->abs2rel("$ENV{AIME_COVERAGE}/../debug"),
    '-g -O1 --coverage -fprofile-update=atomic', 'LD_OPT=--coverage')
    if $ENV{AIME_COVERAGE};
system("make -s BUILD=$build CC_OPT='$cc_opt -DNGX_AIME_DEBUG=1' $ld_opt >&2")
    == 0 or BAIL_OUT('cannot build the module for debugging');
local $ENV{MODULE} = Cwd::getcwd() . "/$build/ngx_http_aime_api_module.so";

chaos('lock', '--count', 150);
done_testing();
