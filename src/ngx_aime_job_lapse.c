
/* What the sweep does to jobs, see ngx_aime_job_lapse.h. */


#include "ngx_aime_job_lapse.h"
#include "ngx_aime_job_state.h"
#include "ngx_aime_job_wait.h"
#include "ngx_aime_shm_payload.h"
#include "ngx_aime_shm_queue.h"
#include "ngx_aime_shm_worker.h"


/* what a worker says within this time of something else is the same, in ms */

#define NGX_AIME_SAME_TIME     500


#define ngx_aime_job_past(msec)                                               \
    ((ngx_msec_int_t) ((msec) - ngx_current_msec) <= 0)


static ngx_uint_t ngx_aime_job_overdue(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);
static ngx_uint_t ngx_aime_job_lapse(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_aime_job_reason_e reason);
static ngx_uint_t ngx_aime_job_worker_alive(ngx_aime_shm_job_t *job);
static void ngx_aime_job_worker_lost(ngx_aime_zone_t *zone,
    ngx_aime_shm_worker_t *worker);
static ngx_uint_t ngx_aime_job_removed_of(ngx_aime_zone_t *zone,
    ngx_aime_shm_queue_t *queue, ngx_uint_t max);


ngx_uint_t
ngx_aime_job_due_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    job->deadlined = 0;

    if (job->abandoned && ngx_aime_job_active(job)
        && ngx_aime_job_past(job->abandon))
    {
        ngx_aime_job_end_locked(zone, job, NGX_AIME_JOB_CANCELED,
                                NGX_AIME_REASON_HANGUP);
        return 0;
    }

    if (!ngx_aime_job_past(job->due)) {
        ngx_aime_job_look_locked(zone, job, job->due);
        return 0;
    }

    switch (job->state) {

    case NGX_AIME_JOB_QUEUED:
        return ngx_aime_job_lapse(zone, job, NGX_AIME_REASON_QUEUE_TIMEOUT);

    case NGX_AIME_JOB_PROCESSING:
        return ngx_aime_job_overdue(zone, job);

    default:
        ngx_aime_job_delete_locked(zone, job);
        return 0;
    }
}


/* Its worker said nothing of it for so long: is it the job, or the worker? */

static ngx_uint_t
ngx_aime_job_overdue(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    ngx_msec_t  again;

    if (job->lost) {
        return ngx_aime_job_lapse(zone, job, NGX_AIME_REASON_WORKER_LOST);
    }

    if (ngx_aime_job_worker_alive(job)) {
        return ngx_aime_job_lapse(zone, job, NGX_AIME_REASON_INACTIVITY);
    }

    again = job->worker->seen + job->inactivity_timeout;

    if (!ngx_aime_job_past(again)) {
        ngx_aime_job_look_locked(zone, job, again);
        return 0;
    }

    ngx_aime_job_worker_lost(zone, job->worker);

    return 0;
}


static ngx_uint_t
ngx_aime_job_lapse(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_job_reason_e reason)
{
    ngx_aime_job_end_locked(zone, job, NGX_AIME_JOB_LAPSED, reason);

    return 1;
}


/*
 * Was its worker heard of since it last said something of this job?  At about
 * the same time tells nothing: a worker reports on the jobs of a batch in
 * turn, and may have died just then.
 */

static ngx_uint_t
ngx_aime_job_worker_alive(ngx_aime_shm_job_t *job)
{
    ngx_msec_t  last;

    last = job->due - job->inactivity_timeout;

    return job->worker->nparked
           || (ngx_msec_int_t) (job->worker->seen - last)
              > NGX_AIME_SAME_TIME;
}


/*
 * All that the worker runs goes back into the queue, last job first, so that
 * the oldest one ends up in front.  What is to lapse is due now, as a job of
 * its own, since the sweep tells of each.
 */

static void
ngx_aime_job_worker_lost(ngx_aime_zone_t *zone, ngx_aime_shm_worker_t *worker)
{
    ngx_queue_t         *q, *prev;
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_worker_online_locked(worker, 0);

    for (q = ngx_queue_last(&worker->running);
         q != ngx_queue_sentinel(&worker->running);
         q = prev)
    {
        prev = ngx_queue_prev(q);
        job = ngx_queue_data(q, ngx_aime_shm_job_t, link);

        if (job->retry && job->attempts < job->max_attempts) {
            ngx_aime_job_requeue_locked(zone, job,
                                        NGX_AIME_RETRY_WORKER_LOST);
            continue;
        }

        job->lost = 1;
        ngx_aime_job_arm_locked(zone, job, ngx_current_msec);
    }
}


/* Endpoints that a later configuration has have a later generation. */

void
ngx_aime_job_removed_locked(ngx_aime_zone_t *zone, ngx_uint_t max)
{
    ngx_queue_t           *t, *q;
    ngx_aime_shm_type_t   *type;
    ngx_aime_shm_queue_t  *queue;

    for (t = ngx_queue_head(&zone->sh->types);
         t != ngx_queue_sentinel(&zone->sh->types);
         t = ngx_queue_next(t))
    {
        type = ngx_queue_data(t, ngx_aime_shm_type_t, link);

        for (q = ngx_queue_head(&type->queues);
             q != ngx_queue_sentinel(&type->queues);
             q = ngx_queue_next(q))
        {
            queue = ngx_queue_data(q, ngx_aime_shm_queue_t, link);

            if (queue->nqueued
                && queue->endpoint->generation < zone->generation)
            {
                max -= ngx_aime_job_removed_of(zone, queue, max);
            }
        }
    }
}


static ngx_uint_t
ngx_aime_job_removed_of(ngx_aime_zone_t *zone, ngx_aime_shm_queue_t *queue,
    ngx_uint_t max)
{
    ngx_uint_t            n;
    ngx_aime_shm_job_t   *job;
    ngx_aime_shm_walk_t   walk;

    ngx_aime_shm_queue_walk_locked(&walk, queue->type);
    walk.queue = queue;

    for (n = 0; n < max; n++) {
        job = ngx_aime_shm_queue_next_locked(&walk);

        if (job == NULL) {
            break;
        }

        ngx_aime_job_end_locked(zone, job, NGX_AIME_JOB_CANCELED,
                                NGX_AIME_REASON_REMOVED);
    }

    return n;
}


/* Its clients hang up, its polls go, its hand-overs fail. */

void
ngx_aime_job_release_row_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_row_t *row)
{
    ngx_queue_t            *q;
    ngx_aime_shm_job_t     *job;
    ngx_aime_shm_parked_t  *parked;

    while (!ngx_queue_empty(&row->parked)) {
        q = ngx_queue_head(&row->parked);
        parked = ngx_queue_data(q, ngx_aime_shm_parked_t, owned);
        job = NULL;

        if (parked->client && parked->topic) {
            job = ngx_queue_data(parked->topic, ngx_aime_shm_job_t, watchers);
        }

        if (job && ngx_aime_job_active(job)) {
            ngx_aime_job_hung_up_locked(zone, job, parked);
        }

        ngx_aime_job_unpark_locked(zone, parked);
    }

    while (!ngx_queue_empty(&row->handovers)) {
        q = ngx_queue_last(&row->handovers);
        job = ngx_queue_data(q, ngx_aime_shm_job_t, handover);
        ngx_aime_job_retry_locked(zone, job, 1);
    }

    while (!ngx_queue_empty(&row->holds)) {
        q = ngx_queue_head(&row->holds);
        ngx_aime_shm_drop_locked(zone, ngx_queue_data(q, ngx_aime_shm_hold_t,
                                                      link));
    }
}
