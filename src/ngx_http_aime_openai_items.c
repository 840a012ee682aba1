
/*
 * Items, see ngx_http_aime_openai_items.h.
 *
 * An assistant's message and the calls behind it are one message of a chat, so
 * that stays open until something else comes.  Reasoning is no message: the
 * chats of workers have no place for it.
 */


#include "ngx_http_aime_openai_items.h"
#include "ngx_http_aime_openai_messages.h"
#include "ngx_http_aime_openai_writer.h"


/* bytes that a message may be longer by than its item, parts aside */

#define NGX_HTTP_AIME_OPENAI_MORE    128


/* An assistant's message that is not ended. */

typedef enum {
    NGX_HTTP_AIME_OPENAI_ENDED = 0,
    NGX_HTTP_AIME_OPENAI_SAID,
    NGX_HTTP_AIME_OPENAI_CALLED             /* in its list of calls */
} ngx_http_aime_openai_open_e;

typedef struct {
    ngx_http_aime_openai_writer_t    w;
    ngx_uint_t                      *places;    /* of the messages' items */
    ngx_uint_t                       n;         /* messages */
    ngx_http_aime_openai_open_e      open;
    ngx_rbtree_t                     calls;     /* ngx_str_node_t, by id */
    ngx_rbtree_node_t                sentinel;
} ngx_http_aime_openai_items_t;


/* write NULL: a chat has nothing for it. */

typedef struct {
    const char                      *type;
    ngx_int_t                      (*write)(
                                        ngx_http_aime_openai_items_t *items,
                                        ngx_http_aime_args_t *args);
} ngx_http_aime_openai_item_t;


/* A part that chats write differently: at most a fourth longer. */

typedef struct {
    const char                      *type;
    const char                      *start;     /* NULL: it is the same */
    const char                      *member;    /* that holds it */
    const char                      *more;      /* which may be beside it */
    const char                      *end;
} ngx_http_aime_openai_chat_part_t;


static ngx_int_t ngx_http_aime_openai_item(
    ngx_http_aime_openai_items_t *items, aime_json_value_t *value);
static ngx_int_t ngx_http_aime_openai_item_said(
    ngx_http_aime_openai_items_t *items, ngx_http_aime_args_t *args);
static ngx_int_t ngx_http_aime_openai_item_call(
    ngx_http_aime_openai_items_t *items, ngx_http_aime_args_t *args);
static ngx_int_t ngx_http_aime_openai_item_output(
    ngx_http_aime_openai_items_t *items, ngx_http_aime_args_t *args);
static ngx_int_t ngx_http_aime_openai_item_string(
    ngx_http_aime_openai_items_t *items, ngx_http_aime_args_t *args,
    const char *name, aime_str_t *text);
static ngx_int_t ngx_http_aime_openai_call_known(
    ngx_http_aime_openai_items_t *items, aime_str_t *id, ngx_uint_t add);
static void ngx_http_aime_openai_item_start(
    ngx_http_aime_openai_items_t *items, const char *text);
static void ngx_http_aime_openai_item_end(
    ngx_http_aime_openai_items_t *items);
static ngx_int_t ngx_http_aime_openai_item_content(
    ngx_http_aime_openai_writer_t *w, ngx_http_aime_args_t *args,
    const char *name);
static ngx_int_t ngx_http_aime_openai_item_part(
    ngx_http_aime_openai_writer_t *w, const char *name,
    aime_json_value_t *value, ngx_http_aime_args_t *args);


static const ngx_http_aime_openai_item_t  ngx_http_aime_openai_item_types[] = {
    { "message", ngx_http_aime_openai_item_said },
    { "function_call", ngx_http_aime_openai_item_call },
    { "function_call_output", ngx_http_aime_openai_item_output },
    { "reasoning", NULL },
    { NULL, NULL }
};

static const ngx_http_aime_openai_chat_part_t
    ngx_http_aime_openai_chat_parts[] =
{
    { "input_text", "{\"type\":\"text\",\"text\":", "text", NULL, "}" },
    { "output_text", "{\"type\":\"text\",\"text\":", "text", NULL, "}" },
    { "input_image", "{\"type\":\"image_url\",\"image_url\":{\"url\":",
      "image_url", "detail", "}}" },
    { "input_file", "{\"type\":\"file\",\"file\":{\"file_data\":",
      "file_data", "filename", "}}" },
    { "text", NULL, NULL, NULL, NULL },
    { "refusal", NULL, NULL, NULL, NULL },
    { "image_url", NULL, NULL, NULL, NULL },
    { "audio_url", NULL, NULL, NULL, NULL },
    { "video_url", NULL, NULL, NULL, NULL },
    { "input_audio", NULL, NULL, NULL, NULL },
    { NULL, NULL, NULL, NULL, NULL }
};


ngx_int_t
ngx_http_aime_openai_put_items(ngx_http_aime_openai_call_t *call,
    const char *param, aime_json_value_t *list, ngx_str_t *system)
{
    ngx_int_t                      rc;
    aime_str_t                     text;
    ngx_http_aime_ctx_t           *ctx;
    aime_json_elements_t           elements;
    ngx_http_aime_openai_items_t   items;

    rc = ngx_http_aime_openai_get_list(call, param, list, &elements);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memzero(&items, sizeof(ngx_http_aime_openai_items_t));

    ngx_rbtree_init(&items.calls, &items.sentinel,
                    ngx_str_rbtree_insert_value);

    items.w.call = call;
    items.w.param = param;
    items.w.tools = ngx_http_aime_openai_takes_tools(call);

    items.places = ngx_palloc(call->pool.ctx,
                              (elements.nelts + 1) * sizeof(ngx_uint_t));

    items.w.start = ngx_palloc(call->pool.ctx,
                               list->text.len + list->text.len / 4
                               + elements.nelts * NGX_HTTP_AIME_OPENAI_MORE);
    items.w.p = items.w.start;

    if (items.places == NULL || items.w.start == NULL) {
        return NGX_ERROR;
    }

    ngx_http_aime_openai_chars(&items.w, "[");

    for ( /* void */ ; items.w.index < elements.nelts; items.w.index++) {
        rc = ngx_http_aime_openai_item(&items,
                                       &elements.elts[items.w.index]);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    ngx_http_aime_openai_item_end(&items);
    ngx_http_aime_openai_chars(&items.w, "]");

    text.data = items.w.start;
    text.len = items.w.p - items.w.start;

    rc = ngx_http_aime_openai_put_messages(call, param, text, items.places,
                                           system);

    /* as large as the body, with all media */

    ctx = ngx_http_get_module_ctx(call->request, ngx_http_aime_api_module);

    if (ctx->copy) {
        (void) ngx_pfree(call->request->pool, items.w.start);

    } else {
        ctx->copy = items.w.start;
    }

    return rc;
}


static ngx_int_t
ngx_http_aime_openai_item(ngx_http_aime_openai_items_t *items,
    aime_json_value_t *value)
{
    ngx_int_t                           rc;
    aime_json_error_t                   mistake;
    aime_json_member_t                 *type;
    ngx_http_aime_args_t                args;
    const ngx_http_aime_openai_item_t  *item;

    if (value->type != AIME_JSON_OBJECT) {
        return ngx_http_aime_openai_wrong(&items->w, "", "must be an object");
    }

    rc = ngx_http_aime_openai_members(items->w.call, value->text, &args,
                                      &mistake);
    if (rc != NGX_OK) {
        return (rc == NGX_ERROR)
               ? rc
               : ngx_http_aime_openai_wrong(&items->w, "", mistake.reason);
    }

    type = ngx_http_aime_arg(&args, "type");

    if (type == NULL) {
        return ngx_http_aime_openai_item_said(items, &args);
    }

    for (item = ngx_http_aime_openai_item_types; item->type; item++) {
        if (ngx_http_aime_openai_is(type, item->type)) {
            return item->write ? item->write(items, &args) : NGX_OK;
        }
    }

    return ngx_http_aime_openai_wrong(&items->w, ".type",
                                      "must be one of 'message', "
                                      "'function_call', "
                                      "'function_call_output' and "
                                      "'reasoning'");
}


static ngx_int_t
ngx_http_aime_openai_item_said(ngx_http_aime_openai_items_t *items,
    ngx_http_aime_args_t *args)
{
    ngx_int_t            rc;
    ngx_uint_t           assistant;
    aime_json_member_t  *role, *name;

    role = ngx_http_aime_arg(args, "role");

    assistant = ngx_http_aime_openai_is(role, "assistant");

    if (!assistant && !ngx_http_aime_openai_is(role, "user")
        && !ngx_http_aime_openai_is(role, "system")
        && !ngx_http_aime_openai_is(role, "developer"))
    {
        return ngx_http_aime_openai_wrong(&items->w, ".role",
                                          "must be one of 'system', "
                                          "'developer', 'user' and "
                                          "'assistant'");
    }

    if (ngx_http_aime_arg(args, "tool_calls")) {
        return ngx_http_aime_openai_wrong(&items->w, ".tool_calls",
                                          "must be items of type "
                                          "'function_call'");
    }

    ngx_http_aime_openai_item_start(items, "{\"role\":");
    ngx_http_aime_openai_slice(&items->w, &role->value.text);
    ngx_http_aime_openai_chars(&items->w, ",\"content\":");

    rc = ngx_http_aime_openai_item_content(&items->w, args, ".content");

    if (rc != NGX_OK) {
        return rc;
    }

    name = ngx_http_aime_arg(args, "name");

    if (name) {
        ngx_http_aime_openai_chars(&items->w, ",\"name\":");
        ngx_http_aime_openai_slice(&items->w, &name->value.text);
    }

    items->open = NGX_HTTP_AIME_OPENAI_SAID;

    if (!assistant) {
        ngx_http_aime_openai_item_end(items);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_item_call(ngx_http_aime_openai_items_t *items,
    ngx_http_aime_args_t *args)
{
    ngx_int_t   rc;
    aime_str_t  id, name, arguments;

    rc = ngx_http_aime_openai_item_string(items, args, ".call_id", &id);

    if (rc == NGX_OK) {
        rc = ngx_http_aime_openai_item_string(items, args, ".name", &name);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_aime_openai_item_string(items, args, ".arguments",
                                              &arguments);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_aime_openai_call_known(items, &id, 1);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (items->open == NGX_HTTP_AIME_OPENAI_ENDED) {
        ngx_http_aime_openai_item_start(items, "{\"role\":\"assistant\","
                                               "\"content\":null");
        items->open = NGX_HTTP_AIME_OPENAI_SAID;
    }

    ngx_http_aime_openai_chars(&items->w,
                               items->open == NGX_HTTP_AIME_OPENAI_SAID
                               ? ",\"tool_calls\":[" : ",");

    items->open = NGX_HTTP_AIME_OPENAI_CALLED;

    ngx_http_aime_openai_chars(&items->w, "{\"id\":");
    ngx_http_aime_openai_slice(&items->w, &id);
    ngx_http_aime_openai_chars(&items->w, ",\"type\":\"function\","
                                          "\"function\":{\"name\":");
    ngx_http_aime_openai_slice(&items->w, &name);
    ngx_http_aime_openai_chars(&items->w, ",\"arguments\":");
    ngx_http_aime_openai_slice(&items->w, &arguments);
    ngx_http_aime_openai_chars(&items->w, "}}");

    return NGX_OK;
}


static ngx_int_t
ngx_http_aime_openai_item_output(ngx_http_aime_openai_items_t *items,
    ngx_http_aime_args_t *args)
{
    ngx_int_t   rc;
    aime_str_t  id;

    rc = ngx_http_aime_openai_item_string(items, args, ".call_id", &id);

    if (rc == NGX_OK) {
        rc = ngx_http_aime_openai_call_known(items, &id, 0);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_aime_openai_item_start(items, "{\"role\":\"tool\","
                                           "\"tool_call_id\":");
    ngx_http_aime_openai_slice(&items->w, &id);
    ngx_http_aime_openai_chars(&items->w, ",\"content\":");

    rc = ngx_http_aime_openai_item_content(&items->w, args, ".output");

    if (rc == NGX_OK) {
        ngx_http_aime_openai_chars(&items->w, "}");
    }

    return rc;
}


/* Of calls, which all have such members: the name has a dot in front. */

static ngx_int_t
ngx_http_aime_openai_item_string(ngx_http_aime_openai_items_t *items,
    ngx_http_aime_args_t *args, const char *name, aime_str_t *text)
{
    aime_json_member_t  *member;

    ngx_memzero(text, sizeof(aime_str_t));

    if (!items->w.tools) {
        return ngx_http_aime_openai_wrong(&items->w, ".type",
                                          "is not supported with this model");
    }

    member = ngx_http_aime_arg(args, name + 1);

    if (member == NULL || member->value.type != AIME_JSON_STRING) {
        return ngx_http_aime_openai_wrong(&items->w, name,
                                          "must be a string");
    }

    *text = member->value.text;

    return NGX_OK;
}


/* Ids may be used again: workers number the calls of each answer. */

static ngx_int_t
ngx_http_aime_openai_call_known(ngx_http_aime_openai_items_t *items,
    aime_str_t *id, ngx_uint_t add)
{
    uint32_t         hash;
    ngx_str_t        str;
    aime_str_t       text;
    ngx_str_node_t  *call;

    if (aime_json_decode(&items->w.call->pool, *id, &text) != AIME_OK) {
        return NGX_ERROR;
    }

    str.data = (u_char *) text.data;
    str.len = text.len;
    hash = ngx_crc32_long(str.data, str.len);

    if (ngx_str_rbtree_lookup(&items->calls, &str, hash)) {
        return NGX_OK;
    }

    if (!add) {
        return ngx_http_aime_openai_wrong(&items->w, ".call_id",
                                          "is that of no 'function_call' in "
                                          "front of it");
    }

    call = ngx_palloc(items->w.call->pool.ctx, sizeof(ngx_str_node_t));
    if (call == NULL) {
        return NGX_ERROR;
    }

    call->node.key = hash;
    call->str = str;

    ngx_rbtree_insert(&items->calls, &call->node);

    return NGX_OK;
}


static void
ngx_http_aime_openai_item_start(ngx_http_aime_openai_items_t *items,
    const char *text)
{
    ngx_http_aime_openai_item_end(items);

    if (items->n) {
        ngx_http_aime_openai_chars(&items->w, ",");
    }

    items->places[items->n++] = items->w.index;

    ngx_http_aime_openai_chars(&items->w, text);
}


static void
ngx_http_aime_openai_item_end(ngx_http_aime_openai_items_t *items)
{
    static const char  *ends[] = { "", "}", "]}" };

    ngx_http_aime_openai_chars(&items->w, ends[items->open]);

    items->open = NGX_HTTP_AIME_OPENAI_ENDED;
}


/* As chats have it; the name has a dot in front. */

static ngx_int_t
ngx_http_aime_openai_item_content(ngx_http_aime_openai_writer_t *w,
    ngx_http_aime_args_t *args, const char *name)
{
    return ngx_http_aime_openai_parted(w, name,
                                       ngx_http_aime_arg(args, name + 1),
                                       ngx_http_aime_openai_item_part);
}


static ngx_int_t
ngx_http_aime_openai_item_part(ngx_http_aime_openai_writer_t *w,
    const char *name, aime_json_value_t *value, ngx_http_aime_args_t *args)
{
    aime_json_member_t                      *type, *member;
    const ngx_http_aime_openai_chat_part_t  *part;

    type = ngx_http_aime_arg(args, "type");

    for (part = ngx_http_aime_openai_chat_parts; part->type; part++) {
        if (ngx_http_aime_openai_is(type, part->type)) {
            break;
        }
    }

    if (part->type == NULL) {
        return ngx_http_aime_openai_wrong(w, name,
                                          "has a part of a type that is not "
                                          "supported");
    }

    if (part->start == NULL) {
        ngx_http_aime_openai_slice(w, &value->text);
        return NGX_OK;
    }

    member = ngx_http_aime_arg(args, part->member);

    if (member == NULL || member->value.type != AIME_JSON_STRING) {
        return ngx_http_aime_openai_wrong(w, name,
                                          "has a part that lacks what its "
                                          "type says");
    }

    ngx_http_aime_openai_chars(w, part->start);
    ngx_http_aime_openai_slice(w, &member->value.text);

    member = part->more ? ngx_http_aime_arg(args, part->more) : NULL;

    if (member) {
        ngx_http_aime_openai_chars(w, ",\"");
        ngx_http_aime_openai_chars(w, part->more);
        ngx_http_aime_openai_chars(w, "\":");
        ngx_http_aime_openai_slice(w, &member->value.text);
    }

    ngx_http_aime_openai_chars(w, part->end);

    return NGX_OK;
}
