/*
 * Places in the order of taking: keys of two numbers, each the place of a lane.
 * The minor one is always the same for a lane, and its major ones follow each
 * other without a gap: where no other lane's places stand between, they are one
 * run.  A B+-tree of runs that knows how many places are below each of its
 * nodes, which are slots of the zone of the kind NGX_AIME_SHM_PLACES, but for
 * the first one: what is looked up among a million runs touches four nodes.
 * All is O(log n).  Floor 1: knows not what a lane is.
 *
 * The zone's lock must be held.
 */

#ifndef NGX_AIME_SHM_PLACES_H_INCLUDED
#define NGX_AIME_SHM_PLACES_H_INCLUDED


#include "ngx_aime_shm_alloc.h"


#define NGX_AIME_PLACES_FAN        31


typedef struct {
    uint32_t                     n;
    uint32_t                     level;     /* 0: a leaf */

    /* of a run's first place, or not above any in the child, but the first */
    uint64_t                     major[NGX_AIME_PLACES_FAN];
    uint64_t                     minor[NGX_AIME_PLACES_FAN];

    void                        *child[NGX_AIME_PLACES_FAN];    /* or lane */
    uint32_t                     weight[NGX_AIME_PLACES_FAN];   /* places */
} ngx_aime_shm_places_node_t;

typedef struct {
    ngx_aime_shm_places_node_t  *root;      /* NULL: there are none */
    ngx_uint_t                   n;
    ngx_aime_shm_places_node_t   first;
} ngx_aime_shm_places_t;


void ngx_aime_shm_places_init(ngx_aime_shm_places_t *places);

/*
 * A key that is not there yet, behind the lane's last one.  NGX_ERROR: the zone
 * is full.
 */
ngx_int_t ngx_aime_shm_places_insert_locked(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_places_t *places, uint64_t major, uint64_t minor,
    void *lane);

/* A key that is there, the lane's first or last one. */
void ngx_aime_shm_places_remove_locked(ngx_aime_shm_arena_t *arena,
    ngx_aime_shm_places_t *places, uint64_t major, uint64_t minor);

/*
 * The lane of the first place with that key or a higher one, which then stands
 * in major and minor; NULL: none.
 */
void *ngx_aime_shm_places_from_locked(ngx_aime_shm_places_t *places,
    uint64_t *major, uint64_t *minor);

/* How many have a lower key than that. */
ngx_uint_t ngx_aime_shm_places_below_locked(ngx_aime_shm_places_t *places,
    uint64_t major, uint64_t minor);

/*
 * Adds the slots that the tree has to *nslots.  NGX_ERROR: it is not what it
 * says.
 */
ngx_int_t ngx_aime_shm_places_check_locked(ngx_aime_shm_places_t *places,
    ngx_uint_t *nslots);


#endif /* NGX_AIME_SHM_PLACES_H_INCLUDED */
