
/*
 * The media daemon's client, see ngx_http_aime_media.h.
 *
 * A conversion is a connection: greeting, question, answer, the end.  A
 * process has no more than max_conns of them with each daemon; what exceeds
 * that waits in a queue of the location's service.
 */


#include <ngx_event_connect.h>

#include "ngx_http_aime_media.h"
#include "aime_media.h"
#include "aime_media_data.h"


/* for how long a daemon that was not there is not the first to be asked */

#define NGX_HTTP_AIME_MEDIA_FAIL_TIMEOUT    1000    /* ms */

/* beside the base64: quotation marks, data:<type>/<format>;base64, */

#define NGX_HTTP_AIME_MEDIA_URL_LEN         64


typedef enum {
    NGX_HTTP_AIME_MEDIA_WAITS = 0,      /* in the service's queue */
    NGX_HTTP_AIME_MEDIA_GREETING,
    NGX_HTTP_AIME_MEDIA_SENDS,
    NGX_HTTP_AIME_MEDIA_ANSWER,
    NGX_HTTP_AIME_MEDIA_TEXT,
    NGX_HTTP_AIME_MEDIA_ENDED
} ngx_http_aime_media_state_e;


/*
 * A request's conversions; all but the first group are of the one that is
 * being done.
 */

struct ngx_http_aime_media_s {
    ngx_http_request_t              *request;
    aime_input_t                    *input;
    ngx_http_aime_park_t            *park;
    ngx_http_aime_media_conf_t      *conf;
    ngx_http_aime_media_service_t   *service;
    size_t                           current;   /* of input->media */
    ngx_int_t                        rc;        /* see ..._done() */
    const char                      *error;

    ngx_uint_t                       state;
    ngx_uint_t                       ntried;    /* absent daemons */
    ngx_queue_t                      queue;     /* the service's */
    ngx_event_t                      timer;     /* of waiting in it */
    ngx_http_aime_media_peer_t      *peer;
    ngx_peer_connection_t            pc;
    ngx_chain_t                     *out;
    aime_media_answer_t              answer;
    u_char                           greeting[AIME_MEDIA_GREETING_LEN];
    u_char                          *text;
    size_t                           got;       /* bytes of what is read */
};


static void ngx_http_aime_media_cleanup(void *data);
static void ngx_http_aime_media_begin(ngx_http_aime_media_t *m);
static void ngx_http_aime_media_seek(ngx_http_aime_media_t *m);
static ngx_http_aime_media_peer_t *ngx_http_aime_media_choose(
    ngx_http_aime_media_t *m, ngx_uint_t *busy);
static void ngx_http_aime_media_enqueue(ngx_http_aime_media_t *m);
static void ngx_http_aime_media_dequeue(ngx_http_aime_media_t *m);
static void ngx_http_aime_media_waited(ngx_event_t *ev);
static void ngx_http_aime_media_drain(ngx_event_t *ev);
static ngx_int_t ngx_http_aime_media_connect(ngx_http_aime_media_t *m,
    ngx_http_aime_media_peer_t *peer);
static void ngx_http_aime_media_close(ngx_http_aime_media_t *m);
static void ngx_http_aime_media_handler(ngx_event_t *ev);
static ngx_int_t ngx_http_aime_media_step(ngx_http_aime_media_t *m);
static ngx_int_t ngx_http_aime_media_greeted(ngx_http_aime_media_t *m);
static ngx_int_t ngx_http_aime_media_ask(ngx_http_aime_media_t *m);
static ngx_int_t ngx_http_aime_media_send(ngx_http_aime_media_t *m);
static ngx_int_t ngx_http_aime_media_recv(ngx_http_aime_media_t *m,
    u_char *buf, size_t size);
static ngx_int_t ngx_http_aime_media_answered(ngx_http_aime_media_t *m);
static ngx_int_t ngx_http_aime_media_text(ngx_http_aime_media_t *m);
static ngx_uint_t ngx_http_aime_media_sound(aime_input_medium_t *medium,
    aime_str_t text);
static void ngx_http_aime_media_fail(ngx_http_aime_media_t *m,
    const char *what);
static void ngx_http_aime_media_end(ngx_http_aime_media_t *m, ngx_int_t rc,
    const char *error);


static const char  ngx_http_aime_media_absent[] =
    "Media cannot be processed at the moment, try again later";
static const char  ngx_http_aime_media_failed[] =
    "Media could not be processed, try again later";
static const char  ngx_http_aime_media_busy[] =
    "Too many media are being processed at the moment, try again later";


ngx_http_aime_media_t *
ngx_http_aime_media_start(ngx_http_request_t *r, aime_input_t *input,
    ngx_http_aime_park_t *park)
{
    ngx_http_cleanup_t        *cln;
    ngx_http_aime_media_t     *m;
    ngx_http_aime_loc_conf_t  *alcf;

    alcf = ngx_http_get_module_loc_conf(r, ngx_http_aime_api_module);

    m = ngx_pcalloc(r->pool, sizeof(ngx_http_aime_media_t));
    cln = ngx_http_cleanup_add(r, 0);

    if (m == NULL || cln == NULL) {
        return NULL;
    }

    m->request = r;
    m->input = input;
    m->park = park;
    m->conf = &alcf->media;
    m->service = alcf->media.service;
    m->state = NGX_HTTP_AIME_MEDIA_ENDED;
    m->rc = NGX_AGAIN;

    m->timer.handler = ngx_http_aime_media_waited;
    m->timer.data = m;
    m->timer.log = r->connection->log;

    cln->handler = ngx_http_aime_media_cleanup;
    cln->data = m;

    if (m->service == NULL) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "parameter \"%*s\" needs a media daemon, but there is no "
                      "\"aime_api_media\" here",
                      input->media.elts[0].param->name.len,
                      input->media.elts[0].param->name.data);

        ngx_http_aime_media_end(m, NGX_DECLINED, ngx_http_aime_media_absent);
        return m;
    }

    ngx_http_aime_media_begin(m);

    return m;
}


ngx_int_t
ngx_http_aime_media_done(ngx_http_aime_media_t *m, ngx_str_t *error)
{
    if (m->rc == NGX_DECLINED) {
        error->data = (u_char *) m->error;
        error->len = ngx_strlen(m->error);
    }

    return m->rc;
}


void
ngx_http_aime_media_free(ngx_http_aime_media_t *m)
{
    size_t                i;
    aime_input_medium_t  *medium;

    for (i = 0; i < m->input->media.nelts; i++) {
        medium = &m->input->media.elts[i];

        if (medium->converted.len) {
            (void) ngx_pfree(m->request->pool,
                             (u_char *) medium->converted.data);
            medium->converted.len = 0;
        }
    }
}


static void
ngx_http_aime_media_cleanup(void *data)
{
    ngx_http_aime_media_t  *m = data;

    if (m->state == NGX_HTTP_AIME_MEDIA_WAITS) {
        ngx_http_aime_media_dequeue(m);
    }

    ngx_http_aime_media_close(m);
    m->state = NGX_HTTP_AIME_MEDIA_ENDED;
}


/*
 * Begins with the current medium, or ends after the last.  One that is too
 * large is not sent: a daemon refuses it, too.
 */

static void
ngx_http_aime_media_begin(ngx_http_aime_media_t *m)
{
    size_t                len;
    u_char                buf[128];
    aime_str_t            line;
    aime_pool_t           pool;
    aime_input_medium_t  *medium;

    pool = ngx_http_aime_pool(m->request);

    for ( /* void */ ; m->current < m->input->media.nelts; m->current++) {
        medium = &m->input->media.elts[m->current];
        len = aime_media_base64_decoded_len(medium->body);

        if (len <= m->conf->max_size) {
            m->ntried = 0;
            ngx_http_aime_media_seek(m);
            return;
        }

        line.data = buf;
        line.len = ngx_sprintf(buf, "has %uz bytes, more than the maximum of "
                               "%uz", len, m->conf->max_size)
                   - buf;

        if (aime_input_medium_refused(&pool, medium, line, &m->input->errors)
            != AIME_OK)
        {
            ngx_http_aime_media_end(m, NGX_ERROR, NULL);
            return;
        }
    }

    ngx_http_aime_media_end(m, NGX_OK, NULL);
}


/* Looks for a daemon for the current medium. */

static void
ngx_http_aime_media_seek(ngx_http_aime_media_t *m)
{
    ngx_int_t                    rc;
    ngx_uint_t                   busy;
    ngx_http_aime_media_peer_t  *peer;

    while (m->ntried < m->service->peers.nelts) {

        peer = ngx_http_aime_media_choose(m, &busy);

        if (peer == NULL) {
            if (busy) {
                ngx_http_aime_media_enqueue(m);
                return;
            }

            break;
        }

        rc = ngx_http_aime_media_connect(m, peer);

        if (rc == NGX_OK) {
            return;
        }

        if (rc == NGX_ERROR) {
            ngx_http_aime_media_end(m, NGX_ERROR, NULL);
            return;
        }

        m->ntried++;
    }

    /* nginx has logged why */

    ngx_http_aime_media_end(m, NGX_DECLINED, ngx_http_aime_media_absent);
}


/*
 * The next daemon in turn that has room, rather one that was there.  A medium
 * does not meet one twice that it found absent: that is down since then, and
 * the turn has gone on.
 */

static ngx_http_aime_media_peer_t *
ngx_http_aime_media_choose(ngx_http_aime_media_t *m, ngx_uint_t *busy)
{
    ngx_uint_t                      i, n, nfree;
    ngx_http_aime_media_peer_t     *peers, *peer, *down;
    ngx_http_aime_media_service_t  *service;

    service = m->service;
    peers = service->peers.elts;
    n = service->peers.nelts;

    nfree = 0;
    down = NULL;

    for (i = 0; i < n; i++) {
        peer = &peers[(service->next + i) % n];

        if (peer->nconns >= peer->max_conns) {
            continue;
        }

        nfree++;

        if (peer->down
            && ngx_current_msec - peer->failed
               < NGX_HTTP_AIME_MEDIA_FAIL_TIMEOUT)
        {
            if (down == NULL) {
                down = peer;
            }

            continue;
        }

        service->next = (peer - peers + 1) % n;

        return peer;
    }

    /* others are there, but have no room */

    *busy = (nfree < n);

    if (*busy || down == NULL) {
        return NULL;
    }

    service->next = (down - peers + 1) % n;

    return down;
}


static void
ngx_http_aime_media_enqueue(ngx_http_aime_media_t *m)
{
    if (m->service->nwaiting >= (ngx_uint_t) m->conf->queue) {
        ngx_log_error(NGX_LOG_WARN, m->request->connection->log, 0,
                      "%ui media wait for the media daemon, refused one more",
                      m->service->nwaiting);

        ngx_http_aime_media_end(m, NGX_DECLINED, ngx_http_aime_media_busy);
        return;
    }

    m->state = NGX_HTTP_AIME_MEDIA_WAITS;
    m->service->nwaiting++;

    ngx_queue_insert_tail(&m->service->waiting, &m->queue);
    ngx_add_timer(&m->timer, m->conf->queue_timeout);
}


static void
ngx_http_aime_media_dequeue(ngx_http_aime_media_t *m)
{
    ngx_queue_remove(&m->queue);
    m->service->nwaiting--;

    if (m->timer.timer_set) {
        ngx_del_timer(&m->timer);
    }
}


static void
ngx_http_aime_media_waited(ngx_event_t *ev)
{
    ngx_http_aime_media_t  *m;

    m = ev->data;

    ngx_http_aime_media_dequeue(m);

    ngx_http_set_log_request(m->request->connection->log, m->request);
    ngx_log_error(NGX_LOG_WARN, m->request->connection->log, NGX_ETIMEDOUT,
                  "a medium has waited too long for the media daemon");

    ngx_http_aime_media_end(m, NGX_DECLINED, ngx_http_aime_media_busy);
}


/* A connection is free: the first that waits may have it. */

static void
ngx_http_aime_media_drain(ngx_event_t *ev)
{
    ngx_queue_t                    *q;
    ngx_uint_t                      n;
    ngx_http_aime_media_t          *m;
    ngx_http_aime_media_service_t  *service;

    service = ev->data;

    for (n = service->nwaiting; n; n--) {

        q = ngx_queue_head(&service->waiting);
        m = ngx_queue_data(q, ngx_http_aime_media_t, queue);

        ngx_http_aime_media_dequeue(m);
        ngx_http_set_log_request(m->request->connection->log, m->request);

        m->ntried = 0;
        ngx_http_aime_media_seek(m);

        if (m->state == NGX_HTTP_AIME_MEDIA_WAITS) {

            /* nothing is free: it waits again, and in front */

            ngx_queue_remove(&m->queue);
            ngx_queue_insert_head(&service->waiting, &m->queue);
            return;
        }
    }
}


/* NGX_DECLINED: it is not there */

static ngx_int_t
ngx_http_aime_media_connect(ngx_http_aime_media_t *m,
    ngx_http_aime_media_peer_t *peer)
{
    ngx_int_t               rc;
    ngx_connection_t       *c;
    ngx_peer_connection_t  *pc;

    pc = &m->pc;
    ngx_memzero(pc, sizeof(ngx_peer_connection_t));

    pc->sockaddr = peer->sockaddr;
    pc->socklen = peer->socklen;
    pc->name = &peer->name;
    pc->get = ngx_event_get_peer;
    pc->log = m->request->connection->log;
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
    m->peer = peer;

    c = pc->connection;
    c->data = m;
    c->read->handler = ngx_http_aime_media_handler;
    c->write->handler = ngx_http_aime_media_handler;

    m->state = NGX_HTTP_AIME_MEDIA_GREETING;
    m->got = 0;

    ngx_add_timer(c->read, m->conf->connect_timeout);

    return NGX_OK;
}


static void
ngx_http_aime_media_close(ngx_http_aime_media_t *m)
{
    ngx_http_aime_media_service_t  *service;

    if (m->pc.connection == NULL) {
        return;
    }

    ngx_close_connection(m->pc.connection);
    m->pc.connection = NULL;

    m->peer->nconns--;
    m->peer = NULL;

    service = m->service;

    if (service->nwaiting) {
        service->event.handler = ngx_http_aime_media_drain;
        service->event.data = service;
        service->event.log = ngx_cycle->log;

        ngx_post_event(&service->event, &ngx_posted_events);
    }
}


static void
ngx_http_aime_media_handler(ngx_event_t *ev)
{
    ngx_int_t               rc;
    ngx_connection_t       *c;
    ngx_http_aime_media_t  *m;

    c = ev->data;
    m = c->data;

    ngx_http_set_log_request(c->log, m->request);

    if (ev->timedout) {
        ngx_http_aime_media_fail(m, "has timed out");
        return;
    }

    do {
        rc = ngx_http_aime_media_step(m);
    } while (rc == NGX_OK);

    switch (rc) {

    case NGX_AGAIN:
        if (ngx_handle_read_event(c->read, 0) != NGX_OK
            || ngx_handle_write_event(c->write, 0) != NGX_OK)
        {
            ngx_http_aime_media_end(m, NGX_ERROR, NULL);
        }

        break;

    case NGX_DONE:
        ngx_http_aime_media_close(m);
        m->current++;
        ngx_http_aime_media_begin(m);
        break;

    case NGX_DECLINED:
        ngx_http_aime_media_fail(m, "does not answer as a media daemon does");
        break;

    case NGX_ABORT:
        ngx_http_aime_media_end(m, NGX_ERROR, NULL);
        break;

    default:
        ngx_http_aime_media_fail(m, "has closed the connection");
    }
}


/*
 * NGX_OK: it goes on with the next state; NGX_AGAIN; NGX_DONE: all is done for
 * this medium; NGX_ERROR: the connection is closed; NGX_DECLINED: the daemon's
 * answer is none; NGX_ABORT: no memory.
 */

static ngx_int_t
ngx_http_aime_media_step(ngx_http_aime_media_t *m)
{
    switch (m->state) {

    case NGX_HTTP_AIME_MEDIA_GREETING:
        return ngx_http_aime_media_greeted(m);

    case NGX_HTTP_AIME_MEDIA_SENDS:
        return ngx_http_aime_media_send(m);

    case NGX_HTTP_AIME_MEDIA_ANSWER:
        return ngx_http_aime_media_answered(m);

    default: /* NGX_HTTP_AIME_MEDIA_TEXT */
        return ngx_http_aime_media_text(m);
    }
}


static ngx_int_t
ngx_http_aime_media_greeted(ngx_http_aime_media_t *m)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    rc = ngx_http_aime_media_recv(m, m->greeting, AIME_MEDIA_GREETING_LEN);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_memcmp(m->greeting, AIME_MEDIA_GREETING, AIME_MEDIA_GREETING_LEN)
        != 0)
    {
        return NGX_DECLINED;
    }

    if (ngx_http_aime_media_ask(m) != NGX_OK) {
        return NGX_ABORT;
    }

    m->peer->down = 0;
    m->state = NGX_HTTP_AIME_MEDIA_SENDS;

    c = m->pc.connection;

    ngx_del_timer(c->read);
    ngx_add_timer(c->write, m->conf->send_timeout);

    return NGX_OK;
}


/* The question: head and JSON in one buffer, the base64 where it is. */

static ngx_int_t
ngx_http_aime_media_ask(ngx_http_aime_media_t *m)
{
    size_t                 size;
    u_char                *p;
    ngx_buf_t             *b;
    ngx_chain_t           *cl, *body;
    aime_input_medium_t   *medium;
    aime_media_request_t   head;

    medium = &m->input->media.elts[m->current];

    size = sizeof(aime_media_request_t)
           + sizeof("{\"kind\":\"image\",\"max_pixels\":,"
                    "\"max_duration\":,\"max_size\":,\"rules\":}")
           + NGX_INT_T_LEN + NGX_TIME_T_LEN + NGX_SIZE_T_LEN
           + medium->media->text.len;

    b = ngx_create_temp_buf(m->request->pool, size);
    cl = ngx_alloc_chain_link(m->request->pool);
    body = ngx_alloc_chain_link(m->request->pool);

    if (b == NULL || cl == NULL || body == NULL) {
        return NGX_ERROR;
    }

    p = b->pos + sizeof(aime_media_request_t);
    p = ngx_sprintf(p, "{\"kind\":\"%s\",\"max_pixels\":%i,"
                    "\"max_duration\":%T,\"max_size\":%uz,\"rules\":",
                    aime_media_kind_name(medium->kind), m->conf->max_pixels,
                    m->conf->max_duration, m->conf->max_size);
    p = ngx_cpymem(p, medium->media->text.data, medium->media->text.len);
    *p++ = '}';

    b->last = p;

    head.magic = AIME_MEDIA_MAGIC;
    head.ask_len = b->last - b->pos - sizeof(aime_media_request_t);
    head.body_len = medium->body.len;

    ngx_memcpy(b->pos, &head, sizeof(aime_media_request_t));

    cl->buf = b;
    cl->next = body;

    b = ngx_calloc_buf(m->request->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = (u_char *) medium->body.data;
    b->last = b->pos + medium->body.len;
    b->memory = 1;

    body->buf = b;
    body->next = NULL;

    m->out = cl;

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_media_send(ngx_http_aime_media_t *m)
{
    ngx_chain_t       *out;
    ngx_connection_t  *c;

    c = m->pc.connection;
    out = c->send_chain(c, m->out, 0);

    if (out == NGX_CHAIN_ERROR) {
        return NGX_ERROR;
    }

    if (out) {
        m->out = out;
        ngx_add_timer(c->write, m->conf->send_timeout);

        return NGX_AGAIN;
    }

    m->state = NGX_HTTP_AIME_MEDIA_ANSWER;
    m->got = 0;

    ngx_del_timer(c->write);
    ngx_add_timer(c->read, m->conf->read_timeout);

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_media_recv(ngx_http_aime_media_t *m, u_char *buf, size_t size)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = m->pc.connection;

    while (m->got < size) {
        n = c->recv(c, buf + m->got, size - m->got);

        if (n == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        if (n == NGX_ERROR || n == 0) {
            return NGX_ERROR;
        }

        m->got += n;

        if (m->state == NGX_HTTP_AIME_MEDIA_TEXT) {
            ngx_add_timer(c->read, m->conf->read_timeout);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_media_answered(ngx_http_aime_media_t *m)
{
    size_t     max;
    ngx_int_t  rc;

    rc = ngx_http_aime_media_recv(m, (u_char *) &m->answer,
                                  sizeof(aime_media_answer_t));
    if (rc != NGX_OK) {
        return rc;
    }

    if (m->answer.magic != AIME_MEDIA_MAGIC) {
        return NGX_DECLINED;
    }

    switch (m->answer.status) {

    case AIME_MEDIA_UNCHANGED:
        return m->answer.len ? NGX_DECLINED : NGX_DONE;

    case AIME_MEDIA_CONVERTED:
        max = aime_media_base64_encoded_len(m->conf->max_size)
              + NGX_HTTP_AIME_MEDIA_URL_LEN;
        break;

    case AIME_MEDIA_REFUSED:
    case AIME_MEDIA_FAILED:
        max = AIME_MEDIA_MAX_TEXT;
        break;

    default:
        return NGX_DECLINED;
    }

    if (m->answer.len == 0 || m->answer.len > max) {
        return NGX_DECLINED;
    }

    m->text = ngx_palloc(m->request->pool, m->answer.len);
    if (m->text == NULL) {
        return NGX_ABORT;
    }

    m->state = NGX_HTTP_AIME_MEDIA_TEXT;
    m->got = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_media_text(ngx_http_aime_media_t *m)
{
    ngx_int_t             rc;
    aime_str_t            text;
    aime_pool_t           pool;
    aime_input_medium_t  *medium;

    rc = ngx_http_aime_media_recv(m, m->text, m->answer.len);

    if (rc != NGX_OK) {
        return rc;
    }

    text.data = m->text;
    text.len = m->answer.len;

    medium = &m->input->media.elts[m->current];

    switch (m->answer.status) {

    case AIME_MEDIA_CONVERTED:
        if (!ngx_http_aime_media_sound(medium, text)) {
            return NGX_DECLINED;
        }

        medium->converted = text;
        return NGX_DONE;

    case AIME_MEDIA_REFUSED:
        pool = ngx_http_aime_pool(m->request);

        return aime_input_medium_refused(&pool, medium, text,
                                         &m->input->errors)
               == AIME_OK ? NGX_DONE : NGX_ABORT;

    default: /* AIME_MEDIA_FAILED */
        ngx_log_error(NGX_LOG_ERR, m->request->connection->log, 0,
                      "media daemon \"%V\" failed: %*s", &m->peer->name,
                      text.len, text.data);
        return NGX_DECLINED;
    }
}


/*
 * The daemon decodes what anybody sends: what it gives is put into no JSON
 * before it was seen to be the string that it should be.
 */

static ngx_uint_t
ngx_http_aime_media_sound(aime_input_medium_t *medium, aime_str_t text)
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


/* The daemon is gone, or stuck, or no daemon. */

static void
ngx_http_aime_media_fail(ngx_http_aime_media_t *m, const char *what)
{
    aime_input_medium_t  *medium;

    medium = &m->input->media.elts[m->current];

    ngx_log_error(NGX_LOG_ERR, m->request->connection->log, 0,
                  "media daemon \"%V\" %s at parameter \"%*s\"",
                  &m->peer->name, what, medium->param->name.len,
                  medium->param->name.data);

    if (m->state == NGX_HTTP_AIME_MEDIA_GREETING) {

        /* it has got nothing yet, so another may */

        m->peer->down = 1;
        m->peer->failed = ngx_current_msec;

        ngx_http_aime_media_close(m);

        m->ntried++;
        ngx_http_aime_media_seek(m);

        return;
    }

    ngx_http_aime_media_end(m, NGX_DECLINED, ngx_http_aime_media_failed);
}


static void
ngx_http_aime_media_end(ngx_http_aime_media_t *m, ngx_int_t rc,
    const char *error)
{
    ngx_http_aime_media_close(m);

    m->state = NGX_HTTP_AIME_MEDIA_ENDED;
    m->rc = rc;
    m->error = error;

    ngx_http_aime_park_resume(m->park);
}
