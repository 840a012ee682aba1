/*
 * What others than its worker decide about a job: its client, an administrator,
 * a configuration without its endpoint.  Floor 2: knows not who may.
 */

#ifndef NGX_AIME_JOB_STEER_H_INCLUDED
#define NGX_AIME_JOB_STEER_H_INCLUDED


#include "ngx_aime_job.h"


/*
 * Cancels a job that is queued or running; in a final state nothing changes.
 * NGX_DECLINED: no such job.
 */
ngx_int_t ngx_aime_job_cancel(ngx_aime_zone_t *zone, const u_char *id,
    ngx_aime_job_reason_e reason);

/*
 * Takes a running job away from its worker, which may still give a result, and
 * puts it in front of its queue.  NGX_DECLINED: no such job; NGX_BUSY: it does
 * not run; NGX_ABORT: it was handed out as often as it may be.
 */
ngx_int_t ngx_aime_job_give_back(ngx_aime_zone_t *zone, const u_char *id);

/*
 * Gives a queued job another priority.  NGX_DECLINED: no such job; NGX_BUSY: it
 * is not queued; NGX_ERROR: the zone is full.
 */
ngx_int_t ngx_aime_job_set_priority(ngx_aime_zone_t *zone, const u_char *id,
    ngx_uint_t priority);


#endif /* NGX_AIME_JOB_STEER_H_INCLUDED */
