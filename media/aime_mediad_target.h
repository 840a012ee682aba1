/*
 * What media are to become.
 */

#ifndef AIME_MEDIAD_TARGET_H_INCLUDED
#define AIME_MEDIAD_TARGET_H_INCLUDED


#include <libavutil/rational.h>

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


#endif /* AIME_MEDIAD_TARGET_H_INCLUDED */
