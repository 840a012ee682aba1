/*
 * A container that is written to memory, and what it can hold.  Must not know
 * rules, nor where the frames come from.
 */

#ifndef AIME_MEDIAD_MUX_H_INCLUDED
#define AIME_MEDIAD_MUX_H_INCLUDED


#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "aime_mediad_job.h"
#include "aime_mediad_memory.h"


/* Encoders by name; sound NULL: samples as they are. */

typedef struct {
    aime_media_format_e   format;
    const char           *muxer;
    const char           *sound;
    const char           *movie;
    AVRational            time_base;    /* of pictures; 0: their rate */
    int                   channels;
} aime_mediad_muxer_t;


typedef struct {
    aime_mediad_job_t          *job;
    const aime_mediad_muxer_t  *muxer;
    aime_mediad_memory_t        memory;
    AVFormatContext            *fmt;
    AVPacket                   *packet;
} aime_mediad_mux_t;


/*
 * All of these give what the job's functions give.  Opened once, zeroed before;
 * streams are added before it begins; what is open is to be closed, whatever
 * came of it.
 */
int aime_mediad_mux_open(aime_mediad_mux_t *mux, aime_mediad_job_t *job,
    aime_media_format_e format);
int aime_mediad_mux_begin(aime_mediad_mux_t *mux);
void aime_mediad_mux_close(aime_mediad_mux_t *mux);

/* Encodes a frame, or what is left without one, and writes the packets. */
int aime_mediad_mux_encode(aime_mediad_mux_t *mux, AVCodecContext *ctx,
    AVStream *stream, const AVFrame *frame);

/* Gives the job its out. */
int aime_mediad_mux_finish(aime_mediad_mux_t *mux);

/* An encoder for it, to be set up and opened; NULL after a failure. */
AVCodecContext *aime_mediad_mux_encoder(aime_mediad_mux_t *mux,
    const char *name);

/* A stream of what the encoder gives, once that is open; NULL: no memory. */
AVStream *aime_mediad_mux_add(aime_mediad_mux_t *mux, AVCodecContext *ctx);

/*
 * What a format can hold: its sample rates, ended by 0 (NULL: any), the
 * most channels, and whether its sound keeps every bit.  Of WebM the rate is
 * Opus's, which is decoded at 48000 whatever went in; with vorbis it is any.
 */
const int *aime_mediad_mux_rates(aime_media_format_e format);
int aime_mediad_mux_channels(aime_media_format_e format);
int aime_mediad_mux_lossless(aime_media_format_e format);


#endif /* AIME_MEDIAD_MUX_H_INCLUDED */
