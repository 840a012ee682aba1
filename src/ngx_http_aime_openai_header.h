/*
 * Headers that all answers of OpenAI's API have: the request's id, the time it
 * took, and limits where there are some.  Floor 3: knows no routes.
 */

#ifndef NGX_HTTP_AIME_OPENAI_HEADER_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_HEADER_H_INCLUDED


#include "ngx_http_aime_openai_call.h"


/* Adds them to an answer whose header is about to be sent. */
ngx_int_t ngx_http_aime_openai_headers(ngx_http_request_t *r);


#endif /* NGX_HTTP_AIME_OPENAI_HEADER_H_INCLUDED */
