# Floors 1 and 2 against a model of them: random steps of several processes on
# one zone (t/model), some of which are killed, and each answer, each count, each
# wake-up and the whole zone compared after each step.  The real code runs in
# the real nginx, with time standing still but for what a step says.  Guards
# against two events that are right by themselves and wrong together.
#
# AIME_SEED: the seed to begin with, AIME_STEPS: steps of each.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeModel;

my $seed = $ENV{AIME_SEED} || int rand 1e9;
my $steps = $ENV{AIME_STEPS} || 10000;

build_model();

for my $run (1 .. 5) {
    run_model("aime_model $seed $steps;");
    $seed++;
}

done_testing();
