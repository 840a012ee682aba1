/*
 * How the names of OpenAI's API map to the inputs and outputs of an endpoint
 * (PROTOCOL section 6).  Floor 3: knows no request.
 */

#ifndef NGX_HTTP_AIME_OPENAI_MAP_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_MAP_H_INCLUDED


#include "ngx_http_aime_endpoint.h"


typedef enum {
    NGX_HTTP_AIME_OPENAI_CHAT = 0,
    NGX_HTTP_AIME_OPENAI_COMPLETION,
    NGX_HTTP_AIME_OPENAI_EMBEDDING,
    NGX_HTTP_AIME_OPENAI_IMAGE,
    NGX_HTTP_AIME_OPENAI_SPEECH,
    NGX_HTTP_AIME_OPENAI_TRANSCRIPTION,
    NGX_HTTP_AIME_OPENAI_NKINDS
} ngx_http_aime_openai_kind_e;


/* A name of the API, and of an input or output ("": it has none). */

typedef struct {
    ngx_str_t                    name;
    ngx_str_t                    target;
} ngx_http_aime_openai_map_t;


/* What serves a kind of requests to a model. */

typedef struct {
    ngx_http_aime_endpoint_t    *endpoint;      /* NULL: nothing does */
    ngx_array_t                  inputs;    /* ngx_http_aime_openai_map_t */
    ngx_array_t                  outputs;   /* ngx_http_aime_openai_map_t */
    unsigned                     delta:1;   /* progress has what is new */
} ngx_http_aime_openai_service_t;


/* The key by which a model names what serves a kind. */
const char *ngx_http_aime_openai_kind(ngx_uint_t kind);

/*
 * While configuring.  map adds a mapping, unless there is one of that name:
 * NGX_DECLINED: the endpoint does not have the target, which may be "";
 * NGX_ERROR: no memory.  guess adds those that are taken for granted where
 * nothing was said.  fits: can the endpoint serve that kind?  grows: marks
 * outputs whose progress has only what is new.
 */
ngx_int_t ngx_http_aime_openai_map(ngx_http_aime_openai_service_t *service,
    ngx_str_t *name, ngx_str_t *target, ngx_uint_t input);
ngx_int_t ngx_http_aime_openai_guess(ngx_http_aime_openai_service_t *service,
    ngx_uint_t kind);
ngx_uint_t ngx_http_aime_openai_fits(ngx_http_aime_openai_service_t *service,
    ngx_uint_t kind, ngx_uint_t legacy);
void ngx_http_aime_openai_grows(ngx_http_aime_openai_service_t *service);

/*
 * The input for a field of a request: where it is mapped to, else the one of
 * its own name.  NULL: the endpoint has none.
 */
aime_desc_param_t *ngx_http_aime_openai_input(
    ngx_http_aime_openai_service_t *service, const char *name, size_t len);

/* The field that an input is given by, its own name where nothing is mapped. */
ngx_str_t ngx_http_aime_openai_field(ngx_http_aime_openai_service_t *service,
    const aime_str_t *input);

/* The name of the output that gives what the API calls so; len 0: none. */
ngx_str_t ngx_http_aime_openai_output(ngx_http_aime_openai_service_t *service,
    const char *name);


#endif /* NGX_HTTP_AIME_OPENAI_MAP_H_INCLUDED */
