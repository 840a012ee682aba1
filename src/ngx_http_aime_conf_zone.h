/*
 * aime_api_zone, and what is tied to it once it is there.  Floor 3: knows no
 * request.
 */

#ifndef NGX_HTTP_AIME_CONF_ZONE_H_INCLUDED
#define NGX_HTTP_AIME_CONF_ZONE_H_INCLUDED


#include "ngx_http_aime_conf.h"


/*
 * The setter.  The zone is prepared before the new configuration is used, so
 * that a failure leaves the running one as it is.
 */
char *ngx_http_aime_set_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


#endif /* NGX_HTTP_AIME_CONF_ZONE_H_INCLUDED */
