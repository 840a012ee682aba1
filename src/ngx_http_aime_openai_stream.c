
/*
 * Streams of text, see ngx_http_aime_openai_stream.h.
 *
 * A progress report has the whole text so far, so a stream that missed some,
 * because its client was slow, misses nothing.
 */


#include "ngx_http_aime_openai_stream.h"
#include "ngx_http_aime_openai_text.h"
#include "ngx_http_aime_view.h"
#include "aime_delta.h"
#include "ngx_aime_job_room.h"
#include "ngx_aime_job_wait.h"


/* Bytes of a choice that its client was sent. */

typedef struct {
    size_t                       text;
    size_t                       reasoning;
} ngx_http_aime_openai_sent_t;


typedef struct {
    ngx_http_request_t                *request;
    ngx_http_aime_openai_call_t       *call;
    const ngx_http_aime_openai_pen_t  *pen;
    ngx_http_aime_events_t            *events;
    ngx_http_aime_openai_sent_t       *sent;    /* call->n of them */
    ngx_uint_t                         state;
    uint32_t                           changes;
    unsigned                           begun:1;
} ngx_http_aime_openai_stream_t;


static ngx_int_t ngx_http_aime_openai_stream_begin(
    ngx_http_aime_openai_stream_t *stream);
static ngx_int_t ngx_http_aime_openai_stream_resume(ngx_http_request_t *r,
    ngx_http_aime_park_t *park, ngx_uint_t why);
static ngx_int_t ngx_http_aime_openai_stream_look(
    ngx_http_aime_openai_stream_t *stream);
static ngx_int_t ngx_http_aime_openai_stream_tell(
    ngx_http_aime_openai_stream_t *stream, ngx_aime_job_view_t *view);
static void ngx_http_aime_openai_stream_news(
    ngx_http_aime_openai_stream_t *stream, ngx_http_aime_reply_t *reply,
    ngx_uint_t final);
static ngx_int_t ngx_http_aime_openai_stream_delta(
    ngx_http_aime_openai_stream_t *stream, const char *name, ngx_uint_t i,
    ngx_uint_t final, size_t *sent, aime_str_t *delta);
static ngx_int_t ngx_http_aime_openai_stream_done(
    ngx_http_aime_openai_stream_t *stream, ngx_aime_job_view_t *view);
static ngx_int_t ngx_http_aime_openai_stream_fail(
    ngx_http_aime_openai_stream_t *stream, ngx_str_t *error,
    ngx_aime_job_view_t *view);


ngx_int_t
ngx_http_aime_openai_stream(ngx_http_request_t *r, ngx_http_aime_park_t *park,
    const u_char *id, const ngx_http_aime_openai_pen_t *pen, size_t from)
{
    ngx_int_t                       rc;
    ngx_http_aime_ctx_t            *ctx;
    ngx_http_aime_openai_call_t    *call;
    ngx_http_aime_openai_stream_t  *stream;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    call = ctx->openai;

    stream = ngx_pcalloc(r->pool, sizeof(ngx_http_aime_openai_stream_t));
    if (stream == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    stream->request = r;
    stream->call = call;
    stream->pen = pen;
    stream->events = ngx_http_aime_events_create(r, park);
    stream->sent = ngx_pcalloc(r->pool, call->n
                                        * sizeof(ngx_http_aime_openai_sent_t));

    if (stream->events == NULL || stream->sent == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    stream->sent[0].text = from;

    ngx_http_aime_openai_job(call, id);

    park->resume = ngx_http_aime_openai_stream_resume;
    park->data = stream;

    if (park->parked) {
        ngx_aime_job_watch(stream->events->zone, park->parked);
    }

    rc = ngx_http_aime_events_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    rc = ngx_http_aime_openai_stream_begin(stream);

    if (rc == NGX_HTTP_AIME_PARKED) {
        rc = ngx_http_aime_events_wait(stream->events, 0);
    }

    if (rc != NGX_HTTP_AIME_PARKED) {
        return rc;
    }

    return ngx_http_aime_openai_stream_resume(r, park, NGX_HTTP_AIME_WOKEN);
}


static ngx_int_t
ngx_http_aime_openai_stream_begin(ngx_http_aime_openai_stream_t *stream)
{
    ngx_http_aime_reply_t  reply;

    if (ngx_http_aime_event_start(stream->events, &reply) != NGX_OK) {
        return NGX_ERROR;
    }

    if (stream->pen->begin) {
        stream->pen->begin(stream->call, &reply);
    }

    /* the header shall not wait for what is said first */

    if (reply.first == NULL && !reply.failed) {
        return (ngx_http_send_special(stream->request, NGX_HTTP_FLUSH)
                == NGX_ERROR)
               ? NGX_ERROR : NGX_HTTP_AIME_PARKED;
    }

    return ngx_http_aime_event_send(stream->events, &reply, 0);
}


static ngx_int_t
ngx_http_aime_openai_stream_resume(ngx_http_request_t *r,
    ngx_http_aime_park_t *park, ngx_uint_t why)
{
    ngx_int_t                       rc;
    ngx_http_aime_openai_stream_t  *stream;

    stream = park->data;

    if (stream->events->busy) {

        /* it looks when its client has read what is under way */

        return NGX_HTTP_AIME_PARKED;
    }

    rc = ngx_http_aime_openai_stream_look(stream);

    if (rc == NGX_AGAIN) {
        rc = ngx_http_aime_park_wait(park, NGX_HTTP_AIME_RETRY_INTERVAL);
        return (rc == NGX_HTTP_AIME_PARKED) ? rc : NGX_ERROR;
    }

    return (rc == NGX_HTTP_AIME_PARKED)
           ? ngx_http_aime_events_wait(stream->events, 0) : rc;
}


/* NGX_AGAIN: the zone is too full to see what there is. */

static ngx_int_t
ngx_http_aime_openai_stream_look(ngx_http_aime_openai_stream_t *stream)
{
    ngx_int_t            rc;
    ngx_str_t            text;
    ngx_aime_job_view_t  view;

    rc = ngx_aime_job_view(stream->events->zone, stream->call->id,
                           NGX_AIME_VIEW_PAYLOAD,
                           stream->events->park->parked, &view);

    if (rc == NGX_ERROR) {
        return NGX_AGAIN;
    }

    if (rc == NGX_DECLINED) {
        ngx_str_set(&text, "The request is not known any more");
        return ngx_http_aime_openai_stream_fail(stream, &text, NULL);
    }

    rc = NGX_HTTP_AIME_PARKED;

    if (!ngx_aime_job_active(&view)) {
        rc = ngx_http_aime_openai_stream_done(stream, &view);

    } else if (!stream->begun || view.changes != stream->changes) {
        rc = ngx_http_aime_openai_stream_tell(stream, &view);
    }

    if (view.payload) {
        ngx_aime_job_drop(stream->events->zone, view.payload);
    }

    if (rc != NGX_HTTP_AIME_PARKED) {
        return rc;
    }

    stream->begun = 1;
    stream->state = view.state;
    stream->changes = view.changes;

    return ngx_http_aime_events_alive(stream->events);
}


static ngx_int_t
ngx_http_aime_openai_stream_tell(ngx_http_aime_openai_stream_t *stream,
    ngx_aime_job_view_t *view)
{
    ngx_http_aime_reply_t         reply;
    ngx_http_aime_openai_call_t  *call;

    call = stream->call;

    if (ngx_http_aime_event_start(stream->events, &reply) != NGX_OK) {
        return NGX_ERROR;
    }

    call->pool.ctx = reply.pool;

    if (stream->pen->state
        && (!stream->begun || view->state != stream->state))
    {
        stream->pen->state(call, &reply, view);
    }

    if (view->payload) {

        if (ngx_http_aime_openai_read(call, view->payload->payload,
                                      view->progress_len)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_http_aime_openai_stream_news(stream, &reply, 0);
    }

    if (reply.first == NULL && !reply.failed) {
        return NGX_HTTP_AIME_PARKED;
    }

    return ngx_http_aime_event_send(stream->events, &reply, 0);
}


static void
ngx_http_aime_openai_stream_news(ngx_http_aime_openai_stream_t *stream,
    ngx_http_aime_reply_t *reply, ngx_uint_t final)
{
    ngx_uint_t                    i;
    ngx_http_aime_openai_sent_t  *sent;
    ngx_http_aime_openai_news_t   news;

    if (stream->pen->report) {

        if (!final) {
            stream->pen->report(stream->call, reply);
        }

        return;
    }

    for (i = 0; i < stream->call->n; i++) {
        sent = &stream->sent[i];
        news.index = i;

        if (ngx_http_aime_openai_stream_delta(stream, "reasoning_content", i,
                                              final, &sent->reasoning,
                                              &news.reasoning)
            != NGX_OK
            || ngx_http_aime_openai_stream_delta(stream, "text", i, final,
                                                 &sent->text, &news.text)
               != NGX_OK)
        {
            reply->failed = 1;
            return;
        }

        news.end = sent->text;

        if (news.text.len || news.reasoning.len) {
            stream->pen->news(stream->call, reply, &news);
        }
    }
}


static ngx_int_t
ngx_http_aime_openai_stream_delta(ngx_http_aime_openai_stream_t *stream,
    const char *name, ngx_uint_t i, ngx_uint_t final, size_t *sent,
    aime_str_t *delta)
{
    ngx_str_t           text;
    aime_str_t          str;
    aime_json_value_t  *value;

    delta->len = 0;

    value = ngx_http_aime_openai_choice(stream->call, name, i);

    if (value == NULL || value->type != AIME_JSON_STRING) {
        return NGX_OK;
    }

    if (ngx_http_aime_openai_decode(stream->call, value, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    str.data = text.data;
    str.len = text.len;

    *sent = aime_delta(str, *sent, final, delta);

    return NGX_OK;
}


/* In whatever way: the last events. */

static ngx_int_t
ngx_http_aime_openai_stream_done(ngx_http_aime_openai_stream_t *stream,
    ngx_aime_job_view_t *view)
{
    ngx_int_t                     rc;
    ngx_str_t                     text;
    ngx_http_aime_reply_t         reply;
    ngx_http_aime_openai_call_t  *call;

    call = stream->call;

    ngx_http_aime_note_view(stream->request, view);

    if (view->state != NGX_AIME_JOB_DONE) {
        ngx_http_aime_openai_end_text(view, &text);
        return ngx_http_aime_openai_stream_fail(stream, &text, view);
    }

    if (ngx_http_aime_event_start(stream->events, &reply) != NGX_OK) {
        return NGX_ERROR;
    }

    call->pool.ctx = reply.pool;

    if (ngx_http_aime_openai_read(call, view->payload->payload, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_http_aime_openai_failure(call, &text);

    if (rc == NGX_OK) {
        return ngx_http_aime_openai_stream_fail(stream, &text, view);
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    ngx_http_aime_openai_stream_news(stream, &reply, 1);
    stream->pen->end(call, &reply);

    return ngx_http_aime_event_send(stream->events, &reply, 1);
}


/* view: NULL if the job is not known any more. */

static ngx_int_t
ngx_http_aime_openai_stream_fail(ngx_http_aime_openai_stream_t *stream,
    ngx_str_t *error, ngx_aime_job_view_t *view)
{
    ngx_str_t              text;
    ngx_http_aime_reply_t  reply;

    /* the text may be of the event that did not come to be */

    text.len = error->len;
    text.data = ngx_pstrdup(stream->request->pool, error);

    if (text.data == NULL
        || ngx_http_aime_event_start(stream->events, &reply) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (stream->pen->fail) {
        stream->pen->fail(stream->call, &reply, &text, view);

    } else {
        ngx_http_aime_reply_chars(&reply, "data: ");
        ngx_http_aime_reply_error(&reply, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                  &text, 1);
        ngx_http_aime_reply_chars(&reply, "\n\n");
    }

    return ngx_http_aime_event_send(stream->events, &reply, 1);
}
