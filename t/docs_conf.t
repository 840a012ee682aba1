# The configuration in docs/migration.md: its blocks that begin with the name of
# a file are written to those files and passed through `nginx -t`.  Guards
# against documents that rot: what they show must load, with the notices that
# they quote and no others.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeDocs qw(local_conf);
use AimeNginx qw(module_path on_valgrind slurp spew);

plan skip_all => '`nginx -t` frees nothing' if on_valgrind();
plan skip_all => 'the module is not built' if !module_path();

my $page = slurp('docs/migration.md');
my $nginx = AimeNginx->new(allow => [qr/./]);
my $dir = $nginx->dir;

my %file;
$file{$1} = $2 while $page =~ /^```(?:nginx|toml)\n# (\S+)\n(.*?)^```$/msg;
is_deeply([sort keys %file], [qw(aime/aime_api_server.cfg
    aime/endpoints/chat/aime_api_endpoint.cfg
    aime/endpoints/picture_check/aime_api_endpoint.cfg nginx.conf)],
    'the files');
is(() = $page =~ /^```/mg, 2 * keys %file, 'no other blocks');

# as the page says, without the first line, which names the file
spew("$dir/conf/$_", $file{$_}) for keys %file;
$nginx->write_conf(local_conf($nginx, $file{'nginx.conf'}));

my ($status, $output) = $nginx->check_conf;
is($status, 0, 'nginx -t') or diag($output);
like($output, qr/test is successful/, 'says so');

my @notices = map { m{/conf/(aime/\S+":.*?) in \S+/nginx\.conf:\d+$} }
    split /\n/, $nginx->log;
my @quoted = map { m{\Q"/etc/nginx/\E(aime/\S+":.*?) in /etc/nginx/} }
    grep { m{^    \d\S+ \S+ \[notice\]} } split /\n/, $page;
ok(@quoted > 0, 'notices are quoted');
is_deeply(\@notices, \@quoted, 'the notices are those that the page quotes');

# mistakes in the files are seen, or this test would prove nothing
spew("$dir/conf/aime/aime_api_server.cfg",
    $file{'aime/aime_api_server.cfg'} =~ s/= 1000$/= "1000"/mr);
($status) = $nginx->check_conf;
is($status, 1, 'a mistake is found');
done_testing();
