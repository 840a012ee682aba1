/*
 * The info routes, PROTOCOL section 2: /api/validate_key, /api/endpoints,
 * /api/endpoints/<endpoint>.
 */

#ifndef NGX_HTTP_AIME_INFO_H_INCLUDED
#define NGX_HTTP_AIME_INFO_H_INCLUDED


#include "ngx_http_aime_request.h"


ngx_int_t ngx_http_aime_info_key(ngx_http_request_t *r);
ngx_int_t ngx_http_aime_info_endpoints(ngx_http_request_t *r);
ngx_int_t ngx_http_aime_info_details(ngx_http_request_t *r);


#endif /* NGX_HTTP_AIME_INFO_H_INCLUDED */
