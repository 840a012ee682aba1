/*
 * Audio and video: all of the media is read once to find out what they are,
 * whatever their headers say; then come the rules; then, if one of them wants
 * it, the media are read again and encoded.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/display.h>
#include <libavutil/pixdesc.h>

#include "aime_mediad_av.h"
#include "aime_mediad_codec.h"
#include "aime_mediad_color.h"
#include "aime_mediad_fit.h"
#include "aime_mediad_input.h"
#include "aime_mediad_mux.h"
#include "aime_mediad_output.h"


/* where there is nothing to go by: bits per second of a channel, of a sample */
#define AIME_MEDIAD_BIT_RATE   64000
#define AIME_MEDIAD_DEPTH      16

/* seconds; the longest frame that is usual is one of AAC at 8000 Hz */
#define AIME_MEDIAD_MAX_PADDING  0.13


/* What was found out; depth 0: the sound is lossy. */

typedef struct {
    aime_mediad_job_t    *job;
    aime_mediad_input_t  *input;
    aime_mediad_output_t *output;
    aime_mediad_target_t  target;

    double                start;        /* of what begins first */
    double                seconds;

    int                   rate;
    int                   channels;
    int                   depth;
    double                bit_rate;
    double                frame;        /* seconds of sound in a packet */

    aime_mediad_size_t    stored;
    aime_mediad_size_t    size;         /* as shown */
    unsigned int          orientation;
    enum AVPixelFormat    pixels;
    AVRational            frame_rate;

    unsigned              sound:1;
    unsigned              movie:1;
    unsigned              real:1;

    unsigned              reformat:1;
    unsigned              recolor:1;
    unsigned              convert:1;    /* anything at all */
} aime_mediad_av_t;


static int aime_mediad_av_scan(aime_mediad_av_t *av);
static int aime_mediad_av_look(void *ctx, aime_mediad_stream_e which,
    AVFrame *frame);
static int aime_mediad_av_look_sound(aime_mediad_av_t *av,
    const AVFrame *frame);
static int aime_mediad_av_look_movie(aime_mediad_av_t *av,
    const AVFrame *frame);
static void aime_mediad_av_depth(aime_mediad_av_t *av);
static unsigned int aime_mediad_av_orientation(const AVStream *stream);
static const int32_t *aime_mediad_av_matrix(const AVStream *stream);
static void aime_mediad_av_measure(aime_mediad_av_t *av);
static double aime_mediad_av_padding(const aime_mediad_av_t *av);
static int aime_mediad_av_rules(aime_mediad_av_t *av);
static void aime_mediad_av_number(aime_mediad_av_t *av,
    const aime_media_rule_t *rule, const char *what, double value,
    int average);
static int aime_mediad_av_plan(aime_mediad_av_t *av);
static int aime_mediad_av_format(aime_mediad_av_t *av);
static int aime_mediad_av_plan_sound(aime_mediad_av_t *av);
static int aime_mediad_av_rate(aime_mediad_av_t *av);
static int aime_mediad_av_lossy(aime_mediad_av_t *av);
static int aime_mediad_av_lossless(aime_mediad_av_t *av);
static double aime_mediad_av_wanted(const aime_media_rule_t *rule,
    double value);
static int aime_mediad_av_plan_movie(aime_mediad_av_t *av);
static int aime_mediad_av_even(aime_mediad_av_t *av);
static int aime_mediad_av_convert(aime_mediad_av_t *av);
static int aime_mediad_av_take(void *ctx, aime_mediad_stream_e which,
    AVFrame *frame);


void
aime_mediad_av(aime_mediad_job_t *job)
{
    aime_mediad_av_t  av;

    memset(&av, 0, sizeof(aime_mediad_av_t));
    av.job = job;

    if (aime_mediad_av_scan(&av) == AIME_MEDIAD_OK
        && aime_mediad_av_rules(&av) == AIME_MEDIAD_OK
        && av.convert
        && aime_mediad_av_plan(&av) == AIME_MEDIAD_OK)
    {
        (void) aime_mediad_av_convert(&av);
    }
}


static int
aime_mediad_av_scan(aime_mediad_av_t *av)
{
    int                  rc;
    double               claimed;
    aime_mediad_input_t  input;

    rc = aime_mediad_input_open(&input, av->job);
    av->input = &input;

    /* who claims to be too long is spared the reading */

    if (rc == AIME_MEDIAD_OK && input.fmt->duration != AV_NOPTS_VALUE) {
        claimed = (double) input.fmt->duration / AV_TIME_BASE;

        if (claimed > av->job->max_duration + 1) {
            rc = aime_mediad_refuse(av->job, "lasts more than the maximum of "
                                    "%g seconds", av->job->max_duration);
        }
    }

    if (rc == AIME_MEDIAD_OK) {
        av->sound = input.streams[AIME_MEDIAD_SOUND].ctx != NULL;
        av->movie = input.streams[AIME_MEDIAD_MOVIE].ctx != NULL;
        input.streams[AIME_MEDIAD_MOVIE].once = 1;

        rc = aime_mediad_input_read(&input, aime_mediad_av_look, av);
    }

    if (rc == AIME_MEDIAD_OK) {
        aime_mediad_av_measure(av);
    }

    aime_mediad_input_close(&input);
    av->input = NULL;

    return rc;
}


static int
aime_mediad_av_look(void *ctx, aime_mediad_stream_e which, AVFrame *frame)
{
    aime_mediad_av_t  *av;

    av = ctx;

    return which == AIME_MEDIAD_SOUND ? aime_mediad_av_look_sound(av, frame)
                                      : aime_mediad_av_look_movie(av, frame);
}


static int
aime_mediad_av_look_sound(aime_mediad_av_t *av, const AVFrame *frame)
{
    if (av->rate == 0) {
        av->rate = frame->sample_rate;
        av->channels = frame->ch_layout.nb_channels;
        av->real = frame->format == AV_SAMPLE_FMT_FLT
                   || frame->format == AV_SAMPLE_FMT_FLTP;
        aime_mediad_av_depth(av);
    }

    if (frame->sample_rate != av->rate
        || frame->ch_layout.nb_channels != av->channels)
    {
        return aime_mediad_refuse(av->job, "changes its sample rate or "
                                  "channels on the way");
    }

    return AIME_MEDIAD_OK;
}


static void
aime_mediad_av_depth(aime_mediad_av_t *av)
{
    const AVCodecContext     *ctx;
    const AVCodecDescriptor  *desc;

    ctx = av->input->streams[AIME_MEDIAD_SOUND].ctx;
    desc = avcodec_descriptor_get(ctx->codec_id);

    if (desc == NULL || !(desc->props & AV_CODEC_PROP_LOSSLESS)
        || (desc->props & AV_CODEC_PROP_LOSSY))
    {
        return;
    }

    av->depth = ctx->bits_per_raw_sample;

    if (av->depth == 0) {
        av->depth = av_get_bits_per_sample(ctx->codec_id);
    }

    if (av->depth == 0) {
        av->depth = ctx->bits_per_coded_sample;
    }
}


static int
aime_mediad_av_look_movie(aime_mediad_av_t *av, const AVFrame *frame)
{
    AVStream  *stream;

    stream = av->input->streams[AIME_MEDIAD_MOVIE].stream;

    if ((uint64_t) frame->width * frame->height > av->job->max_pixels) {
        return aime_mediad_refuse(av->job, "has %dx%d pixels, more than the "
                                  "maximum of %llu", frame->width,
                                  frame->height,
                                  (unsigned long long) av->job->max_pixels);
    }

    av->stored.width = frame->width;
    av->stored.height = frame->height;
    av->size = av->stored;
    av->pixels = frame->format;
    av->orientation = aime_mediad_av_orientation(stream);
    av->frame_rate = stream->avg_frame_rate.num ? stream->avg_frame_rate
                                                : stream->r_frame_rate;

    if (av->orientation >= 5) {
        av->size.width = frame->height;
        av->size.height = frame->width;
    }

    return AIME_MEDIAD_OK;
}


/* The display matrix in EXIF's numbers; a telephone held upright has one. */

static unsigned int
aime_mediad_av_orientation(const AVStream *stream)
{
    double          degrees;
    const int32_t  *matrix;

    matrix = aime_mediad_av_matrix(stream);

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
aime_mediad_av_matrix(const AVStream *stream)
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
aime_mediad_av_measure(aime_mediad_av_t *av)
{
    double                 seconds;
    aime_mediad_stream_t  *sound, *movie;

    sound = &av->input->streams[AIME_MEDIAD_SOUND];
    movie = &av->input->streams[AIME_MEDIAD_MOVIE];

    av->start = fmin(sound->start, movie->start);

    if (!isfinite(av->start)) {
        av->start = 0;
    }

    if (av->sound && av->rate) {
        av->seconds = (double) sound->samples / av->rate;

        /* short sound would seem to have more bits than it was encoded with,
           for what the decoder trims was encoded, too */

        seconds = fmax(av->seconds, sound->span);
        av->bit_rate = seconds > 0 ? sound->bytes * 8 / seconds : 0;
        av->frame = sound->packets ? seconds / sound->packets : 0;
    }

    if (av->movie && isfinite(movie->end)) {
        av->seconds = fmax(av->seconds, movie->end - movie->start);

        if (av->frame_rate.num == 0 && movie->end > movie->start) {
            av->frame_rate = av_d2q(movie->packets
                                    / (movie->end - movie->start), 100000);
        }
    }
}


/*
 * Seconds that encoders may add: to the end of the last frame of lossy sound,
 * and of the last picture.
 */

static double
aime_mediad_av_padding(const aime_mediad_av_t *av)
{
    double  seconds;

    seconds = 0;

    if (av->sound && av->depth == 0) {
        seconds = av->frame;
    }

    if (av->movie && av->frame_rate.num > 0 && av->frame_rate.den > 0) {
        seconds = fmax(seconds, 1 / av_q2d(av->frame_rate));
    }

    return fmin(seconds, AIME_MEDIAD_MAX_PADDING);
}


static int
aime_mediad_av_rules(aime_mediad_av_t *av)
{
    aime_media_rules_t  *rules;

    rules = &av->job->rules;

    av->reformat = aime_mediad_fit_format(av->job, av->job->format)
                   == AIME_MEDIAD_CONVERT;
    av->convert = av->reformat;

    if (av->movie) {
        av->recolor = aime_mediad_fit_color(av->job,
                                            aime_mediad_color(av->pixels))
                      == AIME_MEDIAD_CONVERT;

        if (av->recolor
            | (aime_mediad_fit_size(av->job, &av->size, &av->target.size)
               == AIME_MEDIAD_CONVERT))
        {
            av->convert = 1;
        }
    }

    if (av->sound) {
        aime_mediad_av_number(av, &rules->sample_rate,
                              "has a sample rate of %s", av->rate, 0);
        aime_mediad_av_number(av, &rules->channels, "has %s channels",
                              av->channels, 0);
        aime_mediad_av_number(av, &rules->audio_bit_rate,
                              "has an audio bit rate of %s",
                              round(av->bit_rate), 1);

        if (av->depth) {
            aime_mediad_av_number(av, &rules->sample_bit_depth,
                                  "has a sample bit depth of %s", av->depth,
                                  0);
        }
    }

    av->target.max_seconds = HUGE_VAL;

    if (aime_mediad_fit_duration(av->job, av->seconds,
                                 aime_mediad_av_padding(av))
        == AIME_MEDIAD_CONVERT)
    {
        av->target.max_seconds = rules->duration.maximum.value[0];
        av->convert = 1;
    }

    return av->job->status == AIME_MEDIA_UNCHANGED ? AIME_MEDIAD_OK
                                                   : AIME_MEDIAD_DONE;
}


static void
aime_mediad_av_number(aime_mediad_av_t *av, const aime_media_rule_t *rule,
    const char *what, double value, int average)
{
    if (aime_mediad_fit_number(av->job, rule, what, value, average)
        == AIME_MEDIAD_CONVERT)
    {
        av->convert = 1;
    }
}


static int
aime_mediad_av_plan(aime_mediad_av_t *av)
{
    if (aime_mediad_av_format(av) != AIME_MEDIAD_OK) {
        return AIME_MEDIAD_DONE;
    }

    av->target.sound = av->sound;
    av->target.movie = av->movie;

    if (av->sound && aime_mediad_av_plan_sound(av) != AIME_MEDIAD_OK) {
        return AIME_MEDIAD_DONE;
    }

    return av->movie ? aime_mediad_av_plan_movie(av) : AIME_MEDIAD_OK;
}


static int
aime_mediad_av_format(aime_mediad_av_t *av)
{
    int  value;

    av->target.format = av->job->format;

    if (av->reformat) {

        if (aime_mediad_fit_candidate(&av->job->rules.format, 0, &value)
            != AIME_OK)
        {
            return aime_mediad_fail(av->job, "no format to convert to");
        }

        av->target.format = value;
    }

    return AIME_MEDIAD_OK;
}


static int
aime_mediad_av_plan_sound(aime_mediad_av_t *av)
{
    int                   most;
    aime_media_rules_t   *rules;
    aime_mediad_target_t *target;

    rules = &av->job->rules;
    target = &av->target;

    if (aime_mediad_av_rate(av) != AIME_MEDIAD_OK) {
        return AIME_MEDIAD_DONE;
    }

    target->channels = (int) aime_mediad_av_wanted(&rules->channels,
                                                   av->channels);
    most = aime_mediad_mux_channels(target->format);

    if (target->channels > most) {

        if (!aime_mediad_fit_meets(&rules->channels, most)) {
            return aime_mediad_refuse(av->job, "with %d channels cannot be "
                                      "stored as %s", target->channels,
                                      aime_media_format_name(target->format));
        }

        target->channels = most;
    }

    return aime_mediad_mux_lossless(target->format)
           ? aime_mediad_av_lossless(av) : aime_mediad_av_lossy(av);
}


/* The rate that is wanted, or the next that format and rule both know. */

static int
aime_mediad_av_rate(aime_mediad_av_t *av)
{
    int                       best, wanted;
    const int                *rate;
    const aime_media_rule_t  *rule;

    rule = &av->job->rules.sample_rate;
    rate = aime_mediad_mux_rates(av->target.format);

    if (av->target.format == AIME_MEDIA_WEBM
        && !aime_mediad_fit_meets(rule, *rate))
    {
        av->target.vorbis = 1;
        rate = NULL;
    }

    wanted = (int) aime_mediad_av_wanted(rule, av->rate);
    best = rate ? 0 : wanted;

    for ( /* void */ ; rate && *rate; rate++) {

        if (*rate != wanted && !aime_mediad_fit_meets(rule, *rate)) {
            continue;
        }

        /* above what is wanted nothing is lost: the least of those is best */

        if (best == 0
            || (best < wanted ? *rate > best
                              : *rate >= wanted && *rate < best))
        {
            best = *rate;
        }
    }

    if (best == 0) {
        return aime_mediad_refuse(av->job, "with a sample rate of %d cannot be "
                                  "stored as %s", wanted,
                                  aime_media_format_name(av->target.format));
    }

    av->target.rate = best;

    return AIME_MEDIAD_OK;
}


static int
aime_mediad_av_lossy(aime_mediad_av_t *av)
{
    double                    rate;
    unsigned int              i;
    const aime_media_rule_t  *rule;

    /* LAME takes the nearest of these, which may be above a bound */

    static const int  steps[] = {
        8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256,
        320
    };

    rule = &av->job->rules.audio_bit_rate;

    rate = AIME_MEDIAD_BIT_RATE * av->target.channels;

    if (av->depth == 0 && av->bit_rate > 0) {
        rate = fmin(rate, av->bit_rate);
    }

    rate = aime_mediad_av_wanted(rule, round(rate));

    if (!rule->given && (av->target.format == AIME_MEDIA_OGG
                         || av->target.vorbis))
    {
        rate = 0;

    } else if (av->target.format == AIME_MEDIA_MP3) {

        for (i = sizeof(steps) / sizeof(steps[0]) - 1; i > 0; i--) {
            if (steps[i] * 1000 <= rate) {
                break;
            }
        }

        rate = steps[i] * 1000;
    }

    av->target.bit_rate = rate < INT32_MAX ? (int) rate : INT32_MAX;
    av->target.bounded = rule->given;

    return AIME_MEDIAD_OK;
}


static int
aime_mediad_av_lossless(aime_mediad_av_t *av)
{
    double                rate;
    aime_media_rules_t   *rules;
    aime_mediad_target_t *target;

    rules = &av->job->rules;
    target = &av->target;

    target->real = av->real;
    target->depth = (int) aime_mediad_av_wanted(&rules->sample_bit_depth,
                              av->depth ? av->depth : AIME_MEDIAD_DEPTH);

    if (target->depth != 8 && target->depth != 16 && target->depth != 24
        && target->depth != 32)
    {
        if (!rules->sample_bit_depth.given) {
            target->depth = target->depth > 32 ? 32
                            : (target->depth + 7) / 8 * 8;

        } else {
            return aime_mediad_refuse(av->job, "with a sample bit depth of %d "
                                      "cannot be stored as %s", target->depth,
                                      aime_media_format_name(target->format));
        }
    }

    /* its bit rate follows from all the others */

    rate = (double) target->rate * target->channels * target->depth;

    if (!aime_mediad_fit_meets(&rules->audio_bit_rate, rate)) {
        return aime_mediad_refuse(av->job, "would have an audio bit rate of "
                                  "%.0f as %s, which is not supported", rate,
                                  aime_media_format_name(target->format));
    }

    return AIME_MEDIAD_OK;
}


/* The value if the rule allows it, else what it has to become. */

static double
aime_mediad_av_wanted(const aime_media_rule_t *rule, double value)
{
    return aime_mediad_fit_meets(rule, value)
           ? value : aime_mediad_fit_target(rule, value);
}


static int
aime_mediad_av_plan_movie(aime_mediad_av_t *av)
{
    aime_mediad_size_t   *size;
    aime_media_rule_t    *rule;
    aime_mediad_target_t *target;

    target = &av->target;
    size = &target->size;
    rule = &av->job->rules.color_space;

    /* H.264 could store gray as well, but decoders make yuv of it */

    if (!aime_mediad_fit_allows(rule, AIME_MEDIA_YUV)) {
        return aime_mediad_refuse(av->job, "cannot be converted: %s stores "
                                  "none of the supported color spaces",
                                  aime_media_format_name(target->format));
    }

    if (target->format == AIME_MEDIA_MP4
        && aime_mediad_av_even(av) != AIME_MEDIAD_OK)
    {
        return AIME_MEDIAD_DONE;
    }

    target->frame_rate = av->frame_rate;
    target->change.pixels = AV_PIX_FMT_YUV420P;
    target->change.orientation = av->orientation;
    target->change.size = *size;

    aime_mediad_fit_cut(av->job, &av->size, size, &target->change.cut);
    aime_mediad_unturn(&target->change, &av->stored);

    return AIME_MEDIAD_OK;
}


/* Chroma at half the resolution wants even numbers, be it one more. */

static int
aime_mediad_av_even(aime_mediad_av_t *av)
{
    int                  i;
    aime_mediad_size_t   size, *wanted;

    wanted = &av->target.size;

    for (i = 0; i < 4; i++) {
        size.width = (wanted->width + (i & 1)) & ~1;
        size.height = (wanted->height + (i >> 1)) & ~1;

        if (size.width && size.height
            && aime_mediad_fit_takes(av->job, &size))
        {
            *wanted = size;
            return AIME_MEDIAD_OK;
        }
    }

    return aime_mediad_refuse(av->job, "with a size of %dx%d cannot be stored "
                              "as mp4", wanted->width, wanted->height);
}


static int
aime_mediad_av_convert(aime_mediad_av_t *av)
{
    int                  rc;
    aime_mediad_input_t  input;

    rc = aime_mediad_input_open(&input, av->job);
    av->input = &input;

    if (rc == AIME_MEDIAD_OK) {
        av->output = aime_mediad_output_open(av->job, &av->target);
        rc = av->output ? AIME_MEDIAD_OK : AIME_MEDIAD_DONE;
    }

    if (rc == AIME_MEDIAD_OK) {
        rc = aime_mediad_input_read(&input, aime_mediad_av_take, av);
    }

    if (rc == AIME_MEDIAD_OK) {
        rc = aime_mediad_output_finish(av->output);
    }

    aime_mediad_output_close(av->output);
    aime_mediad_input_close(&input);
    av->input = NULL;

    return rc;
}


static int
aime_mediad_av_take(void *ctx, aime_mediad_stream_e which, AVFrame *frame)
{
    int                    rc;
    double                 seconds;
    aime_mediad_av_t      *av;
    aime_mediad_stream_t  *stream;

    av = ctx;
    stream = &av->input->streams[which];

    seconds = frame->best_effort_timestamp == AV_NOPTS_VALUE ? 0
              : frame->best_effort_timestamp
                * av_q2d(stream->stream->time_base) - av->start;

    rc = which == AIME_MEDIAD_SOUND
         ? aime_mediad_output_sound(av->output, frame,
                                    av->movie ? seconds : 0)
         : aime_mediad_output_movie(av->output, frame, seconds);

    if (rc == AIME_MEDIAD_OK && aime_mediad_output_enough(av->output)) {
        av->input->stop = 1;
    }

    return rc;
}
