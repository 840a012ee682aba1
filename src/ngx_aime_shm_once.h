/*
 * Requests that are not to be done twice: jobs by their idempotency key.
 * Floor 1: knows not what a job's state means for the next such request.
 */

#ifndef NGX_AIME_SHM_ONCE_H_INCLUDED
#define NGX_AIME_SHM_ONCE_H_INCLUDED


#include "ngx_aime_shm_zone.h"


/* That of a key's digest (NGX_AIME_ID_LEN bytes), or NULL. */
ngx_aime_shm_once_t *ngx_aime_shm_once_find_locked(ngx_aime_zone_t *zone,
    const u_char *id);

/*
 * Gives the key to a job that has none; who had it before has it no more.
 * inputs is the digest of what the key goes with.  NGX_ERROR: the zone is full.
 */
ngx_int_t ngx_aime_shm_once_set_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, const u_char *id, const u_char *inputs);

/* Takes it from its job. */
void ngx_aime_shm_once_free_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_once_t *once);

/* For a repair, after the jobs: links those that have one, frees the others. */
void ngx_aime_shm_once_relink_locked(ngx_aime_zone_t *zone);


#endif /* NGX_AIME_SHM_ONCE_H_INCLUDED */
