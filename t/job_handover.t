# Failed hand-overs without end.  Guards against a job that breaks every worker
# while it is sent and would go round for ever, and against one that lapses as
# soon as it is back, since a slow worker took longer to fail than jobs may
# wait.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $srv = start_nginx(zone => '64m', endpoints => {
    echo => { endpoint => 'max_attempts = 3' },
    wait => { endpoint => 'max_time_in_queue = ' . patience(3) },
    tick => { endpoint => 'max_time_in_queue = 0.2' },
});
my $big = 'x' x (8 << 20);

attempts();
time_in_queue();
done_testing();


# A worker that was sent a part of the job
sub half_sent {
    my ($client, $name, $id) = @_;
    my $worker = $srv->worker(name => $name,
        job_type => $client->{endpoint})->login;
    my $conn = $worker->{conn} = $srv->conn(rcvbuf => 4096);
    $worker->park;
    $client->poll_until($id, 'processing');
    return $conn;
}


sub attempts {
    my $client = $srv->client;
    my $id = $client->job({prompt => $big});
    for my $n (1 .. 3) {
        half_sent($client, "a$n", $id)->close;
        my $state;
        wait_until(sub {
            $state = $client->progress($id)->json->{job_state};
            $state ne 'processing';
        });
        is($state, $n < 3 ? 'queued' : 'lapsed', "hand-over $n failed");
    }
    $client->cancel($id);
    return;
}


# The time in the queue counts anew.  A job that was due meanwhile shows that
# the server has looked.
sub time_in_queue {
    my $client = $srv->client(endpoint => 'wait');
    my $id = $client->job({prompt => $big});
    my $conn = half_sent($client, 't1', $id);
    my $later = $client->job({prompt => 'x'});
    $client->poll_until($later, 'lapsed');
    is($client->progress($id)->json->{job_state}, 'processing',
        'it is being sent for longer than it may wait');
    $conn->close;
    $client->poll_until($id, 'queued');

    my $tick = $srv->client(endpoint => 'tick');
    $tick->poll_until($tick->job({prompt => 'x'}), 'lapsed');
    is($client->progress($id)->json->{job_state}, 'queued',
        'it waits for another worker');
    return;
}
