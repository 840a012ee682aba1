/*
 * Configurations made, merged and finished, as nginx's modules do it.  Floor 3:
 * knows no request.
 */

#ifndef NGX_HTTP_AIME_CONF_MERGE_H_INCLUDED
#define NGX_HTTP_AIME_CONF_MERGE_H_INCLUDED


#include "ngx_http_aime_conf.h"


void *ngx_http_aime_create_main_conf(ngx_conf_t *cf);
char *ngx_http_aime_init_main_conf(ngx_conf_t *cf, void *conf);
void *ngx_http_aime_create_srv_conf(ngx_conf_t *cf);
void *ngx_http_aime_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_aime_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child);

/*
 * What is known only when everything is merged: the files that hold secrets,
 * and the entries of [STATIC] that routes hide.
 */
ngx_int_t ngx_http_aime_finish_conf(ngx_conf_t *cf);


#endif /* NGX_HTTP_AIME_CONF_MERGE_H_INCLUDED */
