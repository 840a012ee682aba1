/*
 * The response object of OpenAI's Responses API, and its items.  Floor 3: knows
 * no routes.
 *
 * What a response repeats of its request stays with the job as a note, a JSON
 * object, so that whoever asks later is told the same.
 */

#ifndef NGX_HTTP_AIME_OPENAI_RESPONSE_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_RESPONSE_H_INCLUDED


#include "ngx_http_aime_openai_stream.h"


typedef enum {
    NGX_HTTP_AIME_RESPONSE_QUEUED = 0,
    NGX_HTTP_AIME_RESPONSE_IN_PROGRESS,
    NGX_HTTP_AIME_RESPONSE_COMPLETED,
    NGX_HTTP_AIME_RESPONSE_FAILED,
    NGX_HTTP_AIME_RESPONSE_CANCELLED
} ngx_http_aime_response_e;


/* Of a call, as its data. */

typedef struct {
    ngx_str_t                    note;
    ngx_int_t                    after;     /* the last number known, or -1 */
    unsigned                     started:1; /* in_progress was told */
    unsigned                     opened:1;  /* the item of the text was */
    unsigned                     message:1; /* its client knows that item */
} ngx_http_aime_openai_response_t;


/*
 * Writes the object.  status: NGX_HTTP_AIME_RESPONSE_COMPLETED with what is in
 * call->outputs; error: of one that failed, else NULL.
 */
void ngx_http_aime_openai_response_object(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t status, ngx_str_t *error);

/* Why it is incomplete; NULL: it is not. */
const char *ngx_http_aime_response_cut(ngx_http_aime_openai_call_t *call);

/* Its text, NULL: that is no string; is there a message that has it? */
aime_json_value_t *ngx_http_aime_response_text(
    ngx_http_aime_openai_call_t *call);
ngx_uint_t ngx_http_aime_response_has_message(
    ngx_http_aime_openai_call_t *call);

/*
 * Items, done or as they begin (text NULL, done 0), at their index in the
 * output; i: of the call's functions.
 */
void ngx_http_aime_response_message(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t done);
void ngx_http_aime_response_part(ngx_http_aime_reply_t *reply,
    aime_json_value_t *text);
void ngx_http_aime_response_reasoning(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t index, aime_json_value_t *text);
void ngx_http_aime_response_function(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t index, ngx_uint_t i,
    ngx_uint_t done);

/* An item's id, quoted. */
void ngx_http_aime_response_item_id(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, const char *prefix, ngx_uint_t index);


#endif /* NGX_HTTP_AIME_OPENAI_RESPONSE_H_INCLUDED */
