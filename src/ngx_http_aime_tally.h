/*
 * What requests tell the counters of the zone: why there was no job, what a
 * result says.  Floor 3: counts, and decides nothing.
 */

#ifndef NGX_HTTP_AIME_TALLY_H_INCLUDED
#define NGX_HTTP_AIME_TALLY_H_INCLUDED


#include "ngx_http_aime_request.h"
#include "ngx_aime_shm_payload.h"


/*
 * Notes why the request's job is refused (ngx_aime_rejected_e), where its
 * status alone does not tell.
 */
void ngx_http_aime_tally_refused(ngx_http_request_t *r, ngx_uint_t why);

/*
 * Handler of the last phase: counts a submission that has come to no job, also
 * where nginx refused it.
 */
ngx_int_t ngx_http_aime_tally_handler(ngx_http_request_t *r);

/*
 * A worker's result for the job of that id: marks the payload before the job is
 * finished, if it tells an error, and notes the job's times for the logs, since
 * the job may be gone right after; afterwards counts its tokens and keeps its
 * error.  endpoint may be NULL.
 */
void ngx_http_aime_tally_result(ngx_http_request_t *r, const u_char *id,
    ngx_http_aime_args_t *args, ngx_aime_shm_payload_t *result);
void ngx_http_aime_tally_finished(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_str_t *worker, const u_char *id,
    ngx_http_aime_args_t *args);


#endif /* NGX_HTTP_AIME_TALLY_H_INCLUDED */
