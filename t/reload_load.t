# Twenty reloads under load: every client gets its own result, and not one
# request fails.  Guards against what gets lost between the old processes and the
# new ones when many things happen at once.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeLoad;
use AimeTest;

my $few = on_valgrind() || on_asan();
my $COUNT = $few ? 5 : 20;

my $srv = start_nginx(master => 1,
    endpoints => {echo => {endpoint => 'result_lifetime = 5'}},
    server => 'location = /zone { return 200 $aime_zone_used; }');
my $load = AimeLoad->new(srv => $srv, clients => $few ? 20 : 200,
    workers => $few ? 10 : 50, jobs => $few ? 5 : 30)->start;

my $reloads = grep { $srv->reload } 1 .. $COUNT;
is($reloads, $COUNT, 'reloads');
my $sum = $load->check;
is($sum->{again}, 0, 'no request failed');
ok(wait_until(sub { !$srv->draining }), 'the old processes have ended');
ok(wait_until(sub { $srv->get('/zone')->body < 100_000 }, 15),
    'memory of the zone comes back') or diag($srv->get('/zone')->body);
done_testing();
