/*
 * What the kinds have in common that generate text: limits and choices of a
 * request; finish reasons, tool calls and usage of a result.  Floor 3: knows
 * no routes.
 */

#ifndef NGX_HTTP_AIME_OPENAI_TEXT_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_TEXT_H_INCLUDED


#include "ngx_http_aime_openai_serve.h"


#define NGX_HTTP_AIME_OPENAI_MAX_CHOICES   128


/* Fields that ngx_http_aime_openai_text_inputs() takes care of. */

#define NGX_HTTP_AIME_OPENAI_TEXT_FIELDS                                      \
    "max_tokens", "max_completion_tokens", "max_output_tokens", "stop",       \
    "stream_options", "parallel_tool_calls"


/* Makes inputs of those; as the handlers of a kind. */
ngx_int_t ngx_http_aime_openai_text_inputs(ngx_http_aime_openai_call_t *call);

/* How many choices the outputs have. */
ngx_uint_t ngx_http_aime_openai_nchoices(ngx_http_aime_openai_call_t *call);

/* Why a choice ended. */
const char *ngx_http_aime_openai_finish(ngx_http_aime_openai_call_t *call,
    ngx_uint_t i);

/* The usage object, or null if the worker told no numbers. */
void ngx_http_aime_openai_usage(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply);

/* The members id, object, created and model, with a brace in front. */
void ngx_http_aime_openai_head(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, const char *prefix, const char *object);

/*
 * In a stream: what ends a choice and its chunk, finish being NULL before the
 * end; and what follows the last one.
 */
void ngx_http_aime_openai_choice_end(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t i, const char *finish);
void ngx_http_aime_openai_last_chunk(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, const char *prefix, const char *object);


#endif /* NGX_HTTP_AIME_OPENAI_TEXT_H_INCLUDED */
