
/*
 * Parking, see ngx_http_aime_park.h.
 *
 * The zone knows a parked request by a slot of this process's table only: a
 * number that arrives late points to nothing, or to a request that looks once
 * in vain.
 */


#include "ngx_http_aime_park.h"
#include "ngx_aime_job_wait.h"


#define NGX_HTTP_AIME_FIRST_SLOTS    64

/* how often a request that waits without a limit looks by itself, in ms */

#define NGX_HTTP_AIME_LOOK_INTERVAL  60000


/* A slot holds a request, or the number of the next free slot. */

typedef struct {
    ngx_http_aime_park_t        *park;
    uint32_t                     next;
} ngx_http_aime_slot_t;


static ngx_int_t ngx_http_aime_park_slot(ngx_http_aime_park_t *park,
    ngx_log_t *log);
static void ngx_http_aime_park_unlook(ngx_http_aime_park_t *park);
static ngx_int_t ngx_http_aime_park_listen(ngx_http_aime_park_t *park);
static void ngx_http_aime_park_look_handler(ngx_event_t *ev);
static void ngx_http_aime_park_handler(ngx_event_t *ev);
static void ngx_http_aime_park_timer(ngx_event_t *ev);
static void ngx_http_aime_park_cleanup(void *data);


static ngx_http_aime_slot_t  *ngx_http_aime_slots;
static uint32_t               ngx_http_aime_nslots;
static uint32_t               ngx_http_aime_free_slot;

/* one timer for all that wait without a limit, and how many do */

static ngx_event_t            ngx_http_aime_look;
static ngx_uint_t             ngx_http_aime_nlooks;


void
ngx_http_aime_park_woken(uint32_t slot)
{
    ngx_http_aime_park_t  *park;

    if (slot >= ngx_http_aime_nslots) {
        return;
    }

    park = ngx_http_aime_slots[slot].park;

    if (park) {
        ngx_http_aime_park_resume(park);
    }
}


void
ngx_http_aime_park_resume(ngx_http_aime_park_t *park)
{
    park->why |= NGX_HTTP_AIME_WOKEN;
    ngx_post_event(&park->event, &ngx_posted_events);
}


void
ngx_http_aime_park_yield(ngx_http_aime_park_t *park)
{
    if (!park->event.posted) {
        ngx_post_event(&park->event, &ngx_posted_next_events);
    }
}


void
ngx_http_aime_park_shutdown(void)
{
    uint32_t               i;
    ngx_http_aime_park_t  *park;

    for (i = 0; i < ngx_http_aime_nslots; i++) {
        park = ngx_http_aime_slots[i].park;

        if (park) {
            park->why |= NGX_HTTP_AIME_SHUTDOWN;

            /* nginx calls this outside of its event loop */

            ngx_post_event(&park->event, &ngx_posted_next_events);
        }
    }
}


ngx_http_aime_park_t *
ngx_http_aime_park_create(ngx_http_request_t *r,
    ngx_http_aime_resume_pt resume, void *data)
{
    ngx_http_cleanup_t    *cln;
    ngx_http_aime_park_t  *park;

    if (r != r->main) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "a subrequest cannot wait for a job");
        return NULL;
    }

    park = ngx_pcalloc(r->pool, sizeof(ngx_http_aime_park_t));
    cln = ngx_http_cleanup_add(r, 0);

    if (park == NULL || cln == NULL) {
        return NULL;
    }

    park->request = r;
    park->resume = resume;
    park->data = data;

    park->event.handler = ngx_http_aime_park_handler;
    park->event.data = park;
    park->event.log = r->connection->log;

    park->timer.handler = ngx_http_aime_park_timer;
    park->timer.data = park;
    park->timer.log = r->connection->log;

    if (ngx_http_aime_park_slot(park, r->connection->log) != NGX_OK) {
        return NULL;
    }

    cln->handler = ngx_http_aime_park_cleanup;
    cln->data = park;

    return park;
}


static ngx_int_t
ngx_http_aime_park_slot(ngx_http_aime_park_t *park, ngx_log_t *log)
{
    uint32_t               i, n;
    ngx_http_aime_slot_t  *slots;

    if (ngx_http_aime_free_slot == ngx_http_aime_nslots) {

        n = ngx_http_aime_nslots ? 2 * ngx_http_aime_nslots
                                 : NGX_HTTP_AIME_FIRST_SLOTS;

        slots = ngx_alloc(n * sizeof(ngx_http_aime_slot_t), log);
        if (slots == NULL) {
            return NGX_ERROR;
        }

        if (ngx_http_aime_nslots) {
            ngx_memcpy(slots, ngx_http_aime_slots,
                       ngx_http_aime_nslots * sizeof(ngx_http_aime_slot_t));
            ngx_free(ngx_http_aime_slots);
        }

        for (i = ngx_http_aime_nslots; i < n; i++) {
            slots[i].park = NULL;
            slots[i].next = i + 1;
        }

        ngx_http_aime_slots = slots;
        ngx_http_aime_nslots = n;
    }

    park->slot = ngx_http_aime_free_slot;

    ngx_http_aime_free_slot = ngx_http_aime_slots[park->slot].next;
    ngx_http_aime_slots[park->slot].park = park;

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_park_wait(ngx_http_aime_park_t *park, ngx_msec_t msec)
{
    ngx_http_aime_park_unlook(park);

    /* not cancelable: a quitting process must not forget who waits */

    ngx_add_timer(&park->timer, msec);

    return ngx_http_aime_park_listen(park);
}


ngx_int_t
ngx_http_aime_park_look(ngx_http_aime_park_t *park)
{
    static ngx_connection_t  dumb;

    if (park->timer.timer_set) {
        ngx_del_timer(&park->timer);
    }

    if (!park->looks) {
        park->looks = 1;

        if (ngx_http_aime_nlooks++ == 0) {
            /* nginx wants a connection to tell of at the level debug */

            dumb.fd = (ngx_socket_t) -1;

            ngx_http_aime_look.handler = ngx_http_aime_park_look_handler;
            ngx_http_aime_look.data = &dumb;
            ngx_http_aime_look.log = ngx_cycle->log;

            /* nor is this one cancelable */

            ngx_add_timer(&ngx_http_aime_look, NGX_HTTP_AIME_LOOK_INTERVAL);
        }
    }

    return ngx_http_aime_park_listen(park);
}


static void
ngx_http_aime_park_look_handler(ngx_event_t *ev)
{
    uint32_t               i;
    ngx_http_aime_park_t  *park;

    /* without a master the log goes with its configuration */

    ev->log = ngx_cycle->log;
    ngx_add_timer(ev, NGX_HTTP_AIME_LOOK_INTERVAL);

    for (i = 0; i < ngx_http_aime_nslots; i++) {
        park = ngx_http_aime_slots[i].park;

        if (park && park->looks) {
            park->why |= NGX_HTTP_AIME_TIMEOUT;
            ngx_post_event(&park->event, &ngx_posted_events);
        }
    }
}


static void
ngx_http_aime_park_unlook(ngx_http_aime_park_t *park)
{
    if (!park->looks) {
        return;
    }

    park->looks = 0;

    if (--ngx_http_aime_nlooks == 0) {
        ngx_del_timer(&ngx_http_aime_look);
    }
}


/* For the peer's going away. */

static ngx_int_t
ngx_http_aime_park_listen(ngx_http_aime_park_t *park)
{
    ngx_event_t         *rev;
    ngx_http_request_t  *r;

    r = park->request;
    rev = r->connection->read;

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

#if (NGX_HTTP_V2)
    if (r->stream) {
        return NGX_HTTP_AIME_PARKED;
    }
#endif

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* the peer may be gone already, and no further event would tell */

    if (rev->pending_eof || rev->eof) {
        ngx_post_event(rev, &ngx_posted_events);
    }

    return NGX_HTTP_AIME_PARKED;
}


static void
ngx_http_aime_park_timer(ngx_event_t *ev)
{
    ngx_http_aime_park_t  *park;

    park = ev->data;
    park->why |= NGX_HTTP_AIME_TIMEOUT;

    ngx_http_aime_park_handler(&park->event);
}


static void
ngx_http_aime_park_handler(ngx_event_t *ev)
{
    ngx_int_t              rc;
    ngx_uint_t             why;
    ngx_connection_t      *c;
    ngx_http_request_t    *r;
    ngx_http_aime_park_t  *park;

    park = ev->data;
    r = park->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, c->log, 0, "aime park resume: %ui",
                   park->why);

    why = park->why;
    park->why = 0;

    if (ev->posted) {
        ngx_delete_posted_event(ev);
    }

    if (r->header_sent && !park->streams) {

        /* it was answered without waiting, and the answer is being sent */

        return;
    }

    rc = park->resume(r, park, why);

    if (rc != NGX_HTTP_AIME_PARKED) {
        ngx_http_aime_park_end(park);

        r->read_event_handler = ngx_http_block_reading;
        ngx_http_finalize_request(r, rc);
    }

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_aime_park_cleanup(void *data)
{
    ngx_http_aime_park_end(data);
}


void
ngx_http_aime_park_end(ngx_http_aime_park_t *park)
{
    ngx_http_aime_main_conf_t  *amcf;

    if (park->ended) {
        return;
    }

    park->ended = 1;

    ngx_http_aime_park_unlook(park);

    if (park->timer.timer_set) {
        ngx_del_timer(&park->timer);
    }

    if (park->event.posted) {
        ngx_delete_posted_event(&park->event);
    }

    ngx_http_aime_slots[park->slot].park = NULL;
    ngx_http_aime_slots[park->slot].next = ngx_http_aime_free_slot;
    ngx_http_aime_free_slot = park->slot;

    if (park->parked) {
        amcf = ngx_http_get_module_main_conf(park->request,
                                             ngx_http_aime_api_module);
        ngx_aime_job_unpark(amcf->zone, park->parked);
        park->parked = NULL;
    }
}

