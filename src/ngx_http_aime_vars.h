/*
 * Session variables (PROTOCOL section 5): what workers want to be given again
 * with the next job of the same browser, which the cookie "session" names.
 * Floor 3: knows no URLs.
 *
 * All functions do nothing for an endpoint without such variables, or a job
 * without a session.
 */

#ifndef NGX_HTTP_AIME_VARS_H_INCLUDED
#define NGX_HTTP_AIME_VARS_H_INCLUDED


#include "ngx_http_aime_request.h"
#include "ngx_aime_job_result.h"
#include "ngx_aime_job_submit.h"


/* of all values of a session, with their names */

#define NGX_HTTP_AIME_MAX_VARS_LEN    65536


/*
 * Finds the session that the request's cookie names, or makes one with an id
 * of its own choice, and adds its values, or else the defaults, to the inputs;
 * what the client itself gave under such a name stays.  The spec has the
 * session's id then.  NGX_DECLINED: the zone is full; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_aime_vars_open(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, aime_input_t *input,
    ngx_aime_job_spec_t *spec);

/* Adds the cookie of the session that a job was submitted with. */
ngx_int_t ngx_http_aime_vars_cookie(ngx_http_request_t *r,
    ngx_aime_job_spec_t *spec);

/*
 * Adds a cookie to the answer that tells of a job which another request has
 * submitted: for a client that has no session, of a copy of the job's.  Not of
 * that one itself: who is lured to somebody else's job must not share a
 * session with him from then on.
 */
ngx_int_t ngx_http_aime_vars_tell(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, const u_char *id);

/*
 * Makes the values that the job's session has after that result, for
 * ngx_aime_job_finish().  NGX_DECLINED: they stay as they are, or there is no
 * room for others (logged); NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_aime_vars_merge(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_args_t *result,
    const u_char *id, ngx_aime_job_vars_t *vars);

/* Gives up what is still held of them. */
void ngx_http_aime_vars_drop(ngx_http_request_t *r,
    ngx_aime_job_vars_t *vars);


#endif /* NGX_HTTP_AIME_VARS_H_INCLUDED */
