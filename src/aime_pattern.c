/*
 * Regular expressions of string parameters, see aime_pattern.h.
 *
 * No just-in-time compiler: its code would lie in memory of its own, which a
 * pool does not give back at a reload, and it counts no steps.
 */

#define PCRE2_CODE_UNIT_WIDTH 8

#include <pcre2.h>
#include <stdio.h>

#include "aime_pattern.h"


/*
 * Steps of one match: a tenth of a second at most, where a text of some
 * megabytes and an expression that does not backtrack need few.  The depth is
 * that of backtracking points, the heap is in kilobytes.
 */

#define AIME_PATTERN_STEPS   1000000
#define AIME_PATTERN_DEPTH   100000
#define AIME_PATTERN_HEAP    20000


struct aime_pattern_s {
    pcre2_code   *code;
};


static void *aime_pattern_alloc(PCRE2_SIZE size, void *ctx);
static void aime_pattern_free(void *p, void *ctx);


/*
 * Made by the first expression and kept for good: what a match allocates comes
 * from where its context did, and that must be no pool.
 */

static pcre2_match_context  *aime_pattern_limits;


int
aime_pattern_compile(aime_pool_t *pool, aime_str_t text,
    aime_pattern_t **pattern, char *error)
{
    int                      code;
    PCRE2_SIZE               offset;
    PCRE2_UCHAR              reason[AIME_PATTERN_ERROR_LEN - 32];
    aime_pattern_t          *p;
    pcre2_general_context   *memory;
    pcre2_compile_context   *compile;

    memory = pcre2_general_context_create(aime_pattern_alloc,
                                          aime_pattern_free, pool);
    if (memory == NULL) {
        return AIME_NOMEM;
    }

    compile = pcre2_compile_context_create(memory);
    p = pool->alloc(pool->ctx, sizeof(aime_pattern_t));

    if (compile == NULL || p == NULL) {
        return AIME_NOMEM;
    }

    /* \C could cut a character, and then the text is no UTF-8 any more */

    p->code = pcre2_compile(text.data, text.len,
                            PCRE2_UTF|PCRE2_DOLLAR_ENDONLY
                            |PCRE2_NEVER_BACKSLASH_C,
                            &code, &offset, compile);

    if (p->code == NULL) {
        (void) pcre2_get_error_message(code, reason, sizeof(reason));
        (void) snprintf(error, AIME_PATTERN_ERROR_LEN, "%s at character %llu",
                        (char *) reason, (unsigned long long) offset);
        return AIME_ERROR;
    }

    if (aime_pattern_limits == NULL) {
        aime_pattern_limits = pcre2_match_context_create(NULL);
        if (aime_pattern_limits == NULL) {
            return AIME_NOMEM;
        }

        (void) pcre2_set_match_limit(aime_pattern_limits, AIME_PATTERN_STEPS);
        (void) pcre2_set_depth_limit(aime_pattern_limits, AIME_PATTERN_DEPTH);
        (void) pcre2_set_heap_limit(aime_pattern_limits, AIME_PATTERN_HEAP);
    }

    *pattern = p;

    return AIME_OK;
}


int
aime_pattern_match(const aime_pattern_t *pattern, aime_str_t text)
{
    int                rc;
    pcre2_match_data  *match;

    /* from no pool, which would keep what a match took */

    match = pcre2_match_data_create(1, NULL);
    if (match == NULL) {
        return AIME_NOMEM;
    }

    rc = pcre2_match(pattern->code, text.data, text.len, 0,
                     PCRE2_NO_UTF_CHECK, match, aime_pattern_limits);

    pcre2_match_data_free(match);

    switch (rc) {

    case PCRE2_ERROR_NOMATCH:
        return AIME_ERROR;

    case PCRE2_ERROR_NOMEMORY:
        return AIME_NOMEM;

    default:
        return rc < 0 ? AIME_PATTERN_LIMIT : AIME_OK;
    }
}


static void *
aime_pattern_alloc(PCRE2_SIZE size, void *ctx)
{
    aime_pool_t  *pool = ctx;

    return pool->alloc(pool->ctx, size);
}


/* The pool gives everything back at once. */

static void
aime_pattern_free(void *p, void *ctx)
{
    (void) p;
    (void) ctx;
}
