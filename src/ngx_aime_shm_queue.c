
/* The order in which queued jobs are taken, see ngx_aime_shm_queue.h. */


#include "ngx_aime_shm_queue.h"
#include "ngx_aime_shm_index.h"


/* above the number of the round */

#define NGX_AIME_PRIORITY_SHIFT    56


static uint64_t ngx_aime_shm_round(ngx_aime_shm_type_t *type,
    ngx_uint_t priority);
static ngx_aime_shm_lane_t *ngx_aime_shm_lane(ngx_aime_zone_t *zone,
    ngx_aime_shm_type_t *type, const u_char *id, ngx_uint_t priority);
static ngx_int_t ngx_aime_shm_lane_room(ngx_aime_zone_t *zone,
    ngx_aime_shm_type_t *type, ngx_aime_shm_lane_t *lane);
static void ngx_aime_shm_lane_empty(ngx_aime_zone_t *zone,
    ngx_aime_shm_type_t *type, ngx_aime_shm_lane_t *lane);
static uint64_t ngx_aime_shm_lane_place(ngx_aime_shm_lane_t *lane,
    ngx_uint_t n);
static uint64_t ngx_aime_shm_lowest(ngx_uint_t priority);
static void ngx_aime_shm_queue_enter(ngx_aime_shm_job_t *job);
static void ngx_aime_shm_queue_front(ngx_aime_shm_job_t *job);
static void ngx_aime_shm_queue_insert_returned(ngx_aime_shm_job_t *job);
static void ngx_aime_shm_queue_leave(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, uint64_t place);
static ngx_aime_shm_job_t *ngx_aime_shm_lane_next(ngx_aime_shm_walk_t *walk,
    ngx_aime_shm_lane_t *lane);
static void ngx_aime_shm_queue_free_all(ngx_aime_zone_t *zone,
    ngx_aime_shm_kind_e kind);
static ngx_int_t ngx_aime_shm_queue_again(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);


ngx_int_t
ngx_aime_shm_queue_append_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, const u_char *id)
{
    ngx_aime_shm_lane_t  *lane;
    ngx_aime_shm_type_t  *type;

    static const u_char  nobody[NGX_AIME_ID_LEN];

    type = job->queue->type;
    lane = ngx_aime_shm_lane(zone, type, id ? id : nobody, job->priority);

    if (lane == NULL
        || ngx_aime_shm_lane_room(zone, type, lane) != NGX_OK)
    {
        return NGX_ERROR;
    }

    job->lane = lane;
    ngx_aime_shm_queue_enter(job);
    ngx_queue_insert_tail(&type->waiting, &job->link);

    return NGX_OK;
}


/* That client's lane of that priority. */

static ngx_aime_shm_lane_t *
ngx_aime_shm_lane(ngx_aime_zone_t *zone, ngx_aime_shm_type_t *type,
    const u_char *id, ngx_uint_t priority)
{
    u_char                own[NGX_AIME_ID_LEN];
    ngx_aime_shm_lane_t  *lane;

    /* ids are random: nobody else's is that one */

    ngx_memcpy(own, id, NGX_AIME_ID_LEN);
    own[0] ^= priority;

    lane = (ngx_aime_shm_lane_t *)
               ngx_aime_shm_id_lookup(&type->lanes, own,
                                      offsetof(ngx_aime_shm_lane_t, id));
    if (lane) {
        return lane;
    }

    lane = ngx_aime_shm_alloc_locked(&zone->sh->arena,
                                     sizeof(ngx_aime_shm_lane_t));
    if (lane == NULL) {
        return NULL;
    }

    lane->node.key = ngx_aime_shm_id_key(own);
    ngx_memcpy(lane->id, own, NGX_AIME_ID_LEN);
    lane->priority = priority;
    lane->walk = 0;
    ngx_aime_shm_line_init(&lane->line);

    ngx_rbtree_insert(&type->lanes, &lane->node);

    ngx_aime_shm_mark_locked(&zone->sh->arena, lane, NGX_AIME_SHM_LANE);

    return lane;
}


/*
 * Room for one more job at the end of a lane, and its place; otherwise a new
 * lane is gone again.
 */

static ngx_int_t
ngx_aime_shm_lane_room(ngx_aime_zone_t *zone, ngx_aime_shm_type_t *type,
    ngx_aime_shm_lane_t *lane)
{
    ngx_aime_shm_arena_t  *arena;

    arena = &zone->sh->arena;

    if (lane->line.njobs == 0) {
        lane->round = ngx_aime_shm_round(type, lane->priority);
        lane->turn = ++type->turns;
    }

    if (ngx_aime_shm_line_room_locked(arena, &lane->line) == NGX_OK
        && ngx_aime_shm_places_insert_locked(arena, &type->places,
                          ngx_aime_shm_lane_place(lane, lane->line.njobs),
                          lane->turn, lane)
           == NGX_OK)
    {
        return NGX_OK;
    }

    if (lane->line.njobs == 0) {
        ngx_aime_shm_lane_empty(zone, type, lane);
    }

    return NGX_ERROR;
}


static void
ngx_aime_shm_lane_empty(ngx_aime_zone_t *zone, ngx_aime_shm_type_t *type,
    ngx_aime_shm_lane_t *lane)
{
    ngx_rbtree_delete(&type->lanes, &lane->node);
    ngx_aime_shm_free_locked(&zone->sh->arena, lane);
}


/*
 * Who comes anew begins behind the others of the round to come: of that after
 * the last one taken, or if a batch of one endpoint went ahead of another's
 * jobs, of that after the first one waiting.
 */

static uint64_t
ngx_aime_shm_round(ngx_aime_shm_type_t *type, ngx_uint_t priority)
{
    uint64_t              round, first, turn;
    ngx_aime_shm_lane_t  *lane;

    round = type->rounds[priority];

    first = ngx_aime_shm_lowest(priority);
    turn = 0;

    lane = ngx_aime_shm_places_from_locked(&type->places, &first, &turn);

    if (lane && lane->priority == priority) {
        round = ngx_min(round, lane->round);
    }

    return round + 1;
}


/* The major key of the place of a lane's n-th job. */

static uint64_t
ngx_aime_shm_lane_place(ngx_aime_shm_lane_t *lane, ngx_uint_t n)
{
    return ngx_aime_shm_lowest(lane->priority) + lane->round + n;
}


static uint64_t
ngx_aime_shm_lowest(ngx_uint_t priority)
{
    return (uint64_t) (NGX_AIME_NPRIORITIES - priority)
           << NGX_AIME_PRIORITY_SHIFT;
}


/* At the end of its lane, which has room and a place for it. */

static void
ngx_aime_shm_queue_enter(ngx_aime_shm_job_t *job)
{
    ngx_aime_shm_type_t  *type;

    type = job->queue->type;

    ngx_aime_shm_line_append_locked(&job->lane->line, &job->spot);
    job->arrival = ++type->arrivals;

    job->queue->nqueued++;
    type->nqueued++;
    type->nlevel[job->priority]++;
}


void
ngx_aime_shm_queue_return_locked(ngx_aime_shm_job_t *job)
{
    ngx_aime_shm_queue_front(job);
    ngx_aime_shm_queue_insert_returned(job);
}


/* The number tells this stay in the queue apart from earlier ones, too. */

static void
ngx_aime_shm_queue_front(ngx_aime_shm_job_t *job)
{
    job->arrival = job->queue->type->returns--;

    ngx_aime_shm_order();
    job->returned = 1;
}


/* One that was not tried at all waits on since it came. */

static void
ngx_aime_shm_queue_insert_returned(ngx_aime_shm_job_t *job)
{
    ngx_aime_shm_job_t   *oldest;
    ngx_aime_shm_type_t  *type;

    type = job->queue->type;

    job->back.major = 0;
    job->back.minor = job->arrival;
    ngx_aime_shm_rank_insert(&type->returned, &job->back);

    oldest = ngx_queue_empty(&type->waiting)
             ? NULL : ngx_queue_data(ngx_queue_head(&type->waiting),
                                     ngx_aime_shm_job_t, link);

    if (oldest && (ngx_msec_int_t) (job->queued - oldest->queued) < 0) {
        ngx_queue_insert_head(&type->waiting, &job->link);

    } else {
        ngx_queue_insert_tail(&type->waiting, &job->link);
    }

    job->queue->nqueued++;
    type->nqueued++;
    type->nlevel[job->priority]++;
}


void
ngx_aime_shm_queue_remove_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job)
{
    ngx_aime_shm_lane_t  *lane;

    lane = job->lane;

    ngx_aime_shm_queue_leave(zone, job, job->returned ? 0
                          : ngx_aime_shm_lane_place(lane,
                                                    lane->line.njobs - 1));
}


/* Gives back that place of its lane's. */

static void
ngx_aime_shm_queue_leave(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    uint64_t place)
{
    ngx_aime_shm_lane_t   *lane;
    ngx_aime_shm_type_t   *type;
    ngx_aime_shm_arena_t  *arena;

    type = job->queue->type;
    arena = &zone->sh->arena;

    ngx_queue_remove(&job->link);
    ngx_queue_init(&job->link);

    job->queue->nqueued--;
    type->nqueued--;
    type->nlevel[job->priority]--;

    if (job->returned) {
        ngx_aime_shm_rank_remove(&type->returned, &job->back);
        return;
    }

    lane = job->lane;
    job->lane = NULL;

    ngx_aime_shm_places_remove_locked(arena, &type->places, place, lane->turn);
    ngx_aime_shm_line_remove_locked(arena, &lane->line, &job->spot);

    if (lane->line.njobs == 0) {
        ngx_aime_shm_lane_empty(zone, type, lane);
    }
}


void
ngx_aime_shm_queue_walk_locked(ngx_aime_shm_walk_t *walk,
    ngx_aime_shm_type_t *type)
{
    ngx_memzero(walk, sizeof(ngx_aime_shm_walk_t));

    walk->type = type;
    type->walks++;
}


ngx_aime_shm_job_t *
ngx_aime_shm_queue_next_locked(ngx_aime_shm_walk_t *walk)
{
    ngx_aime_shm_job_t   *job;
    ngx_aime_shm_lane_t  *lane;
    ngx_aime_shm_rank_t  *back;

    while ((walk->queue == NULL || walk->queue->nqueued)
           && walk->steps++ < NGX_AIME_MAX_WALK)
    {
        lane = NULL;
        back = walk->major ? NULL
                           : ngx_aime_shm_rank_from(walk->type->returned, 0,
                                                    walk->minor);
        if (back) {
            walk->minor = back->minor + 1;
            job = ngx_rbtree_data(back, ngx_aime_shm_job_t, back);

        } else {
            lane = ngx_aime_shm_places_from_locked(&walk->type->places,
                                                   &walk->major,
                                                   &walk->minor);
            if (lane == NULL && walk->queue == NULL) {
                break;
            }

            /* lanes gave back their last places for what they have left */

            if (lane == NULL) {
                walk->major = 0;
                walk->minor = 0;
                walk->type->walks++;
                continue;
            }

            /* a place gives one job, or a lane's rest would come at once */

            walk->minor++;
            job = ngx_aime_shm_lane_next(walk, lane);
        }

        if (walk->queue == NULL) {
            walk->queue = job->queue;
        }

        if (job->queue == walk->queue) {
            return job;
        }

        if (lane) {
            lane->passed = &job->spot.link;
        }
    }

    return NULL;
}


/* The first job of a lane that this walk has not left behind. */

static ngx_aime_shm_job_t *
ngx_aime_shm_lane_next(ngx_aime_shm_walk_t *walk, ngx_aime_shm_lane_t *lane)
{
    if (lane->walk != walk->type->walks) {
        lane->walk = walk->type->walks;
        lane->passed = ngx_queue_sentinel(&lane->line.jobs);
    }

    return ngx_queue_data(ngx_queue_next(lane->passed), ngx_aime_shm_job_t,
                          spot.link);
}


void
ngx_aime_shm_queue_take_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    uint64_t             *round;
    ngx_aime_shm_lane_t  *lane;

    lane = job->lane;

    /* in front of it is what other endpoints have: the lane keeps its place */

    if (job->returned
        || ngx_queue_head(&lane->line.jobs) != &job->spot.link)
    {
        ngx_aime_shm_queue_remove_locked(zone, job);
        return;
    }

    round = &job->queue->type->rounds[job->priority];
    *round = ngx_max(*round, lane->round);

    lane->round++;
    ngx_aime_shm_queue_leave(zone, job,
                             ngx_aime_shm_lane_place(lane, 0) - 1);
}


/* How long it waits is the same as before: so is its place in that list. */

ngx_int_t
ngx_aime_shm_queue_priority_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_uint_t priority)
{
    u_char                id[NGX_AIME_ID_LEN];
    ngx_queue_t          *next;
    ngx_aime_shm_lane_t  *lane;
    ngx_aime_shm_type_t  *type;

    type = job->queue->type;

    if (job->priority == priority) {
        return NGX_OK;
    }

    if (job->returned) {
        type->nlevel[job->priority]--;
        job->priority = priority;
        type->nlevel[job->priority]++;
        return NGX_OK;
    }

    ngx_memcpy(id, job->lane->id, NGX_AIME_ID_LEN);
    id[0] ^= job->priority;

    lane = ngx_aime_shm_lane(zone, type, id, priority);

    if (lane == NULL
        || ngx_aime_shm_lane_room(zone, type, lane) != NGX_OK)
    {
        return NGX_ERROR;
    }

    next = ngx_queue_next(&job->link);

    ngx_aime_shm_queue_remove_locked(zone, job);

    job->priority = priority;
    ngx_aime_shm_order();
    job->lane = lane;

    ngx_aime_shm_queue_enter(job);
    ngx_queue_insert_tail(next, &job->link);

    return NGX_OK;
}


ngx_uint_t
ngx_aime_shm_queue_position_locked(ngx_aime_shm_job_t *job)
{
    uint64_t              place;
    ngx_aime_shm_type_t  *type;

    type = job->queue->type;

    if (job->returned) {
        return ngx_aime_shm_rank_below(type->returned, 0, job->back.minor) + 1;
    }

    place = ngx_aime_shm_lane_place(job->lane,
                                    ngx_aime_shm_line_rank_locked(&job->spot));

    return ngx_aime_shm_rank_weight(type->returned)
           + ngx_aime_shm_places_below_locked(&type->places, place,
                                              job->lane->turn)
           + 1;
}


void
ngx_aime_shm_queue_reset_locked(ngx_aime_zone_t *zone)
{
    ngx_aime_shm_lane_t  *lane;

    lane = NULL;

    while ((lane = ngx_aime_shm_next_locked(&zone->sh->arena,
                                            NGX_AIME_SHM_LANE, lane)))
    {
        ngx_aime_shm_line_init(&lane->line);
    }

    ngx_aime_shm_queue_free_all(zone, NGX_AIME_SHM_LINE);
    ngx_aime_shm_queue_free_all(zone, NGX_AIME_SHM_PLACES);
}


static void
ngx_aime_shm_queue_free_all(ngx_aime_zone_t *zone, ngx_aime_shm_kind_e kind)
{
    void  *p;

    p = NULL;

    while ((p = ngx_aime_shm_next_locked(&zone->sh->arena, kind, p))) {
        ngx_aime_shm_free_locked(&zone->sh->arena, p);
    }
}


void
ngx_aime_shm_queue_gather_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_rank_t **gathered, ngx_aime_shm_job_t *job)
{
    if (!job->returned) {

        if (ngx_aime_shm_kind_locked(&zone->sh->arena, job->lane)
            == NGX_AIME_SHM_LANE)
        {
            job->priority = job->lane->priority;

        } else {
            ngx_aime_shm_queue_front(job);
        }
    }

    job->back.major = job->arrival;
    job->back.minor = 0;

    ngx_aime_shm_rank_insert(gathered, &job->back);
}


/* Each lane that has a job is linked again by the first of them. */

void
ngx_aime_shm_queue_relink_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_rank_t **gathered)
{
    ngx_aime_shm_job_t   *job;
    ngx_aime_shm_lane_t  *lane;
    ngx_aime_shm_rank_t  *first;

    while ((first = ngx_aime_shm_rank_from(*gathered, 0, 0))) {
        ngx_aime_shm_rank_remove(gathered, first);

        job = ngx_rbtree_data(first, ngx_aime_shm_job_t, back);

        if (!job->returned && ngx_aime_shm_queue_again(zone, job) != NGX_OK) {
            ngx_aime_shm_queue_front(job);
        }

        if (job->returned) {
            job->lane = NULL;
            ngx_aime_shm_queue_insert_returned(job);
        }
    }

    lane = NULL;

    while ((lane = ngx_aime_shm_next_locked(&zone->sh->arena,
                                            NGX_AIME_SHM_LANE, lane)))
    {
        if (lane->line.njobs == 0) {
            ngx_aime_shm_free_locked(&zone->sh->arena, lane);
        }
    }
}


/* Back into its lane; NGX_ERROR: that is lost, or the zone is full. */

static ngx_int_t
ngx_aime_shm_queue_again(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    ngx_aime_shm_lane_t  *lane;
    ngx_aime_shm_type_t  *type;

    lane = job->lane;
    type = job->queue->type;

    if (ngx_aime_shm_kind_locked(&zone->sh->arena, lane) != NGX_AIME_SHM_LANE)
    {
        return NGX_ERROR;
    }

    if (lane->line.njobs == 0) {
        ngx_rbtree_insert(&type->lanes, &lane->node);
    }

    if (ngx_aime_shm_lane_room(zone, type, lane) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_aime_shm_queue_enter(job);
    ngx_queue_insert_tail(&type->waiting, &job->link);

    return NGX_OK;
}
