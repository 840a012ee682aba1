
/* Server files, see ngx_http_aime_server.h; PROTOCOL section 5. */


#include "ngx_http_aime_server.h"
#include "ngx_http_aime_toml.h"


static ngx_int_t ngx_http_aime_server_admin(ngx_conf_t *cf,
    ngx_http_aime_server_t *server);


static const char  *ngx_http_aime_default_client_keys[] = {
    "default_authorization_keys", "default_provide_worker_meta_data",
    "default_client_request_limit", "default_authentication",
    "default_authorization", "default_result_lifetime",
    "default_priority", "default_priorities", NULL
};

static const char  *ngx_http_aime_default_worker_keys[] = {
    "default_job_type", "default_auth_key", "default_request_timeout",
    "default_job_timeout", "job_timeout", "default_max_batch_delay", NULL
};

static const char  *ngx_http_aime_default_endpoint_keys[] = {
    "default_max_queue_length", "default_max_time_in_queue",
    "default_job_inactivity_timeout", "default_result_lifetime",
    "default_max_attempts", "default_retry_on_worker_loss",
    "default_fair_share", "default_enabled",
    "default_cancel_on_disconnect", "default_provide_worker_meta_data",
    "default_client_request_limit", "default_methods", "default_category",
    "default_version", "default_name", "default_title",
    "default_description", "default_input_metering",
    "default_output_metering", NULL
};

static ngx_http_aime_toml_section_t  ngx_http_aime_server_sections[] = {
    { "SERVER", NULL },
    { "ADMIN", NULL },
    { "CLIENTS", ngx_http_aime_default_client_keys },
    { "WORKERS", ngx_http_aime_default_worker_keys },
    { "ENDPOINTS", ngx_http_aime_default_endpoint_keys },
    { "INPUTS", NULL },
    { "OPENAI", NULL },
    { "STATIC", NULL },
    { NULL, NULL }
};


ngx_http_aime_server_t *
ngx_http_aime_server_load(ngx_conf_t *cf, ngx_str_t *path)
{
    cJSON                   *section;
    aime_desc_error_t        error;
    ngx_http_aime_toml_t     toml;
    ngx_http_aime_server_t  *server;

    server = ngx_pcalloc(cf->pool, sizeof(ngx_http_aime_server_t));
    if (server == NULL) {
        return NULL;
    }

    if (ngx_http_aime_toml_load(&toml, cf, path) != NGX_OK) {
        return NULL;
    }

    server->path = *path;
    server->tree = toml.tree;

    cJSON_ArrayForEach(section, server->tree) {
        if (cJSON_IsObject(section)) {
            continue;
        }

        if (ngx_strcmp(section->string, "SANIC") != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\":%ui: \"%s\" must be a table",
                               path, (ngx_uint_t) aime_toml_line(section),
                               section->string);
            return NULL;
        }
    }

    ngx_http_aime_toml_notices(&toml, ngx_http_aime_server_sections);

    section = cJSON_GetObjectItemCaseSensitive(server->tree, "INPUTS");

    if (aime_desc_allowed(section, server->allowed,
                          ngx_http_aime_toml_input_notice, &toml, &error)
        != AIME_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\":%ui: %s", path,
                           (ngx_uint_t) error.line, error.text);
        return NULL;
    }

    if (ngx_http_aime_static_load(cf, path, server->tree, &server->statics)
        != NGX_OK
        || ngx_http_aime_server_admin(cf, server) != NGX_OK)
    {
        return NULL;
    }

    return server;
}


/* Without a password there is no administrator. */

static ngx_int_t
ngx_http_aime_server_admin(ngx_conf_t *cf, ngx_http_aime_server_t *server)
{
    cJSON      *section, *item;
    u_char     *id;
    ngx_uint_t  i;

    static const char  *keys[] = { "user", "password" };

    section = cJSON_GetObjectItemCaseSensitive(server->tree, "ADMIN");

    server->admin = 0;
    ngx_http_aime_key_id((u_char *) "admin", 5, server->admin_user);

    for (i = 0; i < 2; i++) {
        item = cJSON_GetObjectItemCaseSensitive(section, keys[i]);

        if (item == NULL) {
            continue;
        }

        if (!cJSON_IsString(item)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\":%ui: ADMIN.%s must be a string",
                               &server->path,
                               (ngx_uint_t) aime_toml_line(item), keys[i]);
            return NGX_ERROR;
        }

        id = i ? server->admin_password : server->admin_user;

        ngx_http_aime_key_id((u_char *) item->valuestring,
                             ngx_strlen(item->valuestring), id);

        server->admin = (i && item->valuestring[0] != '\0');
    }

    return NGX_OK;
}
