/*
 * Containers written to memory, and what they can hold.
 */

#include <libavcodec/avcodec.h>

#include "aime_mediad_codec.h"
#include "aime_mediad_mux.h"


static int aime_mediad_mux_error(aime_mediad_mux_t *mux, int error);
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


int
aime_mediad_mux_open(aime_mediad_mux_t *mux, aime_mediad_job_t *job,
    aime_media_format_e format)
{
    mux->job = job;
    mux->muxer = aime_mediad_muxer(format);
    mux->packet = av_packet_alloc();

    if (mux->packet == NULL
        || aime_mediad_memory_write(&mux->memory, job->max_size) != 0
        || avformat_alloc_output_context2(&mux->fmt, NULL, mux->muxer->muxer,
                                          NULL)
           < 0)
    {
        return aime_mediad_fail(job, "no memory to write media");
    }

    mux->fmt->pb = mux->memory.io;
    mux->fmt->flags |= AVFMT_FLAG_CUSTOM_IO|AVFMT_FLAG_BITEXACT;

    return AIME_MEDIAD_OK;
}


int
aime_mediad_mux_begin(aime_mediad_mux_t *mux)
{
    int  rc;

    rc = avformat_write_header(mux->fmt, NULL);

    return rc < 0 ? aime_mediad_mux_error(mux, rc) : AIME_MEDIAD_OK;
}


void
aime_mediad_mux_close(aime_mediad_mux_t *mux)
{
    avformat_free_context(mux->fmt);
    aime_mediad_memory_close(&mux->memory);
    av_free(mux->memory.data);
    av_packet_free(&mux->packet);
}


AVCodecContext *
aime_mediad_mux_encoder(aime_mediad_mux_t *mux, const char *name)
{
    AVCodecContext  *ctx;

    ctx = aime_mediad_encoder(mux->job, name);

    if (ctx && (mux->fmt->oformat->flags & AVFMT_GLOBALHEADER)) {
        ctx->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    }

    return ctx;
}


AVStream *
aime_mediad_mux_add(aime_mediad_mux_t *mux, AVCodecContext *ctx)
{
    AVStream  *stream;

    stream = avformat_new_stream(mux->fmt, NULL);

    if (stream == NULL
        || avcodec_parameters_from_context(stream->codecpar, ctx) < 0)
    {
        return NULL;
    }

    stream->time_base = ctx->time_base;

    return stream;
}


int
aime_mediad_mux_encode(aime_mediad_mux_t *mux, AVCodecContext *ctx,
    AVStream *stream, const AVFrame *frame)
{
    int        rc;
    AVPacket  *packet;

    packet = mux->packet;
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
                                       av_inv_q(stream->avg_frame_rate),
                                       ctx->time_base);
            }

            av_packet_rescale_ts(packet, ctx->time_base, stream->time_base);
            packet->stream_index = stream->index;

            rc = av_interleaved_write_frame(mux->fmt, packet);
        }

        if (rc >= 0 && mux->memory.io->error < 0) {
            rc = mux->memory.io->error;
        }

        if (rc < 0) {
            return aime_mediad_mux_error(mux, rc);
        }
    }
}


int
aime_mediad_mux_finish(aime_mediad_mux_t *mux)
{
    int                 rc;
    aime_mediad_job_t  *job;

    job = mux->job;

    rc = av_write_trailer(mux->fmt);
    avio_flush(mux->memory.io);

    if (rc >= 0 && mux->memory.io->error < 0) {
        rc = mux->memory.io->error;
    }

    if (rc < 0) {
        return aime_mediad_mux_error(mux, rc);
    }

    job->out = mux->memory.data;
    job->out_len = mux->memory.len;
    job->out_format = mux->muxer->format;
    job->status = AIME_MEDIA_CONVERTED;

    mux->memory.data = NULL;

    return AIME_MEDIAD_OK;
}


static int
aime_mediad_mux_error(aime_mediad_mux_t *mux, int error)
{
    char  text[AV_ERROR_MAX_STRING_SIZE];

    if (mux->memory.full) {
        return aime_mediad_refuse(mux->job, "has more bytes when converted "
                                  "than the maximum of %llu",
                                  (unsigned long long) mux->job->max_size);
    }

    (void) av_strerror(error, text, sizeof(text));

    return aime_mediad_fail(mux->job, "cannot write %s (%s)",
                            mux->muxer->muxer, text);
}


const int *
aime_mediad_mux_rates(aime_media_format_e format)
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
aime_mediad_mux_channels(aime_media_format_e format)
{
    return aime_mediad_muxer(format)->channels;
}


int
aime_mediad_mux_lossless(aime_media_format_e format)
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
