/*
 * A job comes: whether it may, and how full its queue is.  Floor 2.
 */

#ifndef NGX_AIME_JOB_SUBMIT_H_INCLUDED
#define NGX_AIME_JOB_SUBMIT_H_INCLUDED


#include "ngx_aime_shm_payload.h"


/* why no job is made, besides NGX_ERROR: the zone is full */
#define NGX_AIME_QUEUE_FULL        1
#define NGX_AIME_CLIENT_BUSY       2
#define NGX_AIME_SAME_REQUEST      3    /* its job is there already */
#define NGX_AIME_OTHER_REQUEST     4    /* of the same idempotency key */


/* What a job is submitted with.  Times in milliseconds. */

typedef struct {
    ngx_aime_shm_queue_t        *queue;
    const u_char                *owner;         /* NGX_AIME_ID_LEN bytes */
    ngx_uint_t                   max_queue_length;
    ngx_uint_t                   client_limit;  /* 0: none */
    ngx_msec_t                   queue_timeout;
    ngx_msec_t                   inactivity_timeout;
    ngx_msec_t                   result_lifetime;
    ngx_uint_t                   max_attempts;
    ngx_uint_t                   priority;      /* < NGX_AIME_NPRIORITIES */
    ngx_msec_t                   grace;     /* until a hang-up cancels it */

    /* a payload that stays with the job, for its views; NULL: none */
    ngx_aime_shm_hold_t         *note;

    /* digests of idempotency key and inputs, if once is set */
    u_char                       once_id[NGX_AIME_ID_LEN];
    u_char                       once_inputs[NGX_AIME_ID_LEN];

    /* of its variables, if has_session is set */
    u_char                       session[NGX_AIME_ID_LEN];

    /*
     * once: there must be no second job of that id.  first: it is not asked
     * whether there is one, this job takes its place; again: only one counts
     * that did not end without a result.
     */
    unsigned                     once:1;
    unsigned                     first:1;
    unsigned                     again:1;
    unsigned                     has_session:1;
    unsigned                     fair:1;
    unsigned                     keep:1;
    unsigned                     open:1;
    unsigned                     retry:1;
    unsigned                     cancel_on_disconnect:1;
} ngx_aime_job_spec_t;


/*
 * Queues a job with that input, and spec->note if it has one, which are the
 * job's from then on, and wakes a poll.  If parked is not NULL, slot is parked
 * on the job at once, as its client.  The new job's id goes to id.  Otherwise
 * nothing happened (input and note are still held), for one of the reasons
 * above; with NGX_AIME_SAME_REQUEST id is that of the job that is there.
 */
ngx_int_t ngx_aime_job_submit(ngx_aime_zone_t *zone,
    ngx_aime_job_spec_t *spec, ngx_aime_shm_hold_t *input, u_char *id,
    uint32_t slot, ngx_aime_shm_parked_t **parked);

/* Says which of those reasons a submission would meet now, or NGX_OK. */
ngx_int_t ngx_aime_job_admit(ngx_aime_zone_t *zone,
    ngx_aime_job_spec_t *spec, u_char *id);

/*
 * How many jobs of that owner are queued or running, in a queue that limits
 * them.
 */
ngx_uint_t ngx_aime_job_of_client(ngx_aime_zone_t *zone,
    ngx_aime_shm_queue_t *queue, const u_char *owner);

/* Free places in the queue, and the seconds after which one may be free. */
void ngx_aime_job_queue_state(ngx_aime_zone_t *zone,
    ngx_aime_shm_type_t *type, ngx_uint_t *nqueued, ngx_uint_t *retry_after);


#endif /* NGX_AIME_JOB_SUBMIT_H_INCLUDED */
