/*
 * Setters of directives.  Floor 3: knows no request, and loads no file.
 */

#ifndef NGX_HTTP_AIME_CONF_SET_H_INCLUDED
#define NGX_HTTP_AIME_CONF_SET_H_INCLUDED


#include "ngx_http_aime_conf.h"


extern ngx_conf_post_t  ngx_http_aime_session_timeout_post;


char *ngx_http_aime_set_server(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_aime_set_endpoint(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_aime_set_endpoints(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_aime_set_cors(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* What a location serves, if it is not told more: the command's offset. */
char *ngx_http_aime_set_location(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* NGX_HTTP_AIME_CONF_SET_H_INCLUDED */
