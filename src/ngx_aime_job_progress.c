
/* What a worker says while a job runs, see ngx_aime_job_progress.h. */


#include "ngx_aime_job_progress.h"
#include "ngx_aime_job_state.h"
#include "ngx_aime_shm_index.h"
#include "ngx_aime_wake.h"


static ngx_int_t ngx_aime_job_progress_verdict(ngx_aime_shm_job_t *job,
    uint64_t worker);
static void ngx_aime_job_publish(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_aime_shm_hold_t *progress,
    uint32_t progress_len);
static ngx_aime_shm_worker_t *ngx_aime_job_last_holder(
    ngx_aime_shm_job_t *job);


ngx_int_t
ngx_aime_job_check_progress(ngx_aime_zone_t *zone, const u_char *id,
    uint64_t worker, ngx_aime_shm_endpoint_t **endpoint)
{
    ngx_int_t            rc;
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);
    rc = ngx_aime_job_progress_verdict(job, worker);

    if (rc != NGX_DECLINED) {
        *endpoint = job->queue->endpoint;
    }

    ngx_aime_shm_unlock(zone);

    return rc;
}


static ngx_int_t
ngx_aime_job_progress_verdict(ngx_aime_shm_job_t *job, uint64_t worker)
{
    if (job == NULL || !ngx_aime_job_owed_by_locked(job, worker)) {
        return NGX_DECLINED;
    }

    if (job->state == NGX_AIME_JOB_QUEUED) {
        return NGX_AGAIN;
    }

    return ngx_aime_job_runs_on(job, worker) ? NGX_OK : NGX_ABORT;
}


ngx_int_t
ngx_aime_job_progress(ngx_aime_zone_t *zone, const u_char *id,
    uint64_t worker, ngx_aime_shm_hold_t *progress, uint32_t progress_len,
    ngx_aime_shm_payload_t **before)
{
    ngx_int_t            rc;
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);
    rc = ngx_aime_job_progress_verdict(job, worker);

    if (rc == NGX_OK && before && job->progress != *before) {
        rc = NGX_BUSY;
    }

    if (rc == NGX_OK) {
        job->lost = 0;
        ngx_aime_job_arm_locked(zone, job,
                                ngx_current_msec + job->inactivity_timeout);

        if (progress) {
            ngx_aime_job_publish(zone, job, progress, progress_len);
        }

    } else if (progress) {
        ngx_aime_shm_drop_locked(zone, progress);
    }

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);

    return rc;
}


static void
ngx_aime_job_publish(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_shm_hold_t *progress, uint32_t progress_len)
{
    if (job->progress == NULL) {
        ngx_aime_shm_time_locked(&job->queue->type->metrics.first,
                                 1000 * (ngx_aime_job_now()
                                         - job->start_time_compute));
    }

    ngx_aime_job_set_progress_locked(zone, job,
                                     ngx_aime_shm_keep_locked(zone, progress),
                                     progress_len);
    ngx_aime_job_changed_locked(zone, job);
}


ngx_int_t
ngx_aime_job_worker(ngx_aime_zone_t *zone, ngx_pool_t *pool,
    const u_char *id, ngx_str_t *worker)
{
    u_char                  name[NGX_AIME_NAME_LEN];
    ngx_str_t               found;
    ngx_aime_shm_job_t     *job;
    ngx_aime_shm_worker_t  *holder;

    found.len = 0;
    found.data = name;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);
    holder = job ? ngx_aime_job_last_holder(job) : NULL;

    if (holder) {
        found.len = holder->name_len;
        ngx_memcpy(name, holder->name, found.len);
    }

    ngx_aime_shm_unlock(zone);

    if (found.len == 0) {
        return NGX_DECLINED;
    }

    worker->len = found.len;
    worker->data = ngx_pstrdup(pool, &found);

    return worker->data ? NGX_OK : NGX_ERROR;
}


/* Only where the job ended is it looked for among those of the type. */

static ngx_aime_shm_worker_t *
ngx_aime_job_last_holder(ngx_aime_shm_job_t *job)
{
    ngx_queue_t            *q, *workers;
    ngx_aime_shm_worker_t  *worker;

    if (job->worker) {
        return job->worker;
    }

    workers = &job->queue->type->workers;

    for (q = ngx_queue_head(workers);
         q != ngx_queue_sentinel(workers);
         q = ngx_queue_next(q))
    {
        worker = ngx_queue_data(q, ngx_aime_shm_worker_t, link);

        if (worker->number == job->last_holder) {
            return worker;
        }
    }

    return NULL;
}
