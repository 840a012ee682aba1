/*
 * The routes of aime_api_status: metrics for Prometheus, the state of all as
 * JSON, and whether this server lives and is ready.  Floor 3.
 */

#ifndef NGX_HTTP_AIME_STATUS_H_INCLUDED
#define NGX_HTTP_AIME_STATUS_H_INCLUDED


#include "ngx_http_aime_request.h"


/* For the door. */
extern ngx_http_aime_route_t  ngx_http_aime_status_routes[];


#endif /* NGX_HTTP_AIME_STATUS_H_INCLUDED */
