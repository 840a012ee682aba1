/*
 * A request of OpenAI's API on its way to a job and back: what all kinds of
 * them have in common (PROTOCOL section 6).  Floor 3: knows no URLs, and no
 * kind.
 *
 * A kind is a translator from the fields of a request to the inputs of an
 * endpoint, and a renderer from the outputs of its result to an answer.
 */

#ifndef NGX_HTTP_AIME_OPENAI_CALL_H_INCLUDED
#define NGX_HTTP_AIME_OPENAI_CALL_H_INCLUDED


#include "ngx_http_aime_openai_conf.h"
#include "ngx_http_aime_submit.h"


typedef struct ngx_http_aime_openai_call_s  ngx_http_aime_openai_call_t;

/*
 * Handlers of a kind.  NGX_OK; NGX_DECLINED: the request is refused, as
 * ngx_http_aime_openai_refuse() has noted; NGX_ERROR: no memory.
 */

typedef struct {
    ngx_uint_t                   kind;  /* ngx_http_aime_openai_kind_e */

    /* names of the fields that the translator takes care of, or NULL */
    const char                 **own;

    /* the body as fields; NULL: it is a JSON object */
    ngx_int_t                  (*fields)(ngx_http_aime_openai_call_t *call);

    /* makes inputs of its own fields; all others are mapped already */
    ngx_int_t                  (*inputs)(ngx_http_aime_openai_call_t *call);

    /*
     * Writes the body of the answer from call->outputs; it may set
     * reply->type.
     */
    ngx_int_t                  (*result)(ngx_http_aime_openai_call_t *call,
                                     ngx_http_aime_reply_t *reply);

    /* for clients that want a stream; NULL: they cannot have one */
    ngx_int_t                  (*stream)(ngx_http_request_t *r,
                                     ngx_http_aime_endpoint_t *endpoint,
                                     ngx_http_aime_park_t *park,
                                     const u_char *id);

    /* for those that do not wait; NULL: all do */
    ngx_int_t                  (*submitted)(ngx_http_request_t *r,
                                     ngx_http_aime_endpoint_t *endpoint,
                                     const u_char *id);
} ngx_http_aime_openai_way_t;


struct ngx_http_aime_openai_call_s {
    ngx_http_request_t               *request;
    aime_pool_t                       pool;     /* the request's */
    const ngx_http_aime_openai_way_t *way;
    ngx_http_aime_form_t              form;

    ngx_http_aime_openai_model_t     *model;
    ngx_http_aime_openai_service_t   *service;
    ngx_http_aime_endpoint_t         *endpoint;
    ngx_str_t                         name;     /* the model's, as asked for */
    ngx_http_aime_client_t            client;

    /* of the request; gone with its body once the job is queued */
    ngx_http_aime_args_t              fields;
    ngx_array_t                       inputs;   /* aime_json_member_t */

    /* of the job */
    u_char                            id[NGX_AIME_ID_LEN];
    double                            created;
    ngx_http_aime_args_t              outputs;

    /* why it is refused, if it is */
    ngx_uint_t                        status;
    ngx_str_t                         message;

    ngx_uint_t                        n;            /* choices asked for */
    ngx_uint_t                        max_tokens;   /* 0: not said */
    void                             *data;         /* of the kind */
    unsigned                          streams:1;
    unsigned                          include_usage:1;
    unsigned                          background:1;
};


/* The models of the request's location. */
ngx_http_aime_openai_t *ngx_http_aime_openai_conf(ngx_http_request_t *r);

/* Serves a request for a job of that kind. */
ngx_int_t ngx_http_aime_openai_serve(ngx_http_request_t *r,
    const ngx_http_aime_openai_way_t *way);

/*
 * Notes why a request is refused, and gives NGX_DECLINED.  param and code may
 * be NULL; the message, with nginx's formats, is for the client.
 */
ngx_int_t ngx_http_aime_openai_refuse(ngx_http_aime_openai_call_t *call,
    ngx_uint_t status, const char *param, const char *code, const char *fmt,
    ...);

/* Refuses a field for which there is no input. */
ngx_int_t ngx_http_aime_openai_unsupported(ngx_http_aime_openai_call_t *call,
    ngx_str_t *name);

/* Who may use the endpoint, NULL: any; others are answered 401 or 403. */
ngx_int_t ngx_http_aime_openai_identify(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_client_t *client);
ngx_int_t ngx_http_aime_openai_unknown_client(ngx_http_request_t *r,
    ngx_http_aime_client_t *client);

/* 404 for a model, or one that does not serve this kind. */
ngx_int_t ngx_http_aime_openai_no_model(ngx_http_request_t *r,
    ngx_str_t *name);

/* A field of the request: NULL if it is absent or null. */
static ngx_inline aime_json_member_t *
ngx_http_aime_openai_field_of(ngx_http_aime_openai_call_t *call,
    const char *name)
{
    return ngx_http_aime_arg(&call->fields, name);
}

/*
 * Typed fields.  NGX_OK: it is there; NGX_ABORT: absent; else as all handlers.
 */
ngx_int_t ngx_http_aime_openai_get_flag(ngx_http_aime_openai_call_t *call,
    const char *name, ngx_uint_t *flag);
ngx_int_t ngx_http_aime_openai_get_count(ngx_http_aime_openai_call_t *call,
    const char *name, ngx_uint_t min, ngx_uint_t max, ngx_uint_t *count);
ngx_int_t ngx_http_aime_openai_get_text(ngx_http_aime_openai_call_t *call,
    const char *name, ngx_str_t *text);

/*
 * Gives a value to the input that a field is mapped to; refuses it where there
 * is none.
 */
ngx_int_t ngx_http_aime_openai_put(ngx_http_aime_openai_call_t *call,
    const char *name, aime_json_value_t *value);

/* A text as a JSON string. */
ngx_int_t ngx_http_aime_openai_quote(ngx_http_aime_openai_call_t *call,
    aime_str_t *text, ngx_str_t *quoted);

/* Adds an input by its own name; text: JSON. */
ngx_int_t ngx_http_aime_openai_add(ngx_http_aime_openai_call_t *call,
    const aime_str_t *input, aime_json_type_e type, ngx_str_t *text);

/* The value of what the API calls so among the outputs, or NULL. */
aime_json_member_t *ngx_http_aime_openai_out(
    ngx_http_aime_openai_call_t *call, const char *name);

/* A number of tokens among the outputs; 0: none, or it is not told. */
ngx_uint_t ngx_http_aime_openai_tokens(ngx_http_aime_openai_call_t *call,
    const char *name, ngx_uint_t *told);

/*
 * The outputs of a payload: members with a comma in front of each, or an
 * object, from offset on.
 */
ngx_int_t ngx_http_aime_openai_read(ngx_http_aime_openai_call_t *call,
    ngx_aime_shm_payload_t *payload, size_t offset);

/* As ngx_http_aime_members_args(), with the call's memory. */
ngx_int_t ngx_http_aime_openai_members(ngx_http_aime_openai_call_t *call,
    aime_str_t text, ngx_http_aime_args_t *args,
    aime_json_error_t *mistake);

/* What a string stands for.  NGX_DECLINED: it is no string. */
ngx_int_t ngx_http_aime_openai_decode(ngx_http_aime_openai_call_t *call,
    aime_json_value_t *value, ngx_str_t *text);

/* The worker's error, decoded; NGX_DECLINED: it tells none. */
ngx_int_t ngx_http_aime_openai_failure(ngx_http_aime_openai_call_t *call,
    ngx_str_t *text);

/* What to say of a job that was canceled or has lapsed. */
void ngx_http_aime_openai_end_text(ngx_aime_job_view_t *view,
    ngx_str_t *text);

/* 500 or 504 for a job that failed: its client shall not just try again. */
ngx_int_t ngx_http_aime_openai_failed(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *text);


#endif /* NGX_HTTP_AIME_OPENAI_CALL_H_INCLUDED */
