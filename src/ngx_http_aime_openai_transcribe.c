
/*
 * Transcriptions, see ngx_http_aime_openai_transcribe.h.
 *
 * Subtitles are made here of the segments that a worker tells; a format that
 * needs what the endpoint does not give is refused before the work.
 */


#include "ngx_http_aime_openai_transcribe.h"
#include "ngx_http_aime_openai_form.h"
#include "ngx_http_aime_openai_stream.h"
#include "ngx_http_aime_openai_text.h"
#include "aime_number.h"


/* of a time in subtitles, which have two digits for the hours */

#define NGX_HTTP_AIME_OPENAI_MAX_SECONDS   359999.999


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


typedef struct {
    double                       start;
    double                       end;
    ngx_str_t                    text;
} ngx_http_aime_openai_segment_t;


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
static ngx_int_t ngx_http_aime_openai_transcribe_subtitles(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply,
    ngx_uint_t vtt);
static ngx_int_t ngx_http_aime_openai_transcribe_segment(
    ngx_http_aime_openai_call_t *call, aime_json_value_t *value,
    ngx_http_aime_openai_segment_t *segment);
static ngx_int_t ngx_http_aime_openai_transcribe_seconds(
    aime_json_member_t *member, double *seconds);
static void ngx_http_aime_openai_transcribe_line(ngx_str_t *text);
static void ngx_http_aime_openai_transcribe_time(ngx_http_aime_reply_t *reply,
    double seconds, ngx_uint_t vtt);
static ngx_int_t ngx_http_aime_openai_transcribe_stream(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_park_t *park,
    const u_char *id);
static void ngx_http_aime_openai_transcribe_news(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply,
    ngx_http_aime_openai_news_t *news);
static void ngx_http_aime_openai_transcribe_end(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply);
static ngx_int_t ngx_http_aime_openai_transcribe_broken(
    ngx_http_aime_openai_call_t *call);


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
    ngx_http_aime_openai_transcribe_t  *transcribe;

    transcribe = call->data;

    switch (transcribe->format) {

    case NGX_HTTP_AIME_OPENAI_TEXT:
        return ngx_http_aime_openai_transcribe_text(call, reply);

    case NGX_HTTP_AIME_OPENAI_SRT:
        return ngx_http_aime_openai_transcribe_subtitles(call, reply, 0);

    case NGX_HTTP_AIME_OPENAI_VTT:
        return ngx_http_aime_openai_transcribe_subtitles(call, reply, 1);

    default:
        return ngx_http_aime_openai_transcribe_json(call, reply,
                   transcribe->format == NGX_HTTP_AIME_OPENAI_VERBOSE);
    }
}


static ngx_int_t
ngx_http_aime_openai_transcribe_json(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t verbose)
{
    aime_json_member_t  *text;

    text = ngx_http_aime_openai_out(call, "text");

    if (text == NULL || text->value.type != AIME_JSON_STRING) {
        return ngx_http_aime_openai_transcribe_broken(call);
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
        return (rc == NGX_DECLINED)
               ? ngx_http_aime_openai_transcribe_broken(call) : rc;
    }

    reply->type = "text/plain; charset=utf-8";

    ngx_http_aime_reply_text(reply, &text);
    ngx_http_aime_reply_chars(reply, "\n");

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_transcribe_subtitles(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, ngx_uint_t vtt)
{
    ngx_int_t                        rc;
    ngx_uint_t                       i;
    aime_json_error_t                mistake;
    aime_json_member_t              *output;
    aime_json_elements_t             segments;
    ngx_http_aime_openai_segment_t   segment;

    output = ngx_http_aime_openai_out(call, "segments");

    if (output == NULL
        || output->value.type != AIME_JSON_ARRAY
        || aime_json_elements(&call->pool, output->value.text, &segments,
                              &mistake)
           != AIME_OK)
    {
        return ngx_http_aime_openai_transcribe_broken(call);
    }

    reply->type = vtt ? "text/vtt; charset=utf-8"
                      : "application/x-subrip; charset=utf-8";

    if (vtt) {
        ngx_http_aime_reply_chars(reply, "WEBVTT\n\n");
    }

    ngx_memzero(&segment, sizeof(ngx_http_aime_openai_segment_t));

    for (i = 0; i < segments.nelts; i++) {
        rc = ngx_http_aime_openai_transcribe_segment(call, &segments.elts[i],
                                                     &segment);
        if (rc != NGX_OK) {
            return rc;
        }

        if (!vtt) {
            ngx_http_aime_reply_integer(reply, i + 1);
            ngx_http_aime_reply_chars(reply, "\n");
        }

        ngx_http_aime_openai_transcribe_time(reply, segment.start, vtt);
        ngx_http_aime_reply_chars(reply, " --> ");
        ngx_http_aime_openai_transcribe_time(reply, segment.end, vtt);
        ngx_http_aime_reply_chars(reply, "\n");
        ngx_http_aime_reply_text(reply, &segment.text);
        ngx_http_aime_reply_chars(reply, "\n\n");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_transcribe_segment(ngx_http_aime_openai_call_t *call,
    aime_json_value_t *value, ngx_http_aime_openai_segment_t *segment)
{
    u_char                *p;
    ngx_int_t              rc;
    ngx_str_t              text;
    aime_json_error_t      mistake;
    aime_json_member_t    *member;
    ngx_http_aime_args_t   members;

    if (value->type != AIME_JSON_OBJECT
        || ngx_http_aime_openai_members(call, value->text, &members, &mistake)
           != NGX_OK
        || ngx_http_aime_openai_transcribe_seconds(
               ngx_http_aime_arg(&members, "start"), &segment->start)
           != NGX_OK
        || ngx_http_aime_openai_transcribe_seconds(
               ngx_http_aime_arg(&members, "end"), &segment->end)
           != NGX_OK)
    {
        return ngx_http_aime_openai_transcribe_broken(call);
    }

    member = ngx_http_aime_arg(&members, "text");

    rc = member ? ngx_http_aime_openai_decode(call, &member->value, &text)
                : NGX_DECLINED;

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED)
               ? ngx_http_aime_openai_transcribe_broken(call) : rc;
    }

    /* it may lie within the outputs */

    p = ngx_pnalloc(call->request->pool, text.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    segment->text.data = p;
    segment->text.len = text.len;

    ngx_memcpy(p, text.data, text.len);

    ngx_http_aime_openai_transcribe_line(&segment->text);

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_transcribe_seconds(aime_json_member_t *member,
    double *seconds)
{
    aime_number_t  number;

    if (member == NULL
        || member->value.type != AIME_JSON_NUMBER
        || aime_number_parse(member->value.text, &number) != AIME_OK)
    {
        return NGX_DECLINED;
    }

    *seconds = aime_number_double(&number);

    return NGX_OK;
}


/*
 * An empty line would end the subtitle, and an arrow would be taken for the
 * times of another; models begin their segments with a space.
 */

static void
ngx_http_aime_openai_transcribe_line(ngx_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {

        if (text->data[i] < ' ') {
            text->data[i] = ' ';

        } else if (text->data[i] == '>' && i >= 2
                   && text->data[i - 1] == '-' && text->data[i - 2] == '-')
        {
            text->data[i] = ' ';
        }
    }

    while (text->len && text->data[0] == ' ') {
        text->data++;
        text->len--;
    }

    while (text->len && text->data[text->len - 1] == ' ') {
        text->len--;
    }
}


static void
ngx_http_aime_openai_transcribe_time(ngx_http_aime_reply_t *reply,
    double seconds, ngx_uint_t vtt)
{
    u_char      *p;
    ngx_uint_t   ms;

    seconds = ngx_max(seconds, 0);
    seconds = ngx_min(seconds, NGX_HTTP_AIME_OPENAI_MAX_SECONDS);

    ms = (ngx_uint_t) (seconds * 1000 + 0.5);

    p = ngx_http_aime_reply_room(reply, sizeof("00:00:00.000") - 1);

    if (p) {
        p = ngx_sprintf(p, "%02ui:%02ui:%02ui%c%03ui", ms / 3600000,
                        ms / 60000 % 60, ms / 1000 % 60, vtt ? '.' : ',',
                        ms % 1000);
        ngx_http_aime_reply_wrote(reply, p);
    }
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
    aime_json_value_t  *text;

    text = ngx_http_aime_openai_choice(call, "text", 0);

    ngx_http_aime_reply_chars(reply, "data: {\"type\":"
                                     "\"transcript.text.done\",\"text\":");

    if (text && text->type == AIME_JSON_STRING) {
        ngx_http_aime_reply_bytes(reply, text->text.data, text->text.len);

    } else {
        ngx_http_aime_reply_chars(reply, "\"\"");
    }

    ngx_http_aime_openai_transcribe_usage(call, reply);
    ngx_http_aime_reply_chars(reply, "}\n\n");
}


static ngx_int_t
ngx_http_aime_openai_transcribe_broken(ngx_http_aime_openai_call_t *call)
{
    return ngx_http_aime_openai_refuse(call, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                       NULL, NULL,
                                       "The model gave no transcription of "
                                       "that kind");
}
