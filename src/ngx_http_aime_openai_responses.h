/*
 * The Responses API of OpenAI: /v1/responses, /v1/responses/{id} and
 * /v1/responses/{id}/cancel.  Handlers as ngx_http_aime_handler_pt.
 */

#ifndef NGX_HTTP_AIME_OPENAI_RESPONSES_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_RESPONSES_H_INCLUDED


#include "ngx_http_aime_request.h"


ngx_int_t ngx_http_aime_openai_create_response(ngx_http_request_t *r);
ngx_int_t ngx_http_aime_openai_one_response(ngx_http_request_t *r);


#endif /* NGX_HTTP_AIME_OPENAI_RESPONSES_H_INCLUDED */
