
/*
 * Files and folders of [STATIC].  Floor 3: sends them as nginx itself does,
 * knows no job.
 */

#ifndef NGX_HTTP_AIME_STATIC_H_INCLUDED
#define NGX_HTTP_AIME_STATIC_H_INCLUDED


#include "ngx_http_aime_conf.h"


/*
 * The entry of the request's server{} that its URI belongs to, the longest one,
 * or NULL.  claimed: so many bytes at the start of the URI lead to routes of
 * ours, an entry must name what lies further down.  The second one looks for
 * those that are not shorter than the name of the request's location, which
 * is nginx's own choice for what lies in it.
 */
ngx_http_aime_static_t *ngx_http_aime_static_find(ngx_http_request_t *r,
    ngx_int_t claimed);
ngx_http_aime_static_t *ngx_http_aime_static_here(ngx_http_request_t *r);

/*
 * Content handler: sends the file.  Returns what content handlers do; errors
 * are nginx's own, for error_page and the like.
 */
ngx_int_t ngx_http_aime_static_handler(ngx_http_request_t *r,
    ngx_http_aime_static_t *entry);


#endif /* NGX_HTTP_AIME_STATIC_H_INCLUDED */
