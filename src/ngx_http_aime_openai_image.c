
/*
 * Images, see ngx_http_aime_openai_image.h.
 *
 * Pictures are in the answer itself, as base64 or as data URLs: there is no
 * other place for them.
 */


#include "ngx_http_aime_openai_image.h"
#include "ngx_http_aime_openai_stream.h"


#define NGX_HTTP_AIME_OPENAI_MAX_SIDE      65536
#define NGX_HTTP_AIME_OPENAI_MAX_PARTIAL   3
#define NGX_HTTP_AIME_OPENAI_NO_IMAGES     "The model gave no images"


/* What an event says of a picture beside its type and the picture. */

#define NGX_HTTP_AIME_OPENAI_IMAGE_FACTS                                      \
    ",\"size\":\"auto\",\"quality\":\"auto\",\"background\":\"auto\""       \
    ",\"output_format\":\""


/* Lasts longer than the request's fields. */

typedef struct {
    ngx_uint_t                   partial;   /* previews asked for */
    ngx_uint_t                   sent;      /* so many were */
    unsigned                     urls:1;
} ngx_http_aime_openai_image_t;


static ngx_int_t ngx_http_aime_openai_image_inputs(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_image_format(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_image_size(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_image_side(
    ngx_http_aime_openai_call_t *call, const char *name, u_char *start,
    u_char *end);
static ngx_int_t ngx_http_aime_openai_image_partial(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_image_result(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply);
static ngx_int_t ngx_http_aime_openai_image_list(
    ngx_http_aime_openai_call_t *call, const char *name,
    aime_json_elements_t *images);
static ngx_int_t ngx_http_aime_openai_image_one(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply,
    aime_json_value_t *value);
static aime_media_format_e ngx_http_aime_openai_image_type(
    aime_media_url_t *url);
static ngx_int_t ngx_http_aime_openai_image_stream(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_park_t *park,
    const u_char *id);
static void ngx_http_aime_openai_image_report(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply);
static void ngx_http_aime_openai_image_end(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply);
static ngx_int_t ngx_http_aime_openai_image_event(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply,
    aime_json_value_t *value, const char *type);
static ngx_int_t ngx_http_aime_openai_image_broken(
    ngx_http_aime_openai_call_t *call);


static const char  *ngx_http_aime_openai_image_own[] = {
    "size", "response_format", "quality", "background", "moderation",
    "output_format", "output_compression", "partial_images", NULL
};

static const ngx_http_aime_openai_neutral_t
    ngx_http_aime_openai_image_neutrals[] =
{
    { "quality", "\"auto\"" },
    { "quality", "\"standard\"" },
    { "background", "\"auto\"" },
    { "moderation", "*" },
    { "output_format", "\"png\"" },
    { "output_compression", "100" },
    { NULL, NULL }
};

static const ngx_http_aime_openai_pen_t  ngx_http_aime_openai_image_pen = {
    NULL,                                   /* begin */
    NULL,                                   /* news */
    ngx_http_aime_openai_image_end,
    NULL,                                   /* fail */
    NULL,                                   /* state */
    ngx_http_aime_openai_image_report
};

static const ngx_http_aime_openai_way_t  ngx_http_aime_openai_image_way = {
    NGX_HTTP_AIME_OPENAI_IMAGE,
    ngx_http_aime_openai_image_own,
    NULL,                                   /* fields */
    ngx_http_aime_openai_image_inputs,
    ngx_http_aime_openai_image_result,
    ngx_http_aime_openai_image_stream,
    NULL                                    /* submitted */
};


ngx_int_t
ngx_http_aime_openai_image(ngx_http_request_t *r)
{
    return ngx_http_aime_openai_serve(r, &ngx_http_aime_openai_image_way);
}


static ngx_int_t
ngx_http_aime_openai_image_inputs(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t  rc;

    call->data = ngx_pcalloc(call->request->pool,
                             sizeof(ngx_http_aime_openai_image_t));
    if (call->data == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_aime_openai_field_of(call, "prompt") == NULL) {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST,
                                           "prompt",
                                           "missing_required_parameter",
                                           "Missing required parameter: "
                                           "'prompt'");
    }

    rc = ngx_http_aime_openai_image_format(call);

    if (rc == NGX_OK) {
        rc = ngx_http_aime_openai_image_partial(call);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_aime_openai_image_size(call);
    }

    return (rc == NGX_OK)
           ? ngx_http_aime_openai_map_own(call,
                                          ngx_http_aime_openai_image_neutrals)
           : rc;
}


static ngx_int_t
ngx_http_aime_openai_image_format(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t                      rc;
    ngx_str_t                      name;
    ngx_http_aime_openai_image_t  *image;

    image = call->data;

    rc = ngx_http_aime_openai_get_text(call, "response_format", &name);

    if (rc != NGX_OK) {
        return (rc == NGX_ABORT) ? NGX_OK : rc;
    }

    if (name.len == 3 && ngx_memcmp(name.data, "url", 3) == 0) {
        image->urls = 1;
        return NGX_OK;
    }

    if (name.len == 8 && ngx_memcmp(name.data, "b64_json", 8) == 0) {
        return NGX_OK;
    }

    return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST,
                                       "response_format", "invalid_value",
                                       "Invalid value for 'response_format': "
                                       "expected 'b64_json' or 'url'");
}


/* WIDTHxHEIGHT for an input of its own, or for one of each. */

static ngx_int_t
ngx_http_aime_openai_image_size(ngx_http_aime_openai_call_t *call)
{
    u_char              *x;
    ngx_int_t            rc;
    ngx_str_t            size, name;
    aime_json_member_t  *field;

    field = ngx_http_aime_openai_field_of(call, "size");

    if (field == NULL) {
        return NGX_OK;
    }

    if (ngx_http_aime_openai_input(call->service, "size", 4)) {
        return ngx_http_aime_openai_put(call, "size", &field->value);
    }

    rc = ngx_http_aime_openai_get_text(call, "size", &size);

    if (rc != NGX_OK) {
        return rc;
    }

    if (size.len == 4 && ngx_memcmp(size.data, "auto", 4) == 0) {
        return NGX_OK;
    }

    if (ngx_http_aime_openai_input(call->service, "width", 5) == NULL
        || ngx_http_aime_openai_input(call->service, "height", 6) == NULL)
    {
        ngx_str_set(&name, "size");
        return ngx_http_aime_openai_unsupported(call, &name);
    }

    x = ngx_strlchr(size.data, size.data + size.len, 'x');

    if (x == NULL) {
        x = size.data;
    }

    rc = ngx_http_aime_openai_image_side(call, "width", size.data, x);

    return (rc == NGX_OK)
           ? ngx_http_aime_openai_image_side(call, "height", x + 1,
                                             size.data + size.len)
           : rc;
}


static ngx_int_t
ngx_http_aime_openai_image_side(ngx_http_aime_openai_call_t *call,
    const char *name, u_char *start, u_char *end)
{
    u_char             *p;
    ngx_int_t           n;
    aime_json_value_t   value;

    n = (start < end) ? ngx_atoi(start, end - start) : NGX_ERROR;

    if (n <= 0 || n > NGX_HTTP_AIME_OPENAI_MAX_SIDE) {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, "size",
                                           "invalid_value",
                                           "Invalid value for 'size': "
                                           "expected WIDTHxHEIGHT or 'auto'");
    }

    /* written anew, as leading zeros are no JSON */

    p = ngx_pnalloc(call->request->pool, NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.type = AIME_JSON_NUMBER;
    value.plain = 0;
    value.text.data = p;
    value.text.len = ngx_sprintf(p, "%i", n) - p;

    return ngx_http_aime_openai_put(call, name, &value);
}


/* The previews in front of a stream's pictures; none by default. */

static ngx_int_t
ngx_http_aime_openai_image_partial(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t                      rc;
    ngx_http_aime_openai_image_t  *image;

    image = call->data;

    rc = ngx_http_aime_openai_get_count(call, "partial_images", 0,
                                        call->streams
                                        ? NGX_HTTP_AIME_OPENAI_MAX_PARTIAL : 0,
                                        &image->partial);

    return (rc == NGX_ABORT) ? NGX_OK : rc;
}


static ngx_int_t
ngx_http_aime_openai_image_result(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    ngx_int_t              rc;
    ngx_uint_t             i;
    aime_json_elements_t   images;

    if (ngx_http_aime_openai_image_list(call, "images", &images) != NGX_OK
        || images.nelts == 0)
    {
        return ngx_http_aime_openai_image_broken(call);
    }

    ngx_http_aime_reply_chars(reply, "{\"created\":");
    ngx_http_aime_reply_integer(reply, (ngx_int_t) call->created);
    ngx_http_aime_reply_chars(reply, ",\"data\":[");

    for (i = 0; i < images.nelts; i++) {
        ngx_http_aime_reply_chars(reply, i ? "," : "");

        rc = ngx_http_aime_openai_image_one(call, reply, &images.elts[i]);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    ngx_http_aime_reply_chars(reply, "]}");

    return NGX_OK;
}


/* A worker gives a list, or the only picture.  NGX_DECLINED: none. */

static ngx_int_t
ngx_http_aime_openai_image_list(ngx_http_aime_openai_call_t *call,
    const char *name, aime_json_elements_t *images)
{
    aime_json_error_t    mistake;
    aime_json_member_t  *output;

    output = ngx_http_aime_openai_out(call, name);

    if (output == NULL) {
        return NGX_DECLINED;
    }

    if (output->value.type != AIME_JSON_ARRAY) {
        images->elts = &output->value;
        images->nelts = 1;
        return NGX_OK;
    }

    return (aime_json_elements(&call->pool, output->value.text, images,
                               &mistake)
            == AIME_OK)
           ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_aime_openai_image_one(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, aime_json_value_t *value)
{
    ngx_int_t                      rc;
    aime_media_url_t               url;
    aime_json_member_t            *prompt;
    ngx_http_aime_openai_image_t  *image;

    image = call->data;

    rc = ngx_http_aime_openai_media(call, value, &url);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? ngx_http_aime_openai_image_broken(call)
                                    : rc;
    }

    /* base64 needs no escapes, and neither does what is written before it */

    if (image->urls) {
        ngx_http_aime_reply_chars(reply, "{\"url\":\"data:image/");
        ngx_http_aime_reply_chars(reply, aime_media_format_name(
                                      ngx_http_aime_openai_image_type(&url)));
        ngx_http_aime_reply_chars(reply, ";base64,");

    } else {
        ngx_http_aime_reply_chars(reply, "{\"b64_json\":\"");
    }

    ngx_http_aime_reply_bytes(reply, url.body.data, url.body.len);
    ngx_http_aime_reply_chars(reply, "\"");

    prompt = ngx_http_aime_openai_out(call, "revised_prompt");

    if (prompt && prompt->value.type == AIME_JSON_STRING) {
        ngx_http_aime_reply_chars(reply, ",\"revised_prompt\":");
        ngx_http_aime_reply_bytes(reply, prompt->value.text.data,
                                  prompt->value.text.len);
    }

    ngx_http_aime_reply_chars(reply, "}");

    return NGX_OK;
}


/* What is not known is called what most pictures are. */

static aime_media_format_e
ngx_http_aime_openai_image_type(aime_media_url_t *url)
{
    aime_media_format_e  format;

    format = ngx_http_aime_openai_media_format(url);

    return aime_media_kind_has(AIME_MEDIA_IMAGE, format) ? format
                                                         : AIME_MEDIA_PNG;
}


static ngx_int_t
ngx_http_aime_openai_image_stream(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_park_t *park,
    const u_char *id)
{
    return ngx_http_aime_openai_stream(r, park, id,
                                       &ngx_http_aime_openai_image_pen, 0);
}


/* The first picture of a report that has some; no news if that is none. */

static void
ngx_http_aime_openai_image_report(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    aime_json_elements_t           images;
    ngx_http_aime_openai_image_t  *image;

    image = call->data;

    if (image->sent == image->partial
        || ngx_http_aime_openai_image_list(call, "previews", &images) != NGX_OK
        || images.nelts == 0
        || ngx_http_aime_openai_image_event(call, reply, images.elts,
                                            "image_generation.partial_image")
           != NGX_OK)
    {
        return;
    }

    ngx_http_aime_reply_chars(reply, ",\"partial_image_index\":");
    ngx_http_aime_reply_integer(reply, image->sent++);
    ngx_http_aime_reply_chars(reply, "}\n\n");
}


static void
ngx_http_aime_openai_image_end(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    ngx_str_t              error;
    ngx_uint_t             i;
    aime_json_elements_t   images;

    i = 0;
    images.nelts = 0;

    (void) ngx_http_aime_openai_image_list(call, "images", &images);

    while (i < images.nelts
           && ngx_http_aime_openai_image_event(call, reply, &images.elts[i],
                                               "image_generation.completed")
              == NGX_OK)
    {
        ngx_http_aime_reply_chars(reply, ",\"usage\":{\"total_tokens\":0,"
                                         "\"input_tokens\":0,"
                                         "\"output_tokens\":0,"
                                         "\"input_tokens_details\":{"
                                         "\"image_tokens\":0,"
                                         "\"text_tokens\":0}}}\n\n");
        i++;
    }

    if (i == images.nelts && i) {
        return;
    }

    ngx_str_set(&error, NGX_HTTP_AIME_OPENAI_NO_IMAGES);

    ngx_http_aime_reply_chars(reply, "data: ");
    ngx_http_aime_reply_error(reply, NGX_HTTP_INTERNAL_SERVER_ERROR, &error,
                              1);
    ngx_http_aime_reply_chars(reply, "\n\n");
}


/* An event without its end.  NGX_DECLINED: the value is no picture. */

static ngx_int_t
ngx_http_aime_openai_image_event(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, aime_json_value_t *value, const char *type)
{
    ngx_int_t         rc;
    aime_media_url_t  url;

    rc = ngx_http_aime_openai_media(call, value, &url);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_aime_reply_chars(reply, "event: ");
    ngx_http_aime_reply_chars(reply, type);
    ngx_http_aime_reply_chars(reply, "\ndata: {\"type\":\"");
    ngx_http_aime_reply_chars(reply, type);
    ngx_http_aime_reply_chars(reply, "\",\"b64_json\":\"");
    ngx_http_aime_reply_bytes(reply, url.body.data, url.body.len);
    ngx_http_aime_reply_chars(reply, "\",\"created_at\":");
    ngx_http_aime_reply_integer(reply, (ngx_int_t) call->created);
    ngx_http_aime_reply_chars(reply, NGX_HTTP_AIME_OPENAI_IMAGE_FACTS);
    ngx_http_aime_reply_chars(reply, aime_media_format_name(
                                      ngx_http_aime_openai_image_type(&url)));
    ngx_http_aime_reply_chars(reply, "\"");

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_image_broken(ngx_http_aime_openai_call_t *call)
{
    return ngx_http_aime_openai_refuse(call, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                       NULL, NULL,
                                       NGX_HTTP_AIME_OPENAI_NO_IMAGES);
}
