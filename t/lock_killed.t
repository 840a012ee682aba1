# nginx processes are killed at any instruction while they hold the zone's lock,
# again and again: who comes next repairs what they left half done, and no job is
# lost, is given two results, or stays in the zone.  Guards against a step of a
# job's life that is not undone or done when it is cut in two.
#
# It takes a module that is built for that (NGX_AIME_DEBUG), which also checks
# the zone as a whole every now and then.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Cwd ();
use POSIX ();
use AimeTest;

plan(skip_all => 'steps through the code by itself')
    if on_valgrind() || on_asan();
plan(skip_all => 'the trap flag is one of x86')
    if `uname -m` !~ /x86_64/;

my $RATE = $ENV{AIME_KILL_RATE} || 80;
my $CLIENTS = 8;
my $JOBS = $ENV{AIME_KILL_JOBS} || 40;
my $WORKERS = 4;
my $started = 0;

system('make -s BUILD=build/debug CC_OPT="-g -O2 -DNGX_AIME_DEBUG=1" >&2') == 0
    or BAIL_OUT('cannot build the module for debugging');
local $ENV{MODULE} = Cwd::getcwd() . '/build/debug/ngx_http_aime_api_module.so';

my $srv = start_nginx(procs => 4, master => 1, zone => '8m',
    main => "env AIME_KILL=$RATE;", allow => [qr{exited on signal 9|was locked by}],
    endpoints => {echo => {endpoint => join "\n", 'max_attempts = 16',
        'result_lifetime = 5', 'job_inactivity_timeout = 20'}},
    server => 'location = /zone { return 200 $aime_zone_used; }');

my @workers = map { start(\&work, "worker-$_") } 1 .. $WORKERS;
my @clients = map { start(\&ask, $_) } 1 .. $CLIENTS;
my %of = map { %$_ } map { lines($_) } @clients;
my @bad = grep { $of{$_} ne 'good' } keys %of;
is(keys %of, $CLIENTS * $JOBS, 'all jobs were answered');
is(@bad, 0, 'with their own results')
    or diag(map { "$_: $of{$_}\n" } @bad);

kill TERM => map { $_->{pid} } @workers;
my (%jobs, %prompts);
for my $done (map { lines($_) } @workers) {
    $jobs{$done->{prompt}}{$done->{id}} = 1;
}
is((grep { keys %{$jobs{$_}} > 1 } keys %jobs), 0, 'no job was there twice');

my $log = $srv->log;
my $kills = () = $log =~ /exited on signal 9/g;
my $repairs = () = $log =~ /which was repaired/g;
cmp_ok($repairs, '>', 2, 'the zone was repaired');
note("$kills processes killed, $repairs repairs told of");
unlike($log, qr/damaged/, 'and in order afterwards');


# without further deaths
$srv->{main} = '';
$srv->write_files;
$srv->reload;
my $worker = $srv->worker(name => 'worker-1', gen => 'A');
my $client = $srv->client;
my $id = $client->job({prompt => 'last'});
my ($job) = $worker->jobs;
is($job && $job->{job_id}, $id, 'nothing else is left in the queue');
$worker->result($id, {text => 'good'});
is($client->progress($id)->json->{job_result}{text}, 'good', 'all goes on');
ok(wait_until(sub { $srv->get('/zone')->body < 100_000 }, 15),
    'and the zone is as empty as before') or diag($srv->get('/zone')->body);
done_testing();


# Runs it in a process of its own, which writes lines of JSON into a file
sub start {
    my ($code, @args) = @_;
    my $file = $srv->dir . "/lines." . ++$started;
    my $pid = fork // die "fork: $!\n";
    return {pid => $pid, file => $file} if $pid;
    open STDOUT, '>', $file or die "$file: $!\n";
    $| = 1;
    eval { $code->(@args); 1 } or print STDERR "$$: $@";
    POSIX::_exit(0);
}

sub lines {
    my ($child) = @_;
    waitpid $child->{pid}, 0;
    return map { Mojo::JSON::decode_json($_) } split /\n/, slurp($child->{file});
}

sub say_json { print Mojo::JSON::encode_json($_[0]) . "\n" }


# Asks until it is answered; dies of waiting
sub insist {
    my ($make) = @_;
    for my $try (1 .. 1000) {
        my $answer = eval { $make->($srv->conn) };
        return $answer if $answer && $answer->status != 503;
        select undef, undef, undef, 0.01;
    }
    die "no answer after 1000 tries\n";
}


sub ask {
    my ($n) = @_;
    for my $job (1 .. $JOBS) {
        my $prompt = "client $n job $job" . ' x' x (rand > 0.8 ? 40_000 : 0);
        my $answer = insist(sub {
            $_[0]->request(POST => '/echo',
                {key => $CLIENT_KEY, prompt => $prompt},
                'Idempotency-Key' => "$n-$job");
        });
        my $text = $answer->json->{text} // $answer->body;
        say_json({"$n-$job" => $text eq "result of $prompt" ? 'good' : $text});
    }
    return;
}


sub work {
    my ($name) = @_;
    my $worker = $srv->worker(name => $name, gen => 'A', batch => 2);
    while (1) {
        my $answer = insist(sub {
            $_[0]->request(POST => '/worker_job_request',
                $worker->request_body);
        });
        for my $job (AimeParty::Worker::jobs_of($answer)) {
            insist(sub {
                $_[0]->request(POST => '/worker_job_progress',
                    $worker->report($job->{job_id}, progress => 50,
                        progress_data => {text => 'half'}));
            });
            insist(sub {
                $_[0]->request(POST => '/worker_job_result',
                    $worker->report($job->{job_id},
                        text => "result of $job->{prompt}"));
            });
            say_json({prompt => substr($job->{prompt}, 0, 20), id => $job->{job_id}});
        }
    }
    return;
}
