/*
 * Is the zone in order?  Every list, tree and count is compared with what is
 * in the arena's slots.  Takes time in proportion to the zone's contents: for
 * after a repair, and for tests.  Floor 2: changes nothing.
 */

#ifndef NGX_AIME_CHECK_H_INCLUDED
#define NGX_AIME_CHECK_H_INCLUDED


#include "ngx_aime_shm_zone.h"


/* NULL, or a text that says what is wrong first. */
const char *ngx_aime_check_locked(ngx_aime_zone_t *zone);


#endif /* NGX_AIME_CHECK_H_INCLUDED */
