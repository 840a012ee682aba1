/*
 * Data URLs, base64 and sniffing.  The portable half is built beside the one
 * with vectors, as plain_...: both must say the same of every text.
 */

#include "aime_media_data.h"
#include "fuzz.h"


int plain_media_base64_check(aime_str_t text, size_t *offset);
unsigned char *plain_media_base64_decode(unsigned char *dst, aime_str_t text);
unsigned char *plain_media_base64_encode(unsigned char *dst, aime_str_t data);

static void fuzz_base64(aime_str_t text);
static void fuzz_encode(aime_str_t data);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    aime_str_t        text;
    aime_media_url_t  url;

    text.data = data;
    text.len = size;

    if (aime_media_url(text, &url) == AIME_OK) {
        fuzz_must(fuzz_within(url.type, text));
        fuzz_must(fuzz_within(url.format, text));
        fuzz_must(url.body.data + url.body.len == data + size);
        fuzz_base64(url.body);
    }

    fuzz_base64(text);
    fuzz_encode(text);

    fuzz_must(aime_media_sniff(text) < AIME_MEDIA_NFORMATS);

    return 0;
}


static void
fuzz_base64(aime_str_t text)
{
    int             rc;
    size_t          len, offset, plain_offset;
    unsigned char  *p, *plain;

    rc = aime_media_base64_check(text, &offset);
    fuzz_must(plain_media_base64_check(text, &plain_offset) == rc);

    if (rc != AIME_OK) {
        fuzz_must(offset == plain_offset && offset <= text.len);
        return;
    }

    len = aime_media_base64_decoded_len(text);
    p = malloc(len + 1);
    plain = malloc(len + 1);
    fuzz_must(p && plain);

    fuzz_must(aime_media_base64_decode(p, text) == p + len);
    fuzz_must(plain_media_base64_decode(plain, text) == plain + len);
    fuzz_must(memcmp(p, plain, len) == 0);

    free(plain);
    free(p);
}


/* Any bytes can be encoded and come back. */

static void
fuzz_encode(aime_str_t data)
{
    size_t          len, offset;
    aime_str_t      text;
    unsigned char  *p, *plain, *back;

    len = aime_media_base64_encoded_len(data.len);
    p = malloc(len + 1);
    plain = malloc(len + 1);
    back = malloc(data.len + 1);
    fuzz_must(p && plain && back);

    fuzz_must(aime_media_base64_encode(p, data) == p + len);
    fuzz_must(plain_media_base64_encode(plain, data) == plain + len);
    fuzz_must(memcmp(p, plain, len) == 0);

    text.data = p;
    text.len = len;

    fuzz_must(aime_media_base64_check(text, &offset) == AIME_OK);
    fuzz_must(aime_media_base64_decoded_len(text) == data.len);
    fuzz_must(aime_media_base64_decode(back, text) == back + data.len);
    fuzz_must(memcmp(back, data.data, data.len) == 0);

    free(back);
    free(plain);
    free(p);
}
