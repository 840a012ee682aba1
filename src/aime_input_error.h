/*
 * The messages of inputs that are refused (PROTOCOL section 5): each names the
 * parameter, the rule and the value.  Floor 0.
 */

#ifndef AIME_INPUT_ERROR_H_INCLUDED
#define AIME_INPUT_ERROR_H_INCLUDED


#include "aime_chat.h"
#include "aime_desc.h"


/* characters of a value that a message quotes */
#define AIME_INPUT_QUOTE_CHARS   30

/* messages of one answer; one more says how many were left out */
#define AIME_INPUT_MAX_ERRORS    64


/* Messages, UTF-8, not escaped; all 0: there are none. */

typedef struct {
    aime_str_t           *elts;
    size_t                nelts;
    const aime_str_t     *param;        /* of the first one, or NULL */
    size_t                nomitted;     /* private */
} aime_input_errors_t;


/*
 * Adds the message "Parameter <name>[, message <n>[, part <n>]]: [<value> ]
 * <reason>"; place and value may be NULL.  Of more than AIME_INPUT_MAX_ERRORS
 * messages the rest are counted in a last one.  AIME_OK or AIME_NOMEM, as all
 * of these.
 */
int aime_input_refuse(aime_pool_t *pool, aime_input_errors_t *errors,
    const aime_desc_param_t *param, const aime_chat_place_t *place,
    const aime_str_t *value, const char *reason);

/* The same for a message of other parts. */
int aime_input_message(aime_pool_t *pool, aime_input_errors_t *errors,
    const aime_str_t *parts, size_t nparts);

/*
 * The value for a message: a string decoded and between quotation marks, all
 * else as it was written; what is longer than AIME_INPUT_QUOTE_CHARS ends in
 * three dots.  query: it is the text of a query argument.
 */
int aime_input_quote(aime_pool_t *pool, const aime_json_value_t *value,
    int query, aime_str_t *quoted);

/*
 * The first characters of a text, and three dots if there are more.  Bytes
 * that are not UTF-8 become U+FFFD.
 */
int aime_input_clip(aime_pool_t *pool, aime_str_t text, size_t chars,
    aime_str_t *clipped);

/* A terminated text as a slice. */
aime_str_t aime_input_str(const char *text);


#endif /* AIME_INPUT_ERROR_H_INCLUDED */
