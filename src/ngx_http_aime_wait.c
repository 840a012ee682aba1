
/* Clients that wait for their jobs, see ngx_http_aime_wait.h. */


#include "ngx_http_aime_wait.h"
#include "ngx_http_aime_body.h"
#include "ngx_http_aime_refuse.h"
#include "ngx_http_aime_vars.h"
#include "ngx_http_aime_view.h"
#include "ngx_aime_job_wait.h"


static ngx_int_t ngx_http_aime_wait_stream(ngx_http_request_t *r,
    ngx_http_aime_park_t *park);
static ngx_int_t ngx_http_aime_wait_resume(ngx_http_request_t *r,
    ngx_http_aime_park_t *park, ngx_uint_t why);
static void ngx_http_aime_wait_cleanup(void *data);


ngx_http_aime_park_t *
ngx_http_aime_wait_create(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, const ngx_http_aime_form_t *form)
{
    ngx_http_cleanup_t    *cln;
    ngx_http_aime_wait_t  *wait;

    /* before the park's own, so that it runs when that has unparked */

    cln = ngx_http_cleanup_add(r, sizeof(ngx_http_aime_wait_t));
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_aime_wait_cleanup;

    wait = cln->data;
    ngx_memzero(wait, sizeof(ngx_http_aime_wait_t));

    wait->zone = ngx_http_aime_zone(r);
    wait->request = r;
    wait->endpoint = endpoint;
    wait->form = form;

    return ngx_http_aime_park_create(r, ngx_http_aime_wait_resume, wait);
}


void
ngx_http_aime_wait_job(ngx_http_aime_wait_t *wait, ngx_uint_t joined)
{
    wait->joined = joined;

    ngx_http_aime_note_job(wait->request, wait->id);
    ngx_http_aime_free_body(wait->request);
}


ngx_int_t
ngx_http_aime_wait_begin(ngx_http_request_t *r, ngx_http_aime_park_t *park)
{
    ngx_http_aime_wait_t  *wait;

    wait = park->data;

    return wait->form->stream ? ngx_http_aime_wait_stream(r, park)
                              : ngx_http_aime_park_look(park);
}


ngx_int_t
ngx_http_aime_wait_join(ngx_http_request_t *r, ngx_http_aime_park_t *park)
{
    ngx_int_t              rc;
    ngx_http_aime_wait_t  *wait;

    wait = park->data;

    if (ngx_http_aime_vars_tell(r, wait->endpoint, wait->id) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_aime_job_join(wait->zone, wait->id, 1, park->slot,
                           &park->parked);

    if (rc == NGX_ERROR) {
        return ngx_http_aime_refuse_job(r, wait->endpoint, NGX_ERROR);
    }

    ngx_http_aime_wait_job(wait, rc == NGX_OK);

    if (wait->form->stream) {
        return ngx_http_aime_wait_stream(r, park);
    }

    rc = ngx_http_aime_wait_resume(r, park, NGX_HTTP_AIME_TIMEOUT);

    if (rc != NGX_HTTP_AIME_PARKED) {
        ngx_http_aime_park_end(park);
    }

    return rc;
}


/* The stream may end at once, and so does its waiting then. */

static ngx_int_t
ngx_http_aime_wait_stream(ngx_http_request_t *r, ngx_http_aime_park_t *park)
{
    ngx_int_t              rc;
    ngx_http_aime_wait_t  *wait;

    wait = park->data;
    wait->answered = 1;

    rc = wait->form->stream(r, wait->endpoint, park, wait->id);

    if (rc != NGX_HTTP_AIME_PARKED) {
        ngx_http_aime_park_end(park);
    }

    return rc;
}


static ngx_int_t
ngx_http_aime_wait_resume(ngx_http_request_t *r,
    ngx_http_aime_park_t *park, ngx_uint_t why)
{
    ngx_int_t              rc;
    ngx_aime_job_view_t    view;
    ngx_http_aime_wait_t  *wait;

    wait = park->data;

    rc = ngx_aime_job_view(wait->zone, wait->id, NGX_AIME_VIEW_RESULT,
                           park->parked, &view);

    if (rc == NGX_DECLINED) {
        return ngx_http_aime_error_chars(r, NGX_HTTP_NOT_FOUND,
                                         "The job is not known any more");
    }

    if (rc == NGX_ERROR) {
        return ngx_http_aime_park_wait(park, NGX_HTTP_AIME_RETRY_INTERVAL);
    }

    if (view.payload
        && ngx_http_aime_reply_hold(r, view.payload) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (view.state) {

    case NGX_AIME_JOB_DONE:
        wait->answered = 1;
        return wait->form->done(r, wait->endpoint, &view);

    case NGX_AIME_JOB_CANCELED:
    case NGX_AIME_JOB_LAPSED:
        return wait->form->ended(r, wait->endpoint, &view);

    default:

        /* again: it may have waited for room until now */

        return ngx_http_aime_park_look(park);
    }
}


static void
ngx_http_aime_wait_cleanup(void *data)
{
    ngx_http_aime_wait_t  *wait = data;

    if (wait->joined) {
        ngx_aime_job_leave(wait->zone, wait->id,
                           wait->answered
                           && ngx_http_aime_reply_sent(wait->request));
    }
}
