# Pictures of the dashboard for docs/images, with workers and clients at work:
# AIME_SHOTS=1 make check T=t/ui_pictures.t.  Takes over a minute, hence not a
# part of every run.

use strict;
use warnings;

use lib 't/lib';
use Cwd qw(getcwd);
use POSIX qw(_exit);
use Test::More;
use Time::HiRes qw(sleep time);
use AimeAdmin;
use AimeBrowser qw(need_browser scenario);
use AimeDocs qw(blocks);
use AimeTest;

plan skip_all => 'AIME_SHOTS is not set' if !$ENV{AIME_SHOTS};
need_browser();

my ($ui) = blocks('docs/playground.md', 'nginx');
my ($admin) = blocks('docs/dashboard.md', 'nginx');
my $root = getcwd();
$ui =~ s{alias \S+;}{alias $root/ui/;} or die "no alias\n";

# job type => what its workers are, and how they and its clients go on
my %type = (
    llama_chat => {gpu => 'NVIDIA H100 80GB', label => 'Llama 3.3',
        size => '70B', quantization => 'fp8', type => 'LLM', time => .9,
        workers => ['hpc-1-gpu-0', 'hpc-1-gpu-1', 'hpc-2-gpu-0'],
        clients => 5, error => 'Prompt is longer than the context of the '
            . 'model: 9114 of 8192 tokens'},
    flux_image => {gpu => 'NVIDIA L40S', label => 'FLUX.1 dev', size => '12B',
        quantization => 'bf16', type => 'Image', time => 3.2,
        workers => ['hpc-3-gpu-0', 'hpc-3-gpu-1'], clients => 4,
        error => 'CUDA out of memory. Tried to allocate 2.50 GiB'},
    whisper => {gpu => 'NVIDIA RTX A5000', label => 'Whisper large v3',
        size => '1.5B', quantization => 'fp16', type => 'Audio', time => 1.6,
        workers => ['node-7-gpu-0'], clients => 2,
        error => 'No speech in the audio'},
    xtts => {gpu => 'NVIDIA RTX A5000', label => 'XTTS v2', size => '0.5B',
        quantization => 'fp16', type => 'Audio', workers => [], clients => 0},
);

my $srv = start_nginx(server => $ui . $admin, zone => '256m',
    server_toml => admin_toml() =~ s/"second"/"studio"/r,
    endpoints => {(map { $_ => {endpoint => 'max_queue_length = 200'} }
        grep { $_ ne 'xtts' } keys %type), translate => {job_type => 'llama_chat'},
        xtts => {endpoint => "max_queue_length = 50\nmax_time_in_queue = 30",
            worker => 'request_timeout = 3'}});
my $owner = $$;
my @children;
END {
    if ($owner == $$) {
        kill TERM => @children;
        waitpid $_, 0 for @children;
    }
}

$srv->client(endpoint => 'whisper')->login;
login($srv->worker(name => 'node-9-gpu-0', job_type => 'xtts'));
$srv->client(endpoint => 'xtts')->job({prompt => 'x'});
login($srv->worker(name => 'node-7-gpu-1', job_type => 'whisper'));
for my $name (sort keys %type) {
    my $of = $type{$name};
    for my $n (0 .. $#{$of->{workers}}) {
        child(sub { work($name, $n) });
    }
    child(sub { submit($name, $_) }) for 1 .. $of->{clients};
}
child(sub { submit('translate', 3) });
scenario('t/browser/pictures.mjs', url => $srv->url, ask => {
    password => sub { $PASSWORD },
    wait => sub { sleep $_[0]; return },
    submit => sub { $srv->client(endpoint => $_[0])->job({prompt => 'x'}) },
    disable => sub { admin_post($srv, 'workers/disable',
        {job_type => 'whisper', name => 'node-7-gpu-1'})->status + 0 },
}, given => {images => "$root/docs/images"});
$srv->allow(qr/./);             # children are cut off in the middle
done_testing();


sub child {
    my ($do) = @_;
    my $pid = fork // die "fork: $!\n";
    return push @children, $pid if $pid;
    $SIG{TERM} = sub { _exit(0) };
    srand $$;
    eval { $do->() };
    _exit(0);
}


sub login {
    my ($worker) = @_;
    my $of = $type{$worker->{job_type}};
    my $body = $worker->login_body(gpu_name => $of->{gpu});
    $body->{model_parameters} = {map { $_ => $of->{$_} }
        qw(label size quantization type)};
    $worker->call(POST => '/worker_login', $body);
    return $worker;
}


sub work {
    my ($name, $n) = @_;
    my $of = $type{$name};
    my $worker = login($srv->worker(name => $of->{workers}[$n],
        job_type => $name, conn => $srv->conn));
    for (;;) {
        my ($job) = $worker->jobs or next;
        my $time = $of->{time} * (.6 + rand .8);
        for my $step (1 .. 9) {
            sleep $time / 10;
            $worker->progress($job->{job_id}, 10 * $step, {text => 'x'});
        }
        $worker->result($job->{job_id}, rand() < .025
            ? {error => $of->{error}} : {text => 'done',
                prompt_length => 200 + int rand 900,
                num_generated_tokens => 100 + int rand 700});
    }
    return;
}


# More of them in waves
sub submit {
    my ($name, $n) = @_;
    my $client = $srv->client(endpoint => $name, conn => $srv->conn,
        $n % 3 == 2 ? (key => 'client-key-of-second') : ());
    for (;;) {
        sleep(rand 1 + $n * (1 + sin(time / 7)) * .35);
        $client->submit({prompt => 'x' x 500});
    }
    return;
}
