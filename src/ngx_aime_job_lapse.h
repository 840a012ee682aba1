/*
 * What the sweep does to jobs: deadlines that have come, and with them lost
 * workers; removed endpoints; what dead processes left.  Floor 2.  The lock
 * must be held, and ngx_aime_wake_send() follow once it is free.
 */

#ifndef NGX_AIME_JOB_LAPSE_H_INCLUDED
#define NGX_AIME_JOB_LAPSE_H_INCLUDED


#include "ngx_aime_shm_zone.h"


/*
 * The job's deadline has come, and is out of the tree; gives 1 if the job has
 * lapsed by it.
 */
ngx_uint_t ngx_aime_job_due_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);

/*
 * Cancels up to max jobs that wait for endpoints which this process's
 * configuration does not have any more.
 */
void ngx_aime_job_removed_locked(ngx_aime_zone_t *zone, ngx_uint_t max);

/* Releases all that hangs on the row of a dead or leaving process. */
void ngx_aime_job_release_row_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_row_t *row);


#endif /* NGX_AIME_JOB_LAPSE_H_INCLUDED */
