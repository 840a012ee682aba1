# A client takes its job back: from the queue, or from the worker that has it.
# Guards against a canceled job that still goes to a worker, against a worker
# that is told of it before it asks or after its result, and against a client
# that polls a canceled job for ever.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(true false);
use Test::More;
use AimeTest;

my $srv = start_nginx(endpoints => {echo => {}, other => {}});
my $client = $srv->client;
my $second = $srv->client(key => $SECOND_KEY, user => 'second');

queued();
running();
waiting();
finished();
strangers();
hang_up();
done_testing();


sub canceled {
    my ($id) = @_;
    my $answer = $client->cancel($id);
    is($answer->status, 200, 'accepted');
    my $json = $answer->json;
    is_deeply([@$json{qw(success job_id job_state)}], [true, $id, 'canceled'],
        'canceled');
    return;
}

# What a poll says of it; both client libraries go on polling at a 200
sub is_canceled {
    my ($id) = @_;
    my $answer = $client->progress($id);
    is($answer->status, 410, 'gone');
    my $json = $answer->json;
    is($json->{success}, false, 'no success');
    is($json->{job_state}, 'canceled', 'job_state');
    is($json->{job_id}, $id, 'job_id');
    is_deeply($json->{error}, ["Job $id on echo canceled!"], 'error');
    is(ref $json->{progress}, 'HASH', 'progress is there');
    return;
}


sub queued {
    my @ids = map { $client->job({prompt => $_}) } qw(a b c);
    canceled($ids[1]) for 1, 2;
    is_canceled($ids[1]) for 1, 2;
    is($client->progress($ids[2])->json->{progress}{queue_position}, 2,
        'the next one moves up');
    my $worker = $srv->worker(batch => 8)->login;
    is_deeply([map { $_->{job_id} } $worker->jobs], [@ids[0, 2]],
        'it goes to no worker');
    is($worker->result($ids[1], {text => 'x'})->json->{cmd}, 'warning',
        'nor is a result taken');
    is($worker->result($_, {text => 'x'})->json->{cmd}, 'ok', 'the others')
        for @ids[0, 2];
    return;
}


sub running {
    my $worker = $srv->worker->login;
    my $id = $client->job({prompt => 'p'});
    $worker->jobs;
    is_deeply($worker->progress($id, 10, {})->json,
        [{cmd => 'ok', success => true}], 'a report before');
    canceled($id);
    is_canceled($id);
    for (1, 2) {
        is_deeply($worker->progress($id, 20, {})->json, [{cmd => 'ok',
            success => true, job_id => $id, canceled => true}],
            'each report after it is told so');
    }
    canceled($id);
    is($worker->result($id, {text => 'late'})->json->{cmd}, 'ok',
        'its result is accepted');
    is_canceled($id);
    my ($item) = @{$worker->progress($id, 30, {})->json};
    ok(!exists $item->{job_id}, 'not named after its result');
    is($item->{cmd}, 'warning', 'but not found');
    return;
}


sub waiting {
    my $worker = $srv->worker->login;
    my $conn = $client->park({prompt => 'p'});
    my ($job) = $worker->jobs;
    canceled($job->{job_id});
    my $answer = $conn->read_response;
    is($answer->status, 410, 'the client that waits is told');
    my $json = $answer->json;
    is(delete($json->{progress})->{progress}, 0, 'with its progress');
    is_deeply($json, {success => false, ep_version => 1,
        job_id => $job->{job_id}, job_state => 'canceled',
        error => ["Job $job->{job_id} on echo canceled!"]}, 'all of it');
    return;
}


sub finished {
    my $worker = $srv->worker->login;
    my $id = $client->job({prompt => 'p'});
    $worker->jobs;
    $worker->result($id, {text => 'done'});
    my $answer = $client->cancel($id);
    is($answer->status, 200, 'a finished one');
    is($answer->json->{job_state}, 'done', 'stays finished');
    is($client->progress($id)->json->{job_result}{text}, 'done',
        'with its result');
    return;
}


sub strangers {
    my $id = $client->job({prompt => 'p'});
    my @tries = ($second, $srv->client(key => undef),
        $srv->client(endpoint => 'other'));
    for my $stranger (@tries) {
        my $answer = $stranger->cancel($id);
        is($answer->status, 404, 'not for strangers');
        like($answer->json->{error}[0], qr/no active request with .* $id$/,
            'who learn nothing');
    }
    is($client->progress($id)->json->{job_state}, 'queued', 'it lives on');
    my $same = $srv->client;
    $same->login;
    is($same->cancel($id)->json->{job_state}, 'canceled',
        'a session of the same key may');
    return;
}


# A client that hangs up while it waits cancels its job
sub hang_up {
    my $conn = $client->park({prompt => 'p'});
    ok(wait_until(sub {
        $srv->get("/api/echo")->json->{free_queue_slots} == 999 }), "queued");
    $conn->close;
    ok(wait_until(sub {
        $srv->get('/api/echo')->json->{free_queue_slots} == 1000 }),
        'a client that hangs up leaves the queue');
    return;
}
