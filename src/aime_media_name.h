/*
 * What kinds, formats and colour spaces media have, and their names.  Floor 0,
 * and shared with media/: knows neither nginx nor the libraries that decode.
 */

#ifndef AIME_MEDIA_NAME_H_INCLUDED
#define AIME_MEDIA_NAME_H_INCLUDED


#include "aime_str.h"


/* sets of kinds */

#define AIME_MEDIA_MASK(kind)   (1u << (kind))

#define AIME_MEDIA_PICTURES     (AIME_MEDIA_MASK(AIME_MEDIA_IMAGE)            \
                                 |AIME_MEDIA_MASK(AIME_MEDIA_VIDEO))
#define AIME_MEDIA_SOUND        (AIME_MEDIA_MASK(AIME_MEDIA_AUDIO)            \
                                 |AIME_MEDIA_MASK(AIME_MEDIA_VIDEO))


typedef enum {
    AIME_MEDIA_IMAGE = 0,
    AIME_MEDIA_AUDIO,
    AIME_MEDIA_VIDEO,
    AIME_MEDIA_NKINDS
} aime_media_kind_e;


/* WebM and Ogg hold audio as well as video; 0 is none of them */

typedef enum {
    AIME_MEDIA_UNKNOWN = 0,
    AIME_MEDIA_PNG,
    AIME_MEDIA_JPEG,
    AIME_MEDIA_WEBP,
    AIME_MEDIA_BMP,
    AIME_MEDIA_TIFF,
    AIME_MEDIA_GIF,
    AIME_MEDIA_WAV,
    AIME_MEDIA_MP3,
    AIME_MEDIA_OGG,
    AIME_MEDIA_WEBM,
    AIME_MEDIA_MP4,
    AIME_MEDIA_NFORMATS
} aime_media_format_e;


/* Families of pixel formats. */

typedef enum {
    AIME_MEDIA_RGB = 0,
    AIME_MEDIA_RGBA,
    AIME_MEDIA_BGR,
    AIME_MEDIA_GBR,
    AIME_MEDIA_YUV,
    AIME_MEDIA_YUVA,
    AIME_MEDIA_GRAY,
    AIME_MEDIA_MONOCHROME,
    AIME_MEDIA_PALETTE,
    AIME_MEDIA_ALPHA,
    AIME_MEDIA_NCOLORS
} aime_media_color_e;


/* Names on the wire; look-ups whatever the case, AIME_ERROR: there is none. */
const char *aime_media_kind_name(aime_media_kind_e kind);
const char *aime_media_format_name(aime_media_format_e format);
const char *aime_media_color_name(aime_media_color_e color);
int aime_media_kind_named(aime_str_t name, aime_media_kind_e *kind);
int aime_media_format_named(aime_str_t name, aime_media_format_e *format);
int aime_media_color_named(aime_str_t name, aime_media_color_e *color);

/* Can media of that kind have that format? */
int aime_media_kind_has(aime_media_kind_e kind, aime_media_format_e format);


#endif /* AIME_MEDIA_NAME_H_INCLUDED */
