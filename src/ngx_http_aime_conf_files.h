/*
 * The files that directives name: each is loaded once, while merging, when it
 * is known which server file gives the defaults of endpoints.  A file that
 * several locations or servers name is one endpoint.  Floor 3: knows no
 * request.
 */

#ifndef NGX_HTTP_AIME_CONF_FILES_H_INCLUDED
#define NGX_HTTP_AIME_CONF_FILES_H_INCLUDED


#include "ngx_http_aime_conf.h"


/*
 * Loads the server file, or the endpoint files, that a location itself names,
 * if it names any.  Messages tell the line of the directive.  NGX_OK,
 * NGX_ERROR.
 */
ngx_int_t ngx_http_aime_conf_server(ngx_conf_t *cf,
    ngx_http_aime_main_conf_t *amcf, ngx_http_aime_loc_conf_t *conf);
ngx_int_t ngx_http_aime_conf_endpoints(ngx_conf_t *cf,
    ngx_http_aime_loc_conf_t *conf);

/*
 * Adds the entries of [STATIC] to those of the location's server{}: it has
 * those of its server file, once there is a location of ours, and those of the
 * endpoint files of its locations.  NGX_OK, NGX_ERROR.
 */
ngx_int_t ngx_http_aime_conf_statics(ngx_conf_t *cf,
    ngx_http_aime_loc_conf_t *conf);

/* Routes of endpoints come first: tells of the entries that they hide. */
void ngx_http_aime_conf_hidden(ngx_conf_t *cf,
    ngx_http_aime_srv_conf_t *ascf);


#endif /* NGX_HTTP_AIME_CONF_FILES_H_INCLUDED */
