# Who may log in, and what a session is then good for.  Guards against a login
# that opens more than its key does: a session of an open endpoint must not
# enter one with keys, nor one key's session another key's endpoint; and a wrong
# key must not be rescued by something else that is right.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $srv = start_nginx(endpoints => {
    echo => {},
    named => {clients => 'authentication = "User"'},
    mine => {clients => 'authorization_keys = {me = "my-key"}'},
    open => {clients => 'authorization = "None"'},
    open2 => {clients => 'authentication = "None"'},
    closed => {clients => 'authorization_keys = {}'},
    text => {endpoint => 'methods = ["POST"]'}});
my $uuid = qr/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

keys_and_users();
absent();
bearer();
sessions();
rescue();
done_testing();


sub login {
    my ($endpoint, $query, $method, @more) = @_;
    my $answer = $srv->request($method // 'GET',
        "/$endpoint/login" . ($query && "?$query"), @more);
    is($answer->status, 200, "login on $endpoint?$query: 200");
    is($answer->header('Content-Type'), 'application/json', 'JSON');
    return $answer->json;
}

sub accepted {
    my ($endpoint, @request) = @_;
    my $json = login($endpoint, @request);
    ok($json->{success}, 'success');
    like($json->{client_session_auth_key}, $uuid, 'a session');
    is($json->{ep_version}, 1, 'ep_version');
    return $json;
}

sub refused {
    my ($endpoint, @request) = @_;
    my $json = login($endpoint, @request);
    ok(!$json->{success}, 'no success');
    is($json->{error}, 'Key not valid', 'a single text as error');
    ok(!defined $json->{client_session_auth_key}, 'no session');
    return;
}

# The status of a job on that endpoint with these members and headers
sub status_of {
    my ($endpoint, $members, @headers) = @_;
    return $srv->post("/$endpoint", {prompt => 'p',
        wait_for_result => Mojo::JSON::false(), %$members}, @headers)->status;
}


sub keys_and_users {
    my $json = accepted('echo', "user=tester&key=$CLIENT_KEY&version=JS%201");
    is($json->{user}, 'tester', 'the user as sent');
    is($json->{key}, $CLIENT_KEY, 'the key as sent');
    accepted('echo', "user=someone&key=$CLIENT_KEY");
    accepted('echo', "key=$CLIENT_KEY");
    accepted('echo', "key=$CLIENT_KEY", 'POST');
    accepted('echo', "key=$CLIENT_KEY", POST => 'false');
    accepted('text', "key=$CLIENT_KEY");
    accepted('echo', 'key=' . $CLIENT_KEY =~ s/-/%2D/gr);
    refused('echo', 'user=tester&key=wrong');
    refused('echo', "key=$CLIENT_KEY&x=1" =~ s/&/x&/r);
    refused('echo', 'key=' . uc $CLIENT_KEY);
    refused('echo', 'user=tester');
    refused('echo', '');
    refused('mine', "key=$CLIENT_KEY");
    refused('closed', "key=$CLIENT_KEY");
    refused('closed', '');

    accepted('named', "user=tester&key=$CLIENT_KEY");
    refused('named', "user=second&key=$CLIENT_KEY");
    refused('named', "user=Tester&key=$CLIENT_KEY");
    refused('named', "key=$CLIENT_KEY");
    refused('named', "user=&key=$CLIENT_KEY");

    for my $endpoint (qw(open open2)) {
        accepted($endpoint, '');
        accepted($endpoint, 'user=any&key=any');
    }
    is($srv->get("/echo/login/?key=$CLIENT_KEY")->json->{success}, 1,
        'a trailing slash');
    return;
}


sub absent {
    my $header = [Authorization => "Bearer $CLIENT_KEY"];
    for my $none ('', 'null', 'undefined', 'None') {
        accepted('echo', "key=$none", GET => undef, @$header);
        refused('echo', "key=$none");
    }
    refused('echo', 'key=Null', GET => undef, @$header);
    return;
}


sub bearer {
    is(status_of('echo', {}, Authorization => "Bearer $CLIENT_KEY"), 200,
        'Authorization: Bearer');
    is(status_of('echo', {}, Authorization => "bearer $CLIENT_KEY"), 200,
        'in small letters');
    is(status_of('echo', {}, Authorization => "Basic $CLIENT_KEY"), 401,
        'another scheme is no key');
    is(status_of('echo', {key => undef}, Authorization => "Bearer $CLIENT_KEY"),
        200, 'a key that is null does not count');
    is(status_of('echo', {key => ''}, Authorization => "Bearer $CLIENT_KEY"),
        200, 'nor one that is empty');
    return;
}


sub sessions {
    my $key = 'client_session_auth_key';
    my $session = accepted('echo', "key=$CLIENT_KEY")->{$key};
    isnt(accepted('echo', "key=$CLIENT_KEY")->{$key}, $session,
        'each login has its own');
    my @cases = ($session, {echo => 200, named => 200, open => 200,
        mine => 403, closed => 403});
    push @cases, accepted('mine', 'key=my-key')->{$key},
        {mine => 200, echo => 403, open => 200};
    push @cases, accepted('open', '')->{$key}, {open => 200, open2 => 200,
        echo => 403, mine => 403, closed => 403};
    push @cases, accepted('open', "key=$CLIENT_KEY")->{$key},
        {open => 200, echo => 200, mine => 403};
    push @cases, $session =~ tr/0-9a-f/1-9a-f0/r, {echo => 401, open => 401};
    push @cases, 'none', {echo => 401};
    while (my ($with, $want) = splice @cases, 0, 2) {
        is(status_of($_, {$key => $with}), $want->{$_}, "a session on $_")
            for sort keys %$want;
    }
    return;
}


sub rescue {
    my $key = 'client_session_auth_key';
    my $session = accepted('echo', "key=$CLIENT_KEY")->{$key};
    my @bearer = (Authorization => "Bearer $CLIENT_KEY");
    is(status_of('echo', {key => 'wrong', $key => $session}, @bearer), 401,
        'a wrong key comes first');
    is(status_of('echo', {key => 'my-key', $key => $session}, @bearer), 403,
        'and so does one of another endpoint');
    is(status_of('echo', {$key => $session}, Authorization => 'Bearer wrong'),
        401, 'then a wrong bearer');
    refused('echo', 'key=wrong', GET => undef, @bearer);
    refused('echo', "$key=$session");
    return;
}
