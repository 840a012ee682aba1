/*
 * What an administrator sees of jobs and sessions, as copies, a bounded number
 * under each holding of the lock; and what he changes beside jobs and workers.
 * Floor 2: knows not who may.
 */

#ifndef NGX_AIME_ADMIN_H_INCLUDED
#define NGX_AIME_ADMIN_H_INCLUDED


#include "ngx_aime_shm_zone.h"


#define NGX_AIME_ADMIN_PROGRESS_LEN    64


typedef struct {
    u_char                       id[NGX_AIME_ID_LEN];
    u_char                       owner[NGX_AIME_ID_LEN];
    ngx_aime_shm_type_t         *type;
    ngx_aime_shm_endpoint_t     *endpoint;
    ngx_uint_t                   state;
    ngx_uint_t                   reason;
    ngx_uint_t                   failed;    /* done, with an error */
    ngx_uint_t                   priority;
    ngx_uint_t                   attempts;
    ngx_uint_t                   max_attempts;
    ngx_uint_t                   position;  /* 0: not queued */
    double                       start_time;
    double                       start_time_compute;    /* 0: not taken */
    double                       result_received_time;  /* 0: none */
    size_t                       input_len;
    size_t                       result_len;
    size_t                       progress_len;
    size_t                       worker_len;
    u_char                       progress[NGX_AIME_ADMIN_PROGRESS_LEN];
    u_char                       worker[NGX_AIME_NAME_LEN];
    unsigned                     fetched:1;
} ngx_aime_admin_job_t;


/* Which jobs; NULL and NGX_CONF_UNSET_UINT: all of them. */

typedef struct {
    ngx_aime_shm_type_t         *type;
    ngx_aime_shm_endpoint_t     *endpoint;
    ngx_uint_t                   state;
    ngx_uint_t                   failed;    /* done ones: with an error */
    ngx_uint_t                   oldest;    /* queued ones: by their age */
} ngx_aime_admin_filter_t;


typedef struct {
    u_char                       id[NGX_AIME_ID_LEN];
    u_char                       owner[NGX_AIME_ID_LEN];
    ngx_msec_t                   idle;
    unsigned                     keyless:1;
} ngx_aime_admin_session_t;


#define NGX_AIME_ADMIN_OLDEST          256

/*
 * Fills jobs with up to max of those that the filter lets pass, and gives their
 * number.  Running jobs are found by their workers; with filter->oldest, queued
 * ones by their types, those first that wait longest, NGX_AIME_ADMIN_OLDEST of
 * each type at most, and *after counts for neither.  Others are in an order
 * that their ids give, behind *after (NULL: from the first one on); where more
 * may follow *more is set and last is the id to go on behind.  Of a zone that
 * changes meanwhile each job that was there all the time is seen.
 */
ngx_uint_t ngx_aime_admin_jobs(ngx_aime_zone_t *zone,
    ngx_aime_admin_filter_t *filter, const u_char *after,
    ngx_aime_admin_job_t *jobs, ngx_uint_t max, u_char *last,
    ngx_uint_t *more);

/* One of them; NGX_DECLINED: no such job. */
ngx_int_t ngx_aime_admin_job(ngx_aime_zone_t *zone, const u_char *id,
    ngx_aime_admin_job_t *job);

/* The next sessions in the order of their ids, likewise. */
ngx_uint_t ngx_aime_admin_sessions(ngx_aime_zone_t *zone,
    const u_char *after, ngx_aime_admin_session_t *sessions, ngx_uint_t max);

/* Ends a session; 0: there was none any more. */
ngx_uint_t ngx_aime_admin_logout(ngx_aime_zone_t *zone, const u_char *id);

/* A disabled endpoint takes no new jobs, in whatever configuration. */
void ngx_aime_admin_endpoint(ngx_aime_zone_t *zone,
    ngx_aime_shm_endpoint_t *endpoint, ngx_uint_t disabled);


#endif /* NGX_AIME_ADMIN_H_INCLUDED */
