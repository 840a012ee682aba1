/*
 * Vectors as base64: each float is the one that a client's own parser would
 * have made of the number, also where it hangs on the last digits; and what is
 * no vector of that length is refused within the bounds of both texts.
 */

#include <math.h>

#include "tap.h"
#include "aime_floats.h"
#include "aime_media_data.h"


static void test_known(void);
static void test_lengths(void);
static void test_ties(void);
static void test_random(void);
static void test_refused(void);
static unsigned char *encode(const char *text, size_t n, aime_str_t *base64);
static int same(const char *text, const float *expected, size_t n);


static void
test_known(void)
{
    aime_str_t  base64;

    (void) encode("[]", 0, &base64);
    tap_is(base64, tap_str(""), "no numbers");
    tap_free(base64);

    (void) encode("[ 1 ]", 1, &base64);
    tap_is(base64, tap_str("AACAPw=="), "1");
    tap_free(base64);

    /* what Python's base64 and struct make of it */

    (void) encode("[0.1,-0.25,\n3e2 ,-0,1E-45]", 5, &base64);
    tap_is(base64, tap_str("zczMPQAAgL4AAJZDAAAAgAEAAAA="), "several");
    tap_free(base64);
}


/* All lengths around the rounds of encoding. */

static void
test_lengths(void)
{
    char           text[2000], *p;
    float          expected[200];
    size_t         n, i;
    unsigned int   ok;

    ok = 1;

    for (n = 0; n < 200; n++) {
        p = text;
        *p++ = '[';

        for (i = 0; i < n; i++) {
            expected[i] = (float) i / 8;
            p += sprintf(p, "%s%.3f", i ? "," : "", expected[i]);
        }

        strcpy(p, "]");
        ok &= same(text, expected, n);
    }

    tap_ok(ok, "0 to 199 numbers");
}


/*
 * Numbers between two floats, a little more or less than the middle, in more
 * digits than the short way looks at.
 */

static void
test_ties(void)
{
    size_t  i;

    static const struct {
        const char  *text;
        float        value;
    } ties[] = {
        /* 1 + 2^-24 is the middle of 1 and the next float; even wins */
        { "[1.000000059604644775390625]", 0x1p0f },
        { "[1.00000005960464500]", 0x1.000002p0f },
        { "[1.00000005960464455]", 0x1p0f },
        { "[0.999999970197677612]", 0x1p0f },
        { "[0.99999997019767700000]", 0x1.fffffep-1f },
        { "[-1.00000005960464500]", -0x1.000002p0f },
        { "[16777217.00000001]", 0x1.000002p24f },
        { "[16777217.00000000000000000001]", 0x1p24f },     /* as doubles do */
        { "[0.00000000000000000000000000000000000001234567890123456789]",
          1.23456789012345678e-38f },
        { "[12345678901234567890123456789e9]", 1.23456789012345678e37f },
        { "[3.40282346638528860e38]", 0x1.fffffep127f },
        { "[1e-400]", 0 },
    };

    for (i = 0; i < sizeof(ties) / sizeof(ties[0]); i++) {
        tap_ok(same(ties[i].text, &ties[i].value, 1), "%s", ties[i].text);
    }
}


static void
test_random(void)
{
    int       ok;
    char      text[100];
    float     value;
    size_t    i;
    double    number;
    uint64_t  seed;

    seed = 42;
    ok = 1;

    for (i = 0; i < 50000; i++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        number = ((double) (seed >> 11) / (1ull << 52) - 1)
                 * pow(10, (int) (seed % 30) - 15);

        sprintf(text, "[%.*g]", 14 + (int) (i % 8), number);
        value = (float) strtod(text + 1, NULL);

        if (!same(text, &value, 1)) {
            printf("# %s\n", text);
            ok = 0;
        }
    }

    tap_ok(ok, "random numbers of 14 to 21 digits");
}


static void
test_refused(void)
{
    size_t          i;
    aime_str_t      base64;
    unsigned char  *end;

    static const struct {
        const char  *text;
        size_t       n;
    } refused[] = {
        { "", 0 }, { "[", 0 }, { "[", 1 }, { "[1", 1 }, { "[1,", 1 },
        { "[1,", 2 }, { "[1]", 0 }, { "[1]", 2 }, { "[1,2]", 1 },
        { "[,]", 1 }, { "[1,]", 2 }, { "1", 1 }, { "{}", 0 },
        { "[\"1\"]", 1 }, { "[null]", 1 }, { "[[1]]", 1 }, { "[true]", 1 },
        { "[NaN]", 1 }, { "[1e39]", 1 }, { "[-1e400]", 1 }, { "[1 2]", 1 },
        { "[3.4028236e38]", 1 }, { "[-]", 1 }, { "[1e]", 1 }, { "[01]", 1 },
        { "[\"a,b\"]", 2 }, { "[1,\"", 2 }, { "[[1,2]]", 2 },
    };

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        end = encode(refused[i].text, refused[i].n, &base64);
        tap_ok(end == NULL, "%s are no %u floats", refused[i].text,
               (unsigned) refused[i].n);
        tap_free(base64);
    }
}


/* Into a block of exactly the size that it may take; tap_free() it. */

static unsigned char *
encode(const char *text, size_t n, aime_str_t *base64)
{
    aime_str_t      array;
    unsigned char  *dst, *end;

    array = tap_dup(text);
    dst = malloc(aime_floats_base64_len(n));

    end = aime_floats_base64(dst, array, n);

    base64->data = dst;
    base64->len = end ? end - dst : 0;

    if (end && aime_floats_count(array) != n) {
        tap_ok(0, "the count of %s", text);
    }

    tap_free(array);

    return end;
}


/* The same bits: a zero's sign counts. */

static int
same(const char *text, const float *expected, size_t n)
{
    int             ok;
    aime_str_t      base64;
    unsigned char  *bytes;

    ok = 0;

    if (encode(text, n, &base64) != NULL
        && base64.len == aime_floats_base64_len(n))
    {
        bytes = malloc(4 * n + 3);

        ok = aime_media_base64_decode(bytes, base64) == bytes + 4 * n
             && memcmp(bytes, expected, 4 * n) == 0;

        free(bytes);
    }

    tap_free(base64);

    return ok;
}


int
main(void)
{
    test_known();
    test_lengths();
    test_ties();
    test_random();
    test_refused();

    return tap_done();
}
