
/* The sweep, see ngx_aime_sweep.h. */


#include <ngx_event.h>

#include "ngx_aime_sweep.h"
#include "ngx_aime_id.h"
#include "ngx_aime_job_lapse.h"
#include "ngx_aime_worker.h"
#include "ngx_aime_wake.h"
#include "ngx_aime_shm_index.h"
#include "ngx_aime_shm_session.h"
#include "ngx_aime_shm_vars.h"


#define NGX_AIME_SWEEP_BATCH    64     /* deadlines under one lock */
#define NGX_AIME_SWEEP_DEAD     16     /* rows looked after in one go */


/* What is to be logged once the lock is free. */

typedef struct {
    u_char                       id[NGX_AIME_ID_LEN];
    ngx_uint_t                   reason;
    ngx_aime_shm_endpoint_t     *endpoint;
} ngx_aime_sweep_lapsed_t;


static void ngx_aime_sweep_handler(ngx_event_t *ev);
static void ngx_aime_sweep_regular(ngx_aime_zone_t *zone, ngx_log_t *log);
static void ngx_aime_sweep_dead(ngx_aime_zone_t *zone, ngx_log_t *log);
static void ngx_aime_sweep_repaired(ngx_aime_zone_t *zone, ngx_log_t *log);
static ngx_msec_t ngx_aime_sweep_deadlines(ngx_aime_zone_t *zone,
    ngx_log_t *log);
static ngx_uint_t ngx_aime_sweep_job(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_aime_sweep_lapsed_t *lapsed);
static void ngx_aime_sweep_log(ngx_aime_sweep_lapsed_t *lapsed, ngx_uint_t n,
    ngx_log_t *log);
static void ngx_aime_sweep_removed(ngx_aime_zone_t *zone);
static void ngx_aime_sweep_polls(ngx_aime_zone_t *zone);


static ngx_event_t  ngx_aime_sweep_event;
static ngx_msec_t   ngx_aime_sweep_due;    /* of the regular part */


static const char  *ngx_aime_sweep_reasons[] = {
    "for no reason",
    "it waited longer than its max_time_in_queue",
    "its worker said nothing of it for job_inactivity_timeout",
    "the last worker it was handed to was lost",
    "no worker stayed until it was handed over",
    "its result found no room in the zone",
    "its endpoint was removed",
    "its client canceled it",
    "its client hung up",
    "an administrator canceled it"
};


void
ngx_aime_sweep_start(ngx_aime_zone_t *zone, ngx_cycle_t *cycle)
{
    ngx_event_t  *ev;

    static ngx_connection_t  dumb;

    ngx_aime_sweep_dead(zone, cycle->log);

    if (ngx_aime_wake_claim(zone, cycle->log) == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_CRIT, cycle->log, 0,
                      "all %ui process rows of aime_api_zone \"%V\" are "
                      "taken: this process serves no jobs until one is free",
                      zone->sh->nrows, &zone->shm_zone->shm.name);
    }

    dumb.fd = (ngx_socket_t) -1;
    dumb.data = zone;

    ev = &ngx_aime_sweep_event;

    ngx_memzero(ev, sizeof(ngx_event_t));
    ev->handler = ngx_aime_sweep_handler;
    ev->data = &dumb;
    ev->log = cycle->log;
    ev->cancelable = 1;

    ngx_aime_sweep_due = ngx_current_msec + NGX_AIME_WAKE_INTERVAL;

    ngx_add_timer(ev, NGX_AIME_WAKE_INTERVAL);
}


static void
ngx_aime_sweep_handler(ngx_event_t *ev)
{
    ngx_msec_t         next, rest;
    ngx_connection_t  *c;
    ngx_aime_zone_t   *zone;

    c = ev->data;
    zone = c->data;

    rest = ngx_aime_sweep_due - ngx_current_msec;

    if ((ngx_msec_int_t) rest <= 0) {
        ngx_aime_sweep_regular(zone, ev->log);

        rest = NGX_AIME_WAKE_INTERVAL;
        ngx_aime_sweep_due = ngx_current_msec + rest;
    }

    next = ngx_aime_sweep_deadlines(zone, ev->log);

    ngx_add_timer(ev, ngx_min(next, rest));
}


/* What is not bound to a deadline, however many of them there are. */

static void
ngx_aime_sweep_regular(ngx_aime_zone_t *zone, ngx_log_t *log)
{
    ngx_aime_wake_drain(zone);
    ngx_aime_sweep_dead(zone, log);
    ngx_aime_sweep_repaired(zone, log);

    if (zone->row == NULL && ngx_aime_wake_claim(zone, log) == NGX_OK) {
        ngx_log_error(NGX_LOG_NOTICE, log, 0,
                      "a process row was free at last");
    }

    ngx_aime_sweep_removed(zone);
    ngx_aime_sweep_polls(zone);
}


/*
 * A process that was killed left everything behind that hangs on its row.
 * Which rows are dead is found out without the lock; the row may have been
 * looked after by another process since.
 */

static void
ngx_aime_sweep_dead(ngx_aime_zone_t *zone, ngx_log_t *log)
{
    ngx_uint_t             i, n, freed;
    ngx_aime_wake_dead_t   dead[NGX_AIME_SWEEP_DEAD];

    n = ngx_aime_wake_find_dead(zone, dead, NGX_AIME_SWEEP_DEAD);

    for (i = 0; i < n; i++) {
        freed = 0;

        ngx_aime_shm_lock(zone);

        if (dead[i].row->pid == dead[i].pid
            && dead[i].row->started == dead[i].started)
        {
            ngx_aime_job_release_row_locked(zone, dead[i].row);
            ngx_aime_wake_free_row_locked(dead[i].row);
            freed = 1;
        }

        ngx_aime_shm_unlock(zone);
        ngx_aime_wake_send(zone);

        if (freed) {
            ngx_log_error(NGX_LOG_NOTICE, log, 0,
                          "process %P is gone, released what it held in "
                          "aime_api_zone", dead[i].pid);
        }
    }
}


/* Tells once of a process that died while it held the lock. */

static void
ngx_aime_sweep_repaired(ngx_aime_zone_t *zone, ngx_log_t *log)
{
    u_char      damage[NGX_AIME_DAMAGE_LEN];
    ngx_uint_t  nrepairs;

    ngx_aime_shm_lock(zone);

    nrepairs = zone->sh->nrepairs;
    zone->sh->nrepairs = 0;

    ngx_memcpy(damage, zone->sh->damage, NGX_AIME_DAMAGE_LEN);
    zone->sh->damage[0] = '\0';

    ngx_aime_shm_unlock(zone);

    if (nrepairs) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "a process died while it changed aime_api_zone, which "
                      "was repaired (%ui times)", nrepairs);
    }

    if (damage[0]) {
        ngx_log_error(NGX_LOG_ALERT, log, 0,
                      "aime_api_zone is damaged: %s; restart nginx", damage);
    }
}


/* Gives the time until the next deadline. */

static ngx_msec_t
ngx_aime_sweep_deadlines(ngx_aime_zone_t *zone, ngx_log_t *log)
{
    ngx_uint_t                i, n;
    ngx_msec_t                next;
    ngx_rbtree_node_t        *node;
    ngx_aime_sweep_lapsed_t   lapsed[NGX_AIME_SWEEP_BATCH];

    n = 0;
    next = NGX_AIME_WAKE_INTERVAL;

    ngx_aime_shm_lock(zone);

    for (i = 0; i < NGX_AIME_SWEEP_BATCH; i++) {
        node = ngx_aime_shm_deadline_first_locked(zone);

        if (node == NULL) {
            break;
        }

        if ((ngx_msec_int_t) (node->key - ngx_current_msec) > 0) {
            next = node->key - ngx_current_msec;
            break;
        }

        ngx_aime_shm_deadline_remove_locked(zone, node);

        if (node->data == NGX_AIME_DEADLINE_JOB) {
            n += ngx_aime_sweep_job(zone,
                     ngx_rbtree_data(node, ngx_aime_shm_job_t, deadline),
                     &lapsed[n]);

        } else {
            ngx_aime_worker_due_locked(zone,
                     ngx_rbtree_data(node, ngx_aime_shm_worker_t, deadline));
        }
    }

    ngx_aime_shm_session_expire_locked(zone, NGX_AIME_SWEEP_BATCH);
    ngx_aime_shm_vars_expire_locked(zone, NGX_AIME_SWEEP_BATCH);

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);

    ngx_aime_sweep_log(lapsed, n, log);

    return (i == NGX_AIME_SWEEP_BATCH) ? 1 : next;
}


static ngx_uint_t
ngx_aime_sweep_job(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    ngx_aime_sweep_lapsed_t *lapsed)
{
    if (!ngx_aime_job_due_locked(zone, job)) {
        return 0;
    }

    ngx_memcpy(lapsed->id, job->id, NGX_AIME_ID_LEN);
    lapsed->reason = job->reason;
    lapsed->endpoint = job->queue->endpoint;

    return 1;
}


/* Endpoints stay in the zone for good, so their names may be read here. */

static void
ngx_aime_sweep_log(ngx_aime_sweep_lapsed_t *lapsed, ngx_uint_t n,
    ngx_log_t *log)
{
    u_char      id[NGX_AIME_UUID_LEN];
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        (void) ngx_aime_id_print(id, lapsed[i].id);

        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "job %*s on \"%*s\" lapsed: %s",
                      (size_t) NGX_AIME_UUID_LEN, id,
                      lapsed[i].endpoint->name_len, lapsed[i].endpoint->name,
                      ngx_aime_sweep_reasons[lapsed[i].reason]);
    }
}


/* Of endpoints: a worker's request may never meet what waits for them. */

static void
ngx_aime_sweep_removed(ngx_aime_zone_t *zone)
{
    ngx_aime_shm_lock(zone);

    ngx_aime_job_removed_locked(zone, NGX_AIME_SWEEP_BATCH);

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);
}


/*
 * Jobs wait and so do polls: those that were woken for them may hang in a
 * process that is stopped.
 */

static void
ngx_aime_sweep_polls(ngx_aime_zone_t *zone)
{
    ngx_queue_t          *q;
    ngx_aime_shm_type_t  *type;

    ngx_aime_shm_lock(zone);

    for (q = ngx_queue_head(&zone->sh->types);
         q != ngx_queue_sentinel(&zone->sh->types);
         q = ngx_queue_next(q))
    {
        type = ngx_queue_data(q, ngx_aime_shm_type_t, link);

        if (type->nqueued && type->polls.nparked) {
            ngx_aime_wake_one_locked(zone, &type->polls);
        }
    }

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);
}


void
ngx_aime_sweep_leave(ngx_aime_zone_t *zone)
{
    ngx_aime_shm_row_t  *row;

    row = zone->row;

    if (row == NULL) {
        return;
    }

    ngx_aime_shm_lock(zone);

    ngx_aime_job_release_row_locked(zone, row);
    ngx_aime_wake_free_row_locked(row);
    zone->row = NULL;

    ngx_aime_shm_unlock(zone);
    ngx_aime_wake_send(zone);
}

