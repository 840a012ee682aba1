
/* A request as the routes see it, see ngx_http_aime_request.h. */


#include "ngx_http_aime_request.h"
#include "ngx_aime_id.h"
#include "ngx_aime_shm_session.h"


static void *ngx_http_aime_pool_alloc(void *ctx, size_t size);
static ngx_int_t ngx_http_aime_unescape_arg(ngx_http_request_t *r,
    u_char *start, u_char *end, aime_str_t *text);
static ngx_int_t ngx_http_aime_once(ngx_http_aime_args_t *args,
    ngx_str_t *error);
static ngx_uint_t ngx_http_aime_same_name(aime_str_t *name,
    const char *wanted);
static void ngx_http_aime_identify_key(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_str_t *secret,
    ngx_http_aime_client_t *client);
static void ngx_http_aime_identify_session(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_str_t *text,
    ngx_http_aime_client_t *client);
static ngx_uint_t ngx_http_aime_is_secret(u_char *start, u_char *end);
static ngx_uint_t ngx_http_aime_bearer(ngx_http_request_t *r,
    ngx_str_t *secret);


/* arguments whose values are secrets */

static const char  *ngx_http_aime_secrets[] = {
    "key", "client_session_auth_key", "auth_key", NULL
};


typedef struct {
    const char                  *name;
    ngx_str_t                    error;
} ngx_http_aime_once_t;

static ngx_http_aime_once_t  ngx_http_aime_once_args[] = {
    { "key", ngx_string("Argument key was given twice") },
    { "client_session_auth_key",
      ngx_string("Argument client_session_auth_key was given twice") },
    { "job_id", ngx_string("Argument job_id was given twice") },
    { "user", ngx_string("Argument user was given twice") },
    { NULL, ngx_null_string }
};


aime_pool_t
ngx_http_aime_pool(ngx_http_request_t *r)
{
    aime_pool_t  pool;

    pool.alloc = ngx_http_aime_pool_alloc;
    pool.ctx = r->pool;

    return pool;
}


static void *
ngx_http_aime_pool_alloc(void *ctx, size_t size)
{
    return ngx_palloc(ctx, size);
}


ngx_str_t *
ngx_http_aime_header_in(ngx_http_request_t *r, const char *name)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_table_elt_t  *h;
    ngx_list_part_t  *part;

    len = ngx_strlen(name);
    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return NULL;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len == len
            && ngx_strncasecmp(h[i].key.data, (u_char *) name, len) == 0)
        {
            return &h[i].value;
        }
    }
}


ngx_int_t
ngx_http_aime_query(ngx_http_request_t *r, ngx_http_aime_args_t *args,
    ngx_str_t *error)
{
    u_char              *p, *end, *amp, *eq;
    ngx_uint_t           n;
    aime_json_member_t  *arg;

    args->elts = NULL;
    args->nelts = 0;

    if (r->args.len == 0) {
        return NGX_OK;
    }

    p = r->args.data;
    end = p + r->args.len;

    for (n = 1; p < end; p++) {
        n += (*p == '&');
    }

    if (n > NGX_HTTP_AIME_MAX_ARGS) {
        ngx_str_set(error, "There are too many arguments");
        return NGX_DECLINED;
    }

    args->elts = ngx_pcalloc(r->pool, n * sizeof(aime_json_member_t));
    if (args->elts == NULL) {
        return NGX_ERROR;
    }

    for (p = r->args.data; p < end; p = amp + 1) {

        amp = ngx_strlchr(p, end, '&');
        if (amp == NULL) {
            amp = end;
        }

        if (amp == p) {
            continue;
        }

        eq = ngx_strlchr(p, amp, '=');
        if (eq == NULL) {
            eq = amp;
        }

        arg = &args->elts[args->nelts++];

        arg->value.plain = 1;
        arg->value.type = AIME_JSON_STRING;

        if (ngx_http_aime_unescape_arg(r, p, eq, &arg->name) != NGX_OK
            || ngx_http_aime_unescape_arg(r, ngx_min(eq + 1, amp), amp,
                                          &arg->value.text)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return ngx_http_aime_once(args, error);
}


/* What decides on who asks and for what must not be said twice. */

static ngx_int_t
ngx_http_aime_once(ngx_http_aime_args_t *args, ngx_str_t *error)
{
    ngx_uint_t             i, n;
    ngx_http_aime_once_t  *once;

    for (once = ngx_http_aime_once_args; once->name; once++) {
        n = 0;

        for (i = 0; i < args->nelts; i++) {
            n += ngx_http_aime_same_name(&args->elts[i].name, once->name);
        }

        if (n > 1) {
            *error = once->error;
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_unescape_arg(ngx_http_request_t *r, u_char *start, u_char *end,
    aime_str_t *text)
{
    u_char  *p, *src, *dst;

    text->data = start;
    text->len = end - start;

    for (p = start; p < end; p++) {
        if (*p == '%' || *p == '+') {
            break;
        }
    }

    if (p == end) {
        return NGX_OK;
    }

    dst = ngx_pnalloc(r->pool, end - start);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    text->data = dst;

    /* a plus is a space, but not one that was escaped */

    (void) ngx_cpymem(dst, start, end - start);

    for (p = dst; p < dst + (end - start); p++) {
        if (*p == '+') {
            *p = ' ';
        }
    }

    src = dst;
    p = dst;
    ngx_unescape_uri(&p, &src, end - start, 0);

    text->len = p - dst;

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_body_args(ngx_http_request_t *r, ngx_http_aime_args_t *args,
    ngx_str_t *error)
{
    ngx_int_t             rc;
    aime_str_t            text;
    aime_json_error_t     mistake;
    ngx_http_aime_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_aime_api_module);

    args->elts = NULL;
    args->nelts = 0;

    if (ctx->body.len == 0) {
        ngx_str_set(error, "The request has no body, a JSON object is "
                           "expected");
        return NGX_DECLINED;
    }

    text.data = ctx->body.data;
    text.len = ctx->body.len;

    rc = ngx_http_aime_members_args(r, text, args, &mistake);

    if (rc == NGX_DECLINED) {
        return ngx_http_aime_json_error(r, &mistake, error);
    }

    return rc;
}


ngx_int_t
ngx_http_aime_members_args(ngx_http_request_t *r, aime_str_t text,
    ngx_http_aime_args_t *args, aime_json_error_t *mistake)
{
    int                  rc;
    aime_pool_t          pool;
    aime_json_members_t  members;

    args->elts = NULL;
    args->nelts = 0;

    pool = ngx_http_aime_pool(r);
    rc = aime_json_members(&pool, text, &members, mistake);

    if (rc != AIME_OK) {
        return (rc == AIME_ERROR) ? NGX_DECLINED : NGX_ERROR;
    }

    args->elts = members.elts;
    args->nelts = members.nelts;

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_json_error(ngx_http_request_t *r, aime_json_error_t *error,
    ngx_str_t *text)
{
    text->data = ngx_pnalloc(r->pool,
                             sizeof("Invalid JSON in the request body:  "
                                    "at byte ")
                             + ngx_strlen(error->reason) + NGX_SIZE_T_LEN);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    text->len = ngx_sprintf(text->data,
                            "Invalid JSON in the request body: %s at byte "
                            "%uz", error->reason, error->offset)
                - text->data;

    return NGX_DECLINED;
}


aime_json_member_t *
ngx_http_aime_arg_named(ngx_http_aime_args_t *args, const char *name,
    size_t len)
{
    ngx_uint_t           i;
    aime_json_member_t  *arg;

    for (i = 0; i < args->nelts; i++) {
        arg = &args->elts[i];

        if (arg->name.len == len
            && ngx_memcmp(arg->name.data, name, len) == 0)
        {
            return (arg->value.type == AIME_JSON_NULL) ? NULL : arg;
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_http_aime_same_name(aime_str_t *name, const char *wanted)
{
    return name->len == ngx_strlen(wanted)
           && ngx_memcmp(name->data, wanted, name->len) == 0;
}


ngx_int_t
ngx_http_aime_arg_text(ngx_http_request_t *r, ngx_http_aime_args_t *args,
    const char *name, ngx_str_t *text)
{
    aime_str_t           decoded;
    aime_pool_t          pool;
    aime_json_member_t  *arg;

    ngx_str_null(text);

    arg = ngx_http_aime_arg(args, name);

    if (arg == NULL) {
        return NGX_DECLINED;
    }

    decoded = arg->value.text;

    if (!arg->value.plain && arg->value.type == AIME_JSON_STRING) {
        pool = ngx_http_aime_pool(r);

        if (aime_json_decode(&pool, arg->value.text, &decoded) != AIME_OK) {
            return NGX_ERROR;
        }
    }

    text->data = (u_char *) decoded.data;
    text->len = decoded.len;

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_credential(ngx_http_request_t *r, ngx_http_aime_args_t *args,
    const char *name, ngx_str_t *text)
{
    ngx_int_t            rc;
    aime_str_t           value;
    aime_json_member_t  *arg;

    rc = ngx_http_aime_arg_text(r, args, name, text);

    if (rc != NGX_OK) {
        return rc;
    }

    arg = ngx_http_aime_arg(args, name);

    if (text->len == 0) {
        return NGX_DECLINED;
    }

    if (!arg->value.plain) {
        return NGX_OK;
    }

    value = arg->value.text;

    if (ngx_http_aime_same_name(&value, "null")
        || ngx_http_aime_same_name(&value, "undefined")
        || ngx_http_aime_same_name(&value, "None"))
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_secret(ngx_http_request_t *r, ngx_http_aime_args_t *args,
    ngx_str_t *secret)
{
    ngx_int_t  rc;

    rc = ngx_http_aime_credential(r, args, "key", secret);

    if (rc == NGX_DECLINED && ngx_http_aime_bearer(r, secret)) {
        return NGX_OK;
    }

    return rc;
}


ngx_int_t
ngx_http_aime_identify(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_args_t *args,
    ngx_http_aime_client_t *client)
{
    ngx_int_t  rc;
    ngx_str_t  secret;

    ngx_memzero(client, sizeof(ngx_http_aime_client_t));

    rc = ngx_http_aime_secret(r, args, &secret);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_OK) {
        ngx_http_aime_identify_key(r, endpoint, &secret, client);
        return NGX_OK;
    }

    rc = ngx_http_aime_credential(r, args, "client_session_auth_key",
                                  &secret);

    if (rc == NGX_OK) {
        ngx_http_aime_identify_session(r, endpoint, &secret, client);
        return NGX_OK;
    }

    client->verdict = NGX_HTTP_AIME_CLIENT_NOBODY;

    return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


static void
ngx_http_aime_identify_key(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_str_t *secret,
    ngx_http_aime_client_t *client)
{
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);

    ngx_http_aime_key_id(secret->data, secret->len, client->owner);

    if (endpoint && ngx_http_aime_endpoint_key(endpoint, client->owner)) {
        client->verdict = NGX_HTTP_AIME_CLIENT_OK;
        return;
    }

    if (!ngx_http_aime_any_key(amcf, client->owner)) {
        client->verdict = NGX_HTTP_AIME_CLIENT_BAD_KEY;
        return;
    }

    client->verdict = (endpoint == NULL || endpoint->open)
                      ? NGX_HTTP_AIME_CLIENT_OK
                      : NGX_HTTP_AIME_CLIENT_FORBIDDEN;
}


/*
 * A session is good for what its key is good for now, which may be less than
 * when it logged in.
 */

static void
ngx_http_aime_identify_session(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_str_t *text,
    ngx_http_aime_client_t *client)
{
    u_char                      id[NGX_AIME_ID_LEN];
    ngx_uint_t                  keyless;
    ngx_aime_zone_t            *zone;
    ngx_aime_shm_session_t     *session;
    ngx_http_aime_main_conf_t  *amcf;

    amcf = ngx_http_get_module_main_conf(r, ngx_http_aime_api_module);
    zone = amcf->zone;

    client->session = 1;
    client->verdict = NGX_HTTP_AIME_CLIENT_BAD_SESSION;

    if (ngx_aime_id_parse(text->data, text->len, id) != NGX_OK) {
        return;
    }

    keyless = 0;

    ngx_aime_shm_lock(zone);

    session = ngx_aime_shm_session_find_locked(zone, id);

    if (session) {
        keyless = session->keyless;
        ngx_memcpy(client->owner, session->owner, NGX_AIME_ID_LEN);
    }

    ngx_aime_shm_unlock(zone);

    if (session == NULL) {
        return;
    }

    if (endpoint == NULL || endpoint->open
        || (!keyless && ngx_http_aime_endpoint_key(endpoint, client->owner)))
    {
        client->verdict = NGX_HTTP_AIME_CLIENT_OK;
        return;
    }

    client->verdict = NGX_HTTP_AIME_CLIENT_FORBIDDEN;
}


static ngx_uint_t
ngx_http_aime_bearer(ngx_http_request_t *r, ngx_str_t *secret)
{
    ngx_str_t  *value;

    if (r->headers_in.authorization == NULL) {
        return 0;
    }

    value = &r->headers_in.authorization->value;

    if (value->len <= 7
        || ngx_strncasecmp(value->data, (u_char *) "Bearer ", 7) != 0)
    {
        return 0;
    }

    secret->data = value->data + 7;
    secret->len = value->len - 7;

    while (secret->len && secret->data[0] == ' ') {
        secret->data++;
        secret->len--;
    }

    return secret->len != 0;
}


ngx_int_t
ngx_http_aime_mask_secrets(ngx_http_request_t *r)
{
    u_char  *p, *end, *name, *copy;

    /* NULL: nothing could be read of it */

    p = r->request_line.data
        ? memchr(r->request_line.data, '?', r->request_line.len) : NULL;

    if (p == NULL) {
        return NGX_OK;
    }

    copy = ngx_pnalloc(r->pool, r->request_line.len);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    end = ngx_cpymem(copy, r->request_line.data, r->request_line.len);
    p = copy + (p - r->request_line.data);

    r->request_line.data = copy;

    while (p < end) {
        name = ++p;

        while (p < end && *p != '=' && *p != '&' && *p != ' ') {
            p++;
        }

        if (p < end && *p == '=' && ngx_http_aime_is_secret(name, p)) {
            for (p++; p < end && *p != '&' && *p != ' '; p++) {
                *p = '*';
            }
        }

        while (p < end && *p != '&' && *p != ' ') {
            p++;
        }

        if (p < end && *p == ' ') {
            break;
        }
    }

    return NGX_OK;
}


/* Is that the name of a secret, however it is escaped? */

static ngx_uint_t
ngx_http_aime_is_secret(u_char *start, u_char *end)
{
    u_char       buf[3 * sizeof("client_session_auth_key")], *src, *dst;
    aime_str_t   name;
    ngx_uint_t   i;

    if ((size_t) (end - start) > sizeof(buf)) {
        return 0;
    }

    src = start;
    dst = buf;
    ngx_unescape_uri(&dst, &src, end - start, 0);

    name.data = buf;
    name.len = dst - buf;

    for (i = 0; ngx_http_aime_secrets[i]; i++) {
        if (ngx_http_aime_same_name(&name, ngx_http_aime_secrets[i])) {
            return 1;
        }
    }

    return 0;
}

