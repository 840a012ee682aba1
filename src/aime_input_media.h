/*
 * The media among the inputs of a request (PROTOCOL section 5): what can be
 * told of them without decoding them, and what somebody else has to decode.
 * Floor 0.
 */

#ifndef AIME_INPUT_MEDIA_H_INCLUDED
#define AIME_INPUT_MEDIA_H_INCLUDED


#include "aime_chat.h"
#include "aime_desc.h"
#include "aime_input_error.h"


/* media of one request that have rules */
#define AIME_INPUT_MAX_MEDIA     64

/* bytes of one violation of a medium's rules */
#define AIME_INPUT_LINE_LEN      512


/*
 * A medium that somebody has to look into.  value is the string in the
 * member's text that is to be replaced by converted, the string of a JSON
 * text that who converts sets; its length 0: the value stays.
 */

typedef struct {
    const aime_desc_param_t  *param;
    const aime_desc_media_t  *media;        /* what is asked for */
    aime_media_kind_e         kind;
    aime_chat_place_t         place;        /* in a chat context, else 0 */
    size_t                    member;
    aime_str_t                value;
    aime_str_t                body;         /* its base64 */
    aime_str_t                converted;
} aime_input_medium_t;


/* In the order of their members, and of their places in them. */

typedef struct {
    aime_input_medium_t      *elts;
    size_t                    nelts;
} aime_input_media_t;


/*
 * Looks through a value that was converted: an image, an audio or a video, or
 * the messages of a chat context; others are passed.  member is the number
 * that its member has.  Violations are added to the messages, media with rules
 * to the media.  AIME_OK or AIME_NOMEM.
 */
int aime_input_media(aime_pool_t *pool, const aime_desc_t *desc,
    const aime_desc_param_t *param, aime_str_t text, size_t member,
    aime_input_media_t *media, aime_input_errors_t *errors);


/*
 * Adds what is wrong with a medium to the messages: lines, each the end of a
 * sentence whose subject is the parameter.  AIME_OK or AIME_NOMEM.
 */
int aime_input_medium_refused(aime_pool_t *pool,
    const aime_input_medium_t *medium, aime_str_t lines,
    aime_input_errors_t *errors);


#endif /* AIME_INPUT_MEDIA_H_INCLUDED */
