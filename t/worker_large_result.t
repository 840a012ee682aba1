# A large result is copied in slices, between which others have their turn.  It
# counts all the same when its worker goes away at once, and when the process
# is told to quit meanwhile; two that are copied at the same time stay apart.
# Guards against a request that is forgotten between two slices, and against
# memory of the zone that is lost with it.

use strict;
use warnings;

use lib 't/lib';
use Digest::SHA qw(sha256_hex);
use Test::More;
use AimeTest;

my $SIZE = (on_valgrind() ? 3 : 24) * 1024 * 1024;

my $srv = start_nginx(zone => '128m',
    server => 'location = /zone { return 200 $aime_zone_used; }');
my $worker = $srv->worker(conn => $srv->conn)->login;
my $used = $srv->get('/zone')->body;

gone();
at_once();
ok(wait_until(sub { $srv->get('/zone')->body == $used }),
    'memory of the zone comes back');
quits();
done_testing();


sub gone {
    my $client = submitted();
    my $post = sent($client, 'g');
    $post->close;
    received($client, 'g', 'of a worker that is gone');
    return;
}


sub at_once {
    my %client = map { $_ => submitted() } qw(a b);
    my %post = map { $_ => sent($client{$_}, $_) } qw(a b);
    for my $letter (qw(a b)) {
        is($post{$letter}->read_response->json->{cmd}, 'ok', 'accepted');
        received($client{$letter}, $letter, "result $letter of two");
    }
    return;
}


sub quits {
    my $client = submitted();
    my $post = sent($client, 'q');
    $srv->reload;
    is($post->read_response->json->{cmd}, 'ok', 'accepted by one that quits');
    received($client, 'q', 'of a process that quits');
    return;
}


sub submitted {
    my $client = $srv->conn;
    $client->send_request(POST => '/echo', {key => $CLIENT_KEY,
        prompt => 'p'});
    return {conn => $client, id => ($worker->jobs)[0]{job_id}};
}


# A result of that letter, whole
sub sent {
    my ($client, $letter) = @_;
    my $post = $srv->conn;
    $post->send_request(POST => '/worker_job_result', {
        job_id => $client->{id}, job_type => 'echo', auth => $worker->{name},
        auth_key => $WORKER_KEY, text => $letter x $SIZE});
    return $post;
}


sub received {
    my ($client, $letter, $what) = @_;
    my $text = $client->{conn}->read_response->json->{text};
    is(sha256_hex($text), sha256_hex($letter x $SIZE), $what);
    return;
}
