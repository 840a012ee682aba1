/*
 * Subtitles of the segments that a worker tells: SubRip and WebVTT.  Floor 3:
 * knows no routes.
 */

#ifndef NGX_HTTP_AIME_OPENAI_SUBTITLE_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_SUBTITLE_H_INCLUDED


#include "ngx_http_aime_openai_output.h"


/*
 * Writes those of the output segments, a list of {start, end, text} with
 * seconds, and sets the reply's type.  vtt: as WebVTT, else as SubRip.
 * NGX_OK; NGX_DECLINED: there are none, or they are no segments; NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_http_aime_openai_subtitles(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t vtt);


#endif /* NGX_HTTP_AIME_OPENAI_SUBTITLE_H_INCLUDED */
