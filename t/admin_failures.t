# The latest jobs that did not end well, for who administers.  Guards against
# failures that are gone with their job (a waiting client fetches it at once),
# a list that grows, and one that takes what a client canceled for a failure.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;
use AimeAdmin;

my $srv = start_nginx(server_toml => admin_toml(), server => $ADMIN,
    endpoints => {echo => {}, short => {job_type => 'echo',
        endpoint => 'max_time_in_queue = 1'}});
my $client = $srv->client;
my $worker = $srv->worker(name => 'gpu-1')->login;

failed();
others();
bounded();
reset_forgets();
done_testing();


sub failures {
    return @{admin_get($srv, 'failures')->json->{failures}};
}


sub failed {
    is_deeply([failures()], [], 'none at first');
    my $waiting = $srv->client->park({prompt => 'x'});
    my ($job) = $worker->jobs;
    $worker->result($job->{job_id}, {error => "out of \"memory\"\n" . "\x{fc}" x 90});
    ok($waiting->read_response, 'the client has it');
    my ($one, @more) = failures();
    is(@more, 0, 'one');
    is_deeply([@$one{qw(job_id endpoint job_type outcome worker user)}],
        [$job->{job_id}, qw(echo echo error gpu-1 tester)], 'that one');
    is($one->{error}, "out of \"memory\"\n" . "\x{fc}" x 55, 'what was said, cut');
    cmp_ok($one->{end_time}, '>=', $one->{start_time_compute}, 'its times');
    cmp_ok($one->{start_time_compute}, '>=', $one->{start_time}, 'in order');
    is($one->{attempts}, 1, 'attempts');
    return;
}


sub others {
    my $id = $client->job({prompt => 'x'});
    $client->cancel($id);
    $worker->result($worker->running($client), {text => 'fine'});
    is(scalar(failures()), 1, 'neither a canceled nor a good one');
    $id = $srv->client(endpoint => 'short')->job({prompt => 'x'});
    my $seen = wait_until(sub { my ($new) = failures();
        return $new->{job_id} eq $id && $new });
    ok($seen, 'one that waited too long');
    is_deeply([@$seen{qw(endpoint outcome worker error start_time_compute)}],
        ['short', 'expired', undef, undef, undef], 'which no worker had');
    return;
}


sub bounded {
    my @ids;
    for my $n (1 .. 25) {
        unshift @ids, $worker->running($client);
        $worker->result($ids[0], {error => "error $n"});
    }
    my @all = failures();
    is_deeply([map { $_->{job_id} } @all], [@ids[0 .. 19]],
        'the latest 20, the newest first');
    is_deeply([map { $_->{error} } @all[0, 19]], ['error 25', 'error 6'],
        'each with what was said of it');
    $srv->reload;
    is(scalar(failures()), 20, 'also after a reload');
    return;
}


sub reset_forgets {
    is(admin_post($srv, 'counters/reset')->status, 200, 'counters are reset');
    is_deeply([failures()], [], 'and failures forgotten');
    $worker->result($worker->running($client), {error => 'again'});
    is_deeply([map { $_->{error} } failures()], ['again'], 'until the next');
    return;
}
