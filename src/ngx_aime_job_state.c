
/* The states of a job, see ngx_aime_job_state.h. */


#include "ngx_aime_job_state.h"
#include "ngx_aime_ended.h"
#include "ngx_aime_job_count.h"
#include "ngx_aime_shm_client.h"
#include "ngx_aime_shm_failure.h"
#include "ngx_aime_shm_index.h"
#include "ngx_aime_shm_once.h"
#include "ngx_aime_shm_payload.h"
#include "ngx_aime_shm_queue.h"
#include "ngx_aime_wake.h"


static void ngx_aime_job_stop(ngx_aime_shm_job_t *job);
static void ngx_aime_job_return(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);
static void ngx_aime_job_end_note(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);


void
ngx_aime_job_enqueued_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    ngx_aime_job_arm_locked(zone, job, job->queued + job->queue_timeout);

    ngx_aime_shm_order();
    job->state = NGX_AIME_JOB_QUEUED;
    ngx_aime_shm_order();

    ngx_aime_job_rouse_locked(zone, job->queue->type);
}


void
ngx_aime_job_run_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_shm_worker_t *worker)
{
    double                now;
    ngx_aime_shm_type_t  *type;

    ngx_aime_shm_queue_take_locked(zone, job);

    type = job->queue->type;
    now = ngx_aime_job_now();

    job->start_time_compute = ngx_max(now, job->start_time);
    job->worker = worker;

    job->last_holder = worker->number;
    job->holders[job->attempts++] = worker->number;

    ngx_queue_insert_tail(&worker->running, &job->link);
    worker->nrunning++;
    type->nrunning++;

    if (worker->free_slots) {
        worker->free_slots--;
    }

    job->row = zone->row;
    job->handing = 1;
    ngx_queue_insert_tail(&zone->row->handovers, &job->handover);

    /* who repairs takes it as queued until here */

    ngx_aime_shm_order();
    job->state = NGX_AIME_JOB_PROCESSING;
    ngx_aime_shm_order();

    ngx_aime_shm_time_locked(&type->metrics.queue[job->priority],
                             (ngx_msec_int_t) (ngx_current_msec
                                               - job->queued));

    ngx_aime_job_arm_locked(zone, job,
                            ngx_current_msec + job->inactivity_timeout);
    ngx_aime_job_changed_locked(zone, job);
}


/* Its worker does not run it any more. */

static void
ngx_aime_job_stop(ngx_aime_shm_job_t *job)
{
    ngx_aime_shm_worker_t  *worker;

    /* who repairs takes it from here as one that waits for a worker */

    worker = job->worker;
    job->worker = NULL;
    ngx_aime_shm_order();

    if (job->handing) {
        job->handing = 0;
        ngx_queue_remove(&job->handover);
    }

    ngx_queue_remove(&job->link);
    ngx_queue_init(&job->link);

    job->lost = 0;
    worker->nrunning--;
    job->queue->type->nrunning--;
}


void
ngx_aime_job_requeue_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_retry_e why)
{
    job->queue->type->metrics.retries[why]++;

    ngx_aime_job_stop(job);
    ngx_aime_job_set_progress_locked(zone, job, NULL, 0);

    job->queued = ngx_current_msec;
    ngx_aime_job_return(zone, job);
}


static void
ngx_aime_job_return(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    ngx_aime_shm_queue_return_locked(job);
    ngx_aime_job_enqueued_locked(zone, job);
    ngx_aime_job_changed_locked(zone, job);
}


void
ngx_aime_job_retry_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_uint_t tried)
{
    job->holders[job->attempts - 1] = 0;

    if (!tried) {
        ngx_aime_job_stop(job);
        job->attempts--;
        ngx_aime_job_return(zone, job);

    } else if (job->attempts < job->max_attempts) {
        ngx_aime_job_requeue_locked(zone, job, NGX_AIME_RETRY_UNDELIVERED);

    } else {
        ngx_aime_job_end_locked(zone, job, NGX_AIME_JOB_LAPSED,
                                NGX_AIME_REASON_UNDELIVERED);
    }
}


void
ngx_aime_job_end_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_job_state_e state, ngx_aime_job_reason_e reason)
{
    ngx_uint_t  was;

    was = job->state;

    /* who repairs finds a job that has ended, or one that has not */

    ngx_aime_job_set_state_locked(job, state, reason, job->result_lifetime);
    ngx_aime_job_count_locked(zone, job);
    ngx_aime_job_end_note(zone, job);

    if (was == NGX_AIME_JOB_QUEUED) {
        ngx_aime_shm_queue_remove_locked(zone, job);

    } else {
        ngx_aime_job_stop(job);
    }

    ngx_aime_shm_client_remove_locked(zone, job);
    ngx_aime_job_set_progress_locked(zone, job, NULL, 0);

    ngx_aime_shm_release_locked(zone, job->input);
    job->input = NULL;

    ngx_aime_job_arm_locked(zone, job, job->due);
    ngx_aime_wake_all_locked(zone, &job->watchers);
}


/* For who wants to hear of it, while the job still has input and worker. */

static void
ngx_aime_job_end_note(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    double      now;
    ngx_uint_t  outcome;

    now = ngx_aime_job_now();
    outcome = ngx_aime_job_outcome_locked(job);

    ngx_aime_ended_note_locked(job, outcome, now);

    if (outcome != NGX_AIME_OUTCOME_SUCCESS
        && outcome != NGX_AIME_OUTCOME_CANCELLED)
    {
        ngx_aime_shm_failure_note_locked(zone, job, outcome, now);
    }
}


/* The state last: what goes with it stands before it does. */

void
ngx_aime_job_set_state_locked(ngx_aime_shm_job_t *job,
    ngx_aime_job_state_e state, ngx_aime_job_reason_e reason,
    ngx_msec_t timeout)
{
    job->reason = reason;
    job->due = ngx_current_msec + timeout;
    job->changes++;

    ngx_aime_shm_order();
    job->state = state;
    ngx_aime_shm_order();
}


void
ngx_aime_job_may_go_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    if (!job->fetched) {
        job->fetched = 1;
        ngx_queue_insert_tail(&zone->sh->fetched, &job->link);
    }
}


void
ngx_aime_job_delete_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    ngx_aime_shm_mark_locked(&zone->sh->arena, job, NGX_AIME_SHM_DRAFT);

    ngx_aime_wake_close_locked(zone, &job->watchers);

    ngx_aime_shm_id_remove_locked(zone, job);
    ngx_aime_shm_client_remove_locked(zone, job);

    if (job->deadlined) {
        ngx_aime_shm_deadline_remove_locked(zone, &job->deadline);
    }

    if (job->fetched) {
        ngx_queue_remove(&job->link);
    }

    if (job->once) {
        ngx_aime_shm_once_free_locked(zone, job->once);
    }

    if (job->result) {
        ngx_aime_shm_release_locked(zone, job->result);
    }

    if (job->note) {
        ngx_aime_shm_release_locked(zone, job->note);
    }

    ngx_aime_shm_free_locked(&zone->sh->arena, job);
}


void
ngx_aime_job_arm_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_msec_t due)
{
    job->due = due;

    ngx_aime_job_look_locked(zone, job, due);
}


/*
 * The tree is touched only if the deadline comes nearer; one that moved away
 * is noticed when the old one is due.
 */

void
ngx_aime_job_look_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_msec_t when)
{
    if (job->abandoned && ngx_aime_job_active(job)
        && (ngx_msec_int_t) (job->abandon - when) < 0)
    {
        when = job->abandon;
    }

    if (job->deadlined) {
        if ((ngx_msec_int_t) (when - job->deadline.key) >= 0) {
            return;
        }

        ngx_aime_shm_deadline_remove_locked(zone, &job->deadline);
    }

    job->deadlined = 1;
    ngx_aime_shm_deadline_add_locked(zone, &job->deadline,
                                     NGX_AIME_DEADLINE_JOB, when);
}


void
ngx_aime_job_changed_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    ngx_queue_t            *q, *next;
    ngx_aime_shm_parked_t  *parked;

    job->changes++;

    for (q = ngx_queue_head(&job->watchers.parked);
         q != ngx_queue_sentinel(&job->watchers.parked);
         q = next)
    {
        next = ngx_queue_next(q);
        parked = ngx_queue_data(q, ngx_aime_shm_parked_t, link);

        if (!parked->client || parked->watches) {
            ngx_aime_wake_entry_locked(zone, parked);
        }
    }
}


void
ngx_aime_job_set_progress_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_aime_shm_payload_t *progress,
    uint32_t progress_len)
{
    ngx_aime_shm_payload_t  *before;

    before = job->progress;

    /* at no time with another's length */

    job->progress = NULL;
    ngx_aime_shm_order();
    job->progress_len = progress_len;
    ngx_aime_shm_order();
    job->progress = progress;

    if (before) {
        ngx_aime_shm_release_locked(zone, before);
    }
}


ngx_uint_t
ngx_aime_job_owed_by_locked(ngx_aime_shm_job_t *job, uint64_t worker)
{
    ngx_uint_t  i;

    for (i = 0; i < job->attempts; i++) {
        if (job->holders[i] == worker) {
            return 1;
        }
    }

    return 0;
}


void
ngx_aime_job_settle_locked(ngx_aime_shm_job_t *job, uint64_t worker)
{
    ngx_uint_t  i;

    for (i = 0; i < job->max_attempts; i++) {
        if (job->holders[i] == worker) {
            job->holders[i] = 0;
        }
    }
}


void
ngx_aime_job_rouse_locked(ngx_aime_zone_t *zone, ngx_aime_shm_type_t *type)
{
    if (type->nqueued > type->polls.nwoken) {
        ngx_aime_wake_one_locked(zone, &type->polls);
    }
}
