# Mistakes in endpoint and server files: each is refused by `nginx -t` with the
# file, the line in it, what is wrong, and the line of nginx.conf that led
# there.  Guards against a wrong type that is taken for a default: an endpoint
# would be open, or without limits, for want of a quote.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeTest;

plan(skip_all => '`nginx -t` frees nothing') if on_valgrind();

my $srv = start_nginx(start => 0, endpoints => {}, aime_locations =>
    "location /a {\naime_api_endpoint a.toml;\n}\n");
$srv->allow(qr/\[emerg\]/);

my $endpoint = "[ENDPOINT]\nname = \"a\"\n[WORKER]\njob_type = \"a\"\n";

syntax();
endpoint_files();
inputs();
server_files();
included();
done_testing();


# nginx -t says: "<file>":<line>: <text> in <conf>:<line of the directive>
sub refused {
    my ($file, $toml, $line, $text, $directive) = @_;
    spew($srv->dir . "/conf/$file", $toml);
    my ($status, $output) = $srv->check_conf;
    is($status, 1, "refused: $text");
    my ($conf, $number) = ('nginx.conf', 0);
    my ($before) = slurp($srv->dir . "/conf/$conf")
        =~ /\A(.*)^\Q$directive\E/ms;
    $number = 1 + ($before =~ tr/\n//);
    like($output, qr{\Q/conf/$file":$line: $text\E.*
        \ in\ \S+/\Q$conf:$number\E$}mx, '… with its lines');
    return;
}

sub endpoint_refused {
    return refused('a.toml', @_, 'aime_api_endpoint ');
}

sub server_refused {
    my (@case) = @_;
    spew($srv->dir . '/conf/a.toml', $endpoint);
    refused('server.toml', @case, 'aime_api_server_config ');
    spew($srv->dir . '/conf/server.toml', server_toml());
    return;
}


sub syntax {
    for (['name = ', 2], ["\"name\" 'a'", 2], ["ok = 1\n\nname = \"a", 4],
        ["name = 1\nname = 2", 3]) {
        my ($text, $line) = @$_;
        spew($srv->dir . '/conf/a.toml', "[ENDPOINT]\n$text\n");
        my ($status, $output) = $srv->check_conf;
        is($status, 1, "refused: $text");
        like($output, qr{/conf/a\.toml":$line: .* at column \d+ in },
            '… with line and column');
    }
    return;
}


sub endpoint_files {
    for (['name', 1, 'ENDPOINT.name'], ['job_type', 2, 'WORKER.job_type']) {
        my ($key, $line, $name) = @$_;
        endpoint_refused($endpoint =~ s/^$key = .*\n//mr, $line + !!($line - 1),
            "$name is missing");
    }
    my %section = (ENDPOINT => [
        ['name = ""', 'ENDPOINT.name must be a string that is not empty'],
        ['name = 5', 'ENDPOINT.name must be a string that is not empty'],
        ['name = "a/b"', 'ENDPOINT.name must'],
        ['max_queue_length = "5"', 'ENDPOINT.max_queue_length must be an int'],
        ['max_queue_length = -1', 'ENDPOINT.max_queue_length is out of range'],
        ['max_time_in_queue = "1h"', 'ENDPOINT.max_time_in_queue must be a nu'],
        ['result_lifetime = -1', 'ENDPOINT.result_lifetime must not be neg'],
        ['max_attempts = 0', 'ENDPOINT.max_attempts is out of range'],
        ['methods = "GET"', 'ENDPOINT.methods must be a list'],
        ['methods = ["PUT"]', 'ENDPOINT.methods must be a list'],
        ['methods = []', 'ENDPOINT.methods must be a list'],
        ['version = [1]', 'ENDPOINT.version must be'],
        ['enabled = "no"', 'ENDPOINT.enabled must be true or false'],
        ['title = 3', 'ENDPOINT.title must be'],
    ], CLIENTS => [
        ['authorization_keys = "k"', 'CLIENTS.authorization_keys must be a'],
        ['authorization_keys = {u = 1}', 'CLIENTS.authorization_keys must be'],
        ['authorization_keys = {u = ""}', 'CLIENTS.authorization_keys must be'],
        ['authentication = false', 'CLIENTS.authentication must be a string'],
        ['client_request_limit = 1.5', 'CLIENTS.client_request_limit must be'],
        ['provide_worker_meta_data = 1', 'CLIENTS.provide_worker_meta_data mu'],
    ], WORKER => [
        ['auth_key = ""', 'WORKER.auth_key must be a string that is not empty'],
        ['request_timeout = "60"', 'WORKER.request_timeout must be a number'],
        ['job_timeout = true', 'WORKER.job_timeout must be a number'],
    ]);
    for my $name (sort keys %section) {
        for (@{$section{$name}}) {
            my ($line, $text) = @$_;
            my ($key) = $line =~ /^(\w+)/;
            (my $toml = $endpoint) =~ s/^$key = .*\n//m;
            $toml .= "[CLIENTS]\n" if $name eq 'CLIENTS';
            $toml =~ s/^\[$name\]\n/[$name]\n\n$line\n/m;
            my ($before) = $toml =~ /\A(.*)^\Q$line\E/ms;
            endpoint_refused($toml, 1 + ($before =~ tr/\n//), $text);
        }
    }
    endpoint_refused("INPUTS = 3\n$endpoint", 1, '"INPUTS" must be a table');
    endpoint_refused("CLIENTS = 3\n$endpoint", 1, '"CLIENTS" must be a table');
    endpoint_refused("SESSION = 3\n$endpoint", 1, '"SESSION" must be a table');
    endpoint_refused("$endpoint\n[SESSION]\nVARS = 3\n", 7,
        '"VARS" must be a table');
    endpoint_refused("$endpoint\n[SESSION.VARS]\na = {}\nb = 1\n", 8,
        'SESSION.VARS.b must be a table');
    return;
}


sub inputs {
    for (['p = {type = "strng"}', 'parameter p: unknown type "strng"'],
        ['p = {type = 5}', 'parameter p: type must be a string'],
        ['p = "string"', 'parameter p must be a table'],
        ['p = {type = "integer", minimum = "1"}', 'parameter p: minimum must'],
        ['p = {type = "integer", min = 5, max = 4}', 'parameter p: minimum is'],
        ['p = {type = "integer", align = 0}', 'parameter p: align must be'],
        ['p = {type = "integer", default = "x"}', 'parameter p: default '],
        ['p = {type = "selection"}', 'parameter p: a selection needs a list'],
        ['p = {required = "yes"}', 'parameter p: required must be true or'],
        ['p = {max_length = -1}', 'parameter p: max_length must be an int']) {
        my ($line, $text) = @$_;
        endpoint_refused("$endpoint\[INPUTS]\n$line\n", 6, $text);
    }
    return;
}


sub server_files {
    server_refused("\nCLIENTS = 1\n", 2, '"CLIENTS" must be a table');
    spew($srv->dir . '/conf/server.toml', "[WORKERS]\n");
    endpoint_refused($endpoint, 3, 'WORKER.auth_key is missing');
    return;
}


# An included file is named, not the one that includes it
sub included {
    spew($srv->dir . '/conf/a.toml', "$endpoint\[INPUTS]\np = 1\n");
    spew($srv->dir . '/conf/locations.conf',
        "\nlocation /a {\n aime_api_endpoint a.toml; }\n");
    $srv->write_files(aime_locations => 'include locations.conf;');
    like(($srv->check_conf)[1],
        qr{parameter p must be a table in \S+/locations\.conf:3$}m,
        'the line of the included file');
    return;
}
