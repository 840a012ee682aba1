
/* Who waits for a job, see ngx_aime_job_wait.h. */


#include "ngx_aime_job_wait.h"
#include "ngx_aime_job_state.h"
#include "ngx_aime_shm_index.h"
#include "ngx_aime_wake.h"


static ngx_uint_t ngx_aime_job_awaited(ngx_aime_shm_job_t *job,
    ngx_aime_shm_parked_t *gone);


ngx_int_t
ngx_aime_job_join(ngx_aime_zone_t *zone, const u_char *id, ngx_uint_t client,
    uint32_t slot, ngx_aime_shm_parked_t **parked)
{
    ngx_int_t            rc;
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);
    rc = job ? NGX_OK : NGX_DECLINED;

    if (job && ngx_aime_job_active(job)) {
        *parked = client
                  ? ngx_aime_job_park_client_locked(zone, job, slot)
                  : ngx_aime_wake_park_locked(zone, &job->watchers, NULL,
                                              slot);

        if (*parked == NULL) {
            rc = NGX_ERROR;
        }
    }

    ngx_aime_shm_unlock(zone);

    return rc;
}


ngx_aime_shm_parked_t *
ngx_aime_job_park_client_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, uint32_t slot)
{
    ngx_aime_shm_parked_t  *parked;

    parked = ngx_aime_wake_park_locked(zone, &job->watchers, NULL, slot);

    if (parked) {
        job->abandoned = 0;
        ngx_aime_wake_client_locked(zone, parked);
    }

    return parked;
}


void
ngx_aime_job_watch(ngx_aime_zone_t *zone, ngx_aime_shm_parked_t *parked)
{
    ngx_aime_shm_lock(zone);

    ngx_aime_wake_watch_locked(zone, parked);

    ngx_aime_shm_unlock(zone);
}


void
ngx_aime_job_leave(ngx_aime_zone_t *zone, const u_char *id, ngx_uint_t sent)
{
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);

    if (job && ngx_aime_job_active(job)) {
        ngx_aime_job_hung_up_locked(zone, job, NULL);

    } else if (job && sent && job->state == NGX_AIME_JOB_DONE
               && !job->keep)
    {
        /* who watches has not seen the end yet */

        if (job->watchers.nparked || job->watchers.nwoken) {
            ngx_aime_job_may_go_locked(zone, job);

        } else {
            ngx_aime_job_delete_locked(zone, job);
        }
    }

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);
}


void
ngx_aime_job_fetched(ngx_aime_zone_t *zone, const u_char *id)
{
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);

    if (job && job->state == NGX_AIME_JOB_DONE) {
        ngx_aime_job_may_go_locked(zone, job);
    }

    ngx_aime_shm_unlock(zone);
}


void
ngx_aime_job_hung_up_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_shm_parked_t *gone)
{
    if (!job->cancel_on_disconnect || ngx_aime_job_awaited(job, gone)) {
        return;
    }

    if (job->grace == 0) {
        ngx_aime_job_end_locked(zone, job, NGX_AIME_JOB_CANCELED,
                                NGX_AIME_REASON_HANGUP);
        return;
    }

    job->abandoned = 1;
    job->abandon = ngx_current_msec + job->grace;

    ngx_aime_job_look_locked(zone, job, job->due);
}


/* Does another client wait for it?  That is who has made the request again. */

static ngx_uint_t
ngx_aime_job_awaited(ngx_aime_shm_job_t *job, ngx_aime_shm_parked_t *gone)
{
    ngx_uint_t              i;
    ngx_queue_t            *q, *list;
    ngx_aime_shm_parked_t  *parked;

    for (i = 0; i < 2; i++) {
        list = i ? &job->watchers.woken : &job->watchers.parked;

        for (q = ngx_queue_head(list);
             q != ngx_queue_sentinel(list);
             q = ngx_queue_next(q))
        {
            parked = ngx_queue_data(q, ngx_aime_shm_parked_t, link);

            if (parked->client && parked != gone) {
                return 1;
            }
        }
    }

    return 0;
}


void
ngx_aime_job_unpark(ngx_aime_zone_t *zone, ngx_aime_shm_parked_t *parked)
{
    ngx_aime_shm_lock(zone);

    ngx_aime_job_unpark_locked(zone, parked);

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);
}


void
ngx_aime_job_unpark_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_parked_t *parked)
{
    ngx_aime_shm_type_t  *type;

    type = NULL;

    if (parked->worker) {
        type = ngx_queue_data(parked->topic, ngx_aime_shm_type_t, polls);
    }

    ngx_aime_wake_unpark_locked(zone, parked);

    if (type) {
        ngx_aime_job_rouse_locked(zone, type);
    }
}
