/*
 * Families of pixel formats: the mapping that the header describes.
 */

#include <string.h>

#include <libavutil/pixdesc.h>

#include "aime_mediad_color.h"


typedef struct {
    aime_media_format_e   format;
    aime_media_color_e    color;
    enum AVPixelFormat    pixels;
} aime_mediad_stored_t;


static const aime_mediad_stored_t  aime_mediad_stored[] = {

    { AIME_MEDIA_PNG,  AIME_MEDIA_RGB,        AV_PIX_FMT_RGB24 },
    { AIME_MEDIA_PNG,  AIME_MEDIA_RGBA,       AV_PIX_FMT_RGBA },
    { AIME_MEDIA_PNG,  AIME_MEDIA_GRAY,       AV_PIX_FMT_GRAY8 },
    { AIME_MEDIA_PNG,  AIME_MEDIA_ALPHA,      AV_PIX_FMT_YA8 },
    { AIME_MEDIA_PNG,  AIME_MEDIA_MONOCHROME, AV_PIX_FMT_MONOBLACK },
    { AIME_MEDIA_PNG,  AIME_MEDIA_PALETTE,    AV_PIX_FMT_PAL8 },

    /* libavcodec's encoder writes no gray JPEG */

    { AIME_MEDIA_JPEG, AIME_MEDIA_YUV,        AV_PIX_FMT_YUVJ420P },

    { AIME_MEDIA_WEBP, AIME_MEDIA_YUV,        AV_PIX_FMT_YUV420P },
    { AIME_MEDIA_WEBP, AIME_MEDIA_YUVA,       AV_PIX_FMT_YUVA420P },
    { AIME_MEDIA_WEBP, AIME_MEDIA_RGB,        AV_PIX_FMT_RGB32 },
    { AIME_MEDIA_WEBP, AIME_MEDIA_RGBA,       AV_PIX_FMT_RGB32 },

    { AIME_MEDIA_BMP,  AIME_MEDIA_BGR,        AV_PIX_FMT_BGR24 },
    { AIME_MEDIA_BMP,  AIME_MEDIA_RGBA,       AV_PIX_FMT_BGRA },
    { AIME_MEDIA_BMP,  AIME_MEDIA_PALETTE,    AV_PIX_FMT_PAL8 },
    { AIME_MEDIA_BMP,  AIME_MEDIA_MONOCHROME, AV_PIX_FMT_MONOBLACK },

    { AIME_MEDIA_TIFF, AIME_MEDIA_RGB,        AV_PIX_FMT_RGB24 },
    { AIME_MEDIA_TIFF, AIME_MEDIA_RGBA,       AV_PIX_FMT_RGBA },
    { AIME_MEDIA_TIFF, AIME_MEDIA_GRAY,       AV_PIX_FMT_GRAY8 },
    { AIME_MEDIA_TIFF, AIME_MEDIA_ALPHA,      AV_PIX_FMT_YA8 },
    { AIME_MEDIA_TIFF, AIME_MEDIA_MONOCHROME, AV_PIX_FMT_MONOBLACK },
    { AIME_MEDIA_TIFF, AIME_MEDIA_PALETTE,    AV_PIX_FMT_PAL8 },

    { AIME_MEDIA_GIF,  AIME_MEDIA_PALETTE,    AV_PIX_FMT_PAL8 },

    { AIME_MEDIA_UNKNOWN, AIME_MEDIA_RGB,     AV_PIX_FMT_NONE }
};


aime_media_color_e
aime_mediad_color(enum AVPixelFormat format)
{
    int                        alpha;
    const AVPixFmtDescriptor  *desc;

    desc = av_pix_fmt_desc_get(format);

    if (desc == NULL) {
        return AIME_MEDIA_YUV;
    }

    if (desc->flags & AV_PIX_FMT_FLAG_PAL) {
        return AIME_MEDIA_PALETTE;
    }

    alpha = (desc->flags & AV_PIX_FMT_FLAG_ALPHA) != 0;

    if (desc->nb_components - alpha == 1) {
        return alpha ? AIME_MEDIA_ALPHA
                     : desc->comp[0].depth == 1 ? AIME_MEDIA_MONOCHROME
                                                : AIME_MEDIA_GRAY;
    }

    if (!(desc->flags & AV_PIX_FMT_FLAG_RGB)) {
        return alpha ? AIME_MEDIA_YUVA : AIME_MEDIA_YUV;
    }

    if (alpha) {
        return AIME_MEDIA_RGBA;
    }

    if (desc->flags & AV_PIX_FMT_FLAG_PLANAR) {
        return AIME_MEDIA_GBR;
    }

    return strstr(desc->name, "bgr") ? AIME_MEDIA_BGR : AIME_MEDIA_RGB;
}


enum AVPixelFormat
aime_mediad_color_stored(aime_media_format_e format, aime_media_color_e color)
{
    const aime_mediad_stored_t  *stored;

    for (stored = aime_mediad_stored; stored->format; stored++) {
        if (stored->format == format && stored->color == color) {
            break;
        }
    }

    return stored->pixels;
}


int
aime_mediad_color_alpha(aime_media_color_e color)
{
    return color == AIME_MEDIA_RGBA || color == AIME_MEDIA_YUVA
           || color == AIME_MEDIA_ALPHA || color == AIME_MEDIA_PALETTE;
}
