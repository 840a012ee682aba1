
/* The state of the zone as JSON, see ngx_http_aime_overview.h. */


#include "ngx_http_aime_overview.h"
#include "ngx_http_aime_machine.h"
#include "ngx_aime_job.h"
#include "ngx_aime_metrics.h"


struct ngx_http_aime_overview_s {
    ngx_http_request_t          *request;
    ngx_pool_t                  *pool;
    ngx_array_t                  types;     /* ngx_aime_metrics_type_t */
    ngx_array_t                  endpoints; /* ngx_aime_metrics_endpoint_t */
    ngx_aime_metrics_zone_t      zone;

    ngx_uint_t                   begun;
    ngx_uint_t                   type;      /* those that are written */
    ngx_uint_t                   endpoint;

    ngx_uint_t                   listed;    /* of the type, its workers: */
    ngx_aime_worker_view_t      *workers;
    ngx_uint_t                   nworkers;
    ngx_uint_t                   worker;
};


static void ngx_http_aime_overview_step(ngx_http_aime_overview_t *overview,
    ngx_http_aime_reply_t *reply);
static void ngx_http_aime_overview_zone(ngx_http_aime_overview_t *overview,
    ngx_http_aime_reply_t *reply);
static void ngx_http_aime_overview_procs(ngx_http_aime_overview_t *overview,
    ngx_http_aime_reply_t *reply);
static void ngx_http_aime_overview_type(ngx_http_aime_overview_t *overview,
    ngx_http_aime_reply_t *reply);
static void ngx_http_aime_overview_worker(ngx_http_aime_overview_t *overview,
    ngx_http_aime_reply_t *reply);
static void ngx_http_aime_overview_endpoint(
    ngx_http_aime_overview_t *overview, ngx_http_aime_reply_t *reply);
static void ngx_http_aime_overview_number(ngx_http_aime_reply_t *reply,
    const char *name, uint64_t n);
static void ngx_http_aime_overview_flag(ngx_http_aime_reply_t *reply,
    const char *name, ngx_uint_t flag);
static void ngx_http_aime_overview_mean(ngx_http_aime_reply_t *reply,
    const char *name, ngx_aime_shm_times_t *times, ngx_uint_t n);
static void ngx_http_aime_overview_times(ngx_http_aime_reply_t *reply,
    const char *name, ngx_aime_shm_times_t *times, ngx_uint_t n);
static uint64_t ngx_http_aime_overview_count(ngx_aime_shm_times_t *times,
    ngx_uint_t n, uint64_t *sum);


static const char  *ngx_http_aime_overview_outcomes[NGX_AIME_NOUTCOMES] = {
    "\"success\":", ",\"error\":", ",\"cancelled\":", ",\"expired\":",
    ",\"timeout\":", ",\"worker_lost\":"
};

static const char  *ngx_http_aime_overview_refusals[NGX_AIME_NREJECTED] = {
    "\"queue_full\":", ",\"auth\":", ",\"rate\":", ",\"quota\":",
    ",\"invalid\":", ",\"disabled\":", ",\"no_memory\":", ",\"media\":"
};

static const char  *ngx_http_aime_overview_retries[NGX_AIME_NRETRIES] = {
    "\"worker_lost\":", ",\"undelivered\":", ",\"admin\":"
};

static const char  *ngx_http_aime_overview_states[NGX_AIME_WORKER_NSTATES] = {
    "\"waiting\":", ",\"processing\":", ",\"offline\":", ",\"disabled\":"
};


ngx_http_aime_overview_t *
ngx_http_aime_overview_create(ngx_http_request_t *r, ngx_pool_t *pool)
{
    ngx_aime_zone_t           *zone;
    ngx_http_aime_overview_t  *overview;

    zone = ngx_http_aime_zone(r);

    overview = ngx_pcalloc(pool, sizeof(ngx_http_aime_overview_t));

    if (overview == NULL
        || ngx_aime_metrics_types(zone, pool, &overview->types) != NGX_OK
        || ngx_aime_metrics_endpoints(zone, pool, &overview->endpoints)
           != NGX_OK)
    {
        return NULL;
    }

    ngx_aime_metrics_zone(zone, &overview->zone);

    overview->request = r;
    overview->pool = pool;

    return overview;
}


ngx_int_t
ngx_http_aime_overview_write(ngx_http_aime_overview_t *overview,
    ngx_http_aime_reply_t *reply, off_t max)
{
    off_t  end;

    end = reply->len + max;

    while (!reply->failed) {

        if (overview->endpoint == overview->endpoints.nelts
            && overview->type == overview->types.nelts && overview->begun)
        {
            ngx_http_aime_reply_chars(reply, "]}");
            break;
        }

        if (reply->len > end) {
            return NGX_AGAIN;
        }

        ngx_http_aime_overview_step(overview, reply);
    }

    return NGX_OK;
}


/* The next piece: the head, a type, one of its workers, an endpoint. */

static void
ngx_http_aime_overview_step(ngx_http_aime_overview_t *overview,
    ngx_http_aime_reply_t *reply)
{
    if (!overview->begun) {
        overview->begun = 1;
        ngx_http_aime_overview_zone(overview, reply);
        ngx_http_aime_overview_procs(overview, reply);
        ngx_http_aime_reply_chars(reply, ",\"job_types\":[");

        if (overview->types.nelts == 0) {
            ngx_http_aime_reply_chars(reply, "],\"endpoints\":[");
        }

        return;
    }

    if (overview->type == overview->types.nelts) {
        ngx_http_aime_overview_endpoint(overview, reply);
        overview->endpoint++;
        return;
    }

    if (!overview->listed) {
        overview->listed = 1;
        ngx_http_aime_overview_type(overview, reply);
        return;
    }

    if (overview->worker < overview->nworkers) {
        ngx_http_aime_overview_worker(overview, reply);
        overview->worker++;
        return;
    }

    ngx_http_aime_reply_chars(reply, "]}");

    overview->listed = 0;
    overview->worker = 0;
    overview->type++;

    if (overview->type == overview->types.nelts) {
        ngx_http_aime_reply_chars(reply, "],\"endpoints\":[");
    }
}


static void
ngx_http_aime_overview_zone(ngx_http_aime_overview_t *overview,
    ngx_http_aime_reply_t *reply)
{
    ngx_aime_metrics_zone_t  *view;

    view = &overview->zone;

    ngx_http_aime_reply_chars(reply, "{\"version\":\"" NGX_HTTP_AIME_VERSION
                                     "\",\"nginx\":\"" NGINX_VERSION
                                     "\",\"time\":");
    ngx_http_aime_reply_seconds(reply, ngx_aime_job_now());
    ngx_http_aime_reply_chars(reply, ",\"zone\":{\"name\":");
    ngx_http_aime_reply_string(reply,
                    &ngx_http_aime_zone(overview->request)->shm_zone
                    ->shm.name);
    ngx_http_aime_overview_number(reply, ",\"size\":", view->size);
    ngx_http_aime_overview_number(reply, ",\"used\":", view->used);
    ngx_http_aime_overview_number(reply, ",\"free\":",
                                  view->size - view->used);
    ngx_http_aime_overview_number(reply, ",\"blocks_free\":", view->nfree);
    ngx_http_aime_overview_number(reply, ",\"created_time\":",
                                  view->created);
    ngx_http_aime_overview_number(reply, ",\"jobs\":", view->njobs);
    ngx_http_aime_overview_number(reply, ",\"workers\":", view->nworkers);
    ngx_http_aime_overview_number(reply, ",\"client_sessions\":",
                                  view->nsessions);
    ngx_http_aime_overview_number(reply, ",\"variable_sessions\":",
                                  view->nvars);
    ngx_http_aime_overview_number(reply, ",\"repairs\":", view->repairs);

    ngx_http_aime_overview_number(reply, "},\"waiting_requests\":{\"sse\":",
                                  view->nwaits[NGX_AIME_WAITS_WATCH]);
    ngx_http_aime_overview_number(reply, ",\"longpoll\":",
                                  view->nwaits[NGX_AIME_WAITS_POLL]);
    ngx_http_aime_overview_number(reply, ",\"sync\":",
                                  view->nwaits[NGX_AIME_WAITS_CLIENT]);
    ngx_http_aime_reply_chars(reply, "}");
}


static void
ngx_http_aime_overview_procs(ngx_http_aime_overview_t *overview,
    ngx_http_aime_reply_t *reply)
{
    ngx_uint_t                i, n;
    ngx_aime_metrics_proc_t  *procs;

    procs = ngx_palloc(overview->pool,
                       overview->zone.nrows
                       * sizeof(ngx_aime_metrics_proc_t));
    if (procs == NULL) {
        reply->failed = 1;
        return;
    }

    n = ngx_aime_metrics_procs(ngx_http_aime_zone(overview->request), procs);

    ngx_http_aime_overview_number(reply, ",\"process_rows\":",
                                  overview->zone.nrows);
    ngx_http_aime_overview_number(reply, ",\"answered_by\":", ngx_pid);
    ngx_http_aime_reply_chars(reply, ",\"processes\":[");

    for (i = 0; i < n; i++) {
        ngx_http_aime_overview_number(reply, i ? ",{\"pid\":" : "{\"pid\":",
                                      procs[i].pid);
        ngx_http_aime_reply_chars(reply, "}");
    }

    ngx_http_aime_reply_chars(reply, "]");
}


static void
ngx_http_aime_overview_type(ngx_http_aime_overview_t *overview,
    ngx_http_aime_reply_t *reply)
{
    ngx_uint_t                  i, nonline;
    ngx_http_request_t         *r;
    ngx_aime_metrics_type_t    *view;
    ngx_http_aime_main_conf_t  *amcf;

    r = overview->request;
    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    view = overview->types.elts;
    view += overview->type;

    if (ngx_aime_worker_list(ngx_http_aime_zone(r), overview->pool, view->shm,
                             &overview->workers, &overview->nworkers,
                             &nonline)
        != NGX_OK)
    {
        reply->failed = 1;
        return;
    }

    ngx_http_aime_reply_chars(reply, overview->type ? ",{\"name\":"
                                                    : "{\"name\":");
    ngx_http_aime_reply_string(reply, &view->name);
    ngx_http_aime_overview_number(reply, ",\"max_queue_length\":",
                                  ngx_http_aime_type_limit(amcf, view->shm));
    ngx_http_aime_overview_number(reply, ",\"jobs_queued\":", view->nqueued);
    ngx_http_aime_reply_chars(reply, ",\"jobs_queued_by_priority\":[");

    for (i = 0; i < NGX_AIME_NPRIORITIES; i++) {
        ngx_http_aime_overview_number(reply, i ? "," : "", view->nlevel[i]);
    }

    ngx_http_aime_reply_chars(reply, "],\"oldest_job_age\":");
    ngx_http_aime_reply_seconds(reply, view->oldest / 1000.0);
    ngx_http_aime_overview_number(reply, ",\"jobs_running\":",
                                  view->nrunning);
    ngx_http_aime_overview_number(reply, ",\"results\":", view->nfinished);

    if (view->nfinished) {
        ngx_http_aime_reply_chars(reply, ",\"mean_compute_duration\":");
        ngx_http_aime_reply_seconds(reply, view->mean_compute);

    } else {
        ngx_http_aime_reply_chars(reply, ",\"mean_compute_duration\":null");
    }

    ngx_http_aime_overview_mean(reply, ",\"mean_queue_duration\":",
                                view->metrics.queue, NGX_AIME_NPRIORITIES);
    ngx_http_aime_overview_mean(reply, ",\"mean_time_to_first_progress\":",
                                &view->metrics.first, 1);
    ngx_http_aime_overview_times(reply, ",\"queue_durations\":",
                                 view->metrics.queue, NGX_AIME_NPRIORITIES);
    ngx_http_aime_overview_times(reply, ",\"compute_durations\":",
                                 &view->metrics.compute, 1);

    ngx_http_aime_reply_chars(reply, ",\"retries\":{");

    for (i = 0; i < NGX_AIME_NRETRIES; i++) {
        ngx_http_aime_overview_number(reply,
                                      ngx_http_aime_overview_retries[i],
                                      view->metrics.retries[i]);
    }

    ngx_http_aime_overview_number(reply, "},\"slots_free\":", view->nslots);
    ngx_http_aime_reply_chars(reply, ",\"worker_states\":{");

    for (i = 0; i < NGX_AIME_WORKER_NSTATES; i++) {
        ngx_http_aime_overview_number(reply,
                                      ngx_http_aime_overview_states[i],
                                      view->nworkers[i]);
    }

    ngx_http_aime_reply_chars(reply, "},\"workers\":[");
}


static void
ngx_http_aime_overview_worker(ngx_http_aime_overview_t *overview,
    ngx_http_aime_reply_t *reply)
{
    ngx_http_aime_reply_chars(reply, overview->worker ? ",{" : "{");
    ngx_http_aime_machine_more(reply, &overview->workers[overview->worker]);
    ngx_http_aime_reply_chars(reply, "}");
}


/* One that a reload has removed still has its counters. */

static void
ngx_http_aime_overview_endpoint(ngx_http_aime_overview_t *overview,
    ngx_http_aime_reply_t *reply)
{
    ngx_uint_t                    i;
    ngx_http_aime_endpoint_t     *ep;
    ngx_http_aime_main_conf_t    *amcf;
    ngx_aime_metrics_endpoint_t  *view;

    static ngx_str_t  none = ngx_null_string;

    amcf = ngx_http_get_module_main_conf(overview->request,
                                         ngx_http_aime_api_module);

    view = overview->endpoints.elts;
    view += overview->endpoint;

    ep = ngx_http_aime_endpoint_of(amcf, view->shm);

    ngx_http_aime_reply_chars(reply, overview->endpoint ? ",{\"name\":"
                                                        : "{\"name\":");
    ngx_http_aime_reply_string(reply, &view->name);
    ngx_http_aime_reply_chars(reply, ",\"job_type\":");
    ngx_http_aime_reply_string(reply, ep ? &ep->type->name : &none);
    ngx_http_aime_overview_flag(reply, ",\"configured\":", ep != NULL);
    ngx_http_aime_overview_flag(reply, ",\"enabled\":",
                                ep && ep->enabled && !view->disabled);
    ngx_http_aime_overview_flag(reply, ",\"disabled_by_admin\":",
                                view->disabled);
    ngx_http_aime_overview_number(reply, ",\"max_queue_length\":",
                                  ep ? ep->max_queue_length : 0);
    ngx_http_aime_overview_number(reply, ",\"jobs_submitted\":",
                                  view->metrics.submitted);
    ngx_http_aime_reply_chars(reply, ",\"jobs_finished\":{");

    for (i = 0; i < NGX_AIME_NOUTCOMES; i++) {
        ngx_http_aime_overview_number(reply,
                                      ngx_http_aime_overview_outcomes[i],
                                      view->metrics.finished[i]);
    }

    ngx_http_aime_reply_chars(reply, "},\"jobs_rejected\":{");

    for (i = 0; i < NGX_AIME_NREJECTED; i++) {
        ngx_http_aime_overview_number(reply,
                                      ngx_http_aime_overview_refusals[i],
                                      view->metrics.rejected[i]);
    }

    ngx_http_aime_overview_number(reply, "},\"tokens\":{\"input\":",
                                  view->metrics.tokens[0]);
    ngx_http_aime_overview_number(reply, ",\"output\":",
                                  view->metrics.tokens[1]);
    ngx_http_aime_overview_mean(reply, "},\"mean_duration\":",
                                &view->metrics.duration, 1);
    ngx_http_aime_overview_times(reply, ",\"durations\":",
                                 &view->metrics.duration, 1);
    ngx_http_aime_reply_chars(reply, "}");
}


static void
ngx_http_aime_overview_number(ngx_http_aime_reply_t *reply, const char *name,
    uint64_t n)
{
    ngx_http_aime_reply_chars(reply, name);
    ngx_http_aime_reply_integer(reply, n);
}


static void
ngx_http_aime_overview_flag(ngx_http_aime_reply_t *reply, const char *name,
    ngx_uint_t flag)
{
    ngx_http_aime_reply_chars(reply, name);
    ngx_http_aime_reply_chars(reply, flag ? "true" : "false");
}


/* Over n histograms; null where there is nothing yet. */

static void
ngx_http_aime_overview_mean(ngx_http_aime_reply_t *reply, const char *name,
    ngx_aime_shm_times_t *times, ngx_uint_t n)
{
    uint64_t  sum, count;

    count = ngx_http_aime_overview_count(times, n, &sum);

    ngx_http_aime_reply_chars(reply, name);

    if (count) {
        ngx_http_aime_reply_seconds(reply, sum / 1000.0 / count);

    } else {
        ngx_http_aime_reply_chars(reply, "null");
    }
}


/* What two documents tell the mean of the time between them by. */

static void
ngx_http_aime_overview_times(ngx_http_aime_reply_t *reply, const char *name,
    ngx_aime_shm_times_t *times, ngx_uint_t n)
{
    uint64_t  sum, count;

    count = ngx_http_aime_overview_count(times, n, &sum);

    ngx_http_aime_reply_chars(reply, name);
    ngx_http_aime_overview_number(reply, "{\"count\":", count);
    ngx_http_aime_reply_chars(reply, ",\"sum\":");
    ngx_http_aime_reply_seconds(reply, sum / 1000.0);
    ngx_http_aime_reply_chars(reply, "}");
}


static uint64_t
ngx_http_aime_overview_count(ngx_aime_shm_times_t *times, ngx_uint_t n,
    uint64_t *sum)
{
    uint64_t    count;
    ngx_uint_t  i;

    *sum = 0;
    count = 0;

    for ( /* void */ ; n; n--, times++) {
        *sum += times->sum;

        for (i = 0; i <= NGX_AIME_SHM_NTIMES; i++) {
            count += times->counts[i];
        }
    }

    return count;
}
