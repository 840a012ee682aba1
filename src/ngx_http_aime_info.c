
/* The info routes, see ngx_http_aime_info.h; PROTOCOL section 2. */


#include "ngx_http_aime_info.h"
#include "ngx_http_aime_machine.h"
#include "ngx_http_aime_error.h"
#include "ngx_aime_job_submit.h"
#include "ngx_aime_worker.h"


static ngx_int_t ngx_http_aime_info_key(ngx_http_request_t *r);
static ngx_int_t ngx_http_aime_info_endpoints(ngx_http_request_t *r);
static ngx_int_t ngx_http_aime_info_details(ngx_http_request_t *r);
static ngx_int_t ngx_http_aime_info_secret(ngx_http_request_t *r,
    u_char *id);


ngx_http_aime_route_t  ngx_http_aime_info_routes[] = {
    { "validate_key", NGX_HTTP_GET|NGX_HTTP_POST, NGX_HTTP_AIME_SHAPE_INFO,
      ngx_http_aime_info_key },
    { "endpoints", NGX_HTTP_GET|NGX_HTTP_POST, NGX_HTTP_AIME_SHAPE_INFO,
      ngx_http_aime_info_endpoints },
    { NULL, 0, 0, NULL }
};

ngx_http_aime_route_t  ngx_http_aime_details_routes[] = {
    { "", NGX_HTTP_GET|NGX_HTTP_POST, NGX_HTTP_AIME_SHAPE_INFO,
      ngx_http_aime_info_details },
    { NULL, 0, 0, NULL }
};


static ngx_int_t
ngx_http_aime_info_key(ngx_http_request_t *r)
{
    u_char                      id[NGX_AIME_ID_LEN];
    ngx_int_t                   rc;
    ngx_http_aime_reply_t       reply;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    rc = ngx_http_aime_info_secret(r, id);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);

    if (rc == NGX_OK && ngx_http_aime_any_key(amcf, id)) {
        ngx_http_aime_reply_chars(&reply, "{\"success\":true,"
                                          "\"error\":null}");

    } else {
        ngx_http_aime_reply_chars(&reply, "{\"success\":false,"
                                          "\"error\":\"Key not valid\"}");
    }

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


static ngx_int_t
ngx_http_aime_info_endpoints(ngx_http_request_t *r)
{
    u_char                      id[NGX_AIME_ID_LEN];
    ngx_int_t                   rc;
    ngx_uint_t                  i, n;
    ngx_http_aime_reply_t       reply;
    ngx_http_aime_endpoint_t  **ep;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    rc = ngx_http_aime_info_secret(r, id);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_OK && !ngx_http_aime_any_key(amcf, id)) {
        return ngx_http_aime_error_chars(r, NGX_HTTP_UNAUTHORIZED,
                                         "Key not valid");
    }

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_chars(&reply, "{\"endpoints\":[");

    ep = amcf->endpoints.elts;
    n = 0;

    for (i = 0; i < amcf->endpoints.nelts; i++) {

        if (rc == NGX_OK && !ep[i]->open
            && ngx_http_aime_endpoint_key(ep[i], id) == NULL)
        {
            continue;
        }

        ngx_http_aime_reply_chars(&reply, n++ ? "," : "");
        ngx_http_aime_reply_string(&reply, &ep[i]->name);
    }

    ngx_http_aime_reply_chars(&reply, "]}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


/* The id of the key that was sent; NGX_DECLINED: none was. */

static ngx_int_t
ngx_http_aime_info_secret(ngx_http_request_t *r, u_char *id)
{
    ngx_int_t             rc;
    ngx_str_t             secret, error;
    ngx_http_aime_args_t  args;

    rc = ngx_http_aime_query(r, &args, &error);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {

        /* a key that is given twice is none that anybody has */

        ngx_memzero(id, NGX_AIME_ID_LEN);
        return NGX_OK;
    }

    rc = ngx_http_aime_secret(r, &args, &secret);

    if (rc == NGX_OK) {
        ngx_http_aime_key_id(secret.data, secret.len, id);
    }

    return rc;
}


static ngx_int_t
ngx_http_aime_info_details(ngx_http_request_t *r)
{
    ngx_uint_t                  i, n, nonline, nqueued, retry_after;
    ngx_http_aime_ctx_t        *ctx;
    ngx_http_aime_reply_t       reply;
    ngx_aime_worker_view_t     *workers;
    ngx_http_aime_endpoint_t   *ep;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);
    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    ep = ctx->endpoint;

    if (ngx_aime_worker_list(amcf->zone, r->pool, ep->type->shm, &workers, &n,
                             &nonline)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_aime_job_queue_state(amcf->zone, ep->type->shm, &nqueued,
                             &retry_after);

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_chars(&reply, "{");
    ngx_http_aime_reply_text(&reply, &ep->details);
    ngx_http_aime_reply_chars(&reply, ",\"free_queue_slots\":");
    ngx_http_aime_reply_integer(&reply, (nqueued < ep->max_queue_length)
                                        ? ep->max_queue_length - nqueued : 0);
    ngx_http_aime_reply_chars(&reply, ",\"category\":");
    ngx_http_aime_reply_text(&reply, &ep->category);
    ngx_http_aime_reply_chars(&reply, ",\"num_active_workers\":");
    ngx_http_aime_reply_integer(&reply, nonline);
    ngx_http_aime_reply_chars(&reply, ",\"num_workers\":");
    ngx_http_aime_reply_integer(&reply, n);
    ngx_http_aime_reply_chars(&reply, ",\"workers\":[");

    for (i = 0; i < n; i++) {
        ngx_http_aime_reply_chars(&reply, i ? ",{" : "{");
        ngx_http_aime_machine(&reply, &workers[i]);
        ngx_http_aime_reply_chars(&reply, "}");
    }

    ngx_http_aime_reply_chars(&reply, "],\"parameter_description\":");
    ngx_http_aime_reply_text(&reply, &ep->parameters);
    ngx_http_aime_reply_chars(&reply, "}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}
