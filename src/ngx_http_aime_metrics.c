
/*
 * The zone's numbers for Prometheus, see ngx_http_aime_metrics.h.
 *
 * A table of families; each is written for the whole zone, or for each job
 * type or endpoint.  All the samples of a family stand together, as the format
 * demands.
 */


#include "ngx_http_aime_metrics.h"
#include "ngx_aime_metrics.h"


typedef enum {
    NGX_HTTP_AIME_OF_ZONE = 0,
    NGX_HTTP_AIME_OF_TYPES,
    NGX_HTTP_AIME_OF_ENDPOINTS
} ngx_http_aime_metrics_of_e;


typedef void (*ngx_http_aime_metrics_pt)(ngx_http_aime_metrics_t *metrics,
    void *view);

typedef struct {
    const char                  *name;      /* without _total */
    const char                  *type;
    const char                  *help;
    ngx_uint_t                   of;        /* ngx_http_aime_metrics_of_e */
    ngx_http_aime_metrics_pt     write;     /* the samples of one */
} ngx_http_aime_family_t;


struct ngx_http_aime_metrics_s {
    ngx_http_request_t          *request;
    ngx_http_aime_reply_t       *reply;
    ngx_uint_t                   open;
    ngx_array_t                  types;     /* ngx_aime_metrics_type_t */
    ngx_array_t                  endpoints; /* ngx_aime_metrics_endpoint_t */
    ngx_aime_metrics_zone_t      zone;
    ngx_http_aime_family_t      *family;    /* that is being written, */
    ngx_uint_t                   item;      /* and where that has come to */
    const char                  *label;     /* of the family's item, */
    ngx_str_t                   *value;     /* escaped */
};


static ngx_int_t ngx_http_aime_metrics_escape(ngx_pool_t *pool,
    ngx_str_t *text);
static void ngx_http_aime_metrics_head(ngx_http_aime_metrics_t *metrics);
static void ngx_http_aime_metrics_item(ngx_http_aime_metrics_t *metrics);
static u_char *ngx_http_aime_metrics_sample(ngx_http_aime_metrics_t *metrics,
    const char *suffix, const char *label, const char *value);
static void ngx_http_aime_metrics_number(ngx_http_aime_metrics_t *metrics,
    const char *label, const char *value, uint64_t n);
static void ngx_http_aime_metrics_seconds(ngx_http_aime_metrics_t *metrics,
    const char *suffix, const char *label, const char *value, uint64_t msec);
static void ngx_http_aime_metrics_times(ngx_http_aime_metrics_t *metrics,
    const char *label, const char *value, ngx_aime_shm_times_t *times);
static void ngx_http_aime_metrics_bucket(ngx_http_aime_metrics_t *metrics,
    const char *label, const char *value, const char *bound, uint64_t n);

static void ngx_http_aime_queue_jobs(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_queue_oldest(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_queue_limit(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_jobs_running(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_jobs_submitted(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_jobs_finished(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_jobs_rejected(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_job_retries(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_job_queue_times(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_job_compute(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_job_duration(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_job_first(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_batch_jobs(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_workers(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_worker_slots(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_streams_open(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_tokens(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_memory(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_build_info(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_zone_jobs(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_zone_sessions(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_zone_procs(ngx_http_aime_metrics_t *metrics,
    void *view);
static void ngx_http_aime_zone_repairs(ngx_http_aime_metrics_t *metrics,
    void *view);


static ngx_http_aime_family_t  ngx_http_aime_families[] = {

    { "aime_queue_jobs", "gauge",
      "Jobs that wait for a worker.",
      NGX_HTTP_AIME_OF_TYPES, ngx_http_aime_queue_jobs },

    { "aime_queue_oldest_job_age_seconds", "gauge",
      "How long the job waits that waits longest.",
      NGX_HTTP_AIME_OF_TYPES, ngx_http_aime_queue_oldest },

    { "aime_queue_limit_jobs", "gauge",
      "Jobs that may wait, by the most generous endpoint.",
      NGX_HTTP_AIME_OF_TYPES, ngx_http_aime_queue_limit },

    { "aime_jobs_running", "gauge",
      "Jobs that workers have.",
      NGX_HTTP_AIME_OF_TYPES, ngx_http_aime_jobs_running },

    { "aime_jobs_submitted", "counter",
      "Jobs that were queued.",
      NGX_HTTP_AIME_OF_ENDPOINTS, ngx_http_aime_jobs_submitted },

    { "aime_jobs_finished", "counter",
      "Jobs that came to an end.",
      NGX_HTTP_AIME_OF_ENDPOINTS, ngx_http_aime_jobs_finished },

    { "aime_jobs_rejected", "counter",
      "Submissions that came to no job.",
      NGX_HTTP_AIME_OF_ENDPOINTS, ngx_http_aime_jobs_rejected },

    { "aime_job_retries", "counter",
      "Jobs that went back into the queue.",
      NGX_HTTP_AIME_OF_TYPES, ngx_http_aime_job_retries },

    { "aime_job_queue_duration_seconds", "histogram",
      "From being queued to being handed to a worker.",
      NGX_HTTP_AIME_OF_TYPES, ngx_http_aime_job_queue_times },

    { "aime_job_compute_duration_seconds", "histogram",
      "From being handed to a worker to its result.",
      NGX_HTTP_AIME_OF_TYPES, ngx_http_aime_job_compute },

    { "aime_job_duration_seconds", "histogram",
      "From the submission to the result.",
      NGX_HTTP_AIME_OF_ENDPOINTS, ngx_http_aime_job_duration },

    { "aime_job_time_to_first_progress_seconds", "histogram",
      "From being handed to a worker to its first progress report.",
      NGX_HTTP_AIME_OF_TYPES, ngx_http_aime_job_first },

    { "aime_batch_jobs", "histogram",
      "Jobs that a worker was handed at once.",
      NGX_HTTP_AIME_OF_TYPES, ngx_http_aime_batch_jobs },

    { "aime_workers", "gauge",
      "Workers that are known.",
      NGX_HTTP_AIME_OF_TYPES, ngx_http_aime_workers },

    { "aime_worker_slots_free", "gauge",
      "Jobs that workers wait for right now.",
      NGX_HTTP_AIME_OF_TYPES, ngx_http_aime_worker_slots },

    { "aime_streams_open", "gauge",
      "Requests that wait: event streams, polls of workers, clients.",
      NGX_HTTP_AIME_OF_ZONE, ngx_http_aime_streams_open },

    { "aime_tokens", "counter",
      "Tokens of finished jobs, as their results tell.",
      NGX_HTTP_AIME_OF_ENDPOINTS, ngx_http_aime_tokens },

    { "aime_shared_memory_bytes", "gauge",
      "Memory of the zone.",
      NGX_HTTP_AIME_OF_ZONE, ngx_http_aime_memory },

    { "aime_build_info", "gauge",
      "Versions of the module and of nginx.",
      NGX_HTTP_AIME_OF_ZONE, ngx_http_aime_build_info },

    { "aime_jobs_stored", "gauge",
      "Jobs in the zone, those that are finished included.",
      NGX_HTTP_AIME_OF_ZONE, ngx_http_aime_zone_jobs },

    { "aime_client_sessions", "gauge",
      "Client sessions that are logged in.",
      NGX_HTTP_AIME_OF_ZONE, ngx_http_aime_zone_sessions },

    { "aime_processes", "gauge",
      "nginx processes that use the zone.",
      NGX_HTTP_AIME_OF_ZONE, ngx_http_aime_zone_procs },

    { "aime_zone_repairs", "counter",
      "Repairs of the zone after a process was killed while it changed it.",
      NGX_HTTP_AIME_OF_ZONE, ngx_http_aime_zone_repairs },

    { NULL, NULL, NULL, 0, NULL }
};


static const char  *ngx_http_aime_levels[NGX_AIME_NPRIORITIES] = {
    "0", "1", "2", "3"
};

static const char  *ngx_http_aime_outcomes[NGX_AIME_NOUTCOMES] = {
    "success", "error", "cancelled", "expired", "timeout", "worker_lost"
};

static const char  *ngx_http_aime_refusals[NGX_AIME_NREJECTED] = {
    "queue_full", "auth", "rate", "quota", "invalid", "disabled", "no_memory",
    "media"
};

static const char  *ngx_http_aime_retries[NGX_AIME_NRETRIES] = {
    "worker_lost", "undelivered", "admin"
};

static const char  *ngx_http_aime_states[NGX_AIME_WORKER_NSTATES] = {
    "waiting", "processing", "offline", "disabled"
};

static const char  *ngx_http_aime_waits[NGX_AIME_NWAITS] = {
    "sse", "longpoll", "sync"
};

static const char  *ngx_http_aime_directions[2] = {
    "input", "output"
};


/* ngx_aime_shm_time_bounds and _size_bounds, in the form of OpenMetrics */

static const char  *ngx_http_aime_time_bounds[NGX_AIME_SHM_NTIMES + 1] = {
    "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5",
    "5.0", "10.0", "30.0", "60.0", "120.0", "300.0", "600.0", "1800.0",
    "3600.0", "+Inf"
};

static const char  *ngx_http_aime_size_bounds[NGX_AIME_SHM_NSIZES + 1] = {
    "1.0", "2.0", "4.0", "8.0", "16.0", "32.0", "64.0", "128.0", "256.0",
    "+Inf"
};


ngx_http_aime_metrics_t *
ngx_http_aime_metrics_create(ngx_http_request_t *r, ngx_uint_t open)
{
    ngx_uint_t                    i;
    ngx_aime_zone_t              *zone;
    ngx_http_aime_metrics_t      *metrics;
    ngx_aime_metrics_type_t      *type;
    ngx_aime_metrics_endpoint_t  *ep;

    zone = ngx_http_aime_zone(r);

    metrics = ngx_pcalloc(r->pool, sizeof(ngx_http_aime_metrics_t));

    if (metrics == NULL
        || ngx_aime_metrics_types(zone, r->pool, &metrics->types) != NGX_OK
        || ngx_aime_metrics_endpoints(zone, r->pool, &metrics->endpoints)
           != NGX_OK)
    {
        return NULL;
    }

    ngx_aime_metrics_zone(zone, &metrics->zone);

    metrics->request = r;
    metrics->open = open;
    metrics->family = ngx_http_aime_families;

    type = metrics->types.elts;

    for (i = 0; i < metrics->types.nelts; i++) {
        if (ngx_http_aime_metrics_escape(r->pool, &type[i].name) != NGX_OK) {
            return NULL;
        }
    }

    ep = metrics->endpoints.elts;

    for (i = 0; i < metrics->endpoints.nelts; i++) {
        if (ngx_http_aime_metrics_escape(r->pool, &ep[i].name) != NGX_OK) {
            return NULL;
        }
    }

    return metrics;
}


static ngx_int_t
ngx_http_aime_metrics_escape(ngx_pool_t *pool, ngx_str_t *text)
{
    u_char  *p, *dst;

    dst = ngx_pnalloc(pool, 2 * text->len);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    p = dst;

    for ( /* void */ ; text->len; text->len--, text->data++) {

        switch (*text->data) {

        case '\n':
            *p++ = '\\';
            *p++ = 'n';
            break;

        case '\\':
        case '"':
            *p++ = '\\';
            /* fall through */

        default:
            *p++ = *text->data;
        }
    }

    text->data = dst;
    text->len = p - dst;

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_metrics_write(ngx_http_aime_metrics_t *metrics,
    ngx_http_aime_reply_t *reply, off_t max)
{
    off_t       end;
    ngx_uint_t  n;

    metrics->reply = reply;
    end = reply->len + max;

    while (metrics->family->name) {
        n = 1;

        if (metrics->family->of == NGX_HTTP_AIME_OF_TYPES) {
            n = metrics->types.nelts;

        } else if (metrics->family->of == NGX_HTTP_AIME_OF_ENDPOINTS) {
            n = metrics->endpoints.nelts;
        }

        if (metrics->item == 0) {
            ngx_http_aime_metrics_head(metrics);
        }

        while (metrics->item < n) {
            ngx_http_aime_metrics_item(metrics);
            metrics->item++;

            if (reply->failed) {
                return NGX_OK;
            }

            if (reply->len > end) {
                return NGX_AGAIN;
            }
        }

        metrics->family++;
        metrics->item = 0;
    }

    if (metrics->open) {
        ngx_http_aime_reply_chars(reply, "# EOF\n");
    }

    return NGX_OK;
}


/* OpenMetrics names a counter without _total where it describes it. */

static void
ngx_http_aime_metrics_head(ngx_http_aime_metrics_t *metrics)
{
    u_char                  *p;
    size_t                   len;
    const char              *total;
    ngx_http_aime_family_t  *family;

    family = metrics->family;

    len = sizeof("# HELP _total \n# TYPE _total \n")
          + 2 * ngx_strlen(family->name) + ngx_strlen(family->help)
          + ngx_strlen(family->type);

    p = ngx_http_aime_reply_room(metrics->reply, len);
    if (p == NULL) {
        return;
    }

    total = (!metrics->open && family->type[0] == 'c') ? "_total" : "";

    p = ngx_sprintf(p, "# HELP %s%s %s\n# TYPE %s%s %s\n", family->name,
                    total, family->help, family->name, total, family->type);

    ngx_http_aime_reply_wrote(metrics->reply, p);
}


static void
ngx_http_aime_metrics_item(ngx_http_aime_metrics_t *metrics)
{
    ngx_aime_metrics_type_t      *type;
    ngx_aime_metrics_endpoint_t  *ep;

    metrics->value = NULL;

    switch (metrics->family->of) {

    case NGX_HTTP_AIME_OF_TYPES:
        type = metrics->types.elts;
        metrics->label = "job_type";
        metrics->value = &type[metrics->item].name;
        metrics->family->write(metrics, &type[metrics->item]);
        return;

    case NGX_HTTP_AIME_OF_ENDPOINTS:
        ep = metrics->endpoints.elts;
        metrics->label = "endpoint";
        metrics->value = &ep[metrics->item].name;
        metrics->family->write(metrics, &ep[metrics->item]);
        return;

    default:
        metrics->family->write(metrics, &metrics->zone);
    }
}


/*
 * The line up to its number, for which there is room behind it; the caller
 * tells the reply where it ended.  NULL: no memory.
 */

static u_char *
ngx_http_aime_metrics_sample(ngx_http_aime_metrics_t *metrics,
    const char *suffix, const char *label, const char *value)
{
    u_char  *p;
    size_t   len;

    len = ngx_strlen(metrics->family->name) + ngx_strlen(suffix)
          + sizeof("{=\"\",=\"\"} .000\n") + NGX_INT64_LEN;

    if (metrics->value) {
        len += ngx_strlen(metrics->label) + metrics->value->len;
    }

    if (label) {
        len += ngx_strlen(label) + ngx_strlen(value);
    }

    p = ngx_http_aime_reply_room(metrics->reply, len);
    if (p == NULL) {
        return NULL;
    }

    p = ngx_sprintf(p, "%s%s", metrics->family->name, suffix);

    if (metrics->value && label) {
        return ngx_sprintf(p, "{%s=\"%V\",%s=\"%s\"} ", metrics->label,
                           metrics->value, label, value);
    }

    if (metrics->value) {
        return ngx_sprintf(p, "{%s=\"%V\"} ", metrics->label,
                           metrics->value);
    }

    if (label) {
        return ngx_sprintf(p, "{%s=\"%s\"} ", label, value);
    }

    *p++ = ' ';

    return p;
}


static void
ngx_http_aime_metrics_number(ngx_http_aime_metrics_t *metrics,
    const char *label, const char *value, uint64_t n)
{
    u_char  *p;

    p = ngx_http_aime_metrics_sample(metrics,
                                     (metrics->family->type[0] == 'c')
                                     ? "_total" : "", label, value);
    if (p) {
        ngx_http_aime_reply_wrote(metrics->reply, ngx_sprintf(p, "%uL\n", n));
    }
}


static void
ngx_http_aime_metrics_seconds(ngx_http_aime_metrics_t *metrics,
    const char *suffix, const char *label, const char *value, uint64_t msec)
{
    u_char  *p;

    p = ngx_http_aime_metrics_sample(metrics, suffix, label, value);

    if (p) {
        p = ngx_sprintf(p, "%uL.%03uL\n", msec / 1000, msec % 1000);
        ngx_http_aime_reply_wrote(metrics->reply, p);
    }
}


static void
ngx_http_aime_metrics_times(ngx_http_aime_metrics_t *metrics,
    const char *label, const char *value, ngx_aime_shm_times_t *times)
{
    u_char      *p;
    uint64_t     n;
    ngx_uint_t   i;

    n = 0;

    for (i = 0; i <= NGX_AIME_SHM_NTIMES; i++) {
        n += times->counts[i];
        ngx_http_aime_metrics_bucket(metrics, label, value,
                                     ngx_http_aime_time_bounds[i], n);
    }

    ngx_http_aime_metrics_seconds(metrics, "_sum", label, value, times->sum);

    p = ngx_http_aime_metrics_sample(metrics, "_count", label, value);

    if (p) {
        ngx_http_aime_reply_wrote(metrics->reply, ngx_sprintf(p, "%uL\n", n));
    }
}


static void
ngx_http_aime_metrics_bucket(ngx_http_aime_metrics_t *metrics,
    const char *label, const char *value, const char *bound, uint64_t n)
{
    u_char  *p;

    /* all histograms are of types or endpoints */

    p = ngx_http_aime_reply_room(metrics->reply,
                 ngx_strlen(metrics->family->name)
                 + sizeof("_bucket{=\"\",=\"\",le=\"\"} \n") + NGX_INT64_LEN
                 + ngx_strlen(metrics->label) + metrics->value->len
                 + (label ? ngx_strlen(label) + ngx_strlen(value) : 0)
                 + ngx_strlen(bound));
    if (p == NULL) {
        return;
    }

    p = ngx_sprintf(p, "%s_bucket{%s=\"%V\"", metrics->family->name,
                    metrics->label, metrics->value);

    if (label) {
        p = ngx_sprintf(p, ",%s=\"%s\"", label, value);
    }

    p = ngx_sprintf(p, ",le=\"%s\"} %uL\n", bound, n);

    ngx_http_aime_reply_wrote(metrics->reply, p);
}


static void
ngx_http_aime_queue_jobs(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_uint_t                i;
    ngx_aime_metrics_type_t  *type = view;

    for (i = 0; i < NGX_AIME_NPRIORITIES; i++) {
        ngx_http_aime_metrics_number(metrics, "priority",
                                     ngx_http_aime_levels[i],
                                     type->nlevel[i]);
    }
}


static void
ngx_http_aime_queue_oldest(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_aime_metrics_type_t  *type = view;

    ngx_http_aime_metrics_seconds(metrics, "", NULL, NULL, type->oldest);
}


/* Not in the zone: it is this process's configuration that says so. */

static void
ngx_http_aime_queue_limit(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_aime_metrics_type_t  *type = view;

    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(metrics->request,
                                         ngx_http_aime_api_module);

    ngx_http_aime_metrics_number(metrics, NULL, NULL,
                                 ngx_http_aime_type_limit(amcf, type->shm));
}


static void
ngx_http_aime_jobs_running(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_aime_metrics_type_t  *type = view;

    ngx_http_aime_metrics_number(metrics, NULL, NULL, type->nrunning);
}


static void
ngx_http_aime_jobs_submitted(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_aime_metrics_endpoint_t  *ep = view;

    ngx_http_aime_metrics_number(metrics, NULL, NULL, ep->metrics.submitted);
}


static void
ngx_http_aime_jobs_finished(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_uint_t                    i;
    ngx_aime_metrics_endpoint_t  *ep = view;

    for (i = 0; i < NGX_AIME_NOUTCOMES; i++) {
        ngx_http_aime_metrics_number(metrics, "outcome",
                                     ngx_http_aime_outcomes[i],
                                     ep->metrics.finished[i]);
    }
}


static void
ngx_http_aime_jobs_rejected(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_uint_t                    i;
    ngx_aime_metrics_endpoint_t  *ep = view;

    for (i = 0; i < NGX_AIME_NREJECTED; i++) {
        ngx_http_aime_metrics_number(metrics, "reason",
                                     ngx_http_aime_refusals[i],
                                     ep->metrics.rejected[i]);
    }
}


static void
ngx_http_aime_job_retries(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_uint_t                i;
    ngx_aime_metrics_type_t  *type = view;

    for (i = 0; i < NGX_AIME_NRETRIES; i++) {
        ngx_http_aime_metrics_number(metrics, "reason",
                                     ngx_http_aime_retries[i],
                                     type->metrics.retries[i]);
    }
}


/* Most job types never see more than one priority. */

static void
ngx_http_aime_job_queue_times(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_uint_t                i, n;
    ngx_aime_shm_times_t     *times;
    ngx_aime_metrics_type_t  *type = view;

    for (i = 0; i < NGX_AIME_NPRIORITIES; i++) {
        times = &type->metrics.queue[i];

        for (n = 0; n <= NGX_AIME_SHM_NTIMES; n++) {
            if (times->counts[n]) {
                ngx_http_aime_metrics_times(metrics, "priority",
                                            ngx_http_aime_levels[i], times);
                break;
            }
        }
    }
}


static void
ngx_http_aime_job_compute(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_aime_metrics_type_t  *type = view;

    ngx_http_aime_metrics_times(metrics, NULL, NULL, &type->metrics.compute);
}


static void
ngx_http_aime_job_duration(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_aime_metrics_endpoint_t  *ep = view;

    ngx_http_aime_metrics_times(metrics, NULL, NULL, &ep->metrics.duration);
}


static void
ngx_http_aime_job_first(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_aime_metrics_type_t  *type = view;

    ngx_http_aime_metrics_times(metrics, NULL, NULL, &type->metrics.first);
}


static void
ngx_http_aime_batch_jobs(ngx_http_aime_metrics_t *metrics, void *view)
{
    u_char                   *p;
    uint64_t                  n;
    ngx_uint_t                i;
    ngx_aime_shm_sizes_t     *sizes;
    ngx_aime_metrics_type_t  *type = view;

    sizes = &type->metrics.batch;
    n = 0;

    for (i = 0; i <= NGX_AIME_SHM_NSIZES; i++) {
        n += sizes->counts[i];
        ngx_http_aime_metrics_bucket(metrics, NULL, NULL,
                                     ngx_http_aime_size_bounds[i], n);
    }

    p = ngx_http_aime_metrics_sample(metrics, "_sum", NULL, NULL);

    if (p) {
        ngx_http_aime_reply_wrote(metrics->reply,
                                  ngx_sprintf(p, "%uL\n", sizes->sum));
    }

    p = ngx_http_aime_metrics_sample(metrics, "_count", NULL, NULL);

    if (p) {
        ngx_http_aime_reply_wrote(metrics->reply, ngx_sprintf(p, "%uL\n", n));
    }
}


static void
ngx_http_aime_workers(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_uint_t                i;
    ngx_aime_metrics_type_t  *type = view;

    for (i = 0; i < NGX_AIME_WORKER_NSTATES; i++) {
        ngx_http_aime_metrics_number(metrics, "state",
                                     ngx_http_aime_states[i],
                                     type->nworkers[i]);
    }
}


static void
ngx_http_aime_worker_slots(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_aime_metrics_type_t  *type = view;

    ngx_http_aime_metrics_number(metrics, NULL, NULL, type->nslots);
}


static void
ngx_http_aime_streams_open(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_uint_t                i;
    ngx_aime_metrics_zone_t  *zone = view;

    for (i = 0; i < NGX_AIME_NWAITS; i++) {
        ngx_http_aime_metrics_number(metrics, "kind", ngx_http_aime_waits[i],
                                     zone->nwaits[i]);
    }
}


static void
ngx_http_aime_tokens(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_uint_t                    i;
    ngx_aime_metrics_endpoint_t  *ep = view;

    for (i = 0; i < 2; i++) {
        ngx_http_aime_metrics_number(metrics, "direction",
                                     ngx_http_aime_directions[i],
                                     ep->metrics.tokens[i]);
    }
}


static void
ngx_http_aime_memory(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_str_t                 name;
    ngx_aime_metrics_zone_t  *zone = view;

    name = ngx_http_aime_zone(metrics->request)->shm_zone->shm.name;

    if (ngx_http_aime_metrics_escape(metrics->request->pool, &name)
        != NGX_OK)
    {
        metrics->reply->failed = 1;
        return;
    }

    metrics->label = "zone";
    metrics->value = &name;

    ngx_http_aime_metrics_number(metrics, "state", "used", zone->used);
    ngx_http_aime_metrics_number(metrics, "state", "free",
                                 zone->size - zone->used);
}


static void
ngx_http_aime_build_info(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_str_t  version;

    ngx_str_set(&version, NGX_HTTP_AIME_VERSION);

    metrics->label = "version";
    metrics->value = &version;

    ngx_http_aime_metrics_number(metrics, "nginx", NGINX_VERSION, 1);
}


static void
ngx_http_aime_zone_jobs(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_aime_metrics_zone_t  *zone = view;

    ngx_http_aime_metrics_number(metrics, NULL, NULL, zone->njobs);
}


static void
ngx_http_aime_zone_sessions(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_aime_metrics_zone_t  *zone = view;

    ngx_http_aime_metrics_number(metrics, NULL, NULL, zone->nsessions);
}


static void
ngx_http_aime_zone_procs(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_aime_metrics_zone_t  *zone = view;

    ngx_http_aime_metrics_number(metrics, NULL, NULL, zone->nprocs);
}


static void
ngx_http_aime_zone_repairs(ngx_http_aime_metrics_t *metrics, void *view)
{
    ngx_aime_metrics_zone_t  *zone = view;

    ngx_http_aime_metrics_number(metrics, NULL, NULL, zone->repairs);
}
