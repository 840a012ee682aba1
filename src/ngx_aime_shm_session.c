
/* Client session keys, see ngx_aime_shm_session.h. */


#include "ngx_aime_shm_session.h"
#include "ngx_aime_shm_index.h"


#define ngx_aime_shm_session_expired(zone, session)                           \
    (ngx_current_msec - (session)->used >= (zone)->session_idle               \
     && (ngx_msec_int_t) (ngx_current_msec - (session)->used) > 0)


static void ngx_aime_shm_session_link(ngx_aime_zone_t *zone,
    ngx_aime_shm_session_t *session);
static void ngx_aime_shm_session_delete(ngx_aime_zone_t *zone,
    ngx_aime_shm_session_t *session);


ngx_int_t
ngx_aime_shm_session_create_locked(ngx_aime_zone_t *zone, const u_char *id,
    const u_char *owner)
{
    ngx_uint_t               max;
    ngx_queue_t             *q;
    ngx_aime_shm_t          *sh;
    ngx_aime_shm_session_t  *session;

    sh = zone->sh;

    max = sh->arena.nblocks * NGX_AIME_SHM_BLOCK_SIZE / NGX_AIME_SESSION_SHARE
          / sizeof(ngx_aime_shm_session_t);

    if (sh->nsessions >= ngx_min(max, NGX_AIME_MAX_SESSIONS)) {
        q = ngx_queue_head(&sh->sessions_used);
        ngx_aime_shm_session_delete(zone,
                             ngx_queue_data(q, ngx_aime_shm_session_t, link));
    }

    session = ngx_aime_shm_calloc_locked(&sh->arena,
                                         sizeof(ngx_aime_shm_session_t));
    if (session == NULL) {
        return NGX_ERROR;
    }

    session->keyless = (owner == NULL);
    session->used = ngx_current_msec;

    ngx_memcpy(session->id, id, NGX_AIME_ID_LEN);
    ngx_memcpy(session->owner, owner ? owner : id, NGX_AIME_ID_LEN);

    ngx_aime_shm_session_link(zone, session);

    ngx_aime_shm_mark_locked(&sh->arena, session, NGX_AIME_SHM_SESSION);

    return NGX_OK;
}


ngx_aime_shm_session_t *
ngx_aime_shm_session_find_locked(ngx_aime_zone_t *zone, const u_char *id)
{
    ngx_aime_shm_session_t  *session;

    session = (ngx_aime_shm_session_t *)
                  ngx_aime_shm_id_lookup(&zone->sh->sessions, id,
                                        offsetof(ngx_aime_shm_session_t, id));
    if (session == NULL || ngx_aime_shm_session_expired(zone, session)) {
        return NULL;
    }

    session->used = ngx_current_msec;

    ngx_queue_remove(&session->link);
    ngx_queue_insert_tail(&zone->sh->sessions_used, &session->link);

    return session;
}


ngx_uint_t
ngx_aime_shm_session_end_locked(ngx_aime_zone_t *zone, const u_char *id)
{
    ngx_aime_shm_session_t  *session;

    session = ngx_aime_shm_session_find_locked(zone, id);

    if (session == NULL) {
        return 0;
    }

    ngx_aime_shm_session_delete(zone, session);

    return 1;
}


void
ngx_aime_shm_session_expire_locked(ngx_aime_zone_t *zone, ngx_uint_t max)
{
    ngx_queue_t             *q;
    ngx_aime_shm_session_t  *session;

    while (max-- && !ngx_queue_empty(&zone->sh->sessions_used)) {

        q = ngx_queue_head(&zone->sh->sessions_used);
        session = ngx_queue_data(q, ngx_aime_shm_session_t, link);

        if (!ngx_aime_shm_session_expired(zone, session)) {
            return;
        }

        ngx_aime_shm_session_delete(zone, session);
    }
}


void
ngx_aime_shm_session_relink_locked(ngx_aime_zone_t *zone)
{
    ngx_aime_shm_session_t  *session;

    session = NULL;

    while ((session = ngx_aime_shm_next_locked(&zone->sh->arena,
                                            NGX_AIME_SHM_SESSION, session)))
    {
        ngx_aime_shm_session_link(zone, session);
    }
}


static void
ngx_aime_shm_session_link(ngx_aime_zone_t *zone,
    ngx_aime_shm_session_t *session)
{
    session->node.key = ngx_aime_shm_id_key(session->id);

    ngx_rbtree_insert(&zone->sh->sessions, &session->node);
    ngx_queue_insert_tail(&zone->sh->sessions_used, &session->link);
    zone->sh->nsessions++;
}


static void
ngx_aime_shm_session_delete(ngx_aime_zone_t *zone,
    ngx_aime_shm_session_t *session)
{
    ngx_aime_shm_mark_locked(&zone->sh->arena, session, NGX_AIME_SHM_DRAFT);

    ngx_rbtree_delete(&zone->sh->sessions, &session->node);
    ngx_queue_remove(&session->link);
    zone->sh->nsessions--;

    ngx_aime_shm_free_locked(&zone->sh->arena, session);
}

