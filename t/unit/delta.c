/*
 * What is new in a growing text.  Guards against pieces that begin or end
 * within a character, a U+FFFD that stands for half a token and is sent for
 * good, and a text that changes behind its reader's back.
 */

#include "aime_delta.h"

#include "tap.h"


static size_t
step(const char *text, size_t sent, int final, const char *expected)
{
    size_t      n;
    aime_str_t  copy, delta;

    copy = tap_dup(text);

    n = aime_delta(copy, sent, final, &delta);

    tap_is(delta, tap_str(expected), "\"%s\" behind %u%s", text,
           (unsigned int) sent, final ? ", final" : "");

    tap_free(copy);

    return n;
}


static void
growing(void)
{
    size_t  n;

    n = step("", 0, 0, "");
    n = step("Gr", n, 0, "Gr");
    n = step("Gr", n, 0, "");
    n = step("Gr\xef\xbf\xbd", n, 0, "");
    n = step("Gr\xef\xbf\xbd\xef\xbf\xbd", n, 0, "");
    n = step("Gr\xc3\xbc", n, 0, "\xc3\xbc");
    n = step("Gr\xc3\xbc\xc3\x9f", n, 0, "\xc3\x9f");
    n = step("Gr\xc3\xbc\xc3\x9f\x65", n, 1, "e");
    tap_is_int(n, 7, "all of it was sent");
}


static void
cut(void)
{
    step("a\xc3", 0, 0, "a");
    step("a\xe2\x82", 0, 0, "a");
    step("a\xe2", 0, 0, "a");
    step("a\xf0\x9f\x98", 0, 0, "a");
    step("\xf0\x9f\x98\x80", 0, 0, "\xf0\x9f\x98\x80");
    step("\xf0\x9f", 0, 0, "");
    step("\x9f\x9f\x9f\x9f", 0, 0, "");
    step("a\xef\xbf\xbd", 0, 1, "a\xef\xbf\xbd");
    step("\xef\xbf\xbd" "a", 0, 0, "\xef\xbf\xbd" "a");
}


static void
changed(void)
{
    tap_is_int(step("abc", 5, 0, ""), 5, "shorter: nothing");
    step("abc", 5, 1, "");
    step("\xc3\xbc" "b", 1, 0, "b");
    step("a\xe2\x82\xac", 2, 1, "");
    step("a\xe2\x82\xac" "b", 3, 0, "b");
}


/* Every text of three bytes, cut at every place: pieces are whole. */

static void
all(void)
{
    size_t         sent, wrong;
    unsigned int   n;
    aime_str_t     text, delta;
    unsigned char  buf[4];

    wrong = 0;
    text.data = buf;
    text.len = 3;

    for (n = 0; n < 1 << 18; n++) {
        buf[0] = (n >> 12) << 2;
        buf[1] = ((n >> 6) & 0x3f) << 2;
        buf[2] = (n & 0x3f) << 2;

        if (!aime_json_utf8(text)) {
            continue;
        }

        for (sent = 0; sent <= 3; sent++) {
            if (aime_delta(text, sent, n & 1, &delta) < sent
                || !aime_json_utf8(delta))
            {
                wrong++;
            }
        }
    }

    tap_is_int(wrong, 0, "pieces of valid texts are valid");
}


int
main(void)
{
    growing();
    cut();
    changed();
    all();

    return tap_done();
}
