/*
 * The worker: waits for connections and has each of them served.
 */

#define _GNU_SOURCE

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "aime_mediad_log.h"
#include "aime_mediad_sandbox.h"
#include "aime_mediad_serve.h"
#include "aime_mediad_worker.h"


/* conversions after which a worker makes way for a new one, against leaks */
#define AIME_MEDIAD_CONVERSIONS   1000

/*
 * Pictures are taken from the heap, and so much of it is kept for the next
 * one: pages that come anew from the kernel cost more than scaling does.
 */
#define AIME_MEDIAD_HEAP_PIECE    (32 << 20)
#define AIME_MEDIAD_HEAP_KEPT     (64 << 20)


static int aime_mediad_wait(int listen_fd);
static void aime_mediad_quit(int signo);


static volatile sig_atomic_t  aime_mediad_quitting;


int
aime_mediad_worker(const aime_mediad_options_t *options, int listen_fd,
    pid_t master)
{
    int               fd;
    unsigned int      n;
    struct sigaction  action;

    memset(&action, 0, sizeof(action));

    /* without SA_RESTART: a wait for connections ends */

    action.sa_handler = aime_mediad_quit;
    (void) sigaction(SIGQUIT, &action, NULL);

    action.sa_handler = aime_mediad_serve_overdue;
    (void) sigaction(SIGPROF, &action, NULL);

    /* a terminal's interrupt is the master's business */

    (void) signal(SIGINT, SIG_IGN);

    (void) mallopt(M_MMAP_THRESHOLD, AIME_MEDIAD_HEAP_PIECE);
    (void) mallopt(M_TRIM_THRESHOLD, AIME_MEDIAD_HEAP_KEPT);

    if (aime_mediad_sandbox(options, listen_fd, 0) != 0) {
        return 1;
    }

    /* it may have ended before the sandbox ties the worker to it */

    if (getppid() != master) {
        return 0;
    }

    for (n = 0; n < AIME_MEDIAD_CONVERSIONS; /* void */ ) {

        if (aime_mediad_wait(AIME_MEDIAD_LISTEN_FD) != 0) {
            break;
        }

        fd = accept4(AIME_MEDIAD_LISTEN_FD, NULL, NULL,
                     SOCK_CLOEXEC|SOCK_NONBLOCK);

        if (fd == -1) {

            if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
                aime_mediad_log("accept() failed: %s", strerror(errno));
                return 1;
            }

            continue;
        }

        aime_mediad_serve(options, fd);
        (void) close(fd);
        n++;
    }

    return 0;
}


/* The signal is let in only while it waits: none gets lost in between. */

static int
aime_mediad_wait(int listen_fd)
{
    int            rc;
    sigset_t       quit, before;
    struct pollfd  pfd;

    pfd.fd = listen_fd;
    pfd.events = POLLIN;

    sigemptyset(&quit);
    sigaddset(&quit, SIGQUIT);

    (void) sigprocmask(SIG_BLOCK, &quit, &before);

    rc = aime_mediad_quitting ? -1 : ppoll(&pfd, 1, NULL, &before);

    (void) sigprocmask(SIG_SETMASK, &before, NULL);

    return (rc == -1 && aime_mediad_quitting) ? -1 : 0;
}


static void
aime_mediad_quit(int signo)
{
    (void) signo;

    aime_mediad_quitting = 1;
}
