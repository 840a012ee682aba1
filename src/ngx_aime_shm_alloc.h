/*
 * Memory of the zone: 64 KB blocks, whole for payload chunks, or cut into
 * slots of one size class each.  nginx's own slab classes are powers of two,
 * which wastes half of what a typical job takes; and whole blocks never suffer
 * from fragmentation.  Floor 1.
 */

#ifndef NGX_AIME_SHM_ALLOC_H_INCLUDED
#define NGX_AIME_SHM_ALLOC_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_AIME_SHM_BLOCK_SHIFT   16
#define NGX_AIME_SHM_BLOCK_SIZE    (1 << NGX_AIME_SHM_BLOCK_SHIFT)

#define NGX_AIME_SHM_NCLASSES      39

typedef struct {
    ngx_queue_t                  link;
    uint16_t                     class;
    uint16_t                     used;
    uint16_t                     hint;      /* first bitmap word to look at */
} ngx_aime_shm_block_t;

typedef struct {
    u_char                      *start;
    ngx_uint_t                   nblocks;
    ngx_uint_t                   nfree;     /* blocks */
    size_t                       used;      /* bytes in allocated slots */
    ngx_aime_shm_block_t        *blocks;
    ngx_queue_t                  free;
    ngx_queue_t                  partial[NGX_AIME_SHM_NCLASSES];
} ngx_aime_shm_arena_t;


/*
 * Takes what is free of the slab pool, but for a few pages, as the arena.
 * NGX_OK, or NGX_ERROR if that is not enough for one block.
 */
ngx_int_t ngx_aime_shm_arena_init(ngx_aime_shm_arena_t *arena,
    ngx_slab_pool_t *shpool);

/*
 * A slot of at least size bytes (at most NGX_AIME_SHM_BLOCK_SIZE), not zeroed;
 * NULL: none is free.  O(1) but for a short scan of the block's bitmap.
 */
void *ngx_aime_shm_alloc_locked(ngx_aime_shm_arena_t *arena, size_t size);
void *ngx_aime_shm_calloc_locked(ngx_aime_shm_arena_t *arena, size_t size);
void ngx_aime_shm_free_locked(ngx_aime_shm_arena_t *arena, void *p);

/* The bytes that a slot for size really has; size as above. */
size_t ngx_aime_shm_slot_size(size_t size);


#endif /* NGX_AIME_SHM_ALLOC_H_INCLUDED */
