# The load generator (bench/load.c) in each of its ways: all jobs are done, and
# each client gets its own result.  Guards against figures of a load that was
# not what it is said to be, and against checks that let a wrong answer pass.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use Mojo::JSON qw(decode_json);
use POSIX ();
use Test::More;
use AimeTest;

my $load = $ENV{LOAD} || 'build/aime-load';
plan skip_all => "$load is not built" if !-x $load;

my $dir = tempdir(CLEANUP => 1);
my $srv = start_nginx(zone => '64m',
    endpoints => {chat => { inputs => 'chat_context = {type="chat_context"}' },
        map { $_ => {} } qw(bench queue other)},
    server_toml => server_toml(
        other => "[OPENAI.MODELS]\nchat = {endpoint = \"chat\"}"),
    server => <<'CONF');
location = /zone { return 200 $aime_zone_used; }
location = /pid { return 200 $pid; }
location /v1/ { aime_api_openai; }
location = /fixed { return 200 "fixed"; }
location = /wrong { return 200 '{"success":true,"text":"0123456789abcdef"}'; }
CONF

closed();
opened();
tokens();
still();
filled();
plain();
wrong();
twice();
done_testing();


# Its status, its figures, and what it says of errors
sub load {
    my (@arguments) = @_;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDOUT, '>', "$dir/out" or POSIX::_exit(1);
        open STDERR, '>', "$dir/err" or POSIX::_exit(1);
        exec $load, '--json', '--port', $srv->port, '--master',
            $srv->nginx->pid, '--key', $CLIENT_KEY, '--worker-key',
            $WORKER_KEY, @arguments or POSIX::_exit(1);
    }
    waitpid $pid, 0;
    my ($status, $out) = ($? >> 8, slurp("$dir/out"));
    return ($status, $out ? decode_json($out) : {}, slurp("$dir/err"));
}


# A load without errors: its figures
sub fine {
    my ($name, @arguments) = @_;
    my ($status, $seen, $said) = load(@arguments);
    is($status, 0, $name) or diag($said);
    is($said, '', "$name: nothing is said");
    return $seen;
}


sub closed {
    my @some = qw(--clients 8 --workers 4 --jobs 200);
    my %ways = (
        waiting => [], batches => ['--batch', 3], polling => ['--poll', 20],
        reports => ['--progress', 3], large => [qw(--prompt 300k --result 1m)],
        unlike => [qw(--prompt 16 --result 70000)], fresh => ['--fresh']);
    for my $way (sort keys %ways) {
        my $seen = fine($way, @some, @{$ways{$way}});
        is($seen->{jobs}, 200, "$way: all are done");
        is($seen->{errors}, 0, "$way: no errors");
        ok($seen->{cpu_us_per_job} > 0, "$way: the server's processor time");
    }

    my $seen = fine('streams', @some, '--sse', '--progress', 5);
    is($seen->{jobs}, 200, 'streams: all are done');
    cmp_ok($seen->{events}, '>=', 200 * 5, 'an event for each report');
    return;
}


# The last one is due 0.99 seconds after the first
sub opened {
    my $seen = fine('arrivals', qw(--clients 50 --workers 2 --rate 100),
        qw(--jobs 100));
    is($seen->{jobs}, 100, 'jobs arrive');
    cmp_ok($seen->{seconds}, '>=', 0.99, 'no faster than they should');
    cmp_ok($seen->{latency}{max}, '>=', $seen->{latency}{p50}, 'latency');
    cmp_ok($seen->{dispatch}{p50}, '>', 0, 'dispatch latency');
    return;
}


# Streams of tokens: each client gets its own, all of them, in their order
sub tokens {
    my @some = qw(--clients 6 --workers 6 --tokens 20 --token-rate 100
        --endpoint chat --job-type chat);
    for my $way ([], ['--model', 'chat']) {
        my $seen = fine("tokens @$way", @some, @$way, '--jobs', 20);
        is($seen->{jobs}, 20, 'answers come to their ends');
        is($seen->{events}, 20 * 20, 'in tokens');
        ok($seen->{$_}{p50} > 0, "$_ is timed") for qw(token first_token post);
    }
    my ($status, $seen, $said) = load(@some, qw(--workers 5));
    is($status, 2, 'fewer workers than clients would wait');
    ($status, $seen, $said) = load(@some, qw(--model nothing --jobs 6));
    is($status, 1, 'a refusal');
    like($said, qr/a client got: 404/, 'is told');
    others();
    return;
}


# A token that nobody reported, from another server than this one
sub others {
    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 10)
        or die "listen: $!\n";
    my $chunk = sub { sprintf "%x\r\n%s\r\n", length $_[0], $_[0] };
    my $event = 'data: {"choices":[{"index":0,"delta":{%s},'
        . "\"finish_reason\":null}]}\n\n";
    my $pid = answering($socket, sub {
        my ($from, $uri, $body) = @_;
        return answer($from, '{"success":true}') if $uri eq '/worker_login';
        return answer($from, '0') if $uri eq '/zone';
        return if $uri ne '/v1/chat/completions';
        syswrite $from, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            . $chunk->(sprintf $event, '"role":"assistant","content":""')
            . $chunk->(sprintf $event, "\"content\":\" \xc3\xa901234\"");
    });
    my ($status, $seen, $said) = load(qw(--clients 1 --workers 1 --tokens 5
        --token-rate 100 --model chat --warm 0 --time 0.5),
        '--port', $socket->sockport);
    is($status, 1, 'a token of another stream');
    like($said, qr/not the next token of this answer/, 'is told');
    kill KILL => $pid;
    waitpid $pid, 0;
    return;
}


# The long one is for a machine that was busy with something else
sub still {
    my ($seen, $more);
    for my $time (0.5, 30) {
        $seen = fine('still', qw(--clients 2 --workers 2 --park 20 --wait 30),
            qw(--probe /fixed --warm 0.2 --time), $time);
        $more = $seen->{zone}[1] - $seen->{zone}[0];
        last if $seen->{probe}{p50} && $more > 30 * 400;
    }
    cmp_ok($more, '>', 30 * 400, 'waiting clients take memory');
    ok($seen->{probe}{p50}, 'the probe was answered');
    return;
}


sub filled {
    my $seen = fine('fill', qw(--clients 4 --fill 500 --endpoint queue --ids),
        "$dir/ids");
    is($seen->{jobs}, 500, 'all are submitted');
    is(-s "$dir/ids", 500 * 37, 'their ids are written');
    $seen = fine('polls', qw(--clients 4 --polls --jobs 300 --endpoint queue),
        '--ids', "$dir/ids");
    is($seen->{jobs}, 300, 'all polls are answered');
    $seen = fine('finish', qw(--clients 4 --workers 2 --fill 100));
    is($seen->{jobs}, 100, 'all are done');
    return;
}


sub plain {
    my $seen = fine('plain', qw(--clients 4 --plain GET:/fixed --jobs 100),
        qw(--plain POST:/fixed:5000));
    is_deeply([@$seen{qw(jobs exchanges)}], [100, 200], 'two steps each');
    return;
}


sub wrong {
    my ($status, $seen, $said) = load(qw(--endpoint wrong --jobs 1));
    is($status, 1, 'a result of another job');
    like($said, qr/not the result of this job/, 'is told');

    ($status, $seen, $said) = load(qw(--clients 1 --workers 1 --jobs 1
        --endpoint queue --job-type queue));
    is($status, 1, "another run's job");
    like($said, qr/a job that is not out/, 'is told');

    ($status, $seen, $said) = load(qw(--jobs 1 --endpoint nothing));
    is($status, 1, 'a refusal');
    like($said, qr/a client got: 40\d/, 'is told');

    ($status, $seen, $said) = load(qw(--clients a));
    is($status, 2, 'a bad option');
    like($said, qr/--clients a is no number/, 'is told');
    return;
}


# What this server never does, so another one has to: it hands the one job out
# two times, in one batch
sub twice {
    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 10)
        or die "listen: $!\n";
    my ($poll, $client, $prompt, $text);
    my $pid = answering($socket, sub {
        my ($from, $uri, $body) = @_;
        if ($uri eq '/worker_job_request') {
            $poll = $from;
        } elsif ($uri eq '/bench') {
            ($client, $prompt) = ($from, $body =~ /"prompt":"(\w+)"/);
        } else {
            answer($from, '{"cmd":"ok","success":true}');
        }
        answer($client, '{"text":"' . $text . '"}')
            if $uri eq '/worker_job_result';
        return if !$poll || !$prompt;
        my $job = '{"job_id":"' . '0' x 36 . '","prompt":"' . $prompt . '"}';
        answer($poll, '{"cmd":"job","job_data":[' . "$job,$job]}");
        ($text, $prompt, $poll) = $prompt;
    });

    my ($status, $seen, $said) = load(qw(--workers 1 --batch 2 --jobs 1),
        '--port', $socket->sockport);
    is($status, 1, 'a job that is handed out twice');
    like($said, qr/a job was handed out twice/, 'is told');
    unlike($said, qr/that is not out/, 'and nothing else');
    kill KILL => $pid;
    waitpid $pid, 0;
    return;
}


# The process of a server that calls a function for each request: connection,
# URI, body
sub answering {
    my ($socket, $do) = @_;
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    alarm 60;
    my $select = IO::Select->new($socket);
    my %got;
    while (1) {
        for my $from ($select->can_read) {
            if ($from == $socket) {
                $select->add(scalar $socket->accept);
                next;
            }
            if (!sysread $from, $got{$from}, 65536, length($got{$from} // '')) {
                $select->remove($from);
                next;
            }
            my ($uri, $length, $body) = $got{$from} =~ m{^\w+ \s (\S+) .*?
                Content-Length: \s* (\d+) .*? \r\n\r\n (.*)}sx or next;
            next if length $body < $length;
            delete $got{$from};
            $do->($from, $uri, $body);
        }
    }
}


sub answer {
    my ($to, $body) = @_;
    syswrite $to, "HTTP/1.1 200 OK\r\nContent-Length: " . length($body)
        . "\r\n\r\n$body" if $to;
    return;
}
