/*
 * Regular expressions: an expression, a line that is --, and the text to
 * match.  Whatever they are, the match must end soon.
 */

#include "aime_pattern.h"
#include "fuzz.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int              rc;
    char             error[AIME_PATTERN_ERROR_LEN];
    aime_str_t       text, subject;
    fuzz_pool_t      memory;
    aime_pattern_t  *pattern;

    fuzz_split(data, size, &text, &subject);

    rc = aime_pattern_compile(fuzz_pool(&memory, -1), text, &pattern, error);

    if (rc == AIME_ERROR) {
        fuzz_must(strlen(error) < AIME_PATTERN_ERROR_LEN);

    } else if (rc == AIME_OK && aime_json_utf8(subject)) {
        rc = aime_pattern_match(pattern, subject);
        fuzz_must(rc == AIME_OK || rc == AIME_ERROR
                  || rc == AIME_PATTERN_LIMIT);
    }

    fuzz_pool_free(&memory);
    fuzz_free(subject);
    fuzz_free(text);

    return 0;
}
