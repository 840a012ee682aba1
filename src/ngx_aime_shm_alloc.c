
/*
 * Memory of the zone, see ngx_aime_shm_alloc.h.
 *
 * A block that is cut into slots begins with a bitmap of those in use; what
 * else is known of a block is in the table of blocks, apart from the data, so
 * that looking for room touches no payload page.  Free blocks are reused last
 * in, first out: their pages are the warm ones.
 */


#include "ngx_aime_shm_alloc.h"


#define NGX_AIME_SHM_CLASS_FREE    0xffff
#define NGX_AIME_SHM_CLASS_WHOLE   (NGX_AIME_SHM_NCLASSES - 1)


static ngx_uint_t ngx_aime_shm_class(size_t size);
static ngx_uint_t ngx_aime_shm_nslots(ngx_uint_t class);
static size_t ngx_aime_shm_bitmap_size(ngx_uint_t class);
static void ngx_aime_shm_cut_block(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_block_t *block, ngx_uint_t class);
static ngx_aime_shm_block_t *ngx_aime_shm_take_block(
    ngx_aime_shm_arena_t *arena, ngx_uint_t class);


/*
 * The steps are at most a quarter apart; the last ones are what divides a
 * block (less its bitmap) evenly.
 */

static const uint32_t  ngx_aime_shm_sizes[NGX_AIME_SHM_NCLASSES] = {
    32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512,
    576, 640, 768, 896, 1024, 1152, 1280, 1536, 1792, 2048, 2560, 3072, 3584,
    4080, 5032, 6544, 8176, 9352, 10912, 13104, 16376, 21832, 32760,
    NGX_AIME_SHM_BLOCK_SIZE
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
    u_char                *data;
    uint64_t              *bitmap;
    ngx_uint_t             class, i, slot;
    ngx_aime_shm_block_t  *block;

    class = ngx_aime_shm_class(size);

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

    arena->used += ngx_aime_shm_sizes[class];
    block->used++;

    data = arena->start
           + ((size_t) (block - arena->blocks) << NGX_AIME_SHM_BLOCK_SHIFT);

    if (class == NGX_AIME_SHM_CLASS_WHOLE) {
        return data;
    }

    bitmap = (uint64_t *) data;

    for (i = block->hint; bitmap[i] == (uint64_t) -1; i++) { /* void */ }

    slot = __builtin_ctzll(~bitmap[i]);
    bitmap[i] |= (uint64_t) 1 << slot;
    block->hint = i;

    if (block->used == ngx_aime_shm_nslots(class)) {
        ngx_queue_remove(&block->link);
    }

    return data + ngx_aime_shm_bitmap_size(class)
           + (i * 64 + slot) * ngx_aime_shm_sizes[class];
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
    u_char                *data;
    size_t                 offset;
    uint64_t              *bitmap;
    ngx_uint_t             class, slot, full;
    ngx_aime_shm_block_t  *block;

    offset = (u_char *) p - arena->start;
    block = &arena->blocks[offset >> NGX_AIME_SHM_BLOCK_SHIFT];
    class = block->class;

    arena->used -= ngx_aime_shm_sizes[class];

    if (class != NGX_AIME_SHM_CLASS_WHOLE) {
        data = arena->start + (offset & ~((size_t) NGX_AIME_SHM_BLOCK_SIZE
                                          - 1));
        slot = ((u_char *) p - data - ngx_aime_shm_bitmap_size(class))
               / ngx_aime_shm_sizes[class];

        bitmap = (uint64_t *) data;
        bitmap[slot / 64] &= ~((uint64_t) 1 << (slot % 64));

        full = (block->used == ngx_aime_shm_nslots(class));

        if (slot / 64 < block->hint || full) {
            block->hint = slot / 64;
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


size_t
ngx_aime_shm_slot_size(size_t size)
{
    return ngx_aime_shm_sizes[ngx_aime_shm_class(size)];
}


static ngx_uint_t
ngx_aime_shm_class(size_t size)
{
    ngx_uint_t  low, high, middle;

    if (size > ngx_aime_shm_sizes[NGX_AIME_SHM_CLASS_WHOLE - 1]) {
        return NGX_AIME_SHM_CLASS_WHOLE;
    }

    low = 0;
    high = NGX_AIME_SHM_CLASS_WHOLE - 1;

    while (low < high) {
        middle = (low + high) / 2;

        if (ngx_aime_shm_sizes[middle] < size) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


/* an eighth of a bitmap byte for every slot: a few bytes more than needed */

static size_t
ngx_aime_shm_bitmap_size(ngx_uint_t class)
{
    return ngx_align(NGX_AIME_SHM_BLOCK_SIZE / ngx_aime_shm_sizes[class], 64)
           / 8;
}


static ngx_uint_t
ngx_aime_shm_nslots(ngx_uint_t class)
{
    return (NGX_AIME_SHM_BLOCK_SIZE - ngx_aime_shm_bitmap_size(class))
           / ngx_aime_shm_sizes[class];
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
    block->class = class;
    block->used = 0;
    block->hint = 0;

    if (class != NGX_AIME_SHM_CLASS_WHOLE) {
        ngx_aime_shm_cut_block(arena, block, class);
    }

    return block;
}


static void
ngx_aime_shm_cut_block(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_block_t *block, ngx_uint_t class)
{
    u_char  *data;

    data = arena->start
           + ((size_t) (block - arena->blocks) << NGX_AIME_SHM_BLOCK_SHIFT);

    ngx_memzero(data, ngx_aime_shm_bitmap_size(class));
    ngx_queue_insert_head(&arena->partial[class], &block->link);
}

