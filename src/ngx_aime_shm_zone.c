
/*
 * The shared memory zone, see ngx_aime_shm_zone.h.
 *
 * The lock is the slab pool's mutex, the only one that nginx frees when a
 * process is killed.  While it is held, the holder's pid stands in the header:
 * who finds one there on entry knows that a change was cut short.
 */


#include "ngx_aime_shm_zone.h"


static ngx_int_t ngx_aime_shm_zone_create(ngx_aime_zone_t *zone);
static ngx_int_t ngx_aime_shm_zone_replaces(ngx_shm_zone_t *shm_zone);
static void ngx_aime_shm_init_header(ngx_aime_shm_t *sh);
static ngx_int_t ngx_aime_shm_init_rows(ngx_aime_zone_t *zone);


ngx_int_t
ngx_aime_shm_zone_init(ngx_shm_zone_t *shm_zone, ngx_aime_zone_t *zone,
    ngx_aime_zone_t *old)
{
    zone->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;
    zone->shm_zone = shm_zone;

    if (old) {
        zone->sh = old->sh;
        zone->row = old->row;
        return NGX_OK;
    }

    if (shm_zone->shm.exists) {
        zone->sh = zone->shpool->data;
        return NGX_OK;
    }

    if (ngx_aime_shm_zone_replaces(shm_zone)) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "name and size of aime_api_zone \"%V\" cannot be "
                      "changed by a reload, which would lose its jobs; "
                      "restart nginx instead", &shm_zone->shm.name);
        return NGX_ERROR;
    }

    return ngx_aime_shm_zone_create(zone);
}


static ngx_int_t
ngx_aime_shm_zone_create(ngx_aime_zone_t *zone)
{
    ngx_str_t       *name;
    ngx_log_t       *log;
    ngx_aime_shm_t  *sh;

    log = zone->shm_zone->shm.log;
    name = &zone->shm_zone->shm.name;

    sh = ngx_slab_calloc(zone->shpool, sizeof(ngx_aime_shm_t));
    if (sh == NULL) {
        goto too_small;
    }

    zone->sh = sh;
    zone->shpool->data = sh;

    zone->shpool->log_ctx = ngx_slab_alloc(zone->shpool,
                                    sizeof(" in aime_api_zone \"\"")
                                    + name->len);
    if (zone->shpool->log_ctx == NULL) {
        goto too_small;
    }

    ngx_sprintf(zone->shpool->log_ctx, " in aime_api_zone \"%V\"%Z", name);
    zone->shpool->log_nomem = 0;

    ngx_aime_shm_init_header(sh);

    if (ngx_aime_shm_init_rows(zone) != NGX_OK
        || ngx_aime_shm_arena_init(&sh->arena, zone->shpool) != NGX_OK)
    {
        goto too_small;
    }

    return NGX_OK;

too_small:

    ngx_log_error(NGX_LOG_EMERG, log, 0, "aime_api_zone \"%V\" is too small",
                  name);
    return NGX_ERROR;
}


/*
 * Does the running configuration have a zone of ours under another name or of
 * another size?  In a first start and in "nginx -t" it has none.
 */

static ngx_int_t
ngx_aime_shm_zone_replaces(ngx_shm_zone_t *shm_zone)
{
    ngx_uint_t        i;
    ngx_shm_zone_t   *zones;
    ngx_list_part_t  *part;

    part = (ngx_list_part_t *) &ngx_cycle->shared_memory.part;
    zones = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return 0;
            }

            part = part->next;
            zones = part->elts;
            i = 0;
        }

        if (zones[i].tag == shm_zone->tag) {
            return 1;
        }
    }
}


static void
ngx_aime_shm_init_header(ngx_aime_shm_t *sh)
{
    ngx_rbtree_init(&sh->jobs, &sh->jobs_sentinel, ngx_rbtree_insert_value);
    ngx_rbtree_init(&sh->onces, &sh->onces_sentinel, ngx_rbtree_insert_value);
    ngx_rbtree_init(&sh->deadlines, &sh->deadlines_sentinel,
                    ngx_rbtree_insert_timer_value);
    ngx_rbtree_init(&sh->workers, &sh->workers_sentinel,
                    ngx_rbtree_insert_value);
    ngx_rbtree_init(&sh->sessions, &sh->sessions_sentinel,
                    ngx_rbtree_insert_value);

    ngx_queue_init(&sh->fetched);
    ngx_queue_init(&sh->types);
    ngx_queue_init(&sh->endpoints);
    ngx_queue_init(&sh->sessions_used);
}


static ngx_int_t
ngx_aime_shm_init_rows(ngx_aime_zone_t *zone)
{
    ngx_uint_t           i;
    ngx_aime_shm_row_t  *rows;

    rows = ngx_slab_calloc(zone->shpool,
                           zone->nrows * sizeof(ngx_aime_shm_row_t));
    if (rows == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < zone->nrows; i++) {
        rows[i].fd = -1;
        ngx_queue_init(&rows[i].inbox);
        ngx_queue_init(&rows[i].parked);
        ngx_queue_init(&rows[i].holds);
        ngx_queue_init(&rows[i].handovers);
    }

    zone->sh->rows = rows;
    zone->sh->nrows = zone->nrows;

    return NGX_OK;
}


void
ngx_aime_shm_lock(ngx_aime_zone_t *zone)
{
    ngx_shmtx_lock(&zone->shpool->mutex);

    if (zone->sh->holder) {
        zone->sh->interrupted++;
    }

    zone->sh->holder = ngx_pid;
}


void
ngx_aime_shm_unlock(ngx_aime_zone_t *zone)
{
    zone->sh->holder = 0;

    ngx_shmtx_unlock(&zone->shpool->mutex);
}


ngx_aime_shm_type_t *
ngx_aime_shm_type_locked(ngx_aime_zone_t *zone, ngx_str_t *name)
{
    ngx_queue_t          *q;
    ngx_aime_shm_type_t  *type;

    for (q = ngx_queue_head(&zone->sh->types);
         q != ngx_queue_sentinel(&zone->sh->types);
         q = ngx_queue_next(q))
    {
        type = ngx_queue_data(q, ngx_aime_shm_type_t, link);

        if (type->name_len == name->len
            && ngx_memcmp(type->name, name->data, name->len) == 0)
        {
            return type;
        }
    }

    type = ngx_aime_shm_calloc_locked(&zone->sh->arena,
                                      sizeof(ngx_aime_shm_type_t) + name->len);
    if (type == NULL) {
        return NULL;
    }

    ngx_queue_init(&type->polls.parked);
    ngx_queue_init(&type->polls.woken);
    ngx_queue_init(&type->workers);
    ngx_queue_init(&type->queues);
    ngx_rbtree_init(&type->shares, &type->sentinel, ngx_rbtree_insert_value);

    type->returns = (uint64_t) -1;
    type->name_len = name->len;
    ngx_memcpy(type->name, name->data, name->len);

    ngx_queue_insert_tail(&zone->sh->types, &type->link);

    return type;
}


ngx_aime_shm_endpoint_t *
ngx_aime_shm_endpoint_locked(ngx_aime_zone_t *zone, ngx_str_t *name)
{
    ngx_queue_t              *q;
    ngx_aime_shm_endpoint_t  *ep;

    for (q = ngx_queue_head(&zone->sh->endpoints);
         q != ngx_queue_sentinel(&zone->sh->endpoints);
         q = ngx_queue_next(q))
    {
        ep = ngx_queue_data(q, ngx_aime_shm_endpoint_t, link);

        if (ep->name_len == name->len
            && ngx_memcmp(ep->name, name->data, name->len) == 0)
        {
            return ep;
        }
    }

    ep = ngx_aime_shm_calloc_locked(&zone->sh->arena,
                                    sizeof(ngx_aime_shm_endpoint_t)
                                    + name->len);
    if (ep == NULL) {
        return NULL;
    }

    ep->name_len = name->len;
    ngx_memcpy(ep->name, name->data, name->len);

    ngx_queue_insert_tail(&zone->sh->endpoints, &ep->link);

    return ep;
}


ngx_aime_shm_queue_t *
ngx_aime_shm_queue_locked(ngx_aime_zone_t *zone, ngx_aime_shm_type_t *type,
    ngx_aime_shm_endpoint_t *endpoint)
{
    ngx_queue_t           *q;
    ngx_aime_shm_queue_t  *queue;

    for (q = ngx_queue_head(&type->queues);
         q != ngx_queue_sentinel(&type->queues);
         q = ngx_queue_next(q))
    {
        queue = ngx_queue_data(q, ngx_aime_shm_queue_t, link);

        if (queue->endpoint == endpoint) {
            return queue;
        }
    }

    queue = ngx_aime_shm_calloc_locked(&zone->sh->arena,
                                       sizeof(ngx_aime_shm_queue_t));
    if (queue == NULL) {
        return NULL;
    }

    ngx_rbtree_init(&queue->clients, &queue->sentinel,
                    ngx_rbtree_insert_value);

    queue->type = type;
    queue->endpoint = endpoint;

    ngx_queue_insert_tail(&type->queues, &queue->link);

    return queue;
}
