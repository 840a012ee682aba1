
/* A job after a kill, see ngx_aime_job_mend.h. */


#include "ngx_aime_job_mend.h"
#include "ngx_aime_job_count.h"
#include "ngx_aime_job_state.h"
#include "ngx_aime_shm_client.h"
#include "ngx_aime_shm_index.h"
#include "ngx_aime_shm_payload.h"
#include "ngx_aime_shm_queue.h"


static void ngx_aime_job_mend_state(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);
static ngx_uint_t ngx_aime_job_mend_refs(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);
static void ngx_aime_job_mend_links(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_aime_shm_rank_t **queued);


void
ngx_aime_job_mend_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_shm_rank_t **queued)
{
    ngx_aime_job_mend_state(zone, job);

    if (!ngx_aime_job_mend_refs(zone, job)) {
        ngx_aime_shm_free_locked(&zone->sh->arena, job);
        return;
    }

    ngx_aime_job_mend_links(zone, job, queued);
}


/*
 * The state is what counts; all else is made to fit.  In the middle of being
 * handed over, or of coming back, a job has no worker: it waits for one.
 */

static void
ngx_aime_job_mend_state(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    if (ngx_aime_job_active(job) && job->result) {
        ngx_aime_job_set_state_locked(job, NGX_AIME_JOB_DONE,
                                      NGX_AIME_REASON_NONE,
                                      job->result_lifetime);
    }

    if (job->state == NGX_AIME_JOB_PROCESSING
        && ngx_aime_shm_kind_locked(&zone->sh->arena, job->worker)
           != NGX_AIME_SHM_WORKER)
    {
        job->queued = ngx_current_msec;
        job->returned = 0;
        job->lane = NULL;
        job->lost = 0;
        job->handing = 0;

        ngx_aime_job_set_state_locked(job, NGX_AIME_JOB_QUEUED,
                                      NGX_AIME_REASON_NONE,
                                      job->queue_timeout);
    }

    if (job->state == NGX_AIME_JOB_QUEUED
        && job->attempts >= job->max_attempts)
    {
        ngx_aime_job_set_state_locked(job, NGX_AIME_JOB_LAPSED,
                                      NGX_AIME_REASON_UNDELIVERED,
                                      job->result_lifetime);
    }
}


/* What it refers to; 0: what it cannot do without is not there. */

static ngx_uint_t
ngx_aime_job_mend_refs(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    ngx_uint_t  active, done;

    active = ngx_aime_job_active(job);
    done = (job->state == NGX_AIME_JOB_DONE);

    if (job->state != NGX_AIME_JOB_PROCESSING) {
        job->worker = NULL;
        job->handing = 0;
    }

    job->input = active ? ngx_aime_shm_payload_again_locked(zone, job->input)
                        : NULL;
    job->progress = active
                    ? ngx_aime_shm_payload_again_locked(zone, job->progress)
                    : NULL;
    job->result = done ? ngx_aime_shm_payload_again_locked(zone, job->result)
                       : NULL;
    job->note = ngx_aime_shm_payload_again_locked(zone, job->note);

    job->progress_len = job->progress ? job->progress_len : 0;

    if (ngx_aime_shm_kind_locked(&zone->sh->arena, job->once)
        != NGX_AIME_SHM_ONCE)
    {
        job->once = NULL;
    }

    if ((active && job->input == NULL) || (done && job->result == NULL)) {
        return 0;
    }

    if (active) {
        ngx_aime_shm_client_again_locked(zone, job);

    } else {
        job->client = NULL;
    }

    return 1;
}


static void
ngx_aime_job_mend_links(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_shm_rank_t **queued)
{
    ngx_queue_init(&job->link);
    ngx_queue_init(&job->watchers.parked);
    ngx_queue_init(&job->watchers.woken);
    job->watchers.nparked = 0;
    job->watchers.nwoken = 0;

    ngx_aime_shm_id_insert_locked(zone, job);
    ngx_aime_job_count_locked(zone, job);

    job->deadlined = 0;
    ngx_aime_job_look_locked(zone, job, job->due);

    if (job->state == NGX_AIME_JOB_QUEUED) {
        ngx_aime_shm_queue_gather_locked(zone, queued, job);
        return;
    }

    job->lane = NULL;

    if (job->state == NGX_AIME_JOB_PROCESSING) {
        ngx_queue_insert_tail(&job->worker->running, &job->link);
        job->worker->nrunning++;
        job->queue->type->nrunning++;

        if (job->handing) {
            ngx_queue_insert_tail(&job->row->handovers, &job->handover);
        }

    } else if (job->fetched) {
        ngx_queue_insert_tail(&zone->sh->fetched, &job->link);
    }
}
