
/* Answers, see ngx_http_aime_reply.h. */


#include "ngx_http_aime_reply.h"
#include "ngx_aime_id.h"
#include "ngx_aime_job_room.h"


/* whose milliseconds a double holds */

#define NGX_HTTP_AIME_MAX_SECONDS    1e12


static void ngx_http_aime_reply_link(ngx_http_aime_reply_t *reply,
    ngx_buf_t *b);
static u_char *ngx_http_aime_seconds(u_char *dst, double n);
static void ngx_http_aime_reply_place(ngx_http_aime_reply_t *reply,
    u_char *data, size_t len);
static void ngx_http_aime_reply_copy(ngx_http_aime_reply_t *reply,
    ngx_aime_shm_payload_t *payload, size_t offset, size_t len);
static void ngx_http_aime_reply_drop(void *data);


void
ngx_http_aime_reply_start(ngx_http_aime_reply_t *reply,
    ngx_http_request_t *r, size_t size)
{
    ngx_memzero(reply, sizeof(ngx_http_aime_reply_t));

    reply->request = r;
    reply->pool = r->pool;
    reply->last = &reply->first;
    reply->expect = size;
    reply->type = "application/json";
}


u_char *
ngx_http_aime_reply_room(ngx_http_aime_reply_t *reply, size_t size)
{
    ngx_buf_t  *b;

    if (reply->failed) {
        return NULL;
    }

    b = reply->text;

    if (b && (size_t) (b->end - b->last) >= size) {
        return b->last;
    }

    b = ngx_create_temp_buf(reply->pool, ngx_max(size, reply->expect));
    if (b == NULL) {
        reply->failed = 1;
        return NULL;
    }

    reply->expect = NGX_HTTP_AIME_REPLY_SIZE;

    ngx_http_aime_reply_link(reply, b);
    reply->text = b;

    return reply->failed ? NULL : b->last;
}


void
ngx_http_aime_reply_wrote(ngx_http_aime_reply_t *reply, u_char *end)
{
    reply->len += end - reply->text->last;
    reply->text->last = end;
}


static void
ngx_http_aime_reply_link(ngx_http_aime_reply_t *reply, ngx_buf_t *b)
{
    ngx_chain_t  *cl;

    cl = ngx_alloc_chain_link(reply->pool);
    if (cl == NULL) {
        reply->failed = 1;
        return;
    }

    cl->buf = b;
    cl->next = NULL;

    *reply->last = cl;
    reply->last = &cl->next;
}


void
ngx_http_aime_reply_bytes(ngx_http_aime_reply_t *reply, const void *data,
    size_t len)
{
    u_char  *p;

    p = ngx_http_aime_reply_room(reply, len);

    if (p) {
        ngx_http_aime_reply_wrote(reply, ngx_cpymem(p, data, len));
    }
}


void
ngx_http_aime_reply_string(ngx_http_aime_reply_t *reply, ngx_str_t *text)
{
    u_char      *p;
    aime_str_t   str;

    if (text->data == NULL) {
        ngx_http_aime_reply_chars(reply, "null");
        return;
    }

    str.data = text->data;
    str.len = text->len;

    p = ngx_http_aime_reply_room(reply, aime_json_quoted_len(str));

    if (p) {
        ngx_http_aime_reply_wrote(reply, aime_json_quote(p, str));
    }
}


void
ngx_http_aime_reply_id(ngx_http_aime_reply_t *reply, const u_char *id)
{
    u_char  *p;

    p = ngx_http_aime_reply_room(reply, NGX_AIME_UUID_LEN + 2);

    if (p) {
        *p++ = '"';
        p = ngx_aime_id_print(p, id);
        *p++ = '"';

        ngx_http_aime_reply_wrote(reply, p);
    }
}


void
ngx_http_aime_reply_integer(ngx_http_aime_reply_t *reply, ngx_int_t n)
{
    u_char  *p;

    p = ngx_http_aime_reply_room(reply, NGX_INT_T_LEN);

    if (p) {
        ngx_http_aime_reply_wrote(reply, ngx_sprintf(p, "%i", n));
    }
}


void
ngx_http_aime_reply_seconds(ngx_http_aime_reply_t *reply, double n)
{
    u_char  *p;

    p = ngx_http_aime_reply_room(reply, NGX_INT64_LEN + sizeof(".000"));

    if (p) {
        ngx_http_aime_reply_wrote(reply, ngx_http_aime_seconds(p, n));
    }
}


/* An answer has up to ten of them, which sprintf() takes its time for. */

static u_char *
ngx_http_aime_seconds(u_char *dst, double n)
{
    u_char      digits[NGX_INT64_LEN + 8], *p;
    uint64_t    ms, seconds;
    ngx_uint_t  two;

    static const u_char  pairs[] =
        "00010203040506070809101112131415161718192021222324"
        "25262728293031323334353637383940414243444546474849"
        "50515253545556575859606162636465666768697071727374"
        "75767778798081828384858687888990919293949596979899";

    if (!(n >= 0 && n < NGX_HTTP_AIME_MAX_SECONDS)) {
        return ngx_sprintf(dst, "%.3f", n);
    }

    ms = (uint64_t) (n * 1000 + 0.5);
    seconds = ms / 1000;
    ms %= 1000;

    p = digits + sizeof(digits) - 4;

    p[0] = '.';
    p[1] = '0' + ms / 100;
    ngx_memcpy(p + 2, pairs + 2 * (ms % 100), 2);

    do {
        two = seconds % 100;
        seconds /= 100;

        p -= 2;
        ngx_memcpy(p, pairs + 2 * two, 2);

    } while (seconds);

    p += (two < 10);

    return ngx_cpymem(dst, p, digits + sizeof(digits) - p);
}


void
ngx_http_aime_reply_payload(ngx_http_aime_reply_t *reply,
    ngx_aime_shm_payload_t *payload, size_t offset, size_t len)
{
    size_t                 n;
    ngx_aime_shm_chunk_t  *chunk;

    if (len <= NGX_HTTP_AIME_REPLY_COPY) {
        ngx_http_aime_reply_copy(reply, payload, offset, len);
        return;
    }

    for (chunk = &payload->first; chunk && len; chunk = chunk->next) {

        if (offset >= chunk->size) {
            offset -= chunk->size;
            continue;
        }

        n = ngx_min(len, chunk->size - offset);

        ngx_http_aime_reply_place(reply, chunk->data + offset, n);

        offset = 0;
        len -= n;
    }
}


void
ngx_http_aime_reply_lasting(ngx_http_aime_reply_t *reply, ngx_str_t *text)
{
    if (text->len <= NGX_HTTP_AIME_REPLY_COPY) {
        ngx_http_aime_reply_text(reply, text);

    } else {
        ngx_http_aime_reply_place(reply, text->data, text->len);
    }
}


/* Bytes that are sent from where they are. */

static void
ngx_http_aime_reply_place(ngx_http_aime_reply_t *reply, u_char *data,
    size_t len)
{
    ngx_buf_t  *b;

    b = ngx_calloc_buf(reply->pool);
    if (b == NULL) {
        reply->failed = 1;
        return;
    }

    b->memory = 1;
    b->start = data;
    b->pos = b->start;
    b->last = b->start + len;
    b->end = b->last;

    ngx_http_aime_reply_link(reply, b);

    reply->len += len;

    /* what follows must not go in front of it */

    reply->text = NULL;
}


static void
ngx_http_aime_reply_copy(ngx_http_aime_reply_t *reply,
    ngx_aime_shm_payload_t *payload, size_t offset, size_t len)
{
    u_char  *p;

    p = ngx_http_aime_reply_room(reply, len);

    if (p) {
        ngx_aime_shm_copy(payload, offset, len, p);
        ngx_http_aime_reply_wrote(reply, p + len);
    }
}


ngx_int_t
ngx_http_aime_reply_hold(ngx_http_request_t *r, ngx_aime_shm_hold_t *hold)
{
    ngx_pool_cleanup_t         *cln;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    /* not the request's cleanup: frames of HTTP/2 outlive that */

    cln = ngx_pool_cleanup_add(r->pool, sizeof(void *) * 2);

    if (cln == NULL) {
        ngx_aime_job_drop(amcf->zone, hold);
        return NGX_ERROR;
    }

    ((void **) cln->data)[0] = amcf->zone;
    ((void **) cln->data)[1] = hold;
    cln->handler = ngx_http_aime_reply_drop;

    return NGX_OK;
}


static void
ngx_http_aime_reply_drop(void *data)
{
    void  **pair = data;

    ngx_aime_job_drop(pair[0], pair[1]);
}


ngx_int_t
ngx_http_aime_reply_send(ngx_http_aime_reply_t *reply, ngx_uint_t status)
{
    ngx_int_t             rc;
    ngx_chain_t          *cl;
    ngx_http_request_t   *r;
    ngx_http_aime_ctx_t  *ctx;

    r = reply->request;

    if (reply->failed || reply->first == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    ctx->answered = 1;

    ngx_http_aime_reply_head(r, status, reply->type, reply->len);

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        ctx->complete = (rc == NGX_OK || rc == NGX_AGAIN);
        return rc;
    }

    for (cl = reply->first; cl->next; cl = cl->next) { /* void */ }

    cl->buf->last_buf = (r == r->main);
    cl->buf->last_in_chain = 1;

    rc = ngx_http_output_filter(r, reply->first);

    ctx->complete = (rc != NGX_ERROR);

    return rc;
}


void
ngx_http_aime_reply_head(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, off_t len)
{
    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_last_modified(r);
    ngx_http_clear_content_length(r);
    ngx_http_clear_etag(r);

    /* what is answered has happened: no 304 or 412 instead */

    r->disable_not_modified = 1;

    r->headers_out.status = status;
    r->headers_out.status_line.len = 0;
    r->headers_out.content_length_n = len;

    r->headers_out.content_type.data = (u_char *) type;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    ngx_str_null(&r->headers_out.charset);
}


/*
 * Asked when the request is being freed.  What the kernel has taken counts as
 * written: nobody can know more.
 */

ngx_uint_t
ngx_http_aime_reply_sent(ngx_http_request_t *r)
{
    ngx_connection_t     *c;
    ngx_http_aime_ctx_t  *ctx;

    c = r->connection;
    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    return ctx && ctx->complete && !r->out && !c->buffered && !c->error
           && !c->timedout;
}


ngx_int_t
ngx_http_aime_reply_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value = *value;

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_reply_retry_after(ngx_http_request_t *r, ngx_uint_t seconds)
{
    ngx_str_t  value;

    value.data = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = ngx_sprintf(value.data, "%ui", seconds) - value.data;

    return ngx_http_aime_reply_header(r, "Retry-After", &value);
}
