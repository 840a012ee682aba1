/*
 * The messages between the module and the media daemon.  Floor 0, and shared
 * with media/: knows neither nginx nor the libraries that decode.
 */

#ifndef AIME_MEDIA_H_INCLUDED
#define AIME_MEDIA_H_INCLUDED


#include <stdint.h>


/*
 * Messages between module and daemon, over a Unix stream socket, one
 * conversion a connection; integers as the machine has them.
 *
 *   daemon   AIME_MEDIA_GREETING, when one of its workers has accepted
 *   module   aime_media_request_t, ask_len bytes of JSON, then body_len bytes
 *            of base64: the body of the data URL, no white space
 *   daemon   aime_media_answer_t, then len bytes
 *
 * The JSON: {"kind": "image", "max_pixels": N, "max_duration": seconds,
 * "max_size": bytes, "rules": {the parameter's table}}.  max_pixels bounds
 * every picture, max_size the media as decoded from base64 and what they are
 * converted to.  The answer, by its status:
 *
 *   UNCHANGED  no bytes: the media comply as they are
 *   CONVERTED  the JSON string of a data URL, its quotation marks included
 *   REFUSED    what is wrong with the media: lines of UTF-8, a violation each,
 *              each the end of a sentence whose subject is the parameter
 *              ("has a size of 30x30, below the minimum of 64x64")
 *   FAILED     the daemon could not do it though the media may be right: a
 *              line for the log
 *
 * Then the daemon closes.  Who gets something else closes at once.
 */

#define AIME_MEDIA_GREETING       "AIMEMD1\n"
#define AIME_MEDIA_GREETING_LEN   (sizeof(AIME_MEDIA_GREETING) - 1)

#define AIME_MEDIA_MAGIC          0x444d4941u

#define AIME_MEDIA_MAX_ASK        65536     /* bytes of JSON */
#define AIME_MEDIA_MAX_TEXT       8192      /* bytes of a refusal, a failure */

#define AIME_MEDIA_UNCHANGED      0
#define AIME_MEDIA_CONVERTED      1
#define AIME_MEDIA_REFUSED        2
#define AIME_MEDIA_FAILED         3

typedef struct {
    uint32_t              magic;
    uint32_t              ask_len;
    uint64_t              body_len;
} aime_media_request_t;

typedef struct {
    uint32_t              magic;
    uint32_t              status;
    uint64_t              len;
} aime_media_answer_t;


#endif /* AIME_MEDIA_H_INCLUDED */
