# Clients of one job type take turns.  Guards against one client's thousand jobs
# that another's single job waits for, against several sessions that are several
# clients, against a place that is told but not kept, and against a batch that
# serves one client only.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(false);
use Test::More;
use AimeTest;

my $thousand = on_valgrind() ? 100 : 1000;
my %keys = (clients => 'authorization_keys = { tester = '
    . "\"$CLIENT_KEY\", second = \"$SECOND_KEY\", third = \"3\" }");
my $srv = start_nginx(endpoints => {
    echo => {%keys, endpoint => 'max_queue_length = 2000'},
    plain => {%keys, endpoint => 'fair_share = false'},
    one => {%keys, job_type => 'both'}, two => {%keys, job_type => 'both'}});
my $conn = $srv->conn;

thousand();
sessions();
plain();
owed();
in_each_round();
done_testing();


sub client {
    my ($key, $endpoint) = @_;
    return $srv->client(conn => $conn, key => $key,
        endpoint => $endpoint // 'echo');
}

sub first_client { return client($CLIENT_KEY, @_) }

sub second_client { return client($SECOND_KEY, @_) }

sub position {
    my ($client, $id) = @_;
    return $client->progress($id)->json->{progress}{queue_position};
}

sub jobs { my ($client, $count) = @_; return map { job($client) } 1 .. $count }

sub job { return $_[0]->job({prompt => 'p'}) }


# What a worker gets that asks for one job after the other, or for a batch
my $number = 0;

sub taken {
    my ($type, $count, $batch) = @_;
    my $worker = $srv->worker(conn => $conn, job_type => $type,
        name => 'w' . ++$number, batch => $batch // 1)->login;
    my @ids;
    while (@ids < $count) {
        my @jobs = map { $_->{job_id} } $worker->jobs or last;
        $worker->result($_, {}) for @jobs;
        push @ids, @jobs;
    }
    return @ids;
}


sub thousand {
    my ($first, $second) = (first_client(), second_client());
    my @many = jobs($first, $thousand);
    taken('echo', 1);
    my $single = job($second);
    is(position($second, $single), 2, 'a single job is the second of all');
    is(position($first, $many[$_]), $_ + ($_ > 1), "job $_ of the many")
        for 1, 2, 3, 500 % $thousand, $thousand - 1;
    my $late = job(client('3'));
    is(position($second, $single), 2, 'it keeps its place');
    is_deeply([taken('echo', 4)], [$many[1], $single, $late, $many[2]],
        'and all are taken as told');
    my @more = jobs($second, 3);
    is_deeply([taken('echo', 6)], [$many[3], $more[0], $many[4], $more[1],
        $many[5], $more[2]], 'several take turns');
    is_deeply([taken('echo', $thousand - 6, 50)],
        [@many[6 .. $#many]], 'those of one client keep their order');
    return;
}


# Whatever they came in with
sub sessions {
    my $by_key = first_client();
    my @sessions = map { my $client = first_client(); $client->login; $client }
        1, 2;
    my @want = map { job($_) } $by_key, @sessions, $by_key, @sessions;
    my $other = job(second_client());
    is(position(second_client(), $other), 2, 'sessions of a key: one client');
    is_deeply([taken('echo', 7)], [$want[0], $other, @want[1 .. 5]],
        'with one lane');
    return;
}


sub plain {
    my @clients = map { $_->('plain') } \&first_client, \&second_client;
    my @ids = map { job($clients[$_]) } 0, 0, 0, 1, 0, 1;
    is(position($clients[1], $ids[3]), 4, 'fair_share = false: a queue');
    is_deeply([taken('plain', 6)], \@ids, 'as they came');
    return;
}


# A batch is of one endpoint; it makes nobody wait who comes after it
sub owed {
    my ($first, $second, $third) = (first_client('one'),
        second_client('two'), client('3', 'two'));
    my @batch = jobs($first, 40);
    my @others = jobs($second, 40);
    is_deeply([taken('both', 30, 30)], [@batch[0 .. 29]], 'a batch');
    my $new = job($third);
    is(position($third, $new), 3, 'a newcomer is in the second round');
    is_deeply([taken('both', 4)], [@others[0, 1], $new, $others[2]],
        'and so it is taken');
    is(position($first, $batch[30]), 28,
        'who had the batch waits until the other had as many');
    is(taken('both', 47, 8), 47, 'all are taken');
    return;
}


# Who has a job of another endpoint in front does not get all of a batch
sub in_each_round {
    my $first = first_client('one');
    my @first = jobs($first, 6);
    my $ahead = job(second_client('two'));
    my $second = second_client('one');
    my @second = jobs($second, 6);
    is_deeply([taken('both', 8, 8)], [@first[0, 1], map { ($second[$_],
        $first[$_ + 2]) } 0 .. 2], 'clients take turns in a batch');
    is(position(second_client('two'), $ahead), 1, 'what was in front still is');
    return;
}
