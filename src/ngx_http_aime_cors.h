/*
 * What browsers ask for, and are told, before scripts of other origins may use
 * a route.  Floor 3: knows no route.
 */

#ifndef NGX_HTTP_AIME_CORS_H_INCLUDED
#define NGX_HTTP_AIME_CORS_H_INCLUDED


#include "ngx_http_aime_request.h"


/* The headers that let browsers of other origins read the answer. */
ngx_int_t ngx_http_aime_cors(ngx_http_request_t *r, ngx_str_t *origin);

/* Answers a preflight request. */
ngx_int_t ngx_http_aime_preflight(ngx_http_request_t *r,
    ngx_uint_t methods);


#endif /* NGX_HTTP_AIME_CORS_H_INCLUDED */
