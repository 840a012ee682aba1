# The status location: Prometheus's text, OpenMetrics by Accept, JSON; what
# promtool says of it; more than fits into one slice; nothing for pages of other
# origins.  Guards against a scrape that no Prometheus can read, against names
# that break out of a label, and against secrets.

use strict;
use warnings;

use lib 't/lib';
use IPC::Open3 qw(open3);
use Test::More;
use AimeTest;
use AimeMetrics;

my %endpoints = (echo => {}, odd => <<"TOML", map { ("ep$_" => {}) } 1 .. 40);
[ENDPOINT]
name = '''odd \\ "name"'''
[WORKER]
job_type = '''type \\ "quoted"'''
[INPUTS]
prompt = { type = "string" }
TOML

my $srv = start_nginx(endpoints => \%endpoints, server => <<"CONF");
$STATUS
location = /metrics { aime_api_status; }
location /health/ { aime_api_status; }
CONF

formats();
families();
promtool();
json();
health();
refused();
mistakes();
done_testing();


sub type_of {
    my ($path, %headers) = @_;
    my $answer = $srv->get($path, undef, %headers);
    return $answer->header('Content-Type');
}


sub formats {
    my ($text, $open, $json) = ('text/plain; version=0.0.4; charset=utf-8',
        'application/openmetrics-text; version=1.0.0; charset=utf-8',
        'application/json');
    my $prometheus = 'application/openmetrics-text;version=1.0.0,'
        . 'application/openmetrics-text;version=0.0.1;q=0.75,'
        . 'text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
    my @cases = (['', undef, $text], ['', '*/*', $text], ['', $prometheus,
        $open], ['', 'text/plain', $text], ['', 'application/json', $json],
        ['', 'application/json;q=0.2, text/plain;q=0.9', $text],
        ['', 'application/openmetrics-text; q=0', $text],
        ['', 'application/jsonx', $text], ['?format=json', $prometheus, $json],
        ['?format=openmetrics', undef, $open], ['?format=prometheus',
        $prometheus, $text], ['/metrics', 'application/json', $text],
        ['/metrics', $prometheus, $open], ['/', undef, $text]);
    for (@cases) {
        my ($path, $accept, $want) = @$_;
        is(type_of("/status$path", $accept ? (Accept => $accept) : ()), $want,
            "/status$path, " . ($accept // 'nothing'));
    }
    is(type_of('/metrics'), $text, 'an exact location');
    my $head = $srv->request(HEAD => '/status');
    is($head->status . $head->body, '200', 'HEAD');
    is($srv->get('/status')->header('Access-Control-Allow-Origin'), undef,
        'not for other origins');
    is($srv->get('/status')->header('Cache-Control'), 'no-store',
        'nothing to keep');
    return;
}


# Each family stands together and is described once, before its samples
sub families {
    for my $format (qw(prometheus openmetrics)) {
        my $body = $srv->get("/status?format=$format")->body;
        cmp_ok(length $body, '>', 100_000, 'more than one slice');
        my (%type, %seen, @wrong, $now);
        my @lines = split /\n/, $body;
        is(pop @lines, '# EOF', 'the end') if $format eq 'openmetrics';
        for (@lines) {
            if (/^# TYPE (\S+) (\S+)$/) {
                push @wrong, "twice: $1" if $type{$1};
                ($now, $type{$1}) = ($1, $2);
            }
            next if /^#/;
            my ($name) = /^(\w+)/;
            push @wrong, $_ if $name !~ /^\Q$now\E(?:_total|_bucket|_sum
                |_count)?$/x;
            push @wrong, "a counter without _total: $name"
                if $type{$now} eq 'counter' && $name !~ /_total$/;
            push @wrong, "counter: $now" if $now =~ /_total$/
                && $format eq 'openmetrics';
        }
        is_deeply(\@wrong, [], "families of $format");
        is_deeply([grep { !/^aime_/ } keys %type], [], 'the prefix');
    }
    my $all = scrape($srv);
    my $name = 'odd \\\\ \\"name\\"';
    is($all->{"aime_jobs_submitted_total{endpoint=\"$name\"}"}, 0,
        'an endpoint with a strange name');
    my ($build) = grep { /^aime_build_info/ } keys %$all;
    like($build, qr/version="\d+\.\d+\.\d+",nginx="1\.\d+\.\d+"/, 'build');
    return;
}


sub promtool {
    SKIP: {
        skip 'no promtool', 1 if system('command -v promtool >/dev/null');
        my $pid = open3(my $in, my $out, undef, qw(promtool check metrics));
        print $in $srv->get('/status')->body;
        close $in;
        my $said = do { local $/; <$out> } // '';
        waitpid $pid, 0;
        is($? . $said, '0', 'promtool has nothing to say');
    }
    return;
}


sub json {
    my $worker = $srv->worker(batch => 3)->login;
    my $client = $srv->client;
    my $good = $worker->running($client);
    $worker->result($good, {text => 'x'});
    $worker->result($worker->running($client), {error => "CUDA\n\x{22}"
        . 'e' x 200});
    my $waits = $client->job({prompt => 'x'});
    my $answer = $srv->get('/status?format=json');
    unlike($answer->body, qr/$CLIENT_KEY|$SECOND_KEY|$WORKER_KEY/,
        'no secrets');
    my $all = $answer->json;
    is(scalar @{$all->{endpoints}}, 42, 'all endpoints');
    is(scalar @{$all->{job_types}}, 42, 'and job types');
    is(scalar @{$all->{processes}}, default_procs(), 'and processes');
    ok((grep { $_->{pid} == $all->{answered_by} } @{$all->{processes}}),
        'one of which answered');
    my ($type) = grep { $_->{name} eq 'echo' } @{$all->{job_types}};
    is($type->{jobs_queued}, 1, 'one waits');
    is_deeply($type->{jobs_queued_by_priority}, [0, 1, 0, 0], 'of normal');
    is_deeply($type->{worker_states}, {waiting => 1, processing => 0,
        offline => 0, disabled => 0}, 'a worker');
    my ($one, @more) = @{$type->{workers}};
    is(@more + 0, 0, 'one worker');
    is("@$one{qw(name state jobs_finished jobs_failed jobs_running)}",
        "$worker->{name} waiting 2 1 0", 'and what it did');
    is($one->{model}{label}, 'Test', 'its model');
    like($one->{last_error}, qr/^CUDA\n"e{100,125}$/, 'its last error, cut');
    my ($ep) = grep { $_->{name} eq 'echo' } @{$all->{endpoints}};
    is("@{$ep->{jobs_finished}}{qw(success error)} $ep->{jobs_submitted}",
        '1 1 3', 'counters');
    is($ep->{job_type}, 'echo', 'its job type');
    ok($ep->{enabled} && $ep->{configured} && !$ep->{disabled_by_admin},
        'enabled');
    cmp_ok($all->{zone}{used} + $all->{zone}{free}, '==', $all->{zone}{size},
        'memory');
    $client->cancel($waits);
    return;
}


sub health {
    for my $base ('/status/health/', '/health/') {
        for my $what (qw(live ready)) {
            my $answer = $srv->get("$base$what");
            is($answer->status, 200, "$base$what");
            is($answer->json->{status}, $what, 'says so');
        }
    }
    is($srv->get('/health/ready?job_type=echo')->status, 200,
        'a worker is there');
    my $none = $srv->get('/health/ready?job_type=ep1');
    is($none->status, 503, 'none is there');
    like($none->json->{error}, qr/no worker/, 'which it says');
    is($srv->get('/health/ready?job_type=nothing')->status, 503,
        'no such job type');
    return;
}


sub refused {
    is($srv->get('/status?format=xml')->status, 400, 'an unknown format');
    is($srv->get('/status/nothing')->status, 404, 'an unknown route');
    is($srv->get('/status/nothing')->header('Access-Control-Allow-Origin'),
        undef, 'errors are not for other origins, either');
    for my $method (qw(POST DELETE OPTIONS)) {
        my $answer = $srv->request($method => '/status');
        is($answer->status, 405, $method);
        is($answer->header('Allow'), 'GET', 'Allow');
    }
    return;
}


sub mistakes {
    my $bad = start_nginx(start => 0, allow => [qr{\[emerg\]}]);
    for (['location ~ ^/status { aime_api_status; }',
            qr/not allowed in a location given by a regular/],
        ['location @status { aime_api_status; }',
            qr/not allowed in a named location/],
        ['location /s { aime_api_status; aime_api_info; }', qr/conflicts/],
        ['location /s { aime_api_status on; }', qr/number of arguments/]) {
        my ($conf, $want) = @$_;
        $bad->write_files(server => $conf);
        my ($status, $said) = $bad->check_conf;
        isnt($status, 0, 'refused');
        like($said, $want, $conf);
    }
    return;
}
