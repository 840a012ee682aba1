
/*
 * The media daemon's client, see ngx_http_aime_media.h.
 *
 * A conversion is a connection.  A process has no more than max_conns of them
 * with each daemon; what exceeds that waits in a queue of the location's
 * service.
 */


#include "ngx_http_aime_media.h"
#include "ngx_http_aime_media_talk.h"
#include "aime_media_data.h"


/* for how long a daemon that was not there is not the first to be asked */

#define NGX_HTTP_AIME_MEDIA_FAIL_TIMEOUT    1000    /* ms */

/* A request's conversions; the last group is of the one that is being done. */

struct ngx_http_aime_media_s {
    ngx_http_request_t              *request;
    aime_input_t                    *input;
    ngx_http_aime_park_t            *park;
    ngx_http_aime_media_conf_t      *conf;
    ngx_http_aime_media_service_t   *service;
    size_t                           current;   /* of input->media */
    ngx_int_t                        rc;        /* see ..._done() */
    const char                      *error;

    ngx_uint_t                       ntried;    /* absent daemons */
    ngx_uint_t                       waits;     /* in the service's queue */
    ngx_queue_t                      queue;
    ngx_event_t                      timer;     /* of waiting in it */
    ngx_http_aime_media_talk_t       talk;
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
static void ngx_http_aime_media_close(ngx_http_aime_media_t *m);
static void ngx_http_aime_media_talked(ngx_http_aime_media_talk_t *talk,
    ngx_int_t rc);
static ngx_int_t ngx_http_aime_media_take(ngx_http_aime_media_t *m);
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
    m->rc = NGX_AGAIN;

    m->talk.request = r;
    m->talk.conf = m->conf;
    m->talk.handler = ngx_http_aime_media_talked;
    m->talk.data = m;

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

    if (m->waits) {
        ngx_http_aime_media_dequeue(m);
    }

    ngx_http_aime_media_close(m);
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
            m->talk.medium = medium;

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

        rc = ngx_http_aime_media_talk_connect(&m->talk, peer);

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

    m->waits = 1;
    m->service->nwaiting++;

    ngx_queue_insert_tail(&m->service->waiting, &m->queue);
    ngx_add_timer(&m->timer, m->conf->queue_timeout);
}


static void
ngx_http_aime_media_dequeue(ngx_http_aime_media_t *m)
{
    ngx_queue_remove(&m->queue);

    m->waits = 0;
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
    ngx_uint_t                      n;
    ngx_queue_t                    *q;
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

        if (m->waits) {

            /* nothing is free: it waits again, and in front */

            ngx_queue_remove(&m->queue);
            ngx_queue_insert_head(&service->waiting, &m->queue);
            return;
        }
    }
}


static void
ngx_http_aime_media_close(ngx_http_aime_media_t *m)
{
    ngx_http_aime_media_service_t  *service;

    if (m->talk.peer == NULL) {
        return;
    }

    ngx_http_aime_media_talk_close(&m->talk);

    service = m->service;

    if (service->nwaiting) {
        service->event.handler = ngx_http_aime_media_drain;
        service->event.data = service;
        service->event.log = ngx_cycle->log;

        ngx_post_event(&service->event, &ngx_posted_events);
    }
}


static void
ngx_http_aime_media_talked(ngx_http_aime_media_talk_t *talk, ngx_int_t rc)
{
    ngx_http_aime_media_t  *m = talk->data;

    if (rc == NGX_OK) {
        rc = ngx_http_aime_media_take(m);
    }

    switch (rc) {

    case NGX_OK:
        ngx_http_aime_media_close(m);
        m->current++;
        ngx_http_aime_media_begin(m);
        break;

    case NGX_BUSY:
        ngx_http_aime_media_close(m);
        m->ntried++;
        ngx_http_aime_media_seek(m);
        break;

    case NGX_DECLINED:
        ngx_http_aime_media_end(m, NGX_DECLINED, ngx_http_aime_media_failed);
        break;

    default:
        ngx_http_aime_media_end(m, NGX_ERROR, NULL);
    }
}


/* What the daemon has answered. */

static ngx_int_t
ngx_http_aime_media_take(ngx_http_aime_media_t *m)
{
    aime_pool_t           pool;
    aime_input_medium_t  *medium;

    medium = m->talk.medium;

    switch (m->talk.answer.status) {

    case AIME_MEDIA_CONVERTED:
        medium->converted = m->talk.text;
        return NGX_OK;

    case AIME_MEDIA_REFUSED:
        pool = ngx_http_aime_pool(m->request);

        return aime_input_medium_refused(&pool, medium, m->talk.text,
                                         &m->input->errors)
               == AIME_OK ? NGX_OK : NGX_ERROR;

    default: /* AIME_MEDIA_UNCHANGED */
        return NGX_OK;
    }
}


static void
ngx_http_aime_media_end(ngx_http_aime_media_t *m, ngx_int_t rc,
    const char *error)
{
    ngx_http_aime_media_close(m);

    m->rc = rc;
    m->error = error;

    ngx_http_aime_park_resume(m->park);
}
