
/* What an administrator does with jobs, see ngx_http_aime_admin_job.h. */


#include "ngx_http_aime_admin_job.h"
#include "ngx_http_aime_admin_worker.h"
#include "ngx_http_aime_error.h"
#include "ngx_http_aime_view.h"
#include "ngx_aime_admin.h"
#include "ngx_aime_id.h"
#include "ngx_aime_job_steer.h"


#define NGX_HTTP_AIME_ADMIN_LIMIT      100
#define NGX_HTTP_AIME_ADMIN_MAX        1000


static ngx_int_t ngx_http_aime_admin_filter(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_aime_admin_filter_t *filter,
    ngx_int_t *answer);
static ngx_int_t ngx_http_aime_admin_names(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_aime_admin_filter_t *filter,
    ngx_int_t *answer);
static ngx_int_t ngx_http_aime_admin_state(ngx_str_t *name,
    ngx_aime_admin_filter_t *filter);
static ngx_int_t ngx_http_aime_admin_page(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_uint_t *limit, u_char *after,
    ngx_int_t *answer);
static ngx_int_t ngx_http_aime_admin_job_id(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, u_char *id, ngx_int_t *answer);
static ngx_int_t ngx_http_aime_admin_no_job(ngx_http_request_t *r);
static ngx_int_t ngx_http_aime_admin_done(ngx_http_request_t *r,
    const u_char *id, const char *what);
static void ngx_http_aime_admin_show(ngx_http_aime_reply_t *reply,
    ngx_aime_admin_job_t *job);
static void ngx_http_aime_admin_time(ngx_http_aime_reply_t *reply,
    const char *name, double time);


static const char  *ngx_http_aime_admin_reasons[] = {
    "null",
    "\"queue_timeout\"",
    "\"inactivity\"",
    "\"worker_lost\"",
    "\"undelivered\"",
    "\"no_room\"",
    "\"endpoint_removed\"",
    "\"client\"",
    "\"hangup\"",
    "\"admin\""
};


ngx_int_t
ngx_http_aime_admin_jobs(ngx_http_request_t *r, ngx_http_aime_args_t *args)
{
    u_char                    after[NGX_AIME_ID_LEN], last[NGX_AIME_ID_LEN];
    ngx_int_t                 rc, answer;
    ngx_uint_t                i, n, limit, more;
    ngx_aime_admin_job_t     *jobs;
    ngx_http_aime_reply_t     reply;
    ngx_aime_admin_filter_t   filter;

    if (ngx_http_aime_admin_filter(r, args, &filter, &answer) != NGX_OK) {
        return answer;
    }

    rc = ngx_http_aime_admin_page(r, args, &limit, after, &answer);

    if (rc == NGX_ERROR) {
        return answer;
    }

    jobs = ngx_palloc(r->pool, limit * sizeof(ngx_aime_admin_job_t));
    if (jobs == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    n = ngx_aime_admin_jobs(ngx_http_aime_zone(r), &filter,
                            (rc == NGX_OK) ? after : NULL, jobs, limit, last,
                            &more);

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_chars(&reply, "{\"success\":true,\"jobs\":[");

    for (i = 0; i < n; i++) {
        ngx_http_aime_reply_chars(&reply, i ? "," : "");
        ngx_http_aime_admin_show(&reply, &jobs[i]);
    }

    ngx_http_aime_reply_chars(&reply, "],\"more\":");
    ngx_http_aime_reply_chars(&reply, more ? "true,\"after\":"
                                           : "false,\"after\":");

    if (more && filter.state != NGX_AIME_JOB_PROCESSING && !filter.oldest) {
        ngx_http_aime_reply_id(&reply, last);

    } else {
        ngx_http_aime_reply_chars(&reply, "null");
    }

    ngx_http_aime_reply_chars(&reply, "}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


static ngx_int_t
ngx_http_aime_admin_filter(ngx_http_request_t *r, ngx_http_aime_args_t *args,
    ngx_aime_admin_filter_t *filter, ngx_int_t *answer)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    *answer = NGX_HTTP_INTERNAL_SERVER_ERROR;

    filter->type = NULL;
    filter->endpoint = NULL;
    filter->state = NGX_CONF_UNSET_UINT;
    filter->failed = NGX_CONF_UNSET_UINT;
    filter->oldest = 0;

    rc = ngx_http_aime_arg_text(r, args, "state", &text);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_OK && ngx_http_aime_admin_state(&text, filter) != NGX_OK) {
        *answer = ngx_http_aime_error_chars(r, NGX_HTTP_BAD_REQUEST,
                                            "Argument state must be queued, "
                                            "processing, done, failed, "
                                            "canceled or lapsed");
        return NGX_ERROR;
    }

    rc = ngx_http_aime_arg_text(r, args, "order", &text);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    filter->oldest = (rc == NGX_OK);

    if (rc == NGX_OK
        && (filter->state != NGX_AIME_JOB_QUEUED || text.len != 3
            || ngx_strncmp(text.data, "age", 3) != 0))
    {
        *answer = ngx_http_aime_error_chars(r, NGX_HTTP_BAD_REQUEST,
                                            "Argument order must be age, of "
                                            "queued jobs");
        return NGX_ERROR;
    }

    return ngx_http_aime_admin_names(r, args, filter, answer);
}


static ngx_int_t
ngx_http_aime_admin_names(ngx_http_request_t *r, ngx_http_aime_args_t *args,
    ngx_aime_admin_filter_t *filter, ngx_int_t *answer)
{
    ngx_int_t                   rc;
    ngx_str_t                   text;
    ngx_http_aime_type_t       *type;
    ngx_http_aime_endpoint_t   *endpoint;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    rc = ngx_http_aime_arg_text(r, args, "job_type", &text);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_OK) {
        type = ngx_http_aime_type_named(amcf, &text);

        if (type == NULL) {
            *answer = ngx_http_aime_error_chars(r, NGX_HTTP_NOT_FOUND,
                                                "There is no such job type");
            return NGX_ERROR;
        }

        filter->type = type->shm;
    }

    rc = ngx_http_aime_arg_text(r, args, "endpoint", &text);

    if (rc != NGX_OK) {
        return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
    }

    endpoint = ngx_http_aime_endpoint_named(&amcf->endpoints, &text);

    if (endpoint == NULL) {
        *answer = ngx_http_aime_error_chars(r, NGX_HTTP_NOT_FOUND,
                                            "There is no such endpoint");
        return NGX_ERROR;
    }

    filter->endpoint = endpoint->shm;

    return NGX_OK;
}


/* "done" are those that went well, as they are counted. */

static ngx_int_t
ngx_http_aime_admin_state(ngx_str_t *name, ngx_aime_admin_filter_t *filter)
{
    ngx_uint_t   state;
    const char  *known;

    if (name->len == 6 && ngx_strncmp(name->data, "failed", 6) == 0) {
        filter->state = NGX_AIME_JOB_DONE;
        filter->failed = 1;
        return NGX_OK;
    }

    for (state = 0; state <= NGX_AIME_JOB_LAPSED; state++) {
        known = ngx_http_aime_state_name(state);

        if (ngx_strlen(known) == name->len
            && ngx_strncmp(known, name->data, name->len) == 0)
        {
            filter->state = state;
            filter->failed = 0;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


/* NGX_DECLINED: from the first one on. */

static ngx_int_t
ngx_http_aime_admin_page(ngx_http_request_t *r, ngx_http_aime_args_t *args,
    ngx_uint_t *limit, u_char *after, ngx_int_t *answer)
{
    ngx_int_t  rc, n;
    ngx_str_t  text;

    *limit = NGX_HTTP_AIME_ADMIN_LIMIT;
    *answer = NGX_HTTP_INTERNAL_SERVER_ERROR;

    rc = ngx_http_aime_arg_text(r, args, "limit", &text);

    if (rc == NGX_OK) {
        n = ngx_atoi(text.data, text.len);

        if (n < 1 || n > NGX_HTTP_AIME_ADMIN_MAX) {
            *answer = ngx_http_aime_error_chars(r, NGX_HTTP_BAD_REQUEST,
                                                "Argument limit must be a "
                                                "number from 1 to 1000");
            return NGX_ERROR;
        }

        *limit = n;
    }

    if (rc != NGX_ERROR) {
        rc = ngx_http_aime_arg_text(r, args, "after", &text);
    }

    if (rc == NGX_OK
        && ngx_aime_id_parse(text.data, text.len, after) != NGX_OK)
    {
        *answer = ngx_http_aime_error_chars(r, NGX_HTTP_BAD_REQUEST,
                                            "Argument after must be a job "
                                            "id");
        return NGX_ERROR;
    }

    return rc;
}


ngx_int_t
ngx_http_aime_admin_inspect(ngx_http_request_t *r, ngx_http_aime_args_t *args)
{
    u_char                  id[NGX_AIME_ID_LEN];
    ngx_int_t               answer;
    ngx_aime_admin_job_t    job;
    ngx_http_aime_reply_t   reply;

    if (ngx_http_aime_admin_job_id(r, args, id, &answer) != NGX_OK) {
        return answer;
    }

    if (ngx_aime_admin_job(ngx_http_aime_zone(r), id, &job) != NGX_OK) {
        return ngx_http_aime_admin_no_job(r);
    }

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_chars(&reply, "{\"success\":true,\"job\":");
    ngx_http_aime_admin_show(&reply, &job);
    ngx_http_aime_reply_chars(&reply, "}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


ngx_int_t
ngx_http_aime_admin_cancel(ngx_http_request_t *r, ngx_http_aime_args_t *args)
{
    u_char                id[NGX_AIME_ID_LEN];
    ngx_int_t             answer;
    ngx_aime_zone_t      *zone;
    ngx_aime_admin_job_t  job;

    zone = ngx_http_aime_zone(r);

    if (ngx_http_aime_admin_job_id(r, args, id, &answer) != NGX_OK) {
        return answer;
    }

    if (ngx_aime_job_cancel(zone, id, NGX_AIME_REASON_ADMIN) != NGX_OK) {
        return ngx_http_aime_admin_no_job(r);
    }

    /* it may have ended just before, or have been canceled by others */

    if (ngx_aime_admin_job(zone, id, &job) == NGX_OK
        && job.state != NGX_AIME_JOB_CANCELED)
    {
        return ngx_http_aime_error_chars(r, NGX_HTTP_CONFLICT,
                                         "The job has ended already");
    }

    return ngx_http_aime_admin_done(r, id, "canceled job");
}


ngx_int_t
ngx_http_aime_admin_requeue(ngx_http_request_t *r, ngx_http_aime_args_t *args)
{
    u_char     id[NGX_AIME_ID_LEN];
    ngx_int_t  answer;

    if (ngx_http_aime_admin_job_id(r, args, id, &answer) != NGX_OK) {
        return answer;
    }

    switch (ngx_aime_job_give_back(ngx_http_aime_zone(r), id)) {

    case NGX_OK:
        return ngx_http_aime_admin_done(r, id, "requeued job");

    case NGX_BUSY:
        return ngx_http_aime_error_chars(r, NGX_HTTP_CONFLICT,
                                         "Only a job that a worker has can go "
                                         "back into its queue");

    case NGX_ABORT:
        return ngx_http_aime_error_chars(r, NGX_HTTP_CONFLICT,
                                         "The job was handed out max_attempts "
                                         "times already");

    default:
        return ngx_http_aime_admin_no_job(r);
    }
}


ngx_int_t
ngx_http_aime_admin_priority(ngx_http_request_t *r,
    ngx_http_aime_args_t *args)
{
    u_char             id[NGX_AIME_ID_LEN];
    ngx_int_t          answer, priority;
    const char        *what;
    aime_json_member_t  *arg;

    static const char  *texts[NGX_AIME_NPRIORITIES] = {
        "set priority 0 of job", "set priority 1 of job",
        "set priority 2 of job", "set priority 3 of job"
    };

    if (ngx_http_aime_admin_job_id(r, args, id, &answer) != NGX_OK) {
        return answer;
    }

    arg = ngx_http_aime_arg(args, "priority");
    priority = NGX_ERROR;

    if (arg && arg->value.type == AIME_JSON_NUMBER) {
        priority = ngx_atoi((u_char *) arg->value.text.data,
                            arg->value.text.len);
    }

    if (priority < 0 || priority >= NGX_AIME_NPRIORITIES) {
        return ngx_http_aime_error_chars(r, NGX_HTTP_BAD_REQUEST,
                                         "priority must be a number from 0 "
                                         "to 3");
    }

    what = texts[priority];

    switch (ngx_aime_job_set_priority(ngx_http_aime_zone(r), id, priority)) {

    case NGX_OK:
        return ngx_http_aime_admin_done(r, id, what);

    case NGX_BUSY:
        return ngx_http_aime_error_chars(r, NGX_HTTP_CONFLICT,
                                         "The job does not wait any more");

    case NGX_ERROR:
        return ngx_http_aime_error_chars(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                         "The server has no memory left, try "
                                         "again later");

    default:
        return ngx_http_aime_admin_no_job(r);
    }
}


/* NGX_DECLINED: *answer is what the handler returns. */

static ngx_int_t
ngx_http_aime_admin_job_id(ngx_http_request_t *r, ngx_http_aime_args_t *args,
    u_char *id, ngx_int_t *answer)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    *answer = NGX_HTTP_INTERNAL_SERVER_ERROR;

    rc = ngx_http_aime_arg_text(r, args, "job_id", &text);

    if (rc == NGX_DECLINED) {
        *answer = ngx_http_aime_error_chars(r, NGX_HTTP_BAD_REQUEST,
                                            "No job_id given");
    }

    if (rc == NGX_OK && ngx_aime_id_parse(text.data, text.len, id) != NGX_OK)
    {
        *answer = ngx_http_aime_admin_no_job(r);
        return NGX_DECLINED;
    }

    return (rc == NGX_OK) ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_aime_admin_no_job(ngx_http_request_t *r)
{
    return ngx_http_aime_error_chars(r, NGX_HTTP_NOT_FOUND,
                                     "There is no job of that id");
}


static ngx_int_t
ngx_http_aime_admin_done(ngx_http_request_t *r, const u_char *id,
    const char *what)
{
    u_char                  text[NGX_AIME_UUID_LEN];
    ngx_str_t               whom;
    ngx_aime_admin_job_t    job;
    ngx_http_aime_reply_t   reply;

    whom.data = text;
    whom.len = ngx_aime_id_print(text, id) - text;

    ngx_http_aime_note_job(r, id);
    ngx_http_aime_admin_log(r, what, &whom);

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_chars(&reply, "{\"success\":true,\"job\":");

    if (ngx_aime_admin_job(ngx_http_aime_zone(r), id, &job) == NGX_OK) {
        ngx_http_aime_admin_show(&reply, &job);

    } else {
        ngx_http_aime_reply_chars(&reply, "null");
    }

    ngx_http_aime_reply_chars(&reply, "}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


/* Names of types and endpoints stay in the zone for good. */

static void
ngx_http_aime_admin_show(ngx_http_aime_reply_t *reply,
    ngx_aime_admin_job_t *job)
{
    ngx_str_t                   text, *user;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(reply->request,
                                         ngx_http_aime_api_module);

    user = ngx_http_aime_user_of(amcf, job->owner);

    ngx_http_aime_reply_chars(reply, "{\"job_id\":");
    ngx_http_aime_reply_id(reply, job->id);
    ngx_http_aime_reply_chars(reply, ",\"endpoint\":");
    text.len = job->endpoint->name_len;
    text.data = job->endpoint->name;
    ngx_http_aime_reply_string(reply, &text);
    ngx_http_aime_reply_chars(reply, ",\"job_type\":");
    text.len = job->type->name_len;
    text.data = job->type->name;
    ngx_http_aime_reply_string(reply, &text);
    ngx_http_aime_reply_chars(reply, ",\"job_state\":\"");
    ngx_http_aime_reply_chars(reply, ngx_http_aime_state_name(job->state));
    ngx_http_aime_reply_chars(reply, job->failed ? "\",\"failed\":true"
                                                 : "\",\"failed\":false");
    ngx_http_aime_reply_chars(reply, ",\"reason\":");
    ngx_http_aime_reply_chars(reply,
                              ngx_http_aime_admin_reasons[job->reason]);

    text.len = user ? user->len : 0;
    text.data = user ? user->data : NULL;

    ngx_http_aime_reply_chars(reply, ",\"user\":");
    ngx_http_aime_reply_string(reply, &text);
    ngx_http_aime_reply_chars(reply, ",\"priority\":");
    ngx_http_aime_reply_integer(reply, job->priority);
    ngx_http_aime_reply_chars(reply, ",\"queue_position\":");
    ngx_http_aime_reply_integer(reply, job->position);
    ngx_http_aime_reply_chars(reply, ",\"attempts\":");
    ngx_http_aime_reply_integer(reply, job->attempts);
    ngx_http_aime_reply_chars(reply, ",\"max_attempts\":");
    ngx_http_aime_reply_integer(reply, job->max_attempts);

    text.len = job->worker_len;
    text.data = job->worker_len ? job->worker : NULL;

    ngx_http_aime_reply_chars(reply, ",\"worker\":");
    ngx_http_aime_reply_string(reply, &text);
    ngx_http_aime_reply_chars(reply, ",\"progress\":");

    text.len = job->progress_len;
    text.data = job->progress;

    if (text.len) {
        ngx_http_aime_reply_text(reply, &text);

    } else {
        ngx_http_aime_reply_chars(reply, "null");
    }

    ngx_http_aime_admin_time(reply, ",\"start_time\":", job->start_time);
    ngx_http_aime_admin_time(reply, ",\"start_time_compute\":",
                             job->start_time_compute);
    ngx_http_aime_admin_time(reply, ",\"result_received_time\":",
                             job->result_received_time);

    ngx_http_aime_reply_chars(reply, ",\"input_bytes\":");
    ngx_http_aime_reply_integer(reply, job->input_len);
    ngx_http_aime_reply_chars(reply, ",\"result_bytes\":");
    ngx_http_aime_reply_integer(reply, job->result_len);
    ngx_http_aime_reply_chars(reply, job->fetched ? ",\"fetched\":true}"
                                                  : ",\"fetched\":false}");
}


static void
ngx_http_aime_admin_time(ngx_http_aime_reply_t *reply, const char *name,
    double time)
{
    ngx_http_aime_reply_chars(reply, name);

    if (time) {
        ngx_http_aime_reply_seconds(reply, time);

    } else {
        ngx_http_aime_reply_chars(reply, "null");
    }
}
