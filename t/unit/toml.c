/*
 * TOML to a tree: what cJSON and a sorting parser would lose (order, the
 * difference of 2 and 2.0, all 64 bits), lines, and errors with their place.
 * Files named on the command line have to load.
 */

#include <errno.h>
#include <locale.h>

#include "tap.h"
#include "aime_toml.h"


typedef struct {
    const char    *toml;
    const char    *json;
} tree_t;


typedef struct {
    const char    *toml;
    unsigned int   line;
    unsigned int   column;      /* 0: where the parser likes */
    const char    *text;        /* part of it, NULL: any */
} refuse_t;


typedef struct {
    const char    *toml;
    int            integer;     /* is it one */
    long long      value;
    double         number;
} number_t;


static cJSON *parse(const char *text, aime_toml_error_t *error);
static void test_trees(void);
static void test_refused(void);
static void test_numbers(void);
static void test_accessors(void);
static void test_lines(void);
static void test_nul(void);
static void test_deep(void);
static void deep(const char *what, const char *before, const char *unit,
    size_t n, const char *after, int refused);
static void test_file(const char *name);
static int has_lines(const cJSON *item);


static const tree_t  trees[] = {
    { "", "{}" },
    { "# only a comment", "{}" },
    { "\"a=5\"=1\n'[b=c'='d'", "{\"a=5\":1,\"[b=c\":\"d\"}" },
    { "[[x]]\ny=[[1],[{b=2}],{c={1='d'}}]",
      "{\"x\":[{\"y\":[[1],[{\"b\":2}],{\"c\":{\"1\":\"d\"}}]}]}" },
    { "\xef\xbb\xbf" "a = 1", "{\"a\":1}" },
    { "\xef\xbb\xbf" "'a' = 1\n", "{\"a\":1}" },
    { "a = \"\"\"x \\\n \t\r\n\xc3\xa4y\\  \n\xe2\x82\xac\"\"\"\nb = 1",
      "{\"a\":\"x \xc3\xa4y\xe2\x82\xac\",\"b\":1}" },
    { "a = \"\"\"\\\n\xf0\x9f\x98\x80\\n\"\"\"",
      "{\"a\":\"\xf0\x9f\x98\x80\\n\"}" },
    { "a = 1\r\nb = 2\r\n", "{\"a\":1,\"b\":2}" },

    /* the order of the file */
    { "z = 1\na = 2\nm = 3\n", "{\"z\":1,\"a\":2,\"m\":3}" },
    { "[z]\n[a]\n[m]\n", "{\"z\":{},\"a\":{},\"m\":{}}" },
    { "[b]\ny = 1\nx = 2\n[a]\nd = 1\nc = 2\n",
      "{\"b\":{\"y\":1,\"x\":2},\"a\":{\"d\":1,\"c\":2}}" },
    { "t = { z = 1, a = 2, m = { y = 1, b = 2 } }",
      "{\"t\":{\"z\":1,\"a\":2,\"m\":{\"y\":1,\"b\":2}}}" },
    { "k10 = 1\nk9 = 2\nk1 = 3", "{\"k10\":1,\"k9\":2,\"k1\":3}" },

    /* a table stands where it was first mentioned */
    { "[b.x]\nv = 1\n[a]\nv = 2\n[b]\nw = 3\n",
      "{\"b\":{\"x\":{\"v\":1},\"w\":3},\"a\":{\"v\":2}}" },
    { "b.z = 1\na = 2\nb.a = 3\n", "{\"b\":{\"z\":1,\"a\":3},\"a\":2}" },
    { "image.format = { allowed = [\"png\"] }\nimage.size = 1\naudio.x = 2\n",
      "{\"image\":{\"format\":{\"allowed\":[\"png\"]},\"size\":1},"
      "\"audio\":{\"x\":2}}" },
    { "t = { b.z = 1, a = 2, b.a = 3 }",
      "{\"t\":{\"b\":{\"z\":1,\"a\":3},\"a\":2}}" },
    { "[INPUTS.image.format]\na = 1\n[INPUTS.audio]\nb = 1\n"
      "[INPUTS.image.size]\nc = 1\n",
      "{\"INPUTS\":{\"image\":{\"format\":{\"a\":1},\"size\":{\"c\":1}},"
      "\"audio\":{\"b\":1}}}" },

    /* arrays, of tables too */
    { "a = [ 1, [ 2, 3 ], [ ], \"x\", 4.0, true ]",
      "{\"a\":[1,[2,3],[],\"x\",4.0,true]}" },
    { "a = [\n  1, # one\n  2,\n]\n", "{\"a\":[1,2]}" },
    { "a = [ { z = 1, b = 2 }, { } ]", "{\"a\":[{\"z\":1,\"b\":2},{}]}" },
    { "[[p]]\nz = 1\na = 2\n[[p.q]]\nr = 1\n[[p]]\nz = 3\n[o]\n",
      "{\"p\":[{\"z\":1,\"a\":2,\"q\":[{\"r\":1}]},{\"z\":3}],\"o\":{}}" },

    /* keys */
    { "\"a b\" = 1\n'c.d' = 2\n\"\" = 3\n\"\xc3\xa4\" = 4\n1 = 5\n-_ = 6",
      "{\"a b\":1,\"c.d\":2,\"\":3,\"\xc3\xa4\":4,\"1\":5,\"-_\":6}" },
    { "a.\"b.c\" . d = 1", "{\"a\":{\"b.c\":{\"d\":1}}}" },
    { "3.14 = 1", "{\"3\":{\"14\":1}}" },

    /* strings */
    { "a = \"x\\ty \\u00e4 \\U0001F600 \\\"q\\\" \\\\\"",
      "{\"a\":\"x\\ty \xc3\xa4 \xf0\x9f\x98\x80 \\\"q\\\" \\\\\"}" },
    { "a = 'C:\\x\\n'", "{\"a\":\"C:\\\\x\\\\n\"}" },
    { "a = \"\"\"\nx\ny \\\n   z\"\"\"", "{\"a\":\"x\\ny z\"}" },
    { "a = '''\nx 'y' ''z''\n'''", "{\"a\":\"x 'y' ''z''\\n\"}" },
    { "a = \"\"\"\"x\"\"\"\"\"", "{\"a\":\"\\\"x\\\"\\\"\"}" },
    { "a = \"\"", "{\"a\":\"\"}" },

    /* booleans */
    { "a = true\nb = false", "{\"a\":true,\"b\":false}" },

    /* integers */
    { "a = 0\nb = -0\nc = +7\nd = 1_000",
      "{\"a\":0,\"b\":0,\"c\":7,\"d\":1000}" },
    { "a = 0xff\nb = 0o17\nc = 0b101", "{\"a\":255,\"b\":15,\"c\":5}" },
    { "a = 9007199254740993", "{\"a\":9007199254740993}" },
    { "a = 9223372036854775807\nb = -9223372036854775808",
      "{\"a\":9223372036854775807,\"b\":-9223372036854775808}" },

    /* floats stay floats, with no digit more than they need */
    { "a = 2.0", "{\"a\":2.0}" },
    { "a = 0.0\nb = -0.0", "{\"a\":0.0,\"b\":-0.0}" },
    { "a = 0.1\nb = 0.7\nc = 1.1", "{\"a\":0.1,\"b\":0.7,\"c\":1.1}" },
    { "a = 1e30", "{\"a\":1e+30}" },
    { "a = 1E2\nb = 1e0\nc = 25e-1", "{\"a\":100.0,\"b\":1.0,\"c\":2.5}" },
    { "a = 1_000.5", "{\"a\":1000.5}" },
    { "a = 6.02214076e23\nb = 1.5e-9",
      "{\"a\":6.02214076e+23,\"b\":1.5e-09}" },
    { "a = 1.7976931348623157e308\nb = 5e-324",
      "{\"a\":1.7976931348623157e+308,\"b\":5e-324}" },
    { "a = 9007199254740993.0", "{\"a\":9007199254740992.0}" },

    /* dates and times */
    { "a = 1979-05-27", "{\"a\":\"1979-05-27\"}" },
    { "a = 07:32:00", "{\"a\":\"07:32:00\"}" },
    { "a = 07:32:00.5", "{\"a\":\"07:32:00.5\"}" },
    { "a = 00:00:00.000001", "{\"a\":\"00:00:00.000001\"}" },
    { "a = 1979-05-27T07:32:00", "{\"a\":\"1979-05-27T07:32:00\"}" },
    { "a = 1979-05-27 07:32:00Z", "{\"a\":\"1979-05-27T07:32:00Z\"}" },
    { "a = 1979-05-27T00:32:10.999999-07:30",
      "{\"a\":\"1979-05-27T00:32:10.999999-07:30\"}" },
    { "a = 0001-01-01T00:00:00+00:01",
      "{\"a\":\"0001-01-01T00:00:00+00:01\"}" },
};


static const refuse_t  refused[] = {
    { "a", 1, 2, NULL },
    { "a =", 1, 4, NULL },
    { "a = \n", 1, 5, NULL },
    { "ok = 1\n= 1", 2, 1, NULL },
    { "ok = 1\n\n  x = @\n", 3, 7, NULL },
    { "a = 1\na = 2\n", 2, 0, "redefine" },
    { "[t]\n[t]\n", 2, 0, "redefine" },
    { "a = 1\na.b = 2\n", 2, 1, "redefine" },
    { "a = 1 b = 2", 1, 7, NULL },
    { "a = \"x\n", 1, 7, NULL },
    { "a = 'x", 1, 7, NULL },
    { "a = \"\"\"x\n\n", 2, 0, NULL },
    { "a = \"\\q\"", 1, 7, NULL },
    { "a = [1, 2\n", 1, 0, NULL },
    { "a = [1,,2]", 1, 8, NULL },
    { "a = { b = 1, }", 1, 14, NULL },
    { "a = { b = 1\n}", 1, 12, NULL },
    { "a = [}", 1, 6, NULL },
    { "a = 1\nb = [1,\n 2, }]\nc = 3\n", 3, 5, NULL },
    { "a = [#\n=]", 2, 1, NULL },
    { "[t", 1, 3, NULL },
    { "[&t]", 1, 2, NULL },
    { "[t.&]\n", 1, 4, NULL },
    { "a = 1\n\xc3\xa4 = 1\n", 2, 1, "outside of a string" },
    { "a = 1x'\xc3\xa4'", 1, 7, "quotation mark" },
    { "a = 0:\"\xc3\xa4\"", 1, 7, "quotation mark" },
    { "a = [\n-1.'\xc3\xa4']", 2, 4, "quotation mark" },
    { "a=0='\xef\xbb\xbf'", 1, 4, "saw '='" },
    { "a=[0='\xc3\xa4']", 1, 5, "saw '='" },
    { "a = 0['\xc3\xa4']", 1, 6, "saw '['" },
    { "a = 0{'\xc3\xa4' = 1}", 1, 6, "saw '{'" },
    { "a = \"\\\xc3\xa4\"", 1, 7, "backslash" },
    { "a = \"\"\"\n\\  \xc3\xa4\"\"\"", 2, 4, "backslash" },
    { "a = \"\"\"\\\n\xc3", 1, 0, NULL },
    { "a = \"\"\"\\\n\xc1\xbf\"\"\"", 1, 0, NULL },
    { "a = \"\"\"\\\n\xe0\x9f\xbf\"\"\"", 1, 0, NULL },
    { "a = \"\"\"\\\n\xf5\xbf\xbf\xbf\"\"\"", 2, 0, NULL },
    { "a = \xc3\xa4", 1, 5, "outside of a string" },
    { "a =\xc2\xa0" "1", 1, 4, "outside of a string" },
    { "[]", 1, 2, NULL },
    { "a = 01", 1, 0, NULL },
    { "a = 1.", 1, 7, NULL },
    { "a = .5", 1, 5, NULL },
    { "a = 9223372036854775808", 1, 24, NULL },
    { "a = 1e400", 1, 10, NULL },
    { "a = truth", 1, 0, NULL },
    { "a = 2023-02-30", 1, 15, NULL },
    { "a = \"\xff\"", 1, 0, NULL },
    { "a = \"\x01\"", 1, 6, NULL },

    /* what TOML allows, but the tree cannot hold */
    { "ok = 1\nx = inf", 2, 5, "inf" },
    { "x = [1.0,\n  -inf]", 2, 3, "inf" },
    { "t = { a = nan }", 1, 11, "nan" },
    { "ok = 1\nx = \"a\\u0000b\"", 2, 5, "NUL" },
    { "ok = 1\n\"a\\u0000b\" = 2", 2, 1, "NUL" },
};


static const number_t  numbers[] = {
    { "0", 1, 0, 0.0 },
    { "-17", 1, -17, -17.0 },
    { "0xff", 1, 255, 255.0 },
    { "9223372036854775807", 1, 9223372036854775807LL, 9223372036854775807.0 },
    { "-9223372036854775808", 1, -9223372036854775807LL - 1,
      -9223372036854775808.0 },
    { "2.0", 0, 0, 2.0 },
    { "-0.5", 0, 0, -0.5 },
    { "1e30", 0, 0, 1e30 },
    { "1.5e-9", 0, 0, 1.5e-9 },
    { "5e-324", 0, 0, 5e-324 },
    { "1.7976931348623157e308", 0, 0, 1.7976931348623157e308 },
};


int
main(int argc, char **argv)
{
    int  i;

    /* a comma for the decimal point must not show, where there is one */

    (void) setlocale(LC_ALL, "de_DE.UTF-8");

    test_trees();
    test_refused();
    test_numbers();
    test_accessors();
    test_lines();
    test_nul();
    test_deep();

    for (i = 1; i < argc; i++) {
        test_file(argv[i]);
    }

    return tap_done();
}


static cJSON *
parse(const char *text, aime_toml_error_t *error)
{
    cJSON       *tree;
    aime_str_t   copy;

    copy = tap_dup(text);
    tree = aime_toml_parse((const char *) copy.data, copy.len, error);
    tap_free(copy);

    return tree;
}


static void
test_trees(void)
{
    char               *json;
    cJSON              *tree, *back;
    size_t              i;
    aime_toml_error_t   error;

    for (i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
        tree = parse(trees[i].toml, &error);

        if (tree == NULL) {
            tap_ok(0, "tree %u: %s at %u:%u", (unsigned int) i, error.text,
                   error.line, error.column);
            continue;
        }

        json = cJSON_PrintUnformatted(tree);
        back = cJSON_Parse(json);

        tap_is_str(json, trees[i].json, "tree %u", (unsigned int) i);
        tap_ok(back != NULL, "which is JSON");

        cJSON_Delete(back);
        cJSON_Delete(tree);
        cJSON_free(json);
    }
}


static void
test_refused(void)
{
    cJSON              *tree;
    size_t              i;
    const refuse_t     *r;
    aime_toml_error_t   error;

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        r = &refused[i];
        tree = parse(r->toml, &error);

        if (!tap_ok(tree == NULL, "refuses %u", (unsigned int) i)) {
            cJSON_Delete(tree);
            continue;
        }

        if (!tap_ok(error.line == r->line && error.column > 0
                    && (r->column == 0 || error.column == r->column),
                    "its place"))
        {
            printf("# at %u:%u\n", error.line, error.column);
        }

        tap_ok(error.text[0] != '\0' && strchr(error.text, '\n') == NULL
               && strlen(error.text) < AIME_TOML_ERROR_LEN,
               "its text: %s", error.text);
        tap_ok(r->text == NULL || strstr(error.text, r->text) != NULL,
               "says why");
    }
}


static void
test_numbers(void)
{
    char                toml[128];
    cJSON              *tree, *item;
    size_t              i;
    double              number;
    long long           value;
    const number_t     *n;
    aime_toml_error_t   error;

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        n = &numbers[i];

        snprintf(toml, sizeof(toml), "a = %s", n->toml);
        tree = parse(toml, &error);

        if (!tap_ok(tree != NULL, "number %s", n->toml)) {
            continue;
        }

        item = tree->child;
        value = 4711;
        number = 4711.5;

        tap_ok(cJSON_IsRaw(item) && aime_toml_is_number(item), "is one");
        tap_is_int(aime_toml_integer(item, &value),
                   n->integer ? AIME_TOML_OK : AIME_TOML_ERROR, "integer");
        tap_is_int(value, n->integer ? n->value : 4711, "its value");
        tap_is_int(aime_toml_double(item, &number), AIME_TOML_OK, "double");
        tap_ok(number == n->number, "its value %.17g", number);

        cJSON_Delete(tree);
    }
}


/* Items that are no numbers, and none at all. */

static void
test_accessors(void)
{
    cJSON              *tree, *item;
    double              number;
    long long           value;
    aime_toml_error_t   error;

    tree = parse("a = \"1\"\nb = true\nc = [1]\nd = { }\ne = 1979-05-27\n",
                 &error);

    value = 4711;
    number = 4711.5;

    cJSON_ArrayForEach(item, tree) {
        tap_ok(!aime_toml_is_number(item), "%s is no number", item->string);
        tap_is_int(aime_toml_integer(item, &value), AIME_TOML_ERROR,
                   "no integer");
        tap_is_int(aime_toml_double(item, &number), AIME_TOML_ERROR,
                   "no double");
    }

    tap_ok(value == 4711 && number == 4711.5, "values left alone");

    tap_ok(!aime_toml_is_number(NULL), "nothing is no number");
    tap_is_int(aime_toml_integer(NULL, &value), AIME_TOML_ERROR, "no integer");
    tap_is_int(aime_toml_double(NULL, &number), AIME_TOML_ERROR, "no double");
    tap_is_int(aime_toml_line(NULL), 0, "has no line");

    cJSON_Delete(tree);

    item = cJSON_CreateNull();
    tap_is_int(aime_toml_line(item), 0, "nor has what was no TOML");
    cJSON_Delete(item);

    item = cJSON_CreateRaw("99999999999999999999");
    tap_is_int(aime_toml_integer(item, &value), AIME_TOML_ERROR,
               "more than 64 bits");
    cJSON_Delete(item);

    item = cJSON_CreateRaw("");
    tap_is_int(aime_toml_integer(item, &value), AIME_TOML_ERROR, "no digits");
    tap_is_int(aime_toml_double(item, &number), AIME_TOML_ERROR, "neither");
    cJSON_Delete(item);
}


static void
test_lines(void)
{
    cJSON              *tree, *item, *sub;
    aime_toml_error_t   error;

    static const char  text[] =
        "# comment\n"                           /* 1 */
        "title = \"x\"\n"                       /* 2 */
        "\n"
        "[INPUTS]\n"                            /* 4 */
        "n = 1\n"
        "f = 2.5\n"
        "b = true\n"
        "d = 1979-05-27\n"                      /* 8 */
        "s = '''\n"
        "x\n"
        "'''\n"
        "a = [\n"                               /* 12 */
        "  1,\n"
        "  { x = 2 },\n"
        "]\n"
        "image.format = { allowed = [] }\n"     /* 16 */
        "[[rows]]\n"
        "k = 1\n"
        "[[rows]]\n"
        "k = 2\n";                              /* 20 */

    tree = parse(text, &error);

    if (!tap_ok(tree != NULL, "lines")) {
        return;
    }

    tap_is_str(error.text, "", "no error");
    tap_is_int(aime_toml_line(tree), 1, "the document");

    item = cJSON_GetObjectItemCaseSensitive(tree, "title");
    tap_is_int(aime_toml_line(item), 2, "string");

    item = cJSON_GetObjectItemCaseSensitive(tree, "INPUTS");
    tap_is_int(aime_toml_line(item), 4, "table");

    sub = item->child;
    tap_is_int(aime_toml_line(sub), 5, "integer");
    sub = sub->next;
    tap_is_int(aime_toml_line(sub), 6, "float");
    sub = sub->next;
    tap_is_int(aime_toml_line(sub), 7, "boolean");
    sub = sub->next;
    tap_is_int(aime_toml_line(sub), 8, "date");
    sub = sub->next;
    tap_is_int(aime_toml_line(sub), 9, "string of several lines");
    sub = sub->next;
    tap_is_int(aime_toml_line(sub), 12, "array");
    tap_is_int(aime_toml_line(sub->child), 13, "its element");
    tap_is_int(aime_toml_line(sub->child->next), 14, "its inline table");
    tap_is_int(aime_toml_line(sub->child->next->child), 14, "and in that");
    sub = sub->next;
    tap_is_str(sub->string, "image", "dotted key");
    tap_is_int(aime_toml_line(sub), 16, "its line");
    tap_is_int(aime_toml_line(sub->child), 16, "and its last segment's");

    item = cJSON_GetObjectItemCaseSensitive(tree, "rows");
    tap_is_int(aime_toml_line(item), 17, "array of tables");
    tap_is_int(aime_toml_line(item->child), 17, "its first");
    tap_is_int(aime_toml_line(item->child->next), 19, "its second");
    tap_is_int(aime_toml_line(item->child->next->child), 20, "and in that");

    tap_ok(has_lines(tree), "every item has a line");

    cJSON_Delete(tree);
}


/* NUL bytes in the text itself, and a text that is none. */

static void
test_nul(void)
{
    cJSON              *tree;
    aime_toml_error_t   error;

    tree = aime_toml_parse("a = \"x\0y\"", 9, &error);
    tap_ok(tree == NULL && error.line == 1, "NUL within a string");
    cJSON_Delete(tree);

    tree = aime_toml_parse("a = 1\n\0", 7, &error);
    tap_ok(tree == NULL && error.line == 2, "NUL behind a line");
    cJSON_Delete(tree);

    tree = aime_toml_parse(NULL, 0, &error);
    tap_ok(tree != NULL && tree->child == NULL, "no text");
    cJSON_Delete(tree);
}


/* However deep a file goes, it is loaded or refused. */

static void
test_deep(void)
{
    deep("nested arrays, few", "a = ", "[", 40, NULL, 1);
    deep("nested arrays", "a = ", "[", 200000, NULL, 1);
    deep("nested tables", "a = ", "{a=", 100000, "1", 1);
    deep("dotted key, short", "", "a.", 50, "a = 1", 0);
    deep("dotted key", "", "a.", 200000, "a = 1", 1);
    deep("dotted header", "[", "a.", 200000, "a]", 1);
    deep("dotted key in a table", "t = {", "a.", 200000, "a = 1}", 1);
    deep("behind a string", "s = [\"\"\"a\"\"\"\"\", {", "a.", 200000,
         "a = 1}]", 1);
    deep("behind a quote", "s = ['''a'''', {", "a.", 200000, "a = 1}]", 1);
    deep("behind an escape", "s = [\"\\\\\", \"\\\"\", {", "a.", 200000,
         "a = 1}]", 1);
    deep("behind a comment", "# \"\n", "a.", 200000, "a = 1", 1);
    deep("behind a line", "s = '\n", "a.", 200000, "a = 1", 1);
    deep("both", "t = ", "{ a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a."
         "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = ",
         60, "1 } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } }"
         "} } } } } } } } } } } } } } } } } } } } } } } } } } } } }", 1);
    deep("dots in a string", "a = \"", "...", 1000, "\"", 0);
    deep("dots in a long string", "a = \"\"\"", "\"..\n", 1000, "\"\"\"", 0);
    deep("dots in a comment", "a = '' #", "...", 1000, "", 0);
    deep("floats in an array", "a = [", "1.5,", 1000, "]", 0);
    deep("tables in an array", "a = [", "{x.y = 1.5},", 1000, "]", 0);
}


static void
deep(const char *what, const char *before, const char *unit, size_t n,
    const char *after, int refused)
{
    char               *text, *p;
    cJSON              *tree;
    aime_str_t          copy;
    aime_toml_error_t   error;

    text = malloc(strlen(before) + strlen(unit) * n + 256);
    p = text + sprintf(text, "%s", before);

    while (n--) {
        p += sprintf(p, "%s", unit);
    }

    p += sprintf(p, "%s", after ? after : "");

    copy = tap_copy(text, p - text);
    tree = aime_toml_parse((const char *) copy.data, copy.len, &error);

    if (tree) {
        tap_ok(!refused, "deep: %s", what);

    } else {
        tap_ok(refused, "deep: %s: %s at %u:%u", what, error.text,
               error.line, error.column);
        tap_ok(error.line > 0, "its line");
    }

    cJSON_Delete(tree);
    tap_free(copy);
    free(text);
}


/* A file has to load, print as JSON and know its lines. */

static void
test_file(const char *name)
{
    FILE               *file;
    char               *json, buf[65536];
    cJSON              *tree, *back;
    size_t              n;
    aime_str_t          copy;
    aime_toml_error_t   error;

    file = fopen(name, "rb");

    if (file == NULL) {
        tap_ok(0, "%s: %s", name, strerror(errno));
        return;
    }

    n = fread(buf, 1, sizeof(buf), file);
    fclose(file);

    copy = tap_copy(buf, n);
    tree = aime_toml_parse((const char *) copy.data, copy.len, &error);
    tap_free(copy);

    if (tree == NULL) {
        tap_ok(0, "%s: %s at %u:%u", name, error.text, error.line,
               error.column);
        return;
    }

    json = cJSON_PrintUnformatted(tree);
    back = cJSON_Parse(json);

    tap_ok(back != NULL && tree->child != NULL && has_lines(tree),
           "loads %s", name);

    cJSON_free(json);
    cJSON_Delete(back);
    cJSON_Delete(tree);
}


static int
has_lines(const cJSON *item)
{
    const cJSON  *sub;

    cJSON_ArrayForEach(sub, item) {
        if (aime_toml_line(sub) < (cJSON_IsArray(item) ? 1
                                                       : aime_toml_line(item))
            || !has_lines(sub))
        {
            return 0;
        }
    }

    return aime_toml_line(item) > 0;
}
