# /worker_check_server_status.  Guards against an answer that one of the two
# generations takes for a server that is down: A looks at cmd and msg, B at
# logged_in, job_type_present and key_valid.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $srv = start_nginx();
my $worker = $srv->worker(name => 'B-one');
my $worker_a = $srv->worker(name => 'A-one', gen => 'A');

$worker->login;
my $poll = $worker_a->park;
wait_until(sub {
    $srv->get('/api/endpoints/echo')->json->{num_workers} == 2
});

is_deeply(status(), flags('ok', 0, 1, 1), 'as A asks: no name');
is_deeply(status(auth => 'B-one'), flags('ok', 1, 1, 1), 'B, logged in');
is_deeply(status(auth => 'A-one'), flags('ok', 1, 1, 1),
    'A, whose job request counts as a login');
is_deeply(status(auth => 'nobody'), flags('ok', 0, 1, 1), 'not logged in');
is_deeply(status(auth => 'B-one', auth_key => 'wrong'),
    flags('error', 0, 1, 0), 'wrong key, which hides who is logged in');
is_deeply(status(auth_key => undef), flags('error', 0, 1, 0), 'no key');
is_deeply(status(job_type => 'none'), flags('error', 0, 0, 0),
    'unknown job type');
is_deeply(status(job_type => undef), flags('error', 0, 0, 0), 'no job type');

like($worker->check_server_status(job_type => 'none')->json->{msg},
    qr/\bnone\b/, 'the message names the job type');
ok(!exists $worker->check_server_status->json->{msg},
    'no message if all is well');

is($srv->post('/worker_check_server_status', '{}')->status, 200,
    'an empty object');
is($srv->post('/worker_check_server_status', $_)->status, 400, "400 for <$_>")
    for '', '[]', 'x';
is($srv->get('/worker_check_server_status')->status, 405, 'no GET');
done_testing();


sub flags {
    my ($cmd, @flags) = @_;
    my %flags;
    @flags{qw(logged_in job_type_present key_valid)}
        = map { $_ ? Mojo::JSON::true() : Mojo::JSON::false() } @flags;
    return { cmd => $cmd, %flags, $cmd eq 'ok' ? () : (msg => 1) };
}


# A text is a text, whatever it says
sub status {
    my $answer = $worker->check_server_status(@_);
    is($answer->status, 200, 'status 200');
    my $json = $answer->json;
    $json->{msg} = length $json->{msg} ? 1 : 0 if exists $json->{msg};
    return $json;
}
