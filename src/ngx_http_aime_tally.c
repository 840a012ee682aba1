
/* What requests tell the counters, see ngx_http_aime_tally.h. */


#include "ngx_http_aime_tally.h"
#include "ngx_http_aime_view.h"
#include "ngx_aime_worker.h"
#include "aime_number.h"


#define NGX_HTTP_AIME_MAX_TOKENS    1000000000  /* of one job */


static ngx_int_t ngx_http_aime_tally_why(ngx_http_request_t *r,
    ngx_http_aime_ctx_t *ctx);
static aime_json_member_t *ngx_http_aime_tally_error(
    ngx_http_aime_args_t *args);
static void ngx_http_aime_tally_tokens(ngx_http_aime_args_t *args,
    const char *name, ngx_atomic_t *counter);


void
ngx_http_aime_tally_refused(ngx_http_request_t *r, ngx_uint_t why)
{
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    ctx->refused = 1;
    ctx->why = why;
}


ngx_int_t
ngx_http_aime_tally_handler(ngx_http_request_t *r)
{
    ngx_int_t             why;
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    /*
     * The route whose methods are the endpoint's is the one that submits;
     * among those of OpenAI's API, the ones that come to an endpoint do.
     */

    if (ctx == NULL || r != r->main || ctx->unknown || ctx->endpoint == NULL
        || ctx->endpoint->shm == NULL || ctx->job_id.len
        || (ctx->route->shape != NGX_HTTP_AIME_SHAPE_OPENAI
            && (ctx->route->shape != NGX_HTTP_AIME_SHAPE_CLIENT
                || ctx->route->methods)))
    {
        return NGX_DECLINED;
    }

    why = ngx_http_aime_tally_why(r, ctx);

    if (why != NGX_DECLINED) {
        (void) ngx_atomic_fetch_add(
                             &ctx->endpoint->shm->metrics.rejected[why], 1);
    }

    return NGX_DECLINED;
}


/* NGX_DECLINED: it was not refused, or it was no attempt to have a job. */

static ngx_int_t
ngx_http_aime_tally_why(ngx_http_request_t *r, ngx_http_aime_ctx_t *ctx)
{
    if (ctx->refused) {
        return ctx->why;
    }

    switch (r->headers_out.status) {

    case NGX_HTTP_UNAUTHORIZED:
    case NGX_HTTP_FORBIDDEN:
        return NGX_AIME_REJECTED_AUTH;

    case NGX_HTTP_BAD_REQUEST:
    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
        return NGX_AIME_REJECTED_INVALID;

    case NGX_HTTP_TOO_MANY_REQUESTS:
        return NGX_AIME_REJECTED_RATE;

    case NGX_HTTP_SERVICE_UNAVAILABLE:

        /* limit_req and limit_conn, or our own for want of a media daemon */

        return ctx->answered ? NGX_AIME_REJECTED_MEDIA
                             : NGX_AIME_REJECTED_RATE;

    default:
        return NGX_DECLINED;
    }
}


void
ngx_http_aime_tally_result(ngx_http_request_t *r, const u_char *id,
    ngx_http_aime_args_t *args, ngx_aime_shm_payload_t *result)
{
    ngx_aime_job_view_t         view;
    ngx_http_aime_ctx_t        *ctx;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    ctx->failed = (ngx_http_aime_tally_error(args) != NULL);
    result->failed = ctx->failed;

    if (amcf->job_times
        && ngx_aime_job_view(amcf->zone, id, NGX_AIME_VIEW_NOTHING, NULL,
                             &view)
           == NGX_OK)
    {
        ngx_http_aime_note_view(r, &view);
    }
}


/* Libraries send an empty text where all is well. */

static aime_json_member_t *
ngx_http_aime_tally_error(ngx_http_aime_args_t *args)
{
    aime_json_member_t  *arg;

    arg = ngx_http_aime_arg(args, "error");

    if (arg == NULL || arg->value.type == AIME_JSON_FALSE
        || (arg->value.type == AIME_JSON_STRING
            && arg->value.text.len == sizeof("\"\"") - 1))
    {
        return NULL;
    }

    return arg;
}


void
ngx_http_aime_tally_finished(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_str_t *worker, const u_char *id,
    ngx_http_aime_args_t *args)
{
    ngx_str_t             error;
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    ctx->job.state = NGX_AIME_JOB_DONE;
    ctx->job.end = ngx_aime_job_now();

    if (endpoint == NULL) {
        return;
    }

    ngx_http_aime_tally_tokens(args, "prompt_length",
                               &endpoint->shm->metrics.tokens[0]);
    ngx_http_aime_tally_tokens(args, "num_generated_tokens",
                               &endpoint->shm->metrics.tokens[1]);

    if (ctx->failed
        && ngx_http_aime_arg_text(r, args, "error", &error) == NGX_OK)
    {
        ngx_aime_worker_failed(ngx_http_aime_zone(r), endpoint->type->shm,
                               worker, id, &error);
    }
}


static void
ngx_http_aime_tally_tokens(ngx_http_aime_args_t *args, const char *name,
    ngx_atomic_t *counter)
{
    double             n;
    aime_number_t      number;
    aime_json_member_t  *arg;

    arg = ngx_http_aime_arg(args, name);

    if (arg == NULL || arg->value.type != AIME_JSON_NUMBER
        || aime_number_parse(arg->value.text, &number) != AIME_OK)
    {
        return;
    }

    n = aime_number_double(&number);

    if (n >= 1 && n <= NGX_HTTP_AIME_MAX_TOKENS) {
        (void) ngx_atomic_fetch_add(counter, (ngx_atomic_int_t) n);
    }
}
