/*
 * Payloads: bytes of any length as a chain of chunks in the zone.  Reserved
 * under the lock, filled outside, published by a state change, read in place;
 * never changed once published.  Floor 1: knows not what the bytes mean.
 */

#ifndef NGX_AIME_SHM_PAYLOAD_H_INCLUDED
#define NGX_AIME_SHM_PAYLOAD_H_INCLUDED


#include "ngx_aime_shm_zone.h"


struct ngx_aime_shm_chunk_s {
    ngx_aime_shm_chunk_t        *next;
    uint32_t                     size;      /* bytes of data in this chunk */
    u_char                       data[1];
};


/* The payload's first chunk follows its header in the same slot. */

struct ngx_aime_shm_payload_s {
    size_t                       len;
    uint32_t                     refs;
    uint32_t                     failed;    /* a result that tells an error */
    ngx_aime_shm_chunk_t         first;
};


/*
 * A process's reference to a payload, on the list of its row, so that a dead
 * process's can be dropped.
 */

typedef struct {
    ngx_queue_t                  link;
    ngx_aime_shm_row_t          *row;
    ngx_aime_shm_payload_t      *payload;
} ngx_aime_shm_hold_t;


/* Where the next byte goes while a payload is filled. */

typedef struct {
    ngx_aime_shm_chunk_t        *chunk;
    size_t                       offset;
} ngx_aime_shm_cursor_t;


/*
 * Reserves room for len bytes, all or nothing, held by the row.  NULL: the
 * zone is full, or the process has no row.
 */
ngx_aime_shm_hold_t *ngx_aime_shm_reserve_locked(ngx_aime_zone_t *zone,
    size_t len);

/* The bytes of the zone that reserving len would take. */
size_t ngx_aime_shm_payload_cost(size_t len);

/*
 * Fills a reserved payload from front to back, outside the lock.  The caller
 * writes exactly the length that it reserved.
 */
void ngx_aime_shm_fill_start(ngx_aime_shm_cursor_t *cursor,
    ngx_aime_shm_payload_t *payload);
void ngx_aime_shm_fill(ngx_aime_shm_cursor_t *cursor, const u_char *data,
    size_t len);

/* Copies len bytes from offset on, which it must have, to dst. */
void ngx_aime_shm_copy(ngx_aime_shm_payload_t *payload, size_t offset,
    size_t len, u_char *dst);

/*
 * Turns the row's reference into the caller's own (a job's): the hold is
 * gone, the payload keeps its reference.
 */
ngx_aime_shm_payload_t *ngx_aime_shm_keep_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_hold_t *hold);

/* One more reference, held by the row.  NULL: as above. */
ngx_aime_shm_hold_t *ngx_aime_shm_hold_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_payload_t *payload);

/* Drops a reference; the last one frees the payload. */
void ngx_aime_shm_drop_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_hold_t *hold);
void ngx_aime_shm_release_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_payload_t *payload);

/*
 * For a repair, in this order: no payload has a reference; each is counted
 * again (and given back; NULL: it is no whole payload), the holds' by relink;
 * the sweep frees those without.
 */
void ngx_aime_shm_payload_reset_locked(ngx_aime_zone_t *zone);
ngx_aime_shm_payload_t *ngx_aime_shm_payload_again_locked(
    ngx_aime_zone_t *zone, ngx_aime_shm_payload_t *payload);
void ngx_aime_shm_hold_relink_locked(ngx_aime_zone_t *zone);
void ngx_aime_shm_payload_sweep_locked(ngx_aime_zone_t *zone);


#endif /* NGX_AIME_SHM_PAYLOAD_H_INCLUDED */
