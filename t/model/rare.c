/*
 * Cases that neither random steps nor the story come to: too many of something,
 * what is rare, a check that must find what is wrong.  Each in a process of its
 * own, which ends without giving anything back.
 */

#include "story.h"

#include <ngx_event.h>

#include <sys/wait.h>

#include "ngx_aime_admin.h"
#include "ngx_aime_check.h"
#include "ngx_aime_ended.h"
#include "ngx_aime_id.h"
#include "ngx_aime_shm_index.h"
#include "ngx_aime_shm_session.h"
#include "ngx_aime_wake.h"
#include "ngx_aime_worker.h"


#define RARE_ENDED     2048    /* that one turn of the event loop tells of */
#define RARE_LANES     1200
#define RARE_LINE      4200    /* more than two levels of a line */
#define RARE_LATE      5


typedef struct {
    const char  *name;
    int        (*run)(void);
} rare_t;


static int rare_rows(void);
static int rare_row_waits(int from, int to);
static int rare_ended(void);
static void rare_told(ngx_aime_ended_t *ended);
static int rare_names(void);
static int rare_holder(void);
static int rare_error(void);
static int rare_vars(void);
static int rare_ids(void);
static int rare_sessions(void);
static int rare_lanes(void);
static int rare_line(void);
static int rare_list(void);
static int rare_places(ngx_uint_t n);
static int rare_check(void);
static int rare_finds(const char *want);
static ngx_int_t rare_hello(ngx_aime_shm_type_t *type, const char *name,
    ngx_uint_t login);
static ngx_uint_t rare_take(const char *name, ngx_uint_t max);
static ngx_int_t rare_finish(const u_char *id, const char *name,
    ngx_aime_job_vars_t *vars);
static uint64_t rare_worker(const char *name);
static int rare_submit(ngx_uint_t n, ngx_uint_t owner, ngx_uint_t session);
static ngx_aime_shm_hold_t *rare_payload(ngx_aime_job_room_e room);


static const rare_t  rare[] = {
    { "no row for a process", rare_rows },
    { "more jobs end at once than can be told of", rare_ended },
    { "two workers of one name", rare_names },
    { "whose job it was", rare_holder },
    { "what a worker said of its error", rare_error },
    { "values that have changed meanwhile", rare_vars },
    { "texts that are no ids", rare_ids },
    { "the session that was idle longest gives way", rare_sessions },
    { "a thousand lanes", rare_lanes },
    { "a long line", rare_line },
    { "lists of jobs", rare_list },
    { "the check finds what is wrong", rare_check },
    { NULL, NULL }
};


static ngx_aime_zone_t          *zone;
static u_char                    ids[RARE_LINE][NGX_AIME_ID_LEN];
static ngx_uint_t                gone[RARE_LINE];
static ngx_uint_t                ntold;
static ngx_aime_job_handover_t   batch[NGX_AIME_MAX_BATCH];
static ngx_aime_shm_parked_t    *parked;


int
rare_run(ngx_aime_zone_t *z, unsigned int seed)
{
    int            status;
    ngx_pid_t      pid;
    const rare_t  *c;

    zone = z;
    srandom(seed);

    if (cut_begin(zone) != 0) {
        return 1;
    }

    for (c = rare; c->name; c++) {
        (void) fflush(stdout);

        pid = fork();

        if (pid == 0) {
            model_process();
            model_claim(zone);
            exit(c->run());
        }

        if (pid == -1 || waitpid(pid, &status, 0) != pid || status != 0) {
            return cut_wrong("%s: %d, seed %u", c->name, status, seed);
        }

        if (cut_heir(c->name) != 0) {
            return 1;
        }

        printf("ok - %s\n", c->name);
    }

    return 0;
}


/* As many processes as there are rows for, and one more. */

static int
rare_rows(void)
{
    int          fds[2], told[2], status, wrong;
    char         c;
    ngx_uint_t   i;
    ngx_pid_t    pids[MODEL_NROWS + 1];

    if (pipe(fds) == -1 || pipe(told) == -1) {
        return cut_wrong("no pipes");
    }

    /* the heir and this one have rows */

    for (i = 2; i <= MODEL_NROWS; i++) {
        pids[i] = fork();

        if (pids[i] == 0) {
            model_process();
            model_claim(zone);

            if (i == MODEL_NROWS) {
                exit(rare_row_waits(fds[0], told[1]));
            }

            if (write(fds[1], "x", 1) == 1) {
                (void) pause();
            }

            exit(1);
        }

        if (i < MODEL_NROWS && read(fds[0], &c, 1) != 1) {
            return cut_wrong("a process has not begun");
        }
    }

    if (read(told[0], &c, 1) != 1 || c != 'x') {
        return cut_wrong("a process has not waited");
    }

    (void) kill(pids[2], SIGKILL);
    (void) waitpid(pids[2], NULL, 0);

    wrong = write(fds[1], "x", 1) != 1
            || waitpid(pids[MODEL_NROWS], &status, 0) == -1 || status != 0;

    for (i = 3; i < MODEL_NROWS; i++) {
        (void) kill(pids[i], SIGKILL);
        (void) waitpid(pids[i], NULL, 0);
    }

    return wrong;
}


/* It serves no jobs, until another process is dead. */

static int
rare_row_waits(int from, int to)
{
    char                  c;
    ngx_aime_shm_hold_t  *hold;

    if (zone->row) {
        return cut_wrong("there is a row too many");
    }

    ngx_aime_wake_drain(zone);

    if (rare_submit(0, 0, 0) == 0) {
        return cut_wrong("a process without a row submits");
    }

    if (write(to, "x", 1) != 1 || read(from, &c, 1) != 1) {
        return cut_wrong("nobody says that one is dead");
    }

    model_time(ngx_current_msec + NGX_AIME_WAKE_INTERVAL);
    ngx_event_expire_timers();

    hold = zone->row ? rare_payload(NGX_AIME_ROOM_INPUT) : NULL;

    return hold ? 0 : cut_wrong("the row of a dead process is not found");
}


static int
rare_ended(void)
{
    ngx_uint_t  i;

    if (ngx_aime_ended_init(rare_told, ngx_cycle->log) != NGX_OK) {
        return cut_wrong("no memory");
    }

    for (i = 0; i < RARE_ENDED + RARE_LATE; i++) {
        if (rare_submit(i, 0, 0) != 0
            || ngx_aime_job_cancel(zone, ids[i], NGX_AIME_REASON_ADMIN)
               != NGX_OK)
        {
            return cut_wrong("job %u", (unsigned) i);
        }
    }

    if (ntold != 0) {
        return cut_wrong("%u are told of with the lock", (unsigned) ntold);
    }

    ngx_event_process_posted((ngx_cycle_t *) ngx_cycle, &ngx_posted_events);

    if (ntold != RARE_ENDED) {
        return cut_wrong("%u are told of", (unsigned) ntold);
    }

    if (rare_submit(0, 0, 0) != 0) {
        return 1;
    }

    (void) ngx_aime_job_cancel(zone, ids[0], NGX_AIME_REASON_ADMIN);
    ngx_event_process_posted((ngx_cycle_t *) ngx_cycle, &ngx_posted_events);

    return (ntold == RARE_ENDED + 1)
           ? 0 : cut_wrong("the next one is not told of");
}


static void
rare_told(ngx_aime_ended_t *ended)
{
    ntold += (ended->state == NGX_AIME_JOB_CANCELED);
}


/*
 * Of generation A, the first one busy, they are two; who has only a name means
 * the one that has logged in.
 */

static int
rare_names(void)
{
    ngx_str_t               name = ngx_string("same");
    ngx_aime_worker_view_t  view;

    if (rare_hello(model_type, "same", 0) != NGX_OK
        || rare_take("same", 1) != 0 || parked == NULL
        || rare_hello(model_other_type, "same", 0) != NGX_OK)
    {
        return cut_wrong("two workers");
    }

    if (ngx_aime_worker_find(zone, NULL, &name, &view) != NGX_OK
        || view.type != model_type)
    {
        return cut_wrong("not the first one");
    }

    if (rare_hello(model_other_type, "same", 1) != NGX_OK
        || ngx_aime_worker_find(zone, NULL, &name, &view) != NGX_OK
        || view.type != model_other_type)
    {
        return cut_wrong("not the one that has logged in");
    }

    ngx_str_set(&name, "nobody");

    if (ngx_aime_worker_find(zone, NULL, &name, &view) != NGX_DECLINED) {
        return cut_wrong("somebody");
    }

    return (rare_take("nobody", 1) == NGX_MAX_UINT32_VALUE)
           ? 0 : cut_wrong("nobody gets a job");
}


static int
rare_holder(void)
{
    int          wrong;
    ngx_str_t    worker;
    ngx_pool_t  *pool;

    pool = ngx_create_pool(1024, ngx_cycle->log);

    if (pool == NULL || rare_hello(model_type, "first", 1) != NGX_OK
        || rare_hello(model_type, "second", 1) != NGX_OK
        || rare_submit(0, 0, 0) != 0)
    {
        return cut_wrong("no job");
    }

    if (ngx_aime_job_worker(zone, pool, ids[0], &worker) != NGX_DECLINED) {
        return cut_wrong("it is somebody's before it is taken");
    }

    if (rare_take("second", 1) != 1
        || rare_finish(batch[0].id, "second", NULL) != NGX_OK
        || ngx_aime_job_worker(zone, pool, ids[0], &worker) != NGX_OK)
    {
        return cut_wrong("it is nobody's");
    }

    wrong = worker.len != 6 || ngx_memcmp(worker.data, "second", 6) != 0;

    ngx_destroy_pool(pool);

    return wrong ? cut_wrong("it is another's") : 0;
}


/* As much as there is room for, without the first bytes of a character. */

static int
rare_error(void)
{
    u_char                   id[NGX_AIME_ID_LEN];
    u_char                   text[NGX_AIME_WORKER_ERROR_LEN + 9];
    ngx_int_t                rc;
    ngx_str_t                error, name = ngx_string("one");
    ngx_uint_t               i, n, nonline;
    ngx_pool_t              *pool;
    ngx_aime_worker_view_t  *views;

    static const u_char  sign[] = { 0xe2, 0x82, 0xac };

    for (i = 0; i < sizeof(text); i++) {
        text[i] = i ? sign[(i - 1) % 3] : 'x';
    }

    error.data = text;
    error.len = sizeof(text);
    ngx_memzero(id, sizeof(id));

    pool = ngx_create_pool(4096, ngx_cycle->log);

    if (pool == NULL || rare_hello(model_type, "one", 1) != NGX_OK) {
        return cut_wrong("no worker");
    }

    ngx_aime_worker_failed(zone, model_type, &name, id, &error);

    rc = ngx_aime_worker_list(zone, pool, model_type, &views, &n, &nonline);

    if (rc != NGX_OK || n != 1 || views[0].error.len % 3 != 1
        || views[0].error.len + 3 <= NGX_AIME_WORKER_ERROR_LEN
        || ngx_memcmp(views[0].error.data, text, views[0].error.len) != 0)
    {
        return cut_wrong("%d bytes of the error", (int) views[0].error.len);
    }

    ngx_destroy_pool(pool);

    return 0;
}


/* Of two jobs of a session the second one's values are made from old ones. */

static int
rare_vars(void)
{
    ngx_uint_t           i;
    ngx_aime_job_vars_t  vars[2];
    ngx_aime_job_view_t  view;

    if (rare_hello(model_type, "one", 1) != NGX_OK
        || rare_submit(0, 0, 0) != 0
        || ngx_aime_job_vars(zone, ids[0], &vars[0]) != NGX_DECLINED
        || ngx_aime_job_cancel(zone, ids[0], NGX_AIME_REASON_CLIENT)
           != NGX_OK
        || ngx_aime_job_vars(zone, (u_char *) "there is none at",
                             &vars[0])
           != NGX_DECLINED)
    {
        return cut_wrong("a job without a session");
    }

    for (i = 0; i < 2; i++) {
        if (rare_submit(i, 0, 1) != 0
            || ngx_aime_job_vars(zone, ids[i], &vars[i]) != NGX_OK)
        {
            return cut_wrong("no values");
        }

        vars[i].values = rare_payload(NGX_AIME_ROOM_RESULT);
    }

    if (rare_take("one", 2) != 2
        || rare_finish(ids[0], "one", &vars[0]) != NGX_OK
        || vars[0].values != NULL)
    {
        return cut_wrong("the first result");
    }

    if (rare_finish(ids[1], "one", &vars[1]) != NGX_AGAIN
        || vars[1].values == NULL
        || ngx_aime_job_view(zone, ids[1], NGX_AIME_VIEW_NOTHING, NULL, &view)
           != NGX_OK
        || view.state != NGX_AIME_JOB_PROCESSING)
    {
        return cut_wrong("values are lost");
    }

    /* made anew */

    ngx_aime_job_drop(zone, vars[1].values);

    if (ngx_aime_job_vars(zone, ids[1], &vars[1]) != NGX_OK
        || vars[1].before == NULL)
    {
        return cut_wrong("no values of the first one");
    }

    vars[1].values = rare_payload(NGX_AIME_ROOM_RESULT);

    return (rare_finish(ids[1], "one", &vars[1]) == NGX_OK)
           ? 0 : cut_wrong("the second result");
}


static int
rare_ids(void)
{
    u_char      id[NGX_AIME_ID_LEN], same[NGX_AIME_ID_LEN];
    u_char      text[NGX_AIME_UUID_LEN], wrong[NGX_AIME_UUID_LEN];
    ngx_uint_t  i;

    ngx_aime_id_make(id);
    (void) ngx_aime_id_print(text, id);

    if (ngx_aime_id_parse(text, NGX_AIME_UUID_LEN, same) != NGX_OK
        || ngx_memcmp(id, same, NGX_AIME_ID_LEN) != 0
        || ngx_aime_id_parse(text, NGX_AIME_UUID_LEN - 1, same) != NGX_ERROR)
    {
        return cut_wrong("an id is not read");
    }

    for (i = 0; i < NGX_AIME_UUID_LEN; i++) {
        ngx_memcpy(wrong, text, NGX_AIME_UUID_LEN);
        wrong[i] = 'g';

        if (ngx_aime_id_parse(wrong, NGX_AIME_UUID_LEN, same) != NGX_ERROR) {
            return cut_wrong("a wrong character at %u", (unsigned) i);
        }
    }

    return 0;
}


static int
rare_sessions(void)
{
    u_char      id[NGX_AIME_ID_LEN];
    ngx_int_t   rc;
    ngx_uint_t  i, n, before;

    ngx_memzero(id, sizeof(id));
    before = 0;
    n = 0;

    for (i = 1; i < 100000; i++) {
        (void) ngx_snprintf(id, sizeof(id), "%08ui", i);

        ngx_aime_shm_lock(zone);
        rc = ngx_aime_shm_session_create_locked(zone, id, NULL);
        n = zone->sh->nsessions;
        ngx_aime_shm_unlock(zone);

        if (rc != NGX_OK) {
            return cut_wrong("no session %u", (unsigned) i);
        }

        if (n == before) {
            break;
        }

        before = n;
    }

    if (n != i - 1) {
        return cut_wrong("%u of %u sessions", (unsigned) n, (unsigned) i);
    }

    ngx_aime_shm_lock(zone);

    (void) ngx_snprintf(id, sizeof(id), "%08ui", (ngx_uint_t) 1);
    rc = (ngx_aime_shm_session_find_locked(zone, id) == NULL);

    (void) ngx_snprintf(id, sizeof(id), "%08ui", (ngx_uint_t) 2);
    rc &= (ngx_aime_shm_session_find_locked(zone, id) != NULL);

    ngx_aime_shm_unlock(zone);

    return rc ? 0 : cut_wrong("it was another one");
}


/* A client each, whose jobs leave in any order. */

static int
rare_lanes(void)
{
    ngx_uint_t  i, n, left;

    for (i = 0; i < RARE_LANES; i++) {
        if (rare_submit(i, i, 0) != 0) {
            return cut_wrong("no job %u", (unsigned) i);
        }
    }

    for (left = RARE_LANES; left; left--) {

        n = random() % RARE_LANES;

        while (gone[n]) {
            n = (n + 1) % RARE_LANES;
        }

        gone[n] = 1;
        (void) ngx_aime_job_cancel(zone, ids[n], NGX_AIME_REASON_CLIENT);

        if (left % 25 == 0 && rare_places(RARE_LANES) != 0) {
            return 1;
        }
    }

    return 0;
}


/* Of one client: some leave, others come. */

static int
rare_line(void)
{
    ngx_uint_t  i;

    for (i = 0; i < RARE_LINE; i++) {
        if (rare_submit(i, 0, 0) != 0) {
            return cut_wrong("no job %u", (unsigned) i);
        }
    }

    if (rare_places(RARE_LINE) != 0) {
        return 1;
    }

    for (i = 0; i < RARE_LINE; i++) {
        if (random() % 4) {
            gone[i] = 1;
            (void) ngx_aime_job_cancel(zone, ids[i], NGX_AIME_REASON_CLIENT);
        }
    }

    return rare_places(RARE_LINE);
}


/* Each has the place that follows from how many came before and are there. */

static int
rare_places(ngx_uint_t n)
{
    ngx_uint_t           i, place;
    const char          *wrong;
    ngx_aime_job_view_t  view;

    place = 0;

    for (i = 0; i < n; i++) {

        if (gone[i]) {
            continue;
        }

        if (ngx_aime_job_view(zone, ids[i], NGX_AIME_VIEW_NOTHING, NULL, &view)
            != NGX_OK || view.position != ++place)
        {
            return cut_wrong("job %u has place %u, not %u", (unsigned) i,
                             (unsigned) view.position, (unsigned) place);
        }
    }

    ngx_aime_shm_lock(zone);
    wrong = ngx_aime_check_locked(zone);
    ngx_aime_shm_unlock(zone);

    return wrong ? cut_wrong("%s", wrong) : 0;
}


/* Each job once, however many a page has; those that run, of one endpoint. */

static int
rare_list(void)
{
    u_char                   last[NGX_AIME_ID_LEN];
    ngx_uint_t               i, n, more, pages;
    ngx_aime_admin_filter_t  filter;

    static ngx_aime_admin_job_t  jobs[NGX_AIME_ADMIN_OLDEST + 1];

    for (i = 0; i < 300; i++) {
        if (rare_submit(i, 0, 0) != 0) {
            return cut_wrong("no job %u", (unsigned) i);
        }
    }

    ngx_memzero(&filter, sizeof(filter));
    filter.state = NGX_CONF_UNSET_UINT;
    filter.failed = NGX_CONF_UNSET_UINT;

    n = 0;
    pages = 0;

    do {
        more = 0;
        i = ngx_aime_admin_jobs(zone, &filter, pages ? last : NULL, jobs, 7,
                                last, &more);
        n += i;

    } while (more && i == 7 && pages++ < 100);

    if (n != 300 || more) {
        return cut_wrong("%u jobs in %u pages", (unsigned) n,
                         (unsigned) pages);
    }

    filter.state = NGX_AIME_JOB_QUEUED;
    filter.oldest = 1;
    more = 0;
    n = ngx_aime_admin_jobs(zone, &filter, NULL, jobs,
                            NGX_AIME_ADMIN_OLDEST + 1, last, &more);

    if (n != NGX_AIME_ADMIN_OLDEST || !more
        || ngx_memcmp(jobs[0].id, ids[0], NGX_AIME_ID_LEN) != 0)
    {
        return cut_wrong("%u of the oldest", (unsigned) n);
    }

    if (rare_hello(model_type, "one", 1) != NGX_OK
        || rare_take("one", 9) != 9)
    {
        return cut_wrong("they are not taken");
    }

    filter.state = NGX_AIME_JOB_PROCESSING;
    filter.oldest = 0;
    more = 0;
    n = ngx_aime_admin_jobs(zone, &filter, NULL, jobs, 8, last, &more);

    if (n != 8 || !more) {
        return cut_wrong("%u that run", (unsigned) n);
    }

    filter.endpoint = model_queues[1]->endpoint;
    more = 0;
    n = ngx_aime_admin_jobs(zone, &filter, NULL, jobs, 8, last, &more);

    return (n == 0 && !more) ? 0 : cut_wrong("they are of that endpoint");
}


/* Each count that is off by one is found, and nothing else is. */

static int
rare_check(void)
{
    ngx_uint_t           i, *count;
    ngx_aime_shm_job_t  *job;
    ngx_aime_shm_t      *sh;

    struct {
        ngx_uint_t  *count;
        const char  *want;
    } counts[] = {
        { &zone->sh->njobs, "jobs are not" },
        { &zone->sh->nsessions, "sessions are not" },
        { &zone->sh->nworkers, "workers are not" },
        { &zone->sh->nvars, "sessions of variables are not" },
        { &zone->sh->nwaits[0], "parked requests are not" },
        { &model_type->nworkers, "the workers of a job type" },
        { &model_type->nonline, "workers are not as many as job types" },
        { &model_type->nqueued, "the queue of a job type" },
        { &model_type->nrunning, "running jobs are not" },
        { &model_queues[0]->nqueued, "queued jobs are not" },
        { &zone->sh->arena.nfree, "blocks and their slots" }
    };

    sh = zone->sh;

    if (rare_submit(0, 0, 0) != 0 || rare_finds(NULL) != 0) {
        return 1;
    }

    for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        count = counts[i].count;

        (*count)++;

        if (rare_finds(counts[i].want) != 0) {
            return 1;
        }

        (*count)--;
    }

    job = ngx_aime_shm_next_locked(&sh->arena, NGX_AIME_SHM_JOB, NULL);

    ngx_aime_shm_deadline_remove_locked(zone, &job->deadline);

    if (rare_finds("deadlines are not") != 0) {
        return 1;
    }

    ngx_aime_shm_deadline_add_locked(zone, &job->deadline,
                                     NGX_AIME_DEADLINE_JOB, job->due);

    job->input->refs++;

    if (rare_finds("payloads are not referred to") != 0) {
        return 1;
    }

    job->input->refs--;

    return rare_finds(NULL);
}


static int
rare_finds(const char *want)
{
    const char  *wrong;

    ngx_aime_shm_lock(zone);
    wrong = ngx_aime_check_locked(zone);
    ngx_aime_shm_unlock(zone);

    if (want ? wrong && ngx_strncmp(wrong, want, ngx_strlen(want)) == 0
             : wrong == NULL)
    {
        return 0;
    }

    return cut_wrong("%s: found is %s", want ? want : "nothing is wrong",
                     wrong ? wrong : "nothing");
}


static ngx_int_t
rare_hello(ngx_aime_shm_type_t *type, const char *name, ngx_uint_t login)
{
    ngx_aime_worker_hello_t  hello;

    ngx_memzero(&hello, sizeof(hello));

    hello.type = type;
    hello.name.data = (u_char *) name;
    hello.name.len = ngx_strlen(name);
    hello.max_batch = 1;
    hello.silence = STORY_SILENCE;
    hello.login = login;

    return ngx_aime_worker_hello(zone, &hello);
}


/* So many jobs; NGX_MAX_UINT32_VALUE: there is no such worker. */

static ngx_uint_t
rare_take(const char *name, ngx_uint_t max)
{
    ngx_int_t            rc;
    ngx_aime_job_poll_t  poll;

    ngx_memzero(&poll, sizeof(poll));

    poll.type = model_type;
    poll.worker.data = (u_char *) name;
    poll.worker.len = ngx_strlen(name);
    poll.max_batch = max;
    poll.jobs = batch;

    rc = ngx_aime_job_take(zone, &poll);

    if (rc == NGX_DECLINED) {
        return NGX_MAX_UINT32_VALUE;
    }

    parked = poll.parked;
    ngx_aime_job_delivered(zone, batch, poll.njobs);

    return poll.njobs;
}


static ngx_int_t
rare_finish(const u_char *id, const char *name, ngx_aime_job_vars_t *vars)
{
    ngx_int_t             rc;
    ngx_aime_shm_hold_t  *result;

    result = rare_payload(NGX_AIME_ROOM_RESULT);

    rc = ngx_aime_job_finish(zone, id, rare_worker(name), result, vars);

    if (rc == NGX_AGAIN) {
        ngx_aime_job_drop(zone, result);
    }

    return rc;
}


static uint64_t
rare_worker(const char *name)
{
    ngx_str_t               text;
    ngx_aime_worker_view_t  view;

    text.data = (u_char *) name;
    text.len = ngx_strlen(name);

    ngx_memzero(&view, sizeof(view));
    (void) ngx_aime_worker_find(zone, model_type, &text, &view);

    return view.number;
}


/* Job n of that owner, whose id is kept. */

static int
rare_submit(ngx_uint_t n, ngx_uint_t owner, ngx_uint_t session)
{
    u_char                text[NGX_AIME_ID_LEN];
    ngx_aime_shm_hold_t  *input;
    ngx_aime_job_spec_t   spec;

    input = rare_payload(NGX_AIME_ROOM_INPUT);
    if (input == NULL) {
        return 1;
    }

    ngx_memzero(&spec, sizeof(spec));
    ngx_memzero(text, sizeof(text));
    (void) ngx_snprintf(text, sizeof(text), "%08ui", owner);

    spec.queue = model_queues[0];
    spec.owner = text;
    spec.max_queue_length = RARE_LINE + 1;
    spec.queue_timeout = MODEL_NEVER;
    spec.inactivity_timeout = MODEL_NEVER;
    spec.result_lifetime = STORY_LIFETIME;
    spec.max_attempts = 3;
    spec.fair = 1;
    spec.has_session = session;

    gone[n] = 0;

    if (ngx_aime_job_submit(zone, &spec, input, ids[n], 0, NULL) != NGX_OK) {
        ngx_aime_job_drop(zone, input);
        return 1;
    }

    return 0;
}


static ngx_aime_shm_hold_t *
rare_payload(ngx_aime_job_room_e room)
{
    ngx_aime_shm_hold_t    *hold;
    ngx_aime_shm_cursor_t   cursor;

    hold = ngx_aime_job_reserve(zone, 5, room);

    if (hold) {
        ngx_aime_shm_fill_start(&cursor, hold->payload);
        ngx_aime_shm_fill(&cursor, (u_char *) "bytes", 5);
    }

    return hold;
}
