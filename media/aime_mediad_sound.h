/*
 * Sound on its way out.  Must not know rules, nor where it comes from.
 */

#ifndef AIME_MEDIAD_SOUND_H_INCLUDED
#define AIME_MEDIAD_SOUND_H_INCLUDED


#include <libavutil/audio_fifo.h>
#include <libswresample/swresample.h>

#include "aime_mediad_mux.h"
#include "aime_mediad_target.h"


/* The first group is set by who opens it. */

typedef struct {
    aime_mediad_job_t          *job;
    aime_mediad_mux_t          *mux;
    aime_mediad_target_t       *target;

    AVCodecContext             *ctx;            /* NULL: there is no sound */
    AVStream                   *stream;
    SwrContext                 *swr;
    AVAudioFifo                *fifo;
    AVFrame                    *samples;
    int64_t                     first_sample;
    int64_t                     taken;          /* into the fifo */
    int64_t                     sent;           /* to the encoder */
    int                         in_rate;
    int                         in_format;
    int                         in_channels;

    unsigned                    begun:1;        /* the first sound is in */
    unsigned                    full:1;         /* as long as it may be */
} aime_mediad_sound_t;


/* Zeroed before but for the first group; to be closed, whatever came of it. */
int aime_mediad_sound_open(aime_mediad_sound_t *sound);
void aime_mediad_sound_close(aime_mediad_sound_t *sound);

/* seconds: when it begins, from the start of all */
int aime_mediad_sound_put(aime_mediad_sound_t *sound, const AVFrame *frame,
    double seconds);

/* What is still on its way. */
int aime_mediad_sound_finish(aime_mediad_sound_t *sound);


#endif /* AIME_MEDIAD_SOUND_H_INCLUDED */
