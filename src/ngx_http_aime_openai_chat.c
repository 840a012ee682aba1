
/* Chat completions, see ngx_http_aime_openai_chat.h. */


#include "ngx_http_aime_openai_chat.h"
#include "ngx_http_aime_openai_messages.h"
#include "ngx_http_aime_openai_stream.h"
#include "ngx_http_aime_openai_text.h"
#include "ngx_http_aime_openai_tool.h"


static ngx_int_t ngx_http_aime_openai_chat_inputs(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_chat_result(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply);
static void ngx_http_aime_openai_chat_choice(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply,
    ngx_uint_t i);


static ngx_int_t ngx_http_aime_openai_chat_stream(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_park_t *park,
    const u_char *id);
static void ngx_http_aime_openai_chat_begin(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply);
static void ngx_http_aime_openai_chat_news(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_http_aime_openai_news_t *news);
static void ngx_http_aime_openai_chat_end(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply);
static void ngx_http_aime_openai_chunk(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t i);
static void ngx_http_aime_openai_chunk_end(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t i, const char *finish);


static const char  *ngx_http_aime_openai_chat_own[] = {
    "messages", NGX_HTTP_AIME_OPENAI_TEXT_FIELDS, NULL
};

static const ngx_http_aime_openai_pen_t  ngx_http_aime_openai_chat_pen = {
    ngx_http_aime_openai_chat_begin,
    ngx_http_aime_openai_chat_news,
    ngx_http_aime_openai_chat_end,
    NULL,                                   /* fail */
    NULL,                                   /* state */
    NULL                                    /* report */
};

static const ngx_http_aime_openai_way_t  ngx_http_aime_openai_chat_way = {
    NGX_HTTP_AIME_OPENAI_CHAT,
    ngx_http_aime_openai_chat_own,
    NULL,                                   /* fields */
    ngx_http_aime_openai_chat_inputs,
    ngx_http_aime_openai_chat_result,
    ngx_http_aime_openai_chat_stream,
    NULL                                    /* submitted */
};


ngx_int_t
ngx_http_aime_openai_chat(ngx_http_request_t *r)
{
    return ngx_http_aime_openai_serve(r, &ngx_http_aime_openai_chat_way);
}


static ngx_int_t
ngx_http_aime_openai_chat_inputs(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t            rc;
    aime_json_member_t  *messages;

    rc = ngx_http_aime_openai_text_inputs(call);

    if (rc != NGX_OK) {
        return rc;
    }

    messages = ngx_http_aime_openai_field_of(call, "messages");

    if (messages == NULL) {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST,
                                           "messages",
                                           "missing_required_parameter",
                                           "Missing required parameter: "
                                           "'messages'");
    }

    return ngx_http_aime_openai_put_messages(call, "messages",
                                             messages->value.text, NULL,
                                             NULL);
}


static ngx_int_t
ngx_http_aime_openai_chat_result(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    ngx_uint_t  i, n;

    ngx_http_aime_openai_head(call, reply, "chatcmpl-", "chat.completion");
    ngx_http_aime_reply_chars(reply, ",\"choices\":[");

    n = ngx_http_aime_openai_nchoices(call);

    for (i = 0; i < n; i++) {
        ngx_http_aime_reply_chars(reply, i ? "," : "");
        ngx_http_aime_openai_chat_choice(call, reply, i);
    }

    ngx_http_aime_reply_chars(reply, "],\"usage\":");
    ngx_http_aime_openai_usage(call, reply);
    ngx_http_aime_reply_chars(reply, "}");

    return NGX_OK;
}


static void
ngx_http_aime_openai_chat_choice(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t i)
{
    ngx_uint_t          tools;
    aime_json_value_t  *text, *reasoning;

    text = ngx_http_aime_openai_choice(call, "text", i);
    tools = ngx_http_aime_openai_ntools(call, i);

    ngx_http_aime_reply_chars(reply, "{\"index\":");
    ngx_http_aime_reply_integer(reply, i);
    ngx_http_aime_reply_chars(reply, ",\"message\":{\"role\":\"assistant\","
                                     "\"content\":");

    if (text && text->type == AIME_JSON_STRING
        && (text->text.len > 2 || !tools))
    {
        ngx_http_aime_openai_value(reply, text);

    } else {
        ngx_http_aime_reply_chars(reply, tools ? "null" : "\"\"");
    }

    ngx_http_aime_reply_chars(reply, ",\"refusal\":");
    ngx_http_aime_openai_value(reply, ngx_http_aime_openai_choice(call,
                                                                  "refusal",
                                                                  i));
    reasoning = ngx_http_aime_openai_choice(call, "reasoning_content", i);

    if (reasoning) {
        ngx_http_aime_reply_chars(reply, ",\"reasoning_content\":");
        ngx_http_aime_openai_value(reply, reasoning);
    }

    if (tools) {
        ngx_http_aime_reply_chars(reply, ",\"tool_calls\":");
        ngx_http_aime_openai_tools(call, reply, i, 0);
    }

    ngx_http_aime_reply_chars(reply, "},\"logprobs\":");
    ngx_http_aime_openai_value(reply, ngx_http_aime_openai_choice(call,
                                                                  "logprobs",
                                                                  i));
    ngx_http_aime_reply_chars(reply, ",\"finish_reason\":\"");
    ngx_http_aime_reply_chars(reply, ngx_http_aime_openai_finish(call, i));
    ngx_http_aime_reply_chars(reply, "\"}");
}


static ngx_int_t
ngx_http_aime_openai_chat_stream(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_park_t *park,
    const u_char *id)
{
    return ngx_http_aime_openai_stream(r, park, id,
                                       &ngx_http_aime_openai_chat_pen, 0);
}


static void
ngx_http_aime_openai_chat_begin(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    ngx_uint_t  i;

    for (i = 0; i < call->n; i++) {
        ngx_http_aime_openai_chunk(call, reply, i);
        ngx_http_aime_reply_chars(reply, "\"role\":\"assistant\","
                                         "\"content\":\"\"");
        ngx_http_aime_openai_chunk_end(call, reply, i, NULL);
    }
}


static void
ngx_http_aime_openai_chat_news(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_http_aime_openai_news_t *news)
{
    ngx_http_aime_openai_chunk(call, reply, news->index);

    if (news->reasoning.len) {
        ngx_http_aime_reply_chars(reply, "\"reasoning_content\":");
        ngx_http_aime_reply_string(reply, (ngx_str_t *) &news->reasoning);
    }

    if (news->text.len) {
        ngx_http_aime_reply_chars(reply, news->reasoning.len
                                         ? ",\"content\":"
                                         : "\"content\":");
        ngx_http_aime_reply_string(reply, (ngx_str_t *) &news->text);
    }

    ngx_http_aime_openai_chunk_end(call, reply, news->index, NULL);
}


static void
ngx_http_aime_openai_chat_end(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    ngx_uint_t          i;
    aime_json_value_t  *refusal;

    for (i = 0; i < call->n; i++) {
        refusal = ngx_http_aime_openai_choice(call, "refusal", i);

        if (refusal && refusal->type == AIME_JSON_STRING) {
            ngx_http_aime_openai_chunk(call, reply, i);
            ngx_http_aime_reply_chars(reply, "\"refusal\":");
            ngx_http_aime_openai_value(reply, refusal);
            ngx_http_aime_openai_chunk_end(call, reply, i, NULL);
        }

        if (ngx_http_aime_openai_ntools(call, i)) {
            ngx_http_aime_openai_chunk(call, reply, i);
            ngx_http_aime_reply_chars(reply, "\"tool_calls\":");
            ngx_http_aime_openai_tools(call, reply, i, 1);
            ngx_http_aime_openai_chunk_end(call, reply, i, NULL);
        }

        ngx_http_aime_openai_chunk(call, reply, i);
        ngx_http_aime_openai_chunk_end(call, reply, i,
                                       ngx_http_aime_openai_finish(call, i));
    }

    ngx_http_aime_openai_last_chunk(call, reply, "chatcmpl-",
                                    "chat.completion.chunk");
}


/* Up to the members of the delta; and what comes behind them. */

static void
ngx_http_aime_openai_chunk(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t i)
{
    ngx_http_aime_reply_chars(reply, "data: ");
    ngx_http_aime_openai_head(call, reply, "chatcmpl-",
                              "chat.completion.chunk");
    ngx_http_aime_reply_chars(reply, ",\"choices\":[{\"index\":");
    ngx_http_aime_reply_integer(reply, i);
    ngx_http_aime_reply_chars(reply, ",\"delta\":{");
}


static void
ngx_http_aime_openai_chunk_end(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t i, const char *finish)
{
    ngx_http_aime_reply_chars(reply, "}");
    ngx_http_aime_openai_choice_end(call, reply, i, finish);
}
