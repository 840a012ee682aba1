
/* Is the zone in order?  See ngx_aime_check.h. */


#include "ngx_aime_check.h"
#include "ngx_aime_shm_index.h"
#include "ngx_aime_shm_payload.h"
#include "ngx_aime_shm_vars.h"
#include "ngx_aime_wake.h"


/* What there should be, counted in the slots. */

typedef struct {
    ngx_uint_t                   kinds[NGX_AIME_SHM_NKINDS];
    ngx_uint_t                   queued;    /* jobs */
    ngx_uint_t                   inlane;    /* of them, not returned */
    ngx_uint_t                   running;
    ngx_uint_t                   handing;
    ngx_uint_t                   fetched;
    ngx_uint_t                   counted;   /* for a client */
    ngx_uint_t                   onces;
    ngx_uint_t                   refs;
    ngx_uint_t                   deadlines;
    ngx_uint_t                   online;    /* workers */
} ngx_aime_check_t;


static const char *ngx_aime_check_jobs(ngx_aime_zone_t *zone,
    ngx_aime_check_t *check);
static const char *ngx_aime_check_types(ngx_aime_zone_t *zone,
    ngx_aime_check_t *check);
static const char *ngx_aime_check_workers(ngx_aime_zone_t *zone,
    ngx_aime_check_t *check);
static const char *ngx_aime_check_lanes(ngx_aime_zone_t *zone,
    ngx_aime_check_t *check);
static const char *ngx_aime_check_rows(ngx_aime_zone_t *zone,
    ngx_aime_check_t *check);
static ngx_uint_t ngx_aime_check_waits(ngx_aime_zone_t *zone);
static const char *ngx_aime_check_vars(ngx_aime_zone_t *zone,
    ngx_aime_check_t *check);
static const char *ngx_aime_check_payloads(ngx_aime_zone_t *zone,
    ngx_aime_check_t *check);
static ngx_uint_t ngx_aime_check_buckets(ngx_aime_zone_t *zone,
    ngx_uint_t max);
static ngx_uint_t ngx_aime_check_list(ngx_queue_t *list, ngx_uint_t max);
static ngx_uint_t ngx_aime_check_tree(ngx_rbtree_t *tree, ngx_uint_t max);
static ngx_uint_t ngx_aime_check_topic(ngx_aime_shm_topic_t *topic);


const char *
ngx_aime_check_locked(ngx_aime_zone_t *zone)
{
    const char        *wrong;
    ngx_uint_t         nsessions;
    ngx_aime_check_t   check;

    ngx_memzero(&check, sizeof(ngx_aime_check_t));

    if (ngx_aime_shm_census_locked(&zone->sh->arena, check.kinds) != NGX_OK) {
        return "blocks and their slots differ";
    }

    if (check.kinds[NGX_AIME_SHM_DRAFT] || check.kinds[NGX_AIME_SHM_STRAY]) {
        return "a slot belongs to nobody";
    }

    wrong = ngx_aime_check_jobs(zone, &check);

    if (wrong == NULL) {
        wrong = ngx_aime_check_workers(zone, &check);
    }

    if (wrong == NULL) {
        wrong = ngx_aime_check_types(zone, &check);
    }

    if (wrong == NULL) {
        wrong = ngx_aime_check_rows(zone, &check);
    }

    if (wrong == NULL) {
        wrong = ngx_aime_check_vars(zone, &check);
    }

    if (wrong == NULL) {
        wrong = ngx_aime_check_payloads(zone, &check);
    }

    if (wrong) {
        return wrong;
    }

    nsessions = check.kinds[NGX_AIME_SHM_SESSION];

    if (zone->sh->nsessions != nsessions
        || ngx_aime_check_tree(&zone->sh->sessions, nsessions) != nsessions
        || ngx_aime_check_list(&zone->sh->sessions_used, nsessions)
           != nsessions)
    {
        return "sessions are not as many as listed";
    }

    if (ngx_aime_check_tree(&zone->sh->deadlines, check.deadlines)
        != check.deadlines)
    {
        return "deadlines are not as many as listed";
    }

    return NULL;
}


static const char *
ngx_aime_check_jobs(ngx_aime_zone_t *zone, ngx_aime_check_t *check)
{
    ngx_uint_t           n;
    ngx_aime_shm_job_t  *job;

    job = NULL;

    while ((job = ngx_aime_shm_next_locked(&zone->sh->arena,
                                           NGX_AIME_SHM_JOB, job)))
    {
        if (ngx_aime_shm_id_find_locked(zone, job->id) != job) {
            return "a job is not found by its id";
        }

        if (!ngx_aime_check_topic(&job->watchers)) {
            return "the watchers of a job are not as many as listed";
        }

        if (job->state == NGX_AIME_JOB_QUEUED) {
            check->queued++;
            check->inlane += !job->returned;
        }

        check->running += (job->state == NGX_AIME_JOB_PROCESSING);
        check->handing += job->handing;
        check->fetched += job->fetched;
        check->counted += (job->client != NULL);
        check->onces += (job->once != NULL);
        check->deadlines += job->deadlined;

        check->refs += (job->input != NULL) + (job->progress != NULL)
                       + (job->result != NULL) + (job->note != NULL);

        if ((job->input != NULL) != (job->state <= NGX_AIME_JOB_PROCESSING)
            || (job->result != NULL) != (job->state == NGX_AIME_JOB_DONE))
        {
            return "a job has not what its state demands";
        }

        if (!(job->counted & NGX_AIME_COUNTED_SUBMIT)
            || !(job->counted & NGX_AIME_COUNTED_END)
               != (job->state <= NGX_AIME_JOB_PROCESSING))
        {
            return "a job is not counted as its state demands";
        }
    }

    n = check->kinds[NGX_AIME_SHM_JOB];

    if (zone->sh->njobs != n
        || ngx_aime_check_buckets(zone, n) != n
        || ngx_aime_check_list(&zone->sh->fetched, n) != check->fetched)
    {
        return "jobs are not as many as listed";
    }

    n = check->kinds[NGX_AIME_SHM_ONCE];

    if (check->onces != n || ngx_aime_check_tree(&zone->sh->onces, n) != n) {
        return "idempotency keys are not as many as jobs with one";
    }

    return NULL;
}


static const char *
ngx_aime_check_workers(ngx_aime_zone_t *zone, ngx_aime_check_t *check)
{
    ngx_uint_t              n, running, fields;
    ngx_aime_shm_worker_t  *worker;

    worker = NULL;
    running = 0;
    fields = 0;

    while ((worker = ngx_aime_shm_next_locked(&zone->sh->arena,
                                              NGX_AIME_SHM_WORKER, worker)))
    {
        n = ngx_aime_check_list(&worker->running, worker->nrunning);

        if (n != worker->nrunning) {
            return "a worker's jobs are not as many as listed";
        }

        running += n;
        fields += (worker->fields != NULL);
        check->deadlines += worker->deadlined;
        check->online += worker->online;
    }

    n = check->kinds[NGX_AIME_SHM_WORKER];

    if (zone->sh->nworkers != n
        || ngx_aime_check_tree(&zone->sh->workers, n) != n
        || fields != check->kinds[NGX_AIME_SHM_FIELDS])
    {
        return "workers are not as many as listed";
    }

    return (running == check->running)
           ? NULL : "running jobs are not as many as workers have";
}


static const char *
ngx_aime_check_types(ngx_aime_zone_t *zone, ngx_aime_check_t *check)
{
    ngx_uint_t             i, queued, running, workers, online, lanes,
                           in_queues, levels, nslots;
    ngx_queue_t           *q, *p;
    ngx_aime_shm_type_t   *type;
    ngx_aime_shm_queue_t  *queue;

    queued = 0;
    running = 0;
    workers = 0;
    online = 0;
    lanes = 0;
    in_queues = 0;
    levels = 0;
    nslots = 0;

    for (q = ngx_queue_head(&zone->sh->types);
         q != ngx_queue_sentinel(&zone->sh->types);
         q = ngx_queue_next(q))
    {
        type = ngx_queue_data(q, ngx_aime_shm_type_t, link);

        if (!ngx_aime_check_topic(&type->polls)) {
            return "the polls of a job type are not as many as listed";
        }

        if (ngx_aime_shm_rank_weight(type->returned) + type->places.n
            != type->nqueued)
        {
            return "the queue of a job type is not as long as it says";
        }

        if (ngx_aime_shm_places_check_locked(&type->places, &nslots)
            != NGX_OK)
        {
            return "the places of a job type are not as many as they say";
        }

        if (ngx_aime_check_list(&type->waiting, type->nqueued)
            != type->nqueued)
        {
            return "the jobs that wait for a job type are not all listed";
        }

        if (ngx_aime_check_list(&type->workers, type->nworkers)
            != type->nworkers)
        {
            return "the workers of a job type are not all listed";
        }

        for (i = 0; i < NGX_AIME_NPRIORITIES; i++) {
            levels += type->nlevel[i];
        }

        queued += type->nqueued;
        running += type->nrunning;
        workers += type->nworkers;
        online += type->nonline;
        lanes += ngx_aime_check_tree(&type->lanes, type->nqueued);

        for (p = ngx_queue_head(&type->queues);
             p != ngx_queue_sentinel(&type->queues);
             p = ngx_queue_next(p))
        {
            queue = ngx_queue_data(p, ngx_aime_shm_queue_t, link);
            in_queues += queue->nqueued;
        }
    }

    if (queued != check->queued || in_queues != check->queued
        || levels != check->queued)
    {
        return "queued jobs are not as many as queues have";
    }

    if (running != check->running) {
        return "running jobs are not as many as job types have";
    }

    if (workers != check->kinds[NGX_AIME_SHM_WORKER]
        || online != check->online)
    {
        return "workers are not as many as job types have";
    }

    if (lanes != check->kinds[NGX_AIME_SHM_LANE]) {
        return "lanes are not as many as job types have";
    }

    if (nslots != check->kinds[NGX_AIME_SHM_PLACES]) {
        return "places have not as many slots as they need";
    }

    return ngx_aime_check_lanes(zone, check);
}


static const char *
ngx_aime_check_lanes(ngx_aime_zone_t *zone, ngx_aime_check_t *check)
{
    ngx_uint_t             n, nempty, nspots;
    ngx_aime_shm_lane_t   *lane;
    ngx_aime_shm_arena_t  *arena;

    arena = &zone->sh->arena;
    lane = NULL;
    n = 0;
    nempty = 0;
    nspots = ngx_aime_shm_line_census_locked(arena, &nempty);

    while ((lane = ngx_aime_shm_next_locked(arena, NGX_AIME_SHM_LANE, lane)))
    {
        if (lane->line.njobs == 0
            || ngx_aime_check_list(&lane->line.jobs, lane->line.njobs)
               != lane->line.njobs)
        {
            return "the jobs of a lane are not as many as listed";
        }

        n += lane->line.njobs;
        nspots += ngx_aime_shm_line_taken(&lane->line.first);
    }

    if (n != check->inlane || nspots != n) {
        return "queued jobs are not as many as lanes have";
    }

    return (nempty <= check->kinds[NGX_AIME_SHM_LANE])
           ? NULL : "lanes have more slots than they need";
}


static const char *
ngx_aime_check_rows(ngx_aime_zone_t *zone, ngx_aime_check_t *check)
{
    ngx_uint_t              i, parked, holds, handovers, counted;
    ngx_aime_shm_row_t     *row;
    ngx_aime_shm_client_t  *client;

    parked = 0;
    holds = 0;
    handovers = 0;
    counted = 0;

    for (i = 0; i < zone->sh->nrows; i++) {
        row = &zone->sh->rows[i];

        parked += ngx_aime_check_list(&row->parked,
                                      check->kinds[NGX_AIME_SHM_PARKED]);
        holds += ngx_aime_check_list(&row->holds,
                                     check->kinds[NGX_AIME_SHM_HOLD]);
        handovers += ngx_aime_check_list(&row->handovers, check->handing);
    }

    if (parked != check->kinds[NGX_AIME_SHM_PARKED]
        || !ngx_aime_check_waits(zone))
    {
        return "parked requests are not as many as processes have";
    }

    if (holds != check->kinds[NGX_AIME_SHM_HOLD]) {
        return "holds are not as many as processes have";
    }

    if (handovers != check->handing) {
        return "hand-overs are not as many as processes have";
    }

    check->refs += holds;

    client = NULL;

    while ((client = ngx_aime_shm_next_locked(&zone->sh->arena,
                                              NGX_AIME_SHM_CLIENT, client)))
    {
        counted += client->njobs;
    }

    return (counted == check->counted)
           ? NULL : "counted jobs are not as many as clients have";
}


/* Are the numbers of what waits those of the parked requests? */

static ngx_uint_t
ngx_aime_check_waits(ngx_aime_zone_t *zone)
{
    ngx_uint_t              n[NGX_AIME_NWAITS];
    ngx_aime_shm_parked_t  *parked;

    ngx_memzero(n, sizeof(n));
    parked = NULL;

    while ((parked = ngx_aime_shm_next_locked(&zone->sh->arena,
                                              NGX_AIME_SHM_PARKED, parked)))
    {
        n[ngx_aime_wake_waits(parked)]++;
    }

    return ngx_memcmp(n, zone->sh->nwaits, sizeof(n)) == 0;
}


static const char *
ngx_aime_check_vars(ngx_aime_zone_t *zone, ngx_aime_check_t *check)
{
    size_t                size;
    ngx_uint_t            n;
    ngx_aime_shm_vars_t  *vars;

    vars = NULL;
    size = 0;

    while ((vars = ngx_aime_shm_next_locked(&zone->sh->arena,
                                            NGX_AIME_SHM_VARS, vars)))
    {
        size += ngx_aime_shm_vars_size(vars);
        check->refs += (vars->values != NULL);
    }

    n = check->kinds[NGX_AIME_SHM_VARS];

    if (zone->sh->nvars != n
        || ngx_aime_check_tree(&zone->sh->vars, n) != n
        || ngx_aime_check_list(&zone->sh->vars_used, n) != n)
    {
        return "sessions of variables are not as many as listed";
    }

    return (size == zone->sh->vars_size)
           ? NULL : "sessions of variables are not as large as they say";
}


static const char *
ngx_aime_check_payloads(ngx_aime_zone_t *zone, ngx_aime_check_t *check)
{
    ngx_uint_t               refs, chunks;
    ngx_aime_shm_chunk_t    *chunk;
    ngx_aime_shm_payload_t  *payload;

    payload = NULL;
    refs = 0;
    chunks = 0;

    while ((payload = ngx_aime_shm_next_locked(&zone->sh->arena,
                                               NGX_AIME_SHM_PAYLOAD,
                                               payload)))
    {
        refs += payload->refs;

        for (chunk = payload->first.next; chunk; chunk = chunk->next) {
            if (++chunks > check->kinds[NGX_AIME_SHM_CHUNK]) {
                return "a payload does not end";
            }
        }
    }

    if (refs != check->refs) {
        return "payloads are not referred to as they say";
    }

    return (chunks == check->kinds[NGX_AIME_SHM_CHUNK])
           ? NULL : "chunks are not as many as payloads have";
}


/* The jobs in all buckets, or more than max. */

static ngx_uint_t
ngx_aime_check_buckets(ngx_aime_zone_t *zone, ngx_uint_t max)
{
    ngx_uint_t           i, n;
    ngx_aime_shm_job_t  *job;

    n = 0;

    for (i = 0; i < zone->sh->nbuckets; i++) {
        for (job = zone->sh->buckets[i]; job && n <= max; job = job->next) {
            n++;
        }
    }

    return n;
}


/* Its length, or more than max. */

static ngx_uint_t
ngx_aime_check_list(ngx_queue_t *list, ngx_uint_t max)
{
    ngx_uint_t    n;
    ngx_queue_t  *q;

    n = 0;

    for (q = ngx_queue_head(list);
         q != ngx_queue_sentinel(list) && n <= max;
         q = ngx_queue_next(q))
    {
        n++;
    }

    return n;
}


static ngx_uint_t
ngx_aime_check_tree(ngx_rbtree_t *tree, ngx_uint_t max)
{
    ngx_uint_t          n;
    ngx_rbtree_node_t  *node;

    if (tree->root == tree->sentinel) {
        return 0;
    }

    n = 0;

    for (node = ngx_rbtree_min(tree->root, tree->sentinel);
         node && n <= max;
         node = ngx_rbtree_next(tree, node))
    {
        n++;
    }

    return n;
}


static ngx_uint_t
ngx_aime_check_topic(ngx_aime_shm_topic_t *topic)
{
    return ngx_aime_check_list(&topic->parked, topic->nparked)
           == topic->nparked
           && ngx_aime_check_list(&topic->woken, topic->nwoken)
              == topic->nwoken;
}
