/*
 * Audio and video: all of the media is read once to find out what they are;
 * then come the rules; then, if one of them wants it, the media are read again
 * and encoded.
 */

#include <string.h>

#include "aime_mediad_av.h"
#include "aime_mediad_output.h"
#include "aime_mediad_plan.h"


typedef struct {
    aime_mediad_job_t     *job;
    aime_mediad_input_t   *input;
    aime_mediad_output_t  *output;
    aime_mediad_scan_t     scan;
    aime_mediad_plan_t     plan;
} aime_mediad_av_t;


static int aime_mediad_av_convert(aime_mediad_av_t *av);
static int aime_mediad_av_take(void *ctx, aime_mediad_stream_e which,
    AVFrame *frame);


void
aime_mediad_av(aime_mediad_job_t *job)
{
    aime_mediad_av_t  av;

    memset(&av, 0, sizeof(aime_mediad_av_t));
    av.job = job;
    av.scan.job = job;
    av.plan.job = job;
    av.plan.scan = &av.scan;

    if (aime_mediad_scan(&av.scan) == AIME_MEDIAD_OK
        && aime_mediad_plan_rules(&av.plan) == AIME_MEDIAD_OK
        && av.plan.convert
        && aime_mediad_plan(&av.plan) == AIME_MEDIAD_OK)
    {
        (void) aime_mediad_av_convert(&av);
    }
}


static int
aime_mediad_av_convert(aime_mediad_av_t *av)
{
    int                  rc;
    aime_mediad_input_t  input;

    rc = aime_mediad_input_open(&input, av->job);
    av->input = &input;

    if (rc == AIME_MEDIAD_OK) {
        av->output = aime_mediad_output_open(av->job, &av->plan.target);
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
                * av_q2d(stream->stream->time_base) - av->scan.start;

    rc = which == AIME_MEDIAD_SOUND
         ? aime_mediad_output_sound(av->output, frame,
                                    av->scan.movie ? seconds : 0)
         : aime_mediad_output_movie(av->output, frame, seconds);

    if (rc == AIME_MEDIAD_OK && aime_mediad_output_enough(av->output)) {
        av->input->stop = 1;
    }

    return rc;
}
