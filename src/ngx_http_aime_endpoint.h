/*
 * Endpoints, as requests need them: what their files say.  Floor 3: knows
 * neither requests nor live jobs.
 */

#ifndef NGX_HTTP_AIME_ENDPOINT_H_INCLUDED
#define NGX_HTTP_AIME_ENDPOINT_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "aime_desc.h"
#include "ngx_aime_shm_zone.h"
#include "ngx_http_aime_server.h"


/* A job type: the part of it that comes from [WORKER]. */

typedef struct {
    ngx_str_t                    name;
    ngx_str_t                    path;          /* of the file that had it */
    u_char                       key[NGX_AIME_ID_LEN];
    ngx_msec_t                   request_timeout;
    ngx_msec_t                   max_batch_delay;
    ngx_aime_shm_type_t         *shm;
} ngx_http_aime_type_t;


/*
 * An API key is known by its id, which is what is compared, stored with jobs
 * and sessions, and of no use to who reads it.
 */

typedef struct {
    ngx_str_t                    user;
    ngx_uint_t                   priority;      /* of its jobs at most */
    u_char                       id[NGX_AIME_ID_LEN];
} ngx_http_aime_key_t;


/* A session variable. */

typedef struct {
    aime_str_t                   name;
    aime_str_t                   key;           /* "<endpoint>/<name>" */
    aime_str_t                   value;         /* JSON text; len 0: none */
} ngx_http_aime_var_t;


/* A member of a worker's report that clients get. */

typedef struct {
    ngx_str_t                    name;
    ngx_str_t                    lead;          /* ,"name": */
    unsigned                     number:1;      /* only as a number */
    unsigned                     grows:1;       /* reports add to it */
} ngx_http_aime_output_t;


typedef struct {
    ngx_str_t                    name;
    ngx_str_t                    path;
    ngx_http_aime_server_t      *server;
    ngx_http_aime_type_t        *type;
    ngx_aime_shm_endpoint_t     *shm;
    ngx_aime_shm_queue_t        *queue;

    ngx_uint_t                   methods;       /* NGX_HTTP_GET, _POST */
    ngx_array_t                  keys;          /* ngx_http_aime_key_t */

    aime_desc_t                  inputs;
    ngx_array_t                  outputs;       /* ngx_http_aime_output_t */
    ngx_array_t                  progress_outputs;
    ngx_array_t                  vars;          /* ngx_http_aime_var_t */
    ngx_array_t                  statics;       /* ngx_http_aime_static_t */

    ngx_uint_t                   max_queue_length;
    ngx_uint_t                   client_request_limit;
    ngx_uint_t                   max_attempts;
    ngx_uint_t                   priority;      /* of who has no other */
    ngx_msec_t                   max_time_in_queue;
    ngx_msec_t                   job_inactivity_timeout;
    ngx_msec_t                   result_lifetime;

    /* JSON texts */
    ngx_str_t                    version;
    ngx_str_t                    quoted;        /* its name */
    ngx_str_t                    descriptions;  /* members of a job reply */
    ngx_str_t                    details;       /* members of the details */
    ngx_str_t                    category;
    ngx_str_t                    parameters;    /* parameter_description */

    unsigned                     enabled:1;     /* takes new jobs */
    unsigned                     open:1;        /* anyone may log in */
    unsigned                     check_user:1;  /* and must own the key */
    unsigned                     worker_meta:1;
    unsigned                     retry:1;
    unsigned                     fair_share:1;
    unsigned                     cancel_on_disconnect:1;
    unsigned                     grows:1;       /* some progress output does */
} ngx_http_aime_endpoint_t;


/* The output of that name among an endpoint's, or NULL. */
ngx_http_aime_output_t *ngx_http_aime_output(ngx_array_t *outputs,
    aime_str_t *name);

/* The key of that id among an endpoint's, or NULL. */
ngx_http_aime_key_t *ngx_http_aime_endpoint_key(
    ngx_http_aime_endpoint_t *endpoint, const u_char *id);


#endif /* NGX_HTTP_AIME_ENDPOINT_H_INCLUDED */
