# Idempotency-Key: a request that is sent again is not done again.  Guards
# against a retry that costs a second computation, against one client's key
# that reaches another's job, and against an answer to other inputs than those
# that were sent.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(false true);
use Test::More;
use AimeTest;

my $inputs = join "\n", 'prompt = { type = "string" }',
    'n = { type = "integer", default = 3 }';
my $srv = start_nginx(endpoints => { echo => {inputs => $inputs},
    other => {inputs => $inputs, job_type => 'echo'},
    limited => {clients => 'client_request_limit = 1',
        endpoint => 'max_queue_length = 1'},
    hasty => {endpoint => 'max_time_in_queue = 0.5'},
    brief => {endpoint => 'result_lifetime = 0.3'} });
my $conn = $srv->conn;
my $worker = $srv->worker(conn => $conn, batch => 9)->login;
my ($number, $free) = (0, 1000);

same();
others();
waiting();
other_inputs();
two_processes();
hang_up();
ended();
lifetime();
headers();
done_testing();


# A client that sends this key, by default a new one
sub client {
    my ($once, %opt) = @_;
    return $srv->client(conn => $srv->conn, %opt, headers =>
        {'Idempotency-Key' => $once // 'once-' . ++$number});
}

sub job { my ($client, %more) = @_; return $client->job({prompt => 'p', %more}) }

sub done {
    my %got = map { $_->{job_id} => $worker->result($_->{job_id},
        {text => "of $_->{job_id}"}) } $worker->jobs;
    return keys %got;
}


sub same {
    my $client = client('same');
    my $id = job($client);
    is(job($client), $id, 'the same job');
    is(job($client, n => 3), $id, 'with a default that is sent');
    my $answer = $conn->request(POST => '/echo', '{"n": 3, "prompt": "p", '
        . '"wait_for_result": false}', 'idempotency-key' => 'same',
        Authorization => "Bearer $CLIENT_KEY");
    is($answer->json->{job_id}, $id, 'however it is written');
    $answer = $conn->request(GET => "/echo?prompt=p&key=$CLIENT_KEY"
        . '&wait_for_result=false', undef, 'Idempotency-Key' => 'same');
    is($answer->json->{job_id}, $id, 'by GET');
    my $session = client('same');
    $session->login;
    is(job($session), $id, 'by a session of the key');
    is_deeply([done()], [$id], 'is done once');
    is(job($client), $id, 'and the same when it is done');
    my $json = $client->submit({prompt => 'p'})->json;
    is_deeply([@$json{qw(success job_id text)}], [true, $id, "of $id"],
        'who waits has its result at once') for 1 .. 2;
    return;
}


sub others {
    my %ids = map { $_ => 1 } map { job($_) } client('others'),
        client('Others'), client('others', endpoint => 'other'),
        client('others', key => $SECOND_KEY, user => 'second'),
        client(''), client('');
    is(keys %ids, 6, 'another key, client or endpoint, or none: another job');
    my $count = 0;
    $count += done() while $count < 6;
    return;
}


# Who waits waits for the job that is there, queued or running
sub waiting {
    my @parked = map { client('waiting')->park({prompt => 'p'}) } 1, 2;
    my $client = client('waiting');
    my $id = job($client);
    is($client->progress($id)->json->{progress}{queue_position}, 1, 'one job');
    my ($job) = $worker->jobs;
    push @parked, client('waiting')->park({prompt => 'p'});
    is(job($client), $id, 'joins one that runs');
    $worker->result($id, {text => 'for all', error => 'and this'});
    for (@parked) {
        my $json = $_->read_response->json;
        is_deeply([@$json{qw(job_id text error)}], [$id, 'for all',
            'and this'], 'each has the result');
    }
    is($client->progress($id)->json->{job_state}, 'done', 'which is kept');
    return;
}


sub other_inputs {
    my $client = client();
    my $id = job($client);
    for my $wait (true, false) {
        my $answer = $client->submit({prompt => 'p', n => 4},
            wait_for_result => $wait);
        is($answer->status, 422, 'other inputs are refused');
        like($answer->json->{error}[0], qr/^Idempotency-Key was used/, 'so');
    }
    is($client->submit({prompt => 5})->status, 400, 'mistakes come first');
    is_deeply([done()], [$id], 'the first ones count');
    is($client->submit({prompt => 'q'})->status, 422, 'also when it is done');
    return;
}


sub two_processes {
    my %conns = $srv->conn_to_each;
    my $different = 0;
    for my $round (1 .. 50) {
        my @clients = map { client("two-$round", conn => $_) } values %conns;
        $_->leave($_->_submission({prompt => 'p'}, wait_for_result => false))
            for @clients, @clients;
        my %ids = map { $_->{conn}->read_response->json->{job_id} => 1 }
            @clients, @clients;
        $different += keys(%ids) - 1;
    }
    is($different, 0, 'at once, in every process: one job');
    my $count = 0;
    $count += done() while $count < 50;
    return;
}


sub hang_up {
    my $client = client('hang-up');
    my $log = () = $srv->log =~ /prematurely closed/g;
    $client->park({prompt => 'p'})->close;
    ok(wait_until(sub { $log < (() = $srv->log =~ /prematurely closed/g) }),
        'a client hangs up');
    my ($id) = done();
    ok($id, 'its job goes on');
    is(client('hang-up')->submit({prompt => 'p'})->json->{text}, "of $id",
        'and is there when it comes again');
    return;
}


# How it ended stays its answer, as for the first request
sub ended {
    my ($client) = (client());
    my $id = job($client);
    $client->cancel($id);
    my $answer = $client->submit({prompt => 'p'});
    is($answer->status, 410, 'canceled stays so');
    is($answer->json->{job_id}, $id, 'that job');

    $client = client('lapsed', endpoint => 'hasty');
    $id = job($client);
    for my $what ('a job that lapses while its client waits', 'stays so') {
        $answer = $client->submit({prompt => 'p'});
        is($answer->status, 504, $what);
        is($answer->json->{job_id}, $id, 'that job');
    }
    return;
}


# The end of result_lifetime is the end of the key; limits are for new jobs
sub lifetime {
    my $client = client('lifetime', endpoint => 'limited');
    my $id = job($client);
    is(job($client), $id, 'a repeated request is not over the limit');
    is(client(undef, endpoint => 'limited')->submit({prompt => 'p'})->status,
        429, 'another one is');

    $client = client('lifetime', endpoint => 'brief');
    $id = job($client);
    $client->cancel($id);
    my $new = wait_until(sub {
        my $now = eval { job($client) } // '';
        $now ne $id && $now });
    ok($new, 'after result_lifetime it is a new job');
    return;
}


sub headers {
    for (['x' x 255, 200], ['x' x 256, 400]) {
        my ($once, $status) = @$_;
        my $answer = client($once)->submit({prompt => 'p'},
            wait_for_result => false);
        is($answer->status, $status, 'up to 255 bytes');
        next if $status == 200;
        like($answer->json->{error}[0], qr/^Header Idempotency-Key/, 'named');
    }
    return;
}
