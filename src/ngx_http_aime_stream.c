
/*
 * A job's changes as server-sent events, see ngx_http_aime_stream.h.
 *
 * A stream is parked on its job and looks at it whenever it is woken; what it
 * sends is the state of that moment.  As long as a client has not read what it
 * was sent, nothing more is made for it: it gets the newest state when it has.
 * So a stream costs one event at most, whatever its client does.
 */


#include "ngx_http_aime_stream.h"
#include "ngx_http_aime_error.h"
#include "ngx_http_aime_event.h"
#include "ngx_http_aime_view.h"
#include "ngx_aime_id.h"
#include "ngx_aime_job_wait.h"


/*
 * How often a stream looks by itself, milliseconds: nobody wakes it when other
 * jobs leave the queue, or when workers come and go.
 */

#define NGX_HTTP_AIME_LOOK_QUEUED     1000
#define NGX_HTTP_AIME_LOOK_RUNNING    10000

#define NGX_HTTP_AIME_EVENT_ID_LEN    (NGX_INT32_LEN + sizeof("-end") - 1)


typedef struct {
    ngx_http_request_t          *request;
    ngx_http_aime_endpoint_t    *endpoint;
    ngx_http_aime_events_t      *events;
    u_char                       id[NGX_AIME_ID_LEN];

    /* what the latest event said */
    ngx_uint_t                   state;
    ngx_uint_t                   position;
    ngx_uint_t                   nonline;
    uint32_t                     changes;

    unsigned                     estimated:1;
    unsigned                     told:1;    /* anything at all */
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
static ngx_int_t ngx_http_aime_stream_resume(ngx_http_request_t *r,
    ngx_http_aime_park_t *park, ngx_uint_t why);
static ngx_int_t ngx_http_aime_stream_look(ngx_http_aime_stream_t *stream,
    ngx_aime_job_view_t *view);

static ngx_int_t ngx_http_aime_stream_tell(ngx_http_aime_stream_t *stream,
    ngx_aime_job_view_t *view);
static ngx_int_t ngx_http_aime_stream_lost(ngx_http_aime_stream_t *stream);
static u_char *ngx_http_aime_event_id(u_char *p, ngx_aime_job_view_t *view);


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
        return ngx_http_aime_events_header(r);
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

    park = stream->events->park;

    /* a job that has vanished meanwhile is noticed when it is looked at */

    rc = ngx_aime_job_join(stream->events->zone, stream->id, 0, park->slot,
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

    rc = ngx_http_aime_events_header(r);

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
    ngx_http_aime_park_t    *park;
    ngx_http_aime_stream_t  *stream;

    stream = ngx_pcalloc(r->pool, sizeof(ngx_http_aime_stream_t));
    if (stream == NULL) {
        return NULL;
    }

    park = ngx_http_aime_park_create(r, ngx_http_aime_stream_resume, stream);
    if (park == NULL) {
        return NULL;
    }

    stream->request = r;
    stream->endpoint = endpoint;
    stream->events = ngx_http_aime_events_create(r, park);
    ngx_memcpy(stream->id, view->id, NGX_AIME_ID_LEN);

    return stream->events ? stream : NULL;
}


static ngx_int_t
ngx_http_aime_stream_resume(ngx_http_request_t *r, ngx_http_aime_park_t *park,
    ngx_uint_t why)
{
    ngx_int_t                rc;
    ngx_aime_job_view_t      view;
    ngx_http_aime_stream_t  *stream;

    stream = park->data;

    if (stream->events->busy) {

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
        rc = ngx_http_aime_events_alive(stream->events);
    }

    if (rc != NGX_HTTP_AIME_PARKED) {
        return rc;
    }

    return ngx_http_aime_events_wait(stream->events,
                                     (stream->state == NGX_AIME_JOB_QUEUED)
                                     ? NGX_HTTP_AIME_LOOK_QUEUED
                                     : NGX_HTTP_AIME_LOOK_RUNNING);
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

    parked = stream->events->park->parked;

    rc = ngx_aime_job_view(stream->events->zone, stream->id,
                           NGX_AIME_VIEW_NOTHING, parked, view);

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

    rc = ngx_aime_job_view(stream->events->zone, stream->id,
                           NGX_AIME_VIEW_PAYLOAD, parked, view);

    if (rc == NGX_OK) {
        stream->events->hold = view->payload;
    }

    return rc;
}


/* The state of the job: the last event, if it is final. */

static ngx_int_t
ngx_http_aime_stream_tell(ngx_http_aime_stream_t *stream,
    ngx_aime_job_view_t *view)
{
    u_char                 *p;
    ngx_http_aime_reply_t   reply;

    if (ngx_http_aime_event_start(stream->events, &reply) != NGX_OK
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

    return ngx_http_aime_event_send(stream->events, &reply,
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
        || ngx_http_aime_event_start(stream->events, &reply) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_aime_reply_chars(&reply, "data: {\"job_state\":\"unknown\","
                                      "\"success\":false,\"job_id\":");
    ngx_http_aime_reply_id(&reply, stream->id);
    ngx_http_aime_reply_chars(&reply, ",\"error\":[");
    ngx_http_aime_reply_string(&reply, &text);
    ngx_http_aime_reply_chars(&reply, "]}\n\n");

    return ngx_http_aime_event_send(stream->events, &reply, 1);
}


/* From the zone alone, so that it is the same in whatever process. */

static u_char *
ngx_http_aime_event_id(u_char *p, ngx_aime_job_view_t *view)
{
    return ngx_sprintf(p, "%uD%s", view->changes,
                       !ngx_aime_job_active(view) ? "-end" : "");
}
