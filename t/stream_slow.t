# A client that does not read its stream costs one event, however much happens
# meanwhile, and gets the newest state when it reads again.  Guards against
# events that pile up in memory, against payloads that stay in the zone for as
# long as a stream lasts, and against memory that grows with every event.

use strict;
use warnings;

use lib 't/lib';
use AimeStream;
use Test::More;
use AimeTest;

my $SIZE    = 200_000;
my $REPORTS = on_valgrind() ? 40 : 200;
my $EVENTS  = on_valgrind() ? 300 : on_asan() ? 1500 : 3000;

my $srv = start_nginx(zone => '8m', procs => 2,
    aime_locations => stream_locations('send_timeout 60s;'),
    server => 'location /soon/ { aime_api_stream; send_timeout 1s; }');
my @procs = $srv->procs;
my $client = $srv->client;
my $worker = $srv->worker(conn => $srv->conn_to_pid($procs[-1]))->login;

slow();
stalled();
many_events();
done_testing();


sub watch {
    my ($id, $path, %opt) = @_;
    my $stream = AimeStream->new($srv->conn_to_pid($procs[0], %opt),
        "$path?job_id=$id&key=$CLIENT_KEY");
    $stream->{plain} = 1;
    return $stream;
}


sub report {
    my ($id, $number) = @_;
    my $text = 'x' x $SIZE;
    my $answer = $worker->call(POST => '/worker_job_progress', qq({"job_id":
        "$id", "auth": "$worker->{name}", "auth_key": "$WORKER_KEY",
        "job_type": "echo", "progress": $number,
        "progress_data": {"text": "$text"}}));
    return $answer->body eq '[{"cmd":"ok","success":true}]';
}


sub used { return $srv->get('/zone')->body }


# What the watcher's process holds, in kB; the worker is in another one
sub memory { return $srv->rss($procs[0])->{RssAnon} }


sub slow {
    my $id = $worker->running($client);
    my $before = used();
    my $stream = watch($id, '/stream_progress', rcvbuf => 4096);
    report($id, $_) for 1 .. 20;
    my $memory = memory();
    my $taken = grep { report($id, $_) } 21 .. $REPORTS;
    is($taken, $REPORTS - 20, 'the reports are accepted');

    my $used = used() - $before;
    cmp_ok($used, '<', 3 * 4 * 65536, "two of them are in the zone, $used bytes");
    my $more = memory() - $memory;
    cmp_ok($more, '<', 1000, "the process has not grown, $more kB")
        if @procs > 1;
    unlike($srv->log, qr/zone is full/, 'nothing was dropped');

    my ($events, $number, $torn) = (0, 0, 0);
    while ($number < $REPORTS) {
        my $event = $stream->event or last;
        my ($now) = $event->{data} =~ /"progress":(\d+)/;
        cmp_ok($now, '>', $number, 'a later state') if $events++;
        $number = $now;
        $torn++ if $now && ($event->{data} !~ /"text":"x+"\}\}\z/
            || ($event->{data} =~ tr/x//) < $SIZE);
    }
    is($number, $REPORTS, 'the newest one comes');
    is($torn, 0, 'whole ones, all of them');
    cmp_ok($events, '<', $REPORTS / 2, "without most of the others: $events");
    $worker->result($id, {text => 'done'});
    like($stream->event->{data}, qr/"job_state":"done".*"text":"done"/,
        'and the end');
    ok($stream->ended, 'ended');
    return;
}


# Within send_timeout, that is
sub stalled {
    my $id = $worker->running($client);
    my $stream = watch($id, '/soon/stream_progress', rcvbuf => 4096);
    my $number = 0;
    ok(wait_until(sub { report($id, ++$number);
        $srv->log =~ /\[info\].* client timed out .*stream_progress/ }, 20),
        'a client that never reads is given up');
    is($client->progress($id)->json->{job_state}, 'processing',
        'the job goes on');
    $stream->close;
    my $used = used();
    $worker->result($id, {text => 't'});
    ok(wait_until(sub { $used - used() > 3 * 65536 }), 'nothing is held');
    return;
}


sub many_events {
    my $id = $worker->running($client);
    my $stream = watch($id, '/stream_progress');
    my ($memory, $seen) = (0, 0);
    for my $number (1 .. $EVENTS) {
        $worker->progress($id, $number, {text => 't'});
        my $event;
        do { $event = $stream->event }
            while $event && $event->{data} !~ /"progress":$number,/;
        $seen++ if $event;
        $memory = memory() if $number == $EVENTS / 3;
    }
    is($seen, $EVENTS, "$EVENTS events");
    my $more = memory() - $memory;
    cmp_ok($more, '<', 100, "no more memory, $more kB")
        if @procs > 1 && !on_asan();        # which keeps what is freed
    $stream->close;
    return;
}
