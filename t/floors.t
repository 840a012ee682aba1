# The order of the house: floors that include only downwards, no include
# cycles, every file in `config`, and the looks of the sources.  Guards against
# the knot that modules grow when units include each other, and against headers
# that `config` forgets, which then rebuild nothing when they change.

use strict;
use warnings;

use lib 't/lib';
use File::Basename qw(basename);
use Test::More;
use AimeNginx qw(slurp);

my $door    = 'ngx_http_aime_api_module.c';
my @routes  = qw(client worker info stream openai admin metrics);
my @sources = (glob('src/*.c src/*.h src/*.cpp'), glob 'ngx_http_*.[ch]');
my %text    = map { basename($_) => slurp($_) } @sources;
my %path    = map { basename($_) => $_ } @sources;

# unit (name without suffix) => {unit it includes => the file that does}
my %edges;

floors();
nginx_first();
cycles();
listed();
mapped();
looks();
done_testing();


sub floor_of {
    my ($file) = @_;
    return 4 if $file =~ /^ngx_http_aime_api_module\./;
    return $file =~ /^ngx_http_aime_/ ? 3 : $file =~ /^ngx_aime_shm_/ ? 1
        : $file =~ /^ngx_aime_/ ? 2 : $file =~ /^aime_/ ? 0 : undef;
}


sub unit { return $_[0] =~ s/\.\w+$//r }


sub route { return $_[0] =~ /^ngx_http_aime_(\w+?)(?:_\w+)?\.\w+$/ ? $1 : '' }


sub floors {
    my @wrong;
    for my $file (sort keys %text) {
        my $floor = floor_of($file);
        push @wrong, "$file: no floor has this prefix" if !defined $floor;
        while ($text{$file} =~ /^\s*#\s*include\s*[<"]([^>"]+)[>"]/mg) {
            my $other = basename($1);
            push @wrong, map { "$file includes $other: $_" }
                trespass($file, $floor // 0, $other);
            $edges{unit($file)}{unit($other)} = $file
                if $text{$other} && unit($other) ne unit($file);
        }
    }
    is_deeply(\@wrong, [], 'includes go downwards');
    return;
}


# What is wrong with an include, if anything
sub trespass {
    my ($file, $floor, $other) = @_;
    return 'a source file' if $other =~ /\.(?:c|cpp)$/;
    return 'floor 0 knows no nginx' if $floor == 0 && $other =~ /^ngx_/;
    return if !$text{$other};
    my $below = floor_of($other) // return;
    return 'the door belongs to itself' if $below == 4 && $floor != 4;
    return "floor $floor includes floor $below" if $below > $floor;
    my ($mine, $theirs) = (route($file), route($other));
    my $both = grep { my $name = $_; grep { $_ eq $name } @routes }
        $mine, $theirs;
    return 'one route and another'
        if $floor == 3 && $both == 2 && $mine ne $theirs;
    return;
}


# nginx's headers ask the system's for what is beyond POSIX; those that were
# read before do not give it any more
sub nginx_first {
    my @wrong;
    for my $file (grep { floor_of($_) } sort keys %text) {
        my ($first) = $text{$file} =~ /^\s*#\s*include\s*[<"]([^>"]+)[>"]/m;
        push @wrong, "$file: $first" if ($first // 'ngx_') !~ /^ngx_/;
    }
    is_deeply(\@wrong, [], "nginx's headers come first");
    return;
}


sub cycles {
    my (%state, @found);
    my $visit;
    $visit = sub {
        my ($unit, @way) = @_;
        push @found, "@way $unit" if ($state{$unit} // '') eq 'open';
        return if $state{$unit};
        $state{$unit} = 'open';
        $visit->($_, @way, "$edges{$unit}{$_} ->")
            for sort keys %{$edges{$unit}};
        $state{$unit} = 'done';
    };
    $visit->($_) for sort keys %edges;
    is_deeply(\@found, [], 'no unit includes itself through others');
    return;
}


sub listed {
    my $config = slurp('config');
    my @missing = grep { $config !~ /\Q$_\E(?![\w.])/ } values %path;
    my @gone = grep { !-e } $config =~ m{ngx_addon_dir/([\w./]+\.(?:c|cpp|h))\b}g;
    is_deeply([sort @missing], [], 'config lists every source and header');
    is_deeply(\@gone, [], 'config lists nothing that is not there');
    return;
}


# The maps of the rooms name every file, and no file that is not there
sub mapped {
    my %names = map { unit($_) => 1 } keys %text;
    my @units = map { "src/$_" } grep { !/^ngx_http_aime_api/ } keys %names;
    my %there = map { $_ => 1 } @units;
    for my $file (qw(README.md docs/architecture.md)) {
        my $map = slurp($file) =~ s/\A.*?^\#\# (?:Map of the|All) rooms\n//msr;
        $map =~ s/^\#\# .*\z//ms;
        my ($prefix, %named) = ('');
        for my $word ($map =~ /`([^`]+)`/g) {
            if ($word =~ m{^(\w+/(?:\w*_)?)\*$|^(media/aime_mediad)\W}) {
                $prefix = $1 // "$2_";
            } elsif ($word =~ /^(\w+_)\*$/) {
                my $start = "$prefix$1";
                $named{$_} = 1 for grep { /^\Q$start/ } @units;
            } elsif ($word =~ /^(?!aime_api)\w+$/ && $prefix) {
                $named{"$prefix$word"} = 1;
            }
        }
        my @missing = grep { !$named{$_} } @units;
        is_deeply([sort @missing], [], "$file names every room");
        my @gone = grep { m{^src/} && !$there{$_} } keys %named;
        is_deeply([sort @gone], [], "$file names no other");
    }
    return;
}


# Comments, strings and characters, blanked where they must not be looked into
sub code_of {
    my ($text) = @_;
    $text =~ s{ ( /\*.*?\*/ ) | ( "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' ) }
              { defined $1 ? $1 =~ tr/\n//cdr : '""' }gsex;
    return $text;
}


sub looks {
    my @wrong;
    for my $path (sort @sources, glob 't/unit/*.[ch]') {
        my $text = slurp($path);
        push @wrong, "$path: no newline at the end" if $text !~ /\n\z/;
        my ($n, @code) = (0, split /\n/, code_of($text), -1);
        for (split /\n/, $text) {
            my $code = $code[$n++] // '';
            push @wrong, "$path:$n: wider than 80 columns" if length > 80;
            push @wrong, "$path:$n: a tab" if /\t/;
            push @wrong, "$path:$n: space at the end" if /\s$/;
            push @wrong, "$path:$n: a // comment"
                if $code =~ m{//} && $path =~ /\.[ch]$/;
        }
    }
    is_deeply(\@wrong, [], 'the looks of the sources')
        or diag(join "\n", @wrong);
    my @blunt = grep { slurp($_) !~ /(?:\n|^)\z/ } glob('t/*.t t/lib/*.pm'),
        glob('*.md Makefile config .ci/run .gitignore LICENSE');
    is_deeply(\@blunt, [], 'newlines at the end');
    return;
}
