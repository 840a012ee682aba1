/*
 * A job after a process was killed while it had the lock: made to fit its
 * state again.  Floor 2, for ngx_aime_repair.c, which has the lock.
 */

#ifndef NGX_AIME_JOB_MEND_H_INCLUDED
#define NGX_AIME_JOB_MEND_H_INCLUDED


#include "ngx_aime_shm_zone.h"


/*
 * Links the job again, after workers, and when nothing counts or refers to
 * anything yet (the _reset_locked() of payloads, queues, clients); those that
 * are queued are gathered.  One that lacks what it cannot do without is freed.
 */
void ngx_aime_job_mend_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_shm_rank_t **queued);


#endif /* NGX_AIME_JOB_MEND_H_INCLUDED */
