/* The routes of OpenAI's API (PROTOCOL section 6), below aime_api_openai. */

#ifndef NGX_HTTP_AIME_OPENAI_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_H_INCLUDED


#include "ngx_http_aime_request.h"


extern ngx_http_aime_route_t  ngx_http_aime_openai_routes[];


#endif /* NGX_HTTP_AIME_OPENAI_H_INCLUDED */
