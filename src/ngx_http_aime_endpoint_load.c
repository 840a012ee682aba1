
/* Endpoint files, see ngx_http_aime_endpoint_load.h; PROTOCOL section 5. */


#include "ngx_http_aime_endpoint_load.h"
#include "ngx_http_aime_endpoint_text.h"


#define NGX_HTTP_AIME_PRIORITY       1      /* one class is below */


static ngx_int_t ngx_http_aime_load_type(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep, ngx_array_t *types);
static ngx_int_t ngx_http_aime_load_known_type(ngx_http_aime_toml_t *toml,
    ngx_http_aime_type_t *type, ngx_array_t *types,
    ngx_http_aime_type_t **known);
static void ngx_http_aime_load_clients(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep);
static ngx_uint_t ngx_http_aime_is_word(ngx_str_t *text, const char *word);
static void ngx_http_aime_load_keys(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep);
static void ngx_http_aime_load_priorities(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep);
static void ngx_http_aime_load_limits(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep);
static void ngx_http_aime_load_methods(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep);
static void ngx_http_aime_load_inputs(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep);
static void ngx_http_aime_load_withheld(ngx_http_aime_toml_t *toml,
    aime_desc_param_t *param);
static void ngx_http_aime_load_outputs(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep, const cJSON *parent, ngx_array_t *outputs);
static ngx_uint_t ngx_http_aime_reserved_output(ngx_http_aime_endpoint_t *ep,
    const char *name, ngx_array_t *outputs);
static void ngx_http_aime_load_times(ngx_http_aime_toml_t *toml,
    ngx_array_t *outputs);
static void ngx_http_aime_load_output(ngx_http_aime_toml_t *toml,
    ngx_array_t *outputs, ngx_str_t *name, ngx_uint_t number);
static void ngx_http_aime_load_vars(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep);
static ngx_int_t ngx_http_aime_load_var(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep, const cJSON *item);


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

/* what the server itself says in jobs */

static const char  *ngx_http_aime_job_members[] = {
    "job_id", "start_time", "start_time_compute", NULL
};

/* what the server itself says in results, always and of their workers */

static const char  *ngx_http_aime_result_members[] = {
    "success", "job_id", "ep_version", "start_time", "start_time_compute",
    "result_received_time", "result_sent_time", "total_duration",
    "compute_duration", "pending_duration", NULL
};

static const char  *ngx_http_aime_meta_members[] = {
    "auth", "worker_interface_version", NULL
};

static ngx_http_aime_toml_section_t  ngx_http_aime_endpoint_sections[] = {
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


ngx_http_aime_endpoint_t *
ngx_http_aime_endpoint_load(ngx_conf_t *cf, ngx_str_t *path,
    ngx_http_aime_server_t *server, ngx_array_t *types)
{
    const cJSON               *table;
    ngx_http_aime_toml_t       toml;
    ngx_http_aime_endpoint_t  *ep;

    ep = ngx_pcalloc(cf->pool, sizeof(ngx_http_aime_endpoint_t));
    if (ep == NULL) {
        return NULL;
    }

    if (ngx_http_aime_toml_load(&toml, cf, path) != NGX_OK) {
        return NULL;
    }

    if (server) {
        toml.default_path = &server->path;
        toml.defaults = server->tree;
    }

    ep->path = *path;
    ep->server = server;

    if (ngx_http_aime_toml_string(&toml, "ENDPOINT.name", &ep->name)
        == NGX_DECLINED)
    {
        ngx_http_aime_toml_wrong(&toml, "ENDPOINT.name", "is missing");
    }

    if (ep->name.len > NGX_AIME_NAME_LEN
        || ngx_strlchr(ep->name.data, ep->name.data + ep->name.len, '/'))
    {
        ngx_http_aime_toml_wrong(&toml, "ENDPOINT.name",
                                 "must have up to 255 bytes without a slash");
    }

    if (ngx_http_aime_load_type(&toml, ep, types) != NGX_OK) {
        return NULL;
    }

    ngx_http_aime_load_clients(&toml, ep);
    ngx_http_aime_load_priorities(&toml, ep);
    ngx_http_aime_load_limits(&toml, ep);
    ngx_http_aime_load_methods(&toml, ep);
    ngx_http_aime_load_inputs(&toml, ep);

    table = ngx_http_aime_toml_table(&toml, toml.tree, "PROGRESS");

    ngx_http_aime_load_outputs(&toml, ep, toml.tree, &ep->outputs);
    ngx_http_aime_load_outputs(&toml, ep, table, &ep->progress_outputs);
    ngx_http_aime_load_times(&toml, &ep->outputs);

    ngx_http_aime_load_vars(&toml, ep);

    if (ngx_http_aime_endpoint_texts(&toml, ep) != NGX_OK || toml.failed
        || ngx_http_aime_static_load(cf, path, toml.tree, &ep->statics)
           != NGX_OK)
    {
        return NULL;
    }

    ngx_http_aime_toml_notices(&toml, ngx_http_aime_endpoint_sections);

    return ep;
}


static ngx_int_t
ngx_http_aime_load_type(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep, ngx_array_t *types)
{
    ngx_str_t              key;
    ngx_http_aime_type_t  *type, **typep;

    type = ngx_pcalloc(toml->cf->pool, sizeof(ngx_http_aime_type_t));
    if (type == NULL) {
        return NGX_ERROR;
    }

    type->path = *toml->path;
    type->request_timeout = 60000;

    if (ngx_http_aime_toml_string(toml, "WORKER.job_type", &type->name)
        == NGX_DECLINED)
    {
        ngx_http_aime_toml_wrong(toml, "WORKER.job_type", "is missing");
    }

    if (ngx_http_aime_toml_string(toml, "WORKER.auth_key", &key)
        == NGX_DECLINED)
    {
        ngx_http_aime_toml_wrong(toml, "WORKER.auth_key",
                                 "is missing, and so is default_auth_key in "
                                 "[WORKERS] of the server file");
    }

    ngx_http_aime_toml_seconds(toml, "WORKER.request_timeout "
                               "WORKER.job_timeout", &type->request_timeout);
    ngx_http_aime_toml_count(toml, "WORKER.max_batch_delay",
                             &type->max_batch_delay, 0, 60000);

    if (toml->failed) {
        return NGX_OK;
    }

    ngx_http_aime_key_id(key.data, key.len, type->key);

    if (ngx_http_aime_load_known_type(toml, type, types, &ep->type)
        != NGX_DECLINED)
    {
        return NGX_OK;
    }

    typep = ngx_array_push(types);
    if (typep == NULL) {
        return NGX_ERROR;
    }

    *typep = type;
    ep->type = type;

    return NGX_OK;
}


/* NGX_DECLINED: there is none of that name yet. */

static ngx_int_t
ngx_http_aime_load_known_type(ngx_http_aime_toml_t *toml,
    ngx_http_aime_type_t *type, ngx_array_t *types,
    ngx_http_aime_type_t **known)
{
    ngx_uint_t                   i;
    ngx_http_aime_type_t        *other, **typep;
    ngx_http_aime_toml_value_t   value;

    typep = types->elts;

    for (i = 0; /* void */ ; i++) {

        if (i == types->nelts) {
            return NGX_DECLINED;
        }

        other = typep[i];

        if (other->name.len == type->name.len
            && ngx_strncmp(other->name.data, type->name.data, other->name.len)
               == 0)
        {
            break;
        }
    }

    if (!ngx_http_aime_same_id(other->key, type->key)) {
        (void) ngx_http_aime_toml_find(toml, "WORKER.job_type", &value);
        ngx_conf_log_error(NGX_LOG_EMERG, toml->cf, 0,
                           "\"%V\":%ui: job type \"%V\" has another "
                           "auth_key in \"%V\"", value.path,
                           (ngx_uint_t) aime_toml_line(value.item),
                           &type->name, &other->path);
        toml->failed = 1;
        return NGX_OK;
    }

    if (other->request_timeout != type->request_timeout
        || other->max_batch_delay != type->max_batch_delay)
    {
        ngx_conf_log_error(NGX_LOG_NOTICE, toml->cf, 0,
                           "\"%V\": request_timeout and max_batch_delay "
                           "of job type \"%V\" are those of \"%V\"",
                           toml->path, &type->name, &other->path);
    }

    *known = other;

    return NGX_OK;
}


static void
ngx_http_aime_load_clients(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep)
{
    ngx_str_t   authentication, authorization;
    ngx_uint_t  flag;

    ngx_str_null(&authentication);
    ngx_str_null(&authorization);

    ngx_http_aime_toml_word(toml, "CLIENTS.authentication", &authentication);
    ngx_http_aime_toml_word(toml, "CLIENTS.authorization", &authorization);

    ep->open = ngx_http_aime_is_word(&authentication, "none")
               || ngx_http_aime_is_word(&authorization, "none");
    ep->check_user = ngx_http_aime_is_word(&authentication, "user");

    flag = 0;
    ngx_http_aime_toml_flag(toml, "CLIENTS.provide_worker_meta_data "
                            "ENDPOINT.provide_worker_meta_data", &flag);
    ep->worker_meta = flag;

    ngx_http_aime_load_keys(toml, ep);
}


/* Whatever the case. */

static ngx_uint_t
ngx_http_aime_is_word(ngx_str_t *text, const char *word)
{
    return text->len == ngx_strlen(word)
           && ngx_strncasecmp(text->data, (u_char *) word, text->len) == 0;
}


static void
ngx_http_aime_load_keys(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep)
{
    cJSON                      *item;
    ngx_http_aime_key_t        *key;
    ngx_http_aime_toml_value_t  value;

    if (ngx_array_init(&ep->keys, toml->cf->pool, 4,
                       sizeof(ngx_http_aime_key_t))
        != NGX_OK)
    {
        toml->failed = 1;
        return;
    }

    if (ngx_http_aime_toml_find(toml, "CLIENTS.authorization_keys", &value)
        == NGX_DECLINED)
    {
        return;
    }

    if (!cJSON_IsObject(value.item)) {
        ngx_http_aime_toml_error(toml, &value,
                                 "must be a table of user = \"key\"");
        return;
    }

    cJSON_ArrayForEach(item, value.item) {
        if (!cJSON_IsString(item) || item->valuestring[0] == '\0') {
            ngx_http_aime_toml_error(toml, &value,
                                     "must be a table of user = \"key\"");
            return;
        }

        key = ngx_array_push(&ep->keys);
        if (key == NULL) {
            toml->failed = 1;
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
ngx_http_aime_load_priorities(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep)
{
    long long                   n;
    ngx_uint_t                  i;
    const cJSON                *item;
    ngx_http_aime_key_t        *key;
    ngx_http_aime_toml_value_t  value;

    ep->priority = NGX_HTTP_AIME_PRIORITY;

    ngx_http_aime_toml_count(toml, "CLIENTS.priority", &ep->priority, 0,
                             NGX_AIME_NPRIORITIES - 1);

    key = ep->keys.elts;

    for (i = 0; i < ep->keys.nelts; i++) {
        key[i].priority = ep->priority;
    }

    if (ngx_http_aime_toml_find(toml, "CLIENTS.priorities", &value)
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

    ngx_http_aime_toml_error(toml, &value,
                             "must be a table of user = 0 to 3");
}


static void
ngx_http_aime_load_limits(ngx_http_aime_toml_t *toml,
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

    ngx_http_aime_toml_count(toml, "ENDPOINT.max_queue_length",
                             &ep->max_queue_length, 0, NGX_MAX_INT32_VALUE);
    ngx_http_aime_toml_count(toml, "ENDPOINT.max_attempts",
                             &ep->max_attempts, 1, NGX_AIME_MAX_ATTEMPTS);
    ngx_http_aime_toml_count(toml, "CLIENTS.client_request_limit "
                             "ENDPOINT.client_request_limit",
                             &ep->client_request_limit, 0,
                             NGX_MAX_INT32_VALUE);

    ngx_http_aime_toml_seconds(toml, "ENDPOINT.max_time_in_queue",
                               &ep->max_time_in_queue);
    ngx_http_aime_toml_seconds(toml, "ENDPOINT.job_inactivity_timeout",
                               &ep->job_inactivity_timeout);
    ngx_http_aime_toml_seconds(toml, "ENDPOINT.result_lifetime "
                               "CLIENTS.result_lifetime",
                               &ep->result_lifetime);

    ngx_http_aime_toml_flag(toml, "ENDPOINT.retry_on_worker_loss", &retry);
    ngx_http_aime_toml_flag(toml, "ENDPOINT.cancel_on_disconnect", &cancel);
    ngx_http_aime_toml_flag(toml, "ENDPOINT.fair_share", &fair);
    ngx_http_aime_toml_flag(toml, "ENDPOINT.enabled", &enabled);

    ep->enabled = enabled;
    ep->fair_share = fair;
    ep->retry = retry;
    ep->cancel_on_disconnect = cancel;
}


static void
ngx_http_aime_load_methods(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep)
{
    cJSON                      *item;
    u_char                     *name;
    ngx_uint_t                  nother;
    ngx_http_aime_toml_value_t  value;

    nother = 0;

    if (ngx_http_aime_toml_find(toml, "ENDPOINT.methods", &value)
        == NGX_DECLINED)
    {
        ep->methods = NGX_HTTP_GET|NGX_HTTP_POST;
        return;
    }

    if (!cJSON_IsArray(value.item)) {
        goto invalid;
    }

    cJSON_ArrayForEach(item, value.item) {
        if (!cJSON_IsString(item)) {
            goto invalid;
        }

        name = (u_char *) item->valuestring;

        if (ngx_strcasecmp(name, (u_char *) "GET") == 0) {
            ep->methods |= NGX_HTTP_GET;

        } else if (ngx_strcasecmp(name, (u_char *) "POST") == 0) {
            ep->methods |= NGX_HTTP_POST;

        } else {
            nother++;
        }
    }

    if (ep->methods) {
        if (nother) {
            ngx_http_aime_toml_notice(toml, &value,
                                      "is ignored but for \"GET\", \"POST\"");
        }

        return;
    }

invalid:

    ngx_http_aime_toml_error(toml, &value,
                             "must be a list of \"GET\", \"POST\"");
}


static void
ngx_http_aime_load_inputs(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep)
{
    size_t              i;
    ngx_int_t           rc;
    aime_desc_error_t   error;

    rc = aime_desc_compile(&toml->pool,
                           ngx_http_aime_toml_table(toml, toml->tree,
                                                    "INPUTS"),
                           &ep->inputs, ngx_http_aime_toml_input_notice, toml,
                           &error);

    if (ep->server) {
        ngx_memcpy(ep->inputs.allowed, ep->server->allowed,
                   sizeof(ep->inputs.allowed));
    }

    for (i = 0; rc == AIME_OK && i < ep->inputs.nparams; i++) {
        ngx_http_aime_load_withheld(toml, &ep->inputs.params[i]);

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

    toml->failed = 1;

    if (rc == AIME_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, toml->cf, 0, "\"%V\":%ui: %s",
                           toml->path, (ngx_uint_t) error.line, error.text);
    }
}


/* A worker would find such a member twice, and take the client's. */

static void
ngx_http_aime_load_withheld(ngx_http_aime_toml_t *toml,
    aime_desc_param_t *param)
{
    if (param->role == AIME_DESC_DECLARED
        && ngx_http_aime_toml_known(param->tree->string,
                                    ngx_http_aime_job_members))
    {
        param->role = AIME_DESC_WITHHELD;
        ngx_http_aime_toml_ignored(toml, "INPUTS", param->tree);
    }
}


static void
ngx_http_aime_load_outputs(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep, const cJSON *parent, ngx_array_t *outputs)
{
    ngx_str_t     name;
    const cJSON  *item, *table;

    if (ngx_array_init(outputs, toml->cf->pool, 8,
                       sizeof(ngx_http_aime_output_t))
        != NGX_OK)
    {
        toml->failed = 1;
        return;
    }

    table = ngx_http_aime_toml_table(toml, parent, "OUTPUTS");

    cJSON_ArrayForEach(item, table) {

        if (ngx_http_aime_reserved_output(ep, item->string, outputs)) {
            ngx_http_aime_toml_ignored(toml, (outputs == &ep->outputs)
                                             ? "OUTPUTS" : "PROGRESS.OUTPUTS",
                                       item);
            continue;
        }

        name.len = ngx_strlen(item->string);
        name.data = (u_char *) item->string;

        ngx_http_aime_load_output(toml, outputs, &name, 0);
    }
}


/* The worker's secret, and what would be in the client's answer twice. */

static ngx_uint_t
ngx_http_aime_reserved_output(ngx_http_aime_endpoint_t *ep, const char *name,
    ngx_array_t *outputs)
{
    if (ngx_strcmp(name, "auth_key") == 0) {
        return 1;
    }

    if (outputs != &ep->outputs) {
        return 0;
    }

    return ngx_http_aime_toml_known(name, ngx_http_aime_result_members)
           || (ep->worker_meta
               && ngx_http_aime_toml_known(name, ngx_http_aime_meta_members));
}


/* The times that workers measure go to clients with a result's others. */

static void
ngx_http_aime_load_times(ngx_http_aime_toml_t *toml, ngx_array_t *outputs)
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

        if (!toml->failed && ngx_http_aime_output(outputs, &name) == NULL) {
            ngx_http_aime_load_output(toml, outputs, &times[i], 1);
        }
    }
}


static void
ngx_http_aime_load_output(ngx_http_aime_toml_t *toml, ngx_array_t *outputs,
    ngx_str_t *name, ngx_uint_t number)
{
    ngx_str_t                quoted;
    ngx_http_aime_output_t  *output;

    output = ngx_array_push(outputs);

    if (output == NULL
        || ngx_http_aime_toml_quote(toml, name, &quoted) != NGX_OK)
    {
        toml->failed = 1;
        return;
    }

    ngx_memzero(output, sizeof(ngx_http_aime_output_t));

    output->name = *name;
    output->number = number;

    output->lead.len = quoted.len + 2;
    output->lead.data = ngx_pnalloc(toml->cf->pool, output->lead.len);

    if (output->lead.data == NULL) {
        toml->failed = 1;
        return;
    }

    (void) ngx_sprintf(output->lead.data, ",%V:", &quoted);
}


static void
ngx_http_aime_load_vars(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep)
{
    const cJSON  *item, *table;

    table = ngx_http_aime_toml_table(toml, toml->tree, "SESSION");
    table = ngx_http_aime_toml_table(toml, table, "VARS");

    if (ngx_array_init(&ep->vars, toml->cf->pool, 4,
                       sizeof(ngx_http_aime_var_t))
        != NGX_OK)
    {
        toml->failed = 1;
        return;
    }

    cJSON_ArrayForEach(item, table) {
        if (ngx_http_aime_load_var(toml, ep, item) != NGX_OK) {
            toml->failed = 1;
            return;
        }
    }
}


static ngx_int_t
ngx_http_aime_load_var(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep, const cJSON *item)
{
    u_char               *p;
    ngx_str_t             text;
    const cJSON          *value;
    ngx_http_aime_var_t  *var;

    if (!cJSON_IsObject(item)
        || ngx_strlen(item->string) > NGX_AIME_NAME_LEN)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, toml->cf, 0,
                           "\"%V\":%ui: SESSION.VARS.%s must be a table, with "
                           "a name of up to 255 bytes", toml->path,
                           (ngx_uint_t) aime_toml_line(item), item->string);
        return NGX_ERROR;
    }

    if (ngx_http_aime_toml_known(item->string, ngx_http_aime_reserved_vars)) {
        ngx_http_aime_toml_ignored(toml, "SESSION.VARS", item);
        return NGX_OK;
    }

    var = ngx_array_push(&ep->vars);
    p = ngx_pnalloc(toml->cf->pool, ep->name.len + 1
                                    + ngx_strlen(item->string));
    if (var == NULL || p == NULL) {
        return NGX_ERROR;
    }

    ngx_str_null(&text);
    value = cJSON_GetObjectItemCaseSensitive(item, "default");

    if (value && ngx_http_aime_toml_print(toml, value, &text) != NGX_OK) {
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
