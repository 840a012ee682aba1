
/*
 * Embeddings, see ngx_http_aime_openai_embed.h.
 *
 * Both official clients ask for base64 unless they are told otherwise, and
 * take numbers for it without a word; so what was asked for is what they get.
 */


#include "ngx_http_aime_openai_embed.h"
#include "ngx_http_aime_openai_serve.h"
#include "aime_floats.h"


#define NGX_HTTP_AIME_OPENAI_MAX_INPUTS   2048


/* Lasts longer than the request's fields. */

typedef struct {
    ngx_uint_t                   ninputs;
    unsigned                     base64:1;
} ngx_http_aime_openai_embed_t;


static ngx_int_t ngx_http_aime_openai_embed_inputs(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_embed_encoding(
    ngx_http_aime_openai_call_t *call);
static ngx_int_t ngx_http_aime_openai_embed_count(
    ngx_http_aime_openai_call_t *call, aime_json_value_t *value,
    aime_json_elements_t *inputs);
static ngx_int_t ngx_http_aime_openai_embed_bad_input(
    ngx_http_aime_openai_call_t *call, const char *reason);
static ngx_uint_t ngx_http_aime_openai_embed_is_tokens(
    aime_json_value_t *value);
static ngx_int_t ngx_http_aime_openai_embed_put(
    ngx_http_aime_openai_call_t *call, aime_json_value_t *value,
    aime_json_elements_t *inputs);
static ngx_int_t ngx_http_aime_openai_embed_result(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply);
static ngx_int_t ngx_http_aime_openai_embed_vector(
    ngx_http_aime_openai_call_t *call, ngx_http_aime_reply_t *reply,
    aime_json_value_t *vector);
static ngx_int_t ngx_http_aime_openai_embed_broken(
    ngx_http_aime_openai_call_t *call);


static const char  *ngx_http_aime_openai_embed_own[] = {
    "input", "encoding_format", NULL
};

static const ngx_http_aime_openai_way_t  ngx_http_aime_openai_embed_way = {
    NGX_HTTP_AIME_OPENAI_EMBEDDING,
    ngx_http_aime_openai_embed_own,
    NULL,                                   /* fields */
    ngx_http_aime_openai_embed_inputs,
    ngx_http_aime_openai_embed_result,
    NULL,                                   /* stream */
    NULL                                    /* submitted */
};


ngx_int_t
ngx_http_aime_openai_embed(ngx_http_request_t *r)
{
    return ngx_http_aime_openai_serve(r, &ngx_http_aime_openai_embed_way);
}


static ngx_int_t
ngx_http_aime_openai_embed_inputs(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t                      rc;
    aime_json_member_t            *field;
    aime_json_elements_t           inputs;
    ngx_http_aime_openai_embed_t  *embed;

    embed = ngx_pcalloc(call->request->pool,
                        sizeof(ngx_http_aime_openai_embed_t));
    if (embed == NULL) {
        return NGX_ERROR;
    }

    call->data = embed;

    rc = ngx_http_aime_openai_embed_encoding(call);

    if (rc != NGX_OK) {
        return rc;
    }

    field = ngx_http_aime_openai_field_of(call, "input");

    if (field == NULL) {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST,
                                           "input",
                                           "missing_required_parameter",
                                           "Missing required parameter: "
                                           "'input'");
    }

    rc = ngx_http_aime_openai_embed_count(call, &field->value, &inputs);

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_aime_openai_embed_put(call, &field->value, &inputs);
}


static ngx_int_t
ngx_http_aime_openai_embed_encoding(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t                      rc;
    ngx_str_t                      name;
    ngx_http_aime_openai_embed_t  *embed;

    embed = call->data;

    rc = ngx_http_aime_openai_get_text(call, "encoding_format", &name);

    if (rc != NGX_OK) {
        return (rc == NGX_ABORT) ? NGX_OK : rc;
    }

    if (name.len == 6 && ngx_strncmp(name.data, "base64", 6) == 0) {
        embed->base64 = 1;
        return NGX_OK;
    }

    if (name.len == 5 && ngx_strncmp(name.data, "float", 5) == 0) {
        return NGX_OK;
    }

    return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST,
                                       "encoding_format", "invalid_value",
                                       "Invalid value for 'encoding_format': "
                                       "expected 'float' or 'base64'");
}


/*
 * A text, or the numbers of its tokens, or a list of these.  inputs: the
 * elements of a list, none if there is a single input.
 */

static ngx_int_t
ngx_http_aime_openai_embed_count(ngx_http_aime_openai_call_t *call,
    aime_json_value_t *value, aime_json_elements_t *inputs)
{
    ngx_uint_t                     i;
    aime_json_error_t              mistake;
    ngx_http_aime_openai_embed_t  *embed;

    embed = call->data;
    embed->ninputs = 1;
    inputs->nelts = 0;

    if (value->type == AIME_JSON_STRING) {
        return (value->text.len > 2)
               ? NGX_OK
               : ngx_http_aime_openai_embed_bad_input(call, "it is empty");
    }

    if (ngx_http_aime_openai_embed_is_tokens(value)) {
        return NGX_OK;
    }

    if (value->type != AIME_JSON_ARRAY) {
        return ngx_http_aime_openai_embed_bad_input(call,
                   "expected a string, or an array of strings or tokens");
    }

    if (aime_json_elements(&call->pool, value->text, inputs, &mistake)
        != AIME_OK
        || inputs->nelts > NGX_HTTP_AIME_OPENAI_MAX_INPUTS)
    {
        return ngx_http_aime_openai_embed_bad_input(call,
                   "it has more than 2048 elements");
    }

    if (inputs->nelts == 0) {
        return ngx_http_aime_openai_embed_bad_input(call, "it is empty");
    }

    for (i = 0; i < inputs->nelts; i++) {

        if (inputs->elts[i].type != inputs->elts[0].type
            || (inputs->elts[i].type == AIME_JSON_STRING
                ? inputs->elts[i].text.len == 2
                : !ngx_http_aime_openai_embed_is_tokens(&inputs->elts[i])))
        {
            return ngx_http_aime_openai_embed_bad_input(call,
                       "each element must be a string that is not empty, or "
                       "each an array of tokens");
        }
    }

    embed->ninputs = inputs->nelts;

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_embed_bad_input(ngx_http_aime_openai_call_t *call,
    const char *reason)
{
    return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, "input",
                                       "invalid_value",
                                       "Invalid value for 'input': %s",
                                       reason);
}


/* Valid JSON of an array with nothing but digits in it. */

static ngx_uint_t
ngx_http_aime_openai_embed_is_tokens(aime_json_value_t *value)
{
    size_t      i;
    u_char      c;
    ngx_uint_t  digits;

    if (value->type != AIME_JSON_ARRAY) {
        return 0;
    }

    digits = 0;

    for (i = 1; i < value->text.len - 1; i++) {
        c = value->text.data[i];

        if (c >= '0' && c <= '9') {
            digits = 1;

        } else if (c != ',' && c != ' ' && c != '\t' && c != '\n'
                   && c != '\r')
        {
            return 0;
        }
    }

    return digits;
}


/*
 * An input that takes JSON always gets a list; another can only be given one
 * text.
 */

static ngx_int_t
ngx_http_aime_openai_embed_put(ngx_http_aime_openai_call_t *call,
    aime_json_value_t *value, aime_json_elements_t *inputs)
{
    u_char             *p;
    ngx_str_t           text;
    aime_desc_param_t  *param;

    param = ngx_http_aime_openai_input(call->service, "input", 5);

    if (param == NULL || param->type != AIME_DESC_JSON) {

        if (inputs->nelts > 1) {
            return ngx_http_aime_openai_embed_bad_input(call,
                       "this model takes one text at a time");
        }

        return ngx_http_aime_openai_put(call, "input",
                                        inputs->nelts ? inputs->elts : value);
    }

    text.data = (u_char *) value->text.data;
    text.len = value->text.len;

    if (inputs->nelts == 0) {
        text.len += 2;

        p = ngx_pnalloc(call->request->pool, text.len);
        if (p == NULL) {
            return NGX_ERROR;
        }

        text.data = p;

        *p++ = '[';
        p = ngx_cpymem(p, value->text.data, value->text.len);
        *p++ = ']';
    }

    return ngx_http_aime_openai_add(call, &param->name, AIME_JSON_ARRAY,
                                    &text);
}


static ngx_int_t
ngx_http_aime_openai_embed_result(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply)
{
    ngx_int_t                      rc;
    ngx_uint_t                     i, tokens;
    aime_json_error_t              mistake;
    aime_json_value_t              single;
    aime_json_member_t            *output;
    aime_json_elements_t           vectors;
    ngx_http_aime_openai_embed_t  *embed;

    embed = call->data;
    output = ngx_http_aime_openai_out(call, "embedding");

    if (output == NULL || output->value.type != AIME_JSON_ARRAY) {
        return ngx_http_aime_openai_embed_broken(call);
    }

    /* a vector itself, where there is but one, may be longer than any list */

    if (aime_json_elements(&call->pool, output->value.text, &vectors,
                           &mistake)
        != AIME_OK
        || (vectors.nelts && vectors.elts[0].type == AIME_JSON_NUMBER))
    {
        single = output->value;
        vectors.elts = &single;
        vectors.nelts = 1;
    }

    if (vectors.nelts != embed->ninputs) {
        return ngx_http_aime_openai_embed_broken(call);
    }

    ngx_http_aime_reply_chars(reply, "{\"object\":\"list\",\"data\":[");

    for (i = 0; i < vectors.nelts; i++) {
        ngx_http_aime_reply_chars(reply, i ? ",{\"object\":\"embedding\","
                                             "\"index\":"
                                           : "{\"object\":\"embedding\","
                                             "\"index\":");
        ngx_http_aime_reply_integer(reply, i);
        ngx_http_aime_reply_chars(reply, ",\"embedding\":");

        rc = ngx_http_aime_openai_embed_vector(call, reply, &vectors.elts[i]);

        if (rc != NGX_OK) {
            return rc;
        }

        ngx_http_aime_reply_chars(reply, "}");
    }

    tokens = ngx_http_aime_openai_tokens(call, "prompt_tokens", NULL);

    ngx_http_aime_reply_chars(reply, "],\"model\":");
    ngx_http_aime_reply_string(reply, &call->model->name);
    ngx_http_aime_reply_chars(reply, ",\"usage\":{\"prompt_tokens\":");
    ngx_http_aime_reply_integer(reply, tokens);
    ngx_http_aime_reply_chars(reply, ",\"total_tokens\":");
    ngx_http_aime_reply_integer(reply, tokens);
    ngx_http_aime_reply_chars(reply, "}}");

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_embed_vector(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_reply_t *reply, aime_json_value_t *vector)
{
    u_char                        *p;
    size_t                         n;
    ngx_http_aime_openai_embed_t  *embed;

    embed = call->data;

    if (vector->type != AIME_JSON_ARRAY || !aime_floats_only(vector->text)) {
        return ngx_http_aime_openai_embed_broken(call);
    }

    if (!embed->base64) {
        ngx_http_aime_reply_bytes(reply, vector->text.data, vector->text.len);
        return NGX_OK;
    }

    n = aime_floats_count(vector->text);

    p = ngx_http_aime_reply_room(reply, aime_floats_base64_len(n) + 2);
    if (p == NULL) {
        return NGX_ERROR;
    }

    *p++ = '"';
    p = aime_floats_base64(p, vector->text, n);

    if (p == NULL) {
        return ngx_http_aime_openai_embed_broken(call);
    }

    *p++ = '"';

    ngx_http_aime_reply_wrote(reply, p);

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_embed_broken(ngx_http_aime_openai_call_t *call)
{
    return ngx_http_aime_openai_refuse(call, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                       NULL, NULL,
                                       "The model gave no list of numbers "
                                       "for each input");
}
