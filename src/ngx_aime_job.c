
/*
 * The life of a job, see ngx_aime_job.h: one function for every event, each
 * guarding the state that it comes from.
 */


#include "ngx_aime_job.h"
#include "ngx_aime_ended.h"
#include "ngx_aime_id.h"
#include "ngx_aime_shm_failure.h"
#include "ngx_aime_shm_index.h"
#include "ngx_aime_shm_queue.h"
#include "ngx_aime_shm_vars.h"
#include "ngx_aime_shm_worker.h"
#include "ngx_aime_wake.h"


/* weight of the newest job in the mean of a type's compute times */

#define NGX_AIME_MEAN_ALPHA    0.05

/* jobs that give way at once when the zone is full */

#define NGX_AIME_EVICT_MAX     64

/* what a worker says within this time of something else is the same, in ms */

#define NGX_AIME_SAME_TIME     500

/* how often a disabled worker's poll looks whether it may again, in ms */

#define NGX_AIME_DISABLED_LOOK 1000

/*
 * One block in so many, but at least so many, is not for inputs, and half of
 * those are for results only.
 */

#define NGX_AIME_SPARE_SHARE   16
#define NGX_AIME_SPARE_MIN     6

/* a result that finds no room keeps others from new blocks that long, in ms */

#define NGX_AIME_STARVED       500


static ngx_uint_t ngx_aime_job_overdrawn(ngx_aime_zone_t *zone,
    ngx_uint_t nfree, ngx_aime_job_room_e room);
static void ngx_aime_job_starve(ngx_aime_zone_t *zone, size_t len,
    ngx_uint_t waits);
static ngx_uint_t ngx_aime_job_starved(ngx_aime_zone_t *zone,
    ngx_aime_job_room_e room);
static ngx_int_t ngx_aime_job_admit_locked(ngx_aime_zone_t *zone,
    ngx_aime_job_spec_t *spec, u_char *id);
static ngx_aime_shm_once_t *ngx_aime_job_once(ngx_aime_zone_t *zone,
    const u_char *id);
static ngx_aime_shm_job_t *ngx_aime_job_create(ngx_aime_zone_t *zone,
    ngx_aime_job_spec_t *spec, uint32_t slot,
    ngx_aime_shm_parked_t **parked);
static ngx_aime_shm_job_t *ngx_aime_job_create_bare(ngx_aime_zone_t *zone,
    ngx_aime_job_spec_t *spec);
static ngx_int_t ngx_aime_job_create_once(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_aime_job_spec_t *spec);
static void ngx_aime_job_free_once(ngx_aime_zone_t *zone,
    ngx_aime_shm_once_t *once);
static ngx_int_t ngx_aime_job_count_client(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_aime_job_spec_t *spec);
static void ngx_aime_job_uncount_client(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);
static ngx_aime_shm_client_t *ngx_aime_job_client(
    ngx_aime_shm_queue_t *queue, const u_char *owner);

static ngx_uint_t ngx_aime_job_take_locked(ngx_aime_zone_t *zone,
    ngx_aime_job_poll_t *poll, ngx_aime_shm_worker_t *worker);
static ngx_msec_t ngx_aime_job_linger(ngx_aime_job_poll_t *poll,
    ngx_aime_shm_job_t *first);
static ngx_int_t ngx_aime_job_hand_over(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_aime_shm_worker_t *worker,
    ngx_aime_job_handover_t *handover);
static void ngx_aime_job_take_back(ngx_aime_zone_t *zone,
    ngx_aime_job_handover_t *jobs, ngx_uint_t njobs, ngx_uint_t tried);
static ngx_aime_shm_job_t *ngx_aime_job_handed(ngx_aime_zone_t *zone,
    ngx_aime_job_handover_t *handover);

static void ngx_aime_job_unpark_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_parked_t *parked);
static void ngx_aime_job_enqueued(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);
static void ngx_aime_job_rouse(ngx_aime_zone_t *zone,
    ngx_aime_shm_type_t *type);
static void ngx_aime_job_changed(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);
static void ngx_aime_job_count(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);
static ngx_uint_t ngx_aime_job_outcome(ngx_aime_shm_job_t *job);
static void ngx_aime_job_count_times(ngx_aime_shm_job_t *job,
    uint64_t worker);
static void ngx_aime_job_stop(ngx_aime_shm_job_t *job);
static void ngx_aime_job_requeue(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_aime_retry_e why);
static void ngx_aime_job_return(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);
static void ngx_aime_job_retry(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_uint_t tried);
static void ngx_aime_job_end(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_job_state_e state, ngx_aime_job_reason_e reason);
static void ngx_aime_job_set_state(ngx_aime_shm_job_t *job,
    ngx_aime_job_state_e state, ngx_aime_job_reason_e reason,
    ngx_msec_t timeout);
static void ngx_aime_job_delete(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);
static void ngx_aime_job_set_progress(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_aime_shm_payload_t *progress,
    uint32_t progress_len);
static void ngx_aime_job_arm(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_msec_t due);

static void ngx_aime_job_may_go(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);
static void ngx_aime_job_hung_up(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_aime_shm_parked_t *gone);
static ngx_uint_t ngx_aime_job_awaited(ngx_aime_shm_job_t *job,
    ngx_aime_shm_parked_t *gone);
static ngx_aime_shm_worker_t *ngx_aime_job_last_holder(
    ngx_aime_shm_job_t *job);
static ngx_uint_t ngx_aime_job_worker_alive(ngx_aime_shm_job_t *job);
static void ngx_aime_job_worker_lost(ngx_aime_zone_t *zone,
    ngx_aime_shm_worker_t *worker);
static ngx_uint_t ngx_aime_job_holder(ngx_aime_shm_job_t *job,
    uint64_t worker);
static void ngx_aime_job_forget_holder(ngx_aime_shm_job_t *job,
    uint64_t worker);
static ngx_int_t ngx_aime_job_progress_verdict(ngx_aime_shm_job_t *job,
    uint64_t worker);
static ngx_int_t ngx_aime_job_result_verdict(ngx_aime_shm_job_t *job,
    uint64_t worker);
static ngx_int_t ngx_aime_job_set_vars(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_aime_job_vars_t *vars);
static u_char *ngx_aime_job_session(ngx_aime_shm_job_t *job);

static ngx_uint_t ngx_aime_job_mend_refs(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);

static ngx_uint_t ngx_aime_job_evict(ngx_aime_zone_t *zone, size_t size);
static double ngx_aime_job_estimate(ngx_aime_shm_job_t *job,
    ngx_uint_t position);


ngx_aime_shm_hold_t *
ngx_aime_job_reserve(ngx_aime_zone_t *zone, size_t len,
    ngx_aime_job_room_e room)
{
    ngx_uint_t            evicted, nfree;
    ngx_aime_shm_hold_t  *hold;

    if (zone->row == NULL || !ngx_aime_job_fits(zone, len)) {
        return NULL;
    }

    do {
        evicted = 0;

        ngx_aime_shm_lock(zone);

        nfree = zone->sh->arena.nfree;
        hold = ngx_aime_shm_reserve_locked(zone, len);

        if (hold && ngx_aime_job_overdrawn(zone, nfree, room)) {
            ngx_aime_shm_drop_locked(zone, hold);
            hold = NULL;
        }

        if (hold == NULL && !ngx_aime_job_starved(zone, room)) {
            evicted = ngx_aime_job_evict(zone,
                                         ngx_aime_shm_payload_cost(len));
        }

        if (room == NGX_AIME_ROOM_RESULT && evicted == 0) {
            ngx_aime_job_starve(zone, len, hold == NULL);
        }

        ngx_aime_shm_unlock(zone);
        ngx_aime_wake_send(zone);

    } while (evicted);

    return hold;
}


/*
 * Were blocks taken (there were nfree) that this kind may not have?  If inputs
 * could fill the zone, no worker could log in, be handed a job or give its
 * result, and nothing would ever become free.
 */

static ngx_uint_t
ngx_aime_job_overdrawn(ngx_aime_zone_t *zone, ngx_uint_t nfree,
    ngx_aime_job_room_e room)
{
    ngx_uint_t             spare;
    ngx_aime_shm_arena_t  *arena;

    arena = &zone->sh->arena;

    spare = ngx_max(arena->nblocks / NGX_AIME_SPARE_SHARE,
                    NGX_AIME_SPARE_MIN);

    if (room != NGX_AIME_ROOM_INPUT) {
        spare = (room == NGX_AIME_ROOM_PROGRESS) ? spare / 2 : 0;
    }

    return arena->nfree < nfree
           && (arena->nfree < spare || ngx_aime_job_starved(zone, room));
}


/*
 * A result waits for room, or has found it.  It tries again and again; a large
 * one would never find as much at once if every block that becomes free went
 * to a new job.  Noted is the largest one that waits, for as long as it tries:
 * its process may be killed.
 */

static void
ngx_aime_job_starve(ngx_aime_zone_t *zone, size_t len, ngx_uint_t waits)
{
    ngx_aime_shm_t  *sh;

    sh = zone->sh;

    if (len < sh->starved_len
        && ngx_aime_job_starved(zone, NGX_AIME_ROOM_INPUT))
    {
        return;
    }

    sh->starved_len = waits ? len : 0;
    sh->starved = ngx_current_msec;
}


/* Has this kind to leave the room to a result that waits? */

static ngx_uint_t
ngx_aime_job_starved(ngx_aime_zone_t *zone, ngx_aime_job_room_e room)
{
    return room != NGX_AIME_ROOM_RESULT
           && zone->sh->starved_len
           && ngx_current_msec - zone->sh->starved < NGX_AIME_STARVED;
}


void
ngx_aime_job_drop(ngx_aime_zone_t *zone, ngx_aime_shm_hold_t *hold)
{
    ngx_aime_shm_lock(zone);

    ngx_aime_shm_drop_locked(zone, hold);

    ngx_aime_shm_unlock(zone);
}


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
    ngx_aime_shm_once_t    *once;
    ngx_aime_shm_client_t  *client;

    once = spec->once ? ngx_aime_job_once(zone, spec->once_id) : NULL;

    if (once && (spec->first
                 || (spec->again
                     && (once->job->state == NGX_AIME_JOB_CANCELED
                         || once->job->state == NGX_AIME_JOB_LAPSED))))
    {
        once = NULL;
    }

    if (once) {
        ngx_memcpy(id, once->job->id, NGX_AIME_ID_LEN);

        return (ngx_memcmp(once->inputs, spec->once_inputs, NGX_AIME_ID_LEN)
                == 0)
               ? NGX_AIME_SAME_REQUEST : NGX_AIME_OTHER_REQUEST;
    }

    if (spec->client_limit) {
        client = ngx_aime_job_client(spec->queue, spec->owner);

        if (client && client->njobs >= spec->client_limit) {
            return NGX_AIME_CLIENT_BUSY;
        }
    }

    if (spec->queue->type->nqueued >= spec->max_queue_length
        || spec->queue->endpoint->disabled)
    {
        return NGX_AIME_QUEUE_FULL;
    }

    return NGX_OK;
}


static ngx_aime_shm_once_t *
ngx_aime_job_once(ngx_aime_zone_t *zone, const u_char *id)
{
    return (ngx_aime_shm_once_t *)
               ngx_aime_shm_id_lookup(&zone->sh->onces, id,
                                      offsetof(ngx_aime_shm_once_t, id));
}


ngx_int_t
ngx_aime_job_join(ngx_aime_zone_t *zone, const u_char *id, ngx_uint_t client,
    uint32_t slot, ngx_aime_shm_parked_t **parked)
{
    ngx_int_t            rc;
    ngx_aime_shm_job_t  *job;

    rc = NGX_DECLINED;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);

    if (job) {
        rc = NGX_OK;
    }

    if (job && ngx_aime_job_active(job)) {
        *parked = ngx_aime_wake_park_locked(zone, &job->watchers, NULL, slot);

        if (*parked == NULL) {
            rc = NGX_ERROR;

        } else if (client) {
            job->abandoned = 0;
            ngx_aime_wake_client_locked(zone, *parked);
        }
    }

    ngx_aime_shm_unlock(zone);

    return rc;
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
             && !ngx_aime_job_starved(zone, NGX_AIME_ROOM_INPUT)
             && ngx_aime_job_evict(zone, NGX_AIME_SHM_BLOCK_SIZE));

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

    ngx_aime_job_enqueued(zone, job);
    ngx_aime_shm_mark_locked(&zone->sh->arena, job, NGX_AIME_SHM_JOB);
    ngx_aime_job_count(zone, job);

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

    if ((spec->client_limit
         && ngx_aime_job_count_client(zone, job, spec) != NGX_OK)
        || (spec->once
            && ngx_aime_job_create_once(zone, job, spec) != NGX_OK)
        || ngx_aime_shm_queue_append_locked(zone, job,
                                            spec->fair ? spec->owner : NULL)
           != NGX_OK)
    {
        ngx_aime_job_delete(zone, job);
        return NULL;
    }

    if (parked) {
        *parked = ngx_aime_wake_park_locked(zone, &job->watchers, NULL, slot);

        if (*parked == NULL) {
            goto failed;
        }

        ngx_aime_wake_client_locked(zone, *parked);
    }

    if (!ngx_aime_job_overdrawn(zone, nfree, NGX_AIME_ROOM_INPUT)) {
        return job;
    }

    if (parked) {
        ngx_aime_wake_unpark_locked(zone, *parked);
        *parked = NULL;
    }

failed:

    ngx_aime_shm_queue_remove_locked(zone, job);
    ngx_aime_job_delete(zone, job);

    return NULL;
}


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


static ngx_int_t
ngx_aime_job_create_once(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_job_spec_t *spec)
{
    ngx_aime_shm_once_t  *once;

    once = ngx_aime_job_once(zone, spec->once_id);

    if (once) {
        ngx_aime_job_free_once(zone, once);
    }

    once = ngx_aime_shm_alloc_locked(&zone->sh->arena,
                                     sizeof(ngx_aime_shm_once_t));
    if (once == NULL) {
        return NGX_ERROR;
    }

    once->node.key = ngx_aime_shm_id_key(spec->once_id);
    once->job = job;
    ngx_memcpy(once->id, spec->once_id, NGX_AIME_ID_LEN);
    ngx_memcpy(once->inputs, spec->once_inputs, NGX_AIME_ID_LEN);

    ngx_rbtree_insert(&zone->sh->onces, &once->node);

    job->once = once;
    ngx_aime_shm_mark_locked(&zone->sh->arena, once, NGX_AIME_SHM_ONCE);

    return NGX_OK;
}


/* The job's pointer first: to who repairs, one without a job is none. */

static void
ngx_aime_job_free_once(ngx_aime_zone_t *zone, ngx_aime_shm_once_t *once)
{
    once->job->once = NULL;

    ngx_rbtree_delete(&zone->sh->onces, &once->node);
    ngx_aime_shm_free_locked(&zone->sh->arena, once);
}


static ngx_int_t
ngx_aime_job_count_client(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_job_spec_t *spec)
{
    ngx_aime_shm_client_t  *client;

    client = ngx_aime_job_client(spec->queue, spec->owner);

    if (client == NULL) {
        client = ngx_aime_shm_calloc_locked(&zone->sh->arena,
                                            sizeof(ngx_aime_shm_client_t));
        if (client == NULL) {
            return NGX_ERROR;
        }

        client->queue = spec->queue;
        client->node.key = ngx_aime_shm_id_key(spec->owner);
        ngx_memcpy(client->id, spec->owner, NGX_AIME_ID_LEN);
        ngx_rbtree_insert(&spec->queue->clients, &client->node);

        ngx_aime_shm_mark_locked(&zone->sh->arena, client,
                                 NGX_AIME_SHM_CLIENT);
    }

    client->njobs++;
    job->client = client;

    return NGX_OK;
}


static void
ngx_aime_job_uncount_client(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    ngx_aime_shm_client_t  *client;

    client = job->client;
    job->client = NULL;

    if (client == NULL || --client->njobs) {
        return;
    }

    ngx_rbtree_delete(&client->queue->clients, &client->node);
    ngx_aime_shm_free_locked(&zone->sh->arena, client);
}


static ngx_aime_shm_client_t *
ngx_aime_job_client(ngx_aime_shm_queue_t *queue, const u_char *owner)
{
    return (ngx_aime_shm_client_t *)
               ngx_aime_shm_id_lookup(&queue->clients, owner,
                                      offsetof(ngx_aime_shm_client_t, id));
}


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

    if (parked && ngx_aime_job_active(job)) {
        ngx_aime_wake_repark_locked(parked);
    }

    view->payload = NULL;
    payload = NULL;
    rc = NGX_OK;

    if (what != NGX_AIME_VIEW_NOTHING && job->state == NGX_AIME_JOB_DONE) {
        payload = job->result;

    } else if (what == NGX_AIME_VIEW_PAYLOAD) {
        payload = job->progress;
    }

    if (what == NGX_AIME_VIEW_NOTE) {
        payload = job->note;
    }

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


void
ngx_aime_job_fetched(ngx_aime_zone_t *zone, const u_char *id)
{
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);

    if (job && job->state == NGX_AIME_JOB_DONE) {
        ngx_aime_job_may_go(zone, job);
    }

    ngx_aime_shm_unlock(zone);
}


/* A finished job that gives way when the zone is full. */

static void
ngx_aime_job_may_go(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    if (!job->fetched) {
        job->fetched = 1;
        ngx_queue_insert_tail(&zone->sh->fetched, &job->link);
    }
}


ngx_int_t
ngx_aime_job_take(ngx_aime_zone_t *zone, ngx_aime_job_poll_t *poll)
{
    ngx_int_t               rc;
    ngx_aime_shm_topic_t   *polls;
    ngx_aime_shm_worker_t  *worker;

    poll->njobs = 0;
    poll->linger = 0;
    polls = &poll->type->polls;

    ngx_aime_shm_lock(zone);

    worker = ngx_aime_shm_worker_find_locked(zone, poll->type, &poll->worker);

    if (worker == NULL) {
        rc = NGX_DECLINED;
        goto unpark;
    }

    worker->free_slots = poll->max_batch;

    /* it must not stand in the way of others that wait */

    if (worker->disabled) {
        poll->linger = NGX_AIME_DISABLED_LOOK;
        rc = NGX_AGAIN;
        goto unpark;
    }

    /* those that were woken before this one came have the first choice */

    if ((poll->parked || poll->type->nqueued > polls->nwoken)
        && ngx_aime_job_take_locked(zone, poll, worker))
    {
        rc = NGX_OK;
        goto unpark;
    }

    rc = NGX_AGAIN;

    if (poll->parked) {
        ngx_aime_wake_repark_locked(poll->parked);

    } else {
        poll->parked = ngx_aime_wake_park_locked(zone, polls, worker,
                                                 poll->slot);
        if (poll->parked == NULL) {
            rc = NGX_ERROR;
        }
    }

    goto done;

unpark:

    if (poll->parked) {
        ngx_aime_job_unpark_locked(zone, poll->parked);
        poll->parked = NULL;
    }

done:

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);

    return rc;
}


/* Takes the next job and those of its endpoint that fit into the batch. */

static ngx_uint_t
ngx_aime_job_take_locked(ngx_aime_zone_t *zone, ngx_aime_job_poll_t *poll,
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


static ngx_int_t
ngx_aime_job_hand_over(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_shm_worker_t *worker, ngx_aime_job_handover_t *handover)
{
    double  now;

    handover->input = ngx_aime_shm_hold_locked(zone, job->input);

    if (handover->input == NULL && ngx_aime_job_evict(zone, 1)) {
        handover->input = ngx_aime_shm_hold_locked(zone, job->input);
    }

    if (handover->input == NULL) {
        return NGX_ERROR;
    }

    ngx_aime_shm_queue_take_locked(zone, job);

    now = ngx_aime_job_now();

    job->start_time_compute = ngx_max(now, job->start_time);
    job->worker = worker;

    job->last_holder = worker->number;
    job->holders[job->attempts++] = worker->number;

    ngx_queue_insert_tail(&worker->running, &job->link);
    worker->nrunning++;
    job->queue->type->nrunning++;

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

    ngx_aime_shm_time_locked(&job->queue->type->metrics.queue[job->priority],
                             (ngx_msec_int_t) (ngx_current_msec
                                               - job->queued));

    ngx_aime_job_arm(zone, job, ngx_current_msec + job->inactivity_timeout);
    ngx_aime_job_changed(zone, job);

    ngx_memcpy(handover->id, job->id, NGX_AIME_ID_LEN);
    handover->ticket = job->arrival;
    handover->start_time = job->start_time;
    handover->start_time_compute = job->start_time_compute;

    return NGX_OK;
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
            ngx_aime_job_retry(zone, job, tried);
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
        ngx_aime_job_arm(zone, job,
                         ngx_current_msec + job->inactivity_timeout);

        if (progress) {
            if (job->progress == NULL) {
                ngx_aime_shm_time_locked(&job->queue->type->metrics.first,
                                         1000 * (ngx_aime_job_now()
                                                 - job->start_time_compute));
            }

            ngx_aime_job_set_progress(zone, job,
                                      ngx_aime_shm_keep_locked(zone, progress),
                                      progress_len);
            ngx_aime_job_changed(zone, job);
        }

    } else if (progress) {
        ngx_aime_shm_drop_locked(zone, progress);
    }

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);

    return rc;
}


static ngx_int_t
ngx_aime_job_progress_verdict(ngx_aime_shm_job_t *job, uint64_t worker)
{
    if (job == NULL || !ngx_aime_job_holder(job, worker)) {
        return NGX_DECLINED;
    }

    if (job->state == NGX_AIME_JOB_QUEUED) {
        return NGX_AGAIN;
    }

    if (job->state == NGX_AIME_JOB_PROCESSING
        && job->worker->number == worker)
    {
        return NGX_OK;
    }

    return NGX_ABORT;
}


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
        ngx_aime_job_forget_holder(job, worker);
    }

    ngx_aime_shm_unlock(zone);

    return rc;
}


static ngx_int_t
ngx_aime_job_result_verdict(ngx_aime_shm_job_t *job, uint64_t worker)
{
    if (job == NULL || !ngx_aime_job_holder(job, worker)) {
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
    double                elapsed;
    ngx_int_t             rc;
    ngx_aime_shm_job_t   *job;
    ngx_aime_shm_type_t  *type;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);
    rc = ngx_aime_job_result_verdict(job, worker);

    if (rc != NGX_OK) {
        ngx_aime_shm_drop_locked(zone, result);
        goto done;
    }

    if (vars && ngx_aime_job_set_vars(zone, job, vars) != NGX_OK) {
        ngx_aime_shm_unlock(zone);
        return NGX_AGAIN;
    }

    /* once it has a result, a job is done, also for who repairs */

    job->result_received_time = ngx_max(ngx_aime_job_now(),
                                        job->start_time_compute);
    ngx_aime_shm_order();
    job->result = ngx_aime_shm_keep_locked(zone, result);
    ngx_aime_shm_order();

    type = job->queue->type;
    elapsed = job->result_received_time - job->start_time_compute;

    type->mean_compute += (type->nfinished++ ? NGX_AIME_MEAN_ALPHA : 1.0)
                          * (elapsed - type->mean_compute);

    ngx_aime_job_count_times(job, worker);

    ngx_aime_job_end(zone, job, NGX_AIME_JOB_DONE, NGX_AIME_REASON_NONE);

done:

    if (job) {
        ngx_aime_job_forget_holder(job, worker);
    }

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);

    return rc;
}


/*
 * The values are compared by their place, which nothing else has as long as
 * they are held.  Before the result: a process that is killed in between has
 * not finished the job, and its worker sends both again.
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


/* The id of its session, if it has one. */

static u_char *
ngx_aime_job_session(ngx_aime_shm_job_t *job)
{
    return (u_char *) &job->holders[job->max_attempts];
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


ngx_uint_t
ngx_aime_job_fits(ngx_aime_zone_t *zone, size_t len)
{
    return ngx_aime_shm_payload_cost(len) / NGX_AIME_SHM_BLOCK_SIZE
           < zone->sh->arena.nblocks;
}


void
ngx_aime_job_no_room(ngx_aime_zone_t *zone, const u_char *id, uint64_t worker)
{
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);

    if (job) {
        if (job->state == NGX_AIME_JOB_PROCESSING
            && job->worker->number == worker)
        {
            ngx_aime_job_end(zone, job, NGX_AIME_JOB_LAPSED,
                             NGX_AIME_REASON_NO_ROOM);
        }

        ngx_aime_job_forget_holder(job, worker);
    }

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);
}


ngx_int_t
ngx_aime_job_cancel(ngx_aime_zone_t *zone, const u_char *id,
    ngx_aime_job_reason_e reason)
{
    ngx_int_t            rc;
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);
    rc = job ? NGX_OK : NGX_DECLINED;

    if (job && ngx_aime_job_active(job)) {
        ngx_aime_job_end(zone, job, NGX_AIME_JOB_CANCELED, reason);
    }

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);

    return rc;
}


ngx_int_t
ngx_aime_job_give_back(ngx_aime_zone_t *zone, const u_char *id)
{
    ngx_int_t            rc;
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);

    if (job == NULL) {
        rc = NGX_DECLINED;

    } else if (job->state != NGX_AIME_JOB_PROCESSING) {
        rc = NGX_BUSY;

    } else if (job->attempts >= job->max_attempts) {
        rc = NGX_ABORT;

    } else {
        rc = NGX_OK;
        ngx_aime_job_requeue(zone, job, NGX_AIME_RETRY_ADMIN);
    }

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);

    return rc;
}


ngx_int_t
ngx_aime_job_set_priority(ngx_aime_zone_t *zone, const u_char *id,
    ngx_uint_t priority)
{
    ngx_int_t            rc;
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);

    if (job == NULL) {
        rc = NGX_DECLINED;

    } else if (job->state != NGX_AIME_JOB_QUEUED) {
        rc = NGX_BUSY;

    } else {
        rc = ngx_aime_shm_queue_priority_locked(zone, job, priority);

        if (rc == NGX_OK) {
            ngx_aime_job_changed(zone, job);
        }
    }

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);

    return rc;
}


void
ngx_aime_job_leave(ngx_aime_zone_t *zone, const u_char *id, ngx_uint_t sent)
{
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);

    if (job && ngx_aime_job_active(job)) {
        ngx_aime_job_hung_up(zone, job, NULL);

    } else if (job && sent && job->state == NGX_AIME_JOB_DONE
               && !job->keep)
    {
        /* who watches has not seen the end yet */

        if (job->watchers.nparked || job->watchers.nwoken) {
            ngx_aime_job_may_go(zone, job);

        } else {
            ngx_aime_job_delete(zone, job);
        }
    }

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);
}


void
ngx_aime_job_watch(ngx_aime_zone_t *zone, ngx_aime_shm_parked_t *parked)
{
    ngx_aime_shm_lock(zone);

    ngx_aime_wake_watch_locked(zone, parked);

    ngx_aime_shm_unlock(zone);
}


void
ngx_aime_job_unpark(ngx_aime_zone_t *zone, ngx_aime_shm_parked_t *parked)
{
    ngx_aime_shm_lock(zone);

    ngx_aime_job_unpark_locked(zone, parked);

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);
}


/*
 * A poll that was woken for a job and leaves without it must not take the
 * wake-up along.
 */

static void
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
        ngx_aime_job_rouse(zone, type);
    }
}


ngx_uint_t
ngx_aime_job_of_client(ngx_aime_zone_t *zone, ngx_aime_shm_queue_t *queue,
    const u_char *owner)
{
    ngx_uint_t              n;
    ngx_aime_shm_client_t  *client;

    ngx_aime_shm_lock(zone);

    client = ngx_aime_job_client(queue, owner);
    n = client ? client->njobs : 0;

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


ngx_uint_t
ngx_aime_job_due_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    ngx_msec_t  again;

    job->deadlined = 0;

    if (job->abandoned && ngx_aime_job_active(job)
        && (ngx_msec_int_t) (job->abandon - ngx_current_msec) <= 0)
    {
        ngx_aime_job_end(zone, job, NGX_AIME_JOB_CANCELED,
                         NGX_AIME_REASON_HANGUP);
        return 0;
    }

    if ((ngx_msec_int_t) (job->due - ngx_current_msec) > 0) {
        ngx_aime_job_arm(zone, job, job->due);
        return 0;
    }

    switch (job->state) {

    case NGX_AIME_JOB_QUEUED:
        ngx_aime_job_end(zone, job, NGX_AIME_JOB_LAPSED,
                         NGX_AIME_REASON_QUEUE_TIMEOUT);
        return 1;

    case NGX_AIME_JOB_PROCESSING:
        if (job->lost) {
            ngx_aime_job_end(zone, job, NGX_AIME_JOB_LAPSED,
                             NGX_AIME_REASON_WORKER_LOST);
            return 1;
        }

        if (ngx_aime_job_worker_alive(job)) {
            ngx_aime_job_end(zone, job, NGX_AIME_JOB_LAPSED,
                             NGX_AIME_REASON_INACTIVITY);
            return 1;
        }

        again = job->worker->seen + job->inactivity_timeout;

        if (job->abandoned && (ngx_msec_int_t) (job->abandon - again) < 0) {
            again = job->abandon;
        }

        if ((ngx_msec_int_t) (again - ngx_current_msec) > 0) {
            job->deadlined = 1;
            ngx_aime_shm_deadline_add_locked(zone, &job->deadline,
                                             NGX_AIME_DEADLINE_JOB, again);
            return 0;
        }

        ngx_aime_job_worker_lost(zone, job->worker);
        return 0;

    default:
        ngx_aime_job_delete(zone, job);
        return 0;
    }
}


/* Endpoints that a later configuration has have a later generation. */

void
ngx_aime_job_removed_locked(ngx_aime_zone_t *zone, ngx_uint_t max)
{
    ngx_queue_t           *t, *q;
    ngx_aime_shm_job_t    *job;
    ngx_aime_shm_type_t   *type;
    ngx_aime_shm_walk_t    walk;
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

            if (queue->nqueued == 0
                || queue->endpoint->generation >= zone->generation)
            {
                continue;
            }

            ngx_aime_shm_queue_walk_locked(&walk, type);
            walk.queue = queue;

            while (max
                   && (job = ngx_aime_shm_queue_next_locked(&walk)) != NULL)
            {
                ngx_aime_job_end(zone, job, NGX_AIME_JOB_CANCELED,
                                 NGX_AIME_REASON_REMOVED);
                max--;
            }
        }
    }
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
            ngx_aime_job_requeue(zone, job, NGX_AIME_RETRY_WORKER_LOST);
            continue;
        }

        job->lost = 1;
        ngx_aime_job_arm(zone, job, ngx_current_msec);
    }
}


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
            ngx_aime_job_hung_up(zone, job, parked);
        }

        ngx_aime_job_unpark_locked(zone, parked);
    }

    while (!ngx_queue_empty(&row->handovers)) {
        q = ngx_queue_last(&row->handovers);
        job = ngx_queue_data(q, ngx_aime_shm_job_t, handover);
        ngx_aime_job_retry(zone, job, 1);
    }

    while (!ngx_queue_empty(&row->holds)) {
        q = ngx_queue_head(&row->holds);
        ngx_aime_shm_drop_locked(zone, ngx_queue_data(q, ngx_aime_shm_hold_t,
                                                      link));
    }
}


/*
 * The state is what counts; all else is made to fit.  In the middle of being
 * handed over, or of coming back, a job has no worker: it waits for one.
 */

void
ngx_aime_job_mend_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_shm_rank_t **queued)
{
    ngx_aime_shm_arena_t  *arena;

    arena = &zone->sh->arena;

    ngx_queue_init(&job->link);
    ngx_queue_init(&job->watchers.parked);
    ngx_queue_init(&job->watchers.woken);
    job->watchers.nparked = 0;
    job->watchers.nwoken = 0;

    if (ngx_aime_job_active(job) && job->result) {
        ngx_aime_job_set_state(job, NGX_AIME_JOB_DONE, NGX_AIME_REASON_NONE,
                               job->result_lifetime);
    }

    if (job->state == NGX_AIME_JOB_PROCESSING
        && ngx_aime_shm_kind_locked(arena, job->worker)
           != NGX_AIME_SHM_WORKER)
    {
        job->queued = ngx_current_msec;
        job->returned = 0;
        job->lane = NULL;
        job->lost = 0;
        job->handing = 0;

        ngx_aime_job_set_state(job, NGX_AIME_JOB_QUEUED, NGX_AIME_REASON_NONE,
                               job->queue_timeout);
    }

    if (job->state == NGX_AIME_JOB_QUEUED
        && job->attempts >= job->max_attempts)
    {
        ngx_aime_job_set_state(job, NGX_AIME_JOB_LAPSED,
                               NGX_AIME_REASON_UNDELIVERED,
                               job->result_lifetime);
    }

    if (!ngx_aime_job_mend_refs(zone, job)) {
        ngx_aime_shm_free_locked(arena, job);
        return;
    }

    ngx_aime_shm_id_insert_locked(zone, job);
    ngx_aime_job_count(zone, job);

    job->deadlined = 1;
    ngx_aime_shm_deadline_add_locked(zone, &job->deadline,
                                     NGX_AIME_DEADLINE_JOB, job->due);

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


/* What it refers to; 0: what it cannot do without is not there. */

static ngx_uint_t
ngx_aime_job_mend_refs(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    ngx_uint_t             active;
    ngx_aime_shm_arena_t  *arena;

    arena = &zone->sh->arena;
    active = ngx_aime_job_active(job);

    if (job->state != NGX_AIME_JOB_PROCESSING) {
        job->worker = NULL;
        job->handing = 0;
    }

    job->input = active ? ngx_aime_shm_payload_again_locked(zone, job->input)
                        : NULL;
    job->progress = active
                    ? ngx_aime_shm_payload_again_locked(zone, job->progress)
                    : NULL;
    job->result = (job->state == NGX_AIME_JOB_DONE)
                  ? ngx_aime_shm_payload_again_locked(zone, job->result)
                  : NULL;

    job->note = ngx_aime_shm_payload_again_locked(zone, job->note);

    job->progress_len = job->progress ? job->progress_len : 0;

    if (!active
        || ngx_aime_shm_kind_locked(arena, job->client)
           != NGX_AIME_SHM_CLIENT)
    {
        job->client = NULL;
    }

    if (ngx_aime_shm_kind_locked(arena, job->once) != NGX_AIME_SHM_ONCE) {
        job->once = NULL;
    }

    if ((active && job->input == NULL)
        || (job->state == NGX_AIME_JOB_DONE && job->result == NULL))
    {
        return 0;
    }

    if (job->client) {
        job->client->njobs++;
    }

    return 1;
}


void
ngx_aime_job_reset_clients_locked(ngx_aime_zone_t *zone)
{
    ngx_aime_shm_client_t  *client;

    client = NULL;

    while ((client = ngx_aime_shm_next_locked(&zone->sh->arena,
                                              NGX_AIME_SHM_CLIENT, client)))
    {
        client->njobs = 0;
    }
}


void
ngx_aime_job_relink_clients_locked(ngx_aime_zone_t *zone)
{
    ngx_aime_shm_once_t    *once;
    ngx_aime_shm_arena_t   *arena;
    ngx_aime_shm_client_t  *client;

    arena = &zone->sh->arena;
    client = NULL;
    once = NULL;

    while ((client = ngx_aime_shm_next_locked(arena, NGX_AIME_SHM_CLIENT,
                                              client)))
    {
        if (client->njobs) {
            ngx_rbtree_insert(&client->queue->clients, &client->node);

        } else {
            ngx_aime_shm_free_locked(arena, client);
        }
    }

    while ((once = ngx_aime_shm_next_locked(arena, NGX_AIME_SHM_ONCE, once))) {

        if (ngx_aime_shm_kind_locked(arena, once->job) == NGX_AIME_SHM_JOB
            && once->job->once == once)
        {
            ngx_rbtree_insert(&zone->sh->onces, &once->node);

        } else {
            ngx_aime_shm_free_locked(arena, once);
        }
    }
}


/* What follows from a job's being in its queue. */

static void
ngx_aime_job_enqueued(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    ngx_aime_job_arm(zone, job, job->queued + job->queue_timeout);

    ngx_aime_shm_order();
    job->state = NGX_AIME_JOB_QUEUED;
    ngx_aime_shm_order();

    ngx_aime_job_rouse(zone, job->queue->type);
}


/* A job that no poll was woken for yet, and a poll that waits. */

static void
ngx_aime_job_rouse(ngx_aime_zone_t *zone, ngx_aime_shm_type_t *type)
{
    if (type->nqueued > type->polls.nwoken) {
        ngx_aime_wake_one_locked(zone, &type->polls);
    }
}


/*
 * Something of a job that is not final has changed.  The client that waits for
 * its result is not interested, unless it said so.
 */

static void
ngx_aime_job_changed(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
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


/* gone: his entry, if he still has one. */

static void
ngx_aime_job_hung_up(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_shm_parked_t *gone)
{
    if (!job->cancel_on_disconnect || ngx_aime_job_awaited(job, gone)) {
        return;
    }

    if (job->grace == 0) {
        ngx_aime_job_end(zone, job, NGX_AIME_JOB_CANCELED,
                         NGX_AIME_REASON_HANGUP);
        return;
    }

    job->abandoned = 1;
    job->abandon = ngx_current_msec + job->grace;

    ngx_aime_job_arm(zone, job, job->due);
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


/*
 * Counts what of the job is not counted yet: that it came, that it ended.  A
 * process may be killed in between; who repairs calls this for every job.
 */

static void
ngx_aime_job_count(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    ngx_aime_shm_endpoint_metrics_t  *metrics;

    metrics = &job->queue->endpoint->metrics;

    if (!(job->counted & NGX_AIME_COUNTED_SUBMIT)) {
        ngx_aime_shm_count_locked(&zone->sh->redo, &metrics->submitted,
                                  &job->counted, NGX_AIME_COUNTED_SUBMIT);
    }

    if (ngx_aime_job_active(job) || (job->counted & NGX_AIME_COUNTED_END)) {
        return;
    }

    ngx_aime_shm_count_locked(&zone->sh->redo,
                              &metrics->finished[ngx_aime_job_outcome(job)],
                              &job->counted, NGX_AIME_COUNTED_END);

    if (job->worker && job->state == NGX_AIME_JOB_LAPSED) {
        job->worker->nlost++;
    }
}


static ngx_uint_t
ngx_aime_job_outcome(ngx_aime_shm_job_t *job)
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
 * Of a job that has its result.  The worker's own numbers only if it still has
 * the job: a late one's time has gone on while others had it.
 */

static void
ngx_aime_job_count_times(ngx_aime_shm_job_t *job, uint64_t worker)
{
    double                  elapsed;
    ngx_aime_shm_worker_t  *holder;

    elapsed = job->result_received_time - job->start_time_compute;

    ngx_aime_shm_time_locked(&job->queue->type->metrics.compute,
                             1000 * elapsed);
    ngx_aime_shm_time_locked(&job->queue->endpoint->metrics.duration,
                             1000 * (job->result_received_time
                                     - job->start_time));

    holder = job->worker;

    if (job->state != NGX_AIME_JOB_PROCESSING || holder->number != worker) {
        return;
    }

    holder->nfailed += (job->result->failed != 0);
    holder->mean_compute += (holder->ndone++ ? NGX_AIME_MEAN_ALPHA : 1.0)
                            * (elapsed - holder->mean_compute);
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


/* The attempt failed: another worker shall do it. */

static void
ngx_aime_job_requeue(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_retry_e why)
{
    job->queue->type->metrics.retries[why]++;

    ngx_aime_job_stop(job);
    ngx_aime_job_set_progress(zone, job, NULL, 0);

    job->queued = ngx_current_msec;
    ngx_aime_job_return(zone, job);
}


static void
ngx_aime_job_return(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    ngx_aime_shm_queue_return_locked(job);
    ngx_aime_job_enqueued(zone, job);
    ngx_aime_job_changed(zone, job);
}


/*
 * The hand-over failed, so the worker never had the job and owes nothing.  If
 * it was tried, it counts as an attempt: a worker that dies of a job's size
 * shall not get it for ever.
 */

static void
ngx_aime_job_retry(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_uint_t tried)
{
    job->holders[job->attempts - 1] = 0;

    if (!tried) {
        ngx_aime_job_stop(job);
        job->attempts--;
        ngx_aime_job_return(zone, job);

    } else if (job->attempts < job->max_attempts) {
        ngx_aime_job_requeue(zone, job, NGX_AIME_RETRY_UNDELIVERED);

    } else {
        ngx_aime_job_end(zone, job, NGX_AIME_JOB_LAPSED,
                         NGX_AIME_REASON_UNDELIVERED);
    }
}


/* The one way into a final state. */

static void
ngx_aime_job_end(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_job_state_e state, ngx_aime_job_reason_e reason)
{
    double      now;
    ngx_uint_t  was, outcome;

    was = job->state;
    now = ngx_aime_job_now();

    /* who repairs finds a job that has ended, or one that has not */

    ngx_aime_job_set_state(job, state, reason, job->result_lifetime);
    ngx_aime_job_count(zone, job);

    outcome = ngx_aime_job_outcome(job);

    ngx_aime_ended_note_locked(job, outcome, now);

    if (outcome != NGX_AIME_OUTCOME_SUCCESS
        && outcome != NGX_AIME_OUTCOME_CANCELLED)
    {
        ngx_aime_shm_failure_note_locked(zone, job, outcome, now);
    }

    if (was == NGX_AIME_JOB_QUEUED) {
        ngx_aime_shm_queue_remove_locked(zone, job);

    } else {
        ngx_aime_job_stop(job);
    }

    ngx_aime_job_uncount_client(zone, job);
    ngx_aime_job_set_progress(zone, job, NULL, 0);

    ngx_aime_shm_release_locked(zone, job->input);
    job->input = NULL;

    ngx_aime_job_arm(zone, job, job->due);
    ngx_aime_wake_all_locked(zone, &job->watchers);
}


/* The state last: what goes with it stands before it does. */

static void
ngx_aime_job_set_state(ngx_aime_shm_job_t *job, ngx_aime_job_state_e state,
    ngx_aime_job_reason_e reason, ngx_msec_t timeout)
{
    job->reason = reason;
    job->due = ngx_current_msec + timeout;
    job->changes++;

    ngx_aime_shm_order();
    job->state = state;
    ngx_aime_shm_order();
}


/* Only for a job that is neither queued nor running. */

static void
ngx_aime_job_delete(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    ngx_aime_shm_mark_locked(&zone->sh->arena, job, NGX_AIME_SHM_DRAFT);

    ngx_aime_wake_close_locked(zone, &job->watchers);

    ngx_aime_shm_id_remove_locked(zone, job);
    ngx_aime_job_uncount_client(zone, job);

    if (job->deadlined) {
        ngx_aime_shm_deadline_remove_locked(zone, &job->deadline);
    }

    if (job->fetched) {
        ngx_queue_remove(&job->link);
    }

    if (job->once) {
        ngx_aime_job_free_once(zone, job->once);
    }

    if (job->result) {
        ngx_aime_shm_release_locked(zone, job->result);
    }

    if (job->note) {
        ngx_aime_shm_release_locked(zone, job->note);
    }

    ngx_aime_shm_free_locked(&zone->sh->arena, job);
}


static void
ngx_aime_job_set_progress(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_shm_payload_t *progress, uint32_t progress_len)
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


/*
 * The tree is touched only if the deadline comes nearer; one that moved away
 * is noticed when the old one is due.
 */

static void
ngx_aime_job_arm(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_msec_t due)
{
    job->due = due;

    if (job->abandoned && ngx_aime_job_active(job)
        && (ngx_msec_int_t) (job->abandon - due) < 0)
    {
        due = job->abandon;
    }

    if (job->deadlined) {
        if ((ngx_msec_int_t) (due - job->deadline.key) >= 0) {
            return;
        }

        ngx_aime_shm_deadline_remove_locked(zone, &job->deadline);
    }

    job->deadlined = 1;
    ngx_aime_shm_deadline_add_locked(zone, &job->deadline,
                                     NGX_AIME_DEADLINE_JOB, due);
}


static ngx_uint_t
ngx_aime_job_holder(ngx_aime_shm_job_t *job, uint64_t worker)
{
    ngx_uint_t  i;

    for (i = 0; i < job->attempts; i++) {
        if (job->holders[i] == worker) {
            return 1;
        }
    }

    return 0;
}


static void
ngx_aime_job_forget_holder(ngx_aime_shm_job_t *job, uint64_t worker)
{
    ngx_uint_t  i;

    for (i = 0; i < job->max_attempts; i++) {
        if (job->holders[i] == worker) {
            job->holders[i] = 0;
        }
    }
}


/*
 * Results that were fetched give way, and then sessions of variables, oldest
 * first, until that many bytes are free; the number of them.
 */

static ngx_uint_t
ngx_aime_job_evict(ngx_aime_zone_t *zone, size_t size)
{
    size_t        used;
    ngx_uint_t    n;
    ngx_queue_t  *q;

    used = zone->sh->arena.used;

    for (n = 0; n < NGX_AIME_EVICT_MAX; n++) {
        if (used - zone->sh->arena.used >= size) {
            break;
        }

        if (ngx_queue_empty(&zone->sh->fetched)) {
            if (!ngx_aime_shm_vars_give_way_locked(zone)) {
                break;
            }

            continue;
        }

        q = ngx_queue_head(&zone->sh->fetched);
        ngx_aime_job_delete(zone, ngx_queue_data(q, ngx_aime_shm_job_t,
                                                 link));
    }

    return n;
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


double
ngx_aime_job_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return tp->sec + tp->msec / 1000.0;
}

