
/*
 * Session variables, see ngx_http_aime_vars.h.
 *
 * A session's values are one JSON object in the zone, with members of the name
 * "<endpoint>/<variable>": each endpoint has its own.  It is never changed,
 * but replaced as a whole, so that one result's variables stay together.
 */


#include "ngx_http_aime_vars.h"
#include "ngx_http_aime_reply.h"
#include "ngx_aime_id.h"
#include "ngx_aime_job_room.h"
#include "ngx_aime_job_view.h"
#include "ngx_aime_shm_index.h"
#include "ngx_aime_shm_vars.h"


/* other software on the same host may have cookies of that name */

#define NGX_HTTP_AIME_VARS_COOKIES    8


/* Ids that a request names, known or not. */

typedef struct {
    u_char                       elts[NGX_HTTP_AIME_VARS_COOKIES]
                                     [NGX_AIME_ID_LEN];
    ngx_uint_t                   nelts;
} ngx_http_aime_vars_ids_t;


/* What a session will hold. */

typedef struct {
    aime_json_member_t          *elts;
    ngx_uint_t                   nelts;
    size_t                       len;       /* of the object's text */
} ngx_http_aime_vars_text_t;


static void ngx_http_aime_vars_ids(ngx_http_request_t *r,
    ngx_http_aime_vars_ids_t *ids);
static void ngx_http_aime_vars_ids_of(ngx_str_t *cookies,
    ngx_http_aime_vars_ids_t *ids);
static ngx_aime_shm_vars_t *ngx_http_aime_vars_known(ngx_aime_zone_t *zone,
    ngx_http_aime_vars_ids_t *ids);
static void ngx_http_aime_vars_new_id(ngx_aime_zone_t *zone, u_char *id);
static ngx_int_t ngx_http_aime_vars_session(ngx_http_request_t *r,
    u_char *id, ngx_aime_shm_hold_t **values);
static ngx_int_t ngx_http_aime_vars_read(ngx_http_request_t *r,
    ngx_aime_shm_hold_t *values, aime_json_members_t *members);
static ngx_int_t ngx_http_aime_vars_add(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, aime_json_members_t *stored,
    aime_input_t *input);
static aime_json_member_t *ngx_http_aime_vars_input(
    ngx_http_aime_endpoint_t *endpoint, aime_input_t *input,
    aime_str_t name, ngx_uint_t *given);
static ngx_int_t ngx_http_aime_vars_set_cookie(ngx_http_request_t *r,
    const u_char *id);

static ngx_uint_t ngx_http_aime_vars_carried(
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_args_t *result,
    aime_json_member_t **carried);
static ngx_uint_t ngx_http_aime_vars_stays(
    ngx_http_aime_endpoint_t *endpoint, aime_json_member_t **carried,
    aime_str_t *key);
static ngx_int_t ngx_http_aime_vars_collect(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, aime_json_member_t **carried,
    ngx_aime_shm_hold_t *before, ngx_http_aime_vars_text_t *text);
static void ngx_http_aime_vars_push(ngx_http_aime_vars_text_t *text,
    aime_str_t key, aime_str_t value);
static ngx_int_t ngx_http_aime_vars_store(ngx_http_request_t *r,
    ngx_http_aime_vars_text_t *text, ngx_aime_job_vars_t *vars);


ngx_int_t
ngx_http_aime_vars_open(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, aime_input_t *input,
    ngx_aime_job_spec_t *spec)
{
    ngx_int_t             rc;
    aime_json_members_t   stored;
    ngx_aime_shm_hold_t  *values;

    if (endpoint->vars.nelts == 0) {
        return NGX_OK;
    }

    if (ngx_http_aime_vars_session(r, spec->session, &values) != NGX_OK) {
        return NGX_DECLINED;
    }

    spec->has_session = 1;

    rc = ngx_http_aime_vars_read(r, values, &stored);

    if (values) {
        ngx_aime_job_drop(ngx_http_aime_zone(r), values);
    }

    return (rc == NGX_OK) ? ngx_http_aime_vars_add(r, endpoint, &stored,
                                                   input)
                          : rc;
}


/* The request's session, or a new one, with a hold on its values. */

static ngx_int_t
ngx_http_aime_vars_session(ngx_http_request_t *r, u_char *id,
    ngx_aime_shm_hold_t **values)
{
    ngx_int_t                  rc;
    ngx_aime_zone_t           *zone;
    ngx_aime_shm_vars_t       *session;
    ngx_http_aime_vars_ids_t   ids;

    zone = ngx_http_aime_zone(r);
    ngx_http_aime_vars_ids(r, &ids);

    *values = NULL;
    rc = NGX_ERROR;

    ngx_aime_shm_lock(zone);

    session = ngx_http_aime_vars_known(zone, &ids);

    if (session == NULL) {
        ngx_http_aime_vars_new_id(zone, id);
        session = ngx_aime_shm_vars_create_locked(zone, id);
    }

    if (session == NULL) {
        goto done;
    }

    ngx_memcpy(id, session->id, NGX_AIME_ID_LEN);
    rc = NGX_OK;

    if (session->values) {
        *values = ngx_aime_shm_hold_locked(zone, session->values);

        if (*values == NULL) {
            rc = NGX_ERROR;
        }
    }

done:

    ngx_aime_shm_unlock(zone);

    return rc;
}


/* Ids that are well-formed, from all cookies "session". */

static void
ngx_http_aime_vars_ids(ngx_http_request_t *r, ngx_http_aime_vars_ids_t *ids)
{
    ngx_uint_t        i;
    ngx_table_elt_t  *h;
    ngx_list_part_t  *part;

    ids->nelts = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].key.len == 6
                && ngx_strncasecmp(h[i].key.data, (u_char *) "Cookie", 6)
                   == 0)
            {
                ngx_http_aime_vars_ids_of(&h[i].value, ids);
            }
        }
    }
}


static void
ngx_http_aime_vars_ids_of(ngx_str_t *cookies, ngx_http_aime_vars_ids_t *ids)
{
    u_char  *p, *start, *end, *last;

    p = cookies->data;
    last = p + cookies->len;

    while (p < last && ids->nelts < NGX_HTTP_AIME_VARS_COOKIES) {

        while (p < last && (*p == ' ' || *p == ';')) {
            p++;
        }

        start = p;
        p = ngx_strlchr(p, last, ';');
        p = p ? p : last;
        end = p;

        while (end > start && end[-1] == ' ') {
            end--;
        }

        if (end - start > 8
            && ngx_memcmp(start, "session=", 8) == 0
            && ngx_aime_id_parse(start + 8, end - start - 8,
                                 ids->elts[ids->nelts])
               == NGX_OK)
        {
            ids->nelts++;
        }
    }
}


static ngx_aime_shm_vars_t *
ngx_http_aime_vars_known(ngx_aime_zone_t *zone, ngx_http_aime_vars_ids_t *ids)
{
    ngx_uint_t            i;
    ngx_aime_shm_vars_t  *session;

    for (i = 0; i < ids->nelts; i++) {
        session = ngx_aime_shm_vars_find_locked(zone, ids->elts[i]);

        if (session) {
            return session;
        }
    }

    return NULL;
}


static void
ngx_http_aime_vars_new_id(ngx_aime_zone_t *zone, u_char *id)
{
    do {
        ngx_aime_id_make(id);
    } while (ngx_aime_shm_id_taken(&zone->sh->vars, id));
}


/* The members of a session's values, in memory of the request. */

static ngx_int_t
ngx_http_aime_vars_read(ngx_http_request_t *r, ngx_aime_shm_hold_t *values,
    aime_json_members_t *members)
{
    u_char                  *p;
    aime_str_t               text;
    aime_pool_t              pool;
    aime_json_error_t        error;
    ngx_aime_shm_chunk_t    *chunk;

    members->nelts = 0;

    if (values == NULL) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, values->payload->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text.data = p;
    text.len = values->payload->len;

    for (chunk = &values->payload->first; chunk; chunk = chunk->next) {
        p = ngx_cpymem(p, chunk->data, chunk->size);
    }

    pool = ngx_http_aime_pool(r);

    switch (aime_json_members(&pool, text, members, &error)) {

    case AIME_OK:
        return NGX_OK;

    case AIME_NOMEM:
        return NGX_ERROR;

    default:
        ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0,
                      "the values of a session are damaged: %s at byte %uz",
                      error.reason, error.offset);
        members->nelts = 0;
        return NGX_OK;
    }
}


/*
 * What the client gave goes before what is stored, that before the variable's
 * default, and that before the default of an input of the same name.
 */

static ngx_int_t
ngx_http_aime_vars_add(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, aime_json_members_t *stored,
    aime_input_t *input)
{
    ngx_uint_t            i, given;
    aime_str_t            value;
    aime_json_member_t   *member, *members;
    ngx_http_aime_var_t  *var;

    members = ngx_palloc(r->pool, (input->nmembers + endpoint->vars.nelts)
                                  * sizeof(aime_json_member_t));
    if (members == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(members, input->members,
               input->nmembers * sizeof(aime_json_member_t));
    input->members = members;

    var = endpoint->vars.elts;

    for (i = 0; i < endpoint->vars.nelts; i++) {
        member = aime_json_member(stored, var[i].key);
        value = member ? member->value.text : var[i].value;

        member = ngx_http_aime_vars_input(endpoint, input, var[i].name,
                                          &given);

        if (value.len == 0 || given) {
            continue;
        }

        if (member == NULL) {
            member = &input->members[input->nmembers++];
            member->name = var[i].name;
        }

        member->value.text = value;
    }

    return NGX_OK;
}


/* The input of that name; given: by the client, it is no default. */

static aime_json_member_t *
ngx_http_aime_vars_input(ngx_http_aime_endpoint_t *endpoint,
    aime_input_t *input, aime_str_t name, ngx_uint_t *given)
{
    aime_desc_param_t    *param;
    aime_json_member_t   *member;
    aime_json_members_t   members;

    *given = 0;

    param = aime_desc_find(&endpoint->inputs, name);

    if (param == NULL) {
        return NULL;
    }

    members.elts = input->members;
    members.nelts = input->nmembers;

    member = aime_json_member(&members, name);

    if (member) {
        *given = (member->value.text.data != param->default_value.data);
    }

    return member;
}


ngx_int_t
ngx_http_aime_vars_cookie(ngx_http_request_t *r, ngx_aime_job_spec_t *spec)
{
    return spec->has_session ? ngx_http_aime_vars_set_cookie(r, spec->session)
                             : NGX_OK;
}


ngx_int_t
ngx_http_aime_vars_tell(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, const u_char *id)
{
    ngx_uint_t                 tell;
    ngx_aime_zone_t           *zone;
    ngx_aime_job_view_t        view;
    ngx_aime_shm_vars_t       *session;
    ngx_http_aime_vars_ids_t   ids;

    zone = ngx_http_aime_zone(r);

    if (endpoint->vars.nelts == 0
        || ngx_aime_job_view(zone, id, NGX_AIME_VIEW_NOTHING, NULL, &view)
           != NGX_OK
        || !view.has_session)
    {
        return NGX_OK;
    }

    ngx_http_aime_vars_ids(r, &ids);

    ngx_aime_shm_lock(zone);

    session = ngx_http_aime_vars_known(zone, &ids);

    if (session) {
        tell = (ngx_memcmp(session->id, view.session, NGX_AIME_ID_LEN) == 0);

    } else {
        session = ngx_aime_shm_vars_find_locked(zone, view.session);

        if (session) {
            ngx_http_aime_vars_new_id(zone, view.session);
            session = ngx_aime_shm_vars_copy_locked(zone, view.session,
                                                    session);
        }

        tell = (session != NULL);
    }

    ngx_aime_shm_unlock(zone);

    return tell ? ngx_http_aime_vars_set_cookie(r, view.session) : NGX_OK;
}


/* It is sent with each job, since it shall live as long as the session. */

static ngx_int_t
ngx_http_aime_vars_set_cookie(ngx_http_request_t *r, const u_char *id)
{
    u_char      *p;
    ngx_str_t    cookie;
    ngx_msec_t   life;

    p = ngx_pnalloc(r->pool, sizeof("session=; HttpOnly; SameSite=Lax; "
                                    "Path=/; Max-Age=; Secure")
                             + NGX_AIME_UUID_LEN + NGX_INT64_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    life = ngx_http_aime_zone(r)->session_idle / 1000;

    cookie.data = p;

    p = ngx_cpymem(p, "session=", 8);
    p = ngx_aime_id_print(p, id);
    p = ngx_sprintf(p, "; HttpOnly; SameSite=Lax; Path=/; Max-Age=%M",
                    ngx_max(life, 1));

#if (NGX_HTTP_SSL)
    if (r->connection->ssl) {
        p = ngx_cpymem(p, "; Secure", 8);
    }
#endif

    cookie.len = p - cookie.data;

    return ngx_http_aime_reply_header(r, "Set-Cookie", &cookie);
}


ngx_int_t
ngx_http_aime_vars_merge(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, ngx_http_aime_args_t *result,
    const u_char *id, ngx_aime_job_vars_t *vars)
{
    ngx_int_t                    rc;
    aime_json_member_t         **carried;
    ngx_http_aime_vars_text_t    text;

    vars->before = NULL;
    vars->values = NULL;

    if (endpoint == NULL || endpoint->vars.nelts == 0) {
        return NGX_DECLINED;
    }

    carried = ngx_palloc(r->pool, endpoint->vars.nelts * sizeof(void *));
    if (carried == NULL) {
        return NGX_ERROR;
    }

    if (!ngx_http_aime_vars_carried(endpoint, result, carried)) {
        return NGX_DECLINED;
    }

    rc = ngx_aime_job_vars(ngx_http_aime_zone(r), id, vars);

    if (rc == NGX_OK) {
        rc = ngx_http_aime_vars_collect(r, endpoint, carried, vars->before,
                                        &text);
        if (rc != NGX_OK) {
            return rc;
        }

        rc = ngx_http_aime_vars_store(r, &text, vars);
    }

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "aime_api_zone is full, dropped session variables of a "
                      "result on \"%V\"", &endpoint->name);
    }

    return (rc == NGX_OK) ? NGX_OK : NGX_DECLINED;
}


/* For each variable the result's value, or NULL; gives whether it has any. */

static ngx_uint_t
ngx_http_aime_vars_carried(ngx_http_aime_endpoint_t *endpoint,
    ngx_http_aime_args_t *result, aime_json_member_t **carried)
{
    ngx_uint_t            i, k, any;
    ngx_http_aime_var_t  *var;

    var = endpoint->vars.elts;
    any = 0;

    for (i = 0; i < endpoint->vars.nelts; i++) {
        carried[i] = NULL;

        for (k = 0; k < result->nelts; k++) {
            if (result->elts[k].name.len == var[i].name.len
                && ngx_memcmp(result->elts[k].name.data, var[i].name.data,
                              var[i].name.len)
                   == 0)
            {
                carried[i] = &result->elts[k];
                any = 1;
                break;
            }
        }
    }

    return any;
}


/*
 * What the session will hold: what it has of other endpoints, what it has of
 * this one's variables and the result says nothing of, and what the result
 * says.  NGX_DECLINED: that is too much, and stays as it is altogether, so that
 * no result is there by halves.
 */

static ngx_int_t
ngx_http_aime_vars_collect(ngx_http_request_t *r,
    ngx_http_aime_endpoint_t *endpoint, aime_json_member_t **carried,
    ngx_aime_shm_hold_t *before, ngx_http_aime_vars_text_t *text)
{
    ngx_uint_t            i;
    aime_json_members_t   stored;
    ngx_http_aime_var_t  *var;

    if (ngx_http_aime_vars_read(r, before, &stored) != NGX_OK) {
        return NGX_ERROR;
    }

    text->nelts = 0;
    text->len = 1;
    text->elts = ngx_palloc(r->pool, (stored.nelts + endpoint->vars.nelts)
                                     * sizeof(aime_json_member_t));
    if (text->elts == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < stored.nelts; i++) {
        if (ngx_http_aime_vars_stays(endpoint, carried,
                                     &stored.elts[i].name))
        {
            ngx_http_aime_vars_push(text, stored.elts[i].name,
                                    stored.elts[i].value.text);
        }
    }

    var = endpoint->vars.elts;

    for (i = 0; i < endpoint->vars.nelts; i++) {
        if (carried[i]) {
            ngx_http_aime_vars_push(text, var[i].key,
                                    carried[i]->value.text);
        }
    }

    if (text->len <= NGX_HTTP_AIME_MAX_VARS_LEN
        && text->nelts <= AIME_JSON_MAX_MEMBERS)
    {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "dropped session variables of a result on \"%V\": its "
                  "session would have %uz bytes in %ui of them",
                  &endpoint->name, text->len, text->nelts);

    return NGX_DECLINED;
}


/* What the endpoint's file does not name any more is forgotten. */

static ngx_uint_t
ngx_http_aime_vars_stays(ngx_http_aime_endpoint_t *endpoint,
    aime_json_member_t **carried, aime_str_t *key)
{
    ngx_uint_t            i;
    ngx_http_aime_var_t  *var;

    if (key->len <= endpoint->name.len
        || key->data[endpoint->name.len] != '/'
        || ngx_memcmp(key->data, endpoint->name.data, endpoint->name.len)
           != 0)
    {
        return 1;
    }

    var = endpoint->vars.elts;

    for (i = 0; i < endpoint->vars.nelts; i++) {
        if (var[i].key.len == key->len
            && ngx_memcmp(var[i].key.data, key->data, key->len) == 0)
        {
            return carried[i] == NULL;
        }
    }

    return 0;
}


static void
ngx_http_aime_vars_push(ngx_http_aime_vars_text_t *text, aime_str_t key,
    aime_str_t value)
{
    aime_json_member_t  *member;

    member = &text->elts[text->nelts++];

    member->name = key;
    member->value.text = value;

    /* a brace or a comma, a colon */

    text->len += 2 + aime_json_quoted_len(key) + value.len;
}


/* NGX_ERROR: there is no room. */

static ngx_int_t
ngx_http_aime_vars_store(ngx_http_request_t *r,
    ngx_http_aime_vars_text_t *text, ngx_aime_job_vars_t *vars)
{
    u_char                 *p, *start;
    ngx_uint_t              i;
    aime_json_member_t     *member;
    ngx_aime_shm_cursor_t   cursor;

    start = ngx_pnalloc(r->pool, text->len);
    if (start == NULL) {
        return NGX_ERROR;
    }

    /* they are no better than inputs: the last room is for results */

    vars->values = ngx_aime_job_reserve(ngx_http_aime_zone(r), text->len,
                                        NGX_AIME_ROOM_INPUT);
    if (vars->values == NULL) {
        return NGX_ERROR;
    }

    p = start;

    for (i = 0; i < text->nelts; i++) {
        member = &text->elts[i];

        *p++ = i ? ',' : '{';
        p = aime_json_quote(p, member->name);
        *p++ = ':';
        p = ngx_cpymem(p, member->value.text.data, member->value.text.len);
    }

    *p++ = '}';

    ngx_aime_shm_fill_start(&cursor, vars->values->payload);
    ngx_aime_shm_fill(&cursor, start, p - start);

    return NGX_OK;
}


void
ngx_http_aime_vars_drop(ngx_http_request_t *r, ngx_aime_job_vars_t *vars)
{
    if (vars->before) {
        ngx_aime_job_drop(ngx_http_aime_zone(r), vars->before);
    }

    if (vars->values) {
        ngx_aime_job_drop(ngx_http_aime_zone(r), vars->values);
    }

    vars->before = NULL;
    vars->values = NULL;
}
