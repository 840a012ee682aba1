/*
 * The shared memory zone: its header, its one lock, and the structures that
 * live in it.
 *
 * Everything in the zone refers to zone addresses and numbers only, never to
 * configuration, requests or pools: processes of two generations use it at
 * once.  Floor 1: knows neither JSON nor HTTP, and makes no transition of a
 * job; it only keeps the lists.
 *
 * Functions with the suffix _locked want the zone's lock held; under it there
 * is no logging and no copying of payloads.
 */

#ifndef NGX_AIME_SHM_ZONE_H_INCLUDED
#define NGX_AIME_SHM_ZONE_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_aime_shm_alloc.h"
#include "ngx_aime_shm_line.h"
#include "ngx_aime_shm_metrics.h"
#include "ngx_aime_shm_places.h"
#include "ngx_aime_shm_rank.h"


#define NGX_AIME_SHM_MIN_SIZE      (1024 * 1024)

#define NGX_AIME_ID_LEN            16       /* bytes of a job or session id */
#define NGX_AIME_UUID_LEN          36       /* the same as text */

#define NGX_AIME_MAX_ATTEMPTS      16

#define NGX_AIME_NAME_LEN          255      /* worker, job type, endpoint */

/* 0 is the least urgent */

#define NGX_AIME_NPRIORITIES       NGX_AIME_METRICS_NLEVELS

#define NGX_AIME_DAMAGE_LEN        80       /* of a text that tells of it */


typedef struct ngx_aime_shm_chunk_s     ngx_aime_shm_chunk_t;
typedef struct ngx_aime_shm_payload_s   ngx_aime_shm_payload_t;
typedef struct ngx_aime_shm_row_s       ngx_aime_shm_row_t;
typedef struct ngx_aime_shm_type_s      ngx_aime_shm_type_t;
typedef struct ngx_aime_shm_endpoint_s  ngx_aime_shm_endpoint_t;
typedef struct ngx_aime_shm_queue_s     ngx_aime_shm_queue_t;
typedef struct ngx_aime_shm_client_s    ngx_aime_shm_client_t;
typedef struct ngx_aime_shm_lane_s      ngx_aime_shm_lane_t;
typedef struct ngx_aime_shm_worker_s    ngx_aime_shm_worker_t;
typedef struct ngx_aime_shm_once_s      ngx_aime_shm_once_t;
typedef struct ngx_aime_shm_job_s       ngx_aime_shm_job_t;


/*
 * A topic is what waiting requests wait for: a job type (polls for work) or a
 * job (those who want to see it change).
 */

typedef struct {
    ngx_queue_t                  parked;    /* longest waiting first */
    ngx_queue_t                  woken;     /* but have not looked yet */
    uint32_t                     nparked;
    uint32_t                     nwoken;
} ngx_aime_shm_topic_t;


/* A waiting request of some process; slot is that process's own number. */

typedef struct {
    ngx_queue_t                  link;      /* in the topic */
    ngx_queue_t                  owned;     /* in the row's parked list */
    ngx_queue_t                  inbox;     /* in the row's inbox, when woken */
    ngx_aime_shm_topic_t        *topic;     /* NULL: the topic is gone */
    ngx_aime_shm_row_t          *row;
    ngx_aime_shm_worker_t       *worker;    /* of a poll, else NULL */
    uint64_t                     turn;      /* order among the topic's */
    uint32_t                     slot;
    unsigned                     woken:1;
    unsigned                     client:1;  /* who submitted the job */
    unsigned                     watches:1; /* and wants to see it change */
} ngx_aime_shm_parked_t;


/*
 * A row stands for one nginx worker process.  Whatever the process holds hangs
 * on it, so that another process can release it when this one was killed.
 */

struct ngx_aime_shm_row_s {
    ngx_pid_t                    pid;       /* 0: the row is free */
    uint64_t                     started;   /* tells pids apart that recur */
    int                          fd;        /* eventfd, for every row */
    ngx_uint_t                   signalled; /* the fd is written already */
    ngx_queue_t                  inbox;     /* woken parked entries */
    ngx_queue_t                  parked;    /* all its parked entries */
    ngx_queue_t                  holds;     /* its payload references */
    ngx_queue_t                  handovers; /* jobs taken, not delivered */
};


struct ngx_aime_shm_type_s {
    ngx_queue_t                  link;
    ngx_aime_shm_topic_t         polls;

    ngx_queue_t                  queues;    /* one for each endpoint */
    ngx_aime_shm_rank_t         *returned;  /* jobs, in front of */
    ngx_aime_shm_places_t        places;    /* those of lanes */
    ngx_rbtree_t                 lanes;     /* that have jobs, by id */
    ngx_rbtree_node_t            sentinel;

    uint64_t                     arrivals;  /* numbers: of new jobs, */
    uint64_t                     returns;   /* of jobs that come back, */
    uint64_t                     turns;     /* of lanes, */
    uint64_t                     walks;     /* of looks for a batch, */
    uint64_t                     rounds[NGX_AIME_NPRIORITIES];

    ngx_uint_t                   nqueued;
    ngx_uint_t                   nlevel[NGX_AIME_NPRIORITIES];  /* of them */
    ngx_queue_t                  waiting;   /* all of them, oldest first */
    ngx_uint_t                   nrunning;

    ngx_queue_t                  workers;
    ngx_uint_t                   nworkers;
    ngx_uint_t                   nonline;

    double                       mean_compute;  /* seconds */
    ngx_uint_t                   nfinished;

    ngx_aime_shm_type_metrics_t  metrics;

    size_t                       name_len;
    u_char                       name[1];
};


struct ngx_aime_shm_endpoint_s {
    ngx_queue_t                  link;
    ngx_uint_t                   generation;    /* that knew it last */
    ngx_uint_t                   disabled;      /* takes no new jobs */
    ngx_aime_shm_endpoint_metrics_t  metrics;
    size_t                       name_len;
    u_char                       name[1];
};


/* What an endpoint has waiting for workers of a type. */

struct ngx_aime_shm_queue_s {
    ngx_queue_t                  link;      /* in type->queues */
    ngx_aime_shm_type_t         *type;
    ngx_aime_shm_endpoint_t     *endpoint;
    ngx_uint_t                   nqueued;
    ngx_rbtree_t                 clients;   /* where they are limited */
    ngx_rbtree_node_t            sentinel;
};


/* Who has how many jobs queued or running in a queue with such a limit. */

struct ngx_aime_shm_client_s {
    ngx_rbtree_node_t            node;      /* by id */
    ngx_aime_shm_queue_t        *queue;
    ngx_uint_t                   njobs;
    u_char                       id[NGX_AIME_ID_LEN];
};


/* A lane: queued jobs of one client and priority, as long as there are any. */

struct ngx_aime_shm_lane_s {
    ngx_rbtree_node_t            node;      /* by id */
    u_char                       id[NGX_AIME_ID_LEN];   /* of both */
    ngx_uint_t                   priority;
    ngx_aime_shm_line_t          line;
    uint64_t                     round;     /* of the first job's place */
    uint64_t                     turn;      /* among the lanes of a round */
    uint64_t                     walk;      /* that has passed */
    ngx_queue_t                 *passed;    /* the last job it left behind */
};


typedef enum {
    NGX_AIME_JOB_QUEUED = 0,
    NGX_AIME_JOB_PROCESSING,
    NGX_AIME_JOB_DONE,
    NGX_AIME_JOB_CANCELED,
    NGX_AIME_JOB_LAPSED
} ngx_aime_job_state_e;


/* node.data of what hangs in the deadline tree */

typedef enum {
    NGX_AIME_DEADLINE_NONE = 0,
    NGX_AIME_DEADLINE_JOB,
    NGX_AIME_DEADLINE_WORKER
} ngx_aime_deadline_e;


/*
 * The job.  state is written by ngx_aime_job_state.c alone; the lists that a
 * job is in follow from it:
 *
 *   queued       its type's waiting list by link; a lane's line by spot, or
 *                the type's returned ones by back
 *   processing   worker->running by link; row->handovers by handover until
 *                the answer that holds it was written
 *   finished     zone's fetched list by link, once the result was fetched
 */

struct ngx_aime_shm_job_s {

    /* what a look at a queued job touches, in few cache lines */

    ngx_aime_shm_job_t          *next;      /* in its bucket */
    u_char                       id[NGX_AIME_ID_LEN];
    u_char                       owner[NGX_AIME_ID_LEN];

    ngx_aime_shm_queue_t        *queue;     /* of its type and endpoint */
    ngx_aime_shm_lane_t         *lane;      /* queued, and not returned */

    uint8_t                      state;     /* ngx_aime_job_state_e */
    uint8_t                      reason;    /* ngx_aime_job_reason_e */
    uint8_t                      attempts;
    uint8_t                      max_attempts;
    uint8_t                      priority;  /* below NGX_AIME_NPRIORITIES */
    uint8_t                      counted;   /* NGX_AIME_COUNTED_... */

    unsigned                     returned:1;    /* in front of all lanes */
    unsigned                     keep:1;        /* result outlives delivery */
    unsigned                     fetched:1;
    unsigned                     open:1;        /* no credentials to poll */
    unsigned                     retry:1;       /* requeue on worker loss */
    unsigned                     cancel_on_disconnect:1;
    unsigned                     handing:1;     /* in row->handovers */
    unsigned                     lost:1;        /* lapses with its worker */
    unsigned                     deadlined:1;   /* in the deadline tree */
    unsigned                     abandoned:1;   /* its client hung up */
    unsigned                     session:1;     /* id is behind holders */

    union {
        ngx_aime_shm_spot_t      spot;
        ngx_aime_shm_rank_t      back;      /* if it was returned */
    };

    double                       start_time;          /* Unix seconds */
    double                       start_time_compute;  /* 0: not taken yet */
    double                       result_received_time;

    uint32_t                     changes;       /* that watchers can see */
    uint32_t                     progress_len;  /* of progress's number part */
    ngx_aime_shm_payload_t      *progress;
    ngx_aime_shm_payload_t      *result;
    ngx_aime_shm_payload_t      *input;
    ngx_aime_shm_payload_t      *note;      /* of who submitted it, or NULL */

    ngx_queue_t                  link;
    ngx_queue_t                  handover;
    ngx_aime_shm_topic_t         watchers;
    ngx_rbtree_node_t            deadline;  /* by ngx_current_msec */

    ngx_aime_shm_client_t       *client;    /* NULL: not counted */
    ngx_aime_shm_worker_t       *worker;    /* present or last holder */
    ngx_aime_shm_row_t          *row;       /* that hands it over, or did */
    ngx_aime_shm_once_t         *once;      /* NULL: no idempotency key */

    uint64_t                     arrival;   /* number of its stay in a queue */
    ngx_msec_t                   queued;    /* since when it waits */
    ngx_msec_t                   due;       /* the deadline that counts */
    ngx_msec_t                   abandon;   /* it is canceled then, if set */

    uint32_t                     queue_timeout;       /* milliseconds */
    uint32_t                     inactivity_timeout;
    uint32_t                     result_lifetime;
    uint32_t                     grace;     /* for a client that hung up */

    /* numbers of workers: the last one, and those that owe an answer */
    uint64_t                     last_holder;
    uint64_t                     holders[1];    /* max_attempts */
};


/* which of a job's events are in the counters */

#define NGX_AIME_COUNTED_SUBMIT    1
#define NGX_AIME_COUNTED_END       2


/* A request that is not to be done twice: its idempotency key, and its job. */

struct ngx_aime_shm_once_s {
    ngx_rbtree_node_t            node;      /* by id */
    ngx_aime_shm_job_t          *job;
    u_char                       id[NGX_AIME_ID_LEN];   /* of whom and what */
    u_char                       inputs[NGX_AIME_ID_LEN];   /* their digest */
};


/*
 * What a worker said of itself, as JSON texts one after another in one block
 * (ngx_aime_shm_worker.h names them).
 */

#define NGX_AIME_WORKER_NFIELDS    14

#define NGX_AIME_WORKER_ERROR_LEN  126      /* longer ones are cut */

struct ngx_aime_shm_worker_s {
    ngx_rbtree_node_t            node;      /* by hash of the name */
    ngx_rbtree_node_t            deadline;
    ngx_queue_t                  link;      /* in type->workers */
    ngx_queue_t                  running;   /* jobs, by job->link */
    ngx_aime_shm_type_t         *type;
    uint64_t                     number;

    ngx_msec_t                   seen;      /* last request, parked or not */
    ngx_msec_t                   silence;   /* after which it is offline */
    ngx_uint_t                   nparked;   /* polls waiting right now */
    ngx_uint_t                   nrunning;
    ngx_uint_t                   free_slots;
    ngx_uint_t                   max_batch;

    uint64_t                     ndone;     /* its results that counted, */
    uint64_t                     nfailed;   /* those that tell an error, */
    uint64_t                     nlost;     /* jobs it gave no result of */
    double                       mean_compute;      /* seconds */
    time_t                       error_time;
    u_char                       error[NGX_AIME_WORKER_ERROR_LEN];
    uint16_t                     error_len;         /* of the last one */

    unsigned                     online:1;
    unsigned                     login:1;   /* generation B */
    unsigned                     disabled:1;    /* gets no job */
    unsigned                     draining:1;    /* until its jobs are done */
    unsigned                     deadlined:1;

    u_char                      *fields;
    uint16_t                     field_len[NGX_AIME_WORKER_NFIELDS];

    size_t                       name_len;
    u_char                       name[1];
};


typedef struct {
    ngx_rbtree_node_t            node;      /* by id */
    ngx_queue_t                  link;      /* least recently used first */
    ngx_msec_t                   used;
    u_char                       id[NGX_AIME_ID_LEN];
    u_char                       owner[NGX_AIME_ID_LEN];
    unsigned                     keyless:1; /* owner is the session itself */
} ngx_aime_shm_session_t;


/* What is kept of a browser from job to job; values is never changed. */

typedef struct {
    ngx_rbtree_node_t            node;      /* by id */
    ngx_queue_t                  link;      /* least recently used first */
    ngx_msec_t                   used;
    ngx_aime_shm_payload_t      *values;    /* NULL: none yet */
    u_char                       id[NGX_AIME_ID_LEN];
} ngx_aime_shm_vars_t;


/* What is kept of a job that did not end well. */

#define NGX_AIME_NFAILURES         20

typedef struct {
    u_char                       id[NGX_AIME_ID_LEN];
    u_char                       owner[NGX_AIME_ID_LEN];
    ngx_aime_shm_type_t         *type;
    ngx_aime_shm_endpoint_t     *endpoint;
    double                       start_time;
    double                       start_time_compute;    /* 0: never */
    double                       end_time;
    uint16_t                     outcome;   /* ngx_aime_outcome_e */
    uint16_t                     attempts;
    uint16_t                     worker_len;
    uint16_t                     error_len;
    u_char                       worker[NGX_AIME_NAME_LEN];
    u_char                       error[NGX_AIME_WORKER_ERROR_LEN];
} ngx_aime_shm_failure_t;


/* The zone's header. */

typedef struct {
    ngx_pid_t                    holder;    /* of the lock, 0: nobody */
    ngx_uint_t                   nrepairs;  /* not told of yet */
    u_char                       damage[NGX_AIME_DAMAGE_LEN];   /* left */

    ngx_aime_shm_arena_t         arena;

    ngx_aime_shm_job_t         **buckets;   /* jobs by id */
    ngx_uint_t                   nbuckets;
    ngx_uint_t                   njobs;

    ngx_rbtree_t                 onces;
    ngx_rbtree_node_t            onces_sentinel;

    ngx_rbtree_t                 deadlines;
    ngx_rbtree_node_t            deadlines_sentinel;

    ngx_queue_t                  fetched;   /* jobs, first fetched first */

    ngx_msec_t                   starved;   /* a result found no room then */
    size_t                       starved_len;   /* of that many bytes */

    ngx_queue_t                  types;
    ngx_queue_t                  endpoints;
    ngx_uint_t                   generation;    /* of the configuration */

    ngx_rbtree_t                 workers;
    ngx_rbtree_node_t            workers_sentinel;
    ngx_uint_t                   nworkers;
    uint64_t                     worker_number;

    ngx_rbtree_t                 sessions;
    ngx_rbtree_node_t            sessions_sentinel;
    ngx_queue_t                  sessions_used;
    ngx_uint_t                   nsessions;

    ngx_rbtree_t                 vars;
    ngx_rbtree_node_t            vars_sentinel;
    ngx_queue_t                  vars_used;
    ngx_uint_t                   nvars;
    size_t                       vars_size;     /* bytes of the zone */

    uint64_t                     turn;      /* next of parked entries */
    ngx_uint_t                   nwaits[NGX_AIME_NWAITS];   /* of each kind */

    ngx_aime_shm_redo_t          redo;
    time_t                       created;
    ngx_uint_t                   repairs;   /* so far */

    uint64_t                     nfailures; /* so far, in a ring */
    ngx_aime_shm_failure_t       failures[NGX_AIME_NFAILURES];

    ngx_uint_t                   nrows;
    ngx_aime_shm_row_t          *rows;
} ngx_aime_shm_t;


/* A process's view of the zone. */

typedef struct ngx_aime_zone_s  ngx_aime_zone_t;

struct ngx_aime_zone_s {
    ngx_aime_shm_t              *sh;
    ngx_slab_pool_t             *shpool;
    ngx_shm_zone_t              *shm_zone;
    ngx_uint_t                   nrows;     /* wanted, before it is made */
    ngx_msec_t                   session_idle;  /* after it they expire */
    ngx_uint_t                   generation;    /* of this configuration */
    ngx_aime_shm_row_t          *row;       /* this process's, or NULL */

    /* for who gets the lock after a process that died with it */
    void                       (*repair)(ngx_aime_zone_t *zone);

#if (NGX_AIME_DEBUG)
    const char                *(*check)(ngx_aime_zone_t *zone);
#endif
};


/*
 * For ngx_shm_zone_t's init: makes the header in a new zone, or adopts that of
 * the zone that a reload hands on (old).  A new zone in place of an old one of
 * the running configuration would lose its jobs: that is refused with a
 * message.  NGX_OK or NGX_ERROR, logged.
 */
ngx_int_t ngx_aime_shm_zone_init(ngx_shm_zone_t *shm_zone,
    ngx_aime_zone_t *zone, ngx_aime_zone_t *old);

/*
 * The lock.  Short sections only: O(log n) work, neither logging nor copying
 * of payloads.  Not recursive.  Whatever the killed process that had it before
 * left half done has been repaired when it is given.
 */
void ngx_aime_shm_lock(ngx_aime_zone_t *zone);
void ngx_aime_shm_unlock(ngx_aime_zone_t *zone);

/*
 * The job type or endpoint of that name, and the queue of an endpoint for a
 * type; made if there is none.  NULL: the zone is full.  They stay for the
 * zone's life: jobs refer to them.
 */
ngx_aime_shm_type_t *ngx_aime_shm_type_locked(ngx_aime_zone_t *zone,
    ngx_str_t *name);
ngx_aime_shm_endpoint_t *ngx_aime_shm_endpoint_locked(ngx_aime_zone_t *zone,
    ngx_str_t *name);
ngx_aime_shm_queue_t *ngx_aime_shm_queue_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_type_t *type, ngx_aime_shm_endpoint_t *endpoint);


/*
 * For a repair: empties the header's and the rows' trees, lists and counts,
 * and those of types and queues; what was in them is to be linked again.
 */
void ngx_aime_shm_reset_locked(ngx_aime_zone_t *zone);


#endif /* NGX_AIME_SHM_ZONE_H_INCLUDED */
