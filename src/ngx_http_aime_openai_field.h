/*
 * From the fields of a request of OpenAI's API to the inputs of an endpoint
 * (PROTOCOL section 6).  Floor 3: knows no kind of requests.
 *
 * Functions that give ngx_int_t do so as the handlers of a kind, unless they
 * say otherwise: see ngx_http_aime_openai_call.h.
 */

#ifndef NGX_HTTP_AIME_OPENAI_FIELD_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_FIELD_H_INCLUDED


#include "ngx_http_aime_openai_call.h"


/*
 * A field that needs no input where it has this value: it asks for nothing
 * that would not be so anyway.  "*": whatever the value is, it does not
 * concern the answer.
 */

typedef struct {
    const char                  *name;
    const char                  *value;
} ngx_http_aime_openai_neutral_t;

/* The members of the body's JSON object as fields. */
ngx_int_t ngx_http_aime_openai_json_fields(
    ngx_http_aime_openai_call_t *call);

/*
 * Makes inputs of all fields but those of the kind's own: as they are mapped,
 * else under their own names.  A field without an input is refused, unless it
 * asks for nothing that would not be so anyway.
 */
ngx_int_t ngx_http_aime_openai_map_fields(ngx_http_aime_openai_call_t *call);

/* The same for those of the kind's own that are named in a list. */
ngx_int_t ngx_http_aime_openai_map_own(ngx_http_aime_openai_call_t *call,
    const ngx_http_aime_openai_neutral_t *neutrals);

/* A field of the request: NULL if it is absent or null. */
static ngx_inline aime_json_member_t *
ngx_http_aime_openai_field_of(ngx_http_aime_openai_call_t *call,
    const char *name)
{
    return ngx_http_aime_arg(&call->fields, name);
}

/*
 * Typed fields.  NGX_OK: it is there; NGX_ABORT: absent; else as all handlers.
 */
ngx_int_t ngx_http_aime_openai_get_flag(ngx_http_aime_openai_call_t *call,
    const char *name, ngx_uint_t *flag);
ngx_int_t ngx_http_aime_openai_get_count(ngx_http_aime_openai_call_t *call,
    const char *name, ngx_uint_t min, ngx_uint_t max, ngx_uint_t *count);
ngx_int_t ngx_http_aime_openai_get_text(ngx_http_aime_openai_call_t *call,
    const char *name, ngx_str_t *text);

/*
 * The elements of a client's array, the members of an object: name is the field
 * that is refused where the value is none, or has more than can be listed.
 */
ngx_int_t ngx_http_aime_openai_get_list(ngx_http_aime_openai_call_t *call,
    const char *name, aime_json_value_t *value, aime_json_elements_t *list);
ngx_int_t ngx_http_aime_openai_get_object(ngx_http_aime_openai_call_t *call,
    const char *name, aime_json_value_t *value, ngx_http_aime_args_t *members);

/*
 * Gives a value to the input that a field is mapped to; refuses it where there
 * is none.
 */
ngx_int_t ngx_http_aime_openai_put(ngx_http_aime_openai_call_t *call,
    const char *name, aime_json_value_t *value);

/* A text as a JSON string. */
ngx_int_t ngx_http_aime_openai_quote(ngx_http_aime_openai_call_t *call,
    aime_str_t *text, ngx_str_t *quoted);

/* Adds an input by its own name; text: JSON. */
ngx_int_t ngx_http_aime_openai_add(ngx_http_aime_openai_call_t *call,
    const aime_str_t *input, aime_json_type_e type, ngx_str_t *text);

/*
 * Notes why a request is refused, and gives NGX_DECLINED.  param and code may
 * be NULL; the message, with nginx's formats, is for the client.
 */
ngx_int_t ngx_http_aime_openai_refuse(ngx_http_aime_openai_call_t *call,
    ngx_uint_t status, const char *param, const char *code, const char *fmt,
    ...);

/*
 * Is it that value?  Numbers are compared by their value, all else by its text
 * without white space.
 */
ngx_uint_t ngx_http_aime_openai_same(aime_json_value_t *value,
    const char *text);

/* Is it that string, written without escapes? */
ngx_uint_t ngx_http_aime_openai_is(aime_json_member_t *member,
    const char *text);

/* Is a text one of those in a list, which ends with NULL? */
ngx_uint_t ngx_http_aime_openai_listed(aime_str_t *text, const char **list);

/* Refuses a field for which there is no input. */
ngx_int_t ngx_http_aime_openai_unsupported(ngx_http_aime_openai_call_t *call,
    ngx_str_t *name);


#endif /* NGX_HTTP_AIME_OPENAI_FIELD_H_INCLUDED */
