/*
 * From inputs to a job: what the client routes share with others that submit
 * jobs.  Floor 3: knows no URLs.
 */

#ifndef NGX_HTTP_AIME_SUBMIT_H_INCLUDED
#define NGX_HTTP_AIME_SUBMIT_H_INCLUDED


#include "ngx_http_aime_form.h"


/*
 * Validates the arguments, queues a job for the client and answers: at once,
 * or parked until the result is there.  form: NULL for that of the client
 * routes.
 */
ngx_int_t ngx_http_aime_submit(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_args_t *args,
    ngx_http_aime_client_t *client, const ngx_http_aime_form_t *form);


#endif /* NGX_HTTP_AIME_SUBMIT_H_INCLUDED */
