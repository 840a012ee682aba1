# Workers that hang up while their polls are parked: they get no job, and no
# job is lost.  Guards against a job (or a wake-up that stood for one) which
# goes to a request that is not there any more, and against workers that stay
# online without a poll.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $POLLS = 50;
my $SPARE = 5;

my $srv = start_nginx();
my $client = $srv->client(conn => $srv->conn);

one_hangs_up();
hung_up_before_it_was_read();
half_hangs_up();
hang_up_in_a_stopped_process();
done_testing();


sub one_hangs_up {
    my @polls = polls('single', 1);
    $polls[0]->close;
    ok(online('single', 0), 'a worker that hung up is offline at once');
    my $id = $client->job({prompt => 'single'});
    is($client->progress($id)->json->{job_state}, 'queued',
        'the next job waits');
    my ($job) = $srv->worker(gen => 'A')->jobs;
    is($job->{job_id}, $id, 'for the next poll');
    return;
}


# The job is there when the process comes to read the poll, and so is its end
sub hung_up_before_it_was_read {
    my ($pid) = $srv->procs;
    my $client = $srv->client(conn => $srv->conn_to_pid($pid));
    my $worker = $srv->worker(conn => $srv->conn_to_pid($pid))->login;
    kill STOP => $pid;
    $client->leave(POST => '/echo', {key => $CLIENT_KEY, prompt => 'unread',
        wait_for_result => \0});
    $worker->park->close;
    kill CONT => $pid;
    my $id = $client->{conn}->read_response->json->{job_id};
    my $next = $srv->worker(gen => 'A', conn => $srv->conn)->park;
    is(job_of($next), $id, 'a poll that was closed unread gets no job');
    return;
}


# Those at the end of the line go, so that none has a job when it goes
sub half_hangs_up {
    my @polls = polls('half', $POLLS);
    my %wanted;
    for my $i (1 .. $POLLS / 2) {
        $polls[-$i]->close;
        next if $i <= $SPARE;
        $wanted{$client->job({prompt => "half $i"})} = 1;
    }
    my @left = @polls[0 .. $POLLS / 2 - 1];
    my $missing = $POLLS / 2 - keys %wanted;
    $wanted{$client->job({prompt => "last $_"})} = 1 for 1 .. $missing;
    is_deeply([sort map { job_of($_) } @left], [sort keys %wanted],
        'every poll that is left gets a job, every job a poll');
    ok(online('half', $POLLS / 2), 'the others are offline');
    return;
}


# What was woken but hung up before its process could look
sub hang_up_in_a_stopped_process {
    my ($here, $there) = $srv->procs;
  SKIP: {
        skip 'needs two processes', 3 if !$there;
        my $client = $srv->client(conn => $srv->conn_to_pid($here));
        my @polls = (polls('there', 6, $there), polls('here', 6, $here));
        kill STOP => $there;
        my %wanted = map { $client->job({prompt => "job $_"}) => 1 } 1 .. 6;
        $_->close for @polls[0 .. 2];
        kill CONT => $there;
        my @left = @polls[3 .. $#polls];
        my @got;
        ok(wait_until(sub {
            push @got, map { job_of($_) } grep { $_->readable } @left;
            @left = grep { !$_->{served} } @left;
            return @got >= 6;
        }), 'the jobs that woke them go to others');
        is_deeply([sort @got], [sort keys %wanted], 'each of them once');
        ok(online('there', 3), 'only those that hung up are offline');
        $_->close for @left;
    }
    return;
}


# Parks polls one by one, so that the first is the one that waits longest
sub polls {
    my ($name, $count, $pid) = @_;
    my @polls;
    for my $i (1 .. $count) {
        my $conn = $pid ? $srv->conn_to_pid($pid) : $srv->conn;
        push @polls, $srv->worker(gen => $i % 2 ? 'A' : 'B', conn => $conn,
            name => "$name-$i")->login->park;
        wait_until(sub { (grep { $_->{free_slots} } workers($name)) == $i })
            or die "poll $i of $name is not parked\n";
    }
    return @polls;
}


sub job_of {
    my ($poll) = @_;
    my $answer = $poll->read_response or return 'no answer';
    $poll->{served} = 1;
    my @jobs = AimeParty::Worker::jobs_of($answer);
    return @jobs == 1 ? $jobs[0]{job_id} : @jobs . ' jobs';
}


sub workers {
    my ($name) = @_;
    return grep { $_->{name} =~ /^\Q$name\E-/ }
        @{$srv->get('/api/endpoints/echo')->json->{workers}};
}


sub online {
    my ($name, $count) = @_;
    return wait_until(sub {
        (grep { $_->{state} ne 'offline' } workers($name)) == $count;
    });
}
