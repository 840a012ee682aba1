
/* Bodies of requests, see ngx_http_aime_body.h. */


#include "ngx_http_aime_body.h"


static void ngx_http_aime_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_aime_collect(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_aime_collect_room(ngx_http_request_t *r,
    ngx_http_aime_ctx_t *ctx, size_t n);
static ngx_int_t ngx_http_aime_collected(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_int_t ngx_http_aime_gather_body(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_int_t ngx_http_aime_join_bufs(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_buf_t *ngx_http_aime_run(ngx_chain_t **cl, size_t *len);
static ngx_int_t ngx_http_aime_read_file_buf(ngx_http_request_t *r,
    ngx_buf_t *b, u_char *dst);


static ngx_http_request_body_filter_pt  ngx_http_next_request_body_filter;


void
ngx_http_aime_body_init(void)
{
    ngx_http_next_request_body_filter = ngx_http_top_request_body_filter;
    ngx_http_top_request_body_filter = ngx_http_aime_collect;
}


ngx_int_t
ngx_http_aime_read_request(ngx_http_request_t *r)
{
    off_t                 len;
    ngx_int_t             rc;
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    /* a mirror wants it where nginx puts it */

    len = r->headers_in.content_length_n;

    ctx->collects = !r->preserve_body
                    && (len > NGX_HTTP_AIME_BODY_BUFFER
                        || (len < 0 && r->method != NGX_HTTP_GET));

    r->request_body_in_single_buf = 1;

    rc = ngx_http_read_client_request_body(r, ngx_http_aime_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_aime_body_handler(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    rc = ctx->collects ? ngx_http_aime_collected(r, &ctx->body)
                       : ngx_http_aime_gather_body(r, &ctx->body);

    if (rc == NGX_OK) {
        rc = ctx->route->handler(r);
    }

    if (rc != NGX_HTTP_AIME_PARKED) {
        ngx_http_finalize_request(r, rc);
    }
}


/*
 * What has come of the body: copied behind what came before while it is in the
 * processor's caches, so that no time is spent on the whole of it at once.
 */

static ngx_int_t
ngx_http_aime_collect(ngx_http_request_t *r, ngx_chain_t *in)
{
    size_t                n;
    ngx_buf_t            *b;
    ngx_chain_t           out;
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    if (ctx == NULL || !ctx->collects) {
        return ngx_http_next_request_body_filter(r, in);
    }

    for ( /* void */ ; in; in = in->next) {
        b = in->buf;
        n = b->last - b->pos;

        if (n) {
            if (ngx_http_aime_collect_room(r, ctx, n) != NGX_OK) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

            ngx_memcpy(ctx->body.data + ctx->body.len, b->pos, n);
            ctx->body.len += n;
            b->pos = b->last;
        }

        if (b->last_buf) {
            out.buf = b;
            out.next = NULL;

            return ngx_http_next_request_body_filter(r, &out);
        }
    }

    return NGX_OK;
}


/* As much as is said to come, else twice as much each time. */

static ngx_int_t
ngx_http_aime_collect_room(ngx_http_request_t *r, ngx_http_aime_ctx_t *ctx,
    size_t n)
{
    size_t   room;
    u_char  *p;

    n += ctx->body.len;

    if (n <= ctx->body_room) {
        return NGX_OK;
    }

    room = ngx_max(2 * ctx->body_room, ngx_pagesize);

    if (r->headers_in.content_length_n > 0) {
        room = r->headers_in.content_length_n;
    }

    room = ngx_max(room, n);

    p = ngx_palloc(r->pool, room);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (ctx->body.len) {
        ngx_memcpy(p, ctx->body.data, ctx->body.len);
        (void) ngx_pfree(r->pool, ctx->body.data);
    }

    ctx->body.data = p;
    ctx->body_room = room;

    return NGX_OK;
}


/* The body is there; $request_body shall find it as well. */

static ngx_int_t
ngx_http_aime_collected(ngx_http_request_t *r, ngx_str_t *body)
{
    ngx_buf_t                *b;
    ngx_http_request_body_t  *rb;

    rb = r->request_body;

    if (body->len == 0 || rb == NULL || rb->bufs == NULL) {
        return NGX_OK;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->memory = 1;
    b->start = body->data;
    b->pos = b->start;
    b->last = b->start + body->len;
    b->end = b->last;

    rb->bufs->buf = b;
    rb->bufs->next = NULL;

    return NGX_OK;
}


/*
 * Small bodies lie in one piece already, or in two if the first bytes came
 * with the headers.
 */

static ngx_int_t
ngx_http_aime_gather_body(ngx_http_request_t *r, ngx_str_t *body)
{
    off_t         len;
    u_char       *p;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    ngx_str_null(body);

    if (r->request_body == NULL || r->request_body->bufs == NULL) {
        return NGX_OK;
    }

    cl = r->request_body->bufs;

    if (ngx_http_aime_join_bufs(r, body) == NGX_OK) {
        return NGX_OK;
    }

    for (len = 0; cl; cl = cl->next) {
        len += ngx_buf_size(cl->buf);
    }

    p = ngx_pnalloc(r->pool, len + 1);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    body->data = p;
    body->len = len;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            p = ngx_cpymem(p, b->pos, b->last - b->pos);
            continue;
        }

        if (ngx_http_aime_read_file_buf(r, b, p) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        p += ngx_buf_size(b);
    }

    return NGX_OK;
}


/*
 * Each read adds a link to the chain, most of them of one buffer, one behind
 * the other.  Two such runs are left if a part of the body came with the
 * headers; with request_body_in_single_buf nginx leaves room for that part in
 * the second buffer.  Moving within touched pages is cheaper than a copy into
 * new ones, which would also be there twice.
 */

static ngx_int_t
ngx_http_aime_join_bufs(ngx_http_request_t *r, ngx_str_t *body)
{
    size_t        head, tail;
    ngx_buf_t    *first, *second;
    ngx_chain_t  *cl, *ln;

    cl = r->request_body->bufs;
    first = ngx_http_aime_run(&cl, &head);

    if (first == NULL) {
        return NGX_DECLINED;
    }

    if (cl == NULL) {
        body->data = first->pos;
        body->len = head;
        return NGX_OK;
    }

    ln = cl;
    second = ngx_http_aime_run(&cl, &tail);

    /* behind chunks may lie the next request, which is none of the body's */

    if (second == NULL
        || cl
        || r->headers_in.chunked
        || r->preserve_body
        || second->start == NULL
        || (size_t) (second->end - second->start) < head + tail)
    {
        return NGX_DECLINED;
    }

    ngx_memmove(second->start + head, second->pos, tail);
    ngx_memcpy(second->start, first->pos, head);

    /* so that $request_body finds it as well */

    second->pos = second->start;
    second->last = second->start + head + tail;
    ln->next = NULL;
    r->request_body->bufs = ln;

    body->data = second->start;
    body->len = head + tail;

    return NGX_OK;
}


/*
 * The first buffer of a run, whose bytes are len in all; *cl becomes the link
 * behind it.  NULL: there is nothing, or not in memory.
 */

static ngx_buf_t *
ngx_http_aime_run(ngx_chain_t **cl, size_t *len)
{
    u_char       *last;
    ngx_buf_t    *b, *first;
    ngx_chain_t  *ln;

    *len = 0;
    first = NULL;
    last = NULL;

    for (ln = *cl; ln; ln = ln->next) {
        b = ln->buf;

        if (ngx_buf_size(b) == 0) {
            continue;
        }

        if (!ngx_buf_in_memory(b)) {
            return NULL;
        }

        if (first == NULL) {
            first = b;

        } else if (b->pos != last) {
            break;
        }

        last = b->last;
        *len += b->last - b->pos;
    }

    *cl = ln;

    return first;
}


static ngx_int_t
ngx_http_aime_read_file_buf(ngx_http_request_t *r, ngx_buf_t *b, u_char *dst)
{
    off_t    offset;
    ssize_t  n;

    for (offset = b->file_pos; offset < b->file_last; offset += n) {

        n = ngx_read_file(b->file, dst, b->file_last - offset, offset);

        if (n == NGX_ERROR || n == 0) {
            return NGX_ERROR;
        }

        dst += n;
    }

    return NGX_OK;
}


void
ngx_http_aime_free_body(ngx_http_request_t *r)
{
    ngx_http_aime_ctx_t  *ctx;

    if (r->preserve_body) {

        /* a mirror reads it too */

        return;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    if (ctx->copy) {
        (void) ngx_pfree(r->pool, ctx->copy);
        ctx->copy = NULL;
    }

    /* only large allocations can be given back, which is what counts */

    if (ctx->body.data) {
        (void) ngx_pfree(r->pool, ctx->body.data);
    }

    if (r->request_body && r->request_body->buf
        && r->request_body->buf->start != ctx->body.data)
    {
        (void) ngx_pfree(r->pool, r->request_body->buf->start);
    }

    ngx_str_null(&ctx->body);

    /* log variables and error pages must not find it any more */

    if (r->request_body) {
        r->request_body->buf = NULL;
        r->request_body->bufs = NULL;
    }
}
