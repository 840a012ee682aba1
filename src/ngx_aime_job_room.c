
/* Room in the zone, see ngx_aime_job_room.h. */


#include "ngx_aime_job_room.h"
#include "ngx_aime_job_state.h"
#include "ngx_aime_shm_vars.h"
#include "ngx_aime_wake.h"


/* jobs that give way at once when the zone is full */

#define NGX_AIME_EVICT_MAX     64

/*
 * One block in so many, but at least so many, is not for inputs, and half of
 * those are for results only.
 */

#define NGX_AIME_SPARE_SHARE   16
#define NGX_AIME_SPARE_MIN     6

/* a result that finds no room keeps others from new blocks that long, in ms */

#define NGX_AIME_STARVED       500


static void ngx_aime_job_starve(ngx_aime_zone_t *zone, size_t len,
    ngx_uint_t waits);


ngx_aime_shm_hold_t *
ngx_aime_job_reserve(ngx_aime_zone_t *zone, size_t len,
    ngx_aime_job_room_e room)
{
    ngx_uint_t            evicted, nfree;
    ngx_aime_shm_hold_t  *hold;

    if (zone->row == NULL || !ngx_aime_job_fits(zone, len)) {
        return NULL;
    }

    do {
        evicted = 0;

        ngx_aime_shm_lock(zone);

        nfree = zone->sh->arena.nfree;
        hold = ngx_aime_shm_reserve_locked(zone, len);

        if (hold && ngx_aime_job_overdrawn_locked(zone, nfree, room)) {
            ngx_aime_shm_drop_locked(zone, hold);
            hold = NULL;
        }

        if (hold == NULL && !ngx_aime_job_starved_locked(zone, room)) {
            evicted = ngx_aime_job_evict_locked(zone,
                                             ngx_aime_shm_payload_cost(len));
        }

        if (room == NGX_AIME_ROOM_RESULT && evicted == 0) {
            ngx_aime_job_starve(zone, len, hold == NULL);
        }

        ngx_aime_shm_unlock(zone);
        ngx_aime_wake_send(zone);

    } while (evicted);

    return hold;
}


/*
 * A result waits for room, or has found it.  It tries again and again; a large
 * one would never find as much at once if every block that becomes free went
 * to a new job.  Noted is the largest one that waits, for as long as it tries:
 * its process may be killed.
 */

static void
ngx_aime_job_starve(ngx_aime_zone_t *zone, size_t len, ngx_uint_t waits)
{
    ngx_aime_shm_t  *sh;

    sh = zone->sh;

    if (len < sh->starved_len
        && ngx_aime_job_starved_locked(zone, NGX_AIME_ROOM_INPUT))
    {
        return;
    }

    sh->starved_len = waits ? len : 0;
    sh->starved = ngx_current_msec;
}


void
ngx_aime_job_drop(ngx_aime_zone_t *zone, ngx_aime_shm_hold_t *hold)
{
    ngx_aime_shm_lock(zone);

    ngx_aime_shm_drop_locked(zone, hold);

    ngx_aime_shm_unlock(zone);
}


ngx_uint_t
ngx_aime_job_fits(ngx_aime_zone_t *zone, size_t len)
{
    return ngx_aime_shm_payload_cost(len) / NGX_AIME_SHM_BLOCK_SIZE
           < zone->sh->arena.nblocks;
}


ngx_uint_t
ngx_aime_job_overdrawn_locked(ngx_aime_zone_t *zone, ngx_uint_t nfree,
    ngx_aime_job_room_e room)
{
    ngx_uint_t             spare;
    ngx_aime_shm_arena_t  *arena;

    arena = &zone->sh->arena;

    spare = ngx_max(arena->nblocks / NGX_AIME_SPARE_SHARE,
                    NGX_AIME_SPARE_MIN);

    if (room != NGX_AIME_ROOM_INPUT) {
        spare = (room == NGX_AIME_ROOM_PROGRESS) ? spare / 2 : 0;
    }

    return arena->nfree < nfree
           && (arena->nfree < spare
               || ngx_aime_job_starved_locked(zone, room));
}


ngx_uint_t
ngx_aime_job_starved_locked(ngx_aime_zone_t *zone, ngx_aime_job_room_e room)
{
    return room != NGX_AIME_ROOM_RESULT
           && zone->sh->starved_len
           && ngx_current_msec - zone->sh->starved < NGX_AIME_STARVED;
}


ngx_uint_t
ngx_aime_job_evict_locked(ngx_aime_zone_t *zone, size_t size)
{
    size_t        used;
    ngx_uint_t    n;
    ngx_queue_t  *q;

    used = zone->sh->arena.used;

    for (n = 0; n < NGX_AIME_EVICT_MAX; n++) {
        if (used - zone->sh->arena.used >= size) {
            break;
        }

        if (ngx_queue_empty(&zone->sh->fetched)) {
            if (!ngx_aime_shm_vars_give_way_locked(zone)) {
                break;
            }

            continue;
        }

        q = ngx_queue_head(&zone->sh->fetched);
        ngx_aime_job_delete_locked(zone,
                                 ngx_queue_data(q, ngx_aime_shm_job_t, link));
    }

    return n;
}
