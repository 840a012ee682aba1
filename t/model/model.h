/*
 * The model-based test of floors 1 and 2: what its two halves share.  The
 * actor is a process with a row in the zone, which does one thing at a time by
 * calling the module's real functions; the model knows what it must answer.
 */

#ifndef MODEL_H_INCLUDED
#define MODEL_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_aime_job_progress.h"
#include "ngx_aime_job_result.h"
#include "ngx_aime_job_room.h"
#include "ngx_aime_job_steer.h"
#include "ngx_aime_job_submit.h"
#include "ngx_aime_job_take.h"
#include "ngx_aime_job_view.h"
#include "ngx_aime_job_wait.h"


#define MODEL_NPROCS        4       /* at most at one time */
#define MODEL_NROWS         12
#define MODEL_NWORKERS      4
#define MODEL_NENDPOINTS    2
#define MODEL_NPRIORITIES   3
#define MODEL_BATCH         4
#define MODEL_NSLOTS        64      /* parked entries of a process */
#define MODEL_NHANDOVERS    64      /* hand-overs of a process */

#define MODEL_QUEUE_LEN     12      /* max_queue_length */
#define MODEL_QUEUE_TIME    40001   /* milliseconds; steps are tens of them */
#define MODEL_LIFETIME      30002
#define MODEL_GRACE         5003
#define MODEL_NEVER         500000000


typedef enum {
    MODEL_START = 0,
    MODEL_SUBMIT,
    MODEL_JOIN,
    MODEL_VIEW,
    MODEL_TAKE,
    MODEL_DELIVERED,
    MODEL_UNDELIVERED,
    MODEL_PUT_BACK,
    MODEL_PROGRESS,
    MODEL_FINISH,
    MODEL_CANCEL,
    MODEL_GIVE_BACK,
    MODEL_LEAVE,
    MODEL_UNPARK,
    MODEL_DRAIN,
    MODEL_SWEEP,
    MODEL_REPAIR,
    MODEL_QUIT,
    MODEL_NWHAT
} model_what_e;


#define MODEL_NO_SLOT  ((uint32_t) -1)

#define MODEL_CANCELS  1        /* flags of a submission */
#define MODEL_KEEPS    2
#define MODEL_GRACES   4

typedef struct {
    model_what_e         what;
    ngx_msec_t           now;
    u_char               id[NGX_AIME_ID_LEN];
    uint32_t             slot;          /* of this process, to park under */
    ngx_uint_t           parked;        /* slot has an entry already */
    ngx_uint_t           handover;
    ngx_uint_t           worker;
    ngx_uint_t           batch;
    ngx_uint_t           endpoint;
    ngx_uint_t           priority;
    ngx_uint_t           attempts;
    ngx_uint_t           flags;
} model_op_t;


typedef struct {
    ngx_int_t            rc;
    ngx_uint_t           njobs;
    u_char               ids[MODEL_BATCH][NGX_AIME_ID_LEN];
    ngx_uint_t           state;
    ngx_uint_t           reason;
    ngx_uint_t           position;
    ngx_uint_t           parked;        /* there is an entry in the slot now */
    ngx_uint_t           nwoken;
    uint32_t             woken[MODEL_NSLOTS];

    /* the zone afterwards */

    ngx_uint_t           nqueued;
    ngx_uint_t           nrunning;
    ngx_uint_t           nparked;
    ngx_uint_t           nwoken_polls;
    ngx_uint_t           nall;
    size_t               used;
    uint64_t             submitted;
    uint64_t             finished;
    char                 wrong[128];
} model_reply_t;


/*
 * Starts an actor on the zone, which serves the descriptor until it is told to
 * quit or killed; gives its pid.
 */
ngx_pid_t model_actor(ngx_aime_zone_t *zone, int *fd);

/*
 * Makes this process one that serves, with as much of nginx's event loop as
 * floor 2 sees; has it claim a row; sets its clock.
 */
void model_process(void);
void model_claim(ngx_aime_zone_t *zone);
void model_time(ngx_msec_t now);

/* Runs so many steps; 0: the zone did what the model says, all the time. */
int model_run(ngx_aime_zone_t *zone, unsigned int seed, ngx_uint_t steps);

/*
 * The story of story.h, cut short wherever it can be; 0: nothing was lost, and
 * nothing was left behind.
 */
int cut_run(ngx_aime_zone_t *zone, unsigned int seed);


extern ngx_aime_shm_type_t   *model_type, *model_other_type;
extern ngx_aime_shm_queue_t  *model_queues[MODEL_NENDPOINTS];


#endif /* MODEL_H_INCLUDED */
