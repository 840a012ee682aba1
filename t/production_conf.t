# What conf/production promises: every line is explained, and its three doors let
# in whom they say.  Guards against an example for production that does not load,
# lets workers in from everywhere, or writes keys into logs.

use strict;
use warnings;

use lib 't/lib';
use File::Path qw(make_path);
use Mojo::JSON qw(decode_json encode_json false);
use Test::More;
use AimeNginx qw(free_port module_path on_valgrind slurp spew wait_until);

plan skip_all => 'needs a master process' if on_valgrind();
plan skip_all => 'the module is not built' if !module_path();
plan skip_all => 'needs curl with HTTP/2'
    if `curl --version 2>/dev/null` !~ /^Features:.*\bHTTP2\b/m;
plan skip_all => 'needs openssl' if system('command -v openssl >/dev/null');

my $CONF = slurp('conf/production/nginx.conf');
my $UNIT = slurp('conf/production/nginx.service.d/aime.conf');
my %KEY = (client => 'demo-client-key-replace-me',
    worker => 'demo-worker-key-replace-me');

my $nginx = AimeNginx->new(wrap => [powers()], allow => [
    qr/limiting (?:requests|connections)|client SSL certificate verify/]);
my $dir = $nginx->dir;
my %port = map { $_ => free_port() } qw(clients workers operators);
my %url = (clients => "https://api.example.com:$port{clients}",
    workers => "https://workers.example.com:$port{workers}",
    operators => "http://127.0.0.1:$port{operators}");
my %gpu = certificates();

explained();
loads();
$nginx->start or die $nginx->tail;
clients();
workers();
job();
operators();
logins();
by_address();
logs();
ok($nginx->stop(60), 'nginx stops');
is_deeply([$nginx->problems], [], 'without a complaint');
done_testing();


# The powers that the unit leaves to root, where we are root
sub powers {
    return () if $> != 0 || system('command -v setpriv >/dev/null');
    my @names = map { map { lc s/^CAP_//r } split ' ' }
        $UNIT =~ /^CapabilityBoundingSet=(.*)$/mg;
    die "no powers in the unit\n" if !@names;
    return ('setpriv', '--no-new-privs',
        '--bounding-set=' . join ',', '-all', map { "+$_" } @names);
}


# Each paragraph with a directive says what for
sub explained {
    for (['nginx.conf', $CONF], ['nginx.service.d/aime.conf', $UNIT]) {
        my ($name, $text) = @$_;
        my @silent = grep { !/^\s*#/m && /^\s*\w+.*[;=]/m && !/\A\s*\}/ }
            split /\n\s*\n/, $text;
        is_deeply(\@silent, [], "$name: every line is explained");
    }
    return;
}


sub openssl {
    my (@arguments) = @_;
    system('openssl', @arguments, '-out', pop @arguments) == 0
        or die "openssl @arguments\n";
    return;
}


# An authority, certificates by it, and one by nobody
sub certificates {
    my $tls = "$dir/conf/tls";
    make_path($tls);
    my @new = qw(req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1
        -nodes -days 2);
    my $make = sub {
        my ($name, $key, @more) = @_;
        system("openssl", @new, '-keyout', "$tls/$key", '-out', "$tls/$name",
            '-subj', @more) == 0 or die "no certificate\n";
    };
    open my $stderr, '>&', \*STDERR;
    open STDERR, '>', '/dev/null';
    $make->("$_.pem", "$_.key", "/CN=$_", '-addext', "subjectAltName=DNS:$_")
        for qw(api.example.com workers.example.com);
    $make->('gpu-hosts-ca.pem', 'ca.key', '/CN=GPU hosts');
    $make->('foreign.pem', 'foreign.key', '/CN=gpu-1');
    system("cd $tls && openssl req -newkey ec -nodes -subj /CN=gpu-1"
        . ' -pkeyopt ec_paramgen_curve:prime256v1 -keyout gpu.key -out gpu.csr'
        . ' && openssl x509 -req -days 2 -in gpu.csr -CA gpu-hosts-ca.pem'
        . ' -CAkey ca.key -CAcreateserial -out gpu.pem') == 0
        or die "no certificate\n";
    open STDERR, '>&', $stderr;
    return map { $_ => ['--cert', "$tls/$_.pem", '--key', "$tls/$_.key"] }
        qw(gpu foreign);
}


# nginx.conf, of which nothing is read or written elsewhere
sub local_conf {
    my $conf = $CONF;
    my $user = $> == 0 ? 'user www-data;' : '';
    my ($http, $module) = ($nginx->http_preamble, module_path());
    for ($conf) {
        my $load = $ENV{AIME_STATIC} ? '' : "load_module $module;";
        s{^include /etc/nginx/modules-enabled.*$}{daemon off; $load}m
            or die "no modules\n";
        s{^user .*$}{$user}m or die "no user\n";
        s{^(worker_processes) .*}{$1 2;}m or die "no processes\n";
        s{^worker_rlimit_nofile .*}{}m;
        s{^( *worker_connections) .*}{$1 1024;}m;
        s{/etc/nginx/}{$dir/conf/}g;
        s{/var/log/nginx/}{$dir/logs/}g;
        s{/run/}{$dir/logs/}g;
        s{/usr/share/ngx-http-aime-api/ui/}{$dir/conf/ui/}g;
        s{^ *listen \[::\].*\n}{}m or die "no IPv6\n";
        s{^ *listen \K443 }{127.0.0.1:$port{clients} }m or die "no clients\n";
        s{^ *listen \K8443 }{127.0.0.1:$port{workers} }m or die "no workers\n";
        s{^ *listen 127.0.0.1:\K9100;}{$port{operators};}m
            or die "no operators\n";
        s{backlog=\d+}{backlog=128}g;
        s/^http \{\n/http {\n$http/m or die "no http\n";
    }
    return $conf;
}


sub loads {
    system('cp', '-R', 'ui', "$dir/conf/ui") == 0 or die "no pages\n";
    system('cp', '-R', 'conf/endpoints', 'conf/aime_api_server.cfg',
        make_path("$dir/conf/aime") ? "$dir/conf/aime" : die) == 0
        or die "no files\n";
    $nginx->write_conf(local_conf());
    my ($status, $output) = $nginx->check_conf;
    is($status, 0, 'nginx -t') or die $output;
    my @warnings = grep { /\[warn\]/ && !/"listen ... http2" directive/ }
        split /\n/, $output . $nginx->log;
    is_deeply(\@warnings, [], 'without a warning');
    return;
}


# Starts curl; the handle to read the answer from
sub curl {
    my ($door, $path, $body, @more) = @_;
    my ($host) = $url{$door} =~ m{//([^:]+)};
    my $trust = $door eq 'operators' ? '/dev/null' : "$dir/conf/tls/$host.pem";
    push @more, '-d', ref $body ? encode_json($body) : $body if defined $body;
    open my $out, '-|', 'curl', '-sS', '-i', '--max-time', 30, '--cacert',
        $trust, '--resolve', "$host:$port{$door}:127.0.0.1", @more,
        $url{$door} . $path or die "curl: $!\n";
    return $out;
}

# (status, head, body as JSON or text, version)
sub answer {
    my ($out) = @_;
    local $/;
    my ($head, $body) = split /\r\n\r\n/, scalar(<$out>) // '', 2;
    close $out;
    my ($version, $status) = ($head // '') =~ m{^HTTP/(\S+) (\d+)}
        or return (0, '', '', '');
    my $json = eval { decode_json($body) };
    return ($status, $head, $json // $body, $version);
}

sub asked { return answer(scalar curl(@_)) }


sub clients {
    my ($status, $head, $json, $version) = asked(clients => '/api/endpoints');
    is($status, 200, 'endpoints');
    is($version, 2, 'over HTTP/2');
    like($head, qr/^strict-transport-security: max-age=31536000\r?$/mi,
        'TLS only');
    like($head, qr/^server: nginx\r?$/mi, 'no version');
    ($status) = asked(clients => '/api/endpoints', undef, '--tls-max', '1.2',
        '--stderr', '/dev/null');
    is($status, 0, 'no TLS 1.2');
    for my $path (qw(/worker_login /worker_job_request /worker_job_result)) {
        ($status, $head, $json) = asked(clients => $path, {auth => 'x'});
        is($status, 404, "$path is not there");
        is_deeply($json->{error}, ['Not found'], 'in JSON');
    }
    ($status, $head, $json) = asked(clients => '/nothing');
    is_deeply([$status, $json->{error}], [404, ['Not found']], 'nor is this');
    for my $path (qw(/status /admin/)) {
        ($status) = asked(clients => $path);
        is($status, 404, "$path is not for clients");
    }
    return;
}


sub login_body {
    return {worker_parameters => {auth => 'gpu-1', job_type => 'scalars',
        auth_key => $KEY{worker}}, model_parameters => {}};
}


sub workers {
    my ($status, undef, $json) = asked(workers => '/worker_login',
        login_body());
    is_deeply([$status, $json->{error}], [403, ['No GPU host']],
        'a worker without a certificate');
    ($status) = asked(workers => '/worker_login', login_body(),
        @{$gpu{foreign}});
    is($status, 400, 'with one of another authority');
    ($status, undef, $json) = asked(workers => '/worker_login', login_body(),
        @{$gpu{gpu}});
    is_deeply([$status, !!$json->{success}], [200, !!1], 'with one of ours')
        or diag(explain($json));
    my $body = login_body();
    $body->{worker_parameters}{auth_key} = 'wrong';
    ($status, undef, $json) = asked(workers => '/worker_login', $body,
        @{$gpu{gpu}});
    ok(!$json->{success}, 'which does not replace the key of the job type');
    ($status) = asked(workers => '/scalar_types', {}, @{$gpu{gpu}});
    is($status, 404, 'no client gets in there');
    return;
}


sub job {
    my @worker = (auth => 'gpu-1', auth_key => $KEY{worker});
    my $polls = curl(workers => '/worker_job_request',
        {@worker, max_job_batch => 1}, @{$gpu{gpu}});
    my $waits = curl(clients => '/scalar_types', {key => $KEY{client},
        label => 'x', steps => 32});
    my ($status, undef, $json) = answer($polls);
    my $job = $json->{job_data}[0] // {};
    ok($job->{job_id}, 'a long poll gets the job') or return;
    ($status, undef, $json) = asked(workers => '/worker_job_result', {@worker,
        job_id => $job->{job_id}, job_type => 'scalars', label => 'done'},
        @{$gpu{gpu}});
    is($json->{cmd}, 'ok', 'the result');
    ($status, undef, $json) = answer($waits);
    is_deeply([$status, !!$json->{success}], [200, !!1],
        'and the client its answer');
    return;
}


sub operators {
    my ($status, undef, $text) = asked(operators => '/status/metrics');
    is($status, 200, 'metrics');
    like($text, qr/^aime_jobs_finished_total\{.*scalar_types.*success"\} 1$/m,
        'of that job');
    ($status) = asked(operators => '/status/health/ready');
    is($status, 200, 'health');
    ($status) = asked(operators => '/admin/jobs');
    is($status, 403, 'no administration without a password');

    open my $many, '-|', 'curl', '-s', '-o', '/dev/null', '-w',
        '%{http_code} ', "$url{operators}/admin/jobs?[1-600]"
        or die "curl: $!\n";
    my %seen = map { $_ => 1 } split ' ', do { local $/; <$many> };
    close $many;
    ok($seen{429}, 'nor any number of tries') or diag(join ' ', keys %seen);

    # where the page looks for it
    ($status, undef, $text) = asked(operators => '/aime/');
    is($status, 200, 'the dashboard is beside it');
    like($text, qr{id="admin" href="\.\./admin/"}, 'and finds it');
    ($status) = asked(workers => '/aime/', undef, @{$gpu{gpu}});
    is($status, 404, 'and nowhere else');
    return;
}


sub logins {
    my %seen;
    for (1 .. 14) {
        my ($status, undef, $json) = asked(clients =>
            "/scalar_types/login?user=demo&key=$KEY{client}");
        $seen{$status}++;
        ok(ref $json, 'in JSON') if $status == 429 && $seen{429} == 1;
    }
    cmp_ok($seen{200} // 0, '>=', 10, 'logins');
    cmp_ok($seen{429} // 0, '>', 0, 'not any number of them');
    my ($status) = asked(clients => '/api/endpoints');
    is($status, 200, 'other routes go on');
    return;
}


# Without a certificate, from the network of the GPU hosts
sub by_address {
    $nginx->write_conf(local_conf() =~ s{10\.20\.0\.0/16}{127.0.0.0/8}r);
    ok($nginx->reload, 'a reload');
    my ($status, undef, $json) = asked(workers => '/worker_login',
        login_body());
    is_deeply([$status, !!$json->{success}], [200, !!1], 'a GPU host by address');
    return;
}


sub logs {
    my ($log, @lines) = ("$dir/logs/access.log");
    # buffered until the old processes end, or for five seconds
    ok(wait_until(sub {
        @lines = grep { /^\{/ } split /\n/, slurp($log);
        return grep { /"worker":"gpu-1".*/ && /"job":"[0-9a-f-]{36}"/ } @lines;
    }), 'access log');
    is(scalar(grep { !eval { decode_json($_) } } @lines), 0, 'in JSON');
    is(scalar(grep { index($_, $KEY{client}) >= 0
        || index($_, $KEY{worker}) >= 0 } @lines), 0, 'without keys');
    return;
}
