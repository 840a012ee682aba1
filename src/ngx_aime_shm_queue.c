
/* The order in which queued jobs are taken, see ngx_aime_shm_queue.h. */


#include "ngx_aime_shm_queue.h"
#include "ngx_aime_shm_index.h"


/* above the number of the round */

#define NGX_AIME_PRIORITY_SHIFT    56


static uint64_t ngx_aime_shm_round(ngx_aime_shm_job_t *job);
static ngx_aime_shm_share_t *ngx_aime_shm_share(ngx_aime_zone_t *zone,
    ngx_aime_shm_type_t *type, const u_char *id);
static void ngx_aime_shm_queue_insert(ngx_aime_shm_job_t *job);
static void ngx_aime_shm_queue_front(ngx_aime_shm_job_t *job);
static void ngx_aime_shm_queue_insert_returned(ngx_aime_shm_job_t *job);
static void ngx_aime_shm_queue_leave(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, uint64_t round);
static ngx_aime_shm_lane_t *ngx_aime_shm_lane(ngx_aime_shm_job_t *job);
static uint64_t ngx_aime_shm_place(ngx_aime_shm_job_t *job, uint64_t round);


ngx_int_t
ngx_aime_shm_queue_append_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, const u_char *id)
{
    ngx_aime_shm_type_t  *type;

    static const u_char  nobody[NGX_AIME_ID_LEN];

    type = job->queue->type;

    job->share = ngx_aime_shm_share(zone, type, id ? id : nobody);

    if (job->share == NULL) {
        return NGX_ERROR;
    }

    ngx_aime_shm_queue_insert(job);

    return NGX_OK;
}


/* Puts the job at the end of its lane. */

static void
ngx_aime_shm_queue_insert(ngx_aime_shm_job_t *job)
{
    ngx_aime_shm_lane_t  *lane;
    ngx_aime_shm_type_t  *type;

    type = job->queue->type;

    job->share->njobs++;
    lane = ngx_aime_shm_lane(job);

    if (lane->jobs == NULL) {
        lane->round = ngx_aime_shm_round(job);
        lane->turn = ++type->turns;
    }

    job->place.major = ngx_aime_shm_place(job, lane->round
                                      + ngx_aime_shm_rank_weight(lane->jobs));
    job->place.minor = lane->turn;

    job->arrival.major = ++type->arrivals;
    job->arrival.minor = 0;

    ngx_aime_shm_rank_insert(&type->places, &job->place);
    ngx_aime_shm_rank_insert(&lane->jobs, &job->arrival);

    ngx_queue_insert_tail(&type->waiting, &job->link);

    job->queue->nqueued++;
    type->nqueued++;
    type->nlevel[job->priority]++;
}


/*
 * Who comes anew begins behind the others of the round to come: of that after
 * the last one taken, or if a batch of one endpoint went ahead of another's
 * jobs, of that after the first one waiting.
 */

static uint64_t
ngx_aime_shm_round(ngx_aime_shm_job_t *job)
{
    uint64_t              round, lowest;
    ngx_aime_shm_rank_t  *first;
    ngx_aime_shm_type_t  *type;

    type = job->queue->type;
    round = type->rounds[job->priority];

    lowest = ngx_aime_shm_place(job, 0);
    first = ngx_aime_shm_rank_from(type->places, lowest, 0);

    /* one of a lower priority is farther away than any round */

    if (first) {
        round = ngx_min(round, first->major - lowest);
    }

    return round + 1;
}


static ngx_aime_shm_share_t *
ngx_aime_shm_share(ngx_aime_zone_t *zone, ngx_aime_shm_type_t *type,
    const u_char *id)
{
    ngx_aime_shm_share_t  *share;

    share = (ngx_aime_shm_share_t *)
                ngx_aime_shm_id_lookup(&type->shares, id,
                                       offsetof(ngx_aime_shm_share_t, id));
    if (share) {
        return share;
    }

    share = ngx_aime_shm_calloc_locked(&zone->sh->arena,
                                       sizeof(ngx_aime_shm_share_t));
    if (share == NULL) {
        return NULL;
    }

    share->node.key = ngx_aime_shm_id_key(id);
    ngx_memcpy(share->id, id, NGX_AIME_ID_LEN);

    ngx_rbtree_insert(&type->shares, &share->node);

    ngx_aime_shm_mark_locked(&zone->sh->arena, share, NGX_AIME_SHM_SHARE);

    return share;
}


void
ngx_aime_shm_queue_return_locked(ngx_aime_shm_job_t *job)
{
    ngx_aime_shm_queue_front(job);
    ngx_aime_shm_queue_insert_returned(job);
}


/* Its keys are those of one in front of all others. */

static void
ngx_aime_shm_queue_front(ngx_aime_shm_job_t *job)
{
    job->place.major = 0;
    job->place.minor = job->queue->type->returns--;

    /* tells this stay in the queue apart from earlier ones */

    job->arrival.major = job->place.minor;

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

    ngx_aime_shm_rank_insert(&type->places, &job->place);

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

    if (job->returned) {
        ngx_aime_shm_queue_leave(zone, job, 0);
        return;
    }

    lane = ngx_aime_shm_lane(job);

    ngx_aime_shm_queue_leave(zone, job,
                             lane->round
                             + ngx_aime_shm_rank_weight(lane->jobs) - 1);
}


/*
 * Frees the lane's place in that round.  If it hangs on another job, that one
 * gets the place that hangs on this job.
 */

static void
ngx_aime_shm_queue_leave(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    uint64_t round)
{
    ngx_aime_shm_lane_t  *lane;
    ngx_aime_shm_rank_t  *place;
    ngx_aime_shm_type_t  *type;

    type = job->queue->type;

    ngx_queue_remove(&job->link);
    ngx_queue_init(&job->link);

    job->queue->nqueued--;
    type->nqueued--;
    type->nlevel[job->priority]--;

    if (job->returned) {
        ngx_aime_shm_rank_remove(&type->places, &job->place);
        return;
    }

    lane = ngx_aime_shm_lane(job);

    place = ngx_aime_shm_rank_from(type->places,
                                   ngx_aime_shm_place(job, round),
                                   lane->turn);

    ngx_aime_shm_rank_remove(&type->places, place);

    if (place != &job->place) {
        ngx_aime_shm_rank_replace(&type->places, &job->place, place);
    }

    ngx_aime_shm_rank_remove(&lane->jobs, &job->arrival);

    if (--job->share->njobs == 0) {
        ngx_rbtree_delete(&type->shares, &job->share->node);
        ngx_aime_shm_free_locked(&zone->sh->arena, job->share);
    }

    job->share = NULL;
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
    ngx_aime_shm_rank_t  *place;

    while ((walk->queue == NULL || walk->queue->nqueued)
           && walk->steps++ < NGX_AIME_MAX_WALK)
    {
        place = ngx_aime_shm_rank_from(walk->type->places, walk->major,
                                       walk->minor);
        if (place == NULL && walk->queue == NULL) {
            break;
        }

        /* lanes gave back their last places for what they have left */

        if (place == NULL) {
            walk->major = 0;
            walk->minor = 0;
            walk->type->walks++;
            continue;
        }

        /* each place gives one job, or the rest of a lane would come at once */

        walk->major = place->major;
        walk->minor = place->minor + 1;

        job = ngx_rbtree_data(place, ngx_aime_shm_job_t, place);
        lane = NULL;

        if (!job->returned) {
            lane = ngx_aime_shm_lane(job);

            if (lane->walk != walk->type->walks) {
                lane->walk = walk->type->walks;
                lane->passed = 0;
            }

            place = ngx_aime_shm_rank_nth(lane->jobs, lane->passed);
            job = ngx_rbtree_data(place, ngx_aime_shm_job_t, arrival);
        }

        if (walk->queue == NULL) {
            walk->queue = job->queue;
        }

        if (job->queue == walk->queue) {
            return job;
        }

        if (lane) {
            lane->passed++;
        }
    }

    return NULL;
}


void
ngx_aime_shm_queue_take_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    uint64_t             *round;
    ngx_aime_shm_lane_t  *lane;

    /* in front of it is what other endpoints have: the lane keeps its place */

    if (job->returned
        || ngx_aime_shm_rank_nth(ngx_aime_shm_lane(job)->jobs, 0)
           != &job->arrival)
    {
        ngx_aime_shm_queue_remove_locked(zone, job);
        return;
    }

    lane = ngx_aime_shm_lane(job);
    round = &job->queue->type->rounds[job->priority];

    *round = ngx_max(*round, lane->round);

    ngx_aime_shm_queue_leave(zone, job, lane->round++);
}


/* How long it waits is the same as before: so is its place in that list. */

void
ngx_aime_shm_queue_priority_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_uint_t priority)
{
    ngx_queue_t           *next;
    ngx_aime_shm_type_t   *type;
    ngx_aime_shm_share_t  *share;

    type = job->queue->type;

    if (job->returned) {
        type->nlevel[job->priority]--;
        job->priority = priority;
        type->nlevel[job->priority]++;
        return;
    }

    next = ngx_queue_next(&job->link);
    share = job->share;

    /* it must not go meanwhile */

    share->njobs++;
    ngx_aime_shm_queue_remove_locked(zone, job);
    share->njobs--;

    job->priority = priority;
    job->share = share;
    ngx_aime_shm_queue_insert(job);

    ngx_queue_remove(&job->link);
    ngx_queue_insert_tail(next, &job->link);
}


ngx_uint_t
ngx_aime_shm_queue_position_locked(ngx_aime_shm_job_t *job)
{
    ngx_uint_t            n;
    ngx_aime_shm_lane_t  *lane;
    ngx_aime_shm_rank_t  *places;

    places = job->queue->type->places;

    if (job->returned) {
        return ngx_aime_shm_rank_below(places, job->place.major,
                                       job->place.minor)
               + 1;
    }

    lane = ngx_aime_shm_lane(job);
    n = ngx_aime_shm_rank_below(lane->jobs, job->arrival.major, 0);

    return ngx_aime_shm_rank_below(places,
                                   ngx_aime_shm_place(job, lane->round + n),
                                   lane->turn)
           + 1;
}


void
ngx_aime_shm_queue_reset_locked(ngx_aime_zone_t *zone)
{
    ngx_uint_t             i;
    ngx_aime_shm_share_t  *share;

    share = NULL;

    while ((share = ngx_aime_shm_next_locked(&zone->sh->arena,
                                             NGX_AIME_SHM_SHARE, share)))
    {
        share->njobs = 0;

        for (i = 0; i < NGX_AIME_NPRIORITIES; i++) {
            share->lanes[i].jobs = NULL;
        }
    }
}


void
ngx_aime_shm_queue_gather_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_rank_t **gathered, ngx_aime_shm_job_t *job)
{
    if (!job->returned
        && ngx_aime_shm_kind_locked(&zone->sh->arena, job->share)
           != NGX_AIME_SHM_SHARE)
    {
        ngx_aime_shm_queue_front(job);
    }

    ngx_aime_shm_rank_insert(gathered, &job->arrival);
}


/* Each share that has a job is linked again by the first of them. */

void
ngx_aime_shm_queue_relink_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_rank_t **gathered)
{
    ngx_aime_shm_job_t    *job;
    ngx_aime_shm_rank_t   *first;
    ngx_aime_shm_share_t  *share;

    while ((first = ngx_aime_shm_rank_nth(*gathered, 0))) {
        ngx_aime_shm_rank_remove(gathered, first);

        job = ngx_rbtree_data(first, ngx_aime_shm_job_t, arrival);

        if (job->returned) {
            job->share = NULL;
            ngx_aime_shm_queue_insert_returned(job);
            continue;
        }

        if (job->share->njobs == 0) {
            ngx_rbtree_insert(&job->queue->type->shares, &job->share->node);
        }

        ngx_aime_shm_queue_insert(job);
    }

    share = NULL;

    while ((share = ngx_aime_shm_next_locked(&zone->sh->arena,
                                             NGX_AIME_SHM_SHARE, share)))
    {
        if (share->njobs == 0) {
            ngx_aime_shm_free_locked(&zone->sh->arena, share);
        }
    }
}


static ngx_aime_shm_lane_t *
ngx_aime_shm_lane(ngx_aime_shm_job_t *job)
{
    return &job->share->lanes[job->priority];
}


static uint64_t
ngx_aime_shm_place(ngx_aime_shm_job_t *job, uint64_t round)
{
    return ((uint64_t) (NGX_AIME_NPRIORITIES - job->priority)
            << NGX_AIME_PRIORITY_SHIFT)
           + round;
}
