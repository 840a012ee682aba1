/*
 * Tool calls among a worker's outputs, in whatever form it gives them.
 * Floor 3: knows no routes.
 */

#ifndef NGX_HTTP_AIME_OPENAI_TOOL_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_TOOL_H_INCLUDED


#include "ngx_http_aime_openai_output.h"


/* NULL: the worker did not say. */

typedef struct {
    ngx_uint_t                   choice;
    ngx_uint_t                   index;
    aime_json_value_t           *id;
    aime_json_value_t           *name;
    aime_json_value_t           *arguments;
} ngx_http_aime_openai_tool_t;


/* How many there are in a choice. */
ngx_uint_t ngx_http_aime_openai_ntools(ngx_http_aime_openai_call_t *call,
    ngx_uint_t choice);

/* One of them; without memory it has nothing. */
void ngx_http_aime_openai_tool(ngx_http_aime_openai_call_t *call,
    ngx_uint_t choice, ngx_uint_t index, ngx_http_aime_openai_tool_t *tool);

/* Its id, and its arguments as a string, as JSON. */
void ngx_http_aime_openai_tool_id(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_http_aime_openai_tool_t *tool);
void ngx_http_aime_openai_arguments(ngx_http_aime_reply_t *reply,
    ngx_http_aime_openai_tool_t *tool);

/*
 * All of a choice as chats have them, an array; in a chunk of a stream each
 * with its index.
 */
void ngx_http_aime_openai_tools(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t choice, ngx_uint_t chunk);


#endif /* NGX_HTTP_AIME_OPENAI_TOOL_H_INCLUDED */
