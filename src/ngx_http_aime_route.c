
/* From a request to its route, see ngx_http_aime_route.h. */


#include "ngx_http_aime_route.h"
#include "ngx_http_aime_body.h"
#include "ngx_http_aime_cors.h"
#include "ngx_http_aime_error.h"
#include "ngx_http_aime_static.h"


static ngx_str_t ngx_http_aime_route_uri(ngx_http_request_t *r);
static ngx_uint_t ngx_http_aime_route_is_static(ngx_http_request_t *r,
    ngx_http_aime_loc_conf_t *alcf, ngx_http_aime_ctx_t *ctx);
static ngx_uint_t ngx_http_aime_route_is_openai(ngx_http_request_t *r,
    ngx_http_aime_srv_conf_t *ascf);
static ngx_http_aime_ctx_t *ngx_http_aime_route_early(ngx_http_request_t *r);
static ngx_http_aime_ctx_t *ngx_http_aime_route_keep(ngx_http_request_t *r,
    ngx_http_aime_ctx_t *found);
static void ngx_http_aime_route_endpoint(ngx_http_aime_loc_conf_t *alcf,
    ngx_str_t *rest, ngx_http_aime_ctx_t *ctx);
static void ngx_http_aime_route_last(ngx_http_request_t *r,
    ngx_http_aime_route_t *routes, ngx_http_aime_ctx_t *ctx);
static void ngx_http_aime_route_below(ngx_http_aime_route_t *routes,
    ngx_str_t *rest, ngx_http_aime_ctx_t *ctx);
static void ngx_http_aime_route_info(ngx_http_aime_main_conf_t *amcf,
    ngx_str_t *rest, ngx_http_aime_ctx_t *ctx);
static ngx_http_aime_route_t *ngx_http_aime_route_default(ngx_uint_t serves);
static ngx_http_aime_route_t *ngx_http_aime_route_named(
    ngx_http_aime_route_t *routes, ngx_str_t *name);


static ngx_http_aime_routes_t  *ngx_http_aime_routes;


void
ngx_http_aime_route_init(ngx_http_aime_routes_t *routes)
{
    ngx_http_aime_routes = routes;
}


ngx_int_t
ngx_http_aime_mask_handler(ngx_http_request_t *r)
{
    ngx_http_aime_srv_conf_t  *ascf;

    ascf = ngx_http_get_module_srv_conf(r, ngx_http_aime_api_module);

    if (!ascf->used || ngx_http_aime_mask_secrets(r) == NGX_OK) {
        return NGX_DECLINED;
    }

    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}


ngx_int_t
ngx_http_aime_errors_handler(ngx_http_request_t *r)
{
    if (r == r->main && ngx_http_aime_route_find(r)) {
        r->error_page = 1;
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_aime_route_handler(ngx_http_request_t *r)
{
    ngx_http_aime_ctx_t       *ctx;
    ngx_http_aime_static_t    *entry;
    ngx_http_aime_loc_conf_t  *alcf;

    ctx = ngx_http_aime_route_find(r);

    if (ctx == NULL) {
        entry = ngx_http_aime_static_here(r);

        return entry ? ngx_http_aime_static_handler(r, entry) : NGX_DECLINED;
    }

    if (ctx->unknown) {
        return NGX_HTTP_NOT_FOUND;
    }

    alcf = ngx_http_get_module_loc_conf(r, ngx_http_aime_api_module);

    if (r->method == NGX_HTTP_OPTIONS && alcf->cors.len
        && ngx_http_aime_public(ctx->route))
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

    return ngx_http_aime_read_request(r);
}


ngx_http_aime_ctx_t *
ngx_http_aime_route_find(ngx_http_request_t *r)
{
    ngx_str_t                   rest;
    ngx_http_aime_ctx_t        *ctx, found;
    ngx_http_aime_loc_conf_t   *alcf;
    ngx_http_aime_main_conf_t  *amcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    alcf = ngx_http_get_module_loc_conf(r, ngx_http_aime_api_module);
    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    if (ctx) {
        return ctx;
    }

    if (alcf->serves == NGX_HTTP_AIME_SERVES_NOTHING) {
        return ngx_http_aime_route_early(r);
    }

    ngx_memzero(&found, sizeof(ngx_http_aime_ctx_t));
    ctx = &found;

    rest = ngx_http_aime_route_uri(r);

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
        ngx_http_aime_route_last(r, ngx_http_aime_routes->workers, ctx);
        break;

    case NGX_HTTP_AIME_SERVES_STREAM:
        ngx_http_aime_route_last(r, ngx_http_aime_routes->stream, ctx);
        break;

    case NGX_HTTP_AIME_SERVES_OPENAI:
        ngx_http_aime_route_below(ngx_http_aime_routes->openai, &rest, ctx);
        break;

    case NGX_HTTP_AIME_SERVES_INFO:
        ngx_http_aime_route_info(amcf, &rest, ctx);
        break;

    case NGX_HTTP_AIME_SERVES_STATUS:
        ctx->route = ngx_http_aime_route_named(ngx_http_aime_routes->status,
                                               &rest);
        break;

    case NGX_HTTP_AIME_SERVES_ADMIN:
        ctx->route = ngx_http_aime_route_named(ngx_http_aime_routes->admin,
                                               &rest);
        break;

    default:
        ngx_http_aime_route_endpoint(alcf, &rest, ctx);

        if (ctx->endpoint == NULL) {
            return ngx_http_aime_route_early(r);
        }
    }

    if (ctx->endpoint) {
        ctx->name = ctx->endpoint->name;
    }

    if (ctx->route == NULL || ctx->unknown) {

        if (ngx_http_aime_route_is_static(r, alcf, ctx)) {
            return NULL;
        }

        ctx->unknown = 1;
        ctx->route = ngx_http_aime_route_default(alcf->serves);
    }

    ctx->methods = ctx->route->methods ? ctx->route->methods
                                       : ctx->endpoint->methods;

    return ngx_http_aime_route_keep(r, ctx);
}


/*
 * Below our locations, and below an endpoint's name, there may be files, but
 * not because of an entry that lies above.  Without a phase there is no content
 * handler to send them, see ngx_http_aime_route_early().
 */

static ngx_uint_t
ngx_http_aime_route_is_static(ngx_http_request_t *r,
    ngx_http_aime_loc_conf_t *alcf, ngx_http_aime_ctx_t *ctx)
{
    size_t  claimed;

    claimed = alcf->prefix.len;

    if (alcf->serves == NGX_HTTP_AIME_SERVES_ENDPOINTS) {
        claimed += 1 + ctx->endpoint->name.len;
    }

    return r->phase_handler != 0
           && ngx_http_aime_static_find(r, claimed) != NULL;
}


/* A request line that is too long, or wrong, is known as far as it was read. */

static ngx_str_t
ngx_http_aime_route_uri(ngx_http_request_t *r)
{
    u_char     *p, *end;
    ngx_str_t   uri;
    ngx_buf_t  *b;

    uri = r->uri;
    b = r->header_in;

    if (uri.len || r->uri_start == NULL) {
        return uri;
    }

    /* until it was read to its end, its end is anything */

    end = (b && r->uri_start >= b->start && r->uri_start < b->last)
          ? b->last : r->uri_end;

    for (p = r->uri_start; p < end && *p > ' ' && *p != '?'; p++) {
        /* void */
    }

    uri.data = r->uri_start;
    uri.len = p - r->uri_start;

    return uri;
}


/* Is it below a location of OpenAI's API? */

static ngx_uint_t
ngx_http_aime_route_is_openai(ngx_http_request_t *r,
    ngx_http_aime_srv_conf_t *ascf)
{
    ngx_str_t   uri, *prefix;
    ngx_uint_t  i;

    uri = ngx_http_aime_route_uri(r);
    prefix = ascf->openai.elts;

    for (i = 0; i < ascf->openai.nelts; i++) {
        if (uri.len >= prefix[i].len
            && ngx_strncmp(uri.data, prefix[i].data, prefix[i].len) == 0
            && (uri.len == prefix[i].len || uri.data[prefix[i].len] == '/'))
        {
            return 1;
        }
    }

    return 0;
}


/*
 * A request that nginx refuses while it reads its headers never gets to a
 * location: in a server that has any of ours it is taken as one for us.  That
 * no phase has run is seen from the first one having a handler of ours.
 */

static ngx_http_aime_ctx_t *
ngx_http_aime_route_early(ngx_http_request_t *r)
{
    ngx_http_aime_ctx_t        ctx;
    ngx_http_aime_srv_conf_t  *ascf;

    ascf = ngx_http_get_module_srv_conf(r, ngx_http_aime_api_module);

    if (!ascf->used || r->phase_handler != 0) {
        return NULL;
    }

    ngx_memzero(&ctx, sizeof(ngx_http_aime_ctx_t));

    (void) ngx_http_aime_mask_secrets(r);

    ngx_http_aime_route_last(r, ngx_http_aime_routes->workers, &ctx);

    if (ctx.route == NULL) {
        ngx_http_aime_route_last(r, ngx_http_aime_routes->stream, &ctx);
    }

    if (ctx.route == NULL) {
        ctx.route = ngx_http_aime_route_is_openai(r, ascf)
                    ? ngx_http_aime_routes->openai
                    : ngx_http_aime_routes->client;
    }

    ctx.unknown = 1;

    return ngx_http_aime_route_keep(r, &ctx);
}


static ngx_http_aime_ctx_t *
ngx_http_aime_route_keep(ngx_http_request_t *r, ngx_http_aime_ctx_t *found)
{
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_palloc(r->pool, sizeof(ngx_http_aime_ctx_t));
    if (ctx == NULL) {
        return NULL;
    }

    *ctx = *found;

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

    ctx->route = ngx_http_aime_route_named(ngx_http_aime_routes->client, rest);
}


/*
 * The last segment alone: locations for workers are as different as /gpu/,
 * /worker_, and one for each route; that for streams is an exact one or not.
 */

static void
ngx_http_aime_route_last(ngx_http_request_t *r, ngx_http_aime_route_t *routes,
    ngx_http_aime_ctx_t *ctx)
{
    u_char     *start;
    ngx_str_t   name;

    name = ngx_http_aime_route_uri(r);
    start = name.data;

    if (name.len && name.data[name.len - 1] == '/') {
        name.len--;
    }

    name.data += name.len;
    name.len = 0;

    while (name.data > start && name.data[-1] != '/') {
        name.data--;
        name.len++;
    }

    ctx->route = ngx_http_aime_route_named(routes, &name);
    ctx->unknown = (ctx->route == NULL);
}


/*
 * A name, or one that ends with a slash and what follows it, which is the
 * name of the request then; those without come first.
 */

static void
ngx_http_aime_route_below(ngx_http_aime_route_t *routes, ngx_str_t *rest,
    ngx_http_aime_ctx_t *ctx)
{
    size_t  len;

    ctx->route = ngx_http_aime_route_named(routes, rest);

    for ( /* void */ ; ctx->route == NULL && routes->name; routes++) {
        len = ngx_strlen(routes->name);

        if (routes->name[len - 1] == '/' && rest->len > len
            && ngx_strncmp(rest->data, routes->name, len) == 0)
        {
            ctx->route = routes;
            ctx->name.data = rest->data + len;
            ctx->name.len = rest->len - len;
        }
    }
}


/* endpoints/<endpoint>, or <endpoint> alone; the fixed names win */

static void
ngx_http_aime_route_info(ngx_http_aime_main_conf_t *amcf, ngx_str_t *rest,
    ngx_http_aime_ctx_t *ctx)
{
    size_t  len;

    ctx->route = ngx_http_aime_route_named(ngx_http_aime_routes->info, rest);

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
        ctx->route = ngx_http_aime_routes->details;
    }
}


/* Of this shape are the errors of a location where no route is found. */

static ngx_http_aime_route_t *
ngx_http_aime_route_default(ngx_uint_t serves)
{
    switch (serves) {

    case NGX_HTTP_AIME_SERVES_WORKERS:
        return ngx_http_aime_routes->workers;

    case NGX_HTTP_AIME_SERVES_INFO:
        return ngx_http_aime_routes->info;

    case NGX_HTTP_AIME_SERVES_STATUS:
        return ngx_http_aime_routes->status;

    case NGX_HTTP_AIME_SERVES_ADMIN:
        return ngx_http_aime_routes->admin;

    case NGX_HTTP_AIME_SERVES_STREAM:
        return ngx_http_aime_routes->stream;

    case NGX_HTTP_AIME_SERVES_OPENAI:
        return ngx_http_aime_routes->openai;

    default:
        return ngx_http_aime_routes->client;
    }
}


static ngx_http_aime_route_t *
ngx_http_aime_route_named(ngx_http_aime_route_t *routes, ngx_str_t *name)
{
    for ( /* void */ ; routes->name; routes++) {
        if (ngx_strlen(routes->name) == name->len
            && (name->len == 0
                || ngx_strncmp(routes->name, name->data, name->len) == 0))
        {
            return routes;
        }
    }

    return NULL;
}

