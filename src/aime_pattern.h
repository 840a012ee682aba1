/*
 * Regular expressions of string parameters (PROTOCOL section 5, "pattern"),
 * compiled while configuring and matched within limits.  Floor 0: knows
 * neither nginx nor parameters; PCRE2 is behind it.
 */

#ifndef AIME_PATTERN_H_INCLUDED
#define AIME_PATTERN_H_INCLUDED


#include "aime_str.h"


#define AIME_PATTERN_ERROR_LEN   128

/* no text is matched that long: see aime_pattern_match() */
#define AIME_PATTERN_LIMIT       2


typedef struct aime_pattern_s  aime_pattern_t;

/*
 * Compiles an expression of PCRE2's syntax over UTF-8.  The result's memory is
 * the pool's.  AIME_OK, AIME_NOMEM, or AIME_ERROR with a text that says what
 * is wrong with the expression and where.
 */
int aime_pattern_compile(aime_pool_t *pool, aime_str_t text,
    aime_pattern_t **pattern, char *error);

/*
 * Does the expression match anywhere in the text (valid UTF-8)?  AIME_OK,
 * AIME_ERROR: no; AIME_PATTERN_LIMIT: it was given up after a bounded number
 * of steps, as expressions that backtrack without end deserve; AIME_NOMEM.
 */
int aime_pattern_match(const aime_pattern_t *pattern, aime_str_t text);


#endif /* AIME_PATTERN_H_INCLUDED */
