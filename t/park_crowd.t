# Four hundred parked polls and four hundred jobs: each job is delivered once,
# and every waiting client gets the result of its own job, whoever came first.
# Guards against wake-ups that are coalesced away (a job waits beside a parked
# poll), against two polls that take the same job, and against slots of parked
# requests that are mixed up when they are used again.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

need_fds(2048);

my $COUNT = on_valgrind() ? 40 : on_asan() ? 150 : 400;

my $srv = start_nginx(zone => '64m',
    server => 'location = /zone { return 200 $aime_zone_used; }');
my @workers = map { worker($_) } 0 .. $COUNT - 1;
my $used;

for my $round (1, 2) {
    polls_first($round);
    $used //= $srv->zone_used;
    clients_first($round);
    is($srv->zone_used, $used, 'memory of the zone as before');
}

done_testing();


# Both generations serve the same queue
sub worker {
    my ($i) = @_;
    return $srv->worker(gen => $i % 2 ? 'A' : 'B', name => "worker-$i")->login;
}


sub polls_first {
    my ($round) = @_;
    my $polls = polls();
    wait_until(sub { workers_waiting() == $COUNT })
        or return fail("$COUNT parked polls");
    my $clients = clients("first $round");
    serve("polls first, $round", $polls, $clients);
    return;
}


sub clients_first {
    my ($round) = @_;
    my $clients = clients("then $round");
    wait_until(sub { queued() == $COUNT }) or return fail("$COUNT jobs");
    serve("clients first, $round", polls(), $clients);
    return;
}


sub polls {
    return $srv->crowd($COUNT, sub {
        (POST => '/worker_job_request', $workers[$_[0]]->request_body)
    });
}


sub clients {
    my ($text) = @_;
    return $srv->crowd($COUNT, sub {
        (POST => '/echo', {key => $CLIENT_KEY, prompt => "$text of $_[0]"})
    });
}


sub serve {
    my ($name, $polls, $clients) = @_;
    is($polls->wait_for, $COUNT, "$name: every poll got something");
    my (%by_id, %by_prompt, @results);
    for my $i (0 .. $COUNT - 1) {
        my $answer = $polls->answer($i) or next;
        my @jobs = AimeParty::Worker::jobs_of($answer);
        $by_id{$_->{job_id}}++ for @jobs;
        $by_prompt{$_->{prompt}}++ for @jobs;
        push @results, map { $workers[$i]->report($_->{job_id},
            text => "result $_->{prompt}") } @jobs;
    }
    is(@results, $COUNT, "$name: as many jobs as there were");
    is(keys %by_id, $COUNT, "$name: no job twice");
    is(keys %by_prompt, $COUNT, "$name: each of another client");
    is($clients->answers, 0, "$name: no client has an answer yet");

    my $reports = $srv->crowd($COUNT, sub {
        (POST => '/worker_job_result', $results[$_[0]] // {})
    });
    is($reports->wait_for, $COUNT, "$name: the results are sent");
    my $ok = grep { $_->json->{cmd} eq 'ok' } $reports->answers;
    is($ok, $COUNT, "$name: and accepted");

    is($clients->wait_for, $COUNT, "$name: every client has an answer");
    my $own = grep { own($clients->answer($_), $_) } 0 .. $COUNT - 1;
    is($own, $COUNT, "$name: which is its own");
    $_->close for $polls, $clients, $reports;
    return;
}


sub own {
    my ($answer, $i) = @_;
    my $text = $answer ? $answer->json->{text} // '' : '';
    return $text =~ /^result \w+ \d of (\d+)$/ && $1 == $i;
}


sub details { return $srv->get('/api/endpoints/echo')->json }

sub workers_waiting { return scalar grep { $_->{free_slots} }
    @{details()->{workers}} }

sub queued { my $d = details();
    return $d->{max_queue_length} - $d->{free_queue_slots} }
