/*
 * The routes by which workers come: /worker_login and
 * /worker_check_server_status, PROTOCOL section 3.
 */

#ifndef NGX_HTTP_AIME_LOGIN_H_INCLUDED
#define NGX_HTTP_AIME_LOGIN_H_INCLUDED


#include "ngx_http_aime_request.h"


ngx_int_t ngx_http_aime_worker_login(ngx_http_request_t *r);
ngx_int_t ngx_http_aime_worker_check(ngx_http_request_t *r);


#endif /* NGX_HTTP_AIME_LOGIN_H_INCLUDED */
