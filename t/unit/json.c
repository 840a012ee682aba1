/*
 * The JSON scanner: what RFC 8259 allows and nothing else, the offset of every
 * complaint, and no byte read beyond the text whatever stands at its end.
 */

#include "tap.h"


#define LONG_TEXT  (100 * 1024 * 1024)


typedef struct {
    const char       *text;
    aime_json_type_e  type;
} accept_t;


typedef struct {
    const char       *text;
    size_t            offset;
    const char       *reason;
} refuse_t;


typedef struct {
    const char       *bytes;
    size_t            len;
    int               valid;
} utf8_t;


typedef struct {
    const char       *string;
    const char       *text;
    size_t            len;
    size_t            chars;
} decode_t;


typedef struct {
    const char       *text;
    size_t            len;
    const char       *quoted;
} quote_t;


static int scan(const char *text, aime_json_value_t *value,
    aime_json_error_t *error);
static void test_accept(void);
static void test_refuse(void);
static void test_truncated(void);
static void test_bytes(void);
static void test_utf8_strings(void);
static void test_utf8_all(void);
static int utf8_reference(const unsigned char *p, size_t len);
static void test_special_bytes(void);
static void test_depth(void);
static aime_str_t nested(size_t depth, int closed);
static void test_long(void);
static void test_members(void);
static void test_members_refused(void);
static void test_duplicates(void);
static void test_duplicates_random(void);
static void test_many_members(void);
static aime_str_t many_members(size_t n, size_t again);
static void test_hostile_names(void);
static void test_elements(void);
static void test_no_memory(void);
static void test_decode(void);
static void test_quote(void);
static void test_quote_round_trip(void);


static const accept_t  accepted[] = {
    { "null", AIME_JSON_NULL },
    { "true", AIME_JSON_TRUE },
    { "false", AIME_JSON_FALSE },
    { "0", AIME_JSON_NUMBER },
    { "-0", AIME_JSON_NUMBER },
    { "7", AIME_JSON_NUMBER },
    { "10", AIME_JSON_NUMBER },
    { "-123", AIME_JSON_NUMBER },
    { "0.5", AIME_JSON_NUMBER },
    { "-0.0", AIME_JSON_NUMBER },
    { "3.14159", AIME_JSON_NUMBER },
    { "1e5", AIME_JSON_NUMBER },
    { "1E5", AIME_JSON_NUMBER },
    { "1e+5", AIME_JSON_NUMBER },
    { "1E-5", AIME_JSON_NUMBER },
    { "0e0", AIME_JSON_NUMBER },
    { "0E00", AIME_JSON_NUMBER },
    { "1.25e-007", AIME_JSON_NUMBER },
    { "9007199254740993", AIME_JSON_NUMBER },
    { "123456789012345678901234567890", AIME_JSON_NUMBER },
    { "1e999999", AIME_JSON_NUMBER },
    { "\"\"", AIME_JSON_STRING },
    { "\"a\"", AIME_JSON_STRING },
    { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", AIME_JSON_STRING },
    { "\"\\u0000\"", AIME_JSON_STRING },
    { "\"\\uABCD\\uabcd\\u09aF\"", AIME_JSON_STRING },
    { "\"\\ud83d\\ude00\"", AIME_JSON_STRING },
    { "\"\\ud83d\"", AIME_JSON_STRING },
    { "\"\\ude00\"", AIME_JSON_STRING },
    { "\"\\ude00\\ud83d\"", AIME_JSON_STRING },
    { "\"\\ud83d\\n\"", AIME_JSON_STRING },
    { "\"\x7f\"", AIME_JSON_STRING },
    { "\"/\"", AIME_JSON_STRING },
    { "\"[{]}:,'\"", AIME_JSON_STRING },
    { "[]", AIME_JSON_ARRAY },
    { "[ \t\r\n]", AIME_JSON_ARRAY },
    { "[1]", AIME_JSON_ARRAY },
    { "[1,2,3]", AIME_JSON_ARRAY },
    { "[ 1 , 2 , 3 ]", AIME_JSON_ARRAY },
    { "[[],[[]],{}]", AIME_JSON_ARRAY },
    { "[null,true,false,0,\"\",{},[]]", AIME_JSON_ARRAY },
    { "{}", AIME_JSON_OBJECT },
    { "{ }", AIME_JSON_OBJECT },
    { "{\"a\":1}", AIME_JSON_OBJECT },
    { "{\"\":\"\"}", AIME_JSON_OBJECT },
    { "{ \"a\" : 1 , \"b\" : [ { \"c\" : { } } ] }", AIME_JSON_OBJECT },
    { "{\"a\":1,\"a\":2}", AIME_JSON_OBJECT },
    { "{\"a\":{\"b\":{\"c\":[1,{\"d\":[]}]}},\"e\":0}", AIME_JSON_OBJECT },
};


static const refuse_t  refused[] = {

    /* nothing, and what is no value */
    { "", 0, "unexpected end of text" },
    { " \t\r\n", 4, "unexpected end of text" },
    { "\xef\xbb\xbf{}", 0, "value expected" },
    { "\v1", 0, "value expected" },
    { "\f1", 0, "value expected" },
    { "\xc2\xa0" "1", 0, "value expected" },
    { "]", 0, "value expected" },
    { "}", 0, "value expected" },
    { ",", 0, "value expected" },
    { ":", 0, "value expected" },
    { "'a'", 0, "value expected" },
    { "/**/1", 0, "value expected" },
    { "a", 0, "value expected" },

    /* literals */
    { "tru", 3, "unexpected end of text" },
    { "trux", 3, "invalid literal" },
    { "nul", 3, "unexpected end of text" },
    { "nan", 1, "invalid literal" },
    { "falsE", 4, "invalid literal" },
    { "TRUE", 0, "value expected" },
    { "None", 0, "value expected" },
    { "truex", 4, "unexpected text after the value" },
    { "nullnull", 4, "unexpected text after the value" },

    /* numbers */
    { "NaN", 0, "value expected" },
    { "Infinity", 0, "value expected" },
    { "-Infinity", 1, "invalid number" },
    { "-NaN", 1, "invalid number" },
    { "-", 1, "unexpected end of text" },
    { "--1", 1, "invalid number" },
    { "- 1", 1, "invalid number" },
    { "+1", 0, "value expected" },
    { ".5", 0, "value expected" },
    { "-.5", 1, "invalid number" },
    { "1.", 2, "unexpected end of text" },
    { "[1.]", 3, "invalid number" },
    { "1.e5", 2, "invalid number" },
    { "1e", 2, "unexpected end of text" },
    { "1e+", 3, "unexpected end of text" },
    { "[1e]", 3, "invalid number" },
    { "[1e-]", 4, "invalid number" },
    { "1e1.5", 3, "unexpected text after the value" },
    { "1.5.5", 3, "unexpected text after the value" },
    { "00", 1, "leading zero in a number" },
    { "01", 1, "leading zero in a number" },
    { "-01", 2, "leading zero in a number" },
    { "[1,007]", 4, "leading zero in a number" },
    { "0x10", 1, "unexpected text after the value" },
    { "1_000", 1, "unexpected text after the value" },
    { "1a", 1, "unexpected text after the value" },

    /* strings */
    { "\"", 1, "unexpected end of text" },
    { "\"abc", 4, "unexpected end of text" },
    { "\"abc\\\"", 6, "unexpected end of text" },
    { "\"\\", 1, "invalid escape" },
    { "\"\\x41\"", 1, "invalid escape" },
    { "\"\\'\"", 1, "invalid escape" },
    { "\"\\U0041\"", 1, "invalid escape" },
    { "\"\\0\"", 1, "invalid escape" },
    { "\"\\a\"", 1, "invalid escape" },
    { "\"\\\n\"", 1, "invalid escape" },
    { "\"\\u\"", 1, "invalid escape" },
    { "\"\\u123\"", 1, "invalid escape" },
    { "\"ab\\u12", 3, "invalid escape" },
    { "\"\\u12g4\"", 1, "invalid escape" },
    { "\"\\u 123\"", 1, "invalid escape" },
    { "\"\\u+123\"", 1, "invalid escape" },
    { "\"\\ud83d\\u\"", 7, "invalid escape" },
    { "\"a\nb\"", 2, "control character in a string" },
    { "\"a\tb\"", 2, "control character in a string" },
    { "\"a\x1f\"", 2, "control character in a string" },
    { "\"a\x01\"", 2, "control character in a string" },
    { "\"a\"b\"", 3, "unexpected text after the value" },
    { "\"\x80\"", 1, "invalid UTF-8" },
    { "\"ab\xc3\"", 3, "invalid UTF-8" },
    { "\"\xe2\x82\"", 1, "invalid UTF-8" },
    { "\"\xe2\x82", 1, "invalid UTF-8" },
    { "\"\xc3\xa4\xff\"", 3, "invalid UTF-8" },

    /* arrays */
    { "[", 1, "unexpected end of text" },
    { "[1", 2, "unexpected end of text" },
    { "[1,", 3, "unexpected end of text" },
    { "[1,]", 3, "value expected" },
    { "[,]", 1, "value expected" },
    { "[,1]", 1, "value expected" },
    { "[1,,2]", 3, "value expected" },
    { "[1 2]", 3, "comma or ] expected" },
    { "[1}", 2, "comma or ] expected" },
    { "[1:2]", 2, "comma or ] expected" },
    { "[}", 1, "value expected" },
    { "[1]]", 3, "unexpected text after the value" },
    { "[[1]", 4, "unexpected end of text" },
    { "[\"a\"", 4, "unexpected end of text" },

    /* objects */
    { "{", 1, "unexpected end of text" },
    { "{ ", 2, "unexpected end of text" },
    { "{\"a", 3, "unexpected end of text" },
    { "{\"a\"", 4, "unexpected end of text" },
    { "{\"a\":", 5, "unexpected end of text" },
    { "{\"a\":1", 6, "unexpected end of text" },
    { "{\"a\":1,", 7, "unexpected end of text" },
    { "{\"a\":1,}", 7, "name expected" },
    { "{,}", 1, "name expected" },
    { "{,\"a\":1}", 1, "name expected" },
    { "{\"a\"}", 4, "colon expected" },
    { "{\"a\" 1}", 5, "colon expected" },
    { "{\"a\",1}", 4, "colon expected" },
    { "{\"a\":}", 5, "value expected" },
    { "{\"a\"::1}", 5, "value expected" },
    { "{\"a\":1 \"b\":2}", 7, "comma or } expected" },
    { "{\"a\":1]", 6, "comma or } expected" },
    { "{a:1}", 1, "name expected" },
    { "{'a':1}", 1, "name expected" },
    { "{1:2}", 1, "name expected" },
    { "{null:2}", 1, "name expected" },
    { "{[]:2}", 1, "name expected" },
    { "{]", 1, "name expected" },
    { "{\"\\q\":1}", 2, "invalid escape" },
    { "{\"a\xff\":1}", 3, "invalid UTF-8" },
    { "[{\"a\":[1,{\"b\":}]}]", 14, "value expected" },

    /* behind the value */
    { "1 2", 2, "unexpected text after the value" },
    { "{} x", 3, "unexpected text after the value" },
    { "[1]//c", 3, "unexpected text after the value" },
    { "{}\xc2\xa0", 2, "unexpected text after the value" },
    { "\"\",", 2, "unexpected text after the value" },
};


#define bytes(s)  s, sizeof(s) - 1


static const utf8_t  sequences[] = {
    { bytes("\x7f"), 1 },
    { bytes("\xc2\x80"), 1 },
    { bytes("\xdf\xbf"), 1 },
    { bytes("\xe0\xa0\x80"), 1 },
    { bytes("\xed\x9f\xbf"), 1 },
    { bytes("\xee\x80\x80"), 1 },
    { bytes("\xef\xbf\xbf"), 1 },
    { bytes("\xf0\x90\x80\x80"), 1 },
    { bytes("\xf4\x8f\xbf\xbf"), 1 },
    { bytes("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), 1 },
    { bytes("\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xb8\x96\xe7\x95\x8c"), 1 },

    /* lone continuation bytes and lone leads */
    { bytes("\x80"), 0 },
    { bytes("\xbf"), 0 },
    { bytes("\xc2"), 0 },
    { bytes("\xe1"), 0 },
    { bytes("\xe1\x80"), 0 },
    { bytes("\xf1\x80\x80"), 0 },
    { bytes("\xc2\xc2\x80"), 0 },

    /* overlong forms */
    { bytes("\xc0\x80"), 0 },
    { bytes("\xc1\xbf"), 0 },
    { bytes("\xe0\x80\x80"), 0 },
    { bytes("\xe0\x9f\xbf"), 0 },
    { bytes("\xf0\x80\x80\x80"), 0 },
    { bytes("\xf0\x8f\xbf\xbf"), 0 },

    /* surrogates, beyond U+10FFFF, what never stands in UTF-8 */
    { bytes("\xed\xa0\x80"), 0 },
    { bytes("\xed\xbf\xbf"), 0 },
    { bytes("\xf4\x90\x80\x80"), 0 },
    { bytes("\xf5\x80\x80\x80"), 0 },
    { bytes("\xf8\x88\x80\x80\x80"), 0 },
    { bytes("\xfe"), 0 },
    { bytes("\xff"), 0 },
};


static const decode_t  decoded[] = {
    { "\"\"", bytes(""), 0 },
    { "\"abc\"", bytes("abc"), 3 },
    { "\"\\\"\\\\\\/\"", bytes("\"\\/"), 3 },
    { "\"\\b\\f\\n\\r\\t\"", bytes("\b\f\n\r\t"), 5 },
    { "\"a\\u0000b\"", bytes("a\0b"), 3 },
    { "\"\\u0041\\u007f\"", bytes("A\x7f"), 2 },
    { "\"\\u00e4\\u07FF\"", bytes("\xc3\xa4\xdf\xbf"), 2 },
    { "\"\\u0800\\u20aC\\uffff\"",
      bytes("\xe0\xa0\x80\xe2\x82\xac\xef\xbf\xbf"), 3 },
    { "\"\\ud83d\\ude00\"", bytes("\xf0\x9f\x98\x80"), 1 },
    { "\"\\uD800\\uDC00\\uDBFF\\uDFFF\"",
      bytes("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), 2 },
    { "\"\\ud83d\"", bytes("\xef\xbf\xbd"), 1 },
    { "\"\\ude00\"", bytes("\xef\xbf\xbd"), 1 },
    { "\"\\ud83dx\"", bytes("\xef\xbf\xbdx"), 2 },
    { "\"\\ud83d\\n\"", bytes("\xef\xbf\xbd\n"), 2 },
    { "\"\\ud83d\\u0041\"", bytes("\xef\xbf\xbd" "A"), 2 },
    { "\"\\ude00\\ud83d\"", bytes("\xef\xbf\xbd\xef\xbf\xbd"), 2 },
    { "\"\\ud83d\\ud83d\\ude00\"",
      bytes("\xef\xbf\xbd\xf0\x9f\x98\x80"), 2 },
    { "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 plain\"",
      bytes("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 plain"), 9 },
    { "\"gr\xc3\xbc\xc3\x9f\\u0065 dich, \\\"Welt\\\"\"",
      bytes("gr\xc3\xbc\xc3\x9f" "e dich, \"Welt\""), 18 },
    { "\"\\\\u0041\"", bytes("\\u0041"), 6 },
};


static const quote_t  quoted[] = {
    { bytes(""), "\"\"" },
    { bytes("abc"), "\"abc\"" },
    { bytes("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"" },
    { bytes("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"" },
    { bytes("\0\x01\x0b\x0e\x0f\x10\x1f\x7f"),
      "\"\\u0000\\u0001\\u000b\\u000e\\u000f\\u0010\\u001f\x7f\"" },
    { bytes("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
      "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"" },
    { bytes("\x80"), "\"\xef\xbf\xbd\"" },
    { bytes("a\xff" "b"), "\"a\xef\xbf\xbd" "b\"" },
    { bytes("\xc3"), "\"\xef\xbf\xbd\"" },
    { bytes("\xc3\""), "\"\xef\xbf\xbd\\\"\"" },
    { bytes("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
    { bytes("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
    { bytes("\xc0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
};


int
main(void)
{
    test_accept();
    test_refuse();
    test_truncated();
    test_bytes();
    test_utf8_strings();
    test_utf8_all();
    test_special_bytes();
    test_depth();
    test_long();

    test_members();
    test_members_refused();
    test_duplicates();
    test_duplicates_random();
    test_many_members();
    test_hostile_names();
    test_elements();
    test_no_memory();

    test_decode();
    test_quote();
    test_quote_round_trip();

    return tap_done();
}


/* Scans an exact copy; *value then points into the text itself. */

static int
scan(const char *text, aime_json_value_t *value, aime_json_error_t *error)
{
    int         rc;
    aime_str_t  copy;

    copy = tap_dup(text);
    rc = aime_json_scan(copy, value, error);

    if (rc == AIME_OK) {
        value->text.data = (const unsigned char *) text
                           + (value->text.data - copy.data);
    }

    tap_free(copy);

    return rc;
}


static void
test_accept(void)
{
    size_t             i;
    char               padded[256];
    aime_json_value_t  value;
    aime_json_error_t  error;

    for (i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {

        if (tap_is_int(scan(accepted[i].text, &value, &error), AIME_OK,
                       "accepts %s", accepted[i].text))
        {
            tap_is(value.text, tap_str(accepted[i].text), "all of it");
            tap_is_int(value.type, accepted[i].type, "its type");
        }

        snprintf(padded, sizeof(padded), " \t\r\n%s\n\r\t ",
                 accepted[i].text);

        if (tap_is_int(scan(padded, &value, &error), AIME_OK,
                       "with white space around"))
        {
            tap_is(value.text, tap_str(accepted[i].text),
                   "which is not the value's");
        }
    }
}


static void
test_refuse(void)
{
    size_t             i;
    const refuse_t    *r;
    aime_str_t         null = aime_str_null;
    aime_json_value_t  value;
    aime_json_error_t  error;

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        r = &refused[i];

        if (tap_is_int(scan(r->text, &value, &error), AIME_ERROR,
                       "refuses case %u", (unsigned int) i))
        {
            tap_is_str(error.reason, r->reason, "its reason");
            tap_is_int(error.offset, r->offset, "its offset");
        }
    }

    tap_is_int(aime_json_scan(null, &value, &error), AIME_ERROR, "no text");
    tap_is_int(error.offset, 0, "at 0");
}


/* No beginning of a text is a text; the complaint lies within it. */

static void
test_truncated(void)
{
    int                ok;
    size_t             i, len;
    aime_str_t         copy;
    aime_json_value_t  value;
    aime_json_error_t  error;

    static const char  text[] =
        "{\"prompt\": \"A \\\"wide\\\" gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"
        " \\ud83d\\ude00 view\", \"n\": [-12.5e+10, 0, null, true, false],"
        " \"deep\": {\"a\": [{\"b\": [[]]}]}, \"image\": \"iVBORw0KGgoAAAANSU"
        "hEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAA"
        "BJRU5ErkJggg==\"}";

    len = sizeof(text) - 1;
    ok = 1;

    for (i = 0; i < len; i++) {
        copy = tap_copy(text, i);

        if (aime_json_scan(copy, &value, &error) != AIME_ERROR
            || error.offset > i)
        {
            ok = 0;
            printf("# %u bytes\n", (unsigned int) i);
        }

        tap_free(copy);
    }

    tap_ok(ok, "every truncation is refused");
    tap_is_int(scan(text, &value, &error), AIME_OK, "the whole is not");
}


/* Which single bytes may stand where, of all 256. */

static void
test_bytes(void)
{
    int                ok, want;
    char               buf[5];
    unsigned int       c;
    aime_str_t         text;
    aime_json_value_t  value;
    aime_json_error_t  error;

    for (ok = 1, c = 0; c < 256; c++) {
        memcpy(buf, "\"a\0b\"", 5);
        buf[2] = (char) c;
        text = tap_copy(buf, 5);

        /* a backslash makes an escape of the b */

        want = c >= 0x20 && c < 0x80 && c != '"';

        ok &= (aime_json_scan(text, &value, &error) == AIME_OK) == want;
        tap_free(text);
    }

    tap_ok(ok, "every byte within a string");

    for (ok = 1, c = 0; c < 256; c++) {
        buf[0] = (char) c;
        text = tap_copy(buf, 1);

        want = c >= '0' && c <= '9';

        ok &= (aime_json_scan(text, &value, &error) == AIME_OK) == want;
        tap_free(text);
    }

    tap_ok(ok, "every byte alone");

    for (ok = 1, c = 0; c < 256; c++) {
        buf[0] = '7';
        buf[1] = (char) c;
        text = tap_copy(buf, 2);

        want = (c >= '0' && c <= '9') || c == ' ' || c == '\t' || c == '\r'
               || c == '\n';

        ok &= (aime_json_scan(text, &value, &error) == AIME_OK) == want;
        tap_free(text);
    }

    tap_ok(ok, "every byte behind a number");

    for (ok = 1, c = 0; c < 256; c++) {
        memcpy(buf, "\"\\\0\"", 4);
        buf[2] = (char) c;
        text = tap_copy(buf, 4);

        want = c && strchr("\"\\/bfnrt", (int) c) != NULL;

        ok &= (aime_json_scan(text, &value, &error) == AIME_OK) == want;
        tap_free(text);
    }

    tap_ok(ok, "every byte behind a backslash");
}


/*
 * UTF-8 at every place of the blocks that strings are skipped in, followed by
 * less and by more than a block.
 */

static void
test_utf8_strings(void)
{
    int                ok;
    char               buf[128];
    size_t             i, at, tail, n;
    aime_str_t         text, plain;
    const utf8_t      *u;
    aime_json_value_t  value;
    aime_json_error_t  error;

    for (i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
        u = &sequences[i];
        ok = 1;

        for (at = 0; at < 32; at++) {

            for (tail = 0; tail < 34; tail++) {
                n = 1 + at + u->len + tail + 1;
                memset(buf, 'x', n);
                buf[0] = '"';
                memcpy(buf + 1 + at, u->bytes, u->len);
                buf[n - 1] = '"';

                text = tap_copy(buf, n);
                plain = tap_copy(buf + 1, n - 2);

                if (u->valid) {
                    ok &= aime_json_scan(text, &value, &error) == AIME_OK;
                    ok &= value.text.len == n;

                } else {
                    ok &= aime_json_scan(text, &value, &error) == AIME_ERROR;
                    ok &= error.offset >= 1 + at
                          && error.offset < 1 + at + u->len;
                    ok &= !strcmp(error.reason, "invalid UTF-8");
                }

                ok &= aime_json_utf8(plain) == u->valid;

                tap_free(text);
                tap_free(plain);
            }
        }

        tap_ok(ok, "%svalid UTF-8 %u at every alignment",
               u->valid ? "" : "in", (unsigned int) i);
    }
}


/* One character or none, and nothing around: against a plain decoder. */

static void
test_utf8_all(void)
{
    int            ok;
    size_t         i, j;
    uint32_t       c;
    aime_str_t     text;
    unsigned char  buf[4];

    static const unsigned char  edges[] = {
        0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff
    };

    text.data = buf;

    for (ok = 1, c = 0; c < 0x1000000; c++) {
        buf[0] = c >> 16;
        buf[1] = c >> 8 & 0xff;
        buf[2] = c & 0xff;

        if (buf[0] >= 0x80 && (buf[0] < 0xe0 || buf[0] > 0xef)
            && (buf[2] & 0x3f))
        {
            continue;
        }

        text.len = 1 + (buf[0] >= 0xc0) + (buf[0] >= 0xe0);

        if (text.len == 1 && (c & 0xffff)) {
            continue;
        }

        ok &= aime_json_utf8(text) == utf8_reference(buf, text.len);
    }

    tap_ok(ok, "all of 1, 2 and 3 bytes");

    text.len = 4;

    for (ok = 1, c = 0xf000; c <= 0xffff; c++) {
        buf[0] = c >> 8;
        buf[1] = c & 0xff;

        for (i = 0; i < sizeof(edges); i++) {
            for (j = 0; j < sizeof(edges); j++) {
                buf[2] = edges[i];
                buf[3] = edges[j];
                ok &= aime_json_utf8(text) == utf8_reference(buf, 4);
            }
        }
    }

    tap_ok(ok, "4 bytes with the edges of the last two");

    text = tap_str("");
    tap_ok(aime_json_utf8(text), "an empty text");

    text.data = NULL;
    tap_ok(aime_json_utf8(text), "no text");
}


/* Well-formed is what comes out again when it is decoded and encoded. */

static int
utf8_reference(const unsigned char *p, size_t len)
{
    size_t         i, n;
    uint32_t       c, least;

    for (i = 0; i < len; i += n) {

        if (p[i] < 0x80) {
            n = 1;
            continue;
        }

        if ((p[i] & 0xe0) == 0xc0) {
            n = 2;
            c = p[i] & 0x1f;
            least = 0x80;

        } else if ((p[i] & 0xf0) == 0xe0) {
            n = 3;
            c = p[i] & 0x0f;
            least = 0x800;

        } else if ((p[i] & 0xf8) == 0xf0) {
            n = 4;
            c = p[i] & 0x07;
            least = 0x10000;

        } else {
            return 0;
        }

        if (len - i < n) {
            return 0;
        }

        switch (n) {

        case 4:
            if ((p[i + 3] & 0xc0) != 0x80) {
                return 0;
            }
            /* fall through */

        case 3:
            if ((p[i + 2] & 0xc0) != 0x80) {
                return 0;
            }
            /* fall through */

        default:
            if ((p[i + 1] & 0xc0) != 0x80) {
                return 0;
            }
        }

        c = c << 6 | (p[i + 1] & 0x3f);

        if (n > 2) {
            c = c << 6 | (p[i + 2] & 0x3f);
        }

        if (n > 3) {
            c = c << 6 | (p[i + 3] & 0x3f);
        }

        if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
            return 0;
        }
    }

    return 1;
}


/* A byte that ends the skipping is found at every place of a block. */

static void
test_special_bytes(void)
{
    int                ok;
    char               buf[80];
    size_t             i, at, len;
    aime_str_t         text;
    aime_json_value_t  value;
    aime_json_error_t  error;

    static const unsigned char  specials[] = { 0x00, 0x01, 0x1f, 0xff, 0x80 };

    for (ok = 1, len = 1; len < 70; len++) {
        memset(buf, 'x', sizeof(buf));
        buf[0] = '"';
        buf[len] = '"';

        text = tap_copy(buf, len + 1);
        ok &= aime_json_scan(text, &value, &error) == AIME_OK;
        tap_free(text);

        text = tap_copy(buf, len);
        ok &= aime_json_scan(text, &value, &error) == AIME_ERROR;
        ok &= error.offset == len;
        tap_free(text);

        for (at = 1; at < len; at++) {
            for (i = 0; i < sizeof(specials); i++) {
                buf[at] = (char) specials[i];
                text = tap_copy(buf, len + 1);

                ok &= aime_json_scan(text, &value, &error) == AIME_ERROR;
                ok &= error.offset == at;

                tap_free(text);
            }

            buf[at] = '"';
            text = tap_copy(buf, len + 1);
            ok &= aime_json_scan(text, &value, &error) == AIME_ERROR;
            ok &= error.offset == at + 1;
            tap_free(text);

            buf[at] = '\\';
            text = tap_copy(buf, len + 1);
            ok &= aime_json_scan(text, &value, &error) == AIME_ERROR;
            ok &= error.offset == (at == len - 1 ? len + 1 : at);
            tap_free(text);

            /* neighbours of the special bytes are not special */

            buf[at] = (char) (at & 1 ? '!' : ' ');
            text = tap_copy(buf, len + 1);
            ok &= aime_json_scan(text, &value, &error) == AIME_OK;
            tap_free(text);

            buf[at] = (char) (at & 1 ? '[' : ']');
            text = tap_copy(buf, len + 1);
            ok &= aime_json_scan(text, &value, &error) == AIME_OK;
            tap_free(text);

            buf[at] = (char) (at & 1 ? '#' : 0x7f);
        }
    }

    tap_ok(ok, "strings of every length with everything everywhere");
}


static void
test_depth(void)
{
    aime_str_t             text;
    tap_pool_t             blocks;
    aime_pool_t            pool;
    aime_json_value_t      value;
    aime_json_error_t      error;
    aime_json_members_t    members;
    aime_json_elements_t   elements;

    pool = tap_pool(&blocks);

    text = nested(AIME_JSON_MAX_DEPTH, 1);
    tap_is_int(aime_json_scan(text, &value, &error), AIME_OK, "greatest depth");
    tap_is(value.text, text, "all of it");
    tap_is_int(aime_json_elements(&pool, text, &elements, &error), AIME_OK,
               "greatest depth as elements");
    tap_free(text);

    text = nested(AIME_JSON_MAX_DEPTH + 1, 1);
    tap_is_int(aime_json_scan(text, &value, &error), AIME_ERROR, "one deeper");
    tap_is_str(error.reason, "nesting too deep", "its reason");
    tap_is_int(aime_json_elements(&pool, text, &elements, &error),
               AIME_ERROR, "one deeper as elements");
    tap_is_str(error.reason, "nesting too deep", "its reason");
    tap_free(text);

    text = nested(100000, 1);
    tap_is_int(aime_json_scan(text, &value, &error), AIME_ERROR,
               "depth 100000");
    tap_is_str(error.reason, "nesting too deep", "its reason");
    tap_free(text);

    text = nested(100000, 0);
    tap_is_int(aime_json_scan(text, &value, &error), AIME_ERROR,
               "depth 100000, never closed");
    tap_is_str(error.reason, "nesting too deep", "its reason");
    tap_free(text);

    text = tap_copy(NULL, 0);
    tap_free(text);

    text.len = 100000;
    text.data = malloc(text.len);
    memset((void *) (uintptr_t) text.data, '[', text.len);

    tap_is_int(aime_json_scan(text, &value, &error), AIME_ERROR,
               "100000 brackets");
    tap_is_int(error.offset, AIME_JSON_MAX_DEPTH, "at the one too many");
    tap_is_int(aime_json_members(&pool, text, &members, &error), AIME_ERROR,
               "100000 brackets are no object");
    tap_is_int(error.offset, 0, "from the start");
    tap_free(text);

    tap_pool_free(&blocks);
}


/* [{"a":[{"a": ... 0 ... }]}], brackets of both kinds by turns */

static aime_str_t
nested(size_t depth, int closed)
{
    char        *p;
    size_t       i, n;
    aime_str_t   text;

    p = malloc(depth * 6 + 1);
    n = 0;

    for (i = 0; i < depth; i++) {
        if (i & 1) {
            memcpy(p + n, "{\"a\":", 5);
            n += 5;

        } else {
            p[n++] = '[';
        }
    }

    if (closed) {
        p[n++] = '0';

        while (i--) {
            p[n++] = (i & 1) ? '}' : ']';
        }
    }

    text = tap_copy(p, n);
    free(p);

    return text;
}


static void
test_long(void)
{
    char                 *p;
    tap_pool_t            blocks;
    aime_str_t            text;
    aime_pool_t           pool;
    aime_json_error_t     error;
    aime_json_value_t     value;
    aime_json_members_t   members;

    pool = tap_pool(&blocks);

    p = malloc(LONG_TEXT);
    memset(p, 'A', LONG_TEXT);
    memcpy(p, "{\"n\":1,\"i\":\"", 12);
    memcpy(p + LONG_TEXT - 2, "\"}", 2);

    text.data = (unsigned char *) p;
    text.len = LONG_TEXT;

    if (tap_is_int(aime_json_members(&pool, text, &members, &error), AIME_OK,
                   "100 MB"))
    {
        tap_is_int(members.nelts, 2, "two members");
        tap_is_int(members.elts[1].value.text.len, LONG_TEXT - 12,
                   "the long one");
        tap_is_int(aime_json_chars(members.elts[1].value.text),
                   LONG_TEXT - 14, "its characters");
        tap_ok(blocks.bytes < 4096, "and no copy of it");
    }

    p[LONG_TEXT - 3] = '\xff';
    tap_is_int(aime_json_scan(text, &value, &error), AIME_ERROR,
               "a bad byte at the end of it");
    tap_is_int(error.offset, LONG_TEXT - 3, "its offset");

    free(p);
    tap_pool_free(&blocks);
}


static void
test_members(void)
{
    tap_pool_t            blocks;
    aime_str_t            text;
    aime_pool_t           pool;
    aime_json_error_t     error;
    aime_json_member_t   *m;
    aime_json_members_t   members;

    pool = tap_pool(&blocks);

    text = tap_dup(" { \"zebra\" : 1.50 , \"apple\":\"x\\ny\","
                   "\"gr\\u00fcn\":[1, 2],\"\":{\"a\": {}} ,\"t\":true,"
                   "\"f\":false,\"n\":null,\"nul\\u0000in\":9007199254740993"
                   "} ");

    if (!tap_is_int(aime_json_members(&pool, text, &members, &error), AIME_OK,
                    "members"))
    {
        return;
    }

    tap_is_int(members.nelts, 8, "their number");

    m = members.elts;
    tap_is(m[0].name, tap_str("zebra"), "order of the source");
    tap_is(m[0].value.text, tap_str("1.50"), "number as it stands");
    tap_is_int(m[0].value.type, AIME_JSON_NUMBER, "number");
    tap_is(m[1].name, tap_str("apple"), "second");
    tap_is(m[1].value.text, tap_str("\"x\\ny\""), "string as it stands");
    tap_is_int(m[1].value.type, AIME_JSON_STRING, "string");
    tap_is(m[2].name, tap_str("gr\xc3\xbcn"), "name decoded");
    tap_is(m[2].value.text, tap_str("[1, 2]"), "array as it stands");
    tap_is_int(m[2].value.type, AIME_JSON_ARRAY, "array");
    tap_is(m[3].name, tap_str(""), "empty name");
    tap_is(m[3].value.text, tap_str("{\"a\": {}}"), "object as it stands");
    tap_is_int(m[3].value.type, AIME_JSON_OBJECT, "object");
    tap_is_int(m[4].value.type, AIME_JSON_TRUE, "true");
    tap_is_int(m[5].value.type, AIME_JSON_FALSE, "false");
    tap_is_int(m[6].value.type, AIME_JSON_NULL, "null");
    tap_is_int(m[7].name.len, 6, "name with a NUL");
    tap_is(m[7].value.text, tap_str("9007199254740993"), "all digits");
    tap_ok(m[0].name.data > text.data
           && m[0].name.data < text.data + text.len,
           "name without escapes not copied");

    tap_ok(aime_json_member(&members, tap_str("t")) == &m[4], "found");
    tap_ok(aime_json_member(&members, tap_str("")) == &m[3], "empty found");
    tap_ok(aime_json_member(&members, tap_str("T")) == NULL, "case matters");
    tap_ok(aime_json_member(&members, tap_str("zebr")) == NULL, "length too");
    tap_ok(aime_json_member(&members, tap_str("zebras")) == NULL,
           "both ways");

    tap_free(text);
    text = tap_dup("{}");
    tap_is_int(aime_json_members(&pool, text, &members, &error), AIME_OK,
               "empty object");
    tap_is_int(members.nelts, 0, "no members");
    tap_ok(aime_json_member(&members, tap_str("a")) == NULL, "none found");

    tap_free(text);
    tap_pool_free(&blocks);
}


/* What the scan refuses the lists refuse too, at the same place. */

static void
test_members_refused(void)
{
    int                    ok;
    size_t                 i, n;
    tap_pool_t             blocks;
    aime_str_t             text;
    aime_pool_t            pool;
    const refuse_t        *r;
    aime_json_error_t      error;
    aime_json_members_t    members;
    aime_json_elements_t   elements;

    static const char  *others[] = { "1", "null", "\"{}\"", " true " };

    pool = tap_pool(&blocks);
    ok = 1;
    n = 0;

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        r = &refused[i];
        text = tap_dup(r->text);

        if (r->text[0] == '{') {
            n++;
            ok &= aime_json_members(&pool, text, &members, &error)
                  == AIME_ERROR;
            ok &= error.offset == r->offset;
            ok &= !strcmp(error.reason, r->reason);
        }

        if (r->text[0] == '[') {
            n++;
            ok &= aime_json_elements(&pool, text, &elements, &error)
                  == AIME_ERROR;
            ok &= error.offset == r->offset;
            ok &= !strcmp(error.reason, r->reason);
        }

        tap_free(text);
    }

    tap_ok(ok && n > 30, "%u broken lists", (unsigned int) n);

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        text = tap_str(others[i]);
        tap_is_int(aime_json_members(&pool, text, &members, &error),
                   AIME_ERROR, "%s is no object", others[i]);
        tap_is_str(error.reason, "object expected", "its reason");
        tap_is_int(aime_json_elements(&pool, text, &elements, &error),
                   AIME_ERROR, "nor an array");
        tap_is_str(error.reason, "array expected", "its reason");
        tap_is_int(error.offset, others[i][0] == ' ', "its offset");
    }

    tap_is_int(aime_json_members(&pool, tap_str("[]"), &members, &error),
               AIME_ERROR, "an array is no object");
    tap_is_int(aime_json_elements(&pool, tap_str("{}"), &elements, &error),
               AIME_ERROR, "an object no array");
    tap_is_int(aime_json_members(&pool, tap_str(""), &members, &error),
               AIME_ERROR, "nothing is no object");
    tap_is_str(error.reason, "unexpected end of text", "its reason");

    tap_pool_free(&blocks);
}


static void
test_duplicates(void)
{
    tap_pool_t            blocks;
    aime_str_t            text;
    aime_pool_t           pool;
    aime_json_error_t     error;
    aime_json_members_t   members;

    pool = tap_pool(&blocks);

    text = tap_str("{\"a\":1,\"b\":2,\"\\u0061\":\"last\",\"c\":3,\"b\":[]}");

    if (!tap_is_int(aime_json_members(&pool, text, &members, &error), AIME_OK,
                    "duplicates"))
    {
        return;
    }

    tap_is_int(members.nelts, 3, "listed once");
    tap_is(members.elts[0].name, tap_str("a"), "the place of the first");
    tap_is(members.elts[0].value.text, tap_str("\"last\""),
           "the value of the last");
    tap_is_int(members.elts[0].value.type, AIME_JSON_STRING, "and its type");
    tap_is(members.elts[1].value.text, tap_str("[]"), "b too");
    tap_is(members.elts[2].value.text, tap_str("3"), "c as it was");

    tap_pool_free(&blocks);
}


/* Thousands of short names, many of them twice, against a plain list. */

static void
test_duplicates_random(void)
{
    int                   ok;
    char                 *p, (*names)[8];
    size_t                i, j, n, round, nnames, *values;
    uint32_t              seed;
    tap_pool_t            blocks;
    aime_str_t            text, name;
    aime_pool_t           pool;
    aime_json_error_t     error;
    aime_json_members_t   members;

    p = malloc(5000 * 24);
    names = malloc(5000 * sizeof(*names));
    values = malloc(5000 * sizeof(size_t));
    seed = 1;

    for (round = 0; round < 6; round++) {
        pool = tap_pool(&blocks);
        nnames = 0;
        n = 0;
        p[n++] = '{';

        for (i = 0; i < (round < 3 ? 40 : 5000); i++) {
            char  buf[8];

            /* 0 to 6 letters of few kinds */

            seed = seed * 1664525 + 1013904223;
            j = (seed >> 28) % 7;
            buf[j] = '\0';

            while (j--) {
                seed = seed * 1664525 + 1013904223;
                buf[j] = (char) ("ab!"[(seed >> 24) % 3]);
            }

            n += sprintf(p + n, "%s\"%s\":%u", i ? "," : "", buf,
                         (unsigned int) i);

            for (j = 0; j < nnames && strcmp(names[j], buf); j++) {
                /* void */
            }

            if (j == nnames) {
                strcpy(names[nnames++], buf);
            }

            values[j] = i;
        }

        p[n++] = '}';
        text = tap_copy(p, n);

        ok = aime_json_members(&pool, text, &members, &error) == AIME_OK;
        ok = ok && members.nelts == nnames;

        for (j = 0; ok && j < nnames; j++) {
            name = tap_str(names[j]);
            ok &= aime_json_member(&members, name) == &members.elts[j];
            ok &= (size_t) atoi((char *) members.elts[j].value.text.data)
                  == values[j];
        }

        tap_ok(ok, "%u random members of %u names", (unsigned int) i,
               (unsigned int) nnames);

        tap_free(text);
        tap_pool_free(&blocks);
    }

    free(p);
    free(names);
    free(values);
}


static void
test_many_members(void)
{
    size_t                n;
    tap_pool_t            blocks;
    aime_str_t            text;
    aime_pool_t           pool;
    aime_json_value_t     value;
    aime_json_error_t     error;
    aime_json_members_t   members;

    static const size_t  numbers[] = { 15, 16, 17, 31, 32, 33, 255, 4096, 0 };

    for (n = 0; numbers[n]; n++) {
        pool = tap_pool(&blocks);

        text = many_members(numbers[n], numbers[n]);
        tap_is_int(aime_json_members(&pool, text, &members, &error), AIME_OK,
                   "%u members, each of them twice",
                   (unsigned int) numbers[n]);
        tap_is_int(members.nelts, numbers[n], "all of them");
        tap_is(members.elts[0].value.text, tap_str("\"again\""), "the first");
        tap_is(members.elts[numbers[n] - 1].value.text, tap_str("\"again\""),
               "the last");
        tap_ok(blocks.bytes < 2 * 128 * (numbers[n] + 16),
               "memory grows with them only");
        tap_free(text);

        tap_pool_free(&blocks);
    }

    pool = tap_pool(&blocks);

    text = many_members(AIME_JSON_MAX_MEMBERS + 1, 0);
    tap_is_int(aime_json_members(&pool, text, &members, &error), AIME_ERROR,
               "4097 members");
    tap_is_str(error.reason, "too many members", "its reason");
    tap_is_int(error.offset, text.len - sizeof("\"name4096\":4096}") + 1,
               "its offset");
    tap_is_int(aime_json_scan(text, &value, &error), AIME_OK,
               "which a scan does not mind");
    tap_free(text);

    tap_pool_free(&blocks);
}


/* n members, and the first of them again */

static aime_str_t
many_members(size_t n, size_t again)
{
    char        *p;
    size_t       i, len;
    aime_str_t   text;

    p = malloc((n + again) * 32 + 2);
    len = 0;
    p[len++] = '{';

    for (i = 0; i < n; i++) {
        len += sprintf(p + len, "%s\"name%u\":%u", i ? "," : "",
                       (unsigned int) i, (unsigned int) i);
    }

    for (i = 0; i < again; i++) {
        len += sprintf(p + len, ",\"n\\u0061me%u\":\"again\"",
                       (unsigned int) i);
    }

    p[len++] = '}';
    text = tap_copy(p, len);
    free(p);

    return text;
}


/* Names that begin with one another, and such that differ in the end only. */

static void
test_hostile_names(void)
{
    char                 *p;
    size_t                i, j, n;
    tap_pool_t            blocks;
    aime_str_t            text;
    aime_pool_t           pool;
    aime_json_error_t     error;
    aime_json_members_t   members;

    p = malloc(4096 * 1024);

    for (j = 0; j < 2; j++) {
        pool = tap_pool(&blocks);
        n = 0;
        p[n++] = '{';

        for (i = 0; i < 1000; i++) {
            p[n++] = '"';
            memset(p + n, 'a', 1000);
            n += j ? 800 : i;
            n += sprintf(p + n, j ? "%04u\":1," : "\":%u,",
                         (unsigned int) i);
        }

        p[n - 1] = '}';
        text = tap_copy(p, n);

        if (!tap_is_int(aime_json_members(&pool, text, &members, &error),
                        AIME_OK, "names alike"))
        {
            printf("# %s at %u\n", error.reason, (unsigned int) error.offset);
        }

        tap_is_int(members.nelts, 1000, "none taken for another");

        tap_free(text);
        tap_pool_free(&blocks);
    }

    free(p);
}


static void
test_elements(void)
{
    char                  *p;
    size_t                 i, n;
    tap_pool_t             blocks;
    aime_str_t             text;
    aime_pool_t            pool;
    aime_json_error_t      error;
    aime_json_elements_t   elements;

    pool = tap_pool(&blocks);

    text = tap_dup(" [ 1.0, \"a\" ,[ ],{\"b\":[1]},null,true,false ] ");

    if (tap_is_int(aime_json_elements(&pool, text, &elements, &error),
                   AIME_OK, "elements"))
    {
        tap_is_int(elements.nelts, 7, "their number");
        tap_is(elements.elts[0].text, tap_str("1.0"), "number");
        tap_is(elements.elts[1].text, tap_str("\"a\""), "string");
        tap_is(elements.elts[2].text, tap_str("[ ]"), "array");
        tap_is(elements.elts[3].text, tap_str("{\"b\":[1]}"), "object");
        tap_is_int(elements.elts[3].type, AIME_JSON_OBJECT, "its type");
        tap_is_int(elements.elts[4].type, AIME_JSON_NULL, "null");
        tap_is_int(elements.elts[5].type, AIME_JSON_TRUE, "true");
        tap_is_int(elements.elts[6].type, AIME_JSON_FALSE, "false");
    }

    tap_free(text);

    tap_is_int(aime_json_elements(&pool, tap_str("[\n]"), &elements, &error),
               AIME_OK, "empty array");
    tap_is_int(elements.nelts, 0, "no elements");

    p = malloc(5 * 4097 + 2);

    for (i = 4096; i <= 4097; i++) {
        p[0] = '[';

        for (n = 0; n < i; n++) {
            memcpy(p + 1 + n * 2, "7,", 2);
        }

        p[n * 2] = ']';
        text = tap_copy(p, n * 2 + 1);

        tap_is_int(aime_json_elements(&pool, text, &elements, &error),
                   i == 4096 ? AIME_OK : AIME_ERROR, "%u elements",
                   (unsigned int) i);

        if (i == 4096) {
            tap_is_int(elements.nelts, 4096, "all of them");
            tap_is(elements.elts[4095].text, tap_str("7"), "the last");
        }

        tap_free(text);
    }

    tap_is_str(error.reason, "too many elements", "one too many");
    tap_is_int(error.offset, 1 + 2 * 4096, "its offset");

    free(p);
    tap_pool_free(&blocks);
}


/* An allocator that fails is reported, wherever it does. */

static void
test_no_memory(void)
{
    int                    rc, ok;
    size_t                 i;
    tap_pool_t             blocks;
    aime_str_t             text;
    aime_pool_t            pool;
    aime_json_error_t      error;
    aime_json_members_t    members;
    aime_json_elements_t   elements;

    text = many_members(40, 1);
    ok = 1;

    for (i = 1; i < 100; i++) {
        pool = tap_pool(&blocks);
        blocks.fail_after = i;
        rc = aime_json_members(&pool, text, &members, &error);

        ok &= rc == (blocks.allocs < i ? AIME_OK : AIME_NOMEM)
              || (rc == AIME_OK && blocks.allocs == i);

        tap_pool_free(&blocks);

        if (rc == AIME_OK) {
            break;
        }

        ok &= rc == AIME_NOMEM;
    }

    tap_ok(ok && i > 4 && i < 10, "members without memory");
    tap_free(text);

    pool = tap_pool(&blocks);
    blocks.fail_after = 1;
    tap_is_int(aime_json_elements(&pool, tap_str("[1,2,3,4,5,6,7,8,9,0,1,2,"
                                                 "3,4,5,6,7]"),
                                  &elements, &error),
               AIME_NOMEM, "elements without memory");
    tap_is_int(aime_json_decode(&pool, tap_str("\"\\n\""), &text), AIME_NOMEM,
               "decoding without memory");
    tap_pool_free(&blocks);
}


static void
test_decode(void)
{
    size_t           i;
    tap_pool_t       blocks;
    aime_str_t       string, expected, text;
    aime_pool_t      pool;
    const decode_t  *d;

    pool = tap_pool(&blocks);

    for (i = 0; i < sizeof(decoded) / sizeof(decoded[0]); i++) {
        d = &decoded[i];

        string = tap_dup(d->string);
        expected.data = (const unsigned char *) d->text;
        expected.len = d->len;

        if (tap_is_int(aime_json_decode(&pool, string, &text), AIME_OK,
                       "decodes %s", d->string))
        {
            tap_is(text, expected, "to its text");
            tap_ok(aime_json_utf8(text), "in UTF-8");
        }

        tap_is_int(aime_json_chars(string), d->chars, "its characters");

        tap_free(string);
    }

    tap_pool_free(&blocks);
}


static void
test_quote(void)
{
    size_t          i;
    aime_str_t      text, got;
    unsigned char  *p, *end;
    const quote_t  *q;

    for (i = 0; i < sizeof(quoted) / sizeof(quoted[0]); i++) {
        q = &quoted[i];

        text = tap_copy(q->text, q->len);
        tap_is_int(aime_json_quoted_len(text), strlen(q->quoted),
                   "quoted length %u", (unsigned int) i);

        p = malloc(strlen(q->quoted));
        end = aime_json_quote(p, text);

        got.data = p;
        got.len = end - p;
        tap_is(got, tap_str(q->quoted), "quotes");

        free(p);
        tap_free(text);
    }

    text.len = 0;
    text.data = NULL;
    p = malloc(2);
    tap_is_int(aime_json_quoted_len(text), 2, "no text quoted");
    tap_ok(aime_json_quote(p, text) == p + 2 && !memcmp(p, "\"\"", 2),
           "as an empty string");
    free(p);
}


/* Whatever bytes: a valid string comes out, and valid text comes back. */

static void
test_quote_round_trip(void)
{
    int                 ok;
    size_t              i, len;
    uint32_t            seed;
    tap_pool_t          blocks;
    aime_str_t          text, string, back;
    aime_pool_t         pool;
    unsigned char      *p, buf[100];
    aime_json_error_t   error;
    aime_json_value_t   value;

    seed = 7;
    ok = 1;

    for (i = 0; i < 20000; i++) {
        pool = tap_pool(&blocks);

        seed = seed * 1664525 + 1013904223;
        text.len = (seed >> 16) % sizeof(buf);

        for (len = 0; len < text.len; len++) {
            seed = seed * 1664525 + 1013904223;
            buf[len] = seed >> 24;

            if (i & 1) {
                buf[len] &= 0x7f;
            }
        }

        text = tap_copy(buf, text.len);
        len = aime_json_quoted_len(text);
        p = malloc(len);
        ok &= aime_json_quote(p, text) == p + len;

        string.data = p;
        string.len = len;
        ok &= aime_json_scan(string, &value, &error) == AIME_OK;
        ok &= value.type == AIME_JSON_STRING && value.text.len == len;
        ok &= aime_json_decode(&pool, string, &back) == AIME_OK;
        ok &= aime_json_utf8(back);

        if (aime_json_utf8(text)) {
            ok &= back.len == text.len
                  && (back.len == 0
                      || memcmp(back.data, text.data, back.len) == 0);
        }

        free(p);
        tap_free(text);
        tap_pool_free(&blocks);
    }

    tap_ok(ok, "random bytes quoted and decoded");
}
