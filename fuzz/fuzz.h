/*
 * What the fuzz targets share: a pool that gives everything back and fails
 * where the input says so, and a way to say what must hold.
 */

#ifndef FUZZ_H_INCLUDED
#define FUZZ_H_INCLUDED


#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aime_json.h"


#define FUZZ_UNUSED  __attribute__((unused))


/* NDEBUG or not: a broken promise is a finding */

#define fuzz_must(condition)                                                  \
    if (!(condition)) {                                                       \
        fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__,            \
                #condition);                                                  \
        abort();                                                              \
    }


typedef struct fuzz_block_s  fuzz_block_t;

struct fuzz_block_s {
    fuzz_block_t  *next;
    uint64_t       pad;
};


/* left: allocations that succeed yet, -1: all */

typedef struct {
    aime_pool_t    face;
    fuzz_block_t  *blocks;
    int            left;
} fuzz_pool_t;


/* data of size bytes, in a block of exactly that size while it is looked at */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static FUZZ_UNUSED void *
fuzz_alloc(void *ctx, size_t size)
{
    fuzz_pool_t   *pool = ctx;
    fuzz_block_t  *block;

    if (pool->left == 0) {
        return NULL;
    }

    pool->left -= pool->left > 0;

    block = malloc(sizeof(fuzz_block_t) + size);
    fuzz_must(block != NULL);

    block->next = pool->blocks;
    pool->blocks = block;

    return block + 1;
}


static FUZZ_UNUSED aime_pool_t *
fuzz_pool(fuzz_pool_t *pool, int left)
{
    pool->face.alloc = fuzz_alloc;
    pool->face.ctx = pool;
    pool->blocks = NULL;
    pool->left = left;

    return &pool->face;
}


static FUZZ_UNUSED void
fuzz_pool_free(fuzz_pool_t *pool)
{
    fuzz_block_t  *block;

    while (pool->blocks) {
        block = pool->blocks;
        pool->blocks = block->next;
        free(block);
    }
}


/* A copy in a block of its own size; free() its data. */

static FUZZ_UNUSED aime_str_t
fuzz_copy(const void *data, size_t len)
{
    void        *p;
    aime_str_t   str;

    p = malloc(len ? len : 1);
    fuzz_must(p != NULL);

    if (len) {
        memcpy(p, data, len);
    }

    str.data = p;
    str.len = len;

    return str;
}


static FUZZ_UNUSED void
fuzz_free(aime_str_t str)
{
    free((void *) (uintptr_t) str.data);
}


/* The part in front of the first line that is --, and the one behind it. */

static FUZZ_UNUSED void
fuzz_split(const uint8_t *data, size_t size, aime_str_t *first,
    aime_str_t *second)
{
    const uint8_t  *mark;

    mark = memmem(data, size, "\n--\n", 4);

    if (mark == NULL) {
        *first = fuzz_copy(data, size);
        *second = fuzz_copy(data, 0);
        return;
    }

    *first = fuzz_copy(data, mark + 1 - data);
    *second = fuzz_copy(mark + 4, data + size - mark - 4);
}


/* Is the slice a part of the text? */

static FUZZ_UNUSED int
fuzz_within(aime_str_t slice, aime_str_t text)
{
    return slice.data >= text.data
           && slice.data + slice.len <= text.data + text.len;
}


static FUZZ_UNUSED int
fuzz_same(aime_str_t one, aime_str_t two)
{
    return one.len == two.len
           && (one.len == 0 || memcmp(one.data, two.data, one.len) == 0);
}


static FUZZ_UNUSED int
fuzz_is_json(aime_str_t text)
{
    aime_json_error_t  error;
    aime_json_value_t  value;

    return aime_json_scan(text, &value, &error) == AIME_OK;
}


#endif /* FUZZ_H_INCLUDED */
