# The state of the server as a stream of events, for who administers.  Guards
# against streams that outlive a graceful shutdown, that grow in memory with
# each document, or that a client who does not read fills a process with.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(encode_json);
use Test::More;
use AimeTest;
use AimeAdmin;
use AimeNginx qw(free_port);
use AimeStream;

my $narrow = free_port();
my $srv = start_nginx(server_toml => admin_toml(), server => $ADMIN
    . "listen 127.0.0.1:$narrow sndbuf=16k;");
my @auth = basic('operator', $PASSWORD);

documents();
arguments();
many_workers();
shutdown_of_slow();
shutdown_ends_it();
done_testing();


sub watch { return AimeStream->new($srv->conn, $_[0], @auth) }

sub document {
    my ($stream) = @_;
    my $event = $stream->event or die "no event\n";
    return $event->{data};
}


sub documents {
    my $stream = watch('/admin/events');
    is($stream->{status}, 200, 'a stream');
    like($stream->{headers}{'content-type'}, qr{^text/event-stream}, 'is one');
    my $first = document($stream);
    my ($type) = @{$first->{job_types}};
    is_deeply([@$type{qw(name jobs_queued)}], ['echo', 0], 'how it is now');
    is($type->{compute_durations}{count}, 0, 'nothing was computed');
    my $worker = $srv->worker->login;
    my $job = $srv->client->job({prompt => 'x'});
    my $seen = wait_until(sub {
        my $type = document($stream)->{job_types}[0];
        return $type->{jobs_queued} == 1 && $type;
    });
    ok($seen, 'and what happens then');
    is($seen->{workers}[0]{state}, 'waiting', 'workers, too');
    my ($taken) = $worker->jobs;
    $worker->result($taken->{job_id}, {text => 'y'});
    my $after;
    ok(wait_until(sub {
        $after = document($stream);
        return $after->{job_types}[0]{compute_durations}{count} == 1;
    }), 'and its durations');
    is($after->{endpoints}[0]{durations}{count}, 1, 'of the endpoint');
    is($after->{job_types}[0]{queue_durations}{count}, 1, 'and in the queue');
    return;
}


sub arguments {
    for my $bad (0, 61, -1, 'x', '1.5') {
        my $answer = admin_get($srv, "events?interval=$bad");
        is($answer->status, 400, "an interval of $bad");
        like($answer->json->{error}, qr/interval must be a number/, 'says so');
    }
    is($srv->get('/admin/events')->status, 401, 'not for everybody');
    is(admin_post($srv, 'events')->status, 405, 'and not to post to');
    my $head = $srv->request(HEAD => '/admin/events', undef, @auth);
    is($head->status, 200, 'HEAD ends');
    is(document(watch('/admin/events?interval=60'))->{job_types}[0]{name},
        'echo', 'the first one comes at once');
    return;
}


# A document of more than one slice, again and again
sub many_workers {
    $srv->worker(name => "gpu-$_")->login for 1 .. 300;
    my @streams = map { watch('/admin/events') } 1 .. 4;
    my @first = map { document($_) } @streams;
    is(@{$first[0]{job_types}[0]{workers}}, 301, 'all workers are in it');
    return if on_asan() || on_valgrind();   # which keep what was freed
    # the one before stays until the next is sent
    for (1 .. 2) {
        document($_) for @streams;
    }
    my $before = memory();
    for (1 .. 8) {
        document($_) for @streams;
    }
    my $sent = 32 * length(encode_json($first[0])) / 1024;
    cmp_ok(memory() - $before, '<', $sent / 2,
        "memory does not grow with what is sent (KB, of $sent)");
    return;
}


sub memory {
    my $kb = 0;
    for my $pid ($srv->procs) {
        $kb += $1 if slurp("/proc/$pid/status") =~ /^RssAnon:\s+(\d+)/m;
    }
    return $kb;
}


# In the middle of a document, of which nothing may go
sub shutdown_of_slow {
    my @slow = map { AimeStream->new($srv->conn(port => $narrow,
        rcvbuf => 4096), '/admin/events', @auth) } 1 .. 4;
    document(watch('/admin/events'));
    $srv->reload;
    for my $stream (@slow) {
        my ($event, $torn) = (undef, 0);
        while ($event = $stream->event) {
            last if $event->{event} ne 'status';
            $torn++ if @{$event->{data}{job_types}[0]{workers}} != 301;
        }
        is($event->{event}, 'end', 'who is slow is told the end too');
        is($torn, 0, 'behind whole documents');
    }
    ok(wait_until(sub { !$srv->draining }), 'and nothing stays behind');
    return;
}


sub shutdown_ends_it {
    my @streams = map { watch('/admin/events?interval=60') } 1 .. 4;
    document($_) for @streams;
    $srv->reload;
    for my $stream (@streams) {
        my $event = $stream->event;
        is($event->{event}, 'end', 'a reload ends it');
    }
    ok(wait_until(sub { !$srv->draining }), 'and nothing stays behind');
    return;
}
