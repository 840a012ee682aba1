
/*
 * Transcriptions, see ngx_http_aime_openai_transcribe.h.
 *
 * A format that needs what the endpoint does not give is refused before the
 * work.
 */


#include "ngx_http_aime_openai_transcribe.h"
#include "ngx_http_aime_openai_form.h"
#include "ngx_http_aime_openai_stream.h"
#include "ngx_http_aime_openai_subtitle.h"
#include "ngx_http_aime_openai_text.h"


#define NGX_HTTP_AIME_OPENAI_NO_TEXT                                          \
    "The model gave no transcription of that kind"


typedef enum {
    NGX_HTTP_AIME_OPENAI_JSON = 0,
    NGX_HTTP_AIME_OPENAI_VERBOSE,
    NGX_HTTP_AIME_OPENAI_TEXT,
    NGX_HTTP_AIME_OPENAI_SRT,
    NGX_HTTP_AIME_OPENAI_VTT
} ngx_http_aime_openai_format_e;


/* output: what the endpoint must give; NULL: a text is enough */

typedef struct {
    ngx_str_t                    name;
    ngx_uint_t                   format; /* ngx_http_aime_openai_format_e */
    const char                  *output;
} ngx_http_aime_openai_format_t;


/* Lasts longer than the request's fields. */

typedef struct {
    ngx_uint_t                   format;
} ngx_http_aime_openai_transcribe_t;


static ngx_int_t ngx_http_aime_openai_transcribe_inputs(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_transcribe_format(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_transcribe_lacks(
    ngx_http_aime_openai_call_t *call, const char *param,
    const char *output);
static ngx_int_t ngx_http_aime_openai_transcribe_times(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_transcribe_result(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply);
static ngx_int_t ngx_http_aime_openai_transcribe_json(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply,
    ngx_uint_t verbose);
static void ngx_http_aime_openai_transcribe_output(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply,
    const char *key, const char *name, ngx_uint_t required);
static void ngx_http_aime_openai_transcribe_usage(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply);
static ngx_int_t ngx_http_aime_openai_transcribe_text(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply);
static ngx_int_t ngx_http_aime_openai_transcribe_stream(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_park_t *park,
    const u_char *id);
static void ngx_http_aime_openai_transcribe_news(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply,
    ngx_http_aime_openai_news_t *news);
static void ngx_http_aime_openai_transcribe_end(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply);


static ngx_http_aime_openai_format_t
    ngx_http_aime_openai_transcribe_formats[] =
{
    { ngx_string("json"), NGX_HTTP_AIME_OPENAI_JSON, NULL },
    { ngx_string("verbose_json"), NGX_HTTP_AIME_OPENAI_VERBOSE, NULL },
    { ngx_string("text"), NGX_HTTP_AIME_OPENAI_TEXT, NULL },
    { ngx_string("srt"), NGX_HTTP_AIME_OPENAI_SRT, "segments" },
    { ngx_string("vtt"), NGX_HTTP_AIME_OPENAI_VTT, "segments" },
    { ngx_null_string, 0, NULL }
};

static const char  *ngx_http_aime_openai_transcribe_own[] = {
    "file", "response_format", "timestamp_granularities", "temperature",
    "chunking_strategy", "include", NULL
};

static const ngx_http_aime_openai_neutral_t
    ngx_http_aime_openai_transcribe_neutrals[] =
{
    { "temperature", "0" },
    { "chunking_strategy", "auto" },
    { "include", "[]" },
    { NULL, NULL }
};

static const ngx_http_aime_openai_pen_t  ngx_http_aime_openai_transcribe_pen =
{
    NULL,                                   /* begin */
    ngx_http_aime_openai_transcribe_news,
    ngx_http_aime_openai_transcribe_end,
    NULL,                                   /* fail */
    NULL,                                   /* state */
    NULL                                    /* report */
};

static const ngx_http_aime_openai_way_t  ngx_http_aime_openai_transcribe_way =
{
    NGX_HTTP_AIME_OPENAI_TRANSCRIPTION,
    ngx_http_aime_openai_transcribe_own,
    ngx_http_aime_openai_form_fields,
    ngx_http_aime_openai_transcribe_inputs,
    ngx_http_aime_openai_transcribe_result,
    ngx_http_aime_openai_transcribe_stream,
    NULL                                    /* submitted */
};


ngx_int_t
ngx_http_aime_openai_transcribe(ngx_http_request_t *r)
{
    return ngx_http_aime_openai_serve(r, &ngx_http_aime_openai_transcribe_way);
}


static ngx_int_t
ngx_http_aime_openai_transcribe_inputs(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t                     rc;
    ngx_http_aime_openai_file_t  *file;

    file = call->data;

    call->data = ngx_pcalloc(call->request->pool,
                             sizeof(ngx_http_aime_openai_transcribe_t));
    if (call->data == NULL) {
        return NGX_ERROR;
    }

    if (file == NULL) {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, "file",
                                           "missing_required_parameter",
                                           "Missing required parameter: "
                                           "'file'");
    }

    rc = ngx_http_aime_openai_transcribe_format(call);

    if (rc == NGX_OK) {
        rc = ngx_http_aime_openai_transcribe_times(call);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_aime_openai_map_own(call,
                                    ngx_http_aime_openai_transcribe_neutrals);
    }

    return (rc == NGX_OK) ? ngx_http_aime_openai_form_put(call, file) : rc;
}


static ngx_int_t
ngx_http_aime_openai_transcribe_format(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t                           rc;
    ngx_str_t                           name;
    ngx_http_aime_openai_format_t      *format;
    ngx_http_aime_openai_transcribe_t  *transcribe;

    transcribe = call->data;

    rc = ngx_http_aime_openai_get_text(call, "response_format", &name);

    if (rc != NGX_OK) {
        return (rc == NGX_ABORT) ? NGX_OK : rc;
    }

    for (format = ngx_http_aime_openai_transcribe_formats; format->name.len;
         format++)
    {
        if (format->name.len != name.len
            || ngx_memcmp(format->name.data, name.data, name.len) != 0)
        {
            continue;
        }

        transcribe->format = format->format;

        if (call->streams && transcribe->format != NGX_HTTP_AIME_OPENAI_JSON) {
            break;
        }

        return format->output
               ? ngx_http_aime_openai_transcribe_lacks(call, "response_format",
                                                       format->output)
               : NGX_OK;
    }

    return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST,
                                       "response_format", "invalid_value",
                                       "Invalid value for 'response_format': "
                                       "expected %s",
                                       call->streams
                                       ? "'json' for a stream"
                                       : "'json', 'verbose_json', 'text', "
                                         "'srt' or 'vtt'");
}


/* Refuses a request for what the endpoint never gives; else NGX_OK. */

static ngx_int_t
ngx_http_aime_openai_transcribe_lacks(ngx_http_aime_openai_call_t *call,
    const char *param, const char *output)
{
    if (ngx_http_aime_openai_output(call->service, output).len) {
        return NGX_OK;
    }

    return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, param,
                                       "unsupported_value",
                                       "Unsupported value for '%s': this "
                                       "model gives no %s", param, output);
}


static ngx_int_t
ngx_http_aime_openai_transcribe_times(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t              rc;
    ngx_uint_t             i;
    aime_str_t             text;
    const char            *output;
    aime_json_member_t    *field;
    aime_json_elements_t   times;

    field = ngx_http_aime_openai_field_of(call, "timestamp_granularities");

    if (field == NULL) {
        return NGX_OK;
    }

    rc = ngx_http_aime_openai_get_list(call, "timestamp_granularities[]",
                                       &field->value, &times);
    if (rc != NGX_OK) {
        return rc;
    }

    for (i = 0; i < times.nelts; i++) {
        text = times.elts[i].text;

        if (text.len == 6 && ngx_memcmp(text.data, "\"word\"", 6) == 0) {
            output = "words";

        } else if (text.len == 9
                   && ngx_memcmp(text.data, "\"segment\"", 9) == 0)
        {
            output = "segments";

        } else {
            return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST,
                                               "timestamp_granularities[]",
                                               "invalid_value",
                                               "Invalid value for "
                                               "'timestamp_granularities[]': "
                                               "expected 'word' or "
                                               "'segment'");
        }

        rc = ngx_http_aime_openai_transcribe_lacks(call,
                                                   "timestamp_granularities[]",
                                                   output);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    /* an endpoint that need not be told gives them anyway */

    return ngx_http_aime_openai_input(call->service, "timestamp_granularities",
                                      sizeof("timestamp_granularities") - 1)
           ? ngx_http_aime_openai_put(call, "timestamp_granularities",
                                      &field->value)
           : NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_transcribe_result(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    ngx_int_t                           rc;
    ngx_http_aime_openai_transcribe_t  *transcribe;

    transcribe = call->data;

    switch (transcribe->format) {

    case NGX_HTTP_AIME_OPENAI_TEXT:
        rc = ngx_http_aime_openai_transcribe_text(call, reply);
        break;

    case NGX_HTTP_AIME_OPENAI_SRT:
        rc = ngx_http_aime_openai_subtitles(call, reply, 0);
        break;

    case NGX_HTTP_AIME_OPENAI_VTT:
        rc = ngx_http_aime_openai_subtitles(call, reply, 1);
        break;

    default:
        rc = ngx_http_aime_openai_transcribe_json(call, reply,
                 transcribe->format == NGX_HTTP_AIME_OPENAI_VERBOSE);
    }

    if (rc != NGX_DECLINED) {
        return rc;
    }

    return ngx_http_aime_openai_refuse(call, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                       NULL, NULL,
                                       NGX_HTTP_AIME_OPENAI_NO_TEXT);
}


static ngx_int_t
ngx_http_aime_openai_transcribe_json(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t verbose)
{
    aime_json_member_t  *text;

    text = ngx_http_aime_openai_out(call, "text");

    if (text == NULL || text->value.type != AIME_JSON_STRING) {
        return NGX_DECLINED;
    }

    ngx_http_aime_reply_chars(reply, "{\"text\":");
    ngx_http_aime_reply_bytes(reply, text->value.text.data,
                              text->value.text.len);

    if (verbose) {
        ngx_http_aime_reply_chars(reply, ",\"task\":\"transcribe\"");
        ngx_http_aime_openai_transcribe_output(call, reply, ",\"language\":",
                                               "language", 1);
        ngx_http_aime_openai_transcribe_output(call, reply, ",\"duration\":",
                                               "duration", 1);
        ngx_http_aime_openai_transcribe_output(call, reply, ",\"segments\":",
                                               "segments", 0);
        ngx_http_aime_openai_transcribe_output(call, reply, ",\"words\":",
                                               "words", 0);
    }

    ngx_http_aime_openai_transcribe_usage(call, reply);
    ngx_http_aime_reply_chars(reply, "}");

    return NGX_OK;
}


static void
ngx_http_aime_openai_transcribe_output(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, const char *key, const char *name,
    ngx_uint_t required)
{
    aime_json_member_t  *output;

    output = ngx_http_aime_openai_out(call, name);

    if (output) {
        ngx_http_aime_reply_chars(reply, key);
        ngx_http_aime_reply_bytes(reply, output->value.text.data,
                                  output->value.text.len);

    } else if (required) {
        ngx_http_aime_reply_chars(reply, key);
        ngx_http_aime_reply_chars(reply, "null");
    }
}


/* In tokens, or else in seconds, as the worker tells. */

static void
ngx_http_aime_openai_transcribe_usage(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    ngx_uint_t           input, output, told;
    aime_json_member_t  *duration;

    told = 0;

    input = ngx_http_aime_openai_tokens(call, "prompt_tokens", &told);
    output = ngx_http_aime_openai_tokens(call, "completion_tokens", &told);

    if (told) {
        ngx_http_aime_reply_chars(reply, ",\"usage\":{\"type\":\"tokens\","
                                         "\"input_tokens\":");
        ngx_http_aime_reply_integer(reply, input);
        ngx_http_aime_reply_chars(reply, ",\"output_tokens\":");
        ngx_http_aime_reply_integer(reply, output);
        ngx_http_aime_reply_chars(reply, ",\"total_tokens\":");
        ngx_http_aime_reply_integer(reply, input + output);
        ngx_http_aime_reply_chars(reply, "}");
        return;
    }

    duration = ngx_http_aime_openai_out(call, "duration");

    if (duration && duration->value.type == AIME_JSON_NUMBER) {
        ngx_http_aime_reply_chars(reply, ",\"usage\":{\"type\":\"duration\","
                                         "\"seconds\":");
        ngx_http_aime_reply_bytes(reply, duration->value.text.data,
                                  duration->value.text.len);
        ngx_http_aime_reply_chars(reply, "}");
    }
}


static ngx_int_t
ngx_http_aime_openai_transcribe_text(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    ngx_int_t            rc;
    ngx_str_t            text;
    aime_json_member_t  *output;

    output = ngx_http_aime_openai_out(call, "text");

    rc = output ? ngx_http_aime_openai_decode(call, &output->value, &text)
                : NGX_DECLINED;

    if (rc != NGX_OK) {
        return rc;
    }

    reply->type = "text/plain; charset=utf-8";

    ngx_http_aime_reply_text(reply, &text);
    ngx_http_aime_reply_chars(reply, "\n");

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_transcribe_stream(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_park_t *park,
    const u_char *id)
{
    return ngx_http_aime_openai_stream(r, park, id,
                                       &ngx_http_aime_openai_transcribe_pen,
                                       0);
}


static void
ngx_http_aime_openai_transcribe_news(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_http_aime_openai_news_t *news)
{
    ngx_str_t  text;

    if (news->text.len == 0) {
        return;
    }

    text.data = (u_char *) news->text.data;
    text.len = news->text.len;

    ngx_http_aime_reply_chars(reply, "data: {\"type\":"
                                     "\"transcript.text.delta\",\"delta\":");
    ngx_http_aime_reply_string(reply, &text);
    ngx_http_aime_reply_chars(reply, "}\n\n");
}


static void
ngx_http_aime_openai_transcribe_end(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    ngx_str_t           error;
    aime_json_value_t  *text;

    text = ngx_http_aime_openai_choice(call, "text", 0);

    if (text == NULL || text->type != AIME_JSON_STRING) {
        ngx_str_set(&error, NGX_HTTP_AIME_OPENAI_NO_TEXT);

        ngx_http_aime_reply_chars(reply, "data: ");
        ngx_http_aime_reply_error(reply, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                  &error, 1);
        ngx_http_aime_reply_chars(reply, "\n\n");
        return;
    }

    ngx_http_aime_reply_chars(reply, "data: {\"type\":"
                                     "\"transcript.text.done\",\"text\":");

    ngx_http_aime_reply_bytes(reply, text->text.data, text->text.len);
    ngx_http_aime_openai_transcribe_usage(call, reply);
    ngx_http_aime_reply_chars(reply, "}\n\n");
}
