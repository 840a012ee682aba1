
/* Requests of OpenAI's API, see ngx_http_aime_openai_call.h. */


#include "ngx_http_aime_openai_call.h"
#include "ngx_http_aime_view.h"


/* bytes of a client's text that a message repeats, and of a message */

#define NGX_HTTP_AIME_OPENAI_QUOTED    64
#define NGX_HTTP_AIME_OPENAI_MESSAGE   512


/*
 * Values that ask for nothing which would not be so anyway: fields that have
 * them need no input.  "*": whatever the value is, it does not concern the
 * answer.
 */

typedef struct {
    const char                  *name;
    const char                  *value;
} ngx_http_aime_openai_neutral_t;

static ngx_http_aime_openai_neutral_t  ngx_http_aime_openai_neutrals[] = {
    { "model", "*" },
    { "stream", "*" },
    { "stream_options", "*" },
    { "user", "*" },
    { "safety_identifier", "*" },
    { "prompt_cache_key", "*" },
    { "prompt_cache_retention", "*" },
    { "metadata", "*" },
    { "service_tier", "*" },
    { "store", "false" },
    { "temperature", "1" },
    { "top_p", "1" },
    { "n", "1" },
    { "best_of", "1" },
    { "presence_penalty", "0" },
    { "frequency_penalty", "0" },
    { "logprobs", "false" },
    { "echo", "false" },
    { "suffix", "\"\"" },
    { "stop", "[]" },
    { "logit_bias", "{}" },
    { "tools", "[]" },
    { "functions", "[]" },
    { "tool_choice", "\"none\"" },
    { "tool_choice", "\"auto\"" },
    { "parallel_tool_calls", "*" },
    { "modalities", "[\"text\"]" },
    { "response_format", "{\"type\":\"text\"}" },
    { NULL, NULL }
};


/*
 * An input of type json takes a string for the JSON text that it holds: these
 * fields mean the string.
 */

static const char  *ngx_http_aime_openai_verbatim[] = {
    "tool_choice", "stop", "prompt", "input", "reasoning_effort", NULL
};


static ngx_int_t ngx_http_aime_openai_answer(ngx_http_request_t *r,
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_begin(ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_json_fields(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_put_named(
    ngx_http_aime_openai_call_t *call, ngx_str_t *name,
    aime_json_value_t *value);
static ngx_int_t ngx_http_aime_openai_translate(
    ngx_http_aime_openai_call_t *call);
static ngx_uint_t ngx_http_aime_openai_is_neutral(aime_json_member_t *field);
static ngx_uint_t ngx_http_aime_openai_same(aime_json_value_t *value,
    const char *text);
static ngx_uint_t ngx_http_aime_openai_listed(aime_str_t *name,
    const char **names);
static ngx_int_t ngx_http_aime_openai_done(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_view_t *view);
static ngx_int_t ngx_http_aime_openai_ended(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_view_t *view);
static void ngx_http_aime_openai_refused(ngx_http_request_t *r,
    const aime_str_t *input);


ngx_http_aime_openai_t *
ngx_http_aime_openai_conf(ngx_http_request_t *r)
{
    ngx_http_aime_loc_conf_t  *alcf;

    alcf = ngx_http_get_module_loc_conf(r, ngx_http_aime_api_module);

    return alcf->server->openai;
}


ngx_int_t
ngx_http_aime_openai_serve(ngx_http_request_t *r,
    const ngx_http_aime_openai_way_t *way)
{
    ngx_int_t                     rc;
    ngx_http_aime_ctx_t          *ctx;
    ngx_http_aime_openai_call_t  *call;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    call = ngx_pcalloc(r->pool, sizeof(ngx_http_aime_openai_call_t));

    if (call == NULL
        || ngx_array_init(&call->inputs, r->pool, 16,
                          sizeof(aime_json_member_t))
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    call->request = r;
    call->pool = ngx_http_aime_pool(r);
    call->way = way;
    call->n = 1;
    call->created = ngx_aime_job_now();
    call->form.done = ngx_http_aime_openai_done;
    call->form.ended = ngx_http_aime_openai_ended;
    call->form.submitted = way->submitted;
    call->form.refused = ngx_http_aime_openai_refused;

    ctx->openai = call;

    rc = ngx_http_aime_openai_begin(call);

    if (rc != NGX_OK) {
        return ngx_http_aime_openai_answer(r, call);
    }

    if (call->model == NULL
        || call->model->services[way->kind].endpoint == NULL)
    {
        rc = ngx_http_aime_openai_identify(r, NULL, &call->client);

    } else {
        call->service = &call->model->services[way->kind];
        call->endpoint = call->service->endpoint;

        ctx->endpoint = call->endpoint;

        rc = ngx_http_aime_openai_identify(r, call->endpoint, &call->client);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (call->client.verdict != NGX_HTTP_AIME_CLIENT_OK) {
        return ngx_http_aime_openai_unknown_client(r, &call->client);
    }

    if (call->endpoint == NULL) {
        return ngx_http_aime_openai_no_model(r, &call->name);
    }

    rc = ngx_http_aime_openai_translate(call);

    if (rc != NGX_OK) {
        return ngx_http_aime_openai_answer(r, call);
    }

    if (call->streams) {
        call->form.stream = way->stream;
    }

    /* what the translators have put together */

    call->fields.elts = call->inputs.elts;
    call->fields.nelts = call->inputs.nelts;

    return ngx_http_aime_submit(r, call->endpoint, &call->fields,
                                &call->client, &call->form);
}


/* Sends what was noted; without that, memory was short. */

static ngx_int_t
ngx_http_aime_openai_answer(ngx_http_request_t *r,
    ngx_http_aime_openai_call_t *call)
{
    if (call->status == 0) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_aime_error(r, call->status, &call->message);
}


/* The fields, and the model that they name. */

static ngx_int_t
ngx_http_aime_openai_begin(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t                rc;
    ngx_http_aime_openai_t  *openai;

    rc = call->way->fields ? call->way->fields(call)
                           : ngx_http_aime_openai_json_fields(call);

    if (rc != NGX_OK) {
        return rc;
    }

    openai = ngx_http_aime_openai_conf(call->request);

    rc = ngx_http_aime_openai_get_text(call, "model", &call->name);

    if (rc == NGX_OK) {
        call->model = ngx_http_aime_openai_model(openai, &call->name);
        return NGX_OK;
    }

    if (rc != NGX_ABORT) {
        return rc;
    }

    call->model = openai->fallback;

    if (call->model) {
        call->name = call->model->name;
        return NGX_OK;
    }

    return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, "model",
                                       NULL,
                                       "You must provide a model parameter");
}


static ngx_int_t
ngx_http_aime_openai_json_fields(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t  rc;
    ngx_str_t  error;

    rc = ngx_http_aime_body_args(call->request, &call->fields, &error);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, NULL, NULL,
                                       "%V", &error);
}


static ngx_int_t
ngx_http_aime_openai_translate(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t            rc;
    ngx_uint_t           i;
    ngx_str_t            name;
    aime_json_member_t  *field;

    for (i = 0; i < call->fields.nelts; i++) {
        field = &call->fields.elts[i];

        if (field->value.type == AIME_JSON_NULL
            || (call->way->own
                && ngx_http_aime_openai_listed(&field->name, call->way->own)))
        {
            continue;
        }

        if (ngx_http_aime_openai_input(call->service,
                                       (char *) field->name.data,
                                       field->name.len)
            == NULL
            && ngx_http_aime_openai_is_neutral(field))
        {
            continue;
        }

        name.data = (u_char *) field->name.data;
        name.len = field->name.len;

        rc = ngx_http_aime_openai_put_named(call, &name, &field->value);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    rc = ngx_http_aime_openai_get_flag(call, "stream", &i);

    if (rc == NGX_OK) {
        call->streams = i;

    } else if (rc != NGX_ABORT) {
        return rc;
    }

    if (call->streams && call->way->stream == NULL) {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST,
                                           "stream", "unsupported_parameter",
                                           "Streaming is not supported here");
    }

    return call->way->inputs(call);
}


static ngx_uint_t
ngx_http_aime_openai_is_neutral(aime_json_member_t *field)
{
    size_t                           len;
    ngx_http_aime_openai_neutral_t  *neutral;

    for (neutral = ngx_http_aime_openai_neutrals; neutral->name; neutral++) {
        len = ngx_strlen(neutral->name);

        if (field->name.len == len
            && ngx_memcmp(field->name.data, neutral->name, len) == 0
            && (neutral->value[0] == '*'
                || ngx_http_aime_openai_same(&field->value, neutral->value)))
        {
            return 1;
        }
    }

    return 0;
}


/* Numbers by their value, all else by its text without white space. */

static ngx_uint_t
ngx_http_aime_openai_same(aime_json_value_t *value, const char *text)
{
    char         buf[32];
    size_t       i, n;

    n = 0;

    for (i = 0; i < value->text.len; i++) {

        if (ngx_strchr(" \t\r\n", value->text.data[i])) {
            continue;
        }

        if (n == sizeof(buf) - 1) {
            return 0;
        }

        buf[n++] = value->text.data[i];
    }

    buf[n] = '\0';

    if (value->type == AIME_JSON_NUMBER) {
        return strtod(buf, NULL) == strtod(text, NULL);
    }

    return ngx_strcmp(buf, text) == 0;
}


static ngx_uint_t
ngx_http_aime_openai_listed(aime_str_t *name, const char **names)
{
    for ( /* void */ ; *names; names++) {
        if (ngx_strlen(*names) == name->len
            && ngx_memcmp(*names, name->data, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_aime_openai_put(ngx_http_aime_openai_call_t *call, const char *name,
    aime_json_value_t *value)
{
    ngx_str_t  field;

    field.data = (u_char *) name;
    field.len = ngx_strlen(name);

    return ngx_http_aime_openai_put_named(call, &field, value);
}


static ngx_int_t
ngx_http_aime_openai_put_named(ngx_http_aime_openai_call_t *call,
    ngx_str_t *name, aime_json_value_t *value)
{
    ngx_str_t           text;
    aime_str_t          field;
    aime_desc_param_t  *param;

    param = ngx_http_aime_openai_input(call->service, (char *) name->data,
                                       name->len);
    if (param == NULL) {
        return ngx_http_aime_openai_unsupported(call, name);
    }

    text.data = (u_char *) value->text.data;
    text.len = value->text.len;

    field.data = name->data;
    field.len = name->len;

    if (param->type == AIME_DESC_JSON && value->type == AIME_JSON_STRING
        && ngx_http_aime_openai_listed(&field, ngx_http_aime_openai_verbatim)
        && ngx_http_aime_openai_quote(call, &value->text, &text) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_aime_openai_add(call, &param->name, value->type, &text);
}


ngx_int_t
ngx_http_aime_openai_quote(ngx_http_aime_openai_call_t *call,
    aime_str_t *text, ngx_str_t *quoted)
{
    u_char  *p;

    p = ngx_pnalloc(call->request->pool, aime_json_quoted_len(*text));
    if (p == NULL) {
        return NGX_ERROR;
    }

    quoted->data = p;
    quoted->len = aime_json_quote(p, *text) - p;

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_openai_add(ngx_http_aime_openai_call_t *call,
    const aime_str_t *input, aime_json_type_e type, ngx_str_t *text)
{
    aime_json_member_t  *member;

    member = ngx_array_push(&call->inputs);
    if (member == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(member, sizeof(aime_json_member_t));

    member->name = *input;
    member->value.type = type;
    member->value.text.data = text->data;
    member->value.text.len = text->len;

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_openai_unsupported(ngx_http_aime_openai_call_t *call,
    ngx_str_t *name)
{
    ngx_int_t             rc;
    ngx_str_t             clipped;
    ngx_http_aime_ctx_t  *ctx;

    clipped.data = name->data;
    clipped.len = ngx_min(name->len, NGX_HTTP_AIME_OPENAI_QUOTED);

    rc = ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, NULL,
                                     "unsupported_parameter",
                                     "Unsupported parameter: '%V' is not "
                                     "supported with this model", &clipped);

    ctx = ngx_http_get_module_ctx(call->request, ngx_http_aime_api_module);
    ctx->param = clipped;

    return rc;
}


ngx_int_t
ngx_http_aime_openai_refuse(ngx_http_aime_openai_call_t *call,
    ngx_uint_t status, const char *param, const char *code, const char *fmt,
    ...)
{
    u_char               *p, buf[NGX_HTTP_AIME_OPENAI_MESSAGE];
    size_t                len;
    va_list               args;
    ngx_http_aime_ctx_t  *ctx;

    va_start(args, fmt);
    p = ngx_vslprintf(buf, buf + NGX_HTTP_AIME_OPENAI_MESSAGE, fmt, args);
    va_end(args);

    len = p - buf;

    p = ngx_pnalloc(call->request->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    call->status = status;
    call->message.len = len;
    call->message.data = p;

    ngx_memcpy(p, buf, len);

    ctx = ngx_http_get_module_ctx(call->request, ngx_http_aime_api_module);

    ctx->code = code;
    ctx->param.data = (u_char *) param;
    ctx->param.len = param ? ngx_strlen(param) : 0;

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_aime_openai_identify(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_client_t *client)
{
    ngx_http_aime_args_t  none;

    ngx_memzero(&none, sizeof(ngx_http_aime_args_t));

    if (ngx_http_aime_identify(r, endpoint, &none, client) != NGX_OK) {
        return NGX_ERROR;
    }

    /* clients of this API have to send some key, and cannot log in */

    if (endpoint && endpoint->open) {
        client->verdict = NGX_HTTP_AIME_CLIENT_OK;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_openai_unknown_client(ngx_http_request_t *r,
    ngx_http_aime_client_t *client)
{
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    switch (client->verdict) {

    case NGX_HTTP_AIME_CLIENT_FORBIDDEN:
        ctx->code = "permission_denied";
        return ngx_http_aime_error_chars(r, NGX_HTTP_FORBIDDEN,
                                         "This API key may not use this "
                                         "model");

    case NGX_HTTP_AIME_CLIENT_NOBODY:
        return ngx_http_aime_error_chars(r, NGX_HTTP_UNAUTHORIZED,
                                         "You didn't provide an API key. It "
                                         "goes into an Authorization header "
                                         "(Authorization: Bearer YOUR_KEY)");

    default:
        return ngx_http_aime_error_chars(r, NGX_HTTP_UNAUTHORIZED,
                                         "Incorrect API key provided");
    }
}


ngx_int_t
ngx_http_aime_openai_no_model(ngx_http_request_t *r, ngx_str_t *name)
{
    ngx_str_t             text;
    ngx_http_aime_ctx_t  *ctx;

    text.data = ngx_pnalloc(r->pool, sizeof("The model '' does not exist, or "
                                            "does not serve such requests")
                                     + NGX_HTTP_AIME_OPENAI_QUOTED);
    if (text.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    text.len = ngx_sprintf(text.data, "The model '%*s' does not exist, or "
                           "does not serve such requests",
                           ngx_min(name->len, NGX_HTTP_AIME_OPENAI_QUOTED),
                           name->data)
               - text.data;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    ctx->code = "model_not_found";
    ngx_str_set(&ctx->param, "model");

    return ngx_http_aime_error(r, NGX_HTTP_NOT_FOUND, &text);
}


ngx_int_t
ngx_http_aime_openai_get_flag(ngx_http_aime_openai_call_t *call,
    const char *name, ngx_uint_t *flag)
{
    aime_json_member_t  *field;

    field = ngx_http_aime_openai_field_of(call, name);

    if (field == NULL) {
        return NGX_ABORT;
    }

    if (field->value.type != AIME_JSON_TRUE
        && field->value.type != AIME_JSON_FALSE)
    {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, name,
                                           "invalid_type",
                                           "Invalid type for '%s': expected "
                                           "a boolean", name);
    }

    *flag = (field->value.type == AIME_JSON_TRUE);

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_openai_get_count(ngx_http_aime_openai_call_t *call,
    const char *name, ngx_uint_t min, ngx_uint_t max, ngx_uint_t *count)
{
    ngx_int_t            n;
    aime_json_member_t  *field;

    field = ngx_http_aime_openai_field_of(call, name);

    if (field == NULL) {
        return NGX_ABORT;
    }

    n = (field->value.type == AIME_JSON_NUMBER)
        ? ngx_atoi((u_char *) field->value.text.data, field->value.text.len)
        : NGX_ERROR;

    if (n == NGX_ERROR || (ngx_uint_t) n < min || (ngx_uint_t) n > max) {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, name,
                                           "invalid_value",
                                           "Invalid value for '%s': expected "
                                           "an integer from %ui to %ui",
                                           name, min, max);
    }

    *count = n;

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_openai_get_text(ngx_http_aime_openai_call_t *call,
    const char *name, ngx_str_t *text)
{
    aime_json_member_t  *field;

    field = ngx_http_aime_openai_field_of(call, name);

    if (field == NULL) {
        return NGX_ABORT;
    }

    if (field->value.type != AIME_JSON_STRING) {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, name,
                                           "invalid_type",
                                           "Invalid type for '%s': expected "
                                           "a string", name);
    }

    return ngx_http_aime_arg_text(call->request, &call->fields, name, text);
}


static ngx_int_t
ngx_http_aime_openai_done(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_view_t *view)
{
    ngx_int_t                     rc;
    ngx_str_t                     text;
    ngx_http_aime_ctx_t          *ctx;
    ngx_http_aime_reply_t         reply;
    ngx_http_aime_openai_call_t  *call;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    call = ctx->openai;

    ngx_http_aime_note_view(r, view);

    ngx_memcpy(call->id, view->id, NGX_AIME_ID_LEN);
    call->created = view->start_time;

    if (ngx_http_aime_openai_read(call, view->payload->payload, 0)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_aime_openai_failure(call, &text);

    if (rc == NGX_OK) {
        return ngx_http_aime_openai_failed(r, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                           &text);
    }

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE
                                         + view->payload->payload->len);

    if (rc == NGX_ERROR || call->way->result(call, &reply) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


static ngx_int_t
ngx_http_aime_openai_ended(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_view_t *view)
{
    ngx_str_t  text;

    ngx_http_aime_note_view(r, view);

    ngx_http_aime_openai_end_text(view, &text);

    return ngx_http_aime_openai_failed(r, view->state == NGX_AIME_JOB_LAPSED
                                          ? NGX_HTTP_GATEWAY_TIME_OUT
                                          : NGX_HTTP_INTERNAL_SERVER_ERROR,
                                       &text);
}


void
ngx_http_aime_openai_end_text(ngx_aime_job_view_t *view, ngx_str_t *text)
{
    const char  *reason;

    reason = ngx_http_aime_end_reason(view->reason);

    if (reason == NULL) {
        reason = (view->state == NGX_AIME_JOB_LAPSED)
                 ? "The request took too long" : "The request was canceled";
    }

    text->data = (u_char *) reason;
    text->len = ngx_strlen(reason);
}


ngx_int_t
ngx_http_aime_openai_failed(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *text)
{
    ngx_str_t  value;

    ngx_str_set(&value, "false");

    if (ngx_http_aime_reply_header(r, "x-should-retry", &value) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_aime_error(r, status, text);
}


/* An input that is refused is told by the name of its field. */

static void
ngx_http_aime_openai_refused(ngx_http_request_t *r, const aime_str_t *input)
{
    ngx_http_aime_ctx_t          *ctx;
    ngx_http_aime_openai_call_t  *call;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    call = ctx->openai;

    ctx->param = ngx_http_aime_openai_field(call->service, input);
    ctx->code = "invalid_value";
}


aime_json_member_t *
ngx_http_aime_openai_out(ngx_http_aime_openai_call_t *call, const char *name)
{
    ngx_str_t  output;

    output = ngx_http_aime_openai_output(call->service, name);

    if (output.len == 0) {
        return NULL;
    }

    return ngx_http_aime_arg_named(&call->outputs, (char *) output.data,
                                   output.len);
}


ngx_uint_t
ngx_http_aime_openai_tokens(ngx_http_aime_openai_call_t *call,
    const char *name, ngx_uint_t *told)
{
    size_t               i;
    ngx_int_t            n;
    aime_str_t           text;
    aime_json_member_t  *output;

    output = ngx_http_aime_openai_out(call, name);

    if (output == NULL || output->value.type != AIME_JSON_NUMBER) {
        return 0;
    }

    text = output->value.text;

    for (i = 0; i < text.len && text.data[i] != '.'; i++) { /* void */ }

    n = ngx_atoi((u_char *) text.data, i);

    if (n == NGX_ERROR) {
        return 0;
    }

    if (told) {
        *told = 1;
    }

    return n;
}


ngx_int_t
ngx_http_aime_openai_read(ngx_http_aime_openai_call_t *call,
    ngx_aime_shm_payload_t *payload, size_t offset)
{
    u_char             *start;
    size_t              len;
    aime_str_t          text;
    aime_json_error_t   mistake;

    len = payload->len - offset;

    start = ngx_palloc(call->pool.ctx, len + 2);
    if (start == NULL) {
        return NGX_ERROR;
    }

    ngx_aime_shm_copy(payload, offset, len, start);

    /* a result is members with a comma in front of each, a progress an object */

    if (len == 0) {
        start[len++] = ',';
    }

    if (start[0] == ',') {
        start[0] = '{';
        start[len++] = '}';
    }

    text.data = start;
    text.len = len;

    return (ngx_http_aime_openai_members(call, text, &call->outputs, &mistake)
            == NGX_OK)
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_aime_openai_members(ngx_http_aime_openai_call_t *call,
    aime_str_t text, ngx_http_aime_args_t *args, aime_json_error_t *mistake)
{
    int                  rc;
    aime_json_members_t  members;

    rc = aime_json_members(&call->pool, text, &members, mistake);

    if (rc != AIME_OK) {
        return (rc == AIME_ERROR) ? NGX_DECLINED : NGX_ERROR;
    }

    args->elts = members.elts;
    args->nelts = members.nelts;

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_openai_decode(ngx_http_aime_openai_call_t *call,
    aime_json_value_t *value, ngx_str_t *text)
{
    aime_str_t  decoded;

    if (value->type != AIME_JSON_STRING) {
        return NGX_DECLINED;
    }

    if (aime_json_decode(&call->pool, value->text, &decoded) != AIME_OK) {
        return NGX_ERROR;
    }

    text->data = (u_char *) decoded.data;
    text->len = decoded.len;

    return NGX_OK;
}


/* An error that is no string is told as it was written. */

ngx_int_t
ngx_http_aime_openai_failure(ngx_http_aime_openai_call_t *call,
    ngx_str_t *text)
{
    ngx_int_t            rc;
    aime_json_member_t  *error;

    error = ngx_http_aime_openai_out(call, "error");

    if (error == NULL || error->value.type == AIME_JSON_FALSE) {
        return NGX_DECLINED;
    }

    rc = ngx_http_aime_openai_decode(call, &error->value, text);

    if (rc == NGX_DECLINED) {
        text->data = (u_char *) error->value.text.data;
        text->len = error->value.text.len;
        rc = NGX_OK;
    }

    return (rc == NGX_OK && text->len == 0) ? NGX_DECLINED : rc;
}
