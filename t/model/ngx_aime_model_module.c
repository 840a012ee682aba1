/*
 * The actors, and the module that runs the tests inside of nginx: its slab
 * pool, its trees and its lock are part of what is tested.  With
 * "aime_model seed steps;" in its configuration, nginx makes the zone, runs the
 * test instead of serving anything, and exits; with "aime_cut seed;" it runs
 * the story that is cut short (cut.c), with "aime_cases;" the cases (cases.c),
 * with "aime_rare seed;" what is rare (rare.c).
 */

#include <ngx_event.h>

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "model.h"
#include "ngx_aime_check.h"
#include "ngx_aime_repair.h"
#include "ngx_aime_sweep.h"
#include "ngx_aime_wake.h"
#include "ngx_aime_worker.h"


#define MODEL_ZONE_SIZE  (8 * 1024 * 1024)


/* what is to be run */

enum {
    MODEL_NO_TEST = 0,
    MODEL_MODEL,
    MODEL_CUT,
    MODEL_CASES,
    MODEL_RARE
};


static char *model_conf(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static ngx_int_t model_init_zone(ngx_shm_zone_t *shm_zone, void *data);
static ngx_int_t model_init_module(ngx_cycle_t *cycle);
static void model_fixtures(void);
static void model_serve(int fd);
static ngx_int_t model_add_event(ngx_event_t *ev, ngx_int_t event,
    ngx_uint_t flags);
static void model_do(model_op_t *op, model_reply_t *reply);
static void model_submit(model_op_t *op, model_reply_t *reply);
static void model_take(model_op_t *op, model_reply_t *reply);
static void model_view(model_op_t *op, model_reply_t *reply);
static void model_report(model_op_t *op, model_reply_t *reply);
static void model_drain(void);
static void model_woken(uint32_t slot);
static void model_shutdown(void);
static void model_zone(model_reply_t *reply);
static uint64_t model_worker(ngx_uint_t n);
static ngx_str_t *model_worker_name(ngx_uint_t n);


static ngx_aime_zone_t           model_shm;
static unsigned int              model_seed;
static ngx_uint_t                model_steps;
static ngx_uint_t                model_test;

ngx_aime_shm_type_t             *model_type, *model_other_type;
ngx_aime_shm_queue_t            *model_queues[MODEL_NENDPOINTS];

/* an actor's own */

static ngx_aime_shm_parked_t    *model_parked[MODEL_NSLOTS];
static ngx_aime_job_handover_t   model_jobs[MODEL_NHANDOVERS][MODEL_BATCH];
static ngx_uint_t                model_njobs[MODEL_NHANDOVERS];
static ngx_connection_t          model_connections[2];
static ngx_event_t               model_reads[2], model_writes[2];
static model_reply_t            *model_reply;
static ngx_time_t                model_clock;

static ngx_aime_wake_handlers_t  model_handlers = {
    model_woken,
    model_shutdown
};


static ngx_command_t  model_commands[] = {

    { ngx_string("aime_model"),
      NGX_MAIN_CONF|NGX_DIRECT_CONF|NGX_CONF_TAKE2,
      model_conf,
      0,
      MODEL_MODEL,
      NULL },

    { ngx_string("aime_cut"),
      NGX_MAIN_CONF|NGX_DIRECT_CONF|NGX_CONF_TAKE1,
      model_conf,
      0,
      MODEL_CUT,
      NULL },

    { ngx_string("aime_cases"),
      NGX_MAIN_CONF|NGX_DIRECT_CONF|NGX_CONF_NOARGS,
      model_conf,
      0,
      MODEL_CASES,
      NULL },

    { ngx_string("aime_rare"),
      NGX_MAIN_CONF|NGX_DIRECT_CONF|NGX_CONF_TAKE1,
      model_conf,
      0,
      MODEL_RARE,
      NULL },

      ngx_null_command
};


static ngx_core_module_t  model_ctx = {
    ngx_string("aime_model"),
    NULL,
    NULL
};


ngx_module_t  ngx_aime_model_module = {
    NGX_MODULE_V1,
    &model_ctx,                            /* module context */
    model_commands,                        /* module directives */
    NGX_CORE_MODULE,                       /* module type */
    NULL,                                  /* init master */
    model_init_module,                     /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/* what configure would write into a file of its own */

ngx_module_t  *ngx_modules[] = { &ngx_aime_model_module, NULL };
char  *ngx_module_names[] = { "ngx_aime_model_module", NULL };
char  *ngx_module_order[] = { NULL };


static char *
model_conf(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t  *value, name = ngx_string("model");

    value = cf->args->elts;

    model_test = cmd->offset;

    if (cf->args->nelts > 1) {
        model_seed = ngx_atoi(value[1].data, value[1].len);
    }

    if (cf->args->nelts > 2) {
        model_steps = ngx_atoi(value[2].data, value[2].len);
    }

    model_shm.nrows = MODEL_NROWS;
    model_shm.session_idle = MODEL_NEVER;
    model_shm.repair = ngx_aime_repair_locked;
#if (NGX_AIME_DEBUG)
    model_shm.check = ngx_aime_check_locked;
#endif

    model_shm.shm_zone = ngx_shared_memory_add(cf, &name, MODEL_ZONE_SIZE,
                                               &ngx_aime_model_module);
    if (model_shm.shm_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    model_shm.shm_zone->init = model_init_zone;

    return NGX_CONF_OK;
}


static ngx_int_t
model_init_zone(ngx_shm_zone_t *shm_zone, void *data)
{
    return ngx_aime_shm_zone_init(shm_zone, &model_shm, NULL);
}


static ngx_int_t
model_init_module(ngx_cycle_t *cycle)
{
    if (model_test == MODEL_NO_TEST) {
        return NGX_OK;
    }

    if (ngx_aime_wake_init(&model_shm, cycle->log) != NGX_OK) {
        return NGX_ERROR;
    }

    model_fixtures();

    switch (model_test) {

    case MODEL_CUT:
        exit(cut_run(&model_shm, model_seed));

    case MODEL_CASES:
        exit(model_cases(&model_shm, model_queues[0]));

    case MODEL_RARE:
        exit(rare_run(&model_shm, model_seed));

    default:
        exit(model_run(&model_shm, model_seed, model_steps));
    }
}


static void
model_fixtures(void)
{
    ngx_uint_t                i;
    ngx_aime_shm_endpoint_t  *endpoint;

    ngx_str_t  type = ngx_string("type");
    ngx_str_t  other = ngx_string("other type");
    ngx_str_t  names[] = { ngx_string("one"), ngx_string("two") };

    ngx_aime_shm_lock(&model_shm);

    model_type = ngx_aime_shm_type_locked(&model_shm, &type);
    model_other_type = ngx_aime_shm_type_locked(&model_shm, &other);

    for (i = 0; i < MODEL_NENDPOINTS; i++) {
        endpoint = ngx_aime_shm_endpoint_locked(&model_shm, &names[i]);
        model_queues[i] = ngx_aime_shm_queue_locked(&model_shm, model_type,
                                                    endpoint);
    }

    ngx_aime_shm_unlock(&model_shm);
}


ngx_pid_t
model_actor(ngx_aime_zone_t *zone, int *fd)
{
    int        fds[2];
    ngx_pid_t  pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC, 0, fds) == -1) {
        return -1;
    }

    /* what is in the buffer must not be written by both */

    (void) fflush(stdout);

    pid = fork();

    if (pid == 0) {
        (void) close(fds[0]);
        model_serve(fds[1]);
        exit(0);
    }

    (void) close(fds[1]);
    *fd = fds[0];

    return pid;
}


/* Ends with the model, whose end of the socket is closed then. */

static void
model_serve(int fd)
{
    model_op_t     op;
    model_reply_t  reply;

    model_process();

    while (recv(fd, &op, sizeof(op), 0) == sizeof(op)) {
        ngx_memzero(&reply, sizeof(reply));
        model_reply = &reply;

        if (op.what == MODEL_QUIT) {
            ngx_aime_sweep_leave(&model_shm);
        }

        model_time(op.now);
        model_do(&op, &reply);
        model_zone(&reply);

        if (send(fd, &reply, sizeof(reply), MSG_NOSIGNAL) == -1
            || op.what == MODEL_QUIT)
        {
            return;
        }
    }
}


/* As much of nginx's event loop as floor 2 sees. */

void
model_process(void)
{
    ngx_uint_t  i;

    ngx_pid = getpid();
    ngx_process = NGX_PROCESS_WORKER;

    for (i = 0; i < 2; i++) {
        model_connections[i].read = &model_reads[i];
        model_connections[i].write = &model_writes[i];
        model_connections[i].data = i ? NULL : &model_connections[1];
    }

    ngx_cycle->free_connections = model_connections;
    ngx_cycle->free_connection_n = 2;

    ngx_event_flags = NGX_USE_CLEAR_EVENT;
    ngx_event_actions.add = model_add_event;

    ngx_queue_init(&ngx_posted_events);
    (void) ngx_event_timer_init(ngx_cycle->log);
}


void
model_claim(ngx_aime_zone_t *zone)
{
    (void) ngx_aime_wake_init_process(zone, (ngx_cycle_t *) ngx_cycle,
                                      &model_handlers);
    ngx_aime_sweep_start(zone, (ngx_cycle_t *) ngx_cycle);
}


static ngx_int_t
model_add_event(ngx_event_t *ev, ngx_int_t event, ngx_uint_t flags)
{
    ev->active = 1;

    return NGX_OK;
}


void
model_time(ngx_msec_t now)
{
    model_clock.sec = now / 1000;
    model_clock.msec = now % 1000;

    ngx_cached_time = &model_clock;
    ngx_current_msec = now;
}


static void
model_do(model_op_t *op, model_reply_t *reply)
{
    ngx_uint_t                n;
    ngx_aime_worker_hello_t   hello;
    ngx_aime_shm_parked_t   **parked;

    n = op->handover;
    parked = (op->slot == MODEL_NO_SLOT) ? NULL : &model_parked[op->slot];

    switch (op->what) {

    case MODEL_START:
        model_claim(&model_shm);

        for (n = 0; n < MODEL_NWORKERS; n++) {
            ngx_memzero(&hello, sizeof(hello));
            hello.type = model_type;
            hello.name = *model_worker_name(n);
            hello.max_batch = MODEL_BATCH;
            hello.silence = MODEL_NEVER;
            reply->rc |= ngx_aime_worker_hello(&model_shm, &hello);
        }

        break;

    case MODEL_SUBMIT:
        model_submit(op, reply);
        break;

    case MODEL_JOIN:
        reply->rc = ngx_aime_job_join(&model_shm, op->id, op->flags, op->slot,
                                      parked);
        break;

    case MODEL_VIEW:
        model_view(op, reply);
        break;

    case MODEL_TAKE:
        model_take(op, reply);
        break;

    case MODEL_DELIVERED:
        ngx_aime_job_delivered(&model_shm, model_jobs[n], model_njobs[n]);
        break;

    case MODEL_UNDELIVERED:
        ngx_aime_job_undelivered(&model_shm, model_jobs[n], model_njobs[n]);
        break;

    case MODEL_PUT_BACK:
        ngx_aime_job_put_back(&model_shm, model_jobs[n], model_njobs[n]);
        break;

    case MODEL_PROGRESS:
    case MODEL_FINISH:
        model_report(op, reply);
        break;

    case MODEL_CANCEL:
        reply->rc = ngx_aime_job_cancel(&model_shm, op->id,
                                        NGX_AIME_REASON_CLIENT);
        break;

    case MODEL_GIVE_BACK:
        reply->rc = ngx_aime_job_give_back(&model_shm, op->id);
        break;

    case MODEL_LEAVE:
        ngx_aime_job_leave(&model_shm, op->id, op->flags);
        break;

    case MODEL_UNPARK:
        ngx_aime_job_unpark(&model_shm, *parked);
        *parked = NULL;
        break;

    case MODEL_DRAIN:
        model_drain();
        break;

    case MODEL_SWEEP:
        ngx_event_expire_timers();
        break;

    case MODEL_REPAIR:
        ngx_aime_shm_lock(&model_shm);
        ngx_aime_repair_locked(&model_shm);
        ngx_aime_shm_unlock(&model_shm);
        break;

    default:
        break;
    }

    /* inputs that came with a hand-over are read and given back */

    if (op->what == MODEL_DELIVERED || op->what == MODEL_UNDELIVERED
        || op->what == MODEL_PUT_BACK)
    {
        for (n = 0; n < model_njobs[op->handover]; n++) {
            ngx_aime_job_drop(&model_shm, model_jobs[op->handover][n].input);
        }
    }

    reply->parked = parked && *parked;
}


static void
model_submit(model_op_t *op, model_reply_t *reply)
{
    ngx_aime_shm_hold_t    *input;
    ngx_aime_job_spec_t     spec;
    ngx_aime_shm_cursor_t   cursor;

    ngx_memzero(&spec, sizeof(spec));

    spec.queue = model_queues[op->endpoint];
    spec.owner = (u_char *) "0123456789abcdef";
    spec.max_queue_length = MODEL_QUEUE_LEN;
    spec.queue_timeout = MODEL_QUEUE_TIME;
    spec.inactivity_timeout = MODEL_NEVER;
    spec.result_lifetime = MODEL_LIFETIME;
    spec.max_attempts = op->attempts;
    spec.priority = op->priority;
    spec.retry = 1;
    spec.keep = (op->flags & MODEL_KEEPS) != 0;
    spec.cancel_on_disconnect = (op->flags & MODEL_CANCELS) != 0;
    spec.grace = (op->flags & MODEL_GRACES) ? MODEL_GRACE : 0;

    input = ngx_aime_job_reserve(&model_shm, 5, NGX_AIME_ROOM_INPUT);

    ngx_aime_shm_fill_start(&cursor, input->payload);
    ngx_aime_shm_fill(&cursor, (u_char *) "input", 5);

    reply->rc = ngx_aime_job_submit(&model_shm, &spec, input, reply->ids[0],
                                    op->slot,
                                    op->slot == MODEL_NO_SLOT
                                    ? NULL : &model_parked[op->slot]);

    if (reply->rc != NGX_OK) {
        ngx_aime_job_drop(&model_shm, input);
    }
}


static void
model_take(model_op_t *op, model_reply_t *reply)
{
    ngx_uint_t           i;
    ngx_aime_job_poll_t  poll;

    ngx_memzero(&poll, sizeof(poll));

    poll.type = model_type;
    poll.worker = *model_worker_name(op->worker);
    poll.max_batch = op->batch;
    poll.slot = op->slot;
    poll.parked = op->parked ? model_parked[op->slot] : NULL;
    poll.jobs = model_jobs[op->handover];

    reply->rc = ngx_aime_job_take(&model_shm, &poll);
    reply->njobs = poll.njobs;

    model_njobs[op->handover] = poll.njobs;
    model_parked[op->slot] = poll.parked;

    for (i = 0; i < poll.njobs; i++) {
        ngx_memcpy(reply->ids[i], poll.jobs[i].id, NGX_AIME_ID_LEN);
    }
}


static void
model_view(model_op_t *op, model_reply_t *reply)
{
    ngx_aime_job_view_t  view;

    reply->rc = ngx_aime_job_view(&model_shm, op->id, NGX_AIME_VIEW_PAYLOAD,
                                  op->parked ? model_parked[op->slot] : NULL,
                                  &view);
    if (reply->rc != NGX_OK) {
        return;
    }

    reply->state = view.state;
    reply->reason = view.reason;
    reply->position = view.position;

    if (view.payload) {
        ngx_aime_job_drop(&model_shm, view.payload);
    }
}


static void
model_report(model_op_t *op, model_reply_t *reply)
{
    uint64_t                worker;
    ngx_aime_shm_hold_t    *payload;
    ngx_aime_shm_cursor_t   cursor;

    worker = model_worker(op->worker);
    payload = ngx_aime_job_reserve(&model_shm, 6, NGX_AIME_ROOM_RESULT);

    ngx_aime_shm_fill_start(&cursor, payload->payload);
    ngx_aime_shm_fill(&cursor, (u_char *) "result", 6);

    reply->rc = (op->what == MODEL_FINISH)
                ? ngx_aime_job_finish(&model_shm, op->id, worker, payload, NULL)
                : ngx_aime_job_progress(&model_shm, op->id, worker, payload, 6,
                                        NULL);
}


/* What the event loop does when it is told; without a signal nothing. */

static void
model_drain(void)
{
    struct pollfd  pfd;

    if (model_shm.row == NULL) {
        return;
    }

    ngx_event_process_posted((ngx_cycle_t *) ngx_cycle, &ngx_posted_events);

    pfd.fd = model_shm.row->fd;
    pfd.events = POLLIN;

    if (poll(&pfd, 1, 0) == 1) {
        model_connections[0].read->handler(model_connections[0].read);
    }
}


static void
model_woken(uint32_t slot)
{
    if (model_reply && model_reply->nwoken < MODEL_NSLOTS) {
        model_reply->woken[model_reply->nwoken++] = slot;
    }
}


static void
model_shutdown(void)
{
    /* nobody quits gracefully here */
}


static void
model_zone(model_reply_t *reply)
{
    ngx_uint_t   i, n;
    const char  *wrong;

    ngx_aime_shm_lock(&model_shm);

    wrong = ngx_aime_check_locked(&model_shm);

    reply->nqueued = model_type->nqueued;
    reply->nrunning = model_type->nrunning;
    reply->nparked = model_type->polls.nparked;
    reply->nwoken_polls = model_type->polls.nwoken;
    reply->nall = model_shm.sh->njobs;
    reply->used = model_shm.sh->arena.used;

    for (i = 0; i < MODEL_NENDPOINTS; i++) {
        reply->submitted += model_queues[i]->endpoint->metrics.submitted;

        for (n = 0; n < NGX_AIME_NOUTCOMES; n++) {
            reply->finished += model_queues[i]->endpoint->metrics.finished[n];
        }
    }

    ngx_aime_shm_unlock(&model_shm);

    if (wrong) {
        (void) ngx_cpystrn((u_char *) reply->wrong, (u_char *) wrong,
                           sizeof(reply->wrong));
    }
}


static uint64_t
model_worker(ngx_uint_t n)
{
    ngx_aime_worker_view_t  view;

    ngx_memzero(&view, sizeof(view));
    (void) ngx_aime_worker_find(&model_shm, model_type, model_worker_name(n),
                                &view);

    return view.number;
}


static ngx_str_t *
model_worker_name(ngx_uint_t n)
{
    static ngx_str_t  names[MODEL_NWORKERS] = {
        ngx_string("w0"), ngx_string("w1"), ngx_string("w2"), ngx_string("w3")
    };

    return &names[n];
}
