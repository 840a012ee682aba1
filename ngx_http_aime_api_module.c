
/*
 * ngx_http_aime_api_module: an AI inference API server within nginx.
 *
 * The door: directives, routes, variables, and where nginx calls us.  What
 * happens behind it is in src/, from floor 0 (plain C) to floor 3 (HTTP).
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_aime_ended.h"
#include "ngx_aime_sweep.h"
#include "ngx_aime_wake.h"
#include "ngx_http_aime_conf_merge.h"
#include "ngx_http_aime_conf_set.h"
#include "ngx_http_aime_conf_zone.h"
#include "ngx_http_aime_progress.h"
#include "ngx_http_aime_result.h"
#include "ngx_http_aime_route.h"
#include "ngx_http_aime_filter.h"
#include "ngx_http_aime_variable.h"
#include "ngx_http_aime_park.h"
#include "ngx_http_aime_admin.h"
#include "ngx_http_aime_client.h"
#include "ngx_http_aime_info.h"
#include "ngx_http_aime_joblog.h"
#include "ngx_http_aime_login.h"
#include "ngx_http_aime_openai.h"
#include "ngx_http_aime_poll.h"
#include "ngx_http_aime_status.h"
#include "ngx_http_aime_stream.h"
#include "ngx_http_aime_tally.h"


typedef struct {
    ngx_uint_t                   phase;
    ngx_http_handler_pt          handler;
} ngx_http_aime_phase_t;


static ngx_int_t ngx_http_aime_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_aime_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_aime_init_process(ngx_cycle_t *cycle);
static void ngx_http_aime_exit_process(ngx_cycle_t *cycle);
static ngx_aime_zone_t *ngx_http_aime_cycle_zone(ngx_cycle_t *cycle);


#define NGX_HTTP_AIME_GET_POST    (NGX_HTTP_GET|NGX_HTTP_POST)


/* Below an endpoint; the nameless one submits. */

static ngx_http_aime_route_t  ngx_http_aime_client_routes[] = {
    { "", 0, NGX_HTTP_AIME_SHAPE_CLIENT, ngx_http_aime_client_submit },
    { "login", NGX_HTTP_AIME_GET_POST, NGX_HTTP_AIME_SHAPE_CLIENT,
      ngx_http_aime_client_login },
    { "progress", NGX_HTTP_AIME_GET_POST, NGX_HTTP_AIME_SHAPE_CLIENT,
      ngx_http_aime_client_progress },
    { "cancel", NGX_HTTP_POST, NGX_HTTP_AIME_SHAPE_CLIENT,
      ngx_http_aime_client_cancel },
    { NULL, 0, 0, NULL }
};

static ngx_http_aime_route_t  ngx_http_aime_worker_routes[] = {
    { "worker_login", NGX_HTTP_POST, NGX_HTTP_AIME_SHAPE_WORKER,
      ngx_http_aime_worker_login },
    { "worker_job_request", NGX_HTTP_POST, NGX_HTTP_AIME_SHAPE_WORKER,
      ngx_http_aime_worker_poll },
    { "worker_job_progress", NGX_HTTP_AIME_GET_POST,
      NGX_HTTP_AIME_SHAPE_WORKER, ngx_http_aime_worker_progress },
    { "worker_job_result", NGX_HTTP_POST, NGX_HTTP_AIME_SHAPE_WORKER,
      ngx_http_aime_worker_result },
    { "worker_check_server_status", NGX_HTTP_POST,
      NGX_HTTP_AIME_SHAPE_WORKER, ngx_http_aime_worker_check },
    { NULL, 0, 0, NULL }
};

static ngx_http_aime_route_t  ngx_http_aime_stream_routes[] = {
    { "stream_progress", NGX_HTTP_AIME_GET_POST, NGX_HTTP_AIME_SHAPE_STREAM,
      ngx_http_aime_stream_progress },
    { NULL, 0, 0, NULL }
};

static ngx_http_aime_routes_t  ngx_http_aime_routes = {
    ngx_http_aime_client_routes,
    ngx_http_aime_worker_routes,
    ngx_http_aime_info_routes,
    ngx_http_aime_details_routes,
    ngx_http_aime_stream_routes,
    ngx_http_aime_openai_routes,
    ngx_http_aime_status_routes,
    ngx_http_aime_admin_routes
};


static ngx_command_t  ngx_http_aime_commands[] = {

    { ngx_string("aime_api_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_aime_set_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("aime_api_session_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_aime_main_conf_t, session_timeout),
      &ngx_http_aime_session_timeout_post },

    { ngx_string("aime_api_job_log"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_aime_set_joblog,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("aime_api_server_config"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_http_aime_set_server,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("aime_api_endpoint"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_aime_set_endpoint,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("aime_api_endpoints"),
      NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_aime_set_endpoints,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("aime_api_worker_interface"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_aime_set_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      NGX_HTTP_AIME_SERVES_WORKERS,
      NULL },

    { ngx_string("aime_api_info"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_aime_set_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      NGX_HTTP_AIME_SERVES_INFO,
      NULL },

    { ngx_string("aime_api_stream"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_aime_set_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      NGX_HTTP_AIME_SERVES_STREAM,
      NULL },

    { ngx_string("aime_api_openai"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_aime_set_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      NGX_HTTP_AIME_SERVES_OPENAI,
      NULL },

    { ngx_string("aime_api_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_aime_set_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      NGX_HTTP_AIME_SERVES_STATUS,
      NULL },

    { ngx_string("aime_api_admin"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_aime_set_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      NGX_HTTP_AIME_SERVES_ADMIN,
      NULL },

    { ngx_string("aime_api_stream_keepalive"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_aime_loc_conf_t, stream_keepalive),
      NULL },

    { ngx_string("aime_api_cors"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_aime_set_cors,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("aime_api_media"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_aime_set_media,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_aime_loc_conf_t, media),
      NULL },

    { ngx_string("aime_api_media_queue"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_aime_set_media_queue,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_aime_loc_conf_t, media),
      NULL },

    { ngx_string("aime_api_media_connect_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_aime_loc_conf_t, media.connect_timeout),
      NULL },

    { ngx_string("aime_api_media_send_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_aime_loc_conf_t, media.send_timeout),
      NULL },

    { ngx_string("aime_api_media_read_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_aime_loc_conf_t, media.read_timeout),
      NULL },

    { ngx_string("aime_api_media_max_pixels"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_aime_loc_conf_t, media.max_pixels),
      NULL },

    { ngx_string("aime_api_media_max_duration"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_aime_loc_conf_t, media.max_duration),
      NULL },

    { ngx_string("aime_api_media_max_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_aime_loc_conf_t, media.max_size),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_aime_module_ctx = {
    ngx_http_aime_add_variables,        /* preconfiguration */
    ngx_http_aime_init,                 /* postconfiguration */

    ngx_http_aime_create_main_conf,     /* create main configuration */
    ngx_http_aime_init_main_conf,       /* init main configuration */

    ngx_http_aime_create_srv_conf,      /* create server configuration */
    NULL,                               /* merge server configuration */

    ngx_http_aime_create_loc_conf,      /* create location configuration */
    ngx_http_aime_merge_loc_conf        /* merge location configuration */
};


ngx_module_t  ngx_http_aime_api_module = {
    NGX_MODULE_V1,
    &ngx_http_aime_module_ctx,          /* module context */
    ngx_http_aime_commands,             /* module directives */
    NGX_HTTP_MODULE,                    /* module type */
    NULL,                               /* init master */
    ngx_http_aime_init_module,          /* init module */
    ngx_http_aime_init_process,         /* init process */
    NULL,                               /* init thread */
    NULL,                               /* exit thread */
    ngx_http_aime_exit_process,         /* exit process */
    NULL,                               /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_http_aime_phase_t  ngx_http_aime_phases[] = {
    { NGX_HTTP_CONTENT_PHASE, ngx_http_aime_route_handler },
    { NGX_HTTP_POST_READ_PHASE, ngx_http_aime_mask_handler },
    { NGX_HTTP_PREACCESS_PHASE, ngx_http_aime_errors_handler },
    { NGX_HTTP_ACCESS_PHASE, ngx_http_aime_admin_access },
    { NGX_HTTP_LOG_PHASE, ngx_http_aime_tally_handler },
    { NGX_HTTP_LOG_PHASE, ngx_http_aime_mask_handler },
    { 0, NULL }
};


static ngx_aime_wake_handlers_t  ngx_http_aime_wake_handlers = {
    ngx_http_aime_park_woken,
    ngx_http_aime_park_shutdown
};


static ngx_int_t
ngx_http_aime_init(ngx_conf_t *cf)
{
    ngx_uint_t                  i;
    ngx_http_handler_pt        *h, *first;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    h = NULL;

    for (i = 0; ngx_http_aime_phases[i].handler; i++) {
        h = ngx_array_push(
                    &cmcf->phases[ngx_http_aime_phases[i].phase].handlers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        *h = ngx_http_aime_phases[i].handler;
    }

    /* the last one comes before the log's own handler */

    first = cmcf->phases[NGX_HTTP_LOG_PHASE].handlers.elts;
    *h = *first;
    *first = ngx_http_aime_mask_handler;

    ngx_http_aime_joblog_handler(*h);
    ngx_http_aime_used_variables(cf);

    ngx_http_aime_route_init(&ngx_http_aime_routes);
    ngx_http_aime_filter_init();

    return ngx_http_aime_finish_conf(cf);
}


static ngx_int_t
ngx_http_aime_init_module(ngx_cycle_t *cycle)
{
    ngx_aime_zone_t  *zone;

    zone = ngx_http_aime_cycle_zone(cycle);

    return zone ? ngx_aime_wake_init(zone, cycle->log) : NGX_OK;
}


static ngx_int_t
ngx_http_aime_init_process(ngx_cycle_t *cycle)
{
    ngx_aime_zone_t  *zone;

    zone = ngx_http_aime_cycle_zone(cycle);

    /* cache manager and loader come here too */

    if (zone == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    if (ngx_aime_wake_init_process(zone, cycle, &ngx_http_aime_wake_handlers)
        != NGX_OK
        || ngx_http_aime_joblog_start(cycle) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_aime_sweep_start(zone, cycle);

    return NGX_OK;
}


static void
ngx_http_aime_exit_process(ngx_cycle_t *cycle)
{
    ngx_aime_zone_t  *zone;

    zone = ngx_http_aime_cycle_zone(cycle);

    if (zone) {
        ngx_aime_sweep_leave(zone);
        ngx_aime_ended_tell();
    }
}


/* NULL: nothing of ours is configured. */

static ngx_aime_zone_t *
ngx_http_aime_cycle_zone(ngx_cycle_t *cycle)
{
    ngx_http_aime_main_conf_t  *amcf;

    if (ngx_get_conf(cycle->conf_ctx, ngx_http_module) == NULL) {
        return NULL;
    }

    amcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_aime_api_module);

    return amcf ? amcf->zone : NULL;
}
