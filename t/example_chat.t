# examples/chat_worker.py behind the endpoint of conf/, as a client sees it.
# Guards against an example that rots, against streams whose texts do not grow
# into the answer, and against characters that are cut in two.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeExample qw(chunks content);
use AimeOpenai;
use AimeStream;
use AimeTest;
use Mojo::JSON qw(true);

AimeExample::need();

my $srv = start_openai(models => 'words = { endpoint = "chat" }',
    locations => 'location = /stream_progress { aime_api_stream; }',
    endpoints => {
    chat => slurp('conf/endpoints/chat/aime_api_endpoint.cfg') });
my $client = $srv->client(endpoint => 'chat');

# Nearly every word has characters of two, three and four bytes, and each may
# be followed by several others.
my $text = spew($srv->dir . '/text', join '', map { "$_\n\n" }
    'Čaj ☕ pijí žáci 🎓 a čaj ☕ mají rádi učitelé 🦉 v každé škole 🏫.',
    'Žáci 🎓 pijí kávu ☕ a učitelé 🦉 mají rádi žáky 🎓 a čaj 🫖 a školu 🏫.',
    'V každé škole 🏫 žáci 🎓 mají rádi čaj 🫖 a učitelé 🦉 pijí kávu ☕ rádi.');
my @learn = ('--text', $text);
my @chat = (chat_context => [{ role => 'user', content => 'Čaj' }]);

answers();
streams();
settings();
stops();
openai();
parallel();
cancels();
ends();
done_testing();


sub answer {
    my (%inputs) = @_;
    my $json = $client->submit({ @chat, %inputs })->json;
    ok(!exists $json->{error}, 'no error') or diag explain $json;
    return $json;
}


# With the texts that it comes with, which change
sub answers {
    my $worker = AimeExample->start($srv, 'chat_worker.py', '--pace', 0);
    my $json = $client->submit({ chat_context => [
        { role => 'system', content => 'Be brief.' },
        { role => 'user', content => 'What does the worker do?' } ],
        seed => 1 })->json;
    like($json->{text}, qr/\w/, 'an answer');
    is($json->{prompt_length}, 9, 'the tokens of all messages');
    cmp_ok($json->{num_generated_tokens}, '>=', 1, 'and of the answer');
    like($json->{finish_reason}, qr/\A(?:stop|length)\z/, 'why it ended');

    $json = $client->submit({
        prompt_input => 'In the morning the river', seed => 1 })->json;
    like($json->{text}, qr/\A \w/, 'a text is continued');
    is($client->submit({})->json->{prompt_length}, 0, 'no prompt at all');
    ok($worker->stop, 'it stops');
    is($worker->{status}, 0, 'well');
    unlike($worker->said, qr/\Q$WORKER_KEY\E|river/,
        'and has told no keys and no prompts');
    return;
}


# What the progress of a job says, as a list of texts, and the result
sub watch {
    my ($worker, %inputs) = @_;
    my $id = $client->job({ @chat, %inputs });
    my $stream = AimeStream->new($srv->conn,
        "/stream_progress?job_id=$id&key=$CLIENT_KEY");
    my @texts;
    while (my $event = $stream->event(20)) {
        my $data = $event->{data};
        return (\@texts, $data->{job_result}) if $data->{job_state} eq 'done';
        push @texts, $data->{progress_data}{text} // '';
    }
    die "no result\n";
}


sub streams {
    my $worker = AimeExample->start($srv, 'chat_worker.py', @learn,
        '--pace', 200);
    my ($texts, $result) = watch($worker, seed => 4, temperature => 1.5);
    my $last = $result->{text};
    is((grep { $_ ne substr $last, 0, length } @$texts), 0,
        'each text is what the answer begins with');
    my %lengths = map { length($_) => 1 } @$texts;
    cmp_ok(keys %lengths, '>=', 5, 'it came in pieces');
    like($last, qr/[\x{10000}-\x{10ffff}]/, 'with characters of four bytes');
    unlike($last, qr/\x{fffd}/, 'and none that is broken');
    $worker->stop;
    return;
}


sub settings {
    my $worker = AimeExample->start($srv, 'chat_worker.py', @learn,
        '--pace', 0);
    my @two = map { answer(seed => 7, temperature => 1)->{text} } 1 .. 2;
    is($two[0], $two[1], 'a seed says all');
    my %texts = map { answer(seed => $_, temperature => 1.5)->{text} => 1 }
        1 .. 5;
    cmp_ok(keys %texts, '>', 1, 'other seeds say something else');
    %texts = map { answer(%$_, max_gen_tokens => 20)->{text} => 1 }
        { temperature => 0 }, { temperature => 0, seed => 5 },
        { top_k => 1 }, { top_p => 0 };
    is(keys %texts, 1, 'the likeliest is always the same');

    my $json = answer(max_gen_tokens => 5);
    is($json->{num_generated_tokens}, 5, 'no more tokens than asked for');
    is($json->{finish_reason}, 'length', 'and why');
    $worker->stop;
    return;
}


sub stops {
    my $worker = AimeExample->start($srv, 'chat_worker.py', @learn,
        '--pace', 200);
    my %same = (seed => 11, temperature => 1);
    my $whole = answer(%same)->{text};
    my ($before, $stop) = $whole =~ /\A(.{12,}?)(\w \S+ \w)/
        or die "too short: $whole\n";

    for my $given ($stop, ['never', $stop]) {
        my ($texts, $result) = watch($worker, %same, stop => ref $given
            ? $given : Mojo::JSON::to_json($given));
        is($result->{text}, $before, 'it ends before the stop text');
        is($result->{finish_reason}, 'stop', 'and says so');
        is((grep { length > length $before } @$texts), 0,
            'nothing of that was ever shown');
    }
    is(answer(%same, stop => ['never'])->{text}, $whole,
        'a stop text that does not come changes nothing');
    $worker->stop;
    return;
}


sub completion {
    my (%fields) = @_;
    return ask($srv, 'chat/completions', { model => 'words',
        messages => messages('Čaj'), %fields });
}


# The same answers at /v1
sub openai {
    my $worker = AimeExample->start($srv, 'chat_worker.py', @learn,
        '--pace', 200);
    my %same = (seed => 4, temperature => 1.5);
    my $aime = answer(%same);
    my $json = completion(%same)->read_response->json;
    is($json->{choices}[0]{message}{content}, $aime->{text},
        'the answer is the same at /v1');
    is($json->{choices}[0]{finish_reason}, $aime->{finish_reason},
        'why it ended, too');
    is_deeply([@{$json->{usage}}{qw(prompt_tokens completion_tokens)}],
        [@$aime{qw(prompt_length num_generated_tokens)}], 'and the counts');

    # decode_json dies of bytes that are no UTF-8
    my ($chunks, $ended) = chunks(completion(%same, stream => true,
        stream_options => { include_usage => true }));
    is(content(@$chunks), $aime->{text}, 'a stream of the same');
    cmp_ok((grep { content($_) ne '' } @$chunks), '>=', 5, 'in pieces');
    ok($ended, 'that ends well');
    is_deeply($chunks->[-1]{usage}, $json->{usage}, 'with the usage');
    is($chunks->[-2]{choices}[0]{finish_reason}, $aime->{finish_reason},
        'and why it ended');

    my $stop = substr $aime->{text}, 20, 6;
    ($chunks) = chunks(completion(%same, stream => true, stop => $stop));
    is(content(@$chunks),
        substr($aime->{text}, 0, index $aime->{text}, $stop),
        'it ends before a stop text');
    $worker->stop;

    $worker = AimeExample->start($srv, 'chat_worker.py', @learn,
        '--pace', 1 / 60);
    my $conn = completion(stream => true);
    ok($conn->read_until(qr/"content":"[^"]/), 'a first token');
    $conn->close;
    ok($worker->says(qr/ canceled /), 'a client that hangs up cancels it');
    $worker->stop;
    return;
}


# As many as --batch says are written side by side
sub parallel {
    my $worker = AimeExample->start($srv, 'chat_worker.py', @learn,
        '--batch', 3, '--pace', 2);
    my @ids = map { $client->job({ @chat, seed => 1 }) } 1 .. 4;
    $client->poll_until($_, 'processing') for @ids[0 .. 2];
    is($client->progress($ids[3])->json->{job_state}, 'queued',
        'the fourth waits');
    for my $id (@ids[0 .. 2]) {
        ok(wait_until(sub { $client->progress($id)->json
            ->{progress}{progress_data}{text} }), 'it is being written');
    }
    $client->cancel($ids[1]);
    $client->poll_until($ids[3], 'processing');
    is($client->progress($ids[0])->json->{job_state}, 'processing',
        'one that was canceled gave way to it, the others go on');
    $client->cancel($_) for @ids;
    $worker->stop;
    return;
}


# One token in a minute: it hears of the cancel in between
sub cancels {
    my $worker = AimeExample->start($srv, 'chat_worker.py', @learn,
        '--batch', 1, '--pace', 1 / 60);
    my $id = $client->job({@chat});
    $client->poll_until($id, 'processing');
    $client->cancel($id);
    ok($worker->says(qr/\Q$id\E canceled/), 'a canceled job ends at once');

    my $waiting = $client->park({@chat});
    ok(wait_until(sub {
        $srv->get('/api/endpoints/chat')->body =~ /"processing"/
    }), 'the next one runs');
    ok($worker->stop, 'it stops in the middle of it');
    is($waiting->read_response->json->{error}, 'the worker was stopped',
        'and says so to who waits');
    return;
}


# A server that was restarted does not know the worker any more
sub ends {
    my $worker = AimeExample->start($srv, 'chat_worker.py', @learn,
        '--pace', 0);
    $srv->stop;
    $srv->start;
    my $json = answer();
    ok($json->{text}, 'a worker comes back after a restart')
        or diag($worker->said);
    $worker->stop;
    return;
}
