
/* Who may use aime_api_admin, see ngx_http_aime_admin.h. */


#include "ngx_http_aime_admin.h"
#include "ngx_http_aime_admin_events.h"
#include "ngx_http_aime_admin_failure.h"
#include "ngx_http_aime_admin_job.h"
#include "ngx_http_aime_admin_worker.h"
#include "ngx_http_aime_error.h"


#define NGX_HTTP_AIME_REALM    "Basic realm=\"aime_api_admin\", "            \
                               "charset=\"UTF-8\""


typedef ngx_int_t (*ngx_http_aime_admin_pt)(ngx_http_request_t *r,
    ngx_http_aime_args_t *args);


static ngx_int_t ngx_http_aime_admin_challenge(ngx_http_request_t *r);
static ngx_int_t ngx_http_aime_admin_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_aime_admin_sane(ngx_http_request_t *r,
    ngx_int_t *answer);
static ngx_uint_t ngx_http_aime_admin_json(ngx_http_request_t *r);
static ngx_uint_t ngx_http_aime_admin_same_origin(ngx_http_request_t *r);
static ngx_int_t ngx_http_aime_admin_hello(ngx_http_request_t *r,
    ngx_http_aime_args_t *args);


#define ngx_http_aime_admin_route(name, methods)                              \
    { name, methods, NGX_HTTP_AIME_SHAPE_STATUS, ngx_http_aime_admin_handler }


/* Names and methods; the functions stand below in the same order. */

ngx_http_aime_route_t  ngx_http_aime_admin_routes[] = {
    ngx_http_aime_admin_route("", NGX_HTTP_GET),
    ngx_http_aime_admin_route("events", NGX_HTTP_GET),
    ngx_http_aime_admin_route("failures", NGX_HTTP_GET),
    ngx_http_aime_admin_route("jobs", NGX_HTTP_GET),
    ngx_http_aime_admin_route("job", NGX_HTTP_GET),
    ngx_http_aime_admin_route("jobs/cancel", NGX_HTTP_POST),
    ngx_http_aime_admin_route("jobs/requeue", NGX_HTTP_POST),
    ngx_http_aime_admin_route("jobs/priority", NGX_HTTP_POST),
    ngx_http_aime_admin_route("workers", NGX_HTTP_GET),
    ngx_http_aime_admin_route("workers/enable", NGX_HTTP_POST),
    ngx_http_aime_admin_route("workers/disable", NGX_HTTP_POST),
    ngx_http_aime_admin_route("workers/drain", NGX_HTTP_POST),
    ngx_http_aime_admin_route("endpoints", NGX_HTTP_GET),
    ngx_http_aime_admin_route("endpoints/enable", NGX_HTTP_POST),
    ngx_http_aime_admin_route("endpoints/disable", NGX_HTTP_POST),
    ngx_http_aime_admin_route("sessions", NGX_HTTP_GET),
    ngx_http_aime_admin_route("sessions/logout", NGX_HTTP_POST),
    ngx_http_aime_admin_route("counters/reset", NGX_HTTP_POST),
    { NULL, 0, 0, NULL }
};

static ngx_http_aime_admin_pt  ngx_http_aime_admin_actions[] = {
    ngx_http_aime_admin_hello,
    ngx_http_aime_admin_events,
    ngx_http_aime_admin_failures,
    ngx_http_aime_admin_jobs,
    ngx_http_aime_admin_inspect,
    ngx_http_aime_admin_cancel,
    ngx_http_aime_admin_requeue,
    ngx_http_aime_admin_priority,
    ngx_http_aime_admin_workers,
    ngx_http_aime_admin_enable,
    ngx_http_aime_admin_disable,
    ngx_http_aime_admin_drain,
    ngx_http_aime_admin_endpoints,
    ngx_http_aime_admin_open,
    ngx_http_aime_admin_close,
    ngx_http_aime_admin_sessions,
    ngx_http_aime_admin_logout,
    ngx_http_aime_admin_reset
};


/* Name and password are both compared, whatever the first comparison gives. */

ngx_int_t
ngx_http_aime_admin_access(ngx_http_request_t *r)
{
    u_char                     user[NGX_AIME_ID_LEN];
    u_char                     password[NGX_AIME_ID_LEN];
    ngx_int_t                  rc;
    ngx_uint_t                 same;
    ngx_http_aime_server_t    *server;
    ngx_http_aime_loc_conf_t  *alcf;

    alcf = ngx_http_get_module_loc_conf(r, ngx_http_aime_api_module);

    if (alcf->serves != NGX_HTTP_AIME_SERVES_ADMIN) {
        return NGX_DECLINED;
    }

    server = alcf->server;

    if (server == NULL || !server->admin) {
        return NGX_HTTP_FORBIDDEN;
    }

    rc = ngx_http_auth_basic_user(r);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_OK) {
        ngx_http_aime_key_id(r->headers_in.user.data, r->headers_in.user.len,
                             user);
        ngx_http_aime_key_id(r->headers_in.passwd.data,
                             r->headers_in.passwd.len, password);

        same = ngx_http_aime_same_id(user, server->admin_user);
        same &= ngx_http_aime_same_id(password, server->admin_password);

        if (same) {
            return NGX_OK;
        }

        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "wrong name or password of an administrator");
    }

    return ngx_http_aime_admin_challenge(r);
}


static ngx_int_t
ngx_http_aime_admin_challenge(ngx_http_request_t *r)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    h->hash = 1;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif
    ngx_str_set(&h->key, "WWW-Authenticate");
    ngx_str_set(&h->value, NGX_HTTP_AIME_REALM);

    /* so that nginx takes it back where "satisfy any" lets the request in */

    r->headers_out.www_authenticate = h;

    return NGX_HTTP_UNAUTHORIZED;
}


static ngx_int_t
ngx_http_aime_admin_handler(ngx_http_request_t *r)
{
    ngx_int_t                  rc, answer;
    ngx_str_t                  error, value;
    ngx_http_aime_ctx_t       *ctx;
    ngx_http_aime_args_t       args;
    ngx_http_aime_loc_conf_t  *alcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    alcf = ngx_http_get_module_loc_conf(r, ngx_http_aime_api_module);

    /* also for whom "satisfy any" has let in by another way */

    if (alcf->server == NULL || !alcf->server->admin) {
        return NGX_HTTP_FORBIDDEN;
    }

    if (ngx_http_aime_admin_sane(r, &answer) != NGX_OK) {
        return answer;
    }

    ngx_str_set(&value, "no-store");

    if (ngx_http_aime_reply_header(r, "Cache-Control", &value) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = (r->method == NGX_HTTP_POST)
         ? ngx_http_aime_body_args(r, &args, &error)
         : ngx_http_aime_query(r, &args, &error);

    if (rc == NGX_DECLINED) {
        return ngx_http_aime_error(r, NGX_HTTP_BAD_REQUEST, &error);
    }

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_aime_admin_actions[ctx->route
                                       - ngx_http_aime_admin_routes](r, &args);
}


/* NGX_DECLINED: a page of another origin may have had the browser send it. */

static ngx_int_t
ngx_http_aime_admin_sane(ngx_http_request_t *r, ngx_int_t *answer)
{
    if (r->method != NGX_HTTP_POST) {
        return NGX_OK;
    }

    if (!ngx_http_aime_admin_json(r)) {
        *answer = ngx_http_aime_error_chars(r,
                                        NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                        "Content-Type must be "
                                        "application/json");
        return NGX_DECLINED;
    }

    if (!ngx_http_aime_admin_same_origin(r)) {
        *answer = ngx_http_aime_error_chars(r, NGX_HTTP_FORBIDDEN,
                                            "Pages of other origins may not "
                                            "do this");
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* No form can send that, and no script from elsewhere without a preflight. */

static ngx_uint_t
ngx_http_aime_admin_json(ngx_http_request_t *r)
{
    size_t      len;
    ngx_str_t  *type;

    if (r->headers_in.content_type == NULL) {
        return 0;
    }

    type = &r->headers_in.content_type->value;
    len = sizeof("application/json") - 1;

    return type->len >= len
           && ngx_strncasecmp(type->data, (u_char *) "application/json", len)
              == 0
           && (type->len == len || type->data[len] == ';'
               || type->data[len] == ' ');
}


/*
 * The authority of Origin must be that of Host: its scheme may be another where
 * a proxy in front does TLS.  Who sends no Origin is no browser, or an old one.
 */

static ngx_uint_t
ngx_http_aime_admin_same_origin(ngx_http_request_t *r)
{
    u_char     *p;
    ngx_str_t  *origin, *site, *host;

    site = ngx_http_aime_header_in(r, "Sec-Fetch-Site");

    if (site
        && !(site->len == 11
             && ngx_strncasecmp(site->data, (u_char *) "same-origin", 11)
                == 0)
        && !(site->len == 4
             && ngx_strncasecmp(site->data, (u_char *) "none", 4) == 0))
    {
        return 0;
    }

    origin = ngx_http_aime_header_in(r, "Origin");

    if (origin == NULL) {
        return 1;
    }

    if (r->headers_in.host == NULL) {
        return 0;
    }

    host = &r->headers_in.host->value;
    p = ngx_strnstr(origin->data, "://", origin->len);

    if (p == NULL) {
        return 0;
    }

    p += 3;

    return (size_t) (origin->data + origin->len - p) == host->len
           && ngx_strncasecmp(p, host->data, host->len) == 0;
}


/* For who wants to know whether the password is right. */

static ngx_int_t
ngx_http_aime_admin_hello(ngx_http_request_t *r, ngx_http_aime_args_t *args)
{
    ngx_http_aime_reply_t  reply;

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_chars(&reply, "{\"success\":true,\"user\":");
    ngx_http_aime_reply_string(&reply, &r->headers_in.user);
    ngx_http_aime_reply_chars(&reply, "}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}
