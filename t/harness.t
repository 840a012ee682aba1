# The library of the other tests, on nginx without the module.  Guards against
# a harness that talks to another process than it says, takes an old process
# for a new one, leaves servers behind, or lets an alert pass.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

need_fds(2048);

my $srv = start_nginx(aime => 0, min_procs => 2, master => 1,
    server => 'location = /slow { limit_rate 1; return 200 "slow answer"; }');
my @procs = $srv->procs;

reaching();
many();
reloading();
killing();
failing();
done_testing();


sub reaching {
    my %conn = $srv->conn_to_each;
    for my $pid (@procs) {
        is($conn{$pid}->request(GET => '/test/pid')->pid, $pid,
            'a connection stays in its process') for 1 .. 2;
    }
    is(await($srv->request_p(GET => '/test/pid'))->status, 200, 'a promise');
    my $none = $srv->conn->send_raw("GET / HTTP/1.1\r\n")->read_response(0.05);
    ok(!$none, 'no answer to half a request');
    return;
}


sub many {
    my $crowd = $srv->crowd(1000, sub { (GET => '/test/pid') });
    is($crowd->wait_for, 1000, 'a thousand connections at once');
    my %by_pid = map { $_->body => 1 } $crowd->answers;
    is_deeply([sort keys %by_pid], [sort @procs], 'in all the processes');
    is($crowd->waiting, 0, 'none waits');
    ok($srv->rss->{VmRSS} > 1000, 'they need memory');
    return;
}


sub reloading {
    my $slow = $srv->conn_to_pid($procs[0])->send_request(GET => '/slow');
    ok(!$slow->read_response(0.05), 'a request is waiting');
    ok($srv->reload, 'reload');
    ok(wait_until(sub { "@{[$srv->draining]}" eq $procs[0] }),
        'the process with the request lives on');
    ok(!(grep { $_ eq $procs[0] } $srv->procs), 'and is none that serves');
    $slow->close;
    ok(wait_until(sub { !$srv->draining }), 'gone with its request');

    $srv->write_files(server => 'nonsense;');
    my ($status, $output) = $srv->check_conf;
    is($status, 1, 'nginx -t');
    like($output, qr/unknown directive "nonsense" in .*nginx\.conf:\d+/,
        'and what it says');
    $srv->allow(qr/unknown directive "nonsense"/);
    ok(!$srv->reload, 'a reload that nginx refuses');
    return;
}


sub killing {
    my ($pid) = $srv->procs;
    ok($srv->kill_proc($pid), 'another process instead of a killed one');
    is_deeply([$srv->nginx->problems], [], 'which is no problem');

    # what nginx says of one that had the lock just then, and of any other
    my $log = $srv->dir . '/logs/error.log';
    my $locked = '1970/01/01 00:00:00 [alert] 1#1: shared memory zone "aime"'
        . ' was locked by';
    my $whole = slurp($log);
    spew($log, "$whole$locked $pid\n");
    is_deeply([$srv->nginx->problems], [], 'nor if it had the lock');
    spew($log, "$whole$locked 1\n");
    is_deeply([$srv->nginx->problems], ["$locked 1"], 'another must not have');
    spew($log, $whole);
    ok($srv->stop, 'a graceful stop');
    return;
}


# A test that must fail: {exit status, what it printed, the server's pid}
sub run_test {
    my ($what) = @_;
    my $path = $srv->dir . '/failing.t';
    spew($path, <<"PERL");
use strict;
use warnings;
use Test::More;
use AimeTest;
my \$srv = start_nginx(aime => 0);
diag('pid=' . \$srv->nginx->pid);
pass('one');
$what
done_testing();
PERL
    my $output = `$^X -It/lib $path 2>&1`;
    my ($pid) = $output =~ /pid=(\d+)/;
    return { status => $?, output => $output, pid => $pid };
}


sub failing {
    my %tests = (
        'an alert' => 'open my $log, ">>", $srv->dir . "/logs/error.log"; '
            . 'print $log "x [alert] 1#1: bad\n"; close $log;',
        'a killed process' => 'kill KILL => ($srv->procs)[0]; '
            . 'wait_until(sub { $srv->log =~ /exited on signal 9/ });',
        'a die' => 'die "dead\n";',
        'a Ctrl-C' => 'kill INT => $$; wait_until(sub { 0 });',
    );
    is(run_test('')->{status}, 0, 'a test that passes');
    for my $name (sort keys %tests) {
        my $run = run_test($tests{$name});
        isnt($run->{status}, 0, "$name makes a test fail") or diag explain $run;
        ok(!-d "/proc/$run->{pid}", 'and its server is gone');
    }
    return;
}
