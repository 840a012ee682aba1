/*
 * Strings of JSON: the characters that they stand for, texts put into quotes,
 * and UTF-8.  Floor 0: plain C, knows no nginx.
 */

#ifndef AIME_JSON_TEXT_H_INCLUDED
#define AIME_JSON_TEXT_H_INCLUDED


#include "aime_str.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif


#define AIME_JSON_ONES      0x0101010101010101ULL
#define AIME_JSON_HIGHS     (AIME_JSON_ONES * 0x80)

#define aime_json_is_digit(c)  ((unsigned char) ((c) - '0') < 10)


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

/* The same in memory of the pool.  AIME_OK or AIME_NOMEM. */
int aime_json_quoted(aime_pool_t *pool, aime_str_t text, aime_str_t *string);

/* Is the text well-formed UTF-8 (no surrogates, nothing beyond U+10FFFF)? */
int aime_json_utf8(aime_str_t text);

/*
 * Bytes of the escape, or of the character, that begins at p, which is before
 * the end; 0 if it is none, or not well-formed.
 */
size_t aime_json_escape(const unsigned char *p, const unsigned char *end);
size_t aime_json_utf8_char(const unsigned char *p, const unsigned char *end);

/*
 * The character that the (valid) escape at *pos stands for; *pos moves behind
 * it, and behind both escapes of a surrogate pair.
 */
uint32_t aime_json_escaped(const unsigned char **pos,
    const unsigned char *end);


/*
 * The first byte that needs a look: a quotation mark, a backslash, a control
 * character or one of a multi-byte character; else the end.
 */

static inline const unsigned char *
aime_json_plain(const unsigned char *p, const unsigned char *end)
{
#if defined(__SSE2__)

    int      mask;
    __m128i  x, bad;

    while (end - p >= 16) {
        x = _mm_loadu_si128((const __m128i *) (const void *) p);

        /* signed, so that bytes from 0x80 on are less than a space too */

        bad = _mm_cmplt_epi8(x, _mm_set1_epi8(' '));
        bad = _mm_or_si128(bad, _mm_cmpeq_epi8(x, _mm_set1_epi8('"')));
        bad = _mm_or_si128(bad, _mm_cmpeq_epi8(x, _mm_set1_epi8('\\')));

        mask = _mm_movemask_epi8(bad);

        if (mask) {
            return p + __builtin_ctz((unsigned int) mask);
        }

        p += 16;
    }

#else

    uint64_t  x, quote, slash, bad;

    while (end - p >= 8) {
        memcpy(&x, p, 8);

        quote = x ^ (AIME_JSON_ONES * '"');
        slash = x ^ (AIME_JSON_ONES * '\\');

        /* a byte that was 0, or less than a space, borrows its high bit */

        bad = ((quote - AIME_JSON_ONES) & ~quote)
              | ((slash - AIME_JSON_ONES) & ~slash)
              | (x - AIME_JSON_ONES * ' ')
              | x;

        if (bad & AIME_JSON_HIGHS) {
            break;
        }

        p += 8;
    }

#endif

    while (p < end && *p >= ' ' && *p < 0x80 && *p != '"' && *p != '\\') {
        p++;
    }

    return p;
}


#endif /* AIME_JSON_TEXT_H_INCLUDED */
