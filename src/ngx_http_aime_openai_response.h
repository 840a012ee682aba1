/*
 * The response object of OpenAI's Responses API, and the events that tell how
 * it comes to be.  Floor 3: knows no routes.
 *
 * What a response repeats of its request stays with the job as a note, a JSON
 * object, so that whoever asks later is told the same.
 *
 * An event's sequence number is made from its place: from the bytes of text
 * that are in front of it.  So a stream can be taken up by whichever process,
 * which need not know what was sent.
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
    size_t                       sent;      /* bytes of text */
    unsigned                     started:1; /* in_progress was told */
    unsigned                     opened:1;  /* the item of the text was */
} ngx_http_aime_openai_response_t;


extern const ngx_http_aime_openai_pen_t  ngx_http_aime_openai_response_pen;


/*
 * Writes the object.  status: NGX_HTTP_AIME_RESPONSE_COMPLETED with what is in
 * call->outputs; error: of one that failed, else NULL.
 */
void ngx_http_aime_openai_response_object(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t status, ngx_str_t *error);

/* The bytes of text that the client of a stream has, by a sequence number. */
size_t ngx_http_aime_openai_response_from(ngx_int_t after);


#endif /* NGX_HTTP_AIME_OPENAI_RESPONSE_H_INCLUDED */
