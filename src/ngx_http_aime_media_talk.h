/*
 * One medium's conversation with a media daemon (messages: aime_media.h):
 * greeting, question, answer.  Floor 3: knows no other medium of the request,
 * and no other daemon.
 */

#ifndef NGX_HTTP_AIME_MEDIA_TALK_H_INCLUDED
#define NGX_HTTP_AIME_MEDIA_TALK_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "aime_input.h"
#include "aime_media.h"
#include "ngx_http_aime_media_conf.h"


typedef struct ngx_http_aime_media_talk_s  ngx_http_aime_media_talk_t;

/*
 * What has become of it; the handler closes it:
 *
 *   NGX_OK        answered: answer.status is AIME_MEDIA_UNCHANGED, _CONVERTED
 *                 or _REFUSED, text what belongs to it
 *   NGX_BUSY      the daemon is gone, or none, and has got nothing yet: another
 *                 may be asked
 *   NGX_DECLINED  gone, stuck, or it could not do it; logged, as above
 *   NGX_ERROR     no memory
 */
typedef void (*ngx_http_aime_media_talk_pt)(ngx_http_aime_media_talk_t *talk,
    ngx_int_t rc);


/* The first group is set by who starts it. */

struct ngx_http_aime_media_talk_s {
    ngx_http_request_t              *request;
    ngx_http_aime_media_conf_t      *conf;
    aime_input_medium_t             *medium;
    ngx_http_aime_media_talk_pt      handler;
    void                            *data;

    ngx_http_aime_media_peer_t      *peer;      /* NULL: there is none */
    ngx_peer_connection_t            pc;
    ngx_uint_t                       state;
    ngx_chain_t                     *out;
    u_char                           greeting[AIME_MEDIA_GREETING_LEN];
    aime_media_answer_t              answer;
    aime_str_t                       text;      /* of the request's pool */
    size_t                           got;       /* bytes of what is read */
};


/*
 * Starts it with that daemon.  NGX_OK: the handler is called later;
 * NGX_DECLINED: the daemon is not there, which is logged; NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_http_aime_media_talk_connect(ngx_http_aime_media_talk_t *talk,
    ngx_http_aime_media_peer_t *peer);

/* Ends it, whatever its state; it must have a peer. */
void ngx_http_aime_media_talk_close(ngx_http_aime_media_talk_t *talk);


#endif /* NGX_HTTP_AIME_MEDIA_TALK_H_INCLUDED */
