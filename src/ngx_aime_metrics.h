/*
 * Numbers of the zone for those who look at it: copies, each true when it was
 * taken.  The lock is held for one job type or endpoint at a time, and no
 * memory is got under it.  Floor 2: knows no format.
 */

#ifndef NGX_AIME_METRICS_H_INCLUDED
#define NGX_AIME_METRICS_H_INCLUDED


#include "ngx_aime_shm_zone.h"
#include "ngx_aime_worker.h"


typedef struct {
    ngx_aime_shm_type_t         *shm;
    ngx_str_t                    name;
    ngx_uint_t                   nqueued;
    ngx_uint_t                   nlevel[NGX_AIME_NPRIORITIES];
    ngx_uint_t                   nrunning;
    ngx_msec_t                   oldest;    /* how long it waits */
    ngx_uint_t                   nworkers[NGX_AIME_WORKER_NSTATES];
    ngx_uint_t                   nslots;    /* that polls wait to fill */
    double                       mean_compute;
    ngx_uint_t                   nfinished;
    ngx_aime_shm_type_metrics_t  metrics;
} ngx_aime_metrics_type_t;


typedef struct {
    ngx_aime_shm_endpoint_t     *shm;
    ngx_str_t                    name;
    ngx_uint_t                   disabled;
    ngx_aime_shm_endpoint_metrics_t  metrics;
} ngx_aime_metrics_endpoint_t;


typedef struct {
    size_t                       size;      /* bytes, of what can be used */
    size_t                       used;
    ngx_uint_t                   nblocks;
    ngx_uint_t                   nfree;     /* whole blocks */
    ngx_uint_t                   njobs;     /* finished ones as well */
    ngx_uint_t                   nworkers;
    ngx_uint_t                   nsessions;
    ngx_uint_t                   nvars;
    ngx_uint_t                   nwaits[NGX_AIME_NWAITS];
    ngx_uint_t                   nrows;
    ngx_uint_t                   nprocs;    /* rows that are taken */
    ngx_uint_t                   repairs;
    time_t                       created;
    ngx_uint_t                   damaged;
} ngx_aime_metrics_zone_t;


/* A process that serves; when it began, in clock ticks since boot. */

typedef struct {
    ngx_pid_t                    pid;
    uint64_t                     started;
} ngx_aime_metrics_proc_t;


/* All job types and all endpoints that the zone has; NGX_ERROR: no memory. */
ngx_int_t ngx_aime_metrics_types(ngx_aime_zone_t *zone, ngx_pool_t *pool,
    ngx_array_t *types);
ngx_int_t ngx_aime_metrics_endpoints(ngx_aime_zone_t *zone,
    ngx_pool_t *pool, ngx_array_t *endpoints);

void ngx_aime_metrics_zone(ngx_aime_zone_t *zone,
    ngx_aime_metrics_zone_t *view);

/* Fills procs, which has room for as many as there are rows; their number. */
ngx_uint_t ngx_aime_metrics_procs(ngx_aime_zone_t *zone,
    ngx_aime_metrics_proc_t *procs);

/* Sets all counters to 0, those of workers included, and forgets failures. */
void ngx_aime_metrics_reset(ngx_aime_zone_t *zone);


#endif /* NGX_AIME_METRICS_H_INCLUDED */
