/*
 * The way in.  The demuxer is the one of the format that the first bytes tell,
 * never one that libavformat guesses, and it cannot open anything: files that
 * refer to others (playlists, data references) lead nowhere.
 */

#include <math.h>
#include <string.h>

#include <libavutil/avstring.h>
#include <libavutil/opt.h>

#include "aime_mediad_codec.h"
#include "aime_mediad_input.h"
#include "aime_mediad_length.h"


/* streams of a file, of which two are read at most */
#define AIME_MEDIAD_MAX_STREAMS   64

/* of a hundred packets, those that may be damaged in formats without a sum */
#define AIME_MEDIAD_MAX_DAMAGE    2


typedef struct {
    aime_media_format_e   format;
    const char           *demuxer;
} aime_mediad_demuxer_t;


static int aime_mediad_input_format(aime_mediad_input_t *input);
static int aime_mediad_no_open(struct AVFormatContext *fmt, AVIOContext **io,
    const char *url, int flags, AVDictionary **options);
static int aime_mediad_input_streams(aime_mediad_input_t *input);
static AVStream *aime_mediad_input_find(aime_mediad_input_t *input,
    enum AVMediaType type);
static int aime_mediad_input_stream(aime_mediad_input_t *input,
    aime_mediad_stream_e which, enum AVMediaType type);
static int aime_mediad_input_packet(aime_mediad_input_t *input,
    aime_mediad_frame_pt handler, void *ctx);
static int aime_mediad_input_decode(aime_mediad_input_t *input,
    aime_mediad_stream_e which, const AVPacket *packet,
    aime_mediad_frame_pt handler, void *ctx);
static int aime_mediad_input_frame(aime_mediad_input_t *input,
    aime_mediad_stream_e which, aime_mediad_frame_pt handler, void *ctx);
static int aime_mediad_input_too_long(aime_mediad_input_t *input,
    aime_mediad_stream_t *stream);


static const aime_mediad_demuxer_t  aime_mediad_demuxers[] = {
    { AIME_MEDIA_WAV,     "wav" },
    { AIME_MEDIA_MP3,     "mp3" },
    { AIME_MEDIA_OGG,     "ogg" },
    { AIME_MEDIA_WEBM,    "matroska" },
    { AIME_MEDIA_MP4,     "mov" },
    { AIME_MEDIA_UNKNOWN, NULL }
};


int
aime_mediad_input_open(aime_mediad_input_t *input, aime_mediad_job_t *job)
{
    int  i;

    memset(input, 0, sizeof(aime_mediad_input_t));
    input->job = job;

    for (i = 0; i < AIME_MEDIAD_NSTREAMS; i++) {
        input->streams[i].start = HUGE_VAL;
        input->streams[i].end = -HUGE_VAL;
    }

    input->packet = av_packet_alloc();
    input->frame = av_frame_alloc();

    if (input->packet == NULL || input->frame == NULL
        || aime_mediad_memory_read(&input->memory, job->data, job->len) != 0)
    {
        return aime_mediad_fail(job, "no memory to read media");
    }

    if (aime_mediad_input_format(input) != AIME_MEDIAD_OK) {
        return AIME_MEDIAD_DONE;
    }

    return aime_mediad_input_streams(input);
}


void
aime_mediad_input_close(aime_mediad_input_t *input)
{
    int  i;

    for (i = 0; i < AIME_MEDIAD_NSTREAMS; i++) {
        avcodec_free_context(&input->streams[i].ctx);
    }

    avformat_close_input(&input->fmt);
    aime_mediad_memory_close(&input->memory);
    av_packet_free(&input->packet);
    av_frame_free(&input->frame);
}


static int
aime_mediad_input_format(aime_mediad_input_t *input)
{
    int                           rc;
    AVDictionary                 *options;
    AVFormatContext              *fmt;
    const aime_mediad_demuxer_t  *demuxer;

    for (demuxer = aime_mediad_demuxers; demuxer->demuxer; demuxer++) {
        if (demuxer->format == input->job->format) {
            break;
        }
    }

    fmt = avformat_alloc_context();

    if (fmt == NULL) {
        return aime_mediad_fail(input->job, "no memory to read media");
    }

    fmt->pb = input->memory.io;
    fmt->flags |= AVFMT_FLAG_CUSTOM_IO;
    fmt->io_open = aime_mediad_no_open;
    fmt->max_streams = AIME_MEDIAD_MAX_STREAMS;
    fmt->protocol_whitelist = av_strdup("");
    fmt->format_whitelist = av_strdup("wav,mp3,ogg,matroska,webm,"
                                      "mov,mp4,m4a,3gp,3g2,mj2");
    fmt->codec_whitelist = av_strdup(aime_mediad_decoders);

    options = NULL;

    if (input->job->format == AIME_MEDIA_MP4) {
        (void) av_dict_set(&options, "enable_drefs", "0", 0);
        (void) av_dict_set(&options, "use_absolute_path", "0", 0);
    }

    rc = avformat_open_input(&fmt, "", av_find_input_format(demuxer->demuxer),
                             &options);

    av_dict_free(&options);

    if (rc < 0) {

        if (rc == AVERROR(ENOMEM)) {
            return aime_mediad_fail(input->job, "not enough memory to read "
                                    "media");
        }

        return aime_mediad_refuse(input->job, "is damaged: it cannot be read "
                                  "as %s",
                                  aime_media_format_name(input->job->format));
    }

    input->fmt = fmt;

    switch (aime_mediad_length(input->job)) {

    case AIME_MEDIAD_CUT:
        return aime_mediad_refuse(input->job, "is damaged: a part of it is "
                                  "missing");

    case AIME_MEDIAD_OPEN_END:
        input->open_end = 1;
        break;

    default:
        break;
    }

    return AIME_MEDIAD_OK;
}


static int
aime_mediad_no_open(struct AVFormatContext *fmt, AVIOContext **io,
    const char *url, int flags, AVDictionary **options)
{
    (void) fmt;
    (void) url;
    (void) flags;
    (void) options;

    *io = NULL;

    return AVERROR(EPERM);
}


static int
aime_mediad_input_streams(aime_mediad_input_t *input)
{
    unsigned int        i;
    aime_mediad_job_t  *job;

    job = input->job;

    for (i = 0; i < input->fmt->nb_streams; i++) {
        input->fmt->streams[i]->discard = AVDISCARD_ALL;
    }

    if (aime_mediad_input_stream(input, AIME_MEDIAD_SOUND, AVMEDIA_TYPE_AUDIO)
        != AIME_MEDIAD_OK)
    {
        return AIME_MEDIAD_DONE;
    }

    if (job->rules.kind == AIME_MEDIA_AUDIO) {
        return input->streams[AIME_MEDIAD_SOUND].ctx
               ? AIME_MEDIAD_OK : aime_mediad_refuse(job, "holds no audio");
    }

    if (aime_mediad_input_stream(input, AIME_MEDIAD_MOVIE, AVMEDIA_TYPE_VIDEO)
        != AIME_MEDIAD_OK)
    {
        return AIME_MEDIAD_DONE;
    }

    return input->streams[AIME_MEDIAD_MOVIE].ctx
           ? AIME_MEDIAD_OK : aime_mediad_refuse(job, "holds no video");
}


/* The first of its type; cover art is none. */

static AVStream *
aime_mediad_input_find(aime_mediad_input_t *input, enum AVMediaType type)
{
    AVStream      *stream;
    unsigned int   i;

    for (i = 0; i < input->fmt->nb_streams; i++) {
        stream = input->fmt->streams[i];

        if (stream->codecpar->codec_type == type
            && !(stream->disposition & AV_DISPOSITION_ATTACHED_PIC))
        {
            return stream;
        }
    }

    return NULL;
}


static int
aime_mediad_input_stream(aime_mediad_input_t *input,
    aime_mediad_stream_e which, enum AVMediaType type)
{
    AVStream              *found;
    AVCodecParameters     *par;
    aime_mediad_stream_t  *stream;

    found = aime_mediad_input_find(input, type);

    if (found == NULL) {
        return AIME_MEDIAD_OK;
    }

    par = found->codecpar;

    if (type == AVMEDIA_TYPE_VIDEO && par->width > 0 && par->height > 0
        && (uint64_t) par->width * par->height > input->job->max_pixels)
    {
        return aime_mediad_refuse(input->job, "has %dx%d pixels, more than the "
                                  "maximum of %llu", par->width, par->height,
                                  (unsigned long long) input->job->max_pixels);
    }

    stream = &input->streams[which];

    stream->ctx = aime_mediad_decoder(input->job, par->codec_id, par);
    if (stream->ctx == NULL) {
        return AIME_MEDIAD_DONE;
    }

    stream->ctx->pkt_timebase = found->time_base;

    /* frames of MP3 lean on those before, which may have been cut off */

    if (par->codec_id == AV_CODEC_ID_MP3) {
        stream->ctx->err_recognition = 0;
    }

    stream->stream = found;
    found->discard = AVDISCARD_DEFAULT;

    return AIME_MEDIAD_OK;
}


int
aime_mediad_input_read(aime_mediad_input_t *input,
    aime_mediad_frame_pt handler, void *ctx)
{
    int                    i, rc;
    aime_mediad_stream_t  *stream;

    for ( ;; ) {
        rc = av_read_frame(input->fmt, input->packet);

        if (rc == AVERROR_EOF) {
            break;
        }

        if (rc < 0) {
            return aime_mediad_complain(input->job, rc);
        }

        rc = aime_mediad_input_packet(input, handler, ctx);

        av_packet_unref(input->packet);

        if (rc != AIME_MEDIAD_OK || input->stop) {
            return rc;
        }
    }

    for (i = 0; i < AIME_MEDIAD_NSTREAMS; i++) {
        stream = &input->streams[i];

        if (stream->ctx == NULL || (stream->once && stream->decoded)) {
            continue;
        }

        if (aime_mediad_input_decode(input, i, NULL, handler, ctx)
            != AIME_MEDIAD_OK)
        {
            return AIME_MEDIAD_DONE;
        }

        if (!stream->decoded) {
            return aime_mediad_refuse(input->job, "holds no %s that can be "
                                      "decoded", i == AIME_MEDIAD_SOUND
                                                 ? "audio" : "video");
        }
    }

    return AIME_MEDIAD_OK;
}


static int
aime_mediad_input_packet(aime_mediad_input_t *input,
    aime_mediad_frame_pt handler, void *ctx)
{
    int                    i;
    double                 base;
    AVPacket              *packet;
    aime_mediad_stream_t  *stream;

    packet = input->packet;

    if (aime_mediad_overtime(input->job) != AIME_MEDIAD_OK) {
        return AIME_MEDIAD_DONE;
    }

    for (i = 0; i < AIME_MEDIAD_NSTREAMS; i++) {
        stream = &input->streams[i];

        if (stream->ctx == NULL
            || stream->stream->index != packet->stream_index)
        {
            continue;
        }

        if ((packet->flags & AV_PKT_FLAG_CORRUPT) && !input->open_end) {
            return aime_mediad_refuse(input->job, "is damaged: a part of it is "
                                      "missing");
        }

        stream->bytes += packet->size;
        stream->packets++;

        base = av_q2d(stream->stream->time_base);
        stream->span += packet->duration * base;

        if (packet->pts != AV_NOPTS_VALUE) {
            stream->start = fmin(stream->start, packet->pts * base);
            stream->end = fmax(stream->end,
                               (packet->pts + packet->duration) * base);
        }

        if (aime_mediad_input_too_long(input, stream) != AIME_MEDIAD_OK) {
            return AIME_MEDIAD_DONE;
        }

        if (stream->once && stream->decoded) {
            return AIME_MEDIAD_OK;
        }

        return aime_mediad_input_decode(input, i, packet, handler, ctx);
    }

    return AIME_MEDIAD_OK;
}


static int
aime_mediad_input_too_long(aime_mediad_input_t *input,
    aime_mediad_stream_t *stream)
{
    double  seconds;

    seconds = stream->end - stream->start;

    if (stream->ctx->codec_type == AVMEDIA_TYPE_AUDIO
        && stream->ctx->sample_rate > 0)
    {
        seconds = (double) stream->samples / stream->ctx->sample_rate;
    }

    if (seconds > input->job->max_duration) {
        return aime_mediad_refuse(input->job, "lasts more than the maximum of "
                                  "%g seconds", input->job->max_duration);
    }

    return AIME_MEDIAD_OK;
}


static int
aime_mediad_input_decode(aime_mediad_input_t *input,
    aime_mediad_stream_e which, const AVPacket *packet,
    aime_mediad_frame_pt handler, void *ctx)
{
    int                    rc;
    aime_mediad_stream_t  *stream;

    stream = &input->streams[which];

    rc = avcodec_send_packet(stream->ctx, packet);

    for ( ;; ) {

        if (rc >= 0) {
            rc = avcodec_receive_frame(stream->ctx, input->frame);
        }

        if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF) {
            return AIME_MEDIAD_OK;
        }

        if (rc < 0) {
            stream->errors++;

            if (stream->ctx->err_recognition || rc != AVERROR_INVALIDDATA
                || stream->errors > 1 + stream->packets
                                        * AIME_MEDIAD_MAX_DAMAGE / 100)
            {
                return aime_mediad_complain(input->job, rc);
            }

            return AIME_MEDIAD_OK;
        }

        if (aime_mediad_input_frame(input, which, handler, ctx)
            != AIME_MEDIAD_OK)
        {
            return AIME_MEDIAD_DONE;
        }

        if (input->stop || stream->once) {
            return AIME_MEDIAD_OK;
        }
    }
}


static int
aime_mediad_input_frame(aime_mediad_input_t *input,
    aime_mediad_stream_e which, aime_mediad_frame_pt handler, void *ctx)
{
    int                    rc;
    AVFrame               *frame;
    aime_mediad_stream_t  *stream;

    frame = input->frame;
    stream = &input->streams[which];

    stream->decoded = 1;

    if (which == AIME_MEDIAD_SOUND) {

        if (frame->nb_samples <= 0 || frame->sample_rate <= 0
            || frame->ch_layout.nb_channels <= 0)
        {
            av_frame_unref(frame);
            return AIME_MEDIAD_OK;
        }

        stream->samples += frame->nb_samples;
    }

    rc = aime_mediad_overtime(input->job);

    if (rc == AIME_MEDIAD_OK) {
        rc = handler(ctx, which, frame);
    }

    av_frame_unref(frame);

    return rc;
}
