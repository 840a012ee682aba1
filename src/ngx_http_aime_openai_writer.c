
/* Writing messages, see ngx_http_aime_openai_writer.h. */


#include "ngx_http_aime_openai_writer.h"
#include "ngx_http_aime_openai_field.h"
#include "ngx_http_aime_openai_output.h"


static ngx_int_t ngx_http_aime_openai_parted_one(
    ngx_http_aime_openai_writer_t *w, const char *name,
    aime_json_value_t *value, ngx_http_aime_openai_part_pt part);


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
ngx_http_aime_openai_parted(ngx_http_aime_openai_writer_t *w,
    const char *name, aime_json_member_t *content,
    ngx_http_aime_openai_part_pt part)
{
    int                    rc;
    size_t                 i;
    ngx_int_t              answer;
    aime_json_error_t      mistake;
    aime_json_elements_t   parts;

    if (content && content->value.type == AIME_JSON_STRING) {
        ngx_http_aime_openai_slice(w, &content->value.text);
        return NGX_OK;
    }

    if (content == NULL || content->value.type != AIME_JSON_ARRAY) {
        return ngx_http_aime_openai_wrong(w, name,
                                          "must be a string or a list");
    }

    rc = aime_json_elements(&w->call->pool, content->value.text, &parts,
                            &mistake);

    if (rc != AIME_OK) {
        return (rc == AIME_NOMEM)
               ? NGX_ERROR
               : ngx_http_aime_openai_wrong(w, name, mistake.reason);
    }

    ngx_http_aime_openai_chars(w, "[");

    for (i = 0; i < parts.nelts; i++) {

        if (i) {
            ngx_http_aime_openai_chars(w, ",");
        }

        answer = ngx_http_aime_openai_parted_one(w, name, &parts.elts[i],
                                                 part);

        if (answer != NGX_OK) {
            return answer;
        }
    }

    ngx_http_aime_openai_chars(w, "]");

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_parted_one(ngx_http_aime_openai_writer_t *w,
    const char *name, aime_json_value_t *value,
    ngx_http_aime_openai_part_pt part)
{
    ngx_int_t             rc;
    aime_json_error_t     mistake;
    ngx_http_aime_args_t  args;

    if (value->type != AIME_JSON_OBJECT) {
        return ngx_http_aime_openai_wrong(w, name,
                                          "must have objects as its parts");
    }

    rc = ngx_http_aime_openai_members(w->call, value->text, &args, &mistake);

    if (rc != NGX_OK) {
        return (rc == NGX_ERROR)
               ? rc : ngx_http_aime_openai_wrong(w, name,
                                                 "has a part with too many "
                                                 "members");
    }

    return part(w, name, value, &args);
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
