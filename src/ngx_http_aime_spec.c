
/* What a job is submitted with, see ngx_http_aime_spec.h. */


#include <ngx_sha1.h>

#include "ngx_http_aime_spec.h"


/*
 * How long the clients of OpenAI wait at most before they try again, and more,
 * in milliseconds.
 */

#define NGX_HTTP_AIME_GRACE    10000


static ngx_int_t ngx_http_aime_spec_priority(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_spec_t *spec,
    ngx_str_t *error);
static ngx_int_t ngx_http_aime_spec_once(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, aime_input_t *input,
    ngx_aime_job_spec_t *spec, ngx_str_t *error);
static void ngx_http_aime_spec_retry(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, aime_input_t *input,
    ngx_aime_job_spec_t *spec);
static void ngx_http_aime_spec_id(ngx_http_aime_endpoint_t *endpoint,
    ngx_aime_job_spec_t *spec, const u_char *data, size_t len);
static void ngx_http_aime_spec_inputs(aime_input_t *input,
    ngx_aime_job_spec_t *spec);
static void ngx_http_aime_spec_digest(ngx_sha1_t *sha1, const void *data,
    size_t len);
static void ngx_http_aime_spec_digested(ngx_sha1_t *sha1, u_char *id);


/* Limits are the job's own from here on: a reload does not change them. */

ngx_int_t
ngx_http_aime_job_spec(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_client_t *client,
    aime_input_t *input, ngx_aime_job_spec_t *spec, ngx_str_t *error)
{
    ngx_memzero(spec, sizeof(ngx_aime_job_spec_t));

    spec->queue = endpoint->queue;
    spec->owner = client->owner;
    spec->max_queue_length = endpoint->max_queue_length;
    spec->client_limit = endpoint->client_request_limit;

    /* a request that was made before still finds its job */

    if (!endpoint->enabled) {
        spec->max_queue_length = 0;
        spec->client_limit = 0;
    }

    spec->queue_timeout = endpoint->max_time_in_queue;
    spec->inactivity_timeout = endpoint->job_inactivity_timeout;
    spec->result_lifetime = endpoint->result_lifetime;
    spec->max_attempts = endpoint->max_attempts;
    spec->fair = endpoint->fair_share;
    spec->open = client->session || endpoint->open;
    spec->retry = endpoint->retry;
    spec->cancel_on_disconnect = endpoint->cancel_on_disconnect;

    if (ngx_http_aime_spec_priority(r, endpoint, spec, error) != NGX_OK) {
        return NGX_DECLINED;
    }

    return ngx_http_aime_spec_once(r, endpoint, input, spec, error);
}


static ngx_int_t
ngx_http_aime_spec_priority(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_spec_t *spec,
    ngx_str_t *error)
{
    ngx_str_t            *value;
    ngx_uint_t            asked;
    ngx_http_aime_key_t  *key;

    key = ngx_http_aime_endpoint_key(endpoint, spec->owner);
    spec->priority = key ? key->priority : endpoint->priority;

    value = ngx_http_aime_header_in(r, "X-Priority");

    if (value == NULL) {
        return NGX_OK;
    }

    if (value->len != 1 || value->data[0] < '0'
        || value->data[0] >= '0' + NGX_AIME_NPRIORITIES)
    {
        ngx_str_set(error, "Header X-Priority must be a number from 0 to 3");
        return NGX_DECLINED;
    }

    asked = value->data[0] - '0';
    spec->priority = ngx_min(spec->priority, asked);

    return NGX_OK;
}


/*
 * The inputs are compared as they are after their validation: with defaults
 * filled in, without credentials, and whether the client waits or not.  Such a
 * job is not canceled by a hang-up: who sends a key wants to ask again.
 */

static ngx_int_t
ngx_http_aime_spec_once(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, aime_input_t *input,
    ngx_aime_job_spec_t *spec, ngx_str_t *error)
{
    ngx_str_t  *value;

    value = ngx_http_aime_header_in(r, "Idempotency-Key");

    if (value == NULL || value->len == 0) {
        ngx_http_aime_spec_retry(r, endpoint, input, spec);
        return NGX_OK;
    }

    if (value->len > NGX_HTTP_AIME_MAX_ONCE_LEN) {
        ngx_str_set(error, "Header Idempotency-Key has more than 255 bytes");
        return NGX_DECLINED;
    }

    ngx_http_aime_spec_id(endpoint, spec, value->data, value->len);
    ngx_http_aime_spec_inputs(input, spec);

    spec->once = 1;
    spec->keep = 1;
    spec->cancel_on_disconnect = 0;

    return NGX_OK;
}


/*
 * OpenAI's clients send no such key, but say how often they have made a request
 * before: one that is made again is known by its inputs.  Since its connection
 * may have been lost, it has some time to come back.
 */

static void
ngx_http_aime_spec_retry(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, aime_input_t *input,
    ngx_aime_job_spec_t *spec)
{
    ngx_str_t            *value;
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    value = ngx_http_aime_header_in(r, "X-Stainless-Retry-Count");

    if (value == NULL || ctx->route->shape != NGX_HTTP_AIME_SHAPE_OPENAI) {
        return;
    }

    ngx_http_aime_spec_inputs(input, spec);
    ngx_http_aime_spec_id(endpoint, spec, spec->once_inputs,
                          NGX_AIME_ID_LEN);

    spec->once = 1;
    spec->first = (ngx_atoi(value->data, value->len) <= 0);
    spec->again = !spec->first;
    spec->grace = NGX_HTTP_AIME_GRACE;
}


static void
ngx_http_aime_spec_id(ngx_http_aime_endpoint_t *endpoint,
    ngx_aime_job_spec_t *spec, const u_char *data, size_t len)
{
    ngx_sha1_t  sha1;

    ngx_sha1_init(&sha1);
    ngx_http_aime_spec_digest(&sha1, spec->owner, NGX_AIME_ID_LEN);
    ngx_http_aime_spec_digest(&sha1, endpoint->name.data, endpoint->name.len);
    ngx_http_aime_spec_digest(&sha1, data, len);
    ngx_http_aime_spec_digested(&sha1, spec->once_id);
}


static void
ngx_http_aime_spec_inputs(aime_input_t *input, ngx_aime_job_spec_t *spec)
{
    size_t               i;
    ngx_sha1_t           sha1;
    aime_json_member_t  *member;

    ngx_sha1_init(&sha1);

    for (i = 0; i < input->nmembers; i++) {
        member = &input->members[i];

        ngx_http_aime_spec_digest(&sha1, member->name.data,
                                  member->name.len);
        ngx_http_aime_spec_digest(&sha1, member->value.text.data,
                                  member->value.text.len);
    }

    ngx_http_aime_spec_digested(&sha1, spec->once_inputs);
}


/* With its length in front, so that no two lists of texts are the same. */

static void
ngx_http_aime_spec_digest(ngx_sha1_t *sha1, const void *data, size_t len)
{
    uint64_t  n;

    n = len;

    ngx_sha1_update(sha1, &n, sizeof(n));
    ngx_sha1_update(sha1, data, len);
}


static void
ngx_http_aime_spec_digested(ngx_sha1_t *sha1, u_char *id)
{
    u_char  digest[20];

    ngx_sha1_final(digest, sha1);
    ngx_memcpy(id, digest, NGX_AIME_ID_LEN);
}
