/*
 * The JSON scanner.  The first byte says how many allocations succeed (0xff:
 * all).  Its portable half is built beside it, as plain_...: both must say the
 * same of every text.
 */

#include "fuzz.h"


int plain_json_scan(aime_str_t text, aime_json_value_t *value,
    aime_json_error_t *error);
int plain_json_utf8(aime_str_t text);
size_t plain_json_quoted_len(aime_str_t text);
unsigned char *plain_json_quote(unsigned char *dst, aime_str_t text);

static void fuzz_scan(aime_pool_t *pool, aime_str_t text);
static void fuzz_string(aime_pool_t *pool, aime_str_t string);
static void fuzz_value(aime_pool_t *pool, const aime_json_value_t *value,
    aime_str_t text);
static void fuzz_list(aime_pool_t *pool, aime_str_t text);
static void fuzz_quote(aime_str_t text);
static size_t fuzz_points(aime_str_t text);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    aime_str_t   text;
    fuzz_pool_t  memory;

    if (size == 0) {
        return 0;
    }

    text = fuzz_copy(data + 1, size - 1);

    fuzz_scan(fuzz_pool(&memory, data[0] == 0xff ? -1 : data[0]), text);
    fuzz_quote(text);

    fuzz_pool_free(&memory);
    fuzz_free(text);

    return 0;
}


static void
fuzz_scan(aime_pool_t *pool, aime_str_t text)
{
    int                rc;
    aime_json_error_t  error, plain_error;
    aime_json_value_t  value, plain;

    rc = aime_json_scan(text, &value, &error);

    fuzz_must(plain_json_scan(text, &plain, &plain_error) == rc);

    if (rc != AIME_OK) {
        fuzz_must(error.offset <= text.len);
        fuzz_must(error.offset == plain_error.offset);
        fuzz_must(strcmp(error.reason, plain_error.reason) == 0);
        return;
    }

    fuzz_must(fuzz_same(value.text, plain.text));
    fuzz_must(aime_json_utf8(text));

    fuzz_value(pool, &value, text);
    fuzz_list(pool, text);
}


/* What was found must be a value by itself, of the type that was told. */

static void
fuzz_value(aime_pool_t *pool, const aime_json_value_t *value, aime_str_t text)
{
    aime_str_t         copy;
    aime_json_error_t  error;
    aime_json_value_t  again;

    fuzz_must(fuzz_within(value->text, text));

    copy = fuzz_copy(value->text.data, value->text.len);

    fuzz_must(aime_json_scan(copy, &again, &error) == AIME_OK);
    fuzz_must(again.type == value->type);
    fuzz_must(again.text.len == copy.len);

    if (value->type == AIME_JSON_STRING) {
        fuzz_string(pool, copy);
    }

    fuzz_free(copy);
}


static void
fuzz_string(aime_pool_t *pool, aime_str_t string)
{
    aime_str_t  text;

    if (aime_json_decode(pool, string, &text) != AIME_OK) {
        return;
    }

    fuzz_must(aime_json_utf8(text));
    fuzz_must(fuzz_points(text) == aime_json_chars(string));

    fuzz_quote(text);
}


static void
fuzz_list(aime_pool_t *pool, aime_str_t text)
{
    int                   rc;
    size_t                i;
    aime_json_error_t     error;
    aime_json_members_t   members;
    aime_json_elements_t  elements;

    rc = aime_json_members(pool, text, &members, &error);

    for (i = 0; rc == AIME_OK && i < members.nelts; i++) {
        fuzz_must(aime_json_utf8(members.elts[i].name));
        fuzz_must(aime_json_member(&members, members.elts[i].name)
                  == &members.elts[i]);
        fuzz_value(pool, &members.elts[i].value, text);
    }

    rc = aime_json_elements(pool, text, &elements, &error);

    for (i = 0; rc == AIME_OK && i < elements.nelts; i++) {
        fuzz_value(pool, &elements.elts[i], text);
    }
}


/* Any bytes can be quoted; those that are UTF-8 come back as they were. */

static void
fuzz_quote(aime_str_t text)
{
    size_t              len;
    aime_str_t          string, back;
    fuzz_pool_t         memory;
    unsigned char      *p, *plain;

    len = aime_json_quoted_len(text);
    fuzz_must(plain_json_quoted_len(text) == len);

    p = malloc(len);
    plain = malloc(len);
    fuzz_must(p && plain);

    fuzz_must(aime_json_quote(p, text) == p + len);
    fuzz_must(plain_json_quote(plain, text) == plain + len);
    fuzz_must(memcmp(p, plain, len) == 0);

    string.data = p;
    string.len = len;

    fuzz_must(fuzz_is_json(string));
    fuzz_must(aime_json_utf8(text) == plain_json_utf8(text));

    if (aime_json_utf8(text)) {
        fuzz_must(aime_json_decode(fuzz_pool(&memory, -1), string, &back)
                  == AIME_OK);
        fuzz_must(fuzz_same(back, text));
        fuzz_pool_free(&memory);
    }

    free(plain);
    free(p);
}


static size_t
fuzz_points(aime_str_t text)
{
    size_t  i, n;

    for (i = 0, n = 0; i < text.len; i++) {
        n += (text.data[i] & 0xc0) != 0x80;
    }

    return n;
}
