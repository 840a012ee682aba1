# One process for everything (master_process off): polls, waiting clients, jobs
# that a worker is lost with, the end.  Guards against what only a worker process
# has: a row that is claimed at its start, an eventfd that a master has made, a
# timer that nobody arms.

use strict;
use warnings;

use lib 't/lib';
use AimeStream;
use Mojo::JSON qw(false);
use Test::More;
use AimeTest;

my $srv = start_nginx(master => 0, procs => 1,
    aime_locations => stream_locations(),
    endpoints => {echo => {endpoint => 'max_time_in_queue = 0.5'},
        long => {}});
is_deeply([$srv->procs], [$srv->nginx->pid], 'one process');

my $client = $srv->client(endpoint => 'long');
my $worker = $srv->worker(job_type => 'long', name => 'first')->login;

# a poll is woken
my $poll = $worker->park;
my $waiting = $client->park({prompt => 'one'});
my ($job) = AimeParty::Worker::jobs_of($poll->read_response);
is($job->{prompt}, 'one', 'a long poll gets a job');

# a stream and a waiting client are
my $stream = AimeStream->new($srv->conn,
    "/stream_progress?job_id=$job->{job_id}&key=$CLIENT_KEY");
$worker->progress($job->{job_id}, 50, {text => 'half'});
my $event = $stream->event_with(progress => 50);
ok($event, 'a stream sees its progress') or diag($srv->nginx->tail);
$worker->result($job->{job_id}, {text => 'done'});
is($waiting->read_response->json->{text}, 'done', 'its client the result');
ok($stream->event_with(job_state => 'done'), 'the stream, too');
$stream->close;

# a worker that hangs up gives its job back
$poll = $srv->worker(job_type => 'long', name => 'second')->login->park;
$poll->close;
my $id = $client->job({prompt => 'two'});
($job) = $worker->jobs;
is($job->{job_id}, $id, 'a job is not lost with a poll that hung up');
$worker->result($id, {text => 'two'});

# the sweep goes round by itself
is($srv->client->submit({prompt => 'three'})->status, 504, 'a job lapses');

$poll = $worker->park;
ok($srv->stop(10), 'it ends when it is told to');
done_testing();
