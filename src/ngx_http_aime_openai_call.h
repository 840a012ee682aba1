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


/* A list among the outputs, once it was looked at. */

#define NGX_HTTP_AIME_OPENAI_MAX_LISTS   8

typedef struct {
    const u_char                     *text;
    aime_json_elements_t              elements;
} ngx_http_aime_openai_list_t;


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

    /* what the client sent, once the inputs are in the place of the fields */
    ngx_http_aime_args_t              sent;

    ngx_array_t                       inputs;   /* aime_json_member_t */

    /* of the job */
    u_char                            id[NGX_AIME_ID_LEN];
    double                            created;
    ngx_http_aime_args_t              outputs;
    ngx_http_aime_openai_list_t       lists[NGX_HTTP_AIME_OPENAI_MAX_LISTS];
    ngx_uint_t                        nlists;

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


#endif /* NGX_HTTP_AIME_OPENAI_CALL_H_INCLUDED */
