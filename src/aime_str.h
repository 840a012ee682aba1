/*
 * Texts as slices, and where memory for them comes from: what all of floor 0
 * has in common.  Floor 0: plain C, knows no nginx.
 */

#ifndef AIME_STR_H_INCLUDED
#define AIME_STR_H_INCLUDED


#include <stddef.h>
#include <stdint.h>
#include <string.h>


#define AIME_OK         0
#define AIME_ERROR     -1       /* the text is refused, see the error */
#define AIME_NOMEM     -2       /* the caller's allocator gave NULL */


/* A slice: laid out as nginx's ngx_str_t, not terminated, not owned. */

typedef struct {
    size_t                len;
    const unsigned char  *data;
} aime_str_t;


#define aime_str(text)       { sizeof(text) - 1, (const unsigned char *) text }
#define aime_str_null        { 0, NULL }


/*
 * Where floor 0 gets memory from.  It is never given back: the caller frees
 * everything at once (a request's or a configuration's pool).
 */

typedef struct {
    void               *(*alloc)(void *ctx, size_t size);
    void                 *ctx;
} aime_pool_t;


static inline int
aime_str_same(const aime_str_t *a, const aime_str_t *b)
{
    return a->len == b->len
           && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}


/*
 * Room for nalloc elements of that size, with a copy of the first nelts: the
 * pool takes nothing back, so lists double.  NULL: no memory.
 */
void *aime_pool_grow(aime_pool_t *pool, const void *elts, size_t nelts,
    size_t nalloc, size_t size);


#endif /* AIME_STR_H_INCLUDED */
