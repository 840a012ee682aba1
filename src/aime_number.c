/*
 * Decimal numbers, see aime_number.h.
 *
 * strtod() and printf() write and read the decimal point of the locale: they
 * are only given, and believed for, texts of digits and an exponent.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aime_number.h"


/* more digits than this do not change the nearest double, but for a rest */
#define AIME_NUMBER_DIGITS     780

/*
 * So many digits are an exact double, and so is ten to that power: what one
 * operation makes of the two is the nearest double.
 */
#define AIME_NUMBER_EXACT      15
#define AIME_NUMBER_EXACT_TEN  22

/* of ten: no text is long enough to bring such a number back into any range */
#define AIME_NUMBER_EXPONENT   1000000000000000LL


/* A double as decimal digits, value = digits * 10^exponent. */

typedef struct {
    char                  digits[40];
    int                   ndigits;
    int                   exponent;
    unsigned              negative:1;
} aime_number_decimal_t;


static const unsigned char *aime_number_skip(const unsigned char *p,
    const unsigned char *end);
static const unsigned char *aime_number_exponent(const unsigned char *p,
    const unsigned char *end, long long *exponent);
static void aime_number_trim(aime_number_t *number, const unsigned char *start,
    const unsigned char *point, const unsigned char *end);
static int aime_number_exact(const aime_number_t *number, double *value);
static size_t aime_number_copy(char *dst, const aime_number_t *number,
    size_t max);
static void aime_number_decimal(aime_number_decimal_t *d, double value);
static double aime_number_split(aime_number_decimal_t *d, double value,
    int precision);
static unsigned char *aime_number_format(unsigned char *dst,
    const aime_number_decimal_t *d);
static unsigned char *aime_number_zeros(unsigned char *dst, int n);


int
aime_number_parse(aime_str_t text, aime_number_t *number)
{
    const unsigned char  *p, *end, *start, *point, *rest;

    memset(number, 0, sizeof(aime_number_t));
    number->integer = 1;

    p = text.data;
    end = p + text.len;

    if (p < end && *p == '-') {
        number->negative = 1;
        p++;
    }

    start = p;
    p = aime_number_skip(p, end);

    if (p == start || (*start == '0' && p - start > 1)) {
        return AIME_ERROR;
    }

    point = p;

    if (p < end && *p == '.') {
        number->integer = 0;
        p = aime_number_skip(p + 1, end);

        if (p == point + 1) {
            return AIME_ERROR;
        }
    }

    rest = p;

    if (p < end && (*p == 'e' || *p == 'E')) {
        number->integer = 0;
        p = aime_number_exponent(p + 1, end, &number->exponent);
    }

    if (p != end) {
        return AIME_ERROR;
    }

    aime_number_trim(number, start, point, rest);

    return AIME_OK;
}


/* The end of the digits that begin at p. */

static const unsigned char *
aime_number_skip(const unsigned char *p, const unsigned char *end)
{
    while (p < end && *p >= '0' && *p <= '9') {
        p++;
    }

    return p;
}


/* Reads what follows an "e"; gives its end, NULL if there is no digit. */

static const unsigned char *
aime_number_exponent(const unsigned char *p, const unsigned char *end,
    long long *exponent)
{
    int                   negative;
    long long             value;
    const unsigned char  *stop;

    negative = 0;

    if (p < end && (*p == '+' || *p == '-')) {
        negative = (*p++ == '-');
    }

    stop = aime_number_skip(p, end);

    if (stop == p) {
        return NULL;
    }

    for (value = 0; p < stop; p++) {
        if (value < AIME_NUMBER_EXPONENT) {
            value = value * 10 + (*p - '0');
        }
    }

    *exponent = negative ? -value : value;

    return stop;
}


/* Finds the digits between the zeros of both ends, and their exponent. */

static void
aime_number_trim(aime_number_t *number, const unsigned char *start,
    const unsigned char *point, const unsigned char *end)
{
    const unsigned char  *first, *last;

    first = start;

    while (first < end && (*first == '0' || *first == '.')) {
        first++;
    }

    if (first == end) {
        number->exponent = 0;
        return;
    }

    last = end - 1;

    while (*last == '0' || *last == '.') {
        last--;
    }

    number->first = first;
    number->last = last;
    number->ndigits = last - first + 1 - (first < point && last > point);

    if (last < point) {
        number->exponent += point - last - 1;

    } else {
        number->exponent -= last - point;
    }
}


int
aime_number_integral(const aime_number_t *number)
{
    return number->exponent >= 0;
}


int
aime_number_finite(const aime_number_t *number)
{
    if ((long long) number->ndigits + number->exponent < 308) {
        return 1;
    }

    return !__builtin_isinf(aime_number_double(number));
}


int
aime_number_equal(const aime_number_t *one, const aime_number_t *two)
{
    size_t                n;
    const unsigned char  *p, *q;

    if (one->ndigits != two->ndigits || one->exponent != two->exponent) {
        return 0;
    }

    if (one->ndigits == 0) {
        return 1;
    }

    if (one->negative != two->negative) {
        return 0;
    }

    p = one->first;
    q = two->first;

    for (n = one->ndigits; n; n--, p++, q++) {
        p += (*p == '.');
        q += (*q == '.');

        if (*p != *q) {
            return 0;
        }
    }

    return 1;
}


int
aime_number_int64(const aime_number_t *number, long long *value)
{
    long long           n, i;
    char                digits[20];
    size_t              len;
    unsigned long long  sum, limit;

    *value = 0;

    n = (long long) number->ndigits + number->exponent;

    if (number->ndigits == 0 || n <= 0) {
        return AIME_OK;
    }

    /* 19 digits fit into the sum, and no more into 64 bits with a sign */

    if (n > 19) {
        return AIME_ERROR;
    }

    len = aime_number_copy(digits, number, n);
    sum = 0;

    for (i = 0; i < n; i++) {
        sum = sum * 10 + (i < (long long) len ? digits[i] - '0' : 0);
    }

    limit = (unsigned long long) INT64_MAX + number->negative;

    if (sum > limit) {
        return AIME_ERROR;
    }

    *value = number->negative ? -(long long) (sum - 1) - 1 : (long long) sum;

    return AIME_OK;
}


double
aime_number_double(const aime_number_t *number)
{
    char       buf[AIME_NUMBER_DIGITS + 40], *p;
    double     value;
    size_t     n;
    long long  exponent;

    if (aime_number_exact(number, &value)) {
        return value;
    }

    p = buf;

    if (number->negative) {
        *p++ = '-';
    }

    n = aime_number_copy(p, number, AIME_NUMBER_DIGITS);
    p += n;

    exponent = number->exponent + (long long) (number->ndigits - n);

    if (n < number->ndigits) {
        /* the digits left out, which are not all zeros, decide a tie */
        *p++ = '1';
        exponent--;
    }

    if (exponent > 100000) {
        exponent = 100000;

    } else if (exponent < -100000) {
        exponent = -100000;
    }

    snprintf(p, buf + sizeof(buf) - p, "e%lld", exponent);

    return strtod(buf, NULL);
}


/* Most numbers are short; 0: this one is not. */

static int
aime_number_exact(const aime_number_t *number, double *value)
{
    uint64_t              sum;
    const unsigned char  *p;

    static const double  tens[] = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
        1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
    };

    if (number->ndigits > AIME_NUMBER_EXACT
        || number->exponent > AIME_NUMBER_EXACT_TEN
        || number->exponent < -AIME_NUMBER_EXACT_TEN)
    {
        return 0;
    }

    sum = 0;

    for (p = number->first; number->ndigits && p <= number->last; p++) {
        if (*p != '.') {
            sum = sum * 10 + (*p - '0');
        }
    }

    *value = (number->exponent < 0) ? sum / tens[-number->exponent]
                                    : sum * tens[number->exponent];

    if (number->negative) {
        *value = -*value;
    }

    return 1;
}


/* Copies up to max digits, without the point; gives their number. */

static size_t
aime_number_copy(char *dst, const aime_number_t *number, size_t max)
{
    size_t                n;
    const unsigned char  *p;

    n = 0;

    for (p = number->first; p <= number->last && n < max; p++) {
        if (*p != '.') {
            dst[n++] = *p;
        }
    }

    return n;
}


unsigned char *
aime_number_digits(unsigned char *dst, const aime_number_t *number)
{
    size_t     len;
    long long  n;

    n = (long long) number->ndigits + number->exponent;

    if (number->ndigits == 0 || n <= 0) {
        *dst++ = '0';
        return dst;
    }

    if (number->negative) {
        *dst++ = '-';
    }

    len = aime_number_copy((char *) dst, number, n);

    return aime_number_zeros(dst + len, (int) (n - (long long) len));
}


unsigned char *
aime_number_print(unsigned char *dst, double value)
{
    aime_number_decimal_t  d;

    aime_number_decimal(&d, value);

    return aime_number_format(dst, &d);
}


unsigned char *
aime_number_multiple(unsigned char *dst, double step, long long count)
{
    int                    i, j;
    char                   digits[40];
    unsigned long long     carry, factor;
    aime_number_decimal_t  d;

    aime_number_decimal(&d, step);

    d.negative ^= (count < 0);
    factor = count;

    if (count < 0) {
        factor = -factor;
    }

    /* by hand: the product of 17 digits and 16 needs more than 64 bits */

    i = sizeof(digits);
    carry = 0;

    for (j = d.ndigits - 1; j >= 0; j--) {
        carry += (unsigned long long) (d.digits[j] - '0') * factor;
        digits[--i] = '0' + carry % 10;
        carry /= 10;
    }

    while (carry) {
        digits[--i] = '0' + carry % 10;
        carry /= 10;
    }

    d.ndigits = sizeof(digits) - i;
    memcpy(d.digits, digits + i, d.ndigits);

    while (d.ndigits && d.digits[d.ndigits - 1] == '0') {
        d.ndigits--;
        d.exponent++;
    }

    return aime_number_format(dst, &d);
}


/* Digits that read back as the value: any 15 are kept, 17 always do. */

static void
aime_number_decimal(aime_number_decimal_t *d, double value)
{
    int  precision;

    for (precision = 15; precision < 17; precision++) {
        if (aime_number_split(d, value, precision) == value) {
            return;
        }
    }

    (void) aime_number_split(d, value, 17);
}


/* Takes that many digits of the value; gives what they read back as. */

static double
aime_number_split(aime_number_decimal_t *d, double value, int precision)
{
    char  buf[64], *p;

    snprintf(buf, sizeof(buf), "%.*e", precision - 1, value);

    memset(d, 0, sizeof(aime_number_decimal_t));

    for (p = buf; *p != 'e' && *p != '\0'; p++) {
        if (*p == '-') {
            d->negative = 1;

        } else if (*p >= '0' && *p <= '9') {
            d->digits[d->ndigits++] = *p;
        }
    }

    d->exponent = (*p == 'e' ? atoi(p + 1) : 0) - (d->ndigits - 1);

    while (d->ndigits && d->digits[d->ndigits - 1] == '0') {
        d->ndigits--;
        d->exponent++;
    }

    snprintf(buf, sizeof(buf), "%s%.*se%d", d->negative ? "-" : "",
             d->ndigits ? d->ndigits : 1, d->ndigits ? d->digits : "0",
             d->exponent);

    return strtod(buf, NULL);
}


static unsigned char *
aime_number_format(unsigned char *dst, const aime_number_decimal_t *d)
{
    int  point;

    if (d->negative) {
        *dst++ = '-';
    }

    if (d->ndigits == 0) {
        memcpy(dst, "0.0", 3);
        return dst + 3;
    }

    /* digits in front of the decimal point */
    point = d->ndigits + d->exponent;

    if (point > 16 || point < -3) {
        *dst++ = d->digits[0];

        if (d->ndigits > 1) {
            *dst++ = '.';
            memcpy(dst, d->digits + 1, d->ndigits - 1);
            dst += d->ndigits - 1;
        }

        return dst + sprintf((char *) dst, "e%d", point - 1);
    }

    if (point <= 0) {
        *dst++ = '0';
        *dst++ = '.';
        dst = aime_number_zeros(dst, -point);
        memcpy(dst, d->digits, d->ndigits);
        return dst + d->ndigits;
    }

    if (point >= d->ndigits) {
        memcpy(dst, d->digits, d->ndigits);
        dst = aime_number_zeros(dst + d->ndigits, point - d->ndigits);
        *dst++ = '.';
        *dst++ = '0';
        return dst;
    }

    memcpy(dst, d->digits, point);
    dst += point;
    *dst++ = '.';
    memcpy(dst, d->digits + point, d->ndigits - point);

    return dst + d->ndigits - point;
}


static unsigned char *
aime_number_zeros(unsigned char *dst, int n)
{
    if (n > 0) {
        memset(dst, '0', n);
        dst += n;
    }

    return dst;
}
