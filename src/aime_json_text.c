
/* Strings of JSON, see aime_json_text.h. */


#include "aime_json_text.h"


static uint32_t aime_json_hex4(const unsigned char *p);
static unsigned char *aime_json_encode(unsigned char *dst, uint32_t c);
static size_t aime_json_count(const unsigned char *p,
    const unsigned char *end);
static size_t aime_json_quote_char(unsigned char *dst,
    const unsigned char **pos, const unsigned char *end);


int
aime_json_decode(aime_pool_t *pool, aime_str_t string, aime_str_t *text)
{
    size_t                n;
    unsigned char        *dst;
    const unsigned char  *p, *end, *slash;

    p = string.data + 1;
    end = string.data + string.len - 1;

    slash = memchr(p, '\\', end - p);

    if (slash == NULL) {
        text->data = p;
        text->len = end - p;
        return AIME_OK;
    }

    /* no escape is shorter than what it stands for */

    dst = pool->alloc(pool->ctx, end - p);
    if (dst == NULL) {
        return AIME_NOMEM;
    }

    text->data = dst;

    while (slash) {
        n = slash - p;
        memcpy(dst, p, n);

        p = slash;
        dst = aime_json_encode(dst + n, aime_json_escaped(&p, end));

        slash = memchr(p, '\\', end - p);
    }

    n = end - p;
    memcpy(dst, p, n);

    text->len = dst + n - text->data;

    return AIME_OK;
}


size_t
aime_json_chars(aime_str_t string)
{
    size_t                n;
    const unsigned char  *p, *end, *slash;

    p = string.data + 1;
    end = string.data + string.len - 1;

    for (n = 0; /* void */ ; n++) {
        slash = memchr(p, '\\', end - p);

        if (slash == NULL) {
            return n + aime_json_count(p, end);
        }

        n += aime_json_count(p, slash);
        p = slash;
        (void) aime_json_escaped(&p, end);
    }
}


uint32_t
aime_json_escaped(const unsigned char **pos, const unsigned char *end)
{
    uint32_t              c, low;
    const unsigned char  *p;

    p = *pos;
    *pos = p + 2;

    switch (p[1]) {

    case 'b':
        return '\b';

    case 'f':
        return '\f';

    case 'n':
        return '\n';

    case 'r':
        return '\r';

    case 't':
        return '\t';

    case 'u':
        break;

    default:
        return p[1];
    }

    *pos = p + 6;
    c = aime_json_hex4(p + 2);

    if (c < 0xd800 || c > 0xdfff) {
        return c;
    }

    if (c < 0xdc00 && end - p >= 12 && p[6] == '\\' && p[7] == 'u') {
        low = aime_json_hex4(p + 8);

        if (low >= 0xdc00 && low <= 0xdfff) {
            *pos = p + 12;
            return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        }
    }

    return 0xfffd;
}


static uint32_t
aime_json_hex4(const unsigned char *p)
{
    size_t         i;
    uint32_t       c;
    unsigned char  digit;

    c = 0;

    for (i = 0; i < 4; i++) {
        digit = aime_json_is_digit(p[i]) ? p[i] - '0'
                                         : (p[i] | 0x20) - 'a' + 10;
        c = c << 4 | digit;
    }

    return c;
}


/* Writes a character as UTF-8; gives the end of what it wrote. */

static unsigned char *
aime_json_encode(unsigned char *dst, uint32_t c)
{
    if (c < 0x80) {
        *dst++ = (unsigned char) c;
        return dst;
    }

    if (c < 0x800) {
        *dst++ = (unsigned char) (0xc0 | c >> 6);

    } else {

        if (c < 0x10000) {
            *dst++ = (unsigned char) (0xe0 | c >> 12);

        } else {
            *dst++ = (unsigned char) (0xf0 | c >> 18);
            *dst++ = (unsigned char) (0x80 | (c >> 12 & 0x3f));
        }

        *dst++ = (unsigned char) (0x80 | (c >> 6 & 0x3f));
    }

    *dst++ = (unsigned char) (0x80 | (c & 0x3f));

    return dst;
}


/* Characters in well-formed UTF-8: the bytes that continue none. */

static size_t
aime_json_count(const unsigned char *p, const unsigned char *end)
{
    size_t    n;
    uint64_t  x;

    n = end - p;

    while (end - p >= 8) {
        memcpy(&x, p, 8);

        x = (x >> 7) & ~(x >> 6) & AIME_JSON_ONES;
        n -= (x * AIME_JSON_ONES) >> 56;

        p += 8;
    }

    for ( /* void */ ; p < end; p++) {
        n -= (*p & 0xc0) == 0x80;
    }

    return n;
}


size_t
aime_json_quoted_len(aime_str_t text)
{
    size_t                n;
    unsigned char         buf[6];
    const unsigned char  *p, *end, *plain;

    n = 2;

    if (text.len == 0) {
        return n;
    }

    p = text.data;
    end = p + text.len;

    for ( ;; ) {
        plain = aime_json_plain(p, end);
        n += plain - p;
        p = plain;

        if (p == end) {
            return n;
        }

        n += aime_json_quote_char(buf, &p, end);
    }
}


unsigned char *
aime_json_quote(unsigned char *dst, aime_str_t text)
{
    const unsigned char  *p, *end, *plain;

    *dst++ = '"';

    if (text.len == 0) {
        *dst++ = '"';
        return dst;
    }

    p = text.data;
    end = p + text.len;

    for ( ;; ) {
        plain = aime_json_plain(p, end);

        memcpy(dst, p, plain - p);
        dst += plain - p;
        p = plain;

        if (p == end) {
            *dst++ = '"';
            return dst;
        }

        dst += aime_json_quote_char(dst, &p, end);
    }
}


int
aime_json_quoted(aime_pool_t *pool, aime_str_t text, aime_str_t *string)
{
    unsigned char  *p;

    p = pool->alloc(pool->ctx, aime_json_quoted_len(text));
    if (p == NULL) {
        return AIME_NOMEM;
    }

    string->data = p;
    string->len = aime_json_quote(p, text) - p;

    return AIME_OK;
}


/*
 * Writes how the character at *pos, which is not plain, stands in a JSON
 * string, and moves *pos behind it.  Gives the bytes written: up to 6.
 */

static size_t
aime_json_quote_char(unsigned char *dst, const unsigned char **pos,
    const unsigned char *end)
{
    size_t                n;
    unsigned char         c;
    const unsigned char  *p;

    static const char  hex[] = "0123456789abcdef";
    static const char  letters[] = "\0\0\0\0\0\0\0\0btn\0fr";

    p = *pos;
    c = *p;

    if (c >= 0x80) {
        n = aime_json_utf8_char(p, end);

        if (n == 0) {
            *pos = p + 1;
            return aime_json_encode(dst, 0xfffd) - dst;
        }

        memcpy(dst, p, n);
        *pos = p + n;

        return n;
    }

    *pos = p + 1;
    dst[0] = '\\';

    if (c == '"' || c == '\\') {
        dst[1] = c;
        return 2;
    }

    if (c < sizeof(letters) && letters[c]) {
        dst[1] = (unsigned char) letters[c];
        return 2;
    }

    dst[1] = 'u';
    dst[2] = '0';
    dst[3] = '0';
    dst[4] = (unsigned char) hex[c >> 4];
    dst[5] = (unsigned char) hex[c & 0xf];

    return 6;
}


int
aime_json_utf8(aime_str_t text)
{
    size_t                n;
    const unsigned char  *p, *end;

    if (text.len == 0) {
        return 1;
    }

    p = text.data;
    end = p + text.len;

    for (p = aime_json_plain(p, end); p < end; p = aime_json_plain(p, end)) {

        do {
            n = aime_json_utf8_char(p, end);

            if (n == 0) {
                return 0;
            }

            p += n;

        } while (p < end && *p >= 0x80);
    }

    return 1;
}


size_t
aime_json_utf8_char(const unsigned char *p, const unsigned char *end)
{
    size_t         i, n;
    unsigned char  c, min, max;

    c = *p;

    if (c < 0x80) {
        return 1;
    }

    if (c < 0xc2 || c > 0xf4) {
        return 0;
    }

    n = 2 + (c >= 0xe0) + (c >= 0xf0);

    if ((size_t) (end - p) < n) {
        return 0;
    }

    /* overlong forms, surrogates, beyond U+10FFFF: the second byte tells */

    min = (c == 0xe0) ? 0xa0 : (c == 0xf0) ? 0x90 : 0x80;
    max = (c == 0xed) ? 0x9f : (c == 0xf4) ? 0x8f : 0xbf;

    if (p[1] < min || p[1] > max) {
        return 0;
    }

    for (i = 2; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    return n;
}


size_t
aime_json_escape(const unsigned char *p, const unsigned char *end)
{
    size_t         i;
    unsigned char  c;

    if (end - p < 2) {
        return 0;
    }

    switch (p[1]) {

    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return 2;

    case 'u':
        break;

    default:
        return 0;
    }

    if (end - p < 6) {
        return 0;
    }

    for (i = 2; i < 6; i++) {
        c = p[i] | 0x20;

        if (!aime_json_is_digit(p[i]) && (c < 'a' || c > 'f')) {
            return 0;
        }
    }

    return 6;
}
