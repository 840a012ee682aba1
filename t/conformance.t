# The protocol cases of the conformance suite, which is no part of this
# repository: AIME_CONFORMANCE is the folder that it lies in (CONF_ONLY=regex
# selects cases).  Guards against a change that mends one case and breaks
# another unseen.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $suite = $ENV{AIME_CONFORMANCE} || '';
plan skip_all => 'AIME_CONFORMANCE is not set' if !-x "$suite/run.sh";
plan skip_all => 'too slow for valgrind' if on_valgrind();

# The server file lies where the files are that it names
my $srv = start_nginx(
    zone => '256m', procs => 2,
    server => 'client_max_body_size 20m;',
    aime_locations => <<"CONF");
aime_api_server_config $suite/server/aime_api_server.cfg;
aime_api_endpoints $suite/endpoints;
location ~ ^/worker_ { aime_api_worker_interface; }
location /api/ { aime_api_info; }
location = /stream_progress { aime_api_stream; }
CONF

open my $run, '-|', "$suite/run.sh", $srv->url, qw(raw http validation)
    or die "$suite/run.sh: $!\n";

my $cases;
while (my $line = <$run>) {
    chomp $line;
    $line =~ /^(ok|not ok|skip) - (.*)/ or diag($line), next;
    $1 eq 'skip' ? pass("skipped: $2") : ok($1 eq 'ok', $2);
    $cases++;
}

close $run;
ok($cases, 'there were cases');
done_testing();
