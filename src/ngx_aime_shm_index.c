
/* Where jobs are found, see ngx_aime_shm_index.h. */


#include "ngx_aime_shm_index.h"


static ngx_rbtree_node_t *ngx_aime_shm_key_lookup(ngx_rbtree_t *tree,
    ngx_rbtree_key_t key);
static ngx_uint_t ngx_aime_shm_id_bucket(ngx_aime_zone_t *zone,
    const u_char *id);


ngx_rbtree_key_t
ngx_aime_shm_id_key(const u_char *id)
{
    ngx_rbtree_key_t  key;

    ngx_memcpy(&key, id, sizeof(key));

    return key;
}


ngx_rbtree_node_t *
ngx_aime_shm_id_lookup(ngx_rbtree_t *tree, const u_char *id, size_t offset)
{
    ngx_rbtree_node_t  *node;

    node = ngx_aime_shm_key_lookup(tree, ngx_aime_shm_id_key(id));

    if (node
        && ngx_memcmp((u_char *) node + offset, id, NGX_AIME_ID_LEN) == 0)
    {
        return node;
    }

    return NULL;
}


ngx_rbtree_node_t *
ngx_aime_shm_id_behind(ngx_rbtree_t *tree, const u_char *id)
{
    ngx_rbtree_key_t    key;
    ngx_rbtree_node_t  *node, *found;

    key = id ? ngx_aime_shm_id_key(id) : 0;
    node = tree->root;
    found = NULL;

    while (node != tree->sentinel) {

        if (id == NULL || node->key > key) {
            found = node;
            node = node->left;

        } else {
            node = node->right;
        }
    }

    return found;
}


ngx_uint_t
ngx_aime_shm_id_taken(ngx_rbtree_t *tree, const u_char *id)
{
    return ngx_aime_shm_key_lookup(tree, ngx_aime_shm_id_key(id)) != NULL;
}


static ngx_rbtree_node_t *
ngx_aime_shm_key_lookup(ngx_rbtree_t *tree, ngx_rbtree_key_t key)
{
    ngx_rbtree_node_t  *node;

    node = tree->root;

    while (node != tree->sentinel) {

        if (key == node->key) {
            return node;
        }

        node = (key < node->key) ? node->left : node->right;
    }

    return NULL;
}


void
ngx_aime_shm_id_insert_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    ngx_aime_shm_job_t  **bucket;

    bucket = &zone->sh->buckets[ngx_aime_shm_id_bucket(zone, job->id)];

    job->next = *bucket;
    *bucket = job;

    zone->sh->njobs++;
}


void
ngx_aime_shm_id_remove_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    ngx_aime_shm_job_t  **slot;

    slot = &zone->sh->buckets[ngx_aime_shm_id_bucket(zone, job->id)];

    while (*slot != job) {
        slot = &(*slot)->next;
    }

    *slot = job->next;

    zone->sh->njobs--;
}


ngx_aime_shm_job_t *
ngx_aime_shm_id_find_locked(ngx_aime_zone_t *zone, const u_char *id)
{
    ngx_aime_shm_job_t  *job;

    job = zone->sh->buckets[ngx_aime_shm_id_bucket(zone, id)];

    while (job && ngx_memcmp(job->id, id, NGX_AIME_ID_LEN) != 0) {
        job = job->next;
    }

    return job;
}


void
ngx_aime_shm_id_walk(ngx_aime_zone_t *zone, ngx_aime_shm_id_walk_t *walk,
    const u_char *after)
{
    static const u_char  first[NGX_AIME_ID_LEN];

    walk->bucket = after ? ngx_aime_shm_id_bucket(zone, after) : 0;

    ngx_memcpy(walk->after, after ? after : first, NGX_AIME_ID_LEN);
}


ngx_aime_shm_job_t *
ngx_aime_shm_id_next_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_id_walk_t *walk)
{
    ngx_aime_shm_job_t  *job, *next;

    next = NULL;

    for (job = zone->sh->buckets[walk->bucket]; job; job = job->next) {

        if (ngx_memcmp(job->id, walk->after, NGX_AIME_ID_LEN) > 0
            && (next == NULL
                || ngx_memcmp(job->id, next->id, NGX_AIME_ID_LEN) < 0))
        {
            next = job;
        }
    }

    if (next) {
        ngx_memcpy(walk->after, next->id, NGX_AIME_ID_LEN);

    } else {
        walk->bucket++;
        ngx_memzero(walk->after, NGX_AIME_ID_LEN);
    }

    return next;
}


/* Ids are random. */

static ngx_uint_t
ngx_aime_shm_id_bucket(ngx_aime_zone_t *zone, const u_char *id)
{
    uint32_t  key;

    ngx_memcpy(&key, id, sizeof(key));

    return key & (zone->sh->nbuckets - 1);
}


void
ngx_aime_shm_deadline_add_locked(ngx_aime_zone_t *zone,
    ngx_rbtree_node_t *node, ngx_aime_deadline_e kind, ngx_msec_t due)
{
    node->key = due;
    node->data = kind;

    ngx_rbtree_insert(&zone->sh->deadlines, node);
}


void
ngx_aime_shm_deadline_remove_locked(ngx_aime_zone_t *zone,
    ngx_rbtree_node_t *node)
{
    ngx_rbtree_delete(&zone->sh->deadlines, node);
}


ngx_rbtree_node_t *
ngx_aime_shm_deadline_first_locked(ngx_aime_zone_t *zone)
{
    ngx_rbtree_t  *tree;

    tree = &zone->sh->deadlines;

    if (tree->root == tree->sentinel) {
        return NULL;
    }

    return ngx_rbtree_min(tree->root, tree->sentinel);
}

