/*
 * Compiles the [INPUTS] table of an endpoint file into parameter descriptions.
 * Runs while configuring: mistakes of the file are errors with a line, what is
 * merely unknown is a notice.
 */

#include <stdarg.h>
#include <stdio.h>

#include "aime_desc_compile.h"
#include "aime_number.h"
#include "aime_toml.h"


#define AIME_DESC_MASK(type)   (1u << (type))

#define AIME_DESC_ANY          (~0u)
#define AIME_DESC_NUMERIC      (AIME_DESC_MASK(AIME_DESC_INTEGER)            \
                                |AIME_DESC_MASK(AIME_DESC_FLOAT))
#define AIME_DESC_TEXTUAL      (AIME_DESC_MASK(AIME_DESC_STRING)             \
                                |AIME_DESC_MASK(AIME_DESC_TEXT_CONTEXT))
#define AIME_DESC_CHOICE       AIME_DESC_MASK(AIME_DESC_SELECTION)
#define AIME_DESC_CHAT         AIME_DESC_MASK(AIME_DESC_CHAT_CONTEXT)
#define AIME_DESC_MEDIA        (AIME_DESC_MASK(AIME_DESC_IMAGE)              \
                                |AIME_DESC_MASK(AIME_DESC_AUDIO)             \
                                |AIME_DESC_MASK(AIME_DESC_VIDEO))


/* types: where it has a meaning; set: NULL for what is not compiled here */

typedef struct {
    const char           *name;
    unsigned              types;
    int                 (*set)(aime_desc_compile_t *c, const cJSON *item);
} aime_desc_attribute_t;


typedef struct {
    const char           *name;
    aime_desc_type_e      type;
    aime_desc_role_e      role;
} aime_desc_implicit_t;


static int aime_desc_params(aime_desc_compile_t *c, const cJSON *inputs,
    aime_desc_t *desc);
static int aime_desc_param(aime_desc_compile_t *c);
static int aime_desc_type(aime_desc_compile_t *c);
static int aime_desc_attribute(aime_desc_compile_t *c, const cJSON *item);
static int aime_desc_set_required(aime_desc_compile_t *c, const cJSON *item);
static int aime_desc_set_convert(aime_desc_compile_t *c, const cJSON *item);
static int aime_desc_flag(aime_desc_compile_t *c, const cJSON *item);
static int aime_desc_set_minimum(aime_desc_compile_t *c, const cJSON *item);
static int aime_desc_set_maximum(aime_desc_compile_t *c, const cJSON *item);
static int aime_desc_set_align(aime_desc_compile_t *c, const cJSON *item);
static int aime_desc_bound(aime_desc_compile_t *c, const cJSON *item,
    aime_desc_number_t *bound);
static int aime_desc_set_max_length(aime_desc_compile_t *c,
    const cJSON *item);
static int aime_desc_set_supported(aime_desc_compile_t *c,
    const cJSON *item);
static int aime_desc_set_pattern(aime_desc_compile_t *c, const cJSON *item);
static int aime_desc_check(aime_desc_compile_t *c);
static int aime_desc_default(aime_desc_compile_t *c);
static int aime_desc_value(aime_desc_compile_t *c, const cJSON *item,
    aime_json_value_t *value);
static int aime_desc_number_item(const cJSON *item, aime_number_t *number);
static const aime_desc_implicit_t *aime_desc_is_implicit(const char *name);


static const aime_desc_implicit_t  aime_desc_implicits[] = {
    { "key",                     AIME_DESC_STRING, AIME_DESC_KEY },
    { "client_session_auth_key", AIME_DESC_STRING, AIME_DESC_SESSION_KEY },
    { "wait_for_result",         AIME_DESC_BOOL,   AIME_DESC_WAIT_FOR_RESULT },
    { NULL,                      AIME_DESC_STRING, AIME_DESC_DECLARED }
};


static const aime_desc_attribute_t  aime_desc_attributes[] = {

    { "required",     AIME_DESC_ANY,     aime_desc_set_required },
    { "auto_convert", AIME_DESC_ANY,     aime_desc_set_convert },
    { "minimum",      AIME_DESC_NUMERIC, aime_desc_set_minimum },
    { "min",          AIME_DESC_NUMERIC, aime_desc_set_minimum },
    { "maximum",      AIME_DESC_NUMERIC, aime_desc_set_maximum },
    { "max",          AIME_DESC_NUMERIC, aime_desc_set_maximum },
    { "align",        AIME_DESC_NUMERIC, aime_desc_set_align },
    { "max_length",   AIME_DESC_TEXTUAL, aime_desc_set_max_length },
    { "pattern",      AIME_DESC_TEXTUAL, aime_desc_set_pattern },
    { "supported",    AIME_DESC_CHOICE,  aime_desc_set_supported },

    /* compiled before and after all others */

    { "type",         AIME_DESC_ANY, NULL },
    { "default",      AIME_DESC_ANY, NULL },

    /* compiled after all others, with what their tables say of media */

    { "support",      AIME_DESC_CHAT, NULL },
    { "image",        AIME_DESC_CHAT, NULL },
    { "audio",        AIME_DESC_CHAT, NULL },
    { "video",        AIME_DESC_CHAT, NULL },

    /* for humans and user interfaces */

    { "title",        AIME_DESC_ANY, NULL },
    { "description",  AIME_DESC_ANY, NULL },

    { NULL, 0, NULL }
};


int
aime_desc_compile(aime_pool_t *pool, const cJSON *inputs, aime_desc_t *desc,
    aime_desc_notice_pt notice, void *notice_ctx, aime_desc_error_t *error)
{
    int                  rc;
    aime_desc_compile_t  c;

    memset(desc, 0, sizeof(aime_desc_t));
    memset(error, 0, sizeof(aime_desc_error_t));
    memset(&c, 0, sizeof(aime_desc_compile_t));

    c.pool = pool;
    c.notice = notice;
    c.notice_ctx = notice_ctx;
    c.error = error;

    if (inputs && !cJSON_IsObject(inputs)) {
        return aime_desc_fail(&c, inputs, "INPUTS must be a table");
    }

    rc = aime_desc_params(&c, inputs, desc);

    if (rc != AIME_OK) {
        return rc;
    }

    return aime_desc_index(pool, desc);
}


static int
aime_desc_params(aime_desc_compile_t *c, const cJSON *inputs,
    aime_desc_t *desc)
{
    int                          rc;
    size_t                       n;
    const cJSON                 *item;
    aime_desc_param_t           *param;
    const aime_desc_implicit_t  *implicit;

    n = sizeof(aime_desc_implicits) / sizeof(aime_desc_implicits[0]);

    cJSON_ArrayForEach(item, inputs) {
        n++;
    }

    desc->params = aime_desc_alloc(c->pool, n, sizeof(aime_desc_param_t));
    if (desc->params == NULL) {
        return AIME_NOMEM;
    }

    param = desc->params;

    cJSON_ArrayForEach(item, inputs) {

        if (aime_desc_is_implicit(item->string)) {
            continue;
        }

        c->param = param++;
        c->table = item;

        rc = aime_desc_param(c);

        if (rc != AIME_OK) {
            return rc;
        }
    }

    for (implicit = aime_desc_implicits; implicit->name; implicit++) {
        param->name.data = (const unsigned char *) implicit->name;
        param->name.len = strlen(implicit->name);
        param->type = implicit->type;
        param->role = implicit->role;
        param++;
    }

    desc->nparams = param - desc->params;

    return AIME_OK;
}


static int
aime_desc_param(aime_desc_compile_t *c)
{
    int                 rc;
    const cJSON        *item;
    aime_desc_param_t  *param;

    param = c->param;

    param->name.data = (const unsigned char *) c->table->string;
    param->name.len = strlen(c->table->string);
    param->role = AIME_DESC_DECLARED;
    param->tree = c->table;

    if (!cJSON_IsObject(c->table)) {
        return aime_desc_fail(c, c->table, "parameter %s must be a table",
                              c->table->string);
    }

    rc = aime_desc_type(c);

    if (rc != AIME_OK) {
        return rc;
    }

    cJSON_ArrayForEach(item, c->table) {
        rc = aime_desc_attribute(c, item);

        if (rc != AIME_OK) {
            return rc;
        }
    }

    rc = aime_desc_media(c);

    if (rc != AIME_OK) {
        return rc;
    }

    rc = aime_desc_check(c);

    if (rc != AIME_OK) {
        return rc;
    }

    return aime_desc_default(c);
}


static int
aime_desc_type(aime_desc_compile_t *c)
{
    const cJSON  *item;

    item = cJSON_GetObjectItemCaseSensitive(c->table, "type");

    if (item == NULL) {
        c->param->type = AIME_DESC_STRING;
        return AIME_OK;
    }

    if (!cJSON_IsString(item)) {
        return aime_desc_fail(c, item, "parameter %s: type must be a string",
                              c->table->string);
    }

    if (aime_desc_type_named(item->valuestring, &c->param->type) == AIME_OK) {
        return AIME_OK;
    }

    return aime_desc_fail(c, item, "parameter %s: unknown type \"%s\"",
                          c->table->string, item->valuestring);
}


static int
aime_desc_attribute(aime_desc_compile_t *c, const cJSON *item)
{
    const aime_desc_attribute_t  *attribute;

    for (attribute = aime_desc_attributes; attribute->name; attribute++) {

        if (strcmp(item->string, attribute->name) != 0
            || !(attribute->types & AIME_DESC_MASK(c->param->type)))
        {
            continue;
        }

        return attribute->set ? attribute->set(c, item) : AIME_OK;
    }

    /* what is unknown in a medium's table is told with its rules */

    if (!(AIME_DESC_MASK(c->param->type) & AIME_DESC_MEDIA)) {
        aime_desc_notice(c, item->string, item);
    }

    return AIME_OK;
}


static int
aime_desc_set_required(aime_desc_compile_t *c, const cJSON *item)
{
    int  flag;

    flag = aime_desc_flag(c, item);

    if (flag == AIME_ERROR) {
        return AIME_ERROR;
    }

    c->param->required = flag;

    return AIME_OK;
}


static int
aime_desc_set_convert(aime_desc_compile_t *c, const cJSON *item)
{
    int  flag;

    flag = aime_desc_flag(c, item);

    if (flag == AIME_ERROR) {
        return AIME_ERROR;
    }

    c->param->auto_convert = flag;

    return AIME_OK;
}


/* 0, 1 or AIME_ERROR */

static int
aime_desc_flag(aime_desc_compile_t *c, const cJSON *item)
{
    if (!cJSON_IsBool(item)) {
        return aime_desc_fail(c, item, "parameter %s: %s must be true or false",
                              c->table->string, item->string);
    }

    return cJSON_IsTrue(item) ? 1 : 0;
}


static int
aime_desc_set_minimum(aime_desc_compile_t *c, const cJSON *item)
{
    c->param->has_minimum = 1;

    return aime_desc_bound(c, item, &c->param->minimum);
}


static int
aime_desc_set_maximum(aime_desc_compile_t *c, const cJSON *item)
{
    c->param->has_maximum = 1;

    return aime_desc_bound(c, item, &c->param->maximum);
}


static int
aime_desc_set_align(aime_desc_compile_t *c, const cJSON *item)
{
    int                 rc;
    aime_desc_param_t  *param;

    param = c->param;
    param->has_align = 1;

    rc = aime_desc_bound(c, item, &param->align);

    if (rc != AIME_OK) {
        return rc;
    }

    if (param->type == AIME_DESC_FLOAT ? param->align.f <= 0
                                       : param->align.i <= 0)
    {
        return aime_desc_fail(c, item, "parameter %s: align must be above 0",
                              c->table->string);
    }

    return AIME_OK;
}


/* A number of the parameter's own type; an integer does for a float. */

static int
aime_desc_bound(aime_desc_compile_t *c, const cJSON *item,
    aime_desc_number_t *bound)
{
    aime_number_t  number;

    if (aime_desc_number_item(item, &number) != AIME_OK) {
        return aime_desc_fail(c, item, "parameter %s: %s must be a number",
                              c->table->string, item->string);
    }

    if (!aime_number_finite(&number)) {
        return aime_desc_fail(c, item, "parameter %s: %s is too large",
                              c->table->string, item->string);
    }

    if (c->param->type == AIME_DESC_FLOAT) {
        bound->f = aime_number_double(&number);
        return AIME_OK;
    }

    if (!aime_number_integral(&number)) {
        return aime_desc_fail(c, item, "parameter %s: %s must be an integer",
                              c->table->string, item->string);
    }

    if (aime_number_int64(&number, &bound->i) != AIME_OK) {
        return aime_desc_fail(c, item, "parameter %s: %s is too large",
                              c->table->string, item->string);
    }

    return AIME_OK;
}


static int
aime_desc_set_max_length(aime_desc_compile_t *c, const cJSON *item)
{
    long long      value;
    aime_number_t  number;

    if (aime_desc_number_item(item, &number) != AIME_OK
        || !aime_number_integral(&number)
        || aime_number_int64(&number, &value) != AIME_OK
        || value < 0)
    {
        return aime_desc_fail(c, item, "parameter %s: max_length must be an "
                              "integer not below 0", c->table->string);
    }

    /* a limit that no text in memory reaches is none */

    if ((unsigned long long) value < SIZE_MAX) {
        c->param->max_length = value;
        c->param->has_max_length = 1;
    }

    return AIME_OK;
}


static int
aime_desc_set_supported(aime_desc_compile_t *c, const cJSON *item)
{
    int                 n;
    const cJSON        *one;
    aime_json_value_t  *value;

    n = cJSON_IsArray(item) ? cJSON_GetArraySize(item) : 0;

    if (n == 0) {
        return aime_desc_fail(c, item, "parameter %s: supported must be a list "
                              "of at least one value", c->table->string);
    }

    value = aime_desc_alloc(c->pool, n, sizeof(aime_json_value_t));
    if (value == NULL) {
        return AIME_NOMEM;
    }

    c->param->supported = value;

    cJSON_ArrayForEach(one, item) {

        if (cJSON_IsArray(one) || cJSON_IsObject(one)) {
            return aime_desc_fail(c, one, "parameter %s: supported must hold "
                                  "strings, numbers or bools",
                                  c->table->string);
        }

        if (aime_desc_value(c, one, value) != AIME_OK) {
            return AIME_NOMEM;
        }

        c->param->nsupported++;
        value++;
    }

    return AIME_OK;
}


static int
aime_desc_set_pattern(aime_desc_compile_t *c, const cJSON *item)
{
    int          rc;
    char         reason[AIME_PATTERN_ERROR_LEN];
    aime_str_t  *text;

    if (!cJSON_IsString(item)) {
        return aime_desc_fail(c, item, "parameter %s: pattern must be a string",
                              c->table->string);
    }

    text = &c->param->pattern_text;
    text->data = (const unsigned char *) item->valuestring;
    text->len = strlen(item->valuestring);

    rc = aime_pattern_compile(c->pool, *text, &c->param->pattern, reason);

    if (rc == AIME_ERROR) {
        return aime_desc_fail(c, item, "parameter %s: pattern: %s",
                              c->table->string, reason);
    }

    return rc;
}


/* What no attribute shows on its own. */

static int
aime_desc_check(aime_desc_compile_t *c)
{
    aime_desc_param_t  *param;

    param = c->param;

    if (param->type == AIME_DESC_SELECTION && param->nsupported == 0) {
        return aime_desc_fail(c, c->table, "parameter %s: a selection needs a "
                              "list of supported values", c->table->string);
    }

    if (param->has_minimum
        && param->has_maximum
        && (param->type == AIME_DESC_FLOAT
            ? param->minimum.f > param->maximum.f
            : param->minimum.i > param->maximum.i))
    {
        return aime_desc_fail(c, c->table, "parameter %s: minimum is above "
                              "maximum", c->table->string);
    }

    return AIME_OK;
}


static int
aime_desc_default(aime_desc_compile_t *c)
{
    int                 rc;
    char                reason[AIME_DESC_FAULT_LEN];
    aime_str_t          text;
    const cJSON        *item;
    aime_desc_fault_t   fault;
    aime_json_value_t   value;

    item = cJSON_GetObjectItemCaseSensitive(c->table, "default");

    if (item == NULL) {
        return AIME_OK;
    }

    if (aime_desc_value(c, item, &value) != AIME_OK) {
        return AIME_NOMEM;
    }

    rc = aime_desc_convert(c->pool, c->param, &value, 1, &text, &fault);

    if (rc == AIME_OK) {
        c->param->default_value = text;

    } else if (rc == AIME_DESC_ABSENT) {
        return AIME_OK;

    } else if (rc == AIME_ERROR) {
        aime_desc_fault_text(c->param, &fault, reason);
        return aime_desc_fail(c, item, "parameter %s: default %s",
                              c->table->string, reason);
    }

    return rc;
}


/* A value of the file as JSON; a string quoted as aime_json_quote() does. */

static int
aime_desc_value(aime_desc_compile_t *c, const cJSON *item,
    aime_json_value_t *value)
{
    aime_str_t  string;

    if (cJSON_IsString(item)) {
        string.data = (const unsigned char *) item->valuestring;
        string.len = strlen(item->valuestring);

        value->type = AIME_JSON_STRING;

        return aime_json_quoted(c->pool, string, &value->text);
    }

    if (cJSON_IsArray(item)) {
        value->type = AIME_JSON_ARRAY;

    } else if (cJSON_IsObject(item)) {
        value->type = AIME_JSON_OBJECT;

    } else if (cJSON_IsBool(item)) {
        value->type = cJSON_IsTrue(item) ? AIME_JSON_TRUE : AIME_JSON_FALSE;

    } else {
        value->type = AIME_JSON_NUMBER;
    }

    return aime_desc_print(c, item, &value->text);
}


int
aime_desc_print(aime_desc_compile_t *c, const cJSON *item, aime_str_t *text)
{
    char           *json;
    unsigned char  *p;

    json = cJSON_PrintUnformatted(item);
    if (json == NULL) {
        return AIME_NOMEM;
    }

    text->len = strlen(json);

    p = c->pool->alloc(c->pool->ctx, text->len);

    if (p) {
        memcpy(p, json, text->len);
    }

    text->data = p;

    cJSON_free(json);

    return p ? AIME_OK : AIME_NOMEM;
}


static int
aime_desc_number_item(const cJSON *item, aime_number_t *number)
{
    aime_str_t  text;

    if (!cJSON_IsRaw(item)) {
        return AIME_ERROR;
    }

    text.data = (const unsigned char *) item->valuestring;
    text.len = strlen(item->valuestring);

    return aime_number_parse(text, number);
}


void *
aime_desc_alloc(aime_pool_t *pool, size_t n, size_t size)
{
    void  *p;

    p = pool->alloc(pool->ctx, n * size);

    if (p) {
        memset(p, 0, n * size);
    }

    return p;
}


void
aime_desc_notice(void *ctx, const char *name, const cJSON *item)
{
    aime_desc_compile_t  *c = ctx;

    if (c->notice) {
        c->notice(c->notice_ctx, c->table->string, name,
                  aime_toml_line(item));
    }
}


int
aime_desc_fail(aime_desc_compile_t *c, const cJSON *item, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(c->error->text, AIME_DESC_ERROR_LEN, fmt, args);
    va_end(args);

    c->error->line = aime_toml_line(item);

    return AIME_ERROR;
}


static const aime_desc_implicit_t *
aime_desc_is_implicit(const char *name)
{
    const aime_desc_implicit_t  *implicit;

    for (implicit = aime_desc_implicits; implicit->name; implicit++) {
        if (strcmp(implicit->name, name) == 0) {
            return implicit;
        }
    }

    return NULL;
}
