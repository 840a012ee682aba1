/*
 * Chat contexts: the list of messages that a parameter of type chat_context
 * holds (PROTOCOL section 5).  Floor 0: knows neither parameters nor what is
 * asked of media.
 */

#ifndef AIME_CHAT_H_INCLUDED
#define AIME_CHAT_H_INCLUDED


#include "aime_json.h"
#include "aime_media_name.h"


#define AIME_CHAT_FAULT_LEN    128


/* Where in the list: counted from 1; part 0: the content is no list. */

typedef struct {
    size_t                message;
    size_t                part;
} aime_chat_place_t;


/*
 * Called for a medium (value: as it stands in the text, which need not be a
 * string; AIME_OK to go on) and for what is wrong (reason: the end of a
 * sentence whose subject is the place).
 */

typedef struct {
    int                 (*medium)(void *ctx, const aime_chat_place_t *place,
                                  aime_media_kind_e kind,
                                  const aime_json_value_t *value);
    int                 (*fault)(void *ctx, const aime_chat_place_t *place,
                                 const char *reason);
    void                 *ctx;
    int                   tools;        /* there may be answers of tools */
} aime_chat_handlers_t;


/*
 * Looks through a valid JSON text: an array of objects with role (system, user,
 * assistant; tool, if there may be) and content (a string, or an array of
 * objects with exactly one of text, image, audio and video).  Other members are
 * left alone.  All violations are told.  AIME_OK, or what a handler gave
 * instead, or AIME_NOMEM.
 */
int aime_chat_read(aime_pool_t *pool, aime_str_t text,
    const aime_chat_handlers_t *handlers);


#endif /* AIME_CHAT_H_INCLUDED */
