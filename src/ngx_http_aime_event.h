/*
 * Server-sent events: sends them one at a time, each when the client has read
 * the one before, and comments when there is nothing to say.  Floor 3: knows
 * neither jobs nor what events say.
 */

#ifndef NGX_HTTP_AIME_EVENT_H_INCLUDED
#define NGX_HTTP_AIME_EVENT_H_INCLUDED


#include "ngx_http_aime_park.h"
#include "ngx_http_aime_reply.h"


typedef struct {
    ngx_aime_zone_t             *zone;
    ngx_http_request_t          *request;
    ngx_http_aime_park_t        *park;
    ngx_msec_t                   keepalive; /* 0 is off */

    ngx_pool_t                  *pool;      /* of the latest event */
    ngx_pool_t                  *spent;     /* of the one before */
    ngx_aime_shm_hold_t         *hold;      /* what the latest one shows */

    ngx_msec_t                   sent;      /* when it was */
    ngx_uint_t                   busy;      /* until it is written */
} ngx_http_aime_events_t;


/*
 * Prepares a request for events; it must be going to be parked, and is resumed
 * as by a wake-up whenever it was busy and its client has read on.  NULL: no
 * memory.
 */
ngx_http_aime_events_t *ngx_http_aime_events_create(ngx_http_request_t *r,
    ngx_http_aime_park_t *park);

/* Sends the header, without which there are no events. */
ngx_int_t ngx_http_aime_events_header(ngx_http_request_t *r);

/*
 * An event: its text goes to the reply, memory for it is reply->pool's, and
 * what it shows of a payload may be in events->hold.  None may be started while
 * they are busy: it would take the memory of the one that is being written.
 * start gives NGX_OK or NGX_ERROR; send gives NGX_HTTP_AIME_PARKED, or after
 * the last one what ends the request.
 */
ngx_int_t ngx_http_aime_event_start(ngx_http_aime_events_t *events,
    ngx_http_aime_reply_t *reply);
ngx_int_t ngx_http_aime_event_send(ngx_http_aime_events_t *events,
    ngx_http_aime_reply_t *reply, ngx_uint_t last);

/* Sends a comment if nothing was sent for long; NGX_HTTP_AIME_PARKED. */
ngx_int_t ngx_http_aime_events_alive(ngx_http_aime_events_t *events);

/* Parks for at most so many milliseconds, 0: until there is something. */
ngx_int_t ngx_http_aime_events_wait(ngx_http_aime_events_t *events,
    ngx_msec_t msec);


#endif /* NGX_HTTP_AIME_EVENT_H_INCLUDED */
