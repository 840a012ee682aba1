/*
 * The routes by which workers report: /worker_job_progress and
 * /worker_job_result, PROTOCOL section 3.
 */

#ifndef NGX_HTTP_AIME_REPORT_H_INCLUDED
#define NGX_HTTP_AIME_REPORT_H_INCLUDED


#include "ngx_http_aime_request.h"


ngx_int_t ngx_http_aime_worker_progress(ngx_http_request_t *r);
ngx_int_t ngx_http_aime_worker_result(ngx_http_request_t *r);


#endif /* NGX_HTTP_AIME_REPORT_H_INCLUDED */
