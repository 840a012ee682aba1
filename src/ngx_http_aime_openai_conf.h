/*
 * The models of the OpenAI-compatible routes: [OPENAI] of a server file, and
 * how each kind of request maps to its endpoint's inputs and outputs (PROTOCOL
 * section 6).  Floor 3: knows no request.
 */

#ifndef NGX_HTTP_AIME_OPENAI_CONF_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_CONF_H_INCLUDED


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


typedef struct {
    ngx_str_t                        name;
    ngx_str_t                        owned_by;
    ngx_str_t                        system_prompt; /* "": none */
    time_t                           created;
    unsigned                         legacy:1;  /* last message goes apart */
    unsigned                         absent:1;  /* an endpoint is not loaded */
    ngx_http_aime_openai_service_t   services[NGX_HTTP_AIME_OPENAI_NKINDS];
} ngx_http_aime_openai_model_t;


struct ngx_http_aime_openai_s {
    ngx_array_t                      models; /* ngx_http_aime_openai_model_t */
    ngx_http_aime_openai_model_t    *fallback;  /* NULL: none */
    ngx_uint_t                       enabled;
};


/*
 * Reads [OPENAI] of a server file once all endpoints are loaded, an array of
 * ngx_http_aime_endpoint_t *.  Mistakes are logged with file, line and key at
 * the emergency level, models without their endpoint at the notice level.
 * Memory is cf->pool's.  NULL: there was a mistake.
 */
ngx_http_aime_openai_t *ngx_http_aime_openai_load(ngx_conf_t *cf,
    ngx_http_aime_server_t *server, ngx_array_t *endpoints);

/* The model of that name, else the one that answers for it, or NULL. */
ngx_http_aime_openai_model_t *ngx_http_aime_openai_model(
    ngx_http_aime_openai_t *openai, ngx_str_t *name);

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


#endif /* NGX_HTTP_AIME_OPENAI_CONF_H_INCLUDED */
