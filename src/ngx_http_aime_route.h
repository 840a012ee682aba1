/*
 * From a request's location and URI to its route, and on to the handler.
 * Floor 3: the tables of routes are the door's.
 */

#ifndef NGX_HTTP_AIME_ROUTE_H_INCLUDED
#define NGX_HTTP_AIME_ROUTE_H_INCLUDED


#include "ngx_http_aime_request.h"


/*
 * Each table ends with a route without a name; of workers, info and stream the
 * first one gives the shape of errors where no route is found.
 */

typedef struct {
    ngx_http_aime_route_t       *client;    /* below an endpoint */
    ngx_http_aime_route_t       *workers;
    ngx_http_aime_route_t       *info;
    ngx_http_aime_route_t       *details;   /* info of an endpoint */
    ngx_http_aime_route_t       *stream;
    ngx_http_aime_route_t       *openai;
    ngx_http_aime_route_t       *status;
    ngx_http_aime_route_t       *admin;
} ngx_http_aime_routes_t;


/* Sets the tables, while configuring. */
void ngx_http_aime_route_init(ngx_http_aime_routes_t *routes);

/*
 * Our context of the request, with its route or marked as unknown; made at the
 * first call.  NULL: the request is none of ours.
 */
ngx_http_aime_ctx_t *ngx_http_aime_route_find(ngx_http_request_t *r);

/*
 * Handler of the first phase, and of the last one for requests that did not
 * come to that: no secrets in the logs.
 */
ngx_int_t ngx_http_aime_mask_handler(ngx_http_request_t *r);

/*
 * Handler of the phase before access is checked: an error_page that our
 * location inherits is not for our routes.
 */
ngx_int_t ngx_http_aime_errors_handler(ngx_http_request_t *r);

/* The content handler: NGX_DECLINED for requests that are none of ours. */
ngx_int_t ngx_http_aime_route_handler(ngx_http_request_t *r);


#endif /* NGX_HTTP_AIME_ROUTE_H_INCLUDED */
