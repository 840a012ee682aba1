# What nginx makes of media daemons that misbehave: each case has a daemon of
# its own, a few lines that speak the messages of aime_media.h.  Guards against
# requests that hang, descriptors and queue places that leak, and against an
# answer of a daemon that breaks the JSON it is put into.

use strict;
use warnings;

use lib 't/lib';
use IO::Socket::UNIX;
use Mojo::JSON qw(decode_json true);
use Socket qw(SOCK_STREAM SOMAXCONN);
use Test::More;
use AimeTest;

my $GREETING = "AIMEMD1\n";
my ($UNCHANGED, $CONVERTED, $REFUSED, $FAILED) = 0 .. 3;
my $BODY = 'R0lGODlhAQABAAAA';
my $GIF = "data:image/gif;base64,$BODY";
my $PNG = 'data:image/png;base64,iVBORw0KGgoAAAAN';
my $ABSENT = 'Media cannot be processed at the moment, try again later';
my $BROKEN = 'Media could not be processed, try again later';
my $BUSY = 'Too many media are being processed at the moment, try again later';

# name => what the daemon does with a connection
my %does = (
    unchanged => sub { greet($_[0]); ask($_[0]); answer($_[0], $UNCHANGED) },
    converts => sub { greet($_[0]); ask($_[0]);
        answer($_[0], $CONVERTED, qq{"$PNG"}) },
    echoes => sub { greet($_[0]); my ($ask) = ask($_[0]);
        answer($_[0], $REFUSED, "was asked $ask") },
    refuses => sub { greet($_[0]); ask($_[0]);
        answer($_[0], $REFUSED, "has one fault\n\nhas \"two\" faults\n") },
    dribbles => sub { my ($c) = @_; dribble($c, $GREETING); ask($c);
        dribble($c, pack('LLQ', 0x444d4941, $CONVERTED, 2 + length $PNG)
            . qq{"$PNG"}) },
    fails => sub { greet($_[0]); ask($_[0]);
        answer($_[0], $FAILED, "no\nforged: \e[2J line\x7f") },
    closes => sub { },
    greets_wrongly => sub { syswrite $_[0], "AIMEMD9\n" },
    leaves_early => sub { greet($_[0]) },
    leaves => sub { greet($_[0]); ask($_[0]) },
    leaves_halfway => sub { greet($_[0]); ask($_[0]);
        syswrite $_[0], pack('LLQ', 0x444d4941, $CONVERTED, 1000) . '"data' },
    no_magic => sub { greet($_[0]); ask($_[0]);
        syswrite $_[0], pack('LLQ', 1, $UNCHANGED, 0) },
    no_status => sub { greet($_[0]); ask($_[0]); answer($_[0], 9, 'x') },
    no_text => sub { greet($_[0]); ask($_[0]); answer($_[0], $REFUSED, '') },
    unchanged_text => sub { greet($_[0]); ask($_[0]);
        answer($_[0], $UNCHANGED, 'x') },
    too_long => sub { greet($_[0]); ask($_[0]);
        syswrite $_[0], pack('LLQ', 0x444d4941, $CONVERTED, 1 << 40) },
    long_refusal => sub { greet($_[0]); ask($_[0]);
        answer($_[0], $REFUSED, 'x' x 9000) },
    no_json => sub { greet($_[0]); ask($_[0]);
        answer($_[0], $CONVERTED, $PNG) },
    breaks_out => sub { greet($_[0]); ask($_[0]);
        answer($_[0], $CONVERTED,
            qq{"data:image/png\\",\\"key\\":\\";base64,AAAA"}) },
    other_kind => sub { greet($_[0]); ask($_[0]);
        answer($_[0], $CONVERTED, '"data:audio/wav;base64,AAAA"') },
    no_base64 => sub { greet($_[0]); ask($_[0]);
        answer($_[0], $CONVERTED, '"data:image/png;base64,AA","x":"A"') },
    never_greets => sub { forever($_[0]) },
    never_reads => sub { greet($_[0]); sleep 600 },
    never_answers => sub { greet($_[0]); ask($_[0]); forever($_[0]) },
    slow => sub { my ($c) = @_; greet($c); my (undef, $body) = ask($c);
        go(); answer($c, $UNCHANGED) },
);

my $dir = "/tmp/aime-media-client-$$";
mkdir $dir;
my @children = map { daemon($_) } sort keys %does;
my $self = $$;

# however it ends: prove waits for whoever has its end of the pipe
END { kill KILL => map { -$_ } @children if $self && $$ == $self }

my $timeouts = join ' ', map { "aime_api_media_${_}_timeout 300ms;" }
    qw(connect send read);
my %extra = (map({ $_ => $timeouts }
        qw(never_greets never_reads never_answers)),
    slow => 'aime_api_media_queue 2 timeout=10m;'
        . ' aime_api_media_read_timeout 10m;',
    unchanged => 'aime_api_media_max_size 1000;',
    echoes => 'aime_api_media_max_pixels 77; aime_api_media_max_duration 1m;');
my %args = (slow => ' max_conns=1');
my @locations = map { location($_, "unix:$dir/$_" . ($args{$_} // ''),
    $extra{$_}) } sort keys %does;

my $srv = start_nginx(procs => 1, allow => [qr/media daemon "unix:/,
        qr/connect\(\) to unix:/, qr/media wait for the media daemon/,
        qr/there is no "aime_api_media"/],
    endpoints => {m => {inputs => <<'TOML'}}, server => <<"CONF");
img = { type = "image", size = { maximum = 64, auto_convert = true } }
img2 = { type = "image", size = { maximum = 32 } }
n = { type = "integer" }
chat = { type = "chat_context", support = ["image"], image = { size = { maximum = 8 } } }
TOML
@locations
@{[location('absent', "unix:$dir/nothing")]}
@{[location('off', 'off')]}
@{[location('one_absent', "unix:$dir/nothing unix:$dir/converts")]}
@{[location('one_closes', "unix:$dir/closes unix:$dir/converts")]}
CONF

my $worker = $srv->worker(job_type => 'm', gen => 'B')->login;

answers();
faults();
timeouts();
addresses();
queue();
turns();
hangup();
admitted_first();
bounds();
system 'rm', '-rf', $dir;
done_testing();


sub location {
    my ($name, $address, $more) = @_;
    return "location /$name { aime_api_endpoint endpoints/m/"
        . "aime_api_endpoint.cfg; aime_api_media $address; "
        . ($more // '') . " }\n";
}


sub daemon {
    my ($name) = @_;
    my $listen = IO::Socket::UNIX->new(Type => SOCK_STREAM, Listen => SOMAXCONN,
        Local => "$dir/$name") or die "$dir/$name: $!\n";
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    setpgrp;
    $SIG{CHLD} = 'IGNORE';
    while (my $conn = $listen->accept) {
        my $child = fork;
        next if $child;
        local $SIG{PIPE} = 'IGNORE';
        $does{$name}->($conn);
        require POSIX;
        POSIX::_exit(0);
    }
    return;
}


sub greet { return syswrite $_[0], $GREETING }


# The JSON and the base64 that were sent
sub ask {
    my ($conn) = @_;
    my (undef, $ask, $body) = unpack 'LLQ', take($conn, 16);
    return (take($conn, $ask), take($conn, $body));
}


sub take {
    my ($conn, $len) = @_;
    my $text = '';
    while (length $text < $len) {
        sysread $conn, $text, $len - length $text, length $text
            or require POSIX && POSIX::_exit(0);
    }
    return $text;
}


sub answer {
    my ($conn, $status, $text) = @_;
    $text //= '';
    return syswrite $conn, pack('LLQ', 0x444d4941, $status, length $text)
        . $text;
}


sub dribble {
    my ($conn, $text) = @_;
    for my $byte (split //, $text) {
        syswrite $conn, $byte;
        select undef, undef, undef, 0.001;
    }
    return;
}


# Until the other side closes
sub forever {
    my ($conn) = @_;
    1 while sysread $conn, my $text, 100;
    spew("$dir/closed", 1);
    return;
}


# Waits for the test's word
sub go {
    spew("$dir/asked", 1);
    wait_until(sub { -e "$dir/go" }, 60);
    return;
}


sub submit {
    my ($name, %inputs) = @_;
    return $srv->post("/$name", {key => $CLIENT_KEY,
        wait_for_result => \0, %inputs});
}


# The job that a worker gets
sub job {
    my ($name, %inputs) = @_;
    my $answer = submit($name, %inputs);
    is($answer->status, 200, "$name: submitted") or diag $answer->body;
    my ($job) = $worker->jobs;
    $worker->result($job->{job_id}, {text => 'x'});
    return $job;
}


sub answers {
    is(job(unchanged => (img => $GIF))->{img}, $GIF, 'unchanged');
    is(job(converts => (img => $GIF))->{img}, $PNG, 'converted');
    is(job(dribbles => (img => $GIF))->{img}, $PNG, 'byte by byte');
    my $job = job(converts => (n => 5, img => $GIF, img2 => $GIF));
    is_deeply([@$job{qw(n img img2)}], [5, $PNG, $PNG], 'two at once');
    my @chat = map { {role => 'user', content => [{text => 'a'},
        {image => $_}, {type => 'x', image => $_}]} } $GIF, $GIF;
    $job = job(converts => (chat => \@chat, img => $GIF));
    $_->{content}[1]{image} = $_->{content}[2]{image} = $PNG for @chat;
    is_deeply($job->{chat}, \@chat, 'within a chat context');
    is($job->{img}, $PNG, 'and beside it');

    my $answer = submit(refuses => (img => $GIF, zz => 1, chat => \@chat));
    is($answer->status, 400, 'refused');
    is_deeply($answer->json->{error}, ['Unknown parameter: zz',
        map { my $place = $_; map { "Parameter $place: $_" }
            'has one fault', 'has "two" faults' }
        'img', 'chat, message 1, part 2', 'chat, message 1, part 3',
        'chat, message 2, part 2', 'chat, message 2, part 3'],
        'all the violations');

    $answer = submit(echoes => (img => $GIF));
    my ($ask) = $answer->json->{error}[0] =~ /was asked (.*)/;
    is_deeply(decode_json($ask), {kind => 'image', max_pixels => 77,
        max_duration => 60, max_size => 64 * 1024 * 1024, rules => {
            type => 'image', size => {maximum => 64, auto_convert => true}}},
        'what a daemon is asked');

    # base64 with its slashes escaped
    my $conn = $srv->conn;
    $answer = $conn->request(POST => '/echoes', qq({"key": "$CLIENT_KEY", )
        . '"img": "data:image\/gif;base64,R0lGODlhAQABAA\/\/"}');
    like($answer->body, qr/was asked/, 'escaped slashes');
    return;
}


sub unavailable {
    my ($answer, $error, $what) = @_;
    is($answer->status, 503, "$what: 503");
    is_deeply($answer->json->{error}, [$error], "$what: the text");
    is($answer->header('Retry-After'), 5, "$what: when to try again");
    return;
}


sub faults {
    unavailable(submit($_ => (img => $GIF)), $BROKEN, $_) for qw(fails leaves
        leaves_early leaves_halfway no_magic no_status no_text unchanged_text
        too_long long_refusal no_json breaks_out other_kind no_base64);
    unavailable(submit($_ => (img => $GIF)), $ABSENT, $_)
        for qw(closes greets_wrongly absent off);
    like($srv->log, qr/failed: no[?]forged: [?]\[2J line[?]/,
        'what it says is one line of the log, and no command to a terminal');
    my $answer = submit(leaves => (img => $GIF, n => 'x'));
    is_deeply($answer->json->{error},
        ['Parameter n: "x" is not an integer'], 'what is wrong for sure');
    return;
}


sub timeouts {
    unavailable(submit(never_greets => (img => $GIF)), $ABSENT, 'no greeting');
    unavailable(submit(never_answers => (img => $GIF)), $BROKEN, 'no answer');
    my $large = $BODY x 200_000;
    unavailable(submit(never_reads => (img => "data:image/gif;base64,$large")),
        $BROKEN, 'a daemon that does not read');
    return;
}


sub addresses {
    for my $name (qw(one_absent one_closes)) {
        is(job($name => (img => $GIF))->{img}, $PNG, "$name: the other")
            for 1 .. 4;
    }
    return;
}


# A request that waits; undef if it was refused at once
sub waits {
    my $conn = $srv->conn;
    $conn->send_request(POST => '/slow', {key => $CLIENT_KEY, img => $GIF,
        wait_for_result => \0});
    return $conn->readable(patience(1.5)) ? undef : $conn;
}


sub queue {

    # one is with the daemon, two wait, and there are no more places
    my @requests = map { waits() } 1 .. 3;
    is(scalar(grep { defined } @requests), 3, 'three have places');
    my $refused = submit(slow => (img => $GIF));
    unavailable($refused, $BUSY, 'a full queue');

    # one that waits gives up: its place is free
    (splice @requests, 2, 1)->close;
    ok(wait_until(sub { $requests[2] = waits() }), 'a place is free again');
    is(submit(slow => (img => $GIF))->status, 503, 'but one');
    spew("$dir/go", 1);
    is($_->read_response->status, 200, 'one after the other') for @requests;
    $worker->result($_->{job_id}, {text => 'x'})
        for map { $worker->jobs } 1 .. 3;
    unlink "$dir/go";
    return;
}


# Who waits comes before the next medium of the request that has the daemon,
# which in turn is not refused for the places that are taken
sub turns {
    my @conns = map { $srv->conn } 0 .. 3;
    my $send = sub { $conns[$_[0]]->send_request(POST => '/slow', {
        key => $CLIENT_KEY, wait_for_result => \0, n => $_[0], img => $GIF,
        $_[0] ? () : (img2 => $GIF)}) };
    unlink "$dir/asked";
    $send->(0);
    ok(wait_until(sub { -e "$dir/asked" }), 'one is with the daemon');

    # the one that is refused tells that the others have the two places
    $send->($_) for 1 .. 3;
    my $third;
    ok(wait_until(sub { ($third) = grep { $conns[$_]->readable(0) } 1 .. 3 }),
        'two wait');
    unavailable($conns[$third]->read_response, $BUSY, 'a third');
    spew("$dir/go", 1);
    is($conns[$_]->read_response->status, 200, 'served')
        for grep { $_ != $third } 0 .. 3;
    my @jobs = map { $worker->jobs } 1 .. 3;
    is($jobs[2]{n}, 0, 'the one with two media last');
    $worker->result($_->{job_id}, {text => 'x'}) for @jobs;
    unlink "$dir/go";
    return;
}


# The daemon sees that nobody waits any more
sub hangup {
    unlink "$dir/closed";
    my $conn = $srv->conn;
    $conn->send_request(POST => '/never_greets', {key => $CLIENT_KEY,
        img => $GIF});
    $conn->close;
    ok(wait_until(sub { -e "$dir/closed" }), 'a hang-up ends the conversion');
    return;
}


# A job that is refused, or is there already, is so before its media are looked
# at: the daemon here would not answer
sub admitted_first {
    my %once = ('Idempotency-Key' => 'the same');
    my $first = $srv->post('/converts', {key => $CLIENT_KEY, img => $GIF,
        wait_for_result => \0}, %once);
    my $again = $srv->post('/never_answers', {key => $CLIENT_KEY, img => $GIF,
        wait_for_result => \0}, %once);
    is($again->status, 200, 'a repeat needs no daemon');
    is($again->json->{job_id}, $first->json->{job_id}, 'and is the same job');
    $worker->result($_->{job_id}, {text => 'x'}) for $worker->jobs;
    my $answer = $srv->post('/never_answers', {key => $CLIENT_KEY,
        img => $GIF}, 'X-Priority' => 'high');
    is($answer->status, 400, 'nor does a wrong header');
    return;
}


sub bounds {
    my $answer = submit(unchanged =>
        (img => 'data:image/gif;base64,' . $BODY x 100));
    is_deeply($answer->json->{error}, ['Parameter img: has 1200 bytes, more '
        . 'than the maximum of 1000'], 'too many bytes are not sent');
    my @parts = map { {image => $GIF} } 1 .. 65;
    $answer = submit(unchanged => (chat => [{role => 'user',
        content => \@parts}]));
    is_deeply($answer->json->{error}, ['Parameter chat, message 1, part 65: '
        . 'is one medium too many for a request'], 'too many media');
    $answer = submit(unchanged => (chat => [{role => 'user',
        content => [@parts[0 .. 63]]}]));
    is($answer->status, 200, 'and not too many');
    return;
}
