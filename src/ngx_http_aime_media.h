/*
 * Has the media of a request looked into and converted by the media daemon
 * (messages: aime_media.h), one after the other, without blocking.  Floor 3:
 * knows no jobs.
 */

#ifndef NGX_HTTP_AIME_MEDIA_H_INCLUDED
#define NGX_HTTP_AIME_MEDIA_H_INCLUDED


#include "ngx_http_aime_request.h"
#include "ngx_http_aime_park.h"


typedef struct ngx_http_aime_media_s  ngx_http_aime_media_t;

/*
 * Starts with the input's media.  When all are done, or one could not be, the
 * park is resumed.  What is converted is put into the input, what is refused
 * is added to its messages.  Memory is the request's, whose end, however it
 * comes, ends this too.  NULL: no memory.
 */
ngx_http_aime_media_t *ngx_http_aime_media_start(ngx_http_request_t *r,
    aime_input_t *input, ngx_http_aime_park_t *park);

/*
 * NGX_AGAIN: not done yet; NGX_OK: done, look at the input's messages;
 * NGX_DECLINED: it cannot be done now, *error is a text for the client;
 * NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_aime_media_done(ngx_http_aime_media_t *media,
    ngx_str_t *error);

/* Gives back the memory of what was converted: it is not needed any more. */
void ngx_http_aime_media_free(ngx_http_aime_media_t *media);


#endif /* NGX_HTTP_AIME_MEDIA_H_INCLUDED */
