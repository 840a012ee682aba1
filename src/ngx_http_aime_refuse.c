
/* Refusals of jobs and clients, see ngx_http_aime_refuse.h. */


#include "ngx_http_aime_refuse.h"
#include "ngx_http_aime_tally.h"
#include "ngx_aime_job_submit.h"


/* after which to look whether an endpoint is enabled again, seconds */

#define NGX_HTTP_AIME_DISABLED_WAIT    60


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


ngx_int_t
ngx_http_aime_refuse_inputs(ngx_http_request_t *r, aime_input_t *input)
{
    ngx_str_t              *errors;
    ngx_uint_t              i;
    ngx_http_aime_reply_t   reply;

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


ngx_int_t
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
