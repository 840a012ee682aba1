
/*
 * From inputs to a job, and from its result to an answer, see
 * ngx_http_aime_submit.h; PROTOCOL section 2.
 */


#include "ngx_http_aime_submit.h"
#include "ngx_http_aime_body.h"
#include "ngx_http_aime_media.h"
#include "ngx_http_aime_spec.h"
#include "ngx_http_aime_store.h"
#include "ngx_http_aime_tally.h"
#include "ngx_http_aime_vars.h"
#include "ngx_http_aime_view.h"
#include "ngx_aime_job_room.h"
#include "ngx_aime_job_wait.h"


/* after which to look whether an endpoint is enabled again, seconds */

#define NGX_HTTP_AIME_DISABLED_WAIT    60

/* and whether media can be converted again */

#define NGX_HTTP_AIME_MEDIA_WAIT       5


/* bytes of the answer to who does not wait, without the version */

#define NGX_HTTP_AIME_SUBMITTED_SIZE   96


/* What becomes a job; spec: where the input has no errors. */

typedef struct {
    ngx_http_aime_endpoint_t    *endpoint;
    const ngx_http_aime_form_t  *form;
    ngx_http_aime_client_t       client;
    aime_input_t                 input;
    ngx_aime_job_spec_t          spec;
    ngx_http_aime_media_t       *media;     /* NULL: it has none */
} ngx_http_aime_submission_t;


/* A waiting client's request. */

typedef struct {
    ngx_aime_zone_t             *zone;
    ngx_http_request_t          *request;
    ngx_http_aime_endpoint_t    *endpoint;
    const ngx_http_aime_form_t  *form;
    u_char                       id[NGX_AIME_ID_LEN];
    unsigned                     joined:1;      /* waits for that job */
    unsigned                     answered:1;
} ngx_http_aime_wait_t;


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
static ngx_int_t ngx_http_aime_refuse_inputs(ngx_http_request_t *r,
    ngx_http_aime_submission_t *submission);
static ngx_int_t ngx_http_aime_no_new_job(ngx_http_request_t *r,
    ngx_http_aime_submission_t *submission, ngx_int_t why, ngx_uint_t waiting,
    const u_char *id);
static ngx_int_t ngx_http_aime_refuse_job(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_int_t why);
static void ngx_http_aime_drop_inputs(ngx_aime_zone_t *zone,
    ngx_http_aime_submission_t *submission, ngx_aime_shm_hold_t *input);
static ngx_int_t ngx_http_aime_submitted(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, const u_char *id);
static ngx_int_t ngx_http_aime_submitted_done(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_view_t *view);
static ngx_int_t ngx_http_aime_submitted_ended(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_view_t *view);
static ngx_int_t ngx_http_aime_submit_waiting(ngx_http_request_t *r,
    ngx_http_aime_submission_t *submission, ngx_aime_shm_hold_t *input);
static ngx_int_t ngx_http_aime_submit_again(ngx_http_request_t *r,
    ngx_http_aime_submission_t *submission, const u_char *id);
static ngx_http_aime_wait_t *ngx_http_aime_wait_create(ngx_http_request_t *r,
    ngx_http_aime_submission_t *submission, ngx_http_aime_park_t **park);
static ngx_int_t ngx_http_aime_wait_stream(ngx_http_request_t *r,
    ngx_http_aime_park_t *park);
static ngx_int_t ngx_http_aime_wait_join(ngx_http_request_t *r,
    ngx_http_aime_park_t *park);
static ngx_int_t ngx_http_aime_submit_resume(ngx_http_request_t *r,
    ngx_http_aime_park_t *park, ngx_uint_t why);
static void ngx_http_aime_submit_cleanup(void *data);


static const ngx_http_aime_form_t  ngx_http_aime_client_form = {
    ngx_http_aime_submitted,
    ngx_http_aime_submitted_done,
    ngx_http_aime_submitted_ended,
    NULL,                                   /* stream */
    NULL,                                   /* refused */
    ngx_null_string,                        /* note */
    0,                                      /* lowered */
    0,
    0,                                      /* keep */
    0                                       /* detached */
};


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
        return ngx_http_aime_refuse_inputs(r, submission);
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


static ngx_int_t
ngx_http_aime_refuse_inputs(ngx_http_request_t *r,
    ngx_http_aime_submission_t *submission)
{
    aime_input_t           *input;
    ngx_str_t              *errors;
    ngx_uint_t              i;
    ngx_http_aime_reply_t   reply;

    input = &submission->input;

    if (submission->form->refused && input->errors.param) {
        submission->form->refused(r, input->errors.param);
    }

    errors = ngx_palloc(r->pool, input->errors.nelts * sizeof(ngx_str_t));
    if (errors == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < input->errors.nelts; i++) {
        errors[i].data = (u_char *) input->errors.elts[i].data;
        errors[i].len = input->errors.elts[i].len;
    }

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_error(&reply, NGX_HTTP_BAD_REQUEST, errors,
                              input->errors.nelts);

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_BAD_REQUEST);
}


static ngx_int_t
ngx_http_aime_refuse_job(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_int_t why)
{
    u_char                      buf[128];
    ngx_str_t                   text;
    ngx_uint_t                  nqueued, retry_after, status;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    ngx_aime_job_queue_state(amcf->zone, endpoint->type->shm, &nqueued,
                             &retry_after);

    status = NGX_HTTP_SERVICE_UNAVAILABLE;
    text.data = buf;

    switch (why) {

    case NGX_AIME_QUEUE_FULL:
        if (!endpoint->enabled || endpoint->shm->disabled) {
            ngx_http_aime_tally_refused(r, NGX_AIME_REJECTED_DISABLED);
            ngx_str_set(&text, "Endpoint disabled!");
            retry_after = NGX_HTTP_AIME_DISABLED_WAIT;
            break;
        }

        ngx_http_aime_tally_refused(r, NGX_AIME_REJECTED_QUEUE_FULL);
        text.len = ngx_sprintf(buf, "Job queue reached max length %ui!",
                               endpoint->max_queue_length)
                   - buf;
        break;

    case NGX_AIME_CLIENT_BUSY:
        ngx_http_aime_tally_refused(r, NGX_AIME_REJECTED_QUOTA);
        status = NGX_HTTP_TOO_MANY_REQUESTS;
        text.len = ngx_sprintf(buf, "Client has reached its limit of %ui "
                               "jobs at once on this endpoint",
                               endpoint->client_request_limit)
                   - buf;
        break;

    case NGX_AIME_OTHER_REQUEST:
        ngx_http_aime_tally_refused(r, NGX_AIME_REJECTED_INVALID);
        return ngx_http_aime_error_chars(r, NGX_HTTP_AIME_UNPROCESSABLE,
                                         "Idempotency-Key was used with other "
                                         "inputs already");

    default:
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "aime_api_zone \"%V\" is full, refused a job on \"%V\"",
                      &amcf->zone->shm_zone->shm.name, &endpoint->name);

        ngx_http_aime_tally_refused(r, NGX_AIME_REJECTED_NO_MEMORY);
        text.len = ngx_sprintf(buf, "The server has no memory left for this "
                               "job, try again later")
                   - buf;
    }

    if (ngx_http_aime_reply_retry_after(r, retry_after) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_aime_error(r, status, &text);
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
ngx_http_aime_submitted(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, const u_char *id)
{
    ngx_http_aime_reply_t  reply;

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_SUBMITTED_SIZE
                                         + endpoint->version.len);
    ngx_http_aime_reply_chars(&reply, "{\"success\":true,\"job_id\":");
    ngx_http_aime_reply_id(&reply, id);
    ngx_http_aime_reply_chars(&reply, ",\"ep_version\":");
    ngx_http_aime_reply_text(&reply, &endpoint->version);
    ngx_http_aime_reply_chars(&reply, "}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


static ngx_int_t
ngx_http_aime_submitted_done(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_view_t *view)
{
    ngx_http_aime_reply_t  reply;

    ngx_http_aime_reply_start(&reply, r,
                              ngx_http_aime_result_size(endpoint, view));
    ngx_http_aime_result(&reply, endpoint, view);

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


static ngx_int_t
ngx_http_aime_submitted_ended(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_aime_job_view_t *view)
{
    return ngx_http_aime_ended(r, endpoint, view, NGX_HTTP_GATEWAY_TIME_OUT);
}


static ngx_int_t
ngx_http_aime_submit_waiting(ngx_http_request_t *r,
    ngx_http_aime_submission_t *submission, ngx_aime_shm_hold_t *input)
{
    ngx_int_t              rc;
    ngx_http_aime_park_t  *park;
    ngx_http_aime_wait_t  *wait;

    wait = ngx_http_aime_wait_create(r, submission, &park);

    if (wait == NULL) {
        rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
        goto failed;
    }

    rc = ngx_aime_job_submit(wait->zone, &submission->spec, input, wait->id,
                             park->slot, &park->parked);

    if (rc == NGX_OK) {
        wait->joined = 1;
        ngx_http_aime_note_job(r, wait->id);
        ngx_http_aime_free_body(r);

        if (ngx_http_aime_vars_cookie(r, &submission->spec) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return wait->form->stream ? ngx_http_aime_wait_stream(r, park)
                                  : ngx_http_aime_park_look(park);
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

    wait = ngx_http_aime_wait_create(r, submission, &park);

    if (wait == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memcpy(wait->id, id, NGX_AIME_ID_LEN);

    return ngx_http_aime_wait_join(r, park);
}


static ngx_http_aime_wait_t *
ngx_http_aime_wait_create(ngx_http_request_t *r,
    ngx_http_aime_submission_t *submission, ngx_http_aime_park_t **park)
{
    ngx_http_cleanup_t    *cln;
    ngx_http_aime_wait_t  *wait;

    /* before the park's own, so that it runs when that has unparked */

    cln = ngx_http_cleanup_add(r, sizeof(ngx_http_aime_wait_t));
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_aime_submit_cleanup;

    wait = cln->data;
    ngx_memzero(wait, sizeof(ngx_http_aime_wait_t));

    wait->zone = ngx_http_aime_zone(r);
    wait->request = r;
    wait->endpoint = submission->endpoint;
    wait->form = submission->form;

    *park = ngx_http_aime_park_create(r, ngx_http_aime_submit_resume, wait);

    return *park ? wait : NULL;
}


static ngx_int_t
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

    wait->joined = (rc == NGX_OK);
    ngx_http_aime_note_job(r, wait->id);
    ngx_http_aime_free_body(r);

    if (wait->form->stream) {
        return ngx_http_aime_wait_stream(r, park);
    }

    rc = ngx_http_aime_submit_resume(r, park, NGX_HTTP_AIME_TIMEOUT);

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
ngx_http_aime_submit_resume(ngx_http_request_t *r,
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
ngx_http_aime_submit_cleanup(void *data)
{
    ngx_http_aime_wait_t  *wait = data;

    if (wait->joined) {
        ngx_aime_job_leave(wait->zone, wait->id,
                           wait->answered
                           && ngx_http_aime_reply_sent(wait->request));
    }
}


ngx_int_t
ngx_http_aime_refuse_client(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_client_t *client)
{
    u_char                 *p;
    ngx_str_t               errors[2];
    ngx_http_aime_reply_t   reply;

    /* clients look for one of these two texts or the other */

    static ngx_str_t  no_session[] = {
        ngx_string("API Key missing and client session authentication key "
                   "not registered in API Server"),
        ngx_string("Client session authentication key not registered in API "
                   "Server")
    };

    switch (client->verdict) {

    case NGX_HTTP_AIME_CLIENT_BAD_KEY:
        return ngx_http_aime_error_chars(r, NGX_HTTP_UNAUTHORIZED,
                                         "Key not valid");

    case NGX_HTTP_AIME_CLIENT_FORBIDDEN:
        p = ngx_pnalloc(r->pool,
                        sizeof("Client not authorized for endpoint !")
                        + endpoint->name.len);
        if (p == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        errors[0].data = p;
        errors[0].len = ngx_sprintf(p,
                                    "Client not authorized for endpoint %V!",
                                    &endpoint->name)
                        - p;

        return ngx_http_aime_error(r, NGX_HTTP_FORBIDDEN, errors);

    default:
        ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
        ngx_http_aime_reply_error(&reply, NGX_HTTP_UNAUTHORIZED, no_session,
                                  2);

        return ngx_http_aime_reply_send(&reply, NGX_HTTP_UNAUTHORIZED);
    }
}
