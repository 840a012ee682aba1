/*
 * Transcriptions of OpenAI's API: /v1/audio/transcriptions.  Handler as
 * ngx_http_aime_handler_pt.
 */

#ifndef NGX_HTTP_AIME_OPENAI_TRANSCRIBE_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_TRANSCRIBE_H_INCLUDED


#include "ngx_http_aime_request.h"


ngx_int_t ngx_http_aime_openai_transcribe(ngx_http_request_t *r);


#endif /* NGX_HTTP_AIME_OPENAI_TRANSCRIBE_H_INCLUDED */
