# Too many of something, what is rare, and checks that must find what is wrong,
# in floors 1 and 2 (t/model/rare.c): no row for a process, a thousand lanes, a
# line of thousands of jobs, values of a session that have changed meanwhile.
# Guards against what only a busy server would come to.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeModel;

build_model();
my $seed = $ENV{AIME_SEED} || int rand 1e9;
run_model("aime_rare $seed;", least => 12);
done_testing();
