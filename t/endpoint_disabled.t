# enabled = false: an endpoint that takes no new jobs, and finishes what it has.
# Guards against jobs that are lost when it is switched off, and against an
# endpoint that clients think is gone.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(true false);
use Test::More;
use AimeTest;

my $srv = start_nginx(master => 1, endpoints => {echo => {},
    other => {job_type => 'echo'}});
my $client = $srv->client;
my $queued = $client->job({prompt => 'queued'});
my $worker = $srv->worker(gen => 'A');
my ($running) = $worker->jobs;
my $waiting = $srv->client(conn => $srv->conn)->park({prompt => 'waiting'});
wait_until(sub { $srv->get('/api/echo')->json->{free_queue_slots} == 999 })
    or die "not queued\n";
my $again = $srv->client(headers => {'Idempotency-Key' => 'once'});
my $once = $again->job({prompt => 'once'});
$client->poll_until($once, 'queued');

switch(enabled => 'false');
refused();
goes_on();
switch(enabled => 'true');
ok($client->job({prompt => 'p'}), 'enabled again');
server_file();
done_testing();


sub switch {
    my ($key, $value) = @_;
    $srv->write_files(endpoints => {echo => {endpoint => "$key = $value"},
        other => {job_type => 'echo'}});
    ok($srv->reload, "a reload: $key = $value");
    return;
}


sub refused {
    for my $wait (true, false) {
        my $answer = $client->submit({prompt => 'p'}, wait_for_result => $wait);
        is($answer->status, 503, 'disabled: 503');
        is_deeply($answer->json->{error}, ['Endpoint disabled!'], 'says so');
        is($answer->header('Retry-After'), 60, 'Retry-After');
    }
    is($client->submit({prompt => 'p'}, key => 'wrong')->status, 401,
        'a wrong key comes first');
    ok($srv->client(endpoint => 'other')->job({prompt => 'p'}),
        'another endpoint of the job type takes jobs');
    is($again->job({prompt => 'once'}), $once,
        'a request that was made before finds its job');
    return;
}


sub goes_on {
    my $list = $srv->get('/api/endpoints')->json->{endpoints};
    is_deeply([sort @$list], [qw(echo other)], 'it is listed');
    is($srv->get('/api/echo')->json->{name}, 'echo', 'has its details');
    ok($client->login->json->{success}, 'lets clients log in');
    is($worker->result($running->{job_id}, {text => 'ran'})->json->{cmd}, 'ok',
        'takes results');
    is($client->poll_until($queued, 'done')->{job_result}{text}, 'ran',
        'gives them');
    my @jobs = $worker->jobs(max_job_batch => 9);
    is_deeply([map { $_->{prompt} } @jobs], [qw(waiting once)],
        'what is in its queue is done');
    $worker->result($_->{job_id}, {text => 'done'}) for @jobs;
    is($waiting->read_response->json->{text}, 'done', 'for who waits');
    return;
}


sub server_file {
    my $off = start_nginx(endpoints => {echo => {},
        on => {endpoint => 'enabled = true'}},
        server_toml => server_toml(endpoints => 'default_enabled = false'));
    is($off->client->submit({prompt => 'p'})->status, 503, 'default_enabled');
    ok($off->client(endpoint => 'on')->job({prompt => 'p'}),
        'the endpoint file wins');
    return;
}
