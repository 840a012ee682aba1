# Fifty nginx processes are killed under load, one after another: jobs are
# delivered to their clients, or the client's own connection died, and asking
# again gives the same job; none is lost or there twice.  Guards against what a
# process takes with it when it dies in the middle of anything.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeLoad;
use AimeTest;

my $few = on_valgrind() || on_asan();
my $COUNT = $few ? 10 : 50;

my $srv = start_nginx(master => 1, min_procs => 2,
    allow => [qr/was locked by/],
    endpoints => {echo => {endpoint => join "\n", 'max_attempts = 16',
        'result_lifetime = 5', 'job_inactivity_timeout = 20'}},
    server => 'location = /zone { return 200 $aime_zone_used; }');
my $load = AimeLoad->new(srv => $srv, clients => $few ? 20 : 200,
    workers => $few ? 10 : 50, jobs => $few ? 5 : 30)->start;

my $kills = 0;
for (1 .. $COUNT) {
    my @procs = $srv->procs;
    $kills++ if $srv->kill_proc($procs[rand @procs]);
}
is($kills, $COUNT, 'processes killed, each with a successor');
my $sum = $load->check;
note("$sum->{again} requests were made again");

my $details = $srv->get('/api/endpoints/echo')->json;
is($details->{free_queue_slots}, $details->{max_queue_length},
    'nothing is queued any more');
ok(wait_until(sub { $srv->get('/zone')->body < 100_000 }, 15),
    'memory of the zone comes back') or diag($srv->get('/zone')->body);
done_testing();
