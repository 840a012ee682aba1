/* Variables for logs and maps.  Floor 3. */

#ifndef NGX_HTTP_AIME_VARIABLE_H_INCLUDED
#define NGX_HTTP_AIME_VARIABLE_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* Makes the variables known, before the configuration is read. */
ngx_int_t ngx_http_aime_add_variables(ngx_conf_t *cf);

/* Finds out, when it has been read, which of them anything uses. */
void ngx_http_aime_used_variables(ngx_conf_t *cf);


#endif /* NGX_HTTP_AIME_VARIABLE_H_INCLUDED */
