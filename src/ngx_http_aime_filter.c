
/* Output filters, see ngx_http_aime_filter.h. */


#include "ngx_http_aime_filter.h"
#include "ngx_http_aime_body.h"
#include "ngx_http_aime_openai_header.h"
#include "ngx_http_aime_cors.h"
#include "ngx_http_aime_error.h"
#include "ngx_http_aime_route.h"


static ngx_int_t ngx_http_aime_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_aime_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


void
ngx_http_aime_filter_init(void)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_aime_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_aime_body_filter;

    ngx_http_aime_body_init();
}


/*
 * Client libraries parse every answer as JSON, whatever its status: errors
 * that nginx makes on our routes get their shape here.
 */

static ngx_int_t
ngx_http_aime_header_filter(ngx_http_request_t *r)
{
    ngx_http_aime_ctx_t       *ctx;
    ngx_http_aime_loc_conf_t  *alcf;

    alcf = ngx_http_get_module_loc_conf(r, ngx_http_aime_api_module);

    ctx = (r == r->main) ? ngx_http_aime_route_find(r) : NULL;

    if (ctx == NULL) {
        return ngx_http_next_header_filter(r);
    }

    if (!ctx->answered && r->headers_out.status >= NGX_HTTP_BAD_REQUEST) {
        if (ngx_http_aime_replace_error(r, &ctx->replacement) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (alcf->cors.len && ngx_http_aime_public(ctx->route)
        && ngx_http_aime_cors(r, &alcf->cors) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ctx->route->shape == NGX_HTTP_AIME_SHAPE_OPENAI
        && ngx_http_aime_openai_headers(r) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_next_header_filter(r);
}


static ngx_int_t
ngx_http_aime_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_chain_t          *cl, *out;
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    if (ctx == NULL || in == NULL || r != r->main
        || (ctx->replacement == NULL && !ctx->replaced))
    {
        return ngx_http_next_body_filter(r, in);
    }

    for (cl = in; cl; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
        cl->buf->file_pos = cl->buf->file_last;
    }

    out = ctx->replacement;
    ctx->replacement = NULL;
    ctx->replaced = 1;

    return ngx_http_next_body_filter(r, out);
}

