/*
 * Moving pictures: at a constant rate where the container wants one.
 */

#include <math.h>

#include <libavutil/opt.h>

#include "aime_mediad_codec.h"
#include "aime_mediad_movie.h"


/* bits a pixel of a frame that VP8, which wants a rate, may use */
#define AIME_MEDIAD_VP8_BITS    0.15

#define AIME_MEDIAD_MAX_FPS     240


static void aime_mediad_movie_tune(aime_mediad_movie_t *movie,
    AVCodecContext *ctx);
static int aime_mediad_movie_picture(aime_mediad_movie_t *movie,
    AVFrame *frame, int64_t pts);


int
aime_mediad_movie_open(aime_mediad_movie_t *movie)
{
    int                    rc;
    AVCodecContext        *ctx;
    aime_mediad_target_t  *target;

    target = movie->target;

    if (target->frame_rate.num <= 0 || target->frame_rate.den <= 0
        || av_q2d(target->frame_rate) > AIME_MEDIAD_MAX_FPS)
    {
        target->frame_rate = (AVRational) { 25, 1 };
    }

    ctx = aime_mediad_mux_encoder(movie->mux, movie->mux->muxer->movie);
    if (ctx == NULL) {
        return AIME_MEDIAD_DONE;
    }

    movie->ctx = ctx;
    movie->last_pts = -1;

    ctx->width = target->size.width;
    ctx->height = target->size.height;
    ctx->pix_fmt = target->change.pixels;
    ctx->framerate = target->frame_rate;
    ctx->time_base = movie->mux->muxer->time_base.num
                     ? movie->mux->muxer->time_base
                     : av_inv_q(target->frame_rate);

    aime_mediad_movie_tune(movie, ctx);

    rc = avcodec_open2(ctx, ctx->codec, NULL);

    if (rc < 0) {
        return aime_mediad_refuse(movie->job, "with a size of %dx%d cannot be "
                                  "stored as %s", ctx->width, ctx->height,
                                  aime_media_format_name(target->format));
    }

    movie->stream = aime_mediad_mux_add(movie->mux, ctx);

    if (movie->stream == NULL) {
        return aime_mediad_fail(movie->job, "no memory to encode pictures");
    }

    movie->stream->avg_frame_rate = target->frame_rate;

    return AIME_MEDIAD_OK;
}


void
aime_mediad_movie_close(aime_mediad_movie_t *movie)
{
    avcodec_free_context(&movie->ctx);
    av_frame_free(&movie->last);
}


/* Good pictures soon, rather than the best after a while. */

static void
aime_mediad_movie_tune(aime_mediad_movie_t *movie, AVCodecContext *ctx)
{
    double  pixels;

    switch (movie->target->format) {

    case AIME_MEDIA_MP4:
        (void) av_opt_set(ctx->priv_data, "preset", "veryfast", 0);
        (void) av_opt_set(ctx->priv_data, "crf", "20", 0);
        break;

    case AIME_MEDIA_WEBM:
        pixels = (double) ctx->width * ctx->height
                 * av_q2d(movie->target->frame_rate);
        ctx->bit_rate = 200000 + (int64_t) (pixels * AIME_MEDIAD_VP8_BITS);
        (void) av_opt_set(ctx->priv_data, "deadline", "good", 0);
        (void) av_opt_set(ctx->priv_data, "cpu-used", "5", 0);
        (void) av_opt_set(ctx->priv_data, "crf", "8", 0);
        break;

    default: /* AIME_MEDIA_OGG */
        ctx->flags |= AV_CODEC_FLAG_QSCALE;
        ctx->global_quality = FF_QP2LAMBDA * 8;
    }
}


int
aime_mediad_movie_put(aime_mediad_movie_t *movie, const AVFrame *frame,
    double seconds)
{
    int       rc;
    int64_t   pts;
    AVFrame  *picture;

    if (movie->in_width == 0) {
        movie->in_width = frame->width;
        movie->in_height = frame->height;
    }

    if (frame->width != movie->in_width
        || frame->height != movie->in_height)
    {
        return aime_mediad_refuse(movie->job, "changes its size on the way");
    }

    if (seconds >= movie->target->max_seconds - 0.0005) {
        movie->full = 1;
        return AIME_MEDIAD_OK;
    }

    pts = llround((seconds > 0 ? seconds : 0)
                  / av_q2d(movie->ctx->time_base));

    if (pts <= movie->last_pts) {

        /* at a constant rate it comes too soon, else it gets the next tick */

        if (movie->mux->muxer->time_base.num == 0) {
            return AIME_MEDIAD_OK;
        }

        pts = movie->last_pts + 1;
    }

    picture = aime_mediad_picture(frame, &movie->target->change);

    if (picture == NULL) {
        return aime_mediad_fail(movie->job, "no memory to convert a picture");
    }

    rc = AIME_MEDIAD_OK;

    /* a constant rate has no gaps */

    while (rc == AIME_MEDIAD_OK && movie->mux->muxer->time_base.num == 0
           && movie->last && movie->last_pts + 1 < pts)
    {
        rc = aime_mediad_movie_picture(movie, movie->last,
                                       movie->last_pts + 1);
    }

    if (rc == AIME_MEDIAD_OK) {
        rc = aime_mediad_movie_picture(movie, picture, pts);
    }

    av_frame_free(&movie->last);
    movie->last = picture;

    return rc;
}


static int
aime_mediad_movie_picture(aime_mediad_movie_t *movie, AVFrame *frame,
    int64_t pts)
{
    frame->pts = pts;
    frame->pict_type = AV_PICTURE_TYPE_NONE;
    movie->last_pts = pts;

    if (aime_mediad_overtime(movie->job) != AIME_MEDIAD_OK) {
        return AIME_MEDIAD_DONE;
    }

    return aime_mediad_mux_encode(movie->mux, movie->ctx, movie->stream,
                                  frame);
}


int
aime_mediad_movie_finish(aime_mediad_movie_t *movie)
{
    return aime_mediad_mux_encode(movie->mux, movie->ctx, movie->stream, NULL);
}
