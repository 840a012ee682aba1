/*
 * Progress that tells only what is new (progress_mode "delta" of a model): the
 * texts of a report are put behind those of the one before, so that the zone
 * has the whole text, for who looks later or seldom.  Floor 3: knows no routes.
 */

#ifndef NGX_HTTP_AIME_GROW_H_INCLUDED
#define NGX_HTTP_AIME_GROW_H_INCLUDED


#include "ngx_http_aime_request.h"
#include "ngx_aime_shm_payload.h"


/*
 * Makes such a report's data whole.  *before holds the report that they follow
 * (NULL: none), which is the caller's to drop.  Nothing is done where the
 * endpoint has no outputs that grow.  NGX_ERROR: no memory, or no room.
 */
ngx_int_t ngx_http_aime_grow(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, const u_char *id,
    ngx_http_aime_args_t *data, ngx_aime_shm_hold_t **before);


#endif /* NGX_HTTP_AIME_GROW_H_INCLUDED */
