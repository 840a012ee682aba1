/*
 * Audio and video as they come: demuxed from memory and decoded, stream by
 * stream, with what is found out on the way.  Must not know rules.
 */

#ifndef AIME_MEDIAD_INPUT_H_INCLUDED
#define AIME_MEDIAD_INPUT_H_INCLUDED


#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "aime_mediad_job.h"
#include "aime_mediad_memory.h"


typedef enum {
    AIME_MEDIAD_SOUND = 0,
    AIME_MEDIAD_MOVIE,
    AIME_MEDIAD_NSTREAMS
} aime_mediad_stream_e;


/*
 * ctx: NULL where the media have no such stream.  start, end: seconds, of what
 * was read so far; HUGE_VAL and -HUGE_VAL before.
 */

typedef struct {
    AVStream             *stream;
    AVCodecContext       *ctx;
    uint64_t              bytes;
    uint64_t              samples;      /* of one channel */
    unsigned long         packets;
    unsigned long         errors;
    double                start;
    double                end;
    double                span;         /* of packets, before any is trimmed */

    unsigned              decoded:1;    /* at least one frame was */
    unsigned              once:1;       /* only the first frame is wanted */
} aime_mediad_stream_t;


/* Is given every frame; AIME_MEDIAD_DONE ends the reading as it is. */
typedef int (*aime_mediad_frame_pt)(void *ctx, aime_mediad_stream_e which,
    AVFrame *frame);


typedef struct {
    aime_mediad_job_t    *job;
    aime_mediad_memory_t  memory;
    AVFormatContext      *fmt;
    AVPacket             *packet;
    AVFrame              *frame;
    aime_mediad_stream_t  streams[AIME_MEDIAD_NSTREAMS];

    unsigned              stop:1;       /* the handler has seen enough */
    unsigned              open_end:1;   /* it ends where it ends */
} aime_mediad_input_t;


/*
 * Opens the media of the job with the decoders of the streams that its kind
 * has; of a video the sound may be missing.  Close it whatever it gives.
 */
int aime_mediad_input_open(aime_mediad_input_t *input, aime_mediad_job_t *job);
void aime_mediad_input_close(aime_mediad_input_t *input);

/* Reads to the end, or to where the handler sets stop. */
int aime_mediad_input_read(aime_mediad_input_t *input,
    aime_mediad_frame_pt handler, void *ctx);


#endif /* AIME_MEDIAD_INPUT_H_INCLUDED */
