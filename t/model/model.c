/*
 * The model: queue, parked entries and hand-overs in plain arrays, and random
 * steps whose outcome it predicts.  After every step the answer, the counts
 * and the check of the whole zone are compared.
 */

#include "model.h"

#include <sys/socket.h>
#include <sys/wait.h>


/* no more than a sweep looks at in one go */
#define MODEL_NJOBS     60

#define MODEL_NENTRIES  (MODEL_NPROCS * MODEL_NSLOTS)
#define MODEL_NOBODY    -1


typedef enum {
    MODEL_POLL = 0,
    MODEL_CLIENT,
    MODEL_WATCH
} model_kind_e;


typedef struct {
    u_char         id[NGX_AIME_ID_LEN];
    ngx_uint_t     used;
    ngx_uint_t     endpoint;
    ngx_uint_t     priority;
    ngx_uint_t     state;
    ngx_uint_t     reason;
    ngx_uint_t     flags;
    ngx_uint_t     attempts;
    ngx_uint_t     max_attempts;
    int            holders[NGX_AIME_MAX_ATTEMPTS];
    int            worker;
    int            proc;            /* that hands it over */
    ngx_uint_t     handover;        /* of that process */
    uint64_t       handed;          /* order of hand-overs */
    uint64_t       arrival;
    uint64_t       returned;        /* 0: never; the last one is in front */
    ngx_uint_t     picked;          /* for a batch */
    ngx_msec_t     queued;
    ngx_msec_t     due;
    ngx_msec_t     abandon;         /* 0: its client has not gone */
} model_job_t;


typedef struct {
    ngx_uint_t     used;
    model_kind_e   kind;
    int            proc;
    uint32_t       slot;
    model_job_t   *job;             /* NULL: a poll, or the job is gone */
    int            worker;
    uint64_t       turn;
    ngx_uint_t     woken;
    ngx_uint_t     inbox;
} model_entry_t;


typedef struct {
    ngx_pid_t      pid;             /* 0: there is none */
    int            fd;
    ngx_uint_t     row;
    ngx_uint_t     dead;            /* but not looked after yet */
} model_proc_t;


typedef struct {
    model_job_t   *jobs[MODEL_BATCH];
    ngx_uint_t     njobs;
} model_batch_t;


static int model_step(void);
static int model_ask(int proc, model_op_t *op);
static int model_compare(model_op_t *op);
static int model_start(void);
static int model_kill(void);
static int model_submit(int proc);
static int model_join(int proc);
static int model_view(int proc);
static int model_take(int proc);
static ngx_uint_t model_batch(model_job_t **want, ngx_uint_t max);
static ngx_uint_t model_walk(model_job_t **want, ngx_uint_t n, ngx_uint_t max);
static int model_handover(int proc);
static int model_report(int proc);
static int model_cancel(int proc);
static int model_give_back(int proc);
static int model_leave(int proc);
static int model_unpark(int proc);
static int model_drain(int proc);
static int model_sweep(int proc);
static int model_repair(int proc);
static int model_empty(void);
static void model_release(model_proc_t *proc, int number);
static void model_bury(void);
static model_entry_t *model_park(int proc, uint32_t slot, model_kind_e kind,
    model_job_t *job, int worker);
static void model_leave_entry(model_entry_t *e);
static void model_wake(model_entry_t *e);
static void model_rouse(void);
static void model_changed(model_job_t *job);
static void model_end(model_job_t *job, ngx_uint_t state, ngx_uint_t reason);
static void model_delete(model_job_t *job);
static void model_hung_up(model_job_t *job, model_entry_t *gone);
static void model_requeue(model_job_t *job);
static void model_retry(model_job_t *job, ngx_uint_t tried);
static ngx_uint_t model_holder(model_job_t *job, int worker);
static model_job_t *model_next(model_job_t *after);
static int model_before(model_job_t *one, model_job_t *two);
static ngx_uint_t model_position(model_job_t *job);
static ngx_uint_t model_active(model_job_t *job);
static ngx_uint_t model_polls(ngx_uint_t woken);
static ngx_uint_t model_count(ngx_uint_t state);
static uint32_t model_slot(int proc);
static model_job_t *model_any_job(void);
static model_entry_t *model_any_entry(int proc);
static ngx_uint_t model_random(ngx_uint_t n);
static int model_wrong(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));


static ngx_aime_zone_t  *model_shm;
static model_job_t       jobs[MODEL_NJOBS];
static model_entry_t     entries[MODEL_NENTRIES];
static model_proc_t      procs[MODEL_NPROCS];
static model_batch_t     handovers[MODEL_NPROCS][MODEL_NHANDOVERS];
static ngx_uint_t        rows[MODEL_NROWS];
static ngx_msec_t        now;
static uint64_t          turn, arrivals, returns, handed, submitted, finished;
static model_op_t        op;
static model_reply_t     reply;
static size_t            unused;
static ngx_uint_t        counts[MODEL_NWHAT + 1];

static const char  *names[] = {
    "start", "submit", "join", "view", "take", "delivered", "undelivered",
    "put back", "progress", "finish", "cancel", "give back", "leave",
    "unpark", "drain", "sweep", "repair", "quit", "kill"
};


int
model_run(ngx_aime_zone_t *zone, unsigned int seed, ngx_uint_t steps)
{
    ngx_uint_t  i;

    srandom(seed);

    model_shm = zone;
    now = 1000000;

    /* what the first one makes, workers and classes of slots, stays */

    if (model_start() || model_start() || model_empty()) {
        return 1;
    }

    unused = reply.used;

    for (i = 0; i < steps; i++) {
        if (model_step() != 0) {
            printf("not ok - step %u of seed %u\n", (unsigned) i, seed);
            return 1;
        }
    }

    if (model_empty() != 0) {
        printf("not ok - the end of seed %u\n", seed);
        return 1;
    }

    for (i = 0; i <= MODEL_NWHAT; i++) {
        printf("# %s: %u\n", names[i], (unsigned) counts[i]);
    }

    if (reply.used != unused) {
        printf("not ok - %u bytes are in use, not %u, seed %u\n",
               (unsigned) reply.used, (unsigned) unused, seed);
        return 1;
    }

    printf("ok - %u steps of seed %u\n", (unsigned) steps, seed);

    return 0;
}


static int
model_step(void)
{
    int  proc;

    now += 10 * (1 + model_random(20));

    if (model_random(150) == 0) {
        return model_kill();
    }

    proc = model_random(MODEL_NPROCS);

    if (procs[proc].pid == 0 || procs[proc].dead) {
        return model_random(4) ? 0 : model_start();
    }

    if (model_random(200) == 0) {
        return model_repair(proc);
    }

    switch (model_random(22)) {

    case 0: case 1: case 2: case 3:
        return model_submit(proc);

    case 4: case 5: case 6: case 7:
        return model_take(proc);

    case 8: case 9:
        return model_handover(proc);

    case 10: case 11:
        return model_report(proc);

    case 12:
        return model_join(proc);

    case 13:
        return model_view(proc);

    case 14:
        return model_cancel(proc);

    case 15:
        return model_unpark(proc);

    case 16: case 17: case 18:
        return model_drain(proc);

    case 19:
        return model_leave(proc);

    case 20:
        return model_give_back(proc);

    default:
        return model_sweep(proc);
    }
}


/* Has the process do it, and looks whether counts and zone are right. */

static int
model_ask(int proc, model_op_t *o)
{
    ssize_t  n;

    o->now = now;
    counts[o->what]++;

    n = send(procs[proc].fd, o, sizeof(model_op_t), MSG_NOSIGNAL);

    if (n != (ssize_t) sizeof(model_op_t)
        || recv(procs[proc].fd, &reply, sizeof(reply), 0) != sizeof(reply))
    {
        return model_wrong("process %d is gone", proc);
    }

    return 0;
}


static int
model_compare(model_op_t *o)
{
    ngx_uint_t  nqueued, nrunning, nparked, nwoken, nall, i;

    nqueued = model_count(NGX_AIME_JOB_QUEUED);
    nrunning = model_count(NGX_AIME_JOB_PROCESSING);
    nparked = model_polls(0);
    nwoken = model_polls(1);

    for (i = 0, nall = 0; i < MODEL_NJOBS; i++) {
        nall += jobs[i].used;
    }

    if (reply.wrong[0]) {
        return model_wrong("the zone: %s", reply.wrong);
    }

    if (reply.nqueued != nqueued || reply.nrunning != nrunning
        || reply.nparked != nparked || reply.nwoken_polls != nwoken
        || reply.nall != nall || reply.submitted != submitted
        || reply.finished != finished)
    {
        return model_wrong("queued %d, not %d; running %d, not %d; parked %d, "
                           "not %d; woken %d, not %d; all %d, not %d; "
                           "submitted %d, not %d; finished %d, not %d",
                           (int) reply.nqueued, (int) nqueued,
                           (int) reply.nrunning, (int) nrunning,
                           (int) reply.nparked, (int) nparked,
                           (int) reply.nwoken_polls, (int) nwoken,
                           (int) reply.nall, (int) nall,
                           (int) reply.submitted, (int) submitted,
                           (int) reply.finished, (int) finished);
    }

    return 0;
}


static int
model_start(void)
{
    int         i;
    ngx_uint_t  row;

    for (i = 0; procs[i].pid; i++) {
        if (i == MODEL_NPROCS - 1) {
            return 0;
        }
    }

    ngx_memzero(handovers[i], sizeof(handovers[i]));

    model_bury();

    row = 0;

    while (rows[row]) {
        row++;
    }

    rows[row] = 1;

    procs[i].row = row;
    procs[i].pid = model_actor(model_shm, &procs[i].fd);

    op.what = MODEL_START;
    op.slot = MODEL_NO_SLOT;

    if (model_ask(i, &op) != 0 || model_compare(&op) != 0) {
        return 1;
    }

    return reply.rc == NGX_OK ? 0 : model_wrong("start: %d", (int) reply.rc);
}


/* A process is killed; others have to look after what it held. */

static int
model_kill(void)
{
    int  i, n, alive;

    for (i = 0, n = 0; i < MODEL_NPROCS; i++) {
        n += procs[i].pid != 0 && !procs[i].dead;
    }

    alive = model_random(MODEL_NPROCS);

    if (n < 2 || procs[alive].pid == 0 || procs[alive].dead) {
        return 0;
    }

    counts[MODEL_NWHAT]++;

    (void) kill(procs[alive].pid, SIGKILL);
    (void) waitpid(procs[alive].pid, NULL, 0);
    (void) close(procs[alive].fd);

    procs[alive].dead = 1;

    /* its place is free once it was looked after: see model_bury() */

    i = 0;

    while (procs[i].pid == 0 || procs[i].dead) {
        i++;
    }

    return model_random(2) ? model_sweep(i) : 0;
}


static int
model_submit(int proc)
{
    uint32_t      slot;
    ngx_int_t     want;
    ngx_uint_t    i, waits;
    model_job_t  *job;

    i = 0;

    while (i < MODEL_NJOBS && jobs[i].used) {
        i++;
    }

    slot = model_random(2) ? model_slot(proc) : MODEL_NO_SLOT;
    waits = (slot != MODEL_NO_SLOT);

    if (i == MODEL_NJOBS) {
        return 0;
    }

    op.what = MODEL_SUBMIT;
    op.endpoint = model_random(MODEL_NENDPOINTS);
    op.priority = model_random(MODEL_NPRIORITIES);
    op.attempts = 1 + model_random(3);
    op.flags = model_random(8);
    op.slot = slot;

    want = (model_count(NGX_AIME_JOB_QUEUED) >= MODEL_QUEUE_LEN)
           ? NGX_AIME_QUEUE_FULL : NGX_OK;

    if (model_ask(proc, &op) != 0) {
        return 1;
    }

    if (reply.rc != want || reply.parked != (waits && want == NGX_OK)) {
        return model_wrong("submit: %d, not %d", (int) reply.rc, (int) want);
    }

    if (want != NGX_OK) {
        return model_compare(&op);
    }

    job = &jobs[i];
    ngx_memzero(job, sizeof(model_job_t));

    job->used = 1;
    ngx_memcpy(job->id, reply.ids[0], NGX_AIME_ID_LEN);
    job->endpoint = op.endpoint;
    job->priority = op.priority;
    job->flags = op.flags;
    job->max_attempts = op.attempts;
    job->worker = MODEL_NOBODY;
    job->proc = MODEL_NOBODY;
    job->arrival = ++arrivals;
    job->queued = now;
    job->due = now + MODEL_QUEUE_TIME;
    job->state = NGX_AIME_JOB_QUEUED;
    submitted++;

    if (waits) {
        (void) model_park(proc, op.slot, MODEL_CLIENT, job, MODEL_NOBODY);
    }

    model_rouse();

    return model_compare(&op);
}


static int
model_join(int proc)
{
    ngx_int_t       want;
    ngx_uint_t      active;
    model_job_t    *job;
    model_entry_t  *e;

    /* often one that another waits for */

    e = model_random(2) ? model_any_entry(model_random(MODEL_NPROCS)) : NULL;
    job = (e && e->job) ? e->job : model_any_job();

    if (job == NULL || model_slot(proc) == MODEL_NO_SLOT) {
        return 0;
    }

    active = model_active(job);

    op.what = MODEL_JOIN;
    op.slot = model_slot(proc);
    op.flags = model_random(2);
    ngx_memcpy(op.id, job->id, NGX_AIME_ID_LEN);

    want = job->used ? NGX_OK : NGX_DECLINED;

    if (active) {
        (void) model_park(proc, op.slot, op.flags ? MODEL_CLIENT : MODEL_WATCH,
                          job, MODEL_NOBODY);
        job->abandon = op.flags ? 0 : job->abandon;
    }

    if (model_ask(proc, &op) != 0) {
        return 1;
    }

    if (reply.rc != want || reply.parked != active) {
        return model_wrong("join: %d, not %d", (int) reply.rc, (int) want);
    }

    return model_compare(&op);
}


/* Of any job; of its own if an entry is to wait on. */

static int
model_view(int proc)
{
    model_job_t    *job;
    model_entry_t  *e;

    e = model_any_entry(proc);
    e = (e && e->kind != MODEL_POLL && e->job) ? e : NULL;
    job = e ? e->job : model_any_job();

    if (job == NULL) {
        return 0;
    }

    op.what = MODEL_VIEW;
    op.slot = e ? e->slot : MODEL_NO_SLOT;
    op.parked = (e != NULL);
    ngx_memcpy(op.id, job->id, NGX_AIME_ID_LEN);

    if (e && model_active(job)) {
        e->woken = 0;
        e->inbox = 0;
    }

    if (model_ask(proc, &op) != 0) {
        return 1;
    }

    if (reply.rc != (job->used ? NGX_OK : NGX_DECLINED)) {
        return model_wrong("view: %d", (int) reply.rc);
    }

    if (reply.rc == NGX_OK
        && (reply.state != job->state || reply.reason != job->reason
            || reply.position != model_position(job)))
    {
        return model_wrong("view: state %d, not %d; reason %d, not %d; "
                           "position %d, not %d",
                           (int) reply.state, (int) job->state,
                           (int) reply.reason, (int) job->reason,
                           (int) reply.position, (int) model_position(job));
    }

    return model_compare(&op);
}


/* A poll, or the look of one that waits already. */

static int
model_take(int proc)
{
    int             worker;
    ngx_uint_t      i, h, nqueued;
    model_job_t    *job, *want[MODEL_BATCH];
    model_entry_t  *e;

    e = model_any_entry(proc);
    e = (e && e->kind == MODEL_POLL) ? e : NULL;

    for (h = 0; h < MODEL_NHANDOVERS && handovers[proc][h].njobs; /* void */ ) {
        h++;
    }

    if ((e == NULL && model_slot(proc) == MODEL_NO_SLOT)
        || h == MODEL_NHANDOVERS)
    {
        return 0;
    }

    worker = e ? e->worker : (int) model_random(MODEL_NWORKERS);

    op.what = MODEL_TAKE;
    op.worker = worker;
    op.batch = 1 + model_random(MODEL_BATCH);
    op.slot = e ? e->slot : model_slot(proc);
    op.parked = (e != NULL);
    op.handover = h;

    nqueued = model_count(NGX_AIME_JOB_QUEUED);
    i = 0;

    if (nqueued && (e || nqueued > model_polls(1))) {

        i = model_batch(want, op.batch);
    }

    handovers[proc][h].njobs = i;

    for (i = 0; i < handovers[proc][h].njobs; i++) {
        job = want[i];
        handovers[proc][h].jobs[i] = job;

        job->state = NGX_AIME_JOB_PROCESSING;
        job->worker = worker;
        job->holders[job->attempts++] = worker + 1;
        job->proc = proc;
        job->handover = h;
        job->handed = ++handed;
        job->due = now + MODEL_NEVER;
        model_changed(job);
    }

    if (i && e) {
        model_leave_entry(e);

    } else if (i == 0 && e) {
        e->woken = 0;
        e->inbox = 0;

    } else if (i == 0) {
        (void) model_park(proc, op.slot, MODEL_POLL, NULL, worker);
    }

    if (model_ask(proc, &op) != 0) {
        return 1;
    }

    if (reply.rc != (i ? NGX_OK : NGX_AGAIN) || reply.njobs != i) {
        return model_wrong("take: %d, %d jobs, not %d", (int) reply.rc,
                           (int) reply.njobs, (int) i);
    }

    while (i--) {
        if (ngx_memcmp(reply.ids[i], want[i]->id, NGX_AIME_ID_LEN) != 0) {
            return model_wrong("take: another job at %d", (int) i);
        }
    }

    return model_compare(&op);
}


/*
 * The first job and those of its endpoint.  Jobs of a priority stand in a lane;
 * what is taken from behind others of it costs the lane its last place, and
 * what stood there comes when all others were looked at.
 */

static ngx_uint_t
model_batch(model_job_t **want, ngx_uint_t max)
{
    ngx_uint_t  i, n, before;

    n = 0;

    do {
        before = n;
        n = model_walk(want, n, max);
    } while (n > before && n < max);

    for (i = 0; i < n; i++) {
        want[i]->picked = 0;
    }

    return n;
}


static ngx_uint_t
model_walk(model_job_t **want, ngx_uint_t n, ngx_uint_t max)
{
    ngx_uint_t    p, length[MODEL_NPRIORITIES], place[MODEL_NPRIORITIES];
    ngx_uint_t    passed[MODEL_NPRIORITIES];
    model_job_t  *job;

    ngx_memzero(length, sizeof(length));
    ngx_memzero(place, sizeof(place));
    ngx_memzero(passed, sizeof(passed));

    for (job = model_next(NULL); job; job = model_next(job)) {
        length[job->priority] += !job->picked && !job->returned;
    }

    for (job = model_next(NULL); job && n < max; job = model_next(job)) {
        p = job->priority;

        if (job->picked
            || (!job->returned && place[p]++ >= length[p]))
        {
            continue;
        }

        if (n && job->endpoint != want[0]->endpoint) {
            passed[p] |= !job->returned;
            continue;
        }

        length[p] -= !job->returned && passed[p];
        job->picked = 1;
        want[n++] = job;
    }

    return n;
}


/* How one of the process's hand-overs ends; at most once. */

static int
model_handover(int proc)
{
    ngx_uint_t      h, i, tried;
    model_job_t    *job;
    model_batch_t  *batch;

    for (h = 0; h < MODEL_NHANDOVERS; h++) {
        if (handovers[proc][h].njobs) {
            break;
        }
    }

    if (h == MODEL_NHANDOVERS) {
        return 0;
    }

    batch = &handovers[proc][h];

    op.what = MODEL_DELIVERED + (model_random(3) ? 0 : 1 + model_random(2));
    op.slot = MODEL_NO_SLOT;
    op.handover = h;

    tried = (op.what == MODEL_UNDELIVERED);

    for (i = batch->njobs; i--; /* void */ ) {
        job = batch->jobs[i];

        if (!job->used || job->proc != proc || job->handover != h) {
            continue;
        }

        if (op.what == MODEL_DELIVERED) {
            job->proc = MODEL_NOBODY;

        } else {
            model_retry(job, tried);
        }
    }

    batch->njobs = 0;

    return model_ask(proc, &op) || model_compare(&op);
}


static int
model_report(int proc)
{
    int           worker;
    ngx_int_t     want;
    ngx_uint_t    i;
    model_job_t  *job;

    job = model_any_job();

    if (job == NULL) {
        return 0;
    }

    worker = (job->worker != MODEL_NOBODY && model_random(4))
             ? job->worker : (int) model_random(MODEL_NWORKERS);

    op.what = model_random(3) ? MODEL_FINISH : MODEL_PROGRESS;
    op.slot = MODEL_NO_SLOT;
    op.worker = worker;
    ngx_memcpy(op.id, job->id, NGX_AIME_ID_LEN);

    if (!job->used || !model_holder(job, worker)) {
        want = NGX_DECLINED;

    } else if (op.what == MODEL_FINISH) {
        want = model_active(job) ? NGX_OK
               : job->state == NGX_AIME_JOB_CANCELED ? NGX_ABORT
               : NGX_DECLINED;

    } else {
        want = job->state == NGX_AIME_JOB_QUEUED ? NGX_AGAIN
               : (job->state == NGX_AIME_JOB_PROCESSING
                  && job->worker == worker) ? NGX_OK
               : NGX_ABORT;
    }

    if (want == NGX_OK && op.what == MODEL_FINISH) {
        model_end(job, NGX_AIME_JOB_DONE, NGX_AIME_REASON_NONE);

    } else if (want == NGX_OK) {
        job->due = now + MODEL_NEVER;
        model_changed(job);
    }

    for (i = 0; op.what == MODEL_FINISH && i < NGX_AIME_MAX_ATTEMPTS; i++) {
        if (job->holders[i] == worker + 1) {
            job->holders[i] = 0;
        }
    }

    if (model_ask(proc, &op) != 0) {
        return 1;
    }

    if (reply.rc != want) {
        return model_wrong("%s: %d, not %d", names[op.what], (int) reply.rc,
                           (int) want);
    }

    return model_compare(&op);
}


static int
model_cancel(int proc)
{
    model_job_t  *job;

    job = model_any_job();

    if (job == NULL) {
        return 0;
    }

    op.what = MODEL_CANCEL;
    op.slot = MODEL_NO_SLOT;
    ngx_memcpy(op.id, job->id, NGX_AIME_ID_LEN);

    if (model_active(job)) {
        model_end(job, NGX_AIME_JOB_CANCELED, NGX_AIME_REASON_CLIENT);
    }

    if (model_ask(proc, &op) != 0) {
        return 1;
    }

    if (reply.rc != (job->used ? NGX_OK : NGX_DECLINED)) {
        return model_wrong("cancel: %d", (int) reply.rc);
    }

    return model_compare(&op);
}


static int
model_give_back(int proc)
{
    ngx_int_t     want;
    model_job_t  *job;

    job = model_any_job();

    if (job == NULL) {
        return 0;
    }

    op.what = MODEL_GIVE_BACK;
    op.slot = MODEL_NO_SLOT;
    ngx_memcpy(op.id, job->id, NGX_AIME_ID_LEN);

    want = !job->used ? NGX_DECLINED
           : job->state != NGX_AIME_JOB_PROCESSING ? NGX_BUSY
           : job->attempts >= job->max_attempts ? NGX_ABORT : NGX_OK;

    if (want == NGX_OK) {
        job->queued = now;
        model_requeue(job);
    }

    if (model_ask(proc, &op) != 0) {
        return 1;
    }

    if (reply.rc != want) {
        return model_wrong("give back: %d, not %d", (int) reply.rc,
                           (int) want);
    }

    return model_compare(&op);
}


/* A client's request is over: its entry goes first. */

static int
model_leave(int proc)
{
    ngx_uint_t      i;
    model_job_t    *job;
    model_entry_t  *e;

    e = model_any_entry(proc);

    if (e == NULL || e->kind != MODEL_CLIENT || e->job == NULL) {
        return 0;
    }

    job = e->job;

    op.what = MODEL_UNPARK;
    op.slot = e->slot;
    model_leave_entry(e);

    if (model_ask(proc, &op) != 0 || model_compare(&op) != 0) {
        return 1;
    }

    op.what = MODEL_LEAVE;
    op.slot = MODEL_NO_SLOT;
    op.flags = model_random(2);
    ngx_memcpy(op.id, job->id, NGX_AIME_ID_LEN);

    if (model_active(job)) {
        model_hung_up(job, NULL);

    } else if (op.flags && job->state == NGX_AIME_JOB_DONE
               && !(job->flags & MODEL_KEEPS))
    {
        for (i = 0; i < MODEL_NENTRIES; i++) {
            if (entries[i].used && entries[i].job == job) {
                break;
            }
        }

        if (i == MODEL_NENTRIES) {
            model_delete(job);
        }
    }

    return model_ask(proc, &op) || model_compare(&op);
}


static int
model_unpark(int proc)
{
    model_entry_t  *e;

    e = model_any_entry(proc);

    if (e == NULL) {
        return 0;
    }

    op.what = MODEL_UNPARK;
    op.slot = e->slot;

    model_leave_entry(e);

    return model_ask(proc, &op) || model_compare(&op);
}


/* Who was woken is told, by a signal that was sent when it was. */

static int
model_drain(int proc)
{
    ngx_uint_t  i, n, told;

    if (op.what != MODEL_SWEEP) {
        op.what = MODEL_DRAIN;
        op.slot = MODEL_NO_SLOT;

        if (model_ask(proc, &op) != 0) {
            return 1;
        }
    }

    told = 0;

    for (i = 0; i < MODEL_NENTRIES; i++) {

        if (!entries[i].used || entries[i].proc != proc || !entries[i].inbox) {
            continue;
        }

        for (n = 0; n < reply.nwoken; n++) {
            if (reply.woken[n] == entries[i].slot) {
                break;
            }
        }

        if (n == reply.nwoken) {
            return model_wrong("%s: slot %d was woken, and is not told",
                               names[op.what], (int) entries[i].slot);
        }

        entries[i].inbox = 0;
        told++;
    }

    if (told != reply.nwoken) {
        return model_wrong("%s: %d are told, not %d", names[op.what],
                           (int) reply.nwoken, (int) told);
    }

    return (op.what == MODEL_DRAIN) ? model_compare(&op) : 0;
}


static int
model_sweep(int proc)
{
    ngx_uint_t      i;
    model_entry_t  *e;

    now += 600;

    op.what = MODEL_SWEEP;
    op.slot = MODEL_NO_SLOT;

    if (model_ask(proc, &op) != 0 || model_drain(proc) != 0) {
        return 1;
    }

    op.what = MODEL_NWHAT;
    model_bury();

    if (model_count(NGX_AIME_JOB_QUEUED)) {
        e = NULL;

        for (i = 0; i < MODEL_NENTRIES; i++) {
            if (entries[i].used && entries[i].kind == MODEL_POLL
                && !entries[i].woken
                && (e == NULL || entries[i].turn < e->turn))
            {
                e = &entries[i];
            }
        }

        if (e) {
            model_wake(e);
        }
    }

    for (i = 0; i < MODEL_NJOBS; i++) {

        if (!jobs[i].used) {
            continue;
        }

        if (jobs[i].abandon && jobs[i].abandon <= now
            && model_active(&jobs[i]))
        {
            model_end(&jobs[i], NGX_AIME_JOB_CANCELED,
                      NGX_AIME_REASON_HANGUP);
            continue;
        }

        if (jobs[i].due > now) {
            continue;
        }

        if (jobs[i].state == NGX_AIME_JOB_QUEUED) {
            model_end(&jobs[i], NGX_AIME_JOB_LAPSED,
                      NGX_AIME_REASON_QUEUE_TIMEOUT);

        } else {
            model_delete(&jobs[i]);
        }
    }

    return model_compare(&op);
}


/*
 * As after a process that was killed with the lock.  What is parked is woken
 * by it without a signal, and the order of hand-overs is forgotten, so there
 * are none of either then.
 */

static int
model_repair(int proc)
{
    int         i;
    ngx_uint_t  n;

    if (model_sweep(proc) != 0) {
        return 1;
    }

    for (i = 0; i < MODEL_NPROCS; i++) {
        for (n = 0; n < MODEL_NHANDOVERS; n++) {
            if (handovers[i][n].njobs && model_handover(i) != 0) {
                return 1;
            }
        }
    }

    for (n = 0; n < MODEL_NENTRIES; n++) {

        if (!entries[n].used) {
            continue;
        }

        op.what = MODEL_UNPARK;
        op.slot = entries[n].slot;
        model_leave_entry(&entries[n]);

        if (model_ask(entries[n].proc, &op) != 0 || model_compare(&op) != 0) {
            return 1;
        }
    }

    op.what = MODEL_REPAIR;
    op.slot = MODEL_NO_SLOT;

    return model_ask(proc, &op) || model_compare(&op);
}


/* Ends all there is; afterwards nothing is in use. */

static int
model_empty(void)
{
    int            proc;
    ngx_uint_t     i;
    model_proc_t  *p;

    proc = 0;

    while (procs[proc].pid == 0 || procs[proc].dead) {
        proc++;
    }

    if (model_sweep(proc) != 0) {
        return 1;
    }

    /* the others are told to leave, which is a graceful end */

    for (i = 0; i < MODEL_NPROCS; i++) {
        p = &procs[i];

        if ((int) i == proc || p->pid == 0) {
            continue;
        }

        model_release(p, i);

        op.what = MODEL_QUIT;
        op.slot = MODEL_NO_SLOT;

        if (model_ask(i, &op) != 0 || model_compare(&op) != 0) {
            return 1;
        }

        (void) waitpid(p->pid, NULL, 0);
        (void) close(p->fd);
        p->pid = 0;
    }

    for (i = 0; i < MODEL_NENTRIES; i++) {

        if (!entries[i].used) {
            continue;
        }

        op.what = MODEL_UNPARK;
        op.slot = entries[i].slot;
        model_leave_entry(&entries[i]);

        if (model_ask(proc, &op) != 0 || model_compare(&op) != 0) {
            return 1;
        }
    }

    while (model_next(NULL) || model_count(1)) {

        for (i = 0; i < MODEL_NJOBS; i++) {
            if (jobs[i].used && model_active(&jobs[i])) {
                break;
            }
        }

        op.what = MODEL_CANCEL;
        op.slot = MODEL_NO_SLOT;
        ngx_memcpy(op.id, jobs[i].id, NGX_AIME_ID_LEN);
        model_end(&jobs[i], NGX_AIME_JOB_CANCELED, NGX_AIME_REASON_CLIENT);

        if (model_ask(proc, &op) != 0 || model_compare(&op) != 0) {
            return 1;
        }
    }

    for (i = 0; i < MODEL_NHANDOVERS; i++) {
        if (handovers[proc][i].njobs && model_handover(proc) != 0) {
            return 1;
        }
    }

    now += MODEL_LIFETIME;

    return model_sweep(proc) || model_drain(proc);
}


/* What a sweep does for the dead, in the order of their rows. */

static void
model_bury(void)
{
    int         i;
    ngx_uint_t  row;

    for (row = 0; row < MODEL_NROWS; row++) {

        for (i = 0; i < MODEL_NPROCS; i++) {
            if (procs[i].dead && procs[i].row == row) {
                model_release(&procs[i], i);
                procs[i].dead = 0;
                procs[i].pid = 0;
            }
        }
    }
}


static void
model_release(model_proc_t *proc, int number)
{
    ngx_uint_t      i;
    model_job_t    *job;
    model_entry_t  *e;

    for ( ;; ) {
        e = NULL;

        for (i = 0; i < MODEL_NENTRIES; i++) {
            if (entries[i].used && entries[i].proc == number
                && (e == NULL || entries[i].turn < e->turn))
            {
                e = &entries[i];
            }
        }

        if (e == NULL) {
            break;
        }

        if (e->kind == MODEL_CLIENT && e->job && model_active(e->job)) {
            model_hung_up(e->job, e);
        }

        model_leave_entry(e);
    }

    for ( ;; ) {
        job = NULL;

        for (i = 0; i < MODEL_NJOBS; i++) {
            if (jobs[i].used && jobs[i].proc == number
                && (job == NULL || jobs[i].handed > job->handed))
            {
                job = &jobs[i];
            }
        }

        if (job == NULL) {
            break;
        }

        model_retry(job, 1);
    }

    ngx_memzero(handovers[number], sizeof(handovers[number]));
    rows[proc->row] = 0;
}


static model_entry_t *
model_park(int proc, uint32_t slot, model_kind_e kind, model_job_t *job,
    int worker)
{
    model_entry_t  *e;

    e = entries;

    while (e->used) {
        e++;
    }

    ngx_memzero(e, sizeof(model_entry_t));

    e->used = 1;
    e->proc = proc;
    e->slot = slot;
    e->kind = kind;
    e->job = job;
    e->worker = worker;
    e->turn = ++turn;

    return e;
}


static void
model_leave_entry(model_entry_t *e)
{
    e->used = 0;

    if (e->kind == MODEL_POLL) {
        model_rouse();
    }
}


static void
model_wake(model_entry_t *e)
{
    e->woken = 1;
    e->inbox = 1;
}


/* A poll for a job that none was woken for: the one that waits longest. */

static void
model_rouse(void)
{
    ngx_uint_t      i;
    model_entry_t  *e;

    if (model_count(NGX_AIME_JOB_QUEUED) <= model_polls(1)) {
        return;
    }

    e = NULL;

    for (i = 0; i < MODEL_NENTRIES; i++) {
        if (entries[i].used && entries[i].kind == MODEL_POLL
            && !entries[i].woken && (e == NULL || entries[i].turn < e->turn))
        {
            e = &entries[i];
        }
    }

    if (e) {
        model_wake(e);
    }
}


static void
model_changed(model_job_t *job)
{
    ngx_uint_t  i;

    for (i = 0; i < MODEL_NENTRIES; i++) {
        if (entries[i].used && entries[i].kind == MODEL_WATCH
            && entries[i].job == job && !entries[i].woken)
        {
            model_wake(&entries[i]);
        }
    }
}


static void
model_end(model_job_t *job, ngx_uint_t state, ngx_uint_t reason)
{
    ngx_uint_t  i;

    job->state = state;
    job->reason = reason;
    job->due = now + MODEL_LIFETIME;
    job->worker = MODEL_NOBODY;
    job->proc = MODEL_NOBODY;
    finished++;

    for (i = 0; i < MODEL_NENTRIES; i++) {
        if (entries[i].used && entries[i].kind != MODEL_POLL
            && entries[i].job == job && !entries[i].woken)
        {
            model_wake(&entries[i]);
        }
    }
}


static void
model_delete(model_job_t *job)
{
    ngx_uint_t  i;

    for (i = 0; i < MODEL_NENTRIES; i++) {

        if (!entries[i].used || entries[i].kind == MODEL_POLL
            || entries[i].job != job)
        {
            continue;
        }

        if (!entries[i].woken) {
            model_wake(&entries[i]);
        }

        entries[i].job = NULL;
    }

    job->used = 0;
}


/* Another client that waits for the job keeps it going. */

static void
model_hung_up(model_job_t *job, model_entry_t *gone)
{
    ngx_uint_t  i;

    for (i = 0; i < MODEL_NENTRIES; i++) {
        if (entries[i].used && entries[i].kind == MODEL_CLIENT
            && entries[i].job == job && &entries[i] != gone)
        {
            return;
        }
    }

    if (!(job->flags & MODEL_CANCELS)) {
        return;
    }

    if (job->flags & MODEL_GRACES) {
        job->abandon = now + MODEL_GRACE;
        return;
    }

    model_end(job, NGX_AIME_JOB_CANCELED, NGX_AIME_REASON_HANGUP);
}


static void
model_requeue(model_job_t *job)
{
    job->state = NGX_AIME_JOB_QUEUED;
    job->worker = MODEL_NOBODY;
    job->proc = MODEL_NOBODY;
    job->returned = ++returns;
    job->due = job->queued + MODEL_QUEUE_TIME;

    model_rouse();
    model_changed(job);
}


static void
model_retry(model_job_t *job, ngx_uint_t tried)
{
    job->holders[job->attempts - 1] = 0;

    if (tried && job->attempts >= job->max_attempts) {
        model_end(job, NGX_AIME_JOB_LAPSED, NGX_AIME_REASON_UNDELIVERED);
        return;
    }

    /* what was not even tried waits since it did */

    job->attempts -= !tried;
    job->queued = tried ? now : job->queued;
    model_requeue(job);
}


static ngx_uint_t
model_holder(model_job_t *job, int worker)
{
    ngx_uint_t  i;

    for (i = 0; i < job->attempts; i++) {
        if (job->holders[i] == worker + 1) {
            return 1;
        }
    }

    return 0;
}


/* The queued job that follows. */

static model_job_t *
model_next(model_job_t *after)
{
    ngx_uint_t    i;
    model_job_t  *job, *next;

    next = NULL;

    for (i = 0; i < MODEL_NJOBS; i++) {
        job = &jobs[i];

        if (!job->used || job->state != NGX_AIME_JOB_QUEUED
            || (after && !model_before(after, job))
            || (next && model_before(next, job)))
        {
            continue;
        }

        next = job;
    }

    return next;
}


static int
model_before(model_job_t *one, model_job_t *two)
{
    if (one->returned != two->returned) {
        return one->returned > two->returned;
    }

    if (one->priority != two->priority) {
        return one->priority > two->priority;
    }

    return one->arrival < two->arrival;
}


static ngx_uint_t
model_position(model_job_t *job)
{
    ngx_uint_t  i, n;

    if (job->state != NGX_AIME_JOB_QUEUED) {
        return 0;
    }

    for (i = 0, n = 1; i < MODEL_NJOBS; i++) {
        n += jobs[i].used && jobs[i].state == NGX_AIME_JOB_QUEUED
             && model_before(&jobs[i], job);
    }

    return n;
}


static ngx_uint_t
model_active(model_job_t *job)
{
    return job->used && (job->state == NGX_AIME_JOB_QUEUED
                         || job->state == NGX_AIME_JOB_PROCESSING);
}


static ngx_uint_t
model_polls(ngx_uint_t woken)
{
    ngx_uint_t  i, n;

    for (i = 0, n = 0; i < MODEL_NENTRIES; i++) {
        n += entries[i].used && entries[i].kind == MODEL_POLL
             && entries[i].woken == woken;
    }

    return n;
}


static ngx_uint_t
model_count(ngx_uint_t state)
{
    ngx_uint_t  i, n;

    for (i = 0, n = 0; i < MODEL_NJOBS; i++) {
        n += jobs[i].used && jobs[i].state == state;
    }

    return n;
}


/* One that the process has nothing parked under. */

static uint32_t
model_slot(int proc)
{
    uint32_t    slot;
    ngx_uint_t  i;

    for (slot = 0; slot < MODEL_NSLOTS; slot++) {

        for (i = 0; i < MODEL_NENTRIES; i++) {
            if (entries[i].used && entries[i].proc == proc
                && entries[i].slot == slot)
            {
                break;
            }
        }

        if (i == MODEL_NENTRIES) {
            return slot;
        }
    }

    return MODEL_NO_SLOT;
}


/* One that was, rarely: it may be gone. */

static model_job_t *
model_any_job(void)
{
    ngx_uint_t    i;
    model_job_t  *job;

    for (i = 0; i < 8 * MODEL_NJOBS; i++) {
        job = &jobs[model_random(MODEL_NJOBS)];

        if (job->used || (job->arrival && model_random(50) == 0)) {
            return job;
        }
    }

    return NULL;
}


static model_entry_t *
model_any_entry(int proc)
{
    ngx_uint_t      i;
    model_entry_t  *e;

    for (i = 0; i < 2 * MODEL_NENTRIES; i++) {
        e = &entries[model_random(MODEL_NENTRIES)];

        if (e->used && e->proc == proc) {
            return e;
        }
    }

    return NULL;
}


static ngx_uint_t
model_random(ngx_uint_t n)
{
    return random() % n;
}


static int
model_wrong(const char *fmt, ...)
{
    va_list  args;

    printf("# ");
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    printf("\n");

    return 1;
}
