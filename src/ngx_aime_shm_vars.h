/*
 * Sessions of session variables, as the cookie "session" names them: each has
 * a payload with all its values.  Floor 1: knows neither cookies nor what the
 * values mean.
 */

#ifndef NGX_AIME_SHM_VARS_H_INCLUDED
#define NGX_AIME_SHM_VARS_H_INCLUDED


#include "ngx_aime_shm_zone.h"


#define NGX_AIME_MAX_VARS          131072
#define NGX_AIME_VARS_SHARE        8        /* of the zone at most, one part */


/*
 * Makes a session of that id, which must not be taken.  NULL: the zone is
 * full.  Here and below, beyond NGX_AIME_MAX_VARS sessions, or where they
 * take more than an eighth of the zone, those that were idle longest give way.
 */
ngx_aime_shm_vars_t *ngx_aime_shm_vars_create_locked(ngx_aime_zone_t *zone,
    const u_char *id);

/* The same with the values of another one. */
ngx_aime_shm_vars_t *ngx_aime_shm_vars_copy_locked(ngx_aime_zone_t *zone,
    const u_char *id, ngx_aime_shm_vars_t *from);

/* The session of that id, if it is not too old; it counts as used now. */
ngx_aime_shm_vars_t *ngx_aime_shm_vars_find_locked(ngx_aime_zone_t *zone,
    const u_char *id);

/*
 * The same for a job of that session, which may have outlived it: however old,
 * and made anew where it is gone.  NULL: the zone is full.
 */
ngx_aime_shm_vars_t *ngx_aime_shm_vars_revive_locked(ngx_aime_zone_t *zone,
    const u_char *id);

/* Gives it new values, whose reference is the session's from then on. */
void ngx_aime_shm_vars_set_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_vars_t *vars, ngx_aime_shm_payload_t *values);

/* Deletes the one that was idle longest; 0: there is none. */
ngx_uint_t ngx_aime_shm_vars_give_way_locked(ngx_aime_zone_t *zone);

/* Deletes up to max of those that were idle for zone->session_idle. */
void ngx_aime_shm_vars_expire_locked(ngx_aime_zone_t *zone, ngx_uint_t max);

/*
 * For a repair, while payloads are counted again: links all sessions again.
 * Which of them was used last is forgotten.
 */
void ngx_aime_shm_vars_relink_locked(ngx_aime_zone_t *zone);

/* What a session takes of the zone. */
size_t ngx_aime_shm_vars_size(ngx_aime_shm_vars_t *vars);


#endif /* NGX_AIME_SHM_VARS_H_INCLUDED */
