
/* Endpoints, see ngx_http_aime_endpoint.h. */


#include "ngx_http_aime_endpoint.h"


ngx_http_aime_output_t *
ngx_http_aime_output(ngx_array_t *outputs, aime_str_t *name)
{
    ngx_uint_t               i;
    ngx_http_aime_output_t  *output;

    output = outputs->elts;

    for (i = 0; i < outputs->nelts; i++) {
        if (output[i].name.len == name->len
            && ngx_memcmp(output[i].name.data, name->data, name->len) == 0)
        {
            return &output[i];
        }
    }

    return NULL;
}


/* All keys are looked at, found or not. */

ngx_http_aime_key_t *
ngx_http_aime_endpoint_key(ngx_http_aime_endpoint_t *endpoint,
    const u_char *id)
{
    ngx_uint_t            i;
    ngx_http_aime_key_t  *key, *found;

    key = endpoint->keys.elts;
    found = NULL;

    for (i = 0; i < endpoint->keys.nelts; i++) {
        if (ngx_http_aime_same_id(key[i].id, id)) {
            found = &key[i];
        }
    }

    return found;
}
