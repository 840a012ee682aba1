
/*
 * The routes of aime_api_status, see ngx_http_aime_status.h.
 *
 * What is long is written in slices, between which other requests have their
 * turn: nobody waits for a scrape.
 */


#include "ngx_http_aime_status.h"
#include "ngx_http_aime_error.h"
#include "ngx_http_aime_metrics.h"
#include "ngx_http_aime_overview.h"
#include "ngx_http_aime_park.h"
#include "ngx_aime_metrics.h"


#define NGX_HTTP_AIME_SLICE        32768    /* bytes */

/* milliseconds, if no event comes */

#define NGX_HTTP_AIME_SLICE_WAIT   1000


#define NGX_HTTP_AIME_TEXT_TYPE                                               \
    "text/plain; version=0.0.4; charset=utf-8"

#define NGX_HTTP_AIME_OPEN_TYPE                                               \
    "application/openmetrics-text; version=1.0.0; charset=utf-8"


typedef enum {
    NGX_HTTP_AIME_FORMAT_TEXT = 0,
    NGX_HTTP_AIME_FORMAT_OPEN,
    NGX_HTTP_AIME_FORMAT_JSON
} ngx_http_aime_format_e;


typedef struct {
    ngx_http_aime_reply_t        reply;
    ngx_http_aime_metrics_t     *metrics;   /* or */
    ngx_http_aime_overview_t    *overview;
} ngx_http_aime_status_t;


static ngx_int_t ngx_http_aime_status_show(ngx_http_request_t *r);
static ngx_int_t ngx_http_aime_status_metrics(ngx_http_request_t *r);
static ngx_int_t ngx_http_aime_status_live(ngx_http_request_t *r);
static ngx_int_t ngx_http_aime_status_ready(ngx_http_request_t *r);

static ngx_int_t ngx_http_aime_status_format(ngx_http_request_t *r,
    ngx_uint_t *format);
static ngx_uint_t ngx_http_aime_status_accept(ngx_http_request_t *r);
static ngx_uint_t ngx_http_aime_status_quality(ngx_str_t *accept,
    const char *type);
static ngx_uint_t ngx_http_aime_status_weight(u_char *p, u_char *end);
static ngx_int_t ngx_http_aime_status_send(ngx_http_request_t *r,
    ngx_uint_t format);
static ngx_int_t ngx_http_aime_status_write(ngx_http_aime_status_t *status,
    off_t max);
static ngx_int_t ngx_http_aime_status_resume(ngx_http_request_t *r,
    ngx_http_aime_park_t *park, ngx_uint_t why);
static const char *ngx_http_aime_status_worker(ngx_http_request_t *r);


ngx_http_aime_route_t  ngx_http_aime_status_routes[] = {
    { "", NGX_HTTP_GET, NGX_HTTP_AIME_SHAPE_STATUS,
      ngx_http_aime_status_show },
    { "metrics", NGX_HTTP_GET, NGX_HTTP_AIME_SHAPE_STATUS,
      ngx_http_aime_status_metrics },
    { "health/live", NGX_HTTP_GET, NGX_HTTP_AIME_SHAPE_STATUS,
      ngx_http_aime_status_live },
    { "health/ready", NGX_HTTP_GET, NGX_HTTP_AIME_SHAPE_STATUS,
      ngx_http_aime_status_ready },
    { "live", NGX_HTTP_GET, NGX_HTTP_AIME_SHAPE_STATUS,
      ngx_http_aime_status_live },
    { "ready", NGX_HTTP_GET, NGX_HTTP_AIME_SHAPE_STATUS,
      ngx_http_aime_status_ready },
    { NULL, 0, 0, NULL }
};


static ngx_int_t
ngx_http_aime_status_show(ngx_http_request_t *r)
{
    ngx_int_t   rc;
    ngx_uint_t  format;

    rc = ngx_http_aime_status_format(r, &format);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_aime_error_chars(r, NGX_HTTP_BAD_REQUEST,
                                         "Argument format must be json, "
                                         "prometheus or openmetrics");
    }

    return ngx_http_aime_status_send(r, format);
}


/* Whatever else is accepted: here are metrics only. */

static ngx_int_t
ngx_http_aime_status_metrics(ngx_http_request_t *r)
{
    ngx_uint_t  format;

    format = ngx_http_aime_status_accept(r);

    if (format == NGX_HTTP_AIME_FORMAT_JSON) {
        format = NGX_HTTP_AIME_FORMAT_TEXT;
    }

    return ngx_http_aime_status_send(r, format);
}


/* What the argument format says, or else the header Accept. */

static ngx_int_t
ngx_http_aime_status_format(ngx_http_request_t *r, ngx_uint_t *format)
{
    ngx_int_t             rc;
    ngx_str_t             text, error;
    ngx_http_aime_args_t  args;

    *format = NGX_HTTP_AIME_FORMAT_TEXT;

    rc = ngx_http_aime_query(r, &args, &error);

    if (rc == NGX_OK) {
        rc = ngx_http_aime_arg_text(r, &args, "format", &text);

        if (rc == NGX_DECLINED) {
            *format = ngx_http_aime_status_accept(r);
            return NGX_OK;
        }
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (text.len == 4 && ngx_strncmp(text.data, "json", 4) == 0) {
        *format = NGX_HTTP_AIME_FORMAT_JSON;

    } else if (text.len == 10 && ngx_strncmp(text.data, "prometheus", 10) == 0)
    {
        *format = NGX_HTTP_AIME_FORMAT_TEXT;

    } else if (text.len == 11
               && ngx_strncmp(text.data, "openmetrics", 11) == 0)
    {
        *format = NGX_HTTP_AIME_FORMAT_OPEN;

    } else {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* Only what is named counts: a wildcard is content with the plain text. */

static ngx_uint_t
ngx_http_aime_status_accept(ngx_http_request_t *r)
{
    ngx_str_t   *accept;
    ngx_uint_t   text, open, json;

    accept = ngx_http_aime_header_in(r, "Accept");

    if (accept == NULL) {
        return NGX_HTTP_AIME_FORMAT_TEXT;
    }

    text = ngx_http_aime_status_quality(accept, "text/plain");
    open = ngx_http_aime_status_quality(accept,
                                        "application/openmetrics-text");
    json = ngx_http_aime_status_quality(accept, "application/json");

    if (json > text && json > open) {
        return NGX_HTTP_AIME_FORMAT_JSON;
    }

    return (open && open >= text) ? NGX_HTTP_AIME_FORMAT_OPEN
                                  : NGX_HTTP_AIME_FORMAT_TEXT;
}


/* The highest weight with which a type is named, in thousandths. */

static ngx_uint_t
ngx_http_aime_status_quality(ngx_str_t *accept, const char *type)
{
    size_t       len;
    u_char      *p, *end, *next;
    ngx_uint_t   weight, best;

    len = ngx_strlen(type);
    end = accept->data + accept->len;
    best = 0;

    for (p = accept->data; p < end; p = next + 1) {

        while (p < end && (*p == ' ' || *p == '\t')) {
            p++;
        }

        next = ngx_strlchr(p, end, ',');
        if (next == NULL) {
            next = end;
        }

        if ((size_t) (next - p) < len
            || ngx_strncasecmp(p, (u_char *) type, len) != 0
            || (p + len < next && p[len] != ';' && p[len] != ' '))
        {
            continue;
        }

        weight = ngx_http_aime_status_weight(p + len, next);
        best = ngx_max(best, weight);
    }

    return best;
}


/* The parameter q, 1 without one. */

static ngx_uint_t
ngx_http_aime_status_weight(u_char *p, u_char *end)
{
    ngx_int_t   q;
    u_char     *last;

    for ( /* void */ ; p + 2 < end; p++) {

        if ((p[-1] != ';' && p[-1] != ' ') || (p[0] != 'q' && p[0] != 'Q')
            || p[1] != '=')
        {
            continue;
        }

        p += 2;

        for (last = p; last < end; last++) {
            if (*last != '.' && (*last < '0' || *last > '9')) {
                break;
            }
        }

        q = ngx_atofp(p, last - p, 3);

        return (q == NGX_ERROR) ? 1000 : (ngx_uint_t) q;
    }

    return 1000;
}


static ngx_int_t
ngx_http_aime_status_send(ngx_http_request_t *r, ngx_uint_t format)
{
    ngx_str_t                value;
    ngx_http_aime_park_t    *park;
    ngx_http_aime_status_t  *status;

    status = ngx_pcalloc(r->pool, sizeof(ngx_http_aime_status_t));
    if (status == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_aime_reply_start(&status->reply, r, NGX_HTTP_AIME_REPLY_SIZE);

    if (format == NGX_HTTP_AIME_FORMAT_JSON) {
        status->overview = ngx_http_aime_overview_create(r, r->pool);

    } else {
        status->metrics = ngx_http_aime_metrics_create(r,
                                      format == NGX_HTTP_AIME_FORMAT_OPEN);
        status->reply.type = (format == NGX_HTTP_AIME_FORMAT_OPEN)
                             ? NGX_HTTP_AIME_OPEN_TYPE
                             : NGX_HTTP_AIME_TEXT_TYPE;
    }

    ngx_str_set(&value, "no-store");

    if ((status->overview == NULL && status->metrics == NULL)
        || ngx_http_aime_reply_header(r, "Cache-Control", &value) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* a subrequest cannot be parked */

    if (ngx_http_aime_status_write(status, (r == r->main)
                                           ? NGX_HTTP_AIME_SLICE
                                           : NGX_MAX_OFF_T_VALUE / 2)
        == NGX_OK)
    {
        return ngx_http_aime_reply_send(&status->reply, NGX_HTTP_OK);
    }

    park = ngx_http_aime_park_create(r, ngx_http_aime_status_resume, status);
    if (park == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_aime_park_yield(park);

    return ngx_http_aime_park_wait(park, NGX_HTTP_AIME_SLICE_WAIT);
}


static ngx_int_t
ngx_http_aime_status_write(ngx_http_aime_status_t *status, off_t max)
{
    return status->overview
           ? ngx_http_aime_overview_write(status->overview, &status->reply,
                                          max)
           : ngx_http_aime_metrics_write(status->metrics, &status->reply,
                                         max);
}


static ngx_int_t
ngx_http_aime_status_resume(ngx_http_request_t *r, ngx_http_aime_park_t *park,
    ngx_uint_t why)
{
    ngx_http_aime_status_t  *status;

    status = park->data;

    if (ngx_http_aime_status_write(status, NGX_HTTP_AIME_SLICE) == NGX_OK) {
        return ngx_http_aime_reply_send(&status->reply, NGX_HTTP_OK);
    }

    ngx_http_aime_park_yield(park);

    return ngx_http_aime_park_wait(park, NGX_HTTP_AIME_SLICE_WAIT);
}


/* That it answers is the answer. */

static ngx_int_t
ngx_http_aime_status_live(ngx_http_request_t *r)
{
    ngx_http_aime_reply_t  reply;

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_chars(&reply, "{\"status\":\"live\"}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


static ngx_int_t
ngx_http_aime_status_ready(ngx_http_request_t *r)
{
    const char               *why;
    ngx_aime_zone_t          *zone;
    ngx_http_aime_reply_t     reply;
    ngx_aime_metrics_zone_t   view;

    zone = ngx_http_aime_zone(r);

    ngx_aime_metrics_zone(zone, &view);

    why = NULL;

    if (zone->row == NULL) {
        why = "all process rows are taken";

    } else if (view.damaged) {
        why = "the zone is damaged";

    } else if (view.nfree == 0) {
        why = "the zone is full";

    } else if (ngx_exiting) {
        why = "this process is shutting down";

    } else {
        why = ngx_http_aime_status_worker(r);
    }

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);

    if (why == NULL) {
        ngx_http_aime_reply_chars(&reply, "{\"status\":\"ready\"}");

        return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
    }

    ngx_http_aime_reply_chars(&reply, "{\"status\":\"not ready\","
                                      "\"error\":\"");
    ngx_http_aime_reply_chars(&reply, why);
    ngx_http_aime_reply_chars(&reply, "\"}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_SERVICE_UNAVAILABLE);
}


/* With the argument job_type a worker is wanted as well. */

static const char *
ngx_http_aime_status_worker(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_str_t                   name, error;
    ngx_uint_t                  nonline;
    ngx_http_aime_args_t        args;
    ngx_http_aime_type_t       *type;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    if (ngx_http_aime_query(r, &args, &error) != NGX_OK) {
        return "the arguments cannot be read";
    }

    rc = ngx_http_aime_arg_text(r, &args, "job_type", &name);

    if (rc == NGX_DECLINED) {
        return NULL;
    }

    type = (rc == NGX_OK) ? ngx_http_aime_type_named(amcf, &name) : NULL;

    if (type == NULL) {
        return "there is no such job type";
    }

    ngx_aime_shm_lock(amcf->zone);

    nonline = type->shm->nonline;

    ngx_aime_shm_unlock(amcf->zone);

    return nonline ? NULL : "no worker of that job type is online";
}
