
/* The state of the server as events, see ngx_http_aime_admin_events.h. */


#include "ngx_http_aime_admin_events.h"
#include "ngx_http_aime_error.h"
#include "ngx_http_aime_event.h"
#include "ngx_http_aime_overview.h"


/* a document is written in slices, between which others have their turn */

#define NGX_HTTP_AIME_EVENTS_SLICE    32768    /* bytes */
#define NGX_HTTP_AIME_EVENTS_WAIT     1000     /* if no event comes */

#define NGX_HTTP_AIME_EVENTS_SLOWEST  60       /* seconds */


typedef struct {
    ngx_http_aime_events_t      *events;
    ngx_msec_t                   interval;
    ngx_msec_t                   due;       /* of the next document */

    ngx_http_aime_reply_t        reply;     /* of the one that is written */
    ngx_http_aime_overview_t    *overview;  /* NULL: none is */
} ngx_http_aime_watch_t;


static ngx_int_t ngx_http_aime_watch_interval(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_msec_t *interval, ngx_int_t *answer);
static ngx_int_t ngx_http_aime_watch_resume(ngx_http_request_t *r,
    ngx_http_aime_park_t *park, ngx_uint_t why);
static ngx_int_t ngx_http_aime_watch_begin(ngx_http_aime_watch_t *watch);
static ngx_int_t ngx_http_aime_watch_wait(ngx_http_aime_watch_t *watch);
static ngx_int_t ngx_http_aime_watch_end(ngx_http_aime_watch_t *watch);


ngx_int_t
ngx_http_aime_admin_events(ngx_http_request_t *r, ngx_http_aime_args_t *args)
{
    ngx_int_t               rc, answer;
    ngx_msec_t              interval;
    ngx_http_aime_park_t   *park;
    ngx_http_aime_watch_t  *watch;

    if (ngx_http_aime_watch_interval(r, args, &interval, &answer) != NGX_OK) {
        return answer;
    }

    if (r->method == NGX_HTTP_HEAD) {
        return ngx_http_aime_events_header(r);
    }

    watch = ngx_pcalloc(r->pool, sizeof(ngx_http_aime_watch_t));
    if (watch == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    park = ngx_http_aime_park_create(r, ngx_http_aime_watch_resume, watch);
    if (park == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    watch->interval = interval;
    watch->due = ngx_current_msec;
    watch->events = ngx_http_aime_events_create(r, park);

    if (watch->events == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_aime_events_header(r);

    if (rc != NGX_ERROR && rc <= NGX_OK) {
        rc = ngx_http_aime_watch_resume(r, park, NGX_HTTP_AIME_TIMEOUT);
    }

    if (rc != NGX_HTTP_AIME_PARKED) {
        ngx_http_aime_park_end(park);
    }

    return rc;
}


static ngx_int_t
ngx_http_aime_watch_interval(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_msec_t *interval, ngx_int_t *answer)
{
    ngx_int_t  rc, n;
    ngx_str_t  text;

    *interval = 1000;
    *answer = NGX_HTTP_INTERNAL_SERVER_ERROR;

    rc = ngx_http_aime_arg_text(r, args, "interval", &text);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    n = ngx_atoi(text.data, text.len);

    if (n < 1 || n > NGX_HTTP_AIME_EVENTS_SLOWEST) {
        *answer = ngx_http_aime_error_chars(r, NGX_HTTP_BAD_REQUEST,
                                            "Argument interval must be a "
                                            "number from 1 to 60");
        return NGX_ERROR;
    }

    *interval = (ngx_msec_t) n * 1000;

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_watch_resume(ngx_http_request_t *r, ngx_http_aime_park_t *park,
    ngx_uint_t why)
{
    ngx_int_t               rc;
    ngx_http_aime_watch_t  *watch;

    watch = park->data;

    /* who does not read is sent nothing more, the end neither */

    if (watch->events->busy) {
        return NGX_HTTP_AIME_PARKED;
    }

    if (watch->overview == NULL && ngx_exiting) {
        return ngx_http_aime_watch_end(watch);
    }

    if (watch->overview == NULL) {

        if ((ngx_msec_int_t) (watch->due - ngx_current_msec) > 0) {
            rc = ngx_http_aime_events_alive(watch->events);

            return (rc == NGX_HTTP_AIME_PARKED)
                   ? ngx_http_aime_watch_wait(watch) : rc;
        }

        if (ngx_http_aime_watch_begin(watch) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (ngx_http_aime_overview_write(watch->overview, &watch->reply,
                                     NGX_HTTP_AIME_EVENTS_SLICE)
        == NGX_AGAIN)
    {
        ngx_http_aime_park_yield(park);

        rc = ngx_http_aime_park_wait(park, NGX_HTTP_AIME_EVENTS_WAIT);
        return (rc == NGX_HTTP_AIME_PARKED) ? rc : NGX_ERROR;
    }

    ngx_http_aime_reply_chars(&watch->reply, "\n\n");
    watch->overview = NULL;

    rc = ngx_http_aime_event_send(watch->events, &watch->reply, 0);

    return (rc == NGX_HTTP_AIME_PARKED) ? ngx_http_aime_watch_wait(watch) : rc;
}


static ngx_int_t
ngx_http_aime_watch_begin(ngx_http_aime_watch_t *watch)
{
    if (ngx_http_aime_event_start(watch->events, &watch->reply) != NGX_OK) {
        return NGX_ERROR;
    }

    watch->overview = ngx_http_aime_overview_create(watch->events->request,
                                                    watch->reply.pool);
    watch->due = ngx_current_msec + watch->interval;

    ngx_http_aime_reply_chars(&watch->reply, "event: status\ndata: ");

    return watch->overview ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_aime_watch_wait(ngx_http_aime_watch_t *watch)
{
    ngx_msec_int_t  left;

    left = (ngx_msec_int_t) (watch->due - ngx_current_msec);

    return ngx_http_aime_events_wait(watch->events, (left > 0) ? left : 1);
}


/* Who watches comes back to a process that goes on. */

static ngx_int_t
ngx_http_aime_watch_end(ngx_http_aime_watch_t *watch)
{
    ngx_http_aime_reply_t  reply;

    if (ngx_http_aime_event_start(watch->events, &reply) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_aime_reply_chars(&reply, "event: end\ndata: {}\n\n");

    return ngx_http_aime_event_send(watch->events, &reply, 1);
}
