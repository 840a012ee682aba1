
/*
 * Cases that chance does not bring: the zone as a killed process leaves it,
 * made by hand, and what others make of it.  As in the model, the real code
 * runs in the real nginx, and time stands still but for what a case says.
 */

#include <ngx_event.h>

#include <poll.h>
#include <sys/wait.h>

#include "model.h"
#include "ngx_aime_job_state.h"
#include "ngx_aime_metrics.h"
#include "ngx_aime_shm_index.h"
#include "ngx_aime_sweep.h"
#include "ngx_aime_wake.h"


#define CASES_PATIENCE  10000       /* milliseconds of the real clock */


static int cases_grace(void);
static int cases_void(void);
static int cases_lock(void);
static void cases_give_back_half(int fd);
static void cases_want_lock(int fd);
static int cases_damage(void);
static ngx_pid_t cases_process(void (*run)(int fd), int *fd);
static void cases_begin(void);
static ngx_uint_t cases_told(int fd, int timeout);
static void cases_submit(u_char *id, ngx_msec_t grace);
static ngx_aime_shm_job_t *cases_job(const u_char *id);
static void cases_repair(void);
static void cases_later(ngx_msec_t msec);
static int cases_is(ngx_uint_t good, const char *what);
static void cases_woken(uint32_t slot);
static void cases_shutdown(void);


static ngx_aime_zone_t           *cases_zone;
static ngx_aime_shm_queue_t      *cases_queue;
static ngx_msec_t                 cases_now = 1000000;

static ngx_aime_wake_handlers_t  cases_handlers = {
    cases_woken,
    cases_shutdown
};


int
model_cases(ngx_aime_zone_t *zone, ngx_aime_shm_queue_t *queue)
{
    cases_zone = zone;
    cases_queue = queue;

    cases_begin();

    /* the last one leaves a zone that nothing more can be done with */

    return cases_grace() | cases_void() | cases_lock() | cases_damage();
}


static int
cases_grace(void)
{
    u_char  id[NGX_AIME_ID_LEN];

    cases_submit(id, 2000);
    ngx_aime_job_leave(cases_zone, id, 0);
    cases_repair();

    cases_later(1000);

    if (cases_job(id)->state != NGX_AIME_JOB_QUEUED) {
        return cases_is(0, "a client that hung up has its time");
    }

    cases_later(1500);

    return cases_is(cases_job(id)->state == NGX_AIME_JOB_CANCELED,
                    "a client that hung up has its time, and no more, "
                    "whoever dies meanwhile");
}


static int
cases_void(void)
{
    u_char               id[NGX_AIME_ID_LEN];
    ngx_aime_shm_job_t  *job;

    cases_submit(id, 0);
    (void) ngx_aime_job_cancel(cases_zone, id, NGX_AIME_REASON_CLIENT);

    job = cases_job(id);
    ngx_queue_remove(&job->link);
    job->fetched = 0;
    cases_repair();

    return cases_is(ngx_queue_last(&cases_zone->sh->fetched) == &job->link,
                    "a canceled job gives way, even if who canceled it dies");
}


/*
 * One has the lock, and another one sleeps for it.  The first dies after it
 * has counted the other one as woken, and before it has woken it.
 */

static int
cases_lock(void)
{
    int         fds[2];
    ngx_pid_t   pids[2];
    ngx_uint_t  i, told;

    pids[0] = cases_process(cases_give_back_half, &fds[0]);
    told = cases_told(fds[0], CASES_PATIENCE);

    pids[1] = cases_process(cases_want_lock, &fds[1]);
    (void) waitpid(pids[0], NULL, 0);

    if (!told || cases_told(fds[1], 0)) {
        (void) kill(pids[1], SIGKILL);
        return cases_is(0, "one sleeps for the lock");
    }

    for (i = 0; i < CASES_PATIENCE / 10 && !cases_told(fds[1], 10); i++) {
        cases_later(NGX_AIME_WAKE_INTERVAL);
    }

    (void) kill(pids[1], SIGKILL);
    (void) waitpid(pids[1], NULL, 0);

    return cases_is(i < CASES_PATIENCE / 10,
                    "who sleeps for the lock is woken, even if who had it "
                    "dies when it should wake it");
}


static void
cases_give_back_half(int fd)
{
    ngx_shmtx_t  *mutex;

    mutex = &cases_zone->shpool->mutex;

    ngx_aime_shm_lock(cases_zone);
    (void) write(fd, "", 1);

    while (*(volatile ngx_atomic_t *) mutex->wait == 0) {
        ngx_msleep(1);
    }

    ngx_msleep(50);

    (void) ngx_atomic_fetch_add(mutex->wait, -1);
    cases_zone->sh->holder = 0;
    (void) ngx_atomic_cmp_set(mutex->lock, ngx_pid, 0);

    (void) kill(ngx_pid, SIGKILL);
}


static void
cases_want_lock(int fd)
{
    ngx_aime_shm_lock(cases_zone);
    ngx_aime_shm_unlock(cases_zone);

    (void) write(fd, "", 1);
}


/* What no repair mends: two jobs of one id. */

static int
cases_damage(void)
{
    u_char                   one[NGX_AIME_ID_LEN], two[NGX_AIME_ID_LEN];
    ngx_uint_t               i;
    ngx_aime_metrics_zone_t  view;

    cases_submit(one, 0);
    cases_submit(two, 0);
    ngx_memcpy(cases_job(two)->id, one, NGX_AIME_ID_LEN);
    cases_repair();

    for (i = 0; i < 3; i++) {
        ngx_aime_metrics_zone(cases_zone, &view);

        if (!view.damaged) {
            return cases_is(0, "a damaged zone counts as damaged");
        }

        cases_later(NGX_AIME_WAKE_INTERVAL);
    }

    return cases_is(1, "a damaged zone counts as damaged until the restart");
}


/* A process that runs that, and what it has to say. */

static ngx_pid_t
cases_process(void (*run)(int fd), int *fd)
{
    int        fds[2];
    ngx_pid_t  pid;

    if (pipe(fds) == -1) {
        return -1;
    }

    (void) fflush(stdout);

    pid = fork();

    if (pid == 0) {
        ngx_pid = getpid();
        cases_zone->row = NULL;
        cases_begin();

        run(fds[1]);
        _exit(0);
    }

    (void) close(fds[1]);
    *fd = fds[0];

    return pid;
}


static void
cases_begin(void)
{
    ngx_process = NGX_PROCESS_WORKER;

    model_process();
    model_time(cases_now);

    (void) ngx_aime_wake_init_process(cases_zone, (ngx_cycle_t *) ngx_cycle,
                                      &cases_handlers);
    ngx_aime_sweep_start(cases_zone, (ngx_cycle_t *) ngx_cycle);
}


static ngx_uint_t
cases_told(int fd, int timeout)
{
    char           byte;
    struct pollfd  pfd;

    pfd.fd = fd;
    pfd.events = POLLIN;

    return poll(&pfd, 1, timeout) == 1 && read(fd, &byte, 1) == 1;
}


static void
cases_submit(u_char *id, ngx_msec_t grace)
{
    ngx_aime_shm_hold_t  *input;
    ngx_aime_job_spec_t   spec;

    ngx_memzero(&spec, sizeof(spec));

    spec.queue = cases_queue;
    spec.owner = (u_char *) "0123456789abcdef";
    spec.max_queue_length = MODEL_QUEUE_LEN;
    spec.queue_timeout = MODEL_NEVER;
    spec.inactivity_timeout = MODEL_NEVER;
    spec.result_lifetime = MODEL_NEVER;
    spec.max_attempts = 1;
    spec.grace = grace;
    spec.cancel_on_disconnect = 1;

    input = ngx_aime_job_reserve(cases_zone, 0, NGX_AIME_ROOM_INPUT);

    (void) ngx_aime_job_submit(cases_zone, &spec, input, id, 0, NULL);
}


static ngx_aime_shm_job_t *
cases_job(const u_char *id)
{
    ngx_aime_shm_job_t  *job;

    ngx_aime_shm_lock(cases_zone);

    job = ngx_aime_shm_id_find_locked(cases_zone, id);

    ngx_aime_shm_unlock(cases_zone);

    return job;
}


/* As after a process that was killed while it had the lock. */

static void
cases_repair(void)
{
    cases_zone->sh->holder = 1;

    ngx_aime_shm_lock(cases_zone);
    ngx_aime_shm_unlock(cases_zone);
}


static void
cases_later(ngx_msec_t msec)
{
    cases_now += msec;

    model_time(cases_now);
    ngx_event_expire_timers();
}


static int
cases_is(ngx_uint_t good, const char *what)
{
    printf("%sok - %s\n", good ? "" : "not ", what);

    return !good;
}


static void
cases_woken(uint32_t slot)
{
    /* nobody is parked */
}


static void
cases_shutdown(void)
{
    /* nobody quits gracefully here */
}
