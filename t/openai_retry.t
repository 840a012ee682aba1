# OpenAI's clients make a request again when its connection is lost, and say so.
# Guards against a job that runs twice for that, and against two requests that
# are the same by intent and become one.

use strict;
use warnings;

use lib 't/lib';
use AimeOpenai;
use Mojo::JSON qw(true);
use Test::More;
use AimeTest;

my $srv = start_openai();
my @procs = $srv->procs;
my $worker = $srv->worker(job_type => 'chat')->login;

joins();
after_hang_up();
by_intent();
ended();
given_up();
streams();
done_testing();


# As the client's attempt number $count, 0 being the first
sub attempt {
    my ($count, $body, $pid) = @_;
    return ask($srv, 'chat/completions', {model => 'm', messages =>
        messages('hi'), %{$body // {}}}, conn => $srv->conn_to_pid($pid
        // $procs[0]), 'X-Stainless-Retry-Count' => $count);
}


sub queued { return 1000 - $srv->get('/api/endpoints/chat')->json->{free_queue_slots} }


sub joins {
    my $first = attempt(0);
    my ($job) = $worker->jobs;
    my $second = attempt(1, {}, $procs[-1]);
    my $third = attempt(2);
    waiting($srv, sync => 3);
    my $other = attempt(1, {temperature => 0.5});
    my ($new) = $worker->jobs;
    is($new->{temperature}, 0.5, 'another request is another job');
    $worker->result($_->{job_id}, {text => $_->{job_id}}) for $job, $new;
    is($_->read_response->json->{choices}[0]{message}{content},
        $job->{job_id}, 'all get the one result') for $first, $second, $third;
    is($other->read_response->json->{choices}[0]{message}{content},
        $new->{job_id}, 'and its own');
    is(queued(), 0, 'no other job');
    return;
}


# A connection that was lost is no reason to stop, yet
sub after_hang_up {
    my $first = attempt(0);
    my ($job) = $worker->jobs;
    $first->close;
    waiting($srv, sync => 0);
    ok(!$worker->progress($job->{job_id}, 1, {})->json->[0]{canceled},
        'his job goes on');
    my $second = attempt(1, {}, $procs[-1]);
    waiting($srv, sync => 1);
    $worker->result($job->{job_id}, {text => 'once'});
    is($second->read_response->json->{choices}[0]{message}{content}, 'once',
        'he is back');

    $first = attempt(0);
    ($job) = $worker->jobs;
    my $id = $job->{job_id};
    $first->close;
    waiting($srv, sync => 0);
    ok(!$worker->progress($id, 1, {})->json->[0]{canceled}, 'another time');
    $worker->result($id, {text => 'done meanwhile'});
    is(attempt(1)->read_response->json->{choices}[0]{message}{content},
        'done meanwhile', 'the result is there already');
    return;
}


sub by_intent {
    my @conns = map { attempt(0) } 1, 2;
    my @jobs = map { $worker->jobs } 1, 2;
    isnt($jobs[0]{job_id}, $jobs[1]{job_id}, 'two first attempts: two jobs');
    $worker->result($_->{job_id}, {text => 't'}) for @jobs;
    is($_->read_response->status, 200, 'answered') for @conns;
    my $conn = ask($srv, 'chat/completions', {model => 'm', messages =>
        messages('hi')});
    my ($job) = $worker->jobs;
    my $again = attempt(1);
    ok(my ($own) = $worker->jobs, 'who never said so is not joined');
    $worker->result($_->{job_id}, {text => 't'}) for $job, $own;
    $_->read_response for $conn, $again;
    return;
}


# What ended without a result is made anew
sub ended {
    my $first = attempt(0);
    my ($job) = $worker->jobs;
    $srv->client(endpoint => 'chat')->cancel($job->{job_id});
    is($first->read_response->status, 500, 'canceled');
    $worker->result($job->{job_id}, {text => 'late'});
    my $second = attempt(1);
    my ($new) = $worker->jobs;
    isnt($new->{job_id}, $job->{job_id}, 'a new job');
    my $third = attempt(2);
    waiting($srv, sync => 2);
    $worker->result($new->{job_id}, {text => 'new'});
    is($_->read_response->json->{choices}[0]{message}{content}, 'new',
        'for all of them') for $second, $third;
    return;
}


# Who does not come back has hung up
sub given_up {
    my $first = attempt(0);
    my ($job) = $worker->jobs;
    $first->close;
    ok(wait_until(sub {
        $worker->progress($job->{job_id}, 1, {})->json->[0]{canceled} }, 30),
        'canceled after a while');
    $worker->result($job->{job_id}, {text => 'late'});
    return;
}


sub streams {
    my $first = attempt(0, {stream => true});
    my ($job) = $worker->jobs;
    my $id = $job->{job_id};
    $worker->progress($id, 1, {text => 'a'});
    $first->read_until(qr/"content":"a"/);
    my $second = attempt(1, {stream => true}, $procs[-1]);
    ok($second->read_until(qr/"content":"a"/), 'joined from the beginning');
    $first->close;
    waiting($srv, sse => 1);
    $worker->progress($id, 2, {text => 'ab'});
    ok($second->read_until(qr/"content":"b"/), 'and goes on');
    ok(!$worker->progress($id, 2, {text => 'ab'})->json->[0]{canceled},
        'without the first');
    $second->close;
    ok(wait_until(sub { $worker->progress($id, 3, {})->json->[0]{canceled} }),
        'not without both: a stream is not asked for again');
    $worker->result($id, {text => 'late'});
    return;
}
