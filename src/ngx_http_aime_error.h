/*
 * Errors as answers, in the shape of their route.  Floor 3: knows no route.
 */

#ifndef NGX_HTTP_AIME_ERROR_H_INCLUDED
#define NGX_HTTP_AIME_ERROR_H_INCLUDED


#include "ngx_http_aime_reply.h"


/*
 * The text of an error in the request's shape; errors are as many as there
 * are in the client's shape, in the others the first one counts.
 */
void ngx_http_aime_reply_error(ngx_http_aime_reply_t *reply,
    ngx_uint_t status, ngx_str_t *errors, ngx_uint_t nerrors);

/* The whole answer with one error. */
ngx_int_t ngx_http_aime_error(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *error);
ngx_int_t ngx_http_aime_error_chars(ngx_http_request_t *r, ngx_uint_t status,
    const char *error);

/*
 * For the header and body filters: turns an error that nginx made into one of
 * the request's shape.  The header's part sets status and headers and gives
 * the body that is to be sent in place of nginx's.
 */
ngx_int_t ngx_http_aime_replace_error(ngx_http_request_t *r,
    ngx_chain_t **body);

/* 405 with the methods that are allowed. */
ngx_int_t ngx_http_aime_wrong_method(ngx_http_request_t *r,
    ngx_uint_t methods);


#endif /* NGX_HTTP_AIME_ERROR_H_INCLUDED */
