/*
 * Chat contexts, see aime_chat.h.  A text is scanned once a level, and every
 * slice of it stays where it is: a chat that holds megabytes of pictures is
 * not copied.
 */

#include <stdio.h>
#include <string.h>

#include "aime_chat.h"


typedef struct {
    aime_pool_t                  *pool;
    const aime_chat_handlers_t   *handlers;
    aime_chat_place_t             place;
} aime_chat_ctx_t;


static int aime_chat_message(aime_chat_ctx_t *c,
    const aime_json_value_t *message);
static int aime_chat_role(aime_chat_ctx_t *c, const aime_json_value_t *role);
static int aime_chat_content(aime_chat_ctx_t *c,
    const aime_json_value_t *content);
static int aime_chat_part(aime_chat_ctx_t *c, const aime_json_value_t *part);
static int aime_chat_kind(aime_str_t name);
static int aime_chat_unread(aime_chat_ctx_t *c, int rc,
    const aime_json_error_t *error);
static int aime_chat_fault(aime_chat_ctx_t *c, const char *reason);
static int aime_chat_is(aime_str_t text, const char *word);


/* what a part of a content may hold beside the kinds of media */

#define AIME_CHAT_TEXT   AIME_MEDIA_NKINDS


int
aime_chat_read(aime_pool_t *pool, aime_str_t text,
    const aime_chat_handlers_t *handlers)
{
    int                    rc;
    size_t                 i;
    aime_chat_ctx_t        c;
    aime_json_error_t      error;
    aime_json_elements_t   messages;

    memset(&c, 0, sizeof(aime_chat_ctx_t));
    c.pool = pool;
    c.handlers = handlers;

    if (text.data[0] != '[') {
        return aime_chat_fault(&c, "is not a list of messages");
    }

    rc = aime_json_elements(pool, text, &messages, &error);

    if (rc != AIME_OK) {
        return aime_chat_unread(&c, rc, &error);
    }

    for (i = 0; i < messages.nelts; i++) {
        c.place.message = i + 1;
        c.place.part = 0;

        rc = aime_chat_message(&c, &messages.elts[i]);

        if (rc != AIME_OK) {
            return rc;
        }
    }

    return AIME_OK;
}


static int
aime_chat_message(aime_chat_ctx_t *c, const aime_json_value_t *message)
{
    int                   rc;
    aime_json_error_t     error;
    aime_json_member_t   *role, *content;
    aime_json_members_t   members;

    static const aime_str_t  role_name = aime_str("role");
    static const aime_str_t  content_name = aime_str("content");

    if (message->type != AIME_JSON_OBJECT) {
        return aime_chat_fault(c, "is not an object with role and content");
    }

    rc = aime_json_members(c->pool, message->text, &members, &error);

    if (rc != AIME_OK) {
        return aime_chat_unread(c, rc, &error);
    }

    role = aime_json_member(&members, role_name);
    content = aime_json_member(&members, content_name);

    rc = role ? aime_chat_role(c, &role->value)
              : aime_chat_fault(c, "has no role");

    if (rc != AIME_OK) {
        return rc;
    }

    return content ? aime_chat_content(c, &content->value)
                   : aime_chat_fault(c, "has no content");
}


static int
aime_chat_role(aime_chat_ctx_t *c, const aime_json_value_t *role)
{
    aime_str_t  name;

    if (role->type == AIME_JSON_STRING) {
        if (aime_json_decode(c->pool, role->text, &name) != AIME_OK) {
            return AIME_NOMEM;
        }

        if (aime_chat_is(name, "system")
            || aime_chat_is(name, "user")
            || aime_chat_is(name, "assistant")
            || (c->handlers->tools && aime_chat_is(name, "tool")))
        {
            return AIME_OK;
        }
    }

    return aime_chat_fault(c, "has a role that is not one of \"system\", "
                              "\"user\", \"assistant\"");
}


static int
aime_chat_content(aime_chat_ctx_t *c, const aime_json_value_t *content)
{
    int                    rc;
    size_t                 i;
    aime_json_error_t      error;
    aime_json_elements_t   parts;

    if (content->type == AIME_JSON_STRING) {
        return AIME_OK;
    }

    if (content->type != AIME_JSON_ARRAY) {
        return aime_chat_fault(c, "has a content that is neither a string nor "
                                  "a list");
    }

    rc = aime_json_elements(c->pool, content->text, &parts, &error);

    if (rc != AIME_OK) {
        return aime_chat_unread(c, rc, &error);
    }

    for (i = 0; i < parts.nelts; i++) {
        c->place.part = i + 1;

        rc = aime_chat_part(c, &parts.elts[i]);

        if (rc != AIME_OK) {
            return rc;
        }
    }

    return AIME_OK;
}


static int
aime_chat_part(aime_chat_ctx_t *c, const aime_json_value_t *part)
{
    int                   rc, kind, found;
    size_t                i, n;
    aime_json_error_t     error;
    aime_json_value_t    *value;
    aime_json_members_t   members;

    static const char  none[] = "must have exactly one of text, image, audio "
                                "and video";

    if (part->type != AIME_JSON_OBJECT) {
        return aime_chat_fault(c, "is not an object");
    }

    rc = aime_json_members(c->pool, part->text, &members, &error);

    if (rc != AIME_OK) {
        return aime_chat_unread(c, rc, &error);
    }

    n = 0;
    kind = 0;
    value = NULL;

    for (i = 0; i < members.nelts; i++) {
        found = aime_chat_kind(members.elts[i].name);

        if (found != AIME_ERROR) {
            kind = found;
            value = &members.elts[i].value;
            n++;
        }
    }

    if (n != 1) {
        return aime_chat_fault(c, none);
    }

    if (kind != AIME_CHAT_TEXT) {
        return c->handlers->medium(c->handlers->ctx, &c->place, kind, value);
    }

    return value->type == AIME_JSON_STRING
           ? AIME_OK : aime_chat_fault(c, "has a text that is not a string");
}


static int
aime_chat_kind(aime_str_t name)
{
    int  kind;

    for (kind = 0; kind < AIME_MEDIA_NKINDS; kind++) {
        if (aime_chat_is(name, aime_media_kind_name(kind))) {
            return kind;
        }
    }

    return aime_chat_is(name, "text") ? AIME_CHAT_TEXT : AIME_ERROR;
}


/* The text is valid JSON, so there is too much of something. */

static int
aime_chat_unread(aime_chat_ctx_t *c, int rc, const aime_json_error_t *error)
{
    char  reason[AIME_CHAT_FAULT_LEN];

    if (rc != AIME_ERROR) {
        return rc;
    }

    snprintf(reason, sizeof(reason), "cannot be read: %s", error->reason);

    return aime_chat_fault(c, reason);
}


static int
aime_chat_fault(aime_chat_ctx_t *c, const char *reason)
{
    return c->handlers->fault(c->handlers->ctx, &c->place, reason);
}


static int
aime_chat_is(aime_str_t text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}
