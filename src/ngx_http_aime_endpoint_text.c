
/* JSON texts of endpoints, see ngx_http_aime_endpoint_text.h. */


#include "ngx_http_aime_endpoint_text.h"


static ngx_int_t ngx_http_aime_endpoint_details(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep);
static ngx_int_t ngx_http_aime_endpoint_parameters(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep);
static ngx_int_t ngx_http_aime_endpoint_table(ngx_http_aime_toml_t *toml,
    const cJSON *parent, const char *name, ngx_str_t *text);


ngx_int_t
ngx_http_aime_endpoint_texts(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep)
{

    if (toml->failed) {
        return NGX_OK;
    }

    if (ngx_http_aime_endpoint_quote(toml->cf->pool, &ep->name, &ep->quoted)
        != NGX_OK
        || ngx_http_aime_endpoint_details(toml, ep) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_aime_endpoint_parameters(toml, ep);
}


static ngx_int_t
ngx_http_aime_endpoint_details(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep)
{
    u_char     *p;
    size_t      size;
    ngx_str_t   title, description, methods, wait;

    title = ep->quoted;
    description = ep->quoted;
    ngx_str_set(&methods, "[\"GET\",\"POST\"]");
    ngx_str_set(&wait, "3600");
    ngx_str_set(&ep->version, "null");
    ngx_str_set(&ep->category, "null");

    if (ngx_http_aime_toml_json(toml, "ENDPOINT.title",
                                NGX_HTTP_AIME_TOML_STRING, &title) != NGX_OK
        || ngx_http_aime_toml_json(toml, "ENDPOINT.description",
                                   NGX_HTTP_AIME_TOML_STRING, &description)
           != NGX_OK
        || ngx_http_aime_toml_json(toml, "ENDPOINT.methods",
                                   NGX_HTTP_AIME_TOML_ANY, &methods)
           != NGX_OK
        || ngx_http_aime_toml_json(toml, "ENDPOINT.max_time_in_queue",
                                   NGX_HTTP_AIME_TOML_ANY, &wait) != NGX_OK
        || ngx_http_aime_toml_json(toml, "ENDPOINT.version",
                                   NGX_HTTP_AIME_TOML_SIMPLE, &ep->version)
           != NGX_OK
        || ngx_http_aime_toml_json(toml, "ENDPOINT.category",
                                   NGX_HTTP_AIME_TOML_SIMPLE, &ep->category)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    size = sizeof("\"name\":,\"title\":,\"description\":,\"http_methods\":,"
                  "\"version\":,\"max_queue_length\":,"
                  "\"max_time_in_queue\":")
           + ep->quoted.len + title.len + description.len + methods.len
           + ep->version.len + NGX_INT64_LEN + wait.len;

    p = ngx_pnalloc(toml->cf->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ep->details.data = p;
    p = ngx_sprintf(p, "\"name\":%V,\"title\":%V,\"description\":%V,"
                    "\"http_methods\":%V,\"version\":%V,"
                    "\"max_queue_length\":%ui,\"max_time_in_queue\":%V",
                    &ep->quoted, &title, &description, &methods,
                    &ep->version, ep->max_queue_length, &wait);
    ep->details.len = p - ep->details.data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_endpoint_parameters(ngx_http_aime_toml_t *toml,
    ngx_http_aime_endpoint_t *ep)
{
    u_char       *p;
    size_t        size;
    ngx_str_t     inputs, outputs, progress, reports, name;
    const cJSON  *table;

    static ngx_str_t  implicit = ngx_string(
        "\"client_session_auth_key\":{\"type\":\"string\"},"
        "\"key\":{\"type\":\"string\"},"
        "\"wait_for_result\":{\"type\":\"bool\",\"default\":true}");

    table = ngx_http_aime_toml_table(toml, toml->tree, "PROGRESS");

    if (ngx_http_aime_endpoint_table(toml, toml->tree, "INPUTS", &inputs)
        != NGX_OK
        || ngx_http_aime_endpoint_table(toml, toml->tree, "OUTPUTS", &outputs)
           != NGX_OK
        || ngx_http_aime_toml_print(toml->cf->pool, table, &progress)
           != NGX_OK
        || ngx_http_aime_endpoint_table(toml, table, "OUTPUTS", &reports)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    size = sizeof("{\"input\":{,},\"output\":,\"progress\":}")
           + inputs.len + implicit.len + outputs.len + progress.len;

    p = ngx_pnalloc(toml->cf->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    /* the inputs without their closing brace */

    name = inputs;
    name.len--;

    ep->parameters.data = p;
    p = ngx_sprintf(p, "{\"input\":%V%s%V},\"output\":%V,\"progress\":%V}",
                    &name, (name.len > 1) ? "," : "", &implicit, &outputs,
                    &progress);
    ep->parameters.len = p - ep->parameters.data;

    /* the last two are older names of the two before them: send both */

    size = sizeof("\"input_descriptions\":,\"progress_output_descriptions\":,"
                  "\"final_output_descriptions\":,"
                  "\"progress_descriptions\":,\"output_descriptions\":")
           + inputs.len + 2 * (reports.len + outputs.len);

    p = ngx_pnalloc(toml->cf->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ep->descriptions.data = p;
    p = ngx_sprintf(p, "\"input_descriptions\":%V,"
                    "\"progress_output_descriptions\":%V,"
                    "\"final_output_descriptions\":%V,"
                    "\"progress_descriptions\":%V,"
                    "\"output_descriptions\":%V",
                    &inputs, &reports, &outputs, &reports, &outputs);
    ep->descriptions.len = p - ep->descriptions.data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_endpoint_table(ngx_http_aime_toml_t *toml, const cJSON *parent,
    const char *name, ngx_str_t *text)
{
    const cJSON  *table;

    table = ngx_http_aime_toml_table(toml, parent, name);

    return ngx_http_aime_toml_print(toml->cf->pool, table, text);
}


ngx_int_t
ngx_http_aime_endpoint_quote(ngx_pool_t *pool, ngx_str_t *text,
    ngx_str_t *quoted)
{
    aime_str_t  str;

    str.data = text->data;
    str.len = text->len;

    quoted->data = ngx_pnalloc(pool, aime_json_quoted_len(str));
    if (quoted->data == NULL) {
        return NGX_ERROR;
    }

    quoted->len = aime_json_quote(quoted->data, str) - quoted->data;

    return NGX_OK;
}
