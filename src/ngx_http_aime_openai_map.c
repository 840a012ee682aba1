
/* Mapping, see ngx_http_aime_openai_map.h. */


#include "ngx_http_aime_openai_map.h"


/*
 * What a field of a request or a result is taken to be called by an endpoint,
 * unless its model says otherwise: the first of these that it has.
 */

typedef struct {
    const char                  *name;
    const char                  *targets;       /* spaces between */
} ngx_http_aime_openai_guess_t;


/* The first input and the first output are those that a kind cannot lack. */

typedef struct {
    const char                          *name;  /* the model's key */
    const ngx_http_aime_openai_guess_t  *inputs;
    const ngx_http_aime_openai_guess_t  *outputs;
} ngx_http_aime_openai_kind_t;


static ngx_int_t ngx_http_aime_openai_guess_some(
    ngx_http_aime_openai_service_t *service,
    const ngx_http_aime_openai_guess_t *guess, ngx_uint_t input);
static ngx_uint_t ngx_http_aime_openai_has(
    ngx_http_aime_openai_service_t *service, ngx_str_t *name,
    ngx_uint_t input);
static ngx_http_aime_openai_map_t *ngx_http_aime_openai_mapped(
    ngx_array_t *maps, const char *name, size_t len);


static const ngx_http_aime_openai_guess_t  ngx_http_aime_openai_texts[] = {
    { "text", "text" },
    { "reasoning_content", "reasoning_content reasoning" },
    { "tool_calls", "tool_calls" },
    { "refusal", "refusal" },
    { "finish_reason", "finish_reason stop_reason" },
    { "logprobs", "logprobs" },
    { "prompt_tokens", "prompt_length prompt_tokens num_prompt_tokens" },
    { "completion_tokens", "num_generated_tokens completion_tokens" },
    { "cached_tokens", "cached_tokens" },
    { "reasoning_tokens", "reasoning_tokens" },
    { "error", "error" },
    { NULL, NULL }
};

static const ngx_http_aime_openai_guess_t  ngx_http_aime_openai_chat_in[] = {
    { "messages", "chat_context messages" },
    { "prompt", "prompt_input prompt" },
    { "max_tokens", "max_gen_tokens max_tokens max_new_tokens" },
    { NULL, NULL }
};

static const ngx_http_aime_openai_guess_t  ngx_http_aime_openai_compl_in[] = {
    { "prompt", "prompt_input prompt" },
    { "messages", "chat_context messages" },
    { "max_tokens", "max_gen_tokens max_tokens max_new_tokens" },
    { NULL, NULL }
};

static const ngx_http_aime_openai_guess_t  ngx_http_aime_openai_embed_in[] = {
    { "input", "input texts text prompt" },
    { NULL, NULL }
};

static const ngx_http_aime_openai_guess_t  ngx_http_aime_openai_embed_out[] = {
    { "embedding", "embedding embeddings" },
    { "prompt_tokens", "prompt_length prompt_tokens num_prompt_tokens" },
    { "error", "error" },
    { NULL, NULL }
};

static const ngx_http_aime_openai_guess_t  ngx_http_aime_openai_image_in[] = {
    { "prompt", "prompt" },
    { "n", "n num_samples num_images" },
    { NULL, NULL }
};

static const ngx_http_aime_openai_guess_t  ngx_http_aime_openai_image_out[] = {
    { "images", "images image" },
    { "revised_prompt", "revised_prompt" },
    { "previews", "progress_images images" },
    { "error", "error" },
    { NULL, NULL }
};

static const ngx_http_aime_openai_guess_t  ngx_http_aime_openai_speech_in[] = {
    { "input", "text input" },
    { NULL, NULL }
};

static const ngx_http_aime_openai_guess_t  ngx_http_aime_openai_speech_out[]
    = {
    { "audio", "audio_output audio" },
    { "error", "error" },
    { NULL, NULL }
};

static const ngx_http_aime_openai_guess_t  ngx_http_aime_openai_trans_in[] = {
    { "file", "audio_input audio" },
    { NULL, NULL }
};

static const ngx_http_aime_openai_guess_t  ngx_http_aime_openai_trans_out[]
    = {
    { "text", "result text transcription" },
    { "language", "language" },
    { "duration", "duration audio_duration" },
    { "segments", "segments" },
    { "words", "words" },
    { "prompt_tokens", "prompt_length prompt_tokens" },
    { "completion_tokens", "num_generated_tokens completion_tokens" },
    { "error", "error" },
    { NULL, NULL }
};


/* by ngx_http_aime_openai_kind_e */

static const ngx_http_aime_openai_kind_t  ngx_http_aime_openai_kinds[] = {
    { "chat", ngx_http_aime_openai_chat_in, ngx_http_aime_openai_texts },
    { "completion", ngx_http_aime_openai_compl_in,
      ngx_http_aime_openai_texts },
    { "embedding", ngx_http_aime_openai_embed_in,
      ngx_http_aime_openai_embed_out },
    { "image", ngx_http_aime_openai_image_in,
      ngx_http_aime_openai_image_out },
    { "speech", ngx_http_aime_openai_speech_in,
      ngx_http_aime_openai_speech_out },
    { "transcription", ngx_http_aime_openai_trans_in,
      ngx_http_aime_openai_trans_out }
};


const char *
ngx_http_aime_openai_kind(ngx_uint_t kind)
{
    return ngx_http_aime_openai_kinds[kind].name;
}


ngx_int_t
ngx_http_aime_openai_map(ngx_http_aime_openai_service_t *service,
    ngx_str_t *name, ngx_str_t *target, ngx_uint_t input)
{
    ngx_array_t                 *maps;
    ngx_http_aime_openai_map_t  *map;

    if (target->len && !ngx_http_aime_openai_has(service, target, input)) {
        return NGX_DECLINED;
    }

    maps = input ? &service->inputs : &service->outputs;

    if (ngx_http_aime_openai_mapped(maps, (char *) name->data, name->len)) {
        return NGX_OK;
    }

    map = ngx_array_push(maps);
    if (map == NULL) {
        return NGX_ERROR;
    }

    map->name = *name;
    map->target = *target;

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_openai_guess(ngx_http_aime_openai_service_t *service,
    ngx_uint_t kind)
{
    const ngx_http_aime_openai_kind_t  *known;

    known = &ngx_http_aime_openai_kinds[kind];

    if (ngx_http_aime_openai_guess_some(service, known->inputs, 1) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_aime_openai_guess_some(service, known->outputs, 0);
}


static ngx_int_t
ngx_http_aime_openai_guess_some(ngx_http_aime_openai_service_t *service,
    const ngx_http_aime_openai_guess_t *guess, ngx_uint_t input)
{
    ngx_int_t    rc;
    ngx_str_t    name, target;
    const char  *p;

    for ( /* void */ ; guess->name; guess++) {

        name.data = (u_char *) guess->name;
        name.len = ngx_strlen(guess->name);

        for (p = guess->targets; *p; p += target.len + (p[target.len] == ' '))
        {
            target.data = (u_char *) p;
            target.len = strcspn(p, " ");

            rc = ngx_http_aime_openai_map(service, &name, &target, input);

            if (rc == NGX_ERROR) {
                return NGX_ERROR;
            }

            if (rc == NGX_OK) {
                break;
            }
        }
    }

    return NGX_OK;
}


ngx_uint_t
ngx_http_aime_openai_fits(ngx_http_aime_openai_service_t *service,
    ngx_uint_t kind, ngx_uint_t legacy)
{
    const char                         *input;
    const ngx_http_aime_openai_kind_t  *known;

    known = &ngx_http_aime_openai_kinds[kind];

    if (ngx_http_aime_openai_output(service, known->outputs[0].name).len == 0)
    {
        return 0;
    }

    input = known->inputs[0].name;

    if (legacy && kind == NGX_HTTP_AIME_OPENAI_CHAT) {
        input = "prompt";
    }

    if (ngx_http_aime_openai_input(service, input, ngx_strlen(input))) {
        return 1;
    }

    /* a prompt may be the only message of a chat */

    return kind == NGX_HTTP_AIME_OPENAI_COMPLETION
           && ngx_http_aime_openai_input(service, "messages", 8) != NULL;
}


/* Its progress has what is new: the zone shall have the whole of it. */

void
ngx_http_aime_openai_grows(ngx_http_aime_openai_service_t *service)
{
    ngx_str_t                name;
    ngx_uint_t               i;
    aime_str_t               text;
    ngx_http_aime_output_t  *output;

    static const char  *names[] = { "text", "reasoning_content" };

    for (i = 0; service->delta && i < 2; i++) {
        name = ngx_http_aime_openai_output(service, names[i]);

        text.data = name.data;
        text.len = name.len;

        output = ngx_http_aime_output(&service->endpoint->progress_outputs,
                                      &text);
        if (output) {
            output->grows = 1;
            service->endpoint->grows = 1;
        }
    }
}


static ngx_uint_t
ngx_http_aime_openai_has(ngx_http_aime_openai_service_t *service,
    ngx_str_t *name, ngx_uint_t input)
{
    aime_str_t          text;
    aime_desc_param_t  *param;

    text.data = name->data;
    text.len = name->len;

    if (!input) {
        return ngx_http_aime_output(&service->endpoint->outputs, &text)
               || ngx_http_aime_output(&service->endpoint->progress_outputs,
                                       &text);
    }

    param = aime_desc_find(&service->endpoint->inputs, text);

    return param && param->role == AIME_DESC_DECLARED;
}


static ngx_http_aime_openai_map_t *
ngx_http_aime_openai_mapped(ngx_array_t *maps, const char *name, size_t len)
{
    ngx_uint_t                   i;
    ngx_http_aime_openai_map_t  *map;

    map = maps->elts;

    for (i = 0; i < maps->nelts; i++) {
        if (map[i].name.len == len
            && ngx_memcmp(map[i].name.data, name, len) == 0)
        {
            return &map[i];
        }
    }

    return NULL;
}


aime_desc_param_t *
ngx_http_aime_openai_input(ngx_http_aime_openai_service_t *service,
    const char *name, size_t len)
{
    aime_str_t                   text;
    aime_desc_param_t           *param;
    ngx_http_aime_openai_map_t  *map;

    map = ngx_http_aime_openai_mapped(&service->inputs, name, len);

    text.data = map ? map->target.data : (u_char *) name;
    text.len = map ? map->target.len : len;

    if (text.len == 0) {
        return NULL;
    }

    param = aime_desc_find(&service->endpoint->inputs, text);

    return (param && param->role == AIME_DESC_DECLARED) ? param : NULL;
}


ngx_str_t
ngx_http_aime_openai_field(ngx_http_aime_openai_service_t *service,
    const aime_str_t *input)
{
    ngx_str_t                    name;
    ngx_uint_t                   i;
    ngx_http_aime_openai_map_t  *map;

    map = service->inputs.elts;

    for (i = 0; i < service->inputs.nelts; i++) {
        if (map[i].target.len == input->len
            && ngx_memcmp(map[i].target.data, input->data, input->len) == 0)
        {
            return map[i].name;
        }
    }

    name.data = (u_char *) input->data;
    name.len = input->len;

    return name;
}


ngx_str_t
ngx_http_aime_openai_output(ngx_http_aime_openai_service_t *service,
    const char *name)
{
    ngx_http_aime_openai_map_t  *map;

    static ngx_str_t  none = ngx_null_string;

    map = ngx_http_aime_openai_mapped(&service->outputs, name,
                                      ngx_strlen(name));

    return map ? map->target : none;
}
