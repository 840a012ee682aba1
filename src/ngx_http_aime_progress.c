
/*
 * What workers tell of running jobs, see ngx_http_aime_progress.h.
 *
 * What a worker sends reaches clients as it was written, less what the
 * endpoint's file does not name.
 */


#include "ngx_http_aime_progress.h"
#include "ngx_http_aime_grow.h"
#include "ngx_http_aime_pieces.h"
#include "ngx_http_aime_worker.h"
#include "ngx_aime_id.h"
#include "ngx_aime_job_progress.h"
#include "ngx_aime_job_room.h"


#define NGX_HTTP_AIME_MAX_NUMBER     64     /* bytes of a progress value */


static ngx_int_t ngx_http_aime_reports(ngx_http_request_t *r,
    aime_json_elements_t *reports, ngx_str_t *error);
static ngx_uint_t ngx_http_aime_is_array(aime_str_t *text);
static ngx_int_t ngx_http_aime_progress_item(ngx_http_request_t *r,
    aime_json_value_t *report, ngx_http_aime_reply_t *reply,
    ngx_str_t *refusal);
static ngx_int_t ngx_http_aime_progress_claim(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_http_aime_args_t *data,
    ngx_str_t *job_id, ngx_http_aime_claim_t *claim);
static ngx_int_t ngx_http_aime_progress_grown(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_http_aime_args_t *data,
    ngx_aime_shm_endpoint_t *shm, uint64_t worker, const u_char *id);
static ngx_int_t ngx_http_aime_progress_publish(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_http_aime_args_t *data,
    ngx_http_aime_endpoint_t *endpoint, uint64_t worker, const u_char *id,
    ngx_aime_shm_payload_t **before);
static ngx_int_t ngx_http_aime_progress_pieces(ngx_http_request_t *r,
    ngx_http_aime_pieces_t *pieces, aime_json_member_t *number,
    ngx_http_aime_args_t *data, ngx_http_aime_endpoint_t *endpoint);
static void ngx_http_aime_progress_answer(ngx_http_aime_reply_t *reply,
    ngx_int_t verdict, ngx_str_t *job_id, ngx_str_t *worker);


ngx_int_t
ngx_http_aime_worker_progress(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_str_t               error;
    ngx_uint_t              i;
    aime_json_elements_t    reports;
    ngx_http_aime_reply_t   reply;

    rc = ngx_http_aime_reports(r, &reports, &error);

    if (rc == NGX_DECLINED) {
        return ngx_http_aime_error(r, NGX_HTTP_BAD_REQUEST, &error);
    }

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_aime_reply_start(&reply, r, 32 * (reports.nelts + 1));
    ngx_http_aime_reply_chars(&reply, "[");

    for (i = 0; i < reports.nelts; i++) {
        ngx_http_aime_reply_chars(&reply, i ? "," : "");

        rc = ngx_http_aime_progress_item(r, &reports.elts[i], &reply, &error);

        if (rc == NGX_DECLINED) {
            return ngx_http_aime_worker_refused(r, &error);
        }

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    ngx_http_aime_reply_chars(&reply, "]");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


/* The body is an array of reports, or one. */

static ngx_int_t
ngx_http_aime_reports(ngx_http_request_t *r, aime_json_elements_t *reports,
    ngx_str_t *error)
{
    int                   rc;
    size_t                i;
    aime_str_t            text;
    aime_pool_t           pool;
    aime_json_error_t     mistake;
    aime_json_value_t    *value;
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    value = ngx_palloc(r->pool, sizeof(aime_json_value_t));
    if (value == NULL) {
        return NGX_ERROR;
    }

    text.data = ctx->body.data;
    text.len = ctx->body.len;
    pool = ngx_http_aime_pool(r);

    /* either reads all of it */

    if (ngx_http_aime_is_array(&text)) {
        rc = aime_json_elements(&pool, text, reports, &mistake);

    } else {
        rc = aime_json_scan(text, value, &mistake);

        reports->elts = value;
        reports->nelts = 1;
    }

    if (rc == AIME_ERROR) {
        return ngx_http_aime_json_error(r, &mistake, error);
    }

    if (rc == AIME_NOMEM) {
        return NGX_ERROR;
    }

    for (i = 0; i < reports->nelts; i++) {
        if (reports->elts[i].type != AIME_JSON_OBJECT) {
            ngx_str_set(error, "A progress report must be a JSON object");
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


/* Is it an array, if it is anything? */

static ngx_uint_t
ngx_http_aime_is_array(aime_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len && ngx_strchr(" \t\r\n", text->data[i]); i++) {
        /* void */
    }

    return i < text->len && text->data[i] == '[';
}


/* NGX_DECLINED: the worker is refused. */

static ngx_int_t
ngx_http_aime_progress_item(ngx_http_request_t *r, aime_json_value_t *report,
    ngx_http_aime_reply_t *reply, ngx_str_t *refusal)
{
    u_char                      id[NGX_AIME_ID_LEN];
    ngx_int_t                   rc;
    ngx_str_t                   job_id;
    aime_json_member_t          arg;
    ngx_http_aime_args_t        args, data;
    ngx_http_aime_claim_t       claim;
    ngx_aime_worker_view_t      view;
    ngx_aime_shm_endpoint_t    *shm;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    ngx_memzero(&arg, sizeof(aime_json_member_t));
    arg.value = *report;

    if (ngx_http_aime_arg_members(r, &arg, &args) != NGX_OK
        || ngx_http_aime_arg_members(r, ngx_http_aime_arg(&args,
                                                          "progress_data"),
                                     &data) != NGX_OK
        || ngx_http_aime_arg_text(r, &args, "job_id", &job_id) == NGX_ERROR
        || ngx_http_aime_progress_claim(r, &args, &data, &job_id, &claim)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (claim.name.data == NULL) {

        /* of a job that is gone: no reason to refuse the other reports */

        ngx_http_aime_progress_answer(reply, NGX_DECLINED, &job_id,
                                      &claim.name);
        return NGX_OK;
    }

    rc = ngx_http_aime_worker_identify(r, &claim, &view, refusal);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = NGX_DECLINED;

    if (ngx_aime_id_parse(job_id.data, job_id.len, id) == NGX_OK) {
        rc = ngx_aime_job_check_progress(amcf->zone, id, view.number, &shm);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_aime_progress_grown(r, &args, &data, shm, view.number,
                                          id);
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    ngx_http_aime_progress_answer(reply, rc, &job_id, &claim.name);

    return NGX_OK;
}


/*
 * Who reports: one library sends its name within progress_data only, another
 * not at all, so that the job's own worker is meant.
 */

static ngx_int_t
ngx_http_aime_progress_claim(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_http_aime_args_t *data,
    ngx_str_t *job_id, ngx_http_aime_claim_t *claim)
{
    u_char                      id[NGX_AIME_ID_LEN];
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    if (ngx_http_aime_worker_claim(r, args, claim) != NGX_OK) {
        return NGX_ERROR;
    }

    if (claim->name.data) {
        return NGX_OK;
    }

    if (ngx_http_aime_arg_text(r, data, "auth", &claim->name) == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (claim->name.data
        || ngx_aime_id_parse(job_id->data, job_id->len, id) != NGX_OK)
    {
        return NGX_OK;
    }

    return (ngx_aime_job_worker(amcf->zone, r->pool, id, &claim->name)
            == NGX_ERROR)
           ? NGX_ERROR : NGX_OK;
}


/* Again where another report has come between that and the one before. */

static ngx_int_t
ngx_http_aime_progress_grown(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_http_aime_args_t *data,
    ngx_aime_shm_endpoint_t *shm, uint64_t worker, const u_char *id)
{
    ngx_int_t                    rc;
    ngx_aime_shm_hold_t         *hold;
    ngx_http_aime_args_t         whole;
    ngx_aime_shm_payload_t      *before;
    ngx_http_aime_endpoint_t    *endpoint;
    ngx_http_aime_main_conf_t   *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);
    endpoint = ngx_http_aime_endpoint_of(amcf, shm);

    do {
        whole = *data;

        rc = ngx_http_aime_grow(r, endpoint, id, &whole, &hold);

        if (rc == NGX_OK) {
            before = hold ? hold->payload : NULL;

            rc = ngx_http_aime_progress_publish(r, args, &whole, endpoint,
                                                worker, id,
                                                endpoint && endpoint->grows
                                                ? &before : NULL);
        }

        if (hold) {
            ngx_aime_job_drop(amcf->zone, hold);
        }

    } while (rc == NGX_BUSY);

    return rc;
}


static ngx_int_t
ngx_http_aime_progress_publish(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_http_aime_args_t *data,
    ngx_http_aime_endpoint_t *endpoint, uint64_t worker, const u_char *id,
    ngx_aime_shm_payload_t **before)
{
    aime_json_member_t         *number;
    ngx_aime_shm_hold_t        *hold;
    ngx_http_aime_pieces_t      pieces;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);
    number = ngx_http_aime_arg(args, "progress");

    if (number && (number->value.type != AIME_JSON_NUMBER
                   || number->value.text.len > NGX_HTTP_AIME_MAX_NUMBER))
    {
        number = NULL;
    }

    if (ngx_http_aime_progress_pieces(r, &pieces, number, data, endpoint)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    hold = ngx_aime_job_reserve(amcf->zone, pieces.len,
                                NGX_AIME_ROOM_PROGRESS);

    if (hold) {
        ngx_http_aime_pieces_start(&pieces, hold->payload);
        (void) ngx_http_aime_pieces_copy(&pieces, pieces.len);

    } else {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "aime_api_zone is full, dropped a progress report");
    }

    return ngx_aime_job_progress(amcf->zone, id, worker, hold,
                                 number ? number->value.text.len : 0, before);
}


/*
 * The payload is the progress value as written, and behind it the object of
 * those data that the endpoint names.
 */

static ngx_int_t
ngx_http_aime_progress_pieces(ngx_http_request_t *r,
    ngx_http_aime_pieces_t *pieces, aime_json_member_t *number,
    ngx_http_aime_args_t *data, ngx_http_aime_endpoint_t *endpoint)
{
    ngx_uint_t  i, first;

    if (ngx_http_aime_pieces_init(r, pieces, 3 + 2 * data->nelts) != NGX_OK) {
        return NGX_ERROR;
    }

    if (number) {
        ngx_http_aime_pieces_add(pieces, number->value.text.data,
                                 number->value.text.len);
    }

    ngx_http_aime_pieces_add(pieces, "{", 1);

    first = pieces->nelts;

    for (i = 0; endpoint && i < data->nelts; i++) {
        if (ngx_http_aime_pieces_output(r, pieces,
                                        &endpoint->progress_outputs,
                                        &data->elts[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    /* a comma stands in front of each member but the first */

    if (pieces->nelts > first) {
        pieces->elts[first].data++;
        pieces->elts[first].len--;
        pieces->len--;
    }

    ngx_http_aime_pieces_add(pieces, "}", 1);

    return NGX_OK;
}


/*
 * Libraries look every job_id that comes back up in their running jobs: it is
 * sent only to stop one.
 */

static void
ngx_http_aime_progress_answer(ngx_http_aime_reply_t *reply,
    ngx_int_t verdict, ngx_str_t *job_id, ngx_str_t *worker)
{
    switch (verdict) {

    case NGX_DECLINED:
        ngx_http_aime_reply_chars(reply, "{\"cmd\":\"warning\","
                                         "\"success\":false,\"msg\":");
        ngx_http_aime_worker_not_found(reply, job_id, worker);
        ngx_http_aime_reply_chars(reply, "}");
        return;

    case NGX_ABORT:
        ngx_http_aime_reply_chars(reply, "{\"cmd\":\"ok\",\"success\":true,"
                                         "\"job_id\":");
        ngx_http_aime_reply_string(reply, job_id);
        ngx_http_aime_reply_chars(reply, ",\"canceled\":true}");
        return;

    default:
        ngx_http_aime_reply_chars(reply, "{\"cmd\":\"ok\","
                                         "\"success\":true}");
    }
}
