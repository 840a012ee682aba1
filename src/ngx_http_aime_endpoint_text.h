/*
 * What answers tell of an endpoint and never changes, as JSON texts.  Floor 3:
 * knows no request.
 */

#ifndef NGX_HTTP_AIME_ENDPOINT_TEXT_H_INCLUDED
#define NGX_HTTP_AIME_ENDPOINT_TEXT_H_INCLUDED


#include "ngx_http_aime_endpoint.h"
#include "ngx_http_aime_toml.h"


/* Prints them once the rest is known; a mistake is logged.  NGX_ERROR: no
   memory. */
ngx_int_t ngx_http_aime_endpoint_texts(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *endpoint);

/* A text as a JSON string, in memory of the pool. */
ngx_int_t ngx_http_aime_endpoint_quote(ngx_pool_t *pool, ngx_str_t *text,
    ngx_str_t *quoted);


#endif /* NGX_HTTP_AIME_ENDPOINT_TEXT_H_INCLUDED */
