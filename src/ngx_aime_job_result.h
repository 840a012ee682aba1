/*
 * What a worker says of a job at its end: the result, and with it new values
 * of the session variables.  Floor 2.
 */

#ifndef NGX_AIME_JOB_RESULT_H_INCLUDED
#define NGX_AIME_JOB_RESULT_H_INCLUDED


#include "ngx_aime_shm_payload.h"


/* New values of a session, and those that they were made from. */

typedef struct {
    ngx_aime_shm_hold_t         *before;        /* NULL: there were none */
    ngx_aime_shm_hold_t         *values;
} ngx_aime_job_vars_t;


/*
 * The result of the worker of that number.  The check answers what it would
 * meet:
 *
 *   NGX_OK         it counts
 *   NGX_ABORT      it is accepted and dropped, the job was canceled
 *   NGX_DECLINED   no such job, ended, or never handed to this worker
 *
 * and gives the job's endpoint, by which the result is filtered, if it is
 * NGX_OK.  ngx_aime_job_finish() then ends the job and answers likewise, since
 * things may have changed meanwhile; the hold is gone then, but with
 * NGX_AGAIN.  A worker whose result came, whatever it was worth, owes nothing
 * more.
 */
ngx_int_t ngx_aime_job_check_result(ngx_aime_zone_t *zone, const u_char *id,
    uint64_t worker, ngx_aime_shm_endpoint_t **endpoint);
ngx_int_t ngx_aime_job_finish(ngx_aime_zone_t *zone, const u_char *id,
    uint64_t worker, ngx_aime_shm_hold_t *result, ngx_aime_job_vars_t *vars);

/*
 * Session variables change with the result, both or none.  NGX_OK: vars->before
 * holds what the job's session has now; the caller adds vars->values and calls
 * ngx_aime_job_finish(), which takes these, or leaves them where the result
 * does not count or the zone is full.  That gives NGX_AGAIN if the session has
 * others by now: nothing happened then, all is to be made anew from these.
 * NGX_DECLINED: the job has no session; NGX_ERROR: the zone is full.
 */
ngx_int_t ngx_aime_job_vars(ngx_aime_zone_t *zone, const u_char *id,
    ngx_aime_job_vars_t *vars);

/*
 * The worker's result finds no room: its job lapses, if it is the one that has
 * it now.
 */
void ngx_aime_job_no_room(ngx_aime_zone_t *zone, const u_char *id,
    uint64_t worker);


#endif /* NGX_AIME_JOB_RESULT_H_INCLUDED */
