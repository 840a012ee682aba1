/*
 * A request as the routes see it: its body in one piece, its arguments, who
 * sent it.  Floor 3: knows nothing of jobs.
 */

#ifndef NGX_HTTP_AIME_REQUEST_H_INCLUDED
#define NGX_HTTP_AIME_REQUEST_H_INCLUDED


#include "ngx_http_aime_conf.h"
#include "aime_json.h"
#include "aime_input.h"


#define NGX_HTTP_AIME_MAX_ARGS     1024

/* what handlers give for a parked request; no output filter gives that */

#define NGX_HTTP_AIME_PARKED       NGX_BUSY


/* The shape of a route's answers, errors of nginx included. */

typedef enum {
    NGX_HTTP_AIME_SHAPE_CLIENT = 0,     /* success, error: [...] */
    NGX_HTTP_AIME_SHAPE_WORKER,         /* cmd, msg, error_msg */
    NGX_HTTP_AIME_SHAPE_INFO,           /* error: "..." */
    NGX_HTTP_AIME_SHAPE_STREAM,         /* cmd, msg */
    NGX_HTTP_AIME_SHAPE_OPENAI,         /* error: {message, type, ...} */
    NGX_HTTP_AIME_SHAPE_STATUS          /* as info, for the operator alone */
} ngx_http_aime_shape_e;


/* May pages of other origins read what it answers, if aime_api_cors says so? */

#define ngx_http_aime_public(route)                                           \
    ((route)->shape != NGX_HTTP_AIME_SHAPE_WORKER                             \
     && (route)->shape != NGX_HTTP_AIME_SHAPE_STATUS)


typedef struct ngx_http_aime_route_s  ngx_http_aime_route_t;

/*
 * A route's handler gets the request once its body was read.  It answers as a
 * content handler does, or with NGX_HTTP_AIME_PARKED.
 */
typedef ngx_int_t (*ngx_http_aime_handler_pt)(ngx_http_request_t *r);

struct ngx_http_aime_route_s {
    const char                  *name;      /* "" is the endpoint itself */
    ngx_uint_t                   methods;   /* 0: what the endpoint says */
    ngx_uint_t                   shape;     /* ngx_http_aime_shape_e */
    ngx_http_aime_handler_pt     handler;
};


/* What a request has seen of its job.  Unix seconds; 0: not yet. */

typedef struct {
    double                       start;
    double                       taken;
    double                       end;
    unsigned                     state:8;   /* ngx_aime_job_state_e */
    unsigned                     known:1;
} ngx_http_aime_noted_t;


/* Our context of a request, made by the door. */

typedef struct {
    ngx_http_aime_route_t       *route;
    ngx_http_aime_endpoint_t    *endpoint;  /* of the URI; NULL: none */
    ngx_str_t                    name;      /* of the URI, where it has one */
    ngx_uint_t                   methods;   /* allowed: NGX_HTTP_GET, _POST */

    ngx_str_t                    body;
    void                        *copy;      /* made of it, goes with it */

    unsigned                     unknown:1; /* no route: 404 */
    unsigned                     answered:1;    /* the answer is ours */
    unsigned                     complete:1;    /* all of it was given out */
    unsigned                     replaced:1;    /* replacement was sent */
    unsigned                     refused:1; /* for this reason: */
    unsigned                     why:8;     /* ngx_aime_rejected_e */
    unsigned                     failed:1;  /* a result that tells an error */
    ngx_chain_t                 *replacement;   /* for nginx's error page */

    void                        *stream;        /* of /stream_progress */

    void                        *openai;        /* of its routes */
    ngx_str_t                    param;     /* that an error is about */
    const char                  *code;      /* of an error; NULL: by status */

    size_t                       body_room;     /* allocated for the body */
    unsigned                     collects:1;    /* it, as it comes */

    /* for the log variables; empty until known */
    ngx_str_t                    job_id;
    ngx_str_t                    worker;
    ngx_http_aime_noted_t        job;
    void                        *ended;     /* of aime_api_job_log */
} ngx_http_aime_ctx_t;


typedef struct {
    aime_json_member_t          *elts;
    ngx_uint_t                   nelts;
} ngx_http_aime_args_t;


/* Who a client is, after ngx_http_aime_identify(). */

typedef enum {
    NGX_HTTP_AIME_CLIENT_OK = 0,
    NGX_HTTP_AIME_CLIENT_NOBODY,        /* no credentials at all */
    NGX_HTTP_AIME_CLIENT_BAD_KEY,
    NGX_HTTP_AIME_CLIENT_BAD_SESSION,
    NGX_HTTP_AIME_CLIENT_FORBIDDEN      /* known, but not on this endpoint */
} ngx_http_aime_client_e;

typedef struct {
    ngx_uint_t                   verdict;   /* ngx_http_aime_client_e */
    u_char                       owner[NGX_AIME_ID_LEN];
    unsigned                     session:1; /* came with a session only */
} ngx_http_aime_client_t;


/* Memory of the request's pool for floor 0. */
aime_pool_t ngx_http_aime_pool(ngx_http_request_t *r);

/* The value of a header of the request, or NULL. */
ngx_str_t *ngx_http_aime_header_in(ngx_http_request_t *r, const char *name);

/*
 * The arguments of a query, decoded.  NGX_ERROR: no memory; NGX_DECLINED: there
 * are more than NGX_HTTP_AIME_MAX_ARGS, or one of those that say who asks and
 * for which job is given twice; *error then is a text for the client.
 */
ngx_int_t ngx_http_aime_query(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_str_t *error);

/*
 * The members of the body's JSON object as arguments.  NGX_DECLINED: it is
 * none, *error then is a text for the client; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_aime_body_args(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_str_t *error);

/*
 * The members of an object as arguments.  NGX_DECLINED: the text is none, see
 * *mistake; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_aime_members_args(ngx_http_request_t *r, aime_str_t text,
    ngx_http_aime_args_t *args, aime_json_error_t *mistake);

/* What it says of a text that is no JSON object. */
ngx_int_t ngx_http_aime_json_error(ngx_http_request_t *r,
    aime_json_error_t *error, ngx_str_t *text);

/* The argument of that name, or NULL if it is absent or null. */
aime_json_member_t *ngx_http_aime_arg_named(ngx_http_aime_args_t *args,
    const char *name, size_t len);

static ngx_inline aime_json_member_t *
ngx_http_aime_arg(ngx_http_aime_args_t *args, const char *name)
{
    return ngx_http_aime_arg_named(args, name, ngx_strlen(name));
}

/*
 * Its text, decoded; of a value that is no string the value as written.
 * NGX_DECLINED: absent or null; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_aime_arg_text(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, const char *name, ngx_str_t *text);

/*
 * The same for a credential: "", and in a query "null", "undefined" and
 * "None", count as absent; what is no string is given as it is, which no
 * secret equals.
 */
ngx_int_t ngx_http_aime_credential(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, const char *name, ngx_str_t *text);

/*
 * The API key that was sent, as argument key or Authorization: Bearer.
 * NGX_DECLINED: none; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_aime_secret(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_str_t *secret);

/*
 * Who the client is, from key, Authorization: Bearer, or
 * client_session_auth_key, the first that is there (PROTOCOL section 2), and
 * whether it may use the endpoint (NULL: any).  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_aime_identify(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_args_t *args,
    ngx_http_aime_client_t *client);

/*
 * A copy of the request line for the logs in which the values of credentials
 * in the query are masked.
 */
ngx_int_t ngx_http_aime_mask_secrets(ngx_http_request_t *r);


#endif /* NGX_HTTP_AIME_REQUEST_H_INCLUDED */
