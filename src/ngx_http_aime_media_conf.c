
/* Where media are converted, see ngx_http_aime_media_conf.h. */


#include "ngx_http_aime_media_conf.h"


/* per address and nginx process; a daemon has about as many workers as cores */

#define NGX_HTTP_AIME_MEDIA_MAX_CONNS    8


static ngx_http_aime_media_service_t *ngx_http_aime_media_service(
    ngx_conf_t *cf);
static char *ngx_http_aime_media_peer(ngx_conf_t *cf,
    ngx_http_aime_media_service_t *service, ngx_str_t *address,
    ngx_uint_t max_conns);


void
ngx_http_aime_media_create_conf(ngx_http_aime_media_conf_t *conf)
{
    conf->service = NGX_CONF_UNSET_PTR;
    conf->queue = NGX_CONF_UNSET;
    conf->queue_timeout = NGX_CONF_UNSET_MSEC;
    conf->connect_timeout = NGX_CONF_UNSET_MSEC;
    conf->send_timeout = NGX_CONF_UNSET_MSEC;
    conf->read_timeout = NGX_CONF_UNSET_MSEC;
    conf->max_pixels = NGX_CONF_UNSET;
    conf->max_duration = NGX_CONF_UNSET;
    conf->max_size = NGX_CONF_UNSET_SIZE;
}


void
ngx_http_aime_media_merge_conf(ngx_http_aime_media_conf_t *prev,
    ngx_http_aime_media_conf_t *conf)
{
    ngx_conf_merge_ptr_value(conf->service, prev->service, NULL);
    ngx_conf_merge_value(conf->queue, prev->queue, 256);
    ngx_conf_merge_msec_value(conf->queue_timeout, prev->queue_timeout, 30000);
    ngx_conf_merge_msec_value(conf->connect_timeout, prev->connect_timeout,
                              10000);
    ngx_conf_merge_msec_value(conf->send_timeout, prev->send_timeout, 10000);
    ngx_conf_merge_msec_value(conf->read_timeout, prev->read_timeout, 60000);
    ngx_conf_merge_value(conf->max_pixels, prev->max_pixels, 50000000);
    ngx_conf_merge_sec_value(conf->max_duration, prev->max_duration, 600);
    ngx_conf_merge_size_value(conf->max_size, prev->max_size,
                              64 * 1024 * 1024);
}


/* aime_api_media address ... [max_conns=number] | off */

char *
ngx_http_aime_set_media(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                        *rv;
    ngx_int_t                    n;
    ngx_str_t                   *value;
    ngx_uint_t                   i, last;
    ngx_http_aime_media_conf_t  *mcf;

    mcf = (void *) ((char *) conf + cmd->offset);

    value = cf->args->elts;
    last = cf->args->nelts;

    if (last == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        if (mcf->service != NGX_CONF_UNSET_PTR) {
            return "is duplicate";
        }

        mcf->service = NULL;
        return NGX_CONF_OK;
    }

    if (mcf->service == NULL) {
        return "is duplicate";
    }

    if (mcf->service == NGX_CONF_UNSET_PTR) {
        mcf->service = ngx_http_aime_media_service(cf);
        if (mcf->service == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    n = NGX_HTTP_AIME_MEDIA_MAX_CONNS;

    if (ngx_strncmp(value[last - 1].data, "max_conns=", 10) == 0) {
        last--;

        n = ngx_atoi(value[last].data + 10, value[last].len - 10);

        if (n == NGX_ERROR || n == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid value \"%V\"",
                               &value[last]);
            return NGX_CONF_ERROR;
        }
    }

    if (last == 1) {
        return "needs an address";
    }

    for (i = 1; i < last; i++) {
        rv = ngx_http_aime_media_peer(cf, mcf->service, &value[i], n);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


static ngx_http_aime_media_service_t *
ngx_http_aime_media_service(ngx_conf_t *cf)
{
    ngx_http_aime_media_service_t  *service;

    service = ngx_pcalloc(cf->pool, sizeof(ngx_http_aime_media_service_t));
    if (service == NULL) {
        return NULL;
    }

    if (ngx_array_init(&service->peers, cf->pool, 1,
                       sizeof(ngx_http_aime_media_peer_t))
        != NGX_OK)
    {
        return NULL;
    }

    /* every process has its own after the fork, at the same address */

    ngx_queue_init(&service->waiting);

    return service;
}


static char *
ngx_http_aime_media_peer(ngx_conf_t *cf,
    ngx_http_aime_media_service_t *service, ngx_str_t *address,
    ngx_uint_t max_conns)
{
    ngx_url_t                    u;
    ngx_http_aime_media_peer_t  *peer;

    ngx_memzero(&u, sizeof(ngx_url_t));
    u.url = *address;

    /* media must not cross a network unencrypted */

    if (ngx_strncmp(address->data, "unix:", 5) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" must be the address "
                           "of a Unix socket, \"unix:path\"", address);
        return NGX_CONF_ERROR;
    }

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s in \"%V\"",
                           u.err ? u.err : "no memory", address);
        return NGX_CONF_ERROR;
    }

    peer = ngx_array_push(&service->peers);
    if (peer == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(peer, sizeof(ngx_http_aime_media_peer_t));

    peer->name = *address;
    peer->sockaddr = u.addrs[0].sockaddr;
    peer->socklen = u.addrs[0].socklen;
    peer->max_conns = max_conns;

    return NGX_CONF_OK;
}


/* aime_api_media_queue number [timeout=time] */

char *
ngx_http_aime_set_media_queue(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                   *value, s;
    ngx_http_aime_media_conf_t  *mcf;

    mcf = (void *) ((char *) conf + cmd->offset);

    if (mcf->queue != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;
    mcf->queue = ngx_atoi(value[1].data, value[1].len);

    if (mcf->queue == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid value \"%V\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value[2].data, "timeout=", 8) == 0) {
        s.data = value[2].data + 8;
        s.len = value[2].len - 8;

        mcf->queue_timeout = ngx_parse_time(&s, 0);

        if (mcf->queue_timeout != (ngx_msec_t) NGX_ERROR
            && mcf->queue_timeout != 0)
        {
            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid value \"%V\"",
                       &value[2]);
    return NGX_CONF_ERROR;
}
