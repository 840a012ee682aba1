/*
 * Arrays of numbers as base64 of floats: any JSON text.
 */

#include <math.h>

#include "aime_floats.h"
#include "aime_media_data.h"
#include "fuzz.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t              n, i, len, offset;
    float               number;
    aime_str_t          text, base64;
    unsigned char      *p, *end, *floats;
    aime_json_error_t   error;
    aime_json_value_t   value;

    text.data = data;
    text.len = size;

    if (aime_json_scan(text, &value, &error) != AIME_OK
        || value.type != AIME_JSON_ARRAY)
    {
        return 0;
    }

    text = fuzz_copy(value.text.data, value.text.len);

    n = aime_floats_count(text);
    len = aime_floats_base64_len(n);

    p = malloc(len + 1);
    floats = malloc(n * sizeof(float) + 1);
    fuzz_must(p && floats);

    end = aime_floats_base64(p, text, n);

    if (end) {
        fuzz_must(end == p + len);

        base64.data = p;
        base64.len = len;
        fuzz_must(aime_media_base64_check(base64, &offset) == AIME_OK);
        fuzz_must(aime_media_base64_decode(floats, base64)
                  == floats + n * sizeof(float));

        for (i = 0; i < n; i++) {
            memcpy(&number, floats + i * sizeof(float), sizeof(float));
            fuzz_must(isfinite(number));
        }
    }

    free(floats);
    free(p);
    fuzz_free(text);

    return 0;
}
