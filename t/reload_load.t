# Twenty reloads under the load of 200 clients, which wait or poll, and 50
# workers of both generations (bench/chaos reload): every client gets the result
# of its own job, no request fails, no job is handed out twice, old processes
# end, and nothing stays in the zone.  Guards against what is lost between two
# generations of processes, which happens only when much is going on.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeNginx qw(on_asan);
use AimeChaos;

chaos('reload', '--count', on_asan() ? 5 : 20,
    '--clients', on_asan() ? 60 : 200);
done_testing();
