
/* The repair of the zone, see ngx_aime_repair.h. */


#include "ngx_aime_repair.h"
#include "ngx_aime_check.h"
#include "ngx_aime_job_mend.h"
#include "ngx_aime_wake.h"
#include "ngx_aime_shm_client.h"
#include "ngx_aime_shm_once.h"
#include "ngx_aime_shm_payload.h"
#include "ngx_aime_shm_queue.h"
#include "ngx_aime_shm_session.h"
#include "ngx_aime_shm_vars.h"
#include "ngx_aime_shm_worker.h"


static void ngx_aime_repair_drafts(ngx_aime_zone_t *zone);
static void ngx_aime_repair_jobs(ngx_aime_zone_t *zone);


void
ngx_aime_repair_locked(ngx_aime_zone_t *zone)
{
    const char  *wrong;

    ngx_aime_shm_recount_locked(&zone->sh->arena);
    ngx_aime_repair_drafts(zone);

    ngx_aime_shm_redo_locked(&zone->sh->redo);
    ngx_aime_shm_reset_locked(zone);

    ngx_aime_shm_worker_relink_locked(zone);
    ngx_aime_shm_session_relink_locked(zone);

    ngx_aime_repair_jobs(zone);

    ngx_aime_wake_relink_locked(zone);

    zone->sh->nrepairs++;
    zone->sh->repairs++;

    wrong = ngx_aime_check_locked(zone);

    if (wrong) {
        (void) ngx_cpystrn(zone->sh->damage, (u_char *) wrong,
                           NGX_AIME_DAMAGE_LEN);
    }
}


/* What was not whole yet, or not any more. */

static void
ngx_aime_repair_drafts(ngx_aime_zone_t *zone)
{
    void                  *p;
    ngx_aime_shm_arena_t  *arena;

    arena = &zone->sh->arena;
    p = NULL;

    while ((p = ngx_aime_shm_next_locked(arena, NGX_AIME_SHM_DRAFT, p))) {
        ngx_aime_shm_free_locked(arena, p);
    }
}


static void
ngx_aime_repair_jobs(ngx_aime_zone_t *zone)
{
    ngx_aime_shm_job_t   *job;
    ngx_aime_shm_rank_t  *queued;

    ngx_aime_shm_payload_reset_locked(zone);
    ngx_aime_shm_queue_reset_locked(zone);
    ngx_aime_shm_client_reset_locked(zone);

    job = NULL;
    queued = NULL;

    while ((job = ngx_aime_shm_next_locked(&zone->sh->arena,
                                           NGX_AIME_SHM_JOB, job)))
    {
        ngx_aime_job_mend_locked(zone, job, &queued);
    }

    ngx_aime_shm_queue_relink_locked(zone, &queued);
    ngx_aime_shm_client_relink_locked(zone);
    ngx_aime_shm_once_relink_locked(zone);

    ngx_aime_shm_vars_relink_locked(zone);
    ngx_aime_shm_hold_relink_locked(zone);
    ngx_aime_shm_payload_sweep_locked(zone);
}
