/*
 * Objects among a request's fields, whose members are fields of their own, as
 * text and reasoning of responses (PROTOCOL section 6).  Floor 3: knows no
 * kind of requests.
 */

#ifndef NGX_HTTP_AIME_OPENAI_INNER_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_INNER_H_INCLUDED


#include "ngx_http_aime_openai_field.h"


typedef struct {
    const char                  *name;

    /* what chats call it; NULL: there is no such field */
    const char                  *field;

    /* with this value it asks for nothing and needs no input; or NULL */
    const char                  *neutral;

    /* takes it, instead of an input; or NULL.  As the handlers of a kind. */
    ngx_int_t                  (*take)(ngx_http_aime_openai_call_t *call,
                                     aime_json_value_t *value);
} ngx_http_aime_openai_inner_t;


/*
 * Makes inputs of the members of a field, if it is there.  Those that are not
 * listed are refused.  As the handlers of a kind.
 */
ngx_int_t ngx_http_aime_openai_put_inner(ngx_http_aime_openai_call_t *call,
    const char *name, const ngx_http_aime_openai_inner_t *known);


#endif /* NGX_HTTP_AIME_OPENAI_INNER_H_INCLUDED */
