# Session variables: what a worker sets, it is given again with the next job of
# the same browser.  Guards against values of one browser that reach another,
# against an id that somebody else may choose, and against numbers that come
# back changed.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(false true);
use Test::More;
use AimeTest;

my $VARS = <<'TOML';
[SESSION.VARS]
counter = { type = "integer", default = 0 }
ratio = { type = "float", default = 2.0 }
list = { type = "json", default = [1, {a = 1.50}, "\"ä\""] }
note = { type = "string" }
shown = { type = "string" }
TOML

my %chat = (outputs => "text = {}\nshown = {}", other => $VARS,
    inputs => "prompt = {}\nnote = {}\nratio = { type = \"float\", "
        . 'default = 9.0 }');
my $srv = start_nginx(min_procs => 2, endpoints => {echo => {}, chat => \%chat,
    other => {job_type => 'chat', other => $VARS}});
my %conns = $srv->conn_to_each;
my @conns = values %conns;
my $worker = $srv->worker(job_type => 'chat', conn => $conns[0])->login;
my $UUID = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

defaults();
stored();
cookie();
strangers();
endpoints();
inputs();
by_progress();
repeated();
dropped();
reload();
tls();
done_testing();


# A browser of the last process, while the worker reports to the first one
sub browser {
    my (%opt) = @_;
    return $srv->client(endpoint => 'chat', browser => 1, conn => $conns[-1],
        %opt);
}

# A job of that client whose result has these members: what the worker got,
# what it got as text, and the client's answer
sub round {
    my ($client, $outputs, $inputs) = @_;
    my $waiting = $client->park({prompt => 'p', %{$inputs // {}}});
    my $answer = $worker->request_job;
    my ($job) = AimeParty::Worker::jobs_of($answer) or die "no job\n";
    $worker->result($job->{job_id}, {text => 't', %{$outputs // {}}});
    return ($job, $answer->body, $client->keep($waiting->read_response));
}

# The variables that the next job of a client gets
sub vars {
    my ($job) = round(@_);
    return { map { $_ => $job->{$_} } grep { exists $job->{$_} }
        qw(counter note) };
}

sub id { return ($_[0]{cookie} // '') =~ /^session=(.*)/ ? $1 : '' }


sub defaults {
    my ($job, $text, $answer) = round(browser());
    like($text, qr/"counter":0,/, 'an integer stays one');
    like($text, qr/"ratio":2\.0,/, 'a float as well');
    is_deeply($job->{list}, [1, {a => 1.5}, "\"\x{e4}\""], 'any JSON value');
    ok(!exists $job->{note}, 'one without a default is left out');
    ok(!grep({ exists $answer->json->{$_} } qw(counter list note)),
        'variables are no outputs');
    return;
}


sub stored {
    my $client = browser();
    my @raw = ('9007199254740993', '1.50', '"\u00e4\n"', '{ "a" : [1e2] }');
    my $waiting = $client->park({prompt => 'p'});
    my ($job) = $worker->jobs;
    $worker->call(POST => '/worker_job_result', qq({"job_id": "$job->{job_id}",
        "auth": "$worker->{name}", "auth_key": "$WORKER_KEY",
        "job_type": "chat", "counter": $raw[0], "ratio": $raw[1],
        "note": $raw[2], "list": $raw[3], "shown": "s", "more": 1}));
    my $answer = $client->keep($waiting->read_response);
    is($answer->json->{shown}, 's', 'what is an output, too, is one');
    my $text = (round($client, {counter => 7}))[1];
    like($text, qr/\Q"$_->[0]":$_->[1]\E/, "$_->[0] as the worker wrote it")
        for ['counter', $raw[0]], ['ratio', $raw[1]], ['note', $raw[2]],
        ['list', $raw[3]];
    unlike($text, qr/"more"/, 'nothing else of the result');
    my $now = (round($client, {counter => undef}))[0];
    is($now->{counter}, 7, 'a result replaces what it has');
    is($now->{note}, "\x{e4}\n", 'and leaves the others');
    $now = (round($client))[0];
    ok(exists $now->{counter} && !defined $now->{counter},
        'null is a value');
    return;
}


sub cookie {
    my $client = browser();
    my $answer = (round($client))[2];
    like($answer->header('Set-Cookie'), 
        qr/^session=$UUID; HttpOnly; SameSite=Lax; Path=\/; Max-Age=86400$/,
        'the cookie');
    my $first = id($client);
    $answer = (round($client))[2];
    like($answer->header('Set-Cookie'), qr/^session=$first; .*Max-Age=86400$/,
        'is the same again, and lives longer');
    $answer = browser()->submit({prompt => 'p'}, wait_for_result => false);
    like($answer->header('Set-Cookie'), qr/^session=$UUID; /,
        'for who does not wait');
    $worker->jobs;
    $answer = $conns[0]->request(GET => "/chat?key=$CLIENT_KEY&prompt=p&"
        . 'wait_for_result=false');
    like($answer->header('Set-Cookie'), qr/^session=$UUID; /, 'by GET');
    $worker->jobs;
    my $echo = browser(endpoint => 'echo');
    is($_->header('Set-Cookie'), undef, 'none elsewhere') for
        $echo->submit({prompt => 'p'}, wait_for_result => false),
        browser()->submit({prompt => 'p', more => 1}),
        browser(key => 'wrong')->submit({prompt => 'p'}),
        $conns[0]->request(GET => '/api/endpoints'),
        $conns[0]->request(GET => '/chat/login');
    return;
}


# Nobody gets another's session, nor one with an id that he chose
sub strangers {
    my ($one, $two) = (browser(), browser());
    round($one, {counter => 11});
    round($two, {counter => 22});
    isnt(id($one), id($two), 'two browsers have two sessions');
    is_deeply(vars($one), {counter => 11}, 'with what is the first one\'s');
    is_deeply(vars($two), {counter => 22}, 'and the second one\'s');
    my $known = id($one);
    my $other = '00000000-0000-4000-8000-000000000000';
    for my $cookie ("session=$other", 'session=00000000000000000000000000000',
        'session=', 'session', "xsession=$known", "session=$known ; x"
        =~ s/$known/${known}0/r, "Session=$known", "session=\"$known\"",
        "session=" . substr($known, 1) . ($known =~ /0$/ ? '1' : '0'))
    {
        my $client = browser(cookie => $cookie);
        is_deeply(vars($client), {counter => 0}, "unknown: $cookie");
        like(id($client), qr/^$UUID$/, 'a session');
        ok(index($cookie, id($client)) < 0, 'with an id of its own');
    }
    for my $cookies ("a=b; session=x; session=$known; c=d",
        "session=$other;session=$known", " session=$known ",
        ('; ' x 50) . "session=$known", "session=" . uc $known)
    {
        my $client = browser(cookie => $cookies);
        is_deeply(vars($client), {counter => 11}, "known: $cookies");
        is(id($client), $known, 'by its id');
    }
    return;
}


sub endpoints {
    my $client = browser();
    round($client, {counter => 1, note => 'chat'});
    $client->{endpoint} = 'other';
    is_deeply(vars($client, {counter => 2}), {counter => 0},
        'an endpoint has variables of its own');
    is_deeply(vars($client), {counter => 2}, 'also of that session');
    $client->{endpoint} = 'chat';
    is_deeply(vars($client), {counter => 1, note => 'chat'}, 'both stay');
    return;
}


# Inputs that have the name of a variable
sub inputs {
    my $client = browser();
    my ($job, $text) = round($client, undef, {note => 'mine', ratio => 5});
    is($job->{note}, 'mine', 'what the client gives counts');
    like($text, qr/"ratio":5\.0/, 'also against a default');
    is(() = $text =~ /"(?:ratio|note)":[^{]/g, 2, 'there once');
    ($job, $text) = round($client, {note => 'stored', ratio => 3});
    like($text, qr/"ratio":2\.0/, 'a variable\'s default before an input\'s');
    ($job, $text) = round($client);
    is($job->{note}, 'stored', 'what is stored, where the client gives none');
    is($job->{ratio}, 3, 'and before an input\'s default');
    is(() = $text =~ /"ratio":[^{]/g, 1, 'once, too');
    my $answer = $client->submit({prompt => 'p', counter => 1});
    is($answer->status, 400, 'what is no input cannot be given');
    return;
}


# Who takes no cookie when it submits gets one with the result
sub by_progress {
    my $client = browser();
    my $id = $client->job({prompt => 'p'});
    my $first = id($client);
    is(($worker->jobs)[0]{job_id}, $id, 'a job');
    my $bare = browser();
    my $answer = $bare->progress($id);
    is($answer->header('Set-Cookie'), undef, 'no cookie while it runs');
    $worker->result($id, {counter => 41});
    is_deeply(vars($client), {counter => 41},
        'variables are stored though nobody fetched the result');
    $answer = $bare->progress($id);
    is($answer->json->{job_state}, 'done', 'done');
    like(id($bare), qr/^$UUID$/, 'with a cookie');
    isnt(id($bare), $first, 'of a session of its own');
    is_deeply(vars($bare, {counter => 42}), {counter => 41}, 'a copy');
    is_deeply(vars($client), {counter => 41}, 'which is apart from then on');
    is_deeply(vars($bare), {counter => 42}, 'on either side');
    $client->progress($id);
    is(id($client), $first, 'who has the session is told the same');
    $answer = $bare->progress($id);
    is($answer->header('Set-Cookie'), undef, 'who has another one is not');
    $answer = $srv->client(endpoint => 'echo')->progress($id);
    is($answer->header('Set-Cookie'), undef, 'nor who may not see the job');
    return;
}


# The same request again, with an Idempotency-Key
sub repeated {
    my %headers = ('Idempotency-Key' => 'again');
    my $client = browser(headers => \%headers);
    my $id = $client->job({prompt => 'p'});
    my $first = id($client);
    is($client->job({prompt => 'p'}), $id, 'a request that is repeated');
    is(id($client), $first, 'has its session');
    my $bare = browser(headers => \%headers);
    is($bare->job({prompt => 'p'}), $id, 'also without the cookie');
    my $waiting = browser(headers => \%headers)->park({prompt => 'p'});
    is(($worker->jobs)[0]{job_id}, $id, 'it is done');
    $worker->result($id, {counter => 5});
    like($waiting->read_response->header('Set-Cookie'), qr/^session=$UUID; /,
        'for who waits');
    is($client->job({prompt => 'p'}), $id,
        'variables are no inputs: it is the same request later');
    delete $client->{headers};
    is_deeply(vars($client), {counter => 5}, 'stored once');
    return;
}


# Results that do not count
sub dropped {
    my $client = browser();
    round($client, {counter => 1});
    my $id = $client->job({prompt => 'p'});
    $worker->jobs;
    $client->cancel($id);
    is($worker->result($id, {counter => 2})->json->{cmd}, 'ok', 'canceled');
    is_deeply(vars($client), {counter => 1}, 'of a canceled job');
    $id = $client->job({prompt => 'p'});
    $worker->jobs;
    $worker->result($id, {counter => 3});
    is($worker->result($id, {counter => 4})->json->{cmd}, 'warning', 'again');
    is_deeply(vars($client), {counter => 3}, 'the second one of a job');
    $id = $client->job({prompt => 'p'});
    $worker->jobs;
    my $thief = $srv->worker(job_type => 'chat', name => 'thief')->login;
    is($thief->result($id, {counter => 5})->json->{cmd}, 'warning', 'other');
    $worker->result($id, {error => 'x'});
    is_deeply(vars($client), {counter => 3}, 'of a worker without the job');
    return;
}


# The session stays; variables are what the file has now
sub reload {
    my $client = browser(conn => undef);
    $worker->{conn} = undef;
    round($client, {counter => 6, note => 'old'});
    my $id = $client->job({prompt => 'p'});
    $worker->jobs;
    $srv->write_files(endpoints => {chat => {%chat, inputs => 'prompt = {}',
        other => "[SESSION.VARS]\ncounter = {default = 8}\nnew = {}"}});
    ok($srv->reload, 'a reload');
    my ($job) = round($client, {new => 1});
    is($job->{counter}, 6, 'values stay');
    ok(!exists $job->{note}, 'but for those of variables that are gone');
    $worker->result($id, {counter => 9, note => 'new'});
    $srv->write_files(endpoints => {chat => \%chat});
    ok($srv->reload, 'and back');
    is_deeply(vars($client), {counter => 9}, 'what was gone is forgotten');
    is_deeply(vars(browser(conn => undef)), {counter => 0}, 'defaults');
    return;
}


# The cookie of an encrypted connection is for encrypted ones only
sub tls {
    SKIP: {
        skip('no openssl or no curl', 1)
            if grep { system("command -v $_ >/dev/null") } qw(openssl curl);
        my $new = start_nginx(start => 0, endpoints => {chat => \%chat});
        my $files = $new->dir . '/conf/tls';
        system("openssl req -x509 -newkey rsa:2048 -nodes -keyout $files.key "
            . "-out $files.crt -days 1 -subj /CN=localhost 2>/dev/null") == 0
            or skip('openssl makes no certificate', 1);
        my $port = AimeNginx::free_port();
        $new->write_files(server => "listen 127.0.0.1:$port ssl;\n"
            . "ssl_certificate $files.crt;\nssl_certificate_key $files.key;");
        $new->start;
        my $answer = `curl -sik https://127.0.0.1:$port/chat -d '{"key":
            "$CLIENT_KEY", "prompt": "p", "wait_for_result": false}'`;
        like($answer, qr/^Set-Cookie:\ session=$UUID;\ .*;\ Secure\r$/mx,
            'secure');
        $new->stop;
    }
    return;
}
