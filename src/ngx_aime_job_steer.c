
/* What others than its worker decide, see ngx_aime_job_steer.h. */


#include "ngx_aime_job_steer.h"
#include "ngx_aime_job_state.h"
#include "ngx_aime_shm_index.h"
#include "ngx_aime_shm_queue.h"
#include "ngx_aime_wake.h"


ngx_int_t
ngx_aime_job_cancel(ngx_aime_zone_t *zone, const u_char *id,
    ngx_aime_job_reason_e reason)
{
    ngx_int_t            rc;
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);
    rc = job ? NGX_OK : NGX_DECLINED;

    if (job && ngx_aime_job_active(job)) {
        ngx_aime_job_end_locked(zone, job, NGX_AIME_JOB_CANCELED, reason);
    }

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);

    return rc;
}


ngx_int_t
ngx_aime_job_give_back(ngx_aime_zone_t *zone, const u_char *id)
{
    ngx_int_t            rc;
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);

    if (job == NULL) {
        rc = NGX_DECLINED;

    } else if (job->state != NGX_AIME_JOB_PROCESSING) {
        rc = NGX_BUSY;

    } else if (job->attempts >= job->max_attempts) {
        rc = NGX_ABORT;

    } else {
        rc = NGX_OK;
        ngx_aime_job_requeue_locked(zone, job, NGX_AIME_RETRY_ADMIN);
    }

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);

    return rc;
}


ngx_int_t
ngx_aime_job_set_priority(ngx_aime_zone_t *zone, const u_char *id,
    ngx_uint_t priority)
{
    ngx_int_t            rc;
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);

    if (job == NULL) {
        rc = NGX_DECLINED;

    } else if (job->state != NGX_AIME_JOB_QUEUED) {
        rc = NGX_BUSY;

    } else {
        rc = ngx_aime_shm_queue_priority_locked(zone, job, priority);

        if (rc == NGX_OK) {
            ngx_aime_job_changed_locked(zone, job);
        }
    }

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);

    return rc;
}
