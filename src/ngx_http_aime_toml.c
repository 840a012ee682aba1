
/* Files of the configuration, see ngx_http_aime_toml.h. */


#include "ngx_http_aime_toml.h"
#include "aime_json_text.h"


#define NGX_HTTP_AIME_MAX_FILE       (4 * 1024 * 1024)

/* jobs keep their times as 32 bits of milliseconds */

#define NGX_HTTP_AIME_MAX_SECONDS    (49 * 24 * 3600)


static ngx_int_t ngx_http_aime_toml_read(ngx_conf_t *cf, ngx_str_t *path,
    ngx_str_t *text);
static void ngx_http_aime_toml_free(void *data);
static const cJSON *ngx_http_aime_toml_default(ngx_http_aime_toml_t *toml,
    ngx_http_aime_toml_value_t *value);
static const cJSON *ngx_http_aime_toml_section(ngx_http_aime_toml_t *toml,
    u_char *name, const char **key);
static const char *ngx_http_aime_toml_next_name(const char *names,
    u_char *name);
static ngx_uint_t ngx_http_aime_toml_line(const cJSON *item);
static void *ngx_http_aime_toml_alloc(void *ctx, size_t size);


ngx_int_t
ngx_http_aime_toml_load(ngx_http_aime_toml_t *toml, ngx_conf_t *cf,
    ngx_str_t *path)
{
    ngx_str_t            text;
    aime_toml_error_t    error;
    ngx_pool_cleanup_t  *cln;

    ngx_memzero(toml, sizeof(ngx_http_aime_toml_t));

    toml->cf = cf;
    toml->path = path;
    toml->pool.alloc = ngx_http_aime_toml_alloc;
    toml->pool.ctx = cf->pool;

    if (ngx_http_aime_toml_read(cf, path, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    toml->tree = aime_toml_parse((char *) text.data, text.len, &error);

    if (toml->tree == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\":%ui: %s at column %ui",
                           path, (ngx_uint_t) error.line, error.text,
                           (ngx_uint_t) error.column);
        return NGX_ERROR;
    }

    cln->handler = ngx_http_aime_toml_free;
    cln->data = toml->tree;

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_toml_read(ngx_conf_t *cf, ngx_str_t *path, ngx_str_t *text)
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
ngx_http_aime_toml_free(void *data)
{
    cJSON_Delete(data);
}


void
ngx_http_aime_toml_error(ngx_http_aime_toml_t *toml,
    ngx_http_aime_toml_value_t *value, const char *reason)
{
    toml->failed = 1;

    ngx_conf_log_error(NGX_LOG_EMERG, toml->cf, 0, "\"%V\":%ui: %s %s",
                       value->path, ngx_http_aime_toml_line(value->item),
                       value->name, reason);
}


void
ngx_http_aime_toml_wrong(ngx_http_aime_toml_t *toml, const char *names,
    const char *reason)
{
    ngx_http_aime_toml_value_t  value;

    (void) ngx_http_aime_toml_find(toml, names, &value);

    ngx_http_aime_toml_error(toml, &value, reason);
}


void
ngx_http_aime_toml_notice(ngx_http_aime_toml_t *toml,
    ngx_http_aime_toml_value_t *value, const char *text)
{
    ngx_conf_log_error(NGX_LOG_NOTICE, toml->cf, 0, "\"%V\":%ui: %s %s",
                       value->path, ngx_http_aime_toml_line(value->item),
                       value->name, text);
}


void
ngx_http_aime_toml_ignored(ngx_http_aime_toml_t *toml, const char *section,
    const cJSON *item)
{
    ngx_conf_log_error(NGX_LOG_NOTICE, toml->cf, 0,
                       "\"%V\":%ui: %s.%s is ignored", toml->path,
                       (ngx_uint_t) aime_toml_line(item), section,
                       item->string);
}


void
ngx_http_aime_toml_notices(ngx_http_aime_toml_t *toml,
    ngx_http_aime_toml_section_t *sections)
{
    cJSON                         *section, *item;
    ngx_http_aime_toml_section_t  *known;

    cJSON_ArrayForEach(section, toml->tree) {

        for (known = sections; known->name; known++) {
            if (ngx_strcmp(known->name, section->string) == 0) {
                break;
            }
        }

        if (known->name == NULL) {
            ngx_conf_log_error(NGX_LOG_NOTICE, toml->cf, 0,
                               "\"%V\":%ui: [%s] is ignored", toml->path,
                               (ngx_uint_t) aime_toml_line(section),
                               section->string);
            continue;
        }

        if (known->keys == NULL) {
            continue;
        }

        cJSON_ArrayForEach(item, section) {
            if (!ngx_http_aime_toml_known(item->string, known->keys)) {
                ngx_http_aime_toml_ignored(toml, section->string, item);
            }
        }
    }
}


ngx_uint_t
ngx_http_aime_toml_known(const char *key, const char **keys)
{
    for ( /* void */ ; *keys; keys++) {
        if (ngx_strcmp(key, *keys) == 0) {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_aime_toml_input_notice(void *ctx, const char *param,
    const char *attribute, unsigned int line)
{
    ngx_http_aime_toml_t  *toml = ctx;

    ngx_conf_log_error(NGX_LOG_NOTICE, toml->cf, 0,
                       "\"%V\":%ui: INPUTS.%s.%s is ignored", toml->path,
                       (ngx_uint_t) line, param, attribute);
}


const cJSON *
ngx_http_aime_toml_table(ngx_http_aime_toml_t *toml, const cJSON *parent,
    const char *name)
{
    const cJSON  *table;

    table = cJSON_GetObjectItemCaseSensitive(parent, name);

    if (table == NULL || cJSON_IsObject(table)) {
        return table;
    }

    if (!toml->failed) {
        ngx_conf_log_error(NGX_LOG_EMERG, toml->cf, 0,
                           "\"%V\":%ui: \"%s\" must be a table", toml->path,
                           (ngx_uint_t) aime_toml_line(table), name);
        toml->failed = 1;
    }

    return NULL;
}


ngx_int_t
ngx_http_aime_toml_find(ngx_http_aime_toml_t *toml, const char *names,
    ngx_http_aime_toml_value_t *value)
{
    const char   *next, *key;
    const cJSON  *table;

    value->path = toml->path;

    for (next = names; *next; /* void */ ) {
        next = ngx_http_aime_toml_next_name(next, value->name);
        table = ngx_http_aime_toml_section(toml, value->name, &key);
        value->item = cJSON_GetObjectItemCaseSensitive(table, key);

        if (value->item) {
            return NGX_OK;
        }
    }

    for (next = names; *next && toml->defaults; /* void */ ) {
        next = ngx_http_aime_toml_next_name(next, value->name);
        value->item = ngx_http_aime_toml_default(toml, value);

        if (value->item) {
            value->path = toml->default_path;
            return NGX_OK;
        }
    }

    (void) ngx_http_aime_toml_next_name(names, value->name);
    value->item = ngx_http_aime_toml_section(toml, value->name, &key);

    return NGX_DECLINED;
}


/* The section of a name, and the key in it. */

static const cJSON *
ngx_http_aime_toml_section(ngx_http_aime_toml_t *toml, u_char *name,
    const char **key)
{
    u_char       *dot;
    const cJSON  *table;

    dot = (u_char *) ngx_strchr(name, '.');

    *dot = '\0';
    table = ngx_http_aime_toml_table(toml, toml->tree, (char *) name);
    *dot = '.';

    *key = (char *) dot + 1;

    return table;
}


/* The name becomes that of the default. */

static const cJSON *
ngx_http_aime_toml_default(ngx_http_aime_toml_t *toml,
    ngx_http_aime_toml_value_t *value)
{
    u_char        key[64];
    const char   *section;
    const cJSON  *table, *item;

    section = (value->name[0] == 'C') ? "CLIENTS"
              : (value->name[0] == 'W') ? "WORKERS" : "ENDPOINTS";

    (void) ngx_snprintf(key, sizeof(key), "default_%s%Z",
                        ngx_strchr(value->name, '.') + 1);

    table = cJSON_GetObjectItemCaseSensitive(toml->defaults, section);
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
ngx_http_aime_toml_next_name(const char *names, u_char *name)
{
    while (*names && *names != ' ') {
        *name++ = *names++;
    }

    *name = '\0';

    return (*names == ' ') ? names + 1 : names;
}


/* What is missing altogether is missed from the start of the file. */

static ngx_uint_t
ngx_http_aime_toml_line(const cJSON *item)
{
    return item ? ngx_max(aime_toml_line(item), 1) : 1;
}


ngx_int_t
ngx_http_aime_toml_string(ngx_http_aime_toml_t *toml, const char *names,
    ngx_str_t *string)
{
    ngx_http_aime_toml_value_t  value;

    ngx_str_null(string);

    if (ngx_http_aime_toml_find(toml, names, &value) == NGX_DECLINED) {
        return NGX_DECLINED;
    }

    if (!cJSON_IsString(value.item) || value.item->valuestring[0] == '\0') {
        ngx_http_aime_toml_error(toml, &value, "must be a string that is "
                                 "not empty");
        return NGX_ERROR;
    }

    string->data = (u_char *) value.item->valuestring;
    string->len = ngx_strlen(string->data);

    return NGX_OK;
}


void
ngx_http_aime_toml_word(ngx_http_aime_toml_t *toml, const char *names,
    ngx_str_t *word)
{
    ngx_http_aime_toml_value_t  value;

    if (ngx_http_aime_toml_find(toml, names, &value) == NGX_DECLINED) {
        return;
    }

    if (!cJSON_IsString(value.item)) {
        ngx_http_aime_toml_error(toml, &value, "must be a string");
        return;
    }

    word->data = (u_char *) value.item->valuestring;
    word->len = ngx_strlen(word->data);
}


void
ngx_http_aime_toml_flag(ngx_http_aime_toml_t *toml, const char *names,
    ngx_uint_t *flag)
{
    ngx_http_aime_toml_value_t  value;

    if (ngx_http_aime_toml_find(toml, names, &value) == NGX_DECLINED) {
        return;
    }

    if (!cJSON_IsBool(value.item)) {
        ngx_http_aime_toml_error(toml, &value, "must be true or false");
        return;
    }

    *flag = cJSON_IsTrue(value.item);
}


void
ngx_http_aime_toml_count(ngx_http_aime_toml_t *toml, const char *names,
    ngx_uint_t *count, ngx_uint_t min, ngx_uint_t max)
{
    long long                   n;
    ngx_http_aime_toml_value_t  value;

    if (ngx_http_aime_toml_find(toml, names, &value) == NGX_DECLINED) {
        return;
    }

    if (aime_toml_integer(value.item, &n) != AIME_TOML_OK) {
        ngx_http_aime_toml_error(toml, &value, "must be an integer");
        return;
    }

    if (n < (long long) min || n > (long long) max) {
        ngx_http_aime_toml_error(toml, &value, "is out of range");
        return;
    }

    *count = n;
}


void
ngx_http_aime_toml_seconds(ngx_http_aime_toml_t *toml, const char *names,
    ngx_msec_t *msec)
{
    double                      n;
    ngx_http_aime_toml_value_t  value;

    if (ngx_http_aime_toml_find(toml, names, &value) == NGX_DECLINED) {
        return;
    }

    if (aime_toml_double(value.item, &n) != AIME_TOML_OK) {
        ngx_http_aime_toml_error(toml, &value,
                                 "must be a number of seconds");
        return;
    }

    if (!(n >= 0)) {
        ngx_http_aime_toml_error(toml, &value, "must not be negative");
        return;
    }

    *msec = (ngx_msec_t) (ngx_min(n, NGX_HTTP_AIME_MAX_SECONDS) * 1000);
    *msec = ngx_max(*msec, 1);
}


ngx_int_t
ngx_http_aime_toml_json(ngx_http_aime_toml_t *toml, const char *names,
    ngx_uint_t want, ngx_str_t *text)
{
    ngx_http_aime_toml_value_t  value;

    if (ngx_http_aime_toml_find(toml, names, &value) == NGX_DECLINED) {
        return NGX_OK;
    }

    if (want == NGX_HTTP_AIME_TOML_STRING && !cJSON_IsString(value.item)) {
        ngx_http_aime_toml_error(toml, &value, "must be a string");
        return NGX_OK;
    }

    if (want == NGX_HTTP_AIME_TOML_SIMPLE
        && (cJSON_IsObject(value.item) || cJSON_IsArray(value.item)))
    {
        ngx_http_aime_toml_error(toml, &value,
                                 "must be a number or a string");
        return NGX_OK;
    }

    return ngx_http_aime_toml_print(toml, value.item, text);
}


ngx_int_t
ngx_http_aime_toml_print(ngx_http_aime_toml_t *toml, const cJSON *item,
    ngx_str_t *text)
{
    aime_str_t  json;

    if (item == NULL) {
        ngx_str_set(text, "{}");
        return NGX_OK;
    }

    if (aime_toml_print(&toml->pool, item, &json) != AIME_OK) {
        return NGX_ERROR;
    }

    text->data = (u_char *) json.data;
    text->len = json.len;

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_toml_quote(ngx_http_aime_toml_t *toml, ngx_str_t *text,
    ngx_str_t *quoted)
{
    aime_str_t  plain, string;

    plain.data = text->data;
    plain.len = text->len;

    if (aime_json_quoted(&toml->pool, plain, &string) != AIME_OK) {
        return NGX_ERROR;
    }

    quoted->data = (u_char *) string.data;
    quoted->len = string.len;

    return NGX_OK;
}


static void *
ngx_http_aime_toml_alloc(void *ctx, size_t size)
{
    return ngx_palloc(ctx, size);
}
