/*
 * What a parameter description makes of one value: the second half of
 * aime_desc.h, used for the defaults while configuring and for the inputs of
 * every request.  Knows no names, no arguments and no whole requests.
 */

#include <stdio.h>
#include <string.h>

#include "aime_desc.h"
#include "aime_number.h"


/* supported values that a message lists, and characters of each */
#define AIME_DESC_LISTED         8
#define AIME_DESC_LISTED_CHARS   30

/* bytes of a pattern that a message shows */
#define AIME_DESC_PATTERN_SHOWN  400


typedef struct {
    aime_pool_t              *pool;
    const aime_desc_param_t  *param;
    aime_desc_fault_t        *fault;
    unsigned                  unchecked:1;      /* a default taken as it is */
    unsigned                  is_default:1;
} aime_desc_convert_t;


static int aime_desc_fault(aime_desc_convert_t *c, aime_desc_rule_e rule);
static int aime_desc_string(aime_desc_convert_t *c,
    const aime_json_value_t *value, aime_str_t *text);
static int aime_desc_limit(aime_desc_convert_t *c, aime_str_t *text);
static int aime_desc_length(aime_desc_convert_t *c, aime_str_t *text);
static int aime_desc_matched(aime_desc_convert_t *c, aime_str_t text);
static int aime_desc_number(aime_desc_convert_t *c,
    const aime_json_value_t *value, aime_str_t *text);
static int aime_desc_bool(aime_desc_convert_t *c,
    const aime_json_value_t *value, aime_str_t *text);
static int aime_desc_selection(aime_desc_convert_t *c,
    const aime_json_value_t *value, aime_str_t *text);
static int aime_desc_json(aime_desc_convert_t *c,
    const aime_json_value_t *value, aime_str_t *text);
static int aime_desc_media(aime_desc_convert_t *c,
    const aime_json_value_t *value, aime_str_t *text);
static int aime_desc_requote(aime_pool_t *pool, aime_str_t *string);
static size_t aime_desc_step(const unsigned char *p);
static int aime_desc_surrogate(const unsigned char *p, char first, char last);
static size_t aime_desc_shown(aime_str_t pattern);
static void aime_desc_bound(const aime_desc_param_t *param,
    const aime_desc_number_t *number, char *buf);
static void aime_desc_list(const aime_desc_param_t *param, char *buf);


int
aime_desc_convert(aime_pool_t *pool, const aime_desc_param_t *param,
    const aime_json_value_t *value, int is_default, aime_str_t *text,
    aime_desc_fault_t *fault)
{
    aime_desc_convert_t  c;

    if (value->type == AIME_JSON_NULL) {
        return AIME_DESC_ABSENT;
    }

    c.pool = pool;
    c.param = param;
    c.fault = fault;
    c.is_default = (is_default != 0);
    c.unchecked = is_default && !param->auto_convert;

    switch (param->type) {

    case AIME_DESC_INTEGER:
    case AIME_DESC_FLOAT:
        return aime_desc_number(&c, value, text);

    case AIME_DESC_BOOL:
        return aime_desc_bool(&c, value, text);

    case AIME_DESC_SELECTION:
        return aime_desc_selection(&c, value, text);

    case AIME_DESC_JSON:
    case AIME_DESC_CHAT_CONTEXT:
        return aime_desc_json(&c, value, text);

    case AIME_DESC_IMAGE:
    case AIME_DESC_AUDIO:
    case AIME_DESC_VIDEO:
        return aime_desc_media(&c, value, text);

    default: /* AIME_DESC_STRING, AIME_DESC_TEXT_CONTEXT */
        return aime_desc_string(&c, value, text);
    }
}


static int
aime_desc_fault(aime_desc_convert_t *c, aime_desc_rule_e rule)
{
    c->fault->rule = rule;

    return AIME_ERROR;
}


/* Text: a string, or with auto_convert the text of another scalar. */

static int
aime_desc_string(aime_desc_convert_t *c, const aime_json_value_t *value,
    aime_str_t *text)
{
    unsigned char  *p;

    if (value->type == AIME_JSON_STRING) {
        *text = value->text;
        return aime_desc_limit(c, text);
    }

    if (!c->param->auto_convert
        || value->type == AIME_JSON_ARRAY
        || value->type == AIME_JSON_OBJECT)
    {
        return aime_desc_fault(c, AIME_DESC_WRONG_TYPE);
    }

    p = c->pool->alloc(c->pool->ctx, value->text.len + 2);
    if (p == NULL) {
        return AIME_NOMEM;
    }

    p[0] = '"';
    memcpy(p + 1, value->text.data, value->text.len);
    p[value->text.len + 1] = '"';

    text->data = p;
    text->len = value->text.len + 2;

    return aime_desc_limit(c, text);
}


/* Applies max_length and pattern to a JSON string. */

static int
aime_desc_limit(aime_desc_convert_t *c, aime_str_t *text)
{
    int  rc;

    rc = aime_desc_length(c, text);

    if (rc != AIME_OK || c->param->pattern == NULL || c->is_default) {
        return rc;
    }

    return aime_desc_matched(c, *text);
}



static int
aime_desc_length(aime_desc_convert_t *c, aime_str_t *text)
{
    size_t          len;
    unsigned char  *p;

    if (!c->param->has_max_length || c->unchecked) {
        return AIME_OK;
    }

    len = aime_desc_prefix(*text, c->param->max_length);

    if (len + 1 == text->len) {
        return AIME_OK;
    }

    if (!c->param->auto_convert) {
        return aime_desc_fault(c, AIME_DESC_TOO_LONG);
    }

    p = c->pool->alloc(c->pool->ctx, len + 1);
    if (p == NULL) {
        return AIME_NOMEM;
    }

    memcpy(p, text->data, len);
    p[len] = '"';

    text->data = p;
    text->len = len + 1;

    return AIME_OK;
}


static int
aime_desc_matched(aime_desc_convert_t *c, aime_str_t text)
{
    aime_str_t  chars;

    if (aime_json_decode(c->pool, text, &chars) != AIME_OK) {
        return AIME_NOMEM;
    }

    switch (aime_pattern_match(c->param->pattern, chars)) {

    case AIME_OK:
        return AIME_OK;

    case AIME_ERROR:
        return aime_desc_fault(c, AIME_DESC_NO_MATCH);

    case AIME_PATTERN_LIMIT:
        return aime_desc_fault(c, AIME_DESC_PATTERN_LIMIT);

    default:
        return AIME_NOMEM;
    }
}


static int
aime_desc_number(aime_desc_convert_t *c, const aime_json_value_t *value,
    aime_str_t *text)
{
    aime_str_t  digits;

    digits = value->text;

    if (value->type == AIME_JSON_STRING && c->param->auto_convert) {
        if (aime_json_decode(c->pool, value->text, &digits) != AIME_OK) {
            return AIME_NOMEM;
        }

    } else if (value->type != AIME_JSON_NUMBER) {
        return aime_desc_fault(c, AIME_DESC_WRONG_TYPE);
    }

    /* from a text only what can be converted without a loss */

    return aime_desc_fit(c->pool, c->param, digits,
                         (c->unchecked ? AIME_DESC_UNCHECKED : 0)
                         | (value->type == AIME_JSON_STRING
                            ? AIME_DESC_EXACT : 0),
                         text, c->fault);
}


static int
aime_desc_bool(aime_desc_convert_t *c, const aime_json_value_t *value,
    aime_str_t *text)
{
    long long          flag;
    aime_str_t         word;
    aime_number_t      number;

    static aime_str_t  words[] = { aime_str("false"), aime_str("true") };

    switch (value->type) {

    case AIME_JSON_FALSE:
    case AIME_JSON_TRUE:
        *text = words[value->type == AIME_JSON_TRUE];
        return AIME_OK;

    case AIME_JSON_NUMBER:
        if (!c->param->auto_convert
            || aime_number_parse(value->text, &number) != AIME_OK
            || !aime_number_integral(&number)
            || aime_number_int64(&number, &flag) != AIME_OK
            || flag < 0
            || flag > 1)
        {
            break;
        }

        *text = words[flag];
        return AIME_OK;

    case AIME_JSON_STRING:
        if (!c->param->auto_convert) {
            break;
        }

        if (aime_json_decode(c->pool, value->text, &word) != AIME_OK) {
            return AIME_NOMEM;
        }

        for (flag = 0; flag < 2; flag++) {
            if (word.len == words[flag].len
                && memcmp(word.data, words[flag].data, word.len) == 0)
            {
                *text = words[flag];
                return AIME_OK;
            }
        }

        break;

    default:
        break;
    }

    return aime_desc_fault(c, AIME_DESC_WRONG_TYPE);
}


/* The supported value itself goes to the worker, in the file's spelling. */

static int
aime_desc_selection(aime_desc_convert_t *c, const aime_json_value_t *value,
    aime_str_t *text)
{
    const aime_json_value_t  *found;

    if (c->is_default) {
        if (value->type == AIME_JSON_ARRAY || value->type == AIME_JSON_OBJECT) {
            return aime_desc_fault(c, AIME_DESC_WRONG_TYPE);
        }

        *text = value->text;
        return AIME_OK;
    }

    if (aime_desc_supported(c->pool, c->param, value, &found) != AIME_OK) {
        return AIME_NOMEM;
    }

    if (found) {
        *text = found->text;
        return AIME_OK;
    }

    if (!c->param->auto_convert) {
        return aime_desc_fault(c, AIME_DESC_NOT_SUPPORTED);
    }

    *text = c->param->default_value.len ? c->param->default_value
                                        : c->param->supported[0].text;
    return AIME_OK;
}


int
aime_desc_supported(aime_pool_t *pool, const aime_desc_param_t *param,
    const aime_json_value_t *value, const aime_json_value_t **found)
{
    size_t              i;
    aime_str_t          text;
    aime_number_t       number, other;
    aime_json_value_t  *one;

    text = value->text;
    *found = NULL;

    if (value->type == AIME_JSON_STRING) {
        if (aime_desc_requote(pool, &text) != AIME_OK) {
            return AIME_NOMEM;
        }

    } else if (value->type == AIME_JSON_NUMBER) {
        if (aime_number_parse(text, &number) != AIME_OK) {
            return AIME_OK;
        }

    } else if (value->type != AIME_JSON_TRUE && value->type != AIME_JSON_FALSE)
    {
        return AIME_OK;
    }

    for (i = 0; i < param->nsupported; i++) {
        one = &param->supported[i];

        if (one->type != value->type) {
            continue;
        }

        if (one->type == AIME_JSON_NUMBER) {
            (void) aime_number_parse(one->text, &other);

            if ((other.integer && !number.integer)
                || !aime_number_equal(&number, &other))
            {
                continue;
            }

        } else if (one->text.len != text.len
                   || memcmp(one->text.data, text.data, text.len) != 0)
        {
            continue;
        }

        *found = one;
        break;
    }

    return AIME_OK;
}


/*
 * Gives a string the escapes that aime_json_quote() writes, and no others, so
 * that equal strings have equal texts: those of descriptions come from there.
 */

static int
aime_desc_requote(aime_pool_t *pool, aime_str_t *string)
{
    aime_str_t  text;

    if (memchr(string->data, '\\', string->len) == NULL) {
        return AIME_OK;
    }

    if (aime_json_decode(pool, *string, &text) != AIME_OK) {
        return AIME_NOMEM;
    }

    return aime_json_quoted(pool, text, string);
}


/* The JSON that a string holds, or an object or array as it is. */

static int
aime_desc_json(aime_desc_convert_t *c, const aime_json_value_t *value,
    aime_str_t *text)
{
    int                rc;
    aime_str_t         inner;
    aime_json_value_t  scanned;

    if (value->type == AIME_JSON_ARRAY || value->type == AIME_JSON_OBJECT) {
        *text = value->text;
        return AIME_OK;
    }

    if (value->type != AIME_JSON_STRING) {
        return aime_desc_fault(c, AIME_DESC_WRONG_TYPE);
    }

    if (aime_json_decode(c->pool, value->text, &inner) != AIME_OK) {
        return AIME_NOMEM;
    }

    if (inner.len == 0) {
        return AIME_DESC_ABSENT;
    }

    rc = aime_json_scan(inner, &scanned, &c->fault->json);

    if (rc == AIME_ERROR) {
        return aime_desc_fault(c, AIME_DESC_NO_JSON);
    }

    if (rc != AIME_OK) {
        return rc;
    }

    if (scanned.type == AIME_JSON_NULL) {
        return AIME_DESC_ABSENT;
    }

    *text = scanned.text;

    return AIME_OK;
}


static int
aime_desc_media(aime_desc_convert_t *c, const aime_json_value_t *value,
    aime_str_t *text)
{
    if (value->type != AIME_JSON_STRING) {
        return aime_desc_fault(c, AIME_DESC_WRONG_TYPE);
    }

    /* a file's way to say that there is no default */

    if (c->is_default && value->text.len == 2) {
        return AIME_DESC_ABSENT;
    }

    *text = value->text;

    return AIME_OK;
}


size_t
aime_desc_prefix(aime_str_t string, size_t chars)
{
    const unsigned char  *p, *last;

    p = string.data + 1;
    last = string.data + string.len - 1;

    /* no character is shorter than a byte */

    if ((size_t) (last - p) <= chars) {
        return string.len - 1;
    }

    for ( /* void */ ; p < last && chars; chars--) {
        p += aime_desc_step(p);
    }

    return p - string.data;
}


/* Bytes of the character of a valid JSON string that begins at p. */

static size_t
aime_desc_step(const unsigned char *p)
{
    if (*p == '\\') {
        if (p[1] != 'u') {
            return 2;
        }

        /* an escape is followed by the quotation mark at least */

        if (aime_desc_surrogate(p, '8', 'b')
            && p[6] == '\\'
            && p[7] == 'u'
            && aime_desc_surrogate(p + 6, 'c', 'f'))
        {
            return 12;
        }

        return 6;
    }

    if (*p < 0x80) {
        return 1;
    }

    return *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
}


/* Is the \u escape \ud followed by a digit from first to last? */

static int
aime_desc_surrogate(const unsigned char *p, char first, char last)
{
    int  ch;

    ch = p[3] | 0x20;

    if (p[3] <= '9') {
        ch = p[3];
    }

    return (p[2] | 0x20) == 'd' && ch >= first && ch <= last;
}


void
aime_desc_fault_text(const aime_desc_param_t *param,
    const aime_desc_fault_t *fault, char *buf)
{
    char    low[AIME_NUMBER_FLOAT_LEN], high[AIME_NUMBER_FLOAT_LEN];
    char    step[AIME_NUMBER_FLOAT_LEN];
    size_t  n;

    static const char  *types[] = {
        "a string", "an integer", "a number", "true or false",
        "a supported value", "an object, an array or a string that holds JSON",
        "a chat context", "a string", "an image", "an audio", "a video"
    };

    n = AIME_DESC_FAULT_LEN;

    aime_desc_bound(param, &param->minimum, low);
    aime_desc_bound(param, &param->maximum, high);
    aime_desc_bound(param, &param->align, step);

    switch (fault->rule) {

    case AIME_DESC_WRONG_TYPE:
        snprintf(buf, n, "is not %s", types[param->type]);
        break;

    case AIME_DESC_FRACTION:
        snprintf(buf, n, "is not a whole number");
        break;

    case AIME_DESC_TOO_LARGE:
        snprintf(buf, n, "is too large a number");
        break;

    case AIME_DESC_BELOW:
        snprintf(buf, n, "is below the minimum of %s", low);
        break;

    case AIME_DESC_ABOVE:
        snprintf(buf, n, "is above the maximum of %s", high);
        break;

    case AIME_DESC_UNALIGNED:
        snprintf(buf, n, "is not a multiple of %s", step);
        break;

    case AIME_DESC_NO_MULTIPLE:
        if (param->has_minimum && param->has_maximum) {
            snprintf(buf, n, "cannot be rounded to a multiple of %s between "
                     "the minimum of %s and the maximum of %s",
                     step, low, high);

        } else {
            snprintf(buf, n, "cannot be rounded to a multiple of %s", step);
        }

        break;

    case AIME_DESC_TOO_LONG:
        snprintf(buf, n, "is longer than the maximum of %llu characters",
                 (unsigned long long) param->max_length);
        break;

    case AIME_DESC_NOT_SUPPORTED:
        aime_desc_list(param, buf);
        break;

    case AIME_DESC_NO_MATCH:
        snprintf(buf, n, "does not match the pattern %.*s",
                 (int) aime_desc_shown(param->pattern_text),
                 param->pattern_text.data);
        break;

    case AIME_DESC_PATTERN_LIMIT:
        snprintf(buf, n, "takes too long to match with the pattern %.*s",
                 (int) aime_desc_shown(param->pattern_text),
                 param->pattern_text.data);
        break;

    case AIME_DESC_NO_JSON:
        snprintf(buf, n, "is not valid JSON (%s at byte %llu)",
                 fault->json.reason, (unsigned long long) fault->json.offset);
        break;
    }
}


/* Bytes of a pattern that a message shows; no character is cut. */

static size_t
aime_desc_shown(aime_str_t pattern)
{
    size_t  len;

    if (pattern.len <= AIME_DESC_PATTERN_SHOWN) {
        return pattern.len;
    }

    len = AIME_DESC_PATTERN_SHOWN;

    while (len && (pattern.data[len] & 0xc0) == 0x80) {
        len--;
    }

    return len;
}


static void
aime_desc_bound(const aime_desc_param_t *param,
    const aime_desc_number_t *number, char *buf)
{
    if (param->type == AIME_DESC_FLOAT) {
        *aime_number_print((unsigned char *) buf, number->f) = '\0';

    } else {
        snprintf(buf, AIME_NUMBER_FLOAT_LEN, "%lld", number->i);
    }
}


/* Lists the supported values, the first ones of many and of long ones. */

static void
aime_desc_list(const aime_desc_param_t *param, char *buf)
{
    char        *p, *last;
    size_t       i, len;
    aime_str_t  *text;

    p = buf;
    last = buf + AIME_DESC_FAULT_LEN - sizeof(", ...");

    p += snprintf(p, last - p, "is not one of the supported values ");

    for (i = 0; i < param->nsupported; i++) {
        text = &param->supported[i].text;
        len = text->len;

        if (param->supported[i].type == AIME_JSON_STRING) {
            len = aime_desc_prefix(*text, AIME_DESC_LISTED_CHARS);
        }

        if (i == AIME_DESC_LISTED || (size_t) (last - p) < len + 6) {
            memcpy(p, ", ...", sizeof(", ..."));
            return;
        }

        if (i) {
            memcpy(p, ", ", 2);
            p += 2;
        }

        memcpy(p, text->data, len);
        p += len;

        if (param->supported[i].type == AIME_JSON_STRING) {
            if (len + 1 < text->len) {
                memcpy(p, "...", 3);
                p += 3;
            }

            *p++ = '"';
        }
    }

    *p = '\0';
}
