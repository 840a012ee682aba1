
/* Writing messages, see ngx_http_aime_openai_writer.h. */


#include "ngx_http_aime_openai_writer.h"
#include "ngx_http_aime_openai_field.h"


void
ngx_http_aime_openai_chars(ngx_http_aime_openai_writer_t *w,
    const char *text)
{
    w->p = ngx_cpymem(w->p, text, ngx_strlen(text));
}


void
ngx_http_aime_openai_slice(ngx_http_aime_openai_writer_t *w,
    const aime_str_t *text)
{
    w->p = ngx_cpymem(w->p, text->data, text->len);
}


ngx_int_t
ngx_http_aime_openai_wrong(ngx_http_aime_openai_writer_t *w,
    const char *member, const char *reason)
{
    u_char               *p;
    ngx_int_t             rc;
    ngx_uint_t            place;
    ngx_http_aime_ctx_t  *ctx;

    place = w->places ? w->places[w->index] : w->index;

    rc = ngx_http_aime_openai_refuse(w->call, NGX_HTTP_BAD_REQUEST, NULL,
                                     "invalid_value",
                                     "Invalid '%s[%ui]%s': it %s", w->param,
                                     place, member, reason);

    p = ngx_pnalloc(w->call->pool.ctx, ngx_strlen(w->param)
                                       + ngx_strlen(member) + NGX_INT_T_LEN
                                       + 2);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ctx = ngx_http_get_module_ctx(w->call->request, ngx_http_aime_api_module);

    ctx->param.data = p;
    ctx->param.len = ngx_sprintf(p, "%s[%ui]%s", w->param, place, member) - p;

    return rc;
}
