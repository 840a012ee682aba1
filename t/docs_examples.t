# What the documentation shows is tried: configurations and their parts by
# `nginx -t`, the first job by hand as it stands there, the test of
# CONTRIBUTING.  Guards against examples that rot.  docs/migration.md has a test
# of its own, docs_conf.t.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeDocs qw(blocks indented local_conf);
use AimeNginx qw(module_path on_valgrind on_asan slurp spew);

plan skip_all => '`nginx -t` frees nothing' if on_valgrind();
plan skip_all => 'the module is not built' if !module_path();

my @pages = grep { $_ ne 'docs/migration.md' } 'README.md', glob 'docs/*.md';
my $SERVER = qq([CLIENTS]\ndefault_authorization_keys = { "a" = "b" }
[WORKERS]\ndefault_auth_key = "c"\n);
my ($confs, $tomls) = (0, 0);

for my $page (@pages) {
    my $n = 0;
    for my $block (blocks($page, 'nginx')) {
        good(whole($block), {}, "$page, nginx " . ++$n);
        $confs++;
    }
    $n = 0;
    for my $block (blocks($page, 'toml')) {
        good(whole(''), files($block), "$page, toml " . ++$n);
        $tomls++;
    }
}
cmp_ok($confs, '>', 6, 'there are configurations');
cmp_ok($tomls, '>', 4, 'there are endpoint and server files');
mistakes();
first_job();
contributing();
done_testing();


sub endpoint {
    my ($name, $inputs) = @_;
    $inputs //= 'prompt = {}';
    return qq([ENDPOINT]\nname = "$name"\n[WORKER]\njob_type = "$name"
[INPUTS]\n$inputs\n[OUTPUTS]\ntext = {}\n);
}


# A nginx.conf around a part of one
sub whole {
    my ($part) = @_;
    return $part if $part =~ /^http \{/m;
    my $server = "server {\nlisten 1;\n%s\nlocation /some {
        aime_api_endpoint endpoints/chat/aime_api_endpoint.cfg;\n}\n}\n";
    my $inner = $part =~ /^(?:server \{|log_format|map|aime_api_job_log)/m;
    return "load_module modules/x.so;\nevents {}\nhttp {\n"
        . "aime_api_zone aime 8m;\naime_api_server_config server.cfg;\n"
        . ($inner ? $part . sprintf $server, '' : sprintf $server, $part)
        . "}\n";
}


# The files that a block of TOML is, or is a part of
sub files {
    my ($block) = @_;
    if ($block =~ /^\[ADMIN\]|\ballowed =|^\[OPENAI/m) {
        return {'server.cfg' => $SERVER . $block};
    }
    return {'server.cfg' => $block} if $block =~ /^\[CLIENTS\]\ndefault_/;
    my $file = $block =~ /^\[ENDPOINT\]/m ? $block
        : $block =~ /^\[/ ? without(endpoint('chat'), $block) . $block
        : endpoint('chat', $block);
    return {'endpoints/chat/aime_api_endpoint.cfg' => $file};
}


# A file without the sections that a block brings itself
sub without {
    my ($file, $block) = @_;
    $file =~ s/^\[\Q$_\E\]\n.*?(?=^\[|\z)//ms
        for $block =~ /^\[(\w+)\]$/mg;
    return $file;
}


# `nginx -t`: its status and what it printed
sub check {
    my ($conf, $files) = @_;
    my $nginx = AimeNginx->new(allow => [qr/./]);
    my %file = (
        'server.cfg' => $SERVER, 'aime_api_server.cfg' => $SERVER,
        'upper.cfg' => endpoint('upper'),
        (map { ("endpoints/$_/aime_api_endpoint.cfg" => endpoint($_)) }
            qw(chat llama3_chat stable_diffusion)),
        %$files
    );
    spew($nginx->dir . "/conf/$_", $file{$_}) for keys %file;
    $nginx->write_conf(local_conf($nginx, $conf));
    my ($status, $output) = $nginx->check_conf;
    return ($status, $output . $nginx->log);
}


sub good {
    my ($conf, $files, $name) = @_;
    my ($status, $output) = check($conf, $files);
    is($status, 0, $name) or diag($output);
    unlike($output, qr/unknown/, 'with nothing that is not known');
    return;
}


# They are seen, or the above would prove nothing
sub mistakes {
    my ($status) = check(whole("location /x { aime_api_inf; }"), {});
    is($status, 1, 'a mistake in nginx.conf is found');
    ($status) = check(whole(''), files("n = { type = \"nothing\" }\n"));
    is($status, 1, 'one in an endpoint file');
    return;
}


# By hand, with curl as client and as worker
sub first_job {
    my $nginx = AimeNginx->new;
    my @toml = blocks('README.md', 'toml');
    spew($nginx->dir . '/conf/server.cfg', $toml[0]);
    spew($nginx->dir . '/conf/upper.cfg', $toml[1]);
    my ($conf) = blocks('README.md', 'nginx');
    $conf = local_conf($nginx, $conf);
    $conf =~ s/^worker_processes auto/worker_processes 2/m;
    $nginx->write_conf($conf);
    $nginx->start;

    my $script = indented('docs/first-job.md');
    my ($port, $out) = ($nginx->port, $nginx->dir . '/answers');
    $script =~ s/localhost:8080/127.0.0.1:$port/ or die "no address\n";
    # who reads copies the id from the answer
    $script =~ s{^JOB=\.\.\..*}
        {JOB=\$(tail -n 1 $out | sed 's/.*"job_id": *"\\([^"]*\\)".*/\\1/')}m
        or die "no id\n";
    $script =~ s{^curl (.*?[^\\\n])$(?=\n\S|\n?\z)}
        {curl -s $1 >> $out; echo >> $out}msg;
    spew($nginx->dir . '/first-job.sh', "set -eu\n$script\n");
    is(system('bash', $nginx->dir . '/first-job.sh'), 0, 'all can be typed');
    my $answers = slurp($out);
    for my $expected (qr/"client_session_auth_key"/, qr/"job_state": *"queued"/,
        qr/"cmd": *"job"/, qr/"job_state": *"done".*"text": *"HELLO"/,
        qr/^id: \S+-end\ndata: .*"HELLO"/m)
    {
        like($answers, $expected, 'and answers as the page says');
    }
    $nginx->stop;
    return;
}


sub contributing {
    my ($test) = blocks('CONTRIBUTING.md', 'perl');
    my $dir = AimeNginx->new->dir;
    spew("$dir/example.t", $test);
    my $output = `$^X -It/lib $dir/example.t 2>&1`;
    is($?, 0, 'the test of CONTRIBUTING passes') or diag($output);
    like($output, qr/^ok 1 - the client has it$/m, 'and tests');
    return;
}
