# The inputs of section "Input parameter types" of the protocol, a row for each
# case: what a client sends, and what the worker receives in its job, letter by
# letter, or which errors the client gets.  Guards against a rule that the unit
# tests of floor 0 know and a request through nginx does not, and against
# numbers, escapes and members that change on their way from client to worker.

use strict;
use warnings;
use utf8;

use lib 't/lib';
use Encode qw(encode_utf8);
use Mojo::JSON qw(decode_json);
use Mojo::Util qw(url_escape);
use Test::More;
use AimeTest;

binmode $_, ':encoding(UTF-8)' for map { Test::More->builder->$_ }
    qw(output failure_output todo_output);

# one value of a JSON text, as it is written
my $STRING = qr/"(?:[^"\\]++|\\.)*+"/;
my $VALUE = qr/($STRING|[^\s"{}\[\],:]++
    |([\[{](?:[^"\[\]{}]++|$STRING|(?2))*+[\]}]))/x;

my $GIF = 'data:image/gif;base64,R0lGODlhAQABAAAA';
my $WAV = 'data:audio/wav;base64,UklGRiQAAABXQVZFZm10IBAAAAA=';
my $WEBM = 'data:video/webm;base64,GkXfo59ChoEBQveBAULygQRC84EIQoKEd2VibQ==';
my $IN_URL = 'is not of the form data:image/<format>;base64,<body>';
my $JSON = 'is not an object, an array or a string that holds JSON';
my $ROLE = 'has a role that is not one of "system", "user", "assistant"';
my $ONE = 'must have exactly one of text, image, audio and video';
my $LONG = 'x' x 31;

# the same queue for all, so that one worker serves them
my %inputs = (
    scalars => <<'TOML',
untyped = {}
s = { type = "string" }
str = { type = "str", max_length = 4 }
cut = { type = "string", max_length = 4, auto_convert = true }
none = { type = "string", max_length = 0 }
word = { type = "string", pattern = "^[a-zé]+$" }
i = { type = "integer" }
range = { type = "int", minimum = -5, maximum = 10 }
low = { type = "integer", min = 2 }
high = { type = "integer", max = 0 }
step = { type = "integer", align = 8 }
fit = { type = "integer", minimum = 10, maximum = 100, align = 8, auto_convert = true }
cutoff = { type = "integer", auto_convert = true }
narrow = { type = "integer", minimum = 9, maximum = 15, align = 8, auto_convert = true }
f = { type = "float" }
unit = { type = "float", minimum = 0.0, maximum = 1 }
tenth = { type = "float", align = 0.1 }
ffit = { type = "float", min = 0.25, max = 8, align = 0.25, auto_convert = true }
b = { type = "bool" }
flag = { type = "boolean", auto_convert = true }
TOML
    choices => <<'TOML',
sel = { type = "selection", supported = ["fast", "slow", "Größe"] }
num = { type = "selection", supported = [1, 2, 4] }
mixed = { type = "selection", supported = ["a", 1.5, true] }
first = { type = "selection", supported = ["x", "y"], auto_convert = true }
other = { type = "selection", supported = ["x", "y"], default = "z", auto_convert = true }
TOML
    texts => <<'TOML',
j = { type = "json" }
chat = { type = "chat_context" }
text = { type = "text_context", max_length = 5 }
media = { type = "chat_context", support = ["text", "image", "audio", "video"] }
gif = { type = "chat_context", support = ["image"] }
TOML
    media => <<'TOML',
img = { type = "image" }
snd = { type = "audio" }
vid = { type = "video" }
ruled = { type = "image", format = { supported = ["png"] } }
TOML
    defaults => <<'TOML',
s = { type = "string", default = "é\"" }
i = { type = "integer", default = 3 }
f = { type = "float", default = 2 }
b = { type = "bool", default = false }
sel = { type = "selection", supported = ["a"], default = "not of them" }
j = { type = "json", default = '{"a": 1.50}' }
clamped = { type = "integer", maximum = 10, align = 4, auto_convert = true, default = 33 }
beyond = { type = "integer", maximum = 10, default = 33 }
empty = { type = "chat_context", default = "" }
img = { type = "image", default = "" }
TOML
    required => <<'TOML',
s = { type = "string", required = true }
i = { type = "integer", required = true, minimum = 0 }
j = { type = "json", required = true }
with = { type = "float", required = true, default = 1.0 }
TOML
    own => <<'TOML',
job_id = { type = "string", max_length = 4 }
start_time = { type = "float", default = 1 }
start_time_compute = { type = "image" }
s = { type = "string" }
img = { type = "image" }
TOML
    nothing => '',
);

my $srv = start_nginx(procs => 2, min_procs => 2,
    allow => [qr/there is no "aime_api_media"/],
    endpoints => {map { $_ => {job_type => 'rows',
        inputs => encode_utf8 $inputs{$_}} } keys %inputs},
    server_toml => server_toml(other => '[INPUTS]
image.format.allowed = ["gif", "png"]'));
my $worker = $srv->worker(job_type => 'rows')->login;

# [endpoint, members of the body, members that the worker gets or "!errors|..."]
my @bodies = (

    # string
    [scalars => '"s":"text"', '"s":"text"'],
    [scalars => '"s":""', '"s":""'],
    [scalars => '"s":null', ''],
    [scalars => '', ''],
    [scalars => '"untyped":"a"', '"untyped":"a"'],
    [scalars => '"untyped":1', '!untyped: 1 is not a string'],
    [scalars => '"s":"a\u00e9\n\/\"\u0000😀"', '"s":"a\u00e9\n\/\"\u0000😀"'],
    [scalars => '"s":5', '!s: 5 is not a string'],
    [scalars => '"s":true', '!s: true is not a string'],
    [scalars => '"s":["a"]', '!s: ["a"] is not a string'],
    [scalars => '"s":{}', '!s: {} is not a string'],
    [scalars => '"str":"äöü😀"', '"str":"äöü😀"'],
    [scalars => '"str":"\ud83d\ude00\u00e4bc"', '"str":"\ud83d\ude00\u00e4bc"'],
    [scalars => '"str":"abcde"',
        '!str: "abcde" is longer than the maximum of 4 characters'],
    [scalars => '"str":"äöü😀ß"',
        '!str: "äöü😀ß" is longer than the maximum of 4 characters'],
    [scalars => '"none":""', '"none":""'],
    [scalars => '"none":"a"',
        '!none: "a" is longer than the maximum of 0 characters'],
    [scalars => '"cut":"abcde"', '"cut":"abcd"'],
    [scalars => '"cut":"äö😀ßx"', '"cut":"äö😀ß"'],
    [scalars => '"cut":"abc\ud83d\ude00x"', '"cut":"abc\ud83d\ude00"'],
    [scalars => '"cut":1.50', '"cut":"1.50"'],
    [scalars => '"cut":123456', '"cut":"1234"'],
    [scalars => '"cut":true', '"cut":"true"'],
    [scalars => '"cut":[]', '!cut: [] is not a string'],
    [scalars => '"word":"abé"', '"word":"abé"'],
    [scalars => '"word":"ab\u00e9"', '"word":"ab\u00e9"'],
    [scalars => '"word":"a1"',
        '!word: "a1" does not match the pattern ^[a-zé]+$'],
    [scalars => qq("str":"$LONG"), '!str: "' . substr($LONG, 1)
        . '..." is longer than the maximum of 4 characters'],

    # integer
    [scalars => '"i":5', '"i":5'],
    [scalars => '"i":0', '"i":0'],
    [scalars => '"i":-0', '"i":0'],
    [scalars => '"i":5.0', '"i":5'],
    [scalars => '"i":1e3', '"i":1000'],
    [scalars => '"i":-1.50e1', '"i":-15'],
    [scalars => '"i":9007199254740993', '"i":9007199254740993'],
    [scalars => '"i":-9223372036854775808', '"i":-9223372036854775808'],
    [scalars => '"i":123456789012345678901', '"i":123456789012345678901'],
    [scalars => '"i":5.5', '!i: 5.5 is not a whole number'],
    [scalars => '"i":1e-3', '!i: 1e-3 is not a whole number'],
    [scalars => '"i":1e400', '!i: 1e400 is too large a number'],
    [scalars => '"i":"5"', '!i: "5" is not an integer'],
    [scalars => '"i":""', '!i: "" is not an integer'],
    [scalars => '"i":true', '!i: true is not an integer'],
    [scalars => '"i":[5]', '!i: [5] is not an integer'],
    [scalars => '"range":-5', '"range":-5'],
    [scalars => '"range":10', '"range":10'],
    [scalars => '"range":-6', '!range: -6 is below the minimum of -5'],
    [scalars => '"range":11', '!range: 11 is above the maximum of 10'],
    [scalars => '"range":99999999999999999999',
        '!range: 99999999999999999999 is above the maximum of 10'],
    [scalars => '"low":1', '!low: 1 is below the minimum of 2'],
    [scalars => '"high":1', '!high: 1 is above the maximum of 0'],
    [scalars => '"high":0', '"high":0'],
    [scalars => '"step":-16', '"step":-16'],
    [scalars => '"step":12', '!step: 12 is not a multiple of 8'],
    [scalars => '"fit":33', '"fit":32'],
    [scalars => '"fit":33.9', '"fit":32'],
    [scalars => '"fit":12', '"fit":16'],
    [scalars => '"fit":-1000', '"fit":16'],
    [scalars => '"fit":1e30', '"fit":96'],
    [scalars => '"fit":"42"', '"fit":40'],
    [scalars => '"fit":"40.0"', '"fit":40'],
    [scalars => '"fit":"4.5"', '!fit: "4.5" is not a whole number'],
    [scalars => '"fit":"4x"', '!fit: "4x" is not an integer'],
    [scalars => '"fit":true', '!fit: true is not an integer'],
    [scalars => '"cutoff":-0.5', '"cutoff":0'],
    [scalars => '"cutoff":-33.9', '"cutoff":-33'],
    [scalars => '"cutoff":"-7"', '"cutoff":-7'],
    [scalars => '"cutoff":123456789012345678901.9',
        '"cutoff":123456789012345678901'],
    [scalars => '"cutoff":1e400', '!cutoff: 1e400 is too large a number'],
    [scalars => '"narrow":12', '!narrow: 12 cannot be rounded to a multiple of '
        . '8 between the minimum of 9 and the maximum of 15'],

    # float
    [scalars => '"f":1', '"f":1.0'],
    [scalars => '"f":2.50', '"f":2.50'],
    [scalars => '"f":1e-7', '"f":1e-7'],
    [scalars => '"f":9007199254740993', '"f":9007199254740993.0'],
    [scalars => '"f":0.12345678901234567890', '"f":0.12345678901234567890'],
    [scalars => '"f":1e999', '!f: 1e999 is too large a number'],
    [scalars => '"f":"1.5"', '!f: "1.5" is not a number'],
    [scalars => '"f":false', '!f: false is not a number'],
    [scalars => '"unit":0', '"unit":0.0'],
    [scalars => '"unit":1.0', '"unit":1.0'],
    [scalars => '"unit":-0.1', '!unit: -0.1 is below the minimum of 0.0'],
    [scalars => '"unit":1.01', '!unit: 1.01 is above the maximum of 1.0'],
    [scalars => '"tenth":0.3', '"tenth":0.3'],
    [scalars => '"tenth":0.35', '!tenth: 0.35 is not a multiple of 0.1'],
    [scalars => '"ffit":0', '"ffit":0.25'],
    [scalars => '"ffit":100', '"ffit":8.0'],
    [scalars => '"ffit":0.7', '"ffit":0.5'],
    [scalars => '"ffit":"2.3"', '"ffit":2.25'],
    [scalars => '"ffit":"NaN"', '!ffit: "NaN" is not a number'],
    [scalars => '"ffit":"Infinity"', '!ffit: "Infinity" is not a number'],
    [scalars => '"ffit":[]', '!ffit: [] is not a number'],

    # bool
    [scalars => '"b":true', '"b":true'],
    [scalars => '"b":false', '"b":false'],
    [scalars => '"b":"true"', '!b: "true" is not true or false'],
    [scalars => '"b":1', '!b: 1 is not true or false'],
    [scalars => '"flag":"true"', '"flag":true'],
    [scalars => '"flag":"false"', '"flag":false'],
    [scalars => '"flag":0', '"flag":false'],
    [scalars => '"flag":1', '"flag":true'],
    [scalars => '"flag":2', '!flag: 2 is not true or false'],
    [scalars => '"flag":"yes"', '!flag: "yes" is not true or false'],
    [scalars => '"flag":{}', '!flag: {} is not true or false'],

    # selection
    [choices => '"sel":"slow"', '"sel":"slow","other":"z"'],
    [choices => '"sel":"Gr\u00f6\u00dfe"', '"sel":"Größe","other":"z"'],
    [choices => '"sel":"Fast"', '!sel: "Fast" is not one of the supported '
        . 'values "fast", "slow", "Größe"'],
    [choices => '"sel":1', '!sel: 1 is not one of the supported values "fast", '
        . '"slow", "Größe"'],
    [choices => '"sel":null', '"other":"z"'],
    [choices => '"num":2', '"num":2,"other":"z"'],
    [choices => '"num":3',
        '!num: 3 is not one of the supported values 1, 2, 4'],
    [choices => '"num":"2"',
        '!num: "2" is not one of the supported values 1, 2, 4'],
    [choices => '"mixed":1.50', '"mixed":1.5,"other":"z"'],
    [choices => '"mixed":true', '"mixed":true,"other":"z"'],
    [choices => '"mixed":false',
        '!mixed: false is not one of the supported values "a", 1.5, true'],
    [choices => '"first":"y"', '"first":"y","other":"z"'],
    [choices => '"first":"q"', '"first":"x","other":"z"'],
    [choices => '"first":[1]', '"first":"x","other":"z"'],
    [choices => '"other":"q"', '"other":"z"'],
    [choices => '"other":"x"', '"other":"x"'],

    # json
    [texts => '"j":"{\"a\": [1.0, \"\u00e9\"]}"', '"j":{"a": [1.0, "é"]}',
        'decoded once'],
    [texts => '"j":{"a":9007199254740993}', '"j":{"a":9007199254740993}'],
    [texts => '"j":[1, 2.0]', '"j":[1, 2.0]'],
    [texts => '"j":"5"', '"j":5'],
    [texts => '"j":"\"x\""', '"j":"x"'],
    [texts => '"j":""', ''],
    [texts => '"j":"{bad"', qr/^Parameter j: "\{bad" is not valid JSON \(/],
    [texts => '"j":"NaN"', qr/^Parameter j: "NaN" is not valid JSON \(/],
    [texts => '"j":5', "!j: 5 $JSON"],
    [texts => '"j":true', "!j: true $JSON"],

    # chat_context
    [texts => '"chat":[]', '"chat":[]'],
    [texts => '"chat":""', ''],
    [texts => '"chat":[{"role":"system","content":""},'
        . '{"role":"user","content":"a\n"},{"content":"b","role":"assistant"}]',
        '"chat":[{"role":"system","content":""},'
        . '{"role":"user","content":"a\n"},{"content":"b","role":"assistant"}]'],
    [texts => '"chat":"[{\"role\":\"user\",\"content\":\"a\"}]"',
        '"chat":[{"role":"user","content":"a"}]'],
    [texts => '"chat":[{"role":"user","content":[{"text":"a"},{"text":""}]}]',
        '"chat":[{"role":"user","content":[{"text":"a"},{"text":""}]}]'],
    [texts => '"chat":[{"role":"user","content":"a","name":"b"}]',
        '"chat":[{"role":"user","content":"a","name":"b"}]'],
    [texts => '"chat":{"role":"user","content":"a"}',
        '!chat: is not a list of messages'],
    [texts => '"chat":"5"', '!chat: is not a list of messages'],
    [texts => '"chat":"hello"',
        qr/^Parameter chat: "hello" is not valid JSON \(/],
    [texts => '"chat":["a"]',
        '!chat, message 1: is not an object with role and content'],
    [texts => '"chat":[{"role":"user","content":"a"},{"role":"tool",'
        . '"content":"b"}]', "!chat, message 2: $ROLE"],
    [texts => '"chat":[{"role":"User","content":"a"}]',
        "!chat, message 1: $ROLE"],
    [texts => '"chat":[{"role":null,"content":"a"}]',
        "!chat, message 1: $ROLE"],
    [texts => '"chat":[{"content":"a"}]', '!chat, message 1: has no role'],
    [texts => '"chat":[{"role":"user"}]', '!chat, message 1: has no content'],
    [texts => '"chat":[{}]',
        '!chat, message 1: has no role|chat, message 1: has no content'],
    [texts => '"chat":[{"role":"user","content":5}]', '!chat, message 1: has a '
        . 'content that is neither a string nor a list'],
    [texts => '"chat":[{"role":"user","content":["a"]}]',
        '!chat, message 1, part 1: is not an object'],
    [texts => '"chat":[{"role":"user","content":[{"text":"a"},{}]}]',
        "!chat, message 1, part 2: $ONE"],
    [texts => qq("media":[{"role":"user","content":[{"text":"a","image":"$GIF"}]
        }]), "!media, message 1, part 1: $ONE"],
    [texts => '"chat":[{"role":"user","content":[{"text":5}]}]',
        '!chat, message 1, part 1: has a text that is not a string'],
    [texts => '"chat":[{"role":"x","content":1},{"role":"user","content":[{}]}]',
        "!chat, message 1: $ROLE|chat, message 1: has a content that is neither "
        . "a string nor a list|chat, message 2, part 1: $ONE"],
    [texts => qq("media":[{"role":"user","content":[{"image":"$GIF"},{"audio":)
        . qq("$WAV"},{"video":"$WEBM"},{"type":"t","text":"b"}]}]),
        qq("media":[{"role":"user","content":[{"image":"$GIF"},{"audio":)
        . qq("$WAV"},{"video":"$WEBM"},{"type":"t","text":"b"}]}])],
    [texts => qq("chat":[{"role":"user","content":[{"image":"$GIF"}]}]),
        '!chat, message 1, part 1: holds an input of type image, supported: '
        . 'text'],
    [texts => qq("gif":[{"role":"user","content":[{"audio":"$WAV"}]}]),
        '!gif, message 1, part 1: holds an input of type audio, supported: '
        . 'text, image'],
    [texts => '"gif":[{"role":"user","content":[{"image":"x"}]}]',
        "!gif, message 1, part 1: \"x\" $IN_URL"],
    [texts => '"gif":[{"role":"user","content":[{"image":'
        . '"data:image/jpeg;base64,/9j/4AAQ"}]}]', '!gif, message 1, part 1: '
        . 'has the format jpeg, this server allows: png, gif'],

    # text_context
    [texts => '"text":"äöüßx"', '"text":"äöüßx"'],
    [texts => '"text":""', '"text":""'],
    [texts => '"text":"abcdef"',
        '!text: "abcdef" is longer than the maximum of 5 characters'],
    [texts => '"text":["a"]', '!text: ["a"] is not a string'],
    [texts => '"text":"a","chat":[]', '"text":"a","chat":[]'],
    [texts => '"text":"a","chat":"[ ]"', '"text":"a","chat":[ ]'],
    [texts => '"text":"a","chat":"[\n]"', qq("text":"a","chat":[\n])],
    [texts => '"text":"a","chat":"\t[]"', '"text":"a","chat":[]'],
    [texts => '"text":"a","chat":"null"', '"text":"a"'],
    [texts => '"text":"a","chat":null', '"text":"a"'],
    [texts => '"text":"a","chat":[{"role":"user","content":"b"}]',
        '!text: cannot be given together with parameter chat'],
    [texts => '"text":"a","chat":"[{\"role\":\"user\",\"content\":\"b\"}]"',
        '!text: cannot be given together with parameter chat'],

    [texts => '"text":5,"chat":[5]', '!chat, message 1: is not an object with '
        . 'role and content|text: cannot be given together with parameter chat'
        . '|text: 5 is not a string'],

    # what the server itself says in jobs is accepted and not passed on
    [own => '"s":"a","job_id":"mine","start_time":5', '"s":"a"'],
    [own => qq("start_time_compute":"$GIF","img":"$GIF"), qq("img":"$GIF")],
    [own => '"job_id":"another"',
        '!job_id: "another" is longer than the maximum of 4 characters'],

    # media without rules need no daemon
    [media => qq("img":"$GIF"), qq("img":"$GIF")],
    [media => qq("snd":"$WAV","vid":"$WEBM"), qq("snd":"$WAV","vid":"$WEBM")],
    [media => qq("img":null), ''],
    [media => '"img":""', "!img: \"\" $IN_URL"],
    [media => '"img":5', '!img: 5 is not an image'],
    [media => '"snd":{}', '!snd: {} is not an audio'],
    [media => '"vid":true', '!vid: true is not a video'],
    [media => '"img":"R0lGODlhAQABAAAA"', "!img: \"R0lGODlhAQABAAAA\" $IN_URL"],
    [media => qq("img":"$WAV"), qr/^Parameter img: "data:audio.*\Q$IN_URL\E$/],
    [media => '"img":"data:image/gif;base64,R0lG!Dlh"',
        '!img: "data:image/gif;base64,R0lG!Dlh" is no valid base64 (at byte 4 '
        . 'of the body)'],
    [media => '"img":"data:image/gif;base64,R0lGODlhAQABA"',
        qr/^Parameter img: "data.*\.\.\." is no valid base64 \(at byte \d+ of /],
    [media => '"img":"data:image/jpeg;base64,/9j/4AAQ"',
        '!img: has the format jpeg, this server allows: png, gif'],
    [media => '"img":"data:image/gif;base64,/9j/4AAQ"',
        '!img: has the format jpeg, this server allows: png, gif'],
    [media => '"img":"data:image/png;base64,aGVsbG8="',
        '!img: is no image of a known format'],
    [media => '"img":"data:image/png;base64,UklGRiQAAABXQVZFZm10IBAAAAA="',
        '!img: has the format wav, which is no image'],

    # defaults and required
    [defaults => '', '"s":"é\"","i":3,"f":2.0,"b":false,"sel":"not of them",'
        . '"j":{"a": 1.50},"clamped":8,"beyond":33'],
    [defaults => '"s":"","i":0,"f":null,"b":true,"sel":"a","j":"",'
        . '"clamped":3,"beyond":1', '"s":"","i":0,"f":2.0,"b":true,"sel":"a",'
        . '"j":{"a": 1.50},"clamped":0,"beyond":1'],
    [defaults => '"sel":"not of them"',
        '!sel: "not of them" is not one of the supported values "a"'],
    [required => '', '!s: is required|i: is required|j: is required'
        . '|with: is required'],
    [required => '"s":null,"i":-1,"j":"","with":1',
        '!s: is required|i: -1 is below the minimum of 0|j: is required'],
    [required => '"s":"","i":0,"j":[],"with":1',
        '"s":"","i":0,"j":[],"with":1.0'],

    # the whole
    [scalars => '"i":"x","i":5', '"i":5', 'the last one counts'],
    [scalars => '"i":5,"i":null', '', 'also when it is null'],
    [scalars => '"\u0069":5', '"i":5', 'an escaped name'],
    [scalars => '"zz":1', '!!Unknown parameter: zz'],
    [scalars => '"zz":null', '!!Unknown parameter: zz'],
    [scalars => '"I":5', '!!Unknown parameter: I'],
    [scalars => '"b1":1,"i":5,"a1":{"i":"x"}',
        '!!Unknown parameters: b1, a1'],
    [scalars => '"zz":1,"i":"x","range":11', '!!Unknown parameter: zz'
        . '|Parameter i: "x" is not an integer'
        . '|Parameter range: 11 is above the maximum of 10', 'all at once'],
    [nothing => '', ''],
    [nothing => '"prompt":"x"', '!!Unknown parameter: prompt'],
    [scalars => '"wait_for_result":"no"',
        '!wait_for_result: "no" is not true or false'],
);

# The same for arguments of a GET
my @queries = (
    [scalars => {s => 'a b&=é"\\'}, '"s":"a b&=é\"\\\\"'],
    [scalars => {s => ''}, '"s":""'],
    [scalars => {s => 'null'}, '"s":"null"'],
    [scalars => {s => '5'}, '"s":"5"'],
    [scalars => {i => '5'}, '"i":5'],
    [scalars => {i => '1e3'}, '"i":1000'],
    [scalars => {i => '9007199254740993'}, '"i":9007199254740993'],
    [scalars => {i => ''}, '!i: "" is not an integer'],
    [scalars => {i => '5x'}, '!i: "5x" is not an integer'],
    [scalars => {i => '5.5'}, '!i: "5.5" is not a whole number'],
    [scalars => {fit => '33.9'}, '"fit":32'],
    [scalars => {f => '1'}, '"f":1.0'],
    [scalars => {f => 'nan'}, '!f: "nan" is not a number'],
    [scalars => {b => 'true'}, '"b":true'],
    [scalars => {b => 'False'}, '"b":false'],
    [scalars => {b => '1'}, '!b: "1" is not true or false'],
    [scalars => {flag => '1'}, '"flag":true'],
    [choices => {num => '4', sel => 'Größe'},
        '"sel":"Größe","num":4,"other":"z"'],
    [choices => {mixed => 'true'}, '"mixed":true,"other":"z"'],
    [texts => {j => '{"a": 1.0}'}, '"j":{"a": 1.0}'],
    [texts => {chat => '[{"role":"user","content":"é"}]'},
        '"chat":[{"role":"user","content":"é"}]'],
    [texts => {text => 'a', chat => "[\n]"}, qq("text":"a","chat":[\n])],
    [texts => {text => 'a', chat => '[{"role":"user","content":"b"}]'},
        '!text: cannot be given together with parameter chat'],
    [media => {img => $GIF}, qq("img":"$GIF")],
    [scalars => {zz => ''}, '!!Unknown parameter: zz'],
);

# [what, body or [method, path, body], status, the error]: whole requests
my @requests = (
    ['a form' => 'i=5&s=x', 400, qr/^Invalid JSON in the request body: /],
    ['no body' => '', 400,
        qr/^The request has no body, a JSON object is expected$/],
    ['a list' => '[]', 400,
        qr/^Invalid JSON in the request body: object expected/],
    ['NaN' => '{"f":NaN}', 400, qr/^Invalid JSON in the request body: /],
    ['Infinity' => '{"f":-Infinity}', 400,
        qr/^Invalid JSON in the request body: /],
    ['05' => '{"i":05}', 400, qr/^Invalid JSON in the request body: /],
    ['no UTF-8' => "{\"s\":\"\xe9\"}", 400,
        qr/^Invalid JSON in the request body: /],
    ['a raw newline' => "{\"s\":\"\n\"}", 400,
        qr/^Invalid JSON in the request body: /],
    ['something behind' => '{"s":"x"} x', 400,
        qr/^Invalid JSON in the request body: /],
    ['twice' => [GET => '/scalars?i=5&i=5'], 400,
        qr/^Parameter i: was given more than once$/],
    ['no UTF-8 in a query' => [GET => '/scalars?s=%e9'], 400,
        qr/^Parameter s: holds bytes that are not UTF-8$/],
    ['rules without a daemon' => [POST => '/media', qq({"ruled":"$GIF"})], 503,
        qr/^Media cannot be processed at the moment, try again later$/],
);

cmp_ok(@bodies + @queries + @requests, '>=', 120, 'rows enough');
body_row(@$_) for @bodies;
query_row(@$_) for @queries;
request_row(@$_) for @requests;
content_types();
many_errors();
done_testing();


sub body_row {
    my ($endpoint, $members, $expected, $what) = @_;
    my $body = join ',', qq("key":"$CLIENT_KEY"),
        $members =~ /"wait_for_result"/ ? () : '"wait_for_result":false',
        length $members ? $members : ();
    my $answer = $srv->post("/$endpoint", encode_utf8("{$body}"));
    return row("$endpoint {" . (length $members > 90
        ? substr($members, 0, 87) . '...' : $members) . '}'
        . ($what ? ", $what" : ''), $answer, $expected);
}


sub query_row {
    my ($endpoint, $args, $expected) = @_;
    my $query = join '&', map { "$_=" . url_escape encode_utf8 $args->{$_} }
        sort keys %$args;
    my $answer = $srv->get("/$endpoint?$query&wait_for_result=false", undef,
        Authorization => "Bearer $CLIENT_KEY");
    return row("$endpoint?$query", $answer, $expected);
}


sub request_row {
    my ($what, $request, $status, $error) = @_;
    my @request = ref $request ? @$request : (POST => '/scalars', $request);
    my $answer = $srv->request(@request[0 .. 2],
        Authorization => "Bearer $CLIENT_KEY");
    is($answer->status, $status, "$what: $status");
    is($answer->header('Content-Type'), 'application/json', "$what: JSON");
    my $json = $answer->json;
    ok(defined $json->{success} && !$json->{success}, "$what: no success");
    is(scalar @{$json->{error}}, 1, "$what: one error");
    like($json->{error}[0], $error, "$what: which one");
    return;
}


# What the worker got, or the errors
sub row {
    my ($what, $answer, $expected) = @_;
    if (ref $expected || $expected =~ /^!/) {
        is($answer->status, 400, "$what is refused") or take();
        my $error = ($answer->json // {})->{error};
        return like(join('|', @$error), $expected, $what) if ref $expected;
        my @errors = $expected =~ s/^!!// ? split /\|/, $expected
            : map { "Parameter $_" } split /\|/, $expected =~ s/^!//r;
        return is_deeply($error, \@errors, $what);
    }
    if ($answer->status != 200) {
        return fail($what) || diag($answer->body);
    }
    my ($job, $text) = take();
    is($job->{job_id}, $answer->json->{job_id}, "$what: the job");
    my %got = members($text);
    delete @got{qw(job_id start_time start_time_compute wait_for_result)};
    my %wanted = members('{' . encode_utf8($expected) . '}');
    return is_deeply(\%got, \%wanted, $what);
}


# The worker's job, decoded and as it was written
sub take {
    my $answer = $worker->request_job;
    my ($job) = @{$answer->json->{job_data}};
    $worker->result($job->{job_id}, {text => 'x'});
    my %whole = members($answer->body);
    my ($text) = $whole{job_data} =~ /^\[\s*$VALUE\s*\]$/
        or die "no single job: $whole{job_data}\n";
    return ($job, $text);
}


# The members of an object, each value as it is written
sub members {
    my ($text) = @_;
    my %members;
    $text =~ s/^\s*\{// or die "no object: $text\n";
    while ($text =~ s/^\s*($STRING)\s*:\s*//) {
        my $name = decode_json("[$1]")->[0];
        die "twice: $name\n" if exists $members{$name};
        $text =~ s/^$VALUE\s*,?// or die "no value: $text\n";
        $members{$name} = $1;
    }
    $text =~ /^\s*\}\s*$/ or die "no end: $text\n";
    return %members;
}


# The body is JSON whatever it is called
sub content_types {
    for my $type ('application/json', 'application/x-www-form-urlencoded',
        'text/plain; charset=latin1', '')
    {
        my $answer = $srv->post('/scalars', encode_utf8(
            qq({"key":"$CLIENT_KEY","wait_for_result":false,"s":"é","f":1})),
            'Content-Type' => $type);
        row("JSON that is called \"$type\"", $answer, '"s":"é","f":1.0');
    }
    return;
}


# All violations in one answer, but not without end
sub many_errors {
    my $chat = join ',', ('{"role":"user","content":5}') x 100;
    my $answer = $srv->post('/texts',
        qq({"key":"$CLIENT_KEY","chat":[$chat]}));
    my $errors = $answer->json->{error};
    is(scalar @$errors, 65, 'errors of a hundred messages');
    is($errors->[63], 'Parameter chat, message 64: has a content that is '
        . 'neither a string nor a list', 'the last of them');
    is($errors->[64], '36 more errors', 'and how many there are beside');
    return;
}
