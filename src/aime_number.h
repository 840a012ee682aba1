/*
 * Numbers as the decimal text that they were written in.
 *
 * JSON numbers keep every digit here: whether one is integral, its value as an
 * integer and its form are found in the text, never by way of a double.  What
 * is converted to or from a double does not depend on the locale.  Floor 0:
 * knows neither nginx nor parameters.
 */

#ifndef AIME_NUMBER_H_INCLUDED
#define AIME_NUMBER_H_INCLUDED


#include "aime_str.h"


/* bytes that aime_number_print() and aime_number_multiple() write at most */
#define AIME_NUMBER_FLOAT_LEN     80

/* digits of the largest integer that aime_number_finite() lets through */
#define AIME_NUMBER_INTEGER_LEN   310


/*
 * The value is (-) digits * 10^exponent, where the digits are those of the
 * text from first to last, which may have the decimal point among them; both
 * ends are no zeros.  Zero has no digits.
 */

typedef struct {
    const unsigned char  *first;
    const unsigned char  *last;
    size_t                ndigits;
    long long             exponent;     /* of ten; clipped far from any use */

    unsigned              negative:1;
    unsigned              integer:1;    /* written without point and exponent */
} aime_number_t;


/* AIME_ERROR if the text is anything but one number by JSON's grammar. */
int aime_number_parse(aime_str_t text, aime_number_t *number);

/* Has it no fraction (5.0 and 1e3 have none); is it within a double's range? */
int aime_number_integral(const aime_number_t *number);
int aime_number_finite(const aime_number_t *number);

/* The same value, however written? */
int aime_number_equal(const aime_number_t *one, const aime_number_t *two);

/* The value without its fraction; AIME_ERROR if 64 bits do not hold it. */
int aime_number_int64(const aime_number_t *number, long long *value);

/* The nearest double, an infinity beyond their range. */
double aime_number_double(const aime_number_t *number);

/*
 * Writes all the digits of a finite number without its fraction, at most
 * AIME_NUMBER_INTEGER_LEN bytes; gives the end.
 */
unsigned char *aime_number_digits(unsigned char *dst,
    const aime_number_t *number);

/*
 * Writes a finite double with no more digits than read back as the same one
 * (0.1, not 0.10000000000000001), always in the form of a float (1.0, 1e22);
 * gives the end.
 */
unsigned char *aime_number_print(unsigned char *dst, double value);

/*
 * Writes count * step, exact in decimal as step is printed (3 * 0.1 is 0.3),
 * in the form of a float; gives the end.
 */
unsigned char *aime_number_multiple(unsigned char *dst, double step,
    long long count);


#endif /* AIME_NUMBER_H_INCLUDED */
