
/* Setters of directives, see ngx_http_aime_conf_set.h. */


#include "ngx_http_aime_conf_set.h"


static char *ngx_http_aime_not_zero(ngx_conf_t *cf, void *post, void *data);
static ngx_int_t ngx_http_aime_set_place(ngx_conf_t *cf,
    ngx_http_aime_place_t *place);
static char *ngx_http_aime_set_serves(ngx_conf_t *cf,
    ngx_http_aime_loc_conf_t *conf, ngx_uint_t serves);


ngx_conf_post_t  ngx_http_aime_session_timeout_post = {
    ngx_http_aime_not_zero
};


char *
ngx_http_aime_set_server(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_aime_loc_conf_t  *alcf = conf;

    if (alcf->server_file.path.data) {
        return "is duplicate";
    }

    return ngx_http_aime_set_place(cf, &alcf->server_file) == NGX_OK
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_http_aime_set_endpoint(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_aime_loc_conf_t  *alcf = conf;

    if (ngx_http_aime_set_place(cf, &alcf->endpoint_file) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_aime_set_serves(cf, alcf, NGX_HTTP_AIME_SERVES_ENDPOINT);
}


char *
ngx_http_aime_set_endpoints(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_aime_loc_conf_t  *alcf = conf;

    if (ngx_http_aime_set_place(cf, &alcf->endpoints_dir) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_aime_set_serves(cf, alcf, NGX_HTTP_AIME_SERVES_ENDPOINTS);
}


char *
ngx_http_aime_set_location(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_aime_set_serves(cf, conf, cmd->offset);
}


char *
ngx_http_aime_set_cors(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_aime_loc_conf_t  *alcf = conf;

    u_char      *p;
    ngx_str_t   *value;

    if (alcf->cors.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        ngx_str_set(&alcf->cors, "");
        return NGX_CONF_OK;
    }

    for (p = value[1].data; p < value[1].data + value[1].len; p++) {
        if (*p <= ' ' || *p >= 0x7f) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid origin \"%V\"", &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_strcmp(value[1].data, "*") != 0
        && ngx_strnstr(value[1].data, "://", value[1].len) == NULL)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid origin \"%V\", it must be \"off\", \"*\" "
                           "or like \"https://example.com\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    alcf->cors = value[1];

    return NGX_CONF_OK;
}


static char *
ngx_http_aime_not_zero(ngx_conf_t *cf, void *post, void *data)
{
    ngx_msec_t  *msec = data;

    return *msec ? NGX_CONF_OK : "must not be 0";
}


static ngx_int_t
ngx_http_aime_set_place(ngx_conf_t *cf, ngx_http_aime_place_t *place)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    place->path = value[1];
    place->file = cf->conf_file->file.name;
    place->line = cf->conf_file->line;

    return ngx_conf_full_name(cf->cycle, &place->path, 1);
}


static char *
ngx_http_aime_set_serves(ngx_conf_t *cf, ngx_http_aime_loc_conf_t *conf,
    ngx_uint_t serves)
{
    ngx_http_core_loc_conf_t   *clcf;
    ngx_http_aime_srv_conf_t   *ascf;
    ngx_http_aime_main_conf_t  *amcf;

    if (conf->serves == serves) {
        return "is duplicate";
    }

    if (conf->serves != NGX_HTTP_AIME_SERVES_NOTHING) {
        return "conflicts with another directive of this location";
    }

    amcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_aime_api_module);
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    ascf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_aime_api_module);

    amcf->used = 1;
    ascf->used = 1;
    conf->serves = serves;

    if (cf->cmd_type != NGX_HTTP_LOC_CONF) {
        return NGX_CONF_OK;
    }

    if (clcf->named) {
        return (serves != NGX_HTTP_AIME_SERVES_WORKERS
                && serves != NGX_HTTP_AIME_SERVES_STREAM)
               ? "is not allowed in a named location" : NGX_CONF_OK;
    }

#if (NGX_PCRE)
    if (clcf->regex) {

        if (serves != NGX_HTTP_AIME_SERVES_WORKERS
            && serves != NGX_HTTP_AIME_SERVES_STREAM)
        {
            return "is not allowed in a location given by a regular "
                   "expression";
        }

        return NGX_CONF_OK;
    }
#endif

    conf->prefix = clcf->name;

    while (conf->prefix.len
           && conf->prefix.data[conf->prefix.len - 1] == '/')
    {
        conf->prefix.len--;
    }

    return NGX_CONF_OK;
}
