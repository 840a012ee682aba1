/*
 * Jobs are handed to workers: a poll takes them, and then the answer reaches
 * the worker, or does not.  Floor 2.
 */

#ifndef NGX_AIME_JOB_TAKE_H_INCLUDED
#define NGX_AIME_JOB_TAKE_H_INCLUDED


#include "ngx_aime_shm_payload.h"


#define NGX_AIME_MAX_BATCH         256


/* A job in the hands of a reply to a worker. */

typedef struct {
    u_char                       id[NGX_AIME_ID_LEN];
    uint64_t                     ticket;        /* of this very hand-over */
    double                       start_time;
    double                       start_time_compute;
    ngx_aime_shm_hold_t         *input;
} ngx_aime_job_handover_t;


/* A worker's request for work. */

typedef struct {
    ngx_aime_shm_type_t         *type;
    ngx_str_t                    worker;
    ngx_uint_t                   max_batch;     /* 1 to NGX_AIME_MAX_BATCH */
    ngx_msec_t                   max_delay;     /* a batch lingers that long */
    ngx_msec_t                   linger;        /* out: look again after it */
    uint32_t                     slot;          /* to park under */
    ngx_aime_shm_parked_t       *parked;        /* in and out */
    ngx_aime_shm_endpoint_t     *endpoint;      /* out: of the jobs */
    ngx_aime_job_handover_t     *jobs;          /* room for max_batch */
    ngx_uint_t                   njobs;         /* out */
} ngx_aime_job_poll_t;


/*
 * Work for a worker.  NGX_OK: njobs jobs of one endpoint, in their order, which
 * are handed over until ngx_aime_job_delivered() or _undelivered() is called
 * for each; poll->parked is NULL.  NGX_AGAIN: nothing, it is parked in
 * poll->parked, but for a disabled worker's, which is not (NULL) and only looks
 * again after poll->linger.  NGX_DECLINED: no such worker.  NGX_ERROR: the zone
 * is full.
 */
ngx_int_t ngx_aime_job_take(ngx_aime_zone_t *zone, ngx_aime_job_poll_t *poll);

/*
 * The end of a hand-over: the answer was written to the worker's socket; or
 * it was not, and the job goes back to the front of its queue or lapses, as
 * after any attempt; or it was not even tried (put_back).  The holds on the
 * inputs stay the caller's.
 */
void ngx_aime_job_delivered(ngx_aime_zone_t *zone,
    ngx_aime_job_handover_t *jobs, ngx_uint_t njobs);
void ngx_aime_job_undelivered(ngx_aime_zone_t *zone,
    ngx_aime_job_handover_t *jobs, ngx_uint_t njobs);
void ngx_aime_job_put_back(ngx_aime_zone_t *zone,
    ngx_aime_job_handover_t *jobs, ngx_uint_t njobs);


#endif /* NGX_AIME_JOB_TAKE_H_INCLUDED */
