/*
 * A line of jobs: they join it at its end, leave it anywhere, and each can be
 * asked how many stand before it.  Floor 1: knows not why they stand there.
 *
 * Who joins gets a spot, a bit of the last leaf's, which nobody gets again;
 * above the leaves are nodes that count what is in each of their children.  So
 * a rank takes a few cache lines, which lie close together, even among a
 * million: the jobs themselves are not looked at.  Leaves and nodes are slots
 * of the zone of the kind NGX_AIME_SHM_LINE, but for the first leaf, with which
 * a short line does.  A job that joins or leaves, and its rank, is O(log n).
 *
 * The zone's lock must be held.
 */

#ifndef NGX_AIME_SHM_LINE_H_INCLUDED
#define NGX_AIME_SHM_LINE_H_INCLUDED


#include "ngx_aime_shm_alloc.h"


#define NGX_AIME_LINE_FAN          64       /* spots, or children */


typedef struct ngx_aime_shm_line_node_s  ngx_aime_shm_line_node_t;

/* What leaves and nodes begin with. */

typedef struct {
    ngx_aime_shm_line_node_t    *parent;    /* NULL: the root */
    uint8_t                      index;     /* there */
    uint8_t                      given;     /* spots or children so far */
    uint8_t                      nlive;     /* children that are there */
    uint8_t                      leaf;
} ngx_aime_shm_line_head_t;

typedef struct {
    ngx_aime_shm_line_head_t     head;
    uint64_t                     taken;     /* spots */
} ngx_aime_shm_line_leaf_t;

struct ngx_aime_shm_line_node_s {
    ngx_aime_shm_line_head_t     head;
    uint32_t                     weight[NGX_AIME_LINE_FAN];
};

typedef struct {
    ngx_queue_t                  jobs;      /* spots, by link */
    ngx_uint_t                   njobs;
    ngx_aime_shm_line_leaf_t    *last;      /* NULL: the line is empty */
    ngx_aime_shm_line_leaf_t     first;
} ngx_aime_shm_line_t;

/* Where a job stands: a part of it. */

typedef struct {
    ngx_queue_t                  link;
    ngx_aime_shm_line_leaf_t    *leaf;
    ngx_uint_t                   bit;
} ngx_aime_shm_spot_t;


void ngx_aime_shm_line_init(ngx_aime_shm_line_t *line);

/* Makes room for one more, as append wants it.  NGX_ERROR: the zone is full. */
ngx_int_t ngx_aime_shm_line_room_locked(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_line_t *line);
void ngx_aime_shm_line_append_locked(ngx_aime_shm_line_t *line,
    ngx_aime_shm_spot_t *spot);
void ngx_aime_shm_line_remove_locked(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_line_t *line, ngx_aime_shm_spot_t *spot);

/* How many stand before that one. */
ngx_uint_t ngx_aime_shm_line_rank_locked(ngx_aime_shm_spot_t *spot);

/*
 * How many spots are taken in the slots of all lines, but for their first
 * leaves.  Adds the leaves without any, of which each line may have one, to
 * *nempty, and the nodes that should not be there any more.
 */
ngx_uint_t ngx_aime_shm_line_census_locked(ngx_aime_shm_arena_t *arena,
    ngx_uint_t *nempty);
ngx_uint_t ngx_aime_shm_line_taken(ngx_aime_shm_line_leaf_t *leaf);


#endif /* NGX_AIME_SHM_LINE_H_INCLUDED */
