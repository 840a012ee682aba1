/*
 * Audio and video are read once to find out what they are, whatever their
 * headers say.
 */

#include <math.h>

#include <libavutil/display.h>

#include "aime_mediad_scan.h"


static int aime_mediad_scan_look(void *ctx, aime_mediad_stream_e which,
    AVFrame *frame);
static int aime_mediad_scan_look_sound(aime_mediad_scan_t *scan,
    const AVFrame *frame);
static void aime_mediad_scan_depth(aime_mediad_scan_t *scan);
static int aime_mediad_scan_look_movie(aime_mediad_scan_t *scan,
    const AVFrame *frame);
static unsigned int aime_mediad_scan_orientation(const AVStream *stream);
static const int32_t *aime_mediad_scan_matrix(const AVStream *stream);
static void aime_mediad_scan_measure(aime_mediad_scan_t *scan);


int
aime_mediad_scan(aime_mediad_scan_t *scan)
{
    int                  rc;
    double               claimed;
    aime_mediad_input_t  input;

    rc = aime_mediad_input_open(&input, scan->job);
    scan->input = &input;

    /* who claims to be too long is spared the reading */

    if (rc == AIME_MEDIAD_OK && input.fmt->duration != AV_NOPTS_VALUE) {
        claimed = (double) input.fmt->duration / AV_TIME_BASE;

        if (claimed > scan->job->max_duration + 1) {
            rc = aime_mediad_refuse(scan->job, "lasts more than the maximum of "
                                    "%g seconds", scan->job->max_duration);
        }
    }

    if (rc == AIME_MEDIAD_OK) {
        scan->sound = input.streams[AIME_MEDIAD_SOUND].ctx != NULL;
        scan->movie = input.streams[AIME_MEDIAD_MOVIE].ctx != NULL;
        input.streams[AIME_MEDIAD_MOVIE].once = 1;

        rc = aime_mediad_input_read(&input, aime_mediad_scan_look, scan);
    }

    if (rc == AIME_MEDIAD_OK) {
        aime_mediad_scan_measure(scan);
    }

    aime_mediad_input_close(&input);
    scan->input = NULL;

    return rc;
}


static int
aime_mediad_scan_look(void *ctx, aime_mediad_stream_e which, AVFrame *frame)
{
    aime_mediad_scan_t  *scan;

    scan = ctx;

    return which == AIME_MEDIAD_SOUND
           ? aime_mediad_scan_look_sound(scan, frame)
           : aime_mediad_scan_look_movie(scan, frame);
}


static int
aime_mediad_scan_look_sound(aime_mediad_scan_t *scan, const AVFrame *frame)
{
    if (scan->rate == 0) {
        scan->rate = frame->sample_rate;
        scan->channels = frame->ch_layout.nb_channels;
        scan->real = frame->format == AV_SAMPLE_FMT_FLT
                   || frame->format == AV_SAMPLE_FMT_FLTP;
        aime_mediad_scan_depth(scan);
    }

    if (frame->sample_rate != scan->rate
        || frame->ch_layout.nb_channels != scan->channels)
    {
        return aime_mediad_refuse(scan->job, "changes its sample rate or "
                                  "channels on the way");
    }

    return AIME_MEDIAD_OK;
}


static void
aime_mediad_scan_depth(aime_mediad_scan_t *scan)
{
    const AVCodecContext     *ctx;
    const AVCodecDescriptor  *desc;

    ctx = scan->input->streams[AIME_MEDIAD_SOUND].ctx;
    desc = avcodec_descriptor_get(ctx->codec_id);

    if (desc == NULL || !(desc->props & AV_CODEC_PROP_LOSSLESS)
        || (desc->props & AV_CODEC_PROP_LOSSY))
    {
        return;
    }

    scan->depth = ctx->bits_per_raw_sample;

    if (scan->depth == 0) {
        scan->depth = av_get_bits_per_sample(ctx->codec_id);
    }

    if (scan->depth == 0) {
        scan->depth = ctx->bits_per_coded_sample;
    }
}


static int
aime_mediad_scan_look_movie(aime_mediad_scan_t *scan, const AVFrame *frame)
{
    AVStream  *stream;

    stream = scan->input->streams[AIME_MEDIAD_MOVIE].stream;

    if ((uint64_t) frame->width * frame->height > scan->job->max_pixels) {
        return aime_mediad_refuse(scan->job, "has %dx%d pixels, more than the "
                                  "maximum of %llu", frame->width,
                                  frame->height,
                                  (unsigned long long) scan->job->max_pixels);
    }

    scan->stored.width = frame->width;
    scan->stored.height = frame->height;
    scan->size = scan->stored;
    scan->pixels = frame->format;
    scan->orientation = aime_mediad_scan_orientation(stream);
    scan->frame_rate = stream->avg_frame_rate.num ? stream->avg_frame_rate
                                                : stream->r_frame_rate;

    if (scan->orientation >= 5) {
        scan->size.width = frame->height;
        scan->size.height = frame->width;
    }

    return AIME_MEDIAD_OK;
}


/* The display matrix in EXIF's numbers; a telephone held upright has one. */

static unsigned int
aime_mediad_scan_orientation(const AVStream *stream)
{
    double          degrees;
    const int32_t  *matrix;

    matrix = aime_mediad_scan_matrix(stream);

    if (matrix == NULL) {
        return 1;
    }

    degrees = av_display_rotation_get(matrix);

    if (isnan(degrees)) {
        return 1;
    }

    /* counterclockwise there, clockwise here */

    switch (((int) lround(-degrees / 90) + 4) % 4) {

    case 1:
        return 6;

    case 2:
        return 3;

    case 3:
        return 8;

    default:
        return 1;
    }
}


/* FFmpeg 6.1 moved what is known beside the packets of a stream. */

static const int32_t *
aime_mediad_scan_matrix(const AVStream *stream)
{
    size_t          size;
    const uint8_t  *data;

#if (LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100))
    const AVPacketSideData  *side;

    side = av_packet_side_data_get(stream->codecpar->coded_side_data,
                                   stream->codecpar->nb_coded_side_data,
                                   AV_PKT_DATA_DISPLAYMATRIX);
    data = side ? side->data : NULL;
    size = side ? side->size : 0;
#else
    data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
#endif

    return data && size >= 9 * sizeof(int32_t) ? (const int32_t *) data : NULL;
}


static void
aime_mediad_scan_measure(aime_mediad_scan_t *scan)
{
    double                 seconds;
    aime_mediad_stream_t  *sound, *movie;

    sound = &scan->input->streams[AIME_MEDIAD_SOUND];
    movie = &scan->input->streams[AIME_MEDIAD_MOVIE];

    scan->start = fmin(sound->start, movie->start);

    if (!isfinite(scan->start)) {
        scan->start = 0;
    }

    if (scan->sound && scan->rate) {
        scan->seconds = (double) sound->samples / scan->rate;

        /* short sound would seem to have more bits than it was encoded with,
           for what the decoder trims was encoded, too */

        seconds = fmax(scan->seconds, sound->span);
        scan->bit_rate = seconds > 0 ? sound->bytes * 8 / seconds : 0;
        scan->frame = sound->packets ? seconds / sound->packets : 0;
    }

    if (scan->movie && isfinite(movie->end)) {
        scan->seconds = fmax(scan->seconds, movie->end - movie->start);

        if (scan->frame_rate.num == 0 && movie->end > movie->start) {
            scan->frame_rate = av_d2q(movie->packets
                                    / (movie->end - movie->start), 100000);
        }
    }
}
