
/* What an administrator sees, see ngx_aime_admin.h. */


#include "ngx_aime_admin.h"
#include "ngx_aime_shm_index.h"
#include "ngx_aime_shm_payload.h"
#include "ngx_aime_shm_queue.h"
#include "ngx_aime_shm_session.h"


#define NGX_AIME_ADMIN_SLICE    64      /* jobs or buckets under one lock */
#define NGX_AIME_ADMIN_LOOKS    65536   /* jobs looked at for one answer */


typedef ngx_uint_t (*ngx_aime_admin_of_pt)(ngx_aime_shm_type_t *type,
    ngx_aime_admin_filter_t *filter, ngx_aime_admin_job_t *jobs,
    ngx_uint_t max, ngx_uint_t *more);


static ngx_uint_t ngx_aime_admin_by_type(ngx_aime_zone_t *zone,
    ngx_aime_admin_filter_t *filter, ngx_aime_admin_job_t *jobs,
    ngx_uint_t max, ngx_uint_t *more, ngx_aime_admin_of_pt of);
static ngx_uint_t ngx_aime_admin_oldest_of(ngx_aime_shm_type_t *type,
    ngx_aime_admin_filter_t *filter, ngx_aime_admin_job_t *jobs,
    ngx_uint_t max, ngx_uint_t *more);
static ngx_uint_t ngx_aime_admin_running_of(ngx_aime_shm_type_t *type,
    ngx_aime_admin_filter_t *filter, ngx_aime_admin_job_t *jobs,
    ngx_uint_t max, ngx_uint_t *more);
static ngx_uint_t ngx_aime_admin_wanted(ngx_aime_admin_filter_t *filter,
    ngx_aime_shm_job_t *job);
static void ngx_aime_admin_view(ngx_aime_shm_job_t *job,
    ngx_aime_admin_job_t *view);


ngx_uint_t
ngx_aime_admin_jobs(ngx_aime_zone_t *zone, ngx_aime_admin_filter_t *filter,
    const u_char *after, ngx_aime_admin_job_t *jobs, ngx_uint_t max,
    u_char *last, ngx_uint_t *more)
{
    ngx_uint_t               i, n, looks;
    ngx_aime_shm_job_t      *job;
    ngx_aime_shm_id_walk_t   walk;

    *more = 0;

    if (filter->state == NGX_AIME_JOB_PROCESSING) {
        return ngx_aime_admin_by_type(zone, filter, jobs, max, more,
                                      ngx_aime_admin_running_of);
    }

    if (filter->oldest) {
        return ngx_aime_admin_by_type(zone, filter, jobs, max, more,
                                      ngx_aime_admin_oldest_of);
    }

    n = 0;
    looks = 0;

    ngx_aime_shm_id_walk(zone, &walk, after);

    do {
        ngx_aime_shm_lock(zone);

        for (i = 0;
             i < NGX_AIME_ADMIN_SLICE && walk.bucket < zone->sh->nbuckets;
             i++)
        {
            job = ngx_aime_shm_id_next_locked(zone, &walk);

            if (job == NULL) {
                continue;
            }

            if (ngx_aime_admin_wanted(filter, job)) {
                if (n == max) {
                    *more = 1;
                    break;
                }

                ngx_aime_admin_view(job, &jobs[n++]);
            }

            ngx_memcpy(last, job->id, NGX_AIME_ID_LEN);
            looks++;
        }

        ngx_aime_shm_unlock(zone);

        if (walk.bucket == zone->sh->nbuckets) {
            break;
        }

        if (looks >= NGX_AIME_ADMIN_LOOKS) {
            *more = 1;
        }

    } while (!*more);

    return n;
}


/* Types stay for good, so the lock may be given back at each. */

static ngx_uint_t
ngx_aime_admin_by_type(ngx_aime_zone_t *zone, ngx_aime_admin_filter_t *filter,
    ngx_aime_admin_job_t *jobs, ngx_uint_t max, ngx_uint_t *more,
    ngx_aime_admin_of_pt of)
{
    ngx_uint_t            n;
    ngx_queue_t          *q;
    ngx_aime_shm_type_t  *type;

    n = 0;
    q = &zone->sh->types;

    for ( ;; ) {
        ngx_aime_shm_lock(zone);

        q = ngx_queue_next(q);

        if (q == ngx_queue_sentinel(&zone->sh->types)
            || (*more && n == max))
        {
            ngx_aime_shm_unlock(zone);
            return n;
        }

        type = ngx_queue_data(q, ngx_aime_shm_type_t, link);

        if (filter->type == NULL || filter->type == type) {
            n += of(type, filter, &jobs[n], max - n, more);
        }

        ngx_aime_shm_unlock(zone);
    }
}


static ngx_uint_t
ngx_aime_admin_oldest_of(ngx_aime_shm_type_t *type,
    ngx_aime_admin_filter_t *filter, ngx_aime_admin_job_t *jobs,
    ngx_uint_t max, ngx_uint_t *more)
{
    ngx_uint_t           n, looks;
    ngx_queue_t         *q;
    ngx_aime_shm_job_t  *job;

    n = 0;
    looks = 0;

    for (q = ngx_queue_head(&type->waiting);
         q != ngx_queue_sentinel(&type->waiting);
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, ngx_aime_shm_job_t, link);

        if (looks++ == NGX_AIME_ADMIN_OLDEST) {
            *more = 1;
            break;
        }

        if (!ngx_aime_admin_wanted(filter, job)) {
            continue;
        }

        if (n == max) {
            *more = 1;
            break;
        }

        ngx_aime_admin_view(job, &jobs[n++]);
    }

    return n;
}


static ngx_uint_t
ngx_aime_admin_running_of(ngx_aime_shm_type_t *type,
    ngx_aime_admin_filter_t *filter, ngx_aime_admin_job_t *jobs,
    ngx_uint_t max, ngx_uint_t *more)
{
    ngx_uint_t              n;
    ngx_queue_t            *q, *p;
    ngx_aime_shm_job_t     *job;
    ngx_aime_shm_worker_t  *worker;

    n = 0;

    for (q = ngx_queue_head(&type->workers);
         q != ngx_queue_sentinel(&type->workers);
         q = ngx_queue_next(q))
    {
        worker = ngx_queue_data(q, ngx_aime_shm_worker_t, link);

        for (p = ngx_queue_head(&worker->running);
             p != ngx_queue_sentinel(&worker->running);
             p = ngx_queue_next(p))
        {
            job = ngx_queue_data(p, ngx_aime_shm_job_t, link);

            if (!ngx_aime_admin_wanted(filter, job)) {
                continue;
            }

            if (n == max) {
                *more = 1;
                return n;
            }

            ngx_aime_admin_view(job, &jobs[n++]);
        }
    }

    return n;
}


static ngx_uint_t
ngx_aime_admin_wanted(ngx_aime_admin_filter_t *filter,
    ngx_aime_shm_job_t *job)
{
    if ((filter->type && filter->type != job->queue->type)
        || (filter->endpoint && filter->endpoint != job->queue->endpoint))
    {
        return 0;
    }

    if (filter->state == NGX_CONF_UNSET_UINT) {
        return 1;
    }

    return filter->state == job->state
           && (filter->failed == NGX_CONF_UNSET_UINT
               || job->state != NGX_AIME_JOB_DONE
               || filter->failed == (job->result->failed != 0));
}


static void
ngx_aime_admin_view(ngx_aime_shm_job_t *job, ngx_aime_admin_job_t *view)
{
    ngx_memcpy(view->id, job->id, NGX_AIME_ID_LEN);
    ngx_memcpy(view->owner, job->owner, NGX_AIME_ID_LEN);

    view->type = job->queue->type;
    view->endpoint = job->queue->endpoint;
    view->state = job->state;
    view->reason = job->reason;
    view->failed = (job->result && job->result->failed);
    view->priority = job->priority;
    view->attempts = job->attempts;
    view->max_attempts = job->max_attempts;
    view->fetched = job->fetched;
    view->start_time = job->start_time;
    view->start_time_compute = job->start_time_compute;
    view->result_received_time = job->result_received_time;
    view->input_len = job->input ? job->input->len : 0;
    view->result_len = job->result ? job->result->len : 0;

    view->position = (job->state == NGX_AIME_JOB_QUEUED)
                     ? ngx_aime_shm_queue_position_locked(job) : 0;

    view->progress_len = 0;
    view->worker_len = 0;

    /* a number, which the first chunk holds whole */

    if (job->progress && job->progress_len <= NGX_AIME_ADMIN_PROGRESS_LEN) {
        view->progress_len = job->progress_len;
        ngx_memcpy(view->progress, job->progress->first.data,
                   view->progress_len);
    }

    if (job->worker) {
        view->worker_len = job->worker->name_len;
        ngx_memcpy(view->worker, job->worker->name, view->worker_len);
    }
}


ngx_int_t
ngx_aime_admin_job(ngx_aime_zone_t *zone, const u_char *id,
    ngx_aime_admin_job_t *view)
{
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(zone);

    job = ngx_aime_shm_id_find_locked(zone, id);

    if (job) {
        ngx_aime_admin_view(job, view);
    }

    ngx_aime_shm_unlock(zone);

    return job ? NGX_OK : NGX_DECLINED;
}


ngx_uint_t
ngx_aime_admin_sessions(ngx_aime_zone_t *zone, const u_char *after,
    ngx_aime_admin_session_t *sessions, ngx_uint_t max)
{
    ngx_uint_t               n;
    ngx_rbtree_node_t       *node;
    ngx_aime_shm_session_t  *session;

    ngx_aime_shm_lock(zone);

    node = ngx_aime_shm_id_behind(&zone->sh->sessions, after);

    for (n = 0; n < max && node; n++) {
        session = ngx_rbtree_data(node, ngx_aime_shm_session_t, node);

        ngx_memcpy(sessions[n].id, session->id, NGX_AIME_ID_LEN);
        ngx_memcpy(sessions[n].owner, session->owner, NGX_AIME_ID_LEN);

        sessions[n].idle = ngx_current_msec - session->used;
        sessions[n].keyless = session->keyless;

        node = ngx_rbtree_next(&zone->sh->sessions, node);
    }

    ngx_aime_shm_unlock(zone);

    return n;
}


ngx_uint_t
ngx_aime_admin_logout(ngx_aime_zone_t *zone, const u_char *id)
{
    ngx_uint_t  ended;

    ngx_aime_shm_lock(zone);

    ended = ngx_aime_shm_session_end_locked(zone, id);

    ngx_aime_shm_unlock(zone);

    return ended;
}


void
ngx_aime_admin_endpoint(ngx_aime_zone_t *zone,
    ngx_aime_shm_endpoint_t *endpoint, ngx_uint_t disabled)
{
    ngx_aime_shm_lock(zone);

    endpoint->disabled = disabled;

    ngx_aime_shm_unlock(zone);
}
