# queue_position among thousands.  Guards against a rank that drifts when jobs
# leave the middle of the queue or come back to its front: each position must
# be that of a plain list, whatever was done to it.

use strict;
use warnings;

use lib 't/lib';
use List::Util qw(shuffle);
use Test::More;
use AimeTest;

my $seed = $ENV{AIME_SEED} || int rand 1e9;
srand $seed;

my $count = on_valgrind() ? 200 : 2000;
my %limits = (job_type => 'shared', endpoint =>
    "max_queue_length = $count\njob_inactivity_timeout = 1");
my $srv = start_nginx(endpoints => { echo => \%limits, other => \%limits });
my $conn = $srv->conn;
my %client = map { $_ => $srv->client(endpoint => $_, conn => $conn) }
    qw(echo other);
my $worker = $srv->worker(job_type => 'shared', batch => 30, conn => $conn);

my (@queue, %of);
add() for 1 .. $count;
check('all');
is($client{echo}->submit({prompt => 'x'})->status, 503, 'the queue is full');

cancel(shuffle(0 .. $#queue));
check('after random cancels');
cancel(0 .. 20);
check('after the first ones left');
cancel(map { $#queue - $_ } 0 .. 20);
check('after the last ones left');
taken_and_back();
add() for 1 .. 50;
check('after more came');
cancel(0 .. $#queue) while @queue > 1;
check('the last one');
done_testing();


# One of either endpoint: they share the queue
sub add {
    my $name = rand() < 0.8 ? 'echo' : 'other';
    my $id = $client{$name}->job({prompt => 'x'});
    $of{$id} = $client{$name};
    push @queue, $id;
    return;
}


# Cancels half of those at these places (one at least)
sub cancel {
    my (@places) = @_;
    my %gone = map { $queue[$_] => 1 } @places[0 .. $#places / 2];
    my @states = map { $of{$_}->cancel($_)->json->{job_state} } keys %gone;
    is_deeply([grep { $_ ne 'canceled' } @states], [], 'canceled');
    @queue = grep { !$gone{$_} } @queue;
    return;
}


# At a hundred places, among them both ends and the middle
sub check {
    my ($name) = @_;
    my @places = @queue < 100 ? (0 .. $#queue)
        : (0 .. 9, $#queue - 9 .. $#queue, map { int rand @queue } 1 .. 80);
    my @wrong;
    for my $place (@places) {
        my $id = $queue[$place];
        my $json = $of{$id}->progress($id)->json;
        my $got = $json->{progress}{queue_position} // 'none';
        push @wrong, "$place+1: $got, $json->{job_state}"
            if $got ne $place + 1;
    }
    is_deeply(\@wrong, [], "$name: " . @queue . ' jobs')
        or diag "AIME_SEED=$seed";
    return;
}


# A batch is of one endpoint, so it leaves holes; lost, it returns in front
sub taken_and_back {
    my @jobs = map { $_->{job_id} } $worker->login->jobs;
    my $endpoint = $of{$queue[0]};
    my @want = grep { $of{$_} == $endpoint } @queue;
    is_deeply(\@jobs, [@want[0 .. $#jobs]], 'the oldest of one endpoint');
    my %taken = map { $_ => 1 } @jobs;
    my @rest = grep { !$taken{$_} } @queue;
    my $json = $of{$jobs[0]}->progress($jobs[0])->json;
    is($json->{progress}{queue_position},
        $json->{job_state} eq 'queued' ? 1 : 0, 'taken');
    ok(wait_until(sub {
        my %states = map { $of{$_}->progress($_)->json->{job_state} => 1 }
            @jobs;
        "@{[keys %states]}" eq 'queued';
    }), 'their worker is lost');
    @queue = (@jobs, @rest);
    check('back in front');
    return;
}
