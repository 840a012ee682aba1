
/* A job comes, see ngx_aime_job_submit.h. */


#include "ngx_aime_job_submit.h"
#include "ngx_aime_id.h"
#include "ngx_aime_job_count.h"
#include "ngx_aime_job_room.h"
#include "ngx_aime_job_state.h"
#include "ngx_aime_job_wait.h"
#include "ngx_aime_shm_client.h"
#include "ngx_aime_shm_index.h"
#include "ngx_aime_shm_once.h"
#include "ngx_aime_shm_queue.h"
#include "ngx_aime_wake.h"


static ngx_int_t ngx_aime_job_admit_locked(ngx_aime_zone_t *zone,
    ngx_aime_job_spec_t *spec, u_char *id);
static ngx_aime_shm_once_t *ngx_aime_job_before(ngx_aime_zone_t *zone,
    ngx_aime_job_spec_t *spec);
static ngx_aime_shm_job_t *ngx_aime_job_create(ngx_aime_zone_t *zone,
    ngx_aime_job_spec_t *spec, uint32_t slot,
    ngx_aime_shm_parked_t **parked);
static ngx_aime_shm_job_t *ngx_aime_job_create_bare(ngx_aime_zone_t *zone,
    ngx_aime_job_spec_t *spec);
static ngx_int_t ngx_aime_job_enlist(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_aime_job_spec_t *spec);


ngx_int_t
ngx_aime_job_admit(ngx_aime_zone_t *zone, ngx_aime_job_spec_t *spec,
    u_char *id)
{
    ngx_int_t  rc;

    ngx_aime_shm_lock(zone);

    rc = ngx_aime_job_admit_locked(zone, spec, id);

    ngx_aime_shm_unlock(zone);

    return rc;
}


static ngx_int_t
ngx_aime_job_admit_locked(ngx_aime_zone_t *zone, ngx_aime_job_spec_t *spec,
    u_char *id)
{
    ngx_aime_shm_once_t  *once;

    once = ngx_aime_job_before(zone, spec);

    if (once) {
        ngx_memcpy(id, once->job->id, NGX_AIME_ID_LEN);

        return (ngx_memcmp(once->inputs, spec->once_inputs, NGX_AIME_ID_LEN)
                == 0)
               ? NGX_AIME_SAME_REQUEST : NGX_AIME_OTHER_REQUEST;
    }

    if (spec->client_limit
        && ngx_aime_shm_client_njobs_locked(spec->queue, spec->owner)
           >= spec->client_limit)
    {
        return NGX_AIME_CLIENT_BUSY;
    }

    if (spec->queue->type->nqueued >= spec->max_queue_length
        || spec->queue->endpoint->disabled)
    {
        return NGX_AIME_QUEUE_FULL;
    }

    return NGX_OK;
}


/* The job that this one would be the second of, if there is one. */

static ngx_aime_shm_once_t *
ngx_aime_job_before(ngx_aime_zone_t *zone, ngx_aime_job_spec_t *spec)
{
    ngx_aime_shm_once_t  *once;

    if (!spec->once || spec->first) {
        return NULL;
    }

    once = ngx_aime_shm_once_find_locked(zone, spec->once_id);

    if (once && spec->again
        && (once->job->state == NGX_AIME_JOB_CANCELED
            || once->job->state == NGX_AIME_JOB_LAPSED))
    {
        return NULL;
    }

    return once;
}


ngx_int_t
ngx_aime_job_submit(ngx_aime_zone_t *zone, ngx_aime_job_spec_t *spec,
    ngx_aime_shm_hold_t *input, u_char *id, uint32_t slot,
    ngx_aime_shm_parked_t **parked)
{
    ngx_int_t            rc;
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(zone);

    rc = ngx_aime_job_admit_locked(zone, spec, id);

    if (rc != NGX_OK) {
        goto done;
    }

    do {
        job = ngx_aime_job_create(zone, spec, slot, parked);

    } while (job == NULL
             && !ngx_aime_job_starved_locked(zone, NGX_AIME_ROOM_INPUT)
             && ngx_aime_job_evict_locked(zone, NGX_AIME_SHM_BLOCK_SIZE));

    if (job == NULL) {
        rc = NGX_ERROR;
        goto done;
    }

    job->input = ngx_aime_shm_keep_locked(zone, input);

    if (spec->note) {
        job->note = ngx_aime_shm_keep_locked(zone, spec->note);
    }

    job->start_time = ngx_aime_job_now();
    job->queued = ngx_current_msec;

    ngx_aime_job_enqueued_locked(zone, job);
    ngx_aime_shm_mark_locked(&zone->sh->arena, job, NGX_AIME_SHM_JOB);
    ngx_aime_job_count_locked(zone, job);

    ngx_memcpy(id, job->id, NGX_AIME_ID_LEN);

done:

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);

    return rc;
}


/*
 * A job in its queue, but without what it is to do yet; its client is parked
 * on it.  NULL: there is no room for all of it.
 */

static ngx_aime_shm_job_t *
ngx_aime_job_create(ngx_aime_zone_t *zone, ngx_aime_job_spec_t *spec,
    uint32_t slot, ngx_aime_shm_parked_t **parked)
{
    ngx_uint_t           nfree;
    ngx_aime_shm_job_t  *job;

    nfree = zone->sh->arena.nfree;

    job = ngx_aime_job_create_bare(zone, spec);
    if (job == NULL) {
        return NULL;
    }

    if (ngx_aime_job_enlist(zone, job, spec) != NGX_OK) {
        ngx_aime_job_delete_locked(zone, job);
        return NULL;
    }

    if (parked) {
        *parked = ngx_aime_job_park_client_locked(zone, job, slot);

        if (*parked == NULL) {
            goto failed;
        }
    }

    if (!ngx_aime_job_overdrawn_locked(zone, nfree, NGX_AIME_ROOM_INPUT)) {
        return job;
    }

    if (parked) {
        ngx_aime_wake_unpark_locked(zone, *parked);
        *parked = NULL;
    }

failed:

    ngx_aime_shm_queue_remove_locked(zone, job);
    ngx_aime_job_delete_locked(zone, job);

    return NULL;
}


/* A draft that can be found by its id, and is in nothing else yet. */

static ngx_aime_shm_job_t *
ngx_aime_job_create_bare(ngx_aime_zone_t *zone, ngx_aime_job_spec_t *spec)
{
    size_t               size;
    ngx_aime_shm_job_t  *job;

    size = offsetof(ngx_aime_shm_job_t, holders)
           + spec->max_attempts * sizeof(uint64_t)
           + (spec->has_session ? NGX_AIME_ID_LEN : 0);

    job = ngx_aime_shm_calloc_locked(&zone->sh->arena, size);
    if (job == NULL) {
        return NULL;
    }

    ngx_queue_init(&job->link);
    ngx_queue_init(&job->watchers.parked);
    ngx_queue_init(&job->watchers.woken);

    job->queue = spec->queue;
    ngx_memcpy(job->owner, spec->owner, NGX_AIME_ID_LEN);

    job->queue_timeout = spec->queue_timeout;
    job->inactivity_timeout = spec->inactivity_timeout;
    job->result_lifetime = spec->result_lifetime;
    job->max_attempts = spec->max_attempts;
    job->priority = spec->priority;
    job->keep = spec->keep;
    job->open = spec->open;
    job->retry = spec->retry;
    job->cancel_on_disconnect = spec->cancel_on_disconnect;
    job->grace = spec->grace;
    job->session = spec->has_session;

    if (job->session) {
        ngx_memcpy(ngx_aime_job_session(job), spec->session, NGX_AIME_ID_LEN);
    }

    do {
        ngx_aime_id_make(job->id);
    } while (ngx_aime_shm_id_find_locked(zone, job->id));

    ngx_aime_shm_id_insert_locked(zone, job);

    return job;
}


/* Among its client's, under its idempotency key, and last in its queue. */

static ngx_int_t
ngx_aime_job_enlist(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_job_spec_t *spec)
{
    if (spec->client_limit
        && ngx_aime_shm_client_add_locked(zone, job) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (spec->once
        && ngx_aime_shm_once_set_locked(zone, job, spec->once_id,
                                        spec->once_inputs)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_aime_shm_queue_append_locked(zone, job,
                                            spec->fair ? spec->owner : NULL);
}


ngx_uint_t
ngx_aime_job_of_client(ngx_aime_zone_t *zone, ngx_aime_shm_queue_t *queue,
    const u_char *owner)
{
    ngx_uint_t  n;

    ngx_aime_shm_lock(zone);

    n = ngx_aime_shm_client_njobs_locked(queue, owner);

    ngx_aime_shm_unlock(zone);

    return n;
}


void
ngx_aime_job_queue_state(ngx_aime_zone_t *zone, ngx_aime_shm_type_t *type,
    ngx_uint_t *nqueued, ngx_uint_t *retry_after)
{
    double  wait;

    ngx_aime_shm_lock(zone);

    *nqueued = type->nqueued;
    wait = type->nonline ? type->mean_compute / type->nonline : 0;

    ngx_aime_shm_unlock(zone);

    *retry_after = (wait < 1) ? 1 : (wait > 60) ? 60 : (ngx_uint_t) wait;
}
