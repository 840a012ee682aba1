/*
 * What a job is submitted with: the limits of its endpoint, the rights of its
 * client, and what the request's headers ask for.  Floor 3.
 */

#ifndef NGX_HTTP_AIME_SPEC_H_INCLUDED
#define NGX_HTTP_AIME_SPEC_H_INCLUDED


#include "ngx_http_aime_request.h"
#include "ngx_aime_job_submit.h"


#define NGX_HTTP_AIME_MAX_ONCE_LEN    255   /* of an Idempotency-Key */


/*
 * Fills in the spec, which refers to the client from then on.  Headers:
 *
 *   X-Priority: 0 (least urgent) to 3; bounded by what the client may have
 *   Idempotency-Key: any text; the job is the same for the same key, client,
 *     endpoint and inputs
 *
 * NGX_DECLINED: a header is wrong, *error is a text for the client.
 */
ngx_int_t ngx_http_aime_job_spec(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_client_t *client,
    aime_input_t *input, ngx_aime_job_spec_t *spec, ngx_str_t *error);


#endif /* NGX_HTTP_AIME_SPEC_H_INCLUDED */
