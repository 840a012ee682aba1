/*
 * Data URLs, base64, and the first bytes of media files.  Base64 is checked by
 * the module for every byte of a media input and decoded by the daemon, hence
 * the vectors; a machine without them takes the plain loops, which also do the
 * ends.  Encoding gained nothing by them.
 */

#include <string.h>
#include <strings.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "aime_media_data.h"


/* bytes before the body of a data URL that are looked at */
#define AIME_MEDIA_URL_LEN   256

#define AIME_MEDIA_NONE      0xff


typedef struct {
    const char           *magic;
    size_t                len;
    const char           *type;         /* at offset 8, or NULL */
    aime_media_format_e   format;
} aime_media_magic_t;


static size_t aime_media_token(const unsigned char *p, const unsigned char *e);
static size_t aime_media_base64_span(aime_str_t text);
static uint32_t aime_media_base64_group(const unsigned char *p);
static int aime_media_is_bmp(aime_str_t head);
static int aime_media_is_mp3(aime_str_t head);
static int aime_media_is_mp4(aime_str_t head);
static int aime_media_is_webm(aime_str_t head);


static const unsigned char  aime_media_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";


#define N  AIME_MEDIA_NONE

static const unsigned char  aime_media_values[256] = {
     N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,
     N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,
     N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N, 62,  N,  N,  N, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61,  N,  N,  N,  N,  N,  N,
     N,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,  N,  N,  N,  N,  N,
     N, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,  N,  N,  N,  N,  N,
     N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,
     N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,
     N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,
     N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,
     N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,
     N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,
     N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,
     N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N
};

#undef N


static const aime_media_magic_t  aime_media_magics[] = {
    { "\x89PNG\r\n\x1a\n", 8, NULL,   AIME_MEDIA_PNG },
    { "\xff\xd8\xff",      3, NULL,   AIME_MEDIA_JPEG },
    { "RIFF",              4, "WEBP", AIME_MEDIA_WEBP },
    { "RIFF",              4, "WAVE", AIME_MEDIA_WAV },
    { "II*\0",             4, NULL,   AIME_MEDIA_TIFF },
    { "MM\0*",             4, NULL,   AIME_MEDIA_TIFF },
    { "GIF87a",            6, NULL,   AIME_MEDIA_GIF },
    { "GIF89a",            6, NULL,   AIME_MEDIA_GIF },
    { "OggS",              4, NULL,   AIME_MEDIA_OGG },
    { "ID3",               3, NULL,   AIME_MEDIA_MP3 },
    { NULL,                0, NULL,   AIME_MEDIA_UNKNOWN }
};


/*
 * The end of the head is looked for as a whole: browsers record
 * data:video/webm;codecs=vp8,opus;base64,... with a comma in the middle.
 */

int
aime_media_url(aime_str_t text, aime_media_url_t *url)
{
    size_t                n;
    const unsigned char  *p, *end, *last;

    p = text.data;
    last = p + text.len;
    end = text.len > AIME_MEDIA_URL_LEN ? p + AIME_MEDIA_URL_LEN : last;

    if (text.len < 5 || strncasecmp((const char *) p, "data:", 5) != 0) {
        return AIME_ERROR;
    }

    p += 5;
    n = aime_media_token(p, end);

    if (n == 0 || p + n == end || p[n] != '/') {
        return AIME_ERROR;
    }

    url->type.data = p;
    url->type.len = n;

    p += n + 1;
    n = aime_media_token(p, end);

    if (n == 0 || p + n == end || p[n] != ';') {
        return AIME_ERROR;
    }

    url->format.data = p;
    url->format.len = n;

    for (p += n; end - p >= 8; p++) {

        if (*p == ';' && strncasecmp((const char *) p, ";base64,", 8) == 0) {
            url->body.data = p + 8;
            url->body.len = last - url->body.data;
            return AIME_OK;
        }
    }

    return AIME_ERROR;
}


static size_t
aime_media_token(const unsigned char *p, const unsigned char *e)
{
    size_t  n;

    for (n = 0; p + n < e; n++) {

        if (!((p[n] | 0x20) >= 'a' && (p[n] | 0x20) <= 'z')
            && !(p[n] >= '0' && p[n] <= '9')
            && p[n] != '-' && p[n] != '+' && p[n] != '.' && p[n] != '_')
        {
            break;
        }
    }

    return n;
}


int
aime_media_base64_check(aime_str_t text, size_t *offset)
{
    size_t  n, end;

    n = aime_media_base64_span(text);

    if (n == text.len) {
        *offset = n;
        return (n % 4) ? AIME_ERROR : AIME_OK;
    }

    /* what follows the letters can only be padding, one or two of it */

    end = (n % 4 < 2) ? n : n + 4 - n % 4;

    while (n < end && n < text.len && text.data[n] == '=') {
        n++;
    }

    *offset = n;

    return (n == end && n == text.len) ? AIME_OK : AIME_ERROR;
}


/* The letters that the text begins with. */

#ifdef __SSE2__

static size_t
aime_media_base64_span(aime_str_t text)
{
    int      mask;
    size_t   n;
    __m128i  c, lower, ok;

    for (n = 0; n + 16 <= text.len; n += 16) {
        c = _mm_loadu_si128((const __m128i *) (text.data + n));

        /* bytes above 127 are below all else: comparisons are signed */

        lower = _mm_or_si128(c, _mm_set1_epi8(0x20));

        ok = _mm_and_si128(_mm_cmpgt_epi8(lower, _mm_set1_epi8('a' - 1)),
                           _mm_cmplt_epi8(lower, _mm_set1_epi8('z' + 1)));
        ok = _mm_or_si128(ok,
                 _mm_and_si128(_mm_cmpgt_epi8(c, _mm_set1_epi8('/' - 1)),
                               _mm_cmplt_epi8(c, _mm_set1_epi8('9' + 1))));
        ok = _mm_or_si128(ok, _mm_cmpeq_epi8(c, _mm_set1_epi8('+')));

        mask = _mm_movemask_epi8(ok);

        if (mask != 0xffff) {
            return n + __builtin_ctz(~mask);
        }
    }

    while (n < text.len && aime_media_values[text.data[n]] != AIME_MEDIA_NONE) {
        n++;
    }

    return n;
}

#else

static size_t
aime_media_base64_span(aime_str_t text)
{
    size_t                n;
    const unsigned char  *p;

    p = text.data;

    /* no letter has a bit of the upper two, AIME_MEDIA_NONE has both */

    for (n = 0; n + 4 <= text.len; n += 4) {

        if ((aime_media_values[p[n]] | aime_media_values[p[n + 1]]
             | aime_media_values[p[n + 2]] | aime_media_values[p[n + 3]])
            & 0xc0)
        {
            break;
        }
    }

    while (n < text.len && aime_media_values[p[n]] != AIME_MEDIA_NONE) {
        n++;
    }

    return n;
}

#endif


size_t
aime_media_base64_decoded_len(aime_str_t text)
{
    size_t  n;

    n = text.len;

    while (n && text.data[n - 1] == '=') {
        n--;
    }

    return n / 4 * 3 + n % 4 * 3 / 4;
}


unsigned char *
aime_media_base64_decode(unsigned char *dst, aime_str_t text)
{
    size_t                n;
    uint32_t              v;
    unsigned char        *end, pad[4];
    const unsigned char  *p;

    p = text.data;
    end = dst + aime_media_base64_decoded_len(text);

#ifdef __SSE2__

    /* the last store of a round goes two bytes beyond its twelve */

    for ( /* void */ ; end - dst >= 14; p += 16, dst += 12) {
        int       i;
        __m128i   c, x, d;
        uint64_t  pair[2], out;

        c = _mm_loadu_si128((const __m128i *) p);

        /* each letter's distance to its value */

        d = _mm_set1_epi8(-'A');
        d = _mm_add_epi8(d,
                _mm_and_si128(_mm_cmpgt_epi8(c, _mm_set1_epi8('Z')),
                              _mm_set1_epi8('A' - 'a' + 26)));
        d = _mm_add_epi8(d,
                _mm_and_si128(_mm_cmplt_epi8(c, _mm_set1_epi8('A')),
                              _mm_set1_epi8('A' - '0' + 52)));
        d = _mm_add_epi8(d,
                _mm_and_si128(_mm_cmpeq_epi8(c, _mm_set1_epi8('/')),
                              _mm_set1_epi8('0' - 52 - '/' + 63)));
        d = _mm_add_epi8(d,
                _mm_and_si128(_mm_cmpeq_epi8(c, _mm_set1_epi8('+')),
                              _mm_set1_epi8('0' - 52 - '+' + 62)));
        x = _mm_add_epi8(c, d);

        /* four times six bits to twice twelve, to once 24 */

        x = _mm_or_si128(_mm_slli_epi16(_mm_and_si128(x,
                                            _mm_set1_epi16(0x00ff)), 6),
                         _mm_srli_epi16(x, 8));
        x = _mm_madd_epi16(x, _mm_set1_epi32(0x00011000));

        _mm_storeu_si128((__m128i *) pair, x);

        for (i = 0; i < 2; i++) {
            out = __builtin_bswap64((pair[i] << 40)
                                    | (pair[i] >> 32 << 16));
            memcpy(dst + 6 * i, &out, 8);
        }
    }

#endif

    for ( /* void */ ; end - dst >= 3; p += 4) {
        v = aime_media_base64_group(p);
        *dst++ = v >> 16;
        *dst++ = v >> 8;
        *dst++ = v;
    }

    if (dst < end) {
        n = end - dst;

        memset(pad, 'A', 4);
        memcpy(pad, p, n + 1);

        v = aime_media_base64_group(pad);
        *dst++ = v >> 16;

        if (n == 2) {
            *dst++ = v >> 8;
        }
    }

    return dst;
}


static uint32_t
aime_media_base64_group(const unsigned char *p)
{
    return (uint32_t) aime_media_values[p[0]] << 18
           | (uint32_t) aime_media_values[p[1]] << 12
           | (uint32_t) aime_media_values[p[2]] << 6
           | aime_media_values[p[3]];
}


size_t
aime_media_base64_encoded_len(size_t len)
{
    return (len + 2) / 3 * 4;
}


unsigned char *
aime_media_base64_encode(unsigned char *dst, aime_str_t data)
{
    size_t                n;
    uint32_t              v;
    const unsigned char  *p;

    p = data.data;
    n = data.len;

    for ( /* void */ ; n >= 3; n -= 3, p += 3) {
        v = (uint32_t) p[0] << 16 | (uint32_t) p[1] << 8 | p[2];
        *dst++ = aime_media_alphabet[v >> 18];
        *dst++ = aime_media_alphabet[v >> 12 & 63];
        *dst++ = aime_media_alphabet[v >> 6 & 63];
        *dst++ = aime_media_alphabet[v & 63];
    }

    if (n) {
        v = (uint32_t) p[0] << 16 | (n == 2 ? (uint32_t) p[1] << 8 : 0);
        *dst++ = aime_media_alphabet[v >> 18];
        *dst++ = aime_media_alphabet[v >> 12 & 63];
        *dst++ = n == 2 ? aime_media_alphabet[v >> 6 & 63] : '=';
        *dst++ = '=';
    }

    return dst;
}


aime_media_format_e
aime_media_sniff(aime_str_t head)
{
    const aime_media_magic_t  *magic;

    for (magic = aime_media_magics; magic->magic; magic++) {

        if (head.len >= magic->len
            && memcmp(head.data, magic->magic, magic->len) == 0
            && (magic->type == NULL
                || (head.len >= 12
                    && memcmp(head.data + 8, magic->type, 4) == 0)))
        {
            return magic->format;
        }
    }

    if (aime_media_is_bmp(head)) {
        return AIME_MEDIA_BMP;
    }

    if (aime_media_is_mp4(head)) {
        return AIME_MEDIA_MP4;
    }

    if (aime_media_is_webm(head)) {
        return AIME_MEDIA_WEBM;
    }

    return aime_media_is_mp3(head) ? AIME_MEDIA_MP3 : AIME_MEDIA_UNKNOWN;
}


/* Two letters are little: the size of the second header has to be one, too. */

static int
aime_media_is_bmp(aime_str_t head)
{
    return head.len >= 18
           && memcmp(head.data, "BM", 2) == 0
           && head.data[14] >= 12
           && head.data[14] <= 124
           && head.data[15] == 0
           && head.data[16] == 0
           && head.data[17] == 0;
}


/* A frame of layer III, with no number that is reserved. */

static int
aime_media_is_mp3(aime_str_t head)
{
    const unsigned char  *p;

    p = head.data;

    return head.len >= 4
           && p[0] == 0xff
           && (p[1] & 0xe6) == 0xe2
           && (p[1] & 0x18) != 0x08
           && (p[2] & 0xf0) != 0xf0
           && (p[2] & 0x0c) != 0x0c;
}


/*
 * QuickTime's own brand counts, as it does for those who decode; still
 * pictures in the same container do not.
 */

static int
aime_media_is_mp4(aime_str_t head)
{
    const char  **brand;

    static const char  *pictures[] = {
        "avif", "avis", "heic", "heix", "hevc", "heim", "heis", "mif1", "msf1",
        NULL
    };

    if (head.len < 12 || memcmp(head.data + 4, "ftyp", 4) != 0) {
        return 0;
    }

    for (brand = pictures; *brand; brand++) {
        if (memcmp(head.data + 8, *brand, 4) == 0) {
            return 0;
        }
    }

    return 1;
}


/* Matroska's general form is none: the type of the document must be webm. */

static int
aime_media_is_webm(aime_str_t head)
{
    size_t  i;

    if (head.len < 4 || memcmp(head.data, "\x1a\x45\xdf\xa3", 4) != 0) {
        return 0;
    }

    for (i = 4; i + 7 <= head.len; i++) {
        if (memcmp(head.data + i, "\x42\x82\x84webm", 7) == 0) {
            return 1;
        }
    }

    return 0;
}
