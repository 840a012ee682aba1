# How long results are kept.  Guards against a client that loses its answer
# since the connection broke (it fetches it again), and against results that
# fill the memory although somebody has got them already.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $srv = start_nginx(zone => '8m', endpoints => {
    echo  => {},
    brief => { endpoint => 'result_lifetime = ' . patience(3),
        inputs => 'key_less = {}' },
    free  => { clients => 'authorization = "None"' },
});
my $worker = $srv->worker->login;

again();
gone();
waiting();
idempotent();
room();
done_testing();


# A waiting client's: (connection, job)
sub answered {
    my ($client, %headers) = @_;
    my $conn = $srv->conn->send_request(POST => '/echo',
        {key => $CLIENT_KEY, prompt => 'x'}, %headers);
    my ($job) = $worker->jobs;
    $worker->result($job->{job_id}, {text => 'the answer'});
    my $answer = $conn->read_response;
    is($answer->status, 200, 'a waiting client is answered');
    is($answer->json->{text}, 'the answer', 'with the result');
    return ($conn, $job->{job_id});
}


sub again {
    my $client = $srv->client;
    my $id = $client->job({prompt => 'x'});
    is(($worker->jobs)[0]{job_id}, $id, 'a worker has it');
    $worker->result($id, {text => "the answer \x{e4}"});
    my @results;
    for (1 .. 5) {
        my $json = $client->progress($id)->json;
        is($json->{job_state}, 'done', 'done');
        delete $json->{job_result}{result_sent_time};
        push @results, $json->{job_result};
    }
    is($results[0]{text}, "the answer \x{e4}", 'the result');
    is_deeply($_, $results[0], 'and again') for @results[1 .. 4];
    is($client->cancel($id)->status, 200, 'a cancel');
    is($client->progress($id)->json->{job_state}, 'done', 'changes nothing');

    my $second = $srv->client(key => $SECOND_KEY, user => 'second');
    is($second->progress($id)->status, 404, 'not for another key');
    is($srv->client(endpoint => 'free')->progress($id)->status, 404,
        'nor by another endpoint');
    return;
}


# Fetched or not; and what has ended without a result, too
sub gone {
    my $client = $srv->client(endpoint => 'brief');
    my $other = $srv->worker(job_type => 'brief', batch => 3)->login;
    my @ids = map { $client->job } 1 .. 3;
    is(scalar(my @jobs = $other->jobs), 3, 'three jobs');
    $other->result($_, {text => 'x'}) for @ids[0, 1];
    $client->cancel($ids[2]);
    is($client->progress($ids[0])->json->{job_state}, 'done', 'one is fetched');
    for my $id (@ids) {
        my $answer;
        ok(wait_until(sub {
            ($answer = $client->progress($id))->status == 404
        }), 'gone after result_lifetime');
        is_deeply($answer->json->{error},
            ["Client has no active request with this job id $id"],
            'like a job that never was');
    }
    is($other->result($ids[2], {text => 'x'})->json->{cmd}, 'warning',
        'its worker hears the same');
    return;
}


sub waiting {
    my ($conn, $id) = answered($srv->client);
    my $client = $srv->client;
    ok(wait_until(sub { $client->progress($id)->status == 404 }),
        'the result was given back at once');
    is($worker->progress($id, 1)->json->[0]{cmd}, 'warning',
        'its worker is not told to stop');
    $conn->close;
    return;
}


sub idempotent {
    my ($conn, $id) = answered($srv->client, 'Idempotency-Key' => 'one');
    $conn->close;

    # another client's result is given back, so this one would be too
    my (undef, $other) = answered($srv->client);
    my $client = $srv->client;
    ok(wait_until(sub { $client->progress($other)->status == 404 }),
        'that without an Idempotency-Key is gone');
    is($client->progress($id)->json->{job_result}{text}, 'the answer',
        'that with one stays');
    return;
}


# Results of 1 MB in a zone of 8: what was sent is no longer there
sub room {
    my $client = $srv->client;
    my $big = 'x' x (1 << 20);
    my @bad;
    for my $i (1 .. 20) {
        my $conn = $client->park({prompt => "p$i"});
        my ($job) = $worker->jobs;
        my $cmd = $worker->result($job->{job_id}, {text => $big})
            ->json->{cmd};
        my $answer = $conn->read_response;
        push @bad, $i if $cmd ne 'ok' || $answer->body !~ /"$big"/;
        $conn->close;
    }
    is_deeply(\@bad, [], 'twenty large results to waiting clients');
    for my $i (1 .. 20) {
        my $id = $client->job({prompt => "p$i"});
        $worker->jobs;
        my $cmd = $worker->result($id, {text => $big})->json->{cmd};
        push @bad, $i if $cmd ne 'ok'
            || $client->progress($id)->body !~ /"$big"/;
    }
    is_deeply(\@bad, [], 'and twenty that were fetched give way');
    return;
}
