package AimeModel;

# Builds t/model, a module whose directives run a test of floors 1 and 2 inside
# of nginx in place of a server, and runs it.

use strict;
use warnings;

use Exporter 'import';
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Test::More;
use AimeNginx qw(module_path on_valgrind on_asan);

our @EXPORT = qw(build_model run_model);

# what t/model/cut.c stands in front of
my @WRAPPED = map { "ngx_aime_shm_$_" }
    qw(alloc_locked calloc_locked free_locked mark_locked lock unlock);

my $dir;


sub build_model {
    my $module = module_path() or plan skip_all => 'the module is not built';
    my $build = dirname($module);
    my $tree = "$build/nginx-src/src";
    plan skip_all => 'there is no source tree of nginx' if !-d $tree;
    plan skip_all => 'it is no server' if on_valgrind() || on_asan();

    $dir = tempdir(CLEANUP => 1);
    chmod 0755, $dir;
    my @includes = map { "-I$_" } "$build/objs", 'src', 't/model',
        map { "$tree/$_" } qw(core event event/modules os/unix);
    my $cc = $ENV{CC} || 'gcc';
    my $name = ($0 =~ m{(\w+)\.t$}) ? $1 : 'model';
    $cc .= ' --coverage -fprofile-update=atomic -dumpdir '
        . "$ENV{AIME_COVERAGE}/$name-" if $ENV{AIME_COVERAGE};
    my $wrap = join ',', '-Wl', map { "--wrap=$_" } @WRAPPED;
    my $output = `$cc -g -O1 -fPIC -shared -Wall -Wextra -Werror \\
        -Wno-unused-parameter @includes -o $dir/model.so t/model/*.c \\
        src/ngx_aime_*.c $wrap 2>&1`;
    is($output, '', 'it is built') or BAIL_OUT('no model');
    return;
}


# Each line of its output that begins with ok is a passed test; anything else
# that is none of its comments, or an alert, fails.
sub run_model {
    my ($directive, $least) = @_;
    open my $conf, '>', "$dir/nginx.conf" or die "$dir: $!\n";
    print $conf "load_module $dir/model.so;\npid $dir/pid;\n"
        . "error_log $dir/error.log info;\n$directive\nevents { }\n";
    close $conf;

    # nginx takes the variable of that name for inherited sockets
    my $nginx = $ENV{NGINX} || 'nginx';
    local $ENV{NGINX};
    delete $ENV{NGINX};
    my $output = `\Q$nginx\E -t -c $dir/nginx.conf 2>&1`;
    my @passed = $output =~ /^ok - (.*)/mg;
    my @bad = grep { /^not ok|\[(?:alert|emerg)\]/ } split /\n/, $output;
    pass($_) for @passed;
    ok($? == 0 && !@bad && @passed >= ($least // 1), $directive)
        or diag(join "\n", @bad ? @bad : $output);
    my @notes = grep { /^#/ } split /\n/, $output;
    note(join "\n", @notes) if @notes;
    return;
}


1;
