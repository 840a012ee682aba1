/*
 * Where jobs are found: by id and by deadline, in O(log n).  Floor 1.
 */

#ifndef NGX_AIME_SHM_INDEX_H_INCLUDED
#define NGX_AIME_SHM_INDEX_H_INCLUDED


#include "ngx_aime_shm_zone.h"


/*
 * Jobs by id.  The key is its first 8 bytes, which no other job has: who makes
 * an id asks ngx_aime_shm_id_taken() first.
 */
void ngx_aime_shm_id_insert_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);
void ngx_aime_shm_id_remove_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);
ngx_aime_shm_job_t *ngx_aime_shm_id_find_locked(ngx_aime_zone_t *zone,
    const u_char *id);

/*
 * The node of a tree that is keyed by the first 8 bytes of an id, each key
 * once; the id itself stands at offset bytes from the node.  NULL: none.
 */
ngx_rbtree_node_t *ngx_aime_shm_id_lookup(ngx_rbtree_t *tree,
    const u_char *id, size_t offset);
ngx_rbtree_key_t ngx_aime_shm_id_key(const u_char *id);

/* The node behind all those of ids up to that one; NULL for id: the first. */
ngx_rbtree_node_t *ngx_aime_shm_id_behind(ngx_rbtree_t *tree,
    const u_char *id);
ngx_uint_t ngx_aime_shm_id_taken(ngx_rbtree_t *tree, const u_char *id);

/*
 * Deadlines, in ngx_current_msec.  first gives the node with the nearest one,
 * NULL where there is none.
 */
void ngx_aime_shm_deadline_add_locked(ngx_aime_zone_t *zone,
    ngx_rbtree_node_t *node, ngx_aime_deadline_e kind, ngx_msec_t due);
void ngx_aime_shm_deadline_remove_locked(ngx_aime_zone_t *zone,
    ngx_rbtree_node_t *node);
ngx_rbtree_node_t *ngx_aime_shm_deadline_first_locked(ngx_aime_zone_t *zone);


#endif /* NGX_AIME_SHM_INDEX_H_INCLUDED */
