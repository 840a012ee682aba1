/*
 * The story, cut short.  First by want: from each place on where it asks for
 * memory of the zone there is none, and what it wanted to do must then have
 * changed nothing.  Then by death: its process is killed wherever it takes
 * memory, gives it back, says what it is, or gives the lock back, and at random
 * instructions while it has the lock; whoever comes next finds all that it was
 * told of, and can give all of it back.
 *
 * The linker puts what is below in the place of the functions of those names
 * (--wrap).
 */

#include "story.h"

#include <ngx_event.h>

#include <sys/mman.h>
#include <sys/wait.h>

#if (__x86_64__)
#include <x86intrin.h>
#endif

#include "ngx_aime_check.h"
#include "ngx_aime_shm_alloc.h"
#include "ngx_aime_sweep.h"
#include "ngx_aime_wake.h"
#include "ngx_aime_worker.h"


#define CUT_NEVER     ((ngx_uint_t) -1)
#define CUT_MAX_TRIES 50        /* no step asks for more */
#define CUT_DEATHS    1000      /* at random, so many */
#define CUT_STEPS     2000      /* instructions under the lock, rarely more */
#define CUT_TRAP      0x100     /* the flag of the processor */


typedef struct {
    size_t       used;
    ngx_uint_t   nfree;
    ngx_uint_t   njobs;
    ngx_uint_t   nqueued;
    ngx_uint_t   nrunning;
    ngx_uint_t   nparked;
    ngx_uint_t   nwoken;
    ngx_uint_t   nworkers;
    ngx_uint_t   nonline;
    ngx_uint_t   nsessions;
    ngx_uint_t   nvars;
    ngx_uint_t   nwaits[NGX_AIME_NWAITS];
    uint64_t     submitted;
    uint64_t     finished;
} cut_counts_t;


void *__real_ngx_aime_shm_alloc_locked(ngx_aime_shm_arena_t *arena,
    size_t size);
void *__real_ngx_aime_shm_calloc_locked(ngx_aime_shm_arena_t *arena,
    size_t size);
void __real_ngx_aime_shm_free_locked(ngx_aime_shm_arena_t *arena, void *p);
void __real_ngx_aime_shm_mark_locked(ngx_aime_shm_arena_t *arena, void *p,
    ngx_aime_shm_kind_e kind);
void __real_ngx_aime_shm_lock(ngx_aime_zone_t *zone);
void __real_ngx_aime_shm_unlock(ngx_aime_zone_t *zone);

static int cut_wants(void);
static int cut_want(story_step_t *step);
static int cut_without(story_step_t *step);
static int cut_deaths(void);
static int cut_random(unsigned int seed);
static int cut_often(const char *name, ngx_uint_t apart);
static int cut_death(ngx_uint_t *died);
static void cut_live(void);
static int cut_heir(void);
static int cut_told(void);
static int cut_empty(void);
static void cut_cancel(void);
static void cut_sweep(ngx_msec_t after);
static const char *cut_count(cut_counts_t *counts);
static ngx_uint_t cut_refused(void);
static void cut_may_die(void);
static void cut_step(int signo);
static int cut_wrong(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));


static ngx_aime_zone_t  *zone;
static story_told_t     *told;      /* shared with who is killed */
static story_told_t      whole;     /* by who came to the end */
static cut_counts_t      unused;
static ngx_msec_t        now = 1000000;

static ngx_uint_t        cut_left = CUT_NEVER;  /* that get memory */
static ngx_uint_t        cut_once;              /* only one gets none */
static ngx_uint_t        cut_hit;

static ngx_uint_t        cut_mortal;
static ngx_uint_t        cut_death_at = CUT_NEVER;  /* number of the place */
static ngx_uint_t        cut_lock_at = CUT_NEVER;   /* or of the lock, and */
static ngx_uint_t        cut_steps;                 /* instructions */
static char              cut_what[64];              /* for messages */


int
cut_run(ngx_aime_zone_t *z, unsigned int seed)
{
    zone = z;

    told = mmap(NULL, sizeof(story_told_t), PROT_READ|PROT_WRITE,
                MAP_SHARED|MAP_ANON, -1, 0);
    if (told == MAP_FAILED) {
        return cut_wrong("no memory");
    }

    model_process();
    model_time(now);
    model_claim(zone);

    if (cut_count(&unused) != NULL) {
        return cut_wrong("the zone is damaged");
    }

    srandom(seed);

    return cut_wants() || cut_deaths()
           || cut_often("a job of all there is", 16)
           || cut_often("a result", 4)
           || cut_random(seed);
}


static int
cut_wants(void)
{
    ngx_uint_t     i, n;
    story_step_t  *step;

    story_begin(zone, told);

    for (step = story_steps, n = 0; step->name; step++) {

        for (i = 0; i < step->times; i++, n++) {
            now += 10;
            model_time(now);

            cut_once = (step->kind == STORY_EVICTS);

            if (cut_once) {
                cut_left = i;
            }

            if (cut_want(step) != 0) {
                return 1;
            }
        }

        now = ngx_current_msec;
    }

    /* what it holds goes with it */

    ngx_aime_sweep_leave(zone);
    model_process();
    model_claim(zone);

    (void) strcpy(cut_what, "want");

    if (cut_empty() != 0) {
        return 1;
    }

    printf("ok - %u steps in want of memory\n", (unsigned) n);

    return 0;
}


/* One step: with ever more memory, until it has what it needs. */

static int
cut_want(story_step_t *step)
{
    ngx_int_t     rc;
    ngx_uint_t    n;
    cut_counts_t  counts;

    switch (step->kind) {

    case STORY_PLAIN:
        rc = step->run();
        break;

    case STORY_EVICTS:
        cut_hit = 0;
        rc = step->run();
        cut_left = CUT_NEVER;

        if (!cut_hit) {
            return cut_wrong("%s: asks for less", step->name);
        }

        break;

    case STORY_FAILS:
        cut_left = 0;
        cut_hit = 0;
        rc = step->run();
        cut_left = CUT_NEVER;

        return (cut_hit && rc == NGX_ERROR && cut_count(&counts) == NULL)
               ? 0 : cut_wrong("%s: %d", step->name, (int) rc);

    default:
        for (n = 0; n < CUT_MAX_TRIES; n++) {
            cut_left = n;

            if (cut_without(step) != 0) {
                return 1;
            }

            if (cut_left == CUT_NEVER) {
                return 0;
            }
        }

        return cut_wrong("%s: never done", step->name);
    }

    return (rc == step->want) ? 0 : cut_wrong("%s: %d, not %d", step->name,
                                              (int) rc, (int) step->want);
}


/* Afterwards cut_left is CUT_NEVER if the step was done. */

static int
cut_without(story_step_t *step)
{
    ngx_int_t      rc;
    ngx_uint_t     n;
    const char    *wrong;
    cut_counts_t   before, after;

    n = cut_left;
    cut_left = CUT_NEVER;
    (void) cut_count(&before);

    cut_hit = 0;
    cut_left = n;
    rc = step->run();
    cut_left = CUT_NEVER;

    wrong = cut_count(&after);

    if (wrong) {
        return cut_wrong("%s: %s, after %u", step->name, wrong, (unsigned) n);
    }

    if (rc == step->want && (!cut_hit || step->kind == STORY_LOOSE)) {
        return 0;
    }

    if (!cut_hit || (rc != NGX_ERROR && step->kind != STORY_LOOSE)) {
        return cut_wrong("%s: %d, after %u", step->name, (int) rc,
                         (unsigned) n);
    }

    cut_left = n;

    if (step->kind == STORY_GROWS) {
        after.used = before.used;
        after.nfree = before.nfree;
    }

    if (step->kind != STORY_LOOSE
        && ngx_memcmp(&before, &after, sizeof(cut_counts_t)) != 0)
    {
        return cut_wrong("%s: failed after %u, but has changed something: "
                         "%d bytes, %d jobs, %d workers, %d sessions",
                         step->name, (unsigned) n,
                         (int) (after.used - before.used),
                         (int) (after.njobs - before.njobs),
                         (int) (after.nworkers - before.nworkers),
                         (int) (after.nsessions - before.nsessions));
    }

    return 0;
}


static int
cut_deaths(void)
{
    ngx_uint_t  n, died;

    died = 1;

    for (n = 1; died; n++) {
        cut_death_at = n;
        (void) sprintf(cut_what, "death %u", (unsigned) n);

        if (cut_death(&died) != 0) {
            return 1;
        }
    }

    cut_death_at = CUT_NEVER;
    whole = *told;

    if (n < 1000) {
        return cut_wrong("only %u places to die", (unsigned) n);
    }

    printf("ok - %u deaths\n", (unsigned) n - 2);

    return 0;
}


/* As often in each step, however long it is. */

static int
cut_random(unsigned int seed)
{
#if (__x86_64__)

    ngx_uint_t  i, n, died, step;

    for (i = 0, n = 0; i < CUT_DEATHS; i++) {
        step = random() % whole.nsteps;
        cut_lock_at = whole.steps[step]
                      + random() % (1 + whole.steps[step + 1]
                                    - whole.steps[step]);
        cut_steps = 1 + random() % (1 + random() % CUT_STEPS);

        (void) sprintf(cut_what, "death at lock %u, instruction %u",
                       (unsigned) cut_lock_at, (unsigned) cut_steps);

        if (cut_death(&died) != 0) {
            return 1;
        }

        n += died;
    }

    if (n < CUT_DEATHS / 4) {
        return cut_wrong("only %u have died", (unsigned) n);
    }

    printf("ok - %u deaths at random, seed %u\n", (unsigned) n, seed);

#endif

    return 0;
}


/*
 * Instructions that far apart, over all for which that step has the lock the
 * last time.  Each that is passed costs as much as a system call.
 */

static int
cut_often(const char *name, ngx_uint_t apart)
{
#if (__x86_64__)

    ngx_uint_t  n, died, step;

    step = 0;

    while (strcmp(story_steps[step].name, name) != 0) {
        step++;
    }

    cut_lock_at = whole.steps[step + 1] - 1;
    died = 1;

    for (n = 1; died; n++) {
        cut_steps = n * apart - random() % apart;

        (void) sprintf(cut_what, "%s until instruction %u", name,
                       (unsigned) cut_steps);

        if (cut_death(&died) != 0) {
            return 1;
        }
    }

    printf("ok - %u deaths in %s\n", (unsigned) n - 2, name);

#endif

    return 0;
}


static int
cut_death(ngx_uint_t *died)
{
    int        status;
    ngx_pid_t  pid;

    (void) fflush(stdout);

    pid = fork();

    if (pid == 0) {
        cut_live();
    }

    if (pid == -1 || waitpid(pid, &status, 0) != pid) {
        return cut_wrong("no process");
    }

    *died = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;

    if (!*died && status != 0) {
        return cut_wrong("the story ended with %d", status);
    }

    /* as the master process does; what else to do is the zone's own matter */

    (void) ngx_shmtx_force_unlock(&zone->shpool->mutex, pid);

    return cut_heir();
}


/* The process that dies, or comes to the end. */

static void
cut_live(void)
{
    ngx_uint_t     i;
    story_step_t  *step;

    model_process();
    model_claim(zone);

    (void) signal(SIGTRAP, cut_step);

    cut_mortal = 1;

    story_begin(zone, told);

    told->nlocks = 0;

    for (step = story_steps; step->name; step++) {
        told->steps[step - story_steps] = told->nlocks;

        for (i = 0; i < step->times; i++) {
            model_time(ngx_current_msec + 10);

            if (step->run() != step->want) {
                exit(cut_wrong("%s failed", step->name));
            }
        }
    }

    told->nsteps = step - story_steps;
    told->steps[told->nsteps] = told->nlocks;

    exit(0);
}


static int
cut_heir(void)
{
    const char    *wrong;
    cut_counts_t   counts;

    wrong = cut_count(&counts);

    if (wrong || zone->sh->damage[0]) {
        return cut_wrong("%s, after %s",
                         wrong ? wrong : (char *) zone->sh->damage, cut_what);
    }

    return cut_told() || cut_empty();
}


/* What the dead one was told of is there, and as it was told. */

static int
cut_told(void)
{
    ngx_uint_t            i;
    ngx_aime_job_view_t   view;

    for (i = 0; i < told->njobs; i++) {

        if (told->jobs[i].gone) {
            continue;
        }

        if (ngx_aime_job_view(zone, told->jobs[i].id, NGX_AIME_VIEW_NOTHING,
                              NULL, &view)
            != NGX_OK)
        {
            return cut_wrong("job %u is lost, after %s", (unsigned) i,
                             cut_what);
        }

        if (told->jobs[i].done && view.state != NGX_AIME_JOB_DONE) {
            return cut_wrong("the result of job %u is lost, after %s",
                             (unsigned) i, cut_what);
        }
    }

    return 0;
}


/* All is ended, and time passes until nothing is left of it. */

static int
cut_empty(void)
{
    const char    *wrong;
    cut_counts_t   counts;

    cut_sweep(NGX_AIME_WAKE_INTERVAL + 100);
    cut_cancel();
    cut_sweep(STORY_LIFETIME + STORY_IDLE);
    cut_sweep(NGX_AIME_WORKER_FORGET);

    wrong = cut_count(&counts);

    if (wrong) {
        return cut_wrong("%s, long after %s", wrong, cut_what);
    }

    if (counts.submitted != counts.finished) {
        return cut_wrong("%s: counts %u new jobs, and %u that have ended",
                         cut_what, (unsigned) counts.submitted,
                         (unsigned) counts.finished);
    }

    if (counts.used != unused.used || counts.nfree != unused.nfree) {
        return cut_wrong("%s leaves %d bytes, %u jobs, %u workers, "
                         "%u sessions and %u of variables", cut_what,
                         (int) (counts.used - unused.used),
                         (unsigned) counts.njobs, (unsigned) counts.nworkers,
                         (unsigned) counts.nsessions, (unsigned) counts.nvars);
    }

    return 0;
}


static void
cut_cancel(void)
{
    ngx_uint_t           i, n;
    ngx_aime_shm_job_t  *job;

    static u_char  ids[STORY_NJOBS][NGX_AIME_ID_LEN];

    n = 0;
    job = NULL;

    ngx_aime_shm_lock(zone);

    while (n < STORY_NJOBS
           && (job = ngx_aime_shm_next_locked(&zone->sh->arena,
                                              NGX_AIME_SHM_JOB, job)))
    {
        ngx_memcpy(ids[n++], job->id, NGX_AIME_ID_LEN);
    }

    ngx_aime_shm_unlock(zone);

    for (i = 0; i < n; i++) {
        (void) ngx_aime_job_cancel(zone, ids[i], NGX_AIME_REASON_ADMIN);
    }
}


/* As often as there is something that is due. */

static void
cut_sweep(ngx_msec_t after)
{
    ngx_uint_t  i;

    now = ngx_max(now, ngx_current_msec) + after;

    for (i = 0; i < 8; i++) {
        model_time(now + i);
        ngx_event_expire_timers();
    }
}


/* What there is; gives what is wrong with it, or NULL. */

static const char *
cut_count(cut_counts_t *counts)
{
    ngx_uint_t       i;
    const char      *wrong;
    ngx_aime_shm_t  *sh;

    ngx_memzero(counts, sizeof(cut_counts_t));
    sh = zone->sh;

    ngx_aime_shm_lock(zone);

    wrong = ngx_aime_check_locked(zone);

    counts->used = sh->arena.used;
    counts->nfree = sh->arena.nfree;
    counts->njobs = sh->njobs;
    counts->nqueued = model_type->nqueued;
    counts->nrunning = model_type->nrunning;
    counts->nparked = model_type->polls.nparked;
    counts->nwoken = model_type->polls.nwoken;
    counts->nworkers = model_type->nworkers;
    counts->nonline = model_type->nonline;
    counts->nsessions = sh->nsessions;
    counts->nvars = sh->nvars;
    counts->submitted = model_queues[0]->endpoint->metrics.submitted;

    for (i = 0; i < NGX_AIME_NOUTCOMES; i++) {
        counts->finished += model_queues[0]->endpoint->metrics.finished[i];
    }

    ngx_memcpy(counts->nwaits, sh->nwaits, sizeof(counts->nwaits));

    ngx_aime_shm_unlock(zone);

    return wrong;
}


void *
__wrap_ngx_aime_shm_alloc_locked(ngx_aime_shm_arena_t *arena, size_t size)
{
    return cut_refused() ? NULL
                         : __real_ngx_aime_shm_alloc_locked(arena, size);
}


void *
__wrap_ngx_aime_shm_calloc_locked(ngx_aime_shm_arena_t *arena, size_t size)
{
    return cut_refused() ? NULL
                         : __real_ngx_aime_shm_calloc_locked(arena, size);
}


static ngx_uint_t
cut_refused(void)
{
    cut_may_die();

    if (cut_left == CUT_NEVER) {
        return 0;
    }

    if (cut_left) {
        cut_left--;
        return 0;
    }

    cut_hit = 1;

    if (cut_once) {
        cut_left = CUT_NEVER;
    }

    return 1;
}


void
__wrap_ngx_aime_shm_free_locked(ngx_aime_shm_arena_t *arena, void *p)
{
    cut_may_die();

    __real_ngx_aime_shm_free_locked(arena, p);
}


void
__wrap_ngx_aime_shm_mark_locked(ngx_aime_shm_arena_t *arena, void *p,
    ngx_aime_shm_kind_e kind)
{
    cut_may_die();

    __real_ngx_aime_shm_mark_locked(arena, p, kind);
}


void
__wrap_ngx_aime_shm_lock(ngx_aime_zone_t *z)
{
    __real_ngx_aime_shm_lock(z);

#if (__x86_64__)
    if (cut_mortal && told->nlocks++ == cut_lock_at) {
        __writeeflags(__readeflags() | CUT_TRAP);
    }
#endif
}


void
__wrap_ngx_aime_shm_unlock(ngx_aime_zone_t *z)
{
#if (__x86_64__)
    __writeeflags(__readeflags() & ~CUT_TRAP);
#endif

    cut_may_die();

    __real_ngx_aime_shm_unlock(z);
}


static void
cut_may_die(void)
{
    if (cut_mortal && --cut_death_at == 0) {
        (void) kill(ngx_pid, SIGKILL);
    }
}


static void
cut_step(int signo)
{
    if (--cut_steps == 0) {
        (void) kill(ngx_pid, SIGKILL);
    }
}


static int
cut_wrong(const char *fmt, ...)
{
    va_list  args;

    printf("not ok - ");
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    printf("\n");

    return 1;
}
