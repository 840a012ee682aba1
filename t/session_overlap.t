# Jobs of one session that run at the same time.  Guards against a result whose
# variables are stored by halves, or that overwrites what another one stored
# meanwhile and it says nothing of.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $ROUNDS = on_valgrind() ? 3 : 30;
my @names = map { "of_$_" } 1 .. 8;

my $vars = join "\n", '[SESSION.VARS]', 'x = { default = 0 }',
    'y = { default = 0 }', 'fill = {}', map { "$_ = { default = 0 }" } @names;
my $srv = start_nginx(min_procs => 2, endpoints => {
    chat => {other => $vars}, twin => {job_type => 'chat', other => $vars}});
my %conns = $srv->conn_to_each;
my @workers = map { $srv->worker(job_type => 'chat', name => "w$_->[0]",
    batch => 8, conn => $_->[1])->login } map { [$_, $conns{$_}] } keys %conns;
my $worker = $workers[0];
my $client = $srv->client(endpoint => 'chat', browser => 1,
    conn => $srv->conn);

last_wins();
batch();
together();
many();
done_testing();


# The job that a client submits, taken by the worker
sub job {
    my ($of) = @_;
    my $id = ($of // $client)->job({prompt => 'p'});
    my ($job) = $worker->jobs;
    $job->{job_id} eq $id or die "not the job\n";
    return $job;
}

sub end { my ($job, %vars) = @_; $worker->result($job->{job_id}, \%vars) }

# What the next job is given
sub values_of {
    my ($of) = @_;
    my $job = job($of);
    end($job);
    return $job;
}


sub last_wins {
    my ($first, $second) = (job(), job());
    is($second->{x}, 0, 'both begin with the same');
    end($second, x => 2, y => 2);
    end($first, x => 1, y => 1);
    my $now = values_of();
    is_deeply([@$now{qw(x y)}], [1, 1], 'the last one that ends counts');
    ($first, $second) = (job(), job());
    end($first, x => 3);
    end($second, y => 4);
    $now = values_of();
    is_deeply([@$now{qw(x y)}], [3, 4], 'for what it says something of');
    return;
}


sub batch {
    $client->job({prompt => "p$_"}) for 1 .. 3;
    my @jobs = $worker->jobs;
    is(@jobs, 3, 'a batch');
    is_deeply([map { $_->{x} } @jobs], [3, 3, 3], 'of one session');
    my $other = $srv->client(endpoint => 'chat', browser => 1);
    $other->job({prompt => 'p'});
    push @jobs, $worker->jobs;
    is($jobs[3]{x}, 0, 'another session meanwhile');
    end($jobs[$_], x => 10 + $_, y => 10 + $_) for 2, 0, 3, 1;
    is(values_of()->{x}, 11, 'the last one of the batch');
    is(values_of($other)->{x}, 13, 'and that of the other session');
    return;
}


# Results that come in several processes at once: each has x and y, which must
# be the same, and one variable of its own, which must stay
sub together {
    my (@torn, @lost);
    end(job(), fill => 'f' x 60_000);
    for my $round (1 .. $ROUNDS) {
        $client->job({prompt => "p$_"}) for @names;
        my @jobs = $worker->jobs;
        my @waits = map { $srv->conn } @jobs;
        my @texts = map { $waits[$_]->request_text(POST =>
            '/worker_job_result', $worker->report($jobs[$_]{job_id},
            x => "$round $_", y => "$round $_", $names[$_] => $round)) }
            0 .. $#jobs;
        # all but the last byte, so that they come at once
        $waits[$_]->send_raw(substr $texts[$_], 0, -1) for 0 .. $#jobs;
        $waits[$_]->send_raw(substr $texts[$_], -1) for 0 .. $#jobs;
        $_->read_response->json->{cmd} eq 'ok' or die for @waits;
        my $now = values_of();
        push @torn, "$now->{x}, $now->{y}" if $now->{x} ne $now->{y}
            || $now->{x} !~ /^$round /;
        push @lost, map { "$_ $round" } grep { $now->{$_} ne $round } @names;
        $_->close for @waits;
    }
    is_deeply(\@torn, [], 'no result is there by halves');
    is_deeply(\@lost, [], 'none makes another one undone');
    return;
}


# Two endpoints with one session
sub many {
    my $twin = $srv->client(endpoint => 'twin', browser => 1,
        cookie => $client->{cookie});
    my @bad;
    for my $round (1 .. $ROUNDS) {
        my @waits = map { $srv->conn->send_request(POST =>
            '/worker_job_result', $worker->report($_->[0]{job_id},
            x => "$_->[1] $round")) } [job(), 'chat'], [job($twin), 'twin'];
        $_->read_response->json->{cmd} eq 'ok' or die for @waits;
        push @bad, $_ for grep { $_ !~ / $round$/ } values_of()->{x},
            values_of($twin)->{x};
        $_->close for @waits;
    }
    is_deeply(\@bad, [], 'both endpoints keep theirs');
    like(values_of()->{x}, qr/^chat /, 'each its own');
    return;
}
