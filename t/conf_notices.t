# What an existing installation brings along: sections and keys that mean
# nothing here are named in the log and change nothing.  And where a value comes
# from: a default_ of the server file must never win over what the endpoint file
# says itself, whatever section or older name it says it in.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

my $unknown = start_nginx(
    endpoints => {echo => {endpoint => "colour = 1\ndemo_url = \"x\"",
        worker => 'gpus = 2', clients => 'friends = []',
        inputs => 'p = {type = "string", shape = "round", max_length = 3}'
            . "\njob_id = {}",
        other => "[USER]\nany = 1\n[HTML]\na = 1\n[STATIC]\n[JINJA]\n"
            . "[SESSION.VARS]\nauth_key = {}\na = {x = 1}\n"
            . "[EXTRA]\nb = 2\n"}},
    server_toml => server_toml(clients => 'default_friends = []',
        workers => 'gpus = 2', other => "[SANIC]\nACCESS_LOG = true\n"
            . "[ADMIN]\na = 1\n[OPENAI]\nb = 2\n[OTHER]\nc = 3\n"));
notices();
formats();
methods();

my $srv = start_nginx(endpoints => {
    plain => {}, own_meta => {endpoint => 'provide_worker_meta_data = false'},
    own_meta2 => {clients => 'provide_worker_meta_data = false'},
    old_timeout => {worker => 'job_timeout = 7'},
    timeout => {worker => "request_timeout = 8\njob_timeout = 7"},
    limits => {endpoint => "max_queue_length = 3\nmax_time_in_queue = 50.5"},
    own_key => {worker => 'auth_key = "own"',
        clients => 'authorization_keys = {me = "my-key"}'}},
    server_toml => server_toml(
        workers => 'default_request_timeout = 44',
        endpoints => "default_max_queue_length = 5\n"
            . "default_max_time_in_queue = 100"));
defaults();
built_in();
older_names();
shared_file();
default_names();
done_testing();


sub notices {
    my @lines = grep { / is ignored/ } split /\n/, $unknown->log;
    my %line = map { / (\S+) is ignored in \S+nginx\.conf:\d+$/ ? ($1 => $_)
        : ($_ => '') } @lines;
    is_deeply([sort keys %line], [sort qw(ENDPOINT.colour WORKER.gpus
        CLIENTS.friends INPUTS.p.shape INPUTS.job_id
        SESSION.VARS.auth_key [EXTRA] CLIENTS.default_friends
        WORKERS.gpus [SANIC] [OTHER])], 'each is named once');
    ok(!(grep { !/\[notice\]/ } values %line), 'in a notice');
    like($line{'ENDPOINT.colour'}, qr{/aime_api_endpoint\.cfg":5: }, 'line');
    like($line{'[SANIC]'}, qr{/server\.toml":\d+: \[SANIC\]}, 'file');
    my $answer = $unknown->client->submit({p => 'long'});
    is($answer->status, 400, 'the rest of the file counts');
    return;
}


# The original takes whatever its own server knows
sub methods {
    my $other = start_nginx(endpoints => {echo => {
        endpoint => 'methods = ["OPTIONS", "POST", "HEAD"]'}});
    like($other->log, qr{\[notice\].*_endpoint\.cfg":\d+: ENDPOINT\.methods is ignored but for},
        'methods that mean nothing');
    my $get = $other->get('/echo?prompt=x&key=' . $CLIENT_KEY);
    is($get->status, 405, 'one that is not listed');
    is($get->header('Allow'), 'POST', 'and those that are');
    return;
}


sub formats {
    my $media = start_nginx(
        endpoints => {echo => {inputs => 'p = {type = "image", '
            . 'format = {default = "avif", supported = ["heic", "png"]}}'}},
        server_toml => server_toml(other =>
            "[INPUTS]\nimage.format.allowed = [\"svg\", \"png\"]\n"));
    like($media->log, qr{\[notice\].*/\Q$_ is ignored in }, $_)
        for 'aime_api_endpoint.cfg":12: INPUTS.p.format.supported: '
            . 'unknown image format "heic"',
        'aime_api_endpoint.cfg":12: INPUTS.p.format.default: '
            . 'unknown image format "avif"',
        'server.toml":11: INPUTS.image.format.allowed: '
            . 'unknown image format "svg"';
    my @lines = $media->log =~ / is ignored in /g;
    is(scalar @lines, 3, 'and of nothing else');
    return if on_valgrind();    # `nginx -t` frees nothing
    $media->allow(qr/\[emerg\]/);
    $media->write_files(endpoints => {echo => {inputs =>
        'p = {type = "image", format = {supported = ["heic", "avif"]}}'}});
    my ($status, $output) = $media->check_conf;
    is($status, 1, 'none that is known is an error');
    like($output, qr/":12: parameter p: format: image has no format "heic"/,
        'which names one');
    return;
}


sub request_timeout {
    my ($server, $type) = @_;
    my $worker = $server->worker(job_type => $type,
        $type eq 'own_key' ? (key => 'own') : ());
    return $worker->call(POST => '/worker_login', $worker->login_body)
        ->json->{request_timeout};
}

sub details {
    my ($server, $endpoint) = @_;
    return $server->get("/api/endpoints/$endpoint")->json;
}

# The result of a job: is its worker named?
sub names_worker {
    my ($endpoint) = @_;
    my $worker = $srv->worker(job_type => $endpoint)->login;
    my $client = $srv->client(endpoint => $endpoint);
    my $id = $client->job({prompt => 'p'});
    $worker->jobs;
    $worker->result($id, {text => 't'});
    my $result = $client->progress($id)->json->{job_result};
    is($result->{text}, 't', "$endpoint: the result");
    return exists $result->{auth} ? 1 : 0;
}


sub defaults {
    is(request_timeout($srv, 'plain'), 44, 'default_request_timeout');
    is(request_timeout($srv, 'old_timeout'), 7, 'job_timeout of the endpoint');
    is(request_timeout($srv, 'timeout'), 8, 'the newer name wins');
    is(request_timeout($srv, 'own_key'), 44, 'auth_key of the endpoint');

    my $plain = details($srv, 'plain');
    is($plain->{max_queue_length}, 5, 'default_max_queue_length');
    is($plain->{max_time_in_queue}, 100, 'default_max_time_in_queue');
    my $limits = details($srv, 'limits');
    is($limits->{max_queue_length}, 3, 'max_queue_length of the endpoint');
    is($limits->{max_time_in_queue}, 50.5, 'max_time_in_queue of it');

    my $client = $srv->client(endpoint => 'own_key');
    is($client->submit({prompt => 'p'})->status, 403, 'keys of the endpoint');
    my $mine = $srv->client(endpoint => 'own_key', key => 'my-key');
    ok($mine->job({prompt => 'p'}), 'take the place of the default ones');

    ok(names_worker('plain'), 'default_provide_worker_meta_data');
    ok(!names_worker('own_meta2'), 'provide_worker_meta_data in [CLIENTS]');
    ok(!names_worker('own_meta'), 'and in [ENDPOINT]');
    return;
}


sub built_in {
    my $bare = start_nginx(server_toml =>
        "[WORKERS]\ndefault_auth_key = \"$WORKER_KEY\"\n");
    my $details = details($bare, 'echo');
    is($details->{max_queue_length}, 1000, 'max_queue_length if none is set');
    is($details->{max_time_in_queue}, 3600, 'max_time_in_queue');
    is(request_timeout($bare, 'echo'), 60, 'request_timeout');
    ok(!$bare->client->login->json->{success}, 'no key opens it');
    return;
}


sub older_names {
    for my $name (qw(default_job_timeout job_timeout)) {
        my $old = start_nginx(server_toml => server_toml(
            workers => "$name = 33"), endpoints => {echo => {},
            new => {worker => 'request_timeout = 9'}});
        is(request_timeout($old, 'echo'), 33, $name);
        is(request_timeout($old, 'new'), 9, 'the endpoint wins');
        unlike($old->log, qr/ is ignored/, "no notice of $name");
    }
    return;
}


sub shared_file {
    my $path = 'endpoints/echo/aime_api_endpoint.cfg';
    my $two = start_nginx(aime_locations => <<"CONF", http => <<"HTTP");
location /echo { aime_api_endpoint $path; }
location /again { aime_api_endpoint $path; }
location ~ ^/worker_ { aime_api_worker_interface; }
CONF
server { listen 127.0.0.1:@{[AimeNginx::free_port()]};
    aime_api_endpoints endpoints; }
HTTP
    my $client = $two->client;
    my $id = $client->job({prompt => 'p'});
    is($two->client(endpoint => 'again')->progress($id)->json->{job_state},
        'queued', 'one file in two locations is one endpoint');
    return;
}


# What every endpoint file has to say may come from the server file, too
sub default_names {
    my $named = start_nginx(
        endpoints => {own => {}, bare => "[ENDPOINT]\nversion = 1\n"
            . "[INPUTS]\nprompt = {}\n[OUTPUTS]\ntext = {}\n"},
        server_toml => server_toml(workers => 'default_job_type = "common"',
            endpoints => 'default_name = "unnamed"'));
    my $worker = $named->worker(job_type => 'common')->login;
    ok($worker->running($named->client(endpoint => 'unnamed')),
        'default_name and default_job_type');
    $worker = $named->worker(job_type => 'own')->login;
    ok($worker->running($named->client(endpoint => 'own')),
        'and those of the endpoint file');
    unlike($named->log, qr/ is ignored/, 'nothing is said to be ignored');
    return;
}
