/*
 * Parking: a request that waits gives its connection back to the event loop
 * and goes on when it is woken, when its time is over, or when nginx shuts
 * down.  Whatever ends it (an answer, a hang-up) unparks it.  Floor 3: knows
 * nothing of jobs.
 */

#ifndef NGX_HTTP_AIME_PARK_H_INCLUDED
#define NGX_HTTP_AIME_PARK_H_INCLUDED


#include "ngx_http_aime_request.h"


/* for who could not do its work just now: look again, milliseconds */

#define NGX_HTTP_AIME_RETRY_INTERVAL    250


/* why a parked request goes on; more than one may be true */

#define NGX_HTTP_AIME_WOKEN        1
#define NGX_HTTP_AIME_TIMEOUT      2
#define NGX_HTTP_AIME_SHUTDOWN     4


typedef struct ngx_http_aime_park_s  ngx_http_aime_park_t;

/*
 * Goes on with the request: NGX_HTTP_AIME_PARKED to wait on, else what it is
 * finalized with.
 */
typedef ngx_int_t (*ngx_http_aime_resume_pt)(ngx_http_request_t *r,
    ngx_http_aime_park_t *park, ngx_uint_t why);

struct ngx_http_aime_park_s {
    ngx_http_request_t          *request;
    ngx_http_aime_resume_pt      resume;
    void                        *data;      /* of who parks */

    ngx_aime_shm_parked_t       *parked;    /* its entry in the zone */
    uint32_t                     slot;      /* which names it there */

    ngx_uint_t                   looks;     /* waits without a time limit */
    ngx_uint_t                   streams;   /* goes on after its header */
    ngx_uint_t                   ended;
    ngx_uint_t                   why;
    ngx_event_t                  event;     /* posted when woken */
    ngx_event_t                  timer;
};


/* What this process's wake-ups and shutdown lead to; see ngx_aime_wake.h. */
void ngx_http_aime_park_woken(uint32_t slot);
void ngx_http_aime_park_shutdown(void);

/*
 * Prepares a request for parking: gives it a slot, under which the caller
 * parks it in the zone.  The memory is the request's; its end, however it
 * comes, unparks what is in parked then.  NULL: no memory, or it is a
 * subrequest.
 */
ngx_http_aime_park_t *ngx_http_aime_park_create(ngx_http_request_t *r,
    ngx_http_aime_resume_pt resume, void *data);

/*
 * Ends the waiting: nothing resumes the request any more.  Its end does so,
 * and its being resumed with an answer; who answers a request that is parked
 * in the zone, but was not resumed, calls this before.
 */
void ngx_http_aime_park_end(ngx_http_aime_park_t *park);

/*
 * Waits for at most msec (again: from now on).  Gives NGX_HTTP_AIME_PARKED,
 * for handlers to return.
 */
ngx_int_t ngx_http_aime_park_wait(ngx_http_aime_park_t *park,
    ngx_msec_t msec);

/*
 * Waits until it is woken.  Lest that ever be missed, it is resumed with
 * NGX_HTTP_AIME_TIMEOUT once a minute, and may just return
 * NGX_HTTP_AIME_PARKED then.
 */
ngx_int_t ngx_http_aime_park_look(ngx_http_aime_park_t *park);


/*
 * Has it go on soon, as when it is woken; or only when other requests have had
 * their turn.
 */
void ngx_http_aime_park_resume(ngx_http_aime_park_t *park);
void ngx_http_aime_park_yield(ngx_http_aime_park_t *park);


#endif /* NGX_HTTP_AIME_PARK_H_INCLUDED */
