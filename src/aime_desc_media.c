/*
 * What an [INPUTS] table says of media, see aime_desc_compile.h: the rules of a
 * parameter, and the formats that a server file allows.
 */

#include <stdio.h>

#include "aime_desc_compile.h"
#include "aime_media.h"


/* bytes of a medium's rules as JSON; the rest of the question is short */

#define AIME_DESC_MAX_RULES    (AIME_MEDIA_MAX_ASK - 1024)


static int aime_desc_support(aime_desc_compile_t *c);
static int aime_desc_rules(aime_desc_compile_t *c, const cJSON *table,
    aime_media_kind_e kind);
static int aime_desc_allow(aime_desc_compile_t *c, const cJSON *list,
    unsigned *allowed);


int
aime_desc_media(aime_desc_compile_t *c)
{
    switch (c->param->type) {

    case AIME_DESC_IMAGE:
        return aime_desc_rules(c, c->table, AIME_MEDIA_IMAGE);

    case AIME_DESC_AUDIO:
        return aime_desc_rules(c, c->table, AIME_MEDIA_AUDIO);

    case AIME_DESC_VIDEO:
        return aime_desc_rules(c, c->table, AIME_MEDIA_VIDEO);

    case AIME_DESC_CHAT_CONTEXT:
        return aime_desc_support(c);

    default:
        return AIME_OK;
    }
}


static int
aime_desc_support(aime_desc_compile_t *c)
{
    int                 rc;
    aime_str_t          name;
    const cJSON        *list, *item, *table;
    aime_media_kind_e   kind;

    list = cJSON_GetObjectItemCaseSensitive(c->table, "support");

    if (list && !cJSON_IsArray(list)) {
        return aime_desc_fail(c, list, "parameter %s: support must be a list",
                              c->table->string);
    }

    cJSON_ArrayForEach(item, list) {

        if (!cJSON_IsString(item)) {
            return aime_desc_fail(c, item, "parameter %s: support must hold "
                                  "strings", c->table->string);
        }

        name.data = (const unsigned char *) item->valuestring;
        name.len = strlen(item->valuestring);

        if (strcmp(item->valuestring, "tools") == 0) {
            c->param->tools = 1;
            continue;
        }

        /* text needs no support */

        if (aime_media_kind_named(name, &kind) != AIME_OK) {
            if (strcmp(item->valuestring, "text") != 0) {
                aime_desc_notice(c, item->valuestring, item);
            }

            continue;
        }

        table = cJSON_GetObjectItemCaseSensitive(c->table,
                                                 aime_media_kind_name(kind));

        rc = aime_desc_rules(c, table, kind);

        if (rc != AIME_OK) {
            return rc;
        }
    }

    return AIME_OK;
}


/* Compiles a table of rules; NULL: there are none. */

static int
aime_desc_rules(aime_desc_compile_t *c, const cJSON *table,
    aime_media_kind_e kind)
{
    int                  rc;
    aime_desc_media_t   *media;
    aime_media_error_t   error;

    media = aime_desc_alloc(c->pool, 1, sizeof(aime_desc_media_t));
    if (media == NULL) {
        return AIME_NOMEM;
    }

    c->param->media[kind] = media;

    if (table == NULL) {
        media->rules.kind = kind;
        return AIME_OK;
    }

    if (!cJSON_IsObject(table)) {
        return aime_desc_fail(c, table, "parameter %s: %s must be a table",
                              c->table->string, table->string);
    }

    rc = aime_media_rules_compile(c->pool, table, kind, &media->rules,
                                  aime_desc_notice, c, &error);

    if (rc == AIME_ERROR) {
        return aime_desc_fail(c, error.item, "parameter %s: %s",
                              c->table->string, error.text);
    }

    if (rc == AIME_OK) {
        rc = aime_desc_print(c, table, &media->text);
    }

    if (rc == AIME_OK && media->text.len > AIME_DESC_MAX_RULES) {
        return aime_desc_fail(c, table, "parameter %s: the rules of its media "
                              "are too long", c->table->string);
    }

    return rc;
}


int
aime_desc_allowed(const cJSON *inputs, unsigned *allowed,
    aime_desc_notice_pt notice, void *notice_ctx, aime_desc_error_t *error)
{
    int                  rc;
    const cJSON         *format, *list;
    aime_media_kind_e    kind;
    aime_desc_compile_t  c;

    memset(error, 0, sizeof(aime_desc_error_t));
    memset(&c, 0, sizeof(aime_desc_compile_t));

    c.notice = notice;
    c.notice_ctx = notice_ctx;
    c.error = error;

    for (kind = 0; kind < AIME_MEDIA_NKINDS; kind++) {
        allowed[kind] = 0;

        c.table = cJSON_GetObjectItemCaseSensitive(inputs,
                                                  aime_media_kind_name(kind));

        format = cJSON_GetObjectItemCaseSensitive(c.table, "format");
        list = cJSON_GetObjectItemCaseSensitive(format, "allowed");

        if (list == NULL) {
            continue;
        }

        rc = aime_desc_allow(&c, list, &allowed[kind]);

        if (rc != AIME_OK) {
            return rc;
        }
    }

    return AIME_OK;
}


static int
aime_desc_allow(aime_desc_compile_t *c, const cJSON *list, unsigned *allowed)
{
    char                 text[AIME_DESC_ERROR_LEN];
    aime_str_t           name;
    const cJSON         *item;
    aime_media_format_e  format;

    if (!cJSON_IsArray(list)) {
        return aime_desc_fail(c, list, "INPUTS.%s.format.allowed must be a "
                              "list", c->table->string);
    }

    cJSON_ArrayForEach(item, list) {

        if (!cJSON_IsString(item)) {
            return aime_desc_fail(c, item, "INPUTS.%s.format.allowed must "
                                  "hold strings", c->table->string);
        }

        name.data = (const unsigned char *) item->valuestring;
        name.len = strlen(item->valuestring);

        if (aime_media_format_named(name, &format) == AIME_OK) {
            *allowed |= 1u << format;
        }
    }

    if (*allowed == 0) {
        return aime_desc_fail(c, list, "INPUTS.%s.format.allowed has no format "
                              "that is known", c->table->string);
    }

    cJSON_ArrayForEach(item, list) {
        name.data = (const unsigned char *) item->valuestring;
        name.len = strlen(item->valuestring);

        if (aime_media_format_named(name, &format) != AIME_OK) {
            (void) snprintf(text, sizeof(text), "format.allowed: unknown %s "
                            "format \"%.60s\"", c->table->string,
                            item->valuestring);
            aime_desc_notice(c, text, item);
        }
    }

    return AIME_OK;
}
