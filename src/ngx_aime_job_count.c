
/* A job's share in the counters, see ngx_aime_job_count.h. */


#include "ngx_aime_job_count.h"
#include "ngx_aime_shm_payload.h"


/* weight of the newest job in the means of compute times */

#define NGX_AIME_MEAN_ALPHA    0.05


static double ngx_aime_job_mean(double mean, uint64_t n, double newest);


void
ngx_aime_job_count_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    ngx_uint_t                        outcome;
    ngx_aime_shm_endpoint_metrics_t  *metrics;

    metrics = &job->queue->endpoint->metrics;

    if (!(job->counted & NGX_AIME_COUNTED_SUBMIT)) {
        ngx_aime_shm_count_locked(&zone->sh->redo, &metrics->submitted,
                                  &job->counted, NGX_AIME_COUNTED_SUBMIT);
    }

    if (ngx_aime_job_active(job) || (job->counted & NGX_AIME_COUNTED_END)) {
        return;
    }

    outcome = ngx_aime_job_outcome_locked(job);

    ngx_aime_shm_count_locked(&zone->sh->redo, &metrics->finished[outcome],
                              &job->counted, NGX_AIME_COUNTED_END);

    if (job->worker && job->state == NGX_AIME_JOB_LAPSED) {
        job->worker->nlost++;
    }
}


ngx_uint_t
ngx_aime_job_outcome_locked(ngx_aime_shm_job_t *job)
{
    if (job->state == NGX_AIME_JOB_DONE) {
        return job->result->failed ? NGX_AIME_OUTCOME_ERROR
                                   : NGX_AIME_OUTCOME_SUCCESS;
    }

    switch (job->reason) {

    case NGX_AIME_REASON_QUEUE_TIMEOUT:
        return NGX_AIME_OUTCOME_EXPIRED;

    case NGX_AIME_REASON_INACTIVITY:
        return NGX_AIME_OUTCOME_TIMEOUT;

    case NGX_AIME_REASON_WORKER_LOST:
    case NGX_AIME_REASON_UNDELIVERED:
        return NGX_AIME_OUTCOME_WORKER_LOST;

    case NGX_AIME_REASON_NO_ROOM:
        return NGX_AIME_OUTCOME_ERROR;

    default:
        return NGX_AIME_OUTCOME_CANCELLED;
    }
}


/*
 * The worker's own numbers only if it still has the job: a late one's time has
 * gone on while others had it.
 */

void
ngx_aime_job_count_times_locked(ngx_aime_shm_job_t *job, uint64_t worker)
{
    double                  elapsed;
    ngx_aime_shm_type_t    *type;
    ngx_aime_shm_worker_t  *holder;

    type = job->queue->type;
    elapsed = job->result_received_time - job->start_time_compute;

    type->mean_compute = ngx_aime_job_mean(type->mean_compute,
                                           type->nfinished++, elapsed);

    ngx_aime_shm_time_locked(&type->metrics.compute, 1000 * elapsed);
    ngx_aime_shm_time_locked(&job->queue->endpoint->metrics.duration,
                             1000 * (job->result_received_time
                                     - job->start_time));

    if (!ngx_aime_job_runs_on(job, worker)) {
        return;
    }

    holder = job->worker;

    holder->nfailed += (job->result->failed != 0);
    holder->mean_compute = ngx_aime_job_mean(holder->mean_compute,
                                             holder->ndone++, elapsed);
}


/* Of n values, and of one more. */

static double
ngx_aime_job_mean(double mean, uint64_t n, double newest)
{
    return mean + (n ? NGX_AIME_MEAN_ALPHA : 1.0) * (newest - mean);
}
