/*
 * Media inputs: what a parameter of type image, audio or video asks of its
 * media (PROTOCOL section 5, "Media attributes"), and the messages between
 * the module and the media daemon.  Floor 0, and shared with media/: knows
 * neither nginx nor the libraries that decode.
 */

#ifndef AIME_MEDIA_H_INCLUDED
#define AIME_MEDIA_H_INCLUDED


#include <stdint.h>
#include <cjson/cJSON.h>

#include "aime_str.h"


#define AIME_MEDIA_ERROR_LEN   256


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


typedef enum {
    AIME_MEDIA_SCALE = 0,
    AIME_MEDIA_CROP
} aime_media_resize_e;


/*
 * An attribute whose values are numbers: words count as their enumerators
 * (format, color_space), a size as its two numbers, a duration as seconds.
 * Numbers are integers but for a duration.  What has has_... 0 is not asked
 * for; value[1] is used by sizes alone.
 */

typedef struct {
    double                value[2];
} aime_media_value_t;


typedef struct {
    aime_media_value_t   *supported;
    size_t                nsupported;
    aime_media_value_t    default_value;
    aime_media_value_t    minimum;
    aime_media_value_t    maximum;
    aime_media_value_t    align;

    unsigned              given:1;          /* the attribute is there */
    unsigned              has_default:1;
    unsigned              has_minimum:1;
    unsigned              has_maximum:1;
    unsigned              has_align:1;
    unsigned              auto_convert:1;
    unsigned              keep_aspect_ratio:1;      /* of a size */
} aime_media_rule_t;


typedef struct {
    aime_media_kind_e     kind;
    aime_media_rule_t     format;
    aime_media_rule_t     color_space;
    aime_media_rule_t     size;
    aime_media_rule_t     sample_rate;      /* Hz */
    aime_media_rule_t     sample_bit_depth; /* bits; of lossless audio only */
    aime_media_rule_t     audio_bit_rate;   /* bits per second */
    aime_media_rule_t     channels;
    aime_media_rule_t     duration;         /* seconds */
    aime_media_resize_e   resize_method;

    unsigned              any:1;            /* there is something to check */
} aime_media_rules_t;


typedef struct {
    const cJSON          *item;             /* the offending one */
    char                  text[AIME_MEDIA_ERROR_LEN];
} aime_media_error_t;


/*
 * Called for every attribute, or key of one, that is not known ("size.foo"),
 * and for every format (name: 'format.supported: unknown image format "heic"');
 * may be NULL.
 */
typedef void (*aime_media_notice_pt)(void *ctx, const char *name,
    const cJSON *item);


/*
 * Compiles the table of a media parameter, or the one under a chat context's
 * key of that kind.  Numbers in the tree may be cJSON numbers or raw items as
 * aime_toml_parse() makes them.  auto_convert and keep_aspect_ratio of the
 * table itself count for the attributes that have none of their own; type,
 * required, default and what is for humans is not looked at.  Memory comes
 * from the pool; the tree is not needed afterwards.  Words are matched
 * whatever their case; jpg is jpeg.  A format that is not known is ignored as
 * long as another is named.  AIME_OK, AIME_NOMEM, or AIME_ERROR with a text
 * that begins with the attribute ("size: minimum must be ...").
 */
int aime_media_rules_compile(aime_pool_t *pool, const cJSON *table,
    aime_media_kind_e kind, aime_media_rules_t *rules,
    aime_media_notice_pt notice, void *notice_ctx, aime_media_error_t *error);

/* Names on the wire; look-ups whatever the case, AIME_ERROR: there is none. */
const char *aime_media_kind_name(aime_media_kind_e kind);
const char *aime_media_format_name(aime_media_format_e format);
const char *aime_media_color_name(aime_media_color_e color);
int aime_media_kind_named(aime_str_t name, aime_media_kind_e *kind);
int aime_media_format_named(aime_str_t name, aime_media_format_e *format);
int aime_media_color_named(aime_str_t name, aime_media_color_e *color);

/* Can media of that kind have that format? */
int aime_media_kind_has(aime_media_kind_e kind, aime_media_format_e format);


/*
 * Messages between module and daemon, over a Unix stream socket, one
 * conversion a connection; integers as the machine has them.
 *
 *   daemon   AIME_MEDIA_GREETING, when one of its workers has accepted
 *   module   aime_media_request_t, ask_len bytes of JSON, then body_len bytes
 *            of base64: the body of the data URL, no white space
 *   daemon   aime_media_answer_t, then len bytes
 *
 * The JSON: {"kind": "image", "max_pixels": N, "max_duration": seconds,
 * "max_size": bytes, "rules": {the parameter's table}}.  max_pixels bounds
 * every picture, max_size the media as decoded from base64 and what they are
 * converted to.  The answer, by its status:
 *
 *   UNCHANGED  no bytes: the media comply as they are
 *   CONVERTED  the JSON string of a data URL, its quotation marks included
 *   REFUSED    what is wrong with the media: lines of UTF-8, a violation each,
 *              each the end of a sentence whose subject is the parameter
 *              ("has a size of 30x30, below the minimum of 64x64")
 *   FAILED     the daemon could not do it though the media may be right: a
 *              line for the log
 *
 * Then the daemon closes.  Who gets something else closes at once.
 */

#define AIME_MEDIA_GREETING       "AIMEMD1\n"
#define AIME_MEDIA_GREETING_LEN   (sizeof(AIME_MEDIA_GREETING) - 1)

#define AIME_MEDIA_MAGIC          0x444d4941u

#define AIME_MEDIA_MAX_ASK        65536     /* bytes of JSON */
#define AIME_MEDIA_MAX_TEXT       8192      /* bytes of a refusal, a failure */

#define AIME_MEDIA_UNCHANGED      0
#define AIME_MEDIA_CONVERTED      1
#define AIME_MEDIA_REFUSED        2
#define AIME_MEDIA_FAILED         3

typedef struct {
    uint32_t              magic;
    uint32_t              ask_len;
    uint64_t              body_len;
} aime_media_request_t;

typedef struct {
    uint32_t              magic;
    uint32_t              status;
    uint64_t              len;
} aime_media_answer_t;


#endif /* AIME_MEDIA_H_INCLUDED */
