/*
 * Clients that wait for their jobs, parked until there is a result.  Floor 3:
 * knows no URLs.
 */

#ifndef NGX_HTTP_AIME_WAIT_H_INCLUDED
#define NGX_HTTP_AIME_WAIT_H_INCLUDED


#include "ngx_http_aime_form.h"


/* A waiting client's request; the data of its park. */

typedef struct {
    ngx_aime_zone_t             *zone;
    ngx_http_request_t          *request;
    ngx_http_aime_endpoint_t    *endpoint;
    const ngx_http_aime_form_t  *form;
    u_char                       id[NGX_AIME_ID_LEN];
    unsigned                     joined:1;      /* waits for that job */
    unsigned                     answered:1;
} ngx_http_aime_wait_t;


/* Prepares it; park->data is the wait.  NULL: no memory. */
ngx_http_aime_park_t *ngx_http_aime_wait_create(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, const ngx_http_aime_form_t *form);

/*
 * The job is that of the wait's id; joined: the request's end leaves it.  The
 * body is not needed any more.
 */
void ngx_http_aime_wait_job(ngx_http_aime_wait_t *wait, ngx_uint_t joined);

/*
 * Waits for a job that was queued for the park, or for an earlier one of the
 * wait's id.  These give what the request is to be finalized with.
 */
ngx_int_t ngx_http_aime_wait_begin(ngx_http_request_t *r,
    ngx_http_aime_park_t *park);
ngx_int_t ngx_http_aime_wait_join(ngx_http_request_t *r,
    ngx_http_aime_park_t *park);


#endif /* NGX_HTTP_AIME_WAIT_H_INCLUDED */
