/*
 * Room in the zone for what goes with jobs: who may have the last of it, and
 * what gives way when it is full.  Floor 2.
 */

#ifndef NGX_AIME_JOB_ROOM_H_INCLUDED
#define NGX_AIME_JOB_ROOM_H_INCLUDED


#include "ngx_aime_shm_payload.h"


/* what a payload is for: the last room is kept for what lets the queue move */

typedef enum {
    NGX_AIME_ROOM_INPUT = 0,
    NGX_AIME_ROOM_PROGRESS,
    NGX_AIME_ROOM_RESULT
} ngx_aime_job_room_e;


/*
 * Room for a payload of len bytes, held by this process.  When the zone is
 * full, results that were fetched already give way, oldest first, and then
 * sessions of variables.  NULL: still no room.
 */
ngx_aime_shm_hold_t *ngx_aime_job_reserve(ngx_aime_zone_t *zone, size_t len,
    ngx_aime_job_room_e room);
void ngx_aime_job_drop(ngx_aime_zone_t *zone, ngx_aime_shm_hold_t *hold);

/* Can a payload of that length ever fit into the zone? */
ngx_uint_t ngx_aime_job_fits(ngx_aime_zone_t *zone, size_t len);


/* For the other units of ngx_aime_job_*, with the lock held. */

/*
 * Were blocks taken (there were nfree) that this kind may not have?  If inputs
 * could fill the zone, no worker could log in, be handed a job or give its
 * result, and nothing would ever become free.
 */
ngx_uint_t ngx_aime_job_overdrawn_locked(ngx_aime_zone_t *zone,
    ngx_uint_t nfree, ngx_aime_job_room_e room);

/* Has this kind to leave the room to a result that waits? */
ngx_uint_t ngx_aime_job_starved_locked(ngx_aime_zone_t *zone,
    ngx_aime_job_room_e room);

/* Has something give way, until size bytes are free; 0: there was nothing. */
ngx_uint_t ngx_aime_job_evict_locked(ngx_aime_zone_t *zone, size_t size);


#endif /* NGX_AIME_JOB_ROOM_H_INCLUDED */
