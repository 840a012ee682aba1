
/* Chat completions, see ngx_http_aime_openai_chat.h. */


#include "ngx_http_aime_openai_chat.h"
#include "ngx_http_aime_openai_messages.h"
#include "ngx_http_aime_openai_text.h"


static ngx_int_t ngx_http_aime_openai_chat_inputs(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_chat_result(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply);
static void ngx_http_aime_openai_chat_choice(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply,
    ngx_uint_t i);


static const char  *ngx_http_aime_openai_chat_own[] = {
    "messages", NGX_HTTP_AIME_OPENAI_TEXT_FIELDS, NULL
};

static const ngx_http_aime_openai_way_t  ngx_http_aime_openai_chat_way = {
    NGX_HTTP_AIME_OPENAI_CHAT,
    ngx_http_aime_openai_chat_own,
    NULL,                                   /* fields */
    ngx_http_aime_openai_chat_inputs,
    ngx_http_aime_openai_chat_result,
    NULL,                                   /* stream */
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
                                             messages->value.text, NULL);
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
    tools = ngx_http_aime_openai_has_tools(call, i);

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
        (void) ngx_http_aime_openai_tool_calls(call, reply, i, 0);
    }

    ngx_http_aime_reply_chars(reply, "},\"logprobs\":");
    ngx_http_aime_openai_value(reply, ngx_http_aime_openai_choice(call,
                                                                  "logprobs",
                                                                  i));
    ngx_http_aime_reply_chars(reply, ",\"finish_reason\":\"");
    ngx_http_aime_reply_chars(reply, ngx_http_aime_openai_finish(call, i));
    ngx_http_aime_reply_chars(reply, "\"}");
}
