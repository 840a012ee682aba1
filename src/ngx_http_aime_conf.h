/*
 * Configuration: what directives have set, and what requests look up in it.
 * Floor 3: knows no request.
 */

#ifndef NGX_HTTP_AIME_CONF_H_INCLUDED
#define NGX_HTTP_AIME_CONF_H_INCLUDED


#include "ngx_http_aime_endpoint.h"
#include "ngx_http_aime_media_conf.h"


#define NGX_HTTP_AIME_VERSION      "0.1.0"

/* bodies that are larger are collected as they come, from such a buffer */

#define NGX_HTTP_AIME_BODY_BUFFER    131072


typedef struct {
    ngx_cycle_t                 *cycle;
    ngx_aime_zone_t             *zone;
    ngx_array_t                  types;     /* ngx_http_aime_type_t * */
    ngx_array_t                  endpoints; /* ngx_http_aime_endpoint_t * */
    ngx_array_t                  servers;   /* ngx_http_aime_server_t * */
    ngx_array_t                  secrets;   /* ngx_http_aime_secret_t */
    ngx_msec_t                   session_timeout;
    ngx_uint_t                   used;      /* some location is ours */
    ngx_uint_t                   job_times; /* some log tells of them */
    void                        *joblog;    /* the log module's; NULL: none */
} ngx_http_aime_main_conf_t;


typedef struct {
    ngx_uint_t                   used;      /* some location is ours */
    ngx_http_aime_server_t      *server;    /* whose entries are in statics */
    ngx_array_t                  statics;   /* ngx_http_aime_static_t */
    ngx_array_t                  routes;    /* ngx_http_aime_loc_conf_t * */
    ngx_array_t                  openai;    /* ngx_str_t, prefixes */
} ngx_http_aime_srv_conf_t;


/* What a location serves. */

typedef enum {
    NGX_HTTP_AIME_SERVES_NOTHING = 0,
    NGX_HTTP_AIME_SERVES_ENDPOINT,
    NGX_HTTP_AIME_SERVES_ENDPOINTS,
    NGX_HTTP_AIME_SERVES_WORKERS,
    NGX_HTTP_AIME_SERVES_INFO,
    NGX_HTTP_AIME_SERVES_STREAM,
    NGX_HTTP_AIME_SERVES_OPENAI,
    NGX_HTTP_AIME_SERVES_STATUS,
    NGX_HTTP_AIME_SERVES_ADMIN
} ngx_http_aime_serves_e;


/* A directive that takes effect at merging: its argument and its place. */

typedef struct {
    ngx_str_t                    path;
    ngx_str_t                    file;
    ngx_uint_t                   line;
} ngx_http_aime_place_t;


typedef struct {
    ngx_http_aime_place_t        server_file;
    ngx_http_aime_server_t      *server;

    ngx_uint_t                   serves;    /* ngx_http_aime_serves_e */
    ngx_str_t                    prefix;    /* of the location, no slash */

    ngx_http_aime_place_t        endpoint_file;
    ngx_http_aime_endpoint_t    *endpoint;

    ngx_http_aime_place_t        endpoints_dir;
    ngx_array_t                 *endpoints; /* ngx_http_aime_endpoint_t * */

    ngx_str_t                    cors;      /* allowed origin, "" is off */
    ngx_msec_t                   stream_keepalive;  /* 0 is off */
    ngx_http_aime_media_conf_t   media;
} ngx_http_aime_loc_conf_t;


extern ngx_module_t  ngx_http_aime_api_module;


/* This process's view of the zone. */

#define ngx_http_aime_zone(r)                                                 \
    (((ngx_http_aime_main_conf_t *)                                           \
          ngx_http_get_module_main_conf(r, ngx_http_aime_api_module))->zone)


/* Look-ups; NULL: none. */
ngx_http_aime_type_t *ngx_http_aime_type_named(
    ngx_http_aime_main_conf_t *amcf, ngx_str_t *name);
ngx_http_aime_type_t *ngx_http_aime_type_of(ngx_http_aime_main_conf_t *amcf,
    ngx_aime_shm_type_t *shm);

/* The jobs that may wait for it, by the most generous of its endpoints. */
ngx_uint_t ngx_http_aime_type_limit(ngx_http_aime_main_conf_t *amcf,
    ngx_aime_shm_type_t *shm);

ngx_http_aime_endpoint_t *ngx_http_aime_endpoint_of(
    ngx_http_aime_main_conf_t *amcf, ngx_aime_shm_endpoint_t *shm);
ngx_http_aime_endpoint_t *ngx_http_aime_endpoint_named(
    ngx_array_t *endpoints, ngx_str_t *name);

/* Whose API key that is, by the first endpoint that knows it; or NULL. */
ngx_str_t *ngx_http_aime_user_of(ngx_http_aime_main_conf_t *amcf,
    const u_char *id);

/* Is this the id of any endpoint's API key? */
ngx_uint_t ngx_http_aime_any_key(ngx_http_aime_main_conf_t *amcf,
    const u_char *id);


#endif /* NGX_HTTP_AIME_CONF_H_INCLUDED */
