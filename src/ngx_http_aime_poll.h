/* The route by which workers get jobs: /worker_job_request, a long poll. */

#ifndef NGX_HTTP_AIME_POLL_H_INCLUDED
#define NGX_HTTP_AIME_POLL_H_INCLUDED


#include "ngx_http_aime_request.h"


ngx_int_t ngx_http_aime_worker_poll(ngx_http_request_t *r);


#endif /* NGX_HTTP_AIME_POLL_H_INCLUDED */
