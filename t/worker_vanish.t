# A thousand GPU workers vanish with their jobs, in the middle of the work or of
# the hand-over (bench/chaos workers): others do all of these jobs, each after
# as many hand-overs as there must have been, but those that every worker
# vanishes with lapse after max_attempts.  Guards against jobs that are lost
# with a worker, and against attempts that are counted wrong.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeNginx qw(on_asan);
use AimeChaos;

chaos('workers', '--count', on_asan() ? 200 : 1000);
done_testing();
