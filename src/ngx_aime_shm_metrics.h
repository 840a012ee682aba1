/*
 * What is counted in the zone: plain numbers in the structures that they are
 * about, changed under the zone's lock, which whoever has something to count
 * has already; a few of them without it, by atomic additions.  Nothing here
 * allocates.  Floor 1: knows not what the numbers mean.
 *
 * Counters of jobs are exact even if a process is killed: a job remembers
 * which of its events were counted, and a counter and that mark change
 * together, see ngx_aime_shm_count_locked().  The other numbers may miss what
 * a killed process was just about to count.
 */

#ifndef NGX_AIME_SHM_METRICS_H_INCLUDED
#define NGX_AIME_SHM_METRICS_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_AIME_SHM_NTIMES        18       /* bounds of histograms of times */
#define NGX_AIME_SHM_NSIZES        9        /* and of sizes */

#define NGX_AIME_METRICS_NLEVELS   4        /* priorities */


/* How jobs end. */

typedef enum {
    NGX_AIME_OUTCOME_SUCCESS = 0,
    NGX_AIME_OUTCOME_ERROR,
    NGX_AIME_OUTCOME_CANCELLED,
    NGX_AIME_OUTCOME_EXPIRED,
    NGX_AIME_OUTCOME_TIMEOUT,
    NGX_AIME_OUTCOME_WORKER_LOST,
    NGX_AIME_NOUTCOMES
} ngx_aime_outcome_e;


/* Why there was no job. */

typedef enum {
    NGX_AIME_REJECTED_QUEUE_FULL = 0,
    NGX_AIME_REJECTED_AUTH,
    NGX_AIME_REJECTED_RATE,
    NGX_AIME_REJECTED_QUOTA,
    NGX_AIME_REJECTED_INVALID,
    NGX_AIME_REJECTED_DISABLED,
    NGX_AIME_REJECTED_NO_MEMORY,
    NGX_AIME_REJECTED_MEDIA,
    NGX_AIME_NREJECTED
} ngx_aime_rejected_e;


/* Why a job went back into its queue. */

typedef enum {
    NGX_AIME_RETRY_WORKER_LOST = 0,
    NGX_AIME_RETRY_UNDELIVERED,
    NGX_AIME_RETRY_ADMIN,
    NGX_AIME_NRETRIES
} ngx_aime_retry_e;


/* What requests wait for. */

typedef enum {
    NGX_AIME_WAITS_WATCH = 0,               /* a job's changes */
    NGX_AIME_WAITS_POLL,                    /* a worker for work */
    NGX_AIME_WAITS_CLIENT,                  /* a client for its result */
    NGX_AIME_NWAITS
} ngx_aime_waits_e;


/* Histograms: how many fell under each bound, and under none (the last). */

typedef struct {
    uint64_t                     counts[NGX_AIME_SHM_NTIMES + 1];
    uint64_t                     sum;       /* milliseconds */
} ngx_aime_shm_times_t;

typedef struct {
    uint64_t                     counts[NGX_AIME_SHM_NSIZES + 1];
    uint64_t                     sum;
} ngx_aime_shm_sizes_t;


typedef struct {
    uint64_t                     retries[NGX_AIME_NRETRIES];
    ngx_aime_shm_times_t         queue[NGX_AIME_METRICS_NLEVELS];
    ngx_aime_shm_times_t         compute;
    ngx_aime_shm_times_t         first;     /* progress after a hand-over */
    ngx_aime_shm_sizes_t         batch;
} ngx_aime_shm_type_metrics_t;


/* rejected and tokens change without the lock */

typedef struct {
    uint64_t                     submitted;
    uint64_t                     finished[NGX_AIME_NOUTCOMES];
    ngx_aime_shm_times_t         duration;
    ngx_atomic_t                 rejected[NGX_AIME_NREJECTED];
    ngx_atomic_t                 tokens[2]; /* of inputs, of outputs */
} ngx_aime_shm_endpoint_metrics_t;


/* A count that is under way. */

typedef struct {
    uint64_t                    *counter;   /* NULL: none is */
    uint64_t                     value;
    uint8_t                     *mark;
    uint8_t                      marked;
} ngx_aime_shm_redo_t;


/* The upper bounds, milliseconds and numbers. */
extern const uint32_t  ngx_aime_shm_time_bounds[NGX_AIME_SHM_NTIMES];
extern const uint32_t  ngx_aime_shm_size_bounds[NGX_AIME_SHM_NSIZES];


/* Observations; a time below 0 (a clock that was set back) counts as 0. */
void ngx_aime_shm_time_locked(ngx_aime_shm_times_t *times,
    ngx_msec_int_t msec);
void ngx_aime_shm_size_locked(ngx_aime_shm_sizes_t *sizes, ngx_uint_t n);

/*
 * Adds 1 to the counter and sets the bit in *mark, which tells that it was
 * added: both, or if the process is killed meanwhile, what is missing when the
 * zone is repaired, by ngx_aime_shm_redo_locked().
 */
void ngx_aime_shm_count_locked(ngx_aime_shm_redo_t *redo, uint64_t *counter,
    uint8_t *mark, uint8_t bit);
void ngx_aime_shm_redo_locked(ngx_aime_shm_redo_t *redo);


#endif /* NGX_AIME_SHM_METRICS_H_INCLUDED */
