
/*
 * Results of workers, see ngx_http_aime_result.h.
 *
 * What a worker sends reaches clients as it was written, less what the
 * endpoint's file does not name.
 */


#include "ngx_http_aime_result.h"
#include "ngx_http_aime_park.h"
#include "ngx_http_aime_pieces.h"
#include "ngx_http_aime_tally.h"
#include "ngx_http_aime_vars.h"
#include "ngx_http_aime_worker.h"
#include "ngx_aime_id.h"
#include "ngx_aime_job_result.h"
#include "ngx_aime_job_room.h"
#include "ngx_aime_job_steer.h"


/* bytes of a result that are copied before others have their turn */

#define NGX_HTTP_AIME_SLICE          (1024 * 1024)

/* a process that quits waits for whom a timer waits for, milliseconds */

#define NGX_HTTP_AIME_SLICE_WAIT     1000

/* how long a result waits for room in a full zone, milliseconds */

#define NGX_HTTP_AIME_ROOM_WAIT      30000


/* A result; it may wait for room, or for others to have their turn. */

typedef struct {
    ngx_aime_zone_t             *zone;
    ngx_http_aime_endpoint_t    *endpoint;  /* NULL: not in this process */
    ngx_str_t                    job_id;
    ngx_str_t                    worker;
    uint64_t                     number;    /* of the worker */
    u_char                       id[NGX_AIME_ID_LEN];
    ngx_http_aime_args_t         args;
    ngx_http_aime_pieces_t       pieces;
    ngx_aime_shm_hold_t         *hold;      /* NULL: no room yet */
    ngx_msec_t                   end;
} ngx_http_aime_result_t;


static ngx_int_t ngx_http_aime_result_accept(ngx_http_request_t *r,
    ngx_http_aime_result_t *result, ngx_aime_shm_type_t *type);
static ngx_int_t ngx_http_aime_result_check(ngx_http_request_t *r,
    ngx_http_aime_result_t *result);
static ngx_int_t ngx_http_aime_result_pieces(ngx_http_request_t *r,
    ngx_http_aime_result_t *result, ngx_aime_shm_type_t *type);
static ngx_int_t ngx_http_aime_result_meta(ngx_http_request_t *r,
    ngx_http_aime_result_t *result, ngx_aime_shm_type_t *type);
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


ngx_int_t
ngx_http_aime_worker_result(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_str_t                   error;
    ngx_http_aime_claim_t       claim;
    ngx_http_aime_result_t     *result;
    ngx_aime_worker_view_t      view;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    result = ngx_pcalloc(r->pool, sizeof(ngx_http_aime_result_t));
    if (result == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_aime_body_args(r, &result->args, &error);

    if (rc == NGX_DECLINED) {
        return ngx_http_aime_error(r, NGX_HTTP_BAD_REQUEST, &error);
    }

    if (rc == NGX_ERROR
        || ngx_http_aime_worker_claim(r, &result->args, &claim) != NGX_OK
        || ngx_http_aime_arg_text(r, &result->args, "job_id",
                                  &result->job_id)
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

    result->zone = amcf->zone;
    result->worker = claim.name;
    result->number = view.number;

    return ngx_http_aime_result_accept(r, result, view.type);
}


static ngx_int_t
ngx_http_aime_result_accept(ngx_http_request_t *r,
    ngx_http_aime_result_t *result, ngx_aime_shm_type_t *type)
{
    ngx_int_t              rc;
    ngx_http_aime_park_t  *park;

    rc = ngx_http_aime_result_check(r, result);

    if (rc != NGX_OK) {
        return ngx_http_aime_result_answer(r, result, rc);
    }

    if (ngx_http_aime_result_pieces(r, result, type) != NGX_OK) {
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


/*
 * The job and its endpoint.  NGX_OK: the result counts, else it is answered
 * with that verdict.
 */

static ngx_int_t
ngx_http_aime_result_check(ngx_http_request_t *r,
    ngx_http_aime_result_t *result)
{
    ngx_int_t                   rc;
    ngx_http_aime_ctx_t        *ctx;
    ngx_aime_shm_endpoint_t    *shm;
    ngx_http_aime_main_conf_t  *amcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    if (ngx_aime_id_parse(result->job_id.data, result->job_id.len,
                          result->id)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    ctx->job_id = result->job_id;

    rc = ngx_aime_job_check_result(result->zone, result->id, result->number,
                                   &shm);

    if (rc != NGX_OK) {
        return rc;
    }

    result->endpoint = ngx_http_aime_endpoint_of(amcf, shm);

    if (result->endpoint || shm->generation >= result->zone->generation) {
        return NGX_OK;
    }

    /* a reload has removed it: which outputs clients may see is unknown */

    (void) ngx_aime_job_cancel(result->zone, result->id,
                               NGX_AIME_REASON_REMOVED);

    return ngx_aime_job_check_result(result->zone, result->id, result->number,
                                     &shm);
}


/* The members of the client's answer that come from the worker. */

static ngx_int_t
ngx_http_aime_result_pieces(ngx_http_request_t *r,
    ngx_http_aime_result_t *result, ngx_aime_shm_type_t *type)
{
    ngx_uint_t               i;
    ngx_http_aime_args_t    *args;
    ngx_http_aime_pieces_t  *pieces;

    args = &result->args;
    pieces = &result->pieces;

    if (ngx_http_aime_pieces_init(r, pieces, 2 * args->nelts + 16)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (result->endpoint == NULL) {
        return NGX_OK;
    }

    if (result->endpoint->worker_meta
        && ngx_http_aime_result_meta(r, result, type) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < args->nelts; i++) {
        if (ngx_http_aime_pieces_output(r, pieces, &result->endpoint->outputs,
                                        &args->elts[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Who the worker is, for clients that are to know. */

static ngx_int_t
ngx_http_aime_result_meta(ngx_http_request_t *r,
    ngx_http_aime_result_t *result, ngx_aime_shm_type_t *type)
{
    u_char                  *p;
    ngx_str_t                version;
    aime_str_t               name;
    ngx_http_aime_pieces_t  *pieces;

    static ngx_str_t  no_version = ngx_string("null");

    pieces = &result->pieces;

    if (ngx_aime_worker_version(result->zone, r->pool, type, &result->worker,
                                &version)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (version.len == 0) {
        version = no_version;
    }

    name.data = result->worker.data;
    name.len = result->worker.len;

    p = ngx_pnalloc(r->pool, aime_json_quoted_len(name));
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_http_aime_pieces_add(pieces, ",\"auth\":", 8);
    ngx_http_aime_pieces_add(pieces, p, aime_json_quote(p, name) - p);
    ngx_http_aime_pieces_add(pieces, ",\"worker_interface_version\":", 28);
    ngx_http_aime_pieces_add(pieces, version.data, version.len);

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
    size_t  max;

    if (result->hold == NULL) {
        result->hold = ngx_aime_job_reserve(result->zone, result->pieces.len,
                                            NGX_AIME_ROOM_RESULT);

        if (result->hold == NULL) {
            return NGX_BUSY;
        }

        ngx_http_aime_pieces_start(&result->pieces, result->hold->payload);
    }

    /* a subrequest cannot wait */

    max = (r == r->main) ? NGX_HTTP_AIME_SLICE : result->pieces.len;

    if (!ngx_http_aime_pieces_copy(&result->pieces, max)) {
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
        ngx_http_aime_worker_not_found(&reply, &result->job_id,
                                       &result->worker);
        ngx_http_aime_reply_chars(&reply, "}");

    } else {
        ngx_http_aime_reply_chars(&reply, "{\"cmd\":\"ok\"}");
    }

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}
