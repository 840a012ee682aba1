
/* What clients may see of a job, see ngx_http_aime_view.h. */


#include "ngx_http_aime_view.h"
#include "ngx_aime_id.h"
#include "ngx_aime_job_wait.h"


#define NGX_HTTP_AIME_MAX_QUOTED    64

/* bytes of a result without version and outputs */

#define NGX_HTTP_AIME_RESULT_SIZE   448


/* A result that is being sent to a client that did not wait for it. */

typedef struct {
    ngx_aime_zone_t             *zone;
    ngx_http_request_t          *request;
    u_char                       id[NGX_AIME_ID_LEN];
} ngx_http_aime_fetch_t;


static void ngx_http_aime_fetched(void *data);


static const char  *ngx_http_aime_state_names[] = {
    "queued",
    "processing",
    "done",
    "canceled",
    "lapsed"
};


/*
 * A job that was submitted with a session only, or on an open endpoint, is
 * seen by whoever knows its id: two client libraries poll without
 * credentials.
 */

ngx_uint_t
ngx_http_aime_may_see(ngx_http_aime_endpoint_t *endpoint,
    ngx_http_aime_client_t *client, ngx_aime_job_view_t *view)
{
    if (view->endpoint != endpoint->shm) {
        return 0;
    }

    if (view->open) {
        return 1;
    }

    return client->verdict == NGX_HTTP_AIME_CLIENT_OK
           && ngx_http_aime_same_id(client->owner, view->owner);
}


ngx_int_t
ngx_http_aime_no_job_text(ngx_http_request_t *r, ngx_str_t *job_id,
    ngx_str_t *text)
{
    size_t  len;

    len = ngx_min(job_id->len, NGX_HTTP_AIME_MAX_QUOTED);

    text->data = ngx_pnalloc(r->pool,
                    sizeof("Client has no active request with this job id ")
                    + len);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    text->len = ngx_sprintf(text->data,
                            "Client has no active request with this job id "
                            "%*s", len, job_id->data)
                - text->data;

    return NGX_OK;
}


const char *
ngx_http_aime_state_name(ngx_uint_t state)
{
    return ngx_http_aime_state_names[state];
}


size_t
ngx_http_aime_result_size(ngx_http_aime_endpoint_t *endpoint,
    ngx_aime_job_view_t *view)
{
    return NGX_HTTP_AIME_RESULT_SIZE + endpoint->version.len
           + ngx_http_aime_reply_cost(view->payload->payload->len);
}


void
ngx_http_aime_result(ngx_http_aime_reply_t *reply,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_view_t *view)
{
    ngx_aime_shm_payload_t  *payload;

    ngx_http_aime_note_view(reply->request, view);

    ngx_http_aime_reply_chars(reply, "{\"success\":true,\"job_id\":");
    ngx_http_aime_reply_id(reply, view->id);
    ngx_http_aime_reply_chars(reply, ",\"ep_version\":");
    ngx_http_aime_reply_text(reply, &endpoint->version);

    ngx_http_aime_reply_chars(reply, ",\"start_time\":");
    ngx_http_aime_reply_seconds(reply, view->start_time);
    ngx_http_aime_reply_chars(reply, ",\"start_time_compute\":");
    ngx_http_aime_reply_seconds(reply, view->start_time_compute);
    ngx_http_aime_reply_chars(reply, ",\"result_received_time\":");
    ngx_http_aime_reply_seconds(reply, view->result_received_time);
    ngx_http_aime_reply_chars(reply, ",\"result_sent_time\":");
    ngx_http_aime_reply_seconds(reply, ngx_max(ngx_aime_job_now(),
                                               view->result_received_time));
    ngx_http_aime_reply_chars(reply, ",\"total_duration\":");
    ngx_http_aime_reply_seconds(reply, view->result_received_time
                                       - view->start_time);
    ngx_http_aime_reply_chars(reply, ",\"compute_duration\":");
    ngx_http_aime_reply_seconds(reply, view->result_received_time
                                       - view->start_time_compute);
    ngx_http_aime_reply_chars(reply, ",\"pending_duration\":");
    ngx_http_aime_reply_seconds(reply, view->start_time_compute
                                       - view->start_time);

    payload = view->payload->payload;

    ngx_http_aime_reply_payload(reply, payload, 0, payload->len);
    ngx_http_aime_reply_chars(reply, "}");
}


/* A worker's report lies in one payload: the number, then the data. */

void
ngx_http_aime_progress_members(ngx_http_aime_reply_t *reply,
    ngx_aime_job_view_t *view)
{
    ngx_aime_shm_payload_t  *payload;

    payload = view->payload ? view->payload->payload : NULL;

    ngx_http_aime_note_view(reply->request, view);

    ngx_http_aime_reply_chars(reply, "\"progress\":");

    if (payload && view->progress_len) {
        ngx_http_aime_reply_payload(reply, payload, 0, view->progress_len);

    } else {
        ngx_http_aime_reply_chars(reply, "0");
    }

    ngx_http_aime_reply_chars(reply, ",\"queue_position\":");
    ngx_http_aime_reply_integer(reply, view->position);
    ngx_http_aime_reply_chars(reply, ",\"estimate\":");

    if (view->estimate < 0) {
        ngx_http_aime_reply_chars(reply, "-1");

    } else {
        ngx_http_aime_reply_seconds(reply, view->estimate);
    }

    ngx_http_aime_reply_chars(reply, ",\"num_workers_online\":");
    ngx_http_aime_reply_integer(reply, view->nonline);
    ngx_http_aime_reply_chars(reply, ",\"job_id\":");
    ngx_http_aime_reply_id(reply, view->id);
    ngx_http_aime_reply_chars(reply, ",\"progress_data\":");

    if (payload && payload->len > view->progress_len) {
        ngx_http_aime_reply_payload(reply, payload, view->progress_len,
                                    payload->len - view->progress_len);

    } else {
        ngx_http_aime_reply_chars(reply, "{}");
    }
}


void
ngx_http_aime_progress(ngx_http_aime_reply_t *reply,
    ngx_aime_job_view_t *view)
{
    ngx_http_aime_reply_chars(reply, "{");
    ngx_http_aime_progress_members(reply, view);
    ngx_http_aime_reply_chars(reply, "}");
}


void
ngx_http_aime_end_errors(ngx_http_aime_reply_t *reply,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_view_t *view)
{
    u_char      *p;
    ngx_str_t    text;
    const char  *reason;

    p = ngx_pnalloc(reply->pool, sizeof("Job  on  canceled!")
                                 + NGX_AIME_UUID_LEN + endpoint->name.len);
    if (p == NULL) {
        reply->failed = 1;
        return;
    }

    text.data = p;

    p = ngx_cpymem(p, "Job ", 4);
    p = ngx_aime_id_print(p, view->id);
    p = ngx_sprintf(p, " on %V %s!", &endpoint->name,
                    ngx_http_aime_state_name(view->state));

    text.len = p - text.data;

    ngx_http_aime_reply_chars(reply, "[");
    ngx_http_aime_reply_string(reply, &text);

    reason = ngx_http_aime_end_reason(view->reason);

    if (reason) {
        ngx_http_aime_reply_chars(reply, ",\"");
        ngx_http_aime_reply_chars(reply, reason);
        ngx_http_aime_reply_chars(reply, "\"");
    }

    ngx_http_aime_reply_chars(reply, "]");
}


const char *
ngx_http_aime_end_reason(ngx_uint_t reason)
{
    switch (reason) {

    case NGX_AIME_REASON_QUEUE_TIMEOUT:
        return "No worker took it within max_time_in_queue";

    case NGX_AIME_REASON_INACTIVITY:
        return "Its worker reported nothing of it for "
               "job_inactivity_timeout";

    case NGX_AIME_REASON_WORKER_LOST:
        return "The worker that had it was lost";

    case NGX_AIME_REASON_UNDELIVERED:
        return "No worker stayed until it was handed over";

    case NGX_AIME_REASON_REMOVED:
        return "Its endpoint was removed";

    case NGX_AIME_REASON_ADMIN:
        return "An administrator canceled it";

    case NGX_AIME_REASON_NO_ROOM:
        return "The server had no memory for its result";

    default:
        return NULL;
    }
}


ngx_int_t
ngx_http_aime_ended(ngx_http_request_t *r, ngx_http_aime_endpoint_t *endpoint,
    ngx_aime_job_view_t *view, ngx_uint_t lapsed)
{
    ngx_http_aime_reply_t  reply;

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_chars(&reply, "{\"success\":false,\"error\":");
    ngx_http_aime_end_errors(&reply, endpoint, view);
    ngx_http_aime_reply_chars(&reply, ",\"job_id\":");
    ngx_http_aime_reply_id(&reply, view->id);
    ngx_http_aime_reply_chars(&reply, ",\"ep_version\":");
    ngx_http_aime_reply_text(&reply, &endpoint->version);
    ngx_http_aime_reply_chars(&reply, ",\"job_state\":\"");
    ngx_http_aime_reply_chars(&reply, ngx_http_aime_state_name(view->state));
    ngx_http_aime_reply_chars(&reply, "\",\"progress\":");
    ngx_http_aime_progress(&reply, view);
    ngx_http_aime_reply_chars(&reply, "}");

    return ngx_http_aime_reply_send(&reply,
                                    (view->state == NGX_AIME_JOB_CANCELED)
                                    ? NGX_HTTP_AIME_GONE : lapsed);
}


ngx_int_t
ngx_http_aime_fetch(ngx_http_request_t *r, const u_char *id)
{
    ngx_http_cleanup_t     *cln;
    ngx_http_aime_fetch_t  *fetch;

    cln = ngx_http_cleanup_add(r, sizeof(ngx_http_aime_fetch_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_aime_fetched;

    fetch = cln->data;
    fetch->zone = ngx_http_aime_zone(r);
    fetch->request = r;
    ngx_memcpy(fetch->id, id, NGX_AIME_ID_LEN);

    return NGX_OK;
}


static void
ngx_http_aime_fetched(void *data)
{
    ngx_http_aime_fetch_t  *fetch = data;

    if (!fetch->request->header_only
        && ngx_http_aime_reply_sent(fetch->request))
    {
        ngx_aime_job_fetched(fetch->zone, fetch->id);
    }
}


void
ngx_http_aime_note_job(ngx_http_request_t *r, const u_char *id)
{
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    ctx->job_id.data = ngx_pnalloc(r->pool, NGX_AIME_UUID_LEN);

    if (ctx->job_id.data) {
        (void) ngx_aime_id_print(ctx->job_id.data, id);
        ctx->job_id.len = NGX_AIME_UUID_LEN;
    }
}


void
ngx_http_aime_note_view(ngx_http_request_t *r, ngx_aime_job_view_t *view)
{
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    ctx->job.known = 1;
    ctx->job.state = view->state;
    ctx->job.start = view->start_time;
    ctx->job.taken = view->start_time_compute;
    ctx->job.end = view->result_received_time;
}
