# A result that a stream has brought to its client counts as fetched: it gives
# way when the zone is full, and can be asked for again before.  Guards against
# results that clients have long seen, but that keep new jobs out.

use strict;
use warnings;

use lib 't/lib';
use AimeStream;
use Test::More;
use AimeTest;

my $srv = start_nginx(zone => '2m', aime_locations => stream_locations());
my $client = $srv->client;
my $worker = $srv->worker->login;
my $text = 'r' x 150_000;

my @ids;
for my $number (1 .. 20) {
    my $id = $worker->running($client);
    my $stream = AimeStream->new($srv->conn,
        "/stream_progress?job_id=$id&key=$CLIENT_KEY");
    $worker->result($id, {text => "$number$text"});
    my $event = $stream->event_with(job_state => 'done');
    ok($event && $event->{data}{job_result}{text} eq "$number$text",
        "result $number");
    ok($stream->ended, 'the end');
    $stream->close;
    push @ids, $id;
}

unlike($srv->log, qr/zone is full/, 'no result had to wait');
is($client->progress($ids[-1])->json->{job_state}, 'done', 'the last is there');
is($client->progress($ids[0])->status, 404, 'the first has given way');
done_testing();
