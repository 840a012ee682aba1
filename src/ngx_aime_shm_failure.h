/*
 * The latest jobs that did not end well, in a ring of fixed size: what is told
 * of them outlives the jobs, which go as soon as a client has fetched them.
 * Floor 1: knows not which jobs those are.
 */

#ifndef NGX_AIME_SHM_FAILURE_H_INCLUDED
#define NGX_AIME_SHM_FAILURE_H_INCLUDED


#include "ngx_aime_shm_zone.h"


/* Keeps a job that ends now (Unix seconds); the oldest one gives way. */
void ngx_aime_shm_failure_note_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_uint_t outcome, double now);

/* Adds what was said of it; nothing where the job is not kept any more. */
void ngx_aime_shm_failure_explain_locked(ngx_aime_zone_t *zone,
    const u_char *id, const u_char *error, size_t len);

/*
 * Copies them, the newest first; failures has room for NGX_AIME_NFAILURES.
 * Their number.
 */
ngx_uint_t ngx_aime_shm_failures(ngx_aime_zone_t *zone,
    ngx_aime_shm_failure_t *failures);


#endif /* NGX_AIME_SHM_FAILURE_H_INCLUDED */
