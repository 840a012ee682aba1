
/* Fields and inputs, see ngx_http_aime_openai_field.h. */


#include "ngx_http_aime_openai_field.h"
#include "aime_number.h"


/* bytes of a client's text that a message repeats, and of a message */

#define NGX_HTTP_AIME_OPENAI_QUOTED    64
#define NGX_HTTP_AIME_OPENAI_MESSAGE   512


/* Of all kinds. */

static const ngx_http_aime_openai_neutral_t
    ngx_http_aime_openai_neutrals[] =
{
    { "model", "*" },
    { "stream", "*" },
    { "user", "*" },
    { "safety_identifier", "*" },
    { "prompt_cache_key", "*" },
    { "prompt_cache_options", "*" },
    { "prompt_cache_retention", "*" },
    { "metadata", "*" },
    { "service_tier", "*" },
    { "store", "false" },
    { "temperature", "1" },
    { "top_p", "1" },
    { "n", "1" },
    { "best_of", "1" },
    { "presence_penalty", "0" },
    { "frequency_penalty", "0" },
    { "logprobs", "false" },
    { "top_logprobs", "0" },
    { "verbosity", "\"medium\"" },
    { "echo", "false" },
    { "suffix", "\"\"" },
    { "stop", "[]" },
    { "logit_bias", "{}" },
    { "tools", "[]" },
    { "functions", "[]" },
    { "tool_choice", "\"none\"" },
    { "tool_choice", "\"auto\"" },
    { "function_call", "\"none\"" },
    { "function_call", "\"auto\"" },
    { "modalities", "[\"text\"]" },
    { "response_format", "{\"type\":\"text\"}" },
    { NULL, NULL }
};


/*
 * An input of type json takes a string for the JSON text that it holds: these
 * fields mean the string.
 */

static const char  *ngx_http_aime_openai_verbatim[] = {
    "tool_choice", "stop", "prompt", "input", "verbosity", "reasoning_effort",
    "reasoning_summary", "reasoning_context", "reasoning_mode", NULL
};


static ngx_int_t ngx_http_aime_openai_map_field(
    ngx_http_aime_openai_call_t *call, aime_json_member_t *field,
    const ngx_http_aime_openai_neutral_t *neutrals);
static ngx_uint_t ngx_http_aime_openai_is_neutral(aime_json_member_t *field,
    const ngx_http_aime_openai_neutral_t *neutral);
static ngx_int_t ngx_http_aime_openai_wrong_type(
    ngx_http_aime_openai_call_t *call, const char *name, const char *type);
static ngx_int_t ngx_http_aime_openai_not_listed(
    ngx_http_aime_openai_call_t *call, const char *name, int rc,
    aime_json_error_t *mistake);
static ngx_int_t ngx_http_aime_openai_put_named(
    ngx_http_aime_openai_call_t *call, ngx_str_t *name,
    aime_json_value_t *value);
static ngx_int_t ngx_http_aime_openai_push(ngx_http_aime_openai_call_t *call,
    const aime_str_t *input, aime_json_value_t *value);
static ngx_int_t ngx_http_aime_openai_twice(ngx_http_aime_openai_call_t *call,
    ngx_str_t *input);
static void ngx_http_aime_openai_set(aime_json_value_t *value,
    aime_json_type_e type, ngx_str_t *text);


ngx_int_t
ngx_http_aime_openai_json_fields(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t  rc;
    ngx_str_t  error;

    rc = ngx_http_aime_body_args(call->request, &call->fields, &error);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, NULL, NULL,
                                       "%V", &error);
}


ngx_int_t
ngx_http_aime_openai_map_fields(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t            rc;
    ngx_uint_t           i;
    aime_json_member_t  *field;

    for (i = 0; i < call->fields.nelts; i++) {
        field = &call->fields.elts[i];

        if (call->way->own
            && ngx_http_aime_openai_listed(&field->name, call->way->own))
        {
            continue;
        }

        rc = ngx_http_aime_openai_map_field(call, field,
                                            ngx_http_aime_openai_neutrals);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_openai_map_own(ngx_http_aime_openai_call_t *call,
    const ngx_http_aime_openai_neutral_t *neutrals)
{
    ngx_int_t            rc;
    ngx_uint_t           i;
    const char          *last;
    aime_json_member_t  *field;

    last = "";

    for (i = 0; neutrals[i].name; i++) {

        /* a field may have several such values */

        if (ngx_strcmp(neutrals[i].name, last) == 0) {
            continue;
        }

        last = neutrals[i].name;
        field = ngx_http_aime_openai_field_of(call, last);

        rc = field ? ngx_http_aime_openai_map_field(call, field, neutrals)
                   : NGX_OK;

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_map_field(ngx_http_aime_openai_call_t *call,
    aime_json_member_t *field, const ngx_http_aime_openai_neutral_t *neutrals)
{
    ngx_str_t  name;

    if (field->value.type == AIME_JSON_NULL) {
        return NGX_OK;
    }

    name.data = (u_char *) field->name.data;
    name.len = field->name.len;

    if (ngx_http_aime_openai_input(call->service, (char *) name.data, name.len)
        == NULL
        && ngx_http_aime_openai_is_neutral(field, neutrals))
    {
        return NGX_OK;
    }

    return ngx_http_aime_openai_put_named(call, &name, &field->value);
}


static ngx_uint_t
ngx_http_aime_openai_is_neutral(aime_json_member_t *field,
    const ngx_http_aime_openai_neutral_t *neutral)
{
    size_t  len;

    for ( /* void */ ; neutral->name; neutral++) {
        len = ngx_strlen(neutral->name);

        if (field->name.len == len
            && ngx_memcmp(field->name.data, neutral->name, len) == 0
            && (neutral->value[0] == '*'
                || ngx_http_aime_openai_same(&field->value, neutral->value)))
        {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_http_aime_openai_same(aime_json_value_t *value, const char *text)
{
    char         buf[32];
    size_t       i, n;

    n = 0;

    for (i = 0; i < value->text.len; i++) {

        if (ngx_strchr(" \t\r\n", value->text.data[i])) {
            continue;
        }

        if (n == sizeof(buf) - 1) {
            return 0;
        }

        buf[n++] = value->text.data[i];
    }

    buf[n] = '\0';

    /* what a form has is no number to begin with */

    if (value->type == AIME_JSON_NUMBER
        || (value->plain && n && strspn(buf, "0123456789.") == n))
    {
        return strtod(buf, NULL) == strtod(text, NULL);
    }

    return ngx_strcmp(buf, text) == 0;
}


ngx_uint_t
ngx_http_aime_openai_is(aime_json_member_t *member, const char *text)
{
    size_t  len;

    len = ngx_strlen(text);

    return member && member->value.type == AIME_JSON_STRING
           && member->value.text.len == len + 2
           && ngx_memcmp(member->value.text.data + 1, text, len) == 0;
}


ngx_uint_t
ngx_http_aime_openai_listed(aime_str_t *text, const char **list)
{
    for ( /* void */ ; *list; list++) {
        if (ngx_strlen(*list) == text->len
            && ngx_memcmp(*list, text->data, text->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_aime_openai_get_flag(ngx_http_aime_openai_call_t *call,
    const char *name, ngx_uint_t *flag)
{
    aime_json_member_t  *field;

    field = ngx_http_aime_openai_field_of(call, name);

    if (field == NULL) {
        return NGX_ABORT;
    }

    if (field->value.type != AIME_JSON_TRUE
        && field->value.type != AIME_JSON_FALSE)
    {
        return ngx_http_aime_openai_wrong_type(call, name, "a boolean");
    }

    *flag = (field->value.type == AIME_JSON_TRUE);

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_openai_get_count(ngx_http_aime_openai_call_t *call,
    const char *name, ngx_uint_t min, ngx_uint_t max, ngx_uint_t *count)
{
    long long            n;
    aime_number_t        number;
    aime_json_member_t  *field;

    field = ngx_http_aime_openai_field_of(call, name);

    if (field == NULL) {
        return NGX_ABORT;
    }

    /* as for inputs, 5.0 and 5e0 are integers too */

    if (field->value.type != AIME_JSON_NUMBER
        || aime_number_parse(field->value.text, &number) != AIME_OK
        || !aime_number_integral(&number)
        || aime_number_int64(&number, &n) != AIME_OK
        || n < 0 || (ngx_uint_t) n < min || (ngx_uint_t) n > max)
    {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, name,
                                           "invalid_value",
                                           "Invalid value for '%s': expected "
                                           "an integer from %ui to %ui",
                                           name, min, max);
    }

    *count = n;

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_openai_get_text(ngx_http_aime_openai_call_t *call,
    const char *name, ngx_str_t *text)
{
    aime_json_member_t  *field;

    field = ngx_http_aime_openai_field_of(call, name);

    if (field == NULL) {
        return NGX_ABORT;
    }

    if (field->value.type != AIME_JSON_STRING) {
        return ngx_http_aime_openai_wrong_type(call, name, "a string");
    }

    return ngx_http_aime_arg_text(call->request, &call->fields, name, text);
}


ngx_int_t
ngx_http_aime_openai_get_list(ngx_http_aime_openai_call_t *call,
    const char *name, aime_json_value_t *value, aime_json_elements_t *list)
{
    int                rc;
    aime_json_error_t  mistake;

    if (value->type != AIME_JSON_ARRAY) {
        return ngx_http_aime_openai_wrong_type(call, name, "an array");
    }

    rc = aime_json_elements(&call->pool, value->text, list, &mistake);

    return (rc == AIME_OK)
           ? NGX_OK
           : ngx_http_aime_openai_not_listed(call, name, rc, &mistake);
}


ngx_int_t
ngx_http_aime_openai_get_object(ngx_http_aime_openai_call_t *call,
    const char *name, aime_json_value_t *value, ngx_http_aime_args_t *members)
{
    int                  rc;
    aime_json_error_t    mistake;
    aime_json_members_t  list;

    if (value->type != AIME_JSON_OBJECT) {
        return ngx_http_aime_openai_wrong_type(call, name, "an object");
    }

    rc = aime_json_members(&call->pool, value->text, &list, &mistake);

    if (rc != AIME_OK) {
        return ngx_http_aime_openai_not_listed(call, name, rc, &mistake);
    }

    members->elts = list.elts;
    members->nelts = list.nelts;

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_wrong_type(ngx_http_aime_openai_call_t *call,
    const char *name, const char *type)
{
    return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, name,
                                       "invalid_type",
                                       "Invalid type for '%s': expected %s",
                                       name, type);
}


static ngx_int_t
ngx_http_aime_openai_not_listed(ngx_http_aime_openai_call_t *call,
    const char *name, int rc, aime_json_error_t *mistake)
{
    return (rc == AIME_NOMEM)
           ? NGX_ERROR
           : ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, name,
                                         "invalid_value",
                                         "Invalid value for '%s': %s", name,
                                         mistake->reason);
}


ngx_int_t
ngx_http_aime_openai_put(ngx_http_aime_openai_call_t *call, const char *name,
    aime_json_value_t *value)
{
    ngx_str_t  field;

    field.data = (u_char *) name;
    field.len = ngx_strlen(name);

    return ngx_http_aime_openai_put_named(call, &field, value);
}


static ngx_int_t
ngx_http_aime_openai_put_named(ngx_http_aime_openai_call_t *call,
    ngx_str_t *name, aime_json_value_t *value)
{
    ngx_int_t           rc;
    ngx_str_t           text;
    aime_str_t          field;
    aime_json_value_t   string;
    aime_desc_param_t  *param;

    param = ngx_http_aime_openai_input(call->service, (char *) name->data,
                                       name->len);
    if (param == NULL) {
        return ngx_http_aime_openai_unsupported(call, name);
    }

    field.data = name->data;
    field.len = name->len;

    if (param->type != AIME_DESC_JSON || value->type != AIME_JSON_STRING
        || !ngx_http_aime_openai_listed(&field, ngx_http_aime_openai_verbatim))
    {
        return ngx_http_aime_openai_push(call, &param->name, value);
    }

    string = *value;

    if (value->plain) {
        rc = ngx_http_aime_openai_quote(call, &value->text, &text);

        if (rc != NGX_OK) {
            return rc;
        }

        ngx_http_aime_openai_set(&string, AIME_JSON_STRING, &text);
    }

    rc = ngx_http_aime_openai_quote(call, &string.text, &text);

    return (rc == NGX_OK)
           ? ngx_http_aime_openai_add(call, &param->name, AIME_JSON_STRING,
                                      &text)
           : rc;
}


ngx_int_t
ngx_http_aime_openai_quote(ngx_http_aime_openai_call_t *call,
    aime_str_t *text, ngx_str_t *quoted)
{
    u_char  *p;

    p = ngx_pnalloc(call->request->pool, aime_json_quoted_len(*text));
    if (p == NULL) {
        return NGX_ERROR;
    }

    quoted->data = p;
    quoted->len = aime_json_quote(p, *text) - p;

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_openai_add(ngx_http_aime_openai_call_t *call,
    const aime_str_t *input, aime_json_type_e type, ngx_str_t *text)
{
    aime_json_value_t  value;

    ngx_http_aime_openai_set(&value, type, text);

    return ngx_http_aime_openai_push(call, input, &value);
}


static ngx_int_t
ngx_http_aime_openai_push(ngx_http_aime_openai_call_t *call,
    const aime_str_t *input, aime_json_value_t *value)
{
    ngx_str_t            field;
    ngx_uint_t           i;
    aime_json_member_t  *member;

    /* of two fields for one input, none is dropped without a word */

    member = call->inputs.elts;

    for (i = 0; i < call->inputs.nelts; i++) {
        if (member[i].name.len == input->len
            && ngx_memcmp(member[i].name.data, input->data, input->len) == 0)
        {
            field.data = (u_char *) input->data;
            field.len = ngx_min(input->len, NGX_HTTP_AIME_OPENAI_QUOTED);

            return ngx_http_aime_openai_twice(call, &field);
        }
    }

    member = ngx_array_push(&call->inputs);
    if (member == NULL) {
        return NGX_ERROR;
    }

    member->name = *input;
    member->value = *value;

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_twice(ngx_http_aime_openai_call_t *call,
    ngx_str_t *input)
{
    ngx_int_t             rc;
    ngx_http_aime_ctx_t  *ctx;

    rc = ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, NULL,
                                     "invalid_value",
                                     "More than one field gives the input "
                                     "'%V' of this model", input);

    ctx = ngx_http_get_module_ctx(call->request, ngx_http_aime_api_module);
    ctx->param = *input;

    return rc;
}


static void
ngx_http_aime_openai_set(aime_json_value_t *value, aime_json_type_e type,
    ngx_str_t *text)
{
    value->text.data = text->data;
    value->text.len = text->len;
    value->type = type;
    value->plain = 0;
}


ngx_int_t
ngx_http_aime_openai_unsupported(ngx_http_aime_openai_call_t *call,
    ngx_str_t *name)
{
    ngx_int_t             rc;
    ngx_str_t             clipped;
    ngx_http_aime_ctx_t  *ctx;

    clipped.data = name->data;
    clipped.len = ngx_min(name->len, NGX_HTTP_AIME_OPENAI_QUOTED);

    rc = ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, NULL,
                                     "unsupported_parameter",
                                     "Unsupported parameter: '%V' is not "
                                     "supported with this model", &clipped);

    ctx = ngx_http_get_module_ctx(call->request, ngx_http_aime_api_module);
    ctx->param = clipped;

    return rc;
}


ngx_int_t
ngx_http_aime_openai_refuse(ngx_http_aime_openai_call_t *call,
    ngx_uint_t status, const char *param, const char *code, const char *fmt,
    ...)
{
    u_char               *p, buf[NGX_HTTP_AIME_OPENAI_MESSAGE];
    size_t                len;
    va_list               args;
    ngx_http_aime_ctx_t  *ctx;

    va_start(args, fmt);
    p = ngx_vslprintf(buf, buf + NGX_HTTP_AIME_OPENAI_MESSAGE, fmt, args);
    va_end(args);

    len = p - buf;

    p = ngx_pnalloc(call->request->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    call->status = status;
    call->message.len = len;
    call->message.data = p;

    ngx_memcpy(p, buf, len);

    ctx = ngx_http_get_module_ctx(call->request, ngx_http_aime_api_module);

    ctx->code = code;
    ctx->param.data = (u_char *) param;
    ctx->param.len = param ? ngx_strlen(param) : 0;

    return NGX_DECLINED;
}
