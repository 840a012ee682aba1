/*
 * Sound: resampled, and given to the encoder in packets of its size.
 */

#include <math.h>
#include <string.h>

#include <libavutil/opt.h>

#include "aime_mediad_codec.h"
#include "aime_mediad_sound.h"


/* samples a packet where the encoder takes any number */
#define AIME_MEDIAD_CHUNK       4096

/* of 10; each sample rate has bit rates of its own that Vorbis refuses */
#define AIME_MEDIAD_VORBIS_QUALITY  5


static const char *aime_mediad_sound_name(aime_mediad_sound_t *sound);
static enum AVSampleFormat aime_mediad_sound_format(const AVCodec *codec);
static int aime_mediad_sound_resampler(aime_mediad_sound_t *sound,
    const AVFrame *frame);
static int aime_mediad_sound_resample(aime_mediad_sound_t *sound,
    const AVFrame *frame);
static int aime_mediad_sound_drain(aime_mediad_sound_t *sound, int all);
static int aime_mediad_sound_encode(aime_mediad_sound_t *sound, int n);


int
aime_mediad_sound_open(aime_mediad_sound_t *sound)
{
    int              rc;
    AVCodecContext  *ctx;

    ctx = aime_mediad_mux_encoder(sound->mux, aime_mediad_sound_name(sound));
    if (ctx == NULL) {
        return AIME_MEDIAD_DONE;
    }

    sound->ctx = ctx;

    ctx->sample_rate = sound->target->rate;
    ctx->sample_fmt = aime_mediad_sound_format(ctx->codec);
    ctx->time_base = (AVRational) { 1, sound->target->rate };
    av_channel_layout_default(&ctx->ch_layout, sound->target->channels);

    if (sound->target->bit_rate) {
        ctx->bit_rate = sound->target->bit_rate;

    } else if (ctx->codec_id == AV_CODEC_ID_VORBIS) {
        ctx->flags |= AV_CODEC_FLAG_QSCALE;
        ctx->global_quality = FF_QP2LAMBDA * AIME_MEDIAD_VORBIS_QUALITY;
    }

    /* a variable rate is far off in short sound */

    if (sound->target->bounded && ctx->codec_id == AV_CODEC_ID_OPUS) {
        (void) av_opt_set(ctx->priv_data, "vbr", "off", 0);
    }

    rc = avcodec_open2(ctx, ctx->codec, NULL);

    if (rc < 0) {
        return aime_mediad_refuse(sound->job, "with a sample rate of %d, %d "
                                  "channels and %d bits per second cannot be "
                                  "stored as %s", sound->target->rate,
                                  sound->target->channels,
                                  sound->target->bit_rate,
                                  aime_media_format_name(
                                                     sound->target->format));
    }

    sound->stream = aime_mediad_mux_add(sound->mux, ctx);
    sound->samples = av_frame_alloc();
    sound->fifo = av_audio_fifo_alloc(ctx->sample_fmt,
                                      ctx->ch_layout.nb_channels,
                                      AIME_MEDIAD_CHUNK);

    return sound->stream && sound->samples && sound->fifo
           ? AIME_MEDIAD_OK
           : aime_mediad_fail(sound->job, "no memory to encode sound");
}


static const char *
aime_mediad_sound_name(aime_mediad_sound_t *sound)
{
    if (sound->target->vorbis) {
        return "libvorbis";
    }

    if (sound->mux->muxer->sound) {
        return sound->mux->muxer->sound;
    }

    switch (sound->target->depth) {

    case 8:
        return "pcm_u8";

    case 24:
        return "pcm_s24le";

    case 32:
        return sound->target->real ? "pcm_f32le" : "pcm_s32le";

    default: /* 16 */
        return "pcm_s16le";
    }
}


/* Floating point where the encoder has it: nothing is clipped on the way. */

static enum AVSampleFormat
aime_mediad_sound_format(const AVCodec *codec)
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


int
aime_mediad_sound_put(aime_mediad_sound_t *sound, const AVFrame *frame,
    double seconds)
{
    int  rc;

    if (sound->full) {
        return AIME_MEDIAD_OK;
    }

    rc = aime_mediad_sound_resampler(sound, frame);

    if (rc != AIME_MEDIAD_OK) {
        return rc;
    }

    if (!sound->begun) {
        sound->begun = 1;
        sound->first_sample = seconds > 0
                               ? llround(seconds * sound->target->rate) : 0;
    }

    rc = aime_mediad_sound_resample(sound, frame);

    return rc == AIME_MEDIAD_OK ? aime_mediad_sound_drain(sound, 0) : rc;
}


static int
aime_mediad_sound_resampler(aime_mediad_sound_t *sound, const AVFrame *frame)
{
    int              rc;
    AVChannelLayout  layout;

    if (sound->swr) {

        if (frame->sample_rate != sound->in_rate
            || frame->format != sound->in_format
            || frame->ch_layout.nb_channels != sound->in_channels)
        {
            return aime_mediad_refuse(sound->job, "changes its sample rate or "
                                      "channels on the way");
        }

        return AIME_MEDIAD_OK;
    }

    sound->in_rate = frame->sample_rate;
    sound->in_format = frame->format;
    sound->in_channels = frame->ch_layout.nb_channels;

    memset(&layout, 0, sizeof(layout));

    if (frame->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC) {
        av_channel_layout_default(&layout, sound->in_channels);
        rc = 0;

    } else {
        rc = av_channel_layout_copy(&layout, &frame->ch_layout);
    }

    if (rc >= 0) {
        rc = swr_alloc_set_opts2(&sound->swr, &sound->ctx->ch_layout,
                                 sound->ctx->sample_fmt,
                                 sound->target->rate, &layout,
                                 sound->in_format, sound->in_rate, 0, NULL);
    }

    if (rc >= 0) {
        rc = swr_init(sound->swr);
    }

    av_channel_layout_uninit(&layout);

    if (rc == AVERROR(ENOMEM)) {
        return aime_mediad_fail(sound->job, "no memory to resample");
    }

    return rc >= 0 ? AIME_MEDIAD_OK
                   : aime_mediad_refuse(sound->job, "with %d channels at a "
                                        "sample rate of %d cannot be resampled",
                                        sound->in_channels, sound->in_rate);
}


/* Into the fifo; without a frame, what the filter still holds. */

static int
aime_mediad_sound_resample(aime_mediad_sound_t *sound, const AVFrame *frame)
{
    int       rc, room;
    double    max;
    int64_t   left;
    AVFrame  *out;

    room = swr_get_out_samples(sound->swr, frame ? frame->nb_samples : 0);

    if (room <= 0) {
        return AIME_MEDIAD_OK;
    }

    out = sound->samples;
    out->format = sound->ctx->sample_fmt;
    out->sample_rate = sound->target->rate;
    out->nb_samples = room;

    rc = av_channel_layout_copy(&out->ch_layout, &sound->ctx->ch_layout);

    if (rc >= 0) {
        rc = av_frame_get_buffer(out, 0);
    }

    if (rc >= 0) {
        rc = swr_convert(sound->swr, out->extended_data, room,
                         frame ? (const uint8_t **) frame->extended_data
                               : NULL,
                         frame ? frame->nb_samples : 0);
    }

    if (rc > 0) {
        max = sound->target->max_seconds * sound->target->rate;
        left = max < 1e15 ? llround(max) - sound->first_sample - sound->taken
                          : INT64_MAX;

        if (rc >= left) {
            rc = left > 0 ? (int) left : 0;
            sound->full = 1;
        }

        sound->taken += rc;
        rc = av_audio_fifo_write(sound->fifo, (void **) out->extended_data,
                                 rc);
    }

    av_frame_unref(out);

    return rc >= 0 ? AIME_MEDIAD_OK
                   : aime_mediad_fail(sound->job, "no memory to resample");
}


/* Whole packets to the encoder; all: what is left as well. */

static int
aime_mediad_sound_drain(aime_mediad_sound_t *sound, int all)
{
    int  n, size;

    size = sound->ctx->frame_size ? sound->ctx->frame_size
                                     : AIME_MEDIAD_CHUNK;

    for ( ;; ) {
        n = av_audio_fifo_size(sound->fifo);

        if (n == 0 || (n < size && !all)) {
            return AIME_MEDIAD_OK;
        }

        if (aime_mediad_sound_encode(sound, n < size ? n : size)
            != AIME_MEDIAD_OK)
        {
            return AIME_MEDIAD_DONE;
        }
    }
}


static int
aime_mediad_sound_encode(aime_mediad_sound_t *sound, int n)
{
    int       rc;
    AVFrame  *frame;

    frame = sound->samples;

    frame->format = sound->ctx->sample_fmt;
    frame->sample_rate = sound->target->rate;
    frame->nb_samples = n;
    frame->pts = sound->first_sample + sound->sent;

    rc = av_channel_layout_copy(&frame->ch_layout, &sound->ctx->ch_layout);

    if (rc >= 0) {
        rc = av_frame_get_buffer(frame, 0);
    }

    if (rc < 0
        || av_audio_fifo_read(sound->fifo, (void **) frame->extended_data, n)
           != n)
    {
        av_frame_unref(frame);
        return aime_mediad_fail(sound->job, "no memory to encode sound");
    }

    sound->sent += n;

    rc = aime_mediad_mux_encode(sound->mux, sound->ctx, sound->stream,
                                frame);

    av_frame_unref(frame);

    return rc;
}


int
aime_mediad_sound_finish(aime_mediad_sound_t *sound)
{
    int  rc;

    rc = AIME_MEDIAD_OK;

    if (sound->swr && !sound->full) {
        rc = aime_mediad_sound_resample(sound, NULL);
    }

    if (rc == AIME_MEDIAD_OK) {
        rc = aime_mediad_sound_drain(sound, 1);
    }

    return rc == AIME_MEDIAD_OK
           ? aime_mediad_mux_encode(sound->mux, sound->ctx, sound->stream,
                                    NULL)
           : rc;
}


void
aime_mediad_sound_close(aime_mediad_sound_t *sound)
{
    avcodec_free_context(&sound->ctx);
    av_frame_free(&sound->samples);
    swr_free(&sound->swr);

    if (sound->fifo) {
        av_audio_fifo_free(sound->fifo);
    }
}
