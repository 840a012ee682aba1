/* What an administrator sees of jobs that did not end well.  Floor 3. */

#ifndef NGX_HTTP_AIME_ADMIN_FAILURE_H_INCLUDED
#define NGX_HTTP_AIME_ADMIN_FAILURE_H_INCLUDED


#include "ngx_http_aime_request.h"


/* Answers the request with the latest ones; who asks has been checked. */
ngx_int_t ngx_http_aime_admin_failures(ngx_http_request_t *r,
    ngx_http_aime_args_t *args);


#endif /* NGX_HTTP_AIME_ADMIN_FAILURE_H_INCLUDED */
