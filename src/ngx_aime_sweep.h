/*
 * The sweep: ends what nobody ended.  Deadlines of jobs and workers, sessions
 * that nobody uses, what dead processes held.  Every process runs it on a
 * timer of its own; the zone's lock makes one of them do each thing.
 */

#ifndef NGX_AIME_SWEEP_H_INCLUDED
#define NGX_AIME_SWEEP_H_INCLUDED


#include "ngx_aime_shm_zone.h"


/*
 * Looks after the dead, since a process often begins when another was killed,
 * claims a row (all are taken: logged), and starts the timer in any case.
 */
void ngx_aime_sweep_start(ngx_aime_zone_t *zone, ngx_cycle_t *cycle);

/* Releases all that this process holds, and its row; no sweep after it. */
void ngx_aime_sweep_leave(ngx_aime_zone_t *zone);


#endif /* NGX_AIME_SWEEP_H_INCLUDED */
