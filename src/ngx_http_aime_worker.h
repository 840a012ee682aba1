/*
 * Who a GPU worker is: what the worker routes share, PROTOCOL section 3.
 * Floor 3: knows no route.
 */

#ifndef NGX_HTTP_AIME_WORKER_H_INCLUDED
#define NGX_HTTP_AIME_WORKER_H_INCLUDED


#include "ngx_http_aime_request.h"
#include "ngx_http_aime_error.h"
#include "ngx_aime_worker.h"


#define NGX_HTTP_AIME_API_VERSION  "ngx_http_aime_api_module "                \
                                   NGX_HTTP_AIME_VERSION


/* The members of a worker's message that say who it is; data NULL: absent. */

typedef struct {
    ngx_str_t                    name;      /* auth */
    ngx_str_t                    key;       /* auth_key */
    ngx_str_t                    job_type;
} ngx_http_aime_claim_t;


/* NGX_ERROR: no memory. */
ngx_int_t ngx_http_aime_worker_claim(ngx_http_request_t *r,
    ngx_http_aime_args_t *args, ngx_http_aime_claim_t *claim);

/* Is the claim's key that of the job type? */
ngx_uint_t ngx_http_aime_worker_key(ngx_http_aime_type_t *type,
    ngx_http_aime_claim_t *claim);

/*
 * The known worker that sent a report, which counts as heard of.  NGX_DECLINED:
 * refused, *refusal is the text; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_aime_worker_identify(ngx_http_request_t *r,
    ngx_http_aime_claim_t *claim, ngx_aime_worker_view_t *view,
    ngx_str_t *refusal);

/*
 * What a worker says of itself: worker_parameters or a generation A job
 * request, and model_parameters where the names have no "model_" in front
 * (NULL: they stand in args, with it).
 */
void ngx_http_aime_worker_fields(ngx_http_aime_args_t *args,
    ngx_http_aime_args_t *model, ngx_str_t *fields);

/* The argument as a number; NGX_DECLINED if it is none. */
ngx_int_t ngx_http_aime_arg_number(ngx_http_aime_args_t *args,
    const char *name, double *value);

/* The members of an argument that is an object; else there are none. */
ngx_int_t ngx_http_aime_arg_members(ngx_http_request_t *r,
    aime_json_member_t *arg, ngx_http_aime_args_t *args);

/* A text with %V in it once or twice, from the request's pool. */
ngx_int_t ngx_http_aime_worker_text(ngx_http_request_t *r, ngx_str_t *text,
    const char *fmt, ngx_str_t *one, ngx_str_t *two);

/* That text as a JSON string: the worker has no such job. */
void ngx_http_aime_worker_not_found(ngx_http_aime_reply_t *reply,
    ngx_str_t *job_id, ngx_str_t *worker);

/* May a worker have that name: 1 to 255 bytes, no control characters? */
ngx_uint_t ngx_http_aime_worker_name(ngx_str_t *name);

/* Answers 200 with that refusal. */
ngx_int_t ngx_http_aime_worker_refuse(ngx_http_request_t *r,
    const char *fmt, ngx_str_t *one, ngx_str_t *two);
ngx_int_t ngx_http_aime_worker_refused(ngx_http_request_t *r,
    ngx_str_t *text);


#endif /* NGX_HTTP_AIME_WORKER_H_INCLUDED */
