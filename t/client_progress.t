# Polling for a job, from the queue to its result, and who may do it.  Guards
# against a job that strangers see, against one that its own client library no
# longer finds (two of them poll without credentials), and against a result that
# is gone after it was fetched once.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(true false);
use Test::More;
use AimeTest;

my $srv = start_nginx(endpoints => {echo => {}, twin => {job_type => 'echo'},
    open => {clients => 'authorization = "None"'}});
my $client = $srv->client;
my $second = $srv->client(key => $SECOND_KEY, user => 'second');
my $worker;

queued();
processing();
done();
strangers();
unowned();
asking();
done_testing();


sub no_job {
    my ($answer, $id, $why) = @_;
    is($answer->status, 404, "404: $why");
    is_deeply($answer->json, {success => false, ep_version => 1, error =>
        ["Client has no active request with this job id $id"]}, 'no such job');
    return;
}


sub queued {
    my @ids = map { $client->job({prompt => $_}) } qw(a b c);
    for my $i (0 .. 2) {
        my $json = $client->progress($ids[$i])->json;
        is_deeply($json, {success => true, job_id => $ids[$i],
            ep_version => 1, job_state => 'queued', progress => {
            progress => 0, queue_position => $i + 1, estimate => -1,
            num_workers_online => 0, job_id => $ids[$i],
            progress_data => {}}}, "queued, at position @{[$i + 1]}");
    }
    $worker = $srv->worker(name => 'gpu-1')->login;
    my ($first) = $worker->jobs;
    $first = $first->{job_id};
    is($client->poll_until($ids[0], 'processing')->{progress}{queue_position},
        0, 'no longer in the queue');
    is($client->progress($ids[1])->json->{progress}{queue_position}, 1,
        'the others have moved up');
    is($first, $ids[0], 'the oldest first');
    $worker->result($_->{job_id}, {text => 'x'}) for {job_id => $first},
        map { $worker->jobs } 1, 2;
    return;
}


sub processing {
    my $id = $client->job({prompt => 'p'});
    $worker->jobs;
    my $json = $client->progress($id)->json;
    is($json->{job_state}, 'processing', 'processing');
    is($json->{progress}{progress}, 0, 'no report yet');
    is($json->{progress}{num_workers_online}, 1, 'a worker is online');
    cmp_ok($json->{progress}{estimate}, '>=', 0, 'an estimate');

    $worker->progress($id, 12.5, {text => 'so far', hidden => 1});
    my $answer = $client->progress($id);
    $json = $answer->json;
    is_deeply($json->{progress}{progress_data}, {text => 'so far'},
        'only outputs that are named');
    like($answer->body, qr/"progress":12\.5[,}]/, 'the number as written');
    $worker->progress($id, 80, undef);
    is($client->progress($id)->json->{progress}{progress}, 80, 'another one');
    $worker->result($id, {text => 'all'});
    return;
}


sub done {
    my $id = $client->job({prompt => 'p'});
    $worker->jobs;
    $worker->result($id, {text => 'result', hidden => 1});
    for my $time (qw(once again)) {
        my $json = $client->progress($id)->json;
        is($json->{job_state}, 'done', "done, fetched $time");
        is($json->{success}, true, 'success');
        is($json->{job_id}, $id, 'job_id');
        my $result = $json->{job_result};
        is($result->{text}, 'result', 'the result');
        is($result->{job_id}, $id, 'as the waiting form gives it');
        ok(exists $result->{pending_duration}, 'with its meta data');
        ok(!exists $result->{hidden}, 'and nothing that is not named');
    }
    return;
}


sub strangers {
    my $id = $client->job({prompt => 'p'});
    no_job($second->progress($id), $id, 'another key');
    no_job($srv->client(key => undef)->progress($id), $id, 'no key');
    no_job($srv->client(endpoint => 'twin')->progress($id), $id,
        'another endpoint');
    $second->login;
    no_job($second->progress($id), $id, 'a session of another key');
    my $session = $srv->client;
    $session->login;
    is($session->progress($id)->status, 200, 'a session of the same key');
    is($client->progress($id, key => 'wrong')->status, 401, 'a wrong key');

    $worker->jobs;
    $worker->result($id, {text => 'secret'});
    no_job($second->progress($id), $id, 'a result of another key');
    is($client->progress($id)->json->{job_state}, 'done', 'its own result');
    return;
}


sub unowned {
    my $nobody = $srv->client(key => undef);
    my $session = $srv->client;
    $session->login;
    my $id = $session->job({prompt => 'p'});
    is($nobody->progress($id)->json->{job_state}, 'queued',
        'a job of a session needs no credentials');
    is($client->progress($id)->json->{job_state}, 'queued', "its key's");

    my $open = $srv->client(endpoint => 'open', key => undef);
    $open->login;
    $id = $open->job({prompt => 'p'});
    $open->{session} = undef;
    is($open->progress($id)->json->{job_state}, 'queued',
        'nor does one of an open endpoint');
    return;
}


sub asking {
    my $id = $client->job({prompt => 'p'});
    my $auth = "key=$CLIENT_KEY";
    my $escaped = join '', map { sprintf '%%%02x', ord } split //, $id;
    for my $query ("job_id=$id&$auth", "$auth&job_id=$escaped",
        "$auth&job_id=" . uc $id) {
        is($srv->get("/echo/progress?$query")->json->{job_id}, $id, $query);
    }
    is($srv->get("/echo/progress/?$auth&job_id=$id")->status, 200, 'a slash');
    is($srv->post('/echo/progress', {job_id => $id, key => $CLIENT_KEY})
        ->json->{job_state}, 'queued', 'POST');
    for my $wrong ('x', $id =~ tr/0-9a-f/1-9a-f0/r, "$id#1", "$id ", '%') {
        no_job($client->progress($wrong), $wrong, 'no such id');
    }
    return;
}
