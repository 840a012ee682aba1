
/* Variables for logs and maps, see ngx_http_aime_variable.h. */


#include "ngx_http_aime_variable.h"
#include "ngx_http_aime_view.h"
#include "ngx_aime_ended.h"
#include "ngx_aime_id.h"
#include "ngx_aime_job_view.h"


/* Of a job, whether it has ended or not. */

typedef enum {
    NGX_HTTP_AIME_VAR_STATE = 0,
    NGX_HTTP_AIME_VAR_QUEUE_TIME,
    NGX_HTTP_AIME_VAR_COMPUTE_TIME
} ngx_http_aime_job_var_e;

/* What only aime_api_job_log tells. */

typedef enum {
    NGX_HTTP_AIME_VAR_OUTCOME = 0,
    NGX_HTTP_AIME_VAR_REASON,
    NGX_HTTP_AIME_VAR_TYPE,
    NGX_HTTP_AIME_VAR_USER,
    NGX_HTTP_AIME_VAR_PRIORITY,
    NGX_HTTP_AIME_VAR_ATTEMPTS,
    NGX_HTTP_AIME_VAR_TOTAL_TIME,
    NGX_HTTP_AIME_VAR_INPUT_BYTES,
    NGX_HTTP_AIME_VAR_RESULT_BYTES
} ngx_http_aime_ended_var_e;


static ngx_int_t ngx_http_aime_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_aime_job_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_uint_t ngx_http_aime_job_known(ngx_http_request_t *r,
    ngx_http_aime_ctx_t *ctx);
static double ngx_http_aime_job_time(ngx_http_aime_ctx_t *ctx,
    ngx_uint_t which);
static ngx_int_t ngx_http_aime_ended_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static void ngx_http_aime_ended_text(ngx_http_request_t *r,
    ngx_aime_ended_t *ended, ngx_uint_t which, ngx_str_t *text);
static ngx_int_t ngx_http_aime_zone_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_aime_variable_text(ngx_http_variable_value_t *v,
    ngx_str_t *value);


static ngx_http_variable_t  ngx_http_aime_vars[] = {

    { ngx_string("aime_job_id"), NULL, ngx_http_aime_variable,
      offsetof(ngx_http_aime_ctx_t, job_id), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("aime_worker"), NULL, ngx_http_aime_variable,
      offsetof(ngx_http_aime_ctx_t, worker), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("aime_endpoint"), NULL, ngx_http_aime_variable,
      offsetof(ngx_http_aime_ctx_t, name), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("aime_job_state"), NULL, ngx_http_aime_job_variable,
      NGX_HTTP_AIME_VAR_STATE, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("aime_queue_time"), NULL, ngx_http_aime_job_variable,
      NGX_HTTP_AIME_VAR_QUEUE_TIME, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("aime_compute_time"), NULL, ngx_http_aime_job_variable,
      NGX_HTTP_AIME_VAR_COMPUTE_TIME, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("aime_job_outcome"), NULL, ngx_http_aime_ended_variable,
      NGX_HTTP_AIME_VAR_OUTCOME, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("aime_job_reason"), NULL, ngx_http_aime_ended_variable,
      NGX_HTTP_AIME_VAR_REASON, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("aime_job_type"), NULL, ngx_http_aime_ended_variable,
      NGX_HTTP_AIME_VAR_TYPE, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("aime_job_user"), NULL, ngx_http_aime_ended_variable,
      NGX_HTTP_AIME_VAR_USER, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("aime_job_priority"), NULL, ngx_http_aime_ended_variable,
      NGX_HTTP_AIME_VAR_PRIORITY, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("aime_job_attempts"), NULL, ngx_http_aime_ended_variable,
      NGX_HTTP_AIME_VAR_ATTEMPTS, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("aime_total_time"), NULL, ngx_http_aime_ended_variable,
      NGX_HTTP_AIME_VAR_TOTAL_TIME, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("aime_input_bytes"), NULL, ngx_http_aime_ended_variable,
      NGX_HTTP_AIME_VAR_INPUT_BYTES, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("aime_result_bytes"), NULL, ngx_http_aime_ended_variable,
      NGX_HTTP_AIME_VAR_RESULT_BYTES, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("aime_zone_used"), NULL, ngx_http_aime_zone_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


/* in the order of ngx_aime_outcome_e and of ngx_aime_job_reason_e */

static ngx_str_t  ngx_http_aime_var_outcomes[] = {
    ngx_string("success"), ngx_string("error"), ngx_string("cancelled"),
    ngx_string("expired"), ngx_string("timeout"), ngx_string("worker_lost")
};

static ngx_str_t  ngx_http_aime_var_reasons[] = {
    ngx_null_string, ngx_string("queue_timeout"), ngx_string("inactivity"),
    ngx_string("worker_lost"), ngx_string("undelivered"),
    ngx_string("no_room"), ngx_string("endpoint_removed"),
    ngx_string("client"), ngx_string("hangup"), ngx_string("admin")
};


ngx_int_t
ngx_http_aime_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_aime_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


void
ngx_http_aime_used_variables(ngx_conf_t *cf)
{
    ngx_uint_t                  i;
    ngx_http_variable_t        *v, *var;
    ngx_http_core_main_conf_t  *cmcf;
    ngx_http_aime_main_conf_t  *amcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    amcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_aime_api_module);

    v = cmcf->variables.elts;

    /* what is used has no more than its name yet */

    for (i = 0; i < cmcf->variables.nelts; i++) {

        for (var = ngx_http_aime_vars; var->name.len; var++) {
            if (var->get_handler == ngx_http_aime_job_variable
                && var->name.len == v[i].name.len
                && ngx_strncmp(var->name.data, v[i].name.data, var->name.len)
                   == 0)
            {
                amcf->job_times = 1;
            }
        }
    }
}


static ngx_int_t
ngx_http_aime_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    return ngx_http_aime_variable_text(v, ctx ? (ngx_str_t *)
                                                ((u_char *) ctx + data)
                                              : NULL);
}


static ngx_int_t
ngx_http_aime_variable_text(ngx_http_variable_value_t *v, ngx_str_t *value)
{
    if (value == NULL || value->len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->len = value->len;
    v->data = value->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_job_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    double                time;
    ngx_str_t             text;
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    if (ctx == NULL || !ngx_http_aime_job_known(r, ctx)) {
        return ngx_http_aime_variable_text(v, NULL);
    }

    if (data == NGX_HTTP_AIME_VAR_STATE) {
        text.data = (u_char *) ngx_http_aime_state_name(ctx->job.state);
        text.len = ngx_strlen(text.data);

        return ngx_http_aime_variable_text(v, &text);
    }

    time = ngx_http_aime_job_time(ctx, data);

    if (time < 0) {
        return ngx_http_aime_variable_text(v, NULL);
    }

    text.data = ngx_pnalloc(r->pool, NGX_INT64_LEN + sizeof(".000"));
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    text.len = ngx_sprintf(text.data, "%.3f", time) - text.data;

    return ngx_http_aime_variable_text(v, &text);
}


/*
 * What the request has seen of its job; where it has seen nothing, but knows
 * its id, the job is asked now, if it is there.
 */

static ngx_uint_t
ngx_http_aime_job_known(ngx_http_request_t *r, ngx_http_aime_ctx_t *ctx)
{
    u_char               id[NGX_AIME_ID_LEN];
    ngx_aime_job_view_t  view;

    if (!ctx->job.known
        && ctx->job_id.len
        && ngx_aime_id_parse(ctx->job_id.data, ctx->job_id.len, id) == NGX_OK
        && ngx_aime_job_view(ngx_http_aime_zone(r), id, NGX_AIME_VIEW_NOTHING,
                             NULL, &view)
           == NGX_OK)
    {
        ngx_http_aime_note_view(r, &view);
    }

    return ctx->job.known;
}


/* Below 0: there is none. */

static double
ngx_http_aime_job_time(ngx_http_aime_ctx_t *ctx, ngx_uint_t which)
{
    double      now, end;
    ngx_uint_t  waits;

    now = ngx_aime_job_now();
    end = ctx->job.end ? ctx->job.end : now;

    /* one that came back waits again, since it came */

    waits = (ctx->job.taken == 0 || ctx->job.state == NGX_AIME_JOB_QUEUED);

    if (which == NGX_HTTP_AIME_VAR_QUEUE_TIME) {
        return ngx_max((waits ? end : ctx->job.taken) - ctx->job.start, 0);
    }

    return waits ? -1 : ngx_max(end - ctx->job.taken, 0);
}


static ngx_int_t
ngx_http_aime_ended_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t             text;
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    ngx_str_null(&text);

    if (ctx && ctx->ended) {
        ngx_http_aime_ended_text(r, ctx->ended, data, &text);
    }

    return ngx_http_aime_variable_text(v, &text);
}


static void
ngx_http_aime_ended_text(ngx_http_request_t *r, ngx_aime_ended_t *ended,
    ngx_uint_t which, ngx_str_t *text)
{
    u_char                     *p;
    ngx_str_t                  *user;
    ngx_http_aime_main_conf_t  *amcf;

    switch (which) {

    case NGX_HTTP_AIME_VAR_OUTCOME:
        *text = ngx_http_aime_var_outcomes[ended->outcome];
        return;

    case NGX_HTTP_AIME_VAR_REASON:
        *text = ngx_http_aime_var_reasons[ended->reason];
        return;

    case NGX_HTTP_AIME_VAR_TYPE:
        text->len = ended->type->name_len;
        text->data = ended->type->name;
        return;

    case NGX_HTTP_AIME_VAR_USER:
        amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);
        user = ngx_http_aime_user_of(amcf, ended->owner);

        if (user) {
            *text = *user;
        }

        return;
    }

    p = ngx_pnalloc(r->pool, NGX_INT64_LEN + sizeof(".000"));
    if (p == NULL) {
        return;
    }

    text->data = p;

    switch (which) {

    case NGX_HTTP_AIME_VAR_PRIORITY:
        p = ngx_sprintf(p, "%ui", ended->priority);
        break;

    case NGX_HTTP_AIME_VAR_ATTEMPTS:
        p = ngx_sprintf(p, "%ui", ended->attempts);
        break;

    case NGX_HTTP_AIME_VAR_INPUT_BYTES:
        p = ngx_sprintf(p, "%uz", ended->input_len);
        break;

    case NGX_HTTP_AIME_VAR_RESULT_BYTES:
        p = ngx_sprintf(p, "%uz", ended->result_len);
        break;

    default:
        p = ngx_sprintf(p, "%.3f", ngx_max(ended->end_time
                                           - ended->start_time, 0));
    }

    text->len = p - text->data;
}


/* Bytes of the zone that jobs, results, workers and the like take now. */

static ngx_int_t
ngx_http_aime_zone_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                   text;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    if (amcf->zone == NULL) {
        return ngx_http_aime_variable_text(v, NULL);
    }

    text.data = ngx_pnalloc(r->pool, NGX_SIZE_T_LEN);
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    text.len = ngx_sprintf(text.data, "%uz", amcf->zone->sh->arena.used)
               - text.data;

    return ngx_http_aime_variable_text(v, &text);
}
