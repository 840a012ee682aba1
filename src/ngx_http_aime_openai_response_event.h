/*
 * The events that tell how a response comes to be.  Floor 3: knows no routes.
 *
 * An event's sequence number is made from its place: from the bytes of text
 * that are in front of it.  So a stream can be taken up by whichever process,
 * which need not know what was sent.
 */

#ifndef NGX_HTTP_AIME_OPENAI_RESPONSE_EVENT_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_RESPONSE_EVENT_H_INCLUDED


#include "ngx_http_aime_openai_response.h"


extern const ngx_http_aime_openai_pen_t  ngx_http_aime_openai_response_pen;


/* The bytes of text that the client of a stream has, by a sequence number. */
size_t ngx_http_aime_openai_response_from(ngx_int_t after);


#endif /* NGX_HTTP_AIME_OPENAI_RESPONSE_EVENT_H_INCLUDED */
