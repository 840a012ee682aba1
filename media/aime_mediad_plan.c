/*
 * The rules against what audio and video are, and what comes nearest to that.
 */

#include <math.h>

#include "aime_mediad_color.h"
#include "aime_mediad_mux.h"
#include "aime_mediad_plan.h"


/* where there is nothing to go by: bits per second of a channel, of a sample */
#define AIME_MEDIAD_BIT_RATE   64000
#define AIME_MEDIAD_DEPTH      16

/* seconds; the longest frame that is usual is one of AAC at 8000 Hz */
#define AIME_MEDIAD_MAX_PADDING  0.13


static double aime_mediad_plan_padding(const aime_mediad_plan_t *plan);
static void aime_mediad_plan_rules_movie(aime_mediad_plan_t *plan);
static void aime_mediad_plan_rules_sound(aime_mediad_plan_t *plan);
static void aime_mediad_plan_number(aime_mediad_plan_t *plan,
    const aime_media_rule_t *rule, const char *what, double value,
    int average);
static int aime_mediad_plan_format(aime_mediad_plan_t *plan);
static int aime_mediad_plan_sound(aime_mediad_plan_t *plan);
static int aime_mediad_plan_rate(aime_mediad_plan_t *plan);
static int aime_mediad_plan_lossy(aime_mediad_plan_t *plan);
static int aime_mediad_plan_lossless(aime_mediad_plan_t *plan);
static double aime_mediad_plan_wanted(const aime_media_rule_t *rule,
    double value);
static int aime_mediad_plan_movie(aime_mediad_plan_t *plan);
static int aime_mediad_plan_even(aime_mediad_plan_t *plan);


/*
 * Seconds that encoders may add: to the end of the last frame of lossy sound,
 * and of the last picture.
 */

static double
aime_mediad_plan_padding(const aime_mediad_plan_t *plan)
{
    double                     seconds;
    const aime_mediad_scan_t  *scan;

    scan = plan->scan;
    seconds = 0;

    if (scan->sound && scan->depth == 0) {
        seconds = scan->frame;
    }

    if (scan->movie && scan->frame_rate.num > 0 && scan->frame_rate.den > 0) {
        seconds = fmax(seconds, 1 / av_q2d(scan->frame_rate));
    }

    return fmin(seconds, AIME_MEDIAD_MAX_PADDING);
}


int
aime_mediad_plan_rules(aime_mediad_plan_t *plan)
{
    aime_media_rules_t  *rules;

    rules = &plan->job->rules;

    plan->reformat = aime_mediad_fit_format(plan->job, plan->job->format)
                     == AIME_MEDIAD_CONVERT;
    plan->convert = plan->reformat;

    if (plan->scan->movie) {
        aime_mediad_plan_rules_movie(plan);
    }

    if (plan->scan->sound) {
        aime_mediad_plan_rules_sound(plan);
    }

    plan->target.max_seconds = HUGE_VAL;

    if (aime_mediad_fit_duration(plan->job, plan->scan->seconds,
                                 aime_mediad_plan_padding(plan))
        == AIME_MEDIAD_CONVERT)
    {
        plan->target.max_seconds = rules->duration.maximum.value[0];
        plan->convert = 1;
    }

    return plan->job->status == AIME_MEDIA_UNCHANGED ? AIME_MEDIAD_OK
                                                     : AIME_MEDIAD_DONE;
}


static void
aime_mediad_plan_rules_movie(aime_mediad_plan_t *plan)
{
    const aime_mediad_scan_t  *scan;

    scan = plan->scan;

    plan->recolor = aime_mediad_fit_color(plan->job,
                                          aime_mediad_color(scan->pixels))
                    == AIME_MEDIAD_CONVERT;

    if (plan->recolor
        | (aime_mediad_fit_size(plan->job, &scan->size, &plan->target.size)
           == AIME_MEDIAD_CONVERT))
    {
        plan->convert = 1;
    }
}


static void
aime_mediad_plan_rules_sound(aime_mediad_plan_t *plan)
{
    aime_media_rules_t        *rules;
    const aime_mediad_scan_t  *scan;

    scan = plan->scan;
    rules = &plan->job->rules;

    aime_mediad_plan_number(plan, &rules->sample_rate,
                            "has a sample rate of %s", scan->rate, 0);
    aime_mediad_plan_number(plan, &rules->channels, "has %s channels",
                            scan->channels, 0);
    aime_mediad_plan_number(plan, &rules->audio_bit_rate,
                            "has an audio bit rate of %s",
                            round(scan->bit_rate), 1);

    if (scan->depth) {
        aime_mediad_plan_number(plan, &rules->sample_bit_depth,
                                "has a sample bit depth of %s", scan->depth,
                                0);
    }
}


static void
aime_mediad_plan_number(aime_mediad_plan_t *plan, const aime_media_rule_t *rule,
    const char *what, double value, int average)
{
    if (aime_mediad_fit_number(plan->job, rule, what, value, average)
        == AIME_MEDIAD_CONVERT)
    {
        plan->convert = 1;
    }
}


int
aime_mediad_plan(aime_mediad_plan_t *plan)
{
    if (aime_mediad_plan_format(plan) != AIME_MEDIAD_OK) {
        return AIME_MEDIAD_DONE;
    }

    plan->target.sound = plan->scan->sound;
    plan->target.movie = plan->scan->movie;

    if (plan->scan->sound && aime_mediad_plan_sound(plan) != AIME_MEDIAD_OK) {
        return AIME_MEDIAD_DONE;
    }

    return plan->scan->movie ? aime_mediad_plan_movie(plan) : AIME_MEDIAD_OK;
}


static int
aime_mediad_plan_format(aime_mediad_plan_t *plan)
{
    int  value;

    plan->target.format = plan->job->format;

    if (plan->reformat) {

        if (aime_mediad_fit_candidate(&plan->job->rules.format, 0, &value)
            != AIME_OK)
        {
            return aime_mediad_fail(plan->job, "no format to convert to");
        }

        plan->target.format = value;
    }

    return AIME_MEDIAD_OK;
}


static int
aime_mediad_plan_sound(aime_mediad_plan_t *plan)
{
    int                   most;
    aime_media_rules_t   *rules;
    aime_mediad_target_t *target;

    rules = &plan->job->rules;
    target = &plan->target;

    if (aime_mediad_plan_rate(plan) != AIME_MEDIAD_OK) {
        return AIME_MEDIAD_DONE;
    }

    target->channels = (int) aime_mediad_plan_wanted(&rules->channels,
                                                     plan->scan->channels);
    most = aime_mediad_mux_channels(target->format);

    if (target->channels > most) {

        if (!aime_mediad_fit_meets(&rules->channels, most)) {
            return aime_mediad_refuse(plan->job, "with %d channels cannot be "
                                      "stored as %s", target->channels,
                                      aime_media_format_name(target->format));
        }

        target->channels = most;
    }

    return aime_mediad_mux_lossless(target->format)
           ? aime_mediad_plan_lossless(plan) : aime_mediad_plan_lossy(plan);
}


/* The rate that is wanted, or the next that format and rule both know. */

static int
aime_mediad_plan_rate(aime_mediad_plan_t *plan)
{
    int                       best, wanted;
    const int                *rate;
    const aime_media_rule_t  *rule;

    rule = &plan->job->rules.sample_rate;
    rate = aime_mediad_mux_rates(plan->target.format);

    if (plan->target.format == AIME_MEDIA_WEBM
        && !aime_mediad_fit_meets(rule, *rate))
    {
        plan->target.vorbis = 1;
        rate = NULL;
    }

    wanted = (int) aime_mediad_plan_wanted(rule, plan->scan->rate);
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
        return aime_mediad_refuse(plan->job, "with a sample rate of %d cannot "
                                  "be stored as %s", wanted,
                                  aime_media_format_name(plan->target.format));
    }

    plan->target.rate = best;

    return AIME_MEDIAD_OK;
}


static int
aime_mediad_plan_lossy(aime_mediad_plan_t *plan)
{
    double                    rate;
    unsigned int              i;
    const aime_media_rule_t  *rule;

    /* LAME takes the nearest of these, which may be above a bound */

    static const int  steps[] = {
        8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256,
        320
    };

    rule = &plan->job->rules.audio_bit_rate;

    rate = AIME_MEDIAD_BIT_RATE * plan->target.channels;

    if (plan->scan->depth == 0 && plan->scan->bit_rate > 0) {
        rate = fmin(rate, plan->scan->bit_rate);
    }

    rate = aime_mediad_plan_wanted(rule, round(rate));

    if (!rule->given && (plan->target.format == AIME_MEDIA_OGG
                         || plan->target.vorbis))
    {
        rate = 0;

    } else if (plan->target.format == AIME_MEDIA_MP3) {

        for (i = sizeof(steps) / sizeof(steps[0]) - 1; i > 0; i--) {
            if (steps[i] * 1000 <= rate) {
                break;
            }
        }

        rate = steps[i] * 1000;
    }

    plan->target.bit_rate = rate < INT32_MAX ? (int) rate : INT32_MAX;
    plan->target.bounded = rule->given;

    return AIME_MEDIAD_OK;
}


static int
aime_mediad_plan_lossless(aime_mediad_plan_t *plan)
{
    int                    depth;
    double                 rate;
    aime_media_rules_t    *rules;
    aime_mediad_target_t  *target;

    rules = &plan->job->rules;
    target = &plan->target;

    target->real = plan->scan->real;
    depth = plan->scan->depth ? plan->scan->depth : AIME_MEDIAD_DEPTH;
    target->depth = (int) aime_mediad_plan_wanted(&rules->sample_bit_depth,
                                                  depth);

    if (target->depth != 8 && target->depth != 16 && target->depth != 24
        && target->depth != 32)
    {
        if (!rules->sample_bit_depth.given) {
            target->depth = target->depth > 32 ? 32
                            : (target->depth + 7) / 8 * 8;

        } else {
            return aime_mediad_refuse(plan->job, "with a sample bit depth of "
                                      "%d cannot be stored as %s",
                                      target->depth,
                                      aime_media_format_name(target->format));
        }
    }

    /* its bit rate follows from all the others */

    rate = (double) target->rate * target->channels * target->depth;

    if (!aime_mediad_fit_meets(&rules->audio_bit_rate, rate)) {
        return aime_mediad_refuse(plan->job, "would have an audio bit rate of "
                                  "%.0f as %s, which is not supported", rate,
                                  aime_media_format_name(target->format));
    }

    return AIME_MEDIAD_OK;
}


/* The value if the rule allows it, else what it has to become. */

static double
aime_mediad_plan_wanted(const aime_media_rule_t *rule, double value)
{
    return aime_mediad_fit_meets(rule, value)
           ? value : aime_mediad_fit_target(rule, value);
}


static int
aime_mediad_plan_movie(aime_mediad_plan_t *plan)
{
    aime_media_rule_t     *rule;
    aime_mediad_size_t    *size;
    aime_mediad_target_t  *target;

    target = &plan->target;
    size = &target->size;
    rule = &plan->job->rules.color_space;

    /* H.264 could store gray as well, but decoders make yuv of it */

    if (!aime_mediad_fit_allows(rule, AIME_MEDIA_YUV)) {
        return aime_mediad_refuse(plan->job, "cannot be converted: %s stores "
                                  "none of the supported color spaces",
                                  aime_media_format_name(target->format));
    }

    if (target->format == AIME_MEDIA_MP4
        && aime_mediad_plan_even(plan) != AIME_MEDIAD_OK)
    {
        return AIME_MEDIAD_DONE;
    }

    target->frame_rate = plan->scan->frame_rate;
    target->change.pixels = AV_PIX_FMT_YUV420P;
    target->change.orientation = plan->scan->orientation;
    target->change.size = *size;

    aime_mediad_fit_cut(plan->job, &plan->scan->size, size,
                        &target->change.cut);
    aime_mediad_unturn(&target->change, &plan->scan->stored);

    return AIME_MEDIAD_OK;
}


/* Chroma at half the resolution wants even numbers, be it one more. */

static int
aime_mediad_plan_even(aime_mediad_plan_t *plan)
{
    int                  i;
    aime_mediad_size_t   size, *wanted;

    wanted = &plan->target.size;

    for (i = 0; i < 4; i++) {
        size.width = (wanted->width + (i & 1)) & ~1;
        size.height = (wanted->height + (i >> 1)) & ~1;

        if (size.width && size.height
            && aime_mediad_fit_takes(plan->job, &size))
        {
            *wanted = size;
            return AIME_MEDIAD_OK;
        }
    }

    return aime_mediad_refuse(plan->job, "with a size of %dx%d cannot be "
                              "stored as mp4", wanted->width, wanted->height);
}
