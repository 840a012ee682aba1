# Jobs of workers that are lost.  Guards against a job that dies with its
# worker, one that kills every worker it meets, an old worker that writes into
# its successor's job, and an answer that is thrown away although it is good.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $limits = "job_inactivity_timeout = 0.6\n";
my $srv = start_nginx(endpoints => {
    echo => {},
    bait => { job_type => 'echo', endpoint => $limits
        . 'retry_on_worker_loss = false' },
    front => { endpoint => $limits },
    once => { endpoint => $limits . 'retry_on_worker_loss = false' },
    two  => { endpoint => $limits . 'max_attempts = 2' },
});
my $number = 0;

to_the_front();
fenced();
late_result();
late_result_while_queued();
attempts();
no_retry();
done_testing();


sub new_worker {
    my ($type) = @_;
    return $srv->worker(name => 'w' . ++$number, job_type => $type)->login;
}


# A job whose worker said its last word, back in the queue.  The worker is lost
# by another job that it has: nothing hurries who takes this one next.
sub lost {
    my $client = $srv->client;
    my $worker = new_worker('echo');
    my $id = $client->job({prompt => 'lost'});
    is(($worker->jobs)[0]{job_id}, $id, 'a worker has the job');
    $worker->progress($id, 42, {text => 'half of it'});
    $worker->running($srv->client(endpoint => 'bait'));
    $client->poll_until($id, 'queued');
    return ($client, $worker, $id);
}


sub to_the_front {
    my $client = $srv->client(endpoint => 'front');
    my $worker = new_worker('front');
    my @ids = map { $client->job({prompt => "p$_"}) } 1 .. 4;
    is_deeply([map { $_->{job_id} } $worker->jobs(max_job_batch => 2)],
        [@ids[0, 1]], 'a worker takes two of four');
    $client->poll_until($_, 'queued') for @ids[0, 1];
    is_deeply([map { $client->progress($_)->json->{progress}
        {queue_position} } @ids], [1 .. 4], 'they are in front, in order');
    my ($row) = @{$srv->get('/api/endpoints/front')->json->{workers}};
    is($row->{state}, 'offline', 'the worker is offline');

    my $next = new_worker('front');
    is_deeply([map { $_->{job_id} } $next->jobs(max_job_batch => 9)], \@ids,
        'the next worker gets them');
    $next->result($_, {text => 'x'}) for @ids;
    return;
}


sub fenced {
    my ($client, $old, $id) = lost();
    my $progress = $client->progress($id)->json->{progress};
    is_deeply([@$progress{qw(progress progress_data queue_position)}],
        [0, {}, 1], 'nothing of the first try is left');
    my $new = new_worker('echo');
    my ($job) = $new->jobs;
    is($job->{job_id}, $id, 'another worker has it');
    is($job->{prompt}, 'lost', 'with its inputs');
    $new->progress($id, 10, {text => 'new'});
    is_deeply($old->progress($id, 90, {text => 'old'})->json, [{
        cmd => 'ok', success => Mojo::JSON::true(), job_id => $id,
        canceled => Mojo::JSON::true() }], 'the old one is told to stop');
    $progress = $client->progress($id)->json->{progress};
    is_deeply([@$progress{qw(progress progress_data)}], [10, {text => 'new'}],
        'and has no effect');

    is($new->result($id, {text => 'new'})->json->{cmd}, 'ok', 'the result');
    is($old->progress($id, 91)->json->[0]{canceled}, Mojo::JSON::true(),
        'the old one is told until its result came');
    is($old->result($id, {text => 'old'})->json->{cmd}, 'warning',
        'which is too late');
    is($old->progress($id, 91)->json->[0]{cmd}, 'warning', 'and not after it');
    is($client->progress($id)->json->{job_result}{text}, 'new',
        'the first result counts');
    return;
}


sub late_result {
    my ($client, $old, $id) = lost();
    my $new = new_worker('echo');
    is(($new->jobs)[0]{job_id}, $id, 'another worker has it');
    is($old->result($id, {text => 'old'})->json->{cmd}, 'ok',
        'a slow answer is as good');
    is($client->poll_until($id, 'done')->{job_result}{text}, 'old',
        'it counts');
    is($client->progress($id)->json->{job_result}{auth}, $old->{name},
        'and names its worker');
    is($new->progress($id, 1)->json->[0]{canceled}, Mojo::JSON::true(),
        'the other one is told to stop');
    is($new->result($id, {text => 'new'})->json->{cmd}, 'warning',
        'its result is dropped');
    is($client->progress($id)->json->{job_result}{text}, 'old', 'for good');
    return;
}


sub late_result_while_queued {
    my ($client, $old, $id) = lost();
    is($old->progress($id, 77)->status, 200, 'a report while it is queued');
    is($client->progress($id)->json->{progress}{progress}, 0, 'has no effect');
    is($old->result($id, {text => 'old'})->json->{cmd}, 'ok', 'the result has');
    is($client->progress($id)->json->{job_state}, 'done', 'done');
    is($srv->get('/api/endpoints/echo')->json->{free_queue_slots}, 1000,
        'it is out of the queue');
    return;
}


sub attempts {
    my $client = $srv->client(endpoint => 'two');
    my ($one, $two) = map { new_worker('two') } 1, 2;
    my $id = $one->running($client);
    $client->poll_until($id, 'queued');
    is(($two->jobs)[0]{job_id}, $id, 'the second of two attempts');
    ok(wait_until(sub { $client->progress($id)->status != 200 }), 'the last');
    is($client->progress($id)->status, 400, 'then it lapses');
    is($client->progress($id)->json->{job_state}, 'lapsed', 'says its state');
    is($one->result($id, {text => 'x'})->json->{cmd}, 'warning',
        'a finished state is final');
    return;
}


sub no_retry {
    my $client = $srv->client(endpoint => 'once');
    my $worker = new_worker('once');
    my $waiting = $client->park({prompt => 'x'});
    is(scalar(my @jobs = $worker->jobs), 1, 'a worker has the job');
    my $answer = $waiting->read_response;
    is($answer->status, 504, 'lapsed with its worker');
    is($answer->json->{job_state}, 'lapsed', 'job_state');
    return;
}
