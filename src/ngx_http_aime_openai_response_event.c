
/* Events of responses, see ngx_http_aime_openai_response_event.h. */


#include "ngx_http_aime_openai_response_event.h"
#include "ngx_http_aime_openai_text.h"
#include "ngx_http_aime_openai_tool.h"


/*
 * Sequence numbers.  A delta's is PART plus the bytes it ends at; what follows
 * the text is above all deltas, since a result may have less text than was
 * sent.  Items without a message in front have numbers of their own, which tell
 * that there is none.  All are below 2^31: some clients have no more bits.
 */

#define NGX_HTTP_AIME_SEQ_CREATED       0
#define NGX_HTTP_AIME_SEQ_QUEUED        1
#define NGX_HTTP_AIME_SEQ_IN_PROGRESS   2
#define NGX_HTTP_AIME_SEQ_ITEM          3
#define NGX_HTTP_AIME_SEQ_PART          4
#define NGX_HTTP_AIME_SEQ_CLOSE         1000000000
#define NGX_HTTP_AIME_SEQ_ITEMS         (NGX_HTTP_AIME_SEQ_CLOSE + 3)
#define NGX_HTTP_AIME_SEQ_ALONE         2000000000


static void ngx_http_aime_response_begin(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply);
static void ngx_http_aime_response_state(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_aime_job_view_t *view);
static void ngx_http_aime_response_started(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply);
static void ngx_http_aime_response_news(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_http_aime_openai_news_t *news);
static void ngx_http_aime_response_open(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply);
static void ngx_http_aime_response_end(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply);
static void ngx_http_aime_response_close(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply);
static ngx_uint_t ngx_http_aime_response_items(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply,
    ngx_uint_t seq);
static ngx_uint_t ngx_http_aime_response_tool(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply,
    ngx_uint_t seq, ngx_uint_t index, ngx_uint_t i);
static void ngx_http_aime_response_fail(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_str_t *error,
    ngx_aime_job_view_t *view);
static void ngx_http_aime_response_told(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t seq, const char *type,
    ngx_uint_t status, ngx_str_t *error);
static ngx_uint_t ngx_http_aime_response_event(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply,
    ngx_uint_t seq, const char *type);
static ngx_uint_t ngx_http_aime_response_item(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply,
    ngx_uint_t seq, const char *type, ngx_uint_t index);
static void ngx_http_aime_response_place(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, const char *prefix, ngx_uint_t index);


const ngx_http_aime_openai_pen_t  ngx_http_aime_openai_response_pen = {
    ngx_http_aime_response_begin,
    ngx_http_aime_response_news,
    ngx_http_aime_response_end,
    ngx_http_aime_response_fail,
    ngx_http_aime_response_state,
    NULL                                    /* report */
};


size_t
ngx_http_aime_openai_response_resume(
    ngx_http_aime_openai_response_t *response, ngx_int_t after)
{
    response->after = after;
    response->message = (after >= NGX_HTTP_AIME_SEQ_ITEM
                         && after < NGX_HTTP_AIME_SEQ_ALONE);

    return (after > NGX_HTTP_AIME_SEQ_PART)
           ? (size_t) after - NGX_HTTP_AIME_SEQ_PART : 0;
}


static void
ngx_http_aime_response_begin(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    ngx_http_aime_response_told(call, reply, NGX_HTTP_AIME_SEQ_CREATED,
                                "created", call->background
                                ? NGX_HTTP_AIME_RESPONSE_QUEUED
                                : NGX_HTTP_AIME_RESPONSE_IN_PROGRESS, NULL);
}


static void
ngx_http_aime_response_state(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_aime_job_view_t *view)
{
    ngx_http_aime_openai_response_t  *response;

    response = call->data;

    if (view->state == NGX_AIME_JOB_PROCESSING) {
        ngx_http_aime_response_started(call, reply);

    } else if (!response->started) {

        /* not that it is back in its queue after a while */

        ngx_http_aime_response_told(call, reply, NGX_HTTP_AIME_SEQ_QUEUED,
                                    "queued", NGX_HTTP_AIME_RESPONSE_QUEUED,
                                    NULL);
    }
}


static void
ngx_http_aime_response_started(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    ngx_http_aime_openai_response_t  *response;

    response = call->data;

    if (response->started) {
        return;
    }

    response->started = 1;

    ngx_http_aime_response_told(call, reply, NGX_HTTP_AIME_SEQ_IN_PROGRESS,
                                "in_progress",
                                NGX_HTTP_AIME_RESPONSE_IN_PROGRESS, NULL);
}


/* Reasoning comes as an item of its own, at the end. */

static void
ngx_http_aime_response_news(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_http_aime_openai_news_t *news)
{
    if (news->text.len == 0) {
        return;
    }

    ngx_http_aime_response_open(call, reply);

    if (ngx_http_aime_response_event(call, reply,
                                     NGX_HTTP_AIME_SEQ_PART + news->end,
                                     "output_text.delta"))
    {
        ngx_http_aime_response_place(call, reply, "msg_", 0);
        ngx_http_aime_reply_chars(reply, ",\"content_index\":0,"
                                         "\"logprobs\":[],\"delta\":");
        ngx_http_aime_reply_string(reply, (ngx_str_t *) &news->text);
        ngx_http_aime_reply_chars(reply, "}\n\n");
    }
}


static void
ngx_http_aime_response_open(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    ngx_http_aime_openai_response_t  *response;

    response = call->data;

    ngx_http_aime_response_started(call, reply);

    if (response->opened) {
        return;
    }

    response->opened = 1;
    response->message = 1;

    if (ngx_http_aime_response_item(call, reply, NGX_HTTP_AIME_SEQ_ITEM,
                                    "output_item.added", 0))
    {
        ngx_http_aime_response_message(call, reply, 0);
        ngx_http_aime_reply_chars(reply, "}\n\n");
    }

    if (ngx_http_aime_response_event(call, reply, NGX_HTTP_AIME_SEQ_PART,
                                     "content_part.added"))
    {
        ngx_http_aime_response_place(call, reply, "msg_", 0);
        ngx_http_aime_reply_chars(reply, ",\"content_index\":0,\"part\":");
        ngx_http_aime_response_part(reply, NULL);
        ngx_http_aime_reply_chars(reply, "}\n\n");
    }
}


static void
ngx_http_aime_response_end(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    ngx_uint_t  seq;

    ngx_http_aime_response_started(call, reply);

    seq = NGX_HTTP_AIME_SEQ_ALONE;

    if (ngx_http_aime_response_has_message(call)) {
        ngx_http_aime_response_open(call, reply);
        ngx_http_aime_response_close(call, reply);
        seq = NGX_HTTP_AIME_SEQ_ITEMS;
    }

    seq = ngx_http_aime_response_items(call, reply, seq);

    ngx_http_aime_response_told(call, reply, seq,
                                ngx_http_aime_response_cut(call)
                                ? "incomplete" : "completed",
                                NGX_HTTP_AIME_RESPONSE_COMPLETED, NULL);
}


static void
ngx_http_aime_response_close(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    ngx_uint_t          seq;
    aime_json_value_t  *text;

    seq = NGX_HTTP_AIME_SEQ_CLOSE;
    text = ngx_http_aime_response_text(call);

    if (ngx_http_aime_response_event(call, reply, seq++,
                                     "output_text.done"))
    {
        ngx_http_aime_response_place(call, reply, "msg_", 0);
        ngx_http_aime_reply_chars(reply, ",\"content_index\":0,"
                                         "\"logprobs\":[],\"text\":");

        if (text) {
            ngx_http_aime_openai_value(reply, text);

        } else {
            ngx_http_aime_reply_chars(reply, "\"\"");
        }

        ngx_http_aime_reply_chars(reply, "}\n\n");
    }

    if (ngx_http_aime_response_event(call, reply, seq++,
                                     "content_part.done"))
    {
        ngx_http_aime_response_place(call, reply, "msg_", 0);
        ngx_http_aime_reply_chars(reply, ",\"content_index\":0,\"part\":");
        ngx_http_aime_response_part(reply, text);
        ngx_http_aime_reply_chars(reply, "}\n\n");
    }

    if (ngx_http_aime_response_item(call, reply, seq, "output_item.done", 0)) {
        ngx_http_aime_response_message(call, reply, 1);
        ngx_http_aime_reply_chars(reply, "}\n\n");
    }
}


/* Reasoning and function calls; gives the next number. */

static ngx_uint_t
ngx_http_aime_response_items(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t seq)
{
    ngx_uint_t          i, n, index;
    aime_json_value_t  *reasoning;

    index = ngx_http_aime_response_has_message(call);
    reasoning = ngx_http_aime_openai_choice(call, "reasoning_content", 0);

    for (i = 0; reasoning && i < 2; i++) {
        if (ngx_http_aime_response_item(call, reply, seq++,
                                        i ? "output_item.done"
                                          : "output_item.added", index))
        {
            ngx_http_aime_response_reasoning(call, reply, index,
                                             i ? reasoning : NULL);
            ngx_http_aime_reply_chars(reply, "}\n\n");
        }
    }

    index += (reasoning != NULL);
    n = ngx_http_aime_openai_ntools(call, 0);

    for (i = 0; i < n; i++) {
        seq = ngx_http_aime_response_tool(call, reply, seq, index + i, i);
    }

    return seq;
}


/* A function call, from its beginning to its end. */

static ngx_uint_t
ngx_http_aime_response_tool(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t seq, ngx_uint_t index,
    ngx_uint_t i)
{
    ngx_http_aime_openai_tool_t  tool;

    if (ngx_http_aime_response_item(call, reply, seq++, "output_item.added",
                                    index))
    {
        ngx_http_aime_response_function(call, reply, index, i, 0);
        ngx_http_aime_reply_chars(reply, "}\n\n");
    }

    ngx_http_aime_openai_tool(call, 0, i, &tool);

    if (ngx_http_aime_response_event(call, reply, seq++,
                                     "function_call_arguments.delta"))
    {
        ngx_http_aime_response_place(call, reply, "fc_", index);
        ngx_http_aime_reply_chars(reply, ",\"delta\":");
        ngx_http_aime_openai_arguments(reply, &tool);
        ngx_http_aime_reply_chars(reply, "}\n\n");
    }

    if (ngx_http_aime_response_event(call, reply, seq++,
                                     "function_call_arguments.done"))
    {
        ngx_http_aime_response_place(call, reply, "fc_", index);
        ngx_http_aime_reply_chars(reply, ",\"name\":");
        ngx_http_aime_openai_value(reply, tool.name);
        ngx_http_aime_reply_chars(reply, ",\"arguments\":");
        ngx_http_aime_openai_arguments(reply, &tool);
        ngx_http_aime_reply_chars(reply, "}\n\n");
    }

    if (ngx_http_aime_response_item(call, reply, seq++, "output_item.done",
                                    index))
    {
        ngx_http_aime_response_function(call, reply, index, i, 1);
        ngx_http_aime_reply_chars(reply, "}\n\n");
    }

    return seq;
}


/*
 * The types know no event for a response that was cancelled: the object says
 * so.
 */

static void
ngx_http_aime_response_fail(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_str_t *error, ngx_aime_job_view_t *view)
{
    ngx_uint_t                        seq;
    ngx_http_aime_openai_response_t  *response;

    response = call->data;

    seq = ngx_max((ngx_uint_t) response->after + 1, NGX_HTTP_AIME_SEQ_CLOSE);

    if (view && view->state == NGX_AIME_JOB_CANCELED) {
        ngx_http_aime_response_told(call, reply, seq, "failed",
                                    NGX_HTTP_AIME_RESPONSE_CANCELLED, error);
        return;
    }

    ngx_http_aime_response_told(call, reply, seq, "failed",
                                NGX_HTTP_AIME_RESPONSE_FAILED, error);
}


/* An event that has the whole object. */

static void
ngx_http_aime_response_told(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t seq, const char *type,
    ngx_uint_t status, ngx_str_t *error)
{
    if (ngx_http_aime_response_event(call, reply, seq, type)) {
        ngx_http_aime_reply_chars(reply, "\"response\":");
        ngx_http_aime_openai_response_object(call, reply, status, error);
        ngx_http_aime_reply_chars(reply, "}\n\n");
    }
}


/* Begins an event, unless the client knows it already: 0. */

static ngx_uint_t
ngx_http_aime_response_event(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t seq, const char *type)
{
    ngx_http_aime_openai_response_t  *response;

    response = call->data;

    if ((ngx_int_t) seq <= response->after) {
        return 0;
    }

    ngx_http_aime_reply_chars(reply, "event: response.");
    ngx_http_aime_reply_chars(reply, type);
    ngx_http_aime_reply_chars(reply, "\ndata: {\"type\":\"response.");
    ngx_http_aime_reply_chars(reply, type);
    ngx_http_aime_reply_chars(reply, "\",\"sequence_number\":");
    ngx_http_aime_reply_integer(reply, seq);
    ngx_http_aime_reply_chars(reply, ",");

    return 1;
}


/* The same of an item, which is to follow. */

static ngx_uint_t
ngx_http_aime_response_item(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t seq, const char *type,
    ngx_uint_t index)
{
    if (!ngx_http_aime_response_event(call, reply, seq, type)) {
        return 0;
    }

    ngx_http_aime_reply_chars(reply, "\"output_index\":");
    ngx_http_aime_reply_integer(reply, index);
    ngx_http_aime_reply_chars(reply, ",\"item\":");

    return 1;
}


static void
ngx_http_aime_response_place(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, const char *prefix, ngx_uint_t index)
{
    ngx_http_aime_reply_chars(reply, "\"item_id\":");
    ngx_http_aime_response_item_id(call, reply, prefix, index);
    ngx_http_aime_reply_chars(reply, ",\"output_index\":");
    ngx_http_aime_reply_integer(reply, index);
}
