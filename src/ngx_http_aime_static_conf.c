
/*
 * [STATIC] and [JINJA], see ngx_http_aime_static_conf.h.
 *
 * The original compiles Markdown and SCSS, and renders templates, when it
 * starts.  nginx serves files: what was compiled beforehand lies beside its
 * source and is found there, so that the file that names it stays as it is.
 */


#include "ngx_http_aime_static_conf.h"
#include "aime_toml.h"


#define NGX_HTTP_AIME_MAX_TEMPLATE   (1024 * 1024)


/* What "compile" asks for. */

typedef struct {
    const char                  *name;
    const char                  *suffix;    /* of what comes out */
    ngx_uint_t                   plain;     /* of use as it is, too */
} ngx_http_aime_compile_t;


/* The item that is being read. */

typedef struct {
    ngx_conf_t                  *cf;
    ngx_str_t                   *from;
    const char                  *section;
    const cJSON                 *item;
    ngx_array_t                 *statics;
} ngx_http_aime_item_t;


static ngx_int_t ngx_http_aime_static_item(ngx_http_aime_item_t *it);
static ngx_int_t ngx_http_aime_static_template(ngx_http_aime_item_t *it);
static ngx_int_t ngx_http_aime_static_compile(ngx_http_aime_item_t *it,
    ngx_str_t *path);
static ngx_int_t ngx_http_aime_static_beside(ngx_http_aime_item_t *it,
    ngx_str_t *path, const char *suffix, ngx_str_t *beside);
static ngx_int_t ngx_http_aime_static_text(ngx_http_aime_item_t *it,
    const char *name, ngx_str_t *text);
static ngx_int_t ngx_http_aime_static_path(ngx_http_aime_item_t *it,
    ngx_str_t *value, ngx_str_t *path);
static ngx_int_t ngx_http_aime_static_push(ngx_http_aime_item_t *it,
    ngx_str_t *path, ngx_uint_t folder);
static ngx_int_t ngx_http_aime_static_plain(ngx_http_aime_item_t *it,
    ngx_str_t *path);
static ngx_uint_t ngx_http_aime_static_is_file(ngx_str_t *path);
static ngx_uint_t ngx_http_aime_static_ends(ngx_str_t *path,
    const char *suffix);
static ngx_uint_t ngx_http_aime_static_same(ngx_str_t *one, ngx_str_t *two);
static void ngx_http_aime_static_log(ngx_http_aime_item_t *it,
    ngx_uint_t level, ngx_err_t err, const char *fmt, ...);


static ngx_http_aime_compile_t  ngx_http_aime_compiles[] = {
    { "md", ".html", 1 },
    { "scss", ".css", 0 },
    { NULL, NULL, 0 }
};


ngx_int_t
ngx_http_aime_static_load(ngx_conf_t *cf, ngx_str_t *from, const cJSON *tree,
    ngx_array_t *statics)
{
    const cJSON           *table;
    ngx_http_aime_item_t   it;

    if (ngx_array_init(statics, cf->pool, 4, sizeof(ngx_http_aime_static_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    it.cf = cf;
    it.from = from;
    it.section = "STATIC";
    it.statics = statics;

    table = cJSON_GetObjectItemCaseSensitive(tree, "STATIC");

    if (table && !cJSON_IsObject(table)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\":%ui: \"STATIC\" must be a table", from,
                           (ngx_uint_t) aime_toml_line(table));
        return NGX_ERROR;
    }

    cJSON_ArrayForEach(it.item, table) {
        if (ngx_http_aime_static_item(&it) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    it.section = "JINJA";

    table = cJSON_GetObjectItemCaseSensitive(tree, "JINJA");

    if (table && !cJSON_IsObject(table)) {
        ngx_conf_log_error(NGX_LOG_NOTICE, cf, 0,
                           "\"%V\":%ui: [JINJA] is ignored", from,
                           (ngx_uint_t) aime_toml_line(table));
        return NGX_OK;
    }

    cJSON_ArrayForEach(it.item, table) {
        if (ngx_http_aime_static_template(&it) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_static_item(ngx_http_aime_item_t *it)
{
    ngx_int_t     rc;
    ngx_str_t     file, folder, path;
    const cJSON  *item;

    if (!cJSON_IsObject(it->item)) {
        ngx_http_aime_static_log(it, NGX_LOG_EMERG, 0, " must be a table");
        return NGX_ERROR;
    }

    if (ngx_http_aime_static_text(it, "file", &file) != NGX_OK
        || ngx_http_aime_static_text(it, "path", &folder) != NGX_OK)
    {
        return NGX_ERROR;
    }

    cJSON_ArrayForEach(item, it->item) {
        if (ngx_strcmp(item->string, "file") != 0
            && ngx_strcmp(item->string, "compile") != 0
            && (ngx_strcmp(item->string, "path") != 0 || file.len))
        {
            ngx_http_aime_static_log(it, NGX_LOG_NOTICE, 0,
                                     ".%s is ignored", item->string);
        }
    }

    if (it->item->string[0] != '/') {
        ngx_http_aime_static_log(it, NGX_LOG_NOTICE, 0, " is ignored: it does "
                                 "not start with a slash");
        return NGX_OK;
    }

    if (file.len == 0 && folder.len == 0) {
        ngx_http_aime_static_log(it, NGX_LOG_NOTICE, 0, " is ignored: it has "
                                 "neither \"file\" nor \"path\"");
        return NGX_OK;
    }

    if (ngx_http_aime_static_path(it, file.len ? &file : &folder, &path)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (file.len == 0) {
        if (cJSON_GetObjectItemCaseSensitive(it->item, "compile")) {
            ngx_http_aime_static_log(it, NGX_LOG_NOTICE, 0, ".compile is "
                                     "ignored: files of a folder are served "
                                     "as they are");
        }

        return ngx_http_aime_static_push(it, &path, 1);
    }

    rc = ngx_http_aime_static_compile(it, &path);

    return (rc == NGX_OK) ? ngx_http_aime_static_push(it, &path, 0)
                          : (rc == NGX_DECLINED) ? NGX_OK : rc;
}


/* What its tables have is not settled: nothing in them is an error. */

static ngx_int_t
ngx_http_aime_static_template(ngx_http_aime_item_t *it)
{
    ngx_str_t     file, path;
    const cJSON  *item;

    item = cJSON_GetObjectItemCaseSensitive(it->item, "file");

    if (item == NULL) {
        item = cJSON_GetObjectItemCaseSensitive(it->item, "template");
    }

    if (!cJSON_IsString(item) || item->valuestring[0] == '\0'
        || it->item->string[0] != '/')
    {
        ngx_http_aime_static_log(it, NGX_LOG_NOTICE, 0, " is ignored: nginx "
                                 "renders no templates");
        return NGX_OK;
    }

    file.data = (u_char *) item->valuestring;
    file.len = ngx_strlen(file.data);

    if (ngx_http_aime_static_path(it, &file, &path) != NGX_OK) {
        return NGX_ERROR;
    }

    switch (ngx_http_aime_static_plain(it, &path)) {

    case NGX_OK:
        ngx_http_aime_static_log(it, NGX_LOG_NOTICE, 0, ": nginx renders no "
                                 "templates: \"%V\" is served as it is",
                                 &path);
        return ngx_http_aime_static_push(it, &path, 0);

    case NGX_DECLINED:
        ngx_http_aime_static_log(it, NGX_LOG_NOTICE, 0, " is not served: "
                                 "nginx renders no templates, render \"%V\" "
                                 "beforehand and name the result in "
                                 "[STATIC], or use \"proxy_pass\"", &path);
        return NGX_OK;

    default:
        return NGX_ERROR;
    }
}


/* NGX_DECLINED: there is nothing to serve. */

static ngx_int_t
ngx_http_aime_static_compile(ngx_http_aime_item_t *it, ngx_str_t *path)
{
    ngx_str_t                 name, beside, last;
    ngx_http_aime_compile_t  *compile;

    if (ngx_http_aime_static_text(it, "compile", &name) != NGX_OK) {
        return NGX_ERROR;
    }

    if (name.len == 0) {
        return NGX_OK;
    }

    for (compile = ngx_http_aime_compiles; compile->name; compile++) {
        if (ngx_strcmp(compile->name, name.data) == 0) {
            break;
        }
    }

    if (compile->name == NULL) {
        ngx_http_aime_static_log(it, NGX_LOG_NOTICE, 0, ".compile is ignored: "
                                 "\"%V\" is not known", &name);
        return NGX_OK;
    }

    if (ngx_http_aime_static_ends(path, compile->suffix)) {
        ngx_http_aime_static_log(it, NGX_LOG_NOTICE, 0, ".compile is ignored: "
                                 "\"%V\" is compiled", path);
        return NGX_OK;
    }

    if (ngx_http_aime_static_beside(it, path, compile->suffix, &beside)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_aime_static_name(&beside, &last);

    if (ngx_http_aime_static_is_file(&beside)) {
        ngx_http_aime_static_log(it, NGX_LOG_NOTICE, 0, ": nginx does not "
                                 "compile \"%V\", served is \"%V\" beside it",
                                 path, &last);
        *path = beside;
        return NGX_OK;
    }

    ngx_http_aime_static_log(it, NGX_LOG_NOTICE, 0, "%s: nginx does not "
                             "compile \"%V\"%s: compile it to \"%V\" beside "
                             "it and reload",
                             compile->plain ? "" : " is not served", path,
                             compile->plain ? ", it is served as it is" : "",
                             &last);

    return compile->plain ? NGX_OK : NGX_DECLINED;
}


/* The same path with another suffix. */

static ngx_int_t
ngx_http_aime_static_beside(ngx_http_aime_item_t *it, ngx_str_t *path,
    const char *suffix, ngx_str_t *beside)
{
    size_t     len;
    u_char    *p;
    ngx_str_t  name;

    ngx_http_aime_static_name(path, &name);

    len = path->len;

    for (p = name.data + name.len; p > name.data; /* void */ ) {
        if (*--p == '.') {
            len = p - path->data;
            break;
        }
    }

    beside->len = len + ngx_strlen(suffix);
    beside->data = ngx_pnalloc(it->cf->pool, beside->len + 1);

    if (beside->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(beside->data, path->data, len);
    (void) ngx_cpystrn(p, (u_char *) suffix, beside->len + 1 - len);

    return NGX_OK;
}


/* An absent one has no length. */

static ngx_int_t
ngx_http_aime_static_text(ngx_http_aime_item_t *it, const char *name,
    ngx_str_t *text)
{
    const cJSON  *item;

    ngx_str_null(text);

    item = cJSON_GetObjectItemCaseSensitive(it->item, name);

    if (item == NULL) {
        return NGX_OK;
    }

    if (!cJSON_IsString(item) || item->valuestring[0] == '\0') {
        ngx_http_aime_static_log(it, NGX_LOG_EMERG, 0,
                                 ".%s must be a string that is not empty",
                                 name);
        return NGX_ERROR;
    }

    text->data = (u_char *) item->valuestring;
    text->len = ngx_strlen(text->data);

    return NGX_OK;
}


/* Relative to the folder of the file that names it. */

static ngx_int_t
ngx_http_aime_static_path(ngx_http_aime_item_t *it, ngx_str_t *value,
    ngx_str_t *path)
{
    u_char     *p;
    ngx_str_t   name;

    ngx_http_aime_static_name(it->from, &name);

    path->len = (value->data[0] == '/') ? 0 : name.data - it->from->data;
    path->data = ngx_pnalloc(it->cf->pool, path->len + value->len + 1);

    if (path->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(path->data, it->from->data, path->len);
    (void) ngx_cpystrn(p, value->data, value->len + 1);

    path->len += value->len;

    while (path->len > 1 && path->data[path->len - 1] == '/') {
        path->data[--path->len] = '\0';
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_static_push(ngx_http_aime_item_t *it, ngx_str_t *path,
    ngx_uint_t folder)
{
    ngx_str_t                name;
    ngx_file_info_t          fi;
    ngx_http_aime_static_t  *entry;

    ngx_http_aime_static_name(path, &name);

    if (!folder && ngx_http_aime_static_hidden(NULL, name.data, name.len)) {
        ngx_http_aime_static_log(it, NGX_LOG_WARN, 0, " is not served: no "
                                 "file is whose name has a dot in front or "
                                 "\".cfg\" in it");
        return NGX_OK;
    }

    /* it may come later */

    if (ngx_file_info(path->data, &fi) == NGX_FILE_ERROR) {
        ngx_http_aime_static_log(it, NGX_LOG_WARN, ngx_errno,
                                 ": cannot find %s \"%V\"",
                                 folder ? "folder" : "file", path);

    } else if (folder ? !ngx_is_dir(&fi) : !ngx_is_file(&fi)) {
        ngx_http_aime_static_log(it, NGX_LOG_WARN, 0, ": \"%V\" is no %s",
                                 path, folder ? "folder" : "file");
    }

    entry = ngx_array_push(it->statics);
    if (entry == NULL) {
        return NGX_ERROR;
    }

    entry->uri.data = (u_char *) it->item->string;
    entry->uri.len = ngx_strlen(it->item->string);
    entry->path = *path;
    entry->from = *it->from;
    entry->line = aime_toml_line(it->item);
    entry->folder = folder;
    entry->slash = 0;

    while (entry->uri.len
           && entry->uri.data[entry->uri.len - 1] == '/')
    {
        entry->uri.len--;
        entry->slash = 1;
    }

    return NGX_OK;
}


/*
 * Does the file hold nothing that a template engine would replace?  What is
 * not to be read is taken as such: it is told as missing, then.
 */

static ngx_int_t
ngx_http_aime_static_plain(ngx_http_aime_item_t *it, ngx_str_t *path)
{
    size_t      i;
    u_char     *text;
    ssize_t     n;
    ngx_int_t   rc;
    ngx_file_t  file;

    ngx_memzero(&file, sizeof(ngx_file_t));

    file.name = *path;
    file.log = it->cf->log;

    if (!ngx_http_aime_static_is_file(path)) {
        return NGX_OK;
    }

    file.fd = ngx_open_file(path->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (file.fd == NGX_INVALID_FILE) {
        return NGX_OK;
    }

    rc = NGX_ERROR;
    text = ngx_alloc(NGX_HTTP_AIME_MAX_TEMPLATE, it->cf->log);

    if (text == NULL) {
        goto done;
    }

    n = ngx_read_file(&file, text, NGX_HTTP_AIME_MAX_TEMPLATE, 0);

    /* one that is not looked at to its end may be a template */

    rc = (n < 0 || n == NGX_HTTP_AIME_MAX_TEMPLATE) ? NGX_DECLINED : NGX_OK;

    for (i = 0; n > 0 && i + 1 < (size_t) n; i++) {
        if (text[i] == '{'
            && (text[i + 1] == '{' || text[i + 1] == '%'
                || text[i + 1] == '#'))
        {
            rc = NGX_DECLINED;
            break;
        }
    }

    ngx_free(text);

done:

    if (ngx_close_file(file.fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, it->cf->log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", path);
    }

    return rc;
}


static ngx_uint_t
ngx_http_aime_static_is_file(ngx_str_t *path)
{
    ngx_file_info_t  fi;

    return ngx_file_info(path->data, &fi) != NGX_FILE_ERROR
           && ngx_is_file(&fi);
}


static ngx_uint_t
ngx_http_aime_static_ends(ngx_str_t *path, const char *suffix)
{
    size_t  len;

    len = ngx_strlen(suffix);

    return path->len > len
           && ngx_strncasecmp(path->data + path->len - len,
                              (u_char *) suffix, len)
              == 0;
}


/* The text follows the item's place and name. */

static void
ngx_http_aime_static_log(ngx_http_aime_item_t *it, ngx_uint_t level,
    ngx_err_t err, const char *fmt, ...)
{
    u_char   text[NGX_MAX_CONF_ERRSTR], *p;
    va_list  args;

    va_start(args, fmt);
    p = ngx_vslprintf(text, text + NGX_MAX_CONF_ERRSTR, fmt, args);
    va_end(args);

    ngx_conf_log_error(level, it->cf, err, "\"%V\":%ui: %s.\"%s\"%*s",
                       it->from, (ngx_uint_t) aime_toml_line(it->item),
                       it->section, it->item->string,
                       (size_t) (p - text), text);
}


ngx_int_t
ngx_http_aime_static_add(ngx_conf_t *cf, ngx_array_t *statics,
    ngx_array_t *more)
{
    ngx_uint_t               i, n;
    ngx_http_aime_static_t  *entry, *old, *copy;

    entry = more->elts;

    for (i = 0; i < more->nelts; i++) {
        old = statics->elts;

        for (n = 0; n < statics->nelts; n++) {
            if (old[n].uri.len == entry[i].uri.len
                && ngx_memcmp(old[n].uri.data, entry[i].uri.data,
                              entry[i].uri.len)
                   == 0
                && old[n].folder == entry[i].folder
                && (old[n].folder || old[n].slash == entry[i].slash))
            {
                break;
            }
        }

        if (n == statics->nelts) {
            copy = ngx_array_push(statics);
            if (copy == NULL) {
                return NGX_ERROR;
            }

            *copy = entry[i];
            continue;
        }

        if (!ngx_http_aime_static_same(&old[n].path, &entry[i].path)) {
            ngx_conf_log_error(NGX_LOG_NOTICE, cf, 0,
                               "\"%V\":%ui: STATIC.\"%V%s\" is not served, "
                               "that of \"%V\":%ui is", &entry[i].from,
                               entry[i].line, &entry[i].uri,
                               entry[i].slash ? "/" : "", &old[n].from,
                               old[n].line);
        }
    }

    return NGX_OK;
}


/* "a/../b" and "b" are the same, if they exist. */

static ngx_uint_t
ngx_http_aime_static_same(ngx_str_t *one, ngx_str_t *two)
{
    ngx_file_info_t  first, second;

    if (one->len == two->len && ngx_strcmp(one->data, two->data) == 0) {
        return 1;
    }

    return ngx_file_info(one->data, &first) != NGX_FILE_ERROR
           && ngx_file_info(two->data, &second) != NGX_FILE_ERROR
           && ngx_file_uniq(&first) == ngx_file_uniq(&second)
           && first.st_dev == second.st_dev;
}


ngx_int_t
ngx_http_aime_static_secret(ngx_array_t *secrets, ngx_str_t *path)
{
    ngx_file_info_t          fi;
    ngx_http_aime_secret_t  *secret;

    secret = ngx_array_push(secrets);
    if (secret == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(secret, sizeof(ngx_http_aime_secret_t));
    ngx_http_aime_static_name(path, &secret->name);

    if (ngx_file_info(path->data, &fi) != NGX_FILE_ERROR) {
        secret->uniq = ngx_file_uniq(&fi);
        secret->device = fi.st_dev;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_http_aime_static_hidden(ngx_array_t *secrets, u_char *name, size_t len)
{
    size_t                   n;
    ngx_uint_t               i;
    ngx_http_aime_secret_t  *secret;

    if (len && name[0] == '.') {
        return 1;
    }

    /* "x.cfg~" and "x.cfg.bak" as well */

    for (i = 0; i + 4 <= len; i++) {
        if (ngx_strncasecmp(name + i, (u_char *) ".cfg", 4) == 0) {
            return 1;
        }
    }

    if (secrets == NULL) {
        return 0;
    }

    secret = secrets->elts;

    for (i = 0; i < secrets->nelts; i++) {
        n = secret[i].name.len;

        if (n > len || ngx_strncasecmp(secret[i].name.data, name, n) != 0) {
            continue;
        }

        /* "x.toml~" and "x.toml.bak", but not "x.html" because of an "x" */

        if (n == len || memchr(secret[i].name.data, '.', n)) {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_aime_static_name(ngx_str_t *path, ngx_str_t *name)
{
    name->data = path->data + path->len;

    while (name->data > path->data && name->data[-1] != '/') {
        name->data--;
    }

    name->len = path->data + path->len - name->data;
}
