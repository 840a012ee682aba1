# The library of the tests in a browser.  Guards against a harness to which
# every page is a good one.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeBrowser qw(need_browser scenario);
use AimeTest;

need_browser();

my $srv = start_nginx(aime => 0, server => <<'CONF');
types { text/html html; text/javascript js; }
root html;
add_header Content-Security-Policy "default-src 'self'; img-src http:";
location = /favicon.ico { return 204; }
CONF
my $html = $srv->dir . '/html';
my $head = '<!DOCTYPE html><html lang="en"><title>A page</title><main><h1>A'
    . " page</h1></main>\n";
spew("$html/good.html", $head);
spew("$html/bad.html", $head . '<script>inline()</script>'
    . '<script src="bad.js"></script>');
spew("$html/bad.js", 'console.error("wrong"); new Image().src = '
    . '"http://localhost:9/"; throw new Error("thrown");');

scenario('t/browser/harness.mjs', url => $srv->url,
    ask => {twice => sub { $_[0] x 2 }});
done_testing();
