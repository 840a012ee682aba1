/*
 * Who waits for a job: its client, those who watch it, and polls for any of
 * its type.  They park, and go again, and a job whose client has gone may be
 * canceled by it.  Floor 2.
 */

#ifndef NGX_AIME_JOB_WAIT_H_INCLUDED
#define NGX_AIME_JOB_WAIT_H_INCLUDED


#include "ngx_aime_shm_zone.h"


/*
 * Parks slot on a job that is in no final state: as a client that waits for
 * its result, or as one that watches it change.  NGX_DECLINED: no such job;
 * NGX_ERROR: the zone is full.
 */
ngx_int_t ngx_aime_job_join(ngx_aime_zone_t *zone, const u_char *id,
    ngx_uint_t client, uint32_t slot, ngx_aime_shm_parked_t **parked);

/* Wakes a parked client also when its job changes before its end. */
void ngx_aime_job_watch(ngx_aime_zone_t *zone, ngx_aime_shm_parked_t *parked);

/*
 * The waiting client's request is over: sent says that its final answer
 * reached the socket, else it hung up.
 */
void ngx_aime_job_leave(ngx_aime_zone_t *zone, const u_char *id,
    ngx_uint_t sent);

/* The result of a done job was sent to a client that did not wait for it. */
void ngx_aime_job_fetched(ngx_aime_zone_t *zone, const u_char *id);

/* Gives up a parked entry, of whatever kind. */
void ngx_aime_job_unpark(ngx_aime_zone_t *zone, ngx_aime_shm_parked_t *parked);


/* For the other units of ngx_aime_job_*, with the lock held. */

/* The client of an active job parks; NULL: the zone is full. */
ngx_aime_shm_parked_t *ngx_aime_job_park_client_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, uint32_t slot);

/*
 * The client of an active job has gone; gone is the entry that it still has,
 * or NULL.  Without another one the job is canceled, at once or after its
 * grace, if that is how it was submitted.
 */
void ngx_aime_job_hung_up_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_aime_shm_parked_t *gone);

/*
 * Gives up an entry.  A poll that was woken for a job and leaves without it
 * does not take the wake-up along: another one is woken.
 */
void ngx_aime_job_unpark_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_parked_t *parked);


#endif /* NGX_AIME_JOB_WAIT_H_INCLUDED */
