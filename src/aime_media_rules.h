/*
 * What a parameter of type image, audio or video asks of its media (PROTOCOL
 * section 5, "Media attributes").  Floor 0, and shared with media/: knows
 * neither nginx nor the libraries that decode.
 */

#ifndef AIME_MEDIA_RULES_H_INCLUDED
#define AIME_MEDIA_RULES_H_INCLUDED


#include <cjson/cJSON.h>

#include "aime_media_name.h"


#define AIME_MEDIA_ERROR_LEN   256


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


#endif /* AIME_MEDIA_RULES_H_INCLUDED */
