/*
 * A TOML file of the configuration: reading it, looking up its values, saying
 * what is wrong with them, and where.  Floor 3: knows no request, and not what
 * the values mean.
 */

#ifndef NGX_HTTP_AIME_TOML_H_INCLUDED
#define NGX_HTTP_AIME_TOML_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <cjson/cJSON.h>

#include "aime_toml.h"


/* what a value must be to be printed */

#define NGX_HTTP_AIME_TOML_ANY       0      /* checked elsewhere */
#define NGX_HTTP_AIME_TOML_STRING    1
#define NGX_HTTP_AIME_TOML_SIMPLE    2      /* neither a list nor a table */


/*
 * A file that is being read, and the one that has the defaults, if there is
 * one.  failed: a mistake was logged, or there was no memory.
 */

typedef struct {
    ngx_conf_t              *cf;
    aime_pool_t              pool;          /* cf->pool */
    ngx_str_t               *path;
    cJSON                   *tree;
    ngx_str_t               *default_path;
    cJSON                   *defaults;
    ngx_uint_t               failed;
} ngx_http_aime_toml_t;


/* A value, and where it stands. */

typedef struct {
    const cJSON             *item;
    ngx_str_t               *path;
    u_char                   name[128];     /* SECTION.key */
} ngx_http_aime_toml_value_t;


/* A section and its keys; lists end with NULL. */

typedef struct {
    const char              *name;
    const char             **keys;          /* NULL: any */
} ngx_http_aime_toml_section_t;


/*
 * Parses the file of a full and terminated path.  The tree lives as long as
 * cf->pool.  NGX_ERROR: it cannot be read, which is logged.
 */
ngx_int_t ngx_http_aime_toml_load(ngx_http_aime_toml_t *toml, ngx_conf_t *cf,
    ngx_str_t *path);

/* Logs what is wrong with a value, or with the first of some names. */
void ngx_http_aime_toml_error(ngx_http_aime_toml_t *toml,
    ngx_http_aime_toml_value_t *value, const char *reason);
void ngx_http_aime_toml_wrong(ngx_http_aime_toml_t *toml, const char *names,
    const char *reason);

/* Logs what does not count of a value. */
void ngx_http_aime_toml_notice(ngx_http_aime_toml_t *toml,
    ngx_http_aime_toml_value_t *value, const char *text);

/* Says that a key counts for nothing; section: the one that it stands in. */
void ngx_http_aime_toml_ignored(ngx_http_aime_toml_t *toml,
    const char *section, const cJSON *item);

/* Names what is not known, once for each section or key. */
void ngx_http_aime_toml_notices(ngx_http_aime_toml_t *toml,
    ngx_http_aime_toml_section_t *sections);

/* 1: the key is in the list, which ends with NULL. */
ngx_uint_t ngx_http_aime_toml_known(const char *key, const char **keys);

/* What aime_desc_compile() calls with what it does not know; ctx: the file. */
void ngx_http_aime_toml_input_notice(void *ctx, const char *param,
    const char *attribute, unsigned int line);

/* NULL: there is none, or it is something else (an error, once). */
const cJSON *ngx_http_aime_toml_table(ngx_http_aime_toml_t *toml,
    const cJSON *parent, const char *name);

/*
 * The value of the first of the names ("SECTION.key", with spaces between)
 * that the file has; else of the first that the other one has a default for.
 * NGX_DECLINED: neither has; the place is that of the section then.
 */
ngx_int_t ngx_http_aime_toml_find(ngx_http_aime_toml_t *toml,
    const char *names, ngx_http_aime_toml_value_t *value);

/*
 * Values that are looked up likewise and must have a type, else an error is
 * logged.  A string must not be empty: NGX_DECLINED is given if there is none,
 * NGX_ERROR if it is wrong, and the string is empty then.  What is behind the
 * others' pointers stays as it is where there is no value.
 */
ngx_int_t ngx_http_aime_toml_string(ngx_http_aime_toml_t *toml,
    const char *names, ngx_str_t *string);
void ngx_http_aime_toml_word(ngx_http_aime_toml_t *toml, const char *names,
    ngx_str_t *word);
void ngx_http_aime_toml_flag(ngx_http_aime_toml_t *toml, const char *names,
    ngx_uint_t *flag);
void ngx_http_aime_toml_count(ngx_http_aime_toml_t *toml, const char *names,
    ngx_uint_t *count, ngx_uint_t min, ngx_uint_t max);
void ngx_http_aime_toml_seconds(ngx_http_aime_toml_t *toml, const char *names,
    ngx_msec_t *msec);

/* The same as JSON text.  NGX_ERROR: no memory. */
ngx_int_t ngx_http_aime_toml_json(ngx_http_aime_toml_t *toml,
    const char *names, ngx_uint_t want, ngx_str_t *text);

/* Any value as JSON text; an absent table is an empty one. */
ngx_int_t ngx_http_aime_toml_print(ngx_http_aime_toml_t *toml,
    const cJSON *item, ngx_str_t *text);

/* A text as a JSON string. */
ngx_int_t ngx_http_aime_toml_quote(ngx_http_aime_toml_t *toml,
    ngx_str_t *text, ngx_str_t *quoted);


#endif /* NGX_HTTP_AIME_TOML_H_INCLUDED */
