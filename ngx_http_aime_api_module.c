
/*
 * ngx_http_aime_api_module: an AI inference API server within nginx.
 *
 * The door: directives, routes, variables, and where nginx calls us.  What
 * happens behind it is in src/, from floor 0 (plain C) to floor 3 (HTTP).
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_aime_sweep.h"
#include "ngx_aime_wake.h"
#include "ngx_http_aime_conf.h"
#include "ngx_http_aime_request.h"
#include "ngx_http_aime_park.h"
#include "ngx_http_aime_reply.h"
#include "ngx_http_aime_client.h"
#include "ngx_http_aime_info.h"
#include "ngx_http_aime_login.h"
#include "ngx_http_aime_poll.h"
#include "ngx_http_aime_report.h"


static ngx_int_t ngx_http_aime_handler(ngx_http_request_t *r);
static ngx_http_aime_ctx_t *ngx_http_aime_find_route(ngx_http_request_t *r);
static void ngx_http_aime_route_endpoint(ngx_http_aime_loc_conf_t *alcf,
    ngx_str_t *rest, ngx_http_aime_ctx_t *ctx);
static void ngx_http_aime_route_info(ngx_http_aime_main_conf_t *amcf,
    ngx_str_t *rest, ngx_http_aime_ctx_t *ctx);
static ngx_http_aime_route_t *ngx_http_aime_route_named(
    ngx_http_aime_route_t *routes, ngx_str_t *name);
static ngx_int_t ngx_http_aime_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_aime_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_aime_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_aime_zone_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_aime_add_variables(ngx_conf_t *cf);
static ngx_int_t ngx_http_aime_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_aime_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_aime_init_process(ngx_cycle_t *cycle);
static void ngx_http_aime_exit_process(ngx_cycle_t *cycle);


#define NGX_HTTP_AIME_GET_POST    (NGX_HTTP_GET|NGX_HTTP_POST)


/* Below an endpoint; the nameless one submits. */

static ngx_http_aime_route_t  ngx_http_aime_client_routes[] = {
    { "", 0, NGX_HTTP_AIME_SHAPE_CLIENT, ngx_http_aime_client_submit },
    { "login", NGX_HTTP_AIME_GET_POST, NGX_HTTP_AIME_SHAPE_CLIENT,
      ngx_http_aime_client_login },
    { "progress", NGX_HTTP_AIME_GET_POST, NGX_HTTP_AIME_SHAPE_CLIENT,
      ngx_http_aime_client_progress },
    { "cancel", NGX_HTTP_POST, NGX_HTTP_AIME_SHAPE_CLIENT,
      ngx_http_aime_client_cancel },
    { NULL, 0, 0, NULL }
};

static ngx_http_aime_route_t  ngx_http_aime_worker_routes[] = {
    { "worker_login", NGX_HTTP_POST, NGX_HTTP_AIME_SHAPE_WORKER,
      ngx_http_aime_worker_login },
    { "worker_job_request", NGX_HTTP_POST, NGX_HTTP_AIME_SHAPE_WORKER,
      ngx_http_aime_worker_poll },
    { "worker_job_progress", NGX_HTTP_AIME_GET_POST,
      NGX_HTTP_AIME_SHAPE_WORKER, ngx_http_aime_worker_progress },
    { "worker_job_result", NGX_HTTP_POST, NGX_HTTP_AIME_SHAPE_WORKER,
      ngx_http_aime_worker_result },
    { "worker_check_server_status", NGX_HTTP_POST,
      NGX_HTTP_AIME_SHAPE_WORKER, ngx_http_aime_worker_check },
    { NULL, 0, 0, NULL }
};

static ngx_http_aime_route_t  ngx_http_aime_info_routes[] = {
    { "validate_key", NGX_HTTP_AIME_GET_POST, NGX_HTTP_AIME_SHAPE_INFO,
      ngx_http_aime_info_key },
    { "endpoints", NGX_HTTP_AIME_GET_POST, NGX_HTTP_AIME_SHAPE_INFO,
      ngx_http_aime_info_endpoints },
    { NULL, 0, 0, NULL }
};

static ngx_http_aime_route_t  ngx_http_aime_details_route = {
    "", NGX_HTTP_AIME_GET_POST, NGX_HTTP_AIME_SHAPE_INFO,
    ngx_http_aime_info_details
};


static ngx_command_t  ngx_http_aime_commands[] = {

    { ngx_string("aime_api_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_aime_set_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("aime_api_server_config"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_http_aime_set_server,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("aime_api_endpoint"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_aime_set_endpoint,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("aime_api_endpoints"),
      NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_aime_set_endpoints,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("aime_api_worker_interface"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_aime_set_workers,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("aime_api_info"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_aime_set_info,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("aime_api_cors"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_aime_set_cors,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_aime_module_ctx = {
    ngx_http_aime_add_variables,        /* preconfiguration */
    ngx_http_aime_init,                 /* postconfiguration */

    ngx_http_aime_create_main_conf,     /* create main configuration */
    ngx_http_aime_init_main_conf,       /* init main configuration */

    NULL,                               /* create server configuration */
    NULL,                               /* merge server configuration */

    ngx_http_aime_create_loc_conf,      /* create location configuration */
    ngx_http_aime_merge_loc_conf        /* merge location configuration */
};


ngx_module_t  ngx_http_aime_api_module = {
    NGX_MODULE_V1,
    &ngx_http_aime_module_ctx,          /* module context */
    ngx_http_aime_commands,             /* module directives */
    NGX_HTTP_MODULE,                    /* module type */
    NULL,                               /* init master */
    ngx_http_aime_init_module,          /* init module */
    ngx_http_aime_init_process,         /* init process */
    NULL,                               /* init thread */
    NULL,                               /* exit thread */
    ngx_http_aime_exit_process,         /* exit process */
    NULL,                               /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_http_variable_t  ngx_http_aime_vars[] = {

    { ngx_string("aime_job_id"), NULL, ngx_http_aime_variable,
      offsetof(ngx_http_aime_ctx_t, job_id), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("aime_worker"), NULL, ngx_http_aime_variable,
      offsetof(ngx_http_aime_ctx_t, worker), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("aime_endpoint"), NULL, ngx_http_aime_variable,
      offsetof(ngx_http_aime_ctx_t, name), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("aime_zone_used"), NULL, ngx_http_aime_zone_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


static ngx_aime_wake_handlers_t  ngx_http_aime_wake_handlers = {
    ngx_http_aime_park_woken,
    ngx_http_aime_park_shutdown
};


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


static ngx_int_t
ngx_http_aime_handler(ngx_http_request_t *r)
{
    ngx_http_aime_ctx_t        *ctx;
    ngx_http_aime_loc_conf_t   *alcf;
    ngx_http_aime_main_conf_t  *amcf;

    ctx = ngx_http_aime_find_route(r);

    if (ctx == NULL) {
        return NGX_DECLINED;
    }

    if (ngx_http_aime_mask_secrets(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->unknown) {
        return NGX_HTTP_NOT_FOUND;
    }

    alcf = ngx_http_get_module_loc_conf(r, ngx_http_aime_api_module);
    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    if (r->method == NGX_HTTP_OPTIONS && alcf->cors.len
        && ctx->route->shape != NGX_HTTP_AIME_SHAPE_WORKER)
    {
        return ngx_http_aime_preflight(r, ctx->methods);
    }

    /* HEAD is GET without a body, but does not submit jobs */

    if (!(r->method & ctx->methods)
        && !(r->method == NGX_HTTP_HEAD && (ctx->methods & NGX_HTTP_GET)
             && ctx->route->methods))
    {
        return ngx_http_aime_wrong_method(r, ctx->methods);
    }

    if (amcf->zone->row == NULL) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    return ngx_http_aime_read_request(r);
}


/*
 * Our context of the request, with its route or unknown; NULL: the request is
 * none of ours.
 */

static ngx_http_aime_ctx_t *
ngx_http_aime_find_route(ngx_http_request_t *r)
{
    ngx_str_t                   rest;
    ngx_http_aime_ctx_t        *ctx;
    ngx_http_aime_loc_conf_t   *alcf;
    ngx_http_aime_main_conf_t  *amcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    alcf = ngx_http_get_module_loc_conf(r, ngx_http_aime_api_module);
    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    if (ctx || alcf->serves == NGX_HTTP_AIME_SERVES_NOTHING) {
        return ctx;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_aime_ctx_t));
    if (ctx == NULL) {
        return NULL;
    }

    rest = r->uri;

    if (rest.len >= alcf->prefix.len) {
        rest.data += alcf->prefix.len;
        rest.len -= alcf->prefix.len;
    }

    /* what follows must be another segment; a slash at the end is tolerated */

    ctx->unknown = (rest.len && rest.data[0] != '/');

    while (rest.len && rest.data[0] == '/') {
        rest.data++;
        rest.len--;
    }

    if (rest.len && rest.data[rest.len - 1] == '/') {
        rest.len--;
    }

    switch (alcf->serves) {

    case NGX_HTTP_AIME_SERVES_WORKERS:
        ctx->route = ngx_http_aime_route_named(ngx_http_aime_worker_routes,
                                               &rest);
        break;

    case NGX_HTTP_AIME_SERVES_INFO:
        ngx_http_aime_route_info(amcf, &rest, ctx);
        break;

    default:
        ngx_http_aime_route_endpoint(alcf, &rest, ctx);

        if (ctx->endpoint == NULL) {
            return NULL;
        }
    }

    if (ctx->endpoint) {
        ctx->name = ctx->endpoint->name;
    }

    if (ctx->route == NULL || ctx->unknown) {
        ctx->unknown = 1;
        ctx->route = (alcf->serves == NGX_HTTP_AIME_SERVES_WORKERS)
                     ? ngx_http_aime_worker_routes
                     : (alcf->serves == NGX_HTTP_AIME_SERVES_INFO)
                       ? ngx_http_aime_info_routes
                       : ngx_http_aime_client_routes;
    }

    ctx->methods = ctx->route->methods ? ctx->route->methods
                                       : ctx->endpoint->methods;

    ngx_http_set_ctx(r, ctx, ngx_http_aime_api_module);

    return ctx;
}


static void
ngx_http_aime_route_endpoint(ngx_http_aime_loc_conf_t *alcf, ngx_str_t *rest,
    ngx_http_aime_ctx_t *ctx)
{
    u_char     *slash;
    ngx_str_t   name;

    if (alcf->serves == NGX_HTTP_AIME_SERVES_ENDPOINT) {
        ctx->endpoint = alcf->endpoint;

    } else {
        name = *rest;
        slash = ngx_strlchr(name.data, name.data + name.len, '/');

        if (slash) {
            name.len = slash - name.data;
        }

        ctx->endpoint = ngx_http_aime_endpoint_named(alcf->endpoints, &name);

        rest->data += name.len + (slash ? 1 : 0);
        rest->len -= name.len + (slash ? 1 : 0);
    }

    ctx->route = ngx_http_aime_route_named(ngx_http_aime_client_routes, rest);
}


/* endpoints/<endpoint>, or <endpoint> alone; the fixed names win */

static void
ngx_http_aime_route_info(ngx_http_aime_main_conf_t *amcf, ngx_str_t *rest,
    ngx_http_aime_ctx_t *ctx)
{
    size_t  len;

    ctx->route = ngx_http_aime_route_named(ngx_http_aime_info_routes, rest);

    if (ctx->route) {
        return;
    }

    len = sizeof("endpoints/") - 1;

    if (rest->len > len
        && ngx_strncmp(rest->data, "endpoints/", len) == 0)
    {
        rest->data += len;
        rest->len -= len;
    }

    ctx->endpoint = ngx_http_aime_endpoint_named(&amcf->endpoints, rest);

    if (ctx->endpoint) {
        ctx->route = &ngx_http_aime_details_route;
    }
}


static ngx_http_aime_route_t *
ngx_http_aime_route_named(ngx_http_aime_route_t *routes, ngx_str_t *name)
{
    for ( /* void */ ; routes->name; routes++) {
        if (ngx_strlen(routes->name) == name->len
            && ngx_strncmp(routes->name, name->data, name->len) == 0)
        {
            return routes;
        }
    }

    return NULL;
}


/*
 * Client libraries parse every answer as JSON, whatever its status: errors
 * that nginx makes on our routes get their shape here.
 */

static ngx_int_t
ngx_http_aime_header_filter(ngx_http_request_t *r)
{
    ngx_http_aime_ctx_t       *ctx;
    ngx_http_aime_loc_conf_t  *alcf;

    alcf = ngx_http_get_module_loc_conf(r, ngx_http_aime_api_module);

    if (r != r->main || alcf->serves == NGX_HTTP_AIME_SERVES_NOTHING) {
        return ngx_http_next_header_filter(r);
    }

    ctx = ngx_http_aime_find_route(r);

    if (ctx == NULL) {
        return ngx_http_next_header_filter(r);
    }

    if (!ctx->answered && r->headers_out.status >= NGX_HTTP_BAD_REQUEST) {
        if (ngx_http_aime_replace_error(r, &ctx->replacement) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (alcf->cors.len && ctx->route->shape != NGX_HTTP_AIME_SHAPE_WORKER
        && ngx_http_aime_cors(r, &alcf->cors) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_next_header_filter(r);
}


static ngx_int_t
ngx_http_aime_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_chain_t          *cl, *out;
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    if (ctx == NULL || in == NULL || r != r->main
        || (ctx->replacement == NULL && !ctx->replaced))
    {
        return ngx_http_next_body_filter(r, in);
    }

    for (cl = in; cl; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
        cl->buf->file_pos = cl->buf->file_last;
    }

    out = ctx->replacement;
    ctx->replacement = NULL;
    ctx->replaced = 1;

    return ngx_http_next_body_filter(r, out);
}


static ngx_int_t
ngx_http_aime_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_str_t            *value;
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    value = ctx ? (ngx_str_t *) ((u_char *) ctx + data) : NULL;

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


/* Bytes of the zone that jobs, results, workers and the like take now. */

static ngx_int_t
ngx_http_aime_zone_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                     *p;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    if (amcf->zone == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, NGX_SIZE_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    v->data = p;
    v->len = ngx_sprintf(p, "%uz", amcf->zone->sh->arena.used) - p;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


static ngx_int_t
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


static ngx_int_t
ngx_http_aime_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_CONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_aime_handler;

    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_aime_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_aime_body_filter;

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_init_module(ngx_cycle_t *cycle)
{
    ngx_http_aime_main_conf_t  *amcf;

    if (ngx_get_conf(cycle->conf_ctx, ngx_http_module) == NULL) {
        return NGX_OK;
    }

    amcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_aime_api_module);

    if (amcf == NULL || amcf->zone == NULL) {
        return NGX_OK;
    }

    if (ngx_http_aime_bind(amcf, cycle->log) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_aime_wake_init(amcf->zone, cycle->log);
}


static ngx_int_t
ngx_http_aime_init_process(ngx_cycle_t *cycle)
{
    ngx_http_aime_main_conf_t  *amcf;

    /* cache manager and loader come here too */

    if ((ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
        || ngx_get_conf(cycle->conf_ctx, ngx_http_module) == NULL)
    {
        return NGX_OK;
    }

    amcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_aime_api_module);

    if (amcf == NULL || amcf->zone == NULL) {
        return NGX_OK;
    }

    if (ngx_aime_wake_init_process(amcf->zone, cycle,
                                   &ngx_http_aime_wake_handlers)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (amcf->zone->row) {
        ngx_aime_sweep_start(amcf->zone, cycle);
    }

    return NGX_OK;
}


static void
ngx_http_aime_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_aime_main_conf_t  *amcf;

    if (ngx_get_conf(cycle->conf_ctx, ngx_http_module) == NULL) {
        return;
    }

    amcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_aime_api_module);

    if (amcf && amcf->zone) {
        ngx_aime_sweep_leave(amcf->zone);
    }
}

