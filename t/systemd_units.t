# The systemd units load, and lock up what they start: what `systemd-analyze`
# says of them.  Guards against lines that systemd ignores, since it only warns of
# these in its journal, and against walls that come down unseen.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use Test::More;
use AimeNginx qw(on_asan on_valgrind slurp spew);

plan skip_all => 'no nginx is looked at' if on_valgrind() || on_asan();
plan skip_all => 'needs systemd-analyze'
    if system('command -v systemd-analyze >/dev/null');

my $DEBIAN = '/lib/systemd/system/nginx.service';
my $dir = tempdir(CLEANUP => 1);
$ENV{SYSTEMD_UNIT_PATH} = "$dir:";

# the program may not be installed
my $daemon = slurp('media/aime-mediad.service');
ok($daemon =~ s{/usr/sbin/aime-mediad}{/bin/true}g, 'a program');
spew("$dir/aime-mediad.service", $daemon);
unit('aime-mediad.service', 1.5);

SKIP: {
    skip "needs Debian's unit of nginx" if !-e $DEBIAN;
    spew("$dir/nginx.service", slurp($DEBIAN));
    cmp_ok(exposure('nginx.service'), '>', 9, 'nginx as Debian starts it');
    spew("$dir/nginx.service.d/aime.conf",
        slurp('conf/production/nginx.service.d/aime.conf'));
    unit('nginx.service', 3.5);
    my $shown = `systemd-analyze verify --man=no $dir/nginx.service 2>&1`;
    is($shown, '', 'both together');
}

spew("$dir/aime-mediad.service", $daemon =~ s/^ProtectHome=/ProtectHose=/mr);
isnt(`systemd-analyze verify --man=no $dir/aime-mediad.service 2>&1`, '',
    'a mistake is seen');
done_testing();


sub unit {
    my ($name, $most) = @_;
    is(`systemd-analyze verify --man=no $dir/$name 2>&1`, '', "$name loads");
    cmp_ok(exposure($name), '<', $most, 'and is locked up');
    return;
}


# 0 to 10, less is better
sub exposure {
    my ($name) = @_;
    my $table = `systemd-analyze security --offline=yes --no-pager $dir/$name`;
    return $table =~ /Overall exposure level for \S+: ([\d.]+)/ ? $1
        : die "no exposure of $name\n";
}
