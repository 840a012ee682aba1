# nginx processes are killed at any instruction while they hold the zone's lock,
# again and again: who comes next repairs what they left half done, and no job is
# lost, is given two results, or stays in the zone.  Guards against a step of a
# job's life that is neither undone nor done when it is cut in two.
#
# It takes a module that is built for that (NGX_AIME_DEBUG), which also checks
# the zone as a whole every now and then.

use strict;
use warnings;

use lib 't/lib';
use Cwd ();
use Test::More;
use AimeLoad;
use AimeTest;

plan(skip_all => 'steps through the code by itself')
    if on_valgrind() || on_asan();
plan(skip_all => 'the trap flag is one of x86') if `uname -m` !~ /x86_64/;

# one in so many uses of the lock
my $rate = $ENV{AIME_KILL_RATE} || 80;

system('make -s BUILD=build/debug CC_OPT="-g -O2 -DNGX_AIME_DEBUG=1" >&2') == 0
    or BAIL_OUT('cannot build the module for debugging');
local $ENV{MODULE} = Cwd::getcwd() . '/build/debug/ngx_http_aime_api_module.so';

my $srv = start_nginx(procs => 4, master => 1, zone => '8m',
    main => "env AIME_KILL=$rate;",
    allow => [qr{exited on signal 9|was locked by}],
    endpoints => {echo => {endpoint => join "\n", 'max_attempts = 16',
        'result_lifetime = 5', 'job_inactivity_timeout = 20'}},
    server => 'location = /zone { return 200 $aime_zone_used; }');

AimeLoad->new(srv => $srv, clients => 8, workers => 4,
    jobs => $ENV{AIME_KILL_JOBS} || 40)->start->check;

my $log = $srv->log;
my $kills = () = $log =~ /exited on signal 9/g;
my $repairs = () = $log =~ /which was repaired/g;
cmp_ok($repairs, '>', 2, 'the zone was repaired');
note("$kills processes killed, $repairs repairs told of");
unlike($log, qr/damaged/, 'and in order afterwards');

# without further deaths
$srv->{main} = '';
$srv->write_files;
$srv->reload;
my $worker = $srv->worker(name => 'worker-1', gen => 'A');
my $client = $srv->client;
my $id = $client->job({prompt => 'last'});
my ($job) = $worker->jobs;
is($job && $job->{job_id}, $id, 'nothing else is left in the queue');
$worker->result($id, {text => 'good'});
is($client->progress($id)->json->{job_result}{text}, 'good', 'all goes on');
ok(wait_until(sub { $srv->get('/zone')->body < 100_000 }, 15),
    'and the zone is as empty as before') or diag($srv->get('/zone')->body);
done_testing();
