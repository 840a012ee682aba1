/*
 * The state of the zone as one JSON document: job types with their workers,
 * endpoints, memory, processes, build.  Floor 3: knows no route.
 */

#ifndef NGX_HTTP_AIME_OVERVIEW_H_INCLUDED
#define NGX_HTTP_AIME_OVERVIEW_H_INCLUDED


#include "ngx_http_aime_reply.h"


typedef struct ngx_http_aime_overview_s  ngx_http_aime_overview_t;


/* Takes all numbers, into memory of the pool.  NULL: there is none. */
ngx_http_aime_overview_t *ngx_http_aime_overview_create(
    ngx_http_request_t *r, ngx_pool_t *pool);

/*
 * Writes some more of the document, about max bytes.  NGX_AGAIN: there is more
 * to come; NGX_OK: that was all.
 */
ngx_int_t ngx_http_aime_overview_write(ngx_http_aime_overview_t *overview,
    ngx_http_aime_reply_t *reply, off_t max);


#endif /* NGX_HTTP_AIME_OVERVIEW_H_INCLUDED */
