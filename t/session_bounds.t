# Sessions of variables take a part of the zone, however many there are and
# however much workers want to keep.  Guards against browsers that take no
# cookies and fill the memory with sessions that nobody comes back to, and
# against variables that keep jobs out.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(false);
use Test::More;
use AimeTest;

my $ZONE = 'location = /zone { return 200 $aime_zone_used; }';
my $BRIEF = 'result_lifetime = 0.2';
my %chat = (other => "[SESSION.VARS]\nx = { default = 0 }\ny = {}\n",
    clients => 'authorization = "None"', endpoint => $BRIEF);
my $size = 2 << 20;
my %endpoints = (chat => \%chat, echo => {endpoint => $BRIEF}, twin =>
    {%chat, job_type => 'chat'});
my $srv = start_nginx(zone => '2m', server => $ZONE, endpoints => \%endpoints);
my $worker = worker($srv);

too_large();
bytes();
number();
jobs_first();
expiry();
done_testing();


sub worker {
    my ($of, $type) = @_;
    return $of->worker(job_type => $type // 'chat', conn => $of->conn)->login;
}

sub used { my ($of) = @_; return ($of // $srv)->get('/zone')->body }

sub browser {
    my ($of, %opt) = @_;
    return ($of // $srv)->client(endpoint => 'chat', browser => 1,
        conn => ($of // $srv)->conn, %opt);
}

# A job with these variables in its result: what it was given
sub round {
    my ($client, $vars, $by) = @_;
    $by //= $worker;
    my $waiting = $client->park({prompt => 'p'});
    my ($job) = $by->jobs or die "no job\n";
    $by->result($job->{job_id}, {text => 'the text', %{$vars // {}}});
    my $answer = $client->keep($waiting->read_response);
    ($answer->json->{text} // '') eq 'the text'
        or die 'no result: ' . $answer->body . "\n";
    return $job;
}

sub warnings_of { my ($of) = @_; return () = $of->log =~ /\[warn\].*dropped/g }


sub too_large {
    my $client = browser();
    round($client, {x => 'a' x 60_000, y => 1});
    is(round($client, {x => 'b' x 65_536, y => 2})->{y}, 1, 'what fits');
    my $job = round($client);
    is(substr($job->{x}, 0, 2), 'aa', 'what does not is dropped');
    is($job->{y}, 1, 'with all that the result has, not by halves');
    is(warnings_of($srv), 1, 'and said once');
    $client->{endpoint} = 'twin';
    round($client, {x => 'c' x 10_000});
    is(round($client)->{x}, 0, 'the endpoints of a session share its room');
    is(warnings_of($srv), 2, 'said, too');
    $client->{endpoint} = 'chat';
    round($client, {x => 'd'});
    $client->{endpoint} = 'twin';
    round($client, {x => 'c' x 60_000});
    is(length round($client)->{x}, 60_000, 'which becomes free again');
    return;
}


# With all its values, each session takes a block
sub bytes {
    my $before = used();
    my @clients = map { browser() } 1 .. 12;
    my $most = 0;
    for (@clients) {
        round($_, {x => 'v' x 60_000});
        $most = used() if used() > $most;
    }
    cmp_ok($most, '<', $size / 6 + 80_000,
        'all values together take a part of the zone');
    is(length round($clients[-1])->{x}, 60_000, 'the last one is there');
    is(round($clients[0])->{x}, 0, 'the one that was idle longest gave way');
    return;
}


# Clients without cookies, each of whose jobs makes a session
sub number {
    my $kept = browser();
    round($kept, {x => 'kept'});
    my $first = browser();
    round($first, {x => 'first'});
    my @clients = map { $srv->client(endpoint => 'chat', conn => $srv->conn) }
        1 .. 4;
    my $refused = 0;
    for my $i (1 .. 4000) {
        # who waits leaves no job behind, however fast all this goes
        my $waiting = $clients[$i % 4]->park({prompt => 'p'});
        my ($job) = $worker->jobs or die "no job\n";
        $worker->result($job->{job_id}, {});
        $refused++ if $waiting->read_response->status != 200;
        round($kept) if !($i % 200);
    }
    is($refused, 0, 'no job is refused');
    my $used = used();
    cmp_ok($used, '<', $size / 6 + 20_000, 'sessions take a part of the zone');
    cmp_ok($used, '>', $size / 10, 'and use it');
    is(round($kept)->{x}, 'kept', 'one that is used stays');
    is(round($first)->{x}, 0, 'one that is not gives way');
    return;
}


# As many jobs fit with sessions as without
sub jobs_first {
    my %fits;
    for my $with (0, 1) {
        my $new = start_nginx(zone => '2m', server => $ZONE,
            endpoints => \%endpoints);
        $new->allow(qr/is full, refused a job/);
        my $by = worker($new);
        my @clients = map { browser($new) } 1 .. 3;
        round($_, {x => $with ? 'v' x 60_000 : 'v'}, $by) for @clients;
        ok(wait_until(sub { used($new) < ($with ? 210_000 : 20_000) }),
            'all results are gone');
        cmp_ok(used($new), '>', 180_000, 'sessions are there') if $with;
        my $client = $new->client(conn => $new->conn);
        my @jobs;
        while (@jobs < 100) {
            my $answer = $client->submit({prompt => 'p' x 60_000},
                wait_for_result => false);
            last if $answer->status != 200;
            push @jobs, $answer->json->{job_id};
        }
        $fits{$with} = @jobs;
        is(scalar(grep { $client->progress($_)->json->{job_state} ne 'queued' }
            @jobs), 0, 'all that were accepted wait');
        $client->cancel($_) for @jobs;
        is(round($clients[0], undef, $by)->{x}, 0, 'sessions gave way');
        $new->stop;
    }
    cmp_ok($fits{0}, '>', 10, 'jobs fit');
    is($fits{1}, $fits{0}, 'as many with sessions');
    return;
}


sub expiry {
    my $time = patience(3);
    my $short = start_nginx(server => $ZONE, endpoints => \%endpoints,
        http => "aime_api_session_timeout ${time}s;");
    my $by = worker($short);
    my $empty = $short->zone_used;
    my $first = browser($short);
    like($first->submit({prompt => 'p'}, wait_for_result => false)
        ->header('Set-Cookie'), qr/; Max-Age=$time$/, 'the cookie knows');
    my ($job) = $by->jobs;
    $by->result($job->{job_id}, {x => 'a'});
    my @idle = map { browser($short) } 1 .. 20;
    round($_, {x => 'v' x 5000}, $by) for @idle;
    my $busy = browser($short);
    round($busy, {x => 'busy'}, $by);
    my $late = browser($short);
    my $id = $late->job({prompt => 'p'});
    $by->jobs;
    my $lost = 0;
    ok(wait_until(sub {
        $lost++ if round($busy, undef, $by)->{x} ne 'busy';
        return used($short) < $empty + 20_000;
    }), 'sessions that are idle expire');
    is($lost, 0, 'one that is used does not');
    my $old = $idle[0]{cookie};
    is(round($idle[0], undef, $by)->{x}, 0, 'who comes back is new');
    isnt($idle[0]{cookie}, $old, 'also by its id');
    $by->result($id, {x => 'late'});
    is(round($late, undef, $by)->{x}, 'late', 'a job may outlive its session');
    ok(wait_until(sub { used($short) == $empty }, 20),
        'in the end all is given back') or diag(used($short) - $empty);
    return;
}
