# Random calls of clients and workers, right ones and wrong ones, at a server
# whose processes are reloaded and killed meanwhile (t/lib/AimeFuzz.pm).  Guards
# against what nobody thought of: a job in two states, a count that does not add
# up, memory of the zone that does not come back, an answer that is none.
#
# AIME_SEED: another run's seed.  fuzz/protocol does it for longer.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;
use AimeFuzz;

fuzz_protocol(seconds => 12, seed => $ENV{AIME_SEED});
done_testing();
