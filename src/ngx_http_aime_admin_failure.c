
/* Jobs that did not end well, see ngx_http_aime_admin_failure.h. */


#include "ngx_http_aime_admin_failure.h"
#include "ngx_http_aime_conf.h"
#include "ngx_http_aime_reply.h"
#include "ngx_aime_shm_failure.h"


static void ngx_http_aime_admin_failure(ngx_http_aime_reply_t *reply,
    ngx_aime_shm_failure_t *failure);
static void ngx_http_aime_admin_word(ngx_http_aime_reply_t *reply,
    const char *name, u_char *data, size_t len);


static const char  *ngx_http_aime_admin_outcomes[NGX_AIME_NOUTCOMES] = {
    "\"success\"", "\"error\"", "\"cancelled\"", "\"expired\"",
    "\"timeout\"", "\"worker_lost\""
};


ngx_int_t
ngx_http_aime_admin_failures(ngx_http_request_t *r,
    ngx_http_aime_args_t *args)
{
    ngx_uint_t               i, n;
    ngx_http_aime_reply_t    reply;
    ngx_aime_shm_failure_t  *failures;

    failures = ngx_palloc(r->pool,
                        NGX_AIME_NFAILURES * sizeof(ngx_aime_shm_failure_t));
    if (failures == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    n = ngx_aime_shm_failures(ngx_http_aime_zone(r), failures);

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_chars(&reply, "{\"success\":true,\"failures\":[");

    for (i = 0; i < n; i++) {
        ngx_http_aime_reply_chars(&reply, i ? "," : "");
        ngx_http_aime_admin_failure(&reply, &failures[i]);
    }

    ngx_http_aime_reply_chars(&reply, "]}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


/* Names of types and endpoints stay in the zone for good. */

static void
ngx_http_aime_admin_failure(ngx_http_aime_reply_t *reply,
    ngx_aime_shm_failure_t *failure)
{
    ngx_str_t                  *user;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(reply->request,
                                         ngx_http_aime_api_module);

    user = ngx_http_aime_user_of(amcf, failure->owner);

    ngx_http_aime_reply_chars(reply, "{\"job_id\":");
    ngx_http_aime_reply_id(reply, failure->id);
    ngx_http_aime_admin_word(reply, ",\"endpoint\":",
                             failure->endpoint->name,
                             failure->endpoint->name_len);
    ngx_http_aime_admin_word(reply, ",\"job_type\":", failure->type->name,
                             failure->type->name_len);
    ngx_http_aime_reply_chars(reply, ",\"outcome\":");
    ngx_http_aime_reply_chars(reply,
                           ngx_http_aime_admin_outcomes[failure->outcome]);
    ngx_http_aime_admin_word(reply, ",\"user\":", user ? user->data : NULL,
                             user ? user->len : 0);
    ngx_http_aime_admin_word(reply, ",\"worker\":", failure->worker,
                             failure->worker_len);
    ngx_http_aime_admin_word(reply, ",\"error\":", failure->error,
                             failure->error_len);
    ngx_http_aime_reply_chars(reply, ",\"attempts\":");
    ngx_http_aime_reply_integer(reply, failure->attempts);
    ngx_http_aime_reply_chars(reply, ",\"start_time\":");
    ngx_http_aime_reply_seconds(reply, failure->start_time);
    ngx_http_aime_reply_chars(reply, ",\"start_time_compute\":");

    if (failure->start_time_compute) {
        ngx_http_aime_reply_seconds(reply, failure->start_time_compute);

    } else {
        ngx_http_aime_reply_chars(reply, "null");
    }

    ngx_http_aime_reply_chars(reply, ",\"end_time\":");
    ngx_http_aime_reply_seconds(reply, failure->end_time);
    ngx_http_aime_reply_chars(reply, "}");
}


/* An empty one is null. */

static void
ngx_http_aime_admin_word(ngx_http_aime_reply_t *reply, const char *name,
    u_char *data, size_t len)
{
    ngx_str_t  text;

    text.len = len;
    text.data = len ? data : NULL;

    ngx_http_aime_reply_chars(reply, name);
    ngx_http_aime_reply_string(reply, &text);
}
