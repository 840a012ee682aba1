# A stream of events tells how a job stands at once, and then of every change up
# to its end, from whatever process.  Guards against changes that reach only
# those who poll, against ends that leave a stream open, and against line breaks
# in a worker's JSON, which would tear an event in two.

use strict;
use warnings;

use lib 't/lib';
use AimeStream;
use Mojo::JSON qw(decode_json true);
use Test::More;
use AimeTest;

my $srv = start_nginx(aime_locations => stream_locations(), zone => '8m',
    endpoints => {echo => {outputs => "text = {}\nlist = {}",
    progress => "text = {}\nlist = {}", endpoint => 'max_attempts = 2'},
    short => {endpoint => 'max_time_in_queue = 0.3', inputs => 'a = {}'}});
my @procs = $srv->procs;
my $client = $srv->client;
my $worker = $srv->worker(conn => $srv->conn_to_pid($procs[-1]))->login;

life();
places();
line_breaks();
ends();
handed_back();
finished_before();
by_post();
old_http();
done_testing();


sub watch {
    my ($id, %headers) = @_;
    return AimeStream->new($srv->conn_to_pid($procs[0]),
        "/stream_progress?job_id=$id&key=$CLIENT_KEY", %headers);
}


sub life {
    my $id = $client->job({prompt => 'p'});
    my $stream = watch($id);
    is($stream->{status}, 200, 'status');
    is($stream->{headers}{'content-type'}, 'text/event-stream', 'its type');
    is($stream->{headers}{'cache-control'}, 'no-cache', 'is not cached');
    is($stream->{headers}{'x-accel-buffering'}, 'no', 'nor gathered');
    ok(!exists $stream->{headers}{'content-length'}, 'no length');

    my $event = $stream->event;
    my $first = $event->{id};
    is_deeply($event->{data}, {job_id => $id, success => true,
        job_state => 'queued', progress => 0, queue_position => 1,
        estimate => -1, num_workers_online => 1, progress_data => {}},
        'the state, at once');
    $worker->jobs;
    $event = $stream->event;
    is($event->{data}{job_state}, 'processing', 'taken');
    is($event->{data}{queue_position}, 0, 'out of the queue');
    isnt($event->{id}, $first, 'with another id');
    for my $percent (12.5, 50, 99) {
        $worker->progress($id, $percent, {text => "at $percent", other => 1});
        $event = $stream->event;
        is($event->{data}{progress}, $percent, "$percent percent");
        is_deeply($event->{data}{progress_data}, {text => "at $percent"},
            'with the data that the file names');
    }
    $worker->result($id, {text => 'all'});
    my $last = $stream->event;
    is($last->{data}{job_state}, 'done', 'done');
    is($last->{data}{job_result}{text}, 'all', 'with the result');
    is($last->{data}{job_result}{ep_version}, 1, 'as the waiting form has it');
    isnt($last->{id}, $event->{id}, 'under an id of its own');
    ok($stream->ended, 'and the stream ends');
    my $again = $stream->{conn}->request(GET => '/test/pid');
    is($again && $again->status, 200, 'but not the connection');
    is(watch($id, 'Last-Event-ID' => $last->{id})->{status}, 204,
        'who comes back with the last id has seen it all');
    my $back = watch($id, 'Last-Event-ID' => $event->{id});
    is($back->event->{data}{job_state}, 'done', 'who has not, sees it');
    ok($back->ended, 'and that is it');
    return;
}


# Nobody tells a job that others before it have gone
sub places {
    my @ids = map { $client->job({prompt => 'p'}) } 1 .. 3;
    my $stream = watch($ids[2]);
    is($stream->event->{data}{queue_position}, 3, 'third');
    $client->cancel($ids[0]);
    is($stream->event->{data}{queue_position}, 2, 'second');
    $client->cancel($ids[1]);
    is($stream->event->{data}{queue_position}, 1, 'first');
    my $stranger = $srv->worker->login;
    is($stream->event->{data}{num_workers_online}, 2, 'a worker has come');
    $client->cancel($ids[2]);
    is($stream->event->{data}{job_state}, 'canceled', 'canceled');
    return;
}


sub line_breaks {
    my $id = $client->job({prompt => 'p'});
    my $stream = watch($id);
    $worker->jobs;
    my %report = %{$worker->report($id)};
    my $who = join ', ', map { qq("$_": "$report{$_}") } sort keys %report;
    my $list = qq({"a":\r\n[1,\n  2,\r\r3],\n\n"b": "x\\n\\ry"\n});
    $worker->call(POST => '/worker_job_progress', qq({$who, "progress": 5,
        "progress_data": {"list": $list,\n"text":\n"t"\n}}));
    my $event = $stream->event_with(progress => 5);
    is_deeply($event->{data}{progress_data}, {text => 't',
        list => decode_json($list)}, 'progress of many lines is one event');
    $worker->call(POST => '/worker_job_result', qq({$who, "list": $list}));
    $event = $stream->event;
    is_deeply($event->{data}{job_result}{list}, decode_json($list),
        'so is a result');
    ok($stream->ended, 'the last one');
    is_deeply($client->progress($id)->json->{job_result}{list},
        decode_json($list), 'and those who poll get it as before');
    return;
}


sub ends {
    my $id = $client->job({prompt => 'p'});
    my $stream = watch($id);
    $stream->event;
    $worker->jobs;
    $stream->event;
    $client->cancel($id);
    my $event = $stream->event;
    is($event->{data}{success}, 0, 'a canceled job');
    is($event->{data}{job_state}, 'canceled', 'its state');
    is_deeply($event->{data}{error}, ["Job $id on echo canceled!"], 'why');
    ok($stream->ended, 'the end');
    is(watch($id, 'Last-Event-ID' => $event->{id})->{status}, 204,
        'nothing more for it');
    $worker->result($id, {text => 't'});

    $id = $srv->client(endpoint => 'short')->job({});
    $stream = watch($id);
    $event = $stream->event_with(job_state => 'lapsed');
    is($event->{data}{success}, 0, 'a lapsed job');
    is_deeply($event->{data}{error}, ["Job $id on short lapsed!",
        'No worker took it within max_time_in_queue'], 'why');
    ok($stream->ended, 'the end');
    return;
}


# The worker hangs up on the hand-over: queued again
sub handed_back {
    my $id = $client->job({prompt => 'x' x 4_000_000});
    my $stream = watch($id);
    $stream->event_with(job_state => 'queued');
    my $lost = $srv->worker(name => 'lost', conn => $srv->conn(
        rcvbuf => 2048))->login;
    my $conn = $lost->park;
    $stream->event_with(job_state => 'processing');
    $conn->close;
    is($stream->event_with(job_state => 'queued')->{data}{queue_position}, 1,
        'in front again');
    $worker->request_job;
    $worker->result($id, {text => 't'});
    ok($stream->event_with(job_state => 'done'), 'and done by another');
    return;
}


# The job of a client that waits is forgotten when it has its answer
sub finished_before {
    my $waiting = $client->park({prompt => 'p'});
    my ($job) = $worker->jobs;
    my $stream = watch($job->{job_id});
    $stream->event_with(job_state => 'processing');
    $worker->result($job->{job_id}, {text => 'both'});
    is($waiting->read_response->json->{text}, 'both', 'who waits');
    is($stream->event->{data}{job_result}{text}, 'both', 'and who watches');

    my $id = $client->job({prompt => 'p'});
    $worker->jobs;
    $worker->result($id, {text => 'early'});
    $stream = watch($id);
    is($stream->event->{data}{job_result}{text}, 'early', 'who comes late');
    ok($stream->ended, 'one event');
    return;
}


sub by_post {
    my $id = $client->job({prompt => 'p'});
    my $stream = AimeStream->new($srv->conn, ['/stream_progress',
        {job_id => $id, key => $CLIENT_KEY}]);
    is($stream->event->{data}{job_id}, $id, 'POST');
    $stream = AimeStream->new($srv->conn,
        ["/stream_progress?job_id=$id&key=$CLIENT_KEY", '']);
    is($stream->event->{data}{job_id}, $id, 'POST without a body');
    $client->cancel($id);
    return;
}


sub old_http {
    my $id = $client->job({prompt => 'p'});
    my $conn = $srv->conn;
    $conn->send_raw("GET /stream_progress?job_id=$id&key=$CLIENT_KEY "
        . "HTTP/1.0\r\n\r\n");
    ok($conn->read_until(qr/\r\n\r\n.*"queued".*\n\n/s), 'HTTP/1.0');
    $client->cancel($id);
    ok($conn->read_until(qr/"canceled".*\n\n\z/s), 'up to the end');
    ok(wait_until(sub { $conn->read_response(0); $conn->{eof} }), 'and closed');
    return;
}
