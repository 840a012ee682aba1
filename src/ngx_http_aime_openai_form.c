
/*
 * Uploads, see ngx_http_aime_openai_form.h.
 *
 * A file is put into base64 when it is known who sends it and what for, and
 * then the body is given back, so that it is held twice for a moment only.
 */


#include "ngx_http_aime_openai_form.h"
#include "ngx_http_aime_body.h"
#include "aime_media_data.h"
#include "aime_multipart.h"


#define NGX_HTTP_AIME_OPENAI_FILE   "file"


/* Formats that are known by their names alone. */

static const char  *ngx_http_aime_openai_suffixes[] = {
    "flac", "mp3", "mp4", "mpeg", "mpga", "m4a", "ogg", "oga", "opus", "wav",
    "webm", "aac", NULL
};


static ngx_int_t ngx_http_aime_openai_form_read(
    ngx_http_aime_openai_call_t *call, aime_multipart_t *form);
static ngx_uint_t ngx_http_aime_openai_form_is(aime_str_t *name,
    const char *other);
static ngx_int_t ngx_http_aime_openai_form_twice(
    ngx_http_aime_openai_call_t *call, aime_json_member_t *field);
static aime_json_member_t *ngx_http_aime_openai_form_named(
    ngx_http_aime_openai_call_t *call, aime_str_t *name);
static aime_json_member_t *ngx_http_aime_openai_form_add(
    ngx_http_aime_openai_call_t *call, aime_str_t *name);
static ngx_int_t ngx_http_aime_openai_form_text(
    ngx_http_aime_openai_call_t *call, aime_multipart_part_t *part);
static ngx_int_t ngx_http_aime_openai_form_list(
    ngx_http_aime_openai_call_t *call, aime_multipart_t *form, ngx_uint_t i);
static ngx_int_t ngx_http_aime_openai_form_file(
    ngx_http_aime_openai_call_t *call, aime_multipart_part_t *part);
static ngx_int_t ngx_http_aime_openai_form_type(
    ngx_http_aime_openai_call_t *call, aime_multipart_part_t *part,
    ngx_str_t *type);
static ngx_uint_t ngx_http_aime_openai_form_suffix(aime_str_t *name,
    u_char separator, ngx_str_t *type);


ngx_int_t
ngx_http_aime_openai_form_fields(ngx_http_aime_openai_call_t *call)
{
    ngx_int_t               rc;
    ngx_uint_t              i;
    aime_multipart_t       *form;
    aime_multipart_part_t  *part;

    form = ngx_palloc(call->request->pool, sizeof(aime_multipart_t));
    if (form == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_http_aime_openai_form_read(call, form);

    if (rc != NGX_OK) {
        return rc;
    }

    call->fields.nelts = 0;
    call->fields.elts = ngx_palloc(call->request->pool,
                                   form->nparts * sizeof(aime_json_member_t));
    if (call->fields.elts == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < form->nparts; i++) {
        part = &form->parts[i];

        if (ngx_http_aime_openai_form_is(&part->name,
                                         NGX_HTTP_AIME_OPENAI_FILE))
        {
            rc = ngx_http_aime_openai_form_file(call, part);

        } else if (part->name.len > 2
                   && ngx_memcmp(part->name.data + part->name.len - 2, "[]", 2)
                      == 0)
        {
            rc = ngx_http_aime_openai_form_list(call, form, i);

        } else {
            rc = ngx_http_aime_openai_form_text(call, part);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    (void) ngx_pfree(call->request->pool, form);

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_openai_form_put(ngx_http_aime_openai_call_t *call,
    ngx_http_aime_openai_file_t *file)
{
    u_char               *p;
    aime_json_value_t     value;
    ngx_http_aime_ctx_t  *ctx;

    /* with the quotes, which is JSON as it stands */

    p = ngx_pnalloc(call->request->pool,
                    sizeof("\"data:audio/;base64,\"") + file->type.len
                    + aime_media_base64_encoded_len(file->body.len));
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.type = AIME_JSON_STRING;
    value.plain = 0;
    value.text.data = p;

    p = ngx_sprintf(p, "\"data:audio/%V;base64,", &file->type);
    p = aime_media_base64_encode(p, file->body);
    *p++ = '"';

    value.text.len = p - value.text.data;

    ngx_http_aime_free_body(call->request);

    ctx = ngx_http_get_module_ctx(call->request, ngx_http_aime_api_module);
    ctx->copy = (void *) value.text.data;

    return ngx_http_aime_openai_put(call, NGX_HTTP_AIME_OPENAI_FILE, &value);
}


static ngx_int_t
ngx_http_aime_openai_form_read(ngx_http_aime_openai_call_t *call,
    aime_multipart_t *form)
{
    aime_str_t               type, body, boundary;
    ngx_table_elt_t         *header;
    ngx_http_aime_ctx_t     *ctx;
    aime_multipart_error_t   error;

    header = call->request->headers_in.content_type;

    type.data = header ? header->value.data : (u_char *) "";
    type.len = header ? header->value.len : 0;

    if (!aime_multipart_is_form(type)) {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, NULL,
                                           NULL, "The request must be a form: "
                                           "Content-Type: "
                                           "multipart/form-data");
    }

    if (aime_multipart_boundary(type, &boundary) != AIME_OK) {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, NULL,
                                           NULL, "The form's Content-Type "
                                           "names no valid boundary");
    }

    ctx = ngx_http_get_module_ctx(call->request, ngx_http_aime_api_module);

    body.data = ctx->body.data;
    body.len = ctx->body.len;

    if (body.len == 0) {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, NULL,
                                           NULL, "The form is empty");
    }

    if (aime_multipart_parse(body, boundary, form, &error) != AIME_OK) {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, NULL,
                                           NULL, "The form is not valid: %s, "
                                           "at byte %uz", error.reason,
                                           error.offset);
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_aime_openai_form_is(aime_str_t *name, const char *other)
{
    return name->len == ngx_strlen(other)
           && ngx_memcmp(name->data, other, name->len) == 0;
}


static ngx_int_t
ngx_http_aime_openai_form_twice(ngx_http_aime_openai_call_t *call,
    aime_json_member_t *field)
{
    ngx_int_t             rc;
    ngx_http_aime_ctx_t  *ctx;

    rc = ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, NULL,
                                     "invalid_value", "A field of the form "
                                     "is given more than once");

    ctx = ngx_http_get_module_ctx(call->request, ngx_http_aime_api_module);

    ctx->param.data = (u_char *) field->name.data;
    ctx->param.len = field->name.len;

    return rc;
}


static aime_json_member_t *
ngx_http_aime_openai_form_named(ngx_http_aime_openai_call_t *call,
    aime_str_t *name)
{
    ngx_uint_t           i;
    aime_json_member_t  *field;

    for (i = 0; i < call->fields.nelts; i++) {
        field = &call->fields.elts[i];

        if (field->name.len == name->len
            && ngx_memcmp(field->name.data, name->data, name->len) == 0)
        {
            return field;
        }
    }

    return NULL;
}


/* A field without a value; the name outlives the body.  NULL: no memory. */

static aime_json_member_t *
ngx_http_aime_openai_form_add(ngx_http_aime_openai_call_t *call,
    aime_str_t *name)
{
    u_char              *p;
    aime_json_member_t  *field;

    p = ngx_pnalloc(call->request->pool, name->len);
    if (p == NULL) {
        return NULL;
    }

    ngx_memcpy(p, name->data, name->len);

    field = &call->fields.elts[call->fields.nelts++];

    ngx_memzero(field, sizeof(aime_json_member_t));

    field->name.data = p;
    field->name.len = name->len;

    return field;
}


static ngx_int_t
ngx_http_aime_openai_form_text(ngx_http_aime_openai_call_t *call,
    aime_multipart_part_t *part)
{
    u_char              *p;
    aime_json_member_t  *field;

    field = ngx_http_aime_openai_form_named(call, &part->name);

    if (field) {
        return ngx_http_aime_openai_form_twice(call, field);
    }

    field = ngx_http_aime_openai_form_add(call, &part->name);
    if (field == NULL) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(call->request->pool, part->body.len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, part->body.data, part->body.len);

    field->value.text.data = p;
    field->value.text.len = part->body.len;
    field->value.type = AIME_JSON_STRING;
    field->value.plain = 1;

    if (!ngx_http_aime_openai_form_is(&part->name, "stream")) {
        return NGX_OK;
    }

    /* other switches there are none */

    if (ngx_http_aime_openai_form_is(&part->body, "true")) {
        field->value.type = AIME_JSON_TRUE;

    } else if (ngx_http_aime_openai_form_is(&part->body, "false")) {
        field->value.type = AIME_JSON_FALSE;
    }

    field->value.plain = (field->value.type == AIME_JSON_STRING);

    return NGX_OK;
}


/* All parts of the name that the i-th one has, at the first of them. */

static ngx_int_t
ngx_http_aime_openai_form_list(ngx_http_aime_openai_call_t *call,
    aime_multipart_t *form, ngx_uint_t i)
{
    size_t                  size;
    u_char                 *p;
    ngx_uint_t              j;
    aime_str_t             *name, base;
    aime_json_member_t     *field;
    aime_multipart_part_t  *part;

    name = &form->parts[i].name;
    size = 2;

    for (j = 0; j < form->nparts; j++) {
        part = &form->parts[j];

        if (part->name.len != name->len
            || ngx_memcmp(part->name.data, name->data, name->len) != 0)
        {
            continue;
        }

        if (j < i) {
            return NGX_OK;
        }

        size += aime_json_quoted_len(part->body) + 1;
    }

    base.data = name->data;
    base.len = name->len - 2;

    field = ngx_http_aime_openai_form_named(call, &base);

    if (field) {
        return ngx_http_aime_openai_form_twice(call, field);
    }

    field = ngx_http_aime_openai_form_add(call, &base);
    p = ngx_pnalloc(call->request->pool, size);

    if (field == NULL || p == NULL) {
        return NGX_ERROR;
    }

    field->value.type = AIME_JSON_ARRAY;
    field->value.text.data = p;

    *p++ = '[';

    for (j = i; j < form->nparts; j++) {
        part = &form->parts[j];

        if (part->name.len == name->len
            && ngx_memcmp(part->name.data, name->data, name->len) == 0)
        {
            p = aime_json_quote(p, part->body);
            *p++ = ',';
        }
    }

    p[-1] = ']';

    field->value.text.len = p - field->value.text.data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_form_file(ngx_http_aime_openai_call_t *call,
    aime_multipart_part_t *part)
{
    aime_json_member_t           *field;
    ngx_http_aime_openai_file_t  *file;

    field = ngx_http_aime_openai_form_named(call, &part->name);

    if (field) {
        return ngx_http_aime_openai_form_twice(call, field);
    }

    if (part->body.len == 0) {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST,
                                           NGX_HTTP_AIME_OPENAI_FILE,
                                           "invalid_value",
                                           "The file is empty");
    }

    field = ngx_http_aime_openai_form_add(call, &part->name);

    file = ngx_palloc(call->request->pool,
                      sizeof(ngx_http_aime_openai_file_t));

    if (field == NULL || file == NULL) {
        return NGX_ERROR;
    }

    field->value.type = AIME_JSON_STRING;
    field->value.plain = 1;

    file->body = part->body;
    call->data = file;

    return ngx_http_aime_openai_form_type(call, part, &file->type);
}


/*
 * By its first bytes, as far as these are known, else by the name or the type
 * that the client gives it.
 */

static ngx_int_t
ngx_http_aime_openai_form_type(ngx_http_aime_openai_call_t *call,
    aime_multipart_part_t *part, ngx_str_t *type)
{
    aime_str_t           head;
    aime_media_format_e  format;

    head.data = part->body.data;
    head.len = ngx_min(part->body.len, AIME_MEDIA_HEAD_LEN);

    format = aime_media_sniff(head);

    if (format == AIME_MEDIA_UNKNOWN) {

        if (ngx_http_aime_openai_form_suffix(&part->filename, '.', type)
            || ngx_http_aime_openai_form_suffix(&part->type, '/', type))
        {
            return NGX_OK;
        }

        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST,
                                           NGX_HTTP_AIME_OPENAI_FILE,
                                           "invalid_value",
                                           "The file's format is not known, "
                                           "neither by its bytes nor by its "
                                           "name");
    }

    type->data = (u_char *) aime_media_format_name(format);
    type->len = ngx_strlen(type->data);

    if (aime_media_kind_has(AIME_MEDIA_AUDIO, format)) {
        return NGX_OK;
    }

    return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST,
                                       NGX_HTTP_AIME_OPENAI_FILE,
                                       "invalid_value",
                                       "The file is no audio but %V", type);
}


/* One of the known formats behind the last dot, or slash. */

static ngx_uint_t
ngx_http_aime_openai_form_suffix(aime_str_t *name, u_char separator,
    ngx_str_t *type)
{
    size_t        len;
    const char  **suffix;

    for (suffix = ngx_http_aime_openai_suffixes; *suffix; suffix++) {
        len = ngx_strlen(*suffix);

        if (name->len > len
            && name->data[name->len - len - 1] == separator
            && ngx_strncasecmp((u_char *) name->data + name->len - len,
                               (u_char *) *suffix, len)
               == 0)
        {
            type->data = (u_char *) *suffix;
            type->len = len;
            return 1;
        }
    }

    return 0;
}
