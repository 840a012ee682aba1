# Five hundred streams on a hundred jobs: each sees its own job, every one sees
# the end, also those in processes that a reload has sent home.  Guards against
# watchers that are forgotten when many of them are woken at once, against
# streams that are mixed up, and against old processes that stay for ever.

use strict;
use warnings;

use lib 't/lib';
use AimeStream;
use Test::More;
use AimeTest;

need_fds(2048);

my $JOBS = on_valgrind() ? 10 : 100;
my $EACH = 5;

my $srv = start_nginx(zone => '16m', aime_locations => stream_locations());
my $client = $srv->client;
my $worker = $srv->worker(batch => 256)->login;

my @used = $srv->zone_used;
round('first');
push @used, $srv->zone_used;
round('again');
push @used, $srv->zone_used;
cmp_ok($used[2] - $used[1], '<=', $used[1] - $used[0],
    'what is left in the zone are the results');

reload() if !on_valgrind();
done_testing();


sub watch {
    my ($id) = @_;
    return AimeStream->open($srv->conn,
        "/stream_progress?job_id=$id&key=$CLIENT_KEY");
}


sub round {
    my ($name) = @_;
    my @ids = map { $client->job({prompt => 'p'}) } 1 .. $JOBS;
    my @streams = map { my $id = $_; map { [$id, watch($id)] } 1 .. $EACH } @ids;
    $_->[1]->head for @streams;
    follow("$name: queued", \@streams, sub { $_[0]{job_state} eq 'queued' });
    work();
    report($_, 50, {text => "half of $_"}) for @ids;
    follow("$name: half", \@streams, sub { $_[0]{progress} == 50
        && $_[0]{progress_data}{text} eq "half of $_[1]" });
    finish("$name:", \@ids, \@streams);
    return;
}


sub work { my @jobs = $worker->jobs; is(@jobs, $JOBS, 'the jobs'); return }

sub report { return $worker->progress(@_) }


sub finish {
    my ($name, $ids, $streams) = @_;
    $worker->result($_, {text => "all of $_"}) for @$ids;
    follow("$name done", $streams, sub { $_[0]{job_state} eq 'done'
        && $_[0]{job_result}{text} eq "all of $_[1]" });
    is((grep { $_->[1]->ended } @$streams), @$streams, "$name ended");
    $_->[1]->close for @$streams;
    return;
}


# Reads each stream up to an event that is true, all of which are its job's
sub follow {
    my ($name, $streams, $see) = @_;
    my ($seen, $other) = (0, 0);
    for (@$streams) {
        my ($id, $stream) = @$_;
        while (my $event = $stream->event(20)) {
            $other++ if $event->{data}{job_id} ne $id;
            next if !$see->($event->{data}, $id);
            $seen++;
            last;
        }
    }
    is($seen, @$streams, "$name, in every stream");
    is($other, 0, 'of its own job');
    return;
}


# They stay in the old processes, while all others are served by new ones
sub reload {
    my @old = $srv->procs;
    my @ids = map { $client->job({prompt => 'p'}) } 1 .. $JOBS;
    my @streams = map { [$_, watch($_)] } @ids;
    $_->[1]->head for @streams;
    follow('before a reload', \@streams, sub { 1 });
    ok($srv->reload, 'reloaded');
    is($srv->draining, @old, 'the old processes have something to do');
    my @late = map { [$_, watch($_)] } @ids;
    $_->[1]->head for @late;
    work();
    follow('taken', \@streams, sub { $_[0]{job_state} eq 'processing' });
    finish('after it:', \@ids, [@streams, @late]);
    ok(wait_until(sub { !$srv->draining }, 20), 'the old processes go');
    return;
}
