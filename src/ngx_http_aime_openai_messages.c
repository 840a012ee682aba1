
/*
 * Messages, see ngx_http_aime_openai_messages.h.
 *
 * A new list is written from slices of the one that was sent.  Whatever is
 * written of a message is shorter than the message was, but for the roots of
 * NGX_HTTP_AIME_OPENAI_MORE bytes, so one buffer of the list's size will do.
 */


#include "ngx_http_aime_openai_messages.h"
#include "ngx_http_aime_openai_writer.h"


/* bytes that a message may be longer by: ,"content":"" */

#define NGX_HTTP_AIME_OPENAI_MORE    16


/* The type of a part, and what a chat context calls it. */

typedef struct {
    const char                  *type;
    const char                  *member;    /* that holds it */
    const char                  *inner;     /* where that is an object */
    const char                  *target;
} ngx_http_aime_openai_part_t;

static ngx_http_aime_openai_part_t  ngx_http_aime_openai_parts[] = {
    { "text", "text", NULL, "text" },
    { "input_text", "text", NULL, "text" },
    { "output_text", "text", NULL, "text" },
    { "refusal", "refusal", NULL, "text" },
    { "image_url", "image_url", "url", "image" },
    { "input_image", "image_url", "url", "image" },
    { "audio_url", "audio_url", "url", "audio" },
    { "video_url", "video_url", "url", "video" },
    { "input_audio", "input_audio", "data", "audio" },
    { NULL, NULL, NULL, NULL }
};


static ngx_int_t ngx_http_aime_openai_room(ngx_http_aime_openai_writer_t *w,
    aime_json_elements_t *messages, aime_str_t list, ngx_str_t *system);
static ngx_int_t ngx_http_aime_openai_whole_list(
    ngx_http_aime_openai_writer_t *w, aime_json_elements_t *messages,
    aime_str_t list, ngx_str_t *system);
static ngx_int_t ngx_http_aime_openai_context(
    ngx_http_aime_openai_writer_t *w, aime_json_elements_t *messages,
    aime_str_t list, ngx_str_t *system);
static ngx_int_t ngx_http_aime_openai_last(ngx_http_aime_openai_writer_t *w,
    aime_json_value_t *message);
static ngx_int_t ngx_http_aime_openai_join(ngx_http_aime_openai_writer_t *w,
    u_char *start);
static ngx_uint_t ngx_http_aime_openai_has_system(
    ngx_http_aime_openai_call_t *call, aime_json_elements_t *messages);
static ngx_int_t ngx_http_aime_openai_message(
    ngx_http_aime_openai_writer_t *w, aime_json_value_t *value);
static void ngx_http_aime_openai_more(ngx_http_aime_openai_writer_t *w,
    ngx_http_aime_args_t *message, const char *name);
static ngx_int_t ngx_http_aime_openai_role(ngx_http_aime_openai_writer_t *w,
    ngx_http_aime_args_t *message);
static ngx_int_t ngx_http_aime_openai_content(
    ngx_http_aime_openai_writer_t *w, ngx_http_aime_args_t *message);
static ngx_int_t ngx_http_aime_openai_part(ngx_http_aime_openai_writer_t *w,
    const char *name, aime_json_value_t *value, ngx_http_aime_args_t *args);
static void ngx_http_aime_openai_audio(ngx_http_aime_openai_writer_t *w,
    aime_json_value_t *data, aime_json_value_t *format);
static void ngx_http_aime_openai_system(ngx_http_aime_openai_writer_t *w,
    ngx_str_t *text);


ngx_int_t
ngx_http_aime_openai_put_messages(ngx_http_aime_openai_call_t *call,
    const char *param, aime_str_t list, const ngx_uint_t *places,
    ngx_str_t *system)
{
    int                            rc;
    aime_json_error_t              mistake;
    aime_desc_param_t             *input;
    aime_json_elements_t           messages;
    ngx_http_aime_openai_writer_t  w;

    rc = aime_json_elements(&call->pool, list, &messages, &mistake);

    if (rc == AIME_NOMEM) {
        return NGX_ERROR;
    }

    if (rc == AIME_ERROR || messages.nelts == 0) {
        return ngx_http_aime_openai_refuse(call, NGX_HTTP_BAD_REQUEST, param,
                                           "invalid_value",
                                           "'%s' must be a list of at least "
                                           "one message and at most %d",
                                           param, AIME_JSON_MAX_MEMBERS);
    }

    if (system == NULL && call->model->system_prompt.len
        && !ngx_http_aime_openai_has_system(call, &messages))
    {
        system = &call->model->system_prompt;
    }

    ngx_memzero(&w, sizeof(ngx_http_aime_openai_writer_t));

    w.call = call;
    w.param = param;
    w.places = places;

    input = ngx_http_aime_openai_input(call->service, "messages", 8);

    w.tools = input && input->tools;

    return (input && input->type == AIME_DESC_JSON)
           ? ngx_http_aime_openai_whole_list(&w, &messages, list, system)
           : ngx_http_aime_openai_context(&w, &messages, list, system);
}


ngx_uint_t
ngx_http_aime_openai_takes_tools(ngx_http_aime_openai_call_t *call)
{
    aime_desc_param_t  *input;

    input = ngx_http_aime_openai_input(call->service, "messages", 8);

    return input && (input->tools || input->type == AIME_DESC_JSON);
}


/* Room for the list, with that system message. */

static ngx_int_t
ngx_http_aime_openai_room(ngx_http_aime_openai_writer_t *w,
    aime_json_elements_t *messages, aime_str_t list, ngx_str_t *system)
{
    size_t                len;
    aime_str_t            text;
    ngx_http_aime_ctx_t  *ctx;

    len = list.len + messages->nelts * NGX_HTTP_AIME_OPENAI_MORE
          + sizeof("[{\"role\":\"system\",\"content\":},]");

    if (system) {
        text.data = system->data;
        text.len = system->len;
        len += aime_json_quoted_len(text);
    }

    w->start = ngx_palloc(w->call->pool.ctx, len);
    w->p = w->start;

    /* it may hold media, and need not stay while the client waits */

    ctx = ngx_http_get_module_ctx(w->call->request, ngx_http_aime_api_module);
    ctx->copy = w->start;

    return w->start ? NGX_OK : NGX_ERROR;
}


/* An input that takes any JSON gets the messages as they are. */

static ngx_int_t
ngx_http_aime_openai_whole_list(ngx_http_aime_openai_writer_t *w,
    aime_json_elements_t *messages, aime_str_t list, ngx_str_t *system)
{
    aime_str_t         rest;
    aime_json_value_t  value;

    ngx_memzero(&value, sizeof(aime_json_value_t));

    value.type = AIME_JSON_ARRAY;
    value.text = list;

    if (system) {
        if (ngx_http_aime_openai_room(w, messages, list, system) != NGX_OK) {
            return NGX_ERROR;
        }

        rest.data = messages->elts[0].text.data;
        rest.len = list.data + list.len - rest.data;

        ngx_http_aime_openai_chars(w, "[");
        ngx_http_aime_openai_system(w, system);
        ngx_http_aime_openai_chars(w, ",");
        ngx_http_aime_openai_slice(w, &rest);

        value.text.data = w->start;
        value.text.len = w->p - w->start;
    }

    return ngx_http_aime_openai_put(w->call, "messages", &value);
}


static ngx_int_t
ngx_http_aime_openai_context(ngx_http_aime_openai_writer_t *w,
    aime_json_elements_t *messages, aime_str_t list, ngx_str_t *system)
{
    size_t             n;
    ngx_int_t          rc;
    ngx_uint_t         legacy;
    aime_json_value_t  value;

    legacy = w->call->model->legacy
             && ngx_http_aime_openai_input(w->call->service, "prompt", 6);

    n = messages->nelts - legacy;

    if (ngx_http_aime_openai_room(w, messages, list, system) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_aime_openai_chars(w, "[");

    if (system) {
        ngx_http_aime_openai_system(w, system);
    }

    for (w->index = 0; w->index < n; w->index++) {

        if (w->p - w->start > 1) {
            ngx_http_aime_openai_chars(w, ",");
        }

        rc = ngx_http_aime_openai_message(w, &messages->elts[w->index]);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    ngx_http_aime_openai_chars(w, "]");

    ngx_memzero(&value, sizeof(aime_json_value_t));

    value.type = AIME_JSON_ARRAY;
    value.text.data = w->start;
    value.text.len = w->p - w->start;

    /* a list without messages need not go anywhere */

    if (value.text.len > 2) {
        rc = ngx_http_aime_openai_put(w->call, "messages", &value);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return legacy ? ngx_http_aime_openai_last(w, &messages->elts[n])
                  : NGX_OK;
}


/* Its text goes to an input of its own. */

static ngx_int_t
ngx_http_aime_openai_last(ngx_http_aime_openai_writer_t *w,
    aime_json_value_t *message)
{
    u_char                *start;
    ngx_int_t              rc;
    aime_json_error_t      mistake;
    aime_json_value_t      value;
    aime_json_member_t    *calls;
    ngx_http_aime_args_t   args;

    if (message->type != AIME_JSON_OBJECT) {
        return ngx_http_aime_openai_wrong(w, "", "must be an object");
    }

    rc = ngx_http_aime_openai_members(w->call, message->text, &args,
                                      &mistake);
    if (rc != NGX_OK) {
        return (rc == NGX_ERROR)
               ? rc : ngx_http_aime_openai_wrong(w, "", mistake.reason);
    }

    if (ngx_http_aime_openai_is(ngx_http_aime_arg(&args, "role"), "tool")) {
        return ngx_http_aime_openai_wrong(w, ".role",
                                          "must not be 'tool' in the last "
                                          "message with this model");
    }

    calls = ngx_http_aime_arg(&args, "tool_calls");

    if (calls && calls->value.text.len > 2) {
        return ngx_http_aime_openai_wrong(w, ".tool_calls",
                                          "is not supported in the last "
                                          "message with this model");
    }

    start = w->p;

    rc = ngx_http_aime_openai_role(w, &args);

    if (rc != NGX_OK) {
        return rc;
    }

    /* only its text goes on */

    w->p = start;
    w->content = ".content";

    rc = ngx_http_aime_openai_content(w, &args);

    if (rc == NGX_OK && *start == '[') {
        rc = ngx_http_aime_openai_join(w, start);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memzero(&value, sizeof(aime_json_value_t));

    value.type = AIME_JSON_STRING;
    value.text.data = start;
    value.text.len = w->p - start;

    return ngx_http_aime_openai_put(w->call, "prompt", &value);
}


/* Makes one string, in its place, of a list of parts that was written there. */

static ngx_int_t
ngx_http_aime_openai_join(ngx_http_aime_openai_writer_t *w, u_char *start)
{
    size_t                 i, len;
    u_char                *p;
    aime_str_t             list;
    aime_json_error_t      mistake;
    aime_json_elements_t   parts;

    static const char  before[] = "{\"text\":\"";

    list.data = start;
    list.len = w->p - start;

    if (aime_json_elements(&w->call->pool, list, &parts, &mistake)
        != AIME_OK)
    {
        return NGX_ERROR;
    }

    p = start;
    *p++ = '"';

    for (i = 0; i < parts.nelts; i++) {
        len = parts.elts[i].text.len;

        if (len < sizeof(before)
            || ngx_memcmp(parts.elts[i].text.data, before,
                          sizeof(before) - 1)
               != 0)
        {
            return ngx_http_aime_openai_wrong(w, ".content",
                                              "must be text with this model");
        }

        len -= sizeof(before) - 1 + 2;

        ngx_memmove(p, parts.elts[i].text.data + sizeof(before) - 1, len);
        p += len;
    }

    *p++ = '"';
    w->p = p;

    return NGX_OK;
}


ngx_int_t
ngx_http_aime_openai_put_prompt(ngx_http_aime_openai_call_t *call,
    const char *param, aime_str_t text, ngx_str_t *system)
{
    u_char      *p;
    aime_str_t   list;

    static ngx_str_t  before = ngx_string("[{\"role\":\"user\",\"content\":");

    p = ngx_palloc(call->pool.ctx, before.len + text.len + 2);
    if (p == NULL) {
        return NGX_ERROR;
    }

    list.data = p;

    p = ngx_cpymem(p, before.data, before.len);
    p = ngx_cpymem(p, text.data, text.len);
    *p++ = '}';
    *p++ = ']';

    list.len = p - list.data;

    return ngx_http_aime_openai_put_messages(call, param, list, NULL, system);
}


static ngx_uint_t
ngx_http_aime_openai_has_system(ngx_http_aime_openai_call_t *call,
    aime_json_elements_t *messages)
{
    size_t                 i;
    aime_json_error_t      mistake;
    aime_json_member_t    *role;
    ngx_http_aime_args_t   args;

    for (i = 0; i < messages->nelts; i++) {

        if (messages->elts[i].type != AIME_JSON_OBJECT
            || ngx_http_aime_openai_members(call, messages->elts[i].text,
                                            &args, &mistake)
               != NGX_OK)
        {
            continue;
        }

        role = ngx_http_aime_arg(&args, "role");

        if (ngx_http_aime_openai_is(role, "system")
            || ngx_http_aime_openai_is(role, "developer"))
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_aime_openai_message(ngx_http_aime_openai_writer_t *w,
    aime_json_value_t *value)
{
    ngx_int_t              rc;
    aime_json_error_t      mistake;
    aime_json_member_t    *calls;
    ngx_http_aime_args_t   message;

    if (value->type != AIME_JSON_OBJECT) {
        return ngx_http_aime_openai_wrong(w, "", "must be an object");
    }

    rc = ngx_http_aime_openai_members(w->call, value->text, &message,
                                      &mistake);
    if (rc != NGX_OK) {
        return (rc == NGX_ERROR)
               ? rc : ngx_http_aime_openai_wrong(w, "", mistake.reason);
    }

    calls = ngx_http_aime_arg(&message, "tool_calls");

    if (calls && calls->value.text.len > 2 && !w->tools) {
        return ngx_http_aime_openai_wrong(w, ".tool_calls",
                                          "is not supported with this model");
    }

    /* the older form of a call, and sound that the server would have to keep */

    if (ngx_http_aime_arg(&message, "function_call")) {
        return ngx_http_aime_openai_wrong(w, ".function_call",
                                          "is not supported with this model");
    }

    if (ngx_http_aime_arg(&message, "audio")) {
        return ngx_http_aime_openai_wrong(w, ".audio",
                                          "is not supported with this model");
    }

    ngx_http_aime_openai_chars(w, "{\"role\":");

    rc = ngx_http_aime_openai_role(w, &message);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_aime_openai_chars(w, ",\"content\":");

    /* among items there are outputs of functions instead */

    w->content = (w->places && ngx_http_aime_arg(&message, "tool_call_id"))
                 ? ".output" : ".content";

    rc = ngx_http_aime_openai_content(w, &message);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_aime_openai_more(w, &message, "name");

    if (w->tools) {
        ngx_http_aime_openai_more(w, &message, "tool_calls");
        ngx_http_aime_openai_more(w, &message, "tool_call_id");
    }

    ngx_http_aime_openai_chars(w, "}");

    return NGX_OK;
}


/* A member as it is, if the message has it. */

static void
ngx_http_aime_openai_more(ngx_http_aime_openai_writer_t *w,
    ngx_http_aime_args_t *message, const char *name)
{
    aime_json_member_t  *member;

    member = ngx_http_aime_arg(message, name);

    if (member) {
        ngx_http_aime_openai_chars(w, ",\"");
        ngx_http_aime_openai_chars(w, name);
        ngx_http_aime_openai_chars(w, "\":");
        ngx_http_aime_openai_slice(w, &member->value.text);
    }
}


static ngx_int_t
ngx_http_aime_openai_role(ngx_http_aime_openai_writer_t *w,
    ngx_http_aime_args_t *message)
{
    aime_json_member_t  *role;

    role = ngx_http_aime_arg(message, "role");

    if (ngx_http_aime_openai_is(role, "developer")) {
        ngx_http_aime_openai_chars(w, "\"system\"");
        return NGX_OK;
    }

    if (ngx_http_aime_openai_is(role, "system")
        || ngx_http_aime_openai_is(role, "user")
        || ngx_http_aime_openai_is(role, "assistant")
        || (w->tools && ngx_http_aime_openai_is(role, "tool")))
    {
        ngx_http_aime_openai_slice(w, &role->value.text);
        return NGX_OK;
    }

    return ngx_http_aime_openai_wrong(w, ".role",
                                      "must be one of 'system', 'developer', "
                                      "'user' and 'assistant' with this "
                                      "model");
}


static ngx_int_t
ngx_http_aime_openai_content(ngx_http_aime_openai_writer_t *w,
    ngx_http_aime_args_t *message)
{
    aime_json_member_t  *content;

    content = ngx_http_aime_arg(message, "content");

    if (content == NULL) {
        content = ngx_http_aime_arg(message, "refusal");
    }

    if (content == NULL) {
        ngx_http_aime_openai_chars(w, "\"\"");
        return NGX_OK;
    }

    return ngx_http_aime_openai_parted(w, w->content, content,
                                       ngx_http_aime_openai_part);
}


static ngx_int_t
ngx_http_aime_openai_part(ngx_http_aime_openai_writer_t *w,
    const char *name, aime_json_value_t *value, ngx_http_aime_args_t *args)
{
    ngx_int_t                     rc;
    aime_json_error_t             mistake;
    aime_json_value_t            *held, *format;
    aime_json_member_t           *type, *member;
    ngx_http_aime_args_t          inner;
    ngx_http_aime_openai_part_t  *part;

    type = ngx_http_aime_arg(args, "type");

    for (part = ngx_http_aime_openai_parts; part->type; part++) {
        if (ngx_http_aime_openai_is(type, part->type)) {
            break;
        }
    }

    member = part->type ? ngx_http_aime_arg(args, part->member) : NULL;

    if (member == NULL) {
        return ngx_http_aime_openai_wrong(w, name,
                                          "has a part of a type that is not "
                                          "supported");
    }

    held = &member->value;
    format = NULL;

    if (part->inner && held->type == AIME_JSON_OBJECT) {
        rc = ngx_http_aime_openai_members(w->call, held->text, &inner,
                                          &mistake);
        if (rc != NGX_OK) {
            return (rc == NGX_ERROR)
                   ? rc : ngx_http_aime_openai_wrong(w, name,
                                                     "has a part with too "
                                                     "many members");
        }

        member = ngx_http_aime_arg(&inner, part->inner);
        held = member ? &member->value : held;

        member = ngx_http_aime_arg(&inner, "format");
        format = member ? &member->value : NULL;
    }

    if (held->type != AIME_JSON_STRING
        || (part->inner && part->inner[0] == 'd'
            && (format == NULL || format->type != AIME_JSON_STRING)))
    {
        return ngx_http_aime_openai_wrong(w, name,
                                          "has a part that lacks what its "
                                          "type says");
    }

    ngx_http_aime_openai_chars(w, "{\"");
    ngx_http_aime_openai_chars(w, part->target);
    ngx_http_aime_openai_chars(w, "\":");

    if (part->inner && part->inner[0] == 'd') {
        ngx_http_aime_openai_audio(w, held, format);

    } else {
        ngx_http_aime_openai_slice(w, &held->text);
    }

    ngx_http_aime_openai_chars(w, "}");

    return NGX_OK;
}


/* Base64 and the name of its format, as a data URL. */

static void
ngx_http_aime_openai_audio(ngx_http_aime_openai_writer_t *w,
    aime_json_value_t *data, aime_json_value_t *format)
{
    aime_str_t  inner;

    ngx_http_aime_openai_chars(w, "\"data:audio/");

    inner.data = format->text.data + 1;
    inner.len = format->text.len - 2;
    ngx_http_aime_openai_slice(w, &inner);

    ngx_http_aime_openai_chars(w, ";base64,");

    inner.data = data->text.data + 1;
    inner.len = data->text.len - 1;
    ngx_http_aime_openai_slice(w, &inner);
}


static void
ngx_http_aime_openai_system(ngx_http_aime_openai_writer_t *w,
    ngx_str_t *text)
{
    aime_str_t  str;

    str.data = text->data;
    str.len = text->len;

    ngx_http_aime_openai_chars(w, "{\"role\":\"system\",\"content\":");
    w->p = aime_json_quote(w->p, str);
    ngx_http_aime_openai_chars(w, "}");
}
