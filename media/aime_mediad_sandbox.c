/*
 * The sandbox of a worker, from the outside in: descriptors, identity, limits,
 * then the filter of system calls.  A decoder that a file has taken over can
 * compute, use the memory it has, and answer the connection it is on; no file,
 * no socket, no process is within its reach.
 */

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aime_mediad_log.h"
#include "aime_mediad_sandbox.h"


#define AIME_MEDIAD_MAX_FDS   16


#if defined(__SANITIZE_ADDRESS__)
#define AIME_MEDIAD_ASAN      1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define AIME_MEDIAD_ASAN      1
#endif
#endif

#ifndef AIME_MEDIAD_ASAN
#define AIME_MEDIAD_ASAN      0
#endif


static int aime_mediad_fds(int listen_fd, int keep_stdout);
static int aime_mediad_become(const aime_mediad_options_t *options);
static int aime_mediad_limits(uint64_t memory);
static int aime_mediad_limit(int resource, rlim_t limit, const char *name);
static uint64_t aime_mediad_mapped(void);
static int aime_mediad_filter(void);
static int aime_mediad_rules(scmp_filter_ctx filter);


/* Memory, time, the connection, and the way out. */

static const int  aime_mediad_allowed[] = {

    SCMP_SYS(accept4), SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(recvfrom),
    SCMP_SYS(sendto), SCMP_SYS(close), SCMP_SYS(poll), SCMP_SYS(ppoll),

    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),

    SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(getrandom), SCMP_SYS(futex), SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(getpid), SCMP_SYS(getppid),
    SCMP_SYS(gettid), SCMP_SYS(sysinfo),

    SCMP_SYS(setitimer), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),

#if AIME_MEDIAD_ASAN
    SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigaction), SCMP_SYS(readlink),
    SCMP_SYS(getuid), SCMP_SYS(prctl), SCMP_SYS(getrusage),
#endif
};


/*
 * What no library does by itself: whoever calls these is an intruder, and is
 * ended rather than given another try.
 */

static const int  aime_mediad_deadly[] = {
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(bpf),
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root),
    SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(init_module),
    SCMP_SYS(finit_module), SCMP_SYS(kexec_load), SCMP_SYS(keyctl),
    SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(userfaultfd),
    SCMP_SYS(perf_event_open)
};


int
aime_mediad_sandbox(const aime_mediad_options_t *options, int listen_fd,
    int keep_stdout)
{
    if (aime_mediad_fds(listen_fd, keep_stdout) != 0) {
        aime_mediad_log("cannot arrange descriptors: %s", strerror(errno));
        return -1;
    }

    if (aime_mediad_become(options) != 0
        || aime_mediad_limits(options->memory) != 0)
    {
        return -1;
    }

    /*
     * Without its supervisor a worker would keep the socket, and nobody would
     * replace it: it ends, too.  To become another user forgets that wish.
     */

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
        || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0
        || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
    {
        aime_mediad_log("prctl() failed: %s", strerror(errno));
        return -1;
    }

    return aime_mediad_filter();
}


/* 0 and 1 are kept occupied: a library's printf() must not meet a client. */

static int
aime_mediad_fds(int listen_fd, int keep_stdout)
{
    int  null;

    null = open("/dev/null", O_RDWR);

    if (null == -1 || dup2(null, STDIN_FILENO) == -1
        || (!keep_stdout && dup2(null, STDOUT_FILENO) == -1))
    {
        return -1;
    }

    if (listen_fd == -1) {
        return close_range(AIME_MEDIAD_LISTEN_FD, ~0u, 0);
    }

    if (listen_fd != AIME_MEDIAD_LISTEN_FD
        && dup2(listen_fd, AIME_MEDIAD_LISTEN_FD) == -1)
    {
        return -1;
    }

    return close_range(AIME_MEDIAD_LISTEN_FD + 1, ~0u, 0);
}


static int
aime_mediad_become(const aime_mediad_options_t *options)
{
    if (options->uid
        && (setgroups(0, NULL) != 0
            || setresgid(options->gid, options->gid, options->gid) != 0
            || setresuid(options->uid, options->uid, options->uid) != 0))
    {
        aime_mediad_log("cannot become user %u: %s",
                        (unsigned int) options->uid, strerror(errno));
        return -1;
    }

    if (getuid() == 0 || geteuid() == 0 || setuid(0) == 0) {
        aime_mediad_log("still root: a worker does not run like that");
        return -1;
    }

    return 0;
}


static int
aime_mediad_limits(uint64_t memory)
{
    struct stat  st;

    /* AddressSanitizer maps terabytes, and does not use them */

    if (!AIME_MEDIAD_ASAN
        && aime_mediad_limit(RLIMIT_AS, memory + aime_mediad_mapped(), "AS"))
    {
        return -1;
    }

    /* a log in a file may grow: no other file can be opened anyhow */

    if ((fstat(STDERR_FILENO, &st) != 0 || !S_ISREG(st.st_mode))
        && aime_mediad_limit(RLIMIT_FSIZE, 0, "FSIZE"))
    {
        return -1;
    }

    if (aime_mediad_limit(RLIMIT_NOFILE, AIME_MEDIAD_MAX_FDS, "NOFILE")
        || aime_mediad_limit(RLIMIT_CORE, 0, "CORE")
        || aime_mediad_limit(RLIMIT_NPROC, 0, "NPROC")
        || aime_mediad_limit(RLIMIT_MSGQUEUE, 0, "MSGQUEUE")
        || aime_mediad_limit(RLIMIT_MEMLOCK, 0, "MEMLOCK"))
    {
        return -1;
    }

    return 0;
}


static int
aime_mediad_limit(int resource, rlim_t limit, const char *name)
{
    struct rlimit  rlim;

    rlim.rlim_cur = limit;
    rlim.rlim_max = limit;

    if (setrlimit(resource, &rlim) != 0) {
        aime_mediad_log("setrlimit(%s) failed: %s", name, strerror(errno));
        return -1;
    }

    return 0;
}


/* What the libraries have mapped already is not charged to the worker. */

static uint64_t
aime_mediad_mapped(void)
{
    FILE                *file;
    unsigned long long   pages;

    pages = 0;
    file = fopen("/proc/self/statm", "r");

    if (file) {

        if (fscanf(file, "%llu", &pages) != 1) {
            pages = 0;
        }

        fclose(file);
    }

    if (pages == 0) {
        return 512ull << 20;
    }

    return pages * (uint64_t) sysconf(_SC_PAGESIZE);
}


/*
 * All that is not listed fails with EPERM: libraries look for files (/proc,
 * /sys, their configuration), start threads, or ask a descriptor whether it is
 * a terminal, and do without.  Ending the process for that would turn the next
 * version of a library into an outage.
 */

static int
aime_mediad_filter(void)
{
    int              rc;
    scmp_filter_ctx  filter;

    filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (filter == NULL) {
        aime_mediad_log("seccomp_init() failed");
        return -1;
    }

    /* a call by another architecture's numbers is nobody's right */

    rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
                          SCMP_ACT_KILL_PROCESS);

    if (rc == 0) {
        rc = aime_mediad_rules(filter);
    }

    if (rc == 0) {
        rc = seccomp_load(filter);
    }

    seccomp_release(filter);

    if (rc != 0) {
        aime_mediad_log("cannot install the filter of system calls: %s",
                        strerror(-rc));
        return -1;
    }

    return 0;
}


static int
aime_mediad_rules(scmp_filter_ctx filter)
{
    int     rc;
    size_t  i;

    rc = 0;

    for (i = 0; rc == 0 && i < sizeof(aime_mediad_allowed) / sizeof(int); i++) {
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, aime_mediad_allowed[i],
                              0);
    }

    for (i = 0; rc == 0 && i < sizeof(aime_mediad_deadly) / sizeof(int); i++) {
        rc = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS,
                              aime_mediad_deadly[i], 0);
    }

    /* no memory that could be written and then run */

    if (rc == 0) {
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                              SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS,
                                      MAP_ANONYMOUS));
    }

    if (rc == 0) {
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    }

    /* abort() */

    if (rc == 0) {
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                              SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t) getpid()));
    }

    return rc;
}
