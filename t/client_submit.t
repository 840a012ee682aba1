# A job as its client sees it, waiting for it or not.  Guards against outputs
# that are not named slipping through, meta data that are missing or have a
# wrong sign, and a worker's result that takes the place of the server's own
# members.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON ();
use Test::More;
use AimeTest;

my $text = '{type = "string"}';
my $srv = start_nginx(endpoints => {
    echo => {inputs => "prompt = $text\nn = {type = \"integer\"}\n"},
    quiet => {clients => 'provide_worker_meta_data = false'},
    nameless => {outputs => ''}});
my $worker = $srv->worker(name => 'gpu-1')->login;
my @meta = qw(start_time start_time_compute result_received_time
    result_sent_time total_duration compute_duration pending_duration);

waiting();
not_waiting();
dropping();
done_testing();


# Takes the job that a request sent to us, and answers it
sub work {
    my ($outputs, %opt) = @_;
    my $by = $opt{by} // $worker;
    my ($job) = $by->jobs or die "no job\n";
    is($by->result($job->{job_id}, $outputs)->json->{cmd}, 'ok', 'result');
    return $job;
}


sub waiting {
    my $conn = $srv->client->park({prompt => 'hi', n => 9007199254740993});
    my $job = work({text => 'ho', arrival_time => 5.5, finished_time => 6,
        preprocessing_duration => 0.25, worker_interface_version => '0.9.6'});
    is($job->{prompt}, 'hi', 'the input');
    my $answer = $conn->read_response;
    is($answer->status, 200, 'answered');
    is($answer->header('Content-Type'), 'application/json', 'as JSON');
    my $json = $answer->json;
    is_deeply([sort keys %$json], [sort @meta, qw(success job_id ep_version
        text auth arrival_time finished_time preprocessing_duration
        worker_interface_version)], 'its members, each once');
    is($json->{text}, 'ho', 'the output');
    is($json->{job_id}, $job->{job_id}, 'job_id');
    is($json->{ep_version}, 1, 'ep_version');
    is($json->{auth}, 'gpu-1', 'the worker');
    is($json->{arrival_time}, 5.5, 'arrival_time as sent');

    cmp_ok($json->{start_time}, '<=', $json->{start_time_compute}, 'times');
    cmp_ok($json->{result_received_time}, '<=', $json->{result_sent_time},
        'in order');
    my %want = (total => [qw(start_time result_received_time)], compute =>
        [qw(start_time_compute result_received_time)],
        pending => [qw(start_time start_time_compute)]);
    for my $name (sort keys %want) {
        my ($from, $to) = @$json{@{$want{$name}}};
        cmp_ok(abs($json->{"${name}_duration"} - $to + $from), '<', 0.0015,
            "${name}_duration");
    }
    return;
}


sub not_waiting {
    my $client = $srv->client;
    my $answer = $client->submit({prompt => 'p'},
        wait_for_result => Mojo::JSON::false());
    is_deeply($answer->json, {success => Mojo::JSON::true(), ep_version => 1,
        job_id => $answer->json->{job_id}}, 'answered at once');
    my $job = work({error => 'out of memory'});
    is($job->{job_id}, $answer->json->{job_id}, 'the job');
    ok(!$job->{wait_for_result}, 'wait_for_result for the worker');
    my $json = $client->progress($job->{job_id})->json;
    is($json->{job_result}{error}, 'out of memory', 'the error of a worker');
    ok($json->{job_result}{success}, 'is a success');
    return;
}


sub dropping {
    my $conn = $srv->client(endpoint => 'quiet')->park({prompt => 'p'});
    my $quiet = $srv->worker(job_type => 'quiet', name => 'gpu-2')->login;
    work({text => 't', secret => 's', worker_interface_version => '1',
        metrics => {a => 1}, key => 'k'}, by => $quiet);
    is_deeply([sort keys %{$conn->read_response->json}], [sort @meta,
        qw(success job_id ep_version text)], 'only outputs that are named');

    my $nameless = $srv->worker(job_type => 'nameless')->login;
    my $none = $srv->client(endpoint => 'nameless')->park({prompt => 'p'});
    work({text => 't', success => Mojo::JSON::false()},
        by => $nameless);
    my $json = $none->read_response->json;
    ok(!exists $json->{text}, 'none named, none sent');
    ok($json->{success}, 'the server says what success is');
    return;
}
