/*
 * What the outside may know of a job.  Floor 2.
 */

#ifndef NGX_AIME_JOB_VIEW_H_INCLUDED
#define NGX_AIME_JOB_VIEW_H_INCLUDED


#include "ngx_aime_job.h"
#include "ngx_aime_shm_payload.h"


/* A copy, true when it was taken. */

typedef struct {
    u_char                       id[NGX_AIME_ID_LEN];
    u_char                       owner[NGX_AIME_ID_LEN];
    ngx_uint_t                   state;         /* ngx_aime_job_state_e */
    ngx_uint_t                   reason;        /* ngx_aime_job_reason_e */
    ngx_aime_shm_endpoint_t     *endpoint;
    double                       start_time;
    double                       start_time_compute;
    double                       result_received_time;
    ngx_uint_t                   position;      /* 1: next, 0: not queued */
    ngx_uint_t                   nonline;
    uint32_t                     changes;       /* so far */
    double                       estimate;      /* seconds, -1: unknown */
    uint32_t                     progress_len;
    ngx_aime_shm_hold_t         *payload;       /* as asked for, or NULL */
    u_char                       session[NGX_AIME_ID_LEN];
    unsigned                     has_session:1;
    unsigned                     open:1;
} ngx_aime_job_view_t;


/* which payload a view shall hold */

#define NGX_AIME_VIEW_NOTHING      0
#define NGX_AIME_VIEW_RESULT       1    /* if it is done */
#define NGX_AIME_VIEW_PAYLOAD      2    /* that, or else the progress */
#define NGX_AIME_VIEW_NOTE         3    /* of who submitted it */


/*
 * A view of a job, with a hold on what was asked for.  A parked entry that was
 * woken (or NULL) parks again if the job is in no final state.  NGX_DECLINED:
 * no such job; NGX_ERROR: the zone is too full for the hold.
 */
ngx_int_t ngx_aime_job_view(ngx_aime_zone_t *zone, const u_char *id,
    ngx_uint_t what, ngx_aime_shm_parked_t *parked,
    ngx_aime_job_view_t *view);


#endif /* NGX_AIME_JOB_VIEW_H_INCLUDED */
