/*
 * The state of the server as server-sent events, for a dashboard: the route
 * events of aime_api_admin.  Floor 3.
 */

#ifndef NGX_HTTP_AIME_ADMIN_EVENTS_H_INCLUDED
#define NGX_HTTP_AIME_ADMIN_EVENTS_H_INCLUDED


#include "ngx_http_aime_request.h"


/*
 * GET events: the status document, now and every so many seconds (argument
 * interval, 1 to 60), until the client goes or this process shuts down.
 */
ngx_int_t ngx_http_aime_admin_events(ngx_http_request_t *r,
    ngx_http_aime_args_t *args);


#endif /* NGX_HTTP_AIME_ADMIN_EVENTS_H_INCLUDED */
