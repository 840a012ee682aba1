
/* Who a GPU worker is, see ngx_http_aime_worker.h; PROTOCOL section 3. */


#include "ngx_http_aime_worker.h"
#include "aime_number.h"


#define NGX_HTTP_AIME_MAX_QUOTED    NGX_AIME_NAME_LEN


static void ngx_http_aime_fields_of(ngx_http_aime_args_t *args,
    ngx_str_t *names, ngx_str_t *fields);


/*
 * The names of the fields in the order of ngx_aime_worker_field_e.  Generation
 * A says all in one object, where versions and batch have other names; B says
 * what its model is in another one.
 */

static ngx_str_t  ngx_http_aime_poll_fields[NGX_AIME_WORKER_NFIELDS] = {
    ngx_string("version"),
    ngx_string("worker_version"),
    ngx_string("gpu_name"),
    ngx_string("num_gpus"),
    ngx_string("framework"),
    ngx_string("framework_version"),
    ngx_string("pytorch_version"),
    ngx_string("model_label"),
    ngx_string("model_quantization"),
    ngx_string("model_size"),
    ngx_string("model_family"),
    ngx_string("model_type"),
    ngx_string("model_repo_name"),
    ngx_string("max_job_batch")
};

static ngx_str_t  ngx_http_aime_login_fields[NGX_AIME_WORKER_NFIELDS] = {
    ngx_string("interface_version"),
    ngx_string("version"),
    ngx_string("gpu_name"),
    ngx_string("num_gpus"),
    ngx_string("framework"),
    ngx_string("framework_version"),
    ngx_string("pytorch_version"),
    ngx_null_string,
    ngx_null_string,
    ngx_null_string,
    ngx_null_string,
    ngx_null_string,
    ngx_null_string,
    ngx_string("max_batch_size")
};

static ngx_str_t  ngx_http_aime_model_fields[NGX_AIME_WORKER_NFIELDS] = {
    ngx_null_string,
    ngx_null_string,
    ngx_null_string,
    ngx_null_string,
    ngx_null_string,
    ngx_null_string,
    ngx_null_string,
    ngx_string("label"),
    ngx_string("quantization"),
    ngx_string("size"),
    ngx_string("family"),
    ngx_string("type"),
    ngx_string("repo_name"),
    ngx_null_string
};


ngx_int_t
ngx_http_aime_worker_claim(ngx_http_request_t *r, ngx_http_aime_args_t *args,
    ngx_http_aime_claim_t *claim)
{
    if (ngx_http_aime_arg_text(r, args, "auth", &claim->name) == NGX_ERROR
        || ngx_http_aime_arg_text(r, args, "auth_key", &claim->key)
           == NGX_ERROR
        || ngx_http_aime_arg_text(r, args, "job_type", &claim->job_type)
           == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_http_aime_worker_key(ngx_http_aime_type_t *type,
    ngx_http_aime_claim_t *claim)
{
    u_char  id[NGX_AIME_ID_LEN];

    ngx_http_aime_key_id(claim->key.data, claim->key.len, id);

    return claim->key.data && ngx_http_aime_same_id(type->key, id);
}


ngx_int_t
ngx_http_aime_worker_identify(ngx_http_request_t *r,
    ngx_http_aime_claim_t *claim, ngx_aime_worker_view_t *view,
    ngx_str_t *refusal)
{
    ngx_int_t                   rc;
    ngx_http_aime_ctx_t        *ctx;
    ngx_http_aime_type_t       *type;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);
    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    type = ngx_http_aime_type_named(amcf, &claim->job_type);
    rc = NGX_DECLINED;

    if (type) {
        rc = ngx_aime_worker_find(amcf->zone, type->shm, &claim->name, view);
    }

    if (rc != NGX_OK) {
        rc = ngx_aime_worker_find(amcf->zone, NULL, &claim->name, view);
    }

    if (rc != NGX_OK) {
        return ngx_http_aime_worker_text(r, refusal,
                                         "Worker %V not authorized",
                                         &claim->name, NULL);
    }

    type = ngx_http_aime_type_of(amcf, view->type);

    if (type == NULL || !ngx_http_aime_worker_key(type, claim)) {
        return ngx_http_aime_worker_text(r, refusal,
                                         "Worker %V not authorized on job "
                                         "type %V", &claim->name,
                                         type ? &type->name
                                              : &claim->job_type);
    }

    ctx->worker = claim->name;

    ngx_aime_worker_seen(amcf->zone, view->type, &claim->name);

    return NGX_OK;
}


void
ngx_http_aime_worker_fields(ngx_http_aime_args_t *args,
    ngx_http_aime_args_t *model, ngx_str_t *fields)
{
    ngx_memzero(fields, NGX_AIME_WORKER_NFIELDS * sizeof(ngx_str_t));

    if (model) {
        ngx_http_aime_fields_of(args, ngx_http_aime_login_fields, fields);
        ngx_http_aime_fields_of(model, ngx_http_aime_model_fields, fields);

    } else {
        ngx_http_aime_fields_of(args, ngx_http_aime_poll_fields, fields);
    }
}


/* Only what is simple: a worker's name for its GPU is no structure. */

static void
ngx_http_aime_fields_of(ngx_http_aime_args_t *args, ngx_str_t *names,
    ngx_str_t *fields)
{
    ngx_uint_t           i, n;
    aime_json_member_t  *arg;

    for (i = 0; i < args->nelts; i++) {
        arg = &args->elts[i];

        if (arg->value.type == AIME_JSON_NULL
            || arg->value.type >= AIME_JSON_ARRAY)
        {
            continue;
        }

        for (n = 0; n < NGX_AIME_WORKER_NFIELDS; n++) {
            if (names[n].len == arg->name.len
                && arg->name.len
                && ngx_memcmp(names[n].data, arg->name.data, arg->name.len)
                   == 0)
            {
                fields[n].data = (u_char *) arg->value.text.data;
                fields[n].len = arg->value.text.len;
                break;
            }
        }
    }
}


ngx_int_t
ngx_http_aime_arg_number(ngx_http_aime_args_t *args, const char *name,
    double *value)
{
    aime_number_t        number;
    aime_json_member_t  *arg;

    arg = ngx_http_aime_arg(args, name);

    if (arg == NULL || arg->value.type != AIME_JSON_NUMBER
        || aime_number_parse(arg->value.text, &number) != AIME_OK)
    {
        return NGX_DECLINED;
    }

    *value = aime_number_double(&number);

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_arg_members(ngx_http_request_t *r, aime_json_member_t *arg,
    ngx_http_aime_args_t *args)
{
    ngx_int_t          rc;
    aime_json_error_t  mistake;

    args->elts = NULL;
    args->nelts = 0;

    if (arg == NULL || arg->value.type != AIME_JSON_OBJECT) {
        return NGX_OK;
    }

    rc = ngx_http_aime_members_args(r, arg->value.text, args, &mistake);

    /* declined is what has too many members */

    return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_http_aime_worker_text(ngx_http_request_t *r, ngx_str_t *text,
    const char *fmt, ngx_str_t *one, ngx_str_t *two)
{
    size_t     len;
    ngx_str_t  first, second;

    static ngx_str_t  unknown = ngx_string("None");

    first = (one && one->data) ? *one : unknown;
    second = (two && two->data) ? *two : unknown;

    first.len = ngx_min(first.len, NGX_HTTP_AIME_MAX_QUOTED);
    second.len = ngx_min(second.len, NGX_HTTP_AIME_MAX_QUOTED);

    len = ngx_strlen(fmt) + first.len + second.len;

    text->data = ngx_pnalloc(r->pool, len);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    text->len = ngx_snprintf(text->data, len, fmt, &first, &second)
                - text->data;

    return NGX_DECLINED;
}


void
ngx_http_aime_worker_not_found(ngx_http_aime_reply_t *reply,
    ngx_str_t *job_id, ngx_str_t *worker)
{
    ngx_str_t  text;

    if (ngx_http_aime_worker_text(reply->request, &text,
                                  "Job with job id %V not found in worker "
                                  "%V!", job_id, worker)
        == NGX_ERROR)
    {
        reply->failed = 1;
        return;
    }

    ngx_http_aime_reply_string(reply, &text);
}


ngx_int_t
ngx_http_aime_worker_refuse(ngx_http_request_t *r, const char *fmt,
    ngx_str_t *one, ngx_str_t *two)
{
    ngx_str_t  text;

    if (ngx_http_aime_worker_text(r, &text, fmt, one, two) == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_aime_worker_refused(r, &text);
}


/* The text quotes what anybody may have sent: no line breaks into the log. */

ngx_int_t
ngx_http_aime_worker_refused(ngx_http_request_t *r, ngx_str_t *text)
{
    u_char      *p;
    aime_str_t   plain;

    plain.data = text->data;
    plain.len = text->len;

    p = ngx_pnalloc(r->pool, aime_json_quoted_len(plain));
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "refused a worker: %*s",
                  (size_t) (aime_json_quote(p, plain) - p), p);

    return ngx_http_aime_error(r, NGX_HTTP_OK, text);
}


ngx_uint_t
ngx_http_aime_worker_name(ngx_str_t *name)
{
    ngx_uint_t  i;

    for (i = 0; i < name->len; i++) {
        if (name->data[i] < 0x20 || name->data[i] == 0x7f) {
            return 0;
        }
    }

    return name->len != 0 && name->len <= NGX_AIME_NAME_LEN;
}

