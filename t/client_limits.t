# How many jobs one client may have at once, and how many may wait.  Guards
# against a place that is not given back when a job ends, however it ends, and
# against a limit that counts another client's jobs, another endpoint's, or
# those of its own process only.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(false);
use Test::More;
use AimeTest;

my $srv = start_nginx(endpoints => {
    echo => {clients => 'client_request_limit = 2'},
    free => {clients => 'client_request_limit = 0', job_type => 'echo'},
    short => {endpoint => 'max_queue_length = 2'},
    sibling => {job_type => 'short'},
    zero => {endpoint => 'max_queue_length = 0'},
    open => {clients => "client_request_limit = 1\nauthorization = \"None\""},
    single => {clients => 'client_request_limit = 1'},
    brief => {clients => 'client_request_limit = 1',
        endpoint => 'max_time_in_queue = 0.1'}});
my @procs = $srv->procs;

limited();
each_process();
given_back();
sessions();
lapsed();
queue();
done_testing();


sub refused {
    my ($status, $text, $client, $why) = @_;
    my $answer = $client->submit({prompt => 'p'}, wait_for_result => false);
    is($answer->status, $status, "$status: $why") or diag $answer->body;
    my $json = $answer->json;
    is($json->{success}, false, 'no success');
    is(ref $json->{error}, 'ARRAY', 'a list');
    like($json->{error}[0], $text, 'that says so');
    like($answer->header('Retry-After'), qr/^[1-9]\d*$/, 'Retry-After');
    my $waiting = $client->submit({prompt => 'p'});
    is($waiting->status, $status, 'so is one that would wait');
    return;
}

sub is_busy { return refused(429, qr/limit of \d+ jobs/, @_) }

sub is_full { my $n = shift; return refused(503,
    qr/^Job queue reached max length $n!$/, @_) }

sub clients {
    my ($endpoint) = @_;
    return ($srv->client(endpoint => $endpoint), $srv->client(endpoint =>
        $endpoint, key => $SECOND_KEY, user => 'second'));
}


sub limited {
    my ($first, $second) = clients('echo');
    my @ids = map { $first->job({prompt => 'p'}) } 1, 2;
    is_busy($first, 'a third job');
    ok($second->job({prompt => 'p'}), 'another key is another client');
    my ($free) = clients('free');
    ok($free->job({prompt => 'p'}), 'another endpoint') for 1 .. 4;
    is($first->submit({prompt => 5})->status, 400, 'mistakes come first');

    my $worker = $srv->worker(batch => 16)->login;
    $worker->jobs;
    is_busy($first, 'running jobs count too');
    $worker->result($ids[0], {text => 't'});
    push @ids, $first->job({prompt => 'p'});
    is_busy($first, 'only one place was free');
    $first->cancel($_) for @ids[1, 2];
    $first->job({prompt => 'p'}) for 1, 2;
    is_busy($first, 'a canceled job gives its place back once');
    return;
}


# Jobs of whatever process count
sub each_process {
    my ($client) = clients('open');
    $client->login;
    my %conn = $srv->conn_to_each;
    my $id;
    for my $pid (@procs) {
        $client->{conn} = $conn{$pid};
        $id //= $client->job({prompt => 'p'});
        is($client->submit({prompt => 'p'})->status, 429, 'in each process');
    }
    is($client->cancel($id)->status, 200, 'cancel');
    return;
}


# A waiting client: its place is free when it has its answer, or hangs up
sub given_back {
    my ($client) = clients('single');
    my $worker = $srv->worker(job_type => 'single')->login;
    for (1 .. 3) {
        my $parked = $worker->park;
        my $conn = $client->park({prompt => 'p'});
        my ($job) = AimeParty::Worker::jobs_of($parked->read_response);
        is($client->submit({prompt => 'p'})->status, 429, 'one at a time');
        $worker->result($job->{job_id}, {text => 't'});
        is($conn->read_response->status, 200, 'its result');
    }
    my $parked = $worker->park;
    my $conn = $client->park({prompt => 'p'});
    my ($job) = AimeParty::Worker::jobs_of($parked->read_response);
    $conn->close;
    ok(wait_until(sub {
        my $answer = $client->submit({prompt => 'p'},
            wait_for_result => false);
        return $answer->status == 200;
    }), 'a client that hung up');
    return;
}


# On an open endpoint each session without a key is a client of its own
sub sessions {
    my @clients = map { $srv->client(endpoint => 'open', key => undef) } 1, 2;
    $_->login for @clients;
    ok($_->job({prompt => 'p'}), 'each session has its own place')
        for @clients;
    is_busy($_, 'and no more') for @clients;

    my ($key) = clients('open');
    my ($session) = clients('open');
    $session->login;
    $session->job({prompt => 'p'});
    is_busy($key, 'a session shares the limit of its key');
    return;
}


sub lapsed {
    my ($client) = clients('brief');
    my $id = $client->job({prompt => 'p'});
    $client->poll_until($id, 'lapsed');
    ok($client->job({prompt => 'p'}), 'a lapsed job gives its place back');
    return;
}


sub queue {
    my ($client) = clients('short');
    my @ids = map { $client->job({prompt => 'p'}) } 1, 2;
    is_full(2, $client, 'a third job');
    is($srv->get('/api/short')->json->{free_queue_slots}, 0, 'none free');
    my ($sibling) = clients('sibling');
    ok($sibling->job({prompt => 'p'}), 'each endpoint has its own limit');

    my $worker = $srv->worker(job_type => 'short')->login;
    my ($job) = $worker->jobs;
    is($job->{job_id}, $ids[0], 'a worker takes one');
    $client->cancel($ids[1]);
    ok($client->job({prompt => 'p'}), 'places are free again');
    my ($zero) = clients('zero');
    is_full(0, $zero, 'a limit of 0 is a limit');
    return;
}
