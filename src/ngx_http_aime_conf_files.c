
/* The files that directives name, see ngx_http_aime_conf_files.h. */


#include "ngx_http_aime_conf_files.h"
#include "ngx_http_aime_endpoint_load.h"


#define NGX_HTTP_AIME_MAX_DEPTH     16      /* of folders below one */

#define NGX_HTTP_AIME_FILE_NAME     "aime_api_endpoint.cfg"


/* Where aime_api_endpoints puts what it finds. */

typedef struct {
    ngx_conf_t                  *cf;
    ngx_http_aime_loc_conf_t    *conf;
    ngx_uint_t                   failed;
} ngx_http_aime_walk_t;


static ngx_conf_file_t *ngx_http_aime_conf_at(ngx_conf_t *cf,
    ngx_conf_file_t *file, ngx_http_aime_place_t *place);
static ngx_http_aime_endpoint_t *ngx_http_aime_conf_endpoint(ngx_conf_t *cf,
    ngx_http_aime_loc_conf_t *conf, ngx_str_t *path);
static ngx_int_t ngx_http_aime_conf_folder(ngx_conf_t *cf,
    ngx_http_aime_loc_conf_t *conf);
static ngx_int_t ngx_http_aime_walk_file(ngx_tree_ctx_t *ctx,
    ngx_str_t *path);
static ngx_int_t ngx_http_aime_walk_dir(ngx_tree_ctx_t *ctx, ngx_str_t *path);
static ngx_int_t ngx_http_aime_walk_none(ngx_tree_ctx_t *ctx,
    ngx_str_t *path);
static int ngx_libc_cdecl ngx_http_aime_cmp_endpoints(const void *one,
    const void *two);
static ngx_uint_t ngx_http_aime_is_route(ngx_http_aime_loc_conf_t *conf,
    ngx_http_aime_endpoint_t *ep, ngx_str_t *uri);


ngx_int_t
ngx_http_aime_conf_server(ngx_conf_t *cf, ngx_http_aime_main_conf_t *amcf,
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
    cf->conf_file = ngx_http_aime_conf_at(cf, &file, &conf->server_file);

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


ngx_int_t
ngx_http_aime_conf_endpoints(ngx_conf_t *cf, ngx_http_aime_loc_conf_t *conf)
{
    ngx_int_t         rc;
    ngx_conf_file_t   file, *saved;

    rc = NGX_OK;
    saved = cf->conf_file;

    if (conf->endpoint_file.path.data) {
        cf->conf_file = ngx_http_aime_conf_at(cf, &file, &conf->endpoint_file);
        conf->endpoint = ngx_http_aime_conf_endpoint(cf, conf,
                                                   &conf->endpoint_file.path);
        rc = conf->endpoint ? NGX_OK : NGX_ERROR;

    } else if (conf->endpoints_dir.path.data) {
        cf->conf_file = ngx_http_aime_conf_at(cf, &file, &conf->endpoints_dir);
        rc = ngx_http_aime_conf_folder(cf, conf);
    }

    cf->conf_file = saved;

    return rc;
}


/* Messages name the line of the directive, not that of the block's end. */

static ngx_conf_file_t *
ngx_http_aime_conf_at(ngx_conf_t *cf, ngx_conf_file_t *file,
    ngx_http_aime_place_t *place)
{
    *file = *cf->conf_file;

    file->file.name = place->file;
    file->line = place->line;

    return file;
}


static ngx_http_aime_endpoint_t *
ngx_http_aime_conf_endpoint(ngx_conf_t *cf, ngx_http_aime_loc_conf_t *conf,
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
ngx_http_aime_conf_folder(ngx_conf_t *cf, ngx_http_aime_loc_conf_t *conf)
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

    ep = ngx_http_aime_conf_endpoint(walk->cf, walk->conf, &copy);

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


ngx_int_t
ngx_http_aime_conf_statics(ngx_conf_t *cf, ngx_http_aime_loc_conf_t *conf)
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


void
ngx_http_aime_conf_hidden(ngx_conf_t *cf, ngx_http_aime_srv_conf_t *ascf)
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
