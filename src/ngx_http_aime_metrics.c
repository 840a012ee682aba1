
/*
 * The zone's numbers for Prometheus, see ngx_http_aime_metrics.h.
 *
 * A table of families; each is written for the whole zone, or for each job
 * type or endpoint.  All the samples of a family stand together, as the format
 * demands.
 */


#include "ngx_http_aime_metrics.h"
#include "ngx_http_aime_sample.h"
#include "ngx_aime_metrics.h"


typedef enum {
    NGX_HTTP_AIME_OF_ZONE = 0,
    NGX_HTTP_AIME_OF_TYPES,
    NGX_HTTP_AIME_OF_ENDPOINTS
} ngx_http_aime_metrics_of_e;


typedef void (*ngx_http_aime_metrics_pt)(ngx_http_aime_sample_t *sample,
    void *view);

typedef struct {
    const char                  *name;      /* without _total */
    const char                  *type;
    const char                  *help;
    ngx_uint_t                   of;        /* ngx_http_aime_metrics_of_e */
    ngx_http_aime_metrics_pt     write;     /* the samples of one */
} ngx_http_aime_family_t;


struct ngx_http_aime_metrics_s {
    ngx_array_t                  types;     /* ngx_aime_metrics_type_t */
    ngx_array_t                  endpoints; /* ngx_aime_metrics_endpoint_t */
    ngx_aime_metrics_zone_t      zone;
    ngx_http_aime_family_t      *family;    /* that is being written, */
    ngx_uint_t                   item;      /* and where that has come to */
    ngx_http_aime_sample_t       sample;
};


static void ngx_http_aime_metrics_item(ngx_http_aime_metrics_t *metrics);

static void ngx_http_aime_queue_jobs(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_queue_oldest(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_queue_limit(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_jobs_running(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_jobs_submitted(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_jobs_finished(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_jobs_rejected(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_job_retries(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_job_queue_times(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_job_compute(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_job_duration(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_job_first(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_batch_jobs(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_workers(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_worker_slots(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_streams_open(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_tokens(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_memory(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_build_info(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_zone_jobs(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_zone_sessions(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_zone_procs(ngx_http_aime_sample_t *sample,
    void *view);
static void ngx_http_aime_zone_repairs(ngx_http_aime_sample_t *sample,
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

    metrics->sample.open = open;
    metrics->family = ngx_http_aime_families;

    type = metrics->types.elts;

    for (i = 0; i < metrics->types.nelts; i++) {
        if (ngx_http_aime_sample_escape(r->pool, &type[i].name) != NGX_OK) {
            return NULL;
        }
    }

    ep = metrics->endpoints.elts;

    for (i = 0; i < metrics->endpoints.nelts; i++) {
        if (ngx_http_aime_sample_escape(r->pool, &ep[i].name) != NGX_OK) {
            return NULL;
        }
    }

    return metrics;
}


ngx_int_t
ngx_http_aime_metrics_write(ngx_http_aime_metrics_t *metrics,
    ngx_http_aime_reply_t *reply, off_t max)
{
    off_t       end;
    ngx_uint_t  n;

    metrics->sample.reply = reply;
    end = reply->len + max;

    while (metrics->family->name) {
        n = 1;

        if (metrics->family->of == NGX_HTTP_AIME_OF_TYPES) {
            n = metrics->types.nelts;

        } else if (metrics->family->of == NGX_HTTP_AIME_OF_ENDPOINTS) {
            n = metrics->endpoints.nelts;
        }

        if (metrics->item == 0) {
            metrics->sample.name = metrics->family->name;
            metrics->sample.type = metrics->family->type;

            ngx_http_aime_sample_head(&metrics->sample, metrics->family->help);
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

    if (metrics->sample.open) {
        ngx_http_aime_reply_chars(reply, "# EOF\n");
    }

    return NGX_OK;
}


static void
ngx_http_aime_metrics_item(ngx_http_aime_metrics_t *metrics)
{
    ngx_http_aime_sample_t       *sample;
    ngx_aime_metrics_type_t      *type;
    ngx_aime_metrics_endpoint_t  *ep;

    sample = &metrics->sample;
    sample->value = NULL;

    switch (metrics->family->of) {

    case NGX_HTTP_AIME_OF_TYPES:
        type = metrics->types.elts;
        sample->label = "job_type";
        sample->value = &type[metrics->item].name;
        metrics->family->write(sample, &type[metrics->item]);
        return;

    case NGX_HTTP_AIME_OF_ENDPOINTS:
        ep = metrics->endpoints.elts;
        sample->label = "endpoint";
        sample->value = &ep[metrics->item].name;
        metrics->family->write(sample, &ep[metrics->item]);
        return;

    default:
        metrics->family->write(sample, &metrics->zone);
    }
}


static void
ngx_http_aime_queue_jobs(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_uint_t                i;
    ngx_aime_metrics_type_t  *type = view;

    for (i = 0; i < NGX_AIME_NPRIORITIES; i++) {
        ngx_http_aime_sample_number(sample, "priority",
                                    ngx_http_aime_levels[i],
                                    type->nlevel[i]);
    }
}


static void
ngx_http_aime_queue_oldest(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_aime_metrics_type_t  *type = view;

    ngx_http_aime_sample_time(sample, type->oldest);
}


/* Not in the zone: it is this process's configuration that says so. */

static void
ngx_http_aime_queue_limit(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_aime_metrics_type_t  *type = view;

    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(sample->reply->request,
                                         ngx_http_aime_api_module);

    ngx_http_aime_sample_number(sample, NULL, NULL,
                                ngx_http_aime_type_limit(amcf, type->shm));
}


static void
ngx_http_aime_jobs_running(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_aime_metrics_type_t  *type = view;

    ngx_http_aime_sample_number(sample, NULL, NULL, type->nrunning);
}


static void
ngx_http_aime_jobs_submitted(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_aime_metrics_endpoint_t  *ep = view;

    ngx_http_aime_sample_number(sample, NULL, NULL, ep->metrics.submitted);
}


static void
ngx_http_aime_jobs_finished(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_uint_t                    i;
    ngx_aime_metrics_endpoint_t  *ep = view;

    for (i = 0; i < NGX_AIME_NOUTCOMES; i++) {
        ngx_http_aime_sample_number(sample, "outcome",
                                    ngx_http_aime_outcomes[i],
                                    ep->metrics.finished[i]);
    }
}


static void
ngx_http_aime_jobs_rejected(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_uint_t                    i;
    ngx_aime_metrics_endpoint_t  *ep = view;

    for (i = 0; i < NGX_AIME_NREJECTED; i++) {
        ngx_http_aime_sample_number(sample, "reason",
                                    ngx_http_aime_refusals[i],
                                    ep->metrics.rejected[i]);
    }
}


static void
ngx_http_aime_job_retries(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_uint_t                i;
    ngx_aime_metrics_type_t  *type = view;

    for (i = 0; i < NGX_AIME_NRETRIES; i++) {
        ngx_http_aime_sample_number(sample, "reason",
                                    ngx_http_aime_retries[i],
                                    type->metrics.retries[i]);
    }
}


/* Most job types never see more than one priority. */

static void
ngx_http_aime_job_queue_times(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_uint_t                i, n;
    ngx_aime_shm_times_t     *times;
    ngx_aime_metrics_type_t  *type = view;

    for (i = 0; i < NGX_AIME_NPRIORITIES; i++) {
        times = &type->metrics.queue[i];

        for (n = 0; n <= NGX_AIME_SHM_NTIMES; n++) {
            if (times->counts[n]) {
                ngx_http_aime_sample_times(sample, "priority",
                                           ngx_http_aime_levels[i], times);
                break;
            }
        }
    }
}


static void
ngx_http_aime_job_compute(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_aime_metrics_type_t  *type = view;

    ngx_http_aime_sample_times(sample, NULL, NULL, &type->metrics.compute);
}


static void
ngx_http_aime_job_duration(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_aime_metrics_endpoint_t  *ep = view;

    ngx_http_aime_sample_times(sample, NULL, NULL, &ep->metrics.duration);
}


static void
ngx_http_aime_job_first(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_aime_metrics_type_t  *type = view;

    ngx_http_aime_sample_times(sample, NULL, NULL, &type->metrics.first);
}


static void
ngx_http_aime_batch_jobs(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_aime_metrics_type_t  *type = view;

    ngx_http_aime_sample_sizes(sample, &type->metrics.batch);
}


static void
ngx_http_aime_workers(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_uint_t                i;
    ngx_aime_metrics_type_t  *type = view;

    for (i = 0; i < NGX_AIME_WORKER_NSTATES; i++) {
        ngx_http_aime_sample_number(sample, "state",
                                    ngx_http_aime_states[i],
                                    type->nworkers[i]);
    }
}


static void
ngx_http_aime_worker_slots(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_aime_metrics_type_t  *type = view;

    ngx_http_aime_sample_number(sample, NULL, NULL, type->nslots);
}


static void
ngx_http_aime_streams_open(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_uint_t                i;
    ngx_aime_metrics_zone_t  *zone = view;

    for (i = 0; i < NGX_AIME_NWAITS; i++) {
        ngx_http_aime_sample_number(sample, "kind", ngx_http_aime_waits[i],
                                    zone->nwaits[i]);
    }
}


static void
ngx_http_aime_tokens(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_uint_t                    i;
    ngx_aime_metrics_endpoint_t  *ep = view;

    for (i = 0; i < 2; i++) {
        ngx_http_aime_sample_number(sample, "direction",
                                    ngx_http_aime_directions[i],
                                    ep->metrics.tokens[i]);
    }
}


static void
ngx_http_aime_memory(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_str_t                 name;
    ngx_aime_metrics_zone_t  *zone = view;

    name = ngx_http_aime_zone(sample->reply->request)->shm_zone->shm.name;

    if (ngx_http_aime_sample_escape(sample->reply->request->pool, &name)
        != NGX_OK)
    {
        sample->reply->failed = 1;
        return;
    }

    sample->label = "zone";
    sample->value = &name;

    ngx_http_aime_sample_number(sample, "state", "used", zone->used);
    ngx_http_aime_sample_number(sample, "state", "free",
                                zone->size - zone->used);
}


static void
ngx_http_aime_build_info(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_str_t  version;

    ngx_str_set(&version, NGX_HTTP_AIME_VERSION);

    sample->label = "version";
    sample->value = &version;

    ngx_http_aime_sample_number(sample, "nginx", NGINX_VERSION, 1);
}


static void
ngx_http_aime_zone_jobs(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_aime_metrics_zone_t  *zone = view;

    ngx_http_aime_sample_number(sample, NULL, NULL, zone->njobs);
}


static void
ngx_http_aime_zone_sessions(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_aime_metrics_zone_t  *zone = view;

    ngx_http_aime_sample_number(sample, NULL, NULL, zone->nsessions);
}


static void
ngx_http_aime_zone_procs(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_aime_metrics_zone_t  *zone = view;

    ngx_http_aime_sample_number(sample, NULL, NULL, zone->nprocs);
}


static void
ngx_http_aime_zone_repairs(ngx_http_aime_sample_t *sample, void *view)
{
    ngx_aime_metrics_zone_t  *zone = view;

    ngx_http_aime_sample_number(sample, NULL, NULL, zone->repairs);
}
