
/*
 * A job's changes as server-sent events, see ngx_http_aime_stream.h.
 *
 * A stream is parked on its job as a watcher.  When it is woken it looks at
 * the job and sends what that is now; while an event is still being written it
 * does not look, so a slow reader skips to the newest state and costs the
 * memory of one event.  Events lie in pools of their own; the one before the
 * last stays until the next is sent, since filters keep its buffers listed.
 */


#include "ngx_http_aime_stream.h"
#include "ngx_http_aime_park.h"
#include "ngx_http_aime_reply.h"
#include "ngx_http_aime_view.h"
#include "ngx_aime_id.h"
#include "ngx_aime_job.h"


#define NGX_HTTP_AIME_STREAM_POOL       2048

/* a queue moves without its jobs being woken: look, milliseconds */

#define NGX_HTTP_AIME_STREAM_LOOK       1000
#define NGX_HTTP_AIME_STREAM_IDLE       60000

#define NGX_HTTP_AIME_MAX_QUOTED        64


typedef struct {
    ngx_aime_zone_t             *zone;
    ngx_http_request_t          *request;
    ngx_http_aime_endpoint_t    *endpoint;
    ngx_http_aime_park_t        *park;
    u_char                       id[NGX_AIME_ID_LEN];

    ngx_pool_t                  *pool;      /* of the last event */
    ngx_aime_shm_hold_t         *hold;      /* while it is being sent */

    ngx_msec_t                   keepalive;
    ngx_msec_t                   sent;      /* when something was */

    /* what the last event has told */
    uint32_t                     changes;
    ngx_uint_t                   position;
    ngx_uint_t                   nonline;
    unsigned                     told:1;
} ngx_http_aime_stream_t;


static ngx_int_t ngx_http_aime_stream_args(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_int_t *answer);
static ngx_int_t ngx_http_aime_stream_allowed(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_aime_job_view_t *view,
    ngx_http_aime_endpoint_t **endpoint, ngx_int_t *answer);
static ngx_int_t ngx_http_aime_stream_find(ngx_http_request_t *r,
    ngx_str_t *job_id, ngx_aime_job_view_t *view,
    ngx_http_aime_endpoint_t **endpoint);
static ngx_int_t ngx_http_aime_stream_refuse(ngx_http_request_t *r,
    const char *msg, ngx_str_t *more);
static ngx_uint_t ngx_http_aime_stream_seen(ngx_http_request_t *r,
    ngx_aime_job_view_t *view);
static ngx_int_t ngx_http_aime_stream_start(ngx_http_request_t *r,
    ngx_http_aime_stream_t *stream);
static ngx_int_t ngx_http_aime_stream_resume(ngx_http_request_t *r,
    ngx_http_aime_park_t *park, ngx_uint_t why);
static ngx_int_t ngx_http_aime_stream_look(ngx_http_aime_stream_t *stream);
static ngx_int_t ngx_http_aime_stream_wait(ngx_http_aime_stream_t *stream,
    ngx_msec_t msec);
static void ngx_http_aime_stream_write_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_aime_stream_state(ngx_http_aime_stream_t *stream,
    ngx_aime_job_view_t *view);
static ngx_int_t ngx_http_aime_stream_comment(ngx_http_aime_stream_t *stream);
static ngx_int_t ngx_http_aime_stream_part(ngx_http_aime_stream_t *stream,
    ngx_http_aime_reply_t *reply, ngx_uint_t last);
static ngx_int_t ngx_http_aime_stream_reply(ngx_http_aime_stream_t *stream,
    ngx_http_aime_reply_t *reply);
static void ngx_http_aime_stream_release(ngx_http_aime_stream_t *stream);
static void ngx_http_aime_stream_cleanup(void *data);


ngx_int_t
ngx_http_aime_stream_progress(ngx_http_request_t *r)
{
    ngx_int_t                  answer;
    ngx_pool_cleanup_t        *cln;
    ngx_aime_job_view_t        view;
    ngx_http_aime_args_t       args;
    ngx_http_aime_stream_t    *stream;
    ngx_http_aime_loc_conf_t  *alcf;
    ngx_http_aime_endpoint_t  *endpoint;

    answer = NGX_HTTP_INTERNAL_SERVER_ERROR;

    if (ngx_http_aime_stream_args(r, &args, &answer) != NGX_OK
        || ngx_http_aime_stream_allowed(r, &args, &view, &endpoint, &answer)
           != NGX_OK)
    {
        return answer;
    }

    ngx_http_aime_note_job(r, view.id);

    if (ngx_http_aime_stream_seen(r, &view)) {
        return ngx_http_aime_reply_nothing(r, NGX_HTTP_NO_CONTENT);
    }

    /* not the request's cleanup: frames of HTTP/2 outlive that */

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_aime_stream_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    stream = cln->data;
    ngx_memzero(stream, sizeof(ngx_http_aime_stream_t));

    cln->handler = ngx_http_aime_stream_cleanup;

    alcf = ngx_http_get_module_loc_conf(r, ngx_http_aime_api_module);

    stream->zone = ngx_http_aime_zone(r);
    stream->request = r;
    stream->endpoint = endpoint;
    stream->keepalive = alcf->stream_keepalive;
    ngx_memcpy(stream->id, view.id, NGX_AIME_ID_LEN);

    return ngx_http_aime_stream_start(r, stream);
}


/* From the query; of a POST whose query names no job, from the body. */

static ngx_int_t
ngx_http_aime_stream_args(ngx_http_request_t *r, ngx_http_aime_args_t *args,
    ngx_int_t *answer)
{
    ngx_int_t             rc;
    ngx_str_t             error;
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    rc = ngx_http_aime_query(r, args, &error);

    if (rc == NGX_OK && r->method == NGX_HTTP_POST && ctx->body.len
        && ngx_http_aime_arg(args, "job_id") == NULL)
    {
        rc = ngx_http_aime_body_args(r, args, &error);
    }

    if (rc == NGX_DECLINED) {
        *answer = ngx_http_aime_error(r, NGX_HTTP_BAD_REQUEST, &error);

    }

    return rc;
}


/*
 * Credentials first, as the original has it: who has none learns nothing of
 * jobs.  Whose they must be is known from the job alone.
 */

static ngx_int_t
ngx_http_aime_stream_allowed(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_aime_job_view_t *view,
    ngx_http_aime_endpoint_t **endpoint, ngx_int_t *answer)
{
    ngx_int_t               rc, known;
    ngx_str_t               job_id;
    ngx_http_aime_client_t  client;

    rc = ngx_http_aime_arg_text(r, args, "job_id", &job_id);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        ngx_str_null(&job_id);
    }

    known = ngx_http_aime_stream_find(r, &job_id, view, endpoint);

    if (known == NGX_ERROR
        || ngx_http_aime_identify(r, *endpoint, args, &client) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (client.verdict == NGX_HTTP_AIME_CLIENT_NOBODY
        && (known != NGX_OK || !view->open))
    {
        *answer = ngx_http_aime_stream_refuse(r,
                                   "client_session_auth_key missing", NULL);
        return NGX_DECLINED;
    }

    if (client.verdict == NGX_HTTP_AIME_CLIENT_BAD_SESSION) {
        *answer = ngx_http_aime_stream_refuse(r,
                            "client_session_auth_key not authorized", NULL);
        return NGX_DECLINED;
    }

    if (client.verdict == NGX_HTTP_AIME_CLIENT_BAD_KEY) {
        *answer = ngx_http_aime_stream_refuse(r, "Key not valid", NULL);
        return NGX_DECLINED;
    }

    if (job_id.len == 0) {
        *answer = ngx_http_aime_stream_refuse(r, "job_id missing", NULL);
        return NGX_DECLINED;
    }

    if (known != NGX_OK
        || client.verdict == NGX_HTTP_AIME_CLIENT_FORBIDDEN
        || !ngx_http_aime_may_see(*endpoint, &client, view))
    {
        *answer = ngx_http_aime_stream_refuse(r,
                   "Client has no active request with this job id ", &job_id);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* NGX_DECLINED: no such job; the endpoint is then any one. */

static ngx_int_t
ngx_http_aime_stream_find(ngx_http_request_t *r, ngx_str_t *job_id,
    ngx_aime_job_view_t *view, ngx_http_aime_endpoint_t **endpoint)
{
    u_char                       id[NGX_AIME_ID_LEN];
    ngx_http_aime_main_conf_t   *amcf;
    ngx_http_aime_endpoint_t   **any;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    if (ngx_aime_id_parse(job_id->data, job_id->len, id) == NGX_OK
        && ngx_aime_job_view(amcf->zone, id, NGX_AIME_VIEW_NOTHING, NULL,
                             view)
           == NGX_OK)
    {
        *endpoint = ngx_http_aime_endpoint_of(amcf, view->endpoint);

        if (*endpoint) {
            return NGX_OK;
        }
    }

    if (amcf->endpoints.nelts == 0) {
        return NGX_ERROR;
    }

    any = amcf->endpoints.elts;
    *endpoint = any[0];

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_aime_stream_refuse(ngx_http_request_t *r, const char *msg,
    ngx_str_t *more)
{
    u_char                 *p;
    size_t                  len;
    ngx_str_t               text;
    ngx_http_aime_reply_t   reply;

    u_char                  buf[128 + NGX_HTTP_AIME_MAX_QUOTED];

    len = more ? ngx_min(more->len, NGX_HTTP_AIME_MAX_QUOTED) : 0;

    p = ngx_snprintf(buf, sizeof(buf), "%s", msg);

    if (len) {
        p = ngx_cpymem(p, more->data, len);
    }

    text.data = buf;
    text.len = p - buf;

    ngx_http_aime_reply_start(&reply, r);
    ngx_http_aime_reply_chars(&reply, "{\"cmd\":\"error\",\"success\":false,"
                                      "\"msg\":");
    ngx_http_aime_reply_string(&reply, &text);
    ngx_http_aime_reply_chars(&reply, "}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


/* Is this a browser that comes back though it has got the last event? */

static ngx_uint_t
ngx_http_aime_stream_seen(ngx_http_request_t *r, ngx_aime_job_view_t *view)
{
    ngx_int_t   n;
    ngx_str_t  *last;

    if (view->state < NGX_AIME_JOB_DONE) {
        return 0;
    }

    last = ngx_http_aime_header_in(r, "Last-Event-ID");
    n = last ? ngx_atoi(last->data, last->len) : NGX_ERROR;

    return n == (ngx_int_t) view->changes;
}


static ngx_int_t
ngx_http_aime_stream_start(ngx_http_request_t *r,
    ngx_http_aime_stream_t *stream)
{
    ngx_int_t             rc;
    ngx_http_aime_ctx_t  *ctx;

    static ngx_str_t  type = ngx_string("text/event-stream");
    static ngx_str_t  no_cache = ngx_string("no-cache");
    static ngx_str_t  no_buffering = ngx_string("no");

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    ctx->stream = stream;

    stream->park = ngx_http_aime_park_create(r, ngx_http_aime_stream_resume,
                                             stream);
    if (stream->park == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* whether it is there still, the first look tells */

    if (r->method != NGX_HTTP_HEAD
        && ngx_aime_job_join(stream->zone, stream->id, 0, stream->park->slot,
                             &stream->park->parked)
           == NGX_ERROR)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "aime_api_zone is full, cannot watch a job");
        (void) ngx_http_aime_reply_retry_after(r, 1);

        return ngx_http_aime_error_chars(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                         "The server is short of memory, try "
                                         "again later");
    }

    if (ngx_http_aime_reply_header(r, "Cache-Control", &no_cache) != NGX_OK
        || ngx_http_aime_reply_header(r, "X-Accel-Buffering", &no_buffering)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_aime_reply_begin(r, &type);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        ngx_http_aime_park_end(stream->park);
        return rc;
    }

    stream->park->streams = 1;

#if (NGX_HTTP_V2)
    if (r->stream == NULL)
#endif
    {
        (void) ngx_tcp_nodelay(r->connection);
    }

    rc = ngx_http_aime_stream_look(stream);

    if (rc != NGX_HTTP_AIME_PARKED) {
        ngx_http_aime_park_end(stream->park);
    }

    return rc;
}


/* A process that shuts down keeps its streams until their jobs end. */

static ngx_int_t
ngx_http_aime_stream_resume(ngx_http_request_t *r,
    ngx_http_aime_park_t *park, ngx_uint_t why)
{
    return ngx_http_aime_stream_look(park->data);
}


static ngx_int_t
ngx_http_aime_stream_look(ngx_http_aime_stream_t *stream)
{
    ngx_int_t            rc;
    ngx_msec_t           silent;
    ngx_aime_job_view_t  view;

    /* the header alone may be kept back until the first event */

    if (stream->told && ngx_http_aime_reply_busy(stream->request)) {
        return ngx_http_aime_stream_wait(stream, NGX_HTTP_AIME_STREAM_IDLE);
    }

    ngx_http_aime_stream_release(stream);

    rc = ngx_aime_job_view(stream->zone, stream->id, NGX_AIME_VIEW_PAYLOAD,
                           stream->park->parked, &view);

    if (rc == NGX_ERROR) {
        return ngx_http_aime_stream_wait(stream, NGX_HTTP_AIME_RETRY_INTERVAL);
    }

    if (rc == NGX_DECLINED) {

        /* its result was kept for as long as it should be: a cut stream */

        return NGX_ERROR;
    }

    stream->hold = view.payload;

    if (!stream->told || view.changes != stream->changes
        || view.position != stream->position
        || view.nonline != stream->nonline)
    {
        rc = ngx_http_aime_stream_state(stream, &view);

        if (rc == NGX_ERROR || view.state >= NGX_AIME_JOB_DONE) {
            return rc;
        }
    }

    silent = ngx_current_msec - stream->sent;

    if (stream->keepalive && silent >= stream->keepalive) {

        if (ngx_http_aime_stream_comment(stream) == NGX_ERROR) {
            return NGX_ERROR;
        }

        silent = 0;
    }

    if (!ngx_http_aime_reply_busy(stream->request)) {
        ngx_http_aime_stream_release(stream);
    }

    return ngx_http_aime_stream_wait(stream,
                   ngx_min(stream->keepalive ? stream->keepalive - silent
                                             : NGX_HTTP_AIME_STREAM_IDLE,
                           view.position ? NGX_HTTP_AIME_STREAM_LOOK
                                         : NGX_HTTP_AIME_STREAM_IDLE));
}


static ngx_int_t
ngx_http_aime_stream_wait(ngx_http_aime_stream_t *stream, ngx_msec_t msec)
{
    ngx_int_t                  rc;
    ngx_event_t               *wev;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = stream->request;
    wev = r->connection->write;

    rc = ngx_http_aime_park_wait(stream->park, msec);

    if (rc != NGX_HTTP_AIME_PARKED) {
        return NGX_ERROR;
    }

    r->write_event_handler = ngx_http_aime_stream_write_handler;

    if (!ngx_http_aime_reply_busy(r)) {

        if (wev->timer_set && !wev->delayed) {
            ngx_del_timer(wev);
        }

        return NGX_HTTP_AIME_PARKED;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!wev->timer_set) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
        return NGX_ERROR;
    }

    return NGX_HTTP_AIME_PARKED;
}


/* As nginx's own writer, but that more is to come. */

static void
ngx_http_aime_stream_write_handler(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_event_t             *wev;
    ngx_http_aime_ctx_t     *ctx;
    ngx_http_aime_stream_t  *stream;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    stream = ctx->stream;
    wev = r->connection->write;

    if (wev->timedout) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, NGX_ETIMEDOUT,
                      "client of a stream timed out");
        r->connection->timedout = 1;
        rc = NGX_HTTP_REQUEST_TIME_OUT;
        goto done;
    }

    if (!ngx_http_aime_reply_busy(r)) {
        return;
    }

    if (wev->delayed || r->aio) {

        if (ngx_handle_write_event(wev, 0) != NGX_OK) {
            rc = NGX_ERROR;
            goto done;
        }

        return;
    }

    rc = ngx_http_output_filter(r, NULL);

    if (rc == NGX_ERROR) {
        goto done;
    }

    /* some of it was taken: the time begins anew */

    if (wev->timer_set) {
        ngx_del_timer(wev);
    }

    rc = ngx_http_aime_stream_look(stream);

    if (rc == NGX_HTTP_AIME_PARKED) {
        return;
    }

done:

    ngx_http_aime_park_end(stream->park);

    r->read_event_handler = ngx_http_block_reading;
    ngx_http_finalize_request(r, rc);
}


/* Tells what the job is now; with its end the stream ends. */

static ngx_int_t
ngx_http_aime_stream_state(ngx_http_aime_stream_t *stream,
    ngx_aime_job_view_t *view)
{
    ngx_http_aime_reply_t  reply;

    if (ngx_http_aime_stream_reply(stream, &reply) != NGX_OK) {
        return NGX_ERROR;
    }

    if (view->state == NGX_AIME_JOB_DONE
        && ngx_http_aime_fetch(stream->request, view->id) != NGX_OK)
    {
        return NGX_ERROR;
    }

    stream->told = 1;
    stream->changes = view->changes;
    stream->position = view->position;
    stream->nonline = view->nonline;

    ngx_http_aime_reply_chars(&reply, "id: ");
    ngx_http_aime_reply_integer(&reply, view->changes);
    ngx_http_aime_reply_chars(&reply, "\ndata: {\"job_id\":");
    ngx_http_aime_reply_id(&reply, view->id);
    ngx_http_aime_reply_chars(&reply, ",\"job_state\":\"");
    ngx_http_aime_reply_chars(&reply, ngx_http_aime_state_name(view->state));

    switch (view->state) {

    case NGX_AIME_JOB_DONE:
        ngx_http_aime_reply_chars(&reply, "\",\"success\":true,"
                                          "\"job_result\":");
        ngx_http_aime_result(&reply, stream->endpoint, view);
        break;

    case NGX_AIME_JOB_CANCELED:
    case NGX_AIME_JOB_LAPSED:
        ngx_http_aime_reply_chars(&reply, "\",\"success\":false,\"error\":");
        ngx_http_aime_end_errors(&reply, stream->endpoint, view);
        ngx_http_aime_reply_chars(&reply, ",");
        ngx_http_aime_progress_members(&reply, view);
        break;

    default:
        ngx_http_aime_reply_chars(&reply, "\",\"success\":true,");
        ngx_http_aime_progress_members(&reply, view);
    }

    ngx_http_aime_reply_chars(&reply, "}\n\n");

    return ngx_http_aime_stream_part(stream, &reply,
                                     view->state >= NGX_AIME_JOB_DONE);
}


static ngx_int_t
ngx_http_aime_stream_comment(ngx_http_aime_stream_t *stream)
{
    ngx_http_aime_reply_t  reply;

    if (ngx_http_aime_reply_busy(stream->request)) {
        return NGX_OK;
    }

    if (ngx_http_aime_stream_reply(stream, &reply) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_aime_reply_chars(&reply, ": keep-alive\n\n");

    return ngx_http_aime_stream_part(stream, &reply, 0);
}


static ngx_int_t
ngx_http_aime_stream_reply(ngx_http_aime_stream_t *stream,
    ngx_http_aime_reply_t *reply)
{
    ngx_http_request_t  *r;

    r = stream->request;

    ngx_http_aime_reply_start(reply, r);

    reply->lines = 1;
    reply->pool = ngx_create_pool(NGX_HTTP_AIME_STREAM_POOL,
                                  r->connection->log);

    return reply->pool ? NGX_OK : NGX_ERROR;
}


/* What was sent before is let go of by all filters when this is sent. */

static ngx_int_t
ngx_http_aime_stream_part(ngx_http_aime_stream_t *stream,
    ngx_http_aime_reply_t *reply, ngx_uint_t last)
{
    ngx_int_t    rc;
    ngx_pool_t  *before;

    before = stream->pool;
    stream->pool = reply->pool;
    stream->sent = ngx_current_msec;

    rc = ngx_http_aime_reply_part(reply, last);

    if (before) {
        ngx_destroy_pool(before);
    }

    return rc;
}


/* The zone's memory is needed until it is written, and no longer. */

static void
ngx_http_aime_stream_release(ngx_http_aime_stream_t *stream)
{
    if (stream->hold) {
        ngx_aime_job_drop(stream->zone, stream->hold);
        stream->hold = NULL;
    }
}


static void
ngx_http_aime_stream_cleanup(void *data)
{
    ngx_http_aime_stream_t  *stream = data;

    ngx_http_aime_stream_release(stream);

    if (stream->pool) {
        ngx_destroy_pool(stream->pool);
    }
}
