/*
 * The parties: clients (which wait, poll, or watch a stream), workers, and
 * those that only wait.  A client of plain nginx goes through its steps
 * instead; to the figures one round of them is a job.
 *
 * Each prompt starts with a token of its own: which client, which of its jobs,
 * which run.  The worker sends it back at the start of the result, so both
 * ends know what was mixed up, lost or handed out twice.
 */

#define _GNU_SOURCE

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "load.h"


enum { CLIENT_IDLE, CLIENT_SUBMIT, CLIENT_PAUSE, CLIENT_POLL, CLIENT_STREAM,
       CLIENT_STEPS, CLIENT_LOOK };

enum { WORKER_POLL, WORKER_PROGRESS, WORKER_GATE, WORKER_RESULT };

typedef struct worker_s  worker_t;

typedef struct {
    conn_t    *conn;
    uint32_t   number;
    uint32_t   slot;
    int        state;
    uint32_t   asked;                   /* progress polls of this job */
    uint64_t   start;                   /* when it should have been sent */
    unsigned   open:1;                  /* the stream has begun */
    unsigned   seen;                    /* last progress in it */
    char       id[ID_LEN];
    worker_t  *gate;                    /* waits for the stream */
} client_t;

/* What is known of a job; a client has one at a time, --fill many */
typedef struct {
    uint64_t   sent;
    client_t  *client;
    uint32_t   turn;
    unsigned   taken:1;
    unsigned   done:1;
} slot_t;

typedef struct {
    char       token[TOKEN_LEN];
    char       id[ID_LEN];
    uint32_t   slot;
} task_t;

struct worker_s {
    conn_t    *conn;
    char       name[NAME_LEN + 1];
    int        state;
    uint32_t   tasks, task, posts;
    task_t    *list;
};

typedef struct {
    uint64_t   due;
    client_t  *client;
} due_t;


hist_t    latency, dispatch, probe;
uint64_t  jobs_done, jobs_all, jobs_taken, exchanges, events, in_flight;
uint64_t  started, late_backlog;
uint32_t  busy_workers, salt;
int       measuring, stopping, broken;

static tmpl_t     submit, poll, park, hold, progress, result, look, stream;
static tmpl_t     probing;
static client_t  *clients, **idle;
static worker_t  *workers;
static conn_t   **still;
static slot_t    *slots;
static due_t     *heap;
static char      *ids;
static uint32_t   nidle, nslots, nstill, nheap;
static uint64_t   results, arrivals, arrivals_start, nids, seed;
static conn_t    *probe_conn;
static uint64_t   probe_due;
static FILE      *ids_out;


static void play_init(void);
static void play_start(void);
static uint64_t play_timer(uint64_t t);
static int play_idle(void);
static void play_end(void);
static void client_begin(client_t *cl, uint64_t intended);
static void client_answer(conn_t *c, char *body, size_t len);
static void client_event(conn_t *c, char *text, size_t len);
static void client_over(client_t *cl);
static void client_next(client_t *cl);
static void client_look(client_t *cl);
static void client_failed(client_t *cl, const char *what, conn_t *c,
    char *body, size_t len);
static int client_check(client_t *cl, char *body, size_t len);
static void worker_go(worker_t *w);
static void worker_answer(conn_t *c, char *body, size_t len);
static void worker_tasks(worker_t *w, char *body, size_t len);
static void probe_answer(conn_t *c, char *body, size_t len);


const play_t  play_jobs = {
    play_init, play_start, play_timer, play_idle, play_end
};


void
hex(char *dst, uint32_t value, int digits)
{
    while (digits--) {
        dst[digits] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
}


static uint32_t
unhex(const char *src, int digits)
{
    uint32_t  value;

    for (value = 0; digits--; src++) {
        value = value * 16 + (*src <= '9' ? *src - '0' : *src - 'a' + 10);
    }

    return value;
}


/* A text of TOKEN_LEN that no other job of any run has */

void
token_make(char *text, uint32_t slot, uint32_t turn)
{
    hex(text, slot, 6);
    hex(text + 6, salt, 4);
    hex(text + 10, turn, 6);
}


/* Whether it is one of this run */

int
token_read(const char *text, uint32_t *slot, uint32_t *turn)
{
    *slot = unhex(text, 6);
    *turn = unhex(text + 10, 6);

    return unhex(text + 6, 4) == salt;
}


void *
list(size_t count, size_t size)
{
    void  *p;

    p = calloc(count ? count : 1, size);

    if (p == NULL) {
        die("no memory");
    }

    return p;
}


static void
ids_read(void)
{
    FILE  *in;

    in = fopen(cf.ids, "r");

    if (in == NULL) {
        die("cannot read %s", cf.ids);
    }

    fseek(in, 0, SEEK_END);
    nids = ftell(in) / (ID_LEN + 1);
    rewind(in);
    ids = list(nids, ID_LEN + 1);

    if (nids == 0 || fread(ids, ID_LEN + 1, nids, in) != nids) {
        die("no job ids in %s", cf.ids);
    }

    fclose(in);
}


/* What tells this run's tokens from another's */

void
play_salt(void)
{
    seed = now() | 1;
    salt = (seed >> 10 ^ getpid()) & 0xffff;
}


/* The requests that will be sent, and room for all parties */

static void
play_init(void)
{
    char      uri[512], body[2048];
    uint32_t  i;

    play_salt();

    snprintf(uri, sizeof(uri), "/%s", cf.endpoint);
    snprintf(body, sizeof(body), "{\"key\":\"%s\",%s\"prompt\":\"\1\5\"}",
             cf.key, cf.fill || cf.poll_ms > 0 || cf.sse
                     ? "\"wait_for_result\":false," : "");
    tmpl_make(&submit, "POST", uri, body, cf.prompt - TOKEN_LEN);

    snprintf(uri, sizeof(uri), "/%s", cf.wait_endpoint);
    snprintf(body, sizeof(body), "{\"key\":\"%s\",\"prompt\":\"\5\"}", cf.key);
    tmpl_make(&hold, "POST", uri, body, cf.prompt);

    snprintf(body, sizeof(body), "{\"auth\":\"\3\",\"auth_key\":\"%s\","
             "\"max_job_batch\":%u}", cf.worker_key, cf.batch);
    tmpl_make(&poll, "POST", "/worker_job_request", body, 0);
    tmpl_make(&park, "POST", "/worker_job_request", body, 0);

    snprintf(body, sizeof(body), "[{\"job_id\":\"\2\",\"job_type\":\"%s\","
             "\"auth\":\"\3\",\"auth_key\":\"%s\",\"progress\":\4,"
             "\"progress_data\":{\"text\":\"so far\"}}]", cf.job_type,
             cf.worker_key);
    tmpl_make(&progress, "POST", "/worker_job_progress", body, 0);

    snprintf(body, sizeof(body), "{\"job_id\":\"\2\",\"job_type\":\"%s\","
             "\"auth\":\"\3\",\"auth_key\":\"%s\",\"text\":\"\1\5\"}",
             cf.job_type, cf.worker_key);
    tmpl_make(&result, "POST", "/worker_job_result", body,
              cf.result - TOKEN_LEN);

    snprintf(uri, sizeof(uri), "/%s/progress?key=%s&job_id=\2", cf.endpoint,
             cf.key);
    tmpl_make(&look, "GET", uri, "", 0);

    snprintf(uri, sizeof(uri), "/stream_progress?key=%s&job_id=\2", cf.key);
    tmpl_make(&stream, "GET", uri, "", 0);

    for (i = 0; i < cf.steps; i++) {
        tmpl_make(&cf.step[i].tmpl, cf.step[i].method, cf.step[i].uri, "\5",
                  cf.step[i].body);
    }

    if (cf.probe_uri) {
        tmpl_make(&probing, "GET", cf.probe_uri, "", 0);
    }

    nslots = cf.fill > cf.clients ? cf.fill : cf.clients;
    clients = list(cf.clients, sizeof(client_t));
    idle = list(cf.clients, sizeof(client_t *));
    heap = list(cf.clients, sizeof(due_t));
    workers = list(cf.workers, sizeof(worker_t));
    slots = list(nslots, sizeof(slot_t));
    still = list(cf.park + cf.wait + cf.hold, sizeof(conn_t *));

    if (cf.polls) {
        ids_read();

    } else if (cf.fill && cf.ids) {
        ids_out = fopen(cf.ids, "a");

        if (ids_out == NULL) {
            die("cannot write %s", cf.ids);
        }
    }
}


static void
heap_add(client_t *cl, uint64_t due)
{
    uint32_t  i, up;

    for (i = nheap++; i > 0; i = up) {
        up = (i - 1) / 2;

        if (heap[up].due <= due) {
            break;
        }

        heap[i] = heap[up];
    }

    heap[i].due = due;
    heap[i].client = cl;
}


static client_t *
heap_take(void)
{
    due_t      last;
    uint32_t   i, down;
    client_t  *cl;

    cl = heap[0].client;
    last = heap[--nheap];

    for (i = 0; (down = 2 * i + 1) < nheap; i = down) {
        if (down + 1 < nheap && heap[down + 1].due < heap[down].due) {
            down++;
        }

        if (last.due <= heap[down].due) {
            break;
        }

        heap[i] = heap[down];
    }

    heap[i] = last;

    return cl;
}


void
play_login(const char *name, const char *job_type)
{
    int    status;
    char   body[2048], *answer;

    snprintf(body, sizeof(body), "{\"worker_parameters\":{\"auth\":\"%s\","
             "\"job_type\":\"%s\",\"auth_key\":\"%s\","
             "\"interface_version\":\"0.9.6\",\"version\":1,"
             "\"gpu_name\":\"none\",\"num_gpus\":1,\"framework\":\"none\","
             "\"framework_version\":\"1\",\"pytorch_version\":\"2\","
             "\"max_batch_size\":%u},\"model_parameters\":{\"label\":\"Load\","
             "\"quantization\":\"fp16\",\"size\":\"8B\",\"family\":\"Load\","
             "\"type\":\"LLM\",\"repo_name\":\"bench/load\"}}", name, job_type,
             cf.worker_key, cf.batch);

    answer = net_ask("POST", "/worker_login", body, &status);

    if (status != 200 || strstr(answer, "\"success\":true") == NULL) {
        die("login of %s refused: %d %.300s", name, status, answer);
    }
}


/*
 * One that sends a request and must get no answer.  Connections are opened no
 * faster than nginx takes them.
 */

static void
still_add(const tmpl_t *t, const char *name)
{
    int      status;
    conn_t  *c;

    c = conn_new(nstill, 0, NULL);
    conn_send(c, t, "", "", name, 0);
    c->silent = 1;
    still[nstill++] = c;

    if (nstill % 100 == 0) {
        (void) net_ask("GET", cf.zone_uri, "", &status);
    }
}


static void
play_start(void)
{
    char      name[NAME_LEN + 8];
    int       status;
    uint32_t  i;
    uint64_t  t;

    for (i = 0; i < cf.park; i++) {
        snprintf(name, sizeof(name), "p%05u", i % 100000);
        play_login(name, cf.park_type);
        still_add(&park, name);
    }

    for (i = 0; i < cf.wait; i++) {
        still_add(&hold, "");
    }

    for (i = 0; i < cf.hold; i++) {
        still_add(&cf.step[0].tmpl, "");
    }

    for (i = 0; i < cf.workers; i++) {
        snprintf(name, sizeof(name), "w%05u", i % 100000);
        memcpy(workers[i].name, name, NAME_LEN);
        play_login(workers[i].name, cf.job_type);
        workers[i].conn = conn_new(i, cf.worker_pid, &workers[i]);
        workers[i].conn->on_answer = worker_answer;
        workers[i].list = list(cf.batch, sizeof(task_t));
        workers[i].state = WORKER_POLL;
        conn_send(workers[i].conn, &poll, "", "", workers[i].name, 0);
    }

    if (cf.probe_uri) {
        probe_conn = conn_new(0, 0, NULL);
        probe_conn->on_answer = probe_answer;
    }

    for (i = 0; i < cf.clients; i++) {
        clients[i].number = i;
        clients[i].slot = i;
        clients[i].conn = conn_new(i, cf.client_pid, &clients[i]);
        clients[i].conn->on_answer = client_answer;
        clients[i].conn->on_event = client_event;

        if (i % 100 == 99) {
            (void) net_ask("GET", cf.zone_uri, "", &status);
        }
    }

    t = now();
    arrivals_start = t;
    probe_due = t;

    for (i = 0; i < cf.clients; i++) {

        if (cf.rate > 0) {
            idle[nidle++] = &clients[i];

        } else if (cf.poll_ms > 0) {
            /* not all at the same time */
            heap_add(&clients[i], t + cf.poll_ms * 1e6 * i / cf.clients);

        } else {
            client_begin(&clients[i], now());
        }
    }
}


/* What is due by now; when the next is */

static uint64_t
play_timer(uint64_t t)
{
    uint64_t   next, due;
    client_t  *cl;

    while (nheap && heap[0].due <= t) {
        due = heap[0].due;
        cl = heap_take();

        if (cl->state == CLIENT_PAUSE) {
            client_look(cl);

        } else if (!stopping) {
            client_begin(cl, due);
        }
    }

    next = nheap ? heap[0].due : NEVER;

    if (cf.rate > 0 && !stopping) {
        due = arrivals_start + (uint64_t) (arrivals * 1e9 / cf.rate);

        while (due <= t && nidle) {
            arrivals++;
            client_begin(idle[--nidle], due);
            due = arrivals_start + (uint64_t) (arrivals * 1e9 / cf.rate);
        }

        if (nidle && due < next) {
            next = due;
        }

        late_backlog = due < t ? (t - due) * cf.rate / 1e9 : 0;
    }

    if (probe_conn && !probe_conn->busy && !stopping) {

        if (probe_due <= t) {
            conn_send(probe_conn, &probing, "", "", "", 0);

        } else if (probe_due < next) {
            next = probe_due;
        }
    }

    return next;
}


static void
probe_answer(conn_t *c, char *body, size_t len)
{
    if (c->status != 200) {
        fail("the probe got %d: %.*s", c->status, (int) len, body);
    }

    if (measuring) {
        hist_add(&probe, now() - probe_due);
    }

    probe_due += 1e9 / cf.probe_rate;
}


/* Nothing is under way but the workers' polls, and nothing more will come */

static int
play_idle(void)
{
    if (cf.fill && cf.workers && results < cf.fill) {
        return 0;
    }

    return in_flight == 0 && busy_workers == 0
           && (stopping || started == (cf.fill ? cf.fill : cf.jobs));
}


static void
play_end(void)
{
    uint32_t  i;

    for (i = 0; i < cf.fill; i++) {
        if (slots[i].turn && cf.workers && !slots[i].done) {
            fail("a job got no result");
        }
    }

    for (i = 0; i < nstill; i++) {
        conn_close(still[i]);
    }

    for (i = 0; i < cf.workers; i++) {
        conn_close(workers[i].conn);
    }

    for (i = 0; i < cf.clients; i++) {
        conn_close(clients[i].conn);
    }

    if (ids_out && fclose(ids_out) != 0) {
        die("cannot write %s", cf.ids);
    }
}


/* The clients */

static void
client_begin(client_t *cl, uint64_t intended)
{
    char     token[TOKEN_LEN];
    slot_t  *slot;

    if ((cf.jobs && started == cf.jobs) || (cf.fill && started == cf.fill)) {
        return;
    }

    if (cf.fill) {
        cl->slot = started;
    }

    started++;
    in_flight++;
    cl->start = intended;

    if (cf.steps) {
        cl->state = CLIENT_STEPS;
        cl->asked = 0;
        conn_send(cl->conn, &cf.step[0].tmpl, "", "", "", 0);
        return;
    }

    if (cf.polls) {
        cl->state = CLIENT_LOOK;
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        memcpy(cl->id, ids + seed % nids * (ID_LEN + 1), ID_LEN);
        conn_send(cl->conn, &look, "", cl->id, "", 0);
        return;
    }

    slot = &slots[cl->slot];
    slot->turn = (slot->turn + 1) & 0xffffff;
    slot->taken = 0;
    slot->done = 0;
    slot->client = cf.fill ? NULL : cl;
    slot->sent = now();
    token_make(token, cl->slot, slot->turn);

    cl->state = CLIENT_SUBMIT;
    cl->asked = 0;
    cl->open = 0;
    cl->seen = 0;
    conn_send(cl->conn, &submit, token, "", "", 0);
}


static void
client_answer(conn_t *c, char *body, size_t len)
{
    char      *id;
    client_t  *cl;

    cl = c->party;
    exchanges += measuring;

    if (c->status != 200) {
        client_failed(cl, "a client got", c, body, len);
        return;
    }

    switch (cl->state) {

    case CLIENT_STEPS:
        if (++cl->asked < cf.steps) {
            conn_send(c, &cf.step[cl->asked].tmpl, "", "", "", 0);
            return;
        }

        client_over(cl);
        return;

    case CLIENT_LOOK:
        if (memmem(body, len, cl->id, ID_LEN) == NULL
            || memmem(body, len, "\"queued\"", 8) == NULL)
        {
            client_failed(cl, "a wrong progress", c, body, len);
            return;
        }

        client_over(cl);
        return;

    case CLIENT_POLL:
        if (memmem(body, len, "\"job_state\":\"done\"", 18) == NULL) {

            if (memmem(body, len, cl->id, ID_LEN) == NULL) {
                client_failed(cl, "a wrong progress", c, body, len);
                return;
            }

            cl->state = CLIENT_PAUSE;
            heap_add(cl, slots[cl->slot].sent
                         + (cl->asked + 1) * (uint64_t) (cf.poll_ms * 1e6));
            return;
        }

        break;

    case CLIENT_SUBMIT:
        if (!cf.fill && cf.poll_ms <= 0 && !cf.sse) {
            break;
        }

        id = memmem(body, len, "\"job_id\":\"", 10);

        if (id == NULL || body + len - id < 10 + ID_LEN) {
            client_failed(cl, "no job id", c, body, len);
            return;
        }

        memcpy(cl->id, id + 10, ID_LEN);

        if (cf.fill) {
            if (ids_out) {
                fprintf(ids_out, "%.*s\n", ID_LEN, cl->id);
            }

            client_over(cl);
            return;
        }

        if (cf.sse) {
            cl->state = CLIENT_STREAM;
            conn_send(c, &stream, "", cl->id, "", 0);
            return;
        }

        cl->state = CLIENT_PAUSE;
        heap_add(cl, slots[cl->slot].sent + (uint64_t) (cf.poll_ms * 1e6));
        return;

    default:
        client_failed(cl, "an unexpected answer", c, body, len);
        return;
    }

    if (!client_check(cl, body, len)) {
        client_failed(cl, "not the result of this job", c, body, len);
        return;
    }

    client_over(cl);
}


static void
client_look(client_t *cl)
{
    cl->state = CLIENT_POLL;
    cl->asked++;
    conn_send(cl->conn, &look, "", cl->id, "", 0);
}


/* One job is over, the next follows: at once, or when it is to arrive */

static void
client_over(client_t *cl)
{
    uint64_t  t;

    jobs_all++;
    in_flight--;

    if (measuring) {
        t = now();
        jobs_done++;
        hist_add(&latency, t - cl->start);
    }

    client_next(cl);
}


static void
client_next(client_t *cl)
{
    cl->state = CLIENT_IDLE;

    if (stopping) {
        return;
    }

    if (cf.rate > 0) {
        idle[nidle++] = cl;
        return;
    }

    client_begin(cl, now());
}


static void
client_failed(client_t *cl, const char *what, conn_t *c, char *body,
    size_t len)
{
    fail("%s: %d %.*s", what, c->status, len > 500 ? 500 : (int) len, body);
    in_flight--;
    client_next(cl);
}


/* Whether it is the result that the worker made of this very job */

static int
client_check(client_t *cl, char *body, size_t len)
{
    char     token[TOKEN_LEN], *text;
    size_t   i;
    slot_t  *slot;

    slot = &slots[cl->slot];
    token_make(token, cl->slot, slot->turn);
    text = memmem(body, len, "\"text\":\"", 8);

    if (text == NULL) {
        return 0;
    }

    text += 8;

    if ((size_t) (body + len - text) <= cf.result
        || memcmp(text, token, TOKEN_LEN) != 0
        || text[cf.result] != '"'
        || !slot->taken)
    {
        return 0;
    }

    for (i = TOKEN_LEN; i < cf.result; i += cf.result / 256 + 97) {
        if (text[i] != 'x') {
            return 0;
        }
    }

    slot->done = 1;

    return 1;
}


static void
client_event(conn_t *c, char *text, size_t len)
{
    char      *p;
    client_t  *cl;
    worker_t  *w;

    cl = c->party;

    if (text == NULL) {
        exchanges += measuring;

        if (!slots[cl->slot].done) {
            client_failed(cl, "a stream ended early", c, "", 0);
            return;
        }

        client_over(cl);
        return;
    }

    if (len == 0 || text[0] == ':') {
        return;
    }

    if (memmem(text, len, "\"job_state\":\"done\"", 18)) {

        if (!client_check(cl, text, len)) {
            fail("not the result of this job: %.*s",
                 len > 500 ? 500 : (int) len, text);
        }

        return;
    }

    p = memmem(text, len, "\"progress\":", 11);

    if (p == NULL) {
        fail("an event without progress: %.*s", len > 500 ? 500 : (int) len,
             text);
        return;
    }

    events += measuring;
    cl->open = 1;
    cl->seen = atoi(p + 11);

    if (cl->gate) {
        w = cl->gate;
        cl->gate = NULL;
        worker_go(w);
    }
}


/* The workers */

static void
worker_go(worker_t *w)
{
    task_t    *task;
    client_t  *cl;

    if (w->task == w->tasks) {
        busy_workers -= w->state != WORKER_POLL;
        w->state = WORKER_POLL;
        conn_send(w->conn, &poll, "", "", w->name, 0);
        return;
    }

    task = &w->list[w->task];

    if (cf.sse) {
        /* what was reported has arrived, or else reports would merge */

        cl = slots[task->slot].client;

        if (!cl->open || cl->seen != (w->posts ? 10 + (w->posts - 1) % 90 : 0))
        {
            w->state = WORKER_GATE;
            cl->gate = w;
            return;
        }
    }

    if (w->posts < cf.progress) {
        w->state = WORKER_PROGRESS;
        conn_send(w->conn, &progress, "", task->id, w->name, w->posts++ % 90);
        return;
    }

    w->state = WORKER_RESULT;
    conn_send(w->conn, &result, task->token, task->id, w->name, 0);
}


/* Counts what a worker was answered; whether its poll has found no job */

int
worker_heard(conn_t *c, int polled, const char *body, size_t len)
{
    exchanges += measuring;

    if (c->status != 200) {
        fail("a worker got %d %.*s", c->status, len > 500 ? 500 : (int) len,
             body);
    }

    return polled && memmem(body, len < 32 ? len : 32, "\"no_job\"", 8);
}


static void
worker_answer(conn_t *c, char *body, size_t len)
{
    worker_t  *w;

    w = c->party;

    if (worker_heard(c, w->state == WORKER_POLL, body, len)) {
        conn_send(c, &poll, "", "", w->name, 0);
        return;
    }

    if (w->state == WORKER_POLL) {
        worker_tasks(w, body, len);
        w->task = 0;
        w->posts = 0;

        if (w->tasks == 0) {
            fail("no job in %.*s", len > 500 ? 500 : (int) len, body);
            broken = 1;
            return;
        }

        w->state = WORKER_RESULT;
        busy_workers++;
        worker_go(w);
        return;
    }

    if (memmem(body, len, "\"cmd\":\"ok\"", 10) == NULL) {
        fail("a report was answered %.*s", len > 500 ? 500 : (int) len, body);
    }

    if (w->state == WORKER_RESULT) {

        if (cf.fill) {
            slots[w->list[w->task].slot].done = 1;
            results++;
        }

        w->task++;
        w->posts = 0;
    }

    worker_go(w);
}


/* Takes the jobs out of an answer, with their ids and prompts in any order */

static void
worker_tasks(worker_t *w, char *body, size_t len)
{
    char      *id, *prompt, *end;
    slot_t    *slot;
    task_t    *task;
    uint32_t   turn;
    uint64_t   t;

    t = now();
    end = body + len;
    w->tasks = 0;

    while (w->tasks < cf.batch) {
        id = memmem(body, end - body, "\"job_id\":\"", 10);
        prompt = memmem(body, end - body, "\"prompt\":\"", 10);

        if (id == NULL || prompt == NULL) {
            return;
        }

        id += 10;
        prompt += 10;

        if ((size_t) (end - prompt) <= cf.prompt || end - id < ID_LEN) {
            fail("a cut job");
            return;
        }

        if (prompt[cf.prompt] != '"'
            || (cf.prompt > TOKEN_LEN && prompt[cf.prompt - 1] != 'x'))
        {
            fail("a prompt of another length: %.100s", prompt);
            return;
        }

        body = prompt + cf.prompt > id + ID_LEN ? prompt + cf.prompt
                                                : id + ID_LEN;
        task = &w->list[w->tasks];
        memcpy(task->id, id, ID_LEN);
        memcpy(task->token, prompt, TOKEN_LEN);
        if (!token_read(prompt, &task->slot, &turn) || task->slot >= nslots
            || turn != slots[task->slot].turn)
        {
            fail("a job that is not out: %.*s", TOKEN_LEN, prompt);
            broken = 1;
            return;
        }

        slot = &slots[task->slot];

        if (slot->taken) {
            fail("a job was handed out twice: %.*s", ID_LEN, id);
        }

        slot->taken = 1;
        w->tasks++;

        if (measuring) {
            jobs_taken++;
            hist_add(&dispatch, t - slot->sent);
        }
    }
}
