package AimeTest;

# Tests of several parties: nginx with the module, clients, GPU workers.
#
#   my $srv = start_nginx(endpoints => {echo => {}});
#   my $worker = $srv->worker(job_type => 'echo', gen => 'B');
#   my $client = $srv->client(endpoint => 'echo');
#   my $waiting = $client->submit_p({prompt => 'hi'});      # a promise
#   my ($job) = $worker->login->jobs;
#   $worker->result($job->{job_id}, {text => 'ho'});
#   is(await($waiting)->json->{text}, 'ho');
#
# The error log of every server is checked when the test ends.

use strict;
use warnings;

use Exporter 'import';
use List::Util qw(max);
use Mojo::IOLoop;
use Mojo::UserAgent;
use Scalar::Util qw(weaken);
use Test::More ();
use Time::HiRes qw(time);

use AimeHttp;
use AimeNginx qw(patience free_port module_path default_procs on_valgrind
    on_asan spew slurp);
use AimeParty;

our @EXPORT = qw(start_nginx endpoint_toml server_toml wait_until await
    patience need_fds default_procs on_valgrind on_asan spew slurp
    $CLIENT_KEY $SECOND_KEY $WORKER_KEY);

our $CLIENT_KEY = 'client-key-of-tester';
our $SECOND_KEY = 'client-key-of-second';
our $WORKER_KEY = 'worker-key-of-tests';

my $OWNER = $$;
my @servers;


# A server TOML with these keys; lines for its sections may be added
sub server_toml {
    my (%add) = @_;
    $_ //= '' for @add{qw(clients workers endpoints other)};
    return <<"TOML";
[CLIENTS]
default_authorization_keys = { "tester" = "$CLIENT_KEY", "second" = "$SECOND_KEY" }
default_provide_worker_meta_data = true
$add{clients}
[WORKERS]
default_auth_key = "$WORKER_KEY"
$add{workers}
[ENDPOINTS]
$add{endpoints}
$add{other}
TOML
}


# An endpoint file: name, job_type (default: the name); lines for the sections
# endpoint, worker, clients, inputs (default: a prompt), outputs (default: a
# text), progress
sub endpoint_toml {
    my ($name, %opt) = @_;
    my $text = "{ type = \"string\" }\n";
    my %lines = (job_type => $name, inputs => "prompt = $text",
        outputs => "text = ${text}error = $text", progress => "text = $text",
        endpoint => '', worker => '', clients => '', other => '', %opt);
    return <<"TOML";
[ENDPOINT]
title = "Test of $name"
name = "$name"
version = 1
$lines{endpoint}
[WORKER]
job_type = "$lines{job_type}"
$lines{worker}
[CLIENTS]
$lines{clients}
[INPUTS]
$lines{inputs}
[OUTPUTS]
$lines{outputs}
[PROGRESS.OUTPUTS]
$lines{progress}
$lines{other}
TOML
}


# Options:
#   endpoints      {name => TOML text or {options of endpoint_toml}}
#   server_toml    text (default: server_toml())
#   zone           size (32m)
#   aime           0: nothing of the module in the configuration
#   aime_locations the locations, in place of the drop-in set
#   main, http, server   configuration added at the end of these blocks
#   procs          worker processes (AIME_TEST_PROCS)
#   min_procs      as many at least; the test is skipped where that can't be
#   master         0: master_process off; 1: skipped where that can't be
#   allow          [regexes of error log lines that are no problem]
#   start          0: only write the files
sub start_nginx {
    my (%opt) = @_;
    Test::More::plan(skip_all => 'needs a master process')
        if on_valgrind() && ($opt{master} || ($opt{min_procs} // 1) > 1);
    my $self = bless { port_any => free_port(), zone => '32m', aime => 1,
        %opt }, 'AimeTest';
    $self->{nginx} = AimeNginx->new(
        procs => max($opt{procs} || default_procs(), $opt{min_procs} || 1),
        master => $opt{master} // 1, allow => $opt{allow} || [],
        $opt{level} ? (level => $opt{level}) : ());
    push @servers, $self;
    $self->write_files;
    $self->start if $opt{start} // 1;
    return $self;
}


# Writes configuration and endpoint files; with options, changes them first
# (before a reload)
sub write_files {
    my ($self, %change) = @_;
    @$self{keys %change} = values %change;
    my $conf = $self->dir . '/conf';
    my $endpoints = $self->{endpoints} //= {echo => {}};
    for my $name (keys %$endpoints) {
        my $toml = $endpoints->{$name};
        spew("$conf/endpoints/$name/aime_api_endpoint.cfg",
            ref $toml ? endpoint_toml($name, %$toml) : $toml);
    }
    spew("$conf/server.toml", $self->{server_toml} // server_toml());
    $self->{nginx}->write_conf($self->_conf);
    return $self;
}


sub _conf {
    my ($self) = @_;
    my $nginx = $self->{nginx};
    my $module = module_path();
    die "the module is not built\n" if $self->{aime} && !$module;
    my $zone = !$self->{aime} ? '' : "aime_api_zone aime $self->{zone};\n"
        . "aime_api_server_config server.toml;";
    my $locations = !$self->{aime} ? '' : $self->{aime_locations} // <<'CONF';
aime_api_endpoints endpoints;
location ~ ^/worker_ { aime_api_worker_interface; }
location /api/ { aime_api_info; }
location = /stream_progress { aime_api_stream; }
CONF
    my ($main, $http, $server) = map { $_ // '' } @$self{qw(main http server)};
    return $nginx->preamble($self->{aime} ? $module : ()) . <<"CONF";
$main
events { worker_connections 8192; }
http {
@{[$nginx->http_preamble]}
client_max_body_size 32m;
keepalive_requests 1000000;
keepalive_timeout 600s;
add_header X-Pid \$pid always;
$zone
$http
server {
listen 127.0.0.1:@{[$self->port]};
listen 127.0.0.1:$self->{port_any} reuseport;
location = /test/pid { return 200 \$pid; }
$locations
$server
}
}
CONF
}


sub nginx { return $_[0]{nginx} }

sub port { return $_[0]{nginx}->port }

sub url { return 'http://127.0.0.1:' . $_[0]->port . ($_[1] // '') }

# What AimeNginx does

sub dir { return $_[0]{nginx}->dir }

sub start {
    my ($self) = @_;
    return 1 if $self->{nginx}->start;
    die "nginx did not start\n" . $self->{nginx}->tail;
}

sub reload { my ($self, @opt) = @_; return $self->{nginx}->reload(@opt) }

sub stop { my ($self, @opt) = @_; return $self->{nginx}->stop(@opt) }

sub kill { my ($self) = @_; return $self->{nginx}->kill }

sub kill_proc { my ($self, @opt) = @_; return $self->{nginx}->kill_proc(@opt) }

sub procs { return $_[0]{nginx}->procs }

sub draining { return $_[0]{nginx}->draining }

sub log { return $_[0]{nginx}->log }

sub check_conf { return $_[0]{nginx}->check_conf }

# More log lines that are no problem
sub allow { my ($self, @add) = @_; push @{$self->{nginx}{allow}}, @add; return }


# Memory of processes in kB, summed: {VmRSS, RssAnon, RssShmem}
sub rss {
    my ($self, @pids) = @_;
    my %sum;
    for my $pid (@pids ? @pids : $self->procs) {
        my $status = slurp("/proc/$pid/status");
        $sum{$1} += $2 while $status =~ /^(VmRSS|RssAnon|RssShmem):\s+(\d+)/mg;
    }
    return \%sum;
}


# What a location /zone says of the zone, once the requests that end by closing
# connections have ended
sub zone_used {
    my ($self) = @_;
    my ($last, $same) = ('', 0);
    wait_until(sub {
        my $now = $self->get('/zone')->body;
        $same = $now eq $last ? $same + 1 : 0;
        $last = $now;
        return $same == 20;
    });
    return $last;
}


# A plain keep-alive connection (AimeHttp), to whatever process
sub conn {
    my ($self, %opt) = @_;
    my $conn = AimeHttp->new(port => $self->{port_any}, %opt);
    push @{$self->{conns}}, $conn;
    weaken($self->{conns}[-1]);
    return $conn;
}


# One that ends in that process
sub conn_to_pid {
    my ($self, $pid, %opt) = @_;
    for (1 .. 500) {
        my $conn = $self->conn(%opt);
        my $answer = $conn->request(GET => '/test/pid') or next;
        return $conn if $answer->body == $pid;
        $conn->close;
    }
    die "no connection ends in process $pid\n";
}


# One to each process: (pid => conn, …)
sub conn_to_each {
    my ($self) = @_;
    return map { $_ => $self->conn_to_pid($_) } $self->procs;
}


# Many at once, spread over the processes (AimeHttp::Crowd)
sub crowd {
    my ($self, $count, $request) = @_;
    my $crowd = AimeHttp::Crowd->new({port => $self->{port_any}}, $count,
        $request);
    push @{$self->{conns}}, $crowd;
    weaken($self->{conns}[-1]);
    return $crowd;
}


# One request on a connection of its own; dies without an answer
sub request {
    my ($self, @request) = @_;
    my $conn = AimeHttp->new(port => $self->port, timeout => 30);
    my $answer = $conn->request(@request) or die "no answer: @request[0, 1]\n";
    $conn->close;
    return $answer;
}

sub get { my ($self, @request) = @_; return $self->request(GET => @request) }

sub post { my ($self, @request) = @_; return $self->request(POST => @request) }


# The same as a promise of the answer
sub request_p {
    my ($self, $method, $path, $body, %headers) = @_;
    my $ua = $self->{ua} //= Mojo::UserAgent->new(max_connections => 0,
        inactivity_timeout => 0, request_timeout => 0, max_response_size => 0);
    my $tx = $ua->build_tx($method => $self->url($path), \%headers,
        ref $body ? (json => $body) : $body // ());
    return $ua->start_p($tx)->then(sub {
        my $answer = shift->res;
        return bless { status => $answer->code, body => $answer->body,
            headers => { map { lc($_) => $answer->headers->header($_) }
                @{$answer->headers->names} } }, 'AimeHttp::Response';
    });
}


# AimeParty::Worker: name, job_type, gen ('A' or 'B'), key, batch, conn
sub worker {
    my ($self, %opt) = @_;
    return AimeParty::Worker->new(srv => $self, key => $WORKER_KEY, %opt);
}


# AimeParty::Client: endpoint, key, user, conn
sub client {
    my ($self, %opt) = @_;
    return AimeParty::Client->new(srv => $self, key => $CLIENT_KEY,
        user => 'tester', %opt);
}


# What a promise comes to; dies when it is refused or takes too long
sub await {
    my ($promise, $timeout) = @_;
    my ($done, $value, $error);
    $promise->then(sub { ($done, $value) = (1, @_) },
        sub { ($done, $error) = (1, @_) });
    wait_until(sub { $done }, $timeout // 30) or die "a promise not kept\n";
    die $error if defined $error;
    return $value;
}


# As AimeNginx's, but promises go on meanwhile
sub wait_until {
    my ($see, $timeout) = @_;
    my $end = time + patience($timeout // 10);
    my $tick = Mojo::IOLoop->recurring(0.002 => sub { });
    my $seen;
    Mojo::IOLoop->one_tick until ($seen = $see->()) || time > $end;
    Mojo::IOLoop->remove($tick);
    return $seen;
}


# Starts the test again with a higher limit of open files where it needs more
sub need_fds {
    my ($count) = @_;
    my ($soft, $hard) = slurp('/proc/self/limits')
        =~ /^Max open files\s+(\d+)\s+(\d+)/m or return;
    return if $soft >= $count;
    Test::More::plan(skip_all => "needs $count open files") if $hard < $count;
    exec '/bin/sh', '-c', 'ulimit -n "$0" && exec "$@"', $count, $^X,
        (map { "-I$_" } @INC), $0, @ARGV;
}


# The last word: what the error logs say, also after a die
END {
    my $status = $?;
    my $ok = Test::More->builder->is_passing && !$status;
    for my $self ($$ == $OWNER ? @servers : ()) {
        my $nginx = $self->{nginx};
        $_ && $_->close for @{$self->{conns}};
        delete $self->{ua};
        $nginx->stop(3) if $nginx->pid;
        my @problems = $nginx->problems;
        Test::More::diag("in the error log: $_") for @problems;
        Test::More::diag($nginx->tail) if !$ok;
        $status ||= 1 if @problems;
    }
    $? = $status;
}


1;
