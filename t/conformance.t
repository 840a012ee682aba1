# The protocol cases of the conformance suite, which is no part of this
# repository: AIME_CONFORMANCE is the folder that it lies in (CONF_ONLY=regex
# selects cases).  Guards against a change that mends one case and breaks
# another unseen, and against a list of waiting cases that nobody shortens.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $suite = $ENV{AIME_CONFORMANCE} || '';
plan skip_all => 'AIME_CONFORMANCE is not set' if !-x "$suite/run.sh";
plan skip_all => 'too slow for valgrind' if on_valgrind();

my %waiting = map { $_ => 1 } grep { /^[^#\s]/ }
    map { s/\s+$//r } split /\n/, slurp('t/conformance/waiting');

my $srv = start_nginx(
    zone => '256m', procs => 2,
    server_toml => slurp("$suite/server/aime_api_server.cfg"),
    server => 'client_max_body_size 20m;',
    aime_locations => <<"CONF");
aime_api_endpoints $suite/endpoints;
location ~ ^/worker_ { aime_api_worker_interface; }
location /api/ { aime_api_info; }
location = /stream_progress { aime_api_stream; }
CONF

open my $run, '-|', "$suite/run.sh", $srv->url, qw(raw http validation)
    or die "$suite/run.sh: $!\n";

my ($cases, %seen);
while (my $line = <$run>) {
    chomp $line;
    $line =~ /^(ok|not ok|skip) - (.*)/ or diag($line), next;
    check($1, $2);
    $cases++;
}

close $run;
ok($cases, 'there were cases');

if (!$ENV{CONF_ONLY}) {
    ok($seen{$_}, "is a case: $_") for grep { !$seen{$_} } sort keys %waiting;
}

done_testing();


# After the name of a case come ": why" where it failed, and "  # notes"
sub check {
    my ($outcome, $text) = @_;
    return pass("skipped: $text") if $outcome eq 'skip';
    my $after = $outcome eq 'ok' ? qr/(?:  #|$)/ : qr/: /;
    my ($listed) = grep { $text =~ /^\Q$_\E$after/ }
        sort { length $b <=> length $a } keys %waiting;
    return ok($outcome eq 'ok', $text) if !defined $listed;
    $seen{$listed} = 1;
    return ok($outcome eq 'not ok', "waits: $listed")
        || diag('it passes now: take it off t/conformance/waiting');
}
