/*
 * The models of the OpenAI-compatible routes: [OPENAI] of a server file, and
 * how each kind of request maps to its endpoint's inputs and outputs (PROTOCOL
 * section 6).  Floor 3: knows no request.
 */

#ifndef NGX_HTTP_AIME_OPENAI_CONF_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_CONF_H_INCLUDED


#include "ngx_http_aime_openai_map.h"


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
    ngx_uint_t                       nopen;     /* services without keys */
    ngx_uint_t                       nclosed;   /* and with them */
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


#endif /* NGX_HTTP_AIME_OPENAI_CONF_H_INCLUDED */
