/*
 * A job's share in the counters, histograms and means.  Floor 2.  The zone's
 * lock must be held.
 */

#ifndef NGX_AIME_JOB_COUNT_H_INCLUDED
#define NGX_AIME_JOB_COUNT_H_INCLUDED


#include "ngx_aime_job.h"


/*
 * Counts what of the job is not counted yet: that it came, that it ended.  A
 * process may be killed in between; who repairs calls this for every job.
 */
void ngx_aime_job_count_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);

/* How it ended (ngx_aime_outcome_e), of a job in a final state. */
ngx_uint_t ngx_aime_job_outcome_locked(ngx_aime_shm_job_t *job);

/*
 * The times of a job that has its result, from the worker of that number, but
 * has not ended yet.
 */
void ngx_aime_job_count_times_locked(ngx_aime_shm_job_t *job,
    uint64_t worker);


#endif /* NGX_AIME_JOB_COUNT_H_INCLUDED */
