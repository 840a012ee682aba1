/*
 * What is new in a text that grows: the first bytes say where it is cut, the
 * rest is the text.  All that was sent, put together, must be the text.
 */

#include "aime_delta.h"
#include "fuzz.h"


#define CUTS  8


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t       i, cut, sent, before, len;
    uint8_t     *all;
    aime_str_t   text, part, delta;

    if (size < CUTS) {
        return 0;
    }

    text.data = data + CUTS;
    text.len = size - CUTS;

    if (!aime_json_utf8(text)) {
        return 0;
    }

    all = malloc(text.len + 1);
    fuzz_must(all != NULL);

    sent = 0;
    len = 0;
    cut = 0;

    for (i = 0; i <= CUTS; i++) {

        /* a worker's text ends anywhere, but between characters */

        cut = (i == CUTS) ? text.len : cut + data[i];
        cut = cut < text.len ? cut : text.len;

        while (cut < text.len && (text.data[cut] & 0xc0) == 0x80) {
            cut++;
        }

        part = fuzz_copy(text.data, cut);
        before = sent;
        sent = aime_delta(part, sent, i == CUTS, &delta);

        fuzz_must(sent >= before && sent <= part.len);
        fuzz_must(delta.len == sent - before);
        fuzz_must(aime_json_utf8(delta));

        if (delta.len) {
            fuzz_must(fuzz_within(delta, part));
            memcpy(all + len, delta.data, delta.len);
            len += delta.len;
        }

        fuzz_free(part);
    }

    fuzz_must(len == text.len && memcmp(all, text.data, len) == 0);

    free(all);

    return 0;
}
