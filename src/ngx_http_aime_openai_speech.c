
/*
 * Speech, see ngx_http_aime_openai_speech.h.
 *
 * The answer is the audio as the worker gives it, and its type says what that
 * is: a format that the endpoint cannot be told is a wish.
 */


#include "ngx_http_aime_openai_speech.h"
#include "ngx_http_aime_openai_serve.h"


/* What clients know the formats as. */

typedef struct {
    aime_media_format_e          format;
    const char                  *type;
} ngx_http_aime_openai_audio_t;


/* Lasts longer than the request's fields. */

typedef struct {
    unsigned                     events:1;  /* as server-sent events */
} ngx_http_aime_openai_speech_t;


static ngx_int_t ngx_http_aime_openai_speech_inputs(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_speech_stream(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_speech_result(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply);
static const char *ngx_http_aime_openai_speech_type(
    ngx_http_aime_openai_call_t *call, aime_media_url_t *url);
static void ngx_http_aime_openai_speech_events(ngx_http_aime_reply_t *reply,
    aime_str_t *body);
static ngx_int_t ngx_http_aime_openai_speech_broken(
    ngx_http_aime_openai_call_t *call);


static const ngx_http_aime_openai_audio_t  ngx_http_aime_openai_audios[] = {
    { AIME_MEDIA_WAV, "audio/wav" },
    { AIME_MEDIA_MP3, "audio/mpeg" },
    { AIME_MEDIA_OGG, "audio/ogg" },
    { AIME_MEDIA_WEBM, "audio/webm" },
    { AIME_MEDIA_MP4, "audio/mp4" },
    { AIME_MEDIA_UNKNOWN, NULL }
};

static const char  *ngx_http_aime_openai_speech_own[] = {
    "voice", "response_format", "speed", "stream_format", NULL
};

/* every request has a voice, also for models that have but one */

static const ngx_http_aime_openai_neutral_t
    ngx_http_aime_openai_speech_neutrals[] =
{
    { "voice", "*" },
    { "response_format", "*" },
    { "speed", "1" },
    { NULL, NULL }
};

static const ngx_http_aime_openai_way_t  ngx_http_aime_openai_speech_way = {
    NGX_HTTP_AIME_OPENAI_SPEECH,
    ngx_http_aime_openai_speech_own,
    NULL,                                   /* fields */
    ngx_http_aime_openai_speech_inputs,
    ngx_http_aime_openai_speech_result,
    NULL,                                   /* stream */
    NULL                                    /* submitted */
};


ngx_int_t
ngx_http_aime_openai_speech(ngx_http_request_t *r)
{
    return ngx_http_aime_openai_serve(r, &ngx_http_aime_openai_speech_way);
}


static ngx_int_t
ngx_http_aime_openai_speech_inputs(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t  rc;

    call->data = ngx_pcalloc(call->request->pool,
                             sizeof(ngx_http_aime_openai_speech_t));
    if (call->data == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_aime_openai_field_of(call, "input") == NULL) {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST,
                                           "input",
                                           "missing_required_parameter",
                                           "Missing required parameter: "
                                           "'input'");
    }

    rc = ngx_http_aime_openai_speech_stream(call);

    return (rc == NGX_OK)
           ? ngx_http_aime_openai_map_own(call,
                                          ngx_http_aime_openai_speech_neutrals)
           : rc;
}


static ngx_int_t
ngx_http_aime_openai_speech_stream(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t                       rc;
    ngx_str_t                       name;
    ngx_http_aime_openai_speech_t  *speech;

    speech = call->data;

    rc = ngx_http_aime_openai_get_text(call, "stream_format", &name);

    if (rc != NGX_OK) {
        return (rc == NGX_ABORT) ? NGX_OK : rc;
    }

    if (name.len == 3 && ngx_memcmp(name.data, "sse", 3) == 0) {
        speech->events = 1;
        return NGX_OK;
    }

    if (name.len == 5 && ngx_memcmp(name.data, "audio", 5) == 0) {
        return NGX_OK;
    }

    return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST,
                                       "stream_format", "invalid_value",
                                       "Invalid value for 'stream_format': "
                                       "expected 'audio' or 'sse'");
}


static ngx_int_t
ngx_http_aime_openai_speech_result(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    u_char                         *p;
    ngx_int_t                       rc;
    aime_media_url_t                url;
    aime_json_member_t             *output;
    ngx_http_aime_openai_speech_t  *speech;

    speech = call->data;
    output = ngx_http_aime_openai_out(call, "audio");

    rc = output ? ngx_http_aime_openai_media(call, &output->value, &url)
                : NGX_DECLINED;

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED)
               ? ngx_http_aime_openai_speech_broken(call) : rc;
    }

    if (speech->events) {
        ngx_http_aime_openai_speech_events(reply, &url.body);
        return NGX_OK;
    }

    reply->type = ngx_http_aime_openai_speech_type(call, &url);

    p = ngx_http_aime_reply_room(reply,
                                 aime_media_base64_decoded_len(url.body));

    if (p == NULL || reply->type == NULL) {
        return NGX_ERROR;
    }

    ngx_http_aime_reply_wrote(reply, aime_media_base64_decode(p, url.body));

    return NGX_OK;
}


/* By the first bytes, else as the worker says.  NULL: no memory. */

static const char *
ngx_http_aime_openai_speech_type(ngx_http_aime_openai_call_t *call,
    aime_media_url_t *url)
{
    u_char                              *p;
    aime_media_format_e                  format;
    const ngx_http_aime_openai_audio_t  *audio;

    format = ngx_http_aime_openai_media_format(url);

    for (audio = ngx_http_aime_openai_audios; audio->type; audio++) {
        if (audio->format == format) {
            return audio->type;
        }
    }

    if (url->type.len != 5
        || ngx_strncasecmp((u_char *) url->type.data, (u_char *) "audio", 5)
           != 0)
    {
        return "application/octet-stream";
    }

    p = ngx_pnalloc(call->request->pool, sizeof("audio/") + url->format.len);

    if (p) {
        (void) ngx_sprintf(p, "audio/%*s%Z", url->format.len,
                           url->format.data);
    }

    return (const char *) p;
}


/* All of it is there: what a stream ends with, and one piece before that. */

static void
ngx_http_aime_openai_speech_events(ngx_http_aime_reply_t *reply,
    aime_str_t *body)
{
    reply->type = "text/event-stream";

    ngx_http_aime_reply_chars(reply, "event: speech.audio.delta\n"
                                     "data: {\"type\":\"speech.audio.delta\","
                                     "\"audio\":\"");
    ngx_http_aime_reply_bytes(reply, body->data, body->len);
    ngx_http_aime_reply_chars(reply, "\"}\n\n"
                                     "event: speech.audio.done\n"
                                     "data: {\"type\":\"speech.audio.done\","
                                     "\"usage\":{\"input_tokens\":0,"
                                     "\"output_tokens\":0,"
                                     "\"total_tokens\":0}}\n\n");
}


static ngx_int_t
ngx_http_aime_openai_speech_broken(ngx_http_aime_openai_call_t *call)
{
    return ngx_http_aime_openai_refuse(call, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                       NULL, NULL,
                                       "The model gave no audio");
}
