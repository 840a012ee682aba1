# Pictures, sounds and uploads of every fate, over and over: afterwards as much
# of the zone is in use as before.  Guards against payloads that a refused
# result, a stream that is left, or a client that hangs up keeps for ever.

use strict;
use warnings;

use lib 't/lib';
use AimeOpenai;
use MIME::Base64 qw(encode_base64);
use Mojo::JSON qw(true);
use Test::More;
use AimeTest;

my $srv = start_openai(zone => '64m', endpoints => { all => {
    inputs => "prompt = {}\naudio_input = {type = 'audio'}\ntexts = "
        . '{type = "json"}', progress => "progress_images = {}\nresult = {}",
    outputs => join("\n", map { "$_ = {}" } qw(images audio_output result
        embeddings)), endpoint => 'result_lifetime = 1'} },
    models => 'm = {endpoint = "all", inputs = {input = "prompt"}, '
        . "embedding = {endpoint = 'all'}}");
my $worker = $srv->worker(job_type => 'all')->login;
my $wav = wav(100_000);
my $big = 'data:audio/wav;base64,' . encode_base64($wav, '');
my @upload = (model => 'm', file => {filename => 'a.wav', body => $wav});
my @stream = ([images => {stream => true, partial_images => 3}],
    [transcriptions => [@upload, stream => 'true']]);

round();
my $empty = at_rest();
round() for 1 .. (on_valgrind() ? 2 : 6);
ok(wait_until(sub { used() <= $empty }, 20), 'all was given back')
    or diag(used() . " instead of $empty");
done_testing();


sub used { return $srv->get('/zone')->body }

sub at_rest {
    my ($last, $same) = ('', 0);
    wait_until(sub {
        my $now = used();
        $same = $now eq $last ? $same + 1 : 0;
        $last = $now;
        return $same == 200;
    }, 20);
    return $last;
}


sub start {
    my ($kind, $more) = @_;
    my $conn = $kind eq 'transcriptions'
        ? upload($srv, 'audio/transcriptions', ref $more eq 'ARRAY' ? $more
            : \@upload)
        : ask($srv, {images => 'images/generations', speech => 'audio/speech',
            embeddings => 'embeddings'}->{$kind}, {model => 'm',
            ($kind eq 'images' ? 'prompt' : 'input') => 'x' x 10_000,
            %{$more // {}}});
    my ($job) = $worker->jobs or die 'no job: ' . $conn->read_response->body;
    return ($conn, $job->{job_id});
}


sub round {
    my %good = (images => {images => [$big, $big]},
        speech => {audio_output => $big}, transcriptions => {result => $big},
        embeddings => {embeddings => [[(0.5) x 10_000]]});
    for my $kind (sort keys %good) {
        for my $outputs ($good{$kind}, {}, {map { $_ => "{$big" }
            keys %{$good{$kind}}})
        {
            my ($conn, $id) = start($kind);
            $worker->result($id, $outputs);
            die "no answer\n" if !$conn->read_response;
        }
        my ($conn, $id) = start($kind);     # who does not wait
        $conn->close;
        wait_until(sub { $worker->progress($id, 1)->json->[0]{canceled} })
            or die "not canceled\n";
        $worker->result($id, $good{$kind});
    }
    for my $case (@stream) {
        my ($conn, $id) = start(@$case);
        $worker->progress($id, $_, {progress_images => [$big],
            result => $big x $_}) for 1, 2;
        $conn->read_until(qr/data: /) or die "no event\n";
        $conn->close;
        wait_until(sub { $worker->progress($id, 1)->json->[0]{canceled} })
            or die "not canceled\n";
        ($conn, $id) = start(@$case);
        $worker->progress($id, 1, {progress_images => [$big],
            result => $big});
        $worker->result($id, {images => [$big], result => "$big."});
        $conn->read_until(qr/\r\n0\r\n\r\n/) or die "no end\n";
    }
    return;
}
