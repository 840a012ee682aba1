/*
 * The items that a response is made from, as the messages of a chat: what was
 * said, functions that were called, and what they gave (PROTOCOL section 6).
 * Floor 3: knows no routes.
 */

#ifndef NGX_HTTP_AIME_OPENAI_ITEMS_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_ITEMS_H_INCLUDED


#include "ngx_http_aime_openai_serve.h"


/*
 * Makes inputs of a list of items, with a system message in front, NULL: none.
 * param: the field that they came in.  As the handlers of a kind.
 */
ngx_int_t ngx_http_aime_openai_put_items(ngx_http_aime_openai_call_t *call,
    const char *param, aime_json_value_t *list, ngx_str_t *system);


#endif /* NGX_HTTP_AIME_OPENAI_ITEMS_H_INCLUDED */
