
/* The routes by which workers come, see ngx_http_aime_login.h. */


#include "ngx_http_aime_login.h"
#include "ngx_http_aime_worker.h"


ngx_int_t
ngx_http_aime_worker_login(ngx_http_request_t *r)
{
    double                      batch;
    ngx_int_t                   rc;
    ngx_str_t                   error;
    ngx_http_aime_args_t        args, worker, model;
    ngx_http_aime_type_t       *type;
    ngx_http_aime_claim_t       claim;
    ngx_http_aime_reply_t       reply;
    ngx_aime_worker_hello_t     hello;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    rc = ngx_http_aime_body_args(r, &args, &error);

    if (rc == NGX_DECLINED) {
        return ngx_http_aime_error(r, NGX_HTTP_BAD_REQUEST, &error);
    }

    if (rc == NGX_ERROR
        || ngx_http_aime_arg_members(r, ngx_http_aime_arg(&args,
                                                  "worker_parameters"),
                                     &worker) != NGX_OK
        || ngx_http_aime_arg_members(r, ngx_http_aime_arg(&args,
                                                  "model_parameters"),
                                     &model) != NGX_OK
        || ngx_http_aime_worker_claim(r, &worker, &claim) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (claim.job_type.data == NULL
        || !ngx_http_aime_worker_name(&claim.name))
    {
        return ngx_http_aime_worker_refuse(r, "worker_parameters must be an "
                                           "object with auth (1 to 255 bytes "
                                           "without control characters), "
                                           "auth_key and job_type",
                                           NULL, NULL);
    }

    type = ngx_http_aime_type_named(amcf, &claim.job_type);

    if (type == NULL) {
        return ngx_http_aime_worker_refuse(r, "Unknown job_type: %V",
                                           &claim.job_type, NULL);
    }

    if (!ngx_http_aime_worker_key(type, &claim)) {
        return ngx_http_aime_worker_refuse(r, "Worker not authorized on job "
                                           "type %V", &claim.job_type, NULL);
    }

    ngx_memzero(&hello, sizeof(ngx_aime_worker_hello_t));

    hello.type = type->shm;
    hello.name = claim.name;
    hello.login = 1;
    hello.silence = 2 * type->request_timeout;
    hello.max_batch = 1;

    if (ngx_http_aime_arg_number(&worker, "max_batch_size", &batch)
        == NGX_OK && batch >= 1)
    {
        hello.max_batch = ngx_min(batch, NGX_MAX_INT32_VALUE);
    }

    ngx_http_aime_worker_fields(&worker, &model, hello.fields);

    if (ngx_aime_worker_hello(amcf->zone, &hello) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "no room for worker \"%V\" in aime_api_zone",
                      &claim.name);

        return ngx_http_aime_worker_refuse(r, "The server has no room for "
                                           "worker %V", &claim.name, NULL);
    }

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_chars(&reply, "{\"cmd\":\"ok\",\"success\":true,"
                                      "\"request_timeout\":");

    if (type->request_timeout % 1000 == 0) {
        ngx_http_aime_reply_integer(&reply, type->request_timeout / 1000);

    } else {
        ngx_http_aime_reply_seconds(&reply, type->request_timeout / 1000.0);
    }

    ngx_http_aime_reply_chars(&reply, ",\"api_server_version\":\""
                                      NGX_HTTP_AIME_API_VERSION "\"}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


/* The union of what both generations look at. */

ngx_int_t
ngx_http_aime_worker_check(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_str_t                   error;
    ngx_uint_t                  valid, logged_in;
    ngx_http_aime_args_t        args;
    ngx_http_aime_type_t       *type;
    ngx_http_aime_claim_t       claim;
    ngx_http_aime_reply_t       reply;
    ngx_aime_worker_view_t      view;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    rc = ngx_http_aime_body_args(r, &args, &error);

    if (rc == NGX_DECLINED) {
        return ngx_http_aime_error(r, NGX_HTTP_BAD_REQUEST, &error);
    }

    if (rc == NGX_ERROR
        || ngx_http_aime_worker_claim(r, &args, &claim) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    type = ngx_http_aime_type_named(amcf, &claim.job_type);
    valid = type && ngx_http_aime_worker_key(type, &claim);

    logged_in = valid && claim.name.data
                && ngx_aime_worker_find(amcf->zone, type->shm, &claim.name,
                                        &view)
                   == NGX_OK;

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_chars(&reply, valid ? "{\"cmd\":\"ok\""
                                            : "{\"cmd\":\"error\",\"msg\":");

    if (type == NULL) {
        (void) ngx_http_aime_worker_text(r, &error, "Unknown job_type: %V",
                                         &claim.job_type, NULL);
        ngx_http_aime_reply_string(&reply, &error);

    } else if (!valid) {
        (void) ngx_http_aime_worker_text(r, &error, "Worker not authorized "
                                         "on job type %V", &claim.job_type,
                                         NULL);
        ngx_http_aime_reply_string(&reply, &error);
    }

    ngx_http_aime_reply_chars(&reply, logged_in ? ",\"logged_in\":true"
                                                : ",\"logged_in\":false");
    ngx_http_aime_reply_chars(&reply, type ? ",\"job_type_present\":true"
                                           : ",\"job_type_present\":false");
    ngx_http_aime_reply_chars(&reply, valid ? ",\"key_valid\":true}"
                                            : ",\"key_valid\":false}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}

