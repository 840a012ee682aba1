
/*
 * A job's changes as server-sent events, see ngx_http_aime_stream.h.
 *
 * A stream is parked on its job and looks at it whenever it is woken; what it
 * sends is the state of that moment.  As long as a client has not read what it
 * was sent, nothing more is made for it: it gets the newest state when it has.
 * So a stream costs one event at most, whatever its client does.
 */


#include "ngx_http_aime_stream.h"
#include "ngx_http_aime_park.h"
#include "ngx_http_aime_view.h"
#include "ngx_aime_id.h"


/*
 * How often a stream looks by itself, milliseconds: nobody wakes it when other
 * jobs leave the queue, or when workers come and go.
 */

#define NGX_HTTP_AIME_LOOK_QUEUED     1000
#define NGX_HTTP_AIME_LOOK_RUNNING    10000

#define NGX_HTTP_AIME_EVENT_POOL      2048

#define NGX_HTTP_AIME_EVENT_ID_LEN    (NGX_INT32_LEN + sizeof("-end") - 1)


typedef struct {
    ngx_aime_zone_t             *zone;
    ngx_http_request_t          *request;
    ngx_http_aime_endpoint_t    *endpoint;
    ngx_http_aime_park_t        *park;
    ngx_msec_t                   keepalive;
    u_char                       id[NGX_AIME_ID_LEN];

    ngx_pool_t                  *pool;      /* of the latest event */
    ngx_pool_t                  *spent;     /* of the one before */
    ngx_aime_shm_hold_t         *hold;      /* what the latest one shows */

    ngx_msec_t                   sent;      /* when it was */
    ngx_uint_t                   state;     /* and what it said */
    ngx_uint_t                   position;
    ngx_uint_t                   nonline;
    uint32_t                     changes;

    unsigned                     estimated:1;
    unsigned                     told:1;    /* anything at all */
    unsigned                     busy:1;    /* until it is written */
} ngx_http_aime_stream_t;


static ngx_int_t ngx_http_aime_stream_find(ngx_http_request_t *r,
    ngx_aime_job_view_t *view, ngx_http_aime_endpoint_t **endpoint,
    ngx_int_t *answer);
static ngx_int_t ngx_http_aime_stream_args(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_str_t *error);
static ngx_int_t ngx_http_aime_stream_refuse(ngx_http_request_t *r,
    ngx_http_aime_client_t *client, ngx_str_t *job_id);
static ngx_uint_t ngx_http_aime_stream_seen(ngx_http_request_t *r,
    ngx_aime_job_view_t *view);
static ngx_int_t ngx_http_aime_stream_start(ngx_http_request_t *r,
    ngx_aime_job_view_t *view, ngx_http_aime_endpoint_t *endpoint);
static ngx_http_aime_stream_t *ngx_http_aime_stream_create(
    ngx_http_request_t *r, ngx_aime_job_view_t *view,
    ngx_http_aime_endpoint_t *endpoint);
static ngx_int_t ngx_http_aime_stream_header(ngx_http_request_t *r);
static ngx_int_t ngx_http_aime_stream_resume(ngx_http_request_t *r,
    ngx_http_aime_park_t *park, ngx_uint_t why);
static ngx_int_t ngx_http_aime_stream_look(ngx_http_aime_stream_t *stream,
    ngx_aime_job_view_t *view);
static ngx_int_t ngx_http_aime_stream_wait(ngx_http_aime_stream_t *stream);

static ngx_int_t ngx_http_aime_stream_tell(ngx_http_aime_stream_t *stream,
    ngx_aime_job_view_t *view);
static ngx_int_t ngx_http_aime_stream_lost(ngx_http_aime_stream_t *stream);
static ngx_int_t ngx_http_aime_stream_alive(ngx_http_aime_stream_t *stream);
static ngx_int_t ngx_http_aime_event_start(ngx_http_aime_stream_t *stream,
    ngx_http_aime_reply_t *reply);
static ngx_int_t ngx_http_aime_event_send(ngx_http_aime_stream_t *stream,
    ngx_http_aime_reply_t *reply, ngx_uint_t last);
static u_char *ngx_http_aime_event_id(u_char *p, ngx_aime_job_view_t *view);

static ngx_uint_t ngx_http_aime_stream_unsent(ngx_http_request_t *r);
static ngx_int_t ngx_http_aime_stream_arm(ngx_http_request_t *r);
static void ngx_http_aime_stream_write(ngx_http_request_t *r);
static void ngx_http_aime_stream_drop(ngx_http_aime_stream_t *stream);
static void ngx_http_aime_stream_cleanup(void *data);


ngx_int_t
ngx_http_aime_stream_progress(ngx_http_request_t *r)
{
    ngx_int_t                  answer;
    ngx_aime_job_view_t        view;
    ngx_http_aime_ctx_t       *ctx;
    ngx_http_aime_endpoint_t  *endpoint;

    if (ngx_http_aime_stream_find(r, &view, &endpoint, &answer) != NGX_OK) {
        return answer;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    ctx->name = endpoint->name;

    ngx_http_aime_note_job(r, view.id);

    if (ngx_http_aime_stream_seen(r, &view)) {
        ctx->answered = 1;

        r->headers_out.status = NGX_HTTP_NO_CONTENT;
        r->header_only = 1;

        return ngx_http_send_header(r);
    }

    if (r->method == NGX_HTTP_HEAD) {
        return ngx_http_aime_stream_header(r);
    }

    return ngx_http_aime_stream_start(r, &view, endpoint);
}


/*
 * The job that the request names, if its client may see it, and the endpoint
 * that it belongs to.  Otherwise *answer is what the handler returns.
 */

static ngx_int_t
ngx_http_aime_stream_find(ngx_http_request_t *r, ngx_aime_job_view_t *view,
    ngx_http_aime_endpoint_t **endpoint, ngx_int_t *answer)
{
    u_char                      id[NGX_AIME_ID_LEN];
    ngx_int_t                   rc;
    ngx_str_t                   job_id, error;
    ngx_http_aime_args_t        args;
    ngx_http_aime_client_t      client;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    *endpoint = NULL;
    *answer = NGX_HTTP_INTERNAL_SERVER_ERROR;

    rc = ngx_http_aime_stream_args(r, &args, &error);

    if (rc == NGX_DECLINED) {
        *answer = ngx_http_aime_error(r, NGX_HTTP_OK, &error);
    }

    if (rc != NGX_OK
        || ngx_http_aime_arg_text(r, &args, "job_id", &job_id) == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    if (ngx_aime_id_parse(job_id.data, job_id.len, id) == NGX_OK
        && ngx_aime_job_view(amcf->zone, id, NGX_AIME_VIEW_NOTHING, NULL,
                             view)
           == NGX_OK)
    {
        *endpoint = ngx_http_aime_endpoint_of(amcf, view->endpoint);
    }

    if (ngx_http_aime_identify(r, *endpoint, &args, &client) != NGX_OK) {
        return NGX_ERROR;
    }

    if (*endpoint
        && (client.verdict == NGX_HTTP_AIME_CLIENT_OK
            || client.verdict == NGX_HTTP_AIME_CLIENT_NOBODY)
        && ngx_http_aime_may_see(*endpoint, &client, view))
    {
        return NGX_OK;
    }

    *answer = ngx_http_aime_stream_refuse(r, &client, &job_id);

    return NGX_ERROR;
}


/* From the body of a POST if it has one, else from the query. */

static ngx_int_t
ngx_http_aime_stream_args(ngx_http_request_t *r, ngx_http_aime_args_t *args,
    ngx_str_t *error)
{
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    if (r->method == NGX_HTTP_POST && ctx->body.len) {
        return ngx_http_aime_body_args(r, args, error);
    }

    return ngx_http_aime_query(r, args, error);
}


/*
 * That a job is on an endpoint which is not for this client is nothing that it
 * may know: there is no endpoint in the request.
 */

static ngx_int_t
ngx_http_aime_stream_refuse(ngx_http_request_t *r,
    ngx_http_aime_client_t *client, ngx_str_t *job_id)
{
    ngx_str_t  text;

    switch (client->verdict) {

    case NGX_HTTP_AIME_CLIENT_NOBODY:
        ngx_str_set(&text, "client_session_auth_key missing");
        break;

    case NGX_HTTP_AIME_CLIENT_BAD_SESSION:
        ngx_str_set(&text, "client_session_auth_key not authorized");
        break;

    case NGX_HTTP_AIME_CLIENT_BAD_KEY:
        ngx_str_set(&text, "key not authorized");
        break;

    default:
        if (job_id->len == 0) {
            ngx_str_set(&text, "job_id missing");
            break;
        }

        if (ngx_http_aime_no_job_text(r, job_id, &text) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_http_aime_error(r, NGX_HTTP_OK, &text);
}


/* Did the client see the last event, and only comes back by habit? */

static ngx_uint_t
ngx_http_aime_stream_seen(ngx_http_request_t *r, ngx_aime_job_view_t *view)
{
    u_char      buf[NGX_HTTP_AIME_EVENT_ID_LEN];
    size_t      len;
    ngx_str_t  *last;

    if (ngx_aime_job_active(view)) {
        return 0;
    }

    last = ngx_http_aime_header_in(r, "Last-Event-ID");
    len = ngx_http_aime_event_id(buf, view) - buf;

    return last && last->len == len && ngx_memcmp(last->data, buf, len) == 0;
}


static ngx_int_t
ngx_http_aime_stream_start(ngx_http_request_t *r, ngx_aime_job_view_t *view,
    ngx_http_aime_endpoint_t *endpoint)
{
    ngx_int_t                rc;
    ngx_http_aime_park_t    *park;
    ngx_http_aime_stream_t  *stream;

    stream = ngx_http_aime_stream_create(r, view, endpoint);
    if (stream == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    park = stream->park;

    /* a job that has vanished meanwhile is noticed when it is looked at */

    rc = ngx_aime_job_join(stream->zone, stream->id, 0, park->slot,
                           &park->parked);

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "aime_api_zone is full, refused a stream");

        ngx_http_aime_park_end(park);
        (void) ngx_http_aime_reply_retry_after(r, 1);

        return ngx_http_aime_error_chars(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                         "The server is short of memory, "
                                         "try again later");
    }

    rc = ngx_http_aime_stream_header(r);

    if (rc != NGX_ERROR && rc <= NGX_OK) {
        rc = ngx_http_aime_stream_resume(r, park, NGX_HTTP_AIME_WOKEN);
    }

    if (rc != NGX_HTTP_AIME_PARKED) {
        ngx_http_aime_park_end(park);
    }

    return rc;
}


static ngx_http_aime_stream_t *
ngx_http_aime_stream_create(ngx_http_request_t *r, ngx_aime_job_view_t *view,
    ngx_http_aime_endpoint_t *endpoint)
{
    ngx_pool_cleanup_t        *cln;
    ngx_http_aime_ctx_t       *ctx;
    ngx_http_aime_stream_t    *stream;
    ngx_http_aime_loc_conf_t  *alcf;

    alcf = ngx_http_get_module_loc_conf(r, ngx_http_aime_api_module);
    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    /* not the request's cleanup: frames of HTTP/2 outlive that */

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_aime_stream_t));
    if (cln == NULL) {
        return NULL;
    }

    stream = cln->data;
    ngx_memzero(stream, sizeof(ngx_http_aime_stream_t));

    stream->zone = ngx_http_aime_zone(r);
    stream->request = r;
    stream->endpoint = endpoint;
    stream->keepalive = alcf->stream_keepalive;
    ngx_memcpy(stream->id, view->id, NGX_AIME_ID_LEN);

    cln->handler = ngx_http_aime_stream_cleanup;
    ctx->stream = stream;

    stream->park = ngx_http_aime_park_create(r, ngx_http_aime_stream_resume,
                                             stream);
    if (stream->park == NULL) {
        return NULL;
    }

    stream->park->streams = 1;

    return stream;
}


static ngx_int_t
ngx_http_aime_stream_header(ngx_http_request_t *r)
{
    ngx_str_t             value;
    ngx_connection_t     *c;
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    ctx->answered = 1;

    ngx_http_aime_reply_head(r, NGX_HTTP_OK, "text/event-stream", -1);

    ngx_str_set(&value, "no-cache");

    if (ngx_http_aime_reply_header(r, "Cache-Control", &value) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* a proxy in front must not gather events */

    ngx_str_set(&value, "no");

    if (ngx_http_aime_reply_header(r, "X-Accel-Buffering", &value) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    c = r->connection;

#if (NGX_HTTP_V2)
    if (r->stream) {
        c = r->stream->connection->connection;
    }
#endif

    if (c->type == SOCK_STREAM) {
        (void) ngx_tcp_nodelay(c);
    }

    return ngx_http_send_header(r);
}


static ngx_int_t
ngx_http_aime_stream_resume(ngx_http_request_t *r, ngx_http_aime_park_t *park,
    ngx_uint_t why)
{
    ngx_int_t                rc;
    ngx_aime_job_view_t      view;
    ngx_http_aime_stream_t  *stream;

    stream = park->data;

    if (stream->busy) {

        /* it looks when its client has read what is under way */

        return NGX_HTTP_AIME_PARKED;
    }

    switch (ngx_http_aime_stream_look(stream, &view)) {

    case NGX_OK:
        rc = ngx_http_aime_stream_tell(stream, &view);
        break;

    case NGX_DECLINED:
        rc = ngx_http_aime_stream_lost(stream);
        break;

    case NGX_ERROR:
        rc = ngx_http_aime_park_wait(park, NGX_HTTP_AIME_RETRY_INTERVAL);
        return (rc == NGX_HTTP_AIME_PARKED) ? rc : NGX_ERROR;

    default:
        rc = ngx_http_aime_stream_alive(stream);
    }

    return (rc == NGX_HTTP_AIME_PARKED) ? ngx_http_aime_stream_wait(stream)
                                        : rc;
}


/*
 * NGX_AGAIN: nothing that an event shows has changed.  The estimate alone,
 * which changes with every second, is no reason for an event.
 */

static ngx_int_t
ngx_http_aime_stream_look(ngx_http_aime_stream_t *stream,
    ngx_aime_job_view_t *view)
{
    ngx_int_t               rc;
    ngx_aime_shm_parked_t  *parked;

    parked = stream->park->parked;

    rc = ngx_aime_job_view(stream->zone, stream->id, NGX_AIME_VIEW_NOTHING,
                           parked, view);

    if (rc != NGX_OK) {
        return rc;
    }

    if (stream->told
        && view->state == stream->state
        && view->changes == stream->changes
        && view->position == stream->position
        && view->nonline == stream->nonline
        && (view->estimate >= 0) == stream->estimated)
    {
        return NGX_AGAIN;
    }

    rc = ngx_aime_job_view(stream->zone, stream->id, NGX_AIME_VIEW_PAYLOAD,
                           parked, view);

    if (rc == NGX_OK) {
        stream->hold = view->payload;
    }

    return rc;
}


static ngx_int_t
ngx_http_aime_stream_wait(ngx_http_aime_stream_t *stream)
{
    ngx_msec_t           wait, left;
    ngx_http_request_t  *r;

    r = stream->request;

    wait = (stream->state == NGX_AIME_JOB_QUEUED)
           ? NGX_HTTP_AIME_LOOK_QUEUED : NGX_HTTP_AIME_LOOK_RUNNING;

    if (stream->keepalive) {
        left = stream->sent + stream->keepalive - ngx_current_msec;

        if ((ngx_msec_int_t) left <= 0) {
            left = 1;
        }

        wait = ngx_min(wait, left);
    }

    if (ngx_http_aime_park_wait(stream->park, wait) != NGX_HTTP_AIME_PARKED) {
        return NGX_ERROR;
    }

    if (!ngx_http_aime_stream_unsent(r)) {
        ngx_http_aime_stream_drop(stream);
        return NGX_HTTP_AIME_PARKED;
    }

    stream->busy = 1;
    r->write_event_handler = ngx_http_aime_stream_write;

    return (ngx_http_aime_stream_arm(r) == NGX_OK) ? NGX_HTTP_AIME_PARKED
                                                   : NGX_ERROR;
}


/* The state of the job: the last event, if it is final. */

static ngx_int_t
ngx_http_aime_stream_tell(ngx_http_aime_stream_t *stream,
    ngx_aime_job_view_t *view)
{
    u_char                 *p;
    ngx_http_aime_reply_t   reply;

    if (ngx_http_aime_event_start(stream, &reply) != NGX_OK
        || (view->state == NGX_AIME_JOB_DONE
            && ngx_http_aime_fetch(stream->request, view->id) != NGX_OK))
    {
        return NGX_ERROR;
    }

    ngx_http_aime_reply_chars(&reply, "id: ");

    p = ngx_http_aime_reply_room(&reply, NGX_HTTP_AIME_EVENT_ID_LEN);

    if (p) {
        ngx_http_aime_reply_wrote(&reply, ngx_http_aime_event_id(p, view));
    }

    ngx_http_aime_reply_chars(&reply, "\ndata: {\"job_state\":\"");
    ngx_http_aime_reply_chars(&reply, ngx_http_aime_state_name(view->state));

    if (view->state == NGX_AIME_JOB_DONE) {
        ngx_http_aime_reply_chars(&reply, "\",\"success\":true,\"job_id\":");
        ngx_http_aime_reply_id(&reply, view->id);
        ngx_http_aime_reply_chars(&reply, ",\"job_result\":");
        ngx_http_aime_result(&reply, stream->endpoint, view);

    } else if (!ngx_aime_job_active(view)) {
        ngx_http_aime_reply_chars(&reply, "\",\"success\":false,\"error\":");
        ngx_http_aime_end_errors(&reply, stream->endpoint, view);
        ngx_http_aime_reply_chars(&reply, ",");
        ngx_http_aime_progress_members(&reply, view);

    } else {
        ngx_http_aime_reply_chars(&reply, "\",\"success\":true,");
        ngx_http_aime_progress_members(&reply, view);
    }

    ngx_http_aime_reply_chars(&reply, "}\n\n");

    stream->told = 1;
    stream->state = view->state;
    stream->changes = view->changes;
    stream->position = view->position;
    stream->nonline = view->nonline;
    stream->estimated = (view->estimate >= 0);

    return ngx_http_aime_event_send(stream, &reply,
                                    !ngx_aime_job_active(view));
}


/* Its time is over, or it gave way in a full zone, and its client was slow. */

static ngx_int_t
ngx_http_aime_stream_lost(ngx_http_aime_stream_t *stream)
{
    u_char                  buf[NGX_AIME_UUID_LEN];
    ngx_str_t               text, job_id;
    ngx_http_aime_reply_t   reply;

    job_id.data = buf;
    job_id.len = ngx_aime_id_print(buf, stream->id) - buf;

    if (ngx_http_aime_no_job_text(stream->request, &job_id, &text) != NGX_OK
        || ngx_http_aime_event_start(stream, &reply) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_aime_reply_chars(&reply, "data: {\"job_state\":\"unknown\","
                                      "\"success\":false,\"job_id\":");
    ngx_http_aime_reply_id(&reply, stream->id);
    ngx_http_aime_reply_chars(&reply, ",\"error\":[");
    ngx_http_aime_reply_string(&reply, &text);
    ngx_http_aime_reply_chars(&reply, "]}\n\n");

    return ngx_http_aime_event_send(stream, &reply, 1);
}


/* Says so, if nothing was said for long. */

static ngx_int_t
ngx_http_aime_stream_alive(ngx_http_aime_stream_t *stream)
{
    ngx_http_aime_reply_t  reply;

    if (stream->keepalive == 0
        || ngx_current_msec - stream->sent < stream->keepalive)
    {
        return NGX_HTTP_AIME_PARKED;
    }

    if (ngx_http_aime_event_start(stream, &reply) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_aime_reply_chars(&reply, ": keep-alive\n\n");

    return ngx_http_aime_event_send(stream, &reply, 0);
}


/*
 * Each event has a pool of its own.  That of the one before, though it was
 * written, goes only when the filters were given the next one: until then they
 * keep its buffers in their lists.
 */

static ngx_int_t
ngx_http_aime_event_start(ngx_http_aime_stream_t *stream,
    ngx_http_aime_reply_t *reply)
{
    ngx_pool_t  *pool;

    pool = ngx_create_pool(NGX_HTTP_AIME_EVENT_POOL,
                           stream->request->connection->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    stream->spent = stream->pool;
    stream->pool = pool;

    ngx_http_aime_reply_start(reply, stream->request,
                              NGX_HTTP_AIME_REPLY_SIZE);
    reply->pool = pool;

    return NGX_OK;
}


/* NGX_HTTP_AIME_PARKED, or after the last one what ends the request. */

static ngx_int_t
ngx_http_aime_event_send(ngx_http_aime_stream_t *stream,
    ngx_http_aime_reply_t *reply, ngx_uint_t last)
{
    ngx_int_t             rc;
    ngx_chain_t          *cl;
    ngx_http_request_t   *r;
    ngx_http_aime_ctx_t  *ctx;

    r = stream->request;

    if (reply->failed) {
        return NGX_ERROR;
    }

    for (cl = reply->first; cl->next; cl = cl->next) { /* void */ }

    cl->buf->flush = 1;
    cl->buf->last_buf = last;
    cl->buf->last_in_chain = last;

    rc = ngx_http_output_filter(r, reply->first);

    if (stream->spent) {
        ngx_destroy_pool(stream->spent);
        stream->spent = NULL;
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    stream->sent = ngx_current_msec;

    if (last) {
        ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
        ctx->complete = 1;

        return rc;
    }

    return NGX_HTTP_AIME_PARKED;
}


/* From the zone alone, so that it is the same in whatever process. */

static u_char *
ngx_http_aime_event_id(u_char *p, ngx_aime_job_view_t *view)
{
    return ngx_sprintf(p, "%uD%s", view->changes,
                       !ngx_aime_job_active(view) ? "-end" : "");
}


static ngx_uint_t
ngx_http_aime_stream_unsent(ngx_http_request_t *r)
{
    return r->out || r->buffered || r->connection->buffered;
}


static ngx_int_t
ngx_http_aime_stream_arm(ngx_http_request_t *r)
{
    ngx_event_t               *wev;
    ngx_http_core_loc_conf_t  *clcf;

    wev = r->connection->write;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!wev->delayed) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    return ngx_handle_write_event(wev, clcf->send_lowat);
}


/* The socket takes more: as ngx_http_writer(), but the request goes on. */

static void
ngx_http_aime_stream_write(ngx_http_request_t *r)
{
    ngx_event_t             *wev;
    ngx_connection_t        *c;
    ngx_http_aime_ctx_t     *ctx;
    ngx_http_aime_stream_t  *stream;

    c = r->connection;
    wev = c->write;

    if (wev->timedout) {
        ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT,
                      "client timed out");
        c->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (!wev->delayed && ngx_http_output_filter(r, NULL) == NGX_ERROR) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    if (wev->delayed || ngx_http_aime_stream_unsent(r)) {
        if (ngx_http_aime_stream_arm(r) != NGX_OK) {
            ngx_http_finalize_request(r, NGX_ERROR);
        }

        return;
    }

    if (wev->timer_set) {
        ngx_del_timer(wev);
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    stream = ctx->stream;

    stream->busy = 0;
    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_aime_stream_drop(stream);
    ngx_http_aime_park_resume(stream->park);
}


/* What the latest event showed was written. */

static void
ngx_http_aime_stream_drop(ngx_http_aime_stream_t *stream)
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

    ngx_http_aime_stream_drop(stream);

    if (stream->pool) {
        ngx_destroy_pool(stream->pool);
    }

    if (stream->spent) {
        ngx_destroy_pool(stream->spent);
    }
}
