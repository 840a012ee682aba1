# Who may administer: every route, one by one, without credentials, with wrong
# ones, with those of a client, and while there is no password; and what a page
# of another origin can have a browser send, which is refused before anything
# happens.  Guards against one route that was forgotten.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;
use AimeAdmin;

my %GET = map { $_ => 1 } '', qw(events failures jobs job workers endpoints sessions);
my @POST = qw(jobs/cancel jobs/requeue jobs/priority workers/enable
    workers/disable workers/drain endpoints/enable endpoints/disable
    sessions/logout counters/reset);

my $srv = start_nginx(server_toml => admin_toml(), server => <<"CONF");
$ADMIN
location /any/ {
    aime_api_admin;
    satisfy any;
    allow 127.0.0.1;
    deny all;
}
location /both/ {
    aime_api_admin;
    deny all;
}
CONF

my $client = $srv->client;
my $worker = $srv->worker->login;
my $running = $worker->running($client);
my $queued = $client->job({prompt => 'x'});
my $session = $client->login->json->{client_session_auth_key};
my $before = state();

every_route();
other_origins();
satisfy();
untouched();
no_password();
mistakes();
done_testing();


# What an action could change
sub state {
    my ($job) = grep { $_->{job_id} eq $queued }
        @{admin_get($srv, 'jobs')->json->{jobs}};
    my ($known) = @{admin_get($srv, 'workers')->json->{workers}};
    return join ' ', $job->{job_state}, $job->{priority}, $known->{state},
        admin_get($srv, 'sessions')->json->{total},
        map { "$_->{name} $_->{enabled}" }
        @{admin_get($srv, 'endpoints')->json->{endpoints}};
}


# A body with which each of them would do something
sub body_for {
    my ($route) = @_;
    return {job_id => $route eq 'jobs/requeue' ? $running : $queued,
        priority => 3, name => $route =~ /^workers/ ? $worker->{name} : 'echo',
        job_type => 'echo', user => 'tester'};
}


sub every_route {
    my %bad = (nobody => {}, 'another password' => {basic('operator', 'x')},
        'no password' => {basic('operator', '')},
        'another name' => {basic('admin', $PASSWORD)},
        'a client' => {basic('tester', $CLIENT_KEY)},
        'a bearer' => {Authorization => "Bearer $PASSWORD"});
    my %text = (Authorization => 'Basic %%%');
    for my $route ((sort keys %GET), @POST, 'nothing', 'jobs/nothing') {
        for my $who (sort keys %bad) {
            for my $method ($GET{$route} ? 'GET' : 'POST', 'HEAD', 'OPTIONS') {
                my $answer = $srv->request($method => "/admin/$route",
                    $method eq 'POST' ? body_for($route) : undef,
                    %{$bad{$who}});
                is($answer->status, 401, "$method /admin/$route, $who");
                next if $method ne 'GET' && $method ne 'POST';
                like($answer->header('WWW-Authenticate'), qr/^Basic realm="/,
                    'it asks for them');
                is($answer->json->{success}, Mojo::JSON::false(), 'JSON');
            }
        }
        my $answer = $srv->request(GET => "/admin/$route", undef, %text);
        is($answer->status, 401, "/admin/$route, nonsense");
    }
    my $answer = $srv->get('/admin/jobs', undef, basic('operator', $PASSWORD));
    is($answer->status, 200, 'and with the right ones');
    is($answer->header('Access-Control-Allow-Origin'), undef,
        'not for other origins');
    is($answer->header('Cache-Control'), 'no-store', 'nothing to keep');
    is(admin_get($srv, '')->json->{user}, 'operator', 'who I am');
    is(admin_get($srv, 'nothing')->status, 404, 'an unknown route');
    return;
}


# With the administrator's own credentials, as his browser would add them
sub other_origins {
    my $json = 'application/json';
    my $host = 'localhost';
    my @no = (
        ['a form', 415, 'Content-Type' => 'application/x-www-form-urlencoded'],
        ['a form of text', 415, 'Content-Type' => 'text/plain'],
        ['a form of parts', 415,
            'Content-Type' => 'multipart/form-data; boundary=x'],
        ['no type', 415, 'Content-Type' => ''],
        ['nearly JSON', 415, 'Content-Type' => 'application/jsonp'],
        ['another type first', 415,
            'Content-Type' => 'text/plain; application/json'],
        ['another origin', 403, Origin => 'https://evil.example'],
        ['an origin that begins alike', 403,
            Origin => "http://$host.evil.example"],
        ['an origin that ends alike', 403, Origin => "http://evil$host"],
        ['another port', 403, Origin => "http://$host:81"],
        ['a sandbox', 403, Origin => 'null'],
        ['an empty origin', 403, Origin => ''],
        ['a cross-site fetch', 403, 'Sec-Fetch-Site' => 'cross-site'],
        ['one of the same site', 403, 'Sec-Fetch-Site' => 'same-site']);
    for my $route (@POST) {
        for (@no) {
            my ($what, $status, %headers) = @$_;
            my $answer = admin_post($srv, $route, body_for($route),
                'Content-Type' => $json, %headers);
            is($answer->status, $status, "POST $route: $what");
        }
        my $get = admin_get($srv, "$route?job_id=$queued&name=echo");
        is($get->status, 405, "GET $route");
        is($get->header('Allow'), 'POST', 'Allow');
        my $preflight = $srv->request(OPTIONS => "/admin/$route", undef,
            basic('operator', $PASSWORD), Origin => 'https://evil.example',
            'Access-Control-Request-Method' => 'POST');
        is($preflight->status, 405, 'no preflight');
        is($preflight->header('Access-Control-Allow-Methods'), undef,
            'allows anything');
    }
    is(state(), $before, 'nothing has happened');
    for ({Origin => "http://$host"}, {Origin => "https://$host"},
        {'Sec-Fetch-Site' => 'same-origin', Origin => "http://$host"},
        {'Sec-Fetch-Site' => 'none'}) {
        my $answer = admin_post($srv, 'workers/enable',
            body_for('workers/enable'), 'Content-Type' => "$json; charset=x",
            %$_);
        is($answer->status, 200, 'the own page may');
    }
    return;
}


sub satisfy {
    is($srv->get('/any/jobs')->status, 200, 'let in by its address');
    is($srv->get('/any/jobs')->header('WWW-Authenticate'), undef,
        'without being asked');
    is($srv->get('/both/jobs', undef, basic('operator', $PASSWORD))->status,
        403, 'its address is refused');
    like($srv->get('/both/jobs')->status, qr/^40[13]$/, 'in any case');
    return;
}


sub untouched {
    is(state(), $before, 'after all that, nothing has happened');
    my $log = $srv->log;
    unlike($log, qr/\Q$PASSWORD\E/, 'no password in the log');
    like($log, qr/wrong name or password of an administrator/, 'but attempts');
    return;
}


sub no_password {
    for my $toml (server_toml(), server_toml(other =>
            "[ADMIN]\nuser = \"operator\"\npassword = \"\"\n"),
        server_toml(other => "[ADMIN]\nuser = \"operator\"\n")) {
        $srv->write_files(server_toml => $toml);
        ok($srv->reload, 'a reload');
        for my $route ((sort keys %GET), @POST) {
            my $method = $GET{$route} ? 'GET' : 'POST';
            for ({}, {basic('operator', '')}, {basic('admin', '')},
                {basic('operator', $PASSWORD)}) {
                my $answer = $srv->request($method => "/admin/$route",
                    $method eq 'POST' ? body_for($route) : undef, %$_);
                is($answer->status, 403, "$method $route: disabled");
            }
        }
        is($srv->get('/any/jobs')->status, 403, 'for everybody');
    }
    $srv->write_files(server_toml => admin_toml());
    ok($srv->reload, 'a reload');
    is(state(), $before, 'and still nothing has happened');
    return;
}


sub mistakes {
    my $bad = start_nginx(start => 0, allow => [qr{\[emerg\]}]);
    for (["[ADMIN]\npassword = 12345\n", '',
            qr/server\.toml":\d+: ADMIN\.password must be a string/],
        ["[ADMIN]\nuser = []\n", '', qr/ADMIN\.user must be a string/],
        ['', 'location ~ ^/a { aime_api_admin; }',
            qr/not allowed in a location given by a regular/],
        ['', 'location /a { aime_api_admin; aime_api_status; }',
            qr/conflicts/]) {
        my ($other, $conf, $want) = @$_;
        $bad->write_files(server_toml => server_toml(other => $other),
            server => $conf);
        my ($status, $said) = $bad->check_conf;
        isnt($status, 0, 'refused');
        like($said, $want, 'and says why');
    }
    return;
}
