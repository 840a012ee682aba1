# Endpoints that a reload adds, changes and takes out.  Guards against clients
# that wait for ever for a job of an endpoint that is gone, whether a worker
# still asks for its job type or not; against jobs whose limits change while
# they wait; and against an endpoint that comes back to jobs of its former life.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(false);
use Test::More;
use AimeTest;

my %base = (gone => {job_type => 'shared'}, alone => {},
    kept => {job_type => 'shared', clients => 'client_request_limit = 9'});
my $srv = start_nginx(master => 1, endpoints => {%base});
my $worker = $srv->worker(job_type => 'shared', gen => 'A');

changed();
removed();
back();
added();
keys_of();
done_testing();


sub reload {
    my ($name, %endpoints) = @_;
    my $dir = $srv->dir . '/conf/endpoints';
    unlink glob "$dir/*/*";
    rmdir for glob "$dir/*";
    $srv->write_files(endpoints => \%endpoints);
    ok($srv->reload, "a reload: $name");
    return;
}

sub client { return $srv->client(endpoint => @_) }

sub slots { return $srv->get("/api/$_[0]")->json->{free_queue_slots} }


# Limits are the job's own; what comes later is checked against the new file
sub changed {
    my $client = client('kept');
    my @old = map { $client->job({prompt => 'old'}) } 1 .. 3;
    my %lasting = map { $_ => client($_)->job({prompt => 'old'}) }
        qw(alone gone);
    # the job type's queue, with the old job of gone
    my %new = (job_type => 'shared', clients => 'client_request_limit = 4',
        endpoint => 'max_queue_length = 5',
        inputs => 'prompt = {max_length = 3}');
    reload('limits are changed', kept => \%new,
        alone => {endpoint => 'max_time_in_queue = 0.3'},
        gone => {job_type => 'shared', endpoint => 'result_lifetime = 0.3'});
    my $second = client('kept', key => $SECOND_KEY);
    my $new = $client->job({prompt => 'new'});
    is($second->submit({prompt => 'p'}, wait_for_result => false)->status, 503,
        'the queue is full sooner');
    is($client->submit({prompt => 'more'})->status, 400, 'inputs of the new');
    my $answer = $client->submit({prompt => 'p'}, wait_for_result => false);
    is($answer->status, 429, 'jobs from before count for the limit');
    lapses_sooner($lasting{alone});
    forgotten_sooner($lasting{gone});
    my @jobs = $worker->jobs(max_job_batch => 9);
    is_deeply([map { $_->{job_id} } @jobs], [@old, $new], 'they are done');
    $worker->result($_, {text => 't'}) for @old, $new;
    is($client->progress($_)->json->{job_state}, 'done', 'and are kept')
        for @old;
    reload('and as before', %base);
    return;
}

sub lapses_sooner {
    my ($old) = @_;
    my $client = client('alone');
    $client->poll_until($client->job({prompt => 'new'}), 'lapsed');
    is($client->progress($old)->json->{job_state}, 'queued',
        'what was there waits as long as before');
    $client->cancel($old);
    return;
}

sub forgotten_sooner {
    my ($old) = @_;
    my $client = client('gone');
    my $new = $client->job({prompt => 'new'});
    $client->cancel($_) for $old, $new;
    ok(wait_until(sub { $client->progress($new)->status == 404 }),
        'a new one is forgotten sooner');
    is($client->progress($old)->json->{job_state}, 'canceled',
        'what was there is kept as long as before');
    return;
}


# Queued jobs are canceled though nobody asks for one; running ones when their
# result comes
sub removed {
    my $running = client('gone')->park({prompt => 'runs'});
    my ($job) = $worker->jobs;
    my @waiting = map { client($_)->park({prompt => 'waits'}) }
        qw(gone gone alone);
    my $polled = client('alone')->job({prompt => 'p'});
    my $kept = client('kept')->job({prompt => 'p'});
    wait_until(sub { slots('gone') == 997 && slots('alone') == 998 })
        or die "they do not wait\n";
    reload('two are taken out', kept => $base{kept});
    for (@waiting) {
        my $answer = $_->read_response;
        is($answer && $answer->status, 410, 'who waits is told') or next;
        my $json = $answer->json;
        is($json->{job_state}, 'canceled', 'that it is canceled');
        like($json->{error}[0], qr/^Job \S+ on (?:gone|alone) canceled!$/,
            'by name');
        is($json->{error}[1], 'Its endpoint was removed', 'and why');
    }
    is(client('alone')->progress($polled)->status, 404, 'its routes are gone');
    is(client('kept')->progress($kept)->json->{progress}{queue_position}, 1,
        'another endpoint keeps its jobs');
    ok(!$running->readable, 'a running job runs on');
    is($worker->progress($job->{job_id}, 5)->json->[0]{cmd}, 'ok', 'undisturbed');
    is($worker->result($job->{job_id}, {text => 'done'})->json->{cmd}, 'ok',
        'its result is accepted');
    my $answer = $running->read_response;
    is($answer && $answer->status, 410, 'but nobody knows what to show of it');
    is($answer->json->{error}[1], 'Its endpoint was removed', 'why');
    is($worker->result($job->{job_id}, {})->json->{cmd}, 'warning', 'once');
    is_deeply([map { $_->{job_id} } $worker->jobs], [$kept], 'then the next');
    $worker->result($kept, {text => 't'});
    my $refused = $srv->worker(job_type => 'alone', gen => 'A')->request_job;
    is($refused->json->{msg}, 'No job queue for job_type: alone',
        'a worker of a job type that is gone is refused');
    ok(wait_until(sub { !$srv->draining }), 'the old processes end');
    return;
}


sub back {
    reload('they are back', %base);
    is_deeply([slots('alone'), slots('gone')], [1000, 1000],
        'with empty queues');
    my $id = client('alone')->job({prompt => 'p'});
    my ($job) = $srv->worker(job_type => 'alone', gen => 'A')->jobs;
    is($job->{job_id}, $id, 'and serve');
    return;
}


sub added {
    is(client('fresh')->submit({prompt => 'p'})->status, 404, 'not there');
    reload('one is added', %base, fresh => {});
    my $waiting = client('fresh')->park({prompt => 'p'});
    my $fresh = $srv->worker(job_type => 'fresh')->login;
    my ($job) = $fresh->jobs;
    $fresh->result($job->{job_id}, {text => 'fresh'});
    is($waiting->read_response->json->{text}, 'fresh', 'it serves');
    ok((grep { $_ eq 'fresh' }
        @{$srv->get('/api/endpoints')->json->{endpoints}}), 'and is listed');
    return;
}


# A key that is taken out, and what it left behind
sub keys_of {
    my $client = client('kept');
    my $session = client('kept');
    $session->login;
    my $id = $client->job({prompt => 'p'});
    reload('a key is taken out', %base, kept => {%{$base{kept}},
        clients => "authorization_keys = {second = \"$SECOND_KEY\"}"});
    is($client->submit({prompt => 'p'})->status, 403, 'it is refused');
    is($session->submit({prompt => 'p'})->status, 403, 'and its sessions');
    my ($job) = $worker->jobs;
    is($job->{job_id}, $id, 'its jobs are done nevertheless');
    return;
}
