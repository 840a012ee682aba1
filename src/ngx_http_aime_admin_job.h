/* What an administrator does with jobs.  Floor 3. */

#ifndef NGX_HTTP_AIME_ADMIN_JOB_H_INCLUDED
#define NGX_HTTP_AIME_ADMIN_JOB_H_INCLUDED


#include "ngx_http_aime_request.h"


/*
 * Each answers the request, whose arguments are given; who asks has been
 * checked.
 */
ngx_int_t ngx_http_aime_admin_jobs(ngx_http_request_t *r,
    ngx_http_aime_args_t *args);
ngx_int_t ngx_http_aime_admin_inspect(ngx_http_request_t *r,
    ngx_http_aime_args_t *args);
ngx_int_t ngx_http_aime_admin_cancel(ngx_http_request_t *r,
    ngx_http_aime_args_t *args);
ngx_int_t ngx_http_aime_admin_requeue(ngx_http_request_t *r,
    ngx_http_aime_args_t *args);
ngx_int_t ngx_http_aime_admin_priority(ngx_http_request_t *r,
    ngx_http_aime_args_t *args);


#endif /* NGX_HTTP_AIME_ADMIN_JOB_H_INCLUDED */
