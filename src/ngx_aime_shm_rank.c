
/* Trees that know the rank of what is in them, see ngx_aime_shm_rank.h. */


#include "ngx_aime_shm_rank.h"


#define ngx_aime_shm_rank_less(node, a, b)                                    \
    ((node)->major < (a) || ((node)->major == (a) && (node)->minor < (b)))


static void ngx_aime_shm_rank_rotate_up(ngx_aime_shm_rank_t **root,
    ngx_aime_shm_rank_t *node);
static ngx_aime_shm_rank_t **ngx_aime_shm_rank_slot(
    ngx_aime_shm_rank_t **root, ngx_aime_shm_rank_t *node);


void
ngx_aime_shm_rank_insert(ngx_aime_shm_rank_t **root,
    ngx_aime_shm_rank_t *node)
{
    ngx_aime_shm_rank_t  *parent, **slot;

    parent = NULL;
    slot = root;

    while (*slot) {
        parent = *slot;
        parent->weight++;

        slot = ngx_aime_shm_rank_less(parent, node->major, node->minor)
               ? &parent->right : &parent->left;
    }

    node->left = NULL;
    node->right = NULL;
    node->parent = parent;
    node->weight = 1;
    node->priority = (uint32_t) ngx_random();

    *slot = node;

    while (node->parent && node->priority > node->parent->priority) {
        ngx_aime_shm_rank_rotate_up(root, node);
    }
}


void
ngx_aime_shm_rank_remove(ngx_aime_shm_rank_t **root,
    ngx_aime_shm_rank_t *node)
{
    ngx_aime_shm_rank_t  *child, *p;

    while (node->left && node->right) {
        ngx_aime_shm_rank_rotate_up(root,
                         node->left->priority > node->right->priority
                         ? node->left : node->right);
    }

    child = node->left ? node->left : node->right;

    *ngx_aime_shm_rank_slot(root, node) = child;

    if (child) {
        child->parent = node->parent;
    }

    for (p = node->parent; p; p = p->parent) {
        p->weight--;
    }
}


/* Makes the node the parent of its parent, the order staying as it is. */

static void
ngx_aime_shm_rank_rotate_up(ngx_aime_shm_rank_t **root,
    ngx_aime_shm_rank_t *node)
{
    ngx_aime_shm_rank_t  *parent, *inner;

    parent = node->parent;

    *ngx_aime_shm_rank_slot(root, parent) = node;
    node->parent = parent->parent;

    if (parent->left == node) {
        inner = node->right;
        parent->left = inner;
        node->right = parent;

    } else {
        inner = node->left;
        parent->right = inner;
        node->left = parent;
    }

    if (inner) {
        inner->parent = parent;
    }

    parent->parent = node;
    node->weight = parent->weight;
    parent->weight = 1 + ngx_aime_shm_rank_weight(parent->left)
                       + ngx_aime_shm_rank_weight(parent->right);
}


/* What points to the node. */

static ngx_aime_shm_rank_t **
ngx_aime_shm_rank_slot(ngx_aime_shm_rank_t **root, ngx_aime_shm_rank_t *node)
{
    if (node->parent == NULL) {
        return root;
    }

    return (node->parent->left == node) ? &node->parent->left
                                        : &node->parent->right;
}


ngx_aime_shm_rank_t *
ngx_aime_shm_rank_from(ngx_aime_shm_rank_t *root, uint64_t major,
    uint64_t minor)
{
    ngx_aime_shm_rank_t  *found;

    found = NULL;

    while (root) {
        if (ngx_aime_shm_rank_less(root, major, minor)) {
            root = root->right;

        } else {
            found = root;
            root = root->left;
        }
    }

    return found;
}


ngx_uint_t
ngx_aime_shm_rank_below(ngx_aime_shm_rank_t *root, uint64_t major,
    uint64_t minor)
{
    ngx_uint_t  n;

    n = 0;

    while (root) {
        if (ngx_aime_shm_rank_less(root, major, minor)) {
            n += ngx_aime_shm_rank_weight(root->left) + 1;
            root = root->right;

        } else {
            root = root->left;
        }
    }

    return n;
}
