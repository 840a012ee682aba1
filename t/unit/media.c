/*
 * Media rules: what every attribute and key of a table becomes, the mistakes
 * that are errors with a text, and what is merely a notice.
 */

#include "tap.h"
#include "aime_media_rules.h"
#include "aime_toml.h"


typedef struct {
    aime_media_kind_e   kind;
    const char         *toml;
    const char         *text;
} refuse_t;


typedef struct {
    char                names[1024];
} notices_t;


static int compile(aime_pool_t *pool, const char *toml, aime_media_kind_e kind,
    aime_media_rules_t *rules, notices_t *notices, aime_media_error_t *error);
static void notice(void *ctx, const char *name, const cJSON *item);
static void test_size(void);
static void test_words(void);
static void test_audio(void);
static void test_inherit(void);
static void test_any(void);
static void test_notices(void);
static void test_refuse(void);
static void test_json_numbers(void);
static void test_no_memory(void);
static void test_names(void);


static const refuse_t  refused[] = {
    { AIME_MEDIA_IMAGE, "size = 5", "size: must be a table" },
    { AIME_MEDIA_IMAGE, "size.minimum = \"5\"",
      "size: minimum must be an integer, or two" },
    { AIME_MEDIA_IMAGE, "size.max = [1, 2, 3]",
      "size: max must be [width, height]" },
    { AIME_MEDIA_IMAGE, "size.max = [1]",
      "size: max must be [width, height]" },
    { AIME_MEDIA_IMAGE, "size.max = [1, true]",
      "size: max must be an integer, or two" },
    { AIME_MEDIA_IMAGE, "size.min = -1", "size: min must not be below 0" },
    { AIME_MEDIA_IMAGE, "size.min = 1.5", "size: min must be an integer" },
    { AIME_MEDIA_IMAGE, "size.min = 1e13", "size: min is too large" },
    { AIME_MEDIA_IMAGE, "size.align = 0", "size: align must be above 0" },
    { AIME_MEDIA_IMAGE, "size.align = [8, -8]", "size: align must be above 0" },
    { AIME_MEDIA_IMAGE, "size = {min = [1, 9], max = [2, 8]}",
      "size: minimum is above maximum" },
    { AIME_MEDIA_IMAGE, "size.supported = []",
      "size: supported must be a list of at least one value" },
    { AIME_MEDIA_IMAGE, "size.supported = 64",
      "size: supported must be a list of at least one value" },
    { AIME_MEDIA_IMAGE, "size.supported = [[64, 0]]",
      "size: each of supported must be above 0" },
    { AIME_MEDIA_IMAGE, "size.auto_convert = 1",
      "size: auto_convert must be true or false" },
    { AIME_MEDIA_IMAGE, "size.keep_aspect_ratio = \"yes\"",
      "size: keep_aspect_ratio must be true or false" },
    { AIME_MEDIA_IMAGE, "auto_convert = \"yes\"",
      "auto_convert must be true or false" },
    { AIME_MEDIA_IMAGE, "resize_method = \"stretch\"",
      "resize_method must be \"scale\" or \"crop\"" },
    { AIME_MEDIA_IMAGE, "format.supported = [\"heic\", \"wav\"]",
      "format: image has no format \"heic\"" },
    { AIME_MEDIA_IMAGE, "format = {default = \"png\", supported = [\"wav\"]}",
      "format: image has no format \"wav\"" },
    { AIME_MEDIA_IMAGE, "format.supported = [\"png\", 1]",
      "format: each of supported must be a string" },
    { AIME_MEDIA_AUDIO, "format.default = \"jpeg\"",
      "format: audio has no format \"jpeg\"" },
    { AIME_MEDIA_VIDEO, "format.default = \"avi\"",
      "format: video has no format \"avi\"" },
    { AIME_MEDIA_IMAGE, "format.supported = [1]",
      "format: each of supported must be a string" },
    { AIME_MEDIA_IMAGE, "color_space.default = \"cmyk\"",
      "color_space: unknown color space \"cmyk\"" },
    { AIME_MEDIA_AUDIO, "duration.max = \"2s\"",
      "duration: max must be a number" },
    { AIME_MEDIA_AUDIO, "channels.supported = [1, 0]",
      "channels: each of supported must be above 0" },
    { AIME_MEDIA_AUDIO, "channels.max = [1, 2]",
      "channels: max must be an integer" },
};


static int
compile(aime_pool_t *pool, const char *toml, aime_media_kind_e kind,
    aime_media_rules_t *rules, notices_t *notices, aime_media_error_t *error)
{
    int                 rc;
    cJSON              *tree;
    aime_toml_error_t   toml_error;

    tree = aime_toml_parse(toml, strlen(toml), &toml_error);

    if (tree == NULL) {
        printf("# %s: %s\n", toml, toml_error.text);
        abort();
    }

    rc = aime_media_rules_compile(pool, tree, kind, rules,
                                  notices ? notice : NULL, notices, error);

    /* so that a rule which points into the tree is a rule that fails */

    cJSON_Delete(tree);

    return rc;
}


static void
notice(void *ctx, const char *name, const cJSON *item)
{
    notices_t  *notices;

    notices = ctx;

    strcat(notices->names, name);
    strcat(notices->names, item ? " " : "?");
}


static void
test_size(void)
{
    tap_pool_t           mem;
    aime_pool_t          pool;
    aime_media_rule_t   *size;
    aime_media_error_t   error;
    aime_media_rules_t   rules;

    pool = tap_pool(&mem);

    tap_is_int(compile(&pool, "size = { minimum = [64, 32], max = 128, "
                       "align = [32, 8], auto_convert = true,"
                       "keep_aspect_ratio = true, default = [64, 96],"
                       "supported = [[64, 96], 128] }\n"
                       "resize_method = \"Crop\"",
                       AIME_MEDIA_IMAGE, &rules, NULL, &error),
               AIME_OK, "a size with everything");

    size = &rules.size;

    tap_ok(size->given && size->has_minimum && size->has_maximum
           && size->has_align && size->has_default, "all its keys are there");
    tap_ok(size->minimum.value[0] == 64 && size->minimum.value[1] == 32,
           "minimum");
    tap_ok(size->maximum.value[0] == 128 && size->maximum.value[1] == 128,
           "one number is both");
    tap_ok(size->align.value[0] == 32 && size->align.value[1] == 8, "align");
    tap_ok(size->default_value.value[0] == 64
           && size->default_value.value[1] == 96, "default");
    tap_is_int(size->nsupported, 2, "two are supported");
    tap_ok(size->supported[0].value[1] == 96
           && size->supported[1].value[0] == 128
           && size->supported[1].value[1] == 128, "which");
    tap_ok(size->auto_convert && size->keep_aspect_ratio, "flags");
    tap_is_int(rules.resize_method, AIME_MEDIA_CROP, "resize method");
    tap_ok(!rules.format.given && !rules.format.auto_convert, "no format");
    tap_ok(rules.any, "something to check");

    tap_pool_free(&mem);
}


static void
test_words(void)
{
    tap_pool_t           mem;
    aime_pool_t          pool;
    aime_media_error_t   error;
    aime_media_rules_t   rules;

    pool = tap_pool(&mem);

    tap_is_int(compile(&pool, "format = { supported = [\"JPG\", \"Png\"],"
                       "default = \"PNG\" }\n"
                       "color_space = { supported = [\"YUV\", \"alpha\"] }",
                       AIME_MEDIA_IMAGE, &rules, NULL, &error),
               AIME_OK, "words of any case");
    tap_is_int((int) rules.format.supported[0].value[0], AIME_MEDIA_JPEG,
               "jpg is jpeg");
    tap_is_int((int) rules.format.supported[1].value[0], AIME_MEDIA_PNG,
               "png");
    tap_is_int((int) rules.format.default_value.value[0], AIME_MEDIA_PNG,
               "the default");
    tap_ok(!rules.color_space.has_default, "no default");
    tap_is_int((int) rules.color_space.supported[1].value[0],
               AIME_MEDIA_ALPHA, "a colour space");
    tap_is_int(rules.resize_method, AIME_MEDIA_SCALE, "scale unless said");

    tap_pool_free(&mem);
}


static void
test_audio(void)
{
    tap_pool_t           mem;
    aime_pool_t          pool;
    aime_media_error_t   error;
    aime_media_rules_t   rules;

    pool = tap_pool(&mem);

    tap_is_int(compile(&pool, "format.supported = [\"MP3\", \"wav\"]\n"
                       "sample_rate.supported = [16000]\n"
                       "sample_bit_depth.supported = [16, 32]\n"
                       "audio_bit_rate = { max = 64000 }\n"
                       "channels.max = 2.0\n"
                       "duration = { minimum = 0.5, maximum = 2 }",
                       AIME_MEDIA_AUDIO, &rules, NULL, &error),
               AIME_OK, "the attributes of audio");
    tap_is_int((int) rules.sample_rate.supported[0].value[0], 16000,
               "sample rate");
    tap_is_int((int) rules.sample_bit_depth.supported[1].value[0], 32,
               "bit depth");
    tap_is_int((int) rules.audio_bit_rate.maximum.value[0], 64000,
               "bit rate");
    tap_is_int((int) rules.channels.maximum.value[0], 2,
               "an integral number is an integer");
    tap_ok(rules.duration.minimum.value[0] == 0.5
           && rules.duration.maximum.value[0] == 2, "duration");

    tap_is_int(compile(&pool, "size.max = 5\nduration.max = 5\n"
                       "channels.max = 1\nformat.default = \"webm\"",
                       AIME_MEDIA_VIDEO, &rules, NULL, &error),
               AIME_OK, "those of video");
    tap_ok(rules.size.given && rules.duration.given && rules.channels.given
           && rules.format.has_default, "all there");

    tap_pool_free(&mem);
}


static void
test_inherit(void)
{
    tap_pool_t           mem;
    aime_pool_t          pool;
    aime_media_error_t   error;
    aime_media_rules_t   rules;

    pool = tap_pool(&mem);

    tap_is_int(compile(&pool, "format.default = \"png\"\n"
                       "size = { max = 5, auto_convert = false }\n"
                       "auto_convert = true\nkeep_aspect_ratio = true",
                       AIME_MEDIA_IMAGE, &rules, NULL, &error),
               AIME_OK, "flags of the table");
    tap_ok(rules.format.auto_convert, "count for an attribute without");
    tap_ok(!rules.size.auto_convert, "not for one that has its own");
    tap_ok(rules.size.keep_aspect_ratio, "whatever their order");

    tap_pool_free(&mem);
}


static void
test_any(void)
{
    tap_pool_t           mem;
    aime_pool_t          pool;
    aime_media_error_t   error;
    aime_media_rules_t   rules;

    pool = tap_pool(&mem);

    (void) compile(&pool, "", AIME_MEDIA_IMAGE, &rules, NULL, &error);
    tap_ok(!rules.any, "nothing to check");

    (void) compile(&pool, "auto_convert = true\nsize.default = 5\n"
                   "resize_method = \"crop\"",
                   AIME_MEDIA_IMAGE, &rules, NULL, &error);
    tap_ok(!rules.any && rules.size.given, "a default alone checks nothing");

    (void) compile(&pool, "duration.max = 0", AIME_MEDIA_AUDIO, &rules, NULL,
                   &error);
    tap_ok(rules.any, "a limit of 0 is a limit");

    tap_pool_free(&mem);
}


static void
test_notices(void)
{
    tap_pool_t           mem;
    aime_pool_t          pool;
    notices_t            notices;
    aime_media_error_t   error;
    aime_media_rules_t   rules;

    pool = tap_pool(&mem);
    memset(&notices, 0, sizeof(notices_t));

    tap_is_int(compile(&pool, "type = \"image\"\nrequired = true\n"
                       "default = \"\"\ntitle = \"\"\ndescription = \"\"\n"
                       "check_conversion = true\ninput_temp_file = \"auto\"\n"
                       "output_temp_file = \"auto\"\n"
                       "sample_rate.max = 1\nsizes.max = 1\n"
                       "size = { max = 1, foo = 2 }\n"
                       "format.minimum = 1",
                       AIME_MEDIA_IMAGE, &rules, &notices, &error),
               AIME_OK, "what is unknown is no error");
    tap_is_str(notices.names, "sample_rate sizes size.foo format.minimum ",
               "but a notice");

    memset(&notices, 0, sizeof(notices_t));

    (void) compile(&pool, "size.max = 1\nresize_method = \"crop\"\n"
                   "duration.supported = [1]\n"
                   "channels.keep_aspect_ratio = true",
                   AIME_MEDIA_AUDIO, &rules, &notices, &error);
    tap_is_str(notices.names, "size resize_method duration.supported "
               "channels.keep_aspect_ratio ", "those of audio");
    tap_ok(!rules.any, "they check nothing");

    memset(&notices, 0, sizeof(notices_t));

    tap_is_int(compile(&pool, "format = { default = \"avif\", supported = "
                       "[\"heic\", \"png\", \"wav\", \"jpg\"] }",
                       AIME_MEDIA_IMAGE, &rules, &notices, &error),
               AIME_OK, "formats that are not known");
    tap_is_str(notices.names,
               "format.supported: unknown image format \"heic\" "
               "format.supported: unknown image format \"wav\" "
               "format.default: unknown image format \"avif\" ",
               "are told");
    tap_is_int((int) rules.format.nsupported, 2, "and ignored");
    tap_is_int((int) rules.format.supported[0].value[0], AIME_MEDIA_PNG,
               "the others count");
    tap_is_int((int) rules.format.supported[1].value[0], AIME_MEDIA_JPEG,
               "in their order");
    tap_ok(rules.any && !rules.format.has_default, "a rule without a default");

    tap_is_int(compile(&pool, "foo = 1", AIME_MEDIA_IMAGE, &rules, NULL,
                       &error),
               AIME_OK, "nobody to notice");

    tap_pool_free(&mem);
}


static void
test_refuse(void)
{
    int                  rc;
    size_t               i;
    tap_pool_t           mem;
    aime_pool_t          pool;
    aime_media_error_t   error;
    aime_media_rules_t   rules;

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        pool = tap_pool(&mem);

        rc = compile(&pool, refused[i].toml, refused[i].kind, &rules, NULL,
                     &error);

        tap_is_int(rc, AIME_ERROR, "%s", refused[i].toml);
        tap_is_str(error.text, refused[i].text, "its text");
        tap_ok(error.item != NULL, "its item");

        tap_pool_free(&mem);
    }
}


/* As the daemon gets them: by cJSON's own parser, without raw items. */

static void
test_json_numbers(void)
{
    cJSON               *tree;
    tap_pool_t           mem;
    aime_pool_t          pool;
    aime_media_error_t   error;
    aime_media_rules_t   rules;

    pool = tap_pool(&mem);

    tree = cJSON_Parse("{\"size\": {\"minimum\": [64, 32]}, \"format\":"
                       "{\"supported\": [\"png\"]}}");

    tap_is_int(aime_media_rules_compile(&pool, tree, AIME_MEDIA_IMAGE, &rules,
                                        NULL, NULL, &error),
               AIME_OK, "a table of JSON");
    tap_ok(rules.size.minimum.value[0] == 64
           && rules.size.minimum.value[1] == 32, "its numbers");

    cJSON_Delete(tree);

    tree = cJSON_Parse("[]");

    tap_is_int(aime_media_rules_compile(&pool, tree, AIME_MEDIA_IMAGE, &rules,
                                        NULL, NULL, &error),
               AIME_ERROR, "no table");
    tap_is_str(error.text, "must be a table", "its text");

    cJSON_Delete(tree);
    tap_pool_free(&mem);
}


static void
test_no_memory(void)
{
    int                  rc, n;
    tap_pool_t           mem;
    aime_pool_t          pool;
    aime_media_error_t   error;
    aime_media_rules_t   rules;

    for (n = 1; n < 5; n++) {
        pool = tap_pool(&mem);
        mem.fail_after = n;

        rc = compile(&pool, "size.supported = [1]\nformat.supported = "
                     "[\"png\"]\ncolor_space.supported = [\"rgb\"]",
                     AIME_MEDIA_IMAGE, &rules, NULL, &error);

        tap_is_int(rc, n < 3 ? AIME_NOMEM : AIME_OK, "%d allocations", n);

        tap_pool_free(&mem);
    }
}


static void
test_names(void)
{
    int                  i;
    aime_media_kind_e    kind;
    aime_media_color_e   color;
    aime_media_format_e  format;

    for (i = AIME_MEDIA_IMAGE; i <= AIME_MEDIA_VIDEO; i++) {
        tap_ok(aime_media_kind_named(tap_str(aime_media_kind_name(i)), &kind)
               == AIME_OK && (int) kind == i, "%s", aime_media_kind_name(i));
    }

    for (i = AIME_MEDIA_PNG; i < AIME_MEDIA_NFORMATS; i++) {
        tap_ok(aime_media_format_named(tap_str(aime_media_format_name(i)),
                                       &format)
               == AIME_OK && (int) format == i, "%s",
               aime_media_format_name(i));
    }

    for (i = AIME_MEDIA_RGB; i < AIME_MEDIA_NCOLORS; i++) {
        tap_ok(aime_media_color_named(tap_str(aime_media_color_name(i)),
                                      &color)
               == AIME_OK && (int) color == i, "%s", aime_media_color_name(i));
    }

    tap_is_str(aime_media_format_name(AIME_MEDIA_UNKNOWN), "unknown",
               "none of them");
    tap_is_int(aime_media_format_named(tap_str("pngs"), &format), AIME_ERROR,
               "longer than a name");
    tap_is_int(aime_media_format_named(tap_str(""), &format), AIME_ERROR,
               "no name");
    tap_ok(aime_media_kind_has(AIME_MEDIA_AUDIO, AIME_MEDIA_OGG)
           && aime_media_kind_has(AIME_MEDIA_VIDEO, AIME_MEDIA_OGG)
           && !aime_media_kind_has(AIME_MEDIA_IMAGE, AIME_MEDIA_OGG)
           && !aime_media_kind_has(AIME_MEDIA_VIDEO, AIME_MEDIA_WAV)
           && !aime_media_kind_has(AIME_MEDIA_IMAGE, AIME_MEDIA_UNKNOWN),
           "formats of a kind");
}


int
main(void)
{
    test_size();
    test_words();
    test_audio();
    test_inherit();
    test_any();
    test_notices();
    test_refuse();
    test_json_numbers();
    test_no_memory();
    test_names();

    return tap_done();
}
