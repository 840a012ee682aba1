
/* Headers of answers, see ngx_http_aime_openai_header.h. */


#include "ngx_http_aime_openai_header.h"
#include "ngx_aime_job_submit.h"


static ngx_int_t ngx_http_aime_openai_request_id(ngx_http_request_t *r);
static ngx_int_t ngx_http_aime_openai_limits(ngx_http_request_t *r,
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_number(ngx_http_request_t *r,
    const char *name, ngx_uint_t n, const char *unit);


ngx_int_t
ngx_http_aime_openai_headers(ngx_http_request_t *r)
{
    ngx_time_t                   *tp;
    ngx_msec_int_t                ms;
    ngx_http_aime_ctx_t          *ctx;
    ngx_http_aime_openai_call_t  *call;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    call = ctx->openai;

    tp = ngx_timeofday();
    ms = (ngx_msec_int_t) ((tp->sec - r->start_sec) * 1000
                           + (tp->msec - r->start_msec));

    if (ngx_http_aime_openai_request_id(r) != NGX_OK
        || ngx_http_aime_openai_number(r, "openai-processing-ms",
                                       ngx_max(ms, 0), "")
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* who is not known shall not know how busy others are */

    if (call == NULL || call->endpoint == NULL
        || call->endpoint->client_request_limit == 0
        || call->client.verdict != NGX_HTTP_AIME_CLIENT_OK)
    {
        return NGX_OK;
    }

    return ngx_http_aime_openai_limits(r, call);
}


/* nginx's own, so that it is the same in its logs. */

static ngx_int_t
ngx_http_aime_openai_request_id(ngx_http_request_t *r)
{
    ngx_str_t                   id;
    ngx_uint_t                  key;
    ngx_http_variable_value_t  *value;

    static ngx_str_t  name = ngx_string("request_id");

    key = ngx_hash_key(name.data, name.len);

    value = ngx_http_get_variable(r, &name, key);

    if (value == NULL || value->not_found) {
        return NGX_OK;
    }

    id.data = value->data;
    id.len = value->len;

    return ngx_http_aime_reply_header(r, "x-request-id", &id);
}


/* How many jobs this client may have at once; one more when one has ended. */

static ngx_int_t
ngx_http_aime_openai_limits(ngx_http_request_t *r,
    ngx_http_aime_openai_call_t *call)
{
    ngx_uint_t  limit, njobs, nqueued, wait;

    limit = call->endpoint->client_request_limit;

    njobs = ngx_aime_job_of_client(ngx_http_aime_zone(r),
                                   call->endpoint->queue,
                                   call->client.owner);
    njobs = ngx_min(njobs, limit);

    ngx_aime_job_queue_state(ngx_http_aime_zone(r), call->endpoint->type->shm,
                             &nqueued, &wait);

    if (ngx_http_aime_openai_number(r, "x-ratelimit-limit-requests", limit,
                                    "")
        != NGX_OK
        || ngx_http_aime_openai_number(r, "x-ratelimit-remaining-requests",
                                       limit - njobs, "")
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_aime_openai_number(r, "x-ratelimit-reset-requests",
                                       njobs ? wait : 0, "s");
}


static ngx_int_t
ngx_http_aime_openai_number(ngx_http_request_t *r, const char *name,
    ngx_uint_t n, const char *unit)
{
    ngx_str_t  value;

    value.data = ngx_pnalloc(r->pool, NGX_INT_T_LEN + ngx_strlen(unit));
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = ngx_sprintf(value.data, "%ui%s", n, unit) - value.data;

    return ngx_http_aime_reply_header(r, name, &value);
}
