/*
 * The supervisor: binds the socket, forks the workers, replaces those that
 * end.  It is the only process that may be root, so it reads nothing from
 * anybody.
 */

#define _GNU_SOURCE

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "aime_mediad_codec.h"
#include "aime_mediad_log.h"
#include "aime_mediad_master.h"
#include "aime_mediad_worker.h"


#define AIME_MEDIAD_BACKLOG      511

/* how often, and after how many milliseconds, a socket is looked at again */
#define AIME_MEDIAD_VACATE_TRIES  10
#define AIME_MEDIAD_VACATE_PAUSE  50

/*
 * A worker that ends sooner than this many seconds after its start is replaced
 * at once a few times, then later and later: a damper, in milliseconds.
 */
#define AIME_MEDIAD_YOUNG        2
#define AIME_MEDIAD_FREE_STARTS  4
#define AIME_MEDIAD_FIRST_DELAY  100
#define AIME_MEDIAD_LAST_DELAY   5000


typedef struct {
    pid_t                 pid;          /* 0: there is none */
    double                started;
    double                due;          /* when to start the next */
    unsigned int          young;        /* that ended young, in a row */
} aime_mediad_slot_t;


static int aime_mediad_listen(const aime_mediad_options_t *options);
static int aime_mediad_vacate(const struct sockaddr_un *addr);
static int aime_mediad_taken(const struct sockaddr_un *addr);
static int aime_mediad_pidfile(const char *path);
static void aime_mediad_watch(const aime_mediad_options_t *options,
    aime_mediad_slot_t *slots, int fd);
static void aime_mediad_start(const aime_mediad_options_t *options,
    aime_mediad_slot_t *slot, int fd, double now);
static void aime_mediad_reap(const aime_mediad_options_t *options,
    aime_mediad_slot_t *slots, double now);
static void aime_mediad_reaped(aime_mediad_slot_t *slot, int status,
    double now);
static void aime_mediad_end(const aime_mediad_options_t *options,
    aime_mediad_slot_t *slots, int signo);
static double aime_mediad_now(void);


static sigset_t  aime_mediad_signals;


int
aime_mediad_master(const aime_mediad_options_t *options)
{
    int                  fd, rc;
    aime_mediad_slot_t  *slots;

    sigemptyset(&aime_mediad_signals);
    sigaddset(&aime_mediad_signals, SIGCHLD);
    sigaddset(&aime_mediad_signals, SIGTERM);
    sigaddset(&aime_mediad_signals, SIGINT);
    sigaddset(&aime_mediad_signals, SIGQUIT);

    (void) sigprocmask(SIG_BLOCK, &aime_mediad_signals, NULL);
    (void) signal(SIGPIPE, SIG_IGN);

    fd = aime_mediad_listen(options);
    if (fd == -1) {
        return 1;
    }

    if (options->pidfile && aime_mediad_pidfile(options->pidfile) != 0) {
        (void) unlink(options->socket);
        return 1;
    }

    /* what the libraries look up once, while they still can */

    aime_mediad_codec_init(options->memory);

    aime_mediad_log("listening on %s, %u workers", options->socket,
                    options->workers);

    slots = calloc(options->workers, sizeof(aime_mediad_slot_t));
    rc = slots ? 0 : 1;

    if (slots) {
        aime_mediad_watch(options, slots, fd);
    }

    (void) unlink(options->socket);

    if (options->pidfile) {
        (void) unlink(options->pidfile);
    }

    free(slots);

    return rc;
}


static int
aime_mediad_listen(const aime_mediad_options_t *options)
{
    int                  fd;
    mode_t               mask;
    struct sockaddr_un   addr;

    memset(&addr, 0, sizeof(addr));
    addr.sun_family = AF_UNIX;

    if (strlen(options->socket) >= sizeof(addr.sun_path)) {
        aime_mediad_log("%s: longer than the path of a socket may be",
                        options->socket);
        return -1;
    }

    strcpy(addr.sun_path, options->socket);

    if (aime_mediad_vacate(&addr) != 0) {
        return -1;
    }

    /* not blocking: who loses the race for a connection waits again */

    fd = socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0);

    if (fd == -1) {
        aime_mediad_log("socket() failed: %s", strerror(errno));
        return -1;
    }

    mask = umask(0777 & ~options->mode);

    if (bind(fd, (struct sockaddr *) &addr, sizeof(addr)) != 0
        || listen(fd, AIME_MEDIAD_BACKLOG) != 0)
    {
        aime_mediad_log("cannot listen on %s: %s", options->socket,
                        strerror(errno));
        (void) close(fd);
        fd = -1;
    }

    (void) umask(mask);

    if (fd != -1 && options->uid
        && chown(options->socket, options->uid, options->gid) != 0)
    {
        aime_mediad_log("chown(%s) failed: %s", options->socket,
                        strerror(errno));
    }

    return fd;
}


/* Takes a socket away that nobody listens on any more, and nothing else. */

static int
aime_mediad_vacate(const struct sockaddr_un *addr)
{
    int          tries;
    struct stat  st;

    /*
     * Workers of a supervisor that was killed need a moment to follow it, and
     * one that ends takes its socket away itself.
     */

    for (tries = 0; /* void */ ; tries++) {

        if (lstat(addr->sun_path, &st) != 0) {
            return 0;
        }

        if (!S_ISSOCK(st.st_mode)) {
            aime_mediad_log("%s is there and is no socket", addr->sun_path);
            return -1;
        }

        if (!aime_mediad_taken(addr)) {
            break;
        }

        if (tries == AIME_MEDIAD_VACATE_TRIES) {
            aime_mediad_log("%s: another process listens there",
                            addr->sun_path);
            return -1;
        }

        (void) usleep(AIME_MEDIAD_VACATE_PAUSE * 1000);
    }

    if (unlink(addr->sun_path) != 0 && errno != ENOENT) {
        aime_mediad_log("unlink(%s) failed: %s", addr->sun_path,
                        strerror(errno));
        return -1;
    }

    return 0;
}


/* Does anybody listen there?  If it cannot be told, somebody does. */

static int
aime_mediad_taken(const struct sockaddr_un *addr)
{
    int  fd, rc, err;

    fd = socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0);

    if (fd == -1) {
        return 1;
    }

    rc = connect(fd, (const struct sockaddr *) addr, sizeof(*addr));
    err = errno;

    (void) close(fd);

    return rc == 0 || err != ECONNREFUSED;
}


static int
aime_mediad_pidfile(const char *path)
{
    FILE  *file;

    file = fopen(path, "we");

    if (file == NULL || fprintf(file, "%d\n", (int) getpid()) < 0
        || fflush(file) != 0)
    {
        aime_mediad_log("cannot write %s: %s", path, strerror(errno));

        if (file) {
            fclose(file);
        }

        return -1;
    }

    return fclose(file);
}


static void
aime_mediad_watch(const aime_mediad_options_t *options,
    aime_mediad_slot_t *slots, int fd)
{
    int              signo;
    double           now, wait;
    unsigned int     i;
    struct timespec  timeout;

    for ( ;; ) {
        now = aime_mediad_now();
        wait = 3600;

        for (i = 0; i < options->workers; i++) {

            if (slots[i].pid == 0 && slots[i].due <= now) {
                aime_mediad_start(options, &slots[i], fd, now);
            }

            if (slots[i].pid == 0 && slots[i].due - now < wait) {
                wait = slots[i].due > now ? slots[i].due - now : 0.001;
            }
        }

        timeout.tv_sec = (time_t) wait;
        timeout.tv_nsec = (long) ((wait - timeout.tv_sec) * 1e9);

        signo = sigtimedwait(&aime_mediad_signals, NULL, &timeout);

        /* whatever woke it: signals of one kind do not queue */

        aime_mediad_reap(options, slots, aime_mediad_now());

        if (signo == SIGTERM || signo == SIGINT || signo == SIGQUIT) {
            (void) close(fd);
            aime_mediad_end(options, slots, signo);
            return;
        }
    }
}


static void
aime_mediad_start(const aime_mediad_options_t *options,
    aime_mediad_slot_t *slot, int fd, double now)
{
    pid_t  pid, master;

    master = getpid();
    pid = fork();

    if (pid == -1) {
        aime_mediad_log("fork() failed: %s", strerror(errno));
        slot->due = now + AIME_MEDIAD_LAST_DELAY / 1000.0;
        return;
    }

    if (pid == 0) {
        (void) signal(SIGTERM, SIG_DFL);
        (void) sigprocmask(SIG_UNBLOCK, &aime_mediad_signals, NULL);

        _exit(aime_mediad_worker(options, fd, master));
    }

    slot->pid = pid;
    slot->started = now;
}


static void
aime_mediad_reap(const aime_mediad_options_t *options,
    aime_mediad_slot_t *slots, double now)
{
    int           status;
    pid_t         pid;
    unsigned int  i;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {

        for (i = 0; i < options->workers; i++) {
            if (slots[i].pid == pid) {
                aime_mediad_reaped(&slots[i], status, now);
            }
        }
    }
}


static void
aime_mediad_reaped(aime_mediad_slot_t *slot, int status, double now)
{
    int     shift;
    double  delay;

    if (WIFSIGNALED(status)) {
        aime_mediad_log("worker %d was ended by signal %d (%s)",
                        (int) slot->pid, WTERMSIG(status),
                        strsignal(WTERMSIG(status)));

    } else if (WEXITSTATUS(status) != 0) {
        aime_mediad_log("worker %d exited with %d", (int) slot->pid,
                        WEXITSTATUS(status));
    }

    slot->pid = 0;
    slot->due = now;

    if ((WIFEXITED(status) && WEXITSTATUS(status) == 0)
        || now - slot->started >= AIME_MEDIAD_YOUNG)
    {
        slot->young = 0;
        return;
    }

    if (++slot->young < AIME_MEDIAD_FREE_STARTS) {
        return;
    }

    shift = slot->young - AIME_MEDIAD_FREE_STARTS;
    delay = AIME_MEDIAD_FIRST_DELAY * (double) (1 << (shift > 8 ? 8 : shift));

    if (delay > AIME_MEDIAD_LAST_DELAY) {
        delay = AIME_MEDIAD_LAST_DELAY;
    }

    slot->due = now + delay / 1000;
}


static void
aime_mediad_end(const aime_mediad_options_t *options,
    aime_mediad_slot_t *slots, int signo)
{
    int           quick;
    unsigned int  i;

    aime_mediad_log("ending%s", signo == SIGQUIT ? " gracefully" : "");

    for (i = 0; i < options->workers; i++) {
        if (slots[i].pid) {
            (void) kill(slots[i].pid, signo == SIGQUIT ? SIGQUIT : SIGKILL);
        }
    }

    for (i = 0; i < options->workers; /* void */ ) {

        if (slots[i].pid == 0
            || waitpid(slots[i].pid, NULL, WNOHANG) != 0)
        {
            slots[i++].pid = 0;
            continue;
        }

        /* who is told twice does not wait for the conversions */

        quick = sigwaitinfo(&aime_mediad_signals, NULL);

        if (quick == SIGTERM || quick == SIGINT) {
            for (unsigned int k = i; k < options->workers; k++) {
                if (slots[k].pid) {
                    (void) kill(slots[k].pid, SIGKILL);
                }
            }
        }
    }
}


static double
aime_mediad_now(void)
{
    struct timespec  now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    return now.tv_sec + now.tv_nsec * 1e-9;
}
