# A worker process of nginx is killed (SIGKILL) with parked polls and waiting
# clients in it: the others go on, later jobs are delivered by them, the jobs of
# the clients that were cut off are canceled, and what the dead one held in the
# zone is given back.  Guards against wake-ups sent to the dead (a job then
# waits for a poll that is no more) and against memory that nobody owns.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $COUNT = 5;
my $PROMPT = 'x' x 100_000;

my $short = 'result_lifetime = 1';
my $srv = start_nginx(min_procs => 2, master => 1,
    endpoints => {echo => {endpoint => $short}, busy => {endpoint => $short}},
    server => 'location = /zone { return 200 $aime_zone_used; }');

my %workers = (echo => workers('echo'), busy => workers('busy'));
my $used = used();

for (1 .. 3) {
    my @procs = $srv->procs;
    kill_one(@procs[0, 1]);
    ok(wait_until(sub { used() == $used }), 'memory of the zone as before')
        or diag(used() - $used . ' bytes more');
}

done_testing();


# Jobs of busy run, with clients in both processes; polls of echo are parked in
# both, those in the process that dies would be next
sub kill_one {
    my ($dead, $alive) = @_;
    my @cut_off = map { client('busy', $dead, "cut off $_") } 1 .. $COUNT;
    my @clients = map { client('busy', $alive, "stays $_") } 1 .. $COUNT;
    my @work = map { {worker => $_, job => take($_)} } @{$workers{busy}};
    my @polls = map { $_->{conn} = $srv->conn_to_pid($dead); $_->park }
        @{$workers{echo}}[1 .. $COUNT];
    my $worker = $workers{echo}[0];
    $worker->{conn} = $srv->conn_to_pid($alive);
    my $poll = $worker->park;
    wait_until(sub { parked() == $COUNT + 1 }) or die "polls are not parked\n";

    ok($srv->kill_proc($dead), 'a killed process has a successor');

    my $client = client('echo', $alive, 'next');
    my $answer = $poll->read_response;
    my ($job) = $answer ? AimeParty::Worker::jobs_of($answer) : ();
    is($job && $job->{prompt}, "next $PROMPT",
        'the next job goes to a poll of a process that lives');
    $worker->result($job->{job_id}, {text => 'good'}) if $job;
    is(text_of($client), 'good', 'and its client gets the result');

    for my $work (grep { $_->{job}{prompt} =~ /^stays/ } @work) {
        $work->{worker}->result($work->{job}{job_id},
            {text => substr $work->{job}{prompt}, 0, 7});
    }
    is_deeply([map { text_of($_) } @clients], [map { "stays $_" } 1 .. $COUNT],
        'jobs of other clients go on');

    for my $work (grep { $_->{job}{prompt} =~ /^cut off/ } @work) {
        my $item;
        ok(wait_until(sub {
            $item = $work->{worker}->progress($work->{job}{job_id}, 1, {})
                ->json->[0];
            return $item->{canceled};
        }, 3), 'a job whose client was cut off is canceled')
            or diag(explain($item));
        $work->{worker}->result($work->{job}{job_id}, {});
    }
    return;
}


sub workers {
    my ($type) = @_;
    return [map { $srv->worker(job_type => $type, name => "$type-$_")->login }
        1 .. ($type eq 'busy' ? 2 * $COUNT : $COUNT + 1)];
}


sub client {
    my ($endpoint, $pid, $text) = @_;
    return $srv->client(endpoint => $endpoint,
        conn => $srv->conn_to_pid($pid))->park({prompt => "$text $PROMPT"});
}


sub take {
    my ($worker) = @_;
    delete $worker->{conn};
    my ($job) = $worker->jobs;
    return $job;
}


sub text_of {
    my ($client) = @_;
    my $answer = $client->read_response or return 'no answer';
    return $answer->json->{text};
}


# What a poll offered when it was parked stands until it gets jobs
sub parked {
    my $nginx = $srv->get('/api/endpoints/echo')->json->{workers};
    return scalar grep { $_->{free_slots} && $_->{state} eq 'waiting' } @$nginx;
}


sub used { return $srv->get('/zone')->body }
