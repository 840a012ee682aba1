# Comments in a stream in which nothing happens.  Guards against proxies and
# clients that give up a silent connection, and against comments nobody wants.

use strict;
use warnings;

use lib 't/lib';
use AimeStream;
use Test::More;
use AimeTest;

my $srv = start_nginx(aime_locations => stream_locations(),
    http => 'aime_api_stream_keepalive 200ms;', server => <<'CONF');
location /off/ { aime_api_stream; aime_api_stream_keepalive 0; }
location /long/ { aime_api_stream; aime_api_stream_keepalive 1h; }
CONF
my $client = $srv->client;
my $worker = $srv->worker->login;

my $id = $client->job({prompt => 'p'});
my %stream = map { $_ => watch("/$_/stream_progress") } qw(off long);
$stream{on} = watch('/stream_progress');
$_->event for values %stream;

ok($stream{on}->comments(3), 'comments while it is queued');
$worker->jobs;
is($_->event->{data}{job_state}, 'processing', 'events go on')
    for values %stream;
ok($stream{on}->comments($stream{on}{comments} + 3), 'and while it runs');
$worker->result($id, {text => 't'});
is($_->event->{data}{job_state}, 'done', 'the last one') for values %stream;
ok($_->ended, 'and nothing after it') for values %stream;
is($stream{$_}{comments}, 0, "no comment: $_") for qw(off long);
done_testing();


sub watch {
    my ($path) = @_;
    return AimeStream->new($srv->conn, "$path?job_id=$id&key=$CLIENT_KEY");
}
