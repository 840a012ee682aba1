# Floods of logins, and of keys that are wrong.  Guards against whoever may log
# in filling the zone, so that nobody's jobs have room; against a flood that
# throws out those who work; and against sessions that nobody uses any more and
# that stay for ever.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(false);
use Test::More;
use AimeTest;

my $zone = 'location = /zone { return 200 $aime_zone_used; }';
my $size = 2 << 20;
my $srv = start_nginx(zone => '2m', server => $zone,
    endpoints => {echo => {}, open => {clients => 'authorization = "None"'}});
my $short = start_nginx(server => $zone,
    http => 'aime_api_session_timeout ' . patience(3) . 's;');

flood();
bad_keys();
expiry();
done_testing();


sub used { my ($of) = @_; return ($of // $srv)->get('/zone')->body }

sub new_client {
    my ($of, %opt) = @_;
    my $client = $of->client(conn => $of->conn, %opt);
    $client->login;
    return $client;
}

# With its session, of a job that is not there: 401 without a session
sub known {
    my ($client) = @_;
    return $client->progress('x')->status == 404;
}


# As many as an eighth of the zone holds stay, those that were used last
sub flood {
    my ($idle, $busy) = map { new_client($srv, endpoint => 'open',
        key => undef) } 1, 2;
    my $worker = $srv->worker(job_type => 'open', conn => $srv->conn)->login;
    my %conns = $srv->conn_to_each;
    my @conns = values %conns;
    my ($refused, $done, $most, $last) = (0, 0, 0);
    my $before = used();
    for my $i (1 .. 6000) {
        my $answer = $conns[$i % @conns]->request(GET => '/open/login');
        $last = $answer->json->{client_session_auth_key};
        $refused++ if !$last;
        next if $i % 100;
        # who waits leaves no job behind
        my $waiting = $busy->park({prompt => 'p'});
        my ($job) = $worker->jobs;
        $worker->result($job->{job_id}, {text => 't'});
        $done++ if $waiting->read_response->status == 200;
        $most = used() if used() > $most;
    }
    is($refused, 0, 'no login is refused');
    is($done, 60, 'jobs go on meanwhile, of a session that is used');
    cmp_ok($most - $before, '<', $size / 6, 'sessions take a part of the zone');
    ok(!known($idle), 'the one that was idle longest is gone');
    $idle->{session} = $last;
    ok(known($idle), 'the last one is there');
    ok(known($busy), 'and so is the one that is used');
    return;
}


sub bad_keys {
    my $conn = $srv->conn;
    my $before = used();
    my %statuses;
    for my $i (1 .. 500) {
        my $session = "00000000-0000-4000-8000-" . sprintf '%012d', $i;
        $statuses{$_->status}++ for
            $conn->request(GET => "/echo/login?user=u$i&key=wrong-$i"),
            $conn->request(POST => '/echo', {key => "wrong-$i"}),
            $conn->request(POST => '/echo', {prompt => 'p'},
                Authorization => "Bearer wrong-$i", 'Idempotency-Key' => $i),
            $conn->request(POST => '/echo',
                {client_session_auth_key => $session}),
            $conn->request(GET => "/echo/progress?key=wrong-$i&job_id=$i"),
            $conn->request(GET => "/api/validate_key?key=wrong-$i"),
            $conn->request(POST => '/worker_login', {worker_parameters =>
                {auth => "w$i", job_type => 'echo', auth_key => "wrong-$i"}});
    }
    is_deeply(\%statuses, {200 => 1500, 401 => 2000}, 'all are refused');
    ok(wait_until(sub { used() <= $before }), 'and take nothing of the zone')
        or diag(used() - $before);
    return;
}


# A session expires when it was idle for aime_api_session_timeout
sub expiry {
    my $empty = used($short);
    my $busy = new_client($short);
    my $one = used($short) - $empty;
    my @idle = map { new_client($short) } 1 .. 20;
    is(used($short), $empty + 21 * $one, 'sessions');
    my $lost = 0;
    ok(wait_until(sub {
        $lost++ if !known($busy);
        return used($short) == $empty + $one;
    }), 'those that are idle expire');
    is($lost, 0, 'one that is used does not');
    ok(!(grep { known($_) } @idle), 'who has one is told');
    ok(wait_until(sub { used($short) == $empty }), 'in the end it does, too');
    ok(!known($busy), 'and is unknown');
    return;
}
