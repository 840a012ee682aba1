/*
 * Forms: a Content-Type, a line that is --, and the body.
 */

#include "aime_multipart.h"
#include "fuzz.h"


static void fuzz_parts(const aime_multipart_t *form, aime_str_t body);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    aime_str_t               type, body, boundary;
    aime_multipart_t        *form;
    aime_multipart_error_t   error;

    form = malloc(sizeof(aime_multipart_t));
    fuzz_must(form != NULL);

    fuzz_split(data, size, &type, &body);
    type.len -= (type.len > 0 && type.data[type.len - 1] == '\n');

    (void) aime_multipart_is_form(type);

    if (aime_multipart_boundary(type, &boundary) == AIME_OK) {
        fuzz_must(fuzz_within(boundary, type));
        fuzz_must(boundary.len > 0
                  && boundary.len <= AIME_MULTIPART_MAX_BOUNDARY);

        if (aime_multipart_parse(body, boundary, form, &error) == AIME_OK) {
            fuzz_parts(form, body);

        } else {
            fuzz_must(error.offset <= body.len);
            fuzz_must(error.reason != NULL);
        }
    }

    fuzz_free(body);
    fuzz_free(type);
    free(form);

    return 0;
}


/* One behind the other, none of them overlapping. */

static void
fuzz_parts(const aime_multipart_t *form, aime_str_t body)
{
    size_t                        i;
    const unsigned char          *last;
    const aime_multipart_part_t  *part;

    fuzz_must(form->nparts <= AIME_MULTIPART_MAX_PARTS);

    last = body.data;

    for (i = 0; i < form->nparts; i++) {
        part = &form->parts[i];

        fuzz_must(fuzz_within(part->name, body));
        fuzz_must(part->filename.data == NULL
                  || fuzz_within(part->filename, body));
        fuzz_must(part->type.data == NULL || fuzz_within(part->type, body));
        fuzz_must(fuzz_within(part->body, body));
        fuzz_must(part->name.data >= last
                  && part->body.data >= part->name.data);

        last = part->body.data + part->body.len;
    }
}
