package AimeDocs;

# What pages show, made ready to be tried: blocks of code, and configurations
# of which nothing is read or written outside of a test's folder.

use strict;
use warnings;

use Exporter 'import';

use AimeNginx qw(free_port module_path slurp);

our @EXPORT_OK = qw(blocks indented local_conf);


# The texts of a page's blocks of a language
sub blocks {
    my ($page, $language) = @_;
    return slurp($page) =~ /^```\Q$language\E\n(.*?)^```$/msg;
}


# All that a page shows indented, as one text
sub indented {
    my ($page) = @_;
    my $text = slurp($page) =~ s/^```.*?^```$//msgr;
    return join "\n", map { s/^    //r } $text =~ /^(    .*)$/mg;
}


# A whole nginx.conf for the folder and a port of an AimeNginx
sub local_conf {
    my ($nginx, $conf) = @_;
    my ($module, $dir, $port) = (module_path(), $nginx->dir, $nginx->port);
    my $http = $nginx->http_preamble;
    my $listens = 0;
    for ($conf) {
        s{modules/\S+\.so}{$module} or die "no load_module\n";
        s{^user .*\n}{}m;
        s{/var/log/nginx/}{$dir/logs/}g;
        s{/run/}{$dir/logs/}g;
        s{listen [^;\n]*}{$listens++ ? "listen 127.0.0.1:" . free_port()
            : "listen 127.0.0.1:$port"}ge;
        s{^error_log \S+}{error_log $dir/logs/error.log}m;
        s/^http \{\n/http {\n$http/m or die "no http\n";
    }
    die "no listen\n" if !$listens;
    return "daemon off;\n$conf";           # so that it can be stopped
}


1;
