
/* Answers to browsers of other origins, see ngx_http_aime_cors.h. */


#include "ngx_http_aime_cors.h"
#include "ngx_http_aime_reply.h"


static ngx_uint_t ngx_http_aime_header_sane(ngx_str_t *value);


ngx_int_t
ngx_http_aime_cors(ngx_http_request_t *r, ngx_str_t *origin)
{
    ngx_str_t  vary;

    if (ngx_http_aime_reply_header(r, "Access-Control-Allow-Origin", origin)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (origin->len == 1 && origin->data[0] == '*') {
        return NGX_OK;
    }

    ngx_str_set(&vary, "Origin");

    return ngx_http_aime_reply_header(r, "Vary", &vary);
}


ngx_int_t
ngx_http_aime_preflight(ngx_http_request_t *r, ngx_uint_t methods)
{
    ngx_int_t             rc;
    ngx_str_t             value, *asked;
    ngx_http_aime_ctx_t  *ctx;

    /* the body, if there is one, must not be taken for the next request */

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    ctx->answered = 1;

    ngx_str_set(&value, "GET, HEAD, POST, OPTIONS");

    if (methods == NGX_HTTP_POST) {
        ngx_str_set(&value, "POST, OPTIONS");
    }

    if (ngx_http_aime_reply_header(r, "Access-Control-Allow-Methods", &value)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_set(&value, "Authorization, Content-Type, Idempotency-Key, "
                        "Last-Event-ID");

    asked = ngx_http_aime_header_in(r, "Access-Control-Request-Headers");

    if (asked && ngx_http_aime_header_sane(asked)) {
        value = *asked;
    }

    if (ngx_http_aime_reply_header(r, "Access-Control-Allow-Headers", &value)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_set(&value, "86400");

    if (ngx_http_aime_reply_header(r, "Access-Control-Max-Age", &value)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->header_only = 1;

    return ngx_http_send_header(r);
}


/* A list of header names, and nothing that is not. */

static ngx_uint_t
ngx_http_aime_header_sane(ngx_str_t *value)
{
    u_char      c;
    ngx_uint_t  i;

    if (value->len == 0 || value->len > 1024) {
        return 0;
    }

    for (i = 0; i < value->len; i++) {
        c = value->data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == ','
              || c == ' '))
        {
            return 0;
        }
    }

    return 1;
}
