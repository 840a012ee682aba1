
/* The client routes, see ngx_http_aime_client.h; PROTOCOL section 2. */


#include "ngx_http_aime_client.h"
#include "ngx_http_aime_refuse.h"
#include "ngx_http_aime_submit.h"
#include "ngx_http_aime_vars.h"
#include "ngx_http_aime_view.h"
#include "ngx_aime_id.h"
#include "ngx_aime_job_steer.h"
#include "ngx_aime_shm_index.h"
#include "ngx_aime_shm_session.h"


static ngx_int_t ngx_http_aime_client_args(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_int_t *answer);
static ngx_int_t ngx_http_aime_login_owner(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, u_char *owner, ngx_uint_t *keyless);
static ngx_uint_t ngx_http_aime_owns_key(ngx_http_aime_endpoint_t *endpoint,
    ngx_str_t *user, const u_char *id);
static ngx_int_t ngx_http_aime_create_session(ngx_http_request_t *r,
    u_char *id, const u_char *owner);
static ngx_int_t ngx_http_aime_find_job(ngx_http_request_t *r,
    ngx_uint_t what, ngx_aime_job_view_t *view, ngx_int_t *answer);
static ngx_int_t ngx_http_aime_no_job(ngx_http_request_t *r,
    ngx_str_t *job_id);
static ngx_int_t ngx_http_aime_progress_done(ngx_http_request_t *r,
    ngx_aime_job_view_t *view);


ngx_int_t
ngx_http_aime_client_submit(ngx_http_request_t *r)
{
    ngx_int_t                answer;
    ngx_http_aime_ctx_t     *ctx;
    ngx_http_aime_args_t     args;
    ngx_http_aime_client_t   client;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    if (ngx_http_aime_client_args(r, &args, &answer) != NGX_OK) {
        return answer;
    }

    if (ngx_http_aime_identify(r, ctx->endpoint, &args, &client) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (client.verdict != NGX_HTTP_AIME_CLIENT_OK) {
        return ngx_http_aime_refuse_client(r, ctx->endpoint, &client);
    }

    return ngx_http_aime_submit(r, ctx->endpoint, &args, &client, NULL);
}


/* From the query of a GET, from the body of a POST. */

static ngx_int_t
ngx_http_aime_client_args(ngx_http_request_t *r, ngx_http_aime_args_t *args,
    ngx_int_t *answer)
{
    ngx_int_t  rc;
    ngx_str_t  error;

    if (r->method == NGX_HTTP_POST) {
        rc = ngx_http_aime_body_args(r, args, &error);

    } else {
        rc = ngx_http_aime_query(r, args, &error);
    }

    if (rc == NGX_DECLINED) {
        *answer = ngx_http_aime_error(r, NGX_HTTP_BAD_REQUEST, &error);

    } else if (rc == NGX_ERROR) {
        *answer = NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return rc;
}


ngx_int_t
ngx_http_aime_client_login(ngx_http_request_t *r)
{
    u_char                  owner[NGX_AIME_ID_LEN], id[NGX_AIME_ID_LEN];
    ngx_int_t               rc;
    ngx_str_t               key, user, error;
    ngx_uint_t              keyless;
    ngx_http_aime_ctx_t    *ctx;
    ngx_http_aime_args_t    args;
    ngx_http_aime_reply_t   reply;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    rc = ngx_http_aime_query(r, &args, &error);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_aime_error(r, NGX_HTTP_BAD_REQUEST, &error);
    }

    rc = ngx_http_aime_login_owner(r, &args, owner, &keyless);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);

    if (rc == NGX_DECLINED) {

        /* clients look at success, not at the status */

        ngx_http_aime_reply_chars(&reply, "{\"success\":false,"
                                          "\"error\":\"Key not valid\","
                                          "\"ep_version\":");
        ngx_http_aime_reply_text(&reply, &ctx->endpoint->version);
        ngx_http_aime_reply_chars(&reply, "}");

        return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
    }

    if (ngx_http_aime_create_session(r, id, keyless ? NULL : owner)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "aime_api_zone is full, refused a login on \"%V\"",
                      &ctx->endpoint->name);

        (void) ngx_http_aime_reply_retry_after(r, 1);

        return ngx_http_aime_error_chars(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                         "The server has no memory left for "
                                         "this login, try again later");
    }

    (void) ngx_http_aime_arg_text(r, &args, "user", &user);
    (void) ngx_http_aime_arg_text(r, &args, "key", &key);

    ngx_http_aime_reply_chars(&reply, "{\"success\":true,\"ep_version\":");
    ngx_http_aime_reply_text(&reply, &ctx->endpoint->version);
    ngx_http_aime_reply_chars(&reply, ",\"client_session_auth_key\":");
    ngx_http_aime_reply_id(&reply, id);
    ngx_http_aime_reply_chars(&reply, ",\"user\":");
    ngx_http_aime_reply_string(&reply, &user);
    ngx_http_aime_reply_chars(&reply, ",\"key\":");
    ngx_http_aime_reply_string(&reply, &key);
    ngx_http_aime_reply_chars(&reply, "}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


/*
 * Whom the session will stand for; keyless on an open endpoint, where a key
 * is not needed, without one that is known.  NGX_DECLINED: the login is
 * refused.
 */

static ngx_int_t
ngx_http_aime_login_owner(ngx_http_request_t *r, ngx_http_aime_args_t *args,
    u_char *owner, ngx_uint_t *keyless)
{
    ngx_str_t                   user;
    ngx_http_aime_ctx_t        *ctx;
    ngx_http_aime_args_t        key;
    ngx_http_aime_client_t      client;
    ngx_http_aime_endpoint_t   *endpoint;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    endpoint = ctx->endpoint;

    *keyless = 0;

    /* one session does not log in another */

    key.elts = ngx_http_aime_arg(args, "key");
    key.nelts = key.elts ? 1 : 0;

    if (ngx_http_aime_identify(r, endpoint, &key, &client) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memcpy(owner, client.owner, NGX_AIME_ID_LEN);

    if (endpoint->open) {
        *keyless = (client.verdict != NGX_HTTP_AIME_CLIENT_OK);
        return NGX_OK;
    }

    if (client.verdict != NGX_HTTP_AIME_CLIENT_OK) {
        return NGX_DECLINED;
    }

    if (!endpoint->check_user) {
        return NGX_OK;
    }

    if (ngx_http_aime_arg_text(r, args, "user", &user) == NGX_ERROR) {
        return NGX_ERROR;
    }

    return ngx_http_aime_owns_key(endpoint, &user, owner) ? NGX_OK
                                                          : NGX_DECLINED;
}


static ngx_uint_t
ngx_http_aime_owns_key(ngx_http_aime_endpoint_t *endpoint, ngx_str_t *user,
    const u_char *id)
{
    ngx_uint_t            i;
    ngx_http_aime_key_t  *key;

    key = endpoint->keys.elts;

    for (i = 0; i < endpoint->keys.nelts; i++) {
        if (ngx_http_aime_same_id(key[i].id, id)
            && key[i].user.len == user->len
            && ngx_strncmp(key[i].user.data, user->data, user->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_aime_create_session(ngx_http_request_t *r, u_char *id,
    const u_char *owner)
{
    ngx_int_t                   rc;
    ngx_aime_zone_t            *zone;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);
    zone = amcf->zone;

    ngx_aime_shm_lock(zone);

    do {
        ngx_aime_id_make(id);
    } while (ngx_aime_shm_id_taken(&zone->sh->sessions, id));

    rc = ngx_aime_shm_session_create_locked(zone, id, owner);

    ngx_aime_shm_unlock(zone);

    return rc;
}


ngx_int_t
ngx_http_aime_client_progress(ngx_http_request_t *r)
{
    ngx_int_t               answer;
    ngx_aime_job_view_t     view;
    ngx_http_aime_ctx_t    *ctx;
    ngx_http_aime_reply_t   reply;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    if (ngx_http_aime_find_job(r, NGX_AIME_VIEW_PAYLOAD, &view, &answer)
        != NGX_OK)
    {
        return answer;
    }

    switch (view.state) {

    case NGX_AIME_JOB_DONE:
        return ngx_http_aime_progress_done(r, &view);

    case NGX_AIME_JOB_CANCELED:
    case NGX_AIME_JOB_LAPSED:

        /* on a 200 both client libraries would poll for ever */

        return ngx_http_aime_ended(r, ctx->endpoint, &view,
                                   NGX_HTTP_BAD_REQUEST);
    }

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_chars(&reply, "{\"success\":true,\"job_id\":");
    ngx_http_aime_reply_id(&reply, view.id);
    ngx_http_aime_reply_chars(&reply, ",\"ep_version\":");
    ngx_http_aime_reply_text(&reply, &ctx->endpoint->version);
    ngx_http_aime_reply_chars(&reply, ",\"job_state\":\"");
    ngx_http_aime_reply_chars(&reply, ngx_http_aime_state_name(view.state));
    ngx_http_aime_reply_chars(&reply, "\",\"progress\":");
    ngx_http_aime_progress(&reply, &view);
    ngx_http_aime_reply_chars(&reply, "}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


static ngx_int_t
ngx_http_aime_progress_done(ngx_http_request_t *r, ngx_aime_job_view_t *view)
{
    ngx_http_aime_ctx_t    *ctx;
    ngx_http_aime_reply_t   reply;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    if (ngx_http_aime_fetch(r, view->id) != NGX_OK
        || ngx_http_aime_vars_tell(r, ctx->endpoint, view->id) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_chars(&reply, "{\"success\":true,\"job_id\":");
    ngx_http_aime_reply_id(&reply, view->id);
    ngx_http_aime_reply_chars(&reply, ",\"ep_version\":");
    ngx_http_aime_reply_text(&reply, &ctx->endpoint->version);
    ngx_http_aime_reply_chars(&reply, ",\"job_state\":\"done\","
                                      "\"job_result\":");
    ngx_http_aime_result(&reply, ctx->endpoint, view);
    ngx_http_aime_reply_chars(&reply, "}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


ngx_int_t
ngx_http_aime_client_cancel(ngx_http_request_t *r)
{
    ngx_int_t                   answer;
    ngx_aime_job_view_t         view;
    ngx_http_aime_ctx_t        *ctx;
    ngx_http_aime_reply_t       reply;
    ngx_http_aime_main_conf_t  *amcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    if (ngx_http_aime_find_job(r, NGX_AIME_VIEW_NOTHING, &view, &answer)
        != NGX_OK)
    {
        return answer;
    }

    (void) ngx_aime_job_cancel(amcf->zone, view.id, NGX_AIME_REASON_CLIENT);

    /* it may have been finished just before */

    if (ngx_aime_job_view(amcf->zone, view.id, NGX_AIME_VIEW_NOTHING, NULL,
                          &view)
        != NGX_OK)
    {
        view.state = NGX_AIME_JOB_DONE;
    }

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_chars(&reply, "{\"success\":true,\"job_id\":");
    ngx_http_aime_reply_id(&reply, view.id);
    ngx_http_aime_reply_chars(&reply, ",\"ep_version\":");
    ngx_http_aime_reply_text(&reply, &ctx->endpoint->version);
    ngx_http_aime_reply_chars(&reply, ",\"job_state\":\"");
    ngx_http_aime_reply_chars(&reply, ngx_http_aime_state_name(view.state));
    ngx_http_aime_reply_chars(&reply, "\"}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


/*
 * The job that the request names, if its client may see it; what the view
 * holds is the request's.  Otherwise *answer is what the handler returns.
 */

static ngx_int_t
ngx_http_aime_find_job(ngx_http_request_t *r, ngx_uint_t what,
    ngx_aime_job_view_t *view, ngx_int_t *answer)
{
    u_char                      id[NGX_AIME_ID_LEN];
    ngx_int_t                   rc;
    ngx_str_t                   job_id;
    ngx_http_aime_ctx_t        *ctx;
    ngx_http_aime_args_t        args;
    ngx_http_aime_client_t      client;
    ngx_http_aime_main_conf_t  *amcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    if (ngx_http_aime_client_args(r, &args, answer) != NGX_OK) {
        return NGX_ERROR;
    }

    *answer = NGX_HTTP_INTERNAL_SERVER_ERROR;

    if (ngx_http_aime_identify(r, ctx->endpoint, &args, &client) != NGX_OK) {
        return NGX_ERROR;
    }

    if (client.verdict != NGX_HTTP_AIME_CLIENT_OK
        && client.verdict != NGX_HTTP_AIME_CLIENT_NOBODY)
    {
        *answer = ngx_http_aime_refuse_client(r, ctx->endpoint, &client);
        return NGX_ERROR;
    }

    rc = ngx_http_aime_arg_text(r, &args, "job_id", &job_id);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED || job_id.len == 0) {
        *answer = ngx_http_aime_error_chars(r, NGX_HTTP_BAD_REQUEST,
                                            "No job_id given");
        return NGX_ERROR;
    }

    if (ngx_aime_id_parse(job_id.data, job_id.len, id) != NGX_OK) {
        *answer = ngx_http_aime_no_job(r, &job_id);
        return NGX_ERROR;
    }

    rc = ngx_aime_job_view(amcf->zone, id, what, NULL, view);

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "aime_api_zone is full, cannot show a job");
        (void) ngx_http_aime_reply_retry_after(r, 1);
        *answer = ngx_http_aime_error_chars(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                            "The server is short of memory, "
                                            "try again later");
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        *answer = ngx_http_aime_no_job(r, &job_id);
        return NGX_ERROR;
    }

    if (view->payload
        && ngx_http_aime_reply_hold(r, view->payload) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!ngx_http_aime_may_see(ctx->endpoint, &client, view)) {
        *answer = ngx_http_aime_no_job(r, &job_id);
        return NGX_ERROR;
    }

    ngx_http_aime_note_job(r, id);

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_no_job(ngx_http_request_t *r, ngx_str_t *job_id)
{
    ngx_str_t  text;

    if (ngx_http_aime_no_job_text(r, job_id, &text) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_aime_error(r, NGX_HTTP_NOT_FOUND, &text);
}
