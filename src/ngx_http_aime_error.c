
/* Errors in the shape of their route, see ngx_http_aime_error.h. */


#include "ngx_http_aime_error.h"


static void ngx_http_aime_openai_text(ngx_http_aime_reply_t *reply,
    ngx_uint_t status, ngx_str_t *error);
static void ngx_http_aime_worker_error(ngx_http_aime_reply_t *reply,
    ngx_str_t *error, const char *cmd);
static ngx_int_t ngx_http_aime_nginx_error(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *text);
static ngx_uint_t ngx_http_aime_worker_status(ngx_http_request_t *r,
    ngx_uint_t status, const char **cmd);


void
ngx_http_aime_reply_error(ngx_http_aime_reply_t *reply, ngx_uint_t status,
    ngx_str_t *errors, ngx_uint_t nerrors)
{
    ngx_uint_t            i;
    ngx_http_aime_ctx_t  *ctx;

    static ngx_str_t  no_version = ngx_string("null");

    ctx = ngx_http_get_module_ctx(reply->request, ngx_http_aime_api_module);

    switch (ctx->route ? ctx->route->shape : NGX_HTTP_AIME_SHAPE_CLIENT) {

    case NGX_HTTP_AIME_SHAPE_WORKER:
        ngx_http_aime_worker_error(reply, errors, "error");
        return;

    case NGX_HTTP_AIME_SHAPE_STREAM:
        ngx_http_aime_reply_chars(reply, "{\"cmd\":\"error\","
                                         "\"success\":false,\"msg\":");
        ngx_http_aime_reply_string(reply, errors);
        ngx_http_aime_reply_chars(reply, "}");
        return;

    case NGX_HTTP_AIME_SHAPE_OPENAI:
        ngx_http_aime_openai_text(reply, status, errors);
        return;

    case NGX_HTTP_AIME_SHAPE_INFO:
    case NGX_HTTP_AIME_SHAPE_STATUS:
        ngx_http_aime_reply_chars(reply, "{\"success\":false,\"error\":");
        ngx_http_aime_reply_string(reply, errors);
        ngx_http_aime_reply_chars(reply, "}");
        return;

    default:
        ngx_http_aime_reply_chars(reply, "{\"success\":false,\"error\":[");

        for (i = 0; i < nerrors; i++) {
            if (i) {
                ngx_http_aime_reply_chars(reply, ",");
            }

            ngx_http_aime_reply_string(reply, &errors[i]);
        }

        ngx_http_aime_reply_chars(reply, "],\"ep_version\":");
        ngx_http_aime_reply_text(reply, ctx->endpoint
                                        ? &ctx->endpoint->version
                                        : &no_version);
        ngx_http_aime_reply_chars(reply, "}");
    }
}


/*
 * Clients choose the class of their exception by the status, and show the
 * rest.
 */

static void
ngx_http_aime_openai_text(ngx_http_aime_reply_t *reply, ngx_uint_t status,
    ngx_str_t *error)
{
    const char           *type, *code;
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(reply->request, ngx_http_aime_api_module);

    type = "invalid_request_error";
    code = NULL;

    if (status >= NGX_HTTP_INTERNAL_SERVER_ERROR) {
        type = "server_error";

    } else if (status == NGX_HTTP_UNAUTHORIZED) {
        code = "invalid_api_key";

    } else if (status == NGX_HTTP_TOO_MANY_REQUESTS) {
        type = "requests";
        code = "rate_limit_exceeded";
    }

    if (ctx->code) {
        code = ctx->code;
    }

    ngx_http_aime_reply_chars(reply, "{\"error\":{\"message\":");
    ngx_http_aime_reply_string(reply, error);
    ngx_http_aime_reply_chars(reply, ",\"type\":\"");
    ngx_http_aime_reply_chars(reply, type);
    ngx_http_aime_reply_chars(reply, "\",\"param\":");
    ngx_http_aime_reply_string(reply, &ctx->param);
    ngx_http_aime_reply_chars(reply, ",\"code\":");
    ngx_http_aime_reply_chars(reply, code ? "\"" : "null");

    if (code) {
        ngx_http_aime_reply_chars(reply, code);
        ngx_http_aime_reply_chars(reply, "\"");
    }

    ngx_http_aime_reply_chars(reply, "}}");
}


/* The members that either generation of workers looks at. */

static void
ngx_http_aime_worker_error(ngx_http_aime_reply_t *reply, ngx_str_t *error,
    const char *cmd)
{
    ngx_http_aime_reply_chars(reply, "{\"cmd\":\"");
    ngx_http_aime_reply_chars(reply, cmd);
    ngx_http_aime_reply_chars(reply, "\",\"success\":false,\"msg\":");
    ngx_http_aime_reply_string(reply, error);
    ngx_http_aime_reply_chars(reply, ",\"error_msg\":");
    ngx_http_aime_reply_string(reply, error);
    ngx_http_aime_reply_chars(reply, "}");
}


ngx_int_t
ngx_http_aime_error(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *error)
{
    ngx_http_aime_reply_t  reply;

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_error(&reply, status, error, 1);

    return ngx_http_aime_reply_send(&reply, status);
}


ngx_int_t
ngx_http_aime_error_chars(ngx_http_request_t *r, ngx_uint_t status,
    const char *error)
{
    ngx_str_t  text;

    text.data = (u_char *) error;
    text.len = ngx_strlen(error);

    return ngx_http_aime_error(r, status, &text);
}


ngx_int_t
ngx_http_aime_replace_error(ngx_http_request_t *r, ngx_chain_t **body)
{
    const char             *cmd;
    ngx_str_t               text;
    ngx_uint_t              status;
    ngx_chain_t            *cl;
    ngx_http_aime_ctx_t    *ctx;
    ngx_http_aime_reply_t   reply;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    status = r->headers_out.status;

    if (ngx_http_aime_nginx_error(r, status, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);

    if (ctx->route && ctx->route->shape == NGX_HTTP_AIME_SHAPE_WORKER) {
        status = ngx_http_aime_worker_status(r, status, &cmd);
        ngx_http_aime_worker_error(&reply, &text, cmd);

    } else {
        ngx_http_aime_reply_error(&reply, status, &text, 1);
    }

    if (reply.failed) {
        return NGX_ERROR;
    }

    for (cl = reply.first; cl->next; cl = cl->next) { /* void */ }

    cl->buf->last_buf = 1;
    cl->buf->last_in_chain = 1;

    ngx_http_aime_reply_head(r, status, "application/json", reply.len);

    *body = reply.first;

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_nginx_error(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *text)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (status == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
        clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

        text->data = ngx_pnalloc(r->pool,
                                 sizeof("The request body is larger than "
                                        " bytes") + NGX_OFF_T_LEN);
        if (text->data == NULL) {
            return NGX_ERROR;
        }

        text->len = ngx_sprintf(text->data,
                                "The request body is larger than %O bytes",
                                clcf->client_max_body_size)
                    - text->data;
        return NGX_OK;
    }

    switch (status) {

    case NGX_HTTP_NOT_FOUND:
        ngx_str_set(text, "Not found");
        break;

    case NGX_HTTP_FORBIDDEN:
        ngx_str_set(text, "Access denied");
        break;

    case NGX_HTTP_UNAUTHORIZED:
        ngx_str_set(text, "Authorization required");
        break;

    case NGX_HTTP_REQUEST_URI_TOO_LARGE:
        ngx_str_set(text, "The request's URI is too long");
        break;

    case NGX_HTTP_TOO_MANY_REQUESTS:
        ngx_str_set(text, "Too many requests");
        break;

    case NGX_HTTP_SERVICE_UNAVAILABLE:
        ngx_str_set(text, "The server is busy, try again later");
        break;

    default:
        if (status < NGX_HTTP_INTERNAL_SERVER_ERROR) {
            ngx_str_set(text, "The request was refused");

        } else {
            ngx_str_set(text, "Internal server error");
        }
    }

    return NGX_OK;
}


/*
 * Worker libraries take no other 5xx than a 503 to a job request, and send a
 * result again for ever that is not answered 200 (PROTOCOL section 3).
 */

static ngx_uint_t
ngx_http_aime_worker_status(ngx_http_request_t *r, ngx_uint_t status,
    const char **cmd)
{
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    *cmd = "error";

    if (status == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
        return NGX_HTTP_OK;
    }

    if (status < NGX_HTTP_INTERNAL_SERVER_ERROR
        || (status == NGX_HTTP_SERVICE_UNAVAILABLE
            && ngx_strcmp(ctx->route->name, "worker_job_request") == 0))
    {
        return status;
    }

    *cmd = "warning";

    return NGX_HTTP_OK;
}


ngx_int_t
ngx_http_aime_wrong_method(ngx_http_request_t *r, ngx_uint_t methods)
{
    ngx_int_t  rc;
    ngx_str_t  value;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_str_set(&value, "GET, POST");

    if (methods == NGX_HTTP_POST) {
        ngx_str_set(&value, "POST");

    } else if (methods == NGX_HTTP_GET) {
        ngx_str_set(&value, "GET");
    }

    if (ngx_http_aime_reply_header(r, "Allow", &value) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_aime_error_chars(r, NGX_HTTP_NOT_ALLOWED,
                                     "This method is not allowed here");
}
