/*
 * What an administrator does with workers, endpoints and sessions, and what the
 * log tells of all that he does.  Floor 3.
 */

#ifndef NGX_HTTP_AIME_ADMIN_WORKER_H_INCLUDED
#define NGX_HTTP_AIME_ADMIN_WORKER_H_INCLUDED


#include "ngx_http_aime_request.h"


/* As those of ngx_http_aime_admin_job.h. */
ngx_int_t ngx_http_aime_admin_workers(ngx_http_request_t *r,
    ngx_http_aime_args_t *args);
ngx_int_t ngx_http_aime_admin_enable(ngx_http_request_t *r,
    ngx_http_aime_args_t *args);
ngx_int_t ngx_http_aime_admin_disable(ngx_http_request_t *r,
    ngx_http_aime_args_t *args);
ngx_int_t ngx_http_aime_admin_drain(ngx_http_request_t *r,
    ngx_http_aime_args_t *args);
ngx_int_t ngx_http_aime_admin_endpoints(ngx_http_request_t *r,
    ngx_http_aime_args_t *args);
ngx_int_t ngx_http_aime_admin_open(ngx_http_request_t *r,
    ngx_http_aime_args_t *args);
ngx_int_t ngx_http_aime_admin_close(ngx_http_request_t *r,
    ngx_http_aime_args_t *args);
ngx_int_t ngx_http_aime_admin_sessions(ngx_http_request_t *r,
    ngx_http_aime_args_t *args);
ngx_int_t ngx_http_aime_admin_logout(ngx_http_request_t *r,
    ngx_http_aime_args_t *args);
ngx_int_t ngx_http_aime_admin_reset(ngx_http_request_t *r,
    ngx_http_aime_args_t *args);

/* Logs who did what, and to what (which may be anything, or NULL). */
void ngx_http_aime_admin_log(ngx_http_request_t *r, const char *what,
    ngx_str_t *whom);


#endif /* NGX_HTTP_AIME_ADMIN_WORKER_H_INCLUDED */
