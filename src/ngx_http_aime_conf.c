
/* Look-ups in the configuration, see ngx_http_aime_conf.h. */


#include "ngx_http_aime_conf.h"


ngx_http_aime_type_t *
ngx_http_aime_type_named(ngx_http_aime_main_conf_t *amcf, ngx_str_t *name)
{
    ngx_uint_t              i;
    ngx_http_aime_type_t  **type;

    type = amcf->types.elts;

    for (i = 0; i < amcf->types.nelts; i++) {
        if (type[i]->name.len == name->len
            && ngx_memcmp(type[i]->name.data, name->data, name->len) == 0)
        {
            return type[i];
        }
    }

    return NULL;
}


ngx_http_aime_type_t *
ngx_http_aime_type_of(ngx_http_aime_main_conf_t *amcf,
    ngx_aime_shm_type_t *shm)
{
    ngx_uint_t              i;
    ngx_http_aime_type_t  **type;

    type = amcf->types.elts;

    for (i = 0; i < amcf->types.nelts; i++) {
        if (type[i]->shm == shm) {
            return type[i];
        }
    }

    return NULL;
}


ngx_uint_t
ngx_http_aime_type_limit(ngx_http_aime_main_conf_t *amcf,
    ngx_aime_shm_type_t *shm)
{
    ngx_uint_t                  i, limit;
    ngx_http_aime_endpoint_t  **ep;

    ep = amcf->endpoints.elts;
    limit = 0;

    for (i = 0; i < amcf->endpoints.nelts; i++) {
        if (ep[i]->type->shm == shm) {
            limit = ngx_max(limit, ep[i]->max_queue_length);
        }
    }

    return limit;
}


ngx_http_aime_endpoint_t *
ngx_http_aime_endpoint_of(ngx_http_aime_main_conf_t *amcf,
    ngx_aime_shm_endpoint_t *shm)
{
    ngx_uint_t                  i;
    ngx_http_aime_endpoint_t  **ep;

    ep = amcf->endpoints.elts;

    for (i = 0; i < amcf->endpoints.nelts; i++) {
        if (ep[i]->shm == shm) {
            return ep[i];
        }
    }

    return NULL;
}


ngx_http_aime_endpoint_t *
ngx_http_aime_endpoint_named(ngx_array_t *endpoints, ngx_str_t *name)
{
    ngx_uint_t                  i;
    ngx_http_aime_endpoint_t  **ep;

    ep = endpoints->elts;

    for (i = 0; i < endpoints->nelts; i++) {
        if (ep[i]->name.len == name->len
            && ngx_memcmp(ep[i]->name.data, name->data, name->len) == 0)
        {
            return ep[i];
        }
    }

    return NULL;
}


ngx_str_t *
ngx_http_aime_user_of(ngx_http_aime_main_conf_t *amcf, const u_char *id)
{
    ngx_uint_t                  i;
    ngx_http_aime_key_t        *key;
    ngx_http_aime_endpoint_t  **ep;

    ep = amcf->endpoints.elts;

    for (i = 0; i < amcf->endpoints.nelts; i++) {
        key = ngx_http_aime_endpoint_key(ep[i], id);

        if (key) {
            return &key->user;
        }
    }

    return NULL;
}


ngx_uint_t
ngx_http_aime_any_key(ngx_http_aime_main_conf_t *amcf, const u_char *id)
{
    ngx_uint_t                  i, found;
    ngx_http_aime_endpoint_t  **ep;

    ep = amcf->endpoints.elts;
    found = 0;

    for (i = 0; i < amcf->endpoints.nelts; i++) {
        if (ngx_http_aime_endpoint_key(ep[i], id)) {
            found = 1;
        }
    }

    return found;
}
