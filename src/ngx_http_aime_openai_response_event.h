/*
 * The events that tell how a response comes to be.  Floor 3: knows no routes.
 *
 * An event's sequence number is made from its place: a delta's from the bytes
 * of text in front of it.  So a stream can be taken up by whichever process,
 * which need not know what was sent.
 */

#ifndef NGX_HTTP_AIME_OPENAI_RESPONSE_EVENT_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_RESPONSE_EVENT_H_INCLUDED


#include "ngx_http_aime_openai_response.h"


extern const ngx_http_aime_openai_pen_t  ngx_http_aime_openai_response_pen;


/*
 * Notes the last sequence number that the client of a stream has, or -1; gives
 * the bytes of text that it has, or more where it has all of it.
 */
size_t ngx_http_aime_openai_response_resume(
    ngx_http_aime_openai_response_t *response, ngx_int_t after);


#endif /* NGX_HTTP_AIME_OPENAI_RESPONSE_EVENT_H_INCLUDED */
