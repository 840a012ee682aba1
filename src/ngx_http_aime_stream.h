/*
 * A job's changes as server-sent events, PROTOCOL section 2: /stream_progress.
 * Handler as ngx_http_aime_handler_pt.
 */

#ifndef NGX_HTTP_AIME_STREAM_H_INCLUDED
#define NGX_HTTP_AIME_STREAM_H_INCLUDED


#include "ngx_http_aime_request.h"


ngx_int_t ngx_http_aime_stream_progress(ngx_http_request_t *r);


#endif /* NGX_HTTP_AIME_STREAM_H_INCLUDED */
