/*
 * The media among the inputs of a request (PROTOCOL section 5): what can be
 * told of them without decoding them, and what somebody else has to decode.
 * Floor 0.
 */

#ifndef AIME_INPUT_MEDIA_H_INCLUDED
#define AIME_INPUT_MEDIA_H_INCLUDED


#include "aime_input.h"


/*
 * Looks through a value that was converted: an image, an audio or a video, or
 * the messages of a chat context; others are passed.  The value is the one of
 * the member that comes next.  Violations are added to the input's messages,
 * media with rules to its media.  AIME_OK or AIME_NOMEM.
 */
int aime_input_media(aime_pool_t *pool, const aime_desc_t *desc,
    aime_input_t *input, const aime_desc_param_t *param, aime_str_t text);


/*
 * Adds what is wrong with a medium to the messages: lines, each the end of a
 * sentence whose subject is the parameter.  AIME_OK or AIME_NOMEM.
 */
int aime_input_medium_refused(aime_pool_t *pool, aime_input_t *input,
    const aime_input_medium_t *medium, aime_str_t lines);


#endif /* AIME_INPUT_MEDIA_H_INCLUDED */
