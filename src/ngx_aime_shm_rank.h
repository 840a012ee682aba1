/*
 * Trees that know the rank of what is in them: nodes in the order of their
 * keys, each of which can be asked for its position in O(log n).  Treaps:
 * random priorities keep them flat, every node knows the weight of its
 * subtree.  The nodes are parts of others' structures, so nothing is allocated
 * and nothing can fail; where that is no matter, lines and places touch less
 * memory.  Floor 1: knows not what is ranked.
 *
 * Keys consist of two numbers and are unique within a tree.  The zone's lock
 * must be held.
 */

#ifndef NGX_AIME_SHM_RANK_H_INCLUDED
#define NGX_AIME_SHM_RANK_H_INCLUDED


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct ngx_aime_shm_rank_s  ngx_aime_shm_rank_t;

struct ngx_aime_shm_rank_s {
    ngx_aime_shm_rank_t         *left;
    ngx_aime_shm_rank_t         *right;
    ngx_aime_shm_rank_t         *parent;
    uint64_t                     major;
    uint64_t                     minor;
    uint32_t                     weight;    /* nodes in this subtree */
    uint32_t                     priority;
};


#define ngx_aime_shm_rank_weight(node)   ((node) ? (node)->weight : 0)


/* The caller has set the node's key, which no other node has. */
void ngx_aime_shm_rank_insert(ngx_aime_shm_rank_t **root,
    ngx_aime_shm_rank_t *node);
void ngx_aime_shm_rank_remove(ngx_aime_shm_rank_t **root,
    ngx_aime_shm_rank_t *node);

/* The first node that has that key or a higher one.  NULL: none. */
ngx_aime_shm_rank_t *ngx_aime_shm_rank_from(ngx_aime_shm_rank_t *root,
    uint64_t major, uint64_t minor);

/* How many nodes have a lower key than that. */
ngx_uint_t ngx_aime_shm_rank_below(ngx_aime_shm_rank_t *root, uint64_t major,
    uint64_t minor);


#endif /* NGX_AIME_SHM_RANK_H_INCLUDED */
