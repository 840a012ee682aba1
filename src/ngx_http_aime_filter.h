/*
 * Output filters: errors that nginx makes on our routes get the shape of the
 * route, and answers the headers for browsers of other origins.  Floor 3.
 */

#ifndef NGX_HTTP_AIME_FILTER_H_INCLUDED
#define NGX_HTTP_AIME_FILTER_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* Puts the filters into their chains, while configuring. */
void ngx_http_aime_filter_init(void);


#endif /* NGX_HTTP_AIME_FILTER_H_INCLUDED */
