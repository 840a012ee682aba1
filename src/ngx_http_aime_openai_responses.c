
/* Making responses, see ngx_http_aime_openai_responses.h. */


#include "ngx_http_aime_openai_responses.h"
#include "ngx_http_aime_openai_inner.h"
#include "ngx_http_aime_openai_items.h"
#include "ngx_http_aime_openai_messages.h"
#include "ngx_http_aime_openai_response_event.h"
#include "ngx_http_aime_openai_text.h"


/* what chats have around a function */

#define NGX_HTTP_AIME_OPENAI_FUNCTION                                         \
    "{\"type\":\"function\",\"function\":"


/* What a response repeats of its request, and what it says otherwise. */

typedef struct {
    const char                  *name;
    const char                  *standard;
} ngx_http_aime_openai_echo_t;

static ngx_http_aime_openai_echo_t  ngx_http_aime_openai_echoes[] = {
    { "background", "false" },
    { "instructions", "null" },
    { "max_output_tokens", "null" },
    { "metadata", "{}" },
    { "parallel_tool_calls", "true" },
    { "previous_response_id", "null" },
    { "reasoning", "{\"effort\":null,\"summary\":null}" },
    { "service_tier", "\"auto\"" },
    { "store", "false" },
    { "temperature", "1.0" },
    { "text", "{\"format\":{\"type\":\"text\"}}" },
    { "tool_choice", "\"auto\"" },
    { "tools", "[]" },
    { "top_p", "1.0" },
    { "truncation", "\"disabled\"" },
    { "user", "null" },
    { NULL, NULL }
};


static ngx_int_t ngx_http_aime_openai_response_inputs(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_response_foreign(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_response_flags(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_response_input(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_response_include(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_response_objects(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_response_format(
    ngx_http_aime_openai_call_t *call, aime_json_value_t *format);
static ngx_int_t ngx_http_aime_openai_response_tools(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_response_choice(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_function(
    ngx_http_aime_openai_call_t *call, const char *name,
    aime_json_value_t *value);
static ngx_int_t ngx_http_aime_openai_wrap(ngx_http_aime_openai_call_t *call,
    aime_str_t *text, const char *before, const char *after,
    aime_json_value_t *value);
static ngx_int_t ngx_http_aime_openai_echo(ngx_http_aime_openai_call_t *call);
static u_char *ngx_http_aime_openai_one_line(u_char *p, aime_str_t *text);
static ngx_int_t ngx_http_aime_openai_response_result(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply);
static ngx_int_t ngx_http_aime_openai_response_stream(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_park_t *park,
    const u_char *id);
static ngx_int_t ngx_http_aime_openai_response_queued(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, const u_char *id);


static const char  *ngx_http_aime_openai_response_own[] = {
    "input", "instructions", "background", "store", "text", "reasoning",
    "tools", "tool_choice", "truncation", "include", "max_tool_calls",
    NGX_HTTP_AIME_OPENAI_TEXT_FIELDS, NULL
};

/* chats have them, a response does not, whatever inputs there are */

static const ngx_http_aime_openai_neutral_t
    ngx_http_aime_openai_response_foreigners[] =
{
    { "messages", NULL },
    { "prompt", NULL },
    { "n", NULL },
    { "max_tokens", NULL },
    { "max_completion_tokens", NULL },
    { "response_format", NULL },
    { "logprobs", NULL },
    { "top_logprobs", "0" },
    { NULL, NULL }
};

/* there are no calls of tools that a server has */

static const ngx_http_aime_openai_neutral_t
    ngx_http_aime_openai_response_neutrals[] =
{
    { "max_tool_calls", "*" },
    { "truncation", "\"disabled\"" },
    { NULL, NULL }
};

static const ngx_http_aime_openai_inner_t
    ngx_http_aime_openai_response_text[] =
{
    { "format", NULL, NULL, ngx_http_aime_openai_response_format },
    { "verbosity", "verbosity", "\"medium\"", NULL },
    { NULL, NULL, NULL, NULL }
};

/* "auto" takes what there is: the reasoning itself */

static const ngx_http_aime_openai_inner_t  ngx_http_aime_openai_reasoning[] = {
    { "effort", "reasoning_effort", NULL, NULL },
    { "summary", "reasoning_summary", "\"auto\"", NULL },
    { "context", "reasoning_context", "\"auto\"", NULL },
    { "mode", "reasoning_mode", "\"standard\"", NULL },
    { NULL, NULL, NULL, NULL }
};

/* reasoning need not be encrypted, it is there; no calls are but functions */

static const char  *ngx_http_aime_openai_includes[] = {
    "\"reasoning.encrypted_content\"",
    "\"file_search_call.results\"",
    "\"web_search_call.results\"",
    "\"web_search_call.action.sources\"",
    "\"code_interpreter_call.outputs\"",
    "\"computer_call_output.output.image_url\"",
    NULL
};

static const ngx_http_aime_openai_way_t  ngx_http_aime_openai_response_way = {
    NGX_HTTP_AIME_OPENAI_CHAT,
    ngx_http_aime_openai_response_own,
    NULL,                                   /* fields */
    ngx_http_aime_openai_response_inputs,
    ngx_http_aime_openai_response_result,
    ngx_http_aime_openai_response_stream,
    ngx_http_aime_openai_response_queued
};


ngx_int_t
ngx_http_aime_openai_create_response(ngx_http_request_t *r)
{
    return ngx_http_aime_openai_serve(r, &ngx_http_aime_openai_response_way);
}


static ngx_int_t
ngx_http_aime_openai_response_inputs(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t   rc;
    ngx_uint_t  i;

    static ngx_int_t  (*steps[])(ngx_http_aime_openai_call_t *call) = {
        ngx_http_aime_openai_response_foreign,
        ngx_http_aime_openai_text_inputs,
        ngx_http_aime_openai_response_flags,
        ngx_http_aime_openai_response_input,
        ngx_http_aime_openai_response_include,
        ngx_http_aime_openai_response_objects,
        ngx_http_aime_openai_response_tools,
        ngx_http_aime_openai_response_choice,
        ngx_http_aime_openai_echo,
        NULL
    };

    for (i = 0; steps[i]; i++) {
        rc = steps[i](call);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


/* Choices, for one, would be mixed in its only message. */

static ngx_int_t
ngx_http_aime_openai_response_foreign(ngx_http_aime_openai_call_t *call)
{
    ngx_str_t                              name;
    aime_json_member_t                    *field;
    const ngx_http_aime_openai_neutral_t  *foreign;

    for (foreign = ngx_http_aime_openai_response_foreigners; foreign->name;
         foreign++)
    {
        field = ngx_http_aime_openai_field_of(call, foreign->name);

        if (field == NULL
            || (foreign->value
                && ngx_http_aime_openai_same(&field->value, foreign->value)))
        {
            continue;
        }

        name.data = (u_char *) foreign->name;
        name.len = ngx_strlen(foreign->name);

        return ngx_http_aime_openai_unsupported(call, &name);
    }

    return NGX_OK;
}


/* What can be asked for later is kept, and needs no client that waits. */

static ngx_int_t
ngx_http_aime_openai_response_flags(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t   rc;
    ngx_str_t   text;
    ngx_uint_t  background, store;

    static aime_str_t  wait = aime_str("wait_for_result");

    background = 0;
    store = 0;

    rc = ngx_http_aime_openai_get_flag(call, "background", &background);

    if (rc == NGX_OK || rc == NGX_ABORT) {
        rc = ngx_http_aime_openai_get_flag(call, "store", &store);
    }

    if (rc != NGX_OK && rc != NGX_ABORT) {
        return rc;
    }

    call->background = background;
    call->form.keep = background || store;
    call->form.detached = background;

    if (background && !call->streams) {
        ngx_str_set(&text, "false");
        rc = ngx_http_aime_openai_add(call, &wait, AIME_JSON_FALSE, &text);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_http_aime_openai_map_own(call,
                                        ngx_http_aime_openai_response_neutrals);
}


/* Parts of the answer that it has anyway, or that it cannot have. */

static ngx_int_t
ngx_http_aime_openai_response_include(ngx_http_aime_openai_call_t *call)
{
    size_t                 i;
    ngx_int_t              rc;
    ngx_str_t              name;
    aime_json_member_t    *field;
    aime_json_elements_t   list;

    field = ngx_http_aime_openai_field_of(call, "include");

    if (field == NULL) {
        return NGX_OK;
    }

    rc = ngx_http_aime_openai_get_list(call, "include", &field->value, &list);

    if (rc != NGX_OK) {
        return rc;
    }

    for (i = 0; i < list.nelts; i++) {
        if (!ngx_http_aime_openai_listed(&list.elts[i].text,
                                         ngx_http_aime_openai_includes))
        {
            ngx_str_set(&name, "include");
            return ngx_http_aime_openai_unsupported(call, &name);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_response_input(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t            rc;
    ngx_str_t            text, *system;
    aime_json_member_t  *field;

    rc = ngx_http_aime_openai_get_text(call, "instructions", &text);

    if (rc != NGX_OK && rc != NGX_ABORT) {
        return rc;
    }

    system = (rc == NGX_OK && text.len) ? &text : NULL;

    field = ngx_http_aime_openai_field_of(call, "input");

    if (field == NULL) {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST,
                                           "input",
                                           "missing_required_parameter",
                                           "Missing required parameter: "
                                           "'input'");
    }

    if (field->value.type == AIME_JSON_STRING) {
        return ngx_http_aime_openai_put_prompt(call, "input",
                                               field->value.text, system);
    }

    return ngx_http_aime_openai_put_items(call, "input", &field->value,
                                          system);
}


static ngx_int_t
ngx_http_aime_openai_response_objects(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t  rc;

    rc = ngx_http_aime_openai_put_inner(call, "text",
                                        ngx_http_aime_openai_response_text);

    return (rc == NGX_OK)
           ? ngx_http_aime_openai_put_inner(call, "reasoning",
                                            ngx_http_aime_openai_reasoning)
           : rc;
}


/* The format that chats call response_format. */

static ngx_int_t
ngx_http_aime_openai_response_format(ngx_http_aime_openai_call_t *call,
    aime_json_value_t *format)
{
    ngx_int_t             rc;
    ngx_str_t             text;
    aime_json_value_t     value;
    aime_json_member_t   *type;
    ngx_http_aime_args_t  args;

    rc = ngx_http_aime_openai_get_object(call, "text.format", format, &args);

    if (rc != NGX_OK) {
        return rc;
    }

    type = ngx_http_aime_arg(&args, "type");

    if (type == NULL || ngx_http_aime_openai_is(type, "text")) {
        return NGX_OK;
    }

    if (ngx_http_aime_openai_input(call->service, "response_format", 15)
        == NULL)
    {
        ngx_str_set(&text, "text.format");
        return ngx_http_aime_openai_unsupported(call, &text);
    }

    value = *format;

    if (ngx_http_aime_openai_is(type, "json_schema")
        && ngx_http_aime_openai_wrap(call, &format->text,
                                     "{\"type\":\"json_schema\","
                                     "\"json_schema\":", "}", &value)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_aime_openai_put(call, "response_format", &value);
}


/* Chats have the function in an object of its own. */

static ngx_int_t
ngx_http_aime_openai_response_tools(ngx_http_aime_openai_call_t *call)
{
    u_char                *p;
    size_t                 i;
    ngx_int_t              rc;
    aime_json_value_t      value;
    aime_json_member_t    *field;
    aime_json_elements_t   tools;

    static ngx_str_t  before = ngx_string(NGX_HTTP_AIME_OPENAI_FUNCTION);

    field = ngx_http_aime_openai_field_of(call, "tools");

    if (field == NULL) {
        return NGX_OK;
    }

    rc = ngx_http_aime_openai_get_list(call, "tools", &field->value, &tools);

    if (rc != NGX_OK || tools.nelts == 0) {
        return rc;
    }

    p = ngx_palloc(call->pool.ctx, field->value.text.len
                                   + tools.nelts * (before.len + 2));
    if (p == NULL) {
        return NGX_ERROR;
    }

    value = field->value;
    value.text.data = p;

    *p++ = '[';

    for (i = 0; i < tools.nelts; i++) {

        rc = ngx_http_aime_openai_function(call, "tools", &tools.elts[i]);

        if (rc != NGX_OK) {
            return rc;
        }

        if (i) {
            *p++ = ',';
        }

        p = ngx_cpymem(p, before.data, before.len);
        p = ngx_cpymem(p, tools.elts[i].text.data, tools.elts[i].text.len);
        *p++ = '}';
    }

    *p++ = ']';

    value.text.len = p - value.text.data;

    return ngx_http_aime_openai_put(call, "tools", &value);
}


/* Without tools, or an input for it, it must not ask for anything. */

static ngx_int_t
ngx_http_aime_openai_response_choice(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t            rc;
    ngx_str_t            text;
    aime_json_value_t    value;
    aime_json_member_t  *field, *tools;

    field = ngx_http_aime_openai_field_of(call, "tool_choice");
    tools = ngx_http_aime_openai_field_of(call, "tools");

    if (field == NULL) {
        return NGX_OK;
    }

    if (tools == NULL || ngx_http_aime_openai_same(&tools->value, "[]")
        || ngx_http_aime_openai_input(call->service, "tool_choice", 11)
           == NULL)
    {
        if (ngx_http_aime_openai_same(&field->value, "\"auto\"")
            || ngx_http_aime_openai_same(&field->value, "\"none\""))
        {
            return NGX_OK;
        }

        ngx_str_set(&text, "tool_choice");
        return ngx_http_aime_openai_unsupported(call, &text);
    }

    value = field->value;

    if (value.type == AIME_JSON_OBJECT) {
        rc = ngx_http_aime_openai_function(call, "tool_choice", &value);

        if (rc != NGX_OK) {
            return rc;
        }

        if (ngx_http_aime_openai_wrap(call, &field->value.text,
                                      NGX_HTTP_AIME_OPENAI_FUNCTION, "}",
                                      &value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return ngx_http_aime_openai_put(call, "tool_choice", &value);
}


/* There are tools of other types, which no endpoint has. */

static ngx_int_t
ngx_http_aime_openai_function(ngx_http_aime_openai_call_t *call,
    const char *name, aime_json_value_t *value)
{
    ngx_int_t              rc;
    aime_json_member_t    *type;
    ngx_http_aime_args_t   members;

    rc = ngx_http_aime_openai_get_object(call, name, value, &members);

    if (rc != NGX_OK) {
        return rc;
    }

    type = ngx_http_aime_arg(&members, "type");

    if (type && ngx_http_aime_openai_same(&type->value, "\"function\"")) {
        return NGX_OK;
    }

    return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, name,
                                       "unsupported_value",
                                       "Unsupported value for '%s': only "
                                       "those of type 'function' are "
                                       "supported", name);
}


static ngx_int_t
ngx_http_aime_openai_wrap(ngx_http_aime_openai_call_t *call,
    aime_str_t *text, const char *before, const char *after,
    aime_json_value_t *value)
{
    u_char  *p;

    p = ngx_palloc(call->pool.ctx, ngx_strlen(before) + text->len
                                   + ngx_strlen(after));
    if (p == NULL) {
        return NGX_ERROR;
    }

    value->text.data = p;

    p = ngx_cpymem(p, before, ngx_strlen(before));
    p = ngx_cpymem(p, text->data, text->len);
    p = ngx_cpymem(p, after, ngx_strlen(after));

    value->text.len = p - value->text.data;

    return NGX_OK;
}


/* Before the job is queued, since then the request's body is gone. */

static ngx_int_t
ngx_http_aime_openai_echo(ngx_http_aime_openai_call_t *call)
{
    u_char                           *p;
    size_t                            len;
    aime_str_t                        name;
    aime_json_member_t               *field;
    ngx_http_aime_openai_echo_t      *echo;
    ngx_http_aime_openai_response_t  *response;

    name.data = call->model->name.data;
    name.len = call->model->name.len;

    len = sizeof("{\"model\":}") + aime_json_quoted_len(name);

    for (echo = ngx_http_aime_openai_echoes; echo->name; echo++) {
        field = ngx_http_aime_openai_field_of(call, echo->name);

        len += sizeof(",\"\":") + ngx_strlen(echo->name)
               + (field ? field->value.text.len
                        : ngx_strlen(echo->standard));
    }

    response = ngx_pcalloc(call->request->pool,
                           sizeof(ngx_http_aime_openai_response_t));
    p = ngx_pnalloc(call->request->pool, len);

    if (response == NULL || p == NULL) {
        return NGX_ERROR;
    }

    call->data = response;

    response->after = -1;
    response->note.data = p;

    p = ngx_cpymem(p, "{\"model\":", sizeof("{\"model\":") - 1);
    p = aime_json_quote(p, name);

    for (echo = ngx_http_aime_openai_echoes; echo->name; echo++) {
        field = ngx_http_aime_openai_field_of(call, echo->name);

        p = ngx_sprintf(p, ",\"%s\":", echo->name);

        if (field) {
            p = ngx_http_aime_openai_one_line(p, &field->value.text);

        } else {
            p = ngx_cpymem(p, echo->standard, ngx_strlen(echo->standard));
        }
    }

    *p++ = '}';

    response->note.len = p - response->note.data;

    if (call->form.keep) {
        call->form.note = response->note;
    }

    return NGX_OK;
}


/* White space between tokens must not end the line of an event. */

static u_char *
ngx_http_aime_openai_one_line(u_char *p, aime_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {
        *p++ = (text->data[i] == '\n' || text->data[i] == '\r')
               ? ' ' : text->data[i];
    }

    return p;
}


static ngx_int_t
ngx_http_aime_openai_response_result(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    ngx_http_aime_openai_response_object(call, reply,
                                         NGX_HTTP_AIME_RESPONSE_COMPLETED,
                                         NULL);
    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_response_stream(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_park_t *park,
    const u_char *id)
{
    return ngx_http_aime_openai_stream(r, park, id,
                                       &ngx_http_aime_openai_response_pen, 0);
}


/* In the background. */

static ngx_int_t
ngx_http_aime_openai_response_queued(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, const u_char *id)
{
    ngx_http_aime_ctx_t          *ctx;
    ngx_http_aime_reply_t         reply;
    ngx_http_aime_openai_call_t  *call;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    call = ctx->openai;

    ngx_http_aime_openai_job(call, id);

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_openai_response_object(call, &reply,
                                         NGX_HTTP_AIME_RESPONSE_QUEUED,
                                         NULL);

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}
