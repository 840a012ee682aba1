# One process's story with the zone (t/model/story.c), cut short at each place
# where it can be.  Without memory from there on, what it wanted has changed
# nothing, and works as soon as there is some.  With the process killed there,
# under the lock, the next one repairs the zone: what the dead one was told of is
# there, all counts are right, and nothing stays behind for ever.  Guards against
# ways out that give back too little or too much, and are never taken otherwise.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeModel;

build_model();
run_model('aime_cut;', 2);
done_testing();
