/*
 * The states of a job: the one unit that writes them, and keeps the lists that
 * a job is in, its deadline, and those who wait, in step with them.  What
 * happens when is decided by its callers, the other units of ngx_aime_job_*.
 *
 * Floor 2.  The zone's lock must be held, and ngx_aime_wake_send() follow once
 * it is free.
 *
 * A process may be killed at any line.  Who repairs goes by state, worker and
 * result alone (ngx_aime_job_mend.c), so these are written when what goes with
 * them stands, with ngx_aime_shm_order() on both sides.
 */

#ifndef NGX_AIME_JOB_STATE_H_INCLUDED
#define NGX_AIME_JOB_STATE_H_INCLUDED


#include "ngx_aime_job.h"


/* The id of its session, if job->session is set: room for it behind holders. */

#define ngx_aime_job_session(job)                                             \
    ((u_char *) &(job)->holders[(job)->max_attempts])


/*
 * Into the queue: the job is in its lists already, its deadline counts from
 * job->queued, and a poll is woken for it.
 */
void ngx_aime_job_enqueued_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);

/* Out of it: the worker has the job, by the hands of this process. */
void ngx_aime_job_run_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_shm_worker_t *worker);

/*
 * Back to its front, of a running job: the attempt failed, and another worker
 * shall do it.
 */
void ngx_aime_job_requeue_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_aime_retry_e why);

/*
 * The hand-over failed, so the worker never had the job and owes nothing.  If
 * it was tried, it counts as an attempt: a worker that dies of a job's size
 * shall not get it for ever.  Back to the front, or the job lapses.
 */
void ngx_aime_job_retry_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_uint_t tried);

/* The one way into a final state, of a job that is active. */
void ngx_aime_job_end_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_job_state_e state, ngx_aime_job_reason_e reason);

/* For a repair: only the state and what it is read with; timeout in ms. */
void ngx_aime_job_set_state_locked(ngx_aime_shm_job_t *job,
    ngx_aime_job_state_e state, ngx_aime_job_reason_e reason,
    ngx_msec_t timeout);

/* A finished job gives way from now on when the zone is full. */
void ngx_aime_job_may_go_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);

/* Only for a job that is neither queued nor running. */
void ngx_aime_job_delete_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);


/*
 * Another deadline; or only another time for the sweep to look at the job,
 * which is not later than the end of the grace of a client that hung up.
 */
void ngx_aime_job_arm_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_msec_t due);
void ngx_aime_job_look_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_msec_t when);

/*
 * Something of a job that is not final has changed.  The client that waits for
 * its result is not interested, unless it said so.
 */
void ngx_aime_job_changed_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);

/* The progress is the job's from now on; the one before is released. */
void ngx_aime_job_set_progress_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_aime_shm_payload_t *progress,
    uint32_t progress_len);

/*
 * Workers that were handed the job owe an answer, for as long as it is there:
 * is that one of them; and its answer came, it owes nothing more.
 */
ngx_uint_t ngx_aime_job_owed_by_locked(ngx_aime_shm_job_t *job,
    uint64_t worker);
void ngx_aime_job_settle_locked(ngx_aime_shm_job_t *job, uint64_t worker);

/* A job that no poll was woken for, and a poll that waits: it is woken. */
void ngx_aime_job_rouse_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_type_t *type);


#endif /* NGX_AIME_JOB_STATE_H_INCLUDED */
