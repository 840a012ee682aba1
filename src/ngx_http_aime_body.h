/*
 * Bodies of requests, in one piece of memory and never in a temporary file.
 * Floor 3: knows no route.
 */

#ifndef NGX_HTTP_AIME_BODY_H_INCLUDED
#define NGX_HTTP_AIME_BODY_H_INCLUDED


#include "ngx_http_aime_request.h"


/* Puts the filter that collects bodies in front of nginx's own. */
void ngx_http_aime_body_init(void);

/*
 * Reads the body into memory and calls the route's handler with it; for a
 * content handler to return.
 */
ngx_int_t ngx_http_aime_read_request(ngx_http_request_t *r);

/* Gives back the memory of a large body that is not needed any more. */
void ngx_http_aime_free_body(ngx_http_request_t *r);


#endif /* NGX_HTTP_AIME_BODY_H_INCLUDED */
