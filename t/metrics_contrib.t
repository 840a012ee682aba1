# The alert rules and the Grafana dashboard of contrib/: promtool reads every
# expression, the rules' own tests pass, and each metric and label in them is
# one that the server serves.  Guards against a panel that stays empty for ever
# because a name has changed.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use Mojo::JSON qw(decode_json encode_json);
use Test::More;
use AimeTest;
use AimeMetrics;

plan skip_all => 'no promtool' if system('command -v promtool >/dev/null');

my $dir = tempdir(CLEANUP => 1);
my $srv = start_nginx(server => $STATUS);
my $client = $srv->client;
my $worker = $srv->worker->login;
$worker->result($worker->running($client), {text => 'x'});
my $served = scrape($srv);

rules();
dashboard();
done_testing();


sub promtool {
    my (@arguments) = @_;
    my $said = `promtool @arguments 2>&1`;
    is($?, 0, "promtool @arguments[0, 1]") or diag($said);
    return;
}


# Metrics with labels that the server has not, of an expression
sub unknown {
    my ($expr) = @_;
    my @unknown;
    while ($expr =~ /(aime_(?!api_)\w+)(?:\{([^}]*)\})?/g) {
        my ($name, $labels) = ($1, $2 // '');
        my ($sample) = grep { /^\Q$name\E(?:\{|$)/ } keys %$served;
        push @unknown, $name if !defined $sample;
        for my $label ($labels =~ /(\w+)\s*=~?\s*"/g) {
            push @unknown, "$name\{$label\}"
                if $label ne 'instance' && ($sample // '') !~ /[{,]$label="/;
        }
    }
    return @unknown;
}


sub rules {
    promtool('check', 'rules', 'contrib/prometheus/aime.rules.yml');
    promtool('test', 'rules', 'contrib/prometheus/aime.test.yml');
    my $text = slurp('contrib/prometheus/aime.rules.yml');
    my @names = $text =~ /- alert: (\w+)/g;
    cmp_ok(scalar @names, '>=', 6, 'some rules');
    is_deeply([unknown($text)], [], 'their metrics are there');
    my $tests = slurp('contrib/prometheus/aime.test.yml');
    is_deeply([unknown($tests =~ s/^ *alertname.*$//mgr)], [],
        'so are those of their tests');
    return;
}


sub dashboard {
    my $board = decode_json(slurp('contrib/grafana/aime.json'));
    my @panels = grep { $_->{type} ne 'row' } @{$board->{panels}};
    cmp_ok(scalar @panels, '>', 15, 'panels');
    my (%ids, @twice, @rules);
    for my $panel (@panels) {
        push @twice, $panel->{id} if $ids{$panel->{id}}++;
        for my $target (@{$panel->{targets}}) {
            my $expr = $target->{expr};
            is_deeply([unknown($expr)], [], $panel->{title});
            $expr =~ s/\$__rate_interval/5m/g;
            push @rules, {record => 'panel:' . @rules, expr => $expr};
        }
    }
    is_deeply(\@twice, [], 'each with an id of its own');
    $_->{record} =~ tr/0-9/a-j/ for @rules;
    my $json = encode_json({groups => [{name => 'panels', rules => \@rules}]});
    my $file = spew("$dir/panels.yml", $json =~ s{\\/}{/}gr);
    promtool('check', 'rules', $file);
    for my $query (map { $_->{definition} // () }
        @{$board->{templating}{list}}) {
        like($query, qr/^label_values\(/, 'a variable');
        is_deeply([unknown($query)], [], $query);
    }
    return;
}
