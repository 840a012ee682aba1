/*
 * The messages of a chat, from OpenAI's form to that of an endpoint (PROTOCOL
 * sections 5 and 6).  Floor 3: knows no routes.
 */

#ifndef NGX_HTTP_AIME_OPENAI_MESSAGES_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_MESSAGES_H_INCLUDED


#include "ngx_http_aime_openai_serve.h"


/*
 * Makes inputs of a list of messages, with a system message in front: system
 * (NULL: none), or else that of the model where the list has none.  param: the
 * field that mistakes are told of; places: the numbers that the messages have
 * in it, NULL: theirs in the list.  As the handlers of a kind.
 *
 * The list may be freed at once if ctx->copy is set: it was copied.
 */
ngx_int_t ngx_http_aime_openai_put_messages(
    ngx_http_aime_openai_call_t *call, const char *param, aime_str_t list,
    const ngx_uint_t *places, ngx_str_t *system);

/* The same for a text, a JSON string, as the only message. */
ngx_int_t ngx_http_aime_openai_put_prompt(ngx_http_aime_openai_call_t *call,
    const char *param, aime_str_t text, ngx_str_t *system);

/* Can tools be called in the messages of this model? */
ngx_uint_t ngx_http_aime_openai_takes_tools(
    ngx_http_aime_openai_call_t *call);


#endif /* NGX_HTTP_AIME_OPENAI_MESSAGES_H_INCLUDED */
