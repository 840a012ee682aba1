/*
 * The order in which the queued jobs of a type are taken.
 *
 * Jobs of higher priority go first.  Among those of one priority the clients
 * take turns: each has a lane of its own, in which its jobs stand in the order
 * of their arrival, and in each round every lane has one place.  Who shall not
 * have a share of its own shares one with the others of that kind.  Jobs that
 * come back after a failed attempt stand in front of all.
 *
 * A lane's places are in rounds that follow each other without a gap, and its
 * n-th job has its n-th place: a job that leaves from the middle gives back
 * the lane's last place, and those behind it move up.  So a place is a lane's,
 * not a job's, and a position takes two look-ups: of the job's rank in its
 * lane, and of the rank of the lane's place of that number.  Both, and
 * whatever comes or leaves, are O(log n), and touch few cache lines.
 *
 * Floor 1: keeps the order, decides nothing.
 */

#ifndef NGX_AIME_SHM_QUEUE_H_INCLUDED
#define NGX_AIME_SHM_QUEUE_H_INCLUDED


#include "ngx_aime_shm_zone.h"


/*
 * Queues a job as the last of the lane of that client and the job's priority;
 * id NULL is for those that have a lane together.  NGX_ERROR: the zone is full.
 */
ngx_int_t ngx_aime_shm_queue_append_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, const u_char *id);

/* Queues a job in front of all others, again; cannot fail. */
void ngx_aime_shm_queue_return_locked(ngx_aime_shm_job_t *job);

/* A job leaves without having been taken. */
void ngx_aime_shm_queue_remove_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);

/*
 * Takes jobs of one endpoint, that of the first job, in their order.  The walk
 * gives one job after the other, NULL at the end; what it gave must be taken
 * out by ngx_aime_shm_queue_take_locked(), or be removed, before it goes on.
 * A lane whose first job is another endpoint's keeps that place; what is taken
 * from behind it costs the lane its last place, and what moves up by that
 * comes at the end of the walk.  It looks at no more than NGX_AIME_MAX_WALK
 * jobs.
 */
#define NGX_AIME_MAX_WALK    1024

typedef struct {
    ngx_aime_shm_type_t         *type;
    ngx_aime_shm_queue_t        *queue;     /* NULL: that of the first job */
    uint64_t                     major;     /* place that it has come to */
    uint64_t                     minor;
    ngx_uint_t                   steps;
} ngx_aime_shm_walk_t;

void ngx_aime_shm_queue_walk_locked(ngx_aime_shm_walk_t *walk,
    ngx_aime_shm_type_t *type);
ngx_aime_shm_job_t *ngx_aime_shm_queue_next_locked(ngx_aime_shm_walk_t *walk);
void ngx_aime_shm_queue_take_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);

/*
 * Gives a queued job another priority: it is the last of that lane then.  One
 * that came back stays in front of all.  NGX_ERROR: the zone is full.
 */
ngx_int_t ngx_aime_shm_queue_priority_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_uint_t priority);

/* Position of a queued job: 1 is the next to be taken. */
ngx_uint_t ngx_aime_shm_queue_position_locked(ngx_aime_shm_job_t *job);

/*
 * For a repair, in this order: all lanes are empty; the queued jobs are
 * gathered, in whatever order; and queued again in that of their arrival.  One
 * whose lane is lost, or finds no room, counts as returned.
 */
void ngx_aime_shm_queue_reset_locked(ngx_aime_zone_t *zone);
void ngx_aime_shm_queue_gather_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_rank_t **gathered, ngx_aime_shm_job_t *job);
void ngx_aime_shm_queue_relink_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_rank_t **gathered);


#endif /* NGX_AIME_SHM_QUEUE_H_INCLUDED */
