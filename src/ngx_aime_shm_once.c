
/* Requests that are not to be done twice, see ngx_aime_shm_once.h. */


#include "ngx_aime_shm_once.h"
#include "ngx_aime_shm_index.h"


ngx_aime_shm_once_t *
ngx_aime_shm_once_find_locked(ngx_aime_zone_t *zone, const u_char *id)
{
    return (ngx_aime_shm_once_t *)
               ngx_aime_shm_id_lookup(&zone->sh->onces, id,
                                      offsetof(ngx_aime_shm_once_t, id));
}


ngx_int_t
ngx_aime_shm_once_set_locked(ngx_aime_zone_t *zone, ngx_aime_shm_job_t *job,
    const u_char *id, const u_char *inputs)
{
    ngx_aime_shm_once_t  *once;

    once = ngx_aime_shm_once_find_locked(zone, id);

    if (once) {
        ngx_aime_shm_once_free_locked(zone, once);
    }

    once = ngx_aime_shm_alloc_locked(&zone->sh->arena,
                                     sizeof(ngx_aime_shm_once_t));
    if (once == NULL) {
        return NGX_ERROR;
    }

    once->node.key = ngx_aime_shm_id_key(id);
    once->job = job;
    ngx_memcpy(once->id, id, NGX_AIME_ID_LEN);
    ngx_memcpy(once->inputs, inputs, NGX_AIME_ID_LEN);

    ngx_rbtree_insert(&zone->sh->onces, &once->node);

    job->once = once;
    ngx_aime_shm_mark_locked(&zone->sh->arena, once, NGX_AIME_SHM_ONCE);

    return NGX_OK;
}


/* The job's pointer first: to who repairs, one without a job is none. */

void
ngx_aime_shm_once_free_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_once_t *once)
{
    once->job->once = NULL;

    ngx_rbtree_delete(&zone->sh->onces, &once->node);
    ngx_aime_shm_free_locked(&zone->sh->arena, once);
}


void
ngx_aime_shm_once_relink_locked(ngx_aime_zone_t *zone)
{
    ngx_aime_shm_once_t   *once;
    ngx_aime_shm_arena_t  *arena;

    arena = &zone->sh->arena;
    once = NULL;

    while ((once = ngx_aime_shm_next_locked(arena, NGX_AIME_SHM_ONCE, once))) {

        if (ngx_aime_shm_kind_locked(arena, once->job) == NGX_AIME_SHM_JOB
            && once->job->once == once)
        {
            ngx_rbtree_insert(&zone->sh->onces, &once->node);

        } else {
            ngx_aime_shm_free_locked(arena, once);
        }
    }
}
