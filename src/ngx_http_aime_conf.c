
/*
 * Configuration, see ngx_http_aime_conf.h.
 *
 * Endpoint files are loaded while merging, when it is known which server file
 * gives their defaults.  A file that several locations or servers name is one
 * endpoint.
 */


#include "ngx_http_aime_conf.h"
#include "ngx_http_aime_endpoint_load.h"
#include "ngx_http_aime_openai_conf.h"
#include "ngx_aime_repair.h"
#include "ngx_aime_check.h"


#define NGX_HTTP_AIME_MIN_ROWS      64
#define NGX_HTTP_AIME_MAX_ROWS      1024

#define NGX_HTTP_AIME_MAX_DEPTH     16      /* of folders below one */

#define NGX_HTTP_AIME_FILE_NAME     "aime_api_endpoint.cfg"

#define NGX_HTTP_AIME_SESSION       (24 * 3600 * 1000)      /* ms */
#define NGX_HTTP_AIME_KEEPALIVE     15000   /* milliseconds */

#define NGX_HTTP_AIME_MAX_CHUNK     65536   /* of a scrape */


/* Where aime_api_endpoints puts what it finds. */

typedef struct {
    ngx_conf_t                  *cf;
    ngx_http_aime_loc_conf_t    *conf;
    ngx_uint_t                   failed;
} ngx_http_aime_walk_t;


static ngx_int_t ngx_http_aime_init_zone(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_int_t ngx_http_aime_bind(ngx_http_aime_main_conf_t *amcf,
    ngx_log_t *log);
static ngx_int_t ngx_http_aime_set_place(ngx_conf_t *cf,
    ngx_http_aime_place_t *place);
static char *ngx_http_aime_set_serves(ngx_conf_t *cf,
    ngx_http_aime_loc_conf_t *conf, ngx_uint_t serves);
static ngx_conf_file_t *ngx_http_aime_at(ngx_conf_t *cf,
    ngx_conf_file_t *file, ngx_http_aime_place_t *place);
static ngx_int_t ngx_http_aime_get_server(ngx_conf_t *cf,
    ngx_http_aime_main_conf_t *amcf, ngx_http_aime_loc_conf_t *conf);
static ngx_http_aime_endpoint_t *ngx_http_aime_get_endpoint(ngx_conf_t *cf,
    ngx_http_aime_loc_conf_t *conf, ngx_str_t *path);
static ngx_int_t ngx_http_aime_load_endpoints(ngx_conf_t *cf,
    ngx_http_aime_loc_conf_t *conf);
static ngx_int_t ngx_http_aime_add_statics(ngx_conf_t *cf,
    ngx_http_aime_loc_conf_t *conf);
static void ngx_http_aime_static_notices(ngx_conf_t *cf,
    ngx_http_aime_srv_conf_t *ascf);
static ngx_uint_t ngx_http_aime_is_route(ngx_http_aime_loc_conf_t *conf,
    ngx_http_aime_endpoint_t *ep, ngx_str_t *uri);
static ngx_int_t ngx_http_aime_drop_error_pages(ngx_conf_t *cf,
    ngx_http_aime_loc_conf_t *conf, ngx_http_core_loc_conf_t *clcf);
static ngx_int_t ngx_http_aime_load_dir(ngx_conf_t *cf,
    ngx_http_aime_loc_conf_t *conf);
static ngx_int_t ngx_http_aime_walk_file(ngx_tree_ctx_t *ctx,
    ngx_str_t *path);
static ngx_int_t ngx_http_aime_walk_dir(ngx_tree_ctx_t *ctx, ngx_str_t *path);
static ngx_int_t ngx_http_aime_walk_none(ngx_tree_ctx_t *ctx,
    ngx_str_t *path);
static int ngx_libc_cdecl ngx_http_aime_cmp_endpoints(const void *one,
    const void *two);
static ngx_uint_t ngx_http_aime_count_rows(ngx_cycle_t *cycle);
static char *ngx_http_aime_not_zero(ngx_conf_t *cf, void *post, void *data);


ngx_conf_post_t  ngx_http_aime_session_timeout_post = {
    ngx_http_aime_not_zero
};


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


/*
 * Rows for four generations of worker processes: those of earlier reloads may
 * still serve their last clients.
 */

static ngx_uint_t
ngx_http_aime_count_rows(ngx_cycle_t *cycle)
{
    ngx_int_t         n;
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    n = (ccf->worker_processes > 0) ? 4 * ccf->worker_processes : 0;

    return ngx_max(NGX_HTTP_AIME_MIN_ROWS,
                   ngx_min(n, NGX_HTTP_AIME_MAX_ROWS));
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

    size_t                      size;
    ngx_http_core_loc_conf_t   *clcf;
    ngx_http_aime_srv_conf_t   *ascf;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_aime_api_module);

    ngx_conf_merge_str_value(conf->cors, prev->cors, "*");
    ngx_conf_merge_msec_value(conf->stream_keepalive, prev->stream_keepalive,
                              NGX_HTTP_AIME_KEEPALIVE);
    ngx_http_aime_media_merge_conf(&prev->media, &conf->media);

    /* that of http{} itself is merged with nothing above it */

    if (ngx_http_aime_get_server(cf, amcf, prev) != NGX_OK
        || ngx_http_aime_get_server(cf, amcf, conf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->server == NULL) {
        conf->server = prev->server;
    }

    if (ngx_http_aime_load_endpoints(cf, conf) != NGX_OK
        || ngx_http_aime_add_statics(cf, conf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

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

    if (conf->serves == NGX_HTTP_AIME_SERVES_NOTHING) {
        return NGX_CONF_OK;
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
    }

    /*
     * Bodies are read into memory and never into a temporary file: small ones
     * lie in nginx's buffer, larger ones are collected from it.  What is
     * larger than the zone fits nowhere.
     */

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

    return NGX_CONF_OK;
}


/* The endpoints that this location itself names. */

static ngx_int_t
ngx_http_aime_load_endpoints(ngx_conf_t *cf, ngx_http_aime_loc_conf_t *conf)
{
    ngx_int_t         rc;
    ngx_conf_file_t   file, *saved;

    rc = NGX_OK;
    saved = cf->conf_file;

    if (conf->endpoint_file.path.data) {
        cf->conf_file = ngx_http_aime_at(cf, &file, &conf->endpoint_file);
        conf->endpoint = ngx_http_aime_get_endpoint(cf, conf,
                                                   &conf->endpoint_file.path);
        rc = conf->endpoint ? NGX_OK : NGX_ERROR;

    } else if (conf->endpoints_dir.path.data) {
        cf->conf_file = ngx_http_aime_at(cf, &file, &conf->endpoints_dir);
        rc = ngx_http_aime_load_dir(cf, conf);
    }

    cf->conf_file = saved;

    return rc;
}


/*
 * The files of a server{} are those that its server file names, once there is
 * a location of ours, and the endpoint files of its locations.
 */

static ngx_int_t
ngx_http_aime_add_statics(ngx_conf_t *cf, ngx_http_aime_loc_conf_t *conf)
{
    ngx_uint_t                  i;
    ngx_http_aime_endpoint_t  **ep;
    ngx_http_aime_loc_conf_t  **route;
    ngx_http_aime_srv_conf_t   *ascf;

    ascf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_aime_api_module);

    if (ascf->used && ascf->server == NULL && conf->server) {
        ascf->server = conf->server;

        if (ngx_http_aime_static_add(cf, &ascf->statics,
                                     &conf->server->statics)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (conf->endpoint == NULL && conf->endpoints == NULL) {
        return NGX_OK;
    }

    route = ngx_array_push(&ascf->routes);
    if (route == NULL) {
        return NGX_ERROR;
    }

    *route = conf;

    if (conf->endpoint) {
        return ngx_http_aime_static_add(cf, &ascf->statics,
                                        &conf->endpoint->statics);
    }

    ep = conf->endpoints->elts;

    for (i = 0; i < conf->endpoints->nelts; i++) {
        if (ngx_http_aime_static_add(cf, &ascf->statics, &ep[i]->statics)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
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

        ngx_http_aime_static_notices(cf,
            ctx->srv_conf[ngx_http_aime_api_module.ctx_index]);
    }

    return NGX_OK;
}


/* Routes of endpoints come first: tells of the files that they hide. */

static void
ngx_http_aime_static_notices(ngx_conf_t *cf, ngx_http_aime_srv_conf_t *ascf)
{
    ngx_uint_t                  i, n, k, count;
    ngx_http_aime_static_t     *entry;
    ngx_http_aime_endpoint_t  **ep;
    ngx_http_aime_loc_conf_t  **route;

    entry = ascf->statics.elts;
    route = ascf->routes.elts;

    for (i = 0; i < ascf->statics.nelts; i++) {
        for (n = 0; n < ascf->routes.nelts; n++) {

            if (route[n]->endpoint) {
                ep = &route[n]->endpoint;
                count = 1;

            } else {
                ep = route[n]->endpoints->elts;
                count = route[n]->endpoints->nelts;
            }

            for (k = 0; k < count; k++) {
                if (ngx_http_aime_is_route(route[n], ep[k], &entry[i].uri)) {
                    ngx_log_error(NGX_LOG_NOTICE, cf->log, 0,
                                  "\"%V\":%ui: STATIC.\"%V%s\" is not "
                                  "served, it is a route of endpoint \"%V\"",
                                  &entry[i].from, entry[i].line,
                                  &entry[i].uri, entry[i].slash ? "/" : "",
                                  &ep[k]->name);
                }
            }
        }
    }
}


static ngx_uint_t
ngx_http_aime_is_route(ngx_http_aime_loc_conf_t *conf,
    ngx_http_aime_endpoint_t *ep, ngx_str_t *uri)
{
    ngx_str_t  rest;

    if (uri->len < conf->prefix.len
        || (conf->prefix.len
            && ngx_memcmp(uri->data, conf->prefix.data, conf->prefix.len)
               != 0))
    {
        return 0;
    }

    rest.data = uri->data + conf->prefix.len;
    rest.len = uri->len - conf->prefix.len;

    if (conf->endpoints) {
        if (rest.len < 1 + ep->name.len || rest.data[0] != '/'
            || ngx_memcmp(rest.data + 1, ep->name.data, ep->name.len) != 0)
        {
            return 0;
        }

        rest.data += 1 + ep->name.len;
        rest.len -= 1 + ep->name.len;
    }

    return rest.len == 0
           || (rest.len == 6 && ngx_memcmp(rest.data, "/login", 6) == 0)
           || (rest.len == 7 && ngx_memcmp(rest.data, "/cancel", 7) == 0)
           || (rest.len == 9 && ngx_memcmp(rest.data, "/progress", 9) == 0);
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


char *
ngx_http_aime_set_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_aime_main_conf_t  *amcf = conf;

    ssize_t            size;
    ngx_str_t         *value;
    ngx_shm_zone_t    *shm_zone;
    ngx_aime_zone_t   *zone;

    if (amcf->zone) {
        return "is duplicate";
    }

    value = cf->args->elts;

    size = ngx_parse_size(&value[2]);

    if (size == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone size \"%V\"", &value[2]);
        return NGX_CONF_ERROR;
    }

    if (size < NGX_AIME_SHM_MIN_SIZE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"%V\" is too small: %V, at least %dm is "
                           "needed", &value[1], &value[2],
                           NGX_AIME_SHM_MIN_SIZE / (1024 * 1024));
        return NGX_CONF_ERROR;
    }

    zone = ngx_pcalloc(cf->pool, sizeof(ngx_aime_zone_t));
    if (zone == NULL) {
        return NGX_CONF_ERROR;
    }

    shm_zone = ngx_shared_memory_add(cf, &value[1], size,
                                     &ngx_http_aime_api_module);
    if (shm_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    shm_zone->init = ngx_http_aime_init_zone;
    shm_zone->data = amcf;

    zone->shm_zone = shm_zone;
    amcf->zone = zone;

    return NGX_CONF_OK;
}


char *
ngx_http_aime_set_server(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_aime_loc_conf_t  *alcf = conf;

    if (alcf->server_file.path.data) {
        return "is duplicate";
    }

    return ngx_http_aime_set_place(cf, &alcf->server_file) == NGX_OK
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_http_aime_set_endpoint(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_aime_loc_conf_t  *alcf = conf;

    if (ngx_http_aime_set_place(cf, &alcf->endpoint_file) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_aime_set_serves(cf, alcf, NGX_HTTP_AIME_SERVES_ENDPOINT);
}


char *
ngx_http_aime_set_endpoints(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_aime_loc_conf_t  *alcf = conf;

    if (ngx_http_aime_set_place(cf, &alcf->endpoints_dir) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_aime_set_serves(cf, alcf, NGX_HTTP_AIME_SERVES_ENDPOINTS);
}


char *
ngx_http_aime_set_workers(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_aime_set_serves(cf, conf, NGX_HTTP_AIME_SERVES_WORKERS);
}


char *
ngx_http_aime_set_info(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_aime_set_serves(cf, conf, NGX_HTTP_AIME_SERVES_INFO);
}


char *
ngx_http_aime_set_stream(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_aime_set_serves(cf, conf, NGX_HTTP_AIME_SERVES_STREAM);
}


char *
ngx_http_aime_set_openai(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_aime_set_serves(cf, conf, NGX_HTTP_AIME_SERVES_OPENAI);
}


char *
ngx_http_aime_set_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_aime_set_serves(cf, conf, NGX_HTTP_AIME_SERVES_STATUS);
}


char *
ngx_http_aime_set_admin(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_aime_set_serves(cf, conf, NGX_HTTP_AIME_SERVES_ADMIN);
}


char *
ngx_http_aime_set_cors(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_aime_loc_conf_t  *alcf = conf;

    u_char      *p;
    ngx_str_t   *value;

    if (alcf->cors.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        ngx_str_set(&alcf->cors, "");
        return NGX_CONF_OK;
    }

    for (p = value[1].data; p < value[1].data + value[1].len; p++) {
        if (*p <= ' ' || *p >= 0x7f) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid origin \"%V\"", &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_strcmp(value[1].data, "*") != 0
        && ngx_strnstr(value[1].data, "://", value[1].len) == NULL)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid origin \"%V\", it must be \"off\", \"*\" "
                           "or like \"https://example.com\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    alcf->cors = value[1];

    return NGX_CONF_OK;
}


static char *
ngx_http_aime_not_zero(ngx_conf_t *cf, void *post, void *data)
{
    ngx_msec_t  *msec = data;

    return *msec ? NGX_CONF_OK : "must not be 0";
}


static ngx_int_t
ngx_http_aime_set_place(ngx_conf_t *cf, ngx_http_aime_place_t *place)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    place->path = value[1];
    place->file = cf->conf_file->file.name;
    place->line = cf->conf_file->line;

    return ngx_conf_full_name(cf->cycle, &place->path, 1);
}


static char *
ngx_http_aime_set_serves(ngx_conf_t *cf, ngx_http_aime_loc_conf_t *conf,
    ngx_uint_t serves)
{
    ngx_http_core_loc_conf_t   *clcf;
    ngx_http_aime_srv_conf_t   *ascf;
    ngx_http_aime_main_conf_t  *amcf;

    if (conf->serves == serves) {
        return "is duplicate";
    }

    if (conf->serves != NGX_HTTP_AIME_SERVES_NOTHING) {
        return "conflicts with another directive of this location";
    }

    amcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_aime_api_module);
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    ascf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_aime_api_module);

    amcf->used = 1;
    ascf->used = 1;
    conf->serves = serves;

    if (cf->cmd_type != NGX_HTTP_LOC_CONF) {
        return NGX_CONF_OK;
    }

    if (clcf->named) {
        return (serves != NGX_HTTP_AIME_SERVES_WORKERS
                && serves != NGX_HTTP_AIME_SERVES_STREAM)
               ? "is not allowed in a named location" : NGX_CONF_OK;
    }

#if (NGX_PCRE)
    if (clcf->regex) {

        if (serves != NGX_HTTP_AIME_SERVES_WORKERS
            && serves != NGX_HTTP_AIME_SERVES_STREAM)
        {
            return "is not allowed in a location given by a regular "
                   "expression";
        }

        return NGX_CONF_OK;
    }
#endif

    conf->prefix = clcf->name;

    while (conf->prefix.len
           && conf->prefix.data[conf->prefix.len - 1] == '/')
    {
        conf->prefix.len--;
    }

    return NGX_CONF_OK;
}


/* Messages name the line of the directive, not that of the block's end. */

static ngx_conf_file_t *
ngx_http_aime_at(ngx_conf_t *cf, ngx_conf_file_t *file,
    ngx_http_aime_place_t *place)
{
    *file = *cf->conf_file;

    file->file.name = place->file;
    file->line = place->line;

    return file;
}


/* The server file that conf names, if it does; one file is parsed once. */

static ngx_int_t
ngx_http_aime_get_server(ngx_conf_t *cf, ngx_http_aime_main_conf_t *amcf,
    ngx_http_aime_loc_conf_t *conf)
{
    ngx_str_t                *path;
    ngx_uint_t                i;
    ngx_conf_file_t           file, *saved;
    ngx_http_aime_server_t  **server;

    path = &conf->server_file.path;

    if (path->data == NULL || conf->server) {
        return NGX_OK;
    }

    server = amcf->servers.elts;

    for (i = 0; i < amcf->servers.nelts; i++) {
        if (server[i]->path.len == path->len
            && ngx_strcmp(server[i]->path.data, path->data) == 0)
        {
            conf->server = server[i];
            return NGX_OK;
        }
    }

    saved = cf->conf_file;
    cf->conf_file = ngx_http_aime_at(cf, &file, &conf->server_file);

    conf->server = ngx_http_aime_server_load(cf, path);

    cf->conf_file = saved;

    if (conf->server == NULL) {
        return NGX_ERROR;
    }

    server = ngx_array_push(&amcf->servers);
    if (server == NULL) {
        return NGX_ERROR;
    }

    *server = conf->server;

    return NGX_OK;
}


static ngx_http_aime_endpoint_t *
ngx_http_aime_get_endpoint(ngx_conf_t *cf, ngx_http_aime_loc_conf_t *conf,
    ngx_str_t *path)
{
    ngx_uint_t                  i;
    ngx_http_aime_endpoint_t   *ep, *other, **epp;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_aime_api_module);

    epp = amcf->endpoints.elts;

    for (i = 0; i < amcf->endpoints.nelts; i++) {
        if (epp[i]->path.len != path->len
            || ngx_strcmp(epp[i]->path.data, path->data) != 0)
        {
            continue;
        }

        if (epp[i]->server != conf->server) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" is used with two different "
                               "\"aime_api_server_config\" files", path);
            return NULL;
        }

        return epp[i];
    }

    ep = ngx_http_aime_endpoint_load(cf, path, conf->server, &amcf->types);
    if (ep == NULL) {
        return NULL;
    }

    other = ngx_http_aime_endpoint_named(&amcf->endpoints, &ep->name);

    if (other) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\": endpoint \"%V\" is defined in \"%V\" "
                           "already", path, &ep->name, &other->path);
        return NULL;
    }

    epp = ngx_array_push(&amcf->endpoints);
    if (epp == NULL) {
        return NULL;
    }

    *epp = ep;

    return ep;
}


static ngx_int_t
ngx_http_aime_load_dir(ngx_conf_t *cf, ngx_http_aime_loc_conf_t *conf)
{
    ngx_str_t                  *path;
    ngx_tree_ctx_t              tree;
    ngx_http_aime_walk_t        walk;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_aime_api_module);

    conf->endpoints = ngx_array_create(cf->pool, 8, sizeof(void *));
    if (conf->endpoints == NULL) {
        return NGX_ERROR;
    }

    path = &conf->endpoints_dir.path;

    while (path->len > 1 && path->data[path->len - 1] == '/') {
        path->data[--path->len] = '\0';
    }

    ngx_memzero(&walk, sizeof(ngx_http_aime_walk_t));
    ngx_memzero(&tree, sizeof(ngx_tree_ctx_t));

    walk.cf = cf;
    walk.conf = conf;

    tree.file_handler = ngx_http_aime_walk_file;
    tree.pre_tree_handler = ngx_http_aime_walk_dir;
    tree.post_tree_handler = ngx_http_aime_walk_none;
    tree.spec_handler = ngx_http_aime_walk_none;
    tree.data = &walk;
    tree.log = cf->log;

    if (ngx_walk_tree(&tree, path) != NGX_OK || walk.failed) {
        if (!walk.failed) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                               "cannot read folder \"%V\"", path);
        }

        return NGX_ERROR;
    }

    if (conf->endpoints->nelts == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"" NGX_HTTP_AIME_FILE_NAME "\" is in \"%V\" "
                           "or below it", path);
        return NGX_ERROR;
    }

    /* the order of a folder is none: lists shall not change by chance */

    ngx_qsort(conf->endpoints->elts, conf->endpoints->nelts, sizeof(void *),
              ngx_http_aime_cmp_endpoints);
    ngx_qsort(amcf->endpoints.elts, amcf->endpoints.nelts, sizeof(void *),
              ngx_http_aime_cmp_endpoints);

    return NGX_OK;
}


/* A file that fails does not keep others from being checked. */

static ngx_int_t
ngx_http_aime_walk_file(ngx_tree_ctx_t *ctx, ngx_str_t *path)
{
    size_t                      len;
    ngx_str_t                   copy;
    ngx_http_aime_walk_t       *walk;
    ngx_http_aime_endpoint_t   *ep, **epp;

    walk = ctx->data;
    len = sizeof(NGX_HTTP_AIME_FILE_NAME);

    if (path->len < len
        || ngx_strcmp(path->data + path->len - len,
                      "/" NGX_HTTP_AIME_FILE_NAME)
           != 0)
    {
        return NGX_OK;
    }

    copy.len = path->len;
    copy.data = ngx_pnalloc(walk->cf->pool, path->len + 1);
    if (copy.data == NULL) {
        return NGX_ABORT;
    }

    (void) ngx_cpystrn(copy.data, path->data, path->len + 1);

    ep = ngx_http_aime_get_endpoint(walk->cf, walk->conf, &copy);

    if (ep == NULL) {
        walk->failed = 1;
        return NGX_OK;
    }

    epp = ngx_array_push(walk->conf->endpoints);
    if (epp == NULL) {
        return NGX_ABORT;
    }

    *epp = ep;

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_walk_dir(ngx_tree_ctx_t *ctx, ngx_str_t *path)
{
    ngx_uint_t             i, depth;
    ngx_http_aime_walk_t  *walk;

    walk = ctx->data;
    depth = 0;

    for (i = walk->conf->endpoints_dir.path.len; i < path->len; i++) {
        depth += (path->data[i] == '/');
    }

    return (depth > NGX_HTTP_AIME_MAX_DEPTH) ? NGX_DECLINED : NGX_OK;
}


static ngx_int_t
ngx_http_aime_walk_none(ngx_tree_ctx_t *ctx, ngx_str_t *path)
{
    return NGX_OK;
}


static int ngx_libc_cdecl
ngx_http_aime_cmp_endpoints(const void *one, const void *two)
{
    ngx_http_aime_endpoint_t  *first, *second;

    first = *(ngx_http_aime_endpoint_t **) one;
    second = *(ngx_http_aime_endpoint_t **) two;

    return (int) ngx_memn2cmp(first->name.data, second->name.data,
                              first->name.len, second->name.len);
}


/*
 * Here rather than later, since a failure leaves the running configuration
 * as it is.
 */

static ngx_int_t
ngx_http_aime_init_zone(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_aime_main_conf_t  *old = data;

    ngx_http_aime_main_conf_t  *amcf;

    amcf = shm_zone->data;

    /* worker_processes may stand behind http{} */

    amcf->zone->nrows = ngx_http_aime_count_rows(amcf->cycle);
    amcf->zone->session_idle = amcf->session_timeout;
    amcf->zone->repair = ngx_aime_repair_locked;

#if (NGX_AIME_DEBUG)
    amcf->zone->check = ngx_aime_check_locked;
#endif

    if (ngx_aime_shm_zone_init(shm_zone, amcf->zone, old ? old->zone : NULL)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_aime_bind(amcf, shm_zone->shm.log);
}


/*
 * Ties types and endpoints to their places in the zone.  Each configuration
 * has a generation, with which it stamps the endpoints that it has.
 */

static ngx_int_t
ngx_http_aime_bind(ngx_http_aime_main_conf_t *amcf, ngx_log_t *log)
{
    ngx_int_t                   rc;
    ngx_uint_t                  i;
    ngx_aime_zone_t            *zone;
    ngx_http_aime_type_t      **type;
    ngx_http_aime_endpoint_t  **ep;

    rc = NGX_OK;
    zone = amcf->zone;
    type = amcf->types.elts;
    ep = amcf->endpoints.elts;

    ngx_aime_shm_lock(zone);

    for (i = 0; i < amcf->types.nelts; i++) {
        type[i]->shm = ngx_aime_shm_type_locked(zone, &type[i]->name);

        if (type[i]->shm == NULL) {
            rc = NGX_ERROR;
        }
    }

    for (i = 0; i < amcf->endpoints.nelts; i++) {
        ep[i]->shm = ngx_aime_shm_endpoint_locked(zone, &ep[i]->name);

        if (ep[i]->shm == NULL || ep[i]->type->shm == NULL) {
            rc = NGX_ERROR;
            continue;
        }

        ep[i]->queue = ngx_aime_shm_queue_locked(zone, ep[i]->type->shm,
                                                 ep[i]->shm);
        if (ep[i]->queue == NULL) {
            rc = NGX_ERROR;
        }
    }

    if (rc == NGX_OK) {
        zone->generation = ++zone->sh->generation;

        for (i = 0; i < amcf->endpoints.nelts; i++) {
            ep[i]->shm->generation = zone->generation;
        }
    }

    ngx_aime_shm_unlock(zone);

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "aime_api_zone \"%V\" has no room for the endpoints",
                      &zone->shm_zone->shm.name);
    }

    return rc;
}


ngx_http_aime_type_t *
ngx_http_aime_type_named(ngx_http_aime_main_conf_t *amcf, ngx_str_t *name)
{
    ngx_uint_t              i;
    ngx_http_aime_type_t  **type;

    type = amcf->types.elts;

    for (i = 0; i < amcf->types.nelts; i++) {
        if (type[i]->name.len == name->len
            && ngx_memcmp(type[i]->name.data, name->data, name->len) == 0)
        {
            return type[i];
        }
    }

    return NULL;
}


ngx_http_aime_type_t *
ngx_http_aime_type_of(ngx_http_aime_main_conf_t *amcf,
    ngx_aime_shm_type_t *shm)
{
    ngx_uint_t              i;
    ngx_http_aime_type_t  **type;

    type = amcf->types.elts;

    for (i = 0; i < amcf->types.nelts; i++) {
        if (type[i]->shm == shm) {
            return type[i];
        }
    }

    return NULL;
}


ngx_uint_t
ngx_http_aime_type_limit(ngx_http_aime_main_conf_t *amcf,
    ngx_aime_shm_type_t *shm)
{
    ngx_uint_t                  i, limit;
    ngx_http_aime_endpoint_t  **ep;

    ep = amcf->endpoints.elts;
    limit = 0;

    for (i = 0; i < amcf->endpoints.nelts; i++) {
        if (ep[i]->type->shm == shm) {
            limit = ngx_max(limit, ep[i]->max_queue_length);
        }
    }

    return limit;
}


ngx_http_aime_endpoint_t *
ngx_http_aime_endpoint_of(ngx_http_aime_main_conf_t *amcf,
    ngx_aime_shm_endpoint_t *shm)
{
    ngx_uint_t                  i;
    ngx_http_aime_endpoint_t  **ep;

    ep = amcf->endpoints.elts;

    for (i = 0; i < amcf->endpoints.nelts; i++) {
        if (ep[i]->shm == shm) {
            return ep[i];
        }
    }

    return NULL;
}


ngx_http_aime_endpoint_t *
ngx_http_aime_endpoint_named(ngx_array_t *endpoints, ngx_str_t *name)
{
    ngx_uint_t                  i;
    ngx_http_aime_endpoint_t  **ep;

    ep = endpoints->elts;

    for (i = 0; i < endpoints->nelts; i++) {
        if (ep[i]->name.len == name->len
            && ngx_memcmp(ep[i]->name.data, name->data, name->len) == 0)
        {
            return ep[i];
        }
    }

    return NULL;
}


ngx_str_t *
ngx_http_aime_user_of(ngx_http_aime_main_conf_t *amcf, const u_char *id)
{
    ngx_uint_t                  i;
    ngx_http_aime_key_t        *key;
    ngx_http_aime_endpoint_t  **ep;

    ep = amcf->endpoints.elts;

    for (i = 0; i < amcf->endpoints.nelts; i++) {
        key = ngx_http_aime_endpoint_key(ep[i], id);

        if (key) {
            return &key->user;
        }
    }

    return NULL;
}


ngx_uint_t
ngx_http_aime_any_key(ngx_http_aime_main_conf_t *amcf, const u_char *id)
{
    ngx_uint_t                  i, found;
    ngx_http_aime_endpoint_t  **ep;

    ep = amcf->endpoints.elts;
    found = 0;

    for (i = 0; i < amcf->endpoints.nelts; i++) {
        if (ngx_http_aime_endpoint_key(ep[i], id)) {
            found = 1;
        }
    }

    return found;
}

