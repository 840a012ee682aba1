/*
 * How many jobs a client has queued or running, in each queue that limits
 * them.  Floor 1: knows not what the limit is.
 */

#ifndef NGX_AIME_SHM_CLIENT_H_INCLUDED
#define NGX_AIME_SHM_CLIENT_H_INCLUDED


#include "ngx_aime_shm_zone.h"


/* That of an owner (NGX_AIME_ID_LEN bytes); 0 where none is counted. */
ngx_uint_t ngx_aime_shm_client_njobs_locked(ngx_aime_shm_queue_t *queue,
    const u_char *owner);

/*
 * Counts a job as one of its owner's, until it is removed; NGX_ERROR: the zone
 * is full.  A job that is not counted may be removed, too.
 */
ngx_int_t ngx_aime_shm_client_add_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);
void ngx_aime_shm_client_remove_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);

/*
 * For a repair, in this order: nobody has a job; each job that is still
 * counted; links who has jobs, and frees the others.
 */
void ngx_aime_shm_client_reset_locked(ngx_aime_zone_t *zone);
void ngx_aime_shm_client_again_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);
void ngx_aime_shm_client_relink_locked(ngx_aime_zone_t *zone);


#endif /* NGX_AIME_SHM_CLIENT_H_INCLUDED */
