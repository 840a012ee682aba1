package AimeMetrics;

# What a status location says, for tests: the samples of a scrape as numbers.

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw($STATUS scrape metric samples);

# A location for the server block
our $STATUS = 'location /status { aime_api_status; }';


# name{labels} => number, of the text that Prometheus gets
sub scrape {
    my ($srv, $path, %headers) = @_;
    my $answer = $srv->get($path // '/status', undef, %headers);
    die "no metrics: " . $answer->body . "\n" if $answer->status != 200;
    return samples($answer->body);
}


sub samples {
    my ($text) = @_;
    my %samples;
    for (split /\n/, $text) {
        next if /^#/;
        /^(\w+(?:\{.*\})?) (\S+)$/ or die "no sample: $_\n";
        die "twice: $1\n" if exists $samples{$1};
        $samples{$1} = $2;
    }
    return \%samples;
}


# One of them now, or undef: metric($srv, 'jobs_running', job_type => 'echo')
sub metric {
    my ($srv, $name, @labels) = @_;
    my @pairs;
    while (my ($label, $value) = splice @labels, 0, 2) {
        push @pairs, "$label=\"$value\"";
    }
    my $key = "aime_$name" . (@pairs ? '{' . join(',', @pairs) . '}' : '');
    return scrape($srv)->{$key};
}


1;
