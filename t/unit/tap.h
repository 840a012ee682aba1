/*
 * The little that the unit tests share: TAP on stdout, a pool that gives
 * everything back at the end, and buffers of the exact size, so that a
 * sanitizer sees the first byte that is read beyond them.
 *
 * A test program: tap_ok() and its kind, then return tap_done().
 */

#ifndef TAP_H_INCLUDED
#define TAP_H_INCLUDED


#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aime_json.h"


#define TAP_UNUSED  __attribute__((unused))


typedef struct tap_block_s  tap_block_t;

struct tap_block_s {
    tap_block_t  *next;
    uint64_t      pad;
};


typedef struct {
    tap_block_t  *blocks;
    size_t        allocs;
    size_t        bytes;
    size_t        fail_after;       /* allocations that succeed, 0: all */
} tap_pool_t;


static unsigned int  tap_tests;
static unsigned int  tap_failed;


static int tap_ok(int ok, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static int tap_is_int(long long got, long long expected, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static int tap_is_str(const char *got, const char *expected,
    const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static int tap_is(aime_str_t got, aime_str_t expected, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static int tap_vok(int ok, const char *fmt, va_list args);
static int tap_done(void);
static aime_str_t tap_str(const char *text);
static aime_str_t tap_copy(const void *data, size_t len);
static aime_str_t tap_dup(const char *text);
static void tap_free(aime_str_t str);
static void *tap_alloc(void *ctx, size_t size);
static aime_pool_t tap_pool(tap_pool_t *pool);
static void tap_pool_free(tap_pool_t *pool);


static TAP_UNUSED int
tap_vok(int ok, const char *fmt, va_list args)
{
    tap_tests++;

    if (!ok) {
        tap_failed++;
    }

    printf("%sok %u - ", ok ? "" : "not ", tap_tests);
    vprintf(fmt, args);
    printf("\n");

    if (!ok) {
        fflush(stdout);
    }

    return ok;
}


static TAP_UNUSED int
tap_ok(int ok, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    (void) tap_vok(ok, fmt, args);
    va_end(args);

    return ok;
}


static TAP_UNUSED int
tap_is_int(long long got, long long expected, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    (void) tap_vok(got == expected, fmt, args);
    va_end(args);

    if (got != expected) {
        printf("#      got: %lld\n# expected: %lld\n", got, expected);
    }

    return got == expected;
}


static TAP_UNUSED int
tap_is_str(const char *got, const char *expected, const char *fmt, ...)
{
    int      ok;
    va_list  args;

    ok = got != NULL && expected != NULL && strcmp(got, expected) == 0;

    va_start(args, fmt);
    (void) tap_vok(ok, fmt, args);
    va_end(args);

    if (!ok) {
        printf("#      got: %s\n# expected: %s\n", got ? got : "(null)",
               expected ? expected : "(null)");
    }

    return ok;
}


static TAP_UNUSED int
tap_is(aime_str_t got, aime_str_t expected, const char *fmt, ...)
{
    int      ok;
    va_list  args;

    ok = got.len == expected.len
         && (got.len == 0 || memcmp(got.data, expected.data, got.len) == 0);

    va_start(args, fmt);
    (void) tap_vok(ok, fmt, args);
    va_end(args);

    if (!ok) {
        printf("#      got: %.*s\n# expected: %.*s\n",
               (int) got.len, got.len ? (const char *) got.data : "",
               (int) expected.len,
               expected.len ? (const char *) expected.data : "");
    }

    return ok;
}


/* The plan; the exit status of the program. */

static TAP_UNUSED int
tap_done(void)
{
    printf("1..%u\n", tap_tests);

    if (tap_failed) {
        printf("# %u of %u failed\n", tap_failed, tap_tests);
    }

    return tap_failed != 0;
}


static TAP_UNUSED aime_str_t
tap_str(const char *text)
{
    aime_str_t  str;

    str.len = strlen(text);
    str.data = (const unsigned char *) text;

    return str;
}


/* A copy in a block of exactly that size; tap_free() it. */

static TAP_UNUSED __attribute__((noinline)) aime_str_t
tap_copy(const void *data, size_t len)
{
    aime_str_t      str;
    unsigned char  *p;

    p = malloc(len);

    if (p == NULL && len) {
        abort();
    }

    if (len) {
        memcpy(p, data, len);
    }

    str.data = p;
    str.len = len;

    return str;
}


static TAP_UNUSED aime_str_t
tap_dup(const char *text)
{
    return tap_copy(text, strlen(text));
}


static TAP_UNUSED void
tap_free(aime_str_t str)
{
    free((void *) (uintptr_t) str.data);
}


static TAP_UNUSED void *
tap_alloc(void *ctx, size_t size)
{
    tap_pool_t   *pool;
    tap_block_t  *block;

    pool = ctx;

    if (pool->fail_after && pool->allocs == pool->fail_after) {
        return NULL;
    }

    block = malloc(sizeof(tap_block_t) + size);

    if (block == NULL) {
        abort();
    }

    block->next = pool->blocks;
    pool->blocks = block;
    pool->allocs++;
    pool->bytes += size;

    return block + 1;
}


static TAP_UNUSED aime_pool_t
tap_pool(tap_pool_t *pool)
{
    aime_pool_t  face;

    memset(pool, 0, sizeof(tap_pool_t));

    face.alloc = tap_alloc;
    face.ctx = pool;

    return face;
}


static TAP_UNUSED void
tap_pool_free(tap_pool_t *pool)
{
    tap_block_t  *block;

    while (pool->blocks) {
        block = pool->blocks;
        pool->blocks = block->next;
        free(block);
    }

    memset(pool, 0, sizeof(tap_pool_t));
}


#endif /* TAP_H_INCLUDED */
