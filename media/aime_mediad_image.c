/*
 * Images: the header's claims first, then the decoder, then the rules, then
 * what has to change.
 */

#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>

#include "aime_mediad_codec.h"
#include "aime_mediad_color.h"
#include "aime_mediad_fit.h"
#include "aime_mediad_image.h"
#include "aime_mediad_picture.h"
#include "aime_mediad_probe.h"


/* quality: MPEG's scale from 1, the best, to 31 */
#define AIME_MEDIAD_JPEG_QUALITY   2

#define AIME_MEDIAD_GIF_TRAILER    0x3b


/* size: as shown; target_...: what it has to become */

typedef struct {
    aime_mediad_job_t    *job;
    aime_mediad_probe_t   probe;
    AVFrame              *frame;

    aime_mediad_size_t    stored;
    aime_mediad_size_t    size;
    aime_media_color_e    color;

    aime_mediad_size_t    target_size;
    aime_media_format_e   target_format;
    aime_media_color_e    target_color;

    unsigned              resize:1;
    unsigned              reformat:1;
    unsigned              recolor:1;
} aime_mediad_image_t;


typedef struct {
    aime_media_format_e   format;
    enum AVCodecID        id;
    const char           *encoder;
} aime_mediad_image_codec_t;


static int aime_mediad_image_head(aime_mediad_image_t *image);
static int aime_mediad_image_decode(aime_mediad_image_t *image);
static int aime_mediad_image_packet(aime_mediad_image_t *image,
    AVPacket *packet);
static aime_media_color_e aime_mediad_image_color(aime_mediad_image_t *image);
static int aime_mediad_image_rules(aime_mediad_image_t *image);
static int aime_mediad_image_plan(aime_mediad_image_t *image);
static int aime_mediad_image_format(aime_mediad_image_t *image, size_t n,
    aime_media_format_e *format);
static int aime_mediad_image_paint(aime_mediad_image_t *image,
    aime_media_format_e format);
static int aime_mediad_image_convert(aime_mediad_image_t *image);
static int aime_mediad_image_transparent(aime_mediad_image_t *image);
static int aime_mediad_image_encode(aime_mediad_job_t *job,
    aime_media_format_e format, AVFrame *frame);
static int aime_mediad_image_store(aime_mediad_job_t *job,
    aime_media_format_e format, const AVPacket *packet);
static const aime_mediad_image_codec_t *aime_mediad_image_codec(
    aime_media_format_e format);


static const aime_mediad_image_codec_t  aime_mediad_image_codecs[] = {
    { AIME_MEDIA_PNG,     AV_CODEC_ID_PNG,   "png" },
    { AIME_MEDIA_JPEG,    AV_CODEC_ID_MJPEG, "mjpeg" },
    { AIME_MEDIA_WEBP,    AV_CODEC_ID_WEBP,  "libwebp" },
    { AIME_MEDIA_BMP,     AV_CODEC_ID_BMP,   "bmp" },
    { AIME_MEDIA_TIFF,    AV_CODEC_ID_TIFF,  "tiff" },
    { AIME_MEDIA_GIF,     AV_CODEC_ID_GIF,   "gif" },
    { AIME_MEDIA_UNKNOWN, AV_CODEC_ID_NONE,  NULL }
};


/* families in the order in which they stand in for one another */

static const aime_media_color_e  aime_mediad_image_colors[] = {
    AIME_MEDIA_RGB, AIME_MEDIA_BGR, AIME_MEDIA_YUV, AIME_MEDIA_RGBA,
    AIME_MEDIA_YUVA, AIME_MEDIA_PALETTE
};


void
aime_mediad_image(aime_mediad_job_t *job)
{
    aime_mediad_image_t  image;

    memset(&image, 0, sizeof(aime_mediad_image_t));
    image.job = job;

    if (aime_mediad_image_head(&image) == AIME_MEDIAD_OK
        && aime_mediad_image_decode(&image) == AIME_MEDIAD_OK
        && aime_mediad_image_rules(&image) == AIME_MEDIAD_OK
        && (image.resize || image.reformat || image.recolor)
        && aime_mediad_image_plan(&image) == AIME_MEDIAD_OK)
    {
        (void) aime_mediad_image_convert(&image);
    }

    av_frame_free(&image.frame);
}


static int
aime_mediad_image_head(aime_mediad_image_t *image)
{
    uint64_t              pixels;
    aime_mediad_job_t    *job;
    aime_mediad_probe_t  *probe;

    job = image->job;
    probe = &image->probe;

    if (aime_mediad_probe(job->data, job->len, job->format, probe) != AIME_OK) {
        return aime_mediad_refuse(job, "is damaged: its header tells no size");
    }

    pixels = (uint64_t) probe->width * probe->height;

    if (pixels > job->max_pixels) {
        return aime_mediad_refuse(job, "has %ux%u pixels, more than the "
                                  "maximum of %llu", probe->width,
                                  probe->height,
                                  (unsigned long long) job->max_pixels);
    }

    if (!probe->complete) {
        return aime_mediad_refuse(job, "is damaged: its end is missing");
    }

    if (probe->animated) {
        return aime_mediad_refuse(job, "is an animation");
    }

    image->stored.width = probe->width;
    image->stored.height = probe->height;
    image->size = image->stored;

    if (probe->orientation >= 5) {
        image->size.width = probe->height;
        image->size.height = probe->width;
    }

    return AIME_MEDIAD_OK;
}


static int
aime_mediad_image_decode(aime_mediad_image_t *image)
{
    int        rc;
    AVPacket  *packet;

    packet = av_packet_alloc();

    if (packet == NULL) {
        return aime_mediad_fail(image->job, "no memory for a packet");
    }

    packet->data = image->job->data;
    packet->size = image->job->len;
    packet->flags = AV_PKT_FLAG_KEY;

    rc = aime_mediad_image_packet(image, packet);

    av_packet_free(&packet);

    if (rc != AIME_MEDIAD_OK) {
        return rc;
    }

    /* who decodes must not see another picture than was checked */

    if (image->frame->width != image->stored.width
        || image->frame->height != image->stored.height)
    {
        return aime_mediad_refuse(image->job,
                                  "is damaged: it holds another size than its "
                                  "header tells");
    }

    image->color = aime_mediad_image_color(image);

    return AIME_MEDIAD_OK;
}


static int
aime_mediad_image_packet(aime_mediad_image_t *image, AVPacket *packet)
{
    int              rc;
    unsigned long    errors;
    AVCodecContext  *ctx;

    ctx = aime_mediad_decoder(image->job,
                              aime_mediad_image_codec(image->job->format)->id,
                              NULL);
    if (ctx == NULL) {
        return AIME_MEDIAD_DONE;
    }

    /* strict, the decoder refuses every tag that it has no use for */

    if (image->job->format == AIME_MEDIA_TIFF) {
        ctx->err_recognition &= ~AV_EF_EXPLODE;
    }

    errors = aime_mediad_errors;
    image->frame = av_frame_alloc();

    rc = image->frame ? avcodec_send_packet(ctx, packet) : AVERROR(ENOMEM);

    /* what the end brings to light is an error, too */

    if (rc >= 0) {
        rc = avcodec_send_packet(ctx, NULL);
    }

    if (rc >= 0) {
        rc = avcodec_receive_frame(ctx, image->frame);
    }

    avcodec_free_context(&ctx);

    if (rc < 0) {
        return aime_mediad_complain(image->job, rc);
    }

    if (aime_mediad_errors != errors
        || image->frame->decode_error_flags
        || (image->frame->flags & AV_FRAME_FLAG_CORRUPT))
    {
        return aime_mediad_refuse(image->job, "is damaged and cannot be "
                                  "decoded");
    }

    return AIME_MEDIAD_OK;
}


static aime_media_color_e
aime_mediad_image_color(aime_mediad_image_t *image)
{
    aime_media_color_e  color;

    if (image->job->format == AIME_MEDIA_GIF) {
        return AIME_MEDIA_PALETTE;
    }

    color = aime_mediad_color(image->frame->format);

    /* a lossless WebP has alpha, and says whether it is of any use */

    if (color == AIME_MEDIA_RGBA && image->job->format == AIME_MEDIA_WEBP
        && image->probe.opaque
        && aime_mediad_fit_allows(&image->job->rules.color_space,
                                  AIME_MEDIA_RGB))
    {
        return AIME_MEDIA_RGB;
    }

    return color;
}


static int
aime_mediad_image_rules(aime_mediad_image_t *image)
{
    int  format, color, size;

    format = aime_mediad_fit_format(image->job, image->job->format);
    color = aime_mediad_fit_color(image->job, image->color);
    size = aime_mediad_fit_size(image->job, &image->size,
                                &image->target_size);

    image->reformat = format == AIME_MEDIAD_CONVERT;
    image->recolor = color == AIME_MEDIAD_CONVERT;
    image->resize = size == AIME_MEDIAD_CONVERT;

    return image->job->status == AIME_MEDIA_UNCHANGED ? AIME_MEDIAD_OK
                                                      : AIME_MEDIAD_DONE;
}


/* A format, and a family that it can store, both of those allowed. */

static int
aime_mediad_image_plan(aime_mediad_image_t *image)
{
    size_t               n;
    aime_media_format_e  format;

    format = image->job->format;

    for (n = 0; aime_mediad_image_format(image, n, &format) == AIME_OK; n++) {

        if (aime_mediad_image_paint(image, format) == AIME_OK) {
            image->target_format = format;
            return AIME_MEDIAD_OK;
        }
    }

    return aime_mediad_refuse(image->job, "cannot be converted: %s stores none "
                              "of the supported color spaces",
                              aime_media_format_name(format));
}


static int
aime_mediad_image_format(aime_mediad_image_t *image, size_t n,
    aime_media_format_e *format)
{
    int  value;

    if (!image->reformat) {
        *format = image->job->format;
        return n == 0 ? AIME_OK : AIME_ERROR;
    }

    if (aime_mediad_fit_candidate(&image->job->rules.format, n, &value)
        != AIME_OK)
    {
        return AIME_ERROR;
    }

    *format = value;

    return AIME_OK;
}


/*
 * Chooses the family: the one that it has, if that is right; else as the rule
 * says; else, where there is none, what comes next to it.
 */

static int
aime_mediad_image_paint(aime_mediad_image_t *image, aime_media_format_e format)
{
    int                       value;
    size_t                    n;
    const aime_media_rule_t  *rule;

    rule = &image->job->rules.color_space;

    if (!image->recolor
        && aime_mediad_color_stored(format, image->color) != AV_PIX_FMT_NONE)
    {
        image->target_color = image->color;
        return AIME_OK;
    }

    for (n = 0; aime_mediad_fit_candidate(rule, n, &value) == AIME_OK; n++) {

        if (aime_mediad_color_stored(format, value) != AV_PIX_FMT_NONE) {
            image->target_color = value;
            return AIME_OK;
        }
    }

    if (rule->nsupported) {
        return AIME_ERROR;
    }

    /* alpha is kept where it can be */

    n = aime_mediad_image_transparent(image) ? 3 : 0;

    for (value = 0; value < 6; value++, n = (n + 1) % 6) {
        image->target_color = aime_mediad_image_colors[n];

        if (aime_mediad_color_stored(format, image->target_color)
            != AV_PIX_FMT_NONE)
        {
            return AIME_OK;
        }
    }

    return AIME_ERROR;
}


static int
aime_mediad_image_convert(aime_mediad_image_t *image)
{
    int                    rc;
    AVFrame               *frame;
    aime_mediad_change_t   change;

    memset(&change, 0, sizeof(aime_mediad_change_t));

    change.orientation = image->probe.orientation;
    change.size = image->target_size;
    change.pixels = aime_mediad_color_stored(image->target_format,
                                             image->target_color);
    change.blend = !aime_mediad_color_alpha(image->target_color)
                   && aime_mediad_image_transparent(image);

    aime_mediad_fit_cut(image->job, &image->size, &image->target_size,
                        &change.cut);
    aime_mediad_unturn(&change, &image->stored);

    if (image->target_format == AIME_MEDIA_JPEG
        && aime_mediad_color(image->frame->format) != AIME_MEDIA_YUV
        && aime_mediad_color(image->frame->format) != AIME_MEDIA_YUVA)
    {
        /* colours at full resolution, as they have been */

        change.pixels = AV_PIX_FMT_YUVJ444P;
    }

    frame = aime_mediad_picture(image->frame, &change);

    if (frame == NULL) {
        return aime_mediad_fail(image->job, "no memory to convert a picture");
    }

    rc = aime_mediad_overtime(image->job);

    if (rc == AIME_MEDIAD_OK) {
        rc = aime_mediad_image_encode(image->job, image->target_format, frame);
    }

    av_frame_free(&frame);

    return rc;
}


/* Has the picture pixels that may be seen through? */

static int
aime_mediad_image_transparent(aime_mediad_image_t *image)
{
    int              i;
    const uint32_t  *palette;

    if (image->frame->format != AV_PIX_FMT_PAL8) {
        return aime_mediad_color_alpha(image->color)
               && !(image->probe.opaque
                    && image->job->format == AIME_MEDIA_WEBP);
    }

    palette = (const uint32_t *) image->frame->data[1];

    for (i = 0; i < 256; i++) {
        if (palette[i] >> 24 != 0xff && palette[i] != 0) {
            return 1;
        }
    }

    return 0;
}


static int
aime_mediad_image_encode(aime_mediad_job_t *job, aime_media_format_e format,
    AVFrame *frame)
{
    int              rc;
    AVPacket        *packet;
    AVCodecContext  *ctx;

    ctx = aime_mediad_encoder(job, aime_mediad_image_codec(format)->encoder);
    if (ctx == NULL) {
        return AIME_MEDIAD_DONE;
    }

    ctx->width = frame->width;
    ctx->height = frame->height;
    ctx->pix_fmt = frame->format;
    ctx->time_base = (AVRational) { 1, 25 };
    ctx->color_range = format == AIME_MEDIA_JPEG ? AVCOL_RANGE_JPEG
                                                 : AVCOL_RANGE_UNSPECIFIED;

    if (format == AIME_MEDIA_JPEG) {
        ctx->flags |= AV_CODEC_FLAG_QSCALE;
        ctx->global_quality = FF_QP2LAMBDA * AIME_MEDIAD_JPEG_QUALITY;
        frame->quality = ctx->global_quality;

        /* a second pass over the picture would save a tenth of its bytes */

        (void) av_opt_set(ctx->priv_data, "huffman", "default", 0);

    } else if (format == AIME_MEDIA_WEBP) {
        (void) av_opt_set(ctx->priv_data, "lossless",
                          frame->format == AV_PIX_FMT_RGB32 ? "1" : "0", 0);
        (void) av_opt_set(ctx->priv_data, "quality",
                          frame->format == AV_PIX_FMT_RGB32 ? "60" : "92", 0);
        ctx->compression_level = 3;

    } else if (format == AIME_MEDIA_PNG) {
        ctx->compression_level = 4;
    }

    frame->pts = 0;
    frame->pict_type = AV_PICTURE_TYPE_NONE;

    packet = av_packet_alloc();

    rc = packet ? avcodec_open2(ctx, ctx->codec, NULL) : AVERROR(ENOMEM);

    if (rc >= 0) {
        rc = avcodec_send_frame(ctx, frame);
    }

    if (rc >= 0) {
        rc = avcodec_send_frame(ctx, NULL);
    }

    if (rc >= 0) {
        rc = avcodec_receive_packet(ctx, packet);
    }

    if (rc == AVERROR(ENOMEM)) {
        rc = aime_mediad_fail(job, "no memory to encode a picture");

    } else if (rc < 0) {
        rc = aime_mediad_refuse(job, "with a size of %dx%d cannot be stored "
                                "as %s", frame->width, frame->height,
                                aime_media_format_name(format));

    } else {
        rc = aime_mediad_image_store(job, format, packet);
    }

    av_packet_free(&packet);
    avcodec_free_context(&ctx);

    return rc;
}


static int
aime_mediad_image_store(aime_mediad_job_t *job, aime_media_format_e format,
    const AVPacket *packet)
{
    if ((uint64_t) packet->size + 1 > job->max_size) {
        return aime_mediad_refuse(job, "has %d bytes when converted, more than "
                                  "the maximum of %llu", packet->size,
                                  (unsigned long long) job->max_size);
    }

    job->out = av_malloc(packet->size + 1);

    if (job->out == NULL) {
        return aime_mediad_fail(job, "no memory for %d converted bytes",
                                packet->size);
    }

    memcpy(job->out, packet->data, packet->size);
    job->out_len = packet->size;

    /* what its muxer does is to add one byte */

    if (format == AIME_MEDIA_GIF) {
        job->out[job->out_len++] = AIME_MEDIAD_GIF_TRAILER;
    }

    job->out_format = format;
    job->status = AIME_MEDIA_CONVERTED;

    return AIME_MEDIAD_OK;
}


static const aime_mediad_image_codec_t *
aime_mediad_image_codec(aime_media_format_e format)
{
    const aime_mediad_image_codec_t  *codec;

    for (codec = aime_mediad_image_codecs; codec->encoder; codec++) {
        if (codec->format == format) {
            break;
        }
    }

    return codec;
}
