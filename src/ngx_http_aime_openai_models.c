
/* Models, see ngx_http_aime_openai_models.h. */


#include "ngx_http_aime_openai_models.h"
#include "ngx_http_aime_openai_serve.h"


static ngx_int_t ngx_http_aime_openai_visitor(ngx_http_request_t *r,
    ngx_http_aime_client_t *client, ngx_int_t *answer);
static ngx_uint_t ngx_http_aime_openai_may_see(
    ngx_http_aime_openai_model_t *model, ngx_http_aime_client_t *client);
static void ngx_http_aime_openai_model_text(ngx_http_aime_reply_t *reply,
    ngx_http_aime_openai_model_t *model);
static void ngx_http_aime_openai_model_endpoints(ngx_http_aime_reply_t *reply,
    ngx_http_aime_openai_model_t *model);
static ngx_int_t ngx_http_aime_openai_raw_name(ngx_http_request_t *r,
    ngx_str_t *name);


ngx_int_t
ngx_http_aime_openai_models(ngx_http_request_t *r)
{
    ngx_int_t                      answer;
    ngx_uint_t                     i, n;
    ngx_http_aime_client_t         client;
    ngx_http_aime_reply_t          reply;
    ngx_http_aime_openai_t        *openai;
    ngx_http_aime_openai_model_t  *model;

    if (ngx_http_aime_openai_visitor(r, &client, &answer) != NGX_OK) {
        return answer;
    }

    openai = ngx_http_aime_openai_conf(r);
    model = openai->models.elts;
    n = 0;

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_reply_chars(&reply, "{\"object\":\"list\",\"data\":[");

    for (i = 0; i < openai->models.nelts; i++) {
        if (ngx_http_aime_openai_may_see(&model[i], &client)) {
            ngx_http_aime_reply_chars(&reply, n++ ? "," : "");
            ngx_http_aime_openai_model_text(&reply, &model[i]);
        }
    }

    ngx_http_aime_reply_chars(&reply, "]}");

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


ngx_int_t
ngx_http_aime_openai_one_model(ngx_http_request_t *r)
{
    ngx_int_t                      answer;
    ngx_str_t                      name;
    ngx_http_aime_client_t         client;
    ngx_http_aime_reply_t          reply;
    ngx_http_aime_openai_t        *openai;
    ngx_http_aime_openai_model_t  *model;

    if (ngx_http_aime_openai_visitor(r, &client, &answer) != NGX_OK) {
        return answer;
    }

    if (ngx_http_aime_openai_raw_name(r, &name) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    openai = ngx_http_aime_openai_conf(r);
    model = ngx_http_aime_openai_model(openai, &name);

    /* what answers for it does not bear its name */

    if (model == NULL || model->name.len != name.len
        || ngx_memcmp(model->name.data, name.data, name.len) != 0
        || !ngx_http_aime_openai_may_see(model, &client))
    {
        return ngx_http_aime_openai_no_model(r, &name);
    }

    ngx_http_aime_reply_start(&reply, r, NGX_HTTP_AIME_REPLY_SIZE);
    ngx_http_aime_openai_model_text(&reply, model);

    return ngx_http_aime_reply_send(&reply, NGX_HTTP_OK);
}


/* Who has no key may look where some endpoint needs none. */

static ngx_int_t
ngx_http_aime_openai_visitor(ngx_http_request_t *r,
    ngx_http_aime_client_t *client, ngx_int_t *answer)
{
    *answer = NGX_HTTP_INTERNAL_SERVER_ERROR;

    if (ngx_http_aime_openai_identify(r, NULL, client) != NGX_OK) {
        return NGX_ERROR;
    }

    if (client->verdict == NGX_HTTP_AIME_CLIENT_OK
        || ngx_http_aime_openai_conf(r)->nopen)
    {
        return NGX_OK;
    }

    *answer = ngx_http_aime_openai_unknown_client(r, client);

    return NGX_ERROR;
}


/* One of its endpoints is for him; or none is loaded, which is no secret. */

static ngx_uint_t
ngx_http_aime_openai_may_see(ngx_http_aime_openai_model_t *model,
    ngx_http_aime_client_t *client)
{
    ngx_uint_t                 i, n;
    ngx_http_aime_endpoint_t  *endpoint;

    n = 0;

    for (i = 0; i < NGX_HTTP_AIME_OPENAI_NKINDS; i++) {
        endpoint = model->services[i].endpoint;

        if (endpoint == NULL) {
            continue;
        }

        n++;

        if (endpoint->open
            || (client->verdict == NGX_HTTP_AIME_CLIENT_OK
                && ngx_http_aime_endpoint_key(endpoint, client->owner)))
        {
            return 1;
        }
    }

    return n == 0;
}


static void
ngx_http_aime_openai_model_text(ngx_http_aime_reply_t *reply,
    ngx_http_aime_openai_model_t *model)
{
    ngx_http_aime_reply_chars(reply, "{\"id\":");
    ngx_http_aime_reply_string(reply, &model->name);
    ngx_http_aime_reply_chars(reply, ",\"object\":\"model\",\"created\":");
    ngx_http_aime_reply_integer(reply, model->created);
    ngx_http_aime_reply_chars(reply, ",\"owned_by\":");
    ngx_http_aime_reply_string(reply, &model->owned_by);
    ngx_http_aime_openai_model_endpoints(reply, model);
    ngx_http_aime_reply_chars(reply, "}");
}


/* Not OpenAI's: tells those who know an endpoint which model it is. */

static void
ngx_http_aime_openai_model_endpoints(ngx_http_aime_reply_t *reply,
    ngx_http_aime_openai_model_t *model)
{
    ngx_uint_t                 i, k, n;
    ngx_http_aime_endpoint_t  *endpoint;

    ngx_http_aime_reply_chars(reply, ",\"endpoints\":[");

    n = 0;

    for (i = 0; i < NGX_HTTP_AIME_OPENAI_NKINDS; i++) {
        endpoint = model->services[i].endpoint;

        for (k = 0; k < i && endpoint; k++) {
            if (model->services[k].endpoint == endpoint) {
                endpoint = NULL;
            }
        }

        if (endpoint) {
            ngx_http_aime_reply_chars(reply, n++ ? "," : "");
            ngx_http_aime_reply_string(reply, &endpoint->name);
        }
    }

    ngx_http_aime_reply_chars(reply, "]");
}


/*
 * Clients encode names, slashes included: from the URI as it was sent, since
 * nginx merges slashes and resolves dots once they are decoded.
 */

static ngx_int_t
ngx_http_aime_openai_raw_name(ngx_http_request_t *r, ngx_str_t *name)
{
    u_char                    *p, *end, *src, *dst;
    size_t                     len;
    ngx_str_t                  prefix;
    ngx_http_aime_ctx_t       *ctx;
    ngx_http_aime_loc_conf_t  *alcf;

    static const char  route[] = "/models/";

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);
    alcf = ngx_http_get_module_loc_conf(r, ngx_http_aime_api_module);

    *name = ctx->name;

    prefix = alcf->prefix;
    len = prefix.len + sizeof(route) - 1;

    p = r->unparsed_uri.data;
    end = p + r->unparsed_uri.len;

    if ((size_t) (end - p) <= len
        || ngx_strncmp(p, prefix.data, prefix.len) != 0
        || ngx_strncmp(p + prefix.len, route, sizeof(route) - 1) != 0)
    {
        return NGX_OK;
    }

    p += len;

    for (src = p; src < end && *src != '?' && *src != '#'; src++) {
        /* void */
    }

    len = src - p;

    dst = ngx_pnalloc(r->pool, len);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    name->data = dst;

    src = p;
    ngx_unescape_uri(&dst, &src, len, 0);

    name->len = dst - name->data;

    if (name->len && name->data[name->len - 1] == '/' && p[len - 1] == '/') {
        name->len--;
    }

    return NGX_OK;
}
