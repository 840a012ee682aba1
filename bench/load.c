/*
 * Plays clients and workers of the AIME API against nginx, or plain requests,
 * and tells what it cost; see bench/README.md.
 */

#define _GNU_SOURCE

#include <ctype.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include "load.h"


#define TICK        1000000000ull
#define DRAIN       (20 * TICK)         /* and the tokens of a stream */

enum { OPT_FLAG, OPT_TEXT, OPT_INT, OPT_COUNT, OPT_LONG, OPT_SIZE, OPT_NUMBER };

typedef struct {
    const char  *name;
    int          type;
    void        *value;
    const char  *help;
} option_t;

conf_t  cf;

static uint64_t  drain;                 /* what jobs may take at last */

static const option_t  options[] = {
    { "host", OPT_TEXT, &cf.host, "address of nginx (127.0.0.1)" },
    { "port", OPT_INT, &cf.port, "port of nginx" },
    { "master", OPT_INT, &cf.master, "pid of nginx's master, for CPU" },
    { "json", OPT_FLAG, &cf.json, "one line of JSON" },
    { "warm", OPT_NUMBER, &cf.warm, "seconds before measuring (0.5)" },
    { "time", OPT_NUMBER, &cf.time, "seconds of measuring (3)" },
    { "jobs", OPT_LONG, &cf.jobs, "that many jobs instead, none to warm up" },

    { "clients", OPT_COUNT, &cf.clients, "clients, or connections (1)" },
    { "workers", OPT_COUNT, &cf.workers, "workers (0)" },
    { "batch", OPT_COUNT, &cf.batch, "jobs that a worker takes at once (1)" },
    { "prompt", OPT_SIZE, &cf.prompt, "bytes of a prompt (100)" },
    { "result", OPT_SIZE, &cf.result, "bytes of a result (100)" },
    { "rate", OPT_NUMBER, &cf.rate, "jobs/s that arrive; 0: closed loop" },
    { "poll", OPT_NUMBER, &cf.poll_ms, "clients poll every that many ms" },
    { "sse", OPT_FLAG, &cf.sse, "clients watch their jobs by SSE" },
    { "progress", OPT_COUNT, &cf.progress, "progress posts of each job" },
    { "tokens", OPT_COUNT, &cf.tokens, "of an answer; workers stream them" },
    { "token-rate", OPT_NUMBER, &cf.token_rate, "tokens/s of each stream" },
    { "model", OPT_TEXT, &cf.model, "streams are chats with it, at /v1" },
    { "fresh", OPT_FLAG, &cf.fresh, "a new connection for every request" },
    { "client-pid", OPT_INT, &cf.client_pid, "clients connect to it" },
    { "worker-pid", OPT_INT, &cf.worker_pid, "workers connect to it" },

    { "park", OPT_COUNT, &cf.park, "idle polls of --park-type" },
    { "wait", OPT_COUNT, &cf.wait, "clients that wait at --wait-endpoint" },
    { "probe", OPT_TEXT, &cf.probe_uri, "GET this meanwhile" },
    { "probe-rate", OPT_NUMBER, &cf.probe_rate, "times a second (100)" },

    { "fill", OPT_COUNT, &cf.fill, "submit that many jobs, wait for none" },
    { "ids", OPT_TEXT, &cf.ids, "file for their ids, or to take them from" },
    { "polls", OPT_FLAG, &cf.polls, "progress polls of the jobs in --ids" },

    { "hold", OPT_COUNT, &cf.hold, "requests of --plain without an answer" },

    { "endpoint", OPT_TEXT, &cf.endpoint, "of the clients (bench)" },
    { "job-type", OPT_TEXT, &cf.job_type, "of the workers (bench)" },
    { "park-type", OPT_TEXT, &cf.park_type, "of idle polls (other)" },
    { "wait-endpoint", OPT_TEXT, &cf.wait_endpoint, "without workers (queue)" },
    { "key", OPT_TEXT, &cf.key, "of the clients (client-key)" },
    { "worker-key", OPT_TEXT, &cf.worker_key, "of the workers (worker-key)" },
    { "zone-uri", OPT_TEXT, &cf.zone_uri, "tells bytes in use (/zone)" },
    { "pid-uri", OPT_TEXT, &cf.pid_uri, "tells the process (/pid)" },
    { NULL, 0, NULL, NULL }
};


static void options_read(int argc, char **argv);
static void usage(void);
static void step_add(const char *text);
static double number(const char *name, const char *text);
static void moment(moment_t *m);
static void run_until(const play_t *play, uint64_t end, int last);
static void report(const moment_t *base, const moment_t *from,
    const moment_t *to);


int
main(int argc, char **argv)
{
    moment_t        base, from, to;
    const play_t   *play;
    struct rlimit   files;

    options_read(argc, argv);

    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1);

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    if (cf.master) {
        nprocs = stat_procs(cf.master, procs);

        if (nprocs == 0) {
            /* master_process off */
            procs[nprocs++] = cf.master;
        }
    }

    play = cf.tokens ? &play_streams : &play_jobs;
    drain = DRAIN + (cf.tokens ? cf.tokens / cf.token_rate * 1e9 : 0);

    net_init();
    play->init();
    moment(&base);

    if (cf.jobs || cf.fill) {
        moment(&from);
        measuring = 1;
        play->start();
        run_until(play, NEVER, 1);

    } else {
        play->start();
        run_until(play, now() + cf.warm * 1e9, 0);
        moment(&from);
        measuring = 1;
        run_until(play, now() + cf.time * 1e9, 0);
    }

    moment(&to);
    measuring = 0;

    stopping = 1;
    run_until(play, now() + drain, 1);

    if (!play->idle() && !broken && errors < 10) {
        fail("%llu jobs never ended", (unsigned long long) in_flight);
    }

    play->end();
    report(&base, &from, &to);

    return errors ? 1 : 0;
}


static void
moment(moment_t *m)
{
    int       status;
    uint64_t  zone;

    zone = 0;

    if (!cf.steps) {
        zone = strtoull(net_ask("GET", cf.zone_uri, "", &status), NULL, 10);
        zone = status == 200 ? zone : 0;
    }

    stat_moment(m);
    m->zone = zone;
}


/*
 * Until then, or until nothing is under way; not longer where there is nothing
 * to wait for: after errors, or when no job has ended for too long.
 */

static void
run_until(const play_t *play, uint64_t end, int last)
{
    uint64_t  t, next, seen, seen_at;

    seen = jobs_all;
    seen_at = now();

    for ( ;; ) {
        t = now();

        if (t >= end || (last && play->idle()) || broken || errors >= 10) {
            return;
        }

        if (seen != jobs_all) {
            seen = jobs_all;
            seen_at = t;

        } else if (last && t - seen_at > drain) {
            return;
        }

        next = play->timer(t);
        next = next < end ? next : end;
        net_wait(next < t + TICK ? next : t + TICK);
    }
}


static void
hist_print(const char *name, const hist_t *h, int json)
{
    if (h->count == 0) {
        return;
    }

    printf(json ? ",\"%s\":{\"p50\":%.4f,\"p90\":%.4f,\"p99\":%.4f,"
                  "\"max\":%.4f}"
                : "%-14s p50 %.3f ms, p90 %.3f, p99 %.3f, max %.3f\n",
           name, hist_ms(h, 0.5), hist_ms(h, 0.9), hist_ms(h, 0.99),
           hist_ms(h, 1));
}


static void
report(const moment_t *base, const moment_t *from, const moment_t *to)
{
    double  seconds, cpu, jobs;

    seconds = (to->wall - from->wall) / 1e9;
    cpu = (to->cpu - from->cpu) / 1e3;
    jobs = jobs_done ? jobs_done : 1;

    if (cf.json) {
        printf("{\"seconds\":%.4f,\"jobs\":%llu,\"jobs_per_s\":%.1f,"
               "\"exchanges\":%llu,\"exchanges_per_s\":%.1f,"
               "\"cpu_us_per_job\":%.3f,\"cpu_us_per_exchange\":%.3f,"
               "\"user_share\":%.3f,\"server_busy\":%.3f,\"load_busy\":%.3f,"
               "\"server_starved\":%.3f,\"load_starved\":%.3f,"
               "\"events\":%llu,\"behind\":%llu,"
               "\"anon\":[%llu,%llu],\"shmem\":[%llu,%llu],"
               "\"zone\":[%llu,%llu],\"errors\":%llu",
               seconds, (unsigned long long) jobs_done, jobs_done / seconds,
               (unsigned long long) exchanges, exchanges / seconds,
               cpu / jobs, cpu / (exchanges ? exchanges : 1),
               cpu > 0 ? (to->user - from->user) / 1e3 / cpu : 0,
               cpu / 1e6 / seconds, (to->self - from->self) / 1e9 / seconds,
               (to->starved - from->starved) / 1e9 / seconds,
               (to->self_starved - from->self_starved) / 1e9 / seconds,
               (unsigned long long) events, (unsigned long long) late_backlog,
               (unsigned long long) base->anon, (unsigned long long) to->anon,
               (unsigned long long) base->shmem,
               (unsigned long long) to->shmem,
               (unsigned long long) base->zone, (unsigned long long) to->zone,
               (unsigned long long) errors);
        hist_print("latency", &latency, 1);
        hist_print("dispatch", &dispatch, 1);
        hist_print("probe", &probe, 1);
        hist_print("first_token", &first_token, 1);
        hist_print("token", &token, 1);
        hist_print("post", &post, 1);
        printf("}\n");
        return;
    }

    printf("%llu %s in %.2f s: %.0f/s (%.0f exchanges/s)\n",
           (unsigned long long) jobs_done, cf.steps ? "rounds" : "jobs",
           seconds, jobs_done / seconds, exchanges / seconds);
    hist_print("latency", &latency, 0);
    hist_print("dispatch", &dispatch, 0);
    hist_print("probe", &probe, 0);
    hist_print("first token", &first_token, 0);
    hist_print("token", &token, 0);
    hist_print("post", &post, 0);

    if (nprocs) {
        printf("server CPU     %.2f us each, %.2f us per exchange, %.0f %% in "
               "user mode; busy %.0f %%, starved %.0f %%\n", cpu / jobs,
               cpu / (exchanges ? exchanges : 1),
               cpu > 0 ? (to->user - from->user) / 1e1 / cpu : 0,
               cpu / 1e4 / seconds,
               (to->starved - from->starved) / 1e7 / seconds);
        printf("server memory  RssAnon %.1f -> %.1f MB, RssShmem %.1f -> %.1f, "
               "zone in use %.1f -> %.1f\n", base->anon / 1e6, to->anon / 1e6,
               base->shmem / 1e6, to->shmem / 1e6, base->zone / 1e6,
               to->zone / 1e6);
    }

    printf("this program   busy %.0f %%, starved %.0f %%\n",
           (to->self - from->self) / 1e7 / seconds,
           (to->self_starved - from->self_starved) / 1e7 / seconds);

    if (events) {
        printf("events         %llu, %.0f/s\n", (unsigned long long) events,
               events / seconds);
    }

    if (late_backlog) {
        printf("behind         %llu arrivals were not sent yet\n",
               (unsigned long long) late_backlog);
    }

    printf("errors         %llu\n", (unsigned long long) errors);
}


static void
options_read(int argc, char **argv)
{
    int               i, j;
    double            n;
    const char       *name, *value;
    const option_t   *o;

    cf.host = "127.0.0.1";
    cf.endpoint = cf.job_type = "bench";
    cf.park_type = "other";
    cf.wait_endpoint = "queue";
    cf.key = "client-key";
    cf.worker_key = "worker-key";
    cf.zone_uri = "/zone";
    cf.pid_uri = "/pid";
    cf.batch = 1;
    cf.clients = 1;
    cf.prompt = cf.result = 100;
    cf.warm = 0.5;
    cf.time = 3;
    cf.probe_rate = 100;

    for (i = 1; i < argc; i++) {
        name = argv[i];

        if (strncmp(name, "--", 2) != 0) {
            die("unknown argument %s", name);
        }

        name += 2;

        if (strcmp(name, "help") == 0) {
            usage();
        }

        value = argv[i + 1];

        if (strcmp(name, "plain") == 0 && value) {
            step_add(value);
            i++;
            continue;
        }

        for (j = 0; options[j].name; j++) {
            if (strcmp(options[j].name, name) == 0) {
                break;
            }
        }

        o = &options[j];

        if (o->name == NULL) {
            die("unknown option --%s", name);
        }

        if (o->type == OPT_FLAG) {
            *(int *) o->value = 1;
            continue;
        }

        if (value == NULL) {
            die("--%s needs a value", name);
        }

        i++;

        if (o->type == OPT_TEXT) {
            *(const char **) o->value = value;
            continue;
        }

        n = number(name, value);

        switch (o->type) {
        case OPT_INT:
            *(int *) o->value = n;
            break;
        case OPT_COUNT:
            *(uint32_t *) o->value = n;
            break;
        case OPT_LONG:
            *(uint64_t *) o->value = n;
            break;
        case OPT_SIZE:
            *(size_t *) o->value = n;
            break;
        default:
            *(double *) o->value = n;
        }
    }

    if (cf.port == 0) {
        die("--port is missing, see --help");
    }

    if (cf.prompt < TOKEN_LEN || cf.result < TOKEN_LEN) {
        die("prompts and results have %d bytes at least", TOKEN_LEN);
    }

    if (cf.batch == 0 || cf.clients > 0xffffff || cf.fill > 0xffffff) {
        die("a number is out of range");
    }

    if (cf.tokens && (cf.token_rate <= 0 || cf.workers < cf.clients)) {
        die("--tokens needs --token-rate, and as many workers as clients");
    }

    if (cf.hold && cf.steps == 0) {
        die("--hold needs --plain");
    }

    if (cf.polls && cf.ids == NULL) {
        die("--polls needs --ids");
    }

    if (cf.fresh && (cf.client_pid || cf.worker_pid)) {
        die("--fresh cannot choose a process");
    }
}


/* METHOD:URI or METHOD:URI:BYTES of body */

static void
step_add(const char *text)
{
    char    *end;
    step_t  *step;

    if (cf.steps == MAX_STEPS) {
        die("more than %d times --plain", MAX_STEPS);
    }

    step = &cf.step[cf.steps++];

    if (sscanf(text, "%7[A-Z]:%255[^:]", step->method, step->uri) != 2) {
        die("--plain %s is not METHOD:URI[:BYTES]", text);
    }

    end = strchr(strchr(text, ':') + 1, ':');
    step->body = end ? number("plain", end + 1) : 0;
}


static double
number(const char *name, const char *text)
{
    char    *end;
    double   n;

    n = strtod(text, &end);

    if (*end == 'k') {
        n *= 1024;
        end++;

    } else if (*end == 'm') {
        n *= 1024 * 1024;
        end++;
    }

    if (end == text || *end || n < 0) {
        die("--%s %s is no number", name, text);
    }

    return n;
}


static void
usage(void)
{
    const option_t  *o;

    printf("usage: aime-load --port PORT [options]\n\n");

    for (o = options; o->name; o++) {
        printf("  --%-14s %s\n", o->name, o->help);
    }

    printf("  --%-14s %s\n", "plain", "METHOD:URI[:BYTES], a step of plain "
           "requests;\n                   repeated, each client goes round");
    printf("\nNumbers take k and m.  Exits with 1 after an error of the server."
           "\n");
    exit(0);
}
