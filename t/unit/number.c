/* aime_number: what short cuts compute against what the library does. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "aime_number.h"
#include "tap.h"


static unsigned int  seed = 20261125;


static unsigned int
any(unsigned int below)
{
    seed = seed * 1103515245 + 12345;

    return (seed >> 8) % below;
}


static int
same(double a, double b)
{
    return a == b && signbit(a) == signbit(b);
}


/* A number with so many digits, a point among them, and maybe an exponent. */

static void
make(char *dst, unsigned int ndigits)
{
    unsigned int  i, point;

    if (any(2)) {
        *dst++ = '-';
    }

    *dst++ = '1' + any(9);
    point = any(ndigits + 1);

    for (i = 1; i < ndigits; i++) {
        if (i == point) {
            *dst++ = '.';
        }

        *dst++ = any(3) ? '0' + any(10) : '0';
    }

    if (any(2)) {
        dst += sprintf(dst, "e%d", (int) any(60) - 30);
    }

    *dst = '\0';
}


static void
check(const char *text)
{
    double         value;
    aime_str_t     copy;
    aime_number_t  number;

    copy = tap_dup(text);

    if (aime_number_parse(copy, &number) != AIME_OK) {
        tap_ok(0, "%s is no number", text);
        tap_free(copy);
        return;
    }

    value = strtod(text, NULL);

    if (!same(aime_number_double(&number), value)
        || aime_number_finite(&number) != !isinf(value))
    {
        tap_ok(0, "%s is %.17g, not %.17g", text, value,
               aime_number_double(&number));
    }

    tap_free(copy);
}


int
main(void)
{
    char          text[64];
    size_t        i;
    unsigned int  n;

    static const char  *texts[] = {
        "0", "-0", "0.0", "0e5", "-0.000e-400", "1", "-1", "0.1", "0.5",
        "9007199254740993", "999999999999999", "999999999999999e22",
        "1e22", "1e23", "1e-22", "1e-23", "123456789012345678901234567890",
        "1.7976931348623157e308", "1.7976931348623159e308", "1e308", "9e307",
        "1e309", "4.9e-324", "2e-324", "1e-400", "1e400", "1e1000000000000"
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        check(texts[i]);
    }

    for (n = 0; n < 200000; n++) {
        make(text, 1 + any(20));
        check(text);
    }

    tap_ok(tap_failed == 0, "numbers are the nearest doubles");

    return tap_done();
}
