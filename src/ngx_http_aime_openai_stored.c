
/* Responses that were made before, see ngx_http_aime_openai_stored.h. */


#include "ngx_http_aime_openai_stored.h"
#include "ngx_http_aime_openai_response_event.h"
#include "ngx_http_aime_view.h"
#include "ngx_aime_id.h"
#include "ngx_aime_job_room.h"
#include "ngx_aime_job_steer.h"
#include "ngx_aime_job_wait.h"


#define NGX_HTTP_AIME_RESP_LEN    (sizeof("resp_") - 1 + NGX_AIME_UUID_LEN)


static ngx_http_aime_openai_call_t *ngx_http_aime_openai_find_response(
    ngx_http_request_t *r, ngx_str_t *name, ngx_int_t *answer);
static ngx_int_t ngx_http_aime_openai_response_call(ngx_http_request_t *r,
    ngx_aime_job_view_t *view, ngx_http_aime_openai_call_t **call);
static ngx_int_t ngx_http_aime_openai_no_response(ngx_http_request_t *r,
    ngx_str_t *name);
static ngx_int_t ngx_http_aime_openai_show_response(ngx_http_request_t *r,
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_resume_response(ngx_http_request_t *r,
    ngx_http_aime_openai_call_t *call, ngx_int_t after);


ngx_int_t
ngx_http_aime_openai_stored(ngx_http_request_t *r)
{
    ngx_int_t                     rc, after;
    ngx_str_t                     name, text;
    ngx_uint_t                    cancel;
    ngx_http_aime_ctx_t          *ctx;
    ngx_http_aime_args_t          args;
    ngx_http_aime_openai_call_t  *call;

    static ngx_str_t  verb = ngx_string("/cancel");

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    name = ctx->name;

    cancel = (name.len > verb.len
              && ngx_strncmp(name.data + name.len - verb.len, verb.data,
                             verb.len)
                 == 0);
    name.len -= cancel ? verb.len : 0;

    if (!cancel == (r->method == NGX_HTTP_POST)) {
        return ngx_http_aime_wrong_method(r, cancel ? NGX_HTTP_POST
                                                    : NGX_HTTP_GET);
    }

    if (ngx_http_aime_query(r, &args, &text) == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    call = ngx_http_aime_openai_find_response(r, &name, &rc);

    if (call == NULL) {
        return rc;
    }

    if (cancel) {
        (void) ngx_aime_job_cancel(ngx_http_aime_zone(r), call->id,
                                   NGX_AIME_REASON_CLIENT);
    }

    if (r->method != NGX_HTTP_GET
        || ngx_http_aime_arg_text(r, &args, "stream", &text) != NGX_OK
        || (text.len == 5 && ngx_strncmp(text.data, "false", 5) == 0))
    {
        return ngx_http_aime_openai_show_response(r, call);
    }

    if (text.len != 4 || ngx_strncmp(text.data, "true", 4) != 0) {
        ngx_str_set(&ctx->param, "stream");
        return ngx_http_aime_error_chars(r, NGX_HTTP_BAD_REQUEST,
                                         "Invalid 'stream': expected true or "
                                         "false");
    }

    after = -1;

    if (ngx_http_aime_arg_text(r, &args, "starting_after", &text) == NGX_OK) {
        after = ngx_atoi(text.data, text.len);

        if (after == NGX_ERROR) {
            ngx_str_set(&ctx->param, "starting_after");
            return ngx_http_aime_error_chars(r, NGX_HTTP_BAD_REQUEST,
                                             "Invalid 'starting_after': "
                                             "expected a sequence number");
        }
    }

    return ngx_http_aime_openai_resume_response(r, call, after);
}


/* The call that made it, as far as it is known.  NULL: see *answer. */

static ngx_http_aime_openai_call_t *
ngx_http_aime_openai_find_response(ngx_http_request_t *r, ngx_str_t *name,
    ngx_int_t *answer)
{
    u_char                        id[NGX_AIME_ID_LEN];
    ngx_int_t                     rc;
    ngx_aime_job_view_t           view;
    ngx_http_aime_client_t        client;
    ngx_http_aime_endpoint_t     *endpoint;
    ngx_http_aime_main_conf_t    *amcf;
    ngx_http_aime_openai_call_t  *call;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    *answer = NGX_HTTP_INTERNAL_SERVER_ERROR;

    call = NULL;
    endpoint = NULL;
    view.payload = NULL;

    if (name->len == NGX_HTTP_AIME_RESP_LEN
        && ngx_strncmp(name->data, "resp_", 5) == 0
        && ngx_aime_id_parse(name->data + 5, NGX_AIME_UUID_LEN, id) == NGX_OK
        && ngx_aime_job_view(amcf->zone, id, NGX_AIME_VIEW_NOTE, NULL, &view)
           == NGX_OK)
    {
        endpoint = ngx_http_aime_endpoint_of(amcf, view.endpoint);
    }

    rc = NGX_OK;

    if (view.payload) {
        rc = ngx_http_aime_openai_response_call(r, &view, &call);
        ngx_aime_job_drop(amcf->zone, view.payload);
    }

    if (rc == NGX_ERROR
        || ngx_http_aime_openai_identify(r, endpoint, &client) != NGX_OK)
    {
        return NULL;
    }

    /* that it is on an endpoint which is not for him, he may not know */

    if (client.verdict == NGX_HTTP_AIME_CLIENT_BAD_KEY
        || client.verdict == NGX_HTTP_AIME_CLIENT_NOBODY)
    {
        *answer = ngx_http_aime_openai_unknown_client(r, &client);
        return NULL;
    }

    if (call == NULL || endpoint == NULL || call->endpoint != endpoint
        || !ngx_http_aime_may_see(endpoint, &client, &view))
    {
        *answer = ngx_http_aime_openai_no_response(r, name);
        return NULL;
    }

    call->client = client;

    ngx_http_aime_note_job(r, id);

    return call;
}


/* From the note; call: NULL if there is no such model any more. */

static ngx_int_t
ngx_http_aime_openai_response_call(ngx_http_request_t *r,
    ngx_aime_job_view_t *view, ngx_http_aime_openai_call_t **found)
{
    aime_str_t                        text;
    ngx_str_t                         name;
    ngx_uint_t                        background;
    aime_json_error_t                 mistake;
    ngx_http_aime_ctx_t              *ctx;
    ngx_http_aime_openai_call_t      *call;
    ngx_http_aime_openai_response_t  *response;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    *found = NULL;

    call = ngx_pcalloc(r->pool, sizeof(ngx_http_aime_openai_call_t));
    response = ngx_pcalloc(r->pool, sizeof(ngx_http_aime_openai_response_t));

    if (call == NULL || response == NULL) {
        return NGX_ERROR;
    }

    response->after = -1;
    response->note.len = view->payload->payload->len;
    response->note.data = ngx_pnalloc(r->pool, response->note.len);

    if (response->note.data == NULL) {
        return NGX_ERROR;
    }

    ngx_aime_shm_copy(view->payload->payload, 0, response->note.len,
                      response->note.data);

    call->request = r;
    call->pool = ngx_http_aime_pool(r);
    call->data = response;
    call->n = 1;
    call->created = view->start_time;
    call->client.verdict = NGX_HTTP_AIME_CLIENT_NOBODY;
    ngx_memcpy(call->id, view->id, NGX_AIME_ID_LEN);

    text.data = response->note.data;
    text.len = response->note.len;

    if (ngx_http_aime_openai_members(call, text, &call->fields, &mistake)
        != NGX_OK
        || ngx_http_aime_openai_get_text(call, "model", &name) != NGX_OK)
    {
        return NGX_ERROR;
    }

    (void) ngx_http_aime_openai_get_count(call, "max_output_tokens", 1,
                                          NGX_MAX_INT_T_VALUE,
                                          &call->max_tokens);

    background = 0;
    (void) ngx_http_aime_openai_get_flag(call, "background", &background);
    call->background = background;

    call->model = ngx_http_aime_openai_model(ngx_http_aime_openai_conf(r),
                                             &name);
    if (call->model == NULL) {
        return NGX_OK;
    }

    call->service = &call->model->services[NGX_HTTP_AIME_OPENAI_CHAT];
    call->endpoint = call->service->endpoint;

    ctx->openai = call;
    *found = call;

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_no_response(ngx_http_request_t *r, ngx_str_t *name)
{
    ngx_str_t  text;

    text.data = ngx_pnalloc(r->pool, sizeof("Response with id '' not found.")
                                     + NGX_HTTP_AIME_RESP_LEN);
    if (text.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    text.len = ngx_sprintf(text.data, "Response with id '%*s' not found.",
                           ngx_min(name->len, NGX_HTTP_AIME_RESP_LEN),
                           name->data)
               - text.data;

    return ngx_http_aime_error(r, NGX_HTTP_NOT_FOUND, &text);
}


static ngx_int_t
ngx_http_aime_openai_show_response(ngx_http_request_t *r,
    ngx_http_aime_openai_call_t *call)
{
    ngx_int_t               rc;
    ngx_str_t               text, *error;
    ngx_uint_t              status;
    ngx_aime_job_view_t     view;
    ngx_http_aime_reply_t   reply;

    rc = ngx_aime_job_view(ngx_http_aime_zone(r), call->id,
                           NGX_AIME_VIEW_RESULT, NULL, &view);

    if (rc == NGX_ERROR) {
        (void) ngx_http_aime_reply_retry_after(r, 1);
        return ngx_http_aime_error_chars(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                         "The server is short of memory, "
                                         "try again later");
    }

    if (rc == NGX_DECLINED) {
        return NGX_HTTP_NOT_FOUND;
    }

    error = NULL;

    switch (view.state) {

    case NGX_AIME_JOB_QUEUED:
        status = NGX_HTTP_AIME_RESPONSE_QUEUED;
        break;

    case NGX_AIME_JOB_PROCESSING:
        status = NGX_HTTP_AIME_RESPONSE_IN_PROGRESS;
        break;

    case NGX_AIME_JOB_DONE:
        status = NGX_HTTP_AIME_RESPONSE_COMPLETED;

        rc = ngx_http_aime_openai_read(call, view.payload->payload, 0);
        ngx_aime_job_drop(ngx_http_aime_zone(r), view.payload);

        if (rc != NGX_OK || ngx_http_aime_fetch(r, call->id) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (ngx_http_aime_openai_failure(call, &text) == NGX_OK) {
            status = NGX_HTTP_AIME_RESPONSE_FAILED;
            error = &text;
        }

        break;

    case NGX_AIME_JOB_CANCELED:
        status = NGX_HTTP_AIME_RESPONSE_CANCELLED;
        break;

    default:
        status = NGX_HTTP_AIME_RESPONSE_FAILED;
        ngx_http_aime_openai_end_text(&view, &text);
        error = &text;
    }

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_openai_response_object(call, &reply, status, error);

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


static ngx_int_t
ngx_http_aime_openai_resume_response(ngx_http_request_t *r,
    ngx_http_aime_openai_call_t *call, ngx_int_t after)
{
    size_t                            from;
    ngx_int_t                         rc;
    ngx_http_aime_park_t             *park;
    ngx_http_aime_openai_response_t  *response;

    response = call->data;

    from = ngx_http_aime_openai_response_resume(response, after);

    park = ngx_http_aime_park_create(r, NULL, NULL);

    if (park == NULL || ngx_http_aime_fetch(r, call->id) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_aime_job_join(ngx_http_aime_zone(r), call->id, 0, park->slot,
                          &park->parked)
        == NGX_ERROR)
    {
        ngx_http_aime_park_end(park);
        (void) ngx_http_aime_reply_retry_after(r, 1);

        return ngx_http_aime_error_chars(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                         "The server is short of memory, "
                                         "try again later");
    }

    rc = ngx_http_aime_openai_stream(r, park, call->id,
                                     &ngx_http_aime_openai_response_pen,
                                     from);

    if (rc != NGX_HTTP_AIME_PARKED) {
        ngx_http_aime_park_end(park);
    }

    return rc;
}
