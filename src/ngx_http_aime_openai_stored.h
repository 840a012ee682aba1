/*
 * Responses that were made before: /v1/responses/{id}, with and without its
 * events, and /v1/responses/{id}/cancel.  Handler as ngx_http_aime_handler_pt.
 */

#ifndef NGX_HTTP_AIME_OPENAI_STORED_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_STORED_H_INCLUDED


#include "ngx_http_aime_request.h"


ngx_int_t ngx_http_aime_openai_stored(ngx_http_request_t *r);


#endif /* NGX_HTTP_AIME_OPENAI_STORED_H_INCLUDED */
