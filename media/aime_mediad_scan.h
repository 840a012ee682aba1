/*
 * What audio and video are.  Must not know rules.
 */

#ifndef AIME_MEDIAD_SCAN_H_INCLUDED
#define AIME_MEDIAD_SCAN_H_INCLUDED


#include "aime_mediad_fit.h"
#include "aime_mediad_input.h"


/* What was found out; depth 0: the sound is lossy. */

typedef struct {
    aime_mediad_job_t    *job;
    aime_mediad_input_t  *input;        /* while it is read */

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
} aime_mediad_scan_t;


/* Reads all of the job's media; zeroed before, but for the job. */
int aime_mediad_scan(aime_mediad_scan_t *scan);


#endif /* AIME_MEDIAD_SCAN_H_INCLUDED */
