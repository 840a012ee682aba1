/*
 * Serves a request of OpenAI's API by a job: finds its model and client, and
 * answers with what becomes of the job (PROTOCOL section 6).  Floor 3: knows
 * no URLs, and no kind of requests.
 */

#ifndef NGX_HTTP_AIME_OPENAI_SERVE_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_SERVE_H_INCLUDED


#include "ngx_http_aime_openai_field.h"
#include "ngx_http_aime_openai_output.h"


/* The models of the request's location. */
ngx_http_aime_openai_t *ngx_http_aime_openai_conf(ngx_http_request_t *r);

/* Serves a request for a job of that kind. */
ngx_int_t ngx_http_aime_openai_serve(ngx_http_request_t *r,
    const ngx_http_aime_openai_way_t *way);

/* Who may use the endpoint, NULL: any; others are answered 401 or 403. */
ngx_int_t ngx_http_aime_openai_identify(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_client_t *client);
ngx_int_t ngx_http_aime_openai_unknown_client(ngx_http_request_t *r,
    ngx_http_aime_client_t *client);

/* 404 for a model, or one that does not serve this kind. */
ngx_int_t ngx_http_aime_openai_no_model(ngx_http_request_t *r,
    ngx_str_t *name);

/* The call's job, which was made just now: its id, and when that was. */
void ngx_http_aime_openai_job(ngx_http_aime_openai_call_t *call,
    const u_char *id);

/* What to say of a job that was canceled or has lapsed. */
void ngx_http_aime_openai_end_text(ngx_aime_job_view_t *view,
    ngx_str_t *text);

/* 500 or 504 for a job that failed: its client shall not just try again. */
ngx_int_t ngx_http_aime_openai_failed(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *text);


#endif /* NGX_HTTP_AIME_OPENAI_SERVE_H_INCLUDED */
