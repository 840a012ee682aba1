/*
 * The proof of the sandbox: every try has a process of its own, for some of
 * them end it.  A try that fails for any other reason than the filter counts as
 * one that was allowed.
 */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aime_mediad_check.h"
#include "aime_mediad_sandbox.h"


#define AIME_MEDIAD_READ_PATH    "/etc/passwd"
#define AIME_MEDIAD_WRITE_PATH   "/tmp/aime-mediad-check"

/* exit status of a try that worked, and of one that could not be made */
#define AIME_MEDIAD_ALLOWED      200
#define AIME_MEDIAD_NO_SANDBOX   201


typedef struct {
    const char           *name;
    int                 (*attempt)(void);
} aime_mediad_attempt_t;


static int aime_mediad_try(const aime_mediad_options_t *options,
    const aime_mediad_attempt_t *attempt, int *refused);
static int aime_mediad_try_read(void);
static int aime_mediad_try_write(void);
static int aime_mediad_try_list(void);
static int aime_mediad_try_unlink(void);
static int aime_mediad_try_socket(void);
static int aime_mediad_try_connect(void);
static int aime_mediad_try_execve(void);
static int aime_mediad_try_fork(void);
static int aime_mediad_try_kill(void);
static int aime_mediad_try_ptrace(void);
static int aime_mediad_try_mmap(void);
static int aime_mediad_try_mprotect(void);
static int aime_mediad_try_setuid(void);


/* made before the sandbox, as a leak of a descriptor would give it */
static int  aime_mediad_leaked = -1;


static const aime_mediad_attempt_t  aime_mediad_attempts[] = {
    { "open " AIME_MEDIAD_READ_PATH " for reading",  aime_mediad_try_read },
    { "open " AIME_MEDIAD_WRITE_PATH " for writing", aime_mediad_try_write },
    { "open / to list it",       aime_mediad_try_list },
    { "unlink a file",           aime_mediad_try_unlink },
    { "socket",                  aime_mediad_try_socket },
    { "connect",                 aime_mediad_try_connect },
    { "execve",                  aime_mediad_try_execve },
    { "fork",                    aime_mediad_try_fork },
    { "kill the parent",         aime_mediad_try_kill },
    { "ptrace",                  aime_mediad_try_ptrace },
    { "mmap PROT_EXEC",          aime_mediad_try_mmap },
    { "mprotect PROT_EXEC",      aime_mediad_try_mprotect },
    { "setuid 0",                aime_mediad_try_setuid },
    { NULL, NULL }
};


int
aime_mediad_check(const aime_mediad_options_t *options)
{
    int                           refused, all;
    const aime_mediad_attempt_t  *attempt;

    all = 1;

    for (attempt = aime_mediad_attempts; attempt->name; attempt++) {

        if (aime_mediad_try(options, attempt, &refused) != 0) {
            return 1;
        }

        all &= refused;
    }

    return all ? 0 : 1;
}


static int
aime_mediad_try(const aime_mediad_options_t *options,
    const aime_mediad_attempt_t *attempt, int *refused)
{
    int    status, error;
    pid_t  pid;

    fflush(stdout);

    pid = fork();

    if (pid == 0) {

        if (aime_mediad_sandbox(options, -1, 1) != 0) {
            _exit(AIME_MEDIAD_NO_SANDBOX);
        }

        aime_mediad_leaked = STDIN_FILENO;

        errno = 0;
        error = attempt->attempt() == 0 ? AIME_MEDIAD_ALLOWED : errno;

        _exit(error);
    }

    if (pid == -1 || waitpid(pid, &status, 0) != pid) {
        perror("aime-mediad");
        return -1;
    }

    *refused = 0;

    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) {
        *refused = 1;
        printf("%s: refused (killed)\n", attempt->name);
        return 0;
    }

    if (!WIFEXITED(status) || WEXITSTATUS(status) == AIME_MEDIAD_NO_SANDBOX) {
        printf("%s: not tried, there is no sandbox\n", attempt->name);
        return -1;
    }

    error = WEXITSTATUS(status);
    *refused = error == EPERM;

    if (error == AIME_MEDIAD_ALLOWED || error == 0) {
        printf("%s: ALLOWED\n", attempt->name);

    } else if (error == EPERM) {
        printf("%s: refused (%s)\n", attempt->name, strerror(error));

    } else {

        /* the kernel got as far as looking at it */

        printf("%s: ALLOWED, but failed (%s)\n", attempt->name,
               strerror(error));
    }

    return 0;
}


static int
aime_mediad_try_read(void)
{
    return open(AIME_MEDIAD_READ_PATH, O_RDONLY) == -1 ? -1 : 0;
}


static int
aime_mediad_try_write(void)
{
    int  fd;

    fd = open(AIME_MEDIAD_WRITE_PATH, O_WRONLY|O_CREAT, 0600);

    if (fd == -1) {
        return -1;
    }

    (void) unlink(AIME_MEDIAD_WRITE_PATH);

    return 0;
}


static int
aime_mediad_try_list(void)
{
    return open("/", O_RDONLY|O_DIRECTORY) == -1 ? -1 : 0;
}


static int
aime_mediad_try_unlink(void)
{
    return unlink(AIME_MEDIAD_WRITE_PATH);
}


static int
aime_mediad_try_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) == -1 ? -1 : 0;
}


static int
aime_mediad_try_connect(void)
{
    struct sockaddr_in  addr;

    memset(&addr, 0, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_port = htons(9);
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    return connect(aime_mediad_leaked, (struct sockaddr *) &addr,
                   sizeof(addr));
}


static int
aime_mediad_try_execve(void)
{
    char  *argv[] = { "true", NULL };
    char  *envp[] = { NULL };

    return execve("/bin/true", argv, envp);
}


static int
aime_mediad_try_fork(void)
{
    pid_t  pid;

    pid = fork();

    if (pid == 0) {
        _exit(0);
    }

    return pid == -1 ? -1 : 0;
}


static int
aime_mediad_try_kill(void)
{
    return kill(getppid(), 0);
}


static int
aime_mediad_try_ptrace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1 ? -1 : 0;
}


static int
aime_mediad_try_mmap(void)
{
    return mmap(NULL, 4096, PROT_READ|PROT_WRITE|PROT_EXEC,
                MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
           == MAP_FAILED ? -1 : 0;
}


static int
aime_mediad_try_mprotect(void)
{
    void  *p;

    p = mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1,
             0);

    if (p == MAP_FAILED) {
        return 0;
    }

    return mprotect(p, 4096, PROT_READ|PROT_EXEC);
}


static int
aime_mediad_try_setuid(void)
{
    return setuid(0);
}
