
/* Jobs are handed to workers, see ngx_aime_job_take.h. */


#include "ngx_aime_job_take.h"
#include "ngx_aime_job_room.h"
#include "ngx_aime_job_state.h"
#include "ngx_aime_job_wait.h"
#include "ngx_aime_shm_index.h"
#include "ngx_aime_shm_queue.h"
#include "ngx_aime_shm_worker.h"
#include "ngx_aime_wake.h"


/* how often a disabled worker's poll looks whether it may again, in ms */

#define NGX_AIME_DISABLED_LOOK 1000


static ngx_int_t ngx_aime_job_take_locked(ngx_aime_zone_t *zone,
    ngx_aime_job_poll_t *poll, ngx_aime_shm_worker_t *worker);
static ngx_uint_t ngx_aime_job_take_batch(ngx_aime_zone_t *zone,
    ngx_aime_job_poll_t *poll, ngx_aime_shm_worker_t *worker);
static ngx_msec_t ngx_aime_job_linger(ngx_aime_job_poll_t *poll,
    ngx_aime_shm_job_t *first);
static ngx_int_t ngx_aime_job_hand_over(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_aime_shm_worker_t *worker,
    ngx_aime_job_handover_t *handover);
static ngx_int_t ngx_aime_job_park_poll(ngx_aime_zone_t *zone,
    ngx_aime_job_poll_t *poll, ngx_aime_shm_worker_t *worker);
static void ngx_aime_job_take_back(ngx_aime_zone_t *zone,
    ngx_aime_job_handover_t *jobs, ngx_uint_t njobs, ngx_uint_t tried);
static ngx_aime_shm_job_t *ngx_aime_job_handed(ngx_aime_zone_t *zone,
    ngx_aime_job_handover_t *handover);


ngx_int_t
ngx_aime_job_take(ngx_aime_zone_t *zone, ngx_aime_job_poll_t *poll)
{
    ngx_int_t               rc;
    ngx_aime_shm_worker_t  *worker;

    poll->njobs = 0;
    poll->linger = 0;

    ngx_aime_shm_lock(zone);

    worker = ngx_aime_shm_worker_find_locked(zone, poll->type, &poll->worker);

    rc = worker ? ngx_aime_job_take_locked(zone, poll, worker)
                : NGX_DECLINED;

    if (rc == NGX_BUSY) {
        rc = ngx_aime_job_park_poll(zone, poll, worker);

    } else if (poll->parked) {
        ngx_aime_job_unpark_locked(zone, poll->parked);
        poll->parked = NULL;
    }

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);

    return rc;
}


/* NGX_BUSY: nothing now, it is to wait in its turn. */

static ngx_int_t
ngx_aime_job_take_locked(ngx_aime_zone_t *zone, ngx_aime_job_poll_t *poll,
    ngx_aime_shm_worker_t *worker)
{
    worker->free_slots = poll->max_batch;

    /* it must not stand in the way of others that wait */

    if (worker->disabled) {
        poll->linger = NGX_AIME_DISABLED_LOOK;
        return NGX_AGAIN;
    }

    /* those that were woken before this one came have the first choice */

    if (poll->parked == NULL
        && poll->type->nqueued <= poll->type->polls.nwoken)
    {
        return NGX_BUSY;
    }

    return ngx_aime_job_take_batch(zone, poll, worker) ? NGX_OK : NGX_BUSY;
}


/* Takes the next job and those of its endpoint that fit into the batch. */

static ngx_uint_t
ngx_aime_job_take_batch(ngx_aime_zone_t *zone, ngx_aime_job_poll_t *poll,
    ngx_aime_shm_worker_t *worker)
{
    ngx_aime_shm_job_t   *job;
    ngx_aime_shm_walk_t   walk;

    ngx_aime_shm_queue_walk_locked(&walk, poll->type);
    job = ngx_aime_shm_queue_next_locked(&walk);

    if (job == NULL) {
        return 0;
    }

    poll->linger = ngx_aime_job_linger(poll, job);

    if (poll->linger) {
        return 0;
    }

    poll->endpoint = job->queue->endpoint;

    do {
        if (ngx_aime_job_hand_over(zone, job, worker,
                                   &poll->jobs[poll->njobs])
            != NGX_OK)
        {
            break;
        }

        poll->njobs++;

    } while (poll->njobs < poll->max_batch
             && (job = ngx_aime_shm_queue_next_locked(&walk)) != NULL);

    if (poll->njobs) {
        ngx_aime_shm_size_locked(&poll->type->metrics.batch, poll->njobs);
    }

    return poll->njobs;
}


/*
 * How long a batch that is not full waits for more, counted from when its
 * first job was queued; 0: not any more.
 */

static ngx_msec_t
ngx_aime_job_linger(ngx_aime_job_poll_t *poll, ngx_aime_shm_job_t *first)
{
    ngx_msec_t  waited;

    if (poll->max_delay == 0
        || first->queue->nqueued >= poll->max_batch)
    {
        return 0;
    }

    waited = ngx_current_msec - first->queued;

    if ((ngx_msec_int_t) waited >= (ngx_msec_int_t) poll->max_delay) {
        return 0;
    }

    return ngx_min(poll->max_delay, poll->max_delay - waited);
}


/* NGX_ERROR: there is no room for a hold on its input, it stays queued. */

static ngx_int_t
ngx_aime_job_hand_over(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_shm_worker_t *worker, ngx_aime_job_handover_t *handover)
{
    handover->input = ngx_aime_shm_hold_locked(zone, job->input);

    if (handover->input == NULL && ngx_aime_job_evict_locked(zone, 1)) {
        handover->input = ngx_aime_shm_hold_locked(zone, job->input);
    }

    if (handover->input == NULL) {
        return NGX_ERROR;
    }

    ngx_aime_job_run_locked(zone, job, worker);

    ngx_memcpy(handover->id, job->id, NGX_AIME_ID_LEN);
    handover->ticket = job->arrival;
    handover->start_time = job->start_time;
    handover->start_time_compute = job->start_time_compute;

    return NGX_OK;
}


static ngx_int_t
ngx_aime_job_park_poll(ngx_aime_zone_t *zone, ngx_aime_job_poll_t *poll,
    ngx_aime_shm_worker_t *worker)
{
    if (poll->parked) {
        ngx_aime_wake_repark_locked(poll->parked);
        return NGX_AGAIN;
    }

    poll->parked = ngx_aime_wake_park_locked(zone, &poll->type->polls, worker,
                                             poll->slot);

    return poll->parked ? NGX_AGAIN : NGX_ERROR;
}


void
ngx_aime_job_delivered(ngx_aime_zone_t *zone, ngx_aime_job_handover_t *jobs,
    ngx_uint_t njobs)
{
    ngx_uint_t           i;
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(zone);

    for (i = 0; i < njobs; i++) {
        job = ngx_aime_job_handed(zone, &jobs[i]);

        if (job) {
            job->handing = 0;
            ngx_queue_remove(&job->handover);
        }
    }

    ngx_aime_shm_unlock(zone);
}


void
ngx_aime_job_undelivered(ngx_aime_zone_t *zone, ngx_aime_job_handover_t *jobs,
    ngx_uint_t njobs)
{
    ngx_aime_job_take_back(zone, jobs, njobs, 1);
}


void
ngx_aime_job_put_back(ngx_aime_zone_t *zone, ngx_aime_job_handover_t *jobs,
    ngx_uint_t njobs)
{
    ngx_aime_job_take_back(zone, jobs, njobs, 0);
}


/* Last job first, so that the oldest one ends up in front. */

static void
ngx_aime_job_take_back(ngx_aime_zone_t *zone, ngx_aime_job_handover_t *jobs,
    ngx_uint_t njobs, ngx_uint_t tried)
{
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(zone);

    while (njobs--) {
        job = ngx_aime_job_handed(zone, &jobs[njobs]);

        if (job) {
            ngx_aime_job_retry_locked(zone, job, tried);
        }
    }

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);
}


/* The job, if it is still in that very hand-over. */

static ngx_aime_shm_job_t *
ngx_aime_job_handed(ngx_aime_zone_t *zone, ngx_aime_job_handover_t *handover)
{
    ngx_aime_shm_job_t  *job;

    job = ngx_aime_shm_id_find_locked(zone, handover->id);

    if (job == NULL || !job->handing || job->arrival != handover->ticket) {
        return NULL;
    }

    return job;
}
