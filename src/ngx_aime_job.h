/*
 * The life of a job.
 *
 *              submit
 *                |
 *                v        take
 *    +------> queued --------------> processing ----- finish ---+
 *    |         |  |  ^                |   |  |                  |
 *    |         |  |  +-- undeliver ---+   |  |                  v
 *    |         |  |  +-- worker lost -----+  |                done
 *    |         |  |                          |                  ^
 *    |  cancel |  +-- lapse (too long) ------+-- lapse          |
 *    |         v               v                                |
 *    |      canceled         lapsed                             |
 *    |                                                          |
 *    +-- a requeued job: the first result of any worker that ---+
 *        was handed it counts
 *
 * done, canceled and lapsed are final; such a job stays for result_lifetime,
 * or until a waiting client was sent its result.
 *
 * This is the only file that writes a job's state.  Every function below takes
 * the zone's lock itself, unless its name ends with _locked, and sends the
 * wake-ups that follow.  Floor 2: knows neither HTTP nor configuration; limits
 * come as numbers with each job.
 */

#ifndef NGX_AIME_JOB_H_INCLUDED
#define NGX_AIME_JOB_H_INCLUDED


#include "ngx_aime_shm_zone.h"
#include "ngx_aime_shm_payload.h"


#define NGX_AIME_MAX_BATCH         256

/* of a job or a view: it is in no final state */

#define ngx_aime_job_active(job)                                              \
    ((job)->state == NGX_AIME_JOB_QUEUED                                      \
     || (job)->state == NGX_AIME_JOB_PROCESSING)

/* why no job is made, besides NGX_ERROR: the zone is full */
#define NGX_AIME_QUEUE_FULL        1
#define NGX_AIME_CLIENT_BUSY       2
#define NGX_AIME_SAME_REQUEST      3    /* its job is there already */
#define NGX_AIME_OTHER_REQUEST     4    /* of the same idempotency key */


/* why a job ended without a result, or NONE */

typedef enum {
    NGX_AIME_REASON_NONE = 0,
    NGX_AIME_REASON_QUEUE_TIMEOUT,
    NGX_AIME_REASON_INACTIVITY,
    NGX_AIME_REASON_WORKER_LOST,
    NGX_AIME_REASON_UNDELIVERED,
    NGX_AIME_REASON_NO_ROOM,
    NGX_AIME_REASON_REMOVED,
    NGX_AIME_REASON_CLIENT,
    NGX_AIME_REASON_HANGUP,
    NGX_AIME_REASON_ADMIN
} ngx_aime_job_reason_e;


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


/* What the outside may know of a job: a copy, true when it was taken. */

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


/* New values of a session, and those that they were made from. */

typedef struct {
    ngx_aime_shm_hold_t         *before;        /* NULL: there were none */
    ngx_aime_shm_hold_t         *values;
} ngx_aime_job_vars_t;


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


/* which payload a view shall hold */

#define NGX_AIME_VIEW_NOTHING      0
#define NGX_AIME_VIEW_RESULT       1    /* if it is done */
#define NGX_AIME_VIEW_PAYLOAD      2    /* that, or else the progress */
#define NGX_AIME_VIEW_NOTE         3    /* of who submitted it */


/* what a payload is for: the last room is kept for what lets the queue move */

typedef enum {
    NGX_AIME_ROOM_INPUT = 0,
    NGX_AIME_ROOM_PROGRESS,
    NGX_AIME_ROOM_RESULT
} ngx_aime_job_room_e;


/*
 * Room for a payload of len bytes, held by this process.  When the zone is
 * full, results that were fetched already give way, oldest first, and then
 * sessions of variables.  NULL: still no room.
 */
ngx_aime_shm_hold_t *ngx_aime_job_reserve(ngx_aime_zone_t *zone, size_t len,
    ngx_aime_job_room_e room);
void ngx_aime_job_drop(ngx_aime_zone_t *zone, ngx_aime_shm_hold_t *hold);

/*
 * Queues a job with that input, and spec->note if it has one, which are the
 * job's from then on, and wakes a poll.  If parked is not NULL, slot is parked
 * on the job at once.  The new job's id goes to id.  Otherwise nothing happened
 * (input and note are still held), for one of the reasons above; with
 * NGX_AIME_SAME_REQUEST id is that of the job that is there.
 */
ngx_int_t ngx_aime_job_submit(ngx_aime_zone_t *zone,
    ngx_aime_job_spec_t *spec, ngx_aime_shm_hold_t *input, u_char *id,
    uint32_t slot, ngx_aime_shm_parked_t **parked);

/* Says which of those reasons a submission would meet now, or NGX_OK. */
ngx_int_t ngx_aime_job_admit(ngx_aime_zone_t *zone,
    ngx_aime_job_spec_t *spec, u_char *id);

/*
 * Parks slot on a job that is in no final state: as a client that waits for
 * its result, or as one that watches it change.  NGX_DECLINED: no such job;
 * NGX_ERROR: the zone is full.
 */
ngx_int_t ngx_aime_job_join(ngx_aime_zone_t *zone, const u_char *id,
    ngx_uint_t client, uint32_t slot, ngx_aime_shm_parked_t **parked);

/*
 * A view of a job, with a hold on what was asked for.  A parked entry that was
 * woken (or NULL) parks again if the job is in no final state.  NGX_DECLINED:
 * no such job; NGX_ERROR: the zone is too full for the hold.
 */
ngx_int_t ngx_aime_job_view(ngx_aime_zone_t *zone, const u_char *id,
    ngx_uint_t what, ngx_aime_shm_parked_t *parked,
    ngx_aime_job_view_t *view);

/* Wakes a parked client also when its job changes before its end. */
void ngx_aime_job_watch(ngx_aime_zone_t *zone, ngx_aime_shm_parked_t *parked);

/* The result of a done job was sent to a client that did not wait for it. */
void ngx_aime_job_fetched(ngx_aime_zone_t *zone, const u_char *id);

/*
 * Work for a worker.  NGX_OK: njobs jobs of one endpoint, in their order, which
 * are handed over until ngx_aime_job_delivered() or _undelivered() is called
 * for each; poll->parked is NULL.  NGX_AGAIN: nothing, it is parked in
 * poll->parked.  NGX_DECLINED: no such worker.  NGX_ERROR: the zone is full.
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

/*
 * The reports of a worker.  A check answers what the report would meet:
 *
 *   NGX_OK         it counts
 *   NGX_AGAIN      it is of no effect, the worker may go on
 *   NGX_ABORT      the worker should stop working on this job
 *   NGX_DECLINED   no such job, finished, or never handed to this worker
 *
 * and gives the job's endpoint, by which the report is filtered, unless it is
 * NGX_DECLINED.  ngx_aime_job_progress() then publishes (progress may be NULL:
 * there was no room; progress_len: bytes of it that are the number; before:
 * what it must follow, NULL for whatever there is: else it is NGX_BUSY), and
 * ngx_aime_job_finish() ends the job; they answer likewise, since things may
 * have changed meanwhile, and drop the hold if the report does not count.  For
 * a result NGX_ABORT means: accepted and dropped.  A worker whose result came,
 * whatever it was worth, owes nothing more.
 */
ngx_int_t ngx_aime_job_check_progress(ngx_aime_zone_t *zone, const u_char *id,
    uint64_t worker, ngx_aime_shm_endpoint_t **endpoint);
ngx_int_t ngx_aime_job_progress(ngx_aime_zone_t *zone, const u_char *id,
    uint64_t worker, ngx_aime_shm_hold_t *progress, uint32_t progress_len,
    ngx_aime_shm_payload_t **before);

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
 * The last worker that was handed a job, for reports that do not say whose
 * they are.  NGX_DECLINED: none, or it is not known any more.
 */
ngx_int_t ngx_aime_job_worker(ngx_aime_zone_t *zone, ngx_pool_t *pool,
    const u_char *id, ngx_str_t *worker);

/* Can a payload of that length ever fit into the zone? */
ngx_uint_t ngx_aime_job_fits(ngx_aime_zone_t *zone, size_t len);

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

/*
 * The worker's result finds no room: its job lapses, if it is the one that has
 * it now.
 */
void ngx_aime_job_no_room(ngx_aime_zone_t *zone, const u_char *id,
    uint64_t worker);

/*
 * The waiting client's request is over: sent says that its final answer
 * reached the socket, else it hung up.
 */
void ngx_aime_job_leave(ngx_aime_zone_t *zone, const u_char *id,
    ngx_uint_t sent);

/* Gives up a parked entry. */
void ngx_aime_job_unpark(ngx_aime_zone_t *zone, ngx_aime_shm_parked_t *parked);

/*
 * How many jobs of that owner are queued or running, in a queue that limits
 * them.
 */
ngx_uint_t ngx_aime_job_of_client(ngx_aime_zone_t *zone,
    ngx_aime_shm_queue_t *queue, const u_char *owner);

/* Free places in the queue, and the seconds after which one may be free. */
void ngx_aime_job_queue_state(ngx_aime_zone_t *zone,
    ngx_aime_shm_type_t *type, ngx_uint_t *nqueued, ngx_uint_t *retry_after);


/* Unix time in seconds, as jobs have it. */
double ngx_aime_job_now(void);


/* What the sweep calls, with the lock held. */

/* The job's deadline has come; gives 1 if the job has lapsed by it. */
ngx_uint_t ngx_aime_job_due_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);

/*
 * Cancels up to max jobs that wait for endpoints which this process's
 * configuration does not have any more.
 */
void ngx_aime_job_removed_locked(ngx_aime_zone_t *zone, ngx_uint_t max);

/* Releases all that hangs on the row of a dead or leaving process. */
void ngx_aime_job_release_row_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_row_t *row);

/*
 * For a repair, in this order: no client has a job; each job is linked again,
 * its lists and references made to fit its state, those that are queued
 * gathered; then their clients and idempotency keys.
 */
void ngx_aime_job_reset_clients_locked(ngx_aime_zone_t *zone);
void ngx_aime_job_mend_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_shm_rank_t **queued);
void ngx_aime_job_relink_clients_locked(ngx_aime_zone_t *zone);


#endif /* NGX_AIME_JOB_H_INCLUDED */
