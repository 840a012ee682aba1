
/* Memory of lists, see aime_str.h. */


#include "aime_str.h"


void *
aime_pool_grow(aime_pool_t *pool, const void *elts, size_t nelts,
    size_t nalloc, size_t size)
{
    void  *p;

    p = pool->alloc(pool->ctx, nalloc * size);

    if (p && nelts) {
        memcpy(p, elts, nelts * size);
    }

    return p;
}
