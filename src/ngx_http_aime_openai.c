
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
#include "ngx_http_aime_openai_embed.h"
#include "ngx_http_aime_openai_image.h"
#include "ngx_http_aime_openai_models.h"
#include "ngx_http_aime_openai_responses.h"
#include "ngx_http_aime_openai_speech.h"
#include "ngx_http_aime_openai_stored.h"
#include "ngx_http_aime_openai_transcribe.h"


/* A name that ends with a slash has the name of an object behind it. */

ngx_http_aime_route_t  ngx_http_aime_openai_routes[] = {
    { "audio/speech", NGX_HTTP_POST, NGX_HTTP_AIME_SHAPE_OPENAI,
      ngx_http_aime_openai_speech },
    { "audio/transcriptions", NGX_HTTP_POST, NGX_HTTP_AIME_SHAPE_OPENAI,
      ngx_http_aime_openai_transcribe },
    { "chat/completions", NGX_HTTP_POST, NGX_HTTP_AIME_SHAPE_OPENAI,
      ngx_http_aime_openai_chat },
    { "completions", NGX_HTTP_POST, NGX_HTTP_AIME_SHAPE_OPENAI,
      ngx_http_aime_openai_completion },
    { "embeddings", NGX_HTTP_POST, NGX_HTTP_AIME_SHAPE_OPENAI,
      ngx_http_aime_openai_embed },
    { "images/generations", NGX_HTTP_POST, NGX_HTTP_AIME_SHAPE_OPENAI,
      ngx_http_aime_openai_image },
    { "models", NGX_HTTP_GET, NGX_HTTP_AIME_SHAPE_OPENAI,
      ngx_http_aime_openai_models },
    { "models/", NGX_HTTP_GET, NGX_HTTP_AIME_SHAPE_OPENAI,
      ngx_http_aime_openai_one_model },
    { "responses", NGX_HTTP_POST, NGX_HTTP_AIME_SHAPE_OPENAI,
      ngx_http_aime_openai_create_response },
    { "responses/", NGX_HTTP_GET|NGX_HTTP_POST, NGX_HTTP_AIME_SHAPE_OPENAI,
      ngx_http_aime_openai_stored },
    { NULL, 0, 0, NULL }
};
