
/*
 * Secrets of clients and workers, known by an id of each.  Floor 3: knows no
 * endpoint.
 */

#ifndef NGX_HTTP_AIME_KEY_H_INCLUDED
#define NGX_HTTP_AIME_KEY_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_aime_shm_zone.h"


/* The id (NGX_AIME_ID_LEN) of a secret: two that differ never have the same. */
void ngx_http_aime_key_id(const u_char *secret, size_t len, u_char *id);

/* Compares two ids in constant time: 1 if they are the same. */
ngx_uint_t ngx_http_aime_same_id(const u_char *a, const u_char *b);


#endif /* NGX_HTTP_AIME_KEY_H_INCLUDED */
