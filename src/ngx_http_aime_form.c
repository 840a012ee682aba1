
/* How the client routes answer, see ngx_http_aime_form.h. */


#include "ngx_http_aime_form.h"
#include "ngx_http_aime_view.h"


/* bytes of the answer to who does not wait, without the version */

#define NGX_HTTP_AIME_SUBMITTED_SIZE   96


static ngx_int_t ngx_http_aime_submitted(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, const u_char *id);
static ngx_int_t ngx_http_aime_submitted_done(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_view_t *view);
static ngx_int_t ngx_http_aime_submitted_ended(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_view_t *view);


const ngx_http_aime_form_t  ngx_http_aime_client_form = {
    ngx_http_aime_submitted,
    ngx_http_aime_submitted_done,
    ngx_http_aime_submitted_ended,
    NULL,                                   /* stream */
    NULL,                                   /* refused */
    ngx_null_string,                        /* note */
    0,                                      /* lowered */
    0,
    0,                                      /* keep */
    0                                       /* detached */
};


static ngx_int_t
ngx_http_aime_submitted(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, const u_char *id)
{
    ngx_http_aime_reply_t  reply;

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_SUBMITTED_SIZE
                                         + endpoint->version.len);
    ngx_http_aime_reply_chars(&reply, "{\"success\":true,\"job_id\":");
    ngx_http_aime_reply_id(&reply, id);
    ngx_http_aime_reply_chars(&reply, ",\"ep_version\":");
    ngx_http_aime_reply_text(&reply, &endpoint->version);
    ngx_http_aime_reply_chars(&reply, "}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


static ngx_int_t
ngx_http_aime_submitted_done(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_view_t *view)
{
    ngx_http_aime_reply_t  reply;

    ngx_http_aime_reply_start(&reply, r,
                              ngx_http_aime_result_size(endpoint, view));
    ngx_http_aime_result(&reply, endpoint, view);

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


static ngx_int_t
ngx_http_aime_submitted_ended(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_view_t *view)
{
    return ngx_http_aime_ended(r, endpoint, view, NGX_HTTP_GATEWAY_TIME_OUT);
}
