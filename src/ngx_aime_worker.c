
/* GPU workers coming, being heard of, and going, see ngx_aime_worker.h. */


#include "ngx_aime_worker.h"
#include "ngx_aime_job.h"
#include "ngx_aime_shm_failure.h"
#include "ngx_aime_shm_index.h"
#include "ngx_aime_wake.h"


static ngx_aime_shm_worker_t *ngx_aime_worker_known(ngx_aime_zone_t *zone,
    ngx_aime_worker_hello_t *hello);
static ngx_uint_t ngx_aime_worker_busy(ngx_aime_shm_worker_t *worker);
static void ngx_aime_worker_touch(ngx_aime_zone_t *zone,
    ngx_aime_shm_worker_t *worker);
static void ngx_aime_worker_arm(ngx_aime_zone_t *zone,
    ngx_aime_shm_worker_t *worker, ngx_msec_t due);
static size_t ngx_aime_worker_size(ngx_aime_shm_type_t *type);
static u_char *ngx_aime_worker_copy(ngx_aime_shm_worker_t *worker,
    ngx_aime_worker_view_t *view, u_char *p);


ngx_int_t
ngx_aime_worker_hello(ngx_aime_zone_t *zone, ngx_aime_worker_hello_t *hello)
{
    ngx_int_t               rc;
    ngx_aime_shm_worker_t  *worker;

    rc = NGX_ERROR;

    ngx_aime_shm_lock(zone);

    worker = ngx_aime_worker_known(zone, hello);

    if (worker == NULL) {
        goto done;
    }

    if (ngx_aime_shm_worker_describe_locked(zone, worker, hello->fields)
        != NGX_OK)
    {
        /* without a deadline nobody would ever look after a new one */

        if (!worker->deadlined) {
            ngx_aime_shm_worker_delete_locked(zone, worker);
        }

        goto done;
    }

    if (worker->type != hello->type) {
        ngx_aime_shm_worker_move_locked(zone, worker, hello->type);
    }

    worker->silence = hello->silence;
    worker->max_batch = hello->max_batch;

    if (hello->login) {
        worker->login = 1;
        worker->free_slots = 0;
    }

    ngx_aime_worker_touch(zone, worker);
    rc = NGX_OK;

done:

    ngx_aime_shm_unlock(zone);

    return rc;
}


static ngx_aime_shm_worker_t *
ngx_aime_worker_known(ngx_aime_zone_t *zone, ngx_aime_worker_hello_t *hello)
{
    ngx_aime_shm_worker_t  *worker;

    worker = ngx_aime_shm_worker_find_locked(zone, hello->type, &hello->name);

    if (worker) {
        return worker;
    }

    worker = ngx_aime_shm_worker_by_name_locked(zone, &hello->name);

    if (worker && (hello->login || !ngx_aime_worker_busy(worker))) {
        return worker;
    }

    return ngx_aime_shm_worker_create_locked(zone, hello->type, &hello->name);
}


static ngx_uint_t
ngx_aime_worker_busy(ngx_aime_shm_worker_t *worker)
{
    return worker->nparked || worker->nrunning;
}


ngx_int_t
ngx_aime_worker_find(ngx_aime_zone_t *zone, ngx_aime_shm_type_t *type,
    ngx_str_t *name, ngx_aime_worker_view_t *view)
{
    ngx_aime_shm_worker_t  *worker;

    ngx_aime_shm_lock(zone);

    worker = type ? ngx_aime_shm_worker_find_locked(zone, type, name)
                  : ngx_aime_shm_worker_by_name_locked(zone, name);

    if (worker) {
        view->type = worker->type;
        view->number = worker->number;
    }

    ngx_aime_shm_unlock(zone);

    return worker ? NGX_OK : NGX_DECLINED;
}


void
ngx_aime_worker_seen(ngx_aime_zone_t *zone, ngx_aime_shm_type_t *type,
    ngx_str_t *name)
{
    ngx_aime_shm_worker_t  *worker;

    ngx_aime_shm_lock(zone);

    worker = ngx_aime_shm_worker_find_locked(zone, type, name);

    if (worker) {
        ngx_aime_worker_touch(zone, worker);
    }

    ngx_aime_shm_unlock(zone);
}


void
ngx_aime_worker_hung_up(ngx_aime_zone_t *zone, ngx_aime_shm_type_t *type,
    ngx_str_t *name)
{
    ngx_aime_shm_worker_t  *worker;

    ngx_aime_shm_lock(zone);

    worker = ngx_aime_shm_worker_find_locked(zone, type, name);

    if (worker && !ngx_aime_worker_busy(worker)) {
        ngx_aime_shm_worker_online_locked(worker, 0);
    }

    ngx_aime_shm_unlock(zone);
}


ngx_int_t
ngx_aime_worker_version(ngx_aime_zone_t *zone, ngx_pool_t *pool,
    ngx_aime_shm_type_t *type, ngx_str_t *name, ngx_str_t *version)
{
    u_char                  buf[NGX_AIME_WORKER_FIELD_LEN];
    ngx_str_t               field;
    ngx_aime_shm_worker_t  *worker;

    ngx_str_null(&field);

    ngx_aime_shm_lock(zone);

    worker = ngx_aime_shm_worker_find_locked(zone, type, name);

    if (worker) {
        ngx_aime_shm_worker_field_locked(worker,
                                  NGX_AIME_WORKER_INTERFACE_VERSION, &field);

        if (field.len) {
            ngx_memcpy(buf, field.data, field.len);
        }
    }

    ngx_aime_shm_unlock(zone);

    field.data = buf;
    version->len = field.len;
    version->data = ngx_pstrdup(pool, &field);

    return version->data ? NGX_OK : NGX_ERROR;
}


/*
 * The copies are made under the lock, which is held for long only where there
 * are many workers; memory is got before, and again if workers came meanwhile.
 */

ngx_int_t
ngx_aime_worker_list(ngx_aime_zone_t *zone, ngx_pool_t *pool,
    ngx_aime_shm_type_t *type, ngx_aime_worker_view_t **views,
    ngx_uint_t *nviews, ngx_uint_t *nonline)
{
    u_char                  *p;
    size_t                   size, need;
    ngx_uint_t               n, count;
    ngx_queue_t             *q;
    ngx_aime_worker_view_t  *view;
    ngx_aime_shm_worker_t   *worker;

    size = 0;
    count = 0;
    p = NULL;
    view = NULL;

    for ( ;; ) {
        ngx_aime_shm_lock(zone);

        need = ngx_aime_worker_size(type);

        if (need <= size && type->nworkers <= count) {
            break;
        }

        count = type->nworkers;

        ngx_aime_shm_unlock(zone);

        size = need;
        p = ngx_pnalloc(pool, size + 1);
        view = ngx_palloc(pool, (count + 1) * sizeof(ngx_aime_worker_view_t));

        if (p == NULL || view == NULL) {
            return NGX_ERROR;
        }
    }

    n = 0;

    for (q = ngx_queue_head(&type->workers);
         q != ngx_queue_sentinel(&type->workers);
         q = ngx_queue_next(q))
    {
        worker = ngx_queue_data(q, ngx_aime_shm_worker_t, link);
        p = ngx_aime_worker_copy(worker, &view[n++], p);
    }

    *nonline = type->nonline;

    ngx_aime_shm_unlock(zone);

    *views = view;
    *nviews = n;

    return NGX_OK;
}


static size_t
ngx_aime_worker_size(ngx_aime_shm_type_t *type)
{
    size_t                  size;
    ngx_uint_t              i;
    ngx_queue_t            *q;
    ngx_aime_shm_worker_t  *worker;

    size = 0;

    for (q = ngx_queue_head(&type->workers);
         q != ngx_queue_sentinel(&type->workers);
         q = ngx_queue_next(q))
    {
        worker = ngx_queue_data(q, ngx_aime_shm_worker_t, link);
        size += worker->name_len + worker->error_len;

        for (i = 0; i < NGX_AIME_WORKER_NFIELDS; i++) {
            size += worker->field_len[i];
        }
    }

    return size;
}


static u_char *
ngx_aime_worker_copy(ngx_aime_shm_worker_t *worker,
    ngx_aime_worker_view_t *view, u_char *p)
{
    ngx_str_t   field;
    ngx_uint_t  i;

    view->type = worker->type;
    view->number = worker->number;
    view->state = ngx_aime_worker_state(worker);
    view->max_batch = worker->max_batch;
    view->free_slots = worker->free_slots;
    view->nrunning = worker->nrunning;
    view->ndone = worker->ndone;
    view->nfailed = worker->nfailed;
    view->nlost = worker->nlost;
    view->mean_compute = worker->mean_compute;
    view->error_time = worker->error_time;
    view->draining = worker->draining;

    view->seen = ngx_aime_job_now();

    if (worker->nparked == 0) {
        view->seen -= (ngx_msec_int_t) (ngx_current_msec - worker->seen)
                      / 1000.0;
    }

    view->error.data = p;
    view->error.len = worker->error_len;
    p = ngx_cpymem(p, worker->error, worker->error_len);

    view->name.data = p;
    view->name.len = worker->name_len;
    p = ngx_cpymem(p, worker->name, worker->name_len);

    for (i = 0; i < NGX_AIME_WORKER_NFIELDS; i++) {
        ngx_aime_shm_worker_field_locked(worker, i, &field);

        view->fields[i].data = p;
        view->fields[i].len = field.len;

        if (field.len) {
            p = ngx_cpymem(p, field.data, field.len);
        }
    }

    return p;
}


void
ngx_aime_worker_failed(ngx_aime_zone_t *zone, ngx_aime_shm_type_t *type,
    ngx_str_t *name, const u_char *id, ngx_str_t *error)
{
    size_t                  len;
    ngx_aime_shm_worker_t  *worker;

    len = ngx_min(error->len, NGX_AIME_WORKER_ERROR_LEN);

    /* no character is cut in two */

    while (len && len < error->len && (error->data[len] & 0xc0) == 0x80) {
        len--;
    }

    ngx_aime_shm_lock(zone);

    worker = ngx_aime_shm_worker_find_locked(zone, type, name);

    if (worker) {
        worker->error_len = 0;
        ngx_memcpy(worker->error, error->data, len);
        worker->error_len = len;
        worker->error_time = ngx_time();
    }

    ngx_aime_shm_failure_explain_locked(zone, id, error->data, len);

    ngx_aime_shm_unlock(zone);
}


ngx_int_t
ngx_aime_worker_order(ngx_aime_zone_t *zone, ngx_aime_shm_type_t *type,
    ngx_str_t *name, ngx_aime_worker_order_e order)
{
    ngx_queue_t            *q, *next, *parked;
    ngx_aime_shm_parked_t  *poll;
    ngx_aime_shm_worker_t  *worker;

    ngx_aime_shm_lock(zone);

    worker = ngx_aime_shm_worker_find_locked(zone, type, name);

    if (worker == NULL) {
        ngx_aime_shm_unlock(zone);
        return NGX_DECLINED;
    }

    worker->disabled = (order != NGX_AIME_WORKER_ENABLE);
    worker->draining = (order == NGX_AIME_WORKER_DRAIN);

    /* its polls are to see it, and to leave their place to others */

    parked = &type->polls.parked;

    for (q = ngx_queue_head(parked);
         worker->disabled && q != ngx_queue_sentinel(parked);
         q = next)
    {
        next = ngx_queue_next(q);
        poll = ngx_queue_data(q, ngx_aime_shm_parked_t, link);

        if (poll->worker == worker) {
            ngx_aime_wake_entry_locked(zone, poll);
        }
    }

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);

    return NGX_OK;
}


/* One that drains is at work until it is done. */

ngx_uint_t
ngx_aime_worker_state(ngx_aime_shm_worker_t *worker)
{
    if (worker->disabled && !(worker->draining && worker->nrunning)) {
        return NGX_AIME_WORKER_DISABLED;
    }

    if (!worker->online) {
        return NGX_AIME_WORKER_OFFLINE;
    }

    return worker->nrunning ? NGX_AIME_WORKER_PROCESSING
                            : NGX_AIME_WORKER_WAITING;
}


static void
ngx_aime_worker_touch(ngx_aime_zone_t *zone, ngx_aime_shm_worker_t *worker)
{
    worker->seen = ngx_current_msec;
    ngx_aime_shm_worker_online_locked(worker, 1);
    ngx_aime_worker_arm(zone, worker, ngx_current_msec + worker->silence);
}


ngx_uint_t
ngx_aime_worker_due_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_worker_t *worker)
{
    ngx_msec_t      silence;
    ngx_msec_int_t  left;

    worker->deadlined = 0;

    /*
     * Libraries say nothing while they compute: for as long as the worker has
     * a job, only that job's own deadline counts.
     */

    if (ngx_aime_worker_busy(worker)) {
        ngx_aime_worker_arm(zone, worker, ngx_current_msec + worker->silence);
        return 0;
    }

    silence = worker->online ? worker->silence : NGX_AIME_WORKER_FORGET;
    left = (ngx_msec_int_t) (worker->seen + silence - ngx_current_msec);

    if (left > 0) {
        ngx_aime_worker_arm(zone, worker, ngx_current_msec + left);
        return 0;
    }

    if (worker->online) {
        ngx_aime_shm_worker_online_locked(worker, 0);
        ngx_aime_worker_arm(zone, worker,
                            worker->seen + NGX_AIME_WORKER_FORGET);
        return 1;
    }

    ngx_aime_shm_worker_delete_locked(zone, worker);

    return 0;
}


static void
ngx_aime_worker_arm(ngx_aime_zone_t *zone, ngx_aime_shm_worker_t *worker,
    ngx_msec_t due)
{
    if (worker->deadlined) {
        if ((ngx_msec_int_t) (due - worker->deadline.key) >= 0) {
            return;
        }

        ngx_aime_shm_deadline_remove_locked(zone, &worker->deadline);
    }

    worker->deadlined = 1;
    ngx_aime_shm_deadline_add_locked(zone, &worker->deadline,
                                     NGX_AIME_DEADLINE_WORKER, due);
}

