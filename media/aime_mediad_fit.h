/*
 * Rules against what media are: the violations, or what the media have to
 * become.  Must not know where the numbers come from, nor the libraries that
 * decode.
 */

#ifndef AIME_MEDIAD_FIT_H_INCLUDED
#define AIME_MEDIAD_FIT_H_INCLUDED


#include "aime_mediad_job.h"


/*
 * What the functions below give: the rule is met; or it is not and the
 * attribute is to be converted; or it is not, and a violation says so.
 */

typedef enum {
    AIME_MEDIAD_FITS = 0,
    AIME_MEDIAD_CONVERT,
    AIME_MEDIAD_VIOLATED
} aime_mediad_fit_e;


typedef struct {
    int                   width;
    int                   height;
} aime_mediad_size_t;


/* The part of a picture that is shown. */

typedef struct {
    int                   x;
    int                   y;
    int                   width;
    int                   height;
} aime_mediad_cut_t;


aime_mediad_fit_e aime_mediad_fit_format(aime_mediad_job_t *job,
    aime_media_format_e format);
aime_mediad_fit_e aime_mediad_fit_color(aime_mediad_job_t *job,
    aime_media_color_e color);

/* Every dimension's violation is a line; target: what it has to become. */
aime_mediad_fit_e aime_mediad_fit_size(aime_mediad_job_t *job,
    const aime_mediad_size_t *size, aime_mediad_size_t *target);

/* Does a size meet the rule; nothing is said of one that does not. */
int aime_mediad_fit_size_meets(const aime_media_rule_t *rule,
    const aime_mediad_size_t *size);

/*
 * what: the beginning of a violation with one %s for the value ("has a sample
 * rate of %s").  An average (of bits per second) may miss the rule by a 20th.
 */
aime_mediad_fit_e aime_mediad_fit_number(aime_mediad_job_t *job,
    const aime_media_rule_t *rule, const char *what, double value,
    int average);

/* Is the rule met; what a number that breaks it has to become. */
int aime_mediad_fit_meets(const aime_media_rule_t *rule, double value);
double aime_mediad_fit_target(const aime_media_rule_t *rule, double value);

/*
 * Duration: seconds below the minimum cannot be converted; above the maximum
 * they can be cut.
 */
aime_mediad_fit_e aime_mediad_fit_duration(aime_mediad_job_t *job,
    double seconds);

/*
 * Is the value among the supported, or nothing is asked; the candidates in the
 * order in which they are tried: the default, then the supported.  n counts
 * from 0; AIME_ERROR: there are no more.
 */
int aime_mediad_fit_allows(const aime_media_rule_t *rule, int value);
int aime_mediad_fit_candidate(const aime_media_rule_t *rule, size_t n,
    int *value);

/* The part of a picture of that size that becomes the target. */
void aime_mediad_fit_cut(const aime_mediad_job_t *job,
    const aime_mediad_size_t *size, const aime_mediad_size_t *target,
    aime_mediad_cut_t *cut);


#endif /* AIME_MEDIAD_FIT_H_INCLUDED */
