# What is left when streams are cut: by a process that is killed, and by a
# shutdown whose time is over.  Guards against payloads and parked entries that
# stay in the zone for ever, and against jobs that end with who watches them.

use strict;
use warnings;

use lib 't/lib';
use AimeStream;
use Test::More;
use Time::HiRes qw(time);
use AimeTest;

my $srv = start_nginx(min_procs => 2, master => 1, zone => '8m',
    aime_locations => stream_locations(), main => 'worker_shutdown_timeout 1s;');
my $client = $srv->client;
my $worker = $srv->worker->login;

killed();
timed_out();
done_testing();


sub used { return $srv->get('/zone')->body }


sub watch {
    my ($id, $pid) = @_;
    return AimeStream->new($srv->conn_to_pid($pid, rcvbuf => 4096),
        "/stream_progress?job_id=$id&key=$CLIENT_KEY");
}


# With a payload in its hands, since nobody reads
sub killed {
    my $id = $worker->running($client);
    my ($dead, $alive) = $srv->procs;
    $worker->{conn} = $srv->conn_to_pid($alive);
    my $before = used();
    my ($cut, $stays) = map { watch($id, $_) } $dead, $alive;
    ok($stays->event, 'two of them watch');
    for (1 .. 40) {
        $worker->progress($id, $_, {text => 'x' x 200_000});
        $stays->event_with(progress => $_);
    }
    $worker->progress($id, 41, {text => 'x'});
    cmp_ok(used() - $before, '>', 200_000, 'a payload is held');
    ok($srv->kill_proc($dead), 'a process is killed');
    ok(wait_until(sub { used() - $before < 65536 }), 'it is given back');
    is($stays->event_with(progress => 41)->{data}{job_state}, 'processing',
        'the job goes on');
    $worker->result($id, {text => 't'});
    ok($stays->event_with(job_state => 'done'), 'up to its end');
    return;
}


sub timed_out {
    my $id = $client->job({prompt => 'p'});
    my @streams = map { watch($id, $_) } $srv->procs;
    $_->event for @streams;
    my $start = time;
    ok($srv->reload, 'reloaded');
    ok(wait_until(sub { !$srv->draining }), 'the old processes end');
    cmp_ok(time - $start, '>=', 0.99, 'not before worker_shutdown_timeout');
    is($_->event, undef, 'cut') for @streams;
    ok(!$_->ended, 'and no end was told') for @streams;
    is($client->progress($id)->json->{job_state}, 'queued', 'the job stays');
    my $back = watch($id, ($srv->procs)[0]);
    is($back->event->{data}{job_state}, 'queued', 'who comes back sees it');
    return;
}
