/*
 * Parameter descriptions: what compiles to what, which mistakes of a file are
 * errors and on which line, what is only noticed, and defaults as the worker
 * gets them.  The tables and files named on the command line have to compile.
 */

#include "tap.h"

#include "aime_desc.h"
#include "aime_toml.h"


/* attributes of parameter p, and the JSON text of its default or "" */

typedef struct {
    const char   *toml;
    const char   *expected;
} default_t;


typedef struct {
    const char   *toml;
    unsigned int  line;
    const char   *expected;
} mistake_t;


typedef struct {
    aime_pool_t  *pool;
    size_t        left;
} failing_t;


static void notice(void *ctx, const char *param, const char *attribute,
    unsigned int line);
static void *failing_alloc(void *ctx, size_t size);
static cJSON *parse(const char *toml);
static void check_defaults(void);
static void check_mistakes(void);
static void check_params(aime_desc_t *desc);
static void check_find(aime_desc_t *desc);
static void check_everything(void);
static void check_nomem(void);
static void check_notices(void);
static void check_allowed(void);
static void check_many(void);
static void check_prefix(void);
static void check_file(const char *name);


static const default_t  defaults[] = {

    { "type = \"string\"", "" },
    { "default = \"\"", "\"\"" },
    { "default = \"a\\n\\\"\\\\\\u00e4\"", "\"a\\n\\\"\\\\\xc3\xa4\"" },
    { "type = \"text_context\", default = \"x\"", "\"x\"" },
    { "default = 5, auto_convert = true", "\"5\"" },
    { "default = 2.0, auto_convert = true", "\"2.0\"" },
    { "default = true, auto_convert = true", "\"true\"" },
    { "default = \"abcd\", max_length = 3", "\"abcd\"" },
    { "default = \"abcd\", max_length = 3, auto_convert = true", "\"abc\"" },
    { "default = \"abcd\", max_length = 9223372036854775807,"
      " auto_convert = true", "\"abcd\"" },

    { "type = \"integer\", default = 5", "5" },
    { "type = \"int\", default = -5", "-5" },
    { "type = \"integer\", default = 0x10", "16" },
    { "type = \"integer\", default = 9007199254740993", "9007199254740993" },
    { "type = \"integer\", default = 2.0", "2" },
    { "type = \"integer\", default = 1e3", "1000" },
    { "type = \"integer\", default = 5, maximum = 4", "5" },
    { "type = \"integer\", default = 5, maximum = 4, auto_convert = true",
      "4" },
    { "type = \"integer\", default = 5, minimum = 7, align = 8,"
      " auto_convert = true", "8" },
    { "auto_convert = true, default = 50, align = 8, type = \"integer\"",
      "48" },
    { "type = \"integer\", default = 17, align = 8", "17" },
    { "type = \"integer\", default = \"42\", auto_convert = true", "42" },
    { "type = \"integer\", default = 33.9, auto_convert = true", "33" },

    { "type = \"float\", default = 2", "2.0" },
    { "type = \"float\", default = 2.0", "2.0" },
    { "type = \"float\", default = 0.1", "0.1" },
    { "type = \"float\", default = 2, max = 1.5", "2.0" },
    { "type = \"float\", default = 2, max = 1.5, auto_convert = true", "1.5" },
    { "type = \"float\", default = 2, max = 1, auto_convert = true", "1.0" },
    { "type = \"float\", default = 0.35, align = 0.1, auto_convert = true",
      "0.3" },
    { "type = \"float\", default = \"0.5\", auto_convert = true", "0.5" },

    { "type = \"bool\", default = true", "true" },
    { "type = \"boolean\", default = false", "false" },
    { "type = \"bool\", default = \"true\", auto_convert = true", "true" },
    { "type = \"bool\", default = 0, auto_convert = true", "false" },

    { "type = \"selection\", supported = [\"a\"], default = \"a\"", "\"a\"" },
    { "type = \"selection\", supported = [\"a\"], default = \"z\"", "\"z\"" },
    { "type = \"selection\", supported = [1, 2], default = 2", "2" },
    { "type = \"selection\", supported = [1, 2], default = true", "true" },
    { "type = \"selection\", supported = [\"a\"], default = \"z\","
      " auto_convert = true", "\"z\"" },

    { "type = \"json\", default = '{\"a\": 1.0}'", "{\"a\": 1.0}" },
    { "type = \"json\", default = \"\"", "" },
    { "type = \"json\", default = \"null\"", "" },
    { "type = \"json\", default = \" 5 \"", "5" },
    { "type = \"json\", default = [1, 2.0, \"x\"]", "[1,2.0,\"x\"]" },
    { "type = \"json\", default = { a = { b = true } }",
      "{\"a\":{\"b\":true}}" },
    { "type = \"chat_context\", default = \"[]\"", "[]" },
    { "type = \"chat_context\", default = \"\"", "" },
    { "type = \"image\", default = \"\"", "" },
    { "type = \"image\", default = \"data:image/png;base64,AAAA\"",
      "\"data:image/png;base64,AAAA\"" },

    { NULL, NULL }
};


static const mistake_t  mistakes[] = {

    { "x = 5", 1, "parameter x must be a table" },
    { "\nx = \"string\"", 2, "parameter x must be a table" },
    { "\n\nx = [1]", 3, "parameter x must be a table" },
    { "x.type = 5", 1, "parameter x: type must be a string" },
    { "a.type = \"int\"\nx.type = \"uint\"", 2,
      "parameter x: unknown type \"uint\"" },
    { "x.type = \"String\"", 1, "parameter x: unknown type \"String\"" },
    { "x.type = \"\"", 1, "parameter x: unknown type \"\"" },
    { "x.required = 1", 1, "parameter x: required must be true or false" },
    { "x.auto_convert = \"true\"", 1,
      "parameter x: auto_convert must be true or false" },

    { "x.type = \"integer\"\nx.minimum = \"1\"", 2,
      "parameter x: minimum must be a number" },
    { "x.type = \"integer\"\nx.min = 0.5", 2,
      "parameter x: min must be an integer" },
    { "x.type = \"integer\"\nx.max = 1e30", 2,
      "parameter x: max is too large" },
    { "x.type = \"float\"\nx.maximum = true", 2,
      "parameter x: maximum must be a number" },
    { "x.type = \"float\"\nx.maximum = [1]", 2,
      "parameter x: maximum must be a number" },
    { "x = { type = \"integer\", minimum = 2, maximum = 1 }", 1,
      "parameter x: minimum is above maximum" },
    { "x = { type = \"float\", min = 0.2, max = 0.1 }", 1,
      "parameter x: minimum is above maximum" },
    { "x = { type = \"integer\", align = 0 }", 1,
      "parameter x: align must be above 0" },
    { "x = { type = \"integer\", align = -8 }", 1,
      "parameter x: align must be above 0" },
    { "x = { type = \"float\", align = 0.0 }", 1,
      "parameter x: align must be above 0" },
    { "x = { type = \"float\", align = -0.1 }", 1,
      "parameter x: align must be above 0" },
    { "x.max_length = -1", 1,
      "parameter x: max_length must be an integer not below 0" },
    { "x.max_length = 1.5", 1,
      "parameter x: max_length must be an integer not below 0" },
    { "x.max_length = \"5\"", 1,
      "parameter x: max_length must be an integer not below 0" },

    { "x.type = \"selection\"", 1,
      "parameter x: a selection needs a list of supported values" },
    { "x = { type = \"selection\", supported = [] }", 1,
      "parameter x: supported must be a list of at least one value" },
    { "x = { type = \"selection\", supported = \"a\" }", 1,
      "parameter x: supported must be a list of at least one value" },
    { "x = { type = \"selection\", supported = [1, [2]] }", 1,
      "parameter x: supported must hold strings, numbers or bools" },

    { "x.default = 5", 1, "parameter x: default is not a string" },
    { "x = { auto_convert = true, default = [1] }", 1,
      "parameter x: default is not a string" },
    { "x.type = \"integer\"\n\nx.default = \"5\"", 3,
      "parameter x: default is not an integer" },
    { "x = { type = \"integer\", default = 2.5 }", 1,
      "parameter x: default is not a whole number" },
    { "x = { type = \"integer\", default = \"2.5\", auto_convert = true }", 1,
      "parameter x: default is not a whole number" },
    { "x = { type = \"integer\", default = \"a\", auto_convert = true }", 1,
      "parameter x: default is not an integer" },
    { "x = { type = \"integer\", default = true, auto_convert = true }", 1,
      "parameter x: default is not an integer" },
    { "x = { type = \"integer\", default = 1, align = 8, minimum = 1,"
      " maximum = 7, auto_convert = true }", 1,
      "parameter x: default cannot be rounded to a multiple of 8 between the"
      " minimum of 1 and the maximum of 7" },
    { "x = { type = \"float\", default = \"0.5\" }", 1,
      "parameter x: default is not a number" },
    { "x = { type = \"bool\", default = 1 }", 1,
      "parameter x: default is not true or false" },
    { "x = { type = \"bool\", default = \"yes\", auto_convert = true }", 1,
      "parameter x: default is not true or false" },
    { "x = { type = \"selection\", supported = [1], default = [1] }", 1,
      "parameter x: default is not a supported value" },
    { "x = { type = \"json\", default = \"{a\" }", 1,
      "parameter x: default is not valid JSON (" },
    { "x = { type = \"json\", default = 5 }", 1,
      "parameter x: default is not an object, an array or a string that holds"
      " JSON" },
    { "x = { type = \"image\", default = 5 }", 1,
      "parameter x: default is not an image" },

    { "x.pattern = 5", 1, "parameter x: pattern must be a string" },
    { "\nx.pattern = \"a(b\"", 2,
      "parameter x: pattern: missing closing parenthesis at character 3" },
    { "x = { type = \"chat_context\", support = \"image\" }", 1,
      "parameter x: support must be a list" },
    { "x = { type = \"chat_context\", support = [\"image\", 5] }", 1,
      "parameter x: support must hold strings" },
    { "x = { type = \"chat_context\", support = [\"image\"], image = 5 }", 1,
      "parameter x: image must be a table" },
    { "x = { type = \"image\", color_space.supported = [\"BLUE\"] }", 1,
      "parameter x: color_space: unknown color space \"BLUE\"" },

    { NULL, 0, NULL }
};


static const char  everything[] =
    "z.type = \"string\"\n"
    "key.type = \"integer\"\n"
    "a = { type = \"int\", required = true, min = -1, maximum = 7 }\n"
    "m = { type = \"float\", minimum = 0, max = 1.5, align = 0.25 }\n"
    "s = { type = \"selection\", supported = [\"x\\n\", 2, 2.50, true] }\n"
    "l = { max_length = 0, auto_convert = true }\n"
    "j = { type = \"json\", default = '[1]' }\n"
    "v = { type = \"video\", duration = { maximum = 2 } }\n";


static char  noticed[1024];


static void
notice(void *ctx, const char *param, const char *attribute, unsigned int line)
{
    sprintf(noticed + strlen(noticed), "%s%s.%s:%u", noticed[0] ? " " : "",
            param, attribute, line);
}


static void *
failing_alloc(void *ctx, size_t size)
{
    failing_t  *failing = ctx;

    if (failing->left && --failing->left == 0) {
        return NULL;
    }

    return failing->pool->alloc(failing->pool->ctx, size);
}


static cJSON *
parse(const char *toml)
{
    cJSON              *tree;
    aime_toml_error_t   error;

    tree = aime_toml_parse(toml, strlen(toml), &error);

    if (tree == NULL) {
        printf("# %s: line %u: %s\n", toml, error.line, error.text);
        exit(2);
    }

    return tree;
}


static void
check_defaults(void)
{
    int                 rc;
    char                toml[1024];
    cJSON              *tree;
    tap_pool_t          mem;
    aime_desc_t         desc;
    aime_pool_t         pool;
    const default_t    *row;
    aime_desc_error_t   error;
    aime_desc_param_t  *param;

    for (row = defaults; row->toml; row++) {
        pool = tap_pool(&mem);

        snprintf(toml, sizeof(toml), "p = { %s }", row->toml);
        tree = parse(toml);

        rc = aime_desc_compile(&pool, tree, &desc, NULL, NULL, &error);

        if (!tap_ok(rc == AIME_OK, "compile %s", row->toml)) {
            printf("# %s\n", error.text);
            exit(1);
        }

        param = aime_desc_find(&desc, tap_str("p"));

        if (param) {
            tap_is(param->default_value, tap_str(row->expected),
                   "default of %s", row->toml);
        }

        tap_pool_free(&mem);
        cJSON_Delete(tree);
    }
}


static void
check_mistakes(void)
{
    int                 rc;
    cJSON              *tree;
    tap_pool_t          mem;
    aime_desc_t         desc;
    aime_pool_t         pool;
    const mistake_t    *row;
    aime_desc_error_t   error;

    for (row = mistakes; row->toml; row++) {
        pool = tap_pool(&mem);
        tree = parse(row->toml);

        rc = aime_desc_compile(&pool, tree, &desc, NULL, NULL, &error);

        tap_is_int(rc, AIME_ERROR, "refuse %s", row->expected);

        if (rc == AIME_ERROR) {
            tap_is_int(error.line, row->line, "line");

            if (!tap_ok(strncmp(error.text, row->expected,
                                strlen(row->expected)) == 0, "text"))
            {
                printf("# %s\n", error.text);
            }
        }

        tap_pool_free(&mem);
        cJSON_Delete(tree);
    }
}


static void
check_params(aime_desc_t *desc)
{
    aime_desc_param_t  *p;

    tap_is_int(desc->nparams, 10, "parameters and implicit ones");

    p = desc->params;

    tap_is(p[0].name, tap_str("z"), "order of the file");
    tap_is(p[1].name, tap_str("a"), "without the one named as an implicit one");
    tap_ok(p[0].type == AIME_DESC_STRING && p[0].tree != NULL, "string");
    tap_ok(p[1].type == AIME_DESC_INTEGER && p[1].required && p[1].has_minimum
           && p[1].minimum.i == -1 && p[1].has_maximum && p[1].maximum.i == 7
           && !p[1].has_align && !p[1].auto_convert, "integer");
    tap_ok(p[2].type == AIME_DESC_FLOAT && p[2].has_minimum
           && p[2].minimum.f == 0 && p[2].maximum.f == 1.5 && p[2].has_align
           && p[2].align.f == 0.25, "float");
    tap_ok(p[3].type == AIME_DESC_SELECTION && p[3].nsupported == 4,
           "selection");
    tap_is(p[3].supported[0].text, tap_str("\"x\\n\""), "string supported");
    tap_is(p[3].supported[2].text, tap_str("2.5"), "number supported");
    tap_ok(p[3].supported[3].type == AIME_JSON_TRUE, "bool supported");
    tap_ok(p[4].has_max_length && p[4].max_length == 0 && p[4].auto_convert,
           "a limit of 0 is one");

    tap_is(p[7].name, tap_str("key"), "implicit key");
    tap_ok(p[7].role == AIME_DESC_KEY && p[7].type == AIME_DESC_STRING
           && p[7].tree == NULL, "wins over a declared one");
    tap_ok(p[8].role == AIME_DESC_SESSION_KEY, "implicit session key");
    tap_ok(p[9].role == AIME_DESC_WAIT_FOR_RESULT
           && p[9].type == AIME_DESC_BOOL, "implicit wait_for_result");
}


static void
check_find(aime_desc_t *desc)
{
    size_t      i;
    aime_str_t  name;

    for (i = 0; i < desc->nparams; i++) {
        name = tap_copy(desc->params[i].name.data, desc->params[i].name.len);
        tap_ok(aime_desc_find(desc, name) == &desc->params[i], "find %.*s",
               (int) name.len, name.data);
        tap_free(name);
    }

    tap_ok(aime_desc_find(desc, tap_str("Z")) == NULL, "other case");
    tap_ok(aime_desc_find(desc, tap_str("")) == NULL, "empty name");
    tap_ok(aime_desc_find(desc, tap_str("key ")) == NULL, "longer name");
}


static void
check_everything(void)
{
    cJSON              *tree;
    tap_pool_t          mem;
    aime_desc_t         desc;
    aime_pool_t         pool;
    aime_desc_error_t   error;

    tree = parse(everything);
    pool = tap_pool(&mem);

    tap_is_int(aime_desc_compile(&pool, tree, &desc, NULL, NULL, &error),
               AIME_OK, "compile all kinds");
    check_params(&desc);
    check_find(&desc);

    tap_pool_free(&mem);
    cJSON_Delete(tree);

    pool = tap_pool(&mem);

    tap_is_int(aime_desc_compile(&pool, NULL, &desc, NULL, NULL, &error),
               AIME_OK, "compile no inputs");
    tap_is_int(desc.nparams, 3, "gives the implicit ones");
    tap_ok(aime_desc_find(&desc, tap_str("wait_for_result"))
           == &desc.params[2], "which are found");

    tap_pool_free(&mem);

    tree = cJSON_CreateString("x");
    pool = tap_pool(&mem);

    tap_is_int(aime_desc_compile(&pool, tree, &desc, NULL, NULL, &error),
               AIME_ERROR, "inputs that are no table");

    tap_pool_free(&mem);
    cJSON_Delete(tree);

    tap_is_str(aime_desc_type_name(AIME_DESC_STRING), "string", "a type name");
    tap_is_str(aime_desc_type_name(AIME_DESC_VIDEO), "video", "the last one");
}


static void
check_nomem(void)
{
    int                 rc;
    cJSON              *tree;
    size_t              n;
    failing_t           failing;
    tap_pool_t          mem;
    aime_desc_t         desc;
    aime_pool_t         pool, face;
    aime_desc_error_t   error;

    tree = parse(everything);
    face.alloc = failing_alloc;
    face.ctx = &failing;
    failing.pool = &pool;

    for (n = 1; n < 100; n++) {
        pool = tap_pool(&mem);
        failing.left = n;

        rc = aime_desc_compile(&face, tree, &desc, NULL, NULL, &error);
        tap_pool_free(&mem);

        if (failing.left) {
            break;
        }

        tap_is_int(rc, AIME_NOMEM, "allocation %zu fails", n);
    }

    tap_ok(rc == AIME_OK && n > 5, "all allocations");

    cJSON_Delete(tree);
}


static void
check_notices(void)
{
    cJSON              *tree;
    tap_pool_t          mem;
    aime_desc_t         desc;
    aime_pool_t         pool;
    aime_desc_error_t   error;

    tree = parse("a = { type = \"string\", default = \"x\", title = \"t\" }\n"
                 "b.Type = \"integer\"\n"
                 "c.type = \"integer\"\n"
                 "c.max_length = \"no error here\"\n"
                 "c.description = \"d\"\n"
                 "c.step = 5\n"
                 "d = { type = \"chat_context\", support = [\"image\"],"
                 " image.format.supported = [\"png\"] }\n"
                 "e = { type = \"chat_context\", support = [\"text\","
                 " \"tools\", \"smell\"] }\n");
    pool = tap_pool(&mem);
    noticed[0] = '\0';

    tap_is_int(aime_desc_compile(&pool, tree, &desc, notice, NULL, &error),
               AIME_OK, "compile unknown attributes");
    tap_is_str(noticed, "b.Type:2 c.max_length:4 c.step:6 e.smell:8",
               "notices");
    tap_is_int(desc.params[4].tools, 1, "tools");
    tap_is_int(desc.params[3].tools, 0, "none");

    tap_pool_free(&mem);
    cJSON_Delete(tree);
}


/* The formats that a server file allows. */

static void
check_allowed(void)
{
    int                 rc;
    cJSON              *tree;
    unsigned            allowed[AIME_MEDIA_NKINDS];
    const mistake_t    *row;
    aime_desc_error_t   error;

    static const mistake_t  rows[] = {
        { "image.format.allowed = \"png\"", 1,
          "INPUTS.image.format.allowed must be a list" },
        { "\nimage.format.allowed = [\"png\", 5]", 2,
          "INPUTS.image.format.allowed must hold strings" },
        { "audio.format.allowed = []", 1,
          "INPUTS.audio.format.allowed has no format that is known" },
        { "audio.format.allowed = [\"smell\"]", 1,
          "INPUTS.audio.format.allowed has no format that is known" },
        { NULL, 0, NULL }
    };

    for (row = rows; row->toml; row++) {
        tree = parse(row->toml);

        tap_is_int(aime_desc_allowed(tree, allowed, NULL, NULL, &error),
                   AIME_ERROR, "refuse %s", row->toml);
        tap_is_str(error.text, row->expected, "text");
        tap_is_int(error.line, row->line, "line");

        cJSON_Delete(tree);
    }

    tree = parse("image.format.allowed = [\"png\", \"smell\", \"gif\"]");
    noticed[0] = '\0';

    rc = aime_desc_allowed(tree, allowed, notice, NULL, &error);

    tap_is_int(rc, AIME_OK, "allow two that are known");
    tap_is_str(noticed,
               "image.format.allowed: unknown image format \"smell\":1",
               "and notice the other one");
    tap_is_int(allowed[AIME_MEDIA_IMAGE],
               1 << AIME_MEDIA_PNG | 1 << AIME_MEDIA_GIF, "images");
    tap_is_int(allowed[AIME_MEDIA_AUDIO], 0, "no list of audio");

    cJSON_Delete(tree);
}


/* More parameters than a bucket array starts with. */

static void
check_many(void)
{
    int                 found;
    char                name[16];
    cJSON              *tree;
    size_t              i;
    tap_pool_t          mem;
    aime_desc_t         desc;
    aime_pool_t         pool;
    aime_desc_error_t   error;
    static char         toml[1000 * 32];

    for (i = 0; i < 1000; i++) {
        sprintf(toml + strlen(toml), "p%zu.type = \"int\"\n", i);
    }

    tree = parse(toml);
    pool = tap_pool(&mem);

    tap_is_int(aime_desc_compile(&pool, tree, &desc, NULL, NULL, &error),
               AIME_OK, "compile 1000 parameters");

    found = 0;

    for (i = 0; i < 1000; i++) {
        sprintf(name, "p%zu", i);
        found += aime_desc_find(&desc, tap_str(name)) == &desc.params[i];
    }

    tap_is_int(found, 1000, "find them");

    tap_pool_free(&mem);
    cJSON_Delete(tree);
}


static void
check_prefix(void)
{
    size_t      i;
    aime_str_t  text;

    static const struct {
        const char  *text;
        size_t       chars;
        size_t       len;
    } rows[] = {
        { "\"\"", 0, 1 }, { "\"\"", 9, 1 }, { "\"abc\"", 0, 1 },
        { "\"abc\"", 2, 3 }, { "\"abc\"", 3, 4 }, { "\"abc\"", 4, 4 },
        { "\"\\n\\u00e4x\"", 1, 3 }, { "\"\\n\\u00e4x\"", 2, 9 },
        { "\"\\ud83d\\ude00x\"", 1, 13 }, { "\"\\uD83D\\uDE00x\"", 1, 13 },
        { "\"\\ud83dx\"", 1, 7 }, { "\"\\ud83d\"", 1, 7 },
        { "\"\\ud83d\"", 0, 1 }, { "\"\\ud83d\\u0041\"", 1, 7 },
        { "\"\\ud83d\\n\"", 1, 7 }, { "\"\\udc00\\udc00\"", 1, 7 },
        { "\"\\ud7ff\\udc00\"", 1, 7 }, { "\"\\uDbFf\\uDcFf\"", 1, 13 },
        { "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80x\"", 1, 3 },
        { "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80x\"", 2, 6 },
        { "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80x\"", 3, 10 }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        text = tap_dup(rows[i].text);
        tap_is_int(aime_desc_prefix(text, rows[i].chars), rows[i].len,
                   "%zu characters of %s", rows[i].chars, rows[i].text);
        tap_free(text);
    }
}


/* The inputs of a whole endpoint file. */

static void
check_file(const char *name)
{
    int                 rc;
    FILE               *file;
    cJSON              *tree, *inputs;
    size_t              len;
    tap_pool_t          mem;
    aime_desc_t         desc;
    aime_pool_t         pool;
    aime_desc_error_t   error;
    static char         text[1 << 20];

    file = fopen(name, "r");

    if (!tap_ok(file != NULL, "open %s", name)) {
        return;
    }

    len = fread(text, 1, sizeof(text) - 1, file);
    text[len] = '\0';
    fclose(file);

    tree = parse(text);
    pool = tap_pool(&mem);
    error.text[0] = '\0';

    /* the INPUTS of a server file are another matter */

    inputs = NULL;

    if (cJSON_HasObjectItem(tree, "ENDPOINT")) {
        inputs = cJSON_GetObjectItemCaseSensitive(tree, "INPUTS");
    }

    rc = aime_desc_compile(&pool, inputs, &desc, NULL, NULL, &error);
    tap_ok(rc == AIME_OK, "inputs of %s: %s", name, error.text);

    tap_pool_free(&mem);
    cJSON_Delete(tree);
}


int
main(int argc, char **argv)
{
    int  i;

    check_everything();
    check_defaults();
    check_mistakes();
    check_nomem();
    check_notices();
    check_allowed();
    check_many();
    check_prefix();

    for (i = 1; i < argc; i++) {
        check_file(argv[i]);
    }

    return tap_done();
}
