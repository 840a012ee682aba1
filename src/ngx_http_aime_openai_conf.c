
/* Models and their mapping, see ngx_http_aime_openai_conf.h. */


#include "ngx_http_aime_openai_conf.h"
#include "aime_toml.h"


#define NGX_HTTP_AIME_OPENAI_OWNER   "aime"


typedef struct {
    ngx_conf_t                  *cf;
    ngx_str_t                   *path;
    ngx_array_t                 *endpoints;
    ngx_http_aime_openai_t      *openai;
    const char                  *model;
    ngx_uint_t                   failed;
} ngx_http_aime_openai_load_t;


static void ngx_http_aime_openai_error(ngx_http_aime_openai_load_t *load,
    const cJSON *item, const char *key, const char *reason);
static void ngx_http_aime_openai_notices(ngx_http_aime_openai_load_t *load,
    const cJSON *table, const char **keys);
static void ngx_http_aime_openai_load_model(ngx_http_aime_openai_load_t *load,
    const cJSON *item);
static void ngx_http_aime_openai_load_service(
    ngx_http_aime_openai_load_t *load, ngx_http_aime_openai_model_t *model,
    const cJSON *item, ngx_uint_t kind);
static ngx_http_aime_endpoint_t *ngx_http_aime_openai_endpoint(
    ngx_http_aime_openai_load_t *load, ngx_http_aime_openai_model_t *model,
    const cJSON *item, const char *key);
static void ngx_http_aime_openai_load_mode(ngx_http_aime_openai_load_t *load,
    ngx_http_aime_openai_service_t *service, const cJSON *table);
static void ngx_http_aime_openai_load_maps(ngx_http_aime_openai_load_t *load,
    ngx_http_aime_openai_service_t *service, const cJSON *table);
static void ngx_http_aime_openai_load_map(ngx_http_aime_openai_load_t *load,
    ngx_http_aime_openai_service_t *service, const cJSON *table,
    ngx_uint_t inputs);
static ngx_str_t ngx_http_aime_openai_text(ngx_http_aime_openai_load_t *load,
    const cJSON *table, const char *key, const char *standard);
static ngx_uint_t ngx_http_aime_openai_flag(ngx_http_aime_openai_load_t *load,
    const cJSON *table, const char *key, ngx_uint_t standard);
static time_t ngx_http_aime_openai_created(ngx_http_aime_openai_load_t *load,
    const cJSON *item);


static const char  *ngx_http_aime_openai_keys[] = {
    "enable_v1_api", "fallback_model", "MODELS", NULL
};

static const char  *ngx_http_aime_openai_model_keys[] = {
    "endpoint", "created_at", "owned_by", "default_system_prompt",
    "legacy_context_format", "inputs", "outputs", "progress_mode", "chat",
    "completion", "embedding", "image", "speech", "transcription", NULL
};

static const char  *ngx_http_aime_openai_service_keys[] = {
    "endpoint", "inputs", "outputs", "progress_mode", NULL
};


ngx_http_aime_openai_t *
ngx_http_aime_openai_load(ngx_conf_t *cf, ngx_http_aime_server_t *server,
    ngx_array_t *endpoints)
{
    ngx_str_t                     name;
    const cJSON                  *section, *models, *item;
    ngx_http_aime_openai_t       *openai;
    ngx_http_aime_openai_load_t   load;

    openai = ngx_pcalloc(cf->pool, sizeof(ngx_http_aime_openai_t));

    if (openai == NULL
        || ngx_array_init(&openai->models, cf->pool, 4,
                          sizeof(ngx_http_aime_openai_model_t))
           != NGX_OK)
    {
        return NULL;
    }

    ngx_memzero(&load, sizeof(ngx_http_aime_openai_load_t));

    load.cf = cf;
    load.path = &server->path;
    load.endpoints = endpoints;
    load.openai = openai;

    section = cJSON_GetObjectItemCaseSensitive(server->tree, "OPENAI");
    models = cJSON_GetObjectItemCaseSensitive(section, "MODELS");

    ngx_http_aime_openai_notices(&load, section, ngx_http_aime_openai_keys);

    openai->enabled = ngx_http_aime_openai_flag(&load, section,
                                                "enable_v1_api", 1);

    if (!openai->enabled) {
        ngx_conf_log_error(NGX_LOG_NOTICE, cf, 0,
                           "\"%V\": OPENAI.enable_v1_api is false, "
                           "\"aime_api_openai\" serves no models",
                           &server->path);
        return openai;
    }

    if (models && !cJSON_IsObject(models)) {
        ngx_http_aime_openai_error(&load, models, "MODELS",
                                   "must be a table");
        return NULL;
    }

    cJSON_ArrayForEach(item, models) {
        ngx_http_aime_openai_load_model(&load, item);
    }

    load.model = NULL;
    name = ngx_http_aime_openai_text(&load, section, "fallback_model", "");

    if (name.len) {
        openai->fallback = ngx_http_aime_openai_model(openai, &name);

        if (openai->fallback == NULL) {
            item = cJSON_GetObjectItemCaseSensitive(section,
                                                    "fallback_model");
            ngx_http_aime_openai_error(&load, item, "fallback_model",
                                       "is none of OPENAI.MODELS");
        }
    }

    return load.failed ? NULL : openai;
}


/* key: below the model, or below OPENAI. */

static void
ngx_http_aime_openai_error(ngx_http_aime_openai_load_t *load,
    const cJSON *item, const char *key, const char *reason)
{
    load->failed = 1;

    ngx_conf_log_error(NGX_LOG_EMERG, load->cf, 0,
                       "\"%V\":%ui: OPENAI%s%s.%s %s", load->path,
                       (ngx_uint_t) (item ? aime_toml_line(item) : 0),
                       load->model ? ".MODELS." : "",
                       load->model ? load->model : "", key, reason);
}


static void
ngx_http_aime_openai_notices(ngx_http_aime_openai_load_t *load,
    const cJSON *table, const char **keys)
{
    ngx_uint_t    i;
    const cJSON  *item;

    cJSON_ArrayForEach(item, table) {

        for (i = 0; keys[i] && ngx_strcmp(keys[i], item->string) != 0; i++) {
            /* void */
        }

        if (keys[i] == NULL) {
            ngx_conf_log_error(NGX_LOG_NOTICE, load->cf, 0,
                               "\"%V\":%ui: OPENAI%s%s.%s is not known, "
                               "ignored", load->path,
                               (ngx_uint_t) aime_toml_line(item),
                               load->model ? ".MODELS." : "",
                               load->model ? load->model : "", item->string);
        }
    }
}


static void
ngx_http_aime_openai_load_model(ngx_http_aime_openai_load_t *load,
    const cJSON *item)
{
    ngx_uint_t                     i, n, failed;
    ngx_http_aime_endpoint_t      *endpoint;
    ngx_http_aime_openai_model_t  *model;

    load->model = NULL;

    if (!cJSON_IsObject(item)) {
        ngx_http_aime_openai_error(load, item, "MODELS",
                                   "must have a table for each model");
        return;
    }

    load->model = item->string;

    ngx_http_aime_openai_notices(load, item, ngx_http_aime_openai_model_keys);

    model = ngx_array_push(&load->openai->models);
    if (model == NULL) {
        load->failed = 1;
        return;
    }

    ngx_memzero(model, sizeof(ngx_http_aime_openai_model_t));

    model->name.data = (u_char *) item->string;
    model->name.len = ngx_strlen(item->string);
    model->owned_by = ngx_http_aime_openai_text(load, item, "owned_by",
                                                NGX_HTTP_AIME_OPENAI_OWNER);
    model->system_prompt = ngx_http_aime_openai_text(load, item,
                                                     "default_system_prompt",
                                                     "");
    model->legacy = ngx_http_aime_openai_flag(load, item,
                                              "legacy_context_format", 0);
    model->created = ngx_http_aime_openai_created(load,
        cJSON_GetObjectItemCaseSensitive(item, "created_at"));

    n = 0;
    failed = load->failed;
    load->failed = 0;

    /* what is said for all kinds is told once */

    for (i = 0; i < NGX_HTTP_AIME_OPENAI_NKINDS && !load->failed; i++) {
        ngx_http_aime_openai_load_service(load, model, item, i);
        endpoint = model->services[i].endpoint;

        if (endpoint) {
            n++;
            load->openai->nopen += endpoint->open;
            load->openai->nclosed += !endpoint->open;
        }
    }

    if (load->failed) {
        return;
    }

    load->failed = failed;

    if (model->absent) {
        ngx_conf_log_error(NGX_LOG_NOTICE, load->cf, 0,
                           "\"%V\":%ui: %s of OPENAI.MODELS.%s is not loaded, "
                           "requests for it get 404", load->path,
                           (ngx_uint_t) aime_toml_line(item),
                           n ? "an endpoint" : "the endpoint", load->model);
        return;
    }

    if (n) {
        return;
    }

    ngx_http_aime_openai_error(load, item, "endpoint",
                               "names none that can serve any kind of "
                               "requests");
}


/*
 * A kind that the model names must be served by its endpoint; others are, by
 * the endpoint of them all, if that has what it takes.
 */

static void
ngx_http_aime_openai_load_service(ngx_http_aime_openai_load_t *load,
    ngx_http_aime_openai_model_t *model, const cJSON *item, ngx_uint_t kind)
{
    const char                      *key;
    const cJSON                     *table, *own, *name;
    ngx_http_aime_openai_service_t  *service;

    service = &model->services[kind];
    key = ngx_http_aime_openai_kind(kind);

    if (ngx_array_init(&service->inputs, load->cf->pool, 8,
                       sizeof(ngx_http_aime_openai_map_t))
        != NGX_OK
        || ngx_array_init(&service->outputs, load->cf->pool, 8,
                          sizeof(ngx_http_aime_openai_map_t))
           != NGX_OK)
    {
        load->failed = 1;
        return;
    }

    table = cJSON_GetObjectItemCaseSensitive(item, "endpoint");
    own = cJSON_GetObjectItemCaseSensitive(item, key);
    name = own;

    if (cJSON_IsObject(own)) {
        ngx_http_aime_openai_notices(load, own,
                                     ngx_http_aime_openai_service_keys);

        name = cJSON_GetObjectItemCaseSensitive(own, "endpoint");
    }

    if (name == NULL) {
        name = table;
    }

    service->endpoint = ngx_http_aime_openai_endpoint(load, model, name,
                                                      key);
    if (service->endpoint == NULL) {
        return;
    }

    if (cJSON_IsObject(own)) {
        ngx_http_aime_openai_load_maps(load, service, own);
    }

    /* what the model says for all is meant for the endpoint of them all */

    if (name == table) {
        ngx_http_aime_openai_load_maps(load, service, item);
    }

    if (ngx_http_aime_openai_guess(service, kind) != NGX_OK) {
        load->failed = 1;
        return;
    }

    if (ngx_http_aime_openai_fits(service, kind, model->legacy)) {
        ngx_http_aime_openai_grows(service);
        return;
    }

    if (own) {
        ngx_http_aime_openai_error(load, own, key,
                                   "names an endpoint that lacks the input "
                                   "or output for it");
    }

    service->endpoint = NULL;
}


/* NULL: not loaded, or a mistake. */

static ngx_http_aime_endpoint_t *
ngx_http_aime_openai_endpoint(ngx_http_aime_openai_load_t *load,
    ngx_http_aime_openai_model_t *model, const cJSON *item, const char *key)
{
    size_t                      len;
    ngx_uint_t                  i;
    ngx_http_aime_endpoint_t  **ep;

    if (item == NULL) {
        return NULL;
    }

    if (!cJSON_IsString(item)) {
        ngx_http_aime_openai_error(load, item, key,
                                   "must be the name of an endpoint, or a "
                                   "table");
        return NULL;
    }

    ep = load->endpoints->elts;
    len = ngx_strlen(item->valuestring);

    for (i = 0; i < load->endpoints->nelts; i++) {
        if (ep[i]->name.len == len
            && ngx_memcmp(ep[i]->name.data, item->valuestring, len) == 0)
        {
            return ep[i];
        }
    }

    model->absent = 1;

    return NULL;
}


static void
ngx_http_aime_openai_load_mode(ngx_http_aime_openai_load_t *load,
    ngx_http_aime_openai_service_t *service, const cJSON *table)
{
    const cJSON  *mode;

    mode = cJSON_GetObjectItemCaseSensitive(table, "progress_mode");

    if (mode == NULL) {
        return;
    }

    if (cJSON_IsString(mode) && ngx_strcmp(mode->valuestring, "delta") == 0) {
        service->delta = 1;
        return;
    }

    if (!cJSON_IsString(mode)
        || ngx_strcmp(mode->valuestring, "cumulative") != 0)
    {
        ngx_http_aime_openai_error(load, mode, "progress_mode",
                                   "must be \"cumulative\" or \"delta\"");
    }
}


static void
ngx_http_aime_openai_load_maps(ngx_http_aime_openai_load_t *load,
    ngx_http_aime_openai_service_t *service, const cJSON *table)
{
    ngx_http_aime_openai_load_map(load, service,
        cJSON_GetObjectItemCaseSensitive(table, "inputs"), 1);
    ngx_http_aime_openai_load_map(load, service,
        cJSON_GetObjectItemCaseSensitive(table, "outputs"), 0);
    ngx_http_aime_openai_load_mode(load, service, table);
}


/* What a kind has of its own is there already when that of all comes. */

static void
ngx_http_aime_openai_load_map(ngx_http_aime_openai_load_t *load,
    ngx_http_aime_openai_service_t *service, const cJSON *table,
    ngx_uint_t inputs)
{
    ngx_int_t     rc;
    ngx_str_t     name, target;
    const char   *key;
    const cJSON  *item;

    key = inputs ? "inputs" : "outputs";

    if (table && !cJSON_IsObject(table)) {
        ngx_http_aime_openai_error(load, table, key, "must be a table");
        return;
    }

    cJSON_ArrayForEach(item, table) {

        if (!cJSON_IsString(item)) {
            ngx_http_aime_openai_error(load, item, key,
                                       "must have names, which are strings");
            continue;
        }

        target.data = (u_char *) item->valuestring;
        target.len = ngx_strlen(item->valuestring);

        name.data = (u_char *) item->string;
        name.len = ngx_strlen(item->string);

        rc = ngx_http_aime_openai_map(service, &name, &target, inputs);

        if (rc == NGX_OK) {
            continue;
        }

        load->failed = 1;

        if (rc == NGX_DECLINED) {
            ngx_conf_log_error(NGX_LOG_EMERG, load->cf, 0,
                               "\"%V\":%ui: OPENAI.MODELS.%s.%s.%s names "
                               "\"%V\", which endpoint \"%V\" does not have",
                               load->path,
                               (ngx_uint_t) aime_toml_line(item),
                               load->model, key, item->string, &target,
                               &service->endpoint->name);
        }
    }
}


static ngx_str_t
ngx_http_aime_openai_text(ngx_http_aime_openai_load_t *load,
    const cJSON *table, const char *key, const char *standard)
{
    ngx_str_t     text;
    const cJSON  *item;

    item = cJSON_GetObjectItemCaseSensitive(table, key);

    if (item && !cJSON_IsString(item)) {
        ngx_http_aime_openai_error(load, item, key, "must be a string");
        item = NULL;
    }

    text.data = (u_char *) (item ? item->valuestring : standard);
    text.len = ngx_strlen(text.data);

    return text;
}


static ngx_uint_t
ngx_http_aime_openai_flag(ngx_http_aime_openai_load_t *load,
    const cJSON *table, const char *key, ngx_uint_t standard)
{
    const cJSON  *item;

    item = cJSON_GetObjectItemCaseSensitive(table, key);

    if (item == NULL) {
        return standard;
    }

    if (!cJSON_IsBool(item)) {
        ngx_http_aime_openai_error(load, item, key, "must be true or false");
    }

    return cJSON_IsTrue(item);
}


/* Unix seconds as a number or as text, or a date. */

static time_t
ngx_http_aime_openai_created(ngx_http_aime_openai_load_t *load,
    const cJSON *item)
{
    int         year, month, day;
    time_t      n;
    struct tm   tm;

    if (item == NULL) {
        return 0;
    }

    if (cJSON_IsString(item) || cJSON_IsRaw(item)) {
        n = ngx_atotm((u_char *) item->valuestring,
                      ngx_strlen(item->valuestring));

        if (n != NGX_ERROR) {
            return n;
        }

        if (sscanf(item->valuestring, "%4d-%2d-%2d", &year, &month, &day)
            == 3)
        {
            ngx_memzero(&tm, sizeof(struct tm));

            tm.tm_year = year - 1900;
            tm.tm_mon = month - 1;
            tm.tm_mday = day;

            n = timegm(&tm);

            return ngx_max(n, 0);
        }
    }

    ngx_http_aime_openai_error(load, item, "created_at",
                               "must be Unix seconds or a date");

    return 0;
}


ngx_http_aime_openai_model_t *
ngx_http_aime_openai_model(ngx_http_aime_openai_t *openai, ngx_str_t *name)
{
    ngx_uint_t                     i;
    ngx_http_aime_openai_model_t  *model;

    model = openai->models.elts;

    for (i = 0; i < openai->models.nelts; i++) {
        if (model[i].name.len == name->len
            && ngx_memcmp(model[i].name.data, name->data, name->len) == 0)
        {
            return &model[i];
        }
    }

    return openai->fallback;
}
