/*
 * What a client is shown of a job: the result, the progress, why it ended
 * without one; and who may see it.  What the routes that show jobs share.
 * Floor 3: knows no URLs.
 */

#ifndef NGX_HTTP_AIME_VIEW_H_INCLUDED
#define NGX_HTTP_AIME_VIEW_H_INCLUDED


#include "ngx_http_aime_request.h"
#include "ngx_http_aime_reply.h"
#include "ngx_aime_job.h"


/* May the client see the job, as one of that endpoint? */
ngx_uint_t ngx_http_aime_may_see(ngx_http_aime_endpoint_t *endpoint,
    ngx_http_aime_client_t *client, ngx_aime_job_view_t *view);

/*
 * Adds the result object of a done job, PROTOCOL section 2; the view's payload
 * must be held by the request.
 */
void ngx_http_aime_result(ngx_http_aime_reply_t *reply,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_view_t *view);

/* Adds the progress object of a view with NGX_AIME_VIEW_PAYLOAD. */
void ngx_http_aime_progress(ngx_http_aime_reply_t *reply,
    ngx_aime_job_view_t *view);

/* Adds its members without those around it, and without the job's id. */
void ngx_http_aime_progress_members(ngx_http_aime_reply_t *reply,
    ngx_aime_job_view_t *view);

/*
 * Answers for a job that ended without a result: 410 if it was canceled, the
 * status lapsed if it lapsed.
 */
ngx_int_t ngx_http_aime_ended(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_view_t *view,
    ngx_uint_t lapsed);

/* Adds the list of texts that tell of such an end. */
void ngx_http_aime_end_errors(ngx_http_aime_reply_t *reply,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_view_t *view);

/* The word for a state on the wire. */
const char *ngx_http_aime_state_name(ngx_uint_t state);

/*
 * The request's answer holds the job's result: if it is written as a whole,
 * that counts as fetched.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_aime_fetch(ngx_http_request_t *r, const u_char *id);

/* For the log variables. */
void ngx_http_aime_note_job(ngx_http_request_t *r, const u_char *id);


#endif /* NGX_HTTP_AIME_VIEW_H_INCLUDED */
