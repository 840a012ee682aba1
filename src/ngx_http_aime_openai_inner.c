
/* Objects of fields, see ngx_http_aime_openai_inner.h. */


#include "ngx_http_aime_openai_inner.h"


static ngx_int_t ngx_http_aime_openai_put_member(
    ngx_http_aime_openai_call_t *call, const char *name,
    const ngx_http_aime_openai_inner_t *known, aime_json_member_t *member);
static ngx_int_t ngx_http_aime_openai_unsupported_member(
    ngx_http_aime_openai_call_t *call, const char *name, aime_str_t *member);


ngx_int_t
ngx_http_aime_openai_put_inner(ngx_http_aime_openai_call_t *call,
    const char *name, const ngx_http_aime_openai_inner_t *known)
{
    ngx_int_t              rc;
    ngx_uint_t             i;
    aime_json_member_t    *field;
    ngx_http_aime_args_t   members;

    field = ngx_http_aime_openai_field_of(call, name);

    if (field == NULL) {
        return NGX_OK;
    }

    rc = ngx_http_aime_openai_get_object(call, name, &field->value, &members);

    for (i = 0; rc == NGX_OK && i < members.nelts; i++) {
        rc = ngx_http_aime_openai_put_member(call, name, known,
                                             &members.elts[i]);
    }

    return rc;
}


static ngx_int_t
ngx_http_aime_openai_put_member(ngx_http_aime_openai_call_t *call,
    const char *name, const ngx_http_aime_openai_inner_t *known,
    aime_json_member_t *member)
{
    size_t  len;

    if (member->value.type == AIME_JSON_NULL) {
        return NGX_OK;
    }

    for ( /* void */ ; known->name; known++) {
        len = ngx_strlen(known->name);

        if (member->name.len == len
            && ngx_memcmp(member->name.data, known->name, len) == 0)
        {
            break;
        }
    }

    if (known->take) {
        return known->take(call, &member->value);
    }

    if (known->field
        && ngx_http_aime_openai_input(call->service, known->field,
                                      ngx_strlen(known->field)))
    {
        return ngx_http_aime_openai_put(call, known->field, &member->value);
    }

    if (known->neutral
        && ngx_http_aime_openai_same(&member->value, known->neutral))
    {
        return NGX_OK;
    }

    return ngx_http_aime_openai_unsupported_member(call, name, &member->name);
}


static ngx_int_t
ngx_http_aime_openai_unsupported_member(ngx_http_aime_openai_call_t *call,
    const char *name, aime_str_t *member)
{
    ngx_str_t  text;

    text.data = ngx_pnalloc(call->request->pool, ngx_strlen(name)
                                                 + member->len + 1);
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    text.len = ngx_sprintf(text.data, "%s.%*s", name, member->len,
                           member->data)
               - text.data;

    return ngx_http_aime_openai_unsupported(call, &text);
}
