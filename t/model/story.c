/* The story, see story.h. */

#include "story.h"

#include "ngx_aime_shm_session.h"
#include "ngx_aime_shm_vars.h"
#include "ngx_aime_shm_worker.h"
#include "ngx_aime_wake.h"
#include "ngx_aime_worker.h"


#define STORY_BATCH     4
#define STORY_LARGE     150000      /* bytes: more than two blocks */
#define STORY_GRACE     5000        /* milliseconds */


typedef enum {
    STORY_CLIENT = 1,
    STORY_JOINED,
    STORY_WATCHER,
    STORY_POLL
} story_slot_e;


static ngx_int_t story_login(void);
static ngx_int_t story_describe(void);
static ngx_int_t story_elsewhere(void);
static ngx_int_t story_move(void);
static ngx_int_t story_hello(const char *name, ngx_aime_shm_type_t *type,
    const char *gpu, ngx_uint_t login);
static ngx_int_t story_session(void);
static ngx_int_t story_end_session(void);
static ngx_int_t story_submit_whole(void);
static ngx_int_t story_submit_same(void);
static ngx_int_t story_submit_others(void);
static ngx_int_t story_submit(ngx_aime_job_spec_t *spec, size_t len,
    uint32_t slot, ngx_aime_shm_parked_t **parked);
static void story_spec(ngx_aime_job_spec_t *spec);
static ngx_int_t story_join(void);
static ngx_int_t story_watch(void);
static ngx_int_t story_priority(void);
static ngx_int_t story_front(void);
static ngx_int_t story_poll(void);
static ngx_int_t story_undelivered(void);
static ngx_int_t story_delivered(void);
static ngx_int_t story_progress(void);
static ngx_int_t story_give_back(void);
static ngx_int_t story_vars(void);
static ngx_int_t story_drop_vars(void);
static ngx_int_t story_finish(void);
static ngx_int_t story_finish_vars(void);
static ngx_int_t story_finished(ngx_int_t rc, const u_char *id);
static ngx_int_t story_view(void);
static ngx_int_t story_note(void);
static ngx_int_t story_view_of(ngx_uint_t what);
static ngx_int_t story_copy(void);
static ngx_int_t story_copy_again(void);
static ngx_int_t story_copy_vars(const char *from, const char *to);
static ngx_int_t story_fetched(void);
static ngx_int_t story_cancel(void);
static ngx_int_t story_hang_up(void);
static ngx_int_t story_grace(void);
static ngx_int_t story_sent(void);
static ngx_aime_shm_hold_t *story_payload(size_t len,
    ngx_aime_job_room_e room);
static uint64_t story_worker(void);
static void story_id(u_char *id, const char *text, ngx_uint_t n);


story_step_t  story_steps[] = {
    { "a worker logs in", story_login, NGX_OK, 1, STORY_STRICT },
    { "it says more of itself", story_describe, NGX_OK, 1, STORY_STRICT },
    { "a worker of another job type", story_elsewhere, NGX_OK, 1,
      STORY_STRICT },
    { "it moves, and says more", story_move, NGX_OK, 1, STORY_STRICT },
    { "a session", story_session, NGX_OK, 1, STORY_STRICT },
    { "a poll waits", story_poll, NGX_AGAIN, 1, STORY_STRICT },
    { "a job of all there is", story_submit_whole, NGX_OK, 1, STORY_STRICT },
    { "more jobs of its client", story_submit_same, NGX_OK, 70,
      STORY_STRICT },
    { "jobs of many clients", story_submit_others, NGX_OK, 40, STORY_GROWS },
    { "another client joins", story_join, NGX_OK, 1, STORY_STRICT },
    { "somebody watches", story_watch, NGX_OK, 1, STORY_STRICT },
    { "another priority", story_priority, NGX_OK, 1, STORY_STRICT },
    { "the poll finds jobs", story_poll, NGX_OK, 1, STORY_LOOSE },
    { "they are not delivered", story_undelivered, NGX_OK, 1, STORY_STRICT },
    { "another priority in front", story_front, NGX_OK, 1, STORY_STRICT },
    { "a poll takes jobs", story_poll, NGX_OK, 1, STORY_PLAIN },
    { "they are delivered", story_delivered, NGX_OK, 1, STORY_STRICT },
    { "progress", story_progress, NGX_OK, 3, STORY_STRICT },
    { "a job is given back", story_give_back, NGX_OK, 1, STORY_STRICT },
    { "a result", story_finish, NGX_OK, 1, STORY_STRICT },
    { "variables that are new", story_vars, NGX_OK, 1, STORY_STRICT },
    { "a result with variables", story_finish_vars, NGX_OK, 1, STORY_LOOSE },
    { "variables for the next", story_vars, NGX_OK, 1, STORY_PLAIN },
    { "the next result", story_finish_vars, NGX_OK, 1, STORY_PLAIN },
    { "a view of a result", story_view, NGX_OK, 1, STORY_STRICT },
    { "a view of a note", story_note, NGX_OK, 1, STORY_STRICT },
    { "variables that are there", story_vars, NGX_OK, 1, STORY_STRICT },
    { "they are not wanted", story_drop_vars, NGX_OK, 1, STORY_STRICT },
    { "variables of another session", story_copy, NGX_OK, 1, STORY_EVICTS },
    { "no room for variables", story_copy_again, NGX_OK, 1, STORY_FAILS },
    { "results were fetched", story_fetched, NGX_OK, 1, STORY_STRICT },
    { "jobs in their place", story_submit_same, NGX_OK, 3, STORY_EVICTS },
    { "variables once more", story_vars, NGX_OK, 1, STORY_STRICT },
    { "they are not wanted", story_drop_vars, NGX_OK, 1, STORY_STRICT },
    { "jobs are taken in their place", story_poll, NGX_OK, 1, STORY_EVICTS },
    { "a cancelled job", story_cancel, NGX_OK, 1, STORY_STRICT },
    { "a client hangs up", story_hang_up, NGX_OK, 1, STORY_STRICT },
    { "it does not come back", story_grace, NGX_OK, 1, STORY_STRICT },
    { "another has its result", story_sent, NGX_OK, 1, STORY_STRICT },
    { "the session ends", story_end_session, NGX_OK, 1, STORY_STRICT },
    { NULL, NULL, 0, 0, STORY_STRICT }
};


static ngx_aime_zone_t          *zone;
static story_told_t             *told;
static ngx_aime_shm_parked_t    *client, *joined, *watcher, *poll;
static ngx_aime_job_handover_t   batch[STORY_BATCH];
static ngx_uint_t                nbatch, nothers, nfinished;
static ngx_aime_job_vars_t       vars;


void
story_begin(ngx_aime_zone_t *z, story_told_t *t)
{
    zone = z;
    zone->session_idle = STORY_IDLE;

    told = t;
    told->njobs = 0;

    poll = NULL;
    nbatch = 0;
    nothers = 0;
    nfinished = 0;
}


static ngx_int_t
story_login(void)
{
    return story_hello("one", model_type, "\"a\"", 1);
}


static ngx_int_t
story_describe(void)
{
    return story_hello("one", model_type, "\"a longer name of a device\"", 1);
}


static ngx_int_t
story_elsewhere(void)
{
    return story_hello("two", model_other_type, "", 0);
}


static ngx_int_t
story_move(void)
{
    return story_hello("two", model_type, "\"b\"", 0);
}


static ngx_int_t
story_hello(const char *name, ngx_aime_shm_type_t *type, const char *gpu,
    ngx_uint_t login)
{
    ngx_str_t                *field;
    ngx_aime_worker_hello_t   hello;

    ngx_memzero(&hello, sizeof(hello));

    hello.type = type;
    hello.name.data = (u_char *) name;
    hello.name.len = ngx_strlen(name);
    hello.max_batch = STORY_BATCH;
    hello.silence = STORY_SILENCE;
    hello.login = login;

    field = &hello.fields[NGX_AIME_WORKER_GPU_NAME];
    field->data = (u_char *) gpu;
    field->len = ngx_strlen(gpu);

    return ngx_aime_worker_hello(zone, &hello);
}


static ngx_int_t
story_session(void)
{
    u_char     id[NGX_AIME_ID_LEN], owner[NGX_AIME_ID_LEN];
    ngx_int_t  rc;

    story_id(id, "session", 0);
    story_id(owner, "owner", 0);

    ngx_aime_shm_lock(zone);
    rc = ngx_aime_shm_session_create_locked(zone, id, owner);
    ngx_aime_shm_unlock(zone);

    return rc;
}


static ngx_int_t
story_end_session(void)
{
    u_char      id[NGX_AIME_ID_LEN];
    ngx_uint_t  n;

    story_id(id, "session", 0);

    ngx_aime_shm_lock(zone);
    n = ngx_aime_shm_session_end_locked(zone, id);
    ngx_aime_shm_unlock(zone);

    return n ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
story_submit_whole(void)
{
    ngx_int_t            rc;
    ngx_aime_job_spec_t  spec;

    story_spec(&spec);
    spec.priority = 2;
    spec.once = 1;
    story_id(spec.once_id, "once", 0);

    spec.note = story_payload(10, NGX_AIME_ROOM_INPUT);
    if (spec.note == NULL) {
        return NGX_ERROR;
    }

    rc = story_submit(&spec, STORY_LARGE, STORY_CLIENT, &client);

    if (rc != NGX_OK) {
        ngx_aime_job_drop(zone, spec.note);
    }

    return rc;
}


static ngx_int_t
story_submit_same(void)
{
    ngx_aime_job_spec_t  spec;

    story_spec(&spec);

    return story_submit(&spec, 20, 0, NULL);
}


/* In lanes of their own, for which there is more than one node of places. */

static ngx_int_t
story_submit_others(void)
{
    u_char               owner[NGX_AIME_ID_LEN];
    ngx_int_t            rc;
    ngx_aime_job_spec_t  spec;

    story_id(owner, "other", nothers);

    story_spec(&spec);
    spec.owner = owner;

    rc = story_submit(&spec, 20, 0, NULL);

    nothers += (rc == NGX_OK);

    return rc;
}


static ngx_int_t
story_submit(ngx_aime_job_spec_t *spec, size_t len, uint32_t slot,
    ngx_aime_shm_parked_t **parked)
{
    u_char                id[NGX_AIME_ID_LEN];
    ngx_int_t             rc;
    ngx_aime_shm_hold_t  *input;

    input = story_payload(len, NGX_AIME_ROOM_INPUT);
    if (input == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_aime_job_submit(zone, spec, input, id, slot, parked);

    if (rc != NGX_OK) {
        ngx_aime_job_drop(zone, input);
        return rc;
    }

    ngx_memzero(&told->jobs[told->njobs], sizeof(told->jobs[0]));
    ngx_memcpy(told->jobs[told->njobs].id, id, NGX_AIME_ID_LEN);
    told->njobs++;

    return NGX_OK;
}


static void
story_spec(ngx_aime_job_spec_t *spec)
{
    static u_char  owner[NGX_AIME_ID_LEN];

    ngx_memzero(spec, sizeof(ngx_aime_job_spec_t));
    story_id(owner, "owner", 0);
    story_id(spec->session, "variables", 0);

    spec->queue = model_queues[0];
    spec->owner = owner;
    spec->max_queue_length = STORY_NJOBS;
    spec->client_limit = STORY_NJOBS;
    spec->queue_timeout = MODEL_NEVER;
    spec->inactivity_timeout = MODEL_NEVER;
    spec->result_lifetime = STORY_LIFETIME;
    spec->grace = STORY_GRACE;
    spec->max_attempts = 3;
    spec->priority = 1;
    spec->has_session = 1;
    spec->fair = 1;
    spec->retry = 1;
    spec->cancel_on_disconnect = 1;
}


static ngx_int_t
story_join(void)
{
    return ngx_aime_job_join(zone, told->jobs[7].id, 1, STORY_JOINED,
                             &joined);
}


static ngx_int_t
story_watch(void)
{
    ngx_int_t  rc;

    rc = ngx_aime_job_join(zone, told->jobs[2].id, 0, STORY_WATCHER,
                           &watcher);

    if (rc == NGX_OK) {
        ngx_aime_job_watch(zone, watcher);
    }

    return rc;
}


static ngx_int_t
story_priority(void)
{
    return ngx_aime_job_set_priority(zone, told->jobs[1].id, 2);
}


static ngx_int_t
story_front(void)
{
    return ngx_aime_job_set_priority(zone, told->jobs[0].id, 3);
}


/* By the worker that has logged in; without room it finds nothing. */

static ngx_int_t
story_poll(void)
{
    ngx_int_t            rc;
    ngx_aime_job_poll_t  p;

    ngx_memzero(&p, sizeof(p));

    p.type = model_type;
    ngx_str_set(&p.worker, "one");
    p.max_batch = STORY_BATCH;
    p.slot = STORY_POLL;
    p.parked = poll;
    p.jobs = batch;

    rc = ngx_aime_job_take(zone, &p);

    poll = p.parked;
    nbatch = p.njobs;

    return rc;
}


static ngx_int_t
story_undelivered(void)
{
    ngx_uint_t  i;

    ngx_aime_job_undelivered(zone, batch, nbatch);

    for (i = 0; i < nbatch; i++) {
        ngx_aime_job_drop(zone, batch[i].input);
    }

    return NGX_OK;
}


static ngx_int_t
story_delivered(void)
{
    ngx_uint_t  i;

    ngx_aime_job_delivered(zone, batch, nbatch);

    for (i = 0; i < nbatch; i++) {
        ngx_aime_job_drop(zone, batch[i].input);
    }

    return NGX_OK;
}


static ngx_int_t
story_progress(void)
{
    ngx_aime_shm_hold_t  *progress;

    progress = story_payload(30, NGX_AIME_ROOM_PROGRESS);
    if (progress == NULL) {
        return NGX_ERROR;
    }

    return ngx_aime_job_progress(zone, batch[0].id, story_worker(), progress,
                                 2, NULL);
}


static ngx_int_t
story_give_back(void)
{
    return ngx_aime_job_give_back(zone, batch[1].id);
}


static ngx_int_t
story_vars(void)
{
    return ngx_aime_job_vars(zone, told->jobs[5].id, &vars);
}


static ngx_int_t
story_drop_vars(void)
{
    if (vars.before) {
        ngx_aime_job_drop(zone, vars.before);
    }

    return NGX_OK;
}


static ngx_int_t
story_finish(void)
{
    ngx_aime_shm_hold_t  *result;

    result = story_payload(10, NGX_AIME_ROOM_RESULT);
    if (result == NULL) {
        return NGX_ERROR;
    }

    return story_finished(ngx_aime_job_finish(zone, batch[2].id,
                                              story_worker(), result, NULL),
                          batch[2].id);
}


/* One and the next; their values are dropped where they find no room. */

static ngx_int_t
story_finish_vars(void)
{
    u_char               *id;
    ngx_int_t             rc;
    ngx_aime_shm_hold_t  *result;

    id = batch[nfinished == 1 ? 0 : 3].id;

    vars.values = story_payload(100, NGX_AIME_ROOM_RESULT);
    if (vars.values == NULL) {
        return NGX_ERROR;
    }

    result = story_payload(STORY_LARGE, NGX_AIME_ROOM_RESULT);

    rc = result ? ngx_aime_job_finish(zone, id, story_worker(), result, &vars)
                : NGX_ERROR;

    if (vars.values) {
        ngx_aime_job_drop(zone, vars.values);
    }

    if (rc == NGX_OK) {
        (void) story_drop_vars();
    }

    return story_finished(rc, id);
}


static ngx_int_t
story_finished(ngx_int_t rc, const u_char *id)
{
    ngx_uint_t  i;

    if (rc != NGX_OK) {
        return rc;
    }

    nfinished++;

    for (i = 0; i < told->njobs; i++) {
        if (ngx_memcmp(told->jobs[i].id, id, NGX_AIME_ID_LEN) == 0) {
            told->jobs[i].done = 1;
        }
    }

    return NGX_OK;
}


static ngx_int_t
story_view(void)
{
    return story_view_of(NGX_AIME_VIEW_RESULT);
}


static ngx_int_t
story_note(void)
{
    return story_view_of(NGX_AIME_VIEW_NOTE);
}


static ngx_int_t
story_view_of(ngx_uint_t what)
{
    ngx_int_t            rc;
    ngx_aime_job_view_t  view;

    rc = ngx_aime_job_view(zone, batch[0].id, what, NULL, &view);

    if (rc != NGX_OK) {
        return rc;
    }

    if (view.payload == NULL) {
        return NGX_DECLINED;
    }

    ngx_aime_job_drop(zone, view.payload);

    return NGX_OK;
}


static ngx_int_t
story_copy(void)
{
    return story_copy_vars("variables", "copy");
}


static ngx_int_t
story_copy_again(void)
{
    return story_copy_vars("copy", "copy of it");
}


static ngx_int_t
story_copy_vars(const char *from, const char *to)
{
    u_char                id[NGX_AIME_ID_LEN];
    ngx_aime_shm_vars_t  *vars;

    ngx_aime_shm_lock(zone);

    story_id(id, from, 0);
    vars = ngx_aime_shm_vars_find_locked(zone, id);

    if (vars) {
        story_id(id, to, 0);
        vars = ngx_aime_shm_vars_copy_locked(zone, id, vars);
    }

    ngx_aime_shm_unlock(zone);

    return vars ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
story_fetched(void)
{
    ngx_uint_t  i;

    for (i = 0; i < told->njobs; i++) {
        if (told->jobs[i].done) {
            told->jobs[i].gone = 1;
            ngx_aime_job_fetched(zone, told->jobs[i].id);
        }
    }

    return NGX_OK;
}


static ngx_int_t
story_cancel(void)
{
    return ngx_aime_job_cancel(zone, told->jobs[told->njobs - 1].id,
                               NGX_AIME_REASON_CLIENT);
}


static ngx_int_t
story_hang_up(void)
{
    ngx_aime_job_unpark(zone, joined);
    ngx_aime_job_leave(zone, told->jobs[7].id, 0);

    return NGX_OK;
}


static ngx_int_t
story_grace(void)
{
    ngx_aime_job_view_t  view;

    model_time(ngx_current_msec + STORY_GRACE);
    ngx_event_expire_timers();

    if (ngx_aime_job_view(zone, told->jobs[7].id, NGX_AIME_VIEW_NOTHING, NULL,
                          &view)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return (view.reason == NGX_AIME_REASON_HANGUP) ? NGX_OK : NGX_BUSY;
}


static ngx_int_t
story_sent(void)
{
    ngx_aime_job_unpark(zone, client);
    ngx_aime_job_leave(zone, told->jobs[0].id, 1);

    return NGX_OK;
}


static ngx_aime_shm_hold_t *
story_payload(size_t len, ngx_aime_job_room_e room)
{
    ngx_aime_shm_hold_t    *hold;
    ngx_aime_shm_cursor_t   cursor;

    static u_char  data[STORY_LARGE];

    hold = ngx_aime_job_reserve(zone, len, room);

    if (hold) {
        ngx_aime_shm_fill_start(&cursor, hold->payload);
        ngx_aime_shm_fill(&cursor, data, len);
    }

    return hold;
}


static uint64_t
story_worker(void)
{
    ngx_aime_worker_view_t  view;

    ngx_str_t  name = ngx_string("one");

    ngx_memzero(&view, sizeof(view));
    (void) ngx_aime_worker_find(zone, model_type, &name, &view);

    return view.number;
}


static void
story_id(u_char *id, const char *text, ngx_uint_t n)
{
    ngx_memzero(id, NGX_AIME_ID_LEN);
    (void) ngx_snprintf(id, NGX_AIME_ID_LEN, "%ui %s", n, text);
}
