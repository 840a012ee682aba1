/* Names of kinds, formats and colour spaces, see aime_media_name.h. */

#include <strings.h>

#include "aime_media_name.h"


typedef struct {
    const char           *name;
    unsigned              kinds;
    aime_media_format_e   format;
} aime_media_format_entry_t;


static int aime_media_named(aime_str_t name, const char *word);


static const char  *aime_media_kinds[] = { "image", "audio", "video" };


/* the first name of each format is the one on the wire */

static const aime_media_format_entry_t  aime_media_formats[] = {
    { "png",  AIME_MEDIA_MASK(AIME_MEDIA_IMAGE), AIME_MEDIA_PNG },
    { "jpeg", AIME_MEDIA_MASK(AIME_MEDIA_IMAGE), AIME_MEDIA_JPEG },
    { "jpg",  AIME_MEDIA_MASK(AIME_MEDIA_IMAGE), AIME_MEDIA_JPEG },
    { "webp", AIME_MEDIA_MASK(AIME_MEDIA_IMAGE), AIME_MEDIA_WEBP },
    { "bmp",  AIME_MEDIA_MASK(AIME_MEDIA_IMAGE), AIME_MEDIA_BMP },
    { "tiff", AIME_MEDIA_MASK(AIME_MEDIA_IMAGE), AIME_MEDIA_TIFF },
    { "gif",  AIME_MEDIA_MASK(AIME_MEDIA_IMAGE), AIME_MEDIA_GIF },
    { "wav",  AIME_MEDIA_MASK(AIME_MEDIA_AUDIO), AIME_MEDIA_WAV },
    { "mp3",  AIME_MEDIA_MASK(AIME_MEDIA_AUDIO), AIME_MEDIA_MP3 },
    { "ogg",  AIME_MEDIA_SOUND,                  AIME_MEDIA_OGG },
    { "webm", AIME_MEDIA_SOUND,                  AIME_MEDIA_WEBM },
    { "mp4",  AIME_MEDIA_SOUND,                  AIME_MEDIA_MP4 },
    { NULL,   0,                                 AIME_MEDIA_UNKNOWN }
};


static const char  *aime_media_colors[AIME_MEDIA_NCOLORS] = {
    "rgb", "rgba", "bgr", "gbr", "yuv", "yuva", "gray", "monochrome",
    "palette", "alpha"
};


const char *
aime_media_kind_name(aime_media_kind_e kind)
{
    return aime_media_kinds[kind];
}


const char *
aime_media_format_name(aime_media_format_e format)
{
    const aime_media_format_entry_t  *entry;

    for (entry = aime_media_formats; entry->name; entry++) {
        if (entry->format == format) {
            return entry->name;
        }
    }

    return "unknown";
}


const char *
aime_media_color_name(aime_media_color_e color)
{
    return color < AIME_MEDIA_NCOLORS ? aime_media_colors[color] : "unknown";
}


int
aime_media_kind_named(aime_str_t name, aime_media_kind_e *kind)
{
    unsigned int  i;

    for (i = 0; i <= AIME_MEDIA_VIDEO; i++) {
        if (aime_media_named(name, aime_media_kinds[i])) {
            *kind = i;
            return AIME_OK;
        }
    }

    return AIME_ERROR;
}


int
aime_media_format_named(aime_str_t name, aime_media_format_e *format)
{
    const aime_media_format_entry_t  *entry;

    for (entry = aime_media_formats; entry->name; entry++) {
        if (aime_media_named(name, entry->name)) {
            *format = entry->format;
            return AIME_OK;
        }
    }

    return AIME_ERROR;
}


int
aime_media_color_named(aime_str_t name, aime_media_color_e *color)
{
    unsigned int  i;

    for (i = 0; i < AIME_MEDIA_NCOLORS; i++) {
        if (aime_media_named(name, aime_media_colors[i])) {
            *color = i;
            return AIME_OK;
        }
    }

    return AIME_ERROR;
}


int
aime_media_kind_has(aime_media_kind_e kind, aime_media_format_e format)
{
    const aime_media_format_entry_t  *entry;

    for (entry = aime_media_formats; entry->name; entry++) {
        if (entry->format == format) {
            return (entry->kinds & AIME_MEDIA_MASK(kind)) != 0;
        }
    }

    return 0;
}


static int
aime_media_named(aime_str_t name, const char *word)
{
    return name.len == strlen(word)
           && strncasecmp((const char *) name.data, word, name.len) == 0;
}
