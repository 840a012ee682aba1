
/* Sessions of session variables, see ngx_aime_shm_vars.h. */


#include "ngx_aime_shm_vars.h"
#include "ngx_aime_shm_index.h"
#include "ngx_aime_shm_payload.h"


#define ngx_aime_shm_vars_expired(zone, vars)                                 \
    (ngx_current_msec - (vars)->used >= (zone)->session_idle                  \
     && (ngx_msec_int_t) (ngx_current_msec - (vars)->used) > 0)


static ngx_aime_shm_vars_t *ngx_aime_shm_vars_lookup(ngx_aime_zone_t *zone,
    const u_char *id);
static void ngx_aime_shm_vars_use(ngx_aime_zone_t *zone,
    ngx_aime_shm_vars_t *vars);
static void ngx_aime_shm_vars_trim(ngx_aime_zone_t *zone,
    ngx_aime_shm_vars_t *keep);
static void ngx_aime_shm_vars_link(ngx_aime_zone_t *zone,
    ngx_aime_shm_vars_t *vars);
static void ngx_aime_shm_vars_delete(ngx_aime_zone_t *zone,
    ngx_aime_shm_vars_t *vars);


ngx_aime_shm_vars_t *
ngx_aime_shm_vars_create_locked(ngx_aime_zone_t *zone, const u_char *id)
{
    ngx_aime_shm_vars_t   *vars;
    ngx_aime_shm_arena_t  *arena;

    arena = &zone->sh->arena;

    vars = ngx_aime_shm_calloc_locked(arena, sizeof(ngx_aime_shm_vars_t));

    if (vars == NULL && ngx_aime_shm_vars_give_way_locked(zone)) {
        vars = ngx_aime_shm_calloc_locked(arena, sizeof(ngx_aime_shm_vars_t));
    }

    if (vars == NULL) {
        return NULL;
    }

    vars->used = ngx_current_msec;
    ngx_memcpy(vars->id, id, NGX_AIME_ID_LEN);

    ngx_aime_shm_vars_link(zone, vars);
    ngx_aime_shm_mark_locked(arena, vars, NGX_AIME_SHM_VARS);

    ngx_aime_shm_vars_trim(zone, vars);

    return vars;
}


ngx_aime_shm_vars_t *
ngx_aime_shm_vars_copy_locked(ngx_aime_zone_t *zone, const u_char *id,
    ngx_aime_shm_vars_t *from)
{
    ngx_aime_shm_vars_t     *vars;
    ngx_aime_shm_payload_t  *values;

    /* the other one may give way to this one */

    values = from->values;

    if (values) {
        values->refs++;
    }

    vars = ngx_aime_shm_vars_create_locked(zone, id);

    if (values && vars) {
        ngx_aime_shm_vars_set_locked(zone, vars, values);

    } else if (values) {
        ngx_aime_shm_release_locked(zone, values);
    }

    return vars;
}


ngx_aime_shm_vars_t *
ngx_aime_shm_vars_find_locked(ngx_aime_zone_t *zone, const u_char *id)
{
    ngx_aime_shm_vars_t  *vars;

    vars = ngx_aime_shm_vars_lookup(zone, id);

    if (vars == NULL || ngx_aime_shm_vars_expired(zone, vars)) {
        return NULL;
    }

    ngx_aime_shm_vars_use(zone, vars);

    return vars;
}


ngx_aime_shm_vars_t *
ngx_aime_shm_vars_revive_locked(ngx_aime_zone_t *zone, const u_char *id)
{
    ngx_aime_shm_vars_t  *vars;

    vars = ngx_aime_shm_vars_lookup(zone, id);

    if (vars) {
        ngx_aime_shm_vars_use(zone, vars);
        return vars;
    }

    /* another one may have that key by now, if not that id */

    if (ngx_aime_shm_id_taken(&zone->sh->vars, id)) {
        return NULL;
    }

    return ngx_aime_shm_vars_create_locked(zone, id);
}


static ngx_aime_shm_vars_t *
ngx_aime_shm_vars_lookup(ngx_aime_zone_t *zone, const u_char *id)
{
    return (ngx_aime_shm_vars_t *)
               ngx_aime_shm_id_lookup(&zone->sh->vars, id,
                                      offsetof(ngx_aime_shm_vars_t, id));
}


static void
ngx_aime_shm_vars_use(ngx_aime_zone_t *zone, ngx_aime_shm_vars_t *vars)
{
    vars->used = ngx_current_msec;

    ngx_queue_remove(&vars->link);
    ngx_queue_insert_tail(&zone->sh->vars_used, &vars->link);
}


void
ngx_aime_shm_vars_set_locked(ngx_aime_zone_t *zone, ngx_aime_shm_vars_t *vars,
    ngx_aime_shm_payload_t *values)
{
    ngx_aime_shm_payload_t  *before;

    before = vars->values;

    zone->sh->vars_size -= ngx_aime_shm_vars_size(vars);

    /* who repairs finds the one or the other, and counts anew */

    ngx_aime_shm_order();
    vars->values = values;
    ngx_aime_shm_order();

    zone->sh->vars_size += ngx_aime_shm_vars_size(vars);

    if (before) {
        ngx_aime_shm_release_locked(zone, before);
    }

    ngx_aime_shm_vars_trim(zone, vars);
}


/*
 * Those in excess, but for the newest.  As many as one session's values have
 * grown by, so that it is no more than some hundred at a time.
 */

static void
ngx_aime_shm_vars_trim(ngx_aime_zone_t *zone, ngx_aime_shm_vars_t *keep)
{
    size_t           max;
    ngx_aime_shm_t  *sh;

    sh = zone->sh;
    max = sh->arena.nblocks * NGX_AIME_SHM_BLOCK_SIZE / NGX_AIME_VARS_SHARE;

    while ((sh->nvars > NGX_AIME_MAX_VARS || sh->vars_size > max)
           && ngx_queue_head(&sh->vars_used) != &keep->link)
    {
        (void) ngx_aime_shm_vars_give_way_locked(zone);
    }
}


ngx_uint_t
ngx_aime_shm_vars_give_way_locked(ngx_aime_zone_t *zone)
{
    ngx_queue_t  *q;

    if (ngx_queue_empty(&zone->sh->vars_used)) {
        return 0;
    }

    q = ngx_queue_head(&zone->sh->vars_used);
    ngx_aime_shm_vars_delete(zone,
                             ngx_queue_data(q, ngx_aime_shm_vars_t, link));

    return 1;
}


void
ngx_aime_shm_vars_expire_locked(ngx_aime_zone_t *zone, ngx_uint_t max)
{
    ngx_queue_t          *q;
    ngx_aime_shm_vars_t  *vars;

    while (max-- && !ngx_queue_empty(&zone->sh->vars_used)) {

        q = ngx_queue_head(&zone->sh->vars_used);
        vars = ngx_queue_data(q, ngx_aime_shm_vars_t, link);

        if (!ngx_aime_shm_vars_expired(zone, vars)) {
            return;
        }

        ngx_aime_shm_vars_delete(zone, vars);
    }
}


void
ngx_aime_shm_vars_relink_locked(ngx_aime_zone_t *zone)
{
    ngx_aime_shm_vars_t  *vars;

    vars = NULL;

    while ((vars = ngx_aime_shm_next_locked(&zone->sh->arena,
                                            NGX_AIME_SHM_VARS, vars)))
    {
        vars->values = ngx_aime_shm_payload_again_locked(zone, vars->values);
        ngx_aime_shm_vars_link(zone, vars);
    }
}


static void
ngx_aime_shm_vars_link(ngx_aime_zone_t *zone, ngx_aime_shm_vars_t *vars)
{
    vars->node.key = ngx_aime_shm_id_key(vars->id);

    ngx_rbtree_insert(&zone->sh->vars, &vars->node);
    ngx_queue_insert_tail(&zone->sh->vars_used, &vars->link);

    zone->sh->nvars++;
    zone->sh->vars_size += ngx_aime_shm_vars_size(vars);
}


static void
ngx_aime_shm_vars_delete(ngx_aime_zone_t *zone, ngx_aime_shm_vars_t *vars)
{
    ngx_aime_shm_mark_locked(&zone->sh->arena, vars, NGX_AIME_SHM_DRAFT);

    ngx_rbtree_delete(&zone->sh->vars, &vars->node);
    ngx_queue_remove(&vars->link);

    zone->sh->nvars--;
    zone->sh->vars_size -= ngx_aime_shm_vars_size(vars);

    if (vars->values) {
        ngx_aime_shm_release_locked(zone, vars->values);
    }

    ngx_aime_shm_free_locked(&zone->sh->arena, vars);
}


size_t
ngx_aime_shm_vars_size(ngx_aime_shm_vars_t *vars)
{
    return ngx_aime_shm_slot_size(sizeof(ngx_aime_shm_vars_t))
           + (vars->values ? ngx_aime_shm_payload_cost(vars->values->len) : 0);
}
