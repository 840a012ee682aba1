/* What may be told of a GPU worker, as JSON.  Floor 3: knows no route. */

#ifndef NGX_HTTP_AIME_MACHINE_H_INCLUDED
#define NGX_HTTP_AIME_MACHINE_H_INCLUDED


#include "ngx_http_aime_reply.h"
#include "ngx_aime_worker.h"


/* The members of a worker in /api/endpoints/<endpoint>, without braces. */
void ngx_http_aime_machine(ngx_http_aime_reply_t *reply,
    ngx_aime_worker_view_t *worker);

/* The same and what only the operator sees: counters, times, last error. */
void ngx_http_aime_machine_more(ngx_http_aime_reply_t *reply,
    ngx_aime_worker_view_t *worker);


#endif /* NGX_HTTP_AIME_MACHINE_H_INCLUDED */
