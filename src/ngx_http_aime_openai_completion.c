
/* Completions, see ngx_http_aime_openai_completion.h. */


#include "ngx_http_aime_openai_completion.h"
#include "ngx_http_aime_openai_messages.h"
#include "ngx_http_aime_openai_stream.h"
#include "ngx_http_aime_openai_text.h"


#define NGX_HTTP_AIME_OPENAI_CMPL   "cmpl-"


static ngx_int_t ngx_http_aime_openai_compl_inputs(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_compl_result(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply);
static ngx_int_t ngx_http_aime_openai_compl_stream(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_park_t *park,
    const u_char *id);
static void ngx_http_aime_openai_compl_news(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_http_aime_openai_news_t *news);
static void ngx_http_aime_openai_compl_end(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply);
static void ngx_http_aime_openai_compl_chunk(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply,
    ngx_uint_t i);


static const char  *ngx_http_aime_openai_compl_own[] = {
    "prompt", NGX_HTTP_AIME_OPENAI_TEXT_FIELDS, NULL
};

static const ngx_http_aime_openai_pen_t  ngx_http_aime_openai_compl_pen = {
    NULL,                                   /* begin */
    ngx_http_aime_openai_compl_news,
    ngx_http_aime_openai_compl_end,
    NULL,                                   /* fail */
    NULL,                                   /* state */
    NULL                                    /* report */
};

static const ngx_http_aime_openai_way_t  ngx_http_aime_openai_compl_way = {
    NGX_HTTP_AIME_OPENAI_COMPLETION,
    ngx_http_aime_openai_compl_own,
    NULL,                                   /* fields */
    ngx_http_aime_openai_compl_inputs,
    ngx_http_aime_openai_compl_result,
    ngx_http_aime_openai_compl_stream,
    NULL                                    /* submitted */
};


ngx_int_t
ngx_http_aime_openai_completion(ngx_http_request_t *r)
{
    return ngx_http_aime_openai_serve(r, &ngx_http_aime_openai_compl_way);
}


/* A list of prompts would be as many jobs: one of one prompt is one. */

static ngx_int_t
ngx_http_aime_openai_compl_inputs(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t              rc;
    aime_json_value_t     *prompt;
    aime_json_member_t    *field;
    aime_json_elements_t   list;

    rc = ngx_http_aime_openai_text_inputs(call);

    if (rc != NGX_OK) {
        return rc;
    }

    field = ngx_http_aime_openai_field_of(call, "prompt");

    if (field == NULL) {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST,
                                           "prompt",
                                           "missing_required_parameter",
                                           "Missing required parameter: "
                                           "'prompt'");
    }

    prompt = &field->value;

    if (prompt->type == AIME_JSON_ARRAY) {

        rc = ngx_http_aime_openai_get_list(call, "prompt", prompt, &list);

        if (rc != NGX_OK) {
            return rc;
        }

        if (list.nelts == 1) {
            prompt = &list.elts[0];
        }
    }

    if (prompt->type != AIME_JSON_STRING) {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST,
                                           "prompt", "invalid_value",
                                           "Invalid 'prompt': expected one "
                                           "string");
    }

    if (ngx_http_aime_openai_input(call->service, "prompt", 6)) {
        return ngx_http_aime_openai_put(call, "prompt", prompt);
    }

    return ngx_http_aime_openai_put_prompt(call, "prompt", prompt->text,
                                           NULL);
}


static ngx_int_t
ngx_http_aime_openai_compl_result(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    ngx_uint_t          i, n;
    aime_json_value_t  *text;

    ngx_http_aime_openai_head(call, reply, NGX_HTTP_AIME_OPENAI_CMPL,
                              "text_completion");
    ngx_http_aime_reply_chars(reply, ",\"choices\":[");

    n = ngx_http_aime_openai_nchoices(call);

    for (i = 0; i < n; i++) {
        text = ngx_http_aime_openai_choice(call, "text", i);

        ngx_http_aime_reply_chars(reply, i ? ",{\"text\":" : "{\"text\":");

        if (text && text->type == AIME_JSON_STRING) {
            ngx_http_aime_openai_value(reply, text);

        } else {
            ngx_http_aime_reply_chars(reply, "\"\"");
        }

        ngx_http_aime_reply_chars(reply, ",\"index\":");
        ngx_http_aime_reply_integer(reply, i);
        ngx_http_aime_reply_chars(reply, ",\"logprobs\":");
        ngx_http_aime_openai_value(reply,
                                   ngx_http_aime_openai_choice(call,
                                                               "logprobs",
                                                               i));
        ngx_http_aime_reply_chars(reply, ",\"finish_reason\":\"");
        ngx_http_aime_reply_chars(reply, ngx_http_aime_openai_finish(call,
                                                                     i));
        ngx_http_aime_reply_chars(reply, "\"}");
    }

    ngx_http_aime_reply_chars(reply, "],\"usage\":");
    ngx_http_aime_openai_usage(call, reply);
    ngx_http_aime_reply_chars(reply, "}");

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_compl_stream(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_park_t *park,
    const u_char *id)
{
    return ngx_http_aime_openai_stream(r, park, id,
                                       &ngx_http_aime_openai_compl_pen, 0);
}


/* There is no place for reasoning. */

static void
ngx_http_aime_openai_compl_news(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_http_aime_openai_news_t *news)
{
    if (news->text.len == 0) {
        return;
    }

    ngx_http_aime_openai_compl_chunk(call, reply, news->index);
    ngx_http_aime_reply_string(reply, (ngx_str_t *) &news->text);
    ngx_http_aime_openai_choice_end(call, reply, news->index, NULL);
}


static void
ngx_http_aime_openai_compl_end(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    ngx_uint_t  i;

    for (i = 0; i < call->n; i++) {
        ngx_http_aime_openai_compl_chunk(call, reply, i);
        ngx_http_aime_reply_chars(reply, "\"\"");
        ngx_http_aime_openai_choice_end(call, reply, i,
                                        ngx_http_aime_openai_finish(call, i));
    }

    ngx_http_aime_openai_last_chunk(call, reply, NGX_HTTP_AIME_OPENAI_CMPL,
                                    "text_completion");
}


static void
ngx_http_aime_openai_compl_chunk(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t i)
{
    ngx_http_aime_reply_chars(reply, "data: ");
    ngx_http_aime_openai_head(call, reply, NGX_HTTP_AIME_OPENAI_CMPL,
                              "text_completion");
    ngx_http_aime_reply_chars(reply, ",\"choices\":[{\"index\":");
    ngx_http_aime_reply_integer(reply, i);
    ngx_http_aime_reply_chars(reply, ",\"text\":");
}
