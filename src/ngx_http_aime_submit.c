
/*
 * From inputs to a job, and from its result to an answer, see
 * ngx_http_aime_submit.h; PROTOCOL section 2.
 */


#include "ngx_http_aime_submit.h"
#include "ngx_http_aime_media.h"
#include "ngx_http_aime_refuse.h"
#include "ngx_http_aime_spec.h"
#include "ngx_http_aime_store.h"
#include "ngx_http_aime_vars.h"
#include "ngx_http_aime_view.h"
#include "ngx_http_aime_wait.h"
#include "ngx_aime_job_room.h"


/* after which to look whether media can be converted again, seconds */

#define NGX_HTTP_AIME_MEDIA_WAIT       5


/* What becomes a job; spec: where the input has no errors. */

typedef struct {
    ngx_http_aime_endpoint_t    *endpoint;
    const ngx_http_aime_form_t  *form;
    ngx_http_aime_client_t       client;
    aime_input_t                 input;
    ngx_aime_job_spec_t          spec;
    ngx_http_aime_media_t       *media;     /* NULL: it has none */
} ngx_http_aime_submission_t;


static void ngx_http_aime_submit_wishes(
    ngx_http_aime_submission_t *submission);
static ngx_int_t ngx_http_aime_convert(ngx_http_request_t *r,
    ngx_http_aime_submission_t *submission);
static ngx_int_t ngx_http_aime_convert_resume(ngx_http_request_t *r,
    ngx_http_aime_park_t *park, ngx_uint_t why);
static ngx_int_t ngx_http_aime_admit(ngx_http_request_t *r,
    ngx_http_aime_submission_t *submission);
static ngx_int_t ngx_http_aime_admitted(ngx_http_request_t *r,
    ngx_http_aime_submission_t *submission, ngx_int_t *answer);
static ngx_int_t ngx_http_aime_no_new_job(ngx_http_request_t *r,
    ngx_http_aime_submission_t *submission, ngx_int_t why, ngx_uint_t waiting,
    const u_char *id);
static void ngx_http_aime_drop_inputs(ngx_aime_zone_t *zone,
    ngx_http_aime_submission_t *submission, ngx_aime_shm_hold_t *input);
static ngx_int_t ngx_http_aime_submit_waiting(ngx_http_request_t *r,
    ngx_http_aime_submission_t *submission, ngx_aime_shm_hold_t *input);
static ngx_int_t ngx_http_aime_submit_again(ngx_http_request_t *r,
    ngx_http_aime_submission_t *submission, const u_char *id);


ngx_int_t
ngx_http_aime_submit(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_args_t *args,
    ngx_http_aime_client_t *client, const ngx_http_aime_form_t *form)
{
    ngx_str_t                    error;
    aime_pool_t                  pool;
    ngx_http_aime_submission_t  *submission;

    submission = ngx_pcalloc(r->pool, sizeof(ngx_http_aime_submission_t));
    if (submission == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    submission->endpoint = endpoint;
    submission->form = form ? form : &ngx_http_aime_client_form;
    submission->client = *client;

    pool = ngx_http_aime_pool(r);

    if (aime_input_validate(&pool, &endpoint->inputs, args->elts,
                            args->nelts, &submission->input)
        != AIME_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (submission->input.errors.nelts == 0
        && ngx_http_aime_job_spec(r, endpoint, &submission->client,
                                  &submission->input, &submission->spec,
                                  &error)
           != NGX_OK)
    {
        return ngx_http_aime_error(r, NGX_HTTP_BAD_REQUEST, &error);
    }

    ngx_http_aime_submit_wishes(submission);

    return submission->input.media.nelts
           ? ngx_http_aime_convert(r, submission)
           : ngx_http_aime_admit(r, submission);
}


/* What the form says of the job. */

static void
ngx_http_aime_submit_wishes(ngx_http_aime_submission_t *submission)
{
    ngx_aime_job_spec_t         *spec;
    const ngx_http_aime_form_t  *form;

    form = submission->form;
    spec = &submission->spec;

    if (form->lowered) {
        spec->priority = ngx_min(spec->priority, form->priority);
    }

    if (form->keep) {
        spec->keep = 1;
    }

    if (form->detached) {
        spec->cancel_on_disconnect = 0;
    }

    /* who has seen the beginning of a stream does not ask for it again */

    if (form->stream) {
        spec->grace = 0;
    }
}


/*
 * Media take time, so a job that would be refused anyway is refused before;
 * but where other inputs are wrong, what is wrong with the media is told too.
 */

static ngx_int_t
ngx_http_aime_convert(ngx_http_request_t *r,
    ngx_http_aime_submission_t *submission)
{
    ngx_int_t              answer;
    ngx_http_aime_park_t  *park;

    if (submission->input.errors.nelts == 0
        && ngx_http_aime_admitted(r, submission, &answer) != NGX_OK)
    {
        return answer;
    }

    park = ngx_http_aime_park_create(r, ngx_http_aime_convert_resume,
                                     submission);
    if (park == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    submission->media = ngx_http_aime_media_start(r, &submission->input, park);
    if (submission->media == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_aime_park_look(park);
}


static ngx_int_t
ngx_http_aime_convert_resume(ngx_http_request_t *r,
    ngx_http_aime_park_t *park, ngx_uint_t why)
{
    ngx_int_t                    rc;
    ngx_str_t                    error;
    ngx_http_aime_submission_t  *submission;

    submission = park->data;

    rc = ngx_http_aime_media_done(submission->media, &error);

    if (rc == NGX_AGAIN) {
        return NGX_HTTP_AIME_PARKED;
    }

    /* it may be parked again, for its result */

    ngx_http_aime_park_end(park);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* whatever the media are: these are wrong */

    if (rc == NGX_OK || submission->input.errors.nelts) {
        return ngx_http_aime_admit(r, submission);
    }

    if (ngx_http_aime_reply_retry_after(r, NGX_HTTP_AIME_MEDIA_WAIT)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_aime_error(r, NGX_HTTP_SERVICE_UNAVAILABLE, &error);
}


/* Queues the job, unless something speaks against it. */

static ngx_int_t
ngx_http_aime_admit(ngx_http_request_t *r,
    ngx_http_aime_submission_t *submission)
{
    u_char                 id[NGX_AIME_ID_LEN];
    ngx_int_t              rc, answer;
    aime_input_t          *input;
    ngx_aime_zone_t       *zone;
    ngx_aime_job_spec_t   *spec;
    ngx_aime_shm_hold_t   *hold;

    input = &submission->input;
    spec = &submission->spec;

    if (input->errors.nelts) {

        if (submission->form->refused && input->errors.param) {
            submission->form->refused(r, input->errors.param);
        }

        return ngx_http_aime_refuse_inputs(r, input);
    }

    if (ngx_http_aime_admitted(r, submission, &answer) != NGX_OK) {
        return answer;
    }

    rc = ngx_http_aime_vars_open(r, submission->endpoint, input, spec);

    if (rc == NGX_DECLINED) {
        return ngx_http_aime_refuse_job(r, submission->endpoint, NGX_ERROR);
    }

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    zone = ngx_http_aime_zone(r);
    hold = ngx_http_aime_store_inputs(zone, input);

    if (submission->media) {
        ngx_http_aime_media_free(submission->media);
    }

    if (submission->form->note.len && hold) {
        spec->note = ngx_http_aime_store_text(zone, &submission->form->note);

        if (spec->note == NULL) {
            ngx_aime_job_drop(zone, hold);
            hold = NULL;
        }
    }

    if (hold == NULL) {
        return ngx_http_aime_refuse_job(r, submission->endpoint, NGX_ERROR);
    }

    if (input->wait_for_result) {
        return ngx_http_aime_submit_waiting(r, submission, hold);
    }

    rc = ngx_aime_job_submit(zone, spec, hold, id, 0, NULL);

    if (rc != NGX_OK) {
        ngx_http_aime_drop_inputs(zone, submission, hold);
        return ngx_http_aime_no_new_job(r, submission, rc, 0, id);
    }

    if (ngx_http_aime_vars_cookie(r, spec) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_aime_note_job(r, id);

    return submission->form->submitted(r, submission->endpoint, id);
}


/* NGX_OK: it may be queued; NGX_DONE: the request has its answer. */

static ngx_int_t
ngx_http_aime_admitted(ngx_http_request_t *r,
    ngx_http_aime_submission_t *submission, ngx_int_t *answer)
{
    u_char     id[NGX_AIME_ID_LEN];
    ngx_int_t  rc;

    rc = ngx_aime_job_admit(ngx_http_aime_zone(r), &submission->spec, id);

    if (rc == NGX_OK) {
        return NGX_OK;
    }

    *answer = ngx_http_aime_no_new_job(r, submission, rc,
                                       submission->input.wait_for_result, id);
    return NGX_DONE;
}


/* The job is refused, or the request was made before: its job is there. */

static ngx_int_t
ngx_http_aime_no_new_job(ngx_http_request_t *r,
    ngx_http_aime_submission_t *submission, ngx_int_t why, ngx_uint_t waiting,
    const u_char *id)
{
    if (why != NGX_AIME_SAME_REQUEST) {
        return ngx_http_aime_refuse_job(r, submission->endpoint, why);
    }

    if (waiting) {
        return ngx_http_aime_submit_again(r, submission, id);
    }

    if (ngx_http_aime_vars_tell(r, submission->endpoint, id) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_aime_note_job(r, id);

    return submission->form->submitted(r, submission->endpoint, id);
}


/* Of a job that has not come to be. */

static void
ngx_http_aime_drop_inputs(ngx_aime_zone_t *zone,
    ngx_http_aime_submission_t *submission, ngx_aime_shm_hold_t *input)
{
    ngx_aime_job_drop(zone, input);

    if (submission->spec.note) {
        ngx_aime_job_drop(zone, submission->spec.note);
        submission->spec.note = NULL;
    }
}


static ngx_int_t
ngx_http_aime_submit_waiting(ngx_http_request_t *r,
    ngx_http_aime_submission_t *submission, ngx_aime_shm_hold_t *input)
{
    ngx_int_t              rc;
    ngx_http_aime_park_t  *park;
    ngx_http_aime_wait_t  *wait;

    park = ngx_http_aime_wait_create(r, submission->endpoint,
                                     submission->form);
    if (park == NULL) {
        rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
        goto failed;
    }

    wait = park->data;

    rc = ngx_aime_job_submit(wait->zone, &submission->spec, input, wait->id,
                             park->slot, &park->parked);

    if (rc == NGX_OK) {
        ngx_http_aime_wait_job(wait, 1);

        if (ngx_http_aime_vars_cookie(r, &submission->spec) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_aime_wait_begin(r, park);
    }

    rc = (rc == NGX_AIME_SAME_REQUEST)
         ? ngx_http_aime_wait_join(r, park)
         : ngx_http_aime_refuse_job(r, submission->endpoint, rc);

failed:

    ngx_http_aime_drop_inputs(ngx_http_aime_zone(r), submission, input);

    return rc;
}


/* Waits for a job that is there. */

static ngx_int_t
ngx_http_aime_submit_again(ngx_http_request_t *r,
    ngx_http_aime_submission_t *submission, const u_char *id)
{
    ngx_http_aime_park_t  *park;
    ngx_http_aime_wait_t  *wait;

    park = ngx_http_aime_wait_create(r, submission->endpoint,
                                     submission->form);
    if (park == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    wait = park->data;
    ngx_memcpy(wait->id, id, NGX_AIME_ID_LEN);

    return ngx_http_aime_wait_join(r, park);
}
