
/*
 * A line for each job, see ngx_http_aime_joblog.h.
 *
 * The access log writes lines of requests, and a job may end without any: so it
 * is given one that never was, with nothing in it but what our variables tell
 * of the job.  It has a configuration of its own for that, which is read by the
 * access log's own setter.
 */


#include "ngx_http_aime_joblog.h"
#include "ngx_aime_ended.h"
#include "ngx_aime_id.h"


#define NGX_HTTP_AIME_JOBLOG_POOL    2048


/* which no header of nginx's names */

extern ngx_module_t  ngx_http_log_module;


static void ngx_http_aime_joblog_ended(ngx_aime_ended_t *ended);
static ngx_int_t ngx_http_aime_joblog_request(ngx_http_request_t *r,
    ngx_connection_t *c, ngx_http_aime_main_conf_t *amcf);
static ngx_http_aime_ctx_t *ngx_http_aime_joblog_ctx(ngx_http_request_t *r,
    ngx_aime_ended_t *ended);


static ngx_http_handler_pt  ngx_http_aime_joblog_write;


char *
ngx_http_aime_set_joblog(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_aime_main_conf_t  *amcf = conf;

    char               *rv;
    ngx_str_t          *value;
    ngx_command_t      *access;
    ngx_http_module_t  *module;

    value = cf->args->elts;

    if (ngx_strlchr(value[1].data, value[1].data + value[1].len, '$')) {
        return "does not take variables in the name of the file";
    }

    module = ngx_http_log_module.ctx;

    if (amcf->joblog == NULL) {
        amcf->joblog = module->create_loc_conf(cf);

        if (amcf->joblog == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    for (access = ngx_http_log_module.commands; access->name.len; access++) {

        if (ngx_strcmp(access->name.data, "access_log") == 0) {
            rv = access->set(cf, access, amcf->joblog);

            return rv;
        }
    }

    return "is not possible without access_log";
}


void
ngx_http_aime_joblog_handler(ngx_http_handler_pt handler)
{
    ngx_http_aime_joblog_write = handler;
}


ngx_int_t
ngx_http_aime_joblog_start(ngx_cycle_t *cycle)
{
    ngx_http_aime_main_conf_t  *amcf;
    ngx_http_core_main_conf_t  *cmcf;

    amcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_aime_api_module);
    cmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_core_module);

    if (amcf->joblog == NULL || ngx_http_aime_joblog_write == NULL
        || cmcf->servers.nelts == 0)
    {
        return NGX_OK;
    }

    return ngx_aime_ended_init(ngx_http_aime_joblog_ended, cycle->log);
}


static void
ngx_http_aime_joblog_ended(ngx_aime_ended_t *ended)
{
    ngx_pool_t                 *pool;
    ngx_connection_t            c;
    ngx_http_request_t          r;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_aime_api_module);

    pool = ngx_create_pool(NGX_HTTP_AIME_JOBLOG_POOL, ngx_cycle->log);
    if (pool == NULL) {
        return;
    }

    ngx_memzero(&c, sizeof(ngx_connection_t));
    ngx_memzero(&r, sizeof(ngx_http_request_t));

    c.pool = pool;
    r.pool = pool;

    if (ngx_http_aime_joblog_request(&r, &c, amcf) == NGX_OK
        && ngx_http_aime_joblog_ctx(&r, ended))
    {
        (void) ngx_http_aime_joblog_write(&r);
    }

    ngx_destroy_pool(pool);
}


/*
 * As much of a request as variables look at: nobody is at its other end, and
 * it has asked for nothing.  It is one of the first server, whose configuration
 * is whole, as that of http{} itself is not.
 */

static ngx_int_t
ngx_http_aime_joblog_request(ngx_http_request_t *r, ngx_connection_t *c,
    ngx_http_aime_main_conf_t *amcf)
{
    ngx_time_t                  *tp;
    ngx_http_conf_ctx_t         *ctx;
    ngx_http_core_srv_conf_t   **cscf;
    ngx_http_core_main_conf_t   *cmcf;

    static ngx_event_t      event;
    static struct sockaddr  nobody;

    nobody.sa_family = AF_UNIX;

    event.log = ngx_cycle->log;

    c->fd = (ngx_socket_t) -1;
    c->log = ngx_cycle->log;
    c->read = &event;
    c->write = &event;
    c->sockaddr = &nobody;
    c->socklen = sizeof(struct sockaddr);
    c->local_sockaddr = &nobody;
    c->local_socklen = sizeof(struct sockaddr);
    c->data = r;

    r->signature = NGX_HTTP_MODULE;
    r->connection = c;
    r->main = r;
    r->count = 1;
    r->method = NGX_HTTP_UNKNOWN;
    r->http_version = NGX_HTTP_VERSION_9;
    r->headers_in.content_length_n = -1;
    r->headers_in.keep_alive_n = -1;
    r->headers_out.content_length_n = -1;
    r->headers_out.last_modified_time = -1;

    tp = ngx_timeofday();
    r->start_sec = tp->sec;
    r->start_msec = tp->msec;

    cmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_core_module);

    cscf = cmcf->servers.elts;
    ctx = cscf[0]->ctx;

    r->main_conf = ctx->main_conf;
    r->srv_conf = ctx->srv_conf;

    r->ctx = ngx_pcalloc(r->pool, sizeof(void *) * ngx_http_max_module);
    r->loc_conf = ngx_palloc(r->pool, sizeof(void *) * ngx_http_max_module);

    r->variables = ngx_pcalloc(r->pool, cmcf->variables.nelts
                                        * sizeof(ngx_http_variable_value_t));

    if (r->ctx == NULL || r->loc_conf == NULL || r->variables == NULL
        || ngx_list_init(&r->headers_in.headers, r->pool, 1,
                         sizeof(ngx_table_elt_t)) != NGX_OK
        || ngx_list_init(&r->headers_out.headers, r->pool, 1,
                         sizeof(ngx_table_elt_t)) != NGX_OK
        || ngx_list_init(&r->headers_out.trailers, r->pool, 1,
                         sizeof(ngx_table_elt_t)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(r->loc_conf, ctx->loc_conf,
               sizeof(void *) * ngx_http_max_module);

    r->loc_conf[ngx_http_log_module.ctx_index] = amcf->joblog;

    return NGX_OK;
}


static ngx_http_aime_ctx_t *
ngx_http_aime_joblog_ctx(ngx_http_request_t *r, ngx_aime_ended_t *ended)
{
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_aime_ctx_t));
    if (ctx == NULL) {
        return NULL;
    }

    ctx->job_id.data = ngx_pnalloc(r->pool, NGX_AIME_UUID_LEN);
    if (ctx->job_id.data == NULL) {
        return NULL;
    }

    ctx->job_id.len = ngx_aime_id_print(ctx->job_id.data, ended->id)
                      - ctx->job_id.data;

    ctx->name.len = ended->endpoint->name_len;
    ctx->name.data = ended->endpoint->name;
    ctx->worker.len = ended->worker_len;
    ctx->worker.data = ended->worker;

    ctx->job.known = 1;
    ctx->job.state = ended->state;
    ctx->job.start = ended->start_time;
    ctx->job.taken = ended->start_time_compute;
    ctx->job.end = ended->end_time;
    ctx->ended = ended;

    ngx_http_set_ctx(r, ctx, ngx_http_aime_api_module);

    return ctx;
}
