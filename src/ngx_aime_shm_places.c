
/* Places in the order of taking, see ngx_aime_shm_places.h. */


#include "ngx_aime_shm_places.h"


/* more than a tree that fits into any memory has */

#define NGX_AIME_PLACES_LEVELS     16

/* neighbours of together so many become one */

#define NGX_AIME_PLACES_FEW        (NGX_AIME_PLACES_FAN * 3 / 4)


static ngx_int_t ngx_aime_shm_places_cut(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_places_t *places, uint64_t major, uint64_t minor);
static ngx_aime_shm_places_node_t *ngx_aime_shm_places_leaf(
    ngx_aime_shm_places_t *places, uint64_t major, uint64_t minor,
    ngx_int_t more);
static void ngx_aime_shm_places_add(ngx_aime_shm_places_node_t *node,
    ngx_uint_t i, uint64_t major, uint64_t minor, void *child,
    ngx_uint_t weight);
static void ngx_aime_shm_places_drop(ngx_aime_shm_places_node_t *node,
    ngx_uint_t i);
static ngx_int_t ngx_aime_shm_places_room(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_places_t *places, uint64_t major, uint64_t minor);
static ngx_int_t ngx_aime_shm_places_split(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_places_node_t *parent, ngx_uint_t i, ngx_uint_t last);
static void ngx_aime_shm_places_close(ngx_aime_shm_places_node_t *node,
    ngx_uint_t i);
static void ngx_aime_shm_places_shrunk(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_places_t *places, ngx_aime_shm_places_node_t *parent,
    ngx_uint_t i);
static void ngx_aime_shm_places_join(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_places_t *places, ngx_aime_shm_places_node_t *parent,
    ngx_uint_t i);
static ngx_uint_t ngx_aime_shm_places_run(ngx_aime_shm_places_node_t *node,
    ngx_uint_t i, uint64_t major, uint64_t minor);
static ngx_uint_t ngx_aime_shm_places_lower(ngx_aime_shm_places_node_t *node,
    uint64_t major, uint64_t minor);
static ngx_uint_t ngx_aime_shm_places_before(ngx_aime_shm_places_node_t *node,
    uint64_t major, uint64_t minor);
static ngx_uint_t ngx_aime_shm_places_child(ngx_aime_shm_places_node_t *node,
    uint64_t major, uint64_t minor);
static void ngx_aime_shm_places_move(ngx_aime_shm_places_node_t *to,
    ngx_uint_t i, ngx_aime_shm_places_node_t *from, ngx_uint_t j,
    ngx_uint_t n);
static ngx_uint_t ngx_aime_shm_places_weight(
    ngx_aime_shm_places_node_t *node);
static void ngx_aime_shm_places_free(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_places_t *places, ngx_aime_shm_places_node_t *node);
static ngx_int_t ngx_aime_shm_places_check(ngx_aime_shm_places_t *places,
    ngx_aime_shm_places_node_t *node, ngx_uint_t weight, ngx_uint_t *nslots);


void
ngx_aime_shm_places_init(ngx_aime_shm_places_t *places)
{
    places->root = NULL;
    places->n = 0;
}


ngx_int_t
ngx_aime_shm_places_insert_locked(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_places_t *places, uint64_t major, uint64_t minor,
    void *lane)
{
    ngx_uint_t                   i;
    ngx_aime_shm_places_node_t  *node;

    if (ngx_aime_shm_places_cut(arena, places, major, minor) != NGX_OK
        || ngx_aime_shm_places_room(arena, places, major, minor) != NGX_OK)
    {
        return NGX_ERROR;
    }

    node = ngx_aime_shm_places_leaf(places, major, minor, 1);
    i = ngx_aime_shm_places_lower(node, major, minor);

    if (i && node->child[i - 1] == lane
        && node->major[i - 1] + node->weight[i - 1] == major)
    {
        node->weight[i - 1]++;

    } else {
        ngx_aime_shm_places_add(node, i, major, minor, lane, 1);
    }

    places->n++;

    return NGX_OK;
}


/* Another lane's run that reaches beyond that key becomes two. */

static ngx_int_t
ngx_aime_shm_places_cut(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_places_t *places, uint64_t major, uint64_t minor)
{
    uint64_t                     from, turn;
    ngx_uint_t                   i, n, rest;
    ngx_aime_shm_places_node_t  *node;

    if (places->root == NULL) {
        return NGX_OK;
    }

    node = ngx_aime_shm_places_leaf(places, major, minor, 0);
    i = ngx_aime_shm_places_lower(node, major, minor);

    if (i == 0) {
        return NGX_OK;
    }

    n = ngx_aime_shm_places_run(node, i - 1, major, minor);
    rest = node->weight[i - 1] - n;

    if (rest == 0) {
        return NGX_OK;
    }

    from = node->major[i - 1] + n;
    turn = node->minor[i - 1];

    if (ngx_aime_shm_places_room(arena, places, from, turn) != NGX_OK) {
        return NGX_ERROR;
    }

    /* both are in one leaf, since no leaf begins within a run */

    node = ngx_aime_shm_places_leaf(places, from, turn, 0);
    i = ngx_aime_shm_places_lower(node, from, turn);

    node->weight[i - 1] = n;
    ngx_aime_shm_places_add(node, i, from, turn, node->child[i - 1], rest);

    return NGX_OK;
}


/* The leaf where that key is, or belongs, when it has got that many more. */

static ngx_aime_shm_places_node_t *
ngx_aime_shm_places_leaf(ngx_aime_shm_places_t *places, uint64_t major,
    uint64_t minor, ngx_int_t more)
{
    ngx_uint_t                   i;
    ngx_aime_shm_places_node_t  *node;

    for (node = places->root; node->level; node = node->child[i]) {
        i = ngx_aime_shm_places_child(node, major, minor);
        node->weight[i] += more;
    }

    return node;
}


static void
ngx_aime_shm_places_add(ngx_aime_shm_places_node_t *node, ngx_uint_t i,
    uint64_t major, uint64_t minor, void *child, ngx_uint_t weight)
{
    ngx_aime_shm_places_move(node, i + 1, node, i, node->n - i);

    node->major[i] = major;
    node->minor[i] = minor;
    node->child[i] = child;
    node->weight[i] = weight;
    node->n++;
}


static void
ngx_aime_shm_places_drop(ngx_aime_shm_places_node_t *node, ngx_uint_t i)
{
    node->n--;
    ngx_aime_shm_places_move(node, i, node, i + 1, node->n - i);
}


/* Splits whatever is full on the way to where that key belongs. */

static ngx_int_t
ngx_aime_shm_places_room(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_places_t *places, uint64_t major, uint64_t minor)
{
    ngx_uint_t                   i, last;
    ngx_aime_shm_places_node_t  *node, *child, *root;

    if (places->root == NULL) {
        places->root = &places->first;
        places->first.n = 0;
        places->first.level = 0;
    }

    root = places->root;

    if (root->n == NGX_AIME_PLACES_FAN) {
        node = ngx_aime_shm_alloc_locked(arena,
                                         sizeof(ngx_aime_shm_places_node_t));
        if (node == NULL) {
            return NGX_ERROR;
        }

        node->n = 1;
        node->level = root->level + 1;
        node->major[0] = 0;
        node->minor[0] = 0;
        node->child[0] = root;
        node->weight[0] = places->n;

        ngx_aime_shm_mark_locked(arena, node, NGX_AIME_SHM_PLACES);
        places->root = node;
    }

    for (node = places->root; node->level; node = node->child[i]) {
        i = ngx_aime_shm_places_child(node, major, minor);
        child = node->child[i];

        if (child->n < NGX_AIME_PLACES_FAN) {
            continue;
        }

        last = (ngx_aime_shm_places_lower(child, major, minor) == child->n);

        if (ngx_aime_shm_places_split(arena, node, i, last) != NGX_OK) {
            return NGX_ERROR;
        }

        i = ngx_aime_shm_places_child(node, major, minor);
    }

    return NGX_OK;
}


/*
 * Half of a full child, or its last entry if more are to come behind it, moves
 * to a new child of a parent that has room for it.
 */

static ngx_int_t
ngx_aime_shm_places_split(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_places_node_t *parent, ngx_uint_t i, ngx_uint_t last)
{
    ngx_uint_t                   keep;
    ngx_aime_shm_places_node_t  *node, *right;

    right = ngx_aime_shm_alloc_locked(arena,
                                      sizeof(ngx_aime_shm_places_node_t));
    if (right == NULL) {
        return NGX_ERROR;
    }

    node = parent->child[i];
    keep = last ? node->n - 1 : node->n / 2;

    right->n = node->n - keep;
    right->level = node->level;
    ngx_aime_shm_places_move(right, 0, node, keep, right->n);
    node->n = keep;

    ngx_aime_shm_mark_locked(arena, right, NGX_AIME_SHM_PLACES);

    ngx_aime_shm_places_add(parent, i + 1, right->major[0], right->minor[0],
                            right, ngx_aime_shm_places_weight(right));

    parent->weight[i] -= parent->weight[i + 1];

    return NGX_OK;
}


void
ngx_aime_shm_places_remove_locked(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_places_t *places, uint64_t major, uint64_t minor)
{
    ngx_uint_t                   i, level;
    ngx_aime_shm_places_node_t  *node, *path[NGX_AIME_PLACES_LEVELS];
    ngx_uint_t                   at[NGX_AIME_PLACES_LEVELS];

    for (node = places->root; node->level; node = node->child[i]) {
        i = ngx_aime_shm_places_child(node, major, minor);
        node->weight[i]--;

        path[node->level] = node;
        at[node->level] = i;
    }

    /* the first of its run, or the last one */

    i = ngx_aime_shm_places_child(node, major, minor);
    node->major[i] += (node->major[i] == major);

    if (--node->weight[i] == 0) {
        ngx_aime_shm_places_drop(node, i);
        ngx_aime_shm_places_close(node, i);
    }

    places->n--;

    for (level = 1; level <= places->root->level; level++) {
        ngx_aime_shm_places_shrunk(arena, places, path[level], at[level]);
    }

    while (places->root->level && places->root->n == 1) {
        node = places->root;
        places->root = node->child[0];
        ngx_aime_shm_places_free(arena, places, node);
    }

    if (places->n == 0) {
        ngx_aime_shm_places_free(arena, places, places->root);
        places->root = NULL;
    }
}


/* Two runs of a lane that nothing stands between any more become one. */

static void
ngx_aime_shm_places_close(ngx_aime_shm_places_node_t *node, ngx_uint_t i)
{
    if (i && i < node->n
        && node->child[i - 1] == node->child[i]
        && node->major[i - 1] + node->weight[i - 1] == node->major[i])
    {
        node->weight[i - 1] += node->weight[i];
        ngx_aime_shm_places_drop(node, i);
    }
}


/* A child has become smaller: it may be empty, or not worth a slot. */

static void
ngx_aime_shm_places_shrunk(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_places_t *places, ngx_aime_shm_places_node_t *parent,
    ngx_uint_t i)
{
    ngx_aime_shm_places_node_t  *child;

    if (parent->n == 1) {
        child = parent->child[0];

        if (child->n == 0) {
            ngx_aime_shm_places_free(arena, places, child);
            parent->n = 0;
        }

        return;
    }

    if (i + 1 < parent->n) {
        ngx_aime_shm_places_join(arena, places, parent, i);
    }

    if (i) {
        ngx_aime_shm_places_join(arena, places, parent, i - 1);
    }
}


/* That child and the next one, if both together are few. */

static void
ngx_aime_shm_places_join(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_places_t *places, ngx_aime_shm_places_node_t *parent,
    ngx_uint_t i)
{
    ngx_aime_shm_places_node_t  *left, *right;

    left = parent->child[i];
    right = parent->child[i + 1];

    if (left->n && right->n && left->n + right->n > NGX_AIME_PLACES_FEW) {
        return;
    }

    ngx_aime_shm_places_move(left, left->n, right, 0, right->n);

    /* the key of a first child says nothing, but here it is not the first */

    if (right->level && right->n) {
        left->major[left->n] = parent->major[i + 1];
        left->minor[left->n] = parent->minor[i + 1];
    }

    left->n += right->n;
    parent->weight[i] += parent->weight[i + 1];

    ngx_aime_shm_places_drop(parent, i + 1);
    ngx_aime_shm_places_free(arena, places, right);
}


void *
ngx_aime_shm_places_from_locked(ngx_aime_shm_places_t *places,
    uint64_t *major, uint64_t *minor)
{
    ngx_uint_t                   i, n;
    ngx_aime_shm_places_node_t  *node, *next;

    if (places->root == NULL) {
        return NULL;
    }

    next = NULL;

    for (node = places->root; node->level; node = node->child[i]) {
        i = ngx_aime_shm_places_before(node, *major, *minor);

        if (i + 1 < node->n) {
            next = node->child[i + 1];
        }
    }

    i = ngx_aime_shm_places_lower(node, *major, *minor);

    if (i) {
        n = ngx_aime_shm_places_run(node, i - 1, *major, *minor);

        if (n < node->weight[i - 1]) {
            *major = node->major[i - 1] + n;
            *minor = node->minor[i - 1];

            return node->child[i - 1];
        }
    }

    if (i == node->n) {
        if (next == NULL) {
            return NULL;
        }

        for (node = next; node->level; node = node->child[0]) {
            /* void */
        }

        i = 0;
    }

    *major = node->major[i];
    *minor = node->minor[i];

    return node->child[i];
}


ngx_uint_t
ngx_aime_shm_places_below_locked(ngx_aime_shm_places_t *places,
    uint64_t major, uint64_t minor)
{
    ngx_uint_t                   i, n, last;
    ngx_aime_shm_places_node_t  *node;

    n = 0;

    for (node = places->root; node; node = node->child[last]) {
        last = ngx_aime_shm_places_before(node, major, minor);

        for (i = 0; i < last; i++) {
            n += node->weight[i];
        }

        if (node->level == 0) {
            return n + ngx_aime_shm_places_run(node, last, major, minor);
        }
    }

    return n;
}


/* How many places of a run have a lower key. */

static ngx_uint_t
ngx_aime_shm_places_run(ngx_aime_shm_places_node_t *node, ngx_uint_t i,
    uint64_t major, uint64_t minor)
{
    uint64_t  n;

    if (major < node->major[i]) {
        return 0;
    }

    n = major - node->major[i] + (minor > node->minor[i]);

    return ngx_min(n, node->weight[i]);
}


/* How many entries of a node have a lower key. */

static ngx_uint_t
ngx_aime_shm_places_lower(ngx_aime_shm_places_node_t *node, uint64_t major,
    uint64_t minor)
{
    ngx_uint_t  low, high, middle;

    low = 0;
    high = node->n;

    while (low < high) {
        middle = (low + high) / 2;

        if (node->major[middle] < major
            || (node->major[middle] == major && node->minor[middle] < minor))
        {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


/* The last child that may have lower keys. */

static ngx_uint_t
ngx_aime_shm_places_before(ngx_aime_shm_places_node_t *node, uint64_t major,
    uint64_t minor)
{
    ngx_uint_t  n;

    n = ngx_aime_shm_places_lower(node, major, minor);

    return n ? n - 1 : 0;
}


/* The child where that key is, or belongs. */

static ngx_uint_t
ngx_aime_shm_places_child(ngx_aime_shm_places_node_t *node, uint64_t major,
    uint64_t minor)
{
    return ngx_aime_shm_places_before(node, major, minor + 1);
}


static void
ngx_aime_shm_places_move(ngx_aime_shm_places_node_t *to, ngx_uint_t i,
    ngx_aime_shm_places_node_t *from, ngx_uint_t j, ngx_uint_t n)
{
    ngx_memmove(&to->major[i], &from->major[j], n * sizeof(uint64_t));
    ngx_memmove(&to->minor[i], &from->minor[j], n * sizeof(uint64_t));
    ngx_memmove(&to->child[i], &from->child[j], n * sizeof(void *));
    ngx_memmove(&to->weight[i], &from->weight[j], n * sizeof(uint32_t));
}


static ngx_uint_t
ngx_aime_shm_places_weight(ngx_aime_shm_places_node_t *node)
{
    ngx_uint_t  i, n;

    n = 0;

    for (i = 0; i < node->n; i++) {
        n += node->weight[i];
    }

    return n;
}


static void
ngx_aime_shm_places_free(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_places_t *places, ngx_aime_shm_places_node_t *node)
{
    if (node != &places->first) {
        ngx_aime_shm_free_locked(arena, node);
    }
}


ngx_int_t
ngx_aime_shm_places_check_locked(ngx_aime_shm_places_t *places,
    ngx_uint_t *nslots)
{
    if (places->root == NULL) {
        return places->n ? NGX_ERROR : NGX_OK;
    }

    return ngx_aime_shm_places_check(places, places->root, places->n, nslots);
}


static ngx_int_t
ngx_aime_shm_places_check(ngx_aime_shm_places_t *places,
    ngx_aime_shm_places_node_t *node, ngx_uint_t weight, ngx_uint_t *nslots)
{
    ngx_uint_t                   i;
    ngx_aime_shm_places_node_t  *child;

    *nslots += (node != &places->first);

    if (node->n == 0 || ngx_aime_shm_places_weight(node) != weight) {
        return NGX_ERROR;
    }

    for (i = 0; node->level && i < node->n; i++) {
        child = node->child[i];

        if (child->level != node->level - 1
            || ngx_aime_shm_places_check(places, child, node->weight[i],
                                         nslots)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
