
/*
 * The shared memory zone, see ngx_aime_shm_zone.h.
 *
 * The lock is the slab pool's mutex, the only one that nginx frees when a
 * process is killed.  While it is held, the holder's pid stands in the header:
 * who finds one there on entry knows that a change was cut short.
 */


#include "ngx_aime_shm_zone.h"


/* bytes of the zone for which there is a bucket: those of a small job */

#define NGX_AIME_SHM_BUCKET_SHARE  1024
#define NGX_AIME_SHM_MAX_BUCKETS   (2 * 1024 * 1024)


static ngx_int_t ngx_aime_shm_zone_create(ngx_aime_zone_t *zone);
static ngx_int_t ngx_aime_shm_zone_replaces(ngx_shm_zone_t *shm_zone);
static void ngx_aime_shm_init_header(ngx_aime_shm_t *sh);
static void ngx_aime_shm_init_lists(ngx_aime_shm_t *sh);
static void ngx_aime_shm_init_row(ngx_aime_shm_row_t *row);
static void ngx_aime_shm_init_type(ngx_aime_shm_type_t *type);
static ngx_int_t ngx_aime_shm_init_rows(ngx_aime_zone_t *zone);
static ngx_int_t ngx_aime_shm_init_buckets(ngx_aime_zone_t *zone);
static void ngx_aime_shm_lock_master(ngx_shmtx_t *mutex);

#if (NGX_AIME_DEBUG)
static void ngx_aime_shm_debug_locked(ngx_aime_zone_t *zone);
static void ngx_aime_shm_debug_unlock(ngx_aime_zone_t *zone);
static void ngx_aime_shm_debug_step(int signo);
#endif


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
        || ngx_aime_shm_init_buckets(zone) != NGX_OK
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
    ngx_queue_init(&sh->types);
    ngx_queue_init(&sh->endpoints);
    sh->created = ngx_time();

    ngx_aime_shm_init_lists(sh);
}


static void
ngx_aime_shm_init_lists(ngx_aime_shm_t *sh)
{
    ngx_rbtree_init(&sh->onces, &sh->onces_sentinel, ngx_rbtree_insert_value);
    ngx_rbtree_init(&sh->deadlines, &sh->deadlines_sentinel,
                    ngx_rbtree_insert_timer_value);
    ngx_rbtree_init(&sh->workers, &sh->workers_sentinel,
                    ngx_rbtree_insert_value);
    ngx_rbtree_init(&sh->sessions, &sh->sessions_sentinel,
                    ngx_rbtree_insert_value);
    ngx_rbtree_init(&sh->vars, &sh->vars_sentinel, ngx_rbtree_insert_value);

    ngx_queue_init(&sh->fetched);
    ngx_queue_init(&sh->sessions_used);
    ngx_queue_init(&sh->vars_used);

    sh->njobs = 0;
    sh->nworkers = 0;
    sh->nsessions = 0;
    sh->nvars = 0;
    sh->vars_size = 0;

    ngx_memzero(sh->nwaits, sizeof(sh->nwaits));
}


void
ngx_aime_shm_reset_locked(ngx_aime_zone_t *zone)
{
    ngx_uint_t    i;
    ngx_queue_t  *q;

    ngx_aime_shm_init_lists(zone->sh);

    ngx_memzero(zone->sh->buckets,
                zone->sh->nbuckets * sizeof(ngx_aime_shm_job_t *));

    for (i = 0; i < zone->sh->nrows; i++) {
        ngx_aime_shm_init_row(&zone->sh->rows[i]);
    }

    for (q = ngx_queue_head(&zone->sh->types);
         q != ngx_queue_sentinel(&zone->sh->types);
         q = ngx_queue_next(q))
    {
        ngx_aime_shm_init_type(ngx_queue_data(q, ngx_aime_shm_type_t, link));
    }
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
        ngx_aime_shm_init_row(&rows[i]);
    }

    zone->sh->rows = rows;
    zone->sh->nrows = zone->nrows;

    return NGX_OK;
}


/* About as many as there may be jobs, but not too many to go through. */

static ngx_int_t
ngx_aime_shm_init_buckets(ngx_aime_zone_t *zone)
{
    ngx_uint_t            n;
    ngx_aime_shm_job_t  **buckets;

    for (n = 1;
         n < NGX_AIME_SHM_MAX_BUCKETS
         && n < zone->shm_zone->shm.size / NGX_AIME_SHM_BUCKET_SHARE;
         n *= 2)
    {
        /* void */
    }

    buckets = ngx_slab_calloc(zone->shpool, n * sizeof(ngx_aime_shm_job_t *));
    if (buckets == NULL) {
        return NGX_ERROR;
    }

    zone->sh->buckets = buckets;
    zone->sh->nbuckets = n;

    return NGX_OK;
}


static void
ngx_aime_shm_init_row(ngx_aime_shm_row_t *row)
{
    ngx_queue_init(&row->inbox);
    ngx_queue_init(&row->parked);
    ngx_queue_init(&row->holds);
    ngx_queue_init(&row->handovers);

    row->signalled = 0;
}


static void
ngx_aime_shm_init_type(ngx_aime_shm_type_t *type)
{
    ngx_queue_t           *q;
    ngx_aime_shm_queue_t  *queue;

    ngx_queue_init(&type->polls.parked);
    ngx_queue_init(&type->polls.woken);
    ngx_queue_init(&type->waiting);
    ngx_queue_init(&type->workers);
    ngx_rbtree_init(&type->lanes, &type->sentinel, ngx_rbtree_insert_value);
    ngx_aime_shm_places_init(&type->places);

    type->polls.nparked = 0;
    type->polls.nwoken = 0;
    type->returned = NULL;
    type->nqueued = 0;
    ngx_memzero(type->nlevel, sizeof(type->nlevel));
    type->nrunning = 0;
    type->nworkers = 0;
    type->nonline = 0;

    for (q = ngx_queue_head(&type->queues);
         q != ngx_queue_sentinel(&type->queues);
         q = ngx_queue_next(q))
    {
        queue = ngx_queue_data(q, ngx_aime_shm_queue_t, link);
        queue->nqueued = 0;

        ngx_rbtree_init(&queue->clients, &queue->sentinel,
                        ngx_rbtree_insert_value);
    }
}


void
ngx_aime_shm_lock(ngx_aime_zone_t *zone)
{
    ngx_uint_t  interrupted;

    if (ngx_process == NGX_PROCESS_MASTER) {
        ngx_aime_shm_lock_master(&zone->shpool->mutex);

    } else {
        ngx_shmtx_lock(&zone->shpool->mutex);
    }

    interrupted = (zone->sh->holder != 0);

    zone->sh->holder = ngx_pid;
    ngx_aime_shm_order();

    if (interrupted) {
        zone->repair(zone);
    }

#if (NGX_AIME_DEBUG)
    ngx_aime_shm_debug_locked(zone);
#endif
}


/*
 * The master process frees the lock of a killed process when it hears of its
 * death.  While it configures it does not, so it has to look for itself, or
 * all would wait for ever.
 */

static void
ngx_aime_shm_lock_master(ngx_shmtx_t *mutex)
{
    ngx_pid_t  pid;
    siginfo_t  info;

    while (!ngx_shmtx_trylock(mutex)) {
        pid = *mutex->lock;
        info.si_pid = 0;

        if (pid
            && waitid(P_PID, pid, &info, WEXITED|WNOHANG|WNOWAIT) == 0
            && info.si_pid == pid)
        {
            (void) ngx_shmtx_force_unlock(mutex, pid);
        }

        ngx_msleep(1);
    }
}


void
ngx_aime_shm_unlock(ngx_aime_zone_t *zone)
{
#if (NGX_AIME_DEBUG)
    ngx_aime_shm_debug_unlock(zone);
#endif

    ngx_aime_shm_order();
    zone->sh->holder = 0;

    ngx_shmtx_unlock(&zone->shpool->mutex);
}


void
ngx_aime_shm_lock_rouse(ngx_aime_zone_t *zone)
{
#if (NGX_HAVE_ATOMIC_OPS && NGX_HAVE_POSIX_SEM)
    int           n;
    ngx_shmtx_t  *mutex;

    mutex = &zone->shpool->mutex;

    if (mutex->semaphore
        && (ngx_atomic_int_t) *mutex->wait <= 0
        && sem_getvalue(&mutex->sem, &n) == 0
        && n == 0)
    {
        (void) sem_post(&mutex->sem);
    }
#endif
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

    ngx_queue_init(&type->queues);
    ngx_aime_shm_init_type(type);

    /* not the largest number: a walk goes on at the next one */

    type->returns = (uint64_t) -2;
    type->name_len = name->len;
    ngx_memcpy(type->name, name->data, name->len);

    ngx_aime_shm_mark_locked(&zone->sh->arena, type, NGX_AIME_SHM_FIXED);
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

    ngx_aime_shm_mark_locked(&zone->sh->arena, ep, NGX_AIME_SHM_FIXED);
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

    ngx_aime_shm_mark_locked(&zone->sh->arena, queue, NGX_AIME_SHM_FIXED);
    ngx_queue_insert_tail(&type->queues, &queue->link);

    return queue;
}


#if (NGX_AIME_DEBUG)

/*
 * For tests only.  With AIME_KILL=n in a worker's environment, about one in n
 * uses of the lock is gone through step by step, by the processor's trap flag,
 * and the process is killed somewhere on the way, if it does not leave before.
 * Every few times that the lock is given back, the whole zone is checked.
 */

#include <x86intrin.h>

#define NGX_AIME_DEBUG_TRAP     0x100
#define NGX_AIME_DEBUG_STEPS    3000
#define NGX_AIME_DEBUG_CHECK    64


static ngx_int_t               ngx_aime_shm_debug_rate = NGX_CONF_UNSET;
static volatile sig_atomic_t   ngx_aime_shm_debug_left;


static void
ngx_aime_shm_debug_locked(ngx_aime_zone_t *zone)
{
    char  *rate;

    if (ngx_process != NGX_PROCESS_WORKER) {
        return;
    }

    if (ngx_aime_shm_debug_rate == NGX_CONF_UNSET) {
        rate = getenv("AIME_KILL");
        ngx_aime_shm_debug_rate = rate ? ngx_max(atoi(rate), 0) : 0;

        /* workers are forked with the same seed */

        srandom(ngx_pid ^ ngx_time());
        signal(SIGTRAP, ngx_aime_shm_debug_step);
    }

    if (ngx_aime_shm_debug_rate == 0
        || random() % ngx_aime_shm_debug_rate)
    {
        return;
    }

    /* most uses are short */

    ngx_aime_shm_debug_left = random() % ((random() % NGX_AIME_DEBUG_STEPS)
                                          + 1)
                              + 10;

    __writeeflags(__readeflags() | NGX_AIME_DEBUG_TRAP);
}


static void
ngx_aime_shm_debug_unlock(ngx_aime_zone_t *zone)
{
    const char         *wrong;
    static ngx_uint_t   n;

    __writeeflags(__readeflags() & ~NGX_AIME_DEBUG_TRAP);

    if (n++ % NGX_AIME_DEBUG_CHECK) {
        return;
    }

    wrong = zone->check(zone);

    if (wrong) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "aime_api_zone is damaged: %s", wrong);
        ngx_abort();
    }
}


static void
ngx_aime_shm_debug_step(int signo)
{
    if (--ngx_aime_shm_debug_left <= 0) {
        (void) kill(ngx_pid, SIGKILL);
    }
}

#endif
