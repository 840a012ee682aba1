
/*
 * Memory of the zone, see ngx_aime_shm_alloc.h.
 *
 * A block that is cut into slots begins with a table of what is in them, a
 * byte for each; what else is known of a block is in the table of blocks,
 * apart from the data, so that looking for room touches no payload page.  Free
 * blocks are reused last in, first out: their pages are the warm ones.
 */


#include "ngx_aime_shm_alloc.h"


#define NGX_AIME_SHM_CLASS_FREE    0xffff
#define NGX_AIME_SHM_CLASS_WHOLE   (NGX_AIME_SHM_NCLASSES - 1)

/* sizes of classes are 16 bytes apart up to that one, from 32 on */

#define NGX_AIME_SHM_EVEN_MAX      128


static ngx_uint_t ngx_aime_shm_class(size_t size);
static ngx_aime_shm_block_t *ngx_aime_shm_take_block(
    ngx_aime_shm_arena_t *arena, ngx_uint_t class);
static ngx_aime_shm_block_t *ngx_aime_shm_block(ngx_aime_shm_arena_t *arena,
    void *p);
static u_char *ngx_aime_shm_data(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_block_t *block);
static u_char *ngx_aime_shm_slot(u_char *data, ngx_uint_t class,
    ngx_uint_t slot);
static ngx_uint_t ngx_aime_shm_count(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_block_t *block, ngx_uint_t *counts);
static u_char *ngx_aime_shm_mark(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_block_t *block, void *p);


/*
 * How blocks are cut, worked out by the compiler: nothing is divided while the
 * lock is held.
 */

typedef struct {
    uint32_t                     size;      /* of a slot */
    uint32_t                     table;     /* bytes, in front of the slots */
    uint32_t                     nslots;
    uint32_t                     inverse;   /* of size, times 2^32 */
} ngx_aime_shm_cut_t;


/* a few bytes more than slots fit into what it leaves */

#define ngx_aime_shm_table(size)                                              \
    (((NGX_AIME_SHM_BLOCK_SIZE / (size)) + 15) & ~15)

#define ngx_aime_shm_cut(size)                                                \
    { size, ngx_aime_shm_table(size),                                         \
      (NGX_AIME_SHM_BLOCK_SIZE - ngx_aime_shm_table(size)) / (size),          \
      0xffffffff / (size) + 1 }


/*
 * The steps are at most a quarter apart; the last ones are what divides a
 * block (less its table) evenly.
 */

static const ngx_aime_shm_cut_t  ngx_aime_shm_cuts[NGX_AIME_SHM_NCLASSES] = {
    ngx_aime_shm_cut(32), ngx_aime_shm_cut(48), ngx_aime_shm_cut(64),
    ngx_aime_shm_cut(80), ngx_aime_shm_cut(96), ngx_aime_shm_cut(112),
    ngx_aime_shm_cut(128), ngx_aime_shm_cut(160), ngx_aime_shm_cut(192),
    ngx_aime_shm_cut(224), ngx_aime_shm_cut(256), ngx_aime_shm_cut(320),
    ngx_aime_shm_cut(384), ngx_aime_shm_cut(448), ngx_aime_shm_cut(512),
    ngx_aime_shm_cut(576), ngx_aime_shm_cut(640), ngx_aime_shm_cut(768),
    ngx_aime_shm_cut(896), ngx_aime_shm_cut(1024), ngx_aime_shm_cut(1152),
    ngx_aime_shm_cut(1280), ngx_aime_shm_cut(1536), ngx_aime_shm_cut(1792),
    ngx_aime_shm_cut(2048), ngx_aime_shm_cut(2560), ngx_aime_shm_cut(3072),
    ngx_aime_shm_cut(3584), ngx_aime_shm_cut(4080), ngx_aime_shm_cut(5032),
    ngx_aime_shm_cut(6544), ngx_aime_shm_cut(8176), ngx_aime_shm_cut(9352),
    ngx_aime_shm_cut(10912), ngx_aime_shm_cut(13104), ngx_aime_shm_cut(16376),
    ngx_aime_shm_cut(21832), ngx_aime_shm_cut(32760),
    { NGX_AIME_SHM_BLOCK_SIZE, 0, 1, 0 }
};


ngx_int_t
ngx_aime_shm_arena_init(ngx_aime_shm_arena_t *arena, ngx_slab_pool_t *shpool)
{
    u_char      *p, *start;
    size_t       size;
    ngx_uint_t   i;

    if (shpool->pfree < 4) {
        return NGX_ERROR;
    }

    size = (shpool->pfree - 2) * ngx_pagesize;

    p = ngx_slab_alloc_locked(shpool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    arena->nblocks = size / (NGX_AIME_SHM_BLOCK_SIZE
                             + sizeof(ngx_aime_shm_block_t));
    start = ngx_align_ptr(p + arena->nblocks * sizeof(ngx_aime_shm_block_t),
                          ngx_pagesize);

    if (arena->nblocks
        && start + arena->nblocks * NGX_AIME_SHM_BLOCK_SIZE > p + size)
    {
        arena->nblocks--;
    }

    if (arena->nblocks == 0) {
        return NGX_ERROR;
    }

    arena->blocks = (ngx_aime_shm_block_t *) p;
    arena->start = start;
    arena->nfree = arena->nblocks;
    arena->used = 0;

    ngx_queue_init(&arena->free);

    for (i = 0; i < arena->nblocks; i++) {
        arena->blocks[i].class = NGX_AIME_SHM_CLASS_FREE;
        ngx_queue_insert_tail(&arena->free, &arena->blocks[i].link);
    }

    for (i = 0; i < NGX_AIME_SHM_NCLASSES; i++) {
        ngx_queue_init(&arena->partial[i]);
    }

    return NGX_OK;
}


void *
ngx_aime_shm_alloc_locked(ngx_aime_shm_arena_t *arena, size_t size)
{
    u_char                    *data;
    ngx_uint_t                 class, slot;
    ngx_aime_shm_block_t      *block;
    const ngx_aime_shm_cut_t  *cut;

    class = ngx_aime_shm_class(size);
    cut = &ngx_aime_shm_cuts[class];

    if (class == NGX_AIME_SHM_CLASS_WHOLE
        || ngx_queue_empty(&arena->partial[class]))
    {
        block = ngx_aime_shm_take_block(arena, class);
        if (block == NULL) {
            return NULL;
        }

    } else {
        block = ngx_queue_data(ngx_queue_head(&arena->partial[class]),
                               ngx_aime_shm_block_t, link);
    }

    arena->used += cut->size;
    block->used++;

    data = ngx_aime_shm_data(arena, block);

    if (class == NGX_AIME_SHM_CLASS_WHOLE) {
        return data;
    }

    slot = (u_char *) memchr(data + block->hint, NGX_AIME_SHM_FREE,
                             cut->nslots - block->hint)
           - data;

    data[slot] = NGX_AIME_SHM_DRAFT;
    block->hint = slot + 1;

    if (block->used == cut->nslots) {
        ngx_queue_remove(&block->link);
    }

    return data + cut->table + slot * cut->size;
}


void *
ngx_aime_shm_calloc_locked(ngx_aime_shm_arena_t *arena, size_t size)
{
    void  *p;

    p = ngx_aime_shm_alloc_locked(arena, size);
    if (p) {
        ngx_memzero(p, size);
    }

    return p;
}


void
ngx_aime_shm_free_locked(ngx_aime_shm_arena_t *arena, void *p)
{
    u_char                *mark;
    ngx_uint_t             class, slot, full;
    ngx_aime_shm_block_t  *block;

    block = ngx_aime_shm_block(arena, p);
    class = block->class;

    mark = ngx_aime_shm_mark(arena, block, p);
    *mark = NGX_AIME_SHM_FREE;
    ngx_aime_shm_order();

    arena->used -= ngx_aime_shm_cuts[class].size;

    if (class != NGX_AIME_SHM_CLASS_WHOLE) {
        slot = mark - ngx_aime_shm_data(arena, block);
        full = (block->used == ngx_aime_shm_cuts[class].nslots);

        if (slot < block->hint) {
            block->hint = slot;
        }

        if (full) {
            ngx_queue_insert_head(&arena->partial[class], &block->link);
        }
    }

    if (--block->used) {
        return;
    }

    if (class != NGX_AIME_SHM_CLASS_WHOLE) {
        ngx_queue_remove(&block->link);
    }

    block->class = NGX_AIME_SHM_CLASS_FREE;
    arena->nfree++;
    ngx_queue_insert_head(&arena->free, &block->link);
}


void
ngx_aime_shm_mark_locked(ngx_aime_shm_arena_t *arena, void *p,
    ngx_aime_shm_kind_e kind)
{
    ngx_aime_shm_order();

    *ngx_aime_shm_mark(arena, ngx_aime_shm_block(arena, p), p) = kind;

    ngx_aime_shm_order();
}


ngx_uint_t
ngx_aime_shm_kind_locked(ngx_aime_shm_arena_t *arena, void *p)
{
    u_char                *mark, *data;
    ngx_uint_t             class;
    ngx_aime_shm_block_t  *block;

    if ((u_char *) p < arena->start
        || (u_char *) p >= arena->start
                           + arena->nblocks * NGX_AIME_SHM_BLOCK_SIZE)
    {
        return NGX_AIME_SHM_FREE;
    }

    block = ngx_aime_shm_block(arena, p);
    data = ngx_aime_shm_data(arena, block);
    class = block->class;

    if (class == NGX_AIME_SHM_CLASS_FREE) {
        return NGX_AIME_SHM_FREE;
    }

    if (class == NGX_AIME_SHM_CLASS_WHOLE) {
        return (p == data) ? block->kind : NGX_AIME_SHM_FREE;
    }

    if ((u_char *) p < data + ngx_aime_shm_cuts[class].table) {
        return NGX_AIME_SHM_FREE;
    }

    mark = ngx_aime_shm_mark(arena, block, p);

    return (mark < data + ngx_aime_shm_cuts[class].nslots
            && p == ngx_aime_shm_slot(data, class, mark - data))
           ? *mark : NGX_AIME_SHM_FREE;
}


void *
ngx_aime_shm_next_locked(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_kind_e kind, void *p)
{
    u_char                *data, *mark, *end;
    ngx_uint_t             class;
    ngx_aime_shm_block_t  *block, *last;

    last = arena->blocks + arena->nblocks;
    block = arena->blocks;
    mark = NULL;

    if (p) {
        block = ngx_aime_shm_block(arena, p);

        /* the block may be a free one by now */

        if (block->class >= NGX_AIME_SHM_CLASS_WHOLE) {
            block++;

        } else {
            mark = ngx_aime_shm_mark(arena, block, p) + 1;
        }
    }

    for ( /* void */ ; block < last; block++, mark = NULL) {
        class = block->class;
        data = ngx_aime_shm_data(arena, block);

        if (class == NGX_AIME_SHM_CLASS_FREE) {
            continue;
        }

        if (class == NGX_AIME_SHM_CLASS_WHOLE) {
            if (block->kind == kind) {
                return data;
            }

            continue;
        }

        end = data + ngx_aime_shm_cuts[class].nslots;
        mark = mark ? mark : data;
        mark = (mark < end) ? memchr(mark, kind, end - mark) : NULL;

        if (mark) {
            return ngx_aime_shm_slot(data, class, mark - data);
        }
    }

    return NULL;
}


void
ngx_aime_shm_recount_locked(ngx_aime_shm_arena_t *arena)
{
    ngx_uint_t             i, class;
    ngx_uint_t             counts[NGX_AIME_SHM_NKINDS];
    ngx_aime_shm_block_t  *block;

    arena->nfree = 0;
    arena->used = 0;

    ngx_queue_init(&arena->free);

    for (i = 0; i < NGX_AIME_SHM_NCLASSES; i++) {
        ngx_queue_init(&arena->partial[i]);
    }

    ngx_memzero(counts, sizeof(counts));

    for (i = 0; i < arena->nblocks; i++) {
        block = &arena->blocks[i];
        class = block->class;
        block->used = ngx_aime_shm_count(arena, block, counts);
        block->hint = 0;

        if (block->used == 0) {
            block->class = NGX_AIME_SHM_CLASS_FREE;
            arena->nfree++;
            ngx_queue_insert_tail(&arena->free, &block->link);
            continue;
        }

        arena->used += block->used * ngx_aime_shm_cuts[class].size;

        if (class != NGX_AIME_SHM_CLASS_WHOLE
            && block->used < ngx_aime_shm_cuts[class].nslots)
        {
            ngx_queue_insert_tail(&arena->partial[class], &block->link);
        }
    }
}


ngx_int_t
ngx_aime_shm_census_locked(ngx_aime_shm_arena_t *arena, ngx_uint_t *counts)
{
    size_t                 used;
    ngx_uint_t             i, n, nfree;
    ngx_aime_shm_block_t  *block;

    used = 0;
    nfree = 0;

    ngx_memzero(counts, NGX_AIME_SHM_NKINDS * sizeof(ngx_uint_t));

    for (i = 0; i < arena->nblocks; i++) {
        block = &arena->blocks[i];
        n = ngx_aime_shm_count(arena, block, counts);

        if (block->class == NGX_AIME_SHM_CLASS_FREE) {
            nfree++;
            continue;
        }

        if (n == 0 || n != block->used) {
            return NGX_ERROR;
        }

        used += n * ngx_aime_shm_cuts[block->class].size;
    }

    return (used == arena->used && nfree == arena->nfree) ? NGX_OK
                                                          : NGX_ERROR;
}


/* The slots of a block that are in use; adds them up by kind. */

static ngx_uint_t
ngx_aime_shm_count(ngx_aime_shm_arena_t *arena, ngx_aime_shm_block_t *block,
    ngx_uint_t *counts)
{
    u_char      *data;
    ngx_uint_t   i, n, nslots;

    if (block->class == NGX_AIME_SHM_CLASS_FREE) {
        return 0;
    }

    data = &block->kind;
    nslots = 1;

    if (block->class != NGX_AIME_SHM_CLASS_WHOLE) {
        data = ngx_aime_shm_data(arena, block);
        nslots = ngx_aime_shm_cuts[block->class].nslots;
    }

    n = 0;

    for (i = 0; i < nslots; i++) {
        if (data[i] != NGX_AIME_SHM_FREE) {
            counts[data[i] % NGX_AIME_SHM_NKINDS]++;
            n++;
        }
    }

    return n;
}


size_t
ngx_aime_shm_slot_size(size_t size)
{
    return ngx_aime_shm_cuts[ngx_aime_shm_class(size)].size;
}


static ngx_uint_t
ngx_aime_shm_class(size_t size)
{
    ngx_uint_t  low, high, middle;

    /* the first ones, for what is small and comes and goes most, are even */

    if (size <= NGX_AIME_SHM_EVEN_MAX) {
        return (ngx_max(size, 32) + 15) / 16 - 2;
    }

    if (size > ngx_aime_shm_cuts[NGX_AIME_SHM_CLASS_WHOLE - 1].size) {
        return NGX_AIME_SHM_CLASS_WHOLE;
    }

    low = 0;
    high = NGX_AIME_SHM_CLASS_WHOLE - 1;

    while (low < high) {
        middle = (low + high) / 2;

        if (ngx_aime_shm_cuts[middle].size < size) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


static ngx_aime_shm_block_t *
ngx_aime_shm_take_block(ngx_aime_shm_arena_t *arena, ngx_uint_t class)
{
    ngx_queue_t           *q;
    ngx_aime_shm_block_t  *block;

    if (ngx_queue_empty(&arena->free)) {
        return NULL;
    }

    q = ngx_queue_head(&arena->free);
    ngx_queue_remove(q);
    arena->nfree--;

    block = ngx_queue_data(q, ngx_aime_shm_block_t, link);
    block->used = 0;
    block->hint = 0;
    block->kind = NGX_AIME_SHM_DRAFT;

    /* only when that is done there are slots, even for who repairs */

    if (class != NGX_AIME_SHM_CLASS_WHOLE) {
        ngx_memzero(ngx_aime_shm_data(arena, block),
                    ngx_aime_shm_cuts[class].table);
        ngx_queue_insert_head(&arena->partial[class], &block->link);
    }

    ngx_aime_shm_order();
    block->class = class;

    return block;
}


static ngx_aime_shm_block_t *
ngx_aime_shm_block(ngx_aime_shm_arena_t *arena, void *p)
{
    return &arena->blocks[((u_char *) p - arena->start)
                          >> NGX_AIME_SHM_BLOCK_SHIFT];
}


static u_char *
ngx_aime_shm_data(ngx_aime_shm_arena_t *arena, ngx_aime_shm_block_t *block)
{
    return arena->start
           + ((size_t) (block - arena->blocks) << NGX_AIME_SHM_BLOCK_SHIFT);
}


static u_char *
ngx_aime_shm_slot(u_char *data, ngx_uint_t class, ngx_uint_t slot)
{
    return data + ngx_aime_shm_cuts[class].table
           + slot * ngx_aime_shm_cuts[class].size;
}


/* Where it stands what is in the slot at p. */

static u_char *
ngx_aime_shm_mark(ngx_aime_shm_arena_t *arena, ngx_aime_shm_block_t *block,
    void *p)
{
    u_char                    *data;
    const ngx_aime_shm_cut_t  *cut;

    if (block->class == NGX_AIME_SHM_CLASS_WHOLE) {
        return &block->kind;
    }

    data = ngx_aime_shm_data(arena, block);

    cut = &ngx_aime_shm_cuts[block->class];

    return data
           + (((uint64_t) ((u_char *) p - data - cut->table) * cut->inverse)
              >> 32);
}
