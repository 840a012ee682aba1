/*
 * Where jobs are found: by id, in O(1), and by deadline, in O(log n).  Floor 1.
 */

#ifndef NGX_AIME_SHM_INDEX_H_INCLUDED
#define NGX_AIME_SHM_INDEX_H_INCLUDED


#include "ngx_aime_shm_zone.h"


/* Jobs by id, which no other job has. */
void ngx_aime_shm_id_insert_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);
void ngx_aime_shm_id_remove_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job);
ngx_aime_shm_job_t *ngx_aime_shm_id_find_locked(ngx_aime_zone_t *zone,
    const u_char *id);

/*
 * Goes through all jobs, in an order that is always the same, behind the one of
 * that id (NULL: from the first one on).  A step gives the next job, or NULL
 * where it comes to the next bucket; the walk ends at sh->nbuckets.  Jobs may
 * come and go between steps, and the lock be given back.
 */
typedef struct {
    ngx_uint_t                   bucket;
    u_char                       after[NGX_AIME_ID_LEN];
} ngx_aime_shm_id_walk_t;

void ngx_aime_shm_id_walk(ngx_aime_zone_t *zone,
    ngx_aime_shm_id_walk_t *walk, const u_char *after);
ngx_aime_shm_job_t *ngx_aime_shm_id_next_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_id_walk_t *walk);

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
