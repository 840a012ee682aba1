/*
 * Where media are converted, and within which limits: the directives
 * aime_api_media and aime_api_media_*.  Floor 3: knows no request.
 */

#ifndef NGX_HTTP_AIME_MEDIA_CONF_H_INCLUDED
#define NGX_HTTP_AIME_MEDIA_CONF_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* A daemon's address; the numbers are this process's own. */

typedef struct {
    ngx_str_t                    name;
    struct sockaddr             *sockaddr;
    socklen_t                    socklen;
    ngx_uint_t                   max_conns;

    ngx_uint_t                   nconns;
    ngx_msec_t                   failed;    /* when, of ngx_current_msec */
    ngx_uint_t                   down;      /* it did not answer then */
} ngx_http_aime_media_peer_t;


/* The addresses of a location, and the conversions that wait for one. */

typedef struct {
    ngx_array_t                  peers;     /* ngx_http_aime_media_peer_t */
    ngx_uint_t                   next;      /* to try first */
    ngx_queue_t                  waiting;
    ngx_uint_t                   nwaiting;
    ngx_event_t                  event;     /* posted when one may go on */
} ngx_http_aime_media_service_t;


typedef struct {
    /* NULL: off */
    ngx_http_aime_media_service_t  *service;

    ngx_int_t                    queue;     /* conversions that may wait */
    ngx_msec_t                   queue_timeout;
    ngx_msec_t                   connect_timeout;
    ngx_msec_t                   send_timeout;
    ngx_msec_t                   read_timeout;

    ngx_int_t                    max_pixels;    /* of a picture */
    time_t                       max_duration;
    size_t                       max_size;      /* bytes, decoded */
} ngx_http_aime_media_conf_t;


void ngx_http_aime_media_create_conf(ngx_http_aime_media_conf_t *conf);
void ngx_http_aime_media_merge_conf(ngx_http_aime_media_conf_t *prev,
    ngx_http_aime_media_conf_t *conf);

/* setters; the command's offset is that of the structure above */
char *ngx_http_aime_set_media(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_aime_set_media_queue(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* NGX_HTTP_AIME_MEDIA_CONF_H_INCLUDED */
