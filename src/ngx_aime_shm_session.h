/*
 * Client session keys, as /<endpoint>/login hands them out.  Floor 1: knows
 * not what a session may do.
 */

#ifndef NGX_AIME_SHM_SESSION_H_INCLUDED
#define NGX_AIME_SHM_SESSION_H_INCLUDED


#include "ngx_aime_shm_zone.h"


#define NGX_AIME_MAX_SESSIONS      131072
#define NGX_AIME_SESSION_SHARE     8        /* of the zone at most, one part */


/*
 * Makes a session of that id, which must not be taken.  owner is the API key
 * that it stands for, NULL: none, the session stands for itself.  Beyond
 * NGX_AIME_MAX_SESSIONS, or beyond an eighth of the zone, the one that was
 * idle longest gives way.  NGX_ERROR: the zone is full.
 */
ngx_int_t ngx_aime_shm_session_create_locked(ngx_aime_zone_t *zone,
    const u_char *id, const u_char *owner);

/* The session of that id, if it is not too old; it counts as used now. */
ngx_aime_shm_session_t *ngx_aime_shm_session_find_locked(
    ngx_aime_zone_t *zone, const u_char *id);

/* Ends a session; 0: there was none. */
ngx_uint_t ngx_aime_shm_session_end_locked(ngx_aime_zone_t *zone,
    const u_char *id);

/* Deletes up to max of those that were idle for zone->session_idle. */
void ngx_aime_shm_session_expire_locked(ngx_aime_zone_t *zone,
    ngx_uint_t max);

/*
 * For a repair: links all sessions again.  Which of them was used last is
 * forgotten: some may outstay their time by as much again.
 */
void ngx_aime_shm_session_relink_locked(ngx_aime_zone_t *zone);


#endif /* NGX_AIME_SHM_SESSION_H_INCLUDED */
