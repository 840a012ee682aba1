/*
 * How a route answers for the jobs that it submits.  Floor 3: knows no URLs.
 */

#ifndef NGX_HTTP_AIME_FORM_H_INCLUDED
#define NGX_HTTP_AIME_FORM_H_INCLUDED


#include "ngx_http_aime_error.h"
#include "ngx_http_aime_park.h"
#include "ngx_aime_job_view.h"


/*
 * How a route answers for the job that it submits; each function gives what
 * the request is finalized with.
 */

typedef struct {
    /* it is queued, and its client does not wait */
    ngx_int_t                  (*submitted)(ngx_http_request_t *r,
                                     ngx_http_aime_endpoint_t *endpoint,
                                     const u_char *id);

    /* it is done, the view holds the result; or it ended without one */
    ngx_int_t                  (*done)(ngx_http_request_t *r,
                                     ngx_http_aime_endpoint_t *endpoint,
                                     ngx_aime_job_view_t *view);
    ngx_int_t                  (*ended)(ngx_http_request_t *r,
                                     ngx_http_aime_endpoint_t *endpoint,
                                     ngx_aime_job_view_t *view);

    /*
     * Instead of the two above: the client, who is parked on the job, gets
     * what becomes of it as a stream.  It takes the park over.  NULL: no.
     */
    ngx_int_t                  (*stream)(ngx_http_request_t *r,
                                     ngx_http_aime_endpoint_t *endpoint,
                                     ngx_http_aime_park_t *park,
                                     const u_char *id);

    /* told which input is refused, before the answer says so; or NULL */
    void                       (*refused)(ngx_http_request_t *r,
                                     const aime_str_t *input);

    ngx_str_t                    note;      /* stays with the job; "": none */
    unsigned                     lowered:1; /* to this priority at most: */
    unsigned                     priority:2;
    unsigned                     keep:1;    /* can be asked for later */
    unsigned                     detached:1;    /* goes on without client */
} ngx_http_aime_form_t;


/* That of the client routes. */
extern const ngx_http_aime_form_t  ngx_http_aime_client_form;


#endif /* NGX_HTTP_AIME_FORM_H_INCLUDED */
