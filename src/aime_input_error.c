/* The messages of inputs that are refused, see aime_input_error.h. */

#include <stdio.h>
#include <string.h>

#include "aime_input_error.h"


#define AIME_INPUT_PLACE_LEN     64
#define AIME_INPUT_OMITTED_LEN   64


static int aime_input_omitted(aime_pool_t *pool, aime_input_errors_t *errors);
static int aime_input_join(aime_pool_t *pool, const aime_str_t *parts,
    size_t nparts, aime_str_t *text);


int
aime_input_refuse(aime_pool_t *pool, aime_input_errors_t *errors,
    const aime_desc_param_t *param, const aime_chat_place_t *place,
    const aime_str_t *value, const char *reason)
{
    char        where[AIME_INPUT_PLACE_LEN];
    size_t      n;
    aime_str_t  parts[7];

    n = 0;

    if (errors->nelts == 0) {
        errors->param = &param->name;
    }

    parts[n++] = aime_input_str("Parameter ");
    parts[n++] = param->name;

    if (place && place->message) {
        snprintf(where, sizeof(where), place->part ? ", message %llu, part %llu"
                                                   : ", message %llu",
                 (unsigned long long) place->message,
                 (unsigned long long) place->part);

        parts[n++] = aime_input_str(where);
    }

    parts[n++] = aime_input_str(": ");

    if (value) {
        parts[n++] = *value;
        parts[n++] = aime_input_str(" ");
    }

    parts[n++] = aime_input_str(reason);

    return aime_input_message(pool, errors, parts, n);
}


int
aime_input_message(aime_pool_t *pool, aime_input_errors_t *errors,
    const aime_str_t *parts, size_t nparts)
{
    if (errors->nelts >= AIME_INPUT_MAX_ERRORS) {
        return aime_input_omitted(pool, errors);
    }

    if (errors->elts == NULL) {
        errors->elts = pool->alloc(pool->ctx, (AIME_INPUT_MAX_ERRORS + 1)
                                              * sizeof(aime_str_t));
        if (errors->elts == NULL) {
            return AIME_NOMEM;
        }
    }

    return aime_input_join(pool, parts, nparts,
                           &errors->elts[errors->nelts++]);
}


/* The message that counts those which found no room. */

static int
aime_input_omitted(aime_pool_t *pool, aime_input_errors_t *errors)
{
    char        *text;
    aime_str_t  *message;

    message = &errors->elts[AIME_INPUT_MAX_ERRORS];

    if (errors->nomitted == 0) {
        message->data = pool->alloc(pool->ctx, AIME_INPUT_OMITTED_LEN);
        if (message->data == NULL) {
            return AIME_NOMEM;
        }

        errors->nelts++;
    }

    errors->nomitted++;

    text = (char *) message->data;
    message->len = snprintf(text, AIME_INPUT_OMITTED_LEN, "%llu more errors",
                            (unsigned long long) errors->nomitted);

    return AIME_OK;
}


int
aime_input_quote(aime_pool_t *pool, const aime_json_value_t *value, int query,
    aime_str_t *quoted)
{
    size_t          len;
    aime_str_t      text, parts[3];
    unsigned char  *p;

    text = value->text;

    if (!query && value->type != AIME_JSON_STRING) {
        return aime_input_clip(pool, text, AIME_INPUT_QUOTE_CHARS, quoted);
    }

    if (!query) {

        /* one character more, which tells that there are more */

        len = aime_desc_prefix(text, AIME_INPUT_QUOTE_CHARS + 1);

        p = pool->alloc(pool->ctx, len + 1);
        if (p == NULL) {
            return AIME_NOMEM;
        }

        memcpy(p, text.data, len);
        p[len] = '"';

        text.data = p;
        text.len = len + 1;

        if (aime_json_decode(pool, text, &text) != AIME_OK) {
            return AIME_NOMEM;
        }
    }

    if (aime_input_clip(pool, text, AIME_INPUT_QUOTE_CHARS, &parts[1])
        != AIME_OK)
    {
        return AIME_NOMEM;
    }

    parts[0] = aime_input_str("\"");
    parts[2] = parts[0];

    return aime_input_join(pool, parts, 3, quoted);
}


int
aime_input_clip(aime_pool_t *pool, aime_str_t text, size_t chars,
    aime_str_t *clipped)
{
    size_t          len, max;
    aime_str_t      parts[2];
    unsigned char  *p;

    /* no character has more than four bytes */

    max = 4 * (chars + 1);

    if (text.len > max) {
        text.len = max;
    }

    p = pool->alloc(pool->ctx, aime_json_quoted_len(text));
    if (p == NULL) {
        return AIME_NOMEM;
    }

    text.len = aime_json_quote(p, text) - p;
    text.data = p;

    len = aime_desc_prefix(text, chars);

    parts[1].len = (len + 1 < text.len) ? 3 : 0;
    parts[1].data = (const unsigned char *) "...";

    p[len] = '"';
    text.len = len + 1;

    if (aime_json_decode(pool, text, &parts[0]) != AIME_OK) {
        return AIME_NOMEM;
    }

    return aime_input_join(pool, parts, 2, clipped);
}


static int
aime_input_join(aime_pool_t *pool, const aime_str_t *parts, size_t nparts,
    aime_str_t *text)
{
    size_t          i, len;
    unsigned char  *p;

    len = 0;

    for (i = 0; i < nparts; i++) {
        len += parts[i].len;
    }

    p = pool->alloc(pool->ctx, len ? len : 1);
    if (p == NULL) {
        return AIME_NOMEM;
    }

    text->data = p;
    text->len = len;

    for (i = 0; i < nparts; i++) {
        if (parts[i].len) {
            memcpy(p, parts[i].data, parts[i].len);
            p += parts[i].len;
        }
    }

    return AIME_OK;
}


aime_str_t
aime_input_str(const char *text)
{
    aime_str_t  str;

    str.data = (const unsigned char *) text;
    str.len = strlen(text);

    return str;
}
