
/*
 * The route by which workers get jobs, see ngx_http_aime_poll.h.
 *
 * Workers of both generations poll here.  Generation A says everything with
 * each poll, which counts as a login; B has logged in and sends its name.
 */


#include "ngx_http_aime_poll.h"
#include "ngx_http_aime_park.h"
#include "ngx_http_aime_worker.h"
#include "ngx_aime_job_room.h"
#include "ngx_aime_job_steer.h"
#include "ngx_aime_job_take.h"


/* Libraries retry at full speed but for a 503: not before that, in ms. */

#define NGX_HTTP_AIME_POLL_PAUSE    1000


/* bytes around the jobs of an answer, and around the inputs of each */

#define NGX_HTTP_AIME_POLL_SIZE     128

/* times that jobs of removed endpoints are passed over at once */

#define NGX_HTTP_AIME_POLL_LOOKS    64


typedef struct {
    ngx_aime_zone_t             *zone;
    ngx_http_request_t          *request;
    ngx_http_aime_type_t        *type;
    ngx_aime_job_poll_t          poll;
    ngx_uint_t                   looks;
    ngx_msec_t                   end;       /* of waiting */
    unsigned                     single:1;  /* the oldest workers: no array */
    unsigned                     answered:1;
} ngx_http_aime_poll_t;


static ngx_int_t ngx_http_aime_poll_worker(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_http_aime_claim_t *claim,
    ngx_http_aime_poll_t *poll, ngx_int_t *answer);
static ngx_int_t ngx_http_aime_poll_hello(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_http_aime_claim_t *claim,
    ngx_http_aime_type_t *type, ngx_uint_t max_batch);
static void ngx_http_aime_poll_end(ngx_http_aime_poll_t *poll,
    ngx_http_aime_args_t *args, ngx_uint_t generation_a);
static ngx_int_t ngx_http_aime_poll_look(ngx_http_request_t *r,
    ngx_http_aime_park_t *park);
static ngx_int_t ngx_http_aime_poll_resume(ngx_http_request_t *r,
    ngx_http_aime_park_t *park, ngx_uint_t why);
static ngx_int_t ngx_http_aime_poll_jobs(ngx_http_request_t *r,
    ngx_http_aime_park_t *park);
static ngx_int_t ngx_http_aime_poll_unknown(ngx_http_request_t *r,
    ngx_http_aime_park_t *park);
static ngx_int_t ngx_http_aime_poll_no_job(ngx_http_request_t *r,
    ngx_http_aime_park_t *park);
static ngx_int_t ngx_http_aime_poll_pause(ngx_http_request_t *r);
static ngx_int_t ngx_http_aime_poll_paused(ngx_http_request_t *r,
    ngx_http_aime_park_t *park, ngx_uint_t why);
static ngx_int_t ngx_http_aime_poll_refuse(ngx_http_request_t *r,
    ngx_str_t *worker);
static void ngx_http_aime_poll_cleanup(void *data);
static void ngx_http_aime_poll_drop(void *data);


ngx_int_t
ngx_http_aime_worker_poll(ngx_http_request_t *r)
{
    double                      batch;
    ngx_int_t                   rc, answer;
    ngx_str_t                   error;
    ngx_http_cleanup_t         *cln;
    ngx_pool_cleanup_t         *pcln;
    ngx_http_aime_args_t        args;
    ngx_http_aime_park_t       *park;
    ngx_http_aime_poll_t       *poll;
    ngx_http_aime_claim_t       claim;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    rc = ngx_http_aime_body_args(r, &args, &error);

    if (rc == NGX_DECLINED) {
        return ngx_http_aime_error(r, NGX_HTTP_BAD_REQUEST, &error);
    }

    cln = ngx_http_cleanup_add(r, sizeof(ngx_http_aime_poll_t));
    pcln = ngx_pool_cleanup_add(r->pool, 0);

    if (rc == NGX_ERROR || cln == NULL || pcln == NULL
        || ngx_http_aime_worker_claim(r, &args, &claim) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    poll = cln->data;
    ngx_memzero(poll, sizeof(ngx_http_aime_poll_t));

    poll->zone = amcf->zone;
    poll->request = r;
    poll->poll.max_batch = 1;

    if (ngx_http_aime_arg(&args, "max_job_batch") == NULL) {
        poll->single = (claim.job_type.data != NULL);

    } else if (ngx_http_aime_arg_number(&args, "max_job_batch", &batch)
               == NGX_OK && batch >= 1)
    {
        poll->poll.max_batch = ngx_min(batch, NGX_AIME_MAX_BATCH);
    }

    if (ngx_http_aime_poll_worker(r, &args, &claim, poll, &answer)
        != NGX_OK)
    {
        return answer;
    }

    poll->poll.jobs = ngx_palloc(r->pool, poll->poll.max_batch
                                          * sizeof(ngx_aime_job_handover_t));
    if (poll->poll.jobs == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* made before the park's, so that it runs when that has unparked */

    cln->handler = ngx_http_aime_poll_cleanup;

    /* inputs are sent from the zone: HTTP/2 may do so after that */

    pcln->handler = ngx_http_aime_poll_drop;
    pcln->data = poll;

    park = ngx_http_aime_park_create(r, ngx_http_aime_poll_resume, poll);
    if (park == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    poll->poll.slot = park->slot;

    return ngx_http_aime_poll_look(r, park);
}


/*
 * Who polls, and for which job type.  NGX_ERROR: *answer is what the handler
 * returns.
 */

static ngx_int_t
ngx_http_aime_poll_worker(ngx_http_request_t *r, ngx_http_aime_args_t *args,
    ngx_http_aime_claim_t *claim, ngx_http_aime_poll_t *poll,
    ngx_int_t *answer)
{
    ngx_uint_t                  generation_a;
    ngx_http_aime_ctx_t        *ctx;
    ngx_http_aime_type_t       *type;
    ngx_aime_worker_view_t      view;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);
    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    generation_a = (claim->job_type.data != NULL);

    if (!ngx_http_aime_worker_name(&claim->name)) {
        *answer = ngx_http_aime_worker_refuse(r, "auth must have 1 to 255 "
                                              "bytes without control "
                                              "characters", NULL, NULL);
        return NGX_ERROR;
    }

    if (generation_a) {
        type = ngx_http_aime_type_named(amcf, &claim->job_type);

        if (type == NULL) {
            *answer = ngx_http_aime_worker_refuse(r,
                                                  "No job queue for job_type:"
                                                  " %V", &claim->job_type,
                                                  NULL);
            return NGX_ERROR;
        }

        if (!ngx_http_aime_worker_key(type, claim)) {
            *answer = ngx_http_aime_worker_refuse(r, "Worker not authorized!",
                                                  NULL, NULL);
            return NGX_ERROR;
        }

        if (ngx_http_aime_poll_hello(r, args, claim, type,
                                     poll->poll.max_batch)
            != NGX_OK)
        {
            *answer = ngx_http_aime_poll_pause(r);
            return NGX_ERROR;
        }

    } else {
        type = NULL;

        if (ngx_aime_worker_find(amcf->zone, NULL, &claim->name, &view)
            == NGX_OK)
        {
            type = ngx_http_aime_type_of(amcf, view.type);
        }

        if (type == NULL || !ngx_http_aime_worker_key(type, claim)) {
            *answer = ngx_http_aime_poll_refuse(r, &claim->name);
            return NGX_ERROR;
        }

        ngx_aime_worker_seen(amcf->zone, type->shm, &claim->name);
    }

    ctx->worker = claim->name;

    poll->type = type;
    poll->poll.type = type->shm;
    poll->poll.worker = claim->name;

    ngx_http_aime_poll_end(poll, args, generation_a);

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_poll_hello(ngx_http_request_t *r, ngx_http_aime_args_t *args,
    ngx_http_aime_claim_t *claim, ngx_http_aime_type_t *type,
    ngx_uint_t max_batch)
{
    ngx_aime_worker_hello_t     hello;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    ngx_memzero(&hello, sizeof(ngx_aime_worker_hello_t));

    hello.type = type->shm;
    hello.name = claim->name;
    hello.silence = 2 * type->request_timeout;
    hello.max_batch = max_batch;

    ngx_http_aime_worker_fields(args, NULL, hello.fields);

    if (ngx_aime_worker_hello(amcf->zone, &hello) == NGX_OK) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "no room for worker \"%V\" in aime_api_zone",
                  &claim->name);

    return NGX_ERROR;
}


/* A's socket gives up at the timeout that it sent. */

static void
ngx_http_aime_poll_end(ngx_http_aime_poll_t *poll,
    ngx_http_aime_args_t *args, ngx_uint_t generation_a)
{
    double      seconds;
    ngx_msec_t  timeout;

    timeout = poll->type->request_timeout;

    if (generation_a
        && ngx_http_aime_arg_number(args, "request_timeout", &seconds)
           == NGX_OK
        && seconds >= 0 && seconds * 1000 < timeout)
    {
        timeout = seconds * 1000;
    }

    poll->end = ngx_current_msec + timeout * 9 / 10;
}


static ngx_int_t
ngx_http_aime_poll_look(ngx_http_request_t *r, ngx_http_aime_park_t *park)
{
    u_char                 byte;
    ngx_int_t              rc;
    ngx_msec_int_t         left;
    ngx_http_aime_poll_t  *poll;

    poll = park->data;
    left = (ngx_msec_int_t) (poll->end - ngx_current_msec);

    poll->poll.parked = park->parked;

    /*
     * A job must not go to a worker that is gone.  Its hanging up may lie
     * behind the wake-up in the same round of events, or come after it.
     */

    if (r->connection->read->pending_eof
        || recv(r->connection->fd, &byte, 1, MSG_PEEK) == 0)
    {
        return NGX_HTTP_CLIENT_CLOSED_REQUEST;
    }

    /* at the end of its time a poll takes what there is */

    poll->poll.max_delay = (left > 0) ? poll->type->max_batch_delay : 0;

    rc = ngx_aime_job_take(poll->zone, &poll->poll);

    park->parked = poll->poll.parked;

    switch (rc) {

    case NGX_OK:
        return ngx_http_aime_poll_jobs(r, park);

    case NGX_DECLINED:
        poll->answered = 1;
        return ngx_http_aime_poll_refuse(r, &poll->poll.worker);

    case NGX_ERROR:
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "aime_api_zone is full, cannot park worker \"%V\"",
                      &poll->poll.worker);
        poll->answered = 1;
        return ngx_http_aime_poll_pause(r);
    }

    if (left <= 0 || ngx_exiting) {
        return ngx_http_aime_poll_no_job(r, park);
    }

    if (poll->poll.linger) {
        left = ngx_min(left, (ngx_msec_int_t) poll->poll.linger);

    } else if (park->timer.timer_set) {
        return NGX_HTTP_AIME_PARKED;
    }

    return ngx_http_aime_park_wait(park, left);
}


static ngx_int_t
ngx_http_aime_poll_resume(ngx_http_request_t *r, ngx_http_aime_park_t *park,
    ngx_uint_t why)
{
    /* the worker comes back at once, to a process of the new generation */

    if (why & NGX_HTTP_AIME_SHUTDOWN) {
        return ngx_http_aime_poll_no_job(r, park);
    }

    return ngx_http_aime_poll_look(r, park);
}


static ngx_int_t
ngx_http_aime_poll_jobs(ngx_http_request_t *r, ngx_http_aime_park_t *park)
{
    size_t                      size;
    ngx_uint_t                  i;
    ngx_http_aime_poll_t       *poll;
    ngx_http_aime_reply_t       reply;
    ngx_aime_shm_payload_t     *payload;
    ngx_aime_job_handover_t    *job;
    ngx_http_aime_endpoint_t   *endpoint;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    poll = park->data;
    endpoint = ngx_http_aime_endpoint_of(amcf, poll->poll.endpoint);

    if (endpoint == NULL) {
        return ngx_http_aime_poll_unknown(r, park);
    }

    poll->answered = 1;

    size = NGX_HTTP_AIME_POLL_SIZE + endpoint->quoted.len
           + ngx_http_aime_reply_cost(endpoint->descriptions.len);

    for (i = 0; i < poll->poll.njobs; i++) {
        size += NGX_HTTP_AIME_POLL_SIZE
                + ngx_http_aime_reply_cost(poll->poll.jobs[i].input->payload
                                           ->len);
    }

    ngx_http_aime_reply_start(&reply, r, size);
    ngx_http_aime_reply_chars(&reply, "{\"cmd\":\"job\","
                                      "\"api_server_version\":\""
                                      NGX_HTTP_AIME_API_VERSION "\","
                                      "\"endpoint_name\":");
    ngx_http_aime_reply_text(&reply, &endpoint->quoted);
    ngx_http_aime_reply_chars(&reply, poll->single ? ",\"job_data\":"
                                                   : ",\"job_data\":[");

    for (i = 0; i < poll->poll.njobs; i++) {
        job = &poll->poll.jobs[i];
        payload = job->input->payload;

        ngx_http_aime_reply_chars(&reply, i ? ",{\"job_id\":"
                                            : "{\"job_id\":");
        ngx_http_aime_reply_id(&reply, job->id);
        ngx_http_aime_reply_chars(&reply, ",\"start_time\":");
        ngx_http_aime_reply_seconds(&reply, job->start_time);
        ngx_http_aime_reply_chars(&reply, ",\"start_time_compute\":");
        ngx_http_aime_reply_seconds(&reply, job->start_time_compute);
        ngx_http_aime_reply_payload(&reply, payload, 0, payload->len);
        ngx_http_aime_reply_chars(&reply, "}");
    }

    ngx_http_aime_reply_chars(&reply, poll->single ? "," : "],");
    ngx_http_aime_reply_lasting(&reply, &endpoint->descriptions);
    ngx_http_aime_reply_chars(&reply, "}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


/*
 * The endpoint is not in this process's configuration: a reload has removed
 * it, or has added it since this process began.
 */

static ngx_int_t
ngx_http_aime_poll_unknown(ngx_http_request_t *r, ngx_http_aime_park_t *park)
{
    ngx_uint_t             i;
    ngx_http_aime_poll_t  *poll;

    poll = park->data;

    if (poll->poll.endpoint->generation >= poll->zone->generation) {
        ngx_aime_job_put_back(poll->zone, poll->poll.jobs, poll->poll.njobs);
        ngx_http_aime_poll_drop(poll);

        return ngx_http_aime_poll_no_job(r, park);
    }

    for (i = 0; i < poll->poll.njobs; i++) {
        (void) ngx_aime_job_cancel(poll->zone, poll->poll.jobs[i].id,
                                   NGX_AIME_REASON_REMOVED);
    }

    ngx_http_aime_poll_drop(poll);

    if (++poll->looks > NGX_HTTP_AIME_POLL_LOOKS) {
        return ngx_http_aime_poll_no_job(r, park);
    }

    return ngx_http_aime_poll_look(r, park);
}


static ngx_int_t
ngx_http_aime_poll_no_job(ngx_http_request_t *r, ngx_http_aime_park_t *park)
{
    ngx_http_aime_poll_t   *poll;
    ngx_http_aime_reply_t   reply;

    poll = park->data;
    poll->answered = 1;

    /* a job that comes while this is being sent is not for this poll */

    ngx_http_aime_park_end(park);

    /* it waited until now */

    ngx_aime_worker_seen(poll->zone, poll->poll.type, &poll->poll.worker);

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_POLL_SIZE);
    ngx_http_aime_reply_chars(&reply, "{\"cmd\":\"no_job\","
                                      "\"api_server_version\":\""
                                      NGX_HTTP_AIME_API_VERSION "\"}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


/* 503, but not at once. */

static ngx_int_t
ngx_http_aime_poll_pause(ngx_http_request_t *r)
{
    ngx_http_aime_park_t  *park;

    park = ngx_http_aime_park_create(r, ngx_http_aime_poll_paused, NULL);
    if (park == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_aime_park_wait(park, NGX_HTTP_AIME_POLL_PAUSE);
}


static ngx_int_t
ngx_http_aime_poll_paused(ngx_http_request_t *r, ngx_http_aime_park_t *park,
    ngx_uint_t why)
{
    return ngx_http_aime_error_chars(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                     "The server has no memory left, try "
                                     "again later");
}


static ngx_int_t
ngx_http_aime_poll_refuse(ngx_http_request_t *r, ngx_str_t *worker)
{
    return ngx_http_aime_worker_refuse(r, "Worker %V needs to login before "
                                       "being allowed to make job requests",
                                       worker, NULL);
}


/* How the poll ended: with jobs that went out, or not; or by a hang-up. */

static void
ngx_http_aime_poll_cleanup(void *data)
{
    ngx_http_aime_poll_t *poll = data;

    if (poll->poll.njobs) {
        if (ngx_http_aime_reply_sent(poll->request)) {
            ngx_aime_job_delivered(poll->zone, poll->poll.jobs,
                                   poll->poll.njobs);
            return;
        }

        ngx_log_error(NGX_LOG_INFO, poll->request->connection->log, 0,
                      "worker \"%V\" hung up before it was sent %ui jobs, "
                      "which go back to their queue", &poll->poll.worker,
                      poll->poll.njobs);

        ngx_aime_job_undelivered(poll->zone, poll->poll.jobs,
                                 poll->poll.njobs);
    }

    if (!poll->answered || !ngx_http_aime_reply_sent(poll->request)) {
        ngx_aime_worker_hung_up(poll->zone, poll->poll.type,
                                &poll->poll.worker);
    }
}


static void
ngx_http_aime_poll_drop(void *data)
{
    ngx_http_aime_poll_t *poll = data;

    while (poll->poll.njobs) {
        ngx_aime_job_drop(poll->zone,
                          poll->poll.jobs[--poll->poll.njobs].input);
    }
}

