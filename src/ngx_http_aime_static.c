
/*
 * Files and folders, see ngx_http_aime_static.h.
 *
 * nginx has decoded the URI and taken ".." and "%2f" out of it.  A rewrite may
 * have put such back: no segment with a dot in front is followed, whatever
 * comes after it.  Symbolic links are followed as disable_symlinks says.
 */


#include "ngx_http_aime_static.h"
#include "ngx_http_aime_reply.h"


#define NGX_HTTP_AIME_INDEX         "index.html"


static ngx_uint_t ngx_http_aime_static_refused(
    ngx_http_aime_main_conf_t *amcf, ngx_http_aime_static_t *entry,
    ngx_str_t *rest);
static ngx_int_t ngx_http_aime_static_open(ngx_http_request_t *r,
    ngx_str_t *path, ngx_open_file_info_t *of);
static ngx_uint_t ngx_http_aime_static_is_secret(
    ngx_http_aime_main_conf_t *amcf, ngx_open_file_info_t *of);
static ngx_int_t ngx_http_aime_static_redirect(ngx_http_request_t *r);
static ngx_int_t ngx_http_aime_static_send(ngx_http_request_t *r,
    ngx_str_t *path, ngx_open_file_info_t *of);
static void ngx_http_aime_static_exten(ngx_http_request_t *r,
    ngx_str_t *path);


/*
 * A file has its URI with a slash at its end or without; where that makes two
 * entries equal, the one that is spelled like the request comes first, then a
 * folder.
 */

ngx_http_aime_static_t *
ngx_http_aime_static_find(ngx_http_request_t *r, ngx_int_t claimed)
{
    size_t                     rest, score, best;
    ngx_uint_t                 i;
    ngx_http_aime_static_t    *entry, *found;
    ngx_http_aime_srv_conf_t  *ascf;

    ascf = ngx_http_get_module_srv_conf(r, ngx_http_aime_api_module);

    entry = ascf->statics.elts;
    found = NULL;
    best = 0;

    for (i = 0; i < ascf->statics.nelts; i++) {

        if ((ngx_int_t) entry[i].uri.len <= claimed
            || entry[i].uri.len > r->uri.len
            || ngx_memcmp(entry[i].uri.data, r->uri.data, entry[i].uri.len)
               != 0)
        {
            continue;
        }

        rest = r->uri.len - entry[i].uri.len;

        if ((rest && r->uri.data[entry[i].uri.len] != '/')
            || (rest > 1 && !entry[i].folder))
        {
            continue;
        }

        score = 3 * entry[i].uri.len + 1;

        if (entry[i].folder) {
            score++;

        } else if (rest == entry[i].slash) {
            score += 2;
        }

        if (score > best) {
            best = score;
            found = &entry[i];
        }
    }

    return found;
}


ngx_http_aime_static_t *
ngx_http_aime_static_here(ngx_http_request_t *r)
{
    ngx_int_t                  len;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    len = clcf->name.len;

    if (clcf->named) {
        len = 0;
    }

    /* an "if" of a regex location has the regex for a name, and no more */

    if (clcf->noname
        && (clcf->name.len > r->uri.len
            || ngx_memcmp(clcf->name.data, r->uri.data, clcf->name.len) != 0))
    {
        len = 0;
    }

#if (NGX_PCRE)
    if (clcf->regex) {
        len = 0;
    }
#endif

    /* entries have no slash at their end */

    while (len && clcf->name.data[len - 1] == '/') {
        len--;
    }

    return ngx_http_aime_static_find(r, len - 1);
}


ngx_int_t
ngx_http_aime_static_handler(ngx_http_request_t *r,
    ngx_http_aime_static_t *entry)
{
    u_char                     *p;
    ngx_int_t                   rc;
    ngx_str_t                   rest, path, allow;
    ngx_open_file_info_t        of;
    ngx_http_aime_main_conf_t  *amcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        ngx_str_set(&allow, "GET, HEAD");

        return (ngx_http_aime_reply_header(r, "Allow", &allow) == NGX_OK)
               ? NGX_HTTP_NOT_ALLOWED : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    rest.data = r->uri.data + entry->uri.len;
    rest.len = entry->folder ? r->uri.len - entry->uri.len : 0;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    if (ngx_http_aime_static_refused(amcf, entry, &rest)) {
        return NGX_HTTP_NOT_FOUND;
    }

    path.data = ngx_pnalloc(r->pool, entry->path.len + rest.len
                                     + sizeof(NGX_HTTP_AIME_INDEX));
    if (path.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_cpymem(path.data, entry->path.data, entry->path.len);
    p = ngx_cpymem(p, rest.data, rest.len);

    if (rest.len && p[-1] == '/') {
        p = ngx_cpymem(p, NGX_HTTP_AIME_INDEX,
                       sizeof(NGX_HTTP_AIME_INDEX) - 1);
    }

    *p = '\0';
    path.len = p - path.data;

    rc = ngx_http_aime_static_open(r, &path, &of);

    if (rc != NGX_OK) {
        return rc;
    }

    if (of.is_dir && entry->folder
        && (rest.len == 0 || rest.data[rest.len - 1] != '/'))
    {
        return ngx_http_aime_static_redirect(r);
    }

    /* a folder that is a file was told of at the start */

    if (!of.is_file || (entry->folder && rest.len == 0)) {
        if (!of.is_file && !of.is_dir) {
            ngx_log_error(NGX_LOG_CRIT, r->connection->log, 0,
                          "\"%V\" is not a regular file", &path);
        }

        return NGX_HTTP_NOT_FOUND;
    }

    if (ngx_http_aime_static_is_secret(amcf, &of)) {
        return NGX_HTTP_NOT_FOUND;
    }

    return ngx_http_aime_static_send(r, &path, &of);
}


/* Is there anything in the path below the entry that is never served? */

static ngx_uint_t
ngx_http_aime_static_refused(ngx_http_aime_main_conf_t *amcf,
    ngx_http_aime_static_t *entry, ngx_str_t *rest)
{
    u_char     *p, *start, *end;
    ngx_str_t   name;

    if (!entry->folder) {
        ngx_http_aime_static_name(&entry->path, &name);
        return ngx_http_aime_static_hidden(&amcf->secrets, name.data,
                                           name.len);
    }

    p = rest->data;
    end = rest->data + rest->len;

    if (ngx_strlchr(p, end, '\0')) {
        return 1;
    }

    while (p < end) {
        start = ++p;

        while (p < end && *p != '/') {
            p++;
        }

        if (ngx_http_aime_static_hidden(&amcf->secrets, start, p - start)) {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_aime_static_open(ngx_http_request_t *r, ngx_str_t *path,
    ngx_open_file_info_t *of)
{
    ngx_int_t                  rc;
    ngx_uint_t                 level;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    ngx_memzero(of, sizeof(ngx_open_file_info_t));

    of->read_ahead = clcf->read_ahead;
    of->directio = clcf->directio;
    of->valid = clcf->open_file_cache_valid;
    of->min_uses = clcf->open_file_cache_min_uses;
    of->errors = clcf->open_file_cache_errors;
    of->events = clcf->open_file_cache_events;

    if (ngx_http_set_disable_symlinks(r, clcf, path, of) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_open_cached_file(clcf->open_file_cache, path, of, r->pool)
        == NGX_OK)
    {
        return NGX_OK;
    }

    switch (of->err) {

    case 0:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;

    case NGX_ENOENT:
    case NGX_ENOTDIR:
    case NGX_ENAMETOOLONG:
        level = NGX_LOG_ERR;
        rc = NGX_HTTP_NOT_FOUND;
        break;

    case NGX_EACCES:
#if (NGX_HAVE_OPENAT)
    case NGX_EMLINK:
    case NGX_ELOOP:
#endif
        level = NGX_LOG_ERR;
        rc = NGX_HTTP_FORBIDDEN;
        break;

    default:
        level = NGX_LOG_CRIT;
        rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
        break;
    }

    if (rc != NGX_HTTP_NOT_FOUND || clcf->log_not_found) {
        ngx_log_error(level, r->connection->log, of->err,
                      "%s \"%V\" failed", of->failed, path);
    }

    return rc;
}


/* A link to it, or another name of it. */

static ngx_uint_t
ngx_http_aime_static_is_secret(ngx_http_aime_main_conf_t *amcf,
    ngx_open_file_info_t *of)
{
    ngx_uint_t               i;
    ngx_file_info_t          fi;
    ngx_http_aime_secret_t  *secret;

    secret = amcf->secrets.elts;

    for (i = 0; i < amcf->secrets.nelts; i++) {
        if (secret[i].uniq != of->uniq) {
            continue;
        }

        if (ngx_fd_info(of->fd, &fi) == NGX_FILE_ERROR
            || fi.st_dev == secret[i].device)
        {
            return 1;
        }
    }

    return 0;
}


/* A folder without its slash: links in its page would go astray. */

static ngx_int_t
ngx_http_aime_static_redirect(ngx_http_request_t *r)
{
    u_char     *p;
    size_t      len;
    ngx_str_t   location;

    len = r->uri.len + 2 * ngx_escape_uri(NULL, r->uri.data, r->uri.len,
                                          NGX_ESCAPE_URI)
          + 1 + (r->args.len ? 1 + r->args.len : 0);

    location.data = ngx_pnalloc(r->pool, len);
    if (location.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = (u_char *) ngx_escape_uri(location.data, r->uri.data, r->uri.len,
                                  NGX_ESCAPE_URI);
    *p++ = '/';

    if (r->args.len) {
        *p++ = '?';
        p = ngx_cpymem(p, r->args.data, r->args.len);
    }

    location.len = p - location.data;

    ngx_http_clear_location(r);

    r->headers_out.location = ngx_list_push(&r->headers_out.headers);
    if (r->headers_out.location == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.location->hash = 1;
#if (nginx_version >= 1023000)
    r->headers_out.location->next = NULL;
#endif
    ngx_str_set(&r->headers_out.location->key, "Location");
    r->headers_out.location->value = location;

    return NGX_HTTP_MOVED_PERMANENTLY;
}


static ngx_int_t
ngx_http_aime_static_send(ngx_http_request_t *r, ngx_str_t *path,
    ngx_open_file_info_t *of)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    r->connection->log->action = "sending response to client";

    ngx_http_aime_static_exten(r, path);

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = of->size;
    r->headers_out.last_modified_time = of->mtime;

    if (ngx_http_set_etag(r) != NGX_OK
        || ngx_http_set_content_type(r) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->allow_ranges = 1;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->file = ngx_pcalloc(r->pool, sizeof(ngx_file_t));
    if (b->file == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b->file_pos = 0;
    b->file_last = of->size;

    b->in_file = b->file_last ? 1 : 0;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;
    b->sync = (b->last_buf || b->in_file) ? 0 : 1;

    b->file->fd = of->fd;
    b->file->name = *path;
    b->file->log = r->connection->log;
    b->file->directio = of->is_directio;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


/* The type is that of the file, which its URI need not tell. */

static void
ngx_http_aime_static_exten(ngx_http_request_t *r, ngx_str_t *path)
{
    u_char     *p;
    ngx_str_t   name;

    ngx_str_null(&r->exten);
    ngx_http_aime_static_name(path, &name);

    for (p = name.data + name.len; p > name.data + 1; p--) {
        if (p[-1] == '.') {
            r->exten.data = p;
            r->exten.len = name.data + name.len - p;
            return;
        }
    }
}
