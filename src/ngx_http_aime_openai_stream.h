/*
 * Generated text as a stream of OpenAI's API: what is new in a job's progress
 * goes to its client at once (PROTOCOL section 6).  Floor 3: knows no routes,
 * and not what a chunk looks like.
 */

#ifndef NGX_HTTP_AIME_OPENAI_STREAM_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_STREAM_H_INCLUDED


#include "ngx_http_aime_event.h"
#include "ngx_http_aime_openai_serve.h"


/* What is new of a choice; "": nothing. */

typedef struct {
    ngx_uint_t                   index;
    size_t                       end;       /* bytes of text with it */
    aime_str_t                   text;
    aime_str_t                   reasoning;
} ngx_http_aime_openai_news_t;


/*
 * How a kind writes.  call->outputs are those of the latest report, or of the
 * result when it ends; all that is written is whole events.
 */

typedef struct {
    /* when the job is queued */
    void  (*begin)(ngx_http_aime_openai_call_t *call,
               ngx_http_aime_reply_t *reply);

    /* news of one choice */
    void  (*news)(ngx_http_aime_openai_call_t *call,
               ngx_http_aime_reply_t *reply,
               ngx_http_aime_openai_news_t *news);

    /* the job is done, and all of its news were written */
    void  (*end)(ngx_http_aime_openai_call_t *call,
               ngx_http_aime_reply_t *reply);

    /* it failed; NULL: as an error event */
    void  (*fail)(ngx_http_aime_openai_call_t *call,
               ngx_http_aime_reply_t *reply, ngx_str_t *error,
               ngx_aime_job_view_t *view);

    /* the state changed without a report; NULL: that is no news */
    void  (*state)(ngx_http_aime_openai_call_t *call,
               ngx_http_aime_reply_t *reply, ngx_aime_job_view_t *view);

    /* a report of something else than text, which has no news then; or NULL */
    void  (*report)(ngx_http_aime_openai_call_t *call,
               ngx_http_aime_reply_t *reply);
} ngx_http_aime_openai_pen_t;


/*
 * For a form's stream: takes over the park of a client of the job.  from: that
 * many bytes of the (only) choice's text are known to the client.
 */
ngx_int_t ngx_http_aime_openai_stream(ngx_http_request_t *r,
    ngx_http_aime_park_t *park, const u_char *id,
    const ngx_http_aime_openai_pen_t *pen, size_t from);


#endif /* NGX_HTTP_AIME_OPENAI_STREAM_H_INCLUDED */
