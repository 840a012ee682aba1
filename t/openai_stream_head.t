# A stream whose first event is the worker's first word: its head is sent at
# once, and what comes later comes.  Guards against a head that waits in nginx
# for more to be sent with it, while the stream waits for it to be sent.

use strict;
use warnings;

use lib 't/lib';
use AimeOpenai;
use Mojo::JSON qw(true);
use Test::More;
use AimeTest;

my $srv = start_openai();
my $worker = $srv->worker(job_type => 'chat')->login;

for my $route ('completions', 'chat/completions') {
    my $conn = ask($srv, $route, { model => 'm', stream => true,
        $route eq 'completions' ? (prompt => 'x')
            : (messages => messages('x')) });
    like($conn->read_until(qr/\r\n\r\n/), qr{\AHTTP/1\.1 200 },
        "$route: the head comes while the job is queued");
    my ($job) = $worker->jobs;
    $worker->progress($job->{job_id}, 1, { text => 'so ' });
    ok($conn->read_until(qr/"so "/), 'then the first word');
    $worker->result($job->{job_id}, { text => 'so far' });
    like($conn->read_until(qr/\[DONE\]/), qr/"far"/, 'and the rest');
    $conn->close;
}
done_testing();
