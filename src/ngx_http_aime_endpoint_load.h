/*
 * Endpoint files, checked and put into the form that requests need, while
 * nginx reads its configuration.  Floor 3: knows neither requests nor live
 * jobs.
 */

#ifndef NGX_HTTP_AIME_ENDPOINT_LOAD_H_INCLUDED
#define NGX_HTTP_AIME_ENDPOINT_LOAD_H_INCLUDED


#include "ngx_http_aime_endpoint.h"


/*
 * Parses an endpoint file (path: full and terminated) and checks it.  Mistakes
 * are logged with file, line and key at the emergency level, what is merely
 * unknown at the notice level; NULL: there was one.  Memory is cf->pool's.
 * server: the file that has the defaults, or NULL.  The endpoint's type is
 * looked up in types, an array of ngx_http_aime_type_t *, and added where it is
 * new.
 */
ngx_http_aime_endpoint_t *ngx_http_aime_endpoint_load(ngx_conf_t *cf,
    ngx_str_t *path, ngx_http_aime_server_t *server, ngx_array_t *types);


#endif /* NGX_HTTP_AIME_ENDPOINT_LOAD_H_INCLUDED */
