
/*
 * The routes of OpenAI's API, see ngx_http_aime_openai.h.
 *
 * Another kind of requests takes a line here, a translator from fields to
 * inputs and a renderer from outputs to an answer: see
 * ngx_http_aime_openai_call.h.
 */


#include "ngx_http_aime_openai.h"
#include "ngx_http_aime_openai_chat.h"
#include "ngx_http_aime_openai_completion.h"
#include "ngx_http_aime_openai_models.h"


/* A name that ends with a slash has the name of an object behind it. */

ngx_http_aime_route_t  ngx_http_aime_openai_routes[] = {
    { "chat/completions", NGX_HTTP_POST, NGX_HTTP_AIME_SHAPE_OPENAI,
      ngx_http_aime_openai_chat },
    { "completions", NGX_HTTP_POST, NGX_HTTP_AIME_SHAPE_OPENAI,
      ngx_http_aime_openai_completion },
    { "models", NGX_HTTP_GET, NGX_HTTP_AIME_SHAPE_OPENAI,
      ngx_http_aime_openai_models },
    { "models/", NGX_HTTP_GET, NGX_HTTP_AIME_SHAPE_OPENAI,
      ngx_http_aime_openai_one_model },
    { NULL, 0, 0, NULL }
};
