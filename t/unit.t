#!/usr/bin/perl

# Floor 0 without nginx: builds every program of t/unit with the sanitizers
# and all of src/aime_*, runs it, and shows which of its tests failed.  Then the
# targets of fuzz/, each over its corpus.
#
# CC chooses the compiler, for the one file of C++ too.  TOML files of conf/, of
# examples/ and of the directories in AIME_TEST_CONFIGS (colons between) go to
# each program as arguments.

use strict;
use warnings;

use File::Basename qw(basename dirname fileparse);
use File::Find qw(find);
use File::Spec;
use File::Temp qw(tempdir);
use Test::More;

my $root = File::Spec->rel2abs(dirname(__FILE__) . '/..');

# a folder for what gcov counts, in place of the sanitizers
my $coverage = $ENV{AIME_COVERAGE};
my $dir = $coverage || tempdir(CLEANUP => 1);

my @cc = split ' ', $ENV{CC} || 'gcc';

my @common = ('-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter',
              '-O1', '-g', '-fno-omit-frame-pointer',
              '-fsanitize=address,undefined',
              '-fno-sanitize-recover=undefined',
              "-I$root/src", "-I$root/t/unit");

@common = ((grep { !/sanitize/ } @common), '--coverage') if $coverage;

# these two checks want a runtime of C++ that a linker of C leaves out
push @common, '-fno-sanitize=vptr' if !$coverage;
push @common, '-fno-sanitize=function' if "@cc" =~ /clang/;

my @c = (@cc, '-std=gnu11', @common);
my @cxx = (@cc, '-std=c++17', @common);
my @libs = qw(-lcjson -lpcre2-8 -lstdc++ -lm);

# units whose portable halves, which are dead code on most machines, a program
# or a target is to see
my %variants = (json => [qw(json json_text)], media_data => ['media_data']);
my $portable = '-U__SSE2__';

local $ENV{ASAN_OPTIONS} = $ENV{ASAN_OPTIONS} || 'detect_leaks=1';
local $ENV{UBSAN_OPTIONS} = $ENV{UBSAN_OPTIONS} || 'print_stacktrace=1';

my @objects = objects();
my @configs = configs();

for my $source (sort glob("$root/t/unit/*.c")) {
    my $name = basename($source, '.c');

    subtest $name => sub { program($name, $source, \@objects) };

    next if !$variants{$name};

    subtest "$name, $portable" => sub {
        my @linked = @objects;

        for my $unit (@{$variants{$name}}) {
            my $object = "$dir/$unit-variant.o";

            build($object, @c, $portable, '-c', "$root/src/aime_$unit.c")
                or return fail("build aime_$unit.c");
            @linked = map { $_ eq "$dir/aime_$unit.o" ? $object : $_ } @linked;
        }

        program("$name-variant", $source, \@linked);
    };
}

for my $source (sort glob("$root/fuzz/*.c")) {
    my $name = basename($source, '.c');

    # the main program, and what needs the daemon's libraries
    next if $name =~ /^(?:replay|mediad)$/;

    subtest "fuzz/$name" => sub { target($name, $source) };
}

done_testing();


# Every source of floor 0, compiled once; one that does not is a failed test.

sub objects {
    my @made;

    for my $source (sort(glob("$root/src/aime_*.c"),
                         glob("$root/src/aime_*.cpp")))
    {
        my ($name, undef, $suffix) =
            fileparse($source, qr/\.[^.]*/);
        my @compile = $suffix eq '.cpp' ? @cxx : @c;
        my $object = "$dir/$name.o";

        if (build($object, @compile, '-c', $source)) {
            push @made, $object;

        } else {
            fail("build $name$suffix");
        }
    }

    return @made;
}


sub configs {
    my @dirs = grep { -d } "$root/conf", "$root/examples",
                           split(/:/, $ENV{AIME_TEST_CONFIGS} || '');
    my @found;

    if (@dirs) {
        find({ wanted => sub { push @found, $_ if /\.cfg$/ && -f },
               no_chdir => 1 },
             @dirs);
    }

    return sort @found;
}


sub build {
    my ($output, @command) = @_;

    my ($status, $text) = run(@command, '-o', $output);

    diag($text) if $status != 0;

    return $status == 0;
}


# Passes the TAP of a program on: its tests are the tests of the subtest.

sub program {
    my ($name, $source, $objects) = @_;

    build("$dir/$name", @c, $source, @$objects, @libs)
        or return fail("build $name");

    my ($status, $text) = run("$dir/$name", @configs);
    my ($plan, $count, $failed, $comments) = (-1, 0, 0, 0);

    for my $line (split /\n/, $text) {

        if ($line =~ /^1\.\.(\d+)/) {
            $plan = $1;

        } elsif ($line =~ /^(not )?ok\b/) {
            $count++;
            $failed++ if $1;
            $comments = defined $1;
            diag($line) if $1;

        } elsif ($comments || $status > 1) {
            diag($line);
        }
    }

    is($failed, 0, "$count tests, none failed");
    is($count, $plan, 'as many as planned');
    is($status, 0, 'exit status');
}


# A fuzz target over its corpus, with the portable halves of the files that it
# looks at beside the other ones, under other names.

sub target {
    my ($name, $source) = @_;

    my @linked = @objects;

    my @units = @{$variants{$name} || []};
    my @renamed = map { renamed("$root/src/aime_$_.c") } @units;

    for my $unit (@units) {
        my $object = "$dir/$unit-plain.o";

        build($object, @c, $portable, @renamed, '-c', "$root/src/aime_$unit.c")
            or return fail("build $object");
        push @linked, $object;
    }

    build("$dir/fuzz-$name", @c, '-D_GNU_SOURCE', "-I$root/fuzz", $source,
          "$root/fuzz/replay.c", @linked, @libs)
        or return fail("build $name");

    my @corpus = glob("$root/fuzz/corpus/$name/*");
    my ($status, $text) = run("$dir/fuzz-$name", @corpus);

    cmp_ok(scalar @corpus, '>', 0, 'there is a corpus');
    is($status, 0, 'nothing is found in it') or diag($text);
}


# Options of the compiler that give the functions of a file other names.

sub renamed {
    my ($unit) = @_;

    open(my $file, '<', $unit) or die "$unit: $!";

    return map { /^aime_(\w+)\(/ ? "-Daime_$1=plain_$1" : () } <$file>;
}


# Exit status and output of a command, which goes through no shell.

sub run {
    my @command = @_;

    my $pid = open(my $pipe, '-|');
    die "fork: $!" if !defined $pid;

    if ($pid == 0) {
        open(STDERR, '>&', \*STDOUT);
        exec(@command) or do {
            print "cannot run $command[0]: $!\n";
            exit 127;
        };
    }

    my $text = do { local $/; <$pipe> };
    close($pipe);

    return ($? & 127 ? 128 + ($? & 127) : $? >> 8, defined $text ? $text : '');
}
