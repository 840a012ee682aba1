/*
 * The way out: one encoder for sound, one for pictures, and a muxer that
 * writes to memory.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/audio_fifo.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>

#include "aime_mediad_codec.h"
#include "aime_mediad_memory.h"
#include "aime_mediad_output.h"


/* samples a packet where the encoder takes any number */
#define AIME_MEDIAD_CHUNK       4096

/* bits a pixel of a frame that VP8, which wants a rate, may use */
#define AIME_MEDIAD_VP8_BITS    0.15

#define AIME_MEDIAD_MAX_FPS     240

/* of 10; each sample rate has bit rates of its own that Vorbis refuses */
#define AIME_MEDIAD_VORBIS_QUALITY  5


typedef struct {
    aime_media_format_e   format;
    const char           *muxer;
    const char           *sound;
    const char           *movie;
    AVRational            time_base;    /* of pictures; 0: their rate */
    int                   channels;
} aime_mediad_muxer_t;


struct aime_mediad_output_s {
    aime_mediad_job_t          *job;
    aime_mediad_target_t        target;
    const aime_mediad_muxer_t  *muxer;

    aime_mediad_memory_t        memory;
    AVFormatContext            *fmt;
    AVPacket                   *packet;

    AVCodecContext             *sound;
    AVStream                   *sound_stream;
    SwrContext                 *swr;
    AVAudioFifo                *fifo;
    AVFrame                    *samples;
    int64_t                     first_sample;
    int64_t                     taken;          /* into the fifo */
    int64_t                     sent;           /* to the encoder */
    int                         in_rate;
    int                         in_format;
    int                         in_channels;

    AVCodecContext             *movie;
    AVStream                   *movie_stream;
    AVFrame                    *last;           /* of a constant rate */
    int64_t                     last_pts;
    int                         in_width;
    int                         in_height;

    unsigned                    begun:1;        /* the first sound is in */
    unsigned                    sound_full:1;
    unsigned                    movie_full:1;
};


static int aime_mediad_output_begin(aime_mediad_output_t *output);
static const char *aime_mediad_sound_name(aime_mediad_output_t *output);
static int aime_mediad_output_add_sound(aime_mediad_output_t *output);
static int aime_mediad_output_add_movie(aime_mediad_output_t *output);
static void aime_mediad_output_tune(aime_mediad_output_t *output,
    AVCodecContext *ctx);
static enum AVSampleFormat aime_mediad_sample_format(const AVCodec *codec);
static AVStream *aime_mediad_output_add(aime_mediad_output_t *output,
    AVCodecContext *ctx);
static int aime_mediad_resampler(aime_mediad_output_t *output,
    const AVFrame *frame);
static int aime_mediad_resample(aime_mediad_output_t *output,
    const AVFrame *frame);
static int aime_mediad_drain(aime_mediad_output_t *output, int all);
static int aime_mediad_samples(aime_mediad_output_t *output, int n);
static int aime_mediad_output_picture(aime_mediad_output_t *output,
    AVFrame *frame, int64_t pts);
static int aime_mediad_encode(aime_mediad_output_t *output,
    AVCodecContext *ctx, AVStream *stream, const AVFrame *frame);
static int aime_mediad_output_error(aime_mediad_output_t *output, int error);
static const aime_mediad_muxer_t *aime_mediad_muxer(
    aime_media_format_e format);


static const aime_mediad_muxer_t  aime_mediad_muxers[] = {
    { AIME_MEDIA_WAV,  "wav",  NULL,         NULL,        { 0, 1 }, 64 },
    { AIME_MEDIA_MP3,  "mp3",  "libmp3lame", NULL,        { 0, 1 }, 2 },
    { AIME_MEDIA_OGG,  "ogg",  "libvorbis",  "libtheora", { 0, 1 }, 8 },
    { AIME_MEDIA_WEBM, "webm", "libopus",    "libvpx",    { 1, 1000 }, 8 },
    { AIME_MEDIA_MP4,  "mp4",  "aac",        "libx264",   { 1, 90000 }, 8 },
    { AIME_MEDIA_UNKNOWN, NULL, NULL, NULL, { 0, 1 }, 0 }
};


aime_mediad_output_t *
aime_mediad_output_open(aime_mediad_job_t *job,
    const aime_mediad_target_t *target)
{
    int                    rc;
    aime_mediad_output_t  *output;

    output = calloc(1, sizeof(aime_mediad_output_t));

    if (output == NULL) {
        (void) aime_mediad_fail(job, "no memory to encode");
        return NULL;
    }

    output->job = job;
    output->target = *target;
    output->muxer = aime_mediad_muxer(target->format);
    output->last_pts = -1;

    rc = aime_mediad_output_begin(output);

    if (rc == AIME_MEDIAD_OK && target->sound) {
        rc = aime_mediad_output_add_sound(output);
    }

    if (rc == AIME_MEDIAD_OK && target->movie) {
        rc = aime_mediad_output_add_movie(output);
    }

    if (rc == AIME_MEDIAD_OK) {
        rc = avformat_write_header(output->fmt, NULL);

        if (rc < 0) {
            (void) aime_mediad_output_error(output, rc);
        }
    }

    if (rc < 0) {
        aime_mediad_output_close(output);
        return NULL;
    }

    return output;
}


void
aime_mediad_output_close(aime_mediad_output_t *output)
{
    if (output == NULL) {
        return;
    }

    avcodec_free_context(&output->sound);
    avcodec_free_context(&output->movie);
    av_frame_free(&output->samples);
    av_frame_free(&output->last);
    swr_free(&output->swr);

    if (output->fifo) {
        av_audio_fifo_free(output->fifo);
    }

    avformat_free_context(output->fmt);
    aime_mediad_memory_close(&output->memory);
    av_free(output->memory.data);
    av_packet_free(&output->packet);

    free(output);
}


static int
aime_mediad_output_begin(aime_mediad_output_t *output)
{
    output->packet = av_packet_alloc();

    if (output->packet == NULL
        || aime_mediad_memory_write(&output->memory, output->job->max_size)
           != 0
        || avformat_alloc_output_context2(&output->fmt, NULL,
                                          output->muxer->muxer, NULL)
           < 0)
    {
        return aime_mediad_fail(output->job, "no memory to write media");
    }

    output->fmt->pb = output->memory.io;
    output->fmt->flags |= AVFMT_FLAG_CUSTOM_IO|AVFMT_FLAG_BITEXACT;

    return AIME_MEDIAD_OK;
}


static const char *
aime_mediad_sound_name(aime_mediad_output_t *output)
{
    if (output->target.vorbis) {
        return "libvorbis";
    }

    if (output->muxer->sound) {
        return output->muxer->sound;
    }

    switch (output->target.depth) {

    case 8:
        return "pcm_u8";

    case 24:
        return "pcm_s24le";

    case 32:
        return output->target.real ? "pcm_f32le" : "pcm_s32le";

    default: /* 16 */
        return "pcm_s16le";
    }
}


static int
aime_mediad_output_add_sound(aime_mediad_output_t *output)
{
    int              rc;
    AVCodecContext  *ctx;

    ctx = aime_mediad_encoder(output->job, aime_mediad_sound_name(output));
    if (ctx == NULL) {
        return AIME_MEDIAD_DONE;
    }

    output->sound = ctx;

    ctx->sample_rate = output->target.rate;
    ctx->sample_fmt = aime_mediad_sample_format(ctx->codec);
    ctx->time_base = (AVRational) { 1, output->target.rate };
    av_channel_layout_default(&ctx->ch_layout, output->target.channels);

    if (output->target.bit_rate) {
        ctx->bit_rate = output->target.bit_rate;

    } else if (ctx->codec_id == AV_CODEC_ID_VORBIS) {
        ctx->flags |= AV_CODEC_FLAG_QSCALE;
        ctx->global_quality = FF_QP2LAMBDA * AIME_MEDIAD_VORBIS_QUALITY;
    }

    /* a variable rate is far off in short sound */

    if (output->target.bounded && ctx->codec_id == AV_CODEC_ID_OPUS) {
        (void) av_opt_set(ctx->priv_data, "vbr", "off", 0);
    }

    if (output->fmt->oformat->flags & AVFMT_GLOBALHEADER) {
        ctx->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    }

    rc = avcodec_open2(ctx, ctx->codec, NULL);

    if (rc < 0) {
        return aime_mediad_refuse(output->job, "with a sample rate of %d, %d "
                                  "channels and %d bits per second cannot be "
                                  "stored as %s", output->target.rate,
                                  output->target.channels,
                                  output->target.bit_rate,
                                  aime_media_format_name(
                                                     output->target.format));
    }

    output->sound_stream = aime_mediad_output_add(output, ctx);
    output->samples = av_frame_alloc();
    output->fifo = av_audio_fifo_alloc(ctx->sample_fmt,
                                       ctx->ch_layout.nb_channels,
                                       AIME_MEDIAD_CHUNK);

    return output->sound_stream && output->samples && output->fifo
           ? AIME_MEDIAD_OK
           : aime_mediad_fail(output->job, "no memory to encode sound");
}


/* Floating point where the encoder has it: nothing is clipped on the way. */

static enum AVSampleFormat
aime_mediad_sample_format(const AVCodec *codec)
{
    unsigned int                i;
    const enum AVSampleFormat  *format, *formats;

    static const enum AVSampleFormat  preferred[] = {
        AV_SAMPLE_FMT_FLTP, AV_SAMPLE_FMT_FLT
    };

    formats = aime_mediad_encoder_samples(codec);

    if (formats == NULL) {
        return preferred[0];
    }

    for (i = 0; i < 2; i++) {
        for (format = formats; *format != AV_SAMPLE_FMT_NONE; format++) {
            if (*format == preferred[i]) {
                return *format;
            }
        }
    }

    return formats[0];
}


static int
aime_mediad_output_add_movie(aime_mediad_output_t *output)
{
    int                    rc;
    AVCodecContext        *ctx;
    aime_mediad_target_t  *target;

    target = &output->target;

    if (target->frame_rate.num <= 0 || target->frame_rate.den <= 0
        || av_q2d(target->frame_rate) > AIME_MEDIAD_MAX_FPS)
    {
        target->frame_rate = (AVRational) { 25, 1 };
    }

    ctx = aime_mediad_encoder(output->job, output->muxer->movie);
    if (ctx == NULL) {
        return AIME_MEDIAD_DONE;
    }

    output->movie = ctx;

    ctx->width = target->size.width;
    ctx->height = target->size.height;
    ctx->pix_fmt = target->change.pixels;
    ctx->framerate = target->frame_rate;
    ctx->time_base = output->muxer->time_base.num
                     ? output->muxer->time_base
                     : av_inv_q(target->frame_rate);

    aime_mediad_output_tune(output, ctx);

    if (output->fmt->oformat->flags & AVFMT_GLOBALHEADER) {
        ctx->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    }

    rc = avcodec_open2(ctx, ctx->codec, NULL);

    if (rc < 0) {
        return aime_mediad_refuse(output->job, "with a size of %dx%d cannot be "
                                  "stored as %s", ctx->width, ctx->height,
                                  aime_media_format_name(target->format));
    }

    output->movie_stream = aime_mediad_output_add(output, ctx);

    return output->movie_stream
           ? AIME_MEDIAD_OK
           : aime_mediad_fail(output->job, "no memory to encode pictures");
}


/* Good pictures soon, rather than the best after a while. */

static void
aime_mediad_output_tune(aime_mediad_output_t *output, AVCodecContext *ctx)
{
    double  pixels;

    switch (output->target.format) {

    case AIME_MEDIA_MP4:
        (void) av_opt_set(ctx->priv_data, "preset", "veryfast", 0);
        (void) av_opt_set(ctx->priv_data, "crf", "20", 0);
        break;

    case AIME_MEDIA_WEBM:
        pixels = (double) ctx->width * ctx->height
                 * av_q2d(output->target.frame_rate);
        ctx->bit_rate = 200000 + (int64_t) (pixels * AIME_MEDIAD_VP8_BITS);
        (void) av_opt_set(ctx->priv_data, "deadline", "good", 0);
        (void) av_opt_set(ctx->priv_data, "cpu-used", "5", 0);
        (void) av_opt_set(ctx->priv_data, "crf", "8", 0);
        break;

    default: /* AIME_MEDIA_OGG */
        ctx->flags |= AV_CODEC_FLAG_QSCALE;
        ctx->global_quality = FF_QP2LAMBDA * 8;
    }
}


static AVStream *
aime_mediad_output_add(aime_mediad_output_t *output, AVCodecContext *ctx)
{
    AVStream  *stream;

    stream = avformat_new_stream(output->fmt, NULL);

    if (stream == NULL
        || avcodec_parameters_from_context(stream->codecpar, ctx) < 0)
    {
        return NULL;
    }

    stream->time_base = ctx->time_base;

    if (ctx->codec_type == AVMEDIA_TYPE_VIDEO) {
        stream->avg_frame_rate = output->target.frame_rate;
    }

    return stream;
}


int
aime_mediad_output_sound(aime_mediad_output_t *output, const AVFrame *frame,
    double seconds)
{
    int  rc;

    if (output->sound_full) {
        return AIME_MEDIAD_OK;
    }

    rc = aime_mediad_resampler(output, frame);

    if (rc != AIME_MEDIAD_OK) {
        return rc;
    }

    if (!output->begun) {
        output->begun = 1;
        output->first_sample = seconds > 0
                               ? llround(seconds * output->target.rate) : 0;
    }

    rc = aime_mediad_resample(output, frame);

    return rc == AIME_MEDIAD_OK ? aime_mediad_drain(output, 0) : rc;
}


static int
aime_mediad_resampler(aime_mediad_output_t *output, const AVFrame *frame)
{
    int              rc;
    AVChannelLayout  layout;

    if (output->swr) {

        if (frame->sample_rate != output->in_rate
            || frame->format != output->in_format
            || frame->ch_layout.nb_channels != output->in_channels)
        {
            return aime_mediad_refuse(output->job, "changes its sample rate or "
                                      "channels on the way");
        }

        return AIME_MEDIAD_OK;
    }

    output->in_rate = frame->sample_rate;
    output->in_format = frame->format;
    output->in_channels = frame->ch_layout.nb_channels;

    memset(&layout, 0, sizeof(layout));

    if (frame->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC) {
        av_channel_layout_default(&layout, output->in_channels);
        rc = 0;

    } else {
        rc = av_channel_layout_copy(&layout, &frame->ch_layout);
    }

    if (rc >= 0) {
        rc = swr_alloc_set_opts2(&output->swr, &output->sound->ch_layout,
                                 output->sound->sample_fmt,
                                 output->target.rate, &layout,
                                 output->in_format, output->in_rate, 0, NULL);
    }

    if (rc >= 0) {
        rc = swr_init(output->swr);
    }

    av_channel_layout_uninit(&layout);

    if (rc == AVERROR(ENOMEM)) {
        return aime_mediad_fail(output->job, "no memory to resample");
    }

    return rc >= 0 ? AIME_MEDIAD_OK
                   : aime_mediad_refuse(output->job, "with %d channels at a "
                                        "sample rate of %d cannot be resampled",
                                        output->in_channels, output->in_rate);
}


/* Into the fifo; without a frame, what the filter still holds. */

static int
aime_mediad_resample(aime_mediad_output_t *output, const AVFrame *frame)
{
    int        rc, room;
    int64_t    left;
    double     max;
    AVFrame   *out;

    room = swr_get_out_samples(output->swr, frame ? frame->nb_samples : 0);

    if (room <= 0) {
        return AIME_MEDIAD_OK;
    }

    out = output->samples;
    out->format = output->sound->sample_fmt;
    out->sample_rate = output->target.rate;
    out->nb_samples = room;

    rc = av_channel_layout_copy(&out->ch_layout, &output->sound->ch_layout);

    if (rc >= 0) {
        rc = av_frame_get_buffer(out, 0);
    }

    if (rc >= 0) {
        rc = swr_convert(output->swr, out->extended_data, room,
                         frame ? (const uint8_t **) frame->extended_data
                               : NULL,
                         frame ? frame->nb_samples : 0);
    }

    if (rc > 0) {
        max = output->target.max_seconds * output->target.rate;
        left = max < 1e15 ? llround(max) - output->first_sample - output->taken
                          : INT64_MAX;

        if (rc >= left) {
            rc = left > 0 ? (int) left : 0;
            output->sound_full = 1;
        }

        output->taken += rc;
        rc = av_audio_fifo_write(output->fifo, (void **) out->extended_data,
                                 rc);
    }

    av_frame_unref(out);

    return rc >= 0 ? AIME_MEDIAD_OK
                   : aime_mediad_fail(output->job, "no memory to resample");
}


/* Whole packets to the encoder; all: what is left as well. */

static int
aime_mediad_drain(aime_mediad_output_t *output, int all)
{
    int  n, size;

    size = output->sound->frame_size ? output->sound->frame_size
                                     : AIME_MEDIAD_CHUNK;

    for ( ;; ) {
        n = av_audio_fifo_size(output->fifo);

        if (n == 0 || (n < size && !all)) {
            return AIME_MEDIAD_OK;
        }

        if (aime_mediad_samples(output, n < size ? n : size)
            != AIME_MEDIAD_OK)
        {
            return AIME_MEDIAD_DONE;
        }
    }
}


static int
aime_mediad_samples(aime_mediad_output_t *output, int n)
{
    int       rc;
    AVFrame  *frame;

    frame = output->samples;

    frame->format = output->sound->sample_fmt;
    frame->sample_rate = output->target.rate;
    frame->nb_samples = n;
    frame->pts = output->first_sample + output->sent;

    rc = av_channel_layout_copy(&frame->ch_layout, &output->sound->ch_layout);

    if (rc >= 0) {
        rc = av_frame_get_buffer(frame, 0);
    }

    if (rc < 0
        || av_audio_fifo_read(output->fifo, (void **) frame->extended_data, n)
           != n)
    {
        av_frame_unref(frame);
        return aime_mediad_fail(output->job, "no memory to encode sound");
    }

    output->sent += n;

    rc = aime_mediad_encode(output, output->sound, output->sound_stream,
                            frame);

    av_frame_unref(frame);

    return rc;
}


int
aime_mediad_output_movie(aime_mediad_output_t *output, const AVFrame *frame,
    double seconds)
{
    int       rc;
    int64_t   pts;
    AVFrame  *picture;

    if (output->in_width == 0) {
        output->in_width = frame->width;
        output->in_height = frame->height;
    }

    if (frame->width != output->in_width
        || frame->height != output->in_height)
    {
        return aime_mediad_refuse(output->job, "changes its size on the way");
    }

    if (seconds >= output->target.max_seconds - 0.0005) {
        output->movie_full = 1;
        return AIME_MEDIAD_OK;
    }

    pts = llround((seconds > 0 ? seconds : 0)
                  / av_q2d(output->movie->time_base));

    if (pts <= output->last_pts) {

        /* at a constant rate it comes too soon, else it gets the next tick */

        if (output->muxer->time_base.num == 0) {
            return AIME_MEDIAD_OK;
        }

        pts = output->last_pts + 1;
    }

    picture = aime_mediad_picture(frame, &output->target.change);

    if (picture == NULL) {
        return aime_mediad_fail(output->job, "no memory to convert a picture");
    }

    rc = AIME_MEDIAD_OK;

    /* a constant rate has no gaps */

    while (rc == AIME_MEDIAD_OK && output->muxer->time_base.num == 0
           && output->last && output->last_pts + 1 < pts)
    {
        rc = aime_mediad_output_picture(output, output->last,
                                        output->last_pts + 1);
    }

    if (rc == AIME_MEDIAD_OK) {
        rc = aime_mediad_output_picture(output, picture, pts);
    }

    av_frame_free(&output->last);
    output->last = picture;

    return rc;
}


static int
aime_mediad_output_picture(aime_mediad_output_t *output, AVFrame *frame,
    int64_t pts)
{
    frame->pts = pts;
    frame->pict_type = AV_PICTURE_TYPE_NONE;
    output->last_pts = pts;

    if (aime_mediad_overtime(output->job) != AIME_MEDIAD_OK) {
        return AIME_MEDIAD_DONE;
    }

    return aime_mediad_encode(output, output->movie, output->movie_stream,
                              frame);
}


int
aime_mediad_output_enough(const aime_mediad_output_t *output)
{
    return (output->sound == NULL || output->sound_full)
           && (output->movie == NULL || output->movie_full);
}


static int
aime_mediad_encode(aime_mediad_output_t *output, AVCodecContext *ctx,
    AVStream *stream, const AVFrame *frame)
{
    int        rc;
    AVPacket  *packet;

    packet = output->packet;
    rc = avcodec_send_frame(ctx, frame);

    for ( ;; ) {

        if (rc >= 0) {
            rc = avcodec_receive_packet(ctx, packet);
        }

        if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF) {
            return AIME_MEDIAD_OK;
        }

        if (rc >= 0) {

            if (packet->duration == 0 && ctx->codec_type == AVMEDIA_TYPE_VIDEO)
            {
                packet->duration = av_rescale_q(1,
                                       av_inv_q(output->target.frame_rate),
                                       ctx->time_base);
            }

            av_packet_rescale_ts(packet, ctx->time_base, stream->time_base);
            packet->stream_index = stream->index;

            rc = av_interleaved_write_frame(output->fmt, packet);
        }

        if (rc >= 0 && output->memory.io->error < 0) {
            rc = output->memory.io->error;
        }

        if (rc < 0) {
            return aime_mediad_output_error(output, rc);
        }
    }
}


int
aime_mediad_output_finish(aime_mediad_output_t *output)
{
    int                 rc;
    aime_mediad_job_t  *job;

    job = output->job;
    rc = AIME_MEDIAD_OK;

    if (output->sound) {

        if (output->swr && !output->sound_full) {
            rc = aime_mediad_resample(output, NULL);
        }

        if (rc == AIME_MEDIAD_OK) {
            rc = aime_mediad_drain(output, 1);
        }

        if (rc == AIME_MEDIAD_OK) {
            rc = aime_mediad_encode(output, output->sound,
                                    output->sound_stream, NULL);
        }
    }

    if (rc == AIME_MEDIAD_OK && output->movie) {
        rc = aime_mediad_encode(output, output->movie, output->movie_stream,
                                NULL);
    }

    if (rc != AIME_MEDIAD_OK) {
        return rc;
    }

    rc = av_write_trailer(output->fmt);
    avio_flush(output->memory.io);

    if (rc >= 0 && output->memory.io->error < 0) {
        rc = output->memory.io->error;
    }

    if (rc < 0) {
        return aime_mediad_output_error(output, rc);
    }

    job->out = output->memory.data;
    job->out_len = output->memory.len;
    job->out_format = output->target.format;
    job->status = AIME_MEDIA_CONVERTED;

    output->memory.data = NULL;

    return AIME_MEDIAD_OK;
}


static int
aime_mediad_output_error(aime_mediad_output_t *output, int error)
{
    char  text[AV_ERROR_MAX_STRING_SIZE];

    if (output->memory.full) {
        return aime_mediad_refuse(output->job, "has more bytes when converted "
                                  "than the maximum of %llu",
                                  (unsigned long long) output->job->max_size);
    }

    (void) av_strerror(error, text, sizeof(text));

    return aime_mediad_fail(output->job, "cannot write %s (%s)",
                            output->muxer->muxer, text);
}


const int *
aime_mediad_output_rates(aime_media_format_e format)
{
    const char     *name;
    const AVCodec  *codec;

    static const int  opus[] = { 48000, 0 };

    if (format == AIME_MEDIA_WEBM) {
        return opus;
    }

    name = aime_mediad_muxer(format)->sound;
    codec = name ? avcodec_find_encoder_by_name(name) : NULL;

    return codec ? aime_mediad_encoder_rates(codec) : NULL;
}


int
aime_mediad_output_channels(aime_media_format_e format)
{
    return aime_mediad_muxer(format)->channels;
}


int
aime_mediad_output_lossless(aime_media_format_e format)
{
    return aime_mediad_muxer(format)->sound == NULL;
}


static const aime_mediad_muxer_t *
aime_mediad_muxer(aime_media_format_e format)
{
    const aime_mediad_muxer_t  *muxer;

    for (muxer = aime_mediad_muxers; muxer->muxer; muxer++) {
        if (muxer->format == format) {
            break;
        }
    }

    return muxer;
}
