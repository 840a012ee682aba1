/*
 * Many names, each of them once, and their numbers in the order they came.  A
 * crit-bit tree and no hash, since a client that chooses the names cannot make
 * it degenerate: the way down is never longer than the name has bits.  Floor 0:
 * plain C, knows no nginx.
 */

#ifndef AIME_NAMES_H_INCLUDED
#define AIME_NAMES_H_INCLUDED


#include "aime_str.h"


typedef struct aime_names_node_s  aime_names_node_t;

/* To be zeroed but for the pool.  Fewer than 2^31 names. */

typedef struct {
    aime_pool_t          *pool;
    aime_str_t           *elts;
    size_t                nelts;
    size_t                nalloc;
    aime_names_node_t    *nodes;    /* [i] came with elts[i]; [0]: unused */
    int                   root;
} aime_names_t;


/* The number of a name, nelts if it is none of them. */
size_t aime_names_find(const aime_names_t *names, aime_str_t name);

/* Adds a name that is none of them; it is not copied.  AIME_OK, AIME_NOMEM. */
int aime_names_add(aime_names_t *names, aime_str_t name);


#endif /* AIME_NAMES_H_INCLUDED */
