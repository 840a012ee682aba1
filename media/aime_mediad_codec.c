/*
 * The codecs: a short list of decoders, opened one way.
 */

#include <string.h>

#include <libavutil/avstring.h>
#include <libavutil/cpu.h>
#include <libavutil/error.h>
#include <libavutil/log.h>
#include <libavutil/mem.h>
#include <libavutil/opt.h>
#include <libavformat/avformat.h>

#include "aime_mediad_codec.h"


static void aime_mediad_silent(void *ctx, int level, const char *fmt,
    va_list args);
static const AVCodec *aime_mediad_find(enum AVCodecID id);


unsigned long  aime_mediad_errors;


const char  aime_mediad_decoders[] =
    "png,mjpeg,webp,vp8,bmp,tiff,gif,"
    "pcm_u8,pcm_s16le,pcm_s24le,pcm_s32le,pcm_f32le,pcm_f64le,pcm_alaw,"
    "pcm_mulaw,adpcm_ms,adpcm_ima_wav,mp3float,mp3,vorbis,opus,flac,aac,alac,"
    "h264,hevc,vp9,mpeg4,theora,libdav1d";


void
aime_mediad_codec_init(uint64_t memory)
{
    void  *state;

    av_log_set_callback(aime_mediad_silent);
    av_max_alloc(memory / 2);

    (void) av_get_cpu_flags();
    (void) av_cpu_count();

    state = NULL;
    while (av_codec_iterate(&state)) { /* void */ }

    state = NULL;
    while (av_demuxer_iterate(&state)) { /* void */ }

    state = NULL;
    while (av_muxer_iterate(&state)) { /* void */ }
}


/* What they say quotes the media, that they say it counts. */

static void
aime_mediad_silent(void *ctx, int level, const char *fmt, va_list args)
{
    (void) ctx;
    (void) fmt;
    (void) args;

    if (level <= AV_LOG_ERROR) {
        aime_mediad_errors++;
    }
}


AVCodecContext *
aime_mediad_decoder(aime_mediad_job_t *job, enum AVCodecID id,
    const AVCodecParameters *par)
{
    int              rc;
    const AVCodec   *codec;
    AVCodecContext  *ctx;

    codec = aime_mediad_find(id);

    if (codec == NULL) {
        (void) aime_mediad_refuse(job, "holds %.40s, which is not supported",
                                  avcodec_get_name(id));
        return NULL;
    }

    ctx = avcodec_alloc_context3(codec);

    if (ctx == NULL) {
        (void) aime_mediad_fail(job, "no memory for a decoder");
        return NULL;
    }

    rc = par ? avcodec_parameters_to_context(ctx, par) : 0;

    ctx->thread_count = 1;
    ctx->thread_type = 0;
    ctx->max_pixels = job->max_pixels < INT64_MAX ? (int64_t) job->max_pixels
                                                  : INT64_MAX;
    ctx->err_recognition = AV_EF_CRCCHECK|AV_EF_BITSTREAM|AV_EF_BUFFER
                           |AV_EF_EXPLODE;
    ctx->strict_std_compliance = FF_COMPLIANCE_NORMAL;

    if (rc >= 0) {
        rc = avcodec_open2(ctx, codec, NULL);
    }

    if (rc < 0) {
        (void) aime_mediad_complain(job, rc);
        avcodec_free_context(&ctx);
    }

    return ctx;
}


static const AVCodec *
aime_mediad_find(enum AVCodecID id)
{
    void           *state;
    const AVCodec  *codec;

    state = NULL;

    while ((codec = av_codec_iterate(&state)) != NULL) {

        if (codec->id == id && av_codec_is_decoder(codec)
            && av_match_list(codec->name, aime_mediad_decoders, ','))
        {
            return codec;
        }
    }

    return NULL;
}


AVCodecContext *
aime_mediad_encoder(aime_mediad_job_t *job, const char *name)
{
    const AVCodec   *codec;
    AVCodecContext  *ctx;

    codec = avcodec_find_encoder_by_name(name);
    ctx = codec ? avcodec_alloc_context3(codec) : NULL;

    if (ctx == NULL) {
        (void) aime_mediad_fail(job, "no encoder %s, or no memory for it",
                                name);
        return NULL;
    }

    ctx->thread_count = 1;
    ctx->thread_type = 0;
    ctx->flags |= AV_CODEC_FLAG_BITEXACT;

    return ctx;
}


/* FFmpeg 7.1 has a function in the place of fields. */

#if (LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(61, 13, 100))

static const void *
aime_mediad_encoder_list(const AVCodec *codec, enum AVCodecConfig config)
{
    const void  *list;

    return avcodec_get_supported_config(NULL, codec, config, 0, &list, NULL)
           >= 0 ? list : NULL;
}


const int *
aime_mediad_encoder_rates(const AVCodec *codec)
{
    return aime_mediad_encoder_list(codec, AV_CODEC_CONFIG_SAMPLE_RATE);
}


const enum AVSampleFormat *
aime_mediad_encoder_samples(const AVCodec *codec)
{
    return aime_mediad_encoder_list(codec, AV_CODEC_CONFIG_SAMPLE_FORMAT);
}

#else

const int *
aime_mediad_encoder_rates(const AVCodec *codec)
{
    return codec->supported_samplerates;
}


const enum AVSampleFormat *
aime_mediad_encoder_samples(const AVCodec *codec)
{
    return codec->sample_fmts;
}

#endif


int
aime_mediad_complain(aime_mediad_job_t *job, int error)
{
    char  text[AV_ERROR_MAX_STRING_SIZE];

    if (error == AVERROR(ENOMEM)) {
        return aime_mediad_fail(job, "not enough memory to decode");
    }

    if (error == AVERROR_INVALIDDATA || error == AVERROR_EOF
        || error == AVERROR(EINVAL) || error == AVERROR(EAGAIN))
    {
        return aime_mediad_refuse(job, "is damaged and cannot be decoded");
    }

    (void) av_strerror(error, text, sizeof(text));

    return aime_mediad_refuse(job, "cannot be decoded (%s)", text);
}
