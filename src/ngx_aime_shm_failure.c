
/* Jobs that did not end well, see ngx_aime_shm_failure.h. */


#include "ngx_aime_shm_failure.h"


/* Of a process that is killed in here nothing is kept: the number is last. */

void
ngx_aime_shm_failure_note_locked(ngx_aime_zone_t *zone,
    ngx_aime_shm_job_t *job, ngx_uint_t outcome, double now)
{
    ngx_aime_shm_failure_t  *failure;

    failure = &zone->sh->failures[zone->sh->nfailures % NGX_AIME_NFAILURES];

    ngx_memcpy(failure->id, job->id, NGX_AIME_ID_LEN);
    ngx_memcpy(failure->owner, job->owner, NGX_AIME_ID_LEN);

    failure->type = job->queue->type;
    failure->endpoint = job->queue->endpoint;
    failure->start_time = job->start_time;
    failure->start_time_compute = job->start_time_compute;
    failure->end_time = now;
    failure->outcome = outcome;
    failure->attempts = job->attempts;
    failure->error_len = 0;
    failure->worker_len = 0;

    if (job->worker) {
        failure->worker_len = job->worker->name_len;
        ngx_memcpy(failure->worker, job->worker->name, failure->worker_len);
    }

    zone->sh->nfailures++;
}


void
ngx_aime_shm_failure_explain_locked(ngx_aime_zone_t *zone, const u_char *id,
    const u_char *error, size_t len)
{
    uint64_t                 n, first;
    ngx_aime_shm_failure_t  *failure;

    n = zone->sh->nfailures;
    first = (n > NGX_AIME_NFAILURES) ? n - NGX_AIME_NFAILURES : 0;

    while (n > first) {
        n--;
        failure = &zone->sh->failures[n % NGX_AIME_NFAILURES];

        if (ngx_memcmp(failure->id, id, NGX_AIME_ID_LEN) == 0) {
            failure->error_len = 0;
            ngx_memcpy(failure->error, error, len);
            failure->error_len = len;
            return;
        }
    }
}


ngx_uint_t
ngx_aime_shm_failures(ngx_aime_zone_t *zone, ngx_aime_shm_failure_t *failures)
{
    uint64_t    n;
    ngx_uint_t  i, count;

    ngx_aime_shm_lock(zone);

    n = zone->sh->nfailures;
    count = (n > NGX_AIME_NFAILURES) ? NGX_AIME_NFAILURES : n;

    for (i = 0; i < count; i++) {
        n--;
        failures[i] = zone->sh->failures[n % NGX_AIME_NFAILURES];
    }

    ngx_aime_shm_unlock(zone);

    return count;
}
