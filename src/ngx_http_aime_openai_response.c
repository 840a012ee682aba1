
/* Responses, see ngx_http_aime_openai_response.h. */


#include "ngx_http_aime_openai_response.h"
#include "ngx_http_aime_openai_text.h"
#include "ngx_http_aime_openai_tool.h"
#include "ngx_aime_id.h"


static void ngx_http_aime_response_output(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply);
static void ngx_http_aime_response_usage(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply);
static void ngx_http_aime_response_status(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t done, ngx_uint_t last);
static void ngx_http_aime_response_id(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, const char *prefix);


static const char  *ngx_http_aime_response_names[] = {
    "queued",
    "in_progress",
    "completed",
    "failed",
    "cancelled"
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


const char *
ngx_http_aime_response_cut(ngx_http_aime_openai_call_t *call)
{
    const char  *reason;

    reason = ngx_http_aime_openai_finish(call, 0);

    if (ngx_strcmp(reason, "length") == 0) {
        return "max_output_tokens";
    }

    return (ngx_strcmp(reason, "content_filter") == 0) ? reason : NULL;
}


void
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


void
ngx_http_aime_response_message(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t done)
{
    ngx_http_aime_reply_chars(reply, "{\"type\":\"message\",\"id\":");
    ngx_http_aime_response_item_id(call, reply, "msg_", 0);
    ngx_http_aime_response_status(call, reply, done,
                                  ngx_http_aime_openai_ntools(call, 0) == 0);
    ngx_http_aime_reply_chars(reply, ",\"role\":\"assistant\","
                                     "\"content\":[");

    if (done) {
        ngx_http_aime_response_part(reply,
                                    ngx_http_aime_response_text(call));
    }

    ngx_http_aime_reply_chars(reply, "]}");
}


void
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


void
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

    ngx_http_aime_response_status(call, reply, done,
                                  i + 1
                                  == ngx_http_aime_openai_ntools(call, 0));
    ngx_http_aime_reply_chars(reply, "}");
}


/* Reasoning aside, which comes first, the last item is the one that was cut. */

static void
ngx_http_aime_response_status(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t done, ngx_uint_t last)
{
    const char  *status;

    status = "in_progress";

    if (done) {
        status = (last && ngx_http_aime_response_cut(call)) ? "incomplete"
                                                            : "completed";
    }

    ngx_http_aime_reply_chars(reply, ",\"status\":\"");
    ngx_http_aime_reply_chars(reply, status);
    ngx_http_aime_reply_chars(reply, "\"");
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


aime_json_value_t *
ngx_http_aime_response_text(ngx_http_aime_openai_call_t *call)
{
    aime_json_value_t  *text;

    text = ngx_http_aime_openai_choice(call, "text", 0);

    return (text && text->type == AIME_JSON_STRING) ? text : NULL;
}


ngx_uint_t
ngx_http_aime_response_has_message(ngx_http_aime_openai_call_t *call)
{
    aime_json_value_t                *text;
    ngx_http_aime_openai_response_t  *response;

    response = call->data;
    text = ngx_http_aime_response_text(call);

    return response->message || (text && text->text.len > 2)
           || ngx_http_aime_openai_ntools(call, 0) == 0;
}


void
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
