/*
 * Audio and video as they go: encoded and muxed into memory.  Must not know
 * rules, nor where the frames come from.
 */

#ifndef AIME_MEDIAD_OUTPUT_H_INCLUDED
#define AIME_MEDIAD_OUTPUT_H_INCLUDED


#include <libavutil/frame.h>
#include <libavutil/rational.h>

#include "aime_mediad_job.h"
#include "aime_mediad_picture.h"


/* sound, movie: whether there is one; bit_rate 0: as the encoder likes */

typedef struct {
    aime_media_format_e   format;
    double                max_seconds;      /* HUGE_VAL: to the end */

    int                   rate;
    int                   channels;
    int                   depth;            /* of lossless formats alone */
    int                   bit_rate;

    aime_mediad_change_t  change;
    aime_mediad_size_t    size;             /* once it is turned */
    AVRational            frame_rate;

    unsigned              sound:1;
    unsigned              movie:1;
    unsigned              real:1;           /* samples are floating point */
    unsigned              vorbis:1;         /* WebM without Opus */
    unsigned              bounded:1;        /* bit_rate is no mere wish */
} aime_mediad_target_t;


typedef struct aime_mediad_output_s  aime_mediad_output_t;


/* NULL after a refusal or a failure. */
aime_mediad_output_t *aime_mediad_output_open(aime_mediad_job_t *job,
    const aime_mediad_target_t *target);
void aime_mediad_output_close(aime_mediad_output_t *output);

/* seconds: when it begins, from the start of all */
int aime_mediad_output_sound(aime_mediad_output_t *output,
    const AVFrame *frame, double seconds);
int aime_mediad_output_movie(aime_mediad_output_t *output,
    const AVFrame *frame, double seconds);

/* Has all of it reached max_seconds? */
int aime_mediad_output_enough(const aime_mediad_output_t *output);

/* Gives the job its out. */
int aime_mediad_output_finish(aime_mediad_output_t *output);

/*
 * What a format can hold: its sample rates, ended by 0 (NULL: any), the
 * most channels, and whether its sound keeps every bit.  Of WebM the rate is
 * Opus's, which is decoded at 48000 whatever went in; with vorbis it is any.
 */
const int *aime_mediad_output_rates(aime_media_format_e format);
int aime_mediad_output_channels(aime_media_format_e format);
int aime_mediad_output_lossless(aime_media_format_e format);


#endif /* AIME_MEDIAD_OUTPUT_H_INCLUDED */
