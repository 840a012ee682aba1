/*
 * aime_api_job_log: a line for each job that has ended, written by nginx's own
 * access log with all that it can do (formats, conditions, buffers, syslog).
 * Floor 3: knows no route.
 */

#ifndef NGX_HTTP_AIME_JOBLOG_H_INCLUDED
#define NGX_HTTP_AIME_JOBLOG_H_INCLUDED


#include "ngx_http_aime_request.h"


/* The setter, which has nginx read the arguments as those of access_log. */
char *ngx_http_aime_set_joblog(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * While configuring, with the access log's own handler of the log phase, which
 * has no name that others could use.
 */
void ngx_http_aime_joblog_handler(ngx_http_handler_pt handler);

/* In a process that serves; nothing to do where there is no such log. */
ngx_int_t ngx_http_aime_joblog_start(ngx_cycle_t *cycle);


#endif /* NGX_HTTP_AIME_JOBLOG_H_INCLUDED */
