# A reload (HUP) under parked polls and waiting clients loses nothing: polls are
# sent to the new processes, clients get their results in the old ones.  Guards
# against wake-ups that do not cross generations, and against jobs that go with
# the zone, as when its size changes: that is refused.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $COUNT = 20;

my $srv = start_nginx(master => 1, endpoints => {echo => {}, other => {}});
my $polls = $srv->crowd($COUNT, \&poll);
wait_until(sub { parked('old') == $COUNT }) or die "polls are not parked\n";

# half of the jobs are taken before the reload, half of them after it
my $clients = $srv->crowd(2 * $COUNT, sub {
    (POST => '/echo', {key => $CLIENT_KEY, prompt => "job $_[0]"})
});
$polls->wait_for($COUNT);
my @taken = map { AimeParty::Worker::jobs_of($_) } $polls->answers;
is(@taken, $COUNT, 'jobs taken before the reload');
wait_until(sub { queued() == $COUNT }) or die "no more jobs are queued\n";

reload();
more_work();
refused();
done_testing();


sub reload {
    my $idle = $srv->crowd(6, sub { poll(@_, 'other', 'idle') });
    wait_until(sub { parked('idle', 'other') == 6 }) or die "no idle polls\n";

    my @old = $srv->procs;
    ok($srv->reload, 'a reload');
    ok(wait_until(sub { $srv->draining == @old }),
        'the old processes stay for their clients');
    is($idle->wait_for, 6, 'parked polls are answered');
    is_deeply([map { $_->json->{cmd} } $idle->answers], [('no_job') x 6],
        'and told to come again');
    is($clients->answers, 0, 'waiting clients are not');

    # one worker in one new process reports for all of them
    my $conn = $srv->conn;
    for my $job (@taken) {
        my ($name) = grep { $_->{job} eq $job->{job_id} } holders();
        my $worker = $srv->worker(name => $name->{worker}, conn => $conn);
        my $answer = $worker->result($job->{job_id},
            {text => "of $job->{prompt}"});
        is($answer->json->{cmd}, 'ok', 'a result posted to a new process')
            or diag($answer->body);
    }
    is($clients->wait_for($COUNT), $COUNT, 'reaches clients in old ones');
    return;
}


sub more_work {
    my $worker = $srv->worker(gen => 'A', conn => $srv->conn, name => 'new');
    for (1 .. $COUNT) {
        my ($job) = $worker->jobs or last;
        $worker->result($job->{job_id}, {text => "of $job->{prompt}"});
    }
    is($clients->wait_for, 2 * $COUNT, 'jobs from before the reload go on');
    my @own = grep {
        my $answer = $clients->answer($_);
        $answer && $answer->json->{text} eq "of job $_";
    } 0 .. 2 * $COUNT - 1;
    is(@own, 2 * $COUNT, 'every client has its own result');
    my %old = map { $_->pid => 1 } $clients->answers;
    ok(!(grep { $old{$_} } $srv->procs), 'from an old process');
    $_->close for $clients, $polls;
    ok(wait_until(sub { !$srv->draining }), 'which then end');
    return;
}


sub refused {
    my $worker = $srv->worker(gen => 'A', conn => $srv->conn, name => 'last');
    my $waiting = $srv->client(conn => $srv->conn)->park({prompt => 'kept'});
    my ($job) = $worker->jobs;
    my @procs = sort $srv->procs;

    $srv->allow(qr/cannot be changed by a reload/);
    $srv->write_files(zone => '48m');
    ok(!$srv->reload, 'another size of the zone is refused');
    like($srv->log, qr/\[emerg\].*"aime" cannot be changed by a reload/,
        'with the reason');
    is_deeply([sort $srv->procs], \@procs, 'the processes go on');

    is($worker->result($job->{job_id}, {text => 'yes'})->json->{cmd}, 'ok',
        'with the old configuration');
    my $answer = $waiting->read_response;
    is($answer && $answer->json->{text}, 'yes', 'and nothing is lost');
    return;
}


sub poll {
    my ($i, $type, $name) = @_;
    return (POST => '/worker_job_request', $srv->worker(gen => 'A',
        job_type => $type // 'echo', name => ($name // 'old') . "-$i")
        ->request_body);
}


# Who got which job: from the crowd of the first polls
sub holders {
    return map { my $i = $_;
        map { { worker => "old-$i", job => $_->{job_id} } }
        AimeParty::Worker::jobs_of($polls->answer($i)) } 0 .. $COUNT - 1;
}


sub parked {
    my ($name, $endpoint) = @_;
    return scalar grep { $_->{name} =~ /^$name-/ && $_->{free_slots} }
        @{details($endpoint // 'echo')->{workers}};
}

sub details { return $srv->get("/api/endpoints/$_[0]")->json }

sub queued { my $d = details('echo');
    return $d->{max_queue_length} - $d->{free_queue_slots} }
