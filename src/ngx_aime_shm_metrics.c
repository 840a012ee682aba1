
/* What is counted in the zone, see ngx_aime_shm_metrics.h. */


#include "ngx_aime_shm_metrics.h"
#include "ngx_aime_shm_alloc.h"


/* From a health check to an hour of rendering. */

const uint32_t  ngx_aime_shm_time_bounds[NGX_AIME_SHM_NTIMES] = {
    5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000,
    120000, 300000, 600000, 1800000, 3600000
};

/* NGX_AIME_MAX_BATCH is the last one */

const uint32_t  ngx_aime_shm_size_bounds[NGX_AIME_SHM_NSIZES] = {
    1, 2, 4, 8, 16, 32, 64, 128, 256
};


void
ngx_aime_shm_time_locked(ngx_aime_shm_times_t *times, ngx_msec_int_t msec)
{
    ngx_uint_t  i;

    if (msec < 0) {
        msec = 0;
    }

    for (i = 0; i < NGX_AIME_SHM_NTIMES; i++) {
        if (msec <= (ngx_msec_int_t) ngx_aime_shm_time_bounds[i]) {
            break;
        }
    }

    times->counts[i]++;
    times->sum += msec;
}


void
ngx_aime_shm_size_locked(ngx_aime_shm_sizes_t *sizes, ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_AIME_SHM_NSIZES; i++) {
        if (n <= ngx_aime_shm_size_bounds[i]) {
            break;
        }
    }

    sizes->counts[i]++;
    sizes->sum += n;
}


/* Until counter is set nothing has happened, from then on all has. */

void
ngx_aime_shm_count_locked(ngx_aime_shm_redo_t *redo, uint64_t *counter,
    uint8_t *mark, uint8_t bit)
{
    redo->value = *counter + 1;
    redo->mark = mark;
    redo->marked = *mark | bit;

    ngx_aime_shm_order();
    redo->counter = counter;
    ngx_aime_shm_order();

    ngx_aime_shm_redo_locked(redo);
}


void
ngx_aime_shm_redo_locked(ngx_aime_shm_redo_t *redo)
{
    if (redo->counter == NULL) {
        return;
    }

    *redo->counter = redo->value;
    *redo->mark = redo->marked;

    ngx_aime_shm_order();
    redo->counter = NULL;
}
