
/* Jobs that have ended, see ngx_aime_ended.h. */


#include "ngx_aime_ended.h"
#include "ngx_aime_shm_payload.h"


/*
 * Under one lock a sweep ends 64 at most; more only where a process leaves that
 * many clients waited in.
 */

#define NGX_AIME_ENDED_MAX    2048


static void ngx_aime_ended_handler(ngx_event_t *ev);


/* This process's own. */

static ngx_aime_ended_pt   ngx_aime_ended_told;
static ngx_aime_ended_t   *ngx_aime_ended;
static ngx_uint_t          ngx_aime_nended;
static ngx_uint_t          ngx_aime_ended_lost;
static ngx_event_t         ngx_aime_ended_event;


ngx_int_t
ngx_aime_ended_init(ngx_aime_ended_pt handler, ngx_log_t *log)
{
    ngx_aime_ended = ngx_alloc(NGX_AIME_ENDED_MAX * sizeof(ngx_aime_ended_t),
                               log);
    if (ngx_aime_ended == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&ngx_aime_ended_event, sizeof(ngx_event_t));
    ngx_aime_ended_event.handler = ngx_aime_ended_handler;
    ngx_aime_ended_event.log = log;

    ngx_aime_ended_told = handler;

    return NGX_OK;
}


void
ngx_aime_ended_note_locked(ngx_aime_shm_job_t *job, ngx_uint_t outcome,
    double now)
{
    ngx_aime_ended_t  *ended;

    if (ngx_aime_ended_told == NULL) {
        return;
    }

    if (!ngx_aime_ended_event.posted) {
        ngx_post_event(&ngx_aime_ended_event, &ngx_posted_events);
    }

    if (ngx_aime_nended == NGX_AIME_ENDED_MAX) {
        ngx_aime_ended_lost++;
        return;
    }

    ended = &ngx_aime_ended[ngx_aime_nended++];

    ngx_memcpy(ended->id, job->id, NGX_AIME_ID_LEN);
    ngx_memcpy(ended->owner, job->owner, NGX_AIME_ID_LEN);

    ended->type = job->queue->type;
    ended->endpoint = job->queue->endpoint;
    ended->state = job->state;
    ended->reason = job->reason;
    ended->outcome = outcome;
    ended->priority = job->priority;
    ended->attempts = job->attempts;
    ended->start_time = job->start_time;
    ended->start_time_compute = job->start_time_compute;
    ended->end_time = now;
    ended->input_len = job->input ? job->input->len : 0;
    ended->result_len = job->result ? job->result->len : 0;
    ended->worker_len = 0;

    if (job->worker) {
        ended->worker_len = job->worker->name_len;
        ngx_memcpy(ended->worker, job->worker->name, ended->worker_len);
    }
}


static void
ngx_aime_ended_handler(ngx_event_t *ev)
{
    ngx_aime_ended_tell();
}


void
ngx_aime_ended_tell(void)
{
    ngx_uint_t  i;

    for (i = 0; i < ngx_aime_nended; i++) {
        ngx_aime_ended_told(&ngx_aime_ended[i]);
    }

    ngx_aime_nended = 0;

    if (ngx_aime_ended_lost) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "%ui jobs ended at once that nobody could be told of",
                      ngx_aime_ended_lost);
        ngx_aime_ended_lost = 0;
    }
}
