/*
 * The client routes of an endpoint, PROTOCOL section 2: login, submit,
 * progress, cancel.  Handlers as ngx_http_aime_handler_pt.
 */

#ifndef NGX_HTTP_AIME_CLIENT_H_INCLUDED
#define NGX_HTTP_AIME_CLIENT_H_INCLUDED


#include "ngx_http_aime_request.h"


ngx_int_t ngx_http_aime_client_login(ngx_http_request_t *r);
ngx_int_t ngx_http_aime_client_submit(ngx_http_request_t *r);
ngx_int_t ngx_http_aime_client_progress(ngx_http_request_t *r);
ngx_int_t ngx_http_aime_client_cancel(ngx_http_request_t *r);


#endif /* NGX_HTTP_AIME_CLIENT_H_INCLUDED */
