/*
 * The route by which workers give results: /worker_job_result, PROTOCOL
 * section 3.
 */

#ifndef NGX_HTTP_AIME_RESULT_H_INCLUDED
#define NGX_HTTP_AIME_RESULT_H_INCLUDED


#include "ngx_http_aime_request.h"


ngx_int_t ngx_http_aime_worker_result(ngx_http_request_t *r);


#endif /* NGX_HTTP_AIME_RESULT_H_INCLUDED */
