# What the Makefile builds for: an nginx that is not there, or of another version
# than the source, is told at once.  Guards against a module that is built without
# a word, and that no nginx at hand loads.

use strict;
use warnings;

use File::Temp qw(tempdir);
use Test::More;

my $dir = tempdir(CLEANUP => 1);
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};

make_source('1.2.3');
binary('nginx', '1.2.3');
binary('other', '1.3.2');

is(settings('nginx'), '', 'nginx and its source');
for my $wrong (qw(other nothing)) {
    is(settings($wrong), "$dir/$wrong is no nginx 1.2.3, of which the source in "
        . "$dir/src is: set NGINX and NGINX_SRC\n", "$wrong is told");
    ok(!-e "$dir/$wrong-build/settings", 'and nothing is begun');
}
done_testing();


sub make_source {
    my ($version) = @_;
    mkdir $_ or die "$_: $!\n" for map { "$dir/$_" } qw(src src/src src/src/core);
    write_file('src/configure', '');
    write_file('src/src/core/nginx.h',
        "#define NGINX_VERSION      \"$version\"\n");
    return;
}


sub binary {
    my ($name, $version) = @_;
    write_file($name, "#!/bin/sh\necho 'nginx version: nginx/$version' >&2\n");
    return chmod 0755, "$dir/$name";
}


sub write_file {
    my ($name, $text) = @_;
    open my $out, '>', "$dir/$name" or die "$name: $!\n";
    print {$out} $text;
    return close $out;
}


# What is said, but by make itself
sub settings {
    my ($nginx) = @_;
    my $build = "$dir/$nginx-build";
    my $said = `make NGINX=$dir/$nginx NGINX_SRC=$dir/src BUILD=$build $build/settings 2>&1`;
    return join '', grep { !/^make/ } $said =~ /^.*\n/mg;
}
