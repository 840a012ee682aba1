# Fifty worker processes of nginx are killed (SIGKILL) one after the other under
# the load of 200 clients and 50 workers (bench/chaos kill): clients that were
# cut off ask again with their Idempotency-Key and get the result of the very
# job, workers send their results again, no job is stuck, and the zone's memory
# comes back.  Guards against what a process takes with it, wherever it was.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeNginx qw(on_asan);
use AimeChaos;

chaos('kill', '--count', on_asan() ? 10 : 50,
    '--clients', on_asan() ? 60 : 200);
done_testing();
