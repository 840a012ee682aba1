/*
 * The models of OpenAI's API: /v1/models, /v1/models/{id}.  Handlers as
 * ngx_http_aime_handler_pt.
 */

#ifndef NGX_HTTP_AIME_OPENAI_MODELS_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_MODELS_H_INCLUDED


#include "ngx_http_aime_request.h"


ngx_int_t ngx_http_aime_openai_models(ngx_http_request_t *r);
ngx_int_t ngx_http_aime_openai_one_model(ngx_http_request_t *r);


#endif /* NGX_HTTP_AIME_OPENAI_MODELS_H_INCLUDED */
