/*
 * The server file: what holds for all endpoints, and their defaults.  Floor 3:
 * knows neither requests nor endpoints.
 */

#ifndef NGX_HTTP_AIME_SERVER_H_INCLUDED
#define NGX_HTTP_AIME_SERVER_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <cjson/cJSON.h>

#include "aime_desc.h"
#include "ngx_http_aime_key.h"
#include "ngx_http_aime_static_conf.h"


typedef struct ngx_http_aime_openai_s  ngx_http_aime_openai_t;

/*
 * A parsed server file, with the defaults of endpoints; allowed: see
 * aime_desc_allowed().
 */

typedef struct {
    ngx_str_t                    path;
    cJSON                       *tree;
    unsigned                     allowed[AIME_MEDIA_NKINDS];
    ngx_array_t                  statics;       /* ngx_http_aime_static_t */

    /* ids of the administrator's name and password, if there is one */
    u_char                       admin_user[NGX_AIME_ID_LEN];
    u_char                       admin_password[NGX_AIME_ID_LEN];
    ngx_uint_t                   admin;

    /* models, where aime_api_openai serves them, once all is loaded */
    ngx_http_aime_openai_t      *openai;
    ngx_uint_t                   serves_openai;
} ngx_http_aime_server_t;


/*
 * Parses a server file (path: full and terminated) and checks it.  Mistakes
 * are logged with file, line and key at the emergency level, what is merely
 * unknown at the notice level; NULL: there was one.  Memory is cf->pool's.
 */
ngx_http_aime_server_t *ngx_http_aime_server_load(ngx_conf_t *cf,
    ngx_str_t *path);


#endif /* NGX_HTTP_AIME_SERVER_H_INCLUDED */
