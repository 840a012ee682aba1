/*
 * What answers tell of an endpoint and never changes, as JSON texts.  Floor 3:
 * knows no request.
 */

#ifndef NGX_HTTP_AIME_ENDPOINT_TEXT_H_INCLUDED
#define NGX_HTTP_AIME_ENDPOINT_TEXT_H_INCLUDED


#include "ngx_http_aime_endpoint.h"
#include "ngx_http_aime_toml.h"


/*
 * Prints them once the rest is known; mistakes are logged.  NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_http_aime_endpoint_texts(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *endpoint);


#endif /* NGX_HTTP_AIME_ENDPOINT_TEXT_H_INCLUDED */
