
/* One conversation with a media daemon, see ngx_http_aime_media_talk.h. */


#include <ngx_event_connect.h>

#include "ngx_http_aime_media_talk.h"
#include "ngx_http_aime_request.h"
#include "aime_media_data.h"


/* beside the base64: quotation marks, data:<type>/<format>;base64, */

#define NGX_HTTP_AIME_MEDIA_URL_LEN         64


typedef enum {
    NGX_HTTP_AIME_TALK_GREETING = 0,
    NGX_HTTP_AIME_TALK_SENDS,
    NGX_HTTP_AIME_TALK_ANSWER,
    NGX_HTTP_AIME_TALK_TEXT
} ngx_http_aime_media_talk_state_e;


static void ngx_http_aime_talk_handler(ngx_event_t *ev);
static ngx_int_t ngx_http_aime_talk_step(ngx_http_aime_media_talk_t *talk);
static ngx_int_t ngx_http_aime_talk_greeted(ngx_http_aime_media_talk_t *talk);
static ngx_int_t ngx_http_aime_talk_ask(ngx_http_aime_media_talk_t *talk);
static ngx_int_t ngx_http_aime_talk_send(ngx_http_aime_media_talk_t *talk);
static ngx_int_t ngx_http_aime_talk_recv(ngx_http_aime_media_talk_t *talk,
    u_char *buf, size_t size);
static ngx_int_t ngx_http_aime_talk_answered(ngx_http_aime_media_talk_t *talk);
static ngx_int_t ngx_http_aime_talk_text(ngx_http_aime_media_talk_t *talk);
static ngx_uint_t ngx_http_aime_talk_sound(aime_input_medium_t *medium,
    aime_str_t text);
static void ngx_http_aime_talk_tame(aime_str_t text);
static void ngx_http_aime_talk_fail(ngx_http_aime_media_talk_t *talk,
    const char *what);


ngx_int_t
ngx_http_aime_media_talk_connect(ngx_http_aime_media_talk_t *talk,
    ngx_http_aime_media_peer_t *peer)
{
    ngx_int_t               rc;
    ngx_connection_t       *c;
    ngx_peer_connection_t  *pc;

    pc = &talk->pc;
    ngx_memzero(pc, sizeof(ngx_peer_connection_t));

    pc->sockaddr = peer->sockaddr;
    pc->socklen = peer->socklen;
    pc->name = &peer->name;
    pc->get = ngx_event_get_peer;
    pc->log = talk->request->connection->log;
    pc->log_error = NGX_ERROR_ERR;

    rc = ngx_event_connect_peer(pc);

    if (rc == NGX_ERROR || rc == NGX_BUSY || rc == NGX_DECLINED) {
        if (pc->connection) {
            ngx_close_connection(pc->connection);
            pc->connection = NULL;
        }

        peer->down = 1;
        peer->failed = ngx_current_msec;

        return (rc == NGX_ERROR) ? NGX_ERROR : NGX_DECLINED;
    }

    peer->nconns++;
    talk->peer = peer;

    c = pc->connection;
    c->data = talk;
    c->read->handler = ngx_http_aime_talk_handler;
    c->write->handler = ngx_http_aime_talk_handler;

    talk->state = NGX_HTTP_AIME_TALK_GREETING;
    talk->got = 0;

    ngx_add_timer(c->read, talk->conf->connect_timeout);

    return NGX_OK;
}


void
ngx_http_aime_media_talk_close(ngx_http_aime_media_talk_t *talk)
{
    ngx_close_connection(talk->pc.connection);
    talk->pc.connection = NULL;

    talk->peer->nconns--;
    talk->peer = NULL;
}


static void
ngx_http_aime_talk_handler(ngx_event_t *ev)
{
    ngx_int_t                    rc;
    ngx_connection_t            *c;
    ngx_http_aime_media_talk_t  *talk;

    c = ev->data;
    talk = c->data;

    ngx_http_set_log_request(c->log, talk->request);

    if (ev->timedout) {
        ngx_http_aime_talk_fail(talk, "has timed out");
        return;
    }

    do {
        rc = ngx_http_aime_talk_step(talk);
    } while (rc == NGX_OK);

    switch (rc) {

    case NGX_AGAIN:
        if (ngx_handle_read_event(c->read, 0) != NGX_OK
            || ngx_handle_write_event(c->write, 0) != NGX_OK)
        {
            talk->handler(talk, NGX_ERROR);
        }

        break;

    case NGX_DONE:
        talk->handler(talk, NGX_OK);
        break;

    case NGX_DECLINED:
        ngx_http_aime_talk_fail(talk, "does not answer as a media daemon does");
        break;

    case NGX_ABORT:
        talk->handler(talk, NGX_ERROR);
        break;

    default:
        ngx_http_aime_talk_fail(talk, "has closed the connection");
    }
}


/*
 * NGX_OK: it goes on with the next state; NGX_AGAIN; NGX_DONE: all is done for
 * this medium; NGX_ERROR: the connection is closed; NGX_DECLINED: the daemon's
 * answer is none; NGX_ABORT: no memory.
 */

static ngx_int_t
ngx_http_aime_talk_step(ngx_http_aime_media_talk_t *talk)
{
    switch (talk->state) {

    case NGX_HTTP_AIME_TALK_GREETING:
        return ngx_http_aime_talk_greeted(talk);

    case NGX_HTTP_AIME_TALK_SENDS:
        return ngx_http_aime_talk_send(talk);

    case NGX_HTTP_AIME_TALK_ANSWER:
        return ngx_http_aime_talk_answered(talk);

    default: /* NGX_HTTP_AIME_TALK_TEXT */
        return ngx_http_aime_talk_text(talk);
    }
}


static ngx_int_t
ngx_http_aime_talk_greeted(ngx_http_aime_media_talk_t *talk)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    rc = ngx_http_aime_talk_recv(talk, talk->greeting, AIME_MEDIA_GREETING_LEN);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_memcmp(talk->greeting, AIME_MEDIA_GREETING, AIME_MEDIA_GREETING_LEN)
        != 0)
    {
        return NGX_DECLINED;
    }

    if (ngx_http_aime_talk_ask(talk) != NGX_OK) {
        return NGX_ABORT;
    }

    talk->peer->down = 0;
    talk->state = NGX_HTTP_AIME_TALK_SENDS;

    c = talk->pc.connection;

    ngx_del_timer(c->read);
    ngx_add_timer(c->write, talk->conf->send_timeout);

    return NGX_OK;
}


/* The question: head and JSON in one buffer, the base64 where it is. */

static ngx_int_t
ngx_http_aime_talk_ask(ngx_http_aime_media_talk_t *talk)
{
    size_t                 size;
    u_char                *p;
    ngx_buf_t             *b;
    ngx_chain_t           *cl, *body;
    aime_input_medium_t   *medium;
    aime_media_request_t   head;

    medium = talk->medium;

    size = sizeof(aime_media_request_t)
           + sizeof("{\"kind\":\"image\",\"max_pixels\":,"
                    "\"max_duration\":,\"max_size\":,\"rules\":}")
           + NGX_INT_T_LEN + NGX_TIME_T_LEN + NGX_SIZE_T_LEN
           + medium->media->text.len;

    b = ngx_create_temp_buf(talk->request->pool, size);
    cl = ngx_alloc_chain_link(talk->request->pool);
    body = ngx_alloc_chain_link(talk->request->pool);

    if (b == NULL || cl == NULL || body == NULL) {
        return NGX_ERROR;
    }

    p = b->pos + sizeof(aime_media_request_t);
    p = ngx_sprintf(p, "{\"kind\":\"%s\",\"max_pixels\":%i,"
                    "\"max_duration\":%T,\"max_size\":%uz,\"rules\":",
                    aime_media_kind_name(medium->kind), talk->conf->max_pixels,
                    talk->conf->max_duration, talk->conf->max_size);
    p = ngx_cpymem(p, medium->media->text.data, medium->media->text.len);
    *p++ = '}';

    b->last = p;

    head.magic = AIME_MEDIA_MAGIC;
    head.ask_len = b->last - b->pos - sizeof(aime_media_request_t);
    head.body_len = medium->body.len;

    ngx_memcpy(b->pos, &head, sizeof(aime_media_request_t));

    cl->buf = b;
    cl->next = body;

    b = ngx_calloc_buf(talk->request->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = (u_char *) medium->body.data;
    b->last = b->pos + medium->body.len;
    b->memory = 1;

    body->buf = b;
    body->next = NULL;

    talk->out = cl;

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_talk_send(ngx_http_aime_media_talk_t *talk)
{
    ngx_chain_t       *out;
    ngx_connection_t  *c;

    c = talk->pc.connection;
    out = c->send_chain(c, talk->out, 0);

    if (out == NGX_CHAIN_ERROR) {
        return NGX_ERROR;
    }

    if (out) {
        talk->out = out;
        ngx_add_timer(c->write, talk->conf->send_timeout);

        return NGX_AGAIN;
    }

    talk->state = NGX_HTTP_AIME_TALK_ANSWER;
    talk->got = 0;

    ngx_del_timer(c->write);
    ngx_add_timer(c->read, talk->conf->read_timeout);

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_talk_recv(ngx_http_aime_media_talk_t *talk, u_char *buf,
    size_t size)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = talk->pc.connection;

    while (talk->got < size) {
        n = c->recv(c, buf + talk->got, size - talk->got);

        if (n == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        if (n == NGX_ERROR || n == 0) {
            return NGX_ERROR;
        }

        talk->got += n;

        if (talk->state == NGX_HTTP_AIME_TALK_TEXT) {
            ngx_add_timer(c->read, talk->conf->read_timeout);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_talk_answered(ngx_http_aime_media_talk_t *talk)
{
    size_t     max;
    ngx_int_t  rc;

    rc = ngx_http_aime_talk_recv(talk, (u_char *) &talk->answer,
                                 sizeof(aime_media_answer_t));
    if (rc != NGX_OK) {
        return rc;
    }

    if (talk->answer.magic != AIME_MEDIA_MAGIC) {
        return NGX_DECLINED;
    }

    switch (talk->answer.status) {

    case AIME_MEDIA_UNCHANGED:
        return talk->answer.len ? NGX_DECLINED : NGX_DONE;

    case AIME_MEDIA_CONVERTED:
        max = aime_media_base64_encoded_len(talk->conf->max_size)
              + NGX_HTTP_AIME_MEDIA_URL_LEN;
        break;

    case AIME_MEDIA_REFUSED:
    case AIME_MEDIA_FAILED:
        max = AIME_MEDIA_MAX_TEXT;
        break;

    default:
        return NGX_DECLINED;
    }

    if (talk->answer.len == 0 || talk->answer.len > max) {
        return NGX_DECLINED;
    }

    talk->text.len = talk->answer.len;
    talk->text.data = ngx_palloc(talk->request->pool, talk->text.len);

    if (talk->text.data == NULL) {
        return NGX_ABORT;
    }

    talk->state = NGX_HTTP_AIME_TALK_TEXT;
    talk->got = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_talk_text(ngx_http_aime_media_talk_t *talk)
{
    ngx_int_t  rc;

    rc = ngx_http_aime_talk_recv(talk, (u_char *) talk->text.data,
                                 talk->text.len);

    if (rc != NGX_OK) {
        return rc;
    }

    switch (talk->answer.status) {

    case AIME_MEDIA_CONVERTED:
        return ngx_http_aime_talk_sound(talk->medium, talk->text)
               ? NGX_DONE : NGX_DECLINED;

    case AIME_MEDIA_REFUSED:
        return NGX_DONE;

    default: /* AIME_MEDIA_FAILED */
        ngx_http_aime_talk_tame(talk->text);
        ngx_log_error(NGX_LOG_ERR, talk->request->connection->log, 0,
                      "media daemon \"%V\" failed: %*s", &talk->peer->name,
                      talk->text.len, talk->text.data);
        return NGX_DECLINED;
    }
}


/*
 * The daemon decodes what anybody sends: what it gives is put into no JSON
 * before it was seen to be the string that it should be.
 */

static ngx_uint_t
ngx_http_aime_talk_sound(aime_input_medium_t *medium, aime_str_t text)
{
    size_t            i, offset;
    aime_str_t        head;
    aime_media_url_t  url;

    if (text.len < 2
        || text.data[0] != '"' || text.data[text.len - 1] != '"')
    {
        return 0;
    }

    text.data++;
    text.len -= 2;

    if (aime_media_url(text, &url) != AIME_OK
        || aime_media_base64_check(url.body, &offset) != AIME_OK)
    {
        return 0;
    }

    head.data = text.data;
    head.len = url.body.data - text.data;

    for (i = 0; i < head.len; i++) {
        if (head.data[i] < 0x20 || head.data[i] > 0x7e
            || head.data[i] == '"' || head.data[i] == '\\')
        {
            return 0;
        }
    }

    return url.type.len == ngx_strlen(aime_media_kind_name(medium->kind))
           && ngx_strncmp(url.type.data, aime_media_kind_name(medium->kind),
                          url.type.len) == 0;
}


/* What goes to the log is one line there, and no command to a terminal. */

static void
ngx_http_aime_talk_tame(aime_str_t text)
{
    size_t   i;
    u_char  *p;

    p = (u_char *) text.data;

    for (i = 0; i < text.len; i++) {
        if (p[i] < 0x20 || p[i] >= 0x7f) {
            p[i] = '?';
        }
    }
}


/* The daemon is gone, or stuck, or no daemon. */

static void
ngx_http_aime_talk_fail(ngx_http_aime_media_talk_t *talk, const char *what)
{
    aime_input_medium_t  *medium;

    medium = talk->medium;

    ngx_log_error(NGX_LOG_ERR, talk->request->connection->log, 0,
                  "media daemon \"%V\" %s at parameter \"%*s\"",
                  &talk->peer->name, what, medium->param->name.len,
                  medium->param->name.data);

    if (talk->state == NGX_HTTP_AIME_TALK_GREETING) {

        /* it has got nothing yet, so another may */

        talk->peer->down = 1;
        talk->peer->failed = ngx_current_msec;

        talk->handler(talk, NGX_BUSY);
        return;
    }

    talk->handler(talk, NGX_DECLINED);
}
