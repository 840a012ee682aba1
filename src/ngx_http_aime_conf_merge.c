
/* Creation and merging, see ngx_http_aime_conf_merge.h. */


#include "ngx_http_aime_conf_merge.h"
#include "ngx_http_aime_conf_files.h"
#include "ngx_http_aime_openai_conf.h"


#define NGX_HTTP_AIME_SESSION       (24 * 3600 * 1000)      /* ms */
#define NGX_HTTP_AIME_KEEPALIVE     15000   /* milliseconds */

#define NGX_HTTP_AIME_MAX_CHUNK     65536   /* of a scrape */


static char *ngx_http_aime_merge_serves(ngx_conf_t *cf,
    ngx_http_aime_loc_conf_t *prev, ngx_http_aime_loc_conf_t *conf);
static void ngx_http_aime_bound_location(ngx_conf_t *cf,
    ngx_http_aime_loc_conf_t *conf, ngx_http_core_loc_conf_t *clcf);
static ngx_int_t ngx_http_aime_drop_error_pages(ngx_conf_t *cf,
    ngx_http_aime_loc_conf_t *conf, ngx_http_core_loc_conf_t *clcf);


void *
ngx_http_aime_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_aime_main_conf_t));
    if (amcf == NULL) {
        return NULL;
    }

    amcf->cycle = cf->cycle;
    amcf->session_timeout = NGX_CONF_UNSET_MSEC;

    if (ngx_array_init(&amcf->types, cf->pool, 8, sizeof(void *)) != NGX_OK
        || ngx_array_init(&amcf->endpoints, cf->pool, 8, sizeof(void *))
           != NGX_OK
        || ngx_array_init(&amcf->servers, cf->pool, 1, sizeof(void *))
           != NGX_OK
        || ngx_array_init(&amcf->secrets, cf->pool, 8,
                          sizeof(ngx_http_aime_secret_t))
           != NGX_OK)
    {
        return NULL;
    }

    return amcf;
}


char *
ngx_http_aime_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_aime_main_conf_t  *amcf = conf;

    ngx_conf_init_msec_value(amcf->session_timeout, NGX_HTTP_AIME_SESSION);

    if (amcf->used && amcf->zone == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"aime_api_zone\" is defined in http{}");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


void *
ngx_http_aime_create_srv_conf(ngx_conf_t *cf)
{
    ngx_http_aime_srv_conf_t  *ascf;

    ascf = ngx_pcalloc(cf->pool, sizeof(ngx_http_aime_srv_conf_t));

    if (ascf == NULL
        || ngx_array_init(&ascf->statics, cf->pool, 4,
                          sizeof(ngx_http_aime_static_t))
           != NGX_OK
        || ngx_array_init(&ascf->routes, cf->pool, 4, sizeof(void *))
           != NGX_OK
        || ngx_array_init(&ascf->openai, cf->pool, 1, sizeof(ngx_str_t))
           != NGX_OK)
    {
        return NULL;
    }

    return ascf;
}


void *
ngx_http_aime_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_aime_loc_conf_t  *alcf;

    alcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_aime_loc_conf_t));

    if (alcf) {
        alcf->stream_keepalive = NGX_CONF_UNSET_MSEC;
        ngx_http_aime_media_create_conf(&alcf->media);
    }

    return alcf;
}


char *
ngx_http_aime_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_aime_loc_conf_t  *prev = parent;
    ngx_http_aime_loc_conf_t  *conf = child;

    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_aime_api_module);

    ngx_conf_merge_str_value(conf->cors, prev->cors, "*");
    ngx_conf_merge_msec_value(conf->stream_keepalive, prev->stream_keepalive,
                              NGX_HTTP_AIME_KEEPALIVE);
    ngx_http_aime_media_merge_conf(&prev->media, &conf->media);

    /* that of http{} itself is merged with nothing above it */

    if (ngx_http_aime_conf_server(cf, amcf, prev) != NGX_OK
        || ngx_http_aime_conf_server(cf, amcf, conf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->server == NULL) {
        conf->server = prev->server;
    }

    if (ngx_http_aime_conf_endpoints(cf, conf) != NGX_OK
        || ngx_http_aime_conf_statics(cf, conf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_http_aime_merge_serves(cf, prev, conf);
}


/* What the location serves, and what nginx is told for it. */

static char *
ngx_http_aime_merge_serves(ngx_conf_t *cf, ngx_http_aime_loc_conf_t *prev,
    ngx_http_aime_loc_conf_t *conf)
{
    ngx_str_t                 *prefix;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_aime_srv_conf_t  *ascf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler) {

        if (conf->serves != NGX_HTTP_AIME_SERVES_NOTHING) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "location \"%V\" has another content handler "
                               "besides its \"aime_api_\" directive",
                               &clcf->name);
            return NGX_CONF_ERROR;
        }

        /* proxy_pass and the like: what would be inherited has no effect */

        return NGX_CONF_OK;
    }

    /* blocks of if and limit_except are parts of their location */

    if (conf->serves == NGX_HTTP_AIME_SERVES_NOTHING
        && (prev->serves == NGX_HTTP_AIME_SERVES_ENDPOINTS || clcf->noname))
    {
        conf->serves = prev->serves;
        conf->prefix = prev->prefix;
        conf->endpoint = prev->endpoint;
        conf->endpoints = prev->endpoints;
    }

    ascf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_aime_api_module);

    if ((conf->serves != NGX_HTTP_AIME_SERVES_NOTHING
         || (ascf->used && clcf->name.len == 0))
        && ngx_http_aime_drop_error_pages(cf, conf, clcf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->serves == NGX_HTTP_AIME_SERVES_OPENAI) {

        if (conf->server == NULL) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "location \"%V\" has \"aime_api_openai\", "
                               "but no \"aime_api_server_config\" that lists "
                               "the models", &clcf->name);
            return NGX_CONF_ERROR;
        }

        conf->server->serves_openai = 1;

        prefix = ngx_array_push(&ascf->openai);
        if (prefix == NULL) {
            return NGX_CONF_ERROR;
        }

        *prefix = conf->prefix;
    }

    if (conf->serves != NGX_HTTP_AIME_SERVES_NOTHING) {
        ngx_http_aime_bound_location(cf, conf, clcf);
    }

    return NGX_CONF_OK;
}


/*
 * Bodies are read into memory and never into a temporary file: small ones lie
 * in nginx's buffer, larger ones are collected from it.  What is larger than
 * the zone fits nowhere.
 */

static void
ngx_http_aime_bound_location(ngx_conf_t *cf, ngx_http_aime_loc_conf_t *conf,
    ngx_http_core_loc_conf_t *clcf)
{
    size_t                      size;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_aime_api_module);

    size = amcf->zone ? amcf->zone->shm_zone->shm.size : 0;

    if (clcf->client_max_body_size == 0
        || clcf->client_max_body_size > (off_t) size)
    {
        clcf->client_max_body_size = size;
    }

    clcf->client_body_buffer_size = NGX_HTTP_AIME_BODY_BUFFER;

    /* a long answer is sent in slices, as it is made: others have their turn */

    if (conf->serves == NGX_HTTP_AIME_SERVES_STATUS
        && (clcf->sendfile_max_chunk == 0
            || clcf->sendfile_max_chunk > NGX_HTTP_AIME_MAX_CHUNK))
    {
        clcf->sendfile_max_chunk = NGX_HTTP_AIME_MAX_CHUNK;
    }
}


ngx_int_t
ngx_http_aime_finish_conf(ngx_conf_t *cf)
{
    ngx_uint_t                   i;
    ngx_http_conf_ctx_t         *ctx;
    ngx_http_aime_server_t     **server;
    ngx_http_aime_endpoint_t   **ep;
    ngx_http_core_srv_conf_t   **cscf;
    ngx_http_core_main_conf_t   *cmcf;
    ngx_http_aime_main_conf_t   *amcf;

    amcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_aime_api_module);
    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    server = amcf->servers.elts;

    for (i = 0; i < amcf->servers.nelts; i++) {
        if (ngx_http_aime_static_secret(&amcf->secrets, &server[i]->path)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (!server[i]->serves_openai) {
            continue;
        }

        server[i]->openai = ngx_http_aime_openai_load(cf, server[i],
                                                      &amcf->endpoints);
        if (server[i]->openai == NULL) {
            return NGX_ERROR;
        }
    }

    ep = amcf->endpoints.elts;

    for (i = 0; i < amcf->endpoints.nelts; i++) {
        if (ngx_http_aime_static_secret(&amcf->secrets, &ep[i]->path)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    cscf = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {
        ctx = cscf[i]->ctx;

        ngx_http_aime_conf_hidden(cf,
            ctx->srv_conf[ngx_http_aime_api_module.ctx_index]);
    }

    return NGX_OK;
}


/*
 * An error_page would put HTML where clients parse JSON.  Where endpoints are
 * found by name the location serves other URIs too, and so does a server:
 * their pages stay, but for errors that come before it is known whose the URI
 * is.
 */

static ngx_int_t
ngx_http_aime_drop_error_pages(ngx_conf_t *cf, ngx_http_aime_loc_conf_t *conf,
    ngx_http_core_loc_conf_t *clcf)
{
    ngx_uint_t            i;
    ngx_array_t          *pages;
    ngx_http_err_page_t  *page, *copy;

    if (clcf->error_pages == NULL
        || (conf->serves != NGX_HTTP_AIME_SERVES_ENDPOINTS
            && conf->serves != NGX_HTTP_AIME_SERVES_NOTHING))
    {
        clcf->error_pages = NULL;
        return NGX_OK;
    }

    pages = ngx_array_create(cf->pool, clcf->error_pages->nelts,
                             sizeof(ngx_http_err_page_t));
    if (pages == NULL) {
        return NGX_ERROR;
    }

    page = clcf->error_pages->elts;

    for (i = 0; i < clcf->error_pages->nelts; i++) {

        switch (page[i].status) {

        case NGX_HTTP_BAD_REQUEST:
        case NGX_HTTP_NOT_ALLOWED:
        case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
        case NGX_HTTP_REQUEST_URI_TOO_LARGE:
        case NGX_HTTP_REQUEST_HEADER_TOO_LARGE:
        case NGX_HTTP_NOT_IMPLEMENTED:
        case NGX_HTTP_VERSION_NOT_SUPPORTED:
            continue;
        }

        copy = ngx_array_push(pages);
        if (copy == NULL) {
            return NGX_ERROR;
        }

        *copy = page[i];
    }

    clcf->error_pages = pages;

    return NGX_OK;
}
