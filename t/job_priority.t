# Priorities of keys and of requests.  Guards against a client that raises
# itself above its key, against a wrong header or value that is taken for a
# default, and against clients of one priority that no longer take turns.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(false);
use Test::More;
use AimeTest;

my $keys = 'authorization_keys = { '
    . join(', ', map { "$_ = \"$_\"" } qw(low usual high other)) . ' }';
my $srv = start_nginx(
    server_toml => server_toml(clients => "default_priority = 2\n"
        . 'default_priorities = { tester = 0, second = 3, nobody = 1 }'),
    endpoints => {
        echo => {clients => "$keys\npriority = 1\n"
            . 'priorities = { low = 0, high = 3 }'},
        served => {}, own => {clients => 'priority = 1'},
        open => {clients => "authorization = \"None\"\npriority = 0\n"
            . 'priorities = { tester = 1 }'}});
my $conn = $srv->conn;
my $number = 0;

keys_have();
requests_ask();
bad_headers();
turns();
server_file();
sessions();
mistakes();
done_testing();


sub job {
    my ($key, $asked, $endpoint) = @_;
    my $client = ref $key ? $key : $srv->client(conn => $conn, key => $key,
        endpoint => $endpoint // 'echo');
    $client->{headers} = defined $asked ? {'X-Priority' => $asked} : {};
    return $client->job({prompt => 'p'});
}

sub position {
    my ($key, $id) = @_;
    return $srv->client(key => $key)->progress($id)->json->{progress}
        {queue_position};
}

sub taken {
    my ($count, $type) = @_;
    my $worker = $srv->worker(conn => $conn, job_type => $type // 'echo',
        name => 'w' . ++$number)->login;
    my @ids;
    for (1 .. $count) {
        push @ids, map { $_->{job_id} } $worker->jobs;
        $worker->result($ids[-1], {});
    }
    return @ids;
}

sub order_is {
    my ($ids, $order, $name, $type) = @_;
    my %nth = map { $ids->[$_] => $_ } 0 .. $#$ids;
    is("@nth{taken(scalar @$ids, $type)}", $order, $name);
    return;
}


sub keys_have {
    my @ids = map { job($_) } qw(low usual usual high low high);
    is_deeply([map { position(@$_) } [low => $ids[0]], [usual => $ids[1]],
        [high => $ids[3]], [high => $ids[5]]], [5, 3, 1, 2], 'positions');
    order_is(\@ids, '3 5 1 2 0 4', 'higher ones first');
    return;
}


sub requests_ask {
    order_is([map { job(@$_) } [low => 3], [usual => 3], [high => 0],
        [high => 1], [usual => 0], ['high'], [low => 0]], '5 1 3 0 2 4 6',
        'up to that of the key');
    return;
}


sub bad_headers {
    my $client = $srv->client(key => 'high');
    for my $value (qw(4 -1 01 1.0 high 9), '', '1 2') {
        $client->{headers} = {'X-Priority' => $value};
        my $answer = $client->submit({prompt => 'p'},
            wait_for_result => false);
        is($answer->status, 400, "\"$value\" is refused");
        like($answer->json->{error}[0], qr/X-Priority/, 'by name');
    }
    is($srv->get('/api/echo')->json->{free_queue_slots}, 1000, 'no job is made');
    return;
}


sub turns {
    order_is([map { job(@$_) } ['usual'], ['usual'], [high => 3], [high => 3],
        ['other'], [high => 1], [high => 1]], '2 3 0 4 5 1 6',
        'clients of one priority take turns');
    return;
}


sub server_file {
    order_is([map { job($_->[0], $_->[1], 'served') } [$SECOND_KEY, 1],
        [$CLIENT_KEY, 3], [$SECOND_KEY, 3]], '2 0 1',
        'priorities of the server file', 'served');
    order_is([map { job($_, undef, 'own') } $CLIENT_KEY, $SECOND_KEY], '1 0',
        'beside the priority of the endpoint file', 'own');
    return;
}


# A session has the priority of its key, without one that of the endpoint
sub sessions {
    my @clients = map { my $client = $srv->client(endpoint => 'open',
        conn => $conn, key => $_); $client->login; $client } undef,
        $CLIENT_KEY;
    order_is([map { job($_) } @clients], '1 0', 'sessions', 'open');
    order_is([map { job($_, 3) } @clients], '1 0', 'and what they ask for',
        'open');
    return;
}


sub mistakes {
    return if on_valgrind();
    my $check = start_nginx(start => 0, endpoints => {});
    $check->allow(qr/\[emerg\]/);
    for (['clients', 'priority = 4', 'is out of range'],
        ['clients', 'priority = -1', 'is out of range'],
        ['clients', 'priority = "1"', 'must be an integer'],
        ['clients', 'priorities = 1', 'must be a table of user = 0 to 3'],
        ['clients', 'priorities = {a = 4}', 'must be a table of user = 0'],
        ['clients', 'priorities = {a = "1"}', 'must be a table of user = 0'],
        ['endpoint', 'fair_share = 1', 'must be true or false']) {
        my ($section, $line, $text) = @$_;
        my ($key) = $line =~ /^(\w+)/;
        $check->write_files(endpoints => {echo => {$section => $line}},
            server_toml => server_toml());
        like(($check->check_conf)[1], qr/endpoint\.cfg":\d+:\ \U$section\E
            \.$key\ \Q$text/x, "$line is refused");
        my $plural = $section =~ s/s?$/s/r;
        $check->write_files(endpoints => {echo => {}},
            server_toml => server_toml($plural => "default_$line"));
        like(($check->check_conf)[1], qr/server\.toml":\d+:\ \U$plural\E
            \.default_$key\ \Q$text/x, "default_$line, too");
    }
    return;
}
