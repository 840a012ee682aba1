/*
 * Streams of tokens: clients that watch an answer grow, from /v1 or from
 * /stream_progress, and workers that report a token at a fixed rate, each time
 * with the whole text so far.  Measured is the way of a token through nginx,
 * from the worker's report to the client's event.
 *
 * Every token of every answer is another text, which both ends can make: so a
 * client knows each byte that must come next.
 */

#define _GNU_SOURCE

#include <stdlib.h>
#include <string.h>
#include "load.h"


#define WORD_LEN    8                   /* a token's text */
#define MAX_TOKENS  8192
#define HEAD_LEN    1024                /* what a request has besides */

enum { CLIENT_IDLE, CLIENT_SUBMIT, CLIENT_STREAM };

enum { WORKER_POLL, WORKER_REPORT, WORKER_PAUSE, WORKER_LATE, WORKER_RESULT };

typedef struct worker_s  worker_t;

/* A client has one job at a time, whose slot has the client's number */
typedef struct {
    conn_t     *conn;
    int         state;
    uint32_t    slot, turn;
    uint32_t    sent;                   /* tokens that were reported */
    uint32_t    seen;                   /* that came, whole and right */
    uint64_t    start;
    uint64_t   *when;                   /* each was reported */
    unsigned    taken:1;
    unsigned    role:1;
    unsigned    finished:1;
    unsigned    over:1;                 /* the last event came */
} client_t;

struct worker_s {
    conn_t     *conn;
    char        name[NAME_LEN + 1];
    int         state;
    char        id[ID_LEN];
    client_t   *client;
    uint32_t    turn;
    uint64_t    due;
};


hist_t  first_token, token, post;

static tmpl_t      poll;
static client_t   *clients;
static worker_t   *workers, **queue;    /* in the order of what is due */
static uint32_t    queue_at, queued;
static uint32_t    begun;               /* clients that have begun */
static uint64_t    period, began;


static void stream_init(void);
static void stream_start(void);
static uint64_t stream_timer(uint64_t t);
static int stream_idle(void);
static void stream_end(void);
static void client_begin(client_t *cl);
static void client_answer(conn_t *c, char *body, size_t len);
static void client_event(conn_t *c, char *text, size_t len);
static void client_chunk(client_t *cl, char *text, size_t len);
static void client_progress(client_t *cl, char *text, size_t len);
static void client_take(client_t *cl, char *text, char *end);
static void client_over(client_t *cl);
static void client_failed(client_t *cl, const char *what, char *text,
    size_t len);
static void worker_answer(conn_t *c, char *body, size_t len);
static void worker_begin(worker_t *w, char *body, size_t len);
static void worker_tell(worker_t *w);


const play_t  play_streams = {
    stream_init, stream_start, stream_timer, stream_idle, stream_end
};


/* A token of a job: a space, a character of two bytes, five digits */

static void
word_make(char *text, const client_t *cl, uint32_t n)
{
    uint32_t  h;

    h = (cl->slot * 2654435761u) ^ (cl->turn * 2246822519u)
        ^ ((n + 1) * 3266489917u) ^ salt;
    h = (h ^ h >> 15) * 2654435769u;

    memcpy(text, " \xc3\xa9", 3);
    hex(text + 3, h >> 12, WORD_LEN - 3);
}


static void
stream_init(void)
{
    char      body[1024];
    uint32_t  i;

    if (cf.tokens > MAX_TOKENS) {
        die("more than %d --tokens", MAX_TOKENS);
    }

    play_salt();
    period = 1e9 / cf.token_rate;

    snprintf(body, sizeof(body), "{\"auth\":\"\3\",\"auth_key\":\"%s\","
             "\"max_job_batch\":1}", cf.worker_key);
    tmpl_make(&poll, "POST", "/worker_job_request", body, 0);

    clients = list(cf.clients, sizeof(client_t));
    workers = list(cf.workers, sizeof(worker_t));
    queue = list(cf.workers, sizeof(worker_t *));

    for (i = 0; i < cf.clients; i++) {
        clients[i].slot = i;
        clients[i].when = list(cf.tokens, sizeof(uint64_t));
    }
}


static void
stream_start(void)
{
    int        status;
    uint32_t   i;
    client_t  *cl;
    worker_t  *w;

    for (i = 0; i < cf.workers; i++) {
        w = &workers[i];
        snprintf(w->name, sizeof(w->name), "w%05u", i % 100000);
        play_login(w->name, cf.job_type);
        w->conn = conn_new(i, cf.worker_pid, w);
        w->conn->on_answer = worker_answer;
        w->state = WORKER_POLL;
        conn_send(w->conn, &poll, "", "", w->name, 0);
    }

    for (i = 0; i < cf.clients; i++) {
        cl = &clients[i];
        cl->conn = conn_new(i, cf.client_pid, cl);
        cl->conn->on_answer = client_answer;
        cl->conn->on_event = client_event;

        if (i % 100 == 99) {
            (void) net_ask("GET", cf.zone_uri, "", &status);
        }
    }

    began = now();
}


/*
 * Clients begin one after the other during the time for warming up, not at
 * even distances, so that neither their tokens nor their ends come together.
 * All workers pause for the same time, hence the queue is in order.
 */

static uint64_t
stream_timer(uint64_t t)
{
    uint64_t   next, step;
    worker_t  *w;

    next = NEVER;
    step = cf.warm * 1e9 / cf.clients;

    while (begun < cf.clients && !stopping) {
        next = began + begun * step
               + (begun * 2654435769u >> 8) * step / 0x1000000;

        if (next > t) {
            break;
        }

        client_begin(&clients[begun++]);
        next = NEVER;
    }

    while (queued) {
        w = queue[queue_at];

        if (w->due > t) {
            return w->due < next ? w->due : next;
        }

        queue_at = (queue_at + 1) % cf.workers;
        queued--;

        if (w->state == WORKER_PAUSE) {
            worker_tell(w);

        } else {
            /* the last report is not answered yet */
            w->state = WORKER_LATE;
        }
    }

    return next;
}


static int
stream_idle(void)
{
    return in_flight == 0 && busy_workers == 0
           && (stopping || (cf.jobs && started == cf.jobs));
}


static void
stream_end(void)
{
    uint32_t  i;

    for (i = 0; i < cf.clients; i++) {
        conn_close(clients[i].conn);
    }

    for (i = 0; i < cf.workers; i++) {
        conn_close(workers[i].conn);
    }
}


/* Sends a POST; body has room for HEAD_LEN bytes before it */

static void
post_json(conn_t *c, const char *uri, char *body, size_t len)
{
    int   n;
    char  head[HEAD_LEN];

    n = snprintf(head, sizeof(head), "POST %s HTTP/1.1\r\nHost: bench\r\n"
                 "%s%s%sContent-Type: application/json\r\n"
                 "Content-Length: %zu\r\n\r\n", uri,
                 c->on_event ? "Authorization: Bearer " : "",
                 c->on_event ? cf.key : "", c->on_event ? "\r\n" : "", len);

    if (n >= (int) sizeof(head)) {
        die("too long: %s", uri);
    }

    memcpy(body - n, head, n);
    conn_put(c, body - n, n + len);
}


/* The clients */

static void
client_begin(client_t *cl)
{
    int   n;
    char  text[TOKEN_LEN], buf[HEAD_LEN + 1024], uri[256], *body;

    if (cf.jobs && started == cf.jobs) {
        return;
    }

    started++;
    in_flight++;
    cl->turn = (cl->turn + 1) & 0xffffff;
    cl->sent = cl->seen = 0;
    cl->taken = cl->role = cl->finished = cl->over = 0;
    cl->start = now();
    cl->state = cf.model ? CLIENT_STREAM : CLIENT_SUBMIT;
    token_make(text, cl->slot, cl->turn);

    body = buf + HEAD_LEN;

    if (cf.model) {
        n = snprintf(body, 1024, "{\"model\":\"%s\",\"stream\":true,"
                     "\"messages\":[{\"role\":\"user\",\"content\":\"%.*s\"}]}",
                     cf.model, TOKEN_LEN, text);
        post_json(cl->conn, "/v1/chat/completions", body, n);
        return;
    }

    n = snprintf(body, 1024, "{\"wait_for_result\":false,\"chat_context\":"
                 "[{\"role\":\"user\",\"content\":\"%.*s\"}]}", TOKEN_LEN,
                 text);
    snprintf(uri, sizeof(uri), "/%s", cf.endpoint);
    post_json(cl->conn, uri, body, n);
}


/* What is no stream: a job's id, or a refusal */

static void
client_answer(conn_t *c, char *body, size_t len)
{
    char      *id, buf[HEAD_LEN], uri[256];
    client_t  *cl;

    cl = c->party;
    exchanges += measuring;
    id = memmem(body, len, "\"job_id\":\"", 10);

    if (c->status != 200 || cl->state != CLIENT_SUBMIT || id == NULL
        || body + len - id < 10 + ID_LEN)
    {
        client_failed(cl, "a client got", body, len);
        return;
    }

    cl->state = CLIENT_STREAM;
    snprintf(uri, sizeof(uri), "/stream_progress?job_id=%.*s", ID_LEN,
             id + 10);
    post_json(c, uri, buf + sizeof(buf), 0);
}


static void
client_event(conn_t *c, char *text, size_t len)
{
    client_t  *cl;

    cl = c->party;

    if (cl->state != CLIENT_STREAM) {
        return;
    }

    if (text == NULL) {
        exchanges += measuring;

        if (!cl->over || !cl->finished || cl->seen != cf.tokens) {
            client_failed(cl, "a stream ended early", "", 0);
            return;
        }

        client_over(cl);
        return;
    }

    if (len == 0 || text[0] == ':') {
        return;
    }

    if (cl->over || c->status != 200) {
        client_failed(cl, "an event too many", text, len);
        return;
    }

    if (cf.model) {
        client_chunk(cl, text, len);

    } else {
        client_progress(cl, text, len);
    }
}


/* OpenAI's: what is new; the role first, then a reason to end, then [DONE] */

static void
client_chunk(client_t *cl, char *text, size_t len)
{
    char  *content, *end;

    if (len == 12 && memcmp(text, "data: [DONE]", 12) == 0) {
        cl->over = 1;
        return;
    }

    if (cl->finished || memmem(text, len, "\"error\"", 7)) {
        client_failed(cl, "a wrong chunk", text, len);
        return;
    }

    if (memmem(text, len, "\"finish_reason\":\"stop\"", 22)) {
        cl->finished = 1;

    } else if (memmem(text, len, "\"finish_reason\":null", 20) == NULL) {
        client_failed(cl, "a wrong chunk", text, len);
        return;
    }

    if (memmem(text, len, "\"role\":\"assistant\"", 18)) {
        cl->role = 1;
    }

    if (!cl->role) {
        client_failed(cl, "a chunk before the role", text, len);
        return;
    }

    content = memmem(text, len, "\"content\":\"", 11);

    if (content) {
        content += 11;
        end = memchr(content, '"', text + len - content);
        client_take(cl, content, end ? end : text + len);
    }
}


/* AIME's: the whole text so far, with the last event that of the result */

static void
client_progress(client_t *cl, char *text, size_t len)
{
    char    *content, *end;
    size_t   known;

    cl->finished = memmem(text, len, "\"job_state\":\"done\"", 18) != NULL;
    cl->over = cl->finished;
    content = memmem(text, len, "\"text\":\"", 8);

    if (content == NULL) {
        if (cl->seen || cl->finished) {
            client_failed(cl, "an event without text", text, len);
        }

        return;
    }

    content += 8;
    end = memchr(content, '"', text + len - content);
    known = cl->seen * WORD_LEN;

    if (end == NULL || (size_t) (end - content) < known) {
        client_failed(cl, "a text that shrank", text, len);
        return;
    }

    client_take(cl, content + known, end);
}


/* Takes what is new, which must be the next tokens of this very answer */

static void
client_take(client_t *cl, char *text, char *end)
{
    char      word[WORD_LEN];
    uint64_t  t;

    t = now();

    for ( ; text < end; text += WORD_LEN) {
        word_make(word, cl, cl->seen);

        if (end - text < WORD_LEN || memcmp(text, word, WORD_LEN) != 0
            || cl->seen == cl->sent)
        {
            client_failed(cl, "not the next token of this answer", text,
                          end - text);
            return;
        }

        if (measuring) {
            events++;
            hist_add(&token, t - cl->when[cl->seen]);

            if (cl->seen == 0) {
                hist_add(&first_token, t - cl->when[0]);
            }
        }

        cl->seen++;
    }
}


static void
client_over(client_t *cl)
{
    jobs_all++;
    in_flight--;
    cl->state = CLIENT_IDLE;

    if (measuring) {
        jobs_done++;
        hist_add(&latency, now() - cl->start);
    }

    if (!stopping) {
        client_begin(cl);
    }
}


/* It takes no further part: its worker goes on with an answer of its own */

static void
client_failed(client_t *cl, const char *what, char *text, size_t len)
{
    fail("%s: %d %.*s", what, cl->conn->status, len > 500 ? 500 : (int) len,
         text);
    in_flight--;
    cl->state = CLIENT_IDLE;
}


/* The workers */

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
        worker_begin(w, body, len);
        return;
    }

    if (memmem(body, len, "\"cmd\":\"ok\"", 10) == NULL
        || memmem(body, len, "\"canceled\"", 10))
    {
        fail("a report was answered %.*s", len > 500 ? 500 : (int) len, body);
    }

    if (w->state == WORKER_RESULT) {
        busy_workers--;
        w->state = WORKER_POLL;
        conn_send(c, &poll, "", "", w->name, 0);
        return;
    }

    if (measuring) {
        hist_add(&post, now() - w->client->when[w->client->sent - 1]);
    }

    if (w->state == WORKER_LATE) {
        worker_tell(w);

    } else {
        w->state = WORKER_PAUSE;
    }
}


static void
worker_begin(worker_t *w, char *body, size_t len)
{
    char      *id, *prompt;
    uint32_t   slot;
    client_t  *cl;

    id = memmem(body, len, "\"job_id\":\"", 10);
    prompt = memmem(body, len, "\"content\":\"", 11);

    if (id == NULL || prompt == NULL || body + len - id < 10 + ID_LEN
        || body + len - prompt < 11 + TOKEN_LEN
        || !token_read(prompt + 11, &slot, &w->turn) || slot >= cf.clients
        || clients[slot].turn != w->turn || clients[slot].taken)
    {
        fail("a job that is not out: %.*s", len > 500 ? 500 : (int) len, body);
        broken = 1;
        return;
    }

    cl = &clients[slot];
    cl->taken = 1;
    w->client = cl;
    memcpy(w->id, id + 10, ID_LEN);
    busy_workers++;

    if (measuring) {
        jobs_taken++;
        hist_add(&dispatch, now() - cl->start);
    }

    worker_tell(w);
}


/* Reports one token more, or after the last one the result */

static void
worker_tell(worker_t *w)
{
    static char  buf[2 * HEAD_LEN + MAX_TOKENS * WORD_LEN + 16];

    int        n, last;
    char      *body, *p;
    uint32_t   i;
    client_t  *cl;

    cl = w->client;
    last = cl->sent == cf.tokens;
    body = buf + HEAD_LEN;

    n = snprintf(body, HEAD_LEN, "%s{\"job_id\":\"%.*s\",\"job_type\":\"%s\","
                 "\"auth\":\"%s\",\"auth_key\":\"%s\",", last ? "" : "[",
                 ID_LEN, w->id, cf.job_type, w->name, cf.worker_key);
    n += snprintf(body + n, HEAD_LEN - n, last ? "\"text\":\""
                  : "\"progress\":%u,\"progress_data\":{\"text\":\"",
                  100 * cl->sent / cf.tokens);

    cl->sent += !last;
    p = body + n;

    for (i = 0; i < cl->sent; i++) {
        word_make(p, cl, i);
        p += WORD_LEN;
    }

    p = stpcpy(p, last ? "\"}" : "\"}}]");

    if (last) {
        w->state = WORKER_RESULT;
        post_json(w->conn, "/worker_job_result", body, p - body);
        return;
    }

    w->state = WORKER_REPORT;
    cl->when[cl->sent - 1] = now();
    w->due = cl->when[cl->sent - 1] + period;
    queue[(queue_at + queued++) % cf.workers] = w;

    post_json(w->conn, "/worker_job_progress", body, p - body);
}
