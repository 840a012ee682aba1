/*
 * Audio and video as they go: encoded and muxed into memory.  Must not know
 * rules, nor where the frames come from.
 */

#ifndef AIME_MEDIAD_OUTPUT_H_INCLUDED
#define AIME_MEDIAD_OUTPUT_H_INCLUDED


#include <libavutil/frame.h>

#include "aime_mediad_target.h"


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


#endif /* AIME_MEDIAD_OUTPUT_H_INCLUDED */
