
/* Server-sent events, see ngx_http_aime_event.h. */


#include "ngx_http_aime_event.h"
#include "ngx_aime_job_room.h"


#define NGX_HTTP_AIME_EVENT_POOL    2048


static ngx_uint_t ngx_http_aime_events_unsent(ngx_http_request_t *r);
static ngx_int_t ngx_http_aime_events_arm(ngx_http_request_t *r);
static void ngx_http_aime_events_write(ngx_http_request_t *r);
static void ngx_http_aime_events_drop(ngx_http_aime_events_t *events);
static void ngx_http_aime_events_cleanup(void *data);


ngx_http_aime_events_t *
ngx_http_aime_events_create(ngx_http_request_t *r, ngx_http_aime_park_t *park)
{
    ngx_pool_cleanup_t        *cln;
    ngx_http_aime_ctx_t       *ctx;
    ngx_http_aime_events_t    *events;
    ngx_http_aime_loc_conf_t  *alcf;

    alcf = ngx_http_get_module_loc_conf(r, ngx_http_aime_api_module);
    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    /* not the request's cleanup: frames of HTTP/2 outlive that */

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_aime_events_t));
    if (cln == NULL) {
        return NULL;
    }

    events = cln->data;
    ngx_memzero(events, sizeof(ngx_http_aime_events_t));

    events->zone = ngx_http_aime_zone(r);
    events->request = r;
    events->park = park;
    events->keepalive = alcf->stream_keepalive;
    events->sent = ngx_current_msec;

    cln->handler = ngx_http_aime_events_cleanup;
    ctx->stream = events;

    park->streams = 1;

    return events;
}


ngx_int_t
ngx_http_aime_events_header(ngx_http_request_t *r)
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


/*
 * Each event has a pool of its own.  That of the one before, though it was
 * written, goes only when the filters were given the next one: until then they
 * keep its buffers in their lists.
 */

ngx_int_t
ngx_http_aime_event_start(ngx_http_aime_events_t *events,
    ngx_http_aime_reply_t *reply)
{
    ngx_pool_t  *pool;

    pool = ngx_create_pool(NGX_HTTP_AIME_EVENT_POOL,
                           events->request->connection->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    if (events->spent) {

        /* the one before came to nothing, and is in nobody's list */

        ngx_destroy_pool(events->pool);

    } else {
        events->spent = events->pool;
    }

    events->pool = pool;

    ngx_http_aime_reply_start(reply, events->request,
                              NGX_HTTP_AIME_REPLY_SIZE);
    reply->pool = pool;

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_event_send(ngx_http_aime_events_t *events,
    ngx_http_aime_reply_t *reply, ngx_uint_t last)
{
    ngx_int_t             rc;
    ngx_chain_t          *cl;
    ngx_http_request_t   *r;
    ngx_http_aime_ctx_t  *ctx;

    r = events->request;

    /* the end of a stream goes with something */

    if (reply->first == NULL) {
        ngx_http_aime_reply_chars(reply, ":\n\n");
    }

    if (reply->failed) {
        return NGX_ERROR;
    }

    for (cl = reply->first; cl->next; cl = cl->next) { /* void */ }

    cl->buf->flush = 1;
    cl->buf->last_buf = last;
    cl->buf->last_in_chain = last;

    rc = ngx_http_output_filter(r, reply->first);

    if (events->spent) {
        ngx_destroy_pool(events->spent);
        events->spent = NULL;
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    events->sent = ngx_current_msec;

    if (last) {
        ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
        ctx->complete = 1;

        return rc;
    }

    return NGX_HTTP_AIME_PARKED;
}


ngx_int_t
ngx_http_aime_events_alive(ngx_http_aime_events_t *events)
{
    ngx_http_aime_reply_t  reply;

    if (events->keepalive == 0
        || ngx_current_msec - events->sent < events->keepalive)
    {
        return NGX_HTTP_AIME_PARKED;
    }

    if (ngx_http_aime_event_start(events, &reply) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_aime_reply_chars(&reply, ": keep-alive\n\n");

    return ngx_http_aime_event_send(events, &reply, 0);
}


ngx_int_t
ngx_http_aime_events_wait(ngx_http_aime_events_t *events, ngx_msec_t msec)
{
    ngx_int_t            rc;
    ngx_msec_t           left;
    ngx_http_request_t  *r;

    r = events->request;

    if (events->keepalive) {
        left = events->sent + events->keepalive - ngx_current_msec;

        if ((ngx_msec_int_t) left <= 0) {
            left = 1;
        }

        msec = msec ? ngx_min(msec, left) : left;
    }

    rc = msec ? ngx_http_aime_park_wait(events->park, msec)
              : ngx_http_aime_park_look(events->park);

    if (rc != NGX_HTTP_AIME_PARKED) {
        return NGX_ERROR;
    }

    if (!ngx_http_aime_events_unsent(r)) {
        ngx_http_aime_events_drop(events);
        return NGX_HTTP_AIME_PARKED;
    }

    events->busy = 1;
    r->write_event_handler = ngx_http_aime_events_write;

    return (ngx_http_aime_events_arm(r) == NGX_OK) ? NGX_HTTP_AIME_PARKED
                                                   : NGX_ERROR;
}


static ngx_uint_t
ngx_http_aime_events_unsent(ngx_http_request_t *r)
{
    return r->out || r->buffered || r->connection->buffered;
}


static ngx_int_t
ngx_http_aime_events_arm(ngx_http_request_t *r)
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
ngx_http_aime_events_write(ngx_http_request_t *r)
{
    ngx_event_t             *wev;
    ngx_connection_t        *c;
    ngx_http_aime_ctx_t     *ctx;
    ngx_http_aime_events_t  *events;

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

    if (wev->delayed || ngx_http_aime_events_unsent(r)) {
        if (ngx_http_aime_events_arm(r) != NGX_OK) {
            ngx_http_finalize_request(r, NGX_ERROR);
        }

        return;
    }

    if (wev->timer_set) {
        ngx_del_timer(wev);
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    events = ctx->stream;

    events->busy = 0;
    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_aime_events_drop(events);
    ngx_http_aime_park_resume(events->park);
}


/* What the latest event showed was written. */

static void
ngx_http_aime_events_drop(ngx_http_aime_events_t *events)
{
    if (events->hold) {
        ngx_aime_job_drop(events->zone, events->hold);
        events->hold = NULL;
    }
}


static void
ngx_http_aime_events_cleanup(void *data)
{
    ngx_http_aime_events_t  *events = data;

    ngx_http_aime_events_drop(events);

    if (events->pool) {
        ngx_destroy_pool(events->pool);
    }

    if (events->spent) {
        ngx_destroy_pool(events->spent);
    }
}
