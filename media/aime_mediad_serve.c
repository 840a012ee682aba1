/*
 * One connection: greets, reads a request, has it converted, answers.  Every
 * wait has an end, every length a bound.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <libavutil/mem.h>

#include "aime_media_data.h"
#include "aime_mediad_ask.h"
#include "aime_mediad_job.h"
#include "aime_mediad_log.h"
#include "aime_mediad_serve.h"


/* seconds between two bytes, and for a whole message */
#define AIME_MEDIAD_BYTE_WAIT     10
#define AIME_MEDIAD_TOTAL_WAIT    60

#define AIME_MEDIAD_SKIP_BUF      65536

/* CPU seconds beyond the limit after which a conversion is cut off */
#define AIME_MEDIAD_GRACE         0.5

#define AIME_MEDIAD_MAX_TYPE      64


static int aime_mediad_request(aime_mediad_job_t *job, int fd,
    aime_media_request_t *request, double deadline);
static int aime_mediad_body(aime_mediad_job_t *job, int fd, uint64_t len,
    double deadline);
static void aime_mediad_skip(int fd, uint64_t len, double deadline);
static void aime_mediad_answer(aime_mediad_job_t *job, int fd);
static unsigned char *aime_mediad_url(aime_mediad_job_t *job, size_t *len);
static int aime_mediad_ready(int fd, int events, double deadline);
static int aime_mediad_recv(int fd, void *buf, size_t len, double deadline);
static int aime_mediad_send(int fd, const void *buf, size_t len,
    double deadline);
static void aime_mediad_arm(const aime_mediad_options_t *options, int fd);
static void aime_mediad_disarm(void);
static double aime_mediad_clock(void);


/* what the handler of the timer sends; fd -1: too late, or too early */

static struct {
    volatile sig_atomic_t  fd;
    size_t                 len;
    char                   text[sizeof(aime_media_answer_t) + 128];
} aime_mediad_overdue = { -1, 0, "" };


void
aime_mediad_serve(const aime_mediad_options_t *options, int fd)
{
    double                deadline;
    aime_mediad_job_t     job;
    aime_media_request_t  request;

    aime_mediad_job_init(&job);

    job.max_cpu = options->max_cpu;
    deadline = aime_mediad_clock() + AIME_MEDIAD_TOTAL_WAIT;

    if (aime_mediad_send(fd, AIME_MEDIA_GREETING, AIME_MEDIA_GREETING_LEN,
                         deadline) != 0
        || aime_mediad_request(&job, fd, &request, deadline) != 0)
    {
        goto done;
    }

    job.started = aime_mediad_cpu();
    aime_mediad_arm(options, fd);

    if (job.status == AIME_MEDIA_UNCHANGED) {
        aime_mediad_ask(&job);
    }

    /* from here on the worker itself answers */

    aime_mediad_disarm();
    aime_mediad_answer(&job, fd);

    if (job.status == AIME_MEDIA_FAILED) {
        aime_mediad_log("failed: %.200s", job.text);
    }

done:

    av_free(job.out);
    free(job.data);
    aime_mediad_job_free(&job);
}


/* -1: nothing to answer, be it that the other side left or talks nonsense */

static int
aime_mediad_request(aime_mediad_job_t *job, int fd,
    aime_media_request_t *request, double deadline)
{
    int    rc;
    char  *ask;

    if (aime_mediad_recv(fd, request, sizeof(aime_media_request_t), deadline)
        != 0)
    {
        return -1;
    }

    if (request->magic != AIME_MEDIA_MAGIC
        || request->ask_len > AIME_MEDIA_MAX_ASK)
    {
        aime_mediad_log("closed a connection that asked for nothing known");
        return -1;
    }

    ask = malloc(request->ask_len + 1);

    if (ask == NULL
        || aime_mediad_recv(fd, ask, request->ask_len, deadline) != 0)
    {
        free(ask);
        return -1;
    }

    ask[request->ask_len] = '\0';

    rc = aime_mediad_ask_parse(job, ask, request->ask_len);

    free(ask);

    /* the answer is read by those who have written all of their request */

    if (rc != AIME_MEDIAD_OK) {
        aime_mediad_skip(fd, request->body_len, deadline);
        return 0;
    }

    return aime_mediad_body(job, fd, request->body_len, deadline);
}


static int
aime_mediad_body(aime_mediad_job_t *job, int fd, uint64_t len,
    double deadline)
{
    size_t      offset;
    aime_str_t  text;

    if (len / 4 > job->max_size / 3 + 1) {
        aime_mediad_skip(fd, len, deadline);
        (void) aime_mediad_refuse(job, "has %llu bytes, more than the maximum "
                                  "of %llu",
                                  (unsigned long long) (len / 4 * 3),
                                  (unsigned long long) job->max_size);
        return 0;
    }

    job->data = malloc(len + AIME_MEDIAD_PADDING);

    if (job->data == NULL) {
        aime_mediad_skip(fd, len, deadline);
        (void) aime_mediad_fail(job, "no memory for %llu bytes of media",
                                (unsigned long long) len);
        return 0;
    }

    if (aime_mediad_recv(fd, job->data, len, deadline) != 0) {
        return -1;
    }

    text.data = job->data;
    text.len = len;

    if (aime_media_base64_check(text, &offset) != AIME_OK) {
        (void) aime_mediad_refuse(job, "is no valid base64, at byte %zu of it",
                                  offset);
        return 0;
    }

    job->len = aime_media_base64_decode(job->data, text) - job->data;
    memset(job->data + job->len, 0, AIME_MEDIAD_PADDING);

    if (job->len > job->max_size) {
        (void) aime_mediad_refuse(job, "has %zu bytes, more than the maximum "
                                  "of %llu", job->len,
                                  (unsigned long long) job->max_size);
    }

    return 0;
}


static void
aime_mediad_skip(int fd, uint64_t len, double deadline)
{
    size_t  n;
    char    buf[AIME_MEDIAD_SKIP_BUF];

    while (len) {
        n = len < sizeof(buf) ? len : sizeof(buf);

        if (aime_mediad_recv(fd, buf, n, deadline) != 0) {
            return;
        }

        len -= n;
    }
}


static void
aime_mediad_answer(aime_mediad_job_t *job, int fd)
{
    size_t                len;
    double                deadline;
    const void           *bytes;
    unsigned char        *url;
    aime_media_answer_t   answer;

    url = NULL;
    len = 0;

    if (job->status == AIME_MEDIA_CONVERTED) {
        url = aime_mediad_url(job, &len);

        if (url == NULL) {
            (void) aime_mediad_fail(job, "no memory for %zu converted bytes",
                                    job->out_len);
        }
    }

    bytes = url;

    if (job->status == AIME_MEDIA_REFUSED || job->status == AIME_MEDIA_FAILED) {
        bytes = job->text;
        len = job->text_len;
    }

    memset(&answer, 0, sizeof(answer));
    answer.magic = AIME_MEDIA_MAGIC;
    answer.status = job->status;
    answer.len = len;

    deadline = aime_mediad_clock() + AIME_MEDIAD_TOTAL_WAIT;

    if (aime_mediad_send(fd, &answer, sizeof(answer), deadline) == 0) {
        (void) aime_mediad_send(fd, bytes, len, deadline);
    }

    free(url);
}


/* The JSON string; nothing in it needs an escape. */

static unsigned char *
aime_mediad_url(aime_mediad_job_t *job, size_t *len)
{
    int             n;
    char            head[AIME_MEDIAD_MAX_TYPE];
    aime_str_t      data;
    unsigned char  *url, *p;

    n = snprintf(head, sizeof(head), "\"data:%s/%s;base64,",
                 aime_media_kind_name(job->rules.kind),
                 aime_media_format_name(job->out_format));

    url = malloc(n + aime_media_base64_encoded_len(job->out_len) + 1);
    if (url == NULL) {
        return NULL;
    }

    data.data = job->out;
    data.len = job->out_len;

    memcpy(url, head, n);
    p = aime_media_base64_encode(url + n, data);
    *p++ = '"';

    *len = p - url;

    return url;
}


/* Waits until it can go on; -1: the time is up. */

static int
aime_mediad_ready(int fd, int events, double deadline)
{
    int            rc;
    double         left;
    struct pollfd  pfd;

    left = deadline - aime_mediad_clock();

    if (left > AIME_MEDIAD_BYTE_WAIT) {
        left = AIME_MEDIAD_BYTE_WAIT;
    }

    if (left <= 0) {
        return -1;
    }

    pfd.fd = fd;
    pfd.events = events;

    rc = poll(&pfd, 1, (int) (left * 1000) + 1);

    return (rc > 0 || (rc == -1 && errno == EINTR)) ? 0 : -1;
}


static int
aime_mediad_recv(int fd, void *buf, size_t len, double deadline)
{
    ssize_t         n;
    unsigned char  *p;

    for (p = buf; len; /* void */ ) {
        n = recv(fd, p, len, 0);

        if (n > 0) {
            p += n;
            len -= n;
            continue;
        }

        if (n == 0) {
            return -1;
        }

        if ((errno != EAGAIN && errno != EINTR)
            || aime_mediad_ready(fd, POLLIN, deadline) != 0)
        {
            return -1;
        }
    }

    return 0;
}


static int
aime_mediad_send(int fd, const void *buf, size_t len, double deadline)
{
    ssize_t               n;
    const unsigned char  *p;

    for (p = buf; len; /* void */ ) {
        n = send(fd, p, len, MSG_NOSIGNAL);

        if (n > 0) {
            p += n;
            len -= n;
            continue;
        }

        if ((errno != EAGAIN && errno != EINTR)
            || aime_mediad_ready(fd, POLLOUT, deadline) != 0)
        {
            return -1;
        }
    }

    return 0;
}


/*
 * Decoders look at the clock between frames; one that is lost within a frame
 * is ended by the timer, whose handler sends the same refusal first.
 */

static void
aime_mediad_arm(const aime_mediad_options_t *options, int fd)
{
    double                seconds;
    size_t                n;
    aime_media_answer_t   answer;
    struct itimerval      timer;

    n = sizeof(answer);

    memset(&answer, 0, sizeof(answer));
    answer.magic = AIME_MEDIA_MAGIC;
    answer.status = AIME_MEDIA_REFUSED;
    answer.len = aime_mediad_overtime_text(options->max_cpu,
                     aime_mediad_overdue.text + n,
                     sizeof(aime_mediad_overdue.text) - n);

    memcpy(aime_mediad_overdue.text, &answer, n);
    aime_mediad_overdue.len = n + answer.len;
    aime_mediad_overdue.fd = fd;

    seconds = options->max_cpu + AIME_MEDIAD_GRACE;

    memset(&timer, 0, sizeof(timer));
    timer.it_value.tv_sec = (time_t) seconds;
    timer.it_value.tv_usec = (suseconds_t)
                             ((seconds - timer.it_value.tv_sec) * 1e6);

    (void) setitimer(ITIMER_PROF, &timer, NULL);
}


static void
aime_mediad_disarm(void)
{
    struct itimerval  timer;

    aime_mediad_overdue.fd = -1;

    memset(&timer, 0, sizeof(timer));
    (void) setitimer(ITIMER_PROF, &timer, NULL);
}


void
aime_mediad_serve_overdue(int signo)
{
    (void) signo;

    if (aime_mediad_overdue.fd == -1) {
        return;
    }

    (void) send(aime_mediad_overdue.fd, aime_mediad_overdue.text,
                aime_mediad_overdue.len, MSG_NOSIGNAL);

    _exit(3);
}


static double
aime_mediad_clock(void)
{
    struct timespec  now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    return now.tv_sec + now.tv_nsec * 1e-9;
}
