/*
 * Jobs that have ended, told to who wants to hear of each: this process keeps
 * what there is to tell while it has the lock, and tells it without.  Jobs that
 * a killed process has ended are not told of.  Floor 2: knows not who listens.
 */

#ifndef NGX_AIME_ENDED_H_INCLUDED
#define NGX_AIME_ENDED_H_INCLUDED


#include <ngx_event.h>

#include "ngx_aime_shm_zone.h"


typedef struct {
    u_char                       id[NGX_AIME_ID_LEN];
    u_char                       owner[NGX_AIME_ID_LEN];
    ngx_aime_shm_type_t         *type;
    ngx_aime_shm_endpoint_t     *endpoint;
    ngx_uint_t                   state;
    ngx_uint_t                   reason;
    ngx_uint_t                   outcome;   /* ngx_aime_outcome_e */
    ngx_uint_t                   priority;
    ngx_uint_t                   attempts;
    double                       start_time;
    double                       start_time_compute;    /* 0: never */
    double                       end_time;
    size_t                       input_len;
    size_t                       result_len;
    size_t                       worker_len;
    u_char                       worker[NGX_AIME_NAME_LEN];
} ngx_aime_ended_t;

typedef void (*ngx_aime_ended_pt)(ngx_aime_ended_t *ended);


/* From now on handler is told; NGX_ERROR: no memory. */
ngx_int_t ngx_aime_ended_init(ngx_aime_ended_pt handler, ngx_log_t *log);

/*
 * Notes a job whose state has just become final, while it still has its input.
 * Costs next to nothing where nobody listens.
 */
void ngx_aime_ended_note_locked(ngx_aime_shm_job_t *job, ngx_uint_t outcome,
    double now);

/* Tells at once, for a process that leaves. */
void ngx_aime_ended_tell(void);


#endif /* NGX_AIME_ENDED_H_INCLUDED */
