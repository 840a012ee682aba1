
/* Progress that grows, see ngx_http_aime_grow.h. */


#include "ngx_http_aime_grow.h"
#include "ngx_aime_job_room.h"
#include "ngx_aime_job_view.h"


static ngx_int_t ngx_http_aime_grow_before(ngx_http_request_t *r,
    const u_char *id, ngx_http_aime_args_t *old,
    ngx_aime_shm_hold_t **before);
static ngx_int_t ngx_http_aime_grow_output(ngx_http_request_t *r,
    ngx_http_aime_output_t *output, ngx_http_aime_args_t *data,
    ngx_http_aime_args_t *old);


ngx_int_t
ngx_http_aime_grow(ngx_http_request_t *r, ngx_http_aime_endpoint_t *endpoint,
    const u_char *id, ngx_http_aime_args_t *data,
    ngx_aime_shm_hold_t **before)
{
    ngx_uint_t               i;
    aime_json_member_t      *elts;
    ngx_http_aime_args_t     old;
    ngx_http_aime_output_t  *output;

    *before = NULL;

    if (endpoint == NULL || !endpoint->grows) {
        return NGX_OK;
    }

    if (ngx_http_aime_grow_before(r, id, &old, before) != NGX_OK) {
        return NGX_ERROR;
    }

    /* a copy, since it may have to be done again */

    output = endpoint->progress_outputs.elts;

    elts = ngx_palloc(r->pool, (data->nelts
                                + endpoint->progress_outputs.nelts)
                               * sizeof(aime_json_member_t));
    if (elts == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(elts, data->elts, data->nelts * sizeof(aime_json_member_t));
    data->elts = elts;

    for (i = 0; i < endpoint->progress_outputs.nelts; i++) {
        if (output[i].grows
            && ngx_http_aime_grow_output(r, &output[i], data, &old) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* The data of the latest report that counts. */

static ngx_int_t
ngx_http_aime_grow_before(ngx_http_request_t *r, const u_char *id,
    ngx_http_aime_args_t *old, ngx_aime_shm_hold_t **before)
{
    u_char               *copy;
    ngx_int_t             rc;
    aime_str_t            text;
    ngx_aime_zone_t      *zone;
    aime_json_error_t     mistake;
    ngx_aime_job_view_t   view;

    zone = ngx_http_aime_zone(r);

    old->elts = NULL;
    old->nelts = 0;

    rc = ngx_aime_job_view(zone, id, NGX_AIME_VIEW_PAYLOAD, NULL, &view);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED || view.payload == NULL) {
        return NGX_OK;
    }

    if (view.state != NGX_AIME_JOB_PROCESSING) {
        ngx_aime_job_drop(zone, view.payload);
        return NGX_OK;
    }

    *before = view.payload;

    text.len = view.payload->payload->len - view.progress_len;
    copy = ngx_pnalloc(r->pool, text.len);

    if (copy == NULL) {
        return NGX_ERROR;
    }

    ngx_aime_shm_copy(view.payload->payload, view.progress_len, text.len,
                      copy);
    text.data = copy;

    return (ngx_http_aime_members_args(r, text, old, &mistake) == NGX_OK)
           ? NGX_OK : NGX_ERROR;
}


/* Texts only; as they are written, escapes included. */

static ngx_int_t
ngx_http_aime_grow_output(ngx_http_request_t *r,
    ngx_http_aime_output_t *output, ngx_http_aime_args_t *data,
    ngx_http_aime_args_t *old)
{
    u_char              *p;
    aime_str_t           grown;
    aime_json_member_t  *was, *adds;

    was = ngx_http_aime_arg_named(old, (char *) output->name.data,
                                  output->name.len);
    adds = ngx_http_aime_arg_named(data, (char *) output->name.data,
                                   output->name.len);

    if (was == NULL || was->value.type != AIME_JSON_STRING) {
        return NGX_OK;
    }

    if (adds == NULL) {
        data->elts[data->nelts++] = *was;
        return NGX_OK;
    }

    if (adds->value.type != AIME_JSON_STRING) {
        return NGX_OK;
    }

    grown.len = was->value.text.len + adds->value.text.len - 2;

    p = ngx_pnalloc(r->pool, grown.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    grown.data = p;

    p = ngx_cpymem(p, was->value.text.data, was->value.text.len - 1);
    ngx_memcpy(p, adds->value.text.data + 1, adds->value.text.len - 1);

    adds->value.text = grown;

    return NGX_OK;
}
