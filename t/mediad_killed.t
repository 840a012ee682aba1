# Workers of the media daemon are killed (SIGKILL) in the middle of conversions,
# then the daemon as a whole, with nginx in front and many clients at once.
# Guards against requests that hang, a socket that stays with nobody behind it,
# media that end up with another client's job, and workers that outlive their
# supervisor: a request whose worker died gets 503, all others what they want.

use strict;
use warnings;

use lib 't/lib';
use Compress::Zlib qw(compress crc32 uncompress);
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use AimeTest;
use AimeMedia;

AimeMedia::binary() or plan(skip_all => 'no build/aime-mediad');

my $COUNT   = 200;
my $WORKERS = 2;
my $ABSENT  = 'Media cannot be processed at the moment, try again later';
my $BROKEN  = 'Media could not be processed, try again later';

my $daemon = AimeMedia->start(workers => $WORKERS, deaths => 1);
my $socket = $daemon->{socket};
my $srv = start_nginx(min_procs => 2, master => 1,
    allow => [qr/media daemon "unix:/, qr/connect\(\) to unix:/],
    endpoints => {m => {worker => 'request_timeout = 5',
        endpoint => 'result_lifetime = 1', inputs => <<'TOML'}},
img = { type = "image", size = { maximum = 64, auto_convert = true } }
n = { type = "integer" }
TOML
    server => "aime_api_media unix:$socket;\n"
        . 'location = /zone { return 200 $aime_zone_used; }');
my $worker = $srv->worker(job_type => 'm', gen => 'B', batch => $COUNT)->login;
my $used = $srv->zone_used;
my @pictures = map { picture($_) } 0 .. $COUNT - 1;
my %dead;

is_deeply([converted(0)], [200, color(0)], 'a picture is converted');

workers_killed();
one_by_one();
daemon_killed();
ok(wait_until(sub { $srv->get('/zone')->body <= $used }),
    'memory of the zone as before');
$daemon->stop('QUIT');
done_testing();


# Each number has a colour of its own
sub color { my ($n) = @_; return join ' ', $n, 255 - $n, $n * 7 % 256 }


sub chunk {
    my ($type, $data) = @_;
    return pack('N', length $data) . $type . $data
        . pack('N', crc32($type . $data));
}


# A large PNG of that colour: some milliseconds to decode, few bytes to send
sub picture {
    my ($n) = @_;
    my ($width, $height) = (1200, 900);
    my $row = "\0" . pack('C3', split ' ', color($n)) x $width;
    return 'data:image/png;base64,' . encode_base64("\x89PNG\r\n\x1a\n"
        . chunk('IHDR', pack 'NNCCCCC', $width, $height, 8, 2, 0, 0, 0)
        . chunk('IDAT', compress($row x $height, 1)) . chunk('IEND', ''), '');
}


# The colour of a small PNG's first pixel, which no filter of rows changes; its
# size, where that is not as it should be
sub seen {
    my ($url) = @_;
    my ($base64) = ($url // '') =~ m{^data:image/png;base64,(.*)}s
        or return 'no PNG';
    my $png = decode_base64($base64);
    my ($width, $height) = unpack 'NN', substr $png, 16, 8;
    return "${width}x$height" if $width != 64 || $height != 64;
    my ($at, $data) = (8, '');
    while ($at < length $png) {
        my ($len, $type) = unpack 'Na4', substr $png, $at, 8;
        $data .= substr $png, $at + 8, $len if $type eq 'IDAT';
        $at += 12 + $len;
    }
    return join ' ', unpack 'x C3', uncompress($data) // '';
}


sub submission {
    my ($n) = @_;
    return (POST => '/m', {key => $CLIENT_KEY, n => $n, img => $pictures[$n],
        wait_for_result => \0});
}


# The jobs that wait: (number => colour, …), all given back at once
sub work {
    my %seen;
    while (my @jobs = $worker->jobs) {
        for my $job (@jobs) {
            $seen{$job->{n}} = seen($job->{img});
            $worker->result($job->{job_id}, {text => 'x'});
        }
        last if @jobs < $COUNT;
    }
    return %seen;
}


# The status of one submission, and the colour that the GPU worker sees
sub converted {
    my ($n) = @_;
    my $answer = $srv->request(submission($n));
    return ($answer->status, $answer->json->{error}[0] // '')
        if $answer->status != 200;
    my %seen = work();
    return (200, $seen{$n});
}


sub converts_again {
    my ($what) = @_;
    my @last;
    my $good = wait_until(sub { @last = converted(77); $last[0] == 200 });
    ok($good, "$what: converts again") or diag("@last");
    is($last[1], color(77), 'as it should');
    return;
}


sub kill_workers {
    my @pids = $daemon->workers;
    kill 'KILL', @pids;
    $dead{$_} = 1 for @pids;
    return @pids;
}


# Of answers by number, those with 503 have the text and the time to come
# again; who got 200 has a job with its own picture
sub outcome {
    my ($crowd, $what) = @_;
    my (%status, @bad);
    for my $n (0 .. $COUNT - 1) {
        my $answer = $crowd->answer($n);
        my $status = $answer ? $answer->status : 'none';
        push @{$status{$status}}, $n;
        push @bad, $answer->body if $status eq '503'
            && ($answer->json->{error}[0] ne $BROKEN
                || !$answer->header('Retry-After'));
    }
    my @good = @{$status{200} // []};
    is_deeply(\@bad, [], "$what: refused with the reason");
    is(@good + @{$status{503} // []}, $COUNT, 'everybody has an answer')
        or diag(join ', ', map { "$_: " . @{$status{$_}} } sort keys %status);
    is_deeply({work()}, {map { $_ => color($_) } @good},
        'each job has its own picture, small');
    return @{$status{503} // []};
}


# Tries again where a whole crowd was converted before anything was killed: how
# many were refused
sub until_refused {
    my ($do) = @_;
    for (1 .. 5) {
        my $refused = $do->();
        return $refused if $refused;
    }
    return 0;
}


sub killed_in_between {
    my $crowd = $srv->crowd($COUNT, \&submission);
    my $killed = 0;
    for my $answers (10, 50, 90, 130) {
        cmp_ok($crowd->wait_for($answers, 60), '>=', $answers,
            "$answers are through");
        ok(wait_until(sub { $daemon->workers }), 'there are workers');
        $killed += kill_workers();
    }
    is($crowd->wait_for($COUNT, 60), $COUNT, 'then all');
    my @refused = outcome($crowd, 'killed in between');
    cmp_ok(scalar @refused, '<=', $killed, 'one for each worker at most');
    $crowd->close;
    converts_again('after workers were killed');
    return scalar @refused;
}


sub workers_killed {
    cmp_ok(until_refused(\&killed_in_between), '>', 0, 'and one at least');
    ok(wait_until(sub { $daemon->workers == $WORKERS }), 'as many workers');
    is(scalar(grep { $dead{$_} } $daemon->workers), 0, 'new ones');
    return;
}


# A worker that dies at rest costs nobody anything, nor does its dying often
sub one_by_one {
    for my $round (1 .. 6) {
        my ($pid) = kill_workers();
        ok(wait_until(sub { !AimeMedia::alive($pid) }), 'killed at rest');
        is_deeply([converted($round)], [200, color($round)],
            'the request waits for the next one');
    }
    return;
}


sub start_again {
    $daemon = AimeMedia->start(workers => $WORKERS, deaths => 1,
        socket => $socket);
    return;
}


sub orphaned {
    start_again() if !$daemon->{pid};
    ok(wait_until(sub { $daemon->workers == $WORKERS }), 'all workers are there');
    my $crowd = $srv->crowd($COUNT, \&submission);
    $crowd->wait_for(20, 60);
    my @orphans = $daemon->kill;
    is(scalar @orphans, $WORKERS, 'a supervisor is killed');
    ok(wait_until(sub { !grep { AimeMedia::alive($_) } @orphans }),
        'its workers end, too');
    is($crowd->wait_for($COUNT, 60), $COUNT, 'all clients have an answer');
    my @statuses = map { $_->status } $crowd->answers;
    is(scalar(grep { $_ != 200 && $_ != 503 } @statuses), 0, '200 or 503');
    my @texts = map { $_->json->{error}[0] } grep { $_->status == 503 }
        $crowd->answers;
    is(scalar(grep { $_ ne $ABSENT && $_ ne $BROKEN } @texts), 0,
        'with the reason');
    my %seen = work();
    my @wrong = grep { $seen{$_} ne color($_) } keys %seen;
    is_deeply(\@wrong, [], 'the others have their own pictures');
    $crowd->close;
    return scalar @texts;
}


sub daemon_killed {
    cmp_ok(until_refused(\&orphaned), '>', 0, 'some of them 503');
    my $answer = $srv->request(submission(1));
    is($answer->status, 503, 'nobody is there');
    is($answer->json->{error}[0], $ABSENT, 'and it says so');
    is($srv->post('/m', {key => $CLIENT_KEY, n => 5, wait_for_result => \0})
        ->status, 200, 'what has no media goes on');
    work();

    ok(-S $socket, 'its socket is still there');
    start_again();
    converts_again('after a new start');

    # and the other way round: at once, the old one's workers at their end
    $daemon->kill;
    start_again();
    converts_again('after a quick one');
    return;
}
