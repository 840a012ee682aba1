/*
 * What clients may see of a job, whatever route shows it: who may see it, its
 * progress, its result, the reasons of its end.  Floor 3: knows no URLs.
 */

#ifndef NGX_HTTP_AIME_VIEW_H_INCLUDED
#define NGX_HTTP_AIME_VIEW_H_INCLUDED


#include "ngx_http_aime_request.h"
#include "ngx_http_aime_reply.h"
#include "ngx_aime_job_view.h"


/* May this client see that job, as one of this endpoint? */
ngx_uint_t ngx_http_aime_may_see(ngx_http_aime_endpoint_t *endpoint,
    ngx_http_aime_client_t *client, ngx_aime_job_view_t *view);

/* The text for whoever names a job that is none, or not for him. */
ngx_int_t ngx_http_aime_no_job_text(ngx_http_request_t *r, ngx_str_t *job_id,
    ngx_str_t *text);

/* The word for a state on the wire. */
const char *ngx_http_aime_state_name(ngx_uint_t state);

/* Bytes that ngx_http_aime_result() adds to the texts of an answer, about. */
size_t ngx_http_aime_result_size(ngx_http_aime_endpoint_t *endpoint,
    ngx_aime_job_view_t *view);

/*
 * Adds the result object of a done job, PROTOCOL section 2; the view's payload
 * must be held for as long as the answer is being sent.
 */
void ngx_http_aime_result(ngx_http_aime_reply_t *reply,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_view_t *view);

/*
 * Adds the members of the progress object of a view with
 * NGX_AIME_VIEW_PAYLOAD, or the object.
 */
void ngx_http_aime_progress_members(ngx_http_aime_reply_t *reply,
    ngx_aime_job_view_t *view);
void ngx_http_aime_progress(ngx_http_aime_reply_t *reply,
    ngx_aime_job_view_t *view);

/* Adds the list of texts that say why a job ended without a result. */
void ngx_http_aime_end_errors(ngx_http_aime_reply_t *reply,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_view_t *view);

/* A sentence that says why, or NULL. */
const char *ngx_http_aime_end_reason(ngx_uint_t reason);

/*
 * Answers for a job that ended without a result: 410 if it was canceled, the
 * status lapsed if it lapsed.
 */
ngx_int_t ngx_http_aime_ended(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_view_t *view,
    ngx_uint_t lapsed);

/* If the answer reaches the client as a whole, the result counts as fetched. */
ngx_int_t ngx_http_aime_fetch(ngx_http_request_t *r, const u_char *id);

/* Names the job in the log variables; and what they are to tell of it. */
void ngx_http_aime_note_job(ngx_http_request_t *r, const u_char *id);
void ngx_http_aime_note_view(ngx_http_request_t *r,
    ngx_aime_job_view_t *view);


#endif /* NGX_HTTP_AIME_VIEW_H_INCLUDED */
