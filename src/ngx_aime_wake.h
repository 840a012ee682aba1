/*
 * Process rows and wake-ups: which nginx processes there are, who of them
 * waits on what, and how one gets another to look.
 *
 * A wake-up carries no data: who was woken re-reads the zone.  The eventfd of
 * a row is the speed-up; that every process looks into its inbox at least
 * every NGX_AIME_WAKE_INTERVAL is what correctness rests on.  Floor 2: knows
 * topics, not what a topic is.
 */

#ifndef NGX_AIME_WAKE_H_INCLUDED
#define NGX_AIME_WAKE_H_INCLUDED


#include <ngx_event.h>

#include "ngx_aime_shm_zone.h"


#define NGX_AIME_WAKE_INTERVAL     500      /* milliseconds */


typedef struct {
    /* the parked entry of that slot was woken; called without the lock */
    void                       (*woken)(uint32_t slot);

    /* nginx shuts down gracefully; called once, without the lock */
    void                       (*shutdown)(void);
} ngx_aime_wake_handlers_t;


/*
 * Makes the eventfds of all rows, in the process that every worker process is
 * forked from; those that a reload finds stay.  NGX_OK or NGX_ERROR, logged.
 */
ngx_int_t ngx_aime_wake_init(ngx_aime_zone_t *zone, ngx_log_t *log);

/*
 * Prepares this process, which has no row yet.  Without one zone->row is NULL
 * and every reservation in the zone fails.
 */
ngx_int_t ngx_aime_wake_init_process(ngx_aime_zone_t *zone,
    ngx_cycle_t *cycle, ngx_aime_wake_handlers_t *handlers);

/*
 * Claims a free row and listens on its eventfd.  NGX_DECLINED: all are taken;
 * NGX_ERROR: logged.
 */
ngx_int_t ngx_aime_wake_claim(ngx_aime_zone_t *zone, ngx_log_t *log);

/* Hands the inbox to the woken handler. */
void ngx_aime_wake_drain(ngx_aime_zone_t *zone);

/*
 * Lists up to max rows whose processes are dead.  Looks at the process table,
 * so the lock must not be held; a row may be another's by the time it is.
 */
typedef struct {
    ngx_aime_shm_row_t          *row;
    ngx_pid_t                    pid;
    uint64_t                     started;
} ngx_aime_wake_dead_t;

ngx_uint_t ngx_aime_wake_find_dead(ngx_aime_zone_t *zone,
    ngx_aime_wake_dead_t *dead, ngx_uint_t max);

/* Frees a row; all that hung on it must have been released before. */
void ngx_aime_wake_free_row_locked(ngx_aime_shm_row_t *row);

/*
 * Parks slot of this process on a topic, last in turn; worker is whose poll
 * it is, or NULL.  NULL: the zone is full, or the process has no row.  The
 * entry is the process's own until it unparks it, topic or not.
 */
ngx_aime_shm_parked_t *ngx_aime_wake_park_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_topic_t *topic, ngx_aime_shm_worker_t *worker,
    uint32_t slot);

/*
 * Says that who waits is the client whose job it is; and that he wants to see
 * it change.
 */
void ngx_aime_wake_client_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_parked_t *parked);
void ngx_aime_wake_watch_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_parked_t *parked);

/* What an entry waits for, an index of nwaits (ngx_aime_waits_e). */
ngx_uint_t ngx_aime_wake_waits(ngx_aime_shm_parked_t *parked);

/* A woken entry that found nothing goes back to where its turn puts it. */
void ngx_aime_wake_repark_locked(ngx_aime_shm_parked_t *parked);

/* Takes an entry, parked or woken, out of all lists and frees it. */
void ngx_aime_wake_unpark_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_parked_t *parked);

/*
 * Wakes the entry that waits longest, one that is given, or all of them.
 * close does the last for a topic that is about to vanish.  The signals leave
 * by ngx_aime_wake_send(), which must follow as soon as the lock is free.
 */
void ngx_aime_wake_one_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_topic_t *topic);
void ngx_aime_wake_entry_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_parked_t *parked);
void ngx_aime_wake_all_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_topic_t *topic);
void ngx_aime_wake_close_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_topic_t *topic);

void ngx_aime_wake_send(ngx_aime_zone_t *zone);

/*
 * For a repair: hangs all parked entries on their rows and topics again, as
 * woken, so that each looks for itself.  No signal is sent: the processes find
 * them in their inboxes within NGX_AIME_WAKE_INTERVAL.
 */
void ngx_aime_wake_relink_locked(ngx_aime_zone_t *zone);


#endif /* NGX_AIME_WAKE_H_INCLUDED */
