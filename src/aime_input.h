/*
 * Validates and converts the inputs of one client request against a
 * description (PROTOCOL section 5).  Floor 0: knows neither requests nor
 * queues nor nginx.
 */

#ifndef AIME_INPUT_H_INCLUDED
#define AIME_INPUT_H_INCLUDED


#include "aime_desc.h"
#include "aime_input_error.h"
#include "aime_input_media.h"
#include "aime_json.h"


typedef struct {
    /*
     * What the worker gets: declared parameters in the order of the file,
     * each value a JSON text, defaults filled in, absent and withheld ones
     * left out.
     * Values that need no conversion are the slices of the request.
     */
    aime_json_member_t   *members;
    size_t                nmembers;

    aime_input_media_t    media;

    /* any at all: nothing else counts */
    aime_input_errors_t   errors;

    unsigned              wait_for_result:1;    /* default 1 */
} aime_input_t;


/*
 * The arguments of a request are the members of a JSON body as written, or
 * those of a query string (value.plain), whose texts are converted to the
 * parameters' types.
 *
 * All violations are found in one go.  Arguments of one name: from a body the
 * caller has dropped all but the last, from a query string it is an error
 * that names the parameter.  Memory comes from the pool and lives as long as
 * it and the request's text.  AIME_OK (look at the errors) or AIME_NOMEM.
 */
int aime_input_validate(aime_pool_t *pool, const aime_desc_t *desc,
    const aime_json_member_t *args, size_t nargs, aime_input_t *input);


#endif /* AIME_INPUT_H_INCLUDED */
