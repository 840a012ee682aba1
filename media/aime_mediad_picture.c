/*
 * Pictures.  libswscale scales and converts; what it lacks, turning, palettes
 * and white ground, is done here on eight-bit formats.
 */

#include <stdlib.h>
#include <string.h>

#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#include "aime_mediad_color.h"
#include "aime_mediad_picture.h"


#define AIME_MEDIAD_SCALER     (SWS_BICUBIC|SWS_ACCURATE_RND)

/* where colours leave their planes: no pair of pixels shares one */
#define AIME_MEDIAD_TO_RGB     (SWS_FULL_CHR_H_INT|SWS_FULL_CHR_H_INP)

/* contexts that are kept: a picture goes through few, the next the same */
#define AIME_MEDIAD_SCALERS    4

#define AIME_MEDIAD_COLORS     256
#define AIME_MEDIAD_HASHED     1024

/* shades of red, green and blue in the palette that fits any picture */
#define AIME_MEDIAD_REDS       6
#define AIME_MEDIAD_GREENS     7
#define AIME_MEDIAD_BLUES      6
#define AIME_MEDIAD_CLEAR      (AIME_MEDIAD_REDS * AIME_MEDIAD_GREENS         \
                                * AIME_MEDIAD_BLUES)


typedef struct {
    uint32_t              colors[AIME_MEDIAD_COLORS];
    unsigned int          n;
    uint16_t              buckets[AIME_MEDIAD_HASHED];  /* index plus one */
} aime_mediad_palette_t;


static AVFrame *aime_mediad_frame(enum AVPixelFormat pixels, int width,
    int height, const AVFrame *props);
static AVFrame *aime_mediad_scale(const AVFrame *frame,
    const aime_mediad_cut_t *cut, const aime_mediad_size_t *size,
    enum AVPixelFormat pixels);
static struct SwsContext *aime_mediad_scaler(const AVFrame *src,
    const aime_mediad_cut_t *cut, const AVFrame *dst);
static int aime_mediad_cut_planes(const AVFrame *frame,
    const aime_mediad_cut_t *cut, const uint8_t *planes[4]);
static int aime_mediad_whole(const AVFrame *frame,
    const aime_mediad_cut_t *cut);
static AVFrame *aime_mediad_blend(const AVFrame *frame);
static AVFrame *aime_mediad_turn(const AVFrame *frame,
    unsigned int orientation);
static void aime_mediad_turn_plane(uint8_t *dst, int dst_stride,
    const uint8_t *src, int src_stride, int width, int height, int step,
    unsigned int orientation);
static enum AVPixelFormat aime_mediad_between(
    const aime_mediad_change_t *change);
static AVFrame *aime_mediad_index(const AVFrame *frame);
static int aime_mediad_index_exact(const AVFrame *frame, AVFrame *indexed);
static int aime_mediad_color_index(aime_mediad_palette_t *palette,
    uint32_t color);
static int aime_mediad_index_dithered(const AVFrame *frame, AVFrame *indexed);
static unsigned int aime_mediad_shade(int value, int shades, int *error);
static int aime_mediad_clip(int value);


AVFrame *
aime_mediad_picture(const AVFrame *frame, const aime_mediad_change_t *change)
{
    AVFrame             *now, *next;
    aime_mediad_cut_t    cut;
    aime_mediad_size_t   size;
    enum AVPixelFormat   pixels;

    now = NULL;
    cut = change->cut;
    size = change->size;

    if (change->blend) {
        now = aime_mediad_blend(frame);
        if (now == NULL) {
            return NULL;
        }

        frame = now;
    }

    /* an indexed picture that stays what it is keeps its palette */

    pixels = aime_mediad_between(change);

    if (change->pixels == AV_PIX_FMT_PAL8 && frame->format == AV_PIX_FMT_PAL8
        && aime_mediad_whole(frame, &cut) && size.width == cut.width
        && size.height == cut.height)
    {
        pixels = AV_PIX_FMT_PAL8;
    }

    next = aime_mediad_scale(frame, &cut, &size, pixels);
    av_frame_free(&now);
    now = next;

    if (now && change->orientation > 1) {
        next = aime_mediad_turn(now, change->orientation);
        av_frame_free(&now);
        now = next;
    }

    if (now == NULL || now->format == (int) change->pixels) {
        return now;
    }

    if (change->pixels == AV_PIX_FMT_PAL8) {
        next = aime_mediad_index(now);

    } else {
        cut.x = 0;
        cut.y = 0;
        cut.width = now->width;
        cut.height = now->height;
        size.width = now->width;
        size.height = now->height;

        next = aime_mediad_scale(now, &cut, &size, change->pixels);
    }

    av_frame_free(&now);

    return next;
}


/* What it is scaled to first: bytes that can be turned, or indexed. */

static enum AVPixelFormat
aime_mediad_between(const aime_mediad_change_t *change)
{
    const AVPixFmtDescriptor  *desc;

    if (change->pixels == AV_PIX_FMT_PAL8) {
        return AV_PIX_FMT_RGBA;
    }

    if (change->orientation == 1) {
        return change->pixels;
    }

    desc = av_pix_fmt_desc_get(change->pixels);

    if (desc->comp[0].depth != 8) {
        return AV_PIX_FMT_RGB24;
    }

    return desc->log2_chroma_w == desc->log2_chroma_h ? change->pixels
                                                      : AV_PIX_FMT_YUV444P;
}


void
aime_mediad_unturn(aime_mediad_change_t *change,
    const aime_mediad_size_t *stored)
{
    int                 n;
    aime_mediad_cut_t   cut;

    if (change->orientation >= 5) {
        n = change->size.width;
        change->size.width = change->size.height;
        change->size.height = n;

        cut = change->cut;
        change->cut.x = cut.y;
        change->cut.y = cut.x;
        change->cut.width = cut.height;
        change->cut.height = cut.width;
    }

    /* a cut from the centre lies there whichever way it is turned */

    change->cut.x = (stored->width - change->cut.width) / 2;
    change->cut.y = (stored->height - change->cut.height) / 2;
}


static AVFrame *
aime_mediad_frame(enum AVPixelFormat pixels, int width, int height,
    const AVFrame *props)
{
    AVFrame  *frame;

    frame = av_frame_alloc();
    if (frame == NULL) {
        return NULL;
    }

    frame->format = pixels;
    frame->width = width;
    frame->height = height;
    frame->pts = props->pts;
    frame->color_range = props->color_range;
    frame->colorspace = props->colorspace;

    if (av_frame_get_buffer(frame, 0) < 0) {
        av_frame_free(&frame);
    }

    return frame;
}


static AVFrame *
aime_mediad_scale(const AVFrame *frame, const aime_mediad_cut_t *cut,
    const aime_mediad_size_t *size, enum AVPixelFormat pixels)
{
    AVFrame            *scaled, *plain;
    const uint8_t      *planes[4];
    aime_mediad_cut_t   all;
    struct SwsContext  *scaler;

    if (frame->format == (int) pixels && aime_mediad_whole(frame, cut)
        && frame->width == size->width && frame->height == size->height)
    {
        return av_frame_clone(frame);
    }

    /* no pixel of these begins with a byte of its own */

    if (aime_mediad_cut_planes(frame, cut, planes) != 0) {
        all.x = 0;
        all.y = 0;
        all.width = frame->width;
        all.height = frame->height;
        scaled = NULL;

        plain = aime_mediad_scale(frame, &all,
                                  &(aime_mediad_size_t) { frame->width,
                                                          frame->height },
                                  AV_PIX_FMT_GRAY8);
        if (plain) {
            scaled = aime_mediad_scale(plain, cut, size, pixels);
        }

        av_frame_free(&plain);

        return scaled;
    }

    scaled = aime_mediad_frame(pixels, size->width, size->height, frame);
    if (scaled == NULL) {
        return NULL;
    }

    scaler = aime_mediad_scaler(frame, cut, scaled);

    if (scaler == NULL
        || sws_scale(scaler, planes, frame->linesize, 0, cut->height,
                     scaled->data, scaled->linesize)
           != size->height)
    {
        av_frame_free(&scaled);
    }

    return scaled;
}


/* Building one takes as long as scaling a small picture. */

static struct SwsContext *
aime_mediad_scaler(const AVFrame *src, const aime_mediad_cut_t *cut,
    const AVFrame *dst)
{
    int                        flags;
    unsigned int               i;
    const AVPixFmtDescriptor  *desc;

    static unsigned int         turn;

    static struct {
        struct SwsContext  *sws;
        int                 key[6];
    } kept[AIME_MEDIAD_SCALERS];

    int  key[6] = { cut->width, cut->height, src->format,
                    dst->width, dst->height, dst->format };

    for (i = 0; i < AIME_MEDIAD_SCALERS; i++) {
        if (kept[i].sws && memcmp(kept[i].key, key, sizeof(key)) == 0) {
            return kept[i].sws;
        }
    }

    i = turn++ % AIME_MEDIAD_SCALERS;

    desc = av_pix_fmt_desc_get(dst->format);
    flags = AIME_MEDIAD_SCALER
            | (desc->flags & AV_PIX_FMT_FLAG_RGB ? AIME_MEDIAD_TO_RGB : 0);

    sws_freeContext(kept[i].sws);

    kept[i].sws = sws_getContext(key[0], key[1], key[2], key[3], key[4],
                                 key[5], flags, NULL, NULL, NULL);
    memcpy(kept[i].key, key, sizeof(key));

    return kept[i].sws;
}


static int
aime_mediad_whole(const AVFrame *frame, const aime_mediad_cut_t *cut)
{
    return cut->width == frame->width && cut->height == frame->height;
}


/* -1: the format packs several pixels into a byte, and the cut is none. */

static int
aime_mediad_cut_planes(const AVFrame *frame, const aime_mediad_cut_t *cut,
    const uint8_t *planes[4])
{
    int                        i, x, y, steps[4];
    const AVPixFmtDescriptor  *desc;

    for (i = 0; i < 4; i++) {
        planes[i] = frame->data[i];
    }

    if (aime_mediad_whole(frame, cut)) {
        return 0;
    }

    desc = av_pix_fmt_desc_get(frame->format);

    if (desc->flags & AV_PIX_FMT_FLAG_BITSTREAM) {
        return -1;
    }

    av_image_fill_max_pixsteps(steps, NULL, desc);

    /* to where luma and chroma begin together */

    x = cut->x >> desc->log2_chroma_w << desc->log2_chroma_w;
    y = cut->y >> desc->log2_chroma_h << desc->log2_chroma_h;

    for (i = 0; i < 4 && planes[i]; i++) {

        if (i == 1 && (desc->flags & AV_PIX_FMT_FLAG_PAL)) {
            break;
        }

        if (i == 1 || i == 2) {
            planes[i] += (y >> desc->log2_chroma_h) * frame->linesize[i]
                         + (x >> desc->log2_chroma_w) * steps[i];
        } else {
            planes[i] += y * frame->linesize[i] + x * steps[i];
        }
    }

    return 0;
}


static AVFrame *
aime_mediad_blend(const AVFrame *frame)
{
    int                 x, y, alpha, i;
    AVFrame            *rgba, *rgb;
    uint8_t            *d;
    const uint8_t      *s;
    aime_mediad_cut_t   cut;
    aime_mediad_size_t  size;

    cut.x = 0;
    cut.y = 0;
    cut.width = size.width = frame->width;
    cut.height = size.height = frame->height;

    rgba = aime_mediad_scale(frame, &cut, &size, AV_PIX_FMT_RGBA);
    if (rgba == NULL) {
        return NULL;
    }

    rgb = aime_mediad_frame(AV_PIX_FMT_RGB24, size.width, size.height, frame);

    for (y = 0; rgb && y < size.height; y++) {
        s = rgba->data[0] + (ptrdiff_t) y * rgba->linesize[0];
        d = rgb->data[0] + (ptrdiff_t) y * rgb->linesize[0];

        for (x = 0; x < size.width; x++, s += 4, d += 3) {
            alpha = s[3];

            for (i = 0; i < 3; i++) {
                d[i] = (s[i] * alpha + 255 * (255 - alpha) + 127) / 255;
            }
        }
    }

    av_frame_free(&rgba);

    return rgb;
}


static AVFrame *
aime_mediad_turn(const AVFrame *frame, unsigned int orientation)
{
    int                        i, steps[4], width, height;
    AVFrame                   *turned;
    const AVPixFmtDescriptor  *desc;

    width = orientation >= 5 ? frame->height : frame->width;
    height = orientation >= 5 ? frame->width : frame->height;

    turned = aime_mediad_frame(frame->format, width, height, frame);
    if (turned == NULL) {
        return NULL;
    }

    desc = av_pix_fmt_desc_get(frame->format);
    av_image_fill_max_pixsteps(steps, NULL, desc);

    for (i = 0; i < 4 && frame->data[i]; i++) {
        width = frame->width;
        height = frame->height;

        if (i == 1 || i == 2) {
            width = AV_CEIL_RSHIFT(width, desc->log2_chroma_w);
            height = AV_CEIL_RSHIFT(height, desc->log2_chroma_h);
        }

        aime_mediad_turn_plane(turned->data[i], turned->linesize[i],
                               frame->data[i], frame->linesize[i],
                               width, height, steps[i], orientation);
    }

    return turned;
}


/*
 * EXIF: 2 mirrors, 3 is half a turn, 4 mirrors upside down, 5 exchanges x and
 * y, 6 turns to the right, 7 exchanges them from the far corner, 8 turns to
 * the left.
 */

static void
aime_mediad_turn_plane(uint8_t *dst, int dst_stride, const uint8_t *src,
    int src_stride, int width, int height, int step, unsigned int orientation)
{
    int        x, y, i, flip_x, flip_y;
    uint8_t   *d;
    ptrdiff_t  to_x, to_y;

    flip_x = orientation == 2 || orientation == 3 || orientation == 7
             || orientation == 8;
    flip_y = orientation == 3 || orientation == 4 || orientation == 6
             || orientation == 7;

    /* where one step to the right, one down, leads in the turned picture */

    to_x = orientation >= 5 ? dst_stride : step;
    to_y = orientation >= 5 ? step : dst_stride;

    for (y = 0; y < height; y++) {
        d = dst + (flip_y ? height - 1 - y : y) * to_y
            + (flip_x ? (width - 1) * to_x : 0);

        for (x = 0; x < width; x++) {
            for (i = 0; i < step; i++) {
                d[i] = src[x * step + i];
            }

            d += flip_x ? -to_x : to_x;
        }

        src += src_stride;
    }
}


static AVFrame *
aime_mediad_index(const AVFrame *frame)
{
    AVFrame  *indexed;

    indexed = aime_mediad_frame(AV_PIX_FMT_PAL8, frame->width, frame->height,
                                frame);

    if (indexed == NULL) {
        return NULL;
    }

    memset(indexed->data[1], 0, AVPALETTE_SIZE);

    if (aime_mediad_index_exact(frame, indexed) != 0
        && aime_mediad_index_dithered(frame, indexed) != 0)
    {
        av_frame_free(&indexed);
    }

    return indexed;
}


/* -1: there are more colours than indices. */

static int
aime_mediad_index_exact(const AVFrame *frame, AVFrame *indexed)
{
    int                     x, y, i;
    uint8_t                *d;
    uint32_t                color;
    const uint8_t          *s;
    aime_mediad_palette_t   palette;

    memset(&palette, 0, sizeof(palette));

    for (y = 0; y < frame->height; y++) {
        s = frame->data[0] + (ptrdiff_t) y * frame->linesize[0];
        d = indexed->data[0] + (ptrdiff_t) y * indexed->linesize[0];

        for (x = 0; x < frame->width; x++, s += 4) {

            /* whatever lies beneath it, transparent is one colour */

            color = s[3] ? (uint32_t) s[3] << 24 | (uint32_t) s[0] << 16
                           | (uint32_t) s[1] << 8 | s[2] : 0;

            i = aime_mediad_color_index(&palette, color);

            if (i < 0) {
                return -1;
            }

            d[x] = i;
        }
    }

    memcpy(indexed->data[1], palette.colors, sizeof(palette.colors));

    return 0;
}


static int
aime_mediad_color_index(aime_mediad_palette_t *palette, uint32_t color)
{
    unsigned int  at;

    at = (color * 2654435761u) >> 22;

    while (palette->buckets[at]) {

        if (palette->colors[palette->buckets[at] - 1] == color) {
            return palette->buckets[at] - 1;
        }

        at = (at + 1) % AIME_MEDIAD_HASHED;
    }

    if (palette->n == AIME_MEDIAD_COLORS) {
        return -1;
    }

    palette->colors[palette->n] = color;
    palette->buckets[at] = ++palette->n;

    return palette->n - 1;
}


/* A cube of colours; what a pixel misses goes on to its neighbours. */

static int
aime_mediad_index_dithered(const AVFrame *frame, AVFrame *indexed)
{
    int            x, y, i, *errors, *here, *below, error[3];
    uint8_t       *d;
    uint32_t      *palette;
    unsigned int   index;
    const uint8_t *s;

    static const int  shades[3] = {
        AIME_MEDIAD_REDS, AIME_MEDIAD_GREENS, AIME_MEDIAD_BLUES
    };

    palette = (uint32_t *) indexed->data[1];

    for (i = 0; i < AIME_MEDIAD_CLEAR; i++) {
        palette[i] = 0xffu << 24
            | (uint32_t) (i / (AIME_MEDIAD_GREENS * AIME_MEDIAD_BLUES) * 255
                          / (AIME_MEDIAD_REDS - 1)) << 16
            | (uint32_t) (i / AIME_MEDIAD_BLUES % AIME_MEDIAD_GREENS * 255
                          / (AIME_MEDIAD_GREENS - 1)) << 8
            | (uint32_t) (i % AIME_MEDIAD_BLUES * 255
                          / (AIME_MEDIAD_BLUES - 1));
    }

    /* two rows, with a pixel to spare on either side */

    errors = calloc(2 * 3 * ((size_t) frame->width + 2), sizeof(int));
    if (errors == NULL) {
        return -1;
    }

    for (y = 0; y < frame->height; y++) {
        s = frame->data[0] + (ptrdiff_t) y * frame->linesize[0];
        d = indexed->data[0] + (ptrdiff_t) y * indexed->linesize[0];

        here = errors + (y % 2) * 3 * ((size_t) frame->width + 2) + 3;
        below = errors + (1 - y % 2) * 3 * ((size_t) frame->width + 2) + 3;

        memset(below - 3, 0, 3 * ((size_t) frame->width + 2) * sizeof(int));

        for (x = 0; x < frame->width; x++, s += 4, here += 3, below += 3) {

            if (s[3] < 128) {
                d[x] = AIME_MEDIAD_CLEAR;
                continue;
            }

            index = 0;

            for (i = 0; i < 3; i++) {
                index = index * shades[i]
                        + aime_mediad_shade(aime_mediad_clip(s[i]
                                                             + here[i] / 16),
                                            shades[i], &error[i]);

                here[3 + i] += error[i] * 7;
                below[i - 3] += error[i] * 3;
                below[i] += error[i] * 5;
                below[3 + i] += error[i];
            }

            d[x] = index;
        }
    }

    free(errors);

    return 0;
}


static unsigned int
aime_mediad_shade(int value, int shades, int *error)
{
    int  n;

    n = (value * (shades - 1) + 127) / 255;
    *error = value - n * 255 / (shades - 1);

    return n;
}


static int
aime_mediad_clip(int value)
{
    return value < 0 ? 0 : value > 255 ? 255 : value;
}
