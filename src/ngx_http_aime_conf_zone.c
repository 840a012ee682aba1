
/* The zone of the configuration, see ngx_http_aime_conf_zone.h. */


#include "ngx_http_aime_conf_zone.h"
#include "ngx_aime_repair.h"
#include "ngx_aime_check.h"


#define NGX_HTTP_AIME_MIN_ROWS      64
#define NGX_HTTP_AIME_MAX_ROWS      1024


static ngx_int_t ngx_http_aime_init_zone(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_uint_t ngx_http_aime_count_rows(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_aime_bind(ngx_http_aime_main_conf_t *amcf,
    ngx_log_t *log);


char *
ngx_http_aime_set_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_aime_main_conf_t  *amcf = conf;

    ssize_t            size;
    ngx_str_t         *value;
    ngx_shm_zone_t    *shm_zone;
    ngx_aime_zone_t   *zone;

    if (amcf->zone) {
        return "is duplicate";
    }

    value = cf->args->elts;

    size = ngx_parse_size(&value[2]);

    if (size == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone size \"%V\"", &value[2]);
        return NGX_CONF_ERROR;
    }

    if (size < NGX_AIME_SHM_MIN_SIZE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"%V\" is too small: %V, at least %dm is "
                           "needed", &value[1], &value[2],
                           NGX_AIME_SHM_MIN_SIZE / (1024 * 1024));
        return NGX_CONF_ERROR;
    }

    zone = ngx_pcalloc(cf->pool, sizeof(ngx_aime_zone_t));
    if (zone == NULL) {
        return NGX_CONF_ERROR;
    }

    shm_zone = ngx_shared_memory_add(cf, &value[1], size,
                                     &ngx_http_aime_api_module);
    if (shm_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    shm_zone->init = ngx_http_aime_init_zone;
    shm_zone->data = amcf;

    zone->shm_zone = shm_zone;
    amcf->zone = zone;

    return NGX_CONF_OK;
}


/*
 * Here rather than later, since a failure leaves the running configuration
 * as it is.
 */

static ngx_int_t
ngx_http_aime_init_zone(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_aime_main_conf_t  *old = data;

    ngx_http_aime_main_conf_t  *amcf;

    amcf = shm_zone->data;

    /* worker_processes may stand behind http{} */

    amcf->zone->nrows = ngx_http_aime_count_rows(amcf->cycle);
    amcf->zone->session_idle = amcf->session_timeout;
    amcf->zone->repair = ngx_aime_repair_locked;

#if (NGX_AIME_DEBUG)
    amcf->zone->check = ngx_aime_check_locked;
#endif

    if (ngx_aime_shm_zone_init(shm_zone, amcf->zone, old ? old->zone : NULL)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_aime_bind(amcf, shm_zone->shm.log);
}


/*
 * Rows for four generations of worker processes: those of earlier reloads may
 * still serve their last clients.
 */

static ngx_uint_t
ngx_http_aime_count_rows(ngx_cycle_t *cycle)
{
    ngx_int_t         n;
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    n = (ccf->worker_processes > 0) ? 4 * ccf->worker_processes : 0;

    return ngx_max(NGX_HTTP_AIME_MIN_ROWS,
                   ngx_min(n, NGX_HTTP_AIME_MAX_ROWS));
}


/*
 * Ties types and endpoints to their places in the zone.  Each configuration
 * has a generation, with which it stamps the endpoints that it has.
 */

static ngx_int_t
ngx_http_aime_bind(ngx_http_aime_main_conf_t *amcf, ngx_log_t *log)
{
    ngx_int_t                   rc;
    ngx_uint_t                  i;
    ngx_aime_zone_t            *zone;
    ngx_http_aime_type_t      **type;
    ngx_http_aime_endpoint_t  **ep;

    rc = NGX_OK;
    zone = amcf->zone;
    type = amcf->types.elts;
    ep = amcf->endpoints.elts;

    ngx_aime_shm_lock(zone);

    for (i = 0; i < amcf->types.nelts; i++) {
        type[i]->shm = ngx_aime_shm_type_locked(zone, &type[i]->name);

        if (type[i]->shm == NULL) {
            rc = NGX_ERROR;
        }
    }

    for (i = 0; i < amcf->endpoints.nelts; i++) {
        ep[i]->shm = ngx_aime_shm_endpoint_locked(zone, &ep[i]->name);

        if (ep[i]->shm == NULL || ep[i]->type->shm == NULL) {
            rc = NGX_ERROR;
            continue;
        }

        ep[i]->queue = ngx_aime_shm_queue_locked(zone, ep[i]->type->shm,
                                                 ep[i]->shm);
        if (ep[i]->queue == NULL) {
            rc = NGX_ERROR;
        }
    }

    if (rc == NGX_OK) {
        zone->generation = ++zone->sh->generation;

        for (i = 0; i < amcf->endpoints.nelts; i++) {
            ep[i]->shm->generation = zone->generation;
        }
    }

    ngx_aime_shm_unlock(zone);

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "aime_api_zone \"%V\" has no room for the endpoints",
                      &zone->shm_zone->shm.name);
    }

    return rc;
}
