
/* Numbers of the zone, see ngx_aime_metrics.h. */


#include "ngx_aime_metrics.h"


static void ngx_aime_metrics_type(ngx_aime_shm_type_t *type,
    ngx_aime_metrics_type_t *view);
static void ngx_aime_metrics_workers(ngx_aime_shm_type_t *type,
    ngx_aime_metrics_type_t *view);


/*
 * Types and endpoints stay for the zone's life and new ones come at the end,
 * so the walk may give the lock back at each.
 */

ngx_int_t
ngx_aime_metrics_types(ngx_aime_zone_t *zone, ngx_pool_t *pool,
    ngx_array_t *types)
{
    ngx_queue_t              *q;
    ngx_aime_shm_type_t      *type;
    ngx_aime_metrics_type_t  *view;

    if (ngx_array_init(types, pool, 8, sizeof(ngx_aime_metrics_type_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    q = &zone->sh->types;

    for ( ;; ) {
        view = ngx_array_push(types);
        if (view == NULL) {
            return NGX_ERROR;
        }

        ngx_aime_shm_lock(zone);

        q = ngx_queue_next(q);

        if (q == ngx_queue_sentinel(&zone->sh->types)) {
            ngx_aime_shm_unlock(zone);
            break;
        }

        type = ngx_queue_data(q, ngx_aime_shm_type_t, link);
        ngx_aime_metrics_type(type, view);

        ngx_aime_shm_unlock(zone);
    }

    types->nelts--;

    return NGX_OK;
}


static void
ngx_aime_metrics_type(ngx_aime_shm_type_t *type,
    ngx_aime_metrics_type_t *view)
{
    ngx_aime_shm_job_t  *oldest;

    view->shm = type;
    view->name.len = type->name_len;
    view->name.data = type->name;
    view->nqueued = type->nqueued;
    view->nrunning = type->nrunning;
    view->oldest = 0;
    view->mean_compute = type->mean_compute;
    view->nfinished = type->nfinished;
    view->metrics = type->metrics;

    ngx_memcpy(view->nlevel, type->nlevel, sizeof(type->nlevel));

    if (!ngx_queue_empty(&type->waiting)) {
        oldest = ngx_queue_data(ngx_queue_head(&type->waiting),
                                ngx_aime_shm_job_t, link);

        if ((ngx_msec_int_t) (ngx_current_msec - oldest->queued) > 0) {
            view->oldest = ngx_current_msec - oldest->queued;
        }
    }

    ngx_aime_metrics_workers(type, view);
}


/* A slot is free while a poll waits to fill it, and not any longer. */

static void
ngx_aime_metrics_workers(ngx_aime_shm_type_t *type,
    ngx_aime_metrics_type_t *view)
{
    ngx_queue_t            *q;
    ngx_aime_shm_worker_t  *worker;

    ngx_memzero(view->nworkers, sizeof(view->nworkers));
    view->nslots = 0;

    for (q = ngx_queue_head(&type->workers);
         q != ngx_queue_sentinel(&type->workers);
         q = ngx_queue_next(q))
    {
        worker = ngx_queue_data(q, ngx_aime_shm_worker_t, link);

        view->nworkers[ngx_aime_worker_state(worker)]++;

        if (worker->online && !worker->disabled && worker->nparked) {
            view->nslots += worker->free_slots;
        }
    }
}


ngx_int_t
ngx_aime_metrics_endpoints(ngx_aime_zone_t *zone, ngx_pool_t *pool,
    ngx_array_t *endpoints)
{
    ngx_queue_t                  *q;
    ngx_aime_shm_endpoint_t      *ep;
    ngx_aime_metrics_endpoint_t  *view;

    if (ngx_array_init(endpoints, pool, 8,
                       sizeof(ngx_aime_metrics_endpoint_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    q = &zone->sh->endpoints;

    for ( ;; ) {
        view = ngx_array_push(endpoints);
        if (view == NULL) {
            return NGX_ERROR;
        }

        ngx_aime_shm_lock(zone);

        q = ngx_queue_next(q);

        if (q == ngx_queue_sentinel(&zone->sh->endpoints)) {
            ngx_aime_shm_unlock(zone);
            break;
        }

        ep = ngx_queue_data(q, ngx_aime_shm_endpoint_t, link);

        view->shm = ep;
        view->name.len = ep->name_len;
        view->name.data = ep->name;
        view->disabled = ep->disabled;
        view->metrics = ep->metrics;

        ngx_aime_shm_unlock(zone);
    }

    endpoints->nelts--;

    return NGX_OK;
}


void
ngx_aime_metrics_zone(ngx_aime_zone_t *zone, ngx_aime_metrics_zone_t *view)
{
    ngx_uint_t       i;
    ngx_aime_shm_t  *sh;

    sh = zone->sh;

    ngx_aime_shm_lock(zone);

    view->nblocks = sh->arena.nblocks;
    view->nfree = sh->arena.nfree;
    view->size = sh->arena.nblocks * NGX_AIME_SHM_BLOCK_SIZE;
    view->used = sh->arena.used;
    view->njobs = sh->njobs;
    view->nworkers = sh->nworkers;
    view->nsessions = sh->nsessions;
    view->nvars = sh->nvars;
    view->nrows = sh->nrows;
    view->nprocs = 0;
    view->repairs = sh->repairs;
    view->created = sh->created;
    view->damaged = (sh->damage[0] != '\0');

    ngx_memcpy(view->nwaits, sh->nwaits, sizeof(sh->nwaits));

    for (i = 0; i < sh->nrows; i++) {
        view->nprocs += (sh->rows[i].pid != 0);
    }

    ngx_aime_shm_unlock(zone);
}


ngx_uint_t
ngx_aime_metrics_procs(ngx_aime_zone_t *zone, ngx_aime_metrics_proc_t *procs)
{
    ngx_uint_t           i, n;
    ngx_aime_shm_row_t  *row;

    n = 0;

    ngx_aime_shm_lock(zone);

    for (i = 0; i < zone->sh->nrows; i++) {
        row = &zone->sh->rows[i];

        if (row->pid) {
            procs[n].pid = row->pid;
            procs[n++].started = row->started;
        }
    }

    ngx_aime_shm_unlock(zone);

    return n;
}


void
ngx_aime_metrics_reset(ngx_aime_zone_t *zone)
{
    ngx_queue_t              *q, *p;
    ngx_aime_shm_type_t      *type;
    ngx_aime_shm_worker_t    *worker;
    ngx_aime_shm_endpoint_t  *ep;

    ngx_aime_shm_lock(zone);

    for (q = ngx_queue_head(&zone->sh->types);
         q != ngx_queue_sentinel(&zone->sh->types);
         q = ngx_queue_next(q))
    {
        type = ngx_queue_data(q, ngx_aime_shm_type_t, link);
        ngx_memzero(&type->metrics, sizeof(type->metrics));

        for (p = ngx_queue_head(&type->workers);
             p != ngx_queue_sentinel(&type->workers);
             p = ngx_queue_next(p))
        {
            worker = ngx_queue_data(p, ngx_aime_shm_worker_t, link);
            worker->ndone = 0;
            worker->nfailed = 0;
            worker->nlost = 0;
            worker->error_len = 0;
        }
    }

    for (q = ngx_queue_head(&zone->sh->endpoints);
         q != ngx_queue_sentinel(&zone->sh->endpoints);
         q = ngx_queue_next(q))
    {
        ep = ngx_queue_data(q, ngx_aime_shm_endpoint_t, link);
        ngx_memzero(&ep->metrics, sizeof(ep->metrics));
    }

    zone->sh->nfailures = 0;

    ngx_aime_shm_unlock(zone);
}
