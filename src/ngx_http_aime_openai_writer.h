/*
 * Writes a list of messages, and tells which one is wrong.  Floor 3: knows no
 * form of messages.
 */

#ifndef NGX_HTTP_AIME_OPENAI_WRITER_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_WRITER_H_INCLUDED


#include "ngx_http_aime_openai_call.h"


typedef struct {
    ngx_http_aime_openai_call_t *call;
    const char                  *param;
    ngx_uint_t                   index;     /* of what is read now */
    const ngx_uint_t            *places;    /* of that in the param, if */
    const char                  *content;   /* what its content is called */
    ngx_uint_t                   tools;     /* may be called */
    u_char                      *start;
    u_char                      *p;
} ngx_http_aime_openai_writer_t;


/* Writes a part, whose members are given; name as below. */
typedef ngx_int_t (*ngx_http_aime_openai_part_pt)(
    ngx_http_aime_openai_writer_t *w, const char *name,
    aime_json_value_t *value, ngx_http_aime_args_t *args);


/* Text, for which there must be room. */
void ngx_http_aime_openai_chars(ngx_http_aime_openai_writer_t *w,
    const char *text);
void ngx_http_aime_openai_slice(ngx_http_aime_openai_writer_t *w,
    const aime_str_t *text);

/*
 * A content: a string as it is, or a list of objects, each written by part.
 * Name is what the member is called, with its dot; content may be NULL.  Gives
 * NGX_OK, NGX_ERROR, or what a refusal gives.
 */
ngx_int_t ngx_http_aime_openai_parted(ngx_http_aime_openai_writer_t *w,
    const char *name, aime_json_member_t *content,
    ngx_http_aime_openai_part_pt part);

/*
 * Refuses what is read now, as the handlers of a kind: member, with its dot,
 * or "", and what it does that it must not.
 */
ngx_int_t ngx_http_aime_openai_wrong(ngx_http_aime_openai_writer_t *w,
    const char *member, const char *reason);


#endif /* NGX_HTTP_AIME_OPENAI_WRITER_H_INCLUDED */
