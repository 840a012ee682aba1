# What of a result reaches the client.  Guards against outputs that change on
# their way through the server, against members that take the place of the
# server's own, and against times that do not fit together.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $text = '{ type = "string" }';
my @own = qw(success job_id ep_version start_time start_time_compute
    result_received_time result_sent_time total_duration compute_duration
    pending_duration);
my @meta = qw(auth worker_interface_version);
my $reserved = join "\n", map { "$_ = $text" } @own, @meta, 'auth_key', 'text';
my $srv = start_nginx(endpoints => {
    echo => {outputs => join "\n",
        map { "$_ = $text" } qw(text number list nothing)},
    reserved => {outputs => $reserved, progress => $reserved},
    no_meta => {outputs => $reserved,
        endpoint => 'provide_worker_meta_data = false'},
});
my $client = $srv->client;
my $worker = $srv->worker(name => 'W')->login;

unchanged();
meta_data();
reserved();
done_testing();


# Only the last of members with one name, all else as written
sub unchanged {
    my $id = $worker->running($client);
    my $number = '9007199254740993';
    my $list = '[1.0, 1e2,{ "a" : "\ud83d\ude00", "a":null} ,-0.0]';
    my $long = '\u0000\u00e4\/\"' . "\xc3\xa4" . 'x' x 300_000;
    my $answer = $srv->post('/worker_job_result', qq({"auth":"W",)
        . qq("auth_key":"$WORKER_KEY","job_type":"echo","job_id":"$id",)
        . qq("version":"0","text":"overwritten","number":$number,)
        . qq("list":$list,"nothing":null,"secret":1,"text":"$long"}));
    is_deeply($answer->json, {cmd => 'ok'}, 'accepted');
    my $body = $client->progress($id)->body;
    ok(index($body, qq("number":$number)) > 0, 'a big integer');
    ok(index($body, qq("list":$list)) > 0, 'a structure, and its spaces');
    ok(index($body, qq("text":"$long")) > 0, 'escapes and bytes of a text');
    ok(index($body, '"nothing":null') > 0, 'null');
    ok(index($body, 'overwritten') < 0, 'the last of duplicates counts');
    ok(index($body, 'secret') < 0, 'nothing but [OUTPUTS]');
    return;
}


sub meta_data {
    my $id = $worker->running($client);
    my %times = (arrival_time => 12.25, finished_time => 13.5,
        preprocessing_duration => 0.125);
    $worker->result($id, {text => 'x', %times, start_time => 1, success => 0,
        job_state => 'x', total_duration => 'no'});
    my $json = $client->progress($id)->json->{job_result};
    is($json->{$_}, $times{$_}, $_) for sort keys %times;
    is($json->{auth}, 'W', 'the worker');
    is($json->{worker_interface_version}, '0.9.6', 'and its interface');
    is($json->{job_id}, $id, 'the job');
    my @times = @$json{qw(start_time start_time_compute result_received_time
        result_sent_time)};
    is_deeply(\@times, [sort { $a <=> $b } @times], 'times in their order');
    for ([total_duration => 2, 0], [compute_duration => 2, 1],
        [pending_duration => 1, 0])
    {
        my ($name, $end, $start) = @$_;
        ok(abs($json->{$name} - $times[$end] + $times[$start]) < 0.0015,
            "$name is that of the times");
    }
    return;
}


# Each member once, with the server's value, and no client sees a worker's key
sub reserved {
    my $of = $srv->worker(name => 'W', job_type => 'reserved')->login;
    my $asks = $srv->client(endpoint => 'reserved');
    my %wrong = map { $_ => "no $_" } @own, 'worker_interface_version';
    my $id = $of->running($asks);
    my $mine = {%wrong, auth_key => $WORKER_KEY, text => 'of it'};
    $of->progress($id, 5, $mine);
    delete @$mine{qw(auth_key text)};
    is_deeply($asks->progress($id)->json->{progress}{progress_data},
        {%$mine, text => 'of it'}, 'progress has no such members');
    delete $wrong{job_id};
    $of->result($id, {%wrong, text => 'x'});
    my $body = $asks->progress($id)->body;
    my ($result) = $body =~ /"job_result":(.*)/s;
    is(() = $result =~ /"$_":/g, 1, "one $_") for @own, @meta, 'text';
    unlike($body, qr/"no |auth_key|\Q$WORKER_KEY/, "none is the worker's");
    like($body, qr/"auth":"W"/, 'the server says who the worker is');

    my $quiet = $srv->worker(name => 'Q', job_type => 'no_meta')->login;
    $asks = $srv->client(endpoint => 'no_meta');
    $id = $quiet->running($asks);
    $quiet->result($id, {%wrong, text => 'x'});
    my $json = $asks->progress($id)->json->{job_result};
    is_deeply([@$json{@meta}], ['Q', 'no worker_interface_version'],
        'without meta data, outputs of these names are outputs');

    my @lines = grep { m{/reserved/.* is ignored} } split /\n/, $srv->log;
    is_deeply([sort map { / (\S+) is ignored/ } @lines],
        [sort 'PROGRESS.OUTPUTS.auth_key', map { "OUTPUTS.$_" } @own, @meta,
            'auth_key'], 'a notice for each');
    return;
}
