# Which methods a route takes: what the endpoint's file says for submitting, GET
# and POST always for login and progress (client libraries use GET for both).
# Guards against a HEAD that submits a job, and a 405 that does not say what is
# allowed.

use strict;
use warnings;

use lib 't/lib';
use Mojo::JSON qw(true false);
use Test::More;
use AimeTest;

my $srv = start_nginx(endpoints => {echo => {},
    getter => {endpoint => 'methods = ["GET"]'},
    poster => {endpoint => 'methods = ["POST"]'}});

methods();
done_testing();


# That request gives that status and exactly this JSON
sub gives {
    my ($status, $errors, @request) = @_;
    my $answer = $srv->request(@request);
    my $what = "$request[0] $request[1]";
    is($answer->status, $status, "$what: $status") or diag $answer->body;
    is($answer->header('Content-Type'), 'application/json', 'JSON');
    is_deeply($answer->json, {success => false, error => $errors,
        ep_version => 1}, "$what: exactly");
    return $answer;
}


sub methods {
    my $errors = ['This method is not allowed here'];
    my %allow = (echo => 'GET, POST', getter => 'GET', poster => 'POST');
    for my $endpoint (sort keys %allow) {
        for my $method (qw(GET POST PUT DELETE PATCH)) {
            next if $allow{$endpoint} =~ /$method/;
            my $answer = gives(405, $errors, $method => "/$endpoint");
            is($answer->header('Allow'), $allow{$endpoint}, 'Allow');
        }
        my $head = $srv->request(HEAD => "/$endpoint?key=$CLIENT_KEY&prompt=p");
        is($head->status, 405, "HEAD /$endpoint");
        is($head->body, '', 'without a body');
    }
    for my $route (qw(login progress)) {
        my $answer = gives(405, $errors, PUT => "/poster/$route", '{}');
        is($answer->header('Allow'), 'GET, POST', 'GET and POST always');
    }
    is($srv->get("/poster/login?key=$CLIENT_KEY")->json->{success}, true,
        'whatever the file says');
    is(gives(405, $errors, GET => '/echo/cancel')->header('Allow'), 'POST',
        'cancel');
    my $id = $srv->client->job({prompt => 'p'});
    my $head = $srv->request(HEAD => "/echo/progress?key=$CLIENT_KEY"
        . "&job_id=$id");
    is($head->status . $head->body, '200', 'HEAD is GET without a body');
    ok($head->header('Content-Length') > 100, 'with its length');
    return;
}
