/*
 * aime_api_admin: who may use it, its routes, and what all of them need.
 *
 * Whoever comes must be let in by nginx's access phase, where the name and the
 * password of [ADMIN] are asked for.  What changes something is a POST of JSON
 * from no other origin: a page elsewhere cannot have a browser send that.
 * Floor 3.
 */

#ifndef NGX_HTTP_AIME_ADMIN_H_INCLUDED
#define NGX_HTTP_AIME_ADMIN_H_INCLUDED


#include "ngx_http_aime_request.h"


/* For the door. */
extern ngx_http_aime_route_t  ngx_http_aime_admin_routes[];

/* Handler of the access phase: of no concern but in such a location. */
ngx_int_t ngx_http_aime_admin_access(ngx_http_request_t *r);


#endif /* NGX_HTTP_AIME_ADMIN_H_INCLUDED */
