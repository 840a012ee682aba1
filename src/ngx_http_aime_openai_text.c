
/* Generated text, see ngx_http_aime_openai_text.h. */


#include "ngx_http_aime_openai_text.h"
#include "ngx_http_aime_openai_inner.h"
#include "ngx_http_aime_openai_tool.h"
#include "ngx_aime_id.h"


#define NGX_HTTP_AIME_OPENAI_MAX_TOKENS   1000000000


/* What workers say, and what clients know. */

typedef struct {
    const char                  *said;
    const char                  *reason;
} ngx_http_aime_openai_reason_t;

static ngx_http_aime_openai_reason_t  ngx_http_aime_openai_reasons[] = {
    { "\"stop\"", "stop" },
    { "\"length\"", "length" },
    { "\"max_tokens\"", "length" },
    { "\"max_length\"", "length" },
    { "\"tool_calls\"", "tool_calls" },
    { "\"tool_call\"", "tool_calls" },
    { "\"tool_use\"", "tool_calls" },
    { "\"content_filter\"", "content_filter" },
    { NULL, NULL }
};


static ngx_int_t ngx_http_aime_openai_limit(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_stops(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_options(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_include_usage(
    ngx_http_aime_openai_call_t *call, aime_json_value_t *value);
static ngx_int_t ngx_http_aime_openai_parallel(
    ngx_http_aime_openai_call_t *call);


static const ngx_http_aime_openai_inner_t
    ngx_http_aime_openai_stream_options[] =
{
    { "include_usage", NULL, NULL, ngx_http_aime_openai_include_usage },
    { "include_obfuscation", NULL, "false", NULL },
    { NULL, NULL, NULL, NULL }
};


ngx_int_t
ngx_http_aime_openai_text_inputs(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t  rc;

    rc = ngx_http_aime_openai_get_count(call, "n", 1,
                                        NGX_HTTP_AIME_OPENAI_MAX_CHOICES,
                                        &call->n);

    if (rc == NGX_OK || rc == NGX_ABORT) {
        rc = ngx_http_aime_openai_options(call);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_aime_openai_limit(call);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_aime_openai_parallel(call);
    }

    return (rc == NGX_OK) ? ngx_http_aime_openai_stops(call) : rc;
}


/* The newest of its names wins. */

static ngx_int_t
ngx_http_aime_openai_limit(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t            rc;
    ngx_str_t            name;
    ngx_uint_t           i;
    aime_json_member_t  *field;

    static const char  *names[] = {
        "max_completion_tokens", "max_output_tokens", "max_tokens"
    };

    for (i = 0; i < 3; i++) {
        field = ngx_http_aime_openai_field_of(call, names[i]);

        if (field == NULL) {
            continue;
        }

        rc = ngx_http_aime_openai_get_count(call, names[i], 1,
                                            NGX_HTTP_AIME_OPENAI_MAX_TOKENS,
                                            &call->max_tokens);
        if (rc != NGX_OK) {
            return rc;
        }

        if (ngx_http_aime_openai_input(call->service, "max_tokens", 10)) {
            return ngx_http_aime_openai_put(call, "max_tokens",
                                            &field->value);
        }

        name.data = (u_char *) names[i];
        name.len = ngx_strlen(names[i]);

        return ngx_http_aime_openai_unsupported(call, &name);
    }

    return NGX_OK;
}


/* A string or a list of them: for an input that takes JSON always a list. */

static ngx_int_t
ngx_http_aime_openai_stops(ngx_http_aime_openai_call_t *call)
{
    u_char              *p;
    aime_json_value_t    value;
    aime_desc_param_t   *param;
    aime_json_member_t  *field;

    field = ngx_http_aime_openai_field_of(call, "stop");

    if (field == NULL || (field->value.type == AIME_JSON_ARRAY
                          && field->value.text.len == 2))
    {
        return NGX_OK;
    }

    value = field->value;
    param = ngx_http_aime_openai_input(call->service, "stop", 4);

    if (param && param->type == AIME_DESC_JSON
        && value.type == AIME_JSON_STRING)
    {
        p = ngx_pnalloc(call->pool.ctx, value.text.len + 2);
        if (p == NULL) {
            return NGX_ERROR;
        }

        value.type = AIME_JSON_ARRAY;
        value.text.data = p;

        *p++ = '[';
        p = ngx_cpymem(p, field->value.text.data, field->value.text.len);
        *p++ = ']';

        value.text.len += 2;
    }

    return ngx_http_aime_openai_put(call, "stop", &value);
}


static ngx_int_t
ngx_http_aime_openai_options(ngx_http_aime_openai_call_t *call)
{
    if (ngx_http_aime_openai_field_of(call, "stream_options")
        && !call->streams)
    {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST,
                                           "stream_options", "invalid_value",
                                           "'stream_options' is only allowed "
                                           "when 'stream' is true");
    }

    return ngx_http_aime_openai_put_inner(call, "stream_options",
                                          ngx_http_aime_openai_stream_options);
}


static ngx_int_t
ngx_http_aime_openai_include_usage(ngx_http_aime_openai_call_t *call,
    aime_json_value_t *value)
{
    if (value->type != AIME_JSON_TRUE && value->type != AIME_JSON_FALSE) {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST,
                                           "stream_options.include_usage",
                                           "invalid_type",
                                           "Invalid type for "
                                           "'stream_options.include_usage': "
                                           "expected a boolean");
    }

    call->include_usage = (value->type == AIME_JSON_TRUE);

    return NGX_OK;
}


/* One call at a time has to be asked for, unless there are none. */

static ngx_int_t
ngx_http_aime_openai_parallel(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t            rc;
    ngx_str_t            name;
    ngx_uint_t           parallel;
    aime_json_member_t  *field, *tools;

    parallel = 1;

    rc = ngx_http_aime_openai_get_flag(call, "parallel_tool_calls", &parallel);

    if (rc != NGX_OK) {
        return (rc == NGX_ABORT) ? NGX_OK : rc;
    }

    ngx_str_set(&name, "parallel_tool_calls");

    if (ngx_http_aime_openai_input(call->service, (char *) name.data,
                                   name.len))
    {
        field = ngx_http_aime_openai_field_of(call, (char *) name.data);
        return ngx_http_aime_openai_put(call, (char *) name.data,
                                        &field->value);
    }

    tools = ngx_http_aime_openai_field_of(call, "tools");

    return (parallel || tools == NULL
            || ngx_http_aime_openai_same(&tools->value, "[]"))
           ? NGX_OK : ngx_http_aime_openai_unsupported(call, &name);
}


/* By the texts or the lists of calls; never more than were asked for. */

ngx_uint_t
ngx_http_aime_openai_nchoices(ngx_http_aime_openai_call_t *call)
{
    ngx_uint_t             i, n;
    aime_json_member_t    *output;
    aime_json_elements_t  *list;

    static const char  *names[] = { "text", "tool_calls" };

    n = 1;

    for (i = 0; call->n > 1 && i < 2; i++) {
        output = ngx_http_aime_openai_out(call, names[i]);

        list = output ? ngx_http_aime_openai_elements(call, &output->value)
                      : NULL;

        /* calls that are in no list of their own are all of one choice */

        if (list && list->nelts
            && (i == 0 || list->elts[0].type != AIME_JSON_OBJECT))
        {
            n = ngx_max(n, list->nelts);
        }
    }

    return ngx_min(call->n, n);
}


const char *
ngx_http_aime_openai_finish(ngx_http_aime_openai_call_t *call, ngx_uint_t i)
{
    size_t                          len;
    aime_json_value_t              *said;
    ngx_http_aime_openai_reason_t  *reason;

    said = ngx_http_aime_openai_choice(call, "finish_reason", i);

    for (reason = ngx_http_aime_openai_reasons; said && reason->said;
         reason++)
    {
        len = ngx_strlen(reason->said);

        if (said->text.len == len
            && ngx_memcmp(said->text.data, reason->said, len) == 0)
        {
            return reason->reason;
        }
    }

    if (ngx_http_aime_openai_ntools(call, i)) {
        return "tool_calls";
    }

    if (said == NULL && call->max_tokens && call->n == 1
        && ngx_http_aime_openai_tokens(call, "completion_tokens", NULL)
           >= call->max_tokens)
    {
        return "length";
    }

    return "stop";
}


void
ngx_http_aime_openai_usage(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    ngx_uint_t  prompt, completion, cached, reasoning, told, details;

    told = 0;

    prompt = ngx_http_aime_openai_tokens(call, "prompt_tokens", &told);
    completion = ngx_http_aime_openai_tokens(call, "completion_tokens",
                                             &told);

    if (!told) {
        ngx_http_aime_reply_chars(reply, "null");
        return;
    }

    ngx_http_aime_reply_chars(reply, "{\"prompt_tokens\":");
    ngx_http_aime_reply_integer(reply, prompt);
    ngx_http_aime_reply_chars(reply, ",\"completion_tokens\":");
    ngx_http_aime_reply_integer(reply, completion);
    ngx_http_aime_reply_chars(reply, ",\"total_tokens\":");
    ngx_http_aime_reply_integer(reply, prompt + completion);

    details = 0;
    cached = ngx_http_aime_openai_tokens(call, "cached_tokens", &details);

    if (details) {
        ngx_http_aime_reply_chars(reply, ",\"prompt_tokens_details\":"
                                         "{\"cached_tokens\":");
        ngx_http_aime_reply_integer(reply, cached);
        ngx_http_aime_reply_chars(reply, "}");
    }

    details = 0;
    reasoning = ngx_http_aime_openai_tokens(call, "reasoning_tokens",
                                            &details);

    if (details) {
        ngx_http_aime_reply_chars(reply, ",\"completion_tokens_details\":"
                                         "{\"reasoning_tokens\":");
        ngx_http_aime_reply_integer(reply, reasoning);
        ngx_http_aime_reply_chars(reply, "}");
    }

    ngx_http_aime_reply_chars(reply, "}");
}


void
ngx_http_aime_openai_head(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, const char *prefix, const char *object)
{
    u_char  *p;

    ngx_http_aime_reply_chars(reply, "{\"id\":\"");
    ngx_http_aime_reply_chars(reply, prefix);

    p = ngx_http_aime_reply_room(reply, NGX_AIME_UUID_LEN);

    if (p) {
        ngx_http_aime_reply_wrote(reply, ngx_aime_id_print(p, call->id));
    }

    ngx_http_aime_reply_chars(reply, "\",\"object\":\"");
    ngx_http_aime_reply_chars(reply, object);
    ngx_http_aime_reply_chars(reply, "\",\"created\":");
    ngx_http_aime_reply_integer(reply, (ngx_int_t) call->created);
    ngx_http_aime_reply_chars(reply, ",\"model\":");
    ngx_http_aime_reply_string(reply, &call->model->name);
}


void
ngx_http_aime_openai_choice_end(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t i, const char *finish)
{
    aime_json_value_t  *logprobs;

    /* of the whole choice, which is known at its end */

    logprobs = finish ? ngx_http_aime_openai_choice(call, "logprobs", i)
                      : NULL;

    ngx_http_aime_reply_chars(reply, ",\"logprobs\":");
    ngx_http_aime_openai_value(reply, logprobs);
    ngx_http_aime_reply_chars(reply, finish ? ",\"finish_reason\":\""
                                            : ",\"finish_reason\":");
    ngx_http_aime_reply_chars(reply, finish ? finish : "null");
    ngx_http_aime_reply_chars(reply, finish ? "\"}]" : "}]");
    ngx_http_aime_reply_chars(reply, call->include_usage
                                     ? ",\"usage\":null}\n\n" : "}\n\n");
}


void
ngx_http_aime_openai_last_chunk(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, const char *prefix, const char *object)
{
    if (call->include_usage) {
        ngx_http_aime_reply_chars(reply, "data: ");
        ngx_http_aime_openai_head(call, reply, prefix, object);
        ngx_http_aime_reply_chars(reply, ",\"choices\":[],\"usage\":");
        ngx_http_aime_openai_usage(call, reply);
        ngx_http_aime_reply_chars(reply, "}\n\n");
    }

    ngx_http_aime_reply_chars(reply, "data: [DONE]\n\n");
}
