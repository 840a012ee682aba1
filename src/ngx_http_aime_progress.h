/*
 * The route by which workers tell of running jobs: /worker_job_progress,
 * PROTOCOL section 3.
 */

#ifndef NGX_HTTP_AIME_PROGRESS_H_INCLUDED
#define NGX_HTTP_AIME_PROGRESS_H_INCLUDED


#include "ngx_http_aime_request.h"


ngx_int_t ngx_http_aime_worker_progress(ngx_http_request_t *r);


#endif /* NGX_HTTP_AIME_PROGRESS_H_INCLUDED */
