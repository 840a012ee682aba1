
/* What a worker says of a job at its end, see ngx_aime_job_result.h. */


#include "ngx_aime_job_result.h"
#include "ngx_aime_job_count.h"
#include "ngx_aime_job_state.h"
#include "ngx_aime_shm_index.h"
#include "ngx_aime_shm_vars.h"
#include "ngx_aime_wake.h"


static ngx_int_t ngx_aime_job_result_verdict(ngx_aime_shm_job_t *job,
    uint64_t worker);
static void ngx_aime_job_done(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    uint64_t worker, ngx_aime_shm_hold_t *result);
static ngx_int_t ngx_aime_job_set_vars(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_aime_job_vars_t *vars);


ngx_int_t
ngx_aime_job_check_result(ngx_aime_zone_t *zone, const u_char *id,
    uint64_t worker, ngx_aime_shm_endpoint_t **endpoint)
{
    ngx_int_t            rc;
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);
    rc = ngx_aime_job_result_verdict(job, worker);

    if (rc == NGX_OK) {
        *endpoint = job->queue->endpoint;

    } else if (job) {
        ngx_aime_job_settle_locked(job, worker);
    }

    ngx_aime_shm_unlock(zone);

    return rc;
}


static ngx_int_t
ngx_aime_job_result_verdict(ngx_aime_shm_job_t *job, uint64_t worker)
{
    if (job == NULL || !ngx_aime_job_owed_by_locked(job, worker)) {
        return NGX_DECLINED;
    }

    if (ngx_aime_job_active(job)) {
        return NGX_OK;
    }

    return (job->state == NGX_AIME_JOB_CANCELED) ? NGX_ABORT : NGX_DECLINED;
}


ngx_int_t
ngx_aime_job_finish(ngx_aime_zone_t *zone, const u_char *id, uint64_t worker,
    ngx_aime_shm_hold_t *result, ngx_aime_job_vars_t *vars)
{
    ngx_int_t            rc;
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);
    rc = ngx_aime_job_result_verdict(job, worker);

    if (rc == NGX_OK && vars) {
        rc = ngx_aime_job_set_vars(zone, job, vars);
    }

    if (rc == NGX_OK) {
        ngx_aime_job_done(zone, job, worker, result);

    } else if (rc != NGX_AGAIN) {
        ngx_aime_shm_drop_locked(zone, result);
    }

    if (job && rc != NGX_AGAIN) {
        ngx_aime_job_settle_locked(job, worker);
    }

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);

    return rc;
}


/* Once it has a result, a job is done, also for who repairs. */

static void
ngx_aime_job_done(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    uint64_t worker, ngx_aime_shm_hold_t *result)
{
    job->result_received_time = ngx_max(ngx_aime_job_now(),
                                        job->start_time_compute);
    ngx_aime_shm_order();
    job->result = ngx_aime_shm_keep_locked(zone, result);
    ngx_aime_shm_order();

    ngx_aime_job_count_times_locked(job, worker);

    ngx_aime_job_end_locked(zone, job, NGX_AIME_JOB_DONE,
                            NGX_AIME_REASON_NONE);
}


/*
 * The values are compared by their place, which nothing else has as long as
 * they are held.  Before the result: a process that is killed in between has
 * not finished the job, and its worker sends both again.  NGX_AGAIN: they are
 * others by now.
 */

static ngx_int_t
ngx_aime_job_set_vars(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_job_vars_t *vars)
{
    ngx_aime_shm_vars_t     *session;
    ngx_aime_shm_payload_t  *before;

    session = ngx_aime_shm_vars_revive_locked(zone,
                                              ngx_aime_job_session(job));
    if (session == NULL) {
        return NGX_OK;
    }

    before = vars->before ? vars->before->payload : NULL;

    if (session->values != before) {
        return NGX_AGAIN;
    }

    ngx_aime_shm_vars_set_locked(zone, session,
                                 ngx_aime_shm_keep_locked(zone,
                                                          vars->values));
    vars->values = NULL;

    return NGX_OK;
}


ngx_int_t
ngx_aime_job_vars(ngx_aime_zone_t *zone, const u_char *id,
    ngx_aime_job_vars_t *vars)
{
    ngx_int_t             rc;
    ngx_aime_shm_job_t   *job;
    ngx_aime_shm_vars_t  *session;

    vars->before = NULL;
    vars->values = NULL;
    rc = NGX_DECLINED;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);

    if (job == NULL || !job->session) {
        goto done;
    }

    rc = NGX_ERROR;
    session = ngx_aime_shm_vars_revive_locked(zone,
                                              ngx_aime_job_session(job));
    if (session == NULL) {
        goto done;
    }

    rc = NGX_OK;

    if (session->values) {
        vars->before = ngx_aime_shm_hold_locked(zone, session->values);

        if (vars->before == NULL) {
            rc = NGX_ERROR;
        }
    }

done:

    ngx_aime_shm_unlock(zone);

    return rc;
}


void
ngx_aime_job_no_room(ngx_aime_zone_t *zone, const u_char *id, uint64_t worker)
{
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);

    if (job) {
        if (ngx_aime_job_runs_on(job, worker)) {
            ngx_aime_job_end_locked(zone, job, NGX_AIME_JOB_LAPSED,
                                    NGX_AIME_REASON_NO_ROOM);
        }

        ngx_aime_job_settle_locked(job, worker);
    }

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);
}
