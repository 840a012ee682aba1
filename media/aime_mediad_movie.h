/*
 * Moving pictures on their way out.  Must not know rules, nor where they come
 * from.
 */

#ifndef AIME_MEDIAD_MOVIE_H_INCLUDED
#define AIME_MEDIAD_MOVIE_H_INCLUDED


#include "aime_mediad_mux.h"
#include "aime_mediad_target.h"


/* The first group is set by who opens it. */

typedef struct {
    aime_mediad_job_t          *job;
    aime_mediad_mux_t          *mux;
    aime_mediad_target_t       *target;

    AVCodecContext             *ctx;            /* NULL: there are none */
    AVStream                   *stream;
    AVFrame                    *last;           /* of a constant rate */
    int64_t                     last_pts;
    int                         in_width;
    int                         in_height;

    unsigned                    full:1;         /* as long as it may be */
} aime_mediad_movie_t;


/* Zeroed before but for the first group; to be closed, whatever came of it. */
int aime_mediad_movie_open(aime_mediad_movie_t *movie);
void aime_mediad_movie_close(aime_mediad_movie_t *movie);

/* seconds: when it is shown, from the start of all */
int aime_mediad_movie_put(aime_mediad_movie_t *movie, const AVFrame *frame,
    double seconds);

/* What is still on its way. */
int aime_mediad_movie_finish(aime_mediad_movie_t *movie);


#endif /* AIME_MEDIAD_MOVIE_H_INCLUDED */
