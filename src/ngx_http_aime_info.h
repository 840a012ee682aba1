/*
 * The info routes, PROTOCOL section 2: /api/validate_key, /api/endpoints,
 * /api/endpoints/<endpoint>.
 */

#ifndef NGX_HTTP_AIME_INFO_H_INCLUDED
#define NGX_HTTP_AIME_INFO_H_INCLUDED


#include "ngx_http_aime_request.h"


/* For the door: the fixed names, and what an endpoint's name leads to. */
extern ngx_http_aime_route_t  ngx_http_aime_info_routes[];
extern ngx_http_aime_route_t  ngx_http_aime_details_routes[];


#endif /* NGX_HTTP_AIME_INFO_H_INCLUDED */
