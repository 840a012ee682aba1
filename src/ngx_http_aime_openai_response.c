
/* Responses, see ngx_http_aime_openai_response.h. */


#include "ngx_http_aime_openai_response.h"
#include "ngx_http_aime_openai_text.h"
#include "ngx_http_aime_openai_tool.h"
#include "ngx_aime_id.h"


/* Sequence numbers; a delta's is the last one plus the bytes it ends at. */

#define NGX_HTTP_AIME_SEQ_CREATED       0
#define NGX_HTTP_AIME_SEQ_QUEUED        1
#define NGX_HTTP_AIME_SEQ_IN_PROGRESS   2
#define NGX_HTTP_AIME_SEQ_ITEM          3
#define NGX_HTTP_AIME_SEQ_PART          4


static const char *ngx_http_aime_response_cut(
    ngx_http_aime_openai_call_t *call);
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
    ngx_http_aime_reply_t *reply, aime_json_value_t *text, size_t len);
static ngx_uint_t ngx_http_aime_response_items(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply,
    ngx_uint_t seq);
static void ngx_http_aime_response_fail(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_str_t *error,
    ngx_aime_job_view_t *view);
static void ngx_http_aime_response_told(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t seq, const char *type,
    ngx_uint_t status, ngx_str_t *error);
static ngx_uint_t ngx_http_aime_response_event(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply,
    ngx_uint_t seq, const char *type);
static void ngx_http_aime_response_place(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, const char *prefix, ngx_uint_t index);
static void ngx_http_aime_response_part(ngx_http_aime_reply_t *reply,
    aime_json_value_t *text);
static void ngx_http_aime_response_message(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t done);
static void ngx_http_aime_response_reasoning(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply,
    ngx_uint_t index, aime_json_value_t *text);
static void ngx_http_aime_response_function(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t index, ngx_uint_t i,
    ngx_uint_t done);
static void ngx_http_aime_response_output(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply);
static void ngx_http_aime_response_usage(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply);
static aime_json_value_t *ngx_http_aime_response_text(
    ngx_http_aime_openai_call_t *call);
static ngx_uint_t ngx_http_aime_response_has_message(
    ngx_http_aime_openai_call_t *call);
static void ngx_http_aime_response_item_id(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, const char *prefix, ngx_uint_t index);
static void ngx_http_aime_response_id(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, const char *prefix);


static const char  *ngx_http_aime_response_names[] = {
    "queued",
    "in_progress",
    "completed",
    "failed",
    "cancelled"
};


const ngx_http_aime_openai_pen_t  ngx_http_aime_openai_response_pen = {
    ngx_http_aime_response_begin,
    ngx_http_aime_response_news,
    ngx_http_aime_response_end,
    ngx_http_aime_response_fail,
    ngx_http_aime_response_state,
    NULL                                    /* report */
};


void
ngx_http_aime_openai_response_object(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t status, ngx_str_t *error)
{
    ngx_str_t                         members;
    const char                       *name, *cut;
    ngx_http_aime_openai_response_t  *response;

    response = call->data;

    cut = (status == NGX_HTTP_AIME_RESPONSE_COMPLETED)
          ? ngx_http_aime_response_cut(call) : NULL;

    name = cut ? "incomplete" : ngx_http_aime_response_names[status];

    ngx_http_aime_reply_chars(reply, "{\"id\":");
    ngx_http_aime_response_id(call, reply, "resp_");
    ngx_http_aime_reply_chars(reply, ",\"object\":\"response\","
                                     "\"created_at\":");
    ngx_http_aime_reply_integer(reply, (ngx_int_t) call->created);
    ngx_http_aime_reply_chars(reply, ",\"status\":\"");
    ngx_http_aime_reply_chars(reply, name);
    ngx_http_aime_reply_chars(reply, "\",\"error\":");

    if (error) {
        ngx_http_aime_reply_chars(reply, "{\"code\":\"server_error\","
                                         "\"message\":");
        ngx_http_aime_reply_string(reply, error);
        ngx_http_aime_reply_chars(reply, "}");

    } else {
        ngx_http_aime_reply_chars(reply, "null");
    }

    ngx_http_aime_reply_chars(reply, ",\"incomplete_details\":");

    if (cut) {
        ngx_http_aime_reply_chars(reply, "{\"reason\":\"");
        ngx_http_aime_reply_chars(reply, cut);
        ngx_http_aime_reply_chars(reply, "\"}");

    } else {
        ngx_http_aime_reply_chars(reply, "null");
    }

    /* without its braces */

    members.data = response->note.data + 1;
    members.len = response->note.len - 2;

    ngx_http_aime_reply_chars(reply, ",");
    ngx_http_aime_reply_text(reply, &members);

    ngx_http_aime_reply_chars(reply, ",\"output\":[");

    if (status == NGX_HTTP_AIME_RESPONSE_COMPLETED) {
        ngx_http_aime_response_output(call, reply);
    }

    ngx_http_aime_reply_chars(reply, "],\"usage\":");

    if (status == NGX_HTTP_AIME_RESPONSE_COMPLETED) {
        ngx_http_aime_response_usage(call, reply);

    } else {
        ngx_http_aime_reply_chars(reply, "null");
    }

    ngx_http_aime_reply_chars(reply, "}");
}


/* Why it is incomplete; NULL: it is not. */

static const char *
ngx_http_aime_response_cut(ngx_http_aime_openai_call_t *call)
{
    const char  *reason;

    reason = ngx_http_aime_openai_finish(call, 0);

    if (ngx_strcmp(reason, "length") == 0) {
        return "max_output_tokens";
    }

    return (ngx_strcmp(reason, "content_filter") == 0) ? reason : NULL;
}


size_t
ngx_http_aime_openai_response_from(ngx_int_t after)
{
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
    ngx_http_aime_openai_response_t  *response;

    response = call->data;

    if (news->text.len == 0) {
        return;
    }

    ngx_http_aime_response_open(call, reply);

    response->sent = news->end;

    if (ngx_http_aime_response_event(call, reply,
                                     NGX_HTTP_AIME_SEQ_PART + response->sent,
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

    if (ngx_http_aime_response_event(call, reply, NGX_HTTP_AIME_SEQ_ITEM,
                                     "output_item.added"))
    {
        ngx_http_aime_reply_chars(reply, "\"output_index\":0,\"item\":");
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
    size_t                            len;
    ngx_str_t                         decoded;
    ngx_uint_t                        seq;
    aime_json_value_t                *text;
    ngx_http_aime_openai_response_t  *response;

    response = call->data;

    text = ngx_http_aime_response_text(call);
    len = response->sent;

    if (text
        && ngx_http_aime_openai_decode(call, text, &decoded) == NGX_OK)
    {
        len = ngx_max(len, decoded.len);
    }

    ngx_http_aime_response_started(call, reply);

    if (response->opened || ngx_http_aime_response_has_message(call)) {
        ngx_http_aime_response_open(call, reply);
        ngx_http_aime_response_close(call, reply, text, len);
    }

    seq = ngx_http_aime_response_items(call, reply,
                                       NGX_HTTP_AIME_SEQ_PART + len + 4);

    ngx_http_aime_response_told(call, reply, seq,
                                ngx_http_aime_response_cut(call)
                                ? "incomplete" : "completed",
                                NGX_HTTP_AIME_RESPONSE_COMPLETED, NULL);
}


static void
ngx_http_aime_response_close(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, aime_json_value_t *text, size_t len)
{
    ngx_uint_t  seq;

    seq = NGX_HTTP_AIME_SEQ_PART + len + 1;

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

    if (ngx_http_aime_response_event(call, reply, seq, "output_item.done")) {
        ngx_http_aime_reply_chars(reply, "\"output_index\":0,\"item\":");
        ngx_http_aime_response_message(call, reply, 1);
        ngx_http_aime_reply_chars(reply, "}\n\n");
    }
}


/* Reasoning and function calls; gives the next number. */

static ngx_uint_t
ngx_http_aime_response_items(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t seq)
{
    ngx_uint_t                    i, n, index;
    aime_json_value_t            *reasoning;
    ngx_http_aime_openai_tool_t   tool;

    index = ngx_http_aime_response_has_message(call);
    reasoning = ngx_http_aime_openai_choice(call, "reasoning_content", 0);

    for (i = 0; reasoning && i < 2; i++) {
        if (ngx_http_aime_response_event(call, reply, seq++,
                                         i ? "output_item.done"
                                           : "output_item.added"))
        {
            ngx_http_aime_reply_chars(reply, "\"output_index\":");
            ngx_http_aime_reply_integer(reply, index);
            ngx_http_aime_reply_chars(reply, ",\"item\":");
            ngx_http_aime_response_reasoning(call, reply, index,
                                             i ? reasoning : NULL);
            ngx_http_aime_reply_chars(reply, "}\n\n");
        }
    }

    index += (reasoning != NULL);
    n = ngx_http_aime_openai_ntools(call, 0);

    for (i = 0; i < n; i++, index++) {

        if (ngx_http_aime_response_event(call, reply, seq++,
                                         "output_item.added"))
        {
            ngx_http_aime_reply_chars(reply, "\"output_index\":");
            ngx_http_aime_reply_integer(reply, index);
            ngx_http_aime_reply_chars(reply, ",\"item\":");
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

        if (ngx_http_aime_response_event(call, reply, seq++,
                                         "output_item.done"))
        {
            ngx_http_aime_reply_chars(reply, "\"output_index\":");
            ngx_http_aime_reply_integer(reply, index);
            ngx_http_aime_reply_chars(reply, ",\"item\":");
            ngx_http_aime_response_function(call, reply, index, i, 1);
            ngx_http_aime_reply_chars(reply, "}\n\n");
        }
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
    size_t                            from;
    ngx_uint_t                        seq;
    ngx_http_aime_openai_response_t  *response;

    response = call->data;

    from = ngx_http_aime_openai_response_from(response->after);
    seq = NGX_HTTP_AIME_SEQ_PART + ngx_max(response->sent, from) + 1;

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


static void
ngx_http_aime_response_place(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, const char *prefix, ngx_uint_t index)
{
    ngx_http_aime_reply_chars(reply, "\"item_id\":");
    ngx_http_aime_response_item_id(call, reply, prefix, index);
    ngx_http_aime_reply_chars(reply, ",\"output_index\":");
    ngx_http_aime_reply_integer(reply, index);
}


/* text NULL: as it begins. */

static void
ngx_http_aime_response_part(ngx_http_aime_reply_t *reply,
    aime_json_value_t *text)
{
    ngx_http_aime_reply_chars(reply, "{\"type\":\"output_text\","
                                     "\"annotations\":[],\"logprobs\":[],"
                                     "\"text\":");

    if (text) {
        ngx_http_aime_openai_value(reply, text);

    } else {
        ngx_http_aime_reply_chars(reply, "\"\"");
    }

    ngx_http_aime_reply_chars(reply, "}");
}


static void
ngx_http_aime_response_message(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t done)
{
    ngx_http_aime_reply_chars(reply, "{\"type\":\"message\",\"id\":");
    ngx_http_aime_response_item_id(call, reply, "msg_", 0);
    ngx_http_aime_reply_chars(reply, done
                                     ? ",\"status\":\"completed\""
                                     : ",\"status\":\"in_progress\"");
    ngx_http_aime_reply_chars(reply, ",\"role\":\"assistant\","
                                     "\"content\":[");

    if (done) {
        ngx_http_aime_response_part(reply,
                                    ngx_http_aime_response_text(call));
    }

    ngx_http_aime_reply_chars(reply, "]}");
}


static void
ngx_http_aime_response_reasoning(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t index, aime_json_value_t *text)
{
    ngx_http_aime_reply_chars(reply, "{\"type\":\"reasoning\",\"id\":");
    ngx_http_aime_response_item_id(call, reply, "rs_", index);
    ngx_http_aime_reply_chars(reply, ",\"summary\":[],\"content\":[");

    if (text) {
        ngx_http_aime_reply_chars(reply, "{\"type\":\"reasoning_text\","
                                         "\"text\":");
        ngx_http_aime_openai_value(reply, text);
        ngx_http_aime_reply_chars(reply, "}");
    }

    ngx_http_aime_reply_chars(reply, text ? "],\"status\":\"completed\"}"
                                          : "],\"status\":\"in_progress\"}");
}


static void
ngx_http_aime_response_function(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t index, ngx_uint_t i,
    ngx_uint_t done)
{
    ngx_http_aime_openai_tool_t  tool;

    ngx_http_aime_openai_tool(call, 0, i, &tool);

    ngx_http_aime_reply_chars(reply, "{\"type\":\"function_call\",\"id\":");
    ngx_http_aime_response_item_id(call, reply, "fc_", index);
    ngx_http_aime_reply_chars(reply, ",\"call_id\":");
    ngx_http_aime_openai_tool_id(call, reply, &tool);
    ngx_http_aime_reply_chars(reply, ",\"name\":");
    ngx_http_aime_openai_value(reply, tool.name);
    ngx_http_aime_reply_chars(reply, ",\"arguments\":");

    if (done) {
        ngx_http_aime_openai_arguments(reply, &tool);

    } else {
        ngx_http_aime_reply_chars(reply, "\"\"");
    }

    ngx_http_aime_reply_chars(reply, done
                                     ? ",\"status\":\"completed\"}"
                                     : ",\"status\":\"in_progress\"}");
}


static void
ngx_http_aime_response_output(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    ngx_uint_t          i, n, index;
    aime_json_value_t  *reasoning;

    index = 0;

    if (ngx_http_aime_response_has_message(call)) {
        ngx_http_aime_response_message(call, reply, 1);
        index++;
    }

    reasoning = ngx_http_aime_openai_choice(call, "reasoning_content", 0);

    if (reasoning) {
        ngx_http_aime_reply_chars(reply, index ? "," : "");
        ngx_http_aime_response_reasoning(call, reply, index, reasoning);
        index++;
    }

    n = ngx_http_aime_openai_ntools(call, 0);

    for (i = 0; i < n; i++, index++) {
        ngx_http_aime_reply_chars(reply, index ? "," : "");
        ngx_http_aime_response_function(call, reply, index, i, 1);
    }
}


static void
ngx_http_aime_response_usage(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    ngx_uint_t  input, output, told;

    told = 0;

    input = ngx_http_aime_openai_tokens(call, "prompt_tokens", &told);
    output = ngx_http_aime_openai_tokens(call, "completion_tokens", &told);

    if (!told) {
        ngx_http_aime_reply_chars(reply, "null");
        return;
    }

    ngx_http_aime_reply_chars(reply, "{\"input_tokens\":");
    ngx_http_aime_reply_integer(reply, input);
    ngx_http_aime_reply_chars(reply, ",\"input_tokens_details\":"
                                     "{\"cached_tokens\":");
    ngx_http_aime_reply_integer(reply,
                                ngx_http_aime_openai_tokens(call,
                                                            "cached_tokens",
                                                            NULL));
    ngx_http_aime_reply_chars(reply, "},\"output_tokens\":");
    ngx_http_aime_reply_integer(reply, output);
    ngx_http_aime_reply_chars(reply, ",\"output_tokens_details\":"
                                     "{\"reasoning_tokens\":");
    ngx_http_aime_reply_integer(reply,
                                ngx_http_aime_openai_tokens(call,
                                                            "reasoning_tokens",
                                                            NULL));
    ngx_http_aime_reply_chars(reply, "},\"total_tokens\":");
    ngx_http_aime_reply_integer(reply, input + output);
    ngx_http_aime_reply_chars(reply, "}");
}


/* NULL: it is no string. */

static aime_json_value_t *
ngx_http_aime_response_text(ngx_http_aime_openai_call_t *call)
{
    aime_json_value_t  *text;

    text = ngx_http_aime_openai_choice(call, "text", 0);

    return (text && text->type == AIME_JSON_STRING) ? text : NULL;
}


/* An empty one is none beside function calls. */

static ngx_uint_t
ngx_http_aime_response_has_message(ngx_http_aime_openai_call_t *call)
{
    aime_json_value_t                *text;
    ngx_http_aime_openai_response_t  *response;

    response = call->data;
    text = ngx_http_aime_response_text(call);

    return response->opened || (text && text->text.len > 2)
           || ngx_http_aime_openai_ntools(call, 0) == 0;
}


static void
ngx_http_aime_response_item_id(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, const char *prefix, ngx_uint_t index)
{
    u_char  *p;

    ngx_http_aime_reply_chars(reply, "\"");
    ngx_http_aime_reply_chars(reply, prefix);

    p = ngx_http_aime_reply_room(reply, NGX_AIME_UUID_LEN + NGX_INT_T_LEN
                                        + 2);
    if (p) {
        p = ngx_aime_id_print(p, call->id);
        p = ngx_sprintf(p, "-%ui\"", index);
        ngx_http_aime_reply_wrote(reply, p);
    }
}


static void
ngx_http_aime_response_id(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, const char *prefix)
{
    u_char  *p;

    ngx_http_aime_reply_chars(reply, "\"");
    ngx_http_aime_reply_chars(reply, prefix);

    p = ngx_http_aime_reply_room(reply, NGX_AIME_UUID_LEN);

    if (p) {
        ngx_http_aime_reply_wrote(reply, ngx_aime_id_print(p, call->id));
    }

    ngx_http_aime_reply_chars(reply, "\"");
}
