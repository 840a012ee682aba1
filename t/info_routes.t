# Which keys are good, and which endpoints there are.  Guards against an
# endpoint whose name hides a fixed route, against a key that shows endpoints
# which it is not good for, and against errors that are no JSON.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(true false);
use Test::More;
use AimeTest;

my $srv = start_nginx(endpoints => {
    echo => {},
    mine => {clients => 'authorization_keys = {me = "my-secret-key"}'},
    open => {clients => 'authorization = "None"'},
    endpoints => {}, validate_key => {endpoint => 'methods = ["POST"]'}});

validating();
listing();
fixed_names();
refusing();
done_testing();


# JSON of an info route; no secret is in it
sub info {
    my ($path, $method, @more) = @_;
    my $answer = $srv->request($method // 'GET', "/api/$path", @more);
    is($answer->status, 200, ($method // 'GET') . " $path");
    is($answer->header('Content-Type'), 'application/json', 'JSON');
    unlike($answer->body, qr/$CLIENT_KEY|$SECOND_KEY|$WORKER_KEY|my-secret/,
        'without secrets');
    return $answer->json;
}


sub validating {
    my %good = (success => true, error => undef);
    my %bad = (success => false, error => 'Key not valid');
    for ([GET => $CLIENT_KEY, \%good], [POST => 'my-secret-key', \%good],
        [POST => $SECOND_KEY, \%good, 'false'], [GET => 'wrong', \%bad],
        [GET => '', \%bad], [POST => $WORKER_KEY, \%bad], [GET => 'null', \%bad]
        ) {
        my ($method, $key, $want, @body) = @$_;
        is_deeply(info("validate_key?key=$key&version=JS", $method, @body),
            $want, 'the key');
    }
    is_deeply(info('validate_key'), \%bad, 'no key at all');
    return;
}


sub listing {
    my @all = sort qw(echo mine open endpoints validate_key);
    my @mine = sort qw(mine open);
    for my $method (qw(GET POST)) {
        is_deeply([sort @{info('endpoints', $method)->{endpoints}}], \@all,
            'all of them');
        is_deeply([sort @{info('endpoints?key=my-secret-key', $method)
            ->{endpoints}}], \@mine, 'those that a key is good for');
    }
    is_deeply([sort @{info("endpoints/?key=$CLIENT_KEY")->{endpoints}}],
        [grep { $_ ne 'mine' } @all], 'a slash at the end');
    is_deeply(info('endpoints?key=null'), info('endpoints'), 'null is no key');
    my $answer = $srv->get('/api/endpoints?key=wrong');
    is($answer->status, 401, 'a wrong key');
    is($answer->json->{error}, 'Key not valid', 'a single text');
    return;
}


sub fixed_names {
    ok(exists info('endpoints')->{endpoints}, 'the fixed route wins');
    is(info('endpoints/endpoints')->{name}, 'endpoints', 'both are reachable');
    is_deeply(info('endpoints/validate_key')->{http_methods}, ['POST'],
        'in full');
    return;
}


sub refusing {
    for my $path (qw(none endpoints/none echo/more endpoints/echo/more), '') {
        my $answer = $srv->get("/api/$path");
        is($answer->status, 404, "/api/$path is not found");
        ok(defined $answer->json->{error}, 'JSON');
    }
    for my $path (qw(endpoints validate_key echo)) {
        my $answer = $srv->request(DELETE => "/api/$path");
        is($answer->status, 405, "DELETE $path");
        is($answer->header('Allow'), 'GET, POST', 'Allow');
        ok(defined $answer->json->{error}, 'JSON');
        my $head = $srv->request(HEAD => "/api/$path");
        is($head->status . $head->body, '200', 'HEAD');
    }
    return;
}
