# Inputs and results of 100 bytes to 16 MB fill the zone to the brim, again and
# again (bench/chaos zone): new jobs are refused with 503, those that run are
# finished however large their results are, other requests are answered, and
# afterwards as much fits as before.  Guards against a zone that frays, and
# against large results that never find room since small jobs are faster.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use AimeNginx qw(on_asan);
use AimeChaos;

chaos('zone', '--seconds', 6, '--clients', on_asan() ? 30 : 60);
done_testing();
