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


#include <stddef.h>
#include <stdint.h>


/* nesting that the scanner follows before it refuses a text */
#define AIME_JSON_MAX_DEPTH     256

/* members of one object, or elements of one array, that are listed */
#define AIME_JSON_MAX_MEMBERS   4096


#define AIME_OK         0
#define AIME_ERROR     -1       /* the text is refused, see the error */
#define AIME_NOMEM     -2       /* the caller's allocator gave NULL */


/* A slice: laid out as nginx's ngx_str_t, not terminated, not owned. */

typedef struct {
    size_t                len;
    const unsigned char  *data;
} aime_str_t;


#define aime_str(text)       { sizeof(text) - 1, (const unsigned char *) text }
#define aime_str_null        { 0, NULL }


/*
 * Where floor 0 gets memory from.  It is never given back: the caller frees
 * everything at once (a request's or a configuration's pool).
 */

typedef struct {
    void               *(*alloc)(void *ctx, size_t size);
    void                 *ctx;
} aime_pool_t;


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

/*
 * The characters that a (validated) string value stands for, as UTF-8.
 * Points into the text where there is no escape, else into the pool.
 * A lone surrogate escape becomes U+FFFD.  AIME_OK or AIME_NOMEM.
 */
int aime_json_decode(aime_pool_t *pool, aime_str_t string, aime_str_t *text);

/* Number of characters (code points) in a validated string value. */
size_t aime_json_chars(aime_str_t string);

/*
 * Bytes of the JSON string, quotes included, that stands for the text; and the
 * writer, which gives the end of what it wrote.  Escaped are the quotation
 * mark, the backslash and control characters.  Bytes that are no valid UTF-8
 * become U+FFFD, so that the result is valid whatever the input.
 */
size_t aime_json_quoted_len(aime_str_t text);
unsigned char *aime_json_quote(unsigned char *dst, aime_str_t text);

/* Is the text well-formed UTF-8 (no surrogates, nothing beyond U+10FFFF)? */
int aime_json_utf8(aime_str_t text);


#endif /* AIME_JSON_H_INCLUDED */
