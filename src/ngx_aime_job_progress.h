/*
 * What a worker says of a job while it runs.  Floor 2.
 */

#ifndef NGX_AIME_JOB_PROGRESS_H_INCLUDED
#define NGX_AIME_JOB_PROGRESS_H_INCLUDED


#include "ngx_aime_shm_payload.h"


/*
 * The reports of the worker of that number.  The check answers what a report
 * would meet:
 *
 *   NGX_OK         it counts
 *   NGX_AGAIN      it is of no effect, the worker may go on
 *   NGX_ABORT      the worker should stop working on this job
 *   NGX_DECLINED   no such job, or this worker does not owe an answer
 *
 * and gives the job's endpoint, by which the report is filtered, unless it is
 * NGX_DECLINED.  ngx_aime_job_progress() then publishes it and answers
 * likewise, since things may have changed meanwhile.  progress may be NULL:
 * there was no room; progress_len: bytes of it that are the number; before:
 * what it must follow, NULL for whatever there is: else it is NGX_BUSY.  The
 * hold is gone then in any case.
 */
ngx_int_t ngx_aime_job_check_progress(ngx_aime_zone_t *zone, const u_char *id,
    uint64_t worker, ngx_aime_shm_endpoint_t **endpoint);
ngx_int_t ngx_aime_job_progress(ngx_aime_zone_t *zone, const u_char *id,
    uint64_t worker, ngx_aime_shm_hold_t *progress, uint32_t progress_len,
    ngx_aime_shm_payload_t **before);

/*
 * The last worker that was handed a job, for reports that do not say whose
 * they are; the name is the pool's.  NGX_DECLINED: none, or it is not known
 * any more; NGX_ERROR: no memory.
 */
ngx_int_t ngx_aime_job_worker(ngx_aime_zone_t *zone, ngx_pool_t *pool,
    const u_char *id, ngx_str_t *worker);


#endif /* NGX_AIME_JOB_PROGRESS_H_INCLUDED */
