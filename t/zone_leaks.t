# Some hundred jobs of every fate, mixed: done and fetched or not, waited for,
# canceled, lapsed, refused, hung up on by either side.  Afterwards as much of
# the zone is in use as before.  Guards against whatever a path that is seldom
# taken forgets to give back.

use strict;
use warnings;

use lib 't/lib';
use List::Util qw(shuffle);
use Test::More;
use AimeTest;

srand 7;

my $ROUNDS = on_valgrind() ? 4 : 30;
my $LONG = 'l' x 150_000;
my $SHORT = 'result_lifetime = ' . patience(3);

my $srv = start_nginx(zone => '256m',
    server => 'location = /zone { return 200 $aime_zone_used; }',
    endpoints => {
        echo => {endpoint => $SHORT, clients => 'client_request_limit = 50'},
        brief => {endpoint => "result_lifetime = 1\nmax_time_in_queue = 1\n"
            . 'job_inactivity_timeout = 1'}});
my $client = $srv->client(conn => $srv->conn);
my $session = $srv->client(conn => $srv->conn);
$session->login;
my $brief = $srv->client(conn => $srv->conn, endpoint => 'brief');
my $worker = $srv->worker(conn => $srv->conn)->login;
my $batch = $srv->worker(conn => $srv->conn, gen => 'A', batch => 8);
my $idle = $srv->worker(conn => $srv->conn, job_type => 'brief')->login;

# all that stays is there from the start
my $waits = $client->park({prompt => 'first'});
my ($first) = $batch->jobs;
$batch->result($first->{job_id}, {});
$waits->read_response;
wait_until(sub { $client->progress($first->{job_id})->status == 404 })
    or die "the first job stays\n";
my $empty = used();

my %fates = (
    'is waited for' => sub {
        my $waiting = waiting($LONG);
        work({text => $LONG});
        return $waiting->read_response->json->{text} eq $LONG;
    },
    'is fetched' => sub {
        my $id = $client->job({prompt => $LONG});
        work({text => $LONG});
        return $client->poll_until($id, 'done');
    },
    'is not fetched' => sub {
        $session->job({prompt => 'x'});
        return work({text => 'x'});
    },
    'comes in a batch' => sub {
        $client->job({prompt => "number $_"}) for 1 .. 8;
        my @jobs = $batch->jobs;
        $batch->progress($_->{job_id}, 5, {text => $LONG}) for @jobs, @jobs;
        $batch->result($_->{job_id}, {text => 'x'}) for @jobs;
        return @jobs == 8;
    },
    'is canceled in the queue' => sub {
        my $id = $client->job({prompt => $LONG});
        $client->cancel($id);
        return $client->cancel($id)->json->{success};
    },
    'is canceled when it runs' => sub {
        my $id = $client->job({prompt => $LONG});
        $worker->jobs;
        $worker->progress($id, 1, {text => $LONG});
        $client->cancel($id);
        $worker->progress($id, 2, {text => $LONG});
        return $worker->result($id, {text => $LONG})->json->{cmd} eq 'ok';
    },
    'is left in the queue' => sub {
        waiting($LONG)->close;
        return wait_until(sub { !queued() });
    },
    'is left when it runs' => sub {
        my $waiting = waiting($LONG);
        my ($job) = $worker->jobs;
        $waiting->close;
        return wait_until(sub { $worker->progress($job->{job_id}, 1,
            {text => $LONG})->json->[0]{canceled} });
    },
    'is left when it is answered' => sub {
        my $waiting = waiting('x');
        work({text => $LONG x 20});
        $waiting->close;
        return 1;
    },
    'is asked for twice' => sub {
        my $twice = $srv->client(conn => $srv->conn, headers =>
            {'Idempotency-Key' => rand, 'X-Priority' => 0});
        my $id = $twice->job({prompt => $LONG});
        my $waiting = $twice->park({prompt => $LONG});
        work({text => $LONG});
        return $waiting->read_response->json->{job_id} eq $id;
    },
    'is refused' => sub {
        return $client->submit({prompt => $LONG, more => 1})->status == 400
            && $client->submit({}, key => 'x')->status == 401
            && $worker->result('x', {text => $LONG})->json->{cmd} ne 'ok';
    },
    'is done twice' => sub {
        my $id = $client->job({prompt => 'x'});
        $worker->jobs;
        $worker->result($id, {text => $LONG}) for 1 .. 3;
        return $worker->progress($id, 1, {text => $LONG});
    },
    'comes to a poll that hung up' => sub {
        $srv->worker(name => $worker->{name}, conn => $srv->conn)->park->close;
        return 1;
    },
    'lapses in the queue' => sub { return $brief->job({prompt => $LONG}) },
    'lapses when it runs' => sub {
        my ($id) = $idle->running_in_time($brief, {prompt => $LONG});
        return $idle->progress($id, 1, {text => $LONG});
    },
);

my @failed;
for my $fate (shuffle((sort keys %fates) x $ROUNDS)) {
    push @failed, "$fate: " . ($@ || 'no') if !eval { $fates{$fate}->() };
}
is_deeply(\@failed, [], 'jobs of every fate');
cmp_ok(used(), '>', $empty, 'memory in use');
ok(wait_until(sub { used() == $empty }, 20), 'is given back')
    or diag(used() - $empty . ' bytes more');
done_testing();


sub waiting {
    my ($prompt) = @_;
    my $waiting = $srv->client(conn => $srv->conn)->park({prompt => $prompt});
    wait_until(sub { queued() }) or die "no job in the queue\n";
    return $waiting;
}


sub work {
    my ($outputs) = @_;
    my ($job) = $worker->jobs or die "no job\n";
    return $worker->result($job->{job_id}, $outputs)->json->{cmd} eq 'ok';
}


sub queued {
    my $details = $srv->get('/api/endpoints/echo')->json;
    return $details->{max_queue_length} - $details->{free_queue_slots};
}


sub used { return $srv->get('/zone')->body }
