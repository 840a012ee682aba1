# Parked job requests.  Guards against a poll that outlives the worker's own
# socket timeout, against newcomers that are served before those that wait
# longer (a parked GPU starves), and against refusals that a library retries
# at full speed.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(time);
use AimeTest;

my $srv = start_nginx(endpoints => {
    echo  => {},
    short => { worker => 'request_timeout = 1' },
});

no_job();
longest_first();
refused();
bodies();
done_testing();


# B waits as long as the configuration says, A also no longer than it says
sub no_job {
    my %poll = (
        'B' => [$srv->worker(job_type => 'short')->login],
        'A, by the server' => [$srv->worker(job_type => 'short',
            gen => 'A', timeout => 60)],
        'A, by its own' => [$srv->worker(gen => 'A', timeout => 1)],
        'A, that says nothing' => [$srv->worker(job_type => 'short',
            gen => 'A', timeout => undef)],
    );
    my $start = time;
    $_->[1] = $_->[0]->park for values %poll;
    for (sort keys %poll) {
        my $answer = $poll{$_}[1]->read_response(10);
        is($answer->status, 200, "$_: an answer");
        is_deeply([sort keys %{$answer->json}], [qw(api_server_version cmd)],
            'no_job has nothing else');
        is($answer->json->{cmd}, 'no_job', 'no_job');
    }
    ok(time - $start > 0.85, 'but not at once');
    return;
}


# Each is seen to wait before the next one comes
sub longest_first {
    my (@workers, @polls);
    for my $i (0 .. 4) {
        my $worker = $srv->worker(name => "q$i",
            gen => $i % 2 ? 'A' : 'B')->login;
        push @workers, $worker;
        push @polls, $worker->park;
        wait_until(sub {
            grep { $_->{name} eq "q$i" && $_->{free_slots} }
                @{$srv->get('/api/endpoints/echo')->json->{workers}}
        }) or die "q$i does not wait\n";
    }

    # one in the middle goes away, and the order of the others stays
    $polls[2]->close;
    ok(wait_until(sub {
        grep { $_->{name} eq 'q2' && $_->{state} eq 'offline' }
            @{$srv->get('/api/endpoints/echo')->json->{workers}}
    }), 'one hangs up');

    my @order = (0, 1, 3, 4);
    while (defined(my $i = shift @order)) {
        my $id = $srv->client->job({prompt => "for q$i"});
        my ($job) = AimeParty::Worker::jobs_of($polls[$i]->read_response);
        is($job->{job_id}, $id, "the job for q$i went to it");
        ok(!(grep { $_->readable } @polls[@order]), 'those behind it wait');
    }
    return;
}


sub refused {
    my %text = (
        'B, never logged in' => [{ auth => 'new', auth_key => $WORKER_KEY },
            'Worker new needs to login before being allowed to make job '
            . 'requests'],
        'B, wrong key' => [{ auth => 'q0', auth_key => 'wrong' },
            'Worker q0 needs to login before being allowed to make job '
            . 'requests'],
        'A, wrong key' => [$srv->worker(gen => 'A', key => 'wrong')
            ->request_body, 'Worker not authorized!'],
        'A, unknown job type' => [$srv->worker(gen => 'A', job_type => 'no')
            ->request_body, 'No job queue for job_type: no'],
    );
    for (sort keys %text) {
        my ($body, $text) = @{$text{$_}};
        my $answer = $srv->post('/worker_job_request', $body);
        is($answer->status, 200, "$_: status 200");
        is_deeply($answer->json, { cmd => 'error',
            success => Mojo::JSON::false(), msg => $text,
            error_msg => $text }, 'refused');
    }
    is($srv->post('/worker_job_request', {})->json->{cmd}, 'error',
        'an empty object too');
    return;
}


sub bodies {
    for my $body ('', '[]', '{"auth":', 'null', '[{"auth":"q0"}]') {
        my $answer = $srv->post('/worker_job_request', $body);
        is($answer->status, 400, "400 for <$body>");
        is(ref eval { $answer->json }, 'HASH', 'with a JSON object');
    }
    for my $method (qw(GET PUT DELETE)) {
        my $answer = $srv->request($method => '/worker_job_request');
        is($answer->status, 405, "405 for $method");
        is($answer->json->{cmd}, 'error', 'in the shape of the route');
    }
    is($srv->post('/worker_nonsense', {})->status, 404, '404 for no route');
    is($srv->post('/worker_nonsense', {})->json->{cmd}, 'error', 'as JSON');
    return;
}
