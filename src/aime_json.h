/*
 * JSON as slices of the text it came in.
 *
 * One validating pass (RFC 8259: grammar, UTF-8, bounded depth) finds the
 * members of a top-level object or the elements of a top-level array as raw
 * slices; nothing is copied and numbers stay text.  Floor 0: plain C, knows
 * neither nginx nor what the members mean.
 */

#ifndef AIME_JSON_H_INCLUDED
#define AIME_JSON_H_INCLUDED


#include "aime_json_text.h"


/* nesting that the scanner follows before it refuses a text */
#define AIME_JSON_MAX_DEPTH     256

/* members of one object, or elements of one array, that are listed */
#define AIME_JSON_MAX_MEMBERS   4096


typedef enum {
    AIME_JSON_NULL = 0,
    AIME_JSON_FALSE,
    AIME_JSON_TRUE,
    AIME_JSON_NUMBER,
    AIME_JSON_STRING,
    AIME_JSON_ARRAY,
    AIME_JSON_OBJECT
} aime_json_type_e;


/*
 * A value as it stands in the text; a string with its quotes and escapes,
 * unless it came from elsewhere and is plain.
 */

typedef struct {
    aime_str_t            text;
    aime_json_type_e      type;
    unsigned              plain:1;      /* text is the characters */
} aime_json_value_t;


/* name: decoded, so it may point to memory of the pool */

typedef struct {
    aime_str_t            name;
    aime_json_value_t     value;
} aime_json_member_t;


typedef struct {
    aime_json_member_t   *elts;
    size_t                nelts;
} aime_json_members_t;


typedef struct {
    aime_json_value_t    *elts;
    size_t                nelts;
} aime_json_elements_t;


/* reason: a constant text for humans ("unexpected character", ...) */

typedef struct {
    const char           *reason;
    size_t                offset;       /* bytes from the start of the text */
} aime_json_error_t;


/*
 * Validates the whole text, which must be one JSON value with nothing but
 * white space around it.  *value is that value without the white space.
 * AIME_OK or AIME_ERROR.
 */
int aime_json_scan(aime_str_t text, aime_json_value_t *value,
    aime_json_error_t *error);

/*
 * Validates the whole text and lists the members of the top-level object in
 * source order.  A name that stands twice is listed once, with its last value
 * (PROTOCOL section 2), in the place of its first.  Another type of value, or
 * more than AIME_JSON_MAX_MEMBERS members: AIME_ERROR.  The slices point into
 * the text, names with escapes and the list itself into the pool.
 * AIME_OK, AIME_ERROR, AIME_NOMEM.
 */
int aime_json_members(aime_pool_t *pool, aime_str_t text,
    aime_json_members_t *members, aime_json_error_t *error);

/* The same for the elements of a top-level array. */
int aime_json_elements(aime_pool_t *pool, aime_str_t text,
    aime_json_elements_t *elements, aime_json_error_t *error);

/* The member of that name, or NULL; linear. */
aime_json_member_t *aime_json_member(const aime_json_members_t *members,
    aime_str_t name);


#endif /* AIME_JSON_H_INCLUDED */
