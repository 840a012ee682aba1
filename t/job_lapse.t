# Jobs that lapse.  Guards against a client that waits for ever for a job that
# no worker will finish, and against deadlines that fire only when something
# else happens.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $srv = start_nginx(endpoints => {
    queue => { endpoint => 'max_time_in_queue = 0.7' },
    work  => { endpoint => "job_inactivity_timeout = 1\n"
        . 'max_time_in_queue = 60' },
    # long enough for reports to come in time
    some  => { endpoint => 'job_inactivity_timeout = ' . patience(3) },
    # 2 ** 32 milliseconds and some
    long  => { endpoint => 'max_time_in_queue = 4294967.5' },
});

in_queue();
not_once_taken();
inactive();
reporting();
batch();
done_testing();


sub lapsed {
    my ($answer, $status, $id, $name) = @_;
    is($answer->status, $status, "$name: $status");
    my $json = $answer->json;
    is($json->{success}, Mojo::JSON::false(), "$name: no success");
    is($json->{job_state}, 'lapsed', "$name: job_state");
    $id //= $json->{job_id};
    is($json->{job_id}, $id, "$name: job_id");
    is(ref $json->{error}, 'ARRAY', "$name: a list of errors");
    like($json->{error}[0], qr/^Job \Q$id\E on \w+ lapsed!$/,
        "$name: with the job's id and endpoint");
    return $json;
}


sub in_queue {
    my $client = $srv->client(endpoint => 'queue');
    my $long = $srv->client(endpoint => 'long');
    my $stays = $long->job({prompt => 'stays'});
    my $waiting = $client->park({prompt => 'waits'});
    my $id = $client->job({prompt => 'polls'});
    lapsed($waiting->read_response, 504, undef, 'waiting client');

    ok(wait_until(sub { $client->progress($id)->status != 200 }),
        'the other one lapses too');
    is($long->progress($stays)->json->{job_state}, 'queued',
        'not one that may wait for weeks');
    $long->cancel($stays);
    my $json = lapsed($client->progress($id), 400, $id, 'polling client');
    is_deeply([sort keys %{$json->{progress}}], [sort qw(progress estimate
        queue_position num_workers_online job_id progress_data)],
        'progress is there nevertheless');
    is($json->{progress}{queue_position}, 0, 'in no queue');

    lapsed($client->progress($id), 400, $id, 'again');
    my $answer = $client->cancel($id);
    isnt($answer->json->{job_state}, 'canceled', 'it cannot be canceled');
    is($client->progress($id)->json->{job_state}, 'lapsed',
        'a finished state is final');
    is($srv->get('/api/endpoints/queue')->json->{free_queue_slots}, 1000,
        'the queue is empty');
    ok(wait_until(sub {
        2 == (() = $srv->log =~ /\[warn\] .* lapsed: it waited longer/g);
    }), 'the log says why');
    return;
}


# A job that is taken in time may compute for longer
sub not_once_taken {
    my $client = $srv->client(endpoint => 'queue');
    my $worker = $srv->worker(job_type => 'queue')->login;
    my ($taken) = $worker->running_in_time($client);
    my $id = $client->job({prompt => 'not taken'});
    ok(wait_until(sub { $client->progress($id)->status == 400 }),
        'one that is not taken lapses');
    is($client->progress($taken)->json->{job_state}, 'processing',
        'the other one does not');
    is($worker->result($taken, {text => 'x'})->json->{cmd}, 'ok', 'done');
    return;
}


# The worker is alive, for it polls, but says nothing of this job
sub inactive {
    my $client = $srv->client(endpoint => 'work');
    my $worker = $srv->worker(name => 'W', job_type => 'work')->login;
    my @polls = $worker->parked(2);
    my $waiting = $client->park({prompt => 'x'});
    my ($job, $poll) = AimeParty::Worker::job_of_polls(@polls);
    my $id = $job->{job_id};
    lapsed($waiting->read_response, 504, $id, 'inactivity');
    ok(!$poll->readable, 'it is not given to a worker again');

    is_deeply($worker->progress($id, 1)->json, [{ cmd => 'ok',
        success => Mojo::JSON::true(), job_id => $id,
        canceled => Mojo::JSON::true() }], 'the worker is told to stop');
    is($worker->result($id, {text => 'late'})->json->{cmd}, 'warning',
        'its result comes too late');
    is($client->progress($id)->json->{job_state}, 'lapsed', 'it stays so');
    is($worker->progress($id, 1)->json->[0]{cmd}, 'warning',
        'the worker is not told of what it has finished');
    return;
}


# Each report renews the timer
sub reporting {
    my $client = $srv->client(endpoint => 'some');
    my $worker = $srv->worker(name => 'V', job_type => 'some',
        batch => 2)->login;
    my ($one, $two) = map { $client->job({prompt => $_}) } qw(one two);
    is(scalar(my @jobs = $worker->jobs), 2, 'two jobs');
    ok(wait_until(sub {
        $worker->progress($one, 1);
        $client->progress($two)->status == 400;
    }), 'the one that is not reported on lapses');
    is($client->progress($one)->json->{job_state}, 'processing',
        'the other one goes on');
    is($worker->result($one, {text => 'x'})->json->{cmd}, 'ok', 'and ends');
    return;
}


# Many deadlines at once
sub batch {
    my $client = $srv->client(endpoint => 'queue');
    my @ids = map { $client->job({prompt => "p$_"}) } 1 .. 200;
    ok(wait_until(sub { $client->progress($ids[-1])->status == 400 }, 20),
        'the last of 200 jobs lapses');
    is_deeply([grep { $client->progress($_)->json->{job_state} ne 'lapsed' }
        @ids], [], 'and so did all before it');
    is($srv->get('/api/endpoints/queue')->json->{free_queue_slots}, 1000,
        'the queue is empty');
    return;
}
