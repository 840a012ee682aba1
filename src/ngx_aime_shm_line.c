
/* Lines of jobs, see ngx_aime_shm_line.h. */


#include "ngx_aime_shm_line.h"


/* more than a line of any length has */

#define NGX_AIME_LINE_LEVELS       12


static ngx_aime_shm_line_leaf_t *ngx_aime_shm_line_extend(
    ngx_aime_shm_arena_t *arena, ngx_aime_shm_line_t *line);
static void ngx_aime_shm_line_adopt(ngx_aime_shm_line_node_t *parent,
    ngx_aime_shm_line_head_t *child, ngx_uint_t weight);
static void ngx_aime_shm_line_free(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_line_t *line, ngx_aime_shm_line_head_t *node);


void
ngx_aime_shm_line_init(ngx_aime_shm_line_t *line)
{
    ngx_queue_init(&line->jobs);

    line->njobs = 0;
    line->last = NULL;
}


ngx_int_t
ngx_aime_shm_line_room_locked(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_line_t *line)
{
    ngx_aime_shm_line_leaf_t  *leaf;

    if (line->last == NULL) {
        leaf = &line->first;
        ngx_memzero(leaf, sizeof(ngx_aime_shm_line_leaf_t));

    } else if (line->last->head.given < NGX_AIME_LINE_FAN) {
        return NGX_OK;

    } else {
        leaf = ngx_aime_shm_line_extend(arena, line);
    }

    if (leaf == NULL) {
        return NGX_ERROR;
    }

    leaf->head.leaf = 1;
    line->last = leaf;

    return NGX_OK;
}


/*
 * A new leaf under the lowest node of the line's end that has room, or under a
 * new root; and nodes between, since all leaves are equally far below it.
 */

static ngx_aime_shm_line_leaf_t *
ngx_aime_shm_line_extend(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_line_t *line)
{
    void                      *made[NGX_AIME_LINE_LEVELS];
    ngx_uint_t                 i, n;
    ngx_aime_shm_line_head_t  *full;
    ngx_aime_shm_line_node_t  *parent;

    full = &line->last->head;
    n = 1;

    while (full->parent && full->parent->head.given == NGX_AIME_LINE_FAN) {
        full = &full->parent->head;
        n++;
    }

    n += (full->parent == NULL);

    for (i = 0; i < n; i++) {
        made[i] = ngx_aime_shm_calloc_locked(arena,
                                      i ? sizeof(ngx_aime_shm_line_node_t)
                                        : sizeof(ngx_aime_shm_line_leaf_t));
        if (made[i] == NULL) {
            while (i--) {
                ngx_aime_shm_free_locked(arena, made[i]);
            }

            return NULL;
        }

        ngx_aime_shm_mark_locked(arena, made[i], NGX_AIME_SHM_LINE);
    }

    if (full->parent == NULL) {
        ngx_aime_shm_line_adopt(made[--n], full, line->njobs);
    }

    parent = full->parent;

    while (n--) {
        ngx_aime_shm_line_adopt(parent, made[n], 0);
        parent = made[n];
    }

    return made[0];
}


static void
ngx_aime_shm_line_adopt(ngx_aime_shm_line_node_t *parent,
    ngx_aime_shm_line_head_t *child, ngx_uint_t weight)
{
    child->parent = parent;
    child->index = parent->head.given++;

    parent->weight[child->index] = weight;
    parent->head.nlive++;
}


void
ngx_aime_shm_line_append_locked(ngx_aime_shm_line_t *line,
    ngx_aime_shm_spot_t *spot)
{
    ngx_aime_shm_line_head_t  *node;

    spot->leaf = line->last;
    spot->bit = line->last->head.given++;
    spot->leaf->taken |= (uint64_t) 1 << spot->bit;

    for (node = &spot->leaf->head; node->parent; node = &node->parent->head) {
        node->parent->weight[node->index]++;
    }

    ngx_queue_insert_tail(&line->jobs, &spot->link);
    line->njobs++;
}


/* What is empty then goes, but for the leaf that is still open. */

void
ngx_aime_shm_line_remove_locked(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_line_t *line, ngx_aime_shm_spot_t *spot)
{
    ngx_uint_t                 empty;
    ngx_aime_shm_line_head_t  *node, *child;
    ngx_aime_shm_line_node_t  *parent;

    ngx_queue_remove(&spot->link);
    line->njobs--;

    spot->leaf->taken &= ~((uint64_t) 1 << spot->bit);
    empty = (spot->leaf->taken == 0 && spot->leaf != line->last);

    for (node = &spot->leaf->head; node->parent; node = &parent->head) {
        parent = node->parent;
        parent->weight[node->index]--;

        if (empty) {
            ngx_aime_shm_line_free(arena, line, node);
            empty = (--parent->head.nlive == 0);
        }
    }

    /* a root with one child, which is at the line's end, is not needed */

    while (node->nlive == 1) {
        child = &line->last->head;

        while (&child->parent->head != node) {
            child = &child->parent->head;
        }

        ngx_aime_shm_line_free(arena, line, node);
        child->parent = NULL;
        node = child;
    }

    if (line->njobs == 0) {
        ngx_aime_shm_line_free(arena, line, node);
        line->last = NULL;
    }
}


static void
ngx_aime_shm_line_free(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_line_t *line, ngx_aime_shm_line_head_t *node)
{
    if (node != &line->first.head) {
        ngx_aime_shm_free_locked(arena, node);
    }
}


ngx_uint_t
ngx_aime_shm_line_rank_locked(ngx_aime_shm_spot_t *spot)
{
    ngx_uint_t                 i, n;
    ngx_aime_shm_line_head_t  *node;

    n = __builtin_popcountll(spot->leaf->taken
                             & (((uint64_t) 1 << spot->bit) - 1));

    for (node = &spot->leaf->head; node->parent; node = &node->parent->head) {
        for (i = 0; i < node->index; i++) {
            n += node->parent->weight[i];
        }
    }

    return n;
}


ngx_uint_t
ngx_aime_shm_line_census_locked(ngx_aime_shm_arena_t *arena,
    ngx_uint_t *nempty)
{
    ngx_uint_t                 n, taken;
    ngx_aime_shm_line_head_t  *node;

    node = NULL;
    n = 0;

    while ((node = ngx_aime_shm_next_locked(arena, NGX_AIME_SHM_LINE, node))) {

        if (node->leaf) {
            taken = ngx_aime_shm_line_taken((ngx_aime_shm_line_leaf_t *) node);
            *nempty += (taken == 0);
            n += taken;

        } else {
            *nempty += (node->nlive == 0);
        }
    }

    return n;
}


ngx_uint_t
ngx_aime_shm_line_taken(ngx_aime_shm_line_leaf_t *leaf)
{
    return __builtin_popcountll(leaf->taken);
}
