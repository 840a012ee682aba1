/*
 * Samples of metrics, in Prometheus's text format or in that of OpenMetrics.
 * Floor 3: knows no route, and not what is counted.
 */

#ifndef NGX_HTTP_AIME_SAMPLE_H_INCLUDED
#define NGX_HTTP_AIME_SAMPLE_H_INCLUDED


#include "ngx_http_aime_reply.h"
#include "ngx_aime_shm_metrics.h"


/* The family whose samples are written, and what its item is called. */

typedef struct {
    ngx_http_aime_reply_t       *reply;
    ngx_uint_t                   open;      /* OpenMetrics */
    const char                  *name;      /* without _total */
    const char                  *type;      /* counter, gauge, histogram */
    const char                  *label;
    ngx_str_t                   *value;     /* escaped; NULL: no label */
} ngx_http_aime_sample_t;


/* Makes a label's value of the text.  NGX_ERROR: no memory. */
ngx_int_t ngx_http_aime_sample_escape(ngx_pool_t *pool, ngx_str_t *text);

/* What is in front of a family's samples. */
void ngx_http_aime_sample_head(ngx_http_aime_sample_t *sample,
    const char *help);

/* A sample of a counter or a gauge; label, value: one more, or NULL. */
void ngx_http_aime_sample_number(ngx_http_aime_sample_t *sample,
    const char *label, const char *value, uint64_t n);

/* A gauge of a time, without another label. */
void ngx_http_aime_sample_time(ngx_http_aime_sample_t *sample, uint64_t msec);

/* The samples of a histogram; its item has a label. */
void ngx_http_aime_sample_times(ngx_http_aime_sample_t *sample,
    const char *label, const char *value, ngx_aime_shm_times_t *times);
void ngx_http_aime_sample_sizes(ngx_http_aime_sample_t *sample,
    ngx_aime_shm_sizes_t *sizes);


#endif /* NGX_HTTP_AIME_SAMPLE_H_INCLUDED */
