# Pages of other origins, with OpenAI's client in the browser: the preflight of
# its many headers, and answers and streams that scripts may read, by the lines
# that docs/openai.md shows.  Guards against a header that is missing on errors,
# where the script would see "network error" in place of the reason.

use strict;
use warnings;

use lib 't/lib';
use AimeOpenai;
use AimeNginx qw(slurp);
use Mojo::JSON qw(true);
use Test::More;
use AimeTest;

my ($snippet) = slurp('docs/openai.md')
    =~ /```nginx\n(aime_api_cors[^`]+)```/ or die "no snippet\n";
my @lines = grep { /\S/ } split /\n/, $snippet;
my $srv = start_openai(http => $snippet =~ s/https:\S+?;/https:\/\/a.example;/r);
my @from = (Origin => 'https://a.example');
my $asked = join ', ', qw(authorization content-type), map { "x-stainless-$_" }
    qw(arch lang os package-version retry-count runtime runtime-version
    timeout helper-method async poll-helper custom-poll-interval);

is(@lines, 2, 'two lines');
preflight();
answers();
done_testing();


sub preflight {
    for my $path (qw(chat/completions responses models)) {
        my $answer = $srv->request(OPTIONS => "/v1/$path", undef, @from,
            'Access-Control-Request-Method' => 'POST',
            'Access-Control-Request-Headers' => $asked);
        is($answer->status, 204, "preflight of $path");
        is($answer->header('Access-Control-Allow-Origin'),
            'https://a.example', 'origin');
        is($answer->header('Access-Control-Allow-Headers'), $asked,
            'the headers of the client');
        like($answer->header('Access-Control-Allow-Methods'),
            $path eq 'models' ? qr/GET/ : qr/POST/, 'the method');
    }
    return;
}


sub answers {
    my $worker = $srv->worker(job_type => 'chat')->login;
    my $ask = sub { ask($srv, 'chat/completions', {model => 'm', messages =>
        messages('hi'), @_}, @from) };
    my $conn = $ask->();
    $worker->result(($worker->jobs)[0]{job_id}, {text => 't'});
    my %answer = (chat => $conn->read_response, models => $srv->get(
        '/v1/models', undef, with_key(undef, @from)), unauthorized =>
        $srv->get('/v1/models', undef, @from), missing => $srv->get('/v1/x',
        undef, @from), refused => $ask->(seed => 1)->read_response);
    for my $what (sort keys %answer) {
        is($answer{$what}->header('Access-Control-Allow-Origin'),
            'https://a.example', "$what: for scripts");
        like($answer{$what}->header('Access-Control-Expose-Headers') // '',
            qr/x-request-id/, 'with its id');
    }
    $conn = $ask->(stream => true);
    $worker->result(($worker->jobs)[0]{job_id}, {text => 't'});
    my $head = $conn->read_until(qr/\r\n\r\n/);
    like($head, qr/Access-Control-Allow-Origin: https:\/\/a\.example\r/,
        'a stream too');
    like($head, qr/x-request-id: \w{32}\r/, 'has an id');
    return;
}
