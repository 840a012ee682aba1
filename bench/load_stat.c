/*
 * The figures: a histogram of durations, what /proc says of nginx's worker
 * processes, and errors.
 */

#define _GNU_SOURCE

#include <ctype.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "load.h"


uint64_t  errors;
int       procs[MAX_PROCS], nprocs;


/* 64 slots in each power of two: 0.8 % off at most */

void
hist_add(hist_t *h, uint64_t ns)
{
    unsigned  shift;

    shift = ns < 128 ? 0 : 64 - __builtin_clzll(ns) - 7;
    h->slot[shift * 64 + (ns >> shift)]++;
    h->count++;

    if (ns > h->max) {
        h->max = ns;
    }
}


/* The duration that this part of all does not exceed; 1 for the longest */

double
hist_ms(const hist_t *h, double part)
{
    uint64_t  seen, want;
    unsigned  i, shift;

    if (h->count == 0) {
        return 0;
    }

    if (part >= 1) {
        return h->max / 1e6;
    }

    want = (uint64_t) (part * h->count);
    seen = 0;

    for (i = 0; i < sizeof(h->slot) / sizeof(h->slot[0]); i++) {
        seen += h->slot[i];

        if (seen > want) {
            break;
        }
    }

    shift = i < 128 ? 0 : i / 64 - 1;

    return (((double) (i - shift * 64) + 0.5) * (1ull << shift)) / 1e6;
}


static int
read_file(const char *path, char *buf, size_t size)
{
    FILE    *in;
    size_t   n;

    in = fopen(path, "r");

    if (in == NULL) {
        return 0;
    }

    n = fread(buf, 1, size - 1, in);
    buf[n] = '\0';
    fclose(in);

    return n > 0;
}


/* utime and stime in ns, and the parent, from /proc/PID/stat */

static int
read_stat(int pid, uint64_t *utime, uint64_t *stime, int *parent)
{
    char                 path[64], buf[1024], *p;
    unsigned long long   user, sys;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);

    if (!read_file(path, buf, sizeof(buf))) {
        return 0;
    }

    p = strrchr(buf, ')');

    if (p == NULL
        || sscanf(p + 2, "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
                  parent, &user, &sys) != 3)
    {
        return 0;
    }

    *utime = user * (1000000000ull / sysconf(_SC_CLK_TCK));
    *stime = sys * (1000000000ull / sysconf(_SC_CLK_TCK));

    return 1;
}


/* The children of nginx's master process; their number */

int
stat_procs(int master, int *pids)
{
    int             n, pid, parent;
    DIR            *dir;
    uint64_t        utime, stime;
    struct dirent  *entry;

    n = 0;
    dir = opendir("/proc");

    if (dir == NULL) {
        return 0;
    }

    while (n < MAX_PROCS && (entry = readdir(dir)) != NULL) {
        if (!isdigit((unsigned char) entry->d_name[0])) {
            continue;
        }

        pid = atoi(entry->d_name);

        if (read_stat(pid, &utime, &stime, &parent) && parent == master) {
            pids[n++] = pid;
        }
    }

    closedir(dir);

    return n;
}


static uint64_t
memory(const char *status, const char *field)
{
    const char  *p;

    p = strstr(status, field);

    return p ? strtoull(p + strlen(field), NULL, 10) * 1024 : 0;
}


/*
 * The processor time is the scheduler's own sum where the kernel tells it, in
 * ns, and utime + stime, in ticks of 10 ms, elsewhere.
 */

void
stat_moment(moment_t *m)
{
    int                  i, parent;
    char                 path[64], buf[4096];
    uint64_t             utime, stime;
    struct timespec      ts;
    unsigned long long   ran, waited;

    memset(m, 0, sizeof(*m));

    for (i = 0; i < nprocs; i++) {
        if (!read_stat(procs[i], &utime, &stime, &parent)) {
            fail("the nginx process %d is gone", procs[i]);
            continue;
        }

        m->user += utime;
        snprintf(path, sizeof(path), "/proc/%d/schedstat", procs[i]);

        if (read_file(path, buf, sizeof(buf))
            && sscanf(buf, "%llu %llu", &ran, &waited) == 2 && ran > 0)
        {
            m->cpu += ran;
            m->starved += waited;

        } else {
            m->cpu += utime + stime;
        }

        snprintf(path, sizeof(path), "/proc/%d/status", procs[i]);

        if (read_file(path, buf, sizeof(buf))) {
            m->anon += memory(buf, "RssAnon:");
            m->shmem += memory(buf, "RssShmem:");
        }
    }

    if (read_file("/proc/self/schedstat", buf, sizeof(buf))
        && sscanf(buf, "%llu %llu", &ran, &waited) == 2)
    {
        m->self_starved = waited;
    }

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    m->self = ts.tv_sec * 1000000000ull + ts.tv_nsec;
    m->wall = now();
}


/* An error of the server: counted, the first few are told */

void
fail(const char *fmt, ...)
{
    va_list  args;

    if (errors++ >= 10) {
        return;
    }

    fputs("error: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
}


void
die(const char *fmt, ...)
{
    va_list  args;

    fputs("aime-load: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    exit(2);
}
