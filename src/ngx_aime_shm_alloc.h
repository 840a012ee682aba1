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


/*
 * What is in a slot.  All else in the zone that a process was killed in the
 * middle of changing is found again from this, see ngx_aime_repair.h: a slot
 * is a draft until what it holds is whole, and again before it is taken apart.
 */

typedef enum {
    NGX_AIME_SHM_FREE = 0,
    NGX_AIME_SHM_DRAFT,
    NGX_AIME_SHM_FIXED,                     /* for the zone's life */
    NGX_AIME_SHM_PAYLOAD,
    NGX_AIME_SHM_CHUNK,
    NGX_AIME_SHM_STRAY,                     /* a chunk in doubt, in a repair */
    NGX_AIME_SHM_HOLD,
    NGX_AIME_SHM_PARKED,
    NGX_AIME_SHM_JOB,
    NGX_AIME_SHM_ONCE,
    NGX_AIME_SHM_CLIENT,
    NGX_AIME_SHM_LANE,
    NGX_AIME_SHM_LINE,
    NGX_AIME_SHM_PLACES,
    NGX_AIME_SHM_WORKER,
    NGX_AIME_SHM_FIELDS,
    NGX_AIME_SHM_SESSION,
    NGX_AIME_SHM_VARS,
    NGX_AIME_SHM_NKINDS
} ngx_aime_shm_kind_e;


/*
 * Keeps the compiler from moving stores across: what a killed process has
 * stored is then what stands before the line where it ended.
 */

#define ngx_aime_shm_order()       __asm__ volatile ("" ::: "memory")


typedef struct {
    ngx_queue_t                  link;
    uint16_t                     class;
    uint16_t                     used;
    uint16_t                     hint;      /* no free slot is before it */
    uint8_t                      kind;      /* of a whole block */
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
 * A slot of at least size bytes (at most NGX_AIME_SHM_BLOCK_SIZE), not zeroed,
 * a draft; NULL: none is free.  O(1) but for a short scan of the block's table
 * of slots.
 */
void *ngx_aime_shm_alloc_locked(ngx_aime_shm_arena_t *arena, size_t size);
void *ngx_aime_shm_calloc_locked(ngx_aime_shm_arena_t *arena, size_t size);
void ngx_aime_shm_free_locked(ngx_aime_shm_arena_t *arena, void *p);

/* Says what is in a slot. */
void ngx_aime_shm_mark_locked(ngx_aime_shm_arena_t *arena, void *p,
    ngx_aime_shm_kind_e kind);

/* What is in the slot that begins at p; NGX_AIME_SHM_FREE if none does. */
ngx_uint_t ngx_aime_shm_kind_locked(ngx_aime_shm_arena_t *arena, void *p);

/*
 * The next slot of that kind behind p, which may have been freed since; the
 * first one for NULL.  NULL: there is none.
 */
void *ngx_aime_shm_next_locked(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_kind_e kind, void *p);

/* Makes lists and counts anew from what is in the slots. */
void ngx_aime_shm_recount_locked(ngx_aime_shm_arena_t *arena);

/*
 * Counts the slots of each kind into counts[NGX_AIME_SHM_NKINDS].  NGX_ERROR:
 * the arena's own counts differ.
 */
ngx_int_t ngx_aime_shm_census_locked(ngx_aime_shm_arena_t *arena,
    ngx_uint_t *counts);

/* The bytes that a slot for size really has; size as above. */
size_t ngx_aime_shm_slot_size(size_t size);


#endif /* NGX_AIME_SHM_ALLOC_H_INCLUDED */
