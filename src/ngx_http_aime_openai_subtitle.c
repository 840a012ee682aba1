
/* Subtitles, see ngx_http_aime_openai_subtitle.h. */


#include "ngx_http_aime_openai_subtitle.h"
#include "aime_number.h"


/* of a time in subtitles, which have two digits for the hours */

#define NGX_HTTP_AIME_OPENAI_MAX_SECONDS   359999.999


typedef struct {
    double                       start;
    double                       end;
    ngx_str_t                    text;
} ngx_http_aime_openai_segment_t;


static ngx_int_t ngx_http_aime_openai_subtitle_segment(
    ngx_http_aime_openai_call_t *call, aime_json_value_t *value,
    ngx_http_aime_openai_segment_t *segment);
static ngx_int_t ngx_http_aime_openai_subtitle_seconds(
    aime_json_member_t *member, double *seconds);
static void ngx_http_aime_openai_subtitle_line(ngx_str_t *text);
static void ngx_http_aime_openai_subtitle_time(ngx_http_aime_reply_t *reply,
    double seconds, ngx_uint_t vtt);


ngx_int_t
ngx_http_aime_openai_subtitles(ngx_http_aime_openai_call_t *call,
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
        return NGX_DECLINED;
    }

    reply->type = "text/plain; charset=utf-8";

    if (vtt) {
        ngx_http_aime_reply_chars(reply, "WEBVTT\n\n");
    }

    ngx_memzero(&segment, sizeof(ngx_http_aime_openai_segment_t));

    for (i = 0; i < segments.nelts; i++) {
        rc = ngx_http_aime_openai_subtitle_segment(call, &segments.elts[i],
                                                   &segment);
        if (rc != NGX_OK) {
            return rc;
        }

        if (!vtt) {
            ngx_http_aime_reply_integer(reply, i + 1);
            ngx_http_aime_reply_chars(reply, "\n");
        }

        ngx_http_aime_openai_subtitle_time(reply, segment.start, vtt);
        ngx_http_aime_reply_chars(reply, " --> ");
        ngx_http_aime_openai_subtitle_time(reply, segment.end, vtt);
        ngx_http_aime_reply_chars(reply, "\n");
        ngx_http_aime_reply_text(reply, &segment.text);
        ngx_http_aime_reply_chars(reply, "\n\n");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_subtitle_segment(ngx_http_aime_openai_call_t *call,
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
        || ngx_http_aime_openai_subtitle_seconds(
               ngx_http_aime_arg(&members, "start"), &segment->start)
           != NGX_OK
        || ngx_http_aime_openai_subtitle_seconds(
               ngx_http_aime_arg(&members, "end"), &segment->end)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    member = ngx_http_aime_arg(&members, "text");

    rc = member ? ngx_http_aime_openai_decode(call, &member->value, &text)
                : NGX_DECLINED;

    if (rc != NGX_OK) {
        return rc;
    }

    /* it may lie within the outputs */

    p = ngx_pnalloc(call->request->pool, text.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    segment->text.data = p;
    segment->text.len = text.len;

    ngx_memcpy(p, text.data, text.len);

    ngx_http_aime_openai_subtitle_line(&segment->text);

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_subtitle_seconds(aime_json_member_t *member,
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
ngx_http_aime_openai_subtitle_line(ngx_str_t *text)
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
ngx_http_aime_openai_subtitle_time(ngx_http_aime_reply_t *reply,
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
