/*
 * Media as they travel: data URLs, base64, and what the first bytes of a file
 * say of it.  Floor 0, and shared with media/: knows neither nginx nor the
 * libraries that decode.
 */

#ifndef AIME_MEDIA_DATA_H_INCLUDED
#define AIME_MEDIA_DATA_H_INCLUDED


#include "aime_media_name.h"


/* decoded bytes that tell a format */
#define AIME_MEDIA_HEAD_LEN    64


/* Slices of the text. */

typedef struct {
    aime_str_t            type;     /* before the slash: "image" */
    aime_str_t            format;   /* after it: "png" */
    aime_str_t            body;     /* the base64 */
} aime_media_url_t;


/*
 * Splits data:<type>/<format>[;parameter...];base64,<body>; nothing is
 * decoded, and the body is not looked at.  AIME_OK or AIME_ERROR.
 */
int aime_media_url(aime_str_t text, aime_media_url_t *url);

/*
 * Is the text base64 (RFC 4648 section 4; the padding may be missing, white
 * space is none)?  AIME_OK or AIME_ERROR with the offset of the first byte
 * that is not, or of the end where bytes are missing.
 */
int aime_media_base64_check(aime_str_t text, size_t *offset);

/* The bytes that a valid text stands for. */
size_t aime_media_base64_decoded_len(aime_str_t text);

/* Decodes a valid text, or so much of one; gives the end of what it wrote. */
unsigned char *aime_media_base64_decode(unsigned char *dst, aime_str_t text);

/* The other way round; padded. */
size_t aime_media_base64_encoded_len(size_t len);
unsigned char *aime_media_base64_encode(unsigned char *dst, aime_str_t data);

/*
 * What the first bytes of a file say that it is, AIME_MEDIA_HEAD_LEN of them
 * or all that there are.
 */
aime_media_format_e aime_media_sniff(aime_str_t head);


#endif /* AIME_MEDIA_DATA_H_INCLUDED */
