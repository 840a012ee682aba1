/*
 * A payload from pieces of a request: counted first, so that room can be
 * reserved, and copied then.  Floor 3: knows no route.
 */

#ifndef NGX_HTTP_AIME_PIECES_H_INCLUDED
#define NGX_HTTP_AIME_PIECES_H_INCLUDED


#include "ngx_http_aime_request.h"
#include "ngx_aime_shm_payload.h"


typedef struct {
    ngx_str_t                   *elts;
    ngx_uint_t                   nelts;
    size_t                       len;       /* of all */
    ngx_aime_shm_cursor_t        cursor;    /* how far they are copied: */
    ngx_uint_t                   next;      /* to the middle of that one */
    size_t                       copied;    /* of it */
} ngx_http_aime_pieces_t;


/* With room for n of them, the pool's.  NGX_ERROR: no memory. */
ngx_int_t ngx_http_aime_pieces_init(ngx_http_request_t *r,
    ngx_http_aime_pieces_t *pieces, ngx_uint_t n);

/* The data must stay until they are copied. */
void ngx_http_aime_pieces_add(ngx_http_aime_pieces_t *pieces,
    const void *data, size_t len);

/*
 * Adds two pieces, ,"name": and the value in one line, if that is one of the
 * outputs.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_aime_pieces_output(ngx_http_request_t *r,
    ngx_http_aime_pieces_t *pieces, ngx_array_t *outputs,
    aime_json_member_t *arg);

/*
 * Copies them to a payload that was reserved with pieces->len, max bytes more
 * at a time; 1: that was all.
 */
void ngx_http_aime_pieces_start(ngx_http_aime_pieces_t *pieces,
    ngx_aime_shm_payload_t *payload);
ngx_uint_t ngx_http_aime_pieces_copy(ngx_http_aime_pieces_t *pieces,
    size_t max);


#endif /* NGX_HTTP_AIME_PIECES_H_INCLUDED */
