
/*
 * [STATIC] and [JINJA] of endpoint and server files: which URIs are files and
 * folders.  Floor 3: knows no request, and no endpoint.
 */

#ifndef NGX_HTTP_AIME_STATIC_CONF_H_INCLUDED
#define NGX_HTTP_AIME_STATIC_CONF_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <cjson/cJSON.h>


typedef struct {
    ngx_str_t                    uri;       /* without a slash at its end */
    ngx_str_t                    path;      /* full and terminated */

    ngx_str_t                    from;      /* the file that names it */
    ngx_uint_t                   line;

    unsigned                     folder:1;
    unsigned                     slash:1;   /* the URI had one at its end */
} ngx_http_aime_static_t;


/* A file that holds secrets, whatever name it is asked for by. */

typedef struct {
    ngx_str_t                    name;      /* without its folder */
    ngx_file_uniq_t              uniq;
    dev_t                        device;
} ngx_http_aime_secret_t;


/*
 * Reads both sections of a parsed file, whose full path is given; statics is
 * initialised here.  A wrong type is logged with file, line and key at the
 * emergency level (NGX_ERROR, also without memory), a file that is missing at
 * the warning level, what is ignored or needs nginx's own way at the notice
 * level.  Memory is cf->pool's.
 */
ngx_int_t ngx_http_aime_static_load(ngx_conf_t *cf, ngx_str_t *from,
    const cJSON *tree, ngx_array_t *statics);

/*
 * Adds entries to those of a server{}, both arrays of ngx_http_aime_static_t.
 * Where two have one URI the first one counts, and a notice tells of it.
 */
ngx_int_t ngx_http_aime_static_add(ngx_conf_t *cf, ngx_array_t *statics,
    ngx_array_t *more);

/* Adds a file to an array of ngx_http_aime_secret_t. */
ngx_int_t ngx_http_aime_static_secret(ngx_array_t *secrets, ngx_str_t *path);

/*
 * May a file of that name (without its folder) never be served?  Those are
 * names with a dot in front, with ".cfg" in them, and those of secrets and of
 * copies of them.
 */
ngx_uint_t ngx_http_aime_static_hidden(ngx_array_t *secrets, u_char *name,
    size_t len);

/* The last part of a path, without a slash. */
void ngx_http_aime_static_name(ngx_str_t *path, ngx_str_t *name);


#endif /* NGX_HTTP_AIME_STATIC_CONF_H_INCLUDED */
