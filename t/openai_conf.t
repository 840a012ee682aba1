# [OPENAI] of a server file: mistakes stop nginx with file, line and key.  Guards
# against a mapping that points nowhere, and is found out by a client.

use strict;
use warnings;

use lib 't/lib';
use AimeOpenai;
use Test::More;
use AimeTest;

my %endpoints = (chat => chat_endpoint(), image => {inputs =>
    'prompt = {type = "string"}', outputs => 'images = {}'});

refused();
accepted();
done_testing();


sub check {
    my ($models, $openai, %opt) = @_;
    my $srv = start_openai(models => $models, openai => $openai, start => 0,
        endpoints => \%endpoints, allow => [qr/\[emerg\]/], %opt);
    my ($code, $output) = $srv->check_conf;
    return ($code == 0, $output . $srv->log);
}


sub refused {
    my @cases = (
        ['m = {endpoint = "chat", inputs = {seed = "sead"}}', qr/inputs\.seed names "sead", which endpoint "chat" does not have/],
        ['m = {endpoint = "chat", outputs = {text = "tekst"}}', qr/outputs\.text names "tekst"/],
        ['m = {chat = {endpoint = "chat", inputs = {top_p = "topp"}}}', qr/inputs\.top_p names "topp"/],
        ['m = {endpoint = "chat", inputs = {seed = "key"}}', qr/inputs\.seed names "key"/],
        ['m = {chat = "image"}', qr/MODELS\.m\.chat names an endpoint that lacks/],
        ['m = {embedding = "chat"}', qr/MODELS\.m\.embedding names an endpoint that lacks/],
        ['m = {}', qr/MODELS\.m\.endpoint names none/],
        ['m = {endpoint = 5}', qr/MODELS\.m\.\w+ must be the name/],
        ['m = 5', qr/OPENAI\.MODELS must have a table/],
        ['m = {endpoint = "chat", inputs = 5}', qr/MODELS\.m\.inputs must be a table/],
        ['m = {endpoint = "chat", inputs = {seed = 5}}', qr/MODELS\.m\.inputs must have names/],
        ['m = {endpoint = "chat", progress_mode = "both"}', qr/progress_mode must be "cumulative" or "delta"/],
        ['m = {endpoint = "chat", created_at = "soon"}', qr/created_at must be/],
        ['m = {endpoint = "chat", owned_by = 5}', qr/owned_by must be a string/],
        ['m = {endpoint = "chat", legacy_context_format = 1}', qr/must be true or false/],
        ['m = {endpoint = "chat"}', qr/fallback_model is none of/, 'fallback_model = "n"'],
    );
    for my $case (@cases) {
        my ($models, $message, $openai) = @$case;
        my ($ok, $log) = check($models, $openai);
        ok(!$ok, "refused: $models");
        like($log, $message, 'says so');
        like($log, qr{conf/server\.toml":1[2-9]:}, 'names file and line');
    }
    my ($ok, $log) = check('', '', http => 'server { listen 127.0.0.1:'
        . AimeNginx::free_port() . '; location ~ ^/v1 { aime_api_openai; } }');
    ok(!$ok, 'refused: a regular expression');
    return;
}


sub accepted {
    my ($ok, $log) = check(<<'TOML', 'other = 1');
m = {endpoint = "chat", inputs = {seed = "", max_tokens = "top_k"}, colour = 1}
i = {image = "image", chat = {endpoint = "chat", progress_mode = "delta"}}
away = {endpoint = "nowhere"}
part = {chat = "chat", image = "nowhere"}
TOML
    ok($ok, 'accepted') or diag($log);
    like($log, qr/OPENAI\.other is not known/, 'an unknown key is a notice');
    like($log, qr/OPENAI\.MODELS\.m\.colour is not known/, 'of a model too');
    like($log, qr/the endpoint of OPENAI\.MODELS\.away is not loaded/, 'away');
    like($log, qr/an endpoint of OPENAI\.MODELS\.part is not loaded/, 'or one');
    ($ok, $log) = check('m = {endpoint = "nowhere", inputs = {seed = "x"}}');
    ok($ok, 'what an endpoint that is not there has, nobody knows');
    ($ok, $log) = check('m = 5', 'x = 1', aime_locations => <<'CONF');
location /chat { aime_api_endpoint endpoints/chat/aime_api_endpoint.cfg; }
CONF
    ok($ok, 'where no location serves models, they are not read');
    return;
}
