
/*
 * Endpoint and server files, see ngx_http_aime_endpoint.h; PROTOCOL section 5.
 */


#include "ngx_http_aime_endpoint.h"
#include "aime_toml.h"


#define NGX_HTTP_AIME_MAX_FILE       (4 * 1024 * 1024)

/* jobs keep their times as 32 bits of milliseconds */

#define NGX_HTTP_AIME_MAX_SECONDS    (49 * 24 * 3600)

#define NGX_HTTP_AIME_PRIORITY       1      /* one class is below */


/* what a value must be to be printed */

#define NGX_HTTP_AIME_ANY            0      /* checked elsewhere */
#define NGX_HTTP_AIME_STRING         1
#define NGX_HTTP_AIME_SIMPLE         2


/* The file that is being read, and where its defaults come from. */

typedef struct {
    ngx_conf_t              *cf;
    ngx_str_t               *path;
    cJSON                   *tree;
    ngx_http_aime_server_t  *server;
    ngx_uint_t               failed;
} ngx_http_aime_load_t;


/* A value, and where it stands. */

typedef struct {
    const cJSON             *item;
    ngx_str_t               *path;
    u_char                   name[128];     /* SECTION.key */
} ngx_http_aime_value_t;


typedef struct {
    const char              *section;
    const char             **keys;      /* NULL: any */
} ngx_http_aime_section_t;


static cJSON *ngx_http_aime_load_file(ngx_conf_t *cf, ngx_str_t *path);
static ngx_int_t ngx_http_aime_read_file(ngx_conf_t *cf, ngx_str_t *path,
    ngx_str_t *text);
static void ngx_http_aime_free_tree(void *data);
static void ngx_http_aime_load_error(ngx_http_aime_load_t *load,
    ngx_http_aime_value_t *value, const char *reason);
static void ngx_http_aime_notices(ngx_conf_t *cf, ngx_str_t *path,
    cJSON *tree, ngx_http_aime_section_t *sections);
static ngx_uint_t ngx_http_aime_known(const char *key, const char **keys);

static ngx_int_t ngx_http_aime_load_admin(ngx_conf_t *cf,
    ngx_http_aime_server_t *server);
static ngx_int_t ngx_http_aime_load_type(ngx_http_aime_load_t *load,
    ngx_http_aime_endpoint_t *ep, ngx_array_t *types);
static void ngx_http_aime_load_clients(ngx_http_aime_load_t *load,
    ngx_http_aime_endpoint_t *ep);
static void ngx_http_aime_load_priorities(ngx_http_aime_load_t *load,
    ngx_http_aime_endpoint_t *ep);
static void ngx_http_aime_load_limits(ngx_http_aime_load_t *load,
    ngx_http_aime_endpoint_t *ep);
static void ngx_http_aime_load_methods(ngx_http_aime_load_t *load,
    ngx_http_aime_endpoint_t *ep);
static void ngx_http_aime_load_inputs(ngx_http_aime_load_t *load,
    ngx_http_aime_endpoint_t *ep);
static void ngx_http_aime_input_notice(void *ctx, const char *param,
    const char *attribute, unsigned int line);
static void *ngx_http_aime_load_alloc(void *ctx, size_t size);
static void ngx_http_aime_load_outputs(ngx_http_aime_load_t *load,
    const cJSON *table, ngx_array_t *outputs);
static void ngx_http_aime_load_times(ngx_http_aime_load_t *load,
    ngx_array_t *outputs);
static void ngx_http_aime_load_output(ngx_http_aime_load_t *load,
    ngx_array_t *outputs, ngx_str_t *name, ngx_uint_t number);
static ngx_int_t ngx_http_aime_quote(ngx_pool_t *pool, ngx_str_t *text,
    ngx_str_t *quoted);
static void ngx_http_aime_load_vars(ngx_http_aime_load_t *load,
    ngx_http_aime_endpoint_t *ep);
static ngx_int_t ngx_http_aime_load_var(ngx_http_aime_load_t *load,
    ngx_http_aime_endpoint_t *ep, const cJSON *item);
static ngx_int_t ngx_http_aime_load_texts(ngx_http_aime_load_t *load,
    ngx_http_aime_endpoint_t *ep);
static ngx_int_t ngx_http_aime_load_parameters(ngx_http_aime_load_t *load,
    ngx_http_aime_endpoint_t *ep);

static const cJSON *ngx_http_aime_table(ngx_http_aime_load_t *load,
    const cJSON *parent, const char *name);
static ngx_int_t ngx_http_aime_value(ngx_http_aime_load_t *load,
    const char *names, ngx_http_aime_value_t *value);
static const cJSON *ngx_http_aime_default(ngx_http_aime_load_t *load,
    ngx_http_aime_value_t *value);
static const char *ngx_http_aime_next_name(const char *names, u_char *name);
static ngx_uint_t ngx_http_aime_line(const cJSON *item);
static ngx_int_t ngx_http_aime_get_string(ngx_http_aime_load_t *load,
    const char *names, ngx_str_t *string);
static void ngx_http_aime_get_word(ngx_http_aime_load_t *load,
    const char *names, ngx_str_t *word);
static void ngx_http_aime_get_flag(ngx_http_aime_load_t *load,
    const char *names, ngx_uint_t *flag);
static void ngx_http_aime_get_count(ngx_http_aime_load_t *load,
    const char *names, ngx_uint_t *count, ngx_uint_t min, ngx_uint_t max);
static ngx_int_t ngx_http_aime_get_seconds(ngx_http_aime_load_t *load,
    const char *names, ngx_msec_t *msec);
static ngx_int_t ngx_http_aime_get_text(ngx_http_aime_load_t *load,
    const char *names, ngx_uint_t want, ngx_str_t *text);
static ngx_int_t ngx_http_aime_print(ngx_pool_t *pool, const cJSON *item,
    ngx_str_t *text);


static const char  *ngx_http_aime_endpoint_keys[] = {
    "title", "name", "demo_url", "description", "methods", "version",
    "category", "input_metering", "output_metering",
    "provide_worker_meta_data", "max_queue_length", "max_time_in_queue",
    "job_inactivity_timeout", "result_lifetime", "max_attempts",
    "retry_on_worker_loss", "cancel_on_disconnect", "client_request_limit",
    "fair_share", "enabled", NULL
};

static const char  *ngx_http_aime_worker_keys[] = {
    "job_type", "auth_key", "request_timeout", "job_timeout",
    "max_batch_delay", NULL
};

static const char  *ngx_http_aime_client_keys[] = {
    "authentication", "authorization", "authorization_keys",
    "client_request_limit", "provide_worker_meta_data", "result_lifetime",
    "priority", "priorities", NULL
};

/* what jobs and results have, or must not have, under these names */

static const char  *ngx_http_aime_reserved_vars[] = {
    "key", "client_session_auth_key", "wait_for_result", "job_id",
    "job_type", "start_time", "start_time_compute", "auth", "auth_key", NULL
};

static ngx_http_aime_section_t  ngx_http_aime_endpoint_sections[] = {
    { "ENDPOINT", ngx_http_aime_endpoint_keys },
    { "WORKER", ngx_http_aime_worker_keys },
    { "CLIENTS", ngx_http_aime_client_keys },
    { "INPUTS", NULL },
    { "OUTPUTS", NULL },
    { "PROGRESS", NULL },
    { "SESSION", NULL },
    { "STATIC", NULL },
    { "JINJA", NULL },
    { "HTML", NULL },
    { "USER", NULL },
    { NULL, NULL }
};


static const char  *ngx_http_aime_default_client_keys[] = {
    "default_authorization_keys", "default_provide_worker_meta_data",
    "default_client_request_limit", "default_authentication",
    "default_authorization", "default_result_lifetime",
    "default_priority", "default_priorities", NULL
};

static const char  *ngx_http_aime_default_worker_keys[] = {
    "default_auth_key", "default_request_timeout", "default_job_timeout",
    "job_timeout", "default_max_batch_delay", NULL
};

static const char  *ngx_http_aime_default_endpoint_keys[] = {
    "default_max_queue_length", "default_max_time_in_queue",
    "default_job_inactivity_timeout", "default_result_lifetime",
    "default_max_attempts", "default_retry_on_worker_loss",
    "default_fair_share", "default_enabled",
    "default_cancel_on_disconnect", "default_provide_worker_meta_data",
    "default_client_request_limit", "default_methods", "default_category",
    "default_version", "default_title", "default_description",
    "default_input_metering", "default_output_metering", NULL
};

static ngx_http_aime_section_t  ngx_http_aime_server_sections[] = {
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
    ngx_http_aime_load_t     load;
    ngx_http_aime_server_t  *server;

    server = ngx_pcalloc(cf->pool, sizeof(ngx_http_aime_server_t));
    if (server == NULL) {
        return NULL;
    }

    server->path = *path;
    server->tree = ngx_http_aime_load_file(cf, path);

    if (server->tree == NULL) {
        return NULL;
    }

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

    ngx_http_aime_notices(cf, path, server->tree,
                          ngx_http_aime_server_sections);

    ngx_memzero(&load, sizeof(ngx_http_aime_load_t));

    load.cf = cf;
    load.path = path;

    section = cJSON_GetObjectItemCaseSensitive(server->tree, "INPUTS");

    if (aime_desc_allowed(section, server->allowed, ngx_http_aime_input_notice,
                          &load, &error)
        != AIME_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\":%ui: %s", path,
                           (ngx_uint_t) error.line, error.text);
        return NULL;
    }

    if (ngx_http_aime_static_load(cf, path, server->tree, &server->statics)
        != NGX_OK
        || ngx_http_aime_load_admin(cf, server) != NGX_OK)
    {
        return NULL;
    }

    return server;
}


/* Without a password there is no administrator. */

static ngx_int_t
ngx_http_aime_load_admin(ngx_conf_t *cf, ngx_http_aime_server_t *server)
{
    u_char      *id;
    cJSON       *section, *item;
    ngx_uint_t   i;

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


ngx_http_aime_endpoint_t *
ngx_http_aime_endpoint_load(ngx_conf_t *cf, ngx_str_t *path,
    ngx_http_aime_server_t *server, ngx_array_t *types)
{
    const cJSON               *progress;
    ngx_http_aime_load_t       load;
    ngx_http_aime_value_t      value;
    ngx_http_aime_endpoint_t  *ep;

    ep = ngx_pcalloc(cf->pool, sizeof(ngx_http_aime_endpoint_t));
    if (ep == NULL) {
        return NULL;
    }

    ngx_memzero(&load, sizeof(ngx_http_aime_load_t));

    load.cf = cf;
    load.path = path;
    load.server = server;
    load.tree = ngx_http_aime_load_file(cf, path);

    if (load.tree == NULL) {
        return NULL;
    }

    ep->path = *path;
    ep->server = server;

    if (ngx_http_aime_get_string(&load, "ENDPOINT.name", &ep->name)
        == NGX_DECLINED)
    {
        (void) ngx_http_aime_value(&load, "ENDPOINT.name", &value);
        ngx_http_aime_load_error(&load, &value, "is missing");
    }

    if (ep->name.len > NGX_AIME_NAME_LEN
        || ngx_strlchr(ep->name.data, ep->name.data + ep->name.len, '/'))
    {
        (void) ngx_http_aime_value(&load, "ENDPOINT.name", &value);
        ngx_http_aime_load_error(&load, &value,
                                 "must have up to 255 bytes without a slash");
    }

    if (ngx_http_aime_load_type(&load, ep, types) != NGX_OK) {
        return NULL;
    }

    ngx_http_aime_load_clients(&load, ep);
    ngx_http_aime_load_priorities(&load, ep);
    ngx_http_aime_load_limits(&load, ep);
    ngx_http_aime_load_methods(&load, ep);
    ngx_http_aime_load_inputs(&load, ep);

    progress = ngx_http_aime_table(&load, load.tree, "PROGRESS");

    ngx_http_aime_load_outputs(&load,
                               ngx_http_aime_table(&load, load.tree,
                                                   "OUTPUTS"),
                               &ep->outputs);
    ngx_http_aime_load_outputs(&load,
                               ngx_http_aime_table(&load, progress,
                                                   "OUTPUTS"),
                               &ep->progress_outputs);
    ngx_http_aime_load_times(&load, &ep->outputs);

    ngx_http_aime_load_vars(&load, ep);

    if (ngx_http_aime_load_texts(&load, ep) != NGX_OK || load.failed
        || ngx_http_aime_quote(cf->pool, &ep->name, &ep->quoted) != NGX_OK
        || ngx_http_aime_static_load(cf, path, load.tree, &ep->statics)
           != NGX_OK)
    {
        return NULL;
    }

    ngx_http_aime_notices(cf, path, load.tree,
                          ngx_http_aime_endpoint_sections);

    return ep;
}


/* A file's tree, which lives as long as the configuration. */

static cJSON *
ngx_http_aime_load_file(ngx_conf_t *cf, ngx_str_t *path)
{
    cJSON               *tree;
    ngx_str_t            text;
    aime_toml_error_t    error;
    ngx_pool_cleanup_t  *cln;

    if (ngx_http_aime_read_file(cf, path, &text) != NGX_OK) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    tree = aime_toml_parse((char *) text.data, text.len, &error);

    if (tree == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\":%ui: %s at column %ui",
                           path, (ngx_uint_t) error.line, error.text,
                           (ngx_uint_t) error.column);
        return NULL;
    }

    cln->handler = ngx_http_aime_free_tree;
    cln->data = tree;

    return tree;
}


static ngx_int_t
ngx_http_aime_read_file(ngx_conf_t *cf, ngx_str_t *path, ngx_str_t *text)
{
    ssize_t          n;
    ngx_int_t        rc;
    ngx_file_t       file;

    ngx_memzero(&file, sizeof(ngx_file_t));

    rc = NGX_ERROR;

    file.name = *path;
    file.log = cf->log;
    file.fd = ngx_open_file(path->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (file.fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", path);
        return NGX_ERROR;
    }

    if (ngx_fd_info(file.fd, &file.info) == NGX_FILE_ERROR
        || !ngx_is_file(&file.info)
        || ngx_file_size(&file.info) > NGX_HTTP_AIME_MAX_FILE)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is no file of up to %d bytes", path,
                           NGX_HTTP_AIME_MAX_FILE);
        goto done;
    }

    text->len = ngx_file_size(&file.info);
    text->data = ngx_pnalloc(cf->pool, text->len + 1);

    if (text->data == NULL) {
        goto done;
    }

    n = ngx_read_file(&file, text->data, text->len, 0);

    if (n != (ssize_t) text->len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "cannot read \"%V\" whole",
                           path);
        goto done;
    }

    rc = NGX_OK;

done:

    if (ngx_close_file(file.fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, cf->log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", path);
    }

    return rc;
}


static void
ngx_http_aime_free_tree(void *data)
{
    cJSON_Delete(data);
}


static void
ngx_http_aime_load_error(ngx_http_aime_load_t *load,
    ngx_http_aime_value_t *value, const char *reason)
{
    load->failed = 1;

    ngx_conf_log_error(NGX_LOG_EMERG, load->cf, 0, "\"%V\":%ui: %s %s",
                       value->path, ngx_http_aime_line(value->item),
                       value->name, reason);
}


/* Names what is not known, once for each section or key. */

static void
ngx_http_aime_notices(ngx_conf_t *cf, ngx_str_t *path, cJSON *tree,
    ngx_http_aime_section_t *sections)
{
    cJSON                    *section, *item;
    ngx_http_aime_section_t  *known;

    cJSON_ArrayForEach(section, tree) {

        for (known = sections; known->section; known++) {
            if (ngx_strcmp(known->section, section->string) == 0) {
                break;
            }
        }

        if (known->section == NULL) {
            ngx_conf_log_error(NGX_LOG_NOTICE, cf, 0,
                               "\"%V\":%ui: [%s] is ignored", path,
                               (ngx_uint_t) aime_toml_line(section),
                               section->string);
            continue;
        }

        if (known->keys == NULL) {
            continue;
        }

        cJSON_ArrayForEach(item, section) {
            if (!ngx_http_aime_known(item->string, known->keys)) {
                ngx_conf_log_error(NGX_LOG_NOTICE, cf, 0,
                                   "\"%V\":%ui: %s.%s is ignored", path,
                                   (ngx_uint_t) aime_toml_line(item),
                                   section->string, item->string);
            }
        }
    }
}


static ngx_uint_t
ngx_http_aime_known(const char *key, const char **keys)
{
    for ( /* void */ ; *keys; keys++) {
        if (ngx_strcmp(key, *keys) == 0) {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_aime_load_type(ngx_http_aime_load_t *load,
    ngx_http_aime_endpoint_t *ep, ngx_array_t *types)
{
    u_char                   id[NGX_AIME_ID_LEN];
    ngx_str_t                name, key;
    ngx_uint_t               i, delay;
    ngx_msec_t               timeout;
    ngx_http_aime_type_t    *type, **typep;
    ngx_http_aime_value_t    value;

    if (ngx_http_aime_get_string(load, "WORKER.job_type", &name)
        == NGX_DECLINED)
    {
        (void) ngx_http_aime_value(load, "WORKER.job_type", &value);
        ngx_http_aime_load_error(load, &value, "is missing");
    }

    if (ngx_http_aime_get_string(load, "WORKER.auth_key", &key)
        == NGX_DECLINED)
    {
        (void) ngx_http_aime_value(load, "WORKER.auth_key", &value);
        ngx_http_aime_load_error(load, &value, "is missing, and so is "
                                 "default_auth_key in [WORKERS] of the "
                                 "server file");
    }

    timeout = 60000;
    delay = 0;

    (void) ngx_http_aime_get_seconds(load, "WORKER.request_timeout "
                                     "WORKER.job_timeout", &timeout);

    ngx_http_aime_get_count(load, "WORKER.max_batch_delay", &delay, 0,
                            60000);

    if (load->failed) {
        return NGX_OK;
    }

    ngx_http_aime_key_id(key.data, key.len, id);

    typep = types->elts;

    for (i = 0; i < types->nelts; i++) {
        type = typep[i];

        if (type->name.len != name.len
            || ngx_strncmp(type->name.data, name.data, name.len) != 0)
        {
            continue;
        }

        if (!ngx_http_aime_same_id(type->key, id)) {
            (void) ngx_http_aime_value(load, "WORKER.job_type", &value);
            ngx_conf_log_error(NGX_LOG_EMERG, load->cf, 0,
                               "\"%V\":%ui: job type \"%V\" has another "
                               "auth_key in \"%V\"", value.path,
                               (ngx_uint_t) aime_toml_line(value.item),
                               &name, &type->path);
            load->failed = 1;
            return NGX_OK;
        }

        if (type->request_timeout != timeout
            || type->max_batch_delay != delay)
        {
            ngx_conf_log_error(NGX_LOG_NOTICE, load->cf, 0,
                               "\"%V\": request_timeout and max_batch_delay "
                               "of job type \"%V\" are those of \"%V\"",
                               load->path, &name, &type->path);
        }

        ep->type = type;
        return NGX_OK;
    }

    type = ngx_pcalloc(load->cf->pool, sizeof(ngx_http_aime_type_t));
    typep = ngx_array_push(types);

    if (type == NULL || typep == NULL) {
        return NGX_ERROR;
    }

    *typep = type;

    type->name = name;
    type->path = *load->path;
    type->request_timeout = timeout;
    type->max_batch_delay = delay;
    ngx_memcpy(type->key, id, NGX_AIME_ID_LEN);

    ep->type = type;

    return NGX_OK;
}


static void
ngx_http_aime_load_clients(ngx_http_aime_load_t *load,
    ngx_http_aime_endpoint_t *ep)
{
    cJSON                  *item;
    ngx_str_t               authentication, authorization;
    ngx_uint_t              flag;
    ngx_http_aime_key_t    *key;
    ngx_http_aime_value_t   value;

    ngx_str_null(&authentication);
    ngx_str_null(&authorization);

    ngx_http_aime_get_word(load, "CLIENTS.authentication", &authentication);
    ngx_http_aime_get_word(load, "CLIENTS.authorization", &authorization);

    ep->open = (authentication.len == 4
                && ngx_strncasecmp(authentication.data, (u_char *) "none", 4)
                   == 0)
               || (authorization.len == 4
                   && ngx_strncasecmp(authorization.data, (u_char *) "none",
                                      4)
                      == 0);

    ep->check_user = (authentication.len == 4
                      && ngx_strncasecmp(authentication.data,
                                         (u_char *) "user", 4)
                         == 0);

    flag = 0;
    ngx_http_aime_get_flag(load, "CLIENTS.provide_worker_meta_data "
                           "ENDPOINT.provide_worker_meta_data", &flag);
    ep->worker_meta = flag;

    if (ngx_array_init(&ep->keys, load->cf->pool, 4,
                       sizeof(ngx_http_aime_key_t))
        != NGX_OK)
    {
        load->failed = 1;
        return;
    }

    if (ngx_http_aime_value(load, "CLIENTS.authorization_keys", &value)
        == NGX_DECLINED)
    {
        return;
    }

    if (!cJSON_IsObject(value.item)) {
        ngx_http_aime_load_error(load, &value,
                                 "must be a table of user = \"key\"");
        return;
    }

    cJSON_ArrayForEach(item, value.item) {
        if (!cJSON_IsString(item) || item->valuestring[0] == '\0') {
            ngx_http_aime_load_error(load, &value,
                                     "must be a table of user = \"key\"");
            return;
        }

        key = ngx_array_push(&ep->keys);
        if (key == NULL) {
            load->failed = 1;
            return;
        }

        key->user.len = ngx_strlen(item->string);
        key->user.data = (u_char *) item->string;

        ngx_http_aime_key_id((u_char *) item->valuestring,
                             ngx_strlen(item->valuestring), key->id);
    }
}


/* Of the endpoint's clients, and of those that have one of their own. */

static void
ngx_http_aime_load_priorities(ngx_http_aime_load_t *load,
    ngx_http_aime_endpoint_t *ep)
{
    long long               n;
    ngx_uint_t              i;
    const cJSON            *item;
    ngx_http_aime_key_t    *key;
    ngx_http_aime_value_t   value;

    ep->priority = NGX_HTTP_AIME_PRIORITY;

    ngx_http_aime_get_count(load, "CLIENTS.priority", &ep->priority, 0,
                            NGX_AIME_NPRIORITIES - 1);

    key = ep->keys.elts;

    for (i = 0; i < ep->keys.nelts; i++) {
        key[i].priority = ep->priority;
    }

    if (ngx_http_aime_value(load, "CLIENTS.priorities", &value)
        == NGX_DECLINED)
    {
        return;
    }

    if (!cJSON_IsObject(value.item)) {
        goto invalid;
    }

    cJSON_ArrayForEach(item, value.item) {
        if (aime_toml_integer(item, &n) != AIME_TOML_OK
            || n < 0 || n >= NGX_AIME_NPRIORITIES)
        {
            goto invalid;
        }

        for (i = 0; i < ep->keys.nelts; i++) {
            if (key[i].user.len == ngx_strlen(item->string)
                && ngx_memcmp(key[i].user.data, item->string,
                              key[i].user.len)
                   == 0)
            {
                key[i].priority = n;
            }
        }
    }

    return;

invalid:

    ngx_http_aime_load_error(load, &value,
                             "must be a table of user = 0 to 3");
}


static void
ngx_http_aime_load_limits(ngx_http_aime_load_t *load,
    ngx_http_aime_endpoint_t *ep)
{
    ngx_uint_t  retry, cancel, fair, enabled;

    ep->max_queue_length = 1000;
    ep->max_attempts = 3;
    ep->max_time_in_queue = 3600 * 1000;
    ep->job_inactivity_timeout = 360 * 1000;
    ep->result_lifetime = 900 * 1000;
    retry = 1;
    cancel = 1;
    fair = 1;
    enabled = 1;

    ngx_http_aime_get_count(load, "ENDPOINT.max_queue_length",
                            &ep->max_queue_length, 0, NGX_MAX_INT32_VALUE);
    ngx_http_aime_get_count(load, "ENDPOINT.max_attempts",
                            &ep->max_attempts, 1, NGX_AIME_MAX_ATTEMPTS);
    ngx_http_aime_get_count(load, "CLIENTS.client_request_limit "
                            "ENDPOINT.client_request_limit",
                            &ep->client_request_limit, 0,
                            NGX_MAX_INT32_VALUE);

    (void) ngx_http_aime_get_seconds(load, "ENDPOINT.max_time_in_queue",
                                     &ep->max_time_in_queue);
    (void) ngx_http_aime_get_seconds(load, "ENDPOINT.job_inactivity_timeout",
                                     &ep->job_inactivity_timeout);
    (void) ngx_http_aime_get_seconds(load, "ENDPOINT.result_lifetime "
                                     "CLIENTS.result_lifetime",
                                     &ep->result_lifetime);

    ngx_http_aime_get_flag(load, "ENDPOINT.retry_on_worker_loss", &retry);
    ngx_http_aime_get_flag(load, "ENDPOINT.cancel_on_disconnect", &cancel);
    ngx_http_aime_get_flag(load, "ENDPOINT.fair_share", &fair);
    ngx_http_aime_get_flag(load, "ENDPOINT.enabled", &enabled);

    ep->enabled = enabled;
    ep->fair_share = fair;
    ep->retry = retry;
    ep->cancel_on_disconnect = cancel;
}


static void
ngx_http_aime_load_methods(ngx_http_aime_load_t *load,
    ngx_http_aime_endpoint_t *ep)
{
    cJSON                  *item;
    ngx_http_aime_value_t   value;

    if (ngx_http_aime_value(load, "ENDPOINT.methods", &value)
        == NGX_DECLINED)
    {
        ep->methods = NGX_HTTP_GET|NGX_HTTP_POST;
        return;
    }

    if (!cJSON_IsArray(value.item)) {
        goto invalid;
    }

    cJSON_ArrayForEach(item, value.item) {
        if (cJSON_IsString(item)
            && ngx_strcasecmp((u_char *) item->valuestring, (u_char *) "GET")
               == 0)
        {
            ep->methods |= NGX_HTTP_GET;
            continue;
        }

        if (cJSON_IsString(item)
            && ngx_strcasecmp((u_char *) item->valuestring, (u_char *) "POST")
               == 0)
        {
            ep->methods |= NGX_HTTP_POST;
            continue;
        }

        goto invalid;
    }

    if (ep->methods) {
        return;
    }

invalid:

    ngx_http_aime_load_error(load, &value,
                             "must be a list of \"GET\", \"POST\"");
}


static void
ngx_http_aime_load_inputs(ngx_http_aime_load_t *load,
    ngx_http_aime_endpoint_t *ep)
{
    size_t              i;
    ngx_int_t           rc;
    aime_pool_t         pool;
    aime_desc_error_t   error;

    pool.alloc = ngx_http_aime_load_alloc;
    pool.ctx = load->cf->pool;

    rc = aime_desc_compile(&pool,
                           ngx_http_aime_table(load, load->tree, "INPUTS"),
                           &ep->inputs, ngx_http_aime_input_notice, load,
                           &error);

    if (load->server) {
        ngx_memcpy(ep->inputs.allowed, load->server->allowed,
                   sizeof(ep->inputs.allowed));
    }

    for (i = 0; rc == AIME_OK && i < ep->inputs.nparams; i++) {
        if (ep->inputs.params[i].name.len > NGX_AIME_NAME_LEN) {
            error.line = aime_toml_line(ep->inputs.params[i].tree);
            ngx_memcpy(error.text, "the name of an input is too long",
                       sizeof("the name of an input is too long"));
            rc = AIME_ERROR;
        }
    }

    if (rc == AIME_OK) {
        return;
    }

    load->failed = 1;

    if (rc == AIME_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, load->cf, 0, "\"%V\":%ui: %s",
                           load->path, (ngx_uint_t) error.line, error.text);
    }
}


static void
ngx_http_aime_input_notice(void *ctx, const char *param,
    const char *attribute, unsigned int line)
{
    ngx_http_aime_load_t  *load = ctx;

    ngx_conf_log_error(NGX_LOG_NOTICE, load->cf, 0,
                       "\"%V\":%ui: INPUTS.%s.%s is ignored", load->path,
                       (ngx_uint_t) line, param, attribute);
}


static void *
ngx_http_aime_load_alloc(void *ctx, size_t size)
{
    return ngx_palloc(ctx, size);
}


static void
ngx_http_aime_load_outputs(ngx_http_aime_load_t *load, const cJSON *table,
    ngx_array_t *outputs)
{
    ngx_str_t     name;
    const cJSON  *item;

    if (ngx_array_init(outputs, load->cf->pool, 8,
                       sizeof(ngx_http_aime_output_t))
        != NGX_OK)
    {
        load->failed = 1;
        return;
    }

    cJSON_ArrayForEach(item, table) {
        name.len = ngx_strlen(item->string);
        name.data = (u_char *) item->string;

        ngx_http_aime_load_output(load, outputs, &name, 0);
    }
}


/* The times that workers measure go to clients with a result's others. */

static void
ngx_http_aime_load_times(ngx_http_aime_load_t *load, ngx_array_t *outputs)
{
    aime_str_t   name;
    ngx_uint_t   i;

    static ngx_str_t  times[] = {
        ngx_string("arrival_time"),
        ngx_string("finished_time"),
        ngx_string("preprocessing_duration")
    };

    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        name.data = times[i].data;
        name.len = times[i].len;

        if (!load->failed && ngx_http_aime_output(outputs, &name) == NULL) {
            ngx_http_aime_load_output(load, outputs, &times[i], 1);
        }
    }
}


static void
ngx_http_aime_load_output(ngx_http_aime_load_t *load, ngx_array_t *outputs,
    ngx_str_t *name, ngx_uint_t number)
{
    ngx_str_t                quoted;
    ngx_http_aime_output_t  *output;

    output = ngx_array_push(outputs);

    if (output == NULL
        || ngx_http_aime_quote(load->cf->pool, name, &quoted) != NGX_OK)
    {
        load->failed = 1;
        return;
    }

    output->name = *name;
    output->number = number;

    output->lead.len = quoted.len + 2;
    output->lead.data = ngx_pnalloc(load->cf->pool, output->lead.len);

    if (output->lead.data == NULL) {
        load->failed = 1;
        return;
    }

    (void) ngx_sprintf(output->lead.data, ",%V:", &quoted);
}


static ngx_int_t
ngx_http_aime_quote(ngx_pool_t *pool, ngx_str_t *text, ngx_str_t *quoted)
{
    aime_str_t  str;

    str.data = text->data;
    str.len = text->len;

    quoted->data = ngx_pnalloc(pool, aime_json_quoted_len(str));
    if (quoted->data == NULL) {
        return NGX_ERROR;
    }

    quoted->len = aime_json_quote(quoted->data, str) - quoted->data;

    return NGX_OK;
}


static void
ngx_http_aime_load_vars(ngx_http_aime_load_t *load,
    ngx_http_aime_endpoint_t *ep)
{
    const cJSON  *item, *table;

    table = ngx_http_aime_table(load, load->tree, "SESSION");
    table = ngx_http_aime_table(load, table, "VARS");

    if (ngx_array_init(&ep->vars, load->cf->pool, 4,
                       sizeof(ngx_http_aime_var_t))
        != NGX_OK)
    {
        load->failed = 1;
        return;
    }

    cJSON_ArrayForEach(item, table) {
        if (ngx_http_aime_load_var(load, ep, item) != NGX_OK) {
            load->failed = 1;
            return;
        }
    }
}


static ngx_int_t
ngx_http_aime_load_var(ngx_http_aime_load_t *load,
    ngx_http_aime_endpoint_t *ep, const cJSON *item)
{
    u_char               *p;
    ngx_str_t             text;
    const cJSON          *value;
    ngx_http_aime_var_t  *var;

    if (!cJSON_IsObject(item)
        || ngx_strlen(item->string) > NGX_AIME_NAME_LEN)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, load->cf, 0,
                           "\"%V\":%ui: SESSION.VARS.%s must be a table, with "
                           "a name of up to 255 bytes", load->path,
                           (ngx_uint_t) aime_toml_line(item), item->string);
        return NGX_ERROR;
    }

    if (ngx_http_aime_known(item->string, ngx_http_aime_reserved_vars)) {
        ngx_conf_log_error(NGX_LOG_NOTICE, load->cf, 0,
                           "\"%V\":%ui: SESSION.VARS.%s is ignored",
                           load->path, (ngx_uint_t) aime_toml_line(item),
                           item->string);
        return NGX_OK;
    }

    var = ngx_array_push(&ep->vars);
    p = ngx_pnalloc(load->cf->pool, ep->name.len + 1
                                    + ngx_strlen(item->string));
    if (var == NULL || p == NULL) {
        return NGX_ERROR;
    }

    ngx_str_null(&text);
    value = cJSON_GetObjectItemCaseSensitive(item, "default");

    if (value
        && ngx_http_aime_print(load->cf->pool, value, &text) != NGX_OK)
    {
        return NGX_ERROR;
    }

    var->name.data = (u_char *) item->string;
    var->name.len = ngx_strlen(item->string);
    var->key.data = p;
    var->key.len = ngx_sprintf(p, "%V/%s", &ep->name, item->string) - p;
    var->value.data = text.data;
    var->value.len = text.len;

    return NGX_OK;
}


/* What answers hold that never changes is printed once. */

static ngx_int_t
ngx_http_aime_load_texts(ngx_http_aime_load_t *load,
    ngx_http_aime_endpoint_t *ep)
{
    u_char     *p;
    size_t      size;
    cJSON      *name;
    ngx_int_t   rc;
    ngx_str_t   title, description, methods, quoted, wait;

    if (load->failed) {
        return NGX_OK;
    }

    name = cJSON_CreateString((char *) ep->name.data);
    if (name == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_http_aime_print(load->cf->pool, name, &quoted);
    cJSON_Delete(name);

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    title = quoted;
    description = quoted;
    ngx_str_set(&methods, "[\"GET\",\"POST\"]");
    ngx_str_set(&wait, "3600");
    ngx_str_set(&ep->version, "null");
    ngx_str_set(&ep->category, "null");

    if (ngx_http_aime_get_text(load, "ENDPOINT.title", NGX_HTTP_AIME_STRING,
                               &title) != NGX_OK
        || ngx_http_aime_get_text(load, "ENDPOINT.description",
                                  NGX_HTTP_AIME_STRING, &description)
           != NGX_OK
        || ngx_http_aime_get_text(load, "ENDPOINT.methods", NGX_HTTP_AIME_ANY,
                                  &methods) != NGX_OK
        || ngx_http_aime_get_text(load, "ENDPOINT.max_time_in_queue",
                                  NGX_HTTP_AIME_ANY, &wait) != NGX_OK
        || ngx_http_aime_get_text(load, "ENDPOINT.version",
                                  NGX_HTTP_AIME_SIMPLE, &ep->version)
           != NGX_OK
        || ngx_http_aime_get_text(load, "ENDPOINT.category",
                                  NGX_HTTP_AIME_SIMPLE, &ep->category)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    size = sizeof("\"name\":,\"title\":,\"description\":,\"http_methods\":,"
                  "\"version\":,\"max_queue_length\":,"
                  "\"max_time_in_queue\":")
           + quoted.len + title.len + description.len + methods.len
           + ep->version.len + NGX_INT64_LEN + wait.len;

    p = ngx_pnalloc(load->cf->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ep->details.data = p;
    p = ngx_sprintf(p, "\"name\":%V,\"title\":%V,\"description\":%V,"
                    "\"http_methods\":%V,\"version\":%V,"
                    "\"max_queue_length\":%ui,\"max_time_in_queue\":%V",
                    &quoted, &title, &description, &methods, &ep->version,
                    ep->max_queue_length, &wait);
    ep->details.len = p - ep->details.data;

    return ngx_http_aime_load_parameters(load, ep);
}


static ngx_int_t
ngx_http_aime_load_parameters(ngx_http_aime_load_t *load,
    ngx_http_aime_endpoint_t *ep)
{
    u_char       *p;
    size_t        size;
    ngx_str_t     inputs, outputs, progress, reports, name;
    const cJSON  *table;

    static ngx_str_t  implicit = ngx_string(
        "\"client_session_auth_key\":{\"type\":\"string\"},"
        "\"key\":{\"type\":\"string\"},"
        "\"wait_for_result\":{\"type\":\"bool\",\"default\":true}");

    table = ngx_http_aime_table(load, load->tree, "PROGRESS");

    if (ngx_http_aime_print(load->cf->pool,
                            ngx_http_aime_table(load, load->tree, "INPUTS"),
                            &inputs) != NGX_OK
        || ngx_http_aime_print(load->cf->pool,
                               ngx_http_aime_table(load, load->tree,
                                                   "OUTPUTS"),
                               &outputs) != NGX_OK
        || ngx_http_aime_print(load->cf->pool, table, &progress) != NGX_OK
        || ngx_http_aime_print(load->cf->pool,
                               ngx_http_aime_table(load, table, "OUTPUTS"),
                               &reports) != NGX_OK)
    {
        return NGX_ERROR;
    }

    size = sizeof("{\"input\":{,},\"output\":,\"progress\":}")
           + inputs.len + implicit.len + outputs.len + progress.len;

    p = ngx_pnalloc(load->cf->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    /* the inputs without their closing brace */

    name = inputs;
    name.len--;

    ep->parameters.data = p;
    p = ngx_sprintf(p, "{\"input\":%V%s%V},\"output\":%V,\"progress\":%V}",
                    &name, (name.len > 1) ? "," : "", &implicit, &outputs,
                    &progress);
    ep->parameters.len = p - ep->parameters.data;

    /* the last two are older names of the two before them: send both */

    size = sizeof("\"input_descriptions\":,\"progress_output_descriptions\":,"
                  "\"final_output_descriptions\":,"
                  "\"progress_descriptions\":,\"output_descriptions\":")
           + inputs.len + 2 * (reports.len + outputs.len);

    p = ngx_pnalloc(load->cf->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ep->descriptions.data = p;
    p = ngx_sprintf(p, "\"input_descriptions\":%V,"
                    "\"progress_output_descriptions\":%V,"
                    "\"final_output_descriptions\":%V,"
                    "\"progress_descriptions\":%V,"
                    "\"output_descriptions\":%V",
                    &inputs, &reports, &outputs, &reports, &outputs);
    ep->descriptions.len = p - ep->descriptions.data;

    return NGX_OK;
}


/* NULL: there is none, or it is something else (an error, once). */

static const cJSON *
ngx_http_aime_table(ngx_http_aime_load_t *load, const cJSON *parent,
    const char *name)
{
    const cJSON  *table;

    table = cJSON_GetObjectItemCaseSensitive(parent, name);

    if (table == NULL || cJSON_IsObject(table)) {
        return table;
    }

    if (!load->failed) {
        ngx_conf_log_error(NGX_LOG_EMERG, load->cf, 0,
                           "\"%V\":%ui: \"%s\" must be a table", load->path,
                           (ngx_uint_t) aime_toml_line(table), name);
        load->failed = 1;
    }

    return NULL;
}


/*
 * The value of the first of the names ("SECTION.key", with spaces between)
 * that the endpoint file has; else of the first that the server file has a
 * default for.  NGX_DECLINED: neither has; the place is that of the section
 * then.
 */

static ngx_int_t
ngx_http_aime_value(ngx_http_aime_load_t *load, const char *names,
    ngx_http_aime_value_t *value)
{
    u_char       *dot;
    const char   *next;
    const cJSON  *table;

    value->path = load->path;

    for (next = names; *next; /* void */ ) {
        next = ngx_http_aime_next_name(next, value->name);

        dot = (u_char *) ngx_strchr(value->name, '.');
        *dot = '\0';
        table = ngx_http_aime_table(load, load->tree, (char *) value->name);
        *dot = '.';

        value->item = cJSON_GetObjectItemCaseSensitive(table,
                                                       (char *) dot + 1);
        if (value->item) {
            return NGX_OK;
        }
    }

    for (next = names; *next && load->server; /* void */ ) {
        next = ngx_http_aime_next_name(next, value->name);
        value->item = ngx_http_aime_default(load, value);

        if (value->item) {
            value->path = &load->server->path;
            return NGX_OK;
        }
    }

    (void) ngx_http_aime_next_name(names, value->name);

    dot = (u_char *) ngx_strchr(value->name, '.');
    *dot = '\0';
    value->item = ngx_http_aime_table(load, load->tree, (char *) value->name);
    *dot = '.';

    return NGX_DECLINED;
}


/* The name becomes that of the default. */

static const cJSON *
ngx_http_aime_default(ngx_http_aime_load_t *load,
    ngx_http_aime_value_t *value)
{
    u_char        key[64];
    const char   *section;
    const cJSON  *table, *item;

    section = (value->name[0] == 'C') ? "CLIENTS"
              : (value->name[0] == 'W') ? "WORKERS" : "ENDPOINTS";

    (void) ngx_snprintf(key, sizeof(key), "default_%s%Z",
                        ngx_strchr(value->name, '.') + 1);

    table = cJSON_GetObjectItemCaseSensitive(load->server->tree, section);
    item = cJSON_GetObjectItemCaseSensitive(table, (char *) key);

    if (item == NULL && ngx_strcmp(key, "default_job_timeout") == 0) {
        item = cJSON_GetObjectItemCaseSensitive(table, "job_timeout");
    }

    if (item) {
        (void) ngx_snprintf(value->name, sizeof(value->name), "%s.%s%Z",
                            section, item->string);
    }

    return item;
}


static const char *
ngx_http_aime_next_name(const char *names, u_char *name)
{
    while (*names && *names != ' ') {
        *name++ = *names++;
    }

    *name = '\0';

    return (*names == ' ') ? names + 1 : names;
}


/* What is missing altogether is missed from the start of the file. */

static ngx_uint_t
ngx_http_aime_line(const cJSON *item)
{
    return item ? ngx_max(aime_toml_line(item), 1) : 1;
}


static ngx_int_t
ngx_http_aime_get_string(ngx_http_aime_load_t *load, const char *names,
    ngx_str_t *string)
{
    ngx_http_aime_value_t  value;

    ngx_str_null(string);

    if (ngx_http_aime_value(load, names, &value) == NGX_DECLINED) {
        return NGX_DECLINED;
    }

    if (!cJSON_IsString(value.item) || value.item->valuestring[0] == '\0') {
        ngx_http_aime_load_error(load, &value, "must be a string that is "
                                 "not empty");
        return NGX_ERROR;
    }

    string->data = (u_char *) value.item->valuestring;
    string->len = ngx_strlen(string->data);

    return NGX_OK;
}


/* An optional one, which may be empty. */

static void
ngx_http_aime_get_word(ngx_http_aime_load_t *load, const char *names,
    ngx_str_t *word)
{
    ngx_http_aime_value_t  value;

    if (ngx_http_aime_value(load, names, &value) == NGX_DECLINED) {
        return;
    }

    if (!cJSON_IsString(value.item)) {
        ngx_http_aime_load_error(load, &value, "must be a string");
        return;
    }

    word->data = (u_char *) value.item->valuestring;
    word->len = ngx_strlen(word->data);
}


static void
ngx_http_aime_get_flag(ngx_http_aime_load_t *load, const char *names,
    ngx_uint_t *flag)
{
    ngx_http_aime_value_t  value;

    if (ngx_http_aime_value(load, names, &value) == NGX_DECLINED) {
        return;
    }

    if (!cJSON_IsBool(value.item)) {
        ngx_http_aime_load_error(load, &value, "must be true or false");
        return;
    }

    *flag = cJSON_IsTrue(value.item);
}


static void
ngx_http_aime_get_count(ngx_http_aime_load_t *load, const char *names,
    ngx_uint_t *count, ngx_uint_t min, ngx_uint_t max)
{
    long long              n;
    ngx_http_aime_value_t  value;

    if (ngx_http_aime_value(load, names, &value) == NGX_DECLINED) {
        return;
    }

    if (aime_toml_integer(value.item, &n) != AIME_TOML_OK) {
        ngx_http_aime_load_error(load, &value, "must be an integer");
        return;
    }

    if (n < (long long) min || n > (long long) max) {
        ngx_http_aime_load_error(load, &value, "is out of range");
        return;
    }

    *count = n;
}


static ngx_int_t
ngx_http_aime_get_seconds(ngx_http_aime_load_t *load, const char *names,
    ngx_msec_t *msec)
{
    double                 n;
    ngx_http_aime_value_t  value;

    if (ngx_http_aime_value(load, names, &value) == NGX_DECLINED) {
        return NGX_DECLINED;
    }

    if (aime_toml_double(value.item, &n) != AIME_TOML_OK) {
        ngx_http_aime_load_error(load, &value,
                                 "must be a number of seconds");
        return NGX_ERROR;
    }

    if (!(n >= 0)) {
        ngx_http_aime_load_error(load, &value, "must not be negative");
        return NGX_ERROR;
    }

    *msec = (ngx_msec_t) (ngx_min(n, NGX_HTTP_AIME_MAX_SECONDS) * 1000);
    *msec = ngx_max(*msec, 1);

    return NGX_OK;
}


/* The value as JSON text, where it is set at all. */

static ngx_int_t
ngx_http_aime_get_text(ngx_http_aime_load_t *load, const char *names,
    ngx_uint_t want, ngx_str_t *text)
{
    ngx_http_aime_value_t  value;

    if (ngx_http_aime_value(load, names, &value) == NGX_DECLINED) {
        return NGX_OK;
    }

    if (want == NGX_HTTP_AIME_STRING && !cJSON_IsString(value.item)) {
        ngx_http_aime_load_error(load, &value, "must be a string");
        return NGX_OK;
    }

    if (want == NGX_HTTP_AIME_SIMPLE
        && (cJSON_IsObject(value.item) || cJSON_IsArray(value.item)))
    {
        ngx_http_aime_load_error(load, &value,
                                 "must be a number or a string");
        return NGX_OK;
    }

    return ngx_http_aime_print(load->cf->pool, value.item, text);
}


/* An absent table is printed as an empty one. */

static ngx_int_t
ngx_http_aime_print(ngx_pool_t *pool, const cJSON *item, ngx_str_t *text)
{
    char  *p;

    if (item == NULL) {
        ngx_str_set(text, "{}");
        return NGX_OK;
    }

    p = cJSON_PrintUnformatted(item);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->len = ngx_strlen(p);
    text->data = ngx_pnalloc(pool, text->len);

    if (text->data) {
        ngx_memcpy(text->data, p, text->len);
    }

    cJSON_free(p);

    return text->data ? NGX_OK : NGX_ERROR;
}


ngx_http_aime_output_t *
ngx_http_aime_output(ngx_array_t *outputs, aime_str_t *name)
{
    ngx_uint_t               i;
    ngx_http_aime_output_t  *output;

    output = outputs->elts;

    for (i = 0; i < outputs->nelts; i++) {
        if (output[i].name.len == name->len
            && ngx_memcmp(output[i].name.data, name->data, name->len) == 0)
        {
            return &output[i];
        }
    }

    return NULL;
}


/* All keys are looked at, found or not. */

ngx_http_aime_key_t *
ngx_http_aime_endpoint_key(ngx_http_aime_endpoint_t *endpoint,
    const u_char *id)
{
    ngx_uint_t            i;
    ngx_http_aime_key_t  *key, *found;

    key = endpoint->keys.elts;
    found = NULL;

    for (i = 0; i < endpoint->keys.nelts; i++) {
        if (ngx_http_aime_same_id(key[i].id, id)) {
            found = &key[i];
        }
    }

    return found;
}

