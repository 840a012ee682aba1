/*
 * The load generator: what its units share.  One thread, one epoll; net keeps
 * connections and HTTP, play the parties of the protocol, stream those of
 * streams of tokens, stat the figures, load the options and the course of a
 * run.
 */

#ifndef LOAD_H
#define LOAD_H


#include <stddef.h>
#include <stdint.h>
#include <stdio.h>


#define ID_LEN      36                  /* a job's id, a UUID */
#define TOKEN_LEN   16
#define NAME_LEN    6                   /* a worker's name, w00001 */
#define MAX_PROCS   64
#define MAX_STEPS   64

#define NEVER       UINT64_MAX

/* what a template has at a mark, and its length on the wire */
enum { PUT_TOKEN, PUT_ID, PUT_NAME, PUT_PROGRESS, PUT_PAD, PUT_KINDS };

typedef struct {
    char        *text;                  /* without the padding */
    size_t       len;
    size_t       at[PUT_KINDS];         /* 0: not in it */
    size_t       pad;                   /* bytes at at[PUT_PAD], if not there */
} tmpl_t;

typedef struct conn_s  conn_t;

/*
 * on_answer gets a whole answer; on_event each event of a stream and, with no
 * text, its end.  The text is the connection's until the function returns,
 * which may send the next request.
 */
struct conn_s {
    int          fd;
    uint32_t     number;                /* among those of its kind */
    uint32_t     step;
    unsigned     busy:1;                /* an answer is due */
    unsigned     head_done:1;
    unsigned     chunked:1;
    unsigned     writing:1;
    unsigned     silent:1;              /* nothing may come on it */
    int          pid;                   /* the process, 0 for any */
    int          status;

    char        *in;                    /* an answer that came in parts */
    size_t       in_len;
    size_t       in_size;
    size_t       body_at;
    size_t       need;                  /* head and body */
    unsigned     chunk_state;
    size_t       chunk_left;
    char        *event;                 /* of a stream, without chunk marks */
    size_t       event_len;
    size_t       event_size;

    char        *out;                   /* what the socket did not take yet: */
    size_t       out_at;                /* head, padding, tail */
    size_t       out_len;
    size_t       pad_left;
    size_t       tail_len;
    const char  *tail;
    char        *kept;                  /* copy of the head */

    void       (*on_answer)(conn_t *c, char *body, size_t len);
    void       (*on_event)(conn_t *c, char *text, size_t len);
    void        *party;
};

typedef struct {
    uint64_t     count;
    uint64_t     max;
    uint32_t     slot[64 * 128];
} hist_t;

/* A moment of the server and of this program */
typedef struct {
    uint64_t     wall;                  /* all times in ns */
    uint64_t     cpu;                   /* of nginx's worker processes */
    uint64_t     user;
    uint64_t     starved;               /* they could run but did not */
    uint64_t     self;
    uint64_t     self_starved;
    uint64_t     anon;                  /* bytes, summed */
    uint64_t     shmem;
    uint64_t     zone;
} moment_t;

typedef struct {
    char         method[8];
    char         uri[256];
    size_t       body;
    tmpl_t       tmpl;
} step_t;

/* The options, see usage() */
typedef struct {
    const char  *host, *endpoint, *job_type, *key, *worker_key;
    const char  *park_type, *wait_endpoint, *zone_uri, *pid_uri, *ids;
    const char  *probe_uri;
    int          port, json, sse, fresh, polls;
    int          client_pid, worker_pid;
    uint32_t     clients, workers, batch, progress, park, wait, hold, fill;
    uint32_t     tokens;
    const char  *model;
    size_t       prompt, result;
    double       rate, poll_ms, probe_rate, token_rate, warm, time;
    uint64_t     jobs;
    int          master;
    step_t       step[MAX_STEPS];
    uint32_t     steps;
} conf_t;

extern conf_t    cf;

/* net */
void net_init(void);
uint64_t now(void);
void net_wait(uint64_t until);
conn_t *conn_new(uint32_t number, int pid, void *party);
void conn_send(conn_t *c, const tmpl_t *t, const char *token, const char *id,
    const char *name, unsigned progress);
void conn_put(conn_t *c, const char *text, size_t len);
void conn_close(conn_t *c);
char *net_ask(const char *method, const char *uri, const char *body,
    int *status);
void tmpl_make(tmpl_t *t, const char *method, const char *uri,
    const char *body, size_t pad);

/* play, and stream, which plays other parties */
typedef struct {
    void       (*init)(void);
    void       (*start)(void);
    uint64_t   (*timer)(uint64_t t);    /* when the next is due */
    int        (*idle)(void);           /* nothing is under way */
    void       (*end)(void);
} play_t;

extern const play_t  play_jobs, play_streams;

extern hist_t    latency, dispatch, probe, first_token, token, post;
extern uint64_t  jobs_done, jobs_all, jobs_taken, exchanges, events, in_flight;
extern uint64_t  started, late_backlog;
extern uint32_t  busy_workers, salt;
extern int       measuring, stopping, broken;   /* broken: end now */
void play_salt(void);
void play_login(const char *name, const char *job_type);
void token_make(char *text, uint32_t slot, uint32_t turn);
int token_read(const char *text, uint32_t *slot, uint32_t *turn);
void hex(char *dst, uint32_t value, int digits);
void *list(size_t count, size_t size);
int worker_heard(conn_t *c, int polled, const char *body, size_t len);

/* stat */
void hist_add(hist_t *h, uint64_t ns);
double hist_ms(const hist_t *h, double part);
int stat_procs(int master, int *pids);
void stat_moment(moment_t *m);
void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void die(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));
extern uint64_t  errors;
extern int       procs[MAX_PROCS], nprocs;


#endif
