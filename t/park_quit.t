# A graceful quit: parked polls are answered at once, so that their workers come
# back to whatever runs then; a client that waits gets its result nevertheless,
# when a worker that was sending it to one of the old processes is through; and
# then the processes end.  Guards against processes that never end, and against
# ones that end before their clients have their answers.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON ();
use Test::More;
use AimeTest;

my $srv = start_nginx(master => 1);
my @procs = $srv->procs;
my $nginx = $srv->nginx;

# the client waits in one process, its worker talks to another where there is
my $client = $srv->client(conn => $srv->conn_to_pid($procs[0]));
my $second = $srv->client(conn => $srv->conn_to_pid($procs[-1]));
my $worker = $srv->worker(conn => $srv->conn_to_pid($procs[-1]))->login;

my $waiting = $client->park({prompt => 'first'});
my ($job) = $worker->jobs;
my $also = $second->park({prompt => 'second'});
my ($other) = $worker->jobs;
my @polls = map { $srv->worker(gen => 'A', name => "poll-$_",
    conn => $srv->conn_to_pid($procs[$_ % @procs]))->park } 0 .. 7;
wait_until(sub { parked() == @polls }) or die "polls are not parked\n";

my $report = begin_result($procs[-1], $job->{job_id}, 'one');
my $last = begin_result($procs[0], $other->{job_id}, 'two');

kill QUIT => $nginx->pid;

my @cmds = map { my $a = $_->read_response; $a ? $a->json->{cmd} : 'nothing' }
    @polls;
is_deeply(\@cmds, [('no_job') x @polls], 'parked polls are told to come again');
ok(!$waiting->readable && !$also->readable, 'waiting clients are not');
is(scalar(() = $srv->draining), scalar @procs, 'their processes wait with them');

finish_result($report);
my $answer = $waiting->read_response;
is($answer && $answer->json->{text}, 'one', 'a result posted meanwhile');
is($answer && $answer->pid, $procs[0], 'from the process it waited in');

finish_result($last);
$answer = $also->read_response;
is($answer && $answer->json->{text}, 'two', 'and the last one');
$_->close for $waiting, $also, @polls;

ok(wait_until(sub { $nginx->_gone }), 'then nginx ends')
    or diag($nginx->tail);
done_testing();


# A result whose head was sent, when nginx waits for the rest of it
sub begin_result {
    my ($pid, $id, $text) = @_;
    my $body = Mojo::JSON::encode_json($worker->report($id, text => $text));
    my $conn = $srv->conn_to_pid($pid);
    $conn->send_raw("POST /worker_job_result HTTP/1.1\r\nHost: localhost\r\n"
        . 'Content-Length: ' . length($body)
        . "\r\nExpect: 100-continue\r\n\r\n");
    $conn->read_until(qr/^HTTP\/1\.1 100 .*?\r\n\r\n/s)
        or die "nginx does not want the body\n";
    return { conn => $conn, body => $body };
}


sub finish_result {
    my ($report) = @_;
    $report->{conn}->send_raw($report->{body});
    my $answer = $report->{conn}->read_response;
    is($answer && $answer->json->{cmd}, 'ok', 'a result that was being sent');
    $report->{conn}->close;     # nginx waits for that
    return;
}


sub parked {
    return scalar grep { $_->{name} =~ /^poll/ && $_->{free_slots} }
        @{$srv->get('/api/endpoints/echo')->json->{workers}};
}
