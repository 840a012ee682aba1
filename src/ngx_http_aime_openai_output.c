
/* Outputs, see ngx_http_aime_openai_output.h. */


#include "ngx_http_aime_openai_output.h"


/* letters of base64 that AIME_MEDIA_HEAD_LEN bytes have, in whole groups */

#define NGX_HTTP_AIME_OPENAI_HEAD   (AIME_MEDIA_HEAD_LEN / 3 * 4)


ngx_int_t
ngx_http_aime_openai_read(ngx_http_aime_openai_call_t *call,
    ngx_aime_shm_payload_t *payload, size_t offset)
{
    u_char             *start;
    size_t              len;
    aime_str_t          text;
    aime_json_error_t   mistake;

    len = payload->len - offset;

    start = ngx_palloc(call->pool.ctx, len + 2);
    if (start == NULL) {
        return NGX_ERROR;
    }

    ngx_aime_shm_copy(payload, offset, len, start);

    call->nlists = 0;

    /* a result is members, each with a comma in front; progress an object */

    if (len == 0) {
        start[len++] = ',';
    }

    if (start[0] == ',') {
        start[0] = '{';
        start[len++] = '}';
    }

    text.data = start;
    text.len = len;

    return (ngx_http_aime_openai_members(call, text, &call->outputs, &mistake)
            == NGX_OK)
           ? NGX_OK : NGX_ERROR;
}


aime_json_member_t *
ngx_http_aime_openai_out(ngx_http_aime_openai_call_t *call, const char *name)
{
    ngx_str_t  output;

    output = ngx_http_aime_openai_output(call->service, name);

    if (output.len == 0) {
        return NULL;
    }

    return ngx_http_aime_arg_named(&call->outputs, (char *) output.data,
                                   output.len);
}


ngx_uint_t
ngx_http_aime_openai_tokens(ngx_http_aime_openai_call_t *call,
    const char *name, ngx_uint_t *told)
{
    size_t               i;
    ngx_int_t            n;
    aime_str_t           text;
    aime_json_member_t  *output;

    output = ngx_http_aime_openai_out(call, name);

    if (output == NULL || output->value.type != AIME_JSON_NUMBER) {
        return 0;
    }

    text = output->value.text;

    for (i = 0; i < text.len && text.data[i] != '.'; i++) { /* void */ }

    n = ngx_atoi((u_char *) text.data, i);

    if (n == NGX_ERROR) {
        return 0;
    }

    if (told) {
        *told = 1;
    }

    return n;
}


ngx_int_t
ngx_http_aime_openai_members(ngx_http_aime_openai_call_t *call,
    aime_str_t text, ngx_http_aime_args_t *args, aime_json_error_t *mistake)
{
    int                  rc;
    aime_json_members_t  members;

    rc = aime_json_members(&call->pool, text, &members, mistake);

    if (rc != AIME_OK) {
        return (rc == AIME_ERROR) ? NGX_DECLINED : NGX_ERROR;
    }

    args->elts = members.elts;
    args->nelts = members.nelts;

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_openai_decode(ngx_http_aime_openai_call_t *call,
    aime_json_value_t *value, ngx_str_t *text)
{
    aime_str_t  decoded;

    if (value->type != AIME_JSON_STRING) {
        return NGX_DECLINED;
    }

    if (aime_json_decode(&call->pool, value->text, &decoded) != AIME_OK) {
        return NGX_ERROR;
    }

    text->data = (u_char *) decoded.data;
    text->len = decoded.len;

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_openai_media(ngx_http_aime_openai_call_t *call,
    aime_json_value_t *value, aime_media_url_t *url)
{
    size_t      offset;
    ngx_int_t   rc;
    ngx_str_t   text;
    aime_str_t  data;

    rc = ngx_http_aime_openai_decode(call, value, &text);

    if (rc != NGX_OK) {
        return rc;
    }

    data.data = text.data;
    data.len = text.len;

    if (aime_media_url(data, url) != AIME_OK) {
        ngx_memzero(url, sizeof(aime_media_url_t));
        url->body = data;
    }

    return (url->body.len
            && aime_media_base64_check(url->body, &offset) == AIME_OK)
           ? NGX_OK : NGX_DECLINED;
}


aime_media_format_e
ngx_http_aime_openai_media_format(aime_media_url_t *url)
{
    u_char      buf[AIME_MEDIA_HEAD_LEN];
    aime_str_t  head;

    head.data = url->body.data;
    head.len = ngx_min(url->body.len, NGX_HTTP_AIME_OPENAI_HEAD);

    head.len = aime_media_base64_decode(buf, head) - buf;
    head.data = buf;

    return aime_media_sniff(head);
}


/* An error that is no string is told as it was written. */

ngx_int_t
ngx_http_aime_openai_failure(ngx_http_aime_openai_call_t *call,
    ngx_str_t *text)
{
    ngx_int_t            rc;
    aime_json_member_t  *error;

    error = ngx_http_aime_openai_out(call, "error");

    if (error == NULL || error->value.type == AIME_JSON_FALSE) {
        return NGX_DECLINED;
    }

    rc = ngx_http_aime_openai_decode(call, &error->value, text);

    if (rc == NGX_DECLINED) {
        text->data = (u_char *) error->value.text.data;
        text->len = error->value.text.len;
        rc = NGX_OK;
    }

    return (rc == NGX_OK && text->len == 0) ? NGX_DECLINED : rc;
}


/*
 * The tool calls of the only choice are an array too, which is known from its
 * elements being objects.
 */

aime_json_value_t *
ngx_http_aime_openai_choice(ngx_http_aime_openai_call_t *call,
    const char *name, ngx_uint_t i)
{
    aime_json_member_t    *output;
    aime_json_elements_t  *list;

    output = ngx_http_aime_openai_out(call, name);

    if (output == NULL) {
        return NULL;
    }

    list = ngx_http_aime_openai_elements(call, &output->value);

    if (list && list->nelts
        && (call->n > 1 || list->elts[0].type != AIME_JSON_OBJECT))
    {
        return (i < list->nelts && list->elts[i].type != AIME_JSON_NULL)
               ? &list->elts[i] : NULL;
    }

    return (i == 0) ? &output->value : NULL;
}


/* Each is taken apart once, however many choices ask for their share. */

aime_json_elements_t *
ngx_http_aime_openai_elements(ngx_http_aime_openai_call_t *call,
    aime_json_value_t *value)
{
    ngx_uint_t                    i;
    aime_json_error_t             mistake;
    ngx_http_aime_openai_list_t  *list;

    if (value->type != AIME_JSON_ARRAY) {
        return NULL;
    }

    for (i = 0; i < call->nlists; i++) {
        if (call->lists[i].text == value->text.data) {
            return &call->lists[i].elements;
        }
    }

    if (call->nlists == NGX_HTTP_AIME_OPENAI_MAX_LISTS) {
        call->nlists = 0;
    }

    list = &call->lists[call->nlists];

    if (aime_json_elements(&call->pool, value->text, &list->elements,
                           &mistake)
        != AIME_OK)
    {
        return NULL;
    }

    list->text = value->text.data;
    call->nlists++;

    return &list->elements;
}


void
ngx_http_aime_openai_value(ngx_http_aime_reply_t *reply,
    aime_json_value_t *value)
{
    if (value == NULL) {
        ngx_http_aime_reply_chars(reply, "null");
        return;
    }

    ngx_http_aime_reply_bytes(reply, value->text.data, value->text.len);
}
