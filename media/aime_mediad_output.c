/*
 * The way out: one encoder for sound, one for pictures, and a muxer that
 * writes to memory.
 */

#include <stdlib.h>

#include "aime_mediad_movie.h"
#include "aime_mediad_output.h"
#include "aime_mediad_sound.h"


struct aime_mediad_output_s {
    aime_mediad_target_t  target;
    aime_mediad_mux_t     mux;
    aime_mediad_sound_t   sound;
    aime_mediad_movie_t   movie;
};


aime_mediad_output_t *
aime_mediad_output_open(aime_mediad_job_t *job,
    const aime_mediad_target_t *target)
{
    int                    rc;
    aime_mediad_output_t  *output;

    output = calloc(1, sizeof(aime_mediad_output_t));

    if (output == NULL) {
        (void) aime_mediad_fail(job, "no memory to encode");
        return NULL;
    }

    output->target = *target;

    output->sound.job = job;
    output->sound.mux = &output->mux;
    output->sound.target = &output->target;

    output->movie.job = job;
    output->movie.mux = &output->mux;
    output->movie.target = &output->target;

    rc = aime_mediad_mux_open(&output->mux, job, target->format);

    if (rc == AIME_MEDIAD_OK && target->sound) {
        rc = aime_mediad_sound_open(&output->sound);
    }

    if (rc == AIME_MEDIAD_OK && target->movie) {
        rc = aime_mediad_movie_open(&output->movie);
    }

    if (rc == AIME_MEDIAD_OK) {
        rc = aime_mediad_mux_begin(&output->mux);
    }

    if (rc != AIME_MEDIAD_OK) {
        aime_mediad_output_close(output);
        return NULL;
    }

    return output;
}


void
aime_mediad_output_close(aime_mediad_output_t *output)
{
    if (output == NULL) {
        return;
    }

    aime_mediad_sound_close(&output->sound);
    aime_mediad_movie_close(&output->movie);
    aime_mediad_mux_close(&output->mux);

    free(output);
}


int
aime_mediad_output_sound(aime_mediad_output_t *output, const AVFrame *frame,
    double seconds)
{
    return aime_mediad_sound_put(&output->sound, frame, seconds);
}


int
aime_mediad_output_movie(aime_mediad_output_t *output, const AVFrame *frame,
    double seconds)
{
    return aime_mediad_movie_put(&output->movie, frame, seconds);
}


int
aime_mediad_output_enough(const aime_mediad_output_t *output)
{
    return (output->sound.ctx == NULL || output->sound.full)
           && (output->movie.ctx == NULL || output->movie.full);
}


int
aime_mediad_output_finish(aime_mediad_output_t *output)
{
    int  rc;

    rc = output->sound.ctx ? aime_mediad_sound_finish(&output->sound)
                           : AIME_MEDIAD_OK;

    if (rc == AIME_MEDIAD_OK && output->movie.ctx) {
        rc = aime_mediad_movie_finish(&output->movie);
    }

    return rc == AIME_MEDIAD_OK ? aime_mediad_mux_finish(&output->mux) : rc;
}
