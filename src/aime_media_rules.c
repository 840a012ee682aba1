/*
 * Compiles the rules of media parameters.  Runs while configuring and, in the
 * daemon, for every request: a mistake is a text, what is merely unknown a
 * notice.
 */

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "aime_media_rules.h"
#include "aime_number.h"


#define AIME_MEDIA_ANY          (~0u)

/* beyond any size or rate, and far from where doubles lose integers */
#define AIME_MEDIA_MAX_NUMBER   1e12


typedef enum {
    AIME_MEDIA_FORMATS = 0,
    AIME_MEDIA_COLORS,
    AIME_MEDIA_PAIR,
    AIME_MEDIA_INTEGER,
    AIME_MEDIA_SECONDS
} aime_media_values_e;


/*
 * attribute, rule, values, unknown: of the attribute that is compiled, NULL
 * outside
 */

typedef struct {
    aime_pool_t          *pool;
    aime_media_kind_e     kind;
    aime_media_rules_t   *rules;
    aime_media_rule_t    *rule;
    aime_media_values_e   values;
    const char           *attribute;
    const cJSON          *unknown;      /* a default that is no format */

    aime_media_notice_pt  notice;
    void                 *notice_ctx;
    aime_media_error_t   *error;
} aime_media_compile_t;


/* kinds: where it has a meaning */

typedef struct {
    const char           *name;
    unsigned              kinds;
    size_t                offset;
    aime_media_values_e   values;
} aime_media_attribute_t;


/* values: 1u << each of the values that it goes with */

typedef struct {
    const char           *name;
    unsigned              values;
    int                 (*set)(aime_media_compile_t *c, const cJSON *item);
} aime_media_key_t;


static int aime_media_item(aime_media_compile_t *c, const cJSON *item);
static int aime_media_inherit(aime_media_compile_t *c, const cJSON *table);
static int aime_media_attribute(aime_media_compile_t *c, const cJSON *table,
    const aime_media_attribute_t *attribute);
static int aime_media_key(aime_media_compile_t *c, const cJSON *item);
static int aime_media_set_minimum(aime_media_compile_t *c, const cJSON *item);
static int aime_media_set_maximum(aime_media_compile_t *c, const cJSON *item);
static int aime_media_set_align(aime_media_compile_t *c, const cJSON *item);
static int aime_media_set_default(aime_media_compile_t *c, const cJSON *item);
static int aime_media_set_supported(aime_media_compile_t *c,
    const cJSON *item);
static int aime_media_tell_unknown(aime_media_compile_t *c,
    const cJSON *list);
static int aime_media_set_convert(aime_media_compile_t *c, const cJSON *item);
static int aime_media_set_aspect(aime_media_compile_t *c, const cJSON *item);
static int aime_media_check(aime_media_compile_t *c, const cJSON *table);
static int aime_media_resize(aime_media_compile_t *c, const cJSON *item);
static int aime_media_flag(aime_media_compile_t *c, const cJSON *item);
static int aime_media_value(aime_media_compile_t *c, const cJSON *item,
    const char *key, int above_0, aime_media_value_t *value);
static int aime_media_word(aime_media_compile_t *c, const cJSON *item,
    const char *key, aime_media_value_t *value);
static int aime_media_no_format(aime_media_compile_t *c, const cJSON *item);
static int aime_media_pair(aime_media_compile_t *c, const cJSON *item,
    const char *key, int above_0, aime_media_value_t *value);
static int aime_media_number(aime_media_compile_t *c, const cJSON *item,
    const char *key, int above_0, double *value);
static int aime_media_number_item(const cJSON *item, double *value);
static void aime_media_unknown_format(aime_media_compile_t *c,
    const char *key, const cJSON *item);
static void aime_media_unknown(aime_media_compile_t *c, const cJSON *item);
static int aime_media_fail(aime_media_compile_t *c, const cJSON *item,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static const aime_media_attribute_t *aime_media_find(const char *name,
    aime_media_kind_e kind);


#define AIME_MEDIA_RULE(name)   offsetof(aime_media_rules_t, name)

static const aime_media_attribute_t  aime_media_attributes[] = {

    { "format",           AIME_MEDIA_ANY,      AIME_MEDIA_RULE(format),
      AIME_MEDIA_FORMATS },
    { "color_space",      AIME_MEDIA_PICTURES, AIME_MEDIA_RULE(color_space),
      AIME_MEDIA_COLORS },
    { "size",             AIME_MEDIA_PICTURES, AIME_MEDIA_RULE(size),
      AIME_MEDIA_PAIR },
    { "sample_rate",      AIME_MEDIA_SOUND,    AIME_MEDIA_RULE(sample_rate),
      AIME_MEDIA_INTEGER },
    { "sample_bit_depth", AIME_MEDIA_SOUND,
      AIME_MEDIA_RULE(sample_bit_depth), AIME_MEDIA_INTEGER },
    { "audio_bit_rate",   AIME_MEDIA_SOUND,    AIME_MEDIA_RULE(audio_bit_rate),
      AIME_MEDIA_INTEGER },
    { "channels",         AIME_MEDIA_SOUND,    AIME_MEDIA_RULE(channels),
      AIME_MEDIA_INTEGER },
    { "duration",         AIME_MEDIA_SOUND,    AIME_MEDIA_RULE(duration),
      AIME_MEDIA_SECONDS },
    { NULL,               0,                   0, AIME_MEDIA_FORMATS }
};


/* known beside the attributes, and of no concern here */

static const char  *aime_media_others[] = {
    "type", "required", "default", "title", "description", "pattern",
    "auto_convert", "check_conversion", "input_temp_file", "output_temp_file",
    NULL
};


#define AIME_MEDIA_VALUES(values)   (1u << AIME_MEDIA_ ## values)

#define AIME_MEDIA_BOUNDED          (AIME_MEDIA_VALUES(PAIR)                  \
                                     |AIME_MEDIA_VALUES(INTEGER)              \
                                     |AIME_MEDIA_VALUES(SECONDS))

#define AIME_MEDIA_LISTED           (AIME_MEDIA_ANY                           \
                                     & ~AIME_MEDIA_VALUES(SECONDS))

#define AIME_MEDIA_STEPPED          (AIME_MEDIA_VALUES(PAIR)                  \
                                     |AIME_MEDIA_VALUES(INTEGER))

static const aime_media_key_t  aime_media_keys[] = {

    { "minimum",           AIME_MEDIA_BOUNDED,      aime_media_set_minimum },
    { "min",               AIME_MEDIA_BOUNDED,      aime_media_set_minimum },
    { "maximum",           AIME_MEDIA_BOUNDED,      aime_media_set_maximum },
    { "max",               AIME_MEDIA_BOUNDED,      aime_media_set_maximum },
    { "align",             AIME_MEDIA_STEPPED,      aime_media_set_align },
    { "supported",         AIME_MEDIA_LISTED,       aime_media_set_supported },
    { "default",           AIME_MEDIA_ANY,          aime_media_set_default },
    { "auto_convert",      AIME_MEDIA_ANY,          aime_media_set_convert },
    { "keep_aspect_ratio", AIME_MEDIA_VALUES(PAIR), aime_media_set_aspect },
    { NULL, 0, NULL }
};


int
aime_media_rules_compile(aime_pool_t *pool, const cJSON *table,
    aime_media_kind_e kind, aime_media_rules_t *rules,
    aime_media_notice_pt notice, void *notice_ctx, aime_media_error_t *error)
{
    int                   rc;
    const cJSON          *item;
    aime_media_compile_t  c;

    memset(rules, 0, sizeof(aime_media_rules_t));
    memset(error, 0, sizeof(aime_media_error_t));
    memset(&c, 0, sizeof(aime_media_compile_t));

    rules->kind = kind;

    c.pool = pool;
    c.kind = kind;
    c.rules = rules;
    c.notice = notice;
    c.notice_ctx = notice_ctx;
    c.error = error;

    if (!cJSON_IsObject(table)) {
        return aime_media_fail(&c, table, "must be a table");
    }

    /* first what the attributes take over */

    rc = aime_media_inherit(&c, table);

    if (rc != AIME_OK) {
        return rc;
    }

    cJSON_ArrayForEach(item, table) {
        rc = aime_media_item(&c, item);

        if (rc != AIME_OK) {
            return rc;
        }
    }

    return AIME_OK;
}


static int
aime_media_item(aime_media_compile_t *c, const cJSON *item)
{
    const char                   **other;
    const aime_media_attribute_t  *attribute;

    attribute = aime_media_find(item->string, c->kind);

    if (attribute) {
        return aime_media_attribute(c, item, attribute);
    }

    if (c->kind != AIME_MEDIA_AUDIO) {

        if (strcmp(item->string, "resize_method") == 0) {
            return aime_media_resize(c, item);
        }

        if (strcmp(item->string, "keep_aspect_ratio") == 0) {
            return AIME_OK;
        }
    }

    for (other = aime_media_others; *other; other++) {
        if (strcmp(item->string, *other) == 0) {
            return AIME_OK;
        }
    }

    aime_media_unknown(c, item);

    return AIME_OK;
}


/* The flags of the table itself, for the attributes that have none. */

static int
aime_media_inherit(aime_media_compile_t *c, const cJSON *table)
{
    int                            convert, keep;
    const cJSON                   *item;
    aime_media_rule_t             *rule;
    const aime_media_attribute_t  *attribute;

    convert = 0;
    keep = 0;

    item = cJSON_GetObjectItemCaseSensitive(table, "auto_convert");

    if (item) {
        convert = aime_media_flag(c, item);

        if (convert < 0) {
            return AIME_ERROR;
        }
    }

    item = cJSON_GetObjectItemCaseSensitive(table, "keep_aspect_ratio");

    if (item && c->kind != AIME_MEDIA_AUDIO) {
        keep = aime_media_flag(c, item);

        if (keep < 0) {
            return AIME_ERROR;
        }
    }

    for (attribute = aime_media_attributes; attribute->name; attribute++) {
        rule = (aime_media_rule_t *) ((char *) c->rules + attribute->offset);
        rule->auto_convert = (convert != 0);
    }

    c->rules->size.keep_aspect_ratio = (keep != 0);

    return AIME_OK;
}


static int
aime_media_attribute(aime_media_compile_t *c, const cJSON *table,
    const aime_media_attribute_t *attribute)
{
    int           rc;
    const cJSON  *item;

    c->attribute = attribute->name;
    c->values = attribute->values;
    c->rule = (aime_media_rule_t *) ((char *) c->rules + attribute->offset);
    c->rule->given = 1;
    c->unknown = NULL;

    if (!cJSON_IsObject(table)) {
        return aime_media_fail(c, table, "must be a table");
    }

    cJSON_ArrayForEach(item, table) {
        rc = aime_media_key(c, item);

        if (rc != AIME_OK) {
            return rc;
        }
    }

    rc = aime_media_check(c, table);

    c->attribute = NULL;

    return rc;
}


static int
aime_media_key(aime_media_compile_t *c, const cJSON *item)
{
    const aime_media_key_t  *key;

    for (key = aime_media_keys; key->name; key++) {

        if (strcmp(item->string, key->name) == 0
            && (key->values & (1u << c->values)))
        {
            return key->set(c, item);
        }
    }

    aime_media_unknown(c, item);

    return AIME_OK;
}


static int
aime_media_set_minimum(aime_media_compile_t *c, const cJSON *item)
{
    c->rule->has_minimum = 1;

    return aime_media_value(c, item, item->string, 0, &c->rule->minimum);
}


static int
aime_media_set_maximum(aime_media_compile_t *c, const cJSON *item)
{
    c->rule->has_maximum = 1;

    return aime_media_value(c, item, item->string, 0, &c->rule->maximum);
}


static int
aime_media_set_align(aime_media_compile_t *c, const cJSON *item)
{
    c->rule->has_align = 1;

    return aime_media_value(c, item, item->string, 1, &c->rule->align);
}


static int
aime_media_set_default(aime_media_compile_t *c, const cJSON *item)
{
    int  rc;

    rc = aime_media_value(c, item, item->string, 1, &c->rule->default_value);

    if (rc == AIME_OK
        && c->values == AIME_MEDIA_FORMATS
        && c->rule->default_value.value[0] == AIME_MEDIA_UNKNOWN)
    {
        c->unknown = item;
        return AIME_OK;
    }

    c->rule->has_default = 1;

    return rc;
}


static int
aime_media_set_supported(aime_media_compile_t *c, const cJSON *item)
{
    int                  rc;
    size_t               n;
    const cJSON         *one;
    aime_media_value_t  *value;

    n = cJSON_IsArray(item) ? cJSON_GetArraySize(item) : 0;

    if (n == 0) {
        return aime_media_fail(c, item, "supported must be a list of at least "
                               "one value");
    }

    value = c->pool->alloc(c->pool->ctx, n * sizeof(aime_media_value_t));
    if (value == NULL) {
        return AIME_NOMEM;
    }

    c->rule->supported = value;

    cJSON_ArrayForEach(one, item) {
        rc = aime_media_value(c, one, "each of supported", 1, value);

        if (rc != AIME_OK) {
            return rc;
        }

        if (c->values == AIME_MEDIA_FORMATS
            && value->value[0] == AIME_MEDIA_UNKNOWN)
        {
            continue;
        }

        value++;
    }

    c->rule->nsupported = value - c->rule->supported;

    if (c->rule->nsupported == 0) {
        return aime_media_no_format(c, item->child);
    }

    return aime_media_tell_unknown(c, item);
}


/* Not before it is known that others are there, or an error would follow. */

static int
aime_media_tell_unknown(aime_media_compile_t *c, const cJSON *list)
{
    int                  rc;
    const cJSON         *one;
    aime_media_value_t   value;

    if (c->values != AIME_MEDIA_FORMATS) {
        return AIME_OK;
    }

    cJSON_ArrayForEach(one, list) {
        rc = aime_media_word(c, one, "", &value);

        if (rc != AIME_OK) {
            return rc;
        }

        if (value.value[0] == AIME_MEDIA_UNKNOWN) {
            aime_media_unknown_format(c, "supported", one);
        }
    }

    return AIME_OK;
}


static int
aime_media_set_convert(aime_media_compile_t *c, const cJSON *item)
{
    int  flag;

    flag = aime_media_flag(c, item);

    if (flag < 0) {
        return AIME_ERROR;
    }

    c->rule->auto_convert = (flag != 0);

    return AIME_OK;
}


static int
aime_media_set_aspect(aime_media_compile_t *c, const cJSON *item)
{
    int  flag;

    flag = aime_media_flag(c, item);

    if (flag < 0) {
        return AIME_ERROR;
    }

    c->rule->keep_aspect_ratio = (flag != 0);

    return AIME_OK;
}


/* What no key shows on its own. */

static int
aime_media_check(aime_media_compile_t *c, const cJSON *table)
{
    aime_media_rule_t  *rule;

    rule = c->rule;

    if (c->unknown) {

        if (rule->nsupported == 0) {
            return aime_media_no_format(c, c->unknown);
        }

        aime_media_unknown_format(c, "default", c->unknown);
    }

    if (rule->has_minimum
        && rule->has_maximum
        && (rule->minimum.value[0] > rule->maximum.value[0]
            || rule->minimum.value[1] > rule->maximum.value[1]))
    {
        return aime_media_fail(c, table, "minimum is above maximum");
    }

    if (rule->has_minimum
        || rule->has_maximum
        || rule->has_align
        || rule->nsupported)
    {
        c->rules->any = 1;
    }

    return AIME_OK;
}


static int
aime_media_resize(aime_media_compile_t *c, const cJSON *item)
{
    if (cJSON_IsString(item)) {

        if (strcasecmp(item->valuestring, "scale") == 0) {
            c->rules->resize_method = AIME_MEDIA_SCALE;
            return AIME_OK;
        }

        if (strcasecmp(item->valuestring, "crop") == 0) {
            c->rules->resize_method = AIME_MEDIA_CROP;
            return AIME_OK;
        }
    }

    return aime_media_fail(c, item, "resize_method must be \"scale\" or "
                           "\"crop\"");
}


/* 0, 1, or AIME_ERROR, which is below both */

static int
aime_media_flag(aime_media_compile_t *c, const cJSON *item)
{
    if (!cJSON_IsBool(item)) {
        return aime_media_fail(c, item, "%s must be true or false",
                               item->string);
    }

    return cJSON_IsTrue(item) ? 1 : 0;
}


/*
 * above_0: 0 is no such value.  A format that this kind does not have becomes
 * AIME_MEDIA_UNKNOWN.
 */

static int
aime_media_value(aime_media_compile_t *c, const cJSON *item, const char *key,
    int above_0, aime_media_value_t *value)
{
    memset(value, 0, sizeof(aime_media_value_t));

    switch (c->values) {

    case AIME_MEDIA_FORMATS:
    case AIME_MEDIA_COLORS:
        return aime_media_word(c, item, key, value);

    case AIME_MEDIA_PAIR:
        return aime_media_pair(c, item, key, above_0, value);

    default: /* AIME_MEDIA_INTEGER, AIME_MEDIA_SECONDS */
        return aime_media_number(c, item, key, above_0, &value->value[0]);
    }
}


static int
aime_media_word(aime_media_compile_t *c, const cJSON *item, const char *key,
    aime_media_value_t *value)
{
    aime_str_t           name;
    aime_media_color_e   color;
    aime_media_format_e  format;

    if (!cJSON_IsString(item)) {
        return aime_media_fail(c, item, "%s must be a string", key);
    }

    name.data = (const unsigned char *) item->valuestring;
    name.len = strlen(item->valuestring);

    if (c->values == AIME_MEDIA_COLORS) {

        if (aime_media_color_named(name, &color) != AIME_OK) {
            return aime_media_fail(c, item, "unknown color space \"%.60s\"",
                                   item->valuestring);
        }

        value->value[0] = color;

        return AIME_OK;
    }

    if (aime_media_format_named(name, &format) != AIME_OK
        || !aime_media_kind_has(c->kind, format))
    {
        format = AIME_MEDIA_UNKNOWN;
    }

    value->value[0] = format;

    return AIME_OK;
}


/*
 * Where none of the formats is known there would be no rule: what must not pass
 * would.
 */

static int
aime_media_no_format(aime_media_compile_t *c, const cJSON *item)
{
    return aime_media_fail(c, item, "%s has no format \"%.60s\"",
                           aime_media_kind_name(c->kind), item->valuestring);
}


/* [width, height], or one number for both */

static int
aime_media_pair(aime_media_compile_t *c, const cJSON *item, const char *key,
    int above_0, aime_media_value_t *value)
{
    int  rc;

    if (!cJSON_IsArray(item)) {
        rc = aime_media_number(c, item, key, above_0, &value->value[0]);
        value->value[1] = value->value[0];
        return rc;
    }

    if (cJSON_GetArraySize(item) != 2) {
        return aime_media_fail(c, item, "%s must be [width, height]", key);
    }

    rc = aime_media_number(c, item->child, key, above_0, &value->value[0]);

    if (rc != AIME_OK) {
        return rc;
    }

    return aime_media_number(c, item->child->next, key, above_0,
                             &value->value[1]);
}


static int
aime_media_number(aime_media_compile_t *c, const cJSON *item, const char *key,
    int above_0, double *value)
{
    const char  *what;

    what = (c->values == AIME_MEDIA_SECONDS) ? "a number" : "an integer";

    if (aime_media_number_item(item, value) != AIME_OK) {
        return aime_media_fail(c, item, "%s must be %s%s", key, what,
                               c->values == AIME_MEDIA_PAIR ? ", or two" : "");
    }

    /* the negated form has NaN fail, too */

    if (!(*value <= AIME_MEDIA_MAX_NUMBER)) {
        return aime_media_fail(c, item, "%s is too large", key);
    }

    if (*value < 0 || (above_0 && *value == 0)) {
        return aime_media_fail(c, item, "%s must %s 0", key,
                               above_0 ? "be above" : "not be below");
    }

    if (c->values != AIME_MEDIA_SECONDS
        && *value != (double) (long long) *value)
    {
        return aime_media_fail(c, item, "%s must be an integer", key);
    }

    return AIME_OK;
}


/* A number of cJSON's own, or the raw text that a TOML file had. */

static int
aime_media_number_item(const cJSON *item, double *value)
{
    aime_str_t     text;
    aime_number_t  number;

    if (cJSON_IsNumber(item)) {
        *value = item->valuedouble;
        return AIME_OK;
    }

    if (!cJSON_IsRaw(item)) {
        return AIME_ERROR;
    }

    text.data = (const unsigned char *) item->valuestring;
    text.len = strlen(item->valuestring);

    if (aime_number_parse(text, &number) != AIME_OK) {
        return AIME_ERROR;
    }

    *value = aime_number_double(&number);

    return AIME_OK;
}


/* A format that is ignored, of the key supported or default. */

static void
aime_media_unknown_format(aime_media_compile_t *c, const char *key,
    const cJSON *item)
{
    char  name[AIME_MEDIA_ERROR_LEN];

    if (c->notice == NULL) {
        return;
    }

    (void) snprintf(name, sizeof(name), "%s.%s: unknown %s format \"%.60s\"",
                    c->attribute, key, aime_media_kind_name(c->kind),
                    item->valuestring);

    c->notice(c->notice_ctx, name, item);
}


static void
aime_media_unknown(aime_media_compile_t *c, const cJSON *item)
{
    char  name[AIME_MEDIA_ERROR_LEN];

    if (c->notice == NULL) {
        return;
    }

    (void) snprintf(name, sizeof(name), "%s%s%s",
                    c->attribute ? c->attribute : "",
                    c->attribute ? "." : "", item->string);

    c->notice(c->notice_ctx, name, item);
}


static int
aime_media_fail(aime_media_compile_t *c, const cJSON *item, const char *fmt,
    ...)
{
    int      n;
    va_list  args;

    n = 0;

    if (c->attribute) {
        n = snprintf(c->error->text, AIME_MEDIA_ERROR_LEN, "%s: ",
                     c->attribute);
    }

    va_start(args, fmt);
    (void) vsnprintf(c->error->text + n, AIME_MEDIA_ERROR_LEN - n, fmt, args);
    va_end(args);

    c->error->item = item;

    return AIME_ERROR;
}


static const aime_media_attribute_t *
aime_media_find(const char *name, aime_media_kind_e kind)
{
    const aime_media_attribute_t  *attribute;

    for (attribute = aime_media_attributes; attribute->name; attribute++) {

        if (strcmp(name, attribute->name) == 0
            && (attribute->kinds & AIME_MEDIA_MASK(kind)))
        {
            return attribute;
        }
    }

    return NULL;
}
