/*
 * Forms as browsers and client libraries upload them: multipart/form-data
 * (RFC 7578, on RFC 2046) in one piece of memory, as slices of it.  Nothing
 * is copied or decoded.  What different readers could read differently is
 * refused.  Floor 0: knows neither nginx nor what the parts mean.
 */

#ifndef AIME_MULTIPART_H_INCLUDED
#define AIME_MULTIPART_H_INCLUDED


#include "aime_str.h"


/* parts of one form */
#define AIME_MULTIPART_MAX_PARTS      64

/* header lines of one part, and the bytes of all of them */
#define AIME_MULTIPART_MAX_HEADERS    16
#define AIME_MULTIPART_MAX_HEAD       4096

/* RFC 2046 section 5.1.1 */
#define AIME_MULTIPART_MAX_BOUNDARY   70


/*
 * name and filename as they stand between the quotes; browsers write %22 for
 * a quote in them, others a backslash before it.
 */

typedef struct {
    aime_str_t              name;
    aime_str_t              filename;   /* data NULL: it is no file */
    aime_str_t              type;       /* Content-Type; data NULL: none */
    aime_str_t              body;
} aime_multipart_part_t;


typedef struct {
    aime_multipart_part_t   parts[AIME_MULTIPART_MAX_PARTS];
    size_t                  nparts;
} aime_multipart_t;


/* reason: a constant text for humans; offset: bytes from the body's start */

typedef struct {
    const char             *reason;
    size_t                  offset;
} aime_multipart_error_t;


/*
 * Is a Content-Type that of a form?  The letters' case does not count.
 */
int aime_multipart_is_form(aime_str_t content_type);

/*
 * The boundary that the Content-Type of a form names, a slice of it.  AIME_OK,
 * or AIME_ERROR where it names none, two, or one that RFC 2046 does not allow.
 */
int aime_multipart_boundary(aime_str_t content_type, aime_str_t *boundary);

/*
 * Splits a whole body.  The time it takes grows with the body's length alone.
 * AIME_OK, or AIME_ERROR with the error: no boundary at the start or the end,
 * a part without a name, too much of anything.  What stands in front of the
 * first boundary and behind the last one does not count, as RFC 2046 has it.
 */
int aime_multipart_parse(aime_str_t body, aime_str_t boundary,
    aime_multipart_t *form, aime_multipart_error_t *error);


#endif /* AIME_MULTIPART_H_INCLUDED */
