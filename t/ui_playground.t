# The playground, clicked through in a browser against nginx and workers.
# Guards against forms that send something else than they show, jobs that a
# page loses sight of, errors that are not shown where they belong, code that
# does not run, and against what a policy, a phone or a screen reader dislikes.

use strict;
use warnings;

use lib 't/lib';
use Compress::Zlib ();
use Cwd qw(getcwd);
use File::Path qw(remove_tree);
use MIME::Base64 qw(decode_base64 encode_base64);
use Mojo::JSON qw(encode_json);
use Mojo::Util qw(encode);
use POSIX qw(_exit);
use Test::More;
use AimeBrowser qw(need_browser scenario);
use AimeDocs qw(blocks);
use AimeSdk qw(sdk_install sdk_modules);
use AimeTest;

need_browser();

my $text = 'type = "string"';
my ($ui) = blocks('docs/playground.md', 'nginx');
my $root = getcwd();
$ui =~ s{alias \S+;}{alias $root/ui/;} or die "no alias\n";

my $models = <<'TOML';
[OPENAI]
enable_v1_api = true
[OPENAI.MODELS]
other = { endpoint = "old_chat" }
keeper = { endpoint = "chat" }
painter = { endpoint = "paint" }
TOML
my $srv = start_nginx(server => "$ui\nlocation /v1/ { aime_api_openai; }\n",
    server_toml => server_toml(other => $models), endpoints => {chat => chat(),
    paint => paint(), listen => listening(), old_chat => old_chat()});
my %worker = map { $_ => $srv->worker(job_type => $_, name => "gpu-$_")->login }
    qw(chat paint listen old_chat);
my $dir = $srv->dir;
my $shell;

my %ask = (
    take => \&take,
    report => sub { $worker{$_[0]}->progress(@_[1 .. 3])->json },
    result => sub { $worker{$_[0]}->result(@_[1, 2])->json },
    picture => \&picture,
    sound => \&sound,
    cancel => \&cancel,
    run => \&run,
    ended => \&ended,
    reload => sub { $srv->reload + 0 },
    key => sub { $CLIENT_KEY },
);
scenario('t/browser/play.mjs', url => $srv->url, ask => \%ask,
    given => {sdk => !sdk_install() || 0});
scenario('t/browser/play_meanwhile.mjs', url => $srv->url, ask => \%ask);

# where a server has no streams
my $plain = start_nginx(server => $ui, endpoints => {chat => chat(),
    paint => paint(), listen => listening()},
    aime_locations => "aime_api_endpoints endpoints;\n"
        . "location ~ ^/worker_ { aime_api_worker_interface; }\n"
        . "location /api/ { aime_api_info; }\n");
$worker{chat} = $plain->worker(job_type => 'chat')->login;
scenario('t/browser/play_polls.mjs', url => $plain->url, ask => \%ask);

examples();
secrets();
done_testing();


sub chat {
    return {endpoint => 'category = "chat"', inputs => <<'TOML',
chat_context = { type = "chat_context", support = ["text", "image"] }
prompt_input = { type = "string" }
temperature = { type = "float", default = 0.8, minimum = 0.0, maximum = 2.0 }
top_k = { type = "integer", default = 40, minimum = 1, maximum = 1000 }
seed = { type = "integer", default = -1 }
TOML
        outputs => "text = { $text }\nnum_generated_tokens = {}\nerror = {}"};
}

sub paint {
    return {endpoint => 'category = "image"', inputs => <<'TOML',
prompt = { type = "string", required = true, max_length = 300 }
width = { type = "integer", default = 512, minimum = 64, maximum = 1024, align = 8 }
guidance = { type = "float", default = 3.5, minimum = 0.0, maximum = 20.0 }
zoom = { type = "float", default = 1.0, minimum = 0.1, maximum = 1.0e12 }
style = { type = "selection", supported = ["photo", "oil", "ink"], default = "photo" }
tiled = { type = "bool", default = false }
seed = { type = "integer", default = -1 }
extra = { type = "json", default = { id = 9007199254740993 } }
TOML
        outputs => "images = { type = \"image_list\" }\nseed = {}\nerror = {}",
        progress => 'progress_images = { type = "image_list" }'};
}

# Open to all
sub listening {
    return {endpoint => 'category = "audio"', clients => 'authorization = "None"',
        inputs => "audio = { type = \"audio\", required = true }\n"
            . "picture = { type = \"image\" }",
        outputs => "text = { $text }\nsegments = { type = \"json\" }\n"
            . "speech = { type = \"audio\" }\nerror = {}", progress => ''};
}

# Of the older kind: the last message apart, and all of it in the address
sub old_chat {
    return {endpoint => "category = \"chat\"\nmethods = [\"GET\"]",
        clients => 'authentication = "User"', inputs => <<'TOML'};
prompt_input = { type = "string", required = true }
chat_context = { type = "chat_context" }
TOML
}


# A PNG in one color, as a data URL
sub picture {
    my ($width, $height, @rgb) = @_;
    my $raw = "\0" . join '', map { chr } (@rgb) x $width;
    my $chunk = sub { my ($kind, $data) = @_;
        return pack('N', length $data) . $kind . $data
            . pack 'N', Compress::Zlib::crc32($kind . $data) };
    return 'data:image/png;base64,' . encode_base64("\x89PNG\r\n\x1a\n"
        . $chunk->('IHDR', pack 'NNC5', $width, $height, 8, 2, 0, 0, 0)
        . $chunk->('IDAT', Compress::Zlib::compress($raw x $height))
        . $chunk->('IEND', ''), '');
}


# A second of a tone, as a wav file in base64
sub sound {
    my $data = pack 's<*', map { 8000 * sin($_ / 6) } 1 .. 8000;
    return encode_base64('RIFF' . pack('V', 36 + length $data) . 'WAVEfmt '
        . pack('VvvVVvv', 16, 1, 1, 8000, 16000, 2, 16) . 'data'
        . pack('V', length $data) . $data, '');
}


# The next job of a type; JavaScript has no integers of 64 bits
sub take {
    my ($type) = @_;
    my ($job) = $worker{$type}->jobs;
    $job->{seed} = "$job->{seed}" if exists $job->{seed};
    $job->{extra} = encode_json($job->{extra}) if exists $job->{extra};
    return $job;
}


# What another page of the same user does
sub cancel {
    my ($type, $id) = @_;
    return $plain->client(endpoint => $type)->cancel($id)->json;
}


# Starts code that the page shows, with a file beside it if one is given
sub run {
    my ($code, $command, $file, $base64) = @_;
    remove_tree("$dir/code");
    spew("$dir/code/code", encode('UTF-8', $code));
    symlink sdk_modules(), "$dir/code/node_modules";
    spew("$dir/code/$file", decode_base64($base64)) if $file;
    $shell = fork // die "fork: $!\n";
    return 1 if $shell;
    $ENV{AIME_API_KEY} = $CLIENT_KEY;
    open STDIN, '<', '/dev/null';
    exec 'timeout', patience(30), '/bin/sh', '-c',
        "cd '$dir/code' && $command code > out 2>&1"
        or _exit(127);
}

# What it printed, and the files that it has made
sub ended {
    waitpid $shell, 0;
    my $status = $?;
    opendir my $listing, "$dir/code" or die "$dir/code: $!\n";
    return {status => $status, output => slurp("$dir/code/out"),
        files => [sort grep { !/^(?:\.|_|code|out|node_modules)/ } readdir $listing]};
}


# The example endpoints with their own workers, as `make run` has them: these
# are the pictures of the documentation
sub examples {
    my %file = map { $_ => slurp("conf/endpoints/$_/aime_api_endpoint.cfg") }
        qw(mandelbrot markov_chat);
    my $shown = start_nginx(server => $ui, endpoints => \%file);
    my @workers = (start_worker($shown, 'mandelbrot'),
        start_worker($shown, 'markov_text', '--pace', 20));
    scenario('t/browser/play_examples.mjs', url => $shown->url,
        ask => {key => $ask{key}});
    for my $pid (@workers) {
        kill TERM => $pid;
        waitpid $pid, 0;
    }
    unlike(slurp($shown->dir . '/logs/access.log'), qr/\Q$CLIENT_KEY\E/,
        'the key is in no access log');
    return;
}

sub start_worker {
    my ($server, $type, @more) = @_;
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    open STDOUT, '>', $server->dir . "/logs/$type";
    open STDERR, '>&', \*STDOUT;
    exec qw(python3 examples/worker.py --server), $server->url, '--job-type',
        $type, '--auth-key', $WORKER_KEY, @more or _exit(127);
}


sub secrets {
    for my $one ($srv, $plain) {
        unlike(slurp($one->dir . '/logs/access.log'), qr/\Q$CLIENT_KEY\E/,
            'the key is in no access log');
        my $answer = $one->get('/aime/play/');
        like($answer->header('Content-Security-Policy'),
            qr/^default-src 'none'; script-src 'self'; style-src 'self';/,
            'a strict policy');
        unlike($answer->body, qr/<script>|<style|style=|\son\w+=/,
            'nothing inline');
    }
    for my $file (glob 'ui/*.js ui/play/*.js') {
        unlike(slurp($file), qr/innerHTML|outerHTML|insertAdjacentHTML|eval\(/,
            "$file: no markup out of text");
    }
    return;
}
