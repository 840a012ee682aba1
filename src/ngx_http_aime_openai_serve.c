
/* Serving, see ngx_http_aime_openai_serve.h. */


#include "ngx_http_aime_openai_serve.h"
#include "ngx_http_aime_openai_field.h"
#include "ngx_http_aime_view.h"


/* bytes of a model's name that a message repeats */

#define NGX_HTTP_AIME_OPENAI_NAME_LEN   64


static ngx_int_t ngx_http_aime_openai_answer(ngx_http_request_t *r,
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_begin(ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_translate(
    ngx_http_aime_openai_call_t *call);
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

    call->sent = call->fields;
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
ngx_http_aime_openai_translate(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t   rc;
    ngx_str_t   tier;
    ngx_uint_t  i;

    rc = ngx_http_aime_openai_map_fields(call);

    if (rc != NGX_OK) {
        return rc;
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

    rc = ngx_http_aime_openai_get_text(call, "service_tier", &tier);

    if (rc != NGX_OK && rc != NGX_ABORT) {
        return rc;
    }

    /* no tier is above what the key is good for anyway */

    if (rc == NGX_OK && tier.len == 4
        && ngx_strncmp(tier.data, "flex", 4) == 0)
    {
        call->form.lowered = 1;
    }

    return call->way->inputs(call);
}


ngx_int_t
ngx_http_aime_openai_identify(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_client_t *client)
{
    ngx_http_aime_args_t     none;
    ngx_http_aime_openai_t  *openai;

    openai = ngx_http_aime_openai_conf(r);

    ngx_memzero(&none, sizeof(ngx_http_aime_args_t));

    if (ngx_http_aime_identify(r, endpoint, &none, client) != NGX_OK) {
        return NGX_ERROR;
    }

    /*
     * Clients of this API have to send some key, and cannot log in.  Where no
     * endpoint asks for a key, none is wrong.
     */

    if (endpoint ? endpoint->open : openai->nopen && !openai->nclosed) {
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
                                     + NGX_HTTP_AIME_OPENAI_NAME_LEN);
    if (text.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    text.len = ngx_sprintf(text.data, "The model '%*s' does not exist, or "
                           "does not serve such requests",
                           ngx_min(name->len, NGX_HTTP_AIME_OPENAI_NAME_LEN),
                           name->data)
               - text.data;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    ctx->code = "model_not_found";
    ngx_str_set(&ctx->param, "model");

    return ngx_http_aime_error(r, NGX_HTTP_NOT_FOUND, &text);
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

    if (rc == NGX_DECLINED) {
        rc = call->way->result(call, &reply);
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_aime_openai_failed(r, call->status, &call->message);
    }

    return (rc == NGX_OK) ? ngx_http_aime_reply_send(&reply, NGX_HTTP_OK)
                          : NGX_HTTP_INTERNAL_SERVER_ERROR;
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


/* As others see it, so that all are told the same second. */

void
ngx_http_aime_openai_job(ngx_http_aime_openai_call_t *call, const u_char *id)
{
    ngx_aime_job_view_t  view;

    ngx_memcpy(call->id, id, NGX_AIME_ID_LEN);

    if (ngx_aime_job_view(ngx_http_aime_zone(call->request), id,
                          NGX_AIME_VIEW_NOTHING, NULL, &view)
        == NGX_OK)
    {
        call->created = view.start_time;
    }
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
    size_t                        len;
    ngx_uint_t                    i;
    ngx_http_aime_ctx_t          *ctx;
    ngx_http_aime_openai_call_t  *call;

    static const char  *sent[][2] = {
        { "max_tokens", "max_completion_tokens" },
        { "max_tokens", "max_output_tokens" },
        { "width", "size" },
        { "height", "size" }
    };

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    call = ctx->openai;

    ctx->param = ngx_http_aime_openai_field(call->service, input);
    ctx->code = "invalid_value";

    /* some fields are given by another one */

    for (i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
        len = ngx_strlen(sent[i][0]);

        if (ctx->param.len == len
            && ngx_memcmp(ctx->param.data, sent[i][0], len) == 0
            && ngx_http_aime_arg(&call->sent, sent[i][0]) == NULL
            && ngx_http_aime_arg(&call->sent, sent[i][1]))
        {
            ctx->param.data = (u_char *) sent[i][1];
            ctx->param.len = ngx_strlen(sent[i][1]);
            return;
        }
    }
}
