
/* What the outside may know of a job, see ngx_aime_job_view.h. */


#include "ngx_aime_job_view.h"
#include "ngx_aime_job_state.h"
#include "ngx_aime_shm_index.h"
#include "ngx_aime_shm_queue.h"
#include "ngx_aime_wake.h"


static void ngx_aime_job_view_copy(ngx_aime_shm_job_t *job,
    ngx_aime_job_view_t *view);
static ngx_aime_shm_payload_t *ngx_aime_job_view_payload(
    ngx_aime_shm_job_t *job, ngx_uint_t what);
static double ngx_aime_job_estimate(ngx_aime_shm_job_t *job,
    ngx_uint_t position);


ngx_int_t
ngx_aime_job_view(ngx_aime_zone_t *zone, const u_char *id, ngx_uint_t what,
    ngx_aime_shm_parked_t *parked, ngx_aime_job_view_t *view)
{
    ngx_int_t                rc;
    ngx_aime_shm_job_t      *job;
    ngx_aime_shm_payload_t  *payload;

    rc = NGX_DECLINED;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);

    if (job == NULL) {
        goto done;
    }

    rc = NGX_OK;

    ngx_aime_job_view_copy(job, view);

    if (parked && ngx_aime_job_active(job)) {
        ngx_aime_wake_repark_locked(parked);
    }

    view->payload = NULL;
    payload = ngx_aime_job_view_payload(job, what);

    if (payload) {
        view->payload = ngx_aime_shm_hold_locked(zone, payload);

        if (view->payload == NULL) {
            rc = NGX_ERROR;
        }
    }

done:

    ngx_aime_shm_unlock(zone);

    return rc;
}


static void
ngx_aime_job_view_copy(ngx_aime_shm_job_t *job, ngx_aime_job_view_t *view)
{
    ngx_memcpy(view->id, job->id, NGX_AIME_ID_LEN);
    ngx_memcpy(view->owner, job->owner, NGX_AIME_ID_LEN);

    view->state = job->state;
    view->reason = job->reason;
    view->endpoint = job->queue->endpoint;
    view->changes = job->changes;
    view->open = job->open;
    view->has_session = job->session;

    if (job->session) {
        ngx_memcpy(view->session, ngx_aime_job_session(job), NGX_AIME_ID_LEN);
    }

    view->start_time = job->start_time;
    view->start_time_compute = job->start_time_compute;
    view->result_received_time = job->result_received_time;
    view->progress_len = job->progress_len;
    view->nonline = job->queue->type->nonline;

    view->position = (job->state == NGX_AIME_JOB_QUEUED)
                     ? ngx_aime_shm_queue_position_locked(job) : 0;

    view->estimate = ngx_aime_job_active(job)
                     ? ngx_aime_job_estimate(job, view->position) : 0;
}


static ngx_aime_shm_payload_t *
ngx_aime_job_view_payload(ngx_aime_shm_job_t *job, ngx_uint_t what)
{
    switch (what) {

    case NGX_AIME_VIEW_RESULT:
        return (job->state == NGX_AIME_JOB_DONE) ? job->result : NULL;

    case NGX_AIME_VIEW_PAYLOAD:
        return (job->state == NGX_AIME_JOB_DONE) ? job->result
                                                 : job->progress;

    case NGX_AIME_VIEW_NOTE:
        return job->note;

    default:
        return NULL;
    }
}


/* PROTOCOL section 4: expected remaining seconds. */

static double
ngx_aime_job_estimate(ngx_aime_shm_job_t *job, ngx_uint_t position)
{
    double                now, estimate;
    ngx_aime_shm_type_t  *type;

    type = job->queue->type;

    if (type->nonline == 0 || type->nfinished == 0) {
        return -1;
    }

    now = ngx_aime_job_now();

    if (job->state == NGX_AIME_JOB_PROCESSING) {
        estimate = type->mean_compute - (now - job->start_time_compute);

    } else {
        estimate = type->mean_compute * (position + 1) / type->nonline
                   - (now - job->start_time);
    }

    return ngx_max(estimate, 0);
}
