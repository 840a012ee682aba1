/*
 * Rules: bounds, multiples, lists; and sizes, whose two dimensions depend on
 * each other where the aspect ratio is kept.
 */

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aime_mediad_fit.h"


/* values that a text lists */
#define AIME_MEDIAD_LISTED   12

#define AIME_MEDIAD_SLACK    0.05


typedef void (*aime_mediad_print_pt)(char *buf, size_t size,
    const aime_media_value_t *value);


static void aime_mediad_print_format(char *buf, size_t size,
    const aime_media_value_t *value);
static void aime_mediad_print_color(char *buf, size_t size,
    const aime_media_value_t *value);
static void aime_mediad_print_size(char *buf, size_t size,
    const aime_media_value_t *value);
static void aime_mediad_print_number(char *buf, size_t size,
    const aime_media_value_t *value);
static void aime_mediad_unsupported(aime_mediad_job_t *job, const char *what,
    const aime_media_rule_t *rule, aime_mediad_print_pt print);
static void aime_mediad_size_bounds(aime_mediad_job_t *job,
    const aime_media_value_t *value, const char *what, int broken);
static int aime_mediad_size_broken(const aime_media_rule_t *rule,
    const aime_media_value_t *value);
static int aime_mediad_size_target(aime_mediad_job_t *job,
    const aime_media_value_t *value, aime_mediad_size_t *target);
static void aime_mediad_size_aspect(const aime_media_rule_t *rule,
    const aime_media_value_t *value, double *width, double *height);
static void aime_mediad_size_near(const aime_media_rule_t *rule,
    const aime_media_value_t *value, double width, double height,
    double *best);
static double aime_mediad_bounded(const aime_media_rule_t *rule, int i,
    double value);
static double aime_mediad_aligned(const aime_media_rule_t *rule, int i,
    double value);
static double aime_mediad_align(const aime_media_rule_t *rule, int i);


aime_mediad_fit_e
aime_mediad_fit_format(aime_mediad_job_t *job, aime_media_format_e format)
{
    char                      what[64];
    const aime_media_rule_t  *rule;

    rule = &job->rules.format;

    if (aime_mediad_fit_allows(rule, format)) {
        return AIME_MEDIAD_FITS;
    }

    if (rule->auto_convert) {
        return AIME_MEDIAD_CONVERT;
    }

    (void) snprintf(what, sizeof(what), "has the format %s",
                    aime_media_format_name(format));

    aime_mediad_unsupported(job, what, rule, aime_mediad_print_format);

    return AIME_MEDIAD_VIOLATED;
}


aime_mediad_fit_e
aime_mediad_fit_color(aime_mediad_job_t *job, aime_media_color_e color)
{
    char                      what[64];
    const aime_media_rule_t  *rule;

    rule = &job->rules.color_space;

    if (aime_mediad_fit_allows(rule, color)) {
        return AIME_MEDIAD_FITS;
    }

    if (rule->auto_convert) {
        return AIME_MEDIAD_CONVERT;
    }

    (void) snprintf(what, sizeof(what), "has the color space %s",
                    aime_media_color_name(color));

    aime_mediad_unsupported(job, what, rule, aime_mediad_print_color);

    return AIME_MEDIAD_VIOLATED;
}


aime_mediad_fit_e
aime_mediad_fit_size(aime_mediad_job_t *job, const aime_mediad_size_t *size,
    aime_mediad_size_t *target)
{
    char                      what[128], text[64];
    aime_media_value_t        value;
    const aime_media_rule_t  *rule;

    rule = &job->rules.size;

    value.value[0] = size->width;
    value.value[1] = size->height;

    *target = *size;

    if (!aime_mediad_size_broken(rule, &value)) {
        return AIME_MEDIAD_FITS;
    }

    if (rule->auto_convert) {
        return aime_mediad_size_target(job, &value, target) == AIME_MEDIAD_OK
               ? AIME_MEDIAD_CONVERT : AIME_MEDIAD_VIOLATED;
    }

    aime_mediad_print_size(text, sizeof(text), &value);
    (void) snprintf(what, sizeof(what), "has a size of %s", text);

    if (rule->nsupported) {
        aime_mediad_unsupported(job, what, rule, aime_mediad_print_size);
        return AIME_MEDIAD_VIOLATED;
    }

    aime_mediad_size_bounds(job, &rule->minimum, what, rule->has_minimum
                            && (value.value[0] < rule->minimum.value[0]
                                || value.value[1] < rule->minimum.value[1]));

    aime_mediad_size_bounds(job, &rule->maximum, what, 2 * (rule->has_maximum
                            && (value.value[0] > rule->maximum.value[0]
                                || value.value[1] > rule->maximum.value[1])));

    aime_mediad_size_bounds(job, &rule->align, what, 3 * (rule->has_align
                            && (fmod(value.value[0], rule->align.value[0]) > 0
                                || fmod(value.value[1],
                                        rule->align.value[1]) > 0)));

    return AIME_MEDIAD_VIOLATED;
}


int
aime_mediad_fit_size_meets(const aime_media_rule_t *rule,
    const aime_mediad_size_t *size)
{
    aime_media_value_t  value;

    value.value[0] = size->width;
    value.value[1] = size->height;

    return !aime_mediad_size_broken(rule, &value);
}


/* broken: 1 is the minimum, 2 the maximum, 3 the multiple, 0 none of them */

static void
aime_mediad_size_bounds(aime_mediad_job_t *job,
    const aime_media_value_t *value, const char *what, int broken)
{
    char  text[64];

    static const char  *how[] = {
        "", "below the minimum of", "above the maximum of",
        "not a multiple of"
    };

    if (broken) {
        aime_mediad_print_size(text, sizeof(text), value);
        aime_mediad_violation(job, "%s, %s %s", what, how[broken], text);
    }
}


static int
aime_mediad_size_broken(const aime_media_rule_t *rule,
    const aime_media_value_t *value)
{
    int     i;
    size_t  n;

    if (rule->nsupported) {

        for (n = 0; n < rule->nsupported; n++) {
            if (rule->supported[n].value[0] == value->value[0]
                && rule->supported[n].value[1] == value->value[1])
            {
                return 0;
            }
        }

        return 1;
    }

    for (i = 0; i < 2; i++) {

        if ((rule->has_minimum && value->value[i] < rule->minimum.value[i])
            || (rule->has_maximum && value->value[i] > rule->maximum.value[i])
            || (rule->has_align
                && fmod(value->value[i], rule->align.value[i]) > 0))
        {
            return 1;
        }
    }

    return 0;
}


static int
aime_mediad_size_target(aime_mediad_job_t *job,
    const aime_media_value_t *value, aime_mediad_size_t *target)
{
    double                    size[2];
    const aime_media_value_t *fixed;
    const aime_media_rule_t  *rule;

    rule = &job->rules.size;

    if (rule->nsupported) {
        fixed = rule->has_default ? &rule->default_value : rule->supported;
        size[0] = fixed->value[0];
        size[1] = fixed->value[1];

    } else if (rule->keep_aspect_ratio) {
        aime_mediad_size_aspect(rule, value, &size[0], &size[1]);

    } else {
        size[0] = aime_mediad_aligned(rule, 0,
                      aime_mediad_bounded(rule, 0, value->value[0]));
        size[1] = aime_mediad_aligned(rule, 1,
                      aime_mediad_bounded(rule, 1, value->value[1]));
    }

    if (rule->nsupported == 0 && rule->has_maximum
        && (size[0] > rule->maximum.value[0]
            || size[1] > rule->maximum.value[1]))
    {
        return aime_mediad_refuse(job, "cannot be given a size: no multiple of "
                                  "%gx%g lies within the bounds",
                                  aime_mediad_align(rule, 0),
                                  aime_mediad_align(rule, 1));
    }

    if (size[0] > INT_MAX / 2 || size[1] > INT_MAX / 2
        || size[0] * size[1] > (double) job->max_pixels)
    {
        return aime_mediad_refuse(job, "would have %.0fx%.0f pixels, more than "
                                  "the maximum of %llu", size[0], size[1],
                                  (unsigned long long) job->max_pixels);
    }

    target->width = (int) size[0];
    target->height = (int) size[1];

    return AIME_MEDIAD_OK;
}


/*
 * One factor for both dimensions: the largest up to 1 that meets the maxima,
 * a larger one if a minimum asks for it.  Where both cannot be had the bounds
 * win over the aspect ratio.
 */

static void
aime_mediad_size_aspect(const aime_media_rule_t *rule,
    const aime_media_value_t *value, double *width, double *height)
{
    int     i;
    double  factor, best[2];

    factor = 1;

    for (i = 0; rule->has_maximum && i < 2; i++) {
        factor = fmin(factor, rule->maximum.value[i] / value->value[i]);
    }

    for (i = 0; rule->has_minimum && i < 2; i++) {
        factor = fmax(factor, rule->minimum.value[i] / value->value[i]);
    }

    *width = aime_mediad_bounded(rule, 0, value->value[0] * factor);
    *height = aime_mediad_bounded(rule, 1, value->value[1] * factor);

    aime_mediad_size_near(rule, value, *width, *height, best);

    *width = best[0];
    *height = best[1];
}


/*
 * Of the multiples on either side of both dimensions, the pair that comes
 * nearest to the aspect ratio; the larger one where that is even.
 */

static void
aime_mediad_size_near(const aime_media_rule_t *rule,
    const aime_media_value_t *value, double width, double height, double *best)
{
    int     i, j;
    double  w, h, error, least;

    best[0] = aime_mediad_aligned(rule, 0, width);
    best[1] = aime_mediad_aligned(rule, 1, height);
    least = HUGE_VAL;

    for (i = 1; i >= 0; i--) {
        w = aime_mediad_aligned(rule, 0, width)
            + i * aime_mediad_align(rule, 0);

        for (j = 1; j >= 0; j--) {
            h = aime_mediad_aligned(rule, 1, height)
                + j * aime_mediad_align(rule, 1);

            /* beyond what the factor gave by a step, at most */

            if ((rule->has_maximum && (w > rule->maximum.value[0]
                                       || h > rule->maximum.value[1]))
                || w >= width + aime_mediad_align(rule, 0)
                || h >= height + aime_mediad_align(rule, 1))
            {
                continue;
            }

            error = fabs(log(w / h * value->value[1] / value->value[0]));

            if (error < least - 1e-9) {
                least = error;
                best[0] = w;
                best[1] = h;
            }
        }
    }
}


static double
aime_mediad_bounded(const aime_media_rule_t *rule, int i, double value)
{
    if (rule->has_maximum) {
        value = fmin(value, rule->maximum.value[i]);
    }

    if (rule->has_minimum) {
        value = fmax(value, rule->minimum.value[i]);
    }

    return value;
}


/* Down to a multiple, but up where that falls below the minimum, or is 0. */

static double
aime_mediad_aligned(const aime_media_rule_t *rule, int i, double value)
{
    double  align, least, result;

    align = aime_mediad_align(rule, i);
    least = rule->has_minimum ? fmax(rule->minimum.value[i], 1) : 1;

    /* a factor may have left 127.99999999 where 128 is meant */

    result = floor(value / align + 1e-6) * align;

    if (result < least) {
        result = ceil(least / align) * align;
    }

    return result;
}


static double
aime_mediad_align(const aime_media_rule_t *rule, int i)
{
    return rule->has_align ? rule->align.value[i] : 1;
}


aime_mediad_fit_e
aime_mediad_fit_number(aime_mediad_job_t *job, const aime_media_rule_t *rule,
    const char *what, double value, int average)
{
    int                 low, high, odd;
    char                text[64], begin[128];
    double              slack;
    size_t              i;
    aime_media_value_t  one;

    slack = average ? value * AIME_MEDIAD_SLACK : 0;

    low = rule->has_minimum && value < rule->minimum.value[0] - slack;
    high = rule->has_maximum && value > rule->maximum.value[0] + slack;
    odd = rule->has_align && !average
          && fmod(value, rule->align.value[0]) > 0;

    for (i = 0; i < rule->nsupported; i++) {
        if (fabs(rule->supported[i].value[0] - value) <= slack) {
            break;
        }
    }

    if (!low && !high && !odd && (rule->nsupported == 0
                                  || i < rule->nsupported))
    {
        return AIME_MEDIAD_FITS;
    }

    if (rule->auto_convert) {
        return AIME_MEDIAD_CONVERT;
    }

    one.value[0] = value;
    aime_mediad_print_number(text, sizeof(text), &one);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void) snprintf(begin, sizeof(begin), what, text);
#pragma GCC diagnostic pop

    if (rule->nsupported && i == rule->nsupported) {
        aime_mediad_unsupported(job, begin, rule, aime_mediad_print_number);

    } else {
        aime_mediad_print_number(text, sizeof(text),
                                 low ? &rule->minimum
                                 : high ? &rule->maximum : &rule->align);
        aime_mediad_violation(job, "%s, %s %s", begin,
                              low ? "below the minimum of"
                              : high ? "above the maximum of"
                              : "not a multiple of", text);
    }

    return AIME_MEDIAD_VIOLATED;
}


int
aime_mediad_fit_meets(const aime_media_rule_t *rule, double value)
{
    size_t  i;

    if ((rule->has_minimum && value < rule->minimum.value[0])
        || (rule->has_maximum && value > rule->maximum.value[0])
        || (rule->has_align && fmod(value, rule->align.value[0]) > 0))
    {
        return 0;
    }

    for (i = 0; i < rule->nsupported; i++) {
        if (rule->supported[i].value[0] == value) {
            return 1;
        }
    }

    return rule->nsupported == 0;
}


double
aime_mediad_fit_target(const aime_media_rule_t *rule, double value)
{
    if (rule->nsupported) {
        return rule->has_default ? rule->default_value.value[0]
                                 : rule->supported[0].value[0];
    }

    value = aime_mediad_bounded(rule, 0, value);

    return rule->has_align ? aime_mediad_aligned(rule, 0, value) : value;
}


aime_mediad_fit_e
aime_mediad_fit_duration(aime_mediad_job_t *job, double seconds)
{
    char                      text[64], bound[64];
    aime_media_value_t        value;
    const aime_media_rule_t  *rule;

    rule = &job->rules.duration;

    value.value[0] = round(seconds * 1000) / 1000;
    aime_mediad_print_number(text, sizeof(text), &value);

    /* a millisecond is less than what encoders pad */

    if (rule->has_minimum && seconds < rule->minimum.value[0] - 0.001) {
        aime_mediad_print_number(bound, sizeof(bound), &rule->minimum);
        aime_mediad_violation(job, "lasts %s seconds, less than the minimum of "
                              "%s", text, bound);
        return AIME_MEDIAD_VIOLATED;
    }

    if (!rule->has_maximum || seconds <= rule->maximum.value[0] + 0.001) {
        return AIME_MEDIAD_FITS;
    }

    if (rule->auto_convert) {
        return AIME_MEDIAD_CONVERT;
    }

    aime_mediad_print_number(bound, sizeof(bound), &rule->maximum);
    aime_mediad_violation(job, "lasts %s seconds, more than the maximum of %s",
                          text, bound);

    return AIME_MEDIAD_VIOLATED;
}


int
aime_mediad_fit_allows(const aime_media_rule_t *rule, int value)
{
    size_t  i;

    for (i = 0; i < rule->nsupported; i++) {
        if ((int) rule->supported[i].value[0] == value) {
            return 1;
        }
    }

    return rule->nsupported == 0;
}


int
aime_mediad_fit_candidate(const aime_media_rule_t *rule, size_t n, int *value)
{
    if (rule->has_default && rule->nsupported) {

        if (n == 0) {
            *value = (int) rule->default_value.value[0];
            return AIME_OK;
        }

        n--;
    }

    if (n >= rule->nsupported) {
        return AIME_ERROR;
    }

    *value = (int) rule->supported[n].value[0];

    return AIME_OK;
}


void
aime_mediad_fit_cut(const aime_mediad_job_t *job,
    const aime_mediad_size_t *size, const aime_mediad_size_t *target,
    aime_mediad_cut_t *cut)
{
    double  aspect;

    cut->x = 0;
    cut->y = 0;
    cut->width = size->width;
    cut->height = size->height;

    if (job->rules.resize_method != AIME_MEDIA_CROP) {
        return;
    }

    aspect = (double) target->width / target->height;

    if (size->width > size->height * aspect) {
        cut->width = (int) fmax(1, round(size->height * aspect));
        cut->x = (size->width - cut->width) / 2;

    } else {
        cut->height = (int) fmax(1, round(size->width / aspect));
        cut->height = cut->height > size->height ? size->height : cut->height;
        cut->y = (size->height - cut->height) / 2;
    }
}


static void
aime_mediad_unsupported(aime_mediad_job_t *job, const char *what,
    const aime_media_rule_t *rule, aime_mediad_print_pt print)
{
    char    list[1024], one[64];
    size_t  i, n;

    n = 0;

    for (i = 0; i < rule->nsupported && i < AIME_MEDIAD_LISTED; i++) {
        print(one, sizeof(one), &rule->supported[i]);
        n += snprintf(list + n, sizeof(list) - n, "%s%s", i ? ", " : "", one);
    }

    aime_mediad_violation(job, "%s, supported: %s%s", what, list,
                          i < rule->nsupported ? ", ..." : "");
}


static void
aime_mediad_print_format(char *buf, size_t size,
    const aime_media_value_t *value)
{
    (void) snprintf(buf, size, "%s",
                    aime_media_format_name((int) value->value[0]));
}


static void
aime_mediad_print_color(char *buf, size_t size,
    const aime_media_value_t *value)
{
    (void) snprintf(buf, size, "%s",
                    aime_media_color_name((int) value->value[0]));
}


static void
aime_mediad_print_size(char *buf, size_t size,
    const aime_media_value_t *value)
{
    (void) snprintf(buf, size, "%.0fx%.0f", value->value[0], value->value[1]);
}


static void
aime_mediad_print_number(char *buf, size_t size,
    const aime_media_value_t *value)
{
    (void) snprintf(buf, size, "%.12g", value->value[0]);
}
