/*
 * The registry of GPU workers: who is known on which job type, and what it
 * said of itself.  Floor 1: knows not how that came over the wire, and decides
 * nothing about jobs.
 */

#ifndef NGX_AIME_SHM_WORKER_H_INCLUDED
#define NGX_AIME_SHM_WORKER_H_INCLUDED


#include "ngx_aime_shm_zone.h"


#define NGX_AIME_MAX_WORKERS       16384


/* What a worker says of itself: JSON texts, len 0 where it said nothing. */

typedef enum {
    NGX_AIME_WORKER_INTERFACE_VERSION = 0,
    NGX_AIME_WORKER_VERSION,
    NGX_AIME_WORKER_GPU_NAME,
    NGX_AIME_WORKER_NUM_GPUS,
    NGX_AIME_WORKER_FRAMEWORK,
    NGX_AIME_WORKER_FRAMEWORK_VERSION,
    NGX_AIME_WORKER_PYTORCH_VERSION,
    NGX_AIME_WORKER_MODEL_LABEL,
    NGX_AIME_WORKER_MODEL_QUANTIZATION,
    NGX_AIME_WORKER_MODEL_SIZE,
    NGX_AIME_WORKER_MODEL_FAMILY,
    NGX_AIME_WORKER_MODEL_TYPE,
    NGX_AIME_WORKER_MODEL_REPO_NAME,
    NGX_AIME_WORKER_MAX_BATCH_SIZE
} ngx_aime_worker_field_e;


#define NGX_AIME_WORKER_FIELD_LEN  1024     /* longer ones are not kept */


/* The worker of that name on that job type, or NULL. */
ngx_aime_shm_worker_t *ngx_aime_shm_worker_find_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_type_t *type, ngx_str_t *name);

/*
 * The worker of that name on any job type, those that logged in (generation
 * B) before others; or NULL.
 */
ngx_aime_shm_worker_t *ngx_aime_shm_worker_by_name_locked(
    ngx_aime_zone_t *zone, ngx_str_t *name);

/*
 * A new worker, not online yet.  NULL: the zone is full, or there are
 * NGX_AIME_MAX_WORKERS already.
 */
ngx_aime_shm_worker_t *ngx_aime_shm_worker_create_locked(
    ngx_aime_zone_t *zone, ngx_aime_shm_type_t *type, ngx_str_t *name);

/* Moves it to another job type; its running jobs stay its own. */
void ngx_aime_shm_worker_move_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_worker_t *worker, ngx_aime_shm_type_t *type);

/* Only for a worker without running jobs and parked polls. */
void ngx_aime_shm_worker_delete_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_worker_t *worker);

/*
 * Replaces all that it said of itself; a field that is longer than
 * NGX_AIME_WORKER_FIELD_LEN is left out.  NGX_ERROR: the zone is full, the
 * old fields stay.
 */
ngx_int_t ngx_aime_shm_worker_describe_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_worker_t *worker, ngx_str_t *fields);

/* One of its fields, in place; len 0: it said nothing. */
void ngx_aime_shm_worker_field_locked(ngx_aime_shm_worker_t *worker,
    ngx_uint_t field, ngx_str_t *value);

/* Keeps the count of its job type's workers that are online. */
void ngx_aime_shm_worker_online_locked(ngx_aime_shm_worker_t *worker,
    ngx_uint_t online);

/*
 * For a repair: links all workers again, with no job and no poll, and what
 * describes them if it is whole.  Their next deadline may be a past one.
 */
void ngx_aime_shm_worker_relink_locked(ngx_aime_zone_t *zone);


#endif /* NGX_AIME_SHM_WORKER_H_INCLUDED */
