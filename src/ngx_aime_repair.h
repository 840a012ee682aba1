/*
 * The repair of the zone after a process was killed while it held the lock.
 *
 * What is in the slots of the arena is never in doubt: a slot is marked as
 * what it is when that is whole, and as a draft before it is taken apart.  So
 * all trees, lists, counts and references are made anew from the slots, and a
 * job is what its state says.  A job is then neither lost nor twice there: at
 * worst the last step of the killed process has not happened.
 *
 * Takes time in proportion to the zone's contents, once for each such death.
 * May be cut short itself: it then begins anew.  Floor 2.
 */

#ifndef NGX_AIME_REPAIR_H_INCLUDED
#define NGX_AIME_REPAIR_H_INCLUDED


#include "ngx_aime_shm_zone.h"


/* For zone->repair: called with the lock held; sets nrepairs and damage. */
void ngx_aime_repair_locked(ngx_aime_zone_t *zone);


#endif /* NGX_AIME_REPAIR_H_INCLUDED */
