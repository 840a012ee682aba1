/*
 * Vectors as base64, see aime_floats.h.  A batch of embeddings is a hundred
 * thousand numbers of 16 or 17 digits, of which a float needs nine: the others
 * are looked at only where the float depends on them.
 */

#include <math.h>
#include <string.h>

#include "aime_floats.h"
#include "aime_media_data.h"
#include "aime_number.h"


/* digits that a double holds, with one to spare, and exact powers of ten */

#define AIME_FLOATS_DIGITS    15
#define AIME_FLOATS_TENS      22

/* floats that are encoded at once; their bytes are whole groups of base64 */

#define AIME_FLOATS_ROUND     48


static const unsigned char *aime_floats_space(const unsigned char *p,
    const unsigned char *last);
static const unsigned char *aime_floats_next(const unsigned char *p,
    const unsigned char *last, float *value);
static int aime_floats_near(const aime_number_t *number, float *value);
static unsigned char *aime_floats_put(unsigned char *dst, float value);


size_t
aime_floats_count(aime_str_t array)
{
    size_t                n;
    const unsigned char  *p, *last;

    last = array.data + array.len;
    p = array.data;
    n = 0;

    if (p < last) {
        p = aime_floats_space(p + 1, last);
    }

    if (p < last && *p != ']') {
        n = 1;
    }

    for ( /* void */ ; p < last; p++) {
        n += (*p == ',');
    }

    return n;
}


/* What else a valid array may hold has bytes that no number has. */

int
aime_floats_only(aime_str_t array)
{
    size_t  i;
    int     digits;

    digits = 0;

    for (i = 1; i + 1 < array.len; i++) {
        if (array.data[i] >= '0' && array.data[i] <= '9') {
            digits = 1;

        } else if (strchr("+-.eE, \t\r\n", array.data[i]) == NULL) {
            return 0;
        }
    }

    return digits;
}


size_t
aime_floats_base64_len(size_t n)
{
    return aime_media_base64_encoded_len(n * 4);
}


unsigned char *
aime_floats_base64(unsigned char *dst, aime_str_t array, size_t n)
{
    float                 value;
    size_t                i;
    aime_str_t            round;
    unsigned char         buf[AIME_FLOATS_ROUND * 4], *end;
    const unsigned char  *p, *last;

    last = array.data + array.len;
    p = aime_floats_space(array.data, last);

    if (p == last || *p != '[') {
        return NULL;
    }

    end = buf;

    for (i = 0; i < n; i++) {

        /* behind the bracket, or the comma */

        p = aime_floats_next(p + 1, last, &value);

        if (p == NULL || *p != (i + 1 < n ? ',' : ']')) {
            return NULL;
        }

        end = aime_floats_put(end, value);

        if (end == buf + sizeof(buf) || i + 1 == n) {
            round.data = buf;
            round.len = end - buf;

            dst = aime_media_base64_encode(dst, round);
            end = buf;
        }
    }

    if (n == 0) {
        p = aime_floats_space(p + 1, last);
    }

    return (p < last && *p == ']') ? dst : NULL;
}


static const unsigned char *
aime_floats_space(const unsigned char *p, const unsigned char *last)
{
    while (p < last && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) {
        p++;
    }

    return p;
}


/* The number there; gives where it has ended, within the text, or NULL. */

static const unsigned char *
aime_floats_next(const unsigned char *p, const unsigned char *last,
    float *value)
{
    aime_str_t     text;
    aime_number_t  number;

    p = aime_floats_space(p, last);
    text.data = p;

    while (p < last && ((*p >= '0' && *p <= '9') || *p == '.' || *p == '-'
                        || *p == '+' || (*p | 0x20) == 'e'))
    {
        p++;
    }

    text.len = p - text.data;
    p = aime_floats_space(p, last);

    if (p == last || aime_number_parse(text, &number) != AIME_OK) {
        return NULL;
    }

    if (!aime_floats_near(&number, value)) {
        *value = (float) aime_number_double(&number);
    }

    return isfinite(*value) ? p : NULL;
}


/*
 * The float of the first digits, if it is that of the next larger number of as
 * many digits, too, and hence of all between them.  Quotients and products of
 * exact doubles keep their order.  0: all digits must be looked at.
 */

static int
aime_floats_near(const aime_number_t *number, float *value)
{
    float                 other;
    double                ten;
    size_t                n;
    uint64_t              sum;
    long long             exponent;
    const unsigned char  *p;

    static const double  tens[] = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
        1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
    };

    if (number->ndigits <= AIME_FLOATS_DIGITS) {
        return 0;
    }

    exponent = number->exponent + (long long) number->ndigits
               - AIME_FLOATS_DIGITS;

    if (exponent > AIME_FLOATS_TENS || exponent < -AIME_FLOATS_TENS) {
        return 0;
    }

    sum = 0;

    for (p = number->first, n = 0; n < AIME_FLOATS_DIGITS; p++) {
        if (*p != '.') {
            sum = sum * 10 + (*p - '0');
            n++;
        }
    }

    ten = tens[exponent < 0 ? -exponent : exponent];

    *value = (float) (exponent < 0 ? sum / ten : sum * ten);
    other = (float) (exponent < 0 ? (sum + 1) / ten : (sum + 1) * ten);

    if (*value != other) {
        return 0;
    }

    if (number->negative) {
        *value = -*value;
    }

    return 1;
}


static unsigned char *
aime_floats_put(unsigned char *dst, float value)
{
    uint32_t  bits;

    memcpy(&bits, &value, 4);

    *dst++ = bits;
    *dst++ = bits >> 8;
    *dst++ = bits >> 16;
    *dst++ = bits >> 24;

    return dst;
}
