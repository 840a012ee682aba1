/*
 * How libavcodec is used here: which codecs, and with what care.  Must not know
 * rules.
 */

#ifndef AIME_MEDIAD_CODEC_H_INCLUDED
#define AIME_MEDIAD_CODEC_H_INCLUDED


#include <libavcodec/avcodec.h>

#include "aime_mediad_job.h"


/* the codecs, by libavcodec's names, that may decode; commas between */
extern const char  aime_mediad_decoders[];

/* errors that the libraries have complained of, some of them only so */
extern unsigned long  aime_mediad_errors;


/*
 * Before the sandbox, while files can be read: the tables that the libraries
 * build once, their bound for one piece of memory, and silence.
 */
void aime_mediad_codec_init(uint64_t memory);

/*
 * An opened decoder of the first whitelisted name that decodes that codec:
 * one thread, strict, bounded by the job's pixels.  par may be NULL.  NULL
 * after a refusal.
 */
AVCodecContext *aime_mediad_decoder(aime_mediad_job_t *job, enum AVCodecID id,
    const AVCodecParameters *par);

/* A context for an encoder of that name, one thread; NULL after a failure. */
AVCodecContext *aime_mediad_encoder(aime_mediad_job_t *job, const char *name);

/*
 * What an encoder of sound takes: sample rates, with 0 at the end, and forms of
 * samples, with AV_SAMPLE_FMT_NONE.  NULL if it takes any.
 */
const int *aime_mediad_encoder_rates(const AVCodec *codec);
const enum AVSampleFormat *aime_mediad_encoder_samples(const AVCodec *codec);

/* What a library complains of: a refusal, or a failure if memory is short. */
int aime_mediad_complain(aime_mediad_job_t *job, int error);


#endif /* AIME_MEDIAD_CODEC_H_INCLUDED */
