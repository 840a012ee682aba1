# /worker_job_progress.  Guards against a job_id in an answer that the library
# does not expect (it looks it up in its running jobs and breaks), and
# against one bad report that takes others with it.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $srv = start_nginx();
my $client = $srv->client;
my $worker = $srv->worker(name => 'W', batch => 8)->login;
my $ok = { cmd => 'ok', success => Mojo::JSON::true() };

accepted();
nobodys();
order();
not_running();
methods();
done_testing();


sub send_raw {
    my ($body) = @_;
    my $answer = $srv->post('/worker_job_progress', $body);
    is($answer->status, 200, 'status 200');
    return $answer->json;
}


sub refusal {
    my ($text) = @_;
    return { cmd => 'error', success => Mojo::JSON::false(), msg => $text,
        error_msg => $text };
}


sub warning {
    my ($id, $name) = @_;
    return { cmd => 'warning', success => Mojo::JSON::false(),
        msg => "Job with job id $id not found in worker $name!" };
}


sub accepted {
    my ($one, $two) = map { $worker->running($client) } 1 .. 2;
    is_deeply(send_raw([$worker->report($one, progress => 1),
        $worker->report($two, progress => 2)]), [$ok, $ok],
        'an array, one item each');
    is($client->progress($one)->json->{progress}{progress}, 1, 'the first');
    is($client->progress($two)->json->{progress}{progress}, 2, 'the second');

    is_deeply(send_raw($worker->report($one, progress => 3,
        progress_data => { text => 'so far' })), [$ok],
        'a single object is an array of one');
    my $progress = $client->progress($one)->json->{progress};
    is($progress->{progress}, 3, 'it counts');
    is_deeply($progress->{progress_data}, {text => 'so far'}, 'with its data');

    is_deeply(send_raw([$worker->report($one, progress => 4,
        progress_data => undef)]), [$ok], 'null for progress_data');
    $progress = $client->progress($one)->json->{progress};
    is_deeply([@$progress{qw(progress progress_data)}], [4, {}], 'has none');
    is_deeply(send_raw([]), [], 'an empty array');
    return;
}


# One library names itself in progress_data only, another not at all
sub nobodys {
    my $id = $worker->running($client);
    my %report = (job_id => $id, auth_key => $WORKER_KEY, progress => 7);
    is_deeply(send_raw([{%report, progress_data => {auth => 'W',
        text => 'a'}}]), [$ok], 'auth in progress_data');
    is_deeply($client->progress($id)->json->{progress}{progress_data},
        {text => 'a'}, 'where it is no output');
    is_deeply(send_raw([{%report, progress => 8}]), [$ok], 'no auth at all');
    is($client->progress($id)->json->{progress}{progress}, 8, 'counts too');
    is_deeply(send_raw([{%report, auth_key => 'wrong'}]),
        refusal('Worker W not authorized on job type echo'),
        'but not with a wrong key');
    is_deeply(send_raw([{%report, progress_data => {auth => 'X'}}]),
        refusal('Worker X not authorized'), 'an unknown name');
    return;
}


sub order {
    my ($one, $two) = map { $worker->running($client) } 1 .. 2;
    my $none = '00000000-0000-4000-8000-000000000000';
    is_deeply(send_raw([map { $worker->report($_, progress => 1) }
        $one, $none, 'no id', $two]),
        [$ok, warning($none, 'W'), warning('no id', 'W'), $ok],
        'an unknown job does not harm the others');
    is_deeply(send_raw([$worker->report($one, progress => 2),
        $worker->report($two, progress => 2, auth_key => 'wrong'),
        $worker->report($none, auth => 'X')]),
        refusal('Worker W not authorized on job type echo'),
        'a refusal is a single object, at the first such item');
    is($client->progress($one)->json->{progress}{progress}, 2,
        'what stood before it counts');
    is($client->progress($two)->json->{progress}{progress}, 1,
        'what is refused does not');
    return;
}


sub not_running {
    my ($one, $two) = map { $worker->running($client) } 1 .. 2;
    my $other = $srv->worker(name => 'other')->login;
    is_deeply($other->progress($one, 99, {text => 'stolen'})->json,
        [warning($one, 'other')], 'the job of another worker');
    is($client->progress($one)->json->{progress}{progress}, 0, 'no effect');

    my $queued = $client->job({prompt => 'x'});
    is_deeply($worker->progress($queued, 1)->json, [warning($queued, 'W')],
        'a job that is queued');
    $client->cancel($queued);

    $worker->result($one, {text => 'done'});
    is_deeply(send_raw([map { $worker->report($_, progress => 9) }
        $one, $two]), [warning($one, 'W'), $ok], 'a finished job');
    is($client->progress($one)->json->{job_state}, 'done', 'which it stays');
    return;
}


sub methods {
    my $id = $worker->running($client);
    my $body = [$worker->report($id, progress => 33)];
    my $answer = $srv->get('/worker_job_progress', $body);
    is_deeply($answer->json, [$ok], 'GET with a body');
    is($client->progress($id)->json->{progress}{progress}, 33, 'counts');
    for my $bad ('', '{', '1', 'null', '[1]', '[[]]', '[{}', '"x"') {
        $answer = $srv->post('/worker_job_progress', $bad);
        is($answer->status, 400, "400 for <$bad>");
        is(ref eval { $answer->json }, 'HASH', 'with a JSON object');
    }
    return;
}
