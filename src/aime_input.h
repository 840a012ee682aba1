/*
 * Validates and converts the inputs of one client request against a
 * description (PROTOCOL section 5).  Floor 0: knows neither requests nor
 * queues nor nginx.
 */

#ifndef AIME_INPUT_H_INCLUDED
#define AIME_INPUT_H_INCLUDED


#include "aime_json.h"
#include "aime_chat.h"
#include "aime_desc.h"


/* characters of a value that a message quotes */
#define AIME_INPUT_QUOTE_CHARS   30

/* messages of one answer; one more says how many were left out */
#define AIME_INPUT_MAX_ERRORS    64

/* media of one request that have rules */
#define AIME_INPUT_MAX_MEDIA     64

/* bytes of one violation of a medium's rules */
#define AIME_INPUT_LINE_LEN      512


/*
 * An argument of a request.  From a JSON body, value is the slice as written.
 * From a query string (query = 1) value.text is the decoded argument itself,
 * without quotes, which is converted to the parameter's type.
 */

typedef struct {
    aime_str_t            name;
    aime_json_value_t     value;
    unsigned              query:1;
} aime_input_arg_t;


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


typedef struct {
    /*
     * What the worker gets: declared parameters in the order of the file,
     * each value a JSON text, defaults filled in, absent ones left out.
     * Values that need no conversion are the slices of the request.
     */
    aime_json_member_t   *members;
    size_t                nmembers;

    /* in the order of their members and of their places in them */
    aime_input_medium_t  *media;
    size_t                nmedia;

    /* messages, UTF-8, not escaped; any at all: nothing else counts */
    aime_str_t           *errors;
    size_t                nerrors;
    size_t                nomitted;             /* private */

    unsigned              wait_for_result:1;    /* default 1 */
} aime_input_t;


/*
 * All violations are found in one go.  Arguments of one name: from a body the
 * caller has dropped all but the last, from a query string it is an error
 * that names the parameter.  Memory comes from the pool and lives as long as
 * it and the request's text.  AIME_OK (look at nerrors) or AIME_NOMEM.
 */
int aime_input_validate(aime_pool_t *pool, const aime_desc_t *desc,
    const aime_input_arg_t *args, size_t nargs, aime_input_t *input);


#endif /* AIME_INPUT_H_INCLUDED */
