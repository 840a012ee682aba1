# One process's story with the zone (t/model/story.c), cut short at each place
# where it can be.  Without memory from there on, what it wanted has changed
# nothing, and works as soon as there is some.  With the process killed there,
# or at a random instruction under the lock (AIME_SEED), the next one repairs the
# zone: what the dead one was told of is there, all counts are right, and nothing
# stays behind for ever.  Guards against ways out that give back too little or too
# much, and are hardly ever taken otherwise.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeModel;

build_model();
my $seed = $ENV{AIME_SEED} || int rand 1e9;
run_model("aime_cut $seed;", 2);
done_testing();
