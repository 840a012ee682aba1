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
 * In the order in which a job meets them, src/ngx_aime_job_*:
 *
 *   room       a place for its inputs, and what gives way for it
 *   submit     may it be there? it is, in its queue
 *   wait       its client and who watches: parked on it, and gone again
 *   view       what these may see of it
 *   take       it is handed to a worker, or that fails
 *   progress   what the worker says meanwhile
 *   result     what it says at the end
 *   steer      what others decide: cancel, give back, set priority
 *   lapse      deadlines, lost workers, dead processes, removed endpoints
 *   mend       made to fit its state again after a kill
 *
 * All of them change its state by ngx_aime_job_state.c, the only file that
 * writes it.  Every function takes the zone's lock itself, unless its name ends
 * with _locked, and sends the wake-ups that follow.  Floor 2: knows neither
 * HTTP nor configuration; limits come as numbers with each job.
 *
 * Here: the words that all of these have in common.
 */

#ifndef NGX_AIME_JOB_H_INCLUDED
#define NGX_AIME_JOB_H_INCLUDED


#include "ngx_aime_shm_zone.h"


/* of a job or a view: it is in no final state */

#define ngx_aime_job_active(job)                                              \
    ((job)->state == NGX_AIME_JOB_QUEUED                                      \
     || (job)->state == NGX_AIME_JOB_PROCESSING)

/* of a job: the worker of that number has it now */

#define ngx_aime_job_runs_on(job, number_)                                    \
    ((job)->state == NGX_AIME_JOB_PROCESSING                                  \
     && (job)->worker->number == (number_))


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


/* Unix time in seconds, as jobs have it. */

static ngx_inline double
ngx_aime_job_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return tp->sec + tp->msec / 1000.0;
}


#endif /* NGX_AIME_JOB_H_INCLUDED */
