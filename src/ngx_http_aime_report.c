
/*
 * The routes by which workers report, see ngx_http_aime_report.h.
 *
 * What a worker sends reaches clients as it was written, less what the
 * endpoint's file does not name.
 */


#include "ngx_http_aime_report.h"
#include "ngx_http_aime_grow.h"
#include "ngx_http_aime_park.h"
#include "ngx_http_aime_tally.h"
#include "ngx_http_aime_vars.h"
#include "ngx_http_aime_worker.h"
#include "ngx_aime_id.h"
#include "ngx_aime_job_progress.h"
#include "ngx_aime_job_result.h"
#include "ngx_aime_job_room.h"
#include "ngx_aime_job_steer.h"


#define NGX_HTTP_AIME_MAX_NUMBER     64     /* bytes of a progress value */

/* bytes of a result that are copied before others have their turn */

#define NGX_HTTP_AIME_SLICE          (1024 * 1024)

/* a process that quits waits for whom a timer waits for, milliseconds */

#define NGX_HTTP_AIME_SLICE_WAIT     1000

/* how long a result waits for room in a full zone, milliseconds */

#define NGX_HTTP_AIME_ROOM_WAIT      30000


/* Pieces of a payload, to be counted first and copied then. */

typedef struct {
    ngx_str_t                   *elts;
    ngx_uint_t                   nelts;
    size_t                       len;
    ngx_aime_shm_cursor_t        cursor;    /* how far they are copied: */
    ngx_uint_t                   next;      /* to the middle of that one */
    size_t                       copied;    /* of it */
} ngx_http_aime_pieces_t;


/* A result that waits for room, or for others to have their turn. */

typedef struct {
    ngx_aime_zone_t             *zone;
    ngx_http_aime_endpoint_t    *endpoint;
    ngx_str_t                    job_id;
    ngx_str_t                    worker;
    uint64_t                     number;
    u_char                       id[NGX_AIME_ID_LEN];
    ngx_http_aime_args_t         args;
    ngx_http_aime_pieces_t       pieces;
    ngx_aime_shm_hold_t         *hold;      /* NULL: no room yet */
    ngx_msec_t                   end;
} ngx_http_aime_result_t;


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
static void ngx_http_aime_progress_answer(ngx_http_aime_reply_t *reply,
    ngx_int_t verdict, ngx_str_t *job_id, ngx_str_t *worker);
static void ngx_http_aime_not_found(ngx_http_aime_reply_t *reply,
    ngx_str_t *job_id, ngx_str_t *worker);

static ngx_int_t ngx_http_aime_result_accept(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_aime_worker_view_t *view,
    ngx_http_aime_result_t *result);
static ngx_int_t ngx_http_aime_result_pieces(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_aime_worker_view_t *view,
    ngx_http_aime_result_t *result);
static ngx_int_t ngx_http_aime_result_store(ngx_http_request_t *r,
    ngx_http_aime_result_t *result);
static ngx_int_t ngx_http_aime_result_finish(ngx_http_request_t *r,
    ngx_http_aime_result_t *result);
static ngx_http_aime_park_t *ngx_http_aime_result_park(ngx_http_request_t *r,
    ngx_http_aime_result_t *result);
static ngx_int_t ngx_http_aime_result_yield(ngx_http_request_t *r,
    ngx_http_aime_park_t *park);
static void ngx_http_aime_result_cleanup(void *data);
static ngx_int_t ngx_http_aime_result_wait(ngx_http_request_t *r,
    ngx_http_aime_result_t *result);
static ngx_int_t ngx_http_aime_result_resume(ngx_http_request_t *r,
    ngx_http_aime_park_t *park, ngx_uint_t why);
static ngx_int_t ngx_http_aime_result_no_room(ngx_http_request_t *r,
    ngx_http_aime_result_t *result);
static ngx_int_t ngx_http_aime_result_answer(ngx_http_request_t *r,
    ngx_http_aime_result_t *result, ngx_int_t verdict);

static ngx_int_t ngx_http_aime_pieces_init(ngx_http_request_t *r,
    ngx_http_aime_pieces_t *pieces, ngx_uint_t n);
static void ngx_http_aime_piece(ngx_http_aime_pieces_t *pieces,
    const void *data, size_t len);
static ngx_int_t ngx_http_aime_output_piece(ngx_http_request_t *r,
    ngx_http_aime_pieces_t *pieces, ngx_array_t *outputs,
    aime_json_member_t *arg);
static ngx_int_t ngx_http_aime_one_line(ngx_http_request_t *r,
    aime_str_t *text);
static void ngx_http_aime_fill_start(ngx_http_aime_pieces_t *pieces,
    ngx_aime_shm_payload_t *payload);
static ngx_uint_t ngx_http_aime_fill(ngx_http_aime_pieces_t *pieces,
    size_t max);


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


/*
 * The payload is the progress value as written, and behind it the object of
 * those data that the endpoint names.
 */

static ngx_int_t
ngx_http_aime_progress_publish(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_http_aime_args_t *data,
    ngx_http_aime_endpoint_t *endpoint, uint64_t worker, const u_char *id,
    ngx_aime_shm_payload_t **before)
{
    ngx_uint_t                  i, first;
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

    if (ngx_http_aime_pieces_init(r, &pieces, 3 + 2 * data->nelts)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (number) {
        ngx_http_aime_piece(&pieces, number->value.text.data,
                            number->value.text.len);
    }

    ngx_http_aime_piece(&pieces, "{", 1);

    first = pieces.nelts;

    for (i = 0; endpoint && i < data->nelts; i++) {
        if (ngx_http_aime_output_piece(r, &pieces,
                                       &endpoint->progress_outputs,
                                       &data->elts[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    /* a comma stands in front of each member but the first */

    if (pieces.nelts > first) {
        pieces.elts[first].data++;
        pieces.elts[first].len--;
        pieces.len--;
    }

    ngx_http_aime_piece(&pieces, "}", 1);

    hold = ngx_aime_job_reserve(amcf->zone, pieces.len,
                                NGX_AIME_ROOM_PROGRESS);

    if (hold) {
        ngx_http_aime_fill_start(&pieces, hold->payload);
        (void) ngx_http_aime_fill(&pieces, pieces.len);

    } else {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "aime_api_zone is full, dropped a progress report");
    }

    return ngx_aime_job_progress(amcf->zone, id, worker, hold,
                                 number ? number->value.text.len : 0, before);
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
        ngx_http_aime_not_found(reply, job_id, worker);
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


static void
ngx_http_aime_not_found(ngx_http_aime_reply_t *reply, ngx_str_t *job_id,
    ngx_str_t *worker)
{
    ngx_str_t  text;

    if (ngx_http_aime_worker_text(reply->request, &text,
                                  "Job with job id %V not found in worker "
                                  "%V!", job_id, worker)
        == NGX_ERROR)
    {
        reply->failed = 1;
        return;
    }

    ngx_http_aime_reply_string(reply, &text);
}


ngx_int_t
ngx_http_aime_worker_result(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_str_t                   error;
    ngx_http_aime_args_t        args;
    ngx_http_aime_claim_t       claim;
    ngx_http_aime_result_t     *result;
    ngx_aime_worker_view_t      view;

    rc = ngx_http_aime_body_args(r, &args, &error);

    if (rc == NGX_DECLINED) {
        return ngx_http_aime_error(r, NGX_HTTP_BAD_REQUEST, &error);
    }

    result = ngx_pcalloc(r->pool, sizeof(ngx_http_aime_result_t));

    if (rc == NGX_ERROR || result == NULL
        || ngx_http_aime_worker_claim(r, &args, &claim) != NGX_OK
        || ngx_http_aime_arg_text(r, &args, "job_id", &result->job_id)
           == NGX_ERROR)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_aime_worker_identify(r, &claim, &view, &error);

    if (rc == NGX_DECLINED) {
        return ngx_http_aime_worker_refused(r, &error);
    }

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    result->worker = claim.name;
    result->number = view.number;
    result->args = args;

    return ngx_http_aime_result_accept(r, &args, &view, result);
}


static ngx_int_t
ngx_http_aime_result_accept(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_aime_worker_view_t *view,
    ngx_http_aime_result_t *result)
{
    ngx_int_t                   rc;
    ngx_http_aime_ctx_t        *ctx;
    ngx_http_aime_park_t       *park;
    ngx_aime_shm_endpoint_t    *shm;
    ngx_http_aime_main_conf_t  *amcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    result->zone = amcf->zone;

    if (ngx_aime_id_parse(result->job_id.data, result->job_id.len,
                          result->id)
        != NGX_OK)
    {
        return ngx_http_aime_result_answer(r, result, NGX_DECLINED);
    }

    ctx->job_id = result->job_id;

    rc = ngx_aime_job_check_result(amcf->zone, result->id, result->number,
                                   &shm);

    if (rc != NGX_OK) {
        return ngx_http_aime_result_answer(r, result, rc);
    }

    result->endpoint = ngx_http_aime_endpoint_of(amcf, shm);

    if (result->endpoint == NULL
        && shm->generation < amcf->zone->generation)
    {
        /* a reload has removed it: which outputs clients may see is unknown */

        (void) ngx_aime_job_cancel(amcf->zone, result->id,
                                   NGX_AIME_REASON_REMOVED);

        rc = ngx_aime_job_check_result(amcf->zone, result->id,
                                       result->number, &shm);

        return ngx_http_aime_result_answer(r, result, rc);
    }

    if (ngx_http_aime_result_pieces(r, args, view, result) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_aime_result_store(r, result);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_BUSY) {
        return ngx_http_aime_result_wait(r, result);
    }

    if (rc == NGX_AGAIN) {
        park = ngx_http_aime_result_park(r, result);

        return park ? ngx_http_aime_result_yield(r, park)
                    : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_aime_result_answer(r, result, rc);
}


/* The members of the client's answer that come from the worker. */

static ngx_int_t
ngx_http_aime_result_pieces(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_aime_worker_view_t *view,
    ngx_http_aime_result_t *result)
{
    u_char                  *p;
    ngx_str_t                version;
    ngx_uint_t               i;
    aime_str_t               value;
    ngx_http_aime_pieces_t  *pieces;

    static ngx_str_t  no_version = ngx_string("null");

    pieces = &result->pieces;

    if (ngx_http_aime_pieces_init(r, pieces, 2 * args->nelts + 16)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (result->endpoint == NULL) {
        return NGX_OK;
    }

    if (result->endpoint->worker_meta) {

        if (ngx_aime_worker_version(result->zone, r->pool, view->type,
                                    &result->worker, &version)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (version.len == 0) {
            version = no_version;
        }

        value.data = result->worker.data;
        value.len = result->worker.len;

        p = ngx_pnalloc(r->pool, aime_json_quoted_len(value));
        if (p == NULL) {
            return NGX_ERROR;
        }

        ngx_http_aime_piece(pieces, ",\"auth\":", 8);
        ngx_http_aime_piece(pieces, p, aime_json_quote(p, value) - p);
        ngx_http_aime_piece(pieces, ",\"worker_interface_version\":", 28);
        ngx_http_aime_piece(pieces, version.data, version.len);
    }

    for (i = 0; i < args->nelts; i++) {
        if (ngx_http_aime_output_piece(r, pieces, &result->endpoint->outputs,
                                       &args->elts[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * NGX_BUSY: the zone has no room now; NGX_AGAIN: it is not all there yet;
 * NGX_ERROR: this process has no room.
 */

static ngx_int_t
ngx_http_aime_result_store(ngx_http_request_t *r,
    ngx_http_aime_result_t *result)
{
    if (result->hold == NULL) {
        result->hold = ngx_aime_job_reserve(result->zone, result->pieces.len,
                                            NGX_AIME_ROOM_RESULT);

        if (result->hold == NULL) {
            return NGX_BUSY;
        }

        ngx_http_aime_fill_start(&result->pieces, result->hold->payload);
    }

    /* a subrequest cannot wait */

    if (!ngx_http_aime_fill(&result->pieces, (r == r->main)
                                             ? NGX_HTTP_AIME_SLICE
                                             : result->pieces.len))
    {
        return NGX_AGAIN;
    }

    return ngx_http_aime_result_finish(r, result);
}


static ngx_int_t
ngx_http_aime_result_finish(ngx_http_request_t *r,
    ngx_http_aime_result_t *result)
{
    ngx_int_t             rc;
    ngx_aime_job_vars_t   vars;
    ngx_aime_shm_hold_t  *hold;

    hold = result->hold;
    result->hold = NULL;

    ngx_http_aime_tally_result(r, result->id, &result->args, hold->payload);

    /* again where another result changed the session meanwhile */

    do {
        rc = ngx_http_aime_vars_merge(r, result->endpoint, &result->args,
                                      result->id, &vars);

        if (rc != NGX_ERROR) {
            rc = ngx_aime_job_finish(result->zone, result->id,
                                     result->number, hold,
                                     (rc == NGX_OK) ? &vars : NULL);
        }

        if (rc == NGX_OK && vars.values) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "aime_api_zone is full, dropped session variables "
                          "of job %V", &result->job_id);
        }

        ngx_http_aime_vars_drop(r, &vars);

    } while (rc == NGX_AGAIN);

    if (rc == NGX_OK) {
        ngx_http_aime_tally_finished(r, result->endpoint, &result->worker,
                                     result->id, &result->args);
    }

    if (rc == NGX_ERROR) {
        ngx_aime_job_drop(result->zone, hold);
    }

    return rc;
}


static ngx_http_aime_park_t *
ngx_http_aime_result_park(ngx_http_request_t *r,
    ngx_http_aime_result_t *result)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (cln == NULL) {
        ngx_http_aime_result_cleanup(result);
        return NULL;
    }

    cln->handler = ngx_http_aime_result_cleanup;
    cln->data = result;

    return ngx_http_aime_park_create(r, ngx_http_aime_result_resume, result);
}


/* The result is here: it counts, even if the worker goes away meanwhile. */

static ngx_int_t
ngx_http_aime_result_yield(ngx_http_request_t *r, ngx_http_aime_park_t *park)
{
    ngx_int_t  rc;

    ngx_http_aime_park_yield(park);
    rc = ngx_http_aime_park_wait(park, NGX_HTTP_AIME_SLICE_WAIT);

    r->read_event_handler = ngx_http_block_reading;

    return rc;
}


static void
ngx_http_aime_result_cleanup(void *data)
{
    ngx_http_aime_result_t *result = data;

    if (result->hold) {
        ngx_aime_job_drop(result->zone, result->hold);
    }
}


/*
 * The zone is full.  The worker waits for its answer: the result of an hour's
 * work is worth some seconds until others have been fetched.
 */

static ngx_int_t
ngx_http_aime_result_wait(ngx_http_request_t *r,
    ngx_http_aime_result_t *result)
{
    ngx_http_aime_park_t  *park;

    if (!ngx_aime_job_fits(result->zone, result->pieces.len)) {
        return ngx_http_aime_result_no_room(r, result);
    }

    park = ngx_http_aime_result_park(r, result);
    if (park == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    result->end = ngx_current_msec + NGX_HTTP_AIME_ROOM_WAIT;

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "aime_api_zone is full, the result of job %V (%uz bytes) "
                  "waits for room", &result->job_id, result->pieces.len);

    return ngx_http_aime_park_wait(park, NGX_HTTP_AIME_RETRY_INTERVAL);
}


static ngx_int_t
ngx_http_aime_result_resume(ngx_http_request_t *r,
    ngx_http_aime_park_t *park, ngx_uint_t why)
{
    ngx_int_t                rc;
    ngx_http_aime_result_t  *result;

    result = park->data;
    rc = ngx_http_aime_result_store(r, result);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_AGAIN) {
        return ngx_http_aime_result_yield(r, park);
    }

    if (rc != NGX_BUSY) {
        return ngx_http_aime_result_answer(r, result, rc);
    }

    if ((ngx_msec_int_t) (result->end - ngx_current_msec) <= 0) {
        return ngx_http_aime_result_no_room(r, result);
    }

    return ngx_http_aime_park_wait(park, NGX_HTTP_AIME_RETRY_INTERVAL);
}


static ngx_int_t
ngx_http_aime_result_no_room(ngx_http_request_t *r,
    ngx_http_aime_result_t *result)
{
    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "aime_api_zone has no room for the result of job %V "
                  "(%uz bytes), the job lapses", &result->job_id,
                  result->pieces.len);

    ngx_aime_job_no_room(result->zone, result->id, result->number);

    return ngx_http_aime_result_answer(r, result, NGX_DECLINED);
}


static ngx_int_t
ngx_http_aime_result_answer(ngx_http_request_t *r,
    ngx_http_aime_result_t *result, ngx_int_t verdict)
{
    ngx_http_aime_reply_t  reply;

    ngx_http_aime_reply_start(&reply, r, sizeof("{\"cmd\":\"ok\"}"));

    if (verdict == NGX_DECLINED) {
        ngx_http_aime_reply_chars(&reply, "{\"cmd\":\"warning\",\"msg\":");
        ngx_http_aime_not_found(&reply, &result->job_id, &result->worker);
        ngx_http_aime_reply_chars(&reply, "}");

    } else {
        ngx_http_aime_reply_chars(&reply, "{\"cmd\":\"ok\"}");
    }

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


static ngx_int_t
ngx_http_aime_pieces_init(ngx_http_request_t *r,
    ngx_http_aime_pieces_t *pieces, ngx_uint_t n)
{
    pieces->nelts = 0;
    pieces->len = 0;
    pieces->elts = ngx_palloc(r->pool, n * sizeof(ngx_str_t));

    return pieces->elts ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_aime_piece(ngx_http_aime_pieces_t *pieces, const void *data,
    size_t len)
{
    pieces->elts[pieces->nelts].data = (u_char *) data;
    pieces->elts[pieces->nelts].len = len;

    pieces->nelts++;
    pieces->len += len;
}


/* Two pieces, ,"name": and the value, if the endpoint names that output. */

static ngx_int_t
ngx_http_aime_output_piece(ngx_http_request_t *r,
    ngx_http_aime_pieces_t *pieces, ngx_array_t *outputs,
    aime_json_member_t *arg)
{
    aime_str_t               text;
    ngx_http_aime_output_t  *output;

    output = ngx_http_aime_output(outputs, &arg->name);

    if (output == NULL
        || (output->number && arg->value.type != AIME_JSON_NUMBER))
    {
        return NGX_OK;
    }

    text = arg->value.text;

    if (arg->value.type >= AIME_JSON_ARRAY
        && ngx_http_aime_one_line(r, &text) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_aime_piece(pieces, output->lead.data, output->lead.len);
    ngx_http_aime_piece(pieces, text.data, text.len);

    return NGX_OK;
}


/*
 * An event of a stream ends with its line.  Within JSON only the space between
 * tokens can hold line breaks, so this is for arrays and objects alone; what
 * has none, which is nearly all, stays where it is.
 */

static ngx_int_t
ngx_http_aime_one_line(ngx_http_request_t *r, aime_str_t *text)
{
    u_char  *p, *copy;

    if (memchr(text->data, LF, text->len) == NULL
        && memchr(text->data, CR, text->len) == NULL)
    {
        return NGX_OK;
    }

    copy = ngx_pnalloc(r->pool, text->len);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(copy, text->data, text->len);

    for (p = copy; p < copy + text->len; p++) {
        if (*p == LF || *p == CR) {
            *p = ' ';
        }
    }

    text->data = copy;

    return NGX_OK;
}


static void
ngx_http_aime_fill_start(ngx_http_aime_pieces_t *pieces,
    ngx_aime_shm_payload_t *payload)
{
    ngx_aime_shm_fill_start(&pieces->cursor, payload);

    pieces->next = 0;
    pieces->copied = 0;
}


/* Copies max bytes more; 1: that was all. */

static ngx_uint_t
ngx_http_aime_fill(ngx_http_aime_pieces_t *pieces, size_t max)
{
    size_t      n;
    ngx_str_t  *piece;

    while (pieces->next < pieces->nelts) {
        piece = &pieces->elts[pieces->next];
        n = ngx_min(piece->len - pieces->copied, max);

        ngx_aime_shm_fill(&pieces->cursor, piece->data + pieces->copied, n);

        pieces->copied += n;
        max -= n;

        if (pieces->copied < piece->len) {
            return 0;
        }

        pieces->next++;
        pieces->copied = 0;
    }

    return 1;
}
