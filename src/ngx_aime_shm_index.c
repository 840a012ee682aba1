
/*
 * Where jobs are found, see ngx_aime_shm_index.h.
 *
 * A queue is a treap: a binary tree in the order of the sequence numbers that
 * random priorities keep flat, each node knowing the weight of its subtree.
 * Its nodes are the jobs themselves, so nothing is allocated; the rank of a
 * job is summed up on the way from it to the root.
 */


#include "ngx_aime_shm_index.h"


static ngx_rbtree_node_t *ngx_aime_shm_key_lookup(ngx_rbtree_t *tree,
    ngx_rbtree_key_t key);
static void ngx_aime_shm_queue_insert(ngx_aime_shm_type_t *type,
    ngx_aime_shm_job_t *job);
static void ngx_aime_shm_queue_rotate_up(ngx_aime_shm_type_t *type,
    ngx_aime_shm_job_t *job);
static ngx_aime_shm_job_t **ngx_aime_shm_queue_slot(ngx_aime_shm_type_t *type,
    ngx_aime_shm_job_t *job);


#define ngx_aime_shm_weight(job)   ((job) ? (job)->weight : 0)


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
    job->node.key = ngx_aime_shm_id_key(job->id);

    ngx_rbtree_insert(&zone->sh->jobs, &job->node);
    zone->sh->njobs++;
}


void
ngx_aime_shm_id_remove_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job)
{
    ngx_rbtree_delete(&zone->sh->jobs, &job->node);
    zone->sh->njobs--;
}


ngx_aime_shm_job_t *
ngx_aime_shm_id_find_locked(ngx_aime_zone_t *zone, const u_char *id)
{
    return (ngx_aime_shm_job_t *)
               ngx_aime_shm_id_lookup(&zone->sh->jobs, id,
                                      offsetof(ngx_aime_shm_job_t, id));
}


void
ngx_aime_shm_queue_append_locked(ngx_aime_shm_type_t *type,
    ngx_aime_shm_job_t *job)
{
    job->sequence = ++type->back;
    ngx_aime_shm_queue_insert(type, job);
}


void
ngx_aime_shm_queue_push_front_locked(ngx_aime_shm_type_t *type,
    ngx_aime_shm_job_t *job)
{
    job->sequence = type->front--;
    ngx_aime_shm_queue_insert(type, job);
}


static void
ngx_aime_shm_queue_insert(ngx_aime_shm_type_t *type, ngx_aime_shm_job_t *job)
{
    ngx_aime_shm_job_t  *parent, **slot;

    parent = NULL;
    slot = &type->root;

    while (*slot) {
        parent = *slot;
        parent->weight++;

        slot = (job->sequence < parent->sequence) ? &parent->left
                                                  : &parent->right;
    }

    job->left = NULL;
    job->right = NULL;
    job->parent = parent;
    job->weight = 1;
    job->priority = (uint32_t) ngx_random();

    *slot = job;

    while (job->parent && job->priority > job->parent->priority) {
        ngx_aime_shm_queue_rotate_up(type, job);
    }
}


void
ngx_aime_shm_queue_remove_locked(ngx_aime_shm_type_t *type,
    ngx_aime_shm_job_t *job)
{
    ngx_aime_shm_job_t  *child, *p;

    while (job->left && job->right) {
        ngx_aime_shm_queue_rotate_up(type,
                         job->left->priority > job->right->priority
                         ? job->left : job->right);
    }

    child = job->left ? job->left : job->right;

    *ngx_aime_shm_queue_slot(type, job) = child;

    if (child) {
        child->parent = job->parent;
    }

    for (p = job->parent; p; p = p->parent) {
        p->weight--;
    }
}


/* Makes the job the parent of its parent, the order staying as it is. */

static void
ngx_aime_shm_queue_rotate_up(ngx_aime_shm_type_t *type,
    ngx_aime_shm_job_t *job)
{
    ngx_aime_shm_job_t  *parent, *inner;

    parent = job->parent;

    *ngx_aime_shm_queue_slot(type, parent) = job;
    job->parent = parent->parent;

    if (parent->left == job) {
        inner = job->right;
        parent->left = inner;
        job->right = parent;

    } else {
        inner = job->left;
        parent->right = inner;
        job->left = parent;
    }

    if (inner) {
        inner->parent = parent;
    }

    parent->parent = job;
    job->weight = parent->weight;
    parent->weight = 1 + ngx_aime_shm_weight(parent->left)
                       + ngx_aime_shm_weight(parent->right);
}


static ngx_aime_shm_job_t **
ngx_aime_shm_queue_slot(ngx_aime_shm_type_t *type, ngx_aime_shm_job_t *job)
{
    if (job->parent == NULL) {
        return &type->root;
    }

    return (job->parent->left == job) ? &job->parent->left
                                      : &job->parent->right;
}


ngx_aime_shm_job_t *
ngx_aime_shm_queue_first_locked(ngx_aime_shm_type_t *type)
{
    ngx_aime_shm_job_t  *job;

    job = type->root;

    while (job && job->left) {
        job = job->left;
    }

    return job;
}


ngx_uint_t
ngx_aime_shm_queue_rank_locked(ngx_aime_shm_job_t *job)
{
    ngx_uint_t  rank;

    rank = ngx_aime_shm_weight(job->left) + 1;

    for ( /* void */ ; job->parent; job = job->parent) {
        if (job == job->parent->right) {
            rank += ngx_aime_shm_weight(job->parent->left) + 1;
        }
    }

    return rank;
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

