/*
 * The media among the inputs of a request, see aime_input_media.h.
 *
 * Nothing is copied: a body is base64 in the request and stays there, unless
 * its slashes are escaped, which some encoders of JSON do.
 */

#include <stdio.h>
#include <string.h>

#include "aime_input_media.h"
#include "aime_media_data.h"


#define AIME_INPUT_REASON_LEN   256


typedef struct {
    aime_pool_t              *pool;
    const aime_desc_t        *desc;
    const aime_desc_param_t  *param;
    size_t                    member;
    aime_input_media_t       *media;
    aime_input_errors_t      *errors;
} aime_input_media_ctx_t;


static int aime_input_medium(void *data, const aime_chat_place_t *place,
    aime_media_kind_e kind, const aime_json_value_t *value);
static int aime_input_chat_fault(void *data, const aime_chat_place_t *place,
    const char *reason);
static int aime_input_unsupported(aime_input_media_ctx_t *ctx,
    const aime_chat_place_t *place, aime_media_kind_e kind);
static int aime_input_body(aime_input_media_ctx_t *ctx,
    const aime_chat_place_t *place, aime_media_kind_e kind,
    const aime_json_value_t *value, aime_str_t *body);
static int aime_input_format(aime_input_media_ctx_t *ctx,
    const aime_chat_place_t *place, aime_media_kind_e kind, aime_str_t body);
static void aime_input_formats(unsigned formats, char *buf, size_t size);
static aime_input_medium_t *aime_input_add_medium(aime_input_media_ctx_t *ctx);


int
aime_input_media(aime_pool_t *pool, const aime_desc_t *desc,
    const aime_desc_param_t *param, aime_str_t text, size_t member,
    aime_input_media_t *media, aime_input_errors_t *errors)
{
    aime_json_value_t        value;
    aime_chat_handlers_t     handlers;
    aime_input_media_ctx_t   ctx;

    ctx.pool = pool;
    ctx.desc = desc;
    ctx.param = param;
    ctx.member = member;
    ctx.media = media;
    ctx.errors = errors;

    value.text = text;
    value.type = AIME_JSON_STRING;

    switch (param->type) {

    case AIME_DESC_IMAGE:
        return aime_input_medium(&ctx, NULL, AIME_MEDIA_IMAGE, &value);

    case AIME_DESC_AUDIO:
        return aime_input_medium(&ctx, NULL, AIME_MEDIA_AUDIO, &value);

    case AIME_DESC_VIDEO:
        return aime_input_medium(&ctx, NULL, AIME_MEDIA_VIDEO, &value);

    case AIME_DESC_CHAT_CONTEXT:
        handlers.medium = aime_input_medium;
        handlers.fault = aime_input_chat_fault;
        handlers.ctx = &ctx;
        handlers.tools = param->tools;

        return aime_chat_read(pool, text, &handlers);

    default:
        return AIME_OK;
    }
}


static int
aime_input_medium(void *data, const aime_chat_place_t *place,
    aime_media_kind_e kind, const aime_json_value_t *value)
{
    aime_input_media_ctx_t  *ctx = data;

    int                       rc;
    aime_str_t                body;
    aime_input_medium_t      *medium;
    const aime_desc_media_t  *media;

    media = ctx->param->media[kind];

    if (media == NULL) {
        return aime_input_unsupported(ctx, place, kind);
    }

    rc = aime_input_body(ctx, place, kind, value, &body);

    if (rc == AIME_OK) {
        rc = aime_input_format(ctx, place, kind, body);
    }

    if (rc != AIME_OK) {
        return (rc == AIME_ERROR) ? AIME_OK : rc;
    }

    if (!media->rules.any) {
        return AIME_OK;
    }

    if (ctx->media->nelts == AIME_INPUT_MAX_MEDIA) {
        return aime_input_chat_fault(ctx, place, "is one medium too many for "
                                     "a request");
    }

    medium = aime_input_add_medium(ctx);
    if (medium == NULL) {
        return AIME_NOMEM;
    }

    medium->param = ctx->param;
    medium->media = media;
    medium->kind = kind;
    medium->member = ctx->member;
    medium->value = value->text;
    medium->body = body;
    medium->converted.len = 0;

    if (place) {
        medium->place = *place;

    } else {
        memset(&medium->place, 0, sizeof(aime_chat_place_t));
    }

    return AIME_OK;
}


static int
aime_input_chat_fault(void *data, const aime_chat_place_t *place,
    const char *reason)
{
    aime_input_media_ctx_t  *ctx = data;

    return aime_input_refuse(ctx->pool, ctx->errors, ctx->param, place, NULL,
                             reason);
}


/* Only a chat context has kinds that it does not take. */

static int
aime_input_unsupported(aime_input_media_ctx_t *ctx,
    const aime_chat_place_t *place, aime_media_kind_e kind)
{
    int                 n;
    char                reason[AIME_INPUT_REASON_LEN], *p, *last;
    aime_media_kind_e   other;

    p = reason;
    last = reason + sizeof(reason);

    p += snprintf(p, last - p, "holds an input of type %s, supported: text",
                  aime_media_kind_name(kind));

    for (other = 0; other < AIME_MEDIA_NKINDS; other++) {

        if (ctx->param->media[other]) {
            n = snprintf(p, last - p, ", %s", aime_media_kind_name(other));
            p += n;
        }
    }

    return aime_input_chat_fault(ctx, place, reason);
}


/* The base64 of the data URL.  AIME_ERROR: it was refused. */

static int
aime_input_body(aime_input_media_ctx_t *ctx, const aime_chat_place_t *place,
    aime_media_kind_e kind, const aime_json_value_t *value, aime_str_t *body)
{
    char                reason[AIME_INPUT_REASON_LEN];
    size_t              offset;
    aime_str_t          text, quoted;
    aime_media_url_t    url;
    aime_media_kind_e   named;

    if (value->type == AIME_JSON_STRING) {
        if (aime_json_decode(ctx->pool, value->text, &text) != AIME_OK) {
            return AIME_NOMEM;
        }

        if (aime_media_url(text, &url) == AIME_OK
            && aime_media_kind_named(url.type, &named) == AIME_OK
            && named == kind)
        {
            if (aime_media_base64_check(url.body, &offset) == AIME_OK) {
                *body = url.body;
                return AIME_OK;
            }

            snprintf(reason, sizeof(reason), "is no valid base64 (at byte %llu "
                     "of the body)", (unsigned long long) offset);
            goto refuse;
        }
    }

    snprintf(reason, sizeof(reason), "is not of the form "
             "data:%s/<format>;base64,<body>", aime_media_kind_name(kind));

refuse:

    if (aime_input_quote(ctx->pool, value, 0, &quoted) != AIME_OK
        || aime_input_refuse(ctx->pool, ctx->errors, ctx->param, place,
                             &quoted, reason)
           != AIME_OK)
    {
        return AIME_NOMEM;
    }

    return AIME_ERROR;
}


/*
 * The first bytes tell the format, whatever the URL calls it; a format that is
 * not known does where nothing is asked for.
 */

static int
aime_input_format(aime_input_media_ctx_t *ctx, const aime_chat_place_t *place,
    aime_media_kind_e kind, aime_str_t body)
{
    char                   list[AIME_INPUT_REASON_LEN / 2];
    char                   reason[AIME_INPUT_REASON_LEN];
    unsigned               allowed;
    aime_str_t             head;
    unsigned char          bytes[AIME_MEDIA_HEAD_LEN];
    aime_media_format_e    format;

    if (body.len > AIME_MEDIA_HEAD_LEN / 3 * 4) {
        body.len = AIME_MEDIA_HEAD_LEN / 3 * 4;
    }

    head.data = bytes;
    head.len = aime_media_base64_decode(bytes, body) - bytes;

    format = aime_media_sniff(head);
    allowed = ctx->desc->allowed[kind];

    if (format == AIME_MEDIA_UNKNOWN) {

        if (allowed == 0 && !ctx->param->media[kind]->rules.any) {
            return AIME_OK;
        }

        snprintf(reason, sizeof(reason), "is no %s of a known format",
                 aime_media_kind_name(kind));

    } else if (!aime_media_kind_has(kind, format)) {
        snprintf(reason, sizeof(reason), "has the format %s, which is no %s",
                 aime_media_format_name(format), aime_media_kind_name(kind));

    } else if (allowed && !(allowed & (1u << format))) {
        aime_input_formats(allowed, list, sizeof(list));
        snprintf(reason, sizeof(reason), "has the format %s, this server "
                 "allows: %s", aime_media_format_name(format), list);

    } else {
        return AIME_OK;
    }

    return aime_input_chat_fault(ctx, place, reason) == AIME_OK
           ? AIME_ERROR : AIME_NOMEM;
}


static void
aime_input_formats(unsigned formats, char *buf, size_t size)
{
    int     n;
    char   *p;
    size_t  i;

    p = buf;

    for (i = AIME_MEDIA_UNKNOWN + 1; i < AIME_MEDIA_NFORMATS; i++) {

        if (formats & (1u << i)) {
            n = snprintf(p, buf + size - p, "%s%s", p == buf ? "" : ", ",
                         aime_media_format_name(i));

            if (n < 0 || n >= buf + size - p) {
                break;
            }

            p += n;
        }
    }
}


static aime_input_medium_t *
aime_input_add_medium(aime_input_media_ctx_t *ctx)
{
    aime_input_media_t  *media;

    media = ctx->media;

    if (media->elts == NULL) {
        media->elts = ctx->pool->alloc(ctx->pool->ctx, AIME_INPUT_MAX_MEDIA
                                                * sizeof(aime_input_medium_t));
        if (media->elts == NULL) {
            return NULL;
        }
    }

    return &media->elts[media->nelts++];
}


/* A line is a violation. */

int
aime_input_medium_refused(aime_pool_t *pool,
    const aime_input_medium_t *medium, aime_str_t lines,
    aime_input_errors_t *errors)
{
    char                  reason[AIME_INPUT_LINE_LEN];
    size_t                len;
    aime_str_t            line;
    const unsigned char  *end;

    while (lines.len) {
        end = memchr(lines.data, '\n', lines.len);

        line.data = lines.data;
        line.len = end ? (size_t) (end - lines.data) : lines.len;

        lines.data += line.len;
        lines.len -= line.len;

        if (end) {
            lines.data++;
            lines.len--;
        }

        if (line.len == 0) {
            continue;
        }

        len = line.len < sizeof(reason) ? line.len : sizeof(reason) - 1;

        memcpy(reason, line.data, len);
        reason[len] = '\0';

        if (aime_input_refuse(pool, errors, medium->param, &medium->place,
                              NULL, reason)
            != AIME_OK)
        {
            return AIME_NOMEM;
        }
    }

    return AIME_OK;
}
