/*
 * Chat contexts: any valid JSON text.  The first byte says how many
 * allocations succeed (0xff: all).
 */

#include "aime_chat.h"
#include "fuzz.h"


typedef struct {
    aime_str_t          text;
    aime_chat_place_t   last;
} fuzz_chat_t;


static int fuzz_medium(void *ctx, const aime_chat_place_t *place,
    aime_media_kind_e kind, const aime_json_value_t *value);
static int fuzz_fault(void *ctx, const aime_chat_place_t *place,
    const char *reason);
static void fuzz_place(fuzz_chat_t *chat, const aime_chat_place_t *place);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                   rc;
    aime_str_t            text;
    fuzz_chat_t           chat;
    fuzz_pool_t           memory;
    aime_json_error_t     error;
    aime_json_value_t     value;
    aime_chat_handlers_t  handlers;

    if (size == 0) {
        return 0;
    }

    text = fuzz_copy(data + 1, size - 1);

    if (aime_json_scan(text, &value, &error) == AIME_OK) {
        memset(&chat, 0, sizeof(fuzz_chat_t));
        chat.text = value.text;

        handlers.medium = fuzz_medium;
        handlers.fault = fuzz_fault;
        handlers.ctx = &chat;
        handlers.tools = size & 1;

        (void) fuzz_pool(&memory, data[0] == 0xff ? -1 : data[0]);
        rc = aime_chat_read(&memory.face, value.text, &handlers);
        fuzz_must(rc == AIME_OK || (rc == AIME_NOMEM && data[0] != 0xff));
        fuzz_pool_free(&memory);
    }

    fuzz_free(text);

    return 0;
}


static int
fuzz_medium(void *ctx, const aime_chat_place_t *place, aime_media_kind_e kind,
    const aime_json_value_t *value)
{
    fuzz_chat_t  *chat = ctx;

    fuzz_place(chat, place);

    fuzz_must(kind < AIME_MEDIA_NKINDS);
    fuzz_must(fuzz_within(value->text, chat->text));

    return AIME_OK;
}


static int
fuzz_fault(void *ctx, const aime_chat_place_t *place, const char *reason)
{
    fuzz_place(ctx, place);

    fuzz_must(strlen(reason) < AIME_CHAT_FAULT_LEN);

    return AIME_OK;
}


/* Told in the order of the text. */

static void
fuzz_place(fuzz_chat_t *chat, const aime_chat_place_t *place)
{
    fuzz_must(place->message > chat->last.message
              || (place->message == chat->last.message
                  && place->part >= chat->last.part));

    chat->last = *place;
}
