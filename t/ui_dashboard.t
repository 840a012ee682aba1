# The dashboard, clicked through in a browser against nginx and workers.
# Guards against a page that shows another state than there is, that loses the
# server at a reload, whose buttons do something else than they say, and
# against what a policy, a phone or a screen reader dislikes.

use strict;
use warnings;

use lib 't/lib';
use Cwd qw(getcwd);
use Test::More;
use AimeAdmin;
use AimeBrowser qw(need_browser scenario);
use AimeDocs qw(blocks);
use AimeTest;

need_browser();

my $root = getcwd();
my ($ui) = blocks('docs/playground.md', 'nginx');
my ($admin) = blocks('docs/dashboard.md', 'nginx');
$ui =~ s{alias \S+;}{alias $root/ui/;} or die "no alias\n";
$ui .= $admin;

my $srv = start_nginx(server => $ui, server_toml => admin_toml(),
    endpoints => {chat => {}, paint => {endpoint => 'max_queue_length = 20'},
        transcribe => {worker => 'request_timeout = 1'}});
my (%worker, %running);

my %ask = (
    password => sub { $PASSWORD },
    login => \&login,
    logout => sub { $worker{$_[0]}->leave; return },
    submit => sub { $srv->client(endpoint => $_[0])->job({prompt => 'x'}) },
    take => \&take,
    progress => sub {
        $worker{$_[0]}->progress($_[1], $_[2], {text => 'x'})->json },
    result => sub { $worker{$_[0]}->result($_[1], $_[2])->json },
    state => sub {
        (grep { $_->{job_id} eq $_[0] }
            @{admin_get($srv, 'jobs')->json->{jobs}})[0] },
    worker_state => sub {
        (grep { $_->{name} eq $_[0] }
            @{admin_get($srv, 'workers')->json->{workers}})[0] },
    submit_status => sub {
        $srv->client(endpoint => $_[0])->submit({prompt => 'x'},
            wait_for_result => Mojo::JSON::false)->status + 0 },
    session => sub {
        $srv->client(endpoint => 'chat')->login->json->{user} },
    reload => sub { $srv->reload; return },
    stop => sub { $srv->stop; return },
    start => sub { $srv->start; return },
);
scenario('t/browser/dashboard.mjs', url => $srv->url, ask => \%ask);
actions();

my $off = start_nginx(server => $ui);
scenario('t/browser/dashboard_off.mjs', url => $off->url);
many();
forged();
policies();
done_testing();


sub login {
    my ($name, $type) = @_;
    $worker{$name} = $srv->worker(name => $name, job_type => $type,
        conn => $srv->conn)->login;
    return;
}


sub take {
    my ($name) = @_;
    my ($job) = $worker{$name}->jobs or die "no job\n";
    return $job->{job_id};
}


# More than one wants to see at once
sub many {
    my $many = start_nginx(server => $ui, server_toml => admin_toml(),
        endpoints => {map { ("endpoint-$_" => {job_type => 'echo'}) } 1 .. 50});
    $many->worker(name => "gpu-$_")->login for 1 .. 300;
    my $client = $many->client(endpoint => 'endpoint-1');
    $client->job({prompt => 'x'}) for 1 .. 250;
    scenario('t/browser/dashboard_many.mjs', url => $many->url,
        given => {password => $PASSWORD});
    return;
}


# A page of another origin, in a browser that knows the administrator's password
# by itself
sub forged {
    my $elsewhere = start_nginx(aime => 0, server => <<'CONF');
types { text/html html; text/javascript js; }
root html;
location = /favicon.ico { return 204; }
CONF
    my $worker = $srv->worker(name => 'gpu-1', job_type => 'chat')->login;
    my $job = $srv->client(endpoint => 'chat')->job({prompt => 'x'});
    my $html = $elsewhere->dir . '/html';
    spew("$html/forms.html", '<!DOCTYPE html><html lang="en"><title>A</title>'
        . join '', map { sprintf '<form method="post" id="%s" enctype="%s" '
            . 'action="%s"><input name=\'{"job_id":"%s","x":"\' value=\'"}\'>'
            . '</form>', @$_, $srv->url('/admin/jobs/cancel'), $job }
        ['plain', 'text/plain'],
        ['encoded', 'application/x-www-form-urlencoded'],
        ['parts', 'multipart/form-data']);
    scenario('t/browser/dashboard_forged.mjs', url => $elsewhere->url,
        given => {password => $PASSWORD, job => $job, admin =>
            $srv->url('/admin/')}, ask => {state => $ask{state}});
    return;
}


# The configurations that come with it serve the pages as they are tested
sub policies {
    my ($policy) = $ui =~ /(add_header Content-Security-Policy .*)/;
    for my $file (qw(conf/nginx.conf conf/production/nginx.conf)) {
        like(slurp($file), qr/\Q$policy\E/, "$file: the same policy");
    }
    my $answer = $srv->get('/aime/');
    unlike($answer->body, qr/<script>|<style|style=|\son\w+=/, 'nothing inline');
    for my $file (glob 'ui/*.js ui/dash/*.js') {
        unlike(slurp($file), qr/innerHTML|outerHTML|insertAdjacentHTML|eval\(/,
            "$file: no markup out of text");
    }
    return;
}


# What was clicked was said to the log, with who did it
sub actions {
    my $log = $srv->log;
    like($log, qr/\[notice\].*administrator "operator" $_/, "logged: $_")
        for 'canceled job', 'requeued job', 'disabled worker',
        'enabled worker';
    return;
}
