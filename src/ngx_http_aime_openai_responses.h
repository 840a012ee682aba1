/*
 * Making responses of OpenAI's Responses API: /v1/responses.  Handler as
 * ngx_http_aime_handler_pt.
 */

#ifndef NGX_HTTP_AIME_OPENAI_RESPONSES_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_RESPONSES_H_INCLUDED


#include "ngx_http_aime_request.h"


ngx_int_t ngx_http_aime_openai_create_response(ngx_http_request_t *r);


#endif /* NGX_HTTP_AIME_OPENAI_RESPONSES_H_INCLUDED */
