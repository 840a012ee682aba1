/*
 * The media daemon: checks and converts images, audio and video for nginx,
 * because a decoder that trips over a hostile file must not take nginx along.
 * This file reads the command line and starts what it asks for; it must not
 * know what media are.
 */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aime_mediad_check.h"
#include "aime_mediad_log.h"
#include "aime_mediad_master.h"
#include "aime_mediad_options.h"


#define AIME_MEDIAD_VERSION        "1"

#define AIME_MEDIAD_MEMORY         (1024ull * 1024 * 1024)
#define AIME_MEDIAD_LEAST_MEMORY   (32ull * 1024 * 1024)
#define AIME_MEDIAD_MAX_CPU        30
#define AIME_MEDIAD_MODE           0666
#define AIME_MEDIAD_USER           "nobody"
#define AIME_MEDIAD_MAX_WORKERS    256


static int aime_mediad_stdio(void);
static int aime_mediad_parse(aime_mediad_options_t *options, int argc,
    char **argv);
static int aime_mediad_option(aime_mediad_options_t *options, int option,
    const char *value);
static int aime_mediad_user(aime_mediad_options_t *options, const char *name);
static int aime_mediad_count(const char *value, unsigned long max,
    unsigned long *count);
static int aime_mediad_bytes(const char *value, uint64_t *bytes);
static int aime_mediad_identity(aime_mediad_options_t *options);
static unsigned int aime_mediad_cores(void);


static const char  aime_mediad_usage[] =
    "usage: aime-mediad -s socket [-n workers] [-u user[:group]] [-m mode]\n"
    "           [-M memory] [-t seconds] [-p pidfile]\n"
    "       aime-mediad --check-sandbox [-u user[:group]]\n"
    "\n"
    "  -s socket         path of the Unix socket that it listens on\n"
    "  -n workers        worker processes (default: the number of cores)\n"
    "  -u user[:group]   whom they run as (default for root: nobody)\n"
    "  -m mode           permissions of the socket (default: 666)\n"
    "  -M memory         bytes a worker may use, with k, m or g (default: 1g)\n"
    "  -t seconds        CPU time of one conversion (default: 30)\n"
    "  -p pidfile        file that gets the process id\n"
    "  -h, -v            this text, the version\n"
    "  --check-sandbox   tries to break out of a worker's sandbox\n";


int
main(int argc, char **argv)
{
    int                    rc, check;
    aime_mediad_options_t  options;

    if (aime_mediad_stdio() != 0) {
        return 1;
    }

    memset(&options, 0, sizeof(aime_mediad_options_t));

    options.memory = AIME_MEDIAD_MEMORY;
    options.max_cpu = AIME_MEDIAD_MAX_CPU;
    options.mode = AIME_MEDIAD_MODE;
    options.workers = aime_mediad_cores();

    check = argc > 1 && strcmp(argv[1], "--check-sandbox") == 0;

    if (check) {
        argv[1] = argv[0];
        argc--;
        argv++;
    }

    rc = aime_mediad_parse(&options, argc, argv);

    if (rc >= 0) {
        return rc;
    }

    if (aime_mediad_identity(&options) != 0) {
        return 1;
    }

    if (check) {
        return aime_mediad_check(&options);
    }

    if (options.socket == NULL) {
        fputs(aime_mediad_usage, stderr);
        return 2;
    }

    return aime_mediad_master(&options);
}


/*
 * Whoever starts it may have closed these descriptors: a socket that came to
 * lie there would be taken for what they are.
 */

static int
aime_mediad_stdio(void)
{
    int  fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd != -1 && fd <= STDERR_FILENO);

    if (fd == -1) {
        perror("aime-mediad: /dev/null");
        return -1;
    }

    return close(fd);
}


/* The exit status, or -1 to go on. */

static int
aime_mediad_parse(aime_mediad_options_t *options, int argc, char **argv)
{
    int  option;

    while ((option = getopt(argc, argv, "s:n:u:m:M:t:p:hv")) != -1) {

        switch (option) {

        case 'h':
            fputs(aime_mediad_usage, stdout);
            return 0;

        case 'v':
            puts("aime-mediad " AIME_MEDIAD_VERSION);
            return 0;

        case '?':
            fputs(aime_mediad_usage, stderr);
            return 2;

        default:
            if (aime_mediad_option(options, option, optarg) != 0) {
                fprintf(stderr, "aime-mediad: -%c: \"%s\" is not valid\n",
                        option, optarg);
                return 2;
            }
        }
    }

    if (optind < argc) {
        fprintf(stderr, "aime-mediad: what is \"%s\"?\n", argv[optind]);
        return 2;
    }

    return -1;
}


static int
aime_mediad_option(aime_mediad_options_t *options, int option,
    const char *value)
{
    char           *end;
    unsigned long   count;

    switch (option) {

    case 's':
        options->socket = value;
        return value[0] == '\0';

    case 'p':
        options->pidfile = value;
        return value[0] == '\0';

    case 'u':
        return aime_mediad_user(options, value);

    case 'M':
        return aime_mediad_bytes(value, &options->memory);

    case 'm':
        options->mode = strtoul(value, &end, 8);
        return end == value || *end != '\0' || options->mode > 0777;

    case 't':
        if (aime_mediad_count(value, 86400, &count) != 0) {
            return -1;
        }

        options->max_cpu = count;
        return 0;

    default: /* 'n' */
        if (aime_mediad_count(value, AIME_MEDIAD_MAX_WORKERS, &count) != 0) {
            return -1;
        }

        options->workers = count;
        return 0;
    }
}


static int
aime_mediad_count(const char *value, unsigned long max, unsigned long *count)
{
    char  *end;

    if (value[0] < '0' || value[0] > '9') {
        return -1;
    }

    *count = strtoul(value, &end, 10);

    return *end != '\0' || *count == 0 || *count > max ? -1 : 0;
}


static int
aime_mediad_bytes(const char *value, uint64_t *bytes)
{
    char                *end;
    unsigned long long   n;

    if (value[0] < '0' || value[0] > '9') {
        return -1;
    }

    errno = 0;
    n = strtoull(value, &end, 10);

    /* with a unit more would overflow */

    if (errno || (*end != '\0' && n > 1ull << 32)) {
        return -1;
    }

    switch (*end | 0x20) {
    case 'k':
        n <<= 10;
        end++;
        break;
    case 'm':
        n <<= 20;
        end++;
        break;
    case 'g':
        n <<= 30;
        end++;
        break;
    }

    *bytes = n;

    return *end != '\0' || n < AIME_MEDIAD_LEAST_MEMORY ? -1 : 0;
}


static int
aime_mediad_user(aime_mediad_options_t *options, const char *name)
{
    char                 user[256];
    const char          *group;
    struct group        *gr;
    const struct passwd *pw;

    group = strchr(name, ':');

    if (group == NULL) {
        group = name + strlen(name);
    }

    if ((size_t) (group - name) >= sizeof(user)) {
        return -1;
    }

    memcpy(user, name, group - name);
    user[group - name] = '\0';

    pw = getpwnam(user);
    if (pw == NULL) {
        return -1;
    }

    options->user = 1;
    options->uid = pw->pw_uid;
    options->gid = pw->pw_gid;

    if (*group == ':') {
        gr = getgrnam(group + 1);
        if (gr == NULL) {
            return -1;
        }

        options->gid = gr->gr_gid;
    }

    return 0;
}


/* Workers of root would keep powers that no filter takes away. */

static int
aime_mediad_identity(aime_mediad_options_t *options)
{
    if (getuid() != 0 && geteuid() != 0) {

        if (options->user && options->uid != getuid()) {
            fputs("aime-mediad: -u: only root can become another user\n",
                  stderr);
            return -1;
        }

        options->uid = 0;
        return 0;
    }

    if (!options->user
        && aime_mediad_user(options, AIME_MEDIAD_USER) != 0)
    {
        fputs("aime-mediad: there is no user " AIME_MEDIAD_USER
              ", name one with -u\n", stderr);
        return -1;
    }

    if (options->uid == 0 || options->gid == 0) {
        fputs("aime-mediad: workers do not run as root\n", stderr);
        return -1;
    }

    return 0;
}


static unsigned int
aime_mediad_cores(void)
{
    long  n;

    n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > AIME_MEDIAD_MAX_WORKERS ? AIME_MEDIAD_MAX_WORKERS
                                                   : (unsigned int) n;
}
