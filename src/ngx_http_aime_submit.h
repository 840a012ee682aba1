/*
 * From inputs to a job, and from its result to an answer: what the client
 * routes share with others that submit jobs.  Floor 3: knows no URLs.
 */

#ifndef NGX_HTTP_AIME_SUBMIT_H_INCLUDED
#define NGX_HTTP_AIME_SUBMIT_H_INCLUDED


#include "ngx_http_aime_request.h"
#include "ngx_http_aime_reply.h"
#include "ngx_http_aime_park.h"
#include "ngx_aime_job.h"


/*
 * Validates the arguments, queues a job for the client and answers: at once,
 * or parked until the result is there.
 */
ngx_int_t ngx_http_aime_submit(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_args_t *args,
    ngx_http_aime_client_t *client);

/* Refuses a client that is not NGX_HTTP_AIME_CLIENT_OK. */
ngx_int_t ngx_http_aime_refuse_client(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_client_t *client);


#endif /* NGX_HTTP_AIME_SUBMIT_H_INCLUDED */
