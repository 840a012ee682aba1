# Workers that are made of examples/aime_worker.py: the one that docs/workers.md
# shows, and examples/worker.py in both generations of the protocol.  Guards
# against documents that rot, and against options that nobody uses every day.

use strict;
use warnings;

use lib 't/lib';
use Cwd qw(getcwd);
use Test::More;
use AimeExample;
use AimeTest;

AimeExample::need();

# while there is such a file, it is as if nothing were behind a proxy
my $away = "/tmp/aime-example-worker-$$";
END { unlink glob "$away-*" }

my $srv = start_nginx(endpoints => { upper => {},
    map { $_ => slurp("conf/endpoints/$_/aime_api_endpoint.cfg") }
        qw(scalar_types markov_chat) },
    server => 'location @worker { aime_api_worker_interface; } '
        . 'location = /worker_job_result { try_files /none @worker; '
        . join(' ', map { "if (-f $away-$_) { return $_; }" } 429, 502, 504)
        . ' }');

documented();
once();
batch();
stopped();
careless();
behind_proxy();
done_testing();


sub documented {
    my ($code) = slurp('docs/workers.md') =~ /^```python\n(.*?)^```$/ms
        or die "no example in docs/workers.md\n";
    my $file = spew($srv->dir . '/upper.py', $code);
    my $worker = AimeExample->start($srv, $file,
        { PYTHONPATH => getcwd() . '/examples' });
    my $client = $srv->client(endpoint => 'upper');
    is($client->submit({ prompt => 'hello' })->json->{text}, 'HELLO',
        'the documented worker works');
    is($client->submit({})->json->{error}, "KeyError: 'prompt'",
        'what goes wrong in it is an error of the job');
    ok($worker->stop, 'it stops');
    unlike($worker->said, qr/'prompt'/, 'and has not told the error itself');
    return;
}


sub once {
    for my $way ([], ['--legacy']) {
        my $worker = AimeExample->start($srv, 'worker.py', '--job-type',
            'scalars', '--once', @$way);
        my $json = $srv->client(endpoint => 'scalar_types')->submit({
            label => 'x', duration => 0 })->json;
        is($json->{received}{label}, 'x', "a job, once @$way");
        ok(wait_until(sub { $worker->gone }), 'then it ends');
        is($worker->{status}, 0, 'well');
    }
    return;
}


# Two jobs side by side, of a worker that has room for two
sub batch {
    for my $way ([], ['--legacy']) {
        my $worker = AimeExample->start($srv, 'worker.py', '--job-type',
            'scalars', '--batch', 2, @$way);
        my $client = $srv->client(endpoint => 'scalar_types');
        my @ids = map { $client->job({ label => "job $_", duration => 30 }) } 1 .. 3;
        for my $id (@ids[0, 1]) {
            ok(wait_until(sub { ($client->progress($id)->json
                ->{progress}{progress_data}{status} // '') =~ /^step/ }),
                "it reports @$way");
        }
        is($client->progress($ids[2])->json->{job_state}, 'queued',
            'one waits');
        $client->cancel($ids[0]);
        $client->poll_until($ids[2], 'processing');
        is($client->progress($ids[1])->json->{job_state}, 'processing',
            'until another is canceled');
        $client->cancel($_) for @ids[1, 2];
        $worker->stop;
    }
    return;
}


# A stopped worker answers all that it has in hand
sub stopped {
    my $worker = AimeExample->start($srv, 'worker.py', '--job-type',
        'markov_text', '--batch', 2, '--pace', 1 / 60);
    my $client = $srv->client(endpoint => 'markov_chat');
    my @ids = map { $client->job({}) } 1, 2;
    $client->poll_until($_, 'processing') for @ids;
    ok($worker->stop, 'it stops');
    is($client->poll_until($_, 'done')->{job_result}{error},
        'the worker was stopped', 'each job is told') for @ids;
    return;
}


# A model may give what it should not: each job gets an answer all the same
sub careless {
    my $file = spew($srv->dir . '/careless.py', <<'PYTHON');
import sys
import aime_worker

class Careless(aime_worker.Model):
    interval = 0.0

    def run(self, job, report):
        report(50, lambda: {"text": {1, 2}})
        report.sleep(0.1)
        return {"list": [1, 2], "nan": {"text": float("nan")},
                "set": {"text": {1, 2}}, "large": {"text": "x" * 40000000},
                "good": {"text": "good"}}[job["prompt"]]

parser = aime_worker.option_parser("Careless.", "upper", batch=8)
sys.exit(aime_worker.serve(Careless, aime_worker.parse_options(parser)))
PYTHON
    my $worker = AimeExample->start($srv, $file,
        { PYTHONPATH => getcwd() . '/examples' });
    my $client = $srv->client(endpoint => 'upper');
    my %error = (list => qr/^TypeError/, nan => qr/refused the result/,
        set => qr/refused the result/, large => qr/refused the result/);
    for my $prompt (sort keys %error) {
        like($client->submit({ prompt => $prompt })->json->{error},
            $error{$prompt}, "$prompt: an error");
    }
    is($client->submit({ prompt => 'good' })->json->{text}, 'good',
        'and the worker goes on');
    $worker->stop;
    return;
}


# A result is kept until it is taken, and the worker stays
sub behind_proxy {
    my $worker = AimeExample->start($srv, 'worker.py', '--job-type',
        'scalars');
    my $client = $srv->client(endpoint => 'scalar_types');
    for my $status (429, 502, 504) {
        spew("$away-$status", '');
        my $id = $client->job({ label => 'kept', duration => 0 });
        ok(wait_until(sub { $worker->said =~ /is away.* $status/ }),
            "$status: it tries again");
        unlink "$away-$status";
        is($client->poll_until($id, 'done')->{job_result}{received}{label},
            'kept', 'until the result is taken');
    }
    $worker->stop;
    return;
}
