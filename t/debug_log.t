# A server that logs at the level debug, where nginx looks into what its events
# belong to.  Guards against a timer that belongs to nothing: the first request
# that waits would take its process down, and only where somebody looks for a
# mistake.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $srv = start_nginx(level => 'debug', min_procs => 2);
my @procs = sort $srv->procs;
my $worker = $srv->worker->login;
my $client = $srv->client;

for my $round (1 .. 4) {
    my $conn = $client->park({prompt => "round $round"});
    my ($job) = $worker->jobs;
    $worker->result($job->{job_id}, {text => "done $round"});
    my $answer = $conn->read_response;
    is($answer && $answer->json->{text}, "done $round", "round $round");
}

$client->submit({prompt => 'later', wait_for_result => \0});
is_deeply([sort $srv->procs], \@procs, 'the processes live');

done_testing();
