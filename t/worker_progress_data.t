# What of a progress report reaches the client.  Guards against numbers and
# texts that change on their way, and against data that the endpoint's file
# does not name.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $srv = start_nginx();
my $client = $srv->client;
my $worker = $srv->worker(name => 'W', batch => 8)->login;
my $ok = { cmd => 'ok', success => Mojo::JSON::true() };

as_written();
filtered();
large();
done_testing();


sub send_raw {
    my ($body) = @_;
    my $answer = $srv->post('/worker_job_progress', $body);
    is($answer->status, 200, 'status 200');
    return $answer->json;
}


sub as_written {
    my $id = $worker->running($client);
    for my $number ('12.50', '1e2', '0', '-0.0', '100', '1E-3',
        '9007199254740993')
    {
        is_deeply(send_raw(qq({"auth":"W","auth_key":"$WORKER_KEY",)
            . qq("job_id":"$id","progress":$number})), [$ok],
            "the number $number");
        like($client->progress($id)->body, qr/"progress":\Q$number\E[,}]/,
            "$number stays as it is");
    }
    is_deeply(send_raw(qq([{"auth":"W","auth_key":"$WORKER_KEY",)
        . qq("job_id":"$id","progress":5,"progress_data":{"text":)
        . q("\u0000\ud83d\ude00 \/\u00e4"}}])), [$ok], 'escapes');
    ok(index($client->progress($id)->body,
        '"text":"\u0000\ud83d\ude00 \/\u00e4"') > 0, 'stay as they are');
    return;
}


sub filtered {
    my $id = $worker->running($client);
    $worker->progress($id, 50, { auth => 'W', secret => 1, text => 't',
        error => 'no progress output', 'te' => 1 });
    is_deeply($client->progress($id)->json->{progress}{progress_data},
        {text => 't'}, 'only what [PROGRESS.OUTPUTS] names');
    $worker->progress($id, 51, { secret => 1 });
    is_deeply($client->progress($id)->json->{progress}{progress_data}, {},
        'nothing if that is nothing');
    return;
}


# More than one chunk of the server's memory, and another one in its place
sub large {
    my $id = $worker->running($client);
    for my $char (qw(a b)) {
        my $text = $char x 200_000;
        is_deeply($worker->progress($id, 1.5, {text => $text})->json, [$ok],
            'a large text');
        ok($client->progress($id)->body =~ /"progress":1\.5,.*"$text"/,
            'reaches the client');
    }
    $worker->progress($id, 2, {text => ''});
    is_deeply($client->progress($id)->json->{progress}{progress_data},
        {text => ''}, 'and gives way to the next');
    return;
}
