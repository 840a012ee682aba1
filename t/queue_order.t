# The order of taking against a plain model of it: clients of several
# priorities on three endpoints of one job type, jobs that are canceled, taken
# in batches, and come back.  Guards against places that drift apart from the
# jobs that they are for: after every step each position asked for must be the
# model's, and each batch hold the model's jobs.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $seed = $ENV{AIME_SEED} || int rand 1e9;
srand $seed;

my $steps = on_valgrind() ? 300 : 2400;
my %endpoint = (job_type => 'all', endpoint =>
    "max_attempts = 16\njob_inactivity_timeout = 0.6", clients =>
    "priority = 3\nauthorization_keys = {a = \"a\", b = \"b\", c = \"c\"}");
my %flat = (%endpoint, endpoint => "$endpoint{endpoint}\nfair_share = false");
my $srv = start_nginx(endpoints => { one => \%endpoint, two => \%endpoint,
    flat => \%flat });
my $conn = $srv->conn;
my ($number, @done) = (0);

# the model: jobs that came back, lanes of jobs, rounds and turns
my (@front, %lanes, %reached, $turns);

my $failed = 0;
for my $step (1 .. $steps) {
    my $what = rand() < 0.008 ? 'lost' : order() > 90 ? 'take'
        : (qw(submit submit submit submit cancel take))[rand 6];
    my @wrong = (__PACKAGE__->can($what)->(), positions(8));
    push @wrong, positions(1e9) if $step % 100 == 0;
    next if !@wrong;
    fail("step $step: $what, AIME_SEED=$seed");
    diag $_ for @wrong;
    last if ++$failed;
}
ok(!$failed, "$steps steps with " . @done . ' jobs');
take() while order();
is($srv->get('/api/one')->json->{free_queue_slots}, 1000, 'all are taken');
done_testing();


# Every job that waits, as it will be taken: that of priority 3 first, then by
# round, and within a round by the turns of the lanes
sub order {
    my @places;
    for my $lane (values %lanes) {
        my $jobs = $lane->{jobs};
        push @places, map { {job => $jobs->[$_], lane => $lane, nth => $_,
            key => [3 - $lane->{priority}, $lane->{round} + $_, $lane->{turn}]}
        } 0 .. $#$jobs;
    }
    @places = sort { $a->{key}[0] <=> $b->{key}[0]
        || $a->{key}[1] <=> $b->{key}[1] || $a->{key}[2] <=> $b->{key}[2] }
        @places;
    unshift @places, map { {job => $_} } @front;
    return @places;
}


sub submit {
    my $endpoint = (qw(one one two two flat))[rand 5];
    my $client = (qw(a a a b b c))[rand 6];
    my $priority = (1, 1, 1, 1, 1, 0, 2, 3)[rand 8];
    my $answer = $conn->request(POST => "/$endpoint", {key => $client,
        prompt => 'p', wait_for_result => Mojo::JSON::false()},
        'X-Priority' => $priority);
    my $id = $answer->json->{job_id} or return "refused: $answer->{body}";
    my $lane = $lanes{$priority, $endpoint eq 'flat' ? 'flat' : $client}
        //= {priority => $priority, jobs => []};
    if (!@{$lane->{jobs}}) {
        my ($first) = grep { $_->{lane} && $_->{lane}{priority} == $priority }
            order();
        my $begin = 1 + ($reached{$priority} // 0);
        $begin = $first->{key}[1] + 1
            if $first && $first->{key}[1] + 1 < $begin;
        @$lane{qw(round turn)} = ($begin, ++$turns);
    }
    push @{$lane->{jobs}}, {id => $id, endpoint => $endpoint, key => $client};
    return;
}


sub cancel {
    my @order = order() or return;
    my $place = $order[rand @order];
    my $job = $place->{job};
    my $answer = $conn->request(POST => "/$job->{endpoint}/cancel",
        {key => $job->{key}, job_id => $job->{id}});
    leave($place);
    return $answer->json->{job_state} eq 'canceled' ? () : $answer->body;
}

sub leave {
    my ($place) = @_;
    my $list = $place->{lane} ? $place->{lane}{jobs} : \@front;
    @$list = grep { $_ != $place->{job} } @$list;
    return;
}


# What a batch of that size holds.  The order is walked along; a job that is
# taken from behind others of its lane leaves that lane one place less at its
# end, so that the walk may have to begin again.
sub batch {
    my ($size) = @_;
    my ($endpoint, @jobs);
    while (my @order = order()) {
        $endpoint //= $order[0]{job}{endpoint};
        last if @jobs == $size
            || !grep { $_->{job}{endpoint} eq $endpoint } @order;
        my (%fewer, %passed);
        my %length = map { $_ => scalar @{$lanes{$_}{jobs}} } keys %lanes;
        for my $place (@order) {
            my ($job, $lane) = @$place{qw(job lane)};
            my ($name) = grep { $lane && $lanes{$_} == $lane } keys %lanes;
            next if $lane
                && $place->{nth} >= $length{$name} - ($fewer{$name} // 0);
            if ($job->{endpoint} ne $endpoint) {
                $passed{$name}++ if $lane;
                next;
            }
            if ($lane && $passed{$name}) {
                $fewer{$name}++;

            } elsif ($lane) {
                my $reached = \$reached{$lane->{priority}};
                $$reached = $lane->{round} if $lane->{round} > ($$reached // 0);
                $lane->{round}++;
            }
            leave($place);
            push @jobs, $job;
            last if @jobs == $size;
        }
    }
    return @jobs;
}


# As a worker does: (the worker, what the model says, what it got)
sub taken {
    my $size = 1 + int rand 8;
    my $worker = $srv->worker(job_type => 'all', batch => $size, conn => $conn,
        gen => 'A', name => 'w' . ++$number);
    my @want = batch($size);
    my @got = map { $_->{job_id} } $worker->jobs;
    my $want = join ' ', map { $_->{id} } @want;
    return ($worker, \@want, "@got" eq $want ? () : "not $want\nbut @got");
}

sub take {
    order() or return;
    my ($worker, $want, @wrong) = taken();
    $worker->result($_->{id}, {}) for @$want;
    push @done, @$want;
    return @wrong;
}


# A batch whose worker says nothing any more comes back, in front
sub lost {
    order() or return;
    my (undef, $want, @wrong) = taken();
    return @wrong if @wrong;
    unshift @front, @$want;
    for my $job (@$want) {
        wait_until(sub { position($job) }) or return "$job->{id} is lost";
    }
    return;
}


sub position {
    my ($job) = @_;
    return $conn->request(GET => "/$job->{endpoint}/progress?key=$job->{key}"
        . "&job_id=$job->{id}")->json->{progress}{queue_position};
}

# Those of so many jobs at random that are not as in the model
sub positions {
    my ($count) = @_;
    my @order = order();
    my @places = $count > @order ? (0 .. $#order)
        : map { int rand @order } 1 .. $count;
    return map { "$order[$_]{job}{id} is not at " . ($_ + 1) }
        grep { position($order[$_]{job}) != $_ + 1 } @places;
}
