/*
 * What is answered to who gets no job.  Floor 3: knows no URLs.
 */

#ifndef NGX_HTTP_AIME_REFUSE_H_INCLUDED
#define NGX_HTTP_AIME_REFUSE_H_INCLUDED


#include "ngx_http_aime_error.h"


/* Refuses a client that is not NGX_HTTP_AIME_CLIENT_OK. */
ngx_int_t ngx_http_aime_refuse_client(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_client_t *client);

/* Inputs with errors. */
ngx_int_t ngx_http_aime_refuse_inputs(ngx_http_request_t *r,
    aime_input_t *input);

/* why: what ngx_aime_job_submit() gave; NGX_ERROR: no memory in the zone. */
ngx_int_t ngx_http_aime_refuse_job(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_int_t why);


#endif /* NGX_HTTP_AIME_REFUSE_H_INCLUDED */
