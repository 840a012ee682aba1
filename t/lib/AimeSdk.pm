package AimeSdk;

# The official client of OpenAI's API against the server under test: installs
# the package (t/openai/package-lock.json) below build/, runs a script of
# t/openai/ with node, and plays the workers whose answers the scripts expect.
#
# A worker that is to go on only when the client has seen something waits for a
# gate: a file that the script makes; and the other way round.

use strict;
use warnings;

use Exporter 'import';
use File::Basename qw(dirname);
use File::Copy qw(copy);
use File::Path qw(make_path);
use File::Spec;
use File::Temp qw(tempdir);
use IO::Handle;
use MIME::Base64 qw(encode_base64);
use Mojo::JSON qw(decode_json encode_json true);
use POSIX qw(_exit);
use Test::More;

use AimeNginx qw(patience wait_until slurp spew);
use AimeOpenai qw(wav);

our @EXPORT = qw(sdk_install sdk_modules sdk_workers sdk_script);

my $ROOT  = File::Spec->rel2abs(dirname(dirname(dirname(__FILE__))));
my $FROM  = "$ROOT/t/openai";
my $TO    = "$ROOT/build/openai-sdk";
my $GATES = tempdir('aime-gates-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $OWNER = $$;
my @workers;

END { kill KILL => @workers if $$ == $OWNER }


# Nothing, or why the package cannot be had here; dies when it should be
sub sdk_install {
    for my $tool (qw(node npm)) {
        return "no $tool here" if system("command -v $tool >/dev/null 2>&1");
    }
    make_path($TO);
    copy($_, $TO) or die "$_: $!\n" for glob "$FROM/*";
    my $lock = slurp("$FROM/package-lock.json");
    return if slurp("$TO/installed") eq $lock;
    my $said = `cd '$TO' && npm ci --no-audit --no-fund \\
        --engine-strict=false --fetch-retries=1 \\
        --fetch-retry-mintimeout=1000 2>&1`;
    if ($? == 0) {
        spew("$TO/installed", $lock);
        return;
    }
    my ($code) = $said =~ /npm (?:ERR!|error) code (\w+)/;
    return "npm reaches no registry ($code)" if ($code // '')
        =~ /^(?:E(?:NOTFOUND|AI_AGAIN|CONN\w+|TIMEDOUT|NETUNREACH|HOSTUNREACH
            |SOCKETTIMEOUT|NOTCACHED))$/x;
    die "npm ci failed:\n$said";
}


# Where it is installed
sub sdk_modules { return "$TO/node_modules" }


# Runs a script: a test for each line that it says ok or not ok to
sub sdk_script {
    my ($srv, $name, %env) = @_;
    local %ENV = (%ENV, AIME_URL => $srv->url, AIME_GATES => $GATES,
        AIME_SECONDS => patience(60), %env);
    delete @ENV{grep { /^OPENAI_/ } keys %ENV};
    my ($tests, $planned, @notes) = (0, -1);
    open my $out, '-|', "cd '$TO' && exec node '$name.mjs' 2>&1"
        or die "node: $!\n";
    while (<$out>) {
        chomp;
        if (/^1\.\.(\d+)$/) {
            $planned = $1;
        } elsif (/^(not )?ok - (.*)/) {
            $tests++;
            $1 ? fail($2) : pass($2);
        } else {
            diag($_);
        }
    }
    close $out;
    is($?, 0, "$name.mjs ends well");
    is($tests, $planned, 'with all its tests');
    return;
}


# One process for each: job type => what it does with a job.  Those whose names
# begin with gated wait for a gate of that name before they take any.
sub sdk_workers {
    my ($srv, %does) = @_;
    for my $type (sort keys %does) {
        my $pid = fork // die "fork: $!\n";
        if ($pid) {
            push @workers, $pid;
            next;
        }
        eval { _work($srv, $type, $does{$type}); 1 } or print STDERR "# $@";
        _exit(1);
    }
    return;
}


sub _work {
    my ($srv, $type, $does) = @_;
    my $gate = $type =~ /^gated/;
    _gate($type) if $gate;
    my $worker = $srv->worker(job_type => $type, name => "sdk-$type",
        conn => $srv->conn(timeout => 600))->login;
    while (getppid == $OWNER) {
        for my $job ($worker->jobs) {
            my $outputs = $does->($job, sub { _report($worker, $job, @_) })
                or next;
            $worker->result($job->{job_id}, $outputs);
        }
    }
    return;
}


# Progress; true if the job is canceled
sub _report {
    my ($worker, $job, $data) = @_;
    return $worker->progress($job->{job_id}, 0, $data)->json->[0]{canceled};
}


sub _gate {
    my ($name) = @_;
    wait_until(sub { -e "$GATES/$name" || getppid != $OWNER }, 600)
        && -e "$GATES/$name" or die "nobody opened the gate $name\n";
    return;
}


# What the workers do, by job type

my %seen;

sub chat {
    my ($job, $report) = @_;
    my $last = $job->{chat_context} ? $job->{chat_context}[-1]{content}
        : $job->{prompt_input};
    $last = join '', map { $_->{text} } @$last if ref $last;
    my %count = (prompt_length => 5, num_generated_tokens => 3);
    if ($last eq 'report') {
        return {text => encode_json(\%seen), %count};
    }
    %seen = (job => $job);
    if ($last =~ /^words (\S+)$/) {
        $report->({text => "one \x{20ac}"});
        _gate($1);
        $report->({text => "one \x{20ac} two"});
        return {text => "one \x{20ac} two three", %count};
    }
    if ($last =~ /^endless (\S+)$/) {
        my $text = 'on';
        spew("$GATES/$1", '');
        until ($seen{canceled} = $report->({text => $text})) {
            select undef, undef, undef, 0.01;
            $text .= ' and on' if length $text < 1000;
        }
        return {text => $text, %count};
    }
    return {error => 'the GPU is on fire'} if $last eq 'fail';
    return {text => '', %count, tool_calls => [{id => 'call_1',
        type => 'function', function => {name => 'weather',
        arguments => '{"city":"Berlin"}'}}]} if $job->{tools};
    return {text => '{"answer":42}', %count} if $job->{response_format};
    return {text => "You said: $last", %count, finish_reason => 'stop'};
}


# Looks up each city that the talk asks for, and says what it was told: by the
# tools whose answers come last
sub agent {
    my ($job, $report) = @_;
    my @talk = @{$job->{chat_context} // $job->{messages}};
    my (@told, %asked);
    unshift @told, pop @talk while @talk && $talk[-1]{role} eq 'tool';
    my %count = (prompt_length => scalar @talk, num_generated_tokens => 3);
    if (!@told) {
        return {text => '', %count} if !$job->{tools};
        my $text = _text($talk[-1]{content});
        my $n = 0;
        return {text => 'I look.', reasoning_content => "Where is $text?",
            %count, tool_calls => [map { {id => 'call_' . ++$n, type =>
            'function', function => {name => 'weather', arguments =>
            encode_json({city => $_})}} } split / /, $text]};
    }
    for my $call (@{$talk[-1]{tool_calls}}) {
        $asked{$call->{id}} = decode_json($call->{function}{arguments});
    }
    my $said = join ', ', map { "$asked{$_->{tool_call_id}}{city}: "
        . _text($_->{content}) } @told;
    $report->({text => substr $said, 0, length($said) / 2});
    return {text => $said, %count};
}


sub _text {
    my ($content) = @_;
    return ref $content ? join '', map { $_->{text} } @$content : $content;
}


sub embed {
    my ($job) = @_;
    my $size = $job->{dimensions} // 4;
    return {prompt_length => scalar @{$job->{input}}, embedding => [ map {
        my $length = ref ? scalar @$_ : length;
        [map { ($length + $_) / 8 } 0 .. $size - 1]
    } @{$job->{input}} ]};
}


sub paint {
    my ($job, $report) = @_;
    if ($job->{prompt} =~ /^slowly (\S+)$/) {
        $report->({progress_images => [encode_base64('preview', '')]});
        _gate($1);
    }
    return {images => [map { 'data:image/png;base64,' . encode_base64(
        "\x89PNG\r\n\x1a\n$job->{prompt} $_ of $job->{width}x$job->{height}",
        '') } 1 .. $job->{n} // 1]};
}


sub speak {
    my ($job) = @_;
    return {audio_output => 'data:audio/wav;base64,'
        . encode_base64(wav(length $job->{text}), '')};
}


# Tells of the sound how long it is
sub hear {
    my ($job) = @_;
    my ($base64) = $job->{audio_input} =~ /base64,(.*)/s;
    my $bytes = length MIME::Base64::decode_base64($base64);
    return {result => "$bytes bytes, " . ($job->{language} // 'unknown'),
        language => 'german', duration => 1.5,
        segments => [{id => 0, start => 0, end => 1.5, text => "$bytes"}],
        words => [{word => "$bytes", start => 0, end => 1.5}]};
}


1;
