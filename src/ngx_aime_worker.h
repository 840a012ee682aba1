/*
 * GPU workers coming, being heard of, and going.  Every function takes the
 * zone's lock itself unless its name ends with _locked.  Floor 2: knows
 * neither keys nor the wire format; whether a worker is who it says was
 * checked by the caller.
 */

#ifndef NGX_AIME_WORKER_H_INCLUDED
#define NGX_AIME_WORKER_H_INCLUDED


#include "ngx_aime_shm_zone.h"
#include "ngx_aime_shm_worker.h"


/* a worker that was offline for so long is forgotten, milliseconds */

#define NGX_AIME_WORKER_FORGET     (24 * 3600 * 1000)


typedef enum {
    NGX_AIME_WORKER_WAITING = 0,
    NGX_AIME_WORKER_PROCESSING,
    NGX_AIME_WORKER_OFFLINE,
    NGX_AIME_WORKER_DISABLED,
    NGX_AIME_WORKER_NSTATES
} ngx_aime_worker_state_e;


/* What a worker says at its login, or with a job request of generation A. */

typedef struct {
    ngx_aime_shm_type_t         *type;
    ngx_str_t                    name;
    ngx_str_t                    fields[NGX_AIME_WORKER_NFIELDS];
    ngx_uint_t                   max_batch;
    ngx_msec_t                   silence;   /* after which it is offline */
    unsigned                     login:1;   /* generation B */
} ngx_aime_worker_hello_t;


/* What a caller may know of a worker: copies in the pool that it gave. */

typedef struct {
    ngx_str_t                    name;
    ngx_aime_shm_type_t         *type;
    uint64_t                     number;
    ngx_uint_t                   state;     /* ngx_aime_worker_state_e */
    ngx_uint_t                   max_batch;
    ngx_uint_t                   free_slots;
    ngx_uint_t                   nrunning;
    uint64_t                     ndone;
    uint64_t                     nfailed;
    uint64_t                     nlost;
    double                       mean_compute;
    double                       seen;      /* Unix seconds */
    time_t                       error_time;
    ngx_str_t                    error;     /* the last one; len 0: none */
    ngx_str_t                    fields[NGX_AIME_WORKER_NFIELDS];
    unsigned                     draining:1;
} ngx_aime_worker_view_t;


/*
 * Makes the worker known, or updates what is known of it; it is online then.
 * One that is known on another job type moves (generation A: only if it is
 * idle there, since two of its workers may share a name).  NGX_ERROR: the
 * zone is full, or there are too many workers.
 */
ngx_int_t ngx_aime_worker_hello(ngx_aime_zone_t *zone,
    ngx_aime_worker_hello_t *hello);

/*
 * Finds a worker by name, on a job type or (NULL) on any.  Of the view only
 * type and number are filled in.  NGX_DECLINED: none.
 */
ngx_int_t ngx_aime_worker_find(ngx_aime_zone_t *zone,
    ngx_aime_shm_type_t *type, ngx_str_t *name,
    ngx_aime_worker_view_t *view);

/* The worker was heard of: it is online. */
void ngx_aime_worker_seen(ngx_aime_zone_t *zone, ngx_aime_shm_type_t *type,
    ngx_str_t *name);

/*
 * A poll of this worker ended because its connection was closed.  Without
 * another poll and without a running job it is offline at once.
 */
void ngx_aime_worker_hung_up(ngx_aime_zone_t *zone,
    ngx_aime_shm_type_t *type, ngx_str_t *name);

/* Interface version of the worker of that number, a JSON text; may be empty. */
ngx_int_t ngx_aime_worker_version(ngx_aime_zone_t *zone, ngx_pool_t *pool,
    ngx_aime_shm_type_t *type, ngx_str_t *name, ngx_str_t *version);

/*
 * Views of all workers of a job type, in the order of their coming; the array
 * is the pool's.  *nonline: how many of them are not offline.  NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_aime_worker_list(ngx_aime_zone_t *zone, ngx_pool_t *pool,
    ngx_aime_shm_type_t *type, ngx_aime_worker_view_t **views,
    ngx_uint_t *nviews, ngx_uint_t *nonline);

/* Keeps what the worker of that name said of the job of that id: an error. */
void ngx_aime_worker_failed(ngx_aime_zone_t *zone, ngx_aime_shm_type_t *type,
    ngx_str_t *name, const u_char *id, ngx_str_t *error);

/* What an administrator has a worker do. */

typedef enum {
    NGX_AIME_WORKER_ENABLE = 0,
    NGX_AIME_WORKER_DISABLE,                /* it gets no job any more */
    NGX_AIME_WORKER_DRAIN                   /* and is disabled without one */
} ngx_aime_worker_order_e;

/*
 * Its running jobs stay its own; one that is enabled gets jobs again within a
 * second.  NGX_DECLINED: no such worker.
 */
ngx_int_t ngx_aime_worker_order(ngx_aime_zone_t *zone,
    ngx_aime_shm_type_t *type, ngx_str_t *name,
    ngx_aime_worker_order_e order);

/* Its state (ngx_aime_worker_state_e); the lock must be held. */
ngx_uint_t ngx_aime_worker_state(ngx_aime_shm_worker_t *worker);

/* The worker's deadline has come; gives 1 if it went offline by it. */
ngx_uint_t ngx_aime_worker_due_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_worker_t *worker);


#endif /* NGX_AIME_WORKER_H_INCLUDED */
