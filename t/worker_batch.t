# Batches.  Guards against a batch that mixes endpoints (its descriptions are
# those of one), that is not in the order of submission, that lets an older
# job of another endpoint wait for ever, that lingers although it is full, or
# that ends at the first job that ever came back, if it is another endpoint's.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(time);
use AimeTest;

my $srv = start_nginx(endpoints => {
    one  => { job_type => 'shared' },
    two  => { job_type => 'shared' },
    slow => { worker => 'max_batch_delay = 700' },
    long => { worker => 'max_batch_delay = 60000' },
    here => { job_type => 'back' },
    there => { job_type => 'back', endpoint => 'job_inactivity_timeout = 0.6' },
});
my %client = map { $_ => $srv->client(endpoint => $_) }
    qw(one two slow long here there);

sizes();
one_endpoint();
full_at_once();
lingering();
canceled();
returned();
done_testing();


sub ids { return map { $_->{job_id} } @_ }


sub sizes {
    my $worker = $srv->worker(job_type => 'shared', batch => 3)->login;
    my @ids = map { $client{one}->job({prompt => "p$_"}) } 1 .. 8;
    is_deeply([ids($worker->jobs)], [@ids[0 .. 2]], 'up to max_job_batch');
    is_deeply([ids($worker->jobs(max_job_batch => 4))], [@ids[3 .. 6]],
        'which each request says anew');
    is_deeply([ids($worker->jobs(max_job_batch => 50))], [$ids[7]],
        'or as many as there are');
    my @more = map { $client{one}->job({prompt => "p$_"}) } 1 .. 2;
    is_deeply([ids($worker->jobs(max_job_batch => 0))], [$more[0]],
        'none is one');
    is_deeply([ids($worker->jobs(max_job_batch => -5))], [$more[1]],
        'and so is less');
    my @many = map { $client{one}->job({prompt => "p$_"}) } 1 .. 20;
    is_deeply([ids($worker->jobs(max_job_batch => 1e9))], \@many,
        'a huge number is all');
    return;
}


sub one_endpoint {
    my $worker = $srv->worker(job_type => 'shared', batch => 10)->login;
    my %ids = (one => [], two => []);
    push @{$ids{$_}}, $client{$_}->job({prompt => "p$_"})
        for qw(one two two one two one);
    for my $name (qw(one two)) {
        my $answer = $worker->request_job;
        is($answer->json->{endpoint_name}, $name,
            'the endpoint of the oldest job');
        is_deeply([ids(AimeParty::Worker::jobs_of($answer))], $ids{$name},
            'its jobs alone, oldest first');
    }

    # an older job of the other endpoint comes before the rest of the first
    %ids = (one => [], two => []);
    push @{$ids{$_}}, $client{$_}->job({prompt => "p$_"})
        for qw(one one two one);
    my @got = map { [ids($worker->jobs(max_job_batch => 2))] } 1 .. 3;
    is_deeply(\@got, [[@{$ids{one}}[0, 1]], [$ids{two}[0]], [$ids{one}[2]]],
        'the rest waits its turn');
    return;
}


# With a delay of a minute, only a full batch can come in time
sub full_at_once {
    my $worker = $srv->worker(job_type => 'long', batch => 3)->login;
    my @ids = map { $client{long}->job({prompt => "p$_"}) } 1 .. 3;
    my $answer = $worker->leave(POST => '/worker_job_request',
        $worker->request_body)->read_response;
    is_deeply([ids(AimeParty::Worker::jobs_of($answer))], \@ids,
        'a batch that is full goes at once');

    my $poll = $worker->park;
    ok(wait_until(sub { $srv->get('/api/endpoints/long')->json->{workers}[0]
        {free_slots} == 3 }), 'a poll waits');
    @ids = ();
    for (1 .. 3) {
        ok(!$poll->readable, 'not full');
        push @ids, $client{long}->job({prompt => "p$_"});
    }
    is_deeply([ids(AimeParty::Worker::jobs_of($poll->read_response))], \@ids,
        'the last job fills it');

    @ids = map { $client{long}->job({prompt => "p$_"}) } 1 .. 2;
    is_deeply([ids($worker->jobs(max_job_batch => 1))], [$ids[0]],
        'one job is full for a request of one');
    $client{long}->cancel($ids[1]);
    return;
}


# However long it lingers, the second job may be too late; not each time
sub lingering {
    my $worker = $srv->worker(job_type => 'slow', batch => 3)->login;
    my (@ids, @got);
    for (1 .. 5) {
        my $poll = $worker->park;
        my $start = time;
        @ids = map { $client{slow}->job({prompt => "p$_"}) } 1, 2;
        @got = ids(AimeParty::Worker::jobs_of($poll->read_response));
        my $took = time - $start;
        ok($took > 0.6, 'the batch lingered') or diag $took;
        last if @got == 2;
        $client{slow}->cancel($_) for @ids;
    }
    is_deeply(\@got, \@ids, 'the second job joined the first');
    return;
}


sub canceled {
    my $worker = $srv->worker(job_type => 'long', batch => 2)->login;
    my $poll = $worker->park;
    my @ids = $client{long}->job({prompt => 'first'});
    $client{long}->cancel($ids[0]);
    push @ids, $client{long}->job({prompt => 'second'});
    ok(!$poll->readable, 'a canceled job takes no place in a batch');
    push @ids, $client{long}->job({prompt => 'third'});
    is_deeply([ids(AimeParty::Worker::jobs_of($poll->read_response))],
        [@ids[1, 2]], 'which is full with two others');
    return;
}


# One worker has both jobs, and loses both when the second one's limit is over
sub returned {
    my $lost = $srv->worker(job_type => 'back', gen => 'A', name => 'lost');
    my %id = map { $_ => $lost->running($client{$_}) } qw(here there);
    my $last = $client{here}->job({prompt => 'new'});
    for my $place (['here', 1], ['there', 2]) {
        my ($name, $position) = @$place;
        ok(wait_until(sub { ($client{$name}->progress($id{$name})
            ->json->{progress}{queue_position} // 0) == $position }),
            "its job comes back as number $position");
    }
    my $worker = $srv->worker(job_type => 'back', batch => 3)->login;
    is_deeply([ids($worker->jobs)], [$id{here}, $last],
        'a batch goes on behind what came back');
    return;
}
