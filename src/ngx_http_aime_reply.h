/*
 * Answers: JSON put together from texts and from payloads that stay in the
 * zone until they are sent.  Floor 3: knows no route.
 */

#ifndef NGX_HTTP_AIME_REPLY_H_INCLUDED
#define NGX_HTTP_AIME_REPLY_H_INCLUDED


#include "ngx_http_aime_request.h"
#include "ngx_aime_shm_payload.h"


/* bytes of an answer's texts, if nothing more is known of it */

#define NGX_HTTP_AIME_REPLY_SIZE       512

/* payloads up to that size are copied: cheaper than buffers of their own */

#define NGX_HTTP_AIME_REPLY_COPY       2048

/* which nginx has no names for */

#define NGX_HTTP_AIME_GONE             410
#define NGX_HTTP_AIME_UNPROCESSABLE    422


typedef struct {
    ngx_http_request_t          *request;
    ngx_pool_t                  *pool;      /* the request's, or one's own */
    ngx_chain_t                 *first;
    ngx_chain_t                **last;
    ngx_buf_t                   *text;      /* the one that texts go to */
    size_t                       expect;    /* its size */
    off_t                        len;
    const char                  *type;      /* JSON, unless it is set */
    unsigned                     failed:1;  /* no memory */
} ngx_http_aime_reply_t;


/* size: of its texts, about; what is beyond that takes another buffer. */
void ngx_http_aime_reply_start(ngx_http_aime_reply_t *reply,
    ngx_http_request_t *r, size_t size);

/*
 * Texts.  room gives place for size bytes, NULL if there is no memory (the
 * answer then fails as a whole when it is sent); the caller writes at most so
 * many and says by wrote where it ended.
 */
u_char *ngx_http_aime_reply_room(ngx_http_aime_reply_t *reply, size_t size);
void ngx_http_aime_reply_wrote(ngx_http_aime_reply_t *reply, u_char *end);

void ngx_http_aime_reply_bytes(ngx_http_aime_reply_t *reply,
    const void *data, size_t len);

static ngx_inline void
ngx_http_aime_reply_text(ngx_http_aime_reply_t *reply, ngx_str_t *text)
{
    ngx_http_aime_reply_bytes(reply, text->data, text->len);
}

/* Inline, as the length of most is known when they are compiled. */

static ngx_inline void
ngx_http_aime_reply_chars(ngx_http_aime_reply_t *reply, const char *text)
{
    ngx_http_aime_reply_bytes(reply, text, ngx_strlen(text));
}

/* Text that lasts as long as the configuration: as payloads are. */
void ngx_http_aime_reply_lasting(ngx_http_aime_reply_t *reply,
    ngx_str_t *text);

/* The bytes of the texts' buffer that a payload of that length takes. */
static ngx_inline size_t
ngx_http_aime_reply_cost(size_t len)
{
    return (len <= NGX_HTTP_AIME_REPLY_COPY) ? len : 0;
}

/* A JSON string, quotes included; data NULL: null. */
void ngx_http_aime_reply_string(ngx_http_aime_reply_t *reply,
    ngx_str_t *text);
void ngx_http_aime_reply_id(ngx_http_aime_reply_t *reply, const u_char *id);
void ngx_http_aime_reply_integer(ngx_http_aime_reply_t *reply, ngx_int_t n);

/* Seconds with three decimals. */
void ngx_http_aime_reply_seconds(ngx_http_aime_reply_t *reply, double n);

/*
 * Bytes offset to offset + len of a payload: copied if they are few, else in
 * place.  Who holds it must hold it until they were sent: see
 * ngx_http_aime_reply_hold().
 */
void ngx_http_aime_reply_payload(ngx_http_aime_reply_t *reply,
    ngx_aime_shm_payload_t *payload, size_t offset, size_t len);

/*
 * Makes the request drop the hold at its end.  NGX_ERROR: no memory, the hold
 * is dropped already.
 */
ngx_int_t ngx_http_aime_reply_hold(ngx_http_request_t *r,
    ngx_aime_shm_hold_t *hold);

/*
 * Prepares the answer's header; len -1: not known.  type must stay.  It is not
 * for answers by ngx_http_aime_reply_send(), which does it itself.
 */
void ngx_http_aime_reply_head(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, off_t len);

/* Sends the answer; gives what the request is to be finalized with. */
ngx_int_t ngx_http_aime_reply_send(ngx_http_aime_reply_t *reply,
    ngx_uint_t status);

/* Has our answer been written to the socket as a whole? */
ngx_uint_t ngx_http_aime_reply_sent(ngx_http_request_t *r);

/* Adds a header to the answer, which must not have been sent. */
ngx_int_t ngx_http_aime_reply_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value);
ngx_int_t ngx_http_aime_reply_retry_after(ngx_http_request_t *r,
    ngx_uint_t seconds);


#endif /* NGX_HTTP_AIME_REPLY_H_INCLUDED */
