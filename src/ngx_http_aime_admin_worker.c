
/*
 * What an administrator does with workers, endpoints and sessions, see
 * ngx_http_aime_admin_worker.h.
 */


#include "ngx_http_aime_admin_worker.h"
#include "ngx_http_aime_error.h"
#include "ngx_http_aime_machine.h"
#include "ngx_aime_admin.h"
#include "ngx_aime_id.h"
#include "ngx_aime_metrics.h"


#define NGX_HTTP_AIME_ADMIN_SESSIONS   256      /* under one lock */
#define NGX_HTTP_AIME_ADMIN_SHOWN      1000
#define NGX_HTTP_AIME_ADMIN_QUOTED     256


/* Whose sessions; NULL and len 0: all. */

typedef struct {
    ngx_str_t                    user;
    u_char                       handle[NGX_AIME_ID_LEN];
    unsigned                     by_user:1;
    unsigned                     by_handle:1;
} ngx_http_aime_admin_whose_t;


static ngx_int_t ngx_http_aime_admin_order(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_aime_worker_order_e order,
    const char *what);
static ngx_int_t ngx_http_aime_admin_switch(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_uint_t disabled);
static ngx_int_t ngx_http_aime_admin_whose(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_http_aime_admin_whose_t *whose);
static ngx_uint_t ngx_http_aime_admin_theirs(ngx_http_request_t *r,
    ngx_http_aime_admin_whose_t *whose, ngx_aime_admin_session_t *session);
static void ngx_http_aime_admin_handle(ngx_aime_admin_session_t *session,
    u_char *handle);
static void ngx_http_aime_admin_session(ngx_http_aime_reply_t *reply,
    ngx_aime_admin_session_t *session);
static ngx_int_t ngx_http_aime_admin_success(ngx_http_request_t *r);


void
ngx_http_aime_admin_log(ngx_http_request_t *r, const char *what,
    ngx_str_t *whom)
{
    u_char      *p, *start;
    aime_str_t   text;

    static ngx_str_t  nobody = ngx_string("-");

    /* quoted: no line breaks into the log */

    start = (u_char *) "";
    p = start;

    if (whom) {
        text.data = whom->data;
        text.len = ngx_min(whom->len, NGX_HTTP_AIME_ADMIN_QUOTED);

        start = ngx_pnalloc(r->pool, aime_json_quoted_len(text));
        if (start == NULL) {
            start = (u_char *) "";
            p = start;

        } else {
            p = aime_json_quote(start, text);
        }
    }

    ngx_log_error(NGX_LOG_NOTICE, r->connection->log, 0,
                  "administrator \"%V\" %s %*s",
                  r->headers_in.user.len ? &r->headers_in.user : &nobody,
                  what, (size_t) (p - start), start);
}


ngx_int_t
ngx_http_aime_admin_workers(ngx_http_request_t *r,
    ngx_http_aime_args_t *args)
{
    ngx_int_t                   rc;
    ngx_str_t                   name;
    ngx_uint_t                  i, k, n, nworkers, nonline;
    ngx_http_aime_type_t      **type, *only;
    ngx_http_aime_reply_t       reply;
    ngx_aime_worker_view_t     *workers;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    rc = ngx_http_aime_arg_text(r, args, "job_type", &name);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    only = (rc == NGX_OK) ? ngx_http_aime_type_named(amcf, &name) : NULL;

    if (rc == NGX_OK && only == NULL) {
        return ngx_http_aime_error_chars(r, NGX_HTTP_NOT_FOUND,
                                         "There is no such job type");
    }

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_chars(&reply, "{\"success\":true,\"workers\":[");

    type = amcf->types.elts;
    n = 0;

    for (i = 0; i < amcf->types.nelts; i++) {

        if (only && only != type[i]) {
            continue;
        }

        if (ngx_aime_worker_list(amcf->zone, r->pool, type[i]->shm, &workers,
                                 &nworkers, &nonline)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        for (k = 0; k < nworkers; k++) {
            ngx_http_aime_reply_chars(&reply, n++ ? ",{\"job_type\":"
                                                  : "{\"job_type\":");
            ngx_http_aime_reply_string(&reply, &type[i]->name);
            ngx_http_aime_reply_chars(&reply, ",");
            ngx_http_aime_machine_more(&reply, &workers[k]);
            ngx_http_aime_reply_chars(&reply, "}");
        }
    }

    ngx_http_aime_reply_chars(&reply, "]}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


ngx_int_t
ngx_http_aime_admin_enable(ngx_http_request_t *r, ngx_http_aime_args_t *args)
{
    return ngx_http_aime_admin_order(r, args, NGX_AIME_WORKER_ENABLE,
                                     "enabled worker");
}


ngx_int_t
ngx_http_aime_admin_disable(ngx_http_request_t *r, ngx_http_aime_args_t *args)
{
    return ngx_http_aime_admin_order(r, args, NGX_AIME_WORKER_DISABLE,
                                     "disabled worker");
}


ngx_int_t
ngx_http_aime_admin_drain(ngx_http_request_t *r, ngx_http_aime_args_t *args)
{
    return ngx_http_aime_admin_order(r, args, NGX_AIME_WORKER_DRAIN,
                                     "drains worker");
}


static ngx_int_t
ngx_http_aime_admin_order(ngx_http_request_t *r, ngx_http_aime_args_t *args,
    ngx_aime_worker_order_e order, const char *what)
{
    ngx_str_t                   name, job_type;
    ngx_http_aime_type_t       *type;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    if (ngx_http_aime_arg_text(r, args, "name", &name) == NGX_ERROR
        || ngx_http_aime_arg_text(r, args, "job_type", &job_type)
           == NGX_ERROR)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (name.data == NULL || job_type.data == NULL) {
        return ngx_http_aime_error_chars(r, NGX_HTTP_BAD_REQUEST,
                                         "name and job_type of the worker "
                                         "must be given");
    }

    type = ngx_http_aime_type_named(amcf, &job_type);

    if (type == NULL
        || ngx_aime_worker_order(amcf->zone, type->shm, &name, order)
           != NGX_OK)
    {
        return ngx_http_aime_error_chars(r, NGX_HTTP_NOT_FOUND,
                                         "There is no such worker on that "
                                         "job type");
    }

    ngx_http_aime_admin_log(r, what, &name);

    return ngx_http_aime_admin_success(r);
}


ngx_int_t
ngx_http_aime_admin_endpoints(ngx_http_request_t *r,
    ngx_http_aime_args_t *args)
{
    ngx_uint_t                  i;
    ngx_http_aime_reply_t       reply;
    ngx_http_aime_endpoint_t  **ep;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_chars(&reply, "{\"success\":true,\"endpoints\":[");

    ep = amcf->endpoints.elts;

    for (i = 0; i < amcf->endpoints.nelts; i++) {
        ngx_http_aime_reply_chars(&reply, i ? ",{\"name\":" : "{\"name\":");
        ngx_http_aime_reply_string(&reply, &ep[i]->name);
        ngx_http_aime_reply_chars(&reply, ",\"job_type\":");
        ngx_http_aime_reply_string(&reply, &ep[i]->type->name);
        ngx_http_aime_reply_chars(&reply,
                                  (ep[i]->enabled && !ep[i]->shm->disabled)
                                  ? ",\"enabled\":true"
                                  : ",\"enabled\":false");
        ngx_http_aime_reply_chars(&reply, ep[i]->shm->disabled
                                          ? ",\"disabled_by_admin\":true}"
                                          : ",\"disabled_by_admin\":false}");
    }

    ngx_http_aime_reply_chars(&reply, "]}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


ngx_int_t
ngx_http_aime_admin_open(ngx_http_request_t *r, ngx_http_aime_args_t *args)
{
    return ngx_http_aime_admin_switch(r, args, 0);
}


ngx_int_t
ngx_http_aime_admin_close(ngx_http_request_t *r, ngx_http_aime_args_t *args)
{
    return ngx_http_aime_admin_switch(r, args, 1);
}


static ngx_int_t
ngx_http_aime_admin_switch(ngx_http_request_t *r, ngx_http_aime_args_t *args,
    ngx_uint_t disabled)
{
    ngx_int_t                   rc;
    ngx_str_t                   name;
    ngx_http_aime_endpoint_t   *ep;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    rc = ngx_http_aime_arg_text(r, args, "name", &name);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_aime_error_chars(r, NGX_HTTP_BAD_REQUEST,
                                         "name of the endpoint must be "
                                         "given");
    }

    ep = ngx_http_aime_endpoint_named(&amcf->endpoints, &name);

    if (ep == NULL) {
        return ngx_http_aime_error_chars(r, NGX_HTTP_NOT_FOUND,
                                         "There is no such endpoint");
    }

    if (!disabled && !ep->enabled) {
        return ngx_http_aime_error_chars(r, NGX_HTTP_CONFLICT,
                                         "The endpoint's file disables it "
                                         "(enabled = false)");
    }

    ngx_aime_admin_endpoint(amcf->zone, ep->shm, disabled);

    ngx_http_aime_admin_log(r, disabled ? "disabled endpoint"
                                        : "enabled endpoint", &name);

    return ngx_http_aime_admin_success(r);
}


ngx_int_t
ngx_http_aime_admin_sessions(ngx_http_request_t *r,
    ngx_http_aime_args_t *args)
{
    u_char                       *after;
    ngx_int_t                     rc;
    ngx_uint_t                    i, n, total, shown;
    ngx_http_aime_reply_t         reply;
    ngx_aime_admin_session_t     *sessions;
    ngx_http_aime_admin_whose_t   whose;

    rc = ngx_http_aime_admin_whose(r, args, &whose);

    sessions = ngx_palloc(r->pool, NGX_HTTP_AIME_ADMIN_SESSIONS
                                   * sizeof(ngx_aime_admin_session_t));

    if (rc == NGX_ERROR || sessions == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_chars(&reply, "{\"success\":true,\"sessions\":[");

    after = NULL;
    total = 0;
    shown = 0;

    do {
        n = ngx_aime_admin_sessions(ngx_http_aime_zone(r), after, sessions,
                                    NGX_HTTP_AIME_ADMIN_SESSIONS);

        for (i = 0; i < n; i++) {

            if (!ngx_http_aime_admin_theirs(r, &whose, &sessions[i])) {
                continue;
            }

            total++;

            if (shown < NGX_HTTP_AIME_ADMIN_SHOWN) {
                ngx_http_aime_reply_chars(&reply, shown++ ? "," : "");
                ngx_http_aime_admin_session(&reply, &sessions[i]);
            }
        }

        if (n) {
            after = whose.handle;
            ngx_memcpy(after, sessions[n - 1].id, NGX_AIME_ID_LEN);
        }

    } while (n == NGX_HTTP_AIME_ADMIN_SESSIONS);

    ngx_http_aime_reply_chars(&reply, "],\"total\":");
    ngx_http_aime_reply_integer(&reply, total);
    ngx_http_aime_reply_chars(&reply, "}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


/* By handle, by user, or all; not by mistake. */

ngx_int_t
ngx_http_aime_admin_logout(ngx_http_request_t *r, ngx_http_aime_args_t *args)
{
    u_char                        after[NGX_AIME_ID_LEN], *from;
    ngx_int_t                     rc;
    ngx_uint_t                    i, n, ended;
    aime_json_member_t             *all;
    ngx_http_aime_reply_t         reply;
    ngx_aime_admin_session_t     *sessions;
    ngx_http_aime_admin_whose_t   whose;

    rc = ngx_http_aime_admin_whose(r, args, &whose);

    sessions = ngx_palloc(r->pool, NGX_HTTP_AIME_ADMIN_SESSIONS
                                   * sizeof(ngx_aime_admin_session_t));

    if (rc == NGX_ERROR || sessions == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    all = ngx_http_aime_arg(args, "all");

    if (rc == NGX_DECLINED
        || (!whose.by_user && !whose.by_handle
            && (all == NULL || all->value.type != AIME_JSON_TRUE)))
    {
        return ngx_http_aime_error_chars(r, NGX_HTTP_BAD_REQUEST,
                                         "One of session, user or all must "
                                         "be given");
    }

    from = NULL;
    ended = 0;

    do {
        n = ngx_aime_admin_sessions(ngx_http_aime_zone(r), from, sessions,
                                    NGX_HTTP_AIME_ADMIN_SESSIONS);

        for (i = 0; i < n; i++) {
            if (ngx_http_aime_admin_theirs(r, &whose, &sessions[i])) {
                ended += ngx_aime_admin_logout(ngx_http_aime_zone(r),
                                               sessions[i].id);
            }
        }

        if (n) {
            from = after;
            ngx_memcpy(after, sessions[n - 1].id, NGX_AIME_ID_LEN);
        }

    } while (n == NGX_HTTP_AIME_ADMIN_SESSIONS);

    if (whose.by_handle && ended == 0) {
        return ngx_http_aime_error_chars(r, NGX_HTTP_NOT_FOUND,
                                         "There is no such session");
    }

    if (whose.by_user) {
        ngx_http_aime_admin_log(r, "logged out all sessions of user",
                                &whose.user);
    } else {
        ngx_http_aime_admin_log(r, whose.by_handle ? "logged out a session"
                                                   : "logged out all sessions",
                                NULL);
    }

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_chars(&reply, "{\"success\":true,\"logged_out\":");
    ngx_http_aime_reply_integer(&reply, ended);
    ngx_http_aime_reply_chars(&reply, "}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


/* NGX_DECLINED: the handle of a session is none. */

static ngx_int_t
ngx_http_aime_admin_whose(ngx_http_request_t *r, ngx_http_aime_args_t *args,
    ngx_http_aime_admin_whose_t *whose)
{
    ngx_int_t  rc;
    ngx_str_t  handle;

    ngx_memzero(whose, sizeof(ngx_http_aime_admin_whose_t));

    rc = ngx_http_aime_arg_text(r, args, "user", &whose->user);
    whose->by_user = (rc == NGX_OK);

    if (rc != NGX_ERROR) {
        rc = ngx_http_aime_arg_text(r, args, "session", &handle);
    }

    if (rc != NGX_OK) {
        return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
    }

    whose->by_handle = 1;

    return (ngx_aime_id_parse(handle.data, handle.len, whose->handle)
            == NGX_OK)
           ? NGX_OK : NGX_DECLINED;
}


static ngx_uint_t
ngx_http_aime_admin_theirs(ngx_http_request_t *r,
    ngx_http_aime_admin_whose_t *whose, ngx_aime_admin_session_t *session)
{
    u_char                      handle[NGX_AIME_ID_LEN];
    ngx_str_t                  *user;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    if (whose->by_handle) {
        ngx_http_aime_admin_handle(session, handle);

        if (ngx_memcmp(handle, whose->handle, NGX_AIME_ID_LEN) != 0) {
            return 0;
        }
    }

    if (!whose->by_user) {
        return 1;
    }

    user = session->keyless ? NULL
                            : ngx_http_aime_user_of(amcf, session->owner);

    return user && user->len == whose->user.len
           && ngx_memcmp(user->data, whose->user.data, user->len) == 0;
}


/* A session's id is its client's secret: what names it here is a digest. */

static void
ngx_http_aime_admin_handle(ngx_aime_admin_session_t *session, u_char *handle)
{
    ngx_http_aime_key_id(session->id, NGX_AIME_ID_LEN, handle);
}


static void
ngx_http_aime_admin_session(ngx_http_aime_reply_t *reply,
    ngx_aime_admin_session_t *session)
{
    u_char                      handle[NGX_AIME_ID_LEN];
    ngx_str_t                   none, *user;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(reply->request,
                                         ngx_http_aime_api_module);

    ngx_str_null(&none);

    user = session->keyless ? NULL
                            : ngx_http_aime_user_of(amcf, session->owner);

    ngx_http_aime_admin_handle(session, handle);

    ngx_http_aime_reply_chars(reply, "{\"session\":");
    ngx_http_aime_reply_id(reply, handle);
    ngx_http_aime_reply_chars(reply, ",\"user\":");
    ngx_http_aime_reply_string(reply, user ? user : &none);
    ngx_http_aime_reply_chars(reply, ",\"idle\":");
    ngx_http_aime_reply_seconds(reply, session->idle / 1000.0);
    ngx_http_aime_reply_chars(reply, "}");
}


ngx_int_t
ngx_http_aime_admin_reset(ngx_http_request_t *r, ngx_http_aime_args_t *args)
{
    ngx_aime_metrics_reset(ngx_http_aime_zone(r));

    ngx_http_aime_admin_log(r, "reset all counters", NULL);

    return ngx_http_aime_admin_success(r);
}


static ngx_int_t
ngx_http_aime_admin_success(ngx_http_request_t *r)
{
    ngx_http_aime_reply_t  reply;

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_chars(&reply, "{\"success\":true}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}
