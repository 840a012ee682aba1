/*
 * The zone's numbers in Prometheus's text format, or in that of OpenMetrics.
 * Floor 3: knows no route.
 */

#ifndef NGX_HTTP_AIME_METRICS_H_INCLUDED
#define NGX_HTTP_AIME_METRICS_H_INCLUDED


#include "ngx_http_aime_reply.h"


typedef struct ngx_http_aime_metrics_s  ngx_http_aime_metrics_t;


/* Takes all numbers; open: for OpenMetrics.  NULL: no memory. */
ngx_http_aime_metrics_t *ngx_http_aime_metrics_create(ngx_http_request_t *r,
    ngx_uint_t open);

/*
 * Writes some more of the text, about max bytes.  NGX_AGAIN: there is more to
 * come; NGX_OK: that was all.
 */
ngx_int_t ngx_http_aime_metrics_write(ngx_http_aime_metrics_t *metrics,
    ngx_http_aime_reply_t *reply, off_t max);


#endif /* NGX_HTTP_AIME_METRICS_H_INCLUDED */
