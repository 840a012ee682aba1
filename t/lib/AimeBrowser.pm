package AimeBrowser;

# Pages in a real headless Chromium.  A scenario, a JavaScript module in
# t/browser, clicks and looks; whatever it asks meanwhile, this side does: as a
# worker, as another client, or by itself.
#
#   use AimeBrowser qw(need_browser scenario);
#   need_browser();                               # or the test is skipped
#   scenario('t/browser/play.mjs', url => $srv->url,
#       ask => {take => sub { ($worker->jobs)[0] }});
#
# In the scenario: const job = await ask('take').  Its verdicts are those of the
# test.  t/browser/drive.mjs has the tools that a scenario gets.
#
# npm puts what drives the browser into build/browser, once.  Pictures that
# scenarios take (shot) go to build/shots.  AIME_CHROMIUM names the browser.

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter 'import';
use Fcntl qw(LOCK_EX);
use File::Basename qw(dirname);
use File::Copy qw(copy);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use IPC::Open2 qw(open2);
use Mojo::JSON qw(decode_json encode_json);
use Mojo::Util qw(encode);
use Test::More ();

use AimeNginx qw(patience on_valgrind slurp spew);

our @EXPORT_OK = qw(need_browser scenario);

my $ROOT    = dirname(dirname(dirname(abs_path(__FILE__))));
my $MODULES = "$ROOT/build/browser";
my $SILENCE = 120;                  # seconds without a word from a scenario

my %running;                        # pids of node


# Skips the test where there is no browser, or nothing to drive it with
sub need_browser {
    my $reason = missing();
    Test::More::plan(skip_all => $reason) if $reason;
    return;
}


sub missing {
    return 'a browser is no match for valgrind' if on_valgrind();
    return 'no Chromium here (Debian: chromium)' if !chromium();
    return 'no Node.js here (Debian: nodejs)' if !in_path('node');
    my ($major) = `node --version` =~ /^v(\d+)/;
    return 'Node.js is older than 18' if ($major // 0) < 18;
    return driver();
}


sub chromium {
    my ($found) = grep { defined && -x } $ENV{AIME_CHROMIUM},
        in_path('chromium'), in_path('chromium-browser');
    return $found;
}


sub in_path {
    my ($name) = @_;
    my ($found) = grep { -x } map { "$_/$name" } split /:/, $ENV{PATH};
    return $found;
}


# Installs what package-lock.json names, unless it is there; why that can't be,
# or nothing.  Tests that run at once wait for the first.
sub driver {
    make_path($MODULES);
    open my $lock, '>', "$MODULES/lock" or die "$MODULES/lock: $!\n";
    flock $lock, LOCK_EX or die "flock: $!\n";
    my $wanted = slurp("$ROOT/t/browser/package-lock.json");
    return if slurp("$MODULES/installed") eq $wanted;
    return 'no npm here (Debian: npm)' if !in_path('npm');
    copy("$ROOT/t/browser/$_", "$MODULES/$_") or die "$_: $!\n"
        for qw(package.json package-lock.json);
    my $said = `cd '$MODULES' && npm ci --ignore-scripts --no-audit \\
        --no-fund --no-update-notifier 2>&1`;
    return 'npm ci failed: ' . join ' ', grep { length } split /\s+/,
        substr $said, 0, 300 if $?;
    spew("$MODULES/installed", $wanted);
    return;
}


# Options: url (of the server), ask (answers to the scenario's questions, each
# a function of the question's arguments), given (more for the scenario)
sub scenario {
    my ($file, %opt) = @_;
    my $home = tempdir('aime-browser-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);
    local @ENV{qw(HOME XDG_CONFIG_HOME XDG_CACHE_HOME)} = ($home) x 3;
    my $pid = open2(my $out, my $in, 'node', "$ROOT/t/browser/drive.mjs",
        abs_path($file));
    $running{$pid} = 1;
    $in->autoflush(1);
    print $in encode_json({url => $opt{url}, modules => $MODULES,
        chromium => chromium(), shots => "$ROOT/build/shots",
        patience => patience(1), given => $opt{given} // {}}), "\n";
    while (defined(my $line = next_line($pid, $out))) {
        heard($in, $opt{ask} // {}, decode_json($line));
    }
    waitpid $pid, 0;
    delete $running{$pid};
    Test::More::is($?, 0, "$file ended");
    return;
}


# Undefined at the end; a scenario that says nothing any more is ended
sub next_line {
    my ($pid, $out) = @_;
    my $line;
    local $SIG{ALRM} = sub {
        Test::More::diag('the scenario hangs');
        kill TERM => $pid;
    };
    alarm patience($SILENCE);
    $line = <$out>;
    alarm 0;
    return $line;
}


sub heard {
    my ($in, $answers, $message) = @_;
    return Test::More::note(encode('UTF-8', $message->{note}))
        if exists $message->{note};
    if (exists $message->{ok}) {
        my ($name, $diag) = map { encode('UTF-8', $_ // '') }
            @$message{qw(name diag)};
        Test::More::ok($message->{ok}, $name) or Test::More::diag($diag);
        return;
    }
    my $do = $answers->{$message->{ask}};
    my $answer = eval {
        die "nobody knows\n" if !$do;
        $do->(@{$message->{args}});
    };
    my $error = $@;
    print $in encode_json(length $error ? {error => $error =~ s/\n\z//r}
        : {answer => $answer}), "\n";
    return;
}


# Playwright ends its browser on this signal
END {
    my $status = $?;
    for my $pid (keys %running) {
        kill TERM => $pid;
        waitpid $pid, 0;
    }
    $? = $status;
}


1;
