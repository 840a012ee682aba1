/*
 * Inputs of requests against a description: the table of the conformance
 * suite, and what hostile clients send.  Every row runs once as it is, with
 * its text in a block of its own size, and once for each allocation that can
 * fail.
 */

#include "tap.h"

#include "aime_desc.h"
#include "aime_input.h"
#include "aime_number.h"
#include "aime_toml.h"


#define MAX_RESULT  8192


/* expected: the members that are no defaults, or messages after a "!" */

typedef struct {
    const char  *args;
    const char  *expected;
} row_t;


static void *failing_alloc(void *ctx, size_t size);
static int compile(aime_pool_t *pool, const char *toml, cJSON **tree,
    aime_desc_t *desc);
static size_t body_args(aime_pool_t *pool, aime_str_t body,
    aime_json_member_t *args);
static size_t query_args(const char *query, aime_json_member_t *args);
static size_t append(char *dst, size_t pos, aime_str_t text);
static void render(const aime_desc_t *desc, const aime_input_t *input,
    char *dst);
static int matches(const char *got, const char *expected);
static void check(const aime_desc_t *desc, const aime_json_member_t *args,
    size_t nargs, const row_t *row);
static void check_bodies(const char *toml, const row_t *rows, const char *base);
static void check_queries(const char *toml, const row_t *rows,
    const char *base);
static void check_many(void);
static void check_long(void);
static void check_long_pattern(void);
static void check_many_media(void);
static void check_order(void);
static void check_numbers(void);


static const char  valid[] =
    "req.type = \"string\"\n"
    "req.required = true\n"
    "s = { type = \"string\", default = \"dflt\" }\n"
    "s_none = { type = \"string\" }\n"
    "s_max = { type = \"string\", max_length = 5 }\n"
    "s_max_ac = { type = \"string\", max_length = 5, auto_convert = true }\n"
    "s_ac = { type = \"string\", auto_convert = true }\n"
    "s_alias = { type = \"str\" }\n"
    "s_untyped = { default = \"u\" }\n"
    "i = { type = \"integer\", default = 10, minimum = 1, maximum = 100 }\n"
    "i_free = { type = \"integer\" }\n"
    "i_ac = { type = \"integer\", minimum = 10, maximum = 100, align = 8,"
    " auto_convert = true }\n"
    "i_al = { type = \"integer\", align = 8 }\n"
    "i_alias = { type = \"int\", min = 2, max = 9 }\n"
    "i_min0 = { type = \"integer\", min = 0 }\n"
    "i_dflt_oob = { type = \"integer\", default = 5, maximum = 4,"
    " auto_convert = true }\n"
    "f = { type = \"float\", default = 0.5, minimum = 0.0, maximum = 1.0 }\n"
    "f_free = { type = \"float\" }\n"
    "f_ac = { type = \"float\", minimum = 0.25, maximum = 1.0,"
    " auto_convert = true }\n"
    "f_al = { type = \"float\", align = 0.5, auto_convert = true }\n"
    "f_idflt = { type = \"float\", default = 2 }\n"
    "b = { type = \"bool\", default = false }\n"
    "b_ac = { type = \"bool\", auto_convert = true }\n"
    "b_alias = { type = \"boolean\" }\n"
    "sel = { type = \"selection\", supported = [\"none\", \"decoded\"],"
    " default = \"none\" }\n"
    "sel_ac = { type = \"selection\", supported = [\"a\", \"b\"],"
    " default = \"b\", auto_convert = true }\n"
    "sel_int = { type = \"selection\", supported = [1, 2, 4],"
    " default = 1 }\n"
    "j = { type = \"json\" }\n"
    "j_dflt = { type = \"json\", default = '{\"a\": 1}' }\n";


static const char  context[] =
    "chat = { type = \"chat_context\", support = [\"image\", \"audio\"],"
    " image = { format = { supported = [\"png\"] } } }\n"
    "talk = { type = \"chat_context\" }\n"
    "plain = { type = \"text_context\" }\n"
    "img = { type = \"image\" }\n"
    "pic = { type = \"image\", size = { maximum = 64 } }\n"
    "aud = { type = \"audio\" }\n"
    "vid = { type = \"video\" }\n";


static const char  patterns[] =
    "hex = { type = \"string\", pattern = '^[0-9a-f]+$' }\n"
    "part = { type = \"string\", pattern = 'ab' }\n"
    "uml = { type = \"string\", pattern = '^.\\x{e4}$' }\n"
    "cut = { type = \"string\", pattern = '^a+$', max_length = 3,"
    " auto_convert = true }\n"
    "evil = { type = \"string\", pattern = '^(a|aa)+$' }\n"
    "dflt = { type = \"string\", pattern = '^x$', default = \"y\" }\n"
    "ctx = { type = \"text_context\", pattern = '^[^<]*$' }\n";


static const char  edges[] =
    "i_step = { type = \"integer\", align = 7, auto_convert = true }\n"
    "i_low = { type = \"integer\", minimum = -10, align = 8,"
    " auto_convert = true }\n"
    "i_gap = { type = \"integer\", minimum = 9, maximum = 15, align = 8,"
    " auto_convert = true }\n"
    "i_max = { type = \"integer\", maximum = 9223372036854775807 }\n"
    "i_min = { type = \"integer\", minimum = -9223372036854775808,"
    " align = 10, auto_convert = true }\n"
    "i_clamp = { type = \"integer\", minimum = -5, maximum = 7,"
    " auto_convert = true }\n"
    "f_tenth = { type = \"float\", align = 0.1 }\n"
    "f_cut = { type = \"float\", align = 0.1, auto_convert = true }\n"
    "f_low = { type = \"float\", align = 0.1, minimum = 0.25,"
    " maximum = 0.95, auto_convert = true }\n"
    "f_gap = { type = \"float\", align = 1, minimum = 0.25,"
    " maximum = 0.75, auto_convert = true }\n"
    "f_big = { type = \"float\", align = 1e-300 }\n"
    "s0 = { type = \"string\", max_length = 0 }\n"
    "s1 = { type = \"string\", max_length = 2, auto_convert = true }\n"
    "first = { type = \"selection\", supported = [\"x\", \"y\"],"
    " auto_convert = true }\n"
    "mixed = { type = \"selection\","
    " supported = [0.5, 1.0, 3, true, \"\\u00e4\\n\", \"3\", \"x\\\"\"] }\n"
    "b_ac = { type = \"bool\", auto_convert = true }\n"
    "sel = { type = \"selection\", supported = [1, 2.5, false, \"7\"] }\n"
    "nine = { type = \"selection\", supported = [1,2,3,4,5,6,7,8,9] }\n"
    "wide = { type = \"selection\","
    " supported = [\"abcdefghijklmnopqrstuvwxyz012345\"] }\n"
    "i_end = { type = \"integer\", minimum = 9223372036854775807, align = 8,"
    " auto_convert = true }\n"
    "j = { type = \"json\", required = true }\n";


/* ---- rows of the table: scalars */

static const row_t  rows_valid[] = {

    { "", "" },
    { "\"req\":null", "!Parameter req: is required" },
    { "\"req\":\"\"", "req=\"\"" },
    { "\"req\":5", "!Parameter req: 5 is not a string" },
    { "\"zz\":1", "!Unknown parameter: zz" },
    { "\"zz\":1,\"yy\":2", "!Unknown parameters: zz, yy" },
    { "\"yy\":null", "!Unknown parameter: yy" },
    { "\"S\":\"x\"", "!Unknown parameter: S" },
    { "\"zz\":1,\"req\":null",
      "!Unknown parameter: zz|Parameter req: is required" },
    { "\"i\":\"x\",\"f\":\"y\"",
      "!Parameter i: \"x\" is not an integer|"
      "Parameter f: \"y\" is not a number" },
    { "\"i\":3,\"i\":7", "i=7" },
    { "\"s\":null,\"i\":null,\"f\":null,\"b\":null,\"sel\":null,"
      "\"j_dflt\":null", "" },

    /* string */

    { "\"s\":\"x\"", "s=\"x\"" },
    { "\"s\":\"\"", "s=\"\"" },
    { "\"s\":\"\xc3\xa4 \xf0\x9f\x98\x80\"",
      "s=\"\xc3\xa4 \xf0\x9f\x98\x80\"" },
    { "\"s\":\"a\\n\\t\\\"\\\\\\/\\u0001\"",
      "s=\"a\\n\\t\\\"\\\\\\/\\u0001\"" },
    { "\"s\":\"a\\u0000b\"", "s=\"a\\u0000b\"" },
    { "\"s\":\"\\ud83d\\ude00\"", "s=\"\\ud83d\\ude00\"" },
    { "\"s\":\"\\ud800\"", "s=\"\\ud800\"" },
    { "\"s\":5", "!Parameter s: 5 is not a string" },
    { "\"s\":true", "!Parameter s: true is not a string" },
    { "\"s\":[\"x\"]", "!Parameter s: [\"x\"] is not a string" },
    { "\"s\":{\"x\":1}", "!Parameter s: {\"x\":1} is not a string" },
    { "\"s_none\":null", "" },
    { "\"s_max\":\"abcde\"", "s_max=\"abcde\"" },
    { "\"s_max\":\"abcdef\"",
      "!Parameter s_max: \"abcdef\" is longer than the maximum of 5"
      " characters" },
    { "\"s_max\":\"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa9\"",
      "s_max=\"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa9\"" },
    { "\"s_max\":\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
      "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\"",
      "s_max=\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
      "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\"" },
    { "\"s_max\":\"\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00"
      "\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\"",
      "!Parameter s_max: \"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
      "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\" is longer than the"
      " maximum of 5 characters" },
    { "\"s_max_ac\":\"abcdefgh\"", "s_max_ac=\"abcde\"" },
    { "\"s_max_ac\":\"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa9\xc3\xb1\"",
      "s_max_ac=\"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa9\"" },
    { "\"s_max_ac\":\"abc\"", "s_max_ac=\"abc\"" },
    { "\"s_ac\":5", "s_ac=\"5\"" },
    { "\"s_ac\":-12345678901", "s_ac=\"-12345678901\"" },
    { "\"s_ac\":1.50", "s_ac=\"1.50\"" },
    { "\"s_ac\":true", "s_ac=\"true\"" },
    { "\"s_ac\":false", "s_ac=\"false\"" },
    { "\"s_ac\":[1,\"a\"]", "!Parameter s_ac: [1,\"a\"] is not a string" },
    { "\"s_ac\":{}", "!Parameter s_ac: {} is not a string" },
    { "\"s_max_ac\":12345", "s_max_ac=\"12345\"" },
    { "\"s_max_ac\":1234567", "s_max_ac=\"12345\"" },
    { "\"s_alias\":\"x\"", "s_alias=\"x\"" },
    { "\"s_untyped\":\"y\"", "s_untyped=\"y\"" },
    { "\"s_untyped\":1", "!Parameter s_untyped: 1 is not a string" },

    /* integer */

    { "\"i\":1", "i=1" },
    { "\"i\":100", "i=100" },
    { "\"i\":0", "!Parameter i: 0 is below the minimum of 1" },
    { "\"i\":101", "!Parameter i: 101 is above the maximum of 100" },
    { "\"i\":\"5\"", "!Parameter i: \"5\" is not an integer" },
    { "\"i\":[5]", "!Parameter i: [5] is not an integer" },
    { "\"i\":5.0", "i=5" },
    { "\"i\":5.5e1", "i=55" },
    { "\"i\":5000e-2", "i=50" },
    { "\"i_free\":1e3", "i_free=1000" },
    { "\"i_free\":12.50e1", "i_free=125" },
    { "\"i\":5.9", "!Parameter i: 5.9 is not a whole number" },
    { "\"i\":true", "!Parameter i: true is not an integer" },
    { "\"i_free\":-3", "i_free=-3" },
    { "\"i_free\":-0", "i_free=0" },
    { "\"i_free\":-0.0", "i_free=0" },
    { "\"i_free\":0e5", "i_free=0" },
    { "\"i_free\":0", "i_free=0" },
    { "\"i_free\":9007199254740993", "i_free=9007199254740993" },
    { "\"i_free\":9007199254740993.0", "i_free=9007199254740993" },
    { "\"i_free\":9223372036854775807", "i_free=9223372036854775807" },
    { "\"i_free\":-9223372036854775808", "i_free=-9223372036854775808" },
    { "\"i_free\":18446744073709551615", "i_free=18446744073709551615" },
    { "\"i_free\":123456789012345678901234",
      "i_free=123456789012345678901234" },
    { "\"i_free\":1e20", "i_free=100000000000000000000" },
    { "\"i_free\":1e400", "!Parameter i_free: 1e400 is too large a number" },
    { "\"i_free\":1e999999999",
      "!Parameter i_free: 1e999999999 is too large a number" },
    { "\"i_free\":-1e99999999999999999999999",
      "!Parameter i_free: -1e99999999999999999999999 is too large a number" },
    { "\"i_free\":0e99999999999999999999999", "i_free=0" },
    { "\"i_free\":1e-99999999999999999999999",
      "!Parameter i_free: 1e-99999999999999999999999 is not a whole number" },
    { "\"i\":1e30", "!Parameter i: 1e30 is above the maximum of 100" },
    { "\"i\":-1e30", "!Parameter i: -1e30 is below the minimum of 1" },
    { "\"i_al\":1e30", "!Parameter i_al: 1e30 is too large a number" },
    { "\"i_ac\":1e30", "i_ac=96" },
    { "\"i_ac\":-1e30", "i_ac=16" },
    { "\"i_ac\":5", "i_ac=16" },
    { "\"i_ac\":1000", "i_ac=96" },
    { "\"i_ac\":50", "i_ac=48" },
    { "\"i_ac\":11", "i_ac=16" },
    { "\"i_ac\":64", "i_ac=64" },
    { "\"i_ac\":64.0", "i_ac=64" },
    { "\"i_ac\":\"50\"", "i_ac=48" },
    { "\"i_ac\":\"64\"", "i_ac=64" },
    { "\"i_ac\":\"\\u0036\\u0034\"", "i_ac=64" },
    { "\"i_ac\":\"6.4e1\"", "i_ac=64" },
    { "\"i_ac\":\" 50 \"", "!Parameter i_ac: \" 50 \" is not an integer" },
    { "\"i_ac\":\"abc\"", "!Parameter i_ac: \"abc\" is not an integer" },
    { "\"i_ac\":\"\"", "!Parameter i_ac: \"\" is not an integer" },
    { "\"i_ac\":\"0x20\"", "!Parameter i_ac: \"0x20\" is not an integer" },
    { "\"i_ac\":\"+5\"", "!Parameter i_ac: \"+5\" is not an integer" },
    { "\"i_ac\":\"050\"", "!Parameter i_ac: \"050\" is not an integer" },
    { "\"i_ac\":\"5.\"", "!Parameter i_ac: \"5.\" is not an integer" },
    { "\"i_ac\":\".5\"", "!Parameter i_ac: \".5\" is not an integer" },
    { "\"i_ac\":\"5e\"", "!Parameter i_ac: \"5e\" is not an integer" },
    { "\"i_ac\":\"5e+\"", "!Parameter i_ac: \"5e+\" is not an integer" },
    { "\"i_ac\":\"-\"", "!Parameter i_ac: \"-\" is not an integer" },
    { "\"i_ac\":\"50\\u0000\"",
      "!Parameter i_ac: \"50^@\" is not an integer" },
    { "\"i_ac\":\"12.5\"", "!Parameter i_ac: \"12.5\" is not a whole number" },
    { "\"i_ac\":33.9", "i_ac=32" },
    { "\"i_ac\":[1]", "!Parameter i_ac: [1] is not an integer" },
    { "\"i_ac\":true", "!Parameter i_ac: true is not an integer" },
    { "\"i_al\":16", "i_al=16" },
    { "\"i_al\":0", "i_al=0" },
    { "\"i_al\":-8", "i_al=-8" },
    { "\"i_al\":17", "!Parameter i_al: 17 is not a multiple of 8" },
    { "\"i_alias\":5", "i_alias=5" },
    { "\"i_alias\":1", "!Parameter i_alias: 1 is below the minimum of 2" },
    { "\"i_alias\":10", "!Parameter i_alias: 10 is above the maximum of 9" },
    { "\"i_min0\":-1", "!Parameter i_min0: -1 is below the minimum of 0" },

    /* float */

    { "\"f\":0.25", "f=0.25" },
    { "\"f\":1", "f=1.0" },
    { "\"f\":0", "f=0.0" },
    { "\"f\":-0", "f=-0.0" },
    { "\"f\":-0.1", "!Parameter f: -0.1 is below the minimum of 0.0" },
    { "\"f\":1.5", "!Parameter f: 1.5 is above the maximum of 1.0" },
    { "\"f\":\"0.5\"", "!Parameter f: \"0.5\" is not a number" },
    { "\"f\":true", "!Parameter f: true is not a number" },
    { "\"f_free\":1e-7", "f_free=1e-7" },
    { "\"f_free\":12.50", "f_free=12.50" },
    { "\"f_free\":1E5", "f_free=1E5" },
    { "\"f_free\":0.30000000000000004", "f_free=0.30000000000000004" },
    { "\"f_free\":1.7e308", "f_free=1.7e308" },
    { "\"f_free\":1e-400", "f_free=1e-400" },
    { "\"f_free\":9007199254740993", "f_free=9007199254740993.0" },
    { "\"f_idflt\":null", "" },
    { "\"f_free\":1e400", "!Parameter f_free: 1e400 is too large a number" },
    { "\"f_free\":-1e999999999999999999999",
      "!Parameter f_free: -1e999999999999999999999 is too large a number" },
    { "\"f_ac\":0.1", "f_ac=0.25" },
    { "\"f_ac\":3", "f_ac=1.0" },
    { "\"f_ac\":\"0.75\"", "f_ac=0.75" },
    { "\"f_ac\":\"1\"", "f_ac=1.0" },
    { "\"f_ac\":\"x\"", "!Parameter f_ac: \"x\" is not a number" },
    { "\"f_ac\":\"nan\"", "!Parameter f_ac: \"nan\" is not a number" },
    { "\"f_ac\":\"inf\"", "!Parameter f_ac: \"inf\" is not a number" },
    { "\"f_ac\":\"Infinity\"",
      "!Parameter f_ac: \"Infinity\" is not a number" },
    { "\"f_ac\":\"0,5\"", "!Parameter f_ac: \"0,5\" is not a number" },
    { "\"f_ac\":\"1e400\"",
      "!Parameter f_ac: \"1e400\" is too large a number" },
    { "\"f_al\":1.3", "f_al=1.0" },
    { "\"f_al\":-1.3", "f_al=-1.5" },
    { "\"f_al\":2.5", "f_al=2.5" },
    { "\"f_al\":3", "f_al=3.0" },
    { "\"f_al\":0.4", "f_al=0.0" },

    /* bool */

    { "\"b\":true", "b=true" },
    { "\"b\":false", "" },
    { "\"b\":\"true\"", "!Parameter b: \"true\" is not true or false" },
    { "\"b\":1", "!Parameter b: 1 is not true or false" },
    { "\"b\":0", "!Parameter b: 0 is not true or false" },
    { "\"b_ac\":0", "b_ac=false" },
    { "\"b_ac\":1", "b_ac=true" },
    { "\"b_ac\":1.0", "b_ac=true" },
    { "\"b_ac\":2", "!Parameter b_ac: 2 is not true or false" },
    { "\"b_ac\":-1", "!Parameter b_ac: -1 is not true or false" },
    { "\"b_ac\":0.5", "!Parameter b_ac: 0.5 is not true or false" },
    { "\"b_ac\":1e99", "!Parameter b_ac: 1e99 is not true or false" },
    { "\"b_ac\":\"true\"", "b_ac=true" },
    { "\"b_ac\":\"false\"", "b_ac=false" },
    { "\"b_ac\":\"f\\u0061lse\"", "b_ac=false" },
    { "\"b_ac\":\"yes\"", "!Parameter b_ac: \"yes\" is not true or false" },
    { "\"b_ac\":[]", "!Parameter b_ac: [] is not true or false" },
    { "\"b_alias\":true", "b_alias=true" },
    { "\"wait_for_result\":\"no\"",
      "!Parameter wait_for_result: \"no\" is not true or false" },
    { "\"wait_for_result\":0",
      "!Parameter wait_for_result: 0 is not true or false" },
    { "\"wait_for_result\":false", "(no wait)" },
    { "\"wait_for_result\":true", "" },
    { "\"wait_for_result\":null", "" },

    /* selection */

    { "\"sel\":\"decoded\"", "sel=\"decoded\"" },
    { "\"sel\":\"d\\u0065coded\"", "sel=\"decoded\"" },
    { "\"sel\":\"bogus\"",
      "!Parameter sel: \"bogus\" is not one of the supported values"
      " \"none\", \"decoded\"" },
    { "\"sel\":\"\"",
      "!Parameter sel: \"\" is not one of the supported values"
      " \"none\", \"decoded\"" },
    { "\"sel\":\"Decoded\"",
      "!Parameter sel: \"Decoded\" is not one of the supported values"
      " \"none\", \"decoded\"" },
    { "\"sel\":5",
      "!Parameter sel: 5 is not one of the supported values"
      " \"none\", \"decoded\"" },
    { "\"sel_ac\":\"z\"", "" },
    { "\"sel_ac\":\"a\"", "sel_ac=\"a\"" },
    { "\"sel_ac\":5", "" },
    { "\"sel_ac\":[]", "" },
    { "\"sel_int\":2", "sel_int=2" },
    { "\"sel_int\":3",
      "!Parameter sel_int: 3 is not one of the supported values 1, 2, 4" },
    { "\"sel_int\":\"2\"",
      "!Parameter sel_int: \"2\" is not one of the supported values"
      " 1, 2, 4" },
    { "\"sel_int\":4.0",
      "!Parameter sel_int: 4.0 is not one of the supported values 1, 2, 4" },
    { "\"sel_int\":true",
      "!Parameter sel_int: true is not one of the supported values"
      " 1, 2, 4" },

    /* json */

    { "\"j\":\"{\\\"x\\\": [1, 2.5, null, \\\"\\u00e4\\\"]}\"",
      "j={\"x\": [1, 2.5, null, \"\xc3\xa4\"]}" },
    { "\"j\":\"[1]\"", "j=[1]" },
    { "\"j\":\"5\"", "j=5" },
    { "\"j\":\" \\n5\\t\"", "j=5" },
    { "\"j\":\"null\"", "" },
    { "\"j\":\"\\\"x\\\\n\\\"\"", "j=\"x\\n\"" },
    { "\"j\":\"{\\\"n\\\": 9007199254740993}\"",
      "j={\"n\": 9007199254740993}" },
    { "\"j\":\"{bad\"", "!Parameter j: \"{bad\" is not valid JSON (*" },
    { "\"j\":\"{} x\"", "!Parameter j: \"{} x\" is not valid JSON (*" },
    { "\"j\":\" \"", "!Parameter j: \" \" is not valid JSON (*" },
    { "\"j\":\"\"", "" },
    { "\"j\":\"{\\\"x\\\": NaN}\"",
      "!Parameter j: \"{\"x\": NaN}\" is not valid JSON (*" },
    { "\"j\":{\"x\":1}", "j={\"x\":1}" },
    { "\"j\":[ 1e400 ]", "j=[ 1e400 ]" },
    { "\"j\":5",
      "!Parameter j: 5 is not an object, an array or a string that holds"
      " JSON" },
    { "\"j\":true",
      "!Parameter j: true is not an object, an array or a string that holds"
      " JSON" },
    { "\"j_dflt\":\"\"", "" },
    { "\"j_dflt\":[]", "j_dflt=[]" },

    /* the implicit ones, whose values are repeated nowhere */

    { "\"key\":\"secret\",\"client_session_auth_key\":\"secret\"", "" },
    { "\"key\":5", "!Parameter key: is not a string" },
    { "\"client_session_auth_key\":[\"secret\"]",
      "!Parameter client_session_auth_key: is not a string" },
    { "\"key\":null", "" },

    /* values are cut to 30 characters, between characters */

    { "\"i\":\"123456789012345678901234567890\"",
      "!Parameter i: \"123456789012345678901234567890\" is not an integer" },
    { "\"i\":\"1234567890123456789012345678901\"",
      "!Parameter i: \"123456789012345678901234567890...\" is not an"
      " integer" },
    { "\"i\":\"12345678901234567890123456789\\ud83d\\ude00x\"",
      "!Parameter i: \"12345678901234567890123456789\xf0\x9f\x98\x80...\""
      " is not an integer" },
    { "\"i\":[\"12345678901234567890123456789\",1]",
      "!Parameter i: [\"1234567890123456789012345678... is not an integer" },
    { "\"12345678901234567890123456789012345678901234567890"
      "1234567890123456789012345678901234567890123456789\xc3\xa4x\":1",
      "!Unknown parameter: 12345678901234567890123456789012345678901234567890"
      "1234567890123456789012345678901234567890123456789\xc3\xa4..." },

    { NULL, NULL }
};


static const row_t  rows_edges[] = {

    { "", "" },
    { "\"j\":null", "!Parameter j: is required" },
    { "\"j\":\"\"", "!Parameter j: is required" },
    { "\"j\":\"null\"", "!Parameter j: is required" },

    { "\"i_step\":-1", "i_step=-7" },
    { "\"i_step\":-7", "i_step=-7" },
    { "\"i_step\":-8.5", "i_step=-14" },
    { "\"i_step\":6", "i_step=0" },
    { "\"i_step\":-9223372036854775808", "i_step=-9223372036854775807" },
    { "\"i_step\":9223372036854775807", "i_step=9223372036854775807" },
    { "\"i_low\":-9", "i_low=-8" },
    { "\"i_gap\":12",
      "!Parameter i_gap: 12 cannot be rounded to a multiple of 8 between the"
      " minimum of 9 and the maximum of 15" },
    { "\"i_max\":9223372036854775807", "i_max=9223372036854775807" },
    { "\"i_max\":9223372036854775808",
      "!Parameter i_max: 9223372036854775808 is above the maximum of"
      " 9223372036854775807" },
    { "\"i_max\":-123456789012345678901234",
      "i_max=-123456789012345678901234" },
    { "\"i_min\":-9223372036854775809", "i_min=-9223372036854775800" },
    { "\"i_min\":9223372036854775808",
      "!Parameter i_min: 9223372036854775808 is too large a number" },
    { "\"i_clamp\":0.9", "i_clamp=0" },
    { "\"i_clamp\":-0.9", "i_clamp=0" },
    { "\"i_clamp\":-5.9", "i_clamp=-5" },
    { "\"i_clamp\":7.9", "i_clamp=7" },
    { "\"i_clamp\":8", "i_clamp=7" },
    { "\"i_clamp\":1e-5", "i_clamp=0" },
    { "\"i_clamp\":\"1e-5\"",
      "!Parameter i_clamp: \"1e-5\" is not a whole number" },
    { "\"i_clamp\":12345678901234567890123.5", "i_clamp=7" },

    { "\"f_tenth\":0.3", "f_tenth=0.3" },
    { "\"f_tenth\":0.7", "f_tenth=0.7" },
    { "\"f_tenth\":0.30000000000000004", "f_tenth=0.30000000000000004" },
    { "\"f_tenth\":-1234567.8", "f_tenth=-1234567.8" },
    { "\"f_tenth\":0.35", "!Parameter f_tenth: 0.35 is not a multiple of 0.1" },
    { "\"f_tenth\":100000.00001",
      "!Parameter f_tenth: 100000.00001 is not a multiple of 0.1" },
    { "\"f_cut\":0.35", "f_cut=0.3" },
    { "\"f_cut\":0.79", "f_cut=0.7" },
    { "\"f_cut\":-0.35", "f_cut=-0.4" },
    { "\"f_cut\":0.05", "f_cut=0.0" },
    { "\"f_cut\":123456.78", "f_cut=123456.7" },
    { "\"f_cut\":1e300", "f_cut=1e300" },
    { "\"f_low\":0.1", "f_low=0.3" },
    { "\"f_low\":0.29", "f_low=0.3" },
    { "\"f_low\":0.99", "f_low=0.9" },
    { "\"f_gap\":0.5",
      "!Parameter f_gap: 0.5 cannot be rounded to a multiple of 1.0 between"
      " the minimum of 0.25 and the maximum of 0.75" },
    { "\"f_big\":1e300", "f_big=1e300" },

    { "\"s0\":\"\"", "s0=\"\"" },
    { "\"s0\":\"x\"",
      "!Parameter s0: \"x\" is longer than the maximum of 0 characters" },
    { "\"s1\":\"\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\"",
      "s1=\"\\ud83d\\ude00\\ud83d\\ude00\"" },
    { "\"s1\":\"\\ud83d\\ud83d\\ude00x\"", "s1=\"\\ud83d\\ud83d\\ude00\"" },
    { "\"s1\":\"\\uD83D\\uDE00\\uDBFF\\uDFFFx\"",
      "s1=\"\\uD83D\\uDE00\\uDBFF\\uDFFF\"" },
    { "\"s1\":\"\\ude00\\ude00\\ude00\"", "s1=\"\\ude00\\ude00\"" },
    { "\"s1\":\"a\\\\b\"", "s1=\"a\\\\\"" },
    { "\"s1\":\"\\\"\\\"\\\"\"", "s1=\"\\\"\\\"\"" },
    { "\"s1\":\"a\\u00e4\\u00e4\"", "s1=\"a\\u00e4\"" },
    { "\"s1\":\"\\ud83d\"", "s1=\"\\ud83d\"" },

    { "\"first\":\"z\"", "first=\"x\"" },
    { "\"mixed\":0.50", "mixed=0.5" },
    { "\"mixed\":5e-1", "mixed=0.5" },
    { "\"mixed\":1", "mixed=1.0" },
    { "\"mixed\":3", "mixed=3" },
    { "\"mixed\":\"3\"", "mixed=\"3\"" },
    { "\"mixed\":true", "mixed=true" },
    { "\"mixed\":\"\\u00E4\\u000a\"", "mixed=\"\xc3\xa4\\n\"" },
    { "\"mixed\":\"x\\u0022\"", "mixed=\"x\\\"\"" },
    { "\"mixed\":-0.5",
      "!Parameter mixed: -0.5 is not one of the supported values 0.5, 1.0, 3,"
      " true, \"\xc3\xa4\\n\", \"3\", \"x\\\"\"" },
    { "\"mixed\":false", "!Parameter mixed: false is not one of *" },
    { "\"nine\":0", "!Parameter nine: 0 is not one of the supported values 1,"
      " 2, 3, 4, 5, 6, 7, 8, ..." },
    { "\"wide\":\"a\"", "!Parameter wide: \"a\" is not one of the supported"
      " values \"abcdefghijklmnopqrstuvwxyz0123...\"" },
    { "\"i_end\":5",
      "!Parameter i_end: 5 cannot be rounded to a multiple of 8" },

    { NULL, NULL }
};


#define PNG   "iVBORw0KGgoAAAAN"
#define GIF   "R0lGODlhAQABAAAA"
#define WAV   "UklGRiQAAABXQVZF"

#define USER(content)  "[{\"role\":\"user\",\"content\":" content "}]"

static const row_t  rows_context[] = {

    { "", "" },
    { "\"plain\":\"hello\"", "plain=\"hello\"" },
    { "\"plain\":\"\"", "plain=\"\"" },
    { "\"plain\":5", "!Parameter plain: 5 is not a string" },
    { "\"plain\":\"x\",\"chat\":\"\"", "plain=\"x\"" },
    { "\"plain\":\"x\",\"chat\":null", "plain=\"x\"" },
    { "\"plain\":null,\"chat\":null,\"img\":null,\"vid\":null", "" },
    { "\"plain\":\"x\",\"chat\":\"[{}]\"",
      "!Parameter chat, message 1: has no role|"
      "Parameter chat, message 1: has no content|"
      "Parameter plain: cannot be given together with parameter chat" },
    { "\"plain\":\"x\",\"chat\":[]", "chat=[] plain=\"x\"" },
    { "\"plain\":\"x\",\"chat\":\" [ ] \"", "chat=[ ] plain=\"x\"" },
    { "\"plain\":\"x\",\"chat\":\"[\\n]\"", "chat=[\n] plain=\"x\"" },
    { "\"plain\":\"x\",\"chat\":\"\\t\\u005b]\\r\"", "chat=[] plain=\"x\"" },
    { "\"plain\":\"x\",\"chat\":\" null\\n\"", "plain=\"x\"" },
    { "\"plain\":\"x\",\"chat\":[\"\\n\"]",
      "!Parameter chat, message 1: is not an object with role and content|"
      "Parameter plain: cannot be given together with parameter chat" },
    { "\"plain\":\"x\",\"chat\":\"[[]\"", "!Parameter chat: \"[[]\" is not *" },
    { "\"chat\":[]", "chat=[]" },
    { "\"chat\":{}", "!Parameter chat: is not a list of messages" },
    { "\"chat\":\"5\"", "!Parameter chat: is not a list of messages" },
    { "\"chat\":5", "!Parameter chat: 5 is not a chat context" },
    { "\"chat\":[5,[],null,\"x\"]",
      "!Parameter chat, message 1: is not an object with role and content|"
      "Parameter chat, message 2: is not an object with role and content|"
      "Parameter chat, message 3: is not an object with role and content|"
      "Parameter chat, message 4: is not an object with role and content" },
    { "\"chat\":" USER("\"x\""), "chat=" USER("\"x\"") },
    { "\"chat\":\"[{\\\"role\\\":\\\"user\\\",\\\"content\\\":\\\"x\\\"}]\"",
      "chat=" USER("\"x\"") },
    { "\"talk\":[{\"content\":\"x\",\"role\":\"\\u0075ser\",\"a\":1.50}]",
      "talk=[{\"content\":\"x\",\"role\":\"\\u0075ser\",\"a\":1.50}]" },
    { "\"chat\":[{\"role\":\"User\",\"content\":\"x\"}]",
      "!Parameter chat, message 1: has a role that is not one of \"system\","
      " \"user\", \"assistant\"" },
    { "\"chat\":[{\"role\":[\"user\"],\"content\":\"x\"}]",
      "!Parameter chat, message 1: has a role that is not one of *" },
    { "\"chat\":" USER("null"),
      "!Parameter chat, message 1: has a content that is neither a string"
      " nor a list" },
    { "\"chat\":" USER("[]"), "chat=" USER("[]") },
    { "\"chat\":" USER("[{\"type\":\"text\",\"text\":\"x\"}]"),
      "chat=" USER("[{\"type\":\"text\",\"text\":\"x\"}]") },
    { "\"chat\":" USER("[{\"text\":\"x\"},5,{\"text\":5},{\"a\":1}]"),
      "!Parameter chat, message 1, part 2: is not an object|"
      "Parameter chat, message 1, part 3: has a text that is not a string|"
      "Parameter chat, message 1, part 4: must have exactly one of text,"
      " image, audio and video" },
    { "\"chat\":" USER("[{\"text\":\"x\",\"image\":\"y\"}]"),
      "!Parameter chat, message 1, part 1: must have exactly one of *" },
    { "\"chat\":" USER("[{\"video\":\"data:video/mp4;base64,AAAA\"}]"),
      "!Parameter chat, message 1, part 1: holds an input of type video,"
      " supported: text, image, audio" },
    { "\"talk\":" USER("[{\"image\":\"x\"}]"),
      "!Parameter talk, message 1, part 1: holds an input of type image,"
      " supported: text" },
    { "\"chat\":" USER("[{\"image\":\"data:image/png;base64," PNG "\"},"
                       "{\"audio\":\"data:audio/wav;base64," WAV "\"}]"),
      "chat=" USER("[{\"image\":\"data:image/png;base64," PNG "\"},"
                   "{\"audio\":\"data:audio/wav;base64," WAV "\"}]")
      " [image 1.1 in 0]" PNG },
    { "\"chat\":" USER("[{\"image\":\"data:image/png;base64,AAAA\"}]"),
      "!Parameter chat, message 1, part 1: is no image of a known format" },
    { "\"chat\":" USER("[{\"image\":5}]"),
      "!Parameter chat, message 1, part 1: 5 is not of the form"
      " data:image/<format>;base64,<body>" },

    { "\"img\":\"\"", "!Parameter img: \"\" is not of the form"
      " data:image/<format>;base64,<body>" },
    { "\"img\":5", "!Parameter img: 5 is not an image" },
    { "\"img\":\"x\"", "!Parameter img: \"x\" is not of the form *" },
    { "\"img\":\"data:audio/png;base64,AAAA\"",
      "!Parameter img: \"data:audio/png;base64,AAAA\" is not of the form *" },
    { "\"img\":\"data:image/png;base64,AA\\u0022A\"",
      "!Parameter img: \"data:image/png;base64,AA\"A\" is no valid base64 (at"
      " byte 2 of the body)" },
    { "\"img\":\"data:image/png;base64,AAAA\"",
      "img=\"data:image/png;base64,AAAA\"" },
    { "\"img\":\"data:image/png;base64," WAV "\"",
      "!Parameter img: has the format wav, which is no image" },
    { "\"pic\":\"data:image/png;base64," PNG "\"",
      "pic=\"data:image/png;base64," PNG "\" [image 0.0 in 0]" PNG },
    { "\"plain\":\"p\",\"pic\":\"data:image\\/gif;base64," GIF "\"",
      "plain=\"p\" pic=\"data:image\\/gif;base64," GIF "\""
      " [image 0.0 in 1]" GIF },
    { "\"pic\":\"data:image/png;base64,AAAA\"",
      "!Parameter pic: is no image of a known format" },
    { "\"aud\":\"\"", "!Parameter aud: \"\" is not of the form"
      " data:audio/<format>;base64,<body>" },
    { "\"aud\":\"data:audio/x-wav;base64," WAV "\"",
      "aud=\"data:audio/x-wav;base64," WAV "\"" },

    { NULL, NULL }
};


static const row_t  rows_patterns[] = {

    { "\"hex\":\"0af\"", "hex=\"0af\"" },
    { "\"hex\":\"0af\\n\"",
      "!Parameter hex: \"0af\n\" does not match the pattern ^[0-9a-f]+$" },
    { "\"hex\":\"\"", "!Parameter hex: \"\" does not match the pattern *" },
    { "\"hex\":\"\\u0061\"", "hex=\"\\u0061\"" },
    { "\"part\":\"xaby\"", "part=\"xaby\"" },
    { "\"part\":\"xay\"", "!Parameter part: \"xay\" does not match *" },
    { "\"uml\":\"x\xc3\xa4\"", "uml=\"x\xc3\xa4\"" },
    { "\"uml\":\"\\ud83d\\ude00\\u00e4\"", "uml=\"\\ud83d\\ude00\\u00e4\"" },
    { "\"uml\":\"\\ud83d\\u00e4\"", "uml=\"\\ud83d\\u00e4\"" },
    { "\"cut\":\"aaab\"", "cut=\"aaa\"" },
    { "\"cut\":\"aab\"", "!Parameter cut: \"aab\" does not match *" },
    { "\"evil\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"",
      "!Parameter evil: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\" takes too long"
      " to match with the pattern ^(a|aa)+$" },
    { "\"dflt\":\"y\"", "!Parameter dflt: \"y\" does not match *" },
    { "", "" },
    { "\"ctx\":\"a<b\"", "!Parameter ctx: \"a<b\" does not match *" },

    { NULL, NULL }
};


static const row_t  queries_valid[] = {

    { "s=x", "s=\"x\"" },
    { "s=a b+\xc3\xa4&\"\\", "s=\"a b+\xc3\xa4&\\\"\\\\\"" },
    { "s=5", "s=\"5\"" },
    { "s=a;s=b", "!Parameter s: was given more than once" },
    { "s=a;s=b;s=c;i=x",
      "!Parameter s: was given more than once|"
      "Parameter i: \"x\" is not an integer" },
    { "s=", "s=\"\"" },
    { "s=null", "s=\"null\"" },
    { "s=\xff", "!Parameter s: holds bytes that are not UTF-8" },
    { "i=\xc3", "!Parameter i: holds bytes that are not UTF-8" },
    { "\xff\xc3=1", "!Unknown parameter: \xef\xbf\xbd\xef\xbf\xbd" },
    { "i=5", "i=5" },
    { "i=5.0", "i=5" },
    { "i=", "!Parameter i: \"\" is not an integer" },
    { "i= 5", "!Parameter i: \" 5\" is not an integer" },
    { "i=5.5", "!Parameter i: \"5.5\" is not a whole number" },
    { "i=true", "!Parameter i: \"true\" is not an integer" },
    { "i=101", "!Parameter i: \"101\" is above the maximum of 100" },
    { "i=[1]", "!Parameter i: \"[1]\" is not an integer" },
    { "i_ac=50", "i_ac=48" },
    { "i_ac=33.9", "i_ac=32" },
    { "f=1", "f=1.0" },
    { "f_ac=0.5", "f_ac=0.5" },
    { "f_ac=", "!Parameter f_ac: \"\" is not a number" },
    { "f_free=1e400", "!Parameter f_free: \"1e400\" is too large a number" },
    { "f_free=nan", "!Parameter f_free: \"nan\" is not a number" },
    { "b=true", "b=true" },
    { "b=True", "b=true" },
    { "b=tRue", "!Parameter b: \"tRue\" is not true or false" },
    { "b=1", "!Parameter b: \"1\" is not true or false" },
    { "b=", "!Parameter b: \"\" is not true or false" },
    { "b_ac=1", "b_ac=true" },
    { "b_ac=0", "b_ac=false" },
    { "b_ac=2", "!Parameter b_ac: \"2\" is not true or false" },
    { "sel=decoded", "sel=\"decoded\"" },
    { "sel=", "!Parameter sel: \"\" is not one of *" },
    { "sel_int=2", "sel_int=2" },
    { "sel_int=2.0", "!Parameter sel_int: \"2.0\" is not one of *" },
    { "sel_ac=z", "" },
    { "j={\"x\":1}", "j={\"x\":1}" },
    { "j=", "" },
    { "j={", "!Parameter j: \"{\" is not valid JSON (*" },
    { "zz=1", "!Unknown parameter: zz" },
    { "zz=1;zz=2", "!Unknown parameters: zz, zz" },
    { "wait_for_result=false", "(no wait)" },
    { "wait_for_result=False", "(no wait)" },
    { "wait_for_result=true", "" },
    { "wait_for_result=0",
      "!Parameter wait_for_result: \"0\" is not true or false" },
    { "wait_for_result=",
      "!Parameter wait_for_result: \"\" is not true or false" },
    { "key=a", "" },
    { "key=a;key=b", "!Parameter key: was given more than once" },
    { "i=12345678901234567890123456789012345",
      "!Parameter i: \"123456789012345678901234567890...\" is above the"
      " maximum of 100" },

    { NULL, NULL }
};


static const row_t  queries_edges[] = {

    { "mixed=3", "mixed=\"3\"" },
    { "mixed=1", "mixed=1.0" },
    { "mixed=true", "mixed=true" },
    { "mixed=x\"", "mixed=\"x\\\"\"" },
    { "sel=1", "sel=1" },
    { "sel=false", "sel=false" },
    { "sel=7", "sel=\"7\"" },
    { "sel=8", "!Parameter sel: \"8\" is not one of *" },

    { NULL, NULL }
};


static const row_t  queries_context[] = {

    { "img=", "!Parameter img: \"\" is not of the form *" },
    { "chat=;plain=x", "plain=\"x\"" },
    { "chat=[]", "chat=[]" },
    { "chat=" USER("\"x\""), "chat=" USER("\"x\"") },

    { NULL, NULL }
};


/* the allocation that fails, counted down; never when it starts at 0 */

typedef struct {
    aime_pool_t  *pool;
    size_t        left;
} failing_t;


static void *
failing_alloc(void *ctx, size_t size)
{
    failing_t  *failing = ctx;

    if (failing->left && --failing->left == 0) {
        return NULL;
    }

    return failing->pool->alloc(failing->pool->ctx, size);
}


static int
compile(aime_pool_t *pool, const char *toml, cJSON **tree, aime_desc_t *desc)
{
    int                rc;
    aime_toml_error_t  toml_error;
    aime_desc_error_t  error;

    *tree = aime_toml_parse(toml, strlen(toml), &toml_error);

    if (*tree == NULL) {
        printf("# %u: %s\n", toml_error.line, toml_error.text);
        exit(2);
    }

    rc = aime_desc_compile(pool, *tree, desc, NULL, NULL, &error);

    if (rc != AIME_OK) {
        printf("# %u: %s\n", error.line, error.text);
        exit(2);
    }

    return rc;
}


/* The members of a JSON object, as the arguments of a request. */

static size_t
body_args(aime_pool_t *pool, aime_str_t body, aime_json_member_t *args)
{
    size_t               i;
    aime_json_error_t    error;
    aime_json_members_t  members;

    if (aime_json_members(pool, body, &members, &error) != AIME_OK) {
        printf("# %.*s: %s\n", (int) body.len, body.data, error.reason);
        exit(2);
    }

    for (i = 0; i < members.nelts; i++) {
        memset(&args[i], 0, sizeof(aime_json_member_t));
        args[i].name = members.elts[i].name;
        args[i].value = members.elts[i].value;
    }

    return members.nelts;
}


/* name=value;name=value, each in a block of its own */

static size_t
query_args(const char *query, aime_json_member_t *args)
{
    size_t       n, len;
    const char  *equal;

    for (n = 0; *query; n++) {
        equal = strchr(query, '=');
        len = strcspn(equal, ";");

        memset(&args[n], 0, sizeof(aime_json_member_t));
        args[n].value.plain = 1;
        args[n].name = tap_copy(query, equal - query);
        args[n].value.text = tap_copy(equal + 1, len - 1);

        query = equal + len;
        query += (*query == ';');
    }

    return n;
}


static size_t
append(char *dst, size_t pos, aime_str_t text)
{
    size_t  i;

    for (i = 0; i < text.len && pos < MAX_RESULT - 8; i++) {
        if (text.data[i] == '\0') {
            pos += sprintf(dst + pos, "^@");

        } else {
            dst[pos++] = text.data[i];
        }
    }

    dst[pos] = '\0';

    return pos;
}


/* Messages, or members other than the defaults and what every row gives. */

static void
render(const aime_desc_t *desc, const aime_input_t *input, char *dst)
{
    char                  place[64];
    size_t                i, pos;
    aime_desc_param_t    *param;
    aime_json_error_t     error;
    aime_json_value_t     value;
    aime_json_member_t   *member;
    aime_input_medium_t  *medium;

    pos = 0;
    dst[0] = '\0';

    for (i = 0; i < input->errors.nelts; i++) {
        pos = append(dst, pos, tap_str(i ? "|" : "!"));
        pos = append(dst, pos, input->errors.elts[i]);

        if (!aime_json_utf8(input->errors.elts[i])) {
            pos = append(dst, pos, tap_str("(not UTF-8)"));
        }
    }

    for (i = 0; input->errors.nelts == 0 && i < input->nmembers; i++) {
        member = &input->members[i];
        param = aime_desc_find(desc, member->name);

        if (aime_json_scan(member->value.text, &value, &error) != AIME_OK
            || value.type != member->value.type
            || value.text.len != member->value.text.len)
        {
            pos = append(dst, pos, tap_str("(not JSON)"));
        }

        if (param->default_value.len == member->value.text.len
            && memcmp(param->default_value.data, member->value.text.data,
                      member->value.text.len) == 0)
        {
            continue;
        }

        if (member->value.text.len == 3
            && memcmp(member->value.text.data, "\"-\"", 3) == 0)
        {
            continue;
        }

        pos = append(dst, pos, tap_str(pos ? " " : ""));
        pos = append(dst, pos, member->name);
        pos = append(dst, pos, tap_str("="));
        pos = append(dst, pos, member->value.text);
    }

    for (i = 0; input->errors.nelts == 0 && i < input->media.nelts; i++) {
        medium = &input->media.elts[i];

        snprintf(place, sizeof(place), " [%s %d.%d in %d]",
                 aime_media_kind_name(medium->kind),
                 (int) medium->place.message, (int) medium->place.part,
                 (int) medium->member);

        pos = append(dst, pos, tap_str(place));
        pos = append(dst, pos, medium->body);
    }

    if (!input->wait_for_result) {
        pos = append(dst, pos, tap_str("(no wait)"));
    }
}


/* An expectation that ends in a star leaves the rest open. */

static int
matches(const char *got, const char *expected)
{
    size_t  len;

    len = strlen(expected);

    if (len && expected[len - 1] == '*') {
        return strncmp(got, expected, len - 1) == 0;
    }

    return strcmp(got, expected) == 0;
}


static void
check(const aime_desc_t *desc, const aime_json_member_t *args, size_t nargs,
    const row_t *row)
{
    int           rc, ok;
    char          got[MAX_RESULT];
    size_t        n;
    tap_pool_t    mem;
    aime_pool_t   pool, face;
    failing_t     failing;
    aime_input_t  input;

    pool = tap_pool(&mem);

    rc = aime_input_validate(&pool, desc, args, nargs, &input);
    render(desc, &input, got);

    tap_ok(rc == AIME_OK && matches(got, row->expected), "%s", row->args);

    if (!matches(got, row->expected)) {
        printf("#      got: %s\n# expected: %s\n", got, row->expected);
    }

    tap_pool_free(&mem);

    face.alloc = failing_alloc;
    face.ctx = &failing;
    failing.pool = &pool;
    ok = 1;

    for (n = 1; ok; n++) {
        pool = tap_pool(&mem);
        failing.left = n;

        rc = aime_input_validate(&face, desc, args, nargs, &input);

        if (failing.left) {
            render(desc, &input, got);
            ok = (rc == AIME_OK && matches(got, row->expected));
            tap_pool_free(&mem);
            break;
        }

        ok = (rc == AIME_NOMEM);
        tap_pool_free(&mem);
    }

    if (!ok) {
        tap_ok(0, "%s: allocation %zu fails", row->args, n);
    }
}


/* base: a member that every body gets in front, so that nothing is missing */

static void
check_bodies(const char *toml, const row_t *rows, const char *base)
{
    char              body[MAX_RESULT];
    cJSON            *tree;
    size_t            n;
    aime_str_t        text;
    tap_pool_t        mem, desc_mem;
    aime_desc_t       desc;
    aime_pool_t       pool, desc_pool;
    aime_json_member_t  args[16];

    desc_pool = tap_pool(&desc_mem);
    compile(&desc_pool, toml, &tree, &desc);

    for ( /* void */ ; rows->args; rows++) {
        pool = tap_pool(&mem);

        snprintf(body, sizeof(body), "{%s%s%s}", base,
                 base[0] && rows->args[0] ? "," : "", rows->args);

        text = tap_dup(body);
        n = body_args(&pool, text, args);

        check(&desc, args, n, rows);

        tap_free(text);
        tap_pool_free(&mem);
    }

    tap_pool_free(&desc_mem);
    cJSON_Delete(tree);
}


static void
check_queries(const char *toml, const row_t *rows, const char *base)
{
    char              query[MAX_RESULT];
    cJSON            *tree;
    size_t            i, n;
    tap_pool_t        mem;
    aime_desc_t       desc;
    aime_pool_t       pool;
    aime_json_member_t  args[16];

    pool = tap_pool(&mem);
    compile(&pool, toml, &tree, &desc);

    for ( /* void */ ; rows->args; rows++) {

        snprintf(query, sizeof(query), "%s;%s", base, rows->args);

        n = query_args(query + (base[0] == '\0'), args);

        check(&desc, args, n, rows);

        for (i = 0; i < n; i++) {
            tap_free(args[i].name);
            tap_free(args[i].value.text);
        }
    }

    tap_pool_free(&mem);
    cJSON_Delete(tree);
}


/* As many arguments as a body may have, unknown or all wrong. */

static void
check_many(void)
{
    char              name[32];
    cJSON            *tree;
    size_t            i;
    tap_pool_t        mem;
    aime_desc_t       desc;
    aime_pool_t       pool;
    aime_input_t      input;
    aime_json_member_t  args[AIME_JSON_MAX_MEMBERS];
    static char       toml[AIME_JSON_MAX_MEMBERS * 32];

    pool = tap_pool(&mem);
    compile(&pool, "", &tree, &desc);
    memset(args, 0, sizeof(args));

    for (i = 0; i < AIME_JSON_MAX_MEMBERS; i++) {
        snprintf(name, sizeof(name), "unknown%zu", i);
        args[i].name = tap_dup(name);
        args[i].value.type = AIME_JSON_STRING;
        args[i].value.text = tap_str("\"x\"");
    }

    tap_is_int(aime_input_validate(&pool, &desc, args, i, &input), AIME_OK,
               "%zu unknown arguments", i);
    tap_is_int(input.errors.nelts, 1, "one message");
    tap_ok(input.errors.nelts == 1
           && memcmp(input.errors.elts[0].data,
                     "Unknown parameters: unknown0, ", 30)
              == 0
           && memcmp(input.errors.elts[0].data + input.errors.elts[0].len - 13,
                     ", unknown4095", 13) == 0,
           "names them all");

    for (i = 0; i < AIME_JSON_MAX_MEMBERS; i++) {
        tap_free(args[i].name);
    }

    tap_is_int(aime_input_validate(&pool, &desc, NULL, 0, &input), AIME_OK,
               "no arguments, no parameters");
    tap_is_int(input.errors.nelts + input.nmembers, 0, "give nothing");

    tap_pool_free(&mem);
    cJSON_Delete(tree);

    toml[0] = '\0';

    for (i = 0; i < 100; i++) {
        sprintf(toml + strlen(toml), "p%zu.required = true\n", i);
    }

    pool = tap_pool(&mem);
    compile(&pool, toml, &tree, &desc);

    tap_is_int(aime_input_validate(&pool, &desc, NULL, 0, &input), AIME_OK,
               "100 missing arguments");
    tap_is_int(input.errors.nelts, AIME_INPUT_MAX_ERRORS + 1, "messages");

    if (input.errors.nelts) {
        tap_is(input.errors.elts[0], tap_str("Parameter p0: is required"),
               "first");
        tap_is(input.errors.elts[input.errors.nelts - 1],
               tap_str("36 more errors"), "last");
    }

    tap_pool_free(&mem);
    cJSON_Delete(tree);
}


/* Long texts: passed on as slices, cut quickly, deep ones refused. */

static void
check_long(void)
{
    char             *body;
    cJSON            *tree;
    size_t            n, size = 1000000;
    aime_str_t        text;
    tap_pool_t        mem;
    aime_desc_t       desc;
    aime_pool_t       pool;
    aime_input_t      input;
    aime_json_member_t  args[4];

    pool = tap_pool(&mem);
    compile(&pool,
            "s.max_length = 1000000\n"
            "cut = { max_length = 500000, auto_convert = true }\n"
            "i = { type = \"integer\" }\n"
            "f = { type = \"float\" }\n"
            "j = { type = \"json\" }\n",
            &tree, &desc);

    body = malloc(size + 64);

    n = sprintf(body, "{\"s\":\"");
    memset(body + n, 'x', size);
    strcpy(body + n + size, "\"}");

    text = tap_dup(body);
    n = body_args(&pool, text, args);
    n = aime_input_validate(&pool, &desc, args, n, &input);
    tap_ok(n == AIME_OK && input.errors.nelts == 0 && input.nmembers == 1
           && input.members[0].value.text.data == text.data + 5,
           "a text of 1 MB is a slice of the request");
    tap_free(text);

    n = sprintf(body, "{\"cut\":\"");
    memset(body + n, 'x', size);
    strcpy(body + n + size, "\"}");

    text = tap_dup(body);
    n = body_args(&pool, text, args);
    n = aime_input_validate(&pool, &desc, args, n, &input);
    tap_ok(n == AIME_OK && input.errors.nelts == 0
           && input.members[0].value.text.len == 500002,
           "a text of 1 MB is cut");
    tap_free(text);

    n = sprintf(body, "{\"i\":");
    memset(body + n, '7', size);
    strcpy(body + n + size, "}");

    text = tap_dup(body);
    n = body_args(&pool, text, args);
    n = aime_input_validate(&pool, &desc, args, n, &input);
    tap_ok(n == AIME_OK && input.errors.nelts == 1, "an integer of 1 MB");
    tap_is(input.errors.elts[0],
           tap_str("Parameter i: 777777777777777777777777777777... is too"
                   " large a number"),
           "is refused");
    tap_free(text);

    n = sprintf(body, "{\"f\":0.");
    memset(body + n, '3', size);
    strcpy(body + n + size, "}");

    text = tap_dup(body);
    n = body_args(&pool, text, args);
    n = aime_input_validate(&pool, &desc, args, n, &input);
    tap_ok(n == AIME_OK && input.errors.nelts == 0
           && input.members[0].value.text.len == size + 2,
           "a fraction of 1 MB is passed");
    tap_free(text);

    n = sprintf(body, "{\"j\":\"");
    memset(body + n, '[', size / 2);
    memset(body + n + size / 2, ']', size / 2);
    strcpy(body + n + size, "\"}");

    text = tap_dup(body);
    n = body_args(&pool, text, args);
    n = aime_input_validate(&pool, &desc, args, n, &input);
    tap_ok(n == AIME_OK && input.errors.nelts == 1, "JSON of 500000 levels");
    tap_ok(memcmp(input.errors.elts[0].data, "Parameter j: \"[", 15) == 0,
           "is refused");
    tap_free(text);

    free(body);
    tap_pool_free(&mem);
    cJSON_Delete(tree);
}


/* One that the compiler of patterns needs memory for, and that is not shown. */

static void
check_long_pattern(void)
{
    char                toml[4096];
    cJSON              *tree;
    size_t              i, n;
    aime_str_t          text;
    tap_pool_t          mem;
    aime_desc_t         desc;
    aime_pool_t         pool;
    aime_input_t        input;
    aime_json_member_t  args[1];

    n = sprintf(toml, "p = { pattern = '^");

    for (i = 0; i < 1500; i++) {
        n += sprintf(toml + n, "\xc3\xa4");
    }

    strcpy(toml + n, "$' }\n");

    pool = tap_pool(&mem);
    compile(&pool, toml, &tree, &desc);

    n = body_args(&pool, tap_str("{\"p\":\"x\"}"), args);
    n = aime_input_validate(&pool, &desc, args, n, &input);
    tap_ok(n == AIME_OK && input.errors.nelts == 1, "no match");

    text = input.errors.elts[0];
    tap_ok(text.len > 300 && text.len < 512
           && memcmp(text.data + text.len - 2, "\xc3\xa4", 2) == 0,
           "of the pattern whole characters are shown");

    tap_pool_free(&mem);
    cJSON_Delete(tree);
}


static void
check_many_media(void)
{
    char               *body;
    cJSON              *tree;
    size_t              i, n, max;
    aime_str_t          text;
    tap_pool_t          mem;
    aime_desc_t         desc;
    aime_pool_t         pool;
    aime_input_t        input;
    aime_json_member_t  args[1];

    static const char  part[] = "{\"image\":\"data:image/png;base64," PNG "\"}";

    body = malloc((AIME_INPUT_MAX_MEDIA + 1) * (sizeof(part) + 1) + 100);

    for (max = AIME_INPUT_MAX_MEDIA; max <= AIME_INPUT_MAX_MEDIA + 1; max++) {
        pool = tap_pool(&mem);
        compile(&pool, context, &tree, &desc);

        n = sprintf(body, "{\"chat\":[{\"role\":\"user\",\"content\":[");

        for (i = 0; i < max; i++) {
            n += sprintf(body + n, "%s%s", i ? "," : "", part);
        }

        strcpy(body + n, "]}]}");

        text = tap_dup(body);
        n = body_args(&pool, text, args);
        n = aime_input_validate(&pool, &desc, args, n, &input);

        tap_ok(n == AIME_OK && input.media.nelts == AIME_INPUT_MAX_MEDIA,
               "media of %d", (int) max);

        if (max == AIME_INPUT_MAX_MEDIA) {
            tap_is_int(input.errors.nelts, 0, "are not too many");

        } else {
            tap_is(input.errors.elts[0],
                   tap_str("Parameter chat, message 1, part 65: is one medium"
                           " too many for a request"),
                   "are too many");
        }

        tap_free(text);
        tap_pool_free(&mem);
        cJSON_Delete(tree);
    }

    free(body);
}


static void
check_order(void)
{
    size_t            n;
    cJSON            *tree;
    tap_pool_t        mem;
    aime_desc_t       desc;
    aime_pool_t       pool;
    aime_input_t      input;
    aime_json_member_t  args[8];

    pool = tap_pool(&mem);
    compile(&pool, "z.default = \"1\"\na = { }\nm.type = \"int\"\n", &tree,
            &desc);

    n = body_args(&pool, tap_str("{\"key\":\"k\",\"m\":3,\"a\":\"x\"}"), args);
    n = aime_input_validate(&pool, &desc, args, n, &input);

    tap_ok(n == AIME_OK && input.nmembers == 3
           && input.members[0].name.data[0] == 'z'
           && input.members[1].name.data[0] == 'a'
           && input.members[2].name.data[0] == 'm',
           "members in the order of the file, without the key");

    tap_pool_free(&mem);
    cJSON_Delete(tree);
}


/* What numbers are, whatever the locale. */

static void
check_numbers(void)
{
    size_t         i;
    double         value;
    aime_str_t     text;
    long long      n;
    aime_number_t  number, other;
    unsigned char  buf[AIME_NUMBER_FLOAT_LEN];

    static const struct {
        double       value;
        const char  *text;
    } prints[] = {
        { 0.0, "0.0" }, { -0.0, "-0.0" }, { 1, "1.0" }, { -2.5, "-2.5" },
        { 0.1, "0.1" }, { 0.1 + 0.2, "0.30000000000000004" },
        { 1e15, "1000000000000000.0" }, { 1e16, "1e16" }, { 1e22, "1e22" },
        { 123456789.125, "123456789.125" }, { 0.0001, "0.0001" },
        { 0.00001234, "1.234e-5" }, { 1.7976931348623157e308,
                                      "1.7976931348623157e308" },
        { 5e-324, "4.94065645841247e-324" },
        { 9007199254740993.0, "9007199254740992.0" },
        { -1.5e-300, "-1.5e-300" }, { 2.0 / 3, "0.6666666666666666" }
    };

    static const struct {
        const char  *text;
        double       value;
    } reads[] = {
        { "0", 0 }, { "-0", -0.0 }, { "12.5", 12.5 }, { "1e3", 1000 },
        { "0.0001e4", 1 }, { "100e-2", 1 }, { "4.9406564584124654e-324",
                                              5e-324 },
        { "1e-400", 0 }, { "0.1", 0.1 }, { "179769313486231570e291",
                                           1.7976931348623157e308 },
        { "2.2250738585072011e-308", 2.2250738585072011e-308 },
        { "9007199254740993", 9007199254740992.0 },
        { "9007199254740993.00000000000000000001", 9007199254740994.0 }
    };

    static const char  *bad[] = {
        "", "-", "+1", "01", "-01", "1.", ".1", "1.e1", "1e", "1e+", "1 ",
        " 1", "0x1", "nan", "NaN", "inf", "Infinity", "1,5", "1_000", "--1",
        "1e1.5", "1ee1", "1.2.3"
    };

    for (i = 0; i < sizeof(prints) / sizeof(prints[0]); i++) {
        text.data = buf;
        text.len = aime_number_print(buf, prints[i].value) - buf;
        tap_is(text, tap_str(prints[i].text), "print %s", prints[i].text);

        tap_ok(aime_number_parse(text, &number) == AIME_OK
               && aime_number_double(&number) == prints[i].value
               && !number.integer,
               "and read %s", prints[i].text);
    }

    for (i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
        text = tap_dup(reads[i].text);
        value = 7;

        if (aime_number_parse(text, &number) == AIME_OK) {
            value = aime_number_double(&number);
        }

        tap_ok(memcmp(&value, &reads[i].value, sizeof(double)) == 0,
               "read %s: %.17g", reads[i].text, value);
        tap_free(text);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        text = tap_dup(bad[i]);
        tap_ok(aime_number_parse(text, &number) == AIME_ERROR,
               "no number: \"%s\"", bad[i]);
        tap_free(text);
    }

    (void) aime_number_parse(tap_str("-9223372036854775808.75"), &number);
    tap_ok(aime_number_int64(&number, &n) == AIME_OK && n == INT64_MIN
           && !aime_number_integral(&number),
           "least integer, without its fraction");

    (void) aime_number_parse(tap_str("9223372036854775808"), &number);
    tap_is_int(aime_number_int64(&number, &n), AIME_ERROR, "one too many");

    (void) aime_number_parse(tap_str("0.012500e4"), &number);
    (void) aime_number_parse(tap_str("125"), &other);
    tap_ok(aime_number_equal(&number, &other), "equal");

    (void) aime_number_parse(tap_str("-125"), &other);
    tap_ok(!aime_number_equal(&number, &other), "not equal: sign");

    (void) aime_number_parse(tap_str("126"), &other);
    tap_ok(!aime_number_equal(&number, &other), "not equal: digit");

    text.data = buf;
    text.len = aime_number_multiple(buf, 0.1, -3) - buf;
    tap_is(text, tap_str("-0.3"), "-3 * 0.1");

    text.len = aime_number_multiple(buf, 0.1, 0) - buf;
    tap_is(text, tap_str("0.0"), "0 * 0.1");

    text.len = aime_number_multiple(buf, 1.0 / 3, 9000000000000000) - buf;
    tap_is(text, tap_str("2999999999999999.7"), "a long product");
}


int
main(int argc, char **argv)
{
    (void) argc;
    (void) argv;

    check_numbers();

    check_bodies(valid, rows_valid, "\"req\":\"-\"");
    check_bodies(edges, rows_edges, "\"j\":\"\\\"-\\\"\"");
    check_queries(valid, queries_valid, "req=-");
    check_queries(edges, queries_edges, "j=\"-\"");

    check_bodies(context, rows_context, "");
    check_bodies(patterns, rows_patterns, "");
    check_queries(context, queries_context, "");

    check_many();
    check_long();
    check_long_pattern();
    check_many_media();
    check_order();

    return tap_done();
}
